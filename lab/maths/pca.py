"""Principal components: covariance, the SVD and power-iteration routes to them, what r of them keep, whitening."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WHITENINGS = ("none", "centre", "standardise", "PCA", "ZCA")


def covariance(x: Array) -> Array:
    """S = XᵀX / n of the centred data matrix X = X_D − 1 x̄ᵀ, with 1 of length n."""
    centred = x - x.mean(axis=0)
    return np.asarray(centred.T @ centred / len(x))


def standardised(x: Array) -> Array:
    """Each feature with mean 0 and variance 1; one that never changes stays 0."""
    spread = x.std(axis=0)
    return np.asarray((x - x.mean(axis=0)) / np.where(spread > 0, spread, 1))


def correlation(x: Array) -> Array:
    """S_ij / (s_i s_j)."""
    return covariance(standardised(x))


@dataclass(frozen=True)
class Components:
    """X = U Δ Vᵀ: the principal directions as columns of V, each with its eigenvalue λ = δ²/n of S."""

    mean: Array  # (p,)
    vectors: Array  # (p, p) V, a direction a column
    values: Array  # (p,) λ, the largest first
    scores: Array  # (n, p) X V = U Δ


def by_svd(x: Array) -> Components:
    """The components through the SVD of the centred data."""
    mean = x.mean(axis=0)
    u, delta, vt = np.linalg.svd(x - mean, full_matrices=False)
    signs = upright(vt.T)
    return Components(mean, vt.T * signs, delta**2 / len(x), u * delta * signs)


def by_eigen(x: Array) -> Components:
    """The same through S v = λ v: S = V Λ Vᵀ, where the text's (2.50) prints Vᵀ Λ V."""
    mean = x.mean(axis=0)
    centred = x - mean
    values, vectors = np.linalg.eigh(centred.T @ centred / len(x))
    vectors = vectors[:, ::-1] * upright(vectors[:, ::-1])
    return Components(mean, vectors, np.maximum(values[::-1], 0), centred @ vectors)


def upright(vectors: Array) -> Array:
    """+1 or −1 a column, so that its largest entry becomes positive: a direction has no sign of its own."""
    return np.where(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])] < 0, -1.0, 1.0)


def power_step(S: Array, v: Array) -> Array:
    """v ← S v / ‖S v‖; where S v is 0 there is nowhere to turn."""
    turned = S @ v
    length = np.linalg.norm(turned)
    return np.asarray(turned / length) if length > 0 else v


def orthogonal_step(S: Array, V: Array) -> Array:
    """Power iteration on several vectors at once: V ← the orthonormal Q of S V = Q R."""
    Q, R = np.linalg.qr(S @ V)
    return np.asarray(Q * np.where(np.diag(R) < 0, -1.0, 1.0))


def shares(values: Array) -> Array:
    """λ_i / Σ λ; zeros when there is no variance at all."""
    whole = values.sum()
    return np.asarray(values / whole if whole > 0 else np.zeros_like(values))


def dropped(values: Array) -> Array:
    """Σ of all after the first r, for r = 0, 1, …: the least error of rank r (Eckart, Young, Mirsky)."""
    return np.append(values[::-1].cumsum()[::-1], 0.0)


def widest_angle(A: Array, B: Array) -> float:
    """The largest principal angle between the spans of two sets of columns, in degrees."""
    a, b = np.linalg.qr(A)[0], np.linalg.qr(B)[0]
    return float(np.degrees(np.arcsin(np.clip(np.linalg.norm(a - b @ (b.T @ a), 2), 0, 1))))


def whitener(method: str, S: Array, eps: float = 0.0) -> Array:
    """W of x̂ = W (x − mean): S^(−1/2) for ZCA, Λ^(−1/2) Vᵀ for PCA, 1/s a feature to standardise."""
    if method not in WHITENINGS:
        raise ValueError(f"method must be one of {', '.join(WHITENINGS)}, not {method}")
    if method in ("none", "centre"):
        return np.eye(len(S))
    if method == "standardise":
        return np.diag(1 / np.sqrt(np.diag(S) + eps))
    values, vectors = np.linalg.eigh(S)
    vectors = vectors[:, ::-1] * upright(vectors[:, ::-1])
    scaled = vectors.T / np.sqrt(values[::-1, None] + eps)
    return np.asarray(scaled if method == "PCA" else vectors @ scaled)
