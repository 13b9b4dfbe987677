"""Places for the nodes of a graph without cycles: from left to right by level, links short and clear of other nodes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

NEAR = 0.4  # levels apart upright: a link that passes nearer to a node seems to end there
STARTS = 12  # beginnings from which places are searched: most end in a tangle that no single move undoes
MOST = 40_000  # places tried in all, over the number of nodes: a large graph is left as it is by then


def layered(levels: Sequence[int], links: Sequence[tuple[int, int]]) -> np.ndarray:
    """(n, 2): x is the level; y is searched, one node after another, for the least of `cost`."""
    return np.array(_layered(tuple(levels), tuple(links)))


@lru_cache(maxsize=64)
def _layered(levels: tuple[int, ...], links: tuple[tuple[int, int], ...]) -> np.ndarray:
    x = np.array(levels, dtype=float)
    ends = np.array(links, dtype=int).reshape(-1, 2)
    tallest = max((levels.count(level) for level in set(levels)), default=1)
    rungs = np.arange(-tallest / 2 + 0.5, tallest / 2, 0.5)
    rng = np.random.default_rng(0)  # the same graph always looks the same
    best, least, tried = np.zeros(len(x)), np.inf, 0
    for start in range(STARTS):
        y = np.zeros(len(x))
        for level in sorted(set(levels)):
            among = np.flatnonzero(x == level)
            ranks = rng.permutation(len(among)) if start > 1 else np.arange(len(among))
            spread = (tallest - 1) / max(len(among) - 1, 1) if start % 2 else 1.0  # over the whole height, or close
            y[among] = spread * ((len(among) - 1) / 2 - ranks)
        price, before = cost(x, y, ends), np.inf
        while price < before and tried * len(x) < MOST:
            before = price
            for i in range(len(x)):
                others = [changed(y, i, rung) for rung in rungs]
                others += [changed(changed(y, i, y[j]), j, y[i]) for j in np.flatnonzero(x == x[i]).tolist() if j > i]
                others += [np.where(x == x[i], y + shift, y) for shift in (-0.5, 0.5)]
                prices = [cost(x, other, ends) for other in others]
                tried += len(others)
                if min(prices) < price - 1e-9:
                    price, y = min(prices), others[int(np.argmin(prices))]
        if price < least:
            best, least = y, price
    return np.column_stack([x, best])


def changed(y: np.ndarray, i: int, to: float) -> np.ndarray:
    y = y.copy()
    y[i] = to
    return y


def cost(x: np.ndarray, y: np.ndarray, ends: np.ndarray) -> float:
    """Nodes on top of each other, links through nodes, crossings, and how far links rise or fall."""
    crowded = (np.abs(x[:, None] - x) < 0.5) & (np.abs(y[:, None] - y) < 0.9)
    total = 100.0 * (crowded.sum() - len(x))
    if not len(ends):
        return total
    (x0, x1), (y0, y1) = x[ends].T, y[ends].T
    within = (x0[:, None] < x) & (x < x1[:, None])
    share = (x - x0[:, None]) / (x1 - x0)[:, None]
    away = np.abs(y0[:, None] + share * (y1 - y0)[:, None] - y)
    total += 30.0 * (within & (away < NEAR)).sum()
    first, last = np.maximum(x0[:, None], x0), np.minimum(x1[:, None], x1)  # where two links run beside each other
    steep = (y1 - y0) / (x1 - x0)
    apart = [y0[:, None] + steep[:, None] * (at - x0[:, None]) - (y0 + steep * (at - x0)) for at in (first, last)]
    total += 1.5 * ((first < last) & (apart[0] * apart[1] < 0)).sum()
    return float(total + (np.abs(y1 - y0) ** 1.5).sum() + 0.1 * np.abs(y).sum())
