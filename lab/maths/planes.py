"""Planes: a surface's heights on a grid, the ellipses that a matrix draws in the plane, lines cut to a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.maths.surfaces import Range, Surface

Array = NDArray[np.float64]
AROUND = np.linspace(0, 2 * np.pi, 97)


def grid(surface: Surface, side: int) -> tuple[Array, Array]:
    """x and y of side × side places over the surface's window, rows from below."""
    x, y = np.meshgrid(np.linspace(*surface.x, side), np.linspace(*surface.y, side))
    return x, y


def terrain(surface: Surface, side: int = 140) -> tuple[Array, Range, Range]:
    """Heights as a Field has them."""
    x, y = grid(surface, side)
    with np.errstate(all="ignore"):
        return np.broadcast_to(surface.f(x, y), x.shape).astype(float), surface.x, surface.y


def ellipse(centre: ArrayLike, M: Array, level: float) -> Array:
    """Where (θ − centre)ᵀ M⁻¹ (θ − centre) = level, M positive definite: an axis for each eigenvector of M."""
    values, vectors = np.linalg.eigh(M)
    axes = vectors * np.sqrt(np.maximum(values * level, 0))
    return np.asarray(centre) + np.column_stack([np.cos(AROUND), np.sin(AROUND)]) @ axes.T


def circle(centre: ArrayLike, radius: float) -> Array:
    return ellipse(centre, np.eye(2), radius**2)


def pieces(line: Array, shown: NDArray[np.bool_]) -> tuple[Array, ...]:
    """The stretches of a line (n, 2) whose points are to be shown."""
    known = np.flatnonzero(shown & np.isfinite(line).all(axis=1))
    parts = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
    return tuple(line[part] for part in parts if len(part) > 1)


def within(line: Array, x: Range, y: Range) -> tuple[Array, ...]:
    """The stretches of a line that lie in a window."""
    across, up = line.T
    return pieces(line, (x[0] <= across) & (across <= x[1]) & (y[0] <= up) & (up <= y[1]))
