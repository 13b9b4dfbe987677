"""The editor of a Point: two numbers in brackets, as a pair is written."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel

from lab.controls import Point
from widgets.controls import Editor
from widgets.controls.number_box import NumberBox, even_steps


class PointEditor(Editor):
    """Where a place can be dragged in a picture, this tells and sets it to the digit."""

    control: Point

    def build(self) -> None:
        label = self.control.label
        self.boxes = (
            NumberBox(f"{label}, first coordinate", even_steps(*self.control.x), width=0),
            NumberBox(f"{label}, second coordinate", even_steps(*self.control.y), width=0),
        )
        row = QHBoxLayout()
        row.setSpacing(4)
        for sign, box in zip("(,", self.boxes):
            row.addWidget(_quiet(sign))
            row.addWidget(box, 1)
        row.addWidget(_quiet(")"))
        self.body.addLayout(row)
        for place, box in enumerate(self.boxes):
            box.typed.connect(lambda number, begins, place=place: self._typed(place, number, begins))

    def display(self, value: tuple[float, float]) -> None:
        for box, number in zip(self.boxes, value):
            box.show_number(number)

    def _typed(self, place: int, number: object, begins: bool) -> None:
        point: list[object] = list(self.value)
        point[place] = number
        self.typed(point, begins)


def _quiet(sign: str) -> QLabel:
    label = QLabel(sign)
    label.setProperty("quiet", True)
    return label
