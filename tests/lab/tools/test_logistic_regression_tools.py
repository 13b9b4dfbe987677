"""Logistic regression's weights, samples' losses and pushes, and script."""

from __future__ import annotations

import runpy

import numpy as np
import pytest

from tests.lab.test_code import agree, trained

NAME = "logistic-regression"
NEWTON = "Newton (IRLS)"
APART = {"kind": "two gaussians", "n": 40, "noise": 0}
PAIR = {"kind": "own", "x": [[-1, 0], [1, 0]], "y": [0, 1], "number": [0, 1]}
RUNS = {
    "descent": ({}, 60),
    "penalty": ({"penalty": 0.05, "begin": "zero", "points": "moons"}, 60),
    "mini-batches": ({"method": "mini-batches", "batch": 7, "begin": "at random", "penalty": 0.01}, 45),
    "one batch": ({"method": "mini-batches", "batch": 500, "points": {"n": 20}}, 20),
    "one point": ({"method": "one point (SGD)", "points": {"n": 20}, "offset": False, "rate": 0.5}, 50),
    "newton": ({"method": NEWTON, "penalty": 0.02}, 4),
    "newton without offset": ({"method": NEWTON, "offset": False, "penalty": 0.1}, 4),
    "a start at random": ({"begin": "at random", "offset": False, "penalty": 0.1}, 30),
}
RESTS = {
    "descent": ({"begin": "zero", "rate": 1, "tolerance": 1e-3}, 200),
    "newton": ({"method": NEWTON}, 50),
    "newton on separable points": ({"method": NEWTON, "points": APART}, 200),  # its Hessian loses its inverse
    "newton on two points": ({"method": NEWTON, "points": PAIR}, 30),  # it had none from the start
}


@pytest.mark.parametrize(("settings", "t"), RUNS.values(), ids=RUNS)
def test_the_script_ends_at_the_weights_of_the_run(settings, t, tmp_path, capsys):
    session = trained(NAME, settings, t)
    assert session.t == t
    text = agree(session, tmp_path, capsys)
    assert ("penalty" in text) == ("penalty" in settings)
    assert ("hessian" in text) == (settings.get("method") == NEWTON)


@pytest.mark.parametrize(("settings", "t"), RESTS.values(), ids=RESTS)
def test_the_script_rests_where_the_run_did_however_many_steps_it_may_take(settings, t, tmp_path, capsys):
    session = trained(NAME, settings, t)
    assert session.finished
    text = agree(session, tmp_path, capsys)
    assert f"steps = {session.t}\n" in text
    path = tmp_path / "longer.py"
    path.write_text(text.replace(f"steps = {session.t}\n", f"steps = {t}\n"), encoding="utf-8")
    np.testing.assert_allclose(runpy.run_path(str(path))["theta"], session.experiment.weights()["theta"], rtol=1e-6)


def test_the_script_has_the_points_as_they_are_now(tmp_path, capsys):
    session = trained(NAME, {"begin": "zero", "points": {"n": 12}}, 0)
    session.act("points.add", [2.0, 4.5, 3])  # of a third class, which counts as 1 here
    session.act("points.erase", [0])
    session.seek(25)
    assert "2.0, 4.5" in agree(session, tmp_path, capsys)
    run = session.experiment
    assert len(run.sample_loss()) == 12
    assert run.sample_loss()[11] == pytest.approx(np.log1p(np.exp(-(run.weights()["theta"] @ [2, 4.5, 1]))))
    assert run.push(11)["theta"][0] < 0


def test_everything_is_there_before_the_first_step():
    run = trained(NAME, {"begin": "zero", "points": {"n": 10}}, 0).experiment
    assert run.weights()["theta"].tolist() == [0, 0, 0]
    assert run.sample_loss() == pytest.approx(np.full(10, np.log(2)))
    assert run.push(3)["theta"] == pytest.approx([*-run.points.x[3] / 20, -1 / 20])  # of class 1: half its −x, by n
    assert "steps = 100\n" in run.code()


def test_losses_are_those_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    run = trained(NAME, {"points": "moons"}, 15).experiment
    model = LogisticRegression()
    theta = run.weights()["theta"]
    model.classes_, model.coef_, model.intercept_ = np.array([0, 1]), theta[None, :2], theta[2:]
    p = model.predict_proba(run.points.x)
    expected = [log_loss([y], [row], labels=[0, 1]) for y, row in zip(run.points.y, p)]
    assert run.sample_loss() == pytest.approx(expected)


@pytest.mark.parametrize("settings", [{"penalty": 0.1}, {"offset": False}, {"method": NEWTON, "penalty": 0.3}], ids=str)
def test_losses_make_up_the_loss_and_pushes_with_the_penalty_its_slope(settings):
    import torch

    session = trained(NAME, settings, 3)
    run = session.experiment
    measured = session.run.columns.views()
    assert run.sample_loss().mean() == pytest.approx(measured["nll" if "penalty" in settings else "loss"][3])
    theta = torch.tensor(run.weights()["theta"], requires_grad=True)
    x, y = torch.tensor(run.points.x), torch.tensor(run.points.y, dtype=torch.float64)
    u = x @ theta[:2] + (theta[2] if len(theta) == 3 else 0)
    J = torch.nn.functional.binary_cross_entropy_with_logits(u, y) + run.penalty * (theta[:2] ** 2).sum()
    J.backward()
    assert J.item() == pytest.approx(measured["loss"][3])
    pushes = sum(run.push(i)["theta"] for i in range(len(x)))
    pushes[:2] += 2 * run.penalty * run.weights()["theta"][:2]
    assert pushes == pytest.approx(theta.grad.numpy(), abs=1e-9)


@pytest.mark.parametrize("i", [-1, 100])
def test_there_is_no_push_of_a_point_that_is_not_there(i):
    with pytest.raises(ValueError, match=f"no point {i}"):
        trained(NAME, {}, 3).experiment.push(i)


def test_asking_changes_nothing():
    asked, left_alone = trained(NAME, {"method": "mini-batches"}, 12), trained(NAME, {"method": "mini-batches"}, 13)
    run = asked.experiment
    run.weights()["theta"][:] = 9
    run.sample_loss()[:] = 9
    run.push(0)["theta"][:] = 9
    run.code()
    asked.seek(13)
    assert run.weights()["theta"].tolist() == left_alone.experiment.weights()["theta"].tolist()
