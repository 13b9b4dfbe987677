"""Matrix: a table of numbers, each cell coloured by its value. Images and Network share its canvas and colours."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolTip, QWidget

from lab.frame import Frame
from widgets.look import Look
from widgets.marks import Hands, WidgetPainter
from widgets.plot import SUPERSCRIPT
from widgets.theme import LIGHT, Theme, colour_map

Array = NDArray[Any]

SMALLEST = 9  # pixels of type that can still be read
LARGEST = 24
GAP = 6  # between labels and cells


# ---------------------------------------------------------------- numbers and colours


def figures(value: float, digits: int = 3) -> str:
    """A number as a person writes it: a few significant digits, a real minus, powers of ten where it must."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    size = abs(value)
    if value == round(value) and size < 1e6:
        text = f"{round(value)}"
    elif 1e-3 <= size < 1e5:
        text = f"{value:.{max(0, digits - 1 - math.floor(math.log10(size)))}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        times = {1.0: "", -1.0: "-"}.get(float(mantissa), f"{float(mantissa):g}·")
        text = f"{times}10{str(int(power)).translate(SUPERSCRIPT)}"
    return text.replace("-", "−")


def coloured(values: Any, colours: str, theme: Theme, apart: bool = False) -> NDArray[np.uint32]:
    """A colour for each value: scores about 0, other maps from the least to the greatest; clear if not finite.

    With `apart`, each of values[0], values[1] … has a scale of its own.
    """
    half = np.asarray(values, dtype=float) / 2  # between the halves of any two numbers lies a number
    finite = np.isfinite(half)
    axes = tuple(range(1, half.ndim)) if apart else None
    high = half.max(axis=axes, keepdims=True, where=finite, initial=-math.inf)
    low = half.min(axis=axes, keepdims=True, where=finite, initial=math.inf)
    if colours == "scores":
        high = np.maximum(high, -low)
        low = -high
    with np.errstate(all="ignore"):  # inf - inf where nothing is finite, 0 / 0 where all is the same
        share = np.where(high > low, (half - low) / (high - low), 0.5)
        levels = np.where(finite, share * 255 + 0.5, 256).astype(np.int16)
    return _palette("scores dark" if (colours, theme.name) == ("scores", "dark") else colours)[levels]


def image(pixels: NDArray[np.uint32]) -> QImage:
    """Coloured pixels, row by row from the top, as a picture of their own."""
    height, width = pixels.shape
    return QImage(np.ascontiguousarray(pixels).data, width, height, 4 * width, FORMAT).copy()


FORMAT = QImage.Format.Format_ARGB32_Premultiplied


@lru_cache
def _palette(name: str) -> NDArray[np.uint32]:
    """A colour map as 256 opaque pixels, and a clear one behind them."""
    red, green, blue = colour_map(name).astype(np.uint32).T
    return np.append(0xFF000000 | red << 16 | green << 8 | blue, 0).astype(np.uint32)


# ---------------------------------------------------------------- a canvas


class CanvasPainter(WidgetPainter):
    """A mark painted by hand: `take` the values, `paint` them, tell what the mouse is `over`, mind a `press`."""

    def __init__(self, mark: Any, hands: Hands, look: Look) -> None:
        super().__init__(mark, hands, look)
        self.widget = self.canvas = Canvas(self)
        self._taken: list[Any] | None = None
        if mark.pick:
            self.canvas.setCursor(Qt.CursorShape.PointingHandCursor)

    def show(self, frame: Frame) -> None:
        values = [frame.values.get(getattr(self.mark, slot)) for slot in self.mark.reads]
        if self._taken is not None and all(new is old for new, old in zip(values, self._taken)):
            return
        self._taken = values
        self.take(*values)
        self.canvas.update()
        self.canvas.tell()

    def restyle(self, look: Look) -> None:
        super().restyle(look)
        self._taken = None

    def take(self, *args: Any, **kwargs: Any) -> None:
        """The values of the mark's fields, in the order that it reads them; None where one is missing."""

    def paint(self, p: QPainter) -> None:
        """Draw what was taken."""

    def over(self, at: QPointF | None) -> str:
        """The mouse is here, or has left; the answer is shown beside it."""
        return ""

    def press(self, at: QPointF) -> None:
        """The left button went down here."""

    def offer(self, at: QPointF, menu: QMenu) -> None:
        """Put what can be done here into the menu that a right click opens; an empty one stays closed."""


