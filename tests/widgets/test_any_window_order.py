"""The window driven in any order: it never fails, Qt never complains, and what was closed is gone."""

from __future__ import annotations

import random
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from lab.catalogue import Catalogue
from lab.engine import Failure
from lab.pace import FLAT_OUT
from widgets.window import Window

CATALOGUE = Catalogue()
QUICK = [name for name in CATALOGUE.entries if not CATALOGUE.load(name).uses_torch]
BUTTONS = ("play", "play", "step", "back", "stage", "undo", "restart", "home", "end")
MOVES = (
    "open",
    "press",
    "press",
    "press",
    "set",
    "seek",
    "speed",
    "resize",
    "theme",
    "present",
    "panel",
    "lanes",
    "spin",
)


def one_move(rng: random.Random, window: Window, qtbot: QtBot) -> str:
    """Something that a person could do, while whatever was done before still goes on."""
    what, said = rng.choice(MOVES), ""
    if what == "open":
        said = rng.choice(QUICK)
        window.open_experiment(said, dict(CATALOGUE.load(said).tiny), rng.randrange(4))
    elif what == "press":
        said = rng.choice(BUTTONS)
        window.press(said)
    elif what == "set" and window.kind is not None and window.kind.controls:
        said, control = rng.choice(sorted(window.kind.controls.items()))
        window.engine.set(said, control.to_json(rng.choice(control.extremes())))
    elif what == "seek":
        window.engine.seek(rng.randrange(200))
    elif what == "speed":
        window.engine.set_speed(rng.choice((0.5, 30.0, FLAT_OUT)))
    elif what == "resize":
        window.resize(rng.randrange(400, 1900), rng.randrange(300, 1100))
    elif what == "theme":
        window.set_theme(rng.choice(("light", "dark", "system")))
    elif what == "present":
        window.present()
    elif what == "panel" and window.stage.panels():
        said, shown = rng.choice(window.stage.panels())
        window.stage.open_panel(said, not shown)
    elif what == "lanes":
        said = rng.choice(("duplicate", "drop"))
        window.engine.duplicate({}, rng.randrange(4)) if said == "duplicate" else window.engine.drop(1)
    elif what == "spin":
        qtbot.wait(rng.randrange(1, 60))
    return f"{what} {said}"


def drive(seed: int, qtbot: QtBot, folder: Path) -> None:
    rng, done = random.Random(seed), []
    failures: list[Failure] = []
    before = working(), set(map(id, QApplication.topLevelWidgets()))
    window = Window(CATALOGUE, QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat), "dark")
    window.engine.failed.connect(failures.append)
    window.show()
    try:
        for _ in range(rng.randrange(3, 14)):
            done.append(one_move(rng, window, qtbot))
        assert failures == [], f"{failures[0].message} after {done}: {failures[0].details}"
    finally:
        window.close()
        assert window.engine.isFinished(), done
    window.deleteLater()
    qtbot.waitUntil(lambda: not isValid(window))
    assert working() <= before[0], done
    left = [widget for widget in QApplication.topLevelWidgets() if id(widget) not in before[1] and widget.isVisible()]
    assert left == [], done


def working() -> int:
    """Threads of Python's own; what Qt's threads leave in its list is not counted."""
    return sum(not isinstance(thread, threading._DummyThread) for thread in threading.enumerate())


@pytest.mark.parametrize("seed", range(20))
def test_whatever_order_things_are_done_in_the_window_lives_and_leaves_nothing(
    seed: int, qtbot: QtBot, tmp_path: Path
) -> None:
    drive(seed, qtbot, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("first", range(20, 300, 40))
def test_three_hundred_orders(first: int, qtbot: QtBot, tmp_path: Path) -> None:
    for seed in range(first, first + 40):
        drive(seed, qtbot, tmp_path)


def test_many_switches_leave_no_widgets_and_no_threads(qtbot: QtBot, tmp_path: Path) -> None:
    window: Any = Window(CATALOGUE, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    qtbot.addWidget(window)
    window.show()

    def is_open(name: str) -> bool:
        return window.frame is not None and window.frame.name == name

    def switch(times: int) -> None:
        for i in range(times):
            name = QUICK[i % 6]
            window.open_experiment(name, dict(CATALOGUE.load(name).tiny))
            qtbot.waitUntil(partial(is_open, name))
        qtbot.wait(20)

    switch(12)
    widgets, threads = len(QApplication.allWidgets()), working()
    switch(24)
    assert len(QApplication.allWidgets()) <= widgets * 1.05
    assert working() == threads
    window.close()
