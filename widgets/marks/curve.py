"""Metrics over the steps: the past vivid, what lies after the present step dimmed, an abandoned run dashed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QGraphicsSceneHoverEvent

from lab.frame import Frame
from widgets.look import Look
from widgets.marks import Bounds, Legend, PlotPainter
from widgets.marks.dragging import FARTHEST
from widgets.marks.overlay import Overlay, Pieces, pixels

if TYPE_CHECKING:
    from widgets.plot import Plot

Floats = NDArray[np.float64]

LEAST = 20  # steps that are in view from the start
DASH = 6  # pixels, as long as the gap after it
FEW = 100  # pieces up to which Qt draws round ends at ease
BACK = 4096  # steps to look back for what was last measured
SILENCE = 3  # times the usual distance between two measurements is a gap
WARNINGS = 20  # drawn of one curve


class Strand(NamedTuple):
    """One metric to be drawn."""

    label: str
    colour: int | str
    y: Floats
    x: Floats | None  # another metric it is drawn against; None for the step
    log_x: bool
    log_y: bool

    def places(self, steps: Any, heights: Any) -> Floats:
        """Where on the axes the curve has these heights at these steps."""
        across = steps if self.x is None else self.x[steps]
        return np.column_stack([powers(across) if self.log_x else across, powers(heights) if self.log_y else heights])

    def same(self, other: Strand) -> bool:
        return self[:2] == other[:2] and _same(self.y, other.y) and _same(self.x, other.x)


class CurvePainter(PlotPainter):
    """Draws Curve."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.lines = Lines(self.plot, self.depth * 10)
        self.lines.width = 1.0 if self.mark.faint else 2.0
        self.reading = Reading(self.lines)
        self.reading.setVisible(not self.mark.faint)
        self._shown: tuple[Any, ...] = (None, None, None)
        self._bounds: Bounds | None = None
        self._colours: Mapping[str, int] = {}

    def show(self, frame: Frame) -> None:
        lines, now = self.lines, (frame.t, frame.ghost, self.look)
        self._colours = frame.values.get(self.mark.colours) or {}
        strands = list(self._strands(frame.metrics))
        grown = len(strands) != len(lines.strands) or not all(map(Strand.same, strands, lines.strands))
        if not grown and all(new is old for new, old in zip(now, self._shown)):
            return
        if frame.ghost is not self._shown[1]:
            lines.ghosts = list(self._strands(frame.ghost.metrics)) if frame.ghost else []
        self._shown = now
        lines.t = frame.t
        if grown:
            lines.strands, lines.breaks = strands, list(map(breaks, strands))
        self._bounds = self._extent([*strands, *lines.ghosts])
        lines.update()
        self.reading.update()

    def bounds(self) -> Bounds | None:
        return self._bounds

    def _extent(self, strands: Sequence[Strand]) -> Bounds | None:
        if not strands:
            return None
        y0, y1 = _union(extent(strand.y, strand.log_y) for strand in strands)
        if self.mark.against:
            x0, x1 = _union(extent(strand.x, strand.log_x) for strand in strands if strand.x is not None)
        else:
            last = max(LEAST, *(len(strand.y) - 1 for strand in strands))
            x0, x1 = 0.0, math.log10(last) if self.plot.log_x else last
        return x0, x1, y0, y1

    def legend(self) -> Sequence[Legend]:
        strands = self.lines.strands
        if self.mark.faint:
            return [Legend(name, self.look.colour("quiet").name()) for name in self.mark.metrics if strands]
        entries = [Legend(s.label, self.look.colour(s.colour).name()) for s in strands] if strands[1:] else []
        if self.lines.ghosts:
            entries.append(Legend("before", self.look.colour("quiet").name(), dashed=True))
        return entries

    def _strands(self, columns: Mapping[str, Floats]) -> Iterator[Strand]:
        """Each metric and its family: "loss" and "loss/Adam", which is called by what follows the slash."""
        found = [
            (name, name[len(metric) :])
            for metric in self.mark.metrics
            for name in columns
            if name == metric or name.startswith(metric + "/")
        ]
        labels = [member[1:] or name for name, member in found]
        if len(set(labels)) < len(labels):
            labels = [name.replace("/", " · ") for name, _ in found]
        against = self.mark.against
        for order, (label, (name, member)) in enumerate(zip(labels, found)):
            usual = order if member else self.mark.metrics.index(name)
            colour = "quiet" if self.mark.faint else self._colours.get(label, usual)
            x = columns.get(against + member, columns.get(against)) if against else None
            if x is not None or not against:
                yield Strand(label, colour, columns[name], x, self.plot.log_x, self.plot.log_y)


