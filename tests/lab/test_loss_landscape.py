"""Loss landscapes against the numbers of the course texts, torch's autograd, scikit-learn's PCA and NumPy."""

import time

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from lab.catalogue import Catalogue
from lab.maths import sigmoid_chain as chain
from lab.maths import weight_planes as planes
from lab.maths.hessians import lanczos, largest, product
from lab.maths.layers import Network
from lab.maths.torch_layers import TorchNetwork, bend
from lab.maths.torch_layers import loss as torch_loss
from lab.session import Session

CATALOGUE = Catalogue()
LN_2 = 0.6931471805599453


def opened(scene="", steps=0, seed=0, **settings):
    name = "loss-landscape" + (f":{scene}" if scene else "")
    session = Session(CATALOGUE.load(name), settings, seed)
    session.seek(steps)
    return session


def column(session, name):
    return session.run.columns.views()[name]


def drawn(session, *names):
    values = session.draw(names).values
    return values[names[0]] if len(names) == 1 else [values[name] for name in names]


def net_and_losses(widths=(2, 5, 5, 1), hidden="tanh", output="sigmoid", batch_norm=False, skips=False, seed=0):
    rng = np.random.default_rng(seed)
    net = Network(widths, hidden, output, np.float64, batch_norm)
    net.draw_weights(rng)
    net.skips = skips
    x = rng.normal(size=(2, 30))
    y = np.eye(widths[-1])[rng.integers(widths[-1], size=30)].T if widths[-1] > 1 else 1.0 * (rng.random((1, 30)) < 0.5)
    return net, planes.DenseLosses(net, x, y)


def by_torch(net, losses):
    """The same mean loss, written in torch from the layout of theta."""

    def mean(theta):
        at, scales = 0, theta.numel() - 2 * sum(net.widths[1:-1])
        a = torch.from_numpy(losses.x)
        for i, (m, n) in enumerate(zip(net.widths, net.widths[1:])):
            table, at = theta[at : at + (m + 1) * n].reshape(m + 1, n), at + (m + 1) * n
            z = table[:-1].T @ a + table[-1][:, None]
            if i == len(net.widths) - 2:
                return torch_loss(net.output, z, torch.from_numpy(losses.y)) / losses.x.shape[1]
            if net.batch_norm:
                gamma, beta = theta[scales : scales + 2 * n].reshape(2, n)
                z = torch.nn.functional.batch_norm(z.T, None, None, gamma, beta, training=True, eps=1e-5).T
                scales += 2 * n
            before, a = a, bend(net.hidden)(z)
            if net.skips and i and m == n:
                a = a + before
        raise AssertionError

    return mean


SHAPES = [
    {},
    {"hidden": "relu", "skips": True, "widths": (2, 4, 4, 4, 1)},
    {"batch_norm": True, "skips": True, "widths": (2, 4, 4, 4, 3), "output": "softmax"},
    {"batch_norm": True, "hidden": "swish", "output": "sigmoid, squared"},
    {"skips": True, "widths": (2, 4, 3, 3, 1), "hidden": "gelu"},
]


# ---------------------------------------------------------------- losses of many weights, skips, the Hessian


@pytest.mark.parametrize("shape", SHAPES)
def test_losses_of_many_weights_are_those_of_torch(shape):
    net, losses = net_and_losses(**shape)
    thetas = net.theta + 0.3 * np.random.default_rng(1).normal(size=(5, net.theta.size))
    theirs = [float(by_torch(net, losses)(torch.from_numpy(theta))) for theta in thetas]
    assert losses(thetas) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_through_skips_and_batch_norm_is_that_of_autograd(shape):
    net, losses = net_and_losses(**shape)
    theta = torch.from_numpy(net.theta.copy()).requires_grad_()
    by_torch(net, losses)(theta).backward()
    assert losses.gradient(net.theta) == pytest.approx(theta.grad.numpy(), abs=1e-10)


def test_the_networks_of_numpy_and_torch_skip_alike():
    nets = [kind((2, 4, 4, 1), "tanh", "sigmoid", np.float64) for kind in (Network, TorchNetwork)]
    x, y = np.random.default_rng(0).normal(size=(2, 9)), np.ones((1, 9))
    for net in nets:
        net.draw_weights(np.random.default_rng(3))
        net.skips = True
        net.backward(x, y)
    assert nets[0].gradient == pytest.approx(nets[1].gradient, abs=1e-12)


