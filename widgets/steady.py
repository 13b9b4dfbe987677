"""A place for words that change from frame to frame: the window around them is not laid out anew each time.

A label asks for another layout whenever its text changes, its parent's layout asks its own parent, and so on up to the
window, where every splitter on the way paints all of its ground again. A place without a layout passes nothing on.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


class Line(QWidget):
    """As tall as its label's one line. Where it `grows` it is also as wide as the widest that it has shown."""

    def __init__(self, label: QLabel, grows: bool = False) -> None:
        super().__init__()
        self.label, self.grows = label, grows
        label.setParent(self)
        along = QSizePolicy.Policy.Preferred if grows else QSizePolicy.Policy.Expanding
        self.setSizePolicy(along, QSizePolicy.Policy.Fixed)
        self._fit()

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def at_least(self, width: int) -> None:
        """Begin anew with this width."""
        self.setMinimumWidth(width)
        self._fit()

    def _fit(self) -> None:
        wanted = self.label.sizeHint()
        self.setFixedHeight(max(wanted.height(), self.label.fontMetrics().height()))
        if self.grows and wanted.width() > self.minimumWidth():
            self.setMinimumWidth(wanted.width())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.label.setGeometry(self.rect())


class Passage(QWidget):
    """As tall as the tallest wrapped text that it has shown, or all above it would jump as the words change."""

    def __init__(self, label: QLabel) -> None:
        super().__init__()
        self.label = label
        label.setParent(self)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def keep_height(self) -> None:
        self.setMinimumHeight(max(self.minimumHeight(), self.label.heightForWidth(self.width())))

    def forget_height(self) -> None:
        self.setMinimumHeight(0)
        self.keep_height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.label.setGeometry(self.rect())
        if event.size().width() != event.oldSize().width():
            self.forget_height()
