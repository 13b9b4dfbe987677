"""A dense network's answers, losses and gradients are torch's; its copies are its own; its numbers never overflow."""

import copy
from itertools import product

import numpy as np
import pytest
import torch
from torch.nn import functional

from lab.maths.layers import ACTIVATIONS, MOST_PASSES, OUTPUTS, Network, sigmoid, softmax

BENDS = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "identity": lambda z: z}
ENDS = {"sigmoid": torch.sigmoid, "softmax": lambda z: z.softmax(dim=1), "identity": lambda z: z}
LOSSES = {
    "sigmoid": functional.binary_cross_entropy_with_logits,
    "softmax": functional.cross_entropy,
    "identity": lambda z, y: functional.mse_loss(z, y) / 2,
}
CASES = list(product(ACTIVATIONS, OUTPUTS, [(), (5,), (5, 4)]))


def made(hidden, output, layers, dtype=np.float64, seed=0):
    """A network with drawn weights, samples and targets for it."""
    rng = np.random.default_rng(seed)
    outputs = 3 if output == "softmax" else 1
    net = Network((2, *layers, outputs), hidden, output, dtype)
    net.draw_weights(rng)
    x = rng.normal(0, 2, (2, 7)).astype(dtype)
    if output == "softmax":
        y = np.eye(3)[rng.integers(3, size=7)].T
    else:
        y = rng.integers(2, size=(1, 7)) if output == "sigmoid" else rng.normal(size=(1, 7))
    return net, x, y.astype(dtype)


def in_torch(net, x):
    """The same network in torch, a row a sample: its parameters, the activations of each layer and the last sums."""
    weights = [torch.tensor(W, requires_grad=True) for W in net.W]
    offsets = [torch.tensor(b, requires_grad=True) for b in net.offsets]
    activations = [torch.tensor(x.T)]
    for W, b in zip(weights, offsets):
        sums = activations[-1] @ W + b
        activations.append(BENDS[net.hidden](sums))
    activations[-1] = ENDS[net.output](sums)
    return weights, offsets, activations, sums


def test_every_activation_and_output_is_held_against_torch():
    assert BENDS.keys() == ACTIVATIONS.keys()
    assert ENDS.keys() == LOSSES.keys() == OUTPUTS.keys()


@pytest.mark.parametrize(("hidden", "output", "layers"), CASES)
def test_answers_and_losses_are_those_of_torch(hidden, output, layers):
    net, x, y = made(hidden, output, layers)
    _, _, activations, sums = in_torch(net, x)
    for keeping in (False, True):
        run = net.forward(x, sums=keeping)
        for ours, theirs in zip(run.A, activations, strict=True):
            np.testing.assert_allclose(ours, theirs.detach().T, atol=1e-12)
    np.testing.assert_allclose(run.Z[-1], sums.detach().T, atol=1e-12)
    mean = LOSSES[output](sums, torch.tensor(y.T)).item()
    assert net.losses(run.Z[-1], y).sum() / 7 == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize("penalty", [0.0, 0.3])
@pytest.mark.parametrize(("hidden", "output", "layers"), CASES)
def test_the_gradient_is_that_of_autograd(hidden, output, layers, penalty):
    net, x, y = made(hidden, output, layers)
    weights, offsets, _, sums = in_torch(net, x)
    loss = LOSSES[output](sums, torch.tensor(y.T))
    (loss + penalty / 2 * sum((W**2).sum() for W in weights)).backward()
    assert net.backward(x, y, penalty) == pytest.approx(loss.item(), abs=1e-12)
    for dW, W in zip(net.dW, weights, strict=True):
        np.testing.assert_allclose(dW, W.grad, atol=1e-10)
    theirs = np.concatenate([torch.cat([W.grad, b.grad[None]]).ravel() for W, b in zip(weights, offsets)])
    np.testing.assert_allclose(net.gradient, theirs, atol=1e-10)


@pytest.mark.parametrize(("hidden", "output", "layers"), CASES)
def test_single_precision_stays_single_and_close(hidden, output, layers):
    net, x, y = made(hidden, output, layers)
    single = Network(net.widths, hidden, output)
    single.theta[:] = net.theta
    run = single.forward(x.astype(np.float32), sums=True)
    net.backward(x, y, 0.1)
    single.backward(x.astype(np.float32), y.astype(np.float32), 0.1)
    parts = [*run.A, *run.Z, single.theta, single.gradient, single.losses(run.Z[-1], y.astype(np.float32))]
    assert {part.dtype for part in parts} == {np.dtype(np.float32)}
    np.testing.assert_allclose(single.gradient, net.gradient, atol=2e-5)


def test_the_slope_of_relu_at_its_bend_is_that_of_torch():
    z = torch.zeros(1, requires_grad=True)
    torch.relu(z).backward()
    zero = np.zeros(1)
    assert ACTIVATIONS["relu"].slope(zero, zero) == z.grad.item() == 0


@pytest.mark.parametrize(
    ("widths", "count"),
    [((4, 5, 1), 31), ((4, 4, 3, 5, 1), 61), ((2, 1), 3), ((2, 4, 1), 17), ((2, 10, 1), 41)],
)
def test_parameters_are_as_many_as_the_texts_count(widths, count):
    assert Network(widths, "tanh", "sigmoid").theta.size == count


