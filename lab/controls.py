"""What can be tweaked: descriptors that declare a default, a range, a symbol and a help line, and check every value.

The window, the command line and a file all set a control by the same assignment, so a wrong value is the same
clear ValueError everywhere. Values are immutable: numbers, texts, tuples, read-only arrays, Points.
"""

from __future__ import annotations

import json
import math
import re
from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from lab.data import points as clouds
from lab.data import sheet
from lab.maths import formula


class Unfit(ValueError):
    """A value that is in range but does not fit the others: shown at the control while the old run stays."""

    def __init__(self, control: str, reason: str) -> None:
        super().__init__(f"{control}: {reason}")
        self.control, self.reason = control, reason


def shown(value: object, room: int = 60) -> str:
    """A value as it may stand in a message."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= room else text[: room - 1] + "…"


class Control:
    """One thing a person may set. `restarts` begins a new run; `view` changes pictures only; else it acts live."""

    kind: ClassVar[str]

    def __init__(
        self,
        default: Any,
        *,
        symbol: str = "",
        help: str = "",
        label: str = "",
        restarts: bool = False,
        view: bool = False,
        when: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        if restarts and view:
            raise TypeError("a view control changes pictures only: it cannot restart a run")
        self.key = ""
        self.symbol, self.help, self.label = symbol, help, label
        self.restarts, self.view = restarts, view
        self.when = when or {}  # shown only while these other controls have one of these values
        self.default = self.check(default)

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = name
        self.label = self.label or name.replace("_", " ").capitalize()

    def __get__(self, experiment: Any, owner: type | None = None) -> Any:
        if experiment is None:
            return self
        if self.view and experiment.own.purpose:
            raise RuntimeError(f"{self.key} is a view control: it changes pictures only, so training may not read it")
        return experiment.__dict__[self.key]

    def __set__(self, experiment: Any, value: Any) -> None:
        experiment.__dict__[self.key] = self.check(value)

    def check(self, value: Any) -> Any:
        """The value as it is kept, or a ValueError that names the control, its range and the value."""
        raise NotImplementedError

    def to_json(self, value: Any) -> Any:
        return value

    def from_text(self, text: str) -> Any:
        """What `--set name=text` means."""
        try:
            return self.check(json.loads(text))
        except (json.JSONDecodeError, RecursionError):
            return self.check(text)

    def from_pick(self, value: Any) -> Any:
        """What picking the index (or place) `value` in a picture sets this control to."""
        return value

    def range(self) -> dict[str, Any]:
        """What `lab list --json` says of the values allowed."""
        return {}

    def extremes(self) -> tuple[Any, Any]:
        """The low and the high end of the values allowed."""
        return self.default, self.default

    def refuse(self, value: Any, wanted: str) -> ValueError:
        return ValueError(f"{self.key or self.kind} must be {wanted}, not {shown(value)}")

    def describe(self) -> dict[str, Any]:
        """Everything a list or a window needs to know of this control."""
        return {
            "kind": self.kind,
            "name": self.key,
            "label": self.label,
            "default": self.to_json(self.default),
            **self.range(),
            "symbol": self.symbol,
            "help": self.help,
            "restarts": self.restarts,
            "view": self.view,
        }


def number(value: Any) -> float | None:
    """The value as a finite float, or None where it is none (a bool is not a number here)."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


class Slider(Control):
    """A real number in a range. `limit` names a drawn number, or several, marked on the slider."""

    kind = "slider"

    def __init__(
        self, default: float, low: float, high: float, *, log: bool = False, limit: str = "", **rest: Any
    ) -> None:
        if log and low <= 0:
            raise TypeError("a logarithmic slider needs a range above 0")
        self.low, self.high, self.log, self.limit = low, high, log, limit
        super().__init__(default, **rest)

    def check(self, value: Any) -> float:
        real = number(value)
        if real is None or not self.low <= real <= self.high:
            raise self.refuse(value, f"a number from {self.low:g} to {self.high:g}")
        return real

    def range(self) -> dict[str, Any]:
        return {"range": [self.low, self.high], "log": self.log}

    def extremes(self) -> tuple[float, float]:
        return float(self.low), float(self.high)


