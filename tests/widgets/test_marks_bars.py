"""Bars: what a person sees of a few numbers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFontMetricsF, QImage
from pytestqt.qtbot import QtBot

from lab.marks import Bars, Panel
from tests.widgets.frames import Recorder, frame
from tests.widgets.test_marks_dots import move
from widgets.look import Look
from widgets.panel import Card
from widgets.theme import DARK, LIGHT, Theme

ORANGE, BLUE, GREEN = (QColor(colour) for colour in DARK.classes[:3])


class Scene:
    """A shown card with one Bars."""

    def __init__(self, qtbot: QtBot, mark: Bars, size: tuple[int, int] = (600, 400), theme: Theme = DARK) -> None:
        self.card = Card(Panel("Bars", mark), Recorder(), Look(theme))
        qtbot.addWidget(self.card)
        self.card.resize(*size)
        self.card.show()
        assert self.card.plot is not None
        self.plot = self.card.plot
        self.painter: Any = self.card.drawers[0]

    def show(self, heights: Any, labels: Any = None) -> Scene:
        values = {"h": heights} if labels is None else {"h": heights, "l": labels}
        for _ in range(2):  # the axis finds its width when first painted
            self.card.show_frame(frame(values))
            self.image()
        return self

    def image(self) -> np.ndarray:
        picture = self.plot.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        return np.array(picture.constBits()).reshape(picture.height(), picture.bytesPerLine() // 4, 4)[..., 2::-1]

    def box(self, colour: QColor, alike: int = 14) -> tuple[float, float, float, float]:
        """Where a colour is, in the axes' numbers: left, right, lowest, highest."""
        off = np.abs(self.image().astype(int) - (colour.red(), colour.green(), colour.blue())).max(axis=-1)
        rows, columns = np.nonzero(off < alike)
        corners = ((columns.min(), rows.max() + 1), (columns.max() + 1, rows.min()))
        view = self.plot.getViewBox()
        (x0, y0), (x1, y1) = (
            (at.x(), at.y()) for at in (view.mapSceneToView(QPointF(float(x), float(y))) for x, y in corners)
        )
        return x0, x1, y0, y1

    def names(self) -> list[str]:
        return [text for _, text in self.plot.getAxis("bottom")._tickLevels[0]]


def test_each_number_is_a_bar_of_its_height_and_colour(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Bars("h")).show(np.array([1.0, 3.0, -2.0]))
    assert scene.box(ORANGE) == pytest.approx((-0.4, 0.4, 0, 1), abs=0.06)
    assert scene.box(BLUE) == pytest.approx((0.6, 1.4, 0, 3), abs=0.06)
    assert scene.box(GREEN) == pytest.approx((1.6, 2.4, -2, 0), abs=0.06)


def test_a_bar_can_be_coloured_by_its_sign_or_all_alike(qtbot: QtBot) -> None:
    signs = Scene(qtbot, Bars("h", colour="sign")).show(np.array([-1.0, 2.0, 3.0]))
    assert signs.box(BLUE) == pytest.approx((-0.4, 0.4, -1, 0), abs=0.06)
    assert signs.box(ORANGE) == pytest.approx((0.6, 2.4, 0, 3), abs=0.06)
    alike = Scene(qtbot, Bars("h", colour="accent")).show(np.array([1.0, 2.0]))
    assert alike.box(QColor(DARK.accent)) == pytest.approx((-0.4, 1.4, 0, 2), abs=0.06)


def test_groups_stand_side_by_side_at_each_place(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Bars("h", labels="l")).show(np.array([[1.0, np.nan], [2.0, np.nan]]), ["a", "b"])
    assert scene.box(ORANGE) == pytest.approx((-0.4, 0, 0, 1), abs=0.06)
    assert scene.box(BLUE) == pytest.approx((0, 0.4, 0, 2), abs=0.06)
    assert scene.names() == ["a", "b"]


def test_a_fixed_top_keeps_the_axis_where_it_is(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Bars("h", highest=1.0)).show(np.array([0.2, 0.1]))
    before = scene.plot.getViewBox().viewRange()
    assert scene.painter.bounds()[2:] == (0, 1)
    scene.show(np.array([0.9, 1.0]))
    assert scene.plot.getViewBox().viewRange() == before


