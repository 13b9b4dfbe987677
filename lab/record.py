"""What a run leaves behind: metrics in columns, one row a step, and the thinned trails of what moves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class Columns:
    """Metrics by step. NaN: not measured. Infinite: diverged (a NaN that was measured is kept as infinity).

    A view handed out stays true: rows are only ever appended, and a cut leaves the old arrays behind.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self.rows = 0
        self._room = 256

    def append(self, row: Mapping[str, float]) -> str:
        """Record the next row; returns the name of a metric that is not finite, or nothing."""
        at = self.rows
        if at >= self._room:
            self._room *= 2
            self.arrays = {name: self._widened(old) for name, old in self.arrays.items()}
        arrays, wrong = self.arrays, ""
        for name, value in row.items():
            array = arrays.get(name)
            if array is None:
                array = arrays[name] = np.full(self._room, math.nan)
            if not math.isfinite(value):
                value, wrong = (-math.inf if value == -math.inf else math.inf), wrong or name
            array[at] = value
        self.rows = at + 1
        return wrong

    def agrees(self, at: int, row: Mapping[str, float]) -> bool:
        """Whether a replayed row equals, to the bit, what was recorded."""
        for name, value in row.items():
            array = self.arrays.get(name)
            if array is None or not (array[at] == value or not (math.isfinite(value) or math.isfinite(array[at]))):
                return False
        return True

    def cut(self, rows: int) -> Columns:
        """A new record with the first rows; this one is left whole, to be compared with."""
        fresh = Columns()
        fresh._room = max(256, 2 * rows)
        fresh.rows = rows
        for name, old in self.arrays.items():
            if not np.isnan(old[:rows]).all():
                fresh.arrays[name] = np.full(fresh._room, math.nan)
                fresh.arrays[name][:rows] = old[:rows]
        return fresh

    def views(self) -> dict[str, np.ndarray]:
        """Read-only columns of all rows so far."""
        shown = {}
        for name, array in self.arrays.items():
            view = array[: self.rows]
            view.flags.writeable = False
            shown[name] = view
        return shown

    def row(self, at: int) -> dict[str, float]:
        """What was measured at one step."""
        return {name: float(a[at]) for name, a in self.arrays.items() if not np.isnan(a[at])}

    def _widened(self, old: np.ndarray) -> np.ndarray:
        wide = np.full(self._room, math.nan)
        wide[: len(old)] = old
        return wide


class Trace(NamedTuple):
    """Where something was: places[i] (k, d) at step times[i]."""

    times: np.ndarray
    places: np.ndarray


class Traces:
    """The trails of a few attributes, thinned so that a long run stays small: at most `most` places each.

    Like Columns, arrays are only ever appended to, so a view handed out stays true.
    """

    def __init__(self, most: int = 2048) -> None:
        self.most, self.stride, self.count = most, 1, 0
        self.times = np.empty(most, dtype=np.int64)
        self.places: dict[str, np.ndarray] = {}  # name → (most, k, d)

    def append(self, t: int, places: Mapping[str, np.ndarray]) -> None:
        """Record where things are at step t, if the present stride asks for it."""
        if t % self.stride or (self.count and t <= self.times[self.count - 1]):
            return
        if self.count == self.most:
            self.stride *= 2
            self._keep(self.times % self.stride == 0)
            if t % self.stride:
                return
        for name, place in places.items():
            k, d = place.shape if place.ndim == 2 else (1, *place.shape)
            array = self.places.get(name)
            if array is None or array.shape[1] < k or array.shape[2] < d:
                array = self.places[name] = self._widened(array, k, d)
            array[self.count, :k, :d] = place
        self.times[self.count] = t
        self.count += 1

    def cut(self, t: int) -> Traces:
        """A new record up to step t; this one is left whole."""
        fresh = Traces(self.most)
        fresh.stride, fresh.count, fresh.times, fresh.places = self.stride, self.count, self.times, self.places
        fresh._keep(np.arange(self.most) < np.searchsorted(self.times[: self.count], t, side="right"))
        return fresh

    def upto(self, t: int) -> dict[str, Trace]:
        """The trails up to step t; who joined late is NaN before."""
        count = int(np.searchsorted(self.times[: self.count], t, side="right"))
        trails = {}
        for name, array in self.places.items():
            times, places = self.times[:count], array[:count]
            times.flags.writeable = places.flags.writeable = False
            trails[name] = Trace(times, places)
        return trails

    def _keep(self, chosen: np.ndarray) -> None:
        chosen = chosen[: self.count]
        times, self.times = self.times, np.empty(self.most, dtype=np.int64)
        old, self.places = self.places, {}
        kept = int(chosen.sum())
        self.times[:kept] = times[: self.count][chosen]
        for name, array in old.items():
            fresh = self.places[name] = np.full_like(array, np.nan)
            fresh[:kept] = array[: self.count][chosen]
        self.count = kept

    def _widened(self, old: np.ndarray | None, k: int, d: int) -> np.ndarray:
        if old is None:
            return np.full((self.most, k, d), np.nan)
        wide = np.full((self.most, max(k, old.shape[1]), max(d, old.shape[2])), np.nan)
        wide[:, : old.shape[1], : old.shape[2]] = old
        return wide
