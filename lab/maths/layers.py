"""Layers: a dense network's forward pass and the gradient of its loss, in the texts' notation.

    A^0 = X      Z^l = (W^l)^T A^(l-1) + W_0^l      A^l = f(Z^l)

A column is a sample, and column u of W^l holds the weights into unit u, so W^l is (units before, units after).
J is the mean loss plus (lambda / 2) times the sum of the squared weights, and lambda_1 times that of their sizes;
where a text leaves the 1/2 out, its lambda is half of the one here. Offsets are not penalised.

With batch norm, f is given gamma Zbar + beta in place of Z: each hidden unit's sums, moved to mean 0 and variance
1 over the batch (divisor K, epsilon under the root), and outside training by running averages. Those are torch's:
a tenth of each batch's mean, and of its variance with the divisor K - 1. Dropout is inverted: what is kept is
divided by the chance of being kept, so that nothing need be scaled afterwards.

With skips, a hidden layer as wide as the hidden one before it adds what it is given: A^l = f(Z^l) + A^(l-1).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike, NDArray

from lab.maths.activations import ACTIVATIONS
from lab.maths.hessians import largest, product
from lab.maths.initialisers import INITIALISERS
from lab.maths.losses import OUTPUTS
from lab.maths.optimisers import Rule, Settings, State

Array = NDArray[Any]
MOST_PASSES = 8  # kept to be written again, by number of samples
EPSILON = 1e-5  # beside a batch's variance
FRESH = 0.1  # a batch's share in the running averages
FREE, FROZEN, OFF = 0, 1, 2  # a weight or unit learns; stays as it is; counts as 0 and stays as it is

Like = TypeVar("Like", bound="Network")


class Pass:
    """Where a forward pass over n samples writes its sums Z^1 ... Z^L and activations A^0 ... A^L.

    Without `sums`, hidden activations are written over their sums. With batch norm, Z is what f is given. `keep`
    holds for each of A^0 ... A^(L-1) what it was multiplied by, 0 where a unit is silent; None where nothing is.
    """

    def __init__(self, widths: Sequence[int], n: int, dtype: DTypeLike, sums: bool) -> None:
        self.fed = [np.empty((m + 1, n), dtype) for m in widths[:-1]]  # A^l over a row of ones, which feeds offsets
        for fed in self.fed:
            fed[-1] = 1
        self.A = [fed[:-1] for fed in self.fed] + [np.empty((widths[-1], n), dtype)]
        self.Z = [np.empty_like(a) if sums else a for a in self.A[1:-1]] + [np.empty_like(self.A[-1])]
        self.keep: list[Array | None] | None = None
        self.normal: list[tuple[Array, Array]] = []  # of each hidden layer Zbar, and 1 / sqrt(variance + epsilon)


class Flow(NamedTuple):
    """What one sample's loss sends back: dL/dA^0 ... A^(L-1), dL/dZ^1 ... Z^L, and dL/dW of each layer."""

    loss: float
    dA: list[Array]
    dZ: list[Array]
    dW: list[Array]