def test_what_flows_back_past_a_layer_is_that_of_autograd():
    net, losses = net_and_losses((2, 4, 4, 4, 1), skips=True)
    x, y = losses.x[:, :1], losses.y[:, :1]
    at = torch.from_numpy(x).requires_grad_()
    first = torch.tanh(torch.from_numpy(net.W[0]).T @ at + torch.from_numpy(net.offsets[0])[:, None])
    first.retain_grad()
    a = first
    for W, offset in list(zip(net.W, net.offsets))[1:3]:
        a = torch.tanh(torch.from_numpy(W).T @ a + torch.from_numpy(offset)[:, None]) + a
    z = torch.from_numpy(net.W[3]).T @ a + torch.from_numpy(net.offsets[3])[:, None]
    torch_loss("sigmoid", z, torch.from_numpy(y)).backward()
    assert net.flow(x, y).dA[1] == pytest.approx(first.grad.numpy(), abs=1e-12)


def test_a_residual_layer_of_zero_weights_is_the_identity():
    """text3b, Residual (shortcut) connection."""
    net = Network((3, 4, 4, 4, 2), "relu", "identity", np.float64)
    net.draw_weights(np.random.default_rng(0))
    net.skips = True
    for layer in (1, 2):
        net.W[layer][:] = 0
        net.offsets[layer][:] = 0
    run = net.forward(np.random.default_rng(1).normal(size=(3, 6)), sums=True)
    assert np.array_equal(run.A[3], run.A[1])


def test_lanczos_finds_the_ends_of_autograds_full_hessian():
    """beyond, The plane of a loss landscape."""
    net, losses = net_and_losses((2, 4, 1))
    full = torch.autograd.functional.hessian(by_torch(net, losses), torch.from_numpy(net.theta.copy())).numpy()
    theirs = np.linalg.eigvalsh(full)
    start = np.random.default_rng(5).normal(size=net.theta.size)
    values, vectors = lanczos(lambda v: product(losses.gradient, net.theta, v), start, net.theta.size)
    assert values[-5:] == pytest.approx(theirs[-5:], abs=1e-6)
    assert values[0] == pytest.approx(theirs[0], abs=1e-6)
    assert full @ vectors[-1] == pytest.approx(theirs[-1] * vectors[-1], abs=1e-5)


def test_the_largest_of_lanczos_is_that_of_a_matrix():
    H = np.diag([4.0, 1, -9, 0.5])
    value, vector = largest(lambda v: H @ v, np.ones(4), 4)
    assert value == pytest.approx(4)
    assert np.abs(vector) == pytest.approx([1, 0, 0, 0], abs=1e-9)


# ---------------------------------------------------------------- planes


def test_a_filter_of_a_direction_is_as_long_as_that_filter_and_offsets_stay():
    """beyond, The plane of a loss landscape: d_f <- d_f |w_f| / |d_f|, biases and batch norm 0."""
    net, _ = net_and_losses((2, 5, 4, 1), batch_norm=True)
    direction = np.random.default_rng(2).normal(size=net.theta.size)
    made = net.twin(np.float64)
    made.theta[:] = planes.filter_normalised(direction, net.theta, planes.filters_of(net))
    for ours, own in zip(made.W, net.W):
        assert np.linalg.norm(ours, axis=0) == pytest.approx(np.linalg.norm(own, axis=0))
    assert not any(part.any() for part in (*made.offsets, *made.gamma, *made.beta))


def test_the_plane_of_a_path_is_scikit_learns_pca():
    """PCA about the end of the path: the same axes as PCA of the path and its mirror image."""
    path = np.random.default_rng(0).normal(size=(12, 40)).cumsum(axis=0)
    away = path - path[-1]
    theirs = PCA(2).fit(np.concatenate([away, -away]))
    plane = planes.path_plane(path, path[-1], np.ones((2, 40)))
    assert np.abs(plane.along @ theirs.components_.T) == pytest.approx(np.eye(2), abs=1e-9)
    assert np.abs(plane.project(path)[0]) == pytest.approx(np.abs(theirs.transform(away)), abs=1e-8)


def test_a_plane_answers_for_the_places_that_least_squares_finds():
    rng = np.random.default_rng(1)
    plane = planes.Plane(rng.normal(size=9), rng.normal(size=(2, 9)))
    weights = rng.normal(size=(4, 9))
    places, off = plane.project(weights)
    for one, place, distance in zip(weights, places, off):
        solved, rest, *_ = np.linalg.lstsq(plane.along.T, one - plane.origin, rcond=None)
        assert place == pytest.approx(solved)
        assert distance**2 == pytest.approx(rest[0])


