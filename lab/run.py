"""Run: what is recorded of one run, and what a session remembers of the step or gesture that it is in the midst of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.frame import Entry
from lab.record import Columns, Traces


@dataclass
class Partial:
    """A step that stands at one of its stages, and the state from before it."""

    stages: Any
    before: dict[str, Any]
    count: int = 0
    name: str = ""


@dataclass
class Held:
    """The last thing done and the state from before it: while a drag goes on, only its last place counts."""

    entry: Entry
    before: dict[str, Any]

    def continued_by(self, entry: Entry, journal: list[Entry], applied: int) -> bool:
        last = self.entry
        return (
            applied == len(journal) > 0
            and journal[-1] is last
            and (last.t, last.kind, last.name, last.gesture) == (entry.t, entry.kind, entry.name, entry.gesture)
        )


@dataclass
class Run:
    """What is recorded of one run; a branch begins a new one and leaves the old as it was."""

    columns: Columns = field(default_factory=Columns)
    traces: Traces = field(default_factory=Traces)
    journal: list[Entry] = field(default_factory=list)
    diverged: tuple[int, str] | None = None

    def cut(self, t: int, entries: int) -> Run:
        diverged = self.diverged if self.diverged and self.diverged[0] <= t else None
        return Run(self.columns.cut(t + 1), self.traces.cut(t), self.journal[:entries], diverged)

    @property
    def end(self) -> int:
        return max(self.columns.rows - 1, 0)

    def gestures(self) -> tuple[tuple[int, str], ...]:
        """Each gesture's step, and what was done last in it, in words."""
        seen: dict[int, tuple[int, str]] = {}
        for entry in self.journal:
            first = seen.get(entry.gesture)
            seen[entry.gesture] = (first[0] if first else entry.t, entry.said())
        return tuple(seen.values())


def measured(row: Any) -> Mapping[str, float]:
    """What a step returned, if it can be recorded: anything else would spoil the record."""
    if row is None:
        return {}
    try:
        if all(name.__class__ is str and math.isfinite(value) in (True, False) for name, value in row.items()):
            return row
    except Exception:
        pass
    said = " ".join(repr(row).split())
    raise TypeError(f"it must return numbers by name, as {{'loss': 0.5}}, not {said[:60]}")
