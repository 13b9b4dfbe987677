"""PCA against the numbers of the course text (named by entry), scikit-learn, scipy, torch and numpy's own corrcoef."""

import numpy as np
import pytest
import scipy.linalg
import torch
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA

from lab.catalogue import Catalogue
from lab.data.photos import grey
from lab.data.tables import table
from lab.maths import pca as maths
from lab.session import Session

CATALOGUE = Catalogue()


def run(name, steps, seed=0, **settings):
    session = Session(CATALOGUE.load(name), settings, seed)
    session.seek(steps)
    return session


def column(session, name):
    return session.run.columns.views()[name]


def aligned(ours, theirs):
    """The same up to the sign of each column."""
    return ours * np.sign((ours * theirs).sum(axis=0))


@pytest.fixture(scope="module")
def cloud():
    return np.random.default_rng(5).standard_normal((60, 4)) @ np.diag([3, 2, 1, 0.5]) + 7


# ---------------------------------------------------------------- the maths


def test_components_values_and_scores_are_those_of_scikit_learn_up_to_sign(cloud):
    theirs = PCA().fit(cloud)
    for found in (maths.by_svd(cloud), maths.by_eigen(cloud)):  # entry "PCA through SVD": both routes
        assert aligned(found.vectors, theirs.components_.T) == pytest.approx(theirs.components_.T)
        assert found.values == pytest.approx(theirs.explained_variance_ * 59 / 60)  # theirs divides by n − 1
        assert maths.shares(found.values) == pytest.approx(theirs.explained_variance_ratio_)
        scores = theirs.transform(cloud)
        assert aligned(found.scores, scores) == pytest.approx(scores)


def test_data_matrix_covariance_correlation(cloud):
    assert maths.covariance(cloud) == pytest.approx(np.cov(cloud.T, bias=True))
    assert maths.correlation(cloud) == pytest.approx(np.corrcoef(cloud.T))
    assert np.diag(maths.correlation(cloud)) == pytest.approx(np.ones(4))
    assert maths.standardised(np.ones((5, 2))) == pytest.approx(np.zeros((5, 2)))


def test_power_iteration_shrinks_the_tangent_to_a_quarter_for_diag_4_1():
    v, S = np.array([1.0, 1.0]) / np.sqrt(2), np.diag([4.0, 1.0])
    tangents = []
    for _ in range(4):
        tangents.append(v[1] / v[0])
        v = maths.power_step(S, v)
    assert tangents == pytest.approx([1, 1 / 4, 1 / 16, 1 / 64])
    assert maths.power_step(np.zeros((2, 2)), v) == pytest.approx(v)


def test_dropped_is_the_squared_error_of_scikit_learns_rank_r_rebuilding(cloud):
    for r in range(1, 5):
        theirs = PCA(r).fit(cloud)
        error = ((cloud - theirs.inverse_transform(theirs.transform(cloud))) ** 2).sum() / 60
        assert maths.dropped(maths.by_svd(cloud).values)[r] == pytest.approx(error, abs=1e-12)


def test_angles_between_spans_are_scipys(cloud):
    one, two = cloud[:4, :2], cloud[4:8, :2]
    assert maths.widest_angle(one, two) == pytest.approx(np.degrees(scipy.linalg.subspace_angles(one, two)[0]))


@pytest.mark.parametrize("method", ["PCA", "ZCA"])
def test_whitening_makes_the_covariance_the_identity(cloud, method):
    S = maths.covariance(cloud)
    W = maths.whitener(method, S)
    assert np.cov((cloud @ W.T).T, bias=True) == pytest.approx(np.eye(4))
    moved = [((cloud - cloud.mean(0)) @ (maths.whitener(way, S) - np.eye(4)).T) ** 2 for way in ("ZCA", "PCA")]
    assert moved[0].sum() <= moved[1].sum()  # ZCA stays closest


def test_zca_is_the_inverse_root_of_scipy_and_standardising_leaves_the_correlations(cloud):
    S = maths.covariance(cloud)
    assert maths.whitener("ZCA", S) == pytest.approx(np.real(np.linalg.inv(scipy.linalg.sqrtm(S))))
    standard = cloud @ maths.whitener("standardise", S).T
    assert np.corrcoef(standard.T) == pytest.approx(np.corrcoef(cloud.T))
    assert standard.var(axis=0) == pytest.approx(np.ones(4))
    assert maths.whitener("standardise", np.diag([0.75, 0.0]), 0.25) == pytest.approx(np.diag([1.0, 2.0]))
    with pytest.raises(ValueError, match="method must be one of none, centre"):
        maths.whitener("round", S)


