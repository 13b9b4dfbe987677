"""Clouds on which k-means fails, each for a reason of its own, and pictures of clusterings as thumbnails."""

from __future__ import annotations

import numpy as np

from lab.data.points import EDGE, Points
from lab.maths.lloyd import nearest

SIDE = 64  # pixels of a thumbnail
COLOURS = np.array(
    [(230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167)]
)


def _drawn(seed: int, *clumps: tuple[int, tuple[float, float], tuple[float, float]]) -> Points:
    """Normal clumps: how many points, where, and how wide along x₁ and x₂."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([at + rng.normal(size=(n, 2)) * wide for n, at, wide in clumps])
    return Points(np.round(x, 3).clip(-EDGE, EDGE), np.repeat(np.arange(len(clumps)), [n for n, _, _ in clumps]))


def stretched() -> Points:
    """Two long clumps, one above the other."""
    return _drawn(1, (100, (0, 0.8), (2.4, 0.22)), (100, (0, -0.8), (2.4, 0.22)))


def sizes() -> Points:
    """One crowd and two small groups near it."""
    return _drawn(2, (220, (-1.5, 0), (1.5, 1.5)), (15, (4, 1.2), (0.25, 0.25)), (15, (4, -1.2), (0.25, 0.25)))


def densities() -> Points:
    """One thin, wide clump and two dense ones."""
    return _drawn(3, (80, (-2, 0), (1.9, 1.9)), (80, (3, 1), (0.25, 0.25)), (80, (3, -1), (0.25, 0.25)))


def plane(n: int, low: float = -6.5, high: float = 6.5) -> tuple[np.ndarray, tuple[tuple[float, float], ...]]:
    """The n × n points of a grid over the plane, row by row from below."""
    axis = np.linspace(low, high, n)
    x, y = np.meshgrid(axis, axis)
    return np.column_stack([x.ravel(), y.ravel()]), ((low, high), (low, high))


def thumbnail(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """A clustering as a small picture (SIDE, SIDE, 3): pale areas, points, and centres as dark squares."""
    grid, _ = plane(SIDE)
    colours = COLOURS[np.arange(len(centres)) % len(COLOURS)] / 255
    picture = (0.7 + 0.3 * colours[nearest(grid, centres)]).reshape(SIDE, SIDE, 3)

    def pixels(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        at = ((places + 6.5) / 13 * SIDE).astype(int).clip(1, SIDE - 2)
        return at[:, 1], at[:, 0]

    rows, columns = pixels(x)
    picture[rows, columns] = 0.8 * colours[nearest(x, centres)]
    rows, columns = pixels(centres)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            picture[rows + down, columns + across] = 0.1
    return picture[::-1]
