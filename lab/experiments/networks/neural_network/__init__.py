"""neural network: every unit's own map of the plane, the weights as links, and the border they make together."""

from __future__ import annotations

import copy
from itertools import chain, combinations
from typing import Any

import numpy as np

from lab.controls import Choice, Count, Dataset, Formula, Point, Rows, Several, Slider, Switch, Unfit
from lab.data.points import MOST_POINTS
from lab.experiment import Experiment, Metrics, action
from lab.experiments.networks.neural_network._inputs import FEATURES, features, places
from lab.experiments.networks.neural_network._pictures import Pictures
from lab.experiments.networks.neural_network._suggestions import PRESETS, PROMPTS
from lab.experiments.networks.neural_network._tools import Tools
from lab.maths.activations import ACTIVATIONS
from lab.maths.initialisers import INITIALISERS
from lab.maths.layers import FREE, FROZEN, OFF, Network
from lab.maths.losses import OUTPUTS
from lab.maths.optimiser_variants import Knobs
from lab.maths.optimisers import RULES, State, readers
from lab.maths.schedules import SCHEDULES, using

EXTRAS = ("L1", "L2", "dropout", "input noise", "early stopping")
HOLDS = {0: FREE, 1: FROZEN, -1: OFF}  # as the picture of the network has it


