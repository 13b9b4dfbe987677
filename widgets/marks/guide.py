"""Straight dashed lines across or upright, with a small label at the edge."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QTransform

from lab.frame import Frame
from widgets.look import Look
from widgets.marks import Bounds, PlotPainter
from widgets.marks.dragging import on_axes
from widgets.marks.overlay import Floats, Overlay, pixels, same, stroke

NONE = np.empty(0)


class GuidePainter(PlotPainter):
    """Draws Guide."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.rules = Rules(self.plot, self.depth * 10)
        self._shown: tuple[Any, ...] = ()

    def show(self, frame: Frame) -> None:
        given = [frame.values.get(name) for name in (self.mark.x, self.mark.y)]
        now = (*given, self.look)
        if same(now, self._shown):
            return
        self._shown = now
        rules = self.rules
        rules.look, rules.tint, rules.label = self.look, self.mark.tint, self.mark.label
        rules.x, rules.y = (self._on_axis(i, value) for i, value in enumerate(given))
        rules.update()

    def bounds(self) -> Bounds | None:
        ends = [(float(v.min()), float(v.max())) if len(v) else (np.nan, np.nan) for v in (self.rules.x, self.rules.y)]
        return *ends[0], *ends[1]

    def _on_axis(self, axis: int, given: Any) -> Floats:
        """The finite values of one axis (n,), as it shows them."""
        if given is None:
            return NONE
        places = np.ones((np.size(given), 2))
        places[:, axis] = np.ravel(given)
        values = on_axes(self.plot, places)[:, axis]
        return values[np.isfinite(values)]


class Rules(Overlay):
    """Paints the lines."""

    look = Look()
    tint, label = "quiet", ""
    x: Floats = NONE
    y: Floats = NONE

    def draw(self, painter: QPainter, to_screen: QTransform, seen: QRectF) -> None:
        painter.setPen(stroke(self.look.pen(self.tint, 1.5, dashed=True)))
        across = pixels(to_screen, np.stack([np.zeros_like(self.y), self.y], axis=1))[:, 1]
        upright = pixels(to_screen, np.stack([self.x, np.zeros_like(self.x)], axis=1))[:, 0]
        for y in across:
            painter.drawLine(QPointF(seen.left(), y), QPointF(seen.right(), y))
        for x in upright:
            painter.drawLine(QPointF(x, seen.top()), QPointF(x, seen.bottom()))
        if not self.label:
            return
        font = self.look.font(12)
        measure = QFontMetricsF(font)
        room = QRectF(0, 0, measure.horizontalAdvance(self.label) + 8, measure.height())
        across = across[(across >= seen.top()) & (across <= seen.bottom())]
        upright = upright[(upright >= seen.left()) & (upright <= seen.right())]
        if len(across):  # above the line at the right, or below it where the top is too near
            room.moveBottomRight(QPointF(seen.right() - 2, across[0] - 2))
            if room.top() < seen.top():
                room.moveTop(across[0] + 2)
        elif len(upright):  # right of the line at the top, or left of it where the edge is too near
            room.moveTopLeft(QPointF(upright[0] + 2, seen.top() + 2))
            if room.right() > seen.right():
                room.moveRight(upright[0] - 2)
        else:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.colour("card", 0.8))
        painter.drawRoundedRect(room, 3, 3)
        painter.setFont(font)
        painter.setPen(self.look.colour(self.tint))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, self.label)
