"""Images: small pictures in a grid (filters, feature maps, samples), composed into one."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from widgets.marks.matrix import CanvasPainter, coloured, image

GAP = 6  # pixels between pictures, and between tiny ones
TINY_GAP = 2
NARROW = 24  # pixels: a picture so narrow is tiny and has no room for a caption


class Grid(NamedTuple):
    """Where the pictures lie."""

    columns: int
    left: float
    top: float
    width: float  # of a picture
    height: float
    gap: float
    caption: float  # the height of a line under each, 0 for none

    def corner(self, index: int) -> QPointF:
        row, column = divmod(index, self.columns)
        return QPointF(self.left + column * self.across, self.top + row * self.down)

    @property
    def across(self) -> float:
        return self.width + self.gap

    @property
    def down(self) -> float:
        return self.height + self.caption + self.gap


class ImagesPainter(CanvasPainter):
    pixels: NDArray[np.uint32] = np.empty((0, 0, 0), np.uint32)
    grid = Grid(1, 0, 0, 1, 1, 0, 0)

    def take(self, pictures: Any, captions: Any, chosen: Any) -> None:
        self.pictures = np.asarray(() if pictures is None else pictures)
        in_colour = self.pictures.ndim == 4 and self.pictures.shape[-1] == 3
        if not (self.pictures.ndim == 3 or in_colour) or not self.pictures.size:
            self.pictures, in_colour = np.empty((0, 0, 0)), False
        self.captions = [] if captions is None else [str(text) for text in captions]
        self.chosen = -1 if chosen is None else int(chosen)
        self.pixels = self.pictures
        if in_colour:
            red, green, blue = np.moveaxis((np.nan_to_num(self.pictures).clip(0, 1) * 255.999).astype(np.uint32), -1, 0)
            self.pixels = 0xFF000000 | red << 16 | green << 8 | blue
        elif self.pictures.size:
            self.pixels = coloured(self.pictures, self.mark.colours, self.look.theme, apart=not self.mark.shared)

    def paint(self, p: QPainter) -> None:
        if not self.pixels.size:
            return
        self.grid = grid = self._laid_out()
        ratio = self.canvas.devicePixelRatioF()
        composed = image(self._composed(ratio))
        composed.setDevicePixelRatio(ratio)
        for index in np.flatnonzero((self.pixels == 0).any(axis=(1, 2))).tolist():  # its clear pixels show this
            p.fillRect(QRectF(grid.corner(index), QSizeF(grid.width, grid.height)), self.look.colour("field"))
        p.drawImage(QPointF(0, 0), composed)
        if grid.caption:
            p.setFont(self.look.font(11))
            p.setPen(self.look.colour("quiet"))
            metrics = QFontMetricsF(p.font())
            for index, text in enumerate(self.captions[: len(self.pixels)]):
                line = QRectF(grid.corner(index) + QPointF(-GAP / 2, grid.height), QSizeF(grid.across, grid.caption))
                short = metrics.elidedText(text, Qt.TextElideMode.ElideRight, line.width())
                p.drawText(line, Qt.AlignmentFlag.AlignCenter, short)
        if 0 <= self.chosen < len(self.pixels):
            p.setPen(self.look.pen("accent", 2))
            around = QRectF(grid.corner(self.chosen), QSizeF(grid.width, grid.height)).adjusted(-2, -2, 2, 2)
            p.drawRoundedRect(around, 2, 2)

    def over(self, at: QPointF | None) -> str:
        if at is None or (index := self._index(at)) is None:
            return ""
        inside = at - self.grid.corner(index)
        height, width = self.pictures.shape[1:3]
        row = min(height - 1, int(inside.y() / self.grid.height * height))
        column = min(width - 1, int(inside.x() / self.grid.width * width))
        caption = self.captions[index] if index < len(self.captions) else f"picture {index + 1}"
        value = str(self.pictures[index, row, column]).replace("-", "−")
        return f"{caption}\nrow {row + 1}, column {column + 1}: {value}"

    def press(self, at: QPointF) -> None:
        index = self._index(at)
        if self.mark.pick and index is not None:
            self.hands.pick(self.mark.pick, index)

    def _index(self, at: QPointF) -> int | None:
        """The picture at a place."""
        grid = self.grid
        column = math.floor((at.x() - grid.left) / grid.across)
        row = math.floor((at.y() - grid.top) / grid.down)
        index = row * grid.columns + column
        if not (0 <= column < grid.columns and 0 <= index < len(self.pixels)):
            return None
        return index if QRectF(grid.corner(index), QSizeF(grid.width, grid.height)).contains(at) else None

    # ------------------------------------------------------------ arranging and composing

    def _laid_out(self) -> Grid:
        """The number of columns that makes the pictures largest, with captions where they have room."""
        count, height, width = self.pixels.shape
        W, H = self.canvas.width() - 6, self.canvas.height() - 6  # room for the frame of the chosen one
        line = QFontMetricsF(self.look.font(11)).height() if self.captions else 0.0
        for gap, caption in ((GAP, line), (GAP, 0.0), (TINY_GAP, 0.0)):
            scales = [_scale(k, count, W, H, width, height, gap, caption) for k in range(1, count + 1)]
            columns = min(self.mark.columns, count) or int(np.argmax(scales)) + 1
            scale = scales[columns - 1]
            if scale * width >= NARROW * self.look.scale:
                break
        scale = math.floor(scale) if scale >= 5 else max(scale, 1 / max(width, height))  # whole where it costs little
        grid = Grid(columns, 0, 0, scale * width, scale * height, gap, caption)
        left = (W + 6 + gap - columns * grid.across) / 2
        top = (H + 6 + gap - math.ceil(count / columns) * grid.down) / 2
        return grid._replace(left=round(left), top=round(top))

    def _composed(self, ratio: float) -> NDArray[np.uint32]:
        """Every pixel of the canvas from the pixel of a picture that lies there, clear where none does."""
        count, height, width = self.pixels.shape
        grid, columns = self.grid, self.grid.columns
        rows = math.ceil(count / columns)
        sheet = np.zeros((rows * columns, height, width), np.uint32)
        sheet[:count] = self.pixels
        sheet = sheet.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)
        sheet = np.pad(sheet, ((0, 1), (0, 1)))  # a clear row and column at the end, for the gaps
        size = self.canvas.size() * ratio
        down = _source((np.arange(size.height()) + 0.5) / ratio - grid.top, grid.down, grid.height, height, rows)
        across = _source((np.arange(size.width()) + 0.5) / ratio - grid.left, grid.across, grid.width, width, columns)
        return sheet[down[:, None], across[None, :]]


def _scale(columns: int, count: int, W: float, H: float, width: int, height: int, gap: float, caption: float) -> float:
    """How many times its own size a picture can be with so many columns."""
    rows = math.ceil(count / columns)
    across = (W + gap) / columns - gap
    down = (H + gap) / rows - gap - caption
    return min(across / width, down / height)


def _source(at: NDArray[Any], every: float, size: float, pixels: int, count: int) -> NDArray[np.intp]:
    """For places along one side of the grid, the pixel along the sheet that they show; the last for none."""
    which, inside = np.divmod(at, every)
    source = which * pixels + np.floor(inside / size * pixels)
    return np.where((inside < size) & (which >= 0) & (which < count), source, count * pixels).astype(np.intp)
