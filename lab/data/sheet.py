"""Sheets of the person's own: text with rows and columns, as spreadsheets save and copy it, made into points."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.data.points import MOST_CLASSES, MOST_POINTS, Points

MOST_BYTES = 2_000_000  # that are read of a file, so that a huge one opens as fast as a small one
MOST_COLUMNS = 200
ENDINGS = (".csv", ".tsv", ".txt")
DELIMITERS = ",;\t|"
GAPS = frozenset(("", "?", "na", "n/a", "nan", "null", "none", "-"))
REACH = 5.0  # points are moved into [-REACH, REACH]


@dataclass(frozen=True)
class Column:
    """One column: numbers, or classes by name."""

    name: str
    numbers: np.ndarray | None  # (n,) with nan where there is a gap; None where it holds words
    words: tuple[str, ...]  # as they were written, empty where there is a gap

    def classes(self) -> tuple[str, ...]:
        """Its different entries in order, numbers by size."""
        found = sorted({word for word in self.words if word}, key=lambda word: (number(word), word))
        return tuple(found)

    def is_label(self) -> bool:
        """Whether its entries can stand for classes: few of them, and whole where they are numbers."""
        if self.numbers is not None and not np.all(np.mod(self.numbers[np.isfinite(self.numbers)], 1) == 0):
            return False
        return 1 <= len(self.classes()) <= MOST_CLASSES


@dataclass(frozen=True)
class Sheet:
    """What a file or a clipboard held."""

    columns: tuple[Column, ...]
    lines: tuple[int, ...]  # the line of the file that each row stood on
    ragged: tuple[int, ...]  # lines left out, since they had too few or too many entries
    whole: bool  # False: the file goes on beyond what was read

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise ValueError(f"there is no column {name!r}; there are {', '.join(column.name for column in self.columns)}")

    def usual(self) -> tuple[str, str, str]:
        """The columns a person most likely means: two of numbers, and the last that can be a class, or none."""
        label = next((c.name for c in reversed(self.columns) if c.numbers is None and c.is_label()), "")
        numbers = [c for c in self.columns if c.numbers is not None]
        if not label and len(numbers) > 2 and numbers[-1].is_label():
            label = numbers[-1].name
        across = [c.name for c in numbers if c.name != label]
        if len(across) < 2:
            raise ValueError("the sheet must have two columns of numbers to be drawn as points")
        return across[0], across[1], label


def opened(path: str) -> Sheet:
    """The sheet in a file, of which no more than the first MOST_BYTES are read."""
    file = Path(path).expanduser()
    try:
        with file.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as wrong:
        raise ValueError(f"the file {file.name} cannot be read: {wrong.strerror or wrong}") from None
    if b"\0" in raw[:MOST_BYTES]:
        raise ValueError(f"the file {file.name} is not text: save the sheet as CSV first")
    whole = len(raw) <= MOST_BYTES
    if not whole:
        raw = raw[: raw.rfind(b"\n") + 1]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return read(text, whole)


def chosen(text: str) -> Points:
    """What `FILE.csv` or `FILE.csv#across,upright,class` means on the command line."""
    path, _, names = text.partition("#")
    sheet = opened(path)
    columns = [name.strip() for name in names.split(",")] if names else list(sheet.usual())
    if not 2 <= len(columns) <= 3:
        raise ValueError(
            f"name two columns of numbers after #, and a third for the classes if there is one, not {names}"
        )
    x, y, label = (*columns, "")[:3]
    return points(sheet, x, y, label)[0]


def read(text: str, whole: bool = True) -> Sheet:
    """The sheet in a text; its delimiter, header and the columns' kinds are found out."""
    rows = [(line, [entry.strip() for entry in row]) for line, row in _rows(text) if any(map(str.strip, row))]
    if not rows:
        raise ValueError("the sheet is empty: it must have a row of entries for each point")
    width = len(rows[0][1])
    if width > MOST_COLUMNS:
        raise ValueError(f"line {rows[0][0]} has {width} entries: a sheet may have at most {MOST_COLUMNS} columns")
    ragged = tuple(line for line, row in rows if len(row) != width)
    rows = [(line, row) for line, row in rows if len(row) == width]
    names = tuple(f"column {i + 1}" for i in range(width))
    if _is_header([row for _, row in rows]):
        names, rows = _named(rows[0][1]), rows[1:]
    if not rows:
        raise ValueError("the sheet has a header and no row under it")
    columns = tuple(_column(name, entries) for name, entries in zip(names, zip(*(row for _, row in rows))))
    return Sheet(columns, tuple(line for line, _ in rows), ragged, whole)


