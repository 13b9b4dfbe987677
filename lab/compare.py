"""Compare: in which settings runs differ, and how they stand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lab.controls import same
from lab.controls.base import spoken
from lab.data.points import Points
from lab.frame import Frame

BACK = 2000  # steps to look back for what was last measured
ROOM = 24  # characters of a value


def differing(frames: Sequence[Frame]) -> list[str]:
    """The controls that are not set alike in all of these runs, and "seed" where that differs."""
    first, *others = (frame.settings for frame in frames)
    names = [name for name in first if not all(same(first[name], other[name]) for other in others)]
    return (["seed"] if len({frame.seed for frame in frames}) > 1 else []) + names


def setting(frame: Frame, name: str) -> Any:
    return frame.seed if name == "seed" else frame.settings[name]


def said(value: Any) -> str:
    """The value of a control in a few words."""
    if isinstance(value, Points):
        kind, n = (value.made.kind, value.made.n) if value.made else ("own", len(value.x))
        return f"{kind} {n}" + (f" seed {value.made.seed}" if value.made and value.made.seed else "")
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (int, float, np.number)):
        return number(float(value)) if not isinstance(value, int) else str(value).replace("-", "−")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        text = ", ".join(map(said, value)) or "none"
    else:
        text = str(getattr(value, "text", value))
    return text if len(text) <= ROOM else text[: ROOM - 1] + "…"


def difference(first: Frame, other: Frame) -> str:
    """What is set otherwise than in the first run, as “rate 0.1 → 0.5, k 3 → 5”."""
    told = []
    for name in differing((first, other)):
        old, new = said(setting(first, name)), said(setting(other, name))
        told.append(f"{spoken(name)} {old} → {new}" if old != new else f"{spoken(name)} changed")
    return ", ".join(told)


def latest(frame: Frame, metric: str) -> float:
    """What was measured last, up to the present step; NaN where nothing was."""
    column = frame.metrics.get(metric)
    if column is None:
        return math.nan
    measured = column[max(0, frame.t + 1 - BACK) : frame.t + 1]
    known = measured[~np.isnan(measured)]
    return float(known[-1]) if len(known) else math.nan


def number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.4g}".replace("-", "−").replace("inf", "∞")


def standing(frame: Frame) -> str:
    """How a run stands, in a few words."""
    if frame.diverged is not None and frame.t >= frame.diverged[0]:
        return f"diverged at step {frame.diverged[0]}"
    return frame.finished or f"step {frame.t}"
