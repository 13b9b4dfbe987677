"""The sheet of keys: none forgotten, none invented, none given twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from tests.widgets.tools.test_palette import WithToys, front
from widgets.tools.shortcuts import Keys, sheet, shown
from widgets.window import Window


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Window(WithToys(), QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.show()
    qtbot.waitExposed(made)
    front(made, qtbot)
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


def bound(window: Window) -> list[str]:
    """Every key that the window listens to."""
    return [shortcut.key().toString() for shortcut in window.findChildren(QShortcut)]


def test_the_sheet_has_every_key_of_the_window_and_no_other(window: Window) -> None:
    told = {QKeySequence(keys).toString() for rows in sheet(window.tools).values() for keys, _ in rows}
    assert told == set(bound(window))


def test_no_key_is_given_twice(window: Window) -> None:
    twice = [key for key, count in Counter(bound(window)).items() if count > 1]
    assert twice == []  # Qt would use neither


def test_question_mark_shows_it_and_closes_it(window: Window, qtbot: QtBot) -> None:
    assert window.tools  # all are there, and their keys
    qtbot.keyClick(window, Qt.Key.Key_Question)
    qtbot.waitUntil(lambda: bool(window.findChildren(Keys)))
    keys = window.findChildren(Keys)[0]
    front(keys, qtbot)
    said = {label.text() for label in keys.findChildren(QLabel)}
    assert {"Ctrl+K", "Find anything", "Shift+→", "One stage on, within the step", "Time", "Mouse"} <= said
    with qtbot.waitSignal(keys.destroyed):
        qtbot.keyClick(keys, Qt.Key.Key_Question)


def test_arrows_are_shown_as_arrows() -> None:
    assert (shown("Shift+Right"), shown("Left"), shown("?")) == ("Shift+→", "←", "?")
