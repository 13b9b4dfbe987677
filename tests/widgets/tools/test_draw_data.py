"""Drawing points by hand: the brush on a real window, with real mouse and key events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab import boundaries
from lab.catalogue import Catalogue
from lab.data.points import Points, make
from widgets.plot import Plot
from widgets.tools import draw_data
from widgets.tools.draw_data import DrawPoints
from widgets.window import Window

LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
CATALOGUE = Catalogue()


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(draw_data, "STILL", 100_000)  # only moves spray, so that the numbers are known
    made = Window(CATALOGUE, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.resize(1280, 860)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    if not made.isActiveWindow():
        QApplication.setActiveWindow(made)
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


def brushed(window: Window, qtbot: QtBot, name: str = "perceptron") -> tuple[DrawPoints, Plot]:
    """The experiment open, the tool used, and the plot to draw on."""
    window.open_experiment(name, dict(CATALOGUE.load(name).tiny))
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == name, timeout=20_000)
    tool = next(tool for tool in window.tools if isinstance(tool, DrawPoints))
    qtbot.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: tool.palette is not None and tool.palette.isVisible() and bool(tool.names))
    qtbot.wait(30)
    return tool, next(iter(tool.names))


def cloud(window: Window, name: str = "points") -> Points:
    assert window.frame is not None
    found = window.frame.settings[name]
    assert isinstance(found, Points)
    return found


def pixel(plot: Plot, x: float, y: float) -> QPoint:
    return plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(x, y)))


def stroke(qtbot: QtBot, plot: Plot, start: QPoint, end: QPoint, button: Qt.MouseButton = LEFT) -> None:
    view, keys = plot.viewport(), Qt.KeyboardModifier.NoModifier
    qtbot.mousePress(view, button, pos=start)
    for share in np.linspace(0, 1, 6):
        at = start + (end - start) * float(share)
        where = QPointF(at), QPointF(view.mapToGlobal(at))
        QApplication.sendEvent(view, QMouseEvent(QEvent.Type.MouseMove, *where, NONE, button, keys))
    qtbot.mouseRelease(view, button, pos=end)


def test_a_stroke_sprays_points_of_the_chosen_class_and_one_undo_takes_them_back(window: Window, qtbot: QtBot) -> None:
    tool, plot = brushed(window, qtbot)
    assert tool.palette is not None
    before = cloud(window)
    qtbot.keyClick(plot, Qt.Key.Key_1)
    assert tool.palette.label == 1
    tool.palette.each.setValue(4)
    stroke(qtbot, plot, pixel(plot, -2, 0), pixel(plot, 2, 0))
    qtbot.waitUntil(lambda: len(cloud(window)) >= len(before) + 12 and (len(cloud(window)) - len(before)) % 4 == 0)
    new = cloud(window).x[len(before) :]
    assert (cloud(window).y[len(before) :] == 1).all()
    reach = tool.palette.radius * np.array(plot.getViewBox().viewPixelSize())
    assert (np.abs(new[:, 1]) <= 1.05 * reach[1]).all()
    assert new[:, 0].min() < 0 < new[:, 0].max()
    assert window.frame is not None
    assert len(set(window.frame.gestures)) == 1
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(cloud(window)) == len(before))
    assert np.array_equal(cloud(window).x, before.x)


def test_the_eraser_takes_all_points_under_it_and_no_other(window: Window, qtbot: QtBot) -> None:
    tool, plot = brushed(window, qtbot)
    assert tool.palette is not None
    before = cloud(window)
    at = pixel(plot, *before.x[0])
    places = np.array([pixel(plot, *place).toTuple() for place in before.x])
    apart = np.hypot(*(places - at.toTuple()).T)
    stroke(qtbot, plot, at, at, RIGHT)
    gone, kept = before.x[apart < tool.palette.radius - 2], before.x[apart > tool.palette.radius + 2]
    qtbot.waitUntil(lambda: not {tuple(place) for place in cloud(window).x} & {tuple(place) for place in gone})
    assert {tuple(place) for place in cloud(window).x} >= {tuple(place) for place in kept}


def test_relabelling_moves_no_point(window: Window, qtbot: QtBot) -> None:
    tool, plot = brushed(window, qtbot)
    assert tool.palette is not None
    before = cloud(window)
    other = 1 - int(before.y[0])
    tool.palette.modes.buttons()[1].click()
    tool.palette.classes.button(other).click()
    at = pixel(plot, *before.x[0])
    stroke(qtbot, plot, at, at)
    qtbot.waitUntil(lambda: cloud(window).y[0] == other)
    assert np.array_equal(cloud(window).x, before.x)


def test_strokes_in_quick_succession_fit_what_is_there(window: Window, qtbot: QtBot) -> None:
    """Each begins before any frame has told of the last: its indices must fit nevertheless."""
    tool, plot = brushed(window, qtbot)
    assert tool.palette is not None
    before = len(cloud(window))
    tool.palette.each.setValue(9)
    stroke(qtbot, plot, pixel(plot, -2, -2), pixel(plot, 2, 2))
    stroke(qtbot, plot, pixel(plot, -1, -1), pixel(plot, 1, 1), RIGHT)
    stroke(qtbot, plot, pixel(plot, 0, 0), pixel(plot, 1, 1), RIGHT)
    stroke(qtbot, plot, pixel(plot, 0, 0), pixel(plot, 1, 0))
    qtbot.waitUntil(lambda: not tool.unknowing)

    def all_are_done() -> None:
        assert window.frame is not None
        said = window.banner.text.text() if window.banner.isVisible() else "nothing"
        assert len(window.frame.gestures) in (3, 4), (window.frame.gestures, len(cloud(window)), before, said)

    qtbot.waitUntil(all_are_done)
    assert not window.banner.isVisible(), window.banner.text.text()
    assert len(cloud(window)) > before


def test_the_brush_put_away_leaves_clicks_to_the_plot(window: Window, qtbot: QtBot) -> None:
    tool, plot = brushed(window, qtbot)
    before = len(cloud(window))
    qtbot.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert tool.palette is None
    at = pixel(plot, *(np.array(plot.getViewBox().viewRange())[:, 0] * 0.97 + 0.05))
    stroke(qtbot, plot, at, at)
    qtbot.waitUntil(lambda: len(cloud(window)) == before + 1)


def test_another_experiment_puts_the_brush_away(window: Window, qtbot: QtBot) -> None:
    tool, _ = brushed(window, qtbot)
    window.open_experiment("newton")
    qtbot.waitUntil(lambda: window.kind is not None and window.kind.name == "newton")
    assert tool.palette is None
    assert not window.drawer.isVisible()
    assert tool.why_not() == "This experiment has no data set of points."


def test_a_typed_boundary_labels_the_points_by_its_sign(window: Window, qtbot: QtBot) -> None:
    tool, _ = brushed(window, qtbot)
    assert tool.palette is not None
    before = cloud(window)
    qtbot.keyClicks(tool.palette.line, "x2 > 1 + x1")
    qtbot.keyClick(tool.palette.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: cloud(window) != before)
    assert np.array_equal(cloud(window).x, before.x)
    assert np.array_equal(cloud(window).y, before.x[:, 1] > 1 + before.x[:, 0])


def test_a_wrong_formula_is_told_under_it(window: Window, qtbot: QtBot) -> None:
    tool, _ = brushed(window, qtbot)
    assert tool.palette is not None
    before = cloud(window)
    qtbot.keyClicks(tool.palette.line, "x2 > foo")
    qtbot.keyClick(tool.palette.line, Qt.Key.Key_Return)
    assert tool.palette.wrong.isVisible()
    assert "'foo' is unknown" in tool.palette.wrong.text()
    assert cloud(window) == before


@pytest.mark.parametrize(
    ("text", "ones"),
    [
        ("x2 - x1", [0, 0, 1]),
        ("x2 > x1", [0, 0, 1]),
        ("x2 < x1", [0, 1, 0]),
        ("x₁² + x₂² < 1.5", [1, 1, 0]),
        ("x2 = 2*x1", [0, 0, 1]),
    ],
)
def test_boundaries_are_read_as_they_are_written(text: str, ones: list[int]) -> None:
    points = Points([[0, 0], [1, 0], [1, 3]], [0, 0, 0])
    assert boundaries.labelled(points, text).y.tolist() == ones


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 < x1 < 2", "several signs"),
        ("sqrt(x1)", "no value at"),
        ("__import__('os')", "'__import__' is unknown"),
        ("x3", "'x3' is unknown"),
        ("", "empty"),
        ("(x1) - (x2", "left open"),
    ],
)
def test_a_boundary_that_cannot_be_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"formula|bracket|name") as told:
        boundaries.labelled(make("uniform", 50, classes=1), text)
    assert said in str(told.value)


def test_fresh_points_are_labelled_where_they_were_before_the_noise() -> None:
    clean, noisy = boundaries.fresh("x1", 300), boundaries.fresh("x1", 300, noise=0.5)
    assert ((clean.x[:, 0] > 0) == clean.y).all()
    assert 0.02 < np.mean((noisy.x[:, 0] > 0) != noisy.y) < 0.4


def test_targets_lie_along_the_function() -> None:
    made = boundaries.target("y = 2*sin(x)", 40)
    assert np.allclose(made.x[:, 1], 2 * np.sin(made.x[:, 0]))
    with pytest.raises(ValueError, match="no value at x = "):
        boundaries.target("log(x1)", 40)


def test_a_stroke_ends_with_its_own_button_though_another_is_held(window: Window, qtbot: QtBot) -> None:
    tool, plot = brushed(window, qtbot)
    view = plot.viewport()
    qtbot.mousePress(window.header, RIGHT)  # held from here on
    stroke(qtbot, plot, pixel(plot, -2, 0), pixel(plot, 2, 0))
    assert tool.stroke is None
    qtbot.mousePress(view, LEFT, pos=pixel(plot, 0, 0))
    assert tool.stroke is not None
    qtbot.mouseRelease(view, LEFT, pos=pixel(plot, 0, 0))
    assert tool.stroke is None
    qtbot.mouseRelease(window.header, RIGHT)
