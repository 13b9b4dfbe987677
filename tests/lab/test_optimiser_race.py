"""The race walks torch.optim's paths, holds the spec's numbers, and keeps every racer apart from the others."""

import numpy as np
import pytest
import torch

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.experiments.descent.optimiser_race._runners import clipped
from lab.maths.sampled_surfaces import NET
from lab.session import Session

RACE = Catalogue().load("optimiser-race")
SIX = ("GD", "momentum", "Nesterov", "Adagrad", "RMSProp", "Adam")


def racer(method, rate, **rest):
    return {"method": method, "rate": rate, **rest}


def race(steps=0, seed=0, **settings):
    session = Session(RACE, settings, seed)
    session.seek(steps)
    return session


def thetas(session):
    return {one.name: one.theta for one in session.experiment.runners}


def first_below(column, level):
    return int(np.argmax(column < level))


# ---------------------------------------------------------------- the paths


@pytest.mark.parametrize(
    ("surface", "start", "height", "rates"),
    [
        ("bowl", (-2.4, 1.6), lambda x, y: x**2 + y**2, (0.1, 0.05, 0.05, 0.5, 0.01, 0.1)),
        ("ravine", (-2.4, 0.9), lambda x, y: (x**2 + 20 * y**2) / 2, (0.08, 0.02, 0.02, 0.5, 0.01, 0.1)),
        (
            "Rosenbrock",
            (0.2, -0.2),
            lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
            (0.001, 0.001, 0.0005, 0.1, 0.001, 0.05),
        ),
        (
            "formula",
            (-2.4, 1.6),
            lambda x, y: (x**2 - 1) ** 2 + y**2 + 0.3 * x,
            (0.02, 0.01, 0.01, 0.3, 0.01, 0.1),
        ),
    ],
)
def test_every_racer_walks_the_path_of_torch(surface, start, height, rates):
    session = race(60, surface=surface, racers=[racer(*one) for one in zip(SIX, rates)])
    makers = {
        "GD": lambda p, rate: torch.optim.SGD(p, lr=rate),
        "momentum": lambda p, rate: torch.optim.SGD(p, lr=rate, momentum=0.9),
        "Nesterov": lambda p, rate: torch.optim.SGD(p, lr=rate, momentum=0.9, nesterov=True),
        "Adagrad": lambda p, rate: torch.optim.Adagrad(p, lr=rate, eps=1e-8),
        "RMSProp": lambda p, rate: torch.optim.RMSprop(p, lr=rate, alpha=0.999, eps=1e-8),
        "Adam": lambda p, rate: torch.optim.Adam(p, lr=rate, betas=(0.9, 0.999), eps=1e-8),
    }
    for (name, theta), rate in zip(thetas(session).items(), rates):
        place = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        optimiser = makers[name]([place], rate)
        for _ in range(60):
            optimiser.zero_grad()
            height(*place).backward()
            optimiser.step()
        np.testing.assert_allclose(theta, place.detach().numpy(), rtol=1e-8, atol=1e-10, err_msg=name)


ALL_OF_TORCH = {
    "GD": (0.01, lambda p, lr: torch.optim.SGD(p, lr=lr)),
    "momentum": (0.002, lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9)),
    "Nesterov": (0.002, lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9, nesterov=True)),
    "Adagrad": (0.5, lambda p, lr: torch.optim.Adagrad(p, lr=lr, eps=1e-8)),
    "RMSProp": (0.01, lambda p, lr: torch.optim.RMSprop(p, lr=lr, alpha=0.999, eps=1e-8)),
    "Adam": (0.1, lambda p, lr: torch.optim.Adam(p, lr=lr)),
    "AdamW": (0.1, lambda p, lr: torch.optim.AdamW(p, lr=lr, weight_decay=0.01)),
    "AMSGrad": (0.1, lambda p, lr: torch.optim.Adam(p, lr=lr, amsgrad=True)),
    "Nadam": (0.1, lambda p, lr: torch.optim.NAdam(p, lr=lr)),
    "RAdam": (0.1, lambda p, lr: torch.optim.RAdam(p, lr=lr)),
    "Adamax": (0.1, lambda p, lr: torch.optim.Adamax(p, lr=lr)),
    "Adadelta": (1.0, lambda p, lr: torch.optim.Adadelta(p, lr=lr, rho=0.999, eps=1e-8)),
}
THREE = {
    "ravine": ((-2.4, 0.9), lambda x, y: (x**2 + 20 * y**2) / 2),
    "Himmelblau": ((0.5, -0.5), lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2),
    "two-layer net": (
        (-0.4, 2.4),
        lambda x, y: (y * torch.tanh(x * torch.tensor(NET.x)) - torch.tensor(NET.y)).square().mean() / 2,
    ),
}


