"""Every rule walks torch.optim's path, holds the spec's numbers, and prints the numbers that it used."""

import re
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from lab.maths.optimiser_variants import DIFFERS, VARIANTS
from lab.maths.optimisers import RULES, Adam, readers


@dataclass
class Knobs:
    rate: float = 0.01
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.99
    epsilon: float = 1e-8
    weight_decay: float = 0.1


TORCH = {
    "GD": lambda p, k: torch.optim.SGD(p, lr=k.rate),
    "momentum": lambda p, k: torch.optim.SGD(p, lr=k.rate, momentum=k.momentum),
    "Nesterov": lambda p, k: torch.optim.SGD(p, lr=k.rate, momentum=k.momentum, nesterov=True),
    "Adagrad": lambda p, k: torch.optim.Adagrad(p, lr=k.rate, eps=k.epsilon),
    "RMSProp": lambda p, k: torch.optim.RMSprop(p, lr=k.rate, alpha=k.beta2, eps=k.epsilon),
    "Adam": lambda p, k: torch.optim.Adam(p, lr=k.rate, betas=(k.beta1, k.beta2), eps=k.epsilon),
    "AdamW": lambda p, k: torch.optim.AdamW(
        p, lr=k.rate, betas=(k.beta1, k.beta2), eps=k.epsilon, weight_decay=k.weight_decay
    ),
    "AMSGrad": lambda p, k: torch.optim.Adam(p, lr=k.rate, betas=(k.beta1, k.beta2), eps=k.epsilon, amsgrad=True),
    # so large a momentum_decay keeps torch's beta_1 constant, as in the text
    "Nadam": lambda p, k: torch.optim.NAdam(p, lr=k.rate, betas=(k.beta1, k.beta2), eps=k.epsilon, momentum_decay=1e6),
    "RAdam": lambda p, k: torch.optim.RAdam(p, lr=k.rate, betas=(k.beta1, k.beta2), eps=k.epsilon),
    "Adamax": lambda p, k: torch.optim.Adamax(p, lr=k.rate, betas=(k.beta1, k.beta2), eps=k.epsilon),
    "Adadelta": lambda p, k: torch.optim.Adadelta(p, lr=k.rate, rho=k.beta2, eps=k.epsilon),
}
# a start, the function in torch, its slopes by hand
GROUNDS = {
    "bowl": ((-2.4, 1.6), lambda x, y: x**2 + y**2, lambda x, y: (2 * x, 2 * y)),
    "ravine": ((-2.4, 0.9), lambda x, y: (x**2 + 20 * y**2) / 2, lambda x, y: (x, 20 * y)),
    "Himmelblau": (
        (0.5, -0.5),
        lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
        lambda x, y: (
            4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7),
            2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7),
        ),
    ),
}
RATES = {
    "bowl": {"GD": 0.1, "momentum": 0.05, "Nesterov": 0.05, "Adagrad": 0.5, "RMSProp": 0.01, "Adam": 0.1},
    "ravine": {"GD": 0.08, "momentum": 0.02, "Nesterov": 0.02, "Adagrad": 0.5, "RMSProp": 0.01, "Adam": 0.1},
    "Himmelblau": {
        "GD": 0.01,
        "momentum": 0.002,
        "Nesterov": 0.002,
        "Adagrad": 0.5,
        "RMSProp": 0.01,
        "Adam": 0.05,
    },
}


def rosenbrock(theta):
    x, y = theta
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def rosenbrock_slopes(x, y):
    return -2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)


def walk(rule, knobs, theta, slopes, steps):
    """Theta after each of the steps."""
    state, path = rule.begin(theta), []
    for _ in range(steps):
        g = np.array(slopes(*theta))
        rule.average(state, g, knobs)
        theta = theta + rule.move(state, g, knobs) + rule.decay(theta, knobs)
        path.append(theta)
    return np.array(path)


def constant(rule, knobs, g, steps):
    """The displacements under a gradient that never changes."""
    path = walk(rule, knobs, np.zeros_like(g), lambda *theta: g, steps)
    return np.diff(path, axis=0, prepend=0)


ALL = RULES | VARIANTS


def test_every_rule_is_checked_against_torch():
    assert set(RULES) == set(TORCH)


