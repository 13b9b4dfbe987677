"""The timeline: a run's first metric drawn small, what was done and when, bookmarks, and the present, to be dragged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lab.frame import Frame
from widgets.look import Look

NEAR = 6  # pixels from a flag that are still on it
ROOM = 1.18  # the line is this much longer than the run, so that it seldom rescales


class Timeline(QWidget):
    """Scrub with the mouse; dots mark where something was done and flags what was bookmarked, hovering tells what."""

    sought = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.frame: Frame | None = None
        self.span = 60  # steps across the whole width
        self.bookmarks: tuple[tuple[int, str], ...] = ()  # (step, what it is called)
        self._line: QPixmap | None = None
        self._drawn: tuple[object, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Timeline")
        self.setToolTipDuration(4000)
        self.restyle(look)

    def sizeHint(self) -> QSize:
        return QSize(300, round(34 * self.look.scale))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, round(34 * self.look.scale))

    def restyle(self, look: Look) -> None:
        self.look = look
        self._drawn = ()
        self.updateGeometry()
        self.update()

    def show_frame(self, frame: Frame) -> None:
        if self.frame is not None and (self.frame.name != frame.name or frame.end == 0):
            self.span = 60
        self.frame = frame
        while frame.end > self.span:
            self.span = int(max(frame.end * ROOM, self.span * 1.5))
        self.update()

    def show_bookmarks(self, bookmarks: Iterable[tuple[int, str]]) -> None:
        self.bookmarks = tuple(bookmarks)
        self.update()

    def place(self, t: int) -> float:
        """How far from the left a step is, kept within the line."""
        return min(float(self._x(t)), self.width() - 4.0)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.colour("field"))
        painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        frame = self.frame
        if frame is None:
            return
        reached = round(self._x(frame.end))  # nothing new to draw until the run is a pixel longer
        state = (reached, frame.seed, self.span, self.size(), frame.name, len(frame.gestures))
        if state != self._drawn:
            self._drawn, self._line = state, self._sparkline(frame)
        if self._line is not None:
            painter.drawPixmap(0, 0, self._line)
        now = self._x(frame.t)
        if frame.t < frame.end:  # what lies ahead is known, and dimmed
            veil = self.look.colour("field", 0.65)
            painter.fillRect(QRectF(now, 0, self._x(frame.end) - now + 2, self.height()), veil)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.colour("warn"))
        for t, _ in frame.gestures[-400:]:
            painter.drawEllipse(QPointF(self._x(t), self.height() - 5), 3, 3)
        painter.setPen(self.look.pen("text", 2))
        painter.drawLine(QPointF(now, 1), QPointF(now, self.height() - 1))
        for t, _ in self.bookmarks:
            self._draw_flag(painter, self.place(t))

    def _draw_flag(self, painter: QPainter, x: float) -> None:
        """A thin pole with a small flag at its top; the one at the far right flies to the left."""
        size = 7 * self.look.scale
        out = size if x + size < self.width() else -size
        painter.setPen(self.look.pen("good", 1.5))
        painter.drawLine(QPointF(x, 1), QPointF(x, self.height() - 1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.colour("good"))
        painter.drawPolygon(QPolygonF([QPointF(x, 1), QPointF(x + out, 1 + size / 2), QPointF(x, 1 + size)]))

    def _sparkline(self, frame: Frame) -> QPixmap:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        column = next((c for c in frame.metrics.values() if np.isfinite(c).sum() > 1), None)
        if column is None:
            return pixmap
        steps = np.flatnonzero(np.isfinite(column))
        if len(steps) > 2 * self.width():
            steps = steps[np.linspace(0, len(steps) - 1, 2 * self.width()).astype(int)]
        values = column[steps]
        if values.min() > 0 and values.max() > 20 * values.min():
            values = np.log(values)
        low, high = float(values.min()), float(values.max())
        if not np.isfinite(high - low):
            return pixmap
        heights = (self.height() - 9) * (1 - (values - low) / ((high - low) or 1.0)) + 3
        places = np.column_stack([self._x(steps), heights])
        from widgets.marks.overlay import Pieces, stroke  # with pyqtgraph, which must not keep the window waiting

        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(stroke(self.look.pen("accent", 1.5)))
        Pieces().draw(painter, np.hstack([places[:-1], places[1:]]))
        painter.end()
        return pixmap

    def _x(self, t: Any) -> Any:
        return 4 + (self.width() - 8) * t / max(self.span, 1)

    # ------------------------------------------------------------ the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._scrub(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._scrub(event)
        elif self.frame is not None:
            x = event.position().x()
            near = [said for t, said in self.frame.gestures if abs(self._x(t) - x) < 5]
            flags = [f"Bookmark: {said}" for t, said in self.bookmarks if abs(self.place(t) - x) <= NEAR]
            step = self._step(x)
            text = "\n".join([f"t = {step}", *flags, *near[-6:]]) if step <= self.frame.end or flags else ""
            QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def _scrub(self, event: QMouseEvent) -> None:
        """Scrubbing stays within what is recorded: to go beyond it, play. A flag is gone to exactly."""
        if self.frame is not None:
            x = event.position().x()
            near = [t for t, _ in self.bookmarks if abs(self.place(t) - x) <= NEAR]
            step = min(near, key=lambda t: abs(self.place(t) - x), default=self._step(x))
            self.sought.emit(step if near else min(step, self.frame.end))

    def _step(self, x: float) -> int:
        return max(0, round((x - 4) / max(1, self.width() - 8) * self.span))
