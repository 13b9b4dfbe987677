"""Annealing holds the texts' numbers: wells, Gibbs variance, temperature, escape times, one step's variance."""

import time

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.optimize
import scipy.stats

from lab.catalogue import Catalogue
from lab.maths.langevin import LANDSCAPES, Landscape, counted, divergence, metropolis, step, temperature
from lab.session import Session

CATALOGUE = Catalogue()


def ran(scene="", steps=0, seed=0, **settings):
    session = Session(CATALOGUE.load("annealing" + scene), settings, seed)
    session.seek(steps)
    return session


def last(session):
    return {name: float(column[-1]) for name, column in session.run.columns.views().items()}


def rng(seed=0):
    return np.random.default_rng(seed)


# ---------------------------------------------------------------- the well, and its density


def test_beyond_annealing_well_minima_and_barrier():
    ground = Landscape("annealing well")
    assert ground.places == pytest.approx([-1.035579, 0.075429, 0.960150], abs=1e-6)
    assert ground.value(ground.places) == pytest.approx([-0.305428, 1.011282, 0.294146], abs=1e-6)


def test_wells_are_those_that_scipy_finds():
    ground = Landscape("three wells, one lowest")
    minima, barriers = ground.wells()
    assert len(minima) == 3
    assert len(barriers) == 2
    for place in minima:
        found = scipy.optimize.minimize_scalar(lambda w: float(ground.value(w)), bracket=(place - 0.1, place + 0.1)).x
        assert place == pytest.approx(found, abs=1e-3)
    assert np.argmin(ground.value(minima)) == 0


@pytest.mark.parametrize("name", LANDSCAPES)
def test_slope_is_the_derivative_with_dents_too(name):
    ground = Landscape(name).dented(0, 0.7)
    w = np.linspace(-1.7, 1.7, 31)
    h = 1e-6
    assert ground.slope(w) == pytest.approx((ground.value(w + h) - ground.value(w - h)) / (2 * h), abs=1e-6)
    assert float(ground.value(ground.places[0])) == pytest.approx(0.7)


def test_text4_70_gibbs_density_and_moments_by_scipy():
    ground, T = Landscape("annealing well"), 0.4

    def weight(w, power=0):
        return w**power * np.exp(-((w * w - 1) ** 2 + 0.3 * w) / T)

    Z = scipy.integrate.quad(weight, -3, 3)[0]
    assert float(ground.gibbs(0.5, T)) == pytest.approx(weight(0.5) / Z, rel=1e-4)
    assert ground.mean(T) == pytest.approx(scipy.integrate.quad(weight, -3, 3, args=(1,))[0] / Z, rel=1e-4)
    shares = ground.shares(np.array([-1.0, 0.0, 0.5, 1.0]), T)
    assert shares[1] == pytest.approx(scipy.integrate.quad(weight, 0, 0.5)[0] / Z, rel=1e-4)
    assert shares.sum() == pytest.approx(1)


@pytest.mark.parametrize(("eta", "b", "exact", "gibbs"), [(0.1, 1, 0.05263, 0.05), (0.5, 1, 0.3333, 0.25)])
def test_text4_70_variance_in_a_bowl(eta, b, exact, gibbs):
    """lambda = 1: the discrete model has eta/(b (2 - eta)), Gibbs eta/(2b)."""
    ground, made, w = Landscape("bowl"), rng(), np.zeros(60_000)
    for _ in range(120):
        w = step(ground, w, eta, eta / np.sqrt(b), made)
    assert w.var() == pytest.approx(exact, rel=0.03)
    assert temperature(eta, b, 1) == pytest.approx(gibbs)
    assert ground.mean(gibbs, 2) == pytest.approx(gibbs, rel=0.02)


def test_text4_71_eta_and_b_doubled_leave_the_temperature_and_the_crowd_alike():
    assert temperature(0.02, 2, 9) == temperature(0.04, 4, 9) == pytest.approx(0.405)
    experiment = ran(steps=300, rate=0.01, batch=1, noise=12, begin=0).experiment
    distance = scipy.stats.ks_2samp(experiment.w, experiment.twin).statistic
    assert distance < 0.04
    assert experiment.w.std() > 0.5


def test_text4_71_ratio_of_two_wells():
    ground, T = Landscape("annealing well"), 0.25
    left, _, right = ground.gibbs(ground.places, T)
    assert left / right == pytest.approx(np.exp((0.294146 + 0.305428) / T), rel=1e-4)


def test_text4_76_the_crowd_comes_to_gibbs():
    session = ran(steps=500, batch=1, noise=9, particles=3000)
    kl = session.run.columns.views()["kl/runs"]
    assert kl[0] > 1
    assert kl[250] < kl[50] < kl[10]
    assert kl[-1] < 0.08
    assert last(session)["fraction/runs"] == pytest.approx(last(session)["fraction/Gibbs"], abs=0.05)


