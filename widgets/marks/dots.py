"""Points in the plane, coloured and shaped by class: to be looked at, dragged, added, taken away and picked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QFontMetricsF, QKeyEvent, QPainter, QTransform

from lab.frame import Frame
from widgets.look import Look
from widgets.marks import Bounds, PlotPainter
from widgets.marks.dragging import Buttons, Grip, off_axes, on_axes
from widgets.marks.overlay import Overlay, bounds_of, same

if TYPE_CHECKING:
    from widgets.plot import Plot

SHAPES = {"star": "star", "disc": "o", "square": "s", "triangle": "t1", "diamond": "d", "cross": "x"}
STRETCH = {"star": 1.5, "t1": 1.15, "d": 1.25, "p": 1.1, "h": 1.1, "x": 1.1, "s": 0.9}  # to look equally large
UNCLASSED = 8  # after the eight classes: a point whose class number is negative


class DotsPainter(PlotPainter):
    """Draws Dots."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        mark, box, z = self.mark, self.plot.getViewBox(), self.depth * 10
        self.rings, self.dots = pg.ScatterPlotItem(), pg.ScatterPlotItem()
        for layer, item in enumerate((self.dots, self.rings)):
            item.setZValue(z + layer)
            box.addItem(item, ignoreBounds=True)
        self.words = Words(self.plot, z + 2)
        self.grip = Grip(self.plot, z + 3, self.hands, self._tip)
        left = Buttons.LeftButton if mark.drag or mark.pick or mark.add else Buttons.NoButton
        self.grip.takes(left | (Buttons.RightButton if mark.erase else Buttons.NoButton), bool(mark.drag))
        if mark.pick and not mark.drag:
            self.grip.setCursor(Qt.CursorShape.PointingHandCursor)
        self.grip.moved.connect(self._move)
        self.grip.clicked.connect(self._click)
        self.grip.released.connect(self._release)
        box.sigResized.connect(self._draw)
        if mark.add:
            self.digit = Digit(self.plot)
            self.plot.scene().sigMouseClicked.connect(self._add)
        self.shown: tuple[Any, ...] = (None,) * 5
        self.points = np.empty((0, 2))
        self.restyle(self.look)

    def restyle(self, look: Look) -> None:
        super().restyle(look)
        mark = self.mark
        tint = mark.tint or ("" if mark.colour else "accent")
        tints = [tint] * (UNCLASSED + 1) if tint else [*map(str, range(UNCLASSED)), "quiet"]
        shape = SHAPES.get(mark.shape, "" if mark.colour else "o")
        self.brushes = np.array([QBrush(look.colour(name)) for name in tints], dtype=object)
        shapes = [shape or look.shape(i) for i in range(UNCLASSED)] + [shape or "o"]
        self.shapes = np.array(shapes, dtype=object)
        self.stretch = np.array([STRETCH.get(name, 1.0) for name in shapes])
        self.dots.setPen(look.pen("text", 1.8) if mark.big else look.pen("card", 1))
        self.rings.setPen(look.pen("text", 1.6))
        self.rings.setBrush(None)
        self.words.restyle(look)
        self.stale = True

    def show(self, frame: Frame) -> None:
        mark = self.mark
        given = tuple(frame.values.get(n) for n in (mark.points, mark.colour, mark.size, mark.labels, mark.ring))
        if not self.stale and same(given, self.shown):
            return
        self.shown, self.stale = given, False
        self.points = np.empty((0, 2)) if given[0] is None else np.asarray(given[0], dtype=float).reshape(-1, 2)
        self._draw()

    def _draw(self, *_: object) -> None:
        _, colour, size, labels, ring = self.shown
        n = len(self.points)
        places = self.grip.places = on_axes(self.plot, self.points)
        held = self.grip.held
        if held is not None and held < n and self.grip.moves(held):
            places = places.copy()
            places[held] = self.grip.at
        seen = np.isfinite(places).all(axis=1)
        classes = np.full(n, UNCLASSED) if colour is None else self._classes(colour, n)
        width = self._width(n) * self.stretch[classes]
        if size is not None and len(size) == n:
            share = np.clip(np.nan_to_num(np.asarray(size, dtype=float)), 0, 1)
            width = width * (0.4 + 1.8 * np.sqrt(share))  # so the area follows the number
        width = np.round(width * 2) / 2  # few widths: each one is drawn once and kept
        brushes, shapes = self.brushes[classes[seen]], self.shapes[classes[seen]]
        self.dots.setData(pos=places[seen], size=width[seen], brush=brushes, symbol=shapes)
        ringed = seen & np.asarray(ring, dtype=bool) if ring is not None and len(ring) == n else np.zeros(n, bool)
        self.rings.setData(pos=places[ringed], size=width[ringed] + 7 * self.look.scale)
        named = np.flatnonzero(seen) if labels is not None and len(labels) == n else ()
        self.words.write([(str(labels[i]), *places[i], width[i] / 2 + 3) for i in named])

    def bounds(self) -> Bounds | None:
        return bounds_of(self.grip.places)

    def _classes(self, colour: Any, n: int) -> np.ndarray:
        """Rows into brushes and shapes."""
        numbers = np.nan_to_num(np.asarray(colour, dtype=float), nan=-1, posinf=-1, neginf=-1).astype(int)
        return np.where(numbers < 0, UNCLASSED, numbers % UNCLASSED) if len(numbers) == n else np.full(n, UNCLASSED)

    def _width(self, n: int) -> float:
        """The usual width of a dot in pixels: smaller in a crowd or a small card."""
        room = self.plot.getViewBox().rect()
        fit = min(max(min(room.width(), room.height()) / (280 * self.look.scale), 0.65), 1) * self.look.scale
        if self.mark.big:
            return 15 * fit
        return (9 if n <= 400 else 7 if n <= 1500 else 5) * fit

    # ------------------------------------------------------------ what a person does

    def _move(self, index: int, x: float, y: float) -> None:
        self.hands.act(self.mark.drag, [index, x, y], self.grip.gesture, replaces=True)  # type: ignore[arg-type]
        self._draw()

    def _release(self) -> None:
        self.stale = True  # what was dragged stands where it was let go until a frame says better

    def _click(self, index: int, button: Qt.MouseButton) -> None:
        if button == Buttons.RightButton:
            self.hands.act(self.mark.erase, [index], self.hands.gesture())
        elif self.mark.pick:
            self.hands.pick(self.mark.pick, index)

    def _add(self, event: Any) -> None:
        """A click that nobody took: here is empty ground, if it is inside the axes."""
        box, mark = self.plot.getViewBox(), self.mark
        place = box.mapSceneToView(event.scenePos())
        if event.isAccepted() or event.double() or event.button() != Buttons.LeftButton:
            return
        if not box.viewRect().contains(place):
            return
        event.accept()
        arguments: list[Any] = list(off_axes(self.plot, place.x(), place.y()))
        if mark.colour or mark.add.endswith(".add"):
            arguments.append(self.digit.label(event.modifiers()))
        self.hands.act(mark.add, arguments, self.hands.gesture())

    def _tip(self, index: int) -> str:
        _, colour, _, labels, _ = self.shown
        name = f" · {labels[index]}" if labels is not None and index < len(labels) else ""
        x, y = (f"{value:.4g}".replace("-", "−") for value in self.points[index])
        owner = f"\nclass {float(colour[index]):.4g}" if colour is not None and index < len(colour) else ""
        return f"{index}{name}\n({x}, {y}){owner}"


