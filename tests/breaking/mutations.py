"""Valid files of every kind that is opened, and ways to break them: all drawn from one seeded generator."""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lab import glass
from lab.catalogue import Catalogue
from lab.session import Session

CATALOGUE = Catalogue()
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".gif": "GIF", ".bmp": "BMP", ".webp": "WEBP", ".tif": "TIFF"}
NUMBERS = ("1e999", "-1", "9" * 5000, "1e308", "9007199254740993", "0.1e-400", "NaN", "-Infinity", "٣", "0x10")
ODD: tuple[Any, ...] = (None, True, [], {}, "", "../../etc/passwd", "__class__", -1, 2**70, 1e308, [[[]]], {"a": 1},
                        "cos\nsystem", "9" * 4000, [0] * 5000, "\0", "__import__('os').system('true')")  # fmt: skip


def run(rng: random.Random) -> bytes:
    """A saved run of some experiment, with things done by hand."""
    session = Session(CATALOGUE.load("k-means"), {"points": {"n": 40}, "k": 3}, seed=5)
    if rng.random() < 0.5:
        quick = [name for name in CATALOGUE.entries if not CATALOGUE.load(name).uses_torch]
        kind = CATALOGUE.load(rng.choice(quick))
        session = Session(kind, dict(kind.tiny), seed=rng.randrange(100))
    else:
        session.seek(2)
        session.act("move_centre", [0, 1.0, 2.0])
    session.seek(4)
    session.bookmarks = {3: "here"}
    return json.dumps(glass.told(session), indent=1).encode()


def table(rng: random.Random) -> bytes:
    cut = rng.choice(",;\t|")
    rows = [cut.join((f"{rng.gauss(0, 1):.4f}", f"{rng.gauss(0, 1):.4f}", rng.choice("abc"))) for _ in range(60)]
    return "\n".join([cut.join(("width", "height", "kind")), *rows]).encode()


