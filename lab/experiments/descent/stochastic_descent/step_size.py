"""Step size: crowds at many rates, or batch sizes, race to the zone; how far do they jump once there?"""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Dots, Equation, Guide, Line, Note, Panel, Row
from lab.maths.zone import DATA, Zone

CROWD = 60
SHARES = np.array([0.02, 0.04, 0.08, 0.15, 0.3, 0.5, 0.8, 1.1])  # of 1 / (largest x²)
SIZES = np.array([1, 2, 4, 8, 16, 32, 64, 128])
NAMES = "₁₂₃₄₅₆₇₈"


class StepSize(Experiment):
    vary = Choice(("rate", "batch size"), restarts=True, help="what differs between the eight crowds")
    data = Choice(list(DATA)[:3], "thirty points", restarts=True, help="the points that w x should fit")
    begin = Slider(-5, -6, 8, symbol="w₀", label="Start", restarts=True, help="where all begin")
    batch = Count(
        1, 1, 30, symbol="b", label="Batch size", restarts=True, when={"vary": ("rate",)}, help="samples behind a step"
    )
    rate = Slider(
        0.01,
        0.001,
        0.1,
        log=True,
        symbol="η₁",
        restarts=True,
        when={"vary": ("batch size",)},
        help="the rate of batches of one; batches of b go b times as far, up to 1/L",
    )

    metrics = {"arrived": "arrived", "spread": "std w"}
    fixed = ("zone",)
    diverges = "The rate is too large for the curvature: every step overshoots by more than the last."
    tiny = {"begin": -4}
    prompts = (
        ("Which rate is soonest in the zone, and which sits stillest there?", {"vary": "rate"}),
        ("Batches of ten at the same rates: which of the two pictures changes?", {"vary": "rate", "batch": 10}),
        ("Scale the rate with b: fewer steps, but fewer gradients?", {"vary": "batch size", "rate": 0.01}),
        ("A higher first rate: from which b on is nothing gained?", {"vary": "batch size", "rate": 0.05}),
        ("Start inside: nobody needs to arrive", {"begin": 1}),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.zone = Zone(*DATA[self.data])
        most = float((self.zone.x**2).max())
        if self.vary == "rate":
            self.rates, self.sizes = SHARES / most, np.full(len(SHARES), self.batch)
        else:
            self.rates, self.sizes = np.minimum(self.rate * SIZES, 1 / self.zone.curvature), SIZES
        self.w = np.full((len(self.rates), CROWD), float(self.begin))
        self.arrived = np.where(self.zone.inside(self.w), 0, -1)  # the step at which each came to the zone
        self.count, self.squares = np.zeros(len(self.rates)), np.zeros(len(self.rates))
        self.patience = self.time_to_settle()
        return self.measured()

    @np.errstate(all="ignore")
    def time_to_settle(self) -> np.ndarray:
        """Until the mean path is nearer to w* than a fifth of the spread there."""
        std = np.sqrt([self.zone.variance(eta, b) for eta, b in zip(self.rates, self.sizes)])
        away = abs(self.begin - self.zone.best) + std
        shrinking = np.abs(1 - self.rates * self.zone.curvature).clip(1e-9, 1 - 1e-9)
        return np.nan_to_num(np.log(0.2 * std / away) / np.log(shrinking), nan=np.inf) + 5

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """Every walker takes one step against the gradient of its own batch, drawn with replacement."""
        zone = self.zone
        w = self.w.copy()
        for lane, (eta, b) in enumerate(zip(self.rates, self.sizes)):
            w[lane] -= eta * zone.gradient(w[lane], self.rng.integers(zone.n, size=(CROWD, b)))
        self.w = w
        self.arrived = np.where((self.arrived < 0) & zone.inside(w), self.t + 1, self.arrived)
        settled = self.t > self.patience
        self.count = self.count + settled
        self.squares = self.squares + settled * ((w - zone.best) ** 2).mean(axis=1)
        return self.measured()

    def measured(self) -> Metrics:
        row: Metrics = {}
        for lane, name in enumerate(NAMES):
            row[f"arrived/{name}"] = float((self.arrived[lane] >= 0).mean())
            row[f"spread/{name}"] = float(np.sqrt(((self.w[lane] - self.zone.best) ** 2).mean()))
        return row

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        by = {"x": "rate η" if self.vary == "rate" else "batch size b", "log_x": True}
        ends = np.array([self.zone.low, self.zone.high, self.begin])
        room = 0.15 * np.ptp(ends) or 1.0
        return Row(
            Panel(
                "Crowds",
                Line("zone_box", label="zone", tint="good", width=0.5, fill=True),
                Guide(y="best", label="w*", tint="text"),
                Dots("walkers", colour="whose"),
                **by,
                y="w",
                range_y=(float(ends.min() - room), float(ends.max() + room)),
                detail="count_says",
                help="Eight crowds of sixty walkers from one start; colours tell them apart",
            ),
            Column(
                Panel(
                    "Time to the zone",
                    Line("drift", label="mean path", tint="text", dashed=True),
                    Dots("times", colour="lanes_there"),
                    **by,
                    y="steps",
                    log_y=True,
                    help="Dots: the mean over a crowd, once all have been there",
                ),
                Panel(
                    "Spread in the zone",
                    Line("spreads", label="theory", tint="text", dashed=True),
                    Dots("measured_spreads", colour="lanes_settled"),
                    **by,
                    y="std of w",
                    log_y=True,
                    help="Dots: since the crowd settled. Theory: the long run with a fixed rate",
                ),
            ),
            Column(
                Panel(
                    "Gradients to the zone",
                    Line("cost_line", label="mean path", tint="text", dashed=True),
                    Dots("costs", colour="lanes_there"),
                    **by,
                    y="single gradients",
                    log_y=True,
                    help="Steps times the batch size: what it costs to come to the zone",
                ),
                Panel("Update", Equation("update"), Note("said")),
            ),
            sizes=(5, 4, 4),
        )

    def across(self) -> np.ndarray:
        return self.rates if self.vary == "rate" else self.sizes.astype(float)

    @drawn
    def zone_box(self) -> np.ndarray:
        left, right = self.across()[0] / 1.6, self.across()[-1] * 1.6
        low, high = self.zone.low, self.zone.high
        return np.array([[left, low], [left, high], [right, high], [right, low], [left, low]])

    @drawn
    def best(self) -> np.ndarray:
        return np.array([self.zone.best])

    @drawn
    def walkers(self) -> np.ndarray:
        aside = np.geomspace(0.82, 1.22, CROWD)  # so that they do not cover one another
        return np.column_stack([(self.across()[:, None] * aside).ravel(), np.clip(self.w, -50, 50).ravel()])

    @drawn
    def whose(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.rates)), CROWD)

    def there(self) -> np.ndarray:
        return np.flatnonzero((self.arrived > 0).all(axis=1))

    @drawn
    def lanes_there(self) -> np.ndarray:
        return self.there()

    @drawn
    def times(self) -> np.ndarray:
        there = self.there()
        return np.column_stack([self.across()[there], self.arrived[there].mean(axis=1)])

    @drawn
    def costs(self) -> np.ndarray:
        return self.times() * np.column_stack([np.ones(len(self.there())), self.sizes[self.there()]])

    @drawn
    def drift(self) -> np.ndarray:
        slow = self.rates * self.zone.curvature < 0.99
        steps = np.where(slow, self.zone.drift(self.begin, np.where(slow, self.rates, 0.1)), 1)
        return np.column_stack([self.across(), np.maximum(steps, 1)])

    @drawn
    def cost_line(self) -> np.ndarray:
        return self.drift() * np.column_stack([np.ones(len(self.rates)), self.sizes])

    @drawn
    def spreads(self) -> np.ndarray:
        std = np.sqrt([self.zone.variance(eta, b) for eta, b in zip(self.rates, self.sizes)])
        return np.column_stack([self.across(), std])[np.isfinite(std)]

    @drawn
    def lanes_settled(self) -> np.ndarray:
        return np.flatnonzero(self.count)

    @drawn
    def measured_spreads(self) -> np.ndarray:
        settled = self.lanes_settled()
        return np.column_stack([self.across()[settled], np.sqrt(self.squares[settled] / self.count[settled])])

    @drawn
    def count_says(self) -> str:
        return f"{(self.arrived >= 0).mean():.0%} have been in the zone"

    @drawn
    def update(self) -> Update:
        """The law of the spread, with the numbers of the first crowd."""
        eta = float(self.rates[0])
        return Update(
            r"\mathrm{E}\, w_t - w^* = (1 - \eta\, a)^t\, (w_0 - w^*)",
            {
                r"\mathrm{E}\, w_t": self.zone.best
                + (1 - eta * self.zone.curvature) ** self.t * (self.begin - self.zone.best),
                "w^*": self.zone.best,
                r"\eta": eta,
                "a": self.zone.curvature,
                "t": self.t,
                "w_0": self.begin,
            },
        )

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.w).all():
            return self.diverges
        there = self.there()
        if self.zone.inside(self.begin):
            return "All began inside the zone: see only how wide each crowd spreads."
        if not len(there):
            return "Outside the zone every sample pulls the same way: the larger the steps, the sooner."
        steps = self.arrived[there].mean(axis=1)
        first = int(there[steps.argmin()])
        what = f"η = {self.rates[first]:.2g}" if self.vary == "rate" else f"b = {self.sizes[first]}"
        text = f"{len(there)} of 8 crowds are all there. The fastest, {what}, took {steps.min():.3g} steps on average"
        if self.vary == "rate":
            return text + "; it also jumps about the most."
        cheap = int(there[(steps * self.sizes[there]).argmin()])
        return text + f"; the fewest gradients were needed with b = {self.sizes[cheap]}."
