"""Zone: SGD on least squares with one weight, and the zone of confusion between the samples' own minima.

l(w) = (1/n) sum_i (x_i w - y_i)^2 / 2        w(i) = y_i / x_i        zone = (min w(i), max w(i))
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.maths.finite_sums import covariance_factor

Array = NDArray[Any]

_RNG = np.random.default_rng(5)
_X = _RNG.uniform(0.4, 2.4, 30).round(2)
DATA: dict[str, tuple[ArrayLike, ArrayLike]] = {
    "three points": ((1, 2, 3), (2, 2, 9)),  # text 4's
    "thirty points": (_X, (1.5 * _X + _RNG.normal(0, 0.8, 30)).round(2)),
    "one outlier": ((1, 1.2, 1.4, 1.6, 1.8, 2), (1.1, 1.1, 1.6, 1.5, 1.9, 9)),
    "all on one line": ((0.5, 1, 1.5, 2), (0.75, 1.5, 2.25, 3)),
    "one point": ((2,), (3,)),
}


class Zone:
    """The samples (x_i, y_i), and what is known of SGD on them."""

    def __init__(self, x: ArrayLike, y: ArrayLike) -> None:
        self.x, self.y = np.array(x, dtype=float), np.array(y, dtype=float)
        self.n = len(self.x)
        self.minima = self.y / self.x  # each sample's own minimum
        self.low, self.high = float(self.minima.min()), float(self.minima.max())
        self.curvature = float((self.x**2).mean())
        self.best = float((self.x * self.y).mean() / self.curvature)
        for array in (self.x, self.y, self.minima):
            array.flags.writeable = False

    @np.errstate(all="ignore")
    def loss(self, w: Any) -> Any:
        """The mean of (x_i w − y_i)² / 2; w may be an array."""
        return ((self.x * np.asarray(w)[..., None] - self.y) ** 2).mean(axis=-1) / 2

    @np.errstate(all="ignore")
    def gradient(self, w: Any, batch: Any) -> Any:
        """The mean of x_i (x_i w − y_i) over a batch (..., b)."""
        x, y = self.x[batch], self.y[batch]
        return (x * (x * np.asarray(w)[..., None] - y)).mean(axis=-1)

    def inside(self, w: Any) -> Any:
        return (self.low <= w) & (w <= self.high)

    @np.errstate(all="ignore")
    def variance(self, eta: float, b: int = 1, replacement: bool = True) -> float:
        """Of w in the long run at a fixed rate, for independent batches; infinite where it never settles.

        w⁺ − w* = (1 − η a)(w − w*) + η r, where a and r are the batch's means of x² and x (y − x w*).
        """
        part = covariance_factor(b if replacement else min(b, self.n), self.n, replacement)
        noise = part * (self.x * (self.y - self.x * self.best)).var()
        kept = (1 - eta * self.curvature) ** 2 + eta**2 * part * (self.x**2).var()
        return float(eta**2 * noise / (1 - kept)) if kept < 1 else np.inf

    def floor(self, eta: float, b: int = 1, replacement: bool = True) -> float:
        """The mean of l(w) − l* in the long run."""
        return self.curvature / 2 * self.variance(eta, b, replacement)

    def decaying(self, beta: float, b: int = 1) -> float:
        """c, where the rates β/(t + t₀) give a mean gap of about c/(t + t₀) in the end; infinite where 2 β a ≤ 1."""
        noise = (self.x * (self.y - self.x * self.best)).var() / b
        over = 2 * beta * self.curvature - 1
        return float(self.curvature / 2 * beta**2 * noise / over) if over > 0 else np.inf

    def drift(self, begin: float, eta: Array) -> Array:
        """The step at which the mean path, w* + (1 − η a)^t (w₀ − w*), comes to the zone, for each rate below 1/a."""
        away = begin - self.best
        edge = (self.high if away > 0 else self.low) - self.best
        if self.inside(begin) or edge == 0:
            return np.zeros_like(eta)
        return np.log(edge / away) / np.log1p(-eta * self.curvature)
