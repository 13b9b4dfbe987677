"""What a run leaves behind: columns that only grow, and trails that stay small."""

from __future__ import annotations

import math

import numpy as np

from lab.record import Columns, Traces


def filled(rows: int) -> Columns:
    columns = Columns()
    for t in range(rows):
        columns.append({"loss": float(t)} if t % 2 == 0 else {"loss": float(t), "late": -float(t)})
    return columns


def test_what_was_not_measured_is_nan_and_what_diverged_is_infinite() -> None:
    columns = Columns()
    assert columns.append({"a": 1.0}) == ""
    assert columns.append({"b": math.nan}) == "b"
    assert columns.append({"a": -math.inf}) == "a"
    views = columns.views()
    assert views["a"].tolist()[0] == 1.0
    assert np.isnan(views["a"][1])
    assert views["a"][2] == -math.inf
    assert views["b"][1] == math.inf
    assert columns.row(1) == {"b": math.inf}


def test_a_view_stays_true_while_the_record_grows_and_is_cut() -> None:
    columns = filled(10)
    view = columns.views()["loss"]
    for t in range(10, 3000):
        columns.append({"loss": float(t)})
    shorter = columns.cut(5)
    shorter.append({"loss": 99.0})
    assert view.tolist() == list(range(10))
    assert not view.flags.writeable
    assert columns.views()["loss"][5] == 5.0
    assert shorter.views()["loss"].tolist() == [0, 1, 2, 3, 4, 99]


def test_a_metric_that_came_later_is_gone_from_a_record_cut_before_it() -> None:
    columns = filled(1)
    columns.append({"loss": 1.0, "late": 2.0})
    assert set(columns.cut(1).views()) == {"loss"}


def test_a_replayed_row_agrees_to_the_bit_or_not_at_all() -> None:
    columns = Columns()
    columns.append({"a": 0.1, "b": math.nan})
    assert columns.agrees(0, {"a": 0.1, "b": math.inf})
    assert columns.agrees(0, {"a": 0.1})
    assert not columns.agrees(0, {"a": 0.1 + 1e-17 + 1e-16})
    assert not columns.agrees(0, {"c": 1.0})


def walked(steps: int, most: int = 64) -> Traces:
    traces = Traces(most)
    for t in range(steps):
        traces.append(t, {"w": np.array([[t, -t]], dtype=float)})
    return traces


def test_a_trail_is_thinned_evenly_and_never_longer_than_it_may_be() -> None:
    for steps in (10, 64, 65, 1000, 5000):
        trace = walked(steps).upto(steps)["w"]
        assert len(trace.times) <= 64
        assert trace.places[:, 0, 0].tolist() == trace.times.tolist()
        assert len(set(np.diff(trace.times))) <= 1
        assert trace.times[0] == 0


def test_a_trail_up_to_an_earlier_step_ends_there() -> None:
    traces = walked(50)
    assert traces.upto(20)["w"].times[-1] == 20
    cut = traces.cut(20)
    cut.append(21, {"w": np.array([[7.0, 7.0]])})
    assert cut.upto(99)["w"].places[-1, 0].tolist() == [7.0, 7.0]
    assert traces.upto(99)["w"].times[-1] == 49


def test_who_joins_late_is_nan_before() -> None:
    traces = Traces(16)
    traces.append(0, {"w": np.zeros((1, 2))})
    traces.append(1, {"w": np.ones((3, 2))})
    places = traces.upto(1)["w"].places
    assert places.shape == (2, 3, 2)
    assert np.isnan(places[0, 1:]).all()
    assert np.isfinite(places[1]).all()


def test_a_single_place_is_a_trail_of_one() -> None:
    traces = Traces(16)
    traces.append(0, {"w": np.array([1.0, 2.0])})
    assert traces.upto(0)["w"].places.shape == (1, 1, 2)
