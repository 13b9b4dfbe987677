"""Where a graph lies in its card: the nodes fitted with a margin, and arrows that bend around what they do not join."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

APART = (0.14, 0.26, 0.4, 0.6)  # how far one of two opposite arrows may bend, in lengths of the way
ALONE = (0.0, 0.14, -0.14, 0.26, -0.26, 0.4, -0.4, 0.6, -0.6)
SHARE = np.linspace(0, 1, 129)[:, None]  # of the way along an arrow
CLEAR = 5.0  # pixels between an arrow and a node it passes
GAP = 2.5  # pixels between an arrow's end and its node
ROUND = np.linspace(0, 2 * np.pi, 24, endpoint=False) - np.pi / 2  # where a loop may stand: first of all, above


class Mapping(NamedTuple):
    """Data to pixels, and back: y points up in the data and down on the screen."""

    scale: Floats
    origin: Floats

    def pixels(self, points: Floats) -> Floats:
        return self.origin + points * self.scale

    def data(self, pixels: Floats) -> Floats:
        return (pixels - self.origin) / self.scale


def fitted(nodes: Floats, before: Floats, behind: Floats, size: Floats, stretch: float) -> Mapping:
    """All nodes in view, with room left and above (`before`), right and below (`behind`) of them.

    One axis is at most `stretch` times as large as the other.
    """
    low, high = nodes.min(axis=0), nodes.max(axis=0)
    span, room = high - low, np.maximum(size - before - behind, 10.0)
    wide = span > 1e-9 * max(1.0, float(np.abs(nodes).max()))
    scale = np.divide(room, span, out=np.full(2, np.inf), where=wide)
    least = scale.min() if wide.any() else 80.0
    scale = np.minimum(scale, stretch * least)
    taken = np.where(wide, span * scale, 0.0) / 2
    middle = np.maximum(np.minimum(size / 2, size - behind - taken), before + taken)
    return Mapping(scale * (1, -1), middle - (low + high) / 2 * scale * (1, -1))


def inside(points: Floats, centre: Floats, half: Floats, disc: bool) -> NDArray[np.bool_]:
    """Which points are in a disc or a box around a centre."""
    away = np.abs(points - centre)
    return np.asarray(np.hypot(*away.T) <= half[0] if disc else (away <= half).all(axis=1), dtype=bool)


def arcs(
    places: Floats, links: NDArray[np.int_], halves: Floats, disc: bool, size: Floats, text_below: bool = False
) -> list[Floats]:
    """For each link the points (k, 2) of its arrow, from its tail to its tip; none where its ends overlap."""
    joined = {(s, t) for s, t in links.tolist()}
    found = []
    for s, t in links.tolist():
        if s == t:
            whole = _loop(places, s, links, halves, size, text_below)
        else:
            whole = _bent(places, s, t, APART if (t, s) in joined else ALONE, halves, disc, size)
        found.append(_trimmed(whole, (s, t), places, halves, disc))
    return found


def _bent(places: Floats, s: int, t: int, bends: tuple[float, ...], halves: Floats, disc: bool, size: Floats) -> Floats:
    """The least bent arrow that passes no other node and stays in view."""
    way = places[t] - places[s]
    across = np.array([-way[1], way[0]])
    others = np.delete(np.arange(len(places)), [s, t])
    best, most = np.empty((0, 2)), -np.inf
    for bend in bends:
        middle = (places[s] + places[t]) / 2 + bend * across
        points = (1 - SHARE) ** 2 * places[s] + 2 * SHARE * (1 - SHARE) * middle + SHARE**2 * places[t]
        free = _clearance(points[::5], places[others], halves[others], disc)
        free = min(free, 10 * float(np.minimum(points, size - points).min()))
        if free >= CLEAR:
            return points
        if free > most + 1:
            best, most = points, free
    return best


def _clearance(points: Floats, places: Floats, halves: Floats, disc: bool) -> float:
    """How far the points stay from these nodes."""
    if not len(places):
        return np.inf
    away = np.abs(points[:, None] - places)
    if disc:
        return float((np.hypot(away[..., 0], away[..., 1]) - halves[:, 0]).min())
    return float((away - halves).max(axis=2).min())


def _loop(places: Floats, node: int, links: NDArray[np.int_], halves: Floats, size: Floats, text_below: bool) -> Floats:
    """A loop on the side where the node's other arrows and neighbours leave most room, and where it is in view."""
    centre, half = places[node], halves[node]
    least = float(half.min())
    reach = least + min(26.0, 0.9 * least + 8)
    out = np.column_stack([np.cos(ROUND), np.sin(ROUND)])
    others = np.delete(places, node, axis=0) - centre
    apart = np.maximum(np.hypot(*others.T), 1.0)
    near = set(links[(links == node).any(axis=1)].ravel().tolist())
    linked = np.array([i in near for i in range(len(places)) if i != node], dtype=bool)
    weight = np.where(linked, 3.0, 1.0) * apart.min(initial=1e9) / apart
    crowd = (weight * np.exp(4 * (out @ (others / apart[:, None]).T - 1))).sum(axis=1) + 0.02 * out[:, 1]
    tips = centre + out * (half - least + 1.1 * reach)
    crowd += 9 * ((tips < 0) | (tips > size)).any(axis=1)
    if text_below:
        crowd += 2 * np.maximum(out[:, 1], 0)
    best = out[int(crowd.argmin())]
    side = reach * np.array([-best[1], best[0]])
    base = centre + best * (half - least)
    first, second = (base + 1.5 * reach * best + sign * 0.9 * side for sign in (-1, 1))
    p, q = SHARE, 1 - SHARE
    return q**3 * base + 3 * q**2 * p * first + 3 * q * p**2 * second + p**3 * base


def _trimmed(points: Floats, ends: tuple[int, int], places: Floats, halves: Floats, disc: bool) -> Floats:
    """The part of a way that is outside the nodes at its ends."""
    hidden = np.zeros(len(points), bool)
    for end in ends:
        hidden |= inside(points, places[end], halves[end] + GAP, disc)
    seen = np.flatnonzero(~hidden)
    return points[seen[0] : seen[-1] + 1] if len(seen) > 1 else np.empty((0, 2))


def length_shares(points: Floats) -> Floats:
    """At each point of an arrow, the share of its length that lies behind."""
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    return run / run[-1] if run[-1] > 0 else run
