"""The window driven in any order: it never fails, Qt never complains, and what was closed is gone."""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QSettings, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from lab.catalogue import Catalogue
from lab.engine import Failure
from lab.pace import FLAT_OUT
from widgets.tools.export import SaveArrays, SaveMetrics, SavePicture, SaveWeights
from widgets.window import Window

CATALOGUE = Catalogue()
QUICK = [name for name in CATALOGUE.entries if not CATALOGUE.load(name).uses_torch]
ENDINGS = {SaveMetrics: ".csv", SaveArrays: ".npz", SaveWeights: ".safetensors"}
BUTTONS = ("play", "play", "step", "back", "stage", "undo", "redo", "restart", "home", "end")
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
    "export",
    "spin",
)


ONCE = settings(phases=(Phase.explicit, Phase.generate))  # what fails is told at once: to shrink it takes minutes


def one_move(rng: random.Random, window: Window, names: Sequence[str], folder: Path, qtbot: QtBot) -> str:
    """Something that a person could do, while whatever was done before still goes on."""
    what, said = rng.choice(MOVES), ""
    if what == "open":
        said = begin(rng, window, names)
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
    elif what == "export" and window.kind is not None:
        said = export(rng, window, folder)
    elif what == "spin":
        qtbot.wait(rng.randrange(1, 60))
    return f"{what} {said}"


def begin(rng: random.Random, window: Window, names: Sequence[str]) -> str:
    name = rng.choice(names)
    window.open_experiment(name, dict(CATALOGUE.load(name).tiny), rng.randrange(4))
    return name


def export(rng: random.Random, window: Window, folder: Path) -> str:
    """Write something of the run to a file, as the dialog would have it."""
    kind = rng.choice((SavePicture, SaveMetrics, SaveArrays, SaveWeights))
    tool = next(tool for tool in window.tools if isinstance(tool, kind))
    if isinstance(tool, SavePicture):
        with writing_to(folder / "out.png"):
            tool.save(window.stages, "stage", 1.0)
    else:
        with writing_to(folder / f"out{ENDINGS[kind]}"):
            window.use(tool)
    return kind.__name__


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
        yield


@contextmanager
def nothing_left(qtbot: QtBot) -> Iterator[None]:
    """No thread, no top-level widget and no running timer more than before."""
    before = working(), len(QApplication.topLevelWidgets()), running()
    yield
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    qtbot.waitUntil(lambda: not grown(before))


def drive(rng: random.Random, names: Sequence[str], qtbot: QtBot, folder: Path) -> None:
    done: list[str] = []
    failures: list[Failure] = []
    with nothing_left(qtbot):
        window = Window(CATALOGUE, QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat), "dark")
        window.engine.failed.connect(failures.append)
        window.show()
        try:
            done.append(begin(rng, window, names))
            if rng.random() < 0.8:  # seldom something is done before anything is there
                qtbot.waitUntil(lambda: window.frame is not None)
            for _ in range(rng.randrange(4, 14)):
                done.append(one_move(rng, window, names, folder, qtbot))
            assert failures == [], f"{failures[0].message} after {done}: {failures[0].details}"
        finally:
            window.close()
            assert window.engine.isFinished(), done
        window.deleteLater()
        qtbot.waitUntil(lambda: not isValid(window))


def working() -> int:
    """Threads of Python's own; what Qt's threads leave in its list is not counted."""
    return sum(not isinstance(thread, threading._DummyThread) for thread in threading.enumerate())


def grown(before: tuple[int, int, int]) -> bool:
    now = working(), len(QApplication.topLevelWidgets()), running()
    return any(new > old for new, old in zip(now, before))


def running() -> int:
    """Timers that go on."""
    return sum(type(one) is QTimer and isValid(one) and one.isActive() for one in gc.get_objects())


@settings(ONCE, max_examples=20)
@given(rng=st.randoms(use_true_random=False))
def test_whatever_order_things_are_done_in_the_window_lives_and_leaves_nothing(
    rng: random.Random, qtbot: QtBot, tmp_path: Path
) -> None:
    drive(rng, QUICK, qtbot, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(900)
@settings(ONCE, max_examples=300)
@given(rng=st.randoms(use_true_random=False))
def test_three_hundred_orders(rng: random.Random, qtbot: QtBot, tmp_path: Path) -> None:
    drive(rng, QUICK, qtbot, tmp_path)


@pytest.mark.long
@settings(ONCE, max_examples=12)
@given(rng=st.randoms(use_true_random=False))
def test_a_dozen_orders_with_torch(rng: random.Random, qtbot: QtBot, tmp_path: Path) -> None:
    drive(rng, [name for name in CATALOGUE.entries if name not in QUICK], qtbot, tmp_path)


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
