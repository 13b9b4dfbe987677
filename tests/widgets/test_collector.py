"""Garbage is collected in the window's thread alone, what libraries brought is set aside, and Python has it back."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from widgets import collector
from widgets.collector import Collector


class Knot:
    """Only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collecting(qtbot: QtBot) -> Any:
    parent = QObject()
    made = Collector(parent)
    yield made
    made.stop()


def test_knots_of_other_threads_are_undone_in_the_windows_own(qtbot: QtBot, collecting: Any) -> None:
    where: list[threading.Thread] = []

    def busy() -> None:
        knots = [Knot() for _ in range(5000)]  # far more than makes Python collect where it is
        weakref.finalize(knots[0], lambda: where.append(threading.current_thread()))

    assert not gc.isenabled()
    thread = threading.Thread(target=busy)
    thread.start()
    thread.join()
    assert where == []
    qtbot.waitUntil(lambda: bool(where))
    assert where == [threading.main_thread()]


def test_old_knots_are_undone_too_and_what_is_set_aside_is_none_of_them(
    qtbot: QtBot, collecting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "WHOLE", 3)
    knot = Knot()
    gone = weakref.ref(knot)
    gc.collect()  # it is old now
    del knot
    qtbot.waitUntil(lambda: gone() is None)
    before = gc.get_freeze_count()
    monkeypatch.setattr(collecting, "_modules", -collector.MANY)  # as if a library had come
    qtbot.waitUntil(lambda: gc.get_freeze_count() > before)
    assert collecting._modules == len(sys.modules)


def test_python_collects_again_once_the_window_is_closed(collecting: Any) -> None:
    assert gc.get_freeze_count() > 0
    collecting.stop()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_the_window_is_made_before_pyqtgraph_is_loaded() -> None:
    """It takes as long as all else that a window needs, and nothing is to be plotted yet."""
    code = """
import os, sys
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from lab.catalogue import Catalogue
from widgets.window import Window
app = QApplication([])
Window(Catalogue(), QSettings(os.devnull, QSettings.Format.IniFormat)).close()
print("pyqtgraph" in sys.modules, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "False"]