def test_names_stand_below_or_numbers_where_there_are_none(qtbot: QtBot) -> None:
    assert Scene(qtbot, Bars("h", labels="l")).show(np.ones(3), ["x", "y", "z"]).names() == ["x", "y", "z"]
    assert Scene(qtbot, Bars("h")).show(np.ones(3)).names() == ["0", "1", "2"]


@pytest.mark.parametrize("count", [3, 8, 40])
def test_names_never_touch_each_other(qtbot: QtBot, count: int) -> None:
    labels = [f"a rather long name, number {i}" for i in range(count)]
    scene = Scene(qtbot, Bars("h", labels="l"), size=(300, 200)).show(np.ones(count), labels)
    ticks = scene.plot.getAxis("bottom")._tickLevels[0]
    apart = (ticks[1][0] - ticks[0][0]) / scene.plot.getViewBox().viewPixelSize()[0]
    widest = max(QFontMetricsF(scene.card.look.font(12)).horizontalAdvance(text) for _, text in ticks)
    assert 30 < widest < apart


def test_numbers_are_written_where_there_is_room_and_only_there(qtbot: QtBot) -> None:
    text = QColor(DARK.text)
    few, many = (Scene(qtbot, Bars("h", highest=1), (300, 200)).show(np.full(n, 0.5)) for n in (3, 30))
    left, right, low, _ = few.box(text, alike=60)
    assert -0.2 < left < 0.2
    assert 1.8 < right < 2.2
    assert 0.5 < low < 0.55  # just above the bars
    assert not (np.abs(many.image().astype(int) - text.getRgb()[:3]).max(axis=-1) < 60).any()


def test_a_number_that_has_no_room_above_its_bar_is_written_inside(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Bars("h", highest=1.0), size=(300, 200)).show(np.array([1.0, 0.0]))
    inside = scene.image()[:, : scene.plot.width() // 2].reshape(-1, 3).astype(int)
    dark = (np.abs(inside - QColor(DARK.card).getRgb()[:3]).max(axis=-1) < 14).reshape(-1, scene.plot.width() // 2)
    orange = (np.abs(inside - ORANGE.getRgb()[:3]).max(axis=-1) < 14).reshape(dark.shape)
    columns = np.flatnonzero(orange.any(axis=0))
    bar = dark[:, columns.min() : columns.max()]
    rows = np.flatnonzero(orange.any(axis=1))
    assert bar[rows.min() + 1 : rows.min() + 20].any()


def test_hovering_tells_the_whole_name_and_the_number(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Bars("h", labels="l")).show(np.array([1.0, -1234.5]), ["setosa", "versicolor of the north"])
    at = scene.plot.mapFromScene(scene.plot.getViewBox().mapViewToScene(QPointF(1, -500)))
    move(scene.plot.viewport(), at)
    assert scene.painter.pillars.toolTip() in ("versicolor of the north: −1234", "versicolor of the north: −1235")


def test_the_very_same_numbers_are_not_drawn_again(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(qtbot, Bars("h")).show(heights := np.ones(3))
    updates: list[object] = []
    monkeypatch.setattr(scene.painter.pillars, "update", lambda: updates.append(None))
    scene.card.show_frame(frame({"h": heights}))
    assert len(updates) == 0
    scene.card.show_frame(frame({"h": heights.copy()}))
    assert len(updates) == 1


def test_another_theme_repaints_the_bars(qtbot: QtBot) -> None:
    scene = Scene(qtbot, Bars("h")).show(heights := np.ones(1))
    scene.card.restyle(Look(LIGHT))
    scene.show(heights)
    assert scene.box(QColor(LIGHT.classes[0])) == pytest.approx((-0.4, 0.4, 0, 1), abs=0.06)


@pytest.mark.parametrize(
    "heights",
    [
        None,
        np.array([]),
        np.empty((2, 0)),
        np.full(3, np.nan),
        np.array([np.nan, np.inf, -np.inf, 1e308, -1e308, 0.0]),
        [1, 2],
        np.zeros(500),
    ],
)
def test_missing_and_diverged_numbers_are_drawn_without_a_word(
    qtbot: QtBot, heights: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scene = Scene(qtbot, Bars("h", labels="l"))
        scene.card.show_frame(frame({} if heights is None else {"h": heights, "l": ["only one"]}))
        scene.image()
        scene.card.show_frame(frame({}))
        scene.image()
    assert capfd.readouterr().err == ""
