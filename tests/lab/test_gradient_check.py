"""Differences have the errors that theory gives them, rules of matrix calculus hold, planted bugs are found."""

import math

import numpy as np
import pytest
from scipy.differentiate import derivative as scipy_derivative
from scipy.optimize import approx_fprime

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.maths.differences import EPSILON, bounds, central, derivative, forward, relative_error
from lab.maths.matrix_derivatives import CASES, VECTORS
from lab.session import Session

CATALOGUE = Catalogue()


def run(scene="", steps=0, seed=0, **settings):
    name = f"gradient-check:{scene}" if scene else "gradient-check"
    session = Session(CATALOGUE.load(name), settings, seed)
    for _ in range(steps):
        session.step()
    return session


def measured(session, name):
    return session.run.columns.views()[name]


# ---------------------------------------------------------------- one variable


def test_central_differences_of_sin_at_one():
    """beyond, Central differences."""
    columns = run(steps=80).run.columns.views()
    h = columns["h"]
    at = {width: int(np.argmin(np.abs(np.log(h / width)))) for width in (1e-2, 1e-4)}
    assert columns["error/central"][at[1e-2]] == pytest.approx(9.0e-6, rel=0.01)
    assert columns["error/central"][at[1e-4]] == pytest.approx(9.0e-10, rel=0.01)
    assert columns["error/forward"][at[1e-4]] == pytest.approx(4.2e-5, rel=0.01)
    assert 1e-6 < h[columns["error/central"].argmin()] < 4e-5  # about ε^(1/3)
    assert 1e-9 < h[columns["error/forward"].argmin()] < 1e-7  # about √ε
    assert columns["error/central"].min() < 3e-11 < 1e-9 < columns["error/forward"].min() < 1e-7


def test_numerical_differentiation_and_choice_of_h():
    """text 3, formula (4.27) in θ₁ at (π/6, 2, 5)."""
    session = run(steps=128, formula="sin(2*x) + exp(7) - 10", at=math.pi / 6)
    error, h = measured(session, "error/forward"), measured(session, "h")
    for width, wrong, within in ((0.1, 1.8e-1, 0.05), (1e-3, 1.7e-3, 0.05), (1e-5, 1.7e-5, 0.05), (1e-7, 1.5e-6, 0.7)):
        assert error[np.abs(np.log(h / width)).argmin()] == pytest.approx(wrong, rel=within)
    assert error[np.abs(np.log(h / 1e-10)).argmin()] > 1e-4
    assert (error[h < 1e-13 / 2] > 0.5).all()


@pytest.mark.parametrize(("curvature", "h"), [(2, 0.1), (2, 1e-3), (17.1, 0.1), (17.1, 1e-2)])
def test_forward_error_of_a_quadratic_is_half_its_curvature_times_h(curvature, h):
    """text 1a, Numerical derivative by finite steps; 0.855 at δ = 0.1 where H_kk = 17.1."""
    found = forward(lambda x: curvature / 2 * x**2 + x, 0.7, h)
    assert found - (curvature * 0.7 + 1) == pytest.approx(curvature * h / 2, rel=1e-6)
    assert central(lambda x: curvature / 2 * x**2 + x, 0.7, h) == pytest.approx(curvature * 0.7 + 1, rel=1e-9)


def test_computational_gradient_of_a_loss_makes_the_printed_errors():
    """text 1a, Computational gradient: 0.855 at 1e-1, 0.0855 at 1e-2, 8.55e-6 at 1e-6, then worse."""
    session = run("gradient", 96, formula="8.55*x**2 + 4*x*y + y**2", place=(0.6, -1))
    error, h = measured(session, "error/x"), measured(session, "h")
    for width, wrong in ((1e-1, 0.855), (1e-2, 0.0855), (1e-6, 8.55e-6)):
        assert error[np.abs(np.log(h / width)).argmin()] == pytest.approx(wrong, rel=0.02)
    assert error[-1] > 100 * error.min()


