"""The network experiment: it learns what it should, fails where it must and says why, and its pictures are true."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, r2_score

from lab import marks
from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.maths.optimisers import RULES
from lab.session import Session

KIND = Catalogue().load("neural-network")


def begun(seed=0, **settings):
    return Session(KIND, settings, seed)


def measured(session, metric):
    """The values of a metric, without the steps at which it was not measured."""
    column = session.run.columns.views()[metric]
    return column[~np.isnan(column)]


def panels(session):
    return [panel.title for panel in marks.panels(session.layout)]


def logits(session):
    """The last sums all over the plane, from the drawn scores."""
    return 2 * np.arctanh(session.experiment.score().z.astype(float))


# ---------------------------------------------------------------- training


@pytest.mark.parametrize("points", ["circle", "xor", "moons", "blobs"])
def test_it_soon_learns_the_easy_clouds_from_any_seed(points):
    for seed in range(3):
        session = begun(seed, points=points)
        session.seek(1000)
        assert measured(session, "accuracy").max() > 0.97
        assert measured(session, "test accuracy").max() > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_the_spiral_is_learnt_in_three_thousand_steps(seed):
    session = begun(seed, **KIND.presets["Spiral arms"])
    session.seek(3000)
    assert measured(session, "accuracy")[-1] > 0.95
    assert measured(session, "test accuracy")[-1] > 0.9


@pytest.mark.parametrize("name", KIND.presets)
def test_a_preset_does_what_its_name_says(name):
    session = begun(1, **KIND.presets[name])
    while session.t < (1000 if "batch norm" in name else 3000 if "rms" in name else 2000) and session.step():
        pass
    judged = "fit" if "formula" in name else "accuracy" if len(session.experiment.test) == 0 else "test accuracy"
    best = measured(session, judged)[-1]
    assert best < 0.85 if name.startswith("Fails") else best > 0.87, f"{name}: {best}"
    assert session.experiment.said()


def test_a_failure_says_why():
    session = begun(points="xor", layers=[])
    assert "straight line" in session.experiment.said()
    session = begun(activation="identity")
    assert "straight line" in session.experiment.said()
    session = begun(activation="relu", layers=[3])
    for W, offsets in zip(session.experiment.net.W[:1], session.experiment.net.offsets[:1]):
        W[:, :2], offsets[:2] = 0, -1
        W[:, 2], offsets[2] = 0, 1
    assert "2 of 3 hidden units are dead" in session.experiment.said()


def test_few_noisy_points_are_learnt_by_heart():
    session = begun(**KIND.presets["Fails: few noisy points, learnt by heart"])
    session.seek(3000)
    assert "by heart" in session.experiment.said()
    assert measured(session, "test")[-1] > 2 * measured(session, "loss")[-1]


def test_steps_are_those_of_torch():
    """Ten steps on the same mini-batches by torch.optim.SGD, decaying weights and not offsets."""
    session = begun(points="spiral", rate=0.2, extras=["L2"], l2=0.05, layers=[5, 4], activation="relu")
    experiment = session.experiment
    weights = [torch.tensor(W, requires_grad=True) for W in experiment.net.W]
    offsets = [torch.tensor(b, requires_grad=True) for b in experiment.net.offsets]
    walk = torch.optim.SGD([{"params": weights, "weight_decay": 0.05}, {"params": offsets}], lr=0.2)
    x, y = torch.tensor(experiment.x, dtype=torch.float32), torch.tensor(experiment.labels == 0, dtype=torch.float32)
    order = experiment.order
    for t in range(10):
        batch = order[10 * t : 10 * t + 10]
        a = x[batch]
        for i, (W, b) in enumerate(zip(weights, offsets)):
            a = a @ W + b if i == 2 else torch.relu(a @ W + b)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(a[:, 0], y[batch])
        walk.zero_grad()
        loss.backward()
        walk.step()
        session.step()
        assert measured(session, "batch")[-1] == pytest.approx(loss.item(), rel=1e-4)
    for ours, theirs in zip([*experiment.net.W, *experiment.net.offsets], [*weights, *offsets], strict=True):
        np.testing.assert_allclose(ours, theirs.detach(), atol=1e-5)


def test_a_batch_is_measured_every_step_and_the_whole_set_every_epoch():
    session = begun(test_share=0.2)  # 250 points, of which 200 train: 20 batches of 10
    session.seek(60)
    assert len(session.experiment.train) == 200
    columns = session.run.columns.views()
    assert np.flatnonzero(~np.isnan(columns["batch"])).tolist() == list(range(1, 61))
    for metric in ("loss", "test", "accuracy", "test accuracy"):
        assert np.flatnonzero(~np.isnan(columns[metric])).tolist() == [0, 20, 40, 60]


def test_an_epoch_sees_every_training_point_once_in_a_new_order():
    session = begun(batch=30)
    experiment = session.experiment
    orders = []
    for _ in range(3):
        orders.append(experiment.order.tolist())
        session.seek(session.t + 7)  # 200 points in six batches of 30 and one of 20
        assert experiment.at == 0
    assert sorted(orders[0]) == sorted(orders[1]) == experiment.train.tolist()
    assert orders[0] != orders[1] != orders[2]


def test_test_points_never_train():
    session = begun(points="moons")
    before = session.experiment.test
    assert not set(before.tolist()) & set(session.experiment.order.tolist())
    session.seek(100)
    session.act("points.paint", [int(before[0]), 1 - int(session.experiment.labels[before[0]])])
    painted = session.experiment.net.theta.copy()
    assert session.experiment.test.tolist() == before.tolist()
    np.testing.assert_array_equal(session.experiment.net.theta, painted)
    assert not begun(test_share=0).experiment.tested().any()
    assert "test" not in begun(test_share=0).run.columns.arrays


def test_the_batch_size_changes_within_an_epoch():
    session = begun()
    session.seek(5)
    session.set("batch", 75)  # 50 of 200 points are done: 75 and 75 are left
    session.seek(7)
    assert session.experiment.at == 0
    assert session.experiment.epoch == 1


def test_the_penalty_keeps_weights_small():
    sizes = []
    for l2 in (0, 0.05):
        session = begun(points="moons", extras=["L2"], l2=l2)
        session.seek(2000)
        sizes.append(sum(float((W**2).sum()) for W in session.experiment.net.W))
    assert sizes[1] < sizes[0] / 3


def test_a_rate_beyond_all_reason_diverges_quietly():
    session = begun(activation="relu", points={"kind": "spiral", "noise": 0.5}, rate=10, layers=[16] * 6, seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session.seek(200)
        session.experiment.net.theta[:] = np.nan
        session.step()
        assert "smaller η" in session.draw().values["said"]
    assert session.run.diverged


# ---------------------------------------------------------------- points by hand


def test_a_third_class_grows_an_output_and_hidden_layers_stay():
    session = begun()
    session.seek(30)
    net = session.experiment.net
    kept = [W.copy() for W in net.W[:-1]]
    assert "Unit" not in panels(session)
    session.act("points.add", [0.5, 5.5, 2])
    grown = session.experiment.net
    assert grown.widths == (2, 8, 8, 3)
    for old, new in zip(kept, grown.W):
        np.testing.assert_array_equal(old, new)
    assert {"Boundary", "Unit"} <= set(panels(session))
    session.seek(100)
    shares = session.experiment.sureness()
    assert shares.min() >= 0
    assert shares.max() <= 1
    session.act("points.erase", [len(session.experiment.x) - 1])
    assert session.experiment.net.widths == (2, 8, 8, 1)
    theta = session.experiment.net.theta.copy()
    session.seek(10)
    session.seek(100)
    np.testing.assert_array_equal(session.experiment.net.theta, theta)


def test_a_dragged_point_is_trained_on_where_it_lies():
    session = begun(test_share=0)
    gesture = session.gesture()
    for x in (1.0, 2.0, 3.0):
        session.act("points.move", [4, x, -1.0], gesture, replaces=True)
    np.testing.assert_array_equal(session.experiment.inputs[:, 4], np.float32([3, -1]))
    session.step()
    assert session.undo()
    assert session.experiment.x[4].tolist() != [3, -1]


# ---------------------------------------------------------------- pictures


def test_maps_are_the_answers_of_torch_at_each_place():
    """Row 30 is y = −6.5 + 30 · 13/99, column 80 is x = −6.5 + 80 · 13/99."""
    session = begun(layers=[3, 2])
    session.seek(20)
    place = torch.tensor([[-6.5 + 80 * 13 / 99, -6.5 + 30 * 13 / 99]], dtype=torch.float32)
    net, a = session.experiment.net, place
    maps = session.draw(["links", "score", "chosen"]).values
    for W, offset, units in zip(net.W[:2], net.offsets[:2], session.experiment.maps()[1:]):
        a = torch.tanh(a @ torch.tensor(W) + torch.tensor(offset))
        np.testing.assert_allclose(units[:, 30, 80], a[0], atol=1e-5)
    share = torch.sigmoid(a @ torch.tensor(net.W[2]) + torch.tensor(net.offsets[2])).item()
    assert maps["score"].z[30, 80] == pytest.approx(2 * share - 1, abs=1e-5)
    assert maps["links"].maps[3][0][7, 19] == maps["score"].z[30, 78]
    assert maps["chosen"] == (3, 0)


def test_positive_scores_are_where_the_first_class_is():
    session = begun(points="moons")
    session.seek(1000)
    score, experiment = session.experiment.score().z, session.experiment
    rows, columns = np.rint((experiment.x[:, ::-1].T + 6.5) / 13 * 99).astype(int)
    assert ((score[rows, columns] > 0) == (experiment.labels == 0)).mean() > 0.97


def test_five_clumps_have_five_regions():
    session = begun(points="blobs")
    session.seek(500)
    experiment = session.experiment
    assert set(np.unique(experiment.territory().z)) == set(range(5))
    rows, columns = np.rint((experiment.x[:, ::-1].T + 6.5) / 13 * 99).astype(int)
    assert (experiment.territory().z[rows, columns] == experiment.labels).mean() > 0.97


@pytest.mark.parametrize("settings", [{"layers": []}, {"activation": "identity"}])
def test_without_a_bend_the_border_is_straight(settings):
    session = begun(points="xor", rate=0.01, **settings)
    session.seek(100)
    z = logits(session)
    assert np.abs(np.diff(z, 2, axis=0)).max() < 1e-3
    assert np.abs(np.diff(z, 2, axis=1)).max() < 1e-3
    assert np.ptp(z) > 1
    session = begun(points="xor")
    session.seek(100)
    assert np.abs(np.diff(logits(session), 2, axis=0)).max() > 0.01


def test_the_update_foretells_the_next_step():
    session = begun(extras=["L2"], l2=0.02)
    session.seek(33)
    layer, source, target = session.experiment.strongest()
    numbers = session.draw().values["update"].numbers
    assert numbers["w_t"] == session.experiment.net.W[layer][source, target]
    session.step()
    assert session.experiment.net.W[layer][source, target] == pytest.approx(numbers["w_{t+1}"], abs=1e-6)
    slope = numbers[r"\frac{\partial J}{\partial w}"]
    assert numbers["w_{t+1}"] == pytest.approx(numbers["w_t"] - 0.1 * slope, abs=1e-7)


def test_a_picked_unit_fills_the_big_map():
    session = begun()
    session.pick("unit", (0, 1))
    score = session.draw().values["score"].z
    np.testing.assert_allclose(score[:, 0], np.linspace(-6.5, 6.5, 100), atol=1e-5)
    session.pick("unit", (1, 5))
    np.testing.assert_array_equal(session.draw().values["score"].z, session.experiment.maps()[1][5])
    session.pick("unit", (7, 15))
    assert session.experiment.chosen() == (3, 0)
    session.pick("unit", (2, 31))
    assert session.experiment.chosen() == (2, 7)


def test_what_is_drawn_outlives_the_next_step():
    session = begun()
    frame = session.draw()
    score, link = frame.values["score"].z.copy(), frame.values["links"].maps[1].copy()
    session.seek(50)
    session.draw()
    np.testing.assert_array_equal(frame.values["score"].z, score)
    np.testing.assert_array_equal(frame.values["links"].maps[1], link)


def test_an_activation_changes_in_mid_run_and_weights_stay():
    session = begun(points="xor")
    session.seek(200)
    theta = session.experiment.net.theta.copy()
    session.set("activation", "identity")
    np.testing.assert_array_equal(session.experiment.net.theta, theta)
    session.seek(1500)
    assert measured(session, "accuracy")[-1] < 0.8
    session.set("activation", "tanh")
    session.seek(3500)
    assert measured(session, "accuracy")[-1] > 0.95


# ---------------------------------------------------------------- numbers of the texts

FOUR_INPUTS = ["x₁", "x₂", "x₁²", "x₂²"]


@pytest.mark.parametrize(
    ("inputs", "layers", "count", "said"),
    [
        (FOUR_INPUTS, [5], 31, "4·5+5 + 5·1+1 = 31"),
        (FOUR_INPUTS, [4, 3, 5], 61, "p = 61 weights and offsets"),
        (["x₁", "x₂"], [], 3, "2·1+1 = 3"),
        (["x₁", "x₂"], [4], 17, "2·4+4 + 4·1+1 = 17"),
        (["x₁", "x₂"], [10], 41, "2·10+10 + 10·1+1 = 41"),
    ],
)
def test_fully_connected_network_forward_pass_parameter_counting(inputs, layers, count, said):
    experiment = begun(inputs_chosen=inputs, layers=layers).experiment
    assert experiment.net.theta.size == count
    assert experiment.size() == said


def test_layer_fully_connected_layer_weight_count():
    """Three inputs and two units: 6 weights, 2 offsets; two units into two: 4 links; one link cut is marked."""
    session = begun(inputs_chosen=["x₁", "x₂", "x₁x₂"], layers=[2], points={"kind": "blobs", "classes": 3})
    net = session.experiment.net
    assert (net.W[0].size, net.offsets[0].size) == (6, 2)
    assert begun(layers=[2, 2]).experiment.links().weights[1].size == 4
    session.act("hold_weight", [0, 2, 1, -1])
    links = session.draw(["links"]).values["links"]
    assert [int((held == -1).sum()) for held in links.held] == [1, 0]
    assert session.experiment.size() == "3·2+2 + 2·3+3 − 1 = 16"


def test_single_fully_connected_layer():
    """X is m × 1, W m × n, W₀ n × 1 and Z = WᵀX + W₀ n × 1: the matrix beside the links holds just these."""
    session = begun(layers=[5], activation="sigmoid")
    session.pick("unit", (1, 2))
    experiment = session.experiment
    assert experiment.shapes() == "layer 1: W is 2 × 5, W₀ is 5 × 1"
    table = experiment.table()
    assert np.argwhere(experiment.table_lit()).tolist() == [[0, 2], [1, 2], [2, 2]]
    z = table[:2].T @ experiment.inputs[:, 0] + table[2]
    np.testing.assert_allclose(experiment.net.forward(experiment.inputs).A[1][:, 0], 1 / (1 + np.exp(-z)), atol=1e-6)


def test_counting_hidden_layers():
    """L layers have L − 1 hidden ones; the inputs are layer 0 and not counted."""
    experiment = begun(layers=[8]).experiment
    assert experiment.stacked().startswith("L = 2, 1 hidden")
    assert [row[:2] for row in experiment.stack()] == [("0", "input"), ("1", "hidden"), ("2", "output")]


@pytest.mark.parametrize("seed", range(5))
def test_sgd_neural_net_training_loop_solves_xor(seed):
    """Four points, one a step, rate 0.3: 2-4-1 with tanh from every seed."""
    session = begun(seed, **KIND.presets["XOR of four points, one at a time (SGD)"])
    session.seek(3000)
    assert measured(session, "accuracy")[-1] == 1
    session.set("layers", [])
    session.seek(3000)
    assert measured(session, "accuracy").max() <= 0.75  # a single layer only separates linearly


def test_sgd_neural_net_training_loop_is_the_texts():
    """W^l −= η A^(l−1) (∂L/∂Z^l)ᵀ, with ∂L/∂Z^l = f′(Z^l) · W^(l+1) ∂L/∂Z^(l+1), for the one point of a batch."""
    session = begun(layers=[3], batch=1, rate=0.2)
    experiment = session.experiment
    at = experiment.order[0]
    W, offsets = ([part.astype(float) for part in parts] for parts in (experiment.net.W, experiment.net.offsets))
    x, y = experiment.x[at], float(experiment.labels[at] == 0)
    a = np.tanh(W[0].T @ x + offsets[0])
    last = 1 / (1 + np.exp(-(W[1].T @ a + offsets[1]))) - y
    first = (1 - a**2) * (W[1] @ last)
    session.step()
    np.testing.assert_allclose(experiment.net.W[1], W[1] - 0.2 * np.outer(a, last), atol=1e-6)
    np.testing.assert_allclose(experiment.net.W[0], W[0] - 0.2 * np.outer(x, first), atol=1e-6)
    np.testing.assert_allclose(experiment.net.offsets[0], offsets[0] - 0.2 * first, atol=1e-6)


def test_linear_layers_collapse():
    """With the identity, all layers are one: W^1 W^2 W^3."""
    session = begun(points="xor", activation="identity", rate=0.01)
    session.seek(100)
    net, x = session.experiment.net, session.experiment.inputs
    whole = net.W[0] @ net.W[1] @ net.W[2]
    offset = (net.offsets[0] @ net.W[1] + net.offsets[1]) @ net.W[2] + net.offsets[2]
    np.testing.assert_allclose(net.forward(x, sums=True).Z[-1], whole.T @ x + offset[:, None], atol=1e-4)


@pytest.mark.parametrize(("begin", "activation"), [("zero", "tanh"), ("zero", "relu"), ("constant", "sigmoid")])
def test_random_vs_zero_initialisation(begin, activation):
    """Units that begin alike stay alike; with zeros and tanh or relu the hidden weights never move."""
    session = begun(points="xor", layers=[8], begin=begin, activation=activation, random_offsets=False)
    assert begun(begin=begin).experiment.random_offsets is False
    session.seek(300)
    W = session.experiment.net.W
    assert np.ptp(W[0], axis=1).max() == 0
    assert begin == "constant" or not W[0].any()
    assert "they act as one" in session.experiment.said()


def test_vectorised_mini_batch_forward_pass():
    """Column i of the heat map is the pass of sample i alone."""
    session = begun(layers=[6], batch=7)
    session.pick("unit", (1, 2))
    session.seek(30)
    experiment = session.experiment
    cells, samples = experiment.strip(), experiment.samples()
    assert cells.shape == (6, 7)
    for column, sample in zip(cells.T, samples):
        np.testing.assert_allclose(column, experiment.net.forward(experiment.inputs[:, [sample]]).A[1][:, 0], atol=1e-6)
    session.pick("cell", (2, 3))
    said = session.draw(["strip_says", "strip_lit"]).values
    assert said["strip_says"].startswith(f"h₃, point {samples[3]}: ")
    assert np.argwhere(said["strip_lit"]).tolist() == [[2, 3]]


def test_wide_vs_thin_flat_weight_vector():
    """theta is all weights and offsets in a row, and they are views of it."""
    net = begun(layers=[16, 4]).experiment.net
    parts = [np.concatenate([W.ravel(), offsets]) for W, offsets in zip(net.W, net.offsets)]
    np.testing.assert_array_equal(np.concatenate(parts), net.theta)
    assert net.theta.size == 3 * 16 + 17 * 4 + 5


def test_deep_fully_connected_network_universal_approximation():
    """Width enough, and even labels without any pattern are learnt without a mistake."""
    session = begun(**KIND.presets["Fails: no pattern at all, learnt by heart"])
    session.seek(4000)
    assert measured(session, "accuracy").max() == 1
    assert measured(session, "test accuracy")[-1] < 0.7


# ---------------------------------------------------------------- against torch


def torch_twin(net):
    """The same network as torch.nn has it, its layers' batch norms between sums and tanh."""
    parts = []
    for i, (W, offsets) in enumerate(zip(net.W, net.offsets)):
        linear = torch.nn.Linear(*W.shape)
        linear.weight.data, linear.bias.data = torch.tensor(W.T.copy()), torch.tensor(offsets)
        parts += [linear, *([torch.nn.BatchNorm1d(W.shape[1]), torch.nn.Tanh()] if i < len(net.W) - 1 else [])]
    return torch.nn.Sequential(*parts)