class Network:
    """A dense network: theta is all its parameters, layer by layer; W[l] and offsets[l] are views of it.

    After the layers theta holds gamma and beta of each hidden layer, if there is batch norm. `gradient` is laid
    out like theta, and dW are views of it; held_links[l] is laid out like W[l] over offsets[l], held_units[l] like
    a sample of A^l. Copies share nothing. What may be written at any time: hidden, output and skips; drop[l], the
    chance with which a unit of A^l is silent for a sample; noise, the spread of what is added to inputs. Both are
    drawn only where a generator is given.
    """

    # Scratch is no part of a network's state: what walks vars() does not see it.
    __slots__ = ("__dict__", "_ahead", "_alive", "_back", "_free", "_on", "_passes", "_used")
    _passes: dict[tuple[int, bool], Pass]
    _alive: Array | None  # in the layout of theta: 0 for a weight that is off
    _free: Array | None  # likewise: 0 for what does not learn
    _on: list[Array | None] | None  # for A^0 ... A^(L-1) a column, 0 for a unit that is off; None where all are on

    def __init__(
        self, widths: Sequence[int], hidden: str, output: str, dtype: DTypeLike = np.float32, batch_norm: bool = False
    ) -> None:
        self.widths, self.hidden, self.output, self.batch_norm = tuple(widths), hidden, output, batch_norm
        inner = self.widths[1:-1] if batch_norm else ()
        self.theta = np.zeros(sum((m + 1) * n for m, n in pairwise(self.widths)) + 2 * sum(inner), dtype)
        self.gradient = np.zeros_like(self.theta)
        self.mean, self.variance = [np.zeros(n, dtype) for n in inner], [np.ones(n, dtype) for n in inner]
        self.drop, self.noise, self.skips = [0.0] * (len(self.widths) - 1), 0.0, False
        self.held, self.held_units = np.zeros(len(self.theta), np.int8), [np.zeros(n, np.int8) for n in self.widths]
        self._lay_out()
        for gamma in self.gamma:
            gamma[:] = 1

    # ------------------------------------------------------------ parameters

    def _lay_out(self) -> None:
        self._layers, self._slopes = self._tables(self.theta), self._tables(self.gradient)
        self.W, self.offsets = [w[:-1] for w in self._layers], [w[-1] for w in self._layers]
        self.dW = [w[:-1] for w in self._slopes]
        self.gamma, self.beta = self._scales(self.theta)
        self.held_links = self._tables(self.held)
        self._passes = {}
        self._hold()

    def _tables(self, flat: Array) -> list[Array]:
        """One table (units before + 1, units after) a layer, its last row the offsets."""
        tables, at = [], 0
        for m, n in pairwise(self.widths):
            tables.append(flat[at : at + (m + 1) * n].reshape(m + 1, n))
            at += (m + 1) * n
        return tables

    def _scales(self, flat: Array) -> tuple[list[Array], list[Array]]:
        """The parts for gamma and beta, hidden layer by hidden layer."""
        at, parts = len(flat) - 2 * sum(map(len, self.mean)), []
        for mean in self.mean:
            parts.append(flat[at : at + 2 * len(mean)].reshape(2, -1))
            at += 2 * len(mean)
        return [part[0] for part in parts], [part[1] for part in parts]

    def named(self, flat: Array) -> dict[str, Array]:
        """The parts of an array laid out like theta: W1, b1, W2 … and gamma1, beta1 …"""
        parts: dict[str, Array] = {}
        for i, table in enumerate(self._tables(flat), 1):
            parts |= {f"W{i}": table[:-1], f"b{i}": table[-1]}
        for i, (gamma, beta) in enumerate(zip(*self._scales(flat)), 1):
            parts |= {f"gamma{i}": gamma, f"beta{i}": beta}
        return parts

    def twin(self: Like, dtype: DTypeLike) -> Like:
        """A copy that shares nothing, in this precision."""
        twin = copy.copy(self)
        twin.theta, twin.gradient = self.theta.astype(dtype), self.gradient.astype(dtype)
        twin.mean, twin.variance = ([part.astype(dtype) for part in parts] for parts in (self.mean, self.variance))
        twin.held, twin.held_units = self.held.copy(), [units.copy() for units in self.held_units]
        twin.drop = list(self.drop)
        twin._lay_out()
        return twin

    def __deepcopy__(self: Like, memo: dict[int, Any]) -> Like:
        return self.twin(self.theta.dtype)

    def draw_weights(self, rng: Generator, how: str = "suited", spread: float = 1.0, offsets: bool = True) -> None:
        """First weights, as one of INITIALISERS has it; first offsets N(0, 1), as one text has it, or 0.

        With offsets at 0 all hinges would begin through the origin, and spirals take thrice as long.
        """
        gain = ACTIVATIONS[self.hidden].gain
        for W, offset in zip(self.W, self.offsets):
            W[:] = INITIALISERS[how].draw(rng, len(W), W.shape[1], gain, spread)
            offset[:] = rng.normal(0, 1, offset.shape) if offsets else 0

    # ------------------------------------------------------------ held parts

    def hold_link(self, layer: int, source: int, target: int, how: int) -> None:
        """FREE, FROZEN or OFF for one of W[layer]; the source after the last unit is the offset's."""
        self.held_links[layer][source, target] = how
        self._hold()

    def hold_unit(self, layer: int, unit: int, how: int) -> None:
        """FREE, FROZEN or OFF for a unit of A^layer: frozen, all that leads into it stays; off, it answers 0."""
        if how == OFF and layer == len(self.W):
            raise ValueError(f"An output cannot be switched off: choose a unit of layers 0 to {layer - 1}.")
        self.held_units[layer][unit] = how
        self._hold()

    def _hold(self) -> None:
        """What follows from held and held_units."""
        self._alive = self._free = self._on = None
        self._used = self._layers
        if self.held.any() or any(units.any() for units in self.held_units):
            self._part()
        self._ahead, self._back = [used.T for used in self._used], [used[:-1] for used in self._used]

    def _part(self) -> None:
        """What is alive, free and on as factors; while all is free there are none."""
        dtype = self.theta.dtype
        self._alive = alive = (self.held != OFF).astype(dtype)
        self._free = learns = (self.held == FREE).astype(dtype)
        on = [(units != OFF).astype(dtype)[:, None] for units in self.held_units[:-1]]
        self._on = [None if column.all() else column for column in on]
        self._used = self._tables(alive * self.theta)
        free, scales = self._tables(learns), self._scales(learns)
        for i, units in enumerate(self.held_units):
            if i < len(free):
                free[i][:-1][units == OFF] = 0  # what leads out of a silent unit would only decay
            if i:
                free[i - 1][:, units != FREE] = 0
            for part in scales:
                if 0 < i <= len(part):
                    part[i - 1][units != FREE] = 0

    # ------------------------------------------------------------ passes

    def forward(self, x: Array, sums: bool = False, training: bool = False, rng: Generator | None = None) -> Pass:
        """What every layer makes of samples x (units, n). The next pass over as many samples writes it anew.

        In training, batch norm goes by these samples and takes them into its averages. With `rng`, units drop out
        and inputs are noisy.
        """
        run = self._passes.get((x.shape[1], sums))
        if run is None:
            if len(self._passes) == MOST_PASSES:
                self._passes.clear()
            run = self._passes[x.shape[1], sums] = Pass(self.widths, x.shape[1], self.theta.dtype, sums)
        run.A[0][:] = x
        run.keep = keep = None if rng is None and self._on is None else self._begin(run.A[0], rng)
        f, last = ACTIVATIONS[self.hidden].f, len(self.W) - 1
        for i, ahead in enumerate(self._ahead):
            ahead.dot(run.fed[i], run.Z[i])  # as np.matmul, in a third of its time where a batch is small
            if i < last:
                if self.batch_norm:
                    self._normalise(run, i, training)
                f(run.Z[i], run.A[i + 1])
                if self.passes_on(i):
                    run.A[i + 1] += run.A[i]
                if keep is not None and (kept := keep[i + 1]) is not None:
                    run.A[i + 1] *= kept
        OUTPUTS[self.output].f(run.Z[last], run.A[-1])
        return run

    def passes_on(self, i: int) -> bool:
        """Whether what A^i holds is added to A^(i+1), past layer i + 1."""
        return self.skips and 0 < i < len(self.W) - 1 and self.widths[i] == self.widths[i + 1]

    def _begin(self, x: Array, rng: Generator | None) -> list[Array | None] | None:
        """Make the inputs noisy, and draw what each layer's activations are to be multiplied by."""
        if self._alive is not None:
            for used, layer, alive in zip(self._used, self._layers, self._tables(self._alive)):
                np.multiply(layer, alive, out=used)
        if rng is not None and self.noise:
            x += rng.normal(0, self.noise, x.shape)
        keep: list[Array | None] = [None] * len(self.W) if self._on is None else [*self._on]
        for i, (chance, units) in enumerate(zip(self.drop, self.widths)):
            if rng is not None and chance:
                drawn = (rng.random((units, x.shape[1])) >= chance).astype(x.dtype) / x.dtype.type(1 - chance)
                on = keep[i]
                keep[i] = drawn if on is None else drawn * on
        if keep[0] is not None:
            x *= keep[0]
        return keep if any(part is not None for part in keep) else None

    def _normalise(self, run: Pass, i: int, training: bool) -> None:
        """Put gamma Zbar + beta in the place of hidden layer i's sums."""
        z = run.Z[i]
        mean, variance = self.mean[i], self.variance[i]
        if training:
            mean, variance = z.mean(axis=1), z.var(axis=1)
            self._remember(i, mean, variance, z.shape[1])
        scale = 1 / np.sqrt(variance + EPSILON)[:, None]
        bar = (z - mean[:, None]) * scale
        run.normal[i:] = [(bar, scale)]
        np.multiply(self.gamma[i][:, None], bar, out=z)
        z += self.beta[i][:, None]

    def _remember(self, i: int, mean: Array, variance: Array, n: int) -> None:
        """Take a batch of n into hidden layer i's running averages."""
        self.mean[i] += FRESH * (mean - self.mean[i])
        self.variance[i] += FRESH * (variance * (n / max(n - 1, 1)) - self.variance[i])

    def losses(self, z: Array, y: Array) -> Array:
        """Each unit's share in the loss of each sample, from the last sums."""
        return OUTPUTS[self.output].losses(z, y)

    def penalties(self, l2: float, l1: float = 0.0) -> float:
        """What J has beside the mean loss."""
        used = self.theta if self._alive is None else self.theta * self._alive
        weights = [table[:-1] for table in self._tables(used)]
        return sum(l2 / 2 * float((W**2).sum()) + l1 * float(np.abs(W).sum()) for W in weights)

    def backward(
        self, x: Array, y: Array, penalty: float = 0.0, l1: float = 0.0, rng: Generator | None = None
    ) -> float:
        """Put dJ/dtheta over these samples into `gradient`; returns their mean loss, without the penalties."""
        run = self.forward(x, True, True, rng)
        self._sweep(run, y, self._slopes, self.gradient)
        self._penalise(penalty, l1)
        return float(self.losses(run.Z[-1], y).sum()) / x.shape[1]

    def _penalise(self, penalty: float, l1: float) -> None:
        """Finish the gradient of the mean loss: penalties, and nothing for what is held."""
        if penalty:
            for W, dW in zip(self.W, self.dW):
                dW += penalty * W
        if l1:
            for W, dW in zip(self.W, self.dW):
                dW += l1 * np.sign(W)
        if self._free is not None:
            self.gradient *= self._free

    def _sweep(self, run: Pass, y: Array, tables: list[Array], trained: Array | None) -> list[Array]:
        """From the last layer to the first: dL/dW into `tables`; returns dL/dZ, the last first.

        With `trained`, batch norm went by the samples of this pass, and gamma's and beta's share is put there.
        """
        slope = ACTIVATIONS[self.hidden].slope
        delta = OUTPUTS[self.output].slope(run.Z[-1], run.A[-1], y).astype(self.theta.dtype, copy=False)
        delta /= y.shape[1]
        deltas, past = [delta], delta
        for i in range(len(self.W) - 1, -1, -1):
            run.fed[i].dot(delta.T, tables[i])
            if i:
                delta = self._back[i].dot(delta)
                if self.passes_on(i):
                    delta += past
                kept = None if run.keep is None else run.keep[i]
                skipped = self.passes_on(i - 1)
                if kept is None and not skipped:
                    delta *= slope(run.Z[i - 1], run.A[i])
                else:  # A is no longer f(Z)
                    past = delta if kept is None else delta * kept
                    delta = past * slope(run.Z[i - 1], ACTIVATIONS[self.hidden].f(run.Z[i - 1]))
                if self.batch_norm:
                    delta = self._denormalise(run, i - 1, delta, trained)
                deltas.append(delta)
        return deltas

    def _denormalise(self, run: Pass, i: int, delta: Array, trained: Array | None) -> Array:
        """From dL/d(gamma Zbar + beta) of hidden layer i to dL/dZ, by way of the batch's mean and variance too."""
        bar, scale = run.normal[i]
        back = self.gamma[i][:, None] * delta
        if trained is not None:
            dgamma, dbeta = self._scales(trained)
            (delta * bar).sum(axis=1, out=dgamma[i])
            delta.sum(axis=1, out=dbeta[i])
            back -= back.mean(axis=1, keepdims=True) + bar * (back * bar).mean(axis=1, keepdims=True)
        return back * scale

    # ------------------------------------------------------------ what else is asked of it

    def step(self, rule: Rule, state: State, settings: Settings) -> None:
        """A step of an optimiser by `gradient`; what is held does not move, whatever the averages remember."""
        rule.average(state, self.gradient, settings)
        move, decay = rule.move(state, self.gradient, settings), rule.decay(self.theta, settings)
        if not isinstance(decay, float):
            move += decay
        if self._free is not None:
            move *= self._free
        self.theta += move

    def flow(self, x: Array, y: Array) -> Flow:
        """What the loss of one sample x (units, 1) sends back, as the network stands: nothing drops, nothing moves."""
        run, tables = Network.forward(self, x, sums=True), self._tables(np.empty_like(self.theta))
        dZ = self._sweep(run, y, tables, None)[::-1]
        if self._alive is not None:
            for table, alive in zip(tables, self._tables(self._alive)):
                table *= alive
        dA = [W @ delta for W, delta in zip(self._back, dZ)]
        for i in range(len(dA) - 2, 0, -1):
            if self.passes_on(i):
                dA[i] += dA[i + 1]
        return Flow(float(self.losses(run.Z[-1], y).sum()), dA, dZ, [table[:-1] for table in tables])

    def push(self, x: Array, y: Array) -> None:
        """Put dL/dtheta of one sample x (units, 1) into `gradient`; batch norm goes by its averages."""
        back, run, slope = self.flow(x, y), self.forward(x, sums=True), ACTIVATIONS[self.hidden].slope
        for table, dW, dZ in zip(self._slopes, back.dW, back.dZ):
            table[:-1], table[-1] = dW, dZ[:, 0]  # the last row is the offsets'
        for i, (gamma, beta) in enumerate(zip(*self._scales(self.gradient))):
            delta = back.dA[i + 1] * slope(run.Z[i], run.A[i + 1])
            gamma[:], beta[:] = (delta * run.normal[i][0])[:, 0], delta[:, 0]
        self._penalise(0.0, 0.0)

    def curvature(
        self, x: Array, y: Array, penalty: float = 0.0, start: Array | None = None, steps: int = 20
    ) -> tuple[float, Array]:
        """The largest eigenvalue of J's Hessian and its vector; begun at the last such vector, few steps do."""
        twin = self.twin(np.float64)
        at = twin.theta.copy()

        def gradient(theta: Array) -> Array:
            twin.theta[:] = theta
            twin.backward(x, y, penalty)
            return twin.gradient.copy()

        if start is None:
            start = np.random.default_rng(0).normal(size=at.size)  # no part of the run: always the same
        free = start if self._free is None else start * self._free
        return largest(lambda v: product(gradient, at, v), free, steps)
