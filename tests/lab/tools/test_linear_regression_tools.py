"""Linear regression's weights, samples' losses and pushes, and script."""

from __future__ import annotations

import pytest

from tests.lab.test_code import agree, trained

NAME = "linear-regression"
RUNS = [
    ({}, 60),
    ({"method": "mini-batch", "data": "diabetes", "objective": "half the mean"}, 40),
    ({"data": "3x + 1", "rate": 2, "halve": True}, 60),
    ({"method": "random search", "objective": "half the sum", "rate": 0.001}, 30),
    ({"method": "one sample", "halve": True, "rate": 1}, 30),
    ({"method": "closed form", "data": "same car → price"}, 5),
    ({"inputs": "standardised", "objective": "sum of squares", "rate": 0.001}, 30),
]


@pytest.mark.parametrize(("settings", "t"), RUNS, ids=[str(i) for i in range(len(RUNS))])
def test_the_script_ends_at_the_weights_of_the_run(settings, t, tmp_path, capsys):
    session = trained(NAME, settings, t)
    assert session.t > 1
    agree(session, tmp_path, capsys)


def test_the_script_has_the_points_that_were_drawn_and_starts_where_the_line_was_put(tmp_path, capsys):
    session = trained(NAME, {}, 0)
    session.act("points.add", [2.0, 4.5, 0])
    session.act("put", [1.0, 2.0])
    session.seek(25)
    assert "4.5" in agree(session, tmp_path, capsys)


def test_the_script_of_a_run_at_its_start_trains_nevertheless(tmp_path, capsys):
    text = trained(NAME, {}, 0).experiment.code()
    assert "steps = 100" in text


@pytest.mark.parametrize("objective", ["mean of squares", "sum of squares", "half the mean", "half the sum"])
def test_losses_make_up_the_loss_and_pushes_its_slope(objective):
    session = trained(NAME, {"objective": objective, "rate": 0.001}, 12)
    run = session.experiment
    measured = session.run.columns.views()["loss/gradient descent"][12]
    whole = run.sample_loss().mean() if "mean" in objective else run.sample_loss().sum()
    assert whole == pytest.approx(measured)
    x, y = run.points.x[:, 0], run.points.x[:, 1]
    factor = (0.5 if "half" in objective else 1) / (len(x) if "mean" in objective else 1)

    def J(offset: float, slope: float) -> float:
        return factor * float(((offset + slope * x - y) ** 2).sum())

    (offset, slope), h = run.weights()["theta"], 1e-5
    slopes = [
        (J(offset + h, slope) - J(offset - h, slope)) / (2 * h),
        (J(offset, slope + h) - J(offset, slope - h)) / (2 * h),
    ]
    assert sum(run.push(i)["theta"] for i in range(len(x))) == pytest.approx(slopes, rel=1e-6)


def test_there_is_no_push_of_a_sample_that_is_not_there():
    run = trained(NAME, {}, 3).experiment
    with pytest.raises(ValueError, match="no sample 24"):
        run.push(24)
