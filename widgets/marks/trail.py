"""Where a recorded attribute has been: the past fades, the present is a ringed disc, an abandoned run is dashed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QTransform

from lab.session import Frame
from widgets.look import Look
from widgets.marks import Bounds, Legend, PlotPainter
from widgets.marks.dragging import on_axes
from widgets.marks.overlay import Floats, Overlay, Pieces, bounds_of, moved, pixels, same

SHADES = 12  # steps from vivid to nearly gone
OLDEST = 0.12  # how opaque the farthest past is
REACH = 16_000  # pixels of past, for all runners together: more takes longer to draw than a frame has
DASH = 5.0  # pixels
NOWHERE = np.empty((0, 0, 2))


class TrailPainter(PlotPainter):
    """Draws Trail, one class colour a runner."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.track = Track(self.plot, self.depth * 10)
        self._shown: tuple[Any, ...] = ()
        self._labels: Sequence[Any] = ()

    def show(self, frame: Frame) -> None:
        name, ghost = self.mark.of, frame.ghost
        trace, present = frame.trails.get(name), frame.values.get(name)
        old = ghost.trails.get(name) if ghost else None
        labels = frame.values.get(self.mark.labels)
        self._labels = () if labels is None else labels
        now = (trace, present, old, self.look)
        if same(now, self._shown):
            return
        self._shown = now
        places = NOWHERE if trace is None else self._by_runner(trace.places)
        if present is not None:  # a long run's record is thinned, and may end a little before the present
            last = self._by_runner(np.atleast_2d(np.asarray(present, dtype=float))[None])
            places = np.concatenate([places, last], axis=1) if len(last) == len(places) else last
        track = self.track
        track.look, track.places, track.ghost = self.look, places, NOWHERE
        if old is not None and ghost is not None:
            since = int(np.searchsorted(old.times, ghost.branched, side="right")) - 1
            track.ghost = self._by_runner(old.places[max(since, 0) :])
        track.update()

    def bounds(self) -> Bounds | None:
        return bounds_of(self.track.places)

    def legend(self) -> Sequence[Legend]:
        runners = range(len(self.track.places))
        return [Legend(str(label), self.look.colour(i).name()) for i, label in zip(runners, self._labels)]

    def _by_runner(self, places: Floats) -> Floats:
        """Places (times, runners, 2) as (runners, times, 2), as the axes show them."""
        if places.ndim != 3 or places.shape[2] != 2:
            return NOWHERE
        shown = on_axes(self.plot, places.reshape(-1, 2)).reshape(places.shape)
        return shown.transpose(1, 0, 2)


class Track(Overlay):
    """Paints the trails of all runners."""

    look = Look()
    places = NOWHERE
    ghost = NOWHERE

    def draw(self, painter: QPainter, to_screen: QTransform, seen: QRectF) -> None:
        look, pieces = self.look, Pieces()
        reach = REACH * look.scale / max(len(self.places) + len(self.ghost), 1)
        for runner, line in enumerate(pixels(to_screen, self.ghost)):
            painter.setPen(_flat(look.pen(runner, 1.5, alpha=0.55)))
            pieces.draw(painter, dashes(line, reach))
        for runner, line in enumerate(pixels(to_screen, self.places)):
            for fade, part in faded(line, reach):
                painter.setPen(_flat(look.pen(runner, 2.2, alpha=1 - (1 - OLDEST) * fade)))
                pieces.draw(painter, part)
            if len(line) and np.isfinite(line[-1]).all():
                painter.setPen(look.pen("text", 2))
                painter.setBrush(look.colour(runner))
                painter.drawEllipse(QPointF(*line[-1]), 5 * look.scale, 5 * look.scale)


def faded(line: Floats, reach: float) -> Iterator[tuple[float, Floats]]:
    """A line (n, 2) on the screen as straight pieces (m, 4) with how far they have faded, 0 for the newest."""
    line = line[moved(line)]
    pieces = np.hstack([line[:-1], line[1:]])
    pieces = pieces[np.isfinite(pieces).all(axis=1)]
    if not len(pieces):
        return
    lengths = np.hypot(*(pieces[:, 2:] - pieces[:, :2]).T)
    since = lengths[::-1].cumsum()[::-1] - lengths  # pixels run since each piece
    shade = since / min(since[0] + lengths[0], reach) * SHADES
    ends = len(pieces) - np.searchsorted(shade[::-1], np.arange(SHADES + 1))
    for n in range(SHADES - 1, -1, -1):
        yield n / (SHADES - 1), pieces[ends[n + 1] : ends[n]]


def dashes(line: Floats, reach: float) -> Floats:
    """A line (n, 2) on the screen as short pieces (m, 4) with gaps between them."""
    line = line[np.isfinite(line).all(axis=1)]
    if len(line) < 2:
        return np.empty((0, 4))
    run = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    at = np.arange(0, min(run[-1], reach), DASH)
    at = at[: len(at) // 2 * 2]
    x, y = (np.interp(at, run, axis) for axis in line.T)
    return np.stack([x[::2], y[::2], x[1::2], y[1::2]], axis=1)


def _flat(pen: Any) -> Any:
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)  # round ones would show as dots where pieces overlap
    return pen
