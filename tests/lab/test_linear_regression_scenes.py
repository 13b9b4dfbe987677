"""The scenes of linear regression against scikit-learn, SciPy and NumPy, and against the numbers of the spec."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import curve_fit
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score

from lab.catalogue import Catalogue
from lab.maths import linear_fits as fits
from lab.session import Session

CATALOGUE = Catalogue()
RNG = np.random.default_rng(8)
TALL = RNG.normal(size=(12, 3))
WIDE = RNG.normal(size=(3, 6))
TWIN = np.column_stack([TALL[:, 0], TALL[:, 1], TALL[:, 1]])
FOUR_X = np.column_stack([np.ones(4), np.arange(4.0)])
FOUR_Y = np.array([1.0, 2.0, 2.0, 4.0])


def run(scene, steps=0, seed=0, **settings):
    session = Session(CATALOGUE.load(f"linear-regression:{scene}"), settings, seed)
    session.seek(steps)
    return session


def column(session, name):
    return session.run.columns.views()[name]


def own(*places):
    n = len(places)
    return {"kind": "own", "x": [list(at) for at in places], "y": [0] * n, "number": list(range(n))}


# ---------------------------------------------------------------- pseudo-inverse, ridge, rank


@pytest.mark.parametrize("X", [TALL, WIDE, TWIN], ids=["tall", "wide", "dependent"])
def test_the_pseudo_inverse_is_numpys_and_keeps_the_four_penrose_identities(X):
    """Pseudo-inverse by SVD, text 3."""
    plus = fits.pseudo_inverse(X)
    left, right = plus @ X, X @ plus
    assert plus == pytest.approx(np.linalg.pinv(X), abs=1e-12)
    assert right @ X - X == pytest.approx(np.zeros(X.shape), abs=1e-12)
    assert left @ plus == pytest.approx(plus, abs=1e-12)
    assert right == pytest.approx(right.T, abs=1e-12)
    assert left == pytest.approx(left.T, abs=1e-12)


def test_with_more_inputs_than_points_the_shortest_solution_interpolates_and_has_no_part_in_the_null_space():
    y = np.array([1.0, -2.0, 0.5])
    theta = fits.ridge(WIDE, y, 0)
    null = np.linalg.svd(WIDE)[2][3:]
    assert WIDE @ theta == pytest.approx(y, abs=1e-12)
    assert null @ theta == pytest.approx(np.zeros(3), abs=1e-12)
    assert theta == pytest.approx(np.linalg.lstsq(WIDE, y, rcond=None)[0], abs=1e-12)


def test_ridge_is_scikit_learns_with_n_times_lambda_and_tends_to_the_shortest_solution():
    """Multiple optimal solutions, text 1: as λ → 0+ ridge goes to the pseudo-inverse's."""
    y = TALL @ [1.0, 2.0, 3.0] + RNG.normal(size=12)
    theirs = Ridge(alpha=12 * 0.3, fit_intercept=False).fit(TALL, y).coef_
    assert fits.ridge(TALL, y, 0.3) == pytest.approx(theirs, abs=1e-10)
    assert fits.ridge(TWIN, y, 1e-7) == pytest.approx(np.linalg.pinv(TWIN) @ y, abs=1e-5)


def test_curvatures_are_0_exactly_for_dependent_columns():
    """Convexity of linear regression loss, text 3: all above 0 only where the columns are independent."""
    assert (fits.curvatures(TALL)[0] > 0).all()
    assert (fits.curvatures(TWIN)[0] == 0).tolist() == [False, False, True]
    assert (fits.rank(TALL), fits.rank(TWIN), fits.rank(WIDE)) == (3, 2, 3)


# ---------------------------------------------------------------- weights, R², the band


def test_four_points_have_the_fit_and_r_squared_of_beyond():
    ones = np.ones(4)
    theta = fits.weighted(FOUR_X, FOUR_Y, ones)
    share, error, _ = fits.r_squared(FOUR_Y, FOUR_X @ theta, ones)
    assert theta == pytest.approx([0.9, 0.9], abs=1e-12)
    assert error == pytest.approx(0.7, abs=1e-12)
    assert share == pytest.approx(0.852632, abs=1e-6)


def test_a_weight_of_nine_on_the_last_has_the_fit_of_beyond_and_of_scikit_learn():
    weights = np.array([1.0, 1.0, 1.0, 9.0])
    theta = fits.weighted(FOUR_X, FOUR_Y, weights)
    theirs = LinearRegression().fit(FOUR_X[:, 1:], FOUR_Y, sample_weight=weights)
    assert theta == pytest.approx([0.803030, 1.045455], abs=1e-6)
    assert theta == pytest.approx([theirs.intercept_, theirs.coef_[0]], abs=1e-10)
    predicted = FOUR_X @ theta
    share = fits.r_squared(FOUR_Y, predicted, weights)[0]
    assert share == pytest.approx(r2_score(FOUR_Y, predicted, sample_weight=weights), abs=1e-10)


