"""The contract, held by every experiment and scene of the catalogue, now and later."""

from __future__ import annotations

import csv
import inspect
import itertools
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab import marks
from lab.catalogue import Catalogue, topics
from lab.controls import Choice, Control, Count, Matrix, Picture, Point, Rows, Several, Slider, Switch, Unfit
from lab.experiment import Experiment
from lab.frame import Frame
from lab.session import Session
from tests.bits import bits
from tests.places import place_of

CATALOGUE = Catalogue()
NAMES = list(CATALOGUE.entries)
STEPS = 50

# What diverges at the high end of a control, and why it may.
DIVERGES = {
    ("optimiser-race", "racers"): "six racers at the largest rate of all leave any surface",
    ("neural-network", "rate"): "a rate of 10 throws the weights out of range",
}

pytestmark = [pytest.mark.common]
every = pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.xdist_group(n)) for n in NAMES])


@cache
def imported(name: str) -> None:
    """What an experiment imports (torch takes a second) is not its own work."""
    trained(begun(name), 1)


@pytest.fixture(autouse=True)
def _imported(request: pytest.FixtureRequest) -> None:
    if "name" in request.fixturenames:
        imported(request.getfixturevalue("name"))


def begun(name: str, seed: int = 1, **changes: Any) -> Session:
    kind = CATALOGUE.load(name)
    return Session(kind, {**kind.tiny, **changes}, seed)


def every_name(session: Session) -> set[str]:
    return {n for panel in marks.panels(session.layout) for n in panel.names()}


def trained(session: Session, steps: int = STEPS, drawing: bool = False) -> Session:
    for _ in range(steps):
        if drawing:
            session.draw(every_name(session))
        session.step()
    return session


@lru_cache(maxsize=4)
def plain_run(name: str) -> tuple[str, Frame, Frame, dict[str, np.ndarray]]:
    """State, first and last frame and metrics of an undrawn run, worked out once for all tests that compare."""
    session = begun(name)
    first = session.draw(every_name(session))
    session = trained(begun(name))
    state = bits(session.experiment.snapshot())
    return state, first, session.draw(every_name(session)), session.run.columns.views()


def arrays(value: Any, path: str) -> Iterator[tuple[str, np.ndarray]]:
    if isinstance(value, dict):
        value = value.items()
    elif hasattr(value, "_asdict"):
        value = value._asdict().items()
    elif isinstance(value, (list, tuple)):
        value = enumerate(value)
    elif isinstance(value, (np.ndarray, float, int)) and not isinstance(value, bool):
        yield path, np.asarray(value)
        return
    else:
        return
    for key, part in value:
        yield from arrays(part, f"{path}.{key}")


# ---------------------------------------------------------------- what it declares


@every
def test_every_mark_finds_what_it_names(name: str) -> None:
    session = begun(name)
    kind, state = session.kind, vars(session.experiment)
    for panel in marks.panels(session.layout):
        for wanted in panel.names():
            assert wanted in kind.pictures or wanted in kind.controls or wanted in state, f"{panel.title}: {wanted}"
        for mark in panel.marks:
            for wanted in mark.metrics if isinstance(mark, marks.Curve) else ():
                assert wanted in kind.metrics, f"{panel.title}: no metric {wanted}"
            if isinstance(mark, marks.Trail):
                assert np.asarray(state[mark.of]).shape[-1:] in ((2,), (3,)), f"{panel.title}: trail of {mark.of}"
            for slot in ("drag", "add", "erase", "edit", "link"):
                wanted = getattr(mark, slot, "")
                assert not wanted or wanted in kind.actions or wanted in kind.controls, f"{panel.title}: {wanted}"
            if picked := getattr(mark, "pick", ""):
                assert kind.controls[picked].view, f"{panel.title}: {picked} is picked, so it must be a view control"


@every
def test_every_slider_limit_names_a_picture(name: str) -> None:
    kind = CATALOGUE.load(name)
    limits = [c.limit for c in kind.controls.values() if isinstance(c, Slider) and c.limit]
    assert all(limit in kind.pictures for limit in limits), limits


