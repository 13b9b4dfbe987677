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
    Mark,
    Note,
    Panel,
    Regions,
    Row,
    Tabs,
)
from lab.marks import Network as Links
from lab.maths.layers import ACTIVATIONS, Network

PLANE = (-6.5, 6.5)
SIDE = 100  # a map is SIDE × SIDE points of the plane
APART = 4  # a unit's small map has every fourth of them across and upright
BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
ABOVE = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class NeuralNetwork(Experiment):
    pace = 200
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
        label="Hidden layers",
        restarts=True,
        help="from the inputs to the output; with none, one unit draws one straight line",
    )
    activation = Choice(list(ACTIVATIONS), symbol="f", help="what a hidden unit makes of its weighted sum z")
    rate = Slider(0.1, 0.001, 10, log=True, symbol="η", label="Learning rate", help="how far a step goes")
    batch = Count(10, 1, 500, symbol="B", label="Batch size", help="training points behind each step")
    l2 = Slider(0, 0, 0.1, symbol="λ", label="L2 penalty", help="adds λ/2 times each squared weight to the loss")
    test_share = Slider(0.2, 0, 0.9, restarts=True, help="share of the points that training never sees")
    unit = Point((7, 0), x=(0, 7), y=(0, 15), view=True, label="Unit shown", help="layer and unit: click on one")

    metrics = {"batch": "L_B", "loss": "L", "test": "L_test", "accuracy": "train", "test_accuracy": "test"}
    fixed = ("x", "labels", "tested", "train", "test", "inputs", "targets")
    diverges = "The rate is so high that each step throws the weights farther out than the last."
    prompts = (
        ("Four quadrants: watch each hidden unit take a side", {"points": "xor"}),
        ("Take all hidden layers away: what can one line not do?", {"points": "xor", "layers": []}),
        ("Identity in every unit: why do two layers bend nothing?", {"activation": "identity"}),
        ("Two units only: from which seeds does XOR still work?", {"points": "xor", "layers": [2]}),
        ("A rate ten times as high: what do the units do now?", {"activation": "relu", "rate": 1.0}),
        ("Few noisy points: when do the two curves part?", {"points": {"kind": "moons", "n": 60, "noise": 0.3}}),
    )
    presets = {
        "Disc inside a ring": {"points": "circle", "layers": [8, 8], "activation": "tanh", "rate": 0.1},
        "Four quadrants (XOR)": {"points": "xor", "layers": [8], "activation": "tanh", "rate": 0.1},
        "Two half-moons": {"points": "moons", "layers": [8, 8], "activation": "tanh", "rate": 0.1},
        "Spiral arms": {"points": "spiral", "layers": [16, 16, 16], "activation": "relu", "rate": 0.1},
        "Five clumps, five outputs": {"points": "blobs", "layers": [8], "activation": "tanh", "rate": 0.1},
        "Fails: XOR without a hidden layer, for its border is one straight line": {"points": "xor", "layers": []},
        "Fails: relu at too high a rate, for one wild step leaves units dead": {
            "points": "spiral",
            "layers": [16, 16],
            "activation": "relu",
            "rate": 1.0,
        },
    }
    tiny = {"points": {"n": 60}, "layers": [4]}

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.take_points()
        self.net = self.first_network()
        self.epoch = 0
        self.shuffle()
        return self.measured()

    def first_network(self) -> Network:
        widths = (len(self.inputs), *(layer.units for layer in self.layers), len(self.targets))
        net = Network(widths, self.activation, "softmax" if len(self.targets) > 1 else "sigmoid")
        net.draw_weights(self.rng)
        return net

    def step(self) -> Metrics:
        """One mini-batch: the gradient of its mean loss, and a step against it."""
        batch = self.order[self.at : self.at + self.batch]
        with np.errstate(all="ignore"):
            loss = self.net.backward(self.inputs.take(batch, axis=1), self.targets.take(batch, axis=1), self.l2)
            self.net.theta -= self.rate * self.net.gradient
            self.at += len(batch)
            if self.at < len(self.order):
                return {"batch": loss}
            self.epoch += 1
            self.shuffle()
            return {"batch": loss, **self.measured()}

    def shuffle(self) -> None:
        """An epoch begins: every training point once, in a new order."""
        self.order, self.at = self.rng.permutation(self.train), 0

    def measured(self) -> Metrics:
        """Mean loss and share of right answers; worked out once an epoch, for it costs more than a step."""
        losses, right = self.judged()
        row = {"loss": float(losses[self.train].mean()), "accuracy": float(right[self.train].mean())}
        if len(self.test):
            row |= {"test": float(losses[self.test].mean()), "test_accuracy": float(right[self.test].mean())}
        return row

    def judged(self) -> tuple[np.ndarray, np.ndarray]:
        """The loss of each point, and whether the network's answer is right."""
        run = self.net.forward(self.inputs, sums=True)
        losses = self.net.losses(run.Z[-1], self.targets).sum(axis=0)
        return losses, answers(run.A[-1]) == self.labels

    def take_points(self) -> None:
        """Two classes share one output, the chance of the first; more have one each."""
        self.x, self.labels = self.points.x, self.points.y
        self.train, self.test = self.points.split(self.test_share, seed=0)
        self.tested = np.isin(np.arange(len(self.x)), self.test)
        self.inputs = np.ascontiguousarray(self.x.T, dtype=np.float32)
        outputs = np.arange(self.points.classes if self.points.classes > 2 else 1)
        self.targets = (self.labels == outputs[:, None]).astype(np.float32)

    def changed(self, name: str) -> None:
        if name == "activation":
            self.net.hidden = self.activation
        elif name == "points":
            self.take_points()
            if len(self.targets) != self.net.widths[-1]:  # a class came or went: hidden layers stay, outputs are new
                old, self.net = self.net, self.first_network()
                for layer in range(len(old.W) - 1):
                    self.net.W[layer][:], self.net.offsets[layer][:] = old.W[layer], old.offsets[layer]
            self.shuffle()

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        dots = Dots(
            "x",
            colour="labels",
            size="sizes",
            ring="tested",
            drag="points.move",
            add="points.add",
            erase="points.erase",
        )

        def plane(title: str, *marks: Mark, detail: str = "", help: str = "") -> Panel:
            square = {"x": "x₁", "y": "x₂", "range_x": PLANE, "range_y": PLANE, "equal": True}
            return Panel(title, *marks, dots, detail=detail, help=help, **square)

        heat = Heat("score", levels=1, colours="scores")
        ringed = "ringed points are for the test: training never sees them"
        if len(self.targets) == 1:
            big: Layout = plane("Boundary", heat, detail="whose", help=ringed)
        else:
            big = Tabs(
                plane("Boundary", Regions("territory", strength="sureness"), help=ringed),
                plane("Unit", heat, detail="whose", help="what one unit answers at each place"),
            )
        return Row(
            Column(
                Panel("Network", Links("links", chosen="chosen", pick="unit"), detail="size"),
                Panel("Loss", Curve("loss", "test", log_y=True), x="step t", y="mean loss L", detail="when"),
                Panel("Batch loss", Curve("batch", log_y=True), x="step t", y="L_B", shown=False),
                Panel("Accuracy", Curve("accuracy", "test_accuracy"), x="step t", y="share right", shown=False),
                sizes=(3, 2, 2, 2),
            ),
            Column(
                big,
                Panel(
                    "Update",
                    Equation("update"),
                    Note("said"),
                    detail="which",
                    help="J: the mean loss of the next mini-batch, and λ/2 times the sum of all squared weights",
                ),
                Panel("Weights", Histogram("weights", labels="layer_names"), x="w", y="how many", shown=False),
                sizes=(3, 2, 2),
            ),
        )

    @drawn
    def maps(self) -> list[np.ndarray]:
        """What every unit answers all over the plane, (units, SIDE, SIDE) a layer; shares of one are put about 0."""
        with np.errstate(all="ignore"):
            run = self.net.forward(grid())
        for a in run.A[1:] if self.activation == "sigmoid" else run.A[-1:]:
            a *= 2
            a -= 1
        return [a.reshape(len(a), SIDE, SIDE) for a in run.A]

    @drawn
    def chosen(self) -> tuple[int, int]:
        """The layer and unit looked at; numbers beyond the last mean the last."""
        layer = min(round(self.unit[0]), len(self.net.W))
        return layer, min(round(self.unit[1]), self.net.widths[layer] - 1)

    @drawn
    def score(self) -> Field:
        layer, unit = self.chosen()
        return Field(self.maps()[layer][unit], PLANE, PLANE)

    @drawn
    def territory(self) -> Field:
        return Field(self.maps()[-1].argmax(axis=0), PLANE, PLANE)

    @drawn
    def sureness(self) -> np.ndarray:
        """The largest share of one, from all shares equal (0) to certainty (1)."""
        even = 1 / len(self.targets)
        return ((self.maps()[-1].max(axis=0) + 1) / 2 - even) / (1 - even)

    @drawn
    def links(self) -> Net:
        net, small = self.net, [a[:, APART // 2 :: APART, APART // 2 :: APART] for a in self.maps()]
        first, last = ([self.called(i, u) for u in range(net.widths[i])] for i in (0, len(net.W)))
        return Net(net.W, net.offsets, small, (first, *[()] * (len(net.W) - 1), last), net.dW)

    @drawn
    def sizes(self) -> np.ndarray:
        return np.where(self.tested, 0.03, 0.11)

    @drawn
    def weights(self) -> list[np.ndarray]:
        return [W.ravel() for W in self.net.W]

    @drawn
    def layer_names(self) -> list[str]:
        return [f"layer {i}" for i in range(1, len(self.net.W))] + ["output"]

    # ------------------------------------------------------------ in words

    def called(self, layer: int, unit: int) -> str:
        """A unit's name: x₂ for an input, h₃⁽¹⁾ in a hidden layer, ŷ at the output."""
        number, last = str(unit + 1).translate(BELOW), len(self.net.W)
        if layer == last:
            return "ŷ" + (number if self.net.widths[-1] > 1 else "")
        above = f"⁽{str(layer).translate(ABOVE)}⁾" if last > 2 else ""
        return f"h{number}{above}" if layer else f"x{number}"

    @drawn
    def strongest(self) -> tuple[int, int, int]:
        """The link (layer, source, target) of largest weight into the unit looked at, or into the first output."""
        layer, unit = self.chosen() if self.chosen()[0] else (len(self.net.W), 0)
        return layer - 1, int(np.abs(self.net.W[layer - 1][:, unit]).argmax()), unit

    @drawn
    def update(self) -> Update:
        """What the next step does to one weight."""
        layer, source, target = self.strongest()
        batch = self.order[self.at : self.at + self.batch]
        ahead = copy.deepcopy(self.net)
        with np.errstate(all="ignore"):
            ahead.backward(self.inputs[:, batch], self.targets[:, batch], self.l2)
        w, slope = float(self.net.W[layer][source, target]), float(ahead.dW[layer][source, target])
        return Update(
            r"w_{t+1} = w_t - \eta\, \frac{\partial J}{\partial w}",
            {"w_{t+1}": w - self.rate * slope, "w_t": w, r"\eta": self.rate, r"\frac{\partial J}{\partial w}": slope},
        )

    @drawn
    def which(self) -> str:
        layer, source, target = self.strongest()
        return f"w: {self.called(layer, source)} → {self.called(layer + 1, target)}, next step"

    @drawn
    def whose(self) -> str:
        """What the big map shows: a share of one stands about 0, as the score 2ŷ − 1."""
        layer, unit = self.chosen()
        name = self.called(layer, unit)
        share = layer == len(self.net.W) or (layer and self.activation == "sigmoid")
        return f"score {f'2{name} − 1' if share else name}, line at 0"

    @drawn
    def size(self) -> str:
        return f"{self.net.theta.size} weights and offsets"

    @drawn
    def when(self) -> str:
        done, whole = -(-self.at // self.batch), -(-len(self.order) // self.batch)
        return f"epoch {self.epoch + 1}, batch {min(done + 1, whole)} of {whole}"

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.net.theta).all():
            return "The weights have left the range of numbers. Start again with a smaller η."
        with np.errstate(all="ignore"):
            losses, right = self.judged()
            why = self.why(losses)
        wrong = len(self.train) - int(right[self.train].sum())
        text = f"{wrong} of {len(self.train)} training points " + ("is wrong" if wrong == 1 else "are wrong")
        if len(self.test):
            text += f", {len(self.test) - int(right[self.test].sum())} of {len(self.test)} test points"
        return f"{text}. {why}".strip()

    def why(self, losses: np.ndarray) -> str:
        """What stands in the way, if anything does."""
        if not self.layers:
            return "One unit alone weighs its inputs and draws a straight line."
        if self.activation == "identity":
            return "Nothing bends between the layers, so together they are one weighted sum: a straight line."
        if dead := self.dead():
            whole = sum(self.net.widths[1:-1])
            return f"{dead} of {whole} hidden units {'is' if dead == 1 else 'are'} dead: 0 at every training point."
        if len(self.test) and self.epoch:
            seen, unseen = losses[self.train].mean(), losses[self.test].mean()
            if unseen > 0.1 and unseen > 2 * seen:
                return f"Loss {seen:.2g} in training, but {unseen:.2g} in the test: it learns its points by heart."
        return ""

    def dead(self) -> int:
        """Hidden relu units that are 0 at every training point."""
        if self.activation != "relu":
            return 0
        run = self.net.forward(self.inputs)
        return sum(int((a[:, self.train] <= 0).all(axis=1).sum()) for a in run.A[1:-1])


def answers(a: np.ndarray) -> np.ndarray:
    """The class that the last activations (units, n) speak for."""
    return a.argmax(axis=0) if len(a) > 1 else (a[0] < 0.5).astype(int)


@lru_cache(maxsize=1)
def grid() -> np.ndarray:
    """The points of a grid over the plane (2, SIDE²), row by row from below."""
    axis = np.linspace(*PLANE, SIDE, dtype=np.float32)
    return np.stack([x.ravel() for x in np.meshgrid(axis, axis)])
