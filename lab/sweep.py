"""Sweep: the same experiment over a grid of settings and seeds, run side by side in processes or on a Dask cluster."""

from __future__ import annotations

import csv
import io
import itertools
import math
import os
import re
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from time import perf_counter
from typing import Any

import numpy as np

from lab.axes import Axis
from lab.experiment import Experiment
from lab.marks import Field, Heat, Regions, panels
from lab.record import Trace
from lab.session import Session

MOST_CELLS = 10_000
MOST_STEPS = 1_000_000
PLACES = 256  # kept of each metric's column
ENDINGS = ("finished", "all steps done", "diverged", "failed")
FINISHED, DONE, DIVERGED, FAILED = ENDINGS
RISING = {"accuracy", "F1", "fit", "score", "reward", "return"}  # of a metric so called, the highest is the best
POLITE = 10  # how far the processes stand back for the window's own

# ------------------------------------------------------------ what is asked for


@dataclass(frozen=True)
class Cell:
    """One run of the grid."""

    at: tuple[int, ...]  # its place along each axis
    seed: int
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Grid:
    """Every combination of the axes' values, upon the same settings."""

    kind: type[Experiment]
    axes: tuple[Axis, ...]
    steps: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    looks: bool = False  # outcomes bring paths and territories along

    def __post_init__(self) -> None:
        names = [one.name for one in self.axes]
        if self.kind.explores():
            raise ValueError(f"{self.kind.name} has no steps, so there is nothing to run")
        if not self.kind.metrics:
            raise ValueError(f"{self.kind.name} measures nothing, so there is nothing to compare")
        if len(set(names)) < len(names):
            raise ValueError(f"each control can be swept once, not {', '.join(names)}")
        if not names or len(set(names) - {"seed"}) > 2:
            raise ValueError(f"sweep over one or two controls, and seed, not over {', '.join(names) or 'nothing'}")
        if not 1 <= self.steps <= MOST_STEPS:
            raise ValueError(f"steps must be a whole number from 1 to {MOST_STEPS}, not {self.steps}")
        if self.whole > MOST_CELLS:
            raise ValueError(f"at most {MOST_CELLS} runs fit into one sweep, not {self.whole}: take fewer values")

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(one.values) for one in self.axes)

    @property
    def whole(self) -> int:
        return math.prod(self.shape)

    def cells(self) -> Iterator[Cell]:
        for at in itertools.product(*map(range, self.shape)):
            chosen = {one.name: one.values[i] for one, i in zip(self.axes, at)}
            seed = chosen.pop("seed", self.seed)
            yield Cell(at, seed, {**self.settings, **chosen})

    def said(self, at: tuple[int, ...]) -> str:
        """A cell in words."""
        return ", ".join(f"{one.name} = {one.texts[i]}" for one, i in zip(self.axes, at))


# ------------------------------------------------------------ what comes of one run


@dataclass(frozen=True)
class Outcome:
    """How one cell's run went."""

    at: tuple[int, ...]
    seed: int
    steps: int  # how far it came
    ended: str  # one of ENDINGS
    said: str  # why, in a sentence; empty where all steps were done
    final: Mapping[str, float] = field(default_factory=dict)  # last measured; infinite where it diverged
    best: Mapping[str, float] = field(default_factory=dict)
    times: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)  # at those times, last measured by then
    seconds: float = 0.0
    trails: Mapping[str, Trace] = field(default_factory=dict)  # where what moves has been, if that was asked for
    territories: Mapping[str, Field] = field(default_factory=dict)  # at the end, likewise


def train(kind: type[Experiment], name: str, plain: Mapping[str, Any], cell: Cell, steps: int, looks: bool) -> Outcome:
    """One cell's run, in whatever process; whatever goes wrong is an outcome too."""
    began = perf_counter()
    kind.name = name  # this process has not been through the catalogue
    session, said, ended = None, "", ""
    try:
        checked = {key: kind.controls[key].check(value) for key, value in plain.items()}
        session = Session(kind, checked, cell.seed, budget=2**20)
        while session.t < steps and session.run.diverged is None and session.step():
            pass
    except Exception as wrong:
        ended, said = FAILED, str(wrong) or type(wrong).__name__
        said = f"At step {session.t + 1}: {said}" if session is not None else said
    if session is None:
        return Outcome(cell.at, cell.seed, 0, ended, said, seconds=perf_counter() - began)
    if not ended and session.run.diverged is not None:
        t, metric = session.run.diverged
        ended, said = DIVERGED, f"At step {t} {metric} is no longer a finite number. {kind.diverges}"
    elif not ended:
        ended, said = (FINISHED, session.finished) if session.finished else (DONE, "")
    columns = {metric: held(column) for metric, column in session.run.columns.views().items()}
    times = np.unique(np.linspace(0, session.end, min(session.end + 1, PLACES)).round().astype(int))
    seen = pictures(session) if looks else ({}, {})
    return Outcome(
        cell.at,
        cell.seed,
        session.end,
        ended,
        said,
        {metric: float(column[-1]) for metric, column in columns.items()},
        {metric: best(metric, column) for metric, column in columns.items()},
        times,
        {metric: column[times] for metric, column in columns.items()},
        perf_counter() - began,
        *seen,
    )