class Count(Control):
    """A whole number in a range."""

    kind = "count"

    def __init__(self, default: int, low: int, high: int, **rest: Any) -> None:
        self.low, self.high = low, high
        super().__init__(default, **rest)

    def check(self, value: Any) -> int:
        real = number(value)
        if real is None or real != int(real) or not self.low <= real <= self.high:
            raise self.refuse(value, f"a whole number from {self.low} to {self.high}")
        return int(real)

    def range(self) -> dict[str, Any]:
        return {"range": [self.low, self.high]}

    def extremes(self) -> tuple[int, int]:
        return self.low, self.high


class Choice(Control):
    """One of a few options; the first is the default unless another is named."""

    kind = "choice"

    def __init__(self, options: Sequence[str], default: str | None = None, **rest: Any) -> None:
        self.options = tuple(options)
        super().__init__(self.options[0] if default is None else default, **rest)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.options:
            raise self.refuse(value, "one of " + ", ".join(self.options))
        return value

    def from_text(self, text: str) -> str:
        return self.check(text)

    def from_pick(self, value: Any) -> Any:
        return self.options[value] if isinstance(value, int) and 0 <= value < len(self.options) else value

    def range(self) -> dict[str, Any]:
        return {"options": list(self.options)}

    def extremes(self) -> tuple[str, str]:
        return self.options[0], self.options[-1]


