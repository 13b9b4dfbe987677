"""A banner above the stage: one sentence, what can be done about it, and a way to put it away."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton

from widgets.look import Look
from widgets.theme import icon


class Banner(QFrame):
    """What a person should know now; `kind` says which sort of news it is, so that it can be taken back."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.kind = ""
        self.sign = QLabel()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.button = QPushButton()
        self.away = QToolButton()
        self.away.setProperty("quiet", True)
        self.away.setToolTip("Put this message away")
        self.away.setAccessibleName("Put this message away")
        self.away.clicked.connect(self.dismiss)
        box = QHBoxLayout(self)
        box.setContentsMargins(12, 6, 6, 6)
        box.setSpacing(10)
        box.addWidget(self.sign)
        box.addWidget(self.text, 1)
        box.addWidget(self.button)
        box.addWidget(self.away)
        self._do: Callable[[], None] = lambda: None
        self.button.clicked.connect(lambda: self._do())
        self._bad = False
        self.restyle(look)
        self.hide()

    def say(
        self, kind: str, text: str, bad: bool = False, label: str = "", do: Callable[[], None] | None = None
    ) -> None:
        """Show a sentence, with one thing to do about it."""
        self.kind, self._bad = kind, bad
        self.text.setText(text)
        self.button.setText(label)
        self.button.setVisible(do is not None)
        self._do = do or (lambda: None)
        self.restyle(self.look)
        self.show()

    def take_back(self, kind: str) -> None:
        """The news of this kind no longer holds."""
        if self.kind == kind:
            self.dismiss()

    def dismiss(self) -> None:
        self.kind = ""
        self.hide()

    def restyle(self, look: Look) -> None:
        self.look = look
        colour = look.theme.warn if self._bad else look.theme.accent
        self.sign.setPixmap(icon("warning" if self._bad else "info", colour).pixmap(18, 18))
        self.away.setIcon(icon("close", look.theme.quiet))
