"""The shape and the light of a Surface, in NumPy: heights as drawn, lit colours, and paths laid upon it.

A relief stands on the square from -1 to 1, whatever its axes measure, and is about half as high as it is wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.marks import Field, Range

HEIGHT = 1.0  # of the highest place; the floor is 2 wide
LOG_FLOOR = 1e-3  # of the range: heights nearer than that to the lowest are no further apart as logarithms
RARE = 0.02  # the share of places, at either end, that may be cut off
TOWERING = 2.0  # … where they would rise this many times as far as all the others do

LIGHT = np.array([-0.62, -0.30, 0.73])  # from the left, a little to the front, and above
EYE = np.array([0.42, -0.72, 0.55])  # the view it opens with: a highlight that stays put tells more than one that swims
AMBIENT, DIFFUSE, SPECULAR, SHININESS = 0.50, 0.62, 0.20, 24

APART = 0.004  # places of a path nearer to each other than this are one: about a pixel
REACH = 0.06  # a straight step longer than this is bent to follow the ground
PIECES = 24_000  # a path is never bent into more pieces than about this

Floats = NDArray[np.float64]
Ink = NDArray[np.float32]


@dataclass(frozen=True)
class Relief:
    """A Field as it is drawn. Where the field is not a number there is a hole."""

    heights: Floats  # (rows, columns), from 0 to HEIGHT
    shades: Floats  # (rows, columns), from 0 to 1 along the colour map
    x: Range
    y: Range
    lowest: float  # of the field; what the logarithm is taken above
    span: tuple[float, float]  # the values, or their logarithms, that stand at 0 and at HEIGHT
    soft: float  # added before the logarithm; 0 where there is none
    said: str  # what was cut off, in words

    def raised(self, values: Any) -> Floats:
        """How high these values of the field stand."""
        return _scaled(_measured(values, self.lowest, self.soft), self.span) * HEIGHT

    def placed(self, points: Any) -> tuple[Floats, NDArray[np.bool_]]:
        """(n, 3): these points (n, 2), moved to the border where they lie outside, and whether they lay within."""
        points = np.asarray(points, dtype=float)
        rows, columns = self.heights.shape
        ends = np.array([self.x, self.y], dtype=float)
        across = (points - ends[:, 0]) / (ends[:, 1] - ends[:, 0])
        within = ((across >= 0) & (across <= 1)).all(axis=1)
        across = across.clip(0, 1)
        grid = across * (columns - 1, rows - 1)
        corner = np.minimum(grid.astype(int), (max(columns - 2, 0), max(rows - 2, 0)))
        u, v = (grid - corner).T
        j, i = corner.T
        j2, i2 = np.minimum(j + 1, columns - 1), np.minimum(i + 1, rows - 1)
        z = self.heights
        height = (z[i, j] * (1 - u) + z[i, j2] * u) * (1 - v) + (z[i2, j] * (1 - u) + z[i2, j2] * u) * v
        return np.column_stack([across * 2 - 1, height]), within & np.isfinite(height)

    def draped(self, path: Any, times: Any) -> tuple[Floats, Floats, Floats]:
        """A path (n, 2) laid on the ground: places (m, 3), the time of each, and 1 where it is seen, 0 where not."""
        path, times = np.asarray(path, dtype=float), np.asarray(times, dtype=float)
        finite = np.isfinite(path).all(axis=1)
        path, times = path[finite], times[finite]
        places, within = self.placed(path)
        cells = np.floor(places[:, :2] / APART)
        kept = np.ones(len(places), dtype=bool)
        kept[1:-1] = (cells[1:-1] != cells[:-2]).any(axis=1)
        path, times, places, within = path[kept], times[kept], places[kept], within[kept]
        steps = np.hypot(*np.diff(places[:, :2], axis=0).T)
        pieces = np.ceil(steps / REACH).clip(1, max(1, PIECES // max(len(path), 1))).astype(int)
        if (pieces > 1).any():
            first = np.concatenate([[0], np.cumsum(pieces)])
            bent = np.arange(first[-1] + 1)
            clamped = np.column_stack([np.interp(bent, first, path[:, d].clip(*(self.x, self.y)[d])) for d in (0, 1)])
            times, seen = np.interp(bent, first, times), np.interp(bent, first, within)
            places, _ = self.placed(clamped)
        else:
            seen = within.astype(float)
        hole = np.isnan(places[:, 2])
        places[hole, 2] = 0.0
        seen[hole] = 0.0
        return places, times, seen

    def lit(self, colours: NDArray[np.uint8]) -> Ink:
        """(rows, columns, 3): the colour map's colours in this light, from 0 to 1."""
        flat = np.nan_to_num(self.shades)
        base = np.stack([np.interp(flat * 255, np.arange(256), channel / 255) for channel in colours.T], axis=-1)
        normals = self.normals()
        lambert = (normals @ _unit(LIGHT)).clip(0, None)[..., None]
        shine = (normals @ _unit(_unit(LIGHT) + _unit(EYE))).clip(0, None)[..., None] ** SHININESS
        return np.minimum(base * (AMBIENT + DIFFUSE * lambert) + SPECULAR * shine, 1).astype(np.float32)

    def normals(self) -> Floats:
        """(rows, columns, 3): the upright direction at each place."""
        rows, columns = self.heights.shape
        z = np.where(np.isfinite(self.heights), self.heights, HEIGHT)
        dx = np.gradient(z, 2 / max(columns - 1, 1), axis=1) if columns > 1 else np.zeros_like(z)
        dy = np.gradient(z, 2 / max(rows - 1, 1), axis=0) if rows > 1 else np.zeros_like(z)
        normals = np.stack([-dx, -dy, np.ones_like(z)], axis=-1)
        return normals / np.linalg.norm(normals, axis=-1, keepdims=True)

    def mesh(self, colours: NDArray[np.uint8]) -> tuple[Ink, NDArray[np.uint32]]:
        """Vertices (n, 7) as place, lit colour and shade; and triangles (m, 3), none of them over a hole."""
        rows, columns = self.heights.shape
        x, y = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
        place = np.stack([x, y, np.nan_to_num(self.heights)], axis=-1)
        vertices = np.concatenate([place, self.lit(colours), np.nan_to_num(self.shades)[..., None]], axis=-1)
        corners = np.arange(rows * columns).reshape(rows, columns)
        a, b, c, d = (part.ravel() for part in (corners[:-1, :-1], corners[:-1, 1:], corners[1:, :-1], corners[1:, 1:]))
        triangles = np.concatenate([np.column_stack([a, b, d]), np.column_stack([a, d, c])])
        whole = np.isfinite(self.heights.ravel())[triangles].all(axis=1)
        return vertices.reshape(-1, 7).astype(np.float32), triangles[whole].astype(np.uint32)


