"""Lines through a grid of numbers: where a height is reached, and where two classes meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CORNERS = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float)  # (column, row), around a cell
SIDES = np.roll(CORNERS, -1, axis=0) - CORNERS  # side i leaves corner i
ROUNDS = 100  # of smoothing: a border's steps vanish if they are no more than some twenty cells apart


def contours(z: Floats, levels: Floats) -> Floats:
    """Segments (n, 2 ends, 2) in grid units (column, row) along which z has one of the rising levels.

    Marching squares, all cells and levels at once. A cell with a corner that is not finite has none.
    """
    corners = _around(z)
    with np.errstate(invalid="ignore"):
        below = np.searchsorted(levels, corners, side="right")  # levels a corner stands at or above
    first = below.min(axis=1)
    count = np.where(np.isfinite(corners).all(axis=1), below.max(axis=1) - first, 0)
    cells = np.repeat(np.arange(len(corners)), count)
    nth = np.arange(len(cells)) - np.repeat(np.cumsum(count) - count, count)
    level = levels[first[cells] + nth][:, None]

    heights = corners[cells]
    above = heights >= level
    crossed = above != np.roll(above, -1, axis=1)
    rise = np.roll(heights, -1, axis=1) - heights
    share = (level - heights) / np.where(crossed, rise, 1)
    points = _origin(z, cells) + CORNERS + share[:, :, None] * SIDES
    # Side by side, the crossings read in order are the ends of segments. On a saddle that cuts off corners
    # 1 and 3; where its middle belongs with those two, the order starts one side later.
    other = crossed.all(axis=1) & ((heights.mean(axis=1) >= level[:, 0]) != above[:, 0])
    points[other] = np.roll(points[other], -1, axis=1)
    return points[crossed].reshape(-1, 2, 2)


def borders(classes: NDArray[np.integer]) -> Floats:
    """Segments (n, 2 ends, 2) in grid units between areas of different classes.

    A border is known only to a cell: within that it is drawn as straight as it can be.
    """
    rows, columns = classes.shape
    corners = _around(classes)
    differs = corners != np.roll(corners, -1, axis=1)
    cells = np.flatnonzero(differs.any(axis=1))
    differs = differs[cells]
    corner = cells // (columns - 1) * columns + cells % (columns - 1) if columns > 1 else cells
    size = rows * columns  # a number for each place: on a row's side, on a column's side, in the middle
    sides = corner[:, None] + np.array([0, size + 1, columns, size])
    simple = differs.sum(axis=1) == 2
    through = sides[simple][differs[simple]].reshape(-1, 2)
    junctions = ~simple
    middles = np.broadcast_to(corner[:, None] + 2 * size, sides.shape)
    spokes = np.stack([sides[junctions], middles[junctions]], axis=2)[differs[junctions]]

    numbers, ends = np.unique(np.concatenate([through, spokes]), return_inverse=True)
    kind, at = np.divmod(numbers, size)
    places = np.stack([at % columns + 0.5 * (kind != 1), at // columns + 0.5 * (kind != 0)], axis=1)
    ends = ends.reshape(-1, 2)
    return _smoothed(places, ends)[ends]


def _smoothed(places: Floats, ends: NDArray[np.integer]) -> Floats:
    """Places pulled taut between their two neighbours, none further than half a cell from where it was."""
    here, there = np.concatenate([ends, ends[:, ::-1]]).T
    degree = np.bincount(here, minlength=len(places))
    bends = np.flatnonzero(degree == 2)  # not where a border ends or forks
    first = (np.cumsum(degree) - degree)[bends]
    there = there[np.argsort(here, kind="stable")]
    left, right = there[first], there[first + 1]
    low, high = places[bends] - 0.5, places[bends] + 0.5
    smooth = places.copy()
    for _ in range(ROUNDS):
        smooth[bends] = (0.2 * smooth[bends] + 0.4 * (smooth[left] + smooth[right])).clip(low, high)
    return smooth


def _around(grid: NDArray) -> NDArray:
    """The four corners of every cell (cells, 4), in the order of CORNERS."""
    return np.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]], axis=2).reshape(-1, 4)


def _origin(grid: NDArray, cells: NDArray[np.integer]) -> Floats:
    """Where the first corner of each cell is (n, 1, 2)."""
    width = max(grid.shape[1] - 1, 1)
    return np.stack([cells % width, cells // width], axis=1)[:, None, :].astype(float)