def picture(rng: random.Random, form: str = "PNG") -> bytes:
    side = rng.randrange(8, 60)
    pixels = np.random.default_rng(rng.randrange(99)).integers(0, 256, (side, side, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    image = image.convert(rng.choice(("RGB", "L") if form in ("JPEG", "WEBP") else ("RGB", "L", "P", "1")))
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


def bomb(rng: random.Random) -> bytes:
    """A small file that unpacks to just below what is allowed, or far above it."""
    side = rng.choice((7000, 40_000))
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, "PNG")
    return out.getvalue()


def digits(images: bool) -> bytes:
    rng = np.random.default_rng(3)
    if images:
        return struct.pack(">4I", 0x803, 20, 28, 28) + rng.integers(0, 256, 20 * 784, dtype=np.uint8).tobytes()
    return struct.pack(">2I", 0x801, 20) + rng.integers(0, 10, 20, dtype=np.uint8).tobytes()


def text(rng: random.Random) -> bytes:
    words = " ".join(rng.choice(("gradient", "Größe", "σ", "and", "the", "\n")) for _ in range(300))
    return words.encode(rng.choice(("utf-8", "utf-8-sig", "utf-16")))


# ---------------------------------------------------------------- ways to break them


def flip(rng: random.Random, raw: bytes) -> bytes:
    broken = bytearray(raw)
    for _ in range(rng.randrange(1, 12)):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def cut(rng: random.Random, raw: bytes) -> bytes:
    return raw[: rng.randrange(len(raw))]


def repeat(rng: random.Random, raw: bytes) -> bytes:
    first = rng.randrange(len(raw))
    last = rng.randrange(first, min(len(raw), first + 400) + 1)
    return raw[:last] + raw[first:last] * rng.choice((1, 2, 500)) + raw[last:]


def put(rng: random.Random, raw: bytes) -> bytes:
    """Bytes that no such file should hold: NUL, bad encodings, deep nesting, other files' beginnings."""
    at = rng.randrange(len(raw) + 1)
    odd = rng.choice(
        (b"\0", b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"[" * 100_000, b'{"a":' * 50_000, b'"', b"\r", b"\x1a",
         b"\x80\x04\x95", b"\xff\xff\xff\xff", "\u202e\u0000".encode(), b"(" * 5000, b"," * 5000, b"\n" * 100_000)
    )  # fmt: skip
    return raw[:at] + odd + raw[at + rng.choice((0, len(odd))) :]


def huge(rng: random.Random, raw: bytes) -> bytes:
    """A number of it is another one: in text as written, in others as a word of four bytes."""
    places = [i for i, byte in enumerate(raw) if 48 <= byte <= 57]
    if raw[:1] in b"{w\n" and places:
        at = rng.choice(places)
        return raw[:at] + rng.choice(NUMBERS).encode() + raw[at + 1 :]
    at = rng.randrange(max(1, min(len(raw), 64) - 4))
    return raw[:at] + struct.pack(rng.choice("><") + "I", rng.choice((0, 1, 2**31, 2**32 - 1, 100_000))) + raw[at + 4 :]


def retyped(rng: random.Random, raw: bytes) -> bytes:
    """Some value of a run is of another kind, and the file still well formed."""
    if raw[:1] != b"{":
        return flip(rng, raw)
    data = json.loads(raw)
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        for key, part in list(value.items() if isinstance(value, dict) else enumerate(value)):
            places.append((value, key))
            if isinstance(part, (dict, list)):
                walk(part)

    walk(data)
    for _ in range(rng.randrange(1, 3)):
        whole, key = rng.choice(places)
        whole[key] = rng.choice(ODD)
    return json.dumps(data).encode()


BREAKS: tuple[Callable[[random.Random, bytes], bytes], ...] = (flip, cut, repeat, put, huge, retyped)


def litter(folder: Path, many: int, seed: int) -> None:
    """So many broken files of all kinds in turn; what needs a folder around it has one."""
    rng = random.Random(seed)
    kinds = ("glass", "sheet", "glass", "picture", "photo", "mnist", "text", "folder")
    for number in range(many):
        kind, mutated = kinds[number % len(kinds)], rng.choice(BREAKS)
        name = f"{kind}-{number:03}-{mutated.__name__}"
        if kind == "glass":
            (folder / f"{name}.glass").write_bytes(mutated(rng, run(rng)))
        elif kind == "sheet":
            (folder / f"{name}.csv").write_bytes(mutated(rng, table(rng)))
        elif kind == "text":
            (folder / f"{name}.txt").write_bytes(mutated(rng, text(rng)))
        elif kind in ("picture", "photo"):
            ending, form = rng.choice(list(FORMATS.items()))
            whole = rng.random() < 0.1
            (folder / f"{name}{ending}").write_bytes(bomb(rng) if whole else mutated(rng, picture(rng, form)))
        elif kind == "folder":
            for label in "ab":
                (folder / name / label).mkdir(parents=True)
                for i in range(5):
                    (folder / name / label / f"{i}.png").write_bytes(picture(rng))
            ending, form = rng.choice(list(FORMATS.items()))
            (folder / name / "a" / f"0{ending}").write_bytes(mutated(rng, picture(rng, form)))
        else:
            _mnist(rng, folder / name, mutated)


def _mnist(rng: random.Random, home: Path, mutated: Callable[[random.Random, bytes], bytes]) -> None:
    """The four files, one of them broken: outside its packing or inside."""
    home.mkdir()
    names = [f"{part}-{of}" for part in ("train", "t10k") for of in ("images-idx3-ubyte", "labels-idx1-ubyte")]
    worst = rng.choice(names)
    for name in names:
        raw, packed = digits("images" in name), rng.random() < 0.5
        if name == worst and rng.random() < 0.5:
            raw = mutated(rng, raw)
        raw = gzip.compress(raw, 1) if packed else raw
        if name == worst and packed and rng.random() < 0.5:
            raw = mutated(rng, raw)
        (home / (name + ".gz" * packed)).write_bytes(raw)