def test_a_path_in_the_plane_is_held_whole_and_one_across_not_at_all():
    """beyond: the share is 1 for a path inside the plane."""
    plane = planes.Plane(np.zeros(3), np.array([(1.0, 0, 0), (1.0, 2, 0)]))
    assert plane.share(np.array([(0.0, 0, 0), (1, 2, 0), (3, -1, 0)])) == pytest.approx(1)
    assert plane.share(np.array([(0.0, 0, 0), (0, 0, 5)])) == pytest.approx(0)
    assert plane.share(np.array([(0.0, 0, 0), (3, 0, 4)])) == pytest.approx(0.36)  # 9 / 25 of the squared length


def test_a_path_of_one_place_or_none_borrows_directions_at_right_angles():
    still = np.ones((1, 6))
    along = planes.path_plane(still, still[0], np.random.default_rng(0).normal(size=(2, 6))).along
    assert along @ along.T == pytest.approx(np.eye(2))


def test_a_path_keeps_a_bounded_number_of_places_evenly_and_its_start():
    path = planes.Path()
    for t in range(1000):
        path = path.with_place(t, np.full(3, float(t)))
    assert len(path.times) == 32  # every 32nd of 1,000
    assert path.times[:3] == (0, 32, 64)
    assert [float(one[0]) for one in path.weights] == list(path.times)
    times, weights = path.upto(999, np.full(3, 999.0))
    assert times[-1] == weights[-1, 0] == 999


def test_refining_ends_in_the_heights_themselves_and_goes_in_slices():
    plane = planes.Plane(np.zeros(2), np.eye(2))

    def bowl(w):
        return (w**2).sum(axis=1)

    pictures = list(planes.refined(bowl, plane, (-1, 1), (-2, 2), 5, 2, planes.SLICE / 30))
    assert [len(z) for z in pictures] == [5, 9, 9, 9, *[17] * 17]
    x, y = np.meshgrid(np.linspace(-1, 1, 17), np.linspace(-2, 2, 17))
    assert pictures[-1] == pytest.approx(x**2 + y**2)
    assert pictures[0] == pytest.approx(pictures[-1][::4, ::4])


def test_where_a_height_costs_much_the_first_picture_has_fewer_places():
    first = next(planes.refined(lambda w: w[:, 0], planes.Plane(np.zeros(2), np.eye(2)), (0, 1), (0, 1), 65, 2, 2e7))
    assert first.shape == (17, 17)  # 300 heights of 2e7 each in 6e9


def test_hollows_are_places_lower_than_all_around():
    x, y = np.meshgrid(np.linspace(-2, 2, 21), np.linspace(-2, 2, 21))
    assert planes.hollows((x**2 - 1) ** 2 + y**2) == 2
    assert planes.hollows(x + y) == 0


# ---------------------------------------------------------------- the run over its plane


@pytest.mark.parametrize("settings", [{}, {"batch_norm": True, "skips": True, "depth": 4}, {"plane": "PCA of its end"}])
def test_the_centre_of_the_plane_is_the_models_loss(settings):
    """text4b 77 and beyond: f(0, 0) = l(w*), to 1e-6."""
    session = opened(steps=25, width=8, resolution=9, **settings)
    view = session.experiment.view()
    assert view.places[-1] == pytest.approx([0, 0], abs=1e-9)
    centre = planes.heights(session.experiment.losses, view.plane, np.zeros((1, 2)))[0]
    assert centre == pytest.approx(column(session, "loss")[25], abs=1e-6)


def test_a_random_plane_through_the_model_has_the_model_in_its_middle():
    session = opened(steps=10, plane="random directions", resolution=9)
    field = drawn(session, "surface")
    assert field.z[4, 4] == pytest.approx(column(session, "loss")[10], abs=1e-6)


def test_the_gauge_says_the_models_loss_as_it_was_at_each_step():
    session = opened(steps=30)
    times, true = drawn(session, "true_heights").T
    assert true == pytest.approx(column(session, "loss")[times.astype(int)], abs=1e-6)


