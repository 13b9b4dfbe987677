"""The editor of a Text: a line, or a few lines where a page may be wanted."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit

from lab.controls import Text
from widgets.controls import Editor
from widgets.look import Look

LINE = 80  # a text that may be longer gets a page
PAUSE = 700  # milliseconds without a key after which a page is handed on


class TextEditor(Editor):
    """A line is handed on by Enter or on leaving it, a page after a pause. A wrong text is left, to be mended."""

    control: Text

    def build(self) -> None:
        self.line, self.page = QLineEdit(self), QPlainTextEdit(self)
        self.pause = QTimer(self, singleShot=True, interval=PAUSE)
        self.pause.timeout.connect(lambda: self.typed(self.page.toPlainText()))
        self.page.textChanged.connect(self.pause.start)
        self.page.setTabChangesFocus(True)
        self.line.editingFinished.connect(self._finish)
        self.paged = self.control.longest > LINE
        used, unused = (self.page, self.line) if self.paged else (self.line, self.page)
        unused.hide()
        used.setAccessibleName(self.control.label)
        self.body.addWidget(used)

    def display(self, value: str) -> None:
        if self.paged and self.page.toPlainText() != value:
            self.page.blockSignals(True)
            self.page.setPlainText(value)
            self.page.blockSignals(False)
        elif not self.paged:
            if self.line.text() != value:
                self.line.setText(value)
            self.line.setModified(False)

    def held(self) -> bool:
        return self.pause.isActive() or super().held()

    def go_back(self) -> None:
        self.value = self.known

    def restyle(self, look: Look) -> None:
        super().restyle(look)
        self.page.setFixedHeight(round(76 * look.scale))

    def _finish(self) -> None:
        if self.line.isModified():
            self.typed(self.line.text())
