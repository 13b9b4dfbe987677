"""The scenes of logistic regression against scikit-learn, autograd and the numbers of texts 0 to 3 and beyond.md."""

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.naive_bayes import GaussianNB

from lab.catalogue import Catalogue
from lab.data.points import make
from lab.experiments.lines.logistic_regression.generative import BAYES, SHARED, Bell, bells, by_bayes
from lab.maths.log_loss import CROSS_ENTROPY, SQUARED, band, likeliest
from lab.session import Session

CATALOGUE = Catalogue()
EIGHTEEN_X = [*range(-9, 0), *range(1, 10)]
EIGHTEEN_Y = [0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1]
EIGHTEEN = {"kind": "own", "x": [[x, 0] for x in EIGHTEEN_X], "y": EIGHTEEN_Y, "number": list(range(18))}
FAR = {"kind": "two gaussians", "n": 30, "noise": 0.5}


def scene(name, steps=0, seed=0, **settings):
    session = Session(CATALOGUE.load(f"logistic-regression:{name}"), settings, seed)
    session.seek(steps)
    return session


def column(session, name):
    return session.run.columns.views()[name]


def seen(session, name):
    return session.draw([name]).values[name]


def tumours(*features):
    table = load_breast_cancer()
    x = table.data[:, [list(table.feature_names).index(name) for name in features]]
    return x, (table.target == 0).astype(float)


# ---------------------------------------------------------------- the sigmoid


@pytest.mark.parametrize(("theta", "theta_0", "half"), [(10, 1, -0.1), (-2, 1, 0.5), (2, -3, 1.5)])
def test_llc_in_1_d_three_parameter_settings_cross_one_half_where_the_text_has_them(theta, theta_0, half):
    session = scene("sigmoid", theta=theta, theta_0=theta_0, place=half)
    assert seen(session, "half")[0] == pytest.approx([half, 0.5])
    assert seen(session, "read")[0, 1] == pytest.approx(0.5)
    assert "yours lies on" in seen(session, "matched")


@pytest.mark.parametrize(("theta", "theta_0", "half", "slope"), [(1, 4, -4, 0.25), (4, 0, 0, 1), (20, 0, 0, 5)])
def test_shaping_the_sigmoid_the_tangent_halfway_rises_by_a_quarter_of_theta(theta, theta_0, half, slope):
    session = scene("sigmoid", theta=theta, theta_0=theta_0)
    (x0, y0), (x1, y1) = seen(session, "tangent")
    assert (y1 - y0) / (x1 - x0) == pytest.approx(slope)
    assert (x0 + x1) / 2 == pytest.approx(half)


def test_sigmoid_never_touches_0_or_1():
    heights = seen(scene("sigmoid", theta=4, theta_0=0), "shaped")[:, 1]
    assert heights.min() > 0
    assert heights.max() < 1


def test_tanh_is_twice_the_sigmoid_of_twice_u_less_one():
    session = scene("sigmoid", answers="−1 and 1")
    u, soft = seen(session, "steep").T
    assert soft == pytest.approx([math.tanh(2 * one) for one in u])


def test_negative_log_likelihood_loss_of_a_guess_of_one_half_is_ln_2_for_both_labels():
    session = scene("sigmoid", guess=0.5)
    assert seen(session, "paid")[1] == pytest.approx(0.6931, abs=5e-5)
    assert seen(session, "other")[0, 1] == pytest.approx(0.6931, abs=5e-5)


def test_dragging_the_half_slides_the_curve_and_dragging_the_09_makes_it_steeper():
    session = scene("sigmoid", theta=2, theta_0=0)
    session.act("slide", [1.5, 0.5])
    assert (session.experiment.theta, session.experiment.theta_0) == pytest.approx((2, -3))
    session.act("steepen", [2.0, 0.9])
    assert session.experiment.theta == pytest.approx(math.log(9) / 0.5)
    assert seen(session, "half")[0, 0] == pytest.approx(1.5)
    session.act("steepen", [1.5, 0.9])
    assert session.experiment.theta <= 20


