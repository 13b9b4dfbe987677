"""Annealing: ten thousand runs of noisy descent in wells that you drag, and the Gibbs density they settle into."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row, Tabs
from lab.maths.langevin import LANDSCAPES, Landscape, counted, divergence, stairs, step, temperature

BINS = 60


class Annealing(Experiment):
    scenes = ("cooling", "escape", "metropolis", "noise", "flow")

    landscape = Choice(list(LANDSCAPES), symbol="ℓ", restarts=True, help="the loss; then drag its wells and barriers")
    particles = Count(10_000, 100, 10_000, symbol="N", restarts=True, help="independent runs of SGD, side by side")
    begin = Slider(0.96, -1.8, 1.8, symbol="w₀", label="Start", restarts=True, help="where all of them begin")
    rate = Slider(0.02, 0.001, 0.1, log=True, symbol="η", help="learning rate: as much a temperature as a step size")
    batch = Count(2, 1, 64, symbol="b", label="Batch size", help="samples behind each gradient: more of them cool")
    noise = Slider(10, 0, 15, symbol="σ", help="standard deviation of one sample's gradient")

    metrics = {"kl": "KL(π_t‖Gibbs)", "fraction": "share in the lowest well", "average": "mean of w so far"}
    fixed = ("ground", "edges")
    diverges = "The noise throws particles further than the wells can bring them back."
    tiny = {"particles": 500}
    presets = {
        "Several global minima": {"landscape": "three equal wells", "begin": 0},
        "Global and local minima": {"landscape": "three wells, one lowest", "begin": 0},
        "500 particles, one of them tagged": {"particles": 500},
        "A bowl: η λ is too large for Gibbs": {"landscape": "bowl", "rate": 0.1, "batch": 1, "noise": 3},
    }
    prompts = (
        ("η and b both doubled: T is the same. Is the crowd?", {"rate": 0.04, "batch": 4}),
        ("Colder, b = 6: who is left in the higher well, and for how long?", {"batch": 6, "begin": 0.96}),
        ("Hot, b = 1, σ = 12: does the lower well still matter?", {"batch": 1, "noise": 12}),
        (
            "Two equal wells, cold: how long until one run's average is 0?",
            {"landscape": "two equal wells", "batch": 4},
        ),
        ("No noise: which well do they reach, and is it Gibbs?", {"noise": 0, "begin": 0.3}),
        ("A large rate: the histogram is wider than Gibbs. Why?", {"rate": 0.1, "batch": 10}),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.take(Landscape(self.landscape))
        low, high = self.ground.window
        self.edges = np.linspace(low, high, BINS + 1)
        self.w = np.full(self.particles, self.begin)
        self.twin = self.w.copy()  # with (2η, 2b), at half as many steps: the same temperature, the same time
        self.before, self.total = float(self.w[0]), 0.0
        self.watch()
        return self.measured()

    def step(self) -> Metrics:
        """Each particle: downhill by η times the slope, and a kick whose size is η σ/√b."""
        self.before = float(self.w[0])
        self.w = step(self.ground, self.w, self.rate, self.kick(self.rate, self.batch), self.rng)
        if self.t % 2:
            self.twin = step(self.ground, self.twin, 2 * self.rate, self.kick(2 * self.rate, 2 * self.batch), self.rng)
        self.total += float(self.w[0])
        self.counted += 1
        return self.measured()

    def kick(self, eta: float, b: float) -> float:
        return eta * self.noise / np.sqrt(b)

    def T(self) -> float:
        return temperature(self.rate, self.batch, self.noise)

    def take(self, ground: Landscape) -> None:
        self.ground = ground
        self.basin = ground.lowest()

    def watch(self) -> None:
        """Measure anew against the Gibbs density of this loss at this temperature."""
        T = max(self.T(), 1e-3)
        self.gibbs = self.ground.shares(self.edges, T) + 1e-300
        self.gibbs_fraction = self.inside(self.ground.grid(), self.ground.gibbs(self.ground.grid(), T))
        self.gibbs_mean = self.ground.mean(T)
        self.total, self.counted = 0.0, 0

    def inside(self, grid: np.ndarray, p: np.ndarray) -> float:
        return float(np.trapezoid(np.where((self.basin[0] < grid) & (grid < self.basin[1]), p, 0), grid))

    def changed(self, name: str) -> None:
        self.watch()

    def measured(self) -> Metrics:
        low, high = self.basin
        row = {
            "kl/runs": max(divergence(counted(self.w, self.edges), self.gibbs), 1e-6),
            "kl/sampling noise": (BINS - 1) / (2 * self.w.size),
            "fraction/runs": float(((low < self.w) & (self.w < high)).mean()),
            "fraction/Gibbs": self.gibbs_fraction,
            "average/Gibbs": self.gibbs_mean,
            "average/all runs now": float(self.w.mean()),
        }
        if self.counted:
            row["average/tagged run"] = self.total / self.counted
        return row

    # ------------------------------------------------------------ what a person does

    @action
    def drag_well(self, index: int, x: float, y: float) -> None:
        """Drag a well or a barrier up or down."""
        if not 0 <= index < len(self.ground.places):
            raise ValueError(f"drag_well: there is no point {index}; they are 0 to {len(self.ground.places) - 1}")
        self.take(self.ground.dented(index, float(np.clip(y, -1.5, 3))))
        self.watch()

    @action
    def add_particles(self, x: float, y: float) -> None:
        """Click on empty ground: a tenth of the particles, the tagged one among them, is put there."""
        w = self.w.copy()
        w[: max(1, w.size // 10)] = np.clip(x, *self.ground.window)
        self.w, self.before = w, float(w[0])
        self.total, self.counted = 0.0, 0

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        across = {"x": "w", "range_x": self.ground.window}
        return Row(
            Column(
                Panel(
                    "Wells",
                    Line("curve", tint="text", width=2.5),
                    Dots("some", tint="quiet"),
                    Dots("bends", shape="diamond", tint="accent", big=True, drag="drag_well", add="add_particles"),
                    Dots("ball", tint="warn", big=True),
                    **across,
                    y="ℓ(w)",
                    range_y=(-0.7, 2.4),
                    detail="heat",
                    help="Drag a diamond up or down; click to put particles. Orange: one tagged run",
                ),
                Panel(
                    "Ensemble",
                    Line("histogram", label="(η, b)", tint="accent", width=1, fill=True),
                    Line("twin_outline", label="(2η, 2b)", tint="warn", width=1.5),
                    Line("density", label="Gibbs", tint="text", width=2.5),
                    **across,
                    y="density",
                    help="The share of the runs at each w, against exp(−ℓ/T)/Z. Orange: as many runs with 2η and 2b",
                ),
            ),
            Column(
                Panel(
                    "Distance from Gibbs",
                    Curve("kl"),
                    x="step t",
                    y="KL",
                    log_y=True,
                    help="It falls, until chance in N particles and the size of η are what is left",
                ),
                Tabs(
                    Panel(
                        "Lowest well",
                        Curve("fraction"),
                        x="step t",
                        y="share",
                        range_y=(0, 1),
                    ),
                    Panel(
                        "Time averages",
                        Curve("average"),
                        Guide(y="no_mean", tint="quiet"),
                        x="step t",
                        y="mean of w",
                        help="One run's mean comes to the Gibbs mean only once it has often changed wells",
                    ),
                ),
                Panel("Update", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("ground",))
    def curve(self) -> np.ndarray:
        w = np.linspace(*self.ground.window, 300)
        return np.column_stack([w, self.ground.value(w)])

    @drawn
    def bends(self) -> np.ndarray:
        return self.on_curve(self.ground.places)

    def on_curve(self, w: np.ndarray) -> np.ndarray:
        w = np.clip(w, *self.ground.window)
        return np.column_stack([w, self.ground.value(w)])

    @drawn
    def some(self) -> np.ndarray:
        return self.on_curve(self.w[1:300])

    @drawn
    def ball(self) -> np.ndarray:
        return self.on_curve(self.w[:1])

    @drawn
    def histogram(self) -> np.ndarray:
        return self.outline(self.w)

    @drawn
    def twin_outline(self) -> np.ndarray:
        return self.outline(self.twin)

    def outline(self, w: np.ndarray) -> np.ndarray:
        width = self.edges[1] - self.edges[0]
        return stairs(self.edges, np.minimum(counted(w, self.edges) / width, 6))

    @drawn
    def density(self) -> np.ndarray:
        w = np.linspace(*self.ground.window, 300)
        return np.column_stack([w, np.minimum(self.ground.gibbs(w, max(self.T(), 1e-3)), 6)])

    @drawn
    def no_mean(self) -> np.ndarray:
        return np.array([0.0])

    @drawn
    def heat(self) -> str:
        return f"T = σ²η/(2b) = {self.T():.3g}"

    @drawn
    def update(self) -> Update:
        """The tagged run's step; the noise is what is left of the move."""
        slope = float(self.ground.slope(np.array([self.before]))[0])
        kick = self.kick(self.rate, self.batch)
        xi = (float(self.w[0]) - self.before + self.rate * slope) / kick if kick and self.t else 0.0
        return Update(
            r"w^+ = w - \eta\, \ell'(w) + \frac{\eta \sigma}{\sqrt{b}}\, \xi",
            {
                "w^+": self.before - self.rate * slope + kick * xi,
                "w": self.before,
                r"\eta": self.rate,
                r"\ell'(w)": slope,
                r"\frac{\eta \sigma}{\sqrt{b}}": kick,
                r"\xi": xi,
            },
        )

    @drawn
    def said(self) -> str:
        minima, barriers = self.ground.wells()
        share = self.measured()["fraction/runs"]
        if not self.T():
            return "No noise, no temperature: every run rolls into the well it began above, and stays."
        if not len(barriers):
            exact = self.T() / (1 - self.rate / 2)
            return (
                f"In a bowl, Gibbs has the variance T = {self.T():.4g}; steps of this size give {exact:.4g}, "
                f"and the {self.w.size} runs have {self.w.var():.4g}."
            )
        heights = self.ground.value(minima)
        climb = float(self.ground.value(barriers).max() - np.sort(heights)[1])
        return (
            f"{share:.1%} of the runs are in the lowest well; Gibbs wants {self.gibbs_fraction:.1%}. "
            f"The climb out of the other is {climb:.2f} = {climb / self.T():.1f} T."
        )
