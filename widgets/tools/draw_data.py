"""Draw points: a brush that sprays, relabels and erases on the plot of a Dataset, and a typed formula as a boundary."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QTransform
from shiboken6 import isValid

from lab.controls import Dataset
from lab.data.points import Points
from lab.frame import Frame
from lab.marks import Dots
from widgets.brush_palette import ERASE, RELABEL, SPRAY, Palette
from widgets.look import Look
from widgets.marks.dragging import off_axes, on_axes
from widgets.marks.overlay import Overlay
from widgets.plot import Plot
from widgets.tools import Tool
from widgets.window import Window

STILL = 80  # milliseconds after which a brush that is held still sprays again
Buttons = Qt.MouseButton
PRESS, DOUBLE = QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick
MOVE, RELEASE, LEAVE = QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease, QEvent.Type.Leave


@dataclass
class Stroke:
    """From one press to its release: one gesture, which one undo takes back.

    `cloud` follows what the run will have once it has done all that was asked for, so that indices fit.
    """

    plot: Plot
    name: str  # of the Dataset
    mode: str
    gesture: int
    at: QPointF  # in the plot's own coordinates
    button: Buttons  # whose release ends it
    cloud: Points | None = None  # None until the run has told
    waiting: list[QPointF] = field(default_factory=list)


class Ring(Overlay):
    """The edge of the brush."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot, 1000)
        self.at: QPointF | None = None
        self.radius = 0.0
        self.tint: str | int = "text"
        self.look: Look = plot.look

    def show_at(self, at: QPointF | None, radius: float = 0.0, tint: str | int = "text") -> None:
        self.at, self.radius, self.tint = at, radius, tint
        self.update()

    def draw(self, painter: QPainter, to_screen: QTransform, seen: QRectF) -> None:
        if self.at is not None:
            painter.setPen(self.look.pen(self.tint, 1.5, dashed=self.tint == "text"))
            painter.setBrush(self.look.colour(self.tint, 0.12))
            painter.drawEllipse(to_screen.map(self.at), self.radius, self.radius)


