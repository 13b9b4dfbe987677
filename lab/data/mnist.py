"""MNIST from a folder of the user's: its four IDX files, plain or .gz, checked before they are believed."""

from __future__ import annotations

import gzip
import zlib
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lab.data.images import Pictures

IMAGES, LABELS = 0x803, 0x801  # the first number of a file: bytes in 3 dimensions, and in 1
MOST = 100_000  # pictures a file
WIDEST = 64  # pixels
PARTS = (("train-images", "train-labels"), ("t10k-images", "t10k-labels"))


@lru_cache(maxsize=1)
def mnist(folder: str, most: int = MOST) -> tuple[Pictures, Pictures]:
    """Pictures to train on, the first `most` of them, and all those to test on."""
    home = Path(folder).expanduser()
    if not home.is_dir():
        raise ValueError(f"there is no folder {folder!r}: name the one that holds the four files of MNIST")
    return _read(home, *PARTS[0], most), _read(home, *PARTS[1], MOST)


def _read(home: Path, images: str, labels: str, most: int) -> Pictures:
    (count, height, width), pixels = _contents(_found(home, images, 3), IMAGES, 3, most)
    (named,), digits = _contents(_found(home, labels, 1), LABELS, 1, most)
    if named != count:
        raise ValueError(f"{images} has {count} pictures and {labels} has {named}: take both from one source")
    if digits.max() > 9:
        raise ValueError(f"{labels} holds the label {digits.max()}: labels must be digits from 0 to 9")
    pictures = pixels.reshape(-1, height, width).astype(np.float32) / 255
    return Pictures(pictures, digits.astype(np.int64), tuple("0123456789"))


def _found(home: Path, part: str, dimensions: int) -> Path:
    """train-images-idx3-ubyte, or with a point before idx3 as some sites have it; plain before .gz."""
    name = f"{part}-idx{dimensions}-ubyte"
    for ending in ("", ".gz"):
        for written in (name, name.replace("-idx", ".idx")):
            if (home / (written + ending)).is_file():
                return home / (written + ending)
    raise ValueError(f"{home.name} has no {name} and no {name}.gz: put the four files of MNIST into it")


def _contents(path: Path, magic: int, dimensions: int, most: int) -> tuple[tuple[int, ...], np.ndarray]:
    """The sizes that the header tells, and as many bytes as they ask for, never more."""
    try:
        with _opened(path) as file:
            start = file.read(4 * (1 + dimensions))
            header = np.frombuffer(start[: len(start) // 4 * 4], dtype=">u4").tolist()
            if len(header) != 1 + dimensions or header[0] != magic:
                kind = "pictures" if magic == IMAGES else "labels"
                raise ValueError(f"{path.name} is no IDX file of {kind}: its first bytes should be {magic:08x}")
            sizes = tuple(header[1:])
            if not 1 <= sizes[0] <= MOST or any(not 1 <= side <= WIDEST for side in sizes[1:]):
                room = f"1 to {MOST} items" + f" of at most {WIDEST} × {WIDEST} pixels" * (dimensions > 1)
                raise ValueError(f"{path.name} must hold {room}, not {' × '.join(map(str, sizes))}")
            wanted = min(sizes[0], most) * int(np.prod(sizes[1:], dtype=int))
            held = file.read(wanted)
    except (OSError, EOFError, zlib.error) as wrong:
        raise ValueError(f"{path.name} cannot be read ({wrong}): fetch it again") from None
    if len(held) != wanted:
        raise ValueError(f"{path.name} is cut short: it has {len(held)} of {wanted} bytes, so fetch it again")
    return sizes, np.frombuffer(held, dtype=np.uint8)


def _opened(path: Path) -> BinaryIO:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]
