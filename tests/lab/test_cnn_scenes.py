"""The scenes of the CNN: products, hand-set and learnt filters, looking into a net, and a net slid over a canvas."""

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.maths.convolutions import correlation, windows
from lab.session import Session

CATALOGUE = Catalogue()
SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


def begun(scene, steps=0, **settings):
    session = Session(CATALOGUE.load(f"cnn:{scene}"), settings, 0)
    session.seek(steps)
    return session


def drawn(session, name):
    return session.draw([name]).values[name]


# ---------------------------------------------------------------- lab/maths/convolutions.py


@pytest.mark.parametrize(("padding", "stride", "dilation"), [(0, 1, 1), (1, 1, 1), (2, 2, 1), (2, 1, 2), (0, 3, 2)])
def test_correlation_is_torch_conv2d(padding, stride, dilation):
    rng = np.random.default_rng(0)
    x, f = rng.normal(size=(3, 11, 9)), rng.normal(size=(3, 3, 3))
    expected = conv2d(torch.tensor(x)[None], torch.tensor(f)[None], None, stride, padding, dilation)[0, 0]
    np.testing.assert_allclose(
        correlation(x, f, padding, stride=stride, dilation=dilation), expected.numpy(), atol=1e-12
    )
    one = conv2d(torch.tensor(x[:1])[None], torch.tensor(f[:1])[None], None, stride, padding, dilation)[0, 0]
    np.testing.assert_allclose(
        correlation(x[0], f[0], padding, stride=stride, dilation=dilation), one.numpy(), atol=1e-12
    )


def test_two_cross_picture_of_the_text_gives_nine_at_its_crosses():
    cross = np.array([[-1, 1, -1], [1, 1, 1], [-1, 1, -1]])
    picture = -np.ones((8, 8))
    picture[:3, :3] = picture[5:, 5:] = cross
    answers = correlation(picture, cross)
    np.testing.assert_array_equal(answers[0], [9, -1, 1, -1, -1, -1])
    np.testing.assert_array_equal(answers[1], [-1, 1, -3, -1, -1, -1])
    np.testing.assert_array_equal(np.argwhere(answers == 9), [[0, 0], [5, 5]])


def test_a_filter_larger_than_the_picture_is_refused_in_words():
    with pytest.raises(ValueError, match="reaches over 5 pixels"):
        windows(np.zeros((4, 4)), 3, dilation=2)


# ---------------------------------------------------------------- products