def pictures(session: Session) -> tuple[dict[str, Trace], dict[str, Field]]:
    """The run's paths in the plane, thinned, and how its classes divide the plane at the end."""
    trails = {}
    for name, trace in session.run.traces.upto(session.end).items():
        some = np.unique(np.linspace(0, len(trace.times) - 1, min(len(trace.times), PLACES)).round().astype(int))
        if trace.places.shape[2] == 2:
            trails[name] = Trace(trace.times[some], trace.places[some])
    shown = [mark for panel in panels(session.layout) if panel.shown for mark in panel.marks]
    heats = [mark for mark in shown if isinstance(mark, Heat)]
    scores = {mark.field for mark in heats if mark.colours == "scores" and mark.levels == 1}  # with one line, at 0
    names = scores | {mark.field for mark in shown if isinstance(mark, Regions)}
    try:
        drawn = session.draw(names).values
    except Exception:  # a picture that cannot be drawn is missed, not the run
        drawn = {}
    fields = {name: value for name, value in drawn.items() if isinstance(value, Field)}
    return trails, {n: f._replace(z=np.sign(f.z).astype(int)) if n in scores else f for n, f in fields.items()}


def held(column: np.ndarray) -> np.ndarray:
    """What was last measured by each step; NaN before the first."""
    last = np.where(np.isnan(column), 0, np.arange(len(column)))
    return column[np.maximum.accumulate(last)]


def usual_metric(kind: type[Experiment]) -> str:
    """What a run is judged by unless something else is asked for."""
    return "loss" if "loss" in kind.metrics else next(iter(kind.metrics), "")


def rises(metric: str) -> bool:
    """Whether more of it is better."""
    return bool(RISING & set(re.split(r"[\W_]+", metric)))


def best(metric: str, column: np.ndarray) -> float:
    """The lowest, or for what should rise the highest, of what is finite."""
    known = column[np.isfinite(column)]
    return math.nan if not len(known) else float(known.max() if rises(metric) else known.min())


