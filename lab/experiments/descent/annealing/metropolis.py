"""Metropolis: propose, and accept by a coin; beside Langevin it comes to the same Gibbs density, and to it exactly."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Line, Note, Panel, Row
from lab.maths.langevin import LANDSCAPES, Landscape, counted, metropolis, stairs, step

BINS = 50


class Metropolis(Experiment):
    landscape = Choice(list(LANDSCAPES), symbol="ℓ", restarts=True, help="the loss, which is the energy")
    particles = Count(1000, 50, 10_000, symbol="N", restarts=True, help="walkers of each kind")
    begin = Slider(0.96, -1.8, 1.8, symbol="w₀", label="Start", restarts=True, help="where all of them begin")
    heat = Slider(0.4, 0.05, 2, log=True, symbol="T", label="Temperature", help="of both")
    reach = Slider(0.6, 0.02, 3, log=True, symbol="s", help="standard deviation of what Metropolis proposes")
    rate = Slider(0.02, 0.001, 0.1, log=True, symbol="η", help="step of Langevin")

    metrics = {"distance": "total variation from Gibbs", "accepted": "share accepted"}
    fixed = ("ground", "edges")
    tiny = {"particles": 200}
    prompts = (
        ("Tiny proposals: nearly all accepted, and slow", {"reach": 0.05}),
        ("Huge proposals: few accepted; slow again?", {"reach": 3}),
        ("A large η: Langevin settles beside Gibbs, Metropolis on it", {"rate": 0.08, "landscape": "bowl"}),
        ("Cold: who crosses the barrier?", {"heat": 0.12, "reach": 1.5}),
    )

    def start(self) -> Metrics:
        self.ground = Landscape(self.landscape)
        self.edges = np.linspace(*self.ground.window, BINS + 1)
        self.w = np.full(self.particles, self.begin)
        self.langevin = self.w.copy()
        self.sum = np.zeros((2, BINS))
        self.gibbs = self.ground.shares(self.edges, self.heat)
        self.goes, self.before = np.zeros(self.particles, dtype=bool), self.w
        return self.measured()

    def step(self) -> Metrics:
        """Metropolis: go with probability min(1, exp(−Δℓ/T)). Langevin: downhill, and a kick of √(2ηT)."""
        self.before = self.w
        self.w, self.goes = metropolis(self.ground, self.w, self.heat, self.reach, self.rng)
        self.langevin = step(self.ground, self.langevin, self.rate, np.sqrt(2 * self.rate * self.heat), self.rng)
        seen = np.array([counted(self.w, self.edges), counted(self.langevin, self.edges)])
        self.sum = self.sum + 0.02 * (seen - self.sum) if self.t else seen  # of about the last fifty steps
        return self.measured()

    def changed(self, name: str) -> None:
        self.gibbs = self.ground.shares(self.edges, self.heat)

    def measured(self) -> Metrics:
        met, lang = (np.abs(p - self.gibbs).sum() / 2 for p in self.sum)
        row = {"distance/Metropolis": float(met), "distance/Langevin": float(lang)} if self.sum.any() else {}
        return row | {"accepted": float(self.goes.mean())}

    def panels(self) -> marks.Layout:
        across = {"x": "w", "range_x": self.ground.window}
        return Row(
            Column(
                Panel(
                    "Walkers",
                    Line("curve", tint="text", width=2),
                    Dots("walkers", colour="went"),
                    **across,
                    y="ℓ(w)",
                    range_y=(-0.7, 3),
                    help="Metropolis. Orange: refused its proposal and stayed; blue: went",
                ),
                Panel(
                    "Against Gibbs",
                    Line("metropolis_outline", label="Metropolis", tint="0", width=1.5),
                    Line("langevin_outline", label="Langevin", tint="1", width=1.5),
                    Line("density", label="Gibbs", tint="text"),
                    **across,
                    y="density",
                    help="Over about the last fifty steps",
                ),
            ),
            Column(
                Panel("Distance from Gibbs", Curve("distance"), x="step t", y="total variation", log_y=True),
                Panel("Accepted", Curve("accepted"), x="step t", y="share", range_y=(0, 1)),
                Panel("One proposal", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("ground",))
    def curve(self) -> np.ndarray:
        w = np.linspace(*self.ground.window, 300)
        return np.column_stack([w, self.ground.value(w)])

    @drawn
    def walkers(self) -> np.ndarray:
        w = np.clip(self.w[:200], *self.ground.window)
        return np.column_stack([w, self.ground.value(w)])

    @drawn
    def went(self) -> np.ndarray:
        return self.goes[:200].astype(int)

    def outline(self, i: int) -> np.ndarray:
        return stairs(self.edges, self.sum[i] / (self.edges[1] - self.edges[0]))

    @drawn
    def metropolis_outline(self) -> np.ndarray:
        return self.outline(0)

    @drawn
    def langevin_outline(self) -> np.ndarray:
        return self.outline(1)

    @drawn
    def density(self) -> np.ndarray:
        w = np.linspace(*self.ground.window, 300)
        return np.column_stack([w, self.ground.gibbs(w, self.heat)])

    @drawn
    def update(self) -> Update:
        """Of the first walker's last move; before it has gone anywhere, of staying."""
        rise = float(self.ground.value(self.w[0]) - self.ground.value(self.before[0]))
        return Update(
            r"p = \min(1, e^{-\Delta \ell / T})",
            {"p": min(1.0, float(np.exp(-rise / self.heat))), r"\Delta \ell": rise, "T": self.heat},
        )

    @drawn
    def said(self) -> str:
        row = self.measured()
        if "distance/Langevin" not in row:
            return "Both crowds stand at the start."
        return (
            f"{row['accepted']:.0%} of the proposals were accepted. From Gibbs: Metropolis "
            f"{row['distance/Metropolis']:.3f}, Langevin {row['distance/Langevin']:.3f}. "
            "Metropolis needs no gradient, and its answer has no error from η."
        )
