"""Many classes: binary classifiers that share out K of them, targets made soft, and confusion counts."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.maths.activations import sigmoid

Array = NDArray[Any]


def entropy(p: Array) -> Array:
    return -(p * np.log(np.maximum(p, np.finfo(float).tiny))).sum(axis=-1)


def smoothed(y: int, m: int, eps: float) -> Array:
    """1 − ε for class y, ε / (m − 1) for each of the others."""
    return np.where(np.arange(m) == y, 1 - eps, eps / (m - 1))


def smoothed_gap(m: int, eps: float) -> float:
    """How far the right logit stands above the others where the loss of a smoothed target is least."""
    return float(np.log((m - 1) * (1 - eps) / eps))


# ---------------------------------------------------------------- binary classifiers; targets are −1, 0 (unused), 1


def pairs(K: int) -> list[tuple[int, int]]:
    """The K (K − 1) / 2 pairs of classes: f_ji = −f_ij, so half of all would be wasted."""
    return list(combinations(range(K), 2))


def rest_targets(y: Array, K: int) -> Array:
    """(n, K): column k has 1 where the class is k, −1 for the rest."""
    return np.where(y[:, None] == np.arange(K), 1.0, -1.0)


def pair_targets(y: Array, K: int) -> Array:
    """(n, K (K − 1) / 2): the column of (i, j) has 1 for class i, −1 for class j and 0 for all that it never sees."""
    i, j = np.array(pairs(K)).T
    return (y[:, None] == i).astype(float) - (y[:, None] == j)


def pair_votes(f: Array, K: int) -> Array:
    """(n, K): Σ_(j≠i) sign f_ij(x), wins less losses, from the scores (n, pairs) of all pairs."""
    duel = np.zeros((K, f.shape[-1]))
    for column, (i, j) in enumerate(pairs(K)):
        duel[i, column], duel[j, column] = 1, -1
    return np.sign(f) @ duel.T


def binary_slope(z: Array, target: Array, loss: str) -> Array:
    """∂ℓ/∂z of one binary classifier a column: of (z − t)² / 2 or of log(1 + exp(−t z)); 0 where t = 0."""
    slope = z - target if loss == "least squares" else -target * sigmoid(-target * z)
    return np.where(target == 0, 0.0, slope)


def shortest_fit(gram: Array, moment: Array) -> Array:
    """w with (XᵀX) w = Xᵀt; a trace of ridge picks the shortest of all solutions, as the pseudo-inverse does."""
    d = gram.shape[-1]
    ridge = 1e-12 * np.trace(gram, axis1=-2, axis2=-1)[..., None, None] * np.eye(d)
    return np.linalg.solve(gram + ridge, moment[..., None])[..., 0]


def confusion(y: Array, decided: Array, K: int) -> Array:
    """Counts (K, K): the row is what it is, the column what it was taken for."""
    return np.bincount(K * y + decided, minlength=K * K).reshape(K, K)
