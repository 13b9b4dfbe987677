"""The slope and the curvature along the curve, and whether the slope rises from a to b."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.experiment import drawn
from lab.experiments.descent.convexity._parts import Lines, number


class Slopes:
    """Pictures of f′ and f″."""

    slopes: np.ndarray
    curvatures: np.ndarray
    reach: Any
    verdict: Any
    at_a: Any
    at_b: Any
    at_c: Any

    def slope_at(self, x: float) -> float:
        raise NotImplementedError

    def within(self, heights: np.ndarray, *of: np.ndarray) -> Lines:
        raise NotImplementedError

    @drawn
    def slope(self) -> Lines:
        return self.within(self.slopes, self.slopes, self.curvatures)

    @drawn
    def curvature(self) -> Lines:
        return self.within(self.curvatures, self.slopes, self.curvatures)

    @drawn
    def concave(self) -> Lines:
        negative = np.where(self.curvatures < 0, self.curvatures, np.nan)
        return self.within(negative, self.slopes, self.curvatures)

    @drawn
    def touched(self) -> np.ndarray:
        """The slope at c, where there is one."""
        c = self.at_c()[0]
        slope = self.slope_at(c)
        return np.array([[c, slope]]) if np.isfinite(slope) else np.empty((0, 2))

    @drawn
    def zero(self) -> np.ndarray:
        return np.zeros(1)

    @drawn
    def least(self) -> np.ndarray:
        m = self.verdict().m
        return np.array([m] if np.isfinite(m) else [])

    @drawn
    def most(self) -> np.ndarray:
        v = self.verdict()
        return np.array([v.L] if v.smooth else [])

    @drawn
    def bounds(self) -> str:
        return f"m = {number(self.verdict().m)}, L = {number(self.verdict().L)}"

    @drawn
    def slope_ends(self) -> np.ndarray:
        ends = [(x, self.slope_at(x)) for x in (self.at_a()[0], self.at_b()[0])]
        return np.array([end for end in ends if np.isfinite(end).all()]).reshape(-1, 2)

    def product(self) -> float:
        """(f′(a) − f′(b)) (a − b)."""
        ends = self.slope_ends()
        return float(np.prod(ends[0] - ends[1])) if len(ends) == 2 else np.nan

    @drawn
    def slope_rises(self) -> np.ndarray:
        return self.slope_ends() if self.product() >= 0 else np.empty((0, 2))

    @drawn
    def slope_falls(self) -> np.ndarray:
        return self.slope_ends() if self.product() < 0 else np.empty((0, 2))

    @drawn
    def product_said(self) -> str:
        product = self.product()
        if np.isnan(product):
            return "no slope at an end"
        return f"Δf′ Δx = {number(product)} {'≥ 0' if product >= 0 else '< 0'}"

    @drawn
    def arrow_by(self) -> np.ndarray:
        """The gradients at a and b: arrows along x, the longer an eighth of the interval."""
        slopes = self.slope_ends()[:, 1]
        length = slopes * self.reach / 4 / max(float(np.abs(slopes).max(initial=0)), 1e-12)
        return np.column_stack([length, np.zeros(len(length))])
