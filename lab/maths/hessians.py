"""Hessians: the largest curvatures of a loss, from products of its Hessian with vectors alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def product(gradient: Callable[[Array], Array], theta: Array, v: Array, reach: float = 1e-5) -> Array:
    """H v, from the gradient a little ahead along v and a little behind; gradients in float64, and new arrays."""
    h = reach * max(1.0, float(np.abs(theta).max(initial=0))) / float(np.linalg.norm(v))
    return (gradient(theta + h * v) - gradient(theta - h * v)) / (2 * h)


def largest(times: Callable[[Array], Array], start: Array, steps: int = 20) -> tuple[float, Array]:
    """The largest eigenvalue of H and its vector, from `times`(v) = H v.

    Power iteration, but for keeping all that it has passed (Lanczos): the best of their span is reached in fewer
    products, and a downward curvature, however strong, is not mistaken for the largest. Where H has left the range
    of numbers, so has the eigenvalue; from a start of zeros it is 0.
    """
    if not start.any():
        return 0.0, start
    values, vectors = lanczos(times, start, steps)
    return float(values[-1]), vectors[-1] if np.isfinite(values[-1]) else start


def lanczos(times: Callable[[Array], Array], start: Array, steps: int) -> tuple[Array, Array]:
    """H on the span of start, H start, H² start …: its eigenvalues there, rising, and their vectors, one a row.

    Those at both ends come near to H's own first; with as many steps as H has rows, all do.
    """
    basis = np.empty((min(steps, start.size), start.size))
    v = start / np.linalg.norm(start)
    diagonal, beside = list[float](), list[float]()
    for k in range(len(basis)):
        basis[k] = v
        w = times(v)
        diagonal.append(float(v @ w))
        if not np.isfinite(w).all():
            return np.array([np.nan]), start[None]
        for _ in range(2):  # once leaves some rounding behind
            w = w - basis[: k + 1].T @ (basis[: k + 1] @ w)
        length = float(np.linalg.norm(w))
        if length <= 1e-9 * max(np.abs(diagonal)):
            break
        beside.append(length)
        v = w / length
    n = len(diagonal)
    values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside[: n - 1], 1) + np.diag(beside[: n - 1], -1))
    return values, vectors.T @ basis[:n]
