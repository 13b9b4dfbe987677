"""Fit: a network's curve through points on a line, made of the bends of its hidden units."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Dataset, Formula, Rows, Slider, Unfit
from lab.experiment import Experiment, Metrics, Net, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Line, Note, Panel, Row
from lab.marks import Network as Links
from lab.maths.activations import ACTIVATIONS
from lab.maths.layers import Network
from lab.maths.optimisers import RULES

Array = np.ndarray
EDGE = 6.5
TALL = 7.0  # targets of a formula are cut off here
PLACES = 261  # of every curve
STRIP = 60  # of a unit's small picture
UNITS = {"x": 3.0, "y": 3.0}  # a unit of what the network is given and asked for
BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Fit(Experiment):
    pace = 120
    points = Dataset(
        "wave",
        kinds=("wave", "trend"),
        n=60,
        noise=0.1,
        help="across the input x, upright the target y: click to add a point, drag it, right-click to take it away",
    )
    target = Choice(("the points", "a formula"), restarts=True, help="where the targets come from")
    formula = Formula(
        "2*sin(x) + x/2",
        variables=("x",),
        symbol="f*(x)",
        restarts=True,
        when={"target": ("a formula",)},
        help="the targets at the inputs of the points",
    )
    layers = Rows(
        {"units": Count(12, 1, 32, symbol="m", help="units in this hidden layer")},
        [12],
        most=6,
        label="Hidden layers",
        restarts=True,
        help="with none, the network is a straight line",
    )
    activation = Choice(list(ACTIVATIONS), symbol="f", help="what a hidden unit makes of its weighted sum z")
    rule = Choice(("Adam", "GD"), label="Optimiser", restarts=True, help="how a gradient becomes a step")
    rate = Slider(0.03, 1e-4, 1, log=True, symbol="η", label="Learning rate", help="how far a step goes")
    batch = Count(20, 1, 500, symbol="B", label="Batch size", help="training points behind each step")
    l2 = Slider(0, 0, 0.1, symbol="λ", label="L2 penalty", help="adds λ/2 times each squared weight to the loss")
    held_out = Slider(
        0.25, 0, 0.9, restarts=True, label="Validation share", help="share of the points that training never sees"
    )
    unit = Count(0, 0, 32, view=True, label="Unit shown", help="of the last hidden layer; 0: none stands out")

    metrics = {"loss": "mean ½(ŷ − y)²"}
    fixed = ("x", "inputs", "targets", "train", "test", "tested")
    diverges = "The rate is so high that each step throws the weights farther out than the last."
    prompts = (
        ("relu: find the corner of each unit on the curve", {"activation": "relu"}),
        ("Two units: how many bends can the curve have?", {"activation": "tanh", "layers": [2]}),
        ("Ten points, 32 + 32 units: when do the curves part?", {"points": {"n": 12}, "layers": [32, 32]}),
        ("The same with a penalty", {"points": {"n": 12}, "layers": [32, 32], "l2": 0.01}),
        ("|x| by relu: how many units are enough?", {"target": "a formula", "formula": "abs(x)", "activation": "relu"}),
    )
    presets = {
        "One wave, twelve tanh units": {},
        "A formula: steps by sigmoids": {"target": "a formula", "formula": "3*tanh(4*sin(x))", "activation": "sigmoid"},
        "Fails: no hidden layer, so a straight line": {"layers": []},
        "Fails: two relu units, too few bends": {"layers": [2], "activation": "relu"},
        "Fails: rate too high, the curve never rests": {"rate": 0.5},
        "Learns by heart: few points, many units": {"points": {"n": 12, "noise": 0.3}, "layers": [32, 32]},
    }
    tiny = {"points": {"n": 20}, "layers": [4]}
    # what rules read beside the rate
    momentum, beta1, beta2, epsilon, weight_decay = 0.0, 0.9, 0.999, 1e-8, 0.0

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.take_points()
        self.net = Network((1, *(layer.units for layer in self.layers), 1), self.activation, "identity")
        self.net.draw_weights(self.rng)
        if self.layers:  # hinges from end to end: unit u turns where w x + offset = 0
            hinges = self.rng.uniform(-EDGE, EDGE, self.net.widths[1]) / UNITS["x"]
            self.net.offsets[0][:] = -self.net.W[0][0] * hinges
            for offset in self.net.offsets[1:]:
                offset[:] = 0
        self.memory = RULES[self.rule].begin(self.net.theta)
        return self.measured()

    def step(self) -> Metrics:
        """One mini-batch: the gradient of ½(ŷ − y)² and the penalty, and a step of the optimiser."""
        batch = self.rng.choice(self.train, min(self.batch, len(self.train)), replace=False)
        with np.errstate(all="ignore"):
            self.net.backward(self.inputs[:, batch], self.targets[:, batch], self.l2)
            self.net.step(RULES[self.rule], self.memory, self)
            return self.measured()

    def measured(self) -> Metrics:
        """In units of y; what no curve can beat for long is half the noise's variance."""
        losses = self.net.losses(self.net.forward(self.inputs, sums=True).Z[-1], self.targets)[0] * UNITS["y"] ** 2
        row = {"loss/training": float(losses[self.train].mean())}
        if len(self.test):
            row["loss/validation"] = float(losses[self.test].mean())
        if self.floor:
            row["loss/½σ² of the noise"] = self.floor
        return row

    def take_points(self) -> None:
        made = self.points.made
        self.x, self.floor = self.points.x, 0.0
        if self.target == "a formula":
            y = self.formula(self.x[:, 0])
            if not np.isfinite(y).all():
                bad = float(self.x[~np.isfinite(y), 0][0])
                raise Unfit("formula", f"it has no finite value at x = {bad:.3g}: choose one that has, as abs(x)")
            self.x = np.column_stack([self.x[:, 0], np.clip(y, -TALL, TALL)])
        elif made:
            self.floor = (5 * made.noise) ** 2 / 2
        self.train, self.test = self.points.split(self.held_out, seed=0)
        self.tested = np.isin(np.arange(len(self.x)), self.test)
        self.inputs = (self.x[None, :, 0] / UNITS["x"]).astype(np.float32)
        self.targets = (self.x[None, :, 1] / UNITS["y"]).astype(np.float32)

    def changed(self, name: str) -> None:
        if name == "activation":
            self.net.hidden = self.activation
        elif name == "points":
            self.take_points()

    # ------------------------------------------------------------ pictures

    panels = Row(
        Column(
            Panel(
                "Fit",
                Line("shares", tint="quiet", width=1, label="each unit's share vh(x)"),
                Line("truth", tint="text", width=1.5, dashed=True, label="truth"),
                Line("chosen_share", tint="warn", width=2.5),
                Line("curve", tint="accent", width=3.5, label="ŷ"),
                Dots("x", ring="tested", tint="text", size="sizes", drag="points.move", add="points.add",
                     erase="points.erase"),
                Dots("hinges", shape="triangle", tint="warn"),
                x="x",
                y="y",
                range_x=(-EDGE, EDGE),
                range_y=(-EDGE, EDGE),
                help="ringed points are for validation; a triangle stands where a unit of the first layer has z = 0",
            ),
            Panel("Worst point", Equation("update"), Note("said"), detail="whose"),
            sizes=(5, 2),
        ),
        Column(
            Panel("Network", Links("links"), detail="size", help="a unit shows its own curve from left to right"),
            Panel("Loss", Curve("loss", log_y=True), x="step t", y="mean ½(ŷ − y)²"),
            sizes=(1, 1),
        ),
        sizes=(3, 2),
    )  # fmt: skip

    @drawn
    def run(self) -> list[Array]:
        """What every layer answers along the line."""
        with np.errstate(all="ignore"):
            return [np.nan_to_num(a) for a in self.net.forward(ALONG).A]

    def along(self, y: Array) -> Array:
        return np.column_stack([ACROSS, np.clip(UNITS["y"] * y, -1e3, 1e3)])

    @drawn
    def curve(self) -> Array:
        return self.along(self.run()[-1][0])

    @drawn
    def shares(self) -> tuple[Array, ...]:
        """v h(x) of each unit of the last hidden layer: with the offset they add up to the curve."""
        return tuple(self.along(v * h) for v, h in zip(self.net.W[-1][:, 0], self.run()[-2])) if self.layers else ()

    @drawn
    def chosen(self) -> int:
        """The unit that stands out, from 0; −1 for none."""
        return min(self.unit, self.net.widths[-2]) - 1 if self.layers else -1

    @drawn
    def chosen_share(self) -> Array:
        return self.shares()[self.chosen()] if self.chosen() >= 0 else np.empty((0, 2))

    @drawn(on=("formula", "target", "points"))
    def truth(self) -> Array:
        """What the points were made from, where that is known."""
        made = self.points.made
        if self.target == "a formula":
            y = np.clip(np.nan_to_num(self.formula(ACROSS)), -TALL, TALL)
        elif made:
            y = 3 * np.sin(1.2 * ACROSS) if made.kind == "wave" else 0.7 * ACROSS + 0.5
        else:
            return np.empty((0, 2))
        return np.column_stack([ACROSS, y])

    @drawn
    def hinges(self) -> Array:
        """Where the units of the first layer have z = 0, on the lower edge."""
        if not self.layers:
            return np.empty((0, 2))
        with np.errstate(all="ignore"):
            at = -UNITS["x"] * self.net.offsets[0] / self.net.W[0][0]
        at = at[np.abs(at) < EDGE]
        return np.column_stack([at, np.full(len(at), 0.3 - EDGE)])

    @drawn
    def sizes(self) -> Array:
        return np.where(self.tested, 0.05, 0.12)

    @drawn
    def links(self) -> Net:
        maps = [np.repeat(a[:, None, :: PLACES // STRIP], 8, axis=1) for a in self.run()]
        names = (("x",), *[()] * len(self.layers), ("ŷ",))
        return Net(self.net.W, self.net.offsets, maps, names, self.net.dW)

    # ------------------------------------------------------------ in words

    @drawn
    def size(self) -> str:
        return f"{self.net.theta.size} weights and offsets"

    def watched(self) -> int:
        """The point whose answer is written out: the training point that is farthest off."""
        answers = self.net.forward(self.inputs, sums=True).Z[-1][0]
        return int(self.train[np.nan_to_num(np.abs(answers - self.targets[0])[self.train]).argmax()])

    @drawn
    def whose(self) -> str:
        return f"training point at x = {self.x[self.watched(), 0]:.2f}".replace("-", "−")

    @drawn
    def update(self) -> Update:
        """The answer at one point, and its loss."""
        i = self.watched()
        answer = UNITS["y"] * float(np.nan_to_num(self.net.forward(self.inputs[:, [i]]).A[-1][0, 0]))
        y = float(self.x[i, 1])
        return Update(
            r"L = \frac{1}{2}\,(\hat{y} - y)^2",
            {"L": (answer - y) ** 2 / 2, r"\hat{y}": answer, "y": y},
        )

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.net.theta).all():
            return "The weights have left the range of numbers. Start again with a smaller η."
        if not self.layers:
            return "No hidden layer: the best that this network can be is the straight line of least squares."
        if self.activation == "identity":
            return "Nothing bends: all the layers together are one straight line."
        bends = len(self.hinges())
        told = f"{bends} of {self.net.widths[1]} units of the first layer turn in view (triangles). "
        losses = self.measured()
        seen, unseen = losses["loss/training"], losses.get("loss/validation", 0.0)
        if self.t > 50 and unseen > 0.05 and unseen > 2.5 * seen:
            return told + f"Loss {seen:.2g} in training, {unseen:.2g} in validation: it learns its points by heart."
        if self.floor and unseen and unseen < 1.5 * self.floor:
            return told + "Both losses are near ½σ²: what is left is the noise of the points."
        return told + f"Training loss {seen:.2g}" + (f", validation {unseen:.2g}." if unseen else ".")


ACROSS = np.linspace(-EDGE, EDGE, PLACES)
ALONG = (ACROSS[None] / UNITS["x"]).astype(np.float32)
