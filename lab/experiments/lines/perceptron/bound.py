"""the bound: inner product, length and angle inside their bounds, in any dimension and on a stream without end."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Equation, Guide, Note, Panel, Row


class Bound(Experiment):
    pace = 60
    dimension = Count(10, 2, 100, symbol="d", restarts=True, help="numbers in each x; the bound does not depend on it")
    margin = Slider(0.1, 0.02, 0.6, symbol="ρ", restarts=True, help="no sample is nearer than this to the true plane")
    source = Choice(
        ["fresh stream", "the same points"],
        restarts=True,
        help="a new sample at each step, or a training set met again and again, in turn",
    )
    n = Count(100, 5, 1000, restarts=True, when={"source": ("the same points",)}, help="points in the training set")

    metrics = {
        "mistakes": "k",
        "bound": "R²/ρ²",
        "inner": "⟨w*, w⟩",
        "floor": "kρ",
        "length": "|w|²",
        "ceiling": "kR²",
        "cosine": "cos(w, w*)",
        "least": "√k ρ/R",
    }
    fixed = ("star", "X")
    prompts = (
        ("A hundred dimensions instead of two: does the bound move?", {"dimension": 100, "margin": 0.1}),
        ("A wide gap: how soon do mistakes die out?", {"margin": 0.5}),
        ("A narrow gap: is the bound ever reached?", {"margin": 0.03, "dimension": 2}),
        ("One set of points, again and again", {"source": "the same points", "margin": 0.05}),
    )
    tiny = {"n": 20}

    panels = Row(
        Column(
            Panel(
                "Mistakes",
                Curve("mistakes", "bound"),
                x="samples seen t",
                y="mistakes k",
                detail="counted",
                help="mistakes made on samples never met before flatten below R²/ρ², however long the stream",
            ),
            Panel("Proof", Equation("update"), Note("said")),
            sizes=(3, 2),
        ),
        Column(
            Panel("Inner product grows at least so", Curve("inner", "floor", against="mistakes"), x="mistakes k"),
            Panel("Length grows at most so", Curve("length", "ceiling", against="mistakes"), x="mistakes k"),
            Panel(
                "So the angle closes",
                Guide(y="one"),
                Curve("cosine", "least", against="mistakes"),
                x="mistakes k",
                help="a cosine cannot pass 1, the dashed line, so mistakes must end",
            ),
        ),
        sizes=(1, 1),
    )

    def start(self) -> Metrics:
        self.star = np.eye(self.dimension)[0]  # any direction is as good as another
        self.X = self.samples(self.n)
        self.w = np.zeros(self.dimension)
        self.k, self.since = 0, 0  # mistakes, and samples seen since the last one
        return self.measured()

    def samples(self, n: int) -> np.ndarray:
        """Points of length R = 1 at least ρ from the plane: |⟨w*, x⟩| from ρ to 1, mostly near ρ."""
        across = self.margin + (1 - self.margin) * self.rng.beta(1, 3, n)
        rest = self.rng.normal(size=(n, self.dimension - 1))
        rest *= (np.sqrt(1 - across**2) / np.linalg.norm(rest, axis=1))[:, None]
        return np.column_stack([across * self.rng.choice([-1, 1], n), rest])

    def step(self) -> Metrics:
        """y = sign⟨w*, x⟩; on a mistake w ← w + y x. A score of 0 is a mistake."""
        x = self.samples(1)[0] if self.source == "fresh stream" else self.X[self.t % self.n]
        y = np.sign(self.star @ x)
        self.since += 1
        if y * (self.w @ x) <= 0:
            self.w = self.w + y * x
            self.k, self.since = self.k + 1, 0
        if self.source != "fresh stream" and self.since >= self.n:
            self.finish("A whole round without a mistake: every point is on its own side.")
        return self.measured()

    def measured(self) -> Metrics:
        k, rho, norm = self.k, self.margin, float(np.linalg.norm(self.w))
        row = {"mistakes": float(k), "bound": 1 / rho**2}
        row |= {"inner": float(self.star @ self.w), "floor": k * rho}
        row |= {"length": norm**2, "ceiling": float(k)}
        if k:
            row |= {"cosine": float(self.star @ self.w) / norm, "least": float(np.sqrt(k)) * rho}
        return row

    # ------------------------------------------------------------ pictures

    @drawn
    def one(self) -> float:
        return 1.0

    @drawn
    def counted(self) -> str:
        return f"{self.k} ≤ {1 / self.margin**2:.4g}"

    @drawn
    def update(self) -> Update:
        length = float(np.linalg.norm(self.w))
        numbers = {"k": self.k, r"\rho": self.margin, "R": 1.0, "a": float(self.star @ self.w), "b": length}
        return Update(r"k\,\rho \leq a \leq b \leq \sqrt{k}\,R \\ k \leq R^2 / \rho^2", numbers)

    @drawn
    def said(self) -> str:
        if self.finished:
            return f"{self.finished} {self.k} mistakes sufficed, in {self.dimension} dimensions."
        if not self.since:
            return "A mistake: ⟨w*, w⟩ (a) gains at least ρ, while |w|² gains at most R², so |w| (b) cannot keep ahead."
        return f"No mistake for {self.since} samples. With R = 1 at most {1 / self.margin**2:.0f} are possible at all."
