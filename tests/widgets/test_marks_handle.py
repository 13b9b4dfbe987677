"""Handle: a ring that is dragged sets a control or does an action."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from lab.marks import Dots, Handle
from tests.widgets.test_marks_dots import LEFT, RIGHT, Scene, move
from widgets.theme import DARK


def test_dragging_a_handle_sets_its_point_control_in_one_gesture_and_pans_nothing(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Handle("start", drag="start"), start=(1.0, 2.0))
    scene.hands.controls = ("start",)
    before = scene.box.viewRange()
    scene.drag(scene.pixel(1, 2) + QPoint(-6, 4), scene.pixel(-3, 0))
    assert {(done[0], done[1], done[3]) for done in scene.hands.done} == {("set", "start", 1)}
    assert len(scene.hands.done) == 4
    assert scene.hands.done[-1][2] == pytest.approx([-3, 0], abs=0.05)
    assert scene.box.viewRange() == before


def test_dragging_a_handle_of_an_action_does_it_over_and_over_in_place_of_itself(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Handle("at", drag="push"), at=np.array([1.0, 2.0]))
    scene.drag(scene.pixel(1, 2), scene.pixel(-3, 0))
    assert {(done[0], done[1], done[3]) for done in scene.hands.done} == {("act", "push", 1)}
    assert scene.hands.done[-1][2] == pytest.approx([-3, 0], abs=0.05)
    assert scene.hands.replaced


@pytest.mark.parametrize(("along", "end"), [("x", [-3, 2]), ("y", [1, 0])])
def test_a_handle_that_moves_along_one_axis_keeps_its_place_on_the_other(
    qtbot: QtBot, along: str, end: list[float]
) -> None:
    scene = Scene(qtbot, Handle("at", drag="push", along=along), at=(1.0, 2.0))
    scene.drag(scene.pixel(1, 2) + QPoint(5, 5), scene.pixel(-3, 0))
    assert scene.hands.done[-1][2] == pytest.approx(end, abs=0.05)
    kept = 1 if along == "x" else 0
    assert {done[2][kept] for done in scene.hands.done} == {end[kept]}


def test_the_ring_follows_the_mouse_at_once_and_goes_where_the_next_frame_says(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Handle("at", drag="push", tint="warn"), at=(at := np.array([1.0, 2.0])))
    colour, there = QColor(DARK.warn), scene.pixel(-3, 0)
    scene.drag(scene.pixel(1, 2), there, release=False)
    scene.show(at=(late := at.copy()))
    assert scene.near(colour, there, 12) > 20
    scene.bot.mouseRelease(scene.view, LEFT, pos=there)
    scene.show(at=late)  # the run did not take the move
    assert scene.near(colour, there, 12) == 0
    assert scene.near(colour, scene.pixel(1, 2), 12) > 20


def test_a_click_on_a_handle_does_nothing(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", add="points.add"), Handle("at", drag="push"), x=np.empty((0, 2)), at=(1.0, 2.0))
    qtbot.mouseClick(scene.view, LEFT, pos=scene.pixel(1, 2))
    qtbot.mouseClick(scene.view, RIGHT, pos=scene.pixel(1, 2))
    assert scene.hands.done == []


def test_the_cursor_over_a_handle_is_a_hand_that_closes_while_it_is_held(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Handle("at", drag="push"), at=(1.0, 2.0))
    painter: Any = scene.card.drawers[0]
    move(scene.view, scene.pixel(1, 2))
    shapes = [scene.view.cursor().shape()]
    qtbot.mousePress(scene.view, LEFT, pos=scene.pixel(1, 2))
    shapes.append(painter.grip.cursor().shape())
    qtbot.mouseRelease(scene.view, LEFT, pos=scene.pixel(1, 2))
    move(scene.view, scene.pixel(1, 2))
    shapes.append(scene.view.cursor().shape())
    cursor = Qt.CursorShape
    assert shapes == [cursor.OpenHandCursor, cursor.ClosedHandCursor, cursor.OpenHandCursor]


def test_a_label_stands_beside_it_and_within_the_plot(qtbot: QtBot) -> None:
    plain, labelled = (Scene(qtbot, Handle("at", drag="push", label=text), at=(4.9, 2.0)) for text in ("", "the start"))
    changed = np.argwhere((plain.image() != labelled.image()).any(axis=-1))
    assert len(changed) > 50
    at = plain.pixel(4.9, 2)
    assert changed[:, 1].max() < at.x()  # at the right end, it stands to the left
    assert abs(changed[:, 0].mean() - at.y()) < 4


@pytest.mark.parametrize("values", [{}, {"at": (np.nan, 1.0)}, {"at": np.array([1.0, np.inf])}, {"at": (1e308, 1.0)}])
def test_a_place_that_is_missing_or_diverged_is_not_drawn(
    qtbot: QtBot, values: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scene = Scene(qtbot, Handle("at", drag="push", label="start", tint="warn"), **values)
        assert scene.near(QColor(DARK.warn)) == 0
        scene.drag(scene.pixel(0, 0), scene.pixel(1, 1))
        scene.show(at=(1.0, 2.0))
        assert scene.near(QColor(DARK.warn)) > 20
    assert scene.hands.done == []
    assert capfd.readouterr().err == ""
