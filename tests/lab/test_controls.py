"""A control checks every value alike, whoever sets it, and says by name what it wanted."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.controls import (
    Choice,
    Control,
    Count,
    Dataset,
    Formula,
    Matrix,
    Picture,
    Point,
    Rows,
    Several,
    Slider,
    Switch,
    Text,
)
from lab.controls.base import Unfit, same, shown
from lab.experiment import Experiment


class Everything(Experiment):
    name = "everything"
    rate = Slider(0.1, 0.001, 10.0, log=True, symbol="η", help="step size")
    k = Count(3, 1, 12, symbol="k", help="how many")
    rule = Choice(["GD", "Adam"], help="which rule")
    shown = Several(["a", "b", "c"], ["b"], least=1, help="which")
    bias = Switch(True, help="whether")
    begin = Point((1, 2), x=(-5, 5), y=(-5, 5), help="where")
    kernel = Matrix([[0, 1], [1, 0]], -2, 2, help="weights")
    drawing = Picture(4, 3, help="a picture")
    f = Formula("x**2", variables=("x",), help="a function")
    words = Text("hello", longest=10, help="a text")
    points = Dataset("moons", n=30, help="data")
    layers = Rows({"units": Count(8, 1, 32)}, [8, 4], most=4, help="widths")
    racers = Rows({"rule": Choice(["GD", "Adam"]), "rate": Slider(0.1, 0, 1)}, [{"rule": "Adam"}], least=1, help="who")


GOOD: list[tuple[str, Any, Any]] = [
    ("rate", 1, 1.0),
    ("rate", np.float32(0.5), 0.5),
    ("k", 4.0, 4),
    ("rule", "Adam", "Adam"),
    ("shown", ["c", "a"], ("a", "c")),
    ("bias", False, False),
    ("begin", [0, -5], (0.0, -5.0)),
    ("words", "hi", "hi"),
    ("layers", [3, {"units": 5}], ((3,), (5,))),
    ("racers", [{"rate": 0.5}], (("GD", 0.5),)),
]


@pytest.mark.parametrize(("name", "given_value", "kept"), GOOD)
def test_a_good_value_is_kept_in_its_own_kind(name: str, given_value: Any, kept: Any) -> None:
    experiment = Everything({name: given_value})
    assert getattr(experiment, name) == kept
    assert type(getattr(experiment, name)) is type(kept) or isinstance(kept, tuple)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("rate", 99, "rate must be a number from 0.001 to 10, not 99"),
        ("rate", float("nan"), "rate must be a number"),
        ("rate", True, "rate must be a number"),
        ("rate", 10**400, "rate must be a number"),
        ("k", 2.5, "k must be a whole number from 1 to 12, not 2.5"),
        ("rule", "SGD", 'rule must be one of GD, Adam, not "SGD"'),
        ("shown", [], "shown must be a list of at least 1"),
        ("shown", ["z"], "shown must be"),
        ("bias", 1, "bias must be true or false"),
        ("begin", [9, 0], "begin must be a point"),
        ("kernel", [[1, 2, 3]], "kernel must be 2 × 2 numbers from -2 to 2"),
        ("kernel", [[9, 0], [0, 0]], "kernel must be"),
        ("drawing", [[2.0] * 3] * 4, "drawing must be 4 rows of 3 numbers from 0 to 1"),
        ("f", "y + 1", "f: "),
        ("f", "__import__('os')", "f: "),
        ("words", "much too long a text", "words must be a text of at most 10 characters"),
        ("points", "stars", "points must be"),
        ("points", {"kind": "moons", "n": -4}, "points: "),
        ("layers", [1, 2, 3, 4, 5], "layers must be a list of 0 to 4 rows"),
        ("layers", [99], r"layers\[0\].units must be a whole number from 1 to 32"),
        ("racers", [], "racers must be"),
        ("racers", [{"speed": 1}], r"racers\[0\] has no speed"),
        ("racers", [{"rate": 7}], r"racers\[0\].rate must be a number from 0 to 1"),
    ],
)
def test_a_bad_value_is_refused_by_name_with_its_range(name: str, value: Any, said: str) -> None:
    experiment = Everything()
    before = getattr(experiment, name)
    with pytest.raises(ValueError, match=f"^{said}"):
        setattr(experiment, name, value)
    assert getattr(experiment, name) is before


@pytest.mark.parametrize("name", list(Everything.controls))
def test_every_value_survives_json_and_describes_itself(name: str) -> None:
    control = Everything.controls[name]
    for value in (control.default, *control.extremes()):
        again = control.check(control.to_json(control.check(value)))
        assert np.array_equal(np.asarray(again, dtype=object), np.asarray(control.check(value), dtype=object))
    told = control.describe()
    assert told["kind"] == type(control).__name__.lower()
    assert {"name", "label", "default", "symbol", "help", "restarts", "view"} <= told.keys()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("rate", "0.5", 0.5),
        ("rule", "Adam", "Adam"),
        ("bias", "off", False),
        ("begin", "[1,1]", (1.0, 1.0)),
        ("f", "x*sin(x)", "x*sin(x)"),
        ("words", "12", "12"),
        ("layers", "[8,8]", ((8,), (8,))),
    ],
)
def test_the_command_line_sets_the_same(name: str, text: str, value: Any) -> None:
    kept = Everything.controls[name].from_text(text)
    assert getattr(kept, "text", kept) == value


def test_part_of_a_data_set_may_be_named() -> None:
    experiment = Everything({"points": {"noise": 0.0, "n": 12}})
    assert experiment.points.source["kind"] == "moons"
    assert len(experiment.points.x) == 12


def test_values_cannot_be_changed_behind_the_controls_back() -> None:
    experiment = Everything()
    for name in ("kernel", "drawing"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(experiment, name)[0, 0] = 1.0
    with pytest.raises(AttributeError):
        experiment.racers[0].rate = 0.9


def test_a_picked_index_is_the_option_of_a_choice() -> None:
    assert Choice(["first", "second"]).from_pick(1) == "second"
    assert Count(0, 0, 9).from_pick(3) == 3


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(value=json_values, name=st.sampled_from(list(Everything.controls)))
def test_any_value_is_kept_or_refused_with_a_value_error(value: Any, name: str) -> None:
    control: Control = Everything.controls[name]
    try:
        kept = control.check(value)
    except ValueError as refused:
        assert str(refused).startswith(name)
    else:
        assert copy.deepcopy(kept) is not None


# ---------------------------------------------------------------- found by changing the controls' lines one by one


def test_a_value_in_a_message_is_cut_only_where_it_is_too_long_and_keeps_its_letters():
    assert shown("η" * 58) == f'"{"η" * 58}"'  # just room for it
    cut = shown("η" * 59)
    assert cut == f'"{"η" * 58}…'
    assert len(cut) == 60


def test_a_label_that_is_given_is_kept_and_another_made_of_the_name():
    class Labelled(Experiment):
        learning_rate = Slider(0.1, 0, 1, help="a rate")
        other = Slider(0.1, 0, 1, label="Pace", help="a rate", when={"learning_rate": (0.1,)})

    assert Labelled.learning_rate.label == "Learning rate"
    assert Labelled.other.label == "Pace"
    assert Labelled.other.when == {"learning_rate": (0.1,)}
    assert Labelled.learning_rate.when == {}
    assert not Labelled.learning_rate.restarts
    assert not Labelled.learning_rate.view


def test_an_unfit_value_names_its_control_and_the_reason():
    wrong = Unfit("k", "12 centres need 12 points")
    assert (str(wrong), wrong.control, wrong.reason) == (
        "k: 12 centres need 12 points",
        "k",
        "12 centres need 12 points",
    )


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (1, 1, True),
        (1, 2, False),
        ((1, 2), (1, 2), True),
        ((1, 2), (1, 2, 3), False),
        ((1, 2), (1, 3), False),
        (np.arange(3), np.arange(3), True),
        (np.arange(3), (0, 1, 3), False),
        ((0, 1, 3), np.arange(3), False),
        ((np.arange(2), 1), (np.arange(2), 1), True),
    ],
)
def test_values_are_the_same_when_all_their_parts_are(one, other, alike):
    assert same(one, other) is alike


@pytest.mark.parametrize(("text", "value"), [("on", True), ("TRUE", True), ("off", False), ("false", False)])
def test_a_switch_is_set_by_words(text, value):
    assert Switch(not value, help="a switch").from_text(text) is value
    assert Switch(True, help="a switch").extremes() == (False, True)


def test_a_places_extremes_are_its_lowest_and_its_highest_corner():
    assert Point((0, 0), x=(-3, 4), y=(-1, 2), help="a place").extremes() == ((-3.0, -1.0), (4.0, 2.0))


@pytest.mark.parametrize("low", [0.0, -1.0])
def test_a_logarithmic_slider_begins_above_0(low: float) -> None:
    with pytest.raises(TypeError, match="above 0"):
        Slider(0.5, low, 1.0, log=True)
