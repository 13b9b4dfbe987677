"""SGD holds the numbers of the texts' entries, walks torch's paths, and stays under the theorems' bounds."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.optimize
import scipy.spatial
import torch

from lab.catalogue import Catalogue
from lab.experiments.descent.stochastic_descent.plane import convex_hull, in_hull
from lab.maths.batches import WAYS, Batches
from lab.maths.finite_sums import LeastSquares, Logistic, Noise, Parabolas, covariance_factor, noise_of
from lab.maths.schedules import SCHEDULES
from lab.maths.zone import Zone
from lab.session import Session

CATALOGUE = Catalogue()
TEXT = ((1, 2, 3), (2, 2, 9))


def ran(scene="", steps=0, seed=0, **settings):
    session = Session(CATALOGUE.load("stochastic-descent" + scene), settings, seed)
    session.seek(steps)
    return session


def columns(session):
    return session.run.columns.views()


def rng(seed=0):
    return np.random.default_rng(seed)


def least_squares(n=40, d=3, seed=0):
    made = rng(seed)
    return LeastSquares(made.normal(size=(n, d)), made.normal(size=n))


# ---------------------------------------------------------------- the zone of confusion (text 4, entries 41, 42)


def test_text4_41_minima_zone_and_best_weight():
    zone = Zone(*TEXT)
    assert zone.minima.tolist() == [2, 1, 3]
    assert (zone.low, zone.high) == (1, 3)
    assert zone.best == pytest.approx(33 / 14)


@pytest.mark.parametrize(("eta", "std"), [(0.05, 0.36948), (0.1, 0.58868), (0.15, 0.84340)])
def test_text4_41_spread_in_the_long_run(eta, std):
    assert Zone(*TEXT).variance(eta) ** 0.5 == pytest.approx(std, abs=5e-6)


@pytest.mark.parametrize(("eta", "outside"), [(0.05, 0.0), (0.1, 0.0), (0.15, 0.30)])
def test_text4_41_who_is_inside_stays_while_eta_x2_is_at_most_1(eta, outside):
    zone, w, made, left = Zone(*TEXT), np.full(4000, 2.0), rng(1), []
    for t in range(200):
        w = w - eta * zone.gradient(w, made.integers(3, size=(4000, 1)))
        if t >= 100:
            left.append(1 - zone.inside(w).mean())
    assert np.mean(left) == pytest.approx(outside, abs=0.02)


def test_text4_41_outside_the_zone_every_sample_pushes_inward_and_gd_converges():
    zone = Zone(*TEXT)
    assert all(zone.gradient(0.9, [i]) < 0 for i in range(3))
    assert all(zone.gradient(3.1, [i]) > 0 for i in range(3))
    run = columns(ran("", 60, data="three points", rate=0.1))
    assert run["w/GD"][60] == pytest.approx(33 / 14, abs=1e-9)
    assert np.abs(run["w/SGD"][30:] - 33 / 14).max() > 0.3


@pytest.mark.parametrize(("b", "replacement"), [(1, True), (4, True), (4, False), (10, False)])
def test_text4_50_the_theory_of_the_spread_holds_for_batches_too(b, replacement):
    made = rng(3)
    x = made.uniform(0.5, 2, 12)
    zone, w, seen = Zone(x, x + made.normal(size=12)), np.zeros(3000), []
    for t in range(160):
        drawn = made.integers(12, size=(3000, b)) if replacement else made.random((3000, 12)).argsort(axis=1)[:, :b]
        w = w - 0.1 * zone.gradient(w, drawn)
        if t >= 100:
            seen.append(((w - zone.best) ** 2).mean())
    assert zone.variance(0.1, b, replacement) == pytest.approx(np.mean(seen), rel=0.04)


def test_text4_42_larger_steps_arrive_sooner_and_spread_wider():
    session = ran(":step-size", 400)
    there = session.experiment.times()
    assert (np.diff(there[:, 1]) < 0).all()
    spreads = session.experiment.measured_spreads()
    assert (np.diff(spreads[:, 1]) > 0).all()
    theory = dict(session.experiment.spreads().tolist())
    assert spreads[-3:, 1] == pytest.approx([theory[eta] for eta in spreads[-3:, 0]], rel=0.06)


def test_text4_46_additive_noise_leaves_the_derived_gap_and_48_a_tenth_of_the_rate_a_tenth_of_it():
    zone = Zone(np.ones(4), [1, 2, 3, 6])  # m = 1 and sigma0 = 3.5
    for eta in (0.01, 0.1, 0.5):
        assert zone.floor(eta) == pytest.approx(eta * 3.5 / (2 * (2 - eta)))
    assert zone.floor(0.02) / zone.floor(0.002) == pytest.approx(10, rel=0.02)
    assert zone.floor(0.1, b=5) == pytest.approx(zone.floor(0.1) / 5)


def test_the_path_is_that_of_torch():
    """Text 4, entry 38: the sampled data in their order, given to torch.optim.SGD."""
    session = ran("", 0, data="three points", rate=0.05, schedule="1/√t", begin=-1)
    w = torch.tensor([-1.0], dtype=torch.float64, requires_grad=True)
    torch_sgd = torch.optim.SGD([w], lr=0.05)
    falling = torch.optim.lr_scheduler.LambdaLR(torch_sgd, lambda t: (t + 1) ** -0.5)
    x, y = (torch.tensor(part, dtype=torch.float64) for part in TEXT)
    for _ in range(30):
        session.step()
        (i,) = session.experiment.used
        torch_sgd.zero_grad()
        ((x[i] * w - y[i]) ** 2 / 2).sum().backward()
        torch_sgd.step()
        falling.step()
        assert session.experiment.w == pytest.approx(w.item(), abs=1e-12)


def test_text4_52_averaging_alters_no_step_and_finds_the_minimum():
    plain, averaged = (ran("", 20, data="three points", rate=0.1) for _ in range(2))
    averaged.act("start_averaging", [])
    plain.seek(6000)
    averaged.seek(6000)
    assert plain.experiment.w == averaged.experiment.w
    assert averaged.experiment.average == pytest.approx(33 / 14, abs=0.04)


# ---------------------------------------------------------------- schedules


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("steps", lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=20, gamma=0.3)),
        ("exponential", lambda o: torch.optim.lr_scheduler.ExponentialLR(o, gamma=0.3 ** (1 / 20))),
        ("cosine", lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=20)),
        ("warm-up", lambda o: torch.optim.lr_scheduler.LinearLR(o, start_factor=1 / 20, total_iters=19)),
        ("constant", lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1)),
        ("1/tᵖ", lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda t: (t + 1) ** -0.75)),
    ],
)
def test_schedules_are_those_of_torch(name, made):
    knobs = SimpleNamespace(rate=0.2, power=0.75, period=20, decay=0.3)
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
    scheduler, steps = made(optimiser), 21 if name == "cosine" else 70
    for t in range(steps):
        assert SCHEDULES[name](t, knobs) == pytest.approx(optimiser.param_groups[0]["lr"], abs=1e-12)
        optimiser.step()
        scheduler.step()


def test_text1a_sums_of_one_over_t():
    knobs = SimpleNamespace(rate=1.0)
    rates = np.array([SCHEDULES["1/t"](t, knobs) for t in range(10000)])
    assert rates.sum() == pytest.approx(9.7876, abs=5e-5)
    assert (rates**2).sum() == pytest.approx(1.64483, abs=5e-6)


@pytest.mark.parametrize(
    ("power", "far", "calm"),
    [(0, True, False), (0.3, True, False), (0.75, True, True), (1, True, True), (1.5, False, True)],
)
def test_text4_47_which_exponents_are_legal(power, far, calm):
    rule, knobs = SCHEDULES["1/tᵖ"], SimpleNamespace(power=power)
    assert (rule.goes_far(knobs), rule.calms(knobs)) == (far, calm)


def test_text0_one_over_t_gives_the_running_mean():
    """f_i = (w − c_i)²/2 with the rates 1/t: every w is the mean of the samples so far."""
    zone, knobs, w, seen = Zone(np.ones(7), rng(2).normal(size=7)), SimpleNamespace(rate=1.0), 5.0, []
    for t, i in enumerate(rng(3).integers(7, size=40)):
        w -= SCHEDULES["1/t"](t, knobs) * zone.gradient(w, [i])
        seen.append(zone.y[i])
        assert w == pytest.approx(np.mean(seen))


def test_text4_49_a_rate_of_one_over_t_gives_a_gap_of_slope_minus_1():
    run = columns(ran(":schedules", 1500))
    assert np.log10(run["gap/B"][1500] / run["gap/B"][150]) == pytest.approx(-1, abs=0.2)
    assert run["gap/A"][1000:].mean() == pytest.approx(run["gap/A"][100:200].mean(), rel=0.2)
    assert run["gap/B"][1000:].mean() == pytest.approx(run["gap/law of B"][1000:].mean(), rel=0.2)
    assert run["distance/C"][1500] > 0.4  # it has used up its steps


# ---------------------------------------------------------------- finite sums and batches


@pytest.mark.parametrize(
    "f",
    [
        least_squares(),
        Logistic(rng(1).normal(size=(30, 3)), np.where(rng(2).random(30) < 0.5, -1, 1), 0.1),
        Parabolas(np.array([np.diag([2, 3]), np.diag([1, 5])]), np.array([[0, 1], [2, -1]])),
    ],
    ids=["least squares", "logistic", "parabolas"],
)
def test_text3_finite_sum_mean_of_gradients_is_the_gradient_and_its_minimum_scipys(f):
    w = rng(5).normal(size=len(f.minimiser))
    assert f.sample_gradients(w).mean(axis=0) == pytest.approx(f.gradient(w), abs=1e-12)
    slope = scipy.optimize.approx_fprime(w, f.value, 1e-7)
    assert f.gradient(w) == pytest.approx(slope, abs=1e-5)
    assert f.minimiser == pytest.approx(scipy.optimize.minimize(f.value, w, jac=f.gradient, tol=1e-10).x, abs=1e-5)
    crowd = rng(6).normal(size=(4, len(w)))
    assert f.gradient(crowd) == pytest.approx(np.array([f.gradient(one) for one in crowd]))


@pytest.mark.parametrize(("replacement", "b"), [(True, 3), (False, 3), (False, 6)])
def test_text3_gradient_noise_falls_as_1_over_b_and_sooner_without_replacement(replacement, b):
    f, w, made = least_squares(n=6), np.array([1.0, -2, 0.5]), rng(7)
    batches = made.integers(6, size=(40000, b)) if replacement else made.random((40000, 6)).argsort(axis=1)[:, :b]
    measured = f.sample_gradients(w)[batches].mean(axis=1).var(axis=0).sum()
    single = f.sample_gradients(w).var(axis=0).sum()
    expected = 1 / b if replacement else (6 - b) / (b * 5)
    assert covariance_factor(b, 6, replacement) == pytest.approx(expected)
    assert measured / single == pytest.approx(expected, abs=0.01)


def test_text4_39_covariance_of_batch_gradients_measured_in_the_scene():
    noise = np.mean([ran(":mini-batches", 1, seed).experiment.noise for seed in range(12)], axis=0)
    assert noise[0, [0, 3, 7]] == pytest.approx([1, 1 / 4, 1 / 8], rel=0.12)
    assert noise[1, 23] == pytest.approx(0, abs=1e-12)


def test_text3_epochs_are_dealt_out_once_each_and_text4_40_with_replacement_63_percent_are_seen():
    made, batches = rng(), Batches(10)
    batches.begin(made, 4, WAYS[1])
    taken = [batches.take(made, 4, WAYS[1]) for _ in range(3)]
    assert [len(batch) for batch in taken] == [4, 4, 2]  # ⌈10/4⌉ = 3 iterations
    assert sorted(np.concatenate(taken)) == list(range(10))
    assert batches.epoch == 1
    assert batches.visits[1].tolist() == [1] * 10
    again = Batches(500)
    again.begin(made, 1, WAYS[0])
    assert len(np.unique([again.take(made, 1, WAYS[0])[0] for _ in range(500)])) / 500 == pytest.approx(0.632, abs=0.04)


def test_text0_a_batch_of_all_is_gradient_descent_and_shuffling_once_repeats():
    session = ran(":mini-batches", 30, batch=24, sampling="shuffled each epoch")
    assert session.experiment.theta[1] == pytest.approx(session.experiment.theta[2], abs=1e-12)
    first = ran(":mini-batches", 0, batch=8, sampling="shuffled once")
    order = first.experiment.batches.order
    first.seek(3)
    assert np.array_equal(first.experiment.batches.order, order)


# ---------------------------------------------------------------- in the plane (text 3, figure 4.3)


def test_text3_variance_of_the_second_coordinate():
    """u₂ = (0, 2, 2, 0, 3) and α = 0.1: α/(1 − α) Var u₂ = 0.160."""
    u2 = np.array([0, 2, 2, 0, 3.0])
    assert 0.1 / 0.9 * u2.var() == pytest.approx(0.160)
    session = ran(":plane", 0, samples="five", rate=0.1)
    for i, y in enumerate(u2):
        session.act("move_sample", [i, 0.0, float(y)])
    session.seek(400)
    run = columns(session)
    assert run["variance/theory"][400] == pytest.approx(0.160)
    assert run["variance/crowd"][100:].mean() == pytest.approx(0.160, abs=0.005)


def test_text3_the_minimum_can_lie_outside_the_hull_and_lies_in_it_when_all_are_equally_steep():
    session = ran(":plane", samples="two, unequal")
    assert session.experiment.f.minimiser.tolist() == pytest.approx([0.75, 0.5])
    assert not in_hull(session.experiment.f.minimiser, session.experiment.hull())
    even = ran(":plane", samples="five", steeper=0)
    assert in_hull(even.experiment.f.minimiser, even.experiment.hull())


def test_text3_merged_minima_leave_no_noise():
    run = columns(ran(":plane", 300, samples="five, merged"))
    assert run["loss/one sample"][300] == pytest.approx(1e-12)
    assert columns(ran(":plane", 300, samples="five"))["loss/one sample"][200:].mean() > 1e-3


def test_text3_affine_gradients_the_mean_of_the_runs_is_gradient_descent():
    for seed in range(3):
        experiment = ran(":plane", 25, seed).experiment
        error = experiment.crowd.std(axis=0) / 10  # of the mean of a hundred
        assert (np.abs(experiment.crowd.mean(axis=0) - experiment.theta[2]) < 4 * error).all()


def test_the_hull_is_scipys():
    points = rng(8).normal(size=(30, 2))
    theirs = points[scipy.spatial.ConvexHull(points).vertices]
    assert {tuple(p) for p in convex_hull(points)} == {tuple(p) for p in theirs}


# ---------------------------------------------------------------- bounds (text 4, entries 43 to 46)


def test_text4_43_one_step_obeys_the_descent_lemma_biased_or_not():
    for uneven in (False, True):
        for place in (0.0, 0.3, 2.0):
            experiment = ran(":bounds", 0, rate=0.1, uneven=uneven).experiment
            experiment.frozen, experiment.place = True, place
            assert experiment.mean_change()[0] <= experiment.bound_change()[0] + 1e-12


def test_text4_44_the_line_bounds_the_noise_everywhere_and_is_tight():
    f = least_squares(n=30, d=2)
    sigma0, sigma = noise_of(f)
    places = f.minimiser + rng(9).normal(size=(20000, 2)) * rng(10).exponential(size=(20000, 1))
    squares = (f.sample_gradients(places) ** 2).sum(axis=2).mean(axis=1)
    slack = sigma0 + sigma * (f.gradient(places) ** 2).sum(axis=1) - squares
    assert -1e-12 < slack.min() < 0.02 * sigma0


def test_text4_50_only_the_variance_falls_with_the_batch():
    """Not sigma as a whole: the text's sigma/b would let E|g|² fall below |∇ℓ|²."""
    assert Noise(6, 3).of_batch(4) == Noise(1.5, 1.5)
    f, w = least_squares(n=5, d=2), np.array([3.0, -4.0])
    g = f.sample_gradients(w)
    pairs = [((g[i] + g[j]) ** 2).sum() / 4 for i in range(5) for j in range(5)]
    noise = noise_of(f).of_batch(2)
    assert np.mean(pairs) <= noise.sigma0 + noise.sigma * (f.gradient(w) ** 2).sum()


