"""Valleys: where a start leads; drop several, watch a hundred, and shake them until they hop."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Formula, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Column, Curve, Dots, Equation, Histogram, Line, Note, Panel, Row
from lab.maths.curves import FAR, KNOWN, curve, ends, minima

CROWD = 100
STRIP = 160  # starts whose end colours the axis
WIDE = (-6.0, 6.0)
DROPPED = {"two minima": (-1.7, 0.5, 1.4, 3.8), "valleys": (-5.2, -2.6, 0.9, 2.6, 4.9)}
MOST = 12
HOPPING = {"function": "two minima", "rate": 0.05, "noise": 12}


class Valleys(Experiment):
    pace = 6

    function = Choice(("two minima", "valleys", "formula"), symbol="f", restarts=True, help="a curve with valleys")
    formula = Formula(
        "x**2/10 + cos(3*x)",
        variables=("x",),
        symbol="f",
        restarts=True,
        when={"function": ("formula",)},
        help="your own, in x = θ",
    )
    rate = Slider(0.02, 1e-3, 0.5, log=True, symbol="η", limit="safe", help="marks: 1/f″ and 2/f″, sharpest minimum")
    noise = Slider(0, 0, 30, symbol="σ", help="standard deviation of what is added to each slope")

    presets = {
        "Two minima": {"function": "two minima"},
        "Several valleys": {"function": "valleys", "rate": 0.05},
        "Noise that hops": HOPPING,
    }
    prompts = (
        ("Drag a ball over the top of the barrier: where does it end?", {"function": "two minima", "noise": 0}),
        ("Are the colours still two halves with η = 0.2?", {"function": "two minima", "rate": 0.2}),
        ("Shake: from which σ on do they hop, and where do they gather?", HOPPING),
        ("Five valleys: how many of a hundred find the lowest?", {"function": "valleys", "rate": 0.05}),
    )  # fmt: skip
    metrics = {"share": "share in valley", "hops": "hops a step"}
    diverges = "η is past 2/f″ on the steep sides: they are thrown out of all valleys."

    # ------------------------------------------------------------ descent

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"rate": 0.02 if value == "two minima" else 0.05} if name == "function" else {}

    def start(self) -> Metrics:
        self.f = self.formula if self.function == "formula" else curve(self.function)
        try:
            self.slope = self.f.derivative("x")
        except ValueError as wrong:
            raise Unfit("formula", str(wrong)) from None
        if not np.isfinite([self.f(x) + self.slope(x) for x in np.linspace(*self.window(), 301)]).all():
            raise Unfit("formula", "it must have a height and a slope all over −6 to 6: write another")
        self.goals = minima(self.slope, self.window())
        if not 1 <= len(self.goals) <= 12:
            raise Unfit("formula", f"it has {len(self.goals)} minima near −6 to 6: write one with 1 to 12")
        tops = minima(lambda x: -self.slope(x), self.window())
        self.tops = tops[(self.goals[0] < tops) & (tops < self.goals[-1])]
        self.theta = np.array(DROPPED.get(self.function, (-4.0, -1.0, 1.5, 5.0)))
        self.began = self.theta
        self.crowd = self.rng.uniform(*self.window(), CROWD)
        self.hopped = 0.0
        return self.measured()

    def step(self) -> Metrics:
        """θ ← θ − η (f′(θ) + σ ξ), for those dropped and for the crowd."""
        before = self.valley(self.crowd)
        self.theta = self.moved(self.theta)
        self.crowd = self.moved(self.crowd)
        self.hopped = float((self.valley(self.crowd) != before).mean())
        if (
            not self.noise
            and max(np.abs(self.slope(each)).max() for each in (self.theta, self.crowd) if len(each)) < 1e-6
        ):
            self.finish("All stand where the slope is 0: each in the valley that its start and η chose.")
        return self.measured()

    def moved(self, theta: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            kick = self.noise * self.rng.standard_normal(theta.shape) if self.noise else 0.0
            went = theta - self.rate * (self.slope(theta) + kick)
        return np.clip(np.nan_to_num(went, nan=FAR), -FAR, FAR)

    def valley(self, theta: np.ndarray) -> np.ndarray:
        """The number of the valley it is in: the tops between the minima are the borders."""
        return np.minimum(np.searchsorted(self.tops, theta), len(self.goals) - 1)

    def measured(self) -> Metrics:
        counts = np.bincount(self.valley(self.crowd), minlength=len(self.goals)) / CROWD
        return {f"share/{name}": float(c) for name, c in zip(self.names(), counts)} | {"hops": self.hopped}

    def names(self) -> tuple[str, ...]:
        return tuple(f"{goal:.2g}" for goal in self.goals)

    def window(self) -> tuple[float, float]:
        return KNOWN[self.function].x if self.function in KNOWN else WIDE

    @action
    def drop(self, x: float, y: float) -> None:
        """Click to drop a ball."""
        if len(self.theta) >= MOST:
            raise ValueError(f"drop: {MOST} balls are enough; take one away with a right click first")
        place = float(np.clip(x, *self.window()))
        self.theta, self.began = np.append(self.theta, place), np.append(self.began, place)

    @action
    def drag(self, index: int, x: float, y: float) -> None:
        """Drag a ball: it begins anew from there."""
        if not 0 <= index < len(self.theta):
            raise ValueError(f"drag: there are balls 0 to {len(self.theta) - 1}, none with number {index}")
        place = float(np.clip(x, *self.window()))
        at = np.arange(len(self.theta)) == index
        self.theta, self.began = np.where(at, place, self.theta), np.where(at, place, self.began)

    @action
    def take(self, index: int) -> None:
        """Right click: take a ball away."""
        if not 0 <= index < len(self.theta) or len(self.theta) == 1:
            raise ValueError(f"take: one of {len(self.theta)} balls must stay, and {index} must be one of them")
        self.theta, self.began = np.delete(self.theta, index), np.delete(self.began, index)

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Column(
            Panel(
                "Curve",
                Dots("strip", colour="strip_ends", shape="square"),
                Line("graph", tint="text", width=2.5),
                Dots("crowd_seen", tint="quiet"),
                Dots("balls", colour="balls_ends", shape="disc", big=True, drag="drag", add="drop", erase="take"),
                Dots("stars", colour="stars_ends", shape="star", big=True),
                x="θ",
                y="f(θ)",
                range_x=self.window(),
                detail="lowest",
                help="Click to drop a ball, drag it, right-click to take it away. The strip: where each start ends",
            ),
            Row(
                Panel(
                    "100 random starts", Histogram("inside", bins=40), x="θ now", y="how many", range_x=self.window()
                ),
                Panel("Share of each valley", Curve("share"), x="step t", y="share", range_y=(-0.02, 1.02)),
                Panel("Hops", Curve("hops"), x="step t", y="share that changed valley", shown=False),
                Panel("Step", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("f", "function"))
    def graph(self) -> np.ndarray:
        x = np.linspace(*self.window(), 400)
        return np.column_stack([x, self.f(x)])

    def on_curve(self, theta: np.ndarray) -> np.ndarray:
        x = np.clip(theta, *self.window())
        return np.column_stack([x, self.f(x)])

    def low(self) -> float:
        y = self.graph()[:, 1]
        return float(y.min() - 0.07 * (np.ptp(y) or 1))

    @drawn(on=("f", "function"))
    def strip(self) -> np.ndarray:
        return np.column_stack([np.linspace(*self.window(), STRIP), np.full(STRIP, self.low())])

    @drawn(on=("f", "function", "rate"))
    def strip_ends(self) -> np.ndarray:
        """The valley where descent without noise ends, for each start; the last class where it ends in none."""
        return self.coloured(ends(self.slope, self.strip()[:, 0], self.rate, self.goals))

    def coloured(self, valley: np.ndarray) -> np.ndarray:
        return np.where(valley < 0, len(self.goals), valley)

    @drawn
    def balls(self) -> np.ndarray:
        return self.on_curve(self.theta)

    @drawn(on=("f", "function", "rate", "began"))
    def balls_ends(self) -> np.ndarray:
        return self.coloured(ends(self.slope, self.began, self.rate, self.goals))

    @drawn(on=("f", "function"))
    def stars(self) -> np.ndarray:
        return self.on_curve(self.goals)[self.seen()]

    def seen(self) -> np.ndarray:
        low, high = self.window()
        return (low <= self.goals) & (self.goals <= high)

    @drawn(on=("f", "function"))
    def stars_ends(self) -> np.ndarray:
        return np.flatnonzero(self.seen())

    @drawn
    def crowd_seen(self) -> np.ndarray:
        return self.on_curve(self.crowd)

    @drawn
    def inside(self) -> np.ndarray:
        return np.clip(self.crowd, *self.window())

    @drawn(on=("f", "function"))
    def lowest(self) -> str:
        heights = np.asarray(self.f(self.goals))
        return f"global minimum {heights.min():.3g} at {self.goals[heights.argmin()]:.3g}"

    @drawn(on=("f", "function"))
    def safe(self) -> np.ndarray:
        bend = float(np.max((self.slope(self.goals + 1e-5) - self.slope(self.goals - 1e-5)) / 2e-5))
        return np.array([1 / bend, 2 / bend]) if bend > 0 else np.empty(0)

    @drawn
    def update(self) -> Update:
        """The first ball's step to come, without what noise may add."""
        there = float(self.theta[0])
        slope = float(self.slope(there))
        return Update(
            r"\theta_{t+1} = \theta_t - \eta\, f'(\theta_t)" + (r" - \eta\, \sigma\, \xi" if self.noise else ""),
            {r"\theta_t": there, r"\eta": self.rate, r"f'(\theta_t)": slope}
            | ({r"\sigma": self.noise} if self.noise else {r"\theta_{t+1}": there - self.rate * slope}),
        )

    @drawn
    def said(self) -> str:
        heights = np.asarray(self.f(self.goals))
        best = int(heights.argmin())
        share = float((self.valley(self.crowd) == best).mean())
        text = f"{share:.0%} of the hundred are now in the lowest valley."
        if self.noise:
            return f"{text} {self.hopped:.0%} changed valley in this step: the more noise, the more of them."
        different = len(set(self.balls_ends().tolist()))
        return f"{text} The {len(self.theta)} dropped balls end in {different} different place{'s' * (different > 1)}."
