"""Chords, tangents and parabolas prove what they should of the texts' functions, wherever their ends are dragged."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.spatial import ConvexHull

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.maths.convexity import hull, judged
from lab.maths.formula import parse
from lab.session import Session

CONVEXITY = Catalogue().load("convexity")
CONVEX = ("parabola", "fourth power", "exponential", "minus logarithm", "softplus", "absolute value", "Huber",
          "flat-bottomed", "straight line")  # fmt: skip
OTHERS = ("double well", "sine", "not convex, yet PL")


def look(formula="", **settings):
    if formula:
        settings |= {"function": "formula", "formula": formula}
    session = Session(CONVEXITY, settings)
    return session, session.draw().values


def verdict(formula, reach=1):
    f = parse(formula, ("x",))
    return judged(f, f.derivative("x"), reach * np.arange(-300, 301) / 300)


def on_grid(lines, reach=1):
    """A drawn line as heights at the places where the curve is known; NaN in its gaps."""
    heights = np.full(601, np.nan)
    for line in lines:
        heights[np.round(300 + 300 * line[:, 0] / reach).astype(int)] = line[:, 1]
    return heights


# ---------------------------------------------------------------- what a curve is


@pytest.mark.parametrize(
    ("formula", "reach", "m", "smoothness"),
    [
        ("x**2", 2, 2, 2),
        ("-2*x**2", 1, -4, 4),  # L bounds the size of the curvature: −2x² is not smooth for every L
        ("exp(x)", 1, math.exp(-1), math.e),
        ("exp(x)", 3, math.exp(-3), math.exp(3)),
        ("log(1 + exp(x))", 2, math.exp(2) / (1 + math.exp(2)) ** 2, 0.25),
        ("x**4 - x**2", 1, -2, 10),
        ("x**4", 3, 0, 108),
        ("x**2 + 3*sin(x)**2", 3, -4, 8),
        ("sin(x)", 3, -1, 1),
        ("0.5*min(abs(x), 1)**2 + max(abs(x) - 1, 0)", 3, 0, 1),
        ("max(abs(x) - 1, 0)", 1, 0, 0),  # its kinks are at the very ends
        ("x**2 + abs(x)", 1, 2, math.inf),
        ("-log(x)", 2, 0.25, math.inf),
        ("-sqrt(x)", 2, 0.25 * 2**-1.5, math.inf),
        ("-abs(x - 0.0013)", 1, -math.inf, math.inf),
        ("sqrt(x**2)", 1, 0, math.inf),
    ],
)
def test_least_and_greatest_curvature(formula, reach, m, smoothness):
    found = verdict(formula, reach)
    assert found.m == pytest.approx(m, rel=1e-5, abs=1e-9)
    assert pytest.approx(smoothness, rel=1e-5, abs=1e-9) == found.L


@pytest.mark.parametrize(
    ("formula", "convex", "strict", "strong"),
    [
        ("x**2", True, True, True),
        ("exp(x)", True, True, True),
        ("x**4", True, True, False),  # strict is not strong, and its second derivative at 0 is 0
        ("x**8", True, True, False),
        ("abs(x)", True, False, False),
        ("0.5*min(abs(x), 0.5)**2 + 0.5*max(abs(x) - 0.5, 0)", True, False, False),
        ("0.3*x + 0.1", True, False, False),
        ("7", True, False, False),
        ("x**1.5", True, True, True),
        ("log(x)", False, False, False),
        ("sin(x)", False, False, False),
        ("x**3", False, False, False),
    ],
)
def test_convex_strictly_and_strongly(formula, convex, strict, strong):
    found = verdict(formula)
    assert (found.convex, found.strict, found.strong) == (convex, strict, strong)


def test_a_function_with_a_hole_in_its_domain_is_not_convex():
    assert verdict("1/x**2", 2).hole == 0
    assert not verdict("1/x**2", 2).convex
    assert "no value at x = 0" in look("1/x**2")[1]["judgement"]


def test_the_worst_chord_of_the_double_well_joins_its_two_minima():
    worst = verdict("x**4 - x**2").worst
    assert (worst.a, worst.b) == (pytest.approx(-(2**-0.5), abs=2e-3), pytest.approx(2**-0.5, abs=2e-3))
    assert (worst.share, worst.gap) == (0.5, pytest.approx(0.25, abs=1e-5))


def test_the_worst_chord_of_a_sine_touches_it():
    touch = brentq(lambda t: math.sin(3) - math.sin(t) - math.cos(t) * (3 - t), -2, 0)
    top = math.acos(math.cos(touch))
    gap = math.sin(top) - math.sin(touch) - math.cos(touch) * (top - touch)
    worst = verdict("sin(x)", 3).worst
    assert (worst.a, worst.b) == (pytest.approx(touch, abs=0.01), 3)
    assert worst.gap == pytest.approx(gap, abs=1e-4)


def test_the_lower_hull_is_that_of_scipy():
    rng = np.random.default_rng(0)
    x, y = np.sort(rng.uniform(-1, 1, 200)), rng.normal(size=200)
    all_round = ConvexHull(np.column_stack([x, y]))
    below = {int(i) for edge, normal in zip(all_round.simplices, all_round.equations) if normal[1] < 0 for i in edge}
    assert set(hull(x, y)) == below


# ---------------------------------------------------------------- what is drawn


@pytest.mark.parametrize("function", CONVEX)
@pytest.mark.parametrize("reach", [1, 3])
def test_no_chord_of_a_convex_function_is_crossed_and_no_tangent_cuts_it(function, reach):
    session, drawn = look(function=function, reach=reach)
    for a, b, share in ((-0.8, 0.6, 0.5), (-3, 2.9, 0.1), (0.2, 0.3, 0.9)):
        for name, value in (("a", a), ("b", b), ("share", share), ("c", a)):
            session.set(name, value)
        drawn = session.draw().values
        assert not len(drawn["gap_broken"])
        assert not len(drawn["too_high"])
        (_, on_curve), (_, on_chord) = drawn["facing"]
        assert on_curve <= on_chord + 1e-12
        assert r"\le" in drawn["inequality"].latex
        assert np.nanmax(on_grid(drawn["tangent"], reach) - on_grid(drawn["graph"], reach)) < 1e-9
    assert drawn["judgement"].lower().startswith(("convex", "strictly convex", "strongly convex"))


@pytest.mark.parametrize("function", OTHERS)
def test_the_search_finds_a_pair_that_proves_it(function):
    session, _ = look(function=function, reach=3)
    session.act("search_violation", [])
    drawn = session.draw().values
    (_, on_curve), (_, on_chord) = drawn["gap_broken"]
    assert on_curve > on_chord + 0.2
    assert len(drawn["shade"])
    assert ">" in drawn["inequality"].latex
    assert drawn["judgement"].startswith("Not convex")
    found = session.experiment.a
    assert found != -0.8
    session.undo()
    assert session.experiment.a == -0.8


def test_the_search_in_a_convex_function_puts_the_chord_from_end_to_end():
    session, _ = look(function="minus logarithm", reach=2)
    session.act("search_violation", [])
    assert (session.experiment.a, session.experiment.b) == (pytest.approx(2 / 300), 2)
    assert len(session.draw().values["gap_kept"]) == 2


@pytest.mark.parametrize("function", [*CONVEX, *OTHERS])
@pytest.mark.parametrize("c", [-0.9, 0.35, 1])
def test_the_curve_lies_between_its_parabolas(function, c):
    _, drawn = look(function=function, c=c)
    curve = on_grid(drawn["graph"])
    assert not (on_grid(drawn["lower"]) - curve > 1e-7).any()
    assert not (curve - on_grid(drawn["upper"]) > 1e-7).any()
    assert len(drawn["lower"])
    assert len(drawn["upper"]) or "L = ∞" in drawn["bounds"]


def test_a_step_of_one_over_l_lands_on_the_minimum_of_the_upper_parabola():
    _, drawn = look(function="double well", c=0.35)
    x, y = np.concatenate(drawn["upper"]).T
    lowest = np.argmin(y)
    assert drawn["landing"][0, 0] == pytest.approx(0.35 - (4 * 0.35**3 - 2 * 0.35) / 10)
    np.testing.assert_allclose(drawn["landing"][0], (x[lowest], y[lowest]), atol=2 / 300)


def test_strictly_convex_is_one_minimiser_and_a_flat_bottom_a_bar_of_them():
    one = look(function="parabola")[1]
    assert (one["lowest"].tolist(), one["bottom"]) == ([[0, 0]], ())
    flat = look(function="flat-bottomed", reach=3)[1]
    assert flat["lowest"].tolist() == [[-1, 0], [1, 0]]
    assert len(flat["bottom"][0]) == 201
    assert not len(look(function="exponential")[1]["lowest"])


def test_a_kink_leaves_no_parabola_above():
    _, drawn = look(function="absolute value")
    assert not len(drawn["upper"])
    assert not len(drawn["most"])
    assert "L = ∞" in drawn["bounds"]


def test_the_inequality_has_the_numbers_of_the_chord():
    _, drawn = look(function="parabola", reach=3, a=-1, b=3, share=0.25)
    numbers = drawn["inequality"].numbers
    assert [float(value) for value in numbers.values()] == [0.25, 1, 9, 4]  # f(2) = 4 ≤ ¼·1 + ¾·9 = 7
    assert "this chord is 3 above" in drawn["here"]


def test_where_the_curve_bends_down_is_marked():
    _, drawn = look(function="double well")
    x, _ = np.concatenate(drawn["concave"]).T
    assert (x.min(), x.max()) == (pytest.approx(-(6**-0.5), abs=4e-3), pytest.approx(6**-0.5, abs=4e-3))


# ---------------------------------------------------------------- what a hand may do


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "formula", ["log(x)", "1/x", "sqrt(x)", "tan(x)", "x**x", "log(x - 2)", "1/(x - 0.001)", "0*x"]
)
def test_a_function_that_is_not_everywhere_leaves_gaps(formula):
    session, _ = look(formula, reach=3)
    f = parse(formula, ("x",))
    for x in (-6, -1, 0, 0.005, 2.5, 6):
        for name in ("move_a", "move_b", "move_c"):
            session.act(name, [x, 0.0])
            drawn = session.draw().values
            for name, value in drawn.items():
                for line in value if isinstance(value, tuple) else (value,):
                    assert not isinstance(line, np.ndarray) or np.isfinite(line).all(), name
            for end in ("at_a", "at_b", "at_c"):
                assert np.isfinite(drawn[end]).all()
                assert drawn[end][1] == f(drawn[end][0])
    session.act("search_violation", [])
    assert session.draw().values["here"]


def test_a_drag_is_one_gesture_that_undo_takes_back():
    session, _ = look()
    for x in (0.1, 0.2, 0.3):
        session.act("move_b", [x, 5.0], gesture=7, replaces=True)
    assert session.experiment.b == 0.3
    np.testing.assert_allclose(session.draw().values["at_b"], (0.3, 0.3**4 - 0.3**2))
    session.undo()
    assert session.experiment.b == 0.6


def test_a_formula_without_values_is_refused_and_the_old_one_stays():
    session, before = look(function="formula", formula="x**2")
    with pytest.raises(Unfit, match="hardly a value"):
        session.set("formula", "log(-1 - x**2)")
    assert session.experiment.formula.text == "x**2"
    np.testing.assert_array_equal(session.draw().values["graph"][0], before["graph"][0])