def relief(field: Field, log: bool = False, about_zero: bool = False) -> Relief | None:
    """The relief of a field; none where it has no finite number, or no breadth."""
    z = np.asarray(field.z, dtype=float)
    finite = z[np.isfinite(z)]
    if z.ndim != 2 or min(z.shape) < 2 or not len(finite):
        return None
    lowest, highest = float(finite.min()), float(finite.max())
    soft = (highest - lowest) * LOG_FLOOR if log else 0.0
    low, high = _kept(_measured(finite, lowest, soft))
    cut = [
        f"{word} {written(float(np.exp(end) - soft + lowest) if soft else end)}"
        for word, end, all_kept in (
            ("below", low, low <= _measured(lowest, lowest, soft)),
            ("above", high, high >= _measured(highest, lowest, soft)),
        )
        if not all_kept
    ]
    z = np.where(np.isposinf(z), highest, np.where(np.isneginf(z), lowest, z))
    share = _scaled(_measured(z, lowest, soft), (low, high))
    shades = share
    if about_zero and not soft:
        most = max(abs(low), abs(high)) or 1.0
        shades = 0.5 + z.clip(low, high) / (2 * most)
    said = f"Heights {' and '.join(cut)} are cut off" if cut else ""
    return Relief(share * HEIGHT, shades, field.x, field.y, lowest, (low, high), soft, said)


def _measured(values: Any, lowest: float, soft: float) -> Floats:
    """Values as they are, or as logarithms of their height above the lowest."""
    values = np.asarray(values, dtype=float)
    return np.log(np.maximum(values - lowest, 0) + soft) if soft else values


def _scaled(values: Floats, span: tuple[float, float]) -> Floats:
    low, high = span
    return ((values - low) / (high - low)).clip(0, 1) if high > low else np.where(np.isnan(values), np.nan, 0.5)


def _kept(values: Floats) -> tuple[float, float]:
    """The lowest and the highest, or what nearly all keep within where a few rise or fall far beyond."""
    low, high = float(values.min()), float(values.max())
    usual_low, usual_high = (float(q) for q in np.quantile(values, (RARE, 1 - RARE)))
    usual = usual_high - usual_low
    if high - usual_high > TOWERING * usual > 0:
        high = usual_high
    if usual_low - low > TOWERING * usual > 0:
        low = usual_low
    return low, high


def written(value: float) -> str:
    """A number in few digits."""
    return f"{value:.3g}".replace("-", "−")


def _unit(vector: Floats) -> Floats:
    return vector / np.linalg.norm(vector)
