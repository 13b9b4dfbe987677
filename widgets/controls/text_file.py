"""A text before it is used: how it begins, how much of it there is room for, and which control it is for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from lab.controls import Text
from lab.data.texts import Loaded
from widgets.controls.combo import Combo

SHOWN = 4000  # characters


class TextDialog(QDialog):
    """`text` is what the chosen control gets."""

    def __init__(self, loaded: Loaded, controls: Sequence[Text], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.loaded, self.controls = loaded, controls
        self.text = ""
        self.setWindowTitle(f"Text from {loaded.name}")
        self.page = QPlainTextEdit()
        self.page.setReadOnly(True)
        self.page.setTabChangesFocus(True)
        self.page.setAccessibleName("How it begins")
        self.whose = Combo("For")
        self.whose.addItems([control.label for control in controls])
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.use = self.buttons.addButton("Use this text", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        body = QVBoxLayout(self)
        lines = "1 line" if loaded.lines == 1 else f"{loaded.lines:,} lines"
        body.addWidget(QLabel(f"{lines}, {len(loaded.text):,} characters"))
        body.addWidget(self.page)
        if len(controls) > 1:
            choice = QFormLayout()
            choice.addRow("For", self.whose)
            body.addLayout(choice)
        body.addWidget(self.said)
        body.addWidget(self.buttons)
        self.whose.currentIndexChanged.connect(self.look_again)
        self.look_again()
        self.resize(560, 420)

    @property
    def control(self) -> Text:
        return self.controls[self.whose.currentIndex()]

    def look_again(self) -> None:
        """What the chosen control has room for."""
        control = self.control
        self.text = self.loaded.cut(control.longest)
        self.page.setPlainText(self.text[:SHOWN] + ("…" if len(self.text) > SHOWN else ""))
        if self.text == self.loaded.text:
            self.said.setText(f"All of it goes into {control.label}.")
        else:
            self.said.setText(
                f"{control.label} takes {control.longest:,} characters at most, so only the first {len(self.text):,} "
                f"go into it, up to line {self.text.count(chr(10)) + 1:,}."
            )
