"""One slope: a line through the origin, and its loss as the mean of one parabola a point."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Dataset, Slider
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row, Tabs
from lab.maths.least_squares import Array, gradient, loss
from lab.maths.linear_fits import curvatures

EDGE = 6.5
FAR = 1e12  # a slope that diverges is drawn no further out
WAYS = ("all points", "one point at a time")


def own(*places: tuple[float, float]) -> dict:
    """A data set of these points."""
    n = len(places)
    return {"kind": "own", "x": [list(at) for at in places], "y": [0] * n, "number": list(range(n))}


class OneSlope(Experiment):
    pace = 3

    points = Dataset(
        "trend",
        kinds=("trend", "wave"),
        n=14,
        noise=0.25,
        help="across the input x, upright the target y: click to add a point, drag it, right-click to take it away",
    )
    begin = Slider(-0.8, -3, 3, symbol="θ(0)", restarts=True, help="the slope before the first step")
    rate = Slider(0.015, 1e-3, 1, log=True, symbol="η", limit="safe", help="marks: 1/J″ lands at once, 2/J″ diverges")
    way = Choice(WAYS, label="Gradient of", help="the mean of all parabolas, or of one drawn at each step")

    metrics = {"loss": "J(θ)", "least": "J(θ*)", "distance": "|θ − θ*|"}
    fixed = ("X", "y")
    diverges = "η is past 2/J″ = n/Σx²: each step lands further from the bottom than it began."
    prompts = (
        ("One point: where is the bottom of its parabola?", {"points": own((2.0, 3.0))}),
        ("Two points that disagree: the mean lies between", {"points": own((2.0, 4.0), (3.0, -3.0))}),
        ("A point at x = 0: flat, for no slope can mend it", {"points": own((0.0, 3.0))}),
        ("η = 1/J″ exactly: one step", {"points": own((2.0, 3.0), (-1.0, 0.0), (1.0, 1.0)), "rate": 0.25}),
        ("One point at a time: it never rests. Why?", {"way": WAYS[1], "rate": 0.02}),
    )
    presets = {
        "Many points": {"points": "trend", "rate": 0.015},
        "One point": {"points": own((2.0, 3.0)), "rate": 0.05},
        "All on one line: J(θ*) = 0": {"points": own((-4.0, -6.0), (-2.0, -3.0), (1.0, 1.5), (3.0, 4.5))},
        "Too large a step": {"rate": 0.16},
    }
    tiny = {"points": {"n": 6}, "way": WAYS[1]}

    theta: float

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        self.theta, self.stepped = self.begin, 0.0
        self.take_points()
        return self.measured()

    def step(self) -> Metrics:
        """θ ← θ − η J′(θ), with J′(θ) = (2/n) Σ x (θx − y), or the same of one point."""
        X, y = self.X, self.y
        if self.way == WAYS[1]:
            self.picked = int(self.rng.integers(len(self.y)))
            X, y = X[[self.picked]], y[[self.picked]]
        with np.errstate(all="ignore"):
            self.stepped = -self.rate * float(gradient(np.array([self.theta]), X, y, 1 / len(y))[0])
            self.theta = self.theta + self.stepped
            self.law *= abs(1 - self.rate * self.bend)
        return self.measured()

    def measured(self) -> Metrics:
        with np.errstate(all="ignore"):
            row = {"loss": self.height(self.theta), "least": self.height(self.best)}
            return row | {"distance/run": abs(self.theta - self.best), "distance/|1 − ηJ″|ᵗ": self.law}

    def take_points(self) -> None:
        self.X, self.y = self.points.x[:, :1], self.points.x[:, 1]
        self.bend = float(curvatures(self.X)[0][0])  # J″ = (2/n) Σx²
        squares = float((self.X**2).sum())
        self.best = float(self.X[:, 0] @ self.y) / squares if squares else 0.0  # Σxy / Σx²
        self.picked = -1
        self.changed("rate")

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()
        self.law = abs(self.theta - self.best)

    @action
    def slide(self, index: int, x: float, y: float) -> None:
        """Drag the ball: the line turns with it."""
        self.theta, self.stepped = float(np.clip(x, -1e6, 1e6)), 0.0
        self.law = abs(self.theta - self.best)

    @action
    def solve(self) -> None:
        """Jump to the closed form θ* = Σxy / Σx²."""
        self.slide(0, self.best, 0.0)

    def height(self, theta: float) -> float:
        return float(loss([theta], self.X, self.y, 1 / len(self.y)))

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Row(
            Column(
                Panel(
                    "Data",
                    Line("residuals", tint="warn", width=1.5),
                    Line("line_best", label="θ*", tint="quiet", dashed=True),
                    Line("line", label="θ", tint="accent", width=3),
                    Dots("x", ring="asked", drag="points.move", add="points.add", erase="points.erase"),
                    x="x",
                    y="y",
                    range_x=(-EDGE, EDGE),
                    range_y=(-EDGE, EDGE),
                    detail="line_said",
                ),
                Panel("Step", Equation("update"), Note("said")),
                sizes=(5, 4),
            ),
            Column(
                Panel(
                    "Loss",
                    Line("parabolas", label="(θxᵢ − yᵢ)²", tint="quiet", width=1),
                    Line("parabola_asked", tint="warn", width=2),
                    Line("mean", label="mean J(θ)", tint="text", width=3.5),
                    Line("tangent", tint="accent", width=2.5),
                    Guide(x="bottom"),
                    Dots("star", shape="star", tint="text", big=True),
                    Dots("ball", shape="disc", tint="accent", big=True, drag="slide"),
                    x="slope θ",
                    y="loss",
                    range_x=(-3.2, 3.2),
                    range_y=(-0.05 * self.top(), self.top()),
                    detail="bottom_said",
                    help="Drag the ball. Thin: what each point alone would ask for; its own bottom is yᵢ/xᵢ",
                ),
                Tabs(
                    Panel("Over the steps", Curve("loss", "least"), x="step t", y="J"),
                    Panel("Distance", Curve("distance", log_y=True), x="step t", y="|θ − θ*|"),
                ),
                sizes=(6, 4),
            ),
        )

    def top(self) -> float:
        """High enough for most of the bowl at the start of the run, and for where the run begins."""
        return max(1.1 * self.height(self.begin), 2.5 * self.height(self.best), 4.0)

    @drawn
    def x(self) -> Array:
        return self.points.x

    @drawn
    def asked(self) -> Array:
        return np.arange(len(self.y)) == self.picked

    def shown_theta(self) -> float:
        return float(np.clip(np.nan_to_num(self.theta, nan=FAR), -FAR, FAR))

    @drawn
    def line(self) -> Array:
        return np.array([(-9.0, -9.0 * self.shown_theta()), (9.0, 9.0 * self.shown_theta())])

    @drawn
    def line_best(self) -> Array:
        return np.array([(-9.0, -9.0 * self.best), (9.0, 9.0 * self.best)]) if self.bend else np.empty((0, 2))

    @drawn
    def residuals(self) -> tuple[Array, ...]:
        theta = self.shown_theta()
        return tuple(np.array([(x, y), (x, theta * x)]) for (x,), y in zip(self.X, self.y))

    def across(self) -> Array:
        return np.linspace(-3.4, 3.4, 97)

    @drawn
    def parabolas(self) -> tuple[Array, ...]:
        if len(self.y) == 1:
            return ()
        t = self.across()
        return tuple(np.column_stack([t, (t * x - y) ** 2]) for (x,), y in zip(self.X[:60], self.y))

    @drawn
    def parabola_asked(self) -> Array:
        if self.picked < 0:
            return np.empty((0, 2))
        t = self.across()
        return np.column_stack([t, (t * self.X[self.picked, 0] - self.y[self.picked]) ** 2])

    @drawn
    def mean(self) -> Array:
        t = self.across()
        return np.column_stack([t, self.height(self.best) + self.bend / 2 * (t - self.best) ** 2])

    @drawn
    def ball(self) -> Array:
        theta = self.shown_theta()
        return np.array([(theta, self.height(theta))])

    @drawn
    def tangent(self) -> Array:
        theta, slope = self.shown_theta(), self.bend * (self.shown_theta() - self.best)
        reach = np.array([-0.6, 0.6]) / np.hypot(1, slope / 20)
        return np.column_stack([theta + reach, self.height(theta) + slope * reach])

    @drawn
    def star(self) -> Array:
        return np.array([(self.best, self.height(self.best))]) if self.bend else np.empty((0, 2))

    @drawn
    def bottom(self) -> Array:
        return np.array([self.best]) if self.bend else np.empty(0)

    @drawn
    def safe(self) -> Array:
        return np.array([1 / self.bend, 2 / self.bend]) if self.bend else np.empty(0)

    @drawn
    def line_said(self) -> str:
        return f"y = {self.shown_theta():.3g} x".replace("-", "−")

    @drawn
    def bottom_said(self) -> str:
        if not self.bend:
            return "flat: every θ is as good"
        name = "y/x" if len(self.y) == 1 else "Σxy/Σx²"
        return f"θ* = {name} = {self.best:.3g}".replace("-", "−")

    @drawn
    def update(self) -> Update:
        theta = self.shown_theta()
        if self.way == WAYS[1] and self.picked >= 0:
            return Update(
                r"\theta_{t+1} = \theta_t - \eta \cdot 2 x_i\,(\theta_t x_i - y_i)",
                {
                    r"\theta_{t+1}": theta,
                    r"\theta_t": float(np.nan_to_num(theta - self.stepped)),
                    r"\eta": self.rate,
                    "x_i": float(self.X[self.picked, 0]),
                    "y_i": float(self.y[self.picked]),
                },
            )
        return Update(
            r"\theta_{t+1} = \theta_t - \eta\, J'(\theta_t) \\ J'(\theta) = \frac{2}{n}\left(\theta\, S - R\right) "
            r"\\ \theta^* = \frac{R}{S}, \quad R = \sum x_i y_i, \quad S = \sum x_i^2",
            {
                r"\theta_t": theta,
                r"\theta": theta,
                r"\eta": self.rate,
                r"J'(\theta_t)": self.bend * (theta - self.best),
                "n": len(self.y),
                "S": float((self.X**2).sum()),
                "R": float(self.X[:, 0] @ self.y),
                r"\theta^*": self.best,
            },
        )

    @drawn
    def said(self) -> str:
        if not self.bend:
            return "x = 0: the line passes through the origin whatever θ is, so J is flat and no slope is the best."
        if self.way == WAYS[1] and self.picked >= 0:
            x, y = float(self.X[self.picked, 0]), float(self.y[self.picked])
            wants = f"wants θ = {y / x:.3g}" if abs(x) > 1e-9 else "does not care about θ"
            return f"Point {self.picked} {wants}, all together {self.best:.3g}: one point pulls for itself.".replace(
                "-", "−"
            )
        factor = self.rate * self.bend
        if self.height(self.best) < 1e-12 and abs(self.theta - self.best) < 1e-6:
            return "J is 0: all points lie on one line through the origin. That is the only way to reach 0."
        if factor > 2:
            return f"η J″ = {factor:.3g} is past 2: every step lands further out on the other side."
        if abs(factor - 1) < 1e-3:
            return "η J″ = 1: a parabola's tangent leads to its bottom in a single step."
        if factor > 1:
            return f"η J″ = {factor:.3g}: each step crosses the bottom, {abs(1 - factor):.3g} as far on the other side."
        return f"Each step leaves {1 - factor:.3g} of the way: 1 − η J″, with J″ = 2Σx²/n = {self.bend:.3g}."
