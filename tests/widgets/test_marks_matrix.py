"""A matrix: colours and numbers in its cells, what hovering tells, what a click picks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from lab.marks import Matrix, Panel
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.marks.matrix import figures
from widgets.panel import Card
from widgets.theme import DARK, LIGHT

pytestmark = pytest.mark.filterwarnings("error")


def shown(qtbot: QtBot, mark: Matrix, size: tuple[int, int] = (420, 320), **values: Any) -> Any:
    """The card's one painter, on screen, with its values taken."""
    card = Card(Panel("Weights", mark), Recorder(), Look(DARK))
    qtbot.addWidget(card)
    card.resize(*size)
    with qtbot.waitExposed(card):
        card.show()
    card.show_frame(frame(values))
    painter: Any = card.drawers[0]
    painter.card = card
    painter.canvas.grab()
    return painter


def middle(painter: Any, row: int, column: int, across: float = 0.5, down: float = 0.5) -> QPoint:
    left, top, width, height, _ = painter.place
    return QPoint(round(left + (column + across) * width), round(top + (row + down) * height))


def ground(painter: Any, row: int, column: int) -> QColor:
    """The colour of a cell, beside its number."""
    return painter.canvas.grab().toImage().pixelColor(middle(painter, row, column, 0.1, 0.1))


def lightness(painter: Any, row: int, column: int) -> set[int]:
    left, top, width, height, _ = painter.place
    picture: QImage = painter.canvas.grab().toImage()
    box = picture.copy(left + column * width + 2, top + row * height + 2, width - 4, height - 4)
    return {box.pixelColor(x, y).lightness() for x in range(box.width()) for y in range(box.height())}


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_negative_cells_are_blue_and_positive_ones_orange(qtbot: QtBot, theme: Any) -> None:
    painter = shown(qtbot, Matrix("w"), w=np.array([[-2.0, 0.0], [0.0, 2.0]]))
    painter.card.restyle(Look(theme))
    painter.card.show_frame(frame({"w": np.array([[-2.0, 0.0], [0.0, 2.0]])}))
    blue, none, orange = (ground(painter, *cell) for cell in ((0, 0), (0, 1), (1, 1)))
    assert blue.blue() > blue.red() + 60
    assert orange.red() > orange.blue() + 60
    assert abs(none.red() - none.blue()) < 25


def test_numbers_stand_out_on_dark_and_on_light_cells(qtbot: QtBot) -> None:
    painter = shown(qtbot, Matrix("w", colours="viridis"), w=np.array([[1.0, 2.0]]))
    assert max(lightness(painter, 0, 0)) > 230  # white on the dark end of viridis
    assert min(lightness(painter, 0, 1)) < 60  # near black on its bright end


def test_numbers_are_left_out_where_they_do_not_fit(qtbot: QtBot) -> None:
    roomy = shown(qtbot, Matrix("w"), w=np.full((3, 3), 0.25))
    crowded = shown(qtbot, Matrix("w"), w=np.full((40, 40), 0.25))
    assert len(lightness(roomy, 1, 1)) > 1
    assert {len(lightness(crowded, i, 20)) for i in range(40)} == {1}


def test_cells_are_square_unless_only_wider_ones_hold_their_numbers(qtbot: QtBot) -> None:
    square = shown(qtbot, Matrix("w"), w=np.full((3, 5), 0.25)).place
    tall = shown(qtbot, Matrix("w"), w=np.full((16, 3), -0.25)).place
    assert square.width == square.height
    assert tall.width > tall.height


@pytest.mark.qt_log_ignore("This plugin does not support raise")  # the offscreen platform, to any tooltip
def test_hovering_tells_row_column_and_exact_value(qtbot: QtBot) -> None:
    painter = shown(
        qtbot, Matrix("w", rows="r", columns="c"), w=np.array([[1, 2], [-0.123456789, 4]]), r=["a", "<s>"], c=["x", "y"]
    )
    QTest.mouseMove(painter.canvas, middle(painter, 1, 0))
    qtbot.waitUntil(lambda: "0.123456789" in QToolTip.text())
    assert "row 2 · &lt;s&gt;" in QToolTip.text()
    assert "column 1 · x" in QToolTip.text()
    painter.card.show_frame(frame({"w": np.array([[1, 2], [7.25, 4]]), "r": ["a", "b"], "c": ["x", "y"]}))
    assert "7.25" in QToolTip.text()  # the mouse rests while the run goes on
    QTest.mouseMove(painter.canvas, QPoint(1, 1))
    qtbot.waitUntil(lambda: not QToolTip.text())


