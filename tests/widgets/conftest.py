"""What tests of the window share: the program that all of them run in is left as each found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

# A condition that holds is seen at once; on a busy machine the wait for it may be long.
for wait in (QtBot.waitUntil, QtBot.waitSignal):
    wait.__kwdefaults__ = {**(wait.__kwdefaults__ or {}), "timeout": 20_000}


def let_go() -> None:
    """Release every button of the mouse."""
    nothing = QWidget()
    for button in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton):
        QTest.mouseRelease(nothing, button)


@pytest.fixture(autouse=True)
def undressed(qapp: QApplication) -> Iterator[None]:
    """A window dresses the whole program: style sheet, palette and font.

    And Qt's tests have one mouse: a button that a test left pressed would be held down in all that follow.
    """
    let_go()
    before = qapp.styleSheet(), qapp.palette(), qapp.font()
    yield
    if qapp.styleSheet() != before[0]:
        qapp.setStyleSheet(before[0])
        qapp.setPalette(before[1])
        qapp.setFont(before[2])
