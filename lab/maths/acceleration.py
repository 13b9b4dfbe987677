"""Acceleration: growing momentum, bounds on first-order methods, Nesterov's ODE and a worst case."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def growing_momentum(t: float) -> float:
    """ρ = (t − 1)/(t + 2) for the steps t = 1, 2, …: 0 at first, towards 1 in the end."""
    return (t - 1) / (t + 2)


# ---------------------------------------------------------------- bounds


def gd_bound(t: ArrayLike, eta: float, distance: float) -> Array:
    """ℓ(w_t) − ℓ* ≤ ‖w0 − w*‖²/(2 t η): gradient descent with η ≤ 1/L on any convex function."""
    return distance**2 / (2 * eta * np.asarray(t, dtype=float))


def nesterov_bound(t: ArrayLike, eta: float, distance: float) -> Array:
    """ℓ(w_t) − ℓ* ≤ 2 ‖w0 − w*‖²/(η (t + 1)²): Nesterov with ρ = (t − 1)/(t + 2) and η ≤ 1/L."""
    return 2 * distance**2 / (eta * (np.asarray(t, dtype=float) + 1) ** 2)


def lower_bound(t: ArrayLike, L: float, distance: float) -> Array:
    """3 L ‖w0 − w*‖²/(32 (t + 1)²): no first-order method is surely below it at a step t ≤ (p − 1)/2."""
    return 3 / 32 * L * distance**2 / (np.asarray(t, dtype=float) + 1) ** 2


def contraction(eta: float, m: float, L: float) -> float:
    """c = 1 − 2 η m L/(m + L): gradient descent with η ≤ 2/(m + L) shrinks the squared distance by it in each step."""
    return 1 - 2 * eta * m * L / (m + L)


# ---------------------------------------------------------------- the worst case


class WorstCase:
    """ℓ(w) = (L/4)(½ w'Aw − w_1), A tridiagonal (−1, 2, −1): from 0, each gradient reaches one coordinate further."""

    def __init__(self, p: int, L: float = 1.0) -> None:
        self.p, self.L = p, L
        self.minimiser = 1 - np.arange(1, p + 1) / (p + 1)
        self.lowest = -L / 8 * (1 - 1 / (p + 1))
        self.distance = float(np.sqrt((self.minimiser**2).sum()))

    def times(self, w: Array) -> Array:
        """A w."""
        product = 2 * w
        product[1:] -= w[:-1]
        product[:-1] -= w[1:]
        return product

    def gap(self, w: Array) -> float:
        """ℓ(w) − ℓ* = (L/8)(w − w*)'A(w − w*), which keeps its digits near the minimum."""
        off = w - self.minimiser
        return float(self.L / 8 * off @ self.times(off))

    def gradient(self, w: Array) -> Array:
        slope = self.times(w)
        slope[0] -= 1
        return self.L / 4 * slope


# ---------------------------------------------------------------- Nesterov's ODE


def bessel_j1(x: ArrayLike) -> Array:
    """J1 by its integral, (1/π)∫ cos(θ − x sin θ) dθ from 0 to π: the trapezoid rule is exact for a period."""
    x = np.atleast_1d(np.asarray(x, dtype=float))
    theta = np.linspace(-np.pi, np.pi, 128, endpoint=False)
    return np.cos(theta - x[:, None] * np.sin(theta)).mean(axis=1)


def bessel_path(tau: ArrayLike) -> Array:
    """W(τ) = 2 J1(τ)/τ, which solves W'' + (3/τ) W' + W = 0 from W(0) = 1 at rest."""
    tau = np.atleast_1d(np.asarray(tau, dtype=float))
    safe = np.where(tau > 1e-8, tau, 1.0)
    return np.where(tau > 1e-8, 2 * bessel_j1(safe) / safe, 1.0)


def ode_path(slope: Callable[[float], float], begin: float, until: float, n: int) -> tuple[Array, Array]:
    """W'' + (3/τ) W' + ℓ'(W) = 0 from W(0) = begin at rest, by Runge and Kutta's fourth-order method in n steps."""
    tau = np.linspace(0, until, n + 1)
    h = until / n

    def fall(at: float, place: float, speed: float) -> float:
        # at τ = 0 friction is infinite and speed 0: W' ≈ W''(0) τ there, hence 4 W''(0) = −ℓ'
        return -slope(place) - 3 * speed / at if at > 0 else -slope(place) / 4

    places, place, speed = [begin], begin, 0.0
    for at in tau[:-1]:
        a1 = fall(at, place, speed)
        s2 = speed + h / 2 * a1
        a2 = fall(at + h / 2, place + h / 2 * speed, s2)
        s3 = speed + h / 2 * a2
        a3 = fall(at + h / 2, place + h / 2 * s2, s3)
        s4 = speed + h * a3
        a4 = fall(at + h, place + h * s3, s4)
        place += h / 6 * (speed + 2 * s2 + 2 * s3 + s4)
        speed += h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
        places.append(place)
    return tau, np.array(places)


def momentum_path(slope: Callable[[float], float], begin: float, eta: float, steps: int, nesterov: bool) -> Array:
    """w_0 … w_steps of Nesterov's or Polyak's method in one dimension with ρ = (t − 1)/(t + 2)."""
    before = now = begin
    path = [begin]
    for t in range(1, steps + 1):
        u = now + growing_momentum(t) * (now - before)
        before, now = now, u - eta * slope(u if nesterov else now)
        path.append(now)
    return np.array(path)
