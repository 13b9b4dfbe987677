"""Histogram: what a person sees of one sample or several."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from lab.marks import Histogram, Panel
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.marks.histogram import bin_edges
from widgets.panel import Card
from widgets.theme import DARK, LIGHT


class Scene:
    """A shown card with one Histogram."""

    def __init__(self, qtbot: QtBot, mark: Histogram) -> None:
        self.card = Card(Panel("Values", mark), Recorder(), Look(DARK))
        qtbot.addWidget(self.card)
        self.card.resize(500, 350)
        self.card.show()
        assert self.card.plot is not None
        self.plot = self.card.plot
        self.painter: Any = self.card.drawers[0]

    def show(self, sample: Any, labels: Any = None) -> Scene:
        self.card.show_frame(frame({"s": sample} if labels is None else {"s": sample, "l": labels}))
        return self

    def steps(self, i: int = 0) -> tuple[list[float], list[float]]:
        """The bins of an outline, and how high it stands over each."""
        x, y = self.painter.outlines[i].getData()
        return list(x[::2]), list(y[1:-1:2])

    def pixels(self, colour: QColor) -> int:
        picture = self.plot.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        image = np.array(picture.constBits()).reshape(picture.height(), picture.bytesPerLine() // 4, 4)[..., 2::-1]
        wanted = (colour.red(), colour.green(), colour.blue())
        return int((np.abs(image.astype(int) - wanted).max(axis=-1) < 14).sum())


def test_each_bin_stands_as_high_as_it_has_values(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Histogram("s", bins=4)).show(np.array([0.0, 0.5, 0.9, 1.5, 3.2, 3.9, 4.0]))
    assert scene.steps() == ([0, 1, 2, 3, 4], [3, 1, 0, 3])
    assert scene.painter.bounds() == (0, 4, 0, 3)
    assert scene.pixels(QColor(DARK.classes[0])) > 200


def test_a_density_has_area_one(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Histogram("s", bins=4, density=True)).show(np.array([0.0, 1.9, 2.0, 3.0, 7.9, 8.0, 8.0, 8.0]))
    edges, heights = scene.steps()
    assert edges == [0, 2, 4, 6, 8]
    assert heights == pytest.approx([2 / 16, 2 / 16, 0, 4 / 16])


def test_several_samples_share_bins_and_are_named_in_the_legend(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Histogram("s", labels="l", bins=4))
    scene.show([np.array([0.1, 0.2, 1.5]), np.array([2.5, 3.5, 3.9, 4.0])], ["real", "fake"])
    assert scene.steps(0) == ([0, 1, 2, 3, 4], [2, 1, 0, 0])
    assert scene.steps(1) == ([0, 1, 2, 3, 4], [0, 0, 1, 3])
    assert [(entry.label, entry.colour) for entry in scene.painter.legend()] == [
        ("real", DARK.classes[0]),
        ("fake", DARK.classes[1]),
    ]
    assert scene.pixels(QColor(DARK.classes[0])) > 100
    assert scene.pixels(QColor(DARK.classes[1])) > 100
    scene.show([np.array([0.1, 0.2])], ["real"])
    assert scene.pixels(QColor(DARK.classes[1])) == 0


def test_bins_stay_where_they_are_while_a_sample_shifts_a_little() -> None:
    sample = np.random.default_rng(0).normal(size=500)
    low, high = sample.min(), sample.max()
    shifted = (sample - low) * 0.99 + low
    edges = bin_edges(sample, 30)
    assert set(bin_edges(shifted, 30).round(9)) <= set(edges.round(9))
    assert edges[0] <= low
    assert edges[-1] >= high
    assert 12 <= len(edges) - 1 <= 31


def test_no_value_is_lost_to_rounding() -> None:
    for ends in ((-32.13, -31.99), (21.33, 21.52), (31.97, 32.07), (-14.49, -14.37), (7.8, 11.87)):
        sample = np.array(ends)
        edges = bin_edges(sample, 30)
        assert edges[0] <= sample.min()
        assert edges[-1] >= sample.max()
        assert (np.diff(edges) > 0).all()


def test_it_counts_only_when_the_sample_changes(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = np.arange(5.0), np.arange(6.0)
    scene = Scene(qtbot, Histogram("s")).show((first, second))
    counted: list[object] = []
    histogram = np.histogram
    monkeypatch.setattr(np, "histogram", lambda *given: (counted.append(None), histogram(*given))[1])
    scene.show((first, second))
    assert len(counted) == 0
    scene.show((first, second.copy()))
    assert len(counted) == 2


def test_another_theme_repaints_the_outline(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Histogram("s")).show(sample := np.arange(5.0))
    scene.card.restyle(Look(LIGHT))
    scene.show(sample)
    assert scene.pixels(QColor(LIGHT.classes[0])) > 200


@pytest.mark.parametrize(
    ("sample", "left"),
    [
        (None, 0),
        (np.array([]), 0),
        (np.array([np.nan, np.inf, -np.inf]), 0),
        (np.array([1e308, -1e308, np.nan, 5.0]), 1),
        (np.array([1e299, -1e299]), 2),
        (np.full(4, 7.0), 4),
        (np.array([1e9, 1e9 + 1e-7]), 2),
        ((1, 2, 3), 3),
        ([np.array([]), np.ones(3)], 3),
    ],
)
def test_what_is_missing_or_diverged_is_not_counted_and_draws_without_a_word(
    qtbot: QtBot, sample: Any, left: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scene = Scene(qtbot, Histogram("s")).show(sample)
        scene.plot.viewport().grab()
        outlines = range(len(scene.painter.outlines))
        assert sum(sum(scene.steps(i)[1]) for i in outlines) == left
        scene.card.show_frame(frame({}))
        scene.plot.viewport().grab()
    assert capfd.readouterr().err == ""
