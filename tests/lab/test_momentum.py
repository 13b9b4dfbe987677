"""Momentum against the numbers of the course texts (entries 22 to 36, and the two of beyond.md), torch and SciPy."""

import numpy as np
import pytest
import torch
from scipy.special import j1

from lab.catalogue import Catalogue
from lab.maths import acceleration, stability
from lab.maths.surfaces import SURFACES, ravine
from lab.session import Session

CATALOGUE = Catalogue()


def run(name, steps, **settings):
    session = Session(CATALOGUE.load(name), settings)
    session.seek(steps)
    return session


def column(session, name):
    return session.run.columns.views()[name]


# ---------------------------------------------------------------- the map ("Stability of momentum")


def test_the_rates_are_those_of_the_course():
    assert stability.rate([0.01, 3.7, 3.81], 0.9) == pytest.approx([0.94868, 0.94868, 1.06466], abs=1e-5)
    nesterov = stability.rate([0.01, 0.1, 1, 1.3, 1.36], 0.9, nesterov=True)
    assert nesterov == pytest.approx([0.94393, 0.9, 0, 0.87764, 1.00605], abs=1e-5)
    assert (stability.limit(0.9), stability.limit(0.9, nesterov=True)) == pytest.approx((3.8, 1.35714), abs=1e-5)


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_roots_are_those_of_numpy(nesterov):
    for x, rho in ((0.01, 0.9), (0.7, 0.5), (1.9, 0.2), (3.2, 0.7)):
        polynomial = [1, -(1 + rho) * (1 - x), rho * (1 - x)] if nesterov else [1, -(1 + rho - x), rho]
        found = sorted(stability.roots(x, rho, nesterov), key=lambda z: (z.real, z.imag))
        assert found == pytest.approx(sorted(np.roots(polynomial), key=lambda z: (z.real, z.imag)))


def test_nesterov_with_the_texts_momentum_diverges_at_2_over_m_plus_l_past_kappa_4():
    """The error table: η must stay below 4√κ/((3√κ − 1) L)."""
    for kappa, rate in ((3.9, 0.99), (5.0, 1.1)):
        rho = stability.text_momentum(kappa)
        found = float(stability.rate(2 / (1 + 1 / kappa), rho, nesterov=True))
        assert (found < 1) == (kappa < 4) == (rate < 1)
    assert stability.limit(stability.text_momentum(100), True) == pytest.approx(40 / 29)


# ---------------------------------------------------------------- choosing momentum (28, 32, 36)


@pytest.mark.parametrize(
    ("kappa", "gd", "polyak", "nesterov", "best"),
    [(10, 69, 43, 43, 27), (100, 691, 146, 155, 93), (1000, 6908, 455, 508, 315)],
)
def test_steps_to_a_millionth_are_those_of_the_course(kappa, gd, polyak, nesterov, best):
    def steps(eta, rho, ahead=False):
        return stability.steps_map(ravine(kappa), (1.0, 1.0), (0.0, 0.0), (eta,), (rho,), ahead, 1e-6, 20000)[0, 0]

    rho, (x, best_rho) = stability.text_momentum(kappa), stability.best_polyak(kappa)
    assert steps(2 / (kappa + 1), 0) == gd
    assert (steps(1 / kappa, rho), steps(1 / kappa, rho, True)) == (polyak, nesterov)
    assert steps(x / kappa, best_rho) == best


def test_the_texts_choice_for_kappa_100_is_marked_on_the_map():
    experiment = run("momentum", 0, kappa=100, watch=1).experiment
    assert experiment.text_choice()[0] == pytest.approx((1, 0.8182), abs=1e-4)
    assert np.isnan(experiment.steps_to_goal()[0, -1]), "η L = 4 without momentum diverges"


# ---------------------------------------------------------------- the run


@pytest.mark.parametrize("surface", ["ravine", "Rosenbrock"])
def test_polyak_and_look_ahead_walk_the_paths_of_torch(surface):
    height = {
        "ravine": lambda x, y: (5 * y**2 + x**2) / 2,
        "Rosenbrock": lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    }[surface]
    start, L = {"ravine": ((-2.4, 0.9), 5), "Rosenbrock": ((0.2, -0.2), 1000)}[surface]
    for race, lane, nesterov in (("GD, Polyak, Nesterov", 1, False), ("look-ahead", 1, True)):
        mine = run("momentum", 60, race=race, surface=surface, kappa=5, angle=0, rho=0.9, rate=0.5).experiment
        place = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        optimiser = torch.optim.SGD([place], lr=0.5 / L, momentum=0.9, nesterov=nesterov)
        for _ in range(60):
            optimiser.zero_grad()
            height(*place).backward()
            optimiser.step()
        np.testing.assert_allclose(mine.w[lane], place.detach().numpy(), rtol=1e-9, atol=1e-12)


