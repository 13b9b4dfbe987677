"""The sealed test set: what a run tells while it is closed, and the count of its openings, also in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab import glass
from lab.frame import Seal
from lab.lanes import like
from lab.seal import has_test, seal_from, tells_of_test
from lab.session import Session
from tests.lab.offering import FOUR, Pulled, WithPulled
from tests.lab.toys import Walk


def run(t: int = 2, **settings: Any) -> Session:
    checked = {name: Pulled.controls[name].check(value) for name, value in {"points": FOUR, **settings}.items()}
    session = Session(Pulled, {"hold": True, **checked})
    session.seek(t)
    return session


def test_a_sealed_frame_tells_nothing_of_what_is_held_out() -> None:
    session = run()
    seen = session.draw()
    assert set(seen.metrics) == {"loss", "test"}
    assert seen.values["told"] != "None"
    session.sealing.close()
    sealed = session.draw()
    assert set(sealed.metrics) == {"loss"}
    assert "told" not in sealed.values
    np.testing.assert_array_equal(sealed.values["x"], [[0, 0], [2, 0], [0, 4], [np.nan, np.nan]])
    assert sealed.seal == Seal(True, ())


def test_training_is_the_same_under_the_seal() -> None:
    free, sealed = run(0), run(0)
    sealed.sealing.close()
    for session in (free, sealed):
        session.seek(5)
    assert free.run.columns.views()["test"].tolist() == sealed.run.columns.views()["test"].tolist()


def test_the_run_that_was_left_is_sealed_too() -> None:
    session = run()
    session.seek(1)
    session.set("rate", 0.25)
    session.sealing.close()
    ghost = session.draw().ghost
    assert ghost is not None
    assert set(ghost.metrics) == {"loss"}


def test_each_opening_is_counted_and_never_forgotten() -> None:
    session = run(2)
    session.sealing.open(9)  # it is open already
    session.sealing.close()
    session.sealing.open(2)
    session.restart()
    session.sealing.close()
    session.sealing.open(0)
    assert session.draw().seal == Seal(False, (2, 0))
    assert session.draw().seal.said() == "Test set open · opened 2 times"
    assert Seal(True, (2,)).said() == "Test set sealed · opened 1 time"


def test_a_run_beside_it_has_the_same_seal() -> None:
    session = run()
    twin, other = like(session, {}, None), like(session, {"rate": 0.25}, None)
    session.sealing.close()
    assert set(twin.draw().metrics) == set(other.draw().metrics) == {"loss"}


def test_points_that_stay_are_the_same_object_from_frame_to_frame() -> None:
    session = run()
    session.sealing.close()
    assert session.draw().values["x"] is session.draw().values["x"]


def test_members_of_families_are_sealed_by_their_own_name_or_that_of_the_family() -> None:
    class Told(Walk):
        test_metrics = ("accuracy", "loss/test")

    names = ["loss/train", "loss/test", "accuracy/top", "accuracy"]
    assert [tells_of_test(Told, name) for name in names] == [False, True, True, True]


def test_there_is_something_to_seal_where_samples_are_held_out() -> None:
    assert has_test(Pulled, run().layout)
    assert not has_test(Walk, Session(Walk).layout)


def test_seal_and_bookmarks_are_kept_in_the_file(tmp_path: Path) -> None:
    session = run()
    session.sealing.close()
    session.sealing.open(1)
    session.sealing.close()
    session.bookmarks = {2: "here", 0: ""}
    glass.save(session, tmp_path / "run.glass")
    read, t = glass.read(tmp_path / "run.glass", WithPulled())
    assert t == 2
    assert read.bookmarks == {0: "", 2: "here"}
    assert read.sealing.seal == Seal(True, (1,))
    data = json.loads((tmp_path / "run.glass").read_text())
    assert data["bookmarks"] == [[0, ""], [2, "here"]]
    assert data["seal"] == {"closed": True, "openings": [1]}


def test_a_run_without_them_is_written_as_ever_and_an_old_file_opens() -> None:
    data = glass.told(run())
    assert set(data) == {"watchglass", "experiment", "seed", "settings", "view", "journal", "t"}
    read, _ = glass.session_from(data, WithPulled())
    assert read.bookmarks == {}
    assert read.sealing.seal == Seal()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("bookmarks", {"0": "x"}, "its bookmarks are not a list"),
        ("bookmarks", [[-1, "x"]], "a bookmark of it is not"),
        ("bookmarks", [[True, "x"]], "a bookmark of it is not"),
        ("bookmarks", [[0, 1]], "a bookmark of it is not"),
        ("bookmarks", [[0, "x" * 61]], "the name of a bookmark has 61 characters"),
        ("bookmarks", [[0, ""]] * 10_001, "its bookmarks are not a list of at most 10000"),
        ("seal", True, "its seal does not say"),
        ("seal", {"closed": 1, "openings": []}, "its seal does not say"),
        ("seal", {"closed": True, "openings": [], "more": 1}, "its seal does not say"),
        ("seal", {"closed": True, "openings": [1.5]}, "the openings of its test set are not steps"),
        ("seal", {"closed": True, "openings": [True]}, "the openings of its test set are not steps"),
        ("seal", {"closed": True, "openings": 3}, "the openings of its test set are not steps"),
    ],
)
def test_a_damaged_field_is_refused_with_a_sentence(field: str, value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        glass.session_from({**glass.told(run()), field: value}, WithPulled())


def test_a_seal_reads_back() -> None:
    assert seal_from(Seal(True, (3, 3)).to_json()) == Seal(True, (3, 3))


@pytest.mark.parametrize("name", WithPulled().entries)
def test_what_is_said_to_be_measured_on_the_test_set_is_measured(name: str) -> None:
    kind = WithPulled().load(name)
    assert {metric.partition("/")[0] for metric in kind.test_metrics} <= kind.metrics.keys()
