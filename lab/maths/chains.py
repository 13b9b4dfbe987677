"""Finite Markov chains: their classes and periods, where they settle, how fast, and what flows between states.

P[i, j] is the probability of going from i to j, so that the text's π⁽ᵗ⁺¹⁾ = P′ π⁽ᵗ⁾ is `pi @ P` here.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NOTHING = 1e-12  # a probability or a flow below this counts as none


class Chain(NamedTuple):
    """A chain to begin with: its probabilities, what its states are called, and where they are drawn."""

    P: Array
    names: tuple[str, ...]
    places: Array


# ---------------------------------------------------------------- chains of the course, and others


def circle(n: int) -> Array:
    """n places around a circle, clockwise from the top."""
    angle = 2 * np.pi * np.arange(n) / n
    return np.column_stack([np.sin(angle), np.cos(angle)])


def folded(n: int) -> Array:
    """n places in a row that is folded in two, as a boustrophedon."""
    half = (n + 1) // 2
    return np.array([[i, 0.0] if i < half else [2 * half - 1 - i, -1.6] for i in range(n)])


def numbered(P: Array, places: Array, first: int = 1) -> Chain:
    return Chain(P, tuple(f"{i + first}".replace("-", "−") for i in range(len(P))), places)


def mole() -> Chain:
    """A mole among three holes; P is solved from the distributions that the text prints."""
    return numbered(np.array([[0.1, 0.4, 0.5], [0.4, 0.0, 0.6], [0.0, 0.6, 0.4]]), circle(3))


def two_states() -> Chain:
    return numbered(np.array([[0.5, 0.5], [0.4, 0.6]]), np.array([[0.0, 0.0], [1.0, 0.0]]))


def student(stimulated: bool = False) -> Chain:
    """Ten levels of engagement, which falls by itself and rises when stimulated."""
    down, stay, up = (0.1, 0.1, 0.8) if stimulated else (0.6, 0.2, 0.2)
    P = np.diag([stay] * 10) + np.diag([up] * 9, 1) + np.diag([down] * 9, -1)
    P[0, :2] = P[9, 8:] = (0.2, 0.8) if stimulated else (0.6, 0.4)
    return numbered(P, folded(10))


def clock() -> Chain:
    """Twelve hours, one after the other."""
    return numbered(np.roll(np.eye(12), 1, axis=1), np.roll(circle(12), -1, axis=0))


def urn() -> Chain:
    """Two halves of a vessel with two balls: one ball at a time changes sides, or none does."""
    P = np.array([[0.5, 0.5, 0.0], [0.25, 0.5, 0.25], [0.0, 0.5, 0.5]])
    return numbered(P, np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), first=0)


def gambler() -> Chain:
    """A fair game that ends when all is lost or won: the two ends hold for ever."""
    P = np.diag([0.5] * 4, 1) + np.diag([0.5] * 4, -1)
    P[0], P[4] = np.eye(5)[[0, 4]]
    return numbered(P, np.column_stack([np.arange(5.0), np.zeros(5)]), first=0)


def two_wells(temperature: float) -> Chain:
    """A walk over two wells with a barrier between: a step up is refused more often the colder it is (Metropolis)."""
    x = np.arange(-3, 4)
    energy = (x**2 - 4.0) ** 2 / 16
    P = np.zeros((7, 7))
    for i in range(7):
        for j in (i - 1, i + 1):
            if 0 <= j < 7:
                P[i, j] = 0.5 * math.exp(-max(0.0, energy[j] - energy[i]) / temperature)
        P[i, i] = 1 - P[i].sum()
    return numbered(P, np.column_stack([x, 1.2 * energy]), first=-3)


def drawn_at_random(n: int, rng: np.random.Generator) -> Chain:
    """Each state leads to about three others; around the circle, so that all can be reached."""
    weights = rng.exponential(size=(n, n)) * (rng.random((n, n)) < min(1.0, 2 / n))
    weights += np.roll(np.diag(rng.exponential(size=n) + 0.1), 1, axis=1)
    P = np.round(weights / weights.sum(axis=1, keepdims=True), 2)
    P[np.arange(n), (np.arange(n) + 1) % n] += 1 - P.sum(axis=1)
    return numbered(P, circle(n))


def lazy(P: Array, stays: float) -> Array:
    """The chain that first tosses a coin, and stays where it is with this probability."""
    return (1 - stays) * P + stays * np.eye(len(P))


def with_probability(P: Array, i: int, j: int, value: float) -> Array:
    """The chain with this P_ij: the row's other probabilities keep their proportions, or what is left stays at i."""
    rest = np.where(np.arange(len(P)) == j, 0.0, P[i])
    if rest.sum() < NOTHING and value < 1:
        if i == j:
            raise ValueError("nothing leads away from this state: first draw an arrow that does")
        rest[i] = 1.0
    row = rest * (1 - value) / max(rest.sum(), NOTHING)
    row[j] = value
    return np.where(np.arange(len(P))[:, None] == i, row / row.sum(), P)


def without(P: Array, k: int) -> Array:
    """The chain without a state: what led there is shared out in proportion, or stays where it is."""
    kept = np.delete(np.arange(len(P)), k)
    rest = P[np.ix_(kept, kept)]
    alone = rest.sum(axis=1, keepdims=True) < NOTHING
    rest = np.where(alone, np.eye(len(kept)), rest)
    return rest / rest.sum(axis=1, keepdims=True)