class Several(Control):
    """Any number of a few options, kept in the order of the declaration."""

    kind = "several"

    def __init__(self, options: Sequence[str], default: Sequence[str] = (), *, least: int = 0, **rest: Any) -> None:
        self.options, self.least = tuple(options), least
        super().__init__(default, **rest)

    def check(self, value: Any) -> tuple[str, ...]:
        wanted = f"a list of at least {self.least} of " + ", ".join(self.options)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self.refuse(value, wanted)
        if len(value) > len(self.options) or any(one not in self.options for one in value):
            raise self.refuse(value, wanted)
        kept = tuple(option for option in self.options if option in value)
        if len(kept) < self.least:
            raise self.refuse(value, wanted)
        return kept

    def to_json(self, value: Any) -> Any:
        return list(value)

    def range(self) -> dict[str, Any]:
        return {"options": list(self.options), "least": self.least}

    def extremes(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self.options[: self.least], self.options


class Switch(Control):
    """On or off."""

    kind = "switch"

    def check(self, value: Any) -> bool:
        if not isinstance(value, (bool, np.bool_)):
            raise self.refuse(value, "true or false")
        return bool(value)

    def from_text(self, text: str) -> bool:
        return self.check({"true": True, "on": True, "false": False, "off": False}.get(text.lower(), text))

    def extremes(self) -> tuple[bool, bool]:
        return False, True


class Point(Control):
    """A place in the plane."""

    kind = "point"

    def __init__(
        self,
        default: Sequence[float],
        *,
        x: tuple[float, float] = (-1e6, 1e6),
        y: tuple[float, float] = (-1e6, 1e6),
        **rest: Any,
    ) -> None:
        self.x, self.y = x, y
        super().__init__(default, **rest)

    def check(self, value: Any) -> tuple[float, float]:
        wanted = f"a point [x, y], x from {self.x[0]:g} to {self.x[1]:g}, y from {self.y[0]:g} to {self.y[1]:g}"
        if isinstance(value, np.ndarray):
            value = value.tolist()
        if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
            raise self.refuse(value, wanted)
        x, y = number(value[0]), number(value[1])
        if x is None or y is None or not (self.x[0] <= x <= self.x[1] and self.y[0] <= y <= self.y[1]):
            raise self.refuse(value, wanted)
        return x, y

    def to_json(self, value: Any) -> Any:
        return list(value)

    def range(self) -> dict[str, Any]:
        return {"range": [list(self.x), list(self.y)]}

    def extremes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        return (float(self.x[0]), float(self.y[0])), (float(self.x[1]), float(self.y[1]))


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


class Formula(Control):
    """A function that a person types; its value can be called on arrays, differentiated, and handed to torch."""

    kind = "formula"

    def __init__(self, default: str, *, variables: Sequence[str] = ("x", "y"), **rest: Any) -> None:
        self.variables = tuple(variables)
        super().__init__(default, **rest)

    def check(self, value: Any) -> formula.Expression:
        if isinstance(value, formula.Expression) and value.variables == self.variables:
            return value
        if not isinstance(value, str):
            raise self.refuse(value, f"a formula in {', '.join(self.variables)}")
        try:
            return formula.parse(value, self.variables)
        except ValueError as wrong:
            raise ValueError(f"{self.key or self.kind}: {wrong}") from None

    def from_text(self, text: str) -> formula.Expression:
        return self.check(text)

    def to_json(self, value: Any) -> str:
        return value.text

    def range(self) -> dict[str, Any]:
        return {"variables": list(self.variables)}


class Text(Control):
    """A line or a page of text."""

    kind = "text"

    def __init__(self, default: str = "", *, longest: int = 1000, **rest: Any) -> None:
        self.longest = longest
        super().__init__(default, **rest)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > self.longest:
            raise self.refuse(value, f"a text of at most {self.longest} characters")
        return value

    def from_text(self, text: str) -> str:
        return self.check(text)

    def range(self) -> dict[str, Any]:
        return {"longest": self.longest}


class Dataset(Control):
    """A cloud of points in the plane: made (kind, size, noise, seed) or a person's own.

    Naming a kind or a new seed begins a new run. Single points are edited live, by the actions
    NAME.add, NAME.move, NAME.erase and NAME.paint that every experiment with a Dataset has.
    """

    kind = "dataset"
    edits: ClassVar[dict[str, dict[str, type]]] = {
        "add": {"x": float, "y": float, "label": int},
        "move": {"index": int, "x": float, "y": float},
        "erase": {"index": int},
        "paint": {"index": int, "label": int},
    }

    def __init__(self, kind: str, kinds: Sequence[str] | None = None, **rest: Any) -> None:
        made: dict[str, Any] = {name: rest.pop(name) for name in clouds.Made._fields if name in rest}
        self.kinds = tuple(clouds.KINDS if kinds is None else kinds)
        self.made: dict[str, Any] = {**made, "kind": kind}
        rest.setdefault("restarts", True)
        super().__init__(clouds.make(**self.made), **rest)

    def check(self, value: Any) -> clouds.Points:
        if isinstance(value, clouds.Points):
            return value
        if isinstance(value, str):
            value = {"kind": value}
        if not isinstance(value, Mapping):
            raise self.refuse(value, "a kind of data, one of " + ", ".join(self.kinds))
        kind = value.get("kind", self.made["kind"])
        try:
            if kind == "own":
                return clouds.from_json(dict(value))
            if kind not in self.kinds or not value.keys() <= set(clouds.Made._fields):
                raise self.refuse(value, "a kind of data, one of " + ", ".join(self.kinds))
            usual = {**self.made, "classes": None} if kind != self.made["kind"] else self.made
            return clouds.make(**{**usual, **value})
        except (ValueError, TypeError) as wrong:
            said = str(wrong)
            raise ValueError(said if self.key in said.split()[:1] else f"{self.key}: {said}") from None

    def from_text(self, text: str) -> clouds.Points:
        if text.partition("#")[0].lower().endswith(sheet.ENDINGS):
            try:
                return sheet.chosen(text)
            except ValueError as wrong:
                raise ValueError(f"{self.key}: {wrong}") from None
        return super().from_text(text)

    def to_json(self, value: Any) -> Any:
        return value.to_json()

    def range(self) -> dict[str, Any]:
        return {"options": list(self.kinds)}

    def extremes(self) -> tuple[Any, Any]:
        first, last = ({**self.made, "kind": kind} for kind in (self.kinds[0], self.kinds[-1]))
        return self.check(first), self.check(last)


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


def same(one: Any, other: Any) -> bool:
    """Whether two values of a control are equal."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def spoken(name: str) -> str:
    """A name in code as a person reads it: `rate_of_decay` → `rate of decay`."""
    return re.sub(r"[_.]", " ", name)
