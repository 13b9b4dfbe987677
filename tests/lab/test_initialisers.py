"""First weights have the spreads, bounds and angles that the texts and torch give them."""

import numpy as np
import pytest
import torch
from torch.nn import init

from lab.maths.activations import ACTIVATIONS
from lab.maths.initialisers import INITIALISERS
from lab.maths.layers import Network


def drawn(how, m, n, gain=1.0, spread=1.0):
    return INITIALISERS[how].draw(np.random.default_rng(0), m, n, gain, spread)


@pytest.mark.parametrize(
    ("how", "spread"),
    [("spread 1/m", 0.01), ("variance 1/m", 0.1), ("He", 0.1414214), ("Xavier", 0.0707107), ("suited", 0.2)],
)
def test_spreads_are_those_of_the_texts(how, spread):
    W = drawn(how, 100, 300, gain=2.0)
    assert W.shape == (100, 300)
    assert W.std() == pytest.approx(spread, rel=0.02)
    assert W.mean() == pytest.approx(0, abs=3 * spread / 30_000**0.5)


def test_xaviers_bounds_and_spread_are_those_of_torch():
    theirs = init.xavier_uniform_(torch.empty(300, 100), generator=torch.Generator().manual_seed(0)).numpy()
    ours = drawn("Xavier", 100, 300)
    assert np.abs(ours).max() <= 0.1224745
    assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=1e-3)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.02)


def test_hes_spread_is_that_of_torch():
    theirs = init.kaiming_normal_(torch.empty(300, 100), generator=torch.Generator().manual_seed(0)).numpy()
    assert drawn("He", 100, 300).std() == pytest.approx(theirs.std(), rel=0.02)


@pytest.mark.parametrize(("m", "n"), [(5, 5), (7, 3), (3, 7)])
def test_orthogonal_weights_keep_lengths(m, n):
    """Text 4, entry 119, and torch.nn.init.orthogonal_'s Gram matrix."""
    W = drawn("orthogonal", m, n, gain=2**0.5)
    short = W.T @ W if n <= m else W @ W.T
    theirs = init.orthogonal_(torch.empty(m, n, dtype=torch.float64), gain=2**0.5).numpy()
    np.testing.assert_allclose(short, theirs.T @ theirs if n <= m else theirs @ theirs.T, atol=1e-12)
    if m == n:
        x = np.random.default_rng(1).normal(size=5)
        turned = np.linalg.matrix_power(W / 2**0.5, 100) @ x
        assert np.linalg.norm(turned) == pytest.approx(np.linalg.norm(x), abs=1e-10)


def test_zero_constant_and_normal_go_by_their_number():
    assert not drawn("zero", 4, 5, spread=3.0).any()
    assert set(drawn("constant", 4, 5, spread=0.3).ravel()) == {0.3}
    assert drawn("normal", 100, 300, gain=5.0, spread=3.0).std() == pytest.approx(3, rel=0.02)
    assert {how for how in INITIALISERS if INITIALISERS[how].reads_spread} == {"constant", "normal"}


@pytest.mark.parametrize(("how", "spread"), [("spread 1/m", 0.1), ("variance 1/m", 0.31623)])
def test_the_sum_of_ones_has_the_texts_spread(how, spread):
    """Text 0, weight initialisation: at x = (1 ... 1), m = 10, the sum's spread is 1/sqrt(m) with spread 1/m."""
    sums = drawn(how, 10, 20_000).sum(axis=0)
    assert sums.std() == pytest.approx(spread * 10**0.5, rel=0.02)


@pytest.mark.parametrize(
    ("hidden", "how", "least", "most"),
    [
        ("identity", "variance 1/m", 0.6, 1.4),  # text 3: 0.95
        ("relu", "He", 0.2, 3),  # 0.99, which varies from draw to draw
        ("relu", "variance 1/m", 2e-9, 1e-7),  # 1.4e-8
        ("identity", "He", 5e6, 4e8),  # 4.4e7
        ("tanh", "variance 1/m", 0.07, 0.13),  # 0.098
        ("identity", "orthogonal", 0.9, 1.1),
    ],
)
def test_signals_through_fifty_layers_fare_as_text_3_says(hidden, how, least, most):
    """Text 3, Xavier, He and harmonic mean: width 200, the spread of a^[50] for inputs N(0, 1)."""
    rng = np.random.default_rng(0)
    net = Network((200,) * 52, hidden, "identity", np.float64)
    net.draw_weights(rng, how, offsets=False)
    assert not any(offsets.any() for offsets in net.offsets)
    run = net.forward(rng.normal(size=(200, 50)))
    assert least < run.A[50].std() < most


def test_all_activations_have_a_suited_start():
    for name in ACTIVATIONS:
        net = Network((100, 200, 1), name, "sigmoid", np.float64, batch_norm=True)
        net.draw_weights(np.random.default_rng(0))
        assert net.W[0].std() == pytest.approx(ACTIVATIONS[name].gain / 10, rel=0.02)
        assert net.offsets[0].std() == pytest.approx(1, rel=0.2)
        assert (net.gamma[0] == 1).all()
        assert not net.beta[0].any()
