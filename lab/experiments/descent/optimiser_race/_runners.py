"""Runners: optimisers on their way over a surface, each with its place, its averages and a lane of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from lab.controls import Choice, Count, Slider, Switch
from lab.maths.optimiser_variants import DIFFERS, VARIANTS
from lab.maths.optimisers import RULES, Adam, Array, Rule, State, readers
from lab.maths.schedules import SCHEDULES, using

TORCH, TEXT = "as torch", "as a text"
BELOW, DRAWN = "drop below a loss", "drawn by hand"
CLIPS = ("no clipping", "by value", "by norm", "to one norm")
RACER = {
    "method": Choice(tuple(RULES), "Adam", help="the rule by which a gradient becomes a step"),
    "rate": Slider(0.05, 1e-5, 10, log=True, symbol="η", help="learning rate, at the start where it has a schedule"),
    "momentum": Slider(
        0.9, 0, 0.999, symbol="ρ", when={"method": readers("momentum")}, help="how much velocity is kept"
    ),
    "beta1": Slider(0.9, 0, 0.999, symbol="β₁", when={"method": readers("beta1")}, help="memory of the mean gradient"),
    "beta2": Slider(0.999, 0, 0.9999, symbol="β₂", when={"method": readers("beta2")}, help="memory of the mean square"),
    "epsilon": Slider(
        1e-8, 1e-12, 1, log=True, symbol="ε", when={"method": readers("epsilon")}, help="keeps the divisor above 0"
    ),
    "weight_decay": Slider(
        0.01, 0, 1, symbol="λ", when={"method": readers("weight_decay")}, help="what is taken off θ itself each step"
    ),
    "correct": Switch(True, label="Bias correction", when={"method": ("Adam",)}, help="divide m and s by 1 − βᵗ"),
    "form": Choice(
        (TORCH, TEXT), label="Defined", when={"method": tuple(DIFFERS)}, help="where torch and a text differ: the note"
    ),
    "schedule": Choice((*SCHEDULES, BELOW, DRAWN), help="how the rate changes over the steps"),
    "period": Slider(
        100, 1, 10000, log=True, symbol="s", when=using("period"), help="steps of the schedule's period, or to its end"
    ),
    "decay": Slider(
        0.5,
        0.01,
        1,
        symbol="γ",
        when={"schedule": (*using("decay")["schedule"], BELOW)},
        help="what a drop leaves of η",
    ),
    "power": Slider(0.5, 0, 2, symbol="p", when=using("power"), help="η falls as 1/(t + 1)ᵖ"),
    "below": Slider(
        1, 1e-6, 100, log=True, symbol="J′", label="Drop at", when={"schedule": (BELOW,)}, help="the loss that drops η"
    ),
    "clip": Choice(CLIPS, help="by value: in a box; by norm: in a circle; to one norm: always on the circle"),
    "longest": Slider(
        1,
        1e-3,
        100,
        log=True,
        symbol="c",
        label="Clip at",
        when={"clip": CLIPS[1:]},
        help="half the box, or the radius",
    ),
    "penalty": Slider(0, 0, 1, symbol="μ", help="L2 penalty μ|θ|²/2: μθ is added to the gradient"),
    "batch": Count(0, 0, 24, symbol="b", help="samples behind a gradient; 0: all. Only where the loss is a mean"),
}
CLIPPED = {  # how the gradient comes out of each
    "no clipping": r"\nabla J",
    "by value": r"\max(-c, \min(c, \nabla J))",
    "by norm": r"\min\left(1, \frac{c}{|\nabla J|}\right)\, \nabla J",
    "to one norm": r"\frac{c}{|\nabla J|}\, \nabla J",
}
UNCORRECTED = VARIANTS["Adam uncorrected"]
KINDS: dict[tuple[str, str, bool], Rule] = {
    (method, form, correct): UNCORRECTED
    if method == "Adam" and not correct
    else (DIFFERS[method].text if form == TEXT else DIFFERS[method].torch)
    if method in DIFFERS
    else rule
    for method, rule in RULES.items()
    for form in (TORCH, TEXT)
    for correct in (True, False)
}


def rule_of(row: Any) -> Rule:
    return KINDS[row.method, row.form, row.correct]


def same_averages(one: Any, other: Any) -> bool:
    """Whether what two rows of one method remember is of one kind."""
    first, second = (rule_of(row).begin(np.zeros(2)).keys() for row in (one, other))
    return first == second


def clipped(g: Array, clip: str, longest: float) -> Array:
    """Into the box of half-width c, into the circle of radius c, or onto it."""
    if clip == "no clipping":
        return g
    if clip == "by value":
        return np.clip(g, -longest, longest)
    norm = float(np.hypot(g[0], g[1]))
    if norm == 0 or (clip == "by norm" and norm <= longest):
        return g
    return g * (longest / norm)


@dataclass
class Runner:
    """One optimiser, from step to step. `row` has its method and what `optimisers.Settings` asks for."""

    lane: int  # its colour and its place in the trails: both stay while others come and go
    name: str  # "Adam", or "Adam 2" where there is one already
    row: Any
    theta: Array
    memory: State  # the running averages
    raw: Array = field(default_factory=lambda: np.zeros(2))  # the gradient as it was found
    g: Array = field(default_factory=lambda: np.zeros(2))  # clipped, and with the penalty's part
    move: Array = field(default_factory=lambda: np.zeros(2))
    before: tuple[State, Array, Any] | None = None  # averages, place and settings that the last step set out from
    now: Any = None  # the row with the rate of the present step
    dropped: bool = False  # the loss has been below what drops the rate
    evaluations: int = 0  # gradients of single samples so far
    arrived: int | None = None  # the step at which it first was near a minimum

    @property
    def rule(self) -> Rule:
        return rule_of(self.row)

    def pace(self, rate: float) -> None:
        """The rate of the coming step."""
        self.now = self.row if rate == self.row.rate else self.row._replace(rate=rate)

    def where(self) -> Array:
        """Where its gradient is taken."""
        return self.rule.foreseen(self.memory, self.theta, self.now)

    def read(self, raw: Array) -> None:
        """The gradient is found: a step begins."""
        self.before = (dict(self.memory), self.theta, self.now)
        self.raw, self.g = raw, self.heard(raw)

    def heard(self, raw: Array) -> Array:
        """What it makes of a gradient before anything else."""
        row = self.row
        g = raw if row.clip == "no clipping" else clipped(raw, row.clip, row.longest)
        return g + row.penalty * self.theta if row.penalty else g

    def hearing(self, coming: Array) -> tuple[str, dict[str, Any]]:
        """The same as an equation with its numbers; empty where the gradient is taken as it is."""
        row = self.row
        if row.clip == "no clipping" and not row.penalty:
            return "", {}
        raw = self.raw if self.before else coming
        penalty = r" + \mu\, \theta_{t-1}" if row.penalty else ""
        numbers = {r"\nabla J": raw, r"|\nabla J|": float(np.hypot(*raw)), "c": row.longest, r"\mu": row.penalty}
        latex = f"g_t = {CLIPPED[row.clip]}{penalty}"
        return latex + r" \\ ", {symbol: number for symbol, number in numbers.items() if symbol in latex}

    def average(self) -> None:
        self.rule.average(self.memory, self.g, self.now)

    def aim(self) -> None:
        rule = self.rule
        self.move = rule.move(self.memory, self.g, self.now) + rule.decay(self.theta, self.now)

    def go(self) -> None:
        self.theta = self.theta + self.move

    @np.errstate(all="ignore")
    def symbols(self, coming: Array) -> dict[str, Any]:
        """The numbers of the last step, or of the first, for which the gradient is `coming`."""
        memory, theta, row = self.before or (self.memory, self.theta, self.now)
        return self.rule.symbols(memory, self.g if self.before else self.heard(coming), theta, row)


def corrects(rule: Rule) -> bool:
    """Whether it frees its averages of their start at 0 before it moves."""
    return isinstance(rule, Adam) and rule is not UNCORRECTED


def lined_up(runners: Sequence[Runner], rows: Sequence[Any], origin: Array) -> list[Runner]:
    """A runner for each row: a new row joins at the origin, another method goes on from where the old one stands."""
    goes_on = _matched([one.row for one in runners], rows)
    line: list[Any] = [None if at is None else runners[at] for at in goes_on]
    for i, row in enumerate(rows):
        one: Runner | None = line[i]
        if one is not None and one.row.method == row.method:
            if not same_averages(one.row, row):
                one.memory, one.before = rule_of(row).begin(origin), None
            one.row = row
            one.pace(row.rate)
            continue
        others = [other for other in line if other is not None and other is not one]
        lane = one.lane if one else _first_free(count(), [other.lane for other in others])
        names = (f"{row.method} {number}" if number > 1 else row.method for number in count(1))
        name = _first_free(names, [other.name for other in others])
        line[i] = Runner(lane, name, row, one.theta if one else origin, rule_of(row).begin(origin), now=row)
        line[i].evaluations = one.evaluations if one else 0
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