def test_products_sum_to_the_pixel_of_the_feature_map():
    session = begun("products", cell=[5, 1])
    picture = torch.tensor(session.experiment.picture)[None, None]
    expected = conv2d(picture, torch.tensor(SOBEL, dtype=torch.double)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(drawn(session, "answers"), expected, atol=1e-12)
    assert drawn(session, "products").sum() == pytest.approx(expected[5, 1])
    assert drawn(session, "total").numbers["y"] == pytest.approx(3.1)


def layer(kind="convolution", kernel=3, stride=1, dilation=1):
    return {"kind": kind, "kernel": kernel, "stride": stride, "dilation": dilation}


@pytest.mark.parametrize(
    ("stack", "sizes"),
    [
        ([layer()] * 3, [3, 5, 7]),  # text1b Hierarchy and receptive field
        ([layer(), layer("mean-pool", 2, 2), layer()], [3, 4, 8]),  # text0 Receptive field
        ([layer(), layer(dilation=2)], [3, 7]),  # text4a 54: dilation r adds (k − 1) r
        ([layer(), layer(), layer("mean-pool", 2, 2), layer()], [3, 5, 6, 10]),  # text3b, the beginning of VGG19
        ([layer(stride=2), layer(), layer()], [3, 7, 11]),
    ],
)
def test_input_gradient_reaches_as_many_pixels_as_the_formula_says(stack, sizes):
    session = begun("products", stack=stack, unit=3)
    assert [window[0] for window in drawn(session, "windows")[1:]] == sizes
    gradient = drawn(session, "gradient")
    np.testing.assert_array_equal(gradient != 0, drawn(session, "square"))
    assert np.count_nonzero(gradient) == sizes[-1] ** 2


def test_max_pool_and_holes_leave_pixels_out_of_the_gradient():
    pooled = begun("products", stack=[layer(), layer("max-pool", 2, 2), layer()], unit=3)
    holes = begun("products", stack=[layer(dilation=2)], unit=3)
    for session, size in ((pooled, 8), (holes, 5)):
        gradient, square = drawn(session, "gradient") != 0, drawn(session, "square")
        assert square.sum() == size**2
        assert not (gradient & ~square).any()
        assert gradient.sum() < size**2
    assert np.count_nonzero(drawn(holes, "gradient")) == 9


def test_a_stack_that_sees_more_than_the_input_is_unfit():
    with pytest.raises(Unfit, match="take away a layer"):
        begun("products", stack=[layer(kernel=5, stride=3)] * 4)


# ---------------------------------------------------------------- hand


def test_donut_response_is_eight_exactly_at_the_donut_centres():
    """text1b Tensor filter: maximum 8 at (2, 2) and (7, 8), runner-up 6; an offset of −7 leaves only these."""
    session = begun("hand")
    response = drawn(session, "response")
    np.testing.assert_array_equal(np.argwhere(response == 8), [[2, 2], [7, 8]])
    assert response.max() == 8
    assert response[response < 8].max() == 6
    session.set("offset_2", -7)
    np.testing.assert_array_equal(np.argwhere(drawn(session, "response")), [[2, 2], [7, 8]])
    assert drawn(session, "answer").numbers == {"y": 1, "s_V": 4, "s_H": 4, "b_2": -7}


def test_the_learnt_filter_becomes_the_sobel_filter():
    session = begun("hand", 400, rate=0.1)
    np.testing.assert_allclose(session.experiment.w, SOBEL, atol=1e-4)
    assert session.experiment.finished


def test_a_learning_step_is_torch_descent_on_the_mean_square():
    session = begun("hand", data="digits")
    x, wanted = (torch.tensor(a.copy()) for a in (session.experiment.patches, session.experiment.wanted))
    w = torch.tensor(session.experiment.w.ravel().copy(), requires_grad=True)
    descent = torch.optim.SGD([w], lr=0.04)
    for _ in range(5):
        descent.zero_grad()
        torch.nn.functional.mse_loss(x @ w, wanted).backward()
        descent.step()
    session.seek(5)
    np.testing.assert_allclose(session.experiment.w.ravel(), w.detach().numpy(), atol=1e-10)


@pytest.mark.parametrize(("factor", "falls"), [(0.98, True), (1.02, False)])
def test_the_second_mark_on_the_rate_parts_falling_from_climbing(factor, falls):
    last = drawn(begun("hand"), "limits")[1]
    losses = begun("hand", 200, rate=float(factor * last)).run.columns.views()["loss"]
    assert (losses[-1] < losses[0]) == falls


# ---------------------------------------------------------------- looking


@pytest.fixture(scope="module")
def looked():
    return begun("looking", 60, first=4, second=5)


@pytest.mark.parametrize("layer_name", ["layer 1", "layer 2"])
def test_covering_outside_the_receptive_field_changes_nothing(looked, layer_name):
    looked.set("watched", "strongest unit of the channel")
    looked.set("layer", layer_name)
    looked.set("size", 1)
    drop, saliency = drawn(looked, "drop"), drawn(looked, "saliency")
    row, column = drawn(looked, "unit")
    # layer 1 sees a pixel to each side; layer 2, after a pool of 2, sees 2r − 3 to 2r + 4
    first, last = (0 - 1, 0 + 1) if layer_name == "layer 1" else (-3, 4)
    jump = 1 if layer_name == "layer 1" else 2
    rows, columns = np.indices((8, 8))
    inside = (rows >= row * jump + first) & (rows <= row * jump + last)
    inside &= (columns >= column * jump + first) & (columns <= column * jump + last)
    assert (drop[~inside] == 0).all()
    assert (saliency[~inside] == 0).all()
    assert np.count_nonzero(drop) > 0


def test_a_drop_is_the_score_less_the_score_with_the_square(looked):
    looked.set("watched", "score of the class")
    looked.set("size", 3)
    looked.set("grey", 0.5)
    looked.set("place", [0, 4])
    net, digit = looked.experiment.net, looked.experiment.tested.images[3].copy()
    before = net(torch.tensor(digit)[None, None])[0, looked.experiment.tested.labels[3]].item()
    digit[0:2, 3:6] = 0.5
    after = net(torch.tensor(digit)[None, None])[0, looked.experiment.tested.labels[3]].item()
    assert drawn(looked, "drop")[0, 4] == pytest.approx(before - after, abs=1e-5)
    np.testing.assert_array_equal(drawn(looked, "covered")[0], digit)


def test_saliency_is_the_slope_by_differences(looked):
    looked.set("watched", "score of the class")
    net = looked.experiment.net.double()
    digit = torch.tensor(looked.experiment.tested.images[3].copy()).double()[None, None]
    up, down = digit.clone(), digit.clone()
    up[0, 0, 3, 4] += 1e-6
    down[0, 0, 3, 4] -= 1e-6
    y = looked.experiment.tested.labels[3]
    slope = (net(up)[0, y] - net(down)[0, y]).item() / 2e-6
    net.float()
    assert drawn(looked, "saliency")[3, 4] == pytest.approx(abs(slope), rel=1e-3)


def test_the_nine_patches_are_where_the_nine_largest_activations_are(looked):
    looked.set("layer", "layer 1")
    looked.set("fired", [int(drawn(looked, "firing").mean(axis=1).argmax()), 0])
    conv = looked.experiment.net[0]
    channel = drawn(looked, "chosen")
    _, eta, rows, columns = drawn(looked, "strongest")
    maps = torch.relu(conv(looked.experiment.test_x))[:, channel].detach().numpy()
    np.testing.assert_array_equal(eta, np.sort(maps.max(axis=(1, 2)))[::-1][:9])
    patches = drawn(looked, "patches")
    assert patches.shape == (9, 3, 3)
    f, b = conv.weight[channel, 0].detach().numpy(), conv.bias[channel].item()
    np.testing.assert_allclose((patches * f).sum(axis=(1, 2)) + b, eta, atol=1e-5)
    # one unit of the first layer is sent back as its own filter, as strong as it was
    projections = drawn(looked, "projections")
    for picture, strength, row, column in zip(projections, eta, rows, columns):
        padded = np.pad(picture, 1)
        wanted = strength * f
        inside = np.pad(np.ones((8, 8)), 1)[row : row + 3, column : column + 3]
        np.testing.assert_allclose(padded[row : row + 3, column : column + 3], wanted * inside, atol=1e-5)


class Deconvolved(torch.autograd.Function):
    """Zeiler and Fergus's ReLU: as ever on the way up, and applied to the signal itself on the way down."""

    @staticmethod
    def forward(ctx, x):
        return x.relu()

    @staticmethod
    def backward(ctx, slope):
        return slope.relu()


def test_a_unit_of_layer_two_is_projected_back_as_autograd_does_with_their_relu(looked):
    looked.set("layer", "layer 2")
    looked.set("fired", [0, 0])
    strongest = drawn(looked, "strongest")
    conv_1, _, pool, conv_2 = looked.experiment.net[:4]
    for picture, best, eta, row, column in zip(drawn(looked, "projections"), *strongest):
        x = looked.experiment.test_x[best, None].clone().requires_grad_()
        unit = conv_2(pool(Deconvolved.apply(conv_1(x))))[0, 0, row, column]
        assert max(unit.item(), 0) == pytest.approx(eta, abs=1e-5)
        (back,) = torch.autograd.grad(unit, x)
        np.testing.assert_allclose(picture, eta * back[0, 0].numpy(), atol=1e-5)


def test_firing_is_the_mean_over_each_class(looked):
    looked.set("layer", "layer 2")
    maps = looked.experiment.net[:5](looked.experiment.test_x).detach().numpy()
    sevens = maps[looked.experiment.tested.labels == 7]
    np.testing.assert_allclose(drawn(looked, "firing")[:, 7], sevens.mean(axis=(0, 2, 3)), atol=1e-6)


def test_the_looked_into_net_learns():
    assert begun("looking", 300).run.columns.views()["accuracy"][300] > 0.85


# ---------------------------------------------------------------- sliding


@pytest.mark.parametrize(("pooled", "side"), [("max-pool", 9), ("no pooling", 17)])
def test_one_pass_equals_the_dense_net_at_every_place(pooled, side):
    session = begun("sliding", 20, pooled=pooled, channels=4)
    scores, canvas = drawn(session, "scores"), drawn(session, "canvas")
    assert scores.shape == (11, side, side)
    jump = 2 if pooled == "max-pool" else 1
    for row in range(0, side, 2):
        for column in range(side):
            seen = canvas[row * jump : row * jump + 8, column * jump : column * jump + 8].copy()
            alone = session.experiment.net(torch.tensor(seen)[None, None])[0].detach().numpy()
            np.testing.assert_allclose(scores[:, row, column], alone, atol=1e-4)
    np.testing.assert_allclose(drawn(session, "one_by_one"), scores, atol=1e-4)


def test_the_trained_net_finds_a_digit_where_it_lies():
    session = begun("sliding", 300, placed=[{"digit": 9, "row": 8, "column": 12}])
    maps = drawn(session, "maps")[:10]
    digit, row, column = np.unravel_index(maps.argmax(), maps.shape)
    assert digit == session.experiment.tested.labels[9]
    assert max(abs(2 * row - 8), abs(2 * column - 12)) <= 2


def test_shoved_digits_have_no_digit_in_the_middle():
    session = begun("sliding", 0)
    full = torch.ones(40, 1, 8, 8)
    session.experiment.own.enter(1, 1)
    seen = session.experiment.off_middle(full)[:, 0].numpy()
    session.experiment.own.leave()
    assert (seen.reshape(40, -1).sum(axis=1) <= 48).all()  # two rows or columns of eight are gone at least