@pytest.fixture
def doubles():
    """NAdam keeps its product of momenta in torch's default type."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("ground", GROUNDS)
def test_200_steps_follow_torch(name, ground, doubles):
    start, f, slopes = GROUNDS[ground]
    knobs = Knobs(rate=RATES[ground].get(name, RATES[ground]["Adam"] if name != "Adadelta" else 40.0))
    theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    expected = walk_in_torch(TORCH[name]([theta], knobs), theta, f, 200)
    assert f(*expected[-1]) < 0.5 * f(*start)
    np.testing.assert_allclose(walk(RULES[name], knobs, np.array(start), slopes, 200), expected, rtol=0, atol=1e-10)


def walk_in_torch(optimiser, theta, f, steps):
    path = []
    for _ in range(steps):
        optimiser.zero_grad()
        f(theta[0], theta[1]).backward()
        optimiser.step()
        path.append(theta.detach().numpy().copy())
    return path


@pytest.mark.parametrize("ground", GROUNDS)
def test_nadam_in_torchs_form_is_torchs_own_default(ground, doubles):
    start, f, slopes = GROUNDS[ground]
    theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.NAdam([theta], lr=0.05, betas=(0.9, 0.99))
    expected = walk_in_torch(optimiser, theta, f, 200)
    path = walk(DIFFERS["Nadam"].torch, Knobs(rate=0.05), np.array(start), slopes, 200)
    np.testing.assert_allclose(path, expected, rtol=0, atol=1e-10)


def test_nadam_of_text_3b_puts_the_gradient_into_the_average_once_more():
    """text3b, Nadam, by hand: g = 1 for two steps, β = γ = 0.5; v̂ = β v/(1 − β^(t+2)) + (1 − β) g/(1 − β^(t+1))."""
    steps = constant(DIFFERS["Nadam"].text, Knobs(0.1, 0, 0.5, 0.5, 0), np.ones(1), 2)[:, 0]
    first = 0.5 * 0.5 / (1 - 0.5**2) + 0.5 / (1 - 0.5)
    second = 0.5 * 0.75 / (1 - 0.5**3) + 0.5 / (1 - 0.5**2)
    assert steps == pytest.approx([-0.1 * first, -0.1 * second])


def test_averaged_momentum_walks_torchs_path_at_the_rate_over_one_minus_rho():
    _, _, slopes = GROUNDS["ravine"]
    averaged = walk(DIFFERS["momentum"].text, Knobs(0.2), np.array([-2.4, 0.9]), slopes, 100)
    summed = walk(DIFFERS["momentum"].torch, Knobs(0.02), np.array([-2.4, 0.9]), slopes, 100)
    np.testing.assert_allclose(averaged, summed, rtol=0, atol=1e-12)


def test_the_foreseeing_nesterov_is_the_other_one_seen_a_look_ahead_earlier():
    _, _, slopes = GROUNDS["ravine"]
    rule, knobs, theta = DIFFERS["Nesterov"].text, Knobs(0.02), np.array([-2.4, 0.9])
    state, foreseen = rule.begin(theta), []
    for _ in range(100):
        rule.average(state, np.array(slopes(*rule.foreseen(state, theta, knobs))), knobs)
        theta = theta + rule.move(state, np.zeros(2), knobs)
        foreseen.append(rule.foreseen(state, theta, knobs))
    np.testing.assert_allclose(foreseen, walk(RULES["Nesterov"], knobs, np.array([-2.4, 0.9]), slopes, 100), atol=1e-13)


@pytest.mark.parametrize(
    ("name", "g", "first"),
    [
        ("Adagrad", 0.1, -0.1 * 0.1 / (0.01 + 0.03) ** 0.5),
        ("RMSProp", 0.1, -0.1 * 0.1 / (0.5 * 0.01 + 0.03) ** 0.5),
        ("Adam", 0.1, -0.1 * 0.1 / (0.01 + 0.03) ** 0.5),
        ("Adamax", 0.1, -0.1 * 0.1 / (0.1 + 0.03)),
        ("Adadelta", 0.1, -0.1 * 0.03 / (0.1 * 0.5**0.5 + 0.03) * 0.1),
    ],
)
def test_where_a_text_has_epsilon_the_first_step_says(name, g, first):
    knobs = Knobs(0.1, 0, 0.5, 0.5, 0.03)
    assert constant(DIFFERS[name].text, knobs, np.array([g]), 1)[0, 0] == pytest.approx(first)
    if name != "Adamax":  # whose two forms part at the second step only
        assert constant(DIFFERS[name].torch, knobs, np.array([g]), 1)[0, 0] != pytest.approx(first, rel=1e-3)


def test_radam_has_the_numbers_of_beyond():
    """beyond.md: ρ∞ = 1999, ρ₁ = 1, ρ₅ = 4.996, ρ₆ = 5.994 for β₂ = 0.999; r is 0 up to the fifth step."""
    rectifier = [RULES["RAdam"].rectifier({"t": t}, Knobs(beta2=0.999)) for t in range(1, 7)]
    assert rectifier[:5] == [0] * 5
    rho, most = 5.994, 1999.0
    expected = ((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)) ** 0.5
    assert rectifier[5] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", ["momentum", "Nesterov"])
def test_without_momentum_the_path_is_that_of_gradient_descent(name):
    start, _, slopes = GROUNDS["ravine"]
    knobs = Knobs(momentum=0)
    paths = [walk(RULES[rule], knobs, np.array(start), slopes, 30) for rule in ("GD", name)]
    np.testing.assert_array_equal(*paths)


def test_momentum_sums_a_constant_gradient_to_ten_times_its_step():
    steps = constant(RULES["momentum"], Knobs(rate=0.01, momentum=0.9), np.array([2.0]), 400)
    assert steps[0] == pytest.approx(-0.02)
    assert steps[-1] == pytest.approx(-0.2)


@pytest.mark.parametrize(("name", "rho", "first"), [("momentum", 0.9, 1376), ("Nesterov", 0.9, 1370)])
def test_momentum_on_rosenbrock_takes_the_texts_number_of_steps(name, rho, first):
    path = walk(RULES[name], Knobs(0.001, rho), np.array([0.2, -0.2]), rosenbrock_slopes, 1400)
    assert np.argmax([rosenbrock(theta) < 1e-6 for theta in path]) + 1 == first


def test_nesterov_stands_on_the_point_that_the_texts_look_ahead_to():
    rate, rho = 0.02, 0.9
    _, _, slopes = GROUNDS["ravine"]
    w, v, foreseen = np.array([-2.4, 0.9]), np.zeros(2), []
    for _ in range(100):  # the text's own form
        v = rho * v + np.array(slopes(*(w - rate * rho * v)))
        w = w - rate * v
        foreseen.append(w - rate * rho * v)
    path = walk(RULES["Nesterov"], Knobs(rate, rho), np.array([-2.4, 0.9]), slopes, 100)
    np.testing.assert_allclose(path, foreseen, atol=1e-13)


def test_adagrads_steps_under_a_constant_gradient_fall_with_the_root_of_time():
    steps = constant(RULES["Adagrad"], Knobs(rate=0.5), np.array([3.0, -0.01]), 100)
    assert steps[0] == pytest.approx([-0.5, 0.5], rel=1e-5)
    assert steps[3] == pytest.approx([-0.25, 0.25], rel=1e-5)
    assert steps[99] == pytest.approx([-0.05, 0.05], rel=1e-5)


def test_rmsprop_starts_with_a_jump_and_settles_at_its_rate():
    steps = constant(RULES["RMSProp"], Knobs(rate=0.1, beta2=0.9), np.array([7.0]), 300)
    assert steps[0] == pytest.approx(-0.3162278, rel=1e-6)
    assert steps[-1] == pytest.approx(-0.1, rel=1e-6)


def test_adams_step_is_its_rate_whatever_the_size_of_a_constant_gradient():
    steps = constant(RULES["Adam"], Knobs(rate=0.1), np.array([400.0, -0.003]), 50)
    np.testing.assert_allclose(steps, [[-0.1, 0.1]] * 50, rtol=1e-5)


def test_adam_debiases_a_constant_gradient_to_itself_and_leaves_the_averages_alone():
    adam, knobs = Adam(), Knobs(beta1=0.1, beta2=0.9)
    state = adam.begin(np.zeros(1))
    for m in (0.9, 0.99, 0.999):
        adam.average(state, np.ones(1), knobs)
        assert state["m"] == pytest.approx(m)
        assert adam.debiased(state, knobs) == (pytest.approx(1), pytest.approx(1))


@pytest.mark.parametrize(("rate", "after_1000"), [(0.001, 0.5262), (0.01, 0.01571), (0.1, 2.5e-4)])
def test_adam_on_rosenbrock_is_where_the_text_has_it_after_1000_steps(rate, after_1000):
    path = walk(RULES["Adam"], Knobs(rate, beta2=0.999), np.array([0.2, -0.2]), rosenbrock_slopes, 1000)
    assert rosenbrock(path[-1]) == pytest.approx(after_1000, rel=0.02)


@pytest.mark.parametrize("name", RULES)
def test_a_field_of_racers_moves_as_each_would_alone_and_keeps_its_dtype(name):
    _, _, slopes = GROUNDS["ravine"]
    starts = np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32)
    together = walk(RULES[name], Knobs(), starts, slopes, 5)
    assert together.dtype == np.float32
    for i in range(5):
        alone = walk(RULES[name], Knobs(), starts[:, i], slopes, 5)
        np.testing.assert_array_equal(together[:, :, i], alone)


@pytest.mark.parametrize("name", RULES)
def test_a_shallow_copy_of_a_state_is_a_snapshot(name):
    rule, theta, g = RULES[name], np.array([1.0, 2.0]), np.array([0.5, -3.0])
    state = rule.begin(theta)
    rule.average(state, g, Knobs())
    snapshot, expected = dict(state), deepcopy(state)
    rule.average(state, g, Knobs())
    rule.move(state, g, Knobs())
    assert {key: np.array(value).tolist() for key, value in snapshot.items()} == {
        key: np.array(value).tolist() for key, value in expected.items()
    }
    assert theta.tolist() == [1, 2]
    assert g.tolist() == [0.5, -3]


SYMBOL = (
    r"\\hat [ms]_t|\\mu_(?:t|\{t\+1\})|\\theta_(?:t|\{t-1\})|\\beta_[12]\^(?:t|\{t\+1\})|\\beta_[12]|"
    r"\\(?:eta|rho|epsilon|lambda)|[a-z]_(?:t|\{t-1\})"
)


@pytest.mark.parametrize("name", ALL)
def test_the_equation_is_made_of_symbols_that_have_numbers(name):
    rule, theta = ALL[name], np.array([1.0, 2.0])
    numbers = rule.symbols(rule.begin(theta), theta, theta, Knobs())
    assert set(re.findall(SYMBOL, rule.latex)) == set(numbers)
    assert not re.search(r"[a-z]", re.sub(SYMBOL + r"|\\text\{[^}]*\}|\\(?:frac|sqrt|qquad|max|cdot)", "", rule.latex))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GD", {r"\eta": 0.1, r"\theta_t": 0.6}),
        ("momentum", {r"\eta": 0.1, r"\rho": 0.5, "v_{t-1}": 2, "v_t": 5, r"\theta_t": 0.5}),
        ("Nesterov", {r"\eta": 0.1, r"\rho": 0.5, "v_{t-1}": 2, "v_t": 5, r"\theta_t": 0.35}),
        ("Adagrad", {r"\eta": 0.1, r"\epsilon": 0.01, "s_{t-1}": 4, "s_t": 20, r"\theta_t": 0.910756835}),
        (
            "RMSProp",
            {
                r"\eta": 0.1, r"\beta_2": 0.75, r"\epsilon": 0.01,
                "s_{t-1}": 1, "s_t": 4.75, r"\theta_t": 0.817305672,
            },
        ),
        (
            "Adam",
            {
                r"\eta": 0.1, r"\beta_1": 0.5, r"\beta_2": 0.75, r"\epsilon": 0.01,
                "m_{t-1}": 1, "m_t": 2.5, "s_{t-1}": 1, "s_t": 4.75, r"\beta_1^t": 0.25, r"\beta_2^t": 0.5625,
                r"\hat m_t": 10 / 3, r"\hat s_t": 76 / 7, r"\theta_t": 0.899143259,
            },
        ),
        (
            "AdamW",
            {
                r"\eta": 0.1, r"\beta_1": 0.5, r"\beta_2": 0.75, r"\epsilon": 0.01, r"\lambda": 0.1,
                "m_{t-1}": 1, "m_t": 2.5, "s_{t-1}": 1, "s_t": 4.75, r"\beta_1^t": 0.25, r"\beta_2^t": 0.5625,
                r"\hat m_t": 10 / 3, r"\hat s_t": 76 / 7, r"\theta_t": 0.889143259,
            },
        ),
        (
            "Adamax",
            {
                r"\eta": 0.1, r"\beta_1": 0.5, r"\beta_2": 0.75, r"\epsilon": 0.01,
                "m_{t-1}": 1, "m_t": 2.5, "r_{t-1}": 2.01, "r_t": 4.01, r"\beta_1^t": 0.25,
                r"\hat m_t": 10 / 3, r"\theta_t": 0.916874480,
            },
        ),
    ],
)  # fmt: skip
def test_symbols_are_the_numbers_of_the_step_about_to_be_taken(name, expected):
    """The second step, by hand: gradients 2 and then 4, theta = 1 before it."""
    rule, knobs = RULES[name], Knobs(0.1, 0.5, 0.5, 0.75, 0.01)
    theta, g = np.array([1.0]), np.array([4.0])
    state = rule.begin(theta)
    rule.average(state, np.array([2.0]), knobs)
    before = deepcopy(state)
    numbers = rule.symbols(state, g, theta, knobs)
    assert numbers == {r"\theta_{t-1}": 1, "g_t": 4} | {key: pytest.approx(number) for key, number in expected.items()}
    assert state == before
    rule.average(state, g, knobs)
    assert numbers[r"\theta_t"] == theta + rule.move(state, g, knobs) + rule.decay(theta, knobs)


@pytest.mark.parametrize("name", ["momentum", "Adagrad", "RMSProp", "Adam", "AMSGrad", "RAdam", "Adamax", "Adadelta"])
def test_the_rates_are_the_move_over_what_it_multiplies(name):
    """Under a constant gradient that is the gradient itself, or the velocity of momentum."""
    rule, knobs, g = RULES[name], Knobs(rate=0.1), np.array([4.0, -0.3])
    state = rule.begin(g)
    for _ in range(9):
        rule.average(state, g, knobs)
        over = state["v"] if name == "momentum" else g
        np.testing.assert_allclose(rule.rates(state, g, knobs), -rule.move(state, g, knobs) / over, rtol=1e-12)


def test_radam_waits_five_steps_before_it_divides():
    rule, knobs, g = RULES["RAdam"], Knobs(rate=0.1, beta2=0.999), np.array([4.0])
    state, moves = rule.begin(g), []
    for _ in range(6):
        rule.average(state, g, knobs)
        moves.append(float(rule.move(state, g, knobs)[0]))
    assert moves[:5] == pytest.approx([-0.4] * 5)
    assert abs(moves[5]) < 0.01


def test_adamw_shrinks_weights_apart_from_the_gradient_and_adam_with_a_penalty_does_not():
    """Without a gradient AdamW shrinks by 1 - rate * decay; a penalty's gradient would be divided by its own root."""
    knobs, theta = Knobs(rate=0.1, weight_decay=0.1), np.array([5.0])
    path = walk(RULES["AdamW"], knobs, theta, lambda w: [0.0], 10)
    assert path[-1] == pytest.approx(5 * 0.99**10)
    assert walk(RULES["Adam"], knobs, theta, lambda w: [0.1 * w], 1)[0] == pytest.approx(5 - 0.1, abs=1e-6)


