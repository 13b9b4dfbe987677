"""Note: a sentence or two in plain words."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy

from lab.frame import Frame
from widgets.look import Look
from widgets.marks import Hands, WidgetPainter


class NotePainter(WidgetPainter):
    stretch = 0

    def __init__(self, mark: Any, hands: Hands, look: Look) -> None:
        super().__init__(mark, hands, look)
        self.widget = self.words = Words()

    def show(self, frame: Frame) -> None:
        text = str(frame.values.get(self.mark.text, ""))
        if text != self.words.text():  # set again it would lose what a person has selected
            self.words.setText(text)
            self.words.keep_height()

    def restyle(self, look: Look) -> None:
        super().restyle(look)
        font = look.font(13)
        self.words.setFont(font)
        self.words.setStyleSheet(f"color: {look.theme.text}; font-size: {font.pixelSize()}px")
        self.words.forget_height()


class Words(QLabel):
    """Wrapped text. It stays as tall as the tallest it has shown, or all above it would jump as the words change."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    def keep_height(self) -> None:
        self.setMinimumHeight(max(self.minimumHeight(), self.heightForWidth(self.width())))

    def forget_height(self) -> None:
        self.setMinimumHeight(0)
        self.keep_height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.forget_height()
