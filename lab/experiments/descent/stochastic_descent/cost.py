"""Cost: gradient descent and SGD by the number of single gradients; SGD leads until the loss is about 1/n."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Equation, Guide, Note, Panel, Row
from lab.maths.finite_sums import LeastSquares

DIMENSIONS = 20
RUNS = 10  # of SGD: the curve is their mean
TENTHS = 10  # steps to an epoch


class Cost(Experiment):
    n = Count(
        300, 20, 3000, symbol="n", label="Samples", restarts=True, help="how many; all of them make one step of GD"
    )
    batch = Count(1, 1, 100, symbol="b", label="Batch size", restarts=True, help="samples behind one step of SGD")
    decline = Slider(
        1, 0, 2, symbol="p", restarts=True, help="the data's variance falls as 1/kᵖ over its 20 directions"
    )
    residuals = Slider(1, 0, 3, symbol="s", restarts=True, help="standard deviation of what no line can fit")
    beta = Slider(
        1, 0.1, 5, log=True, symbol="β", restarts=True, help="SGD's rates are β η₁/√(1 + t/n), η₁ the largest safe"
    )

    metrics = {"loss": "ℓ − ℓ*", "evaluations": "gradients"}
    fixed = ("f",)
    diverges = "β is too large: single samples overshoot."
    tiny = {"n": 100}
    prompts = (
        ("Ten times as many samples: where do the curves cross now?", {"n": 3000}),
        ("Few samples: is SGD ever ahead?", {"n": 30}),
        ("No residuals: SGD has no floor, and stays ahead", {"residuals": 0}),
        ("One direction as good as another: GD needs few steps", {"decline": 0}),
        ("Bigger batches: between the two?", {"batch": 20}),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        spread = np.arange(1, DIMENSIONS + 1) ** (-self.decline / 2)
        X = self.rng.normal(size=(self.n, DIMENSIONS)) * spread
        wanted = self.rng.normal(size=DIMENSIONS)
        self.f = LeastSquares(X, X @ wanted + self.residuals * self.rng.normal(size=self.n))
        self.gd = np.zeros(DIMENSIONS)
        self.sgd = np.zeros((RUNS, DIMENSIONS))
        self.moves = self.evaluations = self.gd_moves = 0
        self.first, self.crossed = float(self.f.gap(self.gd)), 0.0
        return self.measured()

    def rate(self) -> float:
        """Falls as 1/√t: what the count of O(1/ε²) gradients assumes."""
        return self.beta / (self.f.L + self.f.L_max / self.batch) / np.sqrt(1 + self.moves * self.batch / self.n)

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """A tenth of an epoch: many steps of SGD, and one of GD whenever n gradients have been paid for."""
        f = self.f
        batches = self.rng.integers(f.n, size=(max(1, self.n // (TENTHS * self.batch)), RUNS, self.batch))
        for batch in batches:
            self.sgd = self.sgd - self.rate() * f.batch_gradient(self.sgd, batch)
            self.moves += 1
        self.evaluations = self.moves * self.batch
        while (self.gd_moves + 1) * f.n <= self.evaluations:
            self.gd = self.gd - f.gradient(self.gd) / f.L
            self.gd_moves += 1
        return self.measured()

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        """As a share of the first gap."""
        gd, sgd = (float(np.mean(self.f.gap(w))) / self.first for w in (self.gd, self.sgd))
        if not self.crossed and self.gd_moves and gd < sgd:
            self.crossed = gd
        row = {"loss/GD": max(gd, 1e-12), "loss/SGD": max(sgd, 1e-12)}
        return row | ({"evaluations": float(self.evaluations)} if self.evaluations else {})

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Row(
            Panel(
                "Loss by cost",
                Curve("loss", against="evaluations"),
                Guide(y="one_nth", label="1/n", tint="text"),
                Guide(y="crossing", label="crossing", tint="warn"),
                x="gradients of single samples",
                y="(ℓ − ℓ*) / first gap",
                log_x=True,
                log_y=True,
                help="Both pay the same: n gradients are one step of GD, or n/b of SGD",
            ),
            Column(
                Panel("Loss by epoch", Curve("loss"), x="tenths of an epoch", y="(ℓ − ℓ*) / first gap", log_y=True),
                Panel("Cost to ε", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    @drawn
    def one_nth(self) -> np.ndarray:
        return np.array([1 / self.f.n])

    @drawn
    def crossing(self) -> np.ndarray:
        return np.array([self.crossed] if self.crossed else [])

    @drawn
    def update(self) -> Update:
        """The two orders of cost, with ε what SGD has left."""
        left = float(np.mean(self.f.gap(self.sgd))) / self.first
        left = left if np.isfinite(left) and left > 0 else 1.0
        return Update(
            r"\frac{n}{\varepsilon} \quad \mathrm{against} \quad \frac{1}{\varepsilon^2}",
            {"n": self.f.n, r"\varepsilon": left},
        )

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.sgd).all():
            return self.diverges
        gd, sgd = (float(np.mean(self.f.gap(w))) / self.first for w in (self.gd, self.sgd))
        paid = f"{self.evaluations} gradients so far: {self.moves} steps of SGD, {self.gd_moves} of GD. "
        if self.crossed:
            return paid + f"GD came past at ε = {self.crossed:.2g}; orders of magnitude say 1/n = {1 / self.f.n:.2g}."
        return paid + f"SGD has {sgd:.2g} of the first gap left, GD {gd:.2g}."