def test_the_band_is_that_of_student_with_two_degrees_fewer():
    x = np.array([0.0, 1.0, 2.0, 3.5, 5.0, 6.0])
    y = np.array([1.0, 1.8, 3.3, 3.9, 6.4, 6.2])
    fit = stats.linregress(x, y)
    s = np.sqrt(((y - fit.intercept - fit.slope * x) ** 2).sum() / 4)
    at = np.array([-1.0, 2.0, 8.0])
    wide = stats.t.ppf(0.95, 4) * s * np.sqrt(1 / 6 + (at - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())
    ours = fits.half_band(np.column_stack([np.ones(6), x]), y, np.ones(6), np.column_stack([np.ones(3), at]), 0.9)
    assert ours == pytest.approx(wide, rel=1e-9)


def test_weights_of_one_over_the_variance_give_the_smallest_deviation_and_samples_agree():
    session = run("weighted", steps=400, fan=1.0, weights="1/σ²")
    for lane in ("unweighted", "weighted"):
        spread, theory = column(session, f"spread/{lane}")[-1], column(session, f"theory/{lane}")[-1]
        assert spread == pytest.approx(theory, rel=0.12)
    assert column(session, "theory/weighted")[-1] < 0.8 * column(session, "theory/unweighted")[-1]
    assert column(session, "held/weighted")[-1] == pytest.approx(0.95, abs=0.03)
    assert column(session, "held/unweighted")[-1] > 0.975  # where the noise is small its band is far too wide


def test_a_right_click_makes_a_point_weigh_nine_and_another_one_again():
    session = run("weighted", data="four points", weights="all 1")
    session.act("weigh", [3])
    line = session.draw(["line"]).values["line"]
    assert (line[1, 1] - line[0, 1]) / (line[1, 0] - line[0, 0]) == pytest.approx(1.045455, abs=1e-6)
    session.act("weigh", [3])
    line = session.draw(["line"]).values["line"]
    assert (line[1, 1] - line[0, 1]) / (line[1, 0] - line[0, 0]) == pytest.approx(0.9, abs=1e-9)


# ---------------------------------------------------------------- one slope


def test_one_point_asks_for_y_over_x_and_several_for_the_ratio_of_sums():
    """One-point, one-parameter least squares; Many points, one parameter, text 1."""
    one = run("one-slope", points=own((2.0, 3.0)))
    assert one.draw(["bottom"]).values["bottom"] == pytest.approx([1.5])
    many = run("one-slope", points=own((1.0, 2.0), (2.0, 1.0), (-3.0, 4.0)))
    assert many.draw(["bottom"]).values["bottom"] == pytest.approx([-8 / 14])
    flat = run("one-slope", points=own((0.0, 3.0)))
    assert len(flat.draw(["bottom"]).values["bottom"]) == 0
    assert "no slope is the best" in flat.draw(["said"]).values["said"]


def test_a_rate_of_n_over_twice_the_sum_of_squares_lands_in_one_step_and_twice_that_never():
    """Univariate linear model through the origin, text 2: converges iff η < n / Σx²."""
    points = own((2.0, 3.0), (-1.0, 0.0), (1.0, 1.0))  # Σxy / Σx² = 7/6, n / 2Σx² = 1/4
    there = run("one-slope", steps=1, points=points, rate=0.25)
    assert there.draw(["ball"]).values["ball"][0, 0] == pytest.approx(7 / 6, abs=1e-12)
    border = column(run("one-slope", steps=20, points=points, rate=0.5), "distance/run")
    assert border[-1] == pytest.approx(border[0], rel=1e-9)
    assert column(run("one-slope", steps=60, points=points, rate=0.51), "distance/run")[-1] > 10 * border[0]
    assert column(run("one-slope", steps=200, points=points, rate=0.49), "distance/run")[-1] < 0.02 * border[0]


def test_the_loss_is_0_only_where_all_points_are_on_one_line():
    on = run("one-slope", points=own((-4.0, -6.0), (1.0, 1.5), (3.0, 4.5)))
    off = run("one-slope", points=own((-4.0, -6.0), (1.0, 1.6), (3.0, 4.5)))
    assert column(on, "least")[-1] == pytest.approx(0, abs=1e-14)
    assert column(off, "least")[-1] > 1e-4


# ---------------------------------------------------------------- scales


def test_standardised_contours_have_the_axes_of_figure_2_8():
    """R_Z = √((1 − |ρ|)/(1 + |ρ|)): for ρ = −0.6 that is 1/2; and ZᵀZ has the eigenvalues n(1 ± |ρ|)."""
    session = run("scales", rho=-0.6, scale=7.0)
    update = session.draw(["update"]).values["update"]
    assert update.numbers["R_Z"] == pytest.approx(0.5, abs=1e-9)
    z = session.draw(["z"]).values["z"]
    assert np.linalg.eigvalsh(z.T @ z) == pytest.approx([40, 160], abs=1e-8)
    assert z.mean(axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert z.std(axis=0) == pytest.approx([1, 1], abs=1e-12)


def test_the_fastest_rate_shrinks_the_standardised_lane_by_rho_a_step():
    """Loss landscape and standardised inputs, text 3: α = 1/2 contracts by exactly |ρ|."""
    session = run("scales", steps=5, rho=0.6, eta="2/(λmax + λmin)")
    assert session.draw(["update"]).values["update"].numbers[r"\eta"][1] == pytest.approx(0.5, abs=1e-9)
    far = column(session, "distance/standardised")
    assert far[1:6] / far[:5] == pytest.approx(np.full(5, 0.6), abs=1e-6)


def test_descent_takes_longer_the_wider_one_input_is_and_stays_under_its_bound():
    """Feature scale imbalance, text 1."""
    wide = run("scales", steps=3000, scale=10.0)
    assert "standardised" in wide.experiment.finished
    raw, standard = (column(wide, f"distance/{lane}") for lane in ("raw", "standardised"))
    assert (raw > 0.01 * raw[0]).sum() > 20 * (standard > 0.01 * standard[0]).sum()
    for lane in ("raw", "standardised"):
        assert (column(wide, f"distance/{lane}") <= column(wide, f"bound/{lane}") * (1 + 1e-9)).all()


# ---------------------------------------------------------------- the plane


def test_descent_reaches_the_plane_that_scikit_learn_fits_to_two_columns_of_diabetes():
    session = run("plane", steps=400, data="diabetes: bmi and bp", n=60, rate=0.3)
    real = load_diabetes(scaled=False)
    every = np.linspace(0, 441, 60).astype(int)
    x, y = real.data[every][:, [2, 3]], real.target[every]
    x, y = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
    assert session.draw(["now"]).values["now"][0] == pytest.approx(LinearRegression().fit(x, y).coef_, abs=1e-9)


def test_at_correlation_1_the_loss_is_the_same_along_a_line_and_descent_from_0_finds_its_shortest_point():
    """Multiple optimal solutions, text 1: equal J along the valley."""
    session = run("plane", steps=400, rho=1.0, begin=[0.0, 0.0])
    values = session.draw(["now", "star", "solutions", "shape_said", "det_said"]).values
    assert values["now"] == pytest.approx(values["star"], abs=1e-9)
    assert values["star"][0, 0] == pytest.approx(values["star"][0, 1], abs=1e-9)
    assert (values["shape_said"], values["det_said"]) == ("a trough", "det 0")
    along = [session.experiment.objective(place) for place in values["solutions"]]
    assert along == pytest.approx([column(session, "least")[-1]] * 2, abs=1e-9)
    other = run("plane", steps=400, rho=1.0, begin=[-2.0, 1.0])
    assert np.abs(other.draw(["now"]).values["now"] - values["star"]).max() > 1


def test_the_determinant_is_0_with_fewer_points_than_weights_and_ridge_lifts_it():
    """Non-invertible X Xᵀ, text 1: n < d + 1."""
    said = {n: run("plane", n=n).draw(["det_said", "normal"]).values for n in (1, 2, 3, 12)}
    assert [said[n]["det_said"] == "det 0" for n in (1, 2, 3, 12)] == [True, True, False, False]
    for n in (3, 12):
        assert float(said[n]["det_said"][4:]) == pytest.approx(np.linalg.det(said[n]["normal"]), rel=5e-3)
    lifted = run("plane", n=2, ridge=0.1).draw(["det_said", "normal"]).values
    assert float(lifted["det_said"][4:]) == pytest.approx(np.linalg.det(lifted["normal"]), rel=5e-3)


def test_the_unit_square_becomes_an_area_of_the_determinant():
    """Matrix as a spatial transformation, text 1: |ad − bc|."""
    session = run("plane", matrix="typed below", own_matrix=[[1.5, 0.5], [1.0, 2.0]])
    corners = session.draw(["square"]).values["square"]
    x, y = corners[:-1].T
    area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    assert area == pytest.approx(2.5)
    session.act("column", [1, 1.0, 0.6666666])
    assert session.draw(["area_said"]).values["area_said"].startswith("area |det| = 0.00")
    session.act("column", [1, 3.0, 2.0])
    assert "det = 0" in session.draw(["area_said"]).values["area_said"]


# ---------------------------------------------------------------- convergence


def test_each_error_shrinks_by_its_own_factor():
    """Convergence bound for least squares, text 3: |1 − 2αλ/n| a step along each eigenvector."""
    session = run("convergence", steps=6, rate=0.4)
    for value, factor in (("3", 0.2), ("1.2", 0.52), ("0.3", 0.88)):
        errors = column(session, f"error/λ = {value}")
        assert errors[1:7] / errors[:6] == pytest.approx(np.full(6, factor), rel=1e-6)
    assert (column(session, "error/all") <= column(session, "bound") * (1 + 1e-12)).all()


def test_all_eigenvalues_are_inside_exactly_below_n_over_the_largest():
    """λmax of (2/n)XᵀX is 3 here, so the bound is 2/3."""
    inside, outside = run("convergence", steps=300, rate=0.66), run("convergence", steps=300, rate=0.675)
    assert not inside.draw(["outside"]).values["outside"].any()
    assert outside.draw(["outside"]).values["outside"].tolist() == [True, False, False]
    assert column(inside, "error/all")[-1] < 0.01
    assert column(outside, "error/all")[-1] > 100
    assert inside.draw(["edge"]).values["edge"] == pytest.approx([2 / 3])


def test_descent_stays_at_its_fixed_point_which_is_scikit_learns():
    session = run("convergence", steps=2000, data="diabetes, five columns", rate=0.4, begin="θ = 0")
    real = load_diabetes(scaled=False)
    x, y = real.data[:, [0, 2, 3, 4, 5]], real.target
    x, y = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
    assert session.draw(["theta"]).values["theta"] == pytest.approx(LinearRegression().fit(x, y).coef_, abs=1e-8)


# ---------------------------------------------------------------- projection


@pytest.mark.parametrize("M", [TALL, TWIN], ids=["independent", "dependent"])
def test_a_projection_is_symmetric_and_its_own_square_and_its_trace_is_the_rank(M):
    """81. Projection matrix, text 4."""
    onto = fits.projection(M)
    y = np.arange(12.0)
    foot = onto @ y
    assert onto == pytest.approx(onto.T, abs=1e-12)
    assert onto @ onto - onto == pytest.approx(np.zeros((12, 12)), abs=1e-12)
    assert np.trace(onto) == pytest.approx(np.linalg.matrix_rank(M), abs=1e-12)
    assert M.T @ (y - foot) == pytest.approx(np.zeros(3), abs=1e-10)
    assert foot == pytest.approx(LinearRegression(fit_intercept=False).fit(M, y).predict(M), abs=1e-10)


def test_descent_walks_to_the_foot_and_never_leaves_the_plane():
    session = run("projection", steps=3)
    x, y = np.array([[1.6, 0.2], [0.3, 1.6], [0.2, 0.5]]), np.array([0.9, 0.8, 2.0])
    normal = np.cross(x[:, 0], x[:, 1])
    assert session.experiment.predicted() @ normal == pytest.approx(0, abs=1e-12)
    session.seek(300)
    assert session.draw(["leaning"]).values["leaning"] == pytest.approx(np.zeros((2, 1)), abs=1e-9)
    assert session.experiment.predicted() == pytest.approx(x @ np.linalg.lstsq(x, y, rcond=None)[0], abs=1e-9)


# ---------------------------------------------------------------- storage


def test_the_exponential_is_the_line_through_the_logarithms_and_the_other_is_scipys():
    """World data storage, text 3: y = a eᵇᵗ by linear regression on ln y."""
    t = np.array([-8.0, -7, -4, -2, 4, 7, 8])
    y = np.array([0.161, 0.281, 1.2, 2.8, 33, 79, 97])
    line = stats.linregress(t, np.log(y))
    assert fits.exponential(t, y) == pytest.approx([line.intercept, line.slope], abs=1e-10)
    (a, b), _ = curve_fit(lambda t, a, b: a * np.exp(b * t), t, y, p0=(5, 0.4))
    assert fits.exponential(t, y, sizes=True) == pytest.approx([np.log(a), b], abs=1e-5)


def test_an_added_estimate_moves_the_fit_and_taking_it_away_moves_it_back():
    session = run("storage", year=2030.0)
    told = session.draw(["told"]).values["told"][0, 1]
    session.act("add", [2029.0, 1.0])
    assert session.draw(["told"]).values["told"][0, 1] < 0.2 * told
    session.act("erase", [7])
    assert session.draw(["told"]).values["told"][0, 1] == pytest.approx(told, rel=1e-12)
