"""Rows of one number, such as layer widths: a line of boxes."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lab.controls import Count, Rows
from widgets.controls.flow import Flow
from widgets.controls.number_box import NumberBox, even_steps, whole_steps
from widgets.look import Look


class NumberLine(QWidget):
    """In as many lines as the boxes take."""

    typed = Signal(list, bool)  # every number, and whether a gesture begins

    def __init__(self, control: Rows, look: Look) -> None:
        super().__init__()
        self.control, self.look = control, look
        self.item: Any = next(iter(control.item.values()))
        self.boxes: list[NumberBox] = []
        self.flow = Flow(4)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addLayout(self.flow)

    def show_rows(self, value: tuple[Any, ...]) -> None:
        while len(self.boxes) > len(value):
            box = self.boxes.pop()
            self.flow.removeWidget(box)
            box.deleteLater()
        while len(self.boxes) < len(value):
            self.boxes.append(self._box(len(self.boxes)))
        for box, (number,) in zip(self.boxes, value):
            box.show_number(number)

    def _box(self, index: int) -> NumberBox:
        item = self.item
        steps = whole_steps if isinstance(item, Count) else even_steps
        box = NumberBox(f"{self.control.label}, {item.label} {index + 1}", steps(item.low, item.high), width=48)
        box.setToolTip(item.help)
        box.restyle(self.look)
        box.typed.connect(lambda number, begins: self._typed(index, number, begins))
        self.flow.addWidget(box)
        return box

    def _typed(self, index: int, number: Any, begins: bool) -> None:
        self.typed.emit([number if box is self.boxes[index] else box.number for box in self.boxes], begins)

    def restyle(self, look: Look) -> None:
        self.look = look
