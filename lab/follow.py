"""Follow one sample: what it has cost at each step of a run, how hard it pushes now, and which it is when others go."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from lab.controls import Dataset
from lab.frame import Entry
from lab.lanes import like
from lab.session import Session

MOST = 300  # moments of a run at which all losses are known
WIDEST = 20  # a gap between two moments may be this part of the run before it is replayed
FEW = 24  # numbers in a push that are told one by one

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

Weights = Mapping[str, np.ndarray]


class Moment(NamedTuple):
    """The loss of every sample at one step, with so many entries of the journal done."""

    applied: int
    losses: np.ndarray


@dataclass(frozen=True)
class Sighting:
    """One sample as it stands now, and its loss so far."""

    t: int
    index: int | None  # among the samples of now; None: it is not there
    samples: int
    trained: int  # of them, those that are trained on
    losses: np.ndarray  # of each sample; NaN: it is held out
    times: np.ndarray
    own: np.ndarray  # its loss at those times
    mean: np.ndarray  # that of all
    former: np.ndarray  # (n, 2): its loss in the run that was left
    push: Weights  # its share of the gradient
    whole: Weights | None  # the shares of all together, once known
    pushes: np.ndarray  # how long each sample's share is, once known
    replayed: float  # the part of a replay that is done; 1: there is none to do

    @property
    def waiting(self) -> bool:
        """Whether there is more to find out without another step."""
        return self.replayed < 1 or self.whole is None


class Follower:
    """Watches one sample of a run. Everything here is to be called where the run is stepped."""

    def __init__(self, session: Session) -> None:
        data = (name for name, control in session.kind.controls.items() if isinstance(control, Dataset))
        self.data = next(data, "")  # the Dataset whose points the samples may be
        self.who: int | None = None  # its identity: a number that it keeps when others go
        self.stopped = False  # nothing more is replayed
        self._fresh = 0  # the next identity to be given
        self._applied = 0  # entries of the journal done when it was last looked at
        self._twin: Session | None = None
        self._goal = 0  # the step that the twin is to come to
        self._ghost: Any = session.ghost
        self._former = np.empty((0, 2))
        self._begin(session)

    def _begin(self, session: Session) -> None:
        """A run that is begun anew: nothing is known of it."""
        self._begun = session.begun
        self._journal: list[Entry] = []
        many = len(session.begun[self.data] if self.data else session.experiment.sample_loss())  # type: ignore[attr-defined]
        self._identities = [self._new(many)]  # who is there after so many entries of the journal
        self._moments: dict[int, Moment] = {}
        self._key: tuple[Any, ...] = ()  # what the shares below are of
        self._at = 0
        self._sum: dict[str, np.ndarray] = {}
        self._lengths = np.empty(0)

    def choose(self, session: Session, index: int | None = None) -> None:
        """Follow the sample that stands at this index now; without one, that of the greatest loss."""
        self._reconcile(session)
        losses = session.experiment.sample_loss()  # type: ignore[attr-defined]
        if index is None:
            index = int(np.argmax(np.nan_to_num(losses, nan=-math.inf)))
        self.who = int(self._who(session.applied, len(losses))[index])
        self._former = np.empty((0, 2))

    def place(self, session: Session) -> int | None:
        """The index of the followed sample where the run stands."""
        self._reconcile(session)
        return self._index(session.applied, len(session.experiment.sample_loss()))  # type: ignore[attr-defined]

    @np.errstate(all="ignore")
    def look(self, session: Session, seconds: float) -> Sighting:
        """How it stands now; about so many seconds go into what is not known yet."""
        self._reconcile(session)
        self._applied = session.applied
        experiment: Any = session.experiment
        losses = np.asarray(experiment.sample_loss(), dtype=float)
        here = Moment(session.applied, losses.astype(np.float32))
        if session.partial is None:
            self._keep(session.t, here, session.end)
        index = self._index(session.applied, len(losses))
        replayed = self._replay(session, seconds)
        times, own, mean = self._curves({**self._moments, session.t: here})
        whole, pushes = self._pushes(session, losses, seconds)
        return Sighting(
            t=session.t,
            index=index,
            samples=len(losses),
            trained=int(np.isfinite(losses).sum()),
            losses=losses,
            times=times,
            own=own,
            mean=mean,
            former=self._former,
            push={} if index is None else experiment.push(index),
            whole=whole,
            pushes=pushes,
            replayed=replayed,
        )

    # ------------------------------------------------------------ who is who

    def _reconcile(self, session: Session) -> None:
        """Another journal, or another run: keep of what is known what still holds."""
        journal = session.run.journal
        branched = session.ghost is not self._ghost
        if branched:
            self._ghost = session.ghost
            times, own, _ = self._curves(self._moments)
            self._former = np.column_stack([times, own]) if session.ghost is not None else np.empty((0, 2))
        if session.begun is not self._begun:
            before = self._identities[self._applied]
            self._begin(session)
            if len(before) == len(self._identities[0]):  # the samples that there were
                self._identities = [before]
            self._applied, self._twin = 0, None
        kept = 0
        while kept < min(len(journal), len(self._journal)) and journal[kept] is self._journal[kept]:
            kept += 1
        if kept == len(journal) == len(self._journal) and session.end >= max(self._moments, default=0):
            return
        self._twin = None
        del self._identities[kept + 1 :]
        for entry in journal[kept:]:
            self._identities.append(self._after(self._identities[-1], entry))
        self._journal = list(journal)
        self._moments = {
            t: moment
            for t, moment in self._moments.items()
            if moment.applied <= kept
            and t <= session.end
            and all(entry.t >= t for entry in journal[moment.applied : moment.applied + 1])
        }

    def _new(self, many: int) -> np.ndarray:
        self._fresh += many
        return np.arange(self._fresh - many, self._fresh)

    def _after(self, identities: np.ndarray, entry: Entry) -> np.ndarray:
        """Who is there, in their order, once an entry of the journal is done."""
        if entry.name == f"{self.data}.add":
            return np.append(identities, self._new(1))
        if entry.name == f"{self.data}.erase":
            return np.delete(identities, entry.value[0])
        return identities

    def _who(self, applied: int, many: int) -> np.ndarray:
        known = self._identities[applied]
        return known if len(known) == many else np.arange(many)  # the samples are not the points

    def _index(self, applied: int, many: int) -> int | None:
        found = np.flatnonzero(self._who(applied, many) == self.who)
        return int(found[0]) if len(found) else None

    # ------------------------------------------------------------ its loss over the run

    def _keep(self, t: int, moment: Moment, end: int) -> None:
        self._moments[t] = moment
        if len(self._moments) > MOST:
            kept: dict[int, int] = {}
            for time in sorted(self._moments):
                kept.setdefault(time // stride(end), time)
            self._moments = {time: self._moments[time] for time in kept.values()}

    def _curves(self, moments: Mapping[int, Moment]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Times, its loss and the mean loss of all then."""
        times = sorted(moments)
        own, mean = np.full(len(times), math.nan), np.full(len(times), math.nan)
        for i, (applied, losses) in enumerate(map(moments.__getitem__, times)):
            index = self._index(applied, len(losses))
            trained = losses[~np.isnan(losses)]
            own[i] = math.nan if index is None else losses[index]
            mean[i] = trained.mean(dtype=float) if len(trained) else math.nan
        return np.array(times, dtype=float), own, mean

    def _gap(self, end: int) -> tuple[int, int] | None:
        """The first stretch of the run of which too little is known."""
        if 0 not in self._moments:
            return 0, min(self._moments, default=end)
        times, widest = sorted(self._moments), max(1, end // WIDEST)
        inside = ((a, b) for a, b in itertools.pairwise(times) if b - a > widest)
        return next(inside, (times[-1], end) if end - times[-1] >= stride(end) else None)

    def _replay(self, session: Session, seconds: float) -> float:
        """Go on with a twin of the run through the first gap; returns the part of the run that is known then."""
        if self._twin is None or self._twin.t >= self._goal:
            gap = self._gap(session.end)
            if self.stopped or gap is None:
                return 1.0
            self._goal = gap[1]
            if self._twin is None or self._twin.t > self._goal:
                self._twin = like(session, {}, None)
        if not self.stopped:
            try:
                self._go_on(self._twin, self._goal, session.end, perf_counter() + seconds)
            except Exception:  # a step that fails did so in the run too, which has said so
                self.stopped = True
        known = self._twin.t if self._twin.t < self._goal else (self._gap(session.end) or (session.end,))[0]
        return 1.0 if self.stopped or known >= session.end else known / session.end

    def _go_on(self, twin: Session, goal: int, end: int, until: float) -> None:
        experiment: Any = twin.experiment
        every = stride(end)
        while True:
            if twin.t % every == 0 or twin.t == goal:
                losses = np.asarray(experiment.sample_loss(), dtype=float)
                self._keep(twin.t, Moment(twin.applied, losses.astype(np.float32)), end)
            if twin.t >= goal:
                return
            if not twin.step():  # it does not come as far as the run did
                self.stopped = True
                return
            if perf_counter() > until:
                return

    # ------------------------------------------------------------ how hard each pushes

    def _pushes(self, session: Session, losses: np.ndarray, seconds: float) -> tuple[Weights | None, np.ndarray]:
        """The shares of all, summed, and how long each is; a part at a time where there are many."""
        last = session.run.journal[: session.applied][-1:]
        key = (session.t, session.applied, session.stage_name, len(losses), id(session.begun), *map(id, last))
        if key != self._key:
            self._key, self._at, self._sum = key, 0, {}
            self._lengths = np.full(len(losses), math.nan)
        experiment: Any = session.experiment
        until = perf_counter() + seconds
        while self._at < len(losses):
            if not np.isnan(losses[self._at]):
                share = experiment.push(self._at)
                self._lengths[self._at] = length(share)
                for name, part in share.items():
                    self._sum[name] = self._sum.get(name, 0) + np.asarray(part, dtype=float)
            self._at += 1
            if perf_counter() > until:
                break
        return (self._sum, self._lengths) if self._at == len(losses) else (None, np.empty(0))


def stride(end: int) -> int:
    """Steps from one moment to the next of a run up to here."""
    return math.ceil((end + 1) / MOST)


def length(weights: Weights) -> float:
    """Of all numbers as one vector."""
    return math.sqrt(sum(float(np.vdot(part, part)) for part in map(np.asarray, weights.values())))


def bars(push: Weights, whole: Weights | None, count: int) -> tuple[list[str], np.ndarray]:
    """Names, and (2, n) heights: how a step goes along each number for one sample, and for the average one.

    Where there are more than a few numbers, how far it goes in each array.
    """
    parts = {name: np.asarray(part, dtype=float) for name, part in push.items()}
    every = [parts, {name: np.asarray(whole[name]) / count for name in parts}] if whole and count else [parts]
    if sum(part.size for part in parts.values()) <= FEW:
        names = [_named(name, at) for name, part in parts.items() for at in np.ndindex(part.shape)]
        heights = [[-number for part in one.values() for number in part.ravel()] for one in every]
    else:
        names = list(parts)
        heights = [[np.linalg.norm(part) for part in one.values()] for one in every]
    return names, np.array(heights, dtype=float)


def _named(name: str, at: tuple[int, ...]) -> str:
    """A number in an array, as W₀₁."""
    between = "," if max(at, default=0) > 9 else ""
    return name + between.join(map(str, at)).translate(SUBSCRIPTS)


def rank(values: np.ndarray, value: float) -> int:
    """How many are as large or larger, itself among them: 1 for the largest."""
    return int((values > value).sum()) + 1


def ordinal(place: int) -> str:
    """The place from the largest, in words."""
    if place == 1:
        return "the largest"
    ending = "th" if 10 <= place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending} largest"