def bands(outcomes: Sequence[Outcome], metric: str, shares: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Steps (n,), and for each share the quantile over the runs there (shares, n); a run that is over stays."""
    known = [one for one in outcomes if metric in one.columns]
    if not known:
        return np.zeros(0, dtype=int), np.zeros((len(shares), 0))
    end = max(int(one.times[-1]) for one in known)
    times = np.unique(np.linspace(0, end, min(end + 1, PLACES)).round().astype(int))
    at = np.array([o.columns[metric][np.searchsorted(o.times, times, side="right") - 1] for o in known])
    measured = ~np.isnan(at).any(axis=0)
    with np.errstate(invalid="ignore"):
        levels = np.quantile(at[:, measured], shares, axis=0)
    return times[measured], np.where(np.isnan(levels), np.inf, levels)  # between a number and infinity


# ------------------------------------------------------------ the grid at work


class Sweep:
    """A grid being run. `run` yields outcomes as they come; `cancel` may be called from any thread."""

    def __init__(self, grid: Grid, workers: int = 0, dask: str = "") -> None:
        self.grid, self.dask = grid, dask
        self.workers = max(1, min(workers or os.cpu_count() or 1, grid.whole, 61))  # Windows waits for no more
        self.outcomes: dict[tuple[int, ...], Outcome] = {}
        self.cancelled = False
        self._landed: SimpleQueue[Future[Outcome] | None] = SimpleQueue()

    def run(self) -> Iterator[Outcome]:
        """Every cell once, in the order in which they are done."""
        grid = self.grid
        with (_cluster if self.dask else _processes)(self) as pool:
            whose: dict[Future[Outcome], Cell] = {}
            for cell in grid.cells():
                if self.cancelled:
                    return
                controls = grid.kind.controls
                plain = {name: controls[name].to_json(value) for name, value in cell.settings.items()}
                sent = Cell(cell.at, cell.seed, {})
                future = pool.submit(train, grid.kind, grid.kind.name, plain, sent, grid.steps, grid.looks)
                whose[future] = cell
                future.add_done_callback(self._landed.put)
            while whose and not self.cancelled:
                landed = self._landed.get()
                if landed is not None:
                    outcome = _outcome(landed, whose.pop(landed))
                    self.outcomes[outcome.at] = outcome
                    yield outcome

    def cancel(self) -> None:
        """Stop at once: runs that go on are given up."""
        self.cancelled = True
        self._landed.put(None)

    def left(self) -> float:
        """About how many seconds are left; NaN while nothing is known."""
        done = len(self.outcomes)
        if not done:
            return math.nan
        each = sum(one.seconds for one in self.outcomes.values()) / done
        waiting = self.grid.whole - done
        return each * math.ceil(waiting / self.workers)


@contextmanager
def _processes(sweep: Sweep) -> Iterator[Executor]:
    """Processes of this machine. They hang on a line: if it is cut, or this process dies, they leave at once."""
    spawn = get_context("spawn")  # never fork: a window and torch have threads
    end, line = spawn.Pipe(duplex=False)
    pool = ProcessPoolExecutor(sweep.workers, spawn, _enlist, (end,))
    try:
        yield pool
    finally:
        if len(sweep.outcomes) < sweep.grid.whole:
            line.close()
        pool.shutdown(cancel_futures=True)
        line.close()
        end.close()


@contextmanager
def _cluster(sweep: Sweep) -> Iterator[Executor]:
    """The workers of a Dask scheduler; they must have Watchglass and the same versions of what it needs."""
    try:
        from distributed import Client
    except ImportError:
        raise ValueError('to sweep on a cluster, install Dask: pip install "watchglass[dask]"') from None
    try:
        client = Client(sweep.dask, timeout=10, set_as_default=False)
    except (OSError, ValueError) as wrong:
        raise ValueError(
            f"no Dask scheduler answers at {sweep.dask}; give its address as tcp://HOST:8786 ({wrong})"
        ) from None
    try:
        sweep.workers = max(1, sum(client.ncores().values()))
        yield client.get_executor(pure=False)
    finally:
        client.close()


def _outcome(landed: Future[Outcome], cell: Cell) -> Outcome:
    try:
        return landed.result()
    except BaseException as wrong:  # the process died, or a cluster's worker cannot import what it needs
        said = str(wrong).strip() or type(wrong).__name__
        return Outcome(cell.at, cell.seed, 0, FAILED, f"The process that ran it was lost: {said}")


def _enlist(end: Connection) -> None:
    """A process begins its service."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is heard by who started us
    if hasattr(os, "nice"):
        os.nice(POLITE)
    threading.Thread(target=_leave_with, args=(end,), daemon=True).start()


def _leave_with(end: Connection) -> None:
    try:
        end.recv_bytes()
    except (EOFError, OSError):
        os._exit(0)


# ------------------------------------------------------------ as a table


def metrics_of(outcomes: Mapping[Any, Outcome], metric: str) -> list[str]:
    """A metric and its family, "loss" and "loss/Adam", as far as it was measured."""
    found = dict.fromkeys(name for one in outcomes.values() for name in one.final)
    return [name for name in found if name == metric or name.startswith(metric + "/")]


def as_csv(sweep: Sweep, metric: str) -> str:
    """One row a cell, in the order of the grid: its settings, its steps, last and best of the metric, how it ended."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = metrics_of(sweep.outcomes, metric) or [metric]
    told = [title for name in names for title in (name, f"best {name}")]
    writer.writerow([*(one.name for one in sweep.grid.axes), "steps", *told, "ended", "reason"])
    for at, one in sorted(sweep.outcomes.items()):
        values = [part.get(name, math.nan) for name in names for part in (one.final, one.best)]
        numbers = ["" if math.isnan(value) else repr(value) for value in values]
        writer.writerow([*(a.texts[i] for a, i in zip(sweep.grid.axes, at)), one.steps, *numbers, one.ended, one.said])
    return out.getvalue()
