"""Editors and their column, under real keys and mouse."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QComboBox, QLineEdit, QPushButton, QSlider, QWidget

from lab import controls
from lab.controls import (
    Choice, Count, Dataset, Formula, Matrix, Picture, Point, Rows, Several, Slider, Switch, Text,
)  # fmt: skip
from lab.experiment import Experiment
from lab.experiments.neighbours.k_means import KMeans
from widgets.controls import Editor, editor
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
    points = Dataset("blobs", n=60)
    widths = Rows({"width": Count(8, 1, 64)}, [8, 4], least=1, most=3)
    racers = Rows(RACER, [{"rule": "GD"}, {"rule": "Adam"}], least=1, most=3)
    strength = Slider(0.5, 0, 1, when={"penalty": ("L1", "L2")})
    arrows = Switch(True, view=True)
    prompts = (("Make k large", {"k": 12}),)
    presets = {"calm": {"rate": 0.01}, "wild": {"rate": 0.9, "k": 2}}


@pytest.fixture
def column(qtbot: Any) -> Any:
    numbers = itertools.count(1)
    made = ControlColumn(Everything, lambda: next(numbers), Look(LIGHT))
    made.done = []
    made.set_control.connect(lambda *what: made.done.append(what))
    qtbot.addWidget(made)
    made.resize(260, 900)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


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


# ---------------------------------------------------------------- every editor


@pytest.mark.parametrize("name", list(Everything.controls))
def test_a_value_from_a_frame_is_shown_and_not_handed_on(column: Any, name: str) -> None:
    one, control = column.editors[name], Everything.controls[name]
    for value in (*control.extremes(), control.default):
        checked = control.check(value)
        one.show_value(checked)
        assert controls.same(one.value, checked)
    assert column.done == []


def test_every_kind_of_control_has_an_editor() -> None:
    for kind in controls.Control.__subclasses__():
        found = editor(kind.__new__(kind))
        assert found.__module__ == f"widgets.controls.{kind.kind}"
        assert issubclass(found, Editor)


def test_a_frame_from_before_an_edit_does_not_undo_it_but_one_long_after_does(column: Any, monkeypatch: Any) -> None:
    switch = column.editors["ahead"]
    click(switch.toggle)
    switch.show_value(False)
    assert switch.toggle.isChecked()
    monkeypatch.setattr("widgets.controls.monotonic", lambda: float("inf"))
    switch.show_value(False)
    assert not switch.toggle.isChecked()
    assert values(column, "ahead") == [True]


def test_a_refusal_shows_what_is_in_force_again_until_the_next_good_value(column: Any) -> None:
    k = column.editors["k"]
    write(k.box, "12")
    column.show_error("k", "12 centres need 12 points; there are 8")
    assert (k.wrong.text(), k.box.text(), k.value) == ("12 centres need 12 points; there are 8", "5", 5)
    assert k.wrong.isVisible()
    k.show_value(5)
    assert k.wrong.isVisible()
    write(k.box, "6")
    assert not k.wrong.isVisible()
    assert values(column, "k") == [12, 6]


def test_reset_appears_where_a_value_differs_from_its_default_and_puts_it_back(column: Any) -> None:
    k = column.editors["k"]
    assert not k.reset.isVisible()
    write(k.box, "7")
    assert k.reset.isVisible()
    click(k.reset)
    assert values(column, "k") == [7, 5]
    assert not k.reset.isVisible()


# ---------------------------------------------------------------- numbers


def test_a_drag_is_one_gesture_and_the_next_another(column: Any) -> None:
    track = column.editors["rate"].track
    middle = track.height() // 2
    for end in (track.width() - 1, 1):
        drag(track, [QPoint(x, middle) for x in np.linspace(track.width() / 2, end, 6).astype(int)])
    assert len(column.done) > 8
    assert len({gesture for _, _, gesture in column.done}) == 2
    assert all(isinstance(value, float) for value in values(column, "rate"))
    assert max(values(column, "rate")) == 1
    assert values(column, "rate")[-1] == 0


def test_a_frame_does_not_pull_at_a_slider_that_is_held(column: Any) -> None:
    rate = column.editors["rate"]
    rate.track.setFocus()
    QTest.mousePress(rate.track, LEFT, pos=QPoint(rate.track.width() - 1, rate.track.height() // 2))
    rate.show_value(0.3)
    assert (rate.value, rate.track.value()) == (1, rate.track.maximum())
    QTest.mouseRelease(rate.track, LEFT)


def test_a_frame_does_not_overwrite_what_is_being_typed(column: Any) -> None:
    box = column.editors["rate"].box
    write(box, "0.7", end=None)
    column.editors["rate"].show_value(0.3)
    assert box.text() == "0.7"
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert values(column, "rate") == [0.7]


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("k", "40", "k must be a whole number from 1 to 12, not 40"),
        ("k", "2.5", "k must be a whole number from 1 to 12, not 2.5"),
        ("rate", "fast", 'rate must be a number from 0 to 1, not "fast"'),
        ("rate", "nan", "rate must be a number from 0 to 1, not NaN"),
    ],
)
def test_a_wrong_number_is_answered_by_the_control_and_the_old_one_stays(
    column: Any, name: str, typed: str, said: str
) -> None:
    one = column.editors[name]
    old = one.box.text()
    write(one.box, typed)
    assert one.wrong.text() == said
    assert one.wrong.isVisible()
    assert one.box.text() == old
    assert column.done == []


def test_keys_step_a_count_by_one_within_its_range_and_a_held_key_is_one_gesture(column: Any) -> None:
    k = column.editors["k"]
    for _ in range(9):
        QTest.keyClick(k.track, Qt.Key.Key_Right)
    QTest.keyClick(k.box, Qt.Key.Key_Down)
    assert values(column, "k") == [6, 7, 8, 9, 10, 11, 12, 11]
    assert all(isinstance(value, int) for value in values(column, "k"))


def test_a_logarithmic_slider_has_the_geometric_mean_in_its_middle(column: Any) -> None:
    rate = column.editors["racers"].cards[0].editors["rate"]
    assert rate.at(0.5) == pytest.approx(0.0316)
    assert rate.share(0.1) == pytest.approx(2 / 3)


def test_limits_are_marked_and_what_lies_beyond_the_last_turns_to_the_warning_colour(column: Any) -> None:
    track = column.editors["rate"].track
    column.show_limits({"edge": np.array([0.6, np.nan, 0.2])})
    assert column.limits() == {"edge"}
    assert track.marks == (0.2, 0.6)
    shot, warn = track.grab().toImage(), Look(LIGHT).colour("warn")

    def warmth(x: float) -> int:
        pixel = shot.pixelColor(round(x * track.width()), track.height() // 2)
        return pixel.red() - pixel.blue()

    assert warmth(0.45) <= 5
    assert warmth(0.9) > (warn.red() - warn.blue()) // 4