def test_five_memories_on_rosenbrock_end_where_the_course_says():
    session = run("momentum", 1000, race="five memories", surface="Rosenbrock")
    ends = [column(session, f"gap/ρ={rho}")[1000] for rho in ("0", "0.5", "0.9", "0.95")]
    assert ends == [pytest.approx(value, rel=0.02) for value in (0.09687, 0.02944, 2.30e-5, 4.5e-10)]
    assert column(session, "gap/ρ=0.99")[100] == pytest.approx(2.79, rel=0.01)


def test_nesterov_brakes_on_rosenbrock_where_the_course_says():
    session = run("momentum", 100, surface="Rosenbrock", rho=0.95)
    assert column(session, "gap/Nesterov")[100] == pytest.approx(0.0190, rel=0.01)
    assert column(session, "gap/Polyak")[100] == pytest.approx(0.1317, rel=0.01)


def test_look_ahead_stands_exactly_where_nesterov_looks():
    session = run("momentum", 200, race="look-ahead", surface="Rosenbrock", rho=0.9)
    assert column(session, "apart/from its point u").max() < 1e-14
    assert column(session, "apart/from Nesterov")[1:].min() > 1e-6


def test_without_memory_all_three_are_gradient_descent_to_the_bit():
    w = run("momentum", 40, rho=0).experiment.w
    assert (w[0] == w[1]).all()
    assert (w[0] == w[2]).all()


def test_a_cell_of_the_map_is_replayed_from_the_start_and_takes_as_long_as_it_says():
    session = run("momentum", 7, kappa=10, watch=1)
    session.act("replay", [1.0, 0.52])
    experiment = session.experiment
    assert (experiment.rate, experiment.rho) == (1.0, 0.52)
    assert (experiment.w == (-2.4, 0.9)).all()
    first = float(np.hypot(-2.4, 0.9))
    session.seek(7 + 200)
    measured = int(np.argmax(column(session, "distance/Polyak")[7:] <= 1e-6 * first))
    ground = experiment.ground
    told = stability.steps_map(ground.surface, (-2.4, 0.9), (0, 0), (1 / ground.L,), (0.52,), False, 1e-6, 1000)
    assert measured == told[0, 0]


def test_dragging_a_dot_sets_rate_and_momentum():
    session = run("momentum", 3, kappa=10)
    session.act("move_dot", [1, 0.2, 0.6])
    assert (session.experiment.rate, session.experiment.rho) == pytest.approx((2, 0.6))
    with pytest.raises(ValueError, match="no dot 5"):
        session.act("move_dot", [5, 0.2, 0.6])


# ---------------------------------------------------------------- forms (29; EMA of text3b; text1b)


def test_five_written_forms_are_one_path_and_an_unmatched_average_is_not():
    matched = run("momentum:forms", 60, rho=0.9).run.columns.views()
    assert max(values.max() for values in matched.values()) < 1e-12
    assert run("momentum:forms", 10, rho=0.9, matched=False).run.columns.views()["apart/average"][-1] > 0.1


# ---------------------------------------------------------------- the oscillator (27, 30, 31)


def test_without_friction_it_swings_for_ever_with_all_its_energy():
    session = run("momentum:oscillator", 400, rho=1, rate=0.1)
    np.testing.assert_allclose(column(session, "energy"), 2.0, rtol=1e-10)
    assert np.abs(column(session, "w")[300:]).max() > 1.95


@pytest.mark.parametrize("method", ["Polyak", "Nesterov"])
def test_the_envelope_holds_the_run_and_touches_it(method):
    session = run("momentum:oscillator", 30, method=method, rho=0.9, rate=0.1)
    w, envelope = np.abs(column(session, "w")), session.experiment.upper()[:31, 1]
    assert (w <= envelope + 1e-12).all()
    assert (w / envelope).max() > 0.98
    shrinks = np.sqrt(0.9) if method == "Polyak" else np.sqrt(0.9 * 0.9)
    assert envelope[1:] / envelope[:-1] == pytest.approx(np.full(30, shrinks))


def test_critical_damping_is_where_oscillation_ends():
    session = run("momentum:oscillator", 0, rate=0.1)
    session.act("critical", [])
    assert session.experiment.rho == pytest.approx((1 - np.sqrt(0.1)) ** 2)
    session.seek(60)
    assert session.experiment.crossings == 0
    assert run("momentum:oscillator", 60, rate=0.1, rho=0.6).experiment.crossings > 0


# ---------------------------------------------------------------- Nesterov's ODE (34, 35)