@pytest.fixture
def doubles():
    """NAdam keeps its product of momenta in torch's default type."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def test_every_optimiser_of_the_race_is_held_against_torch():
    assert set(ALL_OF_TORCH) == set(RACE.controls["racers"].item["method"].options)


@pytest.mark.parametrize("surface", THREE)
@pytest.mark.parametrize("six", [tuple(ALL_OF_TORCH)[:6], tuple(ALL_OF_TORCH)[6:]])
def test_200_steps_of_every_racer_agree_with_torch_to_a_millionth(surface, six, doubles):
    start, height = THREE[surface]
    session = race(surface=surface, begin=start, racers=[racer(name, ALL_OF_TORCH[name][0]) for name in six])
    places = {name: torch.tensor(start, dtype=torch.float64, requires_grad=True) for name in six}
    makers = {name: ALL_OF_TORCH[name][1]([places[name]], ALL_OF_TORCH[name][0]) for name in six}
    for _ in range(200):
        session.step()
        for name, optimiser in makers.items():
            optimiser.zero_grad()
            height(*places[name]).backward()
            optimiser.step()
            np.testing.assert_allclose(
                thetas(session)[name], places[name].detach().numpy(), rtol=0, atol=1e-6, err_msg=name
            )


@pytest.mark.parametrize("name", ["GD", "Adam", "Adagrad"])
def test_a_penalty_is_torchs_weight_decay(name):
    session = race(100, surface="ravine", racers=[racer(name, 0.05, penalty=0.3)])
    maker = {
        "GD": lambda p: torch.optim.SGD(p, lr=0.05, weight_decay=0.3),
        "Adam": lambda p: torch.optim.Adam(p, lr=0.05, weight_decay=0.3),
        "Adagrad": lambda p: torch.optim.Adagrad(p, lr=0.05, eps=1e-8, weight_decay=0.3),
    }[name]
    place = torch.tensor((-2.4, 0.9), dtype=torch.float64, requires_grad=True)
    optimiser = maker([place])
    for _ in range(100):
        optimiser.zero_grad()
        THREE["ravine"][1](*place).backward()
        optimiser.step()
    np.testing.assert_allclose(thetas(session)[name], place.detach().numpy(), atol=1e-9)


def test_more_memory_goes_further_along_the_valley_of_rosenbrock_and_too_much_overshoots():
    columns = race(1000, **RACE.presets["Rosenbrock: six memories"]).draw(()).metrics
    losses = [column for name, column in columns.items() if name.startswith("loss")]
    assert [column[0] for column in losses] == [pytest.approx(6.4)] * 6
    expected = (0.09687, 0.02944, 1.78e-3, 2.30e-5, 4.5e-10)
    assert [column[1000] for column in losses[:5]] == [pytest.approx(value, rel=0.02) for value in expected]
    assert losses[5][100] == pytest.approx(2.79, abs=0.005)


def test_momentum_and_nesterov_come_below_a_millionth_when_the_spec_says():
    columns = race(1400, racers=[racer("momentum", 0.001), racer("Nesterov", 0.001)]).draw(()).metrics
    assert first_below(columns["loss/momentum"], 1e-6) == 1376
    assert first_below(columns["loss/Nesterov"], 1e-6) == 1370


def test_adam_on_rosenbrock_after_a_thousand_steps():
    session = race(1000, racers=[racer("Adam", rate) for rate in (0.001, 0.01, 0.1)])
    last = session.run.columns.row(1000)
    assert last["loss/Adam"] == pytest.approx(0.5262, abs=5e-5)
    assert last["loss/Adam 2"] == pytest.approx(0.01571, abs=5e-6)
    assert last["loss/Adam 3"] == pytest.approx(2.5e-4, rel=0.02)


@pytest.mark.parametrize(("kappa", "plain", "ball"), [(10, 69, 43), (100, 691, 146)])
def test_steps_across_a_ravine_grow_with_kappa_and_with_momentum_by_its_root(kappa, plain, ball):
    root = kappa**0.5
    racers = [
        racer("GD", 2 / (1 + kappa)),
        racer("momentum", 1 / kappa, momentum=(root - 1) / (root + 1)),
    ]
    session = race(plain + 1, surface="ravine", kappa=kappa, begin=(1, 1), racers=racers)
    columns = session.draw(()).metrics
    arrived = 1e-6 * 2**0.5
    assert first_below(columns["distance/GD"], arrived) == plain
    assert first_below(columns["distance/momentum"], arrived) == ball


def test_first_steps_of_the_adaptive_rules_do_not_depend_on_the_slope():
    session = race(1, racers=[racer("Adam", 0.01), racer("RMSProp", 0.001), racer("Adagrad", 0.01)])
    moves = {one.name: np.abs(one.move) for one in session.experiment.runners}
    np.testing.assert_allclose(moves["Adam"], 0.01, rtol=1e-6)
    np.testing.assert_allclose(moves["RMSProp"], 0.0316228, rtol=1e-5)
    np.testing.assert_allclose(moves["Adagrad"], 0.01, rtol=1e-6)


def test_from_one_start_on_himmelblau_gd_and_momentum_end_in_two_minima():
    places = thetas(race(400, **RACE.presets["Himmelblau: one start, two ends"]))
    np.testing.assert_allclose(places["GD"], (3, 2), atol=1e-5)
    np.testing.assert_allclose(places["momentum"], (3.584428, -1.848127), atol=1e-5)


def test_without_memory_momentum_is_gradient_descent_to_the_bit():
    session = race(100, racers=[racer("GD", 0.001), racer("momentum", 0.001, momentum=0)])
    places = thetas(session)
    assert np.array_equal(places["GD"], places["momentum"])


# ---------------------------------------------------------------- where it begins and ends


def test_a_surface_brings_its_own_start_unless_one_is_given():
    session = race(surface="ravine")
    np.testing.assert_array_equal(session.experiment.origin, (-2.4, 0.9))
    session.set("begin", [1.9, 2.5])
    np.testing.assert_array_equal(session.experiment.origin, (1.9, 2.5))
    session.set("kappa", 50)
    np.testing.assert_array_equal(session.experiment.origin, (1.9, 2.5))
    session.set("surface", "Rosenbrock")
    np.testing.assert_array_equal(session.experiment.origin, (0.2, -0.2))
    np.testing.assert_array_equal(race(surface="Himmelblau", begin=(1, 1)).experiment.origin, (1, 1))


def test_it_ends_when_all_stand_still_and_never_while_there_is_noise():
    still = race(50, surface="bowl", racers=[racer("GD", 0.5)])
    assert still.t == 2
    assert "stands still" in still.finished
    noisy = race(50, surface="bowl", begin=(0, 0), racers=[racer("GD", 0.5)], noise=1e-9)
    assert noisy.t == 50
    assert not noisy.finished


def test_noise_is_one_gust_for_all_and_another_for_another_seed():
    rows = [racer("GD", 0.01), racer("GD", 0.01)]
    places = thetas(race(30, noise=3, racers=rows, surface="ravine"))
    assert np.array_equal(places["GD"], places["GD 2"])
    calm = thetas(race(30, racers=rows, surface="ravine"))
    other = thetas(race(30, seed=1, noise=3, racers=rows, surface="ravine"))
    assert not np.allclose(places["GD"], calm["GD"])
    assert not np.allclose(places["GD"], other["GD"])


@pytest.mark.filterwarnings("error")
def test_who_diverges_is_told_and_drawn_at_the_edge_and_the_others_run_on():
    session = race(100, surface="bowl", racers=[racer("GD", 5), racer("Adam", 0.1)])
    drawn = session.draw().values
    assert np.abs(drawn["places"][0]).max() == 3  # the edge of the bowl's picture
    assert "left the picture" in session.experiment.doing(session.experiment.runners[0])
    session.seek(1000)
    drawn = session.draw().values
    assert session.run.diverged == (162, "loss/GD")  # 2.88 · 9^t: its square is past 1.8e308
    assert "lost" in session.experiment.doing(session.experiment.runners[0])
    assert np.isfinite(drawn["places"][1]).all()
    assert np.hypot(*thetas(session)["Adam"]) < 1e-3


def test_a_formula_has_no_known_minima_and_must_have_a_slope_at_the_start():
    session = race(5, surface="formula", formula="x**2 + 3*y**2")
    assert "distance" not in {name.split("/")[0] for name in session.draw().metrics}
    with pytest.raises(Unfit, match="no height or no slope at"):
        race(surface="formula", formula="log(x) + y**2")
    walked = race(3, surface="formula", formula="log(x)**2 + y**2", begin=(2, 1), racers=[racer("GD", 0.1)])
    assert np.isfinite(walked.run.columns.row(3)["loss/GD"])
    assert np.isnan(walked.draw().values["landscape"].z[:, 0]).all()


# ---------------------------------------------------------------- while it runs


def test_stages_tell_the_numbers_as_they_become_known_and_move_last():
    session = race(3, racer=0, racers=[racer("Adam", 0.1)])
    before = thetas(session)["Adam"]
    known = []
    for name in ("gradient", "averages", "correction", "move"):
        session.stage()
        assert session.stage_name == name
        frame = session.draw()
        known.append(set(frame.values["update"].numbers))
        assert len(frame.values["coming"]) == (name == "move")
        assert np.array_equal(thetas(session)["Adam"], before)
    assert known[1] - known[0] == {"m_t", "s_t"}
    assert known[2] - known[1] == {r"\hat m_t", r"\hat s_t"}
    assert known[3] - known[2] == {r"\theta_t"}
    coming = frame.values["coming"][0]
    session.stage()
    np.testing.assert_array_equal(thetas(session)["Adam"], before + coming)
    np.testing.assert_array_equal(thetas(session)["Adam"], thetas(race(4, racers=[racer("Adam", 0.1)]))["Adam"])


@pytest.mark.parametrize("method", SIX)
def test_the_equation_shows_the_step_to_come_and_then_the_step_made(method):
    session = race(racer=0, racers=[racer(method, 0.001)])
    coming = session.draw().values["update"].numbers
    session.step()
    made = session.draw().values["update"].numbers
    assert coming.keys() == made.keys()
    for symbol in coming:
        np.testing.assert_array_equal(coming[symbol], made[symbol])
    np.testing.assert_array_equal(made[r"\theta_{t-1}"], (0.2, -0.2))
    np.testing.assert_allclose(made["g_t"], (17.6, -48))
    np.testing.assert_array_equal(made[r"\theta_t"], thetas(session)[method])


def test_a_rate_changed_on_the_way_keeps_place_and_averages():
    session = race(20, racers=[racer("momentum", 0.001), racer("Adam", 0.1)])
    velocity = session.experiment.runners[0].memory["v"]
    adam = thetas(session)["Adam"]
    session.set("racers", [racer("momentum", 0.0001), racer("Adam", 0.1)])
    np.testing.assert_array_equal(session.experiment.runners[0].memory["v"], velocity)
    session.step()
    slower = session.experiment.runners[0]
    np.testing.assert_allclose(slower.move, -0.0001 * slower.memory["v"], rtol=1e-12)
    assert not np.array_equal(thetas(session)["Adam"], adam)
    assert session.draw().values["update"].numbers.keys() >= {r"\hat m_t"}


def test_another_method_goes_on_from_the_same_place_without_averages():
    session = race(20, racers=[racer("GD", 0.001), racer("momentum", 0.001)])
    place = thetas(session)["momentum"]
    session.set("racers", [racer("GD", 0.001), racer("Nesterov", 0.001)])
    swapped = session.experiment.runners[1]
    assert (swapped.name, swapped.lane) == ("Nesterov", 1)
    np.testing.assert_array_equal(swapped.theta, place)
    np.testing.assert_array_equal(swapped.memory["v"], (0, 0))


def test_who_joins_begins_at_the_start_and_who_stays_keeps_name_colour_and_trail():
    session = race(20, racers=[racer("GD", 0.001), racer("Adam", 0.1), racer("Adam", 0.01)])
    here = thetas(session)
    session.set("racers", [racer("GD", 0.001), racer("Adam", 0.01)])
    assert [(one.name, one.lane) for one in session.experiment.runners] == [("GD", 0), ("Adam 2", 2)]
    np.testing.assert_array_equal(thetas(session)["Adam 2"], here["Adam 2"])
    session.step()
    frame = session.draw()
    assert frame.values["lanes"].tolist() == [0, 2]
    assert frame.values["places"].shape == (2, 2)
    assert np.isnan(frame.trails["theta"].places[-1, 1]).all()
    assert np.isnan(frame.metrics["loss/Adam"][21])
    assert np.isfinite(frame.metrics["loss/Adam 2"][21])
    session.set("racers", [racer("GD", 0.001), racer("Adam", 0.01), racer("Adam", 0.2)])
    assert [(one.name, one.lane) for one in session.experiment.runners] == [("GD", 0), ("Adam 2", 2), ("Adam", 1)]
    np.testing.assert_array_equal(thetas(session)["Adam"], (0.2, -0.2))


def test_two_racers_set_alike_stay_two():
    session = race(20, racers=[racer("Adam", 0.1), racer("Adam", 0.01)])
    here = thetas(session)
    session.set("racers", [racer("Adam", 0.01), racer("Adam", 0.01)])
    for name, place in here.items():
        np.testing.assert_array_equal(thetas(session)[name], place)


def test_the_landscape_has_the_heights_of_rosenbrock_s_corners():
    z, x, y = race().draw().values["landscape"]
    assert (z.shape, x, y) == ((160, 160), (-2, 2), (-1, 3))
    assert (z[0, 0], z[0, -1], z[-1, 0]) == (2509, 2501, 109)


@pytest.mark.parametrize("name", [*RACE.presets, *(text for text, _ in RACE.prompts)])
def test_what_is_suggested_runs_and_says_what_it_does(name):
    settings = {**RACE.presets, **dict(RACE.prompts)}[name]
    session = race(30, **settings)
    assert session.t == 30 or session.finished
    assert session.draw().values["said"]
    assert session.run.diverged is None


def test_the_note_names_the_zig_zag_the_arrival_and_the_escape():
    session = race(3, surface="ravine", racers=[racer("GD", 0.095), racer("GD", 0.01)], racer=0)
    assert "crosses the valley" in session.draw().values["said"]
    session.seek(400)
    assert "has arrived" in session.draw().values["said"]
    away = race(60, surface="saddle", racers=[racer("GD", 0.1)])
    assert "left the picture" in away.draw().values["said"]


# ---------------------------------------------------------------- schedules


def alphas(session, name="GD"):
    return session.draw(()).metrics[f"alpha/{name}"]


def test_schedules_of_beyond_and_of_torch():
    """beyond.md, Schedules: a₀ = .1, T = 100: .085355, .05, .014645 at 25, 50, 75."""
    settings = {"surface": "ravine", "noise": 1e-6, "begin": (0.1, 0.1)}
    cosine = alphas(race(100, racers=[racer("GD", 0.1, schedule="cosine", period=100)], **settings))
    assert cosine[[25, 50, 75]] == pytest.approx([0.085355, 0.05, 0.014645], abs=1e-6)
    rows = [
        racer("GD", 0.1, schedule="exponential", decay=0.9, period=1),
        racer("GD", 0.1, schedule="steps", decay=0.5, period=10),
        racer("GD", 0.1, schedule="warm-up", period=20),
        racer("GD", 0.1, schedule="1/√t"),
    ]
    session = race(40, racers=rows, **settings)
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    makers = (
        lambda: torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.9),
        lambda: torch.optim.lr_scheduler.StepLR(optimiser, 10, 0.5),
        lambda: torch.optim.lr_scheduler.LinearLR(optimiser, 1 / 20, 1, total_iters=19),
        lambda: torch.optim.lr_scheduler.LambdaLR(optimiser, lambda t: (t + 1) ** -0.5),
    )
    for name, maker in zip(thetas(session), makers):
        optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.1)
        scheduler, expected = maker(), []
        for _ in range(41):
            expected.append(scheduler.get_last_lr()[0])
            optimiser.step()
            scheduler.step()
        assert alphas(session, name)[:41] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rate", "freezes", "loss"),
    [(1e-3, (0.2645, 0.0669), 0.5419), (1.9e-3, (0.3534, 0.1218), 0.419), (1e-4, (0.1503, -0.0055), 0.801)],
)
def test_a_decaying_rate_freezes_on_rosenbrock_where_text_3b_has_it(rate, freezes, loss):
    """text3b, GD on the Rosenbrock function: decay 0.99."""
    row = racer("GD", rate, schedule="exponential", decay=0.99, period=1)
    session = race(2500, racers=[row])
    np.testing.assert_allclose(thetas(session)["GD"], freezes, atol=1.5e-4)
    assert session.run.columns.row(session.t)["loss/GD"] == pytest.approx(loss, abs=6e-4)
    assert "freezes" in session.draw().values["said"] or session.finished


def test_total_travel_is_at_most_the_sum_of_the_rates_times_the_steepest_gradient():
    """text3b, Learning-rate schedules: travel ≤ G α / (1 − r)."""
    session = race(400, racers=[racer("GD", 1e-3, schedule="exponential", decay=0.9, period=1)])
    columns = session.draw(()).metrics
    lengths, rates = columns["length/GD"][1:], columns["alpha/GD"][:-1]
    assert lengths.sum() <= (lengths / rates).max() * 1e-3 / (1 - 0.9)


def test_a_rate_drops_once_the_loss_is_below_its_threshold_and_stays_low():
    row = racer("GD", 0.05, schedule="drop below a loss", below=1, decay=0.1)
    session = race(60, surface="ravine", racers=[row])
    columns = session.draw(()).metrics
    first = first_below(columns["loss/GD"], 1)
    assert columns["alpha/GD"][:first] == pytest.approx(0.05)
    assert columns["alpha/GD"][first:] == pytest.approx(0.005)


def test_a_schedule_drawn_by_hand_follows_its_knots_and_replays():
    session = race(surface="ravine", racers=[racer("GD", 0.01, schedule="drawn by hand")])
    assert session.experiment.runners[0].now.rate == pytest.approx(0.001)
    session.act("move_knot", [0, 0.0, 1.0])
    session.act("add_knot", [20.0, 0.5])
    session.act("move_knot", [1, 500.0, 0.5])  # not past its neighbour, the knot at 60
    assert session.experiment.profile[1].tolist() == [60, 0.5]
    session.act("erase_knot", [2])
    session.seek(40)
    assert alphas(session)[[30]] == pytest.approx(0.01 * 0.75)
    with pytest.raises(ValueError, match="no knot 7"):
        session.act("erase_knot", [7])


def test_all_rates_are_multiplied_at_once_while_it_runs():
    session = race(10, racers=[racer("GD", 0.001), racer("Adam", 0.1)])
    session.set("scale", 0.5)
    session.step()
    assert alphas(session)[-1] == pytest.approx(0.0005)
    assert alphas(session, "Adam")[-1] == pytest.approx(0.05)


# ---------------------------------------------------------------- safe steps, clipping, noise, counting


def test_the_slider_is_marked_at_the_safe_steps_of_text_4b():
    """text4b, 12: 1/L, 2/(m + L), 2/L; ℓ falls at every step if and only if η < 2/L."""
    session = race(surface="ravine", kappa=20, angle=30, racers=[racer("GD", 0.05)], racer=0)
    np.testing.assert_allclose(session.draw(("safe",)).values["safe"] * 0.05, (1 / 20, 2 / 21, 2 / 20), rtol=1e-9)
    falls = {}
    for rate in (0.099, 0.101):
        session = race(200, surface="ravine", kappa=20, racers=[racer("GD", rate)])
        falls[rate] = bool((np.diff(session.draw(()).metrics["loss/GD"]) <= 0).all())
    assert falls == {0.099: True, 0.101: False}


def test_no_step_is_marked_where_nothing_curves_up():
    session = race(surface="formula", formula="-x**2 - y**2", racers=[racer("GD", 0.01)], begin=(1, 1))
    assert session.draw(("safe",)).values["safe"].size == 0


def test_rosenbrocks_last_safe_step_is_the_spec_s():
    """text3b: 2/λ_max = 0.0019968 at the minimum."""
    session = race(begin=(1, 1), racers=[racer("GD", 0.001)], racer=0)
    assert session.draw().values["last_bound"] == pytest.approx(0.0019968, abs=1e-7)


def test_clipping_holds_the_box_or_the_circle_and_the_text_s_form_the_norm():
    """text3b, Gradient clipping."""
    g = np.array([3.0, -4.0])
    assert clipped(g, "by value", 1.0).tolist() == [1, -1]
    place = torch.zeros(2, requires_grad=True)
    place.grad = torch.tensor([3.0, -4.0])
    torch.nn.utils.clip_grad_norm_([place], 1.0)
    np.testing.assert_allclose(clipped(g, "by norm", 1.0), place.grad.numpy(), atol=1e-6)
    np.testing.assert_array_equal(clipped(g, "by norm", 9.0), g)
    np.testing.assert_allclose(clipped(g, "to one norm", 10.0), (6, -8))
    assert clipped(np.zeros(2), "to one norm", 1.0).tolist() == [0, 0]


def test_on_the_cliff_only_who_clips_stays_in_the_picture():
    session = race(20, **RACE.presets["Cliff: clipped and not"])
    drawn = session.draw()
    assert drawn.metrics["length/GD"][1:].max() > 3
    assert drawn.metrics["length/GD 2"][1:].max() <= 0.3 * 2**0.5 + 1e-12
    assert drawn.metrics["length/GD 3"][1:].max() <= 0.3 + 1e-12


def test_the_cloud_holds_the_next_points_that_the_noise_allows():
    session = race(5, surface="ravine", noise=2, racers=[racer("GD", 0.05)], racer=0)
    values = session.draw().values
    assert len(values["cloud_here"]) == 90
    assert values["cloud_here"].std(axis=0) == pytest.approx([0.1, 0.1], rel=0.25)
    centre = -0.05 * np.array(session.experiment.ground.gradient(*thetas(session)["GD"]))
    np.testing.assert_allclose(values["cloud_here"].mean(axis=0), centre, atol=0.05)
    assert len(race(5, surface="ravine", racers=[racer("GD", 0.05)]).draw().values["cloud_here"]) == 0


@pytest.mark.parametrize("method", ALL_OF_TORCH)
def test_every_rule_has_a_cloud_and_an_anatomy(method):
    session = race(3, surface="finite sum", noise=0.5, racer=0, racers=[racer(method, 0.01, batch=2, penalty=0.1)])
    for stage in ("", "gradient", "averages", "correction", "move"):
        if stage:
            session.stage()
        values = session.draw(("raw_arrow", "step_arrow", "rate_bars", "safe", "cloud_here")).values
        assert len(values["cloud_here"]) == (0 if stage else 90)
        assert all(np.isfinite(values[name]).all() for name in ("raw_arrow", "step_arrow", "rate_bars", "safe"))


def test_a_batch_costs_its_samples_and_the_whole_loss_all_of_them():
    session = race(10, surface="finite sum", racers=[racer("GD", 0.1), racer("GD", 0.1, batch=4)])
    last = session.run.columns.row(10)
    assert (last["evaluations/GD"], last["evaluations/GD 2"]) == (160, 40)
    plain = race(10, racers=[racer("GD", 0.001)])
    assert plain.run.columns.row(10)["evaluations/GD"] == 10


@pytest.mark.parametrize(("kappa", "steps"), [(10, 69), (100, 691)])
def test_steps_to_arrive_are_counted_and_grow_with_kappa_however_it_is_turned(kappa, steps):
    """text4b, 25: with η = 2/(m + L), in proportion to κ."""
    turn = np.deg2rad(30)
    begin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ (1, 1)
    settings = {"surface": "ravine", "kappa": kappa, "angle": 30, "begin": begin, "reach": 1e-6}
    session = race(steps + 1, racers=[racer("GD", 2 / (1 + kappa))], **settings)
    assert session.draw().values["standings"][0][3] == str(steps)


# ---------------------------------------------------------------- forms


def test_without_correction_adams_first_step_is_short_and_with_it_the_rate():
    """text1b, Adam: the first step is ±η a coordinate, whatever the slope; (1 − β₁)/√(1 − β₂) of it uncorrected."""
    session = race(1, racers=[racer("Adam", 0.1), racer("Adam", 0.1, correct=False)])
    one, other = (np.abs(runner.move) for runner in session.experiment.runners)
    np.testing.assert_allclose(one, 0.1, rtol=1e-6)
    np.testing.assert_allclose(other, 0.1 * 0.1 / 0.001**0.5, rtol=1e-5)


def test_a_form_is_told_and_switched_on_the_way():
    session = race(racers=[racer("Nadam", 0.02)], racer=0)
    assert "As torch has it" in session.draw().values["said"]
    session.seek(10)
    where = thetas(session)["Nadam"]
    session.set("racers", [racer("Nadam", 0.02, form="as a text")])
    np.testing.assert_array_equal(thetas(session)["Nadam"], where)
    session.step()
    assert np.isfinite(thetas(session)["Nadam"]).all()


def test_adamws_decay_is_drawn_apart_and_a_penalty_is_not():
    rows = [racer("AdamW", 0.05, weight_decay=0.3), racer("Adam", 0.05, penalty=0.3)]
    session = race(5, surface="ravine", racers=rows, racer=0)
    np.testing.assert_allclose(session.draw().values["decay_arrow"][0], -0.05 * 0.3 * thetas(session)["AdamW"])
    session.set("racer", 1)
    assert session.draw().values["decay_arrow"].size == 0


@pytest.mark.parametrize("surface", RACE.controls["surface"].options)
def test_every_surface_opens_runs_and_is_drawn(surface):
    session = race(20, surface=surface, racers=[racer("Adam", 0.05)])
    values = session.draw().values
    assert np.isfinite(values["landscape"].z).all()
    assert values["said"]
    assert not session.run.diverged


# ---------------------------------------------------------------- basins

BASINS = Catalogue().load("optimiser-race:basins")


def test_small_steps_from_the_middle_of_himmelblau_end_in_its_first_minimum():
    """beyond.md, Basin map: GD with a small step from (0, 0) ends in (3, 2)."""
    session = Session(BASINS, BASINS.presets["Himmelblau: gradient descent in small steps"] | {"cells": 11}, 0)
    session.seek(2000)
    assert session.finished
    basin = session.draw().values["basin"]
    assert basin.z[5, 5] == 0
    np.testing.assert_allclose(session.experiment.one[0], (3, 2), atol=0.05)


@pytest.mark.parametrize(("method", "rate"), [("GD", 0.005), ("momentum", 0.01), ("Adam", 0.2), ("Nadam", 0.2)])
def test_the_map_agrees_with_running_the_optimiser_from_a_cell(method, rate):
    """beyond.md, Basin map: the map agrees with running the optimiser from a random cell."""
    session = Session(BASINS, {"optimiser": [racer(method, rate)], "cells": 12}, 0)
    session.seek(150)
    for cell in np.random.default_rng(2).integers(144, size=3):
        begin = session.experiment.origin[:, cell]
        alone = race(session.t, surface="Himmelblau", begin=begin, racers=[racer(method, rate)])
        np.testing.assert_allclose(session.experiment.crowd[:, cell], thetas(alone)[method], atol=1e-8)


def test_a_typed_surface_has_the_basins_that_newton_finds():
    session = Session(BASINS, {"surface": "formula", "optimiser": [racer("GD", 0.05)], "cells": 14}, 0)
    np.testing.assert_allclose(session.experiment.ends[:, 0], (-1.035579, 0.960150), atol=1e-6)
    session.seek(2000)
    assert "nearest" in session.draw().values["said"]
    assert session.draw().values["shares_now"].sum() == pytest.approx(1)


def test_where_no_minimum_is_known_the_map_says_so():
    session = Session(BASINS, {"surface": "saddle", "optimiser": [racer("GD", 0.05)], "cells": 10}, 0)
    session.seek(5)
    assert "No minimum" in session.draw().values["said"]