def test_fifty_steps_of_adam_with_batch_norm_are_those_of_torch():
    session = begun(
        points="moons",
        layers=[6, 5],
        optimiser="Adam",
        rate=0.01,
        batch_norm=True,
        epsilon=1e-3,
        batch=20,
        test_share=0,
    )
    experiment = session.experiment
    model = torch_twin(experiment.net)
    walk = torch.optim.Adam(model.parameters(), lr=0.01, eps=1e-3)
    x, y = torch.tensor(experiment.inputs.T.copy()), torch.tensor(experiment.targets[0])
    for _ in range(50):
        batch = experiment.order[experiment.at : experiment.at + 20]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(x[batch])[:, 0], y[batch])
        walk.zero_grad()
        loss.backward()
        walk.step()
        session.step()
        assert measured(session, "batch")[-1] == pytest.approx(loss.item(), abs=1e-5)
    net = experiment.net
    for i, linear in enumerate(model[::3]):
        np.testing.assert_allclose(net.W[i], linear.weight.detach().T, atol=1e-5)
        np.testing.assert_allclose(net.offsets[i], linear.bias.detach(), atol=1e-5)
    for i, norm in enumerate(model[1::3]):
        for ours, theirs in ((net.gamma, norm.weight), (net.beta, norm.bias), (net.mean, norm.running_mean)):
            np.testing.assert_allclose(ours[i], theirs.detach(), atol=1e-5)
    model.eval()
    np.testing.assert_allclose(net.forward(experiment.inputs, sums=True).Z[-1], model(x).detach().T, atol=1e-5)


