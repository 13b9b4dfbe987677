"""Logistic regression against scikit-learn and autograd, and against the numbers of texts 0 to 4 and of beyond.md."""

import warnings

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, SGDClassifier

from lab.catalogue import Catalogue
from lab.data.points import make
from lab.maths.logistic import (
    discriminant,
    gradient,
    hessian,
    linear_discriminant,
    log_odds,
    losses,
    margin_losses,
    objective,
    sigmoid,
    smoothness,
)
from lab.session import Session

KIND = Catalogue().load("logistic-regression")
NEWTON, SINGLE = "Newton (IRLS)", "one point (SGD)"
CLOUD = make("two gaussians", n=60, noise=0.45, seed=3)
POINTS = {"kind": "two gaussians", "n": 60, "noise": 0.45, "seed": 3}
X = np.column_stack([CLOUD.x, np.ones(60)])


def pair(left, right):
    return {"kind": "own", "x": [[left, 0], [right, 0]], "y": [0, 1], "number": [0, 1]}


def run(steps, seed=0, **settings):
    session = Session(KIND, settings, seed)
    session.seek(steps)
    return session


def column(session, name):
    return session.run.columns.views()[name]


def fitted(penalty):
    """scikit-learn minimises ½‖w‖² + C Σ L: that is n J at C = 1/(2nλ)."""
    C = 1 / (2 * 60 * penalty) if penalty else np.inf
    model = LogisticRegression(C=C, tol=1e-10, max_iter=10000).fit(CLOUD.x, CLOUD.y)
    return [*model.coef_[0], model.intercept_[0]]


# ---------------------------------------------------------------- the minimum, with scikit-learn


@pytest.mark.parametrize("penalty", [0, 0.01, 0.2])
def test_newton_arrives_where_scikit_learn_does_in_under_ten_steps(penalty):
    session = run(10, points=POINTS, method=NEWTON, penalty=penalty, tolerance=1e-14)
    assert session.finished
    assert session.t < 10
    assert session.experiment.theta == pytest.approx(fitted(penalty), abs=1e-4)


def test_gradient_descent_and_mini_batches_end_near_it():
    descent = run(600, points=POINTS, penalty=0.05, rate=0.5).experiment
    assert descent.theta == pytest.approx(fitted(0.05), abs=2e-3)
    noisy = run(600, points=POINTS, penalty=0.05, rate=0.05, method="mini-batches", batch=20).experiment
    assert noisy.theta == pytest.approx(fitted(0.05), abs=0.1)


def test_single_points_step_as_scikit_learn_does_on_the_same_order():
    session = run(0, points=POINTS, method=SINGLE, rate=0.2, begin="zero")
    theirs = SGDClassifier(loss="log_loss", penalty=None, learning_rate="constant", eta0=0.2)
    for _ in range(70):
        session.step()
        i = session.experiment.seen[0]
        theirs.partial_fit(CLOUD.x[[i]], CLOUD.y[[i]], classes=[0, 1])
    assert session.experiment.theta == pytest.approx([*theirs.coef_[0], *theirs.intercept_], abs=1e-9)


def test_gradient_and_hessian_are_those_of_autograd():
    import torch

    y, lam = torch.tensor(CLOUD.y, dtype=torch.float64), torch.tensor([0.3, 0.3, 0])
    samples = torch.tensor(X)

    def J(theta):
        nll = torch.nn.functional.binary_cross_entropy_with_logits(samples @ theta, y)
        return nll + (lam * theta**2).sum()

    for theta in np.random.default_rng(0).normal(size=(3, 3)):
        at = torch.tensor(theta, requires_grad=True)
        ridge = lam.numpy().astype(float)
        assert objective(theta, X, CLOUD.y, ridge) == pytest.approx(J(at).item(), rel=1e-7)
        assert gradient(theta, X, CLOUD.y, ridge) == pytest.approx(torch.autograd.grad(J(at), at)[0].numpy(), rel=1e-6)
        theirs = torch.autograd.functional.hessian(J, at)
        assert hessian(theta, X, ridge) == pytest.approx(theirs.numpy(), rel=1e-6, abs=1e-9)


# ---------------------------------------------------------------- numbers of the texts


