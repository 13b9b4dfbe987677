"""Runs in files: the recent ones, and the command that makes a run again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from lab import glass
from lab.catalogue import Catalogue
from lab.session import Session
from widgets.tools import files
from widgets.tools.files import CopyCommand, RecentRuns
from widgets.window import Window

CATALOGUE = Catalogue()
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Window(CATALOGUE, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    if not made.isActiveWindow():
        QApplication.setActiveWindow(made)
    made.open_experiment("newton", None, 3)
    qtbot.waitUntil(lambda: made.frame is not None, timeout=20_000)
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


def answering(monkeypatch: pytest.MonkeyPatch, path: Path) -> list[str]:
    """The file dialog answers with a path; its titles are kept."""
    titles: list[str] = []

    def answer(parent: object, title: str, *rest: object) -> tuple[str, str]:
        titles.append(title)
        return str(path), files.RUNS

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    return titles


def found(window: Window, kind: type) -> files.Tool:
    return next(tool for tool in window.tools if isinstance(tool, kind))


def copied(line: str) -> Callable[[], bool]:
    return lambda: QGuiApplication.clipboard().text() == line


def test_saved_and_opened_runs_are_recent_the_latest_first(
    window: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = found(window, RecentRuns)
    assert "No run was opened or saved yet" in tool.why_not()
    saved, opened = tmp_path / "saved.glass", tmp_path / "opened.glass"
    glass.save(Session(CATALOGUE.load("newton"), seed=8), opened)
    answering(monkeypatch, tmp_path / "saved")
    qtbot.keyClick(window, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: files.recent(window.settings) == [str(saved)])
    window.open_file(str(opened))
    qtbot.waitUntil(lambda: files.recent(window.settings) == [str(opened), str(saved)])
    window.open_file(str(saved))
    qtbot.waitUntil(lambda: files.recent(window.settings) == [str(saved), str(opened)])


def test_a_recent_run_is_opened_with_the_keyboard(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "one & two.glass"
    glass.save(Session(CATALOGUE.load("newton"), seed=8), path)
    files.note(window.settings, str(path))
    qtbot.keyClick(window, Qt.Key.Key_O, CONTROL | SHIFT)
    tool = found(window, RecentRuns)
    assert isinstance(tool, RecentRuns)
    assert tool.menu is not None
    assert [entry.text().replace("&&", "&").split("    ")[0] for entry in tool.menu.actions()] == ["one & two.glass"]
    qtbot.keyClick(tool.menu, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.seed == 8)


def test_a_damaged_file_is_no_recent_run(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    bad = tmp_path / "bad.glass"
    bad.write_text("{")
    window.open_file(str(bad))
    qtbot.waitUntil(window.banner.isVisible)
    window.open_experiment("momentum")
    qtbot.waitUntil(lambda: window.kind is not None and window.kind.name == "momentum", timeout=20_000)
    qtbot.wait(20)
    assert files.recent(window.settings) == []


def test_ten_are_kept_and_those_that_are_gone_are_left_out(tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    paths = [tmp_path / f"{i}.glass" for i in range(13)]
    for path in paths:
        path.write_text("{}")
        files.note(settings, str(path))
    assert files.recent(settings) == [str(path) for path in reversed(paths[3:])]
    paths[12].unlink()
    settings.sync()
    again = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    assert files.recent(again) == [str(path) for path in reversed(paths[3:12])]
    one = QSettings(str(tmp_path / "one.ini"), QSettings.Format.IniFormat)
    files.note(one, str(paths[0]))
    one.sync()
    assert files.recent(QSettings(str(tmp_path / "one.ini"), QSettings.Format.IniFormat)) == [str(paths[0])]


def test_the_command_is_copied_by_its_keys(window: Window, qtbot: QtBot) -> None:
    window.engine.seek(4)
    qtbot.keyClick(window, Qt.Key.Key_C, CONTROL | SHIFT)
    qtbot.waitUntil(copied("python app.py newton --seed 3 --steps 4"))
    assert window.banner.text.text() == "Copied: python app.py newton --seed 3 --steps 4"


def test_what_was_done_by_hand_goes_by_a_file_and_the_banner_says_so(
    window: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.open_experiment("linear-regression", {"data": "points"})
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "linear-regression", timeout=20_000)
    window.engine.act("points.erase", [0])
    path = tmp_path / "my run.glass"
    titles = answering(monkeypatch, path)
    found(window, CopyCommand).use()
    qtbot.waitUntil(copied(f"python app.py --open {shlex.quote(str(path))}"))
    assert "one thing was done by hand" in titles[0]
    assert "The command opens the file saved now." in window.banner.text.text()
    assert len(json.loads(path.read_text())["journal"]) == 1
    assert files.recent(window.settings) == [str(path)]
