"""Weights: points that are trusted more pull the line harder; R² as two areas, and the band about the line."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Column, Curve, Dots, Equation, Line, Note, Panel, Row, Tabs
from lab.maths.least_squares import Array, design
from lab.maths.linear_fits import deviation, half_band, r_squared, weighted

MADE, FOUR = "made", "four points"
EQUAL, BY_NOISE, BY_HAND = "all 1", "1/σ²", "by hand"
FITS = ("unweighted", "weighted")
HEAVY = 9.0
SQUARE = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)])
TRUTH = np.array([1.0, 0.8])
WIDTH, TALL = 10.0, 16.0


class Weighted(Experiment):
    pace = 4

    data = Choice(
        [MADE, FOUR], restarts=True, help="made from a line and a noise, or x = 0, 1, 2, 3 and y = 1, 2, 2, 4"
    )
    weights = Choice([BY_NOISE, EQUAL, BY_HAND], symbol="w", help="by hand: a right click on a point makes it 9 or 1")
    n = Count(18, 4, 120, symbol="n", restarts=True, when={"data": (MADE,)}, help="points")
    noise = Slider(0.6, 0.05, 2, symbol="σ₀", when={"data": (MADE,)}, help="deviation of y at x = 0")
    fan = Slider(0.5, 0, 1, symbol="h", when={"data": (MADE,)}, help="σ(x) = σ₀(1 + h x): at 0 the same everywhere")
    level = Slider(
        0.95, 0.5, 0.99, label="Level", help="share of samples whose band should hold the true line at x = 0"
    )

    metrics = {"spread": "sd of slopes", "theory": "sd in theory", "held": "share that held"}
    fixed = ("x",)
    diverges = "The noise is too large."
    prompts = (
        ("Play: new samples. Which slope trembles less?", {"data": MADE, "fan": 1.0, "weights": BY_NOISE}),
        ("A band from equal weights at x = 0: does it hold 95 in 100?", {"weights": EQUAL, "fan": 1.0}),
        ("The same noise everywhere: weights and no weights agree", {"fan": 0.0, "weights": BY_NOISE}),
        ("Four points: right-click the last, it counts nine times", {"data": FOUR, "weights": BY_HAND}),
    )
    presets = {
        "Noise that fans out": {"data": MADE, "fan": 1.0},
        "The same noise everywhere": {"data": MADE, "fan": 0.0},
        "Four points": {"data": FOUR, "weights": EQUAL},
    }
    tiny = {"n": 8}

    sums: Array  # of both slopes, and of their squares
    inside: list[float]  # how many bands held the truth

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        self.x = np.arange(4.0) if self.data == FOUR else np.linspace(0, WIDTH, self.n)
        self.X = design(self.x)
        self.hand = np.ones(len(self.x))
        if self.data == FOUR:
            self.y = np.array([1.0, 2.0, 2.0, 4.0])
        else:
            self.sample()
        self.forget()
        return {}

    def step(self) -> Metrics:
        """A new sample of the same noise: both lines are fitted again, and the bands put to the test."""
        if self.data == FOUR:
            self.finish("Four points are all there is: no truth is known to draw others from.")
            return {}
        self.sample()
        self.samples += 1
        slopes = np.array([self.fitted(w)[1] for w in self.both()])
        self.sums = self.sums + np.array([slopes, slopes**2])
        for i, w in enumerate(self.both()):
            off = abs(float(self.fitted(w)[0] - TRUTH[0]))
            self.inside[i] += off <= float(half_band(self.X, self.y, w, np.array([[1.0, 0.0]]), self.level)[0])
        return self.measured()

    def sample(self) -> None:
        self.y = self.X @ TRUTH + self.sigma() * self.rng.standard_normal(len(self.x))

    def sigma(self) -> Array:
        return self.noise * (1 + self.fan * self.x) if self.data == MADE else np.ones(len(self.x))

    def chosen(self) -> Array:
        """The weights, their mean made 1 where they come from the noise."""
        if self.weights == BY_NOISE:
            return self.sigma() ** -2 / (self.sigma() ** -2).mean()
        return self.hand if self.weights == BY_HAND else np.ones(len(self.x))

    def both(self) -> tuple[Array, Array]:
        return np.ones(len(self.x)), self.chosen()

    def fitted(self, w: Array) -> Array:
        return weighted(self.X, self.y, w)

    def measured(self) -> Metrics:
        mean, square = self.sums / self.samples
        spread = np.sqrt(np.maximum(square - mean**2, 0))
        row: Metrics = {}
        for i, (name, w) in enumerate(zip(FITS, self.both())):
            if self.samples > 1:
                row[f"spread/{name}"] = float(spread[i])
            row[f"held/{name}"] = self.inside[i] / self.samples
            row[f"theory/{name}"] = float(deviation(self.X, w, self.sigma())[1])
        return row | {"held/level": self.level}

    def forget(self) -> None:
        self.samples, self.sums, self.inside = 0, np.zeros((2, 2)), [0.0, 0.0]

    def changed(self, name: str) -> None:
        """Shares and spreads are counted anew."""
        self.forget()

    @action
    def move(self, index: int, x: float, y: float) -> None:
        """Drag a point up or down; its x stays."""
        if not 0 <= index < len(self.y):
            raise ValueError(f"move: there are points 0 to {len(self.y) - 1}, none with number {index}")
        self.y = np.where(np.arange(len(self.y)) == index, np.clip(y, -50, 50), self.y)

    @action
    def weigh(self, index: int) -> None:
        """Right-click a point: it weighs 9, or 1 again; all others keep theirs."""
        if not 0 <= index < len(self.y):
            raise ValueError(f"weigh: there are points 0 to {len(self.y) - 1}, none with number {index}")
        other = HEAVY if self.hand[index] == 1 else 1.0
        self.hand = np.where(np.arange(len(self.y)) == index, other, self.hand)
        self.weights = BY_HAND
        self.forget()

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        made = self.data == MADE
        window = {"range_x": (-0.5, 10.5) if made else (-0.7, 3.7), "range_y": (-4.0, TALL) if made else (-0.5, 5.0)}
        data = Panel(
            "Data",
            Line("band", label="band", tint="accent", width=1.5),
            *((Line("truth", label="truth", tint="quiet", dashed=True),) if made else ()),
            Line("plain", label="unweighted", tint="warn", width=2.5),
            Line("line", label="weighted", tint="accent", width=3),
            Dots("points", size="sizes", tint="text", shape="disc", drag="move", erase="weigh"),
            x="x",
            y="y",
            **window,
            detail="share_said",
            help="A point's size is its weight. Drag it up or down; a right click makes it weigh 9, or 1",
        )
        trials = Tabs(
            Panel("Spread of the slope", Curve("spread"), Curve("theory", faint=True), x="samples", y="sd of θ₁"),
            Panel("Held at x = 0", Curve("held"), x="samples", y="share", range_y=(0.0, 1.05)),
        )
        return Row(
            Column(data, trials, sizes=(6, 4)) if made else data,
            Column(
                Row(
                    Panel(
                        "SST",
                        Line("mean_line", tint="quiet", dashed=True),
                        Line("total_squares", tint="warn", width=1.5),
                        Dots("points", size="sizes", tint="text", shape="disc"),
                        equal=True,
                        detail="total_said",
                        help="a square on each point's distance from the mean, its side times the root of the weight",
                    ),
                    Panel(
                        "SSE",
                        Line("line", tint="accent", width=2),
                        Line("error_squares", tint="warn", width=1.5),
                        Dots("points", size="sizes", tint="text", shape="disc"),
                        equal=True,
                        detail="error_said",
                        help="the same about the line",
                    ),
                ),
                Row(
                    Panel(
                        "Areas",
                        Line("whole", label="SST", tint="quiet", width=3),
                        Line("part", label="SSE", tint="warn", width=3),
                        equal=True,
                        help="All squares of either picture put together as one; what is outside the small one is R²",
                    ),
                    Panel("Fit", Equation("update"), Note("said")),
                    sizes=(4, 5),
                ),
                sizes=(5, 6),
            ),
        )

    @drawn
    def points(self) -> Array:
        return np.column_stack([self.x, self.y])

    @drawn
    def sizes(self) -> Array:
        """Areas as the weights, the heaviest being 1."""
        w = self.chosen()
        return 0.12 + 0.88 * np.sqrt(w / w.max()) if np.ptp(w) else np.full(len(w), 0.4)

    def ends(self) -> Array:
        return np.array([-1.0, WIDTH + 1]) if self.data == MADE else np.array([-1.0, 4.0])

    def over(self, theta: Array) -> Array:
        return np.column_stack([self.ends(), design(self.ends()) @ theta])

    @drawn
    def line(self) -> Array:
        return self.over(self.fitted(self.chosen()))

    @drawn
    def plain(self) -> Array:
        return self.over(self.fitted(np.ones(len(self.x))))

    @drawn
    def truth(self) -> Array:
        return self.over(TRUTH)

    @drawn
    def band(self) -> tuple[Array, Array]:
        at = design(np.linspace(self.ends()[0], self.ends()[1], 61))
        middle, half = at @ self.fitted(self.chosen()), half_band(self.X, self.y, self.chosen(), at, self.level)
        return np.column_stack([at[:, 1], middle - half]), np.column_stack([at[:, 1], middle + half])

    def measures(self) -> tuple[float, float, float]:
        w = self.chosen()
        return r_squared(self.y, self.X @ self.fitted(w), w)

    def mean(self) -> float:
        return float(np.average(self.y, weights=self.chosen()))

    @drawn
    def mean_line(self) -> Array:
        return np.column_stack([self.ends(), [self.mean(), self.mean()]])

    def squares(self, base: Array) -> tuple[Array, ...]:
        """A square on each distance from `base`, its side times √w, turned towards the middle of the picture."""
        sides = np.sqrt(self.chosen()) * (self.y - base)
        away = np.where(self.x < self.x.mean(), 1, -1) * np.abs(sides)
        return tuple(
            np.array([(x, b), (x, b + s), (x + a, b + s), (x + a, b), (x, b)])
            for x, b, s, a in zip(self.x, base, sides, away)
        )

    @drawn
    def total_squares(self) -> tuple[Array, ...]:
        return self.squares(np.full(len(self.x), self.mean()))

    @drawn
    def error_squares(self) -> tuple[Array, ...]:
        return self.squares(self.X @ self.fitted(self.chosen()))

    @drawn
    def total_said(self) -> str:
        return f"area {self.measures()[2]:.4g}"

    @drawn
    def error_said(self) -> str:
        return f"area {self.measures()[1]:.4g}"

    @drawn
    def share_said(self) -> str:
        return f"R² = {self.measures()[0]:.4g}".replace("-", "−")

    @drawn
    def whole(self) -> Array:
        return SQUARE * np.sqrt(self.measures()[2])

    @drawn
    def part(self) -> Array:
        return SQUARE * np.sqrt(self.measures()[1])

    @drawn
    def update(self) -> Update:
        share, error, total = self.measures()
        return Update(
            r"(X^\top W X)\,\theta = X^\top W y \\ R^2 = 1 - \frac{E}{T}",
            {r"\theta": self.fitted(self.chosen()), "R^2": share, "E": error, "T": total},
        )

    @drawn
    def said(self) -> str:
        if self.data == FOUR:
            listed = ", ".join(f"{w:.3g}" for w in self.chosen())
            return (
                f"Weights {listed}. A weight of 9 counts as nine points at one place: the line must come nearer to it."
            )
        if not self.samples:
            return "σ grows with x: points on the right are rough, so they are given less weight. Play to sample again."
        plain, wise = (float(deviation(self.X, w, self.sigma())[1]) for w in self.both())
        held = [100 * count / self.samples for count in self.inside]
        return (
            f"True sd of the slope: {plain:.3g} unweighted, {wise:.3g} with these weights. Of {self.samples} bands, "
            f"{held[0]:.0f} % unweighted and {held[1]:.0f} % weighted held the truth at x = 0; "
            f"{100 * self.level:.0f} % should."
        )