def test_weights_and_offsets_are_views_of_one_vector():
    net, _, _ = made("tanh", "sigmoid", (3,))
    net.theta[:] = np.arange(13)
    assert net.W[0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert net.offsets[0].tolist() == [6, 7, 8]
    assert net.W[1].tolist() == [[9], [10], [11]]
    assert net.offsets[1].tolist() == [12]
    net.W[1][2, 0] = -1
    assert net.theta[11] == -1


def test_a_copy_shares_nothing_and_goes_the_same_way():
    net, x, y = made("relu", "softmax", (4,))
    net.backward(x, y)
    twin, theta, gradient = copy.deepcopy(net), net.theta.copy(), net.gradient.copy()
    assert twin.backward(x, y) == net.backward(x, y)
    np.testing.assert_array_equal(twin.gradient, gradient)
    twin.theta += 1
    twin.W[0][0, 0] = 9
    twin.backward(x, y)
    np.testing.assert_array_equal(net.theta, theta)
    np.testing.assert_array_equal(net.gradient, gradient)
    assert twin.W[0].base is not None
    assert twin.theta[0] == 9


def test_scratch_is_no_state_and_does_not_pile_up():
    net, x, _ = made("tanh", "sigmoid", (3,))
    before = set(vars(net))
    for n in range(1, 3 * MOST_PASSES):
        net.forward(np.tile(x[:, :1], n))
    assert set(vars(net)) == before
    assert len(net._passes) <= MOST_PASSES


def test_a_column_is_a_sample_on_its_own():
    net, x, _ = made("sigmoid", "softmax", (5, 4))
    whole = net.forward(x).A[-1].copy()
    for i in range(7):
        np.testing.assert_allclose(net.forward(x[:, i : i + 1]).A[-1][:, 0], whole[:, i], atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_sums_overflow_nothing(dtype):
    z, y = np.array([[-1000, 0, 1000]], dtype), np.array([[1, 1, 0]], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert sigmoid(z).tolist() == [[0, 0.5, 1]]
        assert softmax(z.T).ravel().tolist() == [0, 0, 1]
        assert OUTPUTS["sigmoid"].losses(z, y)[0] == pytest.approx([1000, 0.6931472, 1000])
        assert OUTPUTS["softmax"].losses(z.T, y.T).sum() == 3000  # of two right answers, 2000 and 1000 below the best


def test_softmax_of_two_with_one_sum_at_zero_is_the_sigmoid():
    z = np.linspace(-4, 4, 9)
    np.testing.assert_allclose(softmax(np.stack([z, 0 * z]))[0], sigmoid(z), atol=1e-15)


def test_identity_layers_collapse_into_one():
    net, x, _ = made("identity", "identity", (5, 4))
    W, offset = net.W[0] @ net.W[1] @ net.W[2], (net.offsets[0] @ net.W[1] + net.offsets[1]) @ net.W[2] + net.offsets[2]
    np.testing.assert_allclose(net.forward(x).A[-1], W.T @ x + offset[:, None], atol=1e-12)


@pytest.mark.parametrize("hidden", ["tanh", "relu", "sigmoid"])
def test_units_that_begin_alike_stay_alike(hidden):
    net, x, y = made(hidden, "sigmoid", (4,))
    net.theta[:] = 0.1
    for _ in range(50):
        net.backward(x, y)
        net.theta -= 0.5 * net.gradient
    assert np.ptp(net.W[0], axis=1).max() < 1e-12
    assert np.ptp(net.W[1]) < 1e-12
    assert abs(net.W[0][0, 0] - 0.1) > 1e-3


@pytest.mark.parametrize(("hidden", "spread"), [("tanh", 0.25), ("relu", 0.3535534)])
def test_first_weights_have_the_spread_that_suits_the_activation(hidden, spread):
    net = Network((16, 2000, 1), hidden, "sigmoid", np.float64)
    net.draw_weights(np.random.default_rng(0))
    assert net.W[0].std() == pytest.approx(spread, rel=0.02)
    assert net.offsets[0].std() == pytest.approx(1, rel=0.05)


def test_xor_is_learnt_from_every_seed_by_four_tanh_units():
    """One sample a step at rate 0.3, within 20,000 steps, as the spec has it."""
    x, y = np.array([[-1.0, -1, 1, 1], [-1, 1, -1, 1]]), np.array([[0.0, 1, 1, 0]])
    for seed in range(5):
        rng = np.random.default_rng(seed)
        net = Network((2, 4, 1), "tanh", "sigmoid", np.float64)
        net.draw_weights(rng)
        for t in range(20_000):
            if t % 100 == 0 and ((net.forward(x).A[-1] > 0.5) == y).all():
                break
            i = rng.integers(4)
            net.backward(x[:, i : i + 1], y[:, i : i + 1])
            net.theta -= 0.3 * net.gradient
        assert ((net.forward(x).A[-1] > 0.5) == y).all(), f"seed {seed}"
