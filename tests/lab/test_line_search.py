"""Line searches accept what the texts' conditions admit, with the spec's numbers and SciPy's; steepest descent turns at
right angles, conjugate directions end."""

import numpy as np
import pytest
from scipy import optimize, sparse

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.maths.searches import (
    Ray,
    armijo,
    backtracking,
    conjugate_step,
    curvature,
    minima,
    strong_curvature,
    strong_wolfe,
)
from lab.session import Session

CATALOGUE = Catalogue()
MAIN, CONJUGATE, STEER, AXES = map(
    CATALOGUE.load, ("line-search", "line-search:conjugate", "line-search:steer", "line-search:axes")
)


def run(kind, steps=0, seed=0, **settings):
    session = Session(kind, settings, seed)
    session.seek(steps)
    return session


def column(session, name):
    return np.array([session.run.columns.row(t).get(name, np.nan) for t in range(session.t + 1)])


def rosenbrock(theta):
    return float(optimize.rosen(theta))


def ray_of(theta, d):
    return Ray(lambda x, y: optimize.rosen([x, y]), lambda x, y: optimize.rosen_der(np.array([x, y])), theta, d)


PARABOLA = Ray(lambda a: (a - 1) ** 2 / 2, lambda a: (a - 1,), np.zeros(1), np.ones(1))


# ---------------------------------------------------------------- exact search, zig-zag


def test_the_ray_of_rosenbrock_has_two_minima_and_the_search_takes_the_lower():
    """text 3, Exact line search."""
    one = run(MAIN).experiment
    np.testing.assert_allclose(one.d, (-204.4, 128))
    np.testing.assert_allclose(one.found, (0.00164833, 0.00919), atol=5e-6)
    assert one.coming.alpha == pytest.approx(0.00164833, abs=1e-8)
    session = run(MAIN, 1)
    np.testing.assert_allclose(session.experiment.theta, (0.46308, 0.21099), atol=1e-5)
    np.testing.assert_allclose(column(session, "loss"), (41.0, 0.28948), rtol=1e-4)


def test_steepest_descent_with_exact_search_zig_zags_as_in_the_text():
    """text 3, Zig-zag of steepest descent with exact line search."""
    session = run(MAIN, 1000, begin=(0.4, -0.2))
    loss, alpha = column(session, "loss"), column(session, "alpha")
    np.testing.assert_allclose(loss[:4], (13.32, 0.62338, 0.18148, 0.17363), rtol=1e-4)
    np.testing.assert_allclose(loss[[10, 100, 1000]], (0.1374, 0.0440, 0.00109), rtol=4e-3)
    np.testing.assert_allclose(alpha[1:3], (0.0033365, 0.31721), rtol=1e-4)
    np.testing.assert_allclose(np.sort(alpha[[200, 201]]), (0.0015, 0.0094), rtol=0.02)
    np.testing.assert_allclose(column(session, "angle")[1:], 90, atol=1e-6)


def test_on_a_quadratic_alpha_is_gg_over_ghg():
    """text 4, 13. Exact line search."""
    g = np.array([-2.5, 10 * 0.25])
    alpha = run(MAIN, surface="ravine").experiment.coming.alpha
    assert alpha == pytest.approx(g @ g / (g @ np.diag([1, 10]) @ g), rel=1e-12)


def test_the_worst_start_falls_exactly_by_the_bound_and_others_faster():
    worst = run(MAIN, 20, surface="ravine", kappa=10)
    np.testing.assert_allclose(column(worst, "loss"), column(worst, "bound"), rtol=1e-8)
    np.testing.assert_allclose(column(worst, "bound")[1] / column(worst, "bound")[0], (9 / 11) ** 2)
    other = run(MAIN, 10, surface="ravine", kappa=10, begin=(-2.4, 0.9), tilt=30)
    assert (column(other, "loss")[1:] < column(other, "bound")[1:]).all()


def test_a_narrower_valley_takes_more_steps_and_keeps_its_right_angles():
    counts = []
    for kappa in (2, 10, 50):
        session = run(MAIN, 2000, surface="ravine", kappa=kappa, begin=(-kappa / 20, 1 / 20))
        counts.append(session.t)
        np.testing.assert_allclose(column(session, "angle")[1:-1], 90, atol=1e-3)
    assert counts[0] < counts[1] / 3 < counts[2] / 9


