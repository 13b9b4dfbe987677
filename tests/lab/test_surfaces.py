"""Surfaces hold the spec's numbers, and their slopes and curvatures agree with torch's differentiation."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from lab.maths.formula import parse
from lab.maths.sampled_surfaces import CLASSES, LINE, NET, SAMPLED
from lab.maths.surfaces import SURFACES, ravine, typed

# each surface once more, from the spec and in torch
IN_TORCH = {
    "bowl": lambda x, y: x * x + y * y,
    "ravine": lambda x, y: (x * x + 20 * y * y) / 2,
    "Rosenbrock": lambda x, y: (1 - x).square() + 100 * (y - x.square()).square(),
    "saddle": lambda x, y: (x - y) * (x + y),
    "Himmelblau": lambda x, y: (x.square() + y - 11).square() + (x + y.square() - 7).square(),
    "plateau": lambda x, y: 1 - torch.exp(-(x * x + y * y) / 2),
    "double well": lambda x, y: (x * x - 1).square() + 0.3 * x + y * y,
    "Beale": lambda x, y: (
        (1.5 - x + x * y).square() + (2.25 - x + x * y.square()).square() + (2.625 - x + x * y.pow(3)).square()
    ),
    "cliff": lambda x, y: x * x / 8 + y * y / 4 + 5 * torch.sigmoid(20 * (x - 1)),
    "hills": lambda x, y: (x * x + y * y) / 20 + 2 - torch.cos(2 * x) - torch.cos(2 * y),
}
POINTS = np.random.default_rng(3).uniform(-3, 3, (20, 2))
ROSENBROCK, HIMMELBLAU = SURFACES["Rosenbrock"], SURFACES["Himmelblau"]


def turned_ravine(x, y, kappa=7.0, degrees=35.0):
    """(κu² + v²)/2 with v along the valley and u across it, u and v from torch's own rotation matrix."""
    turn = torch.deg2rad(torch.tensor(degrees, dtype=torch.float64))
    along = torch.stack([turn.cos(), turn.sin()])
    across = torch.stack([-turn.sin(), turn.cos()])
    place = torch.stack([x, y])
    return (kappa * (across @ place) ** 2 + (along @ place) ** 2) / 2


