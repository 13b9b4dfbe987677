"""The editor of a Switch: on or off, beside its label."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton

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


class Toggle(QAbstractButton):
    """A knob at the left, or at the right where it is on; a ring around it while keys go to it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def restyle(self, look: Look) -> None:
        self.look = look
        self.setFixedSize(round(30 * look.scale), round(20 * look.scale))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        look, middle = self.look, QPointF(self.width() / 2, self.height() / 2)
        reach, knob = 6 * look.scale, 7 * look.scale
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.colour("accent") if self.isChecked() else look.colour("quiet", 0.5))
        painter.drawRoundedRect(QRectF(middle.x() - 2 * reach, middle.y() - reach, 4 * reach, 2 * reach), reach, reach)
        painter.setBrush(look.colour("text"))
        painter.drawEllipse(middle + QPointF(reach if self.isChecked() else -reach, 0), knob, knob)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(look.pen("accent", 1))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
        painter.end()
