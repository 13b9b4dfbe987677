"""Neural network: every unit's own map of the plane, the weights as links, and the border they make together."""

from __future__ import annotations

import copy
from functools import lru_cache

import numpy as np

from lab.controls import Choice, Count, Dataset, Point, Rows, Slider
from lab.experiment import Experiment, Metrics, Net, Update, drawn
from lab.marks import (
    Column,
    Curve,
    Dots,
    Equation,
    Field,
    Heat,
    Histogram,
    Layout,
    Network as Links,
    Note,
    Panel,
    Regions,
    Row,
    Tabs,
)
from lab.maths.layers import ACTIVATIONS, Network

EDGE = (-6.5, 6.5)
SIDE = 100  # a map is SIDE x SIDE points
FINE = 4  # a unit's own small map shows every FINE-th of them


class NeuralNetwork(Experiment):
    points = Dataset(
        "circle",
        kinds=("circle", "xor", "spiral", "moons", "blobs"),
        n=250,
        noise=0.1,
        help="click to add a point, drag to move it, right-click to take it away",
    )
    layers = Rows(
        {"units": Count(8, 1, 16, symbol="m", help="units in this hidden layer")},
        [8, 8],
        most=6,
        restarts=True,
        help="hidden layers, first to last; none leaves one unit that draws one straight line",
    )
    activation = Choice(list(ACTIVATIONS), symbol="f", help="what a hidden unit makes of its weighted sum z")
    rate = Slider(0.3, 0.001, 10, log=True, symbol="η", label="Learning rate", help="how far each step goes")
    batch = Count(10, 1, 500, symbol="B", label="Batch size", help="training points behind each step")
    l2 = Slider(0, 0, 0.1, symbol="λ", label="L2 penalty", help="pulls every weight towards 0, offsets not")
    test_share = Slider(0.2, 0, 0.9, restarts=True, help="share of the points that training never sees")
    unit = Point(
        (7, 0), x=(0, 7), y=(0, 15), view=True, label="Unit shown", help="layer and unit; click one in the network"
    )

    metrics = {"batch": "L_B", "loss": "L", "test": "L_test", "accuracy": "train", "test_accuracy": "test"}
    fixed = ("x", "labels", "tested", "train", "test", "inputs", "targets")
    tiny = {"points": {"n": 60}, "layers": [4]}

    def start(self) -> Metrics:
        self.take_points()
        self.net = self.drawn_network()
        self.epoch = 0
        self.shuffle()
        return self.measured()

    def step(self) -> Metrics:
        """One mini-batch: the gradient of its mean loss, and a step against it."""
        batch = self.order[self.at : self.at + self.batch]
        with np.errstate(all="ignore"):
            loss = self.net.backward(self.inputs.take(batch, axis=1), self.targets.take(batch, axis=1), self.l2)
            self.net.theta -= self.rate * self.net.gradient
            self.at += self.batch
            if self.at < len(self.order):
                return {"batch": loss}
            self.epoch += 1
            self.shuffle()
            return {"batch": loss, **self.measured()}

    def shuffle(self) -> None:
        """An epoch begins: every training point once, in an order of its own."""
        self.order, self.at = self.rng.permutation(self.train), 0

    def measured(self) -> Metrics:
        """Mean loss and share of right answers, over training and over test points."""
        losses, right = self.judged()
        row = {"loss": float(losses[self.train].mean()), "accuracy": float(right[self.train].mean())}
        if len(self.test):
            row |= {"test": float(losses[self.test].mean()), "test_accuracy": float(right[self.test].mean())}
        return row

    def judged(self):
        run = self.net.forward(self.inputs, sums=True)
        losses = self.net.losses(run.Z[-1], self.targets).sum(axis=0)
        return losses, decided(run.A[-1]) == self.labels

    def drawn_network(self) -> Network:
        widths = (len(self.inputs), *(layer.units for layer in self.layers), len(self.targets))
        net = Network(widths, self.activation, "sigmoid" if widths[-1] == 1 else "softmax")
        net.draw_weights(self.rng)
        return net

    def take_points(self) -> None:
        """Two classes need one output, the chance of the first; more need one each."""
        self.x, self.labels = self.points.x, self.points.y
        self.train, self.test = self.points.split(self.test_share, seed=0)
        self.tested = np.isin(np.arange(len(self.x)), self.test)
        self.inputs = np.ascontiguousarray(self.x.T, dtype=np.float32)
        classes = self.points.classes
        self.targets = (self.labels == np.arange(classes if classes > 2 else 1)[:, None]).astype(np.float32)

def decided(a: np.ndarray) -> np.ndarray:
    """The class that the last activations (units, n) speak for."""
    return a.argmax(axis=0) if len(a) > 1 else (a[0] < 0.5).astype(int)
