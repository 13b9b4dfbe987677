"""Texts from a person's own files: read, decoded, and held to a length, or refused with the line that is at fault."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

ENDINGS = (".txt", ".text", ".md")
MOST_BYTES = 8_000_000
MARKS = {  # what a file may begin with → how the rest is written
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
UNSEEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")  # no text has them
UP_TO_A_SPACE = re.compile(r".*(?=\s)", re.DOTALL)


@dataclass(frozen=True)
class Loaded:
    """What a file held: lines end in a line feed, and none that is empty is at the end."""

    text: str
    name: str

    @property
    def lines(self) -> int:
        return self.text.count("\n") + 1

    def cut(self, longest: int) -> str:
        """As much as there is room for, up to the end of a word where one ends near."""
        if len(self.text) <= longest:
            return self.text
        words = UP_TO_A_SPACE.match(self.text[: longest + 1])
        whole = words[0].rstrip() if words else ""
        return whole if len(whole) > 0.9 * longest else self.text[:longest]


def load(path: str | Path) -> Loaded:
    """The text in a file, or a ValueError that says what is wrong with it and where."""
    file = Path(path).expanduser()
    try:
        with file.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
            size = file.stat().st_size
    except OSError as wrong:
        raise ValueError(f"{file.name} cannot be read: {wrong.strerror or wrong}") from None
    if len(raw) > MOST_BYTES:
        raise ValueError(
            f"{file.name} has {size / 1e6:,.0f} MB: a text may have {MOST_BYTES / 1e6:.0f} MB, so take a part of it"
        )
    try:
        text = decode(raw)
    except ValueError as wrong:
        raise ValueError(f"{file.name}: {wrong}") from None
    if not text.strip():
        raise ValueError(f"{file.name} is empty")
    return Loaded(text, file.name)


def decode(raw: bytes) -> str:
    """Bytes as text with line feeds, or a ValueError that names the line at fault."""
    mark = next((mark for mark in MARKS if raw.startswith(mark)), b"")
    encoding = MARKS.get(mark, "utf-8")
    body = raw[len(mark) :]
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as wrong:
        line = body[: wrong.start].decode(encoding, errors="ignore").count("\n") + 1
        raise ValueError(
            f"line {line} is not written in {encoding.upper()} (byte 0x{body[wrong.start]:02X}): "
            "save the file as UTF-8 and bring it in again"
        ) from None
    text = re.sub("\r\n?|\f", "\n", text)
    if strange := UNSEEN.search(text):
        line = text.count("\n", 0, strange.start()) + 1
        raise ValueError(f"line {line} holds the control sign U+{ord(strange[0]):04X}: this is not a text")
    return text.rstrip("\n")
