"""A network: its units and links, what hovering tells, what clicks pick, and a weight typed on its link."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QToolTip
from pytestqt.qtbot import QtBot

from lab.marks import Net, Network, Panel
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.marks.network import Link
from widgets.panel import Card
from widgets.theme import DARK

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.qt_log_ignore("This plugin does not support raise"),  # the offscreen platform, to any tooltip
]

WEIGHTS = ([[0.31, 2.0, 0.0], [-1.2, 0.5, -2.0]], [[1.0], [-1.0], [0.02]])
NET = Net(WEIGHTS, ([0.4, 0.0, -1.0], [0.25]), (), (("x₁", "x₂"), (), ("ŷ",)))


def shown(qtbot: QtBot, net: Any, mark: Network | None = None, size: tuple[int, int] = (520, 360), **more: Any) -> Any:
    """The card's one painter, on screen, with its values taken."""
    card = Card(Panel("Network", mark or Network("net")), Recorder(), Look(DARK))
    qtbot.addWidget(card)
    card.resize(*size)
    with qtbot.waitExposed(card):
        card.show()
    card.show_frame(frame({"net": net, **more}))
    painter: Any = card.drawers[0]
    painter.card = card
    painter.canvas.grab()
    return painter


def unit(painter: Any, layer: int, index: int) -> QPoint:
    column = painter.columns[layer]
    return QPoint(round(column.x), round(column.y[index]))


def near_target(painter: Any, layer: int, source: int, target: int) -> QPoint:
    """On a link where it nears its target: two thirds of the time have gone, 20/27 of the rise is done."""
    before, after = painter.columns[layer], painter.columns[layer + 1]
    start, end = before.x + before.size / 2, after.x - after.size / 2
    x = start + (1.5 * 2 / 9 + 8 / 27) * (end - start)
    y = before.y[source] + 20 / 27 * (after.y[target] - before.y[source])
    return QPointF(x, y).toPoint()


def seen(painter: Any, at: QPoint) -> QColor:
    return painter.canvas.grab().toImage().pixelColor(at)


def test_positive_links_are_orange_negative_ones_blue_and_tiny_ones_absent(qtbot: QtBot) -> None:
    painter = shown(qtbot, NET)
    bare = shown(qtbot, NET._replace(weights=([[0.0] * 3] * 2, [[0.0]] * 3)))
    positive, negative = seen(painter, near_target(painter, 0, 0, 1)), seen(painter, near_target(painter, 0, 1, 2))
    assert positive.red() > positive.blue() + 60
    assert negative.blue() > negative.red() + 60
    nothing = near_target(painter, 1, 2, 0)  # 0.02 is a hundredth of the largest
    assert seen(painter, nothing) == seen(bare, nothing)


def test_a_larger_weight_makes_a_wider_link(qtbot: QtBot) -> None:
    painter = shown(qtbot, Net(([[2.0], [0.5]],), ([0.0],)))
    picture = painter.canvas.grab().toImage()
    ground = picture.pixelColor(1, 1)

    def width(source: int) -> int:
        x = round(painter.columns[0].x + painter.columns[0].size / 2) + 8
        y = round(painter.columns[0].y[source])
        return sum(picture.pixelColor(x, y + away) != ground for away in range(-9, 10))

    assert width(0) > width(1) > 0


def test_units_show_their_maps_from_below(qtbot: QtBot) -> None:
    rising = np.repeat(np.linspace(-1, 1, 10)[:, None], 10, axis=1)  # like a Field, row 0 is at the bottom
    maps = ((rising, rising.T), None, None)
    painter = shown(qtbot, NET._replace(maps=(np.array(maps[0]), None, np.array([rising]))))
    reach = QPoint(0, round(painter.columns[0].size / 3))
    above, below = seen(painter, unit(painter, 0, 0) - reach), seen(painter, unit(painter, 0, 0) + reach)
    assert above.red() > above.blue() + 60
    assert below.blue() > below.red() + 60
    assert seen(painter, unit(painter, 1, 1)) == QColor(DARK.field)  # a disc


def test_eight_layers_of_32_fit_without_touching(qtbot: QtBot) -> None:
    rng = np.random.default_rng(0)
    net = Net([rng.normal(size=(32, 32)) for _ in range(7)], [np.zeros(32)] * 7)
    painter = shown(qtbot, net, size=(460, 340))
    for column in painter.columns:
        assert column.y[0] - column.size / 2 >= 0
        assert column.y[-1] + column.size / 2 < painter.canvas.height()
        assert column.y[1] - column.y[0] > column.size
    across = [column.x for column in painter.columns]
    assert across[0] > 0
    assert across[-1] < painter.canvas.width()
    assert min(np.diff(across)) > 2 * painter.columns[0].size


