"""Line: polylines in class colours or a tint, with gaps, shades and dashes."""

from __future__ import annotations

import warnings
from time import process_time

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor

from lab.marks import Curve, Line, Panel
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.panel import Card
from widgets.theme import DARK, LIGHT

T = np.linspace(-3, 3, 200)


@pytest.fixture
def shown(qtbot):
    def make(*marks, metrics=None, **values):
        ranges = {} if metrics else {"range_x": (-4, 4), "range_y": (-2, 2)}
        card = Card(Panel("Lines", *marks, **ranges), Recorder(), Look(DARK))
        qtbot.addWidget(card)
        card.resize(500, 420)
        card.show()
        card.show_frame(frame(values, metrics=metrics))
        card.plot.grab()  # the axes take their room when they are first painted
        return card

    return make


def near(card, x, y, name, within=2) -> bool:
    """Whether there is this colour within a few pixels of a place."""
    at = card.plot.mapFromScene(card.plot.getViewBox().mapViewToScene(QPointF(x, y)))
    image, wanted = card.plot.grab().toImage(), np.array(QColor(name).getRgb()[:3])
    around = range(-within, within + 1)
    seen = [image.pixelColor(at.x() + i, at.y() + j).getRgb()[:3] for i in around for j in around]
    return bool((np.abs(np.array(seen) - wanted).max(axis=1) <= 12).any())


def test_several_lines_take_the_class_colours_in_order_over_all_marks(shown):
    flat = [np.column_stack([T, np.full(200, y)]) for y in (-1.5, -0.5, 0.5)]
    card = shown(Line("one"), Line("truth", tint="warn"), Line("more"), one=flat[0], truth=flat[0] + 3, more=flat[1:])
    for y, name in ((-1.5, DARK.classes[0]), (-0.5, DARK.classes[1]), (0.5, DARK.classes[2]), (1.5, DARK.warn)):
        assert near(card, 0, y, name)


def test_a_gap_is_left_where_a_value_is_not_finite(shown):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = np.where(np.abs(T) < 0.5, np.nan, 1.0)
        y[:20], y[-1] = np.inf, -1e308
        card = shown(Line("p", fill=True), p=np.column_stack([T, y]))
        assert near(card, 1.5, 1, DARK.classes[0])
        assert not near(card, 0, 1, DARK.classes[0])
        assert not near(card, -2.8, 1, DARK.classes[0])


def test_a_shade_reaches_down_to_the_axis_and_no_further(shown):
    card = shown(Line("p", fill=True), p=np.column_stack([T, np.full(200, 1.5)]))
    bare = shown(Line("p"), p=np.column_stack([T, np.full(200, 1.5)]))
    assert near(bare, 0, 0.5, DARK.card, within=0)
    assert not near(card, 0, 0.5, DARK.card, within=0)
    assert near(card, 0, -0.5, DARK.card, within=0)
    x0, x1, y0, y1 = card.drawers[0].bounds()
    assert (x0, x1, y0, y1) == (-3, 3, 0, 1.5)


@pytest.mark.parametrize("n", [50, 2000])
def test_dashes_leave_gaps(shown, n):
    line = np.column_stack([np.linspace(-3, 3, n), np.zeros(n)])
    card = shown(Line("p", dashed=True, tint="accent"), p=line)
    on = sum(near(card, x, 0, DARK.accent, within=1) for x in np.linspace(-2.5, 2.5, 60))
    assert 12 < on < 48


def test_a_long_line_that_crosses_itself_is_drawn_quickly(shown):
    rng = np.random.default_rng(0)
    card = shown(Line("p"), p=rng.uniform(-2, 2, (2000, 2)))
    began = process_time()
    card.plot.grab()
    assert process_time() - began < 0.5  # a thick path through these takes minutes
    assert near(card, 0, 0, DARK.classes[0], within=5)


def test_powers_are_shown_on_logarithmic_axes(shown):
    t = np.array([1.0, 10, 100, 1000, -5])
    card = shown(
        Curve("loss", log_x=True, log_y=True), Line("p", tint="good"), p=np.column_stack([t, t]), metrics={"loss": [1]}
    )
    assert card.drawers[1].bounds() == (0, 3, 0, 3)
    assert near(card, 1.5, 1.5, DARK.good)


def test_the_legend_has_the_label_in_the_colour_of_the_line(shown):
    card = shown(Line("p", label="fit", dashed=True), Line("none", label="absent"), p=np.column_stack([T, T]))
    entries = [entry for drawer in card.drawers for entry in drawer.legend()]
    assert [(e.label, e.colour, e.dashed) for e in entries] == [("fit", DARK.classes[0], True)]
    assert "fit" in card.key.text()


@pytest.mark.parametrize("points", [None, [], np.empty((0, 2)), [np.empty((0, 2))], np.array([[1.0, 1.0]])])
def test_too_few_places_draw_nothing(shown, points):
    card = shown(Line("p", fill=True), p=points)
    assert near(card, 0, 0, DARK.card, within=8)


def test_the_same_line_is_not_made_again_and_a_theme_shows_at_once(shown):
    line = np.column_stack([T, np.zeros(200)])
    card = shown(Line("p"), p=line)
    kept = card.drawers[0].strands.strands
    card.show_frame(frame({"p": line}))
    assert card.drawers[0].strands.strands is kept
    card.restyle(Look(LIGHT))
    card.show_frame(frame({"p": line}))
    assert near(card, 0, 0, LIGHT.classes[0])
    card.show_frame(frame({}))
    assert not near(card, 0, 0, LIGHT.classes[0])
