"""What touches the curve at c: tangent, parabolas, a bowl of curvature m, a cone of slope B; and the catalogue."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.experiment import drawn
from lab.experiments.descent.convexity._parts import Lines, number, window
from lab.maths.convexity import ROUNDING, Verdict
from lab.maths.formula import Expression, parse

SHORT = ("well", "x²", "x⁴", "eˣ", "−ln x", "softplus", "|x|", "Huber", "flat", "line", "xᵖ", "|x|ᵖ", "sine", "PL")
COLUMNS, TILE = 5, 41  # of the gallery, and places along each of its curves


class Touching:
    """Pictures of what touches the curve, and every curve of the catalogue."""

    f: Expression
    df: Expression
    x: np.ndarray
    y: np.ndarray
    slopes: np.ndarray
    m: Any
    B: Any
    power: Any
    function: Any
    reach: Any
    verdict: Any
    at_a: Any
    at_b: Any
    at_c: Any

    def catalogue(self) -> dict[str, str]:
        raise NotImplementedError

    def tolerance(self) -> float:
        raise NotImplementedError

    def within(self, heights: np.ndarray, *of: np.ndarray) -> Lines:
        raise NotImplementedError

    # tangent, parabolas, and the bowl of curvature m

    def slope_at(self, x: float) -> float:
        """The slope; at an end of the interval the one inside, should a kink be there."""
        return self.df(np.clip(x, *(self.reach * (1 - ROUNDING) * np.array([-1, 1]))))

    def parabola(self, curvature: float) -> np.ndarray:
        """What touches the curve at c and bends by this curvature, with 0 the tangent; NaN where there is none."""
        c, fc = self.at_c()
        if not np.isfinite([curvature, self.slope_at(c)]).all():
            return np.full_like(self.x, np.nan)
        return fc + self.slope_at(c) * (self.x - c) + curvature / 2 * (self.x - c) ** 2

    @drawn
    def tangent(self) -> Lines:
        return self.within(self.parabola(0))

    @drawn
    def lower(self) -> Lines:
        return self.within(self.parabola(self.verdict().m))

    @drawn
    def upper(self) -> Lines:
        return self.within(self.parabola(self.verdict().L))

    @drawn
    def landing(self) -> np.ndarray:
        """Where a step of gradient descent with the rate 1/L goes from c: the lowest place of the upper parabola."""
        (c, fc), most = self.at_c(), self.verdict().L
        slope = self.slope_at(c)
        if not (0 < most < np.inf and np.isfinite(slope)):
            return np.empty((0, 2))
        return np.array([[c - slope / most, fc - slope**2 / (2 * most)]])

    @drawn
    def bowl(self) -> Lines:
        """The bowl of curvature m; at m = 0 it is the tangent, which is there already."""
        return self.within(self.parabola(self.m)) if self.m else ()

    @drawn
    def poking(self) -> Lines:
        """Where the bowl is above the curve: m is too large."""
        bowl = self.parabola(self.m)
        return self.within(np.where(bowl > self.y + self.tolerance(), bowl, np.nan)) if self.m else ()

    @drawn
    def largest_m(self) -> np.ndarray:
        """The largest m that serves at every c: a mark on the slider."""
        verdict: Verdict = self.verdict()
        return np.array([verdict.m] if np.isfinite(verdict.m) else [])

    def largest_here(self) -> float:
        """The largest m whose bowl stays below the curve at this c: the least 2 (f − tangent) / (x − c)²."""
        apart = (self.x - self.at_c()[0]) ** 2
        far = apart > 1e-4 * np.ptp(self.x) ** 2
        rise = (self.y - self.parabola(0))[far] / apart[far]
        return float(2 * np.nanmin(rise)) if np.isfinite(rise).any() else np.nan

    @drawn
    def bowl_said(self) -> str:
        here, verdict = self.largest_here(), self.verdict()
        if np.isnan(here):
            return "At c the curve has no tangent, so no bowl touches it there."
        if not self.m:
            return (
                f"Slide m: here a bowl up to m = {number(here)} stays below, at every c only up to {number(verdict.m)}."
            )
        pokes = "pokes through the curve" if len(self.poking()) else "stays below the curve"
        return (
            f"The bowl of m = {number(self.m)} {pokes}. "
            f"Here m up to {number(here)} would do, at every c only up to {number(verdict.m)}."
        )

    # the cone of slope B

    def steepest(self) -> float:
        """The greatest |slope|: the best B. From one end of the interval to the other there may be none."""
        rises = np.abs(np.diff(self.y) / np.diff(self.x))
        known = np.concatenate([rises[np.isfinite(rises)], np.abs(self.slopes[np.isfinite(self.slopes)])])
        return float(known.max())

    def cone(self) -> np.ndarray:
        c = self.at_c()[0]
        return self.B * np.abs(self.x - c)

    @drawn
    def cone_up(self) -> Lines:
        return self.within(self.at_c()[1] + self.cone())

    @drawn
    def cone_down(self) -> Lines:
        return self.within(self.at_c()[1] - self.cone())

    @drawn
    def in_cone(self) -> Lines:
        """The part of the curve that is steeper from c than B."""
        outside = np.abs(self.y - self.at_c()[1]) > self.cone() + self.tolerance()
        return self.within(np.where(outside, self.y, np.nan))

    @drawn
    def cone_said(self) -> str:
        return f"best B = {number(self.steepest())}"

    # the catalogue in small

    @drawn(on=("power",))
    def gallery(self) -> Lines:
        """Each curve of the catalogue in its own tile, from −3 to 3."""
        x, lines = np.linspace(-3, 3, TILE), []
        for i, text in enumerate(self.catalogue().values()):
            y = parse(text, ("x",))(x)
            low, high = window(np.where(np.isfinite(y), y, np.nan))
            share = np.where((low <= y) & (y <= high), (y - low) / (high - low or 1), np.nan)
            known = np.isfinite(share)
            lines.append(np.column_stack([x[known] / 7.5, 0.75 * share[known]]) + tile(i))
        return tuple(lines)

    @drawn
    def gallery_now(self) -> np.ndarray:
        names = list(self.catalogue())
        return self.gallery()[names.index(self.function)] if self.function in names else np.empty((0, 2))

    @drawn(on=("power",))
    def gallery_at(self) -> np.ndarray:
        return np.array([tile(i) + (-0.42, 0.88) for i in range(len(self.catalogue()))])

    @drawn(on=("power",))
    def gallery_names(self) -> tuple[str, ...]:
        return SHORT


def tile(i: int) -> np.ndarray:
    """The lower middle of a tile, rows from above."""
    return np.array([i % COLUMNS, -1.25 * (i // COLUMNS)])
