"""PCA's axis, and its script."""

from __future__ import annotations

import numpy as np
import pytest

from tests.lab.test_code import agree, trained

NAME = "pca"
RUNS = [({}, 12), ({"short": 0, "tilt": 35, "angle": -40}, 2), ({"n": 20, "centre": [1, 2], "angle": 75}, 8)]


@pytest.mark.parametrize(("settings", "t"), RUNS, ids=[str(i) for i in range(len(RUNS))])
def test_the_script_ends_at_the_axis_of_the_run(settings, t, tmp_path, capsys):
    agree(trained(NAME, settings, t), tmp_path, capsys)


def test_the_script_begins_with_the_axis_as_it_was_turned_and_the_points_there_are(tmp_path, capsys):
    session = trained(NAME, {}, 0)
    session.act("add_point", [2.5, -3.5])
    session.act("turn_to", [81.0, 0.0])
    session.seek(5)
    assert "-3.5" in agree(session, tmp_path, capsys)


def test_the_axis_is_the_one_that_is_offered():
    axis = trained(NAME, {"angle": 45}, 0).experiment.weights()["v"]
    assert axis == pytest.approx(np.array([1, 1]) / np.sqrt(2))
