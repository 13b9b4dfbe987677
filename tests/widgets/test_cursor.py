"""The numbers under the mouse: right, out of the way, and only while the mouse is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.marks import Bars, Curve, Field, Heat, Line, Mark, Panel, Regions
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.marks.grid import value_at
from widgets.panel import Card
from widgets.theme import DARK

SIDE = np.linspace(-3, 3, 61)
X, Y = np.meshgrid(SIDE, SIDE)
PLANE = Field(2 * X + 10 * Y, (-3.0, 3.0), (-3.0, 3.0))
RANGE: dict[str, Any] = {"range_x": (-4.0, 4.0), "range_y": (-4.0, 4.0)}
Shown = Callable[..., Card]


@pytest.fixture
def shown(qtbot: QtBot) -> Shown:
    def make(*marks: Mark, values: dict[str, Any], metrics: dict[str, Any] | None = None, **rest: Any) -> Card:
        card = Card(Panel("Plot", *marks, **rest), Recorder(), Look(DARK))
        qtbot.addWidget(card)
        card.resize(500, 420)
        card.show()
        qtbot.waitExposed(card)
        card.show_frame(frame(values, metrics))
        for _ in range(2):  # the axes take their room when they are first painted
            card.grab()
            QApplication.processEvents()
        return card

    return make


def spot(card: Card, x: float, y: float) -> QPoint:
    assert card.plot is not None
    return card.plot.mapFromScene(card.plot.getViewBox().mapViewToScene(QPointF(x, y)))


def pointed(card: Card, x: float, y: float) -> str:
    """Move the mouse there, and read. Sent by hand: a real one that is there already would not move."""
    assert card.plot is not None
    place, none = spot(card, x, y), Qt.MouseButton.NoButton
    at, on_screen = QPointF(place), QPointF(card.plot.viewport().mapToGlobal(place))
    no_keys = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(card.plot.viewport(), QMouseEvent(QEvent.Type.MouseMove, at, on_screen, none, none, no_keys))
    return card.plot.note.text() if card.plot.note.isVisible() else ""


def numbers(said: str) -> list[float]:
    words = said.replace("−", "-").replace(",", " ").split()
    return [float(word) for word in words if word.lstrip("-").replace(".", "").isdigit()]


def test_coordinates_carry_the_symbols_of_the_axes(shown: Shown) -> None:
    card = shown(Heat("j", levels=0), values={"j": PLANE}, x="w₁", y="w₂, the other weight", **RANGE)
    said = pointed(card, 1.0, -2.0).splitlines()
    assert said[0].startswith("w₁ = ")
    assert "w₂ = −" in said[0]
    assert numbers(said[0]) == pytest.approx([1.0, -2.0], abs=0.03)


def test_the_height_of_the_field_is_told_within_it_and_not_beyond(shown: Shown) -> None:
    card = shown(Heat("j", levels=0), values={"j": PLANE}, **RANGE)
    said = pointed(card, 1.0, 2.0).splitlines()
    x, y = numbers(said[0])
    assert numbers(said[1]) == pytest.approx([2 * x + 10 * y], abs=0.15)
    assert len(pointed(card, 3.5, 3.5).splitlines()) == 1


def test_between_nodes_the_height_is_interpolated() -> None:
    field = Field(np.array([[0.0, 1.0], [2.0, 3.0]]), (0.0, 1.0), (0.0, 1.0))
    assert value_at(field, 0.5, 0.5) == pytest.approx(1.5)
    assert value_at(field, 1.0, 1.0) == pytest.approx(3.0)
    assert value_at(field, 0.25, 0.0) == pytest.approx(0.25)
    assert value_at(field, 0.9, 0.9, nearest=True) == 3.0
    assert np.isnan(value_at(field, 1.1, 0.5))
    assert np.isnan(value_at(None, 0.5, 0.5))


def test_a_region_tells_its_class(shown: Shown) -> None:
    card = shown(Regions("r"), values={"r": Field((X > 0) * 2.0, (-3.0, 3.0), (-3.0, 3.0))}, **RANGE)
    assert pointed(card, 2.0, 0.0).endswith("class 2")
    assert pointed(card, -2.0, 0.0).endswith("class 0")


def test_a_line_tells_its_height_at_the_mouse(shown: Shown) -> None:
    line = np.array([[0.0, 1.0], [3.0, 7.0]])
    card = shown(Line("f", label="model"), values={"f": line}, **RANGE)
    said = pointed(card, 1.5, 0.0)
    x, _ = numbers(said.splitlines()[0])
    assert said.splitlines()[1].startswith("model: ")
    assert numbers(said.splitlines()[1]) == pytest.approx([1 + 2 * x], abs=0.03)


def test_a_log_axis_is_read_in_the_units_of_the_data(shown: Shown) -> None:
    powers = np.array([[0.0, 1.0], [2.0, 100.0]])
    card = shown(Line("f"), values={"f": powers}, log_y=True, range_x=(0.0, 2.0), range_y=(0.0, 2.0))
    said = pointed(card, 1.0, 1.5)
    x, y = numbers(said.splitlines()[0])
    assert y == pytest.approx(10**1.5, rel=0.03)
    assert numbers(said.splitlines()[1]) == pytest.approx([10**x], rel=0.02)


def test_a_line_that_turns_back_has_no_height_to_tell(shown: Shown) -> None:
    ring = np.column_stack([np.cos(SIDE), np.sin(SIDE)])
    assert len(pointed(shown(Line("f"), values={"f": ring}, **RANGE), 0.5, 0.0).splitlines()) == 1


def test_bars_have_names_instead_of_an_x(shown: Shown) -> None:
    card = shown(Bars("h"), values={"h": np.array([1.0, 2.0, 3.0])}, x="class", y="share")
    said = pointed(card, 1.0, 1.0)
    assert said.startswith("share = ")
    assert "class" not in said


def test_curves_keep_their_own_reading(shown: Shown) -> None:
    card = shown(Curve("loss"), values={}, metrics={"loss": [3.0, 2.0, 1.0]})
    assert pointed(card, 1.0, 2.0) == ""


def test_it_goes_when_the_mouse_leaves_and_is_not_asked_then(shown: Shown) -> None:
    card = shown(Heat("j", levels=0), values={"j": PLANE}, **RANGE)
    assert pointed(card, 1.0, 1.0)
    assert card.plot is not None
    QApplication.sendEvent(card.plot, QEvent(QEvent.Type.Leave))
    assert card.plot.note.isHidden()
    asked: list[float] = []
    card.plot.readers[0].read = lambda x, y: asked.append(x) or ""  # type: ignore[method-assign,func-returns-value]
    card.show_frame(frame({"j": Field(PLANE.z * 2, PLANE.x, PLANE.y)}))
    assert asked == []
    assert card.plot.note.isHidden()


def test_it_follows_the_frames_of_a_run_while_the_mouse_rests(shown: Shown) -> None:
    card = shown(Heat("j", levels=0), values={"j": PLANE}, **RANGE)
    before = numbers(pointed(card, 1.0, 2.0))[-1]
    card.show_frame(frame({"j": Field(PLANE.z * 2, PLANE.x, PLANE.y)}, t=1))
    assert card.plot is not None
    assert numbers(card.plot.note.text())[-1] == pytest.approx(2 * before, rel=0.01)


def test_it_keeps_out_of_the_way_of_the_mouse_and_lets_it_through(shown: Shown) -> None:
    card = shown(Heat("j", levels=0), values={"j": PLANE}, **RANGE)
    assert card.plot is not None
    for x, y in ((3.9, 3.9), (3.0, 3.8), (-3.9, 3.9), (0.0, 0.0)):
        assert pointed(card, x, y)
        assert not card.plot.note.geometry().contains(spot(card, x, y))
    assert card.plot.note.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
