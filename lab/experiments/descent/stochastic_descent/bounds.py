"""Bounds: twenty runs fall to a ball of noise, as the theorem allows; and what one step can promise."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Count, Slider, Switch
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Histogram, Line, Note, Panel, Row, Tabs
from lab.maths.finite_sums import LeastSquares, Noise, noise_of

RUNS = 20
SAMPLES = 60
SQUARES = np.logspace(-4, 2.5, 80)  # of the gradient


class Bounds(Experiment):
    rate = Slider(0.05, 0.0005, 1, log=True, symbol="η", limit="limits", help="marked: 1/(L σ), where the bound ends")
    batch = Count(
        1, 1, SAMPLES, symbol="b", label="Batch size", help="samples behind each step, drawn with replacement"
    )
    kappa = Slider(2, 1, 100, log=True, symbol="κ", restarts=True, help="condition number of the data's covariance")
    residuals = Slider(0.5, 0, 3, symbol="s", restarts=True, help="standard deviation of what the line cannot fit")
    away = Slider(3, 0, 6, symbol="r₀", label="Start", restarts=True, help="how far from w* all runs begin")
    uneven = Switch(False, restarts=True, label="Uneven sampling", help="large x come more often: g is biased then")
    frozen = Switch(False, view=True, label="Freeze w", help="the panels on one step show the place below, not run 1's")
    place = Slider(0.5, 0, 3, view=True, symbol="r", label="Frozen at", help="how far from w* the frozen w is")

    metrics = {"gap": "ℓ − ℓ*", "run": "ℓ − ℓ*"}
    fixed = ("f",)
    diverges = "The rate is over what the largest samples allow: their steps overshoot by more than the last."
    prompts = (
        ("Halve η: the floor halves, but the way there takes twice as long", {"rate": 0.025}),
        ("Batches of ten: the floor is a tenth. Which term of the bound is not?", {"batch": 10}),
        ("All points on the line: no floor at all", {"residuals": 0}),
        ("Freeze w near w*: do all samples' steps still lower the loss?", {"rate": 0.1}),
        ("Draw large samples more often: where does the mean path end now?", {"uneven": True}),
        ("κ = 50: does the bound still tell the truth, or only a truth?", {"kappa": 50}),
    )
    presets = {
        "Text 4: down to a ball of noise": {"rate": 0.05, "batch": 1},
        "Large batches": {"rate": 0.05, "batch": 20},
        "No noise at the minimum": {"residuals": 0},
    }

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.f = self.samples()
        chances = np.linalg.norm(self.f.X, axis=1) if self.uneven else np.ones(SAMPLES)
        self.chances = chances / chances.sum()
        self.w = np.tile(self.f.minimiser + self.away * direction(0.6), (RUNS, 1))
        self.bound = float(self.f.gap(self.w[0]))
        return self.measured()

    def samples(self) -> LeastSquares:
        """Rows x_i with the covariance diag(1, 1/κ), and y_i = x_i · (1, −1) + s ε_i."""
        X = self.rng.normal(size=(SAMPLES, 2))
        X = X @ np.linalg.inv(np.linalg.cholesky(X.T @ X / SAMPLES)).T * np.sqrt([1, 1 / self.kappa])
        return LeastSquares(X, X @ np.array([1.0, -1.0]) + self.residuals * self.rng.normal(size=SAMPLES))

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """Every run a mini-batch of its own; the bound shrinks by 1 − η m towards its floor."""
        batches = self.rng.choice(SAMPLES, size=(RUNS, self.batch), p=self.chances)
        self.w = self.w - self.rate * self.f.batch_gradient(self.w, batches)
        self.bound = self.floor() + (1 - self.rate * self.f.m) * (self.bound - self.floor())
        return self.measured()

    def noise(self) -> Noise:
        return noise_of(self.f).of_batch(self.batch)

    def floor(self) -> float:
        """η L σ₀ / (2m), σ₀ being that of the batch."""
        return self.rate * self.f.L * self.noise().sigma0 / (2 * self.f.m)

    def holds(self) -> bool:
        return self.rate <= 1 / (self.f.L * self.noise().sigma) and not self.uneven

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        gaps = np.maximum(self.f.gap(self.w), 1e-12)
        if not self.holds():
            self.bound = float(gaps.mean())  # begins again from here once the rate is small enough
        row = {"gap/mean": float(gaps.mean())} | {f"run/{i}": float(gap) for i, gap in enumerate(gaps)}
        if self.holds():
            row |= {"gap/bound": self.bound, "gap/floor of the bound": max(self.floor(), 1e-12)}
        return row

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Row(
            Column(
                Panel(
                    "Twenty runs",
                    Curve("run", faint=True),
                    Curve("gap", colours="colours"),
                    x="step t",
                    y="ℓ(w) − ℓ*",
                    log_y=True,
                    range_y=(-4.0, 2.0),
                    detail="condition",
                    help="Theorem 11.3: E ℓ − ℓ* ≤ η L σ₀/(2m) + (1 − η m)ᵗ (what is left of the first gap)",
                ),
                Panel("Bound", Equation("update"), Note("said")),
                sizes=(3, 2),
            ),
            Column(
                Panel(
                    "One step",
                    Histogram("changes", bins=24),
                    Guide(x="mean_change", label="mean", tint="text"),
                    Guide(x="bound_change", label="bound", tint="warn"),
                    x="change of ℓ in one step",
                    y="samples",
                    detail="share_down",
                    help="From this one w, the change of ℓ by each sample's step; their mean, and the descent "
                    "lemma's bound on it, −η|∇ℓ|² + η² L/2 · E|g|²",
                ),
                Tabs(
                    Panel(
                        "Noise",
                        Line("noise_line", label="σ₀ + σ|∇ℓ|²", tint="warn"),
                        Line("noise_fit", label="fitted", tint="accent", dashed=True),
                        Line("unbiased", label="|∇ℓ|²", tint="quiet", dashed=True),
                        Dots("noise_dots", tint="quiet"),
                        Dots("noise_here", tint="accent", big=True),
                        x="|∇ℓ|²",
                        y="E|g|²",
                        detail="noise_says",
                        help="The mean squared gradient of a batch at many places",
                    ),
                    Panel(
                        "Promise",
                        Line("frontier", label="η = 2|∇ℓ|²/(L(σ|∇ℓ|² + σ₀))", tint="good", fill=True),
                        Guide(y="cap", label="2/(L σ)"),
                        Dots("here", tint="accent", big=True),
                        x="|∇ℓ|²",
                        y="η",
                        log_x=True,
                        log_y=True,
                        detail="promise",
                        help="In the green the mean loss is sure to fall next; above it nothing is promised",
                    ),
                ),
            ),
            sizes=(1, 1),
        )

    @drawn
    def colours(self) -> dict[str, str]:
        return {"mean": "accent", "bound": "warn", "floor of the bound": "text"}

    def probe(self) -> np.ndarray:
        """The one w that is looked at."""
        return (
            self.f.minimiser + self.place * direction(0.6)
            if self.frozen
            else np.clip(np.nan_to_num(self.w[0]), -99, 99)
        )

    def step_from_here(self) -> tuple[np.ndarray, float, float]:
        """Each sample's change of the loss, |∇ℓ|² and E|g|², from the place looked at; for single samples."""
        w, f = self.probe(), self.f
        each = f.sample_gradients(w)
        return (
            f.value(w - self.rate * each) - f.value(w),
            float((f.gradient(w) ** 2).sum()),
            float(self.chances @ (each**2).sum(axis=1)),
        )

    @drawn
    def changes(self) -> np.ndarray:
        return self.step_from_here()[0]

    @drawn
    def mean_change(self) -> np.ndarray:
        return np.array([self.chances @ self.changes()])

    @drawn
    def bound_change(self) -> np.ndarray:
        """The lemma needs no unbiased samples: their mean gradient stands in the first term."""
        w, f = self.probe(), self.f
        mean = self.chances @ f.sample_gradients(w)
        _, _, g2 = self.step_from_here()
        return np.array([-self.rate * f.gradient(w) @ mean + f.L * self.rate**2 / 2 * g2])

    @drawn
    def share_down(self) -> str:
        return f"{(self.changes() < 0).mean():.0%} of the samples' steps go down"

    def squares_at(self, w: np.ndarray) -> np.ndarray:
        """|∇ℓ|² and a batch's E|g_b|² at each place."""
        each = self.f.sample_gradients(w)
        mean = np.einsum("i,...ij->...j", self.chances, each)
        single = (self.chances * (each**2).sum(axis=-1)).sum(axis=-1)
        full, biased = (self.f.gradient(w) ** 2).sum(axis=-1), (mean**2).sum(axis=-1)
        return np.stack([full, biased + (single - biased) / self.batch], axis=-1)

    @drawn
    def noise_dots(self) -> np.ndarray:
        radius, turn = np.meshgrid(
            np.linspace(0.05, max(self.away, 0.5), 9), np.linspace(0, 2 * np.pi, 16, endpoint=False)
        )
        ring = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=-1).reshape(-1, 2)
        return self.squares_at(self.f.minimiser + ring)

    @drawn
    def noise_here(self) -> np.ndarray:
        return self.squares_at(self.probe())[None]

    @drawn
    def noise_line(self) -> np.ndarray:
        most = float(self.noise_dots()[:, 0].max())
        return np.array([[0, self.noise().sigma0], [most, self.noise().sigma0 + self.noise().sigma * most]])

    @drawn
    def noise_fit(self) -> np.ndarray:
        g2, squares = self.noise_dots().T
        slope, intercept = np.polyfit(g2, squares, 1)
        return np.array([[0, intercept], [g2.max(), intercept + slope * g2.max()]])

    @drawn
    def unbiased(self) -> np.ndarray:
        most = float(self.noise_dots()[:, 0].max())
        return np.array([[0, 0], [most, most]])

    @drawn
    def noise_says(self) -> str:
        return f"σ₀ = {self.noise().sigma0:.3g}, σ = {self.noise().sigma:.3g}"

    @drawn
    def frontier(self) -> np.ndarray:
        sigma0, sigma = self.noise()
        return np.column_stack([SQUARES, 2 * SQUARES / (self.f.L * (sigma * SQUARES + sigma0))])

    @drawn
    def cap(self) -> np.ndarray:
        return np.array([2 / (self.f.L * self.noise().sigma)])

    @drawn
    def here(self) -> np.ndarray:
        return np.array([[np.clip(self.step_from_here()[1], SQUARES[0], SQUARES[-1]), self.rate]])

    @drawn
    def promise(self) -> str:
        (g2, eta), (sigma0, sigma) = self.here()[0], self.noise()
        return "sure to fall" if eta < 2 * g2 / (self.f.L * (sigma * g2 + sigma0)) else "nothing is promised"

    @drawn
    def limits(self) -> np.ndarray:
        return np.array([1 / (self.f.L * self.noise().sigma)])

    @drawn
    def condition(self) -> str:
        most = 1 / (self.f.L * self.noise().sigma)
        return f"η {'≤' if self.rate <= most else '>'} 1/(L σ) = {most:.3g}"

    # ------------------------------------------------------------ in words

    @drawn
    def update(self) -> Update:
        return Update(
            r"F = \frac{\eta\, L\, \sigma_0}{2\, m} \\ B_{t+1} = F + (1 - \eta\, m)\, (B_t - F)",
            {
                "F": self.floor(),
                r"\eta": self.rate,
                "L": self.f.L,
                r"\sigma_0": self.noise().sigma0,
                "m": self.f.m,
                "B_t": self.bound,
                "B_{t+1}": self.floor() + (1 - self.rate * self.f.m) * (self.bound - self.floor()),
            },
        )

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.w).all():
            return self.diverges
        mean = float(self.f.gap(self.w).mean())
        if self.uneven:
            return "Large x come too often: the mean gradient is not that of ℓ, and the theorem is silent."
        if not self.holds():
            return "η is over 1/(L σ): the theorem promises nothing. The runs may still do well, or not."
        if self.bound > 3 * self.floor():
            return f"On the way down: the mean gap is {mean:.2g}, theory allows {self.bound:.2g}."
        return (
            f"In the ball of noise: each step undoes about as much as it gains. The mean gap is {mean:.2g}, "
            f"under the bound's floor of {self.floor():.2g}, which is η times a constant."
        )


def direction(angle: float) -> np.ndarray:
    return np.array([np.cos(angle), np.sin(angle)])
