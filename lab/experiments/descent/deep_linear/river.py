"""River: all networks of loss below a water level, flooded from one minimum, and a walk along it at loss 0."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, Heat, Line, Note, Panel, Row, Tabs, Trail
from lab.maths.deep_linear import bends, height, rivers, slope

REACH = 2.6
GRID = 201
LONGEST = 240  # steps of the walk from end to end


class River(Experiment):
    water = Slider(0.1, 0.005, 1, log=True, symbol="ε", label="Water level", help="what has a lower loss is flooded")
    L = Slider(1, 0.2, 2, symbol="L*", restarts=True, label="Target", help="what the product a·b has to be")
    seeds = Count(60, 1, 200, symbol="n", label="Random starts", restarts=True, help="how far is each from the river?")
    spread = Slider(0.8, 0.05, 1.5, symbol="s", restarts=True, help="size of the random starts")
    rate = Slider(0.02, 0.002, 0.1, log=True, symbol="η", label="Rate", help="of gradient descent from those starts")

    metrics = {"walk": "ℓ on the way", "curvature": "of the Hessian"}
    tiny = {"seeds": 8}
    prompts = (
        ("Raise the water to the saddle, L*²/2: the two rivers join", {"water": 0.55}),
        ("Low water: the valley is as long, and much thinner", {"water": 0.01}),
        ("Tiny starts: all are near the saddle, and go to the middle", {"spread": 0.1}),
        ("A larger target lifts the saddle between the rivers", {"L": 2.0, "water": 0.6}),
    )
    presets = {"Two rivers": {}, "One lake": {"water": 0.55}, "From tiny starts": {"spread": 0.1}}

    # ------------------------------------------------------------ the walk

    def start(self) -> Metrics:
        self.s = np.log(REACH / np.sqrt(self.L)) * 0.98
        self.farthest = self.s
        self.begun = self.theta = self.spread * self.rng.standard_normal((self.seeds, 2))
        self.walked = np.zeros(self.seeds)
        self.place_boat()
        return self.measured()

    def place_boat(self) -> None:
        """a = √L* C and b = C⁻¹ √L*, with C = exp(s): the product is L* wherever C is."""
        C = np.exp(self.s)
        self.boat = np.sqrt(self.L) * np.array([[C, 1 / C]])

    def step(self) -> Metrics:
        self.s = self.farthest * (1 - 2 * min(self.t + 1, LONGEST) / LONGEST)
        self.place_boat()
        move = -self.rate * slope(self.theta, self.L, 0)
        self.theta = self.theta + move
        self.walked = self.walked + np.hypot(*move.T)
        if self.t + 1 >= LONGEST:
            self.finish("From end to end of the river without once leaving loss 0.")
        return self.measured()

    def shortcut(self) -> np.ndarray:
        """Straight from the first end of the river to its other end, as far as the boat is along it."""
        ends = np.sqrt(self.L) * np.exp(np.array([self.farthest, -self.farthest]))
        share = (self.farthest - self.s) / (2 * self.farthest)
        return ends + share * (ends[::-1] - ends)

    def measured(self) -> Metrics:
        low, high = np.linalg.eigvalsh(bends(self.boat[0], self.L, 0))
        return {
            "walk/along C(s)": round(float(height(self.boat[0], self.L, 0)), 12),
            "walk/straight": float(height(self.shortcut(), self.L, 0)),
            "curvature/across": float(high),
            "curvature/along": round(float(low), 12),
        }

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        plane = {"x": "a", "y": "b", "range_x": (-REACH, REACH), "range_y": (-REACH, REACH)}
        return Row(
            Panel(
                "River of minima",
                Heat("flood", levels=0, colours="cividis"),
                Line("minima", label="loss 0", tint="text", width=2),
                Line("straight", label="straight", tint="warn", dashed=True),
                Dots("saddle", shape="cross", tint="quiet", big=True),
                Trail("boat"),
                Dots("short", tint="warn", shape="square", big=True),
                Dots("theta", tint="accent", shape="disc"),
                Dots("boat", tint="text", shape="triangle", big=True),
                **plane,
                equal=True,
                detail="lakes",
                help="Flooded from the boat: yellow is joined to it below the level ε, the other river is paler",
            ),
            Column(
                Tabs(
                    Panel("Along the river", Curve("walk"), x="step t", y="ℓ", help="The midpoint test fails"),
                    Panel("Curvatures", Curve("curvature"), x="step t", y="λ(H)"),
                ),
                Panel(
                    "Nearest minimum",
                    Line("shortest", label="no way is shorter", tint="quiet", dashed=True),
                    Dots("lengths", tint="accent", shape="disc"),
                    x="distance to the nearest minimum",
                    y="walked",
                    detail="mean_distance",
                    help="How far each random start was from the river, and how far gradient descent has walked",
                ),
                Panel("Walk", Equation("update"), Note("said")),
                sizes=(5, 5, 4),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("water", "L"))
    def flood(self) -> Field:
        """2 where water of this level reaches from the boat's river, 1 where another lake is, 0 where it is dry."""
        along = np.linspace(-REACH, REACH, GRID)
        wet = height(np.stack(np.meshgrid(along, along), axis=-1), self.L, 0) < self.water
        middle = int(np.argmin(np.abs(along - np.sqrt(self.L))))
        reached = np.zeros_like(wet)
        reached[middle, middle] = wet[middle, middle]
        while True:
            spread = reached.copy()
            spread[1:] |= reached[:-1]
            spread[:-1] |= reached[1:]
            spread[:, 1:] |= spread[:, :-1].copy()
            spread[:, :-1] |= spread[:, 1:].copy()
            spread &= wet
            if (spread == reached).all():
                return Field(wet + 1.0 * reached, (-REACH, REACH), (-REACH, REACH))
            reached = spread

    @drawn
    def lakes(self) -> str:
        joined = self.water > self.L**2 / 2
        return f"saddle at {self.L**2 / 2:.3g}: {'one lake' if joined else 'two rivers'}"

    @drawn(on=("L",))
    def minima(self) -> tuple[np.ndarray, ...]:
        return rivers(self.L, REACH)

    @drawn(on=("L",))
    def straight(self) -> np.ndarray:
        ends = np.sqrt(self.L) * np.exp(np.array([self.farthest, -self.farthest]))
        return np.array([ends, ends[::-1]])

    @drawn
    def saddle(self) -> np.ndarray:
        return np.zeros((1, 2))

    @drawn
    def short(self) -> np.ndarray:
        return self.shortcut()[None]

    @drawn(on=("begun", "L"))
    def nearest(self) -> np.ndarray:
        """From each start to the nearest place of the hyperbola."""
        line = np.concatenate(rivers(self.L, 3 * REACH, 1200))
        return np.sqrt(((self.begun[:, None] - line) ** 2).sum(axis=-1).min(axis=1))

    @drawn
    def lengths(self) -> np.ndarray:
        return np.column_stack([self.nearest(), self.walked])

    @drawn
    def shortest(self) -> np.ndarray:
        most = float(self.nearest().max())
        return np.array([[0.0, 0.0], [most, most]])

    @drawn
    def mean_distance(self) -> str:
        return f"{self.nearest().mean():.3g} away on average"

    @drawn
    def update(self) -> Update:
        a, b = self.boat[0]
        C = float(np.exp(self.s))
        return Update(
            r"C = e^{s} \\ (\sqrt{L^*}\, C)\,(C^{-1} \sqrt{L^*}) = L^*",
            {"C": C, "s": float(self.s), r"\sqrt{L^*}\, C": a, r"C^{-1} \sqrt{L^*}": b, "L^*": self.L},
        )

    @drawn
    def said(self) -> str:
        low, high = np.linalg.eigvalsh(bends(self.boat[0], self.L, 0))
        there = int(np.sum(height(self.theta, self.L, 0) < 1e-4))
        middle = float(height(self.straight().mean(axis=0), self.L, 0))
        return (
            f"The loss stays 0: along the river the curvature is {round(abs(low), 12):g}, across it {high:.3g}. "
            f"Half way straight across the loss is {middle:.2g}, so it is not convex. "
            f"{there} of {self.seeds} starts have come down."
        )
