"""perceptron and logistic unit: two lines fed the same samples, and a softness that makes them one."""

from __future__ import annotations

import numpy as np

from lab.controls import Dataset, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Line, Note, Panel, Row
from lab.maths.perceptrons import line_in, mistaken, with_one

EDGE = 6.5


class Softness(Experiment):
    pace = 8
    points = Dataset(
        "line",
        kinds=("line", "two gaussians", "moons", "xor"),
        n=40,
        noise=0.3,
        help="click to add a point, drag to move it, right-click to take it away",
    )
    softness = Slider(
        1, 0, 3, symbol="τ", restarts=True, help="the logistic unit answers σ(w·x / τ); at 0 that is a hard step"
    )

    metrics = {"error": "ℓ₀₁", "angle": "angle of w and v"}
    fixed = ("X", "target")
    prompts = (
        ("Softness 0: where has the second line gone?", {"softness": 0}),
        ("Softness 1 is logistic regression, one sample at a time", {"softness": 1}),
        ("Very soft: even points that are right pull at the line", {"softness": 3}),
        ("Clouds that overlap: which line is the calmer one?", {"points": "two gaussians", "softness": 2}),
    )
    tiny = {"points": {"n": 20}}

    panels = Row(
        Panel(
            "Data",
            Line("line_logistic", label="logistic", tint="accent", width=5),
            Line("line_perceptron", label="perceptron", tint="text", width=2),
            Dots("x", colour="target", ring="flash", drag="points.move", add="points.add", erase="points.erase"),
            x="x₁",
            y="x₂",
            range_x=(-EDGE, EDGE),
            range_y=(-EDGE, EDGE),
            equal=True,
            detail="apart",
            help="both lines start from 0 and meet the same point at each step",
        ),
        Column(
            Panel(
                "Answer to a score",
                Line("answer", label="logistic σ(s/τ)", tint="accent", width=4),
                Line("hard", label="perceptron", tint="text"),
                Dots("asked", shape="disc", tint="warn", big=True),
                x="score s = v·x",
                y="expected y",
                range_x=(-8, 8),
                range_y=(-0.05, 1.05),
            ),
            Panel("Error", Curve("error"), x="step t", y="ℓ₀₁"),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(3, 3, 4),
        ),
        sizes=(3, 2),
    )

    def start(self) -> Metrics:
        self.take_points()
        self.w, self.v = np.zeros(3), np.zeros(3)  # the perceptron's, and the logistic unit's
        return self.measured()

    def take_points(self) -> None:
        self.X, self.target = with_one(self.points.x), np.minimum(self.points.y, 1)
        self.picked, self.score, self.factor, self.hard_factor = -1, 0.0, 0.0, 0

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()

    def step(self) -> Metrics:
        """One sample for both: w ← w + (y − E[y|x]) x, with a hard E and with a soft one."""
        i = int(self.rng.integers(len(self.target)))
        x, y = self.X[i], int(self.target[i])
        self.picked, self.score = i, float(self.v @ x)
        self.hard_factor = y - self.hard_answer(float(self.w @ x), y)
        self.factor = y - self.soft_answer(self.score, y)
        self.w = self.w + self.hard_factor * x
        self.v = self.v + self.factor * x
        return self.measured()

    @staticmethod
    def hard_answer(s: float, y: int) -> int:
        """1 above 0 and 0 below; a score of 0 is a mistake, so the answer is then the wrong one."""
        return int(s > 0) if s else 1 - y

    def soft_answer(self, s: float, y: int) -> float:
        return float(sigmoid(np.array(s / self.softness))) if self.softness else self.hard_answer(s, y)

    def measured(self) -> Metrics:
        signs = 2.0 * self.target - 1
        row = {
            "error/perceptron": float(mistaken(self.w, self.X, signs).mean()),
            "error/logistic": float(mistaken(self.v, self.X, signs).mean()),
        }
        lengths = float(np.linalg.norm(self.w) * np.linalg.norm(self.v))
        if lengths:
            row["angle"] = float(np.degrees(np.arccos(np.clip(self.w @ self.v / lengths, -1, 1))))
        return row

    # ------------------------------------------------------------ pictures

    @drawn
    def x(self) -> np.ndarray:
        return self.points.x

    @drawn
    def flash(self) -> np.ndarray:
        return np.arange(len(self.target)) == self.picked

    @drawn
    def line_perceptron(self) -> np.ndarray:
        return line_in(self.w, EDGE)

    @drawn
    def line_logistic(self) -> np.ndarray:
        return line_in(self.v, EDGE)

    @drawn
    def apart(self) -> str:
        if np.array_equal(self.w, self.v):
            return "the two lines are one"
        return f"the weights are {np.linalg.norm(self.w - self.v):.3g} apart"

    @drawn
    def hard(self) -> np.ndarray:
        return np.array([(-8, 0), (0, 0), (0, 1), (8, 1)], float)

    @drawn
    def answer(self) -> np.ndarray:
        if not self.softness:
            return self.hard()
        s = np.linspace(-8, 8, 161)
        return np.column_stack([s, sigmoid(s / self.softness)])

    @drawn
    def asked(self) -> np.ndarray:
        if self.picked < 0:
            return np.empty((0, 2))
        return np.array([[np.clip(self.score, -8, 8), self.target[self.picked] - self.factor]])

    @drawn
    def update(self) -> Update:
        if self.picked < 0:
            return Update(r"w \leftarrow w + (y - E)\,x", {})
        y = int(self.target[self.picked])
        numbers = {"y": y, "E": y - self.hard_factor, "F": y - self.factor, "x": self.X[self.picked]}
        return Update(r"w \leftarrow w + (y - E)\,x \\ v \leftarrow v + (y - F)\,x", numbers)

    @drawn
    def said(self) -> str:
        if self.picked < 0:
            return "Both begin at 0 and see the same points. Only the factor on x differs."
        if not self.softness:
            return "At softness 0 the soft answer F is the hard one E: both add the same, and the two lines are one."
        moved = "moves" if self.hard_factor else "does not move"
        return f"The perceptron {moved}; the logistic unit always does, here by {self.factor:+.3g} times x.".replace(
            "-", "−"
        )


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(z / 2))
