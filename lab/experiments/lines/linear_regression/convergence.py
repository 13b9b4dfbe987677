"""Convergence: each eigenvalue of A = I − η(2/n)XᵀX as a dot between −1 and 1, and the error along its direction."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Slider
from lab.data.tables import table
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row, Tabs
from lab.maths.least_squares import Array, design
from lab.maths.linear_fits import curvatures, pseudo_inverse

MADE, OFFSET, DIABETES = "three made inputs", "one input and an offset", "diabetes, five columns"
EVEN, ZERO = "as much of each direction", "θ = 0"
EDGE = 1e-9
LEFT = -2.4  # eigenvalues further out are drawn at the edge


class Convergence(Experiment):
    pace = 8

    data = Choice([MADE, OFFSET, DIABETES], restarts=True, help="whose XᵀX decides")
    rate = Slider(0.2, 0.005, 3, log=True, symbol="η", limit="safe", help="marks: 1/λmax and the bound n/λmax(XᵀX)")
    begin = Choice([EVEN, ZERO], symbol="θ(0)", restarts=True, help="errors of 1 along each eigenvector, or from 0")

    metrics = {"error": "|vᵢ·(θ − θ*)|", "bound": "ρ(A)ᵗ |θ₀ − θ*|"}
    random = False
    fixed = ("X", "y", "directions")
    diverges = "An eigenvalue of A has left (−1, 1): η is past n/λmax(XᵀX)."
    prompts = (
        ("Slide η: which dot is the first to leave?", {"data": MADE, "rate": 0.3}),
        ("Just inside the bound: it creeps, jumping", {"data": MADE, "rate": 0.62}),
        ("Just outside: one direction grows, the others still shrink", {"data": MADE, "rate": 0.7}),
        ("A small η: the flattest direction sets the pace", {"rate": 0.02}),
        ("An input far from 0: its offset makes one curvature tiny", {"data": OFFSET, "rate": 0.06}),
    )
    presets = {
        "Three inputs": {"data": MADE, "rate": 0.2},
        "An input and an offset": {"data": OFFSET, "rate": 0.06},
        "Five columns of diabetes": {"data": DIABETES, "rate": 0.3},
    }

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        rng = np.random.default_rng(11)
        if self.data == DIABETES:
            source = table("diabetes")
            x = source.x[:, [source.features.index(name) for name in ("age", "bmi", "bp", "s1", "s2")]]
            self.X, self.y = (x - x.mean(axis=0)) / x.std(axis=0), (source.y - source.y.mean()) / source.y.std()
        elif self.data == OFFSET:
            x = rng.uniform(2, 6, 40)
            self.X, self.y = design(x), 1 + 0.8 * x + 0.5 * rng.standard_normal(40)
        else:
            q = np.linalg.qr(rng.standard_normal((40, 4)))[0] * np.sqrt(40)
            self.X = q[:, :3] * np.sqrt([1.5, 0.6, 0.15]) @ np.linalg.qr(rng.standard_normal((3, 3)))[0]
            self.y = self.X @ [1.0, -1.0, 0.5] + 0.3 * q[:, 3]
        self.values, self.directions = curvatures(self.X)
        self.best = pseudo_inverse(self.X) @ self.y
        d = len(self.best)
        self.theta = self.best + self.directions @ np.ones(d) if self.begin == EVEN else np.zeros(d)
        self.changed("rate")
        return self.measured()

    def step(self) -> Metrics:
        """θ ← Aθ + c, with A = I − η(2/n)XᵀX and c = η(2/n)Xᵀy; so the error e = θ − θ* becomes Ae."""
        with np.errstate(all="ignore"):
            self.theta = self.iteration() @ self.theta + self.rate * 2 / len(self.y) * self.X.T @ self.y
            self.law *= self.radius()
        return self.measured()

    def iteration(self) -> Array:
        return np.eye(len(self.theta)) - self.rate * 2 / len(self.y) * self.X.T @ self.X

    def eigenvalues(self) -> Array:
        """Of A: 1 − ηλᵢ."""
        return np.asarray(1 - self.rate * self.values)

    def radius(self) -> float:
        return float(np.abs(self.eigenvalues()).max())

    def changed(self, name: str) -> None:
        self.law = float(np.linalg.norm(self.theta - self.best))

    def measured(self) -> Metrics:
        errors = np.abs(self.directions.T @ (self.theta - self.best))
        row = {f"error/λ = {value:.3g}": float(error) for value, error in zip(self.values, errors)}
        return row | {"error/all": float(np.linalg.norm(self.theta - self.best)), "bound": self.law}

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Column(
            Row(
                Panel(
                    "Eigenvalues of A",
                    Line("inside", tint="quiet", width=3),
                    Guide(x="ends"),
                    Dots("dots", colour="numbers", labels="names", ring="outside", big=True),
                    x="1 − ηλᵢ",
                    range_x=(LEFT, 1.3),
                    y="i",
                    range_y=(0.3, len(self.values) + 0.7),
                    still=True,
                    detail="radius_said",
                    help="Slide η: a dot that leaves (−1, 1) is a direction in which the error grows",
                ),
                Panel(
                    "Spectral radius",
                    Line("fans", width=1.5),
                    Line("radii", label="ρ(A)", tint="text", width=3),
                    Guide(y="one"),
                    Guide(x="edge", label="n/λmax(XᵀX)", tint="warn"),
                    Dots("present", shape="disc", tint="accent", big=True),
                    x="step size η",
                    y="|1 − ηλᵢ|",
                    range_x=(0.0, 1.8 * self.bound()),
                    range_y=(0.0, 1.8),
                    still=True,
                    detail="fastest_said",
                ),
            ),
            Row(
                Panel(
                    "Error along each eigenvector",
                    Curve("error", log_y=True),
                    Curve("bound", faint=True, log_y=True),
                    x="step t",
                    y="|vᵢ·(θ − θ*)|",
                    help="Each is a straight line: a step multiplies it by |1 − ηλᵢ|, and all by ρ(A) at most. "
                    "One that turns up again far below the rest is rounding error",
                ),
                Tabs(
                    Panel("Step", Equation("update"), Note("said")),
                    Panel("A", marks.Matrix("cells"), still=True),
                    Panel("Weights", Bars("theta", labels="weight_names", colour="sign"), x="j", y="θⱼ"),
                ),
                sizes=(5, 4),
            ),
            sizes=(4, 5),
        )

    @drawn
    def inside(self) -> tuple[Array, ...]:
        return tuple(np.array([(-1.0, i), (1.0, i)]) for i in np.arange(len(self.values)) + 0.7)

    @drawn
    def ends(self) -> Array:
        return np.array([-1.0, 1.0])

    @drawn
    def dots(self) -> Array:
        eigenvalues = np.maximum(self.eigenvalues(), LEFT + 0.1)
        return np.column_stack([eigenvalues, np.arange(len(eigenvalues)) + 1.0])

    @drawn
    def numbers(self) -> np.ndarray:
        return np.arange(len(self.values))

    @drawn
    def names(self) -> tuple[str, ...]:
        return tuple(f"λ = {value:.3g}: {1 - self.rate * value:.3g}".replace("-", "−") for value in self.values)

    @drawn
    def outside(self) -> np.ndarray:
        return np.abs(self.eigenvalues()) > 1

    @drawn
    def radius_said(self) -> str:
        return f"ρ(A) = {self.radius():.4g}"

    def bound(self) -> float:
        """n/λmax(XᵀX), which is 2/λmax of (2/n)XᵀX."""
        return float(2 / self.values[0])

    def etas(self) -> Array:
        return np.linspace(0, max(1.3 * self.bound(), self.rate), 121)

    @drawn
    def fans(self) -> tuple[Array, ...]:
        return tuple(np.column_stack([self.etas(), np.abs(1 - self.etas() * value)]) for value in self.values)

    @drawn
    def radii(self) -> Array:
        etas = self.etas()
        return np.column_stack([etas, np.abs(1 - np.outer(etas, self.values)).max(axis=1)])

    @drawn
    def one(self) -> Array:
        return np.ones(1)

    @drawn
    def edge(self) -> Array:
        return np.array([self.bound()])

    @drawn
    def safe(self) -> Array:
        return np.array([self.bound() / 2, self.bound()])

    @drawn
    def present(self) -> Array:
        return np.array([(self.rate, min(self.radius(), 1.7))])

    @drawn
    def fastest_said(self) -> str:
        return f"lowest at η = {2 / (self.values[0] + self.values[-1]):.4g}"

    @drawn
    def cells(self) -> Array:
        return self.iteration()

    @drawn
    def weight_names(self) -> tuple[str, ...]:
        return tuple(f"θ{'₁₂₃₄₅'[j]}" for j in range(len(self.theta)))

    @drawn
    def update(self) -> Update:
        errors = self.directions.T @ np.clip(np.nan_to_num(self.theta - self.best, nan=1e9), -1e9, 1e9)
        return Update(
            r"\theta_{t+1} = A\,\theta_t + c, \quad A = I - \eta \tfrac{2}{n} X^\top X \\ "
            r"e_i' = (1 - \eta \lambda_i)\, e_i",
            {"e_i": errors, r"\lambda_i": self.values, r"\eta": self.rate},
        )

    @drawn
    def said(self) -> str:
        out = int(np.sum(np.abs(self.eigenvalues()) > 1 + EDGE))
        if abs(self.radius() - 1) <= EDGE:
            return "ρ(A) is 1: on the border an error along that direction neither shrinks nor grows."
        if out:
            return (
                f"{out} of {len(self.values)} eigenvalues are below −1: η is past n/λmax(XᵀX) = {self.bound():.3g}, "
                "and there the error grows at each step, whatever the other directions do."
            )
        slowest = int(np.abs(self.eigenvalues()).argmax())
        jumping = " by jumping from side to side" if self.eigenvalues()[slowest] < 0 else ""
        steps = np.log(10) / -np.log(self.radius()) if 0 < self.radius() < 1 else 1.0
        return (
            f"All are inside. The direction of λ = {self.values[slowest]:.3g} is the slowest{jumping}: a decimal of "
            f"accuracy costs {steps:.3g} steps."
        )
