"""Surface: a Field lit in three dimensions with the runners' trails on it; where there is no OpenGL, a contour map."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from lab.frame import Frame
from lab.marks import Dots, Field, Heat, Mark, Panel, Surface, Trail
from lab.record import Trace
from widgets.look import Look
from widgets.marks import Hands, PlotPainter, WidgetPainter, painter
from widgets.marks.lighting import Relief, relief
from widgets.marks.opengl import missing
from widgets.marks.scene import Scene
from widgets.plot import Plot
from widgets.theme import colour_map

PAST = 0.4  # how strong a trail is at its beginning
LOW = 24.0  # degrees: from above, upright sticks would be dots
ABANDONED = 0.45  # how strong the trails of a ghost are at their end
RUNNER = "surface: which runner"  # the name under which the contour map hears the classes of the dots

Timed = tuple[Any, Any]  # places (n, 2) and the step of each


class SurfacePainter(WidgetPainter):
    """One surface, and a line of text where something must be said about it."""

    stretch = 3

    def __init__(self, mark: Surface, hands: Hands, look: Look) -> None:
        super().__init__(mark, hands, look)
        self.widget = QWidget()
        self.note = QLabel()
        self.note.setProperty("quiet", True)
        self.note.setWordWrap(True)
        self.note.hide()
        self._column = QVBoxLayout(self.widget)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.note)
        self._drawing: Lit | Contour | None = None

    def show(self, frame: Frame) -> None:
        drawing = self._drawing or self._begin(missing())
        drawing.show(frame)
        if self.note.text() != drawing.said:
            self.note.setText(drawing.said)
            self.note.setVisible(bool(drawing.said))

    def restyle(self, look: Look) -> None:
        super().restyle(look)
        if self._drawing is not None:
            self._drawing.restyle(look)

    def _begin(self, why_flat: str) -> Lit | Contour:
        # What the axes are called stands on the card; a painter is told of its mark alone.
        panel = getattr(self.widget.parentWidget(), "panel", None) or Panel("")
        if why_flat:
            made: Lit | Contour = Contour(self.mark, self.hands, self.look, panel, why_flat)
        else:
            made = Lit(self.mark, self.look, panel)
        self._drawing = made
        self._column.insertWidget(0, made.widget, 1)
        return made


class Lit:
    """The surface in three dimensions."""

    def __init__(self, mark: Surface, look: Look, panel: Panel) -> None:
        self.mark, self.look, self.panel = mark, look, panel
        self.widget = Scene(look, LOW) if mark.sticks else Scene(look)
        self.relief: Relief | None = None
        self.said = ""
        self._field: Field | None = None
        self._stood: Any = None  # heights that the scale has taken in
        self._past: Trace | None = None
        self._seen: tuple[Any, ...] = (None,) * 3
        self._length = 0

    def restyle(self, look: Look) -> None:
        self.look = look
        self.widget.restyle(look)
        self._field = None

    def show(self, frame: Frame) -> None:
        field = frame.values.get(self.mark.field)
        if field is None:
            return
        points, heights = frame.values.get(self.mark.points), frame.values.get(self.mark.heights)
        stood = heights if self.mark.sticks else None
        if fresh := not _same(field, self._field) or stood is not self._stood:
            self._field, self._stood = field, stood
            self._build(field)
        self._draw_ghost(frame, fresh)
        trail = frame.trails.get(self.mark.trail)
        seen = (_memory(trail), points, heights)
        length = 0 if trail is None else len(trail.times)
        if fresh or length != self._length or any(new is not old for new, old in zip(seen, self._seen)):
            self._seen, self._length = seen, length
            paths = [] if trail is None else _paths(trail, points, frame.t)
            self._draw_paths("trail", paths, 1)
            self._draw_discs(paths, points, heights)

    def _draw_ghost(self, frame: Frame, fresh: bool) -> None:
        """What an abandoned run did after this one left it."""
        past = frame.ghost.trails.get(self.mark.trail) if frame.ghost else None
        if not fresh and past is self._past:
            return
        self._past = past
        paths = []
        if past is not None and frame.ghost is not None:
            since = max(int(np.searchsorted(past.times, frame.ghost.branched, side="right")) - 1, 0)
            paths = _paths(Trace(past.times[since:], past.places[since:]), None, 0)
        self._draw_paths("ghost", paths, ABANDONED)

    def _build(self, field: Field) -> None:
        """The mesh and the floor it stands on."""
        mark, theme = self.mark, self.look.theme
        diverging = mark.colours == "scores"
        self.relief = relief(field, mark.log, diverging, () if self._stood is None else self._stood)
        self.said = self.relief.said if self.relief else ""
        name = "scores dark" if diverging and theme.name == "dark" else mark.colours
        self.widget.set_mesh(*(self.relief.mesh(colour_map(name)) if self.relief else (None, None)))
        self.widget.set_axes(*([(self.panel.x, field.x), (self.panel.y, field.y)] if self.relief else []))
        self.widget.set_paths("floor", _floor(self.look.colour("quiet", 0.5)) if self.relief else [], width=1)

    def _draw_paths(self, name: str, paths: list[Timed], strongest: float) -> None:
        drawn = []
        ground = self.relief
        for runner, (path, times) in enumerate(paths if ground else ()):
            assert ground is not None
            places, when, seen = ground.draped(path, times)
            if len(places) > 1:
                age = (when - when[0]) / max(when[-1] - when[0], 1e-9)
                strength = seen * strongest * (PAST + (1 - PAST) * age)
                drawn.append((places, strength, self.look.colour(runner)))
        self.widget.set_paths(name, drawn, width=3.5, halo=self.look.colour("card", 0.7), raised=True)

    def _draw_discs(self, paths: list[Timed], points: Any, heights: Any) -> None:
        """The runners' present places: where the frame says, or where their trails end."""
        if self.relief is None:
            return self.widget.set_discs(np.empty((0, 6), dtype=np.float32))
        at = np.asarray(_ends(paths) if points is None else points, dtype=float).reshape(-1, 2)
        finite = np.isfinite(at).all(axis=1)
        places, within = self.relief.placed(np.where(finite[:, None], at, 0))
        if self._stood is not None:
            return self._draw_sticks(places, self.relief.raised(np.ravel(self._stood)), finite & within)
        if heights is not None:
            # Between the field's places the ground is a guess: who is truly lower must not sink into it.
            raised = self.relief.raised(np.ravel(heights))[: len(places)]
            places[: len(raised), 2] = np.fmax(places[: len(raised), 2], raised)
        colours = np.array([self.look.colour(runner).getRgbF() for runner in range(len(at))]).reshape(-1, 4)
        return self.widget.set_discs(np.hstack([places, colours[:, :3]])[finite & within].astype(np.float32))

    def _draw_sticks(self, feet: Any, heights: Any, seen: Any) -> None:
        """Data above and below the surface, each with an upright line to it."""
        tops = feet.copy()
        tops[:, 2] = heights
        seen = seen & np.isfinite(heights)
        ink = self.look.colour("text")
        sticks = [(ends, np.ones(2), ink) for ends in np.stack([feet[seen], tops[seen]], axis=1)]
        self.widget.set_paths("sticks", sticks, width=1.5, raised=True)
        colours = np.tile((ink.redF(), ink.greenF(), ink.blueF()), (len(tops), 1))
        self.widget.set_discs(np.hstack([tops, colours])[seen].astype(np.float32), radius=4)


