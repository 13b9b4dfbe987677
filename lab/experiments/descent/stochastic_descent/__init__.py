"""Stochastic descent: each sample's parabola pulls its own way, and in the zone of confusion they disagree."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Arrows, Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row, Tabs
from lab.maths.batches import WAYS, Batches
from lab.maths.schedules import SCHEDULES, using, verdict
from lab.maths.zone import DATA, Zone

BINS = 70
MOST = 60  # points


class StochasticDescent(Experiment):
    scenes = (
        "plane",
        "mini-batches",
        "schedules",
        "step-size",
        "bounds",
        "cost",
        "momentum-noise",
        "dip",
        "newsvendor",
    )

    data = Choice(list(DATA), restarts=True, help="the points (x, y) that w x should fit; then drag, add, take away")
    begin = Slider(-1, -6, 8, symbol="w₀", label="Start", restarts=True, help="where w begins; or drag the ball")
    schedule = Choice(list(SCHEDULES), symbol="η_t", help="how the rate falls as the steps go by")
    rate = Slider(
        0.1, 1e-4, 2, log=True, symbol="η", limit="limits", help="rate at first; marks: η x² = 1 and 2, largest x"
    )
    power = Slider(0.75, 0, 2, symbol="p", when=using("power"), help="how fast the rate falls")
    period = Count(100, 1, 2000, symbol="s", when=using("period"), help="the schedule's measure of time, in steps")
    decay = Slider(0.3, 0.05, 1, symbol="γ", when=using("decay"), help="what a period leaves of the rate")
    batch = Count(1, 1, MOST, symbol="b", label="Batch size", help="samples behind each step; more than n means all")
    sampling = Choice(WAYS, help="how the samples of an epoch are chosen")
    memory = Slider(
        1, 0.5, 1, symbol="ρ", label="Memory", help="of the average: 1 is the mean of all w, less forgets the older"
    )

    metrics = {"w": "w", "gap": "ℓ − ℓ*", "eta": "η_t"}
    fixed = ("zone",)
    diverges = "η x² is over 2 for some samples: each of their steps overshoots by more than the last."
    prompts = (
        ("Once inside the zone, does w ever leave it?", {"data": "three points", "rate": 0.1, "begin": -1}),
        ("η x² > 1 for the largest x: what is new?", {"data": "three points", "rate": 0.15, "begin": 2}),
        ("1/t: the zone stays as it is, but the jumps shrink", {"schedule": "1/t", "rate": 0.3}),
        ("Settled? Press Divide rate, and see the gap's floor step down", {"data": "thirty points", "rate": 0.2}),
        ("All samples agree: SGD needs no schedule", {"data": "all on one line", "rate": 0.2}),
        ("Press Start averaging: w jumps on, its mean calms down", {"data": "thirty points", "rate": 0.3}),
    )
    presets = {
        "Text 4: three points": {"data": "three points", "rate": 0.1, "schedule": "constant", "batch": 1},
        "Staircase: a third every 150 steps": {"data": "thirty points", "schedule": "steps", "period": 150},
        "Fails: the rate falls too fast, w stalls on its way": {
            "data": "thirty points",
            "schedule": "exponential",
            "period": 10,
        },
    }

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.w = self.gd = self.before = self.begin
        self.average, self.averaged = self.w, 0  # of how many steps
        self.take(Zone(*DATA[self.data]))
        return self.measured()

    def step(self) -> Metrics:
        """One batch: its mean gradient where w is, and a step against it. GD does the same with all samples."""
        self.eta = SCHEDULES[self.schedule](self.t, self)
        self.used = self.batches.take(self.rng, self.batch, self.sampling)
        self.before = self.w
        self.w = self.w - self.eta * self.zone.gradient(self.w, self.used)
        self.gd = self.gd - self.eta * self.zone.gradient(self.gd, slice(None))
        if self.averaged:
            self.averaged += 1
            self.average += max(1 / self.averaged, 1 - self.memory) * (self.w - self.average)
        self.visit()
        return self.measured()

    def visit(self) -> None:
        """Count where w is, and how it spreads once the mean path is near w*."""
        low, high = self.window()
        if low <= self.w < high:
            self.visits[int((self.w - low) / (high - low) * BINS)] += 1
        self.calm += 0.03 * (self.zone.loss(self.w) - self.calm)
        if self.count or abs(self.gd - self.zone.best) <= 0.3 * self.std():
            self.count += 1
            off = self.w - self.mean
            self.mean += off / self.count
            self.squares += off * (self.w - self.mean)

    def take(self, zone: Zone) -> None:
        """Other samples."""
        self.zone = zone
        self.batches = Batches(zone.n)
        self.batches.begin(self.rng, self.batch, self.sampling)
        self.used = self.batches.coming(self.batch)
        self.forget()

    def forget(self) -> None:
        """Measure anew: the rate or the samples have changed."""
        self.visits = np.zeros(BINS)
        self.count, self.mean, self.squares = 0, 0.0, 0.0
        self.calm = self.zone.loss(self.w)
        self.eta = SCHEDULES[self.schedule](self.t, self)

    def changed(self, name: str) -> None:
        if name in ("batch", "sampling"):
            self.batches.begin(self.rng, self.batch, self.sampling)
        if name != "memory":
            self.forget()

    def measured(self) -> Metrics:
        """Where w is, and how far above the lowest loss: smoothed, too, and what theory gives in the long run."""
        places = {"SGD": self.w, "GD": self.gd} | ({"average": self.average} if self.averaged else {})
        gaps = {name: self.zone.loss(w) for name, w in places.items()} | {"smoothed": self.calm}
        lowest = self.zone.loss(self.zone.best)
        row = {f"w/{name}": w for name, w in places.items()} | {f"gap/{name}": g - lowest for name, g in gaps.items()}
        floor = self.zone.floor(self.eta, self.batch, self.sampling == WAYS[0])
        row |= {"eta": self.eta} | ({"gap/floor": floor} if floor < np.inf else {})
        return {name: float(value) for name, value in row.items()}

    # ------------------------------------------------------------ what a person does

    @action
    def divide_rate(self) -> None:
        """Divide the rate by ten now."""
        self.rate = max(self.rate / 10, 1e-4)
        self.forget()

    @action
    def start_averaging(self) -> None:
        """Begin a new average of all w from here on; the path of w is not altered."""
        self.average, self.averaged = self.w, 1

    @action
    def move_w(self, index: int, x: float, y: float) -> None:
        """Drag w along the loss."""
        self.w = self.before = float(np.clip(x, -100, 100))
        self.forget()

    @action
    def move_point(self, index: int, x: float, y: float) -> None:
        """Drag a data point."""
        self.edit(index, x, y)

    @action
    def move_minimum(self, index: int, x: float, y: float) -> None:
        """Drag a sample's own minimum: its y follows."""
        self.edit(index, self.zone.x[self.known(index)], np.clip(x, -20, 20) * self.zone.x[index])

    @action
    def add_point(self, x: float, y: float) -> None:
        """Click on empty ground: one more sample."""
        if self.zone.n >= MOST:
            raise ValueError(f"add_point: there are {MOST} points already; take one away first")
        self.take(Zone(np.append(self.zone.x, within(x)), np.append(self.zone.y, np.clip(y, -20, 20))))

    @action
    def erase_point(self, index: int) -> None:
        """Right-click: one sample less."""
        if self.zone.n == 1:
            raise ValueError("erase_point: the last point stays, for there is no loss without one")
        self.take(Zone(*(np.delete(part, self.known(index)) for part in (self.zone.x, self.zone.y))))

    def known(self, index: int) -> int:
        if 0 <= index < self.zone.n:
            return index
        raise ValueError(f"there is no point {index}; they are 0 to {self.zone.n - 1}")

    def edit(self, index: int, x: float, y: float) -> None:
        xs, ys = self.zone.x.copy(), self.zone.y.copy()
        xs[self.known(index)], ys[index] = within(x), np.clip(y, -20, 20)
        self.zone = Zone(xs, ys)
        self.forget()

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        top = max(1.05 * self.zone.loss(self.begin), 6 * self.zone.loss(self.zone.best), 0.1)
        across = {"x": "w", "range_x": self.window()}
        return Row(
            Column(
                Panel(
                    "Parabolas",
                    shade("zone_box"),
                    Line("parabolas", tint="quiet", width=1),
                    Line("lit", label="sample taken", tint="0"),
                    Line("whole", label="mean ℓ", tint="text", width=3),
                    Dots("minima", shape="triangle", tint="quiet", drag="move_minimum"),
                    Dots("lowest", shape="star", tint="text", big=True),
                    Dots("ball_gd", shape="diamond", tint="2", big=True),
                    Arrows("left", "jump", tint="warn"),
                    Dots("ball", tint="accent", big=True, drag="move_w"),
                    **across,
                    y="ℓ",
                    range_y=(-0.06 * top, top),
                    detail="where",
                    help="Drag a triangle, a sample's own minimum y/x, or the ball. Diamond: gradient descent",
                ),
                Panel(
                    "Visited",
                    shade("zone_below"),
                    Line("histogram", tint="accent", width=1, fill=True),
                    Guide(x="best", label="w*", tint="text"),
                    Guide(x="spread", label="±std", tint="warn"),
                    **across,
                    y="share of steps",
                    help="Orange: the standard deviation that theory gives for the rate of this step",
                ),
                sizes=(5, 2),
            ),
            Column(
                Tabs(
                    Panel("w over time", shade("band"), Guide(y="best", tint="text"), Curve("w"), x="step t", y="w"),
                    Panel(
                        "Gap",
                        Curve("gap"),
                        x="step t",
                        y="ℓ(w) − ℓ*",
                        log_y=True,
                        range_y=(-7, 2.5),
                        help="smoothed: over about 30 steps; floor: its mean in the long run at this step's rate",
                    ),
                    Panel("Learning rate", Curve("eta"), x="step t", y="η_t", log_y=True),
                ),
                Panel(
                    "Data",
                    Line("fit", label="w x", tint="accent"),
                    Line("best_fit", label="w* x", tint="text", dashed=True, width=1.5),
                    Dots("points", ring="taken", tint="text", drag="move_point", add="add_point", erase="erase_point"),
                    x="x",
                    y="y",
                    help="Ringed: the samples of this step. Drag, click to add, right-click to take away",
                ),
                Panel("Update", Equation("update"), Note("said")),
                sizes=(5, 5, 4),
            ),
            sizes=(3, 2),
        )

    def window(self) -> tuple[float, float]:
        """The weights worth seeing: the zone as it was at first, the start, and some room."""
        first = Zone(*DATA[self.data])
        low, high = min(first.low, self.begin), max(first.high, self.begin)
        room = 0.15 * (high - low) or 1.0
        return low - room, high + room

    @drawn(on=("zone",))
    def parabolas(self) -> tuple[np.ndarray, ...]:
        low, high = self.window()
        w = np.linspace(2 * low - high, 2 * high - low, 480)
        return tuple(np.column_stack([w, (x * w - y) ** 2 / 2]) for x, y in zip(self.zone.x, self.zone.y))

    @drawn(on=("zone",))
    def whole(self) -> np.ndarray:
        return np.mean(self.parabolas(), axis=0)

    @drawn
    def lit(self) -> tuple[np.ndarray, ...]:
        return tuple(self.parabolas()[i] for i in np.unique(self.used))

    @drawn(on=("zone",))
    def minima(self) -> np.ndarray:
        return np.column_stack([self.zone.minima, np.zeros(self.zone.n)])

    @drawn
    def lowest(self) -> np.ndarray:
        return self.at_edge(self.zone.best)

    @drawn
    def best(self) -> np.ndarray:
        return np.array([self.zone.best])

    @drawn(on=("zone",))
    def zone_box(self) -> np.ndarray:
        return box((self.zone.low, self.zone.high), (-1e4, 1e4))

    @drawn
    def zone_below(self) -> np.ndarray:
        return box((self.zone.low, self.zone.high), (0, max(1.05 * float(self.histogram()[:, 1].max()), 0.01)))

    @drawn
    def band(self) -> np.ndarray:
        return box((0, max(20, self.t)), (self.zone.low, self.zone.high))

    def at_edge(self, w: float) -> np.ndarray:
        """On the loss; what has left the picture is drawn at its edge."""
        w = float(np.clip(np.nan_to_num(w), *self.window()))
        return np.array([[w, self.zone.loss(w)]])

    @drawn
    def ball(self) -> np.ndarray:
        return self.at_edge(self.w)

    @drawn
    def ball_gd(self) -> np.ndarray:
        return self.at_edge(self.gd)

    @drawn
    def left(self) -> np.ndarray:
        return self.at_edge(self.before)

    @drawn
    def jump(self) -> np.ndarray:
        return self.ball() - self.left()

    @drawn
    def histogram(self) -> np.ndarray:
        edges = np.linspace(*self.window(), BINS + 1)
        share = self.visits / max(self.visits.sum(), 1)
        return np.column_stack([np.repeat(edges, 2), [0, *np.repeat(share, 2), 0]])

    def std(self) -> float:
        """Of w in the long run, in theory."""
        return float(np.sqrt(self.zone.variance(self.eta, self.batch, self.sampling == WAYS[0])))

    @drawn
    def spread(self) -> np.ndarray:
        return self.zone.best + np.array([-1, 1]) * self.std() if self.std() < np.inf else np.empty(0)

    @drawn(on=("zone",))
    def points(self) -> np.ndarray:
        return np.column_stack([self.zone.x, self.zone.y])

    @drawn
    def taken(self) -> np.ndarray:
        return np.isin(np.arange(self.zone.n), self.used)

    @drawn
    def fit(self) -> np.ndarray:
        return self.ray(self.w)

    @drawn
    def best_fit(self) -> np.ndarray:
        return self.ray(self.zone.best)

    def ray(self, w: float) -> np.ndarray:
        ends = np.array([self.zone.x.min(), 0, self.zone.x.max()])
        return np.column_stack([ends, np.clip(np.nan_to_num(w), -99, 99) * ends])

    @drawn
    def limits(self) -> np.ndarray:
        return np.array([1, 2]) / (self.zone.x**2).max()

    # ------------------------------------------------------------ in words

    @drawn
    def where(self) -> str:
        return f"zone {self.zone.low:.3g} to {self.zone.high:.3g}, w* = {self.zone.best:.4g}"

    @drawn
    def update(self) -> Update:
        """The step just made, or at the start the one to come."""
        before, eta, g = self.before, self.eta, self.zone.gradient(self.before, self.used)
        numbers = {"w_{t+1}": before - eta * g, "w_t": before, r"\eta_t": eta}
        if len(self.used) == 1:
            slope, (i,) = "x_i (x_i w_t - y_i)", self.used
            numbers |= {"x_i": self.zone.x[i], "y_i": self.zone.y[i]}
        else:
            slope = r"\frac{1}{b} \sum_{i \in B} x_i (x_i w_t - y_i)"
            numbers[slope] = g
        return Update(rf"w_{{t+1}} = w_t - \eta_t\, {slope}", numbers)

    @drawn
    def said(self) -> str:
        zone = self.zone
        if not np.isfinite(self.w):
            return self.diverges
        right = int((zone.x * (zone.y - zone.x * self.w) > 0).sum())
        if self.eta < 1e-3 * self.rate:
            return f"The rate is down to {self.eta:.1g}: w hardly moves. " + verdict(SCHEDULES[self.schedule], self)
        if zone.high - zone.low < 1e-9:
            return "All samples have the same minimum: there their gradients vanish together, and SGD comes to rest."
        if not zone.inside(self.w):
            side = "right" if right else "left"
            return f"Outside the zone every sample pulls to the {side}: any one of them is as good as their mean."
        return (
            f"In the zone {right} of {zone.n} samples pull to the right, {zone.n - right} to the left. Spread of w: "
            f"{np.sqrt(self.squares / max(self.count, 1)):.3g} so far, {self.std():.3g} in theory."
        )


def within(x: float) -> float:
    """An x that gives its sample a minimum of its own: not 0."""
    return float(np.clip(abs(x), 0.05, 6)) * (1 if x >= 0 else -1)


def box(x: tuple[float, float], y: tuple[float, float]) -> np.ndarray:
    """An upright rectangle as a closed line."""
    return np.array([[x[0], y[0]], [x[0], y[1]], [x[1], y[1]], [x[1], y[0]], [x[0], y[0]]])


def shade(named: str) -> Line:
    """The zone, shaded."""
    return Line(named, label="zone", tint="good", width=0.5, fill=True)
