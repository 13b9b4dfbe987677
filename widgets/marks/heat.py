"""Heights on a grid as colours, with contour lines, a colour bar, and a place to point at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication

from lab.frame import Frame
from widgets.marks import Bounds, PlotPainter
from widgets.marks.bars import number
from widgets.marks.colour_scale import Bar, Scale
from widgets.marks.contours import contours
from widgets.marks.dragging import off_axes
from widgets.marks.grid import Sheet, field_bounds, grid_of, value_at
from widgets.marks.overlay import Floats, same
from widgets.theme import colour_map


class HeatPainter(PlotPainter):
    """Draws Heat."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.sheet = Sheet(self.plot, self.depth * 10)
        self.field: Any = None
        self._shown: tuple[Any, ...] = ()
        self.bar = Bar() if self.mark.bar else None
        if self.bar:
            self.plot.plotItem.layout.addItem(self.bar, 2, 3)
        if self.mark.pick:
            self.picked: tuple[float, float] | None = None
            self.plot.scene().sigMouseMoved.connect(self._hover)
            self.plot.scene().sigMouseClicked.connect(lambda event: self._pick(event.scenePos()))

    def show(self, frame: Frame) -> None:
        self.field = frame.values.get(self.mark.field)
        now = (self.field, self.look)
        if same(now, self._shown):
            return
        self._shown = now
        grid = grid_of(self.field)
        if grid is None or not np.isfinite(grid).any():
            self.sheet.clear()
            return
        scale = Scale.of(grid, self.mark.log, diverging=self.mark.colours == "scores")
        share = scale.share(grid)
        table = self._table()
        self.sheet.show_picture(self.field, painted(share, table), self._lines(share))
        if self.bar:
            self.bar.show_scale(scale, table, self.look)

    def bounds(self) -> Bounds | None:
        return field_bounds(self.field) if self.field is not None else None

    def read(self, x: float, y: float) -> str:
        here = number(value_at(self.field, x, y))
        return f"value {here}" if here else ""

    def _table(self) -> NDArray[np.uint8]:
        dark = self.mark.colours == "scores" and self.look.theme.name == "dark"
        return colour_map("scores dark" if dark else self.mark.colours)

    def _lines(self, share: Floats) -> list[tuple[Floats, Any]]:
        if not self.mark.levels:
            return []
        pen = self.look.pen("text", 1.2, alpha=0.28)
        if self.mark.colours in ("viridis", "cividis"):  # the same in both themes, and so are the lines on them
            pen.setColor(QColor(255, 255, 255, 90))
        elif self.mark.colours == "grey":
            pen = self.look.pen("accent", 1.2, alpha=0.7)
        return [(contours(share, levels(share, self.mark.levels, self.mark.colours == "scores")), pen)]

    def _hover(self, place: QPointF) -> None:
        if QGuiApplication.mouseButtons() == Qt.MouseButton.NoButton:
            self._pick(place)

    def _pick(self, place: QPointF) -> None:
        box = self.plot.getViewBox()
        if self.field is None or not box.sceneBoundingRect().contains(place):
            return
        at = box.mapSceneToView(place)
        x, y = off_axes(self.plot, at.x(), at.y())
        (x0, x1), (y0, y1) = self.field.x, self.field.y
        if x0 <= x <= x1 and y0 <= y <= y1 and (x, y) != self.picked:
            self.picked = x, y
            self.hands.pick(self.mark.pick, (x, y))


def levels(share: Floats, count: int, diverging: bool) -> Floats:
    """Rising shares for contour lines, halfway between even heights and even areas: steep slopes take few."""
    even = np.linspace(0, 1, (count | 1 if diverging else count) + 2)[1:-1]
    if diverging:
        return even  # an odd number of them: one is at 0, where the score changes sides
    return np.unique((even + np.quantile(share[np.isfinite(share)], even)) / 2)


def painted(share: Floats, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Red, green, blue and alpha for each share; see-through where there is none."""
    colours = np.full((257, 4), 255, dtype=np.uint8)
    colours[:256, :3] = table
    colours[256] = 0
    return colours[np.where(np.isfinite(share), np.nan_to_num(share) * 255.999, 256).clip(0, 256).astype(np.intp)]