def test_what_flows_back_from_one_point_is_torchs_gradient():
    session = begun(layers=[4, 3], points="blobs")
    session.seek(50)
    session.pick("point", 7)
    session.set("links_show", "gradient")
    links = session.draw(["links", "picked_place", "size"]).values
    experiment = session.experiment
    parts = [
        [torch.tensor(part, requires_grad=True) for part in pair]
        for pair in zip(*(experiment.net.W, experiment.net.offsets))
    ]
    a = torch.tensor(experiment.inputs[:, 7])
    for i, (W, offsets) in enumerate(parts):
        a = a @ W + offsets if i == 2 else torch.tanh(a @ W + offsets)
    torch.nn.functional.cross_entropy(a, torch.tensor(experiment.labels[7])).backward()
    for ours, (W, _) in zip(links["links"].flow, parts, strict=True):
        np.testing.assert_allclose(ours, W.grad, atol=1e-6)
    np.testing.assert_array_equal(links["picked_place"], experiment.x[[7]])
    assert links["size"] == "links: ∂L/∂w of point 7"


def test_the_marks_of_the_rate_are_one_and_two_over_the_largest_curvature():
    session = begun(layers=[3], batch=500, test_share=0, points={"n": 100})
    session.seek(20)
    experiment = session.experiment
    x, y = torch.tensor(experiment.x), torch.tensor(experiment.labels == 0, dtype=torch.float64)

    def loss(theta):
        hidden = torch.tanh(x @ theta[:6].reshape(2, 3) + theta[6:9])
        return torch.nn.functional.binary_cross_entropy_with_logits(hidden @ theta[9:12] + theta[12], y)

    theta = torch.tensor(experiment.net.theta, dtype=torch.float64)
    sharpest = torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, theta))[-1].item()
    np.testing.assert_allclose(experiment.safe(), [1 / sharpest, 2 / sharpest], rtol=1e-3)
    session.set("optimiser", "momentum")
    np.testing.assert_allclose(experiment.safe(), [1 / sharpest, 3.8 / sharpest], rtol=1e-3)
    session.set("optimiser", "Adam")
    assert not len(experiment.safe())


