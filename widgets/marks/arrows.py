"""Vectors as arrows whose shafts and heads stay as wide on the screen however far a plot is zoomed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF, QTransform

from lab.frame import Frame
from widgets.look import Look
from widgets.marks import Bounds, Legend, PlotPainter
from widgets.marks.dragging import on_axes
from widgets.marks.overlay import Floats, Overlay, bounds_of, pixels, same, stroke

SHAFT, HEAD, HALF = 2.4, 12.0, 4.6  # pixels: a shaft's width, a head's length, half a head's width


class ArrowsPainter(PlotPainter):
    """Draws Arrows."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.quiver = Quiver(self.plot, self.depth * 10)
        self._shown: tuple[Any, ...] = ()

    def show(self, frame: Frame) -> None:
        mark, look = self.mark, self.look
        at, by = frame.values.get(mark.at), frame.values.get(mark.by)
        now = (at, by, look)
        if same(now, self._shown):
            return
        self._shown = now
        quiver = self.quiver
        quiver.look, quiver.tint, quiver.dashed = look, mark.tint, mark.dashed
        quiver.ends = np.empty((0, 2, 2))
        if at is not None and by is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                tails, along = (np.asarray(part, dtype=float).reshape(-1, 2) for part in (at, by))
                if len(tails) == len(along):
                    quiver.ends = np.stack([on_axes(self.plot, tails), on_axes(self.plot, tails + along)], axis=1)
        quiver.update()

    def bounds(self) -> Bounds | None:
        return bounds_of(self.quiver.ends)

    def legend(self) -> Sequence[Legend]:
        if not self.mark.label or not len(self.quiver.ends):
            return ()
        return (Legend(self.mark.label, self.look.colour(self.mark.tint or "0").name(), self.mark.dashed),)


class Quiver(Overlay):
    """Paints arrows."""

    look = Look()
    tint = ""
    dashed = False
    ends: Floats = np.empty((0, 2, 2))  # (n, tail and tip, 2) in the plot's own coordinates

    def draw(self, painter: QPainter, to_screen: QTransform, seen: QRectF) -> None:
        shown = pixels(to_screen, self.ends)
        for i in np.flatnonzero(np.isfinite(shown).all(axis=(1, 2))):
            tail, tip = shown[i]
            length = float(np.hypot(*(tip - tail)))
            if length < 1:
                continue
            ahead = (tip - tail) / length
            aside = np.array([-ahead[1], ahead[0]])
            head = min(HEAD * self.look.scale, 0.7 * length)  # a short arrow is still an arrow
            half = head * HALF / HEAD
            neck = tip - ahead * head
            pen = stroke(self.look.pen(self.tint or int(i), SHAFT, self.dashed))
            painter.setPen(pen)
            painter.drawLine(QPointF(*tail), QPointF(*(neck + ahead)))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(pen.color())
            painter.drawPolygon(QPolygonF([QPointF(*p) for p in (tip, neck + aside * half, neck - aside * half)]))
