"""Running averages: how they take a signal in, what they still know of its past, and envelopes of its size.

An average starts at 0 and takes c_1, c_2, … in: A_t = gamma_t A_{t-1} + (1 - gamma_t) c_t. One of the texts
prints the weight of c_t in A_T as gamma^(T-t) (1 - gamma)^t; the exponent t does not belong there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def running(signal: ArrayLike, gammas: ArrayLike) -> Array:
    """A_1 … A_T, each from the one before; gammas is one share that is kept, or one for each step."""
    signal = np.asarray(signal, dtype=float)
    kept, average, path = np.broadcast_to(gammas, signal.shape), 0.0, np.empty_like(signal)
    for t, (c, gamma) in enumerate(zip(signal, kept)):
        average = path[t] = gamma * average + (1 - gamma) * c
    return path


def corrected(averages: ArrayLike, gamma: float) -> Array:
    """The same divided by 1 - gamma^t, the weight that the signal has in A_t: the start at 0 has the rest."""
    averages = np.asarray(averages, dtype=float)
    return averages / (1 - gamma ** np.arange(1, len(averages) + 1))


def weights(gammas: ArrayLike) -> Array:
    """What each of c_1 … c_T weighs in A_T: (1 - gamma_t) times all later gammas."""
    gammas = np.asarray(gammas, dtype=float)
    later = np.append(np.cumprod(gammas[:0:-1])[::-1], 1.0) if len(gammas) else gammas
    return (1 - gammas) * later


def profile(gamma: float, ages: int) -> Array:
    """The weight of what came in 0, 1, 2 … steps ago, for a constant gamma."""
    return (1 - gamma) * gamma ** np.arange(ages)


def moving(signal: ArrayLike, window: int) -> Array:
    """The plain mean of the last few: of all there are until the window is full."""
    signal = np.asarray(signal, dtype=float)
    sums = np.concatenate([[0.0], np.cumsum(signal)])
    ends = np.arange(1, len(signal) + 1)
    starts = np.maximum(ends - window, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def plain(steps: int) -> Array:
    """The gammas (t - 1)/t that make A_t the mean of all so far."""
    t = np.arange(1, steps + 1)
    return (t - 1) / t


def debiasing(gamma: float, steps: int) -> Array:
    """The gammas of which a corrected average is the running average: gamma (1 - gamma^(t-1)) / (1 - gamma^t)."""
    t = np.arange(1, steps + 1)
    return gamma * (1 - gamma ** (t - 1)) / (1 - gamma**t)


def power_mean(signal: ArrayLike, gamma: float, p: float) -> Array:
    """Of the sizes |g|: s_t = gamma^p s_{t-1} + (1 - gamma^p)|g_t|^p, debiased, and its p-th root."""
    sizes = np.abs(np.asarray(signal, dtype=float))
    return corrected(running(sizes**p, gamma**p), gamma**p) ** (1 / p)


def envelope(signal: ArrayLike, gamma: float) -> Array:
    """What power_mean comes to for a large p: the largest of gamma^age |g| over all that were."""
    largest, path = 0.0, []
    for size in np.abs(np.asarray(signal, dtype=float)):
        largest = max(gamma * largest, float(size))
        path.append(largest)
    return np.array(path)
