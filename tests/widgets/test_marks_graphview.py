"""GraphView: what a person sees of a graph, and what each press, drag and typed number does to it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from lab.marks import GraphView, Panel
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.panel import Card
from widgets.theme import DARK, LIGHT

LEFT, RIGHT, SHIFT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.KeyboardModifier.ShiftModifier
FIELDS = ("labels", "values", "weights", "shares", "colour", "active", "marked")
MARK = GraphView(
    "nodes", "links", **{name: name for name in FIELDS}, drag="drag", add="add", erase="erase", link="link"
)
MOLE: dict[str, Any] = {
    "nodes": np.array([[0.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]),
    "links": np.array([[0, 0], [0, 1], [0, 2], [1, 0], [1, 2], [2, 1], [2, 2]]),
    "labels": ("1", "2", "3"),
    "values": ("0.158", "0.355", "0.487"),
    "weights": ("0.1", "0.4", "0.5", "0.4", "0.6", "0.6", "0.4"),
}


def shown(qtbot: QtBot, values: dict[str, Any], mark: GraphView = MARK, size: tuple[int, int] = (520, 400)) -> Any:
    """The card's one painter, on screen, with its values taken."""
    card = Card(Panel("Graph", mark), Recorder(), Look(DARK))
    qtbot.addWidget(card)
    card.resize(*size)
    with qtbot.waitExposed(card):
        card.show()
    card.show_frame(frame(values))
    painter: Any = card.drawers[0]
    painter.card = card
    painter.canvas.grab()
    return painter


def at(painter: Any, node: int) -> QPoint:
    return QPointF(*painter.layout.places[node]).toPoint()


