"""Products of matrices as models: their loss, all its critical points, and what gradient flow keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TwoLayers:
    """y ≈ A B x, with A (d, p) and B (p, d): all that the loss needs are the moments of x (d, n) and y (d, n)."""

    Sxx: Array
    Syx: Array
    Syy: Array
    n: int

    @classmethod
    def of(cls, x: Array, y: Array) -> TwoLayers:
        return cls(x @ x.T, y @ x.T, y @ y.T, x.shape[1])

    @property
    def single(self) -> Array:
        """L* = Syx Sxx⁻¹: what one layer without a bottleneck would find (12.2)."""
        return np.asarray(np.linalg.solve(self.Sxx, self.Syx.T).T, dtype=float)

    def loss(self, A: Array, B: Array) -> float:
        """(1/2n) Σ ‖y − A B x‖² (12.1)."""
        W = A @ B
        return float(np.trace(self.Syy - 2 * W @ self.Syx.T + W @ self.Sxx @ W.T)) / (2 * self.n)

    def gradients(self, A: Array, B: Array) -> tuple[Array, Array]:
        slope = (A @ B @ self.Sxx - self.Syx) / self.n
        return slope @ B.T, A.T @ slope

    def best_B(self, A: Array) -> Array:
        """The least B for this A (12.3)."""
        return np.linalg.pinv(A) @ self.single

    def best_A(self, B: Array) -> Array:
        """The best A for this B (12.5)."""
        return self.Syx @ B.T @ np.linalg.pinv(B @ self.Sxx @ B.T)

    def hessian(self, A: Array, B: Array) -> Array:
        """Of all the weights, those of A before those of B, row by row."""
        slope = (A @ B @ self.Sxx - self.Syx) / self.n
        d, p = A.shape
        units = np.eye(2 * d * p)
        dA, dB = units[:, : d * p].reshape(-1, d, p), units[:, d * p :].reshape(-1, p, d)
        turned = (dA @ B + A @ dB) @ self.Sxx / self.n
        in_A = turned @ B.T + slope @ dB.transpose(0, 2, 1)
        in_B = A.T @ turned + dA.transpose(0, 2, 1) @ slope
        return np.concatenate([in_A.reshape(len(units), -1), in_B.reshape(len(units), -1)], axis=1)

    def modes(self) -> tuple[Array, Array]:
        """Eigenvalues, the largest first, and eigenvectors of Σ = Syx Sxx⁻¹ Sxy."""
        values, vectors = np.linalg.eigh(self.single @ self.Syx.T)
        return np.maximum(values[::-1], 0), vectors[:, ::-1]

    def critical(self, chosen: Sequence[int], C: Array) -> tuple[Array, Array]:
        """A = U_I C and B = C⁻¹ U_Iᵀ L* for the modes I, numbered from 0 (12.6); with less than p of them, of less
        rank: what the modes left out would have filled is 0."""
        d, p = len(self.Sxx), len(C)
        U = np.zeros((d, p))
        U[:, : len(chosen)] = self.modes()[1][:, list(chosen)]
        return U @ C, np.asarray(np.linalg.solve(C, U.T @ self.single), dtype=float)

    def level(self, chosen: Sequence[int]) -> float:
        """The loss there: (tr Syy − Σ λᵢ)/2n. The text's (12.8) forgets that its loss has the factor 1/2n."""
        return float(np.trace(self.Syy) - self.modes()[0][list(chosen)].sum()) / (2 * self.n)


def index_sets(d: int, p: int) -> list[tuple[int, ...]]:
    """The C(d, p) choices of p modes of d, numbered from 0."""
    return list(combinations(range(d), p))


def saddle_index(chosen: Sequence[int], d: int) -> int:
    """How many ways lead down from this critical point: a stronger mode left out for each weaker one taken."""
    return sum(j < i for i in chosen for j in range(d) if j not in chosen)


def angles(A: Array, V: Array) -> Array:
    """The angles in degrees between two column spaces, the largest last."""
    overlaps = np.linalg.svd(np.linalg.qr(A)[0].T @ np.linalg.qr(V)[0], compute_uv=False)
    return np.degrees(np.arccos(np.clip(overlaps, 0, 1)))


def chain(weights: Sequence[Array]) -> Array:
    """W_N … W_1, the first layer given first."""
    product = weights[0]
    for W in weights[1:]:
        product = W @ product
    return product


# ---------------------------------------------------------------- the loss of one number, ½ (L − a b)² + λ (a² + b²)


def height(theta: Array, L: float, decay: float) -> Array:
    """At places (…, 2)."""
    a, b = theta[..., 0], theta[..., 1]
    return (L - a * b) ** 2 / 2 + decay * (a * a + b * b)


def slope(theta: Array, L: float, decay: float) -> Array:
    missing = L - theta[..., :1] * theta[..., 1:]
    return 2 * decay * theta - missing * theta[..., ::-1]


def bends(theta: Array, L: float, decay: float) -> Array:
    """The Hessian (2, 2) at a place (2,)."""
    a, b = theta
    across = 2 * a * b - L
    return np.array([[b * b + 2 * decay, across], [across, a * a + 2 * decay]])


def flowed(theta: Array, L: float, decay: float, time: float, pieces: int = 8) -> Array:
    """Where gradient flow takes these places in this time (Runge and Kutta's fourth order)."""
    h = time / pieces
    for _ in range(pieces):
        k1 = -slope(theta, L, decay)
        k2 = -slope(theta + h / 2 * k1, L, decay)
        k3 = -slope(theta + h / 2 * k2, L, decay)
        k4 = -slope(theta + h * k3, L, decay)
        theta = theta + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return theta


def least_norm(L: float, decay: float) -> Array:
    """The minima that weight decay leaves: two places, or only the origin from λ = |L|/2 on."""
    size = np.sqrt(max(abs(L) - 2 * decay, 0.0))
    return np.array([[size, np.copysign(size, L)], [-size, -np.copysign(size, L)]]) if size else np.zeros((1, 2))


def rivers(L: float, reach: float, places: int = 161) -> tuple[Array, ...]:
    """Where a b = L, as lines within a square: both branches, or for L = 0 both axes."""
    if abs(L) < 1e-9:
        along = np.array([[-reach, 0.0], [reach, 0.0]])
        return along, along[:, ::-1]
    a = np.geomspace(abs(L) / reach, reach, places)
    branch = np.column_stack([a, L / a])
    return branch, -branch


def kept(c: float, reach: float, places: int = 81) -> tuple[Array, ...]:
    """Where a² − b² = c, as lines within a square: what gradient flow keeps."""
    v = np.linspace(-reach, reach, places)
    if abs(c) < 1e-12:
        return np.column_stack([v, v]), np.column_stack([v, -v])
    most = np.sqrt(max(reach**2 - abs(c), 0.0))
    v = np.linspace(-most, most, places)
    u = np.sqrt(abs(c) + v * v)
    branch = np.column_stack([u, v] if c > 0 else [v, u])
    return branch, -branch
