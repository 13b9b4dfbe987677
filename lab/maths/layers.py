"""Layers: a dense network's forward pass and the gradient of its loss, in the texts' notation.

    A^0 = X      Z^l = (W^l)^T A^(l-1) + W_0^l      A^l = f(Z^l)

A column is a sample, and column u of W^l holds the weights into unit u, so W^l is (units before, units after).
Each output goes with the loss that makes dL/dZ there equal to A - Y. J is the mean loss plus (lambda / 2) times
the sum of the squared weights; where a text leaves the 1/2 out, its lambda is half of the one here. Offsets are
not penalised. The slope of relu at 0 is 0, as in torch; one text takes 1.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
MOST_PASSES = 8  # kept to be written again, by number of samples


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-z)), by way of tanh, which cannot overflow."""
    a = np.multiply(z, 0.5, out=out)
    np.tanh(a, out=a)
    a += 1
    a *= 0.5
    return a


def softmax(z: Array, out: Array | None = None) -> Array:
    """exp(z) as shares of one, sample by sample."""
    a = np.subtract(z, z.max(axis=0), out=out)
    np.exp(a, out=a)
    a /= a.sum(axis=0)
    return a


def relu(z: Array, out: Array | None = None) -> Array:
    return np.maximum(z, 0, out=out)


class Activation(NamedTuple):
    """What a hidden unit makes of its sum z, the slope there given a = f(z), and the first weights that suit it."""

    f: Callable[..., Array]  # f(z, out); out may be z itself
    slope: Callable[[Array, Array], Array | float]
    gain: float = 1.0  # weights begin with the spread gain / sqrt(units before): sums neither fade nor swell


ACTIVATIONS = {
    "tanh": Activation(np.tanh, lambda z, a: 1 - a * a),
    "relu": Activation(relu, lambda z, a: z > 0, gain=2**0.5),
    "sigmoid": Activation(sigmoid, lambda z, a: a * (1 - a)),
    "identity": Activation(np.positive, lambda z, a: 1.0),
}


class Output(NamedTuple):
    """What the last layer makes of its sums, and the loss that goes with it."""

    f: Callable[..., Array]  # f(z, out); out may be z itself
    losses: Callable[[Array, Array], Array]  # sums z and targets y to each unit's share in each sample's loss


OUTPUTS = {
    "sigmoid": Output(sigmoid, lambda z, y: np.logaddexp(0, z) - y * z),
    "softmax": Output(softmax, lambda z, y: y * (np.logaddexp.reduce(z, axis=0) - z)),
    "identity": Output(np.positive, lambda z, y: (z - y) ** 2 / 2),
}


class Pass:
    """Where a forward pass over n samples writes its sums Z^1 ... Z^L and activations A^0 ... A^L.

    Without `sums`, hidden activations are written over their sums.
    """

    def __init__(self, widths: Sequence[int], n: int, dtype: DTypeLike, sums: bool) -> None:
        self.fed = [np.empty((m + 1, n), dtype) for m in widths[:-1]]  # A^l over a row of ones, which feeds offsets
        for fed in self.fed:
            fed[-1] = 1
        self.A = [fed[:-1] for fed in self.fed] + [np.empty((widths[-1], n), dtype)]
        self.Z = [np.empty_like(a) if sums else a for a in self.A[1:-1]] + [np.empty_like(self.A[-1])]


class Network:
    """A dense network: theta is all its parameters, layer by layer; W[l] and offsets[l] are views of it.

    `gradient` is laid out like theta, and dW are views of it. Copies share nothing.
    """

    # Scratch is no part of a network's state: what walks vars() does not see it.
    __slots__ = ("__dict__", "_passes")
    _passes: dict[tuple[int, bool], Pass]

    def __init__(self, widths: Sequence[int], hidden: str, output: str, dtype: DTypeLike = np.float32) -> None:
        self.widths, self.hidden, self.output = tuple(widths), hidden, output
        self.theta = np.zeros(sum((m + 1) * n for m, n in pairwise(self.widths)), dtype)
        self.gradient = np.zeros_like(self.theta)
        self._lay_out()

    def _lay_out(self) -> None:
        self._layers, self._slopes = self._tables(self.theta), self._tables(self.gradient)
        self.W, self.offsets = [w[:-1] for w in self._layers], [w[-1] for w in self._layers]
        self.dW = [w[:-1] for w in self._slopes]
        self._passes = {}

    def _tables(self, flat: Array) -> list[Array]:
        """One table (units before + 1, units after) a layer, its last row the offsets."""
        tables, at = [], 0
        for m, n in pairwise(self.widths):
            tables.append(flat[at : at + (m + 1) * n].reshape(m + 1, n))
            at += (m + 1) * n
        return tables

    def __deepcopy__(self, memo: dict[int, Any]) -> Network:
        twin = copy.copy(self)
        twin.theta, twin.gradient = self.theta.copy(), self.gradient.copy()
        twin._lay_out()
        return twin

    def draw_weights(self, rng: np.random.Generator) -> None:
        """First weights with the spread that suits the activation; first offsets N(0, 1), as one text has it.

        With offsets at 0 all hinges would begin through the origin, and spirals take thrice as long.
        """
        gain = ACTIVATIONS[self.hidden].gain
        for W, offsets in zip(self.W, self.offsets):
            W[:] = rng.normal(0, gain / len(W) ** 0.5, W.shape)
            offsets[:] = rng.normal(0, 1, offsets.shape)

    def forward(self, x: Array, sums: bool = False) -> Pass:
        """What every layer makes of samples x (units, n). The next pass over as many samples writes it anew."""
        run = self._passes.get((x.shape[1], sums))
        if run is None:
            if len(self._passes) == MOST_PASSES:
                self._passes.clear()
            run = self._passes[x.shape[1], sums] = Pass(self.widths, x.shape[1], self.theta.dtype, sums)
        run.A[0][:] = x
        f, last = ACTIVATIONS[self.hidden].f, len(self._layers) - 1
        for i, layer in enumerate(self._layers):
            np.matmul(layer.T, run.fed[i], out=run.Z[i])
            if i < last:
                f(run.Z[i], run.A[i + 1])
        OUTPUTS[self.output].f(run.Z[last], run.A[-1])
        return run

    def losses(self, z: Array, y: Array) -> Array:
        """Each unit's share in the loss of each sample, from the last sums."""
        return OUTPUTS[self.output].losses(z, y)

    def backward(self, x: Array, y: Array, penalty: float = 0.0) -> float:
        """Put dJ/dtheta over these samples into `gradient`; returns their mean loss, without the penalty."""
        run = self.forward(x, sums=True)
        slope = ACTIVATIONS[self.hidden].slope
        delta = run.A[-1] - y
        delta /= x.shape[1]
        for i in range(len(self.W) - 1, -1, -1):
            np.matmul(run.fed[i], delta.T, out=self._slopes[i])
            if i:
                delta = self.W[i] @ delta
                delta *= slope(run.Z[i - 1], run.A[i])
        if penalty:
            for W, dW in zip(self.W, self.dW):
                dW += penalty * W
        return float(self.losses(run.Z[-1], y).sum()) / x.shape[1]