def test_a_plane_through_two_weights_is_the_whole_space():
    """beyond: with two weights, plane and model agree everywhere."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=12), (rng.random(12) < 0.5) * 1.0

    def loss(w):
        return chain.value("squared", w.T, x, y)

    weights = rng.normal(size=(9, 2)).cumsum(axis=0)
    plane = planes.path_plane(weights, weights[-1], np.eye(2))
    places, off = plane.project(weights)
    assert off == pytest.approx(np.zeros(9), abs=1e-9)
    assert plane.share(weights) == pytest.approx(1)
    assert planes.heights(loss, plane, places) == pytest.approx(loss(weights))


def test_pca_holds_more_of_the_path_than_random_directions():
    session = opened(steps=60)
    pca = session.experiment.view().share
    session.set("plane", "random directions")
    drawn(session, "held")
    assert pca > 0.3 > 0.05 > session.experiment.view().share


def test_rescaling_changes_no_answer_of_relu_nor_the_filter_normalised_ground():
    """text2_3a, ReLU is scale free; the ground about it is the same only if directions have the filters' lengths."""
    session = opened(steps=20, activation="relu", plane="random directions", resolution=7)
    losses, bars, ground, raw = [], [], [], []
    for _ in range(3):
        losses.append(float(session.experiment.losses(session.experiment.theta[None])[0]))
        bars.append(drawn(session, "spectrum")[0])
        for normalised, found in ((False, raw), (True, ground)):
            session.set("normalised", normalised)
            found.append(drawn(session, "surface").z)
        session.act("rescale", [])
    assert losses[2] == pytest.approx(losses[0], rel=1e-5)
    assert ground[2] == pytest.approx(ground[0], rel=1e-3, abs=1e-4)
    assert np.abs(np.log(raw[2] / raw[0])).max() > 1
    assert bars[2] > 2 * bars[0]


def test_skips_switched_while_it_trains_leave_the_weights_and_move_the_ground():
    session = opened(steps=10, depth=4, width=8)
    before = session.experiment.theta
    first = drawn(session, "surface")
    session.set("skips", True)
    assert session.experiment.theta is before
    assert not np.allclose(drawn(session, "surface").z, first.z)


def test_a_coarse_picture_comes_at_once_and_a_finer_one_after():
    session = opened(steps=5, resolution=9)
    names = session.draw_names()
    began = time.perf_counter()
    frame = session.draw(names)
    assert time.perf_counter() - began < 1
    assert frame.finer
    assert frame.values["surface"].z.shape == (9, 9)
    while frame.finer and (finer := session.refine(frame)):
        frame = finer
    assert frame.values["surface"].z.shape == (33, 33)
    assert drawn(session, "surface") is frame.values["surface"], "kept as long as nothing changes"


# ---------------------------------------------------------------- two weights


@pytest.mark.parametrize(("loss", "level"), [("squared", 0.25), ("cross-entropy", LN_2)])
def test_on_w2_0_the_chain_always_says_one_half(loss, level):
    """beyond: on w2 = 0 the squared loss is 1/4 and the cross-entropy ln 2."""
    x, y = np.linspace(-3, 3, 8), np.array([0, 1] * 4)
    assert chain.value(loss, (np.linspace(-9, 9, 7), np.zeros(7)), x, y) == pytest.approx(np.full(7, level))


@pytest.mark.parametrize("loss", chain.LOSSES)
def test_the_chains_gradient_and_hessian_are_those_of_autograd(loss):
    rng = np.random.default_rng(4)
    x, y, w = rng.normal(size=10), (rng.random(10) < 0.5) * 1.0, np.array([0.8, -1.7])

    def by_hand(w):
        a = torch.sigmoid(w[1] * torch.sigmoid(w[0] * torch.from_numpy(x)))
        target = torch.from_numpy(y)
        squares = ((target - a) ** 2).mean()
        return squares if loss == "squared" else torch.nn.functional.binary_cross_entropy(a, target)

    at = torch.tensor(w, requires_grad=True)
    by_hand(at).backward()
    assert chain.value(loss, w, x, y) == pytest.approx(float(by_hand(at).detach()))
    assert chain.gradient(loss, w, x, y) == pytest.approx(at.grad.numpy(), abs=1e-12)
    H = torch.autograd.functional.hessian(by_hand, torch.tensor(w)).numpy()
    assert chain.curvatures(loss, w, x, y) == pytest.approx((H[0, 0], H[0, 1], H[1, 1]), abs=1e-12)


