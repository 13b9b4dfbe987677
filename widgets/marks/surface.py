"""Surface: a Field lit in three dimensions with the runners' trails on it; where there is no OpenGL, a contour map."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from lab.marks import Dots, Field, Heat, Panel, Surface, Trail
from lab.record import Trace
from lab.session import Frame
from widgets.look import Look
from widgets.marks import Hands, Legend, PlotPainter, WidgetPainter, painter
from widgets.marks.lighting import Relief, relief
from widgets.plot import Plot
from widgets.theme import colour_map

if TYPE_CHECKING:
    from widgets.marks.scene import Scene

SCREENLESS = ("offscreen", "minimal", "vnc", "linuxfb")  # Qt platforms that cannot show OpenGL in a window
OLDEST = (2, 1)
PAST = 0.3  # how strong a trail is at its beginning
ABANDONED = 0.45  # how strong the trails of a ghost are at their end
RUNNER = "surface: which runner"  # the name under which the contour map hears the classes of the dots


@cache
def missing() -> str:
    """Why there is no OpenGL here, in words; empty where there is. Asked once a process."""
    if QGuiApplication.platformName() in SCREENLESS:
        return "No OpenGL on this display"
    if importlib.util.find_spec("OpenGL") is None:
        return "PyOpenGL is not installed"
    context = QOpenGLContext()
    if not context.create():
        return "No OpenGL here"
    place = QOffscreenSurface()
    place.setFormat(context.format())
    place.create()
    try:
        if not (place.isValid() and context.makeCurrent(place)):
            return "No OpenGL here"
        version = context.format().version()
        context.doneCurrent()
        if version < ((2, 0) if context.isOpenGLES() else OLDEST):
            return "OpenGL is too old here"
    finally:
        place.destroy()
    try:
        importlib.import_module("widgets.marks.scene")
    except Exception as wrong:  # PyOpenGL raises many kinds when a library of the system is not there
        return f"PyOpenGL cannot start ({type(wrong).__name__})"
    return ""


class SurfacePainter(WidgetPainter):
    """One surface."""

    stretch = 3

    def __init__(self, mark: Surface, hands: Hands, look: Look) -> None:
        super().__init__(mark, hands, look)
        self.widget = QWidget()
        column = QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.note = QLabel()
        self.note.setProperty("quiet", True)
        self.note.setWordWrap(True)
        self.drawing: Lit | Contour | None = None
        column.addWidget(self.note)
        self._frame: Frame | None = None

    def show(self, frame: Frame) -> None:
        self._frame = frame
        if self.drawing is None:
            why = missing()
            if why:
                self._flatten(why)
            else:
                self._stand(Lit(self.mark, self.look, self._flatten))
        assert self.drawing is not None
        self.drawing.show(frame)
        if self.note.text() != self.drawing.said:
            self.note.setText(self.drawing.said)
        self.note.setVisible(bool(self.drawing.said))

    def restyle(self, look: Look) -> None:
        super().restyle(look)
        if self.drawing is not None:
            self.drawing.restyle(look)

    def _stand(self, drawing: Lit | Contour) -> None:
        self.drawing = drawing
        column = self.widget.layout()
        assert isinstance(column, QVBoxLayout)
        column.insertWidget(0, drawing.widget, 1)

    def _flatten(self, why: str) -> None:
        """There is no OpenGL after all: the same numbers on paper."""
        if self.drawing is not None:
            self.drawing.widget.hide()
            self.drawing.widget.deleteLater()
        self._stand(Contour(self.mark, self.hands, self.look, why))
        if self._frame is not None:
            self.show(self._frame)


class Lit:
    """The surface in three dimensions."""

    def __init__(self, mark: Surface, look: Look, give_up: Callable[[str], None]) -> None:
        from widgets.marks.scene import Scene

        self.mark, self.look = mark, look
        self.widget: Scene = Scene(look)
        self.widget.failed.connect(lambda: give_up("OpenGL cannot draw here"), Qt.ConnectionType.QueuedConnection)
        self.relief: Relief | None = None
        self.said = ""
        self._field: Field | None = None
        self._seen: tuple[Any, ...] = ()
        self._ghost: tuple[Any, ...] = ()

    def restyle(self, look: Look) -> None:
        self.look = self.widget.look = look
        self._field = None

    def show(self, frame: Frame) -> None:
        field = frame.values.get(self.mark.field)
        if field is None:
            return
        if not _same(field, self._field):
            self._field = field
            self._build(field)
        past = frame.ghost.trails.get(self.mark.trail) if frame.ghost else None
        if self._ghost != (now := (id(self.relief), id(past))):
            self._ghost = now
            self.widget.set_strokes("ghost", self._strokes(past, None, frame.t, ABANDONED))
        ...
