"""The editor of a Switch: on or off, beside its label."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent
from superqt import QToggleSwitch

from lab.controls import Switch
from widgets.controls import Editor
from widgets.look import Look


class SwitchEditor(Editor):
    """One click."""

    control: Switch

    def build(self) -> None:
        self.toggle = Toggle(self.control.label)
        self.toggle.clicked.connect(self.typed)
        self.head.addWidget(self.toggle)

    def display(self, value: bool) -> None:
        self.toggle.setChecked(value)


class Toggle(QToggleSwitch):
    """superqt's switch with a ring around it while keys go to it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)

    def restyle(self, look: Look) -> None:
        self.ring = look.pen("accent", 1)
        self.switchWidth, self.switchHeight, self.handleSize = (round(side * look.scale) for side in (24, 12, 14))
        self.setFixedSize(self.switchWidth + 6, self.handleSize + 6)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(self.ring)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
