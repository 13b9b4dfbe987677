"""A run copied as a command: the line, read by app.py's own parser, makes the same run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import pytest

import app
from lab import commands
from lab.arguments import parse_settings, seed_from
from lab.catalogue import Catalogue
from lab.controls import Choice, Text, same
from lab.experiment import Experiment
from lab.session import Session
from tests.lab.toys import Walk

CATALOGUE = Catalogue()


class Standing:
    """As much of a session as a command is made from; nothing is trained."""

    def __init__(self, kind: type[Experiment], settings: Mapping[str, Any], seed: int = 0, t: int = 0) -> None:
        self.kind, self.seed, self.t = kind, seed, t
        self.experiment = kind(settings, seed)
        self.begun = self.experiment.settings()


def read_back(kind: type[Experiment], parts: list[str]) -> tuple[Experiment, int, int]:
    """What app.py makes of the line: the experiment with its settings, the seed and the step."""
    given = shlex.split(commands.line(parts))
    assert given[:2] == ["python", "app.py"]
    wanted = app.arguments(given[2:])
    assert wanted.name == kind.name
    seed = seed_from(wanted.seed)
    return kind(parse_settings(kind, wanted.set), seed), seed, wanted.steps or 0


@pytest.mark.parametrize("name", list(CATALOGUE.entries))
def test_every_preset_comes_back_from_its_line(name: str) -> None:
    kind = CATALOGUE.load(name)
    tries: list[Mapping[str, Any]] = [{}, kind.tiny, *kind.presets.values(), *(given for _, given in kind.prompts)]
    for settings in tries:
        run = Standing(kind, settings, 7, 12)
        again, seed, steps = read_back(kind, commands.words(run))  # type: ignore[arg-type]
        assert (seed, steps) == (7, 12)
        for control, value in again.settings().items():
            assert same(value, run.begun[control]), (settings, control)


@pytest.mark.parametrize("name", list(CATALOGUE.entries))
def test_every_end_of_every_control_comes_back_from_its_line(name: str) -> None:
    kind = CATALOGUE.load(name)
    for key, control in kind.controls.items():
        for value in control.extremes():
            run = Standing(kind, {key: value})
            again, _, _ = read_back(kind, commands.words(run))  # type: ignore[arg-type]
            assert same(again.settings()[key], run.begun[key]), (key, value)


def test_a_run_as_it_began_is_told_in_full_and_no_more() -> None:
    session = Session(Walk, {"rate": 0.25, "sign": "minus", "zoom": 2.0}, 3)
    session.seek(4)
    assert commands.beyond(session) == ""
    assert commands.line(commands.words(session)) == (
        "python app.py walk --set rate=0.25 --set sign=minus --set zoom=2.0 --seed 3 --steps 4"
    )
    assert commands.line(commands.words(Session(Walk))) == "python app.py walk"


def test_the_line_leads_to_the_same_bits() -> None:
    session = Session(Walk, {"rate": 0.3, "points": {"kind": "moons", "n": 12, "seed": 4}}, 5)
    session.seek(6)
    wanted = app.arguments(shlex.split(commands.line(commands.words(session)))[2:])
    again = Session(Walk, parse_settings(Walk, wanted.set), seed_from(wanted.seed))
    again.seek(wanted.steps)
    assert again.experiment.w.tobytes() == session.experiment.w.tobytes()  # type: ignore[attr-defined]


def test_what_was_done_by_hand_takes_a_file() -> None:
    session = Session(Walk)
    session.act("put", [0, 1.0, 1.0])
    assert commands.beyond(session) == "In this run one thing was done by hand, which a command line cannot tell."
    session.set("rate", 0.5)
    assert "2 things were done by hand" in commands.beyond(session)
    session.undo()
    session.undo()
    assert commands.beyond(session) == ""


def test_long_data_take_a_file() -> None:
    own = {"kind": "own", "x": [[i / 7, 0.1] for i in range(900)], "y": [0] * 900, "number": list(range(900))}
    assert commands.beyond(Session(Walk, {"points": own})) == "The data of this run are too long for a command line."


def test_a_path_with_blanks_and_quotes_is_one_word() -> None:
    path = "/tmp/my runs/it's.glass"
    assert app.arguments(shlex.split(commands.line(commands.opening(path)))[2:]).open == path


@pytest.mark.parametrize("word", ["plain", "1", "[1]", "null", '"', "a b", "-x", "é", "a=b", "two\nlines", "true", ""])
def test_words_that_look_like_something_else_stay_words(word: str) -> None:
    class Told(Walk):
        name = "told"
        kept = Choice([word, "other"])
        text = Text(word, longest=100)

    for key, value in (("kept", "other"), ("kept", word), ("text", "other"), ("text", word)):
        control = Told.controls[key]
        assert control.from_text(commands.as_text(control, value)) == value
