"""two weights: a chain of two sigmoid units is all weights at once: squared loss and cross-entropy over the plane."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Dataset, Point, Slider
from lab.experiment import Experiment, Field, Metrics, Update, drawn
from lab.experiments.descent.loss_landscape._training import METHODS, Method
from lab.marks import Column, Curve, Dots, Equation, Handle, Heat, Line, Note, Panel, Row, Surface, Tabs, Trail
from lab.maths.activations import sigmoid
from lab.maths.optimisers import RULES
from lab.maths.sigmoid_chain import LOSSES, curvatures, gradient, value

REACH = 10.0
ENDS = (-REACH, REACH)
PLATEAU = 0.01  # a slope below it
GOAL = 0.02  # a loss this near to the lowest in the window has arrived


class TwoWeights(Method, Experiment):
    points = Dataset(
        "two gaussians", kinds=("two gaussians", "line", "moons", "xor"), n=40, noise=0.6,
        help="only x₁ counts: drag a point over, and the surfaces change",
    )  # fmt: skip
    begin = Point(
        (2, -6), x=ENDS, y=ENDS, symbol="w(0)", label="Start", restarts=True, help="where both begin: drag it"
    )
    optimiser = Choice(METHODS, help="how a gradient becomes a step, on both surfaces alike")
    resolution = Count(60, 10, 120, view=True, label="Grid", help="places along each edge of the surfaces")
    rate = Slider(
        1, 0.01, 50, log=True, symbol="η", limit="safe", help="how far a step goes; marks: 1/λ and 2/λ on cross-entropy"
    )

    metrics = {"loss": "C", "slope": "|∇C|"}
    fixed = ("u", "y")
    random = False
    prompts = (
        ("One start: who is stuck where the sigmoid is flat?", {"begin": (2, -6)}),
        ("Near the saddle at (0, 0)", {"begin": (0.3, -0.4)}),
        ("Down the steep side: who ends in the shallower valley?", {"begin": (-3, 7)}),
        ("Does momentum help off the plateau?", {"begin": (8, -8), "optimiser": "momentum"}),
    )
    presets = {"Plateau": {"begin": (8, -8)}, "By Adam": {"optimiser": "Adam", "rate": 0.2}}
    tiny = {"points": {"n": 12}, "resolution": 12}

    # ------------------------------------------------------------ the race

    @classmethod
    def following(cls, name: str, value: object) -> dict[str, object]:
        return {"rate": {"RMSProp": 0.1, "Adam": 0.1}.get(str(value), 1.0)} if name == "optimiser" else {}

    def start(self) -> Metrics:
        self.take_points()
        self.squared, self.entropy = np.array([self.begin]), np.array([self.begin])
        self.averages = {name: RULES[self.optimiser].begin(self.squared[0]) for name in LOSSES}
        return self.measured()

    def step(self) -> Metrics:
        """Both step down their own surface, with the same rate."""
        self.squared = self.moved("squared", self.squared)
        self.entropy = self.moved("cross-entropy", self.entropy)
        return self.measured()

    def moved(self, name: str, at: np.ndarray) -> np.ndarray:
        rule, averages = RULES[self.optimiser], self.averages[name]
        g = gradient(name, at[0], self.u, self.y)
        rule.average(averages, g, self.knobs())
        return at + rule.move(averages, g, self.knobs())

    def measured(self) -> Metrics:
        row = {}
        for name, at in self.walkers():
            row[f"loss/{name}"] = float(value(name, at, self.u, self.y))
            row[f"slope/{name}"] = float(np.hypot(*gradient(name, at, self.u, self.y)))
        return row

    def walkers(self) -> tuple[tuple[str, np.ndarray], ...]:
        return ("squared", self.squared[0]), ("cross-entropy", self.entropy[0])

    def take_points(self) -> None:
        self.u, self.y = self.points.x[:, 0].copy(), (self.points.y == 1).astype(float)

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()
        elif name == "optimiser":
            self.averages = {one: RULES[self.optimiser].begin(self.squared[0]) for one in LOSSES}

    # ------------------------------------------------------------ pictures

    def field(self, name: str) -> Field:
        w1, w2 = np.meshgrid(*[np.linspace(*ENDS, self.resolution)] * 2)
        return Field(value(name, (w1, w2), self.u, self.y), ENDS, ENDS)

    @drawn(on=("u", "y", "resolution"))
    def squared_ground(self) -> Field:
        return self.field("squared")

    @drawn(on=("u", "y", "resolution"))
    def entropy_ground(self) -> Field:
        return self.field("cross-entropy")

    @drawn
    def squared_height(self) -> np.ndarray:
        return np.array([value("squared", self.squared[0], self.u, self.y)])

    @drawn
    def entropy_height(self) -> np.ndarray:
        return np.array([value("cross-entropy", self.entropy[0], self.u, self.y)])

    @drawn(on=("u", "y"))
    def bent(self) -> tuple[str, str]:
        """On what share of the window each surface curves down somewhere."""
        w1, w2 = np.meshgrid(*[np.linspace(*ENDS, 41)] * 2)
        shares = []
        for name in LOSSES:
            xx, xy, yy = curvatures(name, (w1, w2), self.u, self.y)
            lowest = (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)
            shares.append(f"bends down on {100 * float((lowest < -1e-9).mean()):.0f} %")
        return shares[0], shares[1]

    @drawn
    def squared_bent(self) -> str:
        return self.bent()[0]

    @drawn
    def entropy_bent(self) -> str:
        return self.bent()[1]

    @drawn
    def safe(self) -> np.ndarray:
        if self.optimiser != "GD":
            return np.empty(0)
        xx, xy, yy = curvatures("cross-entropy", self.entropy[0], self.u, self.y)
        top = float((xx + yy) / 2 + np.hypot((xx - yy) / 2, xy))
        return np.array([1, 2]) / top if top > 1e-6 else np.empty(0)

    @drawn
    def squared_answer(self) -> np.ndarray:
        return self.answer(self.squared[0])

    @drawn
    def entropy_answer(self) -> np.ndarray:
        return self.answer(self.entropy[0])

    def answer(self, w: np.ndarray) -> np.ndarray:
        x = np.linspace(-6, 6, 97)
        return np.column_stack([x, sigmoid(w[1] * sigmoid(w[0] * x))])

    @drawn
    def first(self) -> np.ndarray:
        return np.array([0])

    @drawn
    def samples(self) -> np.ndarray:
        return np.column_stack([self.u, self.y])

    @drawn
    def classes(self) -> np.ndarray:
        return self.y.astype(int)

    @drawn
    def update(self) -> Update:
        (_, v), (_, w) = self.walkers()
        return Update(
            r"\hat y = \sigma(w_2\, \sigma(w_1 x)) \\ "
            r"w_2^S \to w_2^S - \eta\, \partial_2 C_S \\ w_2^E \to w_2^E - \eta\, \partial_2 C_E",
            {
                r"\eta": self.rate,
                "w_2^S": v[1],
                r"\partial_2 C_S": gradient("squared", v, self.u, self.y)[1],
                "w_2^E": w[1],
                r"\partial_2 C_E": gradient("cross-entropy", w, self.u, self.y)[1],
            },
        )

    @drawn
    def said(self) -> str:
        slopes = [float(np.hypot(*gradient(name, at, self.u, self.y))) for name, at in self.walkers()]
        lows = [float(ground.z.min()) for ground in (self.squared_ground(), self.entropy_ground())]
        near = [value(n, at, self.u, self.y) - low < GOAL for (n, at), low in zip(self.walkers(), lows)]
        if self.t == 0:
            return (
                f"From one start: the squared loss has a slope of {slopes[0]:.2g} there, cross-entropy {slopes[1]:.2g}."
            )
        if all(near):
            return "Both are as low as the window goes."
        if near[1]:
            still = "stands on a plateau, or in another valley" if slopes[0] < PLATEAU else "is on its way"
            return f"Cross-entropy has arrived; the squared loss {still}, with a slope of {slopes[0]:.2g}."
        if near[0]:
            how = "rests in another valley" if slopes[1] < PLATEAU else "is on its way"
            return f"The squared loss has arrived; cross-entropy {how}, with a slope of {slopes[1]:.2g}."
        steeper = slopes[1] / max(slopes[0], 1e-300)
        if steeper < 1:
            return f"Here the squared loss is the steeper of the two: {slopes[0]:.2g} against {slopes[1]:.2g}."
        times = f"{steeper:.1f} times" if steeper < 1000 else "more than a thousand times"
        return f"Cross-entropy is {times} as steep where it is as the squared loss where that is."

    def panels(self) -> marks.Layout:
        plane = {"x": "w₁", "y": "w₂", "range_x": ENDS, "range_y": ENDS}

        def surfaces(title: str, name: str) -> Tabs:
            return Tabs(
                Panel(
                    title,
                    Heat(f"{name}_ground", bar=True),
                    Trail(name),
                    Dots(name, colour="first", big=True),
                    Handle("begin", drag="begin", label="start"),
                    **plane,
                    detail=f"{name}_bent",
                    help="bends down: where one of the Hessian's eigenvalues is below 0, so the surface is not convex",
                ),
                Panel(
                    f"{title}, lit",
                    Surface(f"{name}_ground", points=name, heights=f"{name}_height", trail=name),
                    x="w₁",
                    y="w₂",
                ),
            )

        return Column(
            Row(surfaces("Squared", "squared"), surfaces("Cross-entropy", "entropy")),
            Row(
                Tabs(
                    Panel("Loss", Curve("loss"), x="step t", y="C"),
                    Panel("Slope", Curve("slope", log_y=True), x="step t", y="|∇C|"),
                ),
                Panel(
                    "Chain",
                    Dots("samples", colour="classes"),
                    Line("squared_answer", label="squared", tint="0"),
                    Line("entropy_answer", label="cross-entropy", tint="1"),
                    x="x₁",
                    y="ŷ",
                    range_x=(-6, 6),
                    range_y=(-0.05, 1.05),
                    help="without offsets σ(w₂ σ(w₁ x)) stays on one side of 1/2: no choice of weights gets all right",
                ),
                Panel(
                    "Update",
                    Equation("update"),
                    Note("said"),
                    help="S: squared, the mean of (y − ŷ)²; E: cross-entropy, the mean of −ln p of the right class",
                ),
            ),
            sizes=(3, 2),
        )
