"""The editor of a Rows: a card for each row, or a line of boxes where a row is one number."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QPushButton

from lab.controls import Count, Rows, Slider
from widgets.controls import Editor
from widgets.controls.icon_button import IconButton
from widgets.controls.number_line import NumberLine
from widgets.controls.row_card import RowCard


class RowsEditor(Editor):
    """Rows are added and taken away within the least and the most of them."""

    control: Rows

    def build(self) -> None:
        items = list(self.control.item.values())
        self.cards: list[RowCard] = []
        self.line: NumberLine | None = None
        label = self.control.label
        self.add: QPushButton | IconButton
        if len(items) == 1 and isinstance(items[0], (Count, Slider)):
            self.line = NumberLine(self.control, self.look)
            self.line.typed.connect(self.typed)
            self.remove = IconButton("minus", f"Remove the last of {label}", small=True)
            self.remove.clicked.connect(lambda: self.typed(self.value[:-1]))
            self.add = IconButton("plus", f"Add one to {label}", small=True)
            self.head.addWidget(self.remove)
            self.head.addWidget(self.add)
            self.body.addWidget(self.line)
        else:
            self.add = QPushButton("Add")
            self.add.setAccessibleName(f"Add one to {label}")
            self.body.addWidget(self.add)
        self.add.clicked.connect(self._add)

    def display(self, value: tuple[Any, ...]) -> None:
        room, spare = len(value) < self.control.most, len(value) > self.control.least
        self.add.setEnabled(room)
        if self.line is not None:
            self.line.show_rows(value)
            self.remove.setEnabled(spare)
            return
        while len(self.cards) > len(value):
            card = self.cards.pop()
            self.body.removeWidget(card)
            card.hide()
            card.deleteLater()
        while len(self.cards) < len(value):
            self.cards.append(self._card(len(self.cards)))
        for card, row in zip(self.cards, value):
            card.show_row(row)
            card.remove.setEnabled(spare)

    def _card(self, index: int) -> RowCard:
        card = RowCard(self.control, index, self.new_gesture, self.look)
        card.edited.connect(lambda field, value, gesture: self._change(index, field, value, gesture))
        card.removed.connect(lambda: self.typed([*self.value[:index], *self.value[index + 1 :]]))
        self.body.insertWidget(self.body.indexOf(self.add), card)
        return card

    def _change(self, index: int, field: str, value: Any, gesture: int) -> None:
        rows = list(self.value)
        rows[index] = rows[index]._replace(**{field: value})
        self.gesture = gesture
        self.edit(rows)

    def _add(self) -> None:
        """One more: like the last where a row is a number, else as it is declared."""
        self.typed([*self.value, self.value[-1] if self.line is not None and self.value else {}])
        if self.cards:
            self.cards[-1].line.setChecked(True)
