"""Dots: what a person sees of points, and what the mouse does to them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from lab.marks import Curve, Dots, Panel
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.panel import Card
from widgets.theme import DARK, LIGHT

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
THREE = np.array([[0.0, 0.0], [2.0, 2.0], [-3.0, 1.0]])


def move(view: QWidget, at: QPoint, buttons: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    """The mouse moves there; QTest moves the cursor instead, and whichever window lies there gets the event."""
    none, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), QPointF(view.mapToGlobal(at)), none, buttons, keys)
    QApplication.sendEvent(view, event)


class Replacing(Recorder):
    """Also writes down whether an action takes the place of the one before it."""

    def act(self, name: str, arguments: Sequence[Any], gesture: int, replaces: bool = False) -> None:
        super().act(name, arguments, gesture)
        self.replaced = replaces


class Scene:
    """A shown card, and where things are on it."""

    def __init__(self, qtbot: QtBot, *marks: Any, look: Look | None = None, **values: Any) -> None:
        self.bot, self.hands = qtbot, Replacing()
        self.card = Card(Panel("Data", *marks, range_x=(-5, 5), range_y=(-5, 5)), self.hands, look or Look(DARK))
        qtbot.addWidget(self.card)
        self.card.resize(500, 450)
        self.card.show()
        self.show(**values)
        assert self.card.plot is not None
        self.view, self.box = self.card.plot.viewport(), self.card.plot.getViewBox()

    def show(self, **values: Any) -> None:
        self.card.show_frame(frame(values))

    def pixel(self, x: float, y: float) -> QPoint:
        assert self.card.plot is not None
        return self.card.plot.mapFromScene(self.box.mapViewToScene(QPointF(x, y)))

    def drag(
        self, start: QPoint, end: QPoint, button: Qt.MouseButton = LEFT, release: bool = True, wait: int = 0
    ) -> None:
        move(self.view, start)
        self.bot.mousePress(self.view, button, pos=start)
        for share in (0.2, 0.5, 0.8, 1.0):
            move(self.view, start + (end - start) * share, button)
            self.bot.wait(wait)
        if release:
            self.bot.mouseRelease(self.view, button, pos=end)

    def image(self) -> np.ndarray:
        picture = self.view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        return np.array(picture.constBits()).reshape(picture.height(), picture.bytesPerLine() // 4, 4)[..., 2::-1]

    def near(self, colour: QColor, at: QPoint | None = None, reach: int = 7) -> int:
        """How many pixels have about this colour: everywhere, or around a place."""
        image = self.image().astype(int)
        if at is not None:
            image = image[max(0, at.y() - reach) : at.y() + reach, max(0, at.x() - reach) : at.x() + reach]
        wanted = (colour.red(), colour.green(), colour.blue())
        return int((np.abs(image - wanted).max(axis=-1) < 12).sum())


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_each_class_has_its_own_colour(qtbot: QtBot, theme: Any) -> None:
    scene = Scene(qtbot, Dots("x", colour="c"), look=Look(theme), x=THREE, c=np.array([0, 1, 2]))
    for number, (x, y) in enumerate(THREE):
        assert scene.near(QColor(theme.classes[number]), scene.pixel(x, y)) > 20


def test_classes_are_told_apart_by_shape_too(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", colour="c", tint="text"), x=THREE, c=np.array([0, 1, 2]))
    areas = [scene.near(scene.card.look.colour("text"), scene.pixel(x, y)) for x, y in THREE]
    assert len(set(areas)) == 3


def test_a_point_without_a_class_is_quiet(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", colour="c"), x=THREE, c=np.array([-1, 0, 0]))
    assert scene.near(QColor(DARK.quiet), scene.pixel(0, 0)) > 20


def test_a_larger_size_is_a_larger_dot(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", size="s"), x=THREE, s=np.array([0.0, 0.5, 1.0]))
    small, middle, large = (scene.near(QColor(DARK.accent), scene.pixel(x, y), 15) for x, y in THREE)
    assert 0 < small < middle < large


@pytest.mark.parametrize("extra", [{"ring": "r"}, {"labels": "l"}])
def test_rings_and_labels_are_seen(qtbot: QtBot, extra: dict[str, str]) -> None:
    given = {"x": THREE, "r": np.array([True, False, False]), "l": ["one", "two", "three"]}
    plain, marked = Scene(qtbot, Dots("x"), **given), Scene(qtbot, Dots("x", **extra), **given)
    changed = (plain.image() != marked.image()).any(axis=-1)
    x, y = (at := plain.pixel(0, 0)).x(), at.y()
    assert changed[y - 15 : y + 15, x - 15 : x + 40].sum() > 50


def test_the_very_same_values_are_not_drawn_again(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(qtbot, Dots("x", colour="c"), x=THREE, c=(classes := np.zeros(3)))
    painter: Any = scene.card.drawers[0]
    drawn: list[object] = []
    monkeypatch.setattr(painter.dots, "setData", lambda **given: drawn.append(given))
    scene.show(x=THREE, c=classes)
    assert not drawn
    scene.show(x=THREE.copy(), c=classes)
    assert len(drawn) == 1


def test_dragging_a_dot_moves_it_in_one_gesture_and_pans_nothing(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", colour="c", drag="points.move"), x=THREE, c=np.arange(3))
    before = scene.box.viewRange()
    scene.drag(scene.pixel(2, 2) + QPoint(6, -5), scene.pixel(3, -1))
    assert len(scene.hands.done) == 4
    assert {(kind, name, arguments[0], gesture) for kind, name, arguments, gesture in scene.hands.done} == {
        ("act", "points.move", 1, 1)
    }
    assert scene.hands.replaced
    assert scene.hands.done[-1][2][1:] == pytest.approx([3, -1], abs=0.05)
    assert scene.box.viewRange() == before
    scene.drag(scene.pixel(0, 0), scene.pixel(1, 1))
    assert scene.hands.done[-1][2][0] == 0
    assert scene.hands.done[-1][3] == 2


def test_a_dot_follows_the_mouse_before_any_frame_comes_and_whatever_a_late_one_says(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", colour="c", drag="move"), x=THREE, c=np.arange(3))
    there, colour = scene.pixel(3, -1), QColor(DARK.classes[1])
    scene.drag(scene.pixel(2, 2), there, release=False)
    assert scene.near(colour, there) > 20
    assert scene.near(colour, scene.pixel(2, 2)) == 0
    late = {"x": THREE.copy(), "c": np.arange(3)}
    scene.show(**late)
    assert scene.near(colour, there) > 20
    scene.bot.mouseRelease(scene.view, LEFT, pos=there)
    assert scene.near(colour, there) > 20
    scene.show(**late)  # the run did not take the move
    assert scene.near(colour, there) == 0
    assert scene.near(colour, scene.pixel(2, 2)) > 20


def test_a_dot_cannot_be_dragged_out_of_sight(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", drag="move"), x=THREE)
    scene.drag(scene.pixel(2, 2), scene.pixel(9, 2))
    assert scene.hands.done[-1][2] == pytest.approx([1, scene.box.viewRange()[0][1], 2], abs=0.05)


def test_pressing_away_from_every_dot_pans_the_plot(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", drag="move", add="points.add"), x=THREE)
    before = scene.box.viewRange()
    scene.drag(scene.pixel(2, 2) + QPoint(14, 0), scene.pixel(3, -1), wait=12)
    assert scene.hands.done == []
    assert scene.box.viewRange() != before


@pytest.mark.parametrize(("keys", "label"), [(None, 0), (SHIFT, 1), (CONTROL, 2), (SHIFT | CONTROL, 3)])
def test_a_click_on_empty_ground_adds_a_point_of_the_class_that_the_keys_say(
    qtbot: QtBot, keys: Any, label: int
) -> None:
    scene = Scene(qtbot, Dots("x", drag="move", add="points.add"), x=THREE)
    qtbot.mouseClick(scene.view, LEFT, keys or Qt.KeyboardModifier.NoModifier, scene.pixel(4, -3))
    assert len(scene.hands.done) == 1
    kind, name, arguments, gesture = scene.hands.done[0]
    assert (kind, name, gesture) == ("act", "points.add", 1)
    assert arguments == pytest.approx([4, -3, label], abs=0.05)


def test_a_number_key_held_down_names_the_class_of_a_new_point(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", add="points.add"), x=THREE)
    qtbot.keyPress(scene.card.plot, Qt.Key.Key_4)
    qtbot.mouseClick(scene.view, LEFT, pos=scene.pixel(4, -3))
    qtbot.keyRelease(scene.card.plot, Qt.Key.Key_4)
    qtbot.mouseClick(scene.view, LEFT, pos=scene.pixel(-4, 3))
    assert [done[2][2] for done in scene.hands.done] == [4, 0]


def test_points_without_classes_are_added_by_place_alone(qtbot: QtBot) -> None:
    plain = Scene(qtbot, Dots("x", add="put"), x=THREE)
    qtbot.mouseClick(plain.view, LEFT, pos=plain.pixel(4, -3))
    assert plain.hands.done[0][2] == pytest.approx([4, -3], abs=0.05)
    classed = Scene(qtbot, Dots("x", colour="c", add="put"), x=THREE, c=np.arange(3))
    qtbot.mouseClick(classed.view, LEFT, SHIFT, classed.pixel(4, -3))
    assert classed.hands.done[0][2] == pytest.approx([4, -3, 1], abs=0.05)


def test_nothing_is_added_on_a_dot_or_beside_the_axes(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", add="points.add"), x=THREE)
    qtbot.mouseClick(scene.view, LEFT, pos=scene.pixel(2, 2) + QPoint(5, 5))
    qtbot.mouseClick(scene.view, LEFT, pos=QPoint(5, 100))
    assert scene.hands.done == []


def test_a_double_click_adds_one_point_and_a_dot_of_another_mark_is_no_empty_ground(qtbot: QtBot) -> None:
    marks = Dots("x", add="points.add"), Dots("still")
    scene = Scene(qtbot, *marks, x=THREE, still=np.array([[4.0, 4.0]]))
    qtbot.mouseClick(scene.view, LEFT, pos=scene.pixel(4, -3))
    qtbot.mouseDClick(scene.view, LEFT, pos=scene.pixel(4, -3))
    qtbot.mouseClick(scene.view, LEFT, pos=scene.pixel(4, 4))
    assert len(scene.hands.done) == 1


def test_a_right_click_takes_a_dot_away_but_a_right_drag_does_not(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", drag="move", erase="points.erase"), x=THREE)
    qtbot.mouseClick(scene.view, RIGHT, pos=scene.pixel(4, -4))
    scene.drag(scene.pixel(0, 0), scene.pixel(1, 1), RIGHT)
    assert scene.hands.done == []
    qtbot.mouseClick(scene.view, RIGHT, pos=scene.pixel(-3, 1) + QPoint(4, 0))
    assert [done[:3] for done in scene.hands.done] == [("act", "points.erase", [2])]


def test_a_click_picks_a_dot_and_a_drag_does_not(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", drag="move", pick="chosen"), x=THREE)
    qtbot.mouseClick(scene.view, LEFT, pos=scene.pixel(-3, 1))
    assert scene.hands.done == [("pick", "chosen", 2)]
    scene.drag(scene.pixel(-3, 1), scene.pixel(-3, 1) + QPoint(2, -2))  # a hand is never quite still
    assert scene.hands.done == [("pick", "chosen", 2)] * 2
    scene.drag(scene.pixel(0, 0), scene.pixel(1, 1))
    assert {done[0] for done in scene.hands.done[2:]} == {"act"}


def test_of_two_marks_under_the_mouse_the_one_painted_later_is_taken(qtbot: QtBot) -> None:
    marks = (
        Dots("x", drag="points.move", erase="points.erase"),
        Dots("m", shape="star", big=True, drag="move_centre"),
        Dots("still", shape="cross"),
    )
    scene = Scene(qtbot, *marks, x=THREE, m=np.array([[-1.0, -1.0], [2.1, 2.1]]), still=np.array([[2.0, 2.0]]))
    scene.drag(scene.pixel(2, 2), scene.pixel(3, -1))
    assert {(done[1], done[2][0]) for done in scene.hands.done} == {("move_centre", 1)}
    scene.hands.done.clear()
    qtbot.mouseClick(scene.view, RIGHT, pos=scene.pixel(2, 2))  # stars cannot be taken away; the point below can
    assert [done[:3] for done in scene.hands.done] == [("act", "points.erase", [1])]


def test_the_cursor_is_a_hand_only_over_what_can_be_dragged(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", drag="move"), Dots("still"), x=THREE, still=np.array([[4.0, 4.0]]))
    shapes = []
    for place in ((4, -4), (2, 2), (4, 4), (0, 0)):
        move(scene.view, scene.pixel(*place))
        shapes.append(scene.view.cursor().shape())
    arrow, hand = Qt.CursorShape.ArrowCursor, Qt.CursorShape.OpenHandCursor
    assert shapes == [arrow, hand, arrow, hand]


def test_hovering_tells_index_place_and_class(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Dots("x", colour="c"), x=np.array([[1.0, 1.0], [-2.25, 0.5]]), c=np.array([0, 6]))
    move(scene.view, scene.pixel(-2.25, 0.5))
    painter: Any = scene.card.drawers[0]
    tip = painter.grip.toolTip()
    assert tip.startswith("1")
    assert "(−2.25, 0.5)" in tip
    assert "class 6" in tip


def test_on_logarithmic_axes_actions_are_told_the_data(qtbot: QtBot) -> None:
    hands = Recorder()
    card = Card(Panel("P", Curve("J", log_x=True, log_y=True), Dots("x", drag="move")), hands, Look(DARK))
    qtbot.addWidget(card)
    card.resize(500, 450)
    card.show()
    card.show_frame(frame({"x": np.array([[10.0, 100.0], [0.0, -1.0]])}, {"J": np.geomspace(1, 1e4, 200)}))
    assert card.plot is not None
    box, view = card.plot.getViewBox(), card.plot.viewport()
    start, end = (card.plot.mapFromScene(box.mapViewToScene(QPointF(*place))) for place in ((1, 2), (2, 1)))
    qtbot.mousePress(view, LEFT, pos=start)
    move(view, end, LEFT)
    qtbot.mouseRelease(view, LEFT, pos=end)
    assert hands.done[-1][2] == pytest.approx([0, 100, 10], rel=0.05)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"x": np.empty((0, 2))},
        {"x": np.array([[np.nan, 1], [np.inf, -np.inf], [1e308, -1e308], [1, 1]]), "c": np.array([0, np.nan, -1, 99])},
        {"x": THREE, "c": np.arange(2), "s": np.array([np.nan, np.inf, -1]), "l": ["a"], "r": np.ones(5, bool)},
    ],
)
def test_what_is_missing_or_diverged_is_left_out_without_a_word(
    qtbot: QtBot, values: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scene = Scene(qtbot, Dots("x", colour="c", size="s", labels="l", ring="r", drag="d"), **values)
        scene.image()
        scene.show()
        scene.image()
    assert capfd.readouterr().err == ""
