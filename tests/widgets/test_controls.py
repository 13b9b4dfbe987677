"""Editors, under real keys and mouse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lab import controls
from tests.widgets.everything import LEFT, Everything, click, drag, shown, values, write
from widgets.controls import Editor, editor
from widgets.look import Look
from widgets.theme import LIGHT


@pytest.fixture
def column(qtbot: Any) -> Any:
    return shown(qtbot)


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


def test_a_frame_does_not_pull_at_a_slider_that_is_held(column: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("widgets.controls.monotonic", lambda: float("inf"))
    rate = column.editors["rate"]
    rate.track.setFocus()
    QTest.mousePress(rate.track, LEFT, pos=QPoint(rate.track.width() - 1, rate.track.height() // 2))
    rate.show_value(0.3)
    assert (rate.value, rate.track.value()) == (1, rate.track.maximum())
    QTest.mouseRelease(rate.track, LEFT)
    points, noise = column.editors["points"], column.editors["points"].parts["noise"].track
    QTest.mousePress(noise, LEFT, pos=QPoint(noise.width() - 1, noise.height() // 2))
    points.show_value(points.control.default)
    assert points.value.made.noise == 1
    QTest.mouseRelease(noise, LEFT)


def test_every_click_and_every_typed_value_is_a_gesture_of_its_own(column: Any) -> None:
    click(column.editors["ahead"].toggle)
    click(column.editors["parts"].pills["b"])
    click(column.editors["penalty"].picker.pills["L1"])
    write(column.editors["rate"].box, "0.2")
    write(column.editors["start_at"].boxes[0], "1")
    write(column.editors["widths"].line.boxes[0], "9")
    gestures = [gesture for _, _, gesture in column.done]
    assert len(gestures) == 6
    assert gestures[0] > 0
    assert gestures == sorted(set(gestures))


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


def test_a_number_may_be_pasted_with_a_typeset_minus(column: Any) -> None:
    QApplication.clipboard().setText("−1.5")
    box = column.editors["start_at"].boxes[0]
    write(box, "", end=None)
    QTest.keyClick(box, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert values(column, "start_at") == [(-1.5, 0)]


def test_keys_step_a_count_by_one_within_its_range_and_a_held_key_is_one_gesture(column: Any) -> None:
    k = column.editors["k"]
    for _ in range(9):
        QTest.keyClick(k.track, Qt.Key.Key_Right)
    QTest.keyClick(k.box, Qt.Key.Key_Down)
    assert values(column, "k") == [6, 7, 8, 9, 10, 11, 12, 11]
    assert all(isinstance(value, int) for value in values(column, "k"))
    before = len(column.done)
    for again in (False, True, True):  # as while a key is held down
        key = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, "", again)
        QApplication.sendEvent(k.track, key)
    assert values(column, "k")[before:] == [10, 9, 8]
    assert len({gesture for _, _, gesture in column.done[before:]}) == 1


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
