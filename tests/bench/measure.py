"""What the benchmarks share: rows of the table, a real window to watch, and times taken in turns."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from lab.catalogue import Catalogue
from lab.pace import FLAT_OUT
from widgets.window import Window

SIZE = (1280, 800)


def row(name: str, ratio: float, reach: float, detail: dict[str, Any], at_least: bool = False) -> dict[str, Any]:
    """One line of the table: the ratio must come up to `reach` where it is to be large, else stay below it."""
    reached = ratio >= reach if at_least else ratio <= reach
    return {"name": name, "ratio": ratio, "reach": reach, "reached": bool(reached), "detail": detail}


def taken(*what: Callable[[], object], turns: int = 5) -> list[float]:
    """The median seconds that each takes, in turns, so that a busy moment of the machine falls on all."""
    seconds: list[list[float]] = [[] for _ in what]
    for _ in range(turns):
        for one, spent in zip(what, seconds):
            began = perf_counter()
            one()
            spent.append(perf_counter() - began)
    return [median(spent) for spent in seconds]


@contextmanager
def opened(name: str, settings: dict[str, Any] | None = None) -> Iterator[Window]:
    """The window with an experiment on it, at full speed and not yet playing."""
    app = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        remembered = QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat)
        window = Window(Catalogue(), remembered, "dark")
        window.resize(*SIZE)
        window.show()
        window.open_experiment(name, settings or {})
        wait(lambda: window.frame is not None and window.frame.name == name)
        window.engine.set_speed(FLAT_OUT)
        spin(1.0)
        yield window
        window.close()
        QApplication.processEvents()
    del app


def spin(seconds: float) -> None:
    """Let the event loop run."""
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def wait(until: Callable[[], bool], seconds: float = 30.0) -> None:
    began = perf_counter()
    while not until():
        if perf_counter() - began > seconds:
            raise TimeoutError(f"what was waited for did not come within {seconds} s")
        spin(0.02)
