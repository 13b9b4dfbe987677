"""landscape: two centres on a line, and the loss over both of them, with its mirror minima."""

from __future__ import annotations

import numpy as np

from lab.controls import Point, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, Handle, Heat, Line, Note, Panel, Row, Surface, Tabs, Trail
from lab.maths.lloyd import loss_of, means, nearest

GRID = 120
REACH = 5.0


class Landscape(Experiment):
    pace = 6

    begin = Point(
        (-4.0, -3.0),
        x=(-REACH, REACH),
        y=(-REACH, REACH),
        symbol="μ₁, μ₂",
        label="Start",
        restarts=True,
        help="where the two centres begin: drag it in the landscape",
    )
    rate = Slider(0.15, 0.01, 2.2, symbol="c", limit="edges", help="the gradient's rate η_j = c/(2N_j); 1 is Lloyd's")
    gap = Slider(4, 0, 7, restarts=True, help="between the middles of the two groups of points")

    metrics = {"loss": "L"}
    fixed = ("x",)
    diverges = "With c over 2 every step of a centre overshoots its mean by more than it was away."
    prompts = (
        ("Start across the diagonal: the other minimum is the same clustering", {"begin": (-3.0, -4.0)}),
        ("Both centres in one place: they share all points and stay together", {"begin": (2.0, 2.0)}),
        ("One group only: where are the minima now?", {"gap": 0}),
        ("c = 1: the slide becomes Lloyd's jumps", {"rate": 1.0}),
    )
    presets = {"Slide": {"rate": 0.1}, "Jump": {"rate": 1.0}}

    def start(self) -> Metrics:
        noise = self.rng.normal(size=40) * 0.7
        self.x = (np.repeat([-0.5, 0.5], 20) * self.gap + noise)[:, None]
        self.slide = self.jump = np.array(self.begin)
        self.both = np.array([self.slide, self.jump])
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """Lloyd to the means; the gradient the share c of the way."""
        self.jump = self.mean_of(self.jump)
        self.slide = self.slide - self.rate * (self.slide - self.mean_of(self.slide))
        self.both = np.array([self.slide, self.jump])
        return self.measured()

    def mean_of(self, centres: np.ndarray) -> np.ndarray:
        column = centres[:, None]
        return means(self.x, nearest(self.x, column), column, mend=False)[:, 0]

    def measured(self) -> Metrics:
        return {
            "loss/gradient": loss_of(self.x, self.slide[:, None]),
            "loss/Lloyd": loss_of(self.x, self.jump[:, None]),
        }

    # ------------------------------------------------------------ pictures

    panels = Row(
        Tabs(
            Panel(
                "Loss over both centres",
                Heat("height", levels=16),
                Line("mirror", tint="quiet", dashed=True),
                Trail("both"),
                Dots("runners", colour="names", labels="called", big=True),
                Handle("begin", drag="begin", label="start"),
                x="μ₁",
                y="μ₂",
                range_x=(-REACH, REACH),
                range_y=(-REACH, REACH),
                equal=True,
                help="on the dashed line μ₁ = μ₂; across it the landscape is its own mirror image",
            ),
            Panel("In three dimensions", Surface("height"), x="μ₁", y="μ₂", still=True),
        ),
        Column(
            Panel(
                "Points on the line",
                Dots("on_line", colour="owner"),
                Dots("centres", colour="pair", shape="star", big=True),
                x="x",
                range_x=(-REACH, REACH),
                range_y=(-1, 1),
            ),
            Panel("Loss", Curve("loss"), x="step t", y="L"),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(2, 3, 3),
        ),
        sizes=(3, 2),
    )

    @drawn(on=("x",))
    def height(self) -> Field:
        axis = np.linspace(-REACH, REACH, GRID)
        d2 = (self.x - axis) ** 2  # (n, GRID)
        z = np.minimum(d2[:, None, :], d2[:, :, None]).sum(axis=0)
        return Field(z, (-REACH, REACH), (-REACH, REACH))

    @drawn(on=())
    def mirror(self) -> np.ndarray:
        return np.array([[-REACH, -REACH], [REACH, REACH]])

    @drawn
    def runners(self) -> np.ndarray:
        return np.clip(self.both, -REACH, REACH)

    @drawn
    def names(self) -> np.ndarray:
        return np.arange(2)

    @drawn
    def called(self) -> tuple[str, str]:
        return ("gradient", "Lloyd")

    @drawn
    def edges(self) -> tuple[float, float]:
        return 1.0, 2.0

    @drawn
    def owner(self) -> np.ndarray:
        return nearest(self.x, self.slide[:, None])

    @drawn
    def on_line(self) -> np.ndarray:
        return np.column_stack([self.x[:, 0], np.zeros(len(self.x))])

    @drawn
    def centres(self) -> np.ndarray:
        return np.column_stack([np.clip(self.slide, -REACH, REACH), np.full(2, 0.5)])

    @drawn
    def pair(self) -> np.ndarray:
        return np.arange(2)

    @drawn
    def update(self) -> Update:
        counts = np.bincount(self.owner(), minlength=2)
        to = self.mean_of(self.slide)
        return Update(
            r"\mu_1^{+} = \mu_1 - \eta_1 \cdot 2 N_1 (\mu_1 - m_1)",
            {
                r"\mu_1^{+}": float(self.slide[0] - self.rate * (self.slide[0] - to[0])),
                r"\mu_1": float(self.slide[0]),
                r"\eta_1": self.rate / (2 * max(int(counts[0]), 1)),
                "N_1": int(counts[0]),
                "m_1": float(to[0]),
            },
        )

    @drawn
    def said(self) -> str:
        counts = np.bincount(self.owner(), minlength=2)
        if counts.min() == 0:
            return "One centre has no points: its slope is 0, and along its axis the landscape is flat."
        if np.abs(self.slide - self.mean_of(self.slide)).max() < 1e-3:
            return "A minimum. With the two names exchanged, its mirror image is the same clustering."
        return f"The gradient slides; Lloyd jumps. The points are shared {counts[0]} to {counts[1]}."
