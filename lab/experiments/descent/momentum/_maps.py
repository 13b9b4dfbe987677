"""The maps over (η λ, ρ) and (η L, ρ), and the law that they promise, as pictures of the momentum experiment."""

from __future__ import annotations

import numpy as np

from lab.experiment import drawn
from lab.experiments.descent.momentum._ground import Ground
from lab.marks import Field
from lab.maths import stability

TOLERANCE, MOST = 1e-6, 1000  # of the map that counts steps
LOG_X, RATES = (-4.0, 0.65), np.linspace(0.02, 4, 64)
RHOS = np.linspace(0, 0.99, 45)


class Maps:
    """Needs the run of a Momentum: its ground, rate and ρ, and which method is watched."""

    ground: Ground
    rate: float
    rho: float
    begin: tuple[float, float]
    names: tuple[str, ...]
    w: np.ndarray
    t: int
    since: int
    left: np.ndarray

    def watched(self) -> str:
        raise NotImplementedError

    def momentum_of(self, name: str) -> float:
        raise NotImplementedError

    def lane(self) -> int:
        raise NotImplementedError

    def nesterov(self) -> bool:
        """Whether the watched one obeys Nesterov's recursion; look-ahead is the same path, seen ahead."""
        return self.watched() in ("Nesterov", "look-ahead")

    def curvatures(self) -> np.ndarray:
        """The eigenvalues of the Hessian at the minimum, the largest first."""
        return np.linalg.eigvalsh(self.ground.surface.hessian(self.ground.minimum))[::-1]

    # ---- rates

    @drawn
    def rate_field(self) -> Field:
        return RATE_FIELDS[self.nesterov()]

    @drawn
    def rate_lost(self) -> tuple[np.ndarray, ...]:
        return RATES_LOST[self.nesterov()]

    @drawn
    def edge(self) -> np.ndarray:
        """Where the recursion stops to converge."""
        return np.column_stack([stability.limit(RHOS, self.nesterov()), RHOS])

    @drawn
    def rings(self) -> np.ndarray:
        """Where the roots become complex, so that the ball oscillates: (1 + ρ − x)² = 4ρ, or (1 + ρ)²(1 − x) = 4ρ."""
        x = 1 - 4 * RHOS / (1 + RHOS) ** 2 if self.nesterov() else (1 - np.sqrt(RHOS)) ** 2
        return np.column_stack([x, RHOS])

    @drawn
    def dots(self) -> np.ndarray:
        eta, rho = self.rate / self.ground.L, self.momentum_of(self.watched())
        return np.array([(np.clip(eta * curvature, 10 ** LOG_X[0], 4.4), rho) for curvature in self.curvatures()])

    @drawn
    def dot_names(self) -> tuple[str, ...]:
        return "λ₁ = L", "λ₂ = m"

    def law_of(self, name: str) -> float:
        """The rate of a racer on the curvatures of the minimum: that of its slower direction."""
        x = self.rate / self.ground.L * np.array([self.ground.m, self.ground.L])
        return float(stability.rate(x, self.momentum_of(name), name in ("Nesterov", "look-ahead")).max())

    @drawn
    def forecast_rate(self) -> str:
        rate = self.law_of(self.watched())
        return f"{self.watched()}: " + (f"× {rate:.4g} a step" if rate < 1 else f"diverges, × {rate:.4g}")

    @drawn
    def edges(self) -> tuple[float, float]:
        """The η L beyond which Nesterov and Polyak diverge."""
        rho = self.momentum_of(self.watched()) or self.rho
        return float(stability.limit(rho, True)), float(stability.limit(rho))

    @drawn
    def laws(self) -> tuple[np.ndarray, ...]:
        """The distance that the rate promises from the last change on, in the end up to a factor."""
        if self.ground.m != 1:  # away from the minimum a surface that is no quadratic has other curvatures
            return ()
        until = max(self.t, self.since + 15)
        steps = np.linspace(0, until - self.since, 16)
        with np.errstate(all="ignore"):
            lines = [far * self.law_of(name) ** steps for name, far in zip(self.names, self.left)]
        lines = [np.where(np.isfinite(line), line, 1e300).clip(1e-300, 1e300) for line in lines]
        shown = [np.column_stack([self.since + steps, line]) for line in lines]
        return tuple(line[(line[:, 1] < 1e9) & (line[:, 1] > 1e-16)] for line in shown)

    @drawn
    def law_name(self) -> str:
        return "dashed: law rᵗ" if self.ground.m == 1 else ""

    # ---- steps

    def steps_to_goal(self) -> np.ndarray:
        """For each ρ and η; NaN where it diverges."""
        ground = self.ground
        etas = tuple(RATES / ground.L)
        goal = ground.surface.minima[0]
        return stability.steps_map(
            ground.surface, self.begin, goal, etas, tuple(RHOS), self.nesterov(), TOLERANCE, MOST
        )

    @drawn
    def steps_field(self) -> Field:
        steps = np.nan_to_num(self.steps_to_goal(), nan=MOST)
        return Field(steps, (float(RATES[0]), float(RATES[-1])), (float(RHOS[0]), float(RHOS[-1])))

    @drawn
    def steps_lost(self) -> tuple[np.ndarray, ...]:
        return hatched(np.isnan(self.steps_to_goal()), RATES, RHOS)

    @drawn
    def text_choice(self) -> np.ndarray:
        """The text's η = 1/L with ρ = (√κ − 1)/(√κ + 1), and the fastest heavy ball where that is watched."""
        kappa = self.ground.L / self.ground.m
        text, best = (1.0, float(stability.text_momentum(kappa))), stability.best_polyak(kappa)
        return np.array([text] if self.nesterov() else [text, best])

    @drawn
    def choice_names(self) -> tuple[str, ...]:
        return ("text",) if self.nesterov() else ("text", "fastest")

    @drawn
    def pair(self) -> np.ndarray:
        return np.array([(self.rate, self.momentum_of(self.watched()))])

    @drawn
    def counted(self) -> str:
        """The count at the present (η, ρ)."""
        row = int(np.abs(RHOS - self.momentum_of(self.watched())).argmin())
        count = self.steps_to_goal()[row, int(np.abs(RATES - self.rate).argmin())]
        return "diverges" if np.isnan(count) else f"over {MOST} steps" if count >= MOST else f"about {count:.0f} steps"


def hatched(lost: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """A stroke across each run of cells that diverge, row by row."""
    strokes = []
    for row, height in zip(lost, y):
        ends = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(int)))
        strokes += [np.array([(x[a], height), (x[b - 1], height)]) for a, b in ends.reshape(-1, 2) if b - a > 1]
    return tuple(strokes)


RATE_X, RATE_Y = np.logspace(*LOG_X, 150), np.linspace(0, 0.99, 100)
ALL_RATES = {nesterov: stability.rate(*np.meshgrid(RATE_X, RATE_Y), nesterov) for nesterov in (False, True)}
RATE_FIELDS = {which: Field(rates.clip(max=1), LOG_X, (0.0, 0.99)) for which, rates in ALL_RATES.items()}
RATES_LOST = {which: hatched(rates[::2] >= 1, RATE_X, RATE_Y[::2]) for which, rates in ALL_RATES.items()}
