"""Frame: everything a window needs to show one moment of a run; and what a run's journal is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab import marks
from lab.record import Trace


@dataclass(frozen=True)
class Entry:
    """One thing done after step t: a control set, or an action with its arguments. One gesture may be many."""

    t: int
    kind: str  # "set" or "act"
    name: str
    value: Any
    gesture: int

    def said(self) -> str:
        """The entry in words, for the timeline."""
        if self.kind == "act":
            return f"{self.name.replace('_', ' ').replace('.', ' ')} ({', '.join(_brief(v) for v in self.value)})"
        return f"{self.name.replace('_', ' ')} = {_brief(self.value)}"


@dataclass(frozen=True)
class Ghost:
    """A run that was abandoned, kept to compare with."""

    metrics: Mapping[str, np.ndarray]
    trails: Mapping[str, Trace]
    branched: int  # the step after which the present run differs; 0 where it began anew


@dataclass(frozen=True)
class Seal:
    """Whether the test set is sealed: the steps at which it was opened are never forgotten."""

    closed: bool = False
    openings: tuple[int, ...] = ()

    def said(self) -> str:
        many = len(self.openings)
        return f"Test set {'sealed' if self.closed else 'open'} · opened {many} time{'' if many == 1 else 's'}"

    def to_json(self) -> dict[str, Any]:
        return {"closed": self.closed, "openings": list(self.openings)}


UNSEALED = Seal()


@dataclass(frozen=True)
class Frame:
    """Everything a window needs to show one moment of a run; nothing in it is live."""

    name: str
    t: int
    end: int  # the last step recorded
    stage: str  # the stage just reached within a step, or empty
    values: Mapping[str, Any]
    metrics: Mapping[str, np.ndarray]
    trails: Mapping[str, Trace]
    settings: Mapping[str, Any]
    layout: marks.Layout
    gestures: tuple[tuple[int, str], ...]  # (step, what was done) for each gesture
    seed: int
    ghost: Ghost | None = None
    finished: str = ""
    diverged: tuple[int, str] | None = None  # (step, metric)
    approximate: bool = False
    finer: bool = False  # some pictures can still be refined
    undone: int = 0  # gestures that were taken back and can be done again
    lane: int = 0
    seal: Seal = UNSEALED  # of the test set


def _brief(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(getattr(value, "text", value))
    return text if len(text) <= 40 else text[:39] + "…"
