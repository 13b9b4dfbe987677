"""Real experiments driven in any order: no exception but a sentence, and every frame can be had again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab import glass, marks
from lab.catalogue import Catalogue
from lab.controls import Choice, Count, Rows, Several, Slider, Switch
from lab.session import Session
from tests.bits import bits
from tests.test_every_experiment import drawn_arguments

CATALOGUE = Catalogue()
OPERATIONS = ("step", "step", "stage", "seek", "set", "set", "act", "undo", "redo", "restart", "draw")


def drawn_value(data: st.DataObject, control: Any) -> Any:
    """A value for a control: mostly in range, sometimes not."""
    if isinstance(control, (Slider, Count)):
        return data.draw(st.one_of(st.floats(control.low, control.high), st.sampled_from([control.high * 2 + 1, None])))
    if isinstance(control, Choice):
        return data.draw(st.sampled_from([*control.options, "none of these"]))
    if isinstance(control, Switch):
        return data.draw(st.booleans())
    if isinstance(control, Several):
        return data.draw(st.lists(st.sampled_from(control.options), unique=True))
    if isinstance(control, Rows):
        return data.draw(st.sampled_from([control.default, control.default[:1], [], *control.extremes()[:1]]))
    return data.draw(st.sampled_from([control.default, *control.extremes(), "x"]))


def one_move(data: st.DataObject, session: Session) -> None:
    what = data.draw(st.sampled_from(OPERATIONS))
    kind = session.kind
    try:
        if what in ("step", "stage"):
            for _ in range(data.draw(st.integers(1, 5))):
                getattr(session, what)()
        elif what == "seek":
            session.seek(data.draw(st.integers(0, session.end + 3)))
        elif what in ("undo", "redo"):
            getattr(session, what)()
        elif what == "restart":
            session.restart(data.draw(st.sampled_from([None, 5])))
        elif what == "set" and kind.controls:
            name = data.draw(st.sampled_from(sorted(kind.controls.keys() - kind.tiny.keys()) or list(kind.controls)))
            session.set(name, drawn_value(data, kind.controls[name]))
        elif what == "act" and kind.actions:
            name = data.draw(st.sampled_from(sorted(kind.actions)))
            session.act(name, data.draw(drawn_arguments(kind, name)))
        elif what == "draw":
            session.draw({name for panel in marks.panels(session.layout) for name in panel.names()})
    except ValueError as refused:  # a sentence, and nothing else
        assert len(str(refused)) > 8


def told_by(session: Session) -> tuple[int, str] | None:
    """The first step at which a metric was no finite number, and the metric, as the record of the run has it."""
    columns = session.run.columns.views()
    wrong = [(int(t), name) for name, column in columns.items() for t in np.flatnonzero(np.isinf(column))[:1]]
    first = min((t for t, _ in wrong), default=0)
    return next((found for found in wrong if found[0] == first), None)


@np.errstate(all="ignore")
def drive(data: st.DataObject, moves: int) -> None:
    kind = CATALOGUE.load(data.draw(st.sampled_from(sorted(CATALOGUE.entries))))
    session = Session(kind, kind.tiny, seed=data.draw(st.integers(0, 3)))
    for _ in range(data.draw(st.integers(1, moves))):
        one_move(data, session)
        assert session.run.diverged == told_by(session)
    session.seek(session.t)
    end, state = session.t, bits(session.draw().values)
    session.seek(0)
    session.seek(end)
    assert bits(session.draw().values) == state
    assert not session.approximate
    again, t = glass.session_from(glass.told(session), CATALOGUE)
    again.seek(t)
    assert bits(again.draw().values) == state


@settings(max_examples=100)
@given(data=st.data())
def test_a_hundred_runs_in_any_order(data: st.DataObject) -> None:
    drive(data, 8)


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(max_examples=2000)
@given(data=st.data())
def test_two_thousand_runs_in_any_order(data: st.DataObject) -> None:
    drive(data, 14)
