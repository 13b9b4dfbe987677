"""The view of a Surface in OpenGL: the lit relief, its floor, trails and discs, seen from a camera that one drags.

Only widgets/marks/surface.py imports this, once it knows that OpenGL is there. Buffers and programs are Qt's: they know
the context they belong to and free themselves in it, however the view is re-parented or closed.
"""

from __future__ import annotations

import math
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
from OpenGL import GL
from pyqtgraph import Vector
from pyqtgraph.opengl import GLViewWidget
from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QMatrix4x4,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSurfaceFormat,
    QVector2D,
    QVector3D,
    QWheelEvent,
)
from PySide6.QtOpenGL import QOpenGLBuffer, QOpenGLShaderProgram
from PySide6.QtWidgets import QWidget

from lab.marks import Range
from widgets.look import Look
from widgets.marks.glsl import DISC, RIBBON, SHEET, Bound, program
from widgets.marks.lighting import HEIGHT, Floats, Ink, written

REST = 3.0  # after painting, this many times as long is left to the rest of the window
AZIMUTH, ELEVATION, DISTANCE = -60.0, 38.0, 6.0
NEAREST, FARTHEST = 0.45, 2.5  # of the distance it opens with
CENTRE = Vector(0, 0, 0.3 * HEIGHT)
HALF_WIDTH, HALF_HEIGHT = 1.58, 1.30  # what must be in view about the centre
RADIUS = 1.8  # of everything, about the centre

CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, -1), (1, 1), (-1, 1)], dtype=np.float32)
LEVELS = 14.0  # contour lines
HIDDEN = 0.22  # what is behind the relief shows through this much
RIM = 1.2  # the width of a halo, in pixels
ROOMY, MARGIN, HALF_LINE = 220, 40, 9  # pixels
SLANT = 0.25  # an edge that runs this nearly towards the eye is not written on
OUTSIDE = 1.14  # where the axes are written; the floor ends at 1
NEARER = 0.02  # trails are drawn this much nearer than the ground they lie on

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


