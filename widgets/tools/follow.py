"""Follow a point: one sample's loss over the run and its push on the model now; take it away, turn it or move it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from lab.controls import Dataset
from lab.data.points import Points
from lab.experiment import Experiment
from lab.follow import Follower, Sighting
from lab.frame import Frame
from lab.marks import Dots
from lab.session import Session
from lab.until import Until
from widgets.follow_drawer import Drawing
from widgets.marks.dots import DotsPainter
from widgets.tools import Tool
from widgets.tools.draw_data import Ring
from widgets.window import Window

PIECE = 0.015  # seconds of the engine's time that one question may take
RADIUS = 12  # pixels of the ring
LEFT = Qt.MouseButton.LeftButton


class FollowPoint(Tool):
    title = "Follow a point"
    section = "Data"
    keys = "F"
    help = "One sample: what it costs at each step, how hard it pushes now, and the run without it or with it turned."

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.drawing: Drawing | None = None
        self.follower: Follower | None = None
        self.sighting: Sighting | None = None
        self.asking = self.missed = False  # a question is on its way; something happened meanwhile
        self.rings: dict[DotsPainter, Ring] = {}
        self.moving: tuple[int, int] | None = None  # from which step a move is awaited, and where to play to then
        window.opened.connect(self._opened)
        window.shown.connect(self._shown)
        window.gone.connect(self._put_away)

    def why_not(self) -> str:
        if why := super().why_not():
            return why
        offers = hasattr(self.window.kind, "sample_loss") and hasattr(self.window.kind, "push")
        return "" if offers else "This experiment does not tell what a single sample costs, so none can be followed."

    def use(self) -> None:
        """Follow the sample of the greatest loss, until another is chosen; or put it away."""
        if self.drawing is not None:
            self._put_away()
            return
        assert self.window.kind is not None
        drawing = self.drawing = Drawing(self.window.kind.title, self.window.look)
        drawing.closed.connect(self._closed)
        drawing.chosen.connect(self.choose)
        drawing.sought.connect(lambda t: self.window.engine.seek(t))
        drawing.stopped.connect(self._stop)
        drawing.remove.clicked.connect(lambda: self._begin("erase"))
        drawing.flip.clicked.connect(lambda: self._begin("paint"))
        drawing.drag.clicked.connect(lambda: self._begin("move"))
        drawing.watch.timeout.connect(self._watch_move)
        self.window.drawer.put(self.title, drawing)
        self.choose(None)

    def _opened(self, kind: type[Experiment]) -> None:
        self._put_away()

    def _put_away(self) -> None:
        self.window.drawer.take(self.drawing)

    def _closed(self) -> None:
        self.drawing = self.follower = self.sighting = self.moving = None
        self.asking = self.missed = False
        for painter, ring in self.rings.items():
            if isValid(painter.plot):
                painter.plot.getViewBox().removeItem(ring)
        self.rings = {}

    # ------------------------------------------------------------ what the run tells

    def choose(self, index: int | None) -> None:
        """Follow the sample that stands at this index now."""
        self.window.engine.ask(partial(self._chosen, index), lambda _: self._ask())

    def _chosen(self, index: int | None, session: Session) -> None:
        if self.follower is None:
            self.follower = Follower(session)
        self.follower.choose(session, index)

    def _ask(self) -> None:
        """One question at a time: what happens meanwhile is asked for after it."""
        if self.drawing is None or self.asking:
            self.missed = self.asking
            return
        self.asking, self.missed = True, False
        self.window.engine.ask(self._look, self._told)

    def _look(self, session: Session) -> Sighting | None:
        return self.follower.look(session, PIECE) if self.follower is not None else None

    def _told(self, sighting: Sighting | None) -> None:
        if self.drawing is None:
            return
        self.asking = False
        if sighting is None:
            return
        self.sighting = sighting
        self._show()
        if self.missed or sighting.waiting:
            self._ask()

    def _stop(self) -> None:
        if self.follower is not None:
            self.follower.stopped = True
            self._ask()

    def _shown(self, frame: Frame) -> None:
        if self.drawing is None:
            return
        if self.drawing.look is not self.window.look:
            self.drawing.restyle(self.window.look)
            self._show()
        self._ask()

    # ------------------------------------------------------------ what is shown

    def _show(self) -> None:
        frame, drawing, sighting = self.window.frame, self.drawing, self.sighting
        if frame is None or drawing is None or sighting is None:
            return
        place = next(self._shows(), None)
        points = frame.settings.get(place[1]) if place is not None else None
        cloud = points if isinstance(points, Points) and len(points) == sighting.samples else None
        drawing.show_sighting(frame, sighting, cloud, self._other_class(cloud) is not None)
        self._show_rings()

    def _shows(self) -> Iterator[tuple[DotsPainter, str]]:
        """The painters that show a Dataset's points, each with the name of it."""
        controls = self.window.kind.controls if self.window.kind is not None else {}
        for card in self.window.stage.cards():
            for mark, painter in zip(card.panel.marks, card.drawers, strict=True):
                if isinstance(mark, Dots) and isinstance(painter, DotsPainter):
                    edits = [edit.split(".") for edit in (mark.drag, mark.add) if "." in edit]
                    if edits and isinstance(controls.get(edits[0][0]), Dataset):
                        yield painter, edits[0][0]

    def _show_rings(self) -> None:
        """Around the sample in every panel that shows it; panels may have come and gone."""
        shows = [painter for painter, _ in self._shows()]
        for painter in shows:
            if painter not in self.rings:
                self.rings[painter] = Ring(painter.plot)
                painter.grip.clicked.connect(self._clicked)
                painter.grip.moved.connect(self._dragged)
        self.rings = {painter: ring for painter, ring in self.rings.items() if painter in shows}
        index = self.sighting.index if self.sighting is not None else None
        for painter, ring in self.rings.items():
            places, at = painter.grip.places, None
            if index is not None and index < len(places) and np.isfinite(places[index]).all():
                at = QPointF(*(painter.grip.at if painter.grip.moves(index) else places[index].tolist()))
            ring.look = self.window.look
            ring.show_at(at, RADIUS * self.window.look.scale, "accent")

    def _clicked(self, index: int, button: Qt.MouseButton) -> None:
        if self.drawing is not None and button == LEFT:
            self.choose(index)

    def _dragged(self, *_: object) -> None:
        self._show_rings()

    # ------------------------------------------------------------ what is done to it

    def _other_class(self, cloud: Points | None) -> int | None:
        """The next class for it, where the picture shows classes that are the points' own."""
        frame, sighting = self.window.frame, self.sighting
        place = next(self._shows(), None)
        if cloud is None or place is None or frame is None or sighting is None or sighting.index is None:
            return None
        shown = frame.values.get(place[0].mark.colour)
        if shown is None or np.shape(shown) != cloud.y.shape or cloud.classes < 2:
            return None
        now = int(cloud.y[sighting.index])
        if np.array_equal(shown, cloud.y):
            return (now + 1) % cloud.classes
        return int(now == 0) if np.array_equal(shown, np.minimum(cloud.y, 1)) else None

    def _begin(self, edit: str) -> None:
        """Go to the step from which it is to be another run, and see where the sample stands there."""
        frame, drawing, follower = self.window.frame, self.drawing, self.follower
        if frame is None or drawing is None or follower is None:
            return
        again = drawing.again.isChecked() and drawing.step.value() < frame.end
        t = drawing.step.value() if again else frame.t
        if again:
            self.window.engine.seek(t)
        end = frame.end if again else None
        wanted = (edit, t, end, self._other_class(drawing.cloud))
        self.window.engine.ask(
            lambda session: (session.t, follower.place(session)), lambda found: self._edit(*wanted, *found)
        )

    def _edit(self, edit: str, t: int, end: int | None, label: int | None, here: int, index: int | None) -> None:
        place, hands = next(self._shows(), None), self.window.hands
        if self.drawing is None or place is None or (end is not None and here != t):  # another seek came between
            return
        if index is None:
            self.window.banner.say("refused", f"The sample that you follow is not there at step {here}.", bad=True)
            return
        if edit == "move":
            self.window.banner.say("follow", "Now drag the ringed point in the picture.")
            if end is not None:
                self.moving = (t, end)
                self.drawing.watch.start()
            return
        arguments: list[Any] = [index] if edit == "erase" else [index, label]
        hands.act(f"{place[1]}.{edit}", arguments, hands.gesture())
        if end is not None:
            self.window.engine.run_to(Until(t=end))

    def _watch_move(self) -> None:
        """Once the point was dragged and let go of, play on to where the run had come before."""
        frame, drawing = self.window.frame, self.drawing
        if self.moving is None or frame is None or drawing is None:
            return
        t, end = self.moving
        moved = frame.end == t  # what lay ahead is cut off
        if moved and QApplication.mouseButtons() == Qt.MouseButton.NoButton:
            self.window.engine.run_to(Until(t=end))
        elif moved or frame.end == end:
            return
        self.moving = None  # done, or the person is about something else
        drawing.watch.stop()


TOOLS: tuple[type[Tool], ...] = (FollowPoint,)
