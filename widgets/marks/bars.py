"""One bar a number, or a group of bars at each place: names below, numbers above where there is room."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsSceneHoverEvent

from lab.frame import Frame
from widgets.marks import Bounds, PlotPainter
from widgets.marks.dragging import FARTHEST
from widgets.marks.overlay import Overlay, pixels, same

if TYPE_CHECKING:
    from widgets.plot import Plot

WIDE = 0.8  # of the room at each place that is bar
SHORT = 64  # pixels that a name may take even where bars are closer


class BarsPainter(PlotPainter):
    """Draws Bars."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.pillars = Pillars(self.plot, self.depth * 10, self.mark.colour)
        self._shown: tuple[Any, ...] = ()
        self._ticks: list[tuple[int, str]] | None = None
        for changed in (self.plot.getViewBox().sigXRangeChanged, self.plot.getViewBox().sigResized):
            changed.connect(self._write_names)

    def show(self, frame: Frame) -> None:
        heights, labels = frame.values.get(self.mark.heights), frame.values.get(self.mark.labels)
        now = (heights, labels, self.look)
        if same(now, self._shown):
            return
        self._shown = now
        pillars = self.pillars
        pillars.heights = np.empty((1, 0)) if heights is None else np.atleast_2d(np.asarray(heights, dtype=float))
        count = pillars.heights.shape[1]
        names = labels if labels is not None and len(labels) == count else range(count)
        pillars.names = [str(name) for name in names]
        pillars.update()
        self._write_names()

    def bounds(self) -> Bounds | None:
        heights = self.pillars.heights
        if not heights.size:
            return None
        known = heights[np.abs(heights) < FARTHEST]
        high = known.max(initial=0.0) if self.mark.highest is None else self.mark.highest
        return -WIDE / 2, heights.shape[1] - 1 + WIDE / 2, float(known.min(initial=0.0)), float(high)

    def _write_names(self, *_: object) -> None:
        """Names below the bars: first cut short, then left out in turn, so that none touches the next."""
        names, measure = self.pillars.names, QFontMetricsF(self.look.font(12))
        room = 1 / self.plot.getViewBox().viewPixelSize()[0]
        most = max(room - 6, SHORT * self.look.scale)
        short = [measure.elidedText(name, Qt.TextElideMode.ElideMiddle, most) for name in names]
        longest = max(map(measure.horizontalAdvance, short), default=0)
        every = max(1, math.ceil((longest + 6) / room))
        ticks = list(enumerate(short))[::every]
        if ticks != self._ticks:
            self._ticks = ticks
            self.plot.getAxis("bottom").setTicks([ticks])


class Pillars(Overlay):
    """The bars and their numbers, painted in pixels."""

    def __init__(self, plot: Plot, z: float, colour: str) -> None:
        super().__init__(plot, z)
        self.plot, self.colour = plot, colour
        self.heights: NDArray[np.float64] = np.empty((1, 0))  # (groups, places)
        self.names: list[str] = []
        self.setAcceptHoverEvents(True)

    def draw(self, painter: QPainter, to_screen: QTransform, seen: QRectF) -> None:
        look, (groups, places) = self.plot.look, self.heights.shape
        if not self.heights.size:
            return
        base = to_screen.map(QPointF(0, 0)).y()
        painter.setPen(look.pen("border", 1))
        painter.drawLine(QLineF(seen.left(), base, seen.right(), base))
        thick = WIDE / groups
        painter.setFont(look.font(11))
        for group, heights in enumerate(self.heights):
            left = np.arange(places) - WIDE / 2 + group * thick
            corners = pixels(to_screen, np.column_stack([left, np.nan_to_num(heights, posinf=0, neginf=0)]))
            ends = pixels(to_screen, np.column_stack([left + thick, np.zeros(places)]))
            gap = 1.0 if groups > 1 and ends[0, 0] - corners[0, 0] > 6 else 0.0
            bars = [QRectF(x0, min(y, base), x1 - x0 - gap, abs(base - y)) for (x0, y), x1 in zip(corners, ends[:, 0])]
            for i, bar in enumerate(bars):
                painter.fillRect(bar, self._tint(group, i))
            numbers = [number(height) for height in heights]
            self._draw_numbers(painter, bars, numbers, base, seen)

    def _draw_numbers(
        self, painter: QPainter, bars: list[QRectF], numbers: list[str], base: float, seen: QRectF
    ) -> None:
        """Each beyond the end of its bar, or inside where the axis ends; none at all where they would touch."""
        measure = QFontMetricsF(painter.font())
        needed = max(map(measure.horizontalAdvance, ["0.000", *numbers]))
        if needed > bars[0].width() / (WIDE if len(self.heights) == 1 else 1):
            return
        for bar, text in zip(bars, numbers):
            down = bar.top() >= base and bar.height() > 0
            room = QRectF(0, 0, needed, measure.height())
            room.moveCenter(bar.center())
            room.moveTop(bar.bottom() + 1 if down else bar.top() - room.height() - 1)
            inside = room.top() < seen.top() or room.bottom() > seen.bottom()
            if inside:
                room.moveTop(min(max(bar.top(), seen.top()), seen.bottom() - room.height()))
            painter.setPen(self.plot.look.colour("card" if inside else "text"))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)

    def _tint(self, group: int, place: int) -> QColor:
        groups, look = len(self.heights), self.plot.look
        if self.colour == "class":
            return look.colour(place if groups == 1 else group)
        tint = "accent" if self.colour == "accent" else "0" if self.heights[group, place] >= 0 else "1"
        return look.colour(tint, 1 - 0.6 * group / groups)

    def hoverMoveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        place = round(event.pos().x())
        if 0 <= place < len(self.names):
            values = ", ".join(number(height) or "–" for height in self.heights[:, place])
            self.setToolTip(f"{self.names[place]}: {values}")
        else:
            self.setToolTip("")


def number(value: float) -> str:
    """Three figures, or all those before the point; nothing where there is no number."""
    if not math.isfinite(value):
        return "" if math.isnan(value) else "∞" if value > 0 else "−∞"
    whole = 1000 <= abs(value) < 1e6
    return (f"{value:.0f}" if whole else f"{value:.3g}").replace("-", "−")
