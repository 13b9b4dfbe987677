"""The engine's thread: frames by handshake, commands at any time, and a clean end whatever a step does."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

pytest.importorskip("PySide6", reason="the engine's thread is Qt's")
from PySide6.QtCore import QThread, QTimer
from pytestqt.qtbot import QtBot

from lab import engine as engines
from lab.engine import Engine, Failure, Status
from lab.experiment import Experiment, drawn
from lab.frame import Frame
from lab.marks import Panel
from lab.session import Session
from lab.until import Until, parsed
from tests.bits import bits
from tests.lab.toys import Fragile, Slow, Walk


class Blind(Walk):
    """One of its pictures cannot be drawn."""

    name = "blind"

    @drawn
    def broken(self) -> float:
        raise ZeroDivisionError("no picture today")


class Toys:
    """A catalogue of toys."""

    kinds: ClassVar[dict[str, type[Experiment]]] = {kind.name: kind for kind in (Walk, Fragile, Slow, Blind)}

    def load(self, name: str) -> type[Experiment]:
        return self.kinds[name]


class Watcher:
    """A window's part of the handshake, and a note of everything it was told."""

    def __init__(self, engine: Engine, takes: bool = True) -> None:
        self.engine, self.takes = engine, takes
        self.frames: list[Frame] = []
        self.times: list[float] = []
        self.status: list[Status] = []
        self.failures: list[Failure] = []
        self.refusals: list[tuple[str, str]] = []
        engine.framed.connect(self.on_frames)
        engine.failed.connect(self.failures.append)
        engine.refused.connect(lambda name, why: self.refusals.append((name, why)))

    def on_frames(self, frames: tuple[Frame, ...], status: Status) -> None:
        self.frames.extend(frames)
        self.times.append(time.monotonic())
        self.status.append(status)
        if self.takes:
            QTimer.singleShot(0, self.engine.take)

    @property
    def last(self) -> Frame:
        return self.frames[-1]


@pytest.fixture
def watched(qtbot: QtBot) -> Iterator[Watcher]:
    engine = Engine(Toys())  # type: ignore[arg-type]
    watcher = Watcher(engine)
    engine.start()
    yield watcher
    Slow.released.set()
    assert engine.leave()
    Slow.released.clear()


def loaded(watched: Watcher, qtbot: QtBot, name: str, **settings: Any) -> None:
    watched.engine.load(name, settings, 3)
    qtbot.waitUntil(lambda: bool(watched.frames) and watched.last.name == name)


def test_playing_streams_frames_of_a_growing_run(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "walk")
    watched.engine.play()
    qtbot.waitUntil(lambda: watched.last.t > 500)
    watched.engine.pause()
    qtbot.waitUntil(lambda: not watched.status[-1].playing)
    steps = [frame.t for frame in watched.frames]
    assert steps == sorted(steps)
    assert max(status.rate for status in watched.status) > 100


