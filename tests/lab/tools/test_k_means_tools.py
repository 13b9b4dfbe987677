"""k-means' centres, points' losses and pulls, and script."""

from __future__ import annotations

import numpy as np
import pytest

from tests.lab.test_code import agree, trained

NAME = "k-means"
RUNS = [
    ({}, 9),
    ({"begin": "one left empty", "standardise": True}, 4),
    ({"begin": "one left empty", "empty": "left where it is"}, 6),
    ({"begin": "k-means++", "k": 3, "points": "moons"}, 8),
    ({"begin": "random places", "k": 12}, 7),
    ({"begin": "a split clump"}, 5),
    ({"k": 1, "begin": "k-means++"}, 3),
]


@pytest.mark.parametrize(("settings", "t"), RUNS, ids=[str(i) for i in range(len(RUNS))])
def test_the_script_ends_at_the_centres_of_the_run(settings, t, tmp_path, capsys):
    agree(trained(NAME, settings, t), tmp_path, capsys)


def test_the_script_begins_where_the_centres_were_put_with_the_points_there_are(tmp_path, capsys):
    session = trained(NAME, {"begin": "by hand", "k": 2}, 0)
    session.act("points.erase", [3])
    session.act("place_centre", [1.0, 2.5, 0])
    session.act("place_centre", [-1.0, 0.5, 0])
    session.seek(6)
    text = agree(session, tmp_path, capsys)
    assert "1.0, 2.5, -1.0, 0.5" in text


@pytest.mark.parametrize("t", [0, 1, 2, 5])
@pytest.mark.parametrize("standardise", [False, True])
def test_losses_add_up_to_j_and_pulls_to_its_slope(t, standardise):
    session = trained(NAME, {"standardise": standardise}, t)
    run = session.experiment
    assert run.sample_loss().sum() == pytest.approx(session.run.columns.row(t)["loss"])
    x, unit, h = run.points.x, (run.points.x.std(axis=0) if standardise else np.ones(2)), 1e-5
    owner = run.owner if t else ((x[:, None] - run.centres) ** 2 / unit**2).sum(axis=2).argmin(axis=1)

    def J(centres: np.ndarray) -> float:
        return float((((x - centres[owner]) / unit) ** 2).sum())

    centres, slope = run.weights()["centres"], np.zeros((5, 2))
    for place in np.ndindex(5, 2):
        step = np.zeros((5, 2))
        step[place] = h
        slope[place] = (J(centres + step) - J(centres - step)) / (2 * h)
    assert sum(run.push(i)["centres"] for i in range(len(x))) == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_there_is_no_pull_of_a_point_that_is_not_there():
    with pytest.raises(ValueError, match="no point 200"):
        trained(NAME, {}, 1).experiment.push(200)
