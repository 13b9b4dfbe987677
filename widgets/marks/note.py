"""Note: a sentence or two in plain words."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from lab.frame import Frame
from widgets.look import Look, typeset
from widgets.marks import Hands, WidgetPainter
from widgets.steady import Passage


class NotePainter(WidgetPainter):
    stretch = 0

    def __init__(self, mark: Any, hands: Hands, look: Look) -> None:
        super().__init__(mark, hands, look)
        self.words = words = QLabel()
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.widget = self.passage = Passage(words)

    def show(self, frame: Frame) -> None:
        text = typeset(str(frame.values.get(self.mark.text, "")))
        if text != self.words.text():  # set again it would lose what a person has selected
            self.words.setText(text)
            self.passage.keep_height()

    def restyle(self, look: Look) -> None:
        super().restyle(look)
        font = look.font(13)
        self.words.setFont(font)
        self.words.setStyleSheet(f"color: {look.theme.text}; font-size: {font.pixelSize()}px")
        self.passage.forget_height()