def test_logistic_regression_as_a_statistical_model_one_unit_multiplies_the_odds_by_e_to_the_w():
    rows = seen(scene("sigmoid", theta=0.7, theta_0=-1, place=0), "units")
    odds = [float(row[2]) for row in rows]
    assert odds[0] == pytest.approx(math.exp(-1), rel=2e-3)
    assert odds[1] / odds[0] == pytest.approx(2.0138, rel=5e-3)
    assert [float(row[3]) for row in rows] == pytest.approx([odd / (1 + odd) for odd in odds], rel=5e-3)


# ---------------------------------------------------------------- one input


def test_univariate_logistic_regression_on_eighteen_points_reaches_the_minimum():
    session = scene("one-input", 2000, points=EIGHTEEN, offset=False, begin=-0.5, rate=0.2)
    assert session.experiment.finished
    assert session.experiment.w == pytest.approx([0, 0.306670], abs=1e-4)
    assert column(session, "loss")[-1] == pytest.approx(0.463050, abs=1e-6)


def test_loss_at_zero_weight_is_ln_2():
    assert column(scene("one-input", points=EIGHTEEN, begin=0), "loss")[0] == pytest.approx(0.6931, abs=5e-5)


@pytest.mark.parametrize(
    ("features", "weights", "entropy"),
    [
        (("mean area",), (-7.974, 0.011768), 0.2862),
        (("mean area", "mean texture"), (-12.244, 0.011974, 0.211488), 0.2539),
    ],
)
def test_odds_ratio_and_interpretation_has_the_weights_of_figure_3_1(features, weights, entropy):
    x, y = tumours(*features)
    middle, unit = x.mean(axis=0), x.std(axis=0)
    X = np.column_stack([np.ones(len(x)), (x - middle) / unit])
    fit = likeliest(X, y)
    assert fit is not None
    w = fit.w[1:] / unit
    assert (fit.w[0] - w @ middle, *w) == pytest.approx(weights, rel=1e-4)
    assert CROSS_ENTROPY.mean(fit.w, X, y) == pytest.approx(entropy, abs=5e-5)


def test_tumours_by_area_are_told_apart_as_well_as_figure_3_1_says():
    session = scene("one-input", 250, data="tumours", rate=4)
    b, w = session.experiment.raw()
    assert (b, w, math.exp(w)) == pytest.approx((-7.974, 0.011768, 1.01184), rel=5e-3)
    assert seen(session, "cut") == "88.4% right"


def test_newton_and_its_band_agree_with_scikit_learn_and_the_inverse_information():
    cloud = make(n=60, noise=0.9, kind="two gaussians")
    X, y = np.column_stack([np.ones(60), cloud.x]), cloud.y.astype(float)
    fit = likeliest(X, y)
    assert fit is not None
    theirs = LogisticRegression(C=np.inf, tol=1e-12, max_iter=5000).fit(cloud.x, cloud.y)
    assert fit.w == pytest.approx([*theirs.intercept_, *theirs.coef_[0]], abs=1e-4)
    p = theirs.predict_proba(cloud.x)[:, 1]
    covariance = np.linalg.inv(X.T @ np.diag(p * (1 - p)) @ X)
    z = X[0] @ fit.w
    low, high = band(X[:1], fit)
    wide = 1.96 * np.sqrt(X[0] @ covariance @ X[0])
    assert (low[0], high[0]) == pytest.approx([1 / (1 + np.exp(-z - s * wide)) for s in (-1, 1)], abs=1e-4)


def test_labels_that_can_be_parted_have_no_likeliest_weights():
    X = np.column_stack([np.ones(6), [-5, -4, -3, 3, 4, 5]])
    assert likeliest(X, np.array([0, 0, 0, 1, 1, 1.0])) is None


