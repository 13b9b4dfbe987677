"""Descent on a curve agrees with the texts' numbers: regimes, thresholds, stopping rules, curves without a minimum."""

import numpy as np
import pytest
from scipy import optimize

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.maths.curves import LOGISTIC, bottom, curve, ends, law_of_steps, lowest, minima, regime, to_tolerance
from lab.maths.formula import parse
from lab.session import Session

CATALOGUE = Catalogue()
MAIN, FOUR, VALLEYS, RIVALS, SEQUENCE = map(
    CATALOGUE.load,
    ("curve-descent", *(f"curve-descent:{scene}" for scene in ("four", "valleys", "rivals", "sequence"))),
)


def run(experiment, steps=0, /, seed=0, **settings):
    session = Session(experiment, settings, seed)
    session.seek(steps)
    return session


def column(session, name):
    return np.array([session.run.columns.row(t).get(name, np.nan) for t in range(session.t + 1)])


def places(steps, **settings):
    return column(run(MAIN, steps, rule="T alone", limit=1000, **settings), "theta")


# ---------------------------------------------------------------- regimes


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (0.1, (4, 3.6, 3.28, 3.024)),
        (0.5, (4, 2, 2, 2)),
        (0.9, (4, 0.4, 3.28, 0.976)),
        (1.0, (4, 0, 4, 0)),
        (1.1, (4, -0.4, 4.88, -1.456)),
    ],
)
def test_worked_example_of_text_0(rate, expected):
    session = run(MAIN, 3, function="parabola", rate=rate, rule="T alone")
    assert column(session, "theta") == pytest.approx(expected)
    assert column(session, "law") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (0.1, (3, 2.6, 2.28, 2.024, 1.8192)),
        (0.9, (3, -0.6, 2.28, -0.024, 1.8192)),
        (1.1, (3, -1.4, 3.88, -2.456, 5.1472)),
    ],
)
def test_1_d_gradient_descent_of_text_1(rate, expected):
    assert places(4, function="formula", formula="(x - 1)**2", begin=3, rate=rate) == pytest.approx(expected)


def test_step_size_regimes_are_named_by_eta_times_curvature():
    names = [regime(share) for share in (0.05, 0.5, 1, 1.5, 2, 2.5, -1)]
    assert names == ["creeps", "straight down", "one hop", "overshoots", "to and fro", "climbs", "no bound"]


def test_the_rate_slider_is_marked_at_1_and_2_over_the_curvature():
    assert run(MAIN, 2, function="parabola").draw(["safe"]).values["safe"] == pytest.approx([0.5, 1.0])
    assert len(run(MAIN, 2, function="dome").draw(["safe"]).values["safe"]) == 0


def test_steps_to_tolerance_have_the_zones_of_the_quadratic():
    slope = curve("parabola").derivative("x")
    rates = np.array([0.005, 0.1, 0.5, 0.9, 1.0, 1.1])
    steps, zone = to_tolerance(slope, 4, rates, 1e-4, 1000)
    assert zone.tolist() == [1, 0, 0, 2, 3, 4]
    assert steps[2] == 1
    assert steps[[1, 3]].tolist() == [48, 48]  # |1 − 2η| = 0.8 both times; ln(4e4) / ln(1.25) = 47.488
    assert law_of_steps(2, 4, rates[[1]], 1e-4)[0] == pytest.approx(np.log(4e4) / np.log(1.25))


def test_step_size_comparison_on_logistic_regression_figure_1_of_text_2():
    session = run(FOUR, 10, function="logistic")
    assert session.experiment.theta == pytest.approx([0.070, 0.254, 1.127], abs=6e-4)
    assert column(session, "loss/first")[-1] == pytest.approx(0.588, abs=6e-4)
    assert column(session, "loss/third")[-1] == pytest.approx(0.862, abs=6e-4)
    assert run(FOUR, 1, function="logistic").experiment.theta[2] == pytest.approx(5.408, abs=6e-4)
    assert session.experiment.best == pytest.approx(0.30667, abs=1e-5)
    assert parse(LOGISTIC, ("x",))(0.30667) == pytest.approx(0.46305, abs=1e-5)


# ---------------------------------------------------------------- curves without a minimum, or without a slope


def test_stagnating_at_the_inflection_of_x_cubed():
    theta = places(1000, function="x³", rate=0.1)
    assert (np.diff(theta) < 0).all()
    assert theta[-1] == pytest.approx(1 / (3 * 0.1 * 1000), rel=0.05)
    assert places(2, function="x³", rate=0.35)[1:] == pytest.approx([-0.05, -0.052625])
    assert places(1, function="x³", rate=1 / 3)[1] == pytest.approx(0, abs=1e-12)


def test_exp_grows_like_the_logarithm():
    theta = places(1000, function="exp(−x)", rate=1)
    assert theta[[10, 100, 1000]] == pytest.approx([2.529, 4.6406, 6.9125], abs=5e-4)


def test_concave_descends_for_ever_by_1_plus_2_eta():
    theta = places(6, function="dome", rate=0.1)
    assert theta[1:] / theta[:-1] == pytest.approx([1.2] * 6)


