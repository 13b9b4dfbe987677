"""The editor of a Picture: drawn by hand, or read from a file and scaled to its shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from PySide6.QtWidgets import QFileDialog, QHBoxLayout

from lab.controls import Picture
from widgets.controls import Editor
from widgets.controls.canvas import Canvas
from widgets.controls.icon_button import IconButton

MOST = 50_000_000  # pixels in a file: some small files unpack to gigabytes


class PictureEditor(Editor):
    """Each stroke is a gesture."""

    control: Picture

    def build(self) -> None:
        label = self.control.label
        self.canvas = Canvas(f"{label}, a picture to draw on", self.look)
        self.clear = IconButton("close", f"Clear {label}", text="Clear")
        self.open = IconButton("upload", f"Load {label} from a file", text="Load…")
        self.canvas.began.connect(self.begin)
        self.canvas.drew.connect(self.edit)
        self.clear.clicked.connect(lambda: self.typed(np.zeros((self.control.height, self.control.width))))
        self.open.clicked.connect(self._ask)
        self.body.addWidget(self.canvas)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.clear)
        row.addWidget(self.open)
        row.addStretch(1)
        self.body.addLayout(row)

    def display(self, value: np.ndarray) -> None:
        self.canvas.show_pixels(value)

    def held(self) -> bool:
        return self.canvas.light is not None

    def load(self, path: str | Path) -> None:
        """Take a picture from a file, or say why that cannot be."""
        try:
            self.typed(read(Path(path), self.control.height, self.control.width))
        except ValueError as wrong:
            self.show_error(str(wrong))

    def _ask(self) -> None:
        kinds = "Pictures (*.png *.jpg *.jpeg *.gif *.bmp *.webp *.tif *.tiff);;All files (*)"
        path, _ = QFileDialog.getOpenFileName(self, f"Load {self.control.label}", "", kinds)
        if path:
            self.load(path)


def read(path: Path, height: int, width: int) -> np.ndarray:
    """A picture in grey, from 0 to 1, whole within the shape; what it does not cover is 0."""
    try:
        with Image.open(path) as file:
            if file.width * file.height > MOST:
                size = f"{file.width} × {file.height}"
                raise ValueError(f"{path.name} has {size} pixels: choose a picture of at most 50 million")
            grey = ImageOps.exif_transpose(file).convert("L")
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError):
        raise ValueError(f"{path.name} cannot be read as a picture: choose a PNG, JPEG, GIF or BMP file") from None
    return np.asarray(ImageOps.pad(grey, (width, height)), dtype=float) / 255
