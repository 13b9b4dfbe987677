"""Softmax regression against scikit-learn and torch, and against the numbers of texts 0 to 4."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from lab.catalogue import Catalogue
from lab.data.points import make
from lab.maths.perceptrons import with_one
from lab.maths.softmax import cross_entropy, fit, gradient, hessian, jacobian, log_sum_exp, objective, one_hot, softmax
from lab.session import Session

KIND = Catalogue().load("softmax-regression")
CLOUD = make("blobs", n=80, noise=0.5, classes=4)
X, Y = with_one(CLOUD.x), one_hot(CLOUD.y, 4)
W = np.random.default_rng(3).normal(size=(4, 3))
REFERENCE = {"form": "last class is the reference"}


def run(steps, seed=0, **settings):
    session = Session(KIND, settings, seed)
    session.seek(steps)
    return session


def column(session, name):
    return session.run.columns.views()[name]


def drawn(session, *names):
    return [session.experiment.draw(names)[name] for name in names]


def theirs(penalty, K=4):
    """scikit-learn's C multiplies the sum of the losses, and its offsets are not penalised either."""
    among = CLOUD.y < K
    model = LogisticRegression(C=1 / (penalty * among.sum()), tol=1e-10, max_iter=10000)
    return model.fit(CLOUD.x[among], CLOUD.y[among])


# ---------------------------------------------------------------- softmax (texts 1, 2 and 4)


def test_softmax_of_1_3_and_0_is_the_sigmoid_of_1_3():
    """Softmax from sigmoid."""
    assert softmax(np.array([1.3, 0.0])) == pytest.approx([0.785835, 0.214165], abs=5e-7)


def test_shares_are_those_of_torch_at_any_temperature_and_blind_to_a_constant():
    import torch

    z = X @ W.T
    for T in (0.05, 1, 7.5):
        expected = torch.softmax(torch.tensor(z) / T, dim=1).numpy()
        assert softmax(z, T) == pytest.approx(expected, abs=1e-12)
        assert softmax(z + 1000, T) == pytest.approx(expected, abs=1e-9)
        assert (softmax(z, T).argmax(axis=1) == z.argmax(axis=1)).all()


def test_the_soft_maximum_lies_between_the_maximum_and_t_ln_k_above_it():
    """78. Log-sum-exp as soft maximum: one text leaves out the T in front."""
    z = X @ W.T
    for T in (0.01, 1.0, 4.0):
        above = log_sum_exp(z, T) - z.max(axis=1)
        assert above.min() >= -1e-12
        assert above.max() <= T * 1.3862943611 + 1e-12
    assert log_sum_exp(np.zeros(4), 2.0) == pytest.approx(2 * 1.3862943611)


# ---------------------------------------------------------------- the loss and its derivatives


def test_equal_scores_cost_ln_k_at_any_temperature_and_large_ones_do_not_overflow():
    """NLLM, Categorical cross-entropy, 79. Cross-entropy loss."""
    assert cross_entropy(np.full((1, 3), 5.0), np.array([1]), 2.0) == pytest.approx([1.0986122887])
    assert cross_entropy(np.array([[1e4, 0.0]]), np.array([1])) == pytest.approx([1e4])


def test_loss_gradient_and_hessian_are_those_of_autograd():
    import torch

    inputs, labels = torch.tensor(X), torch.tensor(CLOUD.y)

    def J(weights):
        return torch.nn.functional.cross_entropy(inputs @ weights.T, labels) + 0.15 * (weights[:, :2] ** 2).sum()

    weights = torch.tensor(W, requires_grad=True)
    loss = J(weights)
    (slope,) = torch.autograd.grad(loss, weights)
    assert objective(W, X, CLOUD.y, 0.3) == pytest.approx(loss.item(), abs=1e-12)
    assert gradient(W, X, Y, 0.3) == pytest.approx(slope.numpy(), abs=1e-12)
    H = torch.autograd.functional.hessian(J, torch.tensor(W)).reshape(12, 12).numpy()
    assert hessian(W, X, 0.3) == pytest.approx(H, abs=1e-12)


def test_the_jacobian_is_that_of_autograd():
    """Softmax and its Jacobian: (Jᵀ applied to −e_y/g_y gives g − e_y, text 3, 5.20)."""
    import torch

    z = np.array([0.4, -1.2, 2.0])
    g, J = softmax(z), jacobian(softmax(z))
    theirs = torch.autograd.functional.jacobian(lambda s: torch.softmax(s, dim=0), torch.tensor(z)).numpy()
    assert pytest.approx(theirs, abs=1e-12) == J
    assert J.T @ [0, -1 / g[1], 0] == pytest.approx(g - [0, 1, 0], abs=1e-12)


def test_the_loss_is_convex_and_flat_along_what_is_added_to_all_classes():
    """Softmax gradients in vector and matrix form: columns sum to 0 over the classes."""
    H = hessian(W, X)
    assert np.linalg.eigvalsh(H)[0] > -1e-12
    assert H @ np.tile([0.3, -2.0, 1.0], 4) == pytest.approx(np.zeros(12), abs=1e-12)
    assert gradient(W, X, Y).sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)