class Words(Overlay):
    """Small texts beside places of a plot; one that would cover another is left out."""

    def __init__(self, plot: Plot, z: float) -> None:
        super().__init__(plot, z)
        self.texts: list[tuple[str, float, float, float]] = []  # text, x, y, pixels away from there

    def restyle(self, look: Look) -> None:
        self.font, self.ink, self.paper = look.font(12), look.colour("text"), look.colour("card", 0.6)

    def write(self, texts: list[tuple[str, float, float, float]]) -> None:
        if texts or self.texts:
            self.texts = texts
            self.update()

    def draw(self, painter: QPainter, to_screen: QTransform, seen: QRectF) -> None:
        painter.setFont(self.font)
        measure = QFontMetricsF(self.font)
        taken: list[QRectF] = []
        for text, x, y, away in self.texts:
            at = to_screen.map(QPointF(x, y))
            room = QRectF(0, 0, measure.horizontalAdvance(text) + 4, measure.height())
            room.moveCenter(at)
            room.moveLeft(at.x() + away)
            if room.right() > seen.right():
                room.moveRight(at.x() - away)
            if not seen.contains(at) or any(room.intersects(other) for other in taken):
                continue
            taken.append(room)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.paper)
            painter.drawRoundedRect(room, 3, 3)
            painter.setPen(self.ink)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)


class Digit(QObject):
    """The class a new point gets: a number key held down, else 1 with Shift, 2 with Control, 3 with both."""

    def __init__(self, plot: QObject) -> None:
        super().__init__(plot)
        self.held: int | None = None
        plot.installEventFilter(self)

    def label(self, keys: Qt.KeyboardModifier) -> int:
        if self.held is not None:
            return self.held
        shift, control = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
        return bool(keys & shift) + 2 * bool(keys & control)

    def eventFilter(self, plot: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.held = None
        elif isinstance(event, QKeyEvent) and event.text().isdecimal() and not event.isAutoRepeat():
            self.held = int(event.text()) if event.type() == QEvent.Type.KeyPress else None
        return False
