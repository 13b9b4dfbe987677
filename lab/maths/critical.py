"""Critical points: where the gradient is 0, what kind each one is, Newton's way to it, and the basins of minima."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.maths.landscapes import extremes
from lab.maths.planes import Array, grid
from lab.maths.surfaces import Surface

KINDS = ("minimum", "maximum", "saddle", "degenerate")
FLAT = 1e-6  # an eigenvalue this small, beside the other or 1, is none
LEVEL = 1e-9
STARTS = 25  # places along each edge from which Newton's method is tried
ROUNDS = 40
MANY = 20  # more critical points than these are a line of them
DESCENTS = 600


class Critical(NamedTuple):
    """Critical points (n, 2) in the window and the number in KINDS of each; `many`: they fill a line."""

    at: Array
    kind: NDArray[np.int64]
    many: bool = False


def kinds(surface: Surface, at: Array) -> NDArray[np.int64]:
    """By the signs of the Hessian's eigenvalues: both above 0, both below, one of each, or one that is 0."""
    least, greatest = extremes(surface, *at.T)
    flat = FLAT * np.maximum(np.maximum(np.abs(least), np.abs(greatest)), 1)
    chosen = [np.minimum(np.abs(least), np.abs(greatest)) <= flat, least > 0, greatest < 0]
    return np.select(chosen, [3, 0, 1], 2)


def newton(surface: Surface, at: Array) -> Array:
    """A step of Newton's at each place (n, 2), the least-squares one where the Hessian is singular."""
    with np.errstate(all="ignore"):
        xx, xy, yy = (np.broadcast_to(part, len(at)).astype(float) for part in surface.curvatures(*at.T))
        slopes = np.column_stack([np.broadcast_to(part, len(at)) for part in surface.gradient(*at.T)]).astype(float)
    H = np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2)
    known = np.isfinite(H).all(axis=(1, 2)) & np.isfinite(slopes).all(axis=1)
    step = np.zeros_like(at)
    step[known] = -(np.linalg.pinv(H[known], rcond=1e-12, hermitian=True) @ slopes[known, :, None])[..., 0]
    return step


def newton_path(surface: Surface, begin: ArrayLike, steps: int = ROUNDS) -> Array:
    """Newton's method from one place, until it rests or has left for good: every place on the way."""
    path = [np.asarray(begin, dtype=float)]
    for _ in range(steps):
        went = path[-1] + newton(surface, path[-1][None])[0]
        if np.abs(went - path[-1]).max() < LEVEL or not np.abs(went).max() < 1e3:
            break
        path.append(went)
    return np.array(path)


def steepness(surface: Surface, at: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.hypot(*surface.gradient(*at.T)) + np.zeros(len(at))


def inside(surface: Surface, at: Array) -> NDArray[np.bool_]:
    (left, right), (low, high) = surface.x, surface.y
    return (left <= at[:, 0]) & (at[:, 0] <= right) & (low <= at[:, 1]) & (at[:, 1] <= high)


def critical_points(surface: Surface) -> Critical:
    """Where Newton's method comes to rest in the window, from starts all over it."""
    at = np.column_stack([part.ravel() for part in grid(surface, STARTS)]) + 1e-3 / np.pi
    for _ in range(ROUNDS):
        step = newton(surface, at)
        length = np.hypot(*step.T)
        at = at + step * np.minimum(1, 0.5 / np.maximum(length, 1e-12))[:, None]  # short steps stay near
    with np.errstate(all="ignore"):
        rests = inside(surface, at) & (steepness(surface, at) < 1e-7) & (np.hypot(*newton(surface, at).T) < 1e-4)
    found: list[Array] = []
    for place in at[rests]:
        if all(np.abs(place - other).max() > 1e-3 for other in found):
            found.append(place)
    if not found or len(found) > MANY:
        return Critical(np.empty((0, 2)), np.empty(0, dtype=np.int64), many=len(found) > MANY)
    known = np.array(found)
    kind = kinds(surface, known)
    order = np.lexsort((surface.f(*known.T), kind))
    return Critical(known[order], kind[order])


def basins(surface: Surface, minima: Array, sides: tuple[int, ...]) -> Iterator[Array]:
    """For grids ever finer, the number of the minimum at which gradient descent with η = 1/L ends; −1 for none."""
    for side in sides:
        at = np.column_stack([part.ravel() for part in grid(surface, side)])
        least, greatest = extremes(surface, *at.T)
        bends = np.maximum(np.abs(least), np.abs(greatest))
        rate = 1 / max(float(bends[np.isfinite(bends)].max()), 1e-9)
        ends = np.full(len(at), -1)
        going = np.arange(len(at))
        for _ in range(DESCENTS if len(minima) else 0):
            with np.errstate(all="ignore"):
                at = at - rate * np.column_stack([np.broadcast_to(part, len(at)) for part in surface.gradient(*at.T)])
            apart = np.hypot(*(at[:, None] - minima[None]).transpose(2, 0, 1))
            home = apart.min(axis=1) < 0.1
            ends[going[home]] = apart.argmin(axis=1)[home]
            stays = ~home & np.isfinite(at).all(axis=1) & (np.abs(at).max(axis=1) < 10)
            at, going = at[stays], going[stays]
            if not len(going):
                break
        yield ends.reshape(side, side)
