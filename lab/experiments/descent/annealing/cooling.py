"""Cooling: draw how the temperature falls; your crowd, a slow one and a quenched one look for the lowest well."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row
from lab.maths.langevin import Landscape, counted, stairs, step

KNOTS = 6
COLDEST = 0.02
HOTTEST = 1.5
ETA = 0.02
SUBSTEPS = 4
BINS = 60
CROWDS = ("drawn", "c/log t", "quench")


class Cooling(Experiment):
    landscape = Choice(
        ("annealing well", "three wells, one lowest"), symbol="ℓ", restarts=True, help="the loss they descend on"
    )
    particles = Count(2000, 100, 4000, symbol="N", restarts=True, help="runs in each of the three crowds")
    begin = Slider(0.96, -1.5, 1.5, symbol="w₀", label="Start", restarts=True, help="where all of them begin")
    length = Count(900, 100, 4000, symbol="t₁", label="Length", restarts=True, help="steps until all is cold")
    slow = Slider(1.5, 0.1, 3, log=True, symbol="c", help="of the crowd that is cooled as T = c/log(t + 2)")

    metrics = {"fraction": "share in the lowest well", "temperature": "T"}
    fixed = ("ground", "edges")
    tiny = {"particles": 200}
    prompts = (
        ("Drag the curve down at once: a quench of your own", {"landscape": "annealing well"}),
        ("Hot for long, then cold: is 1/log t needed?", {"length": 2000}),
        ("c = 0.2: 1/log t, but never warm enough to climb", {"slow": 0.2}),
        ("Three wells: is the start still remembered?", {"landscape": "three wells, one lowest", "begin": 1.2}),
        ("A tenth of the time", {"length": 100}),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.ground = Landscape(self.landscape)
        self.basin = self.ground.lowest()
        self.edges = np.linspace(*self.ground.window, BINS + 1)
        self.knots = np.array([0.6, 0.55, 0.45, 0.3, 0.15, 0.03])
        self.w = np.full((len(CROWDS), self.particles), self.begin)
        return self.measured()

    def step(self) -> Metrics:
        """Four small steps of each crowd, at its temperature of now."""
        T = np.array(self.temperatures(self.t))
        for _ in range(SUBSTEPS):
            self.w = step(self.ground, self.w, ETA, np.sqrt(2 * ETA * T)[:, None], self.rng)
        if self.t + 1 == self.length:
            self.finish("All three are as cold as they get; who is in the wrong well now will hardly leave it.")
        return self.measured()

    def temperatures(self, t: float) -> tuple[float, float, float]:
        at = np.interp(t / self.length, np.linspace(0, 1, KNOTS), self.knots)
        return float(at), max(COLDEST, min(HOTTEST, self.slow / np.log(t + 2))), COLDEST

    def measured(self) -> Metrics:
        low, high = self.basin
        shares = ((low < self.w) & (self.w < high)).mean(axis=1)
        row = {f"fraction/{name}": float(share) for name, share in zip(CROWDS, shares)}
        return row | {f"temperature/{name}": T for name, T in zip(CROWDS, self.temperatures(self.t))}

    # ------------------------------------------------------------ what a person does

    @action
    def draw_cooling(self, index: int, x: float, y: float) -> None:
        """Drag a point of the cooling curve up or down."""
        if not 0 <= index < KNOTS:
            raise ValueError(f"draw_cooling: there is no point {index}; they are 0 to {KNOTS - 1}")
        knots = self.knots.copy()
        knots[index] = np.clip(y, COLDEST, HOTTEST)
        self.knots = knots

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        across = {"x": "w", "range_x": self.ground.window}
        return Row(
            Column(
                Panel(
                    "Cooling curves",
                    Line("curves", width=2),
                    Guide(x="now", tint="text"),
                    Dots("handles", shape="diamond", tint="0", big=True, drag="draw_cooling"),
                    x="step t",
                    y="T",
                    range_x=(0, float(self.length)),
                    range_y=(0, HOTTEST),
                    detail="named",
                    help="Drag the diamonds, also while it runs",
                ),
                Panel(
                    "Where they are",
                    Line("curve", label="ℓ", tint="text", width=2),
                    Line("crowd_drawn", label="drawn", tint="0", width=1.5, fill=True),
                    Line("crowd_slow", label="c/log t", tint="1", width=1.5),
                    Line("crowd_quench", label="quench", tint="2", width=1.5),
                    **across,
                    y="ℓ, and density",
                    range_y=(-0.6, 3),
                ),
            ),
            Column(
                Panel(
                    "Found the lowest well",
                    Curve("fraction"),
                    Guide(y="settled", label="Gibbs at T now", tint="text"),
                    x="step t",
                    y="share",
                    range_y=(0, 1.02),
                    help="Dashed: what the Gibbs density of the drawn crowd's temperature would hold there",
                ),
                Panel("Update", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("knots", "slow", "length"))
    def curves(self) -> tuple[np.ndarray, ...]:
        t = np.linspace(0, self.length, 200)
        levels = np.array([self.temperatures(at) for at in t])
        return tuple(np.column_stack([t, level]) for level in levels.T)

    @drawn
    def handles(self) -> np.ndarray:
        return np.column_stack([np.linspace(0, self.length, KNOTS), self.knots])

    @drawn
    def now(self) -> np.ndarray:
        return np.array([float(self.t)])

    @drawn(on=("ground",))
    def curve(self) -> np.ndarray:
        w = np.linspace(*self.ground.window, 300)
        return np.column_stack([w, self.ground.value(w)])

    def crowd(self, i: int) -> np.ndarray:
        width = self.edges[1] - self.edges[0]
        return stairs(self.edges, np.minimum(counted(self.w[i], self.edges) / width, 2.95))

    @drawn
    def crowd_drawn(self) -> np.ndarray:
        return self.crowd(0)

    @drawn
    def crowd_slow(self) -> np.ndarray:
        return self.crowd(1)

    @drawn
    def crowd_quench(self) -> np.ndarray:
        return self.crowd(2)

    @drawn
    def settled(self) -> np.ndarray:
        shares = self.ground.shares(np.array([-9.0, *np.clip(self.basin, -8, 8), 9.0]), self.temperatures(self.t)[0])
        return np.array([shares[1]])

    @drawn
    def named(self) -> str:
        return "T now: " + ", ".join(f"{T:.2f}" for T in self.temperatures(self.t))

    @drawn
    def update(self) -> Update:
        T = self.temperatures(self.t)[1]
        return Update(r"T = \frac{c}{\log(t + 2)}", {"T": T, "c": self.slow, "t": self.t})

    @drawn
    def said(self) -> str:
        row = self.measured()
        shares = ", ".join(f"{name} {row[f'fraction/{name}']:.0%}" for name in CROWDS)
        return (
            f"In the lowest well: {shares}. Gibbs at the drawn curve's temperature: {self.settled()[0]:.0%}. A crowd "
            "keeps up with Gibbs while it is warm enough to climb; what it has not found by then it never finds."
        )