@pytest.mark.parametrize(
    ("penalty", "theta"), [(0.01, 2.8180), (0.05, 1.6335), (0.1, 1.1775), (0.2, 0.7838), (0.5, 0.4011), (1, 0.2223)]
)
def test_two_points_have_their_minimum_where_the_text_says(penalty, theta):
    """Regularised logistic regression objective."""
    session = run(20, points=pair(-1, 1), penalty=penalty, method=NEWTON)
    assert session.experiment.theta == pytest.approx([theta, 0, 0], abs=6e-5)
    if penalty == 0.2:
        assert column(session, "loss")[-1] == pytest.approx(0.49902, abs=1e-5)


@pytest.mark.parametrize(("penalty", "theta"), [(1e-3, 2.177815), (0.01, 1.525934), (0.1, 0.912345), (1, 0.370983)])
def test_a_wider_gap_has_a_finite_minimum_too(penalty, theta):
    """Overconfidence on separable data."""
    session = run(20, points=pair(-3, 3), penalty=penalty, method=NEWTON)
    assert session.experiment.theta[0] == pytest.approx(theta, abs=2e-6)


def test_without_a_penalty_theta_grows_as_the_logarithm_of_the_steps():
    """Overconfidence on separable data: η = 0.1 from 0."""
    session = run(1000, points=pair(-3, 3), rate=0.1, begin="zero", tolerance=1e-15)
    length, law = column(session, "length"), column(session, "law")
    assert length[[10, 100, 1000]] == pytest.approx([0.7168, 1.4935, 2.2664], abs=5e-5)
    assert law[1000] == pytest.approx(2.2664, abs=0.01)
    assert (np.diff(length) > 0).all()
    few = {"kind": "own", "x": [[-3, 1], [-2, -2], [4, 1], [3, -3]], "y": [0, 0, 1, 1], "number": [0, 1, 2, 3]}
    lopsided = run(1000, points=few, rate=1, begin="zero", tolerance=1e-15)
    apart = column(lopsided, "length") - column(lopsided, "law")
    assert apart[1000] < 0.06 < apart[100] < 0.13  # the law is the limit, for points that lie anyhow


def test_newton_on_separable_data_says_that_there_is_no_minimum():
    """Linear discriminant; Newton for logistic regression; its band."""
    session = run(60, points={"kind": "two gaussians", "n": 40, "noise": 0}, method=NEWTON)
    assert "separates" in session.finished or "separable" in session.finished
    assert column(session, "length")[-1] > 5


def test_the_linear_discriminant_has_its_numbers_and_is_that_of_scikit_learn():
    """Linear discriminant; Newton for logistic regression; its band: w = (2, 0), b = −2."""
    assert discriminant(np.zeros(2), np.array([2.0, 1]), np.array([[1, 0.5], [0.5, 1]])) == pytest.approx([2, 0, -2])
    x, y = CLOUD.x[:50], np.r_[CLOUD.y[:40], np.ones(10, int)]
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(x, y)
    assert linear_discriminant(x, y) == pytest.approx([*theirs.coef_[0], *theirs.intercept_], abs=1e-9)
    assert linear_discriminant(x, np.zeros(50)) is None


def test_a_guess_of_one_half_costs_ln_2_and_labels_of_either_kind_cost_the_same():
    """Negative log-likelihood loss; 75. Logistic loss as maximum likelihood."""
    assert column(run(0, points=POINTS, begin="zero"), "loss")[0] == pytest.approx(0.693147, abs=1e-6)
    u = np.linspace(-800, 800, 33)
    for y in (0, 1):
        assert losses(u, y) == pytest.approx(margin_losses(u, 2 * y - 1), abs=1e-9)
    session = run(20, points=POINTS)
    zero_one = session.draw({"loss_mean"}).values["loss_mean"]
    session.set("signs", "−1 and 1")
    assert session.draw({"loss_dots"}).values["loss_dots"][:, 1].mean() == pytest.approx(zero_one, abs=1e-12)


def test_the_sigmoid_and_the_log_odds_undo_each_other_and_neither_overflows():
    """Prediction threshold: .6 is u = .4055, .9 is u = 2.1972; Overconfidence: σ(10) = .9999546."""
    assert log_odds([0.6, 0.9]) == pytest.approx([0.4055, 2.1972], abs=5e-5)
    assert sigmoid(10) == pytest.approx(0.9999546, abs=1e-7)
    assert sigmoid(log_odds([0.01, 0.5, 0.99])) == pytest.approx([0.01, 0.5, 0.99])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sigmoid([-1000, 0, 1000]).tolist() == [0, 0.5, 1]


# ---------------------------------------------------------------- thresholds, pulls, bends


