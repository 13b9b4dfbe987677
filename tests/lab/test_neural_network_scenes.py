"""The scenes of the neural network against the texts' numbers, torch, scikit-learn and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.maths import tiles
from lab.maths.layers import Network
from lab.session import Session

CATALOGUE = Catalogue()
CORNERS = {"kind": "own", "x": [[-3, -3], [3, 3], [-3, 3], [3, -3]], "y": [0, 0, 1, 1], "number": [0, 1, 2, 3]}


def begun(scene: str, steps: int = 0, **settings: Any) -> Any:
    """A session of the scene after so many steps."""
    session = Session(CATALOGUE.load(f"neural-network:{scene}"), settings, 0)
    for _ in range(steps):
        session.step()
    return session


def run(scene: str, steps: int = 0, **settings: Any) -> Any:
    return begun(scene, steps, **settings).experiment


def metrics(scene: str, steps: int, **settings: Any) -> Any:
    return begun(scene, steps, **settings).run.columns.views()


def in_torch(net: Network, last: Any = None) -> Any:
    """The same network in torch, float64."""
    import torch

    layers: list[Any] = []
    kinds = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "identity": torch.nn.Identity}
    for W, offset in zip(net.W, net.offsets):
        linear = torch.nn.Linear(len(W), W.shape[1], dtype=torch.float64)
        linear.weight.data, linear.bias.data = torch.tensor(W.T.astype(float)), torch.tensor(offset.astype(float))
        layers += [linear, kinds[net.hidden]()]
    return torch.nn.Sequential(*layers[:-1], *([last] if last else []))


# ---------------------------------------------------------------- tiles (text 3: Piecewise-affine networks …)


def test_the_bound_on_tiles_is_the_texts() -> None:
    """1 + N + N(N − 1)/2 for one hidden layer of N units on the plane; each further layer can cut each tile again."""
    assert [tiles.most((2, n, 1)) for n in (1, 2, 3, 8)] == [2, 4, 7, 37]
    assert tiles.most((2, 3, 2, 1)) == 7 * 4


def test_three_lines_in_general_position_make_seven_tiles() -> None:
    net = Network((2, 3, 1), "relu", "identity", np.float64)
    net.W[0][:], net.offsets[0][:] = [[1, 0, 1], [0, 1, 1]], [0, 0, -1]
    axis = np.linspace(-3, 3, 121)
    places = np.stack([part.ravel() for part in np.meshgrid(axis, axis)])
    assert len(np.unique(tiles.numbers(tiles.signs(net, places)))) == 7
    assert tiles.crossings(net.W[0], net.offsets[0], (-3, 3), (-3, 3)) == (3, 3)


def test_on_a_tile_the_network_is_the_affine_map_that_autograd_finds() -> None:
    import torch

    net = Network((2, 6, 5, 1), "relu", "identity", np.float64)
    net.draw_weights(np.random.default_rng(4))
    model = in_torch(net)
    for x in np.random.default_rng(5).uniform(-3, 3, (20, 2)):
        A, c = tiles.piece(net, tiles.signs(net, x[:, None])[:, 0])
        at = torch.tensor(x, requires_grad=True)
        answer = model(at)
        answer.backward()
        assert at.grad is not None
        assert A[0] == pytest.approx(at.grad.numpy(), abs=1e-12)
        assert A @ x + c == pytest.approx(answer.detach().numpy(), abs=1e-12)


def test_the_tiles_scene_counts_no_more_than_the_law_allows() -> None:
    seen = metrics("tiles", 60)
    law, grid, most = (seen[f"tiles/{name}"] for name in ("1 + lines + crossings", "on the grid", "at most"))
    law, grid, most = (part[np.isfinite(part)] for part in (law, grid, most))
    assert (grid <= law).all()
    assert (law <= most).all()
    assert set(most) == {37.0}
    assert (law - grid).max() <= 4  # slivers that no node of the grid is in


def test_the_line_at_zero_is_where_the_signs_change() -> None:
    across, up = np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41))
    ends = tiles.zero_line(across + 2 * up - 0.37, (-1, 1), (-1, 1)).reshape(-1, 2)
    assert len(ends) > 40
    assert ends @ (1, 2) == pytest.approx(0.37, abs=1e-12)


# ---------------------------------------------------------------- fit (beyond: What the network lab needs …)


def test_a_network_without_hidden_layer_ends_at_the_line_of_least_squares() -> None:
    from scipy.stats import linregress

    fit = run("fit", 400, points="trend", layers=[], rule="GD", rate=0.3, batch=500, held_out=0)
    line = linregress(*fit.points.x.T)
    at = np.array([[-6.5], [6.5]]) @ [[line.slope]] + line.intercept
    assert fit.curve()[[0, -1], 1] == pytest.approx(at[:, 0], abs=2e-3)


def test_fit_takes_the_steps_of_torch_with_adam() -> None:
    import torch

    fit = run("fit", batch=500, held_out=0, rate=0.02)
    model = in_torch(fit.net)
    inputs, targets = (torch.tensor(part.T.astype(float)) for part in (fit.inputs, fit.targets))
    adam = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(30):
        adam.zero_grad()
        (0.5 * (model(inputs) - targets) ** 2).mean().backward()
        adam.step()
    after = run("fit", 30, batch=500, held_out=0, rate=0.02)
    answer = model(torch.linspace(-6.5, 6.5, 261, dtype=torch.float64)[:, None] / 3) * 3
    assert after.curve()[:, 1] == pytest.approx(answer.detach().numpy()[:, 0], abs=1e-3)


def test_shares_of_the_units_add_up_to_the_curve() -> None:
    fit = run("fit", 50)
    together = sum(share[:, 1] for share in fit.shares()) + 3 * fit.net.offsets[-1][0]
    assert fit.curve()[:, 1] == pytest.approx(together, abs=1e-4)


def test_relu_curves_bend_only_where_a_unit_turns() -> None:
    fit = run("fit", 200, activation="relu", layers=[4])
    x, y = fit.curve().T
    bends = np.abs(np.diff(y, 2)) > 1e-3
    near = (np.abs(x[1:-1, None] - fit.hinges()[:, 0]) < 2 * (x[1] - x[0])).any(axis=1)
    assert bends.any()
    assert near[bends].all()


def test_a_formula_without_value_at_a_point_is_refused() -> None:
    with pytest.raises(Unfit, match=r"^formula: it has no finite value at x = "):
        run("fit", target="a formula", formula="log(x)")


# ---------------------------------------------------------------- layer (text 1: A layer in matrix form)


def test_parameters_of_4_5_1_are_31() -> None:
    """Text 3, fully connected network: 4-5-1 has 31 parameters; 4-4-3-5-1 has 61."""
    assert run("layer", inputs=4, layers=[5, 1]).counted() == "5·5 + 6·1 = 31 parameters"
    assert run("layer", inputs=4, layers=[4, 3, 5, 1]).counted().endswith(" 61 parameters")


@pytest.mark.parametrize("last", ["identity", "softmax"])
def test_a_batch_is_its_samples_side_by_side_as_torch_has_them(last: str) -> None:
    """Text 3, vectorised mini-batch: column i is the pass of sample i, and softmax goes down each column."""
    import torch

    layer = run("layer", 7, layers=[5, 4, 3], last=last)
    model = in_torch(layer.net, torch.nn.Softmax(dim=1) if last == "softmax" else None)
    answer = model(torch.tensor(layer.X.T)).detach().numpy().T
    assert layer.whole()[-1] == pytest.approx(answer, abs=1e-12)
    layer = run("layer", 6, layers=[5, 4, 3], last=last)  # the second sample, all three layers
    assert layer.A[-1][:, 0] == pytest.approx(answer[:, 1], abs=1e-12)


def test_a_column_of_W_is_a_neuron() -> None:
    layer = run("layer", 1, cell=[0, 2])
    alone = np.tanh(layer.net.W[0][:, 2] @ layer.X[:, 0] + layer.net.offsets[0][2])
    assert layer.neuron() == (1, 2)
    assert layer.sums()[2, 2] == pytest.approx(alone, abs=1e-12)
    assert layer.W().shape == (3, 3)
    assert layer.column().tolist() == [[False, False, True]] * 3


# ---------------------------------------------------------------- collapse (texts 0 to 3)


def test_identity_layers_are_their_product_to_rounding_and_relu_layers_are_not() -> None:
    assert run("collapse", 100, hidden=5).difference() < 1e-12
    assert run("collapse", 100, hidden=3, activation="relu").difference() > 0.1
    straight = metrics("collapse", 100)["apart"]
    assert straight.max() < 1e-11


def test_the_best_line_is_scikit_learns_and_no_depth_without_a_bend_beats_it() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    collapse = run("collapse")
    y = collapse.targets[0]
    model = LogisticRegression(C=1e10, tol=1e-10, max_iter=1000).fit(collapse.x, y)
    best = log_loss(y, model.predict_proba(collapse.x))
    assert collapse.floor == pytest.approx(best, abs=1e-7)
    seen = metrics("collapse", 500)
    ends = [seen[f"loss/{name}"][-1] for name in ("1 layer", *(f"{k} layers" for k in range(2, 7)))]
    assert min(ends) >= best - 1e-12
    assert max(ends) < best + 0.01


def test_merging_puts_the_deep_network_into_one_layer() -> None:
    collapse = run("collapse", 20)
    collapse.merge()
    one, six = (net.forward(collapse.inputs, sums=True).Z[-1] for net in (collapse.nets[0], collapse.nets[5]))
    assert one == pytest.approx(six, abs=1e-12)


# ---------------------------------------------------------------- symmetry (texts 1 and 3)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_units_that_start_equal_stay_equal(activation: str) -> None:
    """Text 3, symmetry breaking: identical after any number of steps, and the rank stays one."""
    symmetry = run("symmetry", 200, begin="constant", activation=activation)
    W = symmetry.parts[0]
    assert np.ptp(W, axis=2).max() < 1e-12
    assert W.std() > 1e-3  # though they did learn
    assert symmetry.distinct() == 1
    assert symmetry.values()[1] < 1e-12


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_from_zero_only_the_last_offset_learns(activation: str) -> None:
    """Text 1, random vs zero: with zero weights the hidden gradients are exactly 0."""
    points = {"kind": "own", "x": [[0, 1], [1, 0], [2, 2]], "y": [0, 0, 1], "number": [0, 1, 2]}
    W, W0, v, v0 = run("symmetry", 50, begin="zero", activation=activation, points=points).parts
    assert not any(part.any() for part in (W, W0, v))
    assert v0.ravel() == pytest.approx(np.full(12, np.log(2)), abs=0.05)  # on its way to the odds, 2 to 1


def test_a_nudge_breaks_the_tie() -> None:
    session = begun("symmetry", begin="constant")
    session.act("nudge", [])
    for _ in range(900):
        session.step()
    assert session.experiment.distinct() == 4
    apart = session.run.columns.views()["gap/largest |wᵤ − w₁|"]
    assert apart[1] < 1e-5
    assert apart[-1] > 0.1


def test_all_twelve_gradients_are_autograds() -> None:
    import torch

    symmetry = run("symmetry", 3, begin="random")
    parts = [torch.tensor(part, requires_grad=True) for part in symmetry.parts]
    W, W0, v, v0 = parts
    scores = torch.tanh(torch.tensor(symmetry.X) @ W + W0) @ v + v0
    wanted = torch.tensor(symmetry.y).expand_as(scores)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, wanted, reduction="none")
    loss.mean(dim=(1, 2)).sum().backward()
    for part, slope in zip(parts, symmetry.gradients()):
        assert part.grad is not None
        assert slope == pytest.approx(part.grad.numpy(), abs=1e-12)


# ---------------------------------------------------------------- two layers (text 4, 34)


@pytest.mark.parametrize("loss", ["hinge", "logistic"])
def test_a_step_on_w_and_S_is_autograds(loss: str) -> None:
    import torch

    before, after = (run("two-layers", steps, loss=loss, units=5) for steps in (0, 1))
    w, S = torch.tensor(before.w, requires_grad=True), torch.tensor(before.S, requires_grad=True)
    f = (torch.tanh(torch.tensor(before.X) @ S) @ w[:, :, None])[:, :, 0]
    margin = torch.tensor(before.y) * f
    each = torch.relu(1 - margin) if loss == "hinge" else torch.nn.functional.softplus(-margin)
    each.mean(dim=1).sum().backward()
    for was, now, given in ((before.w, after.w, w), (before.S, after.S, S)):
        assert given.grad is not None
        assert now == pytest.approx(was - 0.15 * given.grad.numpy(), abs=1e-12)


def test_with_S_frozen_every_run_goes_to_the_same_minimum() -> None:
    """Text 4, 34: with S frozen any two runs reach the same loss, which is scipy's."""
    from scipy.optimize import minimize

    settings = {"train_S": False, "loss": "logistic", "points": {"kind": "two gaussians", "noise": 0.5}, "rate": 2.0}
    seen = metrics("two-layers", 1500, **settings)
    two = run("two-layers", 5, **settings)
    assert np.array_equal(two.S[0], two.first_S)
    A = np.tanh(two.X @ two.first_S)
    best = minimize(lambda w: np.logaddexp(0, -two.y * (A @ w)).mean(), np.zeros(3)).fun
    assert [seen[f"losses/run {i}"][-1] for i in (1, 2, 3, 4)] == pytest.approx([best] * 4, abs=1e-3)


