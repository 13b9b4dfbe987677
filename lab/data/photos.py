"""Pictures from dark 0 to bright 1: scikit-learn's two photographs, a painted one, drawn ones, or a file.

Colour has the shape (height, width, 3), grey (height, width).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

PHOTOS = {"painted sunset": "", "photograph of a flower": "flower.jpg", "photograph of a temple": "china.jpg"}
ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
MOST = 50_000_000  # pixels of a file that is opened
HEIGHT, WIDTH = 353, 469  # of grey ones: as the picture of the course text, 165,557 pixels
PHOTOGRAPHS = {"temple": "china.jpg", "flower": "flower.jpg"}
DRAWN = ("cross", "disc", "diagonal")
NAMES = (*PHOTOGRAPHS, *DRAWN)


@lru_cache(maxsize=8)
def photo(name: str, side: int) -> np.ndarray:
    """One of PHOTOS, `side` pixels wide and high."""
    if not PHOTOS[name]:
        return _square(_sunset(side), side)
    from sklearn.datasets import load_sample_image

    return _square(load_sample_image(PHOTOS[name]) / 255, side)


@lru_cache
def grey(name: str) -> np.ndarray:
    """One of NAMES, never to be written."""
    if name in PHOTOGRAPHS:
        from sklearn.datasets import load_sample_image

        colour = load_sample_image(PHOTOGRAPHS[name]).astype(float) / 255
        top, left = (colour.shape[0] - HEIGHT) // 2, (colour.shape[1] - WIDTH) // 2
        picture = (colour @ [0.299, 0.587, 0.114])[top : top + HEIGHT, left : left + WIDTH]
    elif name in DRAWN:
        picture = drawn(name)
    else:
        raise ValueError(f"a picture must be one of {', '.join(NAMES)}, not {name}")
    picture.flags.writeable = False
    return picture


def drawn(name: str, side: int = 64) -> np.ndarray:
    """Grey, of a known rank: a cross has 2, a disc many, a diagonal all."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    inside = {
        "cross": (np.abs(x) < side / 8) | (np.abs(y) < side / 8),
        "disc": x**2 + y**2 < (0.4 * side) ** 2,
        "diagonal": np.abs(x - y) < 1,
    }[name]
    return inside.astype(float)


def opened(path: str, side: int) -> np.ndarray:
    """A picture file of the person's, cut to a square."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(Path(path).expanduser()) as picture:
            if picture.width * picture.height > MOST:
                raise ValueError(f"{Path(path).name} has more than {MOST // 1_000_000} million pixels: make it smaller")
            return _square(np.asarray(picture.convert("RGB")), side, of=255)  # all of it in numbers takes a gigabyte
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        raise ValueError(f"there is no picture that can be read at {path!r}") from None


def _square(picture: np.ndarray, side: int, of: float = 1) -> np.ndarray:
    """The middle square, its pixels picked or repeated so that it is `side` wide, as shares `of` full brightness."""
    height, width = picture.shape[:2]
    least = min(height, width)
    at = (np.arange(side) + 0.5) * least / side
    rows, columns = (((full - least) // 2 + at).astype(int) for full in (height, width))
    cut = (picture[rows[:, None], columns[None, :]] / of).astype(np.float32)
    cut.setflags(write=False)
    return cut


def _sunset(side: int) -> np.ndarray:
    """A sun over hills and water."""
    y, x = np.mgrid[0:side, 0:side] / side
    sky = np.array([0.16, 0.16, 0.42]) * (1 - y[..., None]) + np.array([1.0, 0.5, 0.22]) * y[..., None] * 1.4
    sun = np.hypot(x - 0.62, y - 0.46)
    picture = sky + np.exp(-((sun / 0.16) ** 2))[..., None] * np.array([0.5, 0.35, 0.1])
    picture[sun < 0.085] = 1.0, 0.93, 0.62
    for base, height, colour in ((0.58, 0.09, (0.36, 0.2, 0.4)), (0.66, 0.06, (0.17, 0.13, 0.3))):
        ridge = base - height * (np.sin(7 * x + 9 * base) + 0.5 * np.sin(17 * x))
        picture[y > ridge] = colour
    water = y > 0.7
    glitter = 0.5 + 0.5 * np.sin(160 * y + 5 * np.sin(25 * x))
    path = np.exp(-(((x - 0.62) / (0.05 + 0.5 * (y - 0.7))) ** 2)) * glitter
    sea = np.array([0.1, 0.22, 0.4]) + path[..., None] * np.array([0.85, 0.5, 0.15])
    picture[water] = sea[water]
    return picture.clip(0, 1)
