"""A chord over a surface, from p to q: where the surface is above it, the tangent plane at p, the gradients at both."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.experiment import drawn
from lab.experiments.descent.convexity._parts import hatched, number, pieces
from lab.marks import Field
from lab.maths.convexity import ROUNDING
from lab.maths.planes import pieces as stretches
from lab.maths.planes import terrain
from lab.maths.surfaces import Surface

ALONG = np.linspace(0, 1, 121)  # places on the chord, from p to q


class Chord:
    """Pictures of the chord from p to q."""

    ground: Surface
    p: Any
    q: Any
    share: Any
    sublevel: Any

    def heights(self, at: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def slope(self, at: Any) -> np.ndarray:
        raise NotImplementedError

    def gap(self) -> float:
        """How far the chord is above the surface at λ."""
        (fp, fq), at = self.heights(np.array([self.p, self.q])), self.on_chord(np.array([1 - self.share]))
        return float(self.share * fp + (1 - self.share) * fq - self.heights(at)[0])

    def on_chord(self, along: np.ndarray) -> np.ndarray:
        return np.array(self.p) + along[:, None] * (np.array(self.q) - np.array(self.p))

    def above(self) -> np.ndarray:
        """Where along the chord the surface is above it."""
        heights = self.heights(self.on_chord(ALONG))
        tolerance = ROUNDING * max(float(np.abs(heights).max()), 1)
        return heights > heights[0] + ALONG * (heights[-1] - heights[0]) + tolerance

    @drawn
    def segment(self) -> np.ndarray:
        return np.array([self.p, self.q])

    @drawn
    def segment_broken(self) -> Any:
        return stretches(self.on_chord(ALONG), self.above())

    @drawn
    def ends(self) -> np.ndarray:
        return np.array([self.p, self.q])

    @drawn
    def end_slopes(self) -> np.ndarray:
        """The gradients at p and q, both shortened by one factor so that the longer is 0.8 long."""
        slopes = np.array([self.slope(at) for at in self.ends()])
        return slopes * 0.8 / max(float(np.hypot(*slopes.T).max()), 1e-12)

    @drawn
    def profile(self) -> np.ndarray:
        return np.column_stack([ALONG, self.heights(self.on_chord(ALONG))])

    @drawn
    def straight(self) -> np.ndarray:
        return self.profile()[[0, -1]]

    @drawn
    def too_high(self) -> Any:
        x, y = self.profile().T
        return pieces(x, np.where(self.above(), y, np.nan))

    @drawn
    def hatch(self) -> Any:
        x, y = self.profile().T
        return hatched(x, np.where(self.above(), y, np.nan), y[0] + x * (y[-1] - y[0]))

    @drawn
    def tangent(self) -> Any:
        """The tangent plane at p along the chord, as far as it is near the picture."""
        x, y = self.profile().T
        flat = y[0] + x * float(self.slope(self.p) @ (np.array(self.q) - np.array(self.p)))
        room = float(np.ptp(y)) or 1
        return pieces(x, np.where(np.abs(flat - y.mean()) < 1.2 * room, flat, np.nan))

    @drawn
    def gap_ends(self) -> np.ndarray:
        at = np.array([1 - self.share])
        on_surface = float(self.heights(self.on_chord(at))[0])
        return np.array([[at[0], on_surface], [at[0], on_surface + self.gap()]])

    @drawn
    def gap_line(self) -> np.ndarray:
        return self.gap_ends()

    @drawn
    def monotone(self) -> str:
        """The sign of (∇f(p) − ∇f(q)) · (p − q)."""
        product = float((self.slope(self.p) - self.slope(self.q)) @ (np.array(self.p) - np.array(self.q)))
        return f"⟨Δ∇f, Δθ⟩ = {number(product)} {'≥ 0' if product >= 0 else '< 0'}"

    @drawn
    def chord_said(self) -> str:
        gap = self.gap()
        if gap < 0 and self.above().any():
            return f"At λ the surface is {number(-gap)} above the chord: that alone shows that f is not convex."
        crossed = "elsewhere it is crossed: f is not convex" if self.above().any() else "it is nowhere crossed"
        return f"At λ the chord is {number(gap)} above the surface; {crossed}."

    @drawn
    def below(self) -> Field:
        """The sublevel set of the chord's higher end."""
        z, x, y = terrain(self.ground, 100)
        top = self.heights(np.array([self.p, self.q])).max()
        return Field(np.where(self.sublevel & (z <= top), 4, -1), x, y)
