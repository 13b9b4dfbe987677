"""Frames a second while training flat out ÷ while idle, both under the cap; and steps with a window ÷ without."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from lab.catalogue import Catalogue
from lab.session import Session
from tests.bench.measure import opened, row, spin
from widgets.window import Window

NAMES = ("neural-network", "cnn", "optimiser-race")
SMALL = {"layers": [8, 8]}  # 2-8-8-1
SECONDS = 4.0


def run() -> list[dict[str, Any]]:
    """The worst of the experiments counts; the window's cost is that of the small network."""
    smooth, steps = {}, {}
    told: dict[str, Any] = {}
    for name in NAMES:
        settings = SMALL if name == "neural-network" else {}
        idle, frames, within, alone = _measure(name, settings)
        smooth[name], steps[name] = frames / idle, within / alone
        told[name] = (
            f"{frames:.1f} frames/s training, {idle:.1f} idle: {smooth[name]:.3f}",
            f"{within:.0f} steps/s in the window, {alone:.0f} without: {steps[name]:.3f}",
        )
    return [
        row("smoothness", min(smooth.values()), 0.9, {name: told[name][0] for name in NAMES}, at_least=True),
        row("window-cost", steps["neural-network"], 0.5, {name: told[name][1] for name in NAMES}, at_least=True),
    ]


def _measure(name: str, settings: dict[str, Any]) -> tuple[float, float, float, float]:
    """Frames/s idle and training, steps/s in the window and without it."""
    with opened(name, settings) as window:
        again = window.shown.connect(lambda _: window.engine.redraw())  # idle, yet drawing as often as the cap allows
        window.engine.redraw()
        idle, _ = _count(window)
        window.shown.disconnect(again)
        window.engine.play()
        spin(0.5)
        frames, within = _count(window)
    session = Session(Catalogue().load(name), settings)
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
    spin(SECONDS)
    seconds = perf_counter() - began
    window.shown.disconnect(shown)
    return frames / seconds, (window.frame.t - start) / seconds
