"""Sampled surfaces: losses of two weights over a few samples, whose gradient can be had from some of them only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.maths.finite_sums import Array, FiniteSum, LeastSquares, Logistic
from lab.maths.surfaces import Curvatures, Surface


@dataclass(frozen=True)
class Sampled(Surface):
    """A surface that is the mean of n samples' losses."""

    loss: FiniteSum | None = None

    @property
    def n(self) -> int:
        assert self.loss is not None
        return self.loss.n

    def part(self, theta: Array, batch: Array) -> Array:
        """The gradient at one place, or at each of (k, 2), from a batch of samples, or from one (k, b) for each."""
        assert self.loss is not None
        return self.loss.batch_gradient(theta, batch)


class Net(FiniteSum):
    """l_i(w) = (w_2 tanh(w_1 x_i) - y_i)^2 / 2: one unit in each of two layers."""

    def __init__(self, x: Array, y: Array) -> None:
        self.x, self.y, self.n = np.asarray(x, dtype=float), np.asarray(y, dtype=float), len(x)

    def sample_value(self, w: Array, i: Any) -> Any:
        return (w[..., 1] * np.tanh(w[..., 0] * self.x[i]) - self.y[i]) ** 2 / 2

    def sample_gradient(self, w: Array, i: Any) -> Array:
        unit = np.tanh(w[..., 0] * self.x[i])
        residual = w[..., 1] * unit - self.y[i]
        return np.stack([residual * w[..., 1] * self.x[i] * (1 - unit**2), residual * unit], axis=-1)

    def curvatures(self, w1: Any, w2: Any) -> tuple[Any, Any, Any]:
        w1, w2 = np.asarray(w1, dtype=float)[..., None], np.asarray(w2, dtype=float)[..., None]
        unit = np.tanh(w1 * self.x)
        slope, residual = self.x * (1 - unit**2), w2 * unit - self.y
        parts = (w2 * slope) ** 2 - 2 * residual * w2 * unit * self.x * slope, slope * (w2 * unit + residual), unit**2
        return tuple(part.mean(axis=-1) for part in parts)


def _sampled(name: str, latex: str, loss: FiniteSum, curvatures: Curvatures, **rest: Any) -> Sampled:
    def gradient(x: Any, y: Any) -> tuple[Any, Any]:
        slopes = loss.gradient(_places(x, y))
        return slopes[..., 0], slopes[..., 1]

    return Sampled(
        name=name,
        title=rest.pop("title"),
        latex=latex,
        f=lambda x, y: loss.value(_places(x, y)),
        gradient=gradient,
        curvatures=curvatures,
        loss=loss,
        **rest,
    )


def _places(x: Any, y: Any) -> Array:
    return np.stack(np.broadcast_arrays(x, y), axis=-1)


def _constant(hessian: Array) -> Curvatures:
    return lambda x, y: (hessian[0, 0], hessian[0, 1], hessian[1, 1])


def _logistic_curvatures(loss: Logistic) -> Curvatures:
    def curvatures(x: Any, y: Any) -> tuple[Any, Any, Any]:
        doubt = loss.doubt(_places(x, y)[..., None, :], np.arange(loss.n))
        share, (a, b) = doubt * (1 - doubt), loss.X.T
        means = [(share * pair).mean(axis=-1) for pair in (a * a, a * b, b * b)]
        return means[0] + loss.penalty, means[1], means[2] + loss.penalty

    return curvatures


_RNG = np.random.default_rng(4)
_ALONG, _ACROSS = _RNG.normal(0, 1.3, 16), _RNG.normal(0, 0.4, 16)
LINE = LeastSquares(
    np.column_stack([_ALONG, 0.6 * _ALONG + _ACROSS]).round(2),
    (1.2 * _ALONG - 0.8 * (0.6 * _ALONG + _ACROSS) + _RNG.normal(0, 0.7, 16)).round(2),
)
_LABELS = np.repeat([-1, 1], 12)
CLASSES = Logistic(
    (_RNG.normal(0, 1.2, (24, 2)) + np.outer(_LABELS, (1.0, 0.3))).round(2), _LABELS.astype(float), penalty=0.02
)
_X = np.linspace(-1.5, 1.5, 12).round(2)
NET = Net(_X, 1.5 * np.tanh(2 * _X))

SAMPLED: dict[str, Sampled] = {
    surface.name: surface
    for surface in (
        _sampled(
            "finite sum",
            r"\frac{1}{2n} \sum_i (x_i \cdot \theta - y_i)^2",
            LINE,
            _constant(LINE.hessian),
            title="Least squares, 16 samples",
            start=(-2.4, 1.6),
            minima=(tuple(LINE.minimiser.tolist()),),
        ),
        _sampled(
            "logistic loss",
            r"\frac{1}{n} \sum_i \log(1 + e^{-y_i x_i \cdot \theta}) + \frac{\mu}{2} |\theta|^2",
            CLASSES,
            _logistic_curvatures(CLASSES),
            title="Logistic loss, 24 samples",
            x=(-4, 4),
            y=(-4, 4),
            start=(-3, -3),
            minima=(tuple(CLASSES.minimiser.tolist()),),
        ),
        _sampled(
            "two-layer net",
            r"\frac{1}{2n} \sum_i (\theta_2 \tanh(\theta_1 x_i) - y_i)^2",
            NET,
            NET.curvatures,
            title="Net of two layers, 12 samples",
            start=(-0.4, 2.4),
            minima=((2, 1.5), (-2, -1.5)),
            log=True,
            note="Turning the signs of both weights changes nothing: there are two minima, and a saddle at (0, 0).",
        ),
    )
}
