"""What every control shares: a default, a range, a symbol and a help line, and one check of every value."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np


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

    def suits(self, settings: Mapping[str, Any]) -> bool:
        """Whether the control means anything while the others stand so."""
        return all(settings[name] in values for name, values in self.when.items())

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