def test_from_one_start_cross_entropy_leaves_where_the_squares_stand_still():
    session = opened("two-weights", 100)
    fell = {name: column(session, f"loss/{name}")[[0, 100]] for name in chain.LOSSES}
    assert fell["cross-entropy"][1] < 0.25 * fell["cross-entropy"][0]
    assert fell["squared"][1] > 0.9 * fell["squared"][0]


# ---------------------------------------------------------------- interpolation, skips, digits


def test_the_line_ends_in_both_networks_and_the_barrier_is_above_their_chord():
    session = opened("interpolation", 60, width=8)
    line = drawn(session, "train_line")
    ends = [float(np.interp(s, *line.T)) for s in (0, 1)]
    assert ends == pytest.approx([column(session, f"loss/{name}")[60] for name in "AB"], abs=1e-6)
    inside = line[(line[:, 0] >= 0) & (line[:, 0] <= 1)]
    rise = (inside[:, 1] - np.interp(inside[:, 0], [0, 1], ends)).max()
    assert column(session, "barrier")[60] == pytest.approx(rise, rel=0.05)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_matching_units_changes_no_answer_and_undoes_a_permutation(batch_norm):
    net, losses = net_and_losses((2, 6, 5, 1), batch_norm=batch_norm)
    mixed = net.twin(np.float64)
    for layer, order in ((0, [3, 1, 5, 0, 2, 4]), (1, [4, 2, 0, 1, 3])):
        mixed.W[layer][:] = mixed.W[layer][:, order]
        mixed.offsets[layer][:] = mixed.offsets[layer][order]
        mixed.W[layer + 1][:] = mixed.W[layer + 1][order]
    assert losses(mixed.theta[None]) == pytest.approx(losses(net.theta[None]))
    assert planes.matched(net, net.theta, mixed.theta) == pytest.approx(net.theta)
    other, _ = net_and_losses((2, 6, 5, 1), batch_norm=batch_norm, seed=1)
    assert losses(planes.matched(net, net.theta, other.theta)[None]) == pytest.approx(losses(other.theta[None]))


def test_one_start_and_the_same_batches_up_to_a_step_are_one_network():
    session = opened("interpolation", 20, second="same start, other batches", alike=20, width=6)
    apart = column(session, "apart")
    assert apart[20] == 0
    session.seek(25)
    assert column(session, "apart")[25] > 0


def test_both_begin_with_the_same_weights_and_skips_leave_fewer_hollows():
    """text4b 77: the skip version has fewer local minima on the grid."""
    session = opened("skips", 0)
    plain, skipping = drawn(session, "plain", "skipping")
    assert np.array_equal(plain, skipping)
    session.seek(150)
    grounds = drawn(session, "plain_ground", "skips_ground")
    assert planes.hollows(grounds[0].z) > 2 * planes.hollows(grounds[1].z)
    assert column(session, "loss/skips")[150] < column(session, "loss/plain")[150]


def test_twelve_tanh_layers_learn_only_with_skips():
    session = opened("skips", 200, activation="tanh", batch_norm=False, rate=0.02, depth=16)
    assert column(session, "loss/plain")[200] == pytest.approx(LN_2, abs=0.01)
    assert column(session, "loss/skips")[200] < 0.05


@pytest.mark.parametrize("measure", ["cross-entropy", "squared"])
def test_the_cnn_under_many_weights_is_the_module_itself(measure):
    experiment = opened("digits", measure=measure, batch_norm=True, depth=1, filters_wide=3, skips=True).experiment
    losses, rng = experiment.losses, np.random.default_rng(0)
    thetas = (experiment.theta + 0.1 * rng.normal(size=(4, experiment.theta.size))).astype(np.float32)
    for theta, ours in zip(thetas, losses(thetas)):
        torch.nn.utils.vector_to_parameters(torch.from_numpy(theta), experiment.module.parameters())
        z = experiment.module(losses.x)
        shares = torch.nn.functional.one_hot(losses.y, 10) - z.softmax(dim=1)
        theirs = (shares**2).sum() / 2 / len(losses.y) if measure == "squared" else None
        theirs = torch.nn.functional.cross_entropy(z, losses.y) if theirs is None else theirs
        assert ours == pytest.approx(float(theirs.detach()), rel=1e-4)


def test_the_cnn_learns_to_read():
    session = opened("digits", 150)
    assert column(session, "right")[150] > 0.9
