"""Linear regression against scikit-learn, SciPy and NumPy, and against the numbers of texts 0, 1, 3 and 4."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import linregress, t
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.preprocessing import StandardScaler

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.experiments.lines.linear_regression._samples import sample
from lab.maths import least_squares as ls
from lab.session import Session

KIND = Catalogue().load("linear-regression")
RNG = np.random.default_rng(4)
X = ls.design(RNG.normal(size=(30, 3)))
Y = X @ [1.0, -2.0, 0.5, 3.0] + RNG.normal(size=30)
TWENTY = ls.design(np.linspace(0, 5, 20))
LINE = {"data": "3x + 1"}
FIGURE = {"data": "rooms, Figure 2.7"}


def run(steps, seed=0, **settings):
    session = Session(KIND, settings, seed)
    session.seek(steps)
    return session


def column(session, name):
    return session.run.columns.views()[name]


# ---------------------------------------------------------------- the closed form and the gradient


def test_the_closed_form_is_that_of_scikit_learn_and_of_lstsq():
    ours = ls.solution(X, Y)
    theirs = LinearRegression().fit(X[:, 1:], Y)
    assert ours == pytest.approx([theirs.intercept_, *theirs.coef_], abs=1e-10)
    assert ours == pytest.approx(np.linalg.lstsq(X, Y, rcond=None)[0], abs=1e-10)


def test_residuals_are_at_right_angles_to_every_column_and_sum_to_0():
    """OLS closed-form solution, text 1; Least squares and normal equations, text 3."""
    residuals = X @ ls.solution(X, Y) - Y
    assert X.T @ residuals == pytest.approx(np.zeros(4), abs=1e-11)
    assert residuals.sum() == pytest.approx(0, abs=1e-11)


@pytest.mark.parametrize("objective", ls.OBJECTIVES)
def test_the_gradient_is_that_of_finite_differences_and_0_at_the_closed_form(objective):
    """Ordinary least squares by GD, text 0: ∇J = (2/n) Xᵀ(Xθ − Y) for the mean."""
    c = ls.weight(objective, len(Y))
    theta = np.array([0.3, -1.0, 2.0, 0.0])
    assert ls.gradient(theta, X, Y, c) == pytest.approx(approx_fprime(theta, lambda w: ls.loss(w, X, Y, c)), rel=1e-4)
    assert ls.gradient(ls.solution(X, Y), X, Y, c) == pytest.approx(np.zeros(4), abs=1e-9)


def test_the_mean_loss_is_scikit_learns_and_the_half_mean_is_text_4s_half_of_it():
    theta = np.array([0.3, -1.0, 2.0, 0.0])
    mean = mean_squared_error(Y, X @ theta)
    values = [ls.loss(theta, X, Y, ls.weight(objective, 30)) for objective in ls.OBJECTIVES]
    assert values == pytest.approx([mean, 30 * mean, mean / 2, 15 * mean])


def test_an_offset_is_the_weight_of_a_one():
    """Absorbing the offset, text 1: predictions are identical before and after."""
    apart = LinearRegression().fit(X[:, 1:], Y)
    absorbed = LinearRegression(fit_intercept=False).fit(X, Y)
    assert X @ ls.solution(X, Y) == pytest.approx(apart.predict(X[:, 1:]))
    assert X @ ls.solution(X, Y) == pytest.approx(absorbed.predict(X))
    assert X.shape == (30, 3 + 1)


def test_rmse_and_r_squared_are_those_of_scikit_learn_and_rmse_has_the_units_of_y():
    fitted = X @ ls.solution(X, Y)
    assert ls.rmse(Y, fitted) ** 2 == pytest.approx(mean_squared_error(Y, fitted))
    assert ls.rmse(-1000 * Y, -1000 * fitted) == pytest.approx(1000 * ls.rmse(Y, fitted))
    assert ls.r_squared(Y, fitted) == pytest.approx(r2_score(Y, fitted))


def test_the_band_at_input_0_is_the_offsets_own_interval():
    theirs = linregress(X[:, 1], Y)
    half = ls.confidence(X[:, :2], Y, np.array([[1.0, 0.0]]))
    assert half == pytest.approx([t.ppf(0.975, 28) * theirs.intercept_stderr])


# ---------------------------------------------------------------- the safe step ("GD convergence theorem", text 1)


def test_eigenvalues_and_the_largest_safe_step_are_those_of_the_text():
    H = ls.hessian(TWENTY, 1 / 20)
    assert np.linalg.eigvalsh(H) == pytest.approx([0.49491, 18.61035], abs=1e-5)
    assert ls.largest_eigenvalue(H) == pytest.approx(18.61035, abs=1e-5)
    assert run(0, **LINE).experiment.safe() == pytest.approx([0.107467 / 2, 0.107467], abs=1e-6)


def test_just_below_two_over_lambda_max_it_converges_and_just_above_it_explodes():
    below, above = (run(3000, rate=share * 0.107467, **LINE) for share in (0.99, 1.01))
    made = sample("3x + 1")
    theirs = LinearRegression().fit(made.x[:, None], made.y)
    assert below.experiment.theta[0] == pytest.approx([theirs.intercept_, theirs.coef_[0]], abs=1e-3)
    assert column(above, "loss/gradient descent")[-1] > 1e50


def test_halving_ends_below_the_safe_step():
    session = run(40, rate=2, halve=True, **LINE)
    assert session.experiment.halvings == 5  # 2/2⁴ = 0.125 is still over 0.107467
    assert session.experiment.eta() == 0.0625


def test_the_sum_makes_the_safe_step_n_times_smaller_and_the_half_twice_as_large():
    mean, total, half, half_sum = (run(0, objective=o, **LINE).experiment.safe()[1] for o in ls.OBJECTIVES)
    assert [total, half, half_sum] == pytest.approx([mean / 20, mean * 2, mean / 10])


def test_standardising_makes_the_ellipse_a_circle():
    state = run(0, inputs="standardised", **LINE).experiment
    assert pytest.approx(2 * np.eye(2), abs=1e-12) == state.H
    assert state.x == pytest.approx(np.linspace(0, 5, 20))
    assert state.X[:, 1:] == pytest.approx(StandardScaler().fit_transform(state.x[:, None]))


def test_the_gap_never_exceeds_its_bound():
    session = run(80, rate=0.1, **LINE)
    gap, bound = column(session, "gap"), column(session, "bound")
    assert (gap <= bound * (1 + 1e-9)).all()
    assert gap[-1] < gap[0] / 50


# ---------------------------------------------------------------- rooms and prices (text 3)


@pytest.mark.parametrize("name", ["rooms → price", "rooms, Figure 2.7"])
def test_the_fit_of_rooms_and_prices_is_the_texts(name):
    """Simple linear regression: rooms -> price (Figure 2.3a)."""
    made = sample(name)
    theirs = LinearRegression().fit(made.x[:, None], made.y)
    assert (len(made.x), theirs.intercept_, theirs.coef_[0]) == pytest.approx((490, -30.01, 8.27))
    assert run(0, data=name, inputs="as they are").experiment.star == pytest.approx([-30.01, 8.27])


def test_figure_2_7_has_its_bound():
    """Learning rate on simple regression (Figure 2.7), with V1's data."""
    state = run(0, **FIGURE).experiment
    assert np.linalg.eigvalsh(state.X.T @ state.X) == pytest.approx([71.61, 20670.18], abs=5e-3)
    assert state.safe()[1] == pytest.approx(0.0237056, abs=1e-7)


