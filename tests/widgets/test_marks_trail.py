"""Trail: the past fades, the present is a ringed disc, an abandoned run is dashed."""

from __future__ import annotations

import warnings
from dataclasses import replace
from time import process_time

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor

from lab.frame import Ghost
from lab.marks import Panel, Trail
from lab.record import Trace, Traces
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.marks import trail
from widgets.marks.overlay import dashes
from widgets.marks.trail import faded
from widgets.panel import Card
from widgets.theme import DARK

ACROSS = np.stack([np.linspace(-3, 3, 40), np.zeros(40)], axis=1)[:, None, :]  # one runner, to the right


@pytest.fixture
def shown(qtbot):
    def make(places=ACROSS, ghost=None, **values):
        panel = Panel("Surface", Trail("theta", labels="names"), range_x=(-4, 4), range_y=(-4, 4))
        card = Card(panel, Recorder(), Look(DARK))
        qtbot.addWidget(card)
        card.resize(500, 420)
        card.show()
        card.show_frame(moment(places, ghost, **values))
        card.plot.grab()  # the axes take their room when they are first painted
        return card

    return make


def moment(places, ghost=None, **values):
    return frame(values, trails={} if places is None else {"theta": (np.arange(len(places)), places)}, ghost=ghost)


def colour(card, x, y) -> np.ndarray:
    at = card.plot.mapFromScene(card.plot.getViewBox().mapViewToScene(QPointF(x, y)))
    return np.array(card.plot.grab().toImage().pixelColor(at).getRgb()[:3])


def rgb(name: str) -> np.ndarray:
    return np.array(QColor(name).getRgb()[:3])


def inked(card, x, y) -> float:
    """How far a pixel is from the bare card."""
    return float(np.abs(colour(card, x, y) - rgb(DARK.card)).max())


def test_the_past_fades(shown):
    card = shown()
    ink = [inked(card, x, 0) for x in (-2.8, -1.5, 0, 1.5, 2.4)]
    assert ink == sorted(ink)
    assert 3 < ink[0] < 0.3 * ink[-1]


def test_the_present_is_a_ringed_disc(shown):
    card = shown()
    assert (colour(card, 3, 0) == rgb(DARK.classes[0])).all()
    ring = [colour(card, 3, y) for y in np.linspace(0, 0.25, 20)]
    assert min(np.abs(c - rgb(DARK.text)).max() for c in ring) < 40


def test_runners_have_class_colours_and_names(shown):
    both = np.concatenate([ACROSS, ACROSS + [0, 2]], axis=1)
    card = shown(both, names=("GD", "Adam"))
    assert (colour(card, 3, 0) == rgb(DARK.classes[0])).all()
    assert (colour(card, 3, 2) == rgb(DARK.classes[1])).all()
    assert [(e.label, e.colour) for e in card.drawers[0].legend()] == [
        ("GD", DARK.classes[0]),
        ("Adam", DARK.classes[1]),
    ]


def test_the_disc_stands_at_the_present_though_the_record_is_thinned(shown):
    card = shown(theta=np.array([3.0, 1.0]))
    assert (colour(card, 3, 1) == rgb(DARK.classes[0])).all()
    assert card.drawers[0].bounds() == (-3, 3, 0, 1)


def test_who_joined_late_or_left_is_drawn_while_there(shown):
    places = np.concatenate([ACROSS, ACROSS + [0, 2]], axis=1)
    places[:20, 1] = np.nan
    card = shown(places, theta=np.array([[3.0, 0.0]]))
    assert inked(card, -1, 2) == 0
    assert inked(card, 2, 2) > 20
    assert inked(card, 3, 2) < 150  # no disc


