"""two landscapes: squared and cross-entropy loss over the same two weights, and a path down each from one start."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Dataset, Point, Slider
from lab.experiment import Experiment, Field, Metrics, Update, drawn
from lab.experiments.lines.logistic_regression.one_input import Labels
from lab.marks import Column, Curve, Dots, Equation, Handle, Heat, Line, Note, Panel, Row, Surface, Tabs, Trail
from lab.maths.log_loss import CROSS_ENTROPY, SQUARED, Loss
from lab.maths.logistic import sigmoid, smoothness
from lab.maths.perceptrons import line_in
from lab.maths.planes import pieces

ONE, TWO = "one input: b, w", "two inputs: w₁, w₂"
WIDE = 6.0  # weights shown, to either side
SIDE = 60  # places along each edge of a landscape
EDGE = 6.5
ROUNDS = 1450
LEAST_GRADIENT = 1e-4
LEVEL = 0.05  # a slope below it is called a plateau
FALLS = ((CROSS_ENTROPY, "cross-entropy"), (SQUARED, "squared"))


def number(value: float) -> str:
    return f"{value:.2g}".replace("-", "−")


class Landscape(Labels, Experiment):
    inputs = Choice(
        [ONE, TWO], restarts=True, help="labels along x, with an offset; or in the plane, the line through 0"
    )
    points = Dataset(
        "two gaussians",
        kinds=("two gaussians", "line", "moons", "xor"),
        n=30,
        noise=0.5,
        help="click to add a point, drag to move it, right-click to take it away",
    )
    begin = Point((-4.5, -4), x=(-WIDE, WIDE), y=(-WIDE, WIDE), symbol="w(0)", help="where both begin: drag it")
    rate = Slider(0.5, 0.005, 20, log=True, symbol="α", limit="safe", help="step size; marked: 1/L, 2/L of the entropy")
    p = Point((-5, -3), x=(-WIDE, WIDE), y=(-WIDE, WIDE), view=True, label="Chord from", help="one end of the chord")
    q = Point((2, 1.5), x=(-WIDE, WIDE), y=(-WIDE, WIDE), view=True, label="Chord to", help="the chord's other end")

    metrics = {
        "loss": "C",
        "slope": "|∇|",
        "error": "ℓ₀₁",
    }
    fixed = ("X", "y")
    random = False
    prompts = (
        ("One start, two landscapes: who is stuck on the plateau?", {"inputs": ONE, "begin": (-4.5, -4)}),
        ("A start near the bottom: do both arrive?", {"inputs": ONE, "begin": (1, 1)}),
        ("Two inputs: each step down turns the line", {"inputs": TWO, "begin": (-4, 3)}),
        ("A wrong label far out: drag one point across", {"inputs": TWO, "points": {"kind": "line", "n": 30}}),
    )
    presets = {
        "Plateau stall": {"inputs": ONE, "begin": (-4.5, -4)},
        "A line that turns, 1450 steps": {"inputs": TWO, "begin": (-4, 3)},
    }
    tiny = {"points": {"n": 12}}

    w: np.ndarray  # walks on the cross-entropy
    v: np.ndarray  # walks on the squares
    pair: np.ndarray  # both

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        self.take_points()
        self.lay_down()
        return self.measured()

    def step(self) -> Metrics:
        """w ← w − α ∇l(w) on the cross-entropy, v ← v − α ∇C(v) on the squares."""
        self.w = self.w - self.rate * CROSS_ENTROPY.gradient(self.w, self.X, self.y)
        self.v = self.v - self.rate * SQUARED.gradient(self.v, self.X, self.y)
        self.before, self.pair = self.pair, np.stack([self.w, self.v])
        row = self.measured()
        if max(row["slope/cross-entropy"], row["slope/squared"]) < LEAST_GRADIENT:
            self.finish("Both slopes are below 0.0001: neither moves any more.")
        elif self.t + 1 >= ROUNDS:
            self.finish(f"{ROUNDS} steps are done, as many as in the text.")
        return row

    def measured(self) -> Metrics:
        row = {}
        for (loss, name), w in zip(FALLS, (self.w, self.v)):
            row[f"loss/{name}"] = loss.mean(w, self.X, self.y)
            row[f"slope/{name}"] = float(np.linalg.norm(loss.gradient(w, self.X, self.y)))
            row[f"error/{name}"] = float(((self.X @ w > 0) != (self.y > 0.5)).mean())
        return row

    def take_points(self) -> None:
        x = self.points.x
        self.X = np.column_stack([np.ones(len(x)), x[:, 0]]) if self.inputs == ONE else x
        self.y = (self.points.y == 1).astype(float)

    def lay_down(self) -> None:
        self.w = self.v = np.array(self.begin)
        self.before = self.pair = np.stack([self.w, self.v])

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()
        elif name == "begin":
            self.lay_down()

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        first, second = ("b", "w") if self.inputs == ONE else ("w₁", "w₂")
        window = {"x": first, "y": second, "range_x": (-WIDE, WIDE), "range_y": (-WIDE, WIDE)}

        def landscape(title: str, field: str) -> Tabs:
            return Tabs(
                Panel(
                    title,
                    Surface(field, points="pair", heights=f"{field}_height", trail="pair"),
                    x=first,
                    y=second,
                    detail=f"{field}_bends",
                ),
                Panel(
                    f"{title}, map",
                    Heat(field, levels=16),
                    Line("chord", tint="text", dashed=True),
                    Line(f"{field}_above", tint="warn", width=5),
                    Trail("pair"),
                    Handle("begin", drag="begin", label="start"),
                    Handle("p", drag="p", label="p"),
                    Handle("q", drag="q", label="q"),
                    **window,
                    detail=f"{field}_bends",
                    help="Dashed: a chord, to be dragged by its ends. Red: there the loss lies above it",
                ),
            )

        return Row(
            Column(
                landscape("Cross-entropy", "entropy"),
                landscape("Squared", "squares"),
            ),
            Column(
                self.data_panel(),
                Tabs(
                    Panel("Loss", Curve("loss", log_y=True), x="step t", y="loss", log_y=True),
                    Panel("Slope", Curve("slope", log_y=True), x="step t", y="|∇|", log_y=True),
                    Panel("Error", Curve("error"), x="step t", y="ℓ₀₁"),
                    Panel(
                        "Along the chord",
                        Line("chord_heights", tint="quiet", dashed=True),
                        Line("entropy_along", label="cross-entropy", tint="0", width=3),
                        Line("squares_along", label="squared", tint="1", width=3),
                        x="from p to q",
                        y="share of top",
                        still=True,
                        help="a convex loss hangs below its chord, for any p and q",
                    ),
                ),
                Panel("Update", Equation("update"), Note("said")),
                sizes=(5, 4, 4),
            ),
            sizes=(1, 1),
        )

    def data_panel(self) -> Panel:
        dots = Dots("x", colour="classes", drag="points.move", add="points.add", erase="points.erase")
        if self.inputs == TWO:
            return Panel(
                "Data",
                Line("line_w", label="cross-entropy", tint="0", width=4),
                Line("line_v", label="squared", tint="1", width=3),
                dots,
                x="x₁",
                y="x₂",
                range_x=(-EDGE, EDGE),
                range_y=(-EDGE, EDGE),
                equal=True,
                help="the line w·x = 0 is at right angles to the weights: as the path bends, it turns",
            )
        return Panel(
            "Data",
            Line("curve_w", label="cross-entropy", tint="0", width=4),
            Line("curve_v", label="squared", tint="1", width=3),
            Dots("labelled", colour="classes", drag="move", add="put", erase="points.erase"),
            x="x",
            y="σ(b + wx)",
            range_x=(-EDGE, EDGE),
            range_y=(-0.1, 1.1),
        )

    @drawn
    def x(self) -> np.ndarray:
        return self.points.x

    # ------------------------------------------------------------ the two landscapes

    def ground(self, loss: Loss) -> Field:
        side = np.linspace(-WIDE, WIDE, SIDE)
        return Field(loss.heights(side, side, self.X, self.y), (-WIDE, WIDE), (-WIDE, WIDE))

    @drawn(on=("X", "y"))
    def entropy(self) -> Field:
        return self.ground(CROSS_ENTROPY)

    @drawn(on=("X", "y"))
    def squares(self) -> Field:
        return self.ground(SQUARED)

    def bends(self, loss: Loss) -> str:
        """The least eigenvalue of the Hessian over the window: below 0 the loss is not convex."""
        side = np.linspace(-WIDE, WIDE, 13)
        least = min(np.linalg.eigvalsh(loss.hessian(np.array([a, b]), self.X, self.y))[0] for a in side for b in side)
        return f"λ falls to {number(least)}: not convex" if least < -1e-12 else f"λ ≥ {number(max(least, 0))}: convex"

    @drawn(on=("X", "y"))
    def entropy_bends(self) -> str:
        return self.bends(CROSS_ENTROPY)

    @drawn(on=("X", "y"))
    def squares_bends(self) -> str:
        return self.bends(SQUARED)

    @drawn
    def entropy_height(self) -> np.ndarray:
        return np.array([CROSS_ENTROPY.mean(at, self.X, self.y) for at in self.pair])

    @drawn
    def squares_height(self) -> np.ndarray:
        return np.array([SQUARED.mean(at, self.X, self.y) for at in self.pair])

    # ------------------------------------------------------------ the chord

    def along(self, loss: Loss) -> tuple[np.ndarray, np.ndarray]:
        """Shares of the way from p to q, and the loss at each."""
        share = np.linspace(0, 1, 121)
        between = np.array(self.p) + share[:, None] * np.subtract(self.q, self.p)
        return share, loss.value(between @ self.X.T, self.y).mean(axis=1)

    def above(self, loss: Loss) -> list[np.ndarray]:
        """The stretches of the chord where the loss lies above it."""
        share, height = self.along(loss)
        straight = height[0] + share * (height[-1] - height[0])
        between = np.array(self.p) + share[:, None] * np.subtract(self.q, self.p)
        return list(pieces(between, height > straight + 1e-12))

    def profile(self, loss: Loss) -> np.ndarray:
        share, height = self.along(loss)
        return np.column_stack([share, height / height.max()])

    @drawn
    def chord(self) -> np.ndarray:
        return np.array([self.p, self.q])

    @drawn
    def entropy_above(self) -> list[np.ndarray]:
        return self.above(CROSS_ENTROPY)

    @drawn
    def squares_above(self) -> list[np.ndarray]:
        return self.above(SQUARED)

    @drawn
    def entropy_along(self) -> np.ndarray:
        return self.profile(CROSS_ENTROPY)

    @drawn
    def squares_along(self) -> np.ndarray:
        return self.profile(SQUARED)

    @drawn
    def chord_heights(self) -> list[np.ndarray]:
        return [line[[0, -1]] for line in (self.entropy_along(), self.squares_along())]

    # ------------------------------------------------------------ what the weights make of the data

    @drawn
    def classes(self) -> np.ndarray:
        return self.y.astype(int)

    def curve(self, w: np.ndarray) -> np.ndarray:
        x = np.linspace(-EDGE, EDGE, 201)
        return np.column_stack([x, sigmoid(w[0] + w[1] * x)])

    @drawn
    def curve_w(self) -> np.ndarray:
        return self.curve(self.w)

    @drawn
    def curve_v(self) -> np.ndarray:
        return self.curve(self.v)

    @drawn
    def line_w(self) -> np.ndarray:
        return line_in(np.append(self.w, 0), EDGE)

    @drawn
    def line_v(self) -> np.ndarray:
        return line_in(np.append(self.v, 0), EDGE)

    @drawn
    def safe(self) -> np.ndarray:
        return np.array([1, 2]) / smoothness(self.X)

    @drawn
    def update(self) -> Update:
        slopes = [loss.gradient(at, self.X, self.y) for (loss, _), at in zip(FALLS, self.before)]
        return Update(
            r"w^+ = w - \alpha \nabla l \\ v^+ = v - \alpha \nabla C",
            {r"\alpha": self.rate, "w": self.before[0], r"\nabla l": slopes[0], "w^+": self.w}
            | {"v": self.before[1], r"\nabla C": slopes[1], "v^+": self.v},
        )

    @drawn
    def said(self) -> str:
        slopes = [
            float(np.linalg.norm(loss.gradient(w, self.X, self.y))) for (loss, _), w in zip(FALLS, (self.w, self.v))
        ]
        if self.finished:
            return f"{self.finished} The slopes left are {slopes[0]:.2g} and {slopes[1]:.2g}."
        behind = SQUARED.mean(self.v, self.X, self.y) > SQUARED.mean(self.w, self.X, self.y) + 0.05
        if behind and slopes[1] > LEVEL:
            return "The squares are behind: even by their own measure the cross-entropy's weights are better by now."
        if behind or slopes[1] < slopes[0] / 40:
            return (
                f"The squares lag on a plateau, slope {slopes[1]:.2g}: where answers are surely wrong σ′ is nearly 0, "
                "and their slope has it as a factor. The cross-entropy's has not."
            )
        if self.squares_above() and not self.entropy_above():
            return (
                "From p to q the squared loss rises above its chord: it is not convex. The cross-entropy hangs below "
                "every chord: it has one valley, and downhill leads there."
            )
        return "Both roll down from the same start, each by its own slope."
