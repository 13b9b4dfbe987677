"""A dense network's answers, losses and gradients are torch's; its copies are its own; its numbers never overflow."""

import copy
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from lab.maths.activations import ACTIVATIONS, sigmoid
from lab.maths.hessians import largest
from lab.maths.layers import FREE, FROZEN, MOST_PASSES, OFF, Network
from lab.maths.losses import OUTPUTS, softmax
from lab.maths.optimisers import RULES
from lab.maths.torch_layers import TorchNetwork

BENDS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z,
    "gelu": lambda z: functional.gelu(z, approximate="tanh"),
    "swish": functional.silu,
    "step": lambda z: (z >= 0) + 0 * z,
}
ENDS = {
    "sigmoid": torch.sigmoid,
    "softmax": lambda z: z.softmax(dim=1),
    "identity": lambda z: z,
    "sigmoid, squared": torch.sigmoid,
    "hinge": lambda z: z,
}
LOSSES = {
    "sigmoid": functional.binary_cross_entropy_with_logits,
    "softmax": functional.cross_entropy,
    "identity": lambda z, y: functional.mse_loss(z, y) / 2,
    "sigmoid, squared": lambda z, y: functional.mse_loss(z.sigmoid(), y) / 2,
    "hinge": lambda z, y: torch.relu(1 - y * z).mean(),
}
CASES = list(product(BENDS, ENDS, [(), (5,), (5, 4)]))


def made(hidden, output, layers, dtype=np.float64, seed=0, kind=Network, batch_norm=False):
    """A network with drawn weights, samples and targets for it."""
    rng = np.random.default_rng(seed)
    outputs = 3 if output == "softmax" else 1
    net = kind((2, *layers, outputs), hidden, output, dtype, batch_norm)
    net.draw_weights(rng)
    x = rng.normal(0, 2, (2, 7)).astype(dtype)
    if output == "softmax":
        y = np.eye(3)[rng.integers(3, size=7)].T
    elif OUTPUTS[output].signed:
        y = rng.choice([-1, 1], (1, 7))
    else:
        y = rng.integers(2, size=(1, 7)) if output.startswith("sigmoid") else rng.normal(size=(1, 7))
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


@pytest.mark.parametrize(("penalty", "l1"), [(0.0, 0.0), (0.3, 0.2)])
@pytest.mark.parametrize(("hidden", "output", "layers"), CASES)
def test_the_gradient_is_that_of_autograd(hidden, output, layers, penalty, l1):
    net, x, y = made(hidden, output, layers)
    weights, offsets, _, sums = in_torch(net, x)
    loss = LOSSES[output](sums, torch.tensor(y.T))
    added = penalty / 2 * sum((W**2).sum() for W in weights) + l1 * sum(W.abs().sum() for W in weights)
    (loss + added).backward()
    assert net.penalties(penalty, l1) == pytest.approx(added.item(), abs=1e-12)
    assert net.backward(x, y, penalty, l1) == pytest.approx(loss.item(), abs=1e-12)
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


# ---------------------------------------------------------------- batch norm

KINDS = [Network, TorchNetwork]
SETTINGS = SimpleNamespace(rate=0.01, momentum=0.9, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.1)


def with_batch_norm(net):
    """The same network of torch's modules."""
    parts = []
    for i, (W, b) in enumerate(zip(net.W, net.offsets)):
        linear = torch.nn.Linear(*W.shape, dtype=torch.float64)
        linear.weight.data[:], linear.bias.data[:] = torch.tensor(W.T), torch.tensor(b)
        parts.append(linear)
        if i < len(net.gamma):
            norm = torch.nn.BatchNorm1d(W.shape[1], dtype=torch.float64)
            norm.weight.data[:], norm.bias.data[:] = torch.tensor(net.gamma[i]), torch.tensor(net.beta[i])
            parts += [norm, torch.nn.Tanh()]
    return torch.nn.Sequential(*parts)


