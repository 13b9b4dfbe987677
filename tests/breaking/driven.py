"""The real app.py in this process, driven once its window shows an experiment; what came of it is printed as JSON."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

import app
from tests.bench.measure import wait
from widgets.window import Window

PATIENCE = 90_000  # milliseconds until a program that does nothing is ended


def drive(act: Callable[[Window], Any], *words: str) -> None:
    """Run app.py with these words and, in its own event loop, do this to its window."""
    program = QApplication([])
    looking = QTimer(program)

    def look() -> None:
        window = next((w for w in program.topLevelWidgets() if isinstance(w, Window) and w.frame is not None), None)
        if window is None:
            return
        looking.stop()
        try:
            told = act(window)
            play_another(window)
            print(json.dumps(told), flush=True)
            window.close()
        except BaseException:
            traceback.print_exc()
            os._exit(3)

    looking.timeout.connect(look)
    looking.start(20)
    QTimer.singleShot(PATIENCE, lambda: os._exit(4))
    sys.exit(app.main(list(words)))


def play_another(window: Window) -> None:
    """The app lives on."""
    window.open_experiment("newton")
    wait(lambda: window.frame is not None and window.frame.name == "newton")
    window.press("step")
    wait(lambda: window.frame is not None and window.frame.t == 1)


def said(window: Window, kind: str) -> str:
    """What the banner says, once it has news of this kind."""
    wait(lambda: window.banner.kind == kind and window.banner.isVisible())
    return window.banner.text.text()
