"""Parts of pictures that the scenes of convexity share: broken lines, hatching, windows, numbers."""

from __future__ import annotations

import numpy as np

Lines = tuple[np.ndarray, ...]


def pieces(x: np.ndarray, y: np.ndarray) -> Lines:
    """A line over x in its unbroken pieces (n, 2): it breaks where y is not finite."""
    known = np.flatnonzero(np.isfinite(y))
    parts = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
    return tuple(np.column_stack([x[part], y[part]]) for part in parts if len(part) > 1)


def hatched(x: np.ndarray, y: np.ndarray, ground: np.ndarray) -> Lines:
    """Strokes up and down between the ground and y, one line for each stretch where y is known."""
    strokes = []
    for part in pieces(x, y):
        ends = np.column_stack([np.interp(part[:, 0], x, ground), part[:, 1]])
        ends[1::2] = ends[1::2, ::-1]
        strokes.append(np.column_stack([np.repeat(part[:, 0], 2), ends.ravel()]))
    return tuple(strokes)


def window(*heights: np.ndarray) -> tuple[float, float]:
    """Heights worth seeing: with some room, but without the spikes of a pole."""
    known = np.concatenate([part[np.isfinite(part)] for part in heights])
    low, high = np.quantile(known, [0.02, 0.98])
    room = (high - low) / 3 or max(abs(high) / 2, 0.5)
    return float(low - room), float(high + room)


def number(value: float) -> str:
    return f"{value + 0.0:.4g}".replace("-", "−").replace("inf", "∞")