def test_in_w_the_loss_is_convex_and_in_w_and_S_it_is_not() -> None:
    """Text 4, 34: (w, S) and (−w, −S) give the same output for odd σ; between them, at 0, the hinge loss is 1."""
    two = run("two-layers", 300)
    for line in (two.in_w(), two.through_zero_w()):
        assert np.diff(line[:, 1], 2).min() > -1e-12
    both = two.through_zero()[:, 1]
    assert both == pytest.approx(both[::-1], abs=1e-12)
    assert both[30] == pytest.approx(1.0)  # t = 0
    assert both[10] < 0.6  # t = −1
    bowl = two.bowl().z
    assert min(np.diff(bowl, 2, axis=0).min(), np.diff(bowl, 2, axis=1).min()) > -1e-12


def test_lines_of_the_first_layer_move_only_while_it_is_trained() -> None:
    assert metrics("two-layers", 50)["moved"][-1] > 0.1
    assert metrics("two-layers", 50, train_S=False)["moved"][-1] == 0
    assert run("two-layers", units=5).size() == "p + dp = 20"  # d = 3 with the 1


def test_a_dragged_line_passes_through_its_foot() -> None:
    two = run("two-layers")
    two.move_line(1, 2.0, -1.0)
    assert two.feet()[1] == pytest.approx((2.0, -1.0))
    s = two.S[0, :, 1]
    assert s @ (2 / 3, -1 / 3, 1) == pytest.approx(0, abs=1e-12)


