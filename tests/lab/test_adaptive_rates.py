"""The anatomy holds the texts' numbers: first steps, laws under a constant gradient, and who ends where."""

import numpy as np
import pytest
import torch

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.session import Session

CATALOGUE = Catalogue()


def run(scene="", steps=0, seed=0, **settings):
    session = Session(CATALOGUE.load("adaptive-rates" + (scene and f":{scene}")), settings, seed)
    session.seek(steps)
    return session


def place(session, lane=0):
    return session.experiment.walkers[lane].theta


def column(session, name):
    return session.run.columns.views()[name]


# ---------------------------------------------------------------- the anatomy


@pytest.mark.parametrize("begin", [(-2.4, 2.0), (0.001, 3.0)])
@pytest.mark.parametrize(
    ("method", "length"),
    [("Adam", 0.1), ("Adagrad", 0.1), ("RMSProp", 0.1 / 0.1**0.5), ("Adamax", 0.1), ("AMSGrad", 0.1)],
)
def test_the_first_step_does_not_know_the_size_of_the_gradient(method, length, begin):
    """η for Adam, Adagrad and Adamax, η/√(1 − γ) for RMSProp: 3.162 η at γ = 0.9."""
    session = run(steps=1, method=method, rate=0.1, beta2=0.9, begin=begin)
    assert np.abs(place(session) - begin) == pytest.approx([length, length], rel=1e-4)


@pytest.mark.parametrize(
    ("method", "law"),
    [
        ("Adagrad", lambda t: 0.05 / t**0.5),
        ("RMSProp", lambda t: 0.05 / (1 - 0.9**t) ** 0.5),
        ("Adam", lambda t: 0.05 + 0 * t),
        ("momentum", lambda t: 0.15 * (1 - 0.9**t) / 0.1),
    ],
)
def test_steps_under_a_constant_gradient_follow_the_law_drawn_beside_them(method, law):
    session = run(steps=40, surface="slope", method=method, rate=0.05, beta2=0.9)
    expected = law(np.arange(1, 41))
    assert column(session, "size/measured")[-40:] == pytest.approx(expected, rel=1e-6)
    assert column(session, "size/law")[-40:] == pytest.approx(expected, rel=1e-6)


def test_one_over_the_curvature_arrives_in_one_step():
    """Per-weight step size: η_j = 1/λ_j."""
    session = run(steps=1, method="own rates", kappa=20.0, rate_1=1.0, rate_2=0.05)
    assert place(session) == pytest.approx([0, 0], abs=1e-12)


@pytest.mark.parametrize(("method", "harm"), [("RMSProp", False), ("Adam", False), ("Adagrad", False), ("GD", True)])
def test_a_stretched_axis_and_a_steeper_loss_harm_only_gradient_descent(method, harm):
    settings = {"method": method, "rate": 0.005, "kappa": 100.0}
    for rival in ("same, on a round bowl", "same, on 100 J"):
        session = run(steps=30, rival=rival, **settings)
        apart = np.abs(place(session) - place(session, 1)).max()
        assert (apart > 0.1) if harm else (apart < 1e-5)


@pytest.mark.parametrize(("method", "rate", "harm"), [("Adam", 0.05, True), ("GD", 0.01, False)])
def test_a_turned_ravine_harms_adam_and_not_gradient_descent(method, rate, harm):
    """Start and ravine turned together by 45°: the heights stay the same only without rates for each axis."""
    straight = run(steps=60, method=method, rate=rate, kappa=100.0, begin=(-2.0, 1.0))
    turned = run(steps=60, method=method, rate=rate, kappa=100.0, angle=45.0, begin=(-3 / 2**0.5, -1 / 2**0.5))
    heights = [column(session, "loss/method")[-1] for session in (straight, turned)]
    assert heights[0] == pytest.approx(heights[1], rel=1e-6) or harm
    assert (heights[1] > 1.5 * heights[0]) == harm


