"""Controls of many numbers at once: a matrix, a picture, and rows of settings of one shape."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lab.controls.base import Control, number


def table(value: Any, most: int) -> np.ndarray | None:
    """A rectangular table of finite numbers as a read-only array, or None."""
    if isinstance(value, np.ndarray):
        value = value.tolist() if value.ndim == 2 and value.size <= most else None
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        return None
    if any(isinstance(row, str) or not isinstance(row, Sequence) or len(row) != len(value[0]) for row in value):
        return None
    if not value[0] or len(value) * len(value[0]) > most:
        return None
    cells = [[number(cell) for cell in row] for row in value]
    if any(cell is None for row in cells for cell in row):
        return None
    array = np.array(cells, dtype=float)
    array.flags.writeable = False
    return array


class Matrix(Control):
    """A table of numbers (rows, columns) in a range; its shape may be changed up to `most` rows and columns."""

    kind = "matrix"

    def __init__(
        self,
        default: Sequence[Sequence[float]],
        low: float = -10,
        high: float = 10,
        *,
        most: int = 0,
        **rest: Any,
    ) -> None:
        self.low, self.high, self.most = low, high, most
        self.shape = (len(default), len(default[0]))
        super().__init__(default, **rest)

    def check(self, value: Any) -> np.ndarray:
        limit = self.most or max(self.shape)
        size = f"at most {limit} × {limit}" if self.most else f"{self.shape[0]} × {self.shape[1]}"
        array = table(value, limit * limit)
        fits = array is not None and (max(array.shape) <= limit if self.most else array.shape == self.shape)
        if array is None or not fits or array.min() < self.low or array.max() > self.high:
            raise self.refuse(value, f"{size} numbers from {self.low:g} to {self.high:g}")
        return array

    def to_json(self, value: Any) -> Any:
        return value.tolist()

    def range(self) -> dict[str, Any]:
        return {"range": [self.low, self.high], "shape": list(self.shape), "most": self.most}

    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        return np.full(self.shape, float(self.low)), np.full(self.shape, float(self.high))


class Picture(Control):
    """A small grey picture (height, width) from 0 to 1, drawn or loaded by the person."""

    kind = "picture"

    def __init__(self, height: int, width: int, *, default: Any = None, **rest: Any) -> None:
        self.height, self.width = height, width
        super().__init__(np.zeros((height, width)) if default is None else default, **rest)

    def check(self, value: Any) -> np.ndarray:
        array = table(value, self.height * self.width)
        if array is None or array.shape != (self.height, self.width) or array.min() < 0 or array.max() > 1:
            raise self.refuse(value, f"{self.height} rows of {self.width} numbers from 0 to 1")
        return array

    def to_json(self, value: Any) -> Any:
        return value.tolist()

    def range(self) -> dict[str, Any]:
        return {"range": [0, 1], "shape": [self.height, self.width]}

    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((self.height, self.width)), np.ones((self.height, self.width))


class Rows(Control):
    """A list of settings of one shape: racers, layer widths, arms. A row of one field may be given bare: [8, 8]."""

    kind = "rows"

    def __init__(
        self, item: Mapping[str, Control], default: Sequence[Any], *, least: int = 0, most: int = 8, **rest: Any
    ) -> None:
        self.item, self.least, self.most = dict(item), least, most
        for name, control in self.item.items():
            control.__set_name__(Rows, name)
        self.row: Any = namedtuple("row", tuple(self.item))  # type: ignore[misc]
        super().__init__(default, **rest)

    def check(self, value: Any) -> tuple[Any, ...]:
        wanted = f"a list of {self.least} to {self.most} rows with {', '.join(self.item)}"
        if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence):
            raise self.refuse(value, wanted)
        if not self.least <= len(value) <= self.most:
            raise self.refuse(f"{len(value)} rows", wanted)
        return tuple(self._row(index, row, wanted) for index, row in enumerate(value))

    def _row(self, index: int, row: Any, wanted: str) -> Any:
        if isinstance(row, tuple) and hasattr(row, "_asdict"):
            row = row._asdict()
        if not isinstance(row, Mapping):
            if len(self.item) != 1:
                raise self.refuse(row, wanted)
            row = {next(iter(self.item)): row}
        if unknown := [str(name) for name in row if name not in self.item]:
            raise ValueError(f"{self.key}[{index}] has no {', '.join(unknown)}; a row has {', '.join(self.item)}")
        try:
            return self.row(**{n: c.check(row.get(n, c.default)) for n, c in self.item.items()})
        except ValueError as wrong:
            raise ValueError(f"{self.key}[{index}].{wrong}") from None

    def to_json(self, value: Any) -> Any:
        return [{n: c.to_json(getattr(row, n)) for n, c in self.item.items()} for row in value]

    def range(self) -> dict[str, Any]:
        return {"rows": [self.least, self.most], "item": [control.describe() for control in self.item.values()]}

    def extremes(self) -> tuple[Any, Any]:
        low, high = ({n: c.extremes()[end] for n, c in self.item.items()} for end in (0, 1))
        return self.check([low] * max(self.least, 1)), self.check([high] * self.most)
