"""A run can be replayed: to the bit, from any step, with everything that was done in it."""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab import session as sessions
from lab.controls import Slider, Unfit
from lab.experiment import Experiment, drawn
from lab.session import Session
from tests.bits import bits
from tests.lab.toys import Fragile, Torchy, Walk


def state(session: Session) -> str:
    return bits(session.experiment.snapshot())


def run(session: Session, steps: int) -> Session:
    for _ in range(steps):
        session.step()
    return session


@pytest.mark.parametrize("kind", [Walk, Torchy])
def test_drawn_and_undrawn_runs_end_alike(kind: type[Experiment]) -> None:
    drawn_at_every_step, undrawn = Session(kind, seed=4), run(Session(kind, seed=4), 30)
    for _ in range(30):
        drawn_at_every_step.draw(list(kind.pictures))
        drawn_at_every_step.step()
    first, second = drawn_at_every_step.run.columns.views(), undrawn.run.columns.views()
    assert np.array_equal(first["loss"], second["loss"], equal_nan=True)
    if kind is Walk:  # Torchy's hook keeps what it last saw, so only its training is alike
        assert state(drawn_at_every_step) == state(undrawn)


@pytest.mark.parametrize("kind", [Walk, Torchy])
def test_seek_replays_to_the_bit(kind: type[Experiment]) -> None:
    session = Session(kind, seed=7)
    seen = [state(session)]
    for _ in range(40):
        session.step()
        seen.append(state(session))
    for t in [40, 3, 39, 0, 17, 18, 16, 40]:
        session.seek(t)
        assert session.t == t
        assert state(session) == seen[t]
    assert not session.approximate


def test_hooks_stay_bound_to_the_experiment_after_a_restore() -> None:
    session = run(Session(Torchy), 5)
    session.seek(2)
    session.experiment.seen = None
    session.step()
    assert session.experiment.seen is not None


def test_live_changes_and_actions_are_replayed_where_they_were_done() -> None:
    session = run(Session(Walk, seed=2), 10)
    session.set("rate", 0.5)
    run(session, 5)
    session.act("put", [0, 4.0, -4.0])
    session.act("points.move", [3, 5.0, 5.0])
    run(session, 10)
    end = state(session)
    assert [(e.t, e.kind, e.name) for e in session.run.journal] == [
        (10, "set", "rate"),
        (15, "act", "put"),
        (15, "act", "points.move"),
    ]
    session.seek(9)
    assert session.experiment.rate == 0.1
    session.seek(15)
    assert session.experiment.points.x[3].tolist() == [5.0, 5.0]
    session.seek(25)
    assert state(session) == end
    assert session.experiment.rate == 0.5


def test_a_gesture_in_the_past_begins_a_branch_and_leaves_a_ghost() -> None:
    session = run(Session(Walk, seed=1), 20)
    before = session.run.columns.views()["loss"].copy()
    session.seek(8)
    session.act("put", [0, 2.0, 2.0])
    assert (session.t, session.end) == (8, 8)
    assert session.ghost is not None
    assert session.ghost.branched == 8
    assert np.array_equal(session.ghost.metrics["loss"], before)
    run(session, 12)
    after = session.run.columns.views()["loss"]
    assert np.array_equal(after[:9], before[:9])
    assert not np.array_equal(after[9:], before[9:])
    assert np.array_equal(session.ghost.metrics["loss"], before), "a ghost is never written"
    session.dismiss_ghost()
    assert session.draw().ghost is None


def test_a_branch_shares_the_randomness_of_the_run_it_left() -> None:
    """So a change can be judged alone: putting the same value back gives the same future."""
    session = run(Session(Walk, seed=3), 20)
    end = state(session)
    session.seek(10)
    session.set("rate", 0.3)
    session.set("rate", 0.1)
    run(session, 10)
    session.experiment.heard = []
    other = run(Session(Walk, seed=3), 20)
    assert end == state(other)
    assert state(session) == end


def test_looking_is_not_doing() -> None:
    session = run(Session(Walk), 10)
    session.seek(4)
    session.set("zoom", 5.0)
    assert (session.end, len(session.run.journal)) == (10, 0)
    session.seek(0)
    assert session.experiment.zoom == 5.0


def test_training_may_not_read_a_view_control() -> None:
    class Peeks(Walk):
        def step(self) -> Any:
            return {"loss": self.zoom}

    with pytest.raises(RuntimeError, match="zoom is a view control"):
        Session(Peeks).step()


def test_pictures_have_no_randomness() -> None:
    class Dice(Walk):
        @drawn
        def thrown(self) -> float:
            return float(self.rng.random())

    with pytest.raises(RuntimeError, match="pictures have no randomness"):
        Session(Dice).draw(["thrown"])


