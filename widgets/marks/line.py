"""One polyline or several, solid or dashed, shaded down to the axis where asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from lab.marks import Line
from lab.session import Frame
from widgets.marks import Bounds, Legend, PlotPainter
from widgets.marks.dragging import on_axes
from widgets.marks.overlay import FAR, bounds_of, same


class LinePainter(PlotPainter):
    """Draws Line. Lines without a tint take the class colours in order, over all Line marks of the panel."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.curves: list[pg.PlotCurveItem] = []
        self.places = np.empty((0, 2))
        self._shown: tuple[Any, ...] = ()
        before = self.plot.panel.marks[: self.depth]
        self.first = sum(isinstance(mark, Line) and not mark.tint for mark in before)

    def show(self, frame: Frame) -> None:
        given = frame.values.get(self.mark.points)
        now = (given, self.look)
        if same(now, self._shown):
            return
        self._shown = now
        lines = [on_axes(self.plot, line) for line in _lines(given)]
        self.places = np.concatenate([np.empty((0, 2)), *lines])
        while len(self.curves) < len(lines):
            self.curves.append(self._curve())
        for i, curve in enumerate(self.curves):
            curve.setVisible(i < len(lines))
            if i < len(lines):
                self._draw(curve, i, lines[i])

    def bounds(self) -> Bounds | None:
        found = bounds_of(self.places)
        if found is None or not self.mark.fill or self.plot.log_y:
            return found
        x0, x1, y0, y1 = found
        return x0, x1, min(y0, 0.0), max(y1, 0.0)

    def legend(self) -> Sequence[Legend]:
        if not self.mark.label or not len(self.places):
            return ()
        return (Legend(self.mark.label, self.look.colour(self._tint(0)).name(), self.mark.dashed),)

    def _tint(self, i: int) -> str:
        return self.mark.tint or str(self.first + i)

    def _curve(self) -> pg.PlotCurveItem:
        curve = pg.PlotCurveItem(connect="finite")
        curve.setZValue(self.depth * 10)
        curve.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.plot.getViewBox().addItem(curve, ignoreBounds=True)
        return curve
