"""Following one sample: its loss at every step, what it pushes, and which it is when others come and go."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lab.follow import MOST, Follower, Sighting, bars, ordinal, rank
from lab.session import Session
from tests.lab.offering import FOUR, Pulled


def run(t: int = 0, **settings: Any) -> Session:
    checked = {name: Pulled.controls[name].check(value) for name, value in {"points": FOUR, **settings}.items()}
    session = Session(Pulled, checked)
    session.seek(t)
    return session


def followed(session: Session, index: int | None = None) -> Follower:
    follower = Follower(session)
    follower.choose(session, index)
    return follower


def seen(follower: Follower, session: Session) -> Sighting:
    """Once there is nothing more to find out."""
    while (sighting := follower.look(session, 0.0)).waiting:
        pass
    return sighting


def at(sighting: Sighting) -> dict[int, float]:
    return dict(zip(sighting.times.astype(int).tolist(), sighting.own.tolist()))


def test_a_run_that_is_over_is_replayed_and_ends_where_it_stood() -> None:
    session = run(3)
    session.seek(1)
    before = vars(session.experiment)["w"].copy()
    sighting = seen(followed(session, 3), session)
    assert at(sighting) == {0: 26.0, 1: 17.0, 2: 13.25, 3: 11.5625}
    assert sighting.mean.tolist() == [9.0, 6.0, 5.25, 5.0625]
    assert (session.t, session.end) == (1, 3)
    np.testing.assert_array_equal(vars(session.experiment)["w"], before)


def test_the_share_of_a_sample_and_of_all() -> None:
    session = run(1)  # w is at (1, 1)
    sighting = seen(followed(session, 3), session)
    assert sighting.push["w"].tolist() == [-1.25, -0.75]
    assert sighting.whole is not None
    assert sighting.whole["w"].tolist() == [-1.0, -1.0]
    np.testing.assert_allclose(sighting.pushes * 4, np.sqrt([2, 2, 10, 34]))


def test_without_an_index_it_follows_the_greatest_loss() -> None:
    session = run(1)
    follower = followed(session)
    assert follower.place(session) == 3


def test_the_curve_grows_while_the_run_goes_on() -> None:
    session = run(1)
    follower = followed(session, 3)
    seen(follower, session)
    session.seek(2)
    assert at(seen(follower, session)) == {0: 26.0, 1: 17.0, 2: 13.25}


def test_a_sample_keeps_its_identity_when_one_before_it_goes() -> None:
    session = run(2)
    follower = followed(session, 3)
    session.act("points.erase", [0])
    sighting = seen(follower, session)
    assert sighting.index == 2
    assert at(sighting)[0] == 26.0
    session.seek(1)
    assert seen(follower, session).index == 3


def test_a_sample_that_is_taken_away_is_gone_until_it_is_back() -> None:
    session = run(2)
    follower = followed(session, 3)
    seen(follower, session)
    session.act("points.erase", [3])
    session.step()
    sighting = seen(follower, session)
    assert sighting.index is None
    assert sighting.push == {}
    assert np.isnan(at(sighting)[3])
    assert at(sighting)[1] == 17.0
    session.undo()
    assert seen(follower, session).index == 3


def test_another_point_that_comes_in_its_stead_is_not_taken_for_it() -> None:
    session = run(2)
    follower = followed(session, 3)
    session.act("points.erase", [3])
    session.act("points.add", [6.0, 4.0, 1])
    assert seen(follower, session).index is None


def test_a_branch_forgets_what_no_longer_holds_and_keeps_the_former_curve() -> None:
    session = run(3)
    follower = followed(session, 3)
    seen(follower, session)
    session.seek(1)
    session.act("points.move", [3, 1.0, 1.0])
    sighting = seen(follower, session)
    assert at(sighting) == {0: 26.0, 1: 0.0}
    assert sighting.former.tolist() == [[0, 26.0], [1, 17.0], [2, 13.25], [3, 11.5625]]
    session.dismiss_ghost()
    assert len(seen(follower, session).former) == 0


def test_a_replay_does_what_was_done_in_the_run() -> None:
    session = run(1)
    session.set("rate", 1.0)
    session.seek(3)
    assert at(seen(followed(session, 3), session)) == {0: 26.0, 1: 17.0, 2: 10.0, 3: 10.0}


def test_undo_replays_what_it_changed() -> None:
    session = run(1)
    session.set("rate", 1.0)
    session.seek(3)
    follower = followed(session, 3)
    seen(follower, session)
    session.undo()
    assert at(seen(follower, session)) == {0: 26.0, 1: 17.0, 2: 13.25, 3: 11.5625}


def test_a_new_run_of_the_same_points_goes_on_with_the_same_one() -> None:
    session = run(2)
    follower = followed(session, 3)
    seen(follower, session)
    session.restart(settings={"rate": 1.0})
    session.step()
    assert at(seen(follower, session)) == {0: 26.0, 1: 10.0}


def test_a_long_run_is_known_at_few_enough_moments_from_first_to_last() -> None:
    session = run(2000)
    sighting = seen(followed(session, 3), session)
    assert len(sighting.times) <= MOST + 1
    assert (sighting.times[0], sighting.times[-1]) == (0, 2000)
    assert np.diff(sighting.times).max() <= 14
    assert sighting.own[0] == 26.0


def test_a_replay_that_was_stopped_stays_so() -> None:
    session = run(100)
    follower = followed(session, 3)
    assert follower.look(session, 0.0).replayed < 1
    follower.stopped = True
    assert follower.look(session, 0.0).replayed == 1
    assert len(follower.look(session, 0.0).times) < 10


def test_what_is_held_out_has_no_loss_and_is_not_counted() -> None:
    session = run(1, hold=True)
    sighting = seen(followed(session, 3), session)
    assert (sighting.trained, sighting.samples) == (3, 4)
    assert np.isnan(sighting.own).all()
    assert np.isnan(sighting.pushes).tolist() == [False, False, False, True]


def test_few_numbers_are_told_one_by_one_against_the_gradient() -> None:
    names, heights = bars({"w": np.array([[1.0, -2.0]]), "b": np.array(3.0)}, None, 4)
    assert names == ["w₀₀", "w₀₁", "b"]
    assert heights.tolist() == [[-1.0, 2.0, -3.0]]
    _, both = bars({"w": np.array([1.0])}, {"w": np.array([8.0])}, 4)
    assert both.tolist() == [[-1.0], [-2.0]]


def test_of_many_numbers_the_length_of_each_array_is_told() -> None:
    push = {"W": np.full((5, 5), 2.0), "b": np.array([3.0, 4.0])}
    names, heights = bars(push, {"W": 3 * push["W"], "b": 3 * push["b"]}, 3)
    assert names == ["W", "b"]
    np.testing.assert_allclose(heights, [[10.0, 5.0], [10.0, 5.0]])


@pytest.mark.parametrize(
    ("place", "said"),
    [(1, "the largest"), (2, "2nd largest"), (3, "3rd largest"), (11, "11th largest"), (22, "22nd largest")],
)
def test_places_are_said_as_people_do(place: int, said: str) -> None:
    assert ordinal(place) == said


def test_equal_values_share_their_place() -> None:
    assert [rank(np.array([5.0, 7.0, 7.0, np.nan]), value) for value in (7.0, 5.0)] == [1, 3]
