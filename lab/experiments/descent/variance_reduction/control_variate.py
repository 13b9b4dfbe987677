"""Control variate: what is known of Y takes the chance out of X; the variance is a parabola in c."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Count, Slider
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Column, Curve, Dots, Equation, Handle, Line, Note, Panel, Row
from lab.maths.langevin import stairs
from lab.maths.variance_reduction import corrected_variance

MOST = 20_000
BINS = 50


class ControlVariate(Experiment):
    slope = Slider(2, -3, 3, symbol="a", restarts=True, help="Y = a X + s ξ: how much Y tells of X")
    spread = Slider(1, 0, 3, symbol="s", restarts=True, help="standard deviation of what Y has of its own")
    c = Slider(-0.4, -2, 2, symbol="c", label="Coefficient", help="how much of Y − E Y is added to X; or drag the ball")
    draws = Count(100, 10, 1000, symbol="k", label="Draws a step", help="of the pair (X, Y) in each step")

    metrics = {"variance": "Var", "mean": "mean"}
    prompts = (
        ("c = −0.4 = c*: four fifths of the variance are gone", {"slope": 2, "spread": 1, "c": -0.4}),
        ("c = −1: too much of a good thing", {"slope": 2, "spread": 1, "c": -1}),
        ("Y knows nothing of X: can any c help?", {"slope": 0, "spread": 1, "c": -0.5}),
        ("Y knows all of X: X is not random any more", {"slope": 1, "spread": 0, "c": -1}),
    )
    presets = {"SAGA's choice, c = −1, Y as large as X": {"slope": 1, "spread": 0.5, "c": -1}}

    def start(self) -> Metrics:
        self.X, self.Y = np.empty(0), np.empty(0)
        self.draw_more(50)
        return self.measured()

    def step(self) -> Metrics:
        self.draw_more(self.draws)
        if len(self.X) >= MOST:
            self.finish(f"{MOST} draws: what is measured is as near to theory as it need be.")
        return self.measured()

    def draw_more(self, k: int) -> None:
        x = self.rng.standard_normal(k)
        self.X = np.append(self.X, x)
        self.Y = np.append(self.Y, self.slope * x + self.spread * self.rng.standard_normal(k))

    def corrected(self) -> np.ndarray:
        """X^ = X + c (Y − E Y), with E Y = 0 known."""
        return self.X + self.c * self.Y

    def law(self, c: float | np.ndarray) -> float | np.ndarray:
        return corrected_variance(c, 1, self.slope**2 + self.spread**2, self.slope)

    def best(self) -> float:
        return -self.slope / (self.slope**2 + self.spread**2) if self.slope or self.spread else 0.0

    def measured(self) -> Metrics:
        hat = self.corrected()
        return {
            "variance/X": float(self.X.var()),
            "variance/corrected": float(hat.var()),
            "variance/theory": float(self.law(self.c)),
            "mean/X": float(self.X.mean()),
            "mean/corrected": float(hat.mean()),
        }

    @action
    def choose_c(self, x: float, y: float) -> None:
        """Drag the ball along the parabola."""
        self.c = float(np.clip(x, -2, 2))

    def panels(self) -> marks.Layout:
        return Row(
            Column(
                Panel(
                    "X and corrected X",
                    Line("before", label="X", tint="0", width=1, fill=True),
                    Line("after", label="X + c (Y − E Y)", tint="1", width=1.5, fill=True),
                    x="value",
                    y="density",
                    range_x=(-4, 4),
                ),
                Panel("Means", Curve("mean"), x="step t", y="mean", help="Both are right in the long run: 0"),
                sizes=(2, 1),
            ),
            Column(
                Panel(
                    "Variance by c",
                    Line("parabola", label="theory", tint="text"),
                    Dots("found", tint="accent", big=True),
                    Dots("lowest", shape="star", tint="good", big=True),
                    Handle("ball", drag="choose_c", label="c", along="x"),
                    x="c",
                    y="Var",
                    range_x=(-2, 2),
                    range_y=(0, max(2.0, 1.3 * float(self.law(self.c)))),
                    help="Star: c* = −Cov/Var Y. Blue: as measured",
                ),
                Panel("Variance", Curve("variance"), x="step t", y="Var"),
                Panel("Correction", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    @drawn
    def before(self) -> np.ndarray:
        return self.outline(self.X)

    @drawn
    def after(self) -> np.ndarray:
        return self.outline(self.corrected())

    def outline(self, sample: np.ndarray) -> np.ndarray:
        edges = np.linspace(-4, 4, BINS + 1)
        return stairs(edges, np.histogram(sample, edges)[0] / len(sample) / (edges[1] - edges[0]))

    @drawn
    def parabola(self) -> np.ndarray:
        c = np.linspace(-2, 2, 200)
        return np.column_stack([c, self.law(c)])

    @drawn
    def found(self) -> np.ndarray:
        return np.array([[self.c, self.corrected().var()]])

    @drawn
    def lowest(self) -> np.ndarray:
        return np.array([[self.best(), self.law(self.best())]])

    @drawn
    def ball(self) -> np.ndarray:
        return np.array([self.c, self.law(self.c)])

    @drawn
    def update(self) -> Update:
        return Update(
            r"\hat{X} = X + c\, (Y - E)",
            {
                r"\hat{X}": float(self.X[-1] + self.c * self.Y[-1]),
                "X": float(self.X[-1]),
                "c": self.c,
                "Y": float(self.Y[-1]),
                "E": 0.0,
            },
        )

    @drawn
    def said(self) -> str:
        left = float(self.law(self.best()))
        return (
            f"At c* = {self.best():.3g} the variance is 1 − corr² = {left:.3g} of X's; at c = {self.c:.3g} theory "
            f"says {float(self.law(self.c)):.3g}, {len(self.X)} draws say {self.corrected().var():.3g}. "
            "In SAGA, Y is the remembered gradient and E Y the mean of the buffer."
        )
