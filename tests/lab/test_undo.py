"""Undo takes out a whole gesture, redo does it again exactly, and both leave us at the step where we stand."""

from __future__ import annotations

import numpy as np
import pytest

from lab import session as sessions
from lab.session import Session
from tests.lab.test_session import run, state
from tests.lab.toys import Walk


def test_undo_takes_out_a_whole_gesture_and_replays_to_the_present() -> None:
    session = run(Session(Walk, seed=6), 5)
    gesture = session.gesture()
    session.act("put", [0, 1.0, 1.0], gesture)
    session.step()
    session.act("put", [0, 2.0, 2.0], gesture)
    run(session, 4)
    assert session.undo()
    assert session.t == 10
    assert not session.run.journal
    assert state(session) == state(run(Session(Walk, seed=6), 10))
    assert not session.undo()


def test_undo_from_before_the_gesture_leaves_the_present_where_it_is() -> None:
    session = run(Session(Walk, seed=6), 10)
    session.set("rate", 0.7)
    run(session, 5)
    session.seek(4)
    now = state(session)
    session.undo()
    assert session.t == 4
    assert state(session) == now
    session.seek(15)
    assert state(session) == state(run(Session(Walk, seed=6), 15))


@pytest.mark.parametrize("worth", [0, 40])
@pytest.mark.parametrize("back_to", [15, 12, 10, 7, 5, 2, 0])
def test_redo_does_again_exactly_what_undo_took_out_wherever_we_stand(
    back_to: int, worth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "WORTH", worth)  # 0: a checkpoint after each step
    session = run(Session(Walk, seed=6), 5)
    session.act("put", [0, 1.0, 1.0])
    run(session, 5)
    gesture = session.gesture()
    session.set("rate", 0.7, gesture)
    session.step()
    session.act("put", [0, 2.0, 2.0], gesture)
    run(session, 4)
    last, journal = state(session), list(session.run.journal)
    metrics = {name: column.copy() for name, column in session.run.columns.views().items()}
    assert not session.redo()
    session.undo()
    session.undo()
    assert session.draw().undone == 2
    session.seek(back_to)
    assert session.redo()
    assert session.run.journal == journal[:1]
    assert session.redo()
    assert not session.redo()
    assert session.t == back_to
    assert session.run.journal == journal
    session.seek(15)
    assert state(session) == last
    for name, column in session.run.columns.views().items():
        np.testing.assert_array_equal(column, metrics[name])


def test_undo_of_a_gesture_that_another_came_into_takes_out_all_of_it_and_nothing_else() -> None:
    session = run(Session(Walk, seed=6), 5)
    gesture = session.gesture()
    session.act("put", [0, 1.0, 1.0], gesture)
    run(session, 3)
    session.set("rate", 0.7)
    run(session, 3)
    session.act("put", [0, 2.0, 2.0], gesture)
    last = state(run(session, 4))
    session.undo()
    alone = run(Session(Walk, seed=6), 8)
    alone.set("rate", 0.7)
    assert state(session) == state(run(alone, 7))
    for name, column in session.run.columns.views().items():
        np.testing.assert_array_equal(column, alone.run.columns.views()[name])
    session.redo()
    assert state(session) == last
    assert not session.approximate


def test_what_is_done_after_an_undo_is_not_done_over_by_redo() -> None:
    session = run(Session(Walk, seed=6), 5)
    session.set("rate", 0.7)
    session.undo()
    session.set("rate", 0.3)
    assert not session.redo()
    session.undo()
    session.restart()
    assert not session.redo()
