"""Convexity of a curve given by points: its worst chord, its least and greatest curvature, and what they make it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ROUNDING = 1e-9  # of the largest height or slope: what is smaller may be rounding alone
CLOSER = 4  # how often the curvature is looked at again, each time from 13 times as near


class Chord(NamedTuple):
    """From (a, f(a)) to (b, f(b)); the curve rises most above it, by `gap`, at λ a + (1 − λ) b, λ being `share`."""

    a: float
    b: float
    share: float
    gap: float


class Verdict(NamedTuple):
    """What a curve is over an interval. Where slopes jump or curvatures grow without end, m or L is infinite."""

    convex: bool
    strict: bool
    m: float  # the least curvature: the curve is m-strongly convex where it is above 0
    L: float  # the greatest curvature, whichever its sign: the curve is L-smooth where it is finite
    hole: float  # a place between others where there is no value, else NaN: no convex function has one
    worst: Chord

    @property
    def strong(self) -> bool:
        return self.m > 0

    @property
    def smooth(self) -> bool:
        return bool(np.isfinite(self.L))


def hull(x: Array, y: Array) -> list[int]:
    """Which of the points carry the largest convex curve below all of them (Andrew's monotone chain)."""
    kept: list[int] = []
    for i in range(len(x)):
        while len(kept) > 1:
            j, k = kept[-2:]
            if (y[k] - y[j]) * (x[i] - x[j]) < (y[i] - y[j]) * (x[k] - x[j]):
                break
            kept.pop()
        kept.append(i)
    return kept


def worst_chord(x: Array, y: Array) -> Chord:
    """The chord above which the curve rises most: it bridges the deepest bay of the convex hull."""
    kept = hull(x, y)
    bay = y - np.interp(x, x[kept], y[kept])
    deepest = int(bay.argmax())
    right = int(np.searchsorted(kept, deepest, side="right"))
    a, b = x[kept[right - 1]], x[kept[min(right, len(kept) - 1)]]
    share = (b - x[deepest]) / (b - a) if b > a else 1.0
    return Chord(float(a), float(b), float(share), float(max(bay[deepest], 0.0)))


def curvatures(slope: Callable[[Array], Any], x: Array) -> tuple[float, float]:
    """The least and the greatest difference quotient of the slope; infinite where it keeps growing as one nears."""
    return -_greatest(lambda at: -slope(at), x), _greatest(slope, x)


def _greatest(slope: Callable[[Array], Any], x: Array) -> float:
    before = now = first = -np.inf
    rise = largest = 0.0
    for look in range(1 + CLOSER):
        slopes = np.asarray(slope(x), dtype=float)
        known = np.flatnonzero(np.isfinite(slopes))
        if len(known) < 2:
            return np.nan
        rises = np.diff(slopes[known])
        quotients = rises / np.diff(x[known])
        steepest = int(quotients.argmax())
        before, now = now, float(quotients[steepest])
        first = first if look else now
        rise, largest = float(rises[steepest]), max(largest, float(np.abs(slopes[known]).max()))
        left, right = known[steepest : steepest + 2]
        x = np.linspace(x[max(left - 1, 0)], x[min(right + 1, len(x) - 1)], 41)
    endless = now > 1.5 * max(before, 0) or now > 1000 * first > 0
    return np.inf if endless and rise > ROUNDING * largest else now


def judged(f: Callable[[Array], Any], slope: Callable[[Array], Any], x: Array) -> Verdict:
    """What the curve is over the places x, of which some must have a value and a slope."""
    y = np.asarray(f(x), dtype=float)
    known = np.isfinite(y)
    inside = np.flatnonzero(known)
    holes = np.flatnonzero(~known[inside[0] : inside[-1]]) + inside[0]
    worst = worst_chord(x[known], y[known])

    def where_known(at: Array) -> Array:
        return np.where(np.isfinite(f(at)), slope(at), np.nan)

    within = x.copy()  # a kink at the very end of the interval is none in it
    within[[0, -1]] += ROUNDING * np.ptp(x) * np.array([1, -1])
    least, greatest = curvatures(where_known, within) if not len(holes) else (-np.inf, np.inf)
    convex = not len(holes) and worst.gap <= ROUNDING * max(float(np.abs(y[known]).max()), 1e-300)
    slopes = where_known(x[known])
    usual = float(np.ptp(slopes[np.isfinite(slopes)])) / float(np.ptp(x))
    return Verdict(
        convex=bool(convex),
        strict=bool(convex and (np.diff(slopes) > 0).all()),
        m=0.0 if abs(least) <= 1e-6 * usual else least,
        L=max(abs(least), abs(greatest)),
        hole=float(x[holes[0]]) if len(holes) else float("nan"),
        worst=worst,
    )
