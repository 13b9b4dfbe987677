"""one input: an S curve learns from labels 0 and 1, while its loss rolls down beside it."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Dataset, Slider, Switch
from lab.data.points import Points
from lab.data.tables import table
from lab.experiment import Experiment, Field, Metrics, Update, action, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Handle, Heat, Line, Note, Panel, Row, Table, Tabs, Trail
from lab.maths.log_loss import CROSS_ENTROPY, band, likeliest
from lab.maths.logistic import sigmoid, smoothness

OWN, TUMOURS = "points", "tumours"
REACH = {OWN: 10.0, TUMOURS: 5.5}  # of the input, to either side
WIDEST = {OWN: 3.0, TUMOURS: 6.0}  # weights shown, to either side
LEAST_GRADIENT = 1e-4
EIGHTEEN = Points(
    [(x, 0) for x in (*range(-9, 0), *range(1, 10))],
    [0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1],
)
APART = Points([(x, 0) for x in (-5, -4, -3, 3, 4, 5)], [0, 0, 0, 1, 1, 1])


class Labels:
    """Labels 0 and 1 along a line, set by hand: a place above the middle means 1, one below it 0."""

    points: Any
    X: np.ndarray  # its second column is the input
    y: np.ndarray

    def changed(self, name: str) -> None:
        raise NotImplementedError

    @action
    def put(self, x: float, y: float, label: int) -> None:
        """Click above the middle for a 1, below for a 0."""
        self.points = self.points.add(x, 0, int(y > 0.5))
        self.changed("points")

    @action
    def move(self, index: int, x: float, y: float) -> None:
        """Drag a point along, or across the middle to change its label."""
        self.points = self.points.move(index, x, 0).paint(index, int(y > 0.5))
        self.changed("points")

    @drawn(on=("X", "y"))
    def labelled(self) -> np.ndarray:
        """Drawn a little apart, so that all are seen."""
        jitter = (np.arange(len(self.y)) * 0.618 % 1 - 0.5) * 0.16
        return np.column_stack([self.X[:, 1], self.y + jitter])


class OneInput(Labels, Experiment):
    pace = 12
    data = Choice(
        [OWN, TUMOURS], restarts=True, help="points to click, or 569 tumours: their area, and whether malignant"
    )
    points = Dataset(
        "two gaussians",
        kinds=("two gaussians", "line", "moons"),
        n=30,
        noise=0.8,
        when={"data": (OWN,)},
        help="click above for a 1, below for a 0; drag to move; right-click to take away",
    )
    offset = Switch(True, symbol="b", restarts=True, help="learn an offset too; without it the curve is ½ at 0")
    begin = Slider(-1.5, -3, 3, symbol="w(0)", restarts=True, help="the weight at the start")
    rate = Slider(0.3, 0.001, 20, log=True, symbol="α", limit="safe", help="step size; marked: 1/L and 2/L")
    cursor = Slider(1, -5, 5, symbol="x", view=True, label="Read at", help="where odds and probability are read")

    metrics = {"loss": "l", "least": "l*", "gradient": "|∇l|"}
    fixed = ("X", "y")
    random = False
    prompts = (
        ("Start with the wrong sign: watch the S turn over", {"data": OWN, "begin": -3}),
        ("No offset: the curve is pinned at ½ over 0", {"data": OWN, "offset": False}),
        ("Labels that one cut parts: where does w stop?", {"data": OWN, "points": APART.to_json(), "rate": 1}),
        ("569 tumours: what does a larger area do to the odds?", {"data": TUMOURS, "rate": 2}),
        ("A rate past 2/L", {"data": OWN, "points": EIGHTEEN.to_json(), "rate": 4, "offset": False, "begin": 1}),
    )
    presets = {
        "Eighteen points, no offset": {"data": OWN, "points": EIGHTEEN.to_json(), "offset": False, "begin": -0.5},
        "Separable": {"data": OWN, "points": APART.to_json()},
        "Tumours by area": {"data": TUMOURS, "rate": 2},
    }
    tiny = {"points": {"n": 12}}

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        self.take_points()
        self.w = self.before = np.array([0, self.begin])  # offset b and weight w
        return self.measured()

    def step(self) -> Metrics:
        """w ← w − α ∇l(w), where ∇l = mean of (π − y) x̃ and x̃ = (1, x)."""
        gradient = self.gradient()
        self.before, self.slope = self.w, gradient
        self.w = self.w - self.rate * gradient
        row = self.measured()
        if row["gradient"] < LEAST_GRADIENT:
            self.finish(f"The slope is below {LEAST_GRADIENT:g}: the curve no longer moves.")
        return row

    def gradient(self) -> np.ndarray:
        return CROSS_ENTROPY.gradient(self.w, self.X, self.y) * (self.offset, True)

    def measured(self) -> Metrics:
        row = {"loss": CROSS_ENTROPY.mean(self.w, self.X, self.y), "gradient": float(np.linalg.norm(self.gradient()))}
        return {**row, "least": self.lowest()}

    @property
    def wide(self) -> float:
        return WIDEST[self.data]

    def take_points(self) -> None:
        if self.data == TUMOURS:
            cases = table("breast cancer")
            x, self.y = cases.x[:, cases.features.index("mean area")], (cases.y == 0).astype(float)
            self.middle, self.unit = float(x.mean()), float(x.std())
            x = (x - self.middle) / self.unit
        else:
            x, self.y = self.points.x[:, 0], (self.points.y == 1).astype(float)
            self.middle, self.unit = 0.0, 1.0
        self.X = np.column_stack([np.ones(len(x)), x])
        self.slope = np.zeros(2)
        self.fit = likeliest(self.X[:, 0 if self.offset else 1 :], self.y)

    def lowest(self) -> float:
        """The least loss there is: 0 is never reached where the labels can be parted."""
        return 0.0 if self.fit is None else CROSS_ENTROPY.mean(self.fit.w, self.X[:, -len(self.fit.w) :], self.y)

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()

    @action
    def roll(self, x: float, y: float) -> None:
        """Put the ball on the loss elsewhere: w follows."""
        self.w = np.array([self.w[0], np.clip(x, -self.wide, self.wide)])

    @action
    def lay(self, x: float, y: float) -> None:
        """Put both weights elsewhere."""
        self.w = np.clip((x if self.offset else 0, y), -self.wide, self.wide)

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        reach = REACH[self.data]
        own: dict[str, Any] = {"drag": "move", "add": "put", "erase": "points.erase"} if self.data == OWN else {}
        slice_of_loss = Panel(
            "Loss over w",
            Guide(y="floor"),
            Line("valley", tint="accent", width=3),
            Line("tangent", tint="warn", dashed=True),
            Handle("ball", drag="roll", label="w", along="x"),
            x="w",
            y="l(w)",
            range_x=(-self.wide, self.wide),
            detail="weight",
            help="the loss as w alone changes, b being what it is now; drag the ball",
        )
        both = Panel(
            "Loss over b and w",
            Heat("bowl", levels=18, log=True),
            Trail("w"),
            Dots("bottom", shape="star", tint="text", big=True),
            Handle("w", drag="lay"),
            x="b",
            y="w",
            range_x=(-self.wide, self.wide),
            range_y=(-self.wide, self.wide),
            detail="stand",
        )
        return Row(
            Column(
                Panel(
                    "Labels under an S",
                    Guide(y="threshold"),
                    Dots("labelled", colour="classes", **own),
                    Line("band", label="95 % band", tint="quiet", dashed=True),
                    Line("curve", label="σ(b + wx)", tint="accent", width=4),
                    Guide(x="cursor", tint="warn"),
                    x="x" if self.data == OWN else "area, standardised",
                    y="label y, probability π",
                    range_x=(-reach, reach),
                    range_y=(-0.16, 1.16),
                    detail="cut",
                    help="labels are 0 or 1; they are drawn a little apart so that all are seen",
                ),
                Row(
                    Panel("Loss", Curve("loss", "least"), x="step t", y="l"),
                    Panel("Odds", Table("odds", header="odds_header"), detail="ratio"),
                ),
                sizes=(3, 2),
            ),
            Column(
                Tabs(*((slice_of_loss, both) if self.offset else (slice_of_loss,))),
                Panel("Update", Equation("update"), Note("said")),
                sizes=(3, 2),
            ),
            sizes=(3, 2),
        )

    @drawn
    def threshold(self) -> float:
        return 0.5

    @drawn
    def classes(self) -> np.ndarray:
        return self.y.astype(int)

    def along(self) -> np.ndarray:
        reach = REACH[self.data]
        x = np.linspace(-reach, reach, 301)
        return np.column_stack([np.ones_like(x), x])

    @drawn
    def curve(self) -> np.ndarray:
        X = self.along()
        return np.column_stack([X[:, 1], sigmoid(X @ self.w)])

    @drawn(on=("X", "y"))
    def band(self) -> list[np.ndarray]:
        if self.fit is None:
            return []
        X = self.along()
        return [np.column_stack([X[:, 1], side]) for side in band(X[:, -len(self.fit.w) :], self.fit)]

    @drawn
    def valley(self) -> np.ndarray:
        w = np.linspace(-self.wide, self.wide, 201)
        return np.column_stack([w, CROSS_ENTROPY.heights(self.w[:1], w, self.X, self.y)[:, 0]])

    @drawn
    def ball(self) -> np.ndarray:
        return np.array([self.w[1], CROSS_ENTROPY.mean(self.w, self.X, self.y)])

    @drawn
    def tangent(self) -> np.ndarray:
        slope, (w, height) = self.gradient()[1], self.ball()
        run = 1.2 / np.hypot(1, slope)
        return np.array([(w - run, height - run * slope), (w + run, height + run * slope)])

    @drawn(on=("X", "y"))
    def bowl(self) -> Field:
        side = np.linspace(-self.wide, self.wide, 70)
        return Field(
            CROSS_ENTROPY.heights(side, side, self.X, self.y), (-self.wide, self.wide), (-self.wide, self.wide)
        )

    @drawn
    def bottom(self) -> np.ndarray:
        return np.empty((0, 2)) if self.fit is None or not self.offset else self.fit.w[None, :]

    @drawn
    def floor(self) -> float:
        return self.lowest()

    @drawn
    def weight(self) -> str:
        return f"w = {self.w[1]:.3g}".replace("-", "−")

    @drawn
    def stand(self) -> str:
        return f"b = {self.w[0]:.2f}, w = {self.w[1]:.2f}".replace("-", "−")

    @drawn
    def cut(self) -> str:
        right = ((self.X @ self.w > 0) == (self.y > 0.5)).mean()
        return f"{right:.1%} right"

    @drawn(on=("X", "offset"))
    def safe(self) -> np.ndarray:
        L = smoothness(self.X[:, 0 if self.offset else 1 :])
        return np.array([1, 2]) / L

    # ------------------------------------------------------------ odds

    def raw(self) -> tuple[float, float]:
        """b and w for the input as it was measured."""
        return float(self.w[0] - self.w[1] * self.middle / self.unit), float(self.w[1] / self.unit)

    @drawn
    def ratio(self) -> str:
        return f"e^w = {np.exp(np.clip(self.raw()[1], -50, 50)):.6g}"

    @drawn
    def odds_header(self) -> list[str]:
        return ["x" if self.data == OWN else "area", "log odds", "odds", "π"]

    @drawn
    def odds(self) -> list[list[str]]:
        b, w = self.raw()
        at = self.middle + self.unit * self.cursor
        step = 1 if self.data == OWN else 100
        rows = []
        for x in (at, at + 1, at + step) if step > 1 else (at, at + 1, at + 2):
            z = b + w * x
            rows.append([f"{x:.5g}", f"{z:.4g}", f"{np.exp(np.clip(z, -50, 50)):.4g}", f"{sigmoid(z):.4g}"])
        return rows

    @drawn
    def update(self) -> Update:
        latex = r"w^+ = w - \alpha \, \nabla l \\ \nabla l = \frac{1}{n} \sum (\pi - y) \, \tilde{x}"
        return Update(latex, {"w^+": self.w, "w": self.before, r"\alpha": self.rate, r"\nabla l": self.slope})

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        loss = CROSS_ENTROPY.mean(self.w, self.X, self.y)
        if self.fit is None:
            return (
                f"Some cut parts the labels, so the loss ({loss:.4f}) can sink towards 0 for ever and w grows without "
                "end: the data alone never say how steep is steep enough."
            )
        above = loss - self.lowest()
        how = "rises" if self.w[1] > 0 else "falls"
        if self.data == TUMOURS:
            b, w = self.raw()
            return (
                f"In units of the table b = {b:.4g} and w = {w:.5g}: a unit of area multiplies the odds of malignant "
                f"by {np.exp(w):.5f}. The loss is {above:.4f} above its least."
            ).replace("-", "−")
        return f"The S {how} with x. The loss is {loss:.4f}, {above:.2g} above the least; ln 2 = 0.6931 is w = 0."
