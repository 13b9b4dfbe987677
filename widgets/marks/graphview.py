"""GraphView: nodes with what they hold, and arrows between them with their numbers, all of it editable by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPainterPath, QPen, QPolygonF

from widgets.look import Look
from widgets.marks import Hands
from widgets.marks.arcs import Floats, fitted, inside
from widgets.marks.dragging import FARTHEST, STILL
from widgets.marks.graphlayout import Graph, GraphLayout, Sizes
from widgets.marks.matrix import Canvas, CanvasPainter, figures
from widgets.marks.number_field import NumberField

REACH = 6  # pixels from an arrow that still hit it
DASHES: tuple[list[float], ...] = ([], [4, 2], [1, 1.5], [6, 2, 1, 2])  # around nodes by class, beside its colour
Left, Right = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
Middle = Qt.AlignmentFlag.AlignCenter


class GraphViewPainter(CanvasPainter):
    def __init__(self, mark: Any, hands: Hands, look: Look) -> None:
        super().__init__(mark, hands, look)
        self.widget = self.canvas = Ground(self)
        self.graph = Graph()
        self.layout = GraphLayout(look)
        self.shares: Floats | None = None
        self.classes: Floats | None = None
        self.active = self.marked = np.empty(0, bool)
        self.widths: Floats | None = None  # 0 to 1, where the arrows' numbers are shares of one
        self.node: int | None = None  # under the mouse
        self.arrow: int | None = None
        self.held: int | None = None  # the node that was pressed
        self.pressed: QPointF | None = None
        self.gesture: int | None = None  # None until a press becomes a drag
        self.joining = False  # a new arrow is being drawn from the held node
        self.editor: NumberField | None = None

    def restyle(self, look: Look) -> None:
        super().restyle(look)
        self.layout.look = look
        self.layout.forget()

    # ------------------------------------------------------------ taking a frame

    def take(self, *given: Any, **_: Any) -> None:
        nodes, links, labels, values, weights, shares, colour, active, marked = given
        places = np.empty((0, 2)) if nodes is None else np.array(nodes, dtype=float).reshape(-1, 2)
        n = len(places)
        if self.held is not None and self.held >= n:
            self.held, self.gesture, self.joining = None, None, False
        if self.held is not None and self._moves() and len(self.graph.nodes) == n:
            places[self.held] = self.graph.nodes[self.held]  # it is where the mouse is, whatever a frame says
        known: NDArray[np.bool_] = np.asarray((np.abs(places) < FARTHEST).all(axis=1), dtype=bool)
        pairs = np.empty((0, 2), int) if links is None else np.asarray(links, dtype=int).reshape(-1, 2)
        kept = np.flatnonzero(((pairs >= 0) & (pairs < n)).all(axis=1))
        kept = kept[known[pairs[kept]].all(axis=1)]
        if not np.array_equal(pairs[kept], self.graph.links):
            self.arrow = None
            if self.editor is not None:
                self.editor.leave()
        texts = _texts(weights, len(pairs))
        texts = [texts[k] for k in kept] if texts else []
        self.graph = Graph(places, known, pairs[kept], _texts(labels, n), _texts(values, n), texts)
        self.widths = _widths(texts)
        self.shares, self.classes = _numbers(shares, n), _numbers(colour, n)
        self.active, self.marked = _switches(active, len(pairs))[kept], _switches(marked, n)
        if self.node is not None and self.node >= n:
            self.node = None

    def _moves(self) -> bool:
        """Whether a node is being dragged."""
        return self.gesture is not None and not self.joining

    def _size(self) -> Floats:
        return np.array([self.canvas.width(), self.canvas.height()], dtype=float)

    # ------------------------------------------------------------ painting

    def paint(self, p: QPainter) -> None:
        self.layout.arrange(self.graph, self._size(), self._moves())
        if (sizes := self.layout.sizes) is None:
            return
        for k in np.argsort(self.active, kind="stable").tolist():  # those at work on top
            self._paint_arrow(p, k)
        if self.joining and self.held is not None and self.canvas.at is not None:
            p.setPen(self.look.pen("accent", 2, dashed=True))
            p.drawLine(QLineF(QPointF(*self.layout.places[self.held]), self.canvas.at))
        for i in np.flatnonzero(self.graph.known).tolist():
            self._paint_node(p, i, sizes)
        p.setFont(self.layout.number_font())
        for k, box in enumerate(self.layout.numbers):
            if box is not None:
                p.setPen(Qt.PenStyle.NoPen)
                p.setBrush(self.look.colour("card", 0.85))
                p.drawRoundedRect(box, 4, 4)
                p.setPen(self.look.colour("accent" if self.active[k] or k == self.arrow else "text"))
                p.drawText(box, Middle, self.graph.weights[k])

    def _paint_arrow(self, p: QPainter, k: int) -> None:
        """A curve with a head, the wider the larger its share."""
        points, scale, vivid = self.layout.arrows[k], self.look.scale, bool(self.active[k])
        if len(points) < 3:
            return
        width = (1.4 if self.widths is None else 0.8 + 2.4 * self.widths[k]) * scale + 1.2 * scale * vivid
        long, wide = 5 * scale + 2 * width, 2.2 * scale + 1.1 * width  # of the head
        tip = points[-1]
        before = points[np.hypot(*(tip - points).T) >= 0.9 * long]
        line = before if len(before) else points[:1]
        way = (tip - line[-1]) / (math.hypot(*(tip - line[-1])) or 1.0)
        foot, side = tip - long * way, wide * np.array([-way[1], way[0]])
        colour = self.look.colour("accent" if vivid or k == self.arrow else "quiet", 1.0 if vivid else 0.85)
        pen = QPen(colour, width)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        p.setPen(pen)
        p.drawPolyline(QPolygonF([QPointF(x, y) for x, y in line.tolist()]))
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(colour)
        p.drawPolygon(QPolygonF([QPointF(*tip), QPointF(*(foot + side)), QPointF(*(foot - side))]))

    def _paint_node(self, p: QPainter, i: int, sizes: Sizes) -> None:
        """A disc or a box, filled as high as its share, in the colour of its class."""
        box, scale = self.layout.box(i), self.look.scale
        corner = box.width() / 2 if sizes.disc else 7 * scale
        shape = QPainterPath()
        shape.addRoundedRect(box, corner, corner)
        p.fillPath(shape, self.look.colour("field"))
        one = -1 if self.classes is None or not self.classes[i] >= 0 else int(self.classes[i])
        tint: int | str = "accent" if one < 0 else one
        share = float(one >= 0) if self.shares is None else float(np.clip(np.nan_to_num(self.shares[i]), 0, 1))
        if share > 0:
            p.save()
            p.setClipRect(box.adjusted(0, (1 - share) * box.height(), 0, 0))
            p.fillPath(shape, self.look.colour(tint, 0.45 if one < 0 or self.shares is not None else 0.3))
            p.restore()
        pointed = i == self.node
        pen = QPen(self.look.colour(one if one >= 0 else "text" if pointed else "quiet"), (1.5 + 0.8 * pointed) * scale)
        if one >= 0 and DASHES[one % len(DASHES)]:
            pen.setDashPattern(DASHES[one % len(DASHES)])
        p.setPen(pen)
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawPath(shape)
        if self.marked[i]:
            away = 3.5 * scale
            p.setPen(self.look.pen("accent", 3))
            p.drawRoundedRect(box.adjusted(-away, -away, away, away), corner + away, corner + away)
        self._write(p, i, box, sizes)

    def _write(self, p: QPainter, i: int, box: QRectF, sizes: Sizes) -> None:
        """The name, and the values under it: in the node, or below where they do not fit."""
        label, lines = self.layout.said(i, sizes)
        fonts = self.layout.name_font(sizes), self.layout.line_font(sizes)
        tall, low = (QFontMetricsF(font).height() for font in fonts)
        height = (tall if label else 0) + (0 if sizes.below else low * len(lines))
        line = QRectF(box.center().x() - 300, box.center().y() - height / 2, 600, tall)
        p.setPen(self.look.colour("text"))
        if label:
            p.setFont(fonts[0])
            p.drawText(line, Middle, label)
            line.translate(0, tall)
        if sizes.below and lines:
            p.fillRect(self.layout.below(i), self.look.colour("card", 0.8))
            line.moveTop(self.layout.below(i).top())
        line.setHeight(low)
        p.setFont(fonts[1])
        for text in lines:
            p.drawText(line, Middle, text)
            line.translate(0, low)

    # ------------------------------------------------------------ the mouse

    def over(self, at: QPointF | None) -> str:
        if self.gesture is not None or self.editor is not None:
            return ""
        self.layout.arrange(self.graph, self._size(), False)
        node = None if at is None else self._node(at)
        arrow = None if at is None or node is not None else self._arrow(at)
        if (node, arrow) != (self.node, self.arrow):
            self.node, self.arrow = node, arrow
            self.canvas.update()
            self.canvas.setCursor(self._cursor())
        if node is not None:
            said = [texts[node] for texts in (self.graph.labels, self.graph.values) if texts]
            share = [] if self.shares is None else [figures(float(self.shares[node]), 4)]
            return "\n".join([text for text in said if text] + share)
        if arrow is not None:
            source, target = (self.graph.labels[i] if self.graph.labels else i for i in self.graph.links[arrow])
            return f"{source} → {target}" + (f"\n{self.graph.weights[arrow]}" if self.graph.weights else "")
        return ""

    def _cursor(self) -> Qt.CursorShape:
        if self.node is not None and self.mark.drag:
            return Qt.CursorShape.OpenHandCursor
        if (self.node is not None and self.mark.pick) or (self.arrow is not None and self.mark.link):
            return Qt.CursorShape.PointingHandCursor
        return Qt.CursorShape.ArrowCursor

    def _node(self, at: QPointF) -> int | None:
        """The node at a place, the topmost first."""
        if (sizes := self.layout.sizes) is None:
            return None
        spot, places = np.array([[at.x(), at.y()]]), self.layout.places
        hit = (i for i in range(len(places)) if inside(spot, places[i], sizes.halves[i] + 2, sizes.disc)[0])
        return max(hit, default=None)

    def _arrow(self, at: QPointF) -> int | None:
        """The arrow whose number is at a place, or which passes there."""
        for k, box in enumerate(self.layout.numbers):
            if box is not None and box.contains(at):
                return k
        away = [np.hypot(*(points - (at.x(), at.y())).T).min(initial=np.inf) for points in self.layout.arrows]
        nearest = int(np.argmin(away)) if away else 0
        return nearest if away and away[nearest] <= REACH else None

    def pressing(self, at: QPointF, button: Qt.MouseButton, shift: bool) -> None:
        """A press begins a drag, a new arrow, or a click: which of them, its release tells."""
        if self.editor is not None:
            self.editor.leave()
        if self.pressed is not None:
            return  # a second button while the first holds on
        self.layout.arrange(self.graph, self._size(), False)
        node = self._node(at)
        if button == Left:
            self.pressed, self.held, self.gesture = at, node, None
            self.joining = node is not None and shift and bool(self.mark.link)
        elif button == Right and node is not None and self.mark.erase:
            self.hands.act(self.mark.erase, [node], self.hands.gesture())

    def moving(self, at: QPointF) -> None:
        if self.held is None or not (self.mark.drag or self.joining):
            return
        if self.gesture is None:
            if self._still(at):
                return
            self.gesture = self.hands.gesture()
        if not self.joining and self.layout.mapping is not None and self.layout.sizes is not None:
            room = np.minimum(self.layout.sizes.halves[self.held], self._size() / 2)
            spot = np.clip((at.x(), at.y()), room, self._size() - room)  # let go outside, it could not be taken again
            nodes = self.graph.nodes.copy()
            nodes[self.held] = self.layout.mapping.data(spot)
            self.graph = self.graph._replace(nodes=nodes)
            self.hands.act(self.mark.drag, [self.held, *nodes[self.held].tolist()], self.gesture, replaces=True)
        self.canvas.update()

    def _still(self, at: QPointF) -> bool:
        return self.pressed is None or math.hypot(*(at - self.pressed).toTuple()) <= STILL

    def releasing(self, at: QPointF) -> None:
        held, gesture, joining, still = self.held, self.gesture, self.joining, self._still(at)
        pressed, self.pressed, self.held, self.gesture, self.joining = self.pressed, None, None, None, False
        self.canvas.update()
        if joining and held is not None:
            if (target := self._node(at)) is not None:
                self._join(held, target, at, gesture)
        elif held is not None:
            if gesture is None and self.mark.pick:
                self.hands.pick(self.mark.pick, held)
        elif pressed is not None and still:
            if self.mark.link and (arrow := self._arrow(at)) is not None:
                self._edit(arrow, at)
            elif self.mark.add:
                mapping = self.layout.mapping or fitted(np.zeros((1, 2)), np.zeros(2), np.zeros(2), self._size(), 1.0)
                place = mapping.data(np.array([at.x(), at.y()]))
                self.hands.act(self.mark.add, place.tolist(), self.hands.gesture())

    def _join(self, source: int, target: int, at: QPointF, gesture: int | None) -> None:
        """A new arrow with the number 1, or the one there is, to be edited."""
        pairs = self.graph.links.tolist()
        if [source, target] in pairs:
            self._edit(pairs.index([source, target]), at)
        else:
            gesture = self.hands.gesture() if gesture is None else gesture
            self.hands.act(self.mark.link, [source, target, 1.0], gesture)

    def _edit(self, arrow: int, at: QPointF) -> None:
        """A field over the arrow in which its number is typed."""
        box = self.layout.numbers[arrow] if self.layout.numbers else None
        text = self.graph.weights[arrow] if self.graph.weights else ""
        ends = self.graph.links[arrow].tolist()
        self.editor = NumberField(self.canvas, self.look, at if box is None else box.center(), text)
        self.editor.typed.connect(lambda value: self.hands.act(self.mark.link, [*ends, value], self.hands.gesture()))
        self.editor.left.connect(self._edited)

    def _edited(self) -> None:
        self.editor = None


class Ground(Canvas):
    """A canvas that tells presses, moves and releases apart."""

    owner: GraphViewPainter

    def mousePressEvent(self, event: QMouseEvent) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.owner.pressing(event.position(), event.button(), shift)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.at = event.position()
        self.owner.moving(event.position())
        if not event.buttons():
            self.tell()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Left:
            self.owner.releasing(event.position())


# ---------------------------------------------------------------- reading what was given


def _texts(given: Any, n: int) -> list[str]:
    """n texts, or none."""
    if given is None or len(given) != n:
        return []
    return [part if isinstance(part, str) else figures(float(part)) for part in given]


def _numbers(given: Any, n: int) -> Floats | None:
    return None if given is None or len(given) != n else np.asarray(given, dtype=float)


def _switches(given: Any, n: int) -> NDArray[np.bool_]:
    return np.zeros(n, bool) if given is None or len(given) != n else np.asarray(given, dtype=bool)


def _widths(texts: list[str]) -> Floats | None:
    """The arrows' numbers, if all of them are shares of one."""
    try:
        values = np.array([float(text.replace("−", "-")) for text in texts])
    except ValueError:
        return None
    return values if len(values) and ((values >= 0) & (values <= 1)).all() else None
