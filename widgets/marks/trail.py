"""Where a recorded attribute has been: the past fades, the present is a ringed disc, an abandoned run is dashed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QTransform

from lab.frame import Frame
from widgets.look import Look
from widgets.marks import Bounds, Legend, PlotPainter
from widgets.marks.dragging import on_axes
from widgets.marks.overlay import (
    SHORT,
    Floats,
    Overlay,
    Pieces,
    bounds_of,
    dashes,
    moved,
    pixels,
    same,
    shortened,
    stroke,
)

SHADES = 9  # steps from vivid to nearly gone
OLDEST = 0.12  # how opaque the farthest past is
REACH = 9_000  # pixels of past, for all runners together: more would take longer to draw than a frame has
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
            if len(last) < len(places):  # the record keeps a place for those who left
                last = np.concatenate([last, np.full((len(places) - len(last), 1, 2), np.nan)])
            places = np.concatenate([places, last], axis=1) if len(places) == len(last) else last
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
            painter.setPen(stroke(look.pen(runner, 1.5, alpha=0.55)))
            pieces.draw(painter, dashes(line, DASH, reach))
        lines = pixels(to_screen, self.places)
        parts = list(faded(lines, reach))
        for _, age, part in parts:  # a casing tells the newest part from a ground of its own colour
            if age < 0.2:
                painter.setPen(stroke(look.pen("card", 4, alpha=0.45 - age)))
                pieces.draw(painter, part)
        for runner, age, part in parts:
            painter.setPen(stroke(look.pen(runner, 2.2, alpha=1 - (1 - OLDEST) * age)))
            pieces.draw(painter, part)
        painter.setPen(Qt.PenStyle.NoPen)
        for runner, last in enumerate(lines[:, -1] if lines.size else ()):
            if np.isfinite(last).all():
                for tint, radius in (("card", 7.5), ("text", 6), (runner, 4)):  # one of two rings shows on any ground
                    painter.setBrush(look.colour(tint))
                    painter.drawEllipse(QPointF(*last), radius * look.scale, radius * look.scale)


def faded(lines: Floats, reach: float) -> Iterator[tuple[int, float, Floats]]:
    """Lines (runners, n, 2) on the screen as parts: whose it is, its age from 1 to 0 for the newest, its pieces."""
    if not lines.size:
        return
    runners, n = lines.shape[:2]
    places, runner = lines.reshape(-1, 2), np.repeat(np.arange(runners), n)
    kept = moved(places, 4)
    kept[::n] = True
    places, runner = places[kept], runner[kept]
    pieces = np.hstack([places[:-1], places[1:]])
    whole = np.isfinite(pieces).all(axis=1) & (runner[:-1] == runner[1:])
    pieces, runner = pieces[whole], runner[1:][whole]
    near = _since(pieces, runner) < reach
    pieces, piece = shortened(pieces[near])
    if not len(pieces):
        return
    runner = runner[near][piece]
    since = _since(pieces, runner)
    oldest = since[np.searchsorted(runner, np.arange(runners)).clip(max=len(since) - 1)]
    shade = (since / np.minimum(oldest[runner] + SHORT, reach) * SHADES).astype(int)
    seen = shade < SHADES
    part = runner[seen] * SHADES + SHADES - 1 - shade[seen]
    ends = np.searchsorted(part, np.arange(runners * SHADES + 1))
    pieces = pieces[seen]
    for i in range(runners * SHADES):
        if ends[i] < ends[i + 1]:
            yield i // SHADES, 1 - i % SHADES / (SHADES - 1), pieces[ends[i] : ends[i + 1]]


def _since(pieces: Floats, runner: NDArray[np.intp]) -> Floats:
    """How many pixels each runner has run after each of its pieces."""
    length = np.hypot(*(pieces[:, 2:] - pieces[:, :2]).T)
    left = length[::-1].cumsum()[::-1] - length  # to the end of all runners' pieces
    last = np.searchsorted(runner, runner, side="right") - 1
    return left - left[last]