@pytest.mark.parametrize("formula", ["sin(x)", "exp(x)", "x**3 + 2*x", "x*sin(x**2)", "log(x + 6)"])
def test_measured_errors_stay_below_the_bound(formula):
    columns = run(steps=128, formula=formula, at=1.3).run.columns.views()
    large = columns["h"] < 0.02  # the next term of Taylor's series is felt above
    for rule in ("forward", "central"):
        assert (columns[f"error/{rule}"][large] <= 3 * columns[f"bound/{rule}"][large]).all()


def test_the_bottom_of_the_v_is_where_both_terms_weigh_as_they_should():
    v = bounds(1, (math.sin(1), math.cos(1), -math.sin(1), -math.cos(1)))
    for bound in v.values():
        assert bound(bound.best) < min(bound(bound.best * 1.01), bound(bound.best / 1.01))
    assert v["forward"].best == pytest.approx(math.sqrt(EPSILON), rel=1)
    assert v["central"].best == pytest.approx(EPSILON ** (1 / 3), rel=1)


@pytest.mark.parametrize(
    ("formula", "f"), [("x*sin(x**2)", lambda x: x * np.sin(x**2)), ("exp(-x**2)", lambda x: np.exp(-(x**2)))]
)
def test_the_exact_slope_is_that_of_scipy(formula, f):
    session = run(formula=formula, at=2)
    assert session.experiment.slope(2.0) == pytest.approx(float(scipy_derivative(f, 2.0).df), rel=1e-9)


def test_the_gap_to_the_tangent_shrinks_as_the_square_of_the_width():
    """text 1a, Local linear approximation (zoom)."""
    gaps = run(steps=16).draw(("gaps",)).values["gaps"]
    assert gaps[-1, 1] / gaps[8, 1] == pytest.approx(1e-2, rel=0.05)  # from 0.1 to 0.01


def test_the_secant_becomes_the_tangent_and_then_garbage():
    session = run(steps=128)
    slopes = {t: np.diff(_at(session, t)["secant"], axis=0)[0] for t in (0, 56, 128)}
    turned = {t: dy / dx for t, (dx, dy) in slopes.items()}
    assert turned[0] == pytest.approx(math.sin(2) - math.sin(1))
    assert turned[56] == pytest.approx(math.cos(1), abs=1e-6)
    assert abs(turned[128] - math.cos(1)) > 0.1


def test_dragging_the_place_redraws_the_whole_v():
    session = run(steps=40)
    before = session.draw().values["forward_errors"]
    session.act("move", [0.3, 9.0])
    after = session.draw().values
    assert len(after["forward_errors"]) == len(before)
    assert after["forward_errors"][20, 1] == pytest.approx(math.sin(0.3) / 2 * after["forward_errors"][20, 0], rel=0.05)


def test_a_place_without_a_slope_is_refused():
    with pytest.raises(Unfit, match="no value or no slope"):
        run(formula="sqrt(x - 2)", at=1)


# ---------------------------------------------------------------- two variables


def _at(session, t):
    session.seek(t)
    return session.draw(session.kind.pictures).values


def test_gradient_is_the_direction_of_steepest_ascent():
    """text 1a and 3c: ΔJ/h is ‖∇J‖ cos of the angle; 0 along the level line."""
    drawn = run("gradient", 40, formula="x**2/2 + y**2", place=(1, 1)).draw(("gained", "uphill", "cosine")).values
    angle, gained = drawn["gained"].T
    steepest = math.hypot(1, 2)
    np.testing.assert_allclose(gained, steepest * np.cos(np.radians(angle) - math.atan2(2, 1)), atol=1e-4)
    assert drawn["uphill"][0] == pytest.approx(math.degrees(math.atan2(2, 1)))
    level = (drawn["uphill"][0] + 90) % 360
    assert np.interp(level, angle, gained) == pytest.approx(0, abs=0.01)


def test_the_circles_of_the_directional_derivative():
    drawn = run("gradient", formula="3*x + 4*y", place=(0, 0)).draw(("rising", "falling")).values
    for lobe, sign in ((drawn["rising"], 1), (drawn["falling"], -1)):
        tips = lobe[np.hypot(*lobe.T) > 1e-9]
        np.testing.assert_allclose(np.hypot(*(tips - sign * np.array([1.5, 2])).T), 2.5)  # circles of diameter ‖∇f‖