@pytest.mark.parametrize("settings", [{}, {"rate": 0.02}, {"batch": 10}, {"residuals": 0}, {"kappa": 10, "rate": 0.02}])
def test_text4_46_the_mean_of_the_runs_stays_under_the_bound(settings):
    session = ran(":bounds", 300, **settings)
    run = columns(session)
    assert (run["gap/mean"][1:] <= run["gap/bound"][1:] * 1.0001 + 1e-12).all()


def test_text4_46_without_noise_the_bound_is_linear_and_45_progress_is_sure_below_the_frontier():
    session = ran(":bounds", 50, residuals=0, rate=0.05)
    run, f = columns(session), session.experiment.f
    assert session.experiment.noise().sigma0 == pytest.approx(0, abs=1e-20)
    assert run["gap/bound"][50] / run["gap/bound"][0] == pytest.approx((1 - 0.05 * f.m) ** 50)
    noisy = ran(":bounds", 0, rate=0.05).experiment
    noisy.frozen = True
    for noisy.place in (0.2, 1.0, 3.0):
        if noisy.promise() == "sure to fall":
            assert noisy.mean_change()[0] < 0


# ---------------------------------------------------------------- cost, momentum, escapes, newsvendor, spectrum


def test_text4_51_sgd_leads_at_first_and_gd_comes_past_near_1_over_n():
    session = ran(":cost", 500, n=200)
    run = columns(session)
    assert run["loss/SGD"][20] < run["loss/GD"][20] / 3
    assert run["loss/GD"][500] < run["loss/SGD"][500]
    assert 0.1 < session.experiment.crossed * 200 < 10


