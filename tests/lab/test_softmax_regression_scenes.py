"""The scenes of softmax regression against scipy, torch and scikit-learn, and the numbers of the texts."""

import struct

import numpy as np
import pytest
import scipy.special
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier

from lab.catalogue import Catalogue
from lab.maths.many_classes import confusion, pair_targets, pair_votes, pairs, shortest_fit, smoothed_gap
from lab.session import Session

CATALOGUE = Catalogue()


def run(scene, steps=0, seed=0, **settings):
    session = Session(CATALOGUE.load(f"softmax-regression:{scene}"), settings, seed)
    session.seek(steps)
    return session


def drawn(session, *names):
    values = session.draw(set(names)).values
    return [np.asarray(values[name]) for name in names]


def column(session, name):
    return session.run.columns.views()[name]


# ---------------------------------------------------------------- bars


@pytest.mark.parametrize("T", [0.1, 1.0, 20.0])
@pytest.mark.parametrize("z", [[2, 1, -1], [6, -6], [0, 0, 0, 0.5]])
def test_77_softmax_with_temperature_is_scipys_and_a_shift_changes_nothing(z, T):
    (p,) = drawn(run("bars", logits=z, T=T), "p")
    assert p == pytest.approx(scipy.special.softmax(np.array(z) / T), abs=1e-12)
    (lifted,) = drawn(run("bars", logits=z, T=T, shift=4.5), "p")
    assert lifted == pytest.approx(p, abs=1e-12)


def test_softmax_from_sigmoid_gives_the_texts_numbers_for_two_classes():
    p, both = drawn(run("bars", logits=[1.3, 0]), "p", "both")
    assert p == pytest.approx([0.785835, 0.214165], abs=1e-6)
    assert both[1, 0] == pytest.approx(0.785835, abs=1e-6)


def test_only_softmax_sums_to_one_on_the_same_logits():
    (both,) = drawn(run("bars", logits=[2, 1, -1]), "both")
    assert both[:, -1] == pytest.approx([1, scipy.special.expit([2, 1, -1]).sum()])
    assert both[1, -1] > 1.8


def test_hot_levels_cold_decides_and_entropy_grows_with_temperature():
    hot, cold = (drawn(run("bars", logits=[2, 1, -1], T=T), "p")[0] for T in (50, 0.05))
    assert hot == pytest.approx([1 / 3] * 3, abs=0.015)
    assert cold == pytest.approx([1, 0, 0], abs=1e-8)
    (entropies,) = drawn(run("bars"), "entropies")
    assert (np.diff(entropies[:, 1]) >= -1e-12).all()
    way, corners = drawn(run("bars"), "way", "corners")
    assert way[0] == pytest.approx(corners[0])
    assert way[-1] == pytest.approx([0, 0], abs=0.02)


@pytest.mark.parametrize("T", [0.5, 1.0, 3.0])
def test_softmax_and_its_jacobian_agree_with_autograd_and_rows_sum_to_zero(T):
    J, H = drawn(run("bars", logits=[2, 1, -1], T=T), "J", "H")
    z = torch.tensor([2.0, 1.0, -1.0], dtype=torch.float64)
    theirs = torch.autograd.functional.jacobian(lambda z: torch.softmax(z / T, 0), z).numpy()
    bent = torch.autograd.functional.hessian(lambda z: T * torch.logsumexp(z / T, 0), z).numpy()
    assert J[:, :-1] == pytest.approx(theirs, abs=1e-12)
    assert H[:, :-1] == pytest.approx(bent, abs=1e-12)
    assert J[:, -1].tolist() == H[:, -1].tolist() == [0, 0, 0]
    assert np.linalg.eigvalsh(J[:, :-1]).min() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("label", [0, 1, 2])
def test_the_gradient_of_cross_entropy_is_prediction_minus_one_hot(label):
    (error,) = drawn(run("bars", logits=[2, 1, -1], label=label), "error")
    z = torch.tensor([2.0, 1.0, -1.0], requires_grad=True, dtype=torch.float64)
    (slope,) = torch.autograd.grad(torch.nn.functional.cross_entropy(z[None], torch.tensor([label])), z)
    assert error[:, 1] == pytest.approx(slope.numpy(), abs=1e-12)
    assert error[:, 1].sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("T", [0.1, 1.0, 4.0])
