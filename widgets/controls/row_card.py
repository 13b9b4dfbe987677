"""One row of a Rows: the bullet of its class, what it says in a line, and the editors of its fields."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
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
        self.control, self.index, self.new_gesture, self.look = control, index, new_gesture, look
        self.row: Any = None
        name = f"{control.label} {index + 1}"
        self.setAccessibleName(name)
        self.bullet = QLabel("●")
        self.fields = QWidget()
        self.line = Fold(name, self.fields, look)
        self.line.toggled.connect(lambda opened: opened and self.editors)
        self.remove = IconButton("close", f"Remove {name}", small=True)
        self.remove.clicked.connect(self.removed)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.bullet)
        head.addWidget(self.line, 1)
        head.addWidget(self.remove)
        body = QVBoxLayout(self)
        body.setContentsMargins(8, 3, 4, 3)
        body.setSpacing(0)
        body.addLayout(head)
        body.addWidget(self.fields)
        self.restyle(look)

    @cached_property
    def editors(self) -> dict[str, Editor]:
        """Made when the card is first opened: most never are."""
        within = QVBoxLayout(self.fields)
        within.setContentsMargins(0, 4, 4, 4)
        within.setSpacing(8)
        made = {}
        for field, item in self.control.item.items():
            one = made[field] = editor(item)(item, self.new_gesture, self.look, part=True)
            one.edited.connect(lambda value, gesture, field=field: self.edited.emit(field, value, gesture))
            within.addWidget(one)
        self._settle(made)
        return made

    def show_row(self, row: Any) -> None:
        self.row = row
        if "editors" in vars(self):
            self._settle(self.editors)
        self.line.say(self._summary(row._asdict()))

    def _settle(self, editors: dict[str, Editor]) -> None:
        settings = self.row._asdict()
        for field, one in editors.items():
            one.settle(settings[field])
            one.setVisible(one.control.suits(settings))

    def _summary(self, settings: dict[str, Any]) -> str:
        """The row in a line: names as they are, numbers with their symbols."""
        parts = []
        for field, control in self.control.item.items():
            value = settings[field]
            if not control.suits(settings):
                continue
            if isinstance(value, str):
                parts.append(value)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                parts.append(f"{control.symbol or control.label} {said(value)}")
        return "  ·  ".join(parts) or str(self.index + 1)

    def restyle(self, look: Look) -> None:
        self.look = look
        self.remove.restyle(look)
        self.line.restyle(look)
        self.bullet.setStyleSheet(f"color: {look.colour(self.index).name()}")
        radius = round(6 * look.scale)
        self.setStyleSheet(f"RowCard {{ border: 1px solid {look.theme.border}; border-radius: {radius}px; }}")
