"""Langevin: SGD with Gaussian noise on a loss of one weight, and what it comes to: the Gibbs density exp(−ℓ/T)/Z.

w⁺ = w − η ℓ'(w) + (η σ/√b) ξ          T = σ² η / (2b)
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

WIDTH = 0.25  # of a dent: as far as a dragged well or barrier reaches

# name → the coefficients of a polynomial, lowest power first, and the weights that a picture shows
LANDSCAPES: dict[str, tuple[Sequence[float], tuple[float, float]]] = {
    "annealing well": ((1, 0.3, -2, 0, 1), (-1.9, 1.9)),
    "two equal wells": ((1, 0, -2, 0, 1), (-1.9, 1.9)),
    "three equal wells": ((0, 0, 2.25, 0, -3, 0, 1), (-1.85, 1.85)),
    "three wells, one lowest": ((0, 0.25, 2.25, 0, -3, 0, 1), (-1.85, 1.85)),
    "bowl": ((0, 0, 0.5), (-2.5, 2.5)),
}


class Landscape:
    """A polynomial with dents; outside the picture it goes on as a straight line, so that no step explodes."""

    def __init__(self, name: str) -> None:
        self.coefficients, self.window = LANDSCAPES[name]
        self.name = name
        self.derivative = polynomial.polyder(self.coefficients)
        roots = polynomial.polyroots(self.derivative)
        self.places = np.sort(roots[np.abs(roots.imag) < 1e-9].real)  # of wells and barriers by turns
        self.dents = np.zeros(len(self.places))

    def dented(self, index: int, height: float) -> Landscape:
        """The same with a well or barrier raised or lowered to a height."""
        made = Landscape(self.name)
        made.dents = self.dents.copy()
        made.dents[index] += height - float(self.value(self.places[index]))
        return made

    def value(self, w: ArrayLike) -> Array:
        w = np.asarray(w, dtype=float)
        inside = np.clip(w, *self.window)
        height = horner(self.coefficients, inside) + (w - inside) * self.slope(inside)
        for place, dent in self.dented_places():
            height = height + dent * np.exp(-(((inside - place) / WIDTH) ** 2) / 2)
        return height

    def slope(self, w: Array) -> Array:
        inside = np.clip(w, *self.window)
        slope = horner(self.derivative, inside)
        for place, dent in self.dented_places():
            off = (inside - place) / WIDTH
            slope = slope - dent / WIDTH * off * np.exp(-(off**2) / 2)
        return slope

    def dented_places(self) -> list[tuple[float, float]]:
        return [(place, dent) for place, dent in zip(self.places, self.dents) if dent]

    def grid(self, points: int = 4001) -> Array:
        low, high = self.window
        return np.linspace(low - 1, high + 1, points)

    def wells(self) -> tuple[Array, Array]:
        """The lowest points (minima), and the barriers between them, by their places."""
        w = self.grid()
        height = self.value(w)
        middle = height[1:-1]
        low = (middle < height[:-2]) & (middle <= height[2:])
        minima = w[1:-1][low]
        ends = np.searchsorted(w, minima)
        barriers = [w[a + int(np.argmax(height[a:b]))] for a, b in itertools.pairwise(ends)]
        return minima, np.array(barriers)

    def lowest(self) -> tuple[float, float]:
        """The basin of the lowest well, from barrier to barrier."""
        minima, barriers = self.wells()
        i = int(np.argmin(self.value(minima)))
        walls = np.concatenate([[-np.inf], barriers, [np.inf]])
        return float(walls[i]), float(walls[i + 1])

    def gibbs(self, w: ArrayLike, T: float) -> Array:
        """exp(−ℓ(w)/T) / Z."""
        grid = self.grid()
        heights = self.value(grid)
        Z = np.trapezoid(np.exp(-(heights - heights.min()) / T), grid)
        return np.exp(-(self.value(w) - heights.min()) / T) / Z

    def shares(self, edges: Array, T: float) -> Array:
        """What the Gibbs density puts into each bin; the outer bins have the tails."""
        grid = self.grid()
        p = self.gibbs(grid, T)
        below = np.concatenate([[0], np.cumsum((p[1:] + p[:-1]) / 2 * np.diff(grid))])
        at = np.interp(edges, grid, below / below[-1])
        at[0], at[-1] = 0, 1
        return np.diff(at)

    def mean(self, T: float, power: int = 1) -> float:
        grid = self.grid()
        p = self.gibbs(grid, T)
        return float(np.trapezoid(grid**power * p, grid))

    def escape_time(self, a: float, b: float, T: float) -> float:
        """The mean time of the flow with noise from a down to b < a: (1/T) ∫ e^{ℓ(y)/T} ∫ e^{−ℓ(z)/T} dz dy."""
        grid = np.linspace(b, self.window[1] + 1, 4001)
        height = self.value(grid)
        step = grid[1] - grid[0]
        weight = np.exp(-(height - height.min()) / T)
        above = np.cumsum(weight[::-1])[::-1] * step
        outer = np.where(grid <= a, np.exp((height - height.min()) / T) * above, 0)
        return float(np.trapezoid(outer, grid) / T)


def horner(coefficients: Sequence[float] | Array, w: Array) -> Array:
    total = np.full_like(w, coefficients[-1], dtype=float)
    for c in coefficients[-2::-1]:
        total *= w
        if c:
            total += c
    return total


def temperature(eta: float, b: float, sigma: float) -> float:
    return sigma**2 * eta / (2 * b)


def step(ground: Landscape, w: Array, eta: float, scale: Any, rng: np.random.Generator) -> Array:
    """One step for each of a crowd; scale is the standard deviation of its noise."""
    return w - eta * ground.slope(w) + scale * rng.standard_normal(w.shape)


def metropolis(
    ground: Landscape, w: Array, T: float, reach: float, rng: np.random.Generator
) -> tuple[Array, NDArray[np.bool_]]:
    """Propose a place near by; go there with probability min(1, exp(−Δℓ/T)), else stay. Also: who went."""
    proposed = w + reach * rng.standard_normal(w.shape)
    rise = ground.value(proposed) - ground.value(w)
    goes = rng.random(w.shape) < np.exp(-np.maximum(rise, 0) / T)
    return np.where(goes, proposed, w), goes


def counted(w: Array, edges: Array) -> Array:
    """Shares of a crowd by bin of equal width; who is outside counts in the outer bins."""
    bins = len(edges) - 1
    at = ((w - edges[0]) * (bins / (edges[-1] - edges[0]))).astype(int)
    return np.bincount(np.clip(at, 0, bins - 1), minlength=bins) / w.size


def divergence(p: Array, q: Array) -> float:
    """KL(p‖q) = Σ p log(p/q); infinite where q has nothing and p has something."""
    held = p > 0
    with np.errstate(divide="ignore"):
        return float((p[held] * np.log(p[held] / q[held])).sum())


def stairs(edges: Array, heights: Array) -> Array:
    """The outline of a histogram."""
    return np.column_stack([np.repeat(edges, 2), [0, *np.repeat(heights, 2), 0]])