def test_text4_53_momentum_pays_at_b_n_and_hardly_at_b_1():
    small, whole = (ran(":momentum-noise", 120, batch=b) for b in (1, 64))
    assert columns(whole)["gap/SGD"][120] == pytest.approx(columns(whole)["gap/GD"][120])
    assert columns(whole)["advantage/SGD"][80] > 1e3
    assert columns(small)["advantage/SGD"][80] < 5


def test_beyond_small_batches_leave_the_dip_and_the_full_batch_never_does():
    run = columns(ran(":dip", 150))
    assert run["escaped/b = 1"][150] > 80
    assert run["escaped/b = 32"][150] == 0
    assert run["loss/b = 1"][150] < 0.2 < run["loss/b = 32"][150]


def test_beyond_the_newsvendor_finds_the_quantile():
    session = ran(":newsvendor", 12000, left_over=1, sold_out=3, demand="uniform")
    assert session.experiment.best() == pytest.approx(0.75)
    assert session.experiment.w == pytest.approx(0.75, abs=0.01)
    found = scipy.optimize.minimize_scalar(session.experiment.mean, bounds=(0, 3), method="bounded").x
    assert found == pytest.approx(0.75, abs=0.002)


def test_text4_54_rank_of_the_gradient_covariance():
    for n, units in ((20, 24), (60, 3)):
        experiment = ran(":spectrum", 3, points={"n": n}, units=units).experiment
        each = experiment.sample_gradients()
        covariance = np.cov(each.T, bias=True)
        assert np.linalg.matrix_rank(covariance, tol=1e-14) <= min(n - 1, 4 * units + 1)
        theirs = np.linalg.eigvalsh(covariance)[::-1] / experiment.batch
        kept = min(n, 4 * units + 1)
        assert experiment.eigenvalues()[:kept] == pytest.approx(theirs[:kept], abs=1e-12)
        assert each.mean(axis=0) == pytest.approx(whole_gradient(experiment), abs=1e-12)


def whole_gradient(experiment):
    experiment.net.backward(experiment.inputs, experiment.targets)
    return experiment.net.gradient


# ---------------------------------------------------------------- what a person does


def test_samples_can_be_dragged_added_and_taken_away():
    session = ran("", 5, data="three points")
    session.act("move_minimum", [0, 2.5, 0.0])
    assert session.experiment.zone.minima.tolist() == [2.5, 1, 3]
    session.act("add_point", [2.0, 10.0])
    assert session.experiment.zone.high == 5
    session.act("erase_point", [3])
    assert session.experiment.zone.n == 3
    session.act("divide_rate", [])
    assert session.experiment.rate == pytest.approx(0.01)
    with pytest.raises(ValueError, match="there is no point 7"):
        session.act("move_point", [7, 1.0, 1.0])
