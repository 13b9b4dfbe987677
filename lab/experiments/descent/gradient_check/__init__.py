"""Gradient check: the error of a finite difference against h, in log–log, falls and rises again: a V."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lab.controls import Count, Formula, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Column, Dots, Equation, Guide, Handle, Layout, Line, Note, Panel, Row
from lab.maths.differences import EPSILON, SMALLEST, Bound, bounds, central, forward, shrunk

FAR = 5
FLOOR = 1e-17  # where an error of exactly 0 is drawn
WIDE = 1.6  # half-width of the magnifier, in h


class GradientCheck(Experiment):
    pace = 8
    scenes = ("gradient", "taylor", "chain", "jacobian", "identities", "shapes", "boxes", "network")

    formula = Formula(
        "sin(x)",
        variables=("x",),
        symbol="f",
        restarts=True,
        help="the function; its exact derivative is worked out by the rules",
    )
    at = Slider(1, -FAR, FAR, symbol="x", label="Place", help="where the slope is wanted: drag it on the curve too")
    first = Slider(1, 1e-3, 2, log=True, symbol="h₀", label="First h", restarts=True, help="the widest step tried")
    per_decade = Count(8, 1, 40, label="Steps a decade", restarts=True, help="how many steps divide h by ten")

    presets = {
        "sin at 1": {"formula": "sin(x)", "at": 1},
        "A parabola: central is exact, forward is off by h": {"formula": "x**2", "at": 1},
        "sin(2x) + e⁷ − 10 at π/6: a large value drowns the slope": {
            "formula": "sin(2*x) + exp(7) - 10",
            "at": math.pi / 6,
        },
        "A kink: the V never falls": {"formula": "abs(x)", "at": 0},
        "x sin x² at 2": {"formula": "x*sin(x**2)", "at": 2},
    }
    prompts = (
        ("Where are the two bottoms, and how deep? Compare √ε and ∛ε", {"formula": "sin(x)", "at": 1}),
        ("A parabola: why is the central difference exact but for rounding?", {"formula": "x**2", "at": 1}),
        ("Add e⁷ to a sine: why does the V rise much sooner?", {"formula": "sin(2*x) + exp(7) - 10", "at": 0.5236}),
        ("At a kink: which slope does each rule name?", {"formula": "abs(x)", "at": 0}),
        ("At an inflection the forward error falls twice as fast. Why?", {"formula": "x**3 + x", "at": 0}),
    )
    metrics = {"error": "|D − f′|", "bound": "bound", "h": "h"}
    random = False
    tiny = {"per_decade": 3}

    # ------------------------------------------------------------ the check

    def start(self) -> Metrics:
        self.h = self.first
        self.differentiate()
        if not np.isfinite(self.derivatives()).all():
            control = "at" if np.isfinite(self.formula(np.linspace(-FAR, FAR, 101))).any() else "formula"
            raise Unfit(control, f"{self.formula.text} has no value or no slope at x = {self.at:g}: take another place")
        self.window = (self.at - 3, self.at + 3)
        return self.measured()

    def step(self) -> Metrics:
        """A narrower h, and the slope by both rules."""
        self.h = float(shrunk(self.first, self.t + 1, self.per_decade))
        if self.h <= SMALLEST * 1.01:
            self.finish("h has come down to ε: x + h is rounded back to x, and nothing is left of the difference.")
        return self.measured()

    def differentiate(self) -> None:
        """f′, f″ and f‴ by the rules of differentiation."""
        self.slope = self.formula.derivative("x")
        self.second = self.slope.derivative("x")
        self.third = self.second.derivative("x")

    def measured(self) -> Metrics:
        with np.errstate(all="ignore"):
            exact = self.slope(self.at)
            row = {
                "h": self.h,
                "error/forward": abs(forward(self.formula, self.at, self.h) - exact),
                "error/central": abs(central(self.formula, self.at, self.h) - exact),
            }
            return row | {f"bound/{rule}": float(bound(self.h)) for rule, bound in self.bounds().items()}

    def derivatives(self) -> tuple[float, ...]:
        return tuple(g(self.at) for g in (self.formula, self.slope, self.second, self.third))

    def bounds(self) -> dict[str, Bound]:
        return bounds(self.at, self.derivatives())

    @action
    def move(self, x: float, y: float) -> None:
        """Drag the place along the curve."""
        self.at = min(max(x, -FAR), FAR)

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        return Row(
            Column(
                Panel(
                    "Error against h",
                    Guide(x="best_forward", label="≈ √ε", tint="0"),
                    Guide(x="best_central", label="≈ ∛ε", tint="2"),
                    Line("truncation_forward", label="theory", tint="quiet", dashed=True, width=1.5),
                    Line("truncation_central", tint="quiet", dashed=True, width=1.5),
                    Line("rounding", tint="quiet", dashed=True, width=1.5),
                    Line("forward_errors", label="forward", tint="0", width=2.5),
                    Line("central_errors", label="central", tint="2", width=2.5),
                    Dots("now", colour="rules", big=True),
                    x="h",
                    y="|D − f′(x)|",
                    log_x=True,
                    log_y=True,
                    range_x=(math.log10(SMALLEST) - 0.4, math.log10(self.first)),
                    help="Dashed: truncation h |f″| / 2 and h² |f‴| / 6, rounding ε |f| / h. Upright: the best h of "
                    "each rule, about √ε and ∛ε. An error of 0 is drawn at 10⁻¹⁷",
                ),
                Panel("Difference", Equation("update"), Note("said")),
                sizes=(3, 1),
            ),
            Column(
                Panel(
                    "Curve",
                    Line("tangent", label="tangent", tint="quiet", dashed=True),
                    Line("graph", tint="accent", width=2.5),
                    Line("secant", label="forward", tint="0"),
                    Line("chord", label="central", tint="2"),
                    Dots("ends", tint="text"),
                    Handle("place", drag="move", label="x", along="x"),
                    x="x",
                    y="f(x)",
                    range_x=self.window,
                    range_y=window(self.formula(np.linspace(*self.window, 201))),
                    detail="rule_said",
                    help="the secant through x and x + h turns into the tangent as h shrinks",
                ),
                Panel(
                    "Zoom",
                    Line("magnified_tangent", label="tangent", tint="quiet", dashed=True),
                    Line("magnified_secant", label="secant", tint="0"),
                    Line("magnified", tint="accent", width=2.5),
                    Dots("magnified_ends", tint="text"),
                    x="(u − x) / h",
                    y="Δf / (h |f′|)",
                    range_x=(-WIDE, WIDE),
                    range_y=(-2.6, 2.6),
                    detail="gap_now",
                    help="the curve under a magnifying glass that is h wide: first it bends, then it is straight, "
                    "and at last the steps between one floating-point number and the next are seen",
                ),
                Panel(
                    "Gap to the tangent",
                    Line("gap_law", label="w² |f″| / 2", tint="quiet", dashed=True),
                    Line("gaps", label="largest gap", tint="accent"),
                    x="half-width w",
                    y="gap",
                    log_x=True,
                    log_y=True,
                    shown=False,
                    help="how far the curve leaves its tangent within w: a tenth of the width, a hundredth of the gap",
                ),
            ),
            sizes=(6, 5),
        )

    @drawn
    def widths(self) -> np.ndarray:
        """Every h so far."""
        return shrunk(self.first, np.arange(self.t + 1), self.per_decade)

    def errors(self, rule: Any) -> np.ndarray:
        h = self.widths()
        with np.errstate(all="ignore"):
            wrong = np.abs(rule(self.formula, np.full_like(h, self.at), h) - self.slope(self.at))
        known = np.isfinite(wrong)
        return np.column_stack([h, np.maximum(wrong, FLOOR)])[known]

    @drawn
    def forward_errors(self) -> np.ndarray:
        return self.errors(forward)

    @drawn
    def central_errors(self) -> np.ndarray:
        return self.errors(central)

    @drawn
    def now(self) -> np.ndarray:
        return np.concatenate([self.forward_errors()[-1:], self.central_errors()[-1:]])

    @drawn
    def rules(self) -> np.ndarray:
        return np.array([0, 2])[: len(self.now())]

    def law(self, coefficient: float, power: int) -> np.ndarray:
        """A straight line in log–log, as far down as the picture goes."""
        h = np.geomspace(SMALLEST, self.first, 65)
        heights = coefficient * h**power
        return np.column_stack([h, heights])[heights > FLOOR] if np.isfinite(coefficient) else np.empty((0, 2))

    @drawn
    def truncation_forward(self) -> np.ndarray:
        return self.law(self.bounds()["forward"].truncation, 1)

    @drawn
    def truncation_central(self) -> np.ndarray:
        return self.law(self.bounds()["central"].truncation, 2)

    @drawn
    def rounding(self) -> np.ndarray:
        return self.law(self.bounds()["forward"].rounding, -1)

    def best(self, rule: str) -> np.ndarray:
        h = self.bounds()[rule].best
        return np.array([h] if SMALLEST < h < self.first else [])

    @drawn
    def best_forward(self) -> np.ndarray:
        return self.best("forward")

    @drawn
    def best_central(self) -> np.ndarray:
        return self.best("central")

    # ------------------------------------------------------------ the curve

    @drawn
    def place(self) -> np.ndarray:
        return known((self.at, self.formula(self.at)))[0] if np.isfinite(self.formula(self.at)) else np.zeros(2)

    @drawn
    def ends(self) -> np.ndarray:
        x = np.array([self.at - self.h, self.at + self.h])
        return known(np.column_stack([x, self.formula(x)]))

    @drawn
    def graph(self) -> np.ndarray:
        x = np.linspace(*self.window, 401)
        return known(np.column_stack([x, self.formula(x)]))

    @drawn
    def rule_said(self) -> str:
        return f"f′ = {self.slope.text}" if len(self.slope.text) < 24 else ""

    def through(self, x: float, y: float, slope: float) -> np.ndarray:
        """A straight line across the picture."""
        ends = np.array(self.window)
        return known(np.column_stack([ends, y + slope * (ends - x)]))

    def slopes_now(self) -> tuple[float, float, float]:
        """Forward, central, exact."""
        with np.errstate(all="ignore"):
            by = (forward(self.formula, self.at, self.h), central(self.formula, self.at, self.h))
        return *map(float, by), self.slope(self.at)

    @drawn
    def tangent(self) -> np.ndarray:
        return self.through(self.at, self.formula(self.at), self.slope(self.at))

    @drawn
    def secant(self) -> np.ndarray:
        return self.through(self.at, self.formula(self.at), self.slopes_now()[0])

    @drawn
    def chord(self) -> np.ndarray:
        return self.through(self.at - self.h, self.formula(self.at - self.h), self.slopes_now()[1])

    # ------------------------------------------------------------ the magnifying glass

    def glass(self, u: np.ndarray) -> np.ndarray:
        """The curve at x + u h, its rise in units of h |f′|."""
        scale = self.h * (abs(self.slope(self.at)) or 1)
        rise = (self.formula(self.at + u * self.h) - self.formula(self.at)) / scale
        return known(np.column_stack([u, rise]))

    def ray(self, slope: float) -> np.ndarray:
        u = np.array([-WIDE, WIDE])
        return known(np.column_stack([u, u * slope / (abs(self.slope(self.at)) or 1)]))

    @drawn
    def magnified(self) -> np.ndarray:
        return self.glass(np.linspace(-WIDE, WIDE, 321))

    @drawn
    def magnified_ends(self) -> np.ndarray:
        return self.glass(np.array([-1.0, 0.0, 1.0]))

    @drawn
    def magnified_tangent(self) -> np.ndarray:
        return self.ray(self.slope(self.at))

    @drawn
    def magnified_secant(self) -> np.ndarray:
        return self.ray(self.slopes_now()[0])

    @drawn
    def gaps(self) -> np.ndarray:
        """For every width so far, the farthest that the curve leaves its tangent."""
        w = self.widths()
        u = np.linspace(-1, 1, 81)
        places = w[:, None] * u
        line = self.formula(self.at) + self.slope(self.at) * places
        gap = np.abs(self.formula(self.at + places) - line).max(axis=1)
        return known(np.column_stack([w, gap]))[: np.searchsorted(-w, -1e-8) or None]

    @drawn
    def gap_law(self) -> np.ndarray:
        w = np.geomspace(1e-8, self.first, 33)
        heights = w**2 * abs(self.second(self.at)) / 2
        return np.column_stack([w, heights])[heights > 0] if np.isfinite(heights).all() else np.empty((0, 2))

    @drawn
    def gap_now(self) -> str:
        return f"gap {number(float(self.gaps()[-1, 1]))}" if len(self.gaps()) else ""

    # ------------------------------------------------------------ in words

    @drawn
    def update(self) -> Update:
        rise, value = self.formula(self.at + self.h), self.formula(self.at)
        numbers = {"D": self.slopes_now()[0], "f(x + h)": rise, "f(x)": value, "h": self.h}
        return Update(r"D = \frac{f(x + h) - f(x)}{h}", {k: v for k, v in numbers.items() if np.isfinite(v)})

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        one, two, exact = self.slopes_now()
        if not np.isfinite([one, two, exact]).all():
            return "There is no slope here: the function has no value beside x."
        value, bound = self.formula(self.at), self.bounds()["forward"]
        slopes = f"Forward {one:.6f}, central {two:.6f}, exactly {exact:.6f}.".replace("-", "−")
        if max(abs(one - exact), abs(two - exact)) > 0.2 * max(abs(exact), 1) and self.h < 1e-2 and bound(self.h) < 0.1:
            return f"{slopes} There is a kink: the two sides differ, however small h is."
        if bound.truncation * self.h >= bound.rounding / self.h:
            return f"{slopes} f bends between the places: a tenth of h leaves a tenth of the forward error."
        size = abs(self.formula(self.at + self.h) - value) / (abs(value) or 1)
        alike = min(16, max(0, round(-math.log10(max(size, EPSILON)))))
        return f"{slopes} f(x + h) and f(x) agree in {alike} of 16 digits: {16 - alike} are left for the slope."


def known(places: Any) -> np.ndarray:
    """The places where the function has a value."""
    places = np.atleast_2d(np.asarray(places, dtype=float))
    return places[np.isfinite(places).all(axis=1)]


def window(heights: np.ndarray) -> tuple[float, float]:
    """Heights worth seeing, with some room, without the spikes of a pole."""
    low, high = np.quantile(heights[np.isfinite(heights)], [0.02, 0.98])
    room = (high - low) / 5 or max(abs(high) / 2, 0.5)
    return float(low - room), float(high + room)


def number(value: float) -> str:
    return f"{value + 0.0:.4g}".replace("-", "−")
