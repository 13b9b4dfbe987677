"""The editor of a Formula: a line; a wrong one says what to write instead, while the old stays in force."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit

from lab.controls import Formula
from lab.maths.formula import Expression
from widgets.controls import Editor


class FormulaEditor(Editor):
    """A wrong formula is left as it was typed, to be mended."""

    control: Formula

    def build(self) -> None:
        self.line = QLineEdit()
        self.line.setAccessibleName(f"{self.control.label}, a formula in {', '.join(self.control.variables)}")
        self.line.editingFinished.connect(self._finish)
        self.body.addWidget(self.line)

    def display(self, value: Expression) -> None:
        if self.line.text() != value.text:
            self.line.setText(value.text)
            self.line.setCursorPosition(0)
        self.line.setModified(False)

    def go_back(self) -> None:
        self.value = self.known

    def _finish(self) -> None:
        if self.line.isModified():
            self.typed(self.line.text())
