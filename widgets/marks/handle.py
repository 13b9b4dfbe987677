"""A ringed point to be dragged: a Point control or an action's place, with its label beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg

from lab.frame import Frame
from widgets.look import Look
from widgets.marks import Bounds, PlotPainter
from widgets.marks.dots import Words
from widgets.marks.dragging import Buttons, Grip, off_axes, on_axes
from widgets.marks.overlay import bounds_of

WIDTH = 15  # of the ring, in pixels


class HandlePainter(PlotPainter):
    """Draws a Handle."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        box, z = self.plot.getViewBox(), self.depth * 10
        self.ring = pg.ScatterPlotItem(symbol="o")
        self.ring.setZValue(z)
        box.addItem(self.ring, ignoreBounds=True)
        self.words = Words(self.plot, z + 1)
        self.grip = Grip(self.plot, z + 2, self.hands, self._tip)
        self.grip.takes(Buttons.LeftButton, drags=True)
        self.grip.along = self.mark.along
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
        self.stale = True

    def show(self, frame: Frame) -> None:
        at = frame.values.get(self.mark.at)
        if at is self.at and not self.stale:
            return
        self.at, self.stale = at, False
        place = np.empty((0, 2)) if at is None else np.asarray(at, dtype=float).reshape(-1, 2)[:1]
        self.grip.places = on_axes(self.plot, place)
        self._draw()

    def _draw(self) -> None:
        places = self.grip.places
        if self.grip.moves(0):
            places = np.array([self.grip.at])
            if self.mark.along and len(self.grip.places):  # across its way it is where the run puts it
                fixed = 1 if self.mark.along == "x" else 0
                places[0, fixed] = self.grip.places[0, fixed]
        places = places[np.isfinite(places).all(axis=1)]
        self.ring.setData(pos=places)
        away = WIDTH * self.look.scale / 2 + 4
        self.words.write([(self.mark.label, x, y, away) for x, y in places] if self.mark.label else [])

    def bounds(self) -> Bounds | None:
        return bounds_of(self.grip.places)

    def _move(self, _: int, x: float, y: float) -> None:
        name, gesture = self.mark.drag, self.grip.gesture or self.hands.gesture()
        if self.hands.is_control(name):
            self.hands.set(name, [x, y], gesture)
        else:
            self.hands.act(name, [x, y], gesture, replaces=True)
        self._draw()

    def _release(self) -> None:
        self.stale = True  # the next frame says where it is, even if it was refused there

    def _tip(self, _: int) -> str:
        x, y = (f"{value:.4g}".replace("-", "−") for value in off_axes(self.plot, *self.grip.places[0]))
        return f"{self.mark.label}\n({x}, {y})".strip()