def assert_agrees_with_torch(surface, f, point):
    theta = torch.tensor(point, dtype=torch.float64, requires_grad=True)
    height = f(theta[0], theta[1])
    slopes = torch.autograd.grad(height, theta)[0]
    curvatures = torch.autograd.functional.hessian(lambda t: f(t[0], t[1]), theta)
    np.testing.assert_allclose(surface.f(*point), height.item(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(surface.gradient(*point), slopes.numpy(), rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(surface.hessian(point), curvatures.numpy(), rtol=1e-11, atol=1e-10)


def test_every_surface_is_checked():
    assert set(SURFACES) == set(IN_TORCH)


@pytest.mark.parametrize("name", SURFACES)
def test_slopes_and_curvatures_agree_with_torch(name):
    for point in POINTS:
        assert_agrees_with_torch(SURFACES[name], IN_TORCH[name], point)


def test_a_turned_ravine_agrees_with_torch():
    for point in POINTS:
        assert_agrees_with_torch(ravine(7, 35), turned_ravine, point)


@pytest.mark.parametrize("name", SURFACES)
def test_a_surface_answers_for_a_whole_grid_at_once(name):
    surface = SURFACES[name]
    x, y = np.meshgrid(np.linspace(-2, 2, 5), np.linspace(-1, 3, 4))
    heights, (gx, gy) = surface.f(x, y), surface.gradient(x, y)
    assert heights.shape == gx.shape == gy.shape == (4, 5)
    assert heights[3, 1] == surface.f(-1.0, 3.0)
    assert (gx[3, 1], gy[3, 1]) == surface.gradient(-1.0, 3.0)


@pytest.mark.parametrize("name", SURFACES)
def test_start_and_minima_lie_in_the_picture(name):
    surface = SURFACES[name]
    for x, y in (surface.start, *surface.minima):
        assert surface.x[0] < x < surface.x[1]
        assert surface.y[0] < y < surface.y[1]


@pytest.mark.parametrize("name", ["bowl", "ravine", "Rosenbrock", "Himmelblau", "plateau"])
def test_at_a_minimum_the_ground_is_level_zero_and_curves_up(name):
    surface = SURFACES[name]
    for point in surface.minima:
        assert surface.f(*point) == pytest.approx(0, abs=1e-20)
        assert surface.gradient(*point) == pytest.approx((0, 0), abs=1e-12)
        assert np.linalg.eigvalsh(surface.hessian(point)).min() > 0.3


@pytest.mark.parametrize("name", ["double well", "cliff", "hills", *SAMPLED])
def test_every_minimum_known_is_one_and_scipy_finds_it(name):
    surface = (SURFACES | SAMPLED)[name]
    for point in surface.minima:
        assert np.linalg.eigvalsh(surface.hessian(point)).min() > 0.01
        found = minimize(
            lambda theta: surface.f(*theta),
            np.array(point) + 0.02,
            jac=lambda theta: np.array(surface.gradient(*theta), dtype=float),
            options={"gtol": 1e-10},
        )
        np.testing.assert_allclose(found.x, point, atol=1e-6)


def test_surfaces_have_the_numbers_of_beyond():
    """beyond.md, Surfaces: Beale, plateau; and its annealing well, with a barrier of 0.717 on the right."""
    beale, plateau, well = (SURFACES[name] for name in ("Beale", "plateau", "double well"))
    assert (beale.f(0, 0), beale.f(1, 1)) == (pytest.approx(14.203125), pytest.approx(14.203125))
    assert beale.f(3, 0.5) == 0
    assert plateau.f(0, 0) == 0
    assert np.hypot(*plateau.gradient(4, 0)) < 0.002
    assert well.f(-1.035579, 0) == pytest.approx(-0.305428, abs=1e-6)
    assert well.f(0.960150, 0) == pytest.approx(0.294146, abs=1e-6)
    assert well.f(0.075429, 0) - well.f(0.960150, 0) == pytest.approx(0.717136, abs=2e-6)


X, Y = torch.tensor(LINE.X), torch.tensor(LINE.y)
SIDES, LABELS = torch.tensor(CLASSES.X), torch.tensor(CLASSES.y)
IN, OUT = torch.tensor(NET.x), torch.tensor(NET.y)
SAMPLED_IN_TORCH = {
    "finite sum": lambda x, y: (X @ torch.stack([x, y]) - Y).square().mean() / 2,
    "logistic loss": lambda x, y: (
        torch.nn.functional.softplus(-LABELS * (SIDES @ torch.stack([x, y]))).mean() + 0.01 * (x * x + y * y)
    ),
    "two-layer net": lambda x, y: (y * torch.tanh(x * IN) - OUT).square().mean() / 2,
}


@pytest.mark.parametrize("name", SAMPLED)
def test_a_loss_over_samples_agrees_with_torch_and_is_the_mean_of_its_parts(name):
    surface = SAMPLED[name]
    for point in POINTS:
        assert_agrees_with_torch(surface, SAMPLED_IN_TORCH[name], point)
    single = [surface.part(POINTS[0], np.array([i])) for i in range(surface.n)]
    np.testing.assert_allclose(np.mean(single, axis=0), surface.gradient(*POINTS[0]), atol=1e-12)
    x, y = POINTS.T.reshape(2, 4, 5)
    assert surface.f(x, y).shape == (4, 5)
    np.testing.assert_allclose(surface.gradient(x, y)[1][2, 3], surface.gradient(x[2, 3], y[2, 3])[1], atol=1e-12)


def test_rosenbrock_has_the_numbers_of_the_text():
    assert ROSENBROCK.start == (0.2, -0.2)
    assert ROSENBROCK.f(0.2, -0.2) == pytest.approx(6.4)
    assert ROSENBROCK.f(0.8, 0.0) == pytest.approx(41.0)
    assert ROSENBROCK.gradient(0.8, 0.0) == pytest.approx((204.4, -128))
    assert ROSENBROCK.minima == ((1, 1),)
    assert np.linalg.eigvalsh(ROSENBROCK.hessian((1, 1))) == pytest.approx([0.39936, 1001.6006], abs=5e-5)


def test_himmelblau_has_four_minima_and_one_maximum():
    known = [(3, 2), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)]
    np.testing.assert_allclose(HIMMELBLAU.minima, known, atol=1e-6)
    top = (-0.270845, -0.923039)
    assert HIMMELBLAU.f(*top) == pytest.approx(181.6165, abs=5e-5)
    assert HIMMELBLAU.gradient(*top) == pytest.approx((0, 0), abs=1e-4)
    assert np.linalg.eigvalsh(HIMMELBLAU.hessian(top)).max() < 0


def test_small_steps_from_the_origin_end_in_himmelblaus_first_minimum():
    theta = np.zeros(2)
    for _ in range(1000):
        theta = theta - 0.01 * np.array(HIMMELBLAU.gradient(*theta))
    assert theta == pytest.approx([3, 2], abs=1e-6)


def test_the_saddle_promises_no_minimum():
    saddle = SURFACES["saddle"]
    assert saddle.minima == ()
    assert "no minimum" in saddle.note
    assert np.linalg.eigvalsh(saddle.hessian((0, 0))) == pytest.approx([-2, 2])


@pytest.mark.parametrize("angle", [0, 45, 120])
def test_kappa_is_the_ravines_condition_number_and_angle_the_way_its_valley_lies(angle):
    surface = ravine(100, angle)
    curvatures, directions = np.linalg.eigh(surface.hessian((0.5, 0.5)))
    assert curvatures == pytest.approx([1, 100])
    valley = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    assert abs(directions[:, 0] @ valley) == pytest.approx(1)


@pytest.mark.parametrize("kappa", [0.5, -1, np.inf, np.nan])
def test_a_kappa_below_one_is_refused_by_its_value(kappa):
    with pytest.raises(ValueError, match=f"kappa .* 1 up; it is {kappa}"):
        ravine(kappa)


def test_a_typed_formula_becomes_a_surface():
    surface = typed(parse("x**2 * sin(y) + 3*x"))
    for point in POINTS:
        assert_agrees_with_torch(surface, lambda x, y: x * x * y.sin() + 3 * x, point)
    assert surface.minima == ()
    assert "sin" in surface.latex


def test_a_typed_constant_still_has_a_height_and_slopes_everywhere():
    surface, x = typed(parse("4")), np.zeros((2, 3))
    assert surface.f(x, x).tolist() == [[4, 4, 4], [4, 4, 4]]
    assert [slope.tolist() for slope in surface.gradient(x, x)] == [[[0] * 3] * 2] * 2
    assert surface.hessian((1, 2)).tolist() == [[0, 0], [0, 0]]