# ---------------------------------------------------------------- fits, with scikit-learn


@pytest.mark.parametrize("penalty", [0.003, 0.1])
def test_the_minimum_is_that_of_scikit_learn(penalty):
    ours, model = fit(X, CLOUD.y, 4, penalty), theirs(penalty)
    assert ours[:, :2] == pytest.approx(model.coef_, abs=1e-4)
    assert ours[:, 2] - ours[:, 2].mean() == pytest.approx(model.intercept_ - model.intercept_.mean(), abs=1e-4)


def test_two_classes_with_a_reference_are_logistic_regression():
    """Multinomial regression: K = 2, statistical."""
    among = CLOUD.y < 2
    ours, model = fit(X[among], CLOUD.y[among], 2, 0.02, reference=True), theirs(0.02, K=2)
    assert -ours[0] == pytest.approx([*model.coef_[0], *model.intercept_], abs=1e-4)
    assert not ours[1].any()


def test_descent_ends_where_scikit_learn_does_on_the_line_drawn_for_the_least_loss():
    session = run(600, points=CLOUD.to_json(), penalty=0.1, rate=0.4)
    model = theirs(0.1)
    assert session.experiment.W[:, :2] == pytest.approx(model.coef_, abs=1e-3)
    least = log_loss(CLOUD.y, model.predict_proba(CLOUD.x))
    assert drawn(session, "least")[0] == pytest.approx([least], abs=1e-5)
    assert column(session, "loss")[-1] == pytest.approx(least, abs=1e-4)
    assert column(session, "accuracy")[-1] == model.score(CLOUD.x, CLOUD.y)


# ---------------------------------------------------------------- the run, with torch


@pytest.mark.parametrize("form", ["all classes free", "last class is the reference"])
def test_steps_are_those_of_torch(form):
    import torch

    session = run(25, points=CLOUD.to_json(), penalty=0.01, rate=0.3, form=form)
    free = torch.zeros((4 if form.startswith("all") else 3, 3), dtype=torch.float64, requires_grad=True)
    rule = torch.optim.SGD([free], lr=0.3)
    for _ in range(25):
        weights = torch.cat([free, torch.zeros((4 - len(free), 3), dtype=torch.float64)])
        loss = torch.nn.functional.cross_entropy(torch.tensor(X) @ weights.T, torch.tensor(CLOUD.y))
        rule.zero_grad()
        (loss + 0.005 * (weights[:, :2] ** 2).sum()).backward()
        rule.step()
    assert session.experiment.W[: len(free)] == pytest.approx(free.detach().numpy(), abs=1e-12)
    assert not session.experiment.W[len(free) :].any()


def test_a_batch_of_all_points_is_the_full_gradient_and_a_smaller_one_is_not():
    full = run(3, points=CLOUD.to_json())
    whole = run(3, points=CLOUD.to_json(), method="mini-batch", batch=80)
    assert pytest.approx(full.experiment.W, abs=1e-12) == whole.experiment.W
    small = run(3, points=CLOUD.to_json(), method="mini-batch", batch=5)
    assert len(set(small.experiment.picked)) == 5
    assert np.abs(small.experiment.W - full.experiment.W).max() > 1e-3


def test_it_begins_at_ln_k_and_falls_at_every_step_within_the_second_mark():
    """Softmax regression (Figure 5): K = 3 gives 1.0986."""
    begun = run(0)
    assert column(begun, "loss")[0] == pytest.approx(1.0986, abs=5e-5)
    assert drawn(begun, "ignorant")[0] == pytest.approx([1.0986], abs=5e-5)
    losses = column(run(60, rate=float(drawn(begun, "safe")[0][0])), "loss")
    assert (np.diff(losses) < 0).all()


# ---------------------------------------------------------------- parameterisations and regions (text 3, 3.3)


def test_a_reference_class_has_fewer_numbers_and_the_same_shares_at_the_minimum():
    assert drawn(run(0), "counted") == ["3 · 3 = 9 parameters"]
    assert drawn(run(0, **REFERENCE), "counted") == ["2 · 3 = 6 parameters"]
    free, fixed = fit(X, CLOUD.y, 4), fit(X, CLOUD.y, 4, reference=True)
    assert softmax(X @ free.T) == pytest.approx(softmax(X @ fixed.T), abs=1e-6)
    assert free - free[3] == pytest.approx(fixed, abs=1e-5)


def test_a_constant_added_to_all_classes_moves_scores_and_no_share():
    plain, shifted = run(20), run(20, shift=2.0)
    names = ("g", "territory", "confidence", "outer", "surprise")
    for one, other in zip(drawn(plain, *names), drawn(shifted, *names)):
        one, other = (value.z if hasattr(value, "z") else value for value in (one, other))
        assert one == pytest.approx(other, abs=1e-9)
    x1, x2 = plain.experiment.points.x[44]
    (before,), (after,) = drawn(plain, "z"), drawn(shifted, "z")
    assert after - before == pytest.approx(np.full(3, 2 * (1 + x1 + x2)))


