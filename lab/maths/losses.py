"""Losses: what the last layer makes of its sums, the loss that goes with it, and how that falls with the sums.

Squares carry 1/2. Where a text leaves it out, its loss and gradient are twice those here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lab.maths.activations import sigmoid

Array = NDArray[Any]


def softmax(z: Array, out: Array | None = None) -> Array:
    """exp(z) as shares of one, sample by sample."""
    a = np.subtract(z, z.max(axis=0), out=out)
    np.exp(a, out=a)
    a /= a.sum(axis=0)
    return a


class Output(NamedTuple):
    """What the last layer makes of its sums, and the loss that goes with it."""

    f: Callable[..., Array]  # f(z, out); out may be z itself
    losses: Callable[[Array, Array], Array]  # sums z and targets y to each unit's share in each sample's loss
    latex: str  # of one sample's loss
    slope: Callable[[Array, Array, Array], Array] = lambda z, a, y: a - y  # dL/dz; a new array
    signed: bool = False  # targets are -1 and 1, in place of 0 and 1


OUTPUTS = {
    "sigmoid": Output(
        sigmoid,
        lambda z, y: np.logaddexp(0, z) - y * z,
        r"-y \ln a - (1 - y) \ln(1 - a)",
    ),
    "softmax": Output(
        softmax,
        lambda z, y: y * (np.logaddexp.reduce(z, axis=0) - z),
        r"-\sum_j y_j \ln a_j",
    ),
    "identity": Output(np.positive, lambda z, y: (z - y) ** 2 / 2, r"\frac{1}{2} (a - y)^2"),
    "absolute": Output(np.positive, lambda z, y: np.abs(z - y), r"|a - y|", lambda z, a, y: np.sign(z - y)),
    # The mismatch: where a is surely wrong the sigmoid is flat, and little comes back.
    "sigmoid, squared": Output(
        sigmoid,
        lambda z, y: (sigmoid(z) - y) ** 2 / 2,
        r"\frac{1}{2} (a - y)^2",
        lambda z, a, y: (a - y) * a * (1 - a),
    ),
    "sigmoid, ±1": Output(
        sigmoid,
        lambda z, y: np.logaddexp(0, -y * z),
        r"\ln(1 + e^{-y z})",
        lambda z, a, y: a - (y > 0),
        True,
    ),
    "hinge": Output(
        np.positive,
        lambda z, y: np.maximum(0, 1 - y * z),
        r"\max(0, 1 - y a)",
        lambda z, a, y: -y * (y * z < 1),
        True,
    ),
}