def drag(painter: Any, start: QPoint, end: QPoint, keys: Any = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.mousePress(painter.canvas, LEFT, keys, start)
    for share in (0.3, 0.6, 1.0):
        QTest.mouseMove(painter.canvas, start + (end - start) * share)
    QTest.mouseRelease(painter.canvas, LEFT, keys, end)


def pixels(painter: Any) -> Any:
    return painter.canvas.grab().toImage()


@pytest.mark.parametrize("size", [(300, 220), (520, 400), (900, 700)])
def test_nodes_arrows_and_numbers_are_all_in_view_and_apart(qtbot: QtBot, size: tuple[int, int]) -> None:
    painter = shown(qtbot, MOLE, size=size)
    whole = painter.canvas.rect()
    boxes = [painter.layout.box(i).toRect() for i in range(3)]
    numbers = [box.toRect() for box in painter.layout.numbers]  # each has found room
    for box in boxes + numbers:
        assert whole.contains(box)
    for number in numbers:
        assert not any(number.intersects(box) for box in boxes)
    for points in painter.layout.arrows:
        assert (points >= 0).all()
        assert (points <= (whole.width(), whole.height())).all()


def test_two_opposite_arrows_bend_apart(qtbot: QtBot) -> None:
    painter = shown(qtbot, MOLE)
    there, back = (painter.layout.arrows[k] for k in (4, 5))
    straight = (painter.layout.places[1] + painter.layout.places[2]) / 2
    middles = there[len(there) // 2], back[len(back) // 2]
    assert (middles[0][1] - straight[1]) * (middles[1][1] - straight[1]) < 0
    assert np.abs(np.subtract(*middles))[1] > 12


def test_an_arrow_bends_around_a_node_between_its_ends(qtbot: QtBot) -> None:
    row = {"nodes": np.array([[0.0, 0], [1, 0], [2, 0]]), "links": np.array([[0, 2]]), "labels": ("a", "b", "c")}
    painter = shown(qtbot, row)
    away = np.hypot(*(painter.layout.arrows[0] - painter.layout.places[1]).T).min()
    assert away > painter.layout.sizes.halves[1, 0] + 3


def test_boxes_grow_with_their_text_and_forty_do_not_touch(qtbot: QtBot) -> None:
    nodes = np.array([[i // 5, i % 5] for i in range(40)], dtype=float)
    texts = {"labels": tuple(f"v{i} = sin(v{i - 5})" for i in range(40)), "values": ("0.334\n1.22",) * 40}
    links = np.array([[i - 5, i] for i in range(5, 40)])
    painter = shown(qtbot, {"nodes": nodes, "links": links, **texts}, size=(900, 600))
    assert not painter.layout.sizes.disc
    boxes = [painter.layout.box(i) for i in range(40)]
    assert boxes[39].width() > boxes[0].width()
    assert not any(one.intersects(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_a_fuller_node_and_what_is_at_work_are_seen(qtbot: QtBot) -> None:
    painter = shown(qtbot, {**MOLE, "shares": np.array([0.0, 0.5, 1.0])})
    field = QColor(DARK.field)
    low = [
        painter.layout.box(i).center().toPoint() + QPoint(12, round(painter.layout.box(i).height() * 0.32))
        for i in range(3)
    ]
    picture = pixels(painter)
    assert [picture.pixelColor(place) != field for place in low] == [False, True, True]
    marked = np.array([True, False, False])
    painter.card.show_frame(frame({**MOLE, "marked": marked, "active": np.arange(7) == 1}))
    picture = pixels(painter)
    top = painter.layout.box(0)
    ring = [picture.pixelColor(QPointF(top.left() - 3.5, top.center().y()).toPoint())]
    arrow = painter.layout.arrows[1]
    ring.append(picture.pixelColor(QPointF(*arrow[len(arrow) // 4]).toPoint()))
    assert ring == [QColor(DARK.accent)] * 2


def test_dragging_a_node_is_one_gesture_and_moves_no_other(qtbot: QtBot) -> None:
    painter = shown(qtbot, MOLE)
    before = painter.layout.places.copy()
    drag(painter, at(painter, 0), at(painter, 0) + QPoint(60, 50))
    done = painter.card.drawers[0].hands.done
    assert {(name, gesture) for _, name, _, gesture in done} == {("drag", 1)}
    index, x, y = done[-1][2]
    assert index == 0
    assert 0 < x < 1
    assert y < 1
    painter.canvas.grab()
    np.testing.assert_allclose(painter.layout.places[1:], before[1:])
    np.testing.assert_allclose(painter.layout.places[0], before[0] + (60, 50), atol=1)
    moved = MOLE["nodes"].copy()
    moved[0] = x, y
    painter.card.show_frame(frame({**MOLE, "nodes": moved}))
    painter.canvas.grab()
    np.testing.assert_allclose(painter.layout.places[1:], before[1:])


def test_a_click_on_empty_ground_adds_and_a_right_click_erases(qtbot: QtBot) -> None:
    painter = shown(qtbot, MOLE)
    spot = (at(painter, 0) + at(painter, 2)) / 2 - QPoint(70, 40)
    QTest.mouseClick(painter.canvas, LEFT, pos=spot)
    QTest.mouseClick(painter.canvas, RIGHT, pos=at(painter, 2))
    (_, add, place, _), (_, erase, index, _) = painter.hands.done
    assert (add, erase, index) == ("add", "erase", [2])
    np.testing.assert_allclose(painter.layout.mapping.pixels(np.array(place)), (spot.x(), spot.y()), atol=0.6)


def test_a_shift_drag_joins_two_nodes_and_edits_an_arrow_that_is_there(qtbot: QtBot) -> None:
    painter = shown(qtbot, MOLE)
    drag(painter, at(painter, 2), at(painter, 0), SHIFT)
    assert painter.hands.done == [("act", "link", [2, 0, 1.0], 1)]
    drag(painter, at(painter, 0), at(painter, 2), SHIFT)
    assert painter.editor is not None
    assert painter.editor.text() == "0.5"
    drag(painter, at(painter, 1), QPoint(3, 3), SHIFT)  # to nowhere
    assert len(painter.hands.done) == 1
    assert painter.editor is None


def test_a_number_is_typed_on_its_arrow(qtbot: QtBot) -> None:
    painter = shown(qtbot, MOLE)
    QTest.mouseClick(painter.canvas, LEFT, pos=painter.layout.numbers[4].center().toPoint())
    QTest.keyClicks(painter.editor, "nonsense")
    QTest.keyClick(painter.editor, Qt.Key.Key_Return)
    assert painter.hands.done == []
    painter.editor.setText("")
    QTest.keyClicks(painter.editor, "0,25\r")
    assert painter.hands.done == [("act", "link", [1, 2, 0.25], 1)]
    QTest.mouseClick(painter.canvas, LEFT, pos=painter.layout.numbers[0].center().toPoint())
    QTest.keyClick(painter.editor, Qt.Key.Key_Escape)
    assert painter.editor is None
    assert len(painter.hands.done) == 1


def test_a_mark_that_names_no_actions_only_picks_and_tells(qtbot: QtBot) -> None:
    painter = shown(qtbot, MOLE, GraphView("nodes", "links", labels="labels", weights="weights", pick="looked"))
    QTest.mouseClick(painter.canvas, LEFT, pos=at(painter, 1))
    drag(painter, at(painter, 0), at(painter, 0) + QPoint(40, 30))
    QTest.mouseClick(painter.canvas, LEFT, pos=painter.layout.numbers[4].center().toPoint())
    QTest.mouseClick(painter.canvas, RIGHT, pos=at(painter, 1))
    QTest.mouseClick(painter.canvas, LEFT, pos=QPoint(3, 3))
    assert painter.hands.done == [("pick", "looked", 1), ("pick", "looked", 0)]

    def told() -> bool:
        """A busy machine may lose the first move of the mouse."""
        QTest.mouseMove(painter.canvas, QPoint(3, 3))
        QTest.mouseMove(painter.canvas, painter.layout.numbers[4].center().toPoint())
        return "2 → 3<br>0.6" in QToolTip.text()

    qtbot.waitUntil(told)


def test_longer_values_leave_the_nodes_where_they_are(qtbot: QtBot) -> None:
    painter = shown(qtbot, MOLE)
    before = painter.layout.places.copy()
    painter.card.show_frame(frame({**MOLE, "values": ("0.1", "0.3", "0.6")}))
    painter.canvas.grab()
    np.testing.assert_array_equal(painter.layout.places, before)


def test_the_same_values_are_not_drawn_again_and_another_theme_is(qtbot: QtBot) -> None:
    painter = shown(qtbot, MOLE)
    dark = pixels(painter)
    taken = painter.graph
    painter.card.show_frame(frame(MOLE))
    assert painter.graph is taken
    painter.card.restyle(Look(LIGHT))
    painter.card.show_frame(frame(MOLE))
    assert pixels(painter) != dark


def test_what_is_missing_or_diverged_is_left_out_quietly(qtbot: QtBot) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        painter = shown(qtbot, {})
        bare = pixels(painter)
        broken = np.array([[np.nan, 1.0], [np.inf, 2.0], [0.0, -1e305]])
        painter.card.show_frame(frame({**MOLE, "nodes": broken, "shares": np.full(3, np.nan)}))
        assert pixels(painter) == bare
        half = np.array([[0.0, 0.0], [np.nan, 2.0], [1.0, 1.0]])
        painter.card.show_frame(
            frame({**MOLE, "nodes": half, "links": np.array([[0, 1], [0, 2], [5, 0]]), "weights": ()})
        )
        assert pixels(painter) != bare
        assert len(painter.layout.arrows) == 1
        painter.card.show_frame(frame({"nodes": np.zeros((2, 2)), "links": np.array([[0, 1]])}))  # one upon the other
        painter.canvas.grab()
