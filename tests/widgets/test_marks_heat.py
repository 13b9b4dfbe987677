"""Heat: colours and contour lines of a field, its colour bar, and pointing at a place."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from lab.marks import Field, Heat, Panel
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.marks import contours, heat
from widgets.marks.colour_scale import Scale
from widgets.panel import Card
from widgets.theme import DARK, LIGHT

SIDE = np.linspace(-3, 3, 61)
X, Y = np.meshgrid(SIDE, SIDE)
BOWL = X**2 + Y**2


@pytest.fixture
def shown(qtbot):
    def make(mark, z=BOWL, hands=None, **rest):
        card = Card(Panel("Surface", mark, range_x=(-4, 4), range_y=(-4, 4), **rest), hands or Recorder(), Look(DARK))
        qtbot.addWidget(card)
        card.resize(500, 420)
        card.show()
        card.show_frame(frame({"j": Field(z, (-3, 3), (-3, 3))} if z is not None else {}))
        QApplication.processEvents()  # what stands in the plot takes its room
        card.plot.grab()  # the axes take theirs when they are first painted
        return card

    return make


def spot(card, x, y) -> QPoint:
    return card.plot.mapFromScene(card.plot.getViewBox().mapViewToScene(QPointF(x, y)))


def colour(card, x, y) -> QColor:
    return card.plot.grab().toImage().pixelColor(spot(card, x, y))


def close(one: QColor, other: str, by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one.getRgb()[:3], QColor(other).getRgb()[:3]))


def test_low_is_dark_and_high_is_bright_and_the_field_ends_where_it_ends(shown):
    card = shown(Heat("j", levels=0))
    assert close(colour(card, 0, 0), "#440154")  # the ends of matplotlib's viridis
    assert close(colour(card, 2.98, 2.98), "#fde725")
    assert close(colour(card, 3.5, 0), DARK.card, by=0)


def test_rows_go_up_and_columns_go_right(shown):
    card = shown(Heat("j", levels=0, colours="grey"), z=X + 10 * Y)
    corners = [colour(card, x, y).red() for x, y in ((-2.9, -2.9), (2.9, -2.9), (-2.9, 2.9), (2.9, 2.9))]
    assert corners == sorted(corners)
    assert corners[0] < 10 < corners[1] < 40 < 210 < corners[2] < corners[3]


def test_contour_lines_lie_at_their_height():
    ends = contours.contours(BOWL, np.array([1.0, 4.0])).reshape(-1, 2) * 0.1 - 3
    radii = np.hypot(*ends.T)
    assert len(ends) > 100
    assert np.abs(radii - np.round(radii)).max() < 0.01
    assert set(np.round(radii)) == {1.0, 2.0}


def test_contours_of_a_saddle_do_not_cross():
    high = contours.contours(np.array([[1.0, 0.0], [0.1, 1.0]]), np.array([0.5]))
    low = contours.contours(np.array([[1.0, 0.0], [0.0, 0.9]]), np.array([0.5]))
    assert [{tuple(np.round(end, 2)) for end in line} for line in high] == [
        {(0.5, 0), (1, 0.5)},  # the high corners meet in the middle: the low ones are cut off
        {(0.44, 1), (0, 0.56)},
    ]
    assert [{tuple(np.round(end, 2)) for end in line} for line in low] == [
        {(1, 0.56), (0.56, 1)},
        {(0, 0.5), (0.5, 0)},
    ]


def test_contour_lines_are_seen(shown):
    plain = shown(Heat("j", levels=0)).plot.grab().toImage()
    lined = shown(Heat("j", levels=10)).plot.grab().toImage()
    assert plain != lined


def test_a_logarithm_gives_every_decade_as_much_colour():
    decades = np.array([[0.0, 1.0, 10.0], [100.0, 1000.0, 1e4]])
    share = Scale.of(decades, log=True, diverging=False).share(decades).ravel()
    assert np.diff(share)[2:] == pytest.approx([share[-1] - share[-2]] * 3, rel=0.05)
    assert share[0] == 0
    assert share[-1] == pytest.approx(1)


def test_a_score_of_nothing_is_in_the_middle_of_the_colours():
    scores = np.array([[-1.0, 0.0, 4.0]])
    assert Scale.of(scores, log=False, diverging=True).share(scores).tolist() == [[0.375, 0.5, 1.0]]
    assert 0.5 in heat.levels(np.linspace(0, 1, 9), 14, diverging=True)


def test_levels_of_a_steep_surface_reach_its_flat_part():
    steep = np.linspace(0, 1, 1000) ** 8  # nine tenths of it are below 0.43
    levels = heat.levels(steep, 9, diverging=False)
    assert len(levels) == 9
    assert (np.diff(levels) > 0).all()
    assert (levels < 0.43).sum() >= 6


@pytest.mark.parametrize(
    ("z", "log", "texts"),
    [
        (BOWL, False, ["0", "5", "10", "15"]),
        (X / 100, False, ["−0.02", "0", "0.02"]),
        (10.0 ** (X + 1) - 0.01, True, ["0.1", "10", "1000"]),
        (2.3 + BOWL, True, ["2.4", "3.3", "12"]),
        (1e6 * BOWL, False, ["0", "5·10⁶", "10⁷", "1.5·10⁷"]),
        (np.ones((4, 4)), False, []),
    ],
)
def test_the_colour_bar_has_a_few_round_numbers(z, log, texts):
    ticks = [text for _, text in Scale.of(z, log, False).ticks()]
    assert sorted(ticks) == sorted(texts)


def test_the_colour_bar_takes_room_at_the_right(shown):
    with_bar, without = shown(Heat("j", bar=True)), shown(Heat("j"))
    assert with_bar.plot.getViewBox().width() < without.plot.getViewBox().width() - 20
    image = with_bar.plot.grab().toImage()
    x = round(with_bar.plot.getViewBox().geometry().right()) + 12
    top, bottom = (image.pixelColor(x, round(y)) for y in (8, with_bar.plot.getViewBox().geometry().bottom() - 3))
    assert close(top, "#fde725", by=30)
    assert close(bottom, "#440154", by=30)


def test_the_same_field_is_worked_out_once(shown, monkeypatch):
    card, calls = shown(Heat("j")), []
    monkeypatch.setattr(heat, "contours", lambda *given: calls.append(given) or np.empty((0, 2, 2)))
    for z, times in ((BOWL, 0), (BOWL, 0), (BOWL + 1, 1)):
        card.show_frame(frame({"j": Field(z, (-3, 3), (-3, 3))}))
        assert len(calls) == times
    card.restyle(Look(LIGHT))
    card.show_frame(frame({"j": Field(BOWL, (-3, 3), (-3, 3))}))
    assert len(calls) == 2


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 1e308, -1e308])
@pytest.mark.parametrize("log", [False, True])
def test_a_diverged_field_is_drawn_where_it_is_finite(shown, broken, log):
    z = BOWL.copy()
    z[:30] = broken
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        card = shown(Heat("j", log=log, bar=True, levels=5), z=z)
        if not np.isfinite(broken):
            assert close(colour(card, 0, -2), DARK.card, by=0)
        assert not close(colour(card, 0, 2), DARK.card)


@pytest.mark.parametrize("z", [np.full((9, 9), np.nan), np.zeros((9, 9)), np.ones((1, 1)), np.ones((1, 5)), None])
def test_an_empty_or_a_flat_field_harms_nobody(shown, z):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for mark in (Heat("j", bar=True), Heat("j", log=True, bar=True), Heat("j", colours="scores")):
            card = shown(mark, z=z)
            card.plot.grab()
            card.show_frame(frame({}))
            assert close(colour(card, 0, 0), DARK.card, by=0)


def test_hovering_points_at_a_place_and_clicking_does(shown, qtbot):
    hands = Recorder()
    card = shown(Heat("j", pick="place"), hands=hands)
    view = card.plot.viewport()
    qtbot.mouseMove(view, spot(card, 0, 0))
    qtbot.wait(20)  # the scene looks at a mouse that is moving a hundred times a second
    qtbot.mouseMove(view, spot(card, 1, -2))
    qtbot.waitUntil(lambda: bool(hands.done) and hands.done[-1][2] == pytest.approx((1, -2), abs=0.05))
    assert hands.done[-1][:2] == ("pick", "place")
    hands.done.clear()
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot(card, -1, 1))
    assert hands.done[-1][2] == pytest.approx((-1, 1), abs=0.05)
    hands.done.clear()
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot(card, 3.6, 1))  # no field there
    assert hands.done == []
