"""Plane: one sample, a batch and all samples descend side by side, among the samples' own minima."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Point, Slider, Switch
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Arrows, Column, Curve, Dots, Equation, Field, Handle, Heat, Line, Note, Panel, Row, Tabs, Trail
from lab.maths.batches import WAYS, Batches
from lab.maths.finite_sums import Parabolas

_RNG = np.random.default_rng(11)
SAMPLES = {  # each sample's minimum u_i, and how much steeper its parabola is along θ₁
    "five": ([(-1.6, 0), (0.4, 2), (1.8, 2.2), (2.4, 0.2), (0.2, -1.2)], (1, 2, 0.5, 1.5, 1)),
    "twenty-four": (_RNG.normal(0, 1.1, (24, 2)).round(2).tolist(), _RNG.uniform(0.5, 2, 24).round(2).tolist()),
    "five, merged": ([(0.6, 0.6)] * 5, (1, 2, 0.5, 1.5, 1)),
    "two, unequal": ([(0, 0), (1, 1)], (1, 3)),  # the mean's minimum is not between them
}
LANES = ("one sample", "batch", "all samples", "average")
CROWD, PATHS = 100, 20
MOST = 40
REACH = 4.0
GRID = 110
PLANE: dict[str, Any] = {
    "x": "θ₁",
    "y": "θ₂",
    "range_x": (-REACH, REACH),
    "range_y": (-REACH, REACH),
    "equal": True,
}
ANGLES = np.linspace(0, 2 * np.pi, 49)


class Plane(Experiment):
    samples = Choice(list(SAMPLES), restarts=True, help="the samples' own minima; then drag, add, take away")
    steeper = Slider(
        1, 0, 2, symbol="s", label="Unequal", help="0: all parabolas equally steep; the hull then holds θ*"
    )
    begin = Point(
        (-3.2, -2.6), x=(-REACH, REACH), y=(-REACH, REACH), symbol="θ₀", label="Start", restarts=True, help="drag it"
    )
    rate = Slider(0.08, 0.001, 0.6, log=True, symbol="α", label="Rate", help="how far each step goes")
    batch = Count(4, 1, MOST, symbol="K", label="Batch size", help="samples behind a step of the batch's path")
    sampling = Choice(WAYS, "shuffled each epoch", help="how the samples of an epoch are chosen")
    contours = Switch(
        False, view=True, label="All samples' contours", help="a contour of every sample, not only of those taken"
    )
    fan = Switch(True, view=True, help="the steps that each sample asks for, and their mean")

    metrics = {"loss": "C − C*", "evaluations": "gradients", "variance": "Var θ₂"}
    fixed = ("f",)
    diverges = "2 α a is over 2 for some samples: each of their steps overshoots by more than the last."
    prompts = (
        ("One sample heads straight for the hull, then jitters in it", {"samples": "five", "rate": 0.1}),
        ("All minima in one place: the noise dies out", {"samples": "five, merged"}),
        ("Is θ* always in the hull? Not when the parabolas differ", {"samples": "two, unequal", "steeper": 1}),
        ("Slide K to n: when does the batch's path become smooth?", {"samples": "twenty-four", "batch": 8}),
        ("Press Start averaging in the jitter", {"samples": "twenty-four", "rate": 0.2}),
    )
    presets = {
        "Text 3: distinct minima": {"samples": "five"},
        "Text 3: one minimum for all": {"samples": "five, merged"},
        "The hull misses θ*": {"samples": "two, unequal", "begin": (-1, 1.5)},
        "K = 1, 8, n": {"samples": "twenty-four", "batch": 8},
    }

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        u, a = SAMPLES[self.samples]
        self.u, self.a = np.array(u, dtype=float), np.array(a, dtype=float)
        self.theta = np.tile(self.begin, (3, 1)).astype(float)  # by lane; an average joins as a fourth
        self.crowd = np.tile(self.begin, (CROWD, 1)).astype(float)
        self.paths = np.vstack([self.theta[2:3], self.crowd[:PATHS]])
        self.averaged = 0
        self.spread = 0.0  # of θ₂ over the crowd, in theory
        self.evaluations = np.zeros(3)
        self.take_samples()
        return self.measured()

    def take_samples(self) -> None:
        """C_i(θ) = a_i (θ₁ − u_i1)² + (θ₂ − u_i2)²."""
        steep = self.a**self.steeper
        self.f = Parabolas(np.array([np.diag([2 * a, 2.0]) for a in steep]), self.u)
        self.singles, self.batches = Batches(self.f.n), Batches(self.f.n)
        self.shuffle()

    def shuffle(self) -> None:
        self.singles.begin(self.rng, 1, self.sampling)
        self.batches.begin(self.rng, self.size(), self.sampling)
        self.one, self.several = self.singles.coming(1), self.batches.coming(self.size())
        self.before = self.theta[0]

    def size(self) -> int:
        return min(self.batch, len(self.u))

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """One step of each path: θ ← θ − α times the mean gradient of its samples."""
        f, theta = self.f, self.theta.copy()
        self.one = self.singles.take(self.rng, 1, self.sampling)
        self.several = self.batches.take(self.rng, self.size(), self.sampling)
        self.before = theta[0].copy()
        theta[0] -= self.rate * f.batch_gradient(theta[0], self.one)
        theta[1] -= self.rate * f.batch_gradient(theta[1], self.several)
        theta[2] -= self.rate * f.gradient(theta[2])
        if self.averaged:
            self.averaged += 1
            theta[3] += (theta[0] - theta[3]) / self.averaged
        self.theta = theta
        self.evaluations = self.evaluations + np.array([1, len(self.several), f.n])
        self.crowd = self.crowd - self.rate * f.sample_gradient(self.crowd, self.rng.integers(f.n, size=CROWD))
        self.paths = np.vstack([theta[2:3], self.crowd[:PATHS]])
        self.spread = (1 - 2 * self.rate) ** 2 * self.spread + 4 * self.rate**2 * self.u[:, 1].var()
        return self.measured()

    def measured(self) -> Metrics:
        row = {}
        for lane, name in enumerate(self.lanes()):
            row[f"loss/{name}"] = max(float(self.f.gap(self.theta[lane])), 1e-12)
            row[f"evaluations/{name}"] = float(self.evaluations[lane % 3])
        return row | {"variance/crowd": float(self.crowd[:, 1].var()), "variance/theory": float(self.spread)}

    def changed(self, name: str) -> None:
        if name == "steeper":
            self.take_samples()
        elif name in ("batch", "sampling"):
            self.shuffle()

    # ------------------------------------------------------------ what a person does

    @action
    def start_averaging(self) -> None:
        """Begin to average the path of one sample from here on; the path is not altered."""
        self.theta, self.averaged = np.vstack([self.theta[:3], self.theta[:1]]), 1

    @action
    def move_sample(self, index: int, x: float, y: float) -> None:
        """Drag a sample's own minimum."""
        self.u = self.u.copy()
        self.u[self.known(index)] = np.clip([x, y], -REACH, REACH)
        self.take_samples()

    @action
    def add_sample(self, x: float, y: float) -> None:
        """Click on empty ground: one more sample, as steep one way as the other."""
        if len(self.u) >= MOST:
            raise ValueError(f"add_sample: there are {MOST} samples already; take one away first")
        self.u, self.a = np.vstack([self.u, np.clip([x, y], -REACH, REACH)]), np.append(self.a, 1.0)
        self.take_samples()

    @action
    def erase_sample(self, index: int) -> None:
        """Right-click: one sample less."""
        if len(self.u) == 1:
            raise ValueError("erase_sample: the last sample stays, for there is no loss without one")
        self.u, self.a = np.delete(self.u, self.known(index), axis=0), np.delete(self.a, index)
        self.take_samples()

    @action
    def merge_samples(self) -> None:
        """Put all minima in one place."""
        self.u = np.tile(self.f.minimiser, (len(self.u), 1))
        self.take_samples()

    def known(self, index: int) -> int:
        if not 0 <= index < len(self.u):
            raise ValueError(f"there is no sample {index}; they are 0 to {len(self.u) - 1}")
        return index

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Column(
            Row(
                self.paths_panel(),
                Panel(
                    "Twenty runs",
                    Heat("landscape", log=True, levels=10, colours="grey"),
                    Line("hull", label="hull", tint="text", dashed=True),
                    Dots("crowd", shape="disc", tint="quiet"),
                    Trail("paths"),
                    Dots("gd", shape="diamond", tint="text", big=True),
                    Dots("crowd_mean", shape="cross", tint="warn", big=True),
                    Dots("best", shape="star", tint="text", big=True),
                    **PLANE,
                    detail="crowd_says",
                    help="A hundred runs of one sample a step; twenty of them leave trails. Diamond: gradient descent, "
                    "cross: the mean of the runs",
                ),
            ),
            Row(
                self.loss_panels(),
                Panel(
                    "Spread of the runs",
                    Curve("variance"),
                    x="step t",
                    y="Var θ₂",
                    detail="limit",
                    help="Over a hundred runs; in theory it grows to α/(1 − α) times the variance of the minima",
                ),
                Panel("Update", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    def paths_panel(self) -> Panel:
        return Panel(
            "Paths",
            Heat("landscape", log=True, levels=10, colours="grey"),
            Line("own_contours", tint="3", width=1.5),
            Line("hull", label="hull", tint="text", dashed=True),
            Dots("u", ring="taken", tint="text", drag="move_sample", add="add_sample", erase="erase_sample"),
            Line("lit", label="sample taken", tint="warn", width=1.5),
            Dots("best", shape="star", tint="text", big=True),
            Trail("theta", labels="lanes"),
            Arrows("roots", "pulls", tint="quiet"),
            Arrows("root", "pull", tint="text"),
            Handle("begin", drag="begin", label="start"),
            **PLANE,
            detail="where",
            help="Arrows, longer than they are: the step that each sample asks of the first path, and bold their mean. "
            "Ringed: the batch. Drag a minimum, click to add one, right-click to take it away",
        )

    def loss_panels(self) -> marks.Layout:
        gap = {"y": "C − C*", "log_y": True, "range_y": (-6.0, 2.0)}
        return Tabs(
            Panel("Loss by step", Curve("loss"), x="step t", **gap),
            Panel("Loss by gradients", Curve("loss", against="evaluations"), x="gradients of single samples", **gap),
        )

    @drawn(on=("f",))
    def landscape(self) -> Field:
        axis = np.linspace(-REACH, REACH, GRID)
        places = np.stack(np.meshgrid(axis, axis), axis=-1)
        return Field(self.f.gap(places.reshape(-1, 2)).reshape(GRID, GRID) + 0.01, (-REACH, REACH), (-REACH, REACH))

    @drawn(on=("f",))
    def hull(self) -> np.ndarray:
        corners = convex_hull(self.f.u)
        return np.vstack([corners, corners[:1]])

    @drawn(on=("f",))
    def best(self) -> np.ndarray:
        return self.f.minimiser[None]

    @drawn
    def taken(self) -> np.ndarray:
        return np.isin(np.arange(len(self.u)), self.several)

    def contour(self, i: int, height: float) -> np.ndarray:
        """Where sample i's loss is this high: an ellipse about its minimum."""
        return self.u[i] + np.sqrt(2 * height / np.diag(self.f.H[i])) * np.column_stack(
            [np.cos(ANGLES), np.sin(ANGLES)]
        )

    @drawn
    def own_contours(self) -> tuple[np.ndarray, ...]:
        return tuple(self.contour(i, 0.5) for i in range(len(self.u))) if self.contours else ()

    @drawn
    def lit(self) -> tuple[np.ndarray, ...]:
        """Two contours of the sample just taken: where its loss is what it was before the step, and a quarter of it."""
        i = int(self.one[0])
        height = float(self.f.sample_value(self.before, i))
        if not 0 < height < 1e4:
            return ()
        return tuple(self.contour(i, part * height) for part in (1, 0.25))

    @drawn
    def lanes(self) -> tuple[str, ...]:
        return LANES[: len(self.theta)]

    @drawn
    def root(self) -> np.ndarray:
        return np.clip(np.nan_to_num(self.theta[:1]), -9, 9)

    @drawn
    def pull(self) -> np.ndarray:
        return -self.stretch() * self.f.gradient(self.root()[0])[None] if self.fan else np.zeros((1, 2))

    @drawn
    def roots(self) -> np.ndarray:
        return np.repeat(self.root(), len(self.u), axis=0)

    @drawn
    def pulls(self) -> np.ndarray:
        return -self.stretch() * self.f.sample_gradients(self.root()[0]) * (1.0 if self.fan else 0.0)

    def stretch(self) -> float:
        """Steps are drawn longer than they are, so that they can be seen."""
        return max(self.rate, 0.12)

    @drawn
    def gd(self) -> np.ndarray:
        return self.theta[2:3]

    @drawn
    def crowd_mean(self) -> np.ndarray:
        return self.crowd.mean(axis=0)[None]

    # ------------------------------------------------------------ in words

    @drawn
    def where(self) -> str:
        inside = in_hull(self.f.minimiser, self.hull())
        return f"θ* = ({self.f.minimiser[0]:.3g}, {self.f.minimiser[1]:.3g}), {'in' if inside else 'outside'} the hull"

    @drawn
    def crowd_says(self) -> str:
        off = float(np.hypot(*(self.crowd.mean(axis=0) - self.theta[2])))
        return f"their mean is {off:.2g} from GD"

    @drawn
    def limit(self) -> str:
        return f"α/(1 − α) Var u₂ = {self.rate / (1 - self.rate) * self.u[:, 1].var():.3g}"

    @drawn
    def update(self) -> Update:
        """The step just made by the path of one sample, or at the start the one to come."""
        i, alpha = int(self.one[0]), self.rate
        g = self.f.sample_gradient(self.before, i)
        return Update(
            r"\theta_{t+1} = \theta_t - \alpha\, \nabla C_i(\theta_t)",
            {
                r"\theta_{t+1}": self.before - alpha * g,
                r"\theta_t": self.before,
                r"\alpha": alpha,
                r"\nabla C_i(\theta_t)": g,
            },
        )

    @drawn
    def said(self) -> str:
        one, f = self.theta[0], self.f
        if not np.isfinite(one).all():
            return self.diverges
        if f.sample_gradients(f.minimiser).std() < 1e-9:
            return "All samples have one minimum: there each gradient is 0, so that even single samples come to rest."
        if not in_hull(f.minimiser, self.hull()):
            return (
                "θ* is outside the hull of the samples' minima: unequal steepness can do that. It stays in their box."
            )
        each = f.sample_gradients(one)
        agree = int((each @ f.gradient(one) > 0).sum())
        place = "in" if in_hull(one, self.hull()) else "outside"
        return (
            f"The path of one sample is {place} the hull: {agree} of {f.n} samples ask for steps that go the way of "
            f"their mean, which is GD's step."
        )


def convex_hull(points: np.ndarray) -> np.ndarray:
    """The corners of the smallest convex polygon about points, anticlockwise."""
    order = np.unique(points, axis=0)
    chains = []
    for run in (order, order[::-1]):
        chain: list[np.ndarray] = []
        for p in run:
            while len(chain) > 1 and turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        chains.append(chain[:-1] or chain)
    return np.array(chains[0] + chains[1])


def turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    """Positive where the way from a by b to c turns left."""
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def in_hull(p: np.ndarray, ring: np.ndarray) -> bool:
    """Whether a place is in a closed convex polygon; one without area holds only its own line."""
    flat = np.abs(ring - ring[0]).max() < 1e-12
    return bool(np.abs(p - ring[0]).max() < 1e-9) if flat else all(turn(a, b, p) >= -1e-9 for a, b in pairwise(ring))