def test_a_drag_is_one_gesture_of_which_the_last_place_counts() -> None:
    session = run(Session(Walk, seed=5), 3)
    start = state(session)
    gesture = session.gesture()
    for place in range(20):
        session.act("put", [0, float(place), 0.0], gesture, replaces=True)
    assert len(session.run.journal) == 1
    alone = run(Session(Walk, seed=5), 3)
    alone.act("put", [0, 19.0, 0.0])
    assert state(session) == state(alone)
    assert session.draw().gestures == ((3, "put (0, 19, 0)"),)
    session.undo()
    assert state(session) == start


def test_stages_stop_within_a_step_and_change_nothing() -> None:
    session, plain = run(Session(Walk, seed=8), 4), run(Session(Walk, seed=8), 5)
    names = []
    while session.t == 4:
        session.stage()
        names.append(session.stage_name)
        session.draw()
    assert names == ["gradient", "noise", ""]
    assert state(session) == state(plain)


def test_an_action_at_a_stage_is_done_before_the_step_and_the_stage_reached_again() -> None:
    session = run(Session(Walk, seed=8), 4)
    session.stage()
    session.stage()
    session.act("put", [0, 3.0, 3.0])
    assert (session.t, session.stage_name) == (4, "noise")
    session.step()
    plain = run(Session(Walk, seed=8), 4)
    plain.act("put", [0, 3.0, 3.0])
    assert state(session) == state(run(plain, 1))


def test_stepping_back_out_of_a_stage_forgets_the_half_step() -> None:
    session = run(Session(Walk, seed=8), 4)
    before = state(session)
    session.stage()
    session.seek(4)
    assert (session.t, session.stage_name, state(session)) == (4, "", before)


def test_a_restarting_control_begins_a_new_run_and_an_unfit_one_leaves_the_old() -> None:
    session = run(Session(Walk, seed=1), 6)
    session.set("length", 5)
    assert (session.t, session.experiment.length) == (0, 5)
    run(session, 6)
    with pytest.raises(Unfit) as unfit:
        session.set("sign", "minus")
    assert (unfit.value.control, unfit.value.reason) == ("length", "five dimensions go up only")
    assert (session.t, session.experiment.sign) == (6, "plus")


def test_a_control_may_bring_others_with_it_unless_they_are_given() -> None:
    class Follows(Walk):
        @classmethod
        def following(cls, name: str, value: Any) -> dict[str, Any]:
            return {"length": 4} if (name, value) == ("sign", "minus") else {}

    assert Session(Follows, {"sign": "minus"}).experiment.length == 4
    assert Session(Follows, {"sign": "minus", "length": 3}).experiment.length == 3
    session = Session(Follows)
    session.set("sign", "minus")
    assert session.experiment.length == 4
    session.set("length", 1)
    assert session.experiment.length == 1


def test_restart_repeats_the_very_same_start() -> None:
    session = Session(Walk, seed=12)
    start = state(session)
    run(session, 9)
    session.restart()
    assert (session.t, state(session)) == (0, start)
    session.restart(seed=13)
    assert state(session) != start


def test_a_refused_action_changes_nothing() -> None:
    session = run(Session(Walk), 3)
    before = state(session)
    for name, arguments in (("put", [9, 0.0, 0.0]), ("put", [0, "left", 0]), ("points.move", [999, 0.0, 0.0])):
        with pytest.raises(ValueError, match=r"put|index|point"):
            session.act(name, arguments)
    with pytest.raises(ValueError, match="no action fly"):
        session.act("fly", [])
    assert (state(session), session.run.journal) == (before, [])


def test_a_step_that_raises_leaves_the_last_good_state() -> None:
    session = run(Session(Fragile), 3)
    with pytest.raises(RuntimeError, match="fourth step"):
        session.step()
    assert session.t == 3
    assert session.experiment.w.tolist() == [[3.0, 3.0]]
    session.set("fault", "none")
    run(session, 3)
    assert session.t == 6


def test_a_divergence_is_told_with_its_step_and_can_be_rewound() -> None:
    session = run(Session(Fragile, {"fault": "nan"}), 4)
    assert session.run.diverged == (2, "loss")
    assert np.isinf(session.run.columns.views()["loss"][2])
    session.seek(1)
    session.set("fault", "none")
    assert session.run.diverged is None


def test_an_attribute_that_cannot_be_copied_is_named() -> None:
    class Holds(Walk):
        def start(self) -> Any:
            self.generator = (i for i in range(3))
            return super().start()

    with pytest.raises(TypeError, match=r"Holds\.generator cannot be copied"):
        Session(Holds)


