"""What the neural network offers the tools: its weights, each point's loss and push, and itself as a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab import script
from lab.experiment import Experiment
from lab.experiments.networks.neural_network import _written as written
from lab.experiments.networks.neural_network._inputs import features
from lab.maths.activations import ACTIVATIONS
from lab.maths.losses import OUTPUTS

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
        net: Network
        best_t: int

        def output(self) -> str: ...
        def sampled(self, x: np.ndarray) -> np.ndarray: ...
        def highest(self) -> float: ...

    def weights(self) -> dict[str, np.ndarray]:
        return {name: part.copy() for name, part in self.net.named(self.net.theta).items()}

    @np.errstate(all="ignore")
    def sample_loss(self) -> np.ndarray:
        """The loss of each training point; those held out are not a number."""
        run = self.net.forward(self.inputs, sums=True)
        losses = np.full(len(self.points), np.nan)
        losses[self.train] = self.net.losses(run.Z[-1], self.targets).sum(axis=0)[self.train]
        return losses

    @np.errstate(all="ignore")
    def push(self, i: int) -> dict[str, np.ndarray]:
        """Point i's share of the slope of the mean loss over training points; batch norm goes by its averages.

        What is held is not pushed.
        """
        n = len(self.points)
        if not 0 <= i < n:
            raise ValueError(f"there are {n} points, numbered from 0; there is no point {i}")
        twin = self.net.twin(np.float64)
        twin.gradient[:] = 0
        if i in self.train:
            twin.push(self.inputs[:, [i]].astype(float), self.targets[:, [i]].astype(float))
            twin.gradient /= len(self.train)
        return twin.named(twin.gradient)

    def code(self) -> str:
        if self.net.held.any() or any(units.any() for units in self.net.held_units):
            raise ValueError("a script has no frozen or switched-off links: free them all, then copy it")
        hidden, changing = bool(self.layers), self.schedule != "constant"
        norm = self.batch_norm and hidden
        noise, p, l2, l1 = map(self._extra, ("input noise", "dropout", "L2", "L1"))
        drops = bool(p) and hidden
        first = written.start(self.begin, ACTIVATIONS[self.activation].gain, self.spread, self.random_offsets, norm)
        before, lines = written.rule(self.optimiser, self)
        values: dict[str, Any] = {"widths": [int(width) for width in self.net.widths], "batch": int(self.batch)}
        values |= {"rate" if changing else "eta": float(self.rate)}
        values |= {name: value for name, value in {"noise": noise, "p": p * drops, "l2": l2, "l1": l1}.items() if value}
        return script.script(
            self,
            "import math\n\nimport numpy as np" if self.schedule == "cosine" else "import numpy as np",
            self._data(),
            f"{script.assign(**values)}\n{self._steps()}",
            written.functions(self.activation, self.output(), hidden),
            written.gradient(self.output(), hidden, drops, norm, l2, l1),
            script.draws(self, start=True),
            first + "\nepoch = 0" * changing,
            before,
            script.loop(written.step(lines, self.schedule, self, noise, drops), "loss"),
            written.END + written.END_NORMS.lstrip() * norm,
        )

    def _extra(self, name: str) -> float:
        """Its setting, or 0 where it is off."""
        values = {"input noise": self.noise, "dropout": self.dropout, "L2": self.l2, "L1": self.l1}
        return float(values[name]) if name in self.extras else 0.0

    def _steps(self) -> str:
        if self.finished and self.best_t:
            return f"steps = {self.best_t}  # then the validation loss was least"
        return f"steps = {script.steps(self)}"

    def _data(self) -> str:
        """The training points, what the network is given of them, and what it should answer."""
        x, labels = self.points.x[self.train], self.points.y[self.train]
        scale = ""
        if self.scaled:
            given = features(self.inputs_chosen, self.points.x)
            centre, width = given.mean(axis=1, keepdims=True), np.maximum(given.std(axis=1, keepdims=True), 1e-6)
            scale = f"# of all points, those held out too\n{script.assign(centre=centre, width=width)}"
        inputs = written.inputs(self.inputs_chosen, scale)
        if self.task != "classes":
            y = (self.sampled(x) / self.highest()).astype(np.float32)
            said = "# The formula there, as a share of its largest value in the plane."
            return f"{script.assign(x=x)}\n{inputs}\n{said}\n{script.assign(Y=y[None])}"
        many, signed = len(self.targets) > 1, OUTPUTS[self.output()].signed
        classes = {"K": len(self.targets)} if many else {}
        return f"{script.assign(x=x, labels=labels, **classes)}\n{inputs}\n{written.targets(many, signed)}"
