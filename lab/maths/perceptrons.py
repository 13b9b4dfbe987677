"""Perceptrons: the rule on a mistake, the separator of widest margin, and the least error that any line can have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
WIDE_ENOUGH = 1e-6  # a margin below this is taken for none


def with_one(x: Array) -> Array:
    """Every x with a 1 appended, so that the last weight is the bias."""
    return np.column_stack([x, np.ones(len(x))])


def mistaken(w: Array, X: Array, y: Array) -> NDArray[np.bool_]:
    """Which points are not strictly on their own side: a score of 0 is a mistake for either class."""
    return y * (X @ w) <= 0


def least_norm(Z: Array) -> Array | None:
    """The shortest w with Z w ≥ 1 in every row, by Lawson and Hanson's least squares; None: there is none."""
    from scipy.optimize import nnls

    E = np.vstack([Z.T, np.ones(len(Z))])
    target = np.zeros(len(E))
    target[-1] = 1
    left = E @ nnls(E, target)[0] - target
    return None if left @ left < WIDE_ENOUGH**2 else -left[:-1] / left[-1]


def widest(X: Array, y: Array) -> tuple[Array, float] | None:
    """The unit w* whose smallest margin ρ = min y ⟨w*, x⟩ is largest, and ρ; None where no w separates.

    The rows that matter are few: begin with one, and add the worst served until all are served.
    """
    Z = y[:, None] * X
    held = [0]
    while (w := least_norm(Z[held])) is not None:
        served = Z @ w
        worst = int(served.argmin())
        if worst in held or served[worst] > 1 - 1e-9:
            length = float(np.linalg.norm(w))
            return w / length, float(served.min() / length)
        held.append(worst)
    return None


def fewest_mistakes(x: Array, y: Array) -> int:
    """The fewest of the points (n, 2) that any line leaves on the wrong side.

    The best line can be moved until it goes through two points; those on it may then fall to either side, as a
    slight turn about a place between them allows.
    """
    best = int(min((y > 0).sum(), (y < 0).sum()))
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            along = x[j] - x[i]
            across = (x - x[i]) @ np.array([-along[1], along[0]])
            on = np.abs(across) < 1e-9 * (1 + along @ along)
            wrong = int((y * across < 0)[~on].sum())
            off = int((~on).sum())
            if min(wrong, off - wrong) >= best:
                continue
            signs = y[on][((x - x[i]) @ along)[on].argsort()]
            turned = [int((signs[:k] < 0).sum() + (signs[k:] > 0).sum()) for k in range(len(signs) + 1)]
            fewest = min(min(turned), len(signs) - max(turned))
            best = min(best, wrong + fewest, off - wrong + fewest)
    return best


def line_in(w: Array, edge: float) -> Array:
    """The two ends of w₁x₁ + w₂x₂ + b = 0, well beyond a window from −edge to edge; none where w has no direction."""
    normal, bias = w[:2], w[2]
    length2 = float(normal @ normal)
    if length2 == 0:
        return np.empty((0, 2))
    foot = -bias * normal / length2
    reach = 2 * edge + float(np.linalg.norm(foot))
    along = np.array([-normal[1], normal[0]]) / np.sqrt(length2) * reach
    return np.array([foot - along, foot + along])


def perpendiculars(x: Array, w: Array) -> Array:
    """From each point (n, 2) straight to the line w₁x₁ + w₂x₂ + b = 0: (n, 2, 2), the point and its foot."""
    feet = x - np.outer((x @ w[:2] + w[2]) / (w[:2] @ w[:2]), w[:2])
    return np.stack([x, feet], axis=1)
