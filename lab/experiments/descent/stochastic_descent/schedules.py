"""Schedules: three rates that fall as 1/tᵃ: one never settles, one converges, one stalls; their sums decide."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Equation, Guide, Note, Panel, Row, Tabs
from lab.maths.schedules import SCHEDULES, Schedule
from lab.maths.zone import DATA, Zone

RUNS = 200  # of each schedule: the gap is their mean
LANES = ("A", "B", "C")


def exponent(default: float, symbol: str) -> Slider:
    return Slider(
        default, 0, 2, symbol=symbol, label=f"Exponent {symbol[-1]}", help="0: constant; legal: over ½, up to 1"
    )


class Schedules(Experiment):
    data = Choice(list(DATA), "thirty points", restarts=True, help="the points that w x should fit")
    begin = Slider(-5, -6, 8, symbol="w₀", label="Start", restarts=True, help="where all begin")
    rate = Slider(0.25, 0.001, 2, log=True, symbol="η", restarts=True, help="the rate of the first step")
    shift = Slider(3, 1, 1000, log=True, symbol="t₀", restarts=True, help="the rates are η/(1 + t/t₀)ᵃ")
    a = exponent(0, "a_A")
    b = exponent(1, "a_B")
    c = exponent(2, "a_C")
    batch = Count(1, 1, 30, symbol="b", label="Batch size", help="samples behind each step, drawn with replacement")

    metrics = {
        "w_A": "w_A",
        "w_B": "w_B",
        "w_C": "w_C",
        "rate": "η_t",
        "sum": "Σ η",
        "squares": "Σ η²",
        "gap": "E ℓ − ℓ*",
        "distance": "|w − w*|",
    }
    fixed = ("zone",)
    diverges = "η x² is over 2 for some samples: each of their steps overshoots by more than the last."
    prompts = (
        ("Constant, 1/t, and too fast: who settles, and where?", {"a": 0, "b": 1, "c": 2}),
        ("1/√t breaks one condition. Does it look worse than 1/t?", {"a": 0.5, "b": 0.75, "c": 1}),
        ("A far start: which exponents use up their steps on the way?", {"begin": -6, "rate": 0.1}),
        ("β below 1/m: the O(1/t) of the theorem is lost", {"rate": 0.03, "shift": 5}),
        ("The mean of points that agree: no noise, no need to fall", {"data": "all on one line"}),
    )
    presets = {
        "Never settles, converges, stalls": {"a": 0, "b": 1, "c": 2},
        "Text 4: a = 0.3 and 1.5 are illegal": {"a": 0.3, "b": 0.75, "c": 1.5},
        "1/√t, 1/t^¾, 1/t": {"a": 0.5, "b": 0.75, "c": 1},
    }

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.zone = Zone(*DATA[self.data])
        self.w = np.full((3, RUNS), self.begin, dtype=float)  # a lane for each schedule
        self.sums, self.squares = np.zeros(3), np.zeros(3)
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """One step of every run; runs of the same number draw the same samples in all three lanes."""
        eta = self.rates()
        batches = self.rng.integers(self.zone.n, size=(RUNS, self.batch))
        self.w = self.w - eta[:, None] * self.zone.gradient(self.w, batches)
        self.sums, self.squares = self.sums + eta, self.squares + eta**2
        return self.measured()

    def rates(self) -> np.ndarray:
        """η_t of the next step: β/(t + t₀) for the exponent 1, with β = η t₀."""
        return self.rate * (1 + self.t / self.shift) ** -np.array(self.exponents())

    def exponents(self) -> tuple[float, float, float]:
        return self.a, self.b, self.c

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        zone, eta = self.zone, self.rates()
        gaps = zone.curvature / 2 * ((self.w - zone.best) ** 2).mean(axis=1)
        row: Metrics = {}
        for i, lane in enumerate(LANES):
            row[f"w_{lane}/one run"] = float(self.w[i, 0])
            row[f"w_{lane}/mean"] = float(self.w[i].mean())
            row |= {f"rate/{lane}": float(eta[i]), f"gap/{lane}": max(float(gaps[i]), 1e-12)}
            row[f"distance/{lane}"] = max(float(np.abs(self.w[i, 0] - zone.best)), 1e-9)
            if self.t:
                row |= {f"sum/{lane}": float(self.sums[i]), f"squares/{lane}": float(self.squares[i])}
        law = zone.decaying(self.rate * self.shift, self.batch)
        if self.b == 1 and 0 < law < np.inf:
            row["gap/law of B"] = law / (self.t + self.shift)
        return row

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        ends = np.array([self.zone.low, self.zone.high, self.begin])
        room = 0.1 * np.ptp(ends) or 1.0
        strips = [
            Panel(
                f"Schedule {lane}",
                Guide(y="edges"),
                Guide(y="best", label="w*", tint="text"),
                Curve(f"w_{lane}"),
                x="step t",
                y="w",
                range_y=(float(ends.min() - room), float(ends.max() + room)),
                detail=f"says_{lane}",
                help="Dashed and quiet: the zone of confusion",
            )
            for lane in LANES
        ]
        logs = {"x": "step t", "log_x": True, "log_y": True}
        return Row(
            Column(*strips),
            Column(
                Panel("Ση", Curve("sum", colours="far"), **logs, y="Σ η", help="Green: it grows for ever, as it must"),
                Panel("Ση²", Curve("squares", colours="calm"), **logs, y="Σ η²", help="Green: it stays finite"),
                Panel(
                    "Mean gap",
                    Curve("gap", colours="lane_colours"),
                    x="step t",
                    y="E ℓ − ℓ*",
                    log_x=True,
                    log_y=True,
                    help="Of 200 runs each. For B's rate β/(t + t₀), theory gives c/(t + t₀) in the end: slope −1",
                ),
            ),
            Column(
                Tabs(
                    Panel("Distance left", Curve("distance", colours="lane_colours"), **logs, y="|w − w*|"),
                    Panel("Rates", Curve("rate", colours="lane_colours"), **logs, y="η_t"),
                ),
                Panel("Update", Equation("update"), Note("said")),
            ),
            sizes=(5, 5, 4),
        )

    @drawn
    def edges(self) -> np.ndarray:
        return np.array([self.zone.low, self.zone.high])

    @drawn
    def best(self) -> np.ndarray:
        return np.array([self.zone.best])

    def rules(self) -> list[tuple[Schedule, Any]]:
        return [(SCHEDULES["1/tᵖ"], SimpleNamespace(power=a)) for a in self.exponents()]

    @drawn
    def far(self) -> dict[str, str]:
        return {lane: "good" if rule.goes_far(a) else "warn" for lane, (rule, a) in zip(LANES, self.rules())}

    @drawn
    def calm(self) -> dict[str, str]:
        return {lane: "good" if rule.calms(a) else "warn" for lane, (rule, a) in zip(LANES, self.rules())}

    @drawn
    def lane_colours(self) -> dict[str, str]:
        return {"A": "0", "B": "1", "C": "2", "law of B": "text"}

    def says(self, lane: int) -> str:
        rule, a = self.rules()[lane]
        signs = ("✗", "✓")
        return f"a = {a.power:g}   Σ η = ∞ {signs[rule.goes_far(a)]}  Σ η² < ∞ {signs[rule.calms(a)]}"

    @drawn
    def says_A(self) -> str:
        return self.says(0)

    @drawn
    def says_B(self) -> str:
        return self.says(1)

    @drawn
    def says_C(self) -> str:
        return self.says(2)

    @drawn
    def update(self) -> Update:
        """The rates of the next step."""
        eta = self.rates()
        return Update(
            r"\eta_t = \eta\, (1 + \frac{t}{t_0})^{-a}",
            {r"\eta_t": eta[1], r"\eta": self.rate, r"\frac{t}{t_0}": self.t / self.shift, "a": self.b},
        )

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.w).all():
            return self.diverges
        gaps = ((self.w - self.zone.best) ** 2).mean(axis=1)
        words = {
            (True, True): "can reach any place and calms down",
            (True, False): "can reach any place, but is not sure to calm down",
            (False, True): "calms down, perhaps before it is there",
        }
        each = " ".join(f"{lane} {words[r.goes_far(a), r.calms(a)]}." for lane, (r, a) in zip(LANES, self.rules()))
        return f"{each} Nearest to w* now: {LANES[int(gaps.argmin())]}."
