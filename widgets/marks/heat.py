"""Heights on a grid as colours, with contour lines, a colour bar, and a place to point at."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QImage, QPainter

from lab.session import Frame
from widgets.look import Look
from widgets.marks import Bounds, PlotPainter
from widgets.marks.contours import contours
from widgets.marks.dragging import off_axes
from widgets.marks.grid import Sheet, field_bounds, grid_of
from widgets.marks.overlay import same
from widgets.plot import SUPERSCRIPT
from widgets.theme import colour_map

Floats = NDArray[np.float64]


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

    def _table(self) -> NDArray[np.uint8]:
        dark = self.mark.colours == "scores" and self.look.theme.name == "dark"
        return colour_map("scores dark" if dark else self.mark.colours)

    def _lines(self, share: Floats) -> list[tuple[Floats, Any]]:
        if not self.mark.levels:
            return []
        pen = self.look.pen("text", 1, alpha=0.28)
        if self.mark.colours in ("viridis", "cividis"):  # the same in both themes, and so are the lines on them
            pen.setColor(QColor(255, 255, 255, 90))
        elif self.mark.colours == "grey":
            pen = self.look.pen("accent", 1, alpha=0.7)
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


class Scale(NamedTuple):
    """How heights become shares of a colour map, from 0 to 1."""

    low: float  # share 0: a height, or the logarithm of one
    high: float
    lowest: float = 0.0  # a logarithm is that of the height above the lowest, plus a little
    little: float = 0.0  # 0: no logarithm

    @classmethod
    def of(cls, grid: Floats, log: bool, diverging: bool) -> Scale:
        finite = grid[np.isfinite(grid)]
        low, high = float(finite.min()), float(finite.max())
        if diverging:
            reach = max(-low, high)
            return cls(-reach, reach)
        with np.errstate(over="ignore"):
            above = finite - low
        if not log or not 0 < above.max() < math.inf:
            return cls(low, high)
        # Without the little the lowest node would take all the colours: it lies infinitely deep.
        little = max(float(np.quantile(above, 0.02)), float(above.max()) * 1e-6)
        return cls(math.log(little), math.log(float(above.max()) + little), low, little)

    def share(self, grid: Floats) -> Floats:
        with np.errstate(all="ignore"):
            shown = np.log(grid - self.lowest + self.little) if self.little else grid
            half = self.high / 2 - self.low / 2 or 1.0  # halves: the whole may be more than a float holds
            share = (shown / 2 - self.low / 2) / half
        return np.where(np.isfinite(share), share, np.nan)

    def ticks(self) -> list[tuple[float, str]]:
        """A few shares and the heights there."""
        if self.high <= self.low:
            return []
        if not self.little:
            step = _round_step(self.high / 4 - self.low / 4)
            first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
            heights = [(n * step, step) for n in range(first, last + 1)]
        else:
            first, last = math.ceil(self.low / math.log(10)), math.floor(self.high / math.log(10))
            every = max(1, math.ceil((last - first + 1) / 5))
            heights = [(self.lowest + 10.0**power, 10.0**power) for power in range(last, first - 1, -every)]
        shares = self.share(np.array([height for height, _ in heights]))
        return [(float(share), written(*height)) for share, height in zip(shares, heights) if math.isfinite(share)]


class Bar(pg.GraphicsWidget):
    """A slim colour bar with a few heights beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.ticks: list[tuple[float, str]] = []
        self.image = QImage()
        self.look = Look()

    def show_scale(self, scale: Scale, table: NDArray[np.uint8], look: Look) -> None:
        self.ticks, self.look = scale.ticks(), look
        colours = np.ascontiguousarray(table[::-1])
        self.image = QImage(colours.data, 1, len(colours), 3, QImage.Format.Format_RGB888).copy()
        self.font, self.thick = look.font(12), 8 * look.scale
        measure = QFontMetricsF(self.font)
        room = max((measure.horizontalAdvance(text) for _, text in self.ticks), default=0) + 14 + self.thick
        if room > self.minimumWidth():  # never narrower again: the plot beside it would jump
            self.setFixedWidth(math.ceil(room))
        self.update()

    def paint(self, painter: QPainter, *_: object) -> None:
        if self.image.isNull():
            return
        area = self.boundingRect()
        column = QRectF(area.left() + 8, area.top(), self.thick, area.height())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(column, self.image)
        painter.setFont(self.font)
        painter.setPen(self.look.colour("quiet"))
        height = QFontMetricsF(self.font).height()
        free = area.bottom() + height
        for share, text in sorted(self.ticks):
            y = area.bottom() - share * area.height()
            top = min(max(y - height / 2, area.top()), area.bottom() - height)
            if top + height <= free:
                painter.drawText(
                    QRectF(QPointF(column.right() + 5, top), QSizeF(area.width(), height)),
                    Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                    text,
                )
                free = top - height / 2


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


def written(value: float, fine: float) -> str:
    """A number with the digits that tell it from one that is `fine` away."""
    if abs(value) < 1e5 and fine >= 1e-4:
        text = f"{value:.{max(0, -math.floor(math.log10(fine) + 1e-9))}f}"
    else:
        digits, power = f"{value:.1e}".split("e")
        text = f"{float(digits):g}·10".removeprefix("1·") + str(int(power)).translate(SUPERSCRIPT)
    return text.replace("-", "−")


def _round_step(size: float) -> float:
    """1, 2 or 5 times a power of ten, at least as large."""
    power = 10.0 ** math.floor(math.log10(size)) if size > 0 else 1.0
    return next((power * n for n in (1, 2, 5) if power * n >= size * (1 - 1e-9)), power * 10)
