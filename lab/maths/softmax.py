"""Softmax regression: scores to shares, the cross-entropy with its derivatives, and its minimum by Newton's method.

A row of X is a point with a 1 at its end, a row of W a class: Z = X Wᵀ holds K scores a point. The mean loss is
(1/n) Σ (ln Σⱼ exp zⱼ − z_y), to which J adds (λ/2) times the squared weights; offsets are not penalised. Of two slips
in a text with a temperature T: the soft maximum is T ln Σ exp(z/T), and T divides the scores inside the sum too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.maths import losses

Array = NDArray[np.float64]
Labels = NDArray[np.int_]
NEWTON_STEPS = 50
STILL = 1e-10  # a gradient below this is 0 but for rounding
SHORTEST = 1e-6  # of a Newton step


def softmax(Z: Array, T: float = 1.0) -> Array:
    """Shares exp(z/T) / Σ exp(z/T) of each row, or of one vector."""
    return losses.softmax(np.asarray(Z, dtype=float).T / T).T


def log_sum_exp(Z: Array, T: float = 1.0) -> Array:
    """The soft maximum T ln Σ exp(z/T) of each row, between max z and max z + T ln K."""
    return T * np.logaddexp.reduce(np.asarray(Z, dtype=float) / T, axis=-1)


def jacobian(g: Array) -> Array:
    """∂g/∂z = Diag(g) − g gᵀ of one softmax, whose rows sum to 0: also the Hessian of ln Σ exp z."""
    return np.diag(g) - np.outer(g, g)


def one_hot(y: Labels, K: int) -> Array:
    """Row y of the identity for each label."""
    return np.eye(K)[y]


def cross_entropy(Z: Array, y: Labels, T: float = 1.0) -> Array:
    """−ln g_y of each row of scores, as ln Σ exp(z/T) − z_y/T: no g is ever rounded to 0."""
    own = np.take_along_axis(Z, y[:, None], axis=1)[:, 0]
    return (log_sum_exp(Z, T) - own) / T


def objective(W: Array, X: Array, y: Labels, penalty: float = 0.0) -> float:
    """J: the mean cross-entropy and the penalty."""
    return float(cross_entropy(X @ W.T, y).mean() + penalty / 2 * (W[:, :-1] ** 2).sum())


def gradient(W: Array, X: Array, Y: Array, penalty: float = 0.0) -> Array:
    """∂J/∂W: the mean over the points of (g − y) xᵀ, and λ W without its offsets. Y are one-hot rows, or softer."""
    slope = (softmax(X @ W.T) - Y).T @ X / len(X)
    slope[:, :-1] += penalty * W[:, :-1]
    return slope


def hessian(W: Array, X: Array, penalty: float = 0.0) -> Array:
    """∂²J/∂W²: the mean of (Diag(g) − g gᵀ) ⊗ x xᵀ, and λ. Row k d + i is weight i of class k."""
    (K, d), n = W.shape, len(X)
    g = softmax(X @ W.T)
    squares = (X[:, :, None] * X[:, None, :]).reshape(n, d * d)
    pairs = (g[:, :, None] * (np.eye(K) - g[:, None, :])).reshape(n, K * K)
    H = (pairs.T @ squares / n).reshape(K, K, d, d).transpose(0, 2, 1, 3).reshape(K * d, K * d)
    return H + penalty * np.diag(np.tile(np.append(np.ones(d - 1), 0.0), K))


def fit(X: Array, y: Labels, K: int, penalty: float = 0.0, reference: bool = False) -> Array:
    """The W (K, d) of least J, by Newton's method with steps halved until J falls.

    With `reference` the last class keeps W = 0, so that two classes are logistic regression. Without a penalty,
    classes that lines can part have no minimum: then W is only where the steps ended.
    """
    W, Y = np.zeros((K, X.shape[1])), one_hot(y, K)
    free = (K - 1 if reference else K) * X.shape[1]
    J = objective(W, X, y, penalty)
    for _ in range(NEWTON_STEPS):
        slope = gradient(W, X, Y, penalty).ravel()[:free]
        if np.abs(slope).max() < STILL:
            break
        step = np.zeros(W.size)
        # Least squares, since H is flat along W + 1 vᵀ, which has the same probabilities for every v.
        step[:free] = np.linalg.lstsq(hessian(W, X, penalty)[:free, :free], slope, rcond=1e-12)[0]
        move, size = step.reshape(W.shape), 1.0
        while size > SHORTEST and objective(W - size * move, X, y, penalty) >= J:
            size /= 2
        if size <= SHORTEST:
            break
        W = W - size * move
        J = objective(W, X, y, penalty)
    return W
