"""Newton: the parabola that fits the curve here, and the jump to its vertex; the secant method and a cap beside it."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Formula, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.experiments.descent.newton._curve import CLASSICS, METHODS, OnTheCurve
from lab.marks import Column, Curve, Dots, Equation, Guide, Handle, Line, Note, Panel, Row
from lab.maths.formula import parse
from lab.maths.quasi_newton import newton_step, secant_step

PLACES = 600
RECENT = 14  # iterates that the cobweb remembers
LEVEL = 1e-13
FAR = 1e6
WIDE = (-6.0, 6.0)


class Newton(OnTheCurve, Experiment):
    pace = 3
    scenes = ("plane", "quasi", "preconditioning")

    function = Choice((*CLASSICS, "formula"), symbol="C", restarts=True, help="the curve whose level places are sought")
    formula = Formula(
        "x**2/2 + cos(2*x)",
        variables=("x",),
        symbol="C",
        restarts=True,
        when={"function": ("formula",)},
        help="your own, in x = θ",
    )
    method = Choice(METHODS, view=True, help="whose step is drawn: all three run, from one start")
    begin = Slider(1.5, -6, 6, symbol="θ₀", label="Start", restarts=True, help="or drag the ring")
    gap = Slider(
        0.1, 0.001, 1, log=True, symbol="θ₁ − θ₀", restarts=True, help="the secant method begins at two places"
    )
    radius = Slider(0.75, 0.05, 5, log=True, symbol="Δ", help="the longest step that the trust region allows")

    presets = {
        "Overshoot, then digits double": {"function": "cubic", "begin": 1.5},
        "To the wrong extremum": {"function": "cubic", "begin": 0.5},
        "Oscillation": {"function": "quartic", "begin": 1.0},
        "A trust region tames it": {"function": "quartic", "begin": 1.0, "method": "trust region", "radius": 0.5},
        "Secant instead of curvature": {"function": "cubic", "begin": 1.5, "gap": 0.1, "method": "secant"},
    }
    prompts = (
        ("Drag the ring across θ = 1: where does the jump turn round?", {"function": "cubic", "begin": 0.9}),
        ("Start at 1 on the quartic: it never arrives", {"function": "quartic", "begin": 1.0}),
        ("Nudge it to 0.99, then to 1.01", {"function": "quartic", "begin": 0.99}),
        ("A parabola: how many steps?", {"function": "parabola", "begin": -3.0}),
        ("Flat at its bottom: do the digits still double?", {"function": "fourth power", "begin": 3.0}),
    )
    metrics = {"error": "|θ − θ*|", "law": "|C‴/2C″| e²", "loss": "C"}
    random = False
    fixed = ("x",)
    diverges = "Near an inflection C″ is almost 0, and the parabola's vertex lies very far away."

    # ------------------------------------------------------------ the methods

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"begin": CLASSICS[value].begin} if name == "function" and value in CLASSICS else {}

    def start(self) -> Metrics:
        classic = CLASSICS.get(self.function)
        self.C = parse(classic.formula, ("x",)) if classic else self.formula
        self.slope = self.C.derivative("x")
        self.bend = self.slope.derivative("x")
        self.x = np.linspace(*(classic.x if classic else WIDE), PLACES)
        if not np.isfinite(self.slope(self.x)).any():
            raise Unfit("formula", "it has no slope from −6 to 6: write another")
        if not np.isfinite([self.C(self.begin), self.slope(self.begin)]).all():
            raise Unfit("begin", f"the curve has no height or slope at {self.begin:g}: begin where it has")
        self.levels = self.level_places()
        return self.line_up(self.begin)

    def line_up(self, begin: float) -> Metrics:
        self.theta = np.array([begin, begin + self.gap, begin])
        self.before = begin  # the secant's other place
        self.recent: tuple[tuple[float, ...], ...] = tuple((float(theta),) for theta in self.theta)
        return self.measured(np.nan)

    def step(self) -> Metrics:
        """Each method: θ ← θ + its step."""
        law = self.law(self.theta[0])
        steps = [self.jump(method) for method in METHODS]
        self.before = float(self.theta[1])
        self.theta = self.theta + np.nan_to_num(steps, nan=0.0, posinf=0.0, neginf=0.0)  # no vertex: it stays
        self.recent = tuple((*old, float(theta))[-RECENT:] for old, theta in zip(self.recent, self.theta))
        slopes = np.abs(self.slope(self.theta))
        if not np.isfinite(slopes).all() or np.abs(self.theta).max() > FAR:
            self.finish("A jump has led to where nothing is known: the parabola there was almost a straight line.")
        elif not np.isfinite(steps[0]):
            self.finish("At an inflection C″ is 0: the parabola is a straight line and has no vertex to jump to.")
        elif (slopes < LEVEL).all() or not np.any(steps):
            self.finish("All three stand where the slope is 0.")
        return self.measured(law)

    def jump(self, method: str) -> float:
        """The step that a method takes from where it stands."""
        theta = float(self.theta[METHODS.index(method)])
        if method == "secant":
            return secant_step(theta, self.before, self.slope(theta), self.slope(self.before))
        step = newton_step(self.slope(theta), self.bend(theta))
        return step if method == "Newton" else self.capped(theta, step)

    def capped(self, theta: float, step: float) -> float:
        """Newton's step within the radius Δ; where the curve bends down, Δ downhill."""
        if self.bend(theta) <= 0:
            return -self.radius * float(np.sign(self.slope(theta)))
        return float(np.clip(step, -self.radius, self.radius))

    def level_places(self) -> np.ndarray:
        """Where the slope is 0 over twice the window, by halving."""
        middle, half = self.x.mean(), np.ptp(self.x)
        x = np.linspace(middle - half, middle + half, 4001) + 1e-4 / np.pi  # hardly ever a root itself
        slopes = self.slope(x)
        with np.errstate(all="ignore"):
            turns = np.flatnonzero(slopes[:-1] * slopes[1:] < 0)
        low, high = x[turns], x[turns + 1]
        for _ in range(60):
            centre = (low + high) / 2
            same = np.sign(self.slope(centre)) == np.sign(slopes[turns])
            low, high = np.where(same, centre, low), np.where(same, high, centre)
        found = (low + high) / 2
        return np.round(found[np.abs(self.slope(found)) < 1e-6], 15)  # the others are poles

    def error(self, theta: float) -> float:
        """To the nearest place where the slope is 0."""
        return float(np.abs(self.levels - theta).min()) if len(self.levels) else np.nan

    def law(self, theta: float) -> float:
        """What the error after Newton's next step should be, once it is small."""
        if not len(self.levels):
            return np.nan
        goal = float(self.levels[np.abs(self.levels - theta).argmin()])
        bend = self.bend(goal)
        return (
            abs(self.bend.derivative("x")(goal) / (2 * bend)) * self.error(theta) ** 2 if abs(bend) > 1e-6 else np.nan
        )

    def measured(self, law: float) -> Metrics:
        row = {f"loss/{name}": float(self.C(theta)) for name, theta in zip(METHODS, self.theta)}
        if len(self.levels):
            row |= {f"error/{name}": self.error(theta) for name, theta in zip(METHODS, self.theta)}
        return row if np.isnan(law) else row | {"law": law}

    @action
    def put(self, x: float, y: float) -> None:
        """Drag the ring: all three begin anew from there."""
        place = float(np.clip(x, -6, 6))
        if not np.isfinite([self.C(place), self.slope(place)]).all():
            raise ValueError(f"put: the curve has no height or slope at {place:.4g}; drag to where it has")
        self.line_up(place)

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        along = {"x": "θ", "range_x": self.window()}
        known = (Curve("error", "law", log_y=True, colours="colours"),) if len(self.levels) else (Curve("loss"),)
        return Column(
            Row(
                Panel(
                    "Curve",
                    Line("to_minimum", label="to a minimum", tint="2", width=7),
                    Line("to_maximum", label="a maximum", tint="warn", width=7),
                    Line("graph", tint="accent", width=3),
                    Line("parabola", label="parabola", tint="3", dashed=True, width=2.5),
                    Line("drop", tint="3", width=1.5, dashed=True),
                    Line("disc", tint="text", width=3),
                    Dots("vertex", tint="3", shape="diamond"),
                    Dots("landing", labels="landing_name", tint="text", big=True),
                    Handle("place", drag="put", label="θ", along="x"),
                    **along,
                    y="C(θ)",
                    range_y=self.heights(),
                    detail="standing",
                    help="The bar at the bottom: where each start of Newton's method ends. Drag the ring",
                ),
                Panel(
                    "Slope",
                    Guide(y="zero"),
                    Line("slopes", tint="accent", width=3),
                    Line("straight", label="tangent or secant", tint="3", dashed=True),
                    Dots("touching", tint="3", big=True),
                    Dots("crossing", tint="text", shape="diamond", big=True),
                    **along,
                    y="C′(θ)",
                    range_y=self.steepness(),
                    help="The same step seen on C′: a straight line followed to 0",
                ),
                sizes=(1.4, 1),
            ),
            Row(
                Panel("Error", *known, x="step t", y="|θ − θ*|"),
                Panel(
                    "Cobweb",
                    Line("diagonal", tint="quiet", dashed=True),
                    Line("map", tint="accent"),
                    Line("web", tint="warn", width=1.5),
                    Dots("now", tint="text", big=True),
                    x="θ",
                    y="next θ",
                    range_x=self.window(),
                    range_y=self.window(),
                    help="From the diagonal to the curve and back: a closed square is a cycle",
                ),
                Panel("Step", Equation("update"), Note("said")),
                sizes=(1.5, 1, 1.2),
            ),
            sizes=(3, 2),
        )

    @drawn
    def colours(self) -> dict[str, int]:
        return {**{name: i for i, name in enumerate(METHODS)}, "law": 3}

    @drawn
    def standing(self) -> str:
        return f"θ = {self.here():.12g}"

    @drawn
    def update(self) -> Update:
        here, step = self.here(), self.jump(self.method)
        numbers: dict[str, Any] = {r"\theta_{t+1}": self.next(), r"\theta_t": here, "C'(\\theta_t)": self.slope(here)}
        if self.method == "secant":
            numbers |= {r"\theta_{t-1}": self.before, "C'(\\theta_{t-1})": self.slope(self.before)}
            latex = (
                r"\theta_{t+1} = \theta_t - \frac{\theta_t - \theta_{t-1}}"
                r"{C'(\theta_t) - C'(\theta_{t-1})}\, C'(\theta_t)"
            )
        elif self.method == "Newton":
            numbers |= {"C''(\\theta_t)": self.bend(here)}
            latex = r"\theta_{t+1} = \theta_t - \frac{C'(\theta_t)}{C''(\theta_t)}"
        else:
            numbers |= {r"\theta_s": step, r"\Delta": self.radius}
            latex = r"\theta_{t+1} = \theta_t + \theta_s \qquad |\theta_s| \le \Delta"
        return Update(latex, numbers)

    @drawn
    def said(self) -> str:
        here, goal, bend = self.here(), self.next(), self.curvature()
        path = self.recent[METHODS.index(self.method)]
        if len(path) > 4 and abs(path[-1] - path[-3]) < 1e-9 < abs(path[-1] - path[-2]):
            return f"It flips between {path[-2]:.4g} and {path[-1]:.4g} for ever: a two-cycle. A cap breaks it."
        if self.finished and abs(self.slope(here)) > 1e-6:
            return self.finished
        if abs(self.slope(here)) < 1e-9:
            curvature = self.bend(here)
            kind = "minimum" if curvature > 1e-6 else "maximum" if curvature < -1e-6 else "flat place"
            wrong = " It sought a level place, and found one." if kind == "maximum" else ""
            return f"The slope is 0 at θ = {here:.6g}, a {kind}.{wrong}"
        if self.method == "trust region" and abs(goal - here) >= 0.999 * self.radius:
            return f"The step is cut to Δ = {self.radius:g}: beyond, the parabola is not trusted."
        if bend < 0:
            return "Here the curve bends down, so that the vertex is the parabola's highest place: a maximum is sought."
        digits = -np.log10(max(self.error(here), 1e-17)) if len(self.levels) else 0.0
        if digits > 1:
            return f"{digits:.1f} digits are right: near the goal each step of Newton's about doubles them."
        return f"The parabola's vertex is at {goal:.5g}: that is the next θ."
