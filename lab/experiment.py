"""Experiment: something that trains one step at a time, and knows nothing of threads, windows or history."""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, get_type_hints

import numpy as np

from lab.controls import Control, Dataset, number, same
from lab.marks import Field, Layout, Net, Panel, Update

Metrics = dict[str, float]
Stages = Generator[str, None, Metrics | None]

# Purposes: what an experiment is being asked to do. 0 is drawing, which has no randomness.
DRAW, START, STEP, ACTION = range(4)


class Own:
    """What the laboratory keeps beside an experiment's state: never copied, never part of a checkpoint."""

    __slots__ = ("frame", "generator", "kept", "key", "purpose", "refining", "seed")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.purpose = DRAW
        self.key: tuple[int, ...] = ()
        self.generator: np.random.Generator | None = None
        self.frame: dict[str, Any] | None = None  # drawn values of the frame being made
        self.kept: dict[str, tuple[tuple[Any, ...], Any]] = {}  # drawn values that last: name → (key, value)
        self.refining: dict[str, Generator[Any, None, None]] = {}  # drawn generators with finer pictures to come

    def enter(self, purpose: int, t: int, index: int = 0, stage: int = 0, torch: bool = False) -> None:
        """Randomness is a function of (seed, purpose, t, index), and of the stage within a step."""
        self.purpose = purpose
        self.key = (self.seed, purpose, t, index, stage)
        self.generator = None
        if torch:
            module = sys.modules["torch"]
            seed = mixed(self.key)
            module.default_generator.manual_seed(seed)
            if module.cuda.is_initialized():
                module.cuda.manual_seed_all(seed)

    def leave(self) -> None:
        self.purpose = DRAW
        self.generator = None


def mixed(key: Iterable[int]) -> int:
    """One 63-bit seed out of several numbers (splitmix64): default_rng would take ten times as long."""
    state = 0
    for part in key:
        state = (state + part + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 31
    return state >> 1


def frozen(value: Any) -> Any:
    """A read-only copy for others to keep: the window never holds a live array."""
    if isinstance(value, np.ndarray):
        base = value.base
        if not value.flags.writeable and not (isinstance(base, np.ndarray) and base.flags.writeable):
            return value
        value = value.copy()
        value.flags.writeable = False
        return value
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if hasattr(value, "detach"):
        return frozen(value.detach().cpu().numpy())
    if isinstance(value, Mapping):
        return {key: frozen(part) for key, part in value.items()}
    if isinstance(value, tuple):
        parts = [frozen(part) for part in value]
        if all(part is old for part, old in zip(parts, value)):
            return value  # the same object again tells a painter that there is nothing new
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, list):
        return tuple(frozen(part) for part in value)
    return value


class Drawn:
    """A picture, worked out only while somebody looks: called as a method, once a frame at most.

    With `on`, it is worked out again only when one of those attributes changes. Written as a generator, it
    yields a coarse picture and then finer ones.
    """

    def __init__(self, method: Callable[[Any], Any], on: tuple[str, ...] = ()) -> None:
        self.method, self.on, self.name = method, on, method.__name__
        self.refines = inspect.isgeneratorfunction(method)
        self.__doc__ = method.__doc__

    def __get__(self, experiment: Any, owner: type | None = None) -> Any:
        return self if experiment is None else lambda: self.look(experiment)

    def look(self, experiment: Experiment) -> Any:
        own = experiment.own
        if own.frame is not None and self.name in own.frame:
            return own.frame[self.name]
        key = tuple(getattr(experiment, name) for name in self.on)
        if self.on and self.name in own.kept:
            old, value = own.kept[self.name]
            if all(a is b or (not isinstance(a, np.ndarray) and same(a, b)) for a, b in zip(old, key)):
                return value
        value = self.method(experiment)
        if self.refines:
            finer = value
            value = next(finer)
            own.refining[self.name] = finer
        if self.on:
            value = frozen(value)
            own.kept[self.name] = (key, value)
        if own.frame is not None:
            own.frame[self.name] = value
        return value


def drawn(method: Callable[[Any], Any] | None = None, *, on: Iterable[str] = ()) -> Any:
    """Marks a method as a picture: `@drawn`, or `@drawn(on=("surface",))` to keep it while those stay the same."""
    if method is not None:
        return Drawn(method)
    return lambda wrapped: Drawn(wrapped, tuple(on))


def action(method: Callable[..., None]) -> Callable[..., None]:
    """Marks a method as something a person may do between two steps. Its arguments are annotated."""
    method.is_action = True  # type: ignore[attr-defined]
    return method


