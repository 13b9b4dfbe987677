"""Jacobian: a map warps a grid, and bends less and less on a small square until it is a parallelogram."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lab.controls import Choice, Count, Formula, Point, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Arrows, Column, Curve, Equation, Guide, Handle, Layout, Line, Matrix, Note, Panel, Row, Tabs
from lab.maths.differences import derivative, shrunk

REACH = 2.0
LEAST = 1e-3
SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], dtype=float)
Lines = tuple[np.ndarray, ...]


class Jacobian(Experiment):
    pace = 3
    first_output = Formula("x + y**2/3", symbol="w₁", restarts=True, help="the first output, from x = v₁ and y = v₂")
    second_output = Formula("y + sin(2*x)/2", symbol="w₂", restarts=True, help="the second output")
    place = Point((0.5, 0.7), x=(-REACH, REACH), y=(-REACH, REACH), symbol="v", help="a corner of the square: drag it")
    first = Slider(1, 0.1, 2, symbol="h₀", label="First side", restarts=True, help="how long the square's sides are")
    per_decade = Count(40, 1, 40, label="Steps a decade", restarts=True, help="how many steps divide h by ten")
    layout_ = Choice(
        ["denominator", "numerator"],
        label="Layout",
        view=True,
        help="denominator: row i is input i, column j is output j; numerator: its transpose, as torch has it",
    )

    prompts = (
        ("Polar coordinates: how large is the area ratio at radius x?", {"first_output": "x*cos(y)",
         "second_output": "x*sin(y)", "place": [1.5, 0.5]}),
        ("Each output sees its own input alone: what shape has the Jacobian?", {"first_output": "x**2",
         "second_output": "y**2", "place": [1, 1.5]}),
        ("A mirror: why is the determinant below 0?", {"first_output": "y", "second_output": "x"}),
        ("Where the area ratio is 0 the square collapses", {"first_output": "x**2 - y**2", "second_output": "2*x*y",
         "place": [0, 0]}),
    )  # fmt: skip
    presets = {
        "Warped": {"first_output": "x + y**2/3", "second_output": "y + sin(2*x)/2"},
        "Polar": {"first_output": "x*cos(y)", "second_output": "x*sin(y)", "place": [1.5, 0.5]},
        "Complex square": {"first_output": "x**2 - y**2", "second_output": "2*x*y", "place": [0.8, 0.4]},
        "Linear: rotated and sheared": {"first_output": "x - y/2", "second_output": "x/2 + y"},
    }
    metrics = {"area": "area ratio", "h": "h"}
    random = False
    tiny = {"per_decade": 3}

    # ------------------------------------------------------------ the check

    def start(self) -> Metrics:
        outputs = (self.first_output, self.second_output)
        self.slopes = [[w.derivative(v) for w in outputs] for v in "xy"]
        if not np.isfinite([*self.map(np.array(self.place)), *self.exact().ravel()]).all():
            raise Unfit("place", "the map has no value or no slope there: put the square elsewhere")
        self.h = self.first
        return self.measured()

    def step(self) -> Metrics:
        """A smaller square; the area of its image over its own area."""
        self.h = float(shrunk(self.first, self.t + 1, self.per_decade))
        if self.h <= LEAST:
            self.finish("The square is so small that its image is a parallelogram for every eye.")
        return self.measured()

    def measured(self) -> Metrics:
        return {
            "h": self.h,
            "area/measured": area(self.image_now()) / self.h**2,
            "area/|det J|": abs(float(np.linalg.det(self.exact()))),
        }

    def map(self, v: np.ndarray) -> np.ndarray:
        """w(v) for places (…, 2)."""
        return np.stack([self.first_output(*v.T), self.second_output(*v.T)], axis=-1)

    def exact(self) -> np.ndarray:
        """∂w/∂v in denominator layout: row i is input i, column j is output j."""
        return np.array([[slope(*self.place) for slope in row] for row in self.slopes], dtype=float)

    def image_now(self) -> np.ndarray:
        """The square's image, its sides followed in many places."""
        return self.map(np.array(self.place) + self.h * outline())

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        return Column(
            Row(
                Panel(
                    "Inputs",
                    Line("grid", tint="quiet", width=1),
                    Line("square", label="square", tint="accent", width=2.5),
                    Arrows("corner", "side_x", label="h e₁", tint="0"),
                    Arrows("corner", "side_y", label="h e₂", tint="2"),
                    Handle("place", drag="place"),
                    x="x = v₁",
                    y="y = v₂",
                    range_x=(-REACH - 0.3, REACH + 0.3),
                    range_y=(-REACH - 0.3, REACH + 0.3),
                    equal=True,
                ),
                Tabs(
                    Panel(
                        "Outputs",
                        Line("warped", tint="quiet", width=1),
                        Line("image", label="image", tint="accent", width=2.5),
                        Line("parallelogram", label="J", tint="text", dashed=True),
                        Arrows("image_corner", "image_x", label="h ∂w/∂v₁", tint="0"),
                        Arrows("image_corner", "image_y", label="h ∂w/∂v₂", tint="2"),
                        x="w₁",
                        y="w₂",
                        equal=True,
                    ),
                    Panel(
                        "Outputs, magnified",
                        Guide(x="zero", y="zero"),
                        Line("image_large", label="image / h", tint="accent", width=2.5),
                        Line("parallelogram_large", label="parallelogram", tint="text", dashed=True),
                        x="Δw₁ / h",
                        y="Δw₂ / h",
                        equal=True,
                        help="the image of the square under a glass that grows as the square shrinks",
                    ),
                ),
            ),
            Row(
                Panel(
                    "Area ratio",
                    Curve("area", against="h", log_x=True),
                    x="side h",
                    y="area / h²",
                    log_x=True,
                    range_x=(-3, 0.3),
                ),
                Panel(
                    "Jacobian",
                    Matrix("table", rows="rows", columns="columns"),
                    Matrix("found", rows="rows"),
                    detail="shape",
                    help="above by the rules of differentiation, below by differences with this h",
                ),
                Panel("Linear map", Equation("update"), Note("said")),
                sizes=(3, 2, 3),
            ),
            sizes=(5, 4),
        )

    def laid_out(self, jacobian: np.ndarray) -> np.ndarray:
        return jacobian if self.layout_ == "denominator" else jacobian.T

    @drawn
    def table(self) -> np.ndarray:
        return self.laid_out(self.exact())

    @drawn
    def found(self) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.nan_to_num(self.laid_out(derivative(self.map, self.place, self.h, "forward")))

    @drawn
    def rows(self) -> tuple[str, ...]:
        return ("v₁", "v₂") if self.layout_ == "denominator" else ("w₁", "w₂")

    @drawn
    def columns(self) -> tuple[str, ...]:
        return ("w₁", "w₂") if self.layout_ == "denominator" else ("v₁", "v₂")

    @drawn
    def shape(self) -> str:
        return "inputs down" if self.layout_ == "denominator" else "outputs down"

    @drawn
    def grid(self) -> Lines:
        s, at = np.linspace(-REACH, REACH, 41), np.linspace(-REACH, REACH, 9)
        across = [np.column_stack([s, np.full(41, c)]) for c in at]
        return (*across, *(line[:, ::-1].copy() for line in across))

    @drawn(on=("first_output", "second_output"))
    def warped(self) -> Lines:
        lines = [self.map(line) for line in self.grid()]
        return tuple(line[np.isfinite(line).all(axis=1)] for line in lines)

    @drawn
    def square(self) -> np.ndarray:
        return np.array(self.place) + self.h * SQUARE

    @drawn
    def corner(self) -> np.ndarray:
        return np.array([self.place])

    @drawn
    def side_x(self) -> np.ndarray:
        return np.array([[self.h, 0]])

    @drawn
    def side_y(self) -> np.ndarray:
        return np.array([[0, self.h]])

    @drawn
    def image(self) -> np.ndarray:
        return finite(self.image_now())

    @drawn
    def image_corner(self) -> np.ndarray:
        return self.map(np.array(self.place))[None]

    @drawn
    def image_x(self) -> np.ndarray:
        return self.h * self.exact()[:1]

    @drawn
    def image_y(self) -> np.ndarray:
        return self.h * self.exact()[1:]

    @drawn
    def parallelogram(self) -> np.ndarray:
        """Δw = (∂w/∂v)ᵀ Δv for the corners."""
        return self.map(np.array(self.place)) + self.h * SQUARE @ self.exact()

    @drawn
    def image_large(self) -> np.ndarray:
        return finite((self.image_now() - self.map(np.array(self.place))) / self.h)

    @drawn
    def parallelogram_large(self) -> np.ndarray:
        return SQUARE @ self.exact()

    @drawn
    def zero(self) -> np.ndarray:
        return np.zeros(1)

    @drawn
    def update(self) -> Update:
        change = self.h * self.exact()[0]
        return Update(
            r"\Delta w \approx \left(\frac{\partial w}{\partial v}\right)^{\!\top} \Delta v",
            {r"\Delta w": change, r"\Delta v": (self.h, 0.0)},
        )

    @drawn
    def said(self) -> str:
        determinant = float(np.linalg.det(self.exact()))
        ratio = area(self.image_now()) / self.h**2
        turned = " It is below 0: the map turns the square over." if determinant < 0 else ""
        return (
            f"The image has {ratio:.4g} times the area of the square, and det J = {determinant:.4g}.{turned} "
            "A nudge of input i moves the outputs by row i of ∂w/∂v, which is an edge of the parallelogram."
        ).replace("-", "−")


def outline(n: int = 24) -> np.ndarray:
    """Places all round the unit square."""
    s = np.linspace(0, 1, n + 1)[:-1, None]
    sides = [a + s * (b - a) for a, b in pairwise(SQUARE)]
    return np.concatenate([*sides, SQUARE[:1]])


def area(ring: np.ndarray) -> float:
    """What a closed line encloses (the shoelace rule), reckoned from its first place lest digits are lost."""
    x, y = (ring - ring[0]).T
    return abs(float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))) / 2


def finite(places: np.ndarray) -> np.ndarray:
    return places[np.isfinite(places).all(axis=1)]