# ---------------------------------------------------------------- against overfitting


def test_early_stopping_puts_the_best_weights_back():
    session = begun(**KIND.presets["Few noisy points: stopped early"])
    while session.step():
        pass
    experiment = session.experiment
    losses = measured(session, "validation")
    assert losses[-1] == losses[1:].min() == pytest.approx(experiment.best_loss)
    assert losses[-2] > losses[-1]
    assert experiment.epoch - experiment.best_epoch == 30
    assert f"weights of step {experiment.best_t} are put back" in session.finished
    assert session.draw(["best_step"]).values["best_step"].tolist() == [experiment.best_t]


def test_validation_test_and_training_points_are_apart():
    experiment = begun(validation_share=0.3, test_share=0.3).experiment
    parts = [experiment.train, experiment.validation, experiment.test]
    assert sorted(np.concatenate(parts).tolist()) == list(range(250))
    assert min(map(len, parts)) > 40
    assert "there are none" in begun(extras=["early stopping"]).experiment.unwatched()


def test_extras_act_only_while_they_are_chosen():
    session = begun(extras=["L1", "dropout", "input noise"], l1=0.05, dropout=0.5, noise=0.7)
    net = session.experiment.net
    assert (net.drop, net.noise) == ([0, 0.5, 0.5], 0.7)
    assert session.experiment.penalties() == (0, 0.05)
    session.seek(50)
    session.set("extras", ["L2"])
    assert (net.drop, net.noise) == ([0, 0, 0], 0)
    assert session.experiment.penalties() == (0.01, 0)


