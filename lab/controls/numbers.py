"""Controls of single numbers, of a pair, and of yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lab.controls.base import Control, number


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
