"""The perceptron's weights, samples' losses and pushes, and script."""

from __future__ import annotations

import runpy

import numpy as np
import pytest

from tests.lab.test_code import agree, trained

NAME = "perceptron"
APART = {"kind": "line", "n": 20, "noise": 0.2}
RUNS = {
    "at random": ({"points": "two gaussians"}, 60),
    "in turn": ({"points": "xor", "order": "in turn", "features": "and all squares", "begin": "at random"}, 40),
    "shuffled": ({"points": {"kind": "moons", "n": 15}, "order": "shuffled"}, 50),
    "product": ({"points": "circle", "features": "and x₁x₂", "order": "in turn"}, 80),
    "rivals": ({"points": "two gaussians", "rivals": True, "begin": "at random"}, 60),
}


@pytest.mark.parametrize(("settings", "t"), RUNS.values(), ids=RUNS)
def test_the_script_ends_at_the_weights_of_the_run(settings, t, tmp_path, capsys):
    session = trained(NAME, settings, t)
    assert session.t == t
    text = agree(session, tmp_path, capsys)
    assert ("pocket" in text) == ("rivals" in settings)
    assert ("at_start" in text) == ("begin" in settings)
    assert ("at_step" in text) == (settings.get("order") != "in turn")


@pytest.mark.parametrize("rivals", [False, True])
def test_the_script_stops_at_the_last_mistake_however_many_steps_it_may_take(rivals, tmp_path, capsys):
    session = trained(NAME, {"points": APART, "rivals": rivals}, 2000)
    assert session.finished
    text = agree(session, tmp_path, capsys)
    assert f"steps = {session.t}\n" in text
    path = tmp_path / "longer.py"
    path.write_text(text.replace(f"steps = {session.t}\n", "steps = 3000\n"), encoding="utf-8")
    assert runpy.run_path(str(path))["t"] == session.t - 1


def test_the_script_ends_at_the_rivals_too(tmp_path, capsys):
    session = trained(NAME, {"points": "two gaussians", "rivals": True, "order": "shuffled"}, 70)
    left = runpy.run_path(str(written(session, tmp_path)))
    errors = session.run.columns.views()
    X, side = np.column_stack([session.experiment.points.x, np.ones(60)]), 2 * session.experiment.points.y - 1
    for rival in ("averaged", "pocket"):
        assert (side * (X @ left[rival]) <= 0).mean() == errors[f"error/{rival}"][70]
    np.testing.assert_allclose(left["pocket"], session.experiment.pocket, rtol=1e-12)
    np.testing.assert_allclose(left["averaged"], session.experiment.mean_w(), rtol=1e-12)


def written(session, folder):
    path = folder / "script.py"
    path.write_text(session.experiment.code(), encoding="utf-8")
    return path


def test_the_script_has_the_points_as_they_are_now(tmp_path, capsys):
    session = trained(NAME, {"points": {"kind": "two gaussians", "n": 12, "noise": 1}, "order": "in turn"}, 0)
    session.act("points.add", [2.0, 4.5, 3])  # of a fourth class, which counts as 1 here
    session.act("points.erase", [0])
    session.seek(25)
    assert "2.0, 4.5" in agree(session, tmp_path, capsys)
    run = session.experiment
    assert len(run.sample_loss()) == 12
    assert run.sample_loss()[11] == pytest.approx(max(0, -run.weights()["w"] @ [2, 4.5, 1]))


def test_before_the_first_step_nothing_is_lost_and_every_point_pulls():
    run = trained(NAME, {"points": {"n": 10}}, 0).experiment
    assert run.weights()["w"].tolist() == [0, 0, 0]
    assert run.sample_loss().tolist() == [0] * 10
    assert run.push(3)["w"].tolist() == [*-run.points.x[3], -1]  # of class 1: a score of 0 is a mistake
    assert run.push(4)["w"].tolist() == [*run.points.x[4], 1]
    assert "steps = 100\n" in run.code()


@pytest.mark.parametrize("features", ["x₁, x₂", "and all squares"])
def test_pushes_make_up_the_slope_of_the_summed_losses(features):
    import torch

    session = trained(NAME, {"points": "two gaussians", "features": features, "begin": "at random"}, 20)
    run = session.experiment
    a, b = torch.tensor(run.points.x).T
    one = torch.ones_like(a)
    X = torch.stack([a, b, one] if features == "x₁, x₂" else [a, b, a * b, a**2, b**2, one], dim=1)
    w = torch.tensor(run.weights()["w"], requires_grad=True)
    losses = torch.relu(-torch.tensor(2.0 * run.points.y - 1) * (X @ w))
    losses.sum().backward()
    assert run.sample_loss() == pytest.approx(losses.detach().numpy())
    pushes = np.array([run.push(i)["w"] for i in range(60)])
    assert pushes.sum(axis=0) == pytest.approx(w.grad.numpy())
    assert pushes.any(axis=1).mean() == session.run.columns.views()["error"][20] > 0


def test_a_step_on_a_mistake_goes_down_its_push():
    session = trained(NAME, {"points": "xor", "order": "in turn"}, 0)
    run = session.experiment
    moved = 0
    for t in range(20):
        w, push = run.weights()["w"], run.push(t)["w"]
        session.seek(t + 1)
        assert run.weights()["w"].tolist() == (w - push).tolist()
        moved += push.any()
    assert 1 < moved < 20


@pytest.mark.parametrize("i", [-1, 60])
def test_there_is_no_push_of_a_point_that_is_not_there(i):
    with pytest.raises(ValueError, match=f"no point {i}"):
        trained(NAME, {}, 3).experiment.push(i)


def test_asking_changes_nothing():
    settings = {"points": "xor", "order": "shuffled"}
    asked, left_alone = trained(NAME, settings, 12), trained(NAME, settings, 30)
    run = asked.experiment
    run.weights()["w"][:] = 9
    run.sample_loss()[:] = 9
    run.push(0)["w"][:] = 9
    run.code()
    asked.seek(30)
    assert run.weights()["w"].tolist() == left_alone.experiment.weights()["w"].tolist()