def test_l1_makes_weights_vanish():
    small = []
    for extras in ([], ["L1"]):
        session = begun(points="moons", extras=extras, l1=0.02)
        session.seek(1500)
        small.append(np.mean([np.abs(W).min(axis=1).mean() < 0.02 for W in session.experiment.net.W]))
    assert small[1] > small[0]


@pytest.mark.parametrize("optimiser", RULES)
def test_every_optimiser_learns_the_moons(optimiser):
    rate = {"GD": 0.1, "Adagrad": 0.1, "Adadelta": 1}.get(optimiser, 0.01)
    session = begun(points="moons", optimiser=optimiser, rate=rate)
    session.seek(1500)
    assert measured(session, "accuracy")[-1] > 0.95


def test_a_schedule_lowers_the_rate_from_epoch_to_epoch():
    session = begun(schedule="steps", decay=0.5, period=2, rate=0.4)
    rates = []
    for epoch in range(5):
        session.seek(20 * epoch)
        rates.append(session.experiment.knobs().rate)
    assert rates == pytest.approx([0.4, 0.4, 0.2, 0.2, 0.1])


# ---------------------------------------------------------------- weights by hand


def test_a_typed_weight_is_the_weight():
    session = begun()
    session.act("set_weight", [1, 2, 3, -1.5])
    assert session.experiment.net.W[1][2, 3] == -1.5
    for wrong in ([5, 0, 0, 1.0], [0, 2, 0, 1.0], [0, -1, 0, 1.0], [0, 0, 0, 1e9]):
        with pytest.raises(ValueError, match=r"layer|weight"):
            session.act("set_weight", wrong)


