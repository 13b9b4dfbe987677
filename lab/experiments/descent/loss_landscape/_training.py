"""How the networks of a loss landscape are built and trained: points, a dense net, an optimiser, batches."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Dataset, Slider, Switch
from lab.data.points import Points
from lab.maths.initialisers import INITIALISERS
from lab.maths.layers import Network
from lab.maths.optimiser_variants import Knobs
from lab.maths.optimisers import RULES, State, readers
from lab.maths.stability import limit
from lab.maths.weight_planes import DenseLosses

BENDS = ("tanh", "relu", "sigmoid", "swish")
METHODS = ("GD", "momentum", "Nesterov", "RMSProp", "Adam")
STEADY = ("GD", "momentum", "Nesterov")  # those with one rate for all weights, and so a bound on the curvature


class Method:
    """Controls of an optimiser."""

    optimiser = Choice(METHODS, "momentum", help="how a gradient becomes a step")
    rate = Slider(
        0.05, 1e-4, 3, log=True, symbol="η", limit="safe",
        help="how far a step goes; marks for GD and momentum: 1/λ₁, and where a step along the sharpest way climbs",
    )  # fmt: skip
    momentum = Slider(0.9, 0, 0.99, symbol="ρ", when={"optimiser": readers("momentum")}, help="of v, what stays")

    def knobs(self) -> Knobs:
        return Knobs(self.rate, self.momentum, 0.9, 0.999, 1e-8, 0.0)

    def bounds(self) -> np.ndarray:
        """The curvature past which a step overshoots more than it gains, 2/η for GD; none for adaptive rates."""
        if self.optimiser not in STEADY:
            return np.empty(0)
        reach = 2.0 if self.optimiser == "GD" else float(limit(self.momentum, self.optimiser == "Nesterov"))
        return np.array([reach / self.rate])

    def marked(self, sharpest: float) -> np.ndarray:
        """The rates 1/λ₁, and past which a step along the sharpest way climbs."""
        bounds = self.bounds()
        return np.array([1.0, self.rate * bounds[0]]) / sharpest if sharpest > 1e-9 and len(bounds) else np.empty(0)


class Descent(Method):
    """The same, by batches."""

    batch = Count(32, 1, 500, symbol="B", label="Batch size", help="samples behind each step")


class Dense:
    """Controls of a dense network on points in the plane."""

    points = Dataset(
        "moons", kinds=("moons", "circle", "xor", "spiral", "blobs", "two gaussians", "line"), n=200, noise=0.15,
        help="click to add a point, drag to move it, right-click to take it away",
    )  # fmt: skip
    width = Count(32, 1, 64, symbol="m", restarts=True, help="units in each hidden layer")
    depth = Count(2, 1, 16, label="Hidden layers", restarts=True, help="layers of units between inputs and output")
    activation = Choice(BENDS, symbol="f", restarts=True, help="what a hidden unit makes of its sum z")
    batch_norm = Switch(False, restarts=True, help="each hidden sum moved to mean 0 and variance 1 over the samples")
    measure = Choice(
        ["cross-entropy", "squared"], symbol="L", label="Loss", restarts=True,
        help="squared: half the square of sigmoid minus target, flat where the net is surely wrong",
    )  # fmt: skip
    begin = Choice(tuple(INITIALISERS), label="First weights", restarts=True, help="suited: spread gain/√m, m inputs")

    def network(self, rng: np.random.Generator, skips: bool) -> Network:
        outputs = self.points.classes if self.points.classes > 2 else 1
        output = {"squared": "sigmoid, squared"}.get(self.measure, "softmax" if outputs > 2 else "sigmoid")
        widths = (2, *[self.width] * self.depth, outputs)
        net = Network(widths, self.activation, output, batch_norm=self.batch_norm)
        net.skips = skips
        net.draw_weights(rng, self.begin, 0.5)
        return net

    def losses_of(self, net: Network) -> DenseLosses:
        """Over all points; a point of a class that the network has no output for belongs to none."""
        return DenseLosses(net.twin(net.theta.dtype), self.points.x.T, targets(self.points, net.widths[-1]))


def targets(points: Points, outputs: int) -> np.ndarray:
    """One row an output: 1 for the class it speaks for; a single one speaks for class 1."""
    spoken = np.arange(outputs) if outputs > 1 else np.array([1])
    return (points.y == spoken[:, None]).astype(np.float32)


class Shuffled:
    """Batches of n samples, each sample once an epoch, in an order drawn anew."""

    def __init__(self) -> None:
        self.order, self.at = np.empty(0, dtype=int), 0

    def take(self, rng: np.random.Generator, n: int, batch: int) -> np.ndarray:
        if self.at >= len(self.order) or len(self.order) != n:
            self.order, self.at = rng.permutation(n), 0
        some = self.order[self.at : self.at + batch]
        self.at += len(some)
        return some


def descend(net: Network, losses: DenseLosses, some: np.ndarray, rule: str, state: State, knobs: Knobs) -> float:
    """One step on the mean loss of some samples, which is returned."""
    with np.errstate(all="ignore"):
        loss = net.backward(losses.x[:, some], losses.y[:, some])
        net.step(RULES[rule], state, knobs)
    return loss


def decided(losses: DenseLosses, theta: np.ndarray, reach: float, side: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Which class each place of the plane is given, and how surely from 0 to 1, rows from below."""
    line = np.linspace(-reach, reach, side, dtype=np.float32)
    places = np.stack([part.ravel() for part in np.meshgrid(line, line)])
    with np.errstate(all="ignore"):
        z = np.nan_to_num(losses.sums(theta[None], places)[0])
        if len(z) == 1:
            return (z[0] > 0).astype(int).reshape(side, side), np.tanh(np.abs(z[0]) / 2).reshape(side, side)
        surest = 1 / np.exp(z - z.max(axis=0)).sum(axis=0)
    return z.argmax(axis=0).reshape(side, side), ((surest * len(z) - 1) / (len(z) - 1)).reshape(side, side)