def test_clicking_above_the_middle_adds_a_1_and_dragging_below_makes_it_a_0():
    session = scene("one-input", points=EIGHTEEN)
    session.act("put", [2.5, 0.9, 0])
    assert (session.experiment.points.x[-1, 0], session.experiment.y[-1]) == (2.5, 1)
    session.act("move", [18, -1.0, 0.2])
    assert (session.experiment.points.x[-1, 0], session.experiment.y[-1]) == (-1.0, 0)


# ---------------------------------------------------------------- two landscapes


@pytest.mark.parametrize("ours", [CROSS_ENTROPY, SQUARED])
def test_slopes_and_bends_of_both_losses_are_those_of_autograd(ours):
    rng = np.random.default_rng(1)
    X, y, w = rng.normal(size=(20, 2)), (rng.random(20) < 0.5).astype(float), np.array([0.7, -1.3])
    inputs, labels = torch.tensor(X), torch.tensor(y)

    def loss(at):
        g = torch.sigmoid(inputs @ at)
        squares = ((g - labels) ** 2).mean()
        return torch.nn.functional.binary_cross_entropy(g, labels) if ours is CROSS_ENTROPY else squares

    at = torch.tensor(w, requires_grad=True)
    value = loss(at)
    assert ours.mean(w, X, y) == pytest.approx(value.item(), abs=1e-12)
    assert ours.gradient(w, X, y) == pytest.approx(torch.autograd.grad(value, at)[0].numpy(), abs=1e-12)
    assert ours.hessian(w, X, y) == pytest.approx(torch.autograd.functional.hessian(loss, at).numpy(), abs=1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_logistic_regression_with_squared_loss_is_non_convex_and_cross_entropy_is_convex(seed):
    state = scene("landscape", points={**FAR, "seed": seed}).experiment
    side = np.linspace(-6, 6, 13)

    def least(loss):
        return min(np.linalg.eigvalsh(loss.hessian(np.array([b, w]), state.X, state.y))[0] for b in side for w in side)

    assert least(CROSS_ENTROPY) > 0
    assert least(SQUARED) < -0.1


def test_the_chord_is_crossed_by_the_squares_alone():
    session = scene("landscape")
    assert seen(session, "squares_above")
    assert not seen(session, "entropy_above")


def test_cross_entropy_vs_squared_loss_landscape_the_squares_stall_on_a_plateau():
    session = scene("landscape", 300)
    slope, error = column(session, "slope/squared"), column(session, "error/squared")
    assert column(session, "slope/cross-entropy")[0] > 40 * slope[0]
    assert slope[-1] < 0.01
    assert error[-1] == 0.5
    assert column(session, "error/cross-entropy")[-1] < 0.15


def test_multivariate_gradient_descent_never_rises_below_1_over_l_and_ends_after_1450_steps():
    session = scene("landscape", 1500, inputs="two inputs: w₁, w₂", begin=[-4, 3], rate=0.1)
    assert session.t == 1450
    assert session.experiment.finished
    assert (np.diff(column(session, "loss/cross-entropy")) <= 1e-12).all()
    line, w = seen(session, "line_w"), session.experiment.w
    assert (line[1] - line[0]) @ w == pytest.approx(0, abs=1e-9)


# ---------------------------------------------------------------- the sheet


@pytest.mark.parametrize("morph", [0, 0.4, 1])
@pytest.mark.parametrize(("theta", "theta_0", "total"), [((1, 1), 2, -2), ((1, 1), -2, 2), ((-1, -1), 2, 2)])
def test_lc_and_llc_share_the_boundary_x1_plus_x2(theta, theta_0, total, morph):
    session = scene("sheet", theta=theta, theta_0=theta_0, morph=morph)
    (line,) = seen(session, "boundary")
    assert line.sum(axis=1) == pytest.approx(np.full(len(line), total))
    assert session.experiment.height(session.experiment.score(line)) == pytest.approx(np.full(len(line), 0.5))


def test_sheet_over_area_and_texture_has_the_odds_ratios_of_figure_3_1():
    said = seen(scene("sheet", source="tumours: area and texture"), "said")
    assert "1.01205" in said
    assert "1.2355" in said


# ---------------------------------------------------------------- 569 tumours


def test_training_curves_wdbc_have_456_patients_and_113_and_f1_of_scikit_learn():
    session = scene("cancer", 5, spread=1.0)
    state = session.experiment
    assert (len(state.y), len(state.y_test)) == (456, 113)
    for name, X, y in (("train", state.X, state.y), ("test", state.X_test, state.y_test)):
        called = X @ state.theta > 0
        assert column(session, f"F1/{name}")[-1] == pytest.approx(f1_score(y, called))
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor(state.X_test @ state.theta), torch.tensor(state.y_test.astype(float))
    )
    assert column(session, "loss/test")[-1] == pytest.approx(float(loss))


