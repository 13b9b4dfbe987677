"""Convergence: terms one by one, a band of ε about the limit, and the k after which none leaves it."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row

SEQUENCES = ("1/n", "(−1)ⁿ/n", "0.8ⁿ", "θₙ of descent", "(−1)ⁿ")
LATEX = ("1/n", "(-1)^n/n", "0.8^n", r"\theta^* + (1 - 2\eta)^n\, (\theta_0 - \theta^*)", "(-1)^n")
MOST = 400


class Sequence(Experiment):
    pace = 6

    kind = Choice(SEQUENCES, symbol="sₙ", restarts=True, help="the terms; of descent: those on (x − 2)² from 4")
    epsilon = Slider(0.1, 0.005, 1, log=True, symbol="ε", help="half the width of the band")
    rate = Slider(
        0.9, 0.01, 1.2, symbol="η", restarts=True, when={"kind": ("θₙ of descent",)}, help="of the descent: try past 1"
    )

    prompts = (
        ("Halve ε: what becomes of k?", {"kind": "1/n", "epsilon": 0.05}),
        ("From both sides: does k change?", {"kind": "(−1)ⁿ/n", "epsilon": 0.1}),
        ("Shrinking by a fifth each time: how much sooner?", {"kind": "0.8ⁿ", "epsilon": 0.05}),
        ("Descent converges with η = 0.9; and with η = 1?", {"kind": "θₙ of descent", "rate": 1}),
    )
    metrics = {"term": "sₙ", "gap": "|m − sₙ|"}
    random = False
    diverges = "η is past 1 = 2/f″: the terms of this descent run away from 2."

    # ------------------------------------------------------------ one term after another

    def start(self) -> Metrics:
        self.m = 2.0 if self.kind == "θₙ of descent" else 0.0
        self.terms = self.values(np.arange(1, 2))
        return self.measured()

    def step(self) -> Metrics:
        """The next term."""
        n = self.t + 2
        self.terms = self.values(np.arange(1, n + 1))[-MOST:]
        if n >= MOST:
            self.finish(f"{MOST} terms are enough to see.")
        return self.measured()

    def values(self, n: np.ndarray) -> np.ndarray:
        n = n.astype(float)
        if self.kind == "1/n":
            return 1 / n
        if self.kind == "(−1)ⁿ/n":
            return np.cos(np.pi * n).round() / n
        if self.kind == "0.8ⁿ":
            return 0.8**n
        if self.kind == "(−1)ⁿ":
            return np.cos(np.pi * n).round()
        return 2 + (1 - 2 * self.rate) ** n * 2

    def measured(self) -> Metrics:
        gap = float(abs(self.terms[-1] - self.m))
        return {"term": float(self.terms[-1])} | ({"gap": gap} if gap > 0 else {})

    def k(self) -> int:
        """The last index so far whose term is outside the band (the least k that works, if none leaves it later)."""
        outside = np.flatnonzero(np.abs(self.terms - self.m) >= self.epsilon * (1 - 1e-12))
        return int(outside[-1]) + 1 if len(outside) else 0

    # ------------------------------------------------------------ pictures

    panels: marks.Layout = Column(
        Panel(
            "Terms",
            Line("band", label="m ± ε", tint="good", width=1.5, dashed=True),
            Guide(y="limit_m", label="m", tint="text"),
            Guide(x="k_here", label="k", tint="warn"),
            Dots("outside", tint="warn"),
            Dots("inside", tint="good"),
            x="index n",
            y="sₙ",
            detail="says_k",
            help="Green terms are nearer to m than ε, the others are not",
        ),
        Row(
            Panel("Distance", Curve("gap", log_y=True), x="step t", y="|m − sₙ|"),
            Panel("Step", Equation("update"), Note("said")),
        ),
        sizes=(3, 2),
    )

    @drawn
    def band(self) -> tuple[np.ndarray, np.ndarray]:
        right = len(self.terms) + 1
        return tuple(np.array([[0, self.m + e], [right, self.m + e]]) for e in (self.epsilon, -self.epsilon))  # type: ignore[return-value]

    @drawn
    def limit_m(self) -> np.ndarray:
        return np.array([self.m])

    @drawn
    def k_here(self) -> np.ndarray:
        return np.array([float(self.k())])

    def dots(self, within: bool) -> np.ndarray:
        n = np.arange(1, len(self.terms) + 1)
        near = np.abs(self.terms - self.m) < self.epsilon * (1 - 1e-12)
        return np.column_stack([n, self.terms])[near == within]

    @drawn
    def inside(self) -> np.ndarray:
        return self.dots(True)

    @drawn
    def outside(self) -> np.ndarray:
        return self.dots(False)

    @drawn
    def says_k(self) -> str:
        return f"ε = {self.epsilon:.3g}: k = {self.k()} so far"

    @drawn
    def update(self) -> Update:
        n = len(self.terms)
        numbers = {"s_n": float(self.terms[-1]), "n": n}
        if self.kind == "θₙ of descent":
            numbers |= {r"\theta^*": 2.0, r"\eta": self.rate, r"\theta_0": 4.0}
        return Update(rf"s_n = {LATEX[SEQUENCES.index(self.kind)]}", numbers)

    @drawn
    def said(self) -> str:
        n, k = len(self.terms), self.k()
        if k == n:
            return f"Term {n} is still {self.epsilon:.3g} or more from m = {self.m:g}: no k is found yet."
        law = (
            f" Theory: |1/n| < ε just when n > 1/ε, so k = {int(np.floor(1 / self.epsilon + 1e-9))}."
            if self.kind in SEQUENCES[:2]
            else ""
        )
        return f"All terms after k = {k} are within ε of m = {self.m:g}, as far as can be seen at n = {n}.{law}"
