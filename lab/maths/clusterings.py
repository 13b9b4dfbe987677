"""How good a clustering is: silhouettes, and the Rand index of two labellings."""

from __future__ import annotations

import numpy as np

from lab.maths.lloyd import square_distances


def silhouettes(x: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """(b − a) / max(a, b) for every point: a its mean distance to its own cluster, b to the nearest other one."""
    classes, owner = np.unique(owner, return_inverse=True)
    counts = np.bincount(owner)
    if len(classes) < 2:
        return np.zeros(len(x))
    member = np.eye(len(classes))[owner]
    far = np.sqrt(square_distances(x, x)) @ member  # Σ of distances from point i to cluster j
    rows = np.arange(len(x))
    own = counts[owner]
    a = far[rows, owner] / np.maximum(own - 1, 1)
    far[rows, owner] = np.inf
    b = (far / counts).min(axis=1)
    with np.errstate(invalid="ignore"):
        return np.where((own > 1) & (np.maximum(a, b) > 0), (b - a) / np.maximum(a, b), 0.0)


def rand_index(one: np.ndarray, other: np.ndarray) -> float:
    """The share of pairs on which two labellings agree: together in both, or apart in both."""
    n = len(one)
    table = np.zeros((int(one.max()) + 1, int(other.max()) + 1))
    np.add.at(table, (one, other), 1)

    def pairs(counts: np.ndarray) -> float:
        return float((counts * (counts - 1)).sum() / 2)

    both, first, second, all_pairs = pairs(table), pairs(table.sum(1)), pairs(table.sum(0)), n * (n - 1) / 2
    return (all_pairs + 2 * both - first - second) / all_pairs if all_pairs else 1.0
