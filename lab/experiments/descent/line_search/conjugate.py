"""Conjugate gradient: a linear system in d unknowns solved in d steps, beside steepest descent, which zig-zags on."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Layout, Line, Matrix, Note, Panel, Row, Trail
from lab.maths.planes import ellipse
from lab.maths.searches import conjugate_step

SOLVED = 1e-12  # of the first residual
KEPT = 6  # directions whose products are shown
LEVELS = (1.0, 0.35, 0.1, 0.01)  # of C above its minimum at the start, in the plane's picture


class Conjugate(Experiment):
    pace = 3
    d = Count(50, 2, 200, symbol="d", label="Unknowns", restarts=True, help="rows and columns of A")
    kappa = Slider(
        20, 1, 1e4, log=True, symbol="κ", restarts=True, help="largest eigenvalue of A over the smallest, which is 1"
    )
    spectrum = Choice(
        ["spread", "three clumps", "XᵀX"],
        symbol="λ",
        restarts=True,
        help="eigenvalues spread evenly on a log scale, only three different ones, or normal equations of random data",
    )

    metrics = {"residual": "‖Aθ − b‖", "error": "‖θ − θ*‖_A", "bound": "2((√κ−1)/(√κ+1))ᵗ ‖e₀‖_A"}
    fixed = ("A", "b", "solution", "axes", "ends")
    tiny = {"d": 10}
    presets = {
        "Fifty unknowns": {"d": 50, "kappa": 20, "spectrum": "spread"},
        "An ellipse in two steps": {"d": 2, "kappa": 20, "spectrum": "spread"},
        "Three clumps of eigenvalues": {"d": 100, "kappa": 1000, "spectrum": "three clumps"},
    }
    prompts = (
        ("Two unknowns: count the steps of each", {"d": 2, "kappa": 20}),
        ("Only three different eigenvalues: how many steps now?", {"d": 100, "spectrum": "three clumps"}),
        ("κ = 10000: rounding spoils conjugacy, and d steps are not enough", {"d": 50, "kappa": 1e4}),
    )

    def start(self) -> Metrics:
        self.A, self.b = self.system()
        self.solution = np.linalg.solve(self.A, self.b)
        values, vectors = np.linalg.eigh(self.A)
        self.real_kappa = float(values[-1] / values[0])
        self.axes, self.ends = vectors[:, [0, -1]], values[[0, -1]]
        self.theta = np.zeros(self.d)  # of the conjugate gradient
        self.steepest = np.zeros(self.d)
        self.direction = -self.gradient(self.theta)
        self.directions = [self.direction]
        self.numbers: dict[str, float] = {}  # of the step just made
        self.first = self.energy(self.theta)
        self.shadow = self.seen()
        return self.measured(0)

    def system(self) -> tuple[np.ndarray, np.ndarray]:
        """A, symmetric and positive definite, and b."""
        if self.spectrum == "XᵀX":
            X, y = self.rng.standard_normal((2 * self.d, self.d)), self.rng.standard_normal(2 * self.d)
            return X.T @ X, X.T @ y
        share = np.linspace(0, 1, self.d)
        if self.spectrum == "three clumps":
            share = np.round(2 * share) / 2
        turn = np.linalg.qr(self.rng.standard_normal((self.d, self.d)))[0]
        A = (turn * self.kappa**share) @ turn.T
        return (A + A.T) / 2, A @ turn @ (self.kappa ** (-share / 2) * self.rng.choice([-1, 1], self.d))

    def step(self) -> Metrics:
        """The exact minimum along d, then the next direction, A-conjugate; steepest descent goes its own way."""
        d, bend = self.direction, float(self.direction @ self.A @ self.direction)
        self.theta, self.direction, alpha, beta = conjugate_step(self.A, self.b, self.theta, d)
        self.numbers = {r"\alpha_t": alpha, r"d_t^\top r_t": -alpha * bend, r"d_t^\top A\, d_t": bend}
        self.numbers |= {r"\beta_t": beta, r"r_{t+1}^\top A\, d_t": beta * bend}
        g = self.gradient(self.steepest)
        if bend := g @ self.A @ g:
            self.steepest = self.steepest - (g @ g / bend) * g
        self.shadow = self.seen()
        t = self.t + 1
        if np.linalg.norm(self.gradient(self.theta)) < SOLVED * np.linalg.norm(self.b):
            self.direction = d  # there is no next one
            self.finish(f"Solved: {t} steps for {self.d} unknowns. Steepest descent is still on its way.")
        else:
            self.directions = [*self.directions, self.direction][-KEPT:]
        return self.measured(t)

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        return np.asarray(self.A @ theta - self.b)

    def energy(self, theta: np.ndarray) -> float:
        """‖θ − θ*‖_A, whose square is twice what C lacks to its minimum."""
        e = theta - self.solution
        return float(np.sqrt(e @ self.A @ e))

    def measured(self, t: int) -> Metrics:
        root = np.sqrt(self.real_kappa)
        return {
            "residual/conjugate": float(np.linalg.norm(self.gradient(self.theta))),
            "residual/steepest": float(np.linalg.norm(self.gradient(self.steepest))),
            "error/conjugate": self.energy(self.theta),
            "error/steepest": self.energy(self.steepest),
            "bound": float(2 * ((root - 1) / (root + 1)) ** t * self.first),
        }

    def seen(self) -> np.ndarray:
        return np.array([self.theta - self.solution, self.steepest - self.solution]) @ self.axes

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        return Row(
            Column(
                Panel(
                    "Residual",
                    Curve("residual", log_y=True, colours="colours"),
                    Guide(x="unknowns", label="d steps"),
                    x="step t",
                    y="‖Aθ − b‖",
                ),
                Panel(
                    "Error",
                    Curve("error", "bound", log_y=True, colours="colours"),
                    x="step t",
                    y="‖θ − θ*‖_A",
                    help="the bound holds for the conjugate gradient",
                ),
            ),
            Column(
                Panel(
                    "Slowest and fastest axis",
                    Line("rings", tint="quiet", width=1),
                    Trail("shadow", labels="names"),
                    Dots("centre", shape="star", tint="text", big=True),
                    x="along the flattest axis of A",
                    y="along the steepest",
                    equal=self.d == 2 and self.kappa <= 50,
                    help="The paths seen in two of the eigenvectors of A; with d = 2 this is all there is",
                ),
                Row(
                    Panel(
                        "Conjugacy", Matrix("products"), help="dᵢᵀA dⱼ of the latest directions, lengths divided out"
                    ),
                    Panel("Step", Equation("update"), Note("said")),
                    sizes=(1, 1.3),
                ),
            ),
            sizes=(1, 1.2),
        )

    @drawn
    def colours(self) -> dict[str, int]:
        return {"conjugate": 0, "steepest": 1, "bound": 2}

    @drawn
    def names(self) -> tuple[str, ...]:
        return "conjugate", "steepest"

    @drawn
    def unknowns(self) -> np.ndarray:
        return np.array([float(self.d)])

    @drawn
    def centre(self) -> np.ndarray:
        return np.zeros((1, 2))

    @drawn(on=("A",))
    def rings(self) -> tuple[np.ndarray, ...]:
        """Level lines of C, the outermost through the start."""
        start = -self.solution @ self.axes
        height = float(self.ends @ start**2) or 1.0
        return tuple(ellipse((0, 0), np.diag(1 / self.ends), level * height) for level in LEVELS)

    @drawn
    def products(self) -> np.ndarray:
        D = np.array(self.directions)
        G = D @ self.A @ D.T
        size = np.sqrt(np.maximum(np.diag(G), 1e-300))
        return np.round(G / np.outer(size, size), 3) + 0.0

    @drawn
    def update(self) -> Update:
        """The step just made, r being the residual Aθ − b."""
        return Update(
            r"\alpha_t = -\frac{d_t^\top r_t}{d_t^\top A\, d_t} \\ "
            r"\beta_t = \frac{r_{t+1}^\top A\, d_t}{d_t^\top A\, d_t} \\ d_{t+1} = -r_{t+1} + \beta_t\, d_t",
            self.numbers,
        )

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if not self.t:
            return "Both begin straight downhill. From the second step on, only one remembers where it went."
        if self.t >= self.d:
            return f"After {self.t} steps it should be there: rounding has spoilt the conjugacy of {self.d} directions."
        ratio = np.linalg.norm(self.gradient(self.theta)) / np.linalg.norm(self.gradient(self.steepest))
        return f"The residual is {ratio:.2g} times that of steepest descent. At most {self.d - self.t} steps are left."
