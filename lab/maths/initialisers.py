"""Initialisers: the first weights of a layer with m units before it and n in it.

Text 0 has the spread 1/m, and its "Gaussian(0, 1/m)" can be read as a variance: both are here. What text 3 calls
Xavier is the variance 1/m; here, as in text 2 and torch, it is Glorot's, between bounds that count n too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[Any]


def orthogonal(rng: Generator, m: int, n: int) -> Array:
    """The Q of a Gaussian's QR: its shorter side's vectors stand upright on each other and have length 1."""
    q, r = np.linalg.qr(rng.normal(size=(max(m, n), min(m, n))))
    q *= np.where(np.diag(r) < 0, -1, 1)  # or some Q would be likelier than others
    return q if m >= n else q.T


class Initialiser(NamedTuple):
    """`draw` is given the gain of the activation, and a number that only some read."""

    draw: Callable[[Generator, int, int, float, float], Array]  # rng, m, n, gain, spread
    text: str
    reads_spread: bool = False


INITIALISERS = {
    "suited": Initialiser(lambda rng, m, n, gain, s: rng.normal(0, gain / m**0.5, (m, n)), "spread gain / √m"),
    "zero": Initialiser(lambda rng, m, n, gain, s: np.zeros((m, n)), "0"),
    "constant": Initialiser(lambda rng, m, n, gain, s: np.full((m, n), s), "all the same", True),
    "normal": Initialiser(lambda rng, m, n, gain, s: rng.normal(0, s, (m, n)), "spread as set", True),
    "spread 1/m": Initialiser(lambda rng, m, n, gain, s: rng.normal(0, 1 / m, (m, n)), "spread 1 / m"),
    "variance 1/m": Initialiser(lambda rng, m, n, gain, s: rng.normal(0, m**-0.5, (m, n)), "spread 1 / √m"),
    "Xavier": Initialiser(
        lambda rng, m, n, gain, s: rng.uniform(-((6 / (m + n)) ** 0.5), (6 / (m + n)) ** 0.5, (m, n)),
        "evenly within √(6 / (m + n))",
    ),
    "He": Initialiser(lambda rng, m, n, gain, s: rng.normal(0, (2 / m) ** 0.5, (m, n)), "spread √(2 / m)"),
    "orthogonal": Initialiser(lambda rng, m, n, gain, s: gain * orthogonal(rng, m, n), "gain times a rotation"),
}