# ---------------------------------------------------------------- classes and periods


def classes(P: Array) -> Array:
    """The number of each state's class: states that lead to each other share one. Numbered as they come."""
    leads = (P > NOTHING) | np.eye(len(P), dtype=bool)
    for _ in range(max(1, len(P).bit_length())):
        leads = (leads.astype(float) @ leads) > 0
    both = leads & leads.T
    firsts = both.argmax(axis=1)
    return np.unique(firsts, return_inverse=True)[1].reshape(-1)


def closed(P: Array, owner: Array) -> list[Array]:
    """The classes that are never left, as arrays of their states: the recurrent ones."""
    members = [np.flatnonzero(owner == c) for c in range(owner.max() + 1)]
    return [own for own in members if P[np.ix_(own, np.setdiff1d(np.arange(len(P)), own))].sum() <= NOTHING]


def period(P: Array, states: Array) -> int:
    """The greatest common divisor of the lengths of all ways from a state of this class back to it."""
    level = {int(states[0]): 0}
    queue, common = [int(states[0])], 0
    for i in queue:
        for j in np.flatnonzero(P[i] > NOTHING).tolist():
            if j in level:
                common = math.gcd(common, level[i] + 1 - level[j])
            elif j in states:
                level[j] = level[i] + 1
                queue.append(j)
    return common or 1


# ---------------------------------------------------------------- where it settles


def stationary(P: Array) -> Array:
    """The π with π = P′ π of an irreducible chain."""
    n = len(P)
    pi = np.linalg.lstsq(np.vstack([P.T - np.eye(n), np.ones(n)]), np.append(np.zeros(n), 1.0), rcond=None)[0]
    pi = np.maximum(pi, 0.0)
    return pi / pi.sum()


def settled(P: Array, pi: Array) -> Array:
    """Where the chain settles from the distribution π: each closed class as likely as it is to be the one reached.

    Of a periodic class it is the mean over a period.
    """
    owner = classes(P)
    ends = closed(P, owner)
    limit = np.zeros(len(P))
    passing = np.setdiff1d(np.arange(len(P)), np.concatenate(ends))
    left = np.linalg.solve(np.eye(len(passing)) - P[np.ix_(passing, passing)].T, pi[passing])  # expected visits
    for own in ends:
        reached = pi[own].sum() + left @ P[np.ix_(passing, own)].sum(axis=1)
        limit[own] = reached * stationary(P[np.ix_(own, own)])
    return limit


def eigenvalues(P: Array) -> Array:
    """Of P, the largest modulus first."""
    values = np.linalg.eigvals(P).astype(complex)
    return values[np.lexsort((-values.real, -np.round(np.abs(values), 9)))]


def bound(P: Array, pi: Array, limit: Array) -> float:
    """C such that the total variation after t steps from π is at most C |λ₂|ᵗ.

    A reversible chain has C = ½ √(Σ (π − π∞)²/π∞); else it is the sum over all eigenvectors but the first.
    """
    apart = pi - limit
    if (limit > NOTHING).all() and np.abs(flow(P, limit) - flow(P, limit).T).max() < NOTHING:
        return 0.5 * math.sqrt(float((apart**2 / limit).sum()))
    vectors = np.linalg.eig(P.T)[1]
    parts = np.linalg.lstsq(vectors, apart.astype(complex), rcond=None)[0]
    whole = 0.5 * float((np.abs(parts) * np.abs(vectors).sum(axis=0)).sum())
    return whole if np.allclose(vectors @ parts, apart, atol=1e-8) else math.nan


def deviation(P: Array, limit: Array) -> float:
    """How far, times √T, time spent is from π∞ on average after a long time T: the sum of half the mean deviations.

    By the central limit theorem, with the variances π (2 Z − 1 − π) from the fundamental matrix Z.
    """
    Z = np.linalg.inv(np.eye(len(P)) - P + limit)
    variance = limit * (2 * np.diag(Z) - 1 - limit)
    return 0.5 * math.sqrt(2 / math.pi) * float(np.sqrt(np.maximum(variance, 0)).sum())


# ---------------------------------------------------------------- flows and distances


def flow(P: Array, pi: Array) -> Array:
    """How much goes from i to j at each step: π_i P_ij."""
    return pi[:, None] * P


def reverse(P: Array, pi: Array) -> Array:
    """The chain seen backwards in time: P_rev(i, j) = P(j, i) π(j)/π(i)."""
    return flow(P, pi).T / pi[:, None]


def total_variation(p: Array, q: Array) -> float:
    """Half of the sum of |p − q|: the most by which the two can differ on any event."""
    return 0.5 * float(np.abs(p - q).sum())


def kl(p: Array, q: Array) -> float:
    """KL(p‖q) = Σ p log(p/q); infinite where q is 0 and p is not. Term by term p log(p/q) − p + q, none below 0."""
    if ((q <= 0) & (p > 0)).any():
        return math.inf
    p, q = p[q > 0], q[q > 0]
    d = (p - q) / q
    near = d**2 / 2 - d**3 / 6 + d**4 / 12
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(p > 0, (1 + d) * np.log1p(d) - d, 1.0)
    return float((q * np.where(np.abs(d) < 1e-3, near, far)).sum())
