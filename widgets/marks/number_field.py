"""A field laid over a picture in which one number is typed: Enter sets it, Escape or a click elsewhere leaves it."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from widgets.look import Look


class NumberField(QLineEdit):
    """Stands around a place of its canvas, and goes when it is done."""

    typed = Signal(float)
    left = Signal()  # it has gone, with a number or without

    def __init__(self, canvas: QWidget, look: Look, at: QPointF, text: str) -> None:
        super().__init__(text, canvas)
        self.setFont(look.font(13))
        width, height = round(88 * look.scale), self.sizeHint().height()
        x = min(max(0, round(at.x()) - width // 2), canvas.width() - width)
        y = min(max(0, round(at.y()) - height // 2), canvas.height() - height)
        self.setGeometry(x, y, width, height)
        self.returnPressed.connect(self._set)
        self.selectAll()
        self.show()
        self.setFocus()
        self._gone = False

    def leave(self) -> None:
        if not self._gone:
            self._gone = True
            self.left.emit()
            self.hide()
            self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.leave()

    def _set(self) -> None:
        try:
            value = float(self.text().replace("−", "-").replace(",", "."))
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            self.typed.emit(value)
            self.leave()
        else:
            self.selectAll()