def test_correction_can_be_switched_in_mid_run_without_losing_the_averages():
    session = run(steps=20, method="RMSProp", beta2=0.99)
    before = session.experiment.walkers[0].memory["s"].copy()
    session.set("correct_s", True)
    session.step()
    memory = session.experiment.walkers[0].memory
    assert memory["t"] == 21
    g = session.experiment.walkers[0].g
    assert memory["s"] == pytest.approx(0.99 * before + 0.01 * g**2)


def test_another_method_goes_on_from_where_the_old_one_stands_and_reset_empties_the_averages():
    session = run(steps=10, method="Adagrad")
    there = place(session).copy()
    session.set("method", "Adam")
    assert place(session).tolist() == there.tolist()
    session.step()
    session.act("reset_averages", [])
    assert not session.experiment.walkers[0].memory["s"].any()


@pytest.mark.parametrize(
    ("method", "make"),
    [
        ("Adam", lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.9, 0.99))),
        ("AdamW", lambda p: torch.optim.AdamW(p, lr=0.05, betas=(0.9, 0.99), weight_decay=0.1)),
        ("Adadelta", lambda p: torch.optim.Adadelta(p, lr=0.05, rho=0.99, eps=1e-8)),
    ],
)
def test_the_path_is_that_of_torch(method, make):
    theta = torch.tensor((-2.4, 2.0), dtype=torch.float64, requires_grad=True)
    optimiser = make([theta])
    for _ in range(50):
        optimiser.zero_grad()
        ((theta[0] ** 2 + 20 * theta[1] ** 2) / 2).backward()
        optimiser.step()
    session = run(steps=50, method=method, rate=0.05, weight_decay=0.1)
    assert place(session) == pytest.approx(theta.detach().numpy(), abs=1e-10)


def test_adadelta_as_printed_crawls_unless_epsilon_is_raised():
    """Rosenbrock: 6.40 falls only to 1.24 in 20,000 steps with ε = 1e-8."""
    settings = {"surface": "Rosenbrock", "method": "Adadelta as printed", "rate": 1.0, "beta2": 0.9}
    crawls = column(run(steps=1, **settings), "size/measured")[-1]
    assert crawls == pytest.approx(1e-8 / 0.1**0.5, rel=1e-3)
    assert column(run(steps=400, epsilon=1e-8, **settings), "loss/method")[-1] > 6.3
    assert column(run(steps=400, epsilon=1e-4, **settings), "loss/method")[-1] < 1


def test_only_the_ravine_has_a_round_bowl():
    with pytest.raises(Unfit, match="round bowl"):
        run(surface="slope", rival="same, on a round bowl")


# ---------------------------------------------------------------- its scenes


def test_three_ones_and_the_weights_that_are_missing():
    session = run("averages", steps=3, signal="ones", gamma=0.1)
    assert column(session, "average") == pytest.approx([0, 0.9, 0.99, 0.999])
    assert column(session, "missing/γᵗ") == pytest.approx(column(session, "missing/1 − Σ weights"))
    assert session.draw(["debiased"]).values["debiased"][:, 1] == pytest.approx([1, 1, 1])


def test_a_stroke_through_the_signal_is_averaged_as_if_it_had_always_been_there():
    session = run("averages", steps=40, gamma=0.9)
    session.act("draw_line", [10, 21.0, 5.0])
    c = session.experiment.c
    assert np.diff(c[10:21], n=2) == pytest.approx(np.zeros(9), abs=1e-12)
    assert c[20] == 5
    ages = np.arange(39, -1, -1)
    assert session.experiment.average == pytest.approx((0.1 * 0.9**ages) @ c[:40])


def test_dragged_weights_stay_one_together():
    session = run("averages", steps=5)
    session.act("weigh", [0, 0.0, 0.6])
    assert session.experiment.shares == pytest.approx([0.6, 0.4 / 3, 0.4 / 3, 0.4 / 3])


