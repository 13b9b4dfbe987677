"""Least squares: design matrix, losses, gradient, closed form, safe step, and how good a fit is."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
OBJECTIVES = ("mean of squares", "sum of squares", "half the mean", "half the sum")


def design(x: ArrayLike) -> Array:
    """The offset absorbed: a column of ones before the inputs (n,) or (n, d)."""
    inputs = np.asarray(x, dtype=float)
    return np.column_stack([np.ones(len(inputs)), inputs])


def weight(objective: str, n: int) -> float:
    """c in J(θ) = c Σ (θᵀxᵢ − yᵢ)², by the texts' four habits."""
    return (0.5 if objective.startswith("half") else 1.0) / (n if "mean" in objective else 1)


@np.errstate(all="ignore")
def loss(theta: ArrayLike, X: Array, y: Array, c: float) -> Any:
    """J of one θ (d,), or of several (k, d)."""
    residuals = np.asarray(theta) @ X.T - y
    return c * (residuals**2).sum(axis=-1)


@np.errstate(all="ignore")
def gradient(theta: Array, X: Array, y: Array, c: float) -> Array:
    """∇J = 2c Xᵀ(Xθ − y)."""
    return 2 * c * X.T @ (X @ theta - y)


def hessian(X: Array, c: float) -> Array:
    """2c XᵀX: the same at every θ."""
    return 2 * c * X.T @ X


def solution(X: Array, y: Array) -> Array:
    """XᵀX θ = Xᵀy; the shortest θ where there are many."""
    return np.asarray(np.linalg.lstsq(X, y, rcond=None)[0], dtype=np.float64)


def largest_eigenvalue(H: Array, rounds: int = 1000) -> float:
    """λmax of a positive semi-definite matrix by power iteration."""
    v, value = np.ones(len(H)) + 1e-3 * np.arange(len(H)), 0.0
    for _ in range(rounds):
        w = H @ v
        size = float(np.linalg.norm(w))
        if size == 0 or abs(size - value) <= 1e-13 * size:
            return size
        v, value = w / size, size
    return value


# ---------------------------------------------------------------- how good a fit is


def rmse(y: Array, fitted: Array) -> float:
    """The root of the mean squared error, in the units of y."""
    return float(np.sqrt(((y - fitted) ** 2).mean()))


def r_squared(y: Array, fitted: Array) -> float:
    """The share of y's spread about its mean that the fit explains; 0 where y has none."""
    spread = float(((y - y.mean()) ** 2).sum())
    return 1 - float(((y - fitted) ** 2).sum()) / spread if spread else 0.0


def confidence(X: Array, y: Array, at: Array, level: float = 0.95) -> Array:
    """Half the width of the confidence band for the mean of y at each row of `at`; 0 where nothing is left over."""
    from scipy.special import stdtrit

    free = len(y) - np.linalg.matrix_rank(X)
    if free <= 0:
        return np.zeros(len(at))
    residuals = y - X @ solution(X, y)
    variance = float(residuals @ residuals) / free
    spread = np.einsum("ij,jk,ik->i", at, np.linalg.pinv(X.T @ X), at)
    return float(stdtrit(free, (1 + level) / 2)) * np.sqrt(variance * np.maximum(spread, 0))


# ---------------------------------------------------------------- gradient descent on a bowl, without stepping


@np.errstate(all="ignore")
def descent(H: Array, best: Array, begin: Array, rate: float, times: ArrayLike) -> Array:
    """Where descent is after each number of steps: along an eigenvector of H, (1 − ηλ)ᵗ of the way is left."""
    values, vectors = np.linalg.eigh(H)
    left = (1 - rate * values) ** np.asarray(times)[:, None] * ((begin - best) @ vectors)
    return best + left @ vectors.T


def steps_until(H: Array, best: Array, begin: Array, rate: float, tolerance: float, most: int) -> int | None:
    """How many steps descent makes until one is shorter than the tolerance; None: not within `most`, or never."""
    values, vectors = np.linalg.eigh(H)
    left, along = np.abs(1 - rate * values), rate * values * ((begin - best) @ vectors)

    def short(step: int) -> bool:
        return bool(np.linalg.norm(left ** (step - 1) * along) < tolerance)

    if left.max() > 1 or not short(most):
        return None
    return 1 + bisect_left(range(1, most + 1), True, key=short)  # each step is shorter than the one before