@every
def test_it_says_what_it_is(name: str) -> None:
    entry, kind = CATALOGUE[name], CATALOGUE.load(name)
    module = inspect.getmodule(kind)
    assert module is not None
    assert entry.line
    assert (module.__doc__ or "").startswith(f"{entry.title}:")
    for control in kind.controls.values():
        assert control.help, f"{control.key} has no help"
        assert control.label
    assert all(symbol for symbol in kind.metrics.values())
    for text, wanted in kind.prompts:
        assert text
        assert wanted.keys() <= kind.controls.keys(), f"prompt {text!r} names no control"
    for title, wanted in kind.presets.items():
        for key, value in wanted.items():
            kind.controls[key].check(value)
        assert title


@every
def test_its_topics_are_where_it_says(name: str) -> None:
    """`begin=k-means++; panel=Data; scene=colours`: set those, and the panel is there."""
    if ":" in name:
        return  # a scene's are its experiment's, and looked for there
    shown = topics(name)
    assert shown, "claims no topic of the texts"
    for topic in shown:
        place = place_of(name, topic, CATALOGUE)
        session = begun(place.name, **place.settings)
        titles = [panel.title for panel in marks.panels(session.layout)]
        assert not place.panel or place.panel in titles, f"{topic.title}: no panel {place.panel!r} in {titles}"