def test_fixed_arrays_are_shared_by_checkpoints_and_cannot_be_written() -> None:
    session = run(Session(Walk), 5)
    with pytest.raises(ValueError, match="read-only"):
        session.experiment.x[0] = 0
    assert all(point.state["x"] is next(iter(session.checkpoints)).state["x"] for point in session.checkpoints)
    old = session.experiment.x
    session.act("points.add", [1.0, 1.0, 0])
    assert session.experiment.x is not old
    session.seek(2)
    assert session.experiment.x is old


def test_checkpoints_stay_within_their_budget() -> None:
    class Heavy(Walk):
        def start(self) -> Any:
            self.ballast = np.zeros(10_000)
            return super().start()

    session = Session(Heavy, budget=1_000_000)
    for _ in range(3000):
        session.step()
    assert len(session.checkpoints) > 2
    assert sum(point.size for point in session.checkpoints) <= 1_000_000
    session.seek(1234)
    assert session.t == 1234


def test_seek_anywhere_in_ten_thousand_steps_takes_under_a_tenth_of_a_second() -> None:
    session = Session(Walk, seed=1)
    session.seek(10_000)
    chance, took = random.Random(1), []
    for _ in range(41):
        t = chance.randrange(10_000)
        began = time.perf_counter()
        session.seek(t)
        took.append(time.perf_counter() - began)
        assert session.t == t
    assert sorted(took)[20] < 0.1


def test_a_seek_can_be_watched_and_stopped() -> None:
    session, seen = Session(Walk), []
    assert not session.seek(100, lambda t: seen.append(t) or t < 10)
    assert session.t == 10
    assert seen == list(range(1, 11))


def test_what_is_drawn_is_read_only_and_not_live() -> None:
    session = run(Session(Walk), 2)
    frame = session.draw(["w", "double"])
    kept = frame.values["w"].copy()
    assert not frame.values["w"].flags.writeable
    run(session, 3)
    assert np.array_equal(frame.values["w"], kept)
    assert len(frame.metrics["loss"]) == 3


def test_a_picture_is_worked_out_once_a_frame_and_kept_while_its_controls_stay() -> None:
    counted = {"each": 0, "kept": 0}

    class Counts(Experiment):
        name = "counts"
        size = Slider(1.0, 0.0, 2.0, help="size")

        def step(self) -> None:
            pass

        @drawn
        def each(self) -> int:
            counted["each"] += 1
            return 1

        @drawn
        def again(self) -> int:
            return self.each() + 1

        @drawn(on=("size",))
        def kept(self) -> np.ndarray:
            counted["kept"] += 1
            return np.full(3, self.size)

    session = Session(Counts)
    first = session.draw(["each", "again", "kept"])
    session.step()
    second = session.draw(["each", "again", "kept"])
    assert counted == {"each": 2, "kept": 1}
    assert first.values["kept"] is second.values["kept"]
    session.set("size", 2.0)
    assert session.draw(["kept"]).values["kept"].tolist() == [2.0, 2.0, 2.0]


def test_a_picture_may_grow_finer_while_nothing_else_goes_on() -> None:
    class Grows(Experiment):
        name = "grows"

        @drawn
        def picture(self) -> Any:
            for fineness in (1, 2, 4):
                yield np.zeros(fineness)

    session = Session(Grows)
    frame = session.draw(["picture"])
    sizes = [len(frame.values["picture"])]
    while frame.finer and (finer := session.refine(frame)):
        frame = finer
        sizes.append(len(frame.values["picture"]))
    assert sizes == [1, 2, 4]


def test_trails_are_recorded_and_thinned() -> None:
    session = Session(Walk)
    session.seek(10_000)
    trace = session.draw().trails["w"]
    assert trace.places.shape[1:] == (1, 2)
    assert 1000 <= len(trace.times) <= 2048
    assert (np.diff(trace.times) > 0).all()
    session.seek(5000)
    assert session.draw().trails["w"].times[-1] <= 5000


moves = st.lists(
    st.one_of(
        st.tuples(st.just("step"), st.integers(1, 4)),
        st.tuples(st.just("stage"), st.integers(1, 3)),
        st.tuples(st.just("seek"), st.integers(0, 12)),
        st.tuples(st.just("rate"), st.floats(0, 1)),
        st.tuples(st.just("put"), st.floats(-5, 5)),
        st.tuples(st.just("erase"), st.integers(0, 5)),
        st.tuples(st.just("undo"), st.just(0)),
        st.tuples(st.just("redo"), st.just(0)),
    ),
    max_size=14,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=moves)
