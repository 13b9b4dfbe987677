"""The shape and the light of a Surface, in NumPy: heights as drawn, lit colours, and paths laid upon it.

A relief stands on the square from -1 to 1, whatever its axes measure, and is about half as high as it is wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.marks import Field, Range

HEIGHT = 1.0  # of the highest place; the floor is 2 wide
RARE = 0.02  # the share of places, at either end, that may be cut off
TOWERING = 2.0  # … where they would rise this many times as far as all the others do

VAST = 1e150  # beyond it differences overflow

LIGHT = np.array([-0.62, -0.30, 0.73])  # from the left, a little to the front, and above
AZIMUTH, ELEVATION = -115.0, 55.0  # in degrees, of the view it opens with: into valleys, over their front rims
_ACROSS, _UP = math.radians(AZIMUTH), math.radians(ELEVATION)
# The highlight is that of the opening view: one that stays put tells more than one that swims.
EYE = np.array([math.cos(_ACROSS) * math.cos(_UP), math.sin(_ACROSS) * math.cos(_UP), math.sin(_UP)])
AMBIENT, DIFFUSE, SPECULAR, SHININESS = 0.50, 0.62, 0.20, 24

APART = 0.004  # places of a path nearer to each other than this are one: about a pixel
REACH = 0.06  # a straight step longer than this is bent to follow the ground
LONGEST = 40.0  # what lies farther back on a path is not drawn: nobody could follow it

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
        ends = np.array([self.x, self.y], dtype=float)
        across = (np.asarray(points, dtype=float).clip(-VAST, VAST) - ends[:, 0]) / (ends[:, 1] - ends[:, 0])
        within = ((across >= 0) & (across <= 1)).all(axis=1)
        places = self._grounded(across.clip(0, 1))
        return places, within & np.isfinite(places[:, 2])

    def draped(self, path: Any, times: Any) -> tuple[Floats, Floats, Floats]:
        """A path (n, 2) laid on the ground: places (m, 3), the time of each, and 1 where it is seen, 0 where not."""
        finite = np.isfinite(path).all(axis=1)
        places, within = self.placed(path[finite])
        times = times[finite]
        cells = np.floor(places[:, :2] / APART)
        kept = np.ones(len(places), dtype=bool)
        kept[1:-1] = (cells[1:-1] != cells[:-2]).any(axis=1)
        places, times, seen = places[kept], times[kept].astype(float), within[kept].astype(float)
        steps = np.hypot(*np.diff(places[:, :2], axis=0).T)
        first = int(np.count_nonzero(np.cumsum(steps[::-1]) > LONGEST))
        places, times, seen, steps = places[first:], times[first:], seen[first:], steps[first:]
        pieces = np.ceil(steps / REACH).clip(1)
        if (pieces > 1).any():
            whole = np.concatenate([[0], np.cumsum(pieces)])
            bent = np.arange(whole[-1] + 1)
            across = np.column_stack([np.interp(bent, whole, side) for side in places[:, :2].T / 2 + 0.5])
            places, times, seen = self._grounded(across), np.interp(bent, whole, times), np.interp(bent, whole, seen)
        hole = np.isnan(places[:, 2])
        places[hole, 2] = seen[hole] = 0
        return places, times, seen

    def _grounded(self, across: Floats) -> Floats:
        """(n, 3): the ground at these shares (n, 2) of the way across, between the field's places bilinearly."""
        rows, columns = self.heights.shape
        grid = across * (columns - 1, rows - 1)
        corner = np.minimum(grid.astype(int), (columns - 2, rows - 2))
        (u, v), (j, i), z = (grid - corner).T, corner.T, self.heights
        below = z[i, j] * (1 - u) + z[i, j + 1] * u
        above = z[i + 1, j] * (1 - u) + z[i + 1, j + 1] * u
        return np.column_stack([across * 2 - 1, below * (1 - v) + above * v])

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
        dy, dx = np.gradient(z, 2 / (rows - 1), 2 / (columns - 1))
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


def relief(field: Field, log: bool = False, about_zero: bool = False, beside: Any = ()) -> Relief | None:
    """The relief of a field; none where it has no finite number, or no breadth. The scale takes in values beside it."""
    z = np.asarray(field.z, dtype=float)
    finite = z[np.isfinite(z)].clip(-VAST, VAST)
    if z.ndim != 2 or min(z.shape) < 2 or not len(finite) or not (field.x[0] < field.x[1] and field.y[0] < field.y[1]):
        return None
    lowest, highest = float(finite.min()), float(finite.max())
    soft = 0.0
    if log and not about_zero:  # as much as Heat adds: both pictures then have the same colours
        soft = max(float(np.quantile(finite - lowest, RARE)), (highest - lowest) * 1e-6)
    measured = _measured(finite, lowest, soft)
    also = np.asarray(beside, dtype=float)
    measured = np.append(measured, _measured(also[np.isfinite(also)], lowest, soft))
    low, high = span = _kept(measured)
    ends = (("below", low, low > measured.min()), ("above", high, high < measured.max()))
    cut = [f"{side} {written(math.exp(end) - soft + lowest if soft else end)}" for side, end, is_cut in ends if is_cut]
    z = z.clip(lowest, highest)
    heights = _scaled(_measured(z, lowest, soft), span)
    shades = 0.5 + z.clip(low, high) / (2 * max(abs(low), abs(high)) or 1) if about_zero else heights
    said = f"Heights {' and '.join(cut)} are cut off" if cut else ""
    return Relief(heights * HEIGHT, shades, field.x, field.y, lowest, span, soft, said)


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
