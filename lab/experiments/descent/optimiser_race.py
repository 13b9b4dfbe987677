"""optimiser race: several optimisers leave one start; see who arrives, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lab import marks
from lab.controls import Choice, Count, Formula, Point, Rows, Slider, Unfit
from lab.experiment import Experiment, Metrics, Stages, Update, drawn
from lab.marks import Arrows, Column, Curve, Dots, Equation, Field, Handle, Heat, Note, Panel, Trail
from lab.maths.optimisers import RULES, readers
from lab.maths.runners import Runner, lined_up
from lab.maths.surfaces import SURFACES, Surface, ravine, typed

MOST = 6
TYPED_START = (-2.4, 1.6)
STILL = 1e-6  # a slope and a move below this count as none
GRID = 160
RACER = {
    "method": Choice(tuple(RULES), "Adam", help="the rule by which a gradient becomes a step"),
    "rate": Slider(0.05, 1e-5, 10, log=True, symbol="η", help="learning rate"),
    "momentum": Slider(
        0.9, 0, 0.999, symbol="ρ", when={"method": readers("momentum")}, help="how much velocity is kept"
    ),
    "beta1": Slider(0.9, 0, 0.999, symbol="β₁", when={"method": readers("beta1")}, help="memory of the mean gradient"),
    "beta2": Slider(0.999, 0, 0.9999, symbol="β₂", when={"method": readers("beta2")}, help="memory of the mean square"),
    "epsilon": Slider(
        1e-8,
        1e-12,
        1,
        log=True,
        symbol="ε",
        when={"method": readers("epsilon")},
        help="keeps the divisor above 0",
    ),
    "weight_decay": Slider(
        0.01, 0, 1, symbol="λ", when={"method": readers("weight_decay")}, help="what is taken off θ itself each step"
    ),
}


def race(surface: str, *racers: tuple[Any, ...], **rest: Any) -> dict[str, Any]:
    """Settings of a race: each racer a method, a rate and perhaps a momentum."""
    rows = [dict(zip(RACER, racer)) for racer in racers]
    return {"surface": surface, "noise": 0, "racers": rows, **rest}


class OptimiserRace(Experiment):
    surface = Choice((*SURFACES, "formula"), "Rosenbrock", symbol="J", restarts=True, help="what they descend on")
    kappa = Slider(
        20,
        1,
        1000,
        log=True,
        symbol="κ",
        restarts=True,
        when={"surface": ("ravine",)},
        help="how much more the ravine curves across than along: its condition number",
    )
    formula = Formula(
        "(x**2 - 1)**2 + y**2 + 0.3*x",
        symbol="J",
        restarts=True,
        when={"surface": ("formula",)},
        help="a surface of your own in x = θ₁ and y = θ₂",
    )
    begin = Point(
        SURFACES["Rosenbrock"].start,
        x=(-10, 10),
        y=(-10, 10),
        symbol="θ₀",
        label="Start",
        restarts=True,
        help="where all begin: drag it",
    )
    racers = Rows(
        RACER,
        race("", ("GD", 0.001), ("momentum", 0.001), ("Adam", 0.1))["racers"],
        least=1,
        most=MOST,
        help="who runs. Given another method, a racer goes on from where it stands; a new one joins at the start",
    )
    noise = Slider(0, 0, 20, symbol="σ", label="Gradient noise", help="its standard deviation; one gust hits all alike")
    racer = Count(2, 0, MOST - 1, view=True, symbol="i", help="whose update is written out, from 0; or click its dot")

    presets = {
        "Rosenbrock: who turns the corner?": race("Rosenbrock", ("GD", 0.001), ("momentum", 0.001), ("Adam", 0.1)),
        "Rosenbrock: six memories": race(
            "Rosenbrock", *(("momentum", 0.001, rho) for rho in (0, 0.5, 0.8, 0.9, 0.95, 0.99))
        ),
        "Ravine: momentum against GD": race("ravine", ("GD", 0.0195), ("momentum", 0.015, 0.8), kappa=100),
        "Saddle: who leaves first?": race(
            "saddle", ("GD", 0.05), ("momentum", 0.05), ("Adagrad", 0.05), ("Adam", 0.05)
        ),
        "Himmelblau: one start, two ends": race("Himmelblau", ("GD", 0.01), ("momentum", 0.01), ("Adam", 0.1)),
    }
    prompts = (
        ("A rate past 0.002: why does the second GD never settle?", race("Rosenbrock", ("GD", 0.001), ("GD", 0.003))),
        ("Without memory, ρ = 0: what is left of momentum?", race("Rosenbrock", ("GD", 0.001), ("momentum", 0.001, 0))),
        ("A round bowl: does momentum still pay?", race("ravine", ("GD", 0.5), ("momentum", 0.5, 0.8), kappa=1)),
        (
            "A noisy gradient: who comes to rest?",
            race("ravine", ("GD", 0.05), ("momentum", 0.05), ("Adam", 0.1), noise=2),
        ),
        ("Type a surface of your own", race("formula", ("GD", 0.02), ("momentum", 0.02), ("Adam", 0.1))),
    )
    metrics = {"loss": "J", "distance": "‖θ − θ*‖"}
    fixed = ("ground",)
    tiny = {"noise": 1}
    diverges = (
        "Either a rate is too large for the curvature, so that each step overshoots more than the last, "
        "or the surface falls for ever, or it has no value where a racer went."
    )

    # ------------------------------------------------------------ the race

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        """Each surface has a start of its own."""
        if name != "surface":
            return {}
        return {"begin": TYPED_START if value == "formula" else SURFACES[value].start}

    def start(self) -> Metrics:
        self.ground = self.chosen_ground()
        self.origin = np.array(self.begin)
        if not np.isfinite([self.height(self.origin), *self.slope(self.origin)]).all():
            raise Unfit("begin", f"the surface has no height or no slope at {place(self.origin)}: begin where it has")
        self.stage = ""
        self.runners: list[Runner] = lined_up([], self.racers, self.origin)
        self.record()
        return self.measured()

    def step(self) -> Stages:
        """Every racer: the gradient where it stands, its averages, its move."""
        gust = self.noise * self.rng.standard_normal(2) if self.noise else 0.0
        for one in self.runners:
            one.read(self.slope(one.theta) + gust)
        self.stage = "gradient"
        yield self.stage
        for one in self.runners:
            one.average()
        self.stage = "averages"
        yield self.stage
        for one in self.runners:
            one.aim()
        self.stage = "move"
        yield self.stage
        for one in self.runners:
            one.go()
        self.stage = ""
        self.record()
        if not self.noise and all(np.abs([one.g, one.move]).max() < STILL for one in self.runners):
            self.finish("Every racer stands still: under each of them the slope is less than a millionth.")
        return self.measured()

    @np.errstate(all="ignore")
    def slope(self, theta: np.ndarray) -> np.ndarray:
        return np.array(self.ground.gradient(*theta), dtype=float)

    @np.errstate(all="ignore")
    def height(self, theta: np.ndarray) -> float:
        return float(self.ground.f(*theta))

    @np.errstate(all="ignore")
    def distance(self, theta: np.ndarray) -> float:
        """To the nearest of the known minima; infinite where there is none."""
        return min((float(np.hypot(x - theta[0], y - theta[1])) for x, y in self.ground.minima), default=np.inf)

    def measured(self) -> Metrics:
        row = {f"loss/{one.name}": self.height(one.theta) for one in self.runners}
        if self.ground.minima:
            row |= {f"distance/{one.name}": self.distance(one.theta) for one in self.runners}
        return row

    # ------------------------------------------------------------ who runs, and where

    def chosen_ground(self) -> Surface:
        if self.surface == "formula":
            return typed(self.formula)
        return ravine(self.kappa) if self.surface == "ravine" else SURFACES[self.surface]

    def shows(self, theta: ArrayLike) -> bool:
        """Whether a place is in the picture."""
        (x, y), ground = np.asarray(theta), self.ground
        return bool(ground.x[0] <= x <= ground.x[1] and ground.y[0] <= y <= ground.y[1])

    def changed(self, name: str) -> None:
        if name == "racers":
            self.runners = lined_up(self.runners, self.racers, self.origin)
            self.record()

    def record(self) -> None:
        """The places by lane, for the trails; a lane that its racer has left is NaN."""
        self.theta = np.full((1 + max(one.lane for one in self.runners), 2), np.nan)
        for one in self.runners:
            self.theta[one.lane] = one.theta

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        ground = self.ground
        known = (Dots("minima", shape="star", tint="text", big=True),) if ground.minima else ()
        plane = {"x": "θ₁ = x", "y": "θ₂ = y", "range_x": ground.x, "range_y": ground.y, "equal": True}
        positive = bool(ground.minima)  # each of them has the height 0, so that a power of ten tells how near it is
        return Column(
            marks.Row(
                Panel(
                    "Surface",
                    Heat("landscape", log=ground.log),
                    *known,
                    Trail("theta", labels="names"),
                    Arrows("places", "downhill", tint="text"),
                    Arrows("leaving", "coming", label="move", tint="accent"),
                    Dots("places", colour="lanes", big=True, pick="racer"),
                    Handle("origin", drag="begin", label="start"),
                    **plane,
                    detail="shown",
                    help="Arrows downhill are all of one length; the coming move is drawn to scale",
                ),
                Panel(
                    "In three dimensions",
                    marks.Surface("landscape", points="balls", heights="heights", trail="theta", log=ground.log),
                    **plane,
                    detail="scale",
                ),
            ),
            marks.Row(
                Panel("Loss", Curve("loss", log_y=positive, colours="colours"), x="step t", y="J"),
                Panel(
                    "Distance", Curve("distance", log_y=True, colours="colours"), x="step t", y="‖θ − θ*‖", shown=False
                ),
                Panel("Update", Equation("update"), Note("said"), detail="whose"),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("surface", "kappa", "formula"))
    def landscape(self) -> Field:
        ground = self.ground
        x, y = np.meshgrid(np.linspace(*ground.x, GRID), np.linspace(*ground.y, GRID))
        with np.errstate(all="ignore"):
            z = np.broadcast_to(ground.f(x, y), x.shape).astype(float)
        return Field(np.where(np.isfinite(z), z, np.nan), ground.x, ground.y)

    @drawn(on=("surface",))
    def minima(self) -> np.ndarray:
        return np.array(self.ground.minima, dtype=float).reshape(-1, 2)

    @drawn
    def shown(self) -> str:
        return f"J = {self.formula.text}" if self.surface == "formula" else self.ground.title

    @drawn
    def scale(self) -> str:
        return "log height" if self.ground.log else ""

    @drawn
    def names(self) -> tuple[str, ...]:
        names = {one.lane: one.name for one in self.runners}
        return tuple(names.get(lane, "") for lane in range(len(self.theta)))

    @drawn
    def colours(self) -> dict[str, int]:
        """A racer's curve has the colour of its lane."""
        return {one.name: one.lane for one in self.runners}

    @drawn
    def lanes(self) -> np.ndarray:
        return np.array([one.lane for one in self.runners])

    @drawn
    def places(self) -> np.ndarray:
        """Where the racers are; who has left the picture is drawn at its edge."""
        return self.at_most_edge(np.array([one.theta for one in self.runners]))

    @drawn
    def balls(self) -> np.ndarray:
        """The same by lane."""
        return self.at_most_edge(self.theta)

    def at_most_edge(self, theta: np.ndarray) -> np.ndarray:
        low, high = np.array([self.ground.x, self.ground.y], dtype=float).T
        return np.clip(theta, low, high)

    @drawn
    def heights(self) -> np.ndarray:
        return np.array([self.height(theta) for theta in self.balls()])

    @drawn
    def downhill(self) -> np.ndarray:
        """Against the gradient: at a stage the one just read, else the slope where each racer stands."""
        g = np.array([one.g if self.stage else self.slope(one.theta) for one in self.runners])
        length = (self.ground.x[1] - self.ground.x[0]) / 9
        with np.errstate(all="ignore"):
            arrows = -length * g / np.hypot(*g.T)[:, None]
        return np.where(np.isfinite(arrows), arrows, 0.0)

    @drawn
    def leaving(self) -> np.ndarray:
        return self.places() if self.stage == "move" else np.empty((0, 2))

    @drawn
    def coming(self) -> np.ndarray:
        moves = np.array([one.move for one in self.runners])
        return np.where(np.isfinite(moves), moves, 0.0) if self.stage == "move" else np.empty((0, 2))

    def picked(self) -> Runner:
        return self.runners[min(self.racer, len(self.runners) - 1)]

    @drawn
    def whose(self) -> str:
        one = self.picked()
        return f"{one.name}, step {self.t + bool(self.stage or not one.before)}"

    @drawn
    def update(self) -> Update:
        """The step just made, or at t = 0 the one to come; within a step, what is known so far."""
        one = self.picked()
        numbers = one.symbols(self.slope(one.theta))
        unknown = {
            "gradient": [symbol for symbol in numbers if symbol.endswith("_t") and symbol != "g_t"],
            "averages": [r"\theta_t"],
        }.get(self.stage, [])
        return Update(one.rule.latex, {symbol: value for symbol, value in numbers.items() if symbol not in unknown})

    @drawn
    def said(self) -> str:
        """What the picked racer is doing."""
        one = self.picked()
        if self.stage:
            return {
                "gradient": f"{one.name} reads the slope where it stands.",
                "averages": f"{one.name} takes the gradient into its averages."
                if one.rule.keeps
                else f"{one.name} keeps no averages: only this gradient counts.",
                "move": f"{one.name} is about to make the move drawn.",
            }[self.stage]
        return self.doing(one)

    def doing(self, one: Runner) -> str:
        width = self.ground.x[1] - self.ground.x[0]
        slope = self.slope(one.theta)
        if not np.isfinite(one.theta).all() or not np.isfinite(slope).all():
            return f"{one.name} is lost: {self.diverges[0].lower()}{self.diverges[1:]}"
        if not self.shows(one.theta):
            return f"{one.name} has left the picture and is at {place(one.theta)}."
        if self.distance(one.theta) < width / 1000:
            return f"{one.name} has arrived: it is within {self.distance(one.theta):.2g} of a minimum."
        if np.hypot(*slope) < STILL:
            return f"{one.name} stands where the slope is 0, though at no minimum that is known."
        if one.before is None:
            return f"{one.name} is about to make its first step."
        length, turned = float(np.hypot(*one.move)), cosine(one.g, slope)
        rose = self.height(one.theta) - self.height(one.before[1])
        if cosine(one.move, one.g) > 0.1:
            return f"{one.name} moves against the slope under it: what it remembers carries it on."
        if turned < -0.3:
            return (
                f"{one.name} crosses the valley rather than follow it: the slope after this step points back, "
                f"and J {'rises' if rose > 0 else 'falls'} by {abs(rose):.2g}."
            )
        if rose > 0:
            return f"{one.name} went up by {rose:.2g} in this step: it was too long for the curvature."
        if length < width / 2000:
            return f"{one.name} has slowed down: this step is {length:.1g} long, and J falls by {-rose:.1g}."
        return f"{one.name} goes downhill: this step is {length:.2g} long, and J falls by {-rose:.2g}."


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Of the angle between two vectors; 0 where one of them is."""
    lengths = np.hypot(*a) * np.hypot(*b)
    return float(a @ b / lengths) if 0 < lengths < np.inf else 0.0


def place(theta: np.ndarray) -> str:
    return f"({theta[0]:.4g}, {theta[1]:.4g})"
