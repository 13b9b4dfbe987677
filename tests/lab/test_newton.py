"""Newton's method and its kin make the texts' steps, arrive where SciPy's do, and keep the secant equation."""

import numpy as np
import pytest
from scipy import optimize

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.maths.quasi_newton import bfgs, clipped, levenberg, next_radius, power, two_loop
from lab.session import Session

CATALOGUE = Catalogue()
LINE, PLANE, PRE, QUASI = map(CATALOGUE.load, ("newton", "newton:plane", "newton:preconditioning", "newton:quasi"))


def run(kind, steps=0, **settings):
    session = Session(kind, settings)
    session.seek(steps)
    return session


def column(session, name):
    return np.array([session.run.columns.row(t).get(name, np.nan) for t in range(session.t + 1)])


def places(session, who=0, steps=8):
    found = []
    for t in range(steps):
        session.seek(t)
        found.append(float(session.experiment.theta[who]))
    return found


# ---------------------------------------------------------------- one dimension


def test_newton_overshoots_on_the_cubic_and_then_doubles_its_digits():
    """text 3, Newton overshoot example."""
    session = run(LINE, 6, begin=1.5)
    loss, error, law = (column(session, name) for name in ("loss/Newton", "error/Newton", "law"))
    np.testing.assert_allclose(loss[:2], (10.125, 41.77), atol=5e-3)
    np.testing.assert_allclose(places(session, steps=5), (1.5, 5.25, 3.5956, 3.0683, 3.0011), atol=5e-5)
    np.testing.assert_allclose(error[5:7], (3.18e-7, 2.53e-14), rtol=0.01)
    np.testing.assert_allclose(error[4:6] ** 2 / 4, error[5:7], rtol=3e-3)
    np.testing.assert_allclose(law[5:7], error[5:7], rtol=3e-3)


@pytest.mark.parametrize(("begin", "end"), [(0.5, -1), (0.99, -1), (-4, -1), (1.01, 3), (6, 3)])
def test_which_side_of_the_inflection_decides_where_newton_goes(begin, end):
    """text 3, Newton: moving to the wrong extremum."""
    session = run(LINE, 40, begin=begin)
    assert session.experiment.theta[0] == pytest.approx(end, abs=1e-9)
    values = session.draw().values
    bars = values["to_maximum" if end == -1 else "to_minimum"]
    assert any(bar[0, 0] - 0.03 <= begin <= bar[1, 0] + 0.03 for bar in bars)


def test_newton_flips_between_one_and_minus_one_and_a_nudge_lets_it_out():
    """text 3, Newton: oscillation."""
    session = run(LINE, 30, function="quartic", begin=1)
    assert places(session, steps=5) == [1, -1, 1, -1, 1]
    session.seek(30)
    assert "two-cycle" in session.draw().values["said"]
    for begin, end in ((0.99, 0), (1.01, 5**0.5), (1.1, -(5**0.5))):
        assert run(LINE, 30, function="quartic", begin=begin).experiment.theta[0] == pytest.approx(end, abs=1e-9)


def test_the_secant_method_needs_eight_updates_where_newton_needs_six():
    """text 3, Secant method."""
    session = run(LINE, 9, begin=1.5, gap=0.1)
    expected = (1.6, 4.9091, 2.4073, 2.7871, 3.0395, 2.9978, 2.99998, 3.00000001)
    np.testing.assert_allclose(places(session, 1), expected, atol=5e-5)
    assert column(run(LINE, 8, begin=1.5, gap=0.1), "error/secant")[8] == pytest.approx(6e-14, rel=0.2)
    assert optimize.newton(lambda x: 3 * (x - 3) * (x + 1), 1.5, x1=1.6) == pytest.approx(3)


@pytest.mark.parametrize("radius", [0.1, 0.5, 2.0])
def test_a_cap_on_the_step_tames_overshoot_and_oscillation(radius):
    """text 3, Trust region (mention)."""
    path = np.array(places(run(LINE, 60, begin=1.5, radius=radius), 2, 20))
    assert np.abs(np.diff(path)).max() <= radius + 1e-12
    assert path.max() < 3.6
    if radius < 2:  # a disc of 2 lets the whole flip pass
        assert run(LINE, 60, function="quartic", begin=1, radius=radius).experiment.theta[2] == pytest.approx(
            0, abs=1e-9
        )


def test_a_quadratic_takes_one_step_and_a_flat_bottom_only_a_third_of_the_way_each():
    """text 3, Newton's method in one dimension."""
    assert run(LINE, 1, function="parabola").experiment.theta[0] == 1
    errors = np.array(places(run(LINE, 10, function="fourth power"), steps=8)) - 1
    np.testing.assert_allclose(errors[1:] / errors[:-1], 2 / 3)


