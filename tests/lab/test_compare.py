"""Runs side by side: in what they differ, how they stand, and that they meet again where they came apart."""

from __future__ import annotations

import math

from lab.compare import difference, differing, latest, said, standing
from lab.data import points
from lab.lanes import Lane, Lanes, like
from lab.session import Session
from tests.lab.toys import Fragile, Walk


def test_what_differs_is_told_by_name_with_both_values() -> None:
    one = Session(Walk, seed=3).draw()
    other = Session(Walk, {"rate": 0.5, "points": {"kind": "moons", "n": 40}, "sign": "minus"}, seed=4).draw()
    assert differing((one, other)) == ["seed", "rate", "sign", "points"]
    assert difference(one, other) == "seed 3 → 4, rate 0.1 → 0.5, sign plus → minus, points blobs 20 → moons 40"
    assert difference(one, one) == ""


def test_data_that_reads_alike_is_still_told_to_differ() -> None:
    one = Session(Walk).draw()
    other = Session(Walk, {"points": {"kind": "blobs", "n": 20, "noise": 0.9}}).draw()
    assert difference(one, other) == "points changed"


def test_values_are_told_in_a_few_words() -> None:
    assert [said(value) for value in (True, 3, -0.25)] == ["on", "3", "−0.25"]
    assert [said(value) for value in ((8, 8), (), "tanh")] == ["8, 8", "none", "tanh"]
    assert said(points.make("moons", 30, seed=2)) == "moons 30 seed 2"
    assert len(said(tuple(range(100)))) == 24


def test_how_a_run_stands_is_its_step_its_end_or_its_divergence() -> None:
    run = Session(Fragile, {"fault": "nan"})
    run.seek(1)
    assert (standing(run.draw()), latest(run.draw(), "loss")) == ("step 1", 1.0)
    run.seek(2)
    assert standing(run.draw()) == "diverged at step 2"
    assert math.isnan(latest(run.draw(), "unknown"))


def test_a_twin_does_again_what_was_done_and_one_with_a_change_begins_with_it() -> None:
    run = Session(Walk, seed=3)
    run.seek(2)
    run.set("rate", 0.4)
    run.seek(5)
    twin = like(run, {}, None)
    assert twin.experiment.settings()["rate"] == 0.1
    twin.seek(5)
    assert twin.run.columns.views()["loss"].tolist() == run.run.columns.views()["loss"].tolist()
    changed = like(run, {"noise": 0.0}, None)
    settings = changed.experiment.settings()
    assert (settings["rate"], settings["noise"], changed.seed) == (0.4, 0.0, 3)
    assert like(run, {}, 8).seed == 8


def test_lanes_that_came_apart_meet_again_and_then_step_together() -> None:
    lanes = Lanes(Session(Walk))
    lanes.append(Lane(Session(Walk)))
    ahead, behind = lanes.sessions()
    ahead.seek(3)
    behind.seek(1)
    stood = []
    for _ in range(4):
        assert lanes.step()
        stood.append((ahead.t, behind.t))
    assert stood == [(3, 2), (3, 3), (4, 4), (5, 5)]
    behind.stage()
    assert lanes.before() == 5
    ahead.experiment.finish("enough")
    assert lanes.step()
    assert (ahead.t, behind.t) == (5, 6)
    behind.experiment.finish("enough")
    assert not lanes.step()


def test_a_number_is_never_given_again() -> None:
    lanes = Lanes(Session(Walk))
    lanes.append(Lane(Session(Walk)))
    del lanes[1]
    lanes.append(Lane(Session(Walk)))
    assert list(lanes) == [0, 2]