def test_adadelta_as_printed_starts_with_epsilon():
    first = constant(VARIANTS["Adadelta as printed"], Knobs(rate=1, beta2=0.9, epsilon=1e-8), np.array([7.0]), 1)
    assert first == pytest.approx(-3.162e-8, rel=1e-3)
    usual = constant(RULES["Adadelta"], Knobs(rate=1, beta2=0.9, epsilon=1e-6), np.array([7.0]), 1)
    assert usual == pytest.approx(-3.162e-3, rel=1e-3)


def test_correction_takes_the_first_jump_from_rmsprop_and_its_absence_gives_adam_one():
    knobs, g = Knobs(rate=0.1, beta2=0.999), np.array([7.0])
    assert constant(VARIANTS["RMSProp corrected"], knobs, g, 3)[:, 0] == pytest.approx([-0.1] * 3)
    assert constant(VARIANTS["Adam uncorrected"], knobs, g, 1)[0] == pytest.approx(-0.1 * 0.1 / 0.001**0.5)


def test_readers_are_the_rules_that_a_knob_moves():
    assert readers("momentum") == ("momentum", "Nesterov")
    assert readers("weight_decay") == ("AdamW",)
    assert set(RULES) - set(readers("beta2")) == {"GD", "momentum", "Nesterov", "Adagrad"}
