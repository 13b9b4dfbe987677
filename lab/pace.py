"""Pace: how many steps are due at the speed that was asked for, how many there really are, and when to show them."""

from __future__ import annotations

import math
from collections import deque
from time import monotonic

FLAT_OUT = math.inf
FEW = 0.04  # seconds of steps that may be owed: what a busy moment leaves behind is not made up for
APART = 0.1  # seconds between two readings of the count
READINGS = 20
LATE = 0.3  # of the time from frame to frame, that the one after a late frame makes up for


class Pace:
    """Steps a second, asked for and measured."""

    def __init__(self) -> None:
        self.speed = FLAT_OUT
        self._due, self._last = 0.0, 0.0  # steps owed, and when that was reckoned
        self._steps = 0
        self._read: deque[tuple[float, int]] = deque([(monotonic(), 0)], maxlen=READINGS)

    def set(self, speed: float) -> None:
        self.speed = speed
        self._due, self._last = 0.0, monotonic()

    def begin(self) -> None:
        """Play: the first step is due at once, and the count begins anew."""
        self._due, self._last = 1.0, monotonic()
        self._read.clear()
        self._read.append((monotonic(), self._steps))

    def due(self, now: float) -> float:
        """How many steps to make now; they are owed no longer."""
        many = math.inf
        if self.speed != FLAT_OUT:
            self._due = min(self._due + (now - self._last) * self.speed, max(1.0, self.speed * FEW))
            many = math.floor(self._due)
            self._due -= many
        self._last = now
        return many

    def wait(self, now: float) -> float:
        """Seconds until the next step is due."""
        return 0.0 if self.speed == FLAT_OUT else max(0.0, (1.0 - self._due) / self.speed - (now - self._last))

    def count(self, steps: int) -> None:
        self._steps += steps

    def measured(self) -> float:
        """Steps a second over the last two seconds or so."""
        now = monotonic()
        if now - self._read[-1][0] > APART:
            self._read.append((now, self._steps))
        began, steps = self._read[0]
        return (self._steps - steps) / (now - began) if now > began else 0.0


class Beat:
    """When the next frame is due. One that had to wait for a step does not put off all that follow."""

    def __init__(self, rate: float) -> None:
        self.rate = rate  # frames a second, at most
        self._next = 0.0

    def wait(self, now: float) -> float:
        """Seconds until then."""
        return max(0.0, self._next - now)

    def begin(self, now: float) -> None:
        """A frame is made now."""
        late = max(0.0, now - self._next)
        self._next = now + 1 / self.rate - (late if late < LATE / self.rate else 0.0)
