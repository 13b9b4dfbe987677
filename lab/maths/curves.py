"""Curves of one variable to step down on: those of the texts, how long descent takes on them, and where it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.maths.formula import Expression, parse

Array = NDArray[np.float64]
Function = Callable[[Any], Any]
FAR = 1e6
SLOW = 100  # steps
ZONES = ("straight", "slow", "oscillates", "never settles", "diverges")


class Known(NamedTuple):
    """A curve of the texts: its formula, window, a start and a rate that tell its story."""

    formula: str
    x: tuple[float, float]
    begin: float
    rate: float
    derived: bool = False  # the curve is the derivative of the formula: so a staircase is written


# The margins (2 y − 1) x of the points V2 of text 2, Figure 1: nine on each side of 0
MARGINS = (9, 8, 7, 6, 5, -4, 3, -2, 1, 1, -2, 3, 4, -5, 6, 7, 8, 9)
LOGISTIC = "(" + "+".join(f"log(1+exp({-margin}*x))" for margin in MARGINS) + ")/18"

KNOWN = {
    "parabola": Known("(x - 2)**2", (-2, 6), 4.0, 0.1),
    "two minima": Known("0.3*((x - 1)**2 - 3)**2 + 0.5*x + 1", (-2, 4), 3.9, 0.05),
    "valleys": Known("0.05*x**2 + sin(2*x) + 1", (-5.5, 6), 4.9, 0.1),
    "x³": Known("x**3", (-1.5, 1.5), 1.0, 0.1),
    "exp(−x)": Known("exp(-x)", (-1.5, 4), 0.0, 1.0),
    "dome": Known("-x**2", (-3, 3), 0.2, 0.1),
    "|x|": Known("abs(x)", (-2, 2), 1.9, 0.3),
    "smooth |x|": Known("sqrt(x**2 + 0.1)", (-2, 2), 1.9, 0.3),
    "staircase": Known(
        "max(x - 0.5, 0) + max(x - 1.5, 0) - max(-x - 0.5, 0) - max(-x - 1.5, 0)", (-3, 3), 2.2, 0.3, True
    ),
    "logistic": Known(LOGISTIC, (-1, 3), -0.5, 0.05),
}


def curve(name: str) -> Expression:
    known = KNOWN[name]
    read = parse(known.formula, ("x",))
    return read.derivative("x") if known.derived else read


def regime(share: float) -> str:
    """What a step does where η f″ is `share`."""
    if not share > 0:
        return "no bound"
    if abs(share - 1) < 0.005:
        return "one hop"
    if abs(share - 2) < 0.005:
        return "to and fro"
    names = ("creeps", "straight down", "overshoots", "climbs")
    return names[int(np.searchsorted([0.1, 1, 2], share))]


def quantities(before: float, after: float, move: float, slope: float) -> dict[str, float]:
    """What stopping rules compare with ε, after a step from height `before` to `after`."""
    gain = abs(before - after)
    relative = gain / abs(before) if before else (0.0 if not gain else np.inf)
    return {"|Δf|": gain, "|f′|": abs(slope), "|Δθ|": abs(move), "|Δf|/|f|": relative}


@np.errstate(all="ignore")
def to_tolerance(slope: Function, begin: float, rates: ArrayLike, epsilon: float, most: int) -> tuple[Array, Array]:
    """For each rate the steps until |f′| < ε, `most` if they do not do, and the number in ZONES of what happens."""
    eta = np.asarray(rates, dtype=float)
    theta, steps = np.full(eta.shape, float(begin)), np.full(eta.shape, float(most))
    crossed, lost = np.zeros(eta.shape, bool), np.zeros(eta.shape, bool)
    going, before = np.ones(eta.shape, bool), np.zeros(eta.shape)
    for t in range(most):
        g = np.asarray(slope(theta))
        steps[going & (np.abs(g) < epsilon)] = t
        lost |= going & ~((np.abs(theta) < FAR) & np.isfinite(g))
        crossed |= going & (g * before < 0)
        going &= (np.abs(g) >= epsilon) & ~lost
        if not going.any():
            break
        before = g
        theta = np.where(going, theta - eta * g, theta)
    zone = np.select([lost, crossed & (steps == most), crossed, steps > SLOW], [4, 3, 2, 1], 0)
    return steps, zone


def law_of_steps(bend: float, slope: float, rates: ArrayLike, epsilon: float) -> Array:
    """What a parabola of curvature `bend` takes: |f′| shrinks by |1 − η f″| a step."""
    shrinks = np.abs(1 - np.asarray(rates) * bend)
    with np.errstate(all="ignore"):
        steps = np.log(epsilon / abs(slope)) / np.log(shrinks)
    return np.where(shrinks < 1, np.maximum(steps, 1), np.nan)


def bottom(slope: Function, begin: float, reach: float = 20) -> float:
    """The first place downhill where the slope turns; NaN where it never does."""
    here = float(slope(begin))
    if not here or not np.isfinite(here):
        return float(begin) if here == 0 else np.nan
    x = begin - np.sign(here) * np.linspace(0, reach, 4001)
    turns = np.flatnonzero(np.asarray(slope(x)) * here < 0)
    if not len(turns):
        return np.nan
    near, far = x[turns[0] - 1], x[turns[0]]
    for _ in range(60):
        middle = (near + far) / 2
        near, far = (middle, far) if slope(middle) * here > 0 else (near, middle)
    return float((near + far) / 2)


def lowest(f: Function, x: tuple[float, float]) -> tuple[float, float]:
    """argmin and min over an interval, by looking ever closer at the best place."""
    low, high = x
    best, height = low, np.inf
    for _ in range(6):
        places = np.linspace(low, high, 401)
        heights = np.asarray(f(places))
        heights = np.where(np.isfinite(heights), heights, np.inf)
        at = int(heights.argmin())
        if heights[at] <= height:
            best, height = float(places[at]), float(heights[at])
        near = (high - low) / 200
        low, high = max(best - near, x[0]), min(best + near, x[1])
    return best, height


def minima(slope: Function, x: tuple[float, float], room: float = 2.0) -> Array:
    """Every place of an interval, and a little beyond, where the slope turns from falling to rising."""
    places = np.linspace(x[0] - room, x[1] + room, 4001) + 1e-5 / np.pi
    slopes = np.asarray(slope(places))
    turns = np.flatnonzero((slopes[:-1] < 0) & (slopes[1:] >= 0))
    low, high = places[turns], places[turns + 1]
    for _ in range(60):
        middle = (low + high) / 2
        falling = np.asarray(slope(middle)) < 0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
    return high


@np.errstate(all="ignore")
def ends(slope: Function, begin: ArrayLike, rate: float, goals: Array, steps: int = 400) -> NDArray[np.int64]:
    """The number of the minimum nearest to where descent ends from each start, −1 if it is at none."""
    theta = np.array(begin, dtype=float)
    for _ in range(steps):
        theta = np.clip(theta - rate * np.asarray(slope(theta)), -FAR, FAR)
    if not len(goals):
        return np.full(theta.shape, -1)
    apart = np.abs(theta[:, None] - goals)
    return np.where(apart.min(axis=1) < 0.2, apart.argmin(axis=1), -1)