def normed(kind=Network):
    net, x, y = made("tanh", "sigmoid", (5, 4), kind=kind, batch_norm=True)
    rng = np.random.default_rng(1)
    for gamma, beta in zip(net.gamma, net.beta):
        gamma[:], beta[:] = rng.uniform(0.5, 2, gamma.shape), rng.normal(size=beta.shape)
    return net, x, y


@pytest.mark.parametrize("kind", KINDS)
def test_batch_norm_is_torchs_in_training_and_after(kind):
    net, x, y = normed(kind)
    theirs = with_batch_norm(net)
    for _ in range(3):
        theirs.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(theirs(torch.tensor(x.T)), torch.tensor(y.T))
        loss.backward()
        assert net.backward(x, y) == pytest.approx(loss.item(), abs=1e-12)
    linears, norms = [theirs[i] for i in (0, 3, 6)], [theirs[i] for i in (1, 4)]
    tables = [torch.cat([part.weight.grad.T, part.bias.grad[None]]).ravel() for part in linears]
    scales = [torch.cat([part.weight.grad, part.bias.grad]) for part in norms]
    np.testing.assert_allclose(net.gradient, torch.cat(tables + scales), atol=1e-12)
    for i, norm in enumerate(norms):
        np.testing.assert_allclose(net.mean[i], norm.running_mean, atol=1e-12)
        np.testing.assert_allclose(net.variance[i], norm.running_var, atol=1e-12)
    theirs.eval()
    np.testing.assert_allclose(net.forward(x).A[-1], theirs(torch.tensor(x.T)).sigmoid().detach().T, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_batch_norm_of_the_texts_six_numbers(kind):
    """Text 1, standardising pre-activations: [1, 2, 100, 3, 4, 5] with the divisor K."""
    net = kind((1, 1, 1), "identity", "identity", np.float64, batch_norm=True)
    net.theta[:] = 1
    net.beta[0][:] = 0
    numbers = np.array([[1.0, 2, 100, 3, 4, 5]])
    z = net.forward(numbers, sums=True, training=True).Z[0][0]
    assert z == pytest.approx([-0.502, -0.475, 2.235, -0.447, -0.419, -0.392], abs=5e-4)
    assert net.forward(7 * numbers + 3, sums=True, training=True).Z[0][0] == pytest.approx(z, abs=1e-6)
    assert net.forward(numbers[:, :1], sums=True, training=True).Z[0][0] == [0]  # one sample is its own mean
    assert np.isfinite(net.variance[0]).all()


# ---------------------------------------------------------------- dropout, noise


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hidden", ["tanh", "sigmoid", "gelu"])
def test_dropout_and_noise_are_autograds_with_the_same_masks(kind, hidden):
    net, x, y = made(hidden, "sigmoid", (5, 4), kind=kind)
    net.drop, net.noise = [0.2, 0.5, 0.4], 0.3
    run = net.forward(x, sums=True, rng=np.random.default_rng(3))
    noisy, keep = run.A[0].copy(), [part.copy() for part in run.keep]
    for chance, part in zip(net.drop, keep):
        assert set(np.round(part.ravel(), 12)) <= {0, round(1 / (1 - chance), 12)}
    mean = net.backward(x, y, rng=np.random.default_rng(3))
    weights = [torch.tensor(W, requires_grad=True) for W in net.W]
    a = torch.tensor(noisy.T)
    for i, (W, b) in enumerate(zip(weights, net.offsets)):
        a = BENDS[hidden](z := a @ W + torch.tensor(b))
        if i < 2:
            a = a * torch.tensor(keep[i + 1].T)
    loss = functional.binary_cross_entropy_with_logits(z, torch.tensor(y.T))
    loss.backward()
    assert mean == pytest.approx(loss.item(), abs=1e-12)
    for dW, W in zip(net.dW, weights):
        np.testing.assert_allclose(dW, W.grad, atol=1e-12)


def test_dropout_keeps_the_mean_and_has_the_texts_variance():
    """Text 3, inverted dropout: the variance of the sum is (1 - p) / p times the sum of (w a)^2, p of keeping."""
    net = Network((6, 1), "tanh", "identity", np.float64)
    net.W[0][:, 0] = w = np.array([1.0, -2, 3, 0.5, 1, -1])
    net.drop = [0.3]
    a = np.array([1.0, 2, 1, -1, 2, 3])
    sums = net.forward(np.tile(a[:, None], 40_000), rng=np.random.default_rng(0)).A[-1][0]
    assert sums.mean() == pytest.approx(w @ a, abs=0.05)
    assert sums.var() == pytest.approx(0.3 / 0.7 * 39.25, rel=0.03)
    assert net.forward(a[:, None]).A[-1][0, 0] == pytest.approx(w @ a)


def test_nothing_drops_without_a_generator_or_at_chance_zero():
    net, x, _ = made("tanh", "sigmoid", (5, 4))
    plain = net.forward(x).A[-1].copy()
    np.testing.assert_array_equal(net.forward(x, rng=np.random.default_rng(0)).A[-1], plain)
    net.drop, net.noise = [0.5, 0.5, 0.5], 1.0
    np.testing.assert_array_equal(net.forward(x).A[-1], plain)


# ---------------------------------------------------------------- held parts


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_that_is_off_counts_as_zero_and_comes_back(kind):
    net, x, y = made("tanh", "sigmoid", (5, 4), kind=kind)
    zeroed = copy.deepcopy(net)
    zeroed.W[1][2, 3] = zeroed.offsets[0][1] = 0
    whole, kept = net.forward(x).A[-1].copy(), net.W[1][2, 3]
    net.hold_link(1, 2, 3, OFF)
    net.hold_link(0, 2, 1, OFF)
    np.testing.assert_allclose(net.forward(x).A[-1], zeroed.forward(x).A[-1], atol=1e-14)
    net.backward(x, y, 0.1)
    zeroed.backward(x, y, 0.1)
    assert net.dW[1][2, 3] == 0 != zeroed.dW[1][2, 3]
    np.testing.assert_allclose(net.dW[0], zeroed.dW[0], atol=1e-14)
    assert net.W[1][2, 3] == kept
    np.testing.assert_array_equal(copy.deepcopy(net).forward(x).A[-1], net.forward(x).A[-1])
    net.hold_link(1, 2, 3, FREE)
    net.hold_link(0, 2, 1, FREE)
    np.testing.assert_array_equal(net.forward(x).A[-1], whole)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_unit_that_is_off_answers_zero_and_learns_nothing(kind, layer, batch_norm):
    net, x, y = made("sigmoid", "sigmoid", (5, 4), kind=kind, batch_norm=batch_norm)
    without = copy.deepcopy(net)
    without.W[layer][1] = 0
    net.hold_unit(layer, 1, OFF)
    run = net.forward(x)
    assert not run.A[layer][1].any()
    np.testing.assert_allclose(run.A[-1], without.forward(x).A[-1], atol=1e-14)
    net.backward(x, y, 0.1)
    assert not net.dW[layer][1].any()
    if layer:
        assert not net.dW[0][:, 1].any()


def test_an_output_cannot_be_switched_off():
    net, _, _ = made("tanh", "sigmoid", (5,))
    with pytest.raises(ValueError, match="layers 0 to 1"):
        net.hold_unit(2, 0, OFF)


@pytest.mark.parametrize("rule", RULES)
def test_what_is_frozen_stays_under_every_optimiser(rule):
    """Averages remember past gradients, and AdamW decays: neither may move what is held."""
    net, x, y = made("tanh", "sigmoid", (5, 4), batch_norm=True)
    state = RULES[rule].begin(net.theta)
    for t in range(6):
        if t == 3:
            net.hold_link(0, 1, 2, FROZEN)
            net.hold_unit(2, 1, FROZEN)
            net.hold_unit(1, 0, OFF)
            then = copy.deepcopy(net)
        net.backward(x, y, 0.1)
        net.step(RULES[rule], state, SETTINGS)
    assert net.W[0][1, 2] == then.W[0][1, 2]
    assert net.W[0][0, 2] != then.W[0][0, 2]
    for ours, theirs in ((net.W[1][:, 1], then.W[1][:, 1]), (net.W[1][0], then.W[1][0])):
        np.testing.assert_array_equal(ours, theirs)
    assert net.offsets[1][1] == then.offsets[1][1]
    assert (net.gamma[1][1], net.beta[1][1]) == (then.gamma[1][1], then.beta[1][1])
    assert net.W[1][1, 0] != then.W[1][1, 0]


@pytest.mark.parametrize(
    ("rule", "theirs"),
    [
        ("GD", lambda p: torch.optim.SGD(p, lr=0.01)),
        ("momentum", lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9)),
        ("Adam", lambda p: torch.optim.Adam(p, lr=0.01)),
        ("AdamW", lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1)),
    ],
)
def test_fifty_steps_are_those_of_torch(rule, theirs):
    net, x, y = made("tanh", "sigmoid", (5, 4))
    weights, offsets, _, _ = in_torch(net, x)
    state, stepper = RULES[rule].begin(net.theta), theirs([*weights, *offsets])
    for b in offsets:
        b.requires_grad_()
    for _ in range(50):
        net.backward(x, y)
        net.step(RULES[rule], state, SETTINGS)
        a = torch.tensor(x.T)
        for W, b in zip(weights, offsets):
            a = torch.tanh(z := a @ W + b)
        stepper.zero_grad()
        functional.binary_cross_entropy_with_logits(z, torch.tensor(y.T)).backward()
        stepper.step()
    for ours, W in zip(net.W, weights):
        np.testing.assert_allclose(ours, W.detach(), atol=1e-10)


