"""Boxes: numbers on three axes are sliced into tables, and laid out one by one into a single row."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Bars, Column, Equation, Images, Layout, Matrix, Note, Panel, Row

STACK = np.stack([[[1, 2, 3], [4, 5, 6]], [[5, 7, 11], [13, 17, 19]]], axis=2).astype(float)
SAMPLES = {
    "two tables in a stack": (STACK, "A 2 × 3 × 2 box: two tables of 2 × 3, one behind the other."),
    "diagonal matrix": (np.diag([3.0, 9, 4]), "All but the diagonal is 0, so the vector (3, 9, 4) says it all."),
    "matrix to vector": (np.array([[1.0, 2], [3, 4]]), "Column after column: [[1, 2], [3, 4]] becomes (1, 3, 2, 4)."),
    "∂w/∂W of w = Wᵀa": (
        np.einsum("a,jk->ajk", [1.0, -2, 0.5], np.eye(2)),
        "Vector by matrix takes 1 + 2 = 3 axes. All but one column of each slice is 0, and that column is a: "
        "the box collapses to the vector a.",
    ),
}  # fmt: skip


class Boxes(Experiment):
    pace = 3
    sample = Choice(list(SAMPLES), restarts=True, symbol="T", help="which numbers are sliced and laid flat")
    part = Count(0, 0, 2, view=True, label="Slice", help="which slice is written out: or click one")

    prompts = (
        ("Two tables in a stack: how many axes?", {"sample": "two tables in a stack"}),
        ("A diagonal matrix: what need not be kept?", {"sample": "diagonal matrix"}),
        ("Read a table column by column", {"sample": "matrix to vector"}),
        ("A vector by a matrix: which numbers are left?", {"sample": "∂w/∂W of w = Wᵀa"}),
    )
    metrics = {"laid": "numbers laid flat"}
    random = False
    fixed = ("box",)

    def start(self) -> None:
        self.box, self.text = SAMPLES[self.sample]
        self.order = self.kept()
        self.flat = np.zeros(len(self.order))
        self.laid = 0

    def step(self) -> Metrics:
        """The next number goes into the row."""
        self.flat = self.flat.copy()
        self.flat[self.laid] = self.box[self.order[self.laid]]
        self.laid += 1
        if self.laid == len(self.order):
            self.finish("Laid flat: " + ", ".join(f"{value:g}" for value in self.flat).replace("-", "−") + ".")
        return {"laid": float(self.laid)}

    def kept(self) -> list[tuple[int, ...]]:
        """The places whose numbers are kept, in order: the first axis runs fastest, as in reading by columns."""
        if self.sample == "diagonal matrix":
            return [(i, i) for i in range(len(self.box))]
        if self.box.ndim == 3 and self.sample != "two tables in a stack":
            return [(i, 0, 0) for i in range(len(self.box))]
        return [index[::-1] for index in np.ndindex(self.box.shape[::-1])]

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        return Column(
            Row(
                Panel("Box", Images("slices", captions="names", chosen="chosen", pick="part", colours="scores"),
                      still=True),
                Panel("Slice", Matrix("slice"), detail="which", still=True),
            ),
            Panel("Laid flat", Matrix("row", columns="places"), detail="count"),
            Row(
                Panel("Axes", Bars("lengths", labels="axis_names"), y="length", still=True),
                Panel("Count", Equation("update"), Note("said"), still=True),
            ),
            sizes=(5, 3, 4),
        )  # fmt: skip

    @drawn
    def slices(self) -> np.ndarray:
        return np.moveaxis(self.box, 2, 0) if self.box.ndim == 3 else self.box[None]

    @drawn
    def names(self) -> list[str]:
        return [f"slice {k + 1}" for k in range(len(self.slices()))]

    @drawn
    def chosen(self) -> int:
        return min(self.part, len(self.slices()) - 1)

    @drawn
    def slice(self) -> np.ndarray:
        return self.slices()[self.chosen()]

    @drawn
    def which(self) -> str:
        return f"slice {self.chosen() + 1} of {len(self.slices())}"

    @drawn
    def row(self) -> np.ndarray:
        return self.flat[None]

    @drawn
    def places(self) -> list[str]:
        return ["".join(str(i + 1) for i in index) for index in self.order]

    @drawn
    def count(self) -> str:
        return f"{self.laid} of {len(self.order)} numbers"

    @drawn
    def lengths(self) -> np.ndarray:
        return np.array(self.box.shape, dtype=float)

    @drawn
    def axis_names(self) -> list[str]:
        if self.sample != "∂w/∂W of w = Wᵀa":
            return [f"axis {i + 1}" for i in range(self.box.ndim)]
        return ["W row", "W column", "w entry"]

    @drawn
    def update(self) -> Update:
        return Update(
            r"\mathrm{Axes}\left(\frac{\partial y}{\partial x}\right) = \mathrm{Axes}(y) + \mathrm{Axes}(x)", {}
        )

    @drawn
    def said(self) -> str:
        return f"{self.box.ndim} axes, {self.box.size} numbers. {self.text}"
