"""A line that opens and closes what stands below it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from widgets.look import Look
from widgets.theme import icon


class Fold(QPushButton):
    """A chevron and a text; closed at first."""

    def __init__(self, says: str, opens: QWidget, look: Look) -> None:
        super().__init__()
        self.opens, self.look, self.whole = opens, look, ""
        self.setCheckable(True)
        self.setAccessibleName(f"{says}, open or close")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.toggled.connect(self._toggled)
        opens.hide()

    def say(self, text: str) -> None:
        """Show a text, cut where it is too long and then whole when pointed at."""
        self.whole = text
        room = self.width() - self.iconSize().width() - round(8 * self.look.scale)
        shown = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        self.setText(shown)
        self.setToolTip(text if shown != text else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.say(self.whole)

    def _toggled(self, open: bool) -> None:
        self.opens.setVisible(open)
        self.restyle(self.look)

    def restyle(self, look: Look) -> None:
        self.look = look
        side = round(16 * look.scale)
        self.setIconSize(QSize(side, side))
        self.setIcon(icon("style/open" if self.isChecked() else "style/closed", look.theme.quiet))
        self.setStyleSheet(
            "QPushButton { background: transparent; border: 1px solid transparent; text-align: left;"
            f" padding: {round(3 * look.scale)}px 0px; icon-size: {side}px; }}"
            f"QPushButton:hover {{ color: {look.theme.accent}; }}"
            f"QPushButton:focus {{ border-color: {look.theme.accent}; }}"
        )
