"""Line search: the loss along a ray, the steps that each condition admits, and the path they make."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Point, Slider, Switch, Unfit
from lab.experiment import Experiment, Metrics, Stages, Update, drawn
from lab.experiments.descent.line_search._ray import CEILING, FLOOR, AlongTheRay
from lab.marks import Arrows, Column, Curve, Dots, Equation, Field, Guide, Handle, Heat, Line, Note, Panel, Row, Trail
from lab.maths.planes import terrain
from lab.maths.searches import (
    Ray,
    Search,
    Trial,
    armijo,
    backtracking,
    curvature,
    exact,
    minima,
    strong_curvature,
    strong_wolfe,
)
from lab.maths.surfaces import SURFACES, ravine

STARTS = {"Rosenbrock": (0.8, 0.0), "ravine": (-2.5, 0.25), "Himmelblau": (0.0, 0.0)}
STILL = 1e-9  # slopes below count as 0
ZIGZAG = {"direction": "steepest descent", "search": "exact"}
CONJUGATE = {"surface": "ravine", "direction": "conjugate gradient", "search": "exact"}
AXES = {"direction": "one axis at a time"}
FIXED = {"search": "fixed step", "first": 0.1}


class LineSearch(AlongTheRay, Experiment):
    pace = 3
    scenes = ("axes", "conjugate", "steer")

    surface = Choice(tuple(STARTS), symbol="C", restarts=True, help="what it descends on")
    kappa = Slider(
        10, 1, 100, log=True, symbol="κ", restarts=True, when={"surface": ("ravine",)}, help="condition number"
    )
    tilt = Slider(
        0, -90, 90, symbol="φ", restarts=True, when={"surface": ("ravine",)}, help="the valley's angle, in degrees"
    )
    begin = Point(STARTS["Rosenbrock"], x=(-5, 5), y=(-5, 5), symbol="θ₀", label="Start", restarts=True, help="drag it")
    direction = Choice(
        ["steepest descent", "conjugate gradient", "one axis at a time", "by hand"],
        symbol="d",
        help="where the ray leads",
    )
    turn = Slider(
        30, -85, 85, symbol="ω", when={"direction": ("by hand",)}, help="degrees that the ray is turned off −∇C"
    )
    normalised = Switch(False, symbol="d/‖d‖", help="divide d by its length, so that α is how far one goes")
    search = Choice(["exact", "backtracking", "bracket and zoom", "fixed step"], help="how α is chosen")
    condition = Choice(
        ["Armijo", "Wolfe", "strong Wolfe"], when={"search": ("backtracking",)}, help="what an α must meet"
    )
    first = Slider(
        1,
        1e-4,
        10,
        log=True,
        symbol="α₀",
        label="First α",
        when={"search": ("backtracking", "bracket and zoom", "fixed step")},
        help="the α tried first; with a fixed step the only one",
    )
    factor = Slider(
        2 / 3, 0.1, 0.95, symbol="ϱ", when={"search": ("backtracking",)}, help="each α is this times the one before"
    )
    beta = Slider(0.1, 0, 1, symbol="β", help="share of the promised fall that Armijo's condition asks for")
    gamma = Slider(0.5, 0.01, 0.99, symbol="γ", help="share of the slope that may be left; above β, or no α need do")

    presets = {
        "Rosenbrock: one ray, two minima": {"surface": "Rosenbrock", **ZIGZAG},
        "Rosenbrock: the zig-zag": {"surface": "Rosenbrock", "begin": (0.4, -0.2), **ZIGZAG},
        "Ravine: right angles": {"surface": "ravine", "kappa": 10, **ZIGZAG},
        "Conjugate gradient: two steps": CONJUGATE,
        "Backtracking": {"search": "backtracking", "condition": "Armijo", "first": 1, "beta": 1e-4},
        "Bracket and zoom": {"search": "bracket and zoom", "first": 0.05, "beta": 0.1, "gamma": 0.3},
    }
    prompts = (
        ("Make the valley narrower: does the right angle stay?", {**ZIGZAG, "surface": "ravine", "kappa": 40}),
        ("Conjugate directions: how many steps has an ellipse?", CONJUGATE),
        ("Slide β up to 1: what is left of the bar?", {"search": "backtracking", "condition": "Armijo", "beta": 0.5}),
        ("Slide γ down: where do both bars meet?", {"search": "bracket and zoom", "beta": 0.01, "gamma": 0.05}),
        ("One axis at a time on a tilted valley", {**ZIGZAG, "surface": "ravine", "tilt": 35, **AXES}),
        ("A fixed step of length α: can it ever come to rest?", {**FIXED, "normalised": True}),
    )  # fmt: skip
    metrics = {
        "loss": "C",
        "bound": "C₀ ((κ−1)/(κ+1))²ᵗ",
        "angle": "∠(θ_s, d)",
        "alpha": "α",
        "length": "‖θ_s‖",
        "trials": "trials",
        "slope": "‖∇C‖",
    }
    random = False
    fixed = ("ground",)
    diverges = "A fixed step is too long for this slope: each one overshoots more than the last. Search for α instead."

    # ------------------------------------------------------------ the method

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"begin": STARTS[value]} if name == "surface" else {}

    def start(self) -> Metrics:
        self.check_order("gamma")
        self.ground = ravine(self.kappa, self.tilt) if self.surface == "ravine" else SURFACES[self.surface]
        self.theta = np.array(self.begin)
        self.moved = np.zeros(2)  # the last step θ_s
        self.d = np.zeros(2)
        self.bound = self.height()
        self.seen = -1  # trials of the coming search that are known at a stage; −1: all
        self.look_ahead()
        return self.measured()

    def step(self) -> Stages:
        """Along the ray to the α that the search accepts; then a new direction."""
        for trial in self.coming.trials:
            self.seen = max(self.seen, 0) + 1
            yield f"{trial.phase} {self.seen}"
        self.seen = -1
        alpha = self.coming.alpha
        self.moved = alpha * self.d
        self.theta = self.theta + self.moved
        row = {"alpha": alpha} if self.search == "exact" else {"alpha": alpha, "trials": float(len(self.coming.trials))}
        if self.has_bound():
            self.bound *= ((self.kappa - 1) / (self.kappa + 1)) ** 2
        row["length"] = float(np.hypot(*self.moved))
        self.look_ahead(after_step=True)
        if not alpha:
            self.finish("No α that was tried meets the condition, so it stays where it is.")
        elif np.abs(self.gradient()).max() < STILL:
            self.finish(f"The slope is 0: it has arrived after {self.t + 1} steps.")
        return row | self.measured()

    def look_ahead(self, after_step: bool = False) -> None:
        """The direction from here, and the search along it."""
        self.d = self.aim(after_step)
        if self.normalised and (length := np.hypot(*self.d)):
            self.d = self.d / length
        ray = self.ray()
        self.found = minima(ray)
        self.coming = self.searched(ray)

    def aim(self, after_step: bool) -> np.ndarray:
        g = self.gradient()
        if self.direction == "one axis at a time":
            axis = (self.t + after_step) % 2
            if abs(g[axis]) < STILL:  # this one is level already
                axis = 1 - axis
            return -g * np.eye(2)[axis]
        if self.direction == "by hand":
            c, s = np.cos(np.radians(self.turn)), np.sin(np.radians(self.turn))
            return -np.array([[c, -s], [s, c]]) @ g
        if self.direction == "conjugate gradient" and after_step:
            H = self.ground.hessian(self.theta)
            bend = self.d @ H @ self.d
            d = -g + (g @ H @ self.d / bend if bend else 0.0) * self.d
            return d if d @ g < 0 else -g  # off a quadratic it may lead uphill: begin anew
        return -g

    def searched(self, ray: Ray) -> Search:
        if not ray.fall < 0:  # level ground: nothing to search
            return Search(0.0, ())
        if self.search == "exact":
            return exact(ray, self.found)
        if self.search == "backtracking":
            return backtracking(ray, self.first, self.factor, lambda alpha: self.meets(ray, alpha))
        if self.search == "bracket and zoom":
            return strong_wolfe(ray, self.beta, self.gamma, self.first)
        return Search(self.first, (Trial(self.first, float(ray.value(self.first)), True),))

    def meets(self, ray: Ray, alpha: Any) -> Any:
        enough = armijo(ray, alpha, self.beta)
        return enough if self.condition == "Armijo" else enough & self.flat_enough(ray, alpha)

    def flat_enough(self, ray: Ray, alpha: Any) -> Any:
        """The second condition; strong, unless backtracking asks for the other."""
        weak = self.search == "backtracking" and self.condition == "Wolfe"
        return (curvature if weak else strong_curvature)(ray, alpha, self.gamma)

    def alone(self) -> bool:
        return self.search == "fixed step" or (self.search == "backtracking" and self.condition == "Armijo")

    def check_order(self, control: str) -> None:
        """Where β < γ does not hold, some rays have no α that meets both: (α − 1)²/2 with β = 0.9 and γ = 0.1."""
        if not self.alone() and self.beta >= self.gamma:
            raise Unfit(
                control, f"β must be below γ, or a ray may have no step; now β = {self.beta:g} and γ = {self.gamma:g}"
            )

    def changed(self, name: str) -> None:
        self.check_order(name)
        self.look_ahead()

    def gradient(self) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.array(self.ground.gradient(*self.theta), dtype=float)

    def height(self) -> float:
        with np.errstate(all="ignore"):
            return float(self.ground.f(*self.theta))

    def has_bound(self) -> bool:
        return self.surface == "ravine" and self.search == "exact" and self.direction == "steepest descent"

    def measured(self) -> Metrics:
        row = {"loss": self.height(), "slope": float(np.hypot(*self.gradient()))}
        if self.has_bound():
            row["bound"] = self.bound
        lengths = np.hypot(*self.moved) * np.hypot(*self.d)
        if 0 < lengths < np.inf:
            row["angle"] = float(np.degrees(np.arccos(np.clip(self.moved @ self.d / lengths, -1, 1))))
        return row

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        ground = self.ground
        return Column(
            Row(
                Panel(
                    "Surface",
                    Heat("landscape", log=ground.log),
                    Line("ray_drawn", tint="text", dashed=True),
                    Trail("theta"),
                    Dots("minima_there", shape="star", tint="text", big=True),
                    Arrows("here", "arrow", tint="text"),
                    Dots("refused_there", tint="quiet"),
                    Dots("accepted_there", tint="good", shape="diamond", big=True),
                    Handle("begin", drag="begin", label="start"),
                    x="θ₁",
                    y="θ₂",
                    range_x=ground.x,
                    range_y=ground.y,
                    equal=True,
                    detail="right_angle",
                    help="The dashed ray is the one of the panel beside it; the diamond is where the step ends",
                ),
                Panel(
                    "Along the ray",
                    Line("admitted", tint="good", width=1, fill=True),
                    Line("level", tint="quiet", dashed=True, width=1.5),
                    Line("relaxed", label="β", tint="warn"),
                    Line("tangent", tint="text", dashed=True, width=1.5),
                    Line("profile", tint="accent", width=3),
                    Line("enough", label="Armijo", tint="warn", width=5),
                    Line("flat", label="curvature", tint="3", width=5),
                    Line("both", label="both", tint="good", width=7),
                    Line("bracket", tint="text", width=3),
                    Dots("lows", labels="low_names", shape="triangle", tint="accent", big=True),
                    Dots("refused", tint="quiet", big=True),
                    Dots("accepted", labels="accepted_name", tint="good", shape="diamond", big=True),
                    x="α, of its right end",
                    y="C(θ + α d), from lowest 0 to here 1",
                    range_x=(-0.02, 1.02),
                    range_y=(FLOOR, CEILING),
                    detail="scale",
                    help="Dashed: β = 0, and the tangent, β = 1. Bars: which α meet Armijo's condition, the curvature "
                    "condition, and both; the thin one is the bracket",
                ),
                sizes=(1, 1.15),
            ),
            Row(
                Panel("Loss", Curve("loss", "bound", log_y=True), x="step t", y="C"),
                Panel("Turn", Curve("angle"), Guide(y="right"), x="step t", y="∠, degrees", range_y=(0, 180)),
                Panel("Step length", Curve("length", "alpha", log_y=True), x="step t", y="‖θ_s‖, α", shown=False),
                Panel("Trials", Curve("trials"), x="step t", y="trials", shown=False),
                Panel("Step", Equation("update"), Note("said")),
                sizes=(1, 0.8, 1, 1, 1.4),
            ),
            sizes=(3, 2),
        )  # fmt: skip

    @drawn(on=("surface", "kappa", "tilt"))
    def landscape(self) -> Field:
        return Field(*terrain(self.ground))

    @drawn
    def right(self) -> np.ndarray:
        return np.array([90.0])

    @drawn
    def right_angle(self) -> str:
        angle = self.measured().get("angle")
        return "" if angle is None else f"turn {angle:.1f}°"

    @drawn
    def update(self) -> Update:
        """The step to come."""
        ray, alpha = self.ray(), self.coming.alpha
        numbers = {r"\alpha_t": alpha, r"\theta_{t+1}": self.theta + alpha * self.d, r"\theta_t": self.theta}
        numbers |= {"d_t": self.d}
        if self.search == "exact":
            rule = r"\alpha_t = \arg\min_{\alpha > 0} C(\theta_t + \alpha\, d_t)"
        elif self.search == "fixed step":
            rule = r"\alpha_t = \alpha_0"
            numbers[r"\alpha_0"] = self.first
        else:
            rule = r"C(\theta_{t+1}) \le C(\theta_t) + \beta\, \alpha_t\, d_t^\top \nabla C"
            numbers |= {r"C(\theta_{t+1})": float(ray.value(alpha)), r"C(\theta_t)": ray.height}
            numbers |= {r"\beta": self.beta, r"d_t^\top \nabla C": float(ray.fall)}
        return Update(rf"{rule} \\ \theta_{{t+1}} = \theta_t + \alpha_t\, d_t", numbers)

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        trials, alpha = self.coming.trials, self.coming.alpha
        if self.seen >= 0:
            one = trials[self.seen - 1]
            verdict = "it meets the condition" if one.accepted else "refused"
            return f"{one.phase.capitalize()} {self.seen}: α = {one.alpha:.4g} gives C = {one.value:.4g}; {verdict}."
        if not alpha:
            return "No α meets the condition: with β = 1 a curve that bends up lies above its tangent everywhere."
        if self.search == "exact":
            others = len(self.found) - 1
            more = f" There {'is' if others == 1 else 'are'} {others} more on this ray." if others else ""
            turn = " The gradient there is at right angles to the ray." if self.direction != "by hand" else ""
            return f"The lowest place on the ray is at α = {alpha:.4g}, where C = {trials[-1].value:.4g}.{more}{turn}"
        if self.search == "fixed step":
            then = trials[-1].value
            return f"α stays {alpha:g}, whatever the ray is like: C goes from {self.height():.4g} to {then:.4g}."
        count = f"{len(trials)} trial{'s' if len(trials) > 1 else ''}"
        return f"After {count}, each costing a look at C, α = {alpha:.4g} is accepted. Shift+→ shows them one by one."
