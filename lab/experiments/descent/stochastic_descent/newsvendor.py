"""Newsvendor: how many papers to order? Each day's loss flickers, their mean does not, and SGD finds the quantile."""

from __future__ import annotations

import math

import numpy as np

from lab import marks
from lab.controls import Choice, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Arrows, Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row

W = np.linspace(0, 3, 240)
BINS = 30
DEMANDS = {  # the share of days with a demand up to w, and its inverse
    "uniform": (lambda w: np.clip(w, 0, 1), lambda u: u),
    "exponential": (lambda w: 1 - np.exp(-np.maximum(w, 0)), lambda u: -np.log1p(-u)),
    "two kinds of day": (
        lambda w: 0.6 * np.clip((w - 0.2) / 0.4, 0, 1) + 0.4 * np.clip((w - 1.2) / 0.8, 0, 1),
        lambda u: np.where(u < 0.6, 0.2 + 0.4 * u / 0.6, 1.2 + 0.8 * (u - 0.6) / 0.4),
    ),
}


class Newsvendor(Experiment):
    demand = Choice(list(DEMANDS), symbol="ξ", restarts=True, help="how the demand ξ differs from day to day")
    left_over = Slider(1, 0.1, 5, symbol="h", label="Left over", help="what a paper costs that nobody buys")
    sold_out = Slider(3, 0.1, 5, symbol="p", label="Sold out", help="what it costs to send a customer away")
    rate = Slider(0.5, 0.01, 2, log=True, symbol="c", help="the rate is c/(t + 1)ᵃ")
    power = Slider(1, 0, 1.5, symbol="a", help="0: a fixed rate, which never settles")
    begin = Slider(2.5, 0, 3, symbol="w₀", label="Start", restarts=True, help="the first order")

    metrics = {"w": "w", "loss": "ℓ"}
    prompts = (
        ("h = 1 and p = 3: which share of days sells out in the end?", {"left_over": 1, "sold_out": 3}),
        ("A paper left costs as much as one that lacks: what is the answer called?", {"left_over": 1, "sold_out": 1}),
        ("A fixed rate: does the order settle?", {"power": 0, "rate": 0.1}),
        ("c too small: 1/t runs out of steps", {"rate": 0.03}),
        ("Two kinds of day: where is the mean loss flat?", {"demand": "two kinds of day", "left_over": 2}),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.w = self.before = self.begin
        self.xi = self.a_day()
        self.paid, self.days = 0.0, 0
        self.seen = np.zeros(BINS)
        return {"w/order": self.w, "loss/mean ℓ": self.mean(self.w), "w/quantile": self.best()}

    def step(self) -> Metrics:
        """One day: see the demand, and order less if papers were left, more if they ran out."""
        self.xi = self.a_day()
        self.before = self.w
        loss = self.day(self.w)
        g = self.left_over if self.xi < self.w else -self.sold_out
        self.w = self.w - self.rate / (self.t + 1) ** self.power * g
        self.paid, self.days = self.paid + loss, self.days + 1
        self.seen[min(int(self.xi / 3 * BINS), BINS - 1)] += 1
        return {
            "w/order": self.w,
            "w/quantile": self.best(),
            "loss/of this day": loss,
            "loss/mean ℓ": self.mean(self.w),
        }

    def a_day(self) -> float:
        return float(DEMANDS[self.demand][1](self.rng.random()))

    def day(self, w: float) -> float:
        """h (w − ξ)⁺ + p (ξ − w)⁺."""
        return float(self.left_over * max(w - self.xi, 0) + self.sold_out * max(self.xi - w, 0))

    def share(self) -> float:
        return self.sold_out / (self.sold_out + self.left_over)

    def best(self) -> float:
        """The p/(p + h) quantile of the demand."""
        return float(DEMANDS[self.demand][1](self.share()))

    def means(self, w: np.ndarray) -> np.ndarray:
        """E ℓ: the mean over ten thousand days spread evenly over all that may happen."""
        xi = DEMANDS[self.demand][1]((np.arange(2000) + 0.5) / 2000)
        over = w[:, None] - xi
        return (self.left_over * np.maximum(over, 0) + self.sold_out * np.maximum(-over, 0)).mean(axis=1)

    def mean(self, w: float) -> float:
        return float(self.means(np.array([w]))[0])

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        across = {"x": "order w, demand ξ", "range_x": (0.0, 3.0)}
        return Row(
            Column(
                Panel(
                    "Loss",
                    Line("today", label="this day's loss", tint="0"),
                    Line("always", label="mean loss", tint="text", width=3),
                    Guide(x="quantile", label="quantile", tint="good"),
                    Arrows("left", "jump", tint="warn"),
                    Dots("ball", tint="accent", big=True),
                    **across,
                    y="ℓ",
                    range_y=(0.0, 4.0),
                    help="The bent line is another one every day; its bend is the demand. The mean stays where it is",
                ),
                Panel(
                    "Demand",
                    Line("days_seen", label="seen", tint="accent", width=1, fill=True),
                    Line("law", label="law", tint="text", dashed=True),
                    Guide(x="quantile", tint="good"),
                    Guide(x="now", label="w", tint="accent"),
                    **across,
                    y="density",
                ),
                sizes=(3, 2),
            ),
            Column(
                Panel("Order", Curve("w"), x="day t", y="w", help="The minimum of the mean loss is a quantile of ξ"),
                Panel("Cost", Curve("loss"), x="day t", y="ℓ"),
                Panel("Update", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    @drawn
    def today(self) -> np.ndarray:
        ends = np.array([0, self.xi, 3])
        heights = self.left_over * np.maximum(ends - self.xi, 0) + self.sold_out * np.maximum(self.xi - ends, 0)
        return np.column_stack([ends, heights])

    @drawn(on=("demand", "left_over", "sold_out"))
    def always(self) -> np.ndarray:
        return np.column_stack([W, self.means(W)])

    @drawn
    def quantile(self) -> np.ndarray:
        return np.array([self.best()])

    @drawn
    def now(self) -> np.ndarray:
        return np.array([np.clip(self.w, 0, 3)])

    @drawn
    def ball(self) -> np.ndarray:
        return self.on_mean(self.w)

    @drawn
    def left(self) -> np.ndarray:
        return self.on_mean(self.before)

    @drawn
    def jump(self) -> np.ndarray:
        return self.ball() - self.left()

    def on_mean(self, w: float) -> np.ndarray:
        w = float(np.clip(w, 0, 3))
        return np.array([[w, np.interp(w, *self.always().T)]])

    @drawn
    def days_seen(self) -> np.ndarray:
        edges = np.linspace(0, 3, BINS + 1)
        density = self.seen / max(self.days, 1) * BINS / 3
        return np.column_stack([np.repeat(edges, 2), [0, *np.repeat(density, 2), 0]])

    @drawn(on=("demand",))
    def law(self) -> np.ndarray:
        return np.column_stack([W, np.gradient(DEMANDS[self.demand][0](W), W)])

    @drawn
    def update(self) -> Update:
        eta = self.rate / max(self.t, 1) ** self.power
        g = self.left_over if self.xi < self.before else -self.sold_out
        return Update(
            r"w_{t+1} = w_t - \eta_t\, g_t \\ w^* = F^{-1}\left(\frac{p}{p + h}\right)",
            {
                "w_{t+1}": self.before - eta * g,
                "w_t": self.before,
                r"\eta_t": eta,
                "g_t": g,
                "w^*": self.best(),
                "p": self.sold_out,
                "h": self.left_over,
            },
        )

    @drawn
    def said(self) -> str:
        sold_out = 1 - float(DEMANDS[self.demand][0](self.w))
        if not math.isfinite(self.w):
            return self.diverges
        yesterday = "papers were left" if self.xi < self.before else "papers ran out"
        return (
            f"Demand {self.xi:.2f} against an order of {self.before:.2f}: {yesterday}. This order sells out on "
            f"{sold_out:.0%} of days; the best one on h/(p + h) = {1 - self.share():.0%}."
        )