def test_stage_one_explodes_and_stage_four_is_bounded():
    """Stage 1 on x²/2 has the step η/x; the factor of stage 4 is at most η/ε."""
    session = run("stages", steps=1, begin=(0.01, 0.0), rate=0.1)
    assert session.experiment.move[0] == pytest.approx([-10, 0])
    session = run("stages", steps=200)
    assert np.nanmax(column(session, "factor/4")) <= 0.1 / 0.01
    assert np.nanmax(column(session, "step/1")) > 1
    one = run("stages", steps=1, gamma=0.9, epsilon=1e-8)
    assert np.abs(one.experiment.move[4]) == pytest.approx([0.3162278, 0.3162278], rel=1e-6)


def test_a_rare_feature_learns_sooner_with_a_rate_of_its_own():
    session = run("features", steps=200, method="RMSProp", rarest=0.03)
    assert column(session, "error/rare")[-1] < 0.3 < column(session, "error/rare, GD")[-1]
    rates = session.draw(["rates"]).values["rates"][0]
    assert rates[4] / rates[0] == pytest.approx(0.03**-0.5, rel=0.3)


def test_one_over_the_frequency_makes_all_features_learn_alike():
    """The mean error shrinks by 1 - η each step, whatever the frequency."""
    session = run("features", steps=60, method="1 / frequency", rarest=0.2, noise=0.0, batch=64)
    W, truth = session.experiment.W[:5], np.array([1, -1, 0.5, 1, -1])
    assert W[:, 0] == pytest.approx(truth * (1 - 0.97**60), abs=0.15)


def test_the_envelope_is_never_passed_and_is_the_largest_aged_gradient():
    session = run("envelope", steps=120, p=64.0)
    assert np.nanmax(column(session, "ratio/r")) == pytest.approx(1)
    assert column(session, "closed/recursion") == pytest.approx(
        column(session, "closed/largest γ^age |g|"), nan_ok=True
    )
    roots = [column(session, f"size/p = {p}")[-1] for p in (1, 2, 4, 8, "own")]
    assert sorted(roots) == roots
    assert roots[-1] == pytest.approx(column(session, "size/r")[-1], rel=0.05)
    session.act("spike", [])
    session.step()
    assert column(session, "size/r")[-1] == 5


def test_adam_ends_at_the_worst_point_and_amsgrad_at_the_best():
    """Adam that does not converge: .998 and -.9975 after 20,000 steps from 1."""
    experiment = run("counterexample", begin=1.0, rate=1.0, beta2=0.1).experiment
    for _ in range(20_000):
        experiment.step()
    assert experiment.x[0] == pytest.approx(0.998, abs=5e-4)
    assert experiment.x[1] == pytest.approx(-0.9975, abs=5e-5)


def test_the_outer_product_vanishes_with_the_residuals_and_the_hessian_does_not():
    session = run("fisher", steps=200, noise=0.0)
    assert column(session, "norm/F")[-1] < 0.01 * column(session, "norm/F")[0]
    hessian = column(session, "norm/Hessian")
    assert hessian[-1] == pytest.approx(hessian[0])
    assert column(session, "bound").max() <= 1


@pytest.mark.parametrize("model", ["linear, squared loss", "tanh unit, squared loss", "logistic, cross-entropy"])
def test_the_hessian_is_that_of_torch(model):
    experiment = run("fisher", steps=20, model=model, noise=0.4, n=30).experiment
    x, y = torch.tensor(experiment.x), torch.tensor(experiment.y)

    def loss(w):
        score = x @ w
        if model.startswith("logistic"):
            return torch.nn.functional.binary_cross_entropy_with_logits(score, y)
        return (((torch.tanh(score) if model.startswith("tanh") else score) - y) ** 2).mean() / 2

    expected = torch.autograd.functional.hessian(loss, torch.tensor(experiment.w))
    np.testing.assert_allclose(experiment.matrices()[0], expected, atol=1e-12)
