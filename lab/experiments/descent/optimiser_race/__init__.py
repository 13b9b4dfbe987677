"""optimiser race: several optimisers leave one start; see who arrives, and why."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Formula, Point, Rows, Slider, Unfit
from lab.experiment import Experiment, Metrics, Stages, action
from lab.experiments.descent.optimiser_race._anatomy import Anatomy
from lab.experiments.descent.optimiser_race._grounds import GROUNDS, ground, start_of
from lab.experiments.descent.optimiser_race._pictures import Pictures, place
from lab.experiments.descent.optimiser_race._runners import BELOW, CLIPS, DRAWN, RACER, Runner, lined_up
from lab.experiments.descent.optimiser_race._suggestions import PRESETS, PROMPTS
from lab.experiments.descent.optimiser_race._tools import Tools
from lab.marks import Arrows, Bars, Column, Curve, Dots, Equation, Guide, Handle, Heat, Line, Note, Panel, Table, Trail
from lab.maths.sampled_surfaces import Sampled
from lab.maths.schedules import SCHEDULES

MOST = 6
KNOTS = 12
STILL = 1e-6  # a slope and a move below this count as none
PROFILE = ((0.0, 0.1), (60.0, 1.0), (250.0, 1.0), (500.0, 0.05))  # of the schedule drawn by hand


class OptimiserRace(Pictures, Anatomy, Tools, Experiment):
    scenes = ("basins",)

    surface = Choice((*GROUNDS, "formula"), "Rosenbrock", symbol="J", restarts=True, help="what they descend on")
    kappa = Slider(
        20, 1, 1000, log=True, symbol="κ", restarts=True, when={"surface": ("ravine",)},
        help="how much more the ravine curves across than along: its condition number",
    )  # fmt: skip
    angle = Slider(
        0, 0, 180, symbol="φ", restarts=True, when={"surface": ("ravine",)}, help="how far the ravine is turned, in °"
    )
    formula = Formula(
        "(x**2 - 1)**2 + y**2 + 0.3*x", symbol="J", restarts=True, when={"surface": ("formula",)},
        help="a surface of your own in x = θ₁ and y = θ₂",
    )  # fmt: skip
    begin = Point(
        start_of("Rosenbrock"), x=(-10, 10), y=(-10, 10), symbol="θ₀", label="Start", restarts=True,
        help="where all begin: drag it",
    )  # fmt: skip
    scale = Slider(
        1, 0.01, 100, log=True, symbol="×", label="All rates", limit="safe",
        help="multiplies every η. Marks: where that of the chosen racer is 1/L, 2/(m+L), 2/L by the curvature under it",
    )  # fmt: skip
    racers = Rows(
        RACER,
        PRESETS["Rosenbrock: who turns the corner?"]["racers"],
        least=1,
        most=MOST,
        help="who runs. Given another method, a racer goes on from where it stands; a new one joins at the start",
    )
    noise = Slider(0, 0, 20, symbol="σ", label="Gradient noise", help="its standard deviation; one gust hits all alike")
    reach = Slider(
        1e-6, 1e-9, 0.1, log=True, symbol="ε", label="Arrived at", help="the share of the distance at the start"
    )
    racer = Count(2, 0, MOST - 1, view=True, symbol="i", help="whose update is written out, from 0; or click its dot")

    presets = PRESETS
    prompts = PROMPTS
    metrics = {"loss": "J", "distance": "|θ − θ*|", "length": "|Δθ|", "alpha": "η_t", "evaluations": "gradients"}
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
        return {"begin": start_of(value)} if name == "surface" else {}

    def start(self) -> Metrics:
        self.ground = ground(self.surface, self.kappa, self.angle, self.formula)
        self.origin = np.array(self.begin)
        with np.errstate(all="ignore"):
            known = np.isfinite([self.height(self.origin), *self.slope(self.origin)]).all()
        if not known:
            raise Unfit("begin", f"the surface has no height or no slope at {place(self.origin)}: begin where it has")
        self.away = self.distance(self.origin)
        self.profile = np.array(PROFILE)
        self.stage = ""
        self.runners: list[Runner] = lined_up([], self.racers, self.origin)
        return self.record(0)

    def step(self) -> Stages:
        """Every racer: the gradient where it stands, its averages, their correction, its move."""
        gust = self.noise * self.rng.standard_normal(2) if self.noise else 0.0
        samples = self.rng.permutation(self.ground.n) if isinstance(self.ground, Sampled) else None
        with np.errstate(all="ignore"):
            for one in self.runners:
                one.read(self.heard(one, samples) + gust)
        yield self.at("gradient")
        with np.errstate(all="ignore"):
            for one in self.runners:
                one.average()
        yield self.at("averages")
        yield self.at("correction")
        with np.errstate(all="ignore"):
            for one in self.runners:
                one.aim()
        yield self.at("move")
        with np.errstate(all="ignore"):
            for one in self.runners:
                one.go()
        self.stage = ""
        if not self.noise and all(self.rests(one) for one in self.runners):
            self.finish("Every racer stands still: under each of them the slope is less than a millionth.")
        return self.record(self.t + 1)

    def at(self, stage: str) -> str:
        self.stage = stage
        return stage

    def heard(self, one: Runner, samples: np.ndarray | None) -> np.ndarray:
        """The gradient that a racer gets: of the whole loss, or of its batch of samples."""
        if samples is None:
            one.evaluations += 1
            return self.slope(one.where())
        batch = samples[: one.row.batch or None]
        one.evaluations += len(batch)
        return self.ground.part(one.where(), batch)  # type: ignore[attr-defined]

    def slope(self, theta: np.ndarray) -> np.ndarray:
        return np.array(self.ground.gradient(*theta), dtype=float)

    def height(self, theta: np.ndarray) -> float:
        return float(self.ground.f(*theta))

    def distance(self, theta: np.ndarray) -> float:
        """To the nearest of the known minima; infinite where there is none."""
        x, y = theta.tolist()
        return min((math.hypot(a - x, b - y) for a, b in self.ground.minima), default=math.inf)

    def rests(self, one: Runner) -> bool:
        sampled = one.row.batch and isinstance(self.ground, Sampled)
        return not sampled and bool(np.abs([one.g, one.move]).max() < STILL)

    def rate(self, row: Any, t: int, dropped: bool) -> float:
        """η_t of a racer: its rate, that of all, and what its schedule makes of t."""
        if row.schedule == "constant":
            return row.rate * self.scale
        if row.schedule == BELOW:
            return row.rate * self.scale * (row.decay if dropped else 1)
        if row.schedule == DRAWN:
            return row.rate * self.scale * float(np.interp(t, *self.profile.T))
        return row.rate * self.scale * SCHEDULES[row.schedule].share(t, row)

    def record(self, t: int) -> Metrics:
        """What is measured at step t, and each racer's rate from there."""
        self.place_all()
        known = bool(self.ground.minima)
        with np.errstate(all="ignore"):
            measured = {f"loss/{one.name}": self.height(one.theta) for one in self.runners}
            for one in self.runners:
                name = one.name
                if known:
                    measured["distance/" + name] = far = self.distance(one.theta)
                    if one.arrived is None and far <= self.reach * self.away:
                        one.arrived = t
                one.dropped = one.dropped or measured["loss/" + name] < one.row.below
                measured["alpha/" + name] = rate = self.rate(one.row, t, one.dropped)
                one.pace(rate)
                measured["evaluations/" + name] = float(one.evaluations)
                if one.before:
                    measured["length/" + name] = math.hypot(*one.move.tolist())
        return measured

    def place_all(self) -> None:
        """The places by lane, for the trails; a lane that its racer has left is NaN."""
        self.theta = np.full((1 + max(one.lane for one in self.runners), 2), np.nan)
        for one in self.runners:
            self.theta[one.lane] = one.theta

    # ------------------------------------------------------------ what a person does

    def changed(self, name: str) -> None:
        if name == "racers":
            self.runners = lined_up(self.runners, self.racers, self.origin)
            self.place_all()
        self.pace_all()

    def pace_all(self) -> None:
        for one in self.runners:
            one.pace(self.rate(one.row, self.t, one.dropped))

    @action
    def move_knot(self, index: int, x: float, y: float) -> None:
        """Drag a knot of the schedule drawn by hand; it stays between its neighbours."""
        if not 0 <= index < len(self.profile):
            raise ValueError(f"move_knot: there is no knot {index}; they are 0 to {len(self.profile) - 1}")
        times = [0.0, *self.profile[:, 0], 1e6]
        self.profile = self.profile.copy()
        self.profile[index] = np.clip(x, times[index], times[index + 2]), np.clip(y, 0, 2)
        self.pace_all()

    @action
    def add_knot(self, x: float, y: float) -> None:
        """A new knot of the schedule drawn by hand."""
        if len(self.profile) >= KNOTS:
            raise ValueError(f"add_knot: there are {KNOTS} knots already; take one away by a right click first")
        knots = np.vstack([self.profile, (max(x, 0.0), np.clip(y, 0, 2))])
        self.profile = knots[np.argsort(knots[:, 0], kind="stable")]
        self.pace_all()

    @action
    def erase_knot(self, index: int) -> None:
        """Take a knot away; the last one stays."""
        if not 0 <= index < len(self.profile) or len(self.profile) == 1:
            raise ValueError(f"erase_knot: there is no knot {index} to spare; the schedule has {len(self.profile)}")
        self.profile = np.delete(self.profile, index, axis=0)
        self.pace_all()

    # ------------------------------------------------------------ panels

    def panels(self) -> marks.Layout:
        ground, positive = self.ground, self.positive()
        known = (Dots("minima", shape="star", tint="text", big=True),) if ground.minima else ()
        plane = {"x": "θ₁ = x", "y": "θ₂ = y", "range_x": ground.x, "range_y": ground.y, "equal": True}
        step = {"x": "step t"}
        # legends of two lines, or Nadam's equation
        tall = len(self.racers) > 3 or any(row.method == "Nadam" for row in self.racers)
        far = Panel("Distance", Curve("distance", log_y=True, colours="colours"), **step, y="|θ − θ*|")
        distance = (far,) if ground.minima else ()
        return Column(
            marks.Row(
                Panel(
                    "Surface",
                    Heat("landscape", log=ground.log),
                    Dots("cloud_there", tint="accent"),
                    *known,
                    Trail("theta", labels="names"),
                    Arrows("places", "downhill", tint="text"),
                    Arrows("leaving", "coming", label="move", tint="accent"),
                    Dots("places", colour="lanes", big=True, pick="racer"),
                    Handle("origin", drag="begin", label="start"),
                    **plane,
                    detail="shown",
                    help="Arrows downhill are all of one length; the coming move is drawn to scale. "
                    "Small dots: where the noise may take the chosen racer next",
                ),
                marks.Tabs(*self.sides(plane)),
            ),
            marks.Row(
                Column(
                    marks.Tabs(
                        Panel("Loss", Curve("loss", log_y=positive, colours="colours"), **step, y="J"),
                        Panel(
                            "By gradients",
                            Curve("loss", log_x=True, log_y=positive, against="evaluations", colours="colours"),
                            x="gradients of single samples" if isinstance(ground, Sampled) else "gradients",
                            y="J",
                        ),
                        *distance,
                        Panel("Step length", Curve("length", log_y=True, colours="colours"), **step, y="|Δθ|"),
                    ),
                    Panel(
                        "Rate",
                        Curve("alpha", log_y=True, colours="colours"),
                        Guide(y="bounds", tint="quiet"),
                        Guide(y="last_bound", label="2/L", tint="warn"),
                        y="η_t",
                        log_y=True,
                        detail="eta_L",
                        help="Dashed: 1/L, 2/(m+L), 2/L, with the least and the greatest curvature, m and L, under the "
                        "chosen racer, in its own real rates. They are GD's bounds: momentum bears up to 2(1 + ρ)/L, "
                        "Adam about 2(1 + β₁)/((1 − β₁) L)",
                    ),
                    sizes=(1, 1) if tall else (4, 3),
                ),
                marks.Tabs(
                    Panel("Update", Equation("update"), Note("said"), detail="whose"),
                    Panel("Standings", Table("standings", header="standings_header", chosen="chosen", pick="racer")),
                    Panel(
                        "Drawn rate",
                        Line("profile_line", tint="accent"),
                        Dots("profile", tint="accent", big=True, drag="move_knot", add="add_knot", erase="erase_knot"),
                        Guide(x="present", tint="quiet"),
                        **step,
                        y="η_t / η",
                        range_y=(-0.1, 1.6),
                        help="For racers whose schedule is drawn by hand: drag a knot, click for one more, "
                        "right-click to take one away",
                    ),
                ),
                sizes=(1, 1),
            ),
            sizes=(10, 13) if tall else (10, 11),
        )

    def sides(self, plane: dict[str, Any]) -> list[Panel]:
        """Beside the contours: the surface in space and the anatomy; first what the racers at the start are about."""
        solid = Panel(
            "In three dimensions",
            marks.Surface("landscape", points="balls", heights="heights", trail="theta", log=self.ground.log),
            **plane,
            detail="scale_of_height",
        )
        gradient = Panel(
            "Gradient",
            Line("clip_shape", label="clip", tint="warn", width=1.5),
            Line("root_box", label="√s", tint="quiet", dashed=True),
            Line("frame_gradient", tint="quiet", width=0.4),
            Arrows("nowhere", "raw_arrow", label="−∇J", tint="quiet", dashed=True),
            Arrows("nowhere", "heard_arrow", label="−g", tint="text"),
            Arrows("mean_at", "mean_arrow", label="−average", tint="accent"),
            x="−g₁",
            y="−g₂",
            equal=True,
            detail="anatomy",
            help="Of the chosen racer, downhill: the gradient as found, what clipping and penalty make of it, the "
            "average of gradients (m or v), and the sides of a box of the roots of the averaged squares",
        )
        close = Panel(
            "Step",
            Line("frame_step", tint="quiet", width=0.4),
            Dots("cloud_here", tint="quiet"),
            Arrows("nowhere", "step_arrow", label="by gradients", tint="accent"),
            Arrows("decay_at", "decay_arrow", label="decay", tint="warn"),
            Arrows("decay_at", "whole_arrow", label="both", tint="text"),
            x="Δθ₁",
            y="Δθ₂",
            equal=True,
            detail="step_length",
            help="The coming step of the chosen racer, close up. Dots: where the noise may take it",
        )
        rates = Panel(
            "Real rates",
            Bars("rate_bars", labels="coordinates"),
            y="step / gradient",
            detail="real_rates",
            help="What the gradient of each coordinate, or its average, is multiplied by: η/(√ŝ + ε) …",
        )
        clips = any(row.clip != CLIPS[0] for row in self.racers)
        lead = gradient if clips else close if any(row.method == "AdamW" for row in self.racers) else solid
        return [lead, *(panel for panel in (solid, gradient, close, rates) if panel is not lead)]
