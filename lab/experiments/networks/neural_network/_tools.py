"""What the neural network offers the tools: its weights, each point's loss and push, and itself as a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab import script
from lab.experiment import Experiment
from lab.experiments.networks.neural_network import _written as written
from lab.maths.activations import ACTIVATIONS

if TYPE_CHECKING:
    from lab.data.points import Points
    from lab.maths.layers import Network


class Tools(Experiment):
    """W1, b1, W2, b2 … by layer: column u of W holds the weights into unit u; gamma and beta where batch norm is on."""

    if TYPE_CHECKING:
        task: str
        points: Points
        layers: Any
        activation: str
        optimiser: str
        rate: float
        batch: int
        inputs_chosen: tuple[str, ...]
        extras: tuple[str, ...]
        l1: float
        l2: float
        dropout: float
        noise: float
        begin: str
        spread: float
        random_offsets: bool
        batch_norm: bool
        scaled: bool
        schedule: str
        train: np.ndarray
        inputs: np.ndarray
        targets: np.ndarray
        centre: np.ndarray
        width: np.ndarray
        net: Network
        best_t: int

        def output(self) -> str: ...

    def weights(self) -> dict[str, np.ndarray]:
        return named(self.net, self.net.W, self.net.offsets, self.net.gamma, self.net.beta)

    def sample_loss(self) -> np.ndarray:
        """The loss of each training point; those held out are not a number."""
        run = self.net.forward(self.inputs, sums=True)
        losses = np.full(len(self.points), np.nan)
        losses[self.train] = self.net.losses(run.Z[-1], self.targets).sum(axis=0)[self.train]
        return losses

    def push(self, i: int) -> dict[str, np.ndarray]:
        """Point i's share of the slope of the mean loss over training points; batch norm goes by its averages."""
        n = len(self.points)
        if not 0 <= i < n:
            raise ValueError(f"there are {n} points, numbered from 0; there is no point {i}")
        twin = self.net.twin(np.float64)
        if i in self.train:
            # Offsets stand in the last row of each layer's table: the same pass finds both.
            run = twin.forward(self.inputs[:, [i]].astype(float), sums=True)
            twin._sweep(run, self.targets[:, [i]].astype(float), twin._slopes, None)
            twin.gradient /= len(self.train)
        else:
            twin.gradient[:] = 0
        slopes = twin._tables(twin.gradient)
        return named(self.net, [one[:-1] for one in slopes], [one[-1] for one in slopes], *twin._scales(twin.gradient))

    def code(self) -> str:
        if self.net.held.any() or any(units.any() for units in self.net.held_units):
            raise ValueError("a script has no frozen or switched-off links: free them all, then copy it")
        steps = self.best_t if self.finished and "early stopping" in self.extras else script.steps(self)
        widths = [len(self.inputs), *(int(layer.units) for layer in self.layers), len(self.targets)]
        noise = float(self.noise) if "input noise" in self.extras else 0.0
        dropout = "dropout" in self.extras and bool(self.dropout) and bool(self.layers)
        hidden, norms = bool(self.layers), self.batch_norm and bool(self.layers)
        l1, l2 = float(self.l1) * ("L1" in self.extras), float(self.l2) * ("L2" in self.extras)
        single = dropout and self.activation == "leaky relu"
        gain = float(ACTIVATIONS[self.activation].gain)
        numbers = script.assign(widths=widths, rate=float(self.rate), batch=int(self.batch), steps=steps)
        parts = [
            self._data(),
            written.functions(self.activation, self.output(), hidden),
            written.gradient(self.output(), hidden, norms, dropout, l1, l2, single),
            written.rectifier(self.optimiser, self),
            script.draws(self, start=True),
            numbers + (f"\n{script.assign(p=float(self.dropout))}" if dropout else ""),
            written.start(self.begin, gain, float(self.spread), self.random_offsets, norms, self.optimiser),
            script.loop(written.step(self.optimiser, self.schedule, self, noise, dropout, norms), "J"),
            written.END.rstrip() + "\n" + written.NORMS * norms + 'print(f"in the end: loss {J:.6g}")',
        ]
        return script.script(self, written.needs(self.schedule), *parts)

    def _data(self) -> str:
        """The training points, what the network is given of them, and what it should answer."""
        x, labels = self.points.x[self.train], self.points.y[self.train]
        text = written.inputs(self.inputs_chosen)
        if self.scaled:
            scale = script.assign(centre=self.centre.ravel(), width=self.width.ravel())
            text += (
                f"\n{scale}  # of all points, those held out too\ninputs = (inputs - centre[:, None]) / width[:, None]"
            )
        if self.task != "classes":
            answers = script.assign(y=self.targets[0, self.train].astype(float))
            return f"{script.assign(x=x)}\n{answers}  # the formula's values\n{text}\n{written.TARGETS['a formula']}"
        kind = "many" if len(self.targets) > 1 else "signed" if self.targets.min() < 0 else "two"
        how = written.TARGETS["signed many" if kind == "many" and self.targets.min() < 0 else kind]
        return f"{script.assign(x=x, labels=labels)}\n{text}\n{how.format(K=len(self.targets))}"


def named(net: Network, W: Any, b: Any, gamma: Any, beta: Any) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for i, (weights, offsets) in enumerate(zip(W, b), 1):
        found |= {f"W{i}": weights.copy(), f"b{i}": offsets.copy()}
    for i, (scale, shift) in enumerate(zip(gamma, beta), 1):
        found |= {f"gamma{i}": scale.copy(), f"beta{i}": shift.copy()}
    return found
