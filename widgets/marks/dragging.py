"""Grip: press near a place on a plot, drag it, let it go. Dots and handles share it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QGraphicsSceneHoverEvent, QGraphicsSceneMouseEvent

from widgets.marks import Hands
from widgets.marks.overlay import Overlay

if TYPE_CHECKING:
    from widgets.plot import Plot

REACH = 10  # pixels around a place within which a press takes it
FARTHEST = 1e300  # beyond it the width of a range overflows
STILL = 3  # pixels: a press that strays no further is a click

Buttons = Qt.MouseButton


class Grip(Overlay):
    """Lies unseen over a plot and takes the presses near its places; all others reach what is below.

    It takes Qt's own press rather than pyqtgraph's drag: who takes a press keeps the mouse until the
    release, the topmost grip first, and the plot cannot pan meanwhile.
    """

    moved = Signal(int, float, float)  # the index of the place, and where it is now in the data
    released = Signal()
    clicked = Signal(int, object)  # the index, and the mouse button

    def __init__(self, plot: Plot, z: float, hands: Hands, tip: Callable[[int], str]) -> None:
        super().__init__(plot, z)
        self.plot, self.hands, self.tip = plot, hands, tip
        self.places = np.empty((0, 2))  # in the plot's own coordinates
        self.drags = False
        self.along = ""  # x or y: places move along one axis only
        self.held: int | None = None
        self.at = (0.0, 0.0)  # where the held place is, in the plot's own coordinates
        self.gesture: int | None = None  # None until a press becomes a drag
        self._pressed = QPoint()
        self._button = Buttons.NoButton
        self.setAcceptHoverEvents(True)

    def takes(self, buttons: Qt.MouseButton, drags: bool) -> None:
        """Which presses it answers to, and whether they can move a place."""
        self.drags = drags
        self.setAcceptedMouseButtons(buttons)
        if drags:
            self.setCursor(Qt.CursorShape.OpenHandCursor)

    def nearest(self, point: QPointF) -> int | None:
        """The place within reach of a point, if there is one."""
        if not len(self.places):
            return None
        pixel = self.plot.getViewBox().viewPixelSize()
        with np.errstate(all="ignore"):
            apart = np.hypot(*((self.places - (point.x(), point.y())) / pixel).T)
        apart[np.isnan(apart)] = math.inf
        index = int(apart.argmin())
        return index if apart[index] <= REACH * self.plot.look.scale else None

    # ------------------------------------------------------------ what Qt asks

    def collidesWithPath(self, path: QPainterPath, mode: Any = None) -> bool:
        """Qt asks so what is under the mouse: it is here only near a place."""
        return self.held is not None or self.nearest(path.boundingRect().center()) is not None

    def paint(self, *_: object) -> None:
        pass

    def hoverMoveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        index = self.nearest(event.pos())
        self.setToolTip("" if index is None else self.tip(index))

    def mousePressEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        if self.held is not None and event.button() != self._button:
            return  # a second button while the first holds on
        index = self.nearest(event.pos())
        if index is None:
            event.ignore()
            return
        self.held, self.gesture, self._button = index, None, event.button()
        x, y = self.places[index]
        self.at = float(x), float(y)
        self._pressed = event.screenPos()
        if self._can_move():
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        if self.held is None:
            return
        if self.gesture is None:
            strayed = event.screenPos() - self._pressed
            if math.hypot(strayed.x(), strayed.y()) <= STILL:
                return
            self.gesture = self.hands.gesture()
        if self._can_move():
            seen = self.boundingRect()  # a place let go outside the view could not be taken again
            x = self.at[0] if self.along == "y" else min(max(event.pos().x(), seen.left()), seen.right())
            y = self.at[1] if self.along == "x" else min(max(event.pos().y(), seen.top()), seen.bottom())
            self.at = x, y
            self.moved.emit(self.held, *off_axes(self.plot, x, y))

    def mouseReleaseEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        if self.held is None or event.button() != self._button:
            return
        index, self.held = self.held, None
        if self._can_move():
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        if self.gesture is None:
            self.clicked.emit(index, self._button)
        self.released.emit()

    def _can_move(self) -> bool:
        return self.drags and self._button == Buttons.LeftButton

    def moves(self, index: int) -> bool:
        """Whether this place is being dragged: it is then where the mouse is, whatever a frame says."""
        return self.held == index and self.gesture is not None and self._can_move()


def on_axes(plot: Plot, points: np.ndarray) -> np.ndarray:
    """Data (n, 2) as the axes show it: NaN where it is too far out, powers on a logarithmic axis."""
    shown = np.where(np.abs(points) < FARTHEST, points, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        for axis, logarithmic in enumerate((plot.log_x, plot.log_y)):
            if logarithmic:
                shown[:, axis] = np.log10(shown[:, axis])
    return shown


def off_axes(plot: Plot, x: float, y: float) -> tuple[float, float]:
    """The data at a place of the plot."""
    return 10**x if plot.log_x else x, 10**y if plot.log_y else y