def points(sheet: Sheet, x: str, y: str, label: str = "", fit: bool = True) -> tuple[Points, str]:
    """Two columns as points, a third as their classes; and what was left out or changed, in words.

    With `fit`, each axis is shifted and scaled so that its values run from -REACH to REACH.
    """
    across, upright = (_numbers(sheet.column(name)) for name in (x, y))
    classes = sheet.column(label) if label else None
    kept = np.isfinite(across) & np.isfinite(upright)
    if classes is not None:
        names = classes.classes()
        if len(names) > MOST_CLASSES:
            raise ValueError(
                f"the column {label} has {len(names)} different entries: at most {MOST_CLASSES} classes fit"
            )
        kept &= np.array([bool(word) for word in classes.words])
    rows = np.flatnonzero(kept)
    if not len(rows):
        raise ValueError(f"no row has a number under {x} and {y}" + (f" and a class under {label}" if label else ""))
    said = _said_of_lines([sheet.lines[row] for row in np.flatnonzero(~kept)] + list(sheet.ragged))
    if not sheet.whole:
        said.append("only the beginning of this very large file was read")
    if len(rows) > MOST_POINTS:
        said.append(f"{MOST_POINTS:,} of {len(rows):,} rows are taken, evenly spaced")
        rows = rows[np.linspace(0, len(rows) - 1, MOST_POINTS).astype(int)]
    labels = [names.index(classes.words[row]) for row in rows] if classes is not None else np.zeros(len(rows), int)
    places = np.column_stack((across[rows], upright[rows]))
    if fit:
        low, high = places.min(axis=0), places.max(axis=0)
        half = np.where(high > low, (high - low) / 2, 1.0)
        places = REACH * (places - (low + high) / 2) / half
    return Points(places, labels), "; ".join(said)


def number(entry: str) -> float:
    """The number an entry holds, in either notation of fractions; infinite where it holds none."""
    plain = entry.replace("−", "-").replace(" ", "")
    if plain.rfind(",") > plain.rfind("."):  # 1.234,5 or 1,5
        plain = plain.replace(".", "").replace(",", ".", 1)
    else:  # 1,234.5
        plain = plain.replace(",", "")
    try:
        value = float(plain) if "_" not in plain else np.inf
    except ValueError:
        return np.inf
    return value if np.isfinite(value) else np.inf


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Rows with the lines they stand on, cut at the delimiter that cuts the first lines most evenly."""
    beginning = text[:20_000].splitlines()[:50]

    def evenness(delimiter: str) -> tuple[int, int]:
        cuts = [line.count(delimiter) for line in beginning if line.strip()]
        return sum(cut == cuts[0] for cut in cuts) if cuts and cuts[0] else 0, cuts[0] if cuts else 0

    best = max(DELIMITERS, key=evenness)
    if evenness(best)[0]:
        reader = csv.reader(io.StringIO(text), delimiter=best, skipinitialspace=True)
        try:
            return [(reader.line_num, row) for row in reader]
        except csv.Error as wrong:
            raise ValueError(f"line {reader.line_num} cannot be cut into entries: {wrong}") from None
    return [(at, line.split()) for at, line in enumerate(text.splitlines(), 1)]


def _is_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: words over numbers, or nothing that ever comes again."""
    first, rest = rows[0], rows[1:]
    if any(np.isfinite(number(entry)) for entry in first) or not all(first):
        return False
    if not rest:
        return True
    if any(np.isfinite(number(row[i])) for row in rest[:50] for i in range(len(first))):
        return True
    return all(first[i] not in {row[i] for row in rest} for i in range(len(first)))


def _named(header: list[str]) -> tuple[str, ...]:
    """Column names, the second of two equal ones told apart."""
    names: list[str] = []
    for name in header:
        fresh, again = name[:60], 2
        while fresh in names:
            fresh, again = f"{name[:55]} {again}", again + 1
        names.append(fresh)
    return tuple(names)


def _column(name: str, entries: tuple[str, ...]) -> Column:
    words = tuple("" if entry.lower() in GAPS else entry for entry in entries)
    numbers = np.array([number(word) for word in words])
    if any(words) and all(np.isfinite(n) for n, word in zip(numbers, words) if word):
        return Column(name, np.where(np.isfinite(numbers), numbers, np.nan), words)
    return Column(name, None, words)


def _numbers(column: Column) -> np.ndarray:
    if column.numbers is None:
        odd = next((word for word in column.words if word and number(word) == np.inf), "nothing")
        raise ValueError(f"the column {column.name} must hold numbers, not {odd[:30]}")
    return column.numbers


def _said_of_lines(lines: list[int]) -> list[str]:
    if not lines:
        return []
    first = ", ".join(map(str, sorted(lines)[:5])) + (" …" if len(lines) > 5 else "")
    rows = "1 row with a gap is" if len(lines) == 1 else f"{len(lines):,} rows with gaps are"
    return [f"{rows} left out (line{'s' * (len(lines) > 1)} {first})"]
