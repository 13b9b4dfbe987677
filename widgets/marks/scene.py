"""The view of a Surface: the lit relief, its floor, trails and discs, drawn by OpenGL aside and shown as a picture."""

from __future__ import annotations

import math
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QImage,
    QMatrix4x4,
    QMouseEvent,
    QOpenGLFunctions,
    QPainter,
    QPaintEvent,
    QVector2D,
    QVector3D,
    QWheelEvent,
)
from PySide6.QtOpenGL import QOpenGLBuffer, QOpenGLFramebufferObject
from PySide6.QtWidgets import QWidget
from shiboken6 import VoidPtr

from lab.marks import Range
from widgets.look import Look
from widgets.marks.glsl import Bound
from widgets.marks.lighting import ELEVATION, Floats, Ink, written
from widgets.marks.opengl import canvas, shared
from widgets.marks.orbit import DISTANCE, Orbit

REST = 5.0  # after drawing, this many times as long is left to the rest of the window
HALF_WIDTH, HALF_HEIGHT = 1.58, 1.42  # what must be in view about the centre

CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, -1), (1, 1), (-1, 1)], dtype=np.float32)
LEVELS = 14.0  # contour lines
HIDDEN, HIDDEN_DISC = 0.22, 0.7  # trails and discs behind the relief show through this much
GROUND, THE_REST = "ground", "the rest"
RIM = 1.2  # the width of a halo, in pixels
ROOMY, MARGIN, HALF_LINE = 220, 40, 9  # pixels
SLANT = 0.25  # an edge that runs this nearly towards the eye is not written on
OUTSIDE = 1.14  # where the axes are written; the floor ends at 1
NEARER = 0.02  # trails are drawn this much nearer than the ground they lie on

# OpenGL's names
GL_TRIANGLES, GL_TRIANGLE_STRIP = 0x0004, 0x0005
GL_DEPTH_BUFFER_BIT, GL_COLOR_BUFFER_BIT = 0x0100, 0x4000
GL_LEQUAL, GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA = 0x0203, 0x0302, 0x0303
GL_DEPTH_TEST, GL_BLEND = 0x0B71, 0x0BE2
GL_UNSIGNED_INT = 0x1405

Axis = tuple[str, Range]
Path = tuple[Floats, Floats, QColor]


def ribbon(places: Floats, strength: Floats) -> Ink:
    """Vertices (n, 5) of a stroke along places (m, 3): each twice, the ends once more to have neighbours."""
    steps = np.diff(places, axis=0)
    sharp = (steps[:-1] * steps[1:]).sum(axis=1) < 0
    times = np.concatenate([[1], 1 + sharp, [1]])  # a path that turns back ends there and begins anew
    places, strength = np.repeat(places, times, axis=0), np.repeat(strength, times)
    ended = np.empty((len(places) + 2, 5), dtype=np.float32)
    ended[1:-1, :3], ended[1:-1, 4] = places, strength
    ended[0], ended[-1] = ended[1], ended[-2]
    vertices = np.repeat(ended, 2, axis=0)
    vertices[0::2, 3], vertices[1::2, 3] = 1, -1
    return vertices


class Strokes(NamedTuple):
    """Ribbons of one width, each with its colour."""

    vertices: Ink
    runs: list[tuple[int, int, QColor]]  # first vertex, how many, colour
    width: float
    halo: QColor | None
    raised: bool  # lies on the ground, and shows faintly through what is before it


