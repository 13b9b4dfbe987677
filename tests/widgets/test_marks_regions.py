"""Regions: pale class areas, faded where undecided, with borders between them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor

from lab.marks import Field, Panel, Regions
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.marks import regions
from widgets.marks.contours import borders
from widgets.panel import Card
from widgets.theme import DARK, LIGHT

SIDE = np.linspace(-3, 3, 61)
X, Y = np.meshgrid(SIDE, SIDE)
HALVES = np.where(X > 0.25, 1, 0)


@pytest.fixture
def shown(qtbot):
    def make(z=HALVES, sure=None, theme=DARK):
        card = Card(Panel("Data", Regions("area", "sure"), range_x=(-4, 4), range_y=(-4, 4)), Recorder(), Look(theme))
        qtbot.addWidget(card)
        card.resize(500, 420)
        card.show()
        card.show_frame(frame({"area": Field(z, (-3, 3), (-3, 3)), "sure": sure}))
        card.plot.grab()  # the axes take their room when they are first painted
        return card

    return make


def colour(card, x, y) -> tuple[int, int, int]:
    at = card.plot.mapFromScene(card.plot.getViewBox().mapViewToScene(QPointF(x, y)))
    return card.plot.grab().toImage().pixelColor(at).getRgb()[:3]


def rgb(name: str) -> np.ndarray:
    return np.array(QColor(name).getRgb()[:3])


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_each_area_is_pale_in_its_class_colour(shown, theme):
    card = shown(theme=theme)
    for x, name in ((-2, theme.classes[0]), (2, theme.classes[1])):
        pale = 0.34 * rgb(name) + 0.66 * rgb(theme.card)
        assert np.abs(colour(card, x, 1) - pale).max() <= 2
    assert colour(card, 3.5, 0) == tuple(rgb(theme.card))


def test_undecided_places_fade_into_the_card(shown):
    card = shown(sure=np.where(Y > 0, 1.0, 0.0))
    assert colour(card, -2, 2) != tuple(rgb(DARK.card))
    assert colour(card, -2, -2) == tuple(rgb(DARK.card))


def test_a_border_is_seen_where_the_class_changes(shown):
    card = shown()
    beside, on = colour(card, 1, 1), [colour(card, x, 1) for x in np.linspace(0.15, 0.35, 9)]
    assert max(np.abs(np.subtract(here, beside)).max() for here in on) > 40


def test_a_slanted_border_is_straight_to_a_cell():
    classes = (3 * (np.arange(50)[:, None]) > np.arange(50)[None, :] + 20).astype(int)
    ends = borders(classes).reshape(-1, 2)
    distance = np.abs(3 * ends[:, 1] - ends[:, 0] - 20) / np.sqrt(10)  # from the line that parts the classes
    inner = (ends[:, 0] > 8) & (ends[:, 0] < 41)
    assert inner.sum() > 60
    assert distance.max() < 0.75
    lines = borders(classes)
    slopes = np.diff(lines, axis=1)[:, 0]
    steep = np.abs(slopes[:, 1]) > np.abs(slopes[:, 0])
    assert not steep.any()  # no staircase is left


def test_borders_meet_where_three_classes_do():
    classes = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 2, 2]])
    ends = {tuple(end) for end in np.round(borders(classes), 3).reshape(-1, 2)}
    assert (1.5, 1.5) in ends
    assert {(1.5, 0.0), (0.0, 1.5), (3.0, 1.5)} <= ends
    assert len(borders(np.zeros((5, 5), dtype=int))) == 0


def test_places_without_a_class_are_left_as_they_are(shown):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        z = HALVES.astype(float)
        z[:20], z[20:40, :10], z[-1] = -1, np.nan, np.inf
        card = shown(z, sure=np.full(z.shape, np.nan))
        card = shown(z)
        assert colour(card, 1, -2) == tuple(rgb(DARK.card))
        assert colour(card, -2.8, 0) == tuple(rgb(DARK.card))
        assert colour(card, 1, 2) != tuple(rgb(DARK.card))


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1)])
def test_a_grid_of_one_row_harms_nobody(shown, shape):
    shown(np.ones(shape)).plot.grab()


def test_the_same_areas_are_worked_out_once(shown, monkeypatch):
    sure = np.ones(HALVES.shape)
    card, calls = shown(sure=sure), []
    monkeypatch.setattr(regions, "borders", lambda classes: calls.append(classes) or np.empty((0, 2, 2)))
    for z, s, times in ((HALVES, sure, 0), (HALVES, sure, 0), (HALVES, sure.copy(), 1), (1 - HALVES, sure, 2)):
        card.show_frame(frame({"area": Field(z, (-3, 3), (-3, 3)), "sure": s}))
        assert len(calls) == times
    card.show_frame(frame({}))
    assert colour(card, -2, 1) == tuple(rgb(DARK.card))