def test_what_is_frozen_stays_and_what_is_off_is_silent():
    session = begun(points="moons", layers=[4], optimiser="Adam", rate=0.02)
    net = session.experiment.net
    session.act("hold_weight", [1, 0, 0, 1])
    session.act("hold_unit", [1, 1, 1])
    session.act("hold_unit", [1, 2, -1])
    before, after = net.W[0].copy(), net.W[1].copy()
    session.seek(200)
    np.testing.assert_array_equal(net.W[0][:, 1], before[:, 1])
    assert net.W[1][0, 0] == after[0, 0]
    assert (net.W[0][:, 0] != before[:, 0]).all()
    assert not session.experiment.maps()[1][2].any()
    held = session.draw(["links"]).values["links"].held
    np.testing.assert_array_equal(held[0], [[0, 1, 0, 0], [0, 1, 0, 0]])
    np.testing.assert_array_equal(held[1], [[1], [0], [-1], [0]])
    session.act("points.add", [0.5, 5.5, 2])  # a third class: outputs are new, what is held in layer 1 stays
    assert session.experiment.net.held_units[1].tolist() == [0, 1, 2, 0]
    session.act("hold_unit", [1, 2, 0])
    assert session.experiment.maps()[1][2].any()
    with pytest.raises(ValueError, match="output"):
        session.act("hold_unit", [2, 0, -1])