def test_the_smooth_solution_is_scipys_bessel_function_and_solves_the_ode():
    tau = np.linspace(0.01, 20, 50)
    np.testing.assert_allclose(acceleration.bessel_path(tau), 2 * j1(tau) / tau, atol=1e-13)
    times, path = acceleration.ode_path(float, 1.0, 20.0, 2000)
    np.testing.assert_allclose(path, acceleration.bessel_path(times), atol=1e-8)


def test_dots_close_on_the_curve_with_the_root_of_the_step():
    for eta, error in ((1e-2, 0.103), (1e-4, 0.0110)):
        steps = round(10 / np.sqrt(eta))
        smooth = acceleration.bessel_path(np.sqrt(eta) * np.arange(steps + 1))
        path = acceleration.momentum_path(float, 1.0, eta, steps, nesterov=True)
        assert np.abs(path - smooth).max() == pytest.approx(error, rel=0.01)
    session = run("momentum:ode", 100, rate=0.01)
    assert column(session, "apart/Nesterov")[1:].max() == pytest.approx(0.103, rel=0.01)
    friction, momentum = column(session, "friction")[1:], column(session, "momentum")[1:]
    assert (np.diff(friction) < 0).all(), "the error table: friction goes down while momentum grows"
    assert (np.diff(momentum) > 0).all()


# ---------------------------------------------------------------- rates and bounds (22, 23, 24, 26, 33)


def test_the_worst_case_has_the_gaps_of_the_course_at_t_20():
    session = run("momentum:worst-case", 20)
    chain = session.experiment.chain
    assert float(acceleration.lower_bound(20, 1, chain.distance)) == pytest.approx(0.002871, abs=1e-6)
    assert column(session, "gap/GD")[20] == pytest.approx(0.01898, abs=1e-5)
    assert column(session, "gap/Nesterov")[20] == pytest.approx(0.008588, abs=1e-6)
    assert (session.experiment.w[:, 20:] == 0).all(), "a coordinate beyond t has not moved"


def test_the_worst_cases_minimiser_solves_its_equations():
    chain = acceleration.WorstCase(9)
    A = 2 * np.eye(9) - np.eye(9, k=1) - np.eye(9, k=-1)
    np.testing.assert_allclose(np.linalg.solve(A, np.eye(9)[0]), chain.minimiser)
    w = np.linspace(-1, 2, 9)
    at, least = (v @ A @ v / 8 - v[0] / 4 for v in (w, chain.minimiser))
    assert chain.gap(w) == pytest.approx(at - least)
    assert run("momentum:worst-case", 0, k=4).experiment.condition() == pytest.approx(np.linalg.cond(A))


def test_runs_stay_below_the_bounds_that_were_proved():
    session = run("momentum:worst-case", 500)
    t, far = np.arange(1, 501), session.experiment.chain.distance
    assert (column(session, "gap/GD")[1:] <= far**2 / (2 * t)).all()
    assert (column(session, "gap/Nesterov")[1:] <= 2 * far**2 / (t + 1) ** 2).all()
    for loss in ("fourth power", "log cosh"):
        rates = run("momentum:rates", 100, loss=loss)
        for share, name in ((1, "GD"), (0.3, "0.3 η"), (0.1, "0.1 η")):
            gap = column(rates, f"gap/{name}")[1:]
            gap = gap[np.isfinite(gap)]
            assert len(gap) > 10
            assert (gap <= 2 / (2 * share * np.arange(1, len(gap) + 1))).all()


def test_the_law_of_the_norm_is_the_root_of_c_and_exact_at_2_over_m_plus_l():
    kappa = 9
    session = run("momentum:rates", 20, kappa=kappa, rate=1.8)
    distance = column(session, "distance/GD")
    assert distance[1:] / distance[:-1] == pytest.approx(np.full(20, (kappa - 1) / (kappa + 1)))
    assert session.experiment.c() == pytest.approx(((kappa - 1) / (kappa + 1)) ** 2)
    slower = run("momentum:rates", 150, kappa=10, rate=1)
    assert column(slower, "ratio/GD")[-1] == pytest.approx(0.81)
    assert slower.experiment.c() == pytest.approx(0.818, abs=1e-3)


def test_the_ratio_of_gaps_tells_the_kinds_of_rates_apart():
    sub = column(run("momentum:rates", 500, loss="fourth power"), "ratio/GD")
    assert sub[-1] > 0.99
    newton = column(run("momentum:rates", 6, loss="log cosh"), "ratio/Newton")
    known = newton[np.isfinite(newton)]
    assert known[-1] < 1e-3 < known[0]


def test_rosenbrocks_steepest_curvature_is_about_the_1000_that_measures_its_rate():
    assert np.linalg.eigvalsh(SURFACES["Rosenbrock"].hessian((1, 1)))[-1] == pytest.approx(1001.6, abs=0.05)
