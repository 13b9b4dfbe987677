"""The track of a slider: taken hold of anywhere, ticked where a limit lies, in a warning colour beyond the last."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider

from widgets.look import Look


class Track(QSlider):
    """Positions 0 to `ends`; what they mean is for the editor to know."""

    began = Signal()  # pressed: what follows up to sliderReleased is one gesture
    stepped = Signal(int, bool)  # by keys; False: a key held down goes on

    def __init__(self, name: str, ends: int, look: Look) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.look = look
        self.marks: tuple[float, ...] = ()  # where limits lie, as shares of the track
        self._offset = 0
        self.setRange(0, ends)
        self.setAccessibleName(name)
        self.setMinimumWidth(60)

    def show_marks(self, marks: Sequence[float]) -> None:
        """Limits as shares of the track, in order; those outside 0 to 1 are beyond its ends."""
        if self.marks != tuple(marks):
            self.marks = tuple(marks)
            self.update()

    def restyle(self, look: Look) -> None:
        self.look = look
        self.update()

    # ------------------------------------------------------------ hands

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        handle = self._part(QStyle.SubControl.SC_SliderHandle)
        x = round(event.position().x())
        self._offset = x - handle.center().x() if handle.left() <= x <= handle.right() else 0
        self.began.emit()
        self.setSliderDown(True)
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            start, span = self._lane()
            x = round(event.position().x()) - self._offset
            self.setValue(QStyle.sliderValueFromPosition(0, self.maximum(), x - start, span))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, far = Qt.Key, self.maximum()
        steps = {
            key.Key_Left: -1, key.Key_Down: -1, key.Key_Right: 1, key.Key_Up: 1,
            key.Key_PageDown: -10, key.Key_PageUp: 10, key.Key_Home: -far, key.Key_End: far,
        }  # fmt: skip
        if event.key() in steps:
            self.stepped.emit(steps[key(event.key())], not event.isAutoRepeat())
        else:
            event.ignore()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the wheel scrolls the column: it should not turn what it passes over

    # ------------------------------------------------------------ drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.marks:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        handle = QRectF(self._part(QStyle.SubControl.SC_SliderHandle))
        around = QPainterPath()
        around.addRect(QRectF(self.rect()))
        knob = QPainterPath()
        knob.addEllipse(handle.center(), handle.width() / 2, handle.width() / 2)
        painter.setClipPath(around - knob)
        start, span = self._lane()
        thick, knob_x, middle = 4 * self.look.scale, handle.center().x(), handle.center().y()
        last = start + span * min(max(self.marks[-1], 0.0), 1.0)
        if self.marks[-1] < 1:
            painter.setPen(Qt.PenStyle.NoPen)
            end = start + span + handle.width() / 2
            for begin, stop, alpha in ((last, knob_x, 1.0), (max(last, knob_x), end, 0.45)):
                if stop > begin:
                    painter.setBrush(self.look.colour("warn", alpha))
                    bar = QRectF(begin, middle - thick / 2, stop - begin, thick)
                    painter.drawRoundedRect(bar, thick / 2, thick / 2)
        painter.setPen(self.look.pen("warn", 2))
        for mark in self.marks:
            if 0 <= mark <= 1:
                x = start + span * mark
                painter.drawLine(round(x), round(middle - 1.75 * thick), round(x), round(middle + 1.75 * thick))

    def _part(self, part: QStyle.SubControl) -> QRect:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        return self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, self)

    def _lane(self) -> tuple[int, int]:
        """Where the middle of the knob begins, and how far it can go."""
        groove, knob = self._part(QStyle.SubControl.SC_SliderGroove), self._part(QStyle.SubControl.SC_SliderHandle)
        return groove.left() + knob.width() // 2, max(groove.width() - knob.width(), 1)
