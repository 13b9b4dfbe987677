"""The engine: one thread that owns every lane's session, trains, and hands the window one frame at a time.

It emits a frame, waits until the window has taken it, then trains on for a slice: so a window stays smooth
however fast the training is, and frames never queue.
"""

from __future__ import annotations

import math
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from PySide6.QtCore import QThread, Signal

from lab import glass
from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.frame import Frame
from lab.lanes import Lane, Lanes, like
from lab.memory import give_back
from lab.pace import Beat, Pace
from lab.session import Session, Tick
from lab.until import Until

SLICE = 0.010  # seconds of training between looks at the commands
PROMPTNESS = 0.0005  # seconds after which a step lets the window's thread have the interpreter
PATIENCE = 0.25  # seconds to wait for the window to take a frame
FAREWELL = 2.0  # seconds to wait for the thread to end
MOST_LANES = 4

_stuck: list[Engine] = []  # engines whose step would not end: destroying a running QThread aborts the process


@dataclass(frozen=True)
class Status:
    """How the engine stands, told with every frame."""

    playing: bool
    rate: float  # steps a second, measured
    speed: float  # steps a second, asked for
    seeking: tuple[int, int] | None = None  # (step reached, step wanted) while a long seek goes on


@dataclass(frozen=True)
class Failure:
    """Something went wrong, in a sentence, with the details for a report."""

    message: str
    details: str = ""


