"""Newton's kin: the secant method, BFGS, L-BFGS by two loops, steps kept in a disc, Levenberg's damping.

B stands for the estimate of the inverse Hessian, s = θ_t − θ_{t−1} for a step and y for the change of the
gradient over it (the text's θ_s and g_s). Where the text errs:
- B must be positive *definite*: semidefinite is not enough to make it non-singular.
- The printed expansion of L-BFGS has one factor V too many in its last terms. The pair k is reached through
  V_{t−1}ᵀ … V_{k+1}ᵀ only, for V_kᵀ s_k = 0. The two loops below avoid the expansion.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Pair = tuple[Array, Array]  # (s, y)
KEPT, BROKEN = 0.75, 0.25  # shares of the promise above and below which the disc grows and shrinks
WIDEST = 1e3


def newton_step(slope: float, curvature: float) -> float:
    """From θ to the vertex of the local parabola, be it a minimum or a maximum; NaN where there is no vertex."""
    return -slope / curvature if curvature else np.nan


def secant_step(theta: float, before: float, slope: float, slope_before: float) -> float:
    """Newton's step with C″ replaced by a difference quotient of C′."""
    rise = slope - slope_before
    return -(theta - before) / rise * slope if rise else np.nan


def bfgs(B: Array, s: Array, y: Array) -> Array:
    """B_t = Vᵀ B_{t−1} V + ρ s sᵀ, the nearest B with B y = s. It stays positive definite if sᵀy > 0."""
    rho = 1 / (y @ s)
    V = np.eye(len(s)) - rho * np.outer(y, s)
    return V.T @ B @ V + rho * np.outer(s, s)


def two_loop(g: Array, pairs: Sequence[Pair]) -> Array:
    """B g out of the last pairs, oldest first, without ever forming B: m pairs cost 4 m d multiplications."""
    if not pairs:
        return g
    q, shares = g, []
    for s, y in reversed(pairs):
        shares.append((s @ q) / (y @ s))
        q = q - shares[-1] * y
    s, y = pairs[-1]
    r = (s @ y) / (y @ y) * q
    for (s, y), share in zip(pairs, reversed(shares)):
        r = r + (share - (y @ r) / (y @ s)) * s
    return r


def definite(H: Array) -> bool:
    """Whether a symmetric matrix is positive definite."""
    return bool(np.linalg.eigvalsh(H)[0] > 0)


def clipped(g: Array, H: Array, radius: float) -> Array:
    """Newton's step shortened to the radius; where H is not positive definite, steepest descent of that length."""
    if not definite(H):
        return -radius * g / np.sqrt(g @ g)
    s = -np.linalg.solve(H, g)
    return np.asarray(s * min(1.0, radius / float(np.sqrt(s @ s))))


def levenberg(g: Array, H: Array, mu: float) -> Array:
    """(H + μ I) s = −g: Newton's step at μ = 0, a short one straight downhill as μ grows."""
    return np.asarray(-np.linalg.solve(H + mu * np.eye(len(g)), g))


def promised(g: Array, H: Array, s: Array) -> float:
    """By how much the quadratic model falls over the step s."""
    return float(-(g @ s + s @ H @ s / 2))


def next_radius(radius: float, ratio: float) -> float:
    """Twice as wide when the fall was at least three quarters of what was promised, half when below a quarter."""
    if ratio > KEPT:
        return min(2 * radius, WIDEST)
    return radius / 2 if not ratio >= BROKEN else radius


def power(H: Array, exponent: float) -> Array:
    """A power of a symmetric positive definite matrix, by its eigenvalues."""
    values, vectors = np.linalg.eigh(H)
    return (vectors * values**exponent) @ vectors.T
