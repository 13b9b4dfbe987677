"""A small grey picture to draw on: the left button lays light on, the right takes it off."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.look import Look

TALL = 168  # pixels at scale 1


class Canvas(QWidget):
    """Shows numbers from 0 (dark) to 1 (light), and hands on what a brush made of them."""

    began = Signal()  # a press: what follows up to the release is one gesture
    drew = Signal(object)  # the whole picture, an array

    def __init__(self, name: str, look: Look) -> None:
        super().__init__()
        self.look = look
        self.pixels = np.zeros((1, 1))
        self.light: float | None = None  # what the brush lays on while a button is down
        self.setAccessibleName(name)
        self.setToolTip("Draw with the left button, wipe out with the right")
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_pixels(self, pixels: np.ndarray) -> None:
        fresh = pixels.shape != self.pixels.shape
        self.pixels = pixels
        if fresh:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        height, width = self.pixels.shape
        side = TALL * self.look.scale / max(height, width)
        return QSize(round(width * side), round(height * side))

    def restyle(self, look: Look) -> None:
        self.look = look
        self.updateGeometry()
        self.update()

    # ------------------------------------------------------------ hands

    def mousePressEvent(self, event: QMouseEvent) -> None:
        lights = {Qt.MouseButton.LeftButton: 1.0, Qt.MouseButton.RightButton: 0.0}
        if self.light is None and event.button() in lights:
            self.light = lights[event.button()]
            self.last = self._place(event)
            self.began.emit()
            self._stroke(self.last)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.light is not None:
            self._stroke(self._place(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not event.buttons():
            self.light = None

    def _place(self, event: QMouseEvent) -> np.ndarray:
        """Where a pointer is, in pixels of the picture: (row, column)."""
        height, width = self.pixels.shape
        return np.array((event.position().y() / self.height() * height, event.position().x() / self.width() * width))

    def _stroke(self, to: np.ndarray) -> None:
        """Draw from the last place to this one, with a soft edge to the brush."""
        height, width = self.pixels.shape
        radius = max(0.6, max(height, width) / 22)
        rows, columns = np.mgrid[0:height, 0:width] + 0.5
        across, length = to - self.last, max(float(((to - self.last) ** 2).sum()), 1e-9)
        along = np.clip(((rows - self.last[0]) * across[0] + (columns - self.last[1]) * across[1]) / length, 0, 1)
        away = np.hypot(rows - self.last[0] - along * across[0], columns - self.last[1] - along * across[1])
        cover = np.clip(radius + 0.5 - away, 0, 1)
        self.last = to
        drawn = np.maximum(self.pixels, cover) if self.light else np.minimum(self.pixels, 1 - cover)
        if not np.array_equal(drawn, self.pixels):
            self.drew.emit(drawn)

    # ------------------------------------------------------------ drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        height, width = self.pixels.shape
        grey = np.ascontiguousarray((self.pixels * 255).astype(np.uint8))
        picture = QImage(grey.data, width, height, width, QImage.Format.Format_Grayscale8)
        painter = QPainter(self)
        painter.drawImage(QRectF(self.rect()), picture)
        if max(height, width) <= 32:
            painter.setPen(QColor(128, 128, 128, 60))
            for row in range(1, height):
                y = round(row * self.height() / height)
                painter.drawLine(0, y, self.width(), y)
            for column in range(1, width):
                x = round(column * self.width() / width)
                painter.drawLine(x, 0, x, self.height())
        painter.setPen(self.look.pen("border", 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