class Scene(QWidget):
    """Draws what it is given: a mesh, strokes and discs. Dragging turns it, the wheel zooms, a double-click resets."""

    def __init__(self, look: Look, elevation: float = ELEVATION) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(80, 60)
        self.look = look
        self.elevation = elevation  # degrees above the floor that it opens at
        self.orbit = Orbit(elevation)
        self._axes: tuple[Axis, ...] = ()
        self._mesh: tuple[Ink, np.ndarray] | None = None
        self._strokes: dict[str, Strokes] = {}
        self._discs = np.empty((0, 8), dtype=np.float32)
        self._radius = 0.0
        self._buffers: dict[str, QOpenGLBuffer] = {}
        self._stale: set[str] = set()  # what is not yet as drawn: buffers by name, the GROUND, THE_REST
        self._novelties = 0  # in this picture, programs that never drew before
        self._canvases: tuple[QOpenGLFramebufferObject, QOpenGLFramebufferObject] | None = None
        self._picture = QImage()
        self._dragged_from = QPointF()
        self._rested_at = 0.0
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self.update)

    # ------------------------------------------------------------ what is shown

    def restyle(self, look: Look) -> None:
        self.look = look
        self.redraw()

    def set_mesh(self, vertices: Ink | None, triangles: np.ndarray | None = None) -> None:
        self._mesh = None if vertices is None or triangles is None else (vertices, triangles)
        self._changed("mesh", "triangles", GROUND)

    def set_paths(
        self, name: str, paths: list[Path], width: float, halo: QColor | None = None, raised: bool = False
    ) -> None:
        """Strokes along places (m, 3), each place with its strength from 0 to 1; a halo parts them from the ground."""
        ribbons = [ribbon(places, strength) for places, strength, _ in paths]
        starts = np.cumsum([0, *map(len, ribbons)])
        runs = [(int(start), len(r) - 4, path[2]) for start, r, path in zip(starts, ribbons, paths)]
        vertices = np.concatenate(ribbons) if ribbons else np.empty((0, 5), dtype=np.float32)
        self._strokes[name] = Strokes(vertices, runs, width, halo, raised)
        self._changed(name)

    def set_discs(self, discs: Ink, radius: float = 7.5) -> None:
        """Places and colours (n, 6), and how large they are, in pixels."""
        self._radius = radius
        self._discs = np.hstack([np.repeat(discs, 6, axis=0), np.tile(CORNERS, (len(discs), 1))])
        self._changed("discs")

    def set_axes(self, *axes: Axis) -> None:
        """What is written along the floor: the name and the range of x, then of y; or nothing."""
        self._axes = axes
        self.update()

    def redraw(self) -> None:
        """Draw all anew in the next painting, however often this is asked until then."""
        self._stale.add(GROUND)
        self.update()

    def _changed(self, *names: str) -> None:
        """New things to show: at once, or after a rest where drawing is slow and the other panels come first."""
        self._stale.update(names)
        wait = self._rested_at - monotonic()
        if wait <= 0:
            self.update()
        elif not self._rest.isActive():
            self._rest.start(math.ceil(1000 * wait))

    # ------------------------------------------------------------ the camera

    def camera(self) -> QMatrix4x4:
        """From the scene to the screen; everything fits, however the view is cut."""
        return self.orbit.sees(self._half_height(), max(self.width(), 1) / max(self.height(), 1))

    def _half_height(self) -> float:
        rim = MARGIN * self.look.scale if self.roomy() else 0
        return max(HALF_HEIGHT / max(self.height() - rim, 1), HALF_WIDTH / max(self.width(), 1)) * self.height()

    def roomy(self) -> bool:
        """There is room for numbers at the axes' ends, not only for their names."""
        return min(self.width(), self.height()) > ROOMY * self.look.scale

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        by = event.position() - self._dragged_from
        self._dragged_from = event.position()
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.orbit.turn(-by.x(), by.y())
        elif event.buttons() & Qt.MouseButton.MiddleButton:
            scale = 2 * self._half_height() * self.orbit.distance / DISTANCE / max(self.height(), 1)
            self.orbit.pan(-by.x() * scale, by.y() * scale)
        else:
            return
        self.redraw()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.orbit = Orbit(self.elevation)
        self.redraw()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.orbit.zoom(0.999 ** event.angleDelta().y())
        self.redraw()

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        size = QSize(math.ceil(self.width() * ratio), math.ceil(self.height() * ratio))
        if (self._picture.size(), self._picture.devicePixelRatio()) != (size, ratio):
            self._stale.add(GROUND)
        if self._stale:
            self._picture = self._drawn(size)
            self._picture.setDevicePixelRatio(ratio)
        painter = QPainter(self)
        painter.drawImage(0, 0, self._picture)
        self._write(painter)
        painter.end()

    def _write(self, painter: QPainter) -> None:
        """Names and ends of the axes, along the two edges of the floor that are nearest."""
        camera, eye = self.camera(), self.orbit.eye()
        if eye.z() < 0:
            return
        painter.setFont(self.look.font(12))
        painter.setPen(self.look.colour("quiet"))
        towards = np.array([eye.x(), eye.y()]) / max(math.hypot(eye.x(), eye.y()), 1e-9)
        for upright, (name, ends) in enumerate(self._axes):
            aside = towards[1 - upright]
            if abs(aside) < SLANT:
                continue
            out = math.copysign(1, aside)
            texts = [(name, 0.0)]
            if self.roomy():
                texts += [(written(ends[0]), -0.93), (written(ends[1]), 0.93)]
            for text, along in texts:
                rim, at = (
                    camera.map(QVector3D(far * out, along, 0) if upright else QVector3D(along, far * out, 0))
                    for far in (1, OUTSIDE)
                )
                x, y = (at.x() + 1) / 2 * self.width(), (1 - at.y()) / 2 * self.height()
                y = min(max(y, HALF_LINE), self.height() - HALF_LINE)
                beside = (at.x() - rim.x()) / max(math.hypot(at.x() - rim.x(), at.y() - rim.y()), 1e-9)
                long = painter.fontMetrics().horizontalAdvance(text)
                x += beside * long / 3  # a long one must not reach inward
                within = max(min(x, self.width() - long / 2), long / 2)  # nor out of the card
                x, y = within, min(y + 2.5 * abs(x - within), self.height() - HALF_LINE)  # off the relief
                painter.drawText(QRectF(x - 60, y - 10, 120, 20), Qt.AlignmentFlag.AlignCenter, text)

    # ------------------------------------------------------------ OpenGL

    def _drawn(self, size: QSize) -> QImage:
        """A picture of what there is now; an empty one where OpenGL has gone away."""
        began = monotonic()
        context = shared()
        if not context.begin():
            picture = QImage(size, QImage.Format.Format_RGB32)
            picture.fill(self.look.colour("card"))
            return picture
        if self._canvases is None or self._canvases[0].size() != size:
            self._canvases = canvas(size), canvas(size)
        ground, top = self._canvases
        gl = context.functions()
        gl.glViewport(0, 0, size.width(), size.height())
        anew = GROUND in self._stale
        self._upload()
        self._novelties = 0
        if anew:
            ground.bind()
            self._draw_ground(gl)
        top.bind()
        QOpenGLFramebufferObject.blitFramebuffer(top, ground, GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT)
        self._draw_upon_it(gl)
        gl.glFinish()  # the read-back would wait as well, but keep Python's other threads waiting with it
        top.release()
        picture = top.toImage()
        context.end()
        self._rest.stop()
        now = monotonic()
        self._rested_at = now + REST * (now - began)
        if self._stale:
            self._rest.start(0)
        return picture

    def _may_draw_with(self, program: str) -> bool:
        """Only one for the first time in a picture while a person looks on: in software each takes up to 0.1 s."""
        if program not in shared().practised:
            watched = self.isVisible() and not self.window().testAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
            if watched and self._novelties:
                self._stale.add(THE_REST)
                return False
            self._novelties += 1
            shared().practised.add(program)
        return True

    def _draw_ground(self, gl: QOpenGLFunctions) -> None:
        """The mesh alone: most of the work, and the same in frame after frame."""
        ground = self.look.colour("card")
        gl.glClearColor(ground.redF(), ground.greenF(), ground.blueF(), 1.0)
        gl.glClear(GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT)
        if self._mesh is None:
            return
        self._may_draw_with("sheet")
        gl.glEnable(GL_DEPTH_TEST)
        gl.glDepthFunc(GL_LEQUAL)
        layout = {"place": (0, 3), "colour": (12, 3), "shade": (24, 1)}
        with Bound(shared().sheet, self._buffers["mesh"], 28, layout) as put:
            put(camera=self.camera(), levels=LEVELS, line=self._white(0.3), stroke=self._pixels(1))
            self._buffers["triangles"].bind()
            from_the_first: Any = VoidPtr(0)
            gl.glDrawElements(GL_TRIANGLES, self._mesh[1].size, GL_UNSIGNED_INT, from_the_first)
            self._buffers["triangles"].release()

    def _draw_upon_it(self, gl: QOpenGLFunctions) -> None:
        camera = self.camera()
        gl.glEnable(GL_DEPTH_TEST)
        gl.glEnable(GL_BLEND)
        gl.glBlendFunc(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA)
        gl.glDepthMask(False)
        for name, strokes in self._strokes.items():
            self._draw_strokes(gl, name, strokes, camera)
        self._draw_discs(gl, camera)
        gl.glDepthMask(True)
        gl.glDisable(GL_BLEND)

    def _upload(self) -> None:
        """Hand over what changed since the last picture."""
        data: dict[str, np.ndarray] = {name: strokes.vertices for name, strokes in self._strokes.items()}
        data["discs"] = self._discs
        if self._mesh is not None:
            data["mesh"], data["triangles"] = self._mesh
        for name in self._stale & data.keys():
            buffer = self._buffers.get(name)
            if buffer is None:
                kind = QOpenGLBuffer.Type.IndexBuffer if name == "triangles" else QOpenGLBuffer.Type.VertexBuffer
                buffer = self._buffers[name] = QOpenGLBuffer(kind)
                buffer.create()
            array = data[name]
            buffer.bind()
            buffer.allocate(array.tobytes(), array.nbytes)
            buffer.release()
        self._stale.clear()

    def _draw_strokes(self, gl: QOpenGLFunctions, name: str, strokes: Strokes, camera: QMatrix4x4) -> None:
        if not strokes.runs or not self._may_draw_with("ribbon"):
            return
        half = self._pixels(strokes.width) / 2
        reach = half + 0.5 + (self._pixels(RIM) if strokes.halo else 0)
        layout = {"before": (0, 3), "place": (40, 3), "after": (80, 3), "ink": (52, 2)}
        with Bound(shared().ribbon, self._buffers[name], 20, layout) as put:
            put(camera=camera, eye=self.orbit.eye(), room=self._room(), half_width=half, reach=reach)
            put(nearer=NEARER if strokes.raised else 0.0)
            for through in (True, False) if strokes.raised else (False,):
                (gl.glDisable if through else gl.glEnable)(GL_DEPTH_TEST)
                for first, count, colour in strokes.runs:
                    put(colour=_faded(colour, HIDDEN) if through else colour)
                    put(halo=_faded(colour, 0) if through or not strokes.halo else strokes.halo)
                    gl.glDrawArrays(GL_TRIANGLE_STRIP, first, count)

    def _draw_discs(self, gl: QOpenGLFunctions, camera: QMatrix4x4) -> None:
        if not len(self._discs) or not self._may_draw_with("disc"):
            return
        layout = {"place": (0, 3), "colour": (12, 3), "corner": (24, 2)}
        with Bound(shared().disc, self._buffers["discs"], 32, layout) as put:
            put(camera=camera, eye=self.orbit.eye(), room=self._room(), nearer=2 * NEARER)
            put(radius=self._pixels(self._radius), width=self._pixels(self._radius / 4), ring=self._white())
            for through in (True, False):
                (gl.glDisable if through else gl.glEnable)(GL_DEPTH_TEST)
                put(strength=HIDDEN_DISC if through else 1.0)
                gl.glDrawArrays(GL_TRIANGLES, 0, len(self._discs))

    def _white(self, alpha: float = 1) -> QColor:
        """The theme's lightest colour: lines and rings part from every colour map by it."""
        return self.look.colour("text" if self.look.theme.name == "dark" else "card", alpha)

    def _pixels(self, length: float) -> float:
        return length * self.look.scale * self.devicePixelRatioF()

    def _room(self) -> QVector2D:
        return QVector2D(self.width(), self.height()) * self.devicePixelRatioF() / 2


def _faded(colour: QColor, strength: float) -> QColor:
    faded = QColor(colour)
    faded.setAlphaF(colour.alphaF() * strength)
    return faded
