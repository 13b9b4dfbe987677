"""Gradient: slices, a compass and differences find which way is up, and how steep it is in any direction."""

from __future__ import annotations

import math

import numpy as np

from lab.controls import Choice, Count, Formula, Point, Slider, Switch, Unfit
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.experiments.descent.gradient_check import known, number
from lab.marks import (
    Arrows,
    Column,
    Dots,
    Equation,
    Field,
    Guide,
    Handle,
    Heat,
    Layout,
    Line,
    Note,
    Panel,
    Row,
    Surface,
    Tabs,
)
from lab.maths.differences import EPSILON, RULES, derivative, shrunk
from lab.maths.surfaces import typed

REACH = 3.0
GRID = 90
SIDE = np.linspace(-REACH, REACH, GRID)
LEAST = 1e-12


class Gradient(Experiment):
    pace = 6
    formula = Formula(
        "x**2/2 + y**2 + sin(2*x)",
        symbol="J",
        restarts=True,
        help="the surface, in x = θ₁ and y = θ₂; the exact gradient comes from the rules of differentiation",
    )
    place = Point((1, -0.8), x=(-REACH, REACH), y=(-REACH, REACH), symbol="θ", help="where we stand: drag it")
    angle = Slider(100, 0, 360, symbol="φ", help="the direction v of the step, in degrees from the x-axis")
    rule = Choice(list(RULES), symbol="D", help="how the gradient is worked out from differences")
    first = Slider(1, 1e-3, 2, log=True, symbol="h₀", label="First h", restarts=True, help="the longest step tried")
    per_decade = Count(8, 1, 40, label="Steps a decade", restarts=True, help="how many steps divide h by ten")
    cut = Choice(["along x", "along y", "along v"], view=True, help="which slice is marked on the map")

    cutaway = Switch(False, view=True, help="whether the surface is cut open there, so that the slice is seen")

    prompts = (
        ("Turn v square to the gradient: what does the step gain?", {"formula": "x**2/2 + y**2", "place": [1, 1]}),
        ("2x²y at (1, 3): which slope has the slice along x?", {"formula": "2*x**2*y", "place": [1, 3]}),
        ("A bowl: the error of ∂J/∂x is exactly h J_xx / 2", {"formula": "8.55*x**2 + y**2", "place": [1, 1]}),
        ("A plane: does h matter at all?", {"formula": "10*x - 5*y", "place": [0, 0]}),
        ("A kink: is there a best direction on the ridge?", {"formula": "-abs(x) + y/2", "place": [0, 0]}),
    )
    presets = {
        "Bent bowl": {"formula": "x**2/2 + y**2 + sin(2*x)", "place": [1, -0.8]},
        "2x²y": {"formula": "2*x**2*y", "place": [1, 3]},
        "Saddle": {"formula": "x**2 - y**2", "place": [1, 0.5]},
        "Squared loss of a line": {"formula": "8.55*x**2 + 4*x*y + y**2", "place": [0.6, -1]},
    }
    metrics = {"error": "|D − ∇J|", "h": "h"}
    random = False
    tiny = {"per_decade": 2}

    # ------------------------------------------------------------ the check

    def start(self) -> Metrics:
        self.ground = typed(self.formula)
        if not np.isfinite([self.height(self.theta()), *self.exact()]).all():
            raise Unfit("place", f"{self.formula.text} has no value or no slope there: stand somewhere else")
        self.h = self.first
        return self.measured()

    def step(self) -> Metrics:
        """A shorter step h, and the gradient by nudging one coordinate after the other."""
        self.h = float(shrunk(self.first, self.t + 1, self.per_decade))
        if self.h <= LEAST * 1.01:
            self.finish("h is so small that rounding has drowned the differences.")
        return self.measured()

    def measured(self) -> Metrics:
        wrong = np.abs(self.by_differences(self.h) - self.exact())
        return {"h": self.h, "error/x": float(wrong[0]), "error/y": float(wrong[1])}

    def by_differences(self, h: float) -> np.ndarray:
        """(J(θ + h e_k) − J(θ)) / h for each k, or the central one."""
        with np.errstate(all="ignore"):
            return derivative(self.height, self.theta(), h, self.rule)

    def theta(self) -> np.ndarray:
        return np.array(self.place)

    def height(self, theta: np.ndarray) -> float:
        return float(self.formula(*theta))

    def exact(self) -> np.ndarray:
        return np.array(self.ground.gradient(*self.theta()), dtype=float)

    def direction(self) -> np.ndarray:
        return np.array([math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))])

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        plane = {"x": "x = θ₁", "y": "y = θ₂", "range_x": (-REACH, REACH), "range_y": (-REACH, REACH)}
        turn = {"x": "angle of v in degrees", "range_x": (0, 360)}
        return Row(
            Column(
                Panel(
                    "Contours",
                    Heat("field"),
                    Line("slice_line", tint="text", dashed=True),
                    Line("level", tint="quiet"),
                    Arrows("here", "exact_arrow", label="∇J", tint="text"),
                    Arrows("here", "found_arrow", label="measured", tint="0"),
                    Arrows("here", "way", label="v", tint="3"),
                    Handle("place", drag="place"),
                    **plane,
                    equal=True,
                    help="arrows of the gradient are shortened to fit; v has length 1",
                ),
                Tabs(
                    Panel(
                        "Compass",
                        Guide(x="uphill", label="∇J", tint="text"),
                        Line("cosine", label="‖∇J‖ cos", tint="quiet", dashed=True),
                        Line("gained", label="ΔJ / h", tint="0"),
                        Dots("needle", tint="3", big=True),
                        **turn,
                        y="ΔJ / h",
                        help="what a step of length h really gains in every direction, and what the slope foretells",
                    ),
                    Panel(
                        "Directional derivative",
                        Line("rising", label="v·∇J > 0", tint="2"),
                        Line("falling", label="v·∇J < 0", tint="0"),
                        Arrows("zero", "exact_arrow_full", label="∇J", tint="text"),
                        Arrows("zero", "slope_arrow", label="v", tint="3"),
                        x="slope · cos φ",
                        y="slope · sin φ",
                        equal=True,
                        help="the steepness |v·∇J| drawn in the direction of v: two circles through the origin",
                    ),
                ),
                sizes=(3, 2),
            ),
            Column(
                Tabs(
                    Panel(
                        "Slices",
                        Line("along_x", label="along x", tint="0"),
                        Line("along_y", label="along y", tint="2"),
                        Line("along_v", label="along v", tint="3"),
                        Line("slopes", tint="quiet", dashed=True),
                        Line("secants", tint="text", width=1.5),
                        Dots("nudged", colour="nudged_colour"),
                        x="distance from θ",
                        y="J",
                        range_x=(-2, 2),
                        help="the curves in which upright planes through θ cut the surface; dashed: their tangents, "
                        "whose slopes are ∂J/∂x, ∂J/∂y and v·∇J; thin: the secants by which they are measured",
                    ),
                    Panel(
                        "Surface", Surface("patched", points="here", heights="here_high"), x="θ₁", y="θ₂", still=True
                    ),
                ),
                Panel(
                    "Error against h",
                    Line("laws", label="theory", tint="quiet", dashed=True, width=1.5),
                    Line("errors_x", label="∂J/∂x", tint="0"),
                    Line("errors_y", label="∂J/∂y", tint="2"),
                    x="h",
                    y="error",
                    log_x=True,
                    log_y=True,
                    help="dashed: truncation h |J_kk| / 2 of the forward rule, and rounding ε |J| / h",
                    range_x=(math.log10(LEAST), math.log10(self.first)),
                ),
                Panel("Prediction", Equation("update"), Note("said")),
                sizes=(4, 3, 2),
            ),
        )

    @drawn(on=("formula",))
    def field(self) -> Field:
        x, y = np.meshgrid(SIDE, SIDE)
        z = self.formula(x, y)
        low, high = np.quantile(z[np.isfinite(z)], [0, 0.98])
        return Field(np.clip(np.nan_to_num(z, nan=high, posinf=high, neginf=low), low, high), *[(-REACH, REACH)] * 2)

    @drawn(on=("formula", "place", "cut", "angle", "cutaway"))
    def patched(self) -> Field:
        """The surface with a patch of its tangent plane about θ, and cut open along the slice if asked for."""
        field, (vx, vy) = self.field(), self.cutting()
        x, y = np.meshgrid(SIDE - self.place[0], SIDE - self.place[1])
        plane = self.height(self.theta()) + self.exact()[0] * x + self.exact()[1] * y
        z = np.where(np.maximum(abs(x), abs(y)) < 0.9, plane, field.z)
        return Field(np.where(self.cutaway & (vx * y - vy * x < 0), field.z.min(), z), field.x, field.y)

    @drawn
    def here(self) -> np.ndarray:
        return self.theta()[None]

    @drawn
    def here_high(self) -> np.ndarray:
        return np.array([self.height(self.theta())])

    @drawn
    def zero(self) -> np.ndarray:
        return np.zeros((1, 2))

    def arrow(self, slope: np.ndarray) -> np.ndarray:
        """As an arrow that fits on the map, on the scale of the exact gradient."""
        return (1.3 * slope / max(1.0, float(np.linalg.norm(self.exact()))))[None]

    @drawn
    def exact_arrow(self) -> np.ndarray:
        return self.arrow(self.exact())

    @drawn
    def found_arrow(self) -> np.ndarray:
        return np.nan_to_num(self.arrow(self.by_differences(self.h)))

    @drawn
    def way(self) -> np.ndarray:
        return self.direction()[None]

    @drawn
    def exact_arrow_full(self) -> np.ndarray:
        return self.exact()[None]

    @drawn
    def slope_arrow(self) -> np.ndarray:
        """As far along v as a step of length h measures the slope."""
        ahead = self.height(self.theta() + self.h * self.direction()) - self.height(self.theta())
        return np.nan_to_num(abs(ahead) / self.h * self.direction())[None]

    def cutting(self) -> np.ndarray:
        """Which way the cutting plane runs."""
        return {"along x": np.eye(2)[0], "along y": np.eye(2)[1]}.get(self.cut, self.direction())

    @drawn
    def slice_line(self) -> np.ndarray:
        return self.theta() + np.outer([-2 * REACH, 2 * REACH], self.cutting())

    @drawn
    def level(self) -> np.ndarray:
        """The direction in which nothing changes: square to the gradient."""
        gx, gy = self.exact() / max(float(np.linalg.norm(self.exact())), 1e-12)
        return self.theta() + np.outer([-0.7, 0.7], (-gy, gx))

    # ------------------------------------------------------------ in every direction

    def circle(self) -> tuple[np.ndarray, np.ndarray]:
        turn = np.radians(np.linspace(0, 360, 121))
        return turn, np.column_stack([np.cos(turn), np.sin(turn)])

    @drawn
    def cosine(self) -> np.ndarray:
        turn, v = self.circle()
        return np.column_stack([np.degrees(turn), v @ self.exact()])

    @drawn
    def gained(self) -> np.ndarray:
        """The true change of J over h, in every direction."""
        turn, v = self.circle()
        x, y = (self.theta() + self.h * v).T
        return known(np.column_stack([np.degrees(turn), (self.formula(x, y) - self.height(self.theta())) / self.h]))

    @drawn
    def needle(self) -> np.ndarray:
        return np.array([[self.angle, self.direction() @ self.exact()]])

    @drawn
    def uphill(self) -> np.ndarray:
        gx, gy = self.exact()
        return np.array([math.degrees(math.atan2(gy, gx)) % 360]) if gx or gy else np.empty(0)

    def lobe(self, sign: int) -> np.ndarray:
        _, v = self.circle()
        return v * np.maximum(sign * (v @ self.exact()), 0)[:, None]

    @drawn
    def rising(self) -> np.ndarray:
        return self.lobe(1)

    @drawn
    def falling(self) -> np.ndarray:
        return self.lobe(-1)

    # ------------------------------------------------------------ slices

    def section(self, direction: np.ndarray) -> np.ndarray:
        s = np.linspace(-2, 2, 121)
        x, y = (self.theta() + np.outer(s, direction)).T
        return known(np.column_stack([s, self.formula(x, y)]))

    @drawn
    def along_x(self) -> np.ndarray:
        return self.section(np.eye(2)[0])

    @drawn
    def along_y(self) -> np.ndarray:
        return self.section(np.eye(2)[1])

    @drawn
    def along_v(self) -> np.ndarray:
        return self.section(self.direction())

    @drawn
    def slopes(self) -> tuple[np.ndarray, ...]:
        return self.rays([*self.exact(), self.direction() @ self.exact()])

    @drawn
    def secants(self) -> tuple[np.ndarray, ...]:
        return self.rays([*np.nan_to_num(self.by_differences(self.h))])

    def rays(self, slopes: list[float]) -> tuple[np.ndarray, ...]:
        s = np.array([-1, 1])
        return tuple(np.column_stack([s, self.height(self.theta()) + slope * s]) for slope in slopes)

    @drawn
    def nudged(self) -> np.ndarray:
        x, y = (self.theta() + self.h * np.eye(2)).T
        return known(np.column_stack([[self.h] * 2, self.formula(x, y)]))

    @drawn
    def nudged_colour(self) -> np.ndarray:
        return np.array([0, 2])[: len(self.nudged())]

    # ------------------------------------------------------------ errors

    @drawn
    def errors(self) -> tuple[np.ndarray, ...]:
        """For each coordinate, the error at every h so far."""
        h = shrunk(self.first, np.arange(self.t + 1), self.per_decade)
        x, y = self.place
        with np.errstate(all="ignore"):
            by = RULES[self.rule]
            found = by(lambda u: self.formula(u, y), x, h), by(lambda u: self.formula(x, u), y, h)
        wrong = [np.maximum(np.abs(slope - exact), 1e-17) for slope, exact in zip(found, self.exact())]
        return tuple(known(np.column_stack([h, error])) for error in wrong)

    @drawn
    def errors_x(self) -> np.ndarray:
        return self.errors()[0]

    @drawn
    def errors_y(self) -> np.ndarray:
        return self.errors()[1]

    @drawn
    def laws(self) -> tuple[np.ndarray, ...]:
        """Where the forward difference must lie: h |J_kk| / 2 by truncation, ε |J| / h by rounding."""
        h = np.geomspace(LEAST, self.first, 41)
        curved = np.abs(np.diag(self.ground.hessian(self.place))) / 2
        lines = [c * h for c in curved if np.isfinite(c) and c > 0 and self.rule == "forward"]
        lines.append(EPSILON * max(abs(self.height(self.theta())), 1e-6) / h)
        return tuple(np.column_stack([h, line]) for line in lines)

    # ------------------------------------------------------------ in words

    @drawn
    def update(self) -> Update:
        return Update(
            r"\Delta J \approx h\, v^\top \nabla J",
            {
                r"\Delta J": self.h * float(self.direction() @ self.exact()),
                "h": self.h,
                r"v^\top": self.direction(),
                r"\nabla J": self.exact(),
            },
        )

    @drawn
    def said(self) -> str:
        ahead = self.height(self.theta() + self.h * self.direction()) - self.height(self.theta())
        slope, steepest = float(self.direction() @ self.exact()), float(np.linalg.norm(self.exact()))
        found = self.by_differences(self.h)
        text = (
            f"∇J = ({', '.join(map(number, self.exact()))}), by differences ({', '.join(map(number, found))}), "
            f"for {len(found) + 1 if self.rule == 'forward' else 2 * len(found)} values of J. "
            f"Step along v: ΔJ = {number(ahead)}. "
        )
        if abs(slope) <= 0.02 * steepest:
            return text + "v runs along the level line: nothing changes."
        share = slope / steepest
        if share > 0.99:
            return text + "v points along the gradient: no direction rises faster."
        return text + f"v {'rises' if share > 0 else 'falls'} {abs(share):.0%} as steeply as the gradient rises."
