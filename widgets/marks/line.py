"""One polyline or several, solid or dashed, shaded down to the axis where asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QTransform

from lab.frame import Frame
from lab.marks import Line
from widgets.marks import Bounds, Legend, PlotPainter
from widgets.marks.bars import number
from widgets.marks.dragging import on_axes
from widgets.marks.overlay import Floats, Overlay, Pieces, bounds_of, dashes, moved, pixels, same, shortened, stroke

MOST_READ = 4  # lines of one mark that are read under the mouse
MANY = 100  # places: beyond, joints are too close to be seen, and what crosses itself too slow as a path


class LinePainter(PlotPainter):
    """Draws Line. Lines without a tint take the class colours in order, over all Line marks of the panel."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.strands = Strands(self.plot, self.depth * 10)
        self.strands.from_bottom = self.plot.log_y
        self.places = np.empty((0, 2))
        self._shown: tuple[Any, ...] = ()
        before = self.plot.panel.marks[: self.depth]
        self.first = sum(isinstance(mark, Line) and not mark.tint for mark in before)

    def show(self, frame: Frame) -> None:
        mark, look = self.mark, self.look
        given = frame.values.get(mark.points)
        now = (given, look)
        if same(now, self._shown):
            return
        self._shown = now
        lines = [on_axes(self.plot, line) for line in _lines(given)]
        self.places = np.concatenate([np.empty((0, 2)), *lines])
        tints = [mark.tint or str(self.first + i) for i in range(len(lines))]
        self.strands.strands = [
            Strand(line, stroke(look.pen(tint, mark.width, mark.dashed)), look.colour(tint, 0.2) if mark.fill else None)
            for line, tint in zip(lines, tints)
        ]
        self.strands.update()

    def bounds(self) -> Bounds | None:
        found = bounds_of(self.places)
        if found is None or not self.mark.fill or self.plot.log_y:
            return found
        x0, x1, y0, y1 = found
        return x0, x1, min(y0, 0.0), max(y1, 0.0)

    def read(self, x: float, y: float) -> str:
        """The heights of the lines there, of those that have but one at every x."""
        at = math.log10(x) if self.plot.log_x and x > 0 else x
        found = []
        for strand in self.strands.strands[:MOST_READ]:
            across, heights = strand.places.T
            if len(across) > 1 and across[0] <= at <= across[-1] and (np.diff(across) > 0).all():
                here = float(np.interp(at, across, heights))
                found.append(number(10.0**here if self.plot.log_y else here))
        said = ", ".join(filter(None, found))
        return f"{self.mark.label or 'line'}: {said}" if said else ""

    def legend(self) -> Sequence[Legend]:
        if not self.mark.label or not self.strands.strands:
            return ()
        return (Legend(self.mark.label, self.strands.strands[0].pen.color().name(), self.mark.dashed),)


class Strand(NamedTuple):
    places: Floats  # (n, 2) in the plot's own coordinates; NaN: a gap
    pen: QPen
    shade: QColor | None


class Strands(Overlay):
    """Paints polylines."""

    strands: Sequence[Strand] = ()
    from_bottom = False  # shades rise from the bottom of the plot instead of from 0

    def draw(self, painter: QPainter, to_screen: QTransform, seen: QRectF) -> None:
        floor = seen.bottom() if self.from_bottom else to_screen.map(QPointF(0, 0)).y()
        pieces = Pieces()
        for places, pen, shade in self.strands:
            shown = pixels(to_screen, places)
            for run in _runs(shown):
                if shade is not None:
                    painter.setPen(Qt.PenStyle.NoPen)
                    painter.setBrush(QBrush(shade))
                    x, y = np.concatenate([run, [(run[-1, 0], floor), (run[0, 0], floor)]]).T
                    painter.drawPolygon(pg.functions.arrayToQPolygonF(x, y))
                run = run[moved(run)]
                if len(run) <= MANY:
                    painter.setPen(pen)
                    painter.drawPolyline(pg.functions.arrayToQPolygonF(*run.T))
                    continue
                solid = pen.style() == Qt.PenStyle.SolidLine
                cap = Qt.PenCapStyle.SquareCap if solid else Qt.PenCapStyle.FlatCap
                painter.setPen(stroke(QPen(pen.color(), pen.widthF()), cap))
                whole = np.hstack([run[:-1], run[1:]])
                pieces.draw(painter, shortened(whole)[0] if solid else dashes(run, 4 * pen.widthF()))


def _lines(given: Any) -> list[Floats]:
    """One polyline (n, 2), several of them, or nothing yet, as a list."""
    if given is None or not len(given):
        return []
    several = np.ndim(given[0]) == 2
    lines = [np.asarray(line, dtype=float) for line in (given if several else [given])]
    return [line for line in lines if line.ndim == 2 and line.shape[1] == 2]


def _runs(places: Floats) -> list[Floats]:
    """The stretches of a line between its gaps."""
    finite = np.isfinite(places).all(axis=1)
    cuts = np.flatnonzero(np.diff(finite)) + 1
    return [run for run in np.split(places, cuts) if len(run) and np.isfinite(run[0]).all()]
