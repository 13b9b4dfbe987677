"""Checkpoints: copies of a run's state, dense enough to seek quickly, thinned to stay within a budget."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Checkpoint:
    t: int
    applied: int  # journal entries behind it
    state: dict[str, Any]
    size: int


class Checkpoints:
    """In the order of the run; the first is its start and always stays."""

    def __init__(self, budget: int) -> None:
        self.budget, self.size = budget, 0
        self._points: list[Checkpoint] = []

    def __iter__(self) -> Iterator[Checkpoint]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def keep(self, t: int, applied: int, state: dict[str, Any], shared: Iterable[str]) -> None:
        """Add a copy; every second one goes when they outgrow the budget."""
        at = bisect_right(self._points, (t, applied), key=_when)
        if at and _when(self._points[at - 1]) == (t, applied):
            return
        point = Checkpoint(t, applied, state, weight(state, shared))
        self._points.insert(at, point)
        self.size += point.size
        while self.size > self.budget and len(self._points) > 2:
            del self._points[1::2]
            self._weigh()

    def nearest(self, t: int) -> Checkpoint:
        """The last one at or before step t."""
        return self._points[bisect_right(self._points, t, key=lambda point: point.t) - 1]

    def cut(self, t: int, applied: int) -> None:
        """Forget what lies after step t, or after that many journal entries."""
        self._points = [point for point in self._points if point.t <= t and point.applied <= applied]
        self._weigh()

    def _weigh(self) -> None:
        self.size = sum(point.size for point in self._points)


def _when(point: Checkpoint) -> tuple[int, int]:
    return point.t, point.applied


def weight(value: Any, shared: Iterable[str] = ()) -> int:
    """About how many bytes a copied state holds, without what checkpoints share."""
    seen: set[int] = {id(value[name]) for name in shared if name in value}
    total, waiting = 0, [value]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, np.ndarray):
            total += part.nbytes + 112
        elif hasattr(part, "untyped_storage"):
            total += part.untyped_storage().nbytes() + 500
        else:
            total += sys.getsizeof(part, 64)
            if isinstance(part, Mapping):
                waiting.extend(part.values())
            elif isinstance(part, (list, tuple, set)):
                waiting.extend(part)
            elif hasattr(part, "__dict__") and not isinstance(part, type):
                waiting.append(vars(part))
    return total