def test_kl_is_scipys():
    p, q = np.array([0.5, 0.25, 0.25, 0]), np.array([0.25, 0.25, 0.4, 0.1])
    assert divergence(p, q) == pytest.approx(scipy.stats.entropy(p, q))
    assert divergence(q, p) == np.inf


def test_text4_72_time_average_of_one_run_comes_to_the_mean():
    found = [last(ran(steps=2500, seed=s, batch=1, noise=10, particles=100))["average/tagged run"] for s in range(3)]
    assert np.mean(found) == pytest.approx(Landscape("annealing well").mean(1.0), abs=0.25)


def test_text4_73_slow_cooling_finds_the_lowest_well_and_a_quench_does_not():
    row = last(ran(":cooling", steps=900, particles=300))
    assert row["fraction/drawn"] > 0.7
    assert row["fraction/c/log t"] > 0.6
    assert row["fraction/quench"] < 0.05


# ---------------------------------------------------------------- escape times, Metropolis


def test_beyond_escape_time_is_exp_of_height_over_temperature():
    ground = Landscape("annealing well")
    (left, right), _ = ground.wells()
    inverse = np.array([6.0, 8.0, 10.0])
    times = [ground.escape_time(right, left, 1 / x) for x in inverse]
    assert np.polyfit(inverse, np.log(times), 1)[0] == pytest.approx(0.717, rel=0.15)


def test_beyond_measured_escape_times_lie_on_the_line():
    experiment = ran(":escape", steps=350, particles=200).experiment
    assert experiment.height() == pytest.approx(0.717, abs=1e-3)
    assert experiment.slope() == pytest.approx(0.717, rel=0.15)


def test_beyond_metropolis_is_within_five_hundredths_of_gibbs():
    ground, made, w, T = Landscape("annealing well"), rng(), np.full(1000, 0.96), 0.4
    edges = np.linspace(*ground.window, 41)
    total = np.zeros(40)
    for t in range(200):  # 2e5 moves, the first half of them not counted
        w, _ = metropolis(ground, w, T, 0.8, made)
        total += counted(w, edges) * (t >= 100)
    assert np.abs(total / 100 - ground.shares(edges, T)).sum() / 2 < 0.05


# ---------------------------------------------------------------- one step, flow


def test_text4_68_mean_and_variance_of_one_step():
    experiment = ran(":noise").experiment
    f, w, eta = experiment.f, np.array([2, 1.5]), 0.1
    every = np.array([w - eta * f.X[i] * (f.X[i] @ w - f.y[i]) for i in range(f.n)])  # all that SGD can do
    assert every.mean(axis=0) == pytest.approx(w - eta * f.gradient(w))
    assert experiment.law() == pytest.approx(np.cov(every.T, bias=True))
    law = np.trace(experiment.law())
    assert np.trace(ran(":noise", rate=0.2).experiment.law()) == pytest.approx(4 * law)
    assert np.trace(ran(":noise", batch=2).experiment.law()) == pytest.approx(law / 2)


@pytest.mark.parametrize("model", ["covariance of the samples", "the same in all directions"])
def test_text4_69_model_has_the_mean_and_variance_of_sgd(model):
    session = ran(":noise", steps=60, batch=4, model=model)
    views = session.run.columns.views()
    for name in ("SGD", "model"):
        assert views[f"variance/{name}"].mean() == pytest.approx(views["variance/law"][0], rel=0.1)


def test_text4_63_flow_is_the_matrix_exponential_and_euler_is_of_first_order():
    session = ran(":flow", steps=16, rate=0.02)
    experiment = session.experiment
    tau = 16 * 0.02 / 4
    assert experiment.time() == pytest.approx(tau)
    assert experiment.flow(np.array([tau]))[0] == pytest.approx(
        scipy.linalg.expm(-experiment.H * tau) @ np.array([2.9, -0.5])
    )
    row = last(session)
    assert row["error/η"] / row["error/η/2"] == pytest.approx(2, rel=0.05)
    assert row["error/η/2"] / row["error/η/4"] == pytest.approx(2, rel=0.05)
    assert (np.diff(ran(":flow", steps=60, rate=0.5).run.columns.views()["loss/flow"]) <= 0).all()


def test_ten_thousand_particles_take_a_step_in_well_under_a_frame():
    ground, made, w = Landscape("annealing well"), rng(), np.zeros(10_000)
    best = np.inf
    for _ in range(20):
        begun = time.perf_counter()
        w = step(ground, w, 0.02, 0.1, made)
        best = min(best, time.perf_counter() - begun)
    assert best < 0.002
