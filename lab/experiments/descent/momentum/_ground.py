"""What the balls descend on, with its smoothness L and its minimum, and who races."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lab.maths.surfaces import SURFACES, Point, Surface, ravine

GROUNDS: dict[str, Point] = {"ravine": (-2.4, 0.9), "Rosenbrock": (0.2, -0.2)}  # each with a start of its own
RACES: dict[str, tuple[str, ...]] = {
    "GD, Polyak, Nesterov": ("GD", "Polyak", "Nesterov"),
    "five memories": ("ρ=0", "ρ=0.5", "ρ=0.9", "ρ=0.95", "ρ=0.99"),
    "look-ahead": ("Nesterov", "look-ahead"),
}


@dataclass(frozen=True)
class Ground:
    surface: Surface
    L: float  # the largest curvature at the minimum, by which the rate is measured
    m: float  # the least

    @property
    def minimum(self) -> np.ndarray:
        return np.array(self.surface.minima[0], dtype=float)

    def slope(self, w: np.ndarray) -> np.ndarray:
        return np.array(self.surface.gradient(*w), dtype=float)


@lru_cache(maxsize=8)
def ground_of(surface: str, kappa: float, angle: float) -> Ground:
    if surface == "ravine":
        return Ground(ravine(kappa, angle), L=kappa, m=1)
    return Ground(SURFACES["Rosenbrock"], L=1000, m=0.4)  # 1001.6 and 0.3994: η L = 1 is the text's rate 0.001
