"""The perceptron against scikit-learn, and against the numbers of texts 2 and 4 and of beyond.md."""

import numpy as np
import pytest
from sklearn.linear_model import Perceptron, SGDClassifier
from sklearn.svm import SVC

from lab.catalogue import Catalogue
from lab.data.points import make
from lab.maths.perceptrons import fewest_mistakes, widest, with_one
from lab.session import Session

CATALOGUE = Catalogue()
XOR = {"kind": "own", "x": [[0, 0], [0, 1], [1, 0], [1, 1]], "y": [0, 1, 1, 0], "number": [0, 1, 2, 3]}
AND = {**XOR, "y": [0, 0, 0, 1]}
OR = {**XOR, "y": [0, 1, 1, 1]}
OVERLAP = {"kind": "two gaussians", "n": 40, "noise": 1.0}


def run(name, steps, seed=0, **settings):
    session = Session(CATALOGUE.load(name), settings, seed)
    session.seek(steps)
    return session


def column(session, name):
    return session.run.columns.views()[name]


# ---------------------------------------------------------------- one order of samples, with scikit-learn


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_weights_are_those_of_scikit_learn_on_one_order_of_samples(rounds):
    state = run("perceptron", 40 * rounds, points=OVERLAP, order="in turn").experiment
    theirs = Perceptron(shuffle=False, tol=None, max_iter=rounds).fit(state.points.x, state.points.y)
    assert state.w == pytest.approx([*theirs.coef_[0], *theirs.intercept_], abs=1e-9)


def test_the_mean_of_weights_is_that_of_scikit_learn():
    state = run("perceptron", 120, points=OVERLAP, order="in turn", rivals=True).experiment
    theirs = SGDClassifier(
        loss="perceptron",
        penalty=None,
        learning_rate="constant",
        eta0=1,
        average=True,
        shuffle=False,
        tol=None,
        max_iter=3,
    ).fit(state.points.x, state.points.y)
    assert state.mean_w() == pytest.approx([*theirs.coef_[0], *theirs.intercept_], abs=1e-9)


# ---------------------------------------------------------------- the rule ("Perceptron algorithm", text 4, 17)


def test_a_mistake_adds_y_x_and_lifts_the_score_by_the_squared_length_and_nothing_else_moves():
    session = run("perceptron", 0, points=OVERLAP)
    mistakes = 0
    for _ in range(60):
        before = session.experiment.w
        session.step()
        state = session.experiment
        x, y = np.append(state.points.x[state.picked], 1), 2 * state.points.y[state.picked] - 1
        wrong = y * (before @ x) <= 0
        mistakes += wrong
        assert state.w == pytest.approx(before + y * x if wrong else before, abs=1e-12)
        if wrong:
            assert y * (state.w @ x) - y * (before @ x) == pytest.approx(x @ x)
    assert 5 < mistakes == column(session, "mistakes")[-1]


def test_a_score_of_zero_is_a_mistake_for_either_class():
    for points in (AND, OR):  # begins with w = 0 at (0, 0), of class −1
        session = run("perceptron", 1, points=points, order="in turn")
        assert session.experiment.w == pytest.approx([0, 0, -1])
    assert run("perceptron", 0, points=AND).experiment.error(np.zeros(3)) == 1


@pytest.mark.parametrize("points", [AND, OR, {"kind": "line", "n": 40, "noise": 0.3}])
def test_it_stops_where_a_line_separates(points):
    session = run("perceptron", 2000, points=points)
    assert session.finished
    assert column(session, "error")[-1] == 0
    assert column(session, "mistakes")[-1] <= column(session, "bound")[-1]


# ---------------------------------------------------------------- XOR ("XOR limitation" and "Limits of one neuron")


def test_on_xor_mistakes_never_stop_and_a_quarter_is_the_least_error():
    session = run("perceptron", 2000, points=XOR)
    error, mistakes = column(session, "error"), column(session, "mistakes")
    assert not session.finished
    assert error.min() >= 0.25
    assert mistakes[-1] - mistakes[1000] > 300
    assert session.draw({"floor"}).values["floor"] == pytest.approx([0.25])


def test_the_product_feature_makes_xor_separable():
    session = run("perceptron", 2000, points=XOR, features="and x₁x₂")
    assert session.finished
    assert column(session, "error")[-1] == 0


def test_no_line_does_better_than_the_fewest_mistakes_and_some_line_does_as_well():
    rng = np.random.default_rng(0)
    for _ in range(5):
        x, y = rng.normal(size=(9, 2)), rng.choice([-1.0, 1.0], 9)
        w = rng.normal(size=(20000, 3))
        tried = (y * (w @ with_one(x).T) <= 0).sum(axis=1).min()
        assert fewest_mistakes(x, y) == tried
    three = np.array([(0.0, 0), (1, 0), (2, 0)])
    assert fewest_mistakes(three, np.array([1.0, -1, 1])) == 1


# ---------------------------------------------------------------- the bound ("Perceptron mistake bound", 20)