# ---------------------------------------------------------------- flow, curvature, torch


@pytest.mark.parametrize("kind", KINDS)
def test_what_flows_back_from_one_sample_is_autograds(kind):
    net, x, y = made("tanh", "sigmoid", (5, 4), kind=kind)
    net.backward(x, y)
    before = net.gradient.copy()
    flow = net.flow(x[:, 2:3], y[:, 2:3])
    weights, _, activations, sums = in_torch(net, x[:, 2:3])
    loss = LOSSES["sigmoid"](sums, torch.tensor(y[:, 2:3].T))
    hidden = activations[1:-1]
    parts = torch.autograd.grad(loss, [*weights, *hidden, sums])
    assert flow.loss == pytest.approx(loss.item(), abs=1e-12)
    for ours, theirs in zip(flow.dW, parts[:3], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    for ours, theirs in zip(flow.dA[1:], parts[3:5], strict=True):
        np.testing.assert_allclose(ours, theirs.T, atol=1e-12)
    np.testing.assert_allclose(flow.dZ[-1], parts[5].T, atol=1e-12)
    np.testing.assert_allclose(flow.dZ[0], flow.dA[1] * (1 - activations[1].detach().numpy().T ** 2), atol=1e-12)
    np.testing.assert_array_equal(net.gradient, before)


def test_flow_through_batch_norm_goes_by_the_running_averages():
    net, x, y = normed()
    net.backward(x, y)
    theirs = with_batch_norm(net)
    for mean, variance, i in zip(net.mean, net.variance, (1, 4)):
        theirs[i].running_mean[:], theirs[i].running_var[:] = torch.tensor(mean), torch.tensor(variance)
    theirs.eval()
    functional.binary_cross_entropy_with_logits(theirs(torch.tensor(x[:, :1].T)), torch.tensor(y[:, :1].T)).backward()
    averages = [part.copy() for part in net.mean]
    flow = net.flow(x[:, :1], y[:, :1])
    for dW, i in zip(flow.dW, (0, 3, 6)):
        np.testing.assert_allclose(dW, theirs[i].weight.grad.T, atol=1e-12)
    for ours, before in zip(net.mean, averages):
        np.testing.assert_array_equal(ours, before)


@pytest.mark.parametrize("output", ["sigmoid", "sigmoid, squared"])  # the second bends down more than up
@pytest.mark.parametrize("penalty", [0.0, 0.3])
def test_the_largest_curvature_is_that_of_torchs_hessian(output, penalty):
    net, x, y = made("tanh", output, (4,))
    weights, offsets = [torch.tensor(W) for W in net.W], [torch.tensor(b) for b in net.offsets]

    def objective(W0, W1, b0, b1):
        z = torch.tanh(torch.tensor(x.T) @ W0 + b0) @ W1 + b1
        return LOSSES[output](z, torch.tensor(y.T)) + penalty / 2 * ((W0**2).sum() + (W1**2).sum())

    rows = torch.autograd.functional.hessian(objective, (*weights, *offsets))
    sizes = [part.numel() for part in (*weights, *offsets)]
    H = torch.cat([torch.cat([b.reshape(n, m) for b, m in zip(row, sizes)], dim=1) for row, n in zip(rows, sizes)])
    exact = torch.linalg.eigvalsh(H)[-1].item()
    theta = net.theta.copy()
    value, vector = net.curvature(x, y, penalty)
    assert value == pytest.approx(exact, rel=1e-5)
    assert net.curvature(x, y, penalty, vector, steps=2)[0] == pytest.approx(exact, rel=1e-5)
    np.testing.assert_array_equal(net.theta, theta)


def test_a_downward_curvature_is_not_the_largest_however_strong():
    H = np.diag([-50.0, 1, 2, 2, 0])
    value, vector = largest(lambda v: H @ v, np.ones(5))
    assert value == pytest.approx(2, abs=1e-12)
    np.testing.assert_allclose(H @ vector, 2 * vector, atol=1e-10)


def test_curvature_fails_nothing_when_weights_have_left_the_range_or_all_are_frozen():
    net, x, y = made("tanh", "sigmoid", (3,))
    for target in range(3):
        net.hold_unit(1, target, FROZEN)
    net.hold_unit(2, 0, FROZEN)
    assert net.curvature(x, y)[0] == 0
    wild, _, _ = made("tanh", "identity", (3,))
    wild.theta[:] = np.nan
    assert np.isnan(wild.curvature(x, y)[0])


def test_curvature_leaves_out_what_is_frozen():
    net = Network((2, 1), "tanh", "identity", np.float64)
    x, y = np.array([[3.0, -3], [1, 1]]), np.array([[1.0, 0]])
    assert net.curvature(x, y)[0] == pytest.approx(9, rel=1e-6)  # the mean of x x^T over (3, 1, 1), (-3, 1, 1)
    net.hold_link(0, 0, 0, FROZEN)
    assert net.curvature(x, y)[0] == pytest.approx(2, rel=1e-6)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_torchs_network_goes_the_way_of_numpys(hidden, output):
    net, x, y = made(hidden, output, (5, 4), batch_norm=True)
    twin, _, _ = made(hidden, output, (5, 4), kind=TorchNetwork, batch_norm=True)
    for each in (net, twin):
        each.drop, each.noise = [0.1, 0.3, 0.2], 0.2
        each.hold_link(0, 1, 1, OFF)
        each.hold_unit(1, 3, OFF)
        rng = np.random.default_rng(5)
        each.loss = [each.backward(x, y, 0.1, 0.05, rng) for _ in range(2)]
    assert twin.loss == pytest.approx(net.loss, abs=1e-12)
    np.testing.assert_allclose(twin.gradient, net.gradient, atol=1e-11)
    ours, theirs = net.forward(x, sums=True), twin.forward(x, sums=True)
    for a, b in zip([*ours.A, *ours.Z], [*theirs.A, *theirs.Z], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-11)


def test_torchs_network_copies_and_stays_single():
    net = TorchNetwork((2, 64, 80, 1), "relu", "sigmoid", device="cpu")
    net.draw_weights(np.random.default_rng(0))
    x, y = np.ones((2, 3), np.float32), np.ones((1, 3), np.float32)
    net.backward(x, y)
    twin = copy.deepcopy(net)
    twin.theta += 1
    twin.backward(x, y)
    run = net.forward(x)
    assert {part.dtype for part in (*run.A, *run.Z, net.theta, net.gradient)} == {np.dtype(np.float32)}
    assert not np.array_equal(net.theta, twin.theta)
    assert not np.array_equal(net.gradient, twin.gradient)
