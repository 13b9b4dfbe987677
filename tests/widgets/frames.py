"""Frames and hands made for tests of painters: what a session would send, without one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lab.frame import Frame
from lab.marks import Panel
from lab.record import Trace


def frame(
    values: dict[str, Any] | None = None,
    metrics: dict[str, Any] | None = None,
    trails: dict[str, tuple[Any, Any]] | None = None,
    t: int = 0,
    **rest: Any,
) -> Frame:
    """One moment of an imagined run."""
    columns = {name: np.asarray(column, dtype=float) for name, column in (metrics or {}).items()}
    end = max((len(column) - 1 for column in columns.values()), default=t)
    made = {
        "name": "test",
        "t": t,
        "end": end,
        "stage": "",
        "values": values or {},
        "metrics": columns,
        "trails": {name: Trace(np.asarray(a), np.asarray(b, dtype=float)) for name, (a, b) in (trails or {}).items()},
        "settings": {},
        "layout": Panel("Test"),
        "gestures": (),
        "seed": 0,
    }
    return Frame(**{**made, **rest})


class Recorder:
    """Hands that write down what a painter did."""

    def __init__(self, controls: Sequence[str] = ()) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.controls = controls
        self._gestures = 0

    def gesture(self) -> int:
        self._gestures += 1
        return self._gestures

    def act(self, name: str, arguments: Sequence[Any], gesture: int, replaces: bool = False) -> None:
        self.done.append(("act", name, list(arguments), gesture))

    def set(self, name: str, value: Any, gesture: int) -> None:
        self.done.append(("set", name, value, gesture))

    def pick(self, name: str, value: Any) -> None:
        self.done.append(("pick", name, value))

    def is_control(self, name: str) -> bool:
        return name in self.controls
