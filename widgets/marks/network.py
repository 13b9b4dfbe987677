"""Network: layers from left to right, each unit showing its own map, each link as wide as its weight."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QTransform,
)
from PySide6.QtWidgets import QMenu

from lab.marks import Net
from widgets.look import Look
from widgets.marks import Hands
from widgets.marks.matrix import CanvasPainter, coloured, figures, image
from widgets.marks.number_field import NumberField
from widgets.plot import SUPERSCRIPT
from widgets.theme import colour_map

Array = NDArray[Any]
Unit = tuple[int, int]  # layer, unit

FAINTEST = 0.02  # of the largest weight: links below are not drawn
MOST = 500  # links drawn: the largest of each layer
IDLE = 3  # after drawing links for so long, draw none for this many times as long
TERMS = 6  # in a formula
REACH = 5  # pixels from a link that still hit it
FROZEN, FREE, OFF = 1, 0, -1
HOLDS = {FREE: "Trains", FROZEN: "Frozen", OFF: "Switched off"}
UNIT_HOLDS = {FREE: "Trains", FROZEN: "Weights into it frozen", OFF: "Switched off"}
STYLES = {FROZEN: Qt.PenStyle.DashLine, OFF: Qt.PenStyle.DotLine}
SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
NOTHING = Net((), ())


class Link(NamedTuple):
    """One weight: from a unit of this layer to one of the next."""

    layer: int
    source: int
    target: int


class Column(NamedTuple):
    """Where one layer stands."""

    x: float
    y: Array  # of each unit
    size: float  # of a unit
    maps: Sequence[QImage]  # empty: the units are discs


class NetworkPainter(CanvasPainter):
    def __init__(self, mark: Any, hands: Hands, look: Look) -> None:
        super().__init__(mark, hands, look)
        self.weights: list[Array] = []
        self.shown: list[Array] = []  # what the links show: the weights, or what flows back
        self.held: list[Array] = []
        self.sizes: list[int] = []  # units in each layer
        self.columns: list[Column] = []
        self.unit: Unit | None = None  # under the mouse
        self.link: Link | None = None
        self.editor: NumberField | None = None
        self.edits: Link | None = None  # the link whose weight is being typed
        self.links: QPixmap | None = None  # all of them, drawn
        self._stale = True  # the weights have changed since
        self._idle = QTimer(self.canvas, singleShot=True)
        self._idle.timeout.connect(lambda: self.canvas.update() if self._stale else None)

    def restyle(self, look: Look) -> None:
        super().restyle(look)
        self.links = None

    # ------------------------------------------------------------ taking a frame

    def take(self, net: Any, chosen: Any) -> None:
        self.net: Net = NOTHING if net is None else net
        weights = [np.asarray(w, dtype=float) for w in self.net.weights]
        whole = all(w.ndim == 2 and w.size for w in weights)
        joined = whole and all(a.shape[1] == b.shape[0] for a, b in pairwise(weights))
        self.weights = weights if joined else []
        self.shown, self.held = self._beside(self.net.flow, self.weights), self._beside(self.net.held, self.weights, 0)
        sizes = [len(w) for w in self.weights] + [w.shape[1] for w in self.weights[-1:]]
        if sizes != self.sizes:
            self.sizes, self.columns, self.unit, self.link, self.links = sizes, [], None, None, None
            if self.editor is not None:
                self.editor.leave()
        self.chosen = None if chosen is None else tuple(int(part) for part in chosen)
        self.largest = max((float(np.abs(w[np.isfinite(w)]).max(initial=0)) for w in self.shown), default=0.0)
        self.maps = [self._maps(layer) for layer in range(len(sizes))]
        self._stale = True

    @staticmethod
    def _beside(given: Any, weights: list[Array], fill: float | None = None) -> list[Array]:
        """What is given beside the weights, where it is shaped like them; else the weights, or as many of `fill`."""
        tables = [np.asarray(table, dtype=float) for table in given]
        if [table.shape for table in tables] == [w.shape for w in weights]:
            return tables
        return weights if fill is None else [np.full(w.shape, fill) for w in weights]

    def _maps(self, layer: int) -> list[QImage]:
        """Each unit's map in the colours of scores, on one scale for the layer; like a Field, it begins below."""
        given = _at(self.net.maps, layer)
        maps = np.asarray(() if given is None else given)
        if maps.ndim != 3 or len(maps) != self.sizes[layer] or not maps.size:
            return []
        return [image(pixels[::-1]) for pixels in coloured(maps, "scores", self.look.theme)]

    # ------------------------------------------------------------ painting

    def paint(self, p: QPainter) -> None:
        if not self.sizes:
            return
        p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self.columns = self._columns()
        apart = self.unit is not None or self.link is not None
        p.setOpacity(0.3 if apart else 1.0)
        p.drawPixmap(0, 0, self._drawn_links())
        p.setOpacity(1.0)
        if self.unit is not None:
            self._stroke(p, self._links_of(self.unit))
        if self.link is not None:
            self._stroke(p, [self.link], wider=1.5)
        for layer, column in enumerate(self.columns):
            for unit in range(self.sizes[layer]):
                self._paint_unit(p, (layer, unit), column)
        self._paint_names(p)
        self._paint_captions(p)

    def _columns(self) -> list[Column]:
        """Layers evenly spaced, their units as large as fits; names stand beside the first and the last."""
        W, H = self.canvas.width(), self.canvas.height() - self._line() - 8
        scale, last = self.look.scale, len(self.sizes) - 1
        left, right = (self._margin(layer) for layer in (0, last))
        pitch = (W - left - right) / (last + 1)
        made = []
        for layer, count in enumerate(self.sizes):
            largest = min(110 * scale, 0.2 * H) if self.maps[layer] else min(56 * scale, 0.14 * H)
            size = max(3.0, min(0.84 * H / count, 0.5 * pitch, largest))
            apart = min(H / count, 2.2 * size)
            y = 2 + H / 2 + (np.arange(count) - (count - 1) / 2) * apart
            made.append(Column(left + (layer + 0.5) * pitch, y, size, self.maps[layer]))
        # the outer layers move to the edges of their room, and those between spread out with them
        first, end = left + made[0].size / 2 + 3, W - right - made[-1].size / 2 - 3
        caption = 0.5 * max(self._widths(captions)[0] for captions in (self._captions(0), self._captions(last)))
        first, end = max(first, caption), min(end, W - caption)
        return [column._replace(x=first + (end - first) * k / last) for k, column in enumerate(made)]

    def _drawn_links(self) -> QPixmap:
        """All links, drawn again only when they have changed, and for a quarter of the time at most."""
        ratio = self.canvas.devicePixelRatioF()
        size = self.canvas.size() * ratio
        fits = self.links is not None and self.links.size() == size
        if self.links is None or not fits or (self._stale and not self._idle.isActive()):
            began = perf_counter()
            self.links = QPixmap(size)
            self.links.setDevicePixelRatio(ratio)
            self.links.fill(Qt.GlobalColor.transparent)
            p = QPainter(self.links)
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._stroke(p, self._strongest())
            p.end()
            self._stale = False
            self._idle.start(round(1000 * IDLE * (perf_counter() - began)))
        return self.links

    def _strongest(self) -> list[Link]:
        """The links that are drawn, the largest weight last, so that it lies on top."""
        found = []
        for layer, (shown, held) in enumerate(zip(self.shown, self.held)):
            size = np.where(np.isfinite(shown), np.abs(shown), 0.0)
            size = np.where(held == OFF, self.largest, size).ravel()  # to be seen, though it weighs nothing
            order = np.argsort(size, kind="stable")[-(MOST // len(self.weights)) :]
            order = order[size[order] >= FAINTEST * (self.largest or math.inf)]
            found += [Link(layer, *divmod(at, shown.shape[1])) for at in order.tolist()]
        return found

    def _links_of(self, unit: Unit) -> list[Link]:
        layer, u = unit
        before = [Link(layer - 1, s, u) for s in range(self.sizes[layer - 1])] if layer else []
        after = [Link(layer, u, t) for t in range(self.sizes[layer + 1])] if layer + 1 < len(self.sizes) else []
        return before + after

    def _stroke(self, p: QPainter, links: Sequence[Link], wider: float = 0.0) -> None:
        """Links as smooth curves: width and opacity by the size of the weight, colour by its sign."""
        table = colour_map("scores dark" if self.look.theme.name == "dark" else "scores")
        negative, positive = (QColor(*table[end].tolist()) for end in (0, 255))
        widest = min(5 * self.look.scale, max(1.2, 0.2 * min(column.size for column in self.columns)))
        pen = QPen()
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        for link in links:
            weight = float(self.shown[link.layer][link.source, link.target])
            held = self.held[link.layer][link.source, link.target]
            if not (math.isfinite(weight) and self.largest):
                continue
            share = 0.0 if held == OFF else abs(weight) / self.largest
            colour = QColor(positive if weight > 0 else negative)
            colour.setAlphaF(0.15 + 0.85 * share)
            pen.setColor(self.look.colour("quiet", 0.6) if held == OFF else colour)
            pen.setStyle(STYLES.get(held, Qt.PenStyle.SolidLine))
            pen.setWidthF(0.5 + (widest - 0.5) * share + wider * self.look.scale)
            p.setPen(pen)
            (x0, x1), y0, y1 = self._gap(link.layer), *self._ends(link)
            path = QPainterPath(QPointF(x0, y0))
            path.cubicTo((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1)
            p.drawPath(path)

    def _gap(self, layer: int) -> tuple[float, float]:
        """From where to where the links of a layer reach across."""
        source, target = self.columns[layer], self.columns[layer + 1]
        return source.x + source.size / 2, target.x - target.size / 2

    def _ends(self, link: Link) -> tuple[float, float]:
        return float(self.columns[link.layer].y[link.source]), float(self.columns[link.layer + 1].y[link.target])

    def _paint_unit(self, p: QPainter, unit: Unit, column: Column) -> None:
        size = column.size
        box = QRectF(column.x - size / 2, float(column.y[unit[1]]) - size / 2, size, size)
        corner = 0.14 * size if column.maps else size / 2
        p.setPen(self.look.pen("text", 2) if unit == self.unit else self.look.pen("quiet", 1 if size > 12 else 0.6))
        brush = QBrush(self.look.colour("field"))
        if column.maps:
            picture = column.maps[unit[1]]
            fit = QTransform.fromTranslate(box.left(), box.top())
            brush = QBrush(picture)
            brush.setTransform(fit.scale(size / picture.width(), size / picture.height()))
        p.setBrush(brush)
        p.drawRoundedRect(box, corner, corner)
        if self._is_off(unit):
            p.setPen(self.look.pen("text", 2))
            p.drawLine(box.topLeft(), box.bottomRight())
            p.drawLine(box.topRight(), box.bottomLeft())
        if unit == self.chosen:
            p.setPen(self.look.pen("accent", 2.5))
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.drawRoundedRect(box.adjusted(-3, -3, 3, 3), corner + 3, corner + 3)

    def _is_off(self, unit: Unit) -> bool:
        """Whether nothing that a unit says is listened to."""
        layer, u = unit
        return layer < len(self.held) and bool((self.held[layer][u] == OFF).all())

    # ------------------------------------------------------------ names and captions

    def _line(self) -> float:
        return QFontMetricsF(self.look.font(12)).height()

    def _widths(self, texts: Sequence[str]) -> list[float]:
        metrics = QFontMetricsF(self.look.font(12))
        return [metrics.horizontalAdvance(text) for text in texts]

    def _given(self, layer: int) -> list[str]:
        """A layer's names as the experiment gives them."""
        names = _at(self.net.names, layer)
        return [] if names is None else [str(name) for name in names]

    def _margin(self, layer: int) -> float:
        """Room for the names beside a layer."""
        return min(max(self._widths(self._given(layer)), default=-8.0) + 8, 0.24 * self.canvas.width())

    def _paint_names(self, p: QPainter) -> None:
        p.setFont(self.look.font(12))
        p.setPen(self.look.colour("text"))
        metrics, line = QFontMetricsF(p.font()), self._line()
        for layer in {0, len(self.sizes) - 1}:
            column, width = self.columns[layer], self._margin(layer) - 8
            outside = column.size / 2 + 8
            x = column.x + outside if layer else column.x - outside - width
            side = Qt.AlignmentFlag.AlignLeft if layer else Qt.AlignmentFlag.AlignRight
            names = self._given(layer)[: len(column.y)]
            every = max(1, math.ceil(0.8 * line / (column.y[1] - column.y[0]))) if len(column.y) > 1 else 1
            for name, y in list(zip(names, column.y.tolist()))[::every]:
                text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, width + 1)
                p.drawText(QRectF(x, y - line / 2, width + 1, line), side | Qt.AlignmentFlag.AlignVCenter, text)

    def _captions(self, layer: int) -> tuple[str, str]:
        """What stands under a layer, and the same where there is less room."""
        count = self.sizes[layer]
        if layer == 0:
            return "x", "x"
        if layer == len(self.sizes) - 1:
            return "output", "out"
        return (f"{count} unit{'s' if count > 1 else ''}", str(count))

    def _paint_captions(self, p: QPainter) -> None:
        p.setFont(self.look.font(12))
        p.setPen(self.look.colour("quiet"))
        room = self.columns[1].x - self.columns[0].x - 6
        texts = [self._captions(layer) for layer in range(len(self.sizes))]
        short = int(max(self._widths([long for long, _ in texts])) > room)
        top = self.canvas.height() - self._line() - 1
        for column, text in zip(self.columns, texts):
            box = QRectF(column.x - 100, top, 200, self._line())
            p.drawText(box, Qt.AlignmentFlag.AlignCenter, text[short])

    # ------------------------------------------------------------ the mouse

    def over(self, at: QPointF | None) -> str:
        unit = None if at is None else self._unit(at)
        link = None if at is None or unit is not None else self._link(at)
        if self.editor is not None:
            unit, link = None, self.edits
        if (unit, link) != (self.unit, self.link):
            self.unit, self.link = unit, link
            self.canvas.update()
        if self.editor is not None:
            return ""
        return self._formula(unit) if unit is not None else self._weight(link) if link is not None else ""

    def press(self, at: QPointF) -> None:
        if self.editor is not None:
            self.editor.leave()
        unit = self._unit(at)
        if unit is not None:
            if self.mark.pick:
                self.hands.pick(self.mark.pick, unit)
        elif self.mark.edit and (link := self._link(at)) is not None:
            self._edit(link, at)
            self.over(at)

    def offer(self, at: QPointF, menu: QMenu) -> None:
        unit = self._unit(at)
        link = None if unit is not None else self._link(at)
        if link is not None and self.mark.hold:
            now = self.held[link.layer][link.source, link.target]
            self._choices(menu, HOLDS, now, lambda how: self._act(self.mark.hold, [*link, how]))
        elif unit is not None and unit[0] and self.mark.hold_unit:
            layer, u = unit
            frozen = (self.held[layer - 1][:, u] == FROZEN).all()
            now = OFF if self._is_off(unit) else FROZEN if frozen else FREE
            self._choices(menu, UNIT_HOLDS, now, lambda how: self._act(self.mark.hold_unit, [layer, u, how]))

    @staticmethod
    def _choices(menu: QMenu, choices: dict[int, str], now: float, choose: Callable[[int], None]) -> None:
        """What may be done, the present state ticked."""
        for how, said in choices.items():
            entry = menu.addAction(said)
            entry.setCheckable(True)
            entry.setChecked(bool(how == now))
            entry.triggered.connect(lambda _, how=how: choose(how))

    def _act(self, action: str, arguments: list[Any]) -> None:
        self.hands.act(action, arguments, self.hands.gesture())

    def _edit(self, link: Link, at: QPointF) -> None:
        """A field over the link in which its weight is typed."""
        weight = self.weights[link.layer][link.source, link.target]
        self.edits = link
        self.editor = NumberField(self.canvas, self.look, at, f"{weight:.4g}".replace("-", "−"))
        self.editor.typed.connect(lambda value: self._act(self.mark.edit, [*link, value]))
        self.editor.left.connect(self._left)

    def _unit(self, at: QPointF) -> Unit | None:
        """The unit at a place."""
        for layer, column in enumerate(self.columns):
            reach = column.size / 2 + 1
            nearest = int(np.abs(column.y - at.y()).argmin())
            if abs(at.x() - column.x) <= reach and abs(at.y() - column.y[nearest]) <= reach:
                return layer, nearest
        return None

    def _link(self, at: QPointF) -> Link | None:
        """The link at a place. All of a layer's curves have risen by the same share of their way at one x."""
        for layer, weights in enumerate(self.weights if self.columns else ()):
            x0, x1 = self._gap(layer)
            if not x0 < at.x() < x1:
                continue
            t = np.linspace(0, 1, 65)
            along = np.interp((at.x() - x0) / (x1 - x0), 1.5 * t * (1 - t) + t**3, t)
            source, target = self.columns[layer].y[:, None], self.columns[layer + 1].y[None, :]
            rise = target - source
            slope = 6 * along * (1 - along) * rise / ((x1 - x0) * (1.5 - 3 * along + 3 * along**2))
            away = np.abs(source + rise * (3 * along**2 - 2 * along**3) - at.y()) / np.hypot(1, slope)
            away = np.where(np.abs(weights) >= FAINTEST * self.largest, away, away + REACH / 2)  # rather one that shows
            nearest = int(away.argmin())
            if away.flat[nearest] <= REACH:
                return Link(layer, *divmod(nearest, weights.shape[1]))
        return None

    # ------------------------------------------------------------ in words

    def _name(self, layer: int, unit: int) -> str:
        given = self._given(layer)
        if unit < len(given) and given[unit]:
            return given[unit]
        last = len(self.sizes) - 1
        letter = "x" if layer == 0 else "y" if layer == last else "h"
        below = "" if layer == last and self.sizes[layer] == 1 else str(unit + 1).translate(SUBSCRIPT)
        above = f"⁽{str(layer).translate(SUPERSCRIPT)}⁾" if letter == "h" and last > 2 else ""
        return letter + below + above

    def _formula(self, at: Unit) -> str:
        """A unit as a function of those before it, with its numbers; of many terms only the largest."""
        layer, unit = at
        name = self._name(layer, unit)
        if layer == 0:
            return name
        weights = self.weights[layer - 1][:, unit]
        size = np.where(np.isfinite(weights), np.abs(weights), np.inf)
        kept = np.sort(np.argsort(-size, kind="stable")[:TERMS]).tolist()
        terms = [(float(weights[s]), f"·{self._name(layer - 1, s)}") for s in kept]
        biases = _at(self.net.biases, layer - 1)
        bias = [(float(np.ravel(biases)[unit]), "")] if biases is not None and unit < np.size(biases) else []
        dots = " + …" if len(weights) > len(kept) else ""
        return f"{name} = f({_sum(terms)}{dots}{_sum(bias, goes_on=True)})"

    def _weight(self, link: Link) -> str:
        layer, source, target = link
        said = f"{self._name(layer, source)} → {self._name(layer + 1, target)}"
        said += f"\nweight {figures(float(self.weights[layer][source, target]), 4)}"
        for name, tables in (("gradient", self.net.gradients), ("of this sample", self.net.flow)):
            table = np.asarray(_at(tables, layer))
            if table.shape == self.weights[layer].shape:
                said += f"\n{name} {figures(float(table[source, target]), 4)}"
        held = int(self.held[layer][source, target])
        return said + (f"\n{HOLDS[held].lower()}" if held else "")

    # ------------------------------------------------------------ typing a weight

    def _left(self) -> None:
        self.editor = None
        self.over(self.canvas.at)


def _at(parts: Any, index: int) -> Any:
    """One part of a sequence that may be shorter, or empty."""
    return parts[index] if index < len(parts) else None


def _sum(terms: Sequence[tuple[float, str]], goes_on: bool = False) -> str:
    """Signed terms in a row: −1.2·x₂ + 0.4."""
    written = ""
    for factor, name in terms:
        sign = "−" if factor < 0 else "+"
        written += f" {sign} " if written or goes_on else sign.replace("+", "")
        written += figures(abs(factor), 2) + name
    return written
