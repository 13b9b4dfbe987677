"""Sigmoid chain: one unit in each of two layers and no offsets, y^ = s(w2 s(w1 x)), so the loss has two weights.

Squares carry no 1/2 here, as in the text: C = mean (y - y^)^2, or the mean cross-entropy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.maths.activations import sigmoid
from lab.maths.planes import Array

LOSSES = ("squared", "cross-entropy")


def value(loss: str, w: Any, x: Array, y: Array) -> Any:
    """Of weights w1 and w2 of any shape."""
    w1, w2 = (np.asarray(one, dtype=float)[..., None] for one in w)
    z = w2 * sigmoid(w1 * x)
    if loss == "squared":
        return ((sigmoid(z) - y) ** 2).mean(axis=-1)
    return (np.logaddexp(0, z) - y * z).mean(axis=-1)


def gradient(loss: str, w: Any, x: Array, y: Array) -> Array:
    """Of one place (2,)."""
    h = sigmoid(w[0] * x)
    dz = slopes(loss, w[1] * h, y)[0]
    return np.array([(dz * w[1] * h * (1 - h) * x).mean(), (dz * h).mean()])


def slopes(loss: str, z: Array, y: Array) -> tuple[Array, Array]:
    """First and second derivative of a sample's loss by the last sum z."""
    a = sigmoid(z)
    bend = a * (1 - a)
    if loss == "squared":
        return 2 * (a - y) * bend, 2 * bend * (bend + (a - y) * (1 - 2 * a))
    return a - y, bend


def curvatures(loss: str, w: Any, x: Array, y: Array) -> tuple[Any, Any, Any]:
    """The Hessian's C_11, C_12 and C_22, of weights of any shape."""
    w1, w2 = (np.asarray(one, dtype=float)[..., None] for one in w)
    h = sigmoid(w1 * x)
    rise = h * (1 - h) * x
    dz, dzz = slopes(loss, w2 * h, y)
    parts = (
        dzz * (w2 * rise) ** 2 + dz * w2 * rise * (1 - 2 * h) * x,
        dzz * w2 * rise * h + dz * rise,
        dzz * h * h,
    )
    return tuple(part.mean(axis=-1) for part in parts)
