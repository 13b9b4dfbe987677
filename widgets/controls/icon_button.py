"""A small quiet button with an icon in the colour of quiet text."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QToolButton

from widgets.look import Look
from widgets.theme import icon


class IconButton(QToolButton):
    """Says what it does when pointed at, and to a screen reader."""

    def __init__(self, name: str, says: str, text: str = "", small: bool = False) -> None:
        super().__init__()
        self.name, self.small = name, small
        self.setText(text)
        self.setToolTip(says)
        self.setAccessibleName(says)
        if text:
            self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)

    def restyle(self, look: Look) -> None:
        side = round((14 if self.small else 16) * look.scale)
        self.setIconSize(QSize(side, side))
        self.setIcon(icon(self.name, look.theme.quiet))
        if not self.text():
            self.setFixedSize(side + round(8 * look.scale), side + round(8 * look.scale))
