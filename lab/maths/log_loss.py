"""Cross-entropy beside squared loss, as losses of a sigmoid's score; the likeliest weights and the band about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lab.maths.logistic import losses, sigmoid

Array = NDArray[np.float64]
Of = Callable[[Array, Array], Array]


class Loss(NamedTuple):
    """A loss of the score z = x·w where the label is y, with its first and second derivatives in z."""

    value: Of
    slope: Of
    bend: Of

    def mean(self, w: Array, X: Array, y: Array) -> float:
        return float(self.value(X @ w, y).mean())

    def gradient(self, w: Array, X: Array, y: Array) -> Array:
        return self.slope(X @ w, y) @ X / len(y)

    def hessian(self, w: Array, X: Array, y: Array) -> Array:
        return (X * self.bend(X @ w, y)[:, None]).T @ X / len(y)

    def heights(self, first: Array, second: Array, X: Array, y: Array) -> Array:
        """The mean loss at each pair (first[j], second[i]) of two weights: row i, column j."""
        scores = first[None, :, None] * X[:, 0] + second[:, None, None] * X[:, 1]
        return self.value(scores, y).mean(axis=2)


def spread(z: Array) -> Array:
    """σ′(z) = σ(1 − σ)."""
    return sigmoid(z) * sigmoid(-z)


def squared_bend(z: Array, y: Array) -> Array:
    """Below 0 wherever the answer is far off: there the squared loss is not convex."""
    g, rise = sigmoid(z), spread(z)
    return 2 * rise * (rise + (g - y) * (1 - 2 * g))


CROSS_ENTROPY = Loss(losses, lambda z, y: sigmoid(z) - y, lambda z, y: spread(z))
SQUARED = Loss(lambda z, y: (sigmoid(z) - y) ** 2, lambda z, y: 2 * (sigmoid(z) - y) * spread(z), squared_bend)


class Fit(NamedTuple):
    """The likeliest weights, and the covariance (XᵀWX)⁻¹ of that estimate."""

    w: Array
    covariance: NDArray[Any]


def likeliest(X: Array, y: Array, rounds: int = 60) -> Fit | None:
    """Newton's method (IRLS) to the likeliest weights; None where they run off, as on separable data."""
    w = np.zeros(X.shape[1])
    for _ in range(rounds):
        information = CROSS_ENTROPY.hessian(w, X, y) * len(y)
        if not np.linalg.cond(information) < 1e12:
            return None
        step = np.linalg.solve(information, CROSS_ENTROPY.gradient(w, X, y) * len(y))
        now = CROSS_ENTROPY.mean(w, X, y)
        if np.abs(step).max() < 1e-9 * (1 + np.abs(w).max()):
            sure = (np.abs(X @ w) > 15).all()  # every label certain: the labels can be parted
            return None if sure else Fit(w, np.linalg.inv(information))
        while CROSS_ENTROPY.mean(w - step, X, y) > now and np.abs(step).max() > 1e-9:
            step = step / 2  # far from the minimum a full step may overshoot
        w = w - step
    return None


def band(X: Array, fit: Fit, wide: float = 1.96) -> tuple[Array, Array]:
    """σ(z ± wide · standard error of z) at the rows of X."""
    z, error = X @ fit.w, np.sqrt(np.einsum("ni,ij,nj->n", X, fit.covariance, X))
    return sigmoid(z - wide * error), sigmoid(z + wide * error)
