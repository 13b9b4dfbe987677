"""The race walks torch.optim's paths, holds the spec's numbers, and keeps every racer apart from the others."""

import numpy as np
import pytest
import torch

from lab.catalogue import Catalogue
from lab.controls import Unfit
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
    assert {name.split("/")[0] for name in session.draw().metrics} == {"loss"}
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
    for name in ("gradient", "averages", "move"):
        session.stage()
        assert session.stage_name == name
        frame = session.draw()
        known.append(set(frame.values["update"].numbers))
        assert len(frame.values["coming"]) == (name == "move")
        assert np.array_equal(thetas(session)["Adam"], before)
    assert known[1] - known[0] == {"m_t", "s_t", r"\hat m_t", r"\hat s_t"}
    assert known[2] - known[1] == {r"\theta_t"}
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
