"""How often each value occurs: one sample or several, each a filled outline over shared bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from lab.frame import Frame
from widgets.marks import Bounds, Legend, PlotPainter
from widgets.marks.dragging import FARTHEST
from widgets.marks.overlay import same

Floats = NDArray[np.float64]


class HistogramPainter(PlotPainter):
    """Draws Histogram."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.outlines: list[pg.PlotCurveItem] = []
        self._shown: tuple[Any, ...] = ()
        self._bounds: Bounds | None = None
        self._labels: Sequence[Any] = ()

    def show(self, frame: Frame) -> None:
        given, labels = frame.values.get(self.mark.sample), frame.values.get(self.mark.labels)
        now = (given, labels, self.look)
        if same(now, self._shown):
            return
        self._shown = now
        samples = [_finite(sample) for sample in _several(given)]
        self._labels = labels if labels is not None and len(labels) == len(samples) else ()
        edges = bin_edges(np.concatenate([np.empty(0), *samples]), self.mark.bins)
        counts = [counted(sample, edges) for sample in samples]
        if self.mark.density:
            counts = [count / (max(count.sum(), 1.0) * (edges[1] - edges[0])) for count in counts]
        while len(self.outlines) < len(samples):
            self.outlines.append(self._outline())
        for i, outline in enumerate(self.outlines):
            outline.setVisible(i < len(samples))
            if i < len(samples):
                outline.setPen(self.look.pen(i, 2))
                outline.setBrush(self.look.colour(i, 0.3))
                outline.setData(np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(counts[i], 2), [0.0]]))
        highest = max((float(count.max(initial=0.0)) for count in counts), default=0.0)
        self._bounds = (float(edges[0]), float(edges[-1]), 0.0, highest) if len(edges) > 1 and samples else None

    def bounds(self) -> Bounds | None:
        return self._bounds

    def legend(self) -> Sequence[Legend]:
        return [Legend(str(label), self.look.colour(i).name()) for i, label in enumerate(self._labels)]

    def _outline(self) -> pg.PlotCurveItem:
        outline = pg.PlotCurveItem(fillLevel=0.0)
        outline.setZValue(self.depth * 10)
        self.plot.getViewBox().addItem(outline, ignoreBounds=True)
        return outline


def counted(sample: Floats, edges: Floats) -> Floats:
    """How many of a sample are in each bin: told only the range, NumPy need not search."""
    counts, _ = np.histogram(sample, len(edges) - 1, (float(edges[0]), float(edges[-1])))
    return counts.astype(float)


def bin_edges(values: Floats, bins: int) -> Floats:
    """About as many bins as wanted, round in width and place: they stay where they are while a sample shifts."""
    if not len(values):
        return np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        half = max(0.5, 1e-3 * abs(low))
        return np.array([low - half, low + half])
    power = 10.0 ** math.floor(math.log10((high - low) / bins))
    width = next(step * power for step in (1, 2, 2.5, 5, 10, 20) if step * power * bins >= high - low)
    first = math.floor(low / width)
    edges = np.arange(first, max(math.ceil(high / width), first + 1) + 1, dtype=np.float64) * np.float64(width)
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)  # rounding leaves nobody out
    return edges


def _several(given: Any) -> list[Any]:
    """The samples: one array of numbers, or a sequence of arrays."""
    if given is None:
        return []
    if isinstance(given, np.ndarray):
        return list(given) if given.ndim == 2 else [given]
    return list(given) if len(given) and np.ndim(given[0]) else [given]


def _finite(sample: Any) -> Floats:
    values = np.asarray(sample, dtype=float).ravel()
    return values[np.abs(values) < FARTHEST]
