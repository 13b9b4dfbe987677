"""Stability of momentum on a quadratic: roots of Polyak's and Nesterov's recursions, their rates, limits and choices.

Along an eigenvector of curvature λ, with x = η λ, each method is a recursion of second order in w:
    Polyak    w_(t+1) = (1 + ρ − x) w_t − ρ w_(t−1)
    Nesterov  w_(t+1) = (1 + ρ)(1 − x) w_t − ρ (1 − x) w_(t−1)
whose solution is A z1^t + B z2^t with the roots z of z² − trace z + product. Gradient descent is ρ = 0 in either.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.maths.surfaces import Surface

Array = NDArray[np.float64]


def recursion(x: ArrayLike, rho: ArrayLike, nesterov: bool = False) -> tuple[Any, Any]:
    """(trace, product): what multiplies w_t, and w_(t−1) with its sign turned."""
    x, rho = np.asarray(x, dtype=float), np.asarray(rho, dtype=float)
    return ((1 + rho) * (1 - x), rho * (1 - x)) if nesterov else (1 + rho - x, rho + 0 * x)


def roots(x: float, rho: float, nesterov: bool = False) -> tuple[complex, complex]:
    """Both roots, the one of larger modulus first."""
    trace, product = (float(part) for part in recursion(x, rho, nesterov))
    root = np.sqrt(complex(trace**2 - 4 * product))
    first, second = (trace + root) / 2, (trace - root) / 2
    return (first, second) if abs(first) >= abs(second) else (second, first)


def rate(x: ArrayLike, rho: ArrayLike, nesterov: bool = False) -> Any:
    """The largest modulus of a root: in the end a step multiplies the distance by it."""
    trace, product = recursion(x, rho, nesterov)
    square = trace**2 - 4 * product
    real = (np.abs(trace) + np.sqrt(np.maximum(square, 0))) / 2
    return np.where(square < 0, np.sqrt(np.abs(product)), real)


def limit(rho: ArrayLike, nesterov: bool = False) -> Any:
    """The η λ up to which the recursion converges: 2(1+ρ), with Nesterov's look ahead only 2(1+ρ)/(1+2ρ)."""
    rho = np.asarray(rho, dtype=float)
    return 2 * (1 + rho) / (1 + 2 * rho) if nesterov else 2 * (1 + rho)


def text_momentum(kappa: float) -> float:
    """(√κ − 1)/(√κ + 1), to go with η = 1/L."""
    return (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)


def best_polyak(kappa: float) -> tuple[float, float]:
    """(η L, ρ) of the fastest heavy ball: 4/(1 + 1/√κ)² and ((√κ − 1)/(√κ + 1))²; both roots coincide at both ends."""
    return float(4 / (1 + 1 / np.sqrt(kappa)) ** 2), float(text_momentum(kappa) ** 2)


def envelope(x: float, rho: float, before: float, now: float, steps: Array, nesterov: bool = False) -> Array:
    """How far w can be from 0, `steps` after w = now: |A||z1|^s + |B||z2|^s; |w| itself where it does not oscillate."""
    first, second = roots(x, rho, nesterov)
    if abs(first - second) < 1e-6:  # a double root: (A + B s) z^s
        return (abs(now) + abs(now - first * before) * steps) * abs(first) ** steps
    # w_s = A z1^s + B z2^s with w_0 = now and w_(−1) = before, that is w_1 = trace now − product before
    trace, product = (float(part) for part in recursion(x, rho, nesterov))
    after = trace * now - product * before
    a = (after - second * now) / (first - second)
    b = now - a
    if first.imag == 0 and first.real > 0 and second.real >= 0:
        return np.abs((a * first**steps + b * second**steps).real)
    return abs(a) * abs(first) ** steps + abs(b) * abs(second) ** steps


# ---------------------------------------------------------------- steps to a tolerance, over a map


@lru_cache(maxsize=16)
def steps_map(
    ground: Surface,
    start: tuple[float, float],
    goal: tuple[float, float],
    etas: tuple[float, ...],
    rhos: tuple[float, ...],
    nesterov: bool,
    tolerance: float,
    most: int,
) -> Array:
    """How many steps each (η, ρ) needs until ‖w − w*‖ ≤ tolerance ‖w0 − w*‖; `most` if more, NaN if it diverges."""
    eta, rho = (part.ravel() for part in np.meshgrid(etas, rhos))
    steps = np.full(len(eta), float(most))
    racing = np.arange(len(eta))
    w = np.repeat(np.array(start)[:, None], len(eta), axis=1)
    v = np.zeros_like(w)
    target = np.array(goal)[:, None]
    far = np.hypot(*(np.array(start) - goal))
    with np.errstate(all="ignore"):
        for t in range(1, most + 1):
            at = w - eta * rho * v if nesterov else w
            v = rho * v + np.array(ground.gradient(*at))
            w = w - eta * v
            distance = np.hypot(*(w - target))
            arrived = distance <= tolerance * far
            lost = ~(distance < 1e6 * far)
            if arrived.any() or lost.any():
                steps[racing[arrived]], steps[racing[lost]] = t, np.nan
                left = ~(arrived | lost)
                racing, eta, rho, w, v = racing[left], eta[left], rho[left], w[:, left], v[:, left]
                if not len(racing):
                    break
    return steps.reshape(len(rhos), len(etas))
