"""The editor of a Matrix: a grid of numbers, and its size where that may change."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel

from lab.controls import Matrix
from widgets.controls import Editor
from widgets.controls.icon_button import IconButton
from widgets.controls.number_box import NumberBox, even_steps

WORDS = ("rows", "columns")


class MatrixEditor(Editor):
    """Boxes share the width of the column."""

    control: Matrix

    def build(self) -> None:
        self.grid = QGridLayout()
        self.grid.setSpacing(4)
        self.boxes: list[list[NumberBox]] = []
        self.body.addLayout(self.grid)
        if self.control.most:
            sizes = QHBoxLayout()
            sizes.setSpacing(2)
            for axis, word in enumerate(WORDS):
                self._add_size(sizes, axis, word)
            sizes.addStretch(1)
            self.body.addLayout(sizes)

    def _add_size(self, sizes: QHBoxLayout, axis: int, word: str) -> None:
        label = QLabel(word)
        label.setProperty("quiet", True)
        sizes.addWidget(label)
        for sign, change in (("minus", -1), ("plus", 1)):
            button = IconButton(sign, f"{'More' if change > 0 else 'Fewer'} {word} in {self.control.label}", small=True)
            button.clicked.connect(lambda _, change=change: self._resize(axis, change))
            sizes.addWidget(button)
        sizes.addSpacing(8)

    def display(self, value: np.ndarray) -> None:
        if (len(self.boxes), len(self.boxes[0]) if self.boxes else 0) != value.shape:
            self._lay(*value.shape)
        for line, numbers in zip(self.boxes, value.tolist()):
            for box, number in zip(line, numbers):
                box.show_number(number)

    def _lay(self, rows: int, columns: int) -> None:
        for line in self.boxes:
            for box in line:
                self.grid.removeWidget(box)
                box.deleteLater()
        self.boxes = [[self._box(row, column) for column in range(columns)] for row in range(rows)]

    def _box(self, row: int, column: int) -> NumberBox:
        name = f"{self.control.label}, row {row + 1}, column {column + 1}"
        box = NumberBox(name, even_steps(self.control.low, self.control.high), width=0)
        box.setMinimumWidth(28)
        box.typed.connect(lambda number, begins: self._typed(row, column, number, begins))
        self.grid.addWidget(box, row, column)
        return box

    def _typed(self, row: int, column: int, number: object, begins: bool) -> None:
        cells = self.value.tolist()
        cells[row][column] = number
        self.typed(cells, begins)

    def _resize(self, axis: int, change: int) -> None:
        """A row or column of zeros more at the end, or the last one less."""
        shape = list(self.value.shape)
        shape[axis] += change
        if 1 <= shape[axis] <= self.control.most:
            array = np.full(shape, min(max(0.0, self.control.low), self.control.high))
            kept = tuple(slice(min(old, new)) for old, new in zip(self.value.shape, shape))
            array[kept] = self.value[kept]
            self.typed(array)
