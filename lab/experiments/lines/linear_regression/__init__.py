"""linear regression: a line swings onto the data while a dot rolls down the bowl of its squared residuals."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Dataset, Point, Slider, Switch, Unfit
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.experiments.lines.linear_regression._pictures import Pictures
from lab.experiments.lines.linear_regression._samples import (
    CARS,
    DIABETES,
    LINE,
    OWN,
    ROOMS,
    SAMPLES,
    WIDE,
    Sample,
    sample,
)
from lab.experiments.lines.linear_regression._tools import Tools
from lab.marks import (
    Column,
    Curve,
    Dots,
    Equation,
    Guide,
    Handle,
    Heat,
    Line,
    Note,
    Panel,
    Row,
    Tabs,
    Trail,
)
from lab.maths import least_squares as ls

GD, ONE, SOME, SEARCH, JUMP = "gradient descent", "one sample", "mini-batch", "random search", "closed form"
RAW, STANDARD, LOG = "as they are", "standardised", "logarithm"
ALIKE = {"kind": "own", "x": [[2, y] for y in (-1, 0, 1, 2, 4)], "y": [0] * 5, "number": list(range(5))}
KEPT = 300  # random tries that stay in the picture
HOME: dict[str, dict[str, Any]] = {  # what each sample brings with it
    OWN: {"inputs": RAW, "rate": 0.02, "offset": 5, "slope": -1.5, "ask": 1},
    LINE: {"inputs": RAW, "rate": 0.05, "offset": 10, "slope": 1, "ask": 4},
    ROOMS: {"inputs": STANDARD, "rate": 0.05, "offset": 0, "slope": 0, "ask": 6},
    WIDE: {"inputs": RAW, "rate": 0.01, "offset": 0, "slope": 0, "ask": 9},
    CARS: {"inputs": LOG, "rate": 0.02, "offset": 0, "slope": 0, "ask": 600},
    DIABETES: {"inputs": STANDARD, "rate": 0.05, "offset": 0, "slope": 0, "ask": 35},
}


class LinearRegression(Pictures, Tools, Experiment):
    scenes = ("one-slope", "scales", "plane", "convergence", "storage", "weighted", "projection")

    data = Choice(SAMPLES, restarts=True, help="your own points, the texts' line, made rooms and cars, or patients")
    points = Dataset(
        "trend",
        kinds=("trend", "wave"),
        n=24,
        noise=0.25,
        when={"data": (OWN,)},
        help="click to add a point, drag to move it, right-click to take it away",
    )
    method = Choice([GD, ONE, SOME, SEARCH, JUMP], restarts=True, help="how θ is sought; others race gradient descent")
    objective = Choice(
        ls.OBJECTIVES,
        symbol="J",
        label="Loss",
        restarts=True,
        help="the sum's bowl is n times as steep: 2/λmax is n times less",
    )
    inputs = Choice([RAW, STANDARD, LOG], restarts=True, help="x, (x − mean)/deviation, or ln x: what θ₁ multiplies")
    rate = Slider(
        0.02, 1e-7, 10, log=True, symbol="η", limit="safe", help="marks: past 1/λmax it crosses, past 2/λmax it climbs"
    )
    halve = Switch(False, label="Halve until it converges", help="a step that climbs: back to the start with η/2")
    batch = Count(4, 1, 50, symbol="K", label="Batch size", when={"method": (SOME,)}, help="samples behind each step")
    tolerance = Slider(1e-5, 1e-9, 0.1, log=True, symbol="ε", help="descent stops when a step is shorter than this")
    offset = Slider(
        5, -200, 200, symbol="θ₀", label="Offset at the start", restarts=True, help="the line's height at input 0"
    )
    slope = Slider(
        -1.5, -60, 60, symbol="θ₁", label="Slope at the start", restarts=True, help="its rise for an input of 1 more"
    )
    residuals = Choice(("squares", "sticks", "none"), view=True, help="what is drawn from each point to the line")
    band = Choice(("none", "RMSE", "95 %"), view=True, help="± RMSE about the line, or the best line's confidence")
    ask = Slider(
        1, -200, 2000, symbol="x", label="Ask at", view=True, help="the input whose prediction the diamond tells"
    )
    ones = Switch(True, label="Append the 1", view=True, help="the offset as the weight of an input that is always 1")
    cell = Point((0, -1), view=True, label="Lit cell", help="click a column of the matrices: it rings its point")

    metrics = {
        "loss": "J",
        "length": "|Δθ|",
        "samples": "samples seen",
        "gap": "J − J*",
        "bound": "bound",
    }
    fixed = ("X", "y", "x")
    diverges = "η is past 2/λmax: along the steepest direction each step ends higher on the other side."
    prompts = (
        ("Drag a point: the bowl moves. Drag the dot in the bowl: the line moves", {"data": OWN}),
        ("Slide η past the two marks. What does the dot do at each?", {"data": OWN, "rate": 0.11}),
        ("Too large a rate, halved until it converges: where does it end?", {"data": LINE, "rate": 2, "halve": True}),
        ("Standardise the inputs: what becomes of the ellipses?", {"data": LINE, "inputs": STANDARD, "rate": 0.2}),
        ("The stupidest search against descent: who needs fewer looks at the data?", {"data": OWN, "method": SEARCH}),
    )
    presets = {
        "Bad line (10, 1)": {"data": LINE, "offset": 10, "slope": 1},
        "Good line (1, 3)": {"data": LINE, "offset": 1, "slope": 3},
        "Figure 2.7: α = 0.01, slow": {"data": WIDE, "rate": 0.01},
        "Figure 2.7: α = 0.0235, jagged": {"data": WIDE, "rate": 0.0235},
        "Figure 2.7: α = 0.024, diverges": {"data": WIDE, "rate": 0.024},
        "The sum, not the mean: η n times smaller": {"data": LINE, "objective": "sum of squares", "rate": 0.005},
        "Cars: inputs in their own units crawl": {"data": CARS, "inputs": RAW, "rate": 5e-7},
        "Cars: their logarithm": {"data": CARS, "inputs": LOG, "rate": 0.02},
        "Solve in one jump": {"method": JUMP},
        "Inputs all alike: a trough": {"data": OWN, "points": ALIKE},
    }
    tiny = {"method": ONE, "points": {"kind": "trend", "n": 12}}

    # ------------------------------------------------------------ the algorithm

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return HOME[value] if name == "data" else {}

    def start(self) -> Metrics:
        self.take_data()
        self.begin = np.array([self.offset, self.slope])
        self.window = self.around()
        self.reach = self.ends()
        return self.line_up(self.begin)

    def line_up(self, begin: np.ndarray) -> Metrics:
        """Everybody at one place; the count begins anew."""
        self.begin = begin
        self.theta = np.tile(begin, (1 if self.method == GD else 2, 1)).astype(float)
        self.move = np.zeros_like(self.theta)
        self.bound = self.gap(begin)
        self.seen = np.zeros(len(self.theta))
        self.tried = np.empty((0, 2))
        self.trial = begin
        self.taken: tuple[int, ...] = ()
        self.halvings = 0
        return self.measured()

    def take_data(self) -> None:
        """X with its ones, y, and the bowl they make: J(θ) = J(θ*) + ½ (θ − θ*)ᵀ H (θ − θ*)."""
        known = self.source()
        if self.inputs == LOG and known.x.min() <= 0:
            raise Unfit("inputs", f"only numbers above 0 have a logarithm, and the least input is {known.x.min():.3g}")
        self.x, self.y = known.x, known.y
        self.centre, self.spread = float(self.x.mean()), float(self.x.std()) or 1.0
        self.X = ls.design(self.phi(self.x))
        self.c = ls.weight(self.objective, len(self.y))
        self.H = ls.hessian(self.X, self.c)
        self.star = ls.solution(self.X, self.y)
        self.steepest = ls.largest_eigenvalue(self.H)

    def source(self) -> Sample:
        if self.data == OWN:
            return Sample(self.points.x[:, 0], self.points.x[:, 1], "x", "y")
        return sample(self.data)

    def phi(self, x: Any) -> Any:
        """What the line is straight in."""
        return {RAW: x, STANDARD: (x - self.centre) / self.spread, LOG: np.log(np.maximum(x, 1e-9))}[self.inputs]

    def eta(self) -> float:
        return float(self.rate / 2**self.halvings)

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """θ ← θ − η ∇J(θ), from all samples, from some, or not like that at all."""
        theta = self.theta.copy()
        theta[-1] -= self.eta() * ls.gradient(theta[-1], self.X, self.y, self.c)
        if self.halve and not self.gap(theta[-1]) <= self.gap(self.theta[-1]) + 1e-9:
            return self.begin_again()
        if self.method in (ONE, SOME):
            size = 1 if self.method == ONE else min(self.batch, len(self.y))
            i = self.rng.choice(len(self.y), size, replace=False)
            theta[0] -= self.eta() * ls.gradient(theta[0], self.X[i], self.y[i], self.c * len(self.y) / size)
            self.taken = tuple(i.tolist())
        elif self.method == SEARCH:
            self.trial = self.rng.uniform(self.window[:, 0], self.window[:, 1])
            self.tried = np.vstack([self.tried, self.trial])[-KEPT:]
            if self.J(self.trial) < self.J(theta[0]):
                theta[0] = self.trial
        elif self.method == JUMP:
            theta[0] = self.star
        self.seen = self.seen + [len(self.taken) or len(self.y), len(self.y)][: len(theta)]
        self.move, self.theta = theta - self.theta, theta
        self.bound *= self.shrink() ** 2
        if self.method in (GD, JUMP) and np.linalg.norm(self.move[-1]) < self.tolerance:
            self.finish(f"Step {self.t + 1} is shorter than ε: descent stops at θ = {pair(theta[-1])}.")
        return self.measured()

    def begin_again(self) -> Metrics:
        """The step would climb: back to the start, with half the rate."""
        halvings = self.halvings + 1
        row = self.line_up(self.begin)
        self.halvings = halvings
        return row

    def shrink(self) -> float:
        """The largest |1 − ηλ|: the share of an error that is surely not left after a step, if below 1."""
        return float(np.abs(1 - self.eta() * np.linalg.eigvalsh(self.H)).max())

    @np.errstate(all="ignore")
    def J(self, theta: np.ndarray) -> Any:
        return ls.loss(theta, self.X, self.y, self.c)

    @np.errstate(all="ignore")
    def gap(self, theta: np.ndarray) -> float:
        """J(θ) − J(θ*)."""
        return float(0.5 * (theta - self.star) @ self.H @ (theta - self.star))

    def measured(self) -> Metrics:
        row = {"gap": max(self.gap(self.theta[-1]), 1e-16), "bound": max(self.bound, 1e-16)}
        for k, lane in enumerate(self.lanes()):
            row |= {f"loss/{lane}": float(self.J(self.theta[k])), f"samples/{lane}": float(self.seen[k])}
            if length := float(np.linalg.norm(self.move[k])):
                row[f"length/{lane}"] = length
        return row

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_data()
            self.taken = ()
            self.bound = self.gap(self.theta[-1])
            if self.method == JUMP and self.seen.any():
                self.theta = np.vstack([self.star, self.theta[1]])
        elif name == "rate":
            self.halvings = 0

    # ------------------------------------------------------------ what a person does

    @action
    def put(self, x: float, y: float) -> None:
        """Drag the dot in the bowl: the line follows."""
        self.line_up(np.clip([x, y], -1e4, 1e4))

    @action
    def pull_left(self, x: float, y: float) -> None:
        """Drag the line's left end up or down."""
        self.through(y, self.heights()[1])

    @action
    def pull_right(self, x: float, y: float) -> None:
        """Drag the line's right end up or down."""
        self.through(self.heights()[0], y)

    def through(self, left: float, right: float) -> None:
        """The line of these heights at the two ends of the data."""
        heights = np.clip([left, right], -1e4, 1e4)
        self.line_up(np.linalg.solve(ls.design(self.phi(self.reach)), heights))

    @action
    def solve(self) -> None:
        """Jump to θ* = (XᵀX)⁻¹ Xᵀy, the bottom of the bowl."""
        self.line_up(self.star)

    @action
    def bad_line(self) -> None:
        """The text's bad line: offset 10, slope 1."""
        self.line_up(np.array([10.0, 1.0]))

    @action
    def good_line(self) -> None:
        """The text's good line: offset 1, slope 3."""
        self.line_up(np.array([1.0, 3.0]))

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        edits: Any = {"drag": "points.move", "add": "points.add", "erase": "points.erase"} if self.data == OWN else {}
        known = self.source()
        plane: dict[str, Any] = {
            "x": "offset θ₀",
            "y": "slope θ₁",
            "range_x": tuple(self.window[0].tolist()),
            "range_y": tuple(self.window[1].tolist()),
        }
        seen_x, seen_y = self.frame()
        return Column(
            Row(
                Panel(
                    "Data",
                    Line("squares", tint="accent", width=1, fill=True),
                    Line("sticks", tint="accent", width=1),
                    Line("edges", label="band", tint="quiet", dashed=True, width=1.5),
                    Line("best_line", label="best", tint="quiet", dashed=True),
                    Line("rival_line", label=GD, tint="2", width=1.5),
                    Line("line", label="h(x)", tint="warn", width=3),
                    Dots("spots", ring="lit", tint="text", **edits),
                    Dots("asked", labels="answer", shape="diamond", tint="accent", big=True),
                    Handle("left", drag="pull_left", along="y", tint="warn"),
                    Handle("right", drag="pull_right", along="y", tint="warn"),
                    x=known.input,
                    y=known.target,
                    range_x=seen_x,
                    range_y=seen_y,
                    equal=self.data == OWN,
                    detail="area",
                    help="Drag the two rings, or the points. Each square's area is a residual squared; ringed: the "
                    "samples of this step, or the column picked in the matrices",
                ),
                Tabs(
                    Panel(
                        "Bowl",
                        Heat("bowl", log=True, levels=10),
                        Dots("tried", shape="cross", tint="quiet"),
                        Line("valleys", label="taken sample fits", tint="3", width=1.5),
                        Trail("theta", labels="" if self.method == GD else "lanes"),
                        Dots("best", shape="star", tint="text", big=True),
                        Handle("here", drag="put", tint="warn"),
                        **plane,
                        equal=True,
                        detail="round",
                        help="J over (θ₀, θ₁): every place is a line. Drag the ring. Star: θ*",
                    ),
                    Panel(
                        "Three rates",
                        Heat("bowl", log=True, levels=10, colours="grey"),
                        Line("three", width=1.5),
                        Dots("three_ends", labels="three_names", colour="three_whose", big=True),
                        Dots("best", shape="star", tint="text", big=True),
                        **plane,
                        equal=True,
                        still=True,
                        help="From the start, at 0.42, 0.99 and 1.012 of 2/λmax, and after how many steps each stops",
                    ),
                ),
                Panel(
                    "In 3-D",
                    marks.Surface("bowl", points="inside", heights="inside_heights", trail="theta"),
                    **plane,
                    detail="loss_is",
                ),
                sizes=(1.15, 1, 1),
            ),
            Row(
                Tabs(
                    Panel(
                        "Loss", Curve("loss", log_y=True), Guide(y="least", label="J*"), x="step t", y="J", log_y=True
                    ),
                    Panel("Samples", Curve("loss", log_y=True, against="samples"), x="samples seen", y="J", log_y=True),
                    Panel("Gap", Curve("gap", "bound", log_y=True), x="step t", y="J − J*", log_y=True, detail="law"),
                    Panel(
                        "|Δθ|",
                        Curve("length", log_y=True),
                        Guide(y="epsilon", label="ε"),
                        x="step t",
                        y="|Δθ|",
                        log_y=True,
                    ),
                ),
                Panel("Step", Equation("update"), Note("said"), detail="safe_is"),
                self.table_panels(),
                sizes=(1.1, 1, 1),
            ),
            sizes=(3, 2),
        )

    @drawn
    def update(self) -> Update:
        """The step to come; with samples picked at random, the one just made."""
        if self.method == JUMP:
            return Update(r"\theta^* = (X^T X)^{-1} a \\ a = X^T y", {r"\theta^*": self.star, "a": self.X.T @ self.y})
        if self.method == SEARCH:
            return Update(
                r"J(\theta_{try}) < J(\theta) \;?",
                {r"J(\theta_{try})": self.J(self.trial), r"J(\theta)": self.J(self.theta[0])},
            )
        if self.method in (ONE, SOME):
            before, move = self.theta[0] - self.move[0], self.move[0]
            return Update(
                r"\theta_t = \theta_{t-1} - \eta\, g_i",
                {r"\theta_t": self.theta[0], r"\theta_{t-1}": before, r"\eta": self.eta(), "g_i": -move / self.eta()},
            )
        theta = np.nan_to_num(self.theta[-1])
        g = ls.gradient(theta, self.X, self.y, self.c)
        return Update(
            r"\theta_{t+1} = \theta_t - \eta\, g \\ g = 2 c\, X^T (X \theta_t - y)",
            {r"\theta_{t+1}": theta - self.eta() * g, r"\theta_t": theta, r"\eta": self.eta(), "g": g, "c": self.c},
        )


def pair(theta: np.ndarray) -> str:
    return f"({theta[0]:.4g}, {theta[1]:.4g})"
