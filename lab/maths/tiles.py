"""Tiles: a relu network is affine wherever the signs of its hidden sums stay the same; which piece, and how many.

Sums and weights are as in layers: Z^l = (W^l)^T A^(l-1) + W_0^l, and a unit is on where its sum is above 0. Batch
norm and held units are not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lab.maths.layers import Network

Array = NDArray[Any]
Signs = NDArray[np.bool_]


class Piece(NamedTuple):
    """What the network is on one tile: f(x) = A x + c, f its last sums."""

    A: Array  # (outputs, inputs)
    c: Array  # (outputs,)


def signs(net: Network, x: Array) -> Signs:
    """Which hidden units are on at places x (inputs, n): (hidden units, n), layer by layer."""
    sums = net.forward(x, sums=True).Z[:-1]
    return np.concatenate([z > 0 for z in sums]) if sums else np.zeros((0, x.shape[1]), bool)


def numbers(on: Signs) -> Array:
    """A number for each column of signs, the same for the same signs; of at most 62 units."""
    return (np.int64(1) << np.arange(len(on))) @ on


def piece(net: Network, on: Signs) -> Piece:
    """The affine map on the tile with these signs (hidden units,): units that are off pass nothing on."""
    A, c, at = np.eye(net.widths[0]), np.zeros(net.widths[0]), 0
    for i, (W, offset) in enumerate(zip(net.W, net.offsets)):
        A, c = W.T.astype(float) @ A, W.T.astype(float) @ c + offset
        if i < len(net.W) - 1:
            lit = on[at : at + len(c)]
            A, c, at = A * lit[:, None], c * lit, at + len(c)
    return Piece(A, c)


def most(widths: Sequence[int]) -> int:
    """No network of these widths, inputs first and output last, has more: each layer can cut every tile again.

    n lines cut a plane into at most 1 + n + n(n - 1)/2 parts; n planes space into one for each way of choosing at
    most as many of them as there are dimensions.
    """
    return prod(sum(comb(n, k) for k in range(widths[0] + 1)) for n in widths[1:-1])


def crossings(W: Array, offset: Array, x: tuple[float, float], y: tuple[float, float]) -> tuple[int, int]:
    """How many of the lines W'x + offset = 0 cross a window, and how often they cross each other inside it.

    Together with 1 that is the number of tiles there, if no three lines meet in one place.
    """
    corners = np.array([(a, b) for a in x for b in y])
    heights = corners @ W + offset
    seen = np.flatnonzero((heights.min(axis=0) < 0) & (heights.max(axis=0) > 0))
    first, second = (seen[k] for k in np.triu_indices(len(seen), 1))
    with np.errstate(all="ignore"):
        turn = W[0, first] * W[1, second] - W[1, first] * W[0, second]
        across = (W[1, first] * offset[second] - W[1, second] * offset[first]) / turn
        up = (W[0, second] * offset[first] - W[0, first] * offset[second]) / turn
        inside = (across > x[0]) & (across < x[1]) & (up > y[0]) & (up < y[1])
    return len(seen), int(inside.sum())


def zero_line(z: Array, x: tuple[float, float], y: tuple[float, float]) -> Array:
    """Where numbers on a grid, as a Field has them, change sign: one straight stretch a cell, (n, 2 ends, 2)."""
    across, up = np.meshgrid(np.linspace(*x, z.shape[1]), np.linspace(*y, z.shape[0]))
    nodes = np.stack([across, up, z], axis=-1)
    below, above = nodes[:-1], nodes[1:]
    sides = [
        (below[:, :-1], below[:, 1:]),
        (above[:, :-1], above[:, 1:]),
        (below[:, :-1], above[:, :-1]),
        (below[:, 1:], above[:, 1:]),
    ]
    cut = np.stack([(p[..., 2] > 0) != (q[..., 2] > 0) for p, q in sides], axis=-1)
    cells = np.nonzero(cut.sum(axis=-1) == 2)  # a cell with four is a saddle, and too small to see
    places = []
    for p, q in sides:
        p, q = p[cells], q[cells]
        with np.errstate(all="ignore"):
            share = p[:, 2] / (p[:, 2] - q[:, 2])
        places.append(p[:, :2] + np.nan_to_num(share)[:, None] * (q - p)[:, :2])
    return np.stack(places, axis=1)[cut[cells]].reshape(-1, 2, 2)
