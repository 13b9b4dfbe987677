"""Batches: which samples each step takes, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

WAYS = ("with replacement", "shuffled each epoch", "shuffled once")
KEPT = 8  # epochs whose visits are remembered


@dataclass
class Batches:
    """The samples of one epoch in the order in which they are taken; the next batch begins at `at`."""

    n: int
    order: NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=int))
    at: int = 0
    epoch: int = -1
    visits: NDArray[Any] = field(default_factory=lambda: np.zeros((KEPT, 0), dtype=int))  # by epoch, the newest first

    def begin(self, rng: np.random.Generator, b: int, way: str) -> None:
        """A new epoch: ⌈n/b⌉ batches, each sample once, or drawn anew every time."""
        if way == "with replacement":
            self.order = rng.integers(self.n, size=-(-self.n // b) * b)
        elif way == "shuffled each epoch" or not np.array_equal(np.sort(self.order), np.arange(self.n)):
            self.order = rng.permutation(self.n)
        self.at, self.epoch = 0, self.epoch + 1
        if self.visits.shape[1] != self.n:
            self.visits = np.zeros((KEPT, self.n), dtype=int)
        self.visits = np.vstack([np.zeros((1, self.n), dtype=int), self.visits[:-1]])

    def take(self, rng: np.random.Generator, b: int, way: str) -> NDArray[Any]:
        """The next batch. Once an epoch is over the next begins, so that one can see what is coming."""
        batch = self.coming(b)
        self.visits[0] += np.bincount(batch, minlength=self.n)
        self.at += len(batch)
        if self.at >= len(self.order):
            self.begin(rng, b, way)
        return batch

    def coming(self, b: int) -> NDArray[Any]:
        return self.order[self.at : self.at + b]