def test_78_log_sum_exp_lies_between_the_maximum_and_t_log_m_above_it(T):
    field = run("bars", T=T).draw({"hill"}).values["hill"]
    axis = np.linspace(field.x[0], field.x[1], field.z.shape[1])
    largest = np.maximum(axis[None], axis[:, None])
    theirs = T * scipy.special.logsumexp(np.stack(np.meshgrid(axis, axis)) / T, axis=0)
    np.testing.assert_allclose(field.z, theirs, atol=1e-12)
    assert (field.z >= largest - 1e-12).all()
    assert (field.z <= largest + T * np.log(2) + 1e-12).all()


def test_log_sum_exp_is_straight_along_the_ones_and_convex_along_an_axis():
    ones, first = drawn(run("bars", logits=[2, 1, -1]), "along_ones", "along_first")
    assert np.diff(ones[:, 1]) == pytest.approx(np.diff(ones[:, 0]))
    assert (np.diff(first[:, 1], 2) > 0).all()


def test_a_dragged_bar_sets_its_logit_less_the_constant():
    session = run("bars", logits=[2, 1, -1], shift=1)
    session.act("pull", [1, 0.0, 3.5])
    assert [row.z for row in session.experiment.logits] == [2, 2.5, -1]
    with pytest.raises(ValueError, match="no class 3"):
        session.act("pull", [3, 0.0, 0.0])


# ---------------------------------------------------------------- votes


def test_one_vs_rest_and_one_vs_one_count_k_and_half_of_k_k_minus_1():
    assert len(pairs(10)) == 45
    (maps,) = drawn(run("votes", 1), "maps")
    assert len(maps) == 4 + 6
    assert pair_targets(np.array([0, 2, 1]), 3).tolist() == [[1, 1, 0], [0, -1, -1], [-1, 0, 1]]


def test_least_squares_classifiers_are_those_of_scikit_learn():
    state = run("votes", 1200, base="least squares", rate=1.0).experiment
    x, y = state.points.x, state.points.y
    for k in range(4):
        theirs = LinearRegression().fit(x, np.where(y == k, 1.0, -1.0))
        assert state.W_rest[:, k] == pytest.approx([*theirs.coef_, theirs.intercept_], abs=1e-4)
    for column_, (i, j) in enumerate(pairs(4)):
        among = (y == i) | (y == j)
        theirs = LinearRegression().fit(x[among], np.where(y[among] == i, 1.0, -1.0))
        assert state.W_pair[:, column_] == pytest.approx([*theirs.coef_, theirs.intercept_], abs=1e-3)


def test_logistic_schemes_decide_as_scikit_learn_does_where_classes_overlap():
    data = {"kind": "blobs", "classes": 3, "n": 90, "noise": 0.6, "seed": 3}
    state = run("votes", 800, points=data).experiment
    x, y = state.points.x, state.points.y
    plain = LogisticRegression(C=1e6, max_iter=1000)
    rest, one = OneVsRestClassifier(plain).fit(x, y), OneVsOneClassifier(plain).fit(x, y)
    assert (state.X @ state.W_rest).argmax(axis=1).tolist() == rest.predict(x).tolist()
    wins = pair_votes(state.X @ state.W_pair, 3)
    clear = np.sort(wins, axis=1)[:, -1] > np.sort(wins, axis=1)[:, -2]
    assert clear.sum() > 60
    assert wins.argmax(axis=1)[clear].tolist() == one.predict(x)[clear].tolist()
    theirs = plain.fit(x, y).predict_proba(x)
    assert scipy.special.softmax(state.X @ state.W_soft, axis=1) == pytest.approx(theirs, abs=0.01)