# ---------------------------------------------------------------- conditions


@pytest.mark.parametrize(
    ("beta", "k", "alpha", "c"), [(1e-4, 12, 0.0077073, 18.0), (0.1, 14, 0.0034255, 19.17), (0.5, 17, 0.00101496, 5.06)]
)
def test_backtracking_accepts_the_first_candidate_that_falls_enough(beta, k, alpha, c):
    """text 3, Armijo (first Wolfe) condition; Backtracking line search."""
    one = run(MAIN, search="backtracking", beta=beta).experiment
    assert one.ray().fall == pytest.approx(-58163.36)
    assert [trial.accepted for trial in one.coming.trials] == [False] * k + [True]
    np.testing.assert_allclose([trial.alpha for trial in one.coming.trials], (2 / 3) ** np.arange(k + 1))
    assert one.coming.alpha == pytest.approx(alpha, rel=1e-4)
    assert one.coming.trials[-1].value == pytest.approx(c, rel=1e-3)


def test_beta_zero_forbids_only_a_rise_and_beta_one_admits_nothing_on_a_convex_ray():
    alphas = np.linspace(0.01, 3, 300)
    assert np.array_equal(armijo(PARABOLA, alphas, 0), alphas <= 2)
    assert not armijo(PARABOLA, alphas, 1).any()
    found = backtracking(PARABOLA, 1.0, 2 / 3, lambda alpha: armijo(PARABOLA, alpha, 1))
    assert found.alpha == 0
    assert len(found.trials) == 40  # (2/3)⁴⁰ < 10⁻⁷
    assert "No α" in run(MAIN, 1, surface="ravine", search="backtracking", beta=1).finished


@pytest.mark.parametrize(("beta", "width"), [(0.1, 1.8), (0.3, 1.4), (0.5, 1.0), (0.9, 0.2)])
def test_the_bar_of_admitted_steps_shrinks_with_beta(beta, width):
    """On a parabola Armijo's condition admits α up to 2 (1 − β) times the exact one."""
    session = run(MAIN, surface="ravine", search="backtracking", beta=beta)
    (bar,) = session.draw().values["enough"]
    assert np.ptp(bar[:, 0]) * session.experiment.reach() == pytest.approx(
        width * session.experiment.found[0], abs=2.5 * session.experiment.reach() / 500
    )


@pytest.mark.parametrize("gamma", [0.9, 0.5, 0.1, 0.01])
def test_the_strong_condition_implies_the_second_and_gamma_squeezes_it_onto_level_places(gamma):
    """text 3, Second and strong Wolfe conditions."""
    ray = ray_of((0.8, 0.0), (-204.4, 128))
    alphas = np.linspace(0, 0.0115, 4000)
    strong = np.array([strong_curvature(ray, alpha, gamma) for alpha in alphas])
    second = np.array([curvature(ray, alpha, gamma) for alpha in alphas])
    assert strong.any()
    assert not (strong & ~second).any()
    level = np.array([0.00164833, 0.00550, 0.00919])
    far = np.abs(alphas[strong][:, None] - level).min(axis=1).max()
    assert far < {0.9: 0.002, 0.5: 0.002, 0.1: 0.0008, 0.01: 0.0001}[gamma]


@pytest.mark.parametrize("seed", range(12))
def test_bracket_and_zoom_meets_both_conditions_as_scipy_s_search_does(seed):
    """beyond, Line search details."""
    rng = np.random.default_rng(seed)
    theta, beta, gamma = rng.uniform(-2, 2, 2), 1e-4, (0.9, 0.4, 0.1)[seed % 3]
    g = optimize.rosen_der(theta)
    d = -g / np.linalg.norm(g) if seed % 2 else -g
    found = strong_wolfe(ray_of(theta, d), beta, gamma)
    theirs = optimize.line_search(rosenbrock, optimize.rosen_der, theta, d, gfk=g, c1=beta, c2=gamma, maxiter=60)[0]
    assert theirs is not None
    for alpha in (found.alpha, theirs):
        assert rosenbrock(theta + alpha * d) <= rosenbrock(theta) + beta * alpha * (g @ d)
        assert abs(optimize.rosen_der(theta + alpha * d) @ d) <= -gamma * (g @ d) * (1 + 1e-9)
    assert found.trials[-1].accepted
    assert not any(trial.accepted for trial in found.trials[:-1])