class Canvas(QWidget):
    """Bare ground, which its painter paints."""

    def __init__(self, owner: CanvasPainter) -> None:
        super().__init__()
        self.owner = owner
        self.at: QPointF | None = None  # the mouse
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # or all that lies under it is painted each time
        self.setMouseTracking(True)
        self.setMinimumSize(60, 40)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def tell(self) -> None:
        """Say what is under the mouse: again with each frame, for it changes while the mouse rests."""
        if self.at is not None:
            lines = html.escape(self.owner.over(self.at)).replace("\n", "<br>")
            tip = f"<p style='white-space:pre'>{lines}</p>" if lines else ""
            QToolTip.showText(self.mapToGlobal(self.at.toPoint()), tip, self)

    def paintEvent(self, event: QPaintEvent) -> None:
        p = QPainter(self)
        p.fillRect(event.rect(), self.owner.look.colour("card"))
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.owner.paint(p)
        p.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.at = event.position()
        self.tell()

    def leaveEvent(self, event: QEvent) -> None:
        self.at = None
        self.owner.over(None)
        QToolTip.hideText()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.owner.press(event.position())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        self.owner.offer(QPointF(event.pos()), menu)
        if menu.isEmpty():
            menu.deleteLater()
            return
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())


# ---------------------------------------------------------------- the matrix


class Place(NamedTuple):
    """Where the cells lie, and whether the labels above them stand upright."""

    left: float
    top: float
    width: float  # of a cell
    height: float
    upright: bool


class MatrixPainter(CanvasPainter):
    cells: Array = np.empty((0, 0))
    place = Place(0, 0, 1, 1, False)

    def take(self, cells: Any, rows: Any, columns: Any, lit: Any) -> None:
        table = np.atleast_2d(np.asarray(() if cells is None else cells))
        self.cells = table if table.ndim == 2 and table.size else np.empty((0, 0))
        n, m = self.cells.shape
        self.rows, self.columns = _labels(rows, n), _labels(columns, m)
        self.lit = np.zeros((n, m), bool) if np.shape(lit) != (n, m) else np.asarray(lit, bool)
        if n:
            self.colours = coloured(self.cells, self.mark.colours, self.look.theme)
            self.texts = {digits: _written(self.cells, digits) for digits in (3, 2)} if self.mark.numbers else {}

    def paint(self, p: QPainter) -> None:
        n, m = self.cells.shape
        if not n:
            return
        self.place = left, top, width, height, _ = self._placed()
        block = QRectF(left, top, width * m, height * n)
        p.fillRect(block, self.look.colour("field"))
        p.drawImage(block, image(self.colours))
        if min(width, height) >= 14:
            p.setPen(self.look.pen("card", 1))
            p.drawLines([QLineF(left + j * width, block.top(), left + j * width, block.bottom()) for j in range(m + 1)])
            p.drawLines([QLineF(block.left(), top + i * height, block.right(), top + i * height) for i in range(n + 1)])
        self._paint_labels(p)
        self._paint_numbers(p)
        frame = QPainterPath()
        for i, j in np.argwhere(self.lit).tolist():
            frame.addRect(QRectF(left + j * width, top + i * height, width, height))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.setPen(self.look.pen("accent", 3))
        p.drawPath(frame.simplified())  # one outline around cells side by side

    def over(self, at: QPointF | None) -> str:
        if at is None or (cell := self._cell(at)) is None:
            return ""
        i, j = cell
        row = f"row {i + 1}" + (f" · {self.rows[i]}" if self.rows else "")
        column = f"column {j + 1}" + (f" · {self.columns[j]}" if self.columns else "")
        return f"{row}\n{column}\n{self.cells[i, j]}".replace("-", "−")

    def press(self, at: QPointF) -> None:
        cell = self._cell(at)
        if self.mark.pick and cell is not None:
            self.hands.pick(self.mark.pick, cell)

    def _cell(self, at: QPointF) -> tuple[int, int] | None:
        """The row and column at a place."""
        i = math.floor((at.y() - self.place.top) / self.place.height)
        j = math.floor((at.x() - self.place.left) / self.place.width)
        n, m = self.cells.shape
        return (i, j) if 0 <= i < n and 0 <= j < m else None

    # ------------------------------------------------------------ how large everything is

    def _placed(self) -> Place:
        """Square cells as large as fit; wider ones where only those hold their numbers and labels."""
        n, m = self.cells.shape
        W, H = self.canvas.width() - 1, self.canvas.height() - 1
        metrics = QFontMetricsF(self._label_font())
        beside = min(_widest(metrics, self.rows), 0.3 * W) + GAP if self.rows else 0.0
        above, upright = (metrics.height() + GAP if self.columns else 0.0), False
        names = _widest(metrics, self.columns) + GAP if self.columns else 0.0
        least = SMALLEST * self.look.scale
        for _ in range(2):  # once more where the labels must stand upright, which takes room
            room, height = (W - beside) / m, (H - above) / n
            side = min(room, height)
            wanted = (
                _advance(self.look, self.texts[3]) * least / 0.84 + 3 if self.texts and 0.75 * side >= least else 0.0
            )
            width = max(side, min(room, max(wanted, names if names <= 2.5 * side else 0.0)))
            if names <= width:
                break
            above, upright = min(names, 0.35 * H) + GAP, True
        width, height = (math.floor(length) if length > 6 else max(length, 0.1) for length in (width, side))
        left = beside + (W - beside - width * m) / 2
        top = above + (H - above - height * n) / 2
        return Place(round(left), round(top), width, height, upright)

    def _label_font(self) -> QFont:
        """Larger in a larger picture."""
        return self.look.font(min(15.0, max(11.0, 0.03 * self.canvas.height() / self.look.scale)))

    # ------------------------------------------------------------ labels and numbers

    def _paint_labels(self, p: QPainter) -> None:
        left, top, width, height, upright = self.place
        font = self._label_font()
        metrics = QFontMetricsF(font)
        line = metrics.height()
        p.setFont(font)
        p.setPen(self.look.colour("quiet"))
        for i in range(0, len(self.rows), max(1, math.ceil(0.9 * line / height))):
            text = metrics.elidedText(self.rows[i], Qt.TextElideMode.ElideRight, left - GAP)
            middle = top + (i + 0.5) * height
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            p.drawText(QRectF(0, middle - line / 2, left - GAP, line), right, text)
        every = max(1, math.ceil(0.9 * line / width)) if upright else 1
        for j in range(0, len(self.columns), every):
            p.save()
            p.translate(left + (j + 0.5) * width, top - GAP)
            if upright:
                p.rotate(-90)
                text = metrics.elidedText(self.columns[j], Qt.TextElideMode.ElideRight, top - GAP)
                p.drawText(QRectF(0, -line / 2, top, line), Qt.AlignmentFlag.AlignVCenter, text)
            else:
                p.drawText(QRectF(-width / 2, -line, width, line), Qt.AlignmentFlag.AlignCenter, self.columns[j])
            p.restore()

    def _paint_numbers(self, p: QPainter) -> None:
        left, top, width, height, _ = self.place
        m = self.cells.shape[1]
        scale = self.look.scale
        tall = min(0.75 * height, max(0.42 * height, 12 * scale), LARGEST * scale)
        for texts in self.texts.values():  # fewer digits where more do not fit
            size = int(min(tall, 0.84 * (width - 1) / _advance(self.look, texts)))
            if size >= SMALLEST * scale:
                break
        else:
            return
        p.setFont(self.look.font(size / scale))
        for pale, on in zip((LIGHT.card, LIGHT.text, self.look.theme.quiet), _grounds(self.colours)):
            p.setPen(QColor(pale))
            for k in np.flatnonzero(on).tolist():
                i, j = divmod(k, m)
                cell = QRectF(left + j * width, top + i * height, width, height)
                p.drawText(cell, Qt.AlignmentFlag.AlignCenter, texts[k])