class DrawPoints(Tool):
    title = "Draw points"
    section = "Data"
    keys = "Ctrl+B"
    help = "Spray, relabel and erase points with a brush, or label them by a typed formula."

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.palette: Palette | None = None
        self.rings: dict[Plot, Ring] = {}
        self.names: dict[Plot, str] = {}  # the Dataset that each plot shows
        self.stroke: Stroke | None = None
        self.unknowing: list[Stroke] = []  # those that wait for the run to tell what there is, one after the other
        self.rng = np.random.default_rng(0)
        self.heard: object = None
        self.again = QTimer(self)
        self.again.setInterval(STILL)
        self.again.timeout.connect(self._still)
        window.opened.connect(self._opened)
        window.shown.connect(self._shown)
        window.gone.connect(self._put_away)

    def why_not(self) -> str:
        if self.window.kind is None:
            return super().why_not()
        if not any(isinstance(control, Dataset) for control in self.window.kind.controls.values()):
            return "This experiment has no data set of points."
        return "" if any(self._targets()) else "No panel shows points that can be added to just now."

    def use(self) -> None:
        """Open the palette, and with it the brush; or put both away."""
        if self.palette is not None:
            self._put_away()
            return
        assert self.window.kind is not None
        control = self.window.kind.controls[next(self._targets())[1]]
        assert isinstance(control, Dataset)
        palette = self.palette = Palette(control, self.window.look)
        palette.closed.connect(self._closed)
        palette.made.connect(self._formula)
        self.window.drawer.put(self.title, palette)
        self._attach()
        if self.heard is not self.window.engine:
            self.heard = self.window.engine
            self.window.engine.refused.connect(self._end)

    def _targets(self) -> Iterator[tuple[Plot, str]]:
        """The plots whose dots are those of a Dataset, and its name."""
        controls = self.window.kind.controls if self.window.kind is not None else {}
        for card in self.window.stage.cards():
            for mark in card.panel.marks:
                name, _, edit = mark.add.partition(".") if isinstance(mark, Dots) else ("", "", "")
                if edit == "add" and card.plot is not None and isinstance(controls.get(name), Dataset):
                    yield card.plot, name

    def _opened(self, kind: object) -> None:
        """Another experiment has other plots, or none to draw on."""
        self._put_away()

    def _put_away(self) -> None:
        self.window.drawer.take(self.palette)

    def _closed(self) -> None:
        self._end()
        self.palette = None
        self.unknowing.clear()
        for plot, ring in self.rings.items():
            if isValid(plot):  # a panel that was closed takes its plot along
                plot.viewport().removeEventFilter(self)
                plot.getViewBox().removeItem(ring)
        self.rings, self.names = {}, {}

    def _attach(self) -> None:
        """Listen to the plots there are: another layout brings others."""
        self.names = dict(self._targets())
        self.rings = {plot: self.rings.get(plot) or self._ring(plot) for plot in self.names}

    def _ring(self, plot: Plot) -> Ring:
        plot.viewport().installEventFilter(self)
        return Ring(plot)

    def _shown(self, frame: Frame) -> None:
        if self.palette is None:
            return
        if dict(self._targets()) != self.names:
            self._end()
            self._attach()
        if self.palette.look is not self.window.look:
            self.palette.restyle(self.window.look)
            for ring in self.rings.values():
                ring.look = self.window.look

    # ------------------------------------------------------------ what the mouse does

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The brush takes the presses before the plot and its dots see them."""
        palette = self.palette
        if palette is None or not palette.isVisible() or not palette.mode:
            return False
        kind = event.type()
        if kind == LEAVE:
            for ring in self.rings.values():
                ring.show_at(None)
        if not isinstance(event, QMouseEvent) or kind not in (PRESS, DOUBLE, MOVE, RELEASE):
            return False
        plot = next((plot for plot in self.names if plot.viewport() is watched), None)
        if plot is None:
            return False
        at = plot.getViewBox().mapSceneToView(plot.mapToScene(event.position().toPoint()))
        if kind in (PRESS, DOUBLE) and event.button() in (Buttons.LeftButton, Buttons.RightButton):
            if self.stroke is None and plot.getViewBox().viewRect().contains(at):
                plot.setFocus()
                self._begin(plot, at, event.button(), ERASE if event.button() == Buttons.RightButton else palette.mode)
        elif kind == MOVE:
            self._move(plot, at)
            return self.stroke is not None
        elif kind == RELEASE:
            if self.stroke is not None and event.button() == self.stroke.button:
                self._end()
        else:
            return False
        self._show_ring(plot, at)
        return True

    def _show_ring(self, plot: Plot, at: QPointF) -> None:
        palette = self.palette
        assert palette is not None
        mode = self.stroke.mode if self.stroke is not None else palette.mode
        tint = "text" if mode == ERASE else palette.label if palette.many else "accent"
        self.rings[plot].show_at(at, self._radius(), tint)

    def _radius(self) -> float:
        assert self.palette is not None
        return self.palette.radius * self.window.look.scale

    def _begin(self, plot: Plot, at: QPointF, button: Buttons, mode: str) -> None:
        name = self.names[plot]
        stroke = self.stroke = Stroke(plot, name, mode, self.window.hands.gesture(), at, button)
        self.unknowing.append(stroke)
        if len(self.unknowing) == 1:
            self._inquire()
        self._dab(stroke, at)
        if mode == SPRAY:
            self.again.start()

    def _inquire(self) -> None:
        """Ask for what there is now; strokes that came after wait until this one has been asked for."""
        name = self.unknowing[0].name
        self.window.engine.ask(lambda session: getattr(session.experiment, name, None), self._know)

    def _know(self, cloud: Any) -> None:
        """The run told what there is: do what was done meanwhile."""
        if not self.unknowing:  # put away in the meantime
            return
        stroke = self.unknowing.pop(0)
        if isinstance(cloud, Points):
            stroke.cloud = cloud
            for at in stroke.waiting:
                self._dab(stroke, at)
        if self.unknowing:
            self._inquire()

    def _move(self, plot: Plot, at: QPointF) -> None:
        self._show_ring(plot, at)
        stroke = self.stroke
        if stroke is None or stroke.plot is not plot:
            return
        way = (at - stroke.at).toTuple()
        across, upright = plot.getViewBox().viewPixelSize()
        if math.hypot(way[0] / across, way[1] / upright) >= max(3.0, self._radius() / 2):
            stroke.at = at
            self._dab(stroke, at)

    def _still(self) -> None:
        if self.stroke is not None:
            self._dab(self.stroke, self.stroke.at)

    def _end(self, *_: object) -> None:
        """Released, or the run refused what was drawn: then the rest of the stroke would not fit."""
        self.stroke = None
        self.again.stop()

    # ------------------------------------------------------------ what the brush does

    def _dab(self, stroke: Stroke, at: QPointF) -> None:
        if stroke.cloud is None:
            stroke.waiting.append(at)
            return
        try:
            {SPRAY: self._spray, RELABEL: self._relabel, ERASE: self._erase}[stroke.mode](stroke, at)
        except ValueError as wrong:  # full, or down to its last point
            self.window.banner.say("refused", f"{wrong}.", bad=True)
            self._end()

    def _edit(self, stroke: Stroke, edit: str, *given: Any) -> None:
        """On the copy first, which refuses what the run would refuse."""
        stroke.cloud = getattr(stroke.cloud, edit)(*given)
        self.window.hands.act(f"{stroke.name}.{edit}", given, stroke.gesture)

    def _spray(self, stroke: Stroke, at: QPointF) -> None:
        assert self.palette is not None
        box = stroke.plot.getViewBox()
        across, upright = box.viewPixelSize()
        for _ in range(self.palette.amount):
            angle, out = self.rng.uniform(0, 2 * math.pi), self._radius() * math.sqrt(self.rng.uniform())
            place = at + QPointF(out * math.cos(angle) * across, out * math.sin(angle) * upright)
            if box.viewRect().contains(place):
                self._edit(stroke, "add", *off_axes(stroke.plot, place.x(), place.y()), self.palette.label)

    def _relabel(self, stroke: Stroke, at: QPointF) -> None:
        assert self.palette is not None
        assert stroke.cloud is not None
        for index in self._under(stroke, at):
            if stroke.cloud.y[index] != self.palette.label:
                self._edit(stroke, "paint", index, self.palette.label)

    def _erase(self, stroke: Stroke, at: QPointF) -> None:
        for index in reversed(self._under(stroke, at)):  # those after a point move up
            self._edit(stroke, "erase", index)

    def _under(self, stroke: Stroke, at: QPointF) -> list[int]:
        """The points under the brush."""
        assert stroke.cloud is not None
        pixel = stroke.plot.getViewBox().viewPixelSize()
        with np.errstate(all="ignore"):
            apart = np.hypot(*((on_axes(stroke.plot, stroke.cloud.x) - (at.x(), at.y())) / pixel).T)
        return [int(index) for index in np.flatnonzero(apart <= self._radius())]

    # ------------------------------------------------------------ a typed formula

    def _formula(self) -> None:
        """The cloud that the palette's formula makes, as a new run."""
        palette, name = self.palette, next(iter(self.names.values()), "")
        if palette is None or not name:
            return
        frame = self.window.frame
        try:
            cloud = palette.cloud(frame.settings[name] if frame is not None else None)
        except ValueError as wrong:
            palette.show_error(str(wrong))
            return
        palette.show_error("")
        self.window.hands.set(name, cloud, self.window.hands.gesture())


TOOLS: tuple[type[Tool], ...] = (DrawPoints,)