def test_the_ring_moves_all_three_and_the_parabola_touches_the_curve():
    session = run(LINE, 4)
    session.act("put", [0.5, 3.0])
    assert session.experiment.theta.tolist() == [0.5, 0.6, 0.5]
    (parabola,) = session.draw().values["parabola"]
    height = (0.5 - 3) ** 2 * 3.5 + 3 * (0.5 - 3) * 1.5 * (parabola[:, 0] - 0.5) - 1.5 * (parabola[:, 0] - 0.5) ** 2
    np.testing.assert_allclose(parabola[:, 1], height, atol=1e-9)


def test_at_an_inflection_it_says_that_there_is_no_vertex():
    assert "inflection" in run(LINE, 3, begin=1).finished


# ---------------------------------------------------------------- several dimensions


@pytest.mark.parametrize(
    ("begin", "losses"),
    [
        ((0.2, -0.2), (6.40, 0.6142, 30.64, 1.55e-3, 2.39e-4, 5.5e-14, 3.0e-25)),
        ((-1.2, 1), (24.2, 4.73, 1411.8, 0.0560, 0.313, 1.9e-11, 3.4e-20)),
        ((0.8, 0), (41, 0.0394, 0.1548, 7.2e-9, 5.1e-15)),
    ],
)
def test_newton_on_rosenbrock_rises_once_and_then_arrives(begin, losses):
    """text 3, Newton's method in several dimensions."""
    session = run(PLANE, len(losses) - 1, begin=begin)
    np.testing.assert_allclose(column(session, "loss/Newton"), losses, rtol=0.03)


def test_a_quadratic_takes_one_step_whatever_its_condition():
    """text 4, 14. Newton's method."""
    for kappa in (1, 10, 100):
        session = run(PLANE, 9, surface="ravine", kappa=kappa)
        assert session.t <= 2
        assert column(session, "loss/Newton")[1] < 1e-25


def test_newton_goes_to_a_maximum_where_the_hessian_bends_down_and_a_trust_region_does_not():
    start = {"surface": "Himmelblau", "begin": (0.4, 0.6)}
    lost = run(PLANE, 40, **start).experiment
    np.testing.assert_allclose(lost.theta[0], (-0.270845, -0.923039), atol=1e-6)  # beyond, Surfaces
    found = run(PLANE, 100, method="trust region", **start).experiment
    assert found.height(0) < 1e-20


def test_gd_is_newton_with_the_hessian_i_over_alpha():
    """text 3, GD as Newton with H = (1/alpha) I."""
    g, alpha = np.array([3.0, -1.0]), 0.05
    np.testing.assert_allclose(levenberg(g, np.eye(2) / alpha, 0), -alpha * g)
    round_valley = run(PLANE, surface="ravine", kappa=1, rate=1.0).draw().values
    np.testing.assert_allclose(round_valley["coming"], round_valley["gd"])
    np.testing.assert_allclose(round_valley["rings"][0], round_valley["circles"][0])


def test_the_tint_covers_exactly_where_the_hessian_is_not_positive_definite():
    z, x, y = run(PLANE).draw().values["indefinite"]
    across, up = np.meshgrid(np.linspace(*x, z.shape[1]), np.linspace(*y, z.shape[0]))
    low = [np.linalg.eigvalsh(optimize.rosen_hess(place))[0] for place in zip(across.ravel(), up.ravel())]
    assert np.array_equal(z.ravel() >= 0, np.array(low) <= 0)


@pytest.mark.parametrize("begin", [(-1.2, 1), (0.2, -0.2), (-1.9, 1.9)])
def test_the_trust_region_ends_where_scipy_s_do(begin):
    """beyond, Trust region and damping."""
    session = run(PLANE, 200, method="trust region", begin=begin)
    assert (np.diff(column(session, "loss/trust region")) <= 0).all()
    for method in ("trust-ncg", "dogleg"):
        end = optimize.minimize(optimize.rosen, begin, method=method, jac=optimize.rosen_der, hess=optimize.rosen_hess)
        assert end.success
        np.testing.assert_allclose(session.experiment.theta[0], end.x, atol=1e-4)


def test_the_disc_doubles_and_halves_with_the_promise():
    assert [next_radius(1.0, ratio) for ratio in (0.9, 0.5, 0.2, -3, np.nan)] == [2, 1, 0.5, 0.5, 0.5]
    session = run(PLANE, 25, method="trust region", begin=(-1.2, 1))
    radius, ratio = column(session, "radius"), column(session, "ratio")
    assert np.array_equal(radius[1:] / radius[:-1], np.select([ratio[1:] > 0.75, ratio[1:] < 0.25], [2.0, 0.5], 1.0))
    assert {0.5, 2.0} <= set(radius[1:] / radius[:-1])


