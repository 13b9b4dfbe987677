"""Where everything of a graph is in its card, in pixels: nodes as large as their text, arrows, and their numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QFontMetricsF

from widgets.look import Look
from widgets.marks.arcs import Floats, Mapping, arcs, fitted, length_shares

TYPE = (15, 14, 13, 12, 11, 10, 9)  # pixels, the largest that leaves the nodes apart
ALL, NAMES, SYMBOLS = range(3)  # what is written in nodes as room lessens: of "v = sin u" the symbol is v
LONG = 66  # pixels of text that a disc can hold; where there is more, nodes are boxes
PLACES = (0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78)  # of an arrow's length, where its number may stand
OPEN = np.full(2, np.inf)


class Graph(NamedTuple):
    """What is to be laid out. Texts are one for each node or arrow, or none at all."""

    nodes: Floats = np.empty((0, 2))
    known: NDArray[np.bool_] = np.empty(0, bool)  # which nodes stand somewhere
    links: NDArray[np.int_] = np.empty((0, 2), int)
    labels: Sequence[str] = ()
    values: Sequence[str] = ()
    weights: Sequence[str] = ()


class Sizes(NamedTuple):
    """How large nodes and their type are, and how much is written in them."""

    type: float
    halves: Floats  # (n, 2): half of each node's width and height; a disc's radius twice
    disc: bool
    below: bool = False  # the values do not fit into the discs, and stand below them
    said: int = ALL


class GraphLayout:
    """Keeps its mapping and its sizes as long as they serve: a picture that shifts at each step cannot be read."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.graph = Graph()
        self.size: Floats = np.zeros(2)
        self.sizes: Sizes | None = None  # None: to be fitted
        self.mapping: Mapping | None = None
        self.places: Floats = np.empty((0, 2))
        self.arrows: list[Floats] = []
        self.numbers: list[QRectF | None] = []  # where each arrow's number stands, if there is room

    def arrange(self, graph: Graph, size: Floats, held: bool) -> None:
        """Lay a graph out, doing no more than what has changed asks for; a held node does not move the others."""
        old, self.graph = self.graph, graph
        if not graph.known.any():
            self.places, self.arrows, self.numbers = np.full_like(graph.nodes, np.nan), [], []
            return
        if (size != self.size).any() or (_fresh(old.nodes, graph.nodes) > 1 and not held):
            self.sizes = None
        self.size = size
        if self.sizes is None or self.mapping is None or not self._serves(self.sizes, self.mapping, held):
            self._fit()
            self._place(size)
        elif not (np.array_equal(old.nodes, graph.nodes) and np.array_equal(old.links, graph.links)):
            self._place(size)
        elif old.weights != graph.weights or old.values != graph.values:
            self.numbers = self._numbers(size)

    def forget(self) -> None:
        """Fit everything afresh the next time."""
        self.sizes, self.graph = None, Graph()

    def _serves(self, sizes: Sizes, mapping: Mapping, held: bool) -> bool:
        if len(sizes.halves) != len(self.graph.nodes):
            return False
        if held:
            return True
        places = mapping.pixels(self.graph.nodes[self.graph.known])
        fits = (self._needed(sizes) <= sizes.halves + 0.5).all()
        return bool(fits and ((places >= 0) & (places <= self.size)).all())

    def _place(self, bounds: Floats) -> None:
        """Nodes, arrows and numbers in pixels; arrows would rather bend within the bounds."""
        graph = self.graph
        if self.mapping is not None and self.sizes is not None:
            self.places = self.mapping.pixels(np.where(graph.known[:, None], graph.nodes, np.nan))
            spots = np.nan_to_num(self.places, nan=-1e5)
            self.arrows = arcs(spots, graph.links, self.sizes.halves, self.sizes.disc, bounds, self.sizes.below)
            self.numbers = self._numbers(bounds)

    # ------------------------------------------------------------ how large everything is

    def _fit(self) -> None:
        """The largest type with which no two nodes overlap; then room at the edges for arrows that bend outside."""
        graph, size, scale = self.graph, self.size, self.look.scale
        known, disc = graph.nodes[graph.known], self._short()
        stretch = 1.7 if disc else 6.0
        tries = [Sizes(type_, graph.nodes, disc, below) for type_ in TYPE for below in (False, True)[: 1 + disc]]
        tries += [Sizes(type_, graph.nodes, disc, said=said) for said in (NAMES, SYMBOLS) for type_ in TYPE[2:]]
        for sizes in tries:
            sizes = sizes._replace(halves=self._needed(sizes))
            before = behind = np.minimum(sizes.halves[graph.known].max(axis=0) + 6 * scale, size / 2.5)
            below = self._below_size(sizes)
            behind = behind + (0, below[1])
            room = 34 * scale * (graph.links[:, 0] == graph.links[:, 1]).any()  # for loops, wherever they will stand
            places = fitted(known, before + room, behind + room, size, stretch).pixels(known)
            if _apart(places, sizes.halves[graph.known], disc, below, self._number_width()):
                break
        if disc:  # discs grow into the room there is
            least = float(sizes.halves.max())
            more = max(0.0, min(34 * scale, 0.22 * _nearest(places), 0.12 * float(size.min())) - least)
            sizes = sizes._replace(halves=sizes.halves + more)
            before, behind = before + more, behind + more
        self.sizes = sizes
        for _ in range(5):
            self.mapping = fitted(known, before, behind, size, stretch)
            self._place(OPEN)
            over, under = self._outside()
            if max(*over, *under) <= 0:
                break
            before, behind = np.minimum(before + over, size / 2.5), np.minimum(behind + under, size / 2.5)

    def _outside(self) -> tuple[Floats, Floats]:
        """How far arrows and numbers reach out of the card: left and above, right and below."""
        texts = [*self.numbers, *(self.below(i) for i in np.flatnonzero(self.graph.known).tolist())]
        corners = [[box.left(), box.top(), box.right(), box.bottom()] for box in texts if box is not None]
        reached = [*self.arrows, np.array(corners).reshape(-1, 2)]
        points = np.concatenate(reached) if any(len(part) for part in reached) else self.size[None] / 2
        return np.maximum(2 - points.min(axis=0), 0), np.maximum(points.max(axis=0) + 2 - self.size, 0)

    def _short(self) -> bool:
        """Whether discs can hold the texts."""
        usual = QFontMetricsF(self.look.font(13))
        texts = (*self.graph.labels, *self.graph.values)
        return all("\n" not in text and usual.horizontalAdvance(text) <= LONG * self.look.scale for text in texts)

    def _below_size(self, sizes: Sizes) -> tuple[float, float]:
        """The room that a value below its disc takes."""
        if not sizes.below:
            return 0.0, 0.0
        line = self.line(sizes)
        return max((line.horizontalAdvance(text) + 6 for text in self.graph.values), default=0.0), line.height() + 2

    def _number_width(self) -> float:
        """The room that the arrows' numbers want between two discs; few of them may be longer."""
        metrics = QFontMetricsF(self.look.font(11))
        return min(
            30 * self.look.scale, max((metrics.horizontalAdvance(text) + 6 for text in self.graph.weights), default=0.0)
        )

    def _needed(self, sizes: Sizes) -> Floats:
        """Half of the width and height that each node's text asks for; discs are all alike."""
        bold, plain, scale = QFontMetricsF(self.name_font(sizes)), self.line(sizes), self.look.scale
        halves = np.empty((len(self.graph.nodes), 2))
        for i in range(len(halves)):
            label, lines = self.said(i, sizes)
            lines = [] if sizes.below else lines
            width = max([bold.horizontalAdvance(label), *(plain.horizontalAdvance(line) for line in lines)])
            height = (bold.height() if label else 0) + plain.height() * len(lines)
            halves[i] = width / 2, height / 2
        if not sizes.disc:
            return halves + (7 * scale, 4 * scale)
        radius = np.hypot(halves[:, 0], 0.6 * halves[:, 1]).max(initial=7 * scale) + 3 * scale
        return np.full_like(halves, radius)

    # ------------------------------------------------------------ texts

    def said(self, i: int, sizes: Sizes) -> tuple[str, list[str]]:
        """What is written about a node: its name, and its values line by line."""
        label = self.graph.labels[i] if self.graph.labels else ""
        value = self.graph.values[i] if self.graph.values and sizes.said == ALL else ""
        return label.split(" = ")[0] if sizes.said == SYMBOLS else label, value.split("\n") if value else []

    def name_font(self, sizes: Sizes) -> QFont:
        return self.look.font(sizes.type, bold=True)

    def line_font(self, sizes: Sizes) -> QFont:
        return self.look.font(sizes.type - 1)

    def line(self, sizes: Sizes) -> QFontMetricsF:
        return QFontMetricsF(self.line_font(sizes))

    def number_font(self) -> QFont:
        return self.look.font(max(9.0, min(12.0, self.sizes.type - 1 if self.sizes else 12.0)))

    def box(self, i: int) -> QRectF:
        """Around a node."""
        (x, y), (w, h) = self.places[i].tolist(), self.sizes.halves[i].tolist() if self.sizes else (0.0, 0.0)
        return QRectF(x - w, y - h, 2 * w, 2 * h)

    def below(self, i: int) -> QRectF:
        """Around the value of a disc that cannot hold it; it leaves a ring free."""
        box = self.box(i)
        if not (self.sizes and self.sizes.below and self.graph.values):
            return box
        line = self.line(self.sizes)
        width = line.horizontalAdvance(self.graph.values[i]) + 4
        return QRectF(box.center().x() - width / 2, box.bottom() + 4 * self.look.scale, width, line.height())

    def _numbers(self, bounds: Floats) -> list[QRectF | None]:
        """Each number on its arrow, or beside a short one, where it covers no node and no other number, if it can."""
        metrics = QFontMetricsF(self.number_font())
        nodes = np.flatnonzero(self.graph.known).tolist()
        taken = [self.below(i) for i in nodes if self.sizes and self.sizes.below]
        placed: list[QRectF | None] = []
        for text, points in zip(self.graph.weights, self.arrows):
            found = None
            if text and len(points) > 2:
                size = np.array([metrics.horizontalAdvance(text) + 6, metrics.height() - 1])
                spots = (QRectF(*(spot - size / 2), *size) for spot in _spots(points, size, self.look.scale, bounds))
                found = next((box for box in spots if not (self._hides(box) or any(map(box.intersects, taken)))), None)
                if found is not None:
                    taken.append(found)
            placed.append(found)
        return placed

    def _hides(self, box: QRectF) -> bool:
        """Whether a box covers part of a node."""
        if self.sizes is None:
            return False
        centre = np.array([box.center().x(), box.center().y()])
        beyond = np.maximum(np.abs(self.places - centre) - (box.width() / 2, box.height() / 2), 0)
        if self.sizes.disc:
            return bool((np.hypot(*beyond.T) < self.sizes.halves[:, 0]).any())
        return bool((beyond < self.sizes.halves).all(axis=1).any())


