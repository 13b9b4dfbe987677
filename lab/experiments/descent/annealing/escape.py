"""Escape: eight temperatures in one well; the log of the time to climb out lies on a line in 1/T."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Line, Note, Panel, Row, Table
from lab.maths.langevin import Landscape, step

INVERSE = np.linspace(2, 7, 8)  # 1/T
SUBSTEPS = 12


class Escape(Experiment):
    particles = Count(250, 20, 1000, symbol="N", restarts=True, help="at each temperature")
    rate = Slider(0.01, 0.002, 0.05, log=True, symbol="η", restarts=True, help="time of one small step")

    metrics = {"time": "mean escape time", "escapes": "escapes"}
    fixed = ("ground", "law")
    tiny = {"particles": 40}
    prompts = (
        ("The coldest has hardly any escapes: is its dot to be trusted?", {"particles": 20}),
        ("More particles: the dots come to the line sooner", {"particles": 1000}),
        ("Large steps: who benefits from them?", {"rate": 0.05}),
    )

    def start(self) -> Metrics:
        self.ground = Landscape("annealing well")
        (self.goal, self.home), (self.top,) = self.ground.wells()
        self.T = 1 / INVERSE
        self.law = np.array([self.ground.escape_time(self.home, self.goal, T) for T in self.T])
        self.w = np.full((len(self.T), self.particles), self.home)
        self.time, self.escapes = 0.0, np.zeros(len(self.T))
        return {}

    def step(self) -> Metrics:
        """Twelve small steps; who is at the bottom of the other well has escaped, and is put back."""
        scale = np.sqrt(2 * self.rate * self.T)[:, None]
        for _ in range(SUBSTEPS):
            self.w = step(self.ground, self.w, self.rate, scale, self.rng)
            out = self.w < self.goal
            self.escapes = self.escapes + out.sum(axis=1)
            self.w[out] = self.home
        self.time += SUBSTEPS * self.rate
        return self.measured()

    def measured(self) -> Metrics:
        """All the time spent by all particles, over the number of escapes."""
        row = {f"escapes/T = {T:.2g}": n for T, n in zip(self.T, self.escapes)}
        spent = self.time * self.particles
        times = {f"time/T = {T:.2g}": spent / n for T, n in zip(self.T, self.escapes) if n}
        return {name: float(value) for name, value in {**row, **times}.items()}

    def found(self) -> tuple[np.ndarray, np.ndarray]:
        """1/T and the log of the mean time, where there were escapes."""
        seen = self.escapes > 0
        return INVERSE[seen], np.log(self.time * self.particles / self.escapes[seen])

    def height(self) -> float:
        return float(self.ground.value(self.top) - self.ground.value(self.home))

    def slope(self) -> float:
        """Of the line through the dots, each as heavy as its escapes are many; 0 before there are two."""
        x, y = self.found()
        sure = self.escapes[self.escapes > 0] >= 10
        return float(np.polyfit(x[sure], y[sure], 1)[0]) if sure.sum() > 2 else 0.0

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Row(
            Column(
                Panel(
                    "Escape time",
                    Line("theory", label="exact", tint="text"),
                    Line("arrhenius", label="height/T", tint="warn", dashed=True),
                    Dots("dots", tint="accent", big=True),
                    x="1/T",
                    y="log of the mean time",
                    range_x=(1.5, 7.5),
                    range_y=(0, 7),
                    detail="sloped",
                    help="Dots: measured. Orange: the slope is the height of the climb, ℓ(barrier) − ℓ(well)",
                ),
                Panel(
                    "Who is where",
                    Line("curve", tint="text", width=2),
                    Dots("some", colour="lanes"),
                    x="w",
                    y="ℓ(w)",
                    range_x=(-1.5, 1.7),
                    range_y=(-0.5, 2),
                    help="Cold to hot by colour; each at most forty of its particles",
                ),
            ),
            Column(
                Panel("By temperature", Table("rows", header="header")),
                Panel("Times as measured", Curve("time"), x="step t", y="mean time", log_y=True, shown=False),
                Panel("Law", Equation("update"), Note("said")),
                sizes=(3, 2, 2),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("law",))
    def theory(self) -> np.ndarray:
        return np.column_stack([INVERSE, np.log(self.law)])

    @drawn(on=("law",))
    def arrhenius(self) -> np.ndarray:
        last = np.log(self.law[-1])
        return np.column_stack([INVERSE, last + self.height() * (INVERSE - INVERSE[-1])])

    @drawn
    def dots(self) -> np.ndarray:
        return np.column_stack(self.found())

    @drawn
    def sloped(self) -> str:
        return f"slope {self.slope():.3f}, height {self.height():.3f}"

    @drawn(on=("ground",))
    def curve(self) -> np.ndarray:
        w = np.linspace(-1.6, 1.8, 300)
        return np.column_stack([w, self.ground.value(w)])

    @drawn
    def some(self) -> np.ndarray:
        w = self.w[::-1, :40].ravel()
        return np.column_stack([w, self.ground.value(w)])

    @drawn
    def lanes(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.T)), min(40, self.particles))

    @drawn
    def header(self) -> tuple[str, ...]:
        return ("T", "escapes", "mean time", "exact")

    @drawn
    def rows(self) -> tuple[tuple[str, ...], ...]:
        spent = self.time * self.particles
        return tuple(
            (f"{T:.3f}", f"{n:.0f}", f"{spent / n:.1f}" if n else "–", f"{law:.1f}")
            for T, n, law in zip(self.T, self.escapes, self.law)
        )

    @drawn
    def update(self) -> Update:
        """For the fourth temperature: its measured time, and the law with the height of the climb."""
        T = float(self.T[4])
        prefactor = float(self.law[4]) / np.exp(self.height() / T)
        return Update(
            r"\tau = A\, e^{\Delta \ell / T}",
            {r"\tau": float(self.law[4]), "A": prefactor, r"\Delta \ell": self.height(), "T": T},
        )

    @drawn
    def said(self) -> str:
        if not self.escapes.sum():
            return "Nobody has escaped yet. The hot ones will be first."
        cold = float(self.law[-1] / self.law[0])
        return (
            f"{self.escapes[0]:.0f} escapes at T = {self.T[0]:.2g}, {self.escapes[-1]:.0f} at {self.T[-1]:.2g}: "
            f"cooling by {self.T[0] / self.T[-1]:.2g} takes {cold:.0f} times as long. So cool as slowly as 1/log t."
        )
