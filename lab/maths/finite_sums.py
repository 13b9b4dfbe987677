"""Finite sums: a loss that is the mean of n samples' losses, whose gradients can be had one sample at a time.

    l(w) = (1/n) sum_i l_i(w)

A place w is a vector (d,), or a crowd of them (..., d); i is the number of a sample, or an array of numbers that
is broadcast against the crowd. Each l_i is a parabola or a regularised logistic loss.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class FiniteSum:
    """n samples, each with a loss and a gradient of its own."""

    n: int
    L: float  # the greatest curvature of the mean loss
    m: float  # the least
    L_max: float  # the greatest curvature of any one sample's loss
    minimiser: Array

    def sample_value(self, w: Array, i: Any) -> Any:
        raise NotImplementedError

    def sample_gradient(self, w: Array, i: Any) -> Array:
        raise NotImplementedError

    def value(self, w: Array) -> Any:
        return self.sample_value(np.asarray(w)[..., None, :], np.arange(self.n)).mean(axis=-1)

    def gradient(self, w: Array) -> Array:
        return self.sample_gradients(w).mean(axis=-2)

    def sample_gradients(self, w: Array) -> Array:
        """All n of them at one place: (..., n, d)."""
        return self.sample_gradient(np.asarray(w)[..., None, :], np.arange(self.n))

    def batch_gradient(self, w: Array, batch: Array) -> Array:
        """The mean over a batch (..., b) of samples at each place (..., d)."""
        return self.sample_gradient(np.asarray(w)[..., None, :], batch).mean(axis=-2)

    def gap(self, w: Array) -> Any:
        """How much higher than the minimum."""
        return self.value(w) - self.value(self.minimiser)


class Parabolas(FiniteSum):
    """l_i(w) = (w - u_i)^T H_i (w - u_i) / 2: sample i's own minimum u_i and curvature H_i (d, d)."""

    def __init__(self, H: Array, u: Array) -> None:
        self.H, self.u, self.n = np.asarray(H, dtype=float), np.asarray(u, dtype=float), len(u)
        self.hessian = self.H.mean(axis=0)
        pulled = np.einsum("ijk,ik->j", self.H, self.u) / self.n
        self.minimiser = np.linalg.lstsq(self.hessian, pulled, rcond=None)[0]
        self.L_max = float(np.linalg.eigvalsh(self.H).max())
        self.m, self.L = extremes(self.hessian)

    def sample_value(self, w: Array, i: Any) -> Any:
        e = w - self.u[i]
        return np.einsum("...j,...jk,...k->...", e, self.H[i], e) / 2

    def sample_gradient(self, w: Array, i: Any) -> Array:
        return np.einsum("...jk,...k->...j", self.H[i], w - self.u[i])


class LeastSquares(FiniteSum):
    """l_i(w) = (x_i . w - y_i)^2 / 2 for rows x_i of X (n, d)."""

    def __init__(self, X: Array, y: Array) -> None:
        self.X, self.y, self.n = np.asarray(X, dtype=float), np.asarray(y, dtype=float), len(X)
        self.hessian = self.X.T @ self.X / self.n
        self.minimiser = np.linalg.lstsq(self.X, self.y, rcond=None)[0]
        self.L_max = float((self.X**2).sum(axis=1).max())
        self.m, self.L = extremes(self.hessian)

    @property
    def H(self) -> Array:
        """Each sample's curvature x_i x_i^T."""
        return self.X[:, :, None] * self.X[:, None, :]

    def residual(self, w: Array, i: Any) -> Any:
        return (self.X[i] * w).sum(axis=-1) - self.y[i]

    def sample_value(self, w: Array, i: Any) -> Any:
        return self.residual(w, i) ** 2 / 2

    def sample_gradient(self, w: Array, i: Any) -> Array:
        return self.residual(w, i)[..., None] * self.X[i]

    def value(self, w: Array) -> Any:
        return ((np.asarray(w) @ self.X.T - self.y) ** 2).mean(axis=-1) / 2

    def gradient(self, w: Array) -> Array:
        return (np.asarray(w) @ self.X.T - self.y) @ self.X / self.n


class Logistic(FiniteSum):
    """l_i(w) = log(1 + exp(-y_i x_i . w)) + (penalty / 2) |w|^2 for labels y_i of -1 or 1, and a penalty above 0."""

    def __init__(self, X: Array, y: Array, penalty: float) -> None:
        self.X, self.y, self.penalty = np.asarray(X, dtype=float), np.asarray(y, dtype=float), penalty
        self.n = len(self.X)
        self.m, self.L = penalty, extremes(self.X.T @ self.X / self.n)[1] / 4 + penalty
        self.L_max = float((self.X**2).sum(axis=1).max()) / 4 + penalty
        self.minimiser = self.by_newton()

    def margin(self, w: Array, i: Any) -> Any:
        return self.y[i] * (self.X[i] * w).sum(axis=-1)

    def doubt(self, w: Array, i: Any) -> Any:
        """The chance that the model gives to the wrong class."""
        with np.errstate(over="ignore"):
            return 1 / (1 + np.exp(self.margin(w, i)))

    def sample_value(self, w: Array, i: Any) -> Any:
        return np.logaddexp(0, -self.margin(w, i)) + self.penalty / 2 * (w**2).sum(axis=-1)

    def sample_gradient(self, w: Array, i: Any) -> Array:
        return -(self.y[i] * self.doubt(w, i))[..., None] * self.X[i] + self.penalty * w

    def by_newton(self) -> Array:
        w = np.zeros(self.X.shape[1])
        for _ in range(50):
            doubt = self.doubt(w, np.arange(self.n))
            curvature = (self.X * (doubt * (1 - doubt))[:, None]).T @ self.X / self.n
            w = w - np.linalg.solve(curvature + self.penalty * np.eye(len(w)), self.gradient(w))
        return w


def extremes(hessian: Array) -> tuple[float, float]:
    """The least and the greatest curvature."""
    values = np.linalg.eigvalsh(hessian)
    return float(values[0]), float(values[-1])


class Noise(NamedTuple):
    """E|g_b|^2 <= sigma0 + sigma |grad l|^2 at every w, for the mean g_b of a batch of b samples."""

    sigma0: float
    sigma: float

    def of_batch(self, b: int) -> Noise:
        """Drawn with replacement. Only the variance falls as 1/b: one text divides sigma too, which cannot be."""
        return Noise(self.sigma0 / b, 1 + (self.sigma - 1) / b)


def noise_of(f: Parabolas | LeastSquares, room: float = 1.25) -> Noise:
    """The least sigma0 for a slope sigma that is `room` times the least slope possible."""
    mean, square = f.hessian, (f.H @ f.H).mean(axis=0)
    at_best = f.sample_gradients(f.minimiser)
    inverse = np.linalg.inv(mean)
    sigma = room * float(np.linalg.eigvalsh(inverse @ square @ inverse)[-1])
    cross = np.einsum("ijk,ik->j", f.H, at_best) / f.n
    sigma0 = (at_best**2).sum(axis=1).mean() + cross @ np.linalg.solve(sigma * mean @ mean - square, cross)
    return Noise(float(sigma0), sigma)


def covariance_factor(b: int, n: int, replacement: bool) -> float:
    """What a batch of b leaves of one sample's variance: 1/b, and less when no sample is drawn twice."""
    return 1 / b if replacement else (n - b) / (b * (n - 1)) if n > 1 else 0.0
