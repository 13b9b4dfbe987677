"""autodiff: the texts' worked tables, jvp and vjp, costs, dual numbers and memory, and torch's autograd."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.maths.duals import carried
from lab.maths.formula import parse
from lab.maths.layered import layered
from lab.maths.tape import plain, taped, written
from lab.session import Session

CATALOGUE = Catalogue()
VARIABLES = ("x1", "x2", "x3", "x4")
BOXES = {"formula": "sin(3*(x + 2))", "x1": 10, "along": "x₁"}
FORMULAS = (
    "sin(x1*x2) + exp(x2 + x3) - 2*x3",
    "x1**x2/(x3 - 7) + log(x4)*sqrt(x1)",
    "-tanh(x1 - x2)*abs(x3) + max(x1, x4, 0.5)**3",
    "x1*x1 - (x2 - 3)*-2 + pi*cos(x3)/tan(x4)",
    "0.5*(x4 - x3/(1 + exp(-x1*x2)))**2",
)
AT = (0.7, 2.2, 4.1, 1.3)


def run(name: str = "autodiff", steps: int = 10_000, **settings: Any) -> Any:
    """The experiment after so many steps, or at its end."""
    session = Session(CATALOGUE.load(name), settings)
    while session.t < steps and session.step():
        pass
    return session.experiment


def column(experiment: Any, k: int) -> list[str]:
    return [row[k] for row in experiment.rows()]


# ---------------------------------------------------------------- the texts' worked examples


def test_primals_fill_table_4_1_in_three_waves() -> None:
    """Computational graph and primals (text 3, 4.4): π/3, 7, −10, √3/2, e⁷, √3/2 + e⁷ − 10."""
    experiment = run(decimals=8, steps=6)
    assert column(experiment, 2)[3:] == ["1.04719755", "7", "−10", "0.8660254", "1096.63315843", "1087.49918383"]
    assert [vertex.level for vertex in experiment.tape.vertices] == [0, 0, 0, 1, 1, 1, 2, 2, 3]
    assert column(experiment, 1)[3:] == ["x₁·x₂", "x₂ + x₃", "−2·x₃", "sin(v₁)", "exp(v₂)", "v₄ + v₅ + v₃"]
    assert set(column(experiment, 3)) == set(column(experiment, 4)) == {""}


def test_tangents_for_the_second_input_fill_table_4_2() -> None:
    """Forward-mode automatic differentiation (text 3, 4.4): π/6, 1, 0, π/12, e⁷, π/12 + e⁷ = 1096.89495781626."""
    experiment = run(decimals=9, steps=12)
    assert column(experiment, 3)[:3] == ["0", "1", "0"]
    assert column(experiment, 3)[3:] == ["0.523598776", "1", "0", "0.261799388", "1096.633158428", "1096.894957816"]


def test_adjoints_fill_table_4_3_and_end_in_the_gradient() -> None:
    """Backward-mode automatic differentiation (text 3, 4.4): 1/2, e⁷, 1, 1, 1, 1 and (1, π/12 + e⁷, e⁷ − 2)."""
    experiment = run(decimals=9)
    assert column(experiment, 4)[3:] == ["0.5", "1096.633158428", "1", "1", "1", "1"]
    assert column(experiment, 4)[:3] == ["1", "1096.894957816", "1094.633158428"]


def test_a_step_is_one_node_and_the_table_fills_row_by_row() -> None:
    session = Session(CATALOGUE.load("autodiff"))
    known = []
    while session.step():
        experiment: Any = session.experiment
        known.append(sum(bool(cell) for k in (2, 3, 4) for cell in column(experiment, k)))
    seeds = 3
    assert known == [*range(4, 10), *range(10 + seeds, 16 + seeds), *range(16 + seeds, 25 + seeds)]


def test_ten_flows_through_the_three_boxes_and_back() -> None:
    """Forward pass (text 1, 7.5.4): 12, 36, sin 36; then cos 36 · 3 · 1."""
    experiment = run(**BOXES, decimals=6)
    assert column(experiment, 2) == ["10", "12", "36", "−0.991779"]
    assert column(experiment, 4) == ["−0.383891", "−0.383891", "−0.127964", "1"]


def test_dual_numbers_carry_the_derivative_through_the_arithmetic() -> None:
    """Dual numbers (beyond): x sin(x²) at 2 by (2, 1)."""
    pair = carried(parse("x*sin(x**2)", ("x",)), [(2, 1)])
    assert pair == pytest.approx((-1.513605, -5.985951), abs=5e-7)
    experiment = run(formula="x*sin(x**2)", x1=2, along="x₁", forward="dual numbers", steps=3)
    assert (column(experiment, 2)[-1], column(experiment, 3)[-1]) == ("−1.513605", "−5.985951")


def test_one_neuron_has_the_adjoints_of_the_direct_forms() -> None:
    """Backprop on the smallest network (text 4, 4.2.1): dl/dv and dl/dw, with w = x₁, x = x₂, v = x₃, y = x₄."""
    w, x, v, y = 0.5, 2.0, 1.5, 1.0
    experiment = run(formula=FORMULAS[4], x1=w, x2=x, x3=v, x4=y)
    h = 1 / (1 + math.exp(-w * x))
    assert experiment.adjoint[2] == pytest.approx((y - v * h) * -h)
    assert experiment.adjoint[0] == pytest.approx((y - v * h) * -v * h * (1 - h) * x)
    assert experiment.adjoint[len(experiment.tape) - 1] == 1


# ---------------------------------------------------------------- all modes agree, with torch too


@pytest.mark.parametrize("text", FORMULAS)
def test_forward_reverse_and_dual_numbers_agree_with_torch(text: str) -> None:
    formula = parse(text, VARIABLES)
    points = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in AT]
    formula.torch(*points).backward()
    gradient = {name: float(point.grad) for name, point in zip(VARIABLES, points) if point.grad is not None}
    for forward in ("values, then tangents", "dual numbers"):
        experiment = run(formula=text, **dict(zip(VARIABLES, AT)), along="each in turn", forward=forward)
        expected = [gradient[name] for name in experiment.inputs()]
        assert [experiment.adjoint[u] for u in range(len(expected))] == pytest.approx(expected, rel=1e-12)
        assert list(experiment.slope_along.values()) == pytest.approx(expected, rel=1e-12)


def test_a_direction_gives_the_slope_that_way() -> None:
    """jvp with any v (text 3, 4.4), as torch has it."""
    session = Session(CATALOGUE.load("autodiff"), {"along": "direction", "direction": [[1, -2, 0.5, 9]]})
    while session.step():
        pass
    formula = parse(FORMULAS[0], VARIABLES)
    at = tuple(torch.tensor(x, dtype=torch.float64) for x in (math.pi / 6, 2, 5, 1))
    way = tuple(torch.tensor(v, dtype=torch.float64) for v in (1.0, -2.0, 0.5, 0.0))
    _, slope = torch.autograd.functional.jvp(formula.torch, at, way)
    experiment: Any = session.experiment
    assert experiment.slope_along[0] == pytest.approx(float(slope))
    assert experiment.gradient()[-2][1] == experiment.gradient()[-2][2] == written(float(slope), 6)


def test_the_whole_gradient_costs_one_sweep_back_or_a_sweep_for_each_input() -> None:
    """Counters of multiplications: d times the links forward, the links once in reverse."""
    experiment = run(along="each in turn")
    assert experiment.cost == {"forward": 30, "reverse": 10}
    assert experiment.gradient()[-1][:3] == ("multiplications", "30", "10")
    assert (experiment.whole_forward()[0], experiment.whole_reverse()[0]) == (30, 10)


# ---------------------------------------------------------------- what a person does


def test_moving_an_input_halfway_changes_what_is_known_so_far() -> None:
    session = Session(CATALOGUE.load("autodiff"))
    session.seek(14)
    session.set("x2", 1.0)
    session.set("x3", 0.0)
    experiment: Any = session.experiment
    assert session.t == 14
    assert experiment.primal[8] == pytest.approx(0.5 + math.e)  # sin(π/6) + e¹ − 0
    while session.step():
        pass
    assert experiment.adjoint[1] == pytest.approx(math.pi / 6 * math.cos(math.pi / 6) + math.e)


def test_the_stages_of_a_node_show_its_terms_one_by_one() -> None:
    session = Session(CATALOGUE.load("autodiff"))
    session.seek(19)  # next: the adjoint of x₂, which comes back along two links
    assert session.stage()
    assert session.stage_name == "term 1 of 2"
    assert session.draw().values["at_work"].sum() == 1
    session.step()
    assert session.draw().values["at_work"].sum() == 2


def test_arrows_point_back_where_adjoints_have_come_along() -> None:
    session = Session(CATALOGUE.load("autodiff"))
    session.seek(14)
    arrows = session.draw().values["arrows"].tolist()
    assert [8, 7] in arrows  # from the result to the one before
    assert [0, 3] in arrows
    assert [3, 0] not in arrows


def test_a_clicked_node_shows_its_local_derivatives() -> None:
    session = Session(CATALOGUE.load("autodiff"))
    session.seek(6)
    session.pick("node", 6)
    frame = session.draw()
    assert frame.values["law"].latex.endswith(r"\frac{\partial v_{4}}{\partial v_{1}} = \cos\left(v_{1}\right)")
    assert frame.values["shown"] == 6


@pytest.mark.parametrize(
    ("text", "reason"), [("2 + 3", "no variable"), ("x1", "no operation"), ("x + x1", "another name of x1")]
)
def test_formulas_without_a_graph_are_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(Unfit, match=reason):
        Session(CATALOGUE.load("autodiff"), {"formula": text})


def test_a_formula_without_a_value_diverges_and_still_draws() -> None:
    session = Session(CATALOGUE.load("autodiff"), {"formula": "log(x) + 1/y", "x1": -1, "x2": 0, "along": "x₁"})
    while session.step():
        session.draw()
    assert session.run.diverged == (3, "value")
    assert column(session.experiment, 2)[2] == "NaN"


# ---------------------------------------------------------------- the graph of a formula


def test_what_occurs_twice_is_one_node() -> None:
    tape = taped(parse("exp(x1*x2) + sin(x1*x2)", VARIABLES))
    assert [plain(v.rule) for v in tape.vertices if v.rule] == ["x₁·x₂", "exp(v₁)", "sin(v₁)", "v₂ + v₃"]


def test_no_link_of_the_worked_graph_runs_through_a_node_or_another_link() -> None:
    tape = taped(parse(FORMULAS[0], VARIABLES))
    places = layered([vertex.level for vertex in tape.vertices], tape.links)
    ends = [(places[u], places[i]) for u, i in tape.links]
    for (a, b), (c, d) in itertools.combinations(ends, 2):
        x = np.linspace(max(a[0], c[0]), min(b[0], d[0]), 9)
        apart = np.interp(x, *np.transpose([a, b])) - np.interp(x, *np.transpose([c, d]))
        assert x[0] >= x[-1] or (apart >= 0).all() or (apart <= 0).all()
    for (a, b), (x, y) in itertools.product(ends, places):
        assert not a[0] < x < b[0] or abs(np.interp(x, *np.transpose([a, b])) - y) > 0.4


def test_numbers_are_written_without_idle_zeros() -> None:
    assert [written(v, 6) for v in (7.0, -0.5, 1e12, 2.5e-9, math.nan, -math.inf)] == [
        "7",
        "−0.5",
        "1·10¹²",
        "2.5·10⁻⁹",
        "NaN",
        "−∞",
    ]


# ---------------------------------------------------------------- jvp and vjp


def test_calls_of_jvp_are_columns_and_calls_of_vjp_rows() -> None:
    """Differentiable programming interface (text 3, 4.4), names not swapped as the text does twice."""
    experiment = run("autodiff:jvp-vjp")
    assert experiment.jacobian().tolist() == [[1, -7, 5], [0, 1.4, 2.1]]
    assert experiment.jvp((0, 1, 0)) == pytest.approx((-7, 1.4))
    assert experiment.vjp((1, 0)) == pytest.approx((1, -7, 5))
    assert experiment.partial() == "∂g₂/∂x₃ = 2.1"
    assert np.transpose(experiment.results[:3]) == pytest.approx(experiment.jacobian())
    assert np.array(experiment.results[3:5]) == pytest.approx(experiment.jacobian())
    assert experiment.results[5:] == [pytest.approx((-13, 2.8)), pytest.approx((1, -8.4, 2.9))]


def test_the_column_or_row_that_a_call_gives_is_lit() -> None:
    assert run("autodiff:jvp-vjp", steps=0).lit().sum() == 0
    assert np.argwhere(run("autodiff:jvp-vjp", steps=2).lit()).tolist() == [[0, 1], [1, 1]]
    assert np.argwhere(run("autodiff:jvp-vjp", steps=4).lit()).tolist() == [[0, 0], [0, 1], [0, 2]]


def test_jacobian_by_calls_agrees_with_torch() -> None:
    texts = "x1*cos(x2) + x3", "x1*sin(x2)/x3"
    experiment = run("autodiff:jvp-vjp", first=texts[0], second=texts[1])
    formulas = [parse(text, VARIABLES[:3]) for text in texts]
    at = tuple(torch.tensor(x, dtype=torch.float64) for x in (2.5, 2.1, 1.4))
    expected = [
        [float(part) for part in torch.autograd.functional.jacobian(formula.torch, at)]  # type: ignore[union-attr]
        for formula in formulas
    ]
    assert np.transpose(experiment.results[:3]) == pytest.approx(np.array(expected))
    assert np.array(experiment.results[3:5]) == pytest.approx(np.array(expected))


# ---------------------------------------------------------------- which end of the chain


@pytest.mark.parametrize(
    ("widths", "forward", "reverse"),
    [
        ((6, 8, 8, 1), 720, 120),
        ((1, 8, 8, 6), 120, 720),
        ((5, 9, 3, 5), 435, 435),
        ((10, 10, 10, 10, 1), 3100, 310),  # L n³ against L n² (text 0, 6.5.2), the last layer being narrow
    ],
)
def test_both_orders_cost_what_the_widths_say(widths: tuple[int, ...], forward: int, reverse: int) -> None:
    """JVP and VJP (text 3, A.3): sweeps from unit vectors cost inputs or outputs times Σ m_l m_{l−1}."""
    experiment = run("autodiff:brackets", widths=list(widths))
    assert experiment.cost == {"forward": forward, "reverse": reverse} == dict(zip(experiment.cost, experiment.laws()))
    assert np.allclose(experiment.V, np.linalg.multi_dot(experiment.jacobians[::-1]))
    assert np.allclose(experiment.U, experiment.V, rtol=0, atol=1e-14)


def test_the_chain_of_jacobians_is_what_torch_finds() -> None:
    experiment = run("autodiff:brackets", widths=[4, 7, 5, 2])

    def h(x: torch.Tensor) -> torch.Tensor:
        for W in experiment.weights:
            x = torch.tanh(torch.from_numpy(W) @ x)
        return x

    found = torch.autograd.functional.jacobian(h, torch.from_numpy(experiment.x))
    assert np.allclose(found.numpy(), experiment.V, rtol=0, atol=1e-13)  # type: ignore[attr-defined]


def test_products_of_matrices_can_favour_the_end_with_more_units() -> None:
    """With the outer Jacobian for nothing, fewer outputs than inputs do not always make reverse mode the cheaper."""
    experiment = run("autodiff:brackets", widths=[2, 30, 1, 1], begin="outer Jacobian")
    assert experiment.cost == {"forward": 2 * (30 + 1), "reverse": 30 + 60}
    assert experiment.finished.startswith("Forward mode wins")


def test_transposed_the_order_of_the_factors_is_reversed() -> None:
    """Chain rule (text 3, A.3): ∇f = J_hᵀ ∇g."""
    usual = run("autodiff:brackets", steps=0)
    turned = run("autodiff:brackets", steps=0, convention="Jᵀ = J₁ᵀ … J_Lᵀ")
    names = [label.split()[0] for label in usual.sizes()]
    assert names == ["J₃", "J₂", "J₁", "V₀", "U₀", "J₃", "J₂", "J₁"]
    assert [label.split()[0] for label in turned.sizes()] == [name + "ᵀ" for name in [*names[3::-1], *names[:3:-1]]]
    assert turned.sizes()[0:2] == ("V₀ᵀ 6×6", "J₁ᵀ 6×8")


# ---------------------------------------------------------------- what must be remembered


@pytest.mark.parametrize(
    ("depth", "every", "peak", "work"),
    [(36, 1, 37, 36), (36, 6, 12, 61), (64, 8, 16, 113), (36, 100, 37, 36)],
)
def test_values_kept_and_computed_again_are_counted(depth: int, every: int, peak: int, work: int) -> None:
    """What reverse mode must remember (beyond): L/k + k values, for less than one pass more."""
    experiment = run("autodiff:memory", depth=depth, every=every)
    assert (experiment.peak, experiment.work) == (peak, work) == experiment.counted(min(every, depth))
    if depth % every == 0:
        assert peak == depth // every + every


def test_memory_grows_with_depth_in_reverse_mode_only() -> None:
    for depth in (10, 20, 40):
        session = Session(CATALOGUE.load("autodiff:memory"), {"depth": depth, "every": 1})
        while session.step():
            pass
        columns = session.run.columns.views()
        assert columns["stored/reverse"].max() == depth + 1
        assert columns["stored/forward"].max() == 2


@pytest.mark.parametrize("every", [1, 4, 30])
def test_the_derivative_is_the_same_whatever_is_forgotten(every: int) -> None:
    experiment = run("autodiff:memory", depth=30, every=every)
    x = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    y = x
    for _ in range(30):
        y = torch.sin(y)
    y.backward()
    assert x.grad is not None
    assert experiment.adjoint == pytest.approx(float(x.grad), rel=1e-12)
    assert experiment.tangent == pytest.approx(float(x.grad), rel=1e-12)


def test_written_out_the_derivative_swells_while_the_tape_grows_by_a_layer() -> None:
    """Symbolic differentiation and expression swell (text 3, 4.4)."""
    experiment = run("autodiff:swell")
    symbolic, whole, automatic = np.diff(np.array(experiment.counts), axis=0).T
    assert (symbolic[1:] > 2.5 * symbolic[:-1]).all()
    assert (symbolic[2:] > 2 * whole[2:]).all()
    assert len(set(automatic)) == 1
    y = x = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    for _ in range(experiment.depth()):
        y = 4 * y * (1 - y)
    y.backward()
    assert x.grad is not None
    assert {row[1] for row in experiment.slopes()} == {written(float(x.grad), 9)}
