"""Tiles: a relu network's plane, cut wherever a unit turns on or off, and the one affine map on each piece."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lab.controls import Count, Dataset, Point, Rows, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import (
    Column,
    Curve,
    Dots,
    Equation,
    Field,
    Handle,
    Heat,
    Layout,
    Line,
    Note,
    Panel,
    Regions,
    Row,
    Surface,
    Tabs,
)
from lab.maths import tiles
from lab.maths.layers import Network

Array = np.ndarray
PLANE = (-6.5, 6.5)
SIDE = 161  # tiles smaller than a cell of this grid are missed
EVERY = 10  # steps from one count of the tiles to the next
COLOURS = 8
HEIGHT = 6.0  # the surface is cut off here


class Tiles(Experiment):
    pace = 60
    points = Dataset(
        "circle",
        kinds=("circle", "xor", "moons", "spiral", "two gaussians"),
        n=150,
        noise=0.1,
        help="click to add a point, drag to move it, right-click to take it away",
    )
    layers = Rows(
        {"units": Count(8, 1, 16, symbol="m", help="relu units in this hidden layer")},
        [8],
        least=1,
        most=3,
        label="Hidden layers",
        restarts=True,
        help="every unit of the first draws a straight fold, those behind it bent ones",
    )
    rate = Slider(0.1, 0.001, 0.5, log=True, symbol="η", label="Learning rate", help="how far a step goes")
    batch = Count(30, 1, 200, symbol="B", label="Batch size", help="points behind each step")
    place = Point((-1.0, 1.5), x=PLANE, y=PLANE, view=True, symbol="x", label="Place", help="whose tile is looked at")

    metrics = {"loss": "L", "tiles": "tiles"}
    fixed = ("x", "labels", "inputs", "targets")
    diverges = "The rate is so high that each step throws the weights farther out than the last."
    prompts = (
        ("One unit: two tiles, one of them flat", {"layers": [1]}),
        ("Three units: drag the ring through all 7 tiles", {"layers": [3]}),
        ("The same 16 units in two layers: more tiles?", {"layers": [8, 8], "points": "moons"}),
        ("Does training make tiles, or only move them?", {"points": "spiral", "layers": [16]}),
    )
    presets = {
        "Eight folds round a disc": {"points": "circle", "layers": [8]},
        "Two layers": {"points": "moons", "layers": [8, 8]},
        "Three layers on a spiral": {"points": "spiral", "layers": [12, 12, 12], "rate": 0.05},
    }
    tiny = {"points": {"n": 30}, "layers": [3]}

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.take_points()
        self.net = Network((2, *(layer.units for layer in self.layers), 1), "relu", "sigmoid")
        self.net.draw_weights(self.rng)
        for offset in self.net.offsets[1:]:
            offset[:] = 0
        return self.measured(0)

    def step(self) -> Metrics:
        """One mini-batch: the gradient of its mean loss, and a step against it. All folds move."""
        batch = self.rng.integers(len(self.x), size=self.batch)
        with np.errstate(all="ignore"):
            self.net.backward(self.inputs[:, batch], self.targets[:, batch])
            self.net.theta -= self.rate * self.net.gradient
            return self.measured(self.t + 1)

    def measured(self, t: int) -> Metrics:
        """Counting tiles costs more than a step, so it is done now and then."""
        if t % EVERY:
            return {}
        losses = self.net.losses(self.net.forward(self.inputs).Z[-1], self.targets)
        row = {"loss": float(losses.mean()), "tiles/at most": float(tiles.most(self.net.widths))}
        row["tiles/on the grid"] = float(len(np.unique(tiles.numbers(self.signs()))))
        if len(self.layers) == 1:
            row["tiles/1 + lines + crossings"] = 1.0 + sum(self.crossings())
        return row

    def signs(self) -> Array:
        return tiles.signs(self.net, grid())

    def crossings(self) -> tuple[int, int]:
        """How many lines of the first layer can be seen, and how many of their crossings."""
        return tiles.crossings(self.net.W[0], self.net.offsets[0], PLANE, PLANE)

    def take_points(self) -> None:
        self.x, self.labels = self.points.x, self.points.y
        self.inputs = self.x.T.astype(np.float32)
        self.targets = (self.labels == 0).astype(np.float32)[None]

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        dots = Dots("x", colour="labels", size="sizes", drag="points.move", add="points.add", erase="points.erase")
        window = {"x": "x₁", "y": "x₂", "range_x": PLANE, "range_y": PLANE, "equal": True}
        return Row(
            Column(
                Panel(
                    "Tiles",
                    Regions("colours", strength="lit"),
                    Line("boundary", tint="text", width=2.5, label="f = 0"),
                    dots,
                    Handle("place", drag="place"),
                    detail="many",
                    help="neighbours differ by one unit that is on or off; drag the ring into another tile",
                    **window,
                ),
                Panel("On this tile", Equation("affine"), Note("said"), detail="pattern"),
                sizes=(5, 2),
            ),
            Column(
                Tabs(
                    Panel(
                        "Map",
                        Heat("height", levels=1, colours="scores", pick="place"),
                        dots,
                        help="the score f(x), line at 0; the tile under the mouse is looked at",
                        **window,
                    ),
                    Panel("Facets", Surface("cut", colours="scores"), x="x₁", y="x₂", help="flat on every tile"),
                ),
                Tabs(
                    Panel(
                        "Count",
                        Curve("tiles", log_y=len(self.layers) > 1),
                        x="step t",
                        y="tiles",
                        help="slivers between the nodes of the grid are missed; for one layer there is an exact count",
                    ),
                    Panel("Loss", Curve("loss", log_y=True), x="step t", y="mean loss L"),
                ),
                sizes=(5, 3),
            ),
        )

    @drawn
    def on(self) -> Array:
        return self.signs()

    @drawn
    def here(self) -> Array:
        """Which units are on at the place looked at."""
        return tiles.signs(self.net, np.array(self.place, np.float32)[:, None])[:, 0]

    @drawn
    def colours(self) -> Field:
        """Each unit adds its own number, none of them a multiple of COLOURS: so no two neighbours are alike."""
        on = self.on()
        own = 1 + np.arange(len(on)) % (COLOURS - 1)
        return Field((own @ on % COLOURS).reshape(SIDE, SIDE), PLANE, PLANE)

    @drawn
    def lit(self) -> Array:
        """The tile looked at stands out."""
        same = (self.on() == self.here()[:, None]).all(axis=0)
        return np.where(same, 1.0, 0.5).reshape(SIDE, SIDE)

    @drawn
    def height(self) -> Field:
        with np.errstate(all="ignore"):
            z = self.net.forward(grid(), sums=True).Z[-1][0]
        return Field(np.nan_to_num(z).reshape(SIDE, SIDE), PLANE, PLANE)

    @drawn
    def cut(self) -> Field:
        return Field(np.clip(self.height().z[::2, ::2], -HEIGHT, HEIGHT), PLANE, PLANE)

    @drawn
    def boundary(self) -> tuple[Array, ...]:
        return tuple(tiles.zero_line(self.height().z[::2, ::2], PLANE, PLANE))

    @drawn
    def sizes(self) -> Array:
        return np.full(len(self.x), 0.05)

    @drawn
    def many(self) -> str:
        one = len(self.layers) == 1
        seen = 1 + sum(self.crossings()) if one else len(np.unique(tiles.numbers(self.on())))
        return f"{seen} in view, at most {tiles.most(self.net.widths)}"

    @drawn
    def pattern(self) -> str:
        """The signs, layer by layer."""
        ends = np.cumsum(self.net.widths[1:-1])[:-1]
        return "on " + " ".join("".join(map(str, part)) for part in np.split(self.here().astype(int), ends))

    @drawn
    def affine(self) -> Update:
        """A and c of the tile, and that they are the network there."""
        (a, b), c = (part[0] for part in tiles.piece(self.net, self.here()))
        at = dict(zip(("x_1", "x_2"), self.place))
        return Update(
            r"f(x) = a_1\, x_1 + a_2\, x_2 + c",
            {"f(x)": a * self.place[0] + b * self.place[1] + c, "a_1": a, "a_2": b, "c": c, **at},
        )

    @drawn
    def said(self) -> str:
        on = int(self.here().sum())
        told = f"{on} of {len(self.here())} units are on here and pass their sums through; the others answer 0. "
        A = tiles.piece(self.net, self.here()).A
        told += "So f is flat on this tile." if not A.any() else "So f is one plane on this tile, and A its slope."
        if len(self.layers) == 1:
            lines, crossings = self.crossings()
            told += f" {lines} lines in view cross {crossings} times: 1 + {lines} + {crossings} tiles."
        else:
            told += " Folds of later layers bend where they meet a fold of an earlier one."
        return told


@lru_cache(maxsize=1)
def grid() -> Array:
    """The points of a grid over the plane (2, SIDE²), row by row from below."""
    axis = np.linspace(*PLANE, SIDE, dtype=np.float32)
    return np.stack([x.ravel() for x in np.meshgrid(axis, axis)])
