"""Schedules: how the learning rate falls, and whether its sums meet Robbins and Monro's two conditions.

The rate of step t = 0, 1, 2 … is eta times what a schedule makes of t, which is 1 at t = 0 but for the warm-up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol


class Settings(Protocol):
    """The knobs; each schedule reads only those that stand in its formula."""

    @property
    def rate(self) -> float: ...  # η, at the start
    @property
    def power(self) -> float: ...  # p
    @property
    def period(self) -> float: ...  # s, in steps
    @property
    def decay(self) -> float: ...  # γ, what is left after a period


class Schedule(NamedTuple):
    """`share(t, settings)` is η_t / η. The two others say whether Σ η_t is infinite, and Σ η_t² finite."""

    latex: str
    share: Callable[[float, Settings], float]
    goes_far: Callable[[Settings], bool]
    calms: Callable[[Settings], bool]
    reads: tuple[str, ...] = ()

    def __call__(self, t: float, settings: Settings) -> float:
        return settings.rate * self.share(t, settings)


def _always(_: Settings) -> bool:
    return True


def _never(_: Settings) -> bool:
    return False


def polynomial(p: float) -> Schedule:
    """1/(t + 1)^p: the p-series, so that both conditions hold for 1/2 < p ≤ 1."""
    return Schedule(
        rf"\frac{{\eta}}{{(t+1)^{{{p:g}}}}}",
        lambda t, _: (t + 1) ** -p,
        lambda _: p <= 1,
        lambda _: p > 1 / 2,
    )


def _cosine(t: float, settings: Settings) -> float:
    return (1 + math.cos(math.pi * min(t / settings.period, 1))) / 2


SCHEDULES: dict[str, Schedule] = {
    "constant": Schedule(r"\eta", lambda t, _: 1.0, _always, _never),
    "1/t": polynomial(1),
    "1/√t": polynomial(0.5),
    "1/tᵖ": Schedule(
        r"\frac{\eta}{(t+1)^p}",
        lambda t, s: (t + 1) ** -s.power,
        lambda s: s.power <= 1,
        lambda s: s.power > 1 / 2,
        ("power",),
    ),
    "steps": Schedule(
        r"\eta\, \gamma^{\lfloor t/s \rfloor}",
        lambda t, s: s.decay ** (t // s.period),
        lambda s: s.decay >= 1,
        lambda s: s.decay < 1,
        ("decay", "period"),
    ),
    "exponential": Schedule(
        r"\eta\, \gamma^{t/s}",
        lambda t, s: s.decay ** (t / s.period),
        lambda s: s.decay >= 1,
        lambda s: s.decay < 1,
        ("decay", "period"),
    ),
    "cosine": Schedule(r"\frac{\eta}{2} \left(1 + \cos \frac{\pi t}{s}\right)", _cosine, _never, _always, ("period",)),
    "warm-up": Schedule(
        r"\eta\, \min\left(\frac{t+1}{s}, 1\right)",
        lambda t, s: min((t + 1) / s.period, 1),
        _always,
        _never,
        ("period",),
    ),
}


def verdict(schedule: Schedule, settings: Any) -> str:
    """What the two conditions promise, in a sentence."""
    far, calm = schedule.goes_far(settings), schedule.calms(settings)
    if far and calm:
        return "Σ η = ∞ and Σ η² < ∞: the rate can reach any place, and its noise dies out. SGD converges."
    if far:
        return "Σ η = ∞, but Σ η² = ∞ too: it can reach any place, but is not sure to settle there."
    return "Σ η is finite: the noise dies out, but the steps may be used up before the minimum is reached."


def using(knob: str) -> dict[str, tuple[str, ...]]:
    """For a control's `when`: the schedules that read this knob."""
    return {"schedule": tuple(name for name, rule in SCHEDULES.items() if knob in rule.reads)}
