"""Products: a filter lies on one patch of a picture, number by number; a stack of them sees ever more of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.controls import Choice, Count, Matrix, Picture, Point, Rows, Unfit
from lab.experiment import Experiment, Update, drawn
from lab.experiments.images.cnn._receptive import Window
from lab.marks import Column, Dots, Equation, Line, Note, Panel, Row, Table
from lab.marks import Matrix as Cells
from lab.maths.convolutions import correlation

if TYPE_CHECKING:
    from torch import Tensor

Array = np.ndarray
SIDE = 14  # pixels of the picture that is filtered
WIDE = 31  # pixels of the input under the stack
HOUSE = np.zeros((SIDE, SIDE))
for row in range(5):
    HOUSE[1 + row, 6 - row : 8 + row] = 1
HOUSE[6:13, 3:11] = 0.7
HOUSE[8:13, 6:8] = HOUSE[7:9, 4:5] = HOUSE[7:9, 9:10] = 0
FILTERS: dict[str, list[list[float]]] = {
    "Upright edges (Sobel)": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "Level edges (Sobel)": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "Sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "Blur": [[1 / 9] * 3] * 3,
    "Cross": [[-1, 1, -1], [1, 1, 1], [-1, 1, -1]],
}
CONV = {"kind": "convolution", "kernel": 3, "stride": 1, "dilation": 1}
POOL = {"kind": "max-pool", "kernel": 2, "stride": 2, "dilation": 1}


class Products(Experiment):
    random = False
    picture = Picture(SIDE, SIDE, default=HOUSE, help="draw what the filter looks at")
    kernel = Matrix(FILTERS["Upright edges (Sobel)"], -9, 9, symbol="f", label="Filter", help="its nine weights")
    cell = Point((5, 1), x=(0, SIDE - 3), y=(0, SIDE - 3), view=True, label="Pixel", help="click in the feature map")
    stack = Rows(
        {
            "kind": Choice(["convolution", "max-pool", "mean-pool"], help="what this layer does with what it sees"),
            "kernel": Count(3, 1, 5, symbol="k", help="units of the layer below that a unit sees, across"),
            "stride": Count(1, 1, 3, symbol="s", help="units of the layer below from one unit to the next"),
            "dilation": Count(1, 1, 3, symbol="r", help="1: the units seen are neighbours; 2: every other one"),
        },
        [CONV, CONV, CONV],
        least=1,
        most=4,
        help="layers over each other, the first one nearest to the input; every filter weight is 1/k²",
    )
    unit = Count(12, 0, WIDE - 1, view=True, label="Unit on top", help="click on one; beyond the last: the last")

    prompts = (
        ("Where does an upright edge answer, where does the roof?", {"cell": [2, 2]}),
        ("Three filters of 3 by 3 see 7 pixels, as one of 7 by 7 does", {"stack": [CONV] * 3}),
        ("Stride 2 below: each later layer then adds twice as much", {"stack": [{**CONV, "stride": 2}, CONV, CONV]}),
        ("Dilation 2: the same nine weights see further", {"stack": [CONV, {**CONV, "dilation": 2}, CONV]}),
        ("Max-pool passes back to one unit of four: the map has holes", {"stack": [CONV, POOL, CONV], "unit": 5}),
    )
    presets = {title: {"kernel": weights} for title, weights in FILTERS.items()}

    panels = Column(
        Row(
            Panel(
                "Picture", Cells("picture", lit="patch_place", numbers=False, colours="grey"), help="framed: the patch"
            ),
            Panel(
                "Feature map",
                Cells("answers", lit="cell_place", numbers=False, pick="cell"),
                help="click on a pixel to see the products that made it",
            ),
            Column(
                Row(
                    Panel("Patch", Cells("patch", colours="grey")),
                    Panel("× filter", Cells("kernel")),
                    Panel("= products", Cells("products")),
                ),
                Panel("Sum of the products", Equation("total"), Note("said")),
            ),
            sizes=(3, 3, 6),
        ),
        Row(
            Panel(
                "Pyramid",
                Line("links", tint="quiet", width=1),
                Dots("units", tint="quiet"),
                Dots("seen", tint="accent", shape="disc"),
                Dots("top", tint="text", ring="ringed", pick="unit"),
                x="pixel of the input",
                y="layer",
                detail="field",
                help="a cut through the layers: what the chosen unit on top sees, layer by layer, down to the input",
            ),
            Panel(
                "Input gradient",
                Cells("gradient", lit="square", numbers=False, colours="viridis"),
                detail="support",
                help="|∂ unit / ∂ pixel|, measured; framed: the receptive field by the formula",
            ),
            Panel(
                "Receptive field",
                Table("fields", header="columns", chosen="highest"),
                Note("grown"),
                help="jump: pixels from one unit's field to the next; start: the middle of the first unit's field",
            ),
            sizes=(6, 4, 5),
        ),
    )

    def start(self) -> None:
        self.ramp = (
            np.linspace(0, 1, WIDE * WIDE).reshape(WIDE, WIDE) ** 2
        )  # no two pixels alike: max-pool has one answer
        self.ramp_checked()

    def changed(self, name: str) -> None:
        if name == "stack":
            self.ramp_checked()

    def ramp_checked(self) -> None:
        """The stack must leave something on top."""
        self.widths = [WIDE]
        for layer in self.stack:
            reach = layer.dilation * (layer.kernel - 1) + 1
            self.widths.append((self.widths[-1] - reach) // layer.stride + 1)
            if self.widths[-1] < 1:
                raise Unfit("stack", f"it sees more than the {WIDE} pixels of the input; take away a layer or a stride")

    # ------------------------------------------------------------ one filter, one patch

    @drawn
    def answers(self) -> Array:
        return correlation(self.picture, self.kernel)

    @drawn
    def at(self) -> tuple[int, int]:
        return round(self.cell[0]), round(self.cell[1])

    @drawn
    def patch(self) -> Array:
        row, column = self.at()
        return self.picture[row : row + 3, column : column + 3]

    @drawn
    def products(self) -> Array:
        return self.patch() * self.kernel + 0.0  # never −0

    @drawn
    def patch_place(self) -> Array:
        row, column = self.at()
        place = np.zeros(self.picture.shape, dtype=bool)
        place[row : row + 3, column : column + 3] = True
        return place

    @drawn
    def cell_place(self) -> Array:
        place = np.zeros(self.answers().shape, dtype=bool)
        place[self.at()] = True
        return place

    @drawn
    def total(self) -> Update:
        sums = self.products().sum(axis=1)
        names = {f"r_{i + 1}": float(s) for i, s in enumerate(sums)}
        return Update(
            r"y = \sum_{i,j} v_{ij} f_{ij} = r_1 + r_2 + r_3", {"y": float(self.answers()[self.at()]), **names}
        )

    @drawn
    def said(self) -> str:
        row, column = self.at()
        y, best = self.answers()[row, column], self.answers().max()
        rank = "nowhere does the filter answer more" if y == best else f"the most anywhere is {best:.2f}"
        return f"r₁, r₂, r₃ are the sums of the rows. At row {row + 1}, column {column + 1} it answers {y:.2f}; {rank}."

    # ------------------------------------------------------------ a stack of layers

    @drawn
    def windows(self) -> list[Window]:
        """What a unit of each layer sees of the input; layer 0 is the input itself."""
        found = [Window()]
        for layer in self.stack:
            found.append(found[-1].over(layer.kernel, layer.stride, 0, layer.dilation))
        return found

    @drawn
    def chosen(self) -> int:
        return min(self.unit, self.widths[-1] - 1)

    @drawn
    def reached(self) -> list[Array]:
        """The units of each layer that have a share in the chosen one, from the input up."""
        found = [np.array([self.chosen()])]
        for layer in reversed(self.stack):
            steps = np.arange(layer.kernel) * layer.dilation
            found.append(np.unique(found[-1][:, None] * layer.stride + steps))
        return found[::-1]

    def places(self, level: int, units: Array) -> Array:
        """Units as points: over the middle of what they see, at the height of their layer."""
        window = self.windows()[level]
        middle = window.first + units * window.jump + (window.size - 1) / 2
        return np.column_stack([middle, np.full(len(units), float(level))])

    @drawn
    def units(self) -> Array:
        return np.concatenate([self.places(level, np.arange(n)) for level, n in enumerate(self.widths[:-1])])

    @drawn
    def seen(self) -> Array:
        return np.concatenate([self.places(level, units) for level, units in enumerate(self.reached()[:-1])])

    @drawn
    def top(self) -> Array:
        return self.places(len(self.stack), np.arange(self.widths[-1]))

    @drawn
    def ringed(self) -> Array:
        return np.arange(self.widths[-1]) == self.chosen()

    @drawn
    def links(self) -> list[Array]:
        """A line from each unit that counts to each unit that it looks at."""
        lines = []
        for level, layer in enumerate(self.stack):
            for unit in self.reached()[level + 1]:
                below = unit * layer.stride + np.arange(layer.kernel) * layer.dilation
                top = self.places(level + 1, np.array([unit]))[0]
                lines += [np.stack([top, bottom]) for bottom in self.places(level, below)]
        return lines

    @drawn(on=("stack", "unit"))
    def gradient(self) -> Array:
        """|∂ unit / ∂ pixel| of the chosen unit, in its row and its column of the top map, by autograd."""
        import torch

        x = torch.tensor(self.ramp[None, None], requires_grad=True)
        y: Tensor = x
        for layer in self.stack:
            k, s, r = layer.kernel, layer.stride, layer.dilation
            if layer.kind == "max-pool":
                y = torch.nn.functional.max_pool2d(y, k, s, dilation=r)
            else:  # mean-pool is the same sum; a convolution's weights could be any others
                weights = torch.full((1, 1, k, k), 1 / k**2, dtype=y.dtype)
                y = torch.nn.functional.conv2d(y, weights, stride=s, dilation=r)
        (slope,) = torch.autograd.grad(y[0, 0, self.chosen(), self.chosen()], x)
        return slope[0, 0].abs().numpy()

    @drawn
    def square(self) -> Array:
        """The receptive field by the formula, as a square of the input."""
        first, last = self.windows()[-1].at(self.chosen())
        inside = (np.arange(WIDE) >= first) & (np.arange(WIDE) <= last)
        return inside[:, None] & inside

    # ------------------------------------------------------------ in words

    @drawn
    def columns(self) -> tuple[str, ...]:
        return "layer", "k", "s", "r", "size", "jump", "start"

    @drawn
    def fields(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [("input", "", "", "", "1", "1", "0")]
        for layer, (size, jump, first) in zip(self.stack, self.windows()[1:]):
            numbers = (layer.kernel, layer.stride, layer.dilation, size, jump, first + (size - 1) / 2)
            rows.append((layer.kind, *(f"{number:g}" for number in numbers)))
        return rows

    @drawn
    def highest(self) -> int:
        return len(self.stack)

    @drawn
    def field(self) -> str:
        return f"unit {self.chosen()} sees {self.windows()[-1].size} pixels across"

    @drawn
    def support(self) -> str:
        size = self.windows()[-1].size
        return f"{np.count_nonzero(self.gradient())} of {size} × {size} pixels are not 0"

    @drawn
    def grown(self) -> str:
        sizes = ", ".join(str(window.size) for window in self.windows()[1:])
        count, formula = np.count_nonzero(self.gradient()), self.windows()[-1].size ** 2
        told = f"size ← size + (k − 1) r · jump, then jump ← jump · s: {sizes} pixels. "
        if count == formula:
            return told + "The gradient reaches exactly these, and most of it lies in the middle."
        return told + f"The gradient reaches {count} of {formula}: max-pool and holes leave some pixels out."
