"""Class areas in pale colours, faded where they are undecided, with thin borders between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.frame import Frame
from widgets.marks import Bounds, PlotPainter
from widgets.marks.contours import borders
from widgets.marks.grid import Sheet, field_bounds, grid_of, value_at
from widgets.marks.overlay import same

PALE = 0.34  # how much of a class colour there is in its area


class RegionsPainter(PlotPainter):
    """Draws Regions. A node with no class, negative or not finite, is left as it is."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.sheet = Sheet(self.plot, self.depth * 10)
        self.field: Any = None
        self._shown: tuple[Any, ...] = ()

    def show(self, frame: Frame) -> None:
        self.field = frame.values.get(self.mark.field)
        strength = frame.values.get(self.mark.strength)
        now = (self.field, strength, self.look)
        if same(now, self._shown):
            return
        self._shown = now
        grid = grid_of(self.field)
        if grid is None:
            self.sheet.clear()
            return
        classes = np.where(grid >= 0, np.nan_to_num(grid, posinf=-1).clip(max=2**31), -1).astype(int)
        colours = self._colours()[np.where(classes < 0, -1, classes % len(self.look.theme.classes))]
        sure = np.asarray(getattr(strength, "z", strength), dtype=float) if strength is not None else None
        if sure is not None and sure.shape == classes.shape:
            colours[..., 3] = (colours[..., 3] * np.nan_to_num(sure).clip(0, 1)).round()
        self.sheet.show_picture(self.field, colours, [(borders(classes), self.look.pen("text", 1.2, alpha=0.45))])

    def bounds(self) -> Bounds | None:
        return field_bounds(self.field) if self.field is not None else None

    def read(self, x: float, y: float) -> str:
        here = value_at(self.field, x, y, nearest=True)
        return f"class {here:.0f}" if here >= 0 else ""

    def _colours(self) -> np.ndarray:
        """Red, green, blue and alpha for every class, and last for none."""
        pale = [self.look.colour(i, PALE).getRgb() for i in range(len(self.look.theme.classes))]
        return np.array([*pale, (0, 0, 0, 0)], dtype=np.uint8)
