"""Frames a second while training flat out ÷ while idle, both under the cap; and steps with a window ÷ without."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from lab.catalogue import Catalogue
from lab.engine import FLAT_OUT
from lab.session import Session
from widgets.window import Window

NAMES = ("neural-network", "cnn", "optimiser-race")
SECONDS = 4.0
SIZE = (1280, 800)


def run() -> list[dict[str, Any]]:
    """Two rows: the worst of the experiments counts."""
    app = QApplication.instance() or QApplication([])
    catalogue = Catalogue()
    with tempfile.TemporaryDirectory() as folder:
        settings = QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat)
        measured = {name: _measure(catalogue, settings, name) for name in NAMES if name in catalogue.entries}
    del app
    smooth = {name: frames / idle for name, (idle, frames, _, _) in measured.items()}
    steps = {name: within / alone for name, (_, _, within, alone) in measured.items()}
    return [
        {
            "name": "smoothness",
            "ratio": min(smooth.values()),
            "reach": 0.9,
            "reached": min(smooth.values()) >= 0.9,
            "detail": {
                name: f"{frames:.1f} frames/s training, {idle:.1f} idle: {smooth[name]:.3f}"
                for name, (idle, frames, _, _) in measured.items()
            },
        },
        {
            "name": "smoothness-steps",
            "ratio": min(steps.values()),
            "reach": 0.4,
            "reached": min(steps.values()) >= 0.4,
            "detail": {
                name: f"{within:.0f} steps/s in the window, {alone:.0f} without: {steps[name]:.3f}"
                for name, (_, _, within, alone) in measured.items()
            },
        },
    ]


def _measure(catalogue: Catalogue, settings: QSettings, name: str) -> tuple[float, float, float, float]:
    """Frames/s idle and training, steps/s in the window and without it."""
    window = Window(catalogue, settings, "dark")
    window.resize(*SIZE)
    window.show()
    window.open_experiment(name)
    _wait(window, until=lambda: window.frame is not None and window.frame.name == name)
    window.engine.set_speed(FLAT_OUT)
    _spin(1.0)
    window.shown.connect(lambda _: window.engine.redraw())  # idle, yet drawing as often as the cap allows
    window.engine.redraw()
    idle, _ = _count(window)
    window.engine.play()
    _spin(0.5)
    frames, within = _count(window)
    window.close()
    QApplication.processEvents()
    session = Session(catalogue.load(name))
    session.seek(200)
    began, start = perf_counter(), session.t
    while perf_counter() - began < SECONDS / 2:
        session.step()
    alone = (session.t - start) / (perf_counter() - began)
    return idle, frames, within, alone


def _count(window: Window) -> tuple[float, float]:
    """Frames and steps a second over a few seconds of the event loop."""
    assert window.frame is not None
    frames = 0

    def shown(_: object) -> None:
        nonlocal frames
        frames += 1

    window.shown.connect(shown)
    began, start = perf_counter(), window.frame.t
    _spin(SECONDS)
    seconds = perf_counter() - began
    window.shown.disconnect(shown)
    return frames / seconds, (window.frame.t - start) / seconds


def _spin(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def _wait(window: Window, until: Any, seconds: float = 30.0) -> None:
    began = perf_counter()
    while not until():
        if perf_counter() - began > seconds:
            raise TimeoutError(f"no frame within {seconds} s: {window.banner.text.text()}")
        _spin(0.02)
