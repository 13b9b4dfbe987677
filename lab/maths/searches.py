"""Line searches: how far to go along a ray, exactly or by trials that a condition accepts; conjugate directions.

    ray = Ray(f, gradient, theta, d)      # C(θ + α d) as a function of α
    found = backtracking(ray, first=1, factor=2 / 3, accepts=lambda alpha: armijo(ray, alpha, beta=1e-4))

A search returns its trials in order, so that they can be shown one by one; the last is the one accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FEWEST, MOST = 1e-7, 1e4  # how far from θ a minimum along the ray is looked for
LOOKS = 700  # places looked at in between, each 1.04 times as far as the one before
CAP = 60  # trials before bracket and zoom give up
SHORTEST = 1e-7  # of the first α, before backtracking gives up: further down C changes by rounding only


class Ray:
    """C and its slope along θ + α d, for one α or an array of them. f and gradient take the coordinates apart."""

    def __init__(self, f: Callable[..., Any], gradient: Callable[..., Any], theta: Array, d: Array) -> None:
        self.f, self.gradient = f, gradient
        self.theta, self.d = np.asarray(theta, dtype=float), np.asarray(d, dtype=float)
        self.height = self.value(0.0)
        self.fall = self.slope(0.0)  # the directional derivative at θ: below 0 if d leads downhill

    def at(self, alpha: Any) -> list[Any]:
        return [place + alpha * along for place, along in zip(self.theta, self.d)]

    @np.errstate(all="ignore")
    def value(self, alpha: Any) -> Any:
        return self.f(*self.at(alpha))

    @np.errstate(all="ignore")
    def slope(self, alpha: Any) -> Any:
        return sum(along * g for along, g in zip(self.d, self.gradient(*self.at(alpha))))


class Trial(NamedTuple):
    """One α that was tried. A bracket from `low` (the best end so far) to `high` is NaN where there is none."""

    alpha: float
    value: float
    accepted: bool
    phase: str = "trial"  # trial, bracket or zoom
    low: float = np.nan
    high: float = np.nan


class Search(NamedTuple):
    """What a search found: its α, 0 where it gave up, and everything it tried."""

    alpha: float
    trials: tuple[Trial, ...]


# ---------------------------------------------------------------- conditions


def armijo(ray: Ray, alpha: Any, beta: float) -> Any:
    """First Wolfe condition: C falls at least by the share β of what its slope at θ promises."""
    return ray.value(alpha) <= ray.height + beta * alpha * ray.fall


def curvature(ray: Ray, alpha: Any, gamma: float) -> Any:
    """Second Wolfe condition: the slope along the ray has risen to the share γ of what it was, or above."""
    return ray.slope(alpha) >= gamma * ray.fall


def strong_curvature(ray: Ray, alpha: Any, gamma: float) -> Any:
    """Its strong form, which also forbids steep slopes on the far side of a minimum."""
    return abs(ray.slope(alpha)) <= -gamma * ray.fall


# ---------------------------------------------------------------- searches


def minima(ray: Ray) -> Array:
    """Every α > 0 where the slope along the ray turns from falling to rising, in order."""
    length = float(np.sqrt(ray.d @ ray.d))
    if not 0 < length < np.inf:
        return np.empty(0)
    looks = np.concatenate([[0.0], np.geomspace(FEWEST, MOST, LOOKS) / length])
    slopes = np.asarray(ray.slope(looks) + 0 * looks)
    turns = np.flatnonzero((slopes[:-1] < 0) & (slopes[1:] >= 0))
    low, high = looks[turns], looks[turns + 1]
    for _ in range(80):  # halving to the last bit
        middle = (low + high) / 2
        falling = ray.slope(middle) < 0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
    return high


def exact(ray: Ray, found: Array | None = None) -> Search:
    """argmin of C along the ray; it gave up where C falls for ever."""
    found = minima(ray) if found is None else found
    if not len(found):
        return Search(0.0, ())
    alpha = float(found[np.argmin(ray.value(found))])
    return Search(alpha, (Trial(alpha, float(ray.value(alpha)), True),))


def backtracking(ray: Ray, first: float, factor: float, accepts: Callable[[float], Any]) -> Search:
    """first, factor · first, factor² · first … until one is accepted."""
    trials, alpha = [], first
    while alpha > SHORTEST * first:
        trials.append(Trial(alpha, float(ray.value(alpha)), bool(accepts(alpha))))
        if trials[-1].accepted:
            return Search(alpha, tuple(trials))
        alpha = alpha * factor
    return Search(0.0, tuple(trials))


def strong_wolfe(ray: Ray, beta: float, gamma: float, first: float = 1.0) -> Search:
    """Double α until a bracket holds an α that meets both strong conditions, then zoom in on it.

    The ends of a bracket: `low` meets Armijo's condition and is the lowest so far, and C falls from it towards `high`.
    """
    if not 0 <= beta < gamma < 1:
        raise ValueError(f"beta must be below gamma, and both from 0 to 1; they are {beta:g} and {gamma:g}")
    trials: list[Trial] = []

    def tried(phase: str, alpha: float, low: float, high: float, accepted: bool = False) -> None:
        trials.append(Trial(alpha, float(ray.value(alpha)), accepted, phase, low, high))

    low, high, alpha = 0.0, np.nan, first
    while len(trials) < CAP and np.isnan(high):
        value = ray.value(alpha)
        if not armijo(ray, alpha, beta) or (trials and value >= ray.value(low)):
            high = alpha
        elif strong_curvature(ray, alpha, gamma):
            tried("bracket", alpha, low, high, accepted=True)
            return Search(alpha, tuple(trials))
        elif ray.slope(alpha) >= 0:
            low, high = alpha, low
        tried("bracket", alpha, low, high)
        if np.isnan(high):
            low, alpha = alpha, 2 * alpha
    while len(trials) < CAP:
        alpha = between(ray, low, high)
        if not armijo(ray, alpha, beta) or ray.value(alpha) >= ray.value(low):
            high = alpha
        elif strong_curvature(ray, alpha, gamma):
            tried("zoom", alpha, low, high, accepted=True)
            return Search(alpha, tuple(trials))
        else:
            if ray.slope(alpha) * (high - low) >= 0:
                high = low
            low = alpha
        tried("zoom", alpha, low, high)
    return Search(0.0, tuple(trials))


@np.errstate(all="ignore")
def between(ray: Ray, a: float, b: float) -> float:
    """The minimum of the cubic with the ray's values and slopes at a and b; the middle, should it be near an end."""
    fa, fb, ga, gb = ray.value(a), ray.value(b), ray.slope(a), ray.slope(b)
    one = ga + gb - 3 * (fa - fb) / (a - b)
    two = np.sign(b - a) * np.sqrt(one**2 - ga * gb)
    cubic = b - (b - a) * (gb + two - one) / (gb - ga + 2 * two)
    inside = min(a, b) + 0.1 * abs(b - a) <= cubic <= max(a, b) - 0.1 * abs(b - a)
    return float(cubic) if inside else (a + b) / 2


# ---------------------------------------------------------------- conjugate gradient


class Conjugate(NamedTuple):
    """A step of the conjugate gradient: where it leads, the direction from there, and its two numbers."""

    theta: Array
    d: Array
    alpha: float
    beta: float


def conjugate_step(A: Array, b: Array, theta: Array, d: Array) -> Conjugate:
    """For C = ½ θᵀAθ − bᵀθ: the exact minimum along d, and the next direction, A-conjugate to d."""
    alpha = float(-d @ (A @ theta - b) / (d @ A @ d))
    theta = theta + alpha * d
    gradient = A @ theta - b
    beta = float(gradient @ A @ d / (d @ A @ d))
    return Conjugate(theta, -gradient + beta * d, alpha, beta)