def test_a_click_picks_row_and_column(qtbot: QtBot) -> None:
    painter = shown(qtbot, Matrix("w", pick="cell"), w=np.eye(3))
    QTest.mouseClick(painter.canvas, Qt.MouseButton.LeftButton, pos=middle(painter, 2, 1))
    QTest.mouseClick(painter.canvas, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))  # beside the cells
    assert painter.hands.done == [("pick", "cell", (2, 1))]


def test_labels_stand_upright_where_cells_are_narrow(qtbot: QtBot) -> None:
    names = [f"a long name {i}" for i in range(12)]
    assert shown(qtbot, Matrix("w", columns="c"), w=np.eye(12), c=names).place.upright
    assert not shown(qtbot, Matrix("w", columns="c"), w=np.eye(3), c=["a", "b", "c"]).place.upright


def test_a_diverged_matrix_draws_what_is_finite(qtbot: QtBot) -> None:
    painter = shown(qtbot, Matrix("w"), w=np.array([[np.nan, np.inf], [-np.inf, -3.0]]))
    blue = ground(painter, 1, 1)
    assert blue.blue() > blue.red() + 60
    assert ground(painter, 0, 0) == QColor(DARK.field)
    assert painter.texts[3] == ["NaN", "∞", "−∞", "−3"]
    painter.card.show_frame(frame({"w": np.full((2, 2), np.nan)}))
    painter.card.show_frame(frame({"w": np.array([[1.7e308, -1.7e308]])}))
    assert ground(painter, 0, 0) != ground(painter, 0, 1)


def test_without_a_value_nothing_is_drawn(qtbot: QtBot) -> None:
    painter = shown(qtbot, Matrix("w"))
    empty = painter.canvas.grab().toImage()
    painter.card.show_frame(frame({"w": np.eye(2)}))
    assert painter.canvas.grab().toImage() != empty
    painter.card.show_frame(frame())
    assert painter.canvas.grab().toImage() == empty


def test_the_same_object_is_not_taken_twice(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    w = np.eye(2)
    painter = shown(qtbot, Matrix("w"), w=w)
    taken: list[Any] = []
    monkeypatch.setattr(painter, "take", lambda *values: taken.append(values))
    painter.card.show_frame(frame({"w": w}, t=1))
    assert not taken
    painter.card.show_frame(frame({"w": w.copy()}, t=2))
    assert len(taken) == 1


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (-1.23456, "−1.23"),
        (0.5, "0.5"),
        (1234.5, "1234"),
        (99999, "99999"),
        (-1e-8, "−10⁻⁸"),
        (2.5e7, "2.5·10⁷"),
        (float("nan"), "NaN"),
        (float("-inf"), "−∞"),
    ],
)
def test_numbers_are_written_as_a_person_would(value: float, written: str) -> None:
    assert figures(value) == written


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_lit_cells_have_one_frame_around_them(qtbot: QtBot, theme: Any) -> None:
    lit = np.array([[False, True], [False, True]])
    painter = shown(qtbot, Matrix("w", lit="lit", numbers=False), w=np.zeros((2, 2)), lit=lit)
    painter.card.restyle(Look(theme))
    painter.card.show_frame(frame({"w": np.zeros((2, 2)), "lit": lit}))
    picture = painter.canvas.grab().toImage()

    def framed(row: int, column: int, across: float, down: float) -> bool:
        return picture.pixelColor(middle(painter, row, column, across, down)) == QColor(theme.accent)

    assert framed(0, 1, 0, 0.5)  # at their left
    assert framed(1, 1, 0.5, 1)  # below
    assert not framed(0, 1, 0.5, 1)  # not between them
    assert not framed(0, 0, 0.5, 0)  # nor about the others
