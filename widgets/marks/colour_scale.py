"""How heights become colours, and the slim bar that says which."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter

from widgets.look import Look
from widgets.marks.overlay import Floats
from widgets.plot import SUPERSCRIPT

TINY = 1e-300  # smaller ranges, and larger ones than its inverse, are beyond what a float can divide


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
        if not log or not TINY < above.max() < 1 / TINY:
            return cls(low, high)
        # Without the little the lowest node would take all the colours: it lies infinitely deep.
        little = max(float(np.quantile(above, 0.005)), float(above.max()) * 1e-6)
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
            step = _round_step(self.high / 5 - self.low / 5)
            first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
            heights = [(n * step, step) for n in range(first, last + 1)]
        else:
            first, last = math.ceil(self.low / math.log(10)), math.floor(self.high / math.log(10))
            every = max(1, math.ceil((last - first + 1) / 5))
            steps = [10.0**power for power in range(last, first - 1, -every)]
            if len(steps) < 3:
                steps += [3 * 10.0**power for power in range(first - 1, last + 1)]
            heights = [(self.lowest + step, step / 10) for step in steps]
        shares = self.share(np.array([height for height, _ in heights]))
        return [(float(share), written(*height)) for share, height in zip(shares, heights) if 0 <= share <= 1]


class Bar(pg.GraphicsWidget):
    """A slim colour bar with a few heights beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.ticks: list[tuple[float, str]] = []
        self.image = QImage()
        self.look = Look()

    def show_scale(self, scale: Scale, table: NDArray[np.uint8], look: Look) -> None:
        self.ticks = scale.ticks()
        colours = np.ascontiguousarray(table[::-1])
        self.image = QImage(colours.data, 1, len(colours), 3, QImage.Format.Format_RGB888).copy()
        self.font, self.thick = look.font(12), 8 * look.scale
        measure = QFontMetricsF(self.font)
        room = max((measure.horizontalAdvance(text) for _, text in self.ticks), default=0) + 14 + self.thick
        if room > self.minimumWidth() or look is not self.look:  # never narrower again: the plot beside it would jump
            self.setFixedWidth(math.ceil(room))
        self.look = look
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


def written(value: float, fine: float) -> str:
    """A number with the digits that tell it from one that is `fine` away."""
    if value == 0 or (abs(value) < 1e5 and max(fine, abs(value)) >= 1e-3):
        text = f"{value:.{min(max(0, -math.floor(math.log10(fine) + 1e-9)), 7)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        digits, power = f"{value:.1e}".split("e")
        text = f"{float(digits):g}·10".removeprefix("1·") + str(int(power)).translate(SUPERSCRIPT)
    return text.replace("-", "−")


def _round_step(size: float) -> float:
    """1, 2 or 5 times a power of ten, at least as large."""
    power = 10.0 ** math.floor(math.log10(size)) if size > TINY else 1.0
    return next((power * n for n in (1, 2, 5) if power * n >= size * (1 - 1e-9)), power * 10)
