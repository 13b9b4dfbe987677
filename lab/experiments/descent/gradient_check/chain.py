"""Chain: a point walks along a path over a surface, and each coordinate brings its share of the climb."""

from __future__ import annotations

import math

import numpy as np

from lab.controls import Choice, Count, Formula, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.experiments.descent.gradient_check import number
from lab.marks import Arrows, Bars, Column, Dots, Equation, Field, Heat, Layout, Line, Note, Panel, Row
from lab.maths.differences import central
from lab.maths.surfaces import typed

REACH = 3.0
H = 1e-5


class Chain(Experiment):
    pace = 3
    formula = Formula("2*x**2*y", symbol="f", restarts=True, help="the surface, in x and y")
    path_x = Formula("2*cos(s)", variables=("s",), symbol="x(s)", restarts=True, help="where the path is across")
    path_y = Formula("1 + sin(s)", variables=("s",), symbol="y(s)", restarts=True, help="where the path is upright")
    begin = Slider(-3, -6, 6, symbol="s₀", restarts=True, help="where on the path the walk begins")
    steps = Count(120, 10, 1000, restarts=True, help="steps from s₀ to s₀ + 2π")
    along = Choice(["x", "y"], view=True, label="Slice along", help="which slice through the point is drawn")

    prompts = (
        ("2x²y at (1, 3): the slope along x is 12", {"path_x": "1 + 0*s", "path_y": "3 - s", "begin": 0}),
        ("Only x moves: whose share is left?", {"path_x": "s", "path_y": "1"}),
        ("Round a bowl at one height: the shares cancel", {"formula": "x**2 + y**2", "path_x": "2*cos(s)",
         "path_y": "2*sin(s)"}),
        ("10x − 5y: raising x lifts f, raising y lowers it", {"formula": "10*x - 5*y"}),
    )  # fmt: skip
    metrics = {"share": "share", "rate": "df/ds"}
    random = False
    tiny = {"steps": 40}

    # ------------------------------------------------------------ the walk

    def start(self) -> Metrics:
        self.ground = typed(self.formula)
        self.velocity = (self.path_x.derivative("s"), self.path_y.derivative("s"))
        self.s = self.begin
        if not np.isfinite(self.shares(self.moments())).all():
            raise Unfit("formula", "it has no slope somewhere on this path: take another path, or another surface")
        return self.measured()

    def step(self) -> Metrics:
        """A little farther along the path."""
        self.s = self.begin + 2 * math.pi * (self.t + 1) / self.steps
        if self.t + 1 >= self.steps:
            self.finish("The walk is over. At every place df/ds was the sum of the shares.")
        return self.measured()

    def measured(self) -> Metrics:
        across, upright = self.shares(np.array([self.s]))[0]
        return {"share/x": across, "share/y": upright, "rate": float(central(self.f_along, self.s, H))}

    def shares(self, s: np.ndarray) -> np.ndarray:
        """∂f/∂x dx/ds and ∂f/∂y dy/ds (n, 2): their sum is df/ds."""
        slopes = self.ground.gradient(self.path_x(s), self.path_y(s))
        return np.column_stack([np.broadcast_to(f, s.shape) * v(s) for f, v in zip(slopes, self.velocity)])

    def f_along(self, s: float) -> float:
        return float(self.formula(self.path_x(s), self.path_y(s)))

    def moments(self) -> np.ndarray:
        return self.begin + np.linspace(0, 2 * math.pi, 121)

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        plane = {"x": "x", "y": "y", "range_x": (-REACH, REACH), "range_y": (-REACH, REACH)}
        return Row(
            Column(
                Panel(
                    "Path",
                    Heat("field"),
                    Line("path", tint="text", dashed=True),
                    Arrows("here", "gradient", label="∇f", tint="text"),
                    Arrows("here", "way", label="velocity", tint="3"),
                    Dots("here", tint="warn", big=True),
                    **plane,
                    equal=True,
                    help="arrows are shortened to fit",
                ),
                Panel(
                    "Slice",
                    Line("slice_line", tint="accent", width=2.5),
                    Line("slice_slope", label="partial derivative", tint="quiet", dashed=True),
                    Dots("slice_here", tint="warn", big=True),
                    x="x or y",
                    y="f",
                    detail="slice_said",
                    help="the other variable is held where it is",
                ),
                sizes=(3, 2),
            ),
            Column(
                Panel(
                    "Shares",
                    Line("share_x", label="∂f/∂x dx/ds", tint="0", fill=True),
                    Line("share_y", label="∂f/∂y dy/ds", tint="2", fill=True),
                    Line("total", label="df/ds", tint="text", width=3),
                    Dots("measured_rates", tint="warn"),
                    x="s",
                    y="slope",
                    range_x=(self.begin, self.begin + 2 * math.pi),
                    help="what each coordinate brings, and their sum; dots: df/ds by differences",
                ),
                Panel("Now", Bars("stack", labels="names", colour="class"), y="slope"),
                Panel("Total derivative", Equation("update"), Note("said")),
                sizes=(3, 2, 2),
            ),
        )

    @drawn(on=("formula",))
    def field(self) -> Field:
        side = np.linspace(-REACH, REACH, 90)
        z = self.formula(*np.meshgrid(side, side))
        low, high = np.quantile(z[np.isfinite(z)], [0.02, 0.98])
        return Field(np.clip(np.nan_to_num(z, nan=high, posinf=high, neginf=low), low, high), *[(-REACH, REACH)] * 2)

    def place(self) -> np.ndarray:
        return np.array([self.path_x(self.s), self.path_y(self.s)])

    def slope(self) -> np.ndarray:
        return np.array(self.ground.gradient(*self.place()), dtype=float)

    @drawn
    def path(self) -> np.ndarray:
        return np.column_stack([self.path_x(self.moments()), self.path_y(self.moments())])

    @drawn
    def here(self) -> np.ndarray:
        return self.place()[None]

    @drawn
    def gradient(self) -> np.ndarray:
        return (self.slope() / max(1.0, float(np.linalg.norm(self.slope()))))[None]

    @drawn
    def way(self) -> np.ndarray:
        velocity = np.array([v(self.s) for v in self.velocity])
        return (velocity / max(1.0, float(np.linalg.norm(velocity))))[None]

    def walked(self) -> np.ndarray:
        return self.moments()[: 1 + round(120 * (self.s - self.begin) / (2 * math.pi))]

    @drawn
    def share_x(self) -> np.ndarray:
        return np.column_stack([self.walked(), self.shares(self.walked())[:, 0]])

    @drawn
    def share_y(self) -> np.ndarray:
        return np.column_stack([self.walked(), self.shares(self.walked())[:, 1]])

    @drawn
    def total(self) -> np.ndarray:
        return np.column_stack([self.walked(), self.shares(self.walked()).sum(axis=1)])

    @drawn
    def measured_rates(self) -> np.ndarray:
        return np.array([[s, central(self.f_along, s, H)] for s in self.walked()[::8]])

    @drawn
    def stack(self) -> np.ndarray:
        shares = self.shares(np.array([self.s]))[0]
        return np.array([*shares, shares.sum(), central(self.f_along, self.s, H)])

    @drawn
    def names(self) -> tuple[str, ...]:
        return "by x", "by y", "sum", "measured"

    # ------------------------------------------------------------ the slice through the point

    def axis(self) -> int:
        return "xy".index(self.along)

    @drawn
    def slice_line(self) -> np.ndarray:
        at = np.linspace(-REACH, REACH, 121)
        x, y = (at if k == self.axis() else np.full_like(at, self.place()[k]) for k in (0, 1))
        line = np.column_stack([at, self.formula(x, y)])
        return line[np.isfinite(line).all(axis=1)]

    @drawn
    def slice_here(self) -> np.ndarray:
        return np.array([[self.place()[self.axis()], self.f_along(self.s)]])

    @drawn
    def slice_slope(self) -> np.ndarray:
        reach = np.array([[-1.0], [1.0]])
        return self.slice_here() + reach * [1, self.slope()[self.axis()]]

    @drawn
    def slice_said(self) -> str:
        return f"∂f/∂{self.along} = {number(self.slope()[self.axis()])}"

    # ------------------------------------------------------------ in words

    @drawn
    def update(self) -> Update:
        (fx, fy), (vx, vy) = self.slope(), (v(self.s) for v in self.velocity)
        return Update(
            r"\frac{df}{ds} = \frac{\partial f}{\partial x}\, \frac{dx}{ds}"
            r" + \frac{\partial f}{\partial y}\, \frac{dy}{ds}",
            {
                r"\frac{df}{ds}": fx * vx + fy * vy,
                r"\frac{\partial f}{\partial x}": fx,
                r"\frac{dx}{ds}": vx,
                r"\frac{\partial f}{\partial y}": fy,
                r"\frac{dy}{ds}": vy,
            },
        )

    @drawn
    def said(self) -> str:
        x, y = self.shares(np.array([self.s]))[0]
        text = f"At ({number(self.place()[0])}, {number(self.place()[1])}): {number(x)} by x, {number(y)} by y. "
        if abs(x + y) < 1e-6 * max(1.0, abs(x)):
            return text + "They cancel: for a moment the walk is level."
        return text + ("Together the walk climbs." if x + y > 0 else "Together the walk goes down.")
