"""Activations and losses are torch's, slopes too; first weights can be made to suit them."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm
from torch.nn import functional as F

from lab.maths.activations import ACTIVATIONS
from lab.maths.losses import OUTPUTS

TORCHS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z * 1,
    "leaky relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": lambda z: F.gelu(z, approximate="tanh"),
    "softplus": F.softplus,
    "swish": F.silu,
    "softsign": F.softsign,
    "arctan": torch.arctan,
    "sin": torch.sin,
    "step": lambda z: (z >= 0) + 0 * z,
}
LOSSES = {
    "sigmoid": F.binary_cross_entropy_with_logits,
    "softmax": lambda z, y: F.cross_entropy(z.T, y.T),
    "identity": lambda z, y: F.mse_loss(z, y) / 2,
    "absolute": F.l1_loss,
    "sigmoid, squared": lambda z, y: F.mse_loss(z.sigmoid(), y) / 2,
    "sigmoid, ±1": lambda z, y: F.soft_margin_loss(z, y),
    "hinge": lambda z, y: F.relu(1 - y * z).mean(),
}
Z = np.concatenate([np.linspace(-6, 6, 41), [0.0, -30, 30]])


def test_every_one_is_held_against_torch():
    assert TORCHS.keys() == ACTIVATIONS.keys()
    assert LOSSES.keys() == OUTPUTS.keys()


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_and_slopes_are_those_of_torch_at_the_bend_too(name, dtype):
    z, close = Z.astype(dtype), 1e-12 if dtype == np.float64 else 1e-5
    theirs = torch.tensor(z, requires_grad=True)
    out = TORCHS[name](theirs)
    out.sum().backward()
    activation = ACTIVATIONS[name]
    a = activation.f(z)
    assert a.dtype == dtype
    np.testing.assert_allclose(a, out.detach(), atol=close, rtol=close)
    np.testing.assert_allclose(activation.slope(z, a) + 0 * z, theirs.grad, atol=close, rtol=close)
    same = z.copy()
    activation.f(same, same)
    np.testing.assert_array_equal(same, a)


def test_the_texts_values():
    """Texts 1 and 4, activations: sigma(0), its largest slope, relu, swish at 0; text 3, selu's two numbers."""
    at = np.array([-1.0, 0, 2])
    f = {name: ACTIVATIONS[name].f(at) for name in ACTIVATIONS}
    slopes = {name: ACTIVATIONS[name].slope(at, f[name]) + 0 * at for name in ACTIVATIONS}
    assert f["relu"].tolist() == [0, 0, 2]
    assert f["step"].tolist() == [0, 1, 1]
    assert f["leaky relu"] == pytest.approx([-0.01, 0, 2])
    assert (f["sigmoid"][1], slopes["sigmoid"][1], slopes["tanh"][1]) == (0.5, 0.25, 1)
    assert (f["swish"][1], slopes["swish"][1]) == (0, 0.5)
    assert (f["softsign"][2], f["softplus"][1]) == pytest.approx((2 / 3, 0.6931472))
    assert f["selu"] == pytest.approx([1.0507 * 1.6733 * (np.exp(-1) - 1), 0, 2.1014], abs=1e-4)
    assert not slopes["step"].any()


def test_relu_is_scale_free_and_tanh_is_not():
    """Text 2, ReLU is scale free."""
    z = np.linspace(-2, 2, 9)
    np.testing.assert_array_equal(ACTIVATIONS["relu"].f(3 * z), 3 * ACTIVATIONS["relu"].f(z))
    assert np.abs(np.tanh(3 * z) - 3 * np.tanh(z)).max() > 1


@pytest.mark.parametrize("name", ["relu", "leaky relu", "elu", "selu", "gelu", "swish"])
def test_the_gain_keeps_the_mean_square(name):
    def share(z):
        return ACTIVATIONS[name].f(np.array([z]))[0] ** 2 * norm.pdf(z)

    mean_square = quad(share, -12, 0)[0] + quad(share, 0, 12)[0]
    assert ACTIVATIONS[name].gain ** 2 * mean_square == pytest.approx(1, abs=1e-6)


def targets(name, shape, rng):
    if name == "softmax":
        return np.eye(shape[0])[rng.integers(shape[0], size=shape[1])].T
    if OUTPUTS[name].signed:
        return rng.choice([-1.0, 1.0], shape)
    return rng.integers(2, size=shape).astype(float) if name.startswith("sigmoid") else rng.normal(size=shape)


@pytest.mark.parametrize("name", OUTPUTS)
def test_losses_and_their_slopes_are_those_of_torch(name):
    rng = np.random.default_rng(0)
    shape = (3, 20) if name == "softmax" else (1, 20)
    z, y = rng.normal(0, 3, shape), targets(name, shape, rng)
    theirs = torch.tensor(z, requires_grad=True)
    mean = LOSSES[name](theirs, torch.tensor(y))
    mean.backward()
    output = OUTPUTS[name]
    assert output.losses(z, y).sum() / 20 == pytest.approx(mean.item(), abs=1e-12)
    np.testing.assert_allclose(output.slope(z, output.f(z), y) / 20, theirs.grad, atol=1e-12)


def test_the_margin_losses_are_those_of_the_text():
    """Text 4, entry 15, at margins -2 ... 2."""
    m, y = np.array([[-2.0, -1, 0, 1, 2]]), np.ones((1, 5))
    assert OUTPUTS["hinge"].losses(m, y)[0].tolist() == [3, 2, 1, 0, 0]
    assert OUTPUTS["hinge"].losses(-m, -y)[0].tolist() == [3, 2, 1, 0, 0]
    for sign in (1, -1):
        logistic = OUTPUTS["sigmoid, ±1"].losses(sign * m, sign * y)[0]
        assert logistic == pytest.approx([2.1269, 1.3133, 0.6931, 0.3133, 0.1269], abs=5e-5)


def test_a_sure_mistake_sends_nothing_back_through_squares():
    """Text 0, loss-activation pairing: the slope of squared loss on a sigmoid vanishes, that of NLL does not."""
    z, y = np.array([[20.0]]), np.zeros((1, 1))
    a = OUTPUTS["sigmoid"].f(z)
    assert OUTPUTS["sigmoid"].slope(z, a, y)[0, 0] == pytest.approx(1, abs=1e-8)
    assert 0 < OUTPUTS["sigmoid, squared"].slope(z, a, y)[0, 0] < 1e-8