def test_smoothness_the_kink_is_a_two_cycle_and_the_staircase_freezes():
    theta = places(40, function="|x|", rate=0.3)
    assert abs(theta[-1] - theta[-2]) == pytest.approx(0.3)
    assert theta[-1] == pytest.approx(theta[-3])
    frozen = run(MAIN, 3, function="staircase")
    assert frozen.experiment.theta == 2.2
    assert "do not prove a minimum" in frozen.experiment.finished


# ---------------------------------------------------------------- stopping


def test_the_step_rule_is_the_slope_rule_with_epsilon_over_eta():
    """Termination conditions: |Δθ| = η |f′| of the place before."""
    session = run(MAIN, 20, function="parabola", rate=0.1)
    assert column(session, "rule/|Δθ|")[2:] == pytest.approx(0.1 * column(session, "rule/|f′|")[1:-1])


def test_the_relative_rule_is_scale_invariant_and_the_absolute_is_not():
    def stop(rule, formula, rate):
        session = run(MAIN, 900, function="formula", formula=formula, begin=4, rate=rate, rule=rule, limit=1000)
        return session.t

    plain, scaled = ("(x - 2)**2 + 1", 0.1), ("10*((x - 2)**2 + 1)", 0.01)
    assert stop("|Δf|/|f|", *plain) == stop("|Δf|/|f|", *scaled) > 5
    assert stop("|Δf|", *plain) < stop("|Δf|", *scaled)


def test_a_lamp_says_the_first_step_below_any_tolerance_set_later():
    session = run(MAIN, 59, function="parabola", rate=0.1)
    slopes = column(session, "rule/|f′|")
    for epsilon in (1e-1, 1e-3):
        session.set("tolerance", epsilon)
        (fired,) = [row for row in session.draw(["lamps"]).values["lamps"] if row[0] == "|f′| < ε"]
        assert fired[2] == f"t = {int(np.argmax(slopes < epsilon))}"


def test_the_step_limit_ends_the_run():
    assert run(MAIN, 99, limit=7).t == 7


# ---------------------------------------------------------------- derivatives, extremes, typed formulas


def test_the_numerical_derivative_stands_beside_the_automatic_one():
    session = run(MAIN, 0, function="formula", formula="sin(x)*exp(x/2)", begin=1)
    numbers = session.draw(["slopes_equation"]).values["slopes_equation"].numbers
    exact = np.exp(0.5) * (np.cos(1) + np.sin(1) / 2)
    assert numbers["a"] == pytest.approx(exact, rel=1e-14)
    assert 0 < abs(numbers["b"] - exact) < 1e-6


def test_min_is_a_height_and_argmin_a_place():
    assert lowest(lambda x: (x - 1) ** 2, (-3, 4)) == pytest.approx((1, 0), abs=1e-9)
    assert lowest(lambda x: -np.sin(x), (0, 3)) == pytest.approx((np.pi / 2, -1), abs=1e-6)
    best = optimize.minimize_scalar(curve("two minima"), bounds=(-2, 1), method="bounded", options={"xatol": 1e-10})
    assert lowest(curve("two minima"), (-2, 4)) == pytest.approx((best.x, best.fun), abs=1e-6)


def test_a_formula_without_a_value_at_the_start_is_refused():
    with pytest.raises(Unfit, match="begin"):
        run(MAIN, function="formula", formula="sqrt(x + 4)", begin=-5)
    with pytest.raises(Unfit, match="formula"):
        run(MAIN, function="formula", formula="sqrt(x - 5)", begin=5.5)


# ---------------------------------------------------------------- valleys, rivals, sequences


def test_two_starts_on_the_two_sides_of_the_barrier_end_in_different_minima():
    f = curve("two minima")
    slope = f.derivative("x")
    goals = minima(slope, (-2, 4))
    roots = np.roots(np.polyder(0.3 * np.poly1d([1, -2, -2]) ** 2 + np.poly1d([0.5, 1])))
    left, top, right = np.sort(roots.real)
    assert goals == pytest.approx([left, right])
    assert ends(slope, [top - 0.01, top + 0.01], 0.02, goals).tolist() == [0, 1]
    assert bottom(slope, top + 0.01) == pytest.approx(right)
    assert f(left) < f(right)


def test_noise_makes_them_hop_more_the_more_there_is():
    hops = [np.nansum(column(run(VALLEYS, 150, rate=0.05, noise=noise), "hops")[30:]) for noise in (0, 6, 14)]
    assert hops[0] == 0
    assert hops[1] < hops[2]


def test_random_search_never_climbs_and_descent_is_frozen_on_a_staircase():
    session = run(RIVALS, 60, function="staircase", reach=1)
    assert (np.diff(column(session, "loss/random search")) <= 0).all()
    assert column(session, "place/gradient descent")[-1] == 2.2
    assert column(session, "loss/random search")[-1] == 0


@pytest.mark.parametrize(("epsilon", "k"), [(0.1, 10), (0.05, 20), (0.3, 3)])
def test_the_smallest_k_of_1_over_n_is_the_floor_of_1_over_epsilon(epsilon, k):
    assert run(SEQUENCE, 60, kind="1/n", epsilon=epsilon).experiment.k() == k