def test_the_best_straight_borders_get_fifteen_of_seventeen_points_right():
    """MAP rule and convex polytope regions (Figure 3.7)."""
    preset = KIND.presets["Figure 3.7: 17 points, four classes"]
    state = run(0, **preset).experiment
    assert (len(state.y), state.K) == (17, 4)
    model = LogisticRegression(C=1e6, tol=1e-10, max_iter=10000).fit(state.points.x, state.y)
    assert model.score(state.points.x, state.y) == 15 / 17
    assert column(run(200, **preset), "accuracy")[-1] == 15 / 17


def test_regions_are_convex():
    session = run(30, points=CLOUD.to_json())
    z = drawn(session, "territory")[0].z
    rng = np.random.default_rng(0)
    for k in range(4):
        inside = np.argwhere(z == k)
        one, other = inside[rng.integers(len(inside), size=(2, 200))]
        share = rng.uniform(size=(200, 1))
        between = (share * one + (1 - share) * other).round().astype(int)
        odd = between[z[between[:, 0], between[:, 1]] != k]
        # A node is a rounded place: what is not of the class lies right at a border.
        assert all((z[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2] == k).any() for i, j in odd)


def test_a_pairwise_line_is_where_two_classes_score_alike():
    state = run(30).experiment
    lines = state.draw(["borders"])["borders"]
    assert len(lines) == 3
    middle = np.append(lines[0].mean(axis=0), 1)
    scores = state.W @ middle
    assert scores[1] == pytest.approx(scores[0], abs=1e-9)
    state.pairs = False
    assert len(state.draw(["borders"])["borders"]) == 0


# ---------------------------------------------------------------- one point, read


def test_two_classes_settle_at_the_sigmoid_of_1_3():
    prompt = dict(KIND.prompts)["Two classes: z settles at (1.3, 0). Is g the sigmoid of 1.3?"]
    session = run(400, **prompt)
    z, g, read = drawn(session, "z", "g", "g_is")
    assert z == pytest.approx([1.3, 0], abs=1e-3)
    assert g == pytest.approx([0.785835, 0.214165], abs=1e-3)
    assert read == "σ(1.3) = 0.786"
    assert session.experiment.finished
    assert drawn(session, "least")[0] == pytest.approx([0.2410], abs=5e-5)  # −ln 0.785835


def test_chair_is_0001():
    """One-hot labels: table, bed, couch, chair."""
    prompt = next(settings for text, settings in KIND.prompts if "chair" in text)
    read, codes, lit = drawn(run(0, **prompt), "own_class", "codes", "own_row")
    assert read == "chair is 0001"
    assert codes.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert lit.any(axis=1).tolist() == [False, False, False, True]


def test_only_the_true_class_counts_in_a_points_loss():
    surprise, g, y = drawn(run(15), "surprise", "g", "target")
    assert surprise[0] == pytest.approx(-np.log(g))
    assert surprise[1].tolist() == pytest.approx([0, 0, -np.log(g[2])])
    assert y.tolist() == [0, 0, 1]


def test_the_heat_map_of_a_points_gradient_is_an_outer_product_whose_columns_sum_to_zero():
    session = run(15)
    outer, g = drawn(session, "outer", "g")
    x1, x2 = session.experiment.points.x[44]
    assert outer[:3] == pytest.approx(np.array([[v * x1, v * x2, v] for v in g - [0, 0, 1]]))
    assert outer[3].tolist() == [0, 0, 0]


def test_a_points_shares_sum_to_one_and_a_classs_do_not():
    """Class probabilities and normalization."""
    (shares,) = drawn(run(15), "shares")
    assert shares[:-1, -1] == pytest.approx(np.ones(len(shares) - 1))
    assert np.abs(shares[-1, :-1] - 1).max() > 0.1


# ---------------------------------------------------------------- edits


@pytest.mark.parametrize("settings", [{}, REFERENCE])
def test_a_point_of_a_new_class_leaves_the_shares_of_the_others_as_they_stand(settings):
    session = run(20, **settings)
    before = session.experiment.W
    session.act("points.add", [0.0, -5.0, 3])
    W = session.experiment.W
    assert W.shape == (4, 3)
    assert W[:3] - W[2] == pytest.approx(before - before[2])
    session.step()
    assert np.isfinite(column(session, "loss")[-1])


def test_the_tip_of_a_weight_can_be_dragged_but_not_that_of_the_reference():
    session = run(5, **REFERENCE)
    session.act("turn", [1, 2.0, -1.0])
    assert session.experiment.W[1, :2].tolist() == [2, -1]
    with pytest.raises(ValueError, match=r"^index must be a class with weights of its own, 0 to 1, not 2"):
        session.act("turn", [2, 0.0, 0.0])