# ---------------------------------------------------------------- the axis


def test_the_run_follows_the_law_of_power_iteration():
    session = run("pca", 6, long=2, short=1, tilt=0, angle=45)
    assert column(session, "tangent") == pytest.approx(0.25 ** np.arange(7))
    assert column(session, "law") == pytest.approx(0.25 ** np.arange(7))


def test_pca_derivation_the_curve_peaks_at_the_largest_eigenvalue_and_nothing_beats_it():
    session = run("pca", 30, long=1.7, short=0.6, tilt=-25)
    values = session.draw().values
    theirs = PCA().fit(session.experiment.x)
    largest, least = theirs.explained_variance_ * 119 / 120
    curve = values["variances"]
    assert curve[:, 1].max() == pytest.approx(largest, rel=1e-6)
    assert curve[curve[:, 1].argmax(), 0] == -25
    assert curve[:, 1].min() == pytest.approx(least, rel=1e-6)
    assert column(session, "kept")[-1] == pytest.approx(1.7**2)
    assert "it is v₁" in session.experiment.finished


def test_dropping_a_low_variance_axis_loses_exactly_the_variance_of_y():
    session = run("pca", 0, long=2, short=0.25, tilt=0, angle=0, centre=[0, 3])
    x, values = session.experiment.x, session.draw().values
    assert x.mean(axis=0) == pytest.approx([0, 3])
    assert ((x - values["feet"]) ** 2).sum() / len(x) == pytest.approx(0.0625)
    assert values["parts"] == pytest.approx(100 * np.array([4, 0.0625, 4, 0.0625]) / 4.0625)


def test_rotated_axes_perfectly_correlated_variables_have_no_second_eigenvalue():
    session = run("pca", 1, short=0, tilt=35, angle=-40)
    assert session.experiment.components_of().values == pytest.approx([4, 0], abs=1e-12)
    assert column(session, "tangent")[1] < 1e-7


def test_turning_by_hand_restarts_the_law_and_snap_finds_the_component():
    session = run("pca", 2, tilt=30)
    session.act("turn_axis", [0.0, 3.0])
    assert session.experiment.v == pytest.approx([0, 1])
    session.step()
    assert column(session, "law")[3] == pytest.approx(np.tan(np.radians(60)) / 4)
    assert column(session, "tangent")[3] == pytest.approx(np.tan(np.radians(60)) / 4)
    session.act("turn_to", [-60.0, 1.0])
    session.step()
    assert "it is v₂" in session.experiment.finished
    session.act("snap", [])
    assert abs(session.experiment.v) == pytest.approx([np.cos(np.radians(30)), 0.5])
    with pytest.raises(ValueError, match="mean itself"):
        session.act("turn_axis", list(session.experiment.x.mean(axis=0)))


def test_pca_of_a_general_blob_has_orthogonal_arrows_an_sd_long():
    session = run("pca", 0)
    session.act("move_point", [0, 5.0, -4.0])
    first, second = session.draw().values["components"]
    theirs = PCA().fit(session.experiment.x)
    assert first @ second == pytest.approx(0, abs=1e-9)
    assert [np.linalg.norm(first), np.linalg.norm(second)] == pytest.approx(
        np.sqrt(theirs.explained_variance_ * 119 / 120)
    )


# ---------------------------------------------------------------- digits, tables, pictures


def test_digits_turn_onto_scikit_learns_components_and_meet_their_error():
    pixels = load_digits().data / 16
    theirs = PCA(3).fit(pixels)
    session = run("pca:digits", 250, r=3)
    V = session.experiment.V
    assert aligned(V, theirs.components_.T) == pytest.approx(theirs.components_.T, abs=1e-4)
    rebuilt = theirs.inverse_transform(theirs.transform(pixels))
    assert column(session, "error")[-1] == pytest.approx(((pixels - rebuilt) ** 2).sum() / 1797)
    assert (column(session, "error") >= column(session, "floor") - 1e-12).all()
    assert session.draw().values["rebuilt"][8] == pytest.approx(rebuilt[0].clip(0, 1).reshape(8, 8), abs=1e-4)


