"""gradient: centres glide down the loss by its gradient, beside Lloyd's jumps from the same start."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Dataset, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.experiments.neighbours.k_means._clouds import plane
from lab.marks import Column, Curve, Dots, Equation, Field, Note, Panel, Regions, Row, Trail
from lab.maths.lloyd import loss_of, means, nearest, plus_plus

STILL = 1e-6


class Gradient(Experiment):
    pace = 6

    points = Dataset("blobs", kinds=("blobs", "moons", "ring", "uniform"), n=200, noise=0.12, help="what is clustered")
    k = Count(5, 1, 8, symbol="k", label="Centres", restarts=True, help="number of centres")
    begin = Choice(("random points", "k-means++"), restarts=True, help="where both begin")
    rate = Slider(
        0.25, 0.01, 2.2, symbol="c", limit="edges", help="marked: 1 lands on Lloyd's mean, from 2 on no centre settles"
    )
    rule = Choice(("η_j = c/(2N_j)", "η = c/(2n)"), label="Rate", help="a rate for each centre, or one for all")

    metrics = {"loss": "L", "apart": "‖μ − μ′‖"}
    fixed = ("x",)
    diverges = "With c over 2 every step of a centre overshoots its mean by more than it was away."
    prompts = (
        ("c = 1: every step of the gradient is one of Lloyd's", {"rate": 1.0, "rule": "η_j = c/(2N_j)"}),
        ("c = 1.9: past the mean and back, ever nearer", {"rate": 1.9, "rule": "η_j = c/(2N_j)"}),
        ("One rate 1/(2n) for all: k times too short", {"rate": 1.0, "rule": "η = c/(2n)"}),
        ("No pattern: borders sweep over points as the centres glide", {"points": "uniform", "rate": 0.1}),
    )
    presets = {"Glide": {"rate": 0.1}, "Lloyd exactly": {"rate": 1.0}, "Past the edge": {"rate": 2.1}}
    tiny = {"points": {"n": 40}, "k": 3, "rate": 0.05}

    panels = Row(
        Panel(
            "Data",
            Regions("territory"),
            Dots("x", colour="owner", drag="points.move", add="points.add", erase="points.erase"),
            Trail("glide"),
            Trail("jump"),
            Dots("jump", colour="names", shape="diamond", big=True),
            Dots("glide", colour="names", shape="disc", big=True),
            x="x₁",
            y="x₂",
            range_x=(-6.5, 6.5),
            range_y=(-6.5, 6.5),
            equal=True,
            detail="legend",
        ),
        Column(
            Panel("Loss", Curve("loss"), x="step t", y="L"),
            Panel("How far apart", Curve("apart"), x="step t", y="‖μ − μ′‖"),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(3, 2, 3),
        ),
        sizes=(3, 2),
    )

    def start(self) -> Metrics:
        self.x = self.points.x
        if self.k > len(self.x):
            raise Unfit("k", f"{self.k} centres need {self.k} points; there are {len(self.x)}")
        if self.begin == "k-means++":
            self.glide = plus_plus(self.x, self.k, self.rng)
        else:
            self.glide = self.x[self.rng.choice(len(self.x), self.k, replace=False)].copy()
        self.jump = self.before = self.glide
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """Lloyd: to the mean. Gradient: ∂L/∂μ_j = 2 Σ (μ_j − x_i) over its points, and a step against it."""
        self.jump = means(self.x, nearest(self.x, self.jump), self.jump, mend=False)
        self.before = self.glide
        self.glide = self.glide - self.rates()[:, None] * self.slopes(self.glide)
        if max(np.abs(self.glide - self.before).max(), np.abs(self.glide - self.jump).max()) < STILL:
            self.finish("Both stand still, and at the same places: where no mean moves, the gradient is 0.")
        return self.measured()

    def slopes(self, centres: np.ndarray) -> np.ndarray:
        """The gradient of L(μ) = Σ_i min_j ‖x_i − μ_j‖²."""
        owner = nearest(self.x, centres)
        counts = np.bincount(owner, minlength=self.k)
        sums = np.column_stack([np.bincount(owner, column, minlength=self.k) for column in self.x.T])
        return 2 * (counts[:, None] * centres - sums)

    def rates(self) -> np.ndarray:
        counts = np.bincount(nearest(self.x, self.glide), minlength=self.k)
        if self.rule == "η = c/(2n)":
            return np.full(self.k, self.rate / (2 * len(self.x)))
        return self.rate / (2 * np.maximum(counts, 1))

    def measured(self) -> Metrics:
        return {
            "loss/gradient": loss_of(self.x, self.glide),
            "loss/Lloyd": loss_of(self.x, self.jump),
            "apart": float(np.linalg.norm(self.glide - self.jump)),
        }

    def changed(self, name: str) -> None:
        if name == "points":
            self.x = self.points.x

    # ------------------------------------------------------------ pictures

    @drawn
    def territory(self) -> Field:
        grid, (x, y) = plane(100)
        return Field(nearest(grid, self.glide).reshape(100, 100), x, y)

    @drawn
    def owner(self) -> np.ndarray:
        return nearest(self.x, self.glide)

    @drawn
    def names(self) -> np.ndarray:
        return np.arange(self.k)

    @drawn
    def legend(self) -> str:
        return "○ gradient   ◇ Lloyd"

    @drawn
    def edges(self) -> tuple[float, float]:
        return 1.0, 2.0

    def fastest(self) -> int:
        return int(np.linalg.norm(self.slopes(self.glide), axis=1).argmax())

    @drawn
    def update(self) -> Update:
        """The coming step of the centre with the steepest slope."""
        j, owner = self.fastest(), self.owner()
        eta, slope = self.rates()[j], self.slopes(self.glide)[j]
        return Update(
            r"\mu_j^{+} = \mu_j - \eta_j\, g_j \\ g_j = 2 N_j (\mu_j - m_j)",
            {
                r"\mu_j^{+}": self.glide[j] - eta * slope,
                r"\mu_j": self.glide[j],
                r"\eta_j": float(eta),
                "g_j": slope,
                "N_j": int((owner == j).sum()),
                "m_j": means(self.x, owner, self.glide, mend=False)[j],
            },
        )

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if self.rule == "η = c/(2n)":
            return "One rate for all: a centre with N_j of the n points goes only the share c N_j/n of its way."
        way = "exactly to" if self.rate == 1 else f"{self.rate:.0%} of the way to"
        tail = ": it overshoots" if self.rate > 1 else ""
        return f"Each step takes a centre {way} the mean of its points{tail}. Lloyd's jumps all the way."
