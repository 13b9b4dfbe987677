"""A picture of the window as a person would see it, at one step of a run."""

from __future__ import annotations

import sys

from PySide6.QtCore import QBuffer, QEventLoop, QIODevice, QTimer
from PySide6.QtWidgets import QApplication

from lab.engine import Failure
from lab.files import write_whole
from lab.frame import Frame
from widgets.marks.equation import typesetter
from widgets.window import Window

SETTLE = 700  # milliseconds for what follows a frame at leisure: equations, finer pictures


def render(window: Window, path: str, steps: int) -> int:
    """Wait until the run stands at the step (or ended before it), and write the window as a PNG."""
    typesetter()  # a picture can wait for it, and must have its formulas
    waiting = QEventLoop()
    wrong: list[str] = []

    def look(frame: Frame) -> None:
        if frame.t >= steps or frame.finished or window.kind is None or window.kind.explores():
            waiting.quit()

    def fail(failure: Failure) -> None:
        wrong.append(failure.message)
        waiting.quit()

    window.shown.connect(look)
    window.engine.failed.connect(fail)
    sys.excepthook = lambda kind, value, trace: fail(Failure(f"the window failed: {value!r}"))
    window.show()
    waiting.exec()
    if not wrong:
        QTimer.singleShot(SETTLE, waiting.quit)
        waiting.exec()
    picture = window.grab()
    window.close()
    QApplication.processEvents()
    if wrong:
        raise ValueError(wrong[0])
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    write_whole(path, bytes(buffer.data().data()))
    return 0
