"""Spectrum: the gradients of single samples in a small network differ along few directions only."""

from __future__ import annotations

import copy

import numpy as np

from lab import marks
from lab.controls import Count, Dataset, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, Guide, Heat, Line, Note, Panel, Row
from lab.maths.layers import Network

PLANE = (-6.5, 6.5)
SIDE = 70
LOWEST = 1e-12  # a share of the largest eigenvalue below which rounding rules


class Spectrum(Experiment):
    points = Dataset(
        "circle", kinds=("circle", "moons", "blobs", "xor"), n=60, noise=0.1, help="what the network learns"
    )
    units = Count(8, 1, 24, symbol="m", restarts=True, help="hidden units: the network has p = 4 m + 1 weights")
    rate = Slider(0.5, 0.01, 5, log=True, symbol="η", help="how far a step goes")
    batch = Count(8, 1, 200, symbol="b", label="Batch size", help="samples behind each step")

    metrics = {"loss": "ℓ", "share": "share", "directions": "count"}
    fixed = ("x", "labels", "inputs", "targets")
    diverges = "The rate is so high that the weights leave the range of numbers."
    tiny = {"points": {"n": 30}, "units": 4}
    prompts = (
        ("Few directions hold nearly all the noise: how many?", {"points": "circle"}),
        ("More weights than samples: where does the spectrum end?", {"units": 24, "points": {"n": 30}}),
        ("Two moons learned: does the noise flatten or narrow?", {"points": "moons", "units": 12}),
        ("Large batches: the covariance shrinks by b, its shape does not", {"batch": 60}),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.take_points()
        self.net = Network((2, self.units, 1), "tanh", "sigmoid", dtype=np.float64)
        self.net.draw_weights(self.rng)
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        batch = self.rng.integers(len(self.x), size=self.batch)
        self.net.backward(self.inputs[:, batch], self.targets[:, batch])
        self.net.theta -= self.rate * self.net.gradient
        return self.measured()

    @np.errstate(all="ignore")
    def sample_gradients(self) -> np.ndarray:
        """(n, p): one backward pass for each sample alone."""
        twin, rows = copy.deepcopy(self.net), []
        for i in range(len(self.x)):
            twin.backward(self.inputs[:, i : i + 1], self.targets[:, i : i + 1])
            rows.append(twin.gradient.copy())
        return np.array(rows)

    def eigenvalues(self) -> np.ndarray:
        """Of the covariance of a batch's gradient, the largest first: (1/b) (1/n) Σ (g_i − g)(g_i − g)ᵀ."""
        each = self.sample_gradients()
        off = np.nan_to_num(each - each.mean(axis=0), posinf=0, neginf=0)
        return np.linalg.svd(off, compute_uv=False) ** 2 / len(off) / self.batch

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        run = self.net.forward(self.inputs, sums=True)
        row = {"loss": float(self.net.losses(run.Z[-1], self.targets).mean())}
        if self.t % 5 == 0:  # n backward passes cost more than a step
            values = self.eigenvalues()
            total = max(float(values.sum()), 1e-300)
            shares = np.cumsum(values) / total
            row |= {"share/of the first": float(shares[0]), "share/of the first three": float(shares[:3][-1])}
            row["directions/for 99%"] = float(np.searchsorted(shares, 0.99) + 1)
        return row

    def take_points(self) -> None:
        self.x, self.labels = self.points.x, np.minimum(self.points.y, 1)
        self.inputs = np.ascontiguousarray(self.x.T) / 3
        self.targets = self.labels[None].astype(float)

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Row(
            Column(
                Panel(
                    "Spectrum",
                    Line("spectrum", tint="accent"),
                    Dots("eigenvalues_shown", tint="accent"),
                    Guide(x="rank", label="rank ≤", tint="warn"),
                    x="eigenvalue number",
                    y="eigenvalue",
                    log_y=True,
                    detail="counts",
                    help="Of the covariance of a batch's gradient. Orange: it has no more than min(n − 1, p) above 0",
                ),
                Panel("Share of the noise", Curve("share"), x="step t", y="share of variance", range_y=(0.0, 1.0)),
                sizes=(3, 2),
            ),
            Column(
                Panel(
                    "Boundary",
                    Heat("score", levels=1, colours="scores"),
                    Dots("x", colour="labels", drag="points.move", add="points.add", erase="points.erase"),
                    x="x₁",
                    y="x₂",
                    range_x=PLANE,
                    range_y=PLANE,
                    equal=True,
                ),
                Panel("Mean loss", Curve("loss"), x="step t", y="ℓ", log_y=True),
                Panel("Covariance", Equation("update"), Note("said")),
                sizes=(3, 2, 2),
            ),
            sizes=(3, 2),
        )

    @drawn
    def eigenvalues_shown(self) -> np.ndarray:
        values = self.eigenvalues()
        kept = values[values > LOWEST * max(values[0], 1e-300)]
        return np.column_stack([np.arange(1, len(kept) + 1), kept])

    @drawn
    def spectrum(self) -> np.ndarray:
        return self.eigenvalues_shown()

    @drawn
    def rank(self) -> np.ndarray:
        return np.array([min(len(self.x) - 1, self.net.theta.size)])

    @drawn
    def counts(self) -> str:
        return f"n = {len(self.x)} samples, p = {self.net.theta.size} weights"

    @drawn
    def score(self) -> Field:
        axis = np.linspace(*PLANE, SIDE)
        x, y = np.meshgrid(axis, axis)
        with np.errstate(all="ignore"):
            run = copy.deepcopy(self.net).forward(np.vstack([x.ravel(), y.ravel()]) / 3)
        return Field(2 * run.A[-1].reshape(SIDE, SIDE) - 1, PLANE, PLANE)

    @drawn
    def update(self) -> Update:
        values = self.eigenvalues_shown()[:, 1]
        return Update(
            r"C_b = \frac{1}{b}\, \frac{1}{n} \sum_i (g_i - g)(g_i - g)^\top \quad \lambda_1 = v",
            {"b": self.batch, "n": len(self.x), "v": float(values[0]) if len(values) else 0.0},
        )

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.net.theta).all():
            return self.diverges
        values = self.eigenvalues()
        shares = np.cumsum(values) / max(float(values.sum()), 1e-300)
        few = int(np.searchsorted(shares, 0.99)) + 1
        return (
            f"{few} of {self.net.theta.size} directions hold 99% of the noise, the first alone {shares[0]:.0%}. "
            "Along all the others a batch's gradient is nearly that of all samples."
        )
