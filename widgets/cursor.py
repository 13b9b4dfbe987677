"""The numbers under the mouse: a small text in the corner of a plot that is farthest from it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QLabel

from lab.marks import Bars, Curve
from widgets.look import Look
from widgets.marks.bars import number

if TYPE_CHECKING:
    from widgets.plot import Plot

LONGEST = 14  # letters of an axis label that are repeated beside its number


class CursorNote(QLabel):
    """Hidden, and free of cost, while the mouse is elsewhere; while the run plays it follows the frames.

    Curves have a reading of their own beside the mouse (widgets/marks/curve.py), so it keeps out of their way.
    """

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self.plot = plot
        self.at: QPointF | None = None  # where the mouse is in the plot
        self.curves = any(isinstance(mark, Curve) and not mark.faint for mark in plot.panel.marks)
        self.by_name = any(isinstance(mark, Bars) for mark in plot.panel.marks)  # its x is no number
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Numbers under the mouse")
        self.hide()

    def restyle(self, look: Look) -> None:
        card, border, text = (look.colour(name) for name in ("card", "border", "text"))
        self.setFont(look.font(12))
        self.setStyleSheet(
            f"color: {text.name()}; background: rgba({card.red()}, {card.green()}, {card.blue()}, 225);"
            f"border: 1px solid {border.name()}; border-radius: 4px; padding: 1px 5px;"
            f"font-size: {round(12 * look.scale)}px;"
        )

    def point(self, at: QPointF | None) -> None:
        """The mouse is here now, or has left."""
        self.at = None if self.curves else at
        self.read()

    def read(self) -> None:
        """Say what is under the mouse now."""
        text = self._said() if self.at is not None else ""
        if text and text != self.text():
            self.setText(text)
            self.adjustSize()
        if text:
            self._keep_away()
        self.setVisible(bool(text))

    def _said(self) -> str:
        plot, box = self.plot, self.plot.getViewBox()
        assert self.at is not None
        place = plot.mapToScene(self.at.toPoint())
        if not box.sceneBoundingRect().contains(place):
            return ""
        at, (wide, high) = box.mapSceneToView(place), box.viewPixelSize()
        x = 10.0 ** at.x() if plot.log_x else at.x()
        y = 10.0 ** at.y() if plot.log_y else at.y()
        across = f"{_name(plot.panel.x, 'x')} = {_rounded(x, 0.0 if plot.log_x else wide)}"
        upright = f"{_name(plot.panel.y, 'y')} = {_rounded(y, 0.0 if plot.log_y else high)}"
        readings = [said for painter in plot.readers if (said := painter.read(x, y))]
        room = int(box.height() / (4 * self.fontMetrics().lineSpacing()))  # it must not hide what it tells of
        return "\n".join(["   ".join([upright] if self.by_name else [across, upright]), *readings[:room]])

    def _keep_away(self) -> None:
        """At the top right, or at the top left while the mouse is over there."""
        box = self.plot.getViewBox().sceneBoundingRect()
        assert self.at is not None
        right = round(box.right()) - self.width() - 3
        near = self.at.x() > right - 12 and self.at.y() < box.top() + self.height() + 16
        self.move(round(box.left()) + 4 if near else right, round(box.top()) + 3)


def _name(label: str, usual: str) -> str:
    """What to call a coordinate: the axis label up to its first comma or sign of equality, if that is short."""
    short = label.split(",")[0].split("=")[0].strip()
    return short if 0 < len(short) <= LONGEST else usual


def _rounded(value: float, pixel: float) -> str:
    """As many figures as the pixels tell apart."""
    if not pixel or not 1e-4 < max(abs(value), pixel) < 1e6:
        return number(value)
    decimals = max(0, -math.floor(math.log10(pixel)))
    return f"{value:.{decimals}f}".replace("-", "−") if decimals < 7 else number(value)
