"""Process start to a painted window that answers ÷ importing Qt, pyqtgraph and NumPy and showing an empty window."""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from time import perf_counter
from typing import Any

from tests.bench.measure import row

WATCHED = """
import sys, time
from PySide6.QtCore import QEvent, QTimer
def watched(kind):
    class Watched(kind):
        painted = False
        def event(self, event):
            handled = super().event(event)
            if event.type() == QEvent.Type.UpdateRequest and not self.painted:
                self.painted = True
                QTimer.singleShot(0, lambda: print("there", flush=True))
            return handled
    return Watched
"""
EMPTY = (
    """
import numpy, pyqtgraph
from PySide6.QtWidgets import QApplication, QMainWindow
"""
    + WATCHED
    + """
app = QApplication([])
window = watched(QMainWindow)()
window.resize(1280, 800)
window.show()
QTimer.singleShot(3000, app.quit)
app.exec()
"""
)
OURS = (
    WATCHED
    + """
import app
import widgets.window as windows
windows.Window = watched(windows.Window)
made = windows.Window.__init__
def begun(self, *given):
    made(self, *given)
    self.shown.connect(lambda _: print("frame", flush=True))
windows.Window.__init__ = begun
sys.exit(app.main(["neural-network", "--quit-after", "3"]))
"""
)
TURNS = 5


def run() -> list[dict[str, Any]]:
    empty, ours, framed = [], [], []
    for _ in range(TURNS):
        empty.append(_started(EMPTY)["there"])
        found = _started(OURS, "frame")
        ours.append(found["there"])
        framed.append(found["frame"])
    detail = {
        "ours": f"{median(ours):.2f} s to a painted window that answers, {median(framed):.2f} s to the first frame",
        "empty window": f"{median(empty):.2f} s",
    }
    return [row("start", median(ours) / median(empty), 1.5, detail)]


def _started(code: str, last: str = "there") -> dict[str, float]:
    """Seconds until the process says each of its words."""
    found: dict[str, float] = {}
    began = perf_counter()
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            found.setdefault(line.strip(), perf_counter() - began)
            if last in found and "there" in found:
                process.kill()
                return found
    raise RuntimeError("the window never came")
