"""Steer: be the optimiser. Any arrow into the shaded half-plane goes down, if short enough; gradient descent races."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Point, Slider
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Arrows, Column, Curve, Dots, Equation, Field, Guide, Handle, Heat, Line, Note, Panel, Row, Trail
from lab.maths.planes import grid, terrain, within
from lab.maths.searches import Ray
from lab.maths.surfaces import SURFACES, ravine

STARTS = {"ravine": (-2.4, 0.9), "Himmelblau": (0.0, 0.0), "Rosenbrock": (0.2, -0.2), "saddle": (2.4, 0.3)}
RATES = {"ravine": 0.05, "Himmelblau": 0.01, "Rosenbrock": 0.001, "saddle": 0.05}
LINES = 34  # of the shading
PLACES = 300
FAR = 1e3  # where a person may steer to


class Steer(Experiment):
    pace = 3
    surface = Choice(tuple(STARTS), symbol="C", restarts=True, help="what both go down")
    begin = Point(STARTS["ravine"], x=(-5, 5), y=(-5, 5), symbol="θ₀", label="Start", restarts=True, help="drag it")
    rate = Slider(0.05, 1e-4, 1, log=True, symbol="η", help="step of gradient descent, and of yours times its stretch")
    angle = Slider(40, -180, 180, symbol="ω", help="degrees that your arrow is turned off −∇C; or drag its tip")
    stretch = Slider(1, 0.05, 20, log=True, symbol="k", help="how much longer your step is than that of GD")

    prompts = (
        ("Just under 90 degrees: still downhill?", {"angle": 85}),
        ("Past 90: can any length help?", {"angle": 100}),
        ("The right way, but far too long", {"angle": 0, "stretch": 2.2}),
        ("Drag the tip at each step, and beat gradient descent", {"surface": "Rosenbrock", "angle": 0}),
    )
    metrics = {"loss": "C", "inner": "⟨∇C, d⟩/(‖∇C‖‖d‖)"}
    random = False
    fixed = ("ground",)
    diverges = "Steps across the valley are too long, or lead uphill."

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"begin": STARTS[value], "rate": RATES[value]} if name == "surface" else {}

    def start(self) -> Metrics:
        self.ground = ravine(10) if self.surface == "ravine" else SURFACES[self.surface]
        self.places = np.array([self.begin, self.begin])  # you, and gradient descent
        self.fell = 0.0
        return self.measured()

    def step(self) -> Metrics:
        """You go along your arrow, gradient descent along −η ∇C."""
        before = self.height(0)
        self.places = self.places + np.array([self.yours(), -self.rate * self.gradient(1)])
        self.fell = before - self.height(0)
        if (np.abs(self.places) > FAR).any() or not np.isfinite(self.places).all():
            self.finish("One of you has left for good: too long a step, or one uphill.")
        return self.measured()

    def yours(self) -> np.ndarray:
        """d: −∇C turned by ω, and as long as k steps of gradient descent."""
        c, s = np.cos(np.radians(self.angle)), np.sin(np.radians(self.angle))
        return np.asarray(-self.rate * self.stretch * np.array([[c, -s], [s, c]]) @ self.gradient(0))

    def gradient(self, who: int) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.array(self.ground.gradient(*self.places[who]), dtype=float)

    def height(self, who: int) -> float:
        with np.errstate(all="ignore"):
            return float(self.ground.f(*self.places[who]))

    def measured(self) -> Metrics:
        return {"loss/you": self.height(0), "loss/GD": self.height(1), "inner": self.cosine()}

    def cosine(self) -> float:
        return float(-np.cos(np.radians(self.angle)))

    @action
    def point_to(self, x: float, y: float) -> None:
        """Drag the arrow's tip: it sets ω and k."""
        g, d = self.gradient(0), np.array([x, y]) - self.places[0]
        lengths = float(np.hypot(*g) * np.hypot(*d))
        if not 0 < lengths < np.inf:
            raise ValueError("point_to: drag the tip away from the place you stand, where the ground is not level")
        self.angle = np.degrees(np.arctan2(-g[0] * d[1] + g[1] * d[0], -g @ d))
        self.stretch = np.clip(np.hypot(*d) / (self.rate * np.hypot(*g)), 0.05, 20)

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        ground = self.ground
        return Row(
            Panel(
                "Surface",
                Heat("landscape", log=ground.log),
                Line("downhill", tint="text", width=0.8),
                Trail("places", labels="names"),
                Arrows("at", "gd", tint="1"),
                Arrows("at", "arrow", tint="0"),
                Handle("begin", drag="begin", label="start", tint="quiet"),
                Handle("tip", drag="point_to", label="you"),
                x="θ₁",
                y="θ₂",
                range_x=ground.x,
                range_y=ground.y,
                equal=True,
                help="Hatched: the directions d with ⟨∇C, d⟩ < 0. Drag the ring at the arrow's tip, then step",
            ),
            Column(
                Panel(
                    "Along your arrow",
                    Line("tangent", label="⟨∇C, d⟩", tint="quiet", dashed=True),
                    Line("profile", label="C", tint="accent", width=3),
                    Guide(x="one"),
                    Dots("end", tint="warn", big=True, labels="end_name"),
                    x="share of the arrow",
                    y="C, from here",
                    range_x=(0, 2),
                    range_y=(-1.6, 1.6),
                ),
                Panel("Loss", Curve("loss", log_y=ground.log or self.surface == "ravine"), x="step t", y="C"),
                Panel("Step", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("surface",))
    def landscape(self) -> Field:
        return Field(*terrain(self.ground))

    @drawn
    def names(self) -> tuple[str, ...]:
        return "you", "GD"

    @drawn
    def at(self) -> np.ndarray:
        return self.places[:1]

    @drawn
    def arrow(self) -> np.ndarray:
        return np.nan_to_num(self.yours()[None])

    @drawn
    def gd(self) -> np.ndarray:
        return np.nan_to_num(-self.rate * self.gradient(0)[None])

    @drawn
    def tip(self) -> np.ndarray:
        low, high = np.array([self.ground.x, self.ground.y], dtype=float).T
        return np.clip(np.nan_to_num(self.places[0] + self.yours()), low, high)

    @drawn
    def downhill(self) -> tuple[np.ndarray, ...]:
        """Strokes along −∇C over the half-plane that is downhill of where you stand."""
        g, place = self.gradient(0), self.places[0]
        length = np.hypot(*g)
        if not 0 < length < np.inf:
            return ()
        down, across = -g / length, np.array([g[1], -g[0]]) / length
        x, _ = grid(self.ground, 2)
        size = 1.5 * float(np.ptp(x))
        strokes = []
        for offset in np.linspace(-size, size, 2 * LINES + 1):
            line = place + offset * across + np.linspace(0, 2 * size, 400)[:, None] * down
            strokes += [part[[0, -1]] for part in within(line, self.ground.x, self.ground.y)]
        return tuple(strokes)

    def ray(self) -> Ray:
        return Ray(self.ground.f, self.ground.gradient, self.places[0], self.yours())

    def scaled(self, heights: Any) -> Any:
        """C less what it is here, in units of what the slope promises for a step of this length straight down."""
        unit = float(np.hypot(*self.gradient(0)) * np.hypot(*self.yours()))
        return np.nan_to_num((heights - self.ray().height) / max(unit, 1e-300), nan=9, posinf=9, neginf=-9)

    def line(self, heights: Any) -> tuple[np.ndarray, ...]:
        share = np.linspace(0, 2, PLACES)
        return within(np.column_stack([share, self.scaled(heights)]), (0, 2), (-1.6, 1.6))

    @drawn
    def profile(self) -> Any:
        return self.line(self.ray().value(np.linspace(0, 2, PLACES)))

    @drawn
    def tangent(self) -> Any:
        return self.line(self.ray().height + np.linspace(0, 2, PLACES) * self.ray().fall)

    @drawn
    def one(self) -> np.ndarray:
        return np.ones(1)

    @drawn
    def end(self) -> np.ndarray:
        return np.array([[1.0, np.clip(self.scaled(self.ray().value(1.0)), -1.6, 1.6)]])

    @drawn
    def end_name(self) -> tuple[str, ...]:
        return (f"C = {self.ray().value(1.0):.4g}",)

    @drawn
    def update(self) -> Update:
        return Update(
            r"\theta_{t+1} = \theta_t + d \\ \langle \nabla C, d \rangle = \nabla C \cdot d",
            {
                r"\theta_{t+1}": self.places[0] + self.yours(),
                r"\theta_t": self.places[0],
                r"\langle \nabla C, d \rangle": float(self.ray().fall),
                r"\nabla C": self.gradient(0),
                "d": self.yours(),
            },
        )

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        rise, fall = self.ray().value(1.0) - self.height(0), self.ray().fall
        if abs(fall) < 1e-12:
            way = "Here the arrow runs along a level line, or the ground is flat."
        elif fall > 0:
            way = "Your arrow leads uphill: it is on the wrong side of the level line, and no length mends that."
        elif rise > 0:
            way = f"Your arrow sets out downhill but is too long: C would rise by {rise:.3g}. A shorter one would do."
        else:
            way = f"Your arrow leads downhill: C will fall by {-rise:.3g}."
        lead = self.height(1) - self.height(0)
        ahead = "" if not self.t else f" You are {'ahead of' if lead > 0 else 'behind'} GD by {abs(lead):.3g}."
        return way + ahead