# ---------------------------------------------------------------- builder (text 1)


def test_a_link_that_closes_a_cycle_is_refused_by_name() -> None:
    """Text 1, feed-forward restriction."""
    session = begun("builder", begin="two in series")
    with pytest.raises(ValueError, match="link: h₂ → h₁ → h₂ would be a cycle"):
        session.act("link", [4, 3, 1.0])
    with pytest.raises(ValueError, match="link: ŷ → h₁ → h₂ → ŷ would be a cycle"):
        session.act("link", [2, 3, 1.0])
    with pytest.raises(ValueError, match="link: h₁ → h₁ would be a cycle"):
        session.act("link", [3, 3, 1.0])
    session.act("link", [3, 2, 1.0])  # onwards, past h₂
    place = {v: i for i, v in enumerate(session.experiment.order())}
    assert all(place[u] < place[v] for u, v in session.experiment.arrows().tolist())


def test_units_in_series_and_in_parallel_and_their_links() -> None:
    """Text 1: two units into two take 2 · 2 = 4 links."""
    builder = run("builder", begin="two by two")
    assert builder.linked[3:5, 5:7].sum() == 4
    session = begun("builder", begin="one")
    assert session.experiment.counted() == (3, 2)
    session.act("in_parallel", [])
    assert session.experiment.counted() == (6, 3)
    session.act("in_series", [])
    assert session.experiment.counted() == (7, 4)
    assert session.experiment.way(4, 2) == [4, 5, 2]
    session.act("erase", [5])
    assert session.experiment.idle().tolist() == [False, False, False, False, True]


