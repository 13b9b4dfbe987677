"""Least squares beyond one line: curvatures, the pseudo-inverse, ridge, weights and their band, projection."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lab.maths.least_squares import Array, design

RANK = 1e-9  # of the largest singular value: below, a direction counts as missing


def curvatures(X: Array) -> tuple[Array, Array]:
    """Eigenvalues λ of (2/n) XᵀX, the largest first, and their directions as columns; those as good as 0 are 0."""
    values, directions = np.linalg.eigh(2 / len(X) * X.T @ X)
    values, directions = values[::-1], directions[:, ::-1]
    return np.where(values > RANK**2 * max(values[0], 0), np.maximum(values, 0), 0.0), directions


def bowl(hessian: Array, bottom: ArrayLike, x: Array, y: Array) -> Array:
    """½ dᵀ H d at every place (x, y) of a grid, d being the way there from the bottom; z[row, column]."""
    dx, dy = np.meshgrid(x - np.asarray(bottom)[0], y - np.asarray(bottom)[1])
    return np.asarray((hessian[0, 0] * dx**2 + 2 * hessian[0, 1] * dx * dy + hessian[1, 1] * dy**2) / 2)


def ellipse(hessian: Array, bottom: ArrayLike, height: float, places: int = 121) -> Array:
    """Where ½ dᵀ H d is `height`: half-axes √(2 height / λᵢ) along the eigenvectors."""
    values, directions = np.linalg.eigh(hessian)
    angle = np.linspace(0, 2 * np.pi, places)
    round_ = np.column_stack([np.cos(angle), np.sin(angle)]) * np.sqrt(2 * height / values)
    return np.asarray(bottom) + round_ @ directions.T


def pseudo_inverse(X: Array) -> Array:
    """X⁺ = V Δ⁺ Uᵀ: singular values are turned over, those that are 0 stay 0."""
    U, singular, Vt = np.linalg.svd(X, full_matrices=False)
    kept = singular > RANK * singular.max(initial=0)
    turned = np.divide(1, singular, out=np.zeros_like(singular), where=kept)
    return np.asarray(Vt.T @ (turned[:, None] * U.T))


def rank(X: Array) -> int:
    singular = np.linalg.svd(X, compute_uv=False)
    return int(np.sum(singular > RANK * singular.max(initial=0)))


def ridge(X: Array, y: Array, strength: float) -> Array:
    """Minimises J(θ) + λ|θ|²: (XᵀX + nλI)⁻¹ Xᵀy; at λ = 0 the shortest of all minimisers, X⁺y."""
    if not strength:
        return pseudo_inverse(X) @ y
    return np.asarray(np.linalg.solve(X.T @ X + len(y) * strength * np.eye(X.shape[1]), X.T @ y))


def weighted(X: Array, y: Array, weights: Array) -> Array:
    """Solves (XᵀWX) θ = XᵀWy, as least squares of √w X against √w y."""
    root = np.sqrt(weights)
    return pseudo_inverse(root[:, None] * X) @ (root * y)


def projection(M: Array) -> Array:
    """P = M M⁺, which is M (MᵀM)⁻¹ Mᵀ where the columns are independent: onto the span of the columns of M."""
    return M @ pseudo_inverse(M)


def r_squared(y: Array, predicted: Array, weights: Array) -> tuple[float, float, float]:
    """(R², SSE, SST), every square times its weight and the mean weighted alike."""
    mean = np.average(y, weights=weights)
    error, total = float(weights @ (y - predicted) ** 2), float(weights @ (y - mean) ** 2)
    return (1 - error / total if total else 0.0), error, total


def student(level: float, freedom: int) -> float:
    """How many standard errors to either side hold a share `level` of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))


def half_band(X: Array, y: Array, weights: Array, at: Array, level: float) -> Array:
    """Half the width of the confidence band at the rows `at`: t s √(x₀ᵀ (XᵀWX)⁻¹ x₀)."""
    freedom = len(y) - X.shape[1]
    theta = weighted(X, y, weights)
    s2 = float(weights @ (y - X @ theta) ** 2) / freedom
    inverse = np.linalg.pinv(X.T @ (weights[:, None] * X))
    return student(level, freedom) * np.sqrt(np.maximum(s2 * np.einsum("ij,jk,ik->i", at, inverse, at), 0))


def deviation(X: Array, weights: Array, sigma: Array) -> Array:
    """The true standard deviation of each weight of the fit when the noise has deviation σᵢ at row i."""
    weighing = pseudo_inverse(np.sqrt(weights)[:, None] * X) * np.sqrt(weights)
    return np.sqrt((weighing**2) @ sigma**2)


def exponential(t: Array, y: Array, sizes: bool = False) -> Array:
    """(ln a, b) of y = a eᵇᵗ by least squares of ln y; with `sizes` of y itself, by Gauss–Newton from there."""
    X = design(t)
    theta = pseudo_inverse(X) @ np.log(y)
    for _ in range(50 if sizes else 0):
        fitted = np.exp(np.clip(X @ theta, -50, 50))
        leap = pseudo_inverse(fitted[:, None] * X) @ (y - fitted)
        theta = theta + leap * min(1.0, 0.5 / (float(np.abs(leap).max()) or 1.0))
    return np.asarray(theta)
