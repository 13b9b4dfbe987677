"""Process start to a painted window that answers ÷ importing Qt, pyqtgraph and NumPy and showing an empty window."""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from time import perf_counter
from typing import Any

from tests.bench.measure import row

EMPTY = """
import numpy, pyqtgraph
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
window = QMainWindow()
window.resize(1280, 800)
window.show()
QTimer.singleShot(0, lambda: (print("there", flush=True), app.quit()))
app.exec()
"""
OURS = """
import sys
from PySide6.QtCore import QTimer
import app
from widgets.window import Window
def there(*_):
    QTimer.singleShot(0, lambda: (print("there", flush=True), window.close()))
made = Window.__init__
def watched(self, *given):
    global window
    made(self, *given)
    window = self
    self.shown.connect(there)
Window.__init__ = watched
sys.exit(app.main(["neural-network"]))
"""
TURNS = 5


def run() -> list[dict[str, Any]]:
    spent: dict[str, list[float]] = {"empty": [], "ours": []}
    for _ in range(TURNS):
        for name, code in (("empty", EMPTY), ("ours", OURS)):
            spent[name].append(_started(code))
    empty, ours = median(spent["empty"]), median(spent["ours"])
    detail = {"ours": f"{ours:.2f} s to the first frame of an experiment", "empty window": f"{empty:.2f} s"}
    return [row("start", ours / empty, 1.5, detail)]


def _started(code: str) -> float:
    """Seconds until the process says that it is there."""
    began = perf_counter()
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("there"):
                return perf_counter() - began
    raise RuntimeError("the window never came")