class Lines(Overlay):
    """All curves of one mark, thinned while they are painted to what the pixels can show."""

    def __init__(self, plot: Plot, z: float) -> None:
        super().__init__(plot, z)
        self.plot = plot
        self.strands: list[Strand] = []
        self.ghosts: list[Strand] = []
        self.breaks: list[Floats] = []
        self.t = 0
        self.width = 2.0
        self._pieces = Pieces()

    def draw(self, painter: QPainter, to_screen: QTransform, seen: QRectF) -> None:
        if not self.strands or seen.isEmpty():
            return
        look = self.plot.look
        tints = {strand.label: strand.colour for strand in self.strands}
        for ghost in self.ghosts:
            steps, low, high = thinned(ghost, to_screen, seen, column=8)
            middle = pixels(to_screen, ghost.places(steps, low / 2 + high / 2))
            self._draw_pieces(
                painter, dashes(middle), _faded(look.pen(tints.get(ghost.label, ghost.colour), 1.5), look)
            )
        self._draw_now(painter, to_screen, seen)
        for strand in self.strands:
            ends, pieces = joined(strand, to_screen, *thinned(strand, to_screen, seen, column=2))
            past = ends <= self.t
            self._draw_pieces(painter, pieces[~past], _faded(look.pen(strand.colour, self.width), look))
            self._draw_pieces(painter, pieces[past], look.pen(strand.colour, self.width))
        room = 8 * look.scale
        for places in self.breaks:
            before = -math.inf
            for x, y in pixels(to_screen, places):
                if seen.left() <= x <= seen.right() and x - before > room:
                    _warn(painter, QPointF(x, min(max(y, seen.top() + room), seen.bottom() - room)), look)
                    before = x

    def _draw_pieces(self, painter: QPainter, pieces: Floats, pen: QPen) -> None:
        if len(pieces) > FEW:
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        self._pieces.draw(painter, pieces)

    def _draw_now(self, painter: QPainter, to_screen: QTransform, seen: QRectF) -> None:
        first = self.strands[0]
        if len(first.y) < 2:
            return
        x = pixels(to_screen, first.places([min(self.t, len(first.y) - 1)], [1.0]))[0, 0]
        if math.isfinite(x):
            painter.setPen(self.plot.look.pen("text", 1, dashed=True, alpha=0.7))
            painter.drawLine(QLineF(x, seen.top(), x, seen.bottom()))


class Reading(Overlay):
    """The step under the mouse, and what every curve was there."""

    def __init__(self, lines: Lines) -> None:
        super().__init__(lines.plot, lines.zValue() + 5)
        self.lines = lines
        self.x: float | None = None  # on the axis; None while the mouse is elsewhere
        self.setAcceptHoverEvents(True)

    def hoverMoveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.x = event.pos().x()
        self.update()

    def hoverLeaveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.x = None
        self.update()

    def read(self) -> tuple[int, list[tuple[str, str]]] | None:
        """The step nearest to the mouse, and the label and value of every curve there."""
        strands = self.lines.strands
        if self.x is None or not strands or not len(strands[0].y):
            return None
        last = max(len(strand.y) for strand in strands) - 1
        with np.errstate(all="ignore"):
            at = float(np.power(10.0, self.x)) if strands[0].log_x else self.x
            apart = None if strands[0].x is None else np.abs(strands[0].x - at)
        step = round(min(max(at, 0), last)) if apart is None else int(np.where(np.isnan(apart), np.inf, apart).argmin())
        return step, [(strand.label, _number(last_measured(strand.y, step))) for strand in strands]

    def draw(self, painter: QPainter, to_screen: QTransform, seen: QRectF) -> None:
        found, strands, look = self.read(), self.lines.strands, self.lines.plot.look
        if found is None:
            return
        step, rows = found
        x = pixels(to_screen, strands[0].places([min(step, len(strands[0].y) - 1)], [1.0]))[0, 0]
        if not math.isfinite(x):
            return
        painter.setPen(look.pen("quiet", 1, alpha=0.7))
        painter.drawLine(QLineF(x, seen.top(), x, seen.bottom()))
        painter.setFont(look.font(12))
        measure = QFontMetricsF(painter.font())
        line, gap = measure.height() + 2, 8 * look.scale
        rows = rows[: max(1, int((seen.height() - 2 * gap) / line) - 1)]
        labels, values = (max(map(measure.horizontalAdvance, column)) for column in zip(*rows))
        title = f"t = {step}"
        width = max(measure.horizontalAdvance(title), labels + values + 4 * gap) + 2 * gap
        box = QRectF(x + gap, seen.top() + 2, width, line * (len(rows) + 1) + gap)
        if box.right() > seen.right():
            box.moveRight(max(x - gap, seen.left() + width))
        painter.setPen(look.pen("border", 1))
        painter.setBrush(look.colour("field", 0.94))
        painter.drawRoundedRect(box, 5, 5)
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        inside = QRectF(box.left() + gap, box.top() + gap / 2, width - 2 * gap, line)
        painter.setPen(look.colour("quiet"))
        painter.drawText(inside, left | Qt.AlignmentFlag.AlignVCenter, title)
        for strand, (label, value) in zip(strands, rows):
            inside.translate(0, line)
            middle = inside.center().y()
            painter.setPen(look.pen(strand.colour, 2.5))
            painter.drawLine(QLineF(inside.left(), middle, inside.left() + 1.5 * gap, middle))
            painter.setPen(look.colour("text"))
            painter.drawText(inside.adjusted(2.2 * gap, 0, 0, 0), left | Qt.AlignmentFlag.AlignVCenter, label)
            painter.drawText(inside, right | Qt.AlignmentFlag.AlignVCenter, value)


