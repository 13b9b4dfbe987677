"""many classes: one weight vector a class; a mistake lifts the right one and lowers the one that won."""

from __future__ import annotations

import numpy as np

from lab.controls import Dataset
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import (
    Arrows,
    Bars,
    Column,
    Curve,
    Dots,
    Equation,
    Field,
    Matrix,
    Note,
    Panel,
    Regions,
    Row,
    Tabs,
    Trail,
)
from lab.maths.perceptrons import with_one

EDGE = 6.5
GROUND = 10.0  # the coloured ground goes on beyond the window, which may be wider than high
SIDE = 140


class ManyClasses(Experiment):
    pace = 8
    points = Dataset(
        "blobs",
        kinds=("blobs", "spiral"),
        n=60,
        classes=4,
        noise=0.1,
        help="click to add a point (hold a number key for its class), drag to move it, right-click to take it away",
    )

    metrics = {"mistakes": "k", "error": "ℓ₀₁(W)"}
    fixed = ("X", "y")
    prompts = (
        ("Four clumps: which two arrows move at a mistake?", {"points": {"kind": "blobs", "classes": 4, "n": 60}}),
        ("Eight classes: do mistakes still end?", {"points": {"kind": "blobs", "classes": 8, "n": 80, "noise": 0.05}}),
        ("Spiral arms: what can straight borders not do?", {"points": {"kind": "spiral", "classes": 3, "n": 90}}),
    )
    tiny = {"points": {"n": 20}}

    panels = Row(
        Panel(
            "Data",
            Regions("territory"),
            Dots("x", colour="y", ring="flash", drag="points.move", add="points.add", erase="points.erase"),
            x="x₁",
            y="x₂",
            range_x=(-EDGE, EDGE),
            range_y=(-EDGE, EDGE),
            equal=True,
            detail="counted",
            help="the ground has the colour of the class whose score is highest; ringed: the point just picked",
        ),
        Column(
            Panel(
                "Weight space",
                Trail("tips"),
                Arrows("tails", "added", label="last mistake", tint="warn"),
                Dots("tips", colour="names", big=True),
                x="w₁",
                y="w₂",
                equal=True,
                help="one dot a class; the last mistake added x to the right class and took x from the one that won",
            ),
            Tabs(
                Panel("Scores", Bars("scores", labels="titles"), y="w_c · x", detail="whose"),
                Panel("Weights", Matrix("W", rows="titles", columns="columns")),
                Panel("Error", Curve("error"), x="step t", y="ℓ₀₁"),
                Panel("Mistakes", Curve("mistakes"), x="step t", y="k"),
            ),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(4, 3, 3),
        ),
        sizes=(3, 2),
    )

    def start(self) -> Metrics:
        self.take_points()
        self.k = 0
        return self.measured()

    def take_points(self) -> None:
        self.X, self.y = with_one(self.points.x), self.points.y
        self.W = np.zeros((max(self.points.classes, 2), 3))
        self.before, self.picked, self.rival, self.wrong = self.W, -1, 0, False
        self.scores = np.zeros(len(self.W))

    def changed(self, name: str) -> None:
        if name == "points":
            W = self.W
            self.take_points()
            if len(W) == len(self.W):
                self.W = self.before = W
            self.tips = self.W[:, :2]

    def step(self) -> Metrics:
        """On a mistake w_y ← w_y + x and w_ŷ ← w_ŷ − x, where ŷ is the best of the others; a tie is a mistake."""
        i = int(self.rng.integers(len(self.y)))
        x, y = self.X[i], int(self.y[i])
        self.scores = self.W @ x
        others = np.where(np.arange(len(self.W)) == y, -np.inf, self.scores)
        self.picked, self.rival = i, int(others.argmax())
        self.wrong = bool(self.scores[y] <= others[self.rival])
        if self.wrong:
            self.before, self.W, self.k = self.W, self.W.copy(), self.k + 1
            self.W[y] += x
            self.W[self.rival] -= x
        row = self.measured()
        if row["error"] == 0:
            self.finish("Every point's own class scores highest: there are no mistakes left to learn from.")
        return row

    def measured(self) -> Metrics:
        self.tips = self.W[:, :2]
        scores = self.X @ self.W.T
        own = np.take_along_axis(scores, self.y[:, None], axis=1)
        return {"mistakes": float(self.k), "error": float(((scores >= own).sum(axis=1) > 1).mean())}

    # ------------------------------------------------------------ pictures

    @drawn
    def x(self) -> np.ndarray:
        return self.points.x

    @drawn(on=("W",))
    def territory(self) -> Field:
        axis = np.linspace(-GROUND, GROUND, SIDE)
        grid = with_one(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
        best = (grid @ self.W.T).argmax(axis=1) if self.W.any() else np.full(len(grid), -1)
        return Field(best.reshape(SIDE, SIDE), (-GROUND, GROUND), (-GROUND, GROUND))

    @drawn
    def flash(self) -> np.ndarray:
        return np.arange(len(self.y)) == self.picked

    @drawn
    def names(self) -> np.ndarray:
        return np.arange(len(self.W))

    @drawn
    def titles(self) -> tuple[str, ...]:
        return tuple(f"class {c}" for c in range(len(self.W)))

    @drawn
    def columns(self) -> tuple[str, ...]:
        return "w₁", "w₂", "b"

    @drawn
    def tails(self) -> np.ndarray:
        return self.before[(self.before != self.W).any(axis=1), :2]

    @drawn
    def added(self) -> np.ndarray:
        return (self.W - self.before)[(self.before != self.W).any(axis=1), :2]

    @drawn
    def counted(self) -> str:
        return f"{self.k} mistakes"

    @drawn
    def whose(self) -> str:
        return f"of the point picked, of class {self.y[self.picked]}" if self.picked >= 0 else "no point picked yet"

    @drawn
    def update(self) -> Update:
        rule = r"w_y \leftarrow w_y + x, \quad w_r \leftarrow w_r - x"
        if self.picked < 0 or not self.wrong:
            return Update(rule + r"\quad \text{on a mistake}", {})
        y = int(self.y[self.picked])
        numbers = {"a": self.before[y], "b": self.before[self.rival], "x": self.X[self.picked]}
        return Update(r"w_y \leftarrow a + x \\ w_r \leftarrow b - x", numbers)

    @drawn
    def said(self) -> str:
        if self.finished:
            return f"{self.finished} It took {self.k} of them."
        if self.picked < 0:
            return "All weights are 0, so all classes tie, and a tie counts as a mistake."
        y = int(self.y[self.picked])
        if not self.wrong:
            return f"Class {y} scores highest on this point, as it should: nothing moves."
        if self.scores[y] == self.scores[self.rival]:
            return (
                f"Classes {y} and {self.rival} tie, which is a mistake: w of {y} gains x, w of {self.rival} loses it."
            )
        return f"Class {self.rival} won a point of class {y}: w of {y} gains x, w of {self.rival} loses it."