def test_a_threshold_moves_the_line_parallel_to_itself_and_never_adds_to_those_called_1():
    """Logistic regression is a linear classifier (Figure 3.2)."""
    session = run(30, points=POINTS)
    theta, called = session.experiment.theta, []
    for tau in (0.1, 0.5, 0.9):
        session.set("tau", tau)
        values = session.draw({"boundary", "counts"}).values
        assert values["boundary"] @ theta[:2] + theta[2] == pytest.approx([np.log(tau / (1 - tau))] * 2)
        called.append(sum(row[1] for row in values["counts"]))
    assert called == sorted(called, reverse=True)
    assert called[0] > called[2]


def test_ten_times_dearer_misses_want_a_threshold_of_one_in_eleven():
    session = run(0, miss=10, alarm=1)
    assert session.draw({"best_tau"}).values["best_tau"] == pytest.approx(0.0909, abs=5e-5)


def test_the_loss_falls_below_twice_one_over_l_while_accuracy_rests_on_a_step():
    """Gradient descent for logistic regression: η < 2/L; Accuracy versus training loss."""
    session = run(150, points=POINTS, rate=1.99 / smoothness(X), begin="zero")
    loss, accuracy = column(session, "loss"), column(session, "accuracy")
    assert (np.diff(loss) < 0).all()
    assert (np.diff(accuracy) == 0).mean() > 0.8
    assert accuracy[-1] > 0.9


def test_pulls_sum_to_the_gradient_and_close_at_the_minimum_though_none_is_0():
    """Zero gradient and confidence; Gradient of logistic regression."""
    session = run(3, points=POINTS)
    shown = session.draw({"tip_to_tail", "pull_bars"}).values
    slope = gradient(session.experiment.theta, X, CLOUD.y)
    assert shown["tip_to_tail"][1].sum(axis=0) == pytest.approx(-slope[:2])
    assert shown["pull_bars"].sum() == pytest.approx(60 * slope[0])
    best = run(20, points=POINTS, method=NEWTON, tolerance=1e-14).draw({"pull_bars"}).values["pull_bars"]
    assert best.sum() == pytest.approx(0, abs=1e-6)
    assert np.abs(best).max() > 0.3


@pytest.mark.parametrize("penalty", [0, 0.1])
def test_the_kernel_form_makes_the_same_steps_without_ever_forming_w(penalty):
    """19. Logistic regression by SGD."""
    session = run(0, points=POINTS, method=SINGLE, rate=0.3, penalty=penalty, begin="at random")
    for _ in range(100):
        session.step()
        state = session.experiment
        assert state.root[:2] + state.beta @ CLOUD.x == pytest.approx(state.theta[:2], abs=1e-9)
        assert state.bias == pytest.approx(state.theta[2], abs=1e-9)


def test_one_point_bends_j_in_one_direction_only_and_two_are_too_few():
    """Convexity of logistic regression; its Hessian."""
    session = run(3, points=POINTS)
    for i in (0, 7, 59):
        session.set("picked", i)
        values = np.linalg.eigvalsh(session.draw({"H_point"}).values["H_point"])
        assert values[:2] == pytest.approx([0, 0], abs=1e-12)
        assert values[2] > 0
    assert np.linalg.eigvalsh(session.draw({"H"}).values["H"]).min() > 0
    few = run(3, points=pair(-1, 1), method=NEWTON)
    assert "no inverse" in few.finished
    assert few.t == 1


def test_the_chord_is_above_j():
    """Convexity of the NLL loss."""
    session = run(5, points=POINTS)
    for p, q in (((-1, 3), (3, -1)), ((-6, 0), (9, 2)), ((0, 0.5), (0, -7))):
        session.set("p", p)
        session.set("q", q)
        share, J = session.draw({"chord_profile"}).values["chord_profile"].T
        assert ((1 - share) * J[0] + share * J[-1] - J > -1e-12).all()


def test_the_product_of_likelihoods_underflows_and_the_sum_of_logarithms_does_not():
    """Likelihood to negative log likelihood (derivation)."""
    session = run(0, points={**POINTS, "n": 1200}, begin="zero")
    values = session.draw({"product", "point_losses"}).values
    assert "underflow, it is 10^−361" in values["product"]
    assert values["point_losses"].sum() == pytest.approx(831.7766, abs=1e-3)


def test_without_an_offset_the_probability_stays_one_half_at_the_origin():
    """Multiple features and offset as a feature."""
    assert run(40, points=POINTS, offset=False).draw({"read"}).values["read"] == "p(0, 0) = 0.5"
    assert run(40, points=POINTS).draw({"read"}).values["read"] != "p(0, 0) = 0.5"
