"""Plot: a pair of axes that painters share. Ranges only ever widen while a run plays; a double-click fits them."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFontMetricsF, QMouseEvent
from PySide6.QtWidgets import QApplication, QSizePolicy

from lab.marks import Curve, Panel
from widgets.cursor import CursorNote
from widgets.look import Look
from widgets.marks import Bounds, PlotPainter

pg.setConfigOptions(antialias=True)
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MARGIN = 0.06  # of the range, around what must be in view
AHEAD = 0.5  # how much further an axis widens than it must, so that it seldom moves


class Axis(pg.AxisItem):
    """A thin axis with few ticks, minus signs, and superscript powers when it is logarithmic."""

    def __init__(self, side: str) -> None:
        super().__init__(side, maxTickLength=4)
        self.enableAutoSIPrefix(False)
        self.setStyle(maxTickLevel=0, tickTextOffset=6, hideOverlappingLabels=True)

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.logMode:
            return [
                f"10{round(v):d}".translate(SUPERSCRIPT).replace("¹⁰", "10", 1) if _whole(v) else "" for v in values
            ]
        return [text.replace("-", "−") for text in super().tickStrings(values, scale, spacing)]

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        if not self.logMode:
            level = super().tickValues(low, high, size)[:1]
            return [self._apart(spacing, values, size / (high - low)) for spacing, values in level]
        every = max(1, math.ceil((high - low) / max(2, size / 45)))
        first = math.ceil(low / every) * every
        return [(every, [float(v) for v in range(first, math.floor(high) + 1, every)])]

    def _apart(self, spacing: float, values: list[float], pixels: float) -> tuple[float, list[float]]:
        """On a short upright axis only so many ticks that their numbers stand clear of each other."""
        high = 1.1 * QFontMetricsF(self.style["tickFont"] or QApplication.font()).height()
        every = math.ceil(high / max(pixels * spacing, 1e-9)) if self.orientation == "left" else 1
        kept = [value for value in values if round(value / spacing) % every == 0]
        return every * spacing, kept or values[len(values) // 2 :][:1]


class Plot(pg.PlotWidget):
    """The axes of one panel."""

    def __init__(self, panel: Panel, look: Look) -> None:
        super().__init__(axisItems={side: Axis(side) for side in ("left", "bottom")}, enableMenu=False)
        self.panel = panel
        self.readers: list[PlotPainter] = []  # of its marks: each adds itself
        curves = [mark for mark in panel.marks if isinstance(mark, Curve)]
        self.log_x = panel.log_x or any(c.log_x for c in curves)
        self.log_y = panel.log_y or any(c.log_y for c in curves)
        self.getAxis("bottom").setLogMode(self.log_x)
        self.getAxis("left").setLogMode(self.log_y)
        box = self.getViewBox()
        box.setDefaultPadding(0)
        box.disableAutoRange()
        self.hideButtons()
        self.getPlotItem().ctrlMenu.setParent(self, Qt.WindowType.Popup)  # or it would outlive the plot
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 90)
        if panel.equal:
            box.setAspectLocked(True)
        self._taken = False  # a person has zoomed or panned: leave the view alone until a double-click
        self._needed: Bounds | None = None
        box.sigRangeChangedManually.connect(self._take)
        self.note = CursorNote(self)
        self.restyle(look)
        self.fit()

    def restyle(self, look: Look) -> None:
        self.look = look
        self.setBackground(look.colour("card"))
        for side, text in (("bottom", self.panel.x), ("left", self.panel.y)):
            axis = self.getAxis(side)
            axis.setPen(look.pen("border", 1))
            axis.setTextPen(look.colour("quiet"))
            axis.setTickFont(look.font(12))
            axis.label.setFont(look.font(12))
            axis.setLabel(text, color=look.colour("quiet").name()) if text else axis.showLabel(False)
        self.note.restyle(look)

    def follow(self, bounds: Iterable[Bounds | None]) -> None:
        """Keep what must be in view in view, moving the axes as seldom as possible."""
        self._follow(bounds)
        if self.note.at is not None:
            self.note.read()

    def _follow(self, bounds: Iterable[Bounds | None]) -> None:
        self._needed = _union([*bounds, self._declared()])
        if self._taken or self._needed is None:
            return
        (x0, x1), (y0, y1) = self.getViewBox().viewRange()
        n = self._needed
        if not self._fitted:
            self.fit()
        elif not self.panel.equal:
            x = _widened((x0, x1), (n[0], n[1]), self.panel.range_x is None)
            y = _widened((y0, y1), (n[2], n[3]), self.panel.range_y is None)
            if x != (x0, x1) or y != (y0, y1):
                self.getViewBox().setRange(xRange=x, yRange=y, padding=0)
        elif n[0] < x0 or n[1] > x1 or n[2] < y0 or n[3] > y1:
            self.fit()

    def fit(self) -> None:
        """Show exactly what must be in view."""
        needed = self._needed or self._declared()
        self._taken = False
        self._fitted = self._needed is not None
        x = self.panel.range_x or _padded(needed[0], needed[1])
        y = self.panel.range_y or _padded(needed[2], needed[3])
        self.getViewBox().setRange(xRange=x, yRange=y, padding=0, disableAutoRange=True)

    def refit(self) -> None:
        """A new run: what was in view of the old one no longer counts."""
        self._fitted = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self.note.point(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.note.point(None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.fit()

    def _declared(self) -> Bounds:
        x, y = self.panel.range_x or (math.nan, math.nan), self.panel.range_y or (math.nan, math.nan)
        return (*x, *y)

    def _take(self, *_: object) -> None:
        self._taken = True


def _whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-9


def _union(parts: Iterable[Bounds | None]) -> Bounds | None:
    known = [part for part in parts if part is not None]
    if not known:
        return None
    ends = [[part[i] for part in known if math.isfinite(part[i])] for i in range(4)]
    return tuple((min, max)[i % 2](values) if values else math.nan for i, values in enumerate(ends))  # type: ignore[return-value]


def _padded(low: float, high: float) -> tuple[float, float]:
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    room = (high - low) * MARGIN or max(abs(high) * 0.5, 0.5)
    return low - room, high + room


def _widened(now: tuple[float, float], needed: tuple[float, float], free: bool) -> tuple[float, float]:
    """The range now, or one wide enough and a good deal wider, on the side where something left it."""
    if not free or not all(map(math.isfinite, needed)):
        return now
    low, high = now
    ahead = max(high - low, needed[1] - needed[0]) * AHEAD
    if needed[0] < low:
        low = needed[0] - ahead
    if needed[1] > high:
        high = needed[1] + ahead
    return low, high