def test_training_loss_falls_with_a_small_rate():
    assert (np.diff(column(scene("cancer", 100, rate=0.2), "loss/train")) < 0).all()


def test_a_penalised_run_ends_at_scikit_learns_weights():
    state = scene("cancer", 600, penalty=0.05, rate=0.5).experiment
    n = len(state.y)  # theirs: |w|²/2 + C Σ loss; ours: Σ loss / n + λ|w|²
    theirs = LogisticRegression(C=1 / (2 * n * 0.05), tol=1e-10, max_iter=2000).fit(state.X[:, :-1], state.y)
    assert state.theta == pytest.approx([*theirs.coef_[0], *theirs.intercept_], abs=1e-4)


# ---------------------------------------------------------------- generative


def test_linear_discriminant_of_two_gaussians_is_that_of_beyond():
    S = np.array([[1, 0.5], [0.5, 1]])
    odds = by_bayes(Bell(np.zeros(2), S, 0.5), Bell(np.array([2.0, 1.0]), S, 0.5))
    assert np.abs(odds.A).max() < 1e-12
    assert (*odds.b, odds.c) == pytest.approx((2, 0, -2), abs=1e-12)


@pytest.mark.parametrize(("model", "theirs"), [(SHARED, LinearDiscriminantAnalysis()), (BAYES, GaussianNB())])
def test_probabilities_of_lda_and_naive_bayes_are_scikit_learns(model, theirs):
    cloud = make(kind="moons", n=70, noise=0.3)
    pair = bells(cloud.x, cloud.y, model)
    assert pair is not None
    ours = by_bayes(*pair)(cloud.x)
    log_p = theirs.fit(cloud.x, cloud.y).predict_log_proba(cloud.x)
    assert ours == pytest.approx(log_p[:, 1] - log_p[:, 0], abs=1e-5)


def test_the_boundary_drawn_for_naive_bayes_is_where_scikit_learn_gives_one_half():
    session = scene("generative", points="circle", model=BAYES)
    cloud = session.experiment.points
    line = np.concatenate(list(seen(session, "bayes_line")))
    assert len(line) > 50
    assert GaussianNB().fit(cloud.x, cloud.y).predict_proba(line)[:, 1] == pytest.approx(
        np.full(len(line), 0.5), abs=1e-6
    )


def test_points_far_out_on_their_own_side_turn_lda_more_than_the_logistic_line():
    preset = CATALOGUE.load("logistic-regression:generative").presets["Outliers on the right side"]
    session = scene("generative", 400, **preset)
    assert column(session, "error/generative")[-1] > column(session, "error/logistic")[-1]
    assert session.experiment.turned() > 20


def test_the_logistic_line_nears_scikit_learns():
    session = scene("generative", 3000, points={"kind": "two gaussians", "n": 60, "noise": 0.7}, rate=0.5)
    cloud = session.experiment.points
    theirs = LogisticRegression(C=np.inf, tol=1e-12, max_iter=5000).fit(cloud.x, cloud.y)
    assert session.experiment.theta == pytest.approx([*theirs.coef_[0], *theirs.intercept_], abs=1e-3)
