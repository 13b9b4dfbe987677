"""Runners: optimisers on their way over a surface, each with its place, its averages and a lane of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from lab.maths.optimisers import RULES, Array, Rule, State


@dataclass
class Runner:
    """One optimiser, from step to step. `row` has its method and what `optimisers.Settings` asks for."""

    lane: int  # its colour and its place in the trails: both stay while others come and go
    name: str  # "Adam", or "Adam 2" where there is one already
    row: Any
    theta: Array
    memory: State  # the running averages
    g: Array = field(default_factory=lambda: np.zeros(2))
    move: Array = field(default_factory=lambda: np.zeros(2))
    before: tuple[State, Array, Any] | None = None  # averages, place and row that the last step set out from

    @property
    def rule(self) -> Rule:
        return RULES[self.row.method]

    def read(self, g: Array) -> None:
        """The gradient where it stands: a step begins."""
        self.before = (dict(self.memory), self.theta, self.row)
        self.g = g

    @np.errstate(all="ignore")
    def average(self) -> None:
        self.rule.average(self.memory, self.g, self.row)

    @np.errstate(all="ignore")
    def aim(self) -> None:
        self.move = self.rule.move(self.memory, self.g, self.row) + self.rule.decay(self.theta, self.row)

    @np.errstate(all="ignore")
    def go(self) -> None:
        self.theta = self.theta + self.move

    @np.errstate(all="ignore")
    def symbols(self, coming: Array) -> dict[str, Any]:
        """The numbers of the last step, or of the first, for which the gradient is `coming`."""
        memory, theta, row = self.before or (self.memory, self.theta, self.row)
        return self.rule.symbols(memory, self.g if self.before else coming, theta, row)


def lined_up(runners: Sequence[Runner], rows: Sequence[Any], origin: Array) -> list[Runner]:
    """A runner for each row: a new row joins at the origin, another method goes on from where the old one stands."""
    goes_on = _matched([one.row for one in runners], rows)
    line: list[Any] = [None if at is None else runners[at] for at in goes_on]
    for i, row in enumerate(rows):
        one: Runner | None = line[i]
        if one is not None and one.row.method == row.method:
            one.row = row
            continue
        others = [other for other in line if other is not None and other is not one]
        lane = one.lane if one else _first_free(count(), [other.lane for other in others])
        names = (f"{row.method} {number}" if number > 1 else row.method for number in count(1))
        name = _first_free(names, [other.name for other in others])
        line[i] = Runner(lane, name, row, one.theta if one else origin, RULES[row.method].begin(origin))
    return line


def _matched(old: Sequence[Any], new: Sequence[Any]) -> list[int | None]:
    """For each new row the old one that goes on in it: where rows came or went, the same, or one of its method."""
    if len(old) == len(new):
        return list(range(len(new)))
    found: list[int | None] = [None] * len(new)
    for alike in (lambda a, b: a == b, lambda a, b: a.method == b.method):
        for i, row in enumerate(new):
            if found[i] is None:
                found[i] = next((j for j, other in enumerate(old) if j not in found and alike(row, other)), None)
    return found


def _first_free(options: Iterable[Any], taken: Sequence[Any]) -> Any:
    return next(option for option in options if option not in taken)
