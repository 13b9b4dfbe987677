"""k-means against scikit-learn and the numbers of the texts."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import rand_score, silhouette_samples

from lab.catalogue import Catalogue
from lab.data.photos import opened, photo
from lab.maths.clusterings import rand_index, silhouettes
from lab.maths.lloyd import (
    Cloud,
    draw_chances,
    loss_of,
    means,
    plus_plus,
    settled,
    split_clump,
    square_distances,
)
from lab.session import Session

CATALOGUE = Catalogue()


def begun(name: str = "k-means", seed: int = 0, **settings: object) -> Session:
    return Session(CATALOGUE.load(name), settings, seed)


def blobs() -> np.ndarray:
    """The five blobs of `Bad initialization, restarts`."""
    at = np.repeat([(0, 0), (4, 0), (0, 4), (4, 4), (8, 2)], 40, axis=0)
    return at + 0.5 * np.random.default_rng(0).normal(size=(200, 2))


@pytest.mark.parametrize("seed", range(4))
def test_lloyd_ends_where_scikit_learn_ends(seed: int) -> None:
    x = blobs()
    first = x[np.random.default_rng(seed).choice(200, 5, replace=False)]
    theirs = KMeans(5, init=first, n_init=1, tol=0, algorithm="lloyd").fit(x)
    assert settled(x, first) == pytest.approx(theirs.cluster_centers_)
    assert loss_of(x, settled(x, first)) == pytest.approx(theirs.inertia_)


def test_the_experiment_ends_where_scikit_learn_ends() -> None:
    session = begun()
    session.seek(1)
    first = session.experiment.first
    theirs = KMeans(5, init=first, n_init=1, tol=0, algorithm="lloyd").fit(session.experiment.x)
    session.seek(200)
    assert session.finished
    assert session.experiment.centres == pytest.approx(theirs.cluster_centers_)
    assert session.run.columns.views()["loss"][-1] == pytest.approx(theirs.inertia_)


@pytest.mark.parametrize("begin", ["random points", "random places", "a split clump", "one left empty", "by hand"])
@pytest.mark.parametrize("points", ["blobs", "moons", "uniform"])
def test_the_loss_never_rises_at_a_half_step(begin: str, points: str) -> None:
    session = begun(begin=begin, points=points, k=6, seed=3)
    session.seek(60)
    loss = session.run.columns.views()["loss"]
    assert len(loss) > 4
    assert (np.diff(loss) <= 1e-9 * loss[0]).all()


def test_five_blobs_have_the_losses_of_the_text() -> None:
    """Choice of k: 2536, 1171, 718, 394, 97, 88 for k = 1 … 6; Bad initialization: worst 709 of 500 random starts."""
    x, rng = blobs(), np.random.default_rng(1)
    best = [min(loss_of(x, settled(x, plus_plus(x, k, rng))) for _ in range(30)) for k in range(1, 7)]
    assert best == pytest.approx([2536, 1171, 718, 394, 97, 88], rel=0.02)
    theirs = [KMeans(k, n_init=20, random_state=0).fit(x).inertia_ for k in range(1, 7)]
    assert best == pytest.approx(theirs, rel=1e-3)
    assert loss_of(x, x) == 0  # Loss does not measure usefulness: k = n


def test_about_half_of_random_starts_reach_the_best() -> None:
    """Bad initialization, restarts: 53 to 56 % of 500."""
    x, rng = blobs(), np.random.default_rng(0)
    ends = np.array([loss_of(x, settled(x, x[rng.choice(200, 5, replace=False)])) for _ in range(200)])
    assert np.mean(ends < 1.001 * ends.min()) == pytest.approx(0.545, abs=0.1)
    assert ends.max() > 380


def test_a_split_clump_stays_a_bad_minimum() -> None:
    x, rng = blobs(), np.random.default_rng(0)
    assert loss_of(x, settled(x, split_clump(x, 5, rng))) > 3 * 97


def test_an_empty_centre_is_said_and_mended_or_left() -> None:
    for choice, mended in (("to the worst-served point", True), ("left where it is", False)):
        session = begun(begin="one left empty", empty=choice)
        session.seek(1)
        assert (np.bincount(session.experiment.owner, minlength=5) == 0).sum() == 1
        assert "no points" in session.draw({"said"}).values["said"]
        session.seek(40)
        assert (np.bincount(session.experiment.owner, minlength=5) > 0).all() == mended


def test_the_worst_served_point_gets_the_empty_centre() -> None:
    x = np.array([[0.0], [1.0], [7.0]])
    moved = means(x, np.zeros(3, int), np.array([[0.0], [50.0], [60.0]]))
    assert moved.ravel() == pytest.approx([8 / 3, 7, 1])


def test_chances_and_silhouettes_are_those_of_the_entry() -> None:
    """k-means++, empty clusters, sizes and densities, silhouette."""
    x = np.array([[0.0], [1.0], [10.0]])
    assert draw_chances(x, x[:1]) == pytest.approx([0, 1 / 101, 100 / 101])
    x = np.array([[0.0], [1.0], [10.0], [11.0]])
    found = silhouettes(x, np.array([0, 0, 1, 1]))
    assert found == pytest.approx([0.904762, 0.894737, 0.894737, 0.904762], abs=1e-6)


def test_silhouettes_and_rand_are_scikit_learns() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(70, 2))
    one, other = rng.integers(4, size=70), rng.integers(3, size=70)
    one[0] = 4  # alone in its cluster
    assert silhouettes(x, one) == pytest.approx(silhouette_samples(x, one))
    assert rand_index(one, other) == pytest.approx(rand_score(one, other))


def test_loss_of_a_cluster_is_its_size_times_its_variance() -> None:
    """k-means loss (with indicator) and variance: L_j = N_j Var_j."""
    session = begun(seed=1)
    session.seek(30)
    e = session.experiment
    shares = session.draw({"shares"}).values["shares"]
    own = [e.x[e.owner == j] for j in range(5)]
    assert shares == pytest.approx([len(x) * x.var(axis=0).sum() for x in own])
    assert shares.sum() == pytest.approx(session.run.columns.views()["loss"][-1])


def test_one_gradient_step_at_half_the_inverse_count_is_lloyds() -> None:
    """k-means by gradient descent: η_j = 1/(2 N_j), and at twice that nothing settles."""
    session = begun("k-means:gradient", rate=1.0)
    for _ in range(6):
        session.step()
        assert session.experiment.glide == pytest.approx(session.experiment.jump, abs=1e-9)
    centres = session.experiment.glide + 0.1
    session.experiment.glide = centres
    slopes = session.experiment.slopes(centres)
    for j, axis in ((0, 0), (3, 1)):
        nudge = np.zeros_like(centres)
        nudge[j, axis] = 1e-6
        x = session.experiment.x
        assert slopes[j, axis] == pytest.approx(
            (loss_of(x, centres + nudge) - loss_of(x, centres - nudge)) / 2e-6, rel=1e-4
        )
    wild = begun("k-means:gradient", rate=2.1)
    wild.seek(60)
    assert wild.run.columns.views()["apart"][-1] > 1


def test_the_landscape_is_its_own_mirror_image() -> None:
    z = begun("k-means:landscape").draw({"height"}).values["height"].z
    assert z == pytest.approx(z.T)


def test_stretching_misleads_the_left_and_the_radius_cures_only_a_centred_ring() -> None:
    def rand(**settings: object) -> list[float]:
        session = begun("k-means:twins", **settings)
        session.seek(40)
        return [float(session.run.columns.views()[f"rand/{side}"][-1]) for side in ("left", "right")]

    left, right = rand(cloud="stretched clumps", stretch=6.0)
    assert left < 0.6
    assert right > 0.95
    left, right = rand(cloud="ring around a disc")
    assert left < 0.8
    assert right == 1
    assert rand(cloud="ring around a disc", off=3.0)[1] < 0.8


def test_the_elbow_is_at_five_and_never_rises() -> None:
    session = begun("k-means:elbow", begin="k-means++")
    session.seek(12)
    curve = session.draw({"trained", "knee"}).values
    assert (np.diff(curve["trained"][:, 1]) < 1e-9).all()
    assert curve["knee"] == "bend at 5"
    small = begun("k-means:elbow", points={"n": 8}, most=8, held_out=0.0)
    assert small.draw({"trained"}).values["trained"][-1].tolist() == [8, 0]


def test_an_image_has_at_most_k_colours_and_is_scikit_learns() -> None:
    session = begun("k-means:colours", side=48, k=6, begin="k-means++")
    first = session.experiment.centres
    session.seek(200)
    assert session.finished
    picture = session.draw({"recoloured"}).values["recoloured"]
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) <= 6
    x = photo("painted sunset", 48).reshape(-1, 3).astype(float)
    theirs = KMeans(6, init=first, n_init=1, tol=0, algorithm="lloyd").fit(x)
    assert session.experiment.sums.loss == pytest.approx(theirs.inertia_, rel=1e-3)
    assert photo("photograph of a flower", 640).reshape(-1, 3).shape == (409_600, 3)


def test_a_file_that_is_no_picture_is_refused_in_words(tmp_path) -> None:
    (tmp_path / "note.png").write_text("not a picture")
    for path in ("note.png", "missing.png"):
        with pytest.raises(ValueError, match="no picture that can be read"):
            opened(str(tmp_path / path), 16)


@pytest.mark.parametrize(("n", "d", "k"), [(40_000, 2, 8), (17_000, 3, 24), (3, 1, 3)])
def test_the_fast_pass_is_the_plain_one(n: int, d: int, k: int) -> None:
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(n, d)) * 3 + 100).astype(np.float32)  # far from 0, where float32 loses digits
    centres = x[rng.choice(n, k, replace=False)].astype(float)
    labels = np.empty(n, np.int32)
    found = Cloud(x).assign(centres, labels)
    d2 = square_distances(x.astype(float), centres)
    rows = np.arange(n)
    assert d2[rows, labels] == pytest.approx(d2.min(axis=1), abs=1e-3)
    assert found.loss == pytest.approx(d2.min(axis=1).sum(), rel=1e-4, abs=1e-3)
    assert found.counts.tolist() == np.bincount(labels, minlength=k).tolist()
    expected = [x[labels == j].mean(axis=0, dtype=float) for j in range(k)]
    assert found.sums / found.counts[:, None] == pytest.approx(np.array(expected), rel=1e-5)


def test_ties_go_to_the_first_centre() -> None:
    labels = np.empty(3, np.int32)
    found = Cloud(np.array([[-1.0], [0.0], [1.0]])).assign(np.array([[-1.0], [1.0], [1.0]]), labels)
    assert labels.tolist() == [0, 0, 1]
    assert found.counts.tolist() == [2, 1, 0]


def test_a_step_on_a_million_points_takes_at_most_three_times_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1_000_000, 2)).astype(np.float32)
    first = x[:8].copy()

    def fitted(rounds: int) -> float:
        began = time.perf_counter()
        fit = KMeans(8, init=first, n_init=1, max_iter=rounds, tol=0, algorithm="lloyd")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert fit.fit(x).n_iter_ == rounds
        return time.perf_counter() - began

    def ours() -> float:
        began = time.perf_counter()
        cloud.assign(first, labels)
        return time.perf_counter() - began

    cloud, labels = Cloud(x), np.empty(len(x), np.int32)
    theirs = (min(fitted(11) for _ in range(2)) - min(fitted(1) for _ in range(2))) / 10
    assert min(ours() for _ in range(5)) <= 3 * theirs
