"""A step that raises, hangs, runs out of memory or returns rubbish: said in a sentence, and the window lives on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from lab import engine as engines
from lab.catalogue import Catalogue, Entry
from lab.controls import Choice, Slider
from lab.experiment import Experiment
from lab.marks import Curve, Dots, Panel
from lab.pace import FLAT_OUT
from tests.breaking.measured import Gaps
from tests.lab.toys import Walk
from widgets.window import Window


def _stop() -> Any:
    raise RuntimeError("the pump is dry")


def _eat() -> Any:
    return np.ones((2**20, 2**20, 2**10))  # a petabyte: NumPy refuses it by MemoryError


def _sink() -> Any:
    return _sink()


def _leave() -> Any:
    raise SystemExit(3)


FAULTS: dict[str, Callable[[], Any]] = {
    "raises": _stop,
    "raises without a word": lambda: [][0],
    "runs out of memory": _eat,
    "has no memory and no word": lambda: (_ for _ in ()).throw(MemoryError()),
    "calls itself for ever": _sink,
    "leaves the program": _leave,
    "returns a text": lambda: "loss",
    "returns an array": lambda: np.ones(3),
    "returns a number": lambda: 7.0,
    "returns a list": lambda: [1.0, 2.0],
    "returns a text for a number": lambda: {"loss": "low"},
    "returns an array for a number": lambda: {"loss": np.ones(3)},
    "returns nothing for a number": lambda: {"loss": None},
    "returns a nested table": lambda: {"loss": {"train": {"of": 1.0}}},
    "returns names that are none": lambda: {7: 1.0, None: 2.0},
}


class Faulty(Experiment):
    """Goes well for two steps."""

    name = "faulty"
    fault = Choice([*FAULTS, "returns nothing", "returns nan"], help="what its third step does")
    metrics = {"loss": "J"}
    panels = Panel("Loss", Curve("loss"), Dots("w"))

    def start(self) -> None:
        self.w = np.zeros((1, 2))

    def step(self) -> Any:
        self.w = self.w + 1
        if self.t < 2:
            return {"loss": 1.0}
        if self.fault == "returns nothing":
            return None
        return {"loss": float("nan")} if self.fault == "returns nan" else FAULTS[self.fault]()


class Hanging(Experiment):
    """Its third step waits, or works, for as long as it is told."""

    name = "hanging"
    seconds = Slider(10.0, 0.0, 60.0, help="how long its third step takes")
    works = Choice(["waits", "works in Python", "works in NumPy"], help="how it spends them")
    metrics = {"loss": "J"}
    panels = Panel("Loss", Curve("loss"))
    entered, released = threading.Event(), threading.Event()

    def step(self) -> dict[str, float]:
        if self.t == 2:
            self.entered.set()
        until = monotonic() + self.seconds
        while self.t == 2 and monotonic() < until and not self.released.is_set():
            if self.works == "waits":
                self.released.wait(0.2)
            elif self.works == "works in NumPy":
                np.linalg.svd(np.ones((120, 120)))
            else:
                sum(range(1000))
        return {"loss": 1.0}


class Toys(Catalogue):
    def __init__(self) -> None:
        super().__init__()
        self.kinds: dict[str, type[Experiment]] = {kind.name: kind for kind in (Walk, Faulty, Hanging)}
        for name in self.kinds:
            self.entries[name] = Entry(name, name, "a toy", "Toys", "tests.breaking.test_steps")

    def load(self, name: str) -> type[Experiment]:
        return self.kinds.get(name) or super().load(name)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    made = Window(Toys(), QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.show()
    qtbot.waitExposed(made)
    yield made
    Hanging.released.set()
    made.close()
    for engine in engines._stuck:
        assert engine.wait(20_000)
    engines._stuck.clear()
    for event in (Hanging.entered, Hanging.released):
        event.clear()
    made.deleteLater()


def open_and_play(window: Window, qtbot: QtBot, name: str, **settings: Any) -> None:
    window.open_experiment(name, settings)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == name)
    window.engine.set_speed(FLAT_OUT)
    window.engine.play()


def another_plays(window: Window, qtbot: QtBot) -> None:
    """The app lives on."""
    open_and_play(window, qtbot, "walk")
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "walk" and window.frame.t > 5)
    assert not window.banner.isVisible()


def a_sentence(said: str) -> bool:
    return bool(said.strip()) and "\n" not in said and len(said) < 300 and "Traceback" not in said


@pytest.mark.parametrize("fault", FAULTS)
def test_a_step_at_fault_is_told_in_a_sentence_and_another_experiment_plays(
    window: Window, qtbot: QtBot, fault: str
) -> None:
    open_and_play(window, qtbot, "faulty", fault=fault)
    qtbot.waitUntil(window.banner.isVisible)
    assert a_sentence(window.banner.text.text())
    assert "Stopped at step 3" in window.banner.text.text()
    qtbot.waitUntil(lambda: window.transport.buttons["play"].text() == "Play")
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 2)  # the last good one
    assert window.frame is not None
    assert window.frame.values["w"].tolist() == [[2.0, 2.0]]
    another_plays(window, qtbot)


def test_a_step_without_metrics_is_a_gap_in_the_curve(window: Window, qtbot: QtBot) -> None:
    open_and_play(window, qtbot, "faulty", fault="returns nothing")
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t > 4)
    assert window.frame is not None
    loss = window.frame.metrics["loss"]
    assert loss[2] == 1.0
    assert np.isnan(loss[3:]).all()
    another_plays(window, qtbot)


def test_a_number_that_is_none_is_a_divergence(window: Window, qtbot: QtBot) -> None:
    open_and_play(window, qtbot, "faulty", fault="returns nan")
    qtbot.waitUntil(window.banner.isVisible)
    assert "At step 3 J is no longer a finite number" in window.banner.text.text()
    another_plays(window, qtbot)


@pytest.mark.parametrize("works", ["waits", "works in Python", "works in NumPy"])
@pytest.mark.parametrize("seconds", [pytest.param(10.0, marks=pytest.mark.long), 60.0])
def test_while_a_step_hangs_the_window_turns_says_so_and_takes_orders(
    window: Window, qtbot: QtBot, works: str, seconds: float
) -> None:
    open_and_play(window, qtbot, "hanging", seconds=seconds, works=works)
    gaps = Gaps(window)
    qtbot.waitUntil(lambda: window.banner.kind == "slow")
    assert a_sentence(window.banner.text.text())
    for name in ("play", "step", "restart"):
        window.press(name)
    if seconds == 10.0:  # what was asked for is done when the step ends
        qtbot.waitUntil(lambda: window.banner.kind != "slow")
        qtbot.waitUntil(lambda: window.frame is not None and (window.frame.t, window.frame.end) == (0, 0))
        assert window.transport.buttons["play"].text() == "Play"
    assert gaps.longest < 0.25
    another_plays(window, qtbot)


def test_a_window_closes_while_a_step_hangs(window: Window, qtbot: QtBot) -> None:
    open_and_play(window, qtbot, "hanging", seconds=60.0)
    qtbot.waitUntil(lambda: window.engine.hangs())
    began = monotonic()
    window.close()
    assert monotonic() - began < 10
    assert window.stuck
