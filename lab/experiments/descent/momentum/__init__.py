"""momentum: a ball that keeps some of its velocity, and the map of where that helps, rings or diverges."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Point, Slider
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.experiments.descent.momentum._arrows import StepArrows
from lab.experiments.descent.momentum._ground import GROUNDS, RACES, Ground, ground_of
from lab.experiments.descent.momentum._maps import LOG_X, Maps
from lab.marks import Arrows, Column, Curve, Dots, Equation, Field, Handle, Heat, Line, Note, Panel, Row, Tabs, Trail

WINDOW = 12  # steps that are remembered, for their arrows
CLOSE = 1e-12
LATEX = {
    "GD": r"v_t = g_t \\ w_t = w_{t-1} - \eta\, v_t",
    "Polyak": r"g_t = \nabla \ell(w_{t-1}) \\ v_t = \rho\, v_{t-1} + g_t \\ w_t = w_{t-1} - \eta\, v_t",
    "Nesterov": r"u_t = w_{t-1} - \eta\, \rho\, v_{t-1} \\ g_t = \nabla \ell(u_t) \\ v_t = \rho\, v_{t-1} + g_t \\ "
    r"w_t = w_{t-1} - \eta\, v_t",
    "look-ahead": r"g_t = \nabla \ell(w_{t-1}) \\ v_t = \rho\, v_{t-1} + g_t \\ "
    r"w_t = w_{t-1} - \eta\, (\rho\, v_t + g_t)",
}
AVERAGED = {  # the same step with M = (1 − ρ) v and α = η/(1 − ρ)
    "GD": r"M_t = g_t \\ w_t = w_{t-1} - \alpha\, M_t",
    "Polyak": r"M_t = \rho\, M_{t-1} + (1 - \rho)\, g_t \\ w_t = w_{t-1} - \alpha\, M_t",
    "Nesterov": r"u_t = w_{t-1} - \alpha\, \rho\, M_{t-1} \\ M_t = \rho\, M_{t-1} + (1 - \rho)\, g_t \\ "
    r"w_t = w_{t-1} - \alpha\, M_t",
    "look-ahead": r"M_t = \rho\, M_{t-1} + (1 - \rho)\, g_t \\ "
    r"w_t = w_{t-1} - \alpha\, (\rho\, M_t + (1 - \rho)\, g_t)",
}


class Momentum(Maps, StepArrows, Experiment):
    scenes = ("oscillator", "ode", "rates", "worst-case", "forms")

    race = Choice(tuple(RACES), restarts=True, help="who leaves the start together")
    surface = Choice(tuple(GROUNDS), symbol="ℓ", restarts=True, help="what they descend on")
    kappa = Slider(
        50,
        1,
        1000,
        log=True,
        symbol="κ",
        restarts=True,
        when={"surface": ("ravine",)},
        help="how much more the ravine curves across than along: its condition number L/m",
    )
    angle = Slider(20, 0, 90, restarts=True, when={"surface": ("ravine",)}, help="of the ravine to the first axis, °")
    begin = Point((-2.4, 0.9), x=(-3, 3), y=(-3, 3), symbol="w₀", label="Start", restarts=True, help="drag it")
    rate = Slider(
        1,
        0.01,
        4,
        symbol="ηL",
        label="Rate",
        limit="edges",
        help="the rate η in units of 1/L; marked: where it diverges",
    )
    rho = Slider(
        0.75,
        0,
        0.99,
        symbol="ρ",
        label="Momentum",
        when={"race": ("GD, Polyak, Nesterov", "look-ahead")},
        help="how much of the velocity is kept: 0 is plain GD",
    )
    noise = Slider(0, 0, 1, symbol="σ", label="Mini-batch noise", help="of each gradient, in units of L")
    watch = Count(1, 0, 4, view=True, symbol="i", help="whose step is shown, from 0; or click its ball")
    form = Choice(("sum", "average"), view=True, help="the velocity written as a sum, as torch does, or as an average")
    last = Count(4, 1, WINDOW, view=True, symbol="n", label="Last steps", help="how many of them have arrows")

    metrics = {"distance": "‖w − w*‖", "gap": "ℓ − ℓ*", "apart": "Δ"}
    tiny = {"noise": 0.1, "kappa": 5, "rate": 0.5}
    diverges = "The rate is past the stability limit: the dot of a curvature is in the hatched part of the map."
    prompts = (
        ("Slide ρ up from 0: the zig-zag turns into a run along the valley", {"rho": 0, "rate": 1.8, "kappa": 50}),
        ("Past 2(1+ρ)/(1+2ρ) only Nesterov diverges: it looks ahead too far", {"rho": 0.9, "rate": 1.4, "watch": 2}),
        ("Five memories on Rosenbrock: 0.99 overshoots", {"race": "five memories", "surface": "Rosenbrock"}),
        ("Look-ahead walks where Nesterov looks", {"race": "look-ahead", "surface": "Rosenbrock", "rho": 0.9}),
        ("Noisy gradients: does the average steady the ball?", {"noise": 0.5, "rho": 0.9, "rate": 0.3}),
    )
    presets = {
        "The text's choice, κ = 100": {"kappa": 100, "rate": 1, "rho": 0.8182},
        "The fastest heavy ball, κ = 100": {"kappa": 100, "rate": 3.3058, "rho": 0.6694, "watch": 1},
        "Nesterov's trap: η = 2/(m+L), κ = 5": {"kappa": 5, "rate": 1.667, "rho": 0.382, "watch": 2},
        "Ravine without memory": {"kappa": 50, "rate": 1.9, "rho": 0, "watch": 0},
        "Rosenbrock: five memories": {"race": "five memories", "surface": "Rosenbrock"},
        "Look-ahead against Nesterov": {"race": "look-ahead", "surface": "Rosenbrock", "rho": 0.9, "watch": 1},
    }

    # ------------------------------------------------------------ the algorithm

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        """Each surface has a start of its own, and on Rosenbrock's L = 1000 the rate is the text's 0.001."""
        return {"begin": GROUNDS[value], "rate": 1.0} if name == "surface" else {}

    def start(self) -> Metrics:
        self.ground: Ground = ground_of(self.surface, self.kappa, self.angle)
        self.names = RACES[self.race]
        self.set_out()
        self.path = self.w
        return self.measured()

    def set_out(self) -> None:
        """All at the start and at rest."""
        k = len(self.names)
        self.w = np.tile(np.array(self.begin), (k, 1))
        self.v = np.zeros((k, 2))
        self.moves = self.slopes = np.zeros((WINDOW, k, 2))  # the last steps −η v and gradients g, the newest last
        self.jumped = True  # the trail breaks where a run begins anew
        self.since, self.left = self.t, self.distances()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """Each keeps the share ρ of its velocity, adds the gradient, and goes."""
        eta = self.rate / self.ground.L
        gust = self.noise * self.ground.L * self.rng.standard_normal(2) if self.noise else 0.0
        w, v, g = self.w.copy(), self.v.copy(), np.zeros_like(self.w)
        for i, name in enumerate(self.names):
            rho = self.momentum_of(name)
            at = w[i] - eta * rho * v[i] if name == "Nesterov" else w[i]  # Nesterov looks where it is about to be
            g[i] = self.ground.slope(at) + gust
            v[i] = rho * v[i] + g[i]
            w[i] = w[i] - eta * (rho * v[i] + g[i] if name == "look-ahead" else v[i])
        self.moves = np.concatenate([self.moves[1:], [w - self.w]])
        self.slopes = np.concatenate([self.slopes[1:], [g]])
        self.w, self.v = w, v
        self.path, self.jumped = (np.full_like(w, np.nan) if self.jumped and self.t else w), False
        if not self.noise and self.distances().max() < CLOSE:
            self.finish("All have arrived: none is farther from the minimum than a millionth of a millionth.")
        return self.measured()

    def momentum_of(self, name: str) -> float:
        """The ρ of a racer: GD has none, and one that is called by its ρ keeps to it."""
        return 0.0 if name == "GD" else float(name[2:]) if name.startswith("ρ=") else self.rho

    @np.errstate(all="ignore")
    def distances(self) -> np.ndarray:
        return np.hypot(*(self.w - self.ground.minimum).T)

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        row = {f"distance/{name}": float(far) for name, far in zip(self.names, self.distances())}
        row |= {f"gap/{name}": float(self.ground.surface.f(*w)) for name, w in zip(self.names, self.w)}
        if self.race == "look-ahead":
            nesterov, ahead = self.w
            forecast = nesterov - self.rate / self.ground.L * self.rho * self.v[0]
            row["apart/from Nesterov"] = float(np.hypot(*(ahead - nesterov)))
            row["apart/from its point u"] = max(float(np.hypot(*(ahead - forecast))), 1e-17)
        return row

    # ------------------------------------------------------------ what a person does

    def changed(self, name: str) -> None:
        self.since, self.left = self.t, self.distances()  # the law counts from here

    @action
    def move_dot(self, index: int, x: float, y: float) -> None:
        """Drag a curvature's dot over the map of rates: that sets η and ρ."""
        curvatures = self.curvatures()
        if not 0 <= index < len(curvatures):
            raise ValueError(f"move_dot: there is no dot {index}; there are {len(curvatures)}, from 0")
        self.rate = float(np.clip(x / curvatures[index] * self.ground.L, 0.01, 4))
        self.rho = float(np.clip(y, 0, 0.99))
        self.changed("rho")

    @action
    def replay(self, x: float, y: float) -> None:
        """Click a cell of the map of steps: all run again from the start with that η L and ρ."""
        self.rate, self.rho = float(np.clip(x, 0.01, 4)), float(np.clip(y, 0, 0.99))
        self.set_out()

    @action
    def move_pair(self, index: int, x: float, y: float) -> None:
        """Drag the present η L and ρ over the map of steps; the run goes on from where it stands."""
        self.rate, self.rho = float(np.clip(x, 0.01, 4)), float(np.clip(y, 0, 0.99))
        self.changed("rho")

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        ground = self.ground.surface
        plane = {"x": "w₁", "y": "w₂", "range_x": ground.x, "range_y": ground.y, "equal": True}
        path = Panel(
            "Path",
            Heat("landscape", log=ground.log),
            Dots("minimum", shape="star", tint="text", big=True),
            Trail("path", labels="names"),
            Arrows("from_where", "steps", tint="warn"),
            Arrows("from_where", "pulls", tint="accent"),
            Dots("places", colour="lanes", big=True, pick="watch"),
            Handle("begin", drag="begin", label="start"),
            **plane,
            detail="ground_title",
            help="Of the ball watched: its last steps in orange, and in blue each step's −η g, the gradient alone",
        )
        near = {"range_x": (-1.25, 1.25), "range_y": (-1.25, 1.25), "equal": True}
        coming = Panel(
            "Next step",
            Arrows("here", "carried", tint="text"),
            Arrows("carried", "pull_here", tint="0"),
            Arrows("carried", "pull_ahead", tint="1"),
            Arrows("here", "pull_here", tint="quiet", dashed=True),
            Dots("points", labels="point_names", colour="point_classes"),
            **near,
            detail="scale",
            help="From where the ball watched stands. White: momentum −ηρv, to the point u that Nesterov foresees. "
            "From there −η∇ℓ(w) goes to Polyak's next place, and −η∇ℓ(u) to Nesterov's. Grey: GD",
        )
        rates = Panel(
            "Rate map",
            Heat("rate_field", levels=12, bar=True),
            Line("rate_lost", tint="quiet", width=3),
            Line("edge", tint="warn", width=2.5),
            Line("rings", tint="text", dashed=True, width=1.2),
            Dots("dots", labels="dot_names", shape="disc", tint="text", big=True, drag="move_dot"),
            x="η λ",
            y="ρ",
            log_x=True,
            range_x=LOG_X,
            range_y=(-0.02, 1.06),
            detail="forecast_rate",
            still=True,
            help="The factor by which a step shrinks the distance: a dot for each curvature λ. Drag one. "
            "Hatched: it diverges; left of the dashed line nothing oscillates",
        )
        steps = Panel(
            "Steps to 10⁻⁶",
            Heat("steps_field", log=True, levels=10, bar=True),
            Line("steps_lost", tint="quiet", width=3),
            Dots("text_choice", labels="choice_names", shape="star", tint="text", big=True),
            Dots("pair", shape="disc", tint="warn", big=True, drag="move_pair", add="replay"),
            x="η L",
            y="ρ",
            range_x=(0, 4.04),
            range_y=(-0.01, 1.06),
            still=True,
            detail="counted",
            help="Steps until a millionth of the distance is left. Click one to run it. Hatched: diverges",
        )
        curves = [
            Panel(
                "Distance",
                Line("laws", dashed=True, width=1.5),
                Curve("distance", log_y=True),
                x="step t",
                y="‖w − w*‖",
                detail="law_name",
                shown=self.race != "look-ahead",
            ),
            Panel("Gap", Curve("gap", log_y=True), x="step t", y="ℓ − ℓ*", shown=False),
        ]
        if self.race == "look-ahead":
            curves.insert(0, Panel("Difference", Curve("apart", log_y=True), x="step t", y="Δ"))
        sum_of_last = Panel(
            "Sum of the last steps",
            Arrows("from_sum", "chain", label="step by step", tint="quiet"),
            Arrows("here", "sum_by", label="their sum", tint="warn"),
            **near,
            shown=False,
            detail="cancelled",
            help="Across the valley the steps cancel; what they agree on adds up",
        )
        update = Panel("Update", Equation("update"), Note("said"))
        return Column(
            Row(path, Tabs(rates, steps), sizes=(6, 5)),
            Row(
                coming,
                sum_of_last,
                *curves,
                update,
                sizes=(5, 5, *[5] * len(curves), 6),
            ),
            sizes=(5, 4),
        )

    @drawn(on=("surface", "kappa", "angle"))
    def landscape(self) -> Field:
        ground = self.ground.surface
        x, y = np.meshgrid(np.linspace(*ground.x, 140), np.linspace(*ground.y, 140))
        return Field(ground.f(x, y), ground.x, ground.y)

    @drawn(on=("surface",))
    def minimum(self) -> np.ndarray:
        return self.ground.minimum[None]

    @drawn(on=("race",))
    def lanes(self) -> np.ndarray:
        return np.arange(len(self.names))

    @drawn
    def ground_title(self) -> str:
        return f"▸ {self.watched()}"

    @drawn
    def places(self) -> np.ndarray:
        """Where they are; who has left the picture is drawn at its edge."""
        (x0, x1), (y0, y1) = self.ground.surface.x, self.ground.surface.y
        return np.clip(np.nan_to_num(self.w), (x0, y0), (x1, y1))

    def lane(self) -> int:
        return min(self.watch, len(self.names) - 1)

    def watched(self) -> str:
        return self.names[self.lane()]

    @drawn
    def update(self) -> Update:
        """The last step of the watched ball, or at first the one to come, as a sum or as an average of gradients."""
        i, name = self.lane(), self.watched()
        rho, eta = self.momentum_of(name), self.rate / self.ground.L
        w, v = self.w[i], self.v[i]
        if self.fresh():
            g, before = self.ground.slope(w), w
            v_before, v = np.zeros(2), g
            w = w - eta * (rho * v + g if name == "look-ahead" else v)
        else:
            g, before = self.slopes[-1, i], w - self.moves[-1, i]
            v_before = (v - g) / rho if rho else np.zeros(2)
        average = self.form == "average"
        share, letter = (1 - rho, "M") if average else (1.0, "v")
        numbers = {
            "w_{t-1}": before,
            "w_t": w,
            "g_t": g,
            f"{letter}_{{t-1}}": share * v_before,
            f"{letter}_t": share * v,
            r"\rho": rho,
            r"\alpha" if average else r"\eta": eta / share,
            "u_t": before - eta * rho * v_before,
        }
        kind = "Polyak" if name.startswith("ρ=") else name
        return Update((AVERAGED if average else LATEX)[kind], numbers)

    def fresh(self) -> bool:
        """Whether nobody has moved yet."""
        return not self.moves[-1].any()

    @drawn
    def said(self) -> str:
        """What the watched ball has just done, and what the map has to say of it."""
        name, rho = self.watched(), self.momentum_of(self.watched())
        i, eta = self.lane(), self.rate / self.ground.L
        law = self.law_of(name)
        alpha = f" As an average the rate is α = η/(1−ρ) = {eta / (1 - rho):.3g}." if self.form == "average" else ""
        if not np.isfinite(self.w[i]).all() or (law > 1 and self.surface == "ravine"):
            limit = self.edges()[not self.nesterov()] if rho else 2.0
            return f"{name} diverges: ηL = {self.rate:.3g} is past the limit {limit:.3g} for ρ = {rho:.3g}.{alpha}"
        if self.finished:
            return self.finished
        if self.fresh():
            reach = f"With this ρ a constant gradient would be followed {1 / (1 - rho):.3g} times as far as by GD."
            return f"{name} is about to leave, at rest. {reach}{alpha}"
        move, g = self.moves[-1, i], self.slopes[-1, i]
        lengths = np.hypot(*move) * np.hypot(*g)
        if lengths and move @ g / lengths > 0.1:
            return f"{name} goes against the slope under it: inertia carries it past. That is overshooting.{alpha}"
        left = f"{name} is {np.hypot(*(self.w[i] - self.ground.minimum)):.2g} from the minimum."
        if self.surface != "ravine" or not 0 < law < 1:
            return f"{left} The map's dots are the curvatures at the minimum.{alpha}"
        return f"{left} Halved every {np.log(2) / -np.log(law):.3g} steps, says the map.{alpha}"
