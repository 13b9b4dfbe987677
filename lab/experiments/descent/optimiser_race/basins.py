"""basins: a crowd of starts runs at once; each is coloured by the minimum at which it ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Formula, Point, Rows, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.experiments.descent.optimiser_race._grounds import GROUNDS, ground, start_of
from lab.experiments.descent.optimiser_race._pictures import place
from lab.experiments.descent.optimiser_race._runners import RACER, rule_of
from lab.marks import Bars, Column, Curve, Dots, Equation, Field, Handle, Heat, Note, Panel, Regions, Trail
from lab.maths.critical import critical_points
from lab.maths.optimisers import Array

FIELDS = ("method", "rate", "momentum", "beta1", "beta2", "epsilon", "weight_decay", "correct", "form")
NEAR = 0.02  # of the picture's width: as near to a minimum as this, and with so small a step, counts as there
FAR = 30  # widths away counts as lost


def crowd(surface: str, method: str, rate: float, momentum: float = 0.9, **rest: Any) -> dict[str, Any]:
    return {"surface": surface, "optimiser": [{"method": method, "rate": rate, "momentum": momentum}], **rest}


class Basins(Experiment):
    surface = Choice((*GROUNDS, "formula"), "Himmelblau", symbol="J", restarts=True, help="what they descend on")
    kappa = Slider(
        20, 1, 1000, log=True, symbol="κ", restarts=True, when={"surface": ("ravine",)}, help="condition number"
    )
    angle = Slider(
        0, 0, 180, symbol="φ", restarts=True, when={"surface": ("ravine",)}, help="how far the ravine is turned, in °"
    )
    formula = Formula(
        "(x**2 - 1)**2 + y**2 + 0.3*x", symbol="J", restarts=True, when={"surface": ("formula",)},
        help="a surface of your own in x = θ₁ and y = θ₂",
    )  # fmt: skip
    optimiser = Rows(
        {name: RACER[name] for name in FIELDS},
        [{"method": "momentum", "rate": 0.01}],
        least=1, most=1, restarts=True, help="the rule that every start obeys",
    )  # fmt: skip
    cells = Count(100, 10, 200, symbol="n", restarts=True, help="starts along each edge of the picture")
    begin = Point(
        (0, 0), x=(-10, 10), y=(-10, 10), symbol="θ₀", label="One start", restarts=True,
        help="the start whose path is drawn: drag it",
    )  # fmt: skip

    presets = {
        "Himmelblau: gradient descent in small steps": crowd("Himmelblau", "GD", 0.005),
        "Himmelblau: momentum tears the borders": crowd("Himmelblau", "momentum", 0.01),
        "Himmelblau: Adam": crowd("Himmelblau", "Adam", 0.2),
        "Peaks": crowd("peaks", "GD", 0.02),
        "Hills: momentum rolls on to the middle": crowd("hills", "momentum", 0.02, 0.95),
        "Double well": crowd("double well", "momentum", 0.02),
        "Two-layer net": crowd("two-layer net", "GD", 0.3),
        "Typed: two wells": crowd("formula", "GD", 0.05),
    }
    prompts = (
        ("Small steps of GD: are the borders those of the valleys?", crowd("Himmelblau", "GD", 0.002)),
        ("A rate near divergence: what becomes of the borders?", crowd("Himmelblau", "GD", 0.016)),
        ("More momentum: does the nearest minimum still win?", crowd("hills", "momentum", 0.02, 0.97)),
        ("Adam: do steep walls still matter?", crowd("Himmelblau", "Adam", 0.5)),
    )
    metrics = {"undecided": "on their way", "share": "share", "loss": "J"}
    fixed = ("ground", "ends", "origin")
    random = False
    tiny = {"cells": 12}
    diverges = "Every start has left for good: the rate is too large, or the surface falls for ever."

    # ------------------------------------------------------------ the crowd

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"begin": start_of(value)} if name == "surface" else {}

    def start(self) -> Metrics:
        self.ground = ground(self.surface, self.kappa, self.angle, self.formula)
        self.ends = self.known_minima()
        (left, right), (low, high) = self.ground.x, self.ground.y
        self.width = right - left
        x, y = np.meshgrid(centres(left, right, self.cells), centres(low, high, self.cells))
        self.origin = np.column_stack([[*x.ravel(), self.begin[0]], [*y.ravel(), self.begin[1]]]).T
        self.crowd = self.origin  # (2, n² + 1): the last is the one whose path is drawn
        self.row = self.optimiser[0]
        self.memory = rule_of(self.row).begin(self.crowd)
        self.owner = np.full(self.crowd.shape[1], -1)
        self.home = np.zeros(self.crowd.shape[1], dtype=bool)
        self.one = self.crowd[:, -1:].T
        return self.measured(np.full_like(self.crowd, np.inf))

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """One step of the rule for every start at once, coordinate by coordinate."""
        rule = rule_of(self.row)
        at = rule.foreseen(self.memory, self.crowd, self.row)
        g = np.array(np.broadcast_arrays(*self.ground.gradient(*at)), dtype=float)
        memory = dict(self.memory)
        rule.average(memory, g, self.row)
        move = rule.move(memory, g, self.row) + rule.decay(self.crowd, self.row)
        self.memory, self.crowd = memory, self.crowd + move
        self.one = self.crowd[:, -1:].T
        row = self.measured(move)
        if self.settled.all():
            self.finish("Every start has come to a minimum, or has left for good.")
        return row

    @np.errstate(all="ignore")
    def measured(self, move: Array) -> Metrics:
        """Who is nearest to which minimum; home is who is near one and hardly moves."""
        lost = ~(np.abs(self.crowd).max(axis=0) < FAR * self.width)
        if len(self.ends):
            apart = np.hypot(*(self.crowd[:, None] - self.ends.T[:, :, None]))
            self.owner = np.where(lost, -1, apart.argmin(axis=0))
            self.home = (apart.min(axis=0) < NEAR * self.width) & (np.hypot(*move) < NEAR * self.width / 20)
        self.settled = self.home | lost
        row = {"undecided": float((~self.settled[:-1]).mean()), "loss": float(self.ground.f(*self.one[0]))}
        return row | {f"share/{name}": float(share) for name, share in zip(self.labels(), self.shares())}

    def known_minima(self) -> Array:
        """Those of the catalogue, or for a typed formula those that Newton's method finds."""
        if self.surface != "formula":
            return np.array(self.ground.minima, dtype=float).reshape(-1, 2)
        found = critical_points(self.ground)
        return found.at[found.kind == 0]

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        ground = self.ground
        plane = {"x": "θ₁ at the start", "y": "θ₂ at the start", "range_x": ground.x, "range_y": ground.y}
        return marks.Row(
            Panel(
                "Basins",
                Regions("basin", strength="sure"),
                Dots("goals", colour="goal_numbers", shape="star", big=True),
                Trail("one"),
                Handle("start_point", drag="begin", label="start"),
                **plane,
                equal=True,
                detail="counted",
                help="Each place has the colour of the minimum to which a start there is nearest now; pale: still on "
                "its way; blank: gone",
            ),
            Column(
                Panel(
                    "The crowd",
                    Heat("landscape", log=ground.log, levels=10),
                    Dots("sample", colour="sample_owner"),
                    Dots("goals", colour="goal_numbers", shape="star", big=True),
                    x="θ₁",
                    y="θ₂",
                    range_x=ground.x,
                    range_y=ground.y,
                    equal=True,
                    help="Where some of the starts have come to",
                ),
                marks.Tabs(
                    Panel("Update", Equation("update"), Note("said")),
                    Panel("On their way", Curve("undecided"), x="step t", y="share", range_y=(-0.02, 1.02)),
                    Panel("Shares", Bars("shares_now", labels="labels_now"), y="share of the starts"),
                ),
                sizes=(6, 5),
            ),
            sizes=(3, 2),
        )

    def grid(self, values: Array) -> Field:
        return Field(values[:-1].reshape(self.cells, self.cells), self.ground.x, self.ground.y)

    @drawn
    def basin(self) -> Field:
        return self.grid(self.owner)

    @drawn
    def sure(self) -> Field:
        return self.grid(np.where(self.home, 1.0, 0.45))

    @drawn(on=("surface", "kappa", "angle", "formula"))
    def landscape(self) -> Field:
        x, y = np.meshgrid(np.linspace(*self.ground.x, 120), np.linspace(*self.ground.y, 120))
        with np.errstate(all="ignore"):
            z = np.broadcast_to(self.ground.f(x, y), x.shape).astype(float)
        return Field(np.where(np.isfinite(z), z, np.nan), self.ground.x, self.ground.y)

    @drawn
    def goals(self) -> Array:
        return self.ends

    @drawn
    def goal_numbers(self) -> Array:
        return np.arange(len(self.ends))

    @drawn
    def start_point(self) -> Array:
        return self.origin[:, -1]

    def some(self) -> Array:
        """The numbers of some of the starts, evenly over the picture."""
        every = max(self.cells // 25, 1)
        rows = np.arange(every // 2, self.cells, every)
        return (rows[:, None] * self.cells + rows).ravel()

    @drawn
    def sample(self) -> Array:
        low, high = np.array([self.ground.x, self.ground.y], dtype=float).T
        return np.clip(np.nan_to_num(self.crowd[:, self.some()].T, posinf=1e9, neginf=-1e9), low, high)

    @drawn
    def sample_owner(self) -> Array:
        return self.owner[self.some()]

    def labels(self) -> tuple[str, ...]:
        return tuple(place(np.round(end, 2)) for end in self.ends)

    def shares(self) -> Array:
        home = self.owner[:-1][self.home[:-1]]
        return np.bincount(home, minlength=len(self.ends))[: len(self.ends)] / self.cells**2

    @drawn
    def shares_now(self) -> Array:
        return np.append(self.shares(), (self.owner[:-1] < 0).mean()) if len(self.ends) else np.ones(1)

    @drawn
    def labels_now(self) -> tuple[str, ...]:
        return (*self.labels(), "lost") if len(self.ends) else ("no minimum",)

    @drawn
    def counted(self) -> str:
        return f"{self.row.method}: {self.settled[:-1].mean():.0%} decided"

    @drawn
    @np.errstate(all="ignore")
    def update(self) -> Update:
        """Of the start whose path is drawn: the step to come."""
        rule = rule_of(self.row)
        memory = {name: part[:, -1] if isinstance(part, np.ndarray) else part for name, part in self.memory.items()}
        theta = self.crowd[:, -1]
        g = np.array(self.ground.gradient(*rule.foreseen(memory, theta, self.row)), dtype=float)
        return Update(rule.latex, rule.symbols(memory, g, theta, self.row))

    @drawn
    def said(self) -> str:
        if not len(self.ends):
            return "No minimum is known on this surface, so there is nothing to colour the starts by."
        far = self.settled[:-1].mean()
        if far < 1:
            return f"{far:.0%} of {self.cells**2} starts have come to rest or are gone; the others have pale colours."
        lost = int((self.owner[:-1] < 0).sum())
        near = np.hypot(*(self.origin[:, None, :-1] - self.ends.T[:, :, None])).argmin(axis=0)
        nearest = (near == self.owner[:-1]).mean()
        gone = f" Gone for good: {lost}." if lost else ""
        return f"All are decided: {nearest:.0%} of the starts came to the minimum that was nearest.{gone}"


def centres(low: float, high: float, cells: int) -> Array:
    """The middles of so many cells between two ends."""
    return low + (np.arange(cells) + 0.5) * (high - low) / cells
