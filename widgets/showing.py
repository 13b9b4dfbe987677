"""Showing: a moment of the run goes to the panels one after the other, so that the window answers in between."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer

from lab.engine import Engine

UNSEEN = 40  # milliseconds until frames count as painted where nothing is to be painted


class Showing(QObject):
    """Takes one piece of work a turn of the event loop; the engine trains on once all of it is on the screen."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pieces: Iterator[object] | None = None
        self._engine: Engine | None = None  # waits until its frames are on the screen
        self._turn, self._blink = QTimer(self), QTimer(self)
        for timer, then in ((self._turn, self._go_on), (self._blink, self._painted)):
            timer.setSingleShot(True)
            timer.timeout.connect(then)

    def begin(self, pieces: Iterator[object], engine: Engine) -> None:
        """Show these, from the next turn on; what is left of an older moment is past."""
        self._pieces, self._engine = pieces, engine
        self._turn.start(0)

    def drop(self) -> None:
        """Other panels come: what is left to show was for those that go."""
        self._pieces = None
        self._blink.start(UNSEEN)

    def _go_on(self) -> None:
        if self._pieces is None:
            return
        more = False
        try:
            more = next(self._pieces, self) is not self
        finally:  # a panel that fails is told of, and holds nothing up
            if more:
                self._turn.start(0)
            else:
                self.drop()

    def repainted(self) -> None:
        """Something was painted. Each plot asks for a painting of its own: the last of them counts."""
        if self._engine is not None and self._pieces is None:
            self._blink.start(0)

    def _painted(self) -> None:
        """What the last frames changed is on the screen, or nothing was to be seen of it."""
        if self._engine is not None and self._pieces is None:
            self._engine.take()
            self._engine = None