def _grounds(pixels: NDArray[np.uint32]) -> tuple[Array, Array, Array]:
    """Which pixels are dark, which light, and which clear: each takes type of another colour."""
    channels = np.stack([pixels >> 16 & 255, pixels >> 8 & 255, pixels & 255], axis=-1) / 255
    luminance = channels**2.2 @ (0.2126, 0.7152, 0.0722)
    clear = pixels == 0
    light = luminance > 0.21  # where white and near-black type stand out equally well
    return ~light & ~clear, light & ~clear, clear


def _written(cells: Array, digits: int) -> list[str]:
    """The cells' numbers, row by row, with as many decimals everywhere as the largest needs."""
    flat = cells.ravel().astype(float)
    finite = flat[np.isfinite(flat)]
    top = float(np.abs(finite).max(initial=0))
    if top < 1e5 and (finite == np.round(finite)).all():
        decimals = 0
    elif 1e-3 <= top < 1e5:
        decimals = max(0, digits - (1 if top >= 1 else 2) - math.floor(math.log10(top)))
    else:
        return [figures(value, digits - 1) for value in flat.tolist()]
    low = -0.5 * 10.0**-decimals
    shown = (0.0 if low <= value < 0 else value for value in flat.tolist())  # never −0.00
    return [f"{v:.{decimals}f}".replace("-", "−") if math.isfinite(v) else figures(v) for v in shown]


def _labels(names: Any, n: int) -> list[str]:
    """n texts, or none."""
    given = [] if names is None else [str(name) for name in names][:n]
    return given + [""] * (n - len(given)) if given else []


def _widest(metrics: QFontMetricsF, texts: Sequence[str]) -> float:
    return max((metrics.horizontalAdvance(text) for text in texts), default=0.0)


def _advance(look: Look, texts: Sequence[str]) -> float:
    """How wide the longest text is, in heights of its type."""
    return _widest(QFontMetricsF(look.font(100)), [max(texts, key=len, default="")]) / (100 * look.scale) or 0.6