def test_where_the_hessian_is_not_definite_the_step_is_steepest_descent_to_the_rim():
    g = np.array([3.0, 4.0])
    np.testing.assert_allclose(clipped(g, np.diag([1.0, -1.0]), 0.5), (-0.3, -0.4))
    np.testing.assert_allclose(clipped(g, np.diag([1.0, 1.0]), 0.5), (-0.3, -0.4))
    np.testing.assert_allclose(clipped(g, np.diag([10.0, 10.0]), 5.0), (-0.3, -0.4))


def test_levenberg_turns_from_newton_to_steepest_descent_as_mu_grows():
    g, H = np.array([1.0, 2.0]), np.array([[4.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(levenberg(g, H, 0), -np.linalg.solve(H, g))
    s = levenberg(g, H, 1e8)
    np.testing.assert_allclose(s * 1e8, -g, rtol=1e-6)
    session = run(PLANE, 400, method="Levenberg", mu=1)
    np.testing.assert_allclose(session.experiment.theta[0], (1, 1), atol=1e-6)


# ---------------------------------------------------------------- preconditioning


def test_g_equal_to_the_squared_hessian_is_newton_and_g_equal_to_i_is_gd():
    """text 4, 59. Preconditioning."""
    assert run(PRE, 9, exponent=1).t == 1
    session = run(PRE, 9, exponent=0)
    np.testing.assert_allclose(column(session, "loss/with G"), column(session, "loss/GD"), rtol=1e-9)


@pytest.mark.parametrize("exponent", [0, 0.25, 0.5])
def test_the_rescaled_valley_falls_by_its_own_condition_number(exponent):
    session = run(PRE, 15, exponent=exponent, kappa=16)
    left = 16 ** (1 - exponent)
    loss = column(session, "loss/with G")
    np.testing.assert_allclose(loss[1:] / loss[:-1], ((left - 1) / (left + 1)) ** 2, rtol=1e-9)
    H = session.experiment.H
    np.testing.assert_allclose(power(H, 0.5) @ power(H, 0.5), H)
    u = session.experiment.rescaled[0]
    np.testing.assert_allclose(u @ power(H, 1 - exponent) @ u / 2, loss[-1], rtol=1e-9)


# ---------------------------------------------------------------- quasi-Newton


def expanded(pairs):
    """(4.69) as it should read: the pair k is reached through V_{t−1} … V_{k+1} only."""
    s, y = pairs[-1]
    n = len(s)
    V = [np.eye(n) - np.outer(y, s) / (y @ s) for s, y in pairs]
    after = [np.eye(n)]
    for v in reversed(V):
        after.append(v @ after[-1])
    B = after[-1].T @ ((s @ y) / (y @ y) * np.eye(n)) @ after[-1]
    for k, (s, y) in enumerate(reversed(pairs)):
        B = B + after[k].T @ np.outer(s, s) @ after[k] / (y @ s)
    return B


def some_pairs(count, n=5, seed=0):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n))
    return [(s, (A @ A.T + np.eye(n)) @ s) for s in rng.standard_normal((count, n))]


def test_bfgs_is_scipy_s_update_and_keeps_the_secant_equation():
    """text 3, Secant equation; BFGS."""
    theirs = optimize.BFGS(exception_strategy="skip_update", init_scale=1.0)
    theirs.initialize(5, "inv_hess")
    B = np.eye(5)
    for s, y in some_pairs(6):
        B = bfgs(B, s, y)
        theirs.update(s, y)
        np.testing.assert_allclose(B, theirs.get_matrix(), rtol=1e-7, atol=1e-10)
        np.testing.assert_allclose(B @ y, s, atol=1e-12)
        np.testing.assert_allclose(B, B.T, atol=1e-12)
        assert np.linalg.eigvalsh(B)[0] > 0


@pytest.mark.parametrize("m", [1, 2, 4])
def test_the_two_loops_give_the_mended_expansion_and_the_printed_one_is_wrong(m):
    """text 3, L-BFGS and its erratum: V_kᵀ s_k = 0, so that one V more annihilates the pair."""
    pairs, g = some_pairs(m), np.arange(1.0, 6)
    np.testing.assert_allclose(two_loop(g, pairs), expanded(pairs) @ g, rtol=1e-9)
    s, y = pairs[0]
    V = np.eye(5) - np.outer(y, s) / (y @ s)
    assert np.abs(V.T @ s).max() < 1e-12 < np.abs(s).min()


def test_the_two_loops_are_scipy_s_where_both_begin_with_i():
    rng = np.random.default_rng(1)
    pairs = some_pairs(3)
    pairs.append((pairs[0][0], pairs[0][0]))  # s = y: the first matrix is I, as SciPy's is
    theirs = optimize.LbfgsInvHessProduct(*(np.array([pair[i] for pair in pairs]) for i in (0, 1)))
    g = rng.standard_normal(5)
    np.testing.assert_allclose(two_loop(g, pairs), theirs @ g, rtol=1e-10)


@pytest.mark.parametrize(
    ("begin", "m", "least", "most"),
    [((0.2, -0.2), 0, 24, 26), ((0.8, 0.0), 0, 44, 44), ((0.2, -0.2), 5, 28, 28), ((0.2, -0.2), 2, 33, 33)],
)
def test_steps_on_rosenbrock_until_the_slope_is_zero(begin, m, least, most):
    """text 3, BFGS; L-BFGS."""
    session = run(QUASI, 200, begin=begin, **({"method": "L-BFGS", "m": m} if m else {"method": "BFGS"}))
    assert least <= session.t <= most
    np.testing.assert_allclose(session.experiment.theta[0], (1, 1), atol=1e-8)


def test_b_becomes_the_inverse_hessian_of_rosenbrock_s_minimum():
    session = run(QUASI, 100)
    np.testing.assert_allclose(session.experiment.B, [[0.5, 1], [1, 2.005]], rtol=0.005)
    np.testing.assert_allclose(np.linalg.inv(optimize.rosen_hess(np.ones(2))), [[0.5, 1], [1, 2.005]])


def test_one_pair_remembers_too_little():
    """With m = 1 the count hangs on the last bits (71 to 105 from starts 1e-15 apart), so only its size is held."""
    counts = run(QUASI).experiment.counts().tolist()
    assert 60 < counts[0] < 120
    assert counts[1:3] == [33, min(counts[2], 40)]
    assert counts[5] in (24, 25, 26)
    assert 5 <= counts[6] <= 7  # Newton
    assert counts[7] == 200  # gradient descent is not there by then


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS", "Adam, then L-BFGS"])
@pytest.mark.parametrize("search", ["Armijo", "strong Wolfe"])
def test_quasi_newton_ends_where_scipy_s_does(method, search):
    session = run(QUASI, 300, method=method, search=search, begin=(-1.2, 1))
    assert "arrived" in session.finished
    for theirs in ("BFGS", "L-BFGS-B"):
        end = optimize.minimize(optimize.rosen, (-1.2, 1), method=theirs, jac=optimize.rosen_der, tol=1e-10)
        np.testing.assert_allclose(session.experiment.theta[0], end.x, atol=1e-5)


def test_without_the_wolfe_test_the_lamp_goes_red_twice_and_b_stays_positive_definite():
    """text 3, Secant equation and curvature condition."""
    session = run(QUASI, 200, begin=(-1.9, 1.9))
    curvature = column(session, "curvature")
    assert (curvature[1:] <= 0).sum() == 2
    assert (column(session, "eigenvalue/B low") > 0).all()
    red = int(np.flatnonzero(curvature <= 0)[0])
    session.seek(red)
    values = session.draw().values
    assert values["signs"][-1] == 0
    assert not values["used"][-1]
    tested = run(QUASI, 200, begin=(-1.9, 1.9), search="strong Wolfe")
    assert (column(tested, "curvature")[1:] > 0).all()


def test_the_queue_slides_and_only_m_pairs_are_in_use():
    session = run(QUASI, 9, method="L-BFGS", m=3)
    values = session.draw().values
    assert values["numbers"] == ("2", "3", "4", "5", "6", "7", "8", "9")
    assert values["used"].tolist() == [False] * 5 + [True] * 3


def test_adam_hands_over_to_l_bfgs_at_the_switch():
    session = run(QUASI, 40, method="Adam, then L-BFGS", switch=40)
    assert session.experiment.pairs == ()
    before = column(session, "loss/Adam, then L-BFGS")[-1]
    session.seek(80)
    assert column(session, "loss/Adam, then L-BFGS")[-1] < 1e-15 * before


def test_constants_out_of_order_are_refused_with_the_reason():
    with pytest.raises(Unfit, match="β must be below γ"):
        run(QUASI, search="strong Wolfe", beta=0.5, gamma=0.4)
    run(QUASI, search="Armijo", beta=0.5, gamma=0.4)


@pytest.mark.parametrize("kind", [LINE, PLANE, PRE, QUASI])
def test_what_is_suggested_runs_and_says_what_it_does(kind):
    for settings in (*kind.presets.values(), *(wanted for _, wanted in kind.prompts)):
        session = run(kind, 12, **settings)
        assert session.t == 12 or session.finished
        assert session.draw().values["said"]
        assert session.run.diverged is None