def test_builder_goes_back_along_any_graph_as_autograd_does() -> None:
    import torch

    session = begun("builder", begin="two in series", points="moons")
    session.act("link", [0, 4, 0.7])
    session.act("link", [1, 2, -0.4])
    one = session.experiment
    W, w0 = torch.tensor(one.W, requires_grad=True), torch.tensor(one.w0, requires_grad=True)
    x1, x2 = torch.tensor(one.X)
    h1 = torch.tanh(W[0, 3] * x1 + W[1, 3] * x2 + w0[3])
    h2 = torch.tanh(W[3, 4] * h1 + W[0, 4] * x1 + w0[4])
    z = W[4, 2] * h2 + W[1, 2] * x2 + w0[2]
    torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(one.y)).backward()
    for slope, given in zip(one.gradients(), (W, w0)):
        assert given.grad is not None
        assert slope == pytest.approx(given.grad.numpy(), abs=1e-12)


def test_one_unit_makes_xor_only_with_a_way_round_it() -> None:
    """On the corners s = x₁ + x₂ is −2, 0, 0, 2, and 3 max(0, s) − s − 1 is 1, −1, −1, 3."""
    settings: dict[str, Any] = {
        "begin": "one and a way round it",
        "points": CORNERS,
        "learn": False,
        "activation": "relu",
    }
    session = begun("builder", **settings)
    for source, target, weight in ((0, 3, 1), (1, 3, 1), (3, 2, 3), (0, 2, -1), (1, 2, -1)):
        session.act("link", [source, target, weight])
    one = session.experiment
    one.w0 = np.array([0.0, 0.0, -1.0, 0.0])
    assert one.forward(one.X)[0][2] == pytest.approx([1, 3, -1, -1])
    assert one.wrong() == "0 of 4 wrong"
    session.act("link", [0, 2, 0.0])
    session.act("link", [1, 2, 0.0])
    assert one.counted() == (3, 2)
    assert one.wrong() != "0 of 4 wrong"