class Scene(GLViewWidget):
    """Draws what it is given: a mesh, strokes and discs. Dragging turns it, the wheel zooms, a double-click resets."""

    _writing: Writing | None = None  # not yet, while the base class is made
    failed = Signal()  # the programs could not be made on this machine

    def __init__(self, look: Look) -> None:
        super().__init__()
        wanted = QSurfaceFormat(self.format())
        wanted.setSamples(4)
        wanted.setDepthBufferSize(24)
        self.setFormat(wanted)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # arrow keys step the run
        self.setMinimumSize(80, 60)
        self.look = look
        self._writing = Writing(self)
        self._mesh: tuple[Ink, np.ndarray] | None = None
        self._strokes: dict[str, Strokes] = {}
        self._discs = np.empty((0, 8), dtype=np.float32)
        self._buffers: dict[str, QOpenGLBuffer] = {}
        self._programs: tuple[QOpenGLShaderProgram, ...] = ()
        self._stale: set[str] = set()
        self._rested_at = 0.0
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(super().update)
        self.look_from_the_front()

    # ------------------------------------------------------------ what is shown

    def set_mesh(self, vertices: Ink | None, triangles: np.ndarray | None = None) -> None:
        self._mesh = None if vertices is None or triangles is None else (vertices, triangles)
        self._changed("mesh", "triangles")

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

    def set_discs(self, discs: Ink) -> None:
        """Places and colours (n, 6)."""
        self._discs = np.hstack([np.repeat(discs, 6, axis=0), np.tile(CORNERS, (len(discs), 1))])
        self._changed("discs")

    def set_axes(self, *axes: Axis) -> None:
        """What is written along the floor: the name and the range of x, then of y; or nothing."""
        if self._writing is not None:
            self._writing.axes = axes
            self._writing.update()

    def update(self) -> None:
        """The camera moved, or something larger changed."""
        super().update()
        if self._writing is not None:
            self._writing.update()

    def _changed(self, *names: str) -> None:
        """New things to show: at once, or after a rest where painting is slow (the writing stays)."""
        self._stale.update(names)
        wait = self._rested_at - monotonic()
        if wait <= 0:
            super().update()
        elif not self._rest.isActive():
            self._rest.start(math.ceil(1000 * wait))

    # ------------------------------------------------------------ the camera

    def look_from_the_front(self) -> None:
        self.setCameraPosition(pos=Vector(CENTRE), distance=DISTANCE, elevation=ELEVATION, azimuth=AZIMUTH)

    def camera(self) -> QMatrix4x4:
        """From the scene to the screen; everything fits, however the view is cut."""
        width, height = max(self.width(), 1), max(self.height(), 1)
        rim = MARGIN * self.look.scale if self.roomy() else 0
        half_height = height * max(HALF_HEIGHT / (height - rim), HALF_WIDTH / width) / DISTANCE
        self.opts["fov"] = 2 * math.degrees(math.atan(half_height * width / height))  # the base class pans by it
        distance = self.opts["distance"]
        near, far = max(distance - 2 * RADIUS, 0.1), distance + 2 * RADIUS
        matrix = QMatrix4x4()
        matrix.perspective(2 * math.degrees(math.atan(half_height)), width / height, near, far)
        return matrix * self.viewMatrix()

    def roomy(self) -> bool:
        """There is room for numbers at the axes' ends, not only for their names."""
        return min(self.width(), self.height()) > ROOMY * self.look.scale

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._writing is not None:
            self._writing.resize(event.size())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.look_from_the_front()

    def wheelEvent(self, event: QWheelEvent) -> None:
        distance = self.opts["distance"] * 0.999 ** event.angleDelta().y()
        self.setCameraPosition(distance=min(max(distance, NEAREST * DISTANCE), FARTHEST * DISTANCE))

    # ------------------------------------------------------------ OpenGL

    def initializeGL(self) -> None:
        """A fresh context: the first, or another after the view was put into another window."""
        self._buffers = {}
        self._stale = {"mesh", "triangles", "discs", *self._strokes}
        try:
            self._programs = tuple(program(*sources) for sources in (SHEET, RIBBON, DISC))
        except RuntimeError:
            self._programs = ()
            self.failed.emit()

    def paintGL(self, *_: Any, **__: Any) -> None:
        """Paint, and see how long it takes: where OpenGL runs in software, the other panels come first."""
        began = monotonic()
        self._paint()
        GL.glFinish()
        now = monotonic()
        self._rested_at = now + REST * (now - began)

    def _paint(self) -> None:
        ground = self.look.colour("card")
        GL.glClearColor(ground.redF(), ground.greenF(), ground.blueF(), 1.0)
        GL.glDepthMask(True)
        GL.glClear(GL.GL_COLOR_BUFFER_BIT | GL.GL_DEPTH_BUFFER_BIT)
        if not self._programs:
            return
        self._upload()
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glDepthFunc(GL.GL_LEQUAL)
        GL.glDisable(GL.GL_CULL_FACE)
        camera = self.camera()
        self._draw_mesh(camera)
        GL.glEnable(GL.GL_BLEND)
        # The view's own alpha stays 1, or the card would shine through it.
        GL.glBlendFuncSeparate(GL.GL_SRC_ALPHA, GL.GL_ONE_MINUS_SRC_ALPHA, GL.GL_ONE, GL.GL_ONE)
        GL.glDepthMask(False)
        for name, strokes in self._strokes.items():
            self._draw_strokes(name, strokes, camera)
        self._draw_discs(camera)
        GL.glDepthMask(True)
        GL.glDisable(GL.GL_BLEND)
        GL.glDisable(GL.GL_DEPTH_TEST)

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

    def _draw_mesh(self, camera: QMatrix4x4) -> None:
        if self._mesh is None:
            return
        layout = {"place": (0, 3), "colour": (12, 3), "shade": (24, 1)}
        with Bound(self._programs[0], self._buffers["mesh"], 28, layout) as put:
            put(camera=camera, levels=LEVELS, line=self._white(0.3), stroke=self._pixels(1))
            self._buffers["triangles"].bind()
            GL.glDrawElements(GL.GL_TRIANGLES, self._mesh[1].size, GL.GL_UNSIGNED_INT, None)
            self._buffers["triangles"].release()

    def _draw_strokes(self, name: str, strokes: Strokes, camera: QMatrix4x4) -> None:
        if not strokes.runs:
            return
        half = self._pixels(strokes.width) / 2
        reach = half + 0.5 + (self._pixels(RIM) if strokes.halo else 0)
        layout = {"before": (0, 3), "place": (40, 3), "after": (80, 3), "ink": (52, 2)}
        with Bound(self._programs[1], self._buffers[name], 20, layout) as put:
            put(camera=camera, eye=self.cameraPosition(), room=self._room(), half_width=half, reach=reach)
            put(nearer=NEARER if strokes.raised else 0.0)
            for through in (True, False) if strokes.raised else (False,):
                self._see_through(through)
                for first, count, colour in strokes.runs:
                    put(colour=_faded(colour, HIDDEN) if through else colour)
                    put(halo=_faded(colour, 0) if through or not strokes.halo else strokes.halo)
                    GL.glDrawArrays(GL.GL_TRIANGLE_STRIP, first, count)

    def _draw_discs(self, camera: QMatrix4x4) -> None:
        if not len(self._discs):
            return
        layout = {"place": (0, 3), "colour": (12, 3), "corner": (24, 2)}
        with Bound(self._programs[2], self._buffers["discs"], 32, layout) as put:
            put(camera=camera, eye=self.cameraPosition(), room=self._room(), nearer=2 * NEARER)
            put(radius=self._pixels(7.5), width=self._pixels(2), ring=self._white())
            for through in (True, False):
                self._see_through(through)
                put(strength=2 * HIDDEN if through else 1.0)
                GL.glDrawArrays(GL.GL_TRIANGLES, 0, len(self._discs))

    def _white(self, alpha: float = 1) -> QColor:
        """The theme's lightest colour: lines and rings part from every colour map by it."""
        return self.look.colour("text" if self.look.theme.name == "dark" else "card", alpha)

    def _see_through(self, through: bool) -> None:
        (GL.glDisable if through else GL.glEnable)(GL.GL_DEPTH_TEST)

    def _pixels(self, length: float) -> float:
        return length * self.look.scale * self.devicePixelRatioF()

    def _room(self) -> QVector2D:
        return QVector2D(self.width(), self.height()) * self.devicePixelRatioF() / 2


