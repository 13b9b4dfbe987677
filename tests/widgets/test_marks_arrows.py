"""Arrows: shafts and heads that keep their pixels, in several colours."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor

from lab.marks import Arrows, Panel
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.panel import Card
from widgets.theme import DARK, LIGHT

AT = np.array([[-3.0, -2.0], [-3.0, 2.0]])
BY = np.array([[5.0, 0.0], [5.0, 0.0]])


@pytest.fixture
def shown(qtbot):
    def make(mark=None, at=AT, by=BY, look=None, half=4):
        mark = mark or Arrows("at", "by")
        panel = Panel("Vectors", mark, range_x=(-half, half), range_y=(-half, half))
        card = Card(panel, Recorder(), look or Look(DARK))
        qtbot.addWidget(card)
        card.resize(500, 420)
        card.show()
        card.show_frame(frame({"at": at, "by": by}))
        card.plot.grab()  # the axes take their room when they are first painted
        return card

    return make


def column(card, x, y, name, reach=20) -> int:
    """How many pixels of a colour stand above each other at a place."""
    at = card.plot.mapFromScene(card.plot.getViewBox().mapViewToScene(QPointF(x, y)))
    image, wanted = card.plot.grab().toImage(), np.array(QColor(name).getRgb()[:3])
    seen = [image.pixelColor(at.x(), at.y() + j).getRgb()[:3] for j in range(-reach, reach + 1)]
    return int((np.abs(np.array(seen) - wanted).max(axis=1) < 60).sum())


def pixel(card) -> float:
    return float(card.plot.getViewBox().viewPixelSize()[0])


def test_each_arrow_has_its_class_colour_and_a_head_at_its_tip(shown):
    card = shown()
    for y, name in ((-2, DARK.classes[0]), (2, DARK.classes[1])):
        assert 2 <= column(card, 0, y, name) <= 4  # the shaft
        assert column(card, 2 - 9 * pixel(card), y, name) >= 5  # the head
        assert column(card, 2.2, y, name) == 0


def test_zooming_leaves_shaft_and_head_as_wide(shown):
    far, near = shown(half=4), shown(half=40)
    shaft = [column(card, -2.5, 2, DARK.classes[1]) for card in (far, near)]
    head = [column(card, 2 - 9 * pixel(card), 2, DARK.classes[1]) for card in (far, near)]
    assert abs(shaft[0] - shaft[1]) <= 1
    assert abs(head[0] - head[1]) <= 1
    card = shown()
    card.plot.getViewBox().scaleBy((0.75, 0.75))
    assert column(card, 0, 1.5, DARK.classes[1], reach=8) == 0
    assert abs(column(card, 0, 2, DARK.classes[1]) - shaft[0]) <= 1


def test_a_presenter_sees_thicker_arrows(shown):
    usual, large = shown(), shown(look=Look(DARK, 2.0))
    assert column(large, 0, 2, DARK.classes[1]) >= column(usual, 0, 2, DARK.classes[1]) + 2


def test_a_tint_colours_all_and_the_legend_has_the_label(shown):
    card = shown(Arrows("at", "by", tint="warn", label="gradient", dashed=True))
    assert [(e.label, e.colour, e.dashed) for e in card.drawers[0].legend()] == [("gradient", DARK.warn, True)]
    hits = [column(card, x, 2, DARK.warn) > 0 for x in np.linspace(-2.8, 1.5, 40)]
    assert 8 < sum(hits) < 36  # dashes and gaps


def test_the_view_holds_tails_and_tips(shown):
    assert shown().drawers[0].bounds() == (-3, 2, -2, 2)


def test_no_length_no_number_and_no_values_draw_nothing(shown):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wild = np.array([[np.nan, 0], [0, np.inf], [1e308, 1e308], [0.0, 0.0]])
        empty = shown(at=None, by=None).plot.grab().toImage()
        for at, by in ((np.zeros((3, 2)), np.zeros((3, 2))), (wild[:2], wild[:2]), (AT, BY[:1]), (AT, None)):
            assert shown(at=at, by=by).plot.grab().toImage() == empty
        assert shown(at=wild, by=wild).drawers[0].bounds() is not None
        shown(at=AT, by=np.array([[1e308, 1e308], [1.0, 0.0]])).plot.grab()


def test_a_single_vector_may_be_flat(shown):
    card = shown(at=np.array([-3.0, 0.0]), by=np.array([5.0, 0.0]))
    assert column(card, 0, 0, DARK.classes[0]) >= 1


def test_the_same_arrows_are_not_made_again_and_a_theme_shows_at_once(shown):
    card = shown()
    kept = card.drawers[0].quiver.ends
    card.show_frame(frame({"at": AT, "by": BY}))
    assert card.drawers[0].quiver.ends is kept
    card.restyle(Look(LIGHT))
    card.show_frame(frame({"at": AT, "by": BY}))
    assert column(card, 0, 2, LIGHT.classes[1]) >= 2
