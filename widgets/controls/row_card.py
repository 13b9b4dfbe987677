"""One row of a Rows: the bullet of its class, what it says in a line, and the editors of its fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lab.controls import Rows
from widgets.controls import Editor, editor
from widgets.controls.fold import Fold
from widgets.controls.icon_button import IconButton
from widgets.controls.number_box import said
from widgets.look import Look


class RowCard(QFrame):
    """Opened by a click on its line."""

    edited = Signal(str, object, int)  # field, checked value, gesture
    removed = Signal()

    def __init__(self, control: Rows, index: int, new_gesture: Callable[[], int], look: Look) -> None:
        super().__init__()
        self.index, self.look = index, look
        name = f"{control.label} {index + 1}"
        self.setAccessibleName(name)
        self.bullet = QLabel("●")
        self.fields = QWidget()
        self.line = Fold(name, self.fields, look)
        self.remove = IconButton("close", f"Remove {name}", small=True)
        self.remove.clicked.connect(self.removed)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.bullet)
        head.addWidget(self.line, 1)
        head.addWidget(self.remove)
        within = QVBoxLayout(self.fields)
        within.setContentsMargins(0, 4, 4, 4)
        within.setSpacing(8)
        self.editors: dict[str, Editor] = {}
        for field, item in control.item.items():
            one = editor(item)(item, new_gesture, look, part=True)
            one.edited.connect(lambda value, gesture, field=field: self.edited.emit(field, value, gesture))
            self.editors[field] = one
            within.addWidget(one)
        body = QVBoxLayout(self)
        body.setContentsMargins(8, 3, 4, 3)
        body.setSpacing(0)
        body.addLayout(head)
        body.addWidget(self.fields)
        self.restyle(look)

    def show_row(self, row: Any) -> None:
        settings = row._asdict()
        for field, one in self.editors.items():
            one.settle(settings[field])
            one.setVisible(one.suits(settings))
        self.line.say(self._summary(settings))

    def _summary(self, settings: dict[str, Any]) -> str:
        """The row in a line: names as they are, numbers with their symbols."""
        parts = []
        for field, one in self.editors.items():
            value = settings[field]
            if not one.suits(settings):
                continue
            if isinstance(value, str):
                parts.append(value)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                parts.append(f"{one.control.symbol or one.control.label} {said(value)}")
        return "  ·  ".join(parts) or str(self.index + 1)

    def restyle(self, look: Look) -> None:
        self.look = look
        self.remove.restyle(look)
        self.line.restyle(look)
        self.bullet.setStyleSheet(f"color: {look.colour(self.index).name()}")
        radius = round(6 * look.scale)
        self.setStyleSheet(f"RowCard {{ border: 1px solid {look.theme.border}; border-radius: {radius}px; }}")