def test_the_slopes_of_the_slices_are_the_partial_derivatives():
    """text 1b, Partial derivative: 2x²y at (1, 3) has ∂f/∂x = 12."""
    session = run("gradient", formula="2*x**2*y", place=(1, 3))
    assert session.experiment.exact().tolist() == [12, 2]
    assert np.diff(session.draw().values["slopes"][0], axis=0)[0].tolist() == [2, 24]


def test_the_gradient_by_forward_differences_is_that_of_scipy():
    def f(v):
        return float(np.exp(v[0] / 3) * np.sin(v[1]))

    np.testing.assert_allclose(
        derivative(f, [0.4, 1.1], 1e-6, "forward"), approx_fprime([0.4, 1.1], f, 1e-6), rtol=1e-7
    )


def test_taylor_errors_fall_with_the_square_and_the_cube():
    """text 3c: halving the distance leaves a quarter, an eighth."""
    session = run("taylor", 3, per_decade=1)
    for order, power in (("P₁", 2), ("P₂", 3)):
        error = measured(session, f"error/{order}")
        assert math.log10(error[-2] / error[-1]) == pytest.approx(power, abs=0.1)


def test_the_paraboloid_is_exact_for_a_quadratic():
    session = run("taylor", 10, formula="x**2 + x*y - 2*y**2")
    assert measured(session, "error/P₂").max() < 1e-12


def test_the_plane_under_a_parabola_misses_by_the_square_of_the_step():
    """text 1b: the error for x² is exactly Δx²."""
    session = run("taylor", 12, formula="x**2", place=(1, 0), angle=0, first=1)
    np.testing.assert_allclose(measured(session, "error/P₁"), measured(session, "r") ** 2, rtol=1e-6)


@pytest.mark.parametrize(("formula", "smooth"), [("sin(x) + y**2", True), ("abs(x) + y**2", False)])
def test_the_error_ratio_goes_to_zero_only_where_there_is_a_tangent_plane(formula, smooth):
    """text 3c, Differentiability."""
    ratio = measured(run("taylor", 80, formula=formula, place=(0, 0)), "ratio")
    assert (ratio[-1] < 1e-3) == smooth
    if not smooth:
        assert ratio[-1] == pytest.approx(math.cos(math.radians(35)), rel=1e-3)


def test_area_ratio_goes_to_the_determinant():
    """text 3c, Jacobian; polar coordinates have det = radius."""
    session = run("jacobian", 100, first_output="x*cos(y)", second_output="x*sin(y)", place=(1.5, 0.5))
    assert measured(session, "area/|det J|")[0] == pytest.approx(1.5)
    assert measured(session, "area/measured")[-1] == pytest.approx(1.5, rel=3e-3)


def test_shares_of_the_total_derivative_add_up():
    session = run("chain", 60)
    columns = session.run.columns.views()
    np.testing.assert_allclose(columns["share/x"] + columns["share/y"], columns["rate"], atol=1e-6)
    x, y = 2 * math.cos(-3), 1 + math.sin(-3)
    assert columns["share/x"][0] == pytest.approx(4 * x * y * -2 * math.sin(-3))


# ---------------------------------------------------------------- matrices


def test_the_worked_jacobian_of_the_square():
    """text 1b: z = (1, 2, 3) gives diag(2, 4, 6)."""
    session = run("shapes", 3)
    np.testing.assert_allclose(session.draw().values["table"], np.diag([2, 4, 6]), atol=1e-8)


def test_every_case_is_the_transposed_or_matching_derivative_of_torch():
    import torch

    for letter, x in (("v", [1.2, -0.7]), ("z", [0.3, -1, 2])):
        f = {"v": lambda v: v[0] ** 2 / 2 + v[1] ** 2 + v[0] * v[1] / 2, "z": lambda z: torch.softmax(z, 0)}[letter]
        jacobian = torch.autograd.functional.jacobian(f, torch.tensor(x, dtype=torch.float64)).numpy()
        rule = CASES["scalar by vector"].rule if letter == "v" else VECTORS["softmax"].rule
        np.testing.assert_allclose(rule(np.array(x)), jacobian.T)


