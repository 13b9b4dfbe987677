"""In the plane: the local quadratic's ellipses and the jump to their centre; a disc of trust, damping, GD's circles."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Point, Slider
from lab.experiment import Experiment, Metrics, Stages, Update, drawn
from lab.marks import (
    Arrows,
    Column,
    Curve,
    Dots,
    Equation,
    Field,
    Guide,
    Handle,
    Heat,
    Line,
    Matrix,
    Note,
    Panel,
    Regions,
    Row,
    Trail,
)
from lab.maths.planes import circle, ellipse, grid, terrain, within
from lab.maths.quasi_newton import BROKEN, KEPT, clipped, definite, levenberg, next_radius, promised
from lab.maths.surfaces import SURFACES, ravine

STARTS = {"Rosenbrock": (0.2, -0.2), "ravine": (-2.4, 0.9), "Himmelblau": (0.4, 0.6), "saddle": (2.0, 0.8)}
RATES = {"Rosenbrock": 0.001, "ravine": 0.05, "Himmelblau": 0.01, "saddle": 0.05}
LEVELS = (0.1, 0.4, 0.9)  # of the fall that a model foresees, for its rings
STILL = 1e-12
FAR = 1e4


class Plane(Experiment):
    pace = 3
    surface = Choice(tuple(STARTS), symbol="C", restarts=True, help="what they descend on")
    kappa = Slider(
        10, 1, 100, log=True, symbol="κ", restarts=True, when={"surface": ("ravine",)}, help="condition number"
    )
    begin = Point(STARTS["Rosenbrock"], x=(-5, 5), y=(-5, 5), symbol="θ₀", label="Start", restarts=True, help="drag it")
    method = Choice(
        ["Newton", "trust region", "Levenberg"], restarts=True, help="a whole step, one cut to a disc, or a damped one"
    )
    radius = Slider(
        0.5,
        0.01,
        5,
        log=True,
        symbol="Δ₀",
        when={"method": ("trust region",)},
        help="the disc now; it doubles when a promise is kept, and halves when it is not",
    )
    mu = Slider(
        10, 1e-3, 1e4, log=True, symbol="μ", when={"method": ("Levenberg",)}, help="damping: 0 is Newton, ∞ is GD"
    )
    rate = Slider(0.001, 1e-4, 1, log=True, symbol="α", label="GD's rate", help="GD is Newton's method with H = I/α")

    presets = {
        "Rosenbrock: up once, then there": {"surface": "Rosenbrock", "method": "Newton"},
        "A disc that grows and shrinks": {"surface": "Rosenbrock", "begin": (-1.2, 1), "method": "trust region"},
        "Damped: between Newton and GD": {"surface": "Rosenbrock", "method": "Levenberg", "mu": 10},
        "To a saddle": {"surface": "Himmelblau", "begin": (0.4, 0.6), "method": "Newton"},
    }
    prompts = (
        ("A quadratic: one step, however narrow the valley", {"surface": "ravine", "kappa": 100, "method": "Newton"}),
        ("Start in the coloured region: where does Newton go?", {"surface": "Himmelblau", "method": "Newton"}),
        ("The same start, with a disc of trust", {"surface": "Himmelblau", "method": "trust region"}),
        ("A round valley: circle and ellipse agree", {"surface": "ravine", "kappa": 1, "rate": 1, "method": "Newton"}),
        ("Slide μ from the left to the right", {"surface": "ravine", "method": "Levenberg", "mu": 0.01}),
    )
    metrics = {"loss": "C", "radius": "Δ", "ratio": "fall / promise", "gap ratio": "next C ÷ C"}
    random = False
    fixed = ("ground",)
    diverges = "The Hessian is almost singular there, and the model's centre lies very far away."

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"begin": STARTS[value], "rate": RATES[value]} if name == "surface" else {}

    def start(self) -> Metrics:
        self.ground = ravine(self.kappa, 25) if self.surface == "ravine" else SURFACES[self.surface]
        self.theta = np.array([self.begin, self.begin])  # the method, and GD
        self.reach = self.radius
        self.ratio = np.nan
        self.stage = ""
        return self.measured()

    def step(self) -> Stages:
        """A model of C at θ, the step it asks for, and whether the promise was kept."""
        self.stage = "model"
        yield self.stage
        s = self.aim()
        g, H, before = self.gradient(0), self.hessian(), self.height(0)
        self.stage = ""
        went = self.theta[0] + s
        with np.errstate(all="ignore"):
            self.ratio = (before - float(self.ground.f(*went))) / (promised(g, H, s) or np.nan)
        if self.method == "trust region":
            self.reach = next_radius(self.reach, self.ratio)
            if not self.ratio > 0:  # it went up: stay, and trust less
                went = self.theta[0]
        behind = self.theta[1] - self.rate * self.gradient(1)
        if np.abs(behind).max() > FAR:  # GD has left: it stays where it was last seen
            behind = self.theta[1]
        self.theta = np.array([went, behind])
        if np.abs(went).max() > FAR or not np.isfinite(went).all():
            self.finish("It has left for good: the surface falls for ever, or its model had no centre near.")
        elif np.abs(self.gradient(0)).max() < STILL:
            kind = "a minimum" if definite(self.hessian()) else "no minimum, but a place where the slope is 0"
            self.finish(f"It has arrived after {self.t + 1} steps, at {kind}.")
        return self.measured(before)

    def aim(self) -> np.ndarray:
        """The step that the method asks for: its model's centre, or as much of the way as it trusts."""
        g, H = self.gradient(0), self.hessian()
        if not np.abs(g).max() > 0:
            return np.zeros(2)
        if self.method == "trust region":
            return clipped(g, H, self.reach)
        if abs(np.linalg.det(H)) < 1e-300 and self.method == "Newton":
            return np.zeros(2)
        return levenberg(g, H, self.mu if self.method == "Levenberg" else 0.0)

    def gradient(self, who: int) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.array(self.ground.gradient(*self.theta[who]), dtype=float)

    def hessian(self) -> np.ndarray:
        return self.ground.hessian(self.theta[0])

    def height(self, who: int) -> float:
        with np.errstate(all="ignore"):
            return float(self.ground.f(*self.theta[who]))

    def measured(self, before: float = 0.0) -> Metrics:
        row = {f"loss/{self.method}": self.height(0), "loss/GD": self.height(1)}
        if self.method == "trust region":
            row["radius"] = self.reach
        if np.isfinite(self.ratio):
            row["ratio"] = float(self.ratio)
        if before > 1e-28 and self.ground.minima:
            row["gap ratio"] = self.height(0) / before
        return row

    def changed(self, name: str) -> None:
        if name == "radius":
            self.reach = self.radius

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        ground = self.ground
        second: marks.Layout = Panel("Gap ratio", Curve("gap ratio", log_y=True), x="step t", y="next C ÷ C")
        if self.method == "trust region":
            second = Row(
                Panel("Kept", Curve("ratio"), Guide(y="limits"), x="step t", y="fall ÷ promise", range_y=(-1, 2)),
                Panel("Radius", Curve("radius", log_y=True), x="step t", y="Δ"),
            )
        return Row(
            Panel(
                "Plane",
                Heat("landscape", log=ground.log),
                Regions("indefinite"),
                Line("rings", label="model", tint="text", width=1.6),
                Line("circles", label="GD's", tint="1", width=1.6, dashed=True),
                Line("disc", label="Δ", tint="warn", width=2.5),
                Trail("theta", labels="names"),
                Arrows("at", "gd", tint="1"),
                Arrows("at", "whole", tint="quiet", dashed=True),
                Arrows("at", "coming", tint="0"),
                Dots("centre", shape="star", tint="text", big=True),
                Handle("begin", drag="begin", label="start"),
                x="θ₁",
                y="θ₂",
                range_x=ground.x,
                range_y=ground.y,
                equal=True,
                help="Tinted: the Hessian is not positive definite there. The star is the centre of the model",
            ),
            Column(
                Panel("Loss", Curve("loss", log_y=bool(ground.minima)), x="step t", y="C"),
                second,
                Row(
                    Panel("H", Matrix("curvatures"), detail="shape"),
                    Panel("Step", Equation("update"), Note("said")),
                    sizes=(1, 1.5),
                ),
                sizes=(1, 0.9, 1.3),
            ),
            sizes=(1.25, 1),
        )

    @drawn(on=("surface", "kappa"))
    def landscape(self) -> Field:
        return Field(*terrain(self.ground))

    @drawn(on=("surface", "kappa"))
    def indefinite(self) -> Field:
        """Class 0 where the Hessian is not positive definite."""
        x, y = grid(self.ground, 140)
        xx, xy, yy = (np.broadcast_to(part, x.shape) for part in self.ground.curvatures(x, y))
        return Field(np.where((xx > 0) & (xx * yy > xy**2), -1, 5), self.ground.x, self.ground.y)

    def cut(self, lines: Any) -> tuple[np.ndarray, ...]:
        return tuple(part for line in lines for part in within(line, self.ground.x, self.ground.y))

    @drawn
    def rings(self) -> Any:
        """Level lines of the model at θ, the outermost almost through θ; none where it has no lowest place."""
        H = self.hessian()
        if not definite(H):
            return ()
        s = np.linalg.solve(H, -self.gradient(0))
        fall = float(s @ H @ s)
        return self.cut(ellipse(self.theta[0] + s, np.linalg.inv(H), level * fall) for level in (*LEVELS, 1.0))

    @drawn
    def circles(self) -> Any:
        """The same of GD's model, whose Hessian is I/α."""
        g = self.gradient(0)
        size = float(self.rate * np.hypot(*g))
        return self.cut(circle(self.theta[0] - self.rate * g, np.sqrt(level) * size) for level in (*LEVELS, 1.0))

    @drawn
    def disc(self) -> Any:
        return self.cut([circle(self.theta[0], self.reach)]) if self.method == "trust region" else ()

    @drawn
    def limits(self) -> np.ndarray:
        """Shares of the promise below and above which the disc shrinks and grows."""
        return np.array([BROKEN, KEPT])

    @drawn
    def names(self) -> tuple[str, ...]:
        return self.method, "GD"

    @drawn
    def at(self) -> np.ndarray:
        return self.theta[:1]

    @drawn
    def coming(self) -> np.ndarray:
        return self.aim()[None]

    @drawn
    def gd(self) -> np.ndarray:
        return -self.rate * self.gradient(0)[None]

    @drawn
    def whole(self) -> np.ndarray:
        """Newton's whole step, where the method takes another."""
        return np.zeros((1, 2)) if self.method == "Newton" else self.centre() - self.theta[:1]

    @drawn
    def centre(self) -> np.ndarray:
        """Where the model is level."""
        H = self.hessian()
        if abs(np.linalg.det(H)) < 1e-12:
            return self.theta[:1]
        return (self.theta[0] + np.linalg.solve(H, -self.gradient(0)))[None]

    @drawn
    def curvatures(self) -> np.ndarray:
        return self.hessian()

    @drawn
    def shape(self) -> str:
        low, high = np.linalg.eigvalsh(self.hessian())
        return f"κ = {high / low:.3g}" if low > 0 else "indefinite" if high > 0 else "bends down"

    @drawn
    def update(self) -> Update:
        numbers: dict[str, Any] = {r"\theta_s": self.aim(), r"\nabla C": self.gradient(0)}
        rule = {
            "Newton": r"\theta_s = -H^{-1} \nabla C",
            "trust region": r"\theta_s = -H^{-1} \nabla C \\ \|\theta_s\| \le \Delta",
            "Levenberg": r"\theta_s = -(H + \mu I)^{-1} \nabla C",
        }[self.method]
        numbers |= {r"\Delta": self.reach} if self.method == "trust region" else {}
        numbers |= {r"\mu": self.mu} if self.method == "Levenberg" else {}
        return Update(rule, numbers)

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if not definite(self.hessian()):
            away = "the disc cuts a step straight downhill" if self.method == "trust region" else "the jump may lead up"
            return f"Here the Hessian is not positive definite: the model has no lowest place, and {away}."
        if self.t and self.ratio < 0:
            stay = " So it stays, and trusts half as far." if self.method == "trust region" else " It overshot."
            return f"C rose where the model promised a fall.{stay}"
        if self.method == "trust region":
            kept = f"{self.ratio:.2f} of the promised fall was kept; " if np.isfinite(self.ratio) else ""
            return f"{kept}the disc's radius is {self.reach:.3g}."
        if self.method == "Levenberg":
            share = float(np.hypot(*self.aim()) / (np.hypot(*(self.centre() - self.theta[:1])[0]) or 1))
            return f"With μ = {self.mu:.3g} it goes {share:.2g} of the length of Newton's step, turned towards −∇C."
        return "The step goes to the star, the centre of the ellipses. GD's circles know no narrow valley."
