"""The race's places as weights, and the race as a script."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab.experiments.descent.optimiser_race._grounds import GROUNDS
from lab.experiments.descent.optimiser_race._runners import KINDS
from tests.lab.test_code import agree, trained

NAME = "optimiser-race"


def racing(method, rate=0.01, **rest):
    return {"method": method, "rate": rate, **rest}


@pytest.mark.parametrize("surface", [*GROUNDS, "formula"])
def test_the_script_ends_where_the_racers_are_on_every_surface(surface, tmp_path, capsys):
    racers = [racing("GD", 0.001), racing("momentum", 0.0005), racing("Adam", 0.05)]
    session = trained(NAME, {"surface": surface, "racers": racers, "kappa": 35, "angle": 40}, 40)
    assert session.t == 40
    agree(session, tmp_path, capsys)


@pytest.mark.parametrize("form", ["as torch", "as a text"])
@pytest.mark.parametrize("correct", [True, False])
def test_the_script_has_every_rule(form, correct, tmp_path, capsys):
    """Also one that two racers share, with different knobs, and RAdam before and after it trusts its squares."""
    every = ["GD", "momentum", "Nesterov", "Adagrad", "RMSProp", "Adam", "AdamW", "AMSGrad", "Nadam", "RAdam"]
    every += ["Adamax", "Adadelta"]
    assert {method for method, _, _ in KINDS} == set(every)
    for some in (every[:6], every[6:]):
        rates = [0.001 if method in every[:3] else 0.05 for method in some]
        rows = zip(some, rates)
        racers = [racing(*row, form=form, correct=correct, beta2=0.97, epsilon=1e-4) for row in rows]
        session = trained(NAME, {"surface": "Himmelblau", "begin": [1.2, -0.6], "racers": racers}, 60)
        assert np.isfinite(session.experiment.theta).all()
        agree(session, tmp_path, capsys)


@pytest.mark.parametrize("clip", ["by value", "by norm", "to one norm"])
def test_the_script_clips_and_has_the_penalty(clip, tmp_path, capsys):
    racers = [racing("GD", clip=clip, longest=0.7), racing("momentum", clip=clip, longest=2, penalty=0.3)]
    session = trained(NAME, {"surface": "double well", "racers": racers}, 60)
    assert session.t == 60
    assert "mu = 0.3" in agree(session, tmp_path, capsys)


SCHEDULES = ["1/t", "1/√t", "1/tᵖ", "steps", "exponential", "cosine", "warm-up", "drop below a loss", "drawn by hand"]


@pytest.mark.parametrize("some", [SCHEDULES[:5], SCHEDULES[5:]])
def test_the_script_has_every_schedule(some, tmp_path, capsys):
    racers = [racing("AdamW", 0.1, schedule=one, period=15, power=0.7, below=4, decay=0.3) for one in some]
    session = trained(NAME, {"surface": "bowl", "racers": racers, "scale": 0.5}, 50)
    if "drawn by hand" in some:
        session.seek(0)
        session.act("move_knot", [1, 20.0, 1.5])
        session.seek(50)
        falling = session.run.columns.views()["alpha/AdamW 3"]
        assert falling[50] == pytest.approx(0.3 * falling[0])
    agree(session, tmp_path, capsys)


@pytest.mark.parametrize("surface", ["finite sum", "logistic loss", "two-layer net"])
@pytest.mark.parametrize("noise", [0, 0.5])
def test_the_script_draws_the_batches_and_gusts_of_the_run(surface, noise, tmp_path, capsys):
    racers = [racing("GD", 0.05, batch=3), racing("Nesterov", 0.02, form="as a text", batch=1), racing("Adam", 0.05)]
    session = trained(NAME, {"surface": surface, "racers": racers, "noise": noise}, 40, seed=8)
    text = agree(session, tmp_path, capsys)
    assert ("gust" in text) == bool(noise)
    assert "permutation(len(Y))[:3]" in text


@pytest.mark.parametrize(
    "formula",
    [
        "min(x**2, abs(y)) + exp(sin(x)) + y**2/pi",
        "max(x, y, 0.5)**2 + tanh(x*y) + e**(x/4) + 1e-7*x",
        "sqrt(x**2 + y**2 + 1) - cos(2*x)/3 + log(2 + y**2) + tan(y/9)",
        "(x - 1)**2",
    ],
)
def test_the_script_has_any_formula(formula, tmp_path, capsys):
    agree(trained(NAME, {"surface": "formula", "formula": formula}, 40), tmp_path, capsys)


def test_the_script_has_what_was_typed_only_as_numbers_and_known_words():
    """A formula's text never reaches the script: it is written anew from the tree that was read."""
    text = trained(NAME, {"surface": "formula", "formula": "x **2+ (2 )*y** 2"}, 0).experiment.code()
    assert "return x**2 + 2*y**2" in text


def test_the_script_says_only_what_the_settings_need():
    text = trained(NAME, {"surface": "bowl", "racers": [racing("GD", 0.1)]}, 7).experiment.code()
    assert "steps = 7" in text
    assert not any(word in text for word in ("default_rng", "clip", "dropped", "rho", "noise", "longest", "zeros"))


def test_weights_are_a_row_a_racer_in_the_order_of_the_racers():
    """On a bowl a step of η 0.1 leaves 0.8 of each coordinate, and one of η 0.25 half of it."""
    session = trained(NAME, {"surface": "bowl", "begin": [1, -2], "racers": [racing("GD", 0.1), racing("GD", 0.25)]}, 3)
    np.testing.assert_allclose(
        session.experiment.weights()["theta"], [[0.8**3, -2 * 0.8**3], [1 / 8, -1 / 4]], rtol=1e-12
    )
    session.experiment.weights()["theta"][:] = math.nan
    assert np.isfinite(session.experiment.theta).all()


def test_a_race_whose_racers_changed_midway_is_written_with_those_of_now():
    session = trained(NAME, {"surface": "ravine", "racers": [racing("GD")]}, 10)
    session.set("racers", [racing("Adam", 0.1), racing("momentum", 0.01)])
    text = session.experiment.code()
    assert "steps = 10" in text
    assert text.count("for t in range(steps)") == 2
    assert session.experiment.weights()["theta"].shape == (2, 2)
