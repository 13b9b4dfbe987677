"""One axis at a time: two small steps along the axes, in either order, beside one step along both."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Point, Slider
from lab.experiment import Experiment, Metrics, Stages, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, Handle, Heat, Line, Note, Panel, Row
from lab.maths.planes import terrain
from lab.maths.surfaces import SURFACES, Surface, ravine

TILTED = Surface(
    name="plane",
    title="Plane",
    latex="x + 2 y",
    f=lambda x, y: x + 2 * y,
    gradient=lambda x, y: (1 + 0 * x, 2 + 0 * y),
    curvatures=lambda x, y: (0, 0, 0),
)
STARTS = {"ravine": (-2.4, 1.6), "plane": (2.2, 2.4), "bowl": (-2.4, 1.6), "Himmelblau": (0.0, 0.0)}
RATES = {"ravine": 0.25, "plane": 0.1, "bowl": 0.1, "Himmelblau": 0.01}
RECENT = 60  # places of a path that are drawn
WALKERS = ("θ₁, θ₂", "θ₂, θ₁", "both")


class Axes(Experiment):
    pace = 3
    surface = Choice(tuple(STARTS), symbol="J", restarts=True, help="what they step on")
    tilt = Slider(
        30, -90, 90, symbol="φ", restarts=True, when={"surface": ("ravine",)}, help="the valley's angle, in degrees"
    )
    begin = Point(STARTS["ravine"], x=(-5, 5), y=(-5, 5), symbol="θ₀", label="Start", restarts=True, help="drag it")
    rate = Slider(0.25, 0.001, 1, log=True, symbol="η", help="how far each step goes")

    prompts = (
        ("On a plane: does the order matter?", {"surface": "plane"}),
        ("The valley along an axis: where do they part?", {"surface": "ravine", "tilt": 0}),
        ("Tilt it: now the first step changes the second slope", {"surface": "ravine", "tilt": 45}),
        ("Half the rate: a quarter of the difference", {"surface": "ravine", "tilt": 30, "rate": 0.125}),
    )
    metrics = {"loss": "J", "apart": "Δ", "law": "η² |J₁₂ ∂J|"}
    random = False
    fixed = ("ground",)

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"begin": STARTS[value], "rate": RATES[value]} if name == "surface" else {}

    def start(self) -> Metrics:
        self.ground = {"plane": TILTED, "ravine": ravine(5, self.tilt)}.get(self.surface) or SURFACES[self.surface]
        self.theta = np.array([self.begin] * 3)
        self.corners = self.theta.copy()  # where each stood half-way through its step
        self.before = self.theta.copy()
        self.paths = self.theta[:, None]  # of each walker, corners and ends, the latest
        self.apart = self.law = np.zeros(2)
        return {f"loss/{name}": self.height(place) for name, place in zip(WALKERS, self.theta)}

    def step(self) -> Stages:
        """Each walker: −η ∂J/∂θ₁ and −η ∂J/∂θ₂, the second of them where the first has led; or both at once."""
        e = np.eye(2)
        one, two, both = self.before = self.theta
        halves = one - self.rate * self.slope(one) * e[0], two - self.rate * self.slope(two) * e[1]
        joint = both - self.rate * self.slope(both)
        self.corners = np.array([*halves, joint])
        self.walk(self.corners)
        yield "first axis"
        ends = (
            halves[0] - self.rate * self.slope(halves[0]) * e[1],
            halves[1] - self.rate * self.slope(halves[1]) * e[0],
        )
        self.walk(np.array([*ends, joint]))
        from_joint = [
            np.linalg.norm(ends[i] - (self.before[i] - self.rate * self.slope(self.before[i]))) for i in (0, 1)
        ]
        cross = abs(self.ground.hessian(one)[0, 1]), abs(self.ground.hessian(two)[0, 1])
        self.apart = np.array(from_joint)
        self.law = self.rate**2 * np.array([cross[0] * abs(self.slope(one)[0]), cross[1] * abs(self.slope(two)[1])])
        if max(np.abs(self.slope(place)).max() for place in self.theta) < 1e-9:
            self.finish("All three have arrived.")
        elif not np.isfinite(self.theta).all() or np.abs(self.theta).max() > 1e3:
            self.finish("They have left the picture for good.")
        row = {f"loss/{name}": self.height(place) for name, place in zip(WALKERS, self.theta)}
        return (
            row
            | {f"apart/{name}": float(gap) for name, gap in zip(WALKERS[:2], self.apart)}
            | {"law": float(self.law[0])}
        )

    def walk(self, to: np.ndarray) -> None:
        self.theta = to
        self.paths = np.concatenate([self.paths, to[:, None]], axis=1)[:, -RECENT:]

    def slope(self, theta: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.array(self.ground.gradient(*theta), dtype=float)

    def height(self, theta: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            return float(self.ground.f(*theta))

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        ground = self.ground
        positive = bool(ground.minima)
        return Row(
            Panel(
                "Surface",
                Heat("landscape", log=ground.log),
                Line("first_bends", label=WALKERS[0], tint="0", width=2.5),
                Line("second_bends", label=WALKERS[1], tint="1", width=2.5),
                Line("diagonals", label=WALKERS[2], tint="2", width=2.5),
                Dots("theta", colour="order"),
                Handle("begin", drag="begin", label="start"),
                x="θ₁",
                y="θ₂",
                range_x=ground.x,
                range_y=ground.y,
                equal=True,
                help="Two of them turn a corner within each step, the third goes straight",
            ),
            Column(
                Panel("Loss", Curve("loss", log_y=positive), x="step t", y="J"),
                Panel(
                    "Apart",
                    Curve("apart", "law", log_y=positive, colours="colours"),
                    x="step t",
                    y="Δ",
                    help="how far two steps along the axes end from the joint step, and the law for θ₁ then θ₂",
                ),
                Panel("Step", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("surface", "tilt"))
    def landscape(self) -> Field:
        return Field(*terrain(self.ground))

    @drawn
    def colours(self) -> dict[str, int]:
        return {**{name: i for i, name in enumerate(WALKERS)}, "law": 3}

    @drawn
    def order(self) -> np.ndarray:
        return np.arange(3)

    @drawn
    def first_bends(self) -> np.ndarray:
        return self.paths[0]

    @drawn
    def second_bends(self) -> np.ndarray:
        return self.paths[1]

    @drawn
    def diagonals(self) -> np.ndarray:
        return self.paths[2]

    @drawn
    def update(self) -> Update:
        place = self.before[0]
        return Update(
            r"\Delta\theta_1 = -\eta\, J_1 \qquad \Delta\theta_2 = -\eta\, J_2 \\ "
            r"\Delta\theta_1 + \Delta\theta_2 = -\eta\, \nabla J",
            {
                r"\eta": self.rate,
                "J_1": self.slope(place)[0],
                "J_2": self.slope(self.corners[0])[1],
                r"\nabla J": self.slope(self.before[2]),
            },
        )

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if not self.t:
            return "All three begin at one place. The first two turn a corner in each step, the third cuts it."
        if not self.law.any() and self.apart.max() < 1e-9:
            return (
                "The two steps add up to the joint one, whichever comes first: no slope changes along the other axis."
            )
        return (
            f"The corner ends {self.apart[0]:.2g} from the joint step, and the law η² |J₁₂ ∂J/∂θ₁| gives "
            f"{self.law[0]:.2g}: the first step has changed the slope of the second."
        )
