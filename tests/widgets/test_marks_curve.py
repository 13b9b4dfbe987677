"""Curve: what a person sees of metrics over the steps, and reads with the mouse."""

from __future__ import annotations

import math
import time
import warnings
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.frame import Ghost
from lab.marks import Curve, Panel
from tests.widgets.frames import Recorder, frame
from tests.widgets.test_marks_dots import move
from widgets.look import Look
from widgets.panel import Card
from widgets.theme import DARK, LIGHT, Theme

FIRST, SECOND = QColor(DARK.classes[0]), QColor(DARK.classes[1])


class Scene:
    """A shown card with one Curve."""

    def __init__(self, qtbot: QtBot, mark: Curve, theme: Theme = DARK, **rest: Any) -> None:
        self.card = Card(Panel("Loss", mark, **rest), Recorder(), Look(theme))
        qtbot.addWidget(self.card)
        self.card.resize(600, 400)
        self.card.show()
        assert self.card.plot is not None
        self.plot = self.card.plot
        self.painter: Any = self.card.drawers[0]

    def show(self, metrics: dict[str, Any], t: int = 0, **rest: Any) -> Scene:
        self.card.show_frame(frame(metrics=metrics, t=t, **rest))
        self.plot.viewport().grab()  # an axis finds its width when it is first painted
        QApplication.processEvents()
        return self

    def pixel(self, x: float, y: float) -> QPoint:
        return self.plot.mapFromScene(self.plot.getViewBox().mapViewToScene(QPointF(x, y)))

    def where(self, colour: QColor) -> np.ndarray:
        """The pixels (x, y) that have about this colour, inside the axes."""
        picture = self.plot.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        image = np.array(picture.constBits()).reshape(picture.height(), picture.bytesPerLine() // 4, 4)[..., 2::-1]
        off = np.abs(image.astype(int) - (colour.red(), colour.green(), colour.blue())).max(axis=-1)
        inside = self.plot.getViewBox().sceneBoundingRect()
        off[:, : math.ceil(inside.left()) + 1] = off[math.floor(inside.bottom()) :] = 255
        return np.argwhere(off < 14)[:, ::-1]


def test_a_curve_passes_through_its_values(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Curve("loss")).show({"loss": [3, 1, 2, 2, 5]}, t=4)
    drawn = scene.where(FIRST)
    for step, height in enumerate([3, 1, 2, 2, 5]):
        at = scene.pixel(step, height)
        assert np.abs(drawn - (at.x(), at.y())).max(axis=1).min() <= 2


def test_a_family_is_drawn_with_a_legend_of_what_follows_the_slash(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Curve("loss")).show({"loss/Adam": [3, 2, 1], "other": [9, 9, 9], "loss/GD": [5, 4, 4]}, t=2)
    assert [(entry.label, entry.colour) for entry in scene.painter.legend()] == [
        ("Adam", DARK.classes[0]),
        ("GD", DARK.classes[1]),
    ]
    assert "Adam" in scene.card.key.text()
    assert len(scene.where(FIRST)) > 50
    assert len(scene.where(SECOND)) > 50


def test_one_curve_needs_no_legend_and_two_metrics_of_one_family_are_told_apart(qtbot: QtBot) -> None:
    one = Scene(qtbot, Curve("loss")).show({"loss": [3, 2, 1], "lossy": [1, 1, 1]}, t=2)
    assert list(one.painter.legend()) == []
    two = Scene(qtbot, Curve("train", "test")).show({"train/a": [1, 2], "test/a": [2, 3], "test/b": [3, 4]}, t=1)
    assert [entry.label for entry in two.painter.legend()] == ["train · a", "test · a", "test · b"]


def test_the_axis_is_twenty_steps_wide_from_the_start(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Curve("loss")).show({"loss": [1.0]})
    assert scene.painter.bounds()[:2] == (0, 20)
    scene.show({"loss": np.ones(81)}, t=80)
    assert scene.painter.bounds()[:2] == (0, 80)
    x0, x1 = scene.plot.getViewBox().viewRange()[0]
    assert x0 <= 0
    assert x1 >= 80


def test_what_was_not_measured_is_a_gap_and_a_value_alone_is_still_seen(qtbot: QtBot) -> None:
    values = np.full(21, np.nan)
    values[:5], values[10], values[15:] = 1, 1, 1
    drawn = Scene(qtbot, Curve("loss")).show({"loss": values}, t=20)
    columns = set(drawn.where(FIRST)[:, 0])
    assert drawn.pixel(2, 1).x() in columns
    assert drawn.pixel(10, 1).x() in columns
    assert drawn.pixel(18, 1).x() in columns
    assert not columns & set(range(drawn.pixel(5, 1).x(), drawn.pixel(9, 1).x()))
    assert not columns & set(range(drawn.pixel(11, 1).x(), drawn.pixel(14, 1).x()))


@pytest.mark.parametrize("log", [False, True])
def test_a_curve_that_becomes_infinite_ends_in_a_warning_there(qtbot: QtBot, log: bool) -> None:
    values = np.array([1.0, 2, 4, 8, 16, math.inf, math.inf, math.inf, 3, 3, -math.inf, math.nan])
    scene = Scene(qtbot, Curve("loss", log_y=log)).show({"loss": values}, t=11)
    warned = scene.where(QColor(DARK.warn))
    steps, last = (5, 10), (16, 3)
    assert len(scene.painter.lines.breaks[0]) == 2
    for step, height in zip(steps, last):
        at = scene.pixel(step, math.log10(height) if log else height)
        assert (np.abs(warned - (at.x(), at.y())).max(axis=1) <= 9).sum() > 20
    assert scene.painter.bounds()[3] == pytest.approx(math.log10(16) if log else 16)


def test_the_present_step_is_marked_and_what_lies_after_it_is_dimmed(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Curve("loss")).show({"loss": np.ones(101)}, t=60)
    now = scene.pixel(60, 1)
    vivid = scene.where(FIRST)
    assert vivid[:, 0].max() <= now.x() + 2
    assert vivid[:, 0].min() <= scene.pixel(1, 1).x()
    faded = scene.where(dimmed(FIRST))
    faded = faded[faded[:, 0] > now.x() + 2]
    assert faded[:, 0].max() >= scene.pixel(99, 1).x()
    scene.show({"loss": np.ones(101)}, t=100)
    assert scene.where(FIRST)[:, 0].max() >= scene.pixel(99, 1).x()


def dimmed(colour: QColor) -> QColor:
    """Two fifths of a colour on a dark card."""
    card = QColor(DARK.card).getRgb()[:3]
    return QColor(*(round(0.6 * a + 0.4 * b) for a, b in zip(card, colour.getRgb()[:3])))


def test_an_upright_line_stands_at_the_present_step(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Curve("loss"))
    heights = []
    for t in (30, 70):
        scene.show({"loss": np.ones(101)}, t=t)
        picture = scene.plot.viewport().grab().toImage()
        ground = QColor(DARK.card).rgb()
        at = scene.pixel(t, 0.7).x()
        beside = {QColor(picture.pixel(at + 9, y)).rgb() for y in range(30, 120)}
        heights.append(sum(QColor(picture.pixel(at, y)).rgb() != ground for y in range(30, 120)))
        assert beside == {ground}
    assert min(heights) > 20


def test_an_abandoned_run_is_shown_dimmed_and_dashed(qtbot: QtBot) -> None:
    ghost = Ghost({"loss": np.full(101, 3.0)}, {}, 0)
    scene = Scene(qtbot, Curve("loss")).show({"loss": np.ones(101)}, t=100, ghost=ghost)
    assert scene.painter.bounds()[2:] == (1, 3)
    picture = scene.plot.viewport().grab().toImage()
    row = scene.pixel(0, 3).y()
    band = range(scene.pixel(2, 3).x(), scene.pixel(98, 3).x())
    inked = [any(QColor(picture.pixel(x, y)).rgb() != QColor(DARK.card).rgb() for y in (row - 1, row)) for x in band]
    assert 0.3 < np.mean(inked) < 0.7
    assert 20 < np.count_nonzero(np.diff(np.array(inked, dtype=int)) == 1) < 80
    assert abs(scene.where(FIRST)[:, 1] - row).min() > 20  # nothing so vivid there
    assert [entry.dashed for entry in scene.painter.legend()] == [True]


def test_a_curve_has_the_colour_it_had_in_the_abandoned_run(qtbot: QtBot) -> None:
    ghost = Ghost({"loss/GD": np.full(101, 3.0)}, {}, 0)
    scene = Scene(qtbot, Curve("loss"))
    scene.show({"loss/Adam": np.ones(101), "loss/GD": np.full(101, 2.0)}, t=100, ghost=ghost)
    row = scene.pixel(0, 3).y()
    assert (np.abs(scene.where(dimmed(SECOND))[:, 1] - row) <= 2).sum() > 50


def test_another_metric_may_be_across(qtbot: QtBot) -> None:
    metrics = {"loss/a": [3.0, 2, 1], "cost/a": [0.0, 10, 40], "loss/b": [5.0, 5, 5], "cost/b": [0.0, 1, 2]}
    scene = Scene(qtbot, Curve("loss", against="cost")).show(metrics, t=2)
    assert scene.painter.bounds() == (0, 40, 1, 5)
    assert [entry.label for entry in scene.painter.legend()] == ["a", "b"]
    at = scene.pixel(10, 2)
    assert np.abs(scene.where(FIRST) - (at.x(), at.y())).max(axis=1).min() <= 2
    assert scene.where(SECOND)[:, 0].max() <= scene.pixel(2, 5).x() + 3


def test_logarithmic_axes_show_powers_and_leave_out_what_has_none(qtbot: QtBot) -> None:
    values = np.array([50.0, 100, 10, 0, -5, 1, 1, 1, 1, 1, 0.1])
    scene = Scene(qtbot, Curve("loss", log_x=True, log_y=True)).show({"loss": values}, t=10)
    assert scene.painter.bounds() == pytest.approx((0, math.log10(20), -1, 2))
    drawn = scene.where(FIRST)
    for step, height in ((1, 100), (2, 10), (10, 0.1)):
        at = scene.pixel(math.log10(step), math.log10(height))
        assert np.abs(drawn - (at.x(), at.y())).max(axis=1).min() <= 2
    gap = range(scene.pixel(math.log10(2.1), 0).x(), scene.pixel(math.log10(4.9), 0).x())
    assert not set(drawn[:, 0]) & set(gap)


def hovered(scene: Scene, x: float, y: float) -> str:
    """What the mouse reads there, as one line."""
    move(scene.plot.viewport(), scene.pixel(x, y))
    QApplication.processEvents()
    found = scene.painter.reading.read()
    return "" if found is None else f"t = {found[0]}: " + ", ".join(f"{label} {value}" for label, value in found[1])


def test_hovering_reads_every_curve_at_the_step_under_the_mouse(qtbot: QtBot) -> None:
    measured = np.full(101, np.nan)
    measured[::10] = -0.125
    loss = np.linspace(2, 1, 101)
    loss[90:] = math.inf
    scene = Scene(qtbot, Curve("loss", "test")).show({"loss": loss, "test": measured}, t=50)
    before = scene.where(FIRST)
    assert hovered(scene, 40, 1.5) == "t = 40: loss 1.6, test −0.125"
    assert len(scene.where(FIRST)) != len(before)  # the box with the numbers
    assert hovered(scene, 47, 1.5) == "t = 47: loss 1.53, test −0.125"  # what was measured last
    assert hovered(scene, 95, 1.5) == "t = 95: loss ∞, test −0.125"
    QApplication.sendEvent(scene.plot.viewport(), QEvent(QEvent.Type.Leave))
    assert scene.painter.reading.x is None
    assert len(scene.where(FIRST)) == len(before)


def test_hovering_finds_the_step_on_other_axes_too(qtbot: QtBot) -> None:
    log = Scene(qtbot, Curve("loss", log_x=True)).show({"loss": np.arange(1001)}, t=1000)
    assert hovered(log, 2, 500) in {f"t = {step}: loss {step}" for step in range(97, 104)}
    cost = Scene(qtbot, Curve("loss", against="cost"))
    cost.show({"loss": [5.0, 4, 3, 2], "cost": [0.0, 10, math.nan, 90]}, t=3)
    assert hovered(cost, 80, 3) == "t = 3: loss 2"


def test_a_million_steps_are_drawn_in_milliseconds_with_every_peak(qtbot: QtBot) -> None:
    values = np.random.default_rng(0).normal(size=1_000_000)
    values[123_456], values[654_321] = 30, -30
    scene = Scene(qtbot, Curve("loss"))
    took = []
    for n in (999_990, 999_999, 1_000_000):
        began = time.perf_counter()
        scene.card.show_frame(frame(metrics={"loss": values[:n]}, t=n - 1))
        took.append(time.perf_counter() - began)
        QApplication.processEvents()
    assert min(took) < 0.005
    drawn = scene.where(FIRST)
    for step, height in ((123_456, 29), (654_321, -29)):
        at = scene.pixel(step, height)
        assert np.abs(drawn - (at.x(), at.y())).max(axis=1).min() <= 3
    painted: list[int] = []
    lines = scene.painter.lines
    pieces = type(lines._pieces).draw
    lines._pieces.draw = lambda painter, given: (painted.append(len(given)), pieces(lines._pieces, painter, given))
    scene.plot.viewport().grab()
    assert 0 < sum(painted) <= 2 * scene.plot.viewport().width()


def test_a_long_run_is_seen_even_if_every_hundredth_step_is_infinite(qtbot: QtBot) -> None:
    values = np.random.default_rng(0).normal(size=100_000)
    values[::100] = math.inf
    scene = Scene(qtbot, Curve("loss")).show({"loss": values}, t=99_999)
    middle = scene.where(FIRST)
    middle = middle[np.abs(middle[:, 1] - scene.pixel(0, 0).y()) < 3]
    columns = np.unique(middle[:, 0])
    columns = columns[columns > scene.pixel(10_000, 0).x()]  # the first are under warnings
    assert len(columns) > 300
    assert np.diff(columns).max() <= 3


def test_zooming_into_a_long_run_shows_single_steps(qtbot: QtBot) -> None:
    values = np.zeros(100_000)
    values[50_000:50_100:2] = 1
    scene = Scene(qtbot, Curve("loss")).show({"loss": values}, t=99_999)
    scene.plot.getViewBox().setXRange(50_040, 50_060, padding=0)
    drawn = scene.where(FIRST)
    for step in (50_044, 50_050):
        top, foot = scene.pixel(step, 1), scene.pixel(step + 1, 0)
        for at in (top, foot):
            assert np.abs(drawn - (at.x(), at.y())).max(axis=1).min() <= 2


def test_the_same_moment_is_not_drawn_again(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    record = np.ones(400)
    scene = Scene(qtbot, Curve("loss")).show({"loss": record[:300]}, t=299)
    updates: list[object] = []
    monkeypatch.setattr(scene.painter.lines, "update", lambda: updates.append(None))
    for rows, t, times in ((300, 299, 0), (301, 299, 1), (301, 200, 2)):
        columns = {"loss": record[:rows]}  # a new view of the same record, as a session hands out
        shown = frame(t=t)
        object.__setattr__(shown, "metrics", columns)
        scene.card.show_frame(shown)
        assert len(updates) == times
    scene.card.restyle(Look(LIGHT))
    scene.card.show_frame(shown)
    assert len(updates) == 3


@pytest.mark.parametrize("options", [{}, {"log_y": True}, {"log_x": True, "log_y": True}, {"against": "loss"}])
@pytest.mark.parametrize(
    "metrics",
    [
        {},
        {"loss": []},
        {"loss": [1.0]},
        {"loss": [math.nan] * 5},
        {"loss": [math.inf] * 5},
        {"loss": [1, 1e308, -1e308, math.inf, math.nan, -math.inf, 1e300]},
        {"loss": 10.0 ** np.arange(0, 300, 3)},
    ],
)
def test_missing_and_diverged_metrics_are_drawn_without_a_word(
    qtbot: QtBot, metrics: dict[str, Any], options: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scene = Scene(qtbot, Curve("loss", **options))
        for t in (0, 3):
            scene.show(metrics, t=t, ghost=Ghost(frame(metrics=metrics).metrics, {}, 0))
        hovered(scene, *(sum(ends) / 2 for ends in scene.plot.getViewBox().viewRange()))
        scene.where(FIRST)
    assert capfd.readouterr().err == ""


def test_what_is_measured_now_and_then_is_joined_and_a_longer_silence_is_a_gap(qtbot: QtBot) -> None:
    loss = np.full(201, np.nan)
    loss[:81:10] = 1.0
    loss[160::10] = 1.0
    scene = Scene(qtbot, Curve("loss")).show({"loss": loss}, t=200)
    across = set(scene.where(FIRST)[:, 0].tolist())
    ends = [scene.pixel(t, 1).x() for t in (2, 78, 90, 150)]
    assert set(range(ends[0], ends[1])) <= across
    assert not set(range(ends[2], ends[3])) & across


def test_a_member_of_a_family_has_the_colour_that_the_experiment_names(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Curve("loss", colours="lanes"))
    scene.show({"loss/Adam": np.ones(101)}, t=100, values={"lanes": {"Adam": 1}})
    assert len(scene.where(SECOND)) > 50
