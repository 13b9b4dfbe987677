"""Logistic regression: the sigmoid, the mean negative log-likelihood with its gradient and Hessian, and a rival line.

X holds a sample in each row, with a 1 at its end where there is an offset θ₀; y is 0 or 1. The penalty λ‖θ‖² is given
as one λ for each weight, that of the offset being 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.maths.perceptrons import widest

Array = NDArray[np.float64]


def sigmoid(u: ArrayLike) -> Any:
    """σ(u) = 1/(1 + e^(−u)), without overflow at either end and without a lower end short of 0."""
    u = np.asarray(u, dtype=float)
    small = np.exp(-np.abs(u))
    return np.where(u >= 0, 1.0, small) / (1 + small)


def log_odds(p: ArrayLike) -> Any:
    """ln(p/(1 − p)), which undoes σ."""
    p = np.asarray(p, dtype=float)
    return np.log(p) - np.log1p(-p)


def losses(u: ArrayLike, y: ArrayLike) -> Any:
    """−y ln σ(u) − (1 − y) ln(1 − σ(u)) of each sample, as ln(1 + e^u) − y u, which stays finite."""
    u = np.asarray(u, dtype=float)
    return np.logaddexp(0, u) - np.asarray(y) * u


def margin_losses(u: ArrayLike, sign: ArrayLike) -> Any:
    """ln(1 + e^(−y u)) of each sample, with labels −1 and 1: the same numbers."""
    return np.logaddexp(0, -np.asarray(sign) * np.asarray(u, dtype=float))


def objective(theta: Array, X: Array, y: ArrayLike, penalty: float | Array = 0.0) -> float:
    """J(θ) = (1/n) Σ L(σ(θ·x), y) + λ‖θ‖²."""
    return float(losses(X @ theta, y).mean() + (penalty * theta**2).sum())


def gradient(theta: Array, X: Array, y: ArrayLike, penalty: float | Array = 0.0) -> Array:
    """∇J = (1/n) Σ (σ(θ·x) − y) x + 2λθ."""
    return X.T @ (sigmoid(X @ theta) - y) / len(X) + 2 * penalty * theta


def hessian(theta: Array, X: Array, penalty: float | Array = 0.0) -> Array:
    """(1/n) Σ σ(1 − σ) x xᵀ + 2λI: a sum of matrices of rank one, none of them negative."""
    u = X @ theta
    spread = sigmoid(u) * sigmoid(-u)
    return (X * spread[:, None]).T @ X / len(X) + np.diag(np.broadcast_to(2.0 * np.asarray(penalty), theta.shape))


def smoothness(X: Array, penalty: float | Array = 0.0) -> float:
    """L = λ_max(XᵀX)/(4n) + 2λ: no Hessian has a larger eigenvalue, so η < 2/L is safe anywhere."""
    return float(np.linalg.eigvalsh(X.T @ X)[-1] / (4 * len(X)) + 2 * np.max(penalty))


def growth(X: Array, y: ArrayLike) -> tuple[float, float]:
    """(ρ, c) of the law |θ| → ln(1 + c η t)/ρ that descent follows at λ = 0; (0, 0) where no line separates.

    ρ is the largest margin. With w* = Σ αᵢ zᵢ, the shortest w whose margins w·z are all at least 1, the pulls that
    are left in the end are those of the support vectors in the ratio of their α, so ln c = −ρ² Σ αᵢ ln(n αᵢ).
    """
    from scipy.optimize import nnls

    Z = X * (2 * np.asarray(y) - 1)[:, None]
    best = widest(Z, np.ones(len(Z)))
    if best is None:
        return 0.0, 0.0
    star, rho = best
    alpha = nnls(Z[Z @ star < rho * (1 + 1e-6)].T, star / rho)[0]
    alpha = alpha[alpha > 0]
    return rho, float(np.exp(-(rho**2) * (alpha * np.log(len(Z) * alpha)).sum()))


def linear_discriminant(x: Array, y: ArrayLike) -> Array | None:
    """(w, b) of two Gaussians that share a covariance S: w = S⁻¹(μ₁ − μ₀), b = −w·(μ₀ + μ₁)/2 + ln(π₁/π₀).

    S is that of maximum likelihood, the priors are the shares of the classes. None where S has no inverse.
    """
    y = np.asarray(y)
    zeros, ones = x[y == 0], x[y == 1]
    if not len(zeros) or not len(ones):
        return None
    centred = np.concatenate([zeros - zeros.mean(axis=0), ones - ones.mean(axis=0)])
    return discriminant(zeros.mean(axis=0), ones.mean(axis=0), centred.T @ centred / len(x), len(ones) / len(zeros))


def discriminant(zero: Array, one: Array, S: Array, odds: float = 1.0) -> Array | None:
    """(w, b) from the two means, the covariance and the prior odds π₁/π₀."""
    if np.linalg.matrix_rank(S) < len(S):
        return None
    w = np.linalg.solve(S, one - zero)
    return np.append(w, -w @ (zero + one) / 2 + np.log(odds))
