"""Table: rows of texts and numbers under a header that stays; the chosen rows are lit and kept in view."""

from __future__ import annotations

import re
from itertools import accumulate
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QScrollBar

from widgets.look import Look
from widgets.marks import Hands
from widgets.marks.matrix import Canvas, CanvasPainter, figures

NUMBER = re.compile(r"[+−]?(?P<whole>\d+)?(?P<rest>(\.\d*)?(e[+−]?\d+|·?10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?)|[+−]?∞|NaN")
NOTHING = {"", "—", "–", "…", "·", "?"}  # what stands where a number is to come
SIZES = (13, 12, 11, 10)  # of type: the first with which all columns fit
PADDING = 10.0  # on either side of a column, at scale 1
SPREAD = 44.0  # at most so much more where there is room
ABOVE = 4.0  # and below a line of type
LEAST = 34.0  # pixels of a column that has to give way


class Column(NamedTuple):
    """Where one column lies, and how its cells stand."""

    left: float
    width: float
    point: float  # where the points of its numbers stand; negative: it holds texts, which begin at the left


class TablePainter(CanvasPainter):
    def __init__(self, mark: Any, hands: Hands, look: Look) -> None:
        super().__init__(mark, hands, look)
        self.widget = self.canvas = self.sheet = Sheet(self)
        self.cells: list[list[str]] = []
        self.header: list[str] = []
        self.chosen: tuple[int, ...] = ()
        self.columns: list[Column] = []
        self.row: int | None = None  # under the mouse
        self.broad: list[tuple[float, float, float]] = []  # each column's widest: header or text, before, after a point

    def restyle(self, look: Look) -> None:
        super().restyle(look)
        self.broad = []

    def take(self, rows: Any, header: Any, chosen: Any) -> None:
        cells = [[_text(cell) for cell in row] for row in (() if rows is None else rows)]
        names = [] if header is None else [str(name) for name in header]
        count = max([len(names), *map(len, cells)])
        cells = [row + [""] * (count - len(row)) for row in cells]
        names += [""] * (count - len(names)) if names else []
        if names != self.header or len(cells) != len(self.cells) or count != len(self.broad):
            self.broad = [(0.0, 0.0, 0.0)] * count  # otherwise columns only widen, so that they seldom move
        self.cells, self.header = cells, names
        self.numeric = [all(NUMBER.fullmatch(row[k]) or row[k] in NOTHING for row in cells) for k in range(count)]
        self._measure()
        lit = () if chosen is None else tuple(int(k) for k in np.atleast_1d(np.asarray(chosen)).tolist())
        lit = tuple(sorted(k for k in lit if 0 <= k < len(cells)))
        moved, self.chosen = lit != self.chosen, lit
        self.sheet.arrange()
        if moved:
            self.keep_in_view()

    def _measure(self) -> None:
        """How wide each column must be, at the first of the sizes."""
        metrics = QFontMetricsF(self.look.font(SIZES[0]))
        for k, old in enumerate(self.broad):
            cells = [row[k] for row in self.cells]
            if self.numeric[k]:
                halves = [_parted(cell) for cell in cells]
                parts = [self.header[k] if self.header else "", *(max(half, key=len) for half in zip(*halves))]
            else:
                parts = [max([*cells, *self.header[k : k + 1]], key=metrics.horizontalAdvance), "", ""]
            widths = [metrics.horizontalAdvance(part) for part in (parts + ["", ""])[:3]]
            self.broad[k] = (max(old[0], widths[0]), max(old[1], widths[1]), max(old[2], widths[2]))

    # ------------------------------------------------------------ where everything lies

    def line(self) -> float:
        """The height of a row."""
        return round(QFontMetricsF(self.look.font(SIZES[0])).height() + 2 * ABOVE * self.look.scale)

    def top(self) -> float:
        return self.line() if self.header else 0.0

    def keep_in_view(self) -> None:
        """Scroll so that the chosen rows are seen, with one more on either side where there is one."""
        if not self.chosen:
            return
        bar, line = self.sheet.bar, self.line()
        room = self.sheet.height() - self.top()
        low, high = (self.chosen[0] - 1) * line, (self.chosen[-1] + 2) * line
        if high - low > room:
            low, high = self.chosen[0] * line, self.chosen[0] * line + room
        bar.setValue(round(min(max(bar.value(), high - room), low)))

    def _placed(self) -> tuple[float, list[Column]]:
        """The size of type, and the columns: spread where there is room, else smaller, and texts cut short."""
        scale = self.look.scale
        room = self.sheet.width() - (self.sheet.bar.width() if self.sheet.bar.isVisible() else 0)
        needs = [max(name, before + after) for name, before, after in self.broad]
        for size in SIZES:
            shrink, pad = size / SIZES[0], (PADDING if size == SIZES[0] else 0.6 * PADDING) * scale
            widths = [need * shrink + 2 * pad for need in needs]
            if sum(widths) <= room:
                break
        spare = room - sum(widths)
        if spare >= 0:
            widths = [width + min(SPREAD * scale, spare / len(widths)) for width in widths]
        for may_shrink in (not numeric for numeric in (True, False)):  # texts give way first, then all
            over = sum(widths) - room
            loose = [max(0.0, w - LEAST) if may_shrink or not n else 0.0 for w, n in zip(widths, self.numeric)]
            if over > 0 and sum(loose) > 0:
                share = min(1.0, over / sum(loose))
                widths = [width - share * give for width, give in zip(widths, loose)]
        made = []
        for left, width, numeric, (_, _, after) in zip(accumulate([0.0, *widths]), widths, self.numeric, self.broad):
            made.append(Column(left + pad, width - 2 * pad, width - 2 * pad - after * shrink if numeric else -1.0))
        return size, made

    # ------------------------------------------------------------ painting

    def paint(self, p: QPainter) -> None:
        if not self.broad:
            return
        size, self.columns = self._placed()
        p.setFont(self.look.font(size))
        metrics, line, top = QFontMetricsF(p.font()), self.line(), self.top()
        width, height, offset = self.sheet.width(), self.sheet.height(), self.sheet.bar.value()
        p.setPen(self.look.colour("quiet"))
        for column, name in zip(self.columns, self.header):
            side = Qt.AlignmentFlag.AlignLeft if column.point < 0 else Qt.AlignmentFlag.AlignRight
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, column.width + 1)
            p.drawText(QRectF(column.left, 0, column.width + 1, line), side | Qt.AlignmentFlag.AlignVCenter, text)
        p.setClipRect(QRectF(0, top, width, height - top))
        first = int(offset // line)
        for i in range(first, min(len(self.cells), first + int((height - top) // line) + 2)):
            y = top + i * line - offset
            self._paint_row(p, metrics, i, QRectF(0, y, width, line))
        p.setClipping(False)
        if self.header:
            p.setPen(self.look.pen("border", 1))
            p.drawLine(QPointF(0, top - 0.5), QPointF(width, top - 0.5))

    def _paint_row(self, p: QPainter, metrics: QFontMetricsF, i: int, box: QRectF) -> None:
        p.setPen(Qt.PenStyle.NoPen)
        if i in self.chosen:
            p.setBrush(self.look.colour("accent", 0.2))
            p.drawRoundedRect(box, 4, 4)
            p.setBrush(self.look.colour("accent"))
            p.drawRoundedRect(QRectF(0, box.top() + 3, 3 * self.look.scale, box.height() - 6), 1.5, 1.5)
        elif i == self.row:
            p.setBrush(self.look.colour("field"))
            p.drawRoundedRect(box, 4, 4)
        upright = Qt.AlignmentFlag.AlignVCenter
        for column, text in zip(self.columns, self.cells[i]):
            p.setPen(self.look.colour("quiet" if text in NOTHING else "text"))
            place = QRectF(column.left, box.top(), column.width + 1, box.height())
            before, after = _parted(text)
            x = column.point - metrics.horizontalAdvance(before)
            if column.point < 0 or x < -1:  # a text, or a number that has no room to stand at its point
                short = metrics.elidedText(text, Qt.TextElideMode.ElideRight, place.width())
                p.drawText(place, Qt.AlignmentFlag.AlignLeft | upright, short)
            else:
                p.drawText(place.adjusted(x, 0, 40, 0), Qt.AlignmentFlag.AlignLeft | upright, before + after)

    # ------------------------------------------------------------ the mouse

    def over(self, at: QPointF | None) -> str:
        row = None if at is None else self._row(at)
        if row != self.row:
            self.row = row
            self.sheet.update()
        if row is None or not self._cut(row):
            return ""
        names = self.header or [""] * len(self.broad)
        return "\n".join(f"{name}: {text}" if name else text for name, text in zip(names, self.cells[row]) if text)

    def press(self, at: QPointF) -> None:
        row = self._row(at)
        if self.mark.pick and row is not None:
            self.hands.pick(self.mark.pick, row)

    def _row(self, at: QPointF) -> int | None:
        """The row at a place."""
        row = int((at.y() - self.top() + self.sheet.bar.value()) // self.line())
        return row if at.y() >= self.top() and 0 <= row < len(self.cells) else None

    def _cut(self, row: int) -> bool:
        """Whether a cell of this row has not all its text on screen."""
        size, columns = self._placed()
        metrics = QFontMetricsF(self.look.font(size))
        return any(metrics.horizontalAdvance(text) > c.width + 2 for c, text in zip(columns, self.cells[row]))


class Sheet(Canvas):
    """The ground of a table, with a bar to scroll it."""

    owner: TablePainter

    def __init__(self, owner: TablePainter) -> None:
        super().__init__(owner)
        self.bar = QScrollBar(Qt.Orientation.Vertical, self)
        self.bar.setCursor(Qt.CursorShape.ArrowCursor)
        self.bar.valueChanged.connect(self.update)
        self.bar.hide()
        if owner.mark.pick:
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def arrange(self) -> None:
        """The bar beside the rows, where they do not all fit."""
        line, top = self.owner.line(), self.owner.top()
        hidden = round(len(self.owner.cells) * line - (self.height() - top))
        self.bar.setSingleStep(round(line))
        self.bar.setPageStep(max(1, round(self.height() - top)))
        self.bar.setMaximum(max(0, hidden))
        width = max(8, self.bar.sizeHint().width())
        self.bar.setGeometry(self.width() - width, round(top), width, round(self.height() - top))
        self.bar.setVisible(hidden > 0)

    def sizeHint(self) -> QSize:
        return QSize(240, 120)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()
        self.owner.keep_in_view()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.bar.event(event)


def _text(cell: Any) -> str:
    """A cell as it is written: numbers with a real minus and few digits."""
    if isinstance(cell, (bool, np.bool_)):
        return "yes" if cell else "no"
    if isinstance(cell, (Real, np.number)):
        return figures(float(cell), 5)
    text = str(cell)
    return text.replace("-", "−") if NUMBER.fullmatch(text.replace("-", "−")) else text


def _parted(text: str) -> tuple[str, str]:
    """What stands before and after the place where the points of a column stand one below the other."""
    found = NUMBER.fullmatch(text)
    rest = found["rest"] if found and found["whole"] else None
    return (text[: len(text) - len(rest)], rest) if rest else (text, "")
