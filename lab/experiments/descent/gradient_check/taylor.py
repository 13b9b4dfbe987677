"""Taylor: a tangent plane and a paraboloid foretell the height nearby, with errors of order two and three."""

from __future__ import annotations

import math

import numpy as np

from lab.controls import Choice, Count, Formula, Point, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.experiments.descent.gradient_check import number
from lab.marks import (
    Arrows,
    Bars,
    Column,
    Curve,
    Dots,
    Equation,
    Field,
    Handle,
    Heat,
    Layout,
    Line,
    Matrix,
    Note,
    Panel,
    Row,
    Surface,
    Tabs,
)
from lab.maths.differences import shrunk
from lab.maths.surfaces import typed

REACH = 3.0
SIDE = np.linspace(-REACH, REACH, 90)
LEAST = 1e-4
TINY = 1e-17


class Taylor(Experiment):
    pace = 4
    formula = Formula(
        "sin(x)*exp(y/2) + x**2/4",
        symbol="f",
        restarts=True,
        help="the function; its slopes and curvatures come from the rules of differentiation",
    )
    place = Point(
        (-0.6, 0.4), x=(-REACH, REACH), y=(-REACH, REACH), symbol="v", restarts=True, help="where it is expanded: drag"
    )
    angle = Slider(35, 0, 360, symbol="φ", restarts=True, help="the direction in which we walk away from v, in degrees")
    first = Slider(1.5, 0.1, 3, symbol="r₀", label="First distance", restarts=True, help="how far off we begin")
    per_decade = Count(24, 1, 40, label="Steps a decade", restarts=True, help="how many steps divide r by ten")
    order = Choice(
        ["tangent plane", "paraboloid"], view=True, symbol="k", help="what replaces the surface near v in the map"
    )
    axes_first = Choice(["x first", "y first"], view=True, help="the order of the two steps along the axes")

    prompts = (
        ("Halve the distance: how much is left of each error?", {"formula": "sin(x)*exp(y/2) + x**2/4"}),
        ("x²: the plane misses by exactly Δx²", {"formula": "x**2", "place": [1, 0], "angle": 0, "first": 1}),
        ("A quadratic: what is left for the paraboloid to miss?", {"formula": "x**2 + x*y - 2*y**2"}),
        ("A kink: does the error ratio go to 0?", {"formula": "abs(x) + y**2", "place": [0, 0], "angle": 35}),
        ("A plane 3x − 2y + 1: who needs a second order?", {"formula": "3*x - 2*y + 1"}),
    )
    presets = {
        "Waves on a slope": {"formula": "sin(x)*exp(y/2) + x**2/4", "place": [-0.6, 0.4]},
        "2x²y": {"formula": "2*x**2*y", "place": [1, 1]},
        "Bowl": {"formula": "x**2 + y**2/2", "place": [1, 1]},
        "Cone: smooth but at its tip": {"formula": "sqrt(x**2 + y**2)", "place": [0.5, 0]},
        "Fails: a kink has no tangent plane": {"formula": "abs(x) + y**2", "place": [0, 0], "angle": 35},
    }
    metrics = {"error": "|f − P|", "ratio": "|f − P₁| / r", "r": "r"}
    random = False
    tiny = {"per_decade": 3}

    # ------------------------------------------------------------ the walk

    def start(self) -> Metrics:
        self.ground = typed(self.formula)
        x, y = self.place
        self.base = float(self.formula(x, y))
        with np.errstate(all="ignore"):
            self.slope = np.array(self.ground.gradient(x, y), dtype=float)
            self.hessian = self.ground.hessian(self.place)
        if not np.isfinite([self.base, *self.slope, *self.hessian.ravel()]).all():
            raise Unfit("place", f"{self.formula.text} has no value, slope or curvature there: expand it elsewhere")
        self.r = self.first
        row = self.measured()
        self.beginning = (row.get("error/P₁", 0), row.get("error/P₂", 0))
        return row

    def step(self) -> Metrics:
        """A shorter distance r; there, f against its tangent plane and its paraboloid."""
        self.r = float(shrunk(self.first, self.t + 1, self.per_decade))
        if self.r <= LEAST:
            self.finish("So near to v, the errors are smaller than rounding.")
        return self.measured()

    def measured(self) -> Metrics:
        delta = self.r * self.direction()
        plane, bowl = self.errors_at(delta)
        if not np.isfinite(plane):
            return {"r": self.r}
        row = {"r": self.r, "error/P₁": plane, "error/P₂": bowl, "ratio": plane / self.r}
        return {name: max(float(size), TINY) for name, size in row.items()}

    def errors_at(self, delta: np.ndarray) -> np.ndarray:
        """|f − P₁| and |f − P₂| at v + Δ."""
        value = float(self.formula(*(np.array(self.place) + delta)))
        return np.abs([value - self.tangent(delta), value - self.paraboloid(delta)])

    def tangent(self, delta: np.ndarray) -> float:
        """P₁ = f(v) + Δᵀ∇f(v)."""
        return float(self.base + delta @ self.slope)

    def paraboloid(self, delta: np.ndarray) -> float:
        """P₂ = P₁ + ½ Δᵀ∇²f(v)Δ."""
        return float(self.tangent(delta) + delta @ self.hessian @ delta / 2)

    def direction(self) -> np.ndarray:
        return np.array([math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))])

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        plane = {"x": "x", "y": "y"}
        return Row(
            Column(
                Tabs(
                    Panel(
                        "Map",
                        Heat("patched", levels=18),
                        Line("rim", tint="text", width=1.5),
                        Line("split", label="step split by axes", tint="0", width=3),
                        Arrows("foot", "walk", label="Δ", tint="text"),
                        Handle("place", drag="place", label="v"),
                        **plane,
                        range_x=(-REACH, REACH),
                        range_y=(-REACH, REACH),
                        equal=True,
                        help="inside the ring f is replaced by its approximation, with straight contours for a plane",
                    ),
                    Panel("Surface", Surface("patched", points="foot", heights="high"), **plane),
                    Panel(
                        "Zoom on the surface", Surface("near"), **plane, help="the window shrinks with r: f looks flat"
                    ),
                ),
                Panel(
                    "Prediction",
                    Bars("parts", labels="part_names", colour="sign"),
                    y="Δf",
                    detail="missed",
                    help="what the slope foretells for each axis, both together, with the bend, and what is true",
                ),
                sizes=(3, 2),
            ),
            Column(
                Panel(
                    "Along v",
                    Line("plane_along", label="P₁ plane", tint="0", dashed=True),
                    Line("bowl_along", label="P₂ paraboloid", tint="2", dashed=True),
                    Line("true_along", label="f", tint="accent", width=2.5),
                    Dots("reached", tint="text"),
                    x="distance in the direction φ",
                    y="f",
                    range_x=(-1.2 * self.first, 1.2 * self.first),
                ),
                Tabs(
                    Panel(
                        "Error against distance",
                        Line("slope_two", label="r²", tint="quiet", dashed=True),
                        Line("slope_three", label="r³", tint="quiet", dashed=True),
                        Curve("error", against="r", log_x=True, log_y=True, colours="tints"),
                        x="distance r",
                        y="|f − P|",
                        log_x=True,
                        log_y=True,
                        range_x=(math.log10(LEAST), math.log10(self.first) + 0.2),
                        help="in log–log the errors of the plane fall with slope 2, those of the paraboloid with 3",
                    ),
                    Panel(
                        "Error ratio",
                        Curve("ratio", against="r", log_x=True),
                        x="distance r",
                        y="|f − P₁| / r",
                        log_x=True,
                        help="f is differentiable at v where this goes to 0 from every side; at a kink it does not",
                    ),
                ),
                Panel("Expansion", Equation("update"), Note("said")),
                Panel("Hessian", Matrix("curvatures", rows="names", columns="names"), shown=False, still=True),
                sizes=(3, 3, 2, 2),
            ),
        )

    @drawn(on=("formula",))
    def heights(self) -> np.ndarray:
        z = self.formula(*np.meshgrid(SIDE, SIDE))
        low, high = np.quantile(z[np.isfinite(z)], [0, 0.98])
        return np.clip(np.nan_to_num(z, nan=high, posinf=high, neginf=low), low, high)

    @drawn
    def patched(self) -> Field:
        """f, and within r of v what the chosen order says of it."""
        delta = np.stack(np.meshgrid(SIDE - self.place[0], SIDE - self.place[1]), axis=-1)
        guess = self.base + delta @ self.slope
        if self.order == "paraboloid":
            guess = guess + np.einsum("...i,ij,...j", delta, self.hessian, delta) / 2
        inside = (delta**2).sum(axis=-1) < max(self.r, 0.1) ** 2
        heights = self.heights()
        return Field(np.where(inside, np.clip(guess, heights.min(), heights.max()), heights), *[(-REACH, REACH)] * 2)

    @drawn
    def near(self) -> Field:
        """A window about v that shrinks with r."""
        w = max(self.r, 1e-4)
        (px, py), side = self.place, np.linspace(-w, w, 40)
        z = self.formula(*np.meshgrid(px + side, py + side))
        return Field(np.nan_to_num(z, nan=self.base), (px - w, px + w), (py - w, py + w))

    @drawn
    def rim(self) -> np.ndarray:
        turn = np.linspace(0, 2 * math.pi, 73)
        return np.array(self.place) + max(self.r, 0.1) * np.column_stack([np.cos(turn), np.sin(turn)])

    @drawn
    def foot(self) -> np.ndarray:
        return np.array([self.place])

    @drawn
    def high(self) -> np.ndarray:
        return np.array([self.base])

    @drawn
    def walk(self) -> np.ndarray:
        return (self.r * self.direction())[None]

    @drawn
    def split(self) -> np.ndarray:
        """The same step as two steps along the axes."""
        v, delta = np.array(self.place), self.r * self.direction()
        corner = delta * ([1, 0] if self.axes_first == "x first" else [0, 1])
        return np.array([v, v + corner, v + delta])

    def foretold(self) -> np.ndarray:
        """Δx ∂f/∂x, Δy ∂f/∂y, their sum, with the bend, and the true change."""
        delta = self.r * self.direction()
        true = float(self.formula(*(np.array(self.place) + delta))) - self.base
        parts = delta * self.slope
        return np.array([*parts, parts.sum(), self.paraboloid(delta) - self.base, true if np.isfinite(true) else 0.0])

    @drawn
    def parts(self) -> np.ndarray:
        return self.foretold()

    @drawn
    def part_names(self) -> tuple[str, ...]:
        return "f_x Δx", "f_y Δy", "P₁", "P₂", "true Δf"

    @drawn
    def missed(self) -> str:
        parts = self.foretold()
        return f"P₁ misses by {number(parts[4] - parts[2])}"

    # ------------------------------------------------------------ along the direction

    def along(self, what: str) -> np.ndarray:
        s = 1.2 * self.first * np.linspace(-1, 1, 121)
        delta = np.outer(s, self.direction())
        bend = np.einsum("ni,ij,nj->n", delta, self.hessian, delta) / 2
        heights = {
            "f": self.formula(*(np.array(self.place) + delta).T),
            "plane": self.base + delta @ self.slope,
            "bowl": self.base + delta @ self.slope + bend,
        }[what]
        line = np.column_stack([s, heights])
        return line[np.isfinite(heights)]

    @drawn
    def true_along(self) -> np.ndarray:
        return self.along("f")

    @drawn
    def plane_along(self) -> np.ndarray:
        return self.along("plane")

    @drawn
    def bowl_along(self) -> np.ndarray:
        return self.along("bowl")

    @drawn
    def reached(self) -> np.ndarray:
        delta = self.r * self.direction()
        true = self.foretold()[4] + self.base
        return np.array([[self.r, height] for height in (true, self.tangent(delta), self.paraboloid(delta))])

    def law(self, k: int) -> np.ndarray:
        """A line of slope k + 1 from the first error on."""
        r = np.geomspace(LEAST, self.first, 33)
        heights = self.beginning[k - 1] * (r / self.first) ** (k + 1)
        return np.column_stack([r, heights])[heights > 1e-15]

    @drawn
    def slope_two(self) -> np.ndarray:
        return self.law(1)

    @drawn
    def slope_three(self) -> np.ndarray:
        return self.law(2)

    @drawn
    def tints(self) -> dict[str, int]:
        return {"P₁": 0, "P₂": 2}

    # ------------------------------------------------------------ in words

    @drawn
    def curvatures(self) -> np.ndarray:
        return self.hessian

    @drawn
    def names(self) -> tuple[str, str]:
        return "x", "y"

    @drawn
    def update(self) -> Update:
        delta = self.r * self.direction()
        numbers = {
            "P_2": self.paraboloid(delta),
            "f(v)": self.base,
            r"\Delta^\top \nabla f": float(delta @ self.slope),
            r"\Delta^\top \nabla^2 f\, \Delta": float(delta @ self.hessian @ delta),
        }
        return Update(r"P_2 = f(v) + \Delta^\top \nabla f + \frac{1}{2}\, \Delta^\top \nabla^2 f\, \Delta", numbers)

    @drawn
    def said(self) -> str:
        delta = self.r * self.direction()
        one, two = self.errors_at(delta)
        if not np.isfinite(one):
            return f"At r = {number(self.r)} in this direction f has no value."
        text = f"At r = {number(self.r)} the plane misses by {number(one)}, the paraboloid by {number(two)}. "
        if max(one, two) < 1e-13:
            return text + "That is rounding: here the approximation is exact."
        half = self.errors_at(delta / 2) / np.maximum([one, two], TINY)
        if half[0] > 0.45:
            return text + "At half the distance it misses by half, no less: f has no tangent plane at v, only a kink."
        low, high = np.linalg.eigvalsh(self.hessian)
        shape = "a bowl" if low > 0 else "a dome" if high < 0 else "a saddle" if low < 0 < high else "bent one way only"
        left = f"{half[0]:.2f} and {half[1]:.2f}" if two > 1e-14 else f"{half[0]:.2f} and nothing but rounding"
        return text + f"At half the distance {left} of that are left. The paraboloid is {shape}."