def test_zooming_narrows_its_bracket_at_every_trial():
    found = strong_wolfe(ray_of((0.8, 0.0), (-204.4, 128)), 0.01, 0.05, first=0.05)
    widths = [abs(trial.high - trial.low) for trial in found.trials[:-1]]
    assert found.trials[0].phase == "bracket"
    assert len(widths) > 2
    assert (np.diff(widths) < 0).all()


def test_constants_out_of_order_are_refused_with_the_reason():
    alphas = np.linspace(0.001, 5, 5000)
    assert not (armijo(PARABOLA, alphas, 0.9) & strong_curvature(PARABOLA, alphas, 0.1)).any()
    with pytest.raises(ValueError, match="beta must be below gamma"):
        strong_wolfe(PARABOLA, 0.9, 0.1)
    with pytest.raises(Unfit, match=r"β = 0\.9 and γ = 0\.1"):
        run(MAIN, search="bracket and zoom", beta=0.9, gamma=0.1)
    session = run(MAIN, search="bracket and zoom")
    with pytest.raises(Unfit, match="β must be below γ") as refused:
        session.set("gamma", 0.05)
    assert refused.value.control == "gamma"
    assert session.experiment.gamma == 0.5
    run(MAIN, search="backtracking", condition="Armijo", beta=0.9, gamma=0.1)  # there γ is not asked for


def test_normalised_steps_have_the_length_alpha():
    session = run(MAIN, 5, normalised=True, search="fixed step", first=0.1)
    assert np.hypot(*session.experiment.moved) == pytest.approx(0.1)
    plain, normal = run(MAIN).experiment, run(MAIN, normalised=True).experiment
    assert normal.coming.alpha == pytest.approx(plain.coming.alpha * np.hypot(204.4, 128), rel=1e-9)


def test_trials_are_told_one_by_one_at_the_stages():
    session = run(MAIN, search="backtracking", beta=0.5)
    seen = []
    while session.stage() and session.stage_name:
        frame = session.draw()
        seen.append((session.stage_name, len(frame.values["accepted"])))
    assert len(seen) == 18
    assert seen[0] == ("trial 1", 0)
    assert seen[-1] == ("trial 18", 1)


def test_every_minimum_of_a_wavy_ray_is_found():
    ray = Ray(lambda a: np.cos(a) + 0.05 * a, lambda a: (0.05 - np.sin(a),), np.array([0.1]), np.ones(1))
    expected = [2 * np.pi * k + np.pi - np.arcsin(0.05) - 0.1 for k in range(4)]
    np.testing.assert_allclose(minima(ray)[:4], expected, rtol=1e-9)


# ---------------------------------------------------------------- conjugate gradient


def test_conjugate_steps_end_an_ellipse_in_two_where_steepest_descent_goes_on():
    """text 3, Quadratic form and linear system; conjugate gradient."""
    session = run(MAIN, 9, surface="ravine", kappa=20, tilt=25, direction="conjugate gradient")
    assert session.t == 2
    assert np.hypot(*session.experiment.theta) < 1e-9
    assert run(MAIN, 9, surface="ravine", kappa=20, tilt=25).t == 9


def test_conjugate_gradient_walks_as_scipy_s_does_and_keeps_its_directions_conjugate():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((12, 6))
    A, b = X.T @ X, X.T @ rng.standard_normal(12)
    theirs = []
    sparse.linalg.cg(A, b, rtol=1e-14, maxiter=6, callback=lambda x: theirs.append(x.copy()))
    theta, d, directions = np.zeros(6), b.copy(), []
    for place in theirs:
        directions.append(d)
        theta, d, _, _ = conjugate_step(A, b, theta, d)
        np.testing.assert_allclose(theta, place, rtol=1e-7, atol=1e-9)
    products = np.array(directions) @ A @ np.array(directions).T
    assert np.abs(products - np.diag(np.diag(products))).max() < 1e-9 * np.diag(products).max()
    np.testing.assert_allclose(theta, np.linalg.solve(A, b), rtol=1e-8)


