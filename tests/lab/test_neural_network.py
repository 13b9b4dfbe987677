"""The network experiment: it learns what it should, fails where it must and says why, and its pictures are true."""

import warnings

import numpy as np
import pytest
import torch

from lab import marks
from lab.catalogue import Catalogue
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
        assert measured(session, "test_accuracy").max() > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_the_spiral_is_learnt_in_three_thousand_steps(seed):
    session = begun(seed, **KIND.presets["Spiral arms"])
    session.seek(3000)
    assert measured(session, "accuracy")[-1] > 0.95
    assert measured(session, "test_accuracy")[-1] > 0.9


def test_the_presets_do_what_their_names_say():
    for name, settings in KIND.presets.items():
        session = begun(1, **settings)
        session.seek(1000 if name != "Spiral arms" else 3000)
        fails = name.startswith("Fails")
        best = measured(session, "accuracy")[-1]
        assert best < 0.8 if fails else best > 0.93, f"{name}: {best}"


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
    session = begun(points={"kind": "moons", "n": 60, "noise": 0.3})
    session.seek(3000)
    assert "by heart" in session.experiment.said()
    assert measured(session, "test")[-1] > 2 * measured(session, "loss")[-1]


def test_steps_are_those_of_torch():
    """Ten steps on the same mini-batches by torch.optim.SGD, decaying weights and not offsets."""
    session = begun(points="spiral", rate=0.2, l2=0.05, layers=[5, 4], activation="relu")
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
    for metric in ("loss", "test", "accuracy", "test_accuracy"):
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
    assert not begun(test_share=0).experiment.tested.any()
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
        session = begun(points="moons", l2=l2)
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
    session = begun(l2=0.02)
    session.seek(33)
    layer, source, target = session.experiment.strongest()
    numbers = session.draw().values["update"].numbers
    assert numbers["w_t"] == session.experiment.net.W[layer][source, target]
    session.step()
    assert session.experiment.net.W[layer][source, target] == pytest.approx(numbers["w_{t+1}"], abs=1e-6)
    slope = numbers[r"\frac{\partial J}{\partial w}"]
    assert numbers["w_{t+1}"] == pytest.approx(numbers["w_t"] - 0.1 * slope, abs=1e-12)


def test_a_picked_unit_fills_the_big_map():
    session = begun()
    session.pick("unit", (0, 1))
    score = session.draw().values["score"].z
    np.testing.assert_allclose(score[:, 0], np.linspace(-6.5, 6.5, 100), atol=1e-5)
    session.pick("unit", (1, 5))
    np.testing.assert_array_equal(session.draw().values["score"].z, session.experiment.maps()[1][5])
    session.pick("unit", (7, 15))
    assert session.experiment.chosen() == (3, 0)


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