def test_hatched_places_are_those_where_not_exactly_one_says_mine():
    session = run("votes", 100)
    W = session.experiment.W_rest
    none, several = (session.draw({name}).values[name] for name in ("rest_none", "rest_several"))
    for strokes, wanted in ((none, lambda says: says == 0), (several, lambda says: says > 1)):
        places = np.vstack(strokes)
        assert len(places) > 50
        assert wanted((np.column_stack([places, np.ones(len(places))]) @ W > 0).sum(axis=1)).all()


def test_the_ballot_tells_the_verdicts_at_the_picked_point():
    session = run("votes", 100, query=(0.0, 2.0))  # in the midst of class 0
    session.draw({"ballot", "elected"})
    rows, elected = (session.draw({name}).values[name] for name in ("ballot", "elected"))
    assert [row[2] for row in rows] == ["mine", "rest", "rest", "rest"]
    assert rows[0][3] == "3"
    assert elected == (0,)


# ---------------------------------------------------------------- digits


def test_digits_five_ways_by_least_squares_reaches_the_numbers_of_beyond():
    session = run("digits", 9, methods=("linear OvR", "linear OvO"))
    assert column(session, "accuracy/linear OvR")[-1] == pytest.approx(0.8556, abs=5e-5)
    assert column(session, "accuracy/linear OvO")[-1] == pytest.approx(0.9278, abs=5e-5)
    assert np.isnan(column(session, "accuracy/linear OvO")[:9]).all()  # the last pair is solved in step 9
    rows = {row[0]: row for row in session.draw({"ranking"}).values["ranking"]}
    assert [rows[name][2] for name in rows] == ["650", "2925", "650", "2925", "650"]
    assert [rows[name][1] for name in rows] == ["10", "45", "10", "45", "1"]


def test_least_squares_weights_are_the_pseudo_inverse_on_digits():
    x = load_digits().data[:1437] / 16
    X, t = np.column_stack([x, np.ones(1437)]), np.where(load_digits().target[:1437] == 3, 1.0, -1.0)
    assert shortest_fit(X.T @ X, X.T @ t) == pytest.approx(np.linalg.pinv(X) @ t, abs=1e-4)


@pytest.mark.parametrize(("method", "rate", "steps"), [("logistic OvR", 0.2, 1000), ("softmax", 0.02, 700)])
def test_logistic_and_softmax_end_at_scikit_learns_minimum_on_few_pictures(method, rate, steps):
    state = run("digits", steps, methods=(method,), train=150, penalty=1, rate=rate).experiment
    x, y = load_digits().data / 16, load_digits().target
    theirs = LogisticRegression(C=1, max_iter=500, tol=1e-8)
    theirs = (theirs if method == "softmax" else OneVsRestClassifier(theirs)).fit(x[:150], y[:150])
    ours, wanted = state.votes(method, state.test_X), theirs.decision_function(x[1437:])
    if method == "softmax":  # a constant for all classes means nothing
        ours, wanted = scipy.special.softmax(ours, axis=1), scipy.special.softmax(wanted, axis=1)
    np.testing.assert_allclose(ours, wanted, atol=0.01)


def test_confusion_counts_and_misread_digits_agree():
    assert confusion(np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2]), 3).tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    session = run("digits", 9, methods=("linear OvR",), seen="linear OvR", cell=(8, 1))
    counts, misread = drawn(session, "counts", "misread")
    assert counts.sum() == 360
    assert np.trace(counts) == round(0.8556 * 360)
    assert len(misread) == counts[8, 1] > 0
    assert set(session.draw({"verdicts"}).values["verdicts"]) == {"8 → 1"}


def test_pictures_of_a_folder_take_the_place_of_the_digits(tmp_path):
    rng = np.random.default_rng(0)
    for part, n in (("train", 60), ("t10k", 20)):
        y = np.arange(n) % 10
        images = rng.integers(0, 60, (n, 6, 6)).astype(np.uint8)
        images[np.arange(n), y // 5, y % 5] = 255
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, n, 6, 6) + images.tobytes())
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2I", 0x801, n) + y.astype(np.uint8).tobytes()
        )
    session = run("digits", 60, folder=str(tmp_path))
    assert column(session, "accuracy/softmax")[-1] > 0.9
    assert drawn(session, "images")[0].shape == (10, 6, 6)
    with pytest.raises(ValueError, match="folder must be a folder that is there"):
        run("digits", folder=str(tmp_path / "nowhere"))