@pytest.mark.parametrize("begin", [(0.8, 0.0), (-1.2, 1.0), (1.5, 2.5)])
def test_off_a_quadratic_conjugate_directions_end_where_scipy_s_cg_does(begin):
    session = run(MAIN, 200, begin=begin, direction="conjugate gradient")
    assert "arrived" in session.finished
    end = optimize.minimize(optimize.rosen, begin, method="CG", jac=optimize.rosen_der)
    assert end.success
    np.testing.assert_allclose(session.experiment.theta, end.x, atol=1e-4)


@pytest.mark.parametrize(("settings", "most"), [({}, 50), ({"d": 2}, 2), ({"d": 100, "spectrum": "three clumps"}, 3)])
def test_the_system_is_solved_within_as_many_steps_as_it_has_unknowns(settings, most):
    session = run(CONJUGATE, 200, **settings)
    assert session.t <= most
    assert column(session, "residual/conjugate")[-1] < 1e-11 * column(session, "residual/conjugate")[0]
    assert column(session, "residual/steepest")[-1] > 1e-4 * column(session, "residual/steepest")[0]
    one = session.experiment
    np.testing.assert_allclose(one.theta, np.linalg.solve(one.A, one.b), atol=1e-9)


def test_the_error_stays_below_the_bound():
    session = run(CONJUGATE, 60, kappa=100)
    assert (column(session, "error/conjugate") < column(session, "bound")).all()
    assert (column(session, "error/steepest")[30:] > column(session, "bound")[30:]).all()


# ---------------------------------------------------------------- steering, one axis at a time


@pytest.mark.parametrize("angle", [-170, -100, -80, -30, 0, 45, 89, 91, 135, 180])
def test_a_short_arrow_goes_down_exactly_if_it_leads_into_the_half_plane(angle):
    """text 4, 11. Descent direction."""
    session = run(STEER, 1, angle=angle, rate=1e-4)
    loss = column(session, "loss/you")
    assert (loss[1] < loss[0]) == (abs(angle) < 90)
    assert (column(session, "inner")[0] < 0) == (abs(angle) < 90)


def test_the_hatching_covers_downhill_places_only_and_the_tip_sets_the_arrow():
    session = run(STEER)
    g = np.array([-2.4, 9.0])
    strokes = np.concatenate(session.draw().values["downhill"])
    assert len(strokes) > 20
    assert ((strokes - (-2.4, 0.9)) @ g <= 1e-9).all()
    session.act("point_to", [-1.0, 0.5])
    session.step()
    np.testing.assert_allclose(session.experiment.places[0], (-1.0, 0.5))
    np.testing.assert_allclose(session.experiment.places[1], (-2.4 + 0.05 * 2.4, 0.9 - 0.05 * 9))


def test_on_a_plane_both_orders_end_at_the_joint_step():
    """text 1, One axis at a time (coordinate steps) and adding the steps."""
    places = run(AXES, 7, surface="plane").experiment.theta
    np.testing.assert_allclose(places, [(2.2 - 0.7, 2.4 - 1.4)] * 3)


def test_in_a_tilted_valley_the_corner_ends_as_far_off_as_the_law_says():
    quarter = []
    for rate in (0.1, 0.05):
        session = run(AXES, 1, tilt=30, rate=rate)
        np.testing.assert_allclose(column(session, "apart/θ₁, θ₂")[1], column(session, "law")[1], rtol=1e-9)
        quarter.append(column(session, "law")[1])
    assert quarter[0] / quarter[1] == pytest.approx(4)
    assert column(run(AXES, 1, tilt=0), "apart/θ₁, θ₂")[1] < 1e-15


def test_one_axis_at_a_time_walks_in_right_angles_along_the_axes():
    session = run(MAIN, 1, surface="ravine", tilt=30, direction="one axis at a time")
    moved = [session.experiment.moved]
    session.step()
    moved.append(session.experiment.moved)
    assert moved[0][1] == moved[1][0] == 0
    assert moved[0][0] != 0 != moved[1][1]


@pytest.mark.parametrize("kind", [MAIN, CONJUGATE, STEER, AXES])
def test_what_is_suggested_runs_and_says_what_it_does(kind):
    for settings in (*kind.presets.values(), *(wanted for _, wanted in kind.prompts)):
        session = run(kind, 12, **settings)
        assert session.t == 12 or session.finished
        assert session.draw().values["said"]
        assert session.run.diverged is None
