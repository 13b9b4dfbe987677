"""Guide: dashed lines across and upright, with a label at the edge."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor

from lab.marks import Curve, Guide, Panel
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.panel import Card
from widgets.theme import DARK, LIGHT


@pytest.fixture
def shown(qtbot):
    def make(mark, metrics=None, **values):
        ranges = {} if metrics else {"range_x": (-4, 4), "range_y": (-4, 4)}
        curve = (Curve("loss", log_y=True),) if metrics else ()
        card = Card(Panel("Guides", mark, *curve, **ranges), Recorder(), Look(DARK))
        qtbot.addWidget(card)
        card.resize(500, 420)
        card.show()
        card.show_frame(frame(values, metrics=metrics))
        card.plot.grab()  # the axes take their room when they are first painted
        return card

    return make


def inked(card, places, name=DARK.quiet) -> int:
    """At how many of these places there is the colour, to a pixel."""
    image, wanted = card.plot.grab().toImage(), np.array(QColor(name).getRgb()[:3])
    count = 0
    for x, y in places:
        at = card.plot.mapFromScene(card.plot.getViewBox().mapViewToScene(QPointF(x, y)))
        seen = [image.pixelColor(at.x() + i, at.y() + j).getRgb()[:3] for i in (-1, 0, 1) for j in (-1, 0, 1)]
        count += bool((np.abs(np.array(seen) - wanted).max(axis=1) < 50).any())
    return count


SPOTS = np.linspace(-3.9, 3.9, 101)


def across(y):
    return [(x, y) for x in SPOTS]


def upright(x):
    return [(x, y) for y in SPOTS]


def corner(card, right, top, name=DARK.quiet) -> int:
    """Pixels of a colour in a corner of the plot, where labels stand."""
    image = card.plot.grab().toImage()
    box = card.plot.getViewBox().geometry()
    xs = range(int(box.right()) - 70, int(box.right())) if right else range(int(box.left()), int(box.left()) + 70)
    ys = range(int(box.top()) + 2, int(box.top()) + 20) if top else range(int(box.bottom()) - 20, int(box.bottom()))
    wanted = np.array(QColor(name).getRgb()[:3])
    return sum(np.abs(np.array(image.pixelColor(x, y).getRgb()[:3]) - wanted).max() < 50 for x in xs for y in ys)


def test_lines_run_across_and_upright_from_edge_to_edge_with_gaps(shown):
    card = shown(Guide(x="a", y="b"), a=1.0, b=np.array([-2.0, 2.0]))
    for line in (across(-2), across(2), upright(1)):
        assert 40 < inked(card, line) < 100
    assert inked(card, across(0.5)) <= 3  # where it crosses the upright one


def test_the_label_stands_at_the_edge_and_inside_it(shown):
    plain, named = shown(Guide(y="b"), b=3.0), shown(Guide(y="b", label="limit"), b=3.0)
    assert plain.plot.grab().toImage() != named.plot.grab().toImage()
    high = shown(Guide(y="b", label="limit"), b=3.95)  # too near the top for a label above it
    assert corner(high, right=True, top=True) > corner(shown(Guide(y="b"), b=3.95), right=True, top=True) + 20
    far = shown(Guide(x="a", label="limit"), a=3.95)
    assert corner(far, right=True, top=True) > corner(shown(Guide(x="a"), a=3.95), right=True, top=True) + 20
    outside = shown(Guide(x="a", label="limit"), a=9.0)
    assert outside.plot.grab().toImage() == shown(Guide(x="a"), a=9.0).plot.grab().toImage()


def test_the_view_must_hold_the_values_but_asks_nothing_of_the_other_axis(shown):
    x0, x1, y0, y1 = shown(Guide(x="a"), a=np.array([1.0, 3.0])).drawers[0].bounds()
    assert (x0, x1) == (1, 3)
    assert np.isnan([y0, y1]).all()


def test_powers_are_shown_on_a_logarithmic_axis(shown):
    card = shown(Guide(y="b"), metrics={"loss": [1.0, 0.1]}, b=np.array([0.01, -1.0]))
    assert card.drawers[0].bounds()[2:] == (-2, -2)


def test_what_is_not_finite_or_not_there_draws_nothing(shown):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        empty = shown(Guide(x="a", y="b", label="limit")).plot.grab().toImage()
        card = shown(Guide(x="a", y="b", label="limit"), a=np.nan, b=np.array([np.inf, np.nan]))
        assert card.plot.grab().toImage() == empty
        shown(Guide(x="a"), a=1e300).plot.grab()


def test_the_same_values_are_not_looked_at_again_and_a_theme_shows_at_once(shown):
    card = shown(Guide(x="a", tint="warn"), a=1.0)
    kept = card.drawers[0].rules.x
    card.show_frame(frame({"a": float("1.0")}))
    assert card.drawers[0].rules.x is kept
    card.restyle(Look(LIGHT))
    card.show_frame(frame({"a": 1.0}))
    assert inked(card, upright(1), LIGHT.warn) > 40
    card.show_frame(frame({}))
    assert inked(card, upright(1), LIGHT.warn) == 0
