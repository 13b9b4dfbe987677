"""The garbage collector, run by the window's thread: Python would run it in any, and in the midst of a step.

From the engine's thread it would take apart what is Qt's and the window's, which Qt forbids. And what libraries bring
is set aside, once: to look through all of torch each time takes 0.2 s in which nothing moves.
"""

from __future__ import annotations

import gc
import sys

from PySide6.QtCore import QObject, QTimer

OFTEN = 100  # milliseconds
MANY = 300  # modules that are new: a large library was loaded
WHOLE = 100  # times it looked, from one search of all to the next


class Collector(QObject):
    """Collects while its parent lives, and sets aside what libraries brought."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._modules = len(sys.modules)
        self._looked = 0
        gc.freeze()
        gc.disable()
        self._often = QTimer(self)
        self._often.timeout.connect(self._look)
        self._often.start(OFTEN)

    def stop(self) -> None:
        """Leave it to Python again."""
        self._often.stop()
        gc.unfreeze()
        gc.enable()

    def _look(self) -> None:
        self._looked += 1
        if len(sys.modules) > self._modules + MANY:
            self._modules = len(sys.modules)
            gc.freeze()  # and the little garbage of just now with it: to look for it would be the pause itself
        elif self._looked % WHOLE == 0:
            gc.collect()
        else:
            gc.collect(1 if self._looked % 10 == 0 else 0)
