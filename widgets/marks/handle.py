"""A ringed point to be dragged: a Point control or an action's place, with its label beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg

from lab.session import Frame
from widgets.look import Look
from widgets.marks import Bounds, PlotPainter
from widgets.marks.dots import Words
from widgets.marks.dragging import Buttons, Grip, off_axes, on_axes

WIDTH = 15  # of the ring, in pixels


class HandlePainter(PlotPainter):
    """Draws a Handle."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        box, z = self.plot.getViewBox(), self.depth * 10
        self.ring, self.words = pg.ScatterPlotItem(symbol="o"), Words()
        for layer, item in enumerate((self.ring, self.words)):
            item.setZValue(z + layer)
            item.setAcceptedMouseButtons(Buttons.NoButton)
            box.addItem(item, ignoreBounds=True)
        self.grip = Grip(self.plot, z + 2, self.hands, self._tip)
        self.grip.takes(Buttons.LeftButton, drags=True)
        self.grip.moved.connect(self._move)
        self.grip.released.connect(self._release)
        self.at: Any = None
        self.restyle(self.look)

    def restyle(self, look: Look) -> None:
        super().restyle(look)
        self.ring.setPen(look.pen(self.mark.tint, 2.5))
        self.ring.setBrush(look.colour("card", 0.45))
        self.ring.setSize(WIDTH * look.scale)
        self.words.restyle(look)
        self.at = None

    def show(self, frame: Frame) -> None:
        at = frame.values.get(self.mark.at)
        if at is self.at and at is not None:
            return
        self.at = at
        place = np.empty((0, 2)) if at is None else np.asarray(at, dtype=float).reshape(-1, 2)[:1]
        self.grip.places = on_axes(self.plot, place)
        if self.grip.held is None or self.grip.gesture is None:
            self._draw(self.grip.places)

    def _draw(self, places: np.ndarray) -> None:
        places = places[np.isfinite(places).all(axis=1)]
        self.ring.setData(pos=places)
        label, away = self.mark.label, WIDTH * self.look.scale / 2 + 4
        self.words.write([(label, x, y, away) for x, y in places] if label else [])

    def bounds(self) -> Bounds | None:
        places = self.grip.places
        if not np.isfinite(places).all() or not len(places):
            return None
        x, y = map(float, places[0])
        return x, x, y, y

    def _move(self, _: int, x: float, y: float) -> None:
        was_x, was_y = off_axes(self.plot, *self.grip.places[0]) if len(self.grip.places) else (x, y)
        x, y = (x if self.mark.along != "y" else was_x), (y if self.mark.along != "x" else was_y)
        ...

    def _release(self) -> None:
        self.at = None

    def _tip(self, _: int) -> str:
        return ""