def test_an_abandoned_run_is_dashed_from_where_it_was_left(shown):
    ghost = Ghost({}, {"theta": Trace(np.arange(40), ACROSS + [0, 2])}, branched=20)
    card = shown(ghost=ghost)
    after = [inked(card, x, 2) for x in np.linspace(0.4, 2.9, 80)]
    before = [inked(card, x, 2) for x in np.linspace(-3, -0.2, 40)]
    assert max(before) == 0
    assert 20 < sum(ink > 30 for ink in after) < 60
    assert max(after) < 0.8 * inked(card, 2.5, 0)


def test_a_diverging_runner_draws_what_is_finite(shown):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wild = ACROSS.copy()
        wild[30:, 0, 0], wild[35:, 0, 1], wild[38] = 1e300, -np.inf, np.nan
        ghost = Ghost({}, {"theta": Trace(np.arange(40), wild)}, branched=0)
        card = shown(wild, ghost=ghost)
        assert inked(card, 0, 0) > 10
        assert card.drawers[0].bounds() is not None
        shown(np.full((5, 2, 2), np.nan)).plot.grab()
        shown(np.zeros((1, 1, 2))).plot.grab()
        shown(None).plot.grab()


def test_parts_cover_the_newest_pixels_oldest_first():
    line = np.stack([np.linspace(0, 1000, 300), np.zeros(300)], axis=1)[None]
    parts = list(faded(line, 500))
    ages = [age for _, age, _ in parts]
    assert ages == sorted(ages, reverse=True)
    assert (ages[0], ages[-1]) == (1, 0)
    pieces = np.concatenate([part for *_, part in parts])
    assert pieces[0, 0] == pytest.approx(500, abs=20)
    assert pieces[-1, 2] == 1000
    assert pieces[1:, :2] == pytest.approx(pieces[:-1, 2:])  # without a gap
    assert np.hypot(*(pieces[:, 2:] - pieces[:, :2]).T).max() <= 16


def test_dashes_are_as_long_as_their_gaps():
    line = np.array([[0.0, 0.0], [100.0, 0.0]])
    assert dashes(line, 10).tolist() == [[x, 0, x + 10, 0] for x in (0, 20, 40, 60, 80)]
    assert dashes(line, 10, reach=45).tolist() == [[x, 0, x + 10, 0] for x in (0, 20)]


def test_a_record_that_has_not_grown_is_not_looked_at_again(shown):
    record = Traces()
    for t in range(10):
        record.append(t, {"theta": np.array([t / 5, 0.0])})
    card = shown()
    card.show_frame(_frame_of(record, 9))
    kept = card.drawers[0].track.places
    card.show_frame(_frame_of(record, 9))
    assert card.drawers[0].track.places is kept
    record.append(10, {"theta": np.array([2.5, 1.0])})
    card.show_frame(_frame_of(record, 10))
    assert (colour(card, 2.5, 1) == rgb(DARK.classes[0])).all()


def _frame_of(record: Traces, t: int):
    return replace(frame(), trails=record.upto(t))


@pytest.mark.parametrize("kind", ["spiral", "bounce"])
def test_six_long_trails_are_drawn_quickly(shown, kind):
    t, k = np.arange(2000)[:, None], np.arange(6)
    if kind == "spiral":
        places = 3 * np.exp(-t / 500)[..., None] * np.stack([np.cos(t / 40 + k), np.sin(t / 40 + k)], axis=2)
    else:
        places = 3 * np.stack([np.cos(2.9 * t + k), np.sin(2.3 * t + k)], axis=2)
    card = shown(places)
    card.plot.grab()
    began = process_time()
    for _ in range(5):
        card.plot.grab()
    assert (process_time() - began) / 5 < 0.05  # some 6 ms with the axes; as paths they took seconds


def test_an_error_while_painting_is_reported_and_ends_nothing(shown, qtbot, monkeypatch):
    card = shown()

    def broken(*_):
        raise RuntimeError("broken")

    with qtbot.capture_exceptions() as caught, monkeypatch.context() as patch:
        patch.setattr(trail, "faded", broken)
        card.plot.grab()
    assert {str(wrong) for _, wrong, _ in caught} == {"broken"}
    assert inked(card, 2, 0) > 30