def test_pca_wdbc_projection():
    raw, standard = table("breast cancer").x, maths.standardised(load_breast_cancer().data)
    assert raw.shape == (569, 30)
    assert 100 * maths.shares(maths.by_svd(raw).values)[:3] == pytest.approx([98.20, 1.62, 0.16], abs=0.005)
    found = maths.by_svd(standard)
    assert 100 * maths.shares(found.values)[:3] == pytest.approx([44.27, 18.97, 9.39], abs=0.005)
    assert found.values[:2] == pytest.approx([13.28, 5.69], abs=0.005)


def test_the_scores_of_the_table_are_those_of_scikit_learn_and_uncorrelated():
    session = run("pca:table", 40)
    scores = session.draw().values["scores"]
    theirs = PCA(2).fit_transform(maths.standardised(load_breast_cancer().data))
    assert aligned(scores, theirs) == pytest.approx(theirs, abs=1e-4)
    assert np.corrcoef(scores.T)[0, 1] == pytest.approx(0, abs=1e-6)
    assert column(session, "angle")[-1] < 1e-4


@pytest.mark.parametrize(("m", "share"), [(10, 0.050), (30, 0.149), (50, 0.2486)])
def test_svd_compression_stores_what_the_text_says(m, share):
    session = run("pca:image", 0, begin=m)
    few, whole = session.experiment.numbers()
    assert whole == 165_557
    assert few / whole == pytest.approx(share, abs=5e-4)
    assert m != 50 or few == 41_150


def test_eckart_young_each_term_meets_the_bound_and_chance_does_not():
    session = run("pca:image", 8, picture="flower")
    X = grey("flower")
    delta = scipy.linalg.svdvals(X)
    bound = [(delta[m:] ** 2).sum() / (delta**2).sum() for m in range(9)]
    assert column(session, "error") == pytest.approx(bound, rel=1e-9)
    assert column(session, "bound") == pytest.approx(bound, rel=1e-9)
    assert (column(session, "chance")[1:] > column(session, "bound")[1:]).all()
    assert np.linalg.matrix_rank(session.experiment.hat) == 8


def test_a_cross_is_complete_after_two_terms():
    session = run("pca:image", 2, picture="cross")
    assert "All 2 terms" in session.experiment.finished
    assert session.experiment.hat == pytest.approx(grey("cross"), abs=1e-9)


# ---------------------------------------------------------------- the linear auto-encoder, whitening


def test_pca_is_a_linear_autoencoder():
    session = run("pca:auto-encoder", 500)
    x = session.experiment.x
    theirs = PCA(1).fit(x)
    floor = ((x - theirs.inverse_transform(theirs.transform(x))) ** 2).sum() / len(x)
    assert column(session, "floor")[-1] == pytest.approx(floor)
    assert column(session, "loss")[-1] == pytest.approx(floor)
    assert (column(session, "loss") >= floor - 1e-12).all()
    assert column(session, "angle")[-1] < 0.01
    product = session.experiment.W2 @ session.experiment.W1
    assert product == pytest.approx(theirs.components_.T @ theirs.components_, abs=1e-3)


def test_the_autoencoders_step_is_autograds():
    session = run("pca:auto-encoder", 3, rate=0.03)
    one = session.experiment
    W1, W2 = (torch.tensor(W, requires_grad=True) for W in (one.W1, one.W2))
    x = torch.tensor(one.x)
    ((x - x @ W1.T @ W2.T) ** 2).sum(dim=1).mean().backward()
    expected = [(W - 0.03 * W.grad).detach().numpy() for W in (W1, W2)]
    session.step()
    assert np.allclose(one.W1, expected[0])
    assert np.allclose(one.W2, expected[1])


def test_whitened_by_zca_and_eta_at_one_over_lambda_one_step_reaches_least_squares():
    session = run("pca:whitening", 1, method="ZCA", rate=1)
    one = session.experiment
    assert one.w == pytest.approx(scipy.linalg.lstsq(one.x, one.y)[0])
    assert "minimum" in one.finished
    assert column(session, "loss/none")[1] > 0.01


def test_pca_whitening_and_zca_are_one_cloud_turned():
    turned, straight = (run("pca:whitening", 0, method=way).experiment for way in ("PCA", "ZCA"))
    between, off = scipy.linalg.orthogonal_procrustes(turned.x, straight.x)
    assert turned.x @ between == pytest.approx(straight.x)
    assert off == pytest.approx(2 * len(turned.x))
