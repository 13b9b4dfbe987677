"""Sliding: dense layers turned into convolutions read a large canvas at every place at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab.controls import Choice, Count, Point, Rows, Slider, Switch
from lab.data.images import digits
from lab.experiment import Experiment, Field, Metrics, drawn
from lab.marks import Bars, Column, Curve, Dots, Heat, Images, Note, Panel, Row, Table
from lab.marks import Matrix as Cells

if TYPE_CHECKING:
    from torch import Tensor, nn

Array = np.ndarray
SIDE, WIDE = 8, 24
HIDDEN = 32
FAR = 2  # pixels: so far off its middle, a digit no longer counts as one
EVERY = 10  # steps between two looks at the test digits
NOTHING = 10  # the eleventh class


class Sliding(Experiment):
    pace = 60
    nothing = Switch(
        True, label="Class “nothing”", restarts=True, help="half of what it sees is empty or off the middle"
    )
    pooled = Choice(["max-pool", "no pooling"], restarts=True, help="with it the map has one place in every 2 pixels")
    channels = Count(12, 1, 24, symbol="m", restarts=True, help="3 by 3 filters of the convolution")
    rate = Slider(0.005, 1e-4, 0.1, log=True, symbol="η", label="Learning rate", restarts=True, help="Adam's")
    batch = Count(64, 2, 256, symbol="B", label="Batch size", help="pictures behind each step")
    placed = Rows(
        {
            "digit": Count(0, 0, 359, help="which of the test digits"),
            "row": Count(0, 0, WIDE - SIDE, help="of its top edge, from 0"),
            "column": Count(0, 0, WIDE - SIDE, help="of its left edge, from 0"),
        },
        [
            {"digit": 3, "row": 0, "column": 2},
            {"digit": 4, "row": 2, "column": 14},
            {"digit": 8, "row": 14, "column": 0},
            {"digit": 9, "row": 12, "column": 12},
        ],
        least=0,
        most=6,
        view=True,
        label="On the canvas",
        help="digits that the net was not trained on, each at a place",
    )
    sure = Slider(0.6, 0, 1, view=True, label="Sure from", help="places where no class is as probable are left out")
    place = Point((0, 1), x=(0, WIDE - SIDE), y=(0, WIDE - SIDE), view=True, help="row and column: click in the map")
    score = Count(0, 0, NOTHING, view=True, label="Class", help="whose map is chosen: click on one")

    metrics = {"batch": "L_B", "test": "A_test"}
    test_metrics = ("test",)
    fixed = ("x", "y")
    uses_torch = True
    prompts = (
        ("Without a class for nothing it finds digits everywhere", {"nothing": False}),
        ("No pooling: one answer for each pixel, 17 × 17 of them", {"pooled": "no pooling"}),
        (
            "Two digits that overlap: which one does it still find?",
            {"placed": [{"digit": 3, "row": 6, "column": 6}, {"digit": 4, "row": 8, "column": 12}]},
        ),
        ("One digit moved by a pixel: does the pooled map mind?", {"placed": [{"digit": 3, "row": 7, "column": 7}]}),
    )
    tiny = {"channels": 2, "batch": 8, "sure": 0}

    panels = Row(
        Column(
            Row(
                Panel(
                    "Canvas", Cells("canvas", lit="window", numbers=False, colours="grey"), still=True, detail="where"
                ),
                Panel(
                    "Digits found",
                    Heat("upright", colours="grey", levels=0),
                    Dots("middles", labels="found", tint="accent", shape="cross"),
                    equal=True,
                    detail="count",
                    help="the answer at every place where the net is sure, at the middle of the window",
                ),
            ),
            Panel(
                "Class-score maps",
                Images("maps", captions="classes", chosen="score", pick="score"),
                detail="map_size",
                help="the probability of each class at every place, out of one pass over the whole canvas",
            ),
            sizes=(5, 5),
        ),
        Column(
            Row(
                Panel(
                    "Map of the class",
                    Cells("chosen_map", lit="spot", numbers=False, colours="viridis", pick="place"),
                    help="click on a place to see its window",
                ),
                Panel(
                    "Probabilities there", Bars("there", labels="classes", colour="accent", highest=1), x="class", y="p"
                ),
            ),
            Panel("Dense as convolution", Table("layers", header="columns"), Note("same")),
            Panel("Training", Curve("batch", "test"), x="step t", y="loss, share right"),
            sizes=(5, 5, 3),
        ),
        sizes=(6, 5),
    )

    # ------------------------------------------------------------ training on 8 by 8 pixels

    def start(self) -> Metrics:
        import torch
        from torch import nn

        train, self.tested = digits().split()
        self.x, self.y = torch.tensor(train.images)[:, None], torch.tensor(train.labels)
        side = 3 if self.pooled == "max-pool" else 6
        # no padding: a border of zeros would not be there inside a larger canvas
        self.net = nn.Sequential(
            nn.Conv2d(1, self.channels, 3),
            nn.ReLU(),
            nn.MaxPool2d(2) if self.pooled == "max-pool" else nn.Identity(),
            nn.Flatten(),
            nn.Linear(self.channels * side * side, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, NOTHING + self.nothing),
        )
        self.descent = torch.optim.Adam(self.net.parameters(), lr=self.rate)
        return self.measured()

    def step(self) -> Metrics:
        """One mini-batch: digits, and as many windows with nothing in their middle where that is a class."""
        import torch
        from torch.nn.functional import cross_entropy

        picked = self.rng.integers(len(self.y), size=self.batch)
        x, y = self.x[picked], self.y[picked]
        if self.nothing:
            x = torch.cat([x, torch.maximum(self.off_middle(x), self.off_middle(x.flip(0)))])
            y = torch.cat([y, torch.full_like(y, NOTHING)])
        J = cross_entropy(self.net(x), y)
        self.descent.zero_grad()
        J.backward()
        self.descent.step()
        row = {"batch": J.item()}
        return row if (self.t + 1) % EVERY else {**row, **self.measured()}

    def off_middle(self, x: Tensor) -> Tensor:
        """These digits shoved off the middle of the window, some of them all the way out."""
        shoved = x.new_zeros(x.shape)
        for picture, room in zip(x[:, 0], shoved[:, 0]):
            far, across = int(self.rng.integers(FAR, SIDE + 1)), int(self.rng.integers(-SIDE, SIDE + 1))
            down = far * int(self.rng.choice([-1, 1]))
            if self.rng.random() < 0.5:
                down, across = across, down
            top, left = max(down, 0), max(across, 0)
            high, wide = SIDE - abs(down), SIDE - abs(across)
            if high > 0 and wide > 0:
                from_top, from_left = max(-down, 0), max(-across, 0)
                room[top : top + high, left : left + wide] = picture[
                    from_top : from_top + high, from_left : from_left + wide
                ]
        return shoved

    def measured(self) -> Metrics:
        import torch

        with torch.no_grad():
            answers = self.net(torch.tensor(self.tested.images)[:, None]).argmax(dim=1).numpy()
        return {"test": float((answers == self.tested.labels).mean())}

    # ------------------------------------------------------------ the same weights as convolutions

    def convolved(self) -> nn.Sequential:
        """The trained net with each dense layer as a convolution: the first one as large as the map it read."""
        from torch import nn

        layers: Any = self.net
        conv, relu, pool, _, hidden, _, last = layers
        side = 3 if self.pooled == "max-pool" else 6
        wide, narrow = nn.Conv2d(self.channels, HIDDEN, side), nn.Conv2d(HIDDEN, last.out_features, 1)
        for layer, dense in ((wide, hidden), (narrow, last)):
            layer.weight = nn.Parameter(dense.weight.detach().reshape(layer.weight.shape))
            layer.bias = nn.Parameter(dense.bias.detach())
        return nn.Sequential(conv, relu, pool, wide, relu, narrow)

    @drawn
    def jump(self) -> int:
        """Pixels from one place of the map to the next."""
        return 2 if self.pooled == "max-pool" else 1

    @drawn
    def scores(self) -> Tensor:
        """The class scores at every place, (classes, rows, columns), out of one pass."""
        import torch

        with torch.no_grad():
            return self.convolved()(torch.tensor(self.canvas()[None, None]))[0]

    @drawn
    def one_by_one(self) -> Tensor:
        """The same by the dense net, run on each window by itself."""
        import torch

        with torch.no_grad():
            seen = torch.tensor(self.canvas()).unfold(0, SIDE, self.jump()).unfold(1, SIDE, self.jump())
            return self.net(seen.reshape(-1, 1, SIDE, SIDE)).T.reshape(-1, *seen.shape[:2])

    @drawn
    def maps(self) -> Array:
        return self.scores().double().softmax(dim=0).numpy()

    # ------------------------------------------------------------ the canvas

    @drawn
    def canvas(self) -> Array:
        canvas = np.zeros((WIDE, WIDE), dtype=np.float32)
        for digit, row, column in self.placed:
            part = canvas[row : row + SIDE, column : column + SIDE]
            np.maximum(part, self.tested.images[digit], out=part)
        return canvas

    @drawn
    def upright(self) -> Field:
        """The canvas with its rows from below, as a plane has them."""
        return Field(self.canvas()[::-1], (0, WIDE - 1), (0, WIDE - 1))

    @drawn
    def hits(self) -> Array:
        """Row and column in the map of each place where the net is sure of a digit."""
        best, p = self.maps().argmax(axis=0), self.maps().max(axis=0)
        return np.argwhere((best != NOTHING) & (p >= self.sure))

    @drawn
    def middles(self) -> Array:
        row, column = (self.hits() * self.jump() + (SIDE - 1) / 2).T
        return np.column_stack([column, WIDE - 1 - row])

    @drawn
    def found(self) -> list[str]:
        best = self.maps().argmax(axis=0)
        return [str(best[row, column]) for row, column in self.hits()]

    @drawn
    def at(self) -> tuple[int, int]:
        last = len(self.chosen_map()) - 1
        return min(round(self.place[0]), last), min(round(self.place[1]), last)

    @drawn
    def window(self) -> Array:
        row, column = (place * self.jump() for place in self.at())
        window = np.zeros((WIDE, WIDE), dtype=bool)
        window[row : row + SIDE, column : column + SIDE] = True
        return window

    @drawn
    def chosen_map(self) -> Array:
        return self.maps()[min(self.score, len(self.maps()) - 1)]

    @drawn
    def spot(self) -> Array:
        spot = np.zeros(self.chosen_map().shape, dtype=bool)
        spot[self.at()] = True
        return spot

    @drawn
    def there(self) -> Array:
        row, column = self.at()
        return self.maps()[:, row, column]

    # ------------------------------------------------------------ in words

    @drawn
    def classes(self) -> tuple[str, ...]:
        return (*self.tested.names, *["none"] * self.nothing)

    @drawn
    def columns(self) -> tuple[str, ...]:
        return "layer", "weights", "as a filter", f"of {SIDE} × {SIDE}", f"of {WIDE} × {WIDE}"

    @drawn
    def layers(self) -> list[tuple[str, ...]]:
        """Shapes of both forms of the net, on a digit and on the canvas."""
        import torch

        rows: list[tuple[str, ...]] = []
        dense = {3: self.net[4], 5: self.net[6]}
        small, large = torch.zeros(1, 1, SIDE, SIDE), torch.zeros(1, 1, WIDE, WIDE)
        with torch.no_grad():
            for index, layer in enumerate(self.convolved()):
                small, large = layer(small), layer(large)
                if index in (0, 2, 3, 5) and not (index == 2 and self.jump() == 1):
                    name = {0: "conv", 2: "max-pool", 3: "dense", 5: "dense"}[index]
                    own: Any = dense.get(index)
                    kernel = times(layer.weight.shape) if hasattr(layer, "weight") else "2 × 2"
                    rows.append((name, times(own.weight.shape) if own else "", kernel, shape(small), shape(large)))
        return rows

    @drawn
    def same(self) -> str:
        apart = float((self.scores() - self.one_by_one()).abs().max())
        places = self.maps()[0].size
        return f"One pass gives all {places} answers. Run on every window by itself, it differs by {apart:.0e} at most."

    @drawn
    def where(self) -> str:
        row, column = (place * self.jump() for place in self.at())
        return f"window at row {row + 1}, column {column + 1}"

    @drawn
    def count(self) -> str:
        return f"{len(self.hits())} of {self.maps()[0].size} places"

    @drawn
    def map_size(self) -> str:
        return times(self.maps()[0].shape) + " places"


def times(sizes: Any) -> str:
    return "×".join(map(str, sizes))


def shape(maps: Tensor) -> str:
    """Height × width × maps."""
    return times((*maps.shape[2:], maps.shape[1]))
