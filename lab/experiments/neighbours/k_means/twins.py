"""twins: the same points clustered twice: other features, or another k, and what that mends or only changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.controls import Choice, Count, Slider
from lab.data.points import make
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, Note, Panel, Regions, Row
from lab.maths.clusterings import rand_index
from lab.maths.lloyd import loss_of, means, nearest, plus_plus

GRID = 100
USUAL = {  # cloud → k on the left, k on the right, features on the right
    "stretched clumps": (2, 2, "standardised"),
    "ring around a disc": (2, 2, "radius"),
    "two half-moons": (2, 2, "radius"),
    "two near clumps": (3, 4, "as they are"),
}


class Twins(Experiment):
    pace = 2

    cloud = Choice(tuple(USUAL), restarts=True, help="what is clustered")
    stretch = Slider(6, 1, 20, when={"cloud": ("stretched clumps",)}, help="of x₁: 1 is what it was")
    off = Slider(0, 0, 4, when={"cloud": ("ring around a disc",)}, label="Off centre", help="how far the ring is moved")
    gap = Slider(1.5, 0, 5, when={"cloud": ("two near clumps",)}, help="between the two clumps above on the left")
    k = Count(2, 1, 8, symbol="k", label="Centres, left", restarts=True, help="of the points as they are")
    k_right = Count(2, 1, 8, symbol="k′", label="Centres, right", restarts=True, help="of the features")
    features = Choice(("standardised", "radius", "as they are"), restarts=True, symbol="φ", help="what the right takes")

    metrics = {"rand": "Rand index"}
    prompts = (
        ("Pull x₁ out: the left cuts across the clumps", {"cloud": "stretched clumps", "stretch": 12}),
        ("Not stretched: both agree", {"cloud": "stretched clumps", "stretch": 1}),
        ("The radius cures the ring", {"cloud": "ring around a disc"}),
        ("… but only where it lies about the origin", {"cloud": "ring around a disc", "off": 3}),
        ("Three clumps or four? Move the gap: when would you say two?", {"cloud": "two near clumps"}),
    )
    presets = {"Half-moons: no radius helps": {"cloud": "two half-moons"}}
    tiny = {"k": 3, "k_right": 3}

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        """Each cloud brings what is to be compared on it."""
        return dict(zip(("k", "k_right", "features"), USUAL[value])) if name == "cloud" else {}

    def start(self) -> Metrics:
        seed = int(self.rng.integers(2**31))
        noise = self.rng.normal(size=(160, 2)) * 0.55
        clumps = {
            "stretched clumps": np.array([(0, -1.6), (0, 1.6), (0, -1.6), (0, 1.6)]),
            "two near clumps": np.array([(-2, 2), (-2, 2), (3, 2), (0, -3)]),
        }
        if self.cloud in clumps:
            self.y = np.arange(160) % 4
            self.base = clumps[self.cloud][self.y] + noise
            if self.cloud == "stretched clumps":
                self.y = self.y % 2
        else:
            kind = "ring" if self.cloud == "ring around a disc" else "moons"
            made = make(kind, 160, 0.08, 2, seed)
            self.base, self.y = made.x, made.y
        self.lay_out()
        self.left = self.begun(self.x, self.k)
        self.right = self.begun(self.z, self.k_right)
        self.label()
        return self.measured()

    def begun(self, x: np.ndarray, k: int) -> np.ndarray:
        """The best of ten starts by k-means++, so that it is not the start that fails."""
        return min((plus_plus(x, k, self.rng) for _ in range(10)), key=lambda first: loss_of(x, first))

    def lay_out(self) -> None:
        """The points, and their features."""
        x = self.base
        if self.cloud == "stretched clumps":
            x = x * (self.stretch, 1)
        elif self.cloud == "ring around a disc":
            x = x + (self.off, 0)
        elif self.cloud == "two near clumps":
            x = x + np.array([(-0.5, 0), (0.5, 0), (0, 0), (0, 0)])[self.y] * self.gap
        self.x, self.middle = x, x.mean(axis=0)
        self.unit = x.std(axis=0)
        self.z = self.phi(x)

    def phi(self, x: np.ndarray) -> np.ndarray:
        if self.features == "standardised":
            return (x - self.middle) / self.unit
        return np.hypot(*x.T)[:, None] if self.features == "radius" else x

    def label(self) -> None:
        self.owner_left, self.owner_right = nearest(self.x, self.left), nearest(self.z, self.right)

    def step(self) -> Metrics:
        """A whole round of Lloyd's on either side: means, then labels."""
        before = self.owner_left, self.owner_right
        self.left = means(self.x, self.owner_left, self.left)
        self.right = means(self.z, self.owner_right, self.right)
        self.label()
        if np.array_equal(before[0], self.owner_left) and np.array_equal(before[1], self.owner_right):
            self.finish("Neither side changes any more.")
        return self.measured()

    def measured(self) -> Metrics:
        return {"rand/left": rand_index(self.owner_left, self.y), "rand/right": rand_index(self.owner_right, self.y)}

    def changed(self, name: str) -> None:
        if name in ("stretch", "off", "gap"):
            self.lay_out()
            self.label()

    # ------------------------------------------------------------ pictures

    def panels(self) -> Any:
        flat = {"x": "x₁", "y": "x₂"}
        feature = {"radius": ("‖x‖", "angle / π"), "standardised": ("z₁", "z₂"), "as they are": ("x₁", "x₂")}
        across, upright = feature[self.features]
        return Column(
            Row(
                Panel("As they are", Regions("areas_left"), Dots("x", colour="owner_left"), detail="left_k", **flat),
                Panel("By features", Regions("areas_right"), Dots("x", colour="owner_right"), detail="right_k", **flat),
            ),
            Row(
                Panel("Features", Dots("feature_points", colour="owner_right"), x=across, y=upright),
                Panel("Agreement with the clumps", Curve("rand"), x="round t", y="Rand index"),
                Panel("Update", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    def grid(self) -> tuple[np.ndarray, tuple[tuple[float, float], ...]]:
        low, high = self.x.min(axis=0) - 0.5, self.x.max(axis=0) + 0.5
        x, y = np.meshgrid(*(np.linspace(a, b, GRID) for a, b in zip(low, high)))
        return np.column_stack([x.ravel(), y.ravel()]), tuple((float(a), float(b)) for a, b in zip(low, high))

    @drawn
    def areas_left(self) -> Field:
        grid, (x, y) = self.grid()
        return Field(nearest(grid, self.left).reshape(GRID, GRID), x, y)

    @drawn
    def areas_right(self) -> Field:
        grid, (x, y) = self.grid()
        return Field(nearest(self.phi(grid), self.right).reshape(GRID, GRID), x, y)

    @drawn
    def left_k(self) -> str:
        return f"k = {self.k}"

    @drawn
    def right_k(self) -> str:
        return f"{self.features}, k = {self.k_right}"

    @drawn
    def feature_points(self) -> np.ndarray:
        if self.features != "radius":
            return self.z
        return np.column_stack([self.z[:, 0], np.arctan2(self.x[:, 1], self.x[:, 0]) / np.pi])

    @drawn
    def update(self) -> Update:
        """How the first point reads to the right side."""
        numbers: dict[str, Any] = {"x": self.x[0], r"\varphi(x)": self.z[0] if self.z.shape[1] > 1 else self.z[0, 0]}
        if self.features == "standardised":
            latex = r"z_1 = \frac{x_1 - \bar{x}_1}{s_1}"
            values = (self.z[0, 0], self.x[0, 0], self.middle[0], self.unit[0])
            return Update(latex, dict(zip(("z_1", "x_1", r"\bar{x}_1", "s_1"), map(float, values))))
        return Update(r"\varphi(x) = \| x \|" if self.features == "radius" else r"\varphi(x) = x", numbers)

    @drawn
    def said(self) -> str:
        same = rand_index(self.owner_left, self.owner_right)
        if self.cloud == "two near clumps":
            return (
                f"{self.k} or {self.k_right} clusters? They agree on {same:.0%} of pairs, and neither is the right one."
            )
        left, right = self.measured().values()
        if self.cloud == "stretched clumps":
            ratio = self.unit[0] / self.unit[1]
            decides = "and decides the left" if ratio > 1.2 else "and does not decide alone"
            return f"x₁ spreads {ratio:.1f} × as far as x₂ {decides}. Rand index {left:.2f} against {right:.2f}."
        if self.features == "radius" and right > 0.99:
            return "The radius puts the ring on one side and the disc on the other: one cut between them will do."
        return f"Straight borders cannot follow the shapes: agreement {left:.2f} on the left, {right:.2f} on the right."