@pytest.mark.parametrize("often", [False, True])
def test_whatever_was_done_a_replay_is_the_same(
    moves: list[tuple[str, Any]], often: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if often:  # a checkpoint after each step: one that should have been cut would be found
        monkeypatch.setattr(sessions, "WORTH", 0)
    session = Session(Walk, seed=9)
    for what, value in moves:
        if what in ("step", "stage"):
            for _ in range(value):
                getattr(session, what)()
        elif what == "seek":
            session.seek(value)
        elif what in ("undo", "redo"):
            getattr(session, what)()
        elif what == "rate":
            session.set("rate", value)
        elif what == "put":
            session.act("put", [0, value, -value])
        else:
            session.act("points.erase", [value])
    session.seek(session.t)
    t, end = session.t, state(session)
    session.seek(0)
    session.seek(t)
    assert state(session) == end
    assert not session.approximate
    alone = Session(Walk, seed=9)
    alone.load_journal(session.run.journal)
    alone.seek(t)
    assert state(alone) == end


# ---------------------------------------------------------------- found by changing the session's lines one by one


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=f"seed must be a whole number from 0 to 4294967295, not {seed}"):
        Session(Walk, seed=seed)
    assert Session(Walk, seed=2**32 - 1).seed == 2**32 - 1


def test_a_control_turned_in_one_gesture_keeps_the_ghost_of_the_run_before_it() -> None:
    """Every place of a slider that restarts begins a run; what is compared with is the run before the hand came."""
    session = run(Session(Walk, seed=5), 7)
    first = session.run.columns.views()["loss"].copy()
    gesture = session.gesture()
    for length in (3, 4):
        session.set("length", length, gesture)
        run(session, 2)
    assert session.ghost is not None
    assert session.ghost.metrics["loss"].tolist() == first.tolist()
    session.set("length", 5, session.gesture())
    assert len(session.ghost.metrics["loss"]) == 3  # another hand: the run that was just left


def test_a_trail_begins_where_the_run_begins() -> None:
    session = Session(Walk, seed=5)
    start = session.experiment.w.copy()  # type: ignore[attr-defined]
    run(session, 3)
    trail = session.run.traces.upto(3)["w"]
    assert trail.times.tolist() == [0, 1, 2, 3]
    assert trail.places[0].tolist() == start.tolist()


def test_a_branch_at_the_step_of_a_divergence_still_tells_of_it() -> None:
    session = run(Session(Fragile, {"fault": "nan"}), 3)
    assert session.run.diverged is not None
    t = session.run.diverged[0]
    session.seek(t)
    session.set("fault", "none")
    assert session.run.diverged is not None
    session.seek(t - 1)
    session.set("fault", "raise")
    assert session.run.diverged is None


def test_two_actions_at_one_step_draw_different_numbers_and_the_same_in_a_replay() -> None:
    session = run(Session(Walk, seed=5), 2)
    session.act("put", [0, 1.0, 1.0])
    first = session.experiment.w.copy()  # type: ignore[attr-defined]
    session.act("put", [0, 1.0, 1.0])
    second = session.experiment.w.copy()  # type: ignore[attr-defined]
    assert first.tolist() != second.tolist()
    session.seek(0)
    session.seek(2)
    assert session.experiment.w.tolist() == second.tolist()  # type: ignore[attr-defined]


def test_gestures_after_a_file_was_read_have_numbers_of_their_own() -> None:
    session = run(Session(Walk, seed=5), 2)
    session.act("put", [0, 1.0, 1.0])
    twin = Session(Walk, seed=5)
    twin.load_journal(session.run.journal)
    assert twin.gesture() > max(entry.gesture for entry in session.run.journal)


def test_an_experiment_hears_which_of_its_controls_changed_and_what_a_replay_changes_again() -> None:
    session = run(Session(Walk, seed=1), 3)
    session.set("rate", 0.2)
    session.set("noise", 0.5)
    assert session.experiment.heard == ["rate", "noise"]
    session.seek(0)
    assert session.experiment.heard == []
    session.seek(3)
    assert session.experiment.heard == ["rate", "noise"]


def test_a_start_in_stages_is_run_through_and_each_draws_its_own_numbers() -> None:
    class Built(Walk):
        def start(self) -> Any:
            self.x, self.heard = self.points.x, []
            self.w = self.rng.normal(size=(1, 2))
            yield "first"
            self.second = self.rng.normal(size=(1, 2))
            return {"loss": 7.0}

    session = Session(Built, seed=2)
    assert session.metrics()["loss"].tolist() == [7.0]
    assert not np.array_equal(session.experiment.w, session.experiment.second)
    again = Session(Built, seed=2)
    assert np.array_equal(again.experiment.second, session.experiment.second)
