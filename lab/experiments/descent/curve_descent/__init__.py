"""curve descent: a ball steps down a curve against its slope; which rates creep, hop, overshoot or climb."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Formula, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.experiments.descent.curve_descent._pictures import RULES, Pictures
from lab.marks import (
    Arrows,
    Column,
    Curve,
    Dots,
    Equation,
    Guide,
    Handle,
    Line,
    Note,
    Panel,
    Row,
    Table,
    Tabs,
)
from lab.maths.curves import FAR, KNOWN, curve, quantities, regime

RECENT = 14  # places that stay on the axis
LAWS = {  # θ after Σ η = s, from θ₀: where a flow, or a parabola's factor, says it
    "parabola": "(1 − 2η)ᵗ",
    "dome": "(1 + 2η)ᵗ",
    "x³": "flow: 1 / (1/θ₀ + 3ηt)",
    "exp(−x)": "flow: ln(e^θ₀ + ηt)",
}


class CurveDescent(Pictures, Experiment):
    pace = 3
    scenes = ("four", "valleys", "rivals", "sequence")

    function = Choice((*KNOWN, "formula"), symbol="f", restarts=True, help="the curve to go down")
    formula = Formula(
        "x**2/2 + exp(-x)",
        variables=("x",),
        symbol="f",
        restarts=True,
        when={"function": ("formula",)},
        help="your own, in x = θ",
    )
    begin = Slider(4, -6, 6, symbol="θ₀", label="Start", restarts=True, help="where it begins; or drag the ring")
    rate = Slider(
        0.1, 1e-3, 5, log=True, symbol="η", limit="safe", help="marks: past 1/f″ a step crosses, past 2/f″ it climbs"
    )
    decay = Slider(0, 0, 1, symbol="k", help="η falls as η/(1 + k t); 0: it stays")
    rule = Choice(("all four", *RULES, "T alone"), label="Stop by", help="what must be below ε for the run to end")
    tolerance = Slider(1e-4, 1e-9, 1, log=True, symbol="ε", help="the tolerance of the stopping rules")
    limit = Count(60, 1, 1000, symbol="T", label="Step limit", help="the run ends here at the latest")
    width = Slider(1e-3, 1e-12, 1, log=True, symbol="h", view=True, help="of the numerical derivative")

    presets = {
        "One hop: η = 1/f″": {"function": "parabola", "rate": 0.5},
        "Overshoots, but converges": {"function": "parabola", "rate": 0.9},
        "Diverges: η > 2/f″": {"function": "parabola", "rate": 1.1},
        "x³: stuck at an inflection": {"function": "x³", "rate": 0.1},
        "exp(−x): no minimum": {"function": "exp(−x)", "rate": 1, "limit": 1000},
        "Dome: descent for ever": {"function": "dome", "rate": 0.1},
        "|x|: bouncing round the kink": {"function": "|x|", "rate": 0.3},
        "Staircase: no slope, no step": {"function": "staircase", "rate": 0.3},
    }
    prompts = (
        ("Slide η past the two marks: what changes at each?", {"function": "parabola", "rate": 0.9}),
        ("x³: is level ground always a minimum? Try η > 1/3", {"function": "x³", "rate": 0.3}),
        ("θ = e^−θ has no formula for its solution: improve θ a little, repeat", {"function": "formula"}),
        ("A flat tail: does |f′| < ε mean that it has arrived?", {"function": "exp(−x)", "tolerance": 0.05}),
        ("|x| for ever, or with η falling: which comes to rest?", {"function": "|x|", "rate": 0.3, "decay": 0.2}),
    )
    metrics = {"f": "f", "slope": "f′", "theta": "θ", "law": "law", "rule": "measured"}
    random = False
    tiny = {"rate": 0.02}
    diverges = "η is past 2/f″, or the curve falls for ever: each step is longer than the one before."

    # ------------------------------------------------------------ descent

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        if name != "function":
            return {}
        return {"begin": KNOWN[value].begin, "rate": KNOWN[value].rate} if value in KNOWN else {"begin": 4, "rate": 0.3}

    def start(self) -> Metrics:
        self.f = self.formula if self.function == "formula" else curve(self.function)
        try:
            self.slope = self.f.derivative("x")
            self.bend = self.slope.derivative("x")
        except ValueError as wrong:
            raise Unfit("formula", str(wrong)) from None
        if np.isfinite(self.f(np.linspace(*self.home(), 99))).sum() < 50:
            raise Unfit("formula", "it has no value over half of −6 to 6: write another")
        if not np.isfinite([self.f(self.begin), self.slope(self.begin)]).all():
            raise Unfit("begin", f"the curve has no height or slope at {self.begin:g}: begin where it has")
        return self.line_up(self.begin)

    def line_up(self, begin: float) -> Metrics:
        self.theta = self.origin = begin
        self.flow = begin  # where the law would have it
        self.recent: tuple[float, ...] = (begin,)
        self.lows: dict[str, tuple[tuple[int, float], ...]] = dict.fromkeys(RULES, ())
        self.seen: dict[str, float] = {}
        return self.measured()

    def eta(self) -> float:
        return float(self.rate / (1 + self.decay * self.t))

    def move(self) -> float:
        """Δθ = −η f′(θ)."""
        with np.errstate(all="ignore"):
            move = float(-self.eta() * self.slope(self.theta))
        return move if np.isfinite(move) else 0.0

    def step(self) -> Metrics:
        """θ ← θ + Δθ; then each stopping rule looks at what it measures."""
        before, move = float(self.f(self.theta)), self.move()
        self.flow = self.flowed()
        self.theta = self.theta + move
        self.recent = (*self.recent, self.theta)[-RECENT:]
        self.seen = quantities(before, float(self.f(self.theta)), move, float(self.slope(self.theta)))
        for rule, value in self.seen.items():
            if not self.lows[rule] or value < self.lows[rule][-1][1]:
                self.lows[rule] = (*self.lows[rule], (self.t + 1, value))
        self.judge(move)
        return self.measured()

    def judge(self, move: float) -> None:
        waits = RULES if self.rule == "all four" else () if self.rule == "T alone" else (self.rule,)
        if not np.isfinite(self.f(self.theta)) or abs(self.theta) > FAR**1.5:
            self.finish(
                "It has gone where there is nothing more to see: " + self.diverges[0].lower() + self.diverges[1:]
            )
        elif waits and all(self.fired(rule) for rule in waits):
            which = "All four rules have" if len(waits) > 1 else f"{self.rule} < ε has"
            no_minimum = (
                "" if self.curvature() > 0 else " Small numbers do not prove a minimum: f does not bend up here."
            )
            self.finish(f"{which} fired: it stops at θ = {self.theta:.6g}.{no_minimum}")
        elif self.t + 1 >= self.limit:
            self.finish(f"T = {self.limit} steps are made: it stops at θ = {self.theta:.6g}, arrived or not.")

    def flowed(self) -> float:
        """Where the law has the ball after this step."""
        theta, eta = self.flow, self.eta()
        if self.function == "parabola":
            return 2 + (1 - 2 * eta) * (theta - 2)
        if self.function == "dome":
            return (1 + 2 * eta) * theta
        if self.function == "exp(−x)":
            return float(np.logaddexp(theta, np.log(eta)))
        return theta / (1 + 3 * eta * theta) if self.function == "x³" and theta > 0 else theta

    def measured(self) -> Metrics:
        row = {"f": float(self.f(self.theta)), "slope": float(self.slope(self.theta)), "theta": self.theta}
        if self.function in LAWS and not (self.function == "x³" and self.flow <= 0):
            row["law"] = self.flow
        return row | {f"rule/{name}": value for name, value in self.seen.items() if value > 0 and np.isfinite(value)}

    @action
    def put(self, x: float, y: float) -> None:
        """Drag the ring: the ball begins anew from there."""
        place = float(np.clip(x, -6, 6))
        if not np.isfinite([self.f(place), self.slope(place)]).all():
            raise ValueError(f"put: the curve has no height or slope at {place:.4g}; drag to where it has")
        self.line_up(place)

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        follows = self.function == "exp(−x)"
        return Column(
            Row(
                Panel(
                    "Curve",
                    Line("verticals", tint="quiet", dashed=True, width=1),
                    Line("graph", tint="accent", width=3),
                    Line("tangent", label="tangent", tint="text", dashed=True, width=1.5),
                    Line("drop", tint="warn", dashed=True, width=1.5),
                    Arrows("here", "arrow", label="step −η f′", tint="warn"),
                    Dots("on_axis", tint="quiet"),
                    Dots("landing", labels="landing_name", tint="warn", big=True),
                    Handle("place", drag="put", along="x"),
                    x="θ",
                    y="f(θ)",
                    detail="regime_here",
                    help="Drag the ring. Dots at the bottom: where it has been",
                ),
                Tabs(
                    Panel(
                        "Stopping rules",
                        Curve("rule", log_y=True, colours="colours"),
                        Guide(y="epsilon", label="ε", tint="text"),
                        Guide(x="last_step", label="T"),
                        Dots("stops", colour="stops_whose", labels="stops_names", big=True, shape="diamond"),
                        x="step t",
                        y="measured",
                        log_y=True,
                        help="A diamond marks the step at which a rule would stop the run",
                    ),
                    Panel("Lamps", Table("lamps", header="lamps_header")),
                ),
                sizes=(1.4, 1),
            ),
            Row(
                Tabs(
                    Panel("f and slope", Curve("f", "slope"), x="step t", y="f, f′"),
                    Panel("Place", Curve("theta", "law", log_x=follows), x="step t", y="θ", detail="law_is"),
                    Panel(
                        "Two derivatives",
                        Line("slopes", label="automatic", tint="accent"),
                        Dots("slopes_measured", tint="warn"),
                        Dots("slope_here", tint="text", big=True),
                        x="θ",
                        y="f′(θ)",
                        detail="slopes_differ",
                        help="The line: f′ by automatic differentiation. Dots: the central difference with width h",
                    ),
                    Panel("f′ in symbols", Equation("slopes_equation")),
                    Panel(
                        "min and argmin",
                        Line("own_graph", tint="accent"),
                        Guide(y="least_height", label="min f", tint="warn"),
                        Guide(x="least_place", label="argmin f", tint="good"),
                        Dots("extremes", labels="extremes_names", tint="text", shape="star", big=True),
                        Dots("ball_inside", tint="warn", big=True),
                        x="θ",
                        y="f(θ)",
                        detail="least_says",
                        help="min f is a height, argmin f the place where it is; both of this window",
                    ),
                ),
                Panel(
                    "Steps against η",
                    Line("zone_slow", label="slow", tint="quiet", width=0.5, fill=True),
                    Line("zone_oscillates", label="oscillates", tint="3", width=0.5, fill=True),
                    Line("zone_diverges", label="diverges", tint="warn", width=0.5, fill=True),
                    Line("steps_law", label="law", tint="text", dashed=True),
                    Line("steps_measured", label="measured", tint="accent", width=3),
                    Guide(x="one_hop"),
                    Guide(x="edge"),
                    Dots("run_now", labels="run_name", tint="text", big=True),
                    x="η",
                    y="steps until |f′| < ε",
                    log_x=True,
                    log_y=True,
                    range_x=(-3, float(np.log10(5))),
                    range_y=(-0.1, 3.1),
                    detail="edges",
                    help="From this start. Dashed uprights: 1/f″ and 2/f″ at the bottom downhill. Law: a parabola's, "
                    "of whose slope |1 − η f″| is left after a step",
                ),
                Panel("Step", Equation("update"), Note("said")),
                sizes=(1, 1.1, 1),
            ),
            sizes=(3, 2),
        )  # fmt: skip

    @drawn
    def regime_here(self) -> str:
        share = self.share()
        return f"η f″ = {share:.3g}: {regime(share)}" if share else "f″ ≤ 0: no bound on η"

    @drawn
    def law_is(self) -> str:
        return LAWS.get(self.function, "")

    @drawn
    def update(self) -> Update:
        """The step to come."""
        return Update(
            r"\Delta\theta = -\eta\, f'(\theta) \\ \theta_{new} = \theta + \Delta\theta",
            {
                r"\Delta\theta": self.move(),
                r"\eta": self.eta(),
                r"f'(\theta)": float(self.slope(self.theta)),
                r"\theta_{new}": self.theta + self.move(),
                r"\theta": self.theta,
            },
        )

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        slope, share, move = float(self.slope(self.theta)), self.share(), self.move()
        if not slope:
            if self.curvature() > 0:
                return "The slope is 0 and f bends up: this is a minimum, and Δθ is 0 from now on."
            return "The slope is 0 here, so Δθ is 0: it will never move, whether or not this is a minimum."
        if abs(slope) < self.tolerance:
            kind = "a minimum" if self.curvature() > 1e-3 else "but no minimum need be near: f is only flat here"
            return f"|f′| is below ε: almost level, {kind}."
        if not share:
            return "f does not bend up here, so no 1/f″ limits the step; " + (
                "past the kink it will jump back."
                if self.function == "|x|"
                else "it goes downhill while there is slope."
            )
        rises = self.f(self.theta + move) - self.f(self.theta)
        then = f"f {'rises' if rises > 0 else 'falls'} by {abs(rises):.2g}"
        words = {
            "creeps": "It creeps: each step is less than a tenth of the way to the bottom of the parabola that fits",
            "straight down": "η is below 1/f″: the step stays on this side",
            "one hop": "η = 1/f″: on a parabola one hop lands on the minimum",
            "overshoots": "1 < η f″ < 2: the step crosses over, but ends lower than it began",
            "to and fro": "η f″ = 2: on a parabola it goes to and fro for ever",
            "climbs": "η f″ > 2: on a parabola the step ends higher on the far side, and the next is longer",
        }
        return f"{words[regime(share)]}; {then}."
