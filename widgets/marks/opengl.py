"""OpenGL off the screen: the one context of this process, its programs, and whether it has any.

A window that holds an OpenGL widget is composed by OpenGL whichever of its panels repaints; where that runs in software
each repaint costs 20 ms. So nothing here ever has a window: pictures are drawn aside and read back.
"""

from __future__ import annotations

import atexit
import os
from functools import cache

from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext, QOpenGLFunctions
from PySide6.QtOpenGL import QOpenGLFramebufferObject, QOpenGLFramebufferObjectFormat

from widgets.marks.glsl import DISC, RIBBON, SHEET, program

SCREENLESS = ("minimal", "vnc", "linuxfb")  # Qt platforms that have no OpenGL, and say so on the terminal
SAMPLES = 4
RGB8 = 0x8051  # OpenGL's name for it: without alpha, Qt paints the picture by copying


class Context:
    """A context with a place to be current in, and the programs of a Surface."""

    def __init__(self) -> None:
        """A RuntimeError that says what is wrong where it cannot draw."""
        self._context, self._place = QOpenGLContext(), QOffscreenSurface()
        if not self._context.create():
            raise RuntimeError("No OpenGL here")
        self._place.setFormat(self._context.format())
        self._place.create()
        if not (self._place.isValid() and self.begin()):
            raise RuntimeError("No OpenGL here")
        if not QOpenGLFramebufferObject.hasOpenGLFramebufferBlit():
            raise RuntimeError("OpenGL is too old here")
        try:
            self.sheet, self.ribbon, self.disc = (program(*sources) for sources in (SHEET, RIBBON, DISC))
        except RuntimeError:
            raise RuntimeError("OpenGL cannot draw here") from None
        if not canvas(QSize(8, 8)).isValid():
            raise RuntimeError("OpenGL cannot draw here")
        self.practised: set[str] = set()  # programs that have drawn: at its first time the driver translates each
        self.end()

    def begin(self) -> bool:
        """Whether one can draw: not after a graphics card was taken away."""
        return self._context.makeCurrent(self._place)

    def end(self) -> None:
        self._context.doneCurrent()

    def functions(self) -> QOpenGLFunctions:
        return self._context.functions()


def canvas(size: QSize) -> QOpenGLFramebufferObject:
    """Somewhere to draw a picture of this size, in pixels, and to copy another one to."""
    wanted = QOpenGLFramebufferObjectFormat()
    if not QOpenGLContext.currentContext().isOpenGLES():  # that copies only what has rough edges
        wanted.setSamples(SAMPLES)
    wanted.setAttachment(QOpenGLFramebufferObject.Attachment.CombinedDepthStencil)
    wanted.setInternalTextureFormat(RGB8)
    return QOpenGLFramebufferObject(size, wanted)


@cache
def shared() -> Context:
    """The context of all pictures; ask `missing` first."""
    atexit.register(shared.cache_clear)  # before Python ends Qt, which would take the display from under it
    return Context()


@cache
def missing() -> str:
    """Why there is no OpenGL here, in words; empty where there is. Asked once a process."""
    platform = QGuiApplication.platformName()
    if platform in SCREENLESS or (platform == "offscreen" and not os.environ.get("DISPLAY")):
        return "No OpenGL on this display"
    try:
        shared()
    except RuntimeError as wrong:
        return str(wrong)
    return ""
