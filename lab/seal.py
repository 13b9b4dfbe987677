"""A sealed test set: while it is closed nothing that is shown or saved tells of held-out samples; openings count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lab import marks
from lab.experiment import Experiment
from lab.frame import UNSEALED, Frame, Seal

TEST = "test"
LEFT_OUT = "What was measured on the sealed test set is left out."


class Sealing:
    """The seal of a run and of those beside it, which learn from the same samples."""

    def __init__(self, seal: Seal = UNSEALED) -> None:
        self.seal = seal
        self._covered: dict[str, tuple[Any, Any, np.ndarray]] = {}  # points, which are held out, and what is left

    def close(self) -> None:
        self.seal = replace(self.seal, closed=True)

    def open(self, t: int) -> None:
        """One more look at the test set, at step t."""
        if self.seal.closed:
            self.seal = Seal(False, (*self.seal.openings, t))

    def metrics(self, kind: type[Experiment], columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What may be known of them."""
        return {name: c for name, c in columns.items() if not (self.seal.closed and tells_of_test(kind, name))}

    def cover(self, kind: type[Experiment], frame: Frame) -> Frame:
        """The frame without what the seal hides."""
        if not self.seal.closed:
            return replace(frame, seal=self.seal) if self.seal.openings else frame
        panels = list(marks.panels(frame.layout))
        open_to_all = {name for panel in panels if panel.split != TEST for name in panel.names()}
        hidden = {name for panel in panels if panel.split == TEST for name in panel.names()} - open_to_all
        values = {name: value for name, value in frame.values.items() if name not in hidden}
        for mark in (mark for panel in panels for mark in panel.marks):
            if isinstance(mark, marks.Dots) and mark.test in values and mark.points in values:
                values[mark.points] = self._without(mark.points, frame.values[mark.points], frame.values[mark.test])
        ghost = frame.ghost
        if ghost is not None:
            ghost = replace(ghost, metrics=self.metrics(kind, ghost.metrics))
        metrics = self.metrics(kind, frame.metrics)
        return replace(frame, values=values, metrics=metrics, ghost=ghost, seal=self.seal)

    def _without(self, name: str, points: Any, test: Any) -> np.ndarray:
        """Points keep their places in the list, and those held out are nowhere. The same points are the same object."""
        known = self._covered.get(name)
        if known is None or known[0] is not points or not np.array_equal(known[1], test):
            left = np.where(np.asarray(test, dtype=bool)[:, None], np.nan, np.asarray(points, dtype=float))
            left.flags.writeable = False
            known = self._covered[name] = (points, test, left)
        return known[2]


def tells_of_test(kind: type[Experiment], metric: str) -> bool:
    """Whether a metric, or the family that it belongs to, is measured on held-out samples."""
    return bool({metric, metric.partition("/")[0]} & set(kind.test_metrics))


def hidden_in(kind: type[Experiment], panel: marks.Panel) -> bool:
    """Whether the seal hides a part of this panel, or all of it."""
    families = {name.partition("/")[0] for name in kind.test_metrics}
    for mark in panel.marks:
        if isinstance(mark, marks.Dots) and mark.test:
            return True
        if isinstance(mark, marks.Curve) and any(m in families or tells_of_test(kind, m) for m in mark.metrics):
            return True
    return panel.split == TEST


def has_test(kind: type[Experiment], layout: marks.Layout) -> bool:
    """Whether samples are held out, so that there is something to seal."""
    return bool(kind.test_metrics) or any(hidden_in(kind, panel) for panel in marks.panels(layout))


def seal_from(data: Any) -> Seal:
    """What `to_json` wrote, or a ValueError that says what is wrong with it."""
    if not isinstance(data, Mapping) or set(data) != {"closed", "openings"} or not isinstance(data["closed"], bool):
        raise ValueError("its seal does not say whether the test set is closed and when it was opened")
    openings = data["openings"]
    whole = isinstance(openings, list) and all(type(t) is int and 0 <= t < 2**53 for t in openings)
    if not whole:
        raise ValueError("the openings of its test set are not steps, whole numbers from 0")
    return Seal(data["closed"], tuple(openings))
