"""The 99th percentile of the gaps between two turns of the event loop, training flat out ÷ idle."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer

from tests.bench.measure import opened, row, spin

NAMES = ("neural-network", "cnn", "optimiser-race")
SECONDS = 5.0


def run() -> list[dict[str, Any]]:
    """Idle, the window draws as often as the cap allows, as it does in training."""
    ratios, detail = {}, {}
    for name in NAMES:
        with opened(name) as window:
            again = window.shown.connect(lambda _, window=window: window.engine.redraw())
            window.engine.redraw()
            spin(0.5)
            idle = _gap()
            window.shown.disconnect(again)
            window.engine.play()
            spin(0.5)
            training = _gap()
        ratios[name] = training / idle
        detail[name] = f"{1000 * training:.1f} ms training, {1000 * idle:.1f} ms idle: {ratios[name]:.2f}"
    return [row("stall", max(ratios.values()), 2, detail)]


def _gap() -> float:
    """Seconds within which 99 of 100 turns follow the last."""
    turns: list[float] = []
    ticker = QTimer()
    ticker.setTimerType(Qt.TimerType.PreciseTimer)
    ticker.setInterval(1)
    ticker.timeout.connect(lambda: turns.append(perf_counter()))
    ticker.start()
    spin(SECONDS)
    ticker.stop()
    return float(np.quantile(np.diff(turns), 0.99))