def test_a_frozen_first_layer_leaves_the_second_to_learn():
    session = begun(points="moons", layers=[12])
    net = session.experiment.net
    for unit in range(12):
        session.act("hold_unit", [1, unit, 1])
    before = net.W[0].copy()
    session.seek(1500)
    np.testing.assert_array_equal(net.W[0], before)
    assert measured(session, "accuracy")[-1] > 0.9


# ---------------------------------------------------------------- inputs, formulas, confusion


def test_inputs_are_what_their_names_say():
    session = begun(
        inputs_chosen=["x₁²", "sin x₂", "cubes", "RBF"],
        points={"kind": "own", "x": [[2, -3], [4, 0]], "y": [0, 1], "number": [0, 1]},
    )
    experiment = session.experiment
    expected = [4, -0.14112, 8, -12, 18, -27]
    np.testing.assert_allclose(experiment.inputs[:6, 0], expected, atol=1e-5)
    assert experiment.inputs[6:, 1].argmax() == 5  # the bump at (4, 0)
    assert experiment.inputs[11, 1] == 1
    np.testing.assert_allclose(np.delete(experiment.inputs[6:, 1], 5)[[1]], np.exp(-4), atol=1e-6)
    assert experiment.links().names[0][:3] == ["x₁²", "sin x₂", "x₁³"]
    assert len(experiment.links().names[0]) == 15


