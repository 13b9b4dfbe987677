"""Chords, tangents and parabolas prove what they should of the texts' functions, wherever their ends are dragged."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq, root
from scipy.spatial import ConvexHull

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.marks import panels
from lab.maths.convexity import hull, judged
from lab.maths.critical import KINDS, basins, critical_points
from lab.maths.formula import parse
from lab.maths.landscapes import LANDSCAPES, extremes, loss
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


# ---------------------------------------------------------------- what text4b's entries ask of it, by number


def scene(name, steps=0, **settings):
    session = Session(Catalogue().load(f"convexity:{name}"), settings)
    for _ in range(steps):
        session.step()
    names = {name for panel in panels(session.layout) for name in panel.names()}
    return session.experiment, session.draw(names).values


def everything(**settings):
    session = Session(CONVEXITY, settings)
    return session.draw({name for panel in panels(session.layout) for name in panel.names()}).values


def test_entry_1_the_gap_of_every_catalogue_curve_and_the_two_that_are_not():
    assert not verdict("sin(x)", 3).convex
    assert not verdict("x**4 - x**2").convex
    for power, convex in ((-2, True), (0, True), (0.5, False), (1, True), (3, True)):  # entry 2: a >= 1 or a <= 0
        said = everything(function="power of x > 0", power=power, reach=3)["judgement"]
        assert said.startswith("Not") is not convex, (power, said)
    assert everything(function="power of |x|", power=0.5)["judgement"].startswith("Not")


@pytest.mark.parametrize(("m", "pokes"), [(1.9, False), (2, False), (2.2, True)])
def test_entry_7_the_bowl_of_a_parabola_pokes_through_beyond_its_curvature(m, pokes):
    drawn = everything(function="parabola", reach=2, c=-0.5, m=m)
    assert bool(drawn["poking"]) is pokes
    experiment = Session(CONVEXITY, {"function": "parabola"}).experiment
    np.testing.assert_allclose(experiment.largest_m(), [2])


@pytest.mark.parametrize(("B", "broken"), [(1.1, False), (0.6, True)])
def test_entry_16_a_sine_keeps_out_of_the_cone_of_slope_1(B, broken):
    drawn = everything(function="sine", reach=3, c=0, B=B)
    assert bool(drawn["in_cone"]) is broken
    assert drawn["cone_said"].endswith("best B = 1")


def test_entry_5_a_negative_pair_for_the_double_well():
    falls = everything(function="double well", a=-0.2, b=0.2)
    assert len(falls["slope_falls"]) == 2
    assert not len(falls["slope_rises"])
    assert "< 0" in falls["product_said"]  # (f′(−.2) − f′(.2)) (−.4) = (.368 + .368)(−.4)
    assert "−0.2944" in falls["product_said"]
    assert len(everything(function="exponential")["slope_rises"]) == 2


PEAKS = {  # text 3b, 4.1
    "minimum": [(0.2283, -1.6255, -6.5511), (-1.3474, 0.2045, -3.0498), (0.2964, 0.3202, -0.0649)],
    "maximum": [(1.2857, -0.0048, 3.5925), (-0.4600, -0.6292, 3.7766), (-0.0093, 1.5814, 8.1062)],
    "saddle": [(0.4163, -0.3941, 0.4085), (-0.2659, 0.4667, 0.7883), (1.0983, 0.8545, 2.2492)],
}


def test_peaks_has_the_nine_critical_points_of_the_text():
    surface = LANDSCAPES["peaks"]
    found = critical_points(surface)
    for i, wanted in enumerate(PEAKS.values()):
        at = found.at[found.kind == i]
        np.testing.assert_allclose(np.column_stack([at, surface.f(*at.T)]), wanted, atol=6e-5)
    assert len(found.at) == 9


@pytest.mark.parametrize(
    ("surface", "kind"),
    [("bowl", "minimum"), ("saddle", "saddle"), ("dome", "maximum"), ("monkey saddle", "degenerate")],
)
def test_entry_78_the_taxonomy(surface, kind):
    state, drawn = scene("plane", surface=surface, place=(1.0, 0.7))
    assert [KINDS[k] for k in state.critical.kind] == [kind]
    np.testing.assert_allclose(state.critical.at, [[0, 0]], atol=1e-6)
    np.testing.assert_allclose(drawn["landing"], [[0, 0]], atol=1e-4)
    assert kind in drawn["label"]


def test_newton_from_the_default_place_ends_where_scipy_does():
    state, drawn = scene("plane")
    ground = state.ground
    found = root(lambda at: np.array(ground.gradient(*at), dtype=float), drawn["landing"][0], tol=1e-12).x
    np.testing.assert_allclose(drawn["landing"][0], found, atol=1e-8)


def test_eigenvectors_and_curvatures_are_those_of_numpy_and_the_hessian_is_symmetric():
    for name, surface in LANDSCAPES.items():
        H = surface.hessian((0.3, -0.7))
        assert H[0, 1] == H[1, 0], name
        np.testing.assert_allclose(np.ravel(extremes(surface, 0.3, -0.7)), np.linalg.eigvalsh(H), atol=1e-9)


def test_entry_6_least_squares_is_convex_and_its_hessian_is_that_of_its_features():
    for correlation in (0, 0.5, 1):
        X = np.linalg.cholesky(np.array([[1, correlation], [correlation, 1]]) + 1e-15 * np.eye(2)).T
        found = loss("least squares", correlation=correlation).surface.hessian((2, 1))
        np.testing.assert_allclose(found, X.T @ X, atol=1e-12)
        assert np.linalg.eigvalsh(found).min() > -1e-12


@pytest.mark.parametrize("surface", ["peaks", "Rosenbrock", "saddle", "two wells", "dome"])
def test_a_chord_over_a_surface_that_is_not_convex_is_found(surface):
    session = Session(Catalogue().load("convexity:plane"), {"surface": surface})
    session.act("search_violation", [])
    assert session.draw().values["too_high"]


def test_entry_10_one_basin_where_convex_and_several_where_not():
    peaks, bowl, wells = (LANDSCAPES[name] for name in ("peaks", "bowl", "two wells"))
    for surface, wanted in ((peaks, {0, 1, 2}), (bowl, {0}), (wells, {0, 1})):
        found = critical_points(surface)
        (ends,) = basins(surface, found.at[found.kind == 0], (20,))
        assert set(ends.ravel().tolist()) - {-1} == wanted
    assert (ends[:, :10] == ends[0, 0]).all()  # the wells' basins meet at x = 0
    assert (ends[:, 10:] == ends[0, -1]).all()
    session = Session(Catalogue().load("convexity:plane"), {"surface": "two wells"})
    coarse = session.experiment.draw(["basins"])["basins"]
    finer = session.experiment.refine()["basins"]
    assert finer.z.size == 4 * coarse.z.size


SMOOTH = ["quadratic", "least squares", "log-sum-exp", "log cosh", "Huber", "power"]


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("rate", [0.3, 1])
def test_entries_19_and_21_hold_at_every_step(name, rate):
    session = Session(Catalogue().load("convexity:descent"), {"loss": name, "rate": rate})
    state = session.experiment
    for _ in range(40):
        apart, height = np.sum((state.w - state.goal) ** 2), state.terms.value(state.w)
        slope = state.terms.gradient(state.w)
        gap = height - state.lowest
        assert slope @ slope / (2 * state.L) <= gap + 1e-12 <= state.L / 2 * apart + 2e-12  # (9.20)
        eta = state.eta()
        session.step()
        nearer, lower = np.sum((state.w - state.goal) ** 2), state.terms.value(state.w)
        assert lower <= height - eta / 2 * (slope @ slope) + 1e-12  # (9.23)
        assert lower - state.lowest <= (apart - nearer) / (2 * eta) + 1e-12  # (9.24)
        assert nearer <= apart + 1e-12  # (9.25)


def test_entry_21_beyond_one_over_l_the_promise_breaks_on_a_quadratic():
    for rate, kept in ((1, True), (1.05, False)):
        _, drawn = scene("descent", 1, loss="quadratic", kappa=1, rate=rate)
        actual, promised = drawn["bars"][:, 0]
        assert bool(actual >= promised - 1e-12) is kept
        assert actual == pytest.approx(2 * rate * (1 - rate / 2))  # η (1 − η L / 2) g², over the gap g² / 2


@pytest.mark.parametrize("name", [*SMOOTH, "p-norm", "∞-norm"])
@pytest.mark.parametrize("bound", ["co-coercivity", "coercivity", "both"])
def test_entry_20_random_pairs_of_convex_losses_keep_every_bound(name, bound):
    assert scene("descent", loss=name, bound=bound)[1]["share_kept"] == "300 of 300 hold"


def test_entry_20_breaks_where_the_loss_is_not_convex():
    state, drawn = scene("descent", loss="not convex, yet PL")
    x, y = np.moveaxis(state.pairs, -1, 0)
    apart = np.array([x[:, 0] - x[:, 1], y[:, 0] - y[:, 1]])
    slopes = np.array([2 * x + 3 * np.sin(2 * x), 2 * y])
    change = slopes[..., 0] - slopes[..., 1]
    broken = (change * apart).sum(axis=0) < (change**2).sum(axis=0) / 8
    assert broken.any()
    np.testing.assert_array_equal(drawn["kept_pairs"], broken)


def test_entry_8_the_pl_inequality_without_convexity():
    x = np.linspace(-6, 6, 4001)
    f, slope = x**2 + 3 * np.sin(x) ** 2, 2 * x + 3 * np.sin(2 * x)
    assert (slope**2 / 2 >= f / 32).all()
    state, _ = scene("descent", loss="not convex, yet PL")
    assert (state.m, state.L) == (1 / 32, 8)
    for rate, wanted in ((0.5, None), (1, (0.1709, 0.00248, 7.6e-9))):
        session = Session(
            Catalogue().load("convexity:descent"), {"loss": "not convex, yet PL", "begin": (5, 0), "rate": rate}
        )
        ways = [5.0]
        for _ in range(60):
            session.step()
            ways.append(float(session.experiment.w[0]))
        if wanted:  # with η = 1/8 the last steps are cubic
            first = int(np.argmin(np.abs(np.array(ways) - wanted[0])))
            np.testing.assert_allclose(ways[first : first + 3], wanted, rtol=2e-2)
        else:  # with η = 1/16 each last step halves it
            end = [w for w in ways if 1e-6 < abs(w) < 1e-2]
            np.testing.assert_allclose(np.array(end[1:]) / end[:-1], 0.5, rtol=1e-3)


def test_entry_17_the_smoothness_of_quadratics_is_their_largest_eigenvalue():
    for kappa in (1, 8, 100):
        terms = loss("quadratic", kappa=kappa)
        np.testing.assert_allclose(np.linalg.eigvalsh(terms.surface.hessian((0, 0))), terms.constants((1, 1)))


def test_newton_solves_a_quadratic_in_one_step():
    for surface in ("bowl", "saddle", "dome"):
        assert "after 1 step at" in scene("plane", surface=surface, place=(1.0, 0.7))[1]["label"]
