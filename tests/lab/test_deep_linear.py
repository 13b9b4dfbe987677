"""Deep linear networks against the numbers of the course text (entries 79 to 88), scikit-learn and torch."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from lab.catalogue import Catalogue
from lab.maths import deep_linear as maths
from lab.session import Session

CATALOGUE = Catalogue()


def run(name, steps, **settings):
    session = Session(CATALOGUE.load(name), settings)
    session.seek(steps)
    return session


def column(session, name):
    return session.run.columns.views()[name]


def problem(d=4, n=50, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((d, n)) * np.arange(1, d + 1)[:, None]
    return x, rng.standard_normal((d, d)) @ x + rng.standard_normal((d, n))


# ---------------------------------------------------------------- the plane (79, 82, 87)


@pytest.mark.parametrize("L", [0.5, 1.0, -2.0])
def test_the_saddle_bends_by_plus_and_minus_L(L):
    assert np.linalg.eigvalsh(maths.bends(np.zeros(2), L, 0)) == pytest.approx([-abs(L), abs(L)])


def test_the_surface_and_its_slope_are_those_of_torch():
    theta = torch.tensor([0.7, -1.3], dtype=torch.double, requires_grad=True)
    loss = (1.5 - theta[0] * theta[1]) ** 2 / 2 + 0.1 * (theta**2).sum()
    loss.backward()
    place = theta.detach().numpy()
    assert maths.height(place, 1.5, 0.1) == pytest.approx(loss.item())
    assert maths.slope(place, 1.5, 0.1) == pytest.approx(theta.grad.numpy())
    hessian = torch.autograd.functional.hessian(
        lambda t: (1.5 - t[0] * t[1]) ** 2 / 2 + 0.1 * (t**2).sum(), theta.detach()
    )
    assert maths.bends(place, 1.5, 0.1) == pytest.approx(hessian.numpy())


def test_gradient_flow_keeps_the_difference_of_squares_and_descent_loses_what_the_law_says():
    session = run("deep-linear", 60, others="nobody", rate=0.1)
    flow, gd = column(session, "balance/flow"), column(session, "balance/GD")
    assert flow == pytest.approx(np.full(61, 2.2**2 - 1.1**2), abs=1e-4)
    errors = 1 - column(session, "product/GD")
    assert gd[1:] == pytest.approx(gd[0] * np.cumprod(1 - 0.01 * errors[:-1] ** 2), rel=1e-9)
    assert gd[0] - gd[-1] > 0.1


def test_a_smaller_rate_drifts_less():
    drifts = []
    for rate, steps in ((0.1, 60), (0.01, 600)):
        gd = column(run("deep-linear", steps, others="nobody", rate=rate), "balance/GD")
        drifts.append(gd[0] - gd[-1])
    assert 5 < drifts[0] / drifts[1] < 20


def test_exactly_on_the_saddle_descent_is_stuck():
    session = run("deep-linear", 5, begin=[0.0, 0.0], others="nobody")
    assert session.experiment.theta[0] == pytest.approx([0, 0])
    assert "stays for ever" in session.experiment.finished


@pytest.mark.parametrize(("decay", "size"), [(0.1, 0.894427191), (0.3, 0.632455532), (0.6, 0.0)])
def test_weight_decay_leaves_two_minima_and_then_only_the_origin(decay, size):
    assert np.abs(maths.least_norm(1, decay)) == pytest.approx(np.full((2 if size else 1, 2), size))
    session = run("deep-linear", 600, others="twenty seeds", decay=decay, rate=0.2)
    assert np.abs(session.experiment.theta) == pytest.approx(np.full((22, 2), size), abs=1e-4)


def test_each_block_step_moves_along_one_axis_and_never_raises_the_loss():
    session = Session(CATALOGUE.load("deep-linear"), {"method": "GD and alternating blocks", "decay": 0.15})
    for t in range(6):
        before = session.experiment.theta[2]
        session.step()
        after = session.experiment.theta[2]
        assert after[t % 2] == before[t % 2]
        assert maths.slope(after, 1, 0.15)[1 - t % 2] == pytest.approx(0, abs=1e-12)
        assert maths.height(after, 1, 0.15) <= maths.height(before, 1, 0.15)


# ---------------------------------------------------------------- two layers (80, 82 to 85)


def test_the_single_layer_is_that_of_least_squares():
    x, y = problem()
    assert maths.TwoLayers.of(x, y).single == pytest.approx(np.linalg.lstsq(x.T, y.T)[0].T)


def test_loss_and_gradients_are_those_of_torch():
    x, y = problem()
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((4, 2)), rng.standard_normal((2, 4))
    tA, tB = (torch.tensor(M, requires_grad=True) for M in (A, B))
    loss = ((torch.tensor(y) - tA @ tB @ torch.tensor(x)) ** 2).sum() / 100
    loss.backward()
    model = maths.TwoLayers.of(x, y)
    assert model.loss(A, B) == pytest.approx(loss.item())
    for mine, theirs in zip(model.gradients(A, B), (tA.grad, tB.grad)):
        assert mine == pytest.approx(theirs.numpy())


def test_every_choice_of_modes_is_critical_with_the_saddle_index_of_the_course():
    x, y = problem()
    model = maths.TwoLayers.of(x, y)
    C = np.array([[1.0, 0.4], [-0.3, 0.8]])
    expected = {(0, 1): 0, (0, 2): 1, (0, 3): 2, (1, 2): 2, (1, 3): 3, (2, 3): 4}
    assert set(maths.index_sets(4, 2)) == expected.keys()
    for chosen, down in expected.items():
        A, B = model.critical(chosen, C)
        assert max(np.abs(g).max() for g in model.gradients(A, B)) < 1e-11
        bends = np.linalg.eigvalsh(model.hessian(A, B))
        assert ((bends < -1e-8).sum(), (np.abs(bends) < 1e-8).sum()) == (down, 4)
        assert maths.saddle_index(chosen, 4) == down


def test_the_loss_there_has_the_factor_that_the_text_forgets():
    x, y = problem()
    model = maths.TwoLayers.of(x, y)
    A, B = model.critical((0, 2), np.eye(2))
    by_hand = ((y - A @ B @ x) ** 2).sum() / 100
    assert model.level((0, 2)) == pytest.approx(by_hand)
    assert 100 * by_hand == pytest.approx(np.trace(y @ y.T) - model.modes()[0][[0, 2]].sum())


def test_blocks_have_gradient_zero_and_the_loss_does_not_see_an_inner_change_of_basis():
    x, y = problem()
    model = maths.TwoLayers.of(x, y)
    rng = np.random.default_rng(1)
    A, B, P = rng.standard_normal((4, 2)), rng.standard_normal((2, 4)), rng.standard_normal((2, 2))
    assert np.abs(model.gradients(A, model.best_B(A))[1]).max() < 1e-10
    assert np.abs(model.gradients(model.best_A(B), B)[0]).max() < 1e-10
    assert model.loss(A @ P, np.linalg.solve(P, B)) == pytest.approx(model.loss(A, B))


def test_placed_on_a_saddle_it_stays_and_pushed_it_leaves():
    on = {"begin": "at the critical point", "indices": ["2", "4"]}
    still = column(run("deep-linear:matrices", 200, **on, nudge=0.0), "loss")
    assert still == pytest.approx(np.full(201, still[0]))
    pushed = run("deep-linear:matrices", 600, **on, nudge=0.01)
    assert column(pushed, "index")[0] == 3
    assert column(pushed, "loss")[-1] == pytest.approx(pushed.experiment.levels.min(), abs=1e-6)


def test_the_auto_encoder_finds_the_plane_of_scikit_learn():
    end = run("deep-linear:auto-encoder", 500).experiment
    pca = PCA(2).fit(end.x.T)
    assert maths.angles(end.A, pca.components_.T)[-1] < 0.1
    dropped = np.linalg.eigvalsh(end.x @ end.x.T)[0] / (2 * 90)
    assert end.model.loss(end.A, end.B) == pytest.approx(dropped, abs=1e-6)


# ---------------------------------------------------------------- many seeds, depth and the river (86, 88)


def test_twenty_seeds_end_at_one_loss_with_different_weights():
    theta = run("deep-linear", 400, others="twenty seeds", rate=0.1).experiment.theta[2:]
    assert maths.height(theta, 1, 0) == pytest.approx(np.zeros(20), abs=1e-6)
    assert np.ptp(theta[:, 0] ** 2) > 1


def test_deeper_networks_are_their_product_and_relu_is_not():
    for depth in (2, 3, 6):
        end = run("deep-linear:depth", 20, depth=depth, size=0.2).experiment
        assert end.gap() < 1e-12
    assert run("deep-linear:depth", 20, activation="ReLU").experiment.gap() > 0.1


def test_all_seeds_of_three_layers_come_to_loss_zero():
    end = run("deep-linear:depth", 400).experiment
    assert end.losses() == pytest.approx(np.zeros(20), abs=1e-6)


def test_the_river_is_flat_along_and_the_straight_way_is_not():
    session = run("deep-linear:river", 120)
    assert np.abs(column(session, "walk/along C(s)")).max() < 1e-10
    assert np.abs(column(session, "curvature/along")).max() < 1e-10
    assert column(session, "walk/straight").max() > 0.5


@pytest.mark.parametrize(("water", "joined"), [(0.45, False), (0.55, True)])
def test_the_two_rivers_join_when_the_water_reaches_the_saddle(water, joined):
    flood = run("deep-linear:river", 0, water=water).experiment.flood().z
    assert (set(np.unique(flood)) == {0, 2}) is joined
