"""A folder of the person's own pictures, one sub-folder a class: grey, square, and bounded in number and size."""

from __future__ import annotations

import os
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np

from lab.data.images import Pictures
from lab.data.photos import ENDINGS

FEWEST = 5  # pictures a class: four to train on and one to test on
MOST = 500  # pictures a class that are read, the first by name
CLASSES = 20
LISTED = 20_000  # entries of a folder that are looked at
PIXELS = 50_000_000  # of a file that is opened
SIDES = (4, 128)

Found = tuple[tuple[str, tuple[tuple[str, int], ...]], ...]  # each class, its files and when they were written


def pictures(folder: str, side: int) -> Pictures:
    """All pictures, `side` pixels wide and high: of each class the first four fifths come before the rest."""
    if not SIDES[0] <= side <= SIDES[1]:
        raise ValueError(f"the side of a picture must be from {SIDES[0]} to {SIDES[1]} pixels, not {side}")
    return _read(_found(folder), side)


def _found(folder: str) -> Found:
    home = Path(folder).expanduser()
    if not folder or not home.is_dir():
        raise ValueError(f"there is no folder {folder!r}: name one that holds a sub-folder of pictures for each class")
    try:
        names = _entries(home, folders=True)
        if not 2 <= len(names) <= CLASSES:
            raise ValueError(f"{home.name} must hold 2 to {CLASSES} sub-folders, one for each class, not {len(names)}")
        found = tuple((name, _files(home / name)) for name in names)
    except OSError as wrong:
        raise ValueError(f"{home.name} cannot be read ({wrong.strerror}): choose a folder that you may open") from None
    for name, files in found:
        if len(files) < FEWEST:
            raise ValueError(f"{name} must hold {FEWEST} pictures or more ({', '.join(ENDINGS)}), not {len(files)}")
    return found


def _entries(home: Path, folders: bool) -> list[str]:
    """What lies in a folder and is not hidden, by name."""
    with os.scandir(home) as entries:
        chosen = (entry for entry in islice(entries, LISTED) if (entry.is_dir() if folders else entry.is_file()))
        return sorted(entry.name for entry in chosen if not entry.name.startswith("."))


def _files(home: Path) -> tuple[tuple[str, int], ...]:
    names = [name for name in _entries(home, folders=False) if name.lower().endswith(ENDINGS)]
    return tuple((str(home / name), (home / name).stat().st_mtime_ns) for name in names[:MOST])


@lru_cache(maxsize=1)
def _read(found: Found, side: int) -> Pictures:
    placed = [
        ((number + 0.5) / len(files), label, path)
        for label, (_, files) in enumerate(found)
        for number, (path, _) in enumerate(files)
    ]
    placed.sort()  # so that a cut at any share takes that share of every class
    images = np.stack([_opened(Path(path), side) for _, _, path in placed])
    return Pictures(images, np.array([label for _, label, _ in placed]), tuple(name for name, _ in found))


def _opened(path: Path, side: int) -> np.ndarray:
    """The middle square of a picture, grey and scaled."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    called = f"{path.parent.name}/{path.name}"
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > PIXELS:
                raise ValueError(f"{called} has more than {PIXELS // 1_000_000} million pixels: make it smaller")
            picture.draft("L", (2 * side, 2 * side))  # a large JPEG need not be unpacked whole
            upright = ImageOps.exif_transpose(picture).convert("L")
            return np.asarray(ImageOps.fit(upright, (side, side)), dtype=np.float32) / 255
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        raise ValueError(f"{called} is no picture that can be read: mend it or take it away") from None