class Contour:
    """The same numbers as a map, where nothing can be seen in three dimensions."""

    def __init__(self, mark: Surface, hands: Hands, look: Look, panel: Panel, why: str) -> None:
        self.said = f"{why}: the same surface as a contour map"
        marks: list[Mark] = [Heat(mark.field, colours=mark.colours, log=mark.log)]
        if mark.trail:  # it ends in a disc
            marks.append(Trail(mark.trail))
        elif mark.sticks:
            marks.append(Dots(mark.points, tint="text"))
        elif mark.points:
            marks.append(Dots(mark.points, colour=RUNNER, big=True))
        self.mark = mark
        self.widget = Plot(Panel("", *marks, x=panel.x, y=panel.y, equal=panel.equal), look)
        self.painters: list[PlotPainter] = []
        for depth, one in enumerate(marks):
            kind: Any = painter(one)
            self.painters.append(kind(one, hands, look, self.widget, depth))
        self._runners = np.arange(0)

    def restyle(self, look: Look) -> None:
        self.widget.restyle(look)
        for one in self.painters:
            one.restyle(look)

    def show(self, frame: Frame) -> None:
        points = frame.values.get(self.mark.points)
        if points is not None and len(points) != len(self._runners):
            self._runners = np.arange(len(points))
        frame = replace(frame, values={**frame.values, RUNNER: self._runners})
        for one in self.painters:
            one.show(frame)
        self.widget.follow(one.bounds() for one in self.painters)


def _same(one: Field, other: Field | None) -> bool:
    return other is not None and one.z is other.z and (one.x, one.y) == (other.x, other.y)


def _memory(trail: Trace | None) -> Any:
    """What a trail lies in: it only grows at its end, and each frame has a fresh view of it."""
    return None if trail is None else trail.places if trail.places.base is None else trail.places.base


def _paths(trail: Trace, points: Any, t: int) -> list[Timed]:
    """Each runner's places so far and their steps; a trail is thinned, so the present is added where it is known."""
    places, times = trail.places[..., :2], trail.times
    if points is not None and np.size(points) == places.shape[1] * 2:
        places, times = np.concatenate([places, np.reshape(points, (1, -1, 2))]), np.append(times, t)
    return [(places[:, runner], times) for runner in range(places.shape[1])]


def _ends(paths: list[Timed]) -> Any:
    """(k, 2): the last place known of each runner."""
    known = [path[np.isfinite(path).all(axis=1)] for path, _ in paths]
    return np.array([path[-1] if len(path) else (np.nan, np.nan) for path in known]).reshape(-1, 2)


def _floor(colour: QColor) -> list[tuple[Any, Any, QColor]]:
    """The outline of the floor, and a few faint lines across it."""
    outline = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0), (-1, -1, 0)], dtype=float)
    lines = [(outline, np.ones(5), colour)]
    for at in (-0.5, 0.0, 0.5):
        for line in ([(at, -1, 0), (at, 1, 0)], [(-1, at, 0), (1, at, 0)]):
            lines.append((np.array(line, dtype=float), np.full(2, 0.4), colour))
    return lines