def with_extra(name: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """For a control's `when`: all choices of extras that have this one."""
    several = chain.from_iterable(combinations(EXTRAS, n) for n in range(len(EXTRAS) + 1))
    return {"extras": tuple(some for some in several if name in some)}


class NeuralNetwork(Pictures, Tools, Experiment):
    pace = 200
    scenes = ("layer", "builder", "collapse", "symmetry", "tiles", "fit", "two-layers")
    task = Choice(["classes", "a formula"], restarts=True, help="tell classes apart, or learn the values of a formula")
    points = Dataset(
        "circle",
        kinds=("circle", "xor", "spiral", "moons", "blobs", "two gaussians", "line", "uniform"),
        n=250,
        noise=0.1,
        help="click to add a point (hold a number key for its class), drag to move it, right-click to take it away",
    )
    target = Formula(
        "sin(x1) * cos(x2 / 2)",
        variables=("x1", "x2"),
        symbol="z",
        restarts=True,
        when={"task": ("a formula",)},
        help="what to learn, in x1 and x2 from −6 to 6",
    )
    layers = Rows(
        {"units": Count(8, 1, 32, symbol="m", help="units in parallel in this hidden layer")},
        [8, 8],
        most=8,
        label="Hidden layers",
        restarts=True,
        help="in series, from the inputs to the output; with none, one unit draws one straight line",
    )
    activation = Choice(list(ACTIVATIONS), symbol="f", help="what a hidden unit makes of its weighted sum z")
    optimiser = Choice(list(RULES), help="how a gradient becomes a step; most others want a smaller rate than GD")
    rate = Slider(
        0.1,
        1e-4,
        10,
        log=True,
        symbol="η",
        label="Learning rate",
        limit="safe",
        help="how far a step goes; marks for GD and momentum: past the first a step along the sharpest direction "
        "crosses over, past the last it climbs",
    )
    momentum = Slider(0.9, 0, 0.999, symbol="ρ", when={"optimiser": readers("momentum")}, help="of v, what stays")
    beta1 = Slider(
        0.9,
        0,
        0.999,
        symbol="β₁",
        label="Gradient memory",
        when={"optimiser": readers("beta1")},
        help="share of m that stays",
    )
    beta2 = Slider(
        0.999,
        0,
        0.9999,
        symbol="β₂",
        label="Square memory",
        when={"optimiser": readers("beta2")},
        help="share of s that stays",
    )
    epsilon = Slider(
        1e-8, 1e-10, 0.1, log=True, symbol="ε", when={"optimiser": readers("epsilon")}, help="beside the root"
    )
    weight_decay = Slider(
        0.01, 0, 1, symbol="λ", when={"optimiser": readers("weight_decay")}, help="taken off the weights themselves"
    )
    batch = Count(10, 1, 500, symbol="B", label="Batch size", help="training points behind each step; 1: SGD")
    inputs_chosen = Several(
        list(FEATURES),
        ("x₁", "x₂"),
        least=1,
        label="Inputs",
        restarts=True,
        help="what the network is given of a place; cubes: four terms of order 3; RBF: nine bumps",
    )
    extras = Several(EXTRAS, label="Against overfitting", help="each brings its own setting")
    l1 = Slider(0.001, 0, 0.1, symbol="λ₁", label="L1", when=with_extra("L1"), help="adds λ₁ |w| for each weight")
    l2 = Slider(0.01, 0, 0.2, symbol="λ", label="L2", when=with_extra("L2"), help="adds λ/2 w² for each weight")
    dropout = Slider(0.2, 0, 0.9, symbol="p", when=with_extra("dropout"), help="chance that a hidden unit is silent")
    noise = Slider(
        0.3, 0, 3, symbol="σ", label="Input noise", when=with_extra("input noise"), help="spread of what inputs gain"
    )
    patience = Count(
        20, 1, 500, when=with_extra("early stopping"), help="epochs without a better validation loss that end the run"
    )
    validation_share = Slider(0, 0, 0.5, restarts=True, help="share of the points that early stopping goes by")
    test_share = Slider(0.2, 0, 0.9, restarts=True, help="share of the points that training never sees")
    begin = Choice(list(INITIALISERS), label="First weights", restarts=True, help="suited: spread gain/√m, m inputs")
    spread = Slider(
        0.5,
        0,
        5,
        symbol="σ",
        restarts=True,
        when={"begin": tuple(name for name, one in INITIALISERS.items() if one.reads_spread)},
        help="of the first weights; constant: their value",
    )
    random_offsets = Switch(True, restarts=True, help="first offsets from N(0, 1), so that units differ; else 0")
    batch_norm = Switch(False, restarts=True, help="each hidden sum moved to mean 0 and variance 1 over the batch")
    scaled = Switch(False, label="Scale inputs", restarts=True, help="each input to mean 0 and spread 1")
    measure = Choice(
        ["cross-entropy", "squared", "hinge"],
        label="Loss",
        restarts=True,
        when={"task": ("classes",)},
        help="squared: of a sigmoid, flat where it is surely wrong; hinge: 0 where a point is right by 1",
    )
    schedule = Choice(list(SCHEDULES), label="Rate over epochs", help="how η falls from epoch to epoch")
    power = Slider(0.5, 0, 2, symbol="p", when=using("power"), help="in 1/tᵖ")
    decay = Slider(0.5, 0.01, 1, symbol="γ", when=using("decay"), help="what is left of η after a period")
    period = Count(50, 1, 1000, symbol="s", when=using("period"), help="in epochs")
    unit = Point((9, 0), x=(0, 9), y=(0, 31), view=True, label="Unit shown", help="layer and unit: click on one")
    links_show = Choice(
        ["weights", "gradient"],
        view=True,
        help="gradient: what the loss of the picked point sends back along each link",
    )
    point = Count(-1, -1, MOST_POINTS - 1, label="Point picked", symbol="i", view=True, help="click on one; −1: none")
    told = Choice(["test", "validation", "training"], label="Confusion of", view=True, help="which points are counted")
    entries = Choice(["a", "z"], label="Batch panel", view=True, help="activations a, or the sums z before them")
    cell = Point((0, 0), x=(0, 31), y=(0, 59), view=True, label="Cell", help="unit and sample: click in Batch")

    metrics = {
        "batch": "L_B",
        "loss": "L",
        "validation": "L_val",
        "test": "L_test",
        "accuracy": "train",
        "validation accuracy": "val",
        "test accuracy": "test",
        "fit": "R²",
        "validation fit": "R²_val",
        "test fit": "R²_test",
        "norm": "|∂L/∂W|",
    }
    test_metrics = ("test", "test accuracy", "test fit")
    fixed = ("x", "labels", "train", "validation", "test", "inputs", "targets", "centre", "width")
    diverges = "The rate is so high that each step throws the weights farther out than the last."
    prompts = PROMPTS
    presets = PRESETS
    tiny = {"points": {"n": 60}, "layers": [4]}

    # ------------------------------------------------------------ training

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        if name == "begin":
            return {"random_offsets": value not in ("zero", "constant")}
        if name == "task":
            return {"points": "uniform" if value == "a formula" else "circle"}
        return {}

    def start(self) -> Metrics:
        given = features(self.inputs_chosen, self.points.x)
        ones = np.ones((len(given), 1))
        self.centre = given.mean(axis=1, keepdims=True) if self.scaled else 0 * ones
        self.width = np.maximum(given.std(axis=1, keepdims=True), 1e-6) if self.scaled else ones
        self.high = self.highest()
        self.take_points()
        self.net = self.first_network()
        self.epoch, self.least, self.least_test = 0, np.inf, np.inf
        self.tune()
        self.forget()
        self.shuffle()
        return self.measured()

    def first_network(self) -> Network:
        widths = (len(self.inputs), *(layer.units for layer in self.layers), len(self.targets))
        net = Network(widths, self.activation, self.output(), batch_norm=self.batch_norm)
        net.draw_weights(self.rng, self.begin, self.spread, self.random_offsets)
        return net

    def step(self) -> Metrics:
        """One mini-batch: the gradient of its mean loss, and a step against it."""
        batch = self.order[self.at : self.at + self.batch]
        x, y, net = self.inputs.take(batch, axis=1), self.targets.take(batch, axis=1), self.net
        with np.errstate(all="ignore"):
            if self.optimiser == "GD" and not self.extras and self.schedule == "constant":
                loss = net.backward(x, y)
                net.theta -= self.rate * net.gradient
            else:
                rng = self.rng if net.noise or any(net.drop) else None
                loss = net.backward(x, y, *self.penalties(), rng)
                net.step(RULES[self.optimiser], self.averages, self.knobs())
            self.at += len(batch)
            if self.at < len(self.order):
                return {"batch": loss}
            self.epoch += 1
            self.shuffle()
            return {"batch": loss, **self.watched(self.measured())}

    def shuffle(self) -> None:
        """An epoch begins: every training point once, in a new order."""
        self.order, self.at = self.rng.permutation(self.train), 0
        self.anchor = self.net.theta.copy()

    def penalties(self) -> tuple[float, float]:
        return self.l2 if "L2" in self.extras else 0.0, self.l1 if "L1" in self.extras else 0.0

    def knobs(self) -> Knobs:
        """The settings of a step, the rate as the schedule has it in this epoch."""
        rate = SCHEDULES[self.schedule](self.epoch, self)
        return Knobs(rate, self.momentum, self.beta1, self.beta2, self.epsilon, self.weight_decay)

    def measured(self) -> Metrics:
        """Loss, and share of right answers or R²; worked out once an epoch, for it costs more than a step."""
        losses, right = self.judged()
        row = {"loss": float(losses[self.train].mean()), **self.shares("", self.train, losses, right)}
        for name, members in (("validation", self.validation), ("test", self.test)):
            if len(members):
                row |= {name: float(losses[members].mean()), **self.shares(f"{name} ", members, losses, right)}
        norms = [float(np.vdot(dW, dW)) ** 0.5 for dW in self.net.dW]
        row |= {f"norm/{name}": norm for name, norm in zip(self.layer_names(), norms) if norm > 0}
        self.least, self.least_test = min(self.least, row["loss"]), min(self.least_test, row.get("test", np.inf))
        return row

    def shares(self, name: str, members: np.ndarray, losses: np.ndarray, right: np.ndarray) -> Metrics:
        if self.task == "classes":
            return {f"{name}accuracy": float(right[members].mean())}
        apart = float(self.targets[:, members].var())
        return {f"{name}fit": 1 - 2 * float(losses[members].mean()) / apart} if apart > 0 else {}

    def judged(self) -> tuple[np.ndarray, np.ndarray]:
        """The loss of each point, and whether the network's answer is right."""
        run = self.net.forward(self.inputs, sums=True)
        losses = self.net.losses(run.Z[-1], self.targets).sum(axis=0)
        return losses, answers(run.Z[-1]) == self.labels

    def watched(self, row: Metrics) -> Metrics:
        """Keep the weights of the best epoch; when patience runs out, put them back and end the run."""
        if row.get("validation", np.inf) < self.best_loss:
            self.best, self.best_loss = copy.deepcopy(self.net), row["validation"]
            self.best_t, self.best_epoch = self.t + 1, self.epoch
        elif "early stopping" in self.extras and self.best and self.epoch - self.best_epoch >= self.patience:
            self.net = copy.deepcopy(self.best)
            self.finish(
                f"No better validation loss in {self.patience} epochs: the weights of step {self.best_t} are put back, "
                f"where it was {self.best_loss:.3g}."
            )
            return self.measured()
        return row

    # ------------------------------------------------------------ what it learns

    def take_points(self) -> None:
        """Two classes share one output, which speaks for the first; more have one each."""
        x = self.points.x
        rest, self.test = self.points.split(self.test_share, seed=0)
        watched = np.isin(rest, self.points.split(self.validation_share, seed=1)[1])
        watched[0] = False  # so that somebody trains
        self.train, self.validation = rest[~watched], rest[watched]
        given = (features(self.inputs_chosen, x) - self.centre) / self.width
        self.x, self.labels, self.inputs = x, self.points.y, np.ascontiguousarray(given, dtype=np.float32)
        self.targets = (self.wanted() if self.task == "classes" else self.sampled(x)[None] / self.high).astype(
            np.float32
        )

    def wanted(self) -> np.ndarray:
        """1 for the class of a point, and 0 or −1 for others, as the loss has it."""
        outputs = np.arange(self.points.classes if self.points.classes > 2 else 1)
        members = self.points.y == outputs[:, None]
        return np.where(members, 1, -1 if OUTPUTS[self.output()].signed else 0)

    def output(self) -> str:
        if self.task != "classes":
            return "identity"
        usual = "softmax" if self.points.classes > 2 else "sigmoid"
        return {"squared": "sigmoid, squared", "hinge": "hinge"}.get(self.measure, usual)

    def sampled(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            z = np.broadcast_to(self.target(x[:, 0], x[:, 1]), len(x)).astype(float)
        if not (np.abs(z) < 1e30).all():
            raise Unfit("target", "it has no value, or a huge one, at some of the places: write another or move them")
        return z

    def highest(self) -> float:
        """The largest size of the formula, by which it is divided: the network learns numbers up to 1."""
        if self.task == "classes":
            return 1.0
        return float(np.abs(self.sampled(np.concatenate([places(), self.points.x]))).max()) or 1.0

    def tune(self) -> None:
        """Tell the network of the controls."""
        self.net.hidden = self.activation
        self.net.noise = self.noise if "input noise" in self.extras else 0.0
        self.net.drop = [0.0] + [self.dropout if "dropout" in self.extras else 0.0] * len(self.layers)

    def forget(self) -> None:
        """The optimiser's averages begin anew, and so does the search for the best epoch."""
        self.averages: State = RULES[self.optimiser].begin(self.net.theta)
        self.best: Network | None = None
        self.best_loss, self.best_t, self.best_epoch = np.inf, 0, self.epoch

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()
            if len(self.targets) != self.net.widths[-1]:
                self.renew_outputs()
            self.shuffle()
        if name in ("points", "optimiser"):
            self.forget()
        self.tune()

    def renew_outputs(self) -> None:
        """A class came or went: hidden layers stay as they are, outputs are new."""
        old, self.net = self.net, self.first_network()
        for layer in range(len(old.W) - 1):
            self.net.W[layer][:], self.net.offsets[layer][:] = old.W[layer], old.offsets[layer]
            for source, target in np.argwhere(old.held_links[layer]).tolist():
                self.net.hold_link(layer, source, target, int(old.held_links[layer][source, target]))
        for layer in range(len(old.W)):
            for unit in np.flatnonzero(old.held_units[layer]).tolist():
                self.net.hold_unit(layer, unit, int(old.held_units[layer][unit]))
        for ours, theirs in zip((*self.net.gamma, *self.net.beta), (*old.gamma, *old.beta)):
            ours[:] = theirs
        self.net.mean, self.net.variance = copy.deepcopy((old.mean, old.variance))

    # ------------------------------------------------------------ weights by hand

    @action
    def set_weight(self, layer: int, source: int, target: int, value: float) -> None:
        """Type the weight of a link: click on it."""
        self.check_link(layer, source, target)
        if not abs(value) <= 1000:
            raise ValueError(f"set_weight: a weight must be from −1000 to 1000, not {value:g}")
        self.net.W[layer][source, target] = value
        self.anchor = self.net.theta.copy()

    @action
    def hold_weight(self, layer: int, source: int, target: int, how: int) -> None:
        """Freeze a weight (1), switch it off (−1), or let it train (0): right-click on its link."""
        self.check_link(layer, source, target)
        self.net.hold_link(layer, source, target, self.held_as(how))
        self.anchor = self.net.theta.copy()

    @action
    def hold_unit(self, layer: int, unit: int, how: int) -> None:
        """Freeze all weights into a unit (1), switch it off (−1), or let it train (0): right-click on it."""
        if not (0 <= layer < len(self.net.widths) and 0 <= unit < self.net.widths[layer]):
            raise ValueError(f"hold_unit: there is no unit {unit} in layer {layer}; layers have {self.net.widths}")
        self.net.hold_unit(layer, unit, self.held_as(how))
        self.anchor = self.net.theta.copy()

    def check_link(self, layer: int, source: int, target: int) -> None:
        if not 0 <= layer < len(self.net.W):
            raise ValueError(f"there is no layer of links {layer}: name one from 0 to {len(self.net.W) - 1}")
        before, after = self.net.W[layer].shape
        if not (0 <= source < before and 0 <= target < after):
            raise ValueError(f"layer {layer} has no link {source} → {target}: it has {before} × {after}")

    def held_as(self, how: int) -> int:
        if how not in HOLDS:
            raise ValueError(f"how must be 0 (trains), 1 (frozen) or −1 (off), not {how}")
        return HOLDS[how]


def answers(z: np.ndarray) -> np.ndarray:
    """The class that the last sums (units, n) speak for."""
    return z.argmax(axis=0) if len(z) > 1 else (z[0] < 0).astype(int)
