"""The editor of a Text: a line, or a few lines where a page is wanted."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit

from lab.controls import Text
from widgets.controls import Editor
from widgets.look import Look

LINE = 80  # a text that may be longer gets a page
PAUSE = 700  # milliseconds without a key after which a page is handed on


class TextEditor(Editor):
    """A line is handed on by Enter or on leaving it, a page after each pause."""

    control: Text

    def build(self) -> None:
        self.page = self.control.longest > LINE
        self.field: QPlainTextEdit | QLineEdit
        if self.page:
            self.field = QPlainTextEdit()
            self.field.setTabChangesFocus(True)
            self.pause = QTimer(self, singleShot=True, interval=PAUSE)
            self.pause.timeout.connect(lambda: self.typed(self.field.toPlainText()))
            self.field.textChanged.connect(self._typing)
        else:
            self.field = QLineEdit()
            self.field.editingFinished.connect(self._finish)
        self.field.setAccessibleName(self.control.label)
        self.body.addWidget(self.field)
