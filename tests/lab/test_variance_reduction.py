"""Variance reduction: SAG, SAGA and SVRG as the texts define them, what they pay, and how far they come."""

import numpy as np
import pytest
import scipy.optimize

from lab.catalogue import Catalogue
from lab.maths.finite_sums import LeastSquares
from lab.maths.variance_reduction import GD, SAGA, SGD, SVRG, best_coefficient, corrected_variance
from lab.session import Session

CATALOGUE = Catalogue()
N, P = 50, 5


def ran(scene="", steps=0, seed=0, **settings):
    session = Session(CATALOGUE.load("variance-reduction" + scene), settings, seed)
    session.seek(steps)
    return session


def problem(seed=0):
    made = np.random.default_rng(seed)
    X = made.normal(size=(N, P))
    return LeastSquares(X, X @ made.normal(size=P) + made.normal(size=N)), made


def passed(method, f, made, gradients):
    while method.paid < gradients:
        method.step(f, int(made.integers(f.n)))
    e = method.w - f.minimiser
    return float(e @ f.hessian @ e) / 2


# ---------------------------------------------------------------- how far they come


@pytest.mark.parametrize("seed", range(3))
def test_text4_56_saga_reaches_what_sgd_never_does(seed):
    f, made = problem(seed)
    eta = 1 / (3 * f.L_max)
    saga, sgd = SAGA(f, np.zeros(P), eta), SGD(f, np.zeros(P), eta)
    passed(saga, f, made, 61 * N)  # n of them to fill the buffer
    passed(sgd, f, made, 60 * N)
    assert np.linalg.norm(saga.w - f.minimiser) < 1e-9 < 1e-2 < np.linalg.norm(sgd.w - f.minimiser)


@pytest.mark.parametrize("seed", range(3))
def test_text4_57_svrg_converges_linearly(seed):
    f, made = problem(seed)
    svrg = SVRG(f, np.zeros(P), 1 / (3 * f.L_max), 2 * N)
    passed(svrg, f, made, 150 * N)
    assert np.linalg.norm(svrg.w - f.minimiser) < 1e-9


def test_text4_57_at_the_checkpoint_the_direction_is_the_whole_gradient():
    f, _ = problem()
    w = np.arange(P) / 3
    svrg = SVRG(f, w, 0.01, 2 * N)
    assert svrg.direction(f, 17) == pytest.approx(f.X.T @ (f.X @ w - f.y) / N)


def test_text4_58_direction_of_sag_is_the_mean_of_the_updated_buffer():
    f, made = problem()
    sag = SAGA(f, np.zeros(P), 1 / (16 * f.L_max), lam=1 / N)
    for _ in range(200):
        sag.step(f, int(made.integers(N)))
        assert sag.went == pytest.approx(sag.buffer.mean(axis=0), abs=1e-12)


def test_text4_58_sag_is_biased_and_saga_is_not():
    f, _ = problem()

    def mean_direction(lam):
        means = []
        for i in range(N):
            method = SAGA(f, np.zeros(P), 0.0, lam=lam)
            method.w = np.ones(P)  # away from where the buffer was filled
            means.append(method.direction(f, i))
        return np.mean(means, axis=0)

    assert mean_direction(1) == pytest.approx(f.gradient(np.ones(P)))
    assert np.linalg.norm(mean_direction(1 / N) - f.gradient(np.ones(P))) > 0.1


def test_text4_58_sag_is_slow_at_its_careful_rate_and_falls():
    f, made = problem()
    sag = SAGA(f, np.zeros(P), 1 / (16 * f.L_max), lam=1 / N)
    early = passed(sag, f, made, 20 * N)
    assert passed(sag, f, made, 61 * N) < early / 5
    assert np.linalg.norm(sag.w - f.minimiser) < 5e-3


# ---------------------------------------------------------------- what they pay


def test_beyond_counts_of_gradients_are_exact():
    f, _ = problem()
    w = np.zeros(P)
    gd, sgd, saga = GD(f, w, 0.1), SGD(f, w, 0.01), SAGA(f, w, 0.01)
    svrg = SVRG(f, w, 0.01, 10)
    for _ in range(25):
        for one in (gd, sgd, saga, svrg):
            one.step(f, 0)
    assert gd.paid == 25 * N
    assert sgd.paid == 25
    assert saga.paid == N + 25
    assert svrg.paid == 3 * N + 2 * 25


def test_beyond_nobody_spends_more_than_the_budget_and_crossings_are_in_order():
    experiment = ran(steps=150, n=50, decline=0).experiment
    budget = 150 * 10
    assert all(one.paid <= budget for one in experiment.methods.values())
    assert all(budget - one.paid < 60 for one in experiment.methods.values())
    for row in experiment.crossed:
        made = [paid for paid in row if paid]
        assert made == sorted(made)
    assert experiment.crossed[0, 0] % 50 == 0  # GD pays n at a time
    assert experiment.crossed[1, 2] == 0  # SGD never gets to 1e-8


def test_beyond_saga_needs_fewer_gradients_than_gd_when_badly_conditioned():
    crossed = ran(steps=250).experiment.crossed
    gd, _, _, _, saga = crossed[:, 1]
    assert 0 < saga < gd


def test_error_of_the_direction_falls_for_saga_and_stays_for_sgd():
    row = {name: column[-50:] for name, column in ran(steps=220).run.columns.views().items()}
    assert np.mean(row["error/SAGA"]) < 1e-3 < 0.05 < np.mean(row["error/SGD"])


def test_minimum_of_the_logistic_sum_is_scipys():
    f = ran(problem="logistic regression").experiment.f
    found = scipy.optimize.minimize(f.value, np.zeros(P), jac=f.gradient, tol=1e-12).x
    assert f.minimiser == pytest.approx(found, abs=1e-5)


# ---------------------------------------------------------------- control variate


def test_text4_55_variance_falls_to_a_fifth():
    """Y = 2X + N(0, 1): c* = -.4, and 1 - corr^2 = .2, not the printed .84."""
    made = np.random.default_rng(0)
    X = made.standard_normal(200_000)
    Y = 2 * X + made.standard_normal(X.size)
    c = best_coefficient(X, Y)
    assert c == pytest.approx(-0.4, abs=0.005)
    assert np.var(X + c * Y) == pytest.approx(0.2, abs=0.005)
    assert corrected_variance(-0.4, 1, 5, 2) == pytest.approx(0.2)
    assert corrected_variance(0, 1, 5, 2) == 1


@pytest.mark.parametrize(("slope", "spread"), [(2, 1), (0, 1), (-1, 0.5), (1, 0), (0, 0)])
def test_text4_55_never_above_var_x_at_the_best_coefficient(slope, spread):
    experiment = ran(":control-variate", slope=slope, spread=spread).experiment
    best = experiment.law(experiment.best())
    assert best <= 1
    c = np.linspace(-2, 2, 401)
    assert best <= experiment.law(c).min() + 1e-9
