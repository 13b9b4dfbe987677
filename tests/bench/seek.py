"""The median jump to any step of a run of 10,000 ÷ one painted frame of it."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from PySide6.QtWidgets import QApplication

from lab.catalogue import Catalogue
from lab.session import Session
from tests.bench.measure import opened, row

NAMES = ("neural-network", "optimiser-race", "k-means")
STEPS, JUMPS = 10_000, 60


def run() -> list[dict[str, Any]]:
    ratios, detail = {}, {}
    for name in NAMES:
        session = Session(Catalogue().load(name))
        session.seek(STEPS)
        reached = session.t
        places = np.random.default_rng(0).integers(0, reached + 1, JUMPS)
        jump = median(_jump(session, int(t)) for t in places)
        painted = _frame(name)
        ratios[name] = jump / painted
        detail[name] = f"{1000 * jump:.2f} ms a jump in {reached:,} steps, {1000 * painted:.1f} ms a frame"
    return [row("seek", max(ratios.values()), 5, detail)]


def _frame(name: str) -> float:
    """Working out the values of a frame and painting all its panels."""
    with opened(name) as window:
        session = Session(Catalogue().load(name))
        spent = []
        for _ in range(10):
            session.step()
            began = perf_counter()
            session.draw()
            if window.frame is not None:
                window.stage.show_frame(window.frame)
            window.stage.repaint()
            window.grab()
            QApplication.processEvents()
            spent.append(perf_counter() - began)
    return median(spent)


def _jump(session: Session, t: int) -> float:
    began = perf_counter()
    session.seek(t)
    return perf_counter() - began
