"""Preconditioning: one run in two systems of coordinates, a narrow valley and the rounder one a matrix makes of it."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Point, Slider, Switch
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Handle, Line, Matrix, Note, Panel, Row, Trail
from lab.maths.planes import ellipse
from lab.maths.quasi_newton import power
from lab.maths.surfaces import ravine

RINGS = (0.02, 0.1, 0.3, 0.6, 1.0)


class Preconditioning(Experiment):
    pace = 3
    kappa = Slider(20, 1, 200, log=True, symbol="κ", restarts=True, help="condition number of the valley")
    angle = Slider(30, -90, 90, symbol="φ", restarts=True, help="the valley's angle, in degrees")
    exponent = Slider(
        0.5, 0, 1, symbol="p", help="G = H²ᵖ, so that steps are −η H⁻ᵖ∇C: 0 is gradient descent, 1 Newton's method"
    )
    best = Switch(True, symbol="η*", help="the rate that is best for the rescaled valley; or your own")
    rate = Slider(0.05, 0.001, 2, log=True, symbol="η", when={"best": (False,)}, help="how far a step goes")
    begin = Point((-2.4, 0.9), x=(-3, 3), y=(-3, 3), symbol="θ₀", label="Start", restarts=True, help="drag it")

    prompts = (
        ("No preconditioner: GD in a narrow valley", {"exponent": 0}),
        ("Half of the way: the valley is as round as √κ", {"exponent": 0.5}),
        ("G = H²: circles, and one step", {"exponent": 1}),
    )
    metrics = {"loss": "C", "bound": "C₀ ((κ'−1)/(κ'+1))²ᵗ"}
    random = False
    fixed = ("H",)
    diverges = "The rate is above 2 over the largest eigenvalue of H¹⁻ᵖ."

    def start(self) -> Metrics:
        self.H = ravine(self.kappa, self.angle).hessian((0.0, 0.0))
        self.theta = np.array([self.begin])
        self.plain = np.array([self.begin])
        self.rescaled = self.theta @ self.change()
        self.bound = self.height(self.theta)
        return self.measured()

    def step(self) -> Metrics:
        """θ ← θ − η G^(−1/2) ∇C, G being H²ᵖ; and without G beside it."""
        g = self.theta @ self.H
        self.theta = self.theta - self.eta() * g @ power(self.H, -self.exponent)
        self.plain = self.plain - 2 / (1 + self.kappa) * self.plain @ self.H
        self.rescaled = self.theta @ self.change()
        self.bound *= ((self.kappa_left() - 1) / (self.kappa_left() + 1)) ** 2
        if self.height(self.theta) < 1e-24:
            self.finish(f"It has arrived after {self.t + 1} steps.")
        elif self.height(self.theta) > 1e12:
            self.finish(
                "It has left for good: the rate is above 2 over the largest eigenvalue of H to the power 1 − p."
            )
        return self.measured()

    def kappa_left(self) -> float:
        """The condition number of H^(1−p), the Hessian in the new coordinates."""
        return float(self.kappa ** (1 - self.exponent))

    def eta(self) -> float:
        """2 / (m + L) of the rescaled valley, in which m = 1."""
        return 2 / (1 + self.kappa_left()) if self.best else self.rate

    def change(self) -> np.ndarray:
        """u = H^(p/2) θ: a step of GD on u is this step of θ."""
        return power(self.H, self.exponent / 2)

    def height(self, theta: np.ndarray) -> float:
        return float(np.sum(theta @ self.H * theta) / 2)

    def measured(self) -> Metrics:
        row = {"loss/with G": self.height(self.theta), "loss/GD": self.height(self.plain)}
        return row | ({"bound": self.bound} if self.best else {})

    def changed(self, name: str) -> None:
        self.rescaled = self.theta @ self.change()
        self.bound = self.height(self.theta)

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Column(
            Row(
                Panel(
                    "Before",
                    Line("rings", tint="quiet", width=1.3),
                    Trail("theta"),
                    Dots("zero", shape="star", tint="text", big=True),
                    Handle("begin", drag="begin", label="start"),
                    x="θ₁",
                    y="θ₂",
                    range_x=(-3, 3),
                    range_y=(-3, 3),
                    equal=True,
                ),
                Panel(
                    "After",
                    Line("rounder", tint="quiet", width=1.3),
                    Trail("rescaled"),
                    Dots("zero", shape="star", tint="text", big=True),
                    x="u₁",
                    y="u₂",
                    equal=True,
                    detail="left",
                    help="The same run in u = H^(p/2) θ, where it is plain gradient descent",
                ),
            ),
            Row(
                Panel("Loss", Curve("loss", "bound", log_y=True, colours="colours"), x="step t", y="C"),
                Panel("G^(−1/2)", Matrix("preconditioner"), still=True),
                Panel("Step", Equation("update"), Note("said")),
                sizes=(1.3, 0.8, 1.3),
            ),
            sizes=(3, 2),
        )

    @drawn
    def zero(self) -> np.ndarray:
        return np.zeros((1, 2))

    def level_lines(self, H: np.ndarray, through: np.ndarray) -> tuple[np.ndarray, ...]:
        height = float(through @ H @ through) or 1.0
        return tuple(ellipse((0, 0), np.linalg.inv(H), share * height) for share in RINGS)

    @drawn
    def rings(self) -> tuple[np.ndarray, ...]:
        return self.level_lines(self.H, np.array(self.begin))

    @drawn
    def rounder(self) -> tuple[np.ndarray, ...]:
        return self.level_lines(power(self.H, 1 - self.exponent), np.array(self.begin) @ self.change())

    @drawn
    def colours(self) -> dict[str, int]:
        return {"with G": 0, "GD": 1, "bound": 2}

    @drawn
    def left(self) -> str:
        return f"κ {self.kappa:.3g} → {self.kappa_left():.3g}"

    @drawn
    def preconditioner(self) -> np.ndarray:
        return power(self.H, -self.exponent)

    @drawn
    def update(self) -> Update:
        g = (self.theta @ self.H)[0]
        went = self.theta[0] - self.eta() * power(self.H, -self.exponent) @ g
        return Update(
            r"\theta_{t+1} = \theta_t - \eta\, G^{-1/2}\, \nabla C",
            {r"\theta_{t+1}": went, r"\theta_t": self.theta[0], r"\eta": self.eta(), r"\nabla C": g},
        )

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if self.exponent == 0:
            return "G = I: nothing is rescaled, and this is gradient descent."
        if self.exponent == 1:
            return (
                "G = H²: G^(−1/2) is the inverse of H, the level lines become circles, and a step with η = 1 arrives."
            )
        return f"In u the valley curves only {self.kappa_left():.3g} times as much across as along."
