"""adaptive rates: a signal and its running averages; the rate each coordinate really gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lab.controls import Choice, Point, Slider, Switch, Unfit
from lab.experiment import Experiment, Field, Metrics, Update, action, drawn
from lab.marks import Arrows, Bars, Column, Curve, Dots, Equation, Guide, Handle, Heat, Note, Panel, Row, Tabs, Trail
from lab.maths.optimiser_variants import VARIANTS, Knobs, OwnRates, steady_step
from lab.maths.optimisers import RULES, Adam, Array, Rule, State, readers
from lab.maths.surfaces import SURFACES, Surface, ravine

SLOPE = Surface(
    name="slope",
    title="Slope: the same gradient everywhere",
    latex="3x + 0.3y",
    f=lambda x, y: 3 * x + 0.3 * y,
    gradient=lambda x, y: (3.0 + 0 * x, 0.3 + 0 * y),
    curvatures=lambda x, y: (0, 0, 0),
    start=(2.6, 2.6),
)
GROUNDS = {"slope": SLOPE, "Rosenbrock": SURFACES["Rosenbrock"]}
STARTS = {"ravine": (-2.4, 2.0), "slope": SLOPE.start, "Rosenbrock": (0.2, -0.2)}
ROUND, HUNDRED, PRINTED = "same, on a round bowl", "same, on 100 J", "Adadelta as printed"
METHODS = (*RULES, PRINTED, "own rates")
GRID = 120


@dataclass
class Walker:
    """One optimiser on its way: where it is, its averages, and how many gradients these have seen."""

    theta: Array
    memory: State
    seen: int = 0
    g: Array = field(default_factory=lambda: np.zeros(2))
    move: Array = field(default_factory=lambda: np.zeros(2))


class AdaptiveRates(Experiment):
    scenes = ("averages", "stages", "features", "envelope", "counterexample", "fisher")

    surface = Choice(tuple(STARTS), symbol="J", restarts=True, help="what is descended on")
    kappa = Slider(
        20, 1, 1000, log=True, symbol="κ", restarts=True, when={"surface": ("ravine",)},
        help="how much more the ravine curves across (θ₂) than along (θ₁)",
    )  # fmt: skip
    angle = Slider(
        0, 0, 90, symbol="φ", restarts=True, when={"surface": ("ravine",)}, help="how far the ravine is turned, in °"
    )
    begin = Point(STARTS["ravine"], x=(-3, 3), y=(-3, 3), symbol="θ₀", restarts=True, help="the start: drag it")
    method = Choice(METHODS, "Adam", help="the rule; another one goes on from where this one stands")
    rate = Slider(
        0.05, 1e-4, 10, log=True, symbol="η", when={"method": (*RULES, PRINTED)}, help="learning rate for all"
    )
    rate_1 = Slider(
        0.1, 1e-4, 2, log=True, symbol="η₁", limit="best_1", when={"method": ("own rates",)},
        help="rate of θ₁; marked: one over the curvature, which arrives in one step",
    )  # fmt: skip
    rate_2 = Slider(
        0.1, 1e-4, 2, log=True, symbol="η₂", limit="best_2", when={"method": ("own rates",)},
        help="rate of θ₂; marked: one over the curvature, which arrives in one step",
    )  # fmt: skip
    momentum = Slider(0.9, 0, 0.999, symbol="ρ", when={"method": readers("momentum")}, help="velocity that is kept")
    beta1 = Slider(0.9, 0, 0.999, symbol="β₁", when={"method": readers("beta1")}, help="memory of the mean gradient")
    beta2 = Slider(
        0.99, 0, 0.9999, symbol="β₂", when={"method": (*readers("beta2"), PRINTED)}, help="memory of the mean square"
    )
    epsilon = Slider(
        1e-8, 1e-12, 1, log=True, symbol="ε", when={"method": (*readers("epsilon"), PRINTED)},
        help="keeps the divisor above 0; Adadelta starts with it",
    )  # fmt: skip
    weight_decay = Slider(0.1, 0, 1, symbol="λ", when={"method": ("AdamW",)}, help="what is taken off θ itself")
    correct = Switch(True, label="Bias correction", when={"method": ("Adam",)}, help="divide m and s by 1 − βᵗ")
    correct_s = Switch(False, label="Bias correction", when={"method": ("RMSProp",)}, help="divide s by 1 − β₂ᵗ")
    rival = Choice(("none", ROUND, HUNDRED, *RULES), restarts=True, help="who walks beside it, from the same start")
    rival_rate = Slider(
        0.05, 1e-4, 10, log=True, symbol="η′", when={"rival": tuple(RULES)}, help="learning rate of the rival"
    )

    metrics = {
        "loss": "J", "rate": "rate of", "m1": "θ₁:", "s1": "θ₁:", "m2": "θ₂:", "s2": "θ₂:", "rms": "RMS of",
        "size": "|Δθ₁|",
    }  # fmt: skip
    random = False
    fixed = ("ground",)
    diverges = "The rate is too large for the curvature across the valley: each step overshoots more than the last."
    presets = {
        "Adam: the anatomy": {"surface": "ravine", "method": "Adam", "rate": 0.05},
        "Adagrad stalls, RMSProp does not": {
            "surface": "slope", "method": "Adagrad", "rival": "RMSProp", "beta2": 0.9, "rate": 0.05, "rival_rate": 0.05,
        },
        "RMSProp: a stretched axis does no harm": {
            "surface": "ravine", "kappa": 100, "method": "RMSProp", "rate": 0.02, "rival": ROUND,
        },
        "Own rates: there in one step": {"surface": "ravine", "method": "own rates", "rate_1": 1.0, "rate_2": 0.05},
        "Adadelta as printed: it crawls": {
            "surface": "ravine", "method": PRINTED, "rate": 1, "epsilon": 1e-8, "rival": "Adam",
        },
    }  # fmt: skip
    prompts = (
        ("First step of RMSProp: 1/√(1 − β₂) too long. Correct it", {"method": "RMSProp", "beta2": 0.999}),
        ("Adam without bias correction: what do its first steps do?", {"method": "Adam", "correct": False}),
        ("Turn the ravine by 45°: is Adam still as good?", {"method": "Adam", "angle": 45.0, "rival": ROUND}),
        ("A loss a hundred times as steep: who notices?", {"method": "GD", "rate": 0.01, "rival": HUNDRED}),
        ("Raise ε until Adadelta moves", {"method": PRINTED, "rate": 1.0, "epsilon": 1e-4}),
        ("Adagrad on a slope: whose rate stalls?", {"surface": "slope", "method": "Adagrad", "rival": "RMSProp"}),
    )

    # ------------------------------------------------------------ the descent

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"begin": STARTS[value]} if name == "surface" else {}

    def start(self) -> Metrics:
        if self.rival == ROUND and self.surface != "ravine":
            raise Unfit("rival", "only the ravine has a round bowl to be compared with; choose that surface")
        self.ground = ravine(self.kappa, self.angle) if self.surface == "ravine" else GROUNDS[self.surface]
        self.origin = np.array(self.begin)
        self.walkers = [Walker(self.origin, rule.begin(self.origin)) for rule in self.rules()]
        self.squares = np.zeros((2, 2))  # running averages of squared steps and squared gradients
        self.record()
        return self.measured()

    def step(self) -> Metrics:
        """The gradient enters the averages; each coordinate moves at its own rate."""
        with np.errstate(all="ignore"):
            for lane, (one, rule, knobs) in enumerate(zip(self.walkers, self.rules(), self.knobs())):
                one.g = self.slope(one.theta, lane)
                rule.average(one.memory, one.g, knobs)
                one.move = rule.move(one.memory, one.g, knobs) + rule.decay(one.theta, knobs)
                one.theta = one.theta + one.move
                one.seen += 1
            now = np.array([self.walkers[0].move, self.walkers[0].g]) ** 2
            self.squares = self.beta2 * self.squares + (1 - self.beta2) * now
            self.record()
            return self.measured()

    def called(self) -> str:
        """The method's rule by name: with or without bias correction."""
        if self.method == "Adam" and not self.correct:
            return "Adam uncorrected"
        return "RMSProp corrected" if self.method == "RMSProp" and self.correct_s else self.method

    def rules(self) -> list[Rule]:
        """The method's rule, and its rival's."""
        own = OwnRates((self.rate_1, self.rate_2))
        rule = own if self.method == "own rates" else (RULES | VARIANTS)[self.called()]
        return [rule] if self.rival == "none" else [rule, RULES.get(self.rival, rule)]

    def knobs(self) -> list[Any]:
        rival = Knobs(
            self.rival_rate if self.rival in RULES else self.rate,
            self.momentum, self.beta1, self.beta2, self.epsilon, self.weight_decay,
        )  # fmt: skip
        return [self, rival]

    def slope(self, theta: Array, lane: int = 0) -> Array:
        g = np.array((ravine(1) if lane and self.rival == ROUND else self.ground).gradient(*theta), dtype=float)
        return 100 * g if lane and self.rival == HUNDRED else g

    def changed(self, name: str) -> None:
        """Another rule goes on from here with empty averages; the switch of the correction leaves them as they are."""
        if name in ("method", "correct", "correct_s"):
            one, fresh = self.walkers[0], self.rules()[0].begin(self.walkers[0].theta)
            if name == "method":
                one.memory, one.seen = fresh, 0
            else:  # all that the corrected rule may want besides is t
                one.memory = {key: one.memory.get(key, one.seen) for key in fresh}

    @action
    def reset_averages(self) -> None:
        """Empty the averages: all start at 0 again, from where they stand."""
        self.walkers = [Walker(one.theta, rule.begin(one.theta)) for one, rule in zip(self.walkers, self.rules())]
        self.squares = np.zeros((2, 2))

    def record(self) -> None:
        """Where both are, for the trails."""
        self.theta = np.array([one.theta for one in self.walkers])
        self.lane = np.arange(len(self.walkers))

    def measured(self) -> Metrics:
        one, rule, rates = self.walkers[0], self.rules()[0], self.rates()
        names = ("θ₁", "θ₂", "θ₁, rival", "θ₂, rival")
        row = {f"rate/{name}": float(rate) for name, rate in zip(names, np.ravel(rates))}
        heights = [float(self.ground.f(*walker.theta)) for walker in self.walkers]
        row |= {f"loss/{name}": height for name, height in zip(("method", "rival"), heights)}
        if not one.seen:
            return row
        for i in (0, 1):
            row |= {f"m{i + 1}/g": float(one.g[i]), f"s{i + 1}/g²": float(one.g[i] ** 2)}
            row |= {f"{key}{i + 1}/{key}": float(one.memory[key][i]) for key in ("m", "s") if key in one.memory}
            if isinstance(rule, Adam) and "s" in one.memory:
                m_hat, s_hat = rule.debiased(one.memory, self.knobs()[0])
                row |= {f"m{i + 1}/m̂": float(m_hat[i]), f"s{i + 1}/ŝ": float(s_hat[i])}
        steps, gradients = np.sqrt(self.squares[:, 0])
        row |= {"rms/steps": float(steps), "rms/gradients": float(gradients), "size/measured": abs(float(one.move[0]))}
        row |= {"rms/ratio": float(steps / gradients)} if gradients else {}
        if self.surface == "slope":
            law = steady_step(self.called(), 3.0, one.seen, self.knobs()[0])
            row |= {} if law is None else {"size/law": law}
        return row

    @np.errstate(all="ignore")
    def looking(self, lane: int) -> tuple[Array, State]:
        """For the step to come: the gradient where a walker stands, and its averages with that taken in."""
        one, rule = self.walkers[lane], self.rules()[lane]
        g, memory = self.slope(one.theta, lane), dict(one.memory)
        rule.average(memory, g, self.knobs()[lane])
        return g, memory

    @np.errstate(all="ignore")
    def rates(self) -> Array:
        """(walkers, 2): the rate that each coordinate really gets in the step to come."""
        rows = []
        for lane, (rule, knobs) in enumerate(zip(self.rules(), self.knobs())):
            g, memory = self.looking(lane)
            rows.append(np.broadcast_to(rule.rates(memory, g, knobs), (2,)))
        return np.array(rows)

    # ------------------------------------------------------------ pictures

    def panels(self) -> Column:
        ground = self.ground
        step = {"x": "step t"}

        def strip(title: str, *metrics: str, log: bool = False, **rest: Any) -> Panel:
            return Panel(title, Curve(*metrics, log_y=log), **step, **rest)

        return Column(
            Row(
                Panel(
                    "Surface",
                    Heat("landscape", log=ground.log),
                    *((Dots("minima", shape="star", tint="text", big=True),) if ground.minima else ()),
                    Trail("theta", labels="names"),
                    Arrows("here", "downhill", label="−g", tint="text"),
                    Arrows("here", "averaged", label="−m̂", tint="quiet", dashed=True),
                    Arrows("here", "coming", label="step / η", tint="accent"),
                    Dots("places", colour="lane", big=True),
                    Handle("origin", drag="begin", label="start"),
                    x="θ₁",
                    y="θ₂",
                    range_x=ground.x,
                    range_y=ground.y,
                    equal=True,
                    help="Arrows: the slope and its average, of one length, and the coming step in units of η",
                ),
                Column(
                    Panel(
                        "Real rates",
                        Bars("rate_bars", labels="coordinates"),
                        y="step / gradient",
                        detail="ratio",
                        help="What the gradient of each coordinate, or its average, is multiplied by in the next step",
                    ),
                    strip("Rates over time", "rate", log=True, y="real rate"),
                ),
                sizes=(1, 1),
            ),
            Row(
                Tabs(
                    strip("Squares of θ₂", "s2", log=True, y="g², s, ŝ"),
                    strip("Means of θ₂", "m2", y="g, m, m̂"),
                    strip("Squares of θ₁", "s1", log=True, y="g², s, ŝ"),
                    strip("Means of θ₁", "m1", y="g, m, m̂"),
                    Panel(
                        "Step size",
                        Curve("size", log_y=True),
                        Guide(y="eta", label="η"),
                        **step,
                        y="|Δθ₁|",
                        help="On the slope, whose gradient is the same everywhere, with the law for this rule",
                    ),
                    strip("RMS", "rms", log=True, y="RMS in θ₁", help="What Adadelta makes its rate of: √d and √s"),
                    strip("Loss", "loss", log=bool(ground.minima), y="J"),
                ),
                Panel("Update", Equation("update"), Note("said"), detail="whose"),
                sizes=(1, 1),
            ),
            sizes=(5, 4),
        )

    @drawn(on=("surface", "kappa", "angle"))
    def landscape(self) -> Field:
        ground = self.ground
        x, y = np.meshgrid(np.linspace(*ground.x, GRID), np.linspace(*ground.y, GRID))
        return Field(np.asarray(ground.f(x, y), dtype=float), ground.x, ground.y)

    @drawn
    def minima(self) -> Array:
        return np.array(self.ground.minima, dtype=float).reshape(-1, 2)

    @drawn
    def names(self) -> tuple[str, ...]:
        return (self.called(), self.rival)[: len(self.walkers)]

    @drawn
    def places(self) -> Array:
        low, high = np.array([self.ground.x, self.ground.y], dtype=float).T
        return np.clip(np.nan_to_num(self.theta), low, high)

    @drawn
    def here(self) -> Array:
        return self.places()[:1]

    def arrow(self, towards: Array, length: float | None = None) -> Array:
        """As an arrow of usual length, or as many times that; none where there is no direction."""
        usual = (self.ground.x[1] - self.ground.x[0]) / 8
        with np.errstate(all="ignore"):
            by = usual * (towards / np.hypot(*towards) if length is None else towards / length)
        return np.where(np.isfinite(by), np.clip(by, -4 * usual, 4 * usual), 0.0)[None]

    @drawn
    def downhill(self) -> Array:
        return self.arrow(-self.looking(0)[0])

    @drawn
    def averaged(self) -> Array:
        """Against the average gradient, for rules that keep one."""
        _, memory = self.looking(0)
        return self.arrow(-np.asarray(memory.get("m", memory.get("v", np.zeros(2)))))

    @drawn
    def coming(self) -> Array:
        g, memory = self.looking(0)
        with np.errstate(all="ignore"):
            move = self.rules()[0].move(memory, g, self.knobs()[0])
        return self.arrow(move, None if self.method == "own rates" else self.rate)

    @drawn
    def coordinates(self) -> tuple[str, str]:
        return "θ₁", "θ₂"

    @drawn
    def rate_bars(self) -> Array:
        return np.nan_to_num(self.rates(), posinf=0.0)

    @drawn
    def ratio(self) -> str:
        first, second = self.rates()[0]
        return f"{self.called()}: {first:.3g} and {second:.3g}"

    @drawn
    def eta(self) -> Array:
        return np.array([self.rate])

    @drawn
    def best_1(self) -> Array:
        return self.best()[:1]

    @drawn
    def best_2(self) -> Array:
        return self.best()[1:]

    def best(self) -> Array:
        """One over the curvature along each axis."""
        curvatures = np.diag(self.ground.hessian(self.walkers[0].theta))
        return np.array([1 / c if c > 0 else np.nan for c in curvatures])

    @drawn
    def whose(self) -> str:
        return f"{self.called()}, the step to come"

    @drawn
    def update(self) -> Update:
        one, rule = self.walkers[0], self.rules()[0]
        with np.errstate(all="ignore"):
            return Update(rule.latex, rule.symbols(one.memory, self.slope(one.theta), one.theta, self.knobs()[0]))

    @drawn
    def said(self) -> str:
        one, rates, name = self.walkers[0], self.rates()[0], self.called()
        if not np.isfinite(one.theta).all():
            return f"{name} is lost. {self.diverges}"
        if one.seen == 0:
            return f"The averages of {name} are empty: the next step is its first."
        sizes, g = np.abs(one.move), np.abs(one.g)
        if one.seen == 1:
            return (
                f"The first step of {name}: {sizes[0]:.3g} and {sizes[1]:.3g} long, "
                f"for slopes of {g[0]:.3g} and {g[1]:.3g}."
            )
        if name == PRINTED and self.squares[0, 0] < 1e-8:
            return "It can only repeat the size of its past steps, and these began with ε. Raise ε, and it moves."
        if name == "Adagrad":
            return (
                f"Its sums only grow, so its rates only fall: {rates[0]:.2g} and {rates[1]:.2g} "
                f"after {one.seen} gradients."
            )
        more = max(rates) / max(min(rates), 1e-300)
        if more < 1.01:
            return f"{name} gives both coordinates the same rate, {rates[0]:.3g}, whatever their slopes."
        steep = "θ₁" if rates[0] < rates[1] else "θ₂"
        return f"{steep} had the steeper slopes, so {name} gives it a rate {more:.3g} times smaller than the other's."
