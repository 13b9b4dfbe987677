"""CNN: filters, feature maps and class scores change as a small net learns to read handwritten digits."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.controls import Choice, Count, Rows, Slider, Switch, Unfit
from lab.data.images import digits
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Equation, Images, Matrix, Note, Panel, Row, Tabs

if TYPE_CHECKING:
    from torch import Tensor, nn

MOMENTUM = 0.9
EVERY = 10  # steps between two looks at the test digits: one look takes longer than a step
STRIP = 24  # test digits in a row, to be picked from
STAGES = [f"{kind} {layer}" for layer in (1, 2, 3) for kind in ("conv", "norm", "ReLU", "pool")]


class CNN(Experiment):
    pace = 60
    filters = Rows(
        {"filters": Count(8, 1, 32, symbol="m", help="filters of this layer, as many as it has feature maps")},
        [8, 16],
        least=1,
        most=3,
        label="Conv layers",
        restarts=True,
        help="each is convolution, ReLU and 2 by 2 max-pooling, and halves the picture",
    )
    kernel = Choice(["3 by 3", "5 by 5"], symbol="k", label="Filter size", restarts=True, help="pixels under a filter")
    batch_norm = Switch(True, restarts=True, help="standardises each map over the batch, before its ReLU")
    dropout = Slider(0, 0, 0.9, symbol="p", help="share of the inputs of the dense layer switched off in each step")
    optimiser = Choice(["SGD with momentum", "Adam"], restarts=True, help="how the gradient becomes a step")
    rate = Slider(0.05, 1e-4, 1, log=True, symbol="η", label="Learning rate", help="how far a step goes")
    batch = Count(32, 1, 256, symbol="B", label="Batch size", help="training digits behind each step")
    device = Choice(["auto", "cpu", "cuda"], restarts=True, help="where it trains; auto: a CUDA GPU if there is one")
    image = Count(17, 0, 359, view=True, label="Test digit", help="the digit that is sent through: click on one")
    layer = Choice(STAGES, view=True, label="Layer shown", help="whose maps; one that this net lacks is the one before")
    channel = Count(0, 0, 31, view=True, label="Map", help="a feature map and its filter, from 0: click on one")

    metrics = {"batch": "L_B", "test": "L_test", "batch_accuracy": "A_B", "test_accuracy": "A_test"}
    fixed = ("x", "y", "test_x", "test_y")
    uses_torch = True
    prompts = (
        ("Click on other digits: which map finds upright edges?", {"layer": "ReLU 1"}),
        ("Go down the layers: what does a pooled map still show?", {"layer": "pool 2"}),
        ("One filter alone: which digits does it mix up?", {"filters": [1]}),
        ("Take batch norm away: how many more steps does it need?", {"batch_norm": False}),
        ("Dropout: why is the test loss below the batch loss now?", {"dropout": 0.7}),
        ("A rate of 1 without batch norm: what becomes of the maps?", {"batch_norm": False, "rate": 1.0}),
    )
    tiny = {"filters": [2], "batch": 8}

    panels = Row(
        Column(
            Tabs(
                Panel(
                    "Feature maps",
                    Images("maps", captions="numbers", chosen="chosen", pick="channel"),
                    detail="size",
                    help="what the chosen layer makes of the digit: height × width × maps, bright where a filter fits",
                ),
                Panel(
                    "Confusion",
                    Matrix("confusion", rows="classes", columns="classes", colours="viridis"),
                    detail="wrong",
                    help="how many test digits of each class (row) are read as which (column)",
                ),
            ),
            Row(
                Tabs(
                    Panel(
                        "First-layer filters",
                        Images("first_filters", captions="offsets", chosen="first", pick="channel", colours="scores"),
                        help="below each, its offset, which batch norm adds where it is on",
                    ),
                    Panel(
                        "Filter of the map",
                        Images("slices", captions="numbers", colours="scores"),
                        detail="whose",
                        help="one slice for each map of the layer before",
                    ),
                ),
                Panel("Digit", Images("digit", "truth", colours="grey"), still=True),
                sizes=(2, 1),
            ),
            Panel(
                "Test digits",
                Images("strip", captions="answers", chosen="image", pick="image", colours="grey"),
                detail="misread",
                help="below each, the class it is read as: 9≠3 is a 3 taken for a 9",
            ),
            sizes=(10, 7, 5),
        ),
        Column(
            Panel(
                "Class probabilities",
                Bars("probabilities", labels="classes", colour="accent", highest=1),
                x="class",
                y="p",
            ),
            Tabs(
                Panel("Loss", Curve("batch", "test", log_y=True), x="step t", y="mean loss L", detail="when"),
                Panel("Accuracy", Curve("batch_accuracy", "test_accuracy"), x="step t", y="share right A"),
            ),
            Panel(
                "Loss of this digit",
                Equation("digit_loss"),
                Note("said"),
                help="the cross-entropy: y is the right class of the digit, p its probability",
            ),
            Panel("Network", Note("built"), still=True, help="in brackets, how many parameters a layer has"),
            sizes=(6, 6, 4, 6),
        ),
        sizes=(3, 2),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        import torch

        if self.device == "cuda" and not torch.cuda.is_available():
            raise Unfit("device", "torch finds no CUDA GPU on this machine; choose auto or cpu")
        self.home = "cuda" if self.device != "cpu" and torch.cuda.is_available() else "cpu"
        train, self.tested = digits().split()
        self.x, self.test_x = (torch.tensor(p.images, device=self.home)[:, None] for p in (train, self.tested))
        self.y, self.test_y = (torch.tensor(p.labels, device=self.home) for p in (train, self.tested))
        self.net = self.first_net().to(self.home)
        self.descent = (
            torch.optim.Adam(self.net.parameters(), lr=self.rate)
            if self.optimiser == "Adam"
            else torch.optim.SGD(self.net.parameters(), lr=self.rate, momentum=MOMENTUM)
        )
        self.epoch = 0
        self.shuffle()
        return self.measured()

    def first_net(self) -> nn.Sequential:
        """Convolution, norm, ReLU and max-pool in each layer; then one dense layer makes ten scores of what is left."""
        from torch import nn

        k, side, before = int(self.kernel[0]), 8, 1
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for number, (m,) in enumerate(self.filters, 1):
            # so much padding keeps the size; batch norm takes the mean away, an offset with it, and has its own
            layers[f"conv {number}"] = nn.Conv2d(before, m, k, padding=k // 2, bias=not self.batch_norm)
            if self.batch_norm:
                layers[f"norm {number}"] = nn.BatchNorm2d(m)
            layers[f"ReLU {number}"] = nn.ReLU()
            layers[f"pool {number}"] = nn.MaxPool2d(2)
            side, before = side // 2, m
        layers["flatten"] = nn.Flatten()
        layers["dropout"] = nn.Dropout(self.dropout)
        layers["dense"] = nn.Linear(side * side * before, 10)
        return nn.Sequential(layers)

    def step(self) -> Metrics:
        """One mini-batch: the gradient of its mean cross-entropy, and a step of the optimiser."""
        from torch.nn.functional import cross_entropy

        batch = self.order[self.at : self.at + self.batch]
        y = self.y[batch]
        z = self.net(self.x[batch])
        J = cross_entropy(z, y)
        self.descent.zero_grad()
        J.backward()
        self.descent.step()
        self.at += len(batch)
        if self.at == len(self.order):
            self.epoch += 1
            self.shuffle()
        row = {"batch": J.item(), "batch_accuracy": (z.argmax(dim=1) == y).float().mean().item()}
        return row if (self.t + 1) % EVERY else {**row, **self.measured()}

    def shuffle(self) -> None:
        """An epoch begins: every training digit once, in a new order."""
        self.order, self.at = self.rng.permutation(len(self.y)), 0

    def measured(self) -> Metrics:
        """Mean loss and share of right answers on digits that training never sees."""
        from torch.nn.functional import cross_entropy

        z, y = self.scores(self.test_x), self.test_y
        return {
            "test": cross_entropy(z, y).item(),
            "test_accuracy": (z.argmax(dim=1) == y).float().mean().item(),
        }

    def scores(self, x: Tensor) -> Tensor:
        """The net's scores z in evaluation: nothing is dropped, batch norm takes its kept averages and keeps no new."""
        import torch

        self.net.eval()
        try:
            with torch.no_grad():
                return self.net(x)
        finally:
            self.net.train()

    def part(self, name: str) -> Any:
        """A layer of the net."""
        return self.net.get_submodule(name)

    def changed(self, name: str) -> None:
        if name == "rate":
            for group in self.descent.param_groups:
                group["lr"] = self.rate
        elif name == "dropout":
            self.part("dropout").p = self.dropout

    # ------------------------------------------------------------ the digit on its way through the net

    def keep(self, module: nn.Module, inputs: Any, output: Tensor) -> None:
        """A forward hook, there only while a picture is drawn: what each layer gives."""
        self.seen.append(output[0])

    @drawn
    def stages(self) -> dict[str, Tensor]:
        """What each layer makes of the digit, by the layer's name."""
        hooks = [layer.register_forward_hook(self.keep) for layer in self.net]
        self.seen: list[Tensor] = []
        try:
            self.scores(self.test_x[self.image, None])
            return dict(zip(dict(self.net.named_children()), self.seen))
        finally:
            del self.seen  # it is no part of the state
            for hook in hooks:
                hook.remove()

    @drawn
    def stage(self) -> str:
        """The layer looked at; for one that this net has not, the last before it."""
        return [name for name in STAGES[: STAGES.index(self.layer) + 1] if name in self.stages()][-1]

    @drawn
    def maps(self) -> Tensor:
        return self.stages()[self.stage()]

    @drawn
    def chosen(self) -> int:
        """The map looked at; a number beyond the last means the last."""
        return min(self.channel, len(self.maps()) - 1)

    @drawn
    def numbers(self) -> list[str]:
        return [str(number) for number in range(32)]

    @drawn
    def log_p(self) -> np.ndarray:
        """ln p of each class: finite also where p itself is too small for a number."""
        return self.stages()["dense"].double().log_softmax(dim=0).cpu().numpy()

    @drawn
    def probabilities(self) -> np.ndarray:
        return np.exp(self.log_p())

    @drawn
    def classes(self) -> tuple[str, ...]:
        return self.tested.names

    # ------------------------------------------------------------ filters

    @drawn
    def first_filters(self) -> Tensor:
        return self.part("conv 1").weight[:, 0]

    @drawn
    def offsets(self) -> list[str]:
        layer = self.part("norm 1" if self.batch_norm else "conv 1")
        return [f"{round(offset, 2) + 0.0:+.2f}".replace("-", "−") for offset in layer.bias.tolist()]  # never −0.00

    @drawn
    def first(self) -> int:
        """The first-layer filter behind the map looked at; none is framed for a map further on."""
        return self.chosen() if self.behind() == "conv 1" else -1

    @drawn
    def slices(self) -> Tensor:
        """The filter behind the map looked at, (maps of the layer before, k, k)."""
        return self.part(self.behind()).weight[self.chosen()]

    @drawn
    def behind(self) -> str:
        """The convolution that the layer looked at belongs to."""
        return f"conv {self.stage()[-1]}"

    # ------------------------------------------------------------ test digits

    @drawn
    def digit(self) -> np.ndarray:
        return self.tested.images[self.image, None]

    @drawn
    def strip(self) -> np.ndarray:
        return self.tested.images[:STRIP]

    @drawn
    def strip_answers(self) -> np.ndarray:
        return self.scores(self.test_x[:STRIP]).argmax(dim=1).cpu().numpy()

    @drawn
    def answers(self) -> list[str]:
        pairs = zip(self.strip_answers().tolist(), self.tested.labels.tolist())
        return [f"{answer}" if answer == truth else f"{answer}≠{truth}" for answer, truth in pairs]

    @drawn
    def confusion(self) -> np.ndarray:
        """How many test digits of class i (row) are read as class j (column)."""
        table = np.zeros((10, 10), dtype=int)
        np.add.at(table, (self.tested.labels, self.scores(self.test_x).argmax(dim=1).cpu().numpy()), 1)
        return table

    # ------------------------------------------------------------ in words

    @drawn
    def digit_loss(self) -> Update:
        log_p = self.log_p()[self.tested.labels[self.image]]
        return Update(r"J = -\ln p_y", {"J": -log_p, "p_y": np.exp(log_p)})

    @drawn
    def said(self) -> str:
        p, y = self.probabilities(), int(self.tested.labels[self.image])
        answer = int(p.argmax())
        if not np.isfinite(p).all():
            return "The weights have left the range of numbers. Start again with a smaller η."
        if answer == y:
            return f"It reads this {y} rightly, with probability {p[y]:.2f}."
        return f"It takes this {y} for {answer}, with probability {p[answer]:.2f}; the right class has {p[y]:.2f}."

    @drawn
    def built(self) -> str:
        """Each layer with its size, where that changes, and its number of parameters, where it has any."""
        text, size = "8 × 8", "8 × 8"
        for name, out in self.stages().items():
            before, size = size, sizes(out)
            count = parameters(self.part(name))
            text += f" → {name}" + f": {size}" * (size != before) + f" ({count:,})" * bool(count)
        return f"{parameters(self.net):,} parameters, on the {self.whereabouts()}. {text}"

    def whereabouts(self) -> str:
        import torch

        return f"GPU {torch.cuda.get_device_name()}" if self.home == "cuda" else "CPU"

    @drawn
    def size(self) -> str:
        return f"{self.stage()}: {sizes(self.maps())}"

    @drawn
    def whose(self) -> str:
        return f"filter {self.chosen()} of {self.behind()}: {sizes(self.slices())}"

    @drawn
    def truth(self) -> list[str]:
        return [f"number {self.image}: {self.tested.labels[self.image]}"]

    @drawn
    def misread(self) -> str:
        return f"{(self.strip_answers() != self.tested.labels[:STRIP]).sum()} of {STRIP} misread"

    @drawn
    def wrong(self) -> str:
        return f"{len(self.tested) - np.trace(self.confusion())} of {len(self.tested)} misread"

    @drawn
    def when(self) -> str:
        return f"epoch {self.epoch + 1}"


def sizes(maps: Tensor) -> str:
    """Height × width × maps, as the texts write it, of what torch holds as (maps, height, width)."""
    return " × ".join(map(str, (*maps.shape[1:], maps.shape[0])))


def parameters(module: nn.Module) -> int:
    return sum(weights.numel() for weights in module.parameters())
