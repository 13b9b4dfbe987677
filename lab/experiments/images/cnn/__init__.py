"""CNN: filters, feature maps and class scores change as a small net learns to read pictures."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.controls import Choice, Count, File, Picture, Point, Rows, Slider, Switch, Unfit
from lab.data.folders import CLASSES, pictures
from lab.data.images import Pictures as Set
from lab.data.images import digits
from lab.data.mnist import mnist
from lab.data.shapes import shapes
from lab.experiment import Experiment, Metrics
from lab.experiments.images.cnn._pictures import MOST_MAPS, STAGES
from lab.experiments.images.cnn._tools import Tools
from lab.experiments.images.cnn._words import Words

if TYPE_CHECKING:
    from torch import Tensor, nn

MOMENTUM = 0.9
EVERY = 20  # steps between two looks at the test pictures: one look takes longer than a step
LOOKED = 1000  # pictures, at most, that such a look takes
MNIST_TRAIN = 20_000  # of the 60,000: more than a lesson gets through
DIGITS, SHAPES, OWN, MNIST = "digits", "made shapes", "own folder", "MNIST files"
RATES = {
    "SGD": 0.2,
    "momentum": 0.05,
    "Nesterov": 0.05,
    "Adagrad": 0.02,
    "RMSProp": 0.002,
    "Adam": 0.005,
    "AdamW": 0.005,
}
SEVEN = np.zeros((16, 16))
SEVEN[2:4, 4:12] = 1
for row in range(4, 14):
    SEVEN[row, 11 - row // 2 : 13 - row // 2] = 1


class CNN(Words, Tools, Experiment):
    pace = 60
    scenes = ("products", "hand", "looking", "sliding", "transfer")
    data = Choice([DIGITS, SHAPES, OWN, MNIST], restarts=True, help="what is learnt; digits: scikit-learn's 1797")
    folder = File(
        when={"data": (OWN, MNIST)},
        help="own: one sub-folder of pictures for each class; MNIST: its four files, plain or .gz",
    )
    tested_on = Choice(
        ["a random fifth", "the last fifth"],
        restarts=True,
        when={"data": (DIGITS,)},
        help="the digits come writer by writer: the last fifth is in hands that training never saw",
    )
    side = Count(
        24, 8, 64, label="Scaled to", restarts=True, when={"data": (OWN,)}, help="pixels across and down, in grey"
    )
    shift = Slider(0.5, 0, 1, label="Position", restarts=True, when={"data": (SHAPES,)}, help="1: anywhere; 0: middle")
    widest = Slider(
        0.6,
        0.3,
        0.9,
        label="Size",
        restarts=True,
        when={"data": (SHAPES,)},
        help="the widest, as a share of the picture; the smallest has 0.3",
    )
    noise = Slider(0.15, 0, 1, symbol="σ", restarts=True, when={"data": (SHAPES,)}, help="spread added to each pixel")
    filters = Rows(
        {"filters": Count(16, 1, MOST_MAPS, symbol="m", help="filters of this layer: it has as many feature maps")},
        [16, 32],
        least=1,
        most=3,
        label="Conv layers",
        restarts=True,
        help="each is convolution, ReLU and pooling",
    )
    kernel = Count(3, 1, 7, symbol="k", label="Filter size", restarts=True, help="k × k pixels lie under a filter")
    stride = Count(1, 1, 2, symbol="s", restarts=True, help="pixels a filter moves on: 2 halves the map")
    dilation = Count(1, 1, 3, symbol="d", restarts=True, help="pixels from one weight of a filter to the next")
    pooling = Choice(["max", "average", "none"], restarts=True, help="what stands for 2 × 2 pixels of a map")
    order_of = Choice(
        ["ReLU, then pool", "pool, then ReLU"],
        label="Order",
        restarts=True,
        help="with max-pooling both give the same maps: ReLU never turns an order around",
    )
    batch_norm = Switch(True, restarts=True, help="standardises each map over the batch, before its ReLU")
    dropout = Slider(0, 0, 0.9, symbol="p", help="share of the inputs of the dense layer switched off in each step")
    optimiser = Choice(
        list(RATES), "momentum", restarts=True, help="how the gradient becomes a step; each brings a rate that suits it"
    )
    rate = Slider(0.02, 1e-4, 1, log=True, symbol="η", label="Learning rate", help="how far a step goes")
    batch = Count(32, 1, 256, symbol="B", label="Batch size", help="training pictures behind each step")
    device = Choice(
        ["auto", "cpu", "cuda", "mps"], restarts=True, help="where it trains; auto: a GPU if torch finds one"
    )
    source = Choice(["test picture", "drawn"], view=True, label="Sent through", help="a test picture or your drawing")
    drawing = Picture(
        16, 16, default=SEVEN, view=True, when={"source": ("drawn",)}, help="draw with the mouse: the net reads along"
    )
    image = Count(17, 0, LOOKED - 1, view=True, label="Test picture", help="which is sent through: click on one")
    layer = Choice(STAGES, view=True, label="Layer shown", help="whose maps; one that this net lacks is the one before")
    channel = Count(0, 0, MOST_MAPS - 1, view=True, label="Map", help="a feature map and its filter: click on one")
    unit = Point((1, 2), x=(0, 127), y=(0, 127), view=True, help="row and column of the map, from 0: click in Map")
    cell = Point(
        (-1, -1),
        x=(-1, CLASSES - 1),
        y=(-1, CLASSES - 1),
        view=True,
        label="Confusion",
        help="true class and answer whose pictures are shown: click in Confusion; −1: all that are misread",
    )

    metrics = {
        "batch": "L_B",
        "train": "L_train",
        "test": "L_test",
        "batch accuracy": "A_B",
        "train accuracy": "A_train",
        "test accuracy": "A_test",
        "top-5": "A_5",
    }
    test_metrics = ("test", "test accuracy", "top-5")
    fixed = ("x", "y", "look_x", "look_y", "test_x", "test_y", "tested")
    uses_torch = True
    prompts = (
        ("Click on other digits: which map finds upright edges?", {"layer": "ReLU 1"}),
        ("Draw a digit of your own: does it read your hand?", {"source": "drawn"}),
        ("Three layers without pooling: the field grows 3, 5, 7", {"filters": [8, 8, 8], "pooling": "none"}),
        ("Four shapes anywhere in noise: what do the filters look for?", {"data": SHAPES, "noise": 0.4}),
        ("Pool before ReLU: do the curves change by a hair?", {"order_of": "pool, then ReLU"}),
        ("Test it on hands it has never seen: how far does accuracy fall?", {"tested_on": "the last fifth"}),
        ("One filter alone: which digits does it mix up?", {"filters": [1]}),
        ("A rate of 1 without batch norm: what becomes of the maps?", {"batch_norm": False, "rate": 1.0}),
    )
    tiny = {"filters": [2], "batch": 8}

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"rate": RATES[value]} if name == "optimiser" else {}

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        import torch

        self.home = self.chosen_device()
        train, test = self.loaded()
        self.names, self.pixels = train.names, train.images.shape[1:]
        self.tested = Set(test.images[:LOOKED], test.labels[:LOOKED], test.names)
        self.x, self.look_x, self.test_x = (
            torch.tensor(images, device=self.home)[:, None]
            for images in (train.images, train.images[: len(self.tested)], self.tested.images)
        )
        self.y, self.look_y, self.test_y = (
            torch.tensor(labels, device=self.home)
            for labels in (train.labels, train.labels[: len(self.tested)], self.tested.labels)
        )
        self.model = self.first_model().to(self.home)
        self.descent = self.first_descent()
        self.epoch = 0
        self.shuffle()
        return self.measured()

    def loaded(self) -> tuple[Set, Set]:
        """Pictures to train on and to test on."""
        if self.data == DIGITS:
            order = np.random.default_rng(0).permutation(1797)  # the same in every run, so that runs compare
            return (digits().taken(order) if self.tested_on == "a random fifth" else digits()).split()
        if self.data == SHAPES:
            return shapes(self.rng, shift=self.shift, sizes=(0.3, self.widest), noise=self.noise).split()
        if not self.folder:
            raise Unfit("folder", "choose the folder that holds your pictures, or other data")
        try:
            return pictures(self.folder, self.side).split() if self.data == OWN else mnist(self.folder, MNIST_TRAIN)
        except ValueError as wrong:
            raise Unfit("folder", str(wrong)) from None

    def chosen_device(self) -> str:
        import torch

        there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
        if self.device == "auto":
            return next(name for name, found in there.items() if found)
        if not there[self.device]:
            wanted = "CUDA GPU" if self.device == "cuda" else "Apple GPU"
            raise Unfit("device", f"torch finds no {wanted} on this machine; choose auto or cpu")
        return self.device

    def first_model(self) -> nn.Sequential:
        """Convolution, norm, ReLU and pool in each layer; then a dense layer makes a score for each class."""
        from torch import nn

        (height, width), before = self.pixels, 1
        reach = self.dilation * (self.kernel - 1)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for number, (m,) in enumerate(self.filters, 1):
            # the padding keeps the size of an odd kernel; batch norm takes the mean away, an offset with it
            layers[f"conv {number}"] = nn.Conv2d(
                before, m, self.kernel, self.stride, reach // 2, self.dilation, bias=not self.batch_norm
            )
            if self.batch_norm:
                layers[f"norm {number}"] = nn.BatchNorm2d(m)
            last: list[tuple[str, nn.Module]] = [(f"ReLU {number}", nn.ReLU())]
            height, width = ((n + reach // 2 * 2 - reach - 1) // self.stride + 1 for n in (height, width))
            if self.pooling != "none":
                last.append((f"pool {number}", nn.MaxPool2d(2) if self.pooling == "max" else nn.AvgPool2d(2)))
                height, width = height // 2, width // 2
            layers.update(last if self.order_of.startswith("ReLU") else last[::-1])
            if min(height, width) < 1:
                raise Unfit("filters", f"layer {number} has no pixel left: take fewer layers, stride 1 or no pooling")
            before = m
        layers["flatten"] = nn.Flatten()
        layers["dropout"] = nn.Dropout(self.dropout)
        layers["dense"] = nn.Linear(height * width * before, len(self.names))
        return nn.Sequential(layers)

    def first_descent(self) -> Any:
        from torch import optim

        weights = self.model.parameters()
        if self.optimiser in ("SGD", "momentum", "Nesterov"):
            momentum = 0 if self.optimiser == "SGD" else MOMENTUM
            return optim.SGD(weights, lr=self.rate, momentum=momentum, nesterov=self.optimiser == "Nesterov")
        kinds = {"Adagrad": optim.Adagrad, "RMSProp": optim.RMSprop, "Adam": optim.Adam, "AdamW": optim.AdamW}
        return kinds[self.optimiser](weights, lr=self.rate)

    def step(self) -> Metrics:
        """One mini-batch: the gradient of its mean cross-entropy, and a step of the optimiser."""
        from torch.nn.functional import cross_entropy

        batch = self.order[self.at : self.at + self.batch]
        y = self.y[batch]
        z = self.model(self.x[batch])
        J = cross_entropy(z, y)
        self.descent.zero_grad()
        J.backward()
        self.descent.step()
        self.at += len(batch)
        if self.at == len(self.order):
            self.epoch += 1
            self.shuffle()
        row = {"batch": J.item(), "batch accuracy": (z.argmax(dim=1) == y).float().mean().item()}
        return row if (self.t + 1) % EVERY else {**row, **self.measured()}

    def shuffle(self) -> None:
        """An epoch begins: every training picture once, in a new order."""
        self.order, self.at = self.rng.permutation(len(self.y)), 0

    def measured(self) -> Metrics:
        """Mean loss and share of right answers, on pictures that it trains on and on others that it never sees."""
        from torch.nn.functional import cross_entropy

        row = {}
        for name, x, y in (("train", self.look_x, self.look_y), ("test", self.test_x, self.test_y)):
            z = self.scores(x)
            row[name] = cross_entropy(z, y).item()
            row[f"{name} accuracy"] = (z.argmax(dim=1) == y).float().mean().item()
        best = z.topk(min(5, len(self.names)), dim=1).indices
        return {**row, "top-5": (best == y[:, None]).any(dim=1).float().mean().item()}

    def scores(self, x: Tensor) -> Tensor:
        """The scores z in evaluation: nothing is dropped, batch norm takes its kept averages and keeps no new."""
        import torch

        self.model.eval()
        try:
            with torch.no_grad():
                return self.model(x)
        finally:
            self.model.train()

    def part(self, name: str) -> Any:
        """A layer of the net."""
        return self.model.get_submodule(name)

    def changed(self, name: str) -> None:
        if name == "rate":
            for group in self.descent.param_groups:
                group["lr"] = self.rate
        elif name == "dropout":
            self.part("dropout").p = self.dropout
