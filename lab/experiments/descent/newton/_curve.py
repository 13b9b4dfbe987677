"""The pictures of a step on a curve: its parabola, the same step on the slope, where starts end, the cobweb."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lab.experiment import drawn
from lab.maths.formula import Expression
from lab.maths.planes import within
from lab.maths.quasi_newton import newton_step

METHODS = ("Newton", "secant", "trust region")
STARTS = 500
MANY = 80  # jumps after which a start has no destination


class Classic(NamedTuple):
    """A curve of the text, its window and a start that tells its story."""

    formula: str
    x: tuple[float, float]
    y: tuple[float, float]
    begin: float


CLASSICS = {
    "cubic": Classic("(x - 3)**2*(x + 3)", (-4, 6.5), (-22, 56), 1.5),
    "quartic": Classic("-x**4/4 + 5*x**2/2", (-3.4, 3.4), (-5, 8.5), 1.0),
    "parabola": Classic("(x - 1)**2", (-4, 5), (-6, 22), -3.0),
    "fourth power": Classic("(x - 1)**4", (-2, 4), (-5, 18), 3.0),
}


class OnTheCurve:
    """What is drawn of the step to come of one of the methods."""

    C: Expression
    slope: Expression
    bend: Expression
    x: np.ndarray
    theta: np.ndarray  # one a method
    before: float
    recent: tuple[tuple[float, ...], ...]
    function: Any
    method: Any
    radius: Any

    def jump(self, method: str) -> float:
        raise NotImplementedError

    def capped(self, theta: float, step: float) -> float:
        raise NotImplementedError

    def window(self) -> tuple[float, float]:
        return float(self.x[0]), float(self.x[-1])

    def heights(self) -> tuple[float, float]:
        return CLASSICS[self.function].y if self.function in CLASSICS else spread(self.C(self.x))

    def steepness(self) -> tuple[float, float]:
        return spread(self.slope(self.x))

    def over(self, y: np.ndarray, window: tuple[float, float]) -> tuple[np.ndarray, ...]:
        return within(np.column_stack([self.x, y]), self.window(), window)

    def here(self) -> float:
        return float(self.theta[METHODS.index(self.method)])

    def next(self) -> float:
        step = self.jump(self.method)
        return self.here() + (step if np.isfinite(step) else 0.0)

    @drawn(on=("C",))
    def graph(self) -> Any:
        return self.over(self.C(self.x), self.heights())

    @drawn(on=("C",))
    def destinations(self) -> np.ndarray:
        """For each start whether Newton's method ends in a minimum (1), a maximum (−1), or neither (0)."""
        theta = np.linspace(*self.window(), STARTS)
        with np.errstate(all="ignore"):
            for _ in range(MANY):
                theta = theta - self.slope(theta) / self.bend(theta)
            arrived = np.abs(self.slope(theta)) < 1e-5
            curvature = np.sign(np.round(self.bend(theta), 6))
        return np.where(arrived, np.where(curvature < 0, -1, 1), 0)

    def basin(self, kind: int) -> tuple[np.ndarray, ...]:
        low, high = self.heights()
        line = np.column_stack([np.linspace(*self.window(), STARTS), np.full(STARTS, low + 0.04 * (high - low))])
        known = np.flatnonzero(self.destinations() == kind)
        parts = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
        return tuple(line[part[[0, -1]]] for part in parts if len(part) > 1)

    @drawn(on=("C",))
    def to_minimum(self) -> Any:
        return self.basin(1)

    @drawn(on=("C",))
    def to_maximum(self) -> Any:
        return self.basin(-1)

    def model(self, theta: Any) -> Any:
        """Q(θ) = C + (θ − θ_t) C′ + (θ − θ_t)² C″/2; of the secant method, with its quotient in the place of C″."""
        here = self.here()
        return self.C(here) + (theta - here) * self.slope(here) + (theta - here) ** 2 * self.curvature() / 2

    def curvature(self) -> float:
        here = self.here()
        if self.method != "secant":
            return float(self.bend(here))
        step = here - self.before
        return float((self.slope(here) - self.slope(self.before)) / step) if step else 0.0

    @drawn
    def parabola(self) -> Any:
        return self.over(self.model(self.x), self.heights())

    @drawn
    def vertex(self) -> np.ndarray:
        goal = self.here() + newton_step(self.slope(self.here()), self.curvature())
        low, high = self.heights()
        inside = np.isfinite(goal) and low <= self.model(goal) <= high
        return np.array([[goal, self.model(goal)]]) if inside else np.empty((0, 2))

    @drawn
    def drop(self) -> np.ndarray:
        """From the vertex down to the axis."""
        at = self.vertex()
        return np.array([at[0], [at[0, 0], self.heights()[0]]]) if len(at) else at

    @drawn
    def disc(self) -> np.ndarray:
        """How far the trust region reaches."""
        if self.method != "trust region":
            return np.empty((0, 2))
        height = np.clip(self.C(self.here()), *self.heights())
        return np.array([[self.here() + side * self.radius, height] for side in (-1, 1)])

    def seen(self, theta: float) -> np.ndarray:
        """On the curve, or at the picture's edge."""
        theta = float(np.clip(theta, *self.window()))
        return np.array([theta, np.clip(np.nan_to_num(self.C(theta)), *self.heights())])

    @drawn
    def place(self) -> np.ndarray:
        return self.seen(self.here())

    @drawn
    def landing(self) -> np.ndarray:
        return self.seen(self.next())[None]

    @drawn
    def landing_name(self) -> tuple[str, ...]:
        return ("" if abs(self.next() - self.here()) < 0.02 * np.ptp(self.x) else f"next: {self.next():.5g}",)

    @drawn(on=("C",))
    def slopes(self) -> Any:
        return self.over(self.slope(self.x), self.steepness())

    @drawn
    def straight(self) -> Any:
        here = self.here()
        return self.over(self.slope(here) + (self.x - here) * self.curvature(), self.steepness())

    @drawn
    def touching(self) -> np.ndarray:
        places = [self.here(), *([self.before] if self.method == "secant" else [])]
        return np.array([[np.clip(p, *self.window()), np.clip(self.slope(p), *self.steepness())] for p in places])

    @drawn
    def crossing(self) -> np.ndarray:
        goal = self.here() + newton_step(self.slope(self.here()), self.curvature())
        return np.array([[goal, 0.0]]) if abs(goal) < 100 else np.empty((0, 2))

    @drawn
    def zero(self) -> np.ndarray:
        return np.zeros(1)

    @drawn
    def diagonal(self) -> np.ndarray:
        return np.repeat(self.window(), 2).reshape(2, 2)

    @drawn
    def map(self) -> Any:
        """θ_{t+1} as a function of θ_t; of the secant method, whose next place depends on two, Newton's."""
        with np.errstate(all="ignore"):
            steps = -self.slope(self.x) / self.bend(self.x)
        if self.method == "trust region":
            steps = np.array([self.capped(float(x), float(s)) for x, s in zip(self.x, steps)])
        return self.over(self.x + steps, self.window())

    @drawn
    def web(self) -> np.ndarray:
        path = np.clip(self.recent[METHODS.index(self.method)], *self.window())
        return np.column_stack([np.repeat(path, 2)[:-1], np.repeat(path, 2)[1:]])[: 2 * len(path) - 1]

    @drawn
    def now(self) -> np.ndarray:
        return np.full((1, 2), np.clip(self.here(), *self.window()))


def spread(heights: Any) -> tuple[float, float]:
    """Heights worth seeing: with some room, but without the spikes of a pole."""
    known = np.asarray(heights)[np.isfinite(heights)]
    low, high = np.quantile(known, [0.03, 0.97])
    room = (high - low) / 4 or 1.0
    return float(min(low - room, -room)), float(max(high + room, room))
