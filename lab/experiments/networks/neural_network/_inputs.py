"""Inputs: what the network is given of a place in the plane, from its two coordinates to powers, waves and bumps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
PLANE = (-6.5, 6.5)
SIDE = 100  # a map is SIDE × SIDE points of the plane
WIDTH = 2.0  # of a bump
BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

Feature = Callable[[Array, Array], Array]


def bump(c1: float, c2: float) -> Feature:
    """A radial basis function: 1 at its centre, less the farther away."""
    return lambda x1, x2: np.exp(-((x1 - c1) ** 2 + (x2 - c2) ** 2) / (2 * WIDTH**2))


# With squares and the product the network has all monomials of order 2, with the cubes those of order 3.
FEATURES: dict[str, dict[str, Feature]] = {
    "x₁": {"x₁": lambda x1, x2: x1},
    "x₂": {"x₂": lambda x1, x2: x2},
    "x₁²": {"x₁²": lambda x1, x2: x1**2},
    "x₂²": {"x₂²": lambda x1, x2: x2**2},
    "x₁x₂": {"x₁x₂": lambda x1, x2: x1 * x2},
    "sin x₁": {"sin x₁": lambda x1, x2: np.sin(x1)},
    "sin x₂": {"sin x₂": lambda x1, x2: np.sin(x2)},
    "cubes": {
        "x₁³": lambda x1, x2: x1**3,
        "x₁²x₂": lambda x1, x2: x1**2 * x2,
        "x₁x₂²": lambda x1, x2: x1 * x2**2,
        "x₂³": lambda x1, x2: x2**3,
    },
    "RBF": {
        f"φ{str(3 * i + j + 1).translate(BELOW)}": bump(4.0 * (j - 1), 4.0 * (1 - i))
        for i in range(3)
        for j in range(3)
    },
}


def names(chosen: Sequence[str]) -> list[str]:
    return [name for group in chosen for name in FEATURES[group]]


def features(chosen: Sequence[str], x: Array) -> Array:
    """The inputs (units, n) at places x (n, 2)."""
    return np.stack([f(x[:, 0], x[:, 1]) for group in chosen for f in FEATURES[group].values()])


@lru_cache(maxsize=1)
def places() -> Array:
    """The points of a grid over the plane (SIDE², 2), row by row from below."""
    axis = np.linspace(*PLANE, SIDE)
    return np.stack([part.ravel() for part in np.meshgrid(axis, axis)], axis=1)


@lru_cache(maxsize=4)
def plane(chosen: tuple[str, ...]) -> Array:
    """The inputs all over the plane (units, SIDE²)."""
    return features(chosen, places()).astype(np.float32)