@dataclass(frozen=True)
class Action:
    """What a person may do between two steps, and the kinds of its arguments."""

    name: str
    arguments: Mapping[str, type]
    help: str = ""

    def check(self, values: Any) -> tuple[Any, ...]:
        """The arguments in their own kinds, or a ValueError that says what was wanted."""
        wanted = ", ".join(f"{name} ({kind.__name__})" for name, kind in self.arguments.items())
        wrong = ValueError(f"{self.name} takes [{wanted}]")
        if isinstance(values, str) or not isinstance(values, (list, tuple)) or len(values) != len(self.arguments):
            raise wrong
        checked: list[Any] = []
        for value, kind in zip(values, self.arguments.values()):
            real = number(value)
            if kind is float and real is not None:
                checked.append(real)
            elif kind is int and real is not None and real == int(real) and abs(real) < 2**53:
                checked.append(int(real))
            elif (kind is bool and isinstance(value, (bool, np.bool_))) or (kind is str and isinstance(value, str)):
                checked.append(kind(value))
            else:
                raise wrong
        return tuple(checked)


class Experiment:
    """Something that trains, one step at a time. One without a `step` is an exploration: every change redraws."""

    name: ClassVar[str] = ""  # as on the command line; the catalogue fills these three in
    title: ClassVar[str] = ""
    wing: ClassVar[str] = ""

    metrics: ClassVar[Mapping[str, str]] = {}  # name → symbol of each scalar that steps return
    test_metrics: ClassVar[tuple[str, ...]] = ()  # those, or members of families, that are measured on held-out samples
    panels: Any = Panel("Nothing to see")  # a Layout, or a method that returns one, read after start
    fixed: ClassVar[tuple[str, ...]] = ()  # shared by all checkpoints, never written
    prompts: ClassVar[tuple[tuple[str, Mapping[str, Any]], ...]] = ()  # "Try this": a text and settings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    scenes: ClassVar[tuple[str, ...]] = ()  # the order of the tabs, where it has scenes
    random: ClassVar[bool] = True  # False: the seed makes no difference
    uses_torch: ClassVar[bool] = False  # True: torch is imported before start and seeded like self.rng
    threads: ClassVar[int] = 1
    pace: ClassVar[float] = 30.0  # steps a second at which it tells its story; the person may set another
    diverges: ClassVar[str] = "The steps are too large: each one overshoots more than the last."
    tiny: ClassVar[Mapping[str, Any]] = {}  # settings under which the common tests run it in a second

    controls: ClassVar[Mapping[str, Control]] = {}
    pictures: ClassVar[Mapping[str, Drawn]] = {}
    actions: ClassVar[Mapping[str, Action]] = {}

    t: int
    finished: str

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        members = {
            name: value
            for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
            if getattr(cls, name, None) is not None
        }
        cls.controls = {name: value for name, value in members.items() if isinstance(value, Control)}
        cls.pictures = {name: value for name, value in members.items() if isinstance(value, Drawn)}
        cls.actions = {
            name: Action(name, _arguments(value), inspect.getdoc(value) or "")
            for name, value in members.items()
            if getattr(value, "is_action", False)
        } | {
            f"{name}.{edit}": Action(f"{name}.{edit}", kinds, f"{edit} a point")
            for name, control in cls.controls.items()
            if isinstance(control, Dataset)
            for edit, kinds in control.edits.items()
        }
        named = cls.controls.keys() | cls.pictures.keys() | cls.actions.keys()
        if taken := sorted(named & vars(Experiment).keys()):
            raise TypeError(f"{cls.__name__}: nothing can be called {', '.join(taken)}; every experiment has that")

    def __init__(self, settings: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        self.__dict__["own"] = Own(seed)
        self.t = 0
        self.finished = ""
        for name, control in self.controls.items():
            self.__dict__[name] = control.default
        for name, value in self.completed(settings or {}).items():
            if name not in self.controls:
                raise ValueError(
                    f"{self.name or type(self).__name__} has no control {name}; it has {_listed(self.controls)}"
                )
            setattr(self, name, value)

    # ------------------------------------------------------------ what an experiment writes

    def start(self) -> Any:
        """Build the state from the controls and self.rng. May return metrics at step 0, and may yield stages."""

    step: Any = None  # advance once and return the scalars worth a curve; may yield the names of stages

    @classmethod
    def following(cls, name: str, value: Any) -> Mapping[str, Any]:
        """Settings that a restarting control brings with it unless they are given too: a surface its own start."""
        return {}

    def changed(self, name: str) -> None:
        """A live control was set, or a data set edited: tell whatever must be told."""

    # ------------------------------------------------------------ what an experiment uses

    @property
    def own(self) -> Own:
        return self.__dict__["own"]

    @property
    def rng(self) -> np.random.Generator:
        own = self.own
        if own.generator is None:
            if not own.purpose:
                raise RuntimeError("pictures have no randomness: draw numbers in start, step or an action")
            own.generator = np.random.default_rng(own.key)
        return own.generator

    def finish(self, reason: str) -> None:
        """The run is over, for a reason that a student understands."""
        self.finished = reason

    # ------------------------------------------------------------ what others ask of it

    @classmethod
    def explores(cls) -> bool:
        """Whether there is nothing to step: every change only redraws."""
        return cls.step is None

    @classmethod
    def completed(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """These settings, and those that follow from them and are not among them."""
        followed: dict[str, Any] = {}
        for name, value in settings.items():
            if name in cls.controls:
                followed |= cls.following(name, cls.controls[name].check(value))
        return {**followed, **settings}

    def settings(self, view: bool | None = None) -> dict[str, Any]:
        """The present value of every control, or only of those that change pictures (or do not)."""
        return {
            name: self.__dict__[name] for name, control in self.controls.items() if view is None or control.view == view
        }

    def layout(self) -> Layout:
        return self.panels() if callable(self.panels) else self.panels

    def perform(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Do one action; its arguments were checked."""
        if "." not in name:
            getattr(self, name)(*arguments)
            return
        data, edit = name.split(".")
        setattr(self, data, getattr(getattr(self, data), edit)(*arguments))
        self.changed(data)

    def value(self, name: str) -> Any:
        """What a mark names: a picture, a control or a state attribute."""
        if name in self.pictures:
            return getattr(self, name)()
        return getattr(self, name)

    def draw(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of these names as read-only copies, each picture worked out once."""
        own = self.own
        own.frame, own.refining = {}, {}
        try:
            return {name: frozen(self.value(name)) for name in names}
        finally:
            own.frame = None

    def refine(self) -> dict[str, Any]:
        """One finer version of each picture that has one; empty when all are done."""
        own, finer = self.own, {}
        for name, generator in list(own.refining.items()):
            value = next(generator, None)
            if value is None:
                del own.refining[name]
                continue
            finer[name] = frozen(value)
            if name in own.kept:
                own.kept[name] = (own.kept[name][0], finer[name])
        return finer

    # ------------------------------------------------------------ its state, copied and put back

    def snapshot(self) -> dict[str, Any]:
        """A copy of the state. Shared: what is fixed and what is immutable. Itself: so hooks stay bound to it."""
        state = {name: value for name, value in vars(self).items() if name != "own"}
        return self._copied(state)

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Put a copy of a snapshot back; view controls stay as they are, for looking is not doing."""
        fresh = self._copied(snapshot)
        kept = {"own": self.own, **self.settings(view=True)}
        vars(self).clear()
        vars(self).update(fresh)
        vars(self).update(kept)

    def _copied(self, state: Mapping[str, Any]) -> dict[str, Any]:
        memo: dict[int, Any] = {id(self): self}
        for name in (*self.fixed, *self.controls):
            if name in state:
                memo[id(state[name])] = state[name]
        try:
            return copy.deepcopy(dict(state), memo)
        except Exception:
            for name, value in state.items():
                try:
                    copy.deepcopy(value, {id(self): self})
                except Exception as wrong:
                    raise TypeError(
                        f"{type(self).__name__}.{name} cannot be copied into a checkpoint ({wrong}); keep plain data"
                    ) from wrong
            raise

    def freeze_fixed(self) -> None:
        """Fixed arrays are shared by all checkpoints, so nobody may write them."""
        for name in self.fixed:
            value = self.__dict__.get(name)
            for part in value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,):
                if isinstance(part, np.ndarray):
                    part.flags.writeable = False


def _arguments(method: Callable[..., None]) -> dict[str, type]:
    hints = get_type_hints(method)
    names = list(inspect.signature(method).parameters)[1:]
    missing = [name for name in names if hints.get(name) not in (int, float, str, bool)]
    if missing:
        raise TypeError(f"action {method.__name__} must annotate {', '.join(missing)} as int, float, str or bool")
    return {name: hints[name] for name in names}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


__all__ = ["Action", "Drawn", "Experiment", "Field", "Metrics", "Net", "Stages", "Update", "action", "drawn"]