def test_the_widest_margin_is_that_of_a_support_vector_machine():
    cloud = make("line", n=40, noise=0.3, seed=3)
    X, y = with_one(cloud.x), 2.0 * cloud.y - 1
    Z = y[:, None] * X
    star, rho = widest(X, y)
    svm = SVC(kernel="linear", C=1e8, tol=1e-9).fit(np.vstack([Z, -Z]), np.repeat([1, -1], len(Z)))
    assert rho == pytest.approx(1 / np.linalg.norm(svm.coef_), rel=1e-4)
    assert star == pytest.approx(svm.coef_[0] * rho, abs=1e-3)
    assert widest(with_one(np.array(XOR["x"])), np.array([-1.0, 1, 1, -1])) is None


@pytest.mark.parametrize("dimension", [2, 100])
@pytest.mark.parametrize("source", ["fresh stream", "the same points"])
def test_all_three_inequalities_hold_at_every_mistake_in_any_dimension(dimension, source):
    session = run("perceptron:bound", 1500, dimension=dimension, source=source, margin=0.1)
    views = session.run.columns.views()
    assert (views["inner"] >= views["floor"] - 1e-9).all()
    assert (views["length"] <= views["ceiling"] + 1e-9).all()
    known = np.isfinite(views["cosine"])
    assert (views["cosine"][known] >= views["least"][known] - 1e-9).all()
    assert 1 <= views["mistakes"].max() <= 100 == views["bound"][-1].round(6)


def test_the_bound_from_other_weights_than_zero_still_holds():
    for seed in range(8):
        session = run("perceptron", 3000, seed=seed, begin="at random", points={"kind": "line", "n": 30, "noise": 0.2})
        assert session.finished
        assert column(session, "mistakes")[-1] <= column(session, "bound")[-1]


# ---------------------------------------------------------------- duals, rivals, several classes, soft and hard


def test_w_is_rebuilt_from_alpha():
    state = run("perceptron", 200, points=OVERLAP, begin="at random").experiment
    signs = 2.0 * state.points.y - 1
    assert state.w == pytest.approx(state.w0 + (state.alpha * signs) @ np.column_stack([state.points.x, np.ones(40)]))
    assert state.alpha.sum() == column(run("perceptron", 200, points=OVERLAP, begin="at random"), "mistakes")[-1]


def test_the_pocket_never_gets_worse_and_on_separable_data_all_three_end_without_mistakes():
    pocket = column(run("perceptron", 300, points=OVERLAP, rivals=True), "error/pocket")
    assert (np.diff(pocket) <= 0).all()
    assert pocket[-1] < pocket[0]
    session = run("perceptron", 5000, points={"kind": "line", "n": 30, "noise": 0.2}, rivals=True)
    assert session.finished
    assert [column(session, n)[-1] for n in ("error", "error/averaged", "error/pocket")] == [0, 0, 0]


def test_with_two_classes_the_many_class_rule_is_the_binary_one():
    cloud = make(**OVERLAP)
    own = {"kind": "own", "x": cloud.x.tolist(), "y": cloud.y.tolist(), "number": list(range(40))}
    session = run("perceptron:many-classes", 0, points=own)
    for _ in range(80):
        before = session.experiment.W
        session.step()
        state = session.experiment
        x, y = np.append(state.points.x[state.picked], 1), 2 * state.points.y[state.picked] - 1
        w = before[1] - before[0]
        assert state.W.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)
        assert state.W[1] - state.W[0] == pytest.approx(w + 2 * y * x if y * (w @ x) <= 0 else w, abs=1e-9)
    assert run("perceptron:many-classes", 4000, points={"kind": "blobs", "n": 60, "noise": 0.05}).finished


def test_at_softness_zero_the_logistic_unit_is_the_perceptron():
    session = run("perceptron:softness", 300, softness=0, points=OVERLAP)
    assert np.array_equal(session.experiment.w, session.experiment.v)
    assert session.experiment.w.any()
    soft = run("perceptron:softness", 300, softness=1, points=OVERLAP).experiment
    assert not np.allclose(soft.w, soft.v)


def test_thresholds_make_the_gates():  # "McCulloch-Pitts neuron": θ = 2 gives AND, θ = 1 gives OR
    for name in ("AND", "OR", "NAND", "NOR"):
        kind = CATALOGUE.load("perceptron:gates")
        assert Session(kind, kind.presets[name]).draw({"right"}).values["right"] == "4 of 4 right"
    assert dict(CATALOGUE.load("perceptron:gates").presets["AND"])["threshold"] == 2
    assert dict(CATALOGUE.load("perceptron:gates").presets["OR"])["threshold"] == 1


def test_cards_without_noise_are_learnt_and_the_weights_part_by_side():  # "Rosenblatt's punch-card task"
    session = run("perceptron:punch-cards", 3000, noise=0, marks=4)
    w = session.experiment.w.reshape(8, 8)
    assert session.finished
    assert w[:, :4].max() <= 0 <= w[:, 4:].min()
    assert column(session, "antisymmetry")[-1] > 0
