"""Shapes: numerator and denominator give a derivative its shape, and one nudge after another fills it in."""

from __future__ import annotations

import math

import numpy as np

from lab.controls import Choice, Count, Matrix, Slider
from lab.experiment import Experiment, Metrics, Net, Update, action, drawn
from lab.marks import (
    Arrows,
    Bars,
    Column,
    Dots,
    Equation,
    Field,
    Handle,
    Heat,
    Images,
    Layout,
    Line,
    Note,
    Panel,
    Row,
    Tabs,
)
from lab.marks import Matrix as Cells
from lab.marks import Network as Links
from lab.maths.differences import nudged
from lab.maths.matrix_derivatives import CASES, VECTORS, as_table, entries, weights

WORD = {0: "a number", 1: "a vector", 2: "a matrix", 3: "a box"}
REACH = 3.0
H = 1e-5
AFFINE = "affine Wᵀz"


class Shapes(Experiment):
    pace = 3
    case = Choice(list(CASES), restarts=True, help="numerator by denominator")
    f = Choice(
        [*VECTORS, AFFINE],
        symbol="f",
        label="Function",
        restarts=True,
        when={"case": ("vector by vector",)},
        help="what becomes of the vector z: y = f(z)",
    )
    z = Matrix(
        [[1, 2, 3]],
        -5,
        5,
        symbol="z",
        label="Input",
        restarts=True,
        when={"case": ("vector by vector",)},
        help="the vector put in",
    )
    outputs = Count(
        2, 1, 4, symbol="n", restarts=True, when={"case": ("vector by vector", "vector by matrix")},
        help="entries of the answer of an affine map",
    )  # fmt: skip
    v1 = Slider(
        1.2,
        -REACH,
        REACH,
        symbol="v₁",
        label="First entry",
        when={"case": ("scalar by vector",)},
        help="drag v on the contours",
    )
    v2 = Slider(
        -0.7,
        -REACH,
        REACH,
        symbol="v₂",
        label="Second entry",
        when={"case": ("scalar by vector",)},
        help="drag v on the contours",
    )
    s = Slider(
        0.6,
        -3,
        3,
        symbol="s",
        label="Scalar",
        when={"case": ("vector by scalar", "matrix by scalar")},
        help="slide along w(s)",
    )
    arrangement = Choice(
        ["denominator", "numerator"], label="Layout", view=True, help="numerator layout is the transpose, as in torch"
    )
    part = Count(
        0,
        0,
        3,
        view=True,
        label="Slice of the box",
        when={"case": ("vector by matrix",)},
        help="which slice of a box is written out",
    )

    prompts = (
        ("z² at (1, 2, 3): why is all but the diagonal 0?", {"case": "vector by vector", "f": "z²", "z": [[1, 2, 3]]}),
        ("Softmax: now every input moves every output", {"case": "vector by vector", "f": "softmax"}),
        ("3 inputs, 2 outputs: how many derivatives?", {"case": "vector by vector", "f": "affine Wᵀz", "outputs": 2}),
        ("A velocity: is it a row or a column?", {"case": "vector by scalar"}),
        ("By a matrix: the shape of the matrix comes back", {"case": "scalar by matrix"}),
        ("A vector by a matrix needs a box with three axes", {"case": "vector by matrix"}),
    )
    metrics = {"filled": "cells", "worst": "|D − ∂|"}
    random = False
    tiny = {}

    # ------------------------------------------------------------ the derivative, nudge by nudge

    def start(self) -> None:
        self.begin_again()

    def begin_again(self) -> None:
        self.x = self.denominator()
        self.inputs = list(np.ndindex(self.x.shape))
        self.cells = np.zeros(self.x.shape + self.y(self.x).shape)
        self.nudges = 0

    def step(self) -> Metrics:
        """Nudge the next entry of the denominator; every entry of the numerator answers."""
        if self.nudges == len(self.inputs):  # all is known: once more
            self.begin_again()
        index = self.inputs[self.nudges]
        self.cells = self.cells.copy()
        self.cells[index] = nudged(self.y, self.x, index, H)
        self.nudges += 1
        if self.nudges == len(self.inputs):
            self.finish(f"Every entry was nudged: {self.cells.size} derivatives for {self.sizes()}.")
        done = np.array([self.cells[i] - self.exact()[i] for i in self.inputs[: self.nudges]])
        return {"filled": float(self.nudges * self.y(self.x).size), "worst": float(np.abs(done).max())}

    def changed(self, name: str) -> None:
        if name in ("v1", "v2", "s"):  # what was measured elsewhere is measured here too
            known, self.x = self.nudges, self.denominator()
            self.cells = np.zeros_like(self.cells)
            for index in self.inputs[:known]:
                self.cells[index] = nudged(self.y, self.x, index, H)

    def denominator(self) -> np.ndarray:
        """What we differentiate by, as the controls have it."""
        if self.case == "scalar by vector":
            return np.array([self.v1, self.v2])
        if CASES[self.case].letter == "s":
            return np.array(self.s)
        if self.case == "vector by vector":
            return self.z[0].copy()
        return weights(3, self.outputs if self.case == "vector by matrix" else 2)

    def y(self, x: np.ndarray) -> np.ndarray:
        """The numerator."""
        if self.case != "vector by vector":
            return np.asarray(CASES[self.case].y(x))
        return weights(len(x), self.outputs).T @ x if self.f == AFFINE else VECTORS[self.f].y(x)

    def exact(self) -> np.ndarray:
        """The derivative by the rules: axes of the denominator first."""
        if self.case != "vector by vector":
            return np.asarray(CASES[self.case].rule(self.x))
        return weights(len(self.x), self.outputs) if self.f == AFFINE else VECTORS[self.f].rule(self.x)

    @action
    def move(self, x: float, y: float) -> None:
        """Drag v over the contours."""
        self.v1, self.v2 = min(max(x, -REACH), REACH), min(max(y, -REACH), REACH)
        self.changed("v1")

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        tiles = Row(
            Panel("Denominator", Cells("below", rows="rows_below"), detail="below_shape", still=True),
            Panel("Numerator", Cells("above", rows="rows_above"), detail="above_shape", still=True),
            sizes=(1, 1),
        )  # fmt: skip
        derivative: Layout = Panel("Derivative", Cells("table", rows="down", columns="across"), detail="shape")
        box = Panel(
            "Box", Images("slices", captions="slice_names", chosen="slice_chosen", pick="part", colours="scores")
        )
        influences = Panel("Influences", Links("links"), detail="count", help="each entry below acts on each above")
        pictures = {
            "scalar by vector": Panel(
                "Contours",
                Heat("heights"),
                Arrows("here", "gradient", label="∂s/∂v", tint="text"),
                Handle("here_one", drag="move", label="v"),
                x="v₁",
                y="v₂",
                equal=True,
                still=True,
            ),
            "vector by scalar": Panel(
                "Curve w(s)",
                Line("curve", tint="quiet"),
                Dots("on_curve", tint="accent", big=True),
                Arrows("on_curve", "velocity", label="∂w/∂s", tint="0"),
                x="w₁",
                y="w₂",
                range_x=(-4, 4),
                range_y=(-3, 3),
                equal=True,
            ),
        }
        more = [pictures[self.case]] if self.case in pictures else []
        if self.case == "vector by matrix":
            return Row(
                Column(tiles, box, sizes=(2, 3)),
                Column(derivative, Panel("Axes", Bars("axes", labels="axes_names"), Note("axes_said"), still=True),
                       Panel("Shape", Equation("update"), Note("said"), still=True), sizes=(3, 2, 2)),
            )  # fmt: skip
        return Row(
            Column(tiles, Tabs(*more, influences) if more else influences, sizes=(2, 3)),
            Column(
                derivative,
                Panel("Shape", Equation("update"), Note("said"), still=True),
                Panel("Axes", Bars("axes", labels="axes_names"), Note("axes_said"), shown=False, still=True),
                sizes=(3, 2, 2),
            ),
        )

    @drawn
    def below(self) -> np.ndarray:
        return as_table(self.x)

    @drawn
    def above(self) -> np.ndarray:
        return as_table(self.y(self.x))

    def below_names(self) -> list[str]:
        return entries(CASES[self.case].letter, self.x)

    def above_names(self) -> list[str]:
        letter = {"scalar": "s", "vector": "w", "matrix": "M"}[self.case.split()[0]]
        return entries("y" if self.case == "vector by vector" else letter, self.y(self.x))

    @drawn
    def rows_below(self) -> list[str]:
        return self.below_names() if self.x.ndim < 2 else []

    @drawn
    def rows_above(self) -> list[str]:
        return self.above_names() if self.y(self.x).ndim < 2 else []

    @drawn
    def below_shape(self) -> str:
        return spelt(self.x.shape)

    @drawn
    def above_shape(self) -> str:
        return spelt(self.y(self.x).shape)

    def in_layout(self, cells: np.ndarray) -> np.ndarray:
        """The derivative as a table: rows are inputs and columns outputs, or the other way round."""
        if self.case == "matrix by scalar":
            table = cells.T
        elif self.case == "vector by scalar":
            table = cells[None]
        elif self.case == "vector by matrix":
            table = cells[:, :, min(self.part, cells.shape[2] - 1)]
        else:
            table = as_table(cells)
        return table if self.arrangement == "denominator" else table.T

    @drawn
    def table(self) -> np.ndarray:
        return self.in_layout(self.cells)

    def sides(self) -> tuple[list[str], list[str]]:
        """What belongs to the rows and to the columns in denominator layout."""
        if self.case == "vector by vector":
            return self.below_names(), self.above_names()
        if self.case == "vector by scalar":
            return ["∂s"], self.above_names()
        if self.case == "scalar by vector":
            return self.below_names(), ["∂s"]
        rows, columns = self.in_layout(self.cells).shape if self.arrangement == "denominator" else (
            self.in_layout(self.cells).T.shape
        )  # fmt: skip
        letters = ("column", "row") if self.case == "matrix by scalar" else ("row", "column")
        return [f"{letters[0]} {i + 1}" for i in range(rows)], [f"{letters[1]} {j + 1}" for j in range(columns)]

    @drawn
    def down(self) -> list[str]:
        return self.sides()[self.arrangement != "denominator"]

    @drawn
    def across(self) -> list[str]:
        return self.sides()[self.arrangement == "denominator"]

    @drawn
    def shape(self) -> str:
        if self.case == "vector by matrix":
            return f"{spelt(self.cells.shape)}, slice {self.slice_names()[self.slice_chosen()]}"
        return f"{spelt(self.in_layout(self.cells).shape)} · {self.nudges} of {len(self.inputs)} nudges"

    @drawn
    def slices(self) -> np.ndarray:
        return np.moveaxis(self.cells, 2, 0) if self.cells.ndim == 3 else np.atleast_3d(as_table(self.cells)).T

    @drawn
    def slice_chosen(self) -> int:
        return min(self.part, len(self.slices()) - 1)

    @drawn
    def slice_names(self) -> list[str]:
        return [f"∂{name}/∂W" for name in self.above_names()[: len(self.slices())]]

    @drawn
    def links(self) -> Net:
        """Who acts on whom: a link as wide as its derivative."""
        table = self.cells.reshape(len(self.inputs), -1)
        return Net([table], [np.zeros(table.shape[1])], (), (self.below_names() or ["s"], self.above_names() or ["s"]))

    def sizes(self) -> str:
        inputs, outputs = len(self.inputs), self.cells.size // len(self.inputs)
        return f"{inputs} × {outputs}"

    @drawn
    def count(self) -> str:
        return f"size {self.sizes()} = {self.cells.size}"

    # ------------------------------------------------------------ contours and curve

    @drawn(on=("case",))
    def heights(self) -> Field:
        side = np.linspace(-REACH, REACH, 90)
        x, y = np.meshgrid(side, side)
        return Field(x**2 / 2 + y**2 + x * y / 2, (-REACH, REACH), (-REACH, REACH))

    @drawn
    def here(self) -> np.ndarray:
        return np.array([[self.v1, self.v2]])

    @drawn
    def here_one(self) -> np.ndarray:
        return np.array([self.v1, self.v2])

    @drawn
    def gradient(self) -> np.ndarray:
        return self.cells.reshape(1, -1)[:, :2]

    @drawn
    def curve(self) -> np.ndarray:
        s = np.linspace(-3, 3, 161)
        return np.column_stack([2 * np.cos(s), np.sin(2 * s)])

    @drawn
    def on_curve(self) -> np.ndarray:
        return np.array([[2 * math.cos(self.s), math.sin(2 * self.s)]])

    @drawn
    def velocity(self) -> np.ndarray:
        return self.cells.reshape(1, -1)[:, :2]

    # ------------------------------------------------------------ in words

    @drawn
    def axes(self) -> np.ndarray:
        """How long each axis is: those of the denominator, then those of the numerator."""
        return np.array(self.x.shape + self.y(self.x).shape, dtype=float)

    @drawn
    def axes_names(self) -> list[str]:
        below, above = self.x.ndim, self.y(self.x).ndim
        return [f"below {i + 1}" for i in range(below)] + [f"above {i + 1}" for i in range(above)]

    @drawn
    def axes_said(self) -> str:
        below, above = self.x.ndim, self.y(self.x).ndim
        return f"Axes of the derivative: {above} of the numerator + {below} of the denominator = {above + below}."

    @drawn
    def update(self) -> Update:
        return Update(CASES[self.case].latex, {})

    @drawn
    def said(self) -> str:
        y = self.y(self.x)
        change = CASES[self.case].text
        text = f"{WORD[y.ndim].capitalize()} by {WORD[self.x.ndim]}: {self.sizes()} = {self.cells.size} derivatives. "
        other = "" if self.arrangement == "denominator" else " Shown in numerator layout: transposed."
        return text + change + other


def spelt(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "1"