def test_frames_are_capped_and_never_queue(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "walk")
    watched.engine.play()
    qtbot.wait(700)
    watched.engine.pause()
    gaps = [later - earlier for earlier, later in zip(watched.times[2:], watched.times[3:])]
    assert len(gaps) > 5
    assert sorted(gaps)[len(gaps) // 2] > 0.9 / watched.engine.beat.rate


def test_a_window_that_does_not_take_a_frame_only_delays_the_next(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "walk")
    watched.takes = False
    watched.engine.play()
    qtbot.waitUntil(lambda: len(watched.times) > 4, timeout=8000)
    gaps = [later - earlier for earlier, later in zip(watched.times[1:], watched.times[2:])]
    assert min(gaps[1:]) > 0.8 * engines.PATIENCE


def test_what_the_thread_trained_is_what_a_session_trains(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "walk")
    watched.engine.play()
    qtbot.waitUntil(lambda: watched.last.t > 30)
    watched.engine.set("rate", 0.4, 77)
    qtbot.waitUntil(lambda: watched.last.settings["rate"] == 0.4)
    watched.engine.seek(60)
    qtbot.waitUntil(lambda: watched.last.t == 60 or watched.last.t > 60)
    watched.engine.pause()
    watched.engine.seek(60)
    qtbot.waitUntil(lambda: watched.last.t == 60)
    session = watched.engine.lanes[0].session
    alone = Session(Walk, seed=3)
    alone.load_journal(session.run.journal)
    alone.seek(60)
    assert bits(alone.draw(["w"]).values) == bits(session.draw(["w"]).values)


@pytest.mark.parametrize(("speed", "fewest", "most"), [(0.5, 1, 2), (20.0, 12, 24), (400.0, 200, 440)])
def test_the_pace_is_kept(watched: Watcher, qtbot: QtBot, speed: float, fewest: int, most: int) -> None:
    loaded(watched, qtbot, "walk")
    watched.engine.set_speed(speed)
    watched.engine.play()
    qtbot.wait(1000)
    watched.engine.pause()
    qtbot.waitUntil(lambda: not watched.status[-1].playing)
    assert fewest <= watched.last.t <= most


def test_only_what_is_looked_at_is_drawn(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "walk")
    watched.engine.look(["double"])
    qtbot.waitUntil(lambda: set(watched.last.values) == {"double"})


def test_what_was_wanted_of_the_experiment_before_is_not_asked_of_the_next(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "walk")
    watched.engine.look(["double"], 0, "descent")
    watched.engine.redraw()
    watched.engine.look([], 0, "walk")
    qtbot.waitUntil(lambda: set(watched.last.values) == set())
    assert not any(set(frame.values) == {"double"} for frame in watched.frames[1:])


def test_step_stage_back_and_undo(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "walk")
    engine = watched.engine
    engine.step()
    qtbot.waitUntil(lambda: watched.last.t == 1)
    engine.stage()
    qtbot.waitUntil(lambda: watched.last.stage == "gradient")
    engine.back()
    qtbot.waitUntil(lambda: watched.last.stage == "" and watched.last.t == 1)
    engine.act("put", [0, 5.0, 5.0])
    qtbot.waitUntil(lambda: len(watched.last.gestures) == 1)
    engine.undo()
    qtbot.waitUntil(lambda: watched.last.gestures == ())
    engine.redo()
    qtbot.waitUntil(lambda: len(watched.last.gestures) == 1)
    engine.undo()
    qtbot.waitUntil(lambda: watched.last.gestures == ())
    engine.back()
    qtbot.waitUntil(lambda: watched.last.t == 0)


def test_a_wrong_value_is_refused_and_the_run_goes_on(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "walk")
    watched.engine.set("rate", 99)
    watched.engine.set("length", 5)
    qtbot.waitUntil(lambda: watched.last.settings["length"] == 5)
    watched.engine.set("sign", "minus")
    watched.engine.act("put", [7, 0, 0])
    qtbot.waitUntil(lambda: len(watched.refusals) == 3)
    assert [name for name, _ in watched.refusals] == ["rate", "length", "put"]
    assert "0 to 10" in watched.refusals[0][1]
    watched.engine.step()
    qtbot.waitUntil(lambda: watched.last.t == 1)


def test_a_step_that_raises_stops_the_run_and_is_told(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "fragile")
    watched.engine.play()
    qtbot.waitUntil(lambda: bool(watched.failures))
    assert "step 4" in watched.failures[0].message
    assert "the fourth step fails" in watched.failures[0].message
    assert "RuntimeError" in watched.failures[0].details
    qtbot.waitUntil(lambda: watched.last.t == 3 and not watched.status[-1].playing)
    watched.engine.set("fault", "none")
    watched.engine.play()
    qtbot.waitUntil(lambda: watched.last.t > 10)


def test_a_divergence_pauses_once_and_can_be_rewound(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "fragile", fault="nan")
    watched.engine.play()
    qtbot.waitUntil(lambda: watched.last.diverged == (2, "loss") and not watched.status[-1].playing)
    assert watched.last.t == 2
    watched.engine.play()
    qtbot.waitUntil(lambda: watched.last.t > 5)
    watched.engine.rewind()
    qtbot.waitUntil(lambda: watched.last.t == 1)


def test_a_picture_that_raises_is_told_once_and_the_others_are_shown(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "blind")
    watched.engine.look(["double", "broken"])
    qtbot.waitUntil(lambda: bool(watched.failures))
    watched.engine.play()
    qtbot.waitUntil(lambda: watched.last.t > 20)
    assert len(watched.failures) == 1
    assert "broken" in watched.failures[0].message
    assert "double" in watched.last.values


def test_an_unknown_experiment_is_told_and_the_old_one_stays(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "walk")
    watched.engine.load("nothing like it")
    qtbot.waitUntil(lambda: bool(watched.failures))
    watched.engine.step()
    qtbot.waitUntil(lambda: watched.last.t == 1)


def test_a_newer_seek_ends_one_that_is_under_way(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "slow", seconds=0.02)
    watched.engine.seek(10_000)
    qtbot.waitUntil(lambda: any(status.seeking for status in watched.status), timeout=5000)
    watched.engine.seek(0)
    qtbot.waitUntil(lambda: watched.last.t == 0 and watched.status[-1].seeking is None, timeout=3000)


def test_leaving_in_the_middle_of_a_step_is_quick(qtbot: QtBot) -> None:
    engine = Engine(Toys())  # type: ignore[arg-type]
    watcher = Watcher(engine)
    engine.start()
    loaded(watcher, qtbot, "slow", seconds=0.2)
    engine.play()
    qtbot.wait(50)
    began = time.monotonic()
    assert engine.leave()
    assert time.monotonic() - began < 1.0
    assert engine.isFinished()


def test_a_step_that_hangs_is_let_go_of(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "FAREWELL", 0.2)
    engine = Engine(Toys())  # type: ignore[arg-type]
    watcher = Watcher(engine)
    engine.start()
    loaded(watcher, qtbot, "slow", seconds=60)
    engine.play()
    qtbot.wait(50)
    assert not engine.leave()
    assert engine in engines._stuck
    Slow.released.set()
    assert engine.wait(3000)
    engines._stuck.remove(engine)
    Slow.released.clear()


def test_two_lanes_step_together(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "walk")
    engine = watched.engine
    engine._send(lambda: engine.lanes.append(engines.Lane(Session(Walk, {"rate": 0.3}, 3))))
    engine.play()
    qtbot.waitUntil(lambda: watched.last.lane == 1 and watched.last.t > 50)
    engine.pause()
    qtbot.waitUntil(lambda: not watched.status[-1].playing)
    first, second = watched.frames[-2:]
    assert (first.t, first.lane) == (second.t, 0)
    assert second.settings["rate"] == 0.3
    alone = Session(Walk, {"rate": 0.3}, 3)
    alone.seek(second.t)
    assert math.isclose(alone.run.columns.row(second.t)["loss"], second.metrics["loss"][-1], rel_tol=0, abs_tol=0)


def test_an_exploration_does_not_play(watched: Watcher, qtbot: QtBot) -> None:
    class Still(Experiment):
        name = "still"
        panels = Panel("Nothing")

    Toys.kinds["still"] = Still
    loaded(watched, qtbot, "still")
    watched.engine.play()
    qtbot.wait(80)
    assert not watched.status[-1].playing


def test_a_question_is_put_in_the_engines_thread(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "walk")
    answers: list[tuple[Any, Any]] = []
    watched.engine.answered.connect(lambda answer, value: answer(value))
    watched.engine.ask(lambda session: (session.t, QThread.currentThread()), answers.append)
    qtbot.waitUntil(lambda: bool(answers))
    assert answers[0] == (0, watched.engine)


def test_a_run_is_played_to_a_step_or_until_a_condition_comes(watched: Watcher, qtbot: QtBot) -> None:
    loaded(watched, qtbot, "walk")
    with qtbot.waitSignal(watched.engine.arrived) as said:
        watched.engine.run_to(Until(t=37))
    assert said.args == ["Step 37 is reached."]
    qtbot.waitUntil(lambda: watched.last.t == 37 and not watched.status[-1].playing)
    metric = next(iter(watched.last.metrics))
    with qtbot.waitSignal(watched.engine.arrived) as said:
        watched.engine.run_to(Until(metric=metric, below=False, value=-1e9))
    assert said.args[0].startswith(f"At step 38 {metric} = ")


def test_a_lane_is_begun_with_other_settings_at_the_same_step_and_closed_again(watched: Watcher, qtbot: QtBot) -> None:
    def stand() -> list[tuple[int, int, int]]:
        return [(frame.lane, frame.t, frame.seed) for frame in watched.frames[-2:]]

    loaded(watched, qtbot, "walk")
    watched.engine.seek(20)
    qtbot.waitUntil(lambda: watched.last.t == 20)
    watched.engine.duplicate({}, seed=5)
    qtbot.waitUntil(lambda: stand() == [(0, 20, 3), (1, 20, 5)])
    watched.engine.restart(9, None, lane=1)
    qtbot.waitUntil(lambda: stand() == [(0, 0, 3), (1, 0, 9)])
    watched.engine.drop(1)
    qtbot.waitUntil(lambda: watched.last.lane == 0)
    assert len(watched.engine.lanes) == 1


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("500", Until(t=500)),
        ("step 1,000", Until(t=1000)),
        ("t = 12", Until(t=12)),
        ("loss < 0.1", Until(metric="loss", below=True, value=0.1)),
        ("loss/Adam>=1e-3", Until(metric="loss/Adam", below=False, value=1e-3)),
        ("convergence", Until()),
    ],
)
def test_what_to_play_to_can_be_typed(typed: str, meant: Until) -> None:
    found = parsed(typed, ["loss", "loss/Adam"])
    assert (found.t, found.metric) == (meant.t, meant.metric)
    assert str(found) == str(meant)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("soon", "type a step as 500, a condition as loss < 0.1"),
        ("loss < little", "type a step"),
        ("gain > 1", "there is no metric gain; there are loss"),
        ("99999999999", "at most"),
    ],
)
def test_what_cannot_be_played_to_is_refused_in_a_sentence(typed: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parsed(typed, ["loss"])
