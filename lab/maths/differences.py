"""Finite differences: slopes without a formula, what they get wrong and why, in floating-point numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Function = Callable[[Any], Any]

EPSILON = 2.0**-52  # the gap between 1 and the next number of 64 bits
SMALLEST = 1e-16  # the least h worth trying: x + h is x below it


def forward(f: Function, x: Any, h: Any) -> Any:
    """(f(x + h) − f(x)) / h."""
    return (f(x + h) - f(x)) / h


def central(f: Function, x: Any, h: Any) -> Any:
    """(f(x + h) − f(x − h)) / 2h."""
    return (f(x + h) - f(x - h)) / (2 * h)


RULES = {"forward": forward, "central": central}


def derivative(f: Function, x: ArrayLike, h: float, rule: str = "central") -> Array:
    """∂f/∂x by nudging one entry of x after another: the axes of x, then those of f(x) (denominator layout)."""
    x = np.asarray(x, dtype=float)
    rows = [nudged(f, x, index, h, rule) for index in np.ndindex(x.shape)]
    return np.reshape(rows, x.shape + np.shape(rows[0]))


def nudged(f: Function, x: Array, index: tuple[int, ...], h: float, rule: str = "central") -> Array:
    """How every entry of f(x) answers to one entry of x."""

    def along(value: float) -> Array:
        moved = x.copy()
        moved[index] = value
        return np.asarray(f(moved), dtype=float)

    return np.asarray(RULES[rule](along, x[index], h))


def shrunk(first: float, steps: ArrayLike, per_decade: int) -> Any:
    """The step width after so many steps, `per_decade` of which divide it by ten."""
    return first * 10.0 ** (-np.asarray(steps, dtype=float) / per_decade)


class Bound(NamedTuple):
    """How wrong a difference may be: truncation·hᵏ because f bends, and rounding/h because numbers are short."""

    truncation: float
    rounding: float
    order: int

    def __call__(self, h: Any) -> Any:
        return self.truncation * h**self.order + self.rounding / h

    @property
    def best(self) -> float:
        """The h at the bottom of the V; infinite where nothing is truncated."""
        if not self.truncation:
            return math.inf
        return float((self.rounding / (self.order * self.truncation)) ** (1 / (self.order + 1)))


def bounds(x: float, derivatives: tuple[float, ...], epsilon: float = EPSILON) -> dict[str, Bound]:
    """The V of each rule, from (f, f′, f″, f‴) at x: values and moved arguments are off by half an ε each."""
    value, slope, second, third = map(abs, derivatives)
    return {
        "forward": Bound(second / 2, epsilon * (value + abs(x) * slope / 2), 1),
        "central": Bound(third / 6, epsilon * (value + abs(x) * slope) / 2, 2),
    }


def relative_error(one: Any, other: Any) -> Any:
    """|a − b| / max(|a|, |b|), and 0 where both are 0: the number by which gradients are judged."""
    size = np.maximum(np.abs(one), np.abs(other))
    return np.where(size > 0, np.abs(np.subtract(one, other)) / np.where(size > 0, size, 1), 0.0)
