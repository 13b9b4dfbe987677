"""Activations: what a unit makes of its sum z, the slope there, and the first weights that suit it.

The slope of relu at 0 is 0, as in torch; one text takes 1. gelu is its tanh form. Where a text writes swish,
torch says silu.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LEAK = 0.01  # the slope of leaky relu below 0
SELU, SELU_DEPTH = 1.0507009873554805, 1.6732632423543772  # sums of spread 1 and mean 0 keep both
GELU, GELU_CUBE = 0.7978845608028654, 0.044715  # sqrt(2 / pi), and what z^3 adds


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-z)), by way of tanh, which cannot overflow."""
    a = np.multiply(z, 0.5, out=out)
    np.tanh(a, out=a)
    a += 1
    a *= 0.5
    return a


def relu(z: Array, out: Array | None = None) -> Array:
    return np.maximum(z, 0, out=out)


def leaky(z: Array, out: Array | None = None) -> Array:
    return np.maximum(z, LEAK * z, out=out)


def elu(z: Array, out: Array | None = None) -> Array:
    return np.add(np.maximum(z, 0), np.expm1(np.minimum(z, 0)), out=out)


def selu(z: Array, out: Array | None = None) -> Array:
    a = np.add(np.maximum(z, 0), SELU_DEPTH * np.expm1(np.minimum(z, 0)), out=out)
    a *= SELU
    return a


def _gelu_share(z: Array) -> Array:
    """tanh of z bent a little: -1 where gelu is 0, 1 where it is z."""
    return np.tanh(GELU * z * (1 + GELU_CUBE * z * z))


def gelu(z: Array, out: Array | None = None) -> Array:
    return np.multiply(z, (1 + _gelu_share(z)) / 2, out=out)


def gelu_slope(z: Array, a: Array) -> Array:
    share = _gelu_share(z)
    return (1 + share + z * (1 - share * share) * GELU * (1 + 3 * GELU_CUBE * z * z)) / 2


def swish(z: Array, out: Array | None = None) -> Array:
    return np.multiply(z, sigmoid(z), out=out)


def swish_slope(z: Array, a: Array) -> Array:
    share = sigmoid(z)
    return share + a * (1 - share)


class Activation(NamedTuple):
    """What a hidden unit makes of its sum z, the slope there given a = f(z), and its formula in LaTeX and in words."""

    f: Callable[..., Array]  # f(z, out); out may be z itself
    slope: Callable[[Array, Array], Array | float]
    latex: str
    text: str
    # First weights have the spread gain / sqrt(units before), so that sums neither fade nor swell: for one-sided
    # units 1 / sqrt(E f(z)^2) over z ~ N(0, 1); for those that are nearly z around 0 it is 1, as in the texts.
    gain: float = 1.0


ACTIVATIONS = {
    "tanh": Activation(np.tanh, lambda z, a: 1 - a * a, r"\tanh z", "tanh z"),
    "relu": Activation(relu, lambda z, a: z > 0, r"\max(0, z)", "max(0, z)", 2**0.5),
    "sigmoid": Activation(sigmoid, lambda z, a: a * (1 - a), r"\frac{1}{1 + e^{-z}}", "1 / (1 + e⁻ᶻ)"),
    "identity": Activation(np.positive, lambda z, a: 1.0, "z", "z"),
    "leaky relu": Activation(
        leaky,
        lambda z, a: np.where(z > 0, 1.0, LEAK).astype(z.dtype),
        r"\max(0.01\, z, z)",
        "max(0.01 z, z)",
        (2 / (1 + LEAK**2)) ** 0.5,
    ),
    "elu": Activation(
        elu,
        lambda z, a: np.minimum(a, 0) + 1,
        r"\max(0, z) + \min(0, e^z - 1)",
        "z, below 0 eᶻ − 1",
        1.2451983,
    ),
    "selu": Activation(
        selu,
        lambda z, a: np.where(z > 0, SELU, a + SELU * SELU_DEPTH),
        r"1.0507 \left(\max(0, z) + 1.6733 \min(0, e^z - 1)\right)",
        "1.0507 z, below 0 1.7581 (eᶻ − 1)",
    ),
    "gelu": Activation(
        gelu,
        gelu_slope,
        r"\frac{z}{2} \left(1 + \tanh \sqrt{2/\pi}\, (z + 0.0447 z^3)\right)",
        "about z Φ(z)",
        1.5335806,
    ),
    "softplus": Activation(
        lambda z, out=None: np.logaddexp(z, 0, out=out),
        lambda z, a: sigmoid(z),
        r"\ln(1 + e^z)",
        "ln(1 + eᶻ)",
    ),
    "swish": Activation(swish, swish_slope, r"\frac{z}{1 + e^{-z}}", "z / (1 + e⁻ᶻ)", 1.6765325),
    "softsign": Activation(
        lambda z, out=None: np.divide(z, 1 + np.abs(z), out=out),
        lambda z, a: (1 - np.abs(a)) ** 2,
        r"\frac{z}{1 + |z|}",
        "z / (1 + |z|)",
    ),
    "arctan": Activation(np.arctan, lambda z, a: 1 / (1 + z * z), r"\arctan z", "arctan z"),
    "sin": Activation(np.sin, lambda z, a: np.cos(z), r"\sin z", "sin z"),
    "step": Activation(
        lambda z, out=None: np.heaviside(z, z.dtype.type(1), out=out),
        lambda z, a: 0.0,  # so nothing before such a unit ever learns
        r"[z \geq 0]",
        "1 if z ≥ 0, else 0",
    ),
}
