"""Variance reduction: five ways to spend gradients of single samples on the mean loss of n of them.

Each method has a place w, and knows what it has paid: the number of single-sample gradients it has evaluated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.maths.finite_sums import FiniteSum

Array = NDArray[Any]


class Method:
    """A place w, its last direction, and how far that was from the whole gradient."""

    setup = 0  # passes over all samples before the first step

    def __init__(self, f: FiniteSum, w: Array, eta: float) -> None:
        self.w, self.eta = w, eta
        self.paid, self.steps = 0, 0
        self.before = self.went = w
        self.read = -1  # the sample read last
        self.begin(f)
        self.paid += self.setup * f.n

    def begin(self, f: FiniteSum) -> None:
        """What is made before the first step."""

    def price(self, f: FiniteSum) -> int:
        """Gradients that the next step evaluates."""
        return 1

    def direction(self, f: FiniteSum, i: int) -> Array:
        raise NotImplementedError

    def step(self, f: FiniteSum, i: int) -> None:
        self.paid += self.price(f)
        self.read, self.before = i, self.w
        self.went = self.direction(f, i)
        self.w = self.w - self.eta * self.went
        self.steps += 1


class GD(Method):
    def price(self, f: FiniteSum) -> int:
        return f.n

    def direction(self, f: FiniteSum, i: int) -> Array:
        return f.gradient(self.w)


class SGD(Method):
    def direction(self, f: FiniteSum, i: int) -> Array:
        return f.sample_gradient(self.w, i)


class SAGA(Method):
    """λ g_new − (λ g_old − mean of the buffer), then the new gradient is remembered. λ = 1 is SAGA, 1/n is SAG."""

    setup = 1

    def __init__(self, f: FiniteSum, w: Array, eta: float, lam: float = 1.0) -> None:
        self.lam = lam
        super().__init__(f, w, eta)

    def begin(self, f: FiniteSum) -> None:
        self.buffer = f.sample_gradients(self.w)
        self.mean = self.buffer.mean(axis=0)
        self.read_at = np.zeros(f.n, dtype=int)  # the step at which each was refreshed

    def direction(self, f: FiniteSum, i: int) -> Array:
        new, old = f.sample_gradient(self.w, i), self.buffer[i].copy()
        self.new, self.old, self.mean_before = new, old, self.mean
        went = self.lam * new - (self.lam * old - self.mean)
        self.buffer[i] = new
        self.mean = self.mean + (new - old) / f.n
        self.read_at[i] = self.steps + 1
        return went


class SVRG(Method):
    """g(w) − (g(w_s) − whole gradient at the checkpoint w_s): two gradients a step, and all n at a checkpoint."""

    def __init__(self, f: FiniteSum, w: Array, eta: float, period: int) -> None:
        self.period = period
        super().__init__(f, w, eta)

    def due(self) -> bool:
        return self.steps % self.period == 0

    def price(self, f: FiniteSum) -> int:
        return 2 + f.n * self.due()

    def direction(self, f: FiniteSum, i: int) -> Array:
        if self.due():
            self.checkpoint, self.whole = self.w, f.gradient(self.w)
        return f.sample_gradient(self.w, i) - (f.sample_gradient(self.checkpoint, i) - self.whole)


def best_coefficient(X: Array, Y: Array) -> float:
    """c* = −Cov(X, Y) / Var Y, which makes X + c (Y − E Y) vary least."""
    return float(-np.cov(X, Y)[0, 1] / np.var(Y, ddof=1))


def corrected_variance(c: Any, var_x: float, var_y: float, cov: float) -> Any:
    """Var(X + c (Y − E Y)); at c* it is Var X (1 − corr²), and not (1 − (Cov/Var Y)²) Var X as one text has it."""
    return var_x + c**2 * var_y + 2 * c * cov
