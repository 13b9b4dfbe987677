"""Transfer: layers learnt on digits are kept for a new task with few pictures, beside the same net from scratch."""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.controls import Choice, Count, Slider
from lab.data.images import Pictures, digits
from lab.data.shapes import shapes
from lab.experiment import Experiment, Metrics, Stages, Update, drawn
from lab.marks import Bars, Column, Curve, Equation, Images, Matrix, Note, Panel, Row, Table, Tabs

if TYPE_CHECKING:
    from torch import Tensor, nn

Array = np.ndarray
LOW, ALL = "digits 0–4", "all digits"
HIGH, SHAPES = "digits 5–9", "made shapes"
SIGNS = {"circle": "○", "square": "□", "triangle": "△", "cross": "×"}  # short enough to stand below a picture
LAYERS = ("conv 1", "conv 2", "dense")
FILTERS = (8, 16)
HEAD = 5  # the class that digits 5–9 begin with
STRIP = 16  # test pictures in a row, to be picked from
EVERY = 10  # steps between two looks at the test pictures
PAUSE = 25  # steps of pretraining between two places where it can be stopped
PRETRAINING_RATE, MOMENTUM = 0.05, 0.9
TOGETHER = 32  # digits behind each step of pretraining


class Transfer(Experiment):
    pace = 30
    source = Choice([LOW, ALL], ALL, label="Pretrained on", restarts=True, help="the task that it learns first")
    pretraining = Count(
        120, 0, 150, label="Pretraining", restarts=True, help="steps on that task; 0: it has learnt nothing before"
    )
    target = Choice([SHAPES, HIGH], label="New task", restarts=True, help="what both nets learn now")
    per_class = Count(
        5, 1, 50, symbol="n", label="Pictures a class", restarts=True, help="with a label, to train on: as a rule few"
    )
    frozen = Count(1, 0, 2, label="Frozen layers", help="so many early layers of the transferred net stay as they are")
    rate = Slider(0.1, 1e-3, 0.5, log=True, symbol="η", label="Learning rate", help="how far a step goes")
    ratio = Slider(
        1, 0.01, 1, log=True, symbol="r", label="Rate of kept layers", help="as a share of η; the new layer has η"
    )
    batch = Count(16, 1, 128, symbol="B", label="Batch size", help="pictures behind each step, the same for both nets")
    image = Count(0, 0, 239, view=True, label="Test picture", help="the picture that both nets look at: click on one")
    layer = Choice(["layer 1", "layer 2"], view=True, label="Maps of", help="whose feature maps are shown")

    metrics = {"train": "L_train", "test": "L_test", "accuracy": "A_test"}
    test_metrics = ("test", "accuracy")
    fixed = ("x", "y", "test_x", "tested", "began")
    uses_torch = True
    prompts = (
        ("Five pictures of each shape: how far ahead is the net that knows digits?", {"per_class": 5}),
        (
            "Two frozen layers, many pictures: where transfer does not help",
            {"source": LOW, "frozen": 2, "per_class": 50},
        ),
        ("From 0–4 to 5–9: an early lead, but does it last?", {"source": LOW, "target": HIGH}),
        ("It has seen all ten digits: is one of each enough to name them?", {"target": HIGH, "per_class": 1}),
        ("Nothing pretrained, nothing frozen: two nets or one?", {"pretraining": 0, "frozen": 0}),
    )
    tiny = {"pretraining": 1, "target": HIGH, "per_class": 1, "batch": 4, "frozen": 0}

    panels = Row(
        Column(
            Tabs(
                Panel(
                    "Accuracy",
                    Curve("accuracy"),
                    x="step t",
                    y="share right A",
                    help="on test pictures of the new task, which neither net has trained on",
                ),
                Panel("Loss", Curve("train", "test", log_y=True), x="step t", y="mean loss L"),
                Panel(
                    "Class bars",
                    Bars("probabilities", labels="classes", highest=1),
                    x="class",
                    y="p",
                    split="test",
                    help="of the test picture picked, two bars a class: the transferred net, then the net from scratch",
                ),
            ),
            Panel("Who leads", Note("said"), split="test"),
            Tabs(
                Panel("Layers", Table("layers", header="layers_header"), help="frozen: this layer moves by exactly 0"),
                Panel("Update", Equation("update"), still=True, help="of the transferred net"),
            ),
            sizes=(8, 4, 6),
        ),
        Column(
            Row(
                Panel(
                    "Transferred filters",
                    Images("kept_filters", captions="kept_moved", columns=4, colours="scores"),
                    help="of layer 1; below each, how far it has moved since the new task began: 0 while frozen",
                ),
                Panel(
                    "Filters from scratch",
                    Images("fresh_filters", captions="fresh_moved", columns=4, colours="scores"),
                    help="of layer 1; below each, how far it has moved since the new task began",
                ),
            ),
            Row(
                Panel(
                    "Transferred maps", Images("kept_maps", columns=4), help="what it makes of the test picture picked"
                ),
                Panel("Maps from scratch", Images("fresh_maps", columns=4), help="what it makes of the same picture"),
            ),
            Tabs(
                Panel(
                    "Test pictures",
                    Images("strip", captions="answers", chosen="picked", pick="image", colours="grey", columns=8),
                    split="test",
                    help="below each, how the transferred net reads it, and how the net from scratch does",
                ),
                Panel(
                    "Confusion",
                    Matrix("kept_confusion", rows="classes", columns="classes", colours="viridis"),
                    split="test",
                    help="how many of each class (row) are read as which (column) by the transferred net",
                ),
                Panel(
                    "Confusion, scratch",
                    Matrix("fresh_confusion", rows="classes", columns="classes", colours="viridis"),
                    split="test",
                    help="how many of each class (row) are read as which (column) by the net from scratch",
                ),
            ),
            sizes=(6, 5, 6),
        ),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Stages:
        """Learn the first task; then a new last layer takes the place of the old, and the twin gets the same one."""
        import torch

        (first, _), (few, self.tested) = self.tasks()
        self.nets = {"transferred": network(len(first.names))}
        self.nets["scratch"] = copy.deepcopy(self.nets["transferred"])  # before it has learnt anything
        x, y = tensors(first)
        descent = torch.optim.SGD(self.nets["transferred"].parameters(), PRETRAINING_RATE, MOMENTUM)
        for done in range(self.pretraining):
            if done % PAUSE == 0:
                yield f"pretraining: step {done} of {self.pretraining}"
            batch = self.rng.choice(len(y), TOGETHER, replace=False)
            descent.zero_grad()
            torch.nn.functional.cross_entropy(self.nets["transferred"](x[batch]), y[batch]).backward()
            descent.step()
        last = torch.nn.Linear(4 * FILTERS[1], len(few.names))
        for net in self.nets.values():
            net.dense = copy.deepcopy(last)
        self.began = copy.deepcopy(self.nets)
        self.x, self.y = tensors(few)
        self.test_x, _ = tensors(self.tested)
        return self.measured()

    def tasks(self) -> tuple[tuple[Pictures, Pictures], tuple[Pictures, Pictures]]:
        """Training and test pictures of the first task, and of the new one; no test picture is trained on in either."""
        order = np.random.default_rng(0).permutation(1797)  # the same in every run, so that runs compare
        train, test = digits().taken(order).split()
        first = (among(train, 0, HEAD), among(test, 0, HEAD)) if self.source == LOW else (train, test)
        if self.target == HIGH:
            pool, tested = among(train, HEAD, 10), among(test, HEAD, 10)
            pool = pool.taken(self.rng.permutation(len(pool)))
        else:
            pool, tested = shapes(self.rng, side=8, shift=1, sizes=(0.5, 0.9), noise=0.1).split()
        few = [np.flatnonzero(pool.labels == c)[: self.per_class] for c in range(len(pool.names))]
        return first, (pool.taken(np.concatenate(few)), tested)

    def step(self) -> Metrics:
        """The same mini-batch for both nets: a step down the gradient of its mean cross-entropy."""
        import torch
        from torch.nn.functional import cross_entropy

        batch = self.rng.choice(len(self.y), min(self.batch, len(self.y)), replace=False)
        for name, net in self.nets.items():
            trained = [(p, eta) for layer, eta in self.rates(name) if eta for p in part(net, layer).parameters()]
            J = cross_entropy(net(self.x[batch]), self.y[batch])
            slopes = torch.autograd.grad(J, [p for p, _ in trained])
            with torch.no_grad():
                for (p, eta), slope in zip(trained, slopes):
                    p.sub_(eta * slope)
        return {} if (self.t + 1) % EVERY else self.measured()

    def rates(self, name: str) -> list[tuple[str, float]]:
        """The learning rate of each layer; a frozen one has 0."""
        if name == "scratch":
            return [(layer, self.rate) for layer in LAYERS]
        kept = [0.0] * self.frozen + [self.ratio * self.rate] * (2 - self.frozen)
        return list(zip(LAYERS, [*kept, self.rate]))

    def measured(self) -> Metrics:
        """Mean loss on the few pictures and on test pictures, and the share of these that is read rightly."""
        import torch
        from torch.nn.functional import cross_entropy

        row, truth = {}, torch.tensor(self.tested.labels)
        for name, net in self.nets.items():
            with torch.no_grad():
                z = net(self.test_x)
                row[f"train/{name}"] = cross_entropy(net(self.x), self.y).item()
            row[f"test/{name}"] = cross_entropy(z, truth).item()
            row[f"accuracy/{name}"] = (z.argmax(dim=1) == truth).double().mean().item()
        return row

    # ------------------------------------------------------------ filters, and how far each has moved

    def filters(self, name: str) -> Array:
        return part(self.nets[name], LAYERS[0]).weight[:, 0].detach().numpy()

    def moved(self, name: str, layer: str) -> Array:
        """How far each filter (or each row of the dense layer) is from where it was when the new task began."""
        now, then = (part(nets[name], layer).weight.detach().double() for nets in (self.nets, self.began))
        return (now - then).flatten(1).norm(dim=1).numpy()

    @drawn
    def kept_filters(self) -> Array:
        return self.filters("transferred")

    @drawn
    def fresh_filters(self) -> Array:
        return self.filters("scratch")

    @drawn
    def kept_moved(self) -> list[str]:
        return [length(d) for d in self.moved("transferred", LAYERS[0])]

    @drawn
    def fresh_moved(self) -> list[str]:
        return [length(d) for d in self.moved("scratch", LAYERS[0])]

    @drawn
    def layers_header(self) -> tuple[str, ...]:
        return "layer", "η transferred", "moved", "η scratch", "moved"

    @drawn
    def layers(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = []
        for (layer, eta), (_, other) in zip(self.rates("transferred"), self.rates("scratch")):
            kept, fresh = (length(float(np.linalg.norm(self.moved(name, layer)))) for name in self.nets)
            rows.append((layer, f"{eta:.3g}" if eta else "frozen", kept, f"{other:.3g}", fresh))
        return rows

    @drawn
    def update(self) -> Update:
        """What a step does to each layer of the transferred net."""
        lines = []
        for number, (_, eta) in enumerate(self.rates("transferred"), 1):
            theta = rf"\theta_{number}"
            if not eta:
                lines.append(rf"{theta} \leftarrow {theta} \quad \text{{frozen}}")
            else:
                kept = "" if number == len(LAYERS) else r"r\,"
                lines.append(rf"{theta} \leftarrow {theta} - {kept}\eta\,\nabla_{{{theta}}} L_B")
        return Update(r" \\ ".join(lines), {"r": self.ratio, r"\eta": self.rate})

    # ------------------------------------------------------------ test pictures

    @drawn
    def picked(self) -> int:
        """A number beyond the last means the last."""
        return min(self.image, len(self.tested) - 1)

    def maps(self, name: str) -> Array:
        import torch

        x = self.test_x[self.picked(), None]
        with torch.no_grad():
            for layer, module in self.nets[name].named_children():
                x = module(x)
                if layer == self.layer:
                    return x[0].numpy()
        raise KeyError(self.layer)

    @drawn
    def kept_maps(self) -> Array:
        return self.maps("transferred")

    @drawn
    def fresh_maps(self) -> Array:
        return self.maps("scratch")

    @drawn
    def scores(self) -> dict[str, Any]:
        """The scores of every test picture, by net."""
        import torch

        with torch.no_grad():
            return {name: net(self.test_x).double() for name, net in self.nets.items()}

    @drawn
    def probabilities(self) -> Array:
        return np.stack([z[self.picked()].softmax(dim=0).numpy() for z in self.scores().values()])

    def confusion(self, name: str) -> Array:
        table = np.zeros((len(self.tested.names),) * 2, dtype=int)
        np.add.at(table, (self.tested.labels, self.scores()[name].argmax(dim=1).numpy()), 1)
        return table

    @drawn
    def kept_confusion(self) -> Array:
        return self.confusion("transferred")

    @drawn
    def fresh_confusion(self) -> Array:
        return self.confusion("scratch")

    @drawn
    def classes(self) -> tuple[str, ...]:
        return self.tested.names

    @drawn
    def strip(self) -> Array:
        return self.tested.images[:STRIP]

    @drawn
    def answers(self) -> list[str]:
        names = [SIGNS.get(name, name) for name in self.tested.names]
        kept, fresh = (z[:STRIP].argmax(dim=1).tolist() for z in self.scores().values())
        return [f"{names[k]} | {names[j]}" for k, j in zip(kept, fresh)]

    @drawn
    def said(self) -> str:
        kept, fresh = (np.trace(self.confusion(name)) / len(self.tested) for name in self.nets)
        if kept == fresh:
            leads = f"Neither leads: both read {kept:.0%} of the test pictures rightly."
        else:
            which = "transferred net" if kept > fresh else "net from scratch"
            high, low = max(kept, fresh), min(kept, fresh)
            leads = f"The {which} leads: it reads {high:.0%} of the test pictures rightly, the other {low:.0%}."
        knows = f"knows {self.source}" if self.pretraining else "has learnt nothing"
        parts = ("nothing is frozen", "layer 1 is frozen", "layers 1 and 2 are frozen")[self.frozen]
        return f"{leads} The transferred net {knows}; {parts}. Each trains on {len(self.y)} pictures."


def network(classes: int) -> nn.Sequential:
    """Two convolutions, each with ReLU and max-pool, and a dense layer that makes the scores."""
    from torch import nn

    return nn.Sequential(
        OrderedDict[str, nn.Module](
            {
                "conv 1": nn.Conv2d(1, FILTERS[0], 3, padding=1),
                "layer 1": nn.ReLU(),
                "pool 1": nn.MaxPool2d(2),
                "conv 2": nn.Conv2d(*FILTERS, 3, padding=1),
                "layer 2": nn.ReLU(),
                "pool 2": nn.MaxPool2d(2),
                "flatten": nn.Flatten(),
                "dense": nn.Linear(4 * FILTERS[1], classes),
            }
        )
    )


def part(net: nn.Sequential, name: str) -> Any:
    """A layer of the net."""
    return net.get_submodule(name)


def tensors(of: Pictures) -> tuple[Tensor, Tensor]:
    import torch

    return torch.tensor(of.images)[:, None], torch.tensor(of.labels)


def among(of: Pictures, low: int, high: int) -> Pictures:
    """Those of the classes from low up to high, numbered anew from 0."""
    here = (of.labels >= low) & (of.labels < high)
    return Pictures(of.images[here], of.labels[here] - low, of.names[low:high])


def length(distance: float) -> str:
    """0 is exactly 0: not one weight has moved."""
    return f"{distance:.2g}" if distance else "0"