def test_topics_are_titles_of_the_course_texts(root: Path) -> None:
    """No line twice, every line of an experiment that exists, with a text and a place."""
    with (root / "resources" / "syllabus.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    seen = [(row["experiment"], row["topic"], row["text"]) for row in rows]
    assert len(seen) == len(set(seen))
    assert {row["experiment"] for row in rows} <= set(NAMES)
    assert all(row["topic"] and row["text"] and row["where"] for row in rows)


# ---------------------------------------------------------------- drawing


@every
def test_it_starts_steps_and_draws_finite_pictures(name: str) -> None:
    _, first, last, _ = plain_run(name)
    for frame in (first, last):
        for path, array in arrays(dict(frame.values), frame.name):
            if array.dtype.kind in "fc":
                assert np.isfinite(array).all(), f"{path} is not finite at step {frame.t}"
            assert not array.flags.writeable or array.ndim == 0, f"{path} is live"
            assert array.size < 4_000_000, f"{path} is too large to draw 30 times a second"


@every
def test_what_panels_draw_changes_as_it_trains(name: str) -> None:
    kind = CATALOGUE.load(name)
    if kind.explores():
        return
    _, first, last, _ = plain_run(name)
    for panel in marks.panels(last.layout):
        if panel.still:
            continue
        pictures = [bits([frame.values[n] for n in sorted(panel.names())]) for frame in (first, last)]
        moving = any(isinstance(m, (marks.Curve, marks.Trail)) for m in panel.marks) and last.end > 0
        assert pictures[0] != pictures[1] or moving, (
            f"{panel.title} stays the same; declare still=True if it is meant to"
        )


@every
def test_drawing_never_changes_training(name: str) -> None:
    session = trained(begun(name), drawing=True)
    assert bits(session.experiment.snapshot()) == plain_run(name)[0]


@every
def test_view_controls_change_no_metric(name: str) -> None:
    session = begun(name)
    looks = [c for c in session.kind.controls.values() if c.view]
    flips = itertools.cycle([(c.key, value) for c in looks for value in c.extremes()]) if looks else None
    for _ in range(STEPS if looks else 0):
        assert flips is not None
        session.set(*next(flips))
        session.step()
    if looks:
        metrics = plain_run(name)[3]
        assert all(np.array_equal(session.run.columns.views()[n], metrics[n], equal_nan=True) for n in metrics)
        session.draw(every_name(session))


@every
def test_no_state_hides_what_every_experiment_has(name: str) -> None:
    session = trained(begun(name), 3)
    own = {"own", "t", "finished", *session.kind.controls}
    assert not (vars(session.experiment).keys() - own) & set(dir(Experiment))


@every
def test_fixed_arrays_are_never_written(name: str) -> None:
    session = begun(name)
    kept = {n: bits(getattr(session.experiment, n)) for n in session.kind.fixed}
    trained(session, drawing=False)
    assert {n: bits(getattr(session.experiment, n)) for n in session.kind.fixed} == kept


# ---------------------------------------------------------------- replay


@every
def test_one_seed_is_one_run_and_another_seed_another(name: str) -> None:
    kind = CATALOGUE.load(name)
    same = bits(trained(begun(name)).experiment.snapshot())
    other = bits(trained(begun(name, seed=2)).experiment.snapshot())
    assert same == plain_run(name)[0]
    assert (other == same) is not kind.random or kind.explores()


@every
def test_seeking_back_and_forth_shows_the_same_frames(name: str) -> None:
    session, seen = begun(name), {}
    names = every_name(session)
    for t in range(13):
        session.seek(t)
        seen[session.t] = bits(session.draw(names).values)
    for t in (5, 12, 0, 7, 3, 11):
        session.seek(t)
        assert bits(session.draw(names).values) == seen[session.t], f"step {t}"
    assert not session.approximate


@every
def test_a_restored_checkpoint_trains_on_alike_and_twice(name: str) -> None:
    session = trained(begun(name), 10)
    if session.kind.explores():
        return
    kept, t = session.experiment.snapshot(), session.t
    trained(session, 10)
    first = bits(session.experiment.snapshot())
    for _ in range(2):
        session.experiment.restore(kept)
        for _ in range(10):
            if session.experiment.finished:
                break
            session._advance()
        assert bits(session.experiment.snapshot()) == first
    assert t <= session.t


@every
def test_going_stage_by_stage_is_the_same_training(name: str) -> None:
    session = begun(name)
    while not session.kind.explores() and session.t < 5 and session.stage():
        session.draw(every_name(session))
    state = bits(session.experiment.snapshot())
    assert bits(trained(begun(name), session.t).experiment.snapshot()) == state


# ---------------------------------------------------------------- controls and actions


def outside(control: Control) -> list[Any]:
    """Values that the control must refuse."""
    if isinstance(control, (Slider, Count)):
        return [control.low - 1, control.high + 1, float("nan"), "many", None, True]
    if isinstance(control, Choice):
        return ["no such option", 3, None]
    if isinstance(control, Several):
        return [["no such option"], "text", 3]
    if isinstance(control, Switch):
        return [2, "perhaps", None]
    if isinstance(control, Point):
        return [[1], "here", [float("inf"), 0.0], [control.x[1] + 1, control.y[0]]]
    if isinstance(control, (Matrix, Picture)):
        return [[[1e9]], "table", [[1, 2], [3]]]
    if isinstance(control, Rows):
        return ["rows", [{"no such field": 1}], [control.default[0]] * (control.most + 1) if control.default else 3]
    return [3.5, None, {"kind": "no such kind"}, ["x"]]


@every
def test_every_value_out_of_range_is_refused_by_name(name: str) -> None:
    experiment = CATALOGUE.load(name)()
    for key, control in experiment.controls.items():
        for value in outside(control):
            with pytest.raises(ValueError, match=rf"^{key}\b"):
                setattr(experiment, key, value)


@every
@pytest.mark.parametrize("end", ["low", "high"])
def test_both_ends_of_every_control_work(name: str, end: str) -> None:
    kind = CATALOGUE.load(name)
    for key, control in kind.controls.items():
        try:
            with np.errstate(all="ignore"):
                session = begun(name, **{key: control.extremes()[end == "high"]})
                trained(session, 3)
                session.draw(every_name(session))
        except Unfit:
            continue  # in range, but it does not fit the others: the window shows the reason at the control
        if session.run.diverged:
            assert (name, key) in DIVERGES, f"{key} at its {end} end diverges: {session.run.diverged}"


def drawn_arguments(kind: type[Experiment], action: str) -> st.SearchStrategy[list[Any]]:
    made = {
        int: st.integers(-2, 12),
        float: st.floats(-8, 8),
        bool: st.booleans(),
        str: st.text(max_size=8),
    }
    return st.tuples(*(made[hint] for hint in kind.actions[action].arguments.values())).map(list)


@every
def test_actions_do_what_they_can_and_refuse_the_rest_in_words(name: str) -> None:
    for action in CATALOGUE.load(name).actions:
        session = trained(begun(name), 2)
        try_out(session, action)
        end, state = session.t, bits(session.experiment.snapshot())
        session.seek(0)
        session.seek(end)
        assert bits(session.experiment.snapshot()) == state, f"a replay with {action} in it differs"


def try_out(session: Session, action: str) -> None:
    @settings(max_examples=6)
    @given(arguments=drawn_arguments(session.kind, action))
    def once(arguments: list[Any]) -> None:
        before, refused = bits(session.experiment.snapshot()), None
        try:
            session.act(action, arguments)
        except ValueError as wrong:
            refused = str(wrong)
        assert refused is None or len(refused) > 10
        assert refused is None or bits(session.experiment.snapshot()) == before, "a refused action changes nothing"
        with np.errstate(all="ignore"):
            session.step()
            session.draw(every_name(session))

    once()
