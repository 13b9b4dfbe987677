"""Derivatives of scalars, vectors and matrices by each other in denominator layout: axes of the denominator first."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LEFT, RIGHT = np.array([1.0, -2.0, 0.5]), np.array([3.0, 2.0])


class Case(NamedTuple):
    """An example of one kind by another: y(x), and its derivative by the rules."""

    letter: str  # of the denominator
    y: Callable[[Array], Array]
    rule: Callable[[Array], Array]
    latex: str
    text: str


def softmax(z: Array) -> Array:
    shares = np.exp(z - z.max())
    return shares / shares.sum()


def weights(m: int, n: int) -> Array:
    """A table of plain small numbers."""
    return np.array([[((i * 3 + j * 5) % 7) - 3.0 for j in range(n)] for i in range(m)])


class Entrywise(NamedTuple):
    y: Callable[[Array], Array]
    rule: Callable[[Array], Array]


VECTORS = {
    "z²": Entrywise(np.square, lambda z: np.diag(2 * z)),
    "sin z": Entrywise(np.sin, lambda z: np.diag(np.cos(z))),
    "e^z": Entrywise(np.exp, lambda z: np.diag(np.exp(z))),
    "softmax": Entrywise(softmax, lambda z: np.diag(softmax(z)) - np.outer(softmax(z), softmax(z))),
}

CASES = {
    "vector by vector": Case(
        "z",
        *VECTORS["z²"],
        r"\left(\frac{\partial y}{\partial z}\right)_{ij} = \frac{\partial y_j}{\partial z_i}",
        "Row i belongs to input i, column j to output j.",
    ),
    "scalar by vector": Case(
        "v",
        lambda v: v[0] ** 2 / 2 + v[1] ** 2 + v[0] * v[1] / 2,
        lambda v: np.array([v[0] + v[1] / 2, 2 * v[1] + v[0] / 2]),
        r"\Delta s \approx \left(\frac{\partial s}{\partial v}\right)^{\!\top} \Delta v",
        "The gradient is a column, shaped like v.",
    ),
    "vector by scalar": Case(
        "s",
        lambda s: np.array([2 * np.cos(s), np.sin(2 * s)]),
        lambda s: np.array([-2 * np.sin(s), 2 * np.cos(2 * s)]),
        r"\Delta w \approx \left(\frac{\partial w}{\partial s}\right)^{\!\top} \Delta s",
        "The velocity lies down as a row in this layout.",
    ),
    "matrix by scalar": Case(
        "s",
        lambda s: np.array([[np.cos(s), -np.sin(s), s], [np.sin(s), np.cos(s), s**2]]),
        lambda s: np.array([[-np.sin(s), -np.cos(s), 1], [np.cos(s), -np.sin(s), 2 * s]]),
        r"\left(\frac{\partial M}{\partial s}\right)_{ij} = \frac{\partial M_{ji}}{\partial s}",
        "It has the shape of Mᵀ: the columns of M lie down.",
    ),
    "scalar by matrix": Case(
        "M",
        lambda M: LEFT @ M @ RIGHT,
        lambda M: np.outer(LEFT, RIGHT),
        r"\left(\frac{\partial s}{\partial M}\right)_{ij} = \frac{\partial s}{\partial M_{ij}}",
        "s = uᵀMv: the derivative u vᵀ has the very shape of M, and that is why W − η ∂L/∂W fits.",
    ),
    "vector by matrix": Case(
        "W",
        lambda W: W.T @ LEFT,
        lambda W: np.einsum("a,jk->ajk", LEFT, np.eye(W.shape[1])),
        r"\frac{\partial w_k}{\partial W_{ij}} = a_i \ \mathrm{if}\ j = k,\ \mathrm{else}\ 0",
        "w = Wᵀa: no table can hold it, and most of the box is 0. Click a slice.",
    ),
}


def as_table(cells: Array) -> Array:
    """Vectors stand upright, a number is one cell."""
    return np.reshape(cells, (-1, 1)) if cells.ndim < 2 else cells.reshape(len(cells), -1)


def entries(letter: str, cells: Array) -> list[str]:
    """The names of the entries of y: y₁, y₂ … or M₁₁, M₁₂ …"""
    digits = "₁₂₃₄₅₆₇₈₉"
    if not cells.ndim:
        return [letter]
    return [letter + "".join(digits[k] for k in index) for index in product(*map(range, cells.shape))]
