"""The picture of a line search: C along the ray, its conditions as lines and bars, and the trials upon it."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.experiment import drawn
from lab.maths.planes import pieces, within
from lab.maths.searches import Ray, Search, Trial, armijo
from lab.maths.surfaces import Surface

PLACES = 500  # along the ray
FLOOR, CEILING = -0.62, 1.3  # 0 is the lowest C in the picture and 1 is C at θ
BANDS = {"enough": -0.14, "flat": -0.28, "both": -0.42, "bracket": -0.55}  # how high each bar is

Lines = tuple[np.ndarray, ...]


class AlongTheRay:
    """What an experiment with a coming search can draw of it. It scales with the ray, so that every step fills it."""

    ground: Surface
    theta: np.ndarray
    d: np.ndarray
    found: np.ndarray  # where the minima of the ray are
    coming: Search
    seen: int  # trials known so far; −1: all
    search: Any
    condition: Any
    beta: Any

    def flat_enough(self, ray: Ray, alpha: Any) -> Any:
        """Whether α meets the second condition."""
        raise NotImplementedError

    def alone(self) -> bool:
        """Whether the second condition is not asked for."""
        raise NotImplementedError

    @drawn
    def ray(self) -> Ray:
        return Ray(self.ground.f, self.ground.gradient, self.theta, self.d)

    def reach(self) -> float:
        """The α at the right end: past the second minimum, if it is near, and past the last trials."""
        if not len(self.found):
            return max(2 * self.coming.alpha, 1e-9)
        near = self.found[self.found < 12 * self.found[0]]
        seen = 1.25 * near[-1] if len(near) > 1 else 2.4 * near[0]
        tried = [one.alpha for one in self.coming.trials[-3:]]
        return float(max(seen, min(1.05 * max(tried, default=0.0), 12 * self.found[0])))

    @drawn
    def alphas(self) -> np.ndarray:
        return np.linspace(0, self.reach(), PLACES)

    @drawn
    def heights(self) -> np.ndarray:
        return np.nan_to_num(np.asarray(self.ray().value(self.alphas()), dtype=float), nan=1e300, posinf=1e300)

    def scaled(self, heights: Any) -> Any:
        lowest = self.heights().min()
        return (heights - lowest) / max(self.ray().height - lowest, 1e-300)

    def line(self, heights: Any) -> tuple[np.ndarray, ...]:
        points = np.column_stack([self.alphas() / self.reach(), self.scaled(heights)])
        return within(points, (0, 1), (-0.08, CEILING))

    @drawn
    def profile(self) -> Any:
        return self.line(self.heights())

    @drawn
    def tangent(self) -> Any:
        return self.line(self.ray().height + self.alphas() * self.ray().fall)

    @drawn
    def relaxed(self) -> Any:
        return self.line(self.ray().height + self.beta * self.alphas() * self.ray().fall)

    @drawn
    def level(self) -> Any:
        return self.line(np.full(PLACES, self.ray().height))

    def bar(self, name: str, shown: np.ndarray) -> tuple[np.ndarray, ...]:
        return pieces(np.column_stack([self.alphas() / self.reach(), np.full(PLACES, BANDS[name])]), shown)

    def is_enough(self) -> np.ndarray:
        return np.asarray(armijo(self.ray(), self.alphas(), self.beta))

    def is_flat(self) -> np.ndarray:
        if self.alone():
            return np.ones(PLACES, dtype=bool)
        return np.asarray(self.flat_enough(self.ray(), self.alphas()))

    @drawn
    def enough(self) -> Any:
        return self.bar("enough", self.is_enough())

    @drawn
    def flat(self) -> Any:
        return self.bar("flat", self.is_flat()) if not self.is_flat().all() else ()

    @drawn
    def both(self) -> Any:
        return self.bar("both", self.is_enough() & self.is_flat())

    @drawn
    def admitted(self) -> Any:
        points = np.column_stack([self.alphas() / self.reach(), self.scaled(self.heights())])
        return pieces(points, self.is_enough() & self.is_flat() & (points[:, 1] < CEILING))

    def known(self) -> tuple[Trial, ...]:
        return self.coming.trials if self.seen < 0 else self.coming.trials[: self.seen]

    @drawn
    def bracket(self) -> np.ndarray:
        last = self.known()[-1:]
        if not last or not np.isfinite(last[0].high):
            return np.empty((0, 2))
        ends = np.clip(np.sort([last[0].low, last[0].high]) / self.reach(), 0, 1)
        return np.column_stack([ends, np.full(2, BANDS["bracket"])])

    def tried(self, accepted: bool) -> np.ndarray:
        """α and C of the trials, those beyond its right end left out."""
        places = np.array([(one.alpha, one.value) for one in self.known() if one.accepted == accepted]).reshape(-1, 2)
        return places[places[:, 0] <= self.reach()]

    def in_profile(self, places: np.ndarray) -> np.ndarray:
        """Who is too high for it is at its upper edge."""
        heights = np.nan_to_num(self.scaled(places[:, 1]), nan=CEILING).clip(max=CEILING - 0.07)
        return np.column_stack([places[:, 0] / self.reach(), heights])

    @drawn
    def refused(self) -> np.ndarray:
        return self.in_profile(self.tried(False))

    @drawn
    def accepted(self) -> np.ndarray:
        return self.in_profile(self.tried(True))

    @drawn
    def accepted_name(self) -> tuple[str, ...]:
        return tuple(f"α = {alpha:.4g}, C = {c:.4g}" for alpha, c in self.tried(True))

    @drawn
    def lows(self) -> np.ndarray:
        near = self.found[self.found <= self.reach()]
        return self.in_profile(np.column_stack([near, self.ray().value(near)]))

    @drawn
    def low_names(self) -> tuple[str, ...]:
        """Nothing beside the name of what is accepted, where that is as good as a minimum."""
        near = self.found[self.found <= self.reach()]
        taken = self.tried(True)[:, 0] / self.reach()
        heights = self.ray().value(near)
        crowded = [(np.abs(alpha / self.reach() - taken) < 0.12).any() for alpha in near]
        return tuple("" if hidden else f"minimum, C = {c:.3g}" for hidden, c in zip(crowded, heights))

    def there(self, alphas: Any) -> np.ndarray:
        return self.theta + np.reshape(alphas, (-1, 1)) * self.d

    @drawn
    def ray_drawn(self) -> Any:
        return within(self.there(self.alphas()), self.ground.x, self.ground.y)

    @drawn
    def here(self) -> np.ndarray:
        return self.theta[None]

    @drawn
    def arrow(self) -> np.ndarray:
        """The ray's direction, always of one length."""
        length = np.hypot(*self.d)
        return (self.d / length if length else self.d)[None] * (self.ground.x[1] - self.ground.x[0]) / 12

    @drawn
    def minima_there(self) -> np.ndarray:
        return np.array(self.ground.minima, dtype=float)

    @drawn
    def refused_there(self) -> np.ndarray:
        return self.there(self.tried(False)[:, 0])

    @drawn
    def accepted_there(self) -> np.ndarray:
        return self.there(self.tried(True)[:, 0])

    @drawn
    def scale(self) -> str:
        return f"up to α = {self.reach():.3g}"
