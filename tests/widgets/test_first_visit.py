"""A first visit: find k-means, drag a centre, rewind, branch, compare, save, reopen and film it, by mouse and keys."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from lab import glass
from lab.catalogue import Catalogue
from lab.frame import Frame
from tests.widgets.test_every_drag import grips, in_view, panel
from tests.widgets.tools.test_export import chosen, press_save
from widgets.tools.export import SaveMovie
from widgets.window import Window

LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Window(Catalogue(), QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "light")
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    if not made.isActiveWindow():
        QApplication.setActiveWindow(made)
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


def frame(window: Window) -> Frame:
    assert window.frame is not None
    return window.frame


def stands_at(window: Window, t: int) -> bool:
    return frame(window).t == t


def click(widget: QWidget, at: QPoint | None = None) -> None:
    QTest.mouseClick(widget, LEFT, pos=widget.rect().center() if at is None else at)


def centres(window: Window) -> np.ndarray:
    return np.asarray(frame(window).values["centres"])


def dragged(window: Window, qtbot: QtBot, by: QPoint) -> None:
    """Take hold of the first centre in the panel Data, and let go of it elsewhere."""
    grip = grips(panel(window, "Data"))[-1]
    at, surface, before = in_view(grip, 0), grip.plot.viewport(), len(frame(window).gestures)
    assert at is not None
    QTest.mousePress(surface, LEFT, pos=at)
    for share in (0.5, 1.0):
        QTest.mouseMove(surface, at + QPoint(round(by.x() * share), round(by.y() * share)))
        qtbot.wait(15)
    QTest.mouseRelease(surface, LEFT, pos=at + by)
    qtbot.waitUntil(lambda: len(frame(window).gestures) == before + 1)


def test_a_first_visit(window: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Find k-means.
    click(window.shelf.search)
    qtbot.keyClicks(window.shelf.search, "k-means")
    qtbot.keyClick(window.shelf.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "k-means")

    # Drag a centre, then let it step on by the button.
    before = centres(window)[0]
    dragged(window, qtbot, QPoint(40, -30))
    assert np.linalg.norm(centres(window)[0] - before) > 0.3
    for t in range(1, 6):
        click(window.transport.buttons["step"])
        qtbot.waitUntil(partial(stands_at, window, t))
    first = frame(window).metrics["loss"].copy()

    # Rewind on the timeline's keys, and drag again: a branch begins, and the old run stays as a ghost.
    for t in (4, 3, 2):
        click(window.transport.buttons["back"])
        qtbot.waitUntil(partial(stands_at, window, t))
    dragged(window, qtbot, QPoint(-50, 40))
    assert frame(window).end == 2
    ghost = frame(window).ghost
    assert ghost is not None
    assert ghost.metrics["loss"].tolist() == first.tolist()
    click(window.transport.buttons["step"])
    qtbot.waitUntil(lambda: frame(window).t == 3)
    assert frame(window).metrics["loss"][3] != first[3]

    # Compare it with another start.
    window.stage.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_D, CONTROL)
    qtbot.waitUntil(lambda: len(window.lanes.frames) == 2)
    assert [one.t for one in window.lanes.frames] == [3, 3]
    qtbot.keyClick(window, Qt.Key.Key_W, CONTROL)
    qtbot.waitUntil(lambda: len(window.lanes.frames) == 1)

    # Save it, go elsewhere, and open it again: all is there.
    path, film = tmp_path / "visit.glass", tmp_path / "visit.gif"
    left = frame(window)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (str(path), given[3].split(";;")[0]))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *given: (str(path), given[3].split(";;")[0]))
    qtbot.keyClick(window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(path.exists)
    assert glass.read(path, window.catalogue)[1] == 3
    window.shelf.search.setText("momentum")
    qtbot.keyClick(window.shelf.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: frame(window).name == "momentum")
    window.stage.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_O, CONTROL)
    qtbot.waitUntil(lambda: frame(window).name == "k-means" and frame(window).t == 3)
    assert frame(window).metrics["loss"].tolist() == left.metrics["loss"].tolist()
    assert len(frame(window).gestures) == 2

    # Film it.
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (str(film), given[3].split(";;")[0]))
    chosen(window, SaveMovie.title)
    press_save(window, qtbot)
    qtbot.waitUntil(film.exists, timeout=60_000)
    with Image.open(film) as pictures:
        assert pictures.n_frames == 4  # type: ignore[attr-defined]