def thinned(strand: Strand, to_screen: QTransform, seen: QRectF, column: int) -> tuple[Any, Floats, Floats]:
    """The first step in each column of pixels, and the lowest and highest of the steps that share it."""
    y, n = strand.y, len(strand.y)
    left, right = ((end - to_screen.dx()) / to_screen.m11() for end in (seen.left(), seen.right()))
    if strand.x is not None:
        left, right = 0.0, float(n)
    wide = (right - left) / seen.width() * column
    with np.errstate(all="ignore"):
        if strand.log_x and strand.x is None:
            columns = np.arange(math.floor(left / wide), math.ceil(right / wide) + 1)
            steps = np.unique(np.ceil(10.0 ** (columns * wide)).clip(0, max(n - 1, 0))).astype(int)
        else:  # a power of two, so that the columns stay where they are while the run grows
            size = 2 ** max(0, math.floor(math.log2(max(wide, 1e-9))))
            steps = np.arange(max(0, int(min(left, n)) // size * size), max(0, min(n, right + 2)), size).astype(int)
        if not n or not len(steps):
            return np.empty(0, dtype=int), np.empty(0), np.empty(0)
        end = min(n, int(steps[-1]) + max(1, math.ceil(wide))) if strand.x is None and not strand.log_x else n
        if end - steps[0] == len(steps):
            return steps, y[steps], y[steps]
        low, high = np.fmin.reduceat(y[:end], steps), np.fmax.reduceat(y[:end], steps)
        if np.isinf(low).any() or np.isinf(high).any():
            known = np.where(np.isinf(y[:end]), np.nan, y[:end])
            low, high = np.fmin.reduceat(known, steps), np.fmax.reduceat(known, steps)
        return steps, low, high


def joined(strand: Strand, to_screen: QTransform, steps: Any, low: Floats, high: Floats) -> tuple[Any, Floats]:
    """Straight pieces (n, 4) in pixels through all that is finite, and the step that each ends at."""
    measured = ~np.isnan(low)  # what is measured now and then is joined; a gap is a longer silence than usual
    steps, low, high = steps[measured], low[measured], high[measured]
    apart = np.diff(steps)
    near = apart <= SILENCE * np.median(apart) if len(apart) else np.empty(0, dtype=bool)
    lows, highs = (pixels(to_screen, strand.places(steps, heights)) for heights in (low, high))
    known: Any = np.isfinite(lows).all(axis=1)
    linked = known[:-1] & known[1:] & near
    alone = known & ~np.append(False, linked) & ~np.append(linked, False)
    points, needed = lows, near
    if alone.any() or not np.array_equal(low, high, equal_nan=True):
        lows[alone, 0] -= 2.5  # a value between two gaps is a short dash
        highs[alone, 0] += 2.5
        points = np.stack([lows, highs], axis=1).reshape(-1, 2)
        steps = np.repeat(steps, 2)
        needed = np.ones(max(len(points) - 1, 0), dtype=bool)
        needed[1::2] = near & ~overlapping(lows, highs)
    pieces = np.hstack([points[:-1], points[1:]])
    drawn = np.isfinite(pieces).all(axis=1) & needed
    return steps[1:][drawn], pieces[drawn]


def overlapping(lows: Floats, highs: Floats) -> Any:
    """Whether a column and the next cover each other, so that noise needs no piece between them."""
    shared = np.minimum(lows[1:, 1], lows[:-1, 1]) - np.maximum(highs[1:, 1], highs[:-1, 1])
    return (shared > 4) & (np.abs(np.diff(lows[:, 0])) < 2.5)


def dashes(points: Floats) -> Floats:
    """Dashes (n, 4) along a polyline: Qt's own would start anew at each of its short pieces."""
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) < 2:
        return np.empty((0, 4))
    along = np.append(0, np.hypot(*np.diff(points, axis=0).T).cumsum())
    stops = np.arange(0, along[-1], max(DASH, along[-1] / 2000))
    ends = np.column_stack([np.interp(stops, along, axis) for axis in points.T])
    return np.hstack([ends[:-1], ends[1:]])[::2]


def extent(values: Floats, logarithmic: bool) -> tuple[float, float]:
    """The lowest and the highest of what can be drawn, as the axis shows it."""
    if not len(values):
        return math.nan, math.nan
    low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    least = 0.0 if logarithmic else -FARTHEST
    if not (low > least and high < FARTHEST):
        values = values[(values > least) & (values < FARTHEST)]
        if not len(values):
            return math.nan, math.nan
        low, high = values.min(), values.max()
    return (math.log10(low), math.log10(high)) if logarithmic else (float(low), float(high))


def breaks(strand: Strand) -> Floats:
    """Where a curve ceases to be finite: at that step, and as high as it was last."""
    infinite: Any = np.isinf(strand.y)
    if not infinite.any():
        return np.empty((0, 2))
    steps = np.flatnonzero(infinite & ~np.append(False, infinite[:-1]))[:WARNINGS]
    heights = np.array([last_measured(strand.y, step - 1) for step in steps])
    known = (heights > (0 if strand.log_y else -math.inf)) & (heights < math.inf)
    return strand.places(steps, np.where(known, heights, 1.0))  # where nothing is known, anywhere: it is kept in view


def last_measured(values: Floats, step: int) -> float:
    """What was measured at a step, or last before it."""
    part = values[max(0, step + 1 - BACK) : step + 1]
    known = part[~np.isnan(part)]
    return float(known[-1]) if len(known) else math.nan


def powers(values: Any) -> Floats:
    """On a logarithmic axis; what is not positive is nowhere."""
    with np.errstate(all="ignore"):
        return np.log10(np.asarray(values, dtype=float))


def _same(new: Floats | None, old: Floats | None) -> bool:
    """Whether a column is the same rows of the same record: a record is only ever appended to."""
    if new is None or old is None or new is old:
        return new is old
    return new.base is not None and new.base is old.base and len(new) == len(old)


def _union(ranges: Iterator[tuple[float, float]]) -> tuple[float, float]:
    known = [each for each in ranges if math.isfinite(each[0])]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else (math.nan, math.nan)


def _faded(pen: QPen, look: Look) -> QPen:
    """The pen's colour mixed into the card's, and its ends cut: a translucent one would show where pieces meet."""
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    card, own = look.colour("card"), pen.color()
    pairs = zip((card.red(), card.green(), card.blue()), (own.red(), own.green(), own.blue()))
    pen.setColor(QColor(*(round(0.6 * a + 0.4 * b) for a, b in pairs)))
    return pen


def _warn(painter: QPainter, at: QPointF, look: Look) -> None:
    """A small warning triangle."""
    r = 7 * look.scale
    painter.setPen(look.pen("card", 1.5))
    painter.setBrush(look.colour("warn"))
    painter.drawPolygon(QPolygonF([at + QPointF(0, -r), at + QPointF(r, 0.8 * r), at + QPointF(-r, 0.8 * r)]))
    painter.setPen(look.colour("card"))
    painter.setFont(look.font(10, bold=True))
    painter.drawText(QRectF(at.x() - r, at.y() - 0.75 * r, 2 * r, 1.6 * r), Qt.AlignmentFlag.AlignCenter, "!")


def _number(value: float) -> str:
    if math.isfinite(value):
        return f"{value:.4g}".replace("-", "−")
    return "–" if math.isnan(value) else "∞" if value > 0 else "−∞"
