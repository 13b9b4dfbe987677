"""Softmax regression's weights, samples' losses and pushes, and script."""

from __future__ import annotations

import runpy

import numpy as np
import pytest

from tests.lab.test_code import agree, trained

NAME = "softmax-regression"
REFERENCE = "last class is the reference"
RUNS = {
    "all points": ({}, 60),
    "penalty": ({"penalty": 0.1, "points": {"classes": 5, "n": 60}, "rate": 0.05}, 60),
    "mini-batch": ({"method": "mini-batch", "batch": 8, "begin": "at random", "penalty": 0.02}, 45),
    "a batch of all": ({"method": "mini-batch", "batch": 100, "points": {"n": 20}, "rate": 0.05}, 30),
    "reference": ({"form": REFERENCE, "begin": "at random", "points": "spiral", "rate": 0.05}, 30),
    "reference from 0": ({"form": REFERENCE, "method": "mini-batch", "penalty": 0.5}, 30),
    "a class without a point": ({"points": {"n": 2, "classes": 3}}, 20),
}


@pytest.mark.parametrize(("settings", "t"), RUNS.values(), ids=RUNS)
def test_the_script_ends_at_the_weights_of_the_run(settings, t, tmp_path, capsys):
    session = trained(NAME, settings, t)
    assert session.t == t
    text = agree(session, tmp_path, capsys)
    assert ("penalty" in text) == ("penalty" in settings)
    assert ("reference" in text) == ("form" in settings)
    assert ("at_start" in text) == ("begin" in settings)
    assert ("at_step" in text) == ("method" in settings)


def test_the_script_rests_where_the_run_did_however_many_steps_it_may_take(tmp_path, capsys):
    session = trained(NAME, {"penalty": 1, "points": {"n": 20, "noise": 0.1}, "rate": 0.1}, 2000)
    assert session.finished
    text = agree(session, tmp_path, capsys)
    assert f"steps = {session.t}\n" in text
    path = tmp_path / "longer.py"
    path.write_text(text.replace(f"steps = {session.t}\n", "steps = 4000\n"), encoding="utf-8")
    np.testing.assert_allclose(runpy.run_path(str(path))["W"], session.experiment.weights()["W"], rtol=1e-9)


def test_the_script_has_the_points_and_classes_as_they_are_now(tmp_path, capsys):
    session = trained(NAME, {"points": {"n": 12}}, 0)
    session.act("points.add", [2.0, 4.5, 3])  # the first of a fourth class
    session.act("points.erase", [0])
    session.seek(25)
    text = agree(session, tmp_path, capsys)
    assert "2.0, 4.5" in text
    assert "K = 4 " in text
    run = session.experiment
    assert len(run.sample_loss()) == 12
    assert run.push(11)["W"][3] == pytest.approx((np.exp(-run.sample_loss()[11]) - 1) / 12 * np.array([2, 4.5, 1]))


def test_everything_is_there_before_the_first_step():
    run = trained(NAME, {"points": {"n": 9}}, 0).experiment
    assert run.weights()["W"].tolist() == [[0, 0, 0]] * 3
    assert run.sample_loss() == pytest.approx(np.full(9, np.log(3)))
    x = np.append(run.points.x[4], 1)  # of class 1
    assert run.push(4)["W"] == pytest.approx(np.outer([1 / 27, -2 / 27, 1 / 27], x))
    assert "steps = 100\n" in run.code()


def test_a_reference_class_begins_at_0_too():
    run = trained(NAME, {"form": REFERENCE, "begin": "at random"}, 10).experiment
    assert run.weights()["W"][-1].tolist() == [0, 0, 0]
    assert run.push(2)["W"][-1].tolist() == [0, 0, 0]
    assert run.weights()["W"][:-1].all()


def test_losses_are_those_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    run = trained(NAME, {}, 15).experiment
    model = LogisticRegression()
    W = run.weights()["W"]
    model.classes_, model.coef_, model.intercept_ = np.arange(3), W[:, :2], W[:, 2]
    g = model.predict_proba(run.points.x)
    expected = [log_loss([y], [row], labels=[0, 1, 2]) for y, row in zip(run.points.y, g)]
    assert run.sample_loss() == pytest.approx(expected)


@pytest.mark.parametrize("form", ["all classes free", REFERENCE])
def test_losses_make_up_the_loss_and_pushes_its_slope(form):
    import torch

    session = trained(NAME, {"form": form, "begin": "at random", "penalty": 0.1}, 7)
    run = session.experiment
    loss = session.run.columns.views()["loss"][7]
    assert run.sample_loss().mean() == pytest.approx(loss)
    W = torch.tensor(run.weights()["W"], requires_grad=True)
    x, y = torch.tensor(run.points.x), torch.tensor(run.points.y)
    L = torch.nn.functional.cross_entropy(x @ W[:, :2].T + W[:, 2], y)
    L.backward()
    assert L.item() == pytest.approx(loss)
    slope = W.grad.numpy()
    trains = slice(None) if form != REFERENCE else slice(-1)  # the reference class has no weights to push
    assert sum(run.push(i)["W"] for i in range(len(x)))[trains] == pytest.approx(slope[trains], abs=1e-12)


def test_a_full_step_goes_down_all_pushes_and_the_penalty():
    session = trained(NAME, {"penalty": 0.3, "begin": "at random", "rate": 0.2}, 4)
    run = session.experiment
    W = run.weights()["W"]
    pushes = sum(run.push(i)["W"] for i in range(90))
    session.seek(5)
    assert run.weights()["W"] == pytest.approx(W - 0.2 * (pushes + 0.3 * W * [1, 1, 0]))


@pytest.mark.parametrize("i", [-1, 90])
def test_there_is_no_push_of_a_point_that_is_not_there(i):
    with pytest.raises(ValueError, match=f"no point {i}"):
        trained(NAME, {}, 3).experiment.push(i)


def test_asking_changes_nothing():
    asked, left_alone = trained(NAME, {"method": "mini-batch"}, 12), trained(NAME, {"method": "mini-batch"}, 13)
    run = asked.experiment
    run.weights()["W"][:] = 9
    run.sample_loss()[:] = 9
    run.push(0)["W"][:] = 9
    run.code()
    asked.seek(13)
    assert run.weights()["W"].tolist() == left_alone.experiment.weights()["W"].tolist()
