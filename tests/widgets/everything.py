"""An experiment with one of every control, its column, and the hands that work it."""

from __future__ import annotations

import itertools
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QWidget

from lab.controls import (
    Choice,
    Count,
    Dataset,
    File,
    Formula,
    Matrix,
    Picture,
    Point,
    Rows,
    Several,
    Slider,
    Switch,
    Text,
)  # fmt: skip
from lab.experiment import Experiment
from widgets.controls.column import ControlColumn
from widgets.look import Look
from widgets.theme import LIGHT

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
RACER = {"rule": Choice(["GD", "Adam", "RMSProp", "momentum"]), "rate": Slider(0.1, 0.001, 1, log=True, symbol="η")}


class Everything(Experiment):
    """One of every control."""

    rate = Slider(0.1, 0, 1, symbol="η", help="how far a step goes", limit="edge")
    k = Count(5, 1, 12, restarts=True)
    penalty = Choice(["off", "L1", "L2"])
    begin = Choice(["random points", "random places", "k-means++"])
    parts = Several(["a", "b", "c"], ["a"], least=1)
    ahead = Switch(False)
    start_at = Point((0, 0), x=(-2, 2), y=(-1, 3))
    kernel = Matrix([[0, 1], [2, 3]], most=3)
    f = Formula("x + y")
    word = Text("Ada", longest=20)
    page = Text("to be")
    digit = Picture(8, 8)
    sheet = File(endings=(".csv",))
    album = File()
    points = Dataset("blobs", n=60)
    widths = Rows({"width": Count(8, 1, 64)}, [8, 4], least=1, most=3)
    racers = Rows(RACER, [{"rule": "GD"}, {"rule": "Adam"}], least=1, most=3)
    strength = Slider(0.5, 0, 1, when={"penalty": ("L1", "L2")})
    arrows = Switch(True, view=True)
    prompts = (("Make k large", {"k": 12}),)
    presets = {"calm": {"rate": 0.01}, "wild": {"rate": 0.9, "k": 2}}


class Recorded(ControlColumn):
    """A column that writes down what it asks for."""

    def __init__(self) -> None:
        numbers = itertools.count(1)
        super().__init__(Everything, lambda: next(numbers), Look(LIGHT))
        self.done: list[tuple[str, Any, int]] = []
        self.asked: list[Any] = []
        self.set_control.connect(lambda *what: self.done.append(what))
        self.apply_settings.connect(self.asked.append)
        self.seed_changed.connect(self.asked.append)
        self.reset_all.connect(lambda: self.asked.append("reset all"))


def shown(qtbot: Any) -> Recorded:
    """The column on screen, where keys go to it."""
    column = Recorded()
    qtbot.addWidget(column)
    column.resize(260, 900)
    with qtbot.waitActive(column):
        column.show()
        column.activateWindow()
    return column


def values(column: Any, name: str) -> list[Any]:
    return [value for key, value, _ in column.done if key == name]


def write(field: QWidget, text: str, end: Qt.Key | None = Qt.Key.Key_Return) -> None:
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, text)
    if end:
        QTest.keyClick(field, end)


def drag(widget: QWidget, places: list[QPoint], button: Qt.MouseButton = LEFT) -> None:
    QTest.mousePress(widget, button, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(widget, place)
    QTest.mouseRelease(widget, button, pos=places[-1])


def click(button: QAbstractButton) -> None:
    QTest.mouseClick(button, LEFT)