@pytest.mark.parametrize(("rate", "steps"), [(0.01, 3113), (0.0235, 1447)])
def test_figure_2_7_stops_after_the_texts_number_of_steps(rate, steps):
    session = run(5000, rate=rate, **FIGURE)
    assert session.t == steps
    assert session.finished
    state = session.experiment
    assert state.theta[0] == pytest.approx([-30.01, 8.27], abs=0.02)
    assert ls.steps_until(state.H, state.star, np.zeros(2), rate, 1e-5, 20_000) == steps


def test_figure_2_7_diverges_past_its_bound():
    session = run(300, rate=0.024, **FIGURE)
    assert column(session, "loss/gradient descent")[-1] > 1e6
    assert session.experiment.three_names()[0] == "0.024: diverges"


# ---------------------------------------------------------------- logarithms ("67. MSE loss and log transform", text 4)


def test_a_logarithm_of_the_inputs_lowers_the_condition_number_and_the_steps_needed():
    raw, log = (run(0, data="same car → price", inputs=i).experiment for i in ("as they are", "logarithm"))
    assert np.linalg.cond(log.H) < np.linalg.cond(raw.H) / 100

    def steps(state):
        return ls.steps_until(state.H, state.star, np.zeros(2), 1 / state.steepest, 1e-6, 10**8)

    assert steps(log) < steps(raw) / 100
    theirs = LinearRegression().fit(np.log(raw.x)[:, None], raw.y)
    assert log.star == pytest.approx([theirs.intercept_, theirs.coef_[0]])


def test_inputs_below_0_have_no_logarithm():
    with pytest.raises(Unfit, match="inputs: only numbers above 0"):
        run(0, inputs="logarithm")


# ---------------------------------------------------------------- lines, methods, hands


def test_bad_and_good_line_have_the_losses_that_numpy_finds():
    """Bad line versus good line, text 1: (10, 1) and (1, 3)."""
    made = sample("3x + 1")
    for settings, line in (({"offset": 10, "slope": 1}, [1, 10]), ({"offset": 1, "slope": 3}, [3, 1])):
        session = run(0, **LINE, **settings)
        theirs = mean_squared_error(made.y, np.polyval(line, made.x))
        assert column(session, "loss/gradient descent")[0] == pytest.approx(theirs)