class Engine(QThread):
    """Commands are taken from any thread, run in this one, and answered by signals."""

    framed = Signal(object, object)  # (a tuple of Frames, one a lane; Status)
    failed = Signal(object)  # Failure
    refused = Signal(str, str)  # (control or action, why), with the old run left as it was
    loaded = Signal(object)  # the Experiment class now open
    saved = Signal(str)  # path
    answered = Signal(object, object)  # (whom to tell, the answer)
    arrived = Signal(str)  # what was waited for has come, in a sentence

    def __init__(self, catalogue: Catalogue, parent: Any = None) -> None:
        super().__init__(parent)
        self.catalogue = catalogue
        self.beat = Beat(30.0)
        self.lanes = Lanes()
        self._commands: deque[tuple[Any, bool, Callable[[], None]]] = deque()
        self._bell = threading.Condition()
        self._taken = threading.Semaphore(0)
        self._fresh = False  # another run was opened, and has not been shown yet
        self._leaving = False
        self._playing = False
        self._pace = Pace()
        self._dirty = False
        self._seeking: tuple[int, int] | None = None
        self._until: Until | None = None  # what the run is played to
        self._began: float | None = None  # when the work in hand was begun; None while loading or at rest

    # ------------------------------------------------------------ commands, from the window's thread

    def load(self, name: str, settings: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        """Open an experiment in place of every lane."""
        self._send(lambda: self._load(name, settings or {}, seed), interrupts=True)

    def open(self, path: str) -> None:
        """Open a saved run and go to the step at which it was saved."""
        self._send(lambda: self._open(path), interrupts=True)

    def save(self, path: str, lane: int = 0) -> None:
        self._send(lambda: self._save(path, lane))

    def ask(self, question: Callable[[Session], Any], answer: Callable[[Any], None], lane: int = 0) -> None:
        """Put a question to a run in this thread; `answer` is called with what it returns in the window's."""
        self._send(lambda: self._answer(question, answer, lane))

    def run_to(self, until: Until) -> None:
        """Play until it has come, then pause."""
        self._send(lambda: self._run_to(until))

    def duplicate(self, settings: Mapping[str, Any], seed: int | None = None, lane: int = 0) -> None:
        """Another lane: this lane's run begun with these settings changed, at the same step."""
        self._send(lambda: self._duplicate(settings, seed, lane), interrupts=True)

    def drop(self, lane: int) -> None:
        """Close a lane; the first one stays."""
        self._send(lambda: self._drop(lane), interrupts=True)

    def play(self) -> None:
        self._send(lambda: self._play(True))

    def pause(self) -> None:
        self._send(lambda: self._play(False), interrupts=True)

    def step(self) -> None:
        self._send(lambda: self._once(self.lanes.step))

    def stage(self) -> None:
        self._send(lambda: self._once(lambda: self._each(Session.stage)))

    def back(self) -> None:
        self._send(self._back)

    def seek(self, t: int) -> None:
        """Be at step t; a newer seek takes the place of one that has not begun, and ends one that has."""
        self._send(lambda: self._seek(t), key="seek", interrupts=True)

    def rewind(self) -> None:
        """To the step before the run diverged."""
        self._send(self._rewind, interrupts=True)

    def undo(self, lane: int = 0) -> None:
        self._send(lambda: self._rewrite(Session.undo, lane), interrupts=True)

    def redo(self, lane: int = 0) -> None:
        self._send(lambda: self._rewrite(Session.redo, lane), interrupts=True)

    def restart(
        self, seed: int | None = None, settings: Mapping[str, Any] | None = None, lane: int | None = None
    ) -> None:
        """Begin every lane anew; another seed or settings are for all of them, or for the one that is named."""
        self._send(lambda: self._restart(seed, settings, lane), interrupts=True)

    def dismiss_ghost(self) -> None:
        self._send(lambda: self._each(Session.dismiss_ghost))

    def set(self, name: str, value: Any, gesture: int | None = None, lane: int = 0) -> None:
        self._send(
            lambda: self._change(name, lane, lambda session: session.set(name, value, gesture)),
            key=("set", lane, name, gesture) if gesture is not None else None,
        )

    def pick(self, name: str, value: Any, lane: int = 0) -> None:
        self._send(
            lambda: self._change(name, lane, lambda session: session.pick(name, value)), key=("pick", lane, name)
        )

    def act(
        self, name: str, arguments: Sequence[Any], gesture: int | None = None, replaces: bool = False, lane: int = 0
    ) -> None:
        arguments = list(arguments)
        self._send(
            lambda: self._change(name, lane, lambda session: session.act(name, arguments, gesture, replaces)),
            key=("act", lane, name, gesture) if replaces else None,
        )

    def look(self, names: Iterable[str], lane: int = 0, of: str = "") -> None:
        """What the shown panels name: nothing else is drawn. If another experiment than `of` is open by then, lost."""
        wanted = frozenset(names)
        self._send(lambda: self._look(wanted, lane, of), key=("look", lane))

    def redraw(self) -> None:
        self._send(self._mark, key="redraw")

    def set_speed(self, speed: float) -> None:
        self._send(lambda: self._set_speed(speed), key="speed")

    def take(self) -> None:
        """The window has handed the last frame to its panels and is back in its event loop."""
        self._taken.release()

    def leave(self) -> bool:
        """End the thread. False: a step hangs, so the thread was let go of and ends by itself, or never."""
        self._leaving = True
        with self._bell:
            self._bell.notify()
        self._taken.release()
        if not self.isRunning() or self.wait(int(FAREWELL * 1000)):
            return True
        self.let_go()
        return False

    def let_go(self) -> None:
        """Hear no more of a thread whose step hangs; it is kept until it returns, and then ends."""
        self._leaving = True
        self.blockSignals(True)
        self.setParent(None)
        _stuck.append(self)

    def hangs(self) -> bool:
        """Whether one step, or one thing asked for, has taken longer than anybody would wait."""
        began = self._began
        return began is not None and monotonic() - began > FAREWELL

    def _send(self, command: Callable[[], None], key: Any = None, interrupts: bool = False) -> None:
        with self._bell:
            if key is not None and self._commands and self._commands[-1][0] == key:
                self._commands.pop()  # a drag: only its latest place counts
            self._commands.append((key, interrupts, command))
            self._bell.notify()

    # ------------------------------------------------------------ the loop, in the engine's own thread

    def run(self) -> None:
        sys.setswitchinterval(PROMPTNESS)
        while not self._leaving:
            command = self._next_command()
            if command is not None:
                self._guarded(command)
                continue
            if self._playing:
                self._guarded(self._train)
            if self._dirty and not self.beat.wait(monotonic()):
                self._guarded(self._show)
            elif not self._playing and not self._dirty:
                self._guarded(self._refine)
        self.lanes.clear()

    def _next_command(self) -> Callable[[], None] | None:
        with self._bell:
            if not self._commands and not self._leaving:
                wait = self._idle_time()
                if wait > 0:
                    self._bell.wait(min(wait, 3600))
            return self._commands.popleft()[2] if self._commands else None

    def _idle_time(self) -> float:
        """How long there is nothing to do unless a command comes."""
        now = monotonic()
        frame = self.beat.wait(now) if self._dirty else math.inf
        if self._playing:
            return min(frame, self._pace.wait(now))
        if any(lane.frame is not None and lane.frame.finer for lane in self.lanes.values()):
            return min(frame, self.beat.wait(now))
        return frame

    def _guarded(self, work: Callable[[], None]) -> None:
        """Nothing that an experiment does may end the thread."""
        self._began = monotonic()
        try:
            work()
        except BaseException as wrong:  # a step may call exit() too
            self._playing = False
            self._mark()
            said = str(wrong) or type(wrong).__name__
            where = f" at step {self.lanes[0].session.t + 1}" if self.lanes and work == self._train else ""
            self.failed.emit(Failure(f"Stopped{where}: {said}", traceback.format_exc()))
        finally:
            self._began = None

    def _train(self) -> None:
        """One slice: at most 10 ms, or one step."""
        now = monotonic()
        many = self._pace.due(now)
        until = now + min(SLICE, self.beat.wait(now) or SLICE)  # a frame that is late already waits for one slice
        done = 0
        while done < many:
            alive = self.lanes.step()
            done += 1
            stumbled = [lane for lane in self.lanes.values() if self._stumbled(lane)]
            if not alive or stumbled or self._arrived():
                self._playing = False
                break
            if monotonic() >= until:
                break
        if done:
            self._pace.count(done)
            self._mark()

    def _arrived(self) -> bool:
        """Whether what the run was played to has come, in its first lane."""
        if self._until is None or not (said := self._until.reached(self.lanes[0].session)):
            return False
        self._until = None
        self.arrived.emit(said)
        return True

    def _stumbled(self, lane: Lane) -> bool:
        session = lane.session
        if session.run.diverged is not None and session.run.diverged != lane.told:
            lane.told = session.run.diverged
            return True
        return bool(session.finished) and all(other.finished for other in self.lanes.sessions())

    def _show(self) -> None:
        """Hand the window one frame a lane, and wait until it has taken them."""
        self._dirty, began = False, monotonic()
        frames = tuple(self._frame(number, lane) for number, lane in self.lanes.items())
        self._emit(frames, began)

    def _frame(self, number: int, lane: Lane) -> Frame:
        def tell(name: str, wrong: Exception) -> None:
            self.failed.emit(Failure(f"The picture “{name}” cannot be drawn: {wrong}", traceback.format_exc()))

        lane.frame = _in_lane(lane.draw(tell), number)
        return lane.frame

    def _emit(self, frames: tuple[Frame, ...], began: float) -> None:
        self.beat.begin(began)
        rate = self._pace.measured() if self._playing else 0.0
        while self._taken.acquire(blocking=False):
            pass
        self.framed.emit(frames, Status(self._playing, rate, self._pace.speed, self._seeking))
        self._taken.acquire(timeout=PATIENCE)
        if self._fresh:  # the panels of the run before are gone too
            self._fresh = False
            give_back()

    def _refine(self) -> None:
        """While nothing else goes on, pictures that can grow finer do."""
        for lane in self.lanes.values():
            if lane.frame is None or not lane.frame.finer:
                continue
            finer = lane.session.refine(lane.frame)
            if finer is not None:
                lane.frame = finer
                others = tuple(other.frame for other in self.lanes.values() if other.frame is not None)
                self._emit(others, monotonic())
            else:
                lane.frame = replace(lane.frame, finer=False)

    # ------------------------------------------------------------ what the commands do

    def _mark(self) -> None:
        self._dirty = True

    def _load(self, name: str, settings: Mapping[str, Any], seed: int) -> None:
        self._began = None  # importing torch may take a while: that is no hanging step
        kind = self.catalogue.load(name)
        checked = {key: kind.controls[key].check(value) for key, value in settings.items() if key in kind.controls}
        self._take_over(Session(kind, checked, seed))

    def _take_over(self, session: Session) -> None:
        self._playing, self._until = False, None
        self.lanes = Lanes(session)
        self.loaded.emit(session.kind)
        self._mark()
        self._fresh = True

    def _open(self, path: str) -> None:
        session, t = glass.read(path, self.catalogue)
        self._take_over(session)
        self._seek(t)

    def _save(self, path: str, lane: int) -> None:
        try:
            glass.save(self.lanes[lane].session, path)
        except OSError as wrong:  # the run goes on
            self.failed.emit(Failure(f"{Path(path).name} cannot be written: {wrong.strerror}.", traceback.format_exc()))
        else:
            self.saved.emit(path)

    def _play(self, playing: bool) -> None:
        if playing and self.lanes and any(session.kind.step is None for session in self.lanes.sessions()):
            return
        self._playing = playing and bool(self.lanes)
        self._until = self._until if playing else None
        self._pace.begin()
        self._mark()

    def _set_speed(self, speed: float) -> None:
        self._pace.set(speed)
        self._mark()

    def _each(self, do: Callable[[Session], Any]) -> None:
        for session in self.lanes.sessions():
            do(session)
        self._mark()

    def _once(self, forward: Callable[[], Any]) -> None:
        self._playing = False
        forward()
        for lane in self.lanes.values():
            self._stumbled(lane)
        self._mark()

    def _back(self) -> None:
        """One step back; out of a half-done step, to its beginning."""
        self._playing = False
        t = self.lanes.before()
        self._each(lambda session: session.seek(t))

    def _seek(self, t: int) -> None:
        began = monotonic()

        def tick(reached: int) -> bool:
            self._began = monotonic()  # a step came to its end: none hangs
            if monotonic() - began > 0.3 and not self.beat.wait(monotonic()):
                self._seeking = (reached, t)
                self._show()
            return not self._interrupted()

        try:
            self._each(lambda session: session.seek(t, tick))
        finally:
            self._seeking = None

    def _rewind(self) -> None:
        self._playing = False
        diverged = [session.run.diverged[0] for session in self.lanes.sessions() if session.run.diverged is not None]
        if diverged:
            self._seek(max(0, min(diverged) - 1))

    def _rewrite(self, how: Callable[[Session, Tick], bool], lane: int) -> None:
        if lane in self.lanes:
            how(self.lanes[lane].session, lambda _: not self._interrupted())
            self._mark()

    def _restart(self, seed: int | None, settings: Mapping[str, Any] | None, only: int | None) -> None:
        for number, lane in self.lanes.items():
            meant = only in (None, number)
            self._ask("", partial(lane.session.restart, seed if meant else None, settings if meant else None))
            lane.told = lane.session.run.diverged

    def _answer(self, question: Callable[[Session], Any], answer: Callable[[Any], None], lane: int) -> None:
        if lane in self.lanes:
            self.answered.emit(answer, question(self.lanes[lane].session))

    def _run_to(self, until: Until) -> None:
        self._until = until
        self._play(True)

    def _duplicate(self, settings: Mapping[str, Any], seed: int | None, lane: int) -> None:
        if lane not in self.lanes or len(self.lanes) == MOST_LANES:
            return
        first = self.lanes[lane].session

        def do() -> None:
            twin = like(first, settings, seed)
            self.lanes.append(Lane(twin))
            self._seek(first.t)

        self._ask("", do)

    def _drop(self, lane: int) -> None:
        if lane > 0 and self.lanes.pop(lane, None) is not None:
            self._mark()

    def _change(self, name: str, lane: int, do: Callable[[Session], None]) -> None:
        """Do something to one run; where that begins it anew, the others go to its beginning with it."""
        if lane not in self.lanes:
            return
        session = self.lanes[lane].session
        before = session.t
        self._ask(name, lambda: do(session))
        if session.t < before and len(self.lanes) > 1:
            self._seek(session.t)

    def _look(self, wanted: frozenset[str], lane: int, of: str) -> None:
        if lane in self.lanes and of in ("", self.lanes[lane].session.kind.name):
            self.lanes[lane].wanted = wanted
            self._mark()

    def _ask(self, name: str, do: Callable[[], None]) -> None:
        """Do what may be refused: a value out of range or unfit leaves everything as it was."""
        try:
            do()
        except Unfit as wrong:
            self.refused.emit(wrong.control, wrong.reason)
        except ValueError as wrong:
            self.refused.emit(name, str(wrong))
        self._mark()

    def _interrupted(self) -> bool:
        with self._bell:
            return self._leaving or any(interrupts for _, interrupts, _ in self._commands)


def _in_lane(frame: Frame, number: int) -> Frame:
    return frame if number == 0 else Frame(**{**vars(frame), "lane": number})
