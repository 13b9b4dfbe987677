"""A widget as a file: a PNG at any scale, or an SVG."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QIODevice, QRect
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from lab.files import write_whole

OUTLINED = (  # QSvgGenerator draws the outline that a formula's letters do not have
    b'stroke="#000000" stroke-opacity="1" stroke-width="1" stroke-linecap="butt" stroke-linejoin="miter" '
    b'stroke-miterlimit="4"'
)


def still(widget: QWidget, scale: float) -> QImage:
    """A widget as a picture with so many pixels for each of its own."""
    size = widget.size()
    image = QImage(round(size.width() * scale), round(size.height() * scale), QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    image.fill(widget.palette().window().color())
    widget.render(image)
    return image


def png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def svg(widget: QWidget) -> bytes:
    """A widget as a drawing; what is made of pixels stays a picture in it."""
    buffer, generator, size = QBuffer(), QSvgGenerator(), widget.size()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setResolution(96)
    generator.setTitle("Watchglass")
    dots = [item for view in widget.findChildren(pg.GraphicsView) for item in view.items()]
    dots = [item for item in dots if isinstance(item, pg.ScatterPlotItem)]
    for item in dots:
        item.setExportMode(True)  # each a shape, instead of a cut-out of a picture of them all
    widget.render(generator)
    for item in dots:
        item.setExportMode(False)
    return bytes(buffer.data().data()).replace(OUTLINED, b'stroke="none"')


def write_picture(widget: QWidget, path: str, scale: float) -> None:
    """As the ending of the path says."""
    write_whole(path, svg(widget) if path.lower().endswith(".svg") else png(still(widget, scale)))