def test_random_search_never_rises_and_never_beats_least_squares():
    """Random-search regression, text 1."""
    session = run(200, method="random search", **LINE)
    loss = column(session, "loss/random search")
    state = session.experiment
    theirs = LinearRegression().fit(state.x[:, None], state.y)
    assert (np.diff(loss) <= 0).all()
    assert loss[-1] < loss[0] / 2
    assert loss[-1] >= mean_squared_error(state.y, theirs.predict(state.x[:, None]))


def test_a_batch_of_all_samples_goes_the_way_of_gradient_descent():
    theta = run(30, method="mini-batch", batch=20, **LINE).experiment.theta
    assert theta[0] == pytest.approx(theta[1])


def test_single_samples_are_right_on_average():
    moves = [run(1, seed, method="one sample", **LINE).experiment.move for seed in range(400)]
    single, full = np.array(moves).mean(axis=0)
    spread = np.array(moves)[:, 0].std(axis=0) / 20
    assert (np.abs(single - full) < 4 * spread).all()


def test_the_closed_form_jumps_in_one_step_and_follows_a_dragged_point():
    session = run(1, method="closed form")
    for _ in range(2):
        state = session.experiment
        theirs = LinearRegression().fit(state.points.x[:, :1], state.points.x[:, 1])
        assert state.theta[0] == pytest.approx([theirs.intercept_, theirs.coef_[0]])
        session.act("points.move", [0, 5.0, -5.0])


def test_a_place_in_the_bowl_is_a_line_and_a_lines_ends_are_a_place_in_the_bowl():
    """Input space versus parameter space, text 1."""
    session = run(3, **LINE)
    session.act("put", [2.0, -1.0])
    assert session.experiment.line()[:, 1] == pytest.approx(np.polyval([-1, 2], session.experiment.line()[:, 0]))
    session.act("pull_left", [0.0, 7.0])
    session.act("pull_right", [5.0, -3.0])
    assert session.experiment.theta[0] == pytest.approx([7, -2])
    session.act("solve", [])
    theirs = LinearRegression().fit(np.linspace(0, 5, 20)[:, None], sample("3x + 1").y)
    assert session.experiment.theta[0] == pytest.approx([theirs.intercept_, theirs.coef_[0]])


def test_squares_have_the_area_of_the_loss():
    state = run(5).experiment
    sides = [np.ptp(square, axis=0) for square in state.squares()]
    assert all(wide == pytest.approx(high) for wide, high in sides)
    areas = float(np.prod(sides, axis=1).sum())
    assert areas / 24 == pytest.approx(mean_squared_error(state.y, np.polyval(state.theta[0][::-1], state.x)))


def test_the_patients_slope_and_all_ten_weights_are_scikit_learns():
    x, y = load_diabetes(return_X_y=True, scaled=False)
    bmi = LinearRegression().fit(StandardScaler().fit_transform(x[:, 2:3]), y)
    session = run(0, data="diabetes")
    assert session.experiment.star == pytest.approx([bmi.intercept_, bmi.coef_[0]])
    session.experiment.t = 10**5  # descent has long arrived
    every = LinearRegression().fit(StandardScaler().fit_transform(x), y)
    assert session.experiment.heights_of() == pytest.approx(every.coef_, abs=1e-6)


def test_the_matrices_have_the_texts_shapes():
    """Matrix form of OLS and the shapes table, text 1."""
    session = run(0, **LINE)
    assert [row[2] for row in session.experiment.shapes()] == ["2 × 20", "1 × 20", "2 × 1", "1 × 20", "1 × 1"]
    assert session.experiment.inputs_shown()[0] == pytest.approx(np.ones(8))
    assert session.experiment.misses() == pytest.approx(10 + np.linspace(0, 5, 20)[None, :8] - sample("3x + 1").y[:8])


def test_inputs_all_alike_make_a_trough_and_the_star_is_its_shortest_place():
    """8. Normal equations, text 4: no inverse when columns are collinear."""
    state = run(0, **KIND.presets["Inputs all alike: a trough"]).experiment
    assert np.linalg.matrix_rank(state.X) == 1
    assert state.star == pytest.approx(np.linalg.pinv(state.X) @ state.y)
    assert state.round() == "a trough"


def test_points_may_be_erased_while_samples_of_the_last_step_are_lit():
    session = run(1, method="mini-batch", batch=24)
    session.act("points.erase", [23])
    frame = session.draw(["lit", "valleys"])
    assert frame.values["lit"].tolist() == [False] * 23
    assert frame.values["valleys"] == ()
