"""Whitening: inputs made round by PCA or ZCA, so that the loss has round contours and descent goes straight."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, Heat, Line, Matrix, Note, Panel, Row, Tabs, Trail
from lab.maths.pca import WHITENINGS, covariance, whitener
from lab.maths.planes import ellipse

TRUE = np.array([1.0, -0.6])  # the weights behind y, on the inputs as they came
GRID = 81
LEAST = 1e-12
REACH = 6.0


class Whitening(Experiment):
    pace = 6
    method = Choice(WHITENINGS, "ZCA", restarts=True, help="what is done to the inputs first")
    correlation = Slider(0.85, -0.99, 0.99, symbol="ρ", restarts=True, help="of the two inputs")
    ratio = Slider(2, 1, 4, symbol="s₁/s₂", label="Spreads' ratio", restarts=True, help="one unit is larger")
    shift = Slider(1, 0, 2, symbol="x̄", label="Mean", restarts=True, help="how far the cloud is from the origin")
    eps = Slider(0, 0, 0.5, symbol="ε", restarts=True, help="added to the variances, so that none is blown up")
    rate = Slider(0.5, 0.05, 1, symbol="η λ₁", label="Rate", help="as a share of 1/(largest curvature), for each alike")

    metrics = {"loss": "ℓ"}
    fixed = ("raw", "x", "y")
    prompts = (
        ("Inputs as they come: a long valley, a slow path", {"method": "none", "eps": 0, "rate": 0.5}),
        ("Standardised, but still correlated", {"method": "standardise", "eps": 0, "rate": 0.5}),
        ("PCA: turned, then scaled. Round as well", {"method": "PCA", "eps": 0, "rate": 0.5}),
        ("ZCA with η = 1/λ₁: one step straight to the minimum", {"method": "ZCA", "eps": 0, "rate": 1}),
        ("Some ε: not quite round", {"method": "ZCA", "eps": 0.3, "rate": 0.5}),
    )
    presets = {name: {"method": name} for name in WHITENINGS}

    panels = Row(
        Column(
            Row(
                Panel(
                    "Inputs as they came",
                    Line("raw_ellipse", tint="text", width=1.5),
                    Dots("raw", colour="quarters", shape="disc"),
                    x="x₁",
                    y="x₂",
                    range_x=(-REACH, REACH),
                    range_y=(-REACH, REACH),
                    equal=True,
                    still=True,
                ),
                Panel(
                    "Inputs used",
                    Line("own_ellipse", tint="text", width=1.5),
                    Dots("x", colour="quarters", shape="disc"),
                    x="x̂₁",
                    y="x̂₂",
                    range_x=(-REACH, REACH),
                    range_y=(-REACH, REACH),
                    equal=True,
                    still=True,
                    detail="method",
                ),
            ),
            Panel(
                "Loss of the weights",
                Heat("landscape", levels=16),
                Trail("w"),
                Dots("minimum", shape="star", tint="warn", big=True),
                x="w₁",
                y="w₂",
                equal=True,
                detail="curvatures",
            ),
            sizes=(4, 5),
        ),
        Column(
            Panel("Loss", Curve("loss", log_y=True), x="step t", y="ℓ − ℓ*", help="each way beside the one chosen"),
            Tabs(
                Panel("Covariance", Matrix("S", rows="names", columns="names"), still=True),
                Panel("W", Matrix("W"), still=True, detail="symmetric"),
            ),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(5, 3, 5),
        ),
        sizes=(6, 5),
    )

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        z = self.rng.standard_normal((150, 2))
        mixed = np.column_stack([z[:, 0], self.correlation * z[:, 0] + np.sqrt(1 - self.correlation**2) * z[:, 1]])
        self.raw = mixed * [np.sqrt(self.ratio), 1 / np.sqrt(self.ratio)] + self.shift * np.array([1.0, 0.5])
        y = self.raw @ TRUE + 0.1 * self.rng.standard_normal(150)
        self.y = y - y.mean()
        self.x = self.inputs(self.method)
        self.ways = tuple(dict.fromkeys([self.method, "none", "standardise", "ZCA"]))
        self.weights = {way: np.array([-1.5, 1.5]) for way in self.ways}
        self.w = self.before = self.weights[self.method]
        return self.measured()

    def inputs(self, way: str) -> np.ndarray:
        """x̂ = W (x − x̄)."""
        centred = self.raw - self.raw.mean(axis=0) * (way != "none")
        return centred @ whitener(way, covariance(self.raw), self.eps).T

    def step(self) -> Metrics:
        """Gradient descent on ℓ = (1/2n) ‖X̂ w − y‖², each way with the same share of its own 1/λ₁."""
        self.before = self.w
        for way in self.ways:
            x, w = self.inputs(way), self.weights[way]
            H = x.T @ x / len(x)
            gradient = x.T @ (x @ w - self.y) / len(x)
            self.weights[way] = w - self.rate / np.linalg.eigvalsh(H)[-1] * gradient
        self.w = self.weights[self.method]
        if self.above(self.method, self.w) < LEAST:
            self.finish("At the minimum of this loss.")
        return self.measured()

    def measured(self) -> Metrics:
        return {f"loss/{way}": max(self.above(way, w), LEAST) for way, w in self.weights.items()}

    def above(self, way: str, w: np.ndarray) -> float:
        """How far the loss is above the least for these inputs."""
        x = self.inputs(way)
        best = np.linalg.lstsq(x, self.y, rcond=None)[0]
        return float(((x @ (w - best)) ** 2).mean() / 2)

    # ------------------------------------------------------------ pictures

    @drawn(on=("raw",))
    def quarters(self) -> np.ndarray:
        """Each point keeps the colour of the quarter it came from, so that it can be found again."""
        side = self.raw > np.median(self.raw, axis=0)
        return side[:, 0] + 2 * side[:, 1]

    @drawn(on=("raw",))
    def raw_ellipse(self) -> np.ndarray:
        return ellipse(self.raw.mean(axis=0), covariance(self.raw), 4.0)

    @drawn(on=("x",))
    def own_ellipse(self) -> np.ndarray:
        return ellipse(self.x.mean(axis=0), covariance(self.x), 4.0)

    @drawn(on=("x",))
    def best(self) -> np.ndarray:
        return np.linalg.lstsq(self.x, self.y, rcond=None)[0]

    @drawn(on=("x",))
    def minimum(self) -> np.ndarray:
        return self.best()[None]

    @drawn(on=("x",))
    def landscape(self) -> Field:
        reach = 1.25 * np.abs(np.array([-1.5, 1.5]) - self.best()).max()
        (low1, low2), (high1, high2) = self.best() - reach, self.best() + reach
        w1, w2 = np.meshgrid(np.linspace(low1, high1, GRID), np.linspace(low2, high2, GRID))
        off = np.stack([w1, w2], axis=-1) - self.best()
        H = self.x.T @ self.x / len(self.x)
        return Field(((off @ H) * off).sum(axis=-1) / 2, (float(low1), float(high1)), (float(low2), float(high2)))

    def bends(self) -> np.ndarray:
        return np.linalg.eigvalsh(self.x.T @ self.x / len(self.x))

    @drawn
    def curvatures(self) -> str:
        low, high = self.bends()
        return f"λ = {high:.3g}, {low:.3g}: condition {high / low:.3g}"

    @drawn(on=("x",))
    def S(self) -> np.ndarray:
        return covariance(self.x)

    @drawn
    def names(self) -> tuple[str, str]:
        return "x̂₁", "x̂₂"

    @drawn(on=("x",))
    def W(self) -> np.ndarray:
        return whitener(self.method, covariance(self.raw), self.eps)

    @drawn
    def symmetric(self) -> str:
        return f"the cloud moves by {((self.x - self.raw + self.raw.mean(axis=0)) ** 2).sum(axis=1).mean():.3g} a point"

    @drawn
    def update(self) -> Update:
        x, w = self.x, self.before
        eta = self.rate / self.bends()[-1]
        gradient = x.T @ (x @ w - self.y) / len(x)
        return Update(
            (r"\hat x = x" if self.method == "none" else r"\hat x = W (x - \bar x)") + r" \\ w' = w - \eta\, g",
            {"w'": w - eta * gradient, "w": w, r"\eta": eta, "g": gradient},
        )

    @drawn
    def said(self) -> str:
        low, high = self.bends()
        if self.finished:
            others = ", ".join(
                f"{way} {self.above(way, w):.2g}" for way, w in self.weights.items() if way != self.method
            )
            return f"At the minimum after {self.t} steps. The others are above theirs by: {others}."
        slow = 1 - self.rate * low / high
        if high / low < 1.05:
            how = "turned, then scaled" if self.method == "PCA" else "scaled along its own axes, not turned"
            straight = f"so is the loss, and descent goes straight. An error shrinks by {slow:.2g} a step."
            return f"The cloud is round, {how}: {straight}"
        valley = f"The valley is {np.sqrt(high / low):.2g} times as long as wide"
        return f"{valley}. Along it an error shrinks by only {slow:.3g} a step."
