"""Frames come as often as they may, though each waits for the step that is going on."""

from __future__ import annotations

import numpy as np
import pytest

from lab.pace import Beat


def frames(lateness: list[float], rate: float = 30.0) -> np.ndarray:
    """When each frame is begun, if each is so many seconds late."""
    beat, now, begun = Beat(rate), 100.0, []
    for late in lateness:
        now += beat.wait(now) + late
        beat.begin(now)
        begun.append(now)
    return np.array(begun)


def test_frames_that_wait_for_a_step_are_as_many_as_those_that_do_not() -> None:
    late = np.random.default_rng(0).uniform(0, 0.004, 301)
    begun = frames(list(late))
    assert 300 / (begun[-1] - begun[0]) == pytest.approx(30, rel=0.005)
    assert np.diff(begun).min() > 0.7 / 30


def test_a_pause_is_not_made_up_for() -> None:
    begun = frames([0.0, 0.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(np.diff(begun), [1 / 30, 1 + 1 / 30, 1 / 30, 1 / 30])


def test_frames_before_their_time_do_not_put_off_the_next_ever_further() -> None:
    beat = Beat(30.0)
    for now in (100.0, 100.001, 100.002, 100.003):  # finer pictures, shown between questions
        beat.begin(now)
    assert beat.wait(100.003) == pytest.approx(1 / 30)


def test_frames_that_all_come_much_too_late_follow_each_other_at_their_own_pace() -> None:
    begun = frames([0.02] * 20)
    np.testing.assert_allclose(np.diff(begun), 0.02 + 1 / 30)
