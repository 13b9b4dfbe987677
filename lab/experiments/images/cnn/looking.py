"""Looking: what a net of two convolutions goes by, found by covering, by gradients and by what excites a channel."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.controls import Choice, Count, Point, Slider
from lab.data.images import digits
from lab.experiment import Experiment, Metrics, drawn
from lab.experiments.images.cnn._receptive import windows
from lab.marks import Column, Curve, Images, Matrix, Note, Panel, Row

if TYPE_CHECKING:
    from torch import Tensor

Array = np.ndarray
SIDE = 8
STRIP = 16  # test digits in a row, to be picked from
BEST = 9
MOMENTUM = 0.9
EVERY = 10  # steps between two looks at the test digits
SCORE, UNIT = "score of the class", "strongest unit of the channel"


class Looking(Experiment):
    pace = 30
    first = Count(
        8, 1, 16, symbol="m₁", label="Channels of layer 1", restarts=True, help="3 by 3 filters on the pixels"
    )
    second = Count(12, 1, 16, symbol="m₂", label="Channels of layer 2", restarts=True, help="3 by 3 filters on layer 1")
    rate = Slider(0.05, 1e-3, 0.2, log=True, symbol="η", label="Learning rate", help="how far a step goes")
    batch = Count(32, 1, 128, symbol="B", label="Batch size", help="training digits behind each step")
    image = Count(3, 0, 359, view=True, label="Test digit", help="the digit looked into: click on one")
    layer = Choice(["layer 1", "layer 2"], default="layer 2", view=True, help="whose channels are looked at")
    watched = Choice([SCORE, UNIT], view=True, help="the number that covering and gradient are about")
    size = Count(3, 1, 5, view=True, label="Square", help="pixels across that are covered at a time")
    grey = Slider(0.5, 0, 1, view=True, help="what the square is filled with: 0 is black, as the ground of a digit")
    place = Point(
        (2, 2), x=(0, SIDE - 1), y=(0, SIDE - 1), view=True, label="Covered", help="click in the map of drops"
    )
    fired = Point((0, 0), x=(0, 15), y=(0, 9), view=True, label="Channel, class", help="click in the firing; from 0")

    metrics = {"batch": "L_B", "test": "L_test", "accuracy": "A_test"}
    test_metrics = ("test", "accuracy")
    fixed = ("x", "y", "test_x")
    uses_torch = True
    prompts = (
        ("Cover the digit piece by piece: which stroke carries it?", {"watched": SCORE, "size": 3}),
        ("A black square hides strokes only: where is the drop now?", {"grey": 0.0}),
        ("One unit of layer 1 sees 3 by 3 pixels: elsewhere nothing changes it", {"watched": UNIT, "layer": "layer 1"}),
        ("Layer 2: do channels fire for one class, or for parts of several?", {"layer": "layer 2"}),
    )
    tiny = {"first": 2, "second": 2, "batch": 8}

    panels = Row(
        Column(
            Panel(
                "Test digits",
                Images("strip", captions="answers", chosen="image", pick="image", colours="grey"),
                help="below each, the class it is read as: 9≠3 is a 3 taken for a 9",
            ),
            Row(
                Panel("Covered", Images("covered", captions="truth", colours="grey"), still=True),
                Panel(
                    "Drop",
                    Matrix("drop", lit="spot", numbers=False, pick="place"),
                    help="how much the number falls when the square's middle is here: click to put the square there",
                ),
                Panel(
                    "Saliency",
                    Matrix("saliency", numbers=False, colours="viridis"),
                    help="|∂ number / ∂ pixel|: how much a small change of one pixel would matter",
                ),
            ),
            Panel("What it goes by", Note("said")),
            sizes=(4, 5, 3),
        ),
        Column(
            Panel(
                "Firing by class",
                Matrix("firing", rows="channels", columns="classes", lit="row", colours="viridis", pick="fired"),
                detail="whose",
                help="mean of a channel's map over all test digits of a class: click in a row to choose a channel",
            ),
            Row(
                Panel(
                    "Nine patches",
                    Images("patches", captions="strengths", columns=3, colours="grey"),
                    help="what its strongest unit sees, in the nine test digits that excite it most, and how much",
                ),
                Panel(
                    "Projected back",
                    Images("projections", captions="numbers", columns=3, colours="scores", shared=False),
                    help="that one unit sent back to the pixels (Zeiler and Fergus): unpooled to where the maximum "
                    "was, ReLU, and the same filters turned round",
                ),
            ),
            Panel(
                "Training",
                Curve("batch", "test", "accuracy", log_y=True),
                x="step t",
                y="L and A",
                help="mean loss of the batch and of the test digits, and the share of these that is read rightly",
            ),
            sizes=(8, 6, 5),
        ),
        sizes=(6, 5),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        import torch
        from torch import nn

        train, self.tested = digits().split()
        self.x, self.test_x = (torch.tensor(part.images)[:, None] for part in (train, self.tested))
        self.y = torch.tensor(train.labels)
        self.net = nn.Sequential(
            OrderedDict[str, nn.Module](
                {
                    "conv 1": nn.Conv2d(1, self.first, 3, padding=1),
                    "layer 1": nn.ReLU(),
                    "pool 1": nn.MaxPool2d(2),
                    "conv 2": nn.Conv2d(self.first, self.second, 3, padding=1),
                    "layer 2": nn.ReLU(),
                    "pool 2": nn.MaxPool2d(2),
                    "flatten": nn.Flatten(),
                    "dense": nn.Linear(4 * self.second, 10),
                }
            )
        )
        self.descent = torch.optim.SGD(self.net.parameters(), lr=self.rate, momentum=MOMENTUM)
        return self.measured()

    def step(self) -> Metrics:
        """One mini-batch: the gradient of its mean cross-entropy, and a step with momentum."""
        from torch.nn.functional import cross_entropy

        batch = self.rng.choice(len(self.y), self.batch, replace=False)
        J = cross_entropy(self.net(self.x[batch]), self.y[batch])
        self.descent.zero_grad()
        J.backward()
        self.descent.step()
        row = {"batch": J.item()}
        return row if (self.t + 1) % EVERY else {**row, **self.measured()}

    def measured(self) -> Metrics:
        import torch
        from torch.nn.functional import cross_entropy

        with torch.no_grad():
            z, y = self.net(self.test_x), torch.tensor(self.tested.labels)
            return {"test": cross_entropy(z, y).item(), "accuracy": (z.argmax(dim=1) == y).double().mean().item()}

    def changed(self, name: str) -> None:
        if name == "rate":
            for group in self.descent.param_groups:
                group["lr"] = self.rate

    def upto(self, name: str, x: Tensor) -> Tensor:
        """What the layer of this name makes of pictures."""
        for key, module in self.net.named_children():
            x = module(x)
            if key == name:
                return x
        raise KeyError(name)

    # ------------------------------------------------------------ one digit, covered and differentiated

    @drawn
    def chosen(self) -> int:
        return min(round(self.fired[0]), (self.first if self.layer == "layer 1" else self.second) - 1)

    @drawn
    def unit(self) -> tuple[int, int]:
        """Row and column of the channel's strongest unit on this digit."""
        import torch

        with torch.no_grad():
            maps = self.upto(self.layer, self.test_x[self.image, None])[0, self.chosen()]
        return divmod(int(maps.argmax()), maps.shape[-1])

    def number(self, x: Tensor) -> Tensor:
        """The number that is watched, for each of the pictures."""
        if self.watched == SCORE:
            return self.net(x)[:, self.tested.labels[self.image]]
        row, column = self.unit()
        return self.upto(self.layer, x)[:, self.chosen(), row, column]

    def under_squares(self) -> Tensor:
        """The digit with a grey square around each pixel in turn, cut off at the border."""
        rows, columns = np.indices((SIDE, SIDE))
        half, rest = self.size // 2, (self.size - 1) // 2

        def inside(middle: Array, pixel: Array) -> Array:
            return (pixel >= middle - half) & (pixel <= middle + rest)

        covered = inside(rows[:, :, None, None], rows) & inside(columns[:, :, None, None], columns)
        digit = self.tested.images[self.image]
        return self.test_x.new_tensor(np.where(covered, np.float32(self.grey), digit).reshape(-1, 1, SIDE, SIDE))

    @drawn
    def drop(self) -> Array:
        """How far the watched number falls under each square."""
        import torch

        with torch.no_grad():
            whole, *_ = z = self.number(torch.cat([self.test_x[self.image, None], self.under_squares()]))
            return (whole - z[1:]).reshape(SIDE, SIDE).numpy()

    @drawn
    def at(self) -> tuple[int, int]:
        return round(self.place[0]), round(self.place[1])

    @drawn
    def spot(self) -> Array:
        spot = np.zeros((SIDE, SIDE), dtype=bool)
        spot[self.at()] = True
        return spot

    @drawn
    def covered(self) -> Array:
        row, column = self.at()
        return self.under_squares()[row * SIDE + column].numpy()

    @drawn
    def saliency(self) -> Array:
        import torch

        x = self.test_x[self.image, None].clone().requires_grad_()
        (slope,) = torch.autograd.grad(self.number(x).sum(), x)
        return slope[0, 0].abs().numpy()

    # ------------------------------------------------------------ a channel, over all test digits

    @drawn
    def maps(self) -> Tensor:
        """The chosen layer's maps of all test digits, (n, m, height, width)."""
        import torch

        with torch.no_grad():
            return self.upto(self.layer, self.test_x)

    @drawn
    def firing(self) -> Array:
        means = self.maps().mean(dim=(2, 3)).double().numpy()
        return np.stack([means[self.tested.labels == c].mean(axis=0) for c in range(10)], axis=1)

    @drawn
    def strongest(self) -> tuple[Array, Array, Array, Array]:
        """The nine digits of the largest maximum, that maximum, and the row and column where it is."""
        maps = self.maps()[:, self.chosen()].numpy()
        eta = maps.max(axis=(1, 2))
        best = np.argsort(-eta, kind="stable")[:BEST]
        row, column = np.divmod(maps[best].reshape(BEST, -1).argmax(axis=1), maps.shape[2])
        return best, eta[best], row, column

    @drawn
    def patches(self) -> Array:
        """The receptive field of each of the nine units; beyond the border it is black."""
        best, _, rows, columns = self.strongest()
        window = windows(self.net.named_children())[self.layer]
        pad = window.size
        padded = np.pad(self.tested.images[best], ((0, 0), (pad, pad), (pad, pad)))
        top, left = (pad + window.first + units * window.jump for units in (rows, columns))
        return np.stack(
            [p[r : r + window.size, c : c + window.size] for p, r, c in zip(padded, top.tolist(), left.tolist())]
        )

    @drawn
    def projections(self) -> Array:
        """Each of the nine units sent back to the pixels through the layers, all others set to 0."""
        import torch
        from torch.nn.functional import conv_transpose2d, max_pool2d, max_unpool2d

        best, eta, rows, columns = self.strongest()
        back = torch.zeros_like(self.maps()[best])
        back[range(BEST), self.chosen(), rows, columns] = torch.tensor(eta)
        with torch.no_grad():
            if self.layer == "layer 2":
                back = conv_transpose2d(back, self.part("conv 2").weight, padding=1)
                _, switches = max_pool2d(self.upto("layer 1", self.test_x[best]), 2, return_indices=True)
                back = max_unpool2d(back, switches, [2, 2]).relu()
            return conv_transpose2d(back, self.part("conv 1").weight, padding=1)[:, 0].numpy()

    def part(self, name: str) -> Any:
        """A layer of the net."""
        return self.net.get_submodule(name)

    # ------------------------------------------------------------ in words

    @drawn
    def strip(self) -> Array:
        return self.tested.images[:STRIP]

    @drawn
    def answers(self) -> list[str]:
        import torch

        with torch.no_grad():
            found = self.net(self.test_x[:STRIP]).argmax(dim=1).tolist()
        return [f"{z}" if z == y else f"{z}≠{y}" for z, y in zip(found, self.tested.labels.tolist())]

    @drawn
    def truth(self) -> list[str]:
        return [f"number {self.image}: {self.tested.labels[self.image]}"]

    @drawn
    def classes(self) -> tuple[str, ...]:
        return self.tested.names

    @drawn
    def channels(self) -> list[str]:
        return [str(channel) for channel in range(self.maps().shape[1])]

    @drawn
    def row(self) -> Array:
        return np.broadcast_to(np.arange(len(self.firing()))[:, None] == self.chosen(), self.firing().shape)

    @drawn
    def numbers(self) -> list[str]:
        return [str(index) for index in self.strongest()[0]]

    @drawn
    def strengths(self) -> list[str]:
        return [f"{eta:.1f}" for eta in self.strongest()[1]]

    @drawn
    def whose(self) -> str:
        return f"{self.layer}, channel {self.chosen()}"

    @drawn
    def said(self) -> str:
        import torch

        x, y = self.test_x[self.image, None], self.tested.labels[self.image]
        with torch.no_grad():
            before, after = self.net(x)[0], self.net(torch.tensor(self.covered()[None]))[0]
        none = int((self.drop() == 0).sum())
        about = f"the score of class {y}" if self.watched == SCORE else f"a unit of channel {self.chosen()}"
        change = f"With the square on, the {y} is read as {after.argmax()}; without it, as {before.argmax()}. "
        if none:
            change += f"At {none} of {SIDE * SIDE} places the square leaves {about} exactly as it was. "
        else:
            change += f"Wherever the square lies, {about} changes, by {self.drop().max():.2f} at most. "
        size = windows(self.net.named_children())[self.layer].size
        return change + f"A unit of {self.layer} sees {size} × {size} pixels."
