"""Sheet: a picture on a grid of a plot, with lines through it. Heat and regions share it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QPixmapCache

from lab.marks import Field
from widgets.marks import Bounds
from widgets.marks.overlay import Floats, Pieces, pixels, stroke

if TYPE_CHECKING:
    from widgets.plot import Plot

ROOM = 128 * 1024  # KB: for the sheets of a crowded stage on a large screen; Qt's own 10 MB hold one or two


class Sheet(pg.GraphicsObject):
    """The middle of each pixel is a node of the grid. What was painted is kept until it or the view changes."""

    def __init__(self, plot: Plot, z: float) -> None:
        super().__init__()
        self.place = QRectF()
        self.image = QImage()
        self.lines: list[tuple[Floats, QPen]] = []
        self.setZValue(z)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        QPixmapCache.setCacheLimit(max(ROOM, QPixmapCache.cacheLimit()))
        self.setCacheMode(self.CacheMode.DeviceCoordinateCache)
        plot.getViewBox().addItem(self, ignoreBounds=True)

    def show_picture(self, field: Field, colours: NDArray[np.uint8], lines: list[tuple[Floats, QPen]]) -> None:
        """Colours (rows, columns, 4) over the field's range, and lines (n, 2, 2) in grid units with their pens."""
        rows, columns = colours.shape[:2]
        (x0, x1), (y0, y1) = field.x, field.y
        step = np.array([(x1 - x0) / max(columns - 1, 1), (y1 - y0) / max(rows - 1, 1)])
        corner = np.array([x0, y0])
        self.prepareGeometryChange()
        self.place = QRectF(*(corner - step / 2), *(step * (columns, rows)))
        self.image = QImage(
            np.ascontiguousarray(colours).data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888
        ).convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
        self.lines = []
        for segments, pen in lines:
            self.lines.append((segments * step + corner, stroke(pen)))
        self.update()

    def clear(self) -> None:
        self.prepareGeometryChange()
        self.place = QRectF()
        self.update()

    def boundingRect(self) -> QRectF:
        view = self.viewRect()
        return self.place & view if view is not None else self.place

    def viewTransformChanged(self) -> None:
        super().viewTransformChanged()
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, *_: object) -> None:
        if self.place.isEmpty():
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.place, self.image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        to_screen = painter.transform()
        painter.resetTransform()
        for ends, pen in self.lines:
            painter.setPen(pen)
            Pieces().draw(painter, pixels(to_screen, ends).reshape(-1, 4))


def grid_of(field: Field | None) -> NDArray[np.float64] | None:
    """The numbers of a field, if there are enough to draw."""
    if field is None:
        return None
    grid = np.asarray(field.z, dtype=float)
    ends = (*field.x, *field.y)
    return grid if grid.ndim == 2 and grid.size and np.isfinite(ends).all() else None


def value_at(field: Field | None, x: float, y: float, nearest: bool = False) -> float:
    """A field's number at a place: between the nodes as the picture has it, or that of the nearest; NaN outside."""
    grid = grid_of(field)
    if field is None or grid is None:
        return math.nan
    (x0, x1), (y0, y1) = field.x, field.y
    if not (x0 <= x <= x1 and y0 <= y <= y1 and x0 < x1 and y0 < y1):
        return math.nan
    last = np.array(grid.shape) - 1
    at = np.array([(y - y0) / (y1 - y0), (x - x0) / (x1 - x0)]) * last
    if nearest:
        row, column = np.rint(at).astype(int)
        return float(grid[row, column])
    row, column = before = np.minimum(at.astype(int), np.maximum(last - 1, 0))
    corners = grid[row : row + 2, column : column + 2]
    down, across = at - before
    along = corners[:, 0] * (1 - across) + corners[:, -1] * across
    return float(along[0] * (1 - down) + along[-1] * down)


def field_bounds(field: Field) -> Bounds:
    return *map(float, field.x), *map(float, field.y)  # type: ignore[return-value]
