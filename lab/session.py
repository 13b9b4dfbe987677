"""Session: one run that can be replayed, from a seed, the settings it began with, and a journal of what was done."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import takewhile
from time import perf_counter
from types import GeneratorType
from typing import Any

import numpy as np

from lab import marks
from lab.checkpoints import Checkpoint, Checkpoints
from lab.controls import same
from lab.experiment import ACTION, START, STEP, Experiment
from lab.frame import Entry, Frame, Ghost
from lab.run import Held, Partial, Run, measured
from lab.seal import Sealing

BUDGET = 24 * 2**20  # bytes of checkpoints
WORTH = 40  # a checkpoint is taken when stepping since the last took this many times what a copy takes

Tick = Callable[[int], bool]  # told the step reached; False stops the seek there


class Session:
    """A run of one experiment: step, seek, set, act, undo, restart, draw, save."""

    def __init__(
        self,
        kind: type[Experiment],
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
        budget: int = BUDGET,
    ) -> None:
        if not 0 <= seed < 2**32:
            raise ValueError(f"seed must be a whole number from 0 to {2**32 - 1}, not {seed}")
        self.kind, self.budget = kind, budget
        self.experiment: Experiment
        self.run: Run
        self.layout: marks.Layout
        self.applied: int  # journal entries that the state has behind it
        self.partial: Partial | None
        self.checkpoints: Checkpoints
        self._trails: tuple[str, ...]
        self._recovering: bool
        self._held: Held | None
        self._undone: list[list[Entry]]  # the journals that undo left; what was done in the last can be done again
        self._restarted: int | None  # the gesture that began this run
        self.ghost: Ghost | None = None
        self.sealing = Sealing()
        self.bookmarks: dict[int, str] = {}  # step → its name
        self.approximate = False
        self._gestures = itertools.count(1)
        if kind.uses_torch:
            importlib.import_module("torch").set_num_threads(kind.threads)
        self._begin(kind(settings, seed))

    # ------------------------------------------------------------ where the run stands

    @property
    def t(self) -> int:
        """Steps done in the state that is shown."""
        return self.experiment.t

    @property
    def end(self) -> int:
        """The last step recorded."""
        return self.run.end

    @property
    def seed(self) -> int:
        return self.experiment.own.seed

    @property
    def finished(self) -> str:
        return self.experiment.finished

    @property
    def stage_name(self) -> str:
        return self.partial.name if self.partial else ""

    def gesture(self) -> int:
        """A number for a gesture that begins: everything from one press to its release shares it."""
        return next(self._gestures)

    # ------------------------------------------------------------ going forward

    def step(self) -> bool:
        """One step on, or the rest of the step that stands at a stage. False when the run is over."""
        if self.partial is not None:
            stood, self.partial = self.partial, None
            self._advance(stood)
            return True
        if self.experiment.finished or self.kind.step is None:
            return False
        self._advance()
        return True

    def stage(self) -> bool:
        """On to the next place inside the step where one may stop."""
        if self.partial is None:
            if self.experiment.finished or self.kind.step is None:
                return False
            before = self.experiment.snapshot()
            self._enter(STEP, 0)
            stages = self._guarded(self.experiment.step)
            if stages.__class__ is not GeneratorType:
                self._arrive(stages)
                return True
            self.partial = Partial(stages, before)
        stood = self.partial
        self._enter(STEP, 0, stood.count)
        try:
            stood.name = next(stood.stages)
            stood.count += 1
            self.experiment.own.leave()
        except StopIteration as over:
            self.partial = None
            self._arrive(over.value)
        except BaseException:
            self.partial = None
            self._recover()
            raise
        return True

    def _advance(self, stood: Partial | None = None) -> None:
        """One whole step: the hot path."""
        began = perf_counter()
        experiment = self.experiment
        own = experiment.own
        own.enter(STEP, experiment.t, torch=self.kind.uses_torch)
        try:
            row = experiment.step() if stood is None else stood.stages
            if row.__class__ is GeneratorType:
                row = self._run_through(row, STEP, stood.count if stood else 0)
        except BaseException:
            self._recover()
            raise
        self._arrive(row)
        self._spent += perf_counter() - began
        if self._spent > WORTH * self._copying:
            self._checkpoint()

    def _run_through(self, stages: Any, purpose: int, count: int) -> Any:
        while True:
            self._enter(purpose, 0, count)
            try:
                next(stages)
            except StopIteration as over:
                return over.value
            count += 1

    def _arrive(self, row: Any) -> None:
        """A step is complete: record it, or hold it against the record, and do what the journal says."""
        experiment, run = self.experiment, self.run
        experiment.own.leave()
        try:
            row = measured(row)
        except TypeError:
            self._recover()
            raise
        experiment.t = t = experiment.t + 1
        if t < run.columns.rows:
            if not run.columns.agrees(t, row):
                self.approximate = True
        else:
            wrong = run.columns.append(row)
            if wrong and run.diverged is None:
                run.diverged = (t, wrong)
            if self._trails:
                self._trace()
        if self.applied < len(run.journal):
            self._catch_up()

    def _trace(self) -> None:
        state = vars(self.experiment)
        self.run.traces.append(self.t, {name: np.asarray(state[name], dtype=float) for name in self._trails})

    def _catch_up(self) -> None:
        """Do what the journal says was done at this step."""
        journal = self.run.journal
        while self.applied < len(journal) and journal[self.applied].t == self.t:
            self._do(journal[self.applied])

    # ------------------------------------------------------------ going back

    def seek(self, t: int, tick: Tick | None = None) -> bool:
        """Be at step t: restore the nearest checkpoint and replay. Beyond the end it trains on. False if stopped."""
        t = max(0, t)
        self._abandon()
        if t != self.t:
            nearest = self.checkpoints.nearest(t)
            if t < self.t or nearest.t > self.t:
                self._put_back(nearest)
        while self.t < t:
            if not self.step() or (tick is not None and not tick(self.t)):
                return self.t == t
        return True

    def _put_back(self, point: Checkpoint) -> None:
        self.experiment.restore(point.state)
        self.experiment.own.leave()
        self.applied = point.applied
        self._spent = 0.0
        self._arrange()
        self._catch_up()

    def _recover(self) -> None:
        """A step raised: back to the last good state."""
        if self._recovering:  # a replay of what went well before now fails too: stay where it still holds
            return
        self._recovering = True
        t = self.t
        try:
            self._put_back(self.checkpoints.nearest(t))
            while self.t < t:
                self._advance()
        finally:
            self._recovering = False

    def _abandon(self) -> int:
        """Undo a half-done step; returns at which of its stages it stood."""
        if self.partial is None:
            return 0
        stood, self.partial = self.partial, None
        stood.stages.close()
        self.experiment.restore(stood.before)
        return stood.count

    def _checkpoint(self) -> None:
        """Keep a copy of the state, and note what copying takes."""
        began = perf_counter()
        self.checkpoints.keep(self.t, self.applied, self.experiment.snapshot(), self.kind.fixed)
        self._copying = perf_counter() - began
        self._spent = 0.0

    # ------------------------------------------------------------ what a person does

    def set(self, name: str, value: Any, gesture: int | None = None) -> None:
        """Set a control: a view control at once, a restarting one by a new run, any other from this step on."""
        control = self._control(name)
        value = control.check(value)
        experiment = self.experiment
        if control.view:
            setattr(experiment, name, value)
        elif not same(value, experiment.__dict__[name]):
            if control.restarts:
                self.restart(settings={name: value}, gesture=gesture)
            else:
                self._gestured("set", name, value, gesture, replaces=True)

    def pick(self, name: str, value: Any) -> None:
        """Set a view control from the index, or the place, that was pointed at in a picture."""
        self.set(name, self._control(name).from_pick(value))

    def act(self, name: str, arguments: Iterable[Any], gesture: int | None = None, replaces: bool = False) -> None:
        """Do one of the experiment's actions, between this step and the next.

        With `replaces`, it takes the place of the same action earlier in this gesture and step, as a drag does.
        """
        known = self.kind.actions.get(name)
        if known is None:
            raise ValueError(f"{self.kind.name} has no action {name}; it has {', '.join(self.kind.actions) or 'none'}")
        self._gestured("act", name, known.check(list(arguments)), gesture, replaces)

    def _gestured(self, kind: str, name: str, value: Any, gesture: int | None, replaces: bool) -> None:
        stages = self._abandon()
        entry = Entry(self.t, kind, name, value, self.gesture() if gesture is None else gesture)
        if replaces and self._held is not None and self._held.continued_by(entry, self.run.journal, self.applied):
            self.experiment.restore(self._held.before)
            self.run.journal.pop()
            self.applied -= 1
        else:
            self._held = None
        before, applied = self._held.before if self._held else self.experiment.snapshot(), self.applied
        try:
            self._do(entry)
        except BaseException:
            self.experiment.restore(before)
            self.experiment.own.leave()
            self.applied = applied
            raise
        self._branch(applied)
        self.run.journal.append(entry)
        self._held = Held(entry, before)
        self._undone = []
        for _ in range(stages):
            self.stage()

    def _do(self, entry: Entry) -> None:
        """Apply one entry to the state."""
        experiment, journal = self.experiment, self.run.journal
        index = 0
        while index < self.applied and journal[self.applied - 1 - index].t == entry.t:
            index += 1
        self._enter(ACTION, index)
        try:
            experiment.finished = ""
            if entry.kind == "set":
                setattr(experiment, entry.name, entry.value)
                experiment.changed(entry.name)
            else:
                experiment.perform(entry.name, entry.value)
        finally:
            experiment.own.leave()
        self.applied += 1
        experiment.freeze_fixed()
        self._arrange()

    def _branch(self, applied: int) -> None:
        """What lies ahead of this moment belongs to another run now: keep it as a ghost, and cut it off."""
        if self.end > self.t or len(self.run.journal) > applied:
            old, t = self.run, self.t
            if old.end > t:
                self.ghost = self._ghost(t)
            self.run = old.cut(t, applied)
            self.checkpoints.cut(t, applied)

    def _ghost(self, branched: int) -> Ghost:
        return Ghost(self.run.columns.views(), self.run.traces.upto(self.end), branched)

    def undo(self, tick: Tick | None = None) -> bool:
        """Take the last gesture out and replay to where we stand. False if there is none."""
        journal = self.run.journal
        if not journal:
            return False
        self._undone.append(journal)
        return self._rewrite([entry for entry in journal if entry.gesture != journal[-1].gesture], tick)

    def redo(self, tick: Tick | None = None) -> bool:
        """Do again what was taken out last, where it was done. False if nothing was, or something was done since."""
        return bool(self._undone) and self._rewrite(self._undone.pop(), tick)

    def _rewrite(self, journal: list[Entry], tick: Tick | None) -> bool:
        """Another journal for this run: replay from where they part to where we stand."""
        self._abandon()
        old, t = self.run.journal, self.t
        parts = len(list(takewhile(lambda both: both[0] is both[1], zip(old, journal))))
        at = min(entries[parts].t for entries in (old, journal) if parts < len(entries))
        self.run = self.run.cut(min(at, self.end), parts)
        self.run.journal = list(journal)
        self.checkpoints.cut(at, parts)
        self._held = None
        if self.applied > parts or self.t > at:
            self._put_back(self.checkpoints.nearest(t))
        else:
            self._catch_up()
        return self.seek(t, tick)

    def restart(
        self,
        seed: int | None = None,
        settings: Mapping[str, Any] | None = None,
        gesture: int | None = None,
    ) -> None:
        """A new run from step 0 with the controls as they stand; the old one stays as a ghost to compare with."""
        old = self.experiment
        changed = {**old.settings(), **self.kind.completed(settings or {})}
        fresh = self.kind(changed, old.own.seed if seed is None else seed)
        ghost = self._ghost(0) if self.end else self.ghost
        kept = self.ghost if gesture is not None and gesture == self._restarted else ghost
        self._begin(fresh)
        self.ghost, self._restarted = kept, gesture

    def dismiss_ghost(self) -> None:
        self.ghost = None

    # ------------------------------------------------------------ looking

    def draw(self, names: Iterable[str] | None = None) -> Frame:
        """This moment as a frame; without names, everything that the panels open at first name."""
        if names is None:
            names = self.draw_names()
        experiment, run = self.experiment, self.run
        values = experiment.draw(names)
        frame = Frame(
            name=self.kind.name,
            t=self.t,
            end=self.end,
            stage=self.stage_name,
            values=values,
            metrics=run.columns.views(),
            trails=run.traces.upto(self.t),
            settings=experiment.settings(),
            layout=self.layout,
            gestures=run.gestures(),
            undone=len(self._undone),
            seed=self.seed,
            ghost=self.ghost,
            finished=self.finished,
            diverged=run.diverged,
            approximate=self.approximate,
            finer=bool(experiment.own.refining),
        )
        return self.sealing.cover(self.kind, frame)

    def metrics(self) -> dict[str, np.ndarray]:
        """What was measured at every step, as far as it may be known."""
        return self.sealing.metrics(self.kind, self.run.columns.views())

    def draw_names(self) -> frozenset[str]:
        """What the panels that are open at first name."""
        return frozenset(name for panel in marks.panels(self.layout) if panel.shown for name in panel.names())

    def refine(self, frame: Frame) -> Frame | None:
        """The same frame with finer pictures, or None when there are none to come."""
        finer = self.experiment.refine()
        if not finer:
            return None
        finest = replace(frame, values={**frame.values, **finer}, finer=bool(self.experiment.own.refining))
        return self.sealing.cover(self.kind, finest)

    # ------------------------------------------------------------ beginnings

    def load_journal(self, entries: Iterable[Entry]) -> None:
        """Take over a journal that was read from a file; seek replays it."""
        self.run.journal = sorted(entries, key=lambda entry: entry.t)
        self._gestures = itertools.count(1 + max((e.gesture for e in self.run.journal), default=0))
        self._catch_up()

    def _begin(self, experiment: Experiment) -> None:
        """Start the experiment; only if that succeeds does it take the old one's place."""
        own = experiment.own
        own.enter(START, 0, torch=self.kind.uses_torch)
        row = experiment.start()
        stage = 0
        while row.__class__ is GeneratorType:
            own.enter(START, 0, 0, stage, torch=self.kind.uses_torch)
            try:
                next(row)
            except StopIteration as over:
                row = over.value
            stage += 1
        own.leave()
        experiment.freeze_fixed()
        layout = experiment.layout()
        self.experiment, self.begun = experiment, experiment.settings()
        self.run, self.applied, self.partial = Run(), 0, None
        self.layout, self._trails = layout, marks.trails(layout)
        self._restarted, self._held, self._undone = None, None, []
        self._recovering = False
        wrong = self.run.columns.append(measured(row))
        self.run.diverged = (0, wrong) if wrong else None
        self.checkpoints = Checkpoints(self.budget)
        self._spent = self._copying = 0.0
        if self._trails:
            self._trace()
        self._checkpoint()

    def _arrange(self) -> None:
        """The panels may follow the controls."""
        if callable(self.experiment.panels):
            self.layout = self.experiment.layout()
            self._trails = marks.trails(self.layout)

    def _enter(self, purpose: int, index: int, stage: int = 0) -> None:
        self.experiment.own.enter(purpose, self.t, index, stage, self.kind.uses_torch)

    def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except BaseException:
            self._recover()
            raise

    def _control(self, name: str) -> Any:
        control = self.kind.controls.get(name)
        if control is None:
            raise ValueError(
                f"{self.kind.name} has no control {name}; it has {', '.join(self.kind.controls) or 'none'}"
            )
        return control