def _spots(points: Floats, size: Floats, scale: float, bounds: Floats) -> Iterator[Floats]:
    """Where the number of an arrow may stand: on it where that leaves enough of it to be seen, else beside it."""
    run = length_shares(points)
    length = float(np.hypot(*np.diff(points, axis=0).T).sum())
    way = (points[-1] - points[0]) / (math.hypot(*(points[-1] - points[0])) or 1.0)
    across = np.array([-way[1], way[0]])  # where one of two opposite arrows bends to: outside
    hidden = float((size / np.maximum(np.abs(way), 1e-3)).min())  # of the arrow by a number upon it
    beside = across * (np.abs(across) @ size / 2 + 2 * scale)
    on = np.zeros(2)
    for off in (on, beside, -beside) if length > hidden + 26 * scale else (beside, -beside, on):
        for share in PLACES:
            spot = np.array([np.interp(share, run, axis) for axis in points.T]) + off
            if bounds is OPEN or ((spot >= size / 2) & (spot + size / 2 <= bounds)).all():
                yield spot


def _fresh(before: Floats, now: Floats) -> int:
    """How many nodes stand where none stood before: by hand, one at a time comes or moves."""
    known = {tuple(place) for place in before.tolist()}
    return sum(tuple(place) not in known for place in now.tolist())


def _nearest(places: Floats) -> float:
    """How far the two nearest are apart."""
    if len(places) < 2:
        return math.inf
    away = places[:, None] - places
    return float(np.hypot(away[..., 0], away[..., 1])[np.triu_indices(len(places), 1)].min())


def _apart(places: Floats, halves: Floats, disc: bool, below: tuple[float, float], number: float) -> bool:
    """Whether there is room between any two nodes, their values below them, and the arrows that join them."""
    away = np.abs(places[:, None] - places)[np.triu_indices(len(places), 1)]
    if not len(away):
        return True
    if not disc:
        both = (halves[:, None] + halves)[np.triu_indices(len(places), 1)]
        return bool((away > both + (22, 12)).any(axis=1).all())
    radius = float(halves.max())
    wide, tall = below
    across = (away[:, 0] > max(wide, radius + wide / 2)) | (away[:, 1] > 2 * radius + tall)
    return bool((np.hypot(*away.T) > 2 * radius + max(0.8 * radius, number)).all() and (across.all() or not wide))
