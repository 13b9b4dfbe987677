"""Projection: a vector y, the plane of the columns of X, and the foot Py that descent walks to."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Matrix, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Line, Note, Panel, Row
from lab.maths.least_squares import Array, gradient
from lab.maths.linear_fits import curvatures, projection, pseudo_inverse, rank

REACH = 2.0  # how far the plane is drawn from 0


class Projection(Experiment):
    pace = 6

    X = Matrix([[1.6, 0.2], [0.3, 1.6], [0.2, 0.5]], -3, 3, restarts=True, help="three samples, two columns")
    y = Matrix(
        [[0.9], [0.8], [2.0]], -3, 3, label="y", restarts=True, help="three targets: one vector in the space of samples"
    )
    rate = Slider(0.1, 0.01, 1.5, log=True, symbol="η", limit="safe", help="marks: 1/λ and 2/λ, the largest curvature")
    turn = Slider(-25, -180, 180, view=True, label="Turn", symbol="°", help="look from another side")
    tilt = Slider(18, -90, 90, view=True, label="Tilt", symbol="°", help="look from higher or lower")

    metrics = {"length": "|y − Xθ|"}
    random = False
    diverges = "η is past 2/λ of the largest curvature of J."
    prompts = (
        ("Step until the residual stands upright on the plane", {}),
        ("Turn until you look along the plane: where is the residual?", {"turn": -25.0, "tilt": -17.0}),
        ("y in the plane: nothing is left over", {"y": [[1.8], [1.9], [0.7]]}),
        ("y upright on the plane: its foot is 0", {"y": [[-0.17], [-0.76], [2.5]]}),
        ("Columns on one line: the plane is gone", {"X": [[1.6, 0.8], [0.4, 0.2], [0.2, 0.1]]}),
    )
    presets = {
        "A plane": {"X": [[1.6, 0.2], [0.3, 1.6], [0.2, 0.5]], "y": [[0.9], [0.8], [2.0]]},
        "Columns on one line": {"X": [[1.6, 0.8], [0.4, 0.2], [0.2, 0.1]]},
        "A line's columns: ones and x": {"X": [[1, 0], [1, 1], [1, 2]], "y": [[1], [2], [2]]},
    }

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        self.P = projection(np.array(self.X))  # X (XᵀX)⁻¹ Xᵀ
        self.theta = np.zeros(2)
        return self.measured()

    def step(self) -> Metrics:
        """θ ← θ − η (2/n) Xᵀ(Xθ − y): the prediction Xθ never leaves the plane."""
        with np.errstate(all="ignore"):
            self.theta = self.theta - self.rate * gradient(self.theta, np.array(self.X), self.y[:, 0], 1 / 3)
        return self.measured()

    def measured(self) -> Metrics:
        with np.errstate(all="ignore"):
            walked = float(np.linalg.norm(self.y[:, 0] - self.X @ self.theta))
        return {"length/run": walked, "length/|y − Py|": float(np.linalg.norm(self.y[:, 0] - self.foot()))}

    def foot(self) -> Array:
        return np.asarray(self.P @ self.y[:, 0])

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Row(
            Column(
                Panel(
                    "Space of samples",
                    Line("sheet", tint="quiet", width=1),
                    Line("column_1", label="first column", tint="2", width=3),
                    Line("column_2", label="second", tint="3", width=3),
                    Line("dropped", label="y − Py", tint="quiet", dashed=True, width=2),
                    Line("corner", tint="quiet", width=1.5),
                    Line("walk", label="y − Xθ", tint="warn", width=2.5),
                    Line("prediction", label="Xθ", tint="accent", width=3),
                    Line("target", label="y", tint="text", width=3.5),
                    Dots("ends", tint="text", shape="disc", labels="end_names"),
                    Dots("now", shape="disc", tint="accent", big=True),
                    range_x=(-2.5, 2.5),
                    range_y=(-1.6, 2.4),
                    equal=True,
                    detail="angle_said",
                    help="Seen from the side that Turn and Tilt choose. Each axis is one sample",
                ),
                Panel("Length of the residual", Curve("length"), x="step t", y="|y − Xθ|"),
                sizes=(7, 3),
            ),
            Column(
                Row(
                    Panel("P", marks.Matrix("P"), still=True, detail="trace_said"),
                    Panel("Xᵀ(y − Xθ)", marks.Matrix("leaning", colours="scores"), help="0: upright on both columns"),
                    sizes=(3, 1),
                ),
                Panel("Step", Equation("update"), Note("said")),
                sizes=(4, 5),
            ),
            sizes=(5, 4),
        )

    def seen(self, places: Array) -> Array:
        """Places (…, 3) as they look, without perspective: turned about the upright third axis, then tilted."""
        turn, tilt = np.radians(self.turn), np.radians(self.tilt)
        across = np.array([np.cos(turn), np.sin(turn), 0])
        up = np.array([-np.sin(turn) * np.sin(tilt), np.cos(turn) * np.sin(tilt), np.cos(tilt)])
        return np.asarray(np.clip(places, -1e6, 1e6)) @ np.column_stack([across, up])

    def from_zero(self, to: Array) -> Array:
        return self.seen(np.array([np.zeros(3), to]))

    @drawn
    def sheet(self) -> tuple[Array, ...]:
        """A square net on the plane of the columns; a line, or nothing, where that is all they span."""
        U = np.linalg.svd(self.X)[0][:, : rank(np.array(self.X))]
        ticks = np.linspace(-REACH, REACH, 9)
        if U.shape[1] < 2:
            return tuple(self.seen(np.array([-REACH * u, REACH * u])) for u in U.T)
        ends = [(np.array([t, -REACH]), np.array([t, REACH])) for t in ticks]
        lines = [np.array(pair) for pair in ends] + [np.array(pair)[:, ::-1] for pair in ends]
        return tuple(self.seen(line @ U.T) for line in lines)

    @drawn
    def column_1(self) -> Array:
        return self.from_zero(self.X[:, 0])

    @drawn
    def column_2(self) -> Array:
        return self.from_zero(self.X[:, 1])

    @drawn
    def target(self) -> Array:
        return self.from_zero(self.y[:, 0])

    def predicted(self) -> Array:
        with np.errstate(all="ignore"):
            return np.nan_to_num(self.X @ self.theta, nan=1e6)

    @drawn
    def prediction(self) -> Array:
        return self.from_zero(self.predicted())

    @drawn
    def walk(self) -> Array:
        return self.seen(np.array([self.predicted(), self.y[:, 0]]))

    @drawn
    def dropped(self) -> Array:
        return self.seen(np.array([self.foot(), self.y[:, 0]]))

    @drawn
    def corner(self) -> Array:
        """The sign of a right angle at the foot."""
        up, out = self.y[:, 0] - self.foot(), -self.foot()
        if min(np.linalg.norm(up), np.linalg.norm(out)) < 0.3:
            return np.empty((0, 2))
        up, out = 0.18 * up / np.linalg.norm(up), 0.18 * out / np.linalg.norm(out)
        return self.seen(self.foot() + np.array([up, up + out, out]))

    @drawn
    def now(self) -> Array:
        return self.seen(self.predicted()[None])

    @drawn
    def ends(self) -> Array:
        return self.seen(np.array([self.y[:, 0], self.foot(), np.zeros(3)]))

    @drawn
    def end_names(self) -> tuple[str, ...]:
        return ("y", "Py", "0")

    @drawn
    def leaning(self) -> Array:
        return np.array(self.X).T @ (self.y[:, :1] - self.predicted()[:, None])

    @drawn
    def safe(self) -> Array:
        steepest = float(curvatures(np.array(self.X))[0][0])
        return np.array([1 / steepest, 2 / steepest]) if steepest else np.empty(0)

    @drawn
    def trace_said(self) -> str:
        return f"trace {np.trace(self.P):.3g} = rank"

    @drawn
    def angle_said(self) -> str:
        residual, within = self.y[:, 0] - self.predicted(), self.predicted()
        lengths = float(np.linalg.norm(residual) * np.linalg.norm(within))
        if lengths < 1e-12:
            return ""
        return f"angle of y − Xθ with Xθ: {np.degrees(np.arccos(np.clip(residual @ within / lengths, -1, 1))):.1f}°"

    @drawn
    def update(self) -> Update:
        return Update(
            r"P = X (X^\top X)^{-1} X^\top \\ \hat y = P y \\ \theta^* = X^+ y",
            {r"\hat y": self.foot(), "y": self.y[:, 0], r"\theta^*": pseudo_inverse(np.array(self.X)) @ self.y[:, 0]},
        )

    @drawn
    def said(self) -> str:
        off = float(np.linalg.norm(self.predicted() - self.foot()))
        left = float(np.linalg.norm(self.y[:, 0] - self.foot()))
        flat = " The columns lie on one line, so P has rank 1." if rank(np.array(self.X)) < 2 else ""
        if off > 1e-3:
            return f"Xθ is {off:.3g} from the foot Py and can only move in the plane of the columns.{flat}"
        if left < 1e-9:
            return f"y lies in the plane itself: Py = y, and nothing is left over.{flat}"
        return f"Arrived: what is left is upright on every column; no step in the plane shortens it.{flat} P² = P = Pᵀ."
