"""The editor of a Choice: a combo box, or a row of segments where the options are few and short."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout

from lab.controls import Choice
from widgets.controls import Editor
from widgets.controls.combo import Combo
from widgets.controls.pill import Pill
from widgets.look import Look

ROOM = 22  # characters of all options together that fit a row of segments


class ChoiceEditor(Editor):
    """One click where all options can be seen, two where they cannot."""

    control: Choice

    def build(self) -> None:
        options = self.control.options
        few = len(options) <= 3 and sum(map(len, options)) <= ROOM
        self.picker: Segments | Combo = self._segments() if few else self._combo()
        self.body.addWidget(self.picker)

    def _segments(self) -> Segments:
        segments = Segments(self.control.label, self.control.options)
        for option, pill in segments.pills.items():
            pill.clicked.connect(lambda _, option=option: self.typed(option))
        return segments

    def _combo(self) -> Combo:
        combo = Combo(self.control.label)
        combo.addItems(list(self.control.options))
        combo.textActivated.connect(self.typed)
        return combo

    def display(self, value: str) -> None:
        self.picker.setCurrentText(value)


class Segments(QFrame):
    """Options side by side, one of them on."""

    def __init__(self, name: str, options: tuple[str, ...]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        group = QButtonGroup(self)
        self.pills = {option: Pill(option, name, outlined=False) for option in options}
        for pill in self.pills.values():
            group.addButton(pill)
            row.addWidget(pill, len(pill.text()) + 4)

    def setCurrentText(self, option: str) -> None:
        """As a combo box has it."""
        self.pills[option].setChecked(True)

    def restyle(self, look: Look) -> None:
        theme, radius = look.theme, round(7 * look.scale)
        self.setStyleSheet(
            f"Segments {{ background: {theme.field}; border: 1px solid {theme.border}; border-radius: {radius}px; }}"
        )