class Writing(QWidget):
    """Names and ends of the axes, along the two edges of the floor that are nearest.

    It lies over the view: what a QPainter writes into an OpenGL widget is missing from a grabbed picture.
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.scene = scene
        self.axes: tuple[Axis, ...] = ()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        camera, eye = self.scene.camera(), self.scene.cameraPosition()
        if eye.z() < 0:
            return
        painter = QPainter(self)
        painter.setFont(self.scene.look.font(12))
        painter.setPen(self.scene.look.colour("quiet"))
        towards = np.array([eye.x(), eye.y()]) / max(math.hypot(eye.x(), eye.y()), 1e-9)
        for upright, (name, ends) in enumerate(self.axes):
            aside = towards[1 - upright]
            if abs(aside) < SLANT:
                continue
            out = math.copysign(OUTSIDE, aside)
            texts = [(name, 0.0)]
            if self.scene.roomy():
                texts += [(written(ends[0]), -0.93), (written(ends[1]), 0.93)]
            for text, along in texts:
                at = camera.map(QVector3D(out, along, 0) if upright else QVector3D(along, out, 0))
                x, y = (at.x() + 1) / 2 * self.width(), (1 - at.y()) / 2 * self.height()
                y = min(max(y, HALF_LINE), self.height() - HALF_LINE)
                painter.drawText(QRectF(x - 60, y - 10, 120, 20), Qt.AlignmentFlag.AlignCenter, text)
        painter.end()


def _faded(colour: QColor, strength: float) -> QColor:
    faded = QColor(colour)
    faded.setAlphaF(colour.alphaF() * strength)
    return faded
