"""Look: the theme and the stroke scale that every painter draws with."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPen

from widgets.theme import DARK, Theme, font_families


@dataclass(frozen=True)
class Look:
    """A theme and how much larger than usual type and strokes are (a presenter's room needs more)."""

    theme: Theme = DARK
    scale: float = 1.0

    def colour(self, tint: str | int, alpha: float = 1.0) -> QColor:
        """A named tint (text, quiet, accent, warn, good, bad …) or the colour of a class."""
        classes = self.theme.classes
        if isinstance(tint, int) or tint.isdigit():
            colour = QColor(classes[int(tint) % len(classes)])
        else:
            colour = QColor(getattr(self.theme, tint))
        colour.setAlphaF(alpha)
        return colour

    def pen(self, tint: str | int, width: float = 2.0, dashed: bool = False, alpha: float = 1.0) -> QPen:
        """A cosmetic pen: as wide on screen however far a plot is zoomed."""
        pen = QPen(self.colour(tint, alpha), width * self.scale)
        pen.setCosmetic(True)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        if dashed:
            pen.setDashPattern([4, 4])
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        return pen

    def shape(self, index: int) -> str:
        """The pyqtgraph symbol of a class: colour alone does not reach everyone."""
        return self.theme.shapes[index % len(self.theme.shapes)]

    def font(self, pixels: float = 13, bold: bool = False) -> QFont:
        font = QFont(font_families())
        font.setPixelSize(round(pixels * self.scale))
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        return font


MINUS = re.compile(r"(?<![\w)\]])-(?=[.\d∞])")


def typeset(said: str) -> str:
    """A sentence of the lab's as it is printed: a minus sign before a number is no hyphen."""
    return MINUS.sub("−", said) if "-" in said else said


def rich(symbol: str) -> str:
    """A symbol as rich text: what follows an underscore is set lower."""
    return re.sub(r"_\{?(\w+)\}?", r"<sub>\1</sub>", html.escape(symbol))