# ---------------------------------------------------------------- label smoothing ("80. Label smoothing", text 4)


def test_80_label_smoothing_settles_at_the_gap_and_loss_of_the_text():
    session = run("smoothing", 300, m=10, eps=0.1)
    assert column(session, "gap/smoothed")[-1] == pytest.approx(4.3944, abs=5e-4)
    assert column(session, "loss/smoothed")[-1] == pytest.approx(0.5448, abs=1e-4)
    assert column(session, "loss/its floor")[-1] == pytest.approx(0.5448, abs=5e-5)
    assert drawn(session, "settles")[0] == pytest.approx([4.3944], abs=5e-5)


def test_a_one_hot_target_never_stops_pulling_the_logits_apart():
    gap = column(run("smoothing", 400), "gap/one-hot")
    assert (np.diff(gap) > 0).all()
    assert gap[-1] > 8
    session = run("smoothing", 60, eps=0.0)
    assert column(session, "gap/smoothed").tolist() == column(session, "gap/one-hot").tolist()


def test_a_uniform_target_asks_for_no_gap():
    assert smoothed_gap(5, 0.8) == pytest.approx(0, abs=1e-12)
    assert column(run("smoothing", 50, m=5, eps=0.8), "gap/smoothed")[-1] == pytest.approx(0, abs=1e-12)


def test_the_smoothed_loss_is_that_of_torch():
    session = run("smoothing", 7, m=6, eps=0.25)
    z = torch.tensor(session.experiment.z[1:])
    # torch spreads its share over all m classes: theirs times m / (m − 1) is the one here
    theirs = torch.nn.functional.cross_entropy(z, torch.tensor([0]), label_smoothing=0.25 * 6 / 5)
    assert column(session, "loss/smoothed")[-1] == pytest.approx(float(theirs))


# ---------------------------------------------------------------- multi-hot targets ("76." and "81.", text 4)


def test_81_multi_hot_targets_sigmoids_near_one_softmax_never_above_a_half_each():
    session = run("multi-label", 400)
    assert column(session, "least/sigmoids")[-1] > 0.9
    assert 0.4 < column(session, "least/softmax")[-1] <= 0.5
    assert column(session, "exact/sigmoids")[-1] == 1
    assert column(session, "sum/sigmoids")[-1] == pytest.approx(2, abs=0.1)
    assert column(session, "sum/softmax") == pytest.approx(np.ones(401))


def test_exclusive_classes_suit_both():
    session = run("multi-label", 200, labels=1)
    assert column(session, "least/sigmoids")[-1] > 0.85
    assert column(session, "least/softmax")[-1] > 0.9


@pytest.mark.parametrize("absent", [True, False])
def test_76_binary_cross_entropy_steps_down_torchs_gradient(absent):
    before, after = (run("multi-label", t, n=20, absent=absent).experiment for t in (3, 4))
    X, T = torch.tensor(before.X), torch.tensor(before.T)
    W, V = (torch.tensor(w, requires_grad=True) for w in (before.W_alone, before.W_shared))
    p = torch.sigmoid(X @ W)
    (alone,) = torch.autograd.grad(-(T * p.log() + absent * (1 - T) * (1 - p).log()).sum() / 20, W)
    (shared,) = torch.autograd.grad(torch.nn.functional.cross_entropy(X @ V, T), V)
    assert after.W_alone == pytest.approx(before.W_alone - before.rate * alone.numpy(), abs=1e-12)
    assert after.W_shared == pytest.approx(before.W_shared - before.rate * shared.numpy(), abs=1e-12)


def test_bce_as_printed_sends_every_probability_up():
    (p,) = drawn(run("multi-label", 200, absent=False, present=("circle",)), "alone")
    assert (p > 0.8).all()
