"""What a step costs at step 100,000 ÷ at step 100, and the memory at a million steps ÷ at ten thousand."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

from lab.catalogue import Catalogue
from lab.session import Session
from tests.bench.measure import row

LATE, LAST = 100_000, 1_000_000


def run() -> list[dict[str, Any]]:
    """The metrics themselves may grow: 8 bytes for each of them and each step."""
    kind = Catalogue().load("neural-network")
    late = Session(kind, {"layers": [8]})
    late.seek(LATE)
    early = Session(kind, {"layers": [8]})
    early.seek(100)
    first: list[float] = []
    then: list[float] = []
    for _ in range(7):  # in turns, so that a busy moment falls on both
        first.append(_cost(early))
        then.append(_cost(late))
    del early, late
    session = Session(kind, {"layers": [8]})
    session.seek(10_000)
    before = _resident()
    session.seek(LAST)
    after = _resident() - 8 * len(kind.metrics) * (LAST - 10_000)
    cost, memory = min(then) / min(first), after / before
    return [
        row("growth", cost, 1.1, {"a step": f"{1e6 * min(first):.1f} µs early, {1e6 * min(then):.1f} µs late"}),
        row(
            "growth-memory", memory, 1.2, {"resident": f"{before / 1e6:.0f} MB, then {after / 1e6:.0f} MB less metrics"}
        ),
    ]


def _cost(session: Session) -> float:
    began = perf_counter()
    for _ in range(2000):
        session.step()
    return (perf_counter() - began) / 2000


def _resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