def test_scaled_inputs_have_mean_0_and_spread_1():
    session = begun(inputs_chosen=["x₁", "cubes"], scaled=True)
    np.testing.assert_allclose(session.experiment.inputs.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(session.experiment.inputs.std(axis=1), 1, atol=1e-5)
    session.pick("unit", (0, 1))
    assert session.experiment.score().z[99, 99] > 5  # 6.5 cubed, in spreads


def test_squares_make_a_line_a_circle():
    """Without a hidden layer the border w₁x₁² + w₂x₂² = c is learnt from squares alone."""
    session = begun(**KIND.presets["Disc by squares alone: no hidden layer"])
    session.seek(2000)
    assert measured(session, "accuracy")[-1] > 0.97


def test_a_formula_is_learnt_in_its_own_units():
    session = begun(**KIND.presets["A typed formula"] | {"target": "20 * sin(x1)", "layers": [12]})
    session.seek(3000)
    experiment = session.experiment
    z = 20 * np.sin(experiment.x[:, 0])
    assert experiment.high == pytest.approx(20, abs=0.1)
    np.testing.assert_allclose(experiment.heights(), z, atol=1e-3)
    fitted = experiment.high * experiment.net.forward(experiment.inputs).A[-1][0]
    test = experiment.test
    at = session.t // 20 * 20
    assert session.run.columns.views()["test fit"][at] == pytest.approx(r2_score(z[test], fitted[test]), abs=1e-4)
    assert measured(session, "fit")[-1] > 0.9
    np.testing.assert_allclose(
        experiment.missed().z[0], experiment.fitted().z[0] - 20 * np.sin(np.linspace(-6.5, 6.5, 100)), atol=1e-4
    )
    assert {"Fit", "Height", "Error", "R²"} <= set(panels(session))
    with pytest.raises(Unfit, match="no value"):
        begun(task="a formula", target="log(x1)")
    session.set("task", "classes")
    assert "Confusion" in panels(session)


@pytest.mark.parametrize(("points", "told"), [("blobs", "test"), ("moons", "training"), ("moons", "validation")])
def test_the_confusion_matrix_is_scikit_learns(points, told):
    session = begun(points=points, told=told)
    session.seek(60)
    experiment = session.experiment
    which, members = experiment.counted()
    assert which == ("test" if told == "test" else "training")  # there are no validation points
    expected = confusion_matrix(
        experiment.labels[members], experiment.answered()[members], labels=range(experiment.points.classes)
    )
    np.testing.assert_array_equal(session.draw(["confusion"]).values["confusion"], expected)
    assert experiment.confusion_of().startswith(f"{len(members) - np.trace(expected)} of {len(members)} {which}")


@pytest.mark.parametrize("measure", ["squared", "hinge"])
@pytest.mark.parametrize("points", ["circle", "blobs"])
def test_other_losses_learn_too(measure, points):
    session = begun(points=points, measure=measure, rate=0.2 if measure == "squared" else 0.05)
    session.seek(2000)
    assert measured(session, "accuracy")[-1] > 0.9
    score = session.experiment.score().z
    assert np.isfinite(score).all()
    if points == "blobs":
        assert 0 <= session.experiment.sureness().min() <= session.experiment.sureness().max() <= 1


def test_gradients_fade_through_sigmoid_layers():
    session = begun(**KIND.presets["Fails: eight sigmoid layers, for the gradient fades on its way back"])
    session.seek(200)
    assert measured(session, "norm/layer 1")[-1] < 1e-3 * measured(session, "norm/output")[-1]
    assert "hardly learns" in session.experiment.said()


def test_the_largest_network_is_drawn():
    session = begun(layers=[32] * 8, points={"kind": "spiral", "classes": 8, "n": 400}, batch_norm=True)
    session.seek(3)
    links = session.draw().values["links"]
    assert [len(layer) for layer in links.maps] == [2] + [32] * 8 + [8]
