"""Layers: a dense network's forward pass and the gradient of its loss, in the texts' notation.

    A^0 = X      Z^l = (W^l)^T A^(l-1) + W_0^l      A^l = f(Z^l)

A column is a sample, and column u of W^l holds the weights into unit u, so W^l is (units before, units after).
Each output goes with the loss that makes dL/dZ at the output equal to A - Y, and J is the mean over samples plus
(lambda / 2) times the sum of squared weights. Two texts leave the 1/2 out: their lambda is half of the one here.
Offsets are not penalised. The slope of relu at 0 is 0, as in torch; one text takes 1.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-z)), by way of tanh, which cannot overflow."""
    a = np.tanh(np.multiply(z, 0.5, out=out), out=out)
    a = np.multiply(a, 0.5, out=out)
    return np.add(a, 0.5, out=out)


def softmax(z: Array, out: Array | None = None) -> Array:
    """exp(z) as shares of one, sample by sample."""
    a = np.exp(np.subtract(z, z.max(axis=0), out=out), out=out)
    return np.divide(a, a.sum(axis=0), out=out)


class Activation(NamedTuple):
    """What a hidden unit makes of its sum z, its slope there given a = f(z), and the spread that fits it."""

    f: Callable[..., Array]  # f(z, out=None)
    slope: Callable[[Array, Array], Array | float]
    gain: float = 1.0  # first weights spread as gain / sqrt(units before), so that sums neither fade nor swell


ACTIVATIONS = {
    "tanh": Activation(np.tanh, lambda z, a: 1 - a * a),
    "relu": Activation(lambda z, out=None: np.maximum(z, 0, out=out), lambda z, a: z > 0, gain=2**0.5),
    "sigmoid": Activation(sigmoid, lambda z, a: a * (1 - a)),
    "identity": Activation(lambda z, out=None: z, lambda z, a: 1.0),
}


class Output(NamedTuple):
    """What the last layer makes of its sums, and the loss of each sample that goes with it."""

    f: Callable[..., Array]  # f(z, out=None)
    losses: Callable[[Array, Array], Array]  # of sums z and targets y (units, n): n losses


OUTPUTS = {
    "sigmoid": Output(sigmoid, lambda z, y: (np.logaddexp(0, z) - y * z).sum(axis=0)),
    "softmax": Output(softmax, lambda z, y: np.logaddexp.reduce(z, axis=0) - (y * z).sum(axis=0)),
    "identity": Output(lambda z, out=None: z, lambda z, y: ((z - y) ** 2).sum(axis=0) / 2),
}


class Network:
    """A dense network. theta holds all weights and then all offsets; W[l] and offsets[l] are views of it.

    `gradient` is laid out like theta; dW and d_offsets are views of it, as `backward` left them.
    """

    def __init__(self, widths: Sequence[int], hidden: str, output: str, dtype: DTypeLike = np.float32) -> None:
        self.widths, self.hidden, self.output = tuple(widths), hidden, output
        self.weights = sum(m * n for m, n in pairwise(self.widths))  # how many; offsets come after them
        self.theta = np.zeros(self.weights + sum(self.widths[1:]), dtype)
        self.gradient = np.zeros_like(self.theta)
        self._lay_out()

    def _lay_out(self) -> None:
        self.W, self.offsets = self._views(self.theta)
        self.dW, self.d_offsets = self._views(self.gradient)

    def _views(self, flat: Array) -> tuple[list[Array], list[Array]]:
        shapes = list(pairwise(self.widths))
        ends = np.cumsum([m * n for m, n in shapes] + [n for _, n in shapes])[:-1]
        parts = np.split(flat, ends)
        depth = len(shapes)
        return [p.reshape(s) for p, s in zip(parts, shapes)], [p.reshape(-1, 1) for p in parts[depth:]]

    def __deepcopy__(self, memo: dict[int, Any]) -> Network:
        twin = copy.copy(self)
        twin.theta, twin.gradient = self.theta.copy(), self.gradient.copy()
        twin._lay_out()
        return twin

    def draw_weights(self, rng: np.random.Generator) -> None:
        """First weights, normal with the spread that suits the activation; first offsets 0."""
        for W in self.W:
            W[:] = rng.normal(0, ACTIVATIONS[self.hidden].gain / len(W) ** 0.5, W.shape)

    def forward(self, x: Array) -> tuple[list[Array], list[Array]]:
        """Sums Z^1 ... Z^L and activations A^0 ... A^L."""
        f = ACTIVATIONS[self.hidden].f
        Z: list[Array] = []
        A = [x]
        for W, offset in zip(self.W, self.offsets):
            if Z:
                A.append(f(Z[-1]))
            Z.append(W.T @ A[-1] + offset)
        A.append(OUTPUTS[self.output].f(Z[-1]))
        return Z, A

    def losses(self, z: Array, y: Array) -> Array:
        """The loss of each sample, from the sums of the last layer."""
        return OUTPUTS[self.output].losses(z, y)

    def backward(self, x: Array, y: Array, penalty: float = 0.0) -> float:
        """Put the gradient of J over these samples into `gradient`; returns their mean loss, without the penalty."""
        n = x.shape[1]
        slope = ACTIVATIONS[self.hidden].slope
        Z, A = self.forward(x)
        delta = (A[-1] - y) / n
        for l in reversed(range(len(self.W))):
            np.matmul(A[l], delta.T, out=self.dW[l])
            np.add.reduce(delta, axis=1, keepdims=True, out=self.d_offsets[l])
            if l:
                delta = (self.W[l] @ delta) * slope(Z[l - 1], A[l])
        if penalty:
            self.gradient[: self.weights] += penalty * self.theta[: self.weights]
        return float(self.losses(Z[-1], y).sum()) / n
