"""Overlay: lines painted in pixels over all that is in view of a plot, so that zooming leaves their strokes alone."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QTransform

from widgets.marks import Bounds

if TYPE_CHECKING:
    from widgets.plot import Plot

Floats = NDArray[np.float64]
FAR = 1e4  # pixels: off any screen, and Qt can still draw there
SHORT = 16.0  # pixels


class Overlay(pg.GraphicsObject):
    """Covers the view of a plot and lets the mouse through."""

    def __init__(self, plot: Plot, z: float) -> None:
        super().__init__()
        self.setZValue(z)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        plot.getViewBox().addItem(self, ignoreBounds=True)

    def boundingRect(self) -> QRectF:
        return self.viewRect() or QRectF()

    def viewTransformChanged(self) -> None:
        super().viewTransformChanged()
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, *_: object) -> None:
        to_screen = painter.transform()
        seen = to_screen.mapRect(self.boundingRect())
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        try:
            self.draw(painter, to_screen, seen)
        except Exception:  # one that left a paint event would end the process
            sys.excepthook(*sys.exc_info())

    def draw(self, painter: QPainter, to_screen: QTransform, seen: QRectF) -> None:
        """Paint in pixels; `seen` is the part of the screen that is the plot's."""
        raise NotImplementedError


def pixels(to_screen: QTransform, places: Floats) -> Floats:
    """Where places (…, 2) of a plot are on the screen; NaN where they are nowhere."""
    with np.errstate(all="ignore"):
        shown = places * (to_screen.m11(), to_screen.m22()) + (to_screen.dx(), to_screen.dy())
    return np.where(np.isfinite(places).all(axis=-1, keepdims=True), shown.clip(-FAR, FAR), np.nan)


def stroke(pen: QPen, cap: Qt.PenCapStyle = Qt.PenCapStyle.FlatCap) -> QPen:
    """A look's pen for painting in pixels: as a cosmetic one it would be half as wide on a screen twice as fine.

    Flat caps suit `Pieces`: others would show as dots where translucent pieces meet.
    """
    pen.setCosmetic(False)
    pen.setCapStyle(cap)
    return pen


def moved(shown: Floats, least: float = 1.0) -> NDArray[np.bool_]:
    """Which of the places (n, 2) on the screen are about `least` pixels from the one before: the others add nothing."""
    return (np.diff(np.rint(shown / least), axis=0, prepend=np.nan) != 0).any(axis=1)


def shortened(pieces: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Straight pieces (n, 4), from x, y to x, y, cut into short ones, and the piece that each of those was part of."""
    spans = pieces[:, 2:] - pieces[:, :2]
    cuts = np.ceil(np.hypot(*spans.T) / SHORT).clip(1, 64).astype(int)
    whole = np.repeat(np.arange(len(pieces)), cuts)
    nth = np.arange(len(whole)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    spans = (spans / cuts[:, None])[whole]
    starts = pieces[whole, :2] + nth[:, None] * spans
    return np.hstack([starts, starts + spans]), whole


def dashes(line: Floats, dash: float, reach: float = math.inf) -> Floats:
    """A line (n, 2) on the screen as pieces (m, 4) with gaps between them, up to `reach` pixels along it."""
    line = line[np.isfinite(line).all(axis=1)]
    if len(line) < 2:
        return np.empty((0, 4))
    run = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    at = np.arange(0, min(run[-1], reach), dash)
    at = at[: len(at) // 2 * 2]
    x, y = (np.interp(at, run, axis) for axis in line.T)
    return np.stack([x[::2], y[::2], x[1::2], y[1::2]], axis=1)


class Pieces:
    """Draws short straight pieces (n, 4) with the painter's pen, which must have flat or square caps.

    Qt is ten times as fast with thick ones as with a path through them, and four times as with long ones.
    """

    def __init__(self) -> None:
        self.memory = pg.Qt.internals.PrimitiveArray(QLineF, 4)

    def draw(self, painter: QPainter, pieces: Floats) -> None:
        if len(pieces):
            self.memory.resize(len(pieces))
            self.memory.ndarray()[:] = pieces
            painter.drawLines(*self.memory.drawargs())


def bounds_of(places: Floats) -> Bounds | None:
    """The range of the finite ones among places (…, 2)."""
    x, y = places[..., 0], places[..., 1]
    if x.size and np.isfinite(ends := (x.min(), x.max(), y.min(), y.max())).all():  # most often, and soon known
        return tuple(map(float, ends))  # type: ignore[return-value]
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.any():
        return None
    x, y = x[finite], y[finite]
    return float(x.min()), float(x.max()), float(y.min()), float(y.max())


def same(new: Any, old: Any) -> bool:
    """Whether values are what they were, without looking through arrays.

    Each frame makes its tuples and its views of records anew; records only ever grow.
    """
    if isinstance(new, tuple) and isinstance(old, tuple):
        return len(new) == len(old) and all(map(same, new, old))
    if isinstance(new, np.ndarray) and isinstance(old, np.ndarray) and new is not old:
        ends = [(a.shape, a.strides, a.__array_interface__["data"]) for a in (new, old)]
        return new.base is not None and new.base is old.base and ends[0] == ends[1]
    return new is old or (isinstance(new, (int, float)) and isinstance(old, (int, float)) and new == old)
