"""Momentum: Nesterov's momentum speeds gradient descent up, but hardly SGD with small batches."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Equation, Guide, Line, Note, Panel, Row
from lab.maths.finite_sums import LeastSquares, noise_of

N, RUNS = 64, 40
LANES = ("GD", "GD + Nesterov", "SGD", "SGD + Nesterov")


class MomentumNoise(Experiment):
    batch = Count(
        2, 1, N, symbol="b", label="Batch size", help="samples behind a step of SGD, none twice: at n it is GD"
    )
    kappa = Slider(100, 2, 1000, log=True, symbol="κ", restarts=True, help="how ill-conditioned the loss is")
    residuals = Slider(0.3, 0, 2, symbol="s", restarts=True, help="standard deviation of what the line cannot fit")
    safety = Slider(
        1, 0.1, 1, symbol="c", label="Share of the rate", help="of the largest rate that is safe for the batch"
    )

    metrics = {"gap": "E ℓ − ℓ*", "advantage": "ratio"}
    fixed = ("f",)
    diverges = "Momentum adds up the noise of small batches until the steps grow."
    prompts = (
        ("b = n: SGD is GD, and momentum pays in full", {"batch": N}),
        ("b = 1: what is left of momentum's advantage?", {"batch": 1}),
        ("A rounder bowl: is there anything to gain?", {"kappa": 4}),
        ("No residuals: is it the noise at the minimum that spoils it?", {"residuals": 0, "batch": 2}),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        X = self.rng.normal(size=(N, 2))
        X = X @ np.linalg.inv(np.linalg.cholesky(X.T @ X / N)).T * np.sqrt([1, 1 / self.kappa])
        self.f = LeastSquares(X, X @ np.array([1.0, -1.0]) + self.residuals * self.rng.normal(size=N))
        begin = self.f.minimiser + np.array([2.0, 10.0])
        self.w = np.tile(begin, (4, RUNS, 1))
        self.previous = self.w  # for the lanes with momentum
        return self.measured()

    def momentum(self) -> float:
        """(√κ − 1) / (√κ + 1), for a strongly convex loss."""
        root = np.sqrt(self.kappa)
        return float((root - 1) / (root + 1))

    def rate(self) -> float:
        """The largest for which a step is sure to help: 1/(L σ_b), which is 1/L for all samples."""
        part = (N - self.batch) / (self.batch * (N - 1))
        return self.safety / (self.f.L * (1 + (noise_of(self.f, 1.05).sigma - 1) * part))

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """Nesterov looks ahead, v = w + ρ (w − w₋), and steps from there; a plain lane has ρ = 0."""
        rho = self.momentum() * np.array([0, 1, 0, 1])[:, None, None]
        ahead = self.w + rho * (self.w - self.previous)
        batches = np.argsort(self.rng.random((RUNS, N)), axis=1)[:, : self.batch]
        full, noisy = self.f.gradient(ahead[:2]), self.f.batch_gradient(ahead[2:], batches)
        rates = np.array([1 / self.f.L] * 2 + [self.rate()] * 2)[:, None, None]
        self.previous, self.w = self.w, ahead - rates * np.concatenate([full, noisy])
        return self.measured()

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        gaps = np.maximum(self.f.gap(self.w).mean(axis=1), 1e-12)
        row = {f"gap/{name}": float(gap) for name, gap in zip(LANES, gaps)}
        return row | {"advantage/GD": float(gaps[0] / gaps[1]), "advantage/SGD": float(gaps[2] / gaps[3])}

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Row(
            Panel(
                "Four ways",
                Curve("gap"),
                Line("law_gd", label="e^(−2t/κ)", tint="quiet", dashed=True, width=1.5),
                Line("law_nesterov", label="e^(−t/√κ)", tint="text", dashed=True, width=1.5),
                x="step t",
                y="E ℓ − ℓ*",
                log_y=True,
                range_y=(-7.0, 3.0),
                detail="rates",
                help="The mean of 40 runs. Dashed: the laws of GD and of Nesterov's momentum without noise",
            ),
            Column(
                Panel(
                    "Advantage",
                    Curve("advantage"),
                    Guide(y="one"),
                    x="step t",
                    y="gap without / with momentum",
                    log_y=True,
                    range_y=(-2.0, 6.0),
                    help="Above 1 momentum is ahead",
                ),
                Panel("Update", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    def law(self, per_step: float) -> np.ndarray:
        t = np.array([0, max(20, self.t)])
        first = float(self.f.gap(self.f.minimiser + np.array([2.0, 10.0])))
        return np.column_stack([t, first * np.maximum(np.exp(-per_step * t), 1e-12)])

    @drawn
    def law_gd(self) -> np.ndarray:
        return self.law(2 / self.kappa)

    @drawn
    def law_nesterov(self) -> np.ndarray:
        return self.law(1 / np.sqrt(self.kappa))

    @drawn
    def one(self) -> np.ndarray:
        return np.ones(1)

    @drawn
    def rates(self) -> str:
        return f"η = 1/L for GD, {self.rate() * self.f.L:.2g}/L for SGD"

    @drawn
    def update(self) -> Update:
        """The mean run of SGD with momentum, its next step."""
        w, before, rho = self.w[3].mean(axis=0), self.previous[3].mean(axis=0), self.momentum()
        return Update(
            r"v_t = w_t + \rho\, (w_t - w_{t-1}) \\ w_{t+1} = v_t - \eta\, \nabla \ell_b(v_t)",
            {"v_t": w + rho * (w - before), "w_t": w, r"\rho": rho, "w_{t-1}": before, r"\eta": self.rate()},
        )

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.w).all():
            return self.diverges
        gaps = self.f.gap(self.w).mean(axis=1)
        gd, sgd = gaps[0] / max(gaps[1], 1e-12), gaps[2] / max(gaps[3], 1e-12)
        return (
            f"With momentum the gap of GD is {gd:.2g} times smaller, that of SGD (b = {self.batch}) {sgd:.2g} times. "
            "Momentum also remembers the noise of past batches."
        )