@pytest.mark.parametrize(
    ("case", "shape", "axes"),
    [
        ("scalar by vector", (2, 1), 1),
        ("vector by scalar", (1, 2), 1),
        ("vector by vector", (3, 2), 2),
        ("matrix by scalar", (3, 2), 2),
        ("scalar by matrix", (3, 2), 2),
        ("vector by matrix", (3, 2), 3),
    ],
)
def test_shapes_in_denominator_layout(case, shape, axes):
    """text 0 and 1b: w (2) by v (3) is 3 × 2; a 2 × 3 matrix by a scalar has the shape of its transpose."""
    session = run("shapes", 6, case=case, f="affine Wᵀz", outputs=2)
    drawn = session.draw(session.kind.pictures).values
    assert drawn["table"].shape == shape
    assert len(drawn["axes"]) == axes
    np.testing.assert_allclose(session.experiment.cells, session.experiment.exact(), atol=1e-7)
    session.set("arrangement", "numerator")
    assert session.draw(("table",)).values["table"].shape == shape[::-1]


def test_size_of_a_derivative_is_the_product_of_the_sizes():
    """text 1b: a 3-vector and a 2-vector have 6 derivatives."""
    session = run("shapes", f="affine Wᵀz", outputs=2)
    assert session.draw(("count",)).values["count"] == "size 3 × 2 = 6"


IDENTITIES = CATALOGUE.load("gradient-check:identities").controls["identity"].describe()["options"]


@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize(("n", "m"), [(4, 3), (1, 5)])
def test_every_identity_holds(identity, n, m):
    session = run("identities", n, identity=identity, n=n, m=m, seed=3)
    assert measured(session, "worst")[-1] < 2e-6 * max(1, np.abs(session.experiment.symbolic()).max())
    assert np.isfinite(session.experiment.numeric).all()


def test_the_gradient_of_least_squares_is_the_printed_one():
    session = run("identities", identity="least squares", seed=1)
    X, Y = session.experiment.parts["X"], session.experiment.parts["Y"]
    expected = sum(2 / 6 * (X[i] @ session.experiment.x - Y[i]) * X[i] for i in range(6))
    np.testing.assert_allclose(session.draw().values["by_rule"].ravel(), expected)


@pytest.mark.parametrize(
    ("sample", "flat"),
    [
        ("diagonal matrix", [3, 9, 4]),
        ("matrix to vector", [1, 3, 2, 4]),
        ("two tables in a stack", [1, 4, 2, 5, 3, 6, 5, 13, 7, 17, 11, 19]),
    ],
)
def test_boxes_are_laid_flat_as_the_text_does(sample, flat):
    assert run("boxes", 12, sample=sample).experiment.flat.tolist() == flat


# ---------------------------------------------------------------- a network


def test_a_right_gradient_passes_and_each_bug_is_found():
    assert measured(run("network", 40, bug="none"), "worst")[-1] < 1e-6
    for bug in ("slope forgotten", "mean forgotten", "offsets forgotten", "penalty forgotten", "one sign"):
        session = run("network", 40, bug=bug)
        wrong = np.flatnonzero(session.experiment.errors() > 1e-3)
        assert len(wrong), bug
        assert "wrong" in session.experiment.finished
    assert len(wrong) == 1  # one sign


def test_the_network_gradient_is_that_of_torch():
    import torch

    e = run("network", bug="none", seed=5).experiment
    parts = [torch.tensor(part.copy(), requires_grad=True) for part in (*e.net.W, *e.net.offsets)]
    W1, W2, b1, b2 = parts
    x, y = torch.tensor(e.x.T.copy()), torch.tensor(e.y.T.copy())
    z = torch.tanh(x @ W1 + b1) @ W2 + b2
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y) + 0.05 * ((W1**2).sum() + (W2**2).sum())
    dW1, dW2, db1, db2 = torch.autograd.grad(loss, parts)
    slopes = torch.cat([dW1.ravel(), db1, dW2.ravel(), db2])
    np.testing.assert_allclose(e.analytic, slopes.numpy(), rtol=1e-10)


def test_relative_error_of_nothing_is_nothing():
    np.testing.assert_allclose(relative_error([0, 1, 2], [0, 1, 1]), [0, 0, 0.5])