def test_hovering_a_unit_tells_its_formula_in_numbers(qtbot: QtBot) -> None:
    painter = shown(qtbot, NET)
    still = painter.canvas.grab().toImage()
    QTest.mouseMove(painter.canvas, unit(painter, 1, 0))
    qtbot.waitUntil(lambda: "h₁ = f(0.31·x₁ − 1.2·x₂ + 0.4)" in QToolTip.text())
    assert painter.canvas.grab().toImage() != still  # its links stand out
    QTest.mouseMove(painter.canvas, unit(painter, 2, 0))
    qtbot.waitUntil(lambda: "ŷ = f(1·h₁ − 1·h₂ + 0.02·h₃ + 0.25)" in QToolTip.text())


def test_a_long_formula_keeps_the_largest_terms(qtbot: QtBot) -> None:
    weights = np.full((20, 1), 0.01)
    weights[[2, 3, 7, 11, 13, 19], 0] = 2, -3, 4, 5, 6, 7
    painter = shown(qtbot, Net((weights,), ([0.5],)))
    said = painter.over(QPointF(unit(painter, 1, 0)))
    assert said == "y = f(2·x₃ − 3·x₄ + 4·x₈ + 5·x₁₂ + 6·x₁₄ + 7·x₂₀ + … + 0.5)"


def test_hovering_a_link_tells_its_weight(qtbot: QtBot) -> None:
    painter = shown(qtbot, NET._replace(gradients=([[0.0, 0.0, 0.0], [0.0, 0.0, 0.125]], [[0.0]] * 3)))
    QTest.mouseMove(painter.canvas, near_target(painter, 0, 1, 2))
    qtbot.waitUntil(lambda: "x₂ → h₃" in QToolTip.text())
    assert "weight −2" in QToolTip.text()
    assert "gradient 0.125" in QToolTip.text()


def test_a_click_on_a_unit_picks_it_and_the_chosen_one_is_framed(qtbot: QtBot) -> None:
    painter = shown(qtbot, NET, Network("net", chosen="unit", pick="unit"), unit=(0, 1))
    QTest.mouseClick(painter.canvas, Qt.MouseButton.LeftButton, pos=unit(painter, 1, 2))
    assert painter.hands.done == [("pick", "unit", (1, 2))]
    picture = painter.canvas.grab().toImage()

    def framed(index: int) -> bool:
        below = unit(painter, 0, index) + QPoint(0, round(painter.columns[0].size / 2))
        return any(picture.pixelColor(below.x(), below.y() + away) == QColor(DARK.accent) for away in range(7))

    assert framed(1)
    assert not framed(0)


def test_a_weight_is_typed_on_its_link(qtbot: QtBot) -> None:
    painter = shown(qtbot, NET, Network("net", edit="set_weight"))
    QTest.mouseClick(painter.canvas, Qt.MouseButton.LeftButton, pos=near_target(painter, 0, 1, 2))
    assert painter.editor.text() == "−2"
    QTest.keyClicks(painter.editor, "two")
    QTest.keyClick(painter.editor, Qt.Key.Key_Return)
    assert painter.hands.done == []  # no number: it waits for one
    QTest.keyClicks(painter.editor, "-0,75")
    QTest.keyClick(painter.editor, Qt.Key.Key_Return)
    assert painter.hands.done == [("act", "set_weight", [0, 1, 2, -0.75], 1)]
    assert painter.editor is None


def test_escape_or_a_network_of_another_shape_leaves_the_weight_alone(qtbot: QtBot) -> None:
    painter = shown(qtbot, NET, Network("net", edit="set_weight"))
    at = near_target(painter, 0, 1, 2)
    QTest.mouseClick(painter.canvas, Qt.MouseButton.LeftButton, pos=at)
    QTest.keyClicks(painter.editor, "5")
    QTest.keyClick(painter.editor, Qt.Key.Key_Escape)
    assert painter.editor is None
    QTest.mouseClick(painter.canvas, Qt.MouseButton.LeftButton, pos=at)
    painter.card.show_frame(frame({"net": Net(([[1.0]],), ([0.0],))}))
    assert painter.editor is None
    assert painter.hands.done == []


def test_without_an_action_links_are_not_edited(qtbot: QtBot) -> None:
    painter = shown(qtbot, NET)
    QTest.mouseClick(painter.canvas, Qt.MouseButton.LeftButton, pos=near_target(painter, 0, 1, 2))
    assert painter.editor is None


def test_the_mouse_may_rest_while_the_network_changes_shape(qtbot: QtBot) -> None:
    painter = shown(qtbot, NET)
    QTest.mouseMove(painter.canvas, unit(painter, 1, 2))
    qtbot.waitUntil(lambda: painter.unit == (1, 2))
    for net in (Net(([[1.0]],), ([0.0],)), None, NET):
        painter.card.show_frame(frame({"net": net}))
        painter.canvas.grab()
    assert painter.sizes == [2, 3, 1]


