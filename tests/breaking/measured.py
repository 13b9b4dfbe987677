"""What a process that must not grow is held against: its memory, its threads, its windows and the turns of its loop."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import psutil
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

ROOT = Path(__file__).resolve().parents[2]


class Size:
    """How large the process is now, with nothing left that is only waiting to be thrown away."""

    def __init__(self) -> None:
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        gc.collect()
        process = psutil.Process()
        self.untrimmed = process.memory_info().rss / 1e6
        if sys.platform == "linux":
            ctypes.CDLL(None).malloc_trim(0)  # what was freed and the C library keeps for the next time is no growth
        self.megabytes = process.memory_info().rss / 1e6
        self.threads = process.num_threads()
        self.windows = len(QApplication.topLevelWidgets())
        self.widgets = len(QApplication.allWidgets())

    def told(self) -> dict[str, float]:
        return dict(vars(self))


class Gaps(QObject):
    """How long the event loop was away between two turns of a timer, and what was going on then."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.longest, self.during, self.doing = 0.0, "", ""
        self.over: list[tuple[float, str]] = []  # those above a quarter of a second
        self._last = monotonic()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._turn)
        self._timer.start(10)

    def begin_again(self) -> None:
        """From now: what was just done was the test's own measuring, during which no event could be heard."""
        self._last = monotonic()

    def _turn(self) -> None:
        now = monotonic()
        gap, self._last = now - self._last, now
        if gap > 0.25:
            self.over.append((round(gap, 3), self.doing))
        if gap > self.longest:
            self.longest, self.during = gap, self.doing


def surroundings(home: Path, **more: str) -> dict[str, str]:
    """The environment of a process without a display, whose settings and copies are kept in a folder of its own."""
    kept = {name: str(home / name.lower()) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    offscreen = {"QT_QPA_PLATFORM": "offscreen", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    return {**os.environ, "HOME": str(home), **kept, **offscreen, "PYTHONDONTWRITEBYTECODE": "1", **more}


def told_by(module: str, *words: str, home: Path, timeout: float, **more: str) -> Any:
    """What a program of these tests prints on its last line, as JSON; its failure is the test's."""
    command = [sys.executable, "-m", f"tests.breaking.{module}", *words]
    done = subprocess.run(
        command, cwd=ROOT, env=surroundings(home, **more), capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{done.returncode}: {done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return json.loads(done.stdout.splitlines()[-1])
