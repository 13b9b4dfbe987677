"""The editor of a File: its path typed, dropped on, or looked for."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit

from lab.controls import File
from widgets.controls import Editor
from widgets.controls.icon_button import IconButton


class FileEditor(Editor):
    """A path is handed on by Enter or on leaving the line; an empty line chooses nothing."""

    control: File

    def build(self) -> None:
        label = self.control.label
        self.line = QLineEdit()
        self.line.setPlaceholderText("a file" if self.control.endings else "a folder")
        self.line.setAccessibleName(label)
        self.line.setClearButtonEnabled(True)
        self.line.editingFinished.connect(self._finish)
        self.line.installEventFilter(self)
        self.browse = IconButton("upload", f"Look for {label}")
        self.browse.clicked.connect(self._ask)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.line, 1)
        row.addWidget(self.browse)
        self.body.addLayout(row)

    def display(self, value: str) -> None:
        if self.line.text() != value:
            self.line.setText(value)
            self.line.setToolTip(value)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A file dropped on the line is its path."""
        if isinstance(event, QDragEnterEvent) and event.mimeData().hasUrls():
            event.acceptProposedAction()
            return True
        if isinstance(event, QDropEvent) and event.mimeData().hasUrls():
            event.acceptProposedAction()
            self.typed(event.mimeData().urls()[0].toLocalFile())
            return True
        return super().eventFilter(watched, event)

    def _finish(self) -> None:
        if self.line.text() != self.value:
            self.typed(self.line.text())

    def _ask(self) -> None:
        if self.control.endings:
            kinds = f"Files ({' '.join('*' + ending for ending in self.control.endings)});;All files (*)"
            path, _ = QFileDialog.getOpenFileName(self, f"Look for {self.control.label}", self.value, kinds)
        else:
            path = QFileDialog.getExistingDirectory(self, f"Look for {self.control.label}", self.value)
        if path:
            self.typed(path)