def test_the_present_weights_are_drawn_in_the_end(qtbot: QtBot) -> None:
    painter = shown(qtbot, NET)
    for scale in (0.5, -0.5, -1.0):  # faster than links are drawn
        weights = [np.array(w) * scale for w in WEIGHTS]
        painter.card.show_frame(frame({"net": NET._replace(weights=weights)}))
        painter.canvas.grab()

    def turned_blue() -> bool:
        colour = seen(painter, near_target(painter, 0, 0, 1))
        return colour.blue() > colour.red() + 60

    qtbot.waitUntil(turned_blue, timeout=1000)


def test_a_diverged_network_draws_what_is_finite(qtbot: QtBot) -> None:
    weights = ([[np.nan, 2.0, np.inf], [-np.inf, 0.5, -2.0]], [[np.nan]] * 3)
    maps = (None, np.full((3, 4, 4), np.nan), None)
    painter = shown(qtbot, NET._replace(weights=weights, maps=maps))
    colour = seen(painter, near_target(painter, 0, 0, 1))
    assert colour.red() > colour.blue() + 60
    assert "NaN·x₁" in painter.over(QPointF(unit(painter, 1, 0)))
    painter.card.show_frame(frame({"net": NET._replace(weights=[np.array(w) * np.nan for w in WEIGHTS])}))
    painter.canvas.grab()


def test_only_the_largest_links_of_a_wide_layer_are_drawn(qtbot: QtBot) -> None:
    weights = np.linspace(0.5, 1.0, 40 * 40).reshape(40, 40)
    painter = shown(qtbot, Net((weights,), (np.zeros(40),)))
    drawn = painter._strongest()
    assert len(drawn) == 500
    assert drawn[-1] == Link(0, 39, 39)
    assert min(link.source for link in drawn) == 27


HELD = ([[1, 0, -1], [0, 0, -1]], [[-1], [0], [0]])


def asked(painter: Any, at: QPoint) -> QMenu | None:
    """The menu that a right click opens here."""
    canvas = painter.canvas
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, canvas.mapToGlobal(at))
    QApplication.sendEvent(canvas, event)
    menus = [menu for menu in canvas.findChildren(QMenu) if menu.isVisible()]
    return menus[0] if menus else None


def chosen(menu: QMenu) -> list[str]:
    return [entry.text() for entry in menu.actions() if entry.isChecked()]


def test_a_right_click_on_a_link_freezes_its_weight_or_switches_it_off(qtbot: QtBot) -> None:
    painter = shown(qtbot, NET._replace(held=HELD), Network("net", hold="hold"))
    menu = asked(painter, near_target(painter, 0, 0, 0))
    assert menu is not None
    assert chosen(menu) == ["Frozen"]
    next(entry for entry in menu.actions() if entry.text() == "Switched off").trigger()
    assert [did[:3] for did in painter.hands.done] == [("act", "hold", [0, 0, 0, -1])]
    menu.close()


def test_a_right_click_on_a_unit_holds_all_its_weights_but_inputs_have_none(qtbot: QtBot) -> None:
    painter = shown(qtbot, NET._replace(held=HELD), Network("net", hold_unit="hold_unit"))
    assert asked(painter, unit(painter, 0, 0)) is None
    assert asked(painter, near_target(painter, 0, 0, 0)) is None  # no action for links
    menu = asked(painter, unit(painter, 1, 0))
    assert menu is not None
    assert chosen(menu) == ["Switched off"]
    menu.actions()[0].trigger()
    assert [did[:3] for did in painter.hands.done] == [("act", "hold_unit", [1, 0, 0])]
    menu.close()


def test_hovering_tells_what_is_held_and_a_unit_switched_off_is_crossed_out(qtbot: QtBot) -> None:
    painter = shown(qtbot, NET._replace(held=HELD))
    at = near_target(painter, 0, 0, 0)
    assert painter.over(QPointF(at)).endswith("weight 0.31\nfrozen")
    painter.over(None)
    middle = unit(painter, 1, 0)
    crossed, whole = (painter.canvas.grab().toImage().pixelColor(unit(painter, 1, u)).lightness() for u in (0, 1))
    assert crossed > whole + 80
    assert middle


def test_links_show_what_flows_back_while_hovering_still_tells_the_weight(qtbot: QtBot) -> None:
    flow = ([[0.0, 0.0, 0.0], [0.0, 0.0, 0.9]], [[0.0], [0.0], [-0.9]])
    painter = shown(qtbot, NET._replace(flow=flow))
    drawn = {tuple(link) for link in painter._strongest()}
    assert drawn == {(0, 1, 2), (1, 2, 0)}
    assert painter.over(QPointF(near_target(painter, 0, 1, 2))).endswith("weight −2\nof this sample 0.9")
