"""Lanes: runs side by side that step together, each with a number that stays its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lab import marks
from lab.frame import Frame
from lab.session import Session


class Lane:
    """A session and what the window wants to see of it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.wanted: frozenset[str] | None = None  # None: what the panels open at first show
        self.layout: marks.Layout = session.layout
        self.frame: Frame | None = None
        self.told: tuple[int, str] | None = session.run.diverged  # a divergence pauses a run once
        self.blind: set[str] = set()  # pictures that raised: said once, then left out

    def draw(self, tell: Callable[[str, Exception], None]) -> Frame:
        """This moment; a picture that raises is told of, and left out from then on."""
        session = self.session
        if session.layout is not self.layout:
            self.layout, self.wanted = session.layout, None
        try:
            if self.blind and self.wanted is not None:
                return session.draw(self.wanted - self.blind)
            return session.draw(self.wanted)
        except Exception:
            return self._part(tell)

    def _part(self, tell: Callable[[str, Exception], None]) -> Frame:
        """Some picture raised: find out which, and show the others."""
        good = set()
        for name in self.session.draw_names() if self.wanted is None else self.wanted:
            try:
                self.session.draw([name])
                good.add(name)
            except Exception as wrong:
                if name not in self.blind:
                    self.blind.add(name)
                    tell(name, wrong)
        return self.session.draw(good)


class Lanes(dict[int, Lane]):
    """By number, the first one's being 0. A number is never given again: what was sent to a closed lane is lost."""

    def __init__(self, first: Session | None = None) -> None:
        super().__init__()
        self._next = 0
        if first is not None:
            self.append(Lane(first))

    def append(self, lane: Lane) -> None:
        self[self._next] = lane
        self._next += 1

    def sessions(self) -> list[Session]:
        return [lane.session for lane in self.values()]

    def step(self) -> bool:
        """One step on for those that are furthest behind, so that lanes that came apart meet. False: all are over."""
        sessions = self.sessions()
        if len(sessions) == 1:
            return sessions[0].step()
        going = [session for session in sessions if session.partial is not None or not session.finished]
        behind = min((session.t for session in going), default=0)
        for session in going:
            if session.t == behind:
                session.step()
        return bool(going)

    def before(self) -> int:
        """The step that is one back: out of a half-done step, its beginning."""
        return max((s.t if s.partial else s.t - 1 for s in self.sessions()), default=0)


def like(run: Session, settings: Mapping[str, Any], seed: int | None) -> Session:
    """A run to set beside this one: begun with some settings changed or another seed; if neither, all that was done
    in it is done again."""
    if settings or seed is not None:
        changed = {**run.experiment.settings(), **run.kind.completed(settings)}
        twin = Session(run.kind, changed, run.seed if seed is None else seed)
    else:
        twin = Session(run.kind, {**run.begun, **run.experiment.settings(view=True)}, run.seed)
        twin.load_journal(run.run.journal)
    twin.sealing = run.sealing
    return twin
