"""Running averages hold the numbers that the texts work out."""

import numpy as np
import pytest

from lab.maths import averages


def test_three_ones_rise_from_zero_and_are_ones_when_corrected():
    """Bias correction of running averages: .9, .99, .999."""
    path = averages.running([1, 1, 1], 0.1)
    assert path == pytest.approx([0.9, 0.99, 0.999])
    assert averages.corrected(path, 0.1) == pytest.approx([1, 1, 1], abs=1e-15)


def test_4_8_6_is_averaged_as_in_the_text():
    """Running / moving average."""
    assert averages.running([4, 8, 6], 0.9) == pytest.approx([0.4, 1.16, 1.644])
    assert averages.running([4, 8, 6], averages.plain(3)) == pytest.approx([4, 6, 6])


def test_the_recursion_is_the_weighted_sum_of_the_past():
    """Forgetting profile of the EMA: γ^(T-t) (1 - γ), together 1 - γ^T."""
    signal = np.random.default_rng(0).normal(size=20)
    weights = averages.weights(np.full(20, 0.8))
    assert weights[-3:] == pytest.approx([0.128, 0.16, 0.2])
    assert weights == pytest.approx(averages.profile(0.8, 20)[::-1])
    assert weights.sum() == pytest.approx(1 - 0.8**20)
    assert averages.running(signal, 0.8)[-1] == pytest.approx(weights @ signal)
    assert averages.weights(averages.plain(5)) == pytest.approx([0.2] * 5)


def test_without_memory_the_signal_is_copied():
    assert averages.running([3, 1, 2], 0).tolist() == [3, 1, 2]


def test_a_corrected_average_is_a_running_average_with_gammas_that_grow():
    """Adam: 0, 0.4737, 0.6310, …, 0.8465 at t = 10 for 0.9."""
    gammas = averages.debiasing(0.9, 10)
    assert gammas[[0, 1, 2, 9]] == pytest.approx([0, 0.4737, 0.6310, 0.8465], abs=5e-5)
    signal = np.random.default_rng(1).normal(size=10)
    assert averages.running(signal, gammas) == pytest.approx(averages.corrected(averages.running(signal, 0.9), 0.9))


def test_the_moving_average_is_numpys_convolution():
    signal = np.random.default_rng(2).normal(size=30)
    assert averages.moving(signal, 7)[6:] == pytest.approx(np.convolve(signal, np.ones(7) / 7, "valid"))
    assert averages.moving(signal, 7)[2] == pytest.approx(signal[:3].mean())


def test_power_means_grow_into_the_envelope():
    """L_p variant and Adamax: the recursion is the largest γ^age |g|, and p = 2 is Adam with γ²."""
    signal = np.random.default_rng(3).normal(size=60)
    aged = [max(0.9 ** (t - k) * abs(signal[k]) for k in range(t + 1)) for t in range(60)]
    envelope = averages.envelope(signal, 0.9)
    assert envelope == pytest.approx(aged)
    assert (np.abs(signal) <= envelope).all()
    gaps = [np.abs(averages.power_mean(signal, 0.9, p) - envelope).max() for p in (1, 2, 4, 8, 64, 400)]
    assert sorted(gaps, reverse=True) == gaps
    assert gaps[-1] < 0.02
    adam = averages.corrected(averages.running(signal**2, 0.81), 0.81) ** 0.5
    assert averages.power_mean(signal, 0.9, 2) == pytest.approx(adam)
