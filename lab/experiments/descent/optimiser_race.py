"""optimiser race: several optimisers leave one start; see who arrives, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lab.controls import Choice, Count, Formula, Point, Rows, Slider, Unfit
from lab.experiment import Experiment, Metrics, Stages, Update, drawn
from lab.marks import (
    Arrows,
    Column,
    Curve,
    Dots,
    Equation,
    Field,
    Handle,
    Heat,
    Layout,
    Note,
    Panel,
    Row,
    Trail,
)
from lab.marks import Surface as Relief
from lab.maths.optimisers import RULES, Rule, State
from lab.maths.surfaces import SURFACES, Surface, ravine, typed

OWN = (10, 10)  # off every picture: the surface's own start
STILL = 1e-6  # a slope and a move below this count as none
AVERAGING = {"when": {"method": ("momentum", "Nesterov")}}
SCALING = {"when": {"method": ("Adagrad", "RMSProp", "Adam")}}


@dataclass
class Runner:
    """One racer on its way."""

    lane: int  # its colour, and its place in the trails: it keeps both while others come and go
    name: str  # "Adam", or "Adam 2" where there is one already
    method: str
    theta: np.ndarray
    memory: State  # the running averages
    g: np.ndarray = field(default_factory=lambda: np.zeros(2))
    delta: np.ndarray = field(default_factory=lambda: np.zeros(2))
    before: tuple[State, np.ndarray, Any] | None = None  # averages, place and settings that the last step set out from

    @property
    def rule(self) -> Rule:
        return RULES[self.method]


class OptimiserRace(Experiment):
    surface = Choice((*SURFACES, "formula"), "Rosenbrock", symbol="J", restarts=True, help="what they descend on")
    kappa = Slider(
        20, 1, 1000, log=True, symbol="κ", restarts=True, when={"surface": ("ravine",)},
        help="how much more the ravine curves across than along: its condition number",
    )  # fmt: skip
    formula = Formula(
        "(x**2 - 1)**2 + y**2 + 0.3*x", symbol="J(x, y)", restarts=True, when={"surface": ("formula",)},
        help="a surface of your own in x and y",
    )  # fmt: skip
    start_at = Point(
        OWN, x=(-10, 10), y=(-10, 10), symbol="θ₀", label="Start", restarts=True,
        help="where all begin: drag it. A place off the picture, as (10, 10), stands for the surface's own start",
    )  # fmt: skip
    racers = Rows(
        {
            "method": Choice(tuple(RULES), "Adam", help="the rule by which a gradient becomes a step"),
            "rate": Slider(0.05, 1e-5, 10, log=True, symbol="η", help="learning rate"),
            "momentum": Slider(0.9, 0, 0.999, symbol="ρ", help="how much of the velocity is kept", **AVERAGING),
            "beta1": Slider(
                0.9, 0, 0.999, symbol="β₁", help="memory of the mean gradient", when={"method": ("Adam",)}
            ),
            "beta2": Slider(
                0.999, 0, 0.9999, symbol="β₂", help="memory of the mean square", when={"method": ("RMSProp", "Adam")}
            ),
            "epsilon": Slider(1e-8, 1e-12, 1, log=True, symbol="ε", help="keeps the divisor above 0", **SCALING),
        },
        [
            {"method": "GD", "rate": 0.001},
            {"method": "momentum", "rate": 0.001},
            {"method": "Adam", "rate": 0.1},
        ],
        least=1,
        most=6,
        help="who runs: another method goes on from where the old one stands, a new racer joins at the start",
    )
    noise = Slider(0, 0, 20, symbol="σ", help="standard deviation of the gradient's noise, the same gust for all")
    racer = Count(2, 0, 5, view=True, symbol="i", help="whose update is written out, 0 the first; or click its dot")

    metrics = {"loss": "J", "distance": "‖θ − θ*‖"}
    fixed = ("ground",)
    diverges = (
        "A rate is too large for the curvature, so that each step overshoots more than the last, "
        "or the way led off a surface that falls for ever or has no value there."
    )

    # ------------------------------------------------------------ the race

    def start(self) -> Metrics:
        self.ground = self.chosen_ground()
        self.origin = np.array(self.start_at if self.ground_holds(self.start_at) else self.ground.start, dtype=float)
        if not np.isfinite(self.slope(self.origin)).all():
            raise Unfit("start_at", f"the surface has no slope at {spoken(self.origin)}: begin where it has one")
        self.runners: list[Runner] = []
        self.lined: tuple[Any, ...] = ()  # the rows that the runners run by
        self.stage = ""
        self.line_up()
        return self.measured()

    def step(self) -> Stages:
        """Every racer: the gradient where it stands, its averages, its move."""
        gust = self.noise * self.rng.standard_normal(2) if self.noise else np.zeros(2)
        for one, row in zip(self.runners, self.racers):
            one.before = (dict(one.memory), one.theta, row)
            one.g = self.slope(one.theta) + gust
        self.stage = "gradient"
        yield self.stage

        with np.errstate(all="ignore"):
            for one, row in zip(self.runners, self.racers):
                one.rule.average(one.memory, one.g, row)
        self.stage = "averages"
        yield self.stage

        with np.errstate(all="ignore"):
            for one, row in zip(self.runners, self.racers):
                one.delta = one.rule.move(one.memory, one.g, row)
        self.stage = "move"
        yield self.stage

        for one in self.runners:
            one.theta = one.theta + one.delta
        self.stage = ""
        self.theta = self.places_by_lane()
        if not self.noise and all(np.hypot(*one.g) < STILL and np.hypot(*one.delta) < STILL for one in self.runners):
            self.finish("Every racer stands still: the slope under it is below one millionth.")
        return self.measured()

    @np.errstate(all="ignore")
    def slope(self, theta: np.ndarray) -> np.ndarray:
        return np.array(self.ground.gradient(*theta), dtype=float)

    @np.errstate(all="ignore")
    def height(self, theta: np.ndarray) -> float:
        return float(self.ground.f(*theta))

    def distance(self, theta: np.ndarray) -> float:
        """To the nearest minimum; only where minima are known."""
        return float(np.hypot(*(np.array(self.ground.minima) - theta).T).min())

    def measured(self) -> Metrics:
        row = {f"loss/{one.name}": self.height(one.theta) for one in self.runners}
        if self.ground.minima:
            row |= {f"distance/{one.name}": self.distance(one.theta) for one in self.runners}
        return row

    # ------------------------------------------------------------ who runs, and where

    def changed(self, name: str) -> None:
        if name == "racers":
            self.line_up()

    def line_up(self) -> None:
        """A runner for each row. Who keeps the method keeps the averages too."""
        old, self.runners = self.runners, []
        goes_on = [None if at is None else old[at] for at in matched(self.lined, self.racers)]
        for row, one in zip(self.racers, goes_on):
            if one is None or one.method != row.method:
                taken = [other for other in (*goes_on, *self.runners) if other is not None and other is not one]
                lane = one.lane if one else free(range(len(RULES) + 6), [other.lane for other in taken])
                names = (row.method, *(f"{row.method} {i}" for i in range(2, 14)))
                name = free(names, [other.name for other in taken])
                theta = one.theta if one else self.origin
                one = Runner(lane, name, row.method, theta, RULES[row.method].begin(theta))
            self.runners.append(one)
        self.lined = self.racers
        self.theta = self.places_by_lane()

    def places_by_lane(self) -> np.ndarray:
        """(lanes, 2) for the trails; a lane whose racer was taken out of the race is NaN."""
        places = np.full((1 + max(one.lane for one in self.runners), 2), np.nan)
        for one in self.runners:
            places[one.lane] = one.theta
        return places

    def chosen_ground(self) -> Surface:
        if self.surface == "formula":
            return typed(self.formula)
        return ravine(self.kappa) if self.surface == "ravine" else SURFACES[self.surface]

    def ground_holds(self, theta: Sequence[float]) -> bool:
        (x, y), ground = theta, self.ground
        return ground.x[0] <= x <= ground.x[1] and ground.y[0] <= y <= ground.y[1]
