"""What a cloud of points promises: shapes true to their names, safe edits, a stable split, an exact file."""

import json
from copy import deepcopy
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from lab.data.points import KINDS, Points, from_json, make

steady = settings(derandomize=True, deadline=None, database=None)
finite = st.floats(allow_nan=False, allow_infinity=False)
labels = st.integers(0, 9)
own = st.lists(st.tuples(finite, finite, labels), min_size=1, max_size=12).map(
    lambda rows: Points([row[:2] for row in rows], [row[2] for row in rows])
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def agreement(found, label):
    """Accuracy of a split into two, whichever way round it was numbered."""
    same = np.mean(found == label)
    return max(same, 1 - same)


def separable(points):
    """Whether scipy finds w and b with (w·x + b)·sign ≥ 1 for every point."""
    sign = np.where(points.y == 1, 1, -1)[:, None]
    rows = -sign * np.column_stack((points.x, np.ones(len(points))))
    return linprog(np.zeros(3), A_ub=rows, b_ub=-np.ones(len(points)), bounds=(None, None)).status == 0


@steady
@given(
    kind=st.sampled_from(list(KINDS)),
    n=st.integers(1, 300),
    noise=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_made_points_stay_on_the_board_and_classes_are_balanced(kind, n, noise, seed):
    points = make(kind, n, noise, seed=seed)
    sizes = np.bincount(points.y, minlength=points.classes)
    assert points.x.shape == (n, 2)
    assert np.abs(points.x).max() <= 6
    assert sizes.max() - sizes.min() <= 1
    assert points == make(kind, n, noise, seed=seed)


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_makes_other_points(kind):
    assert not np.array_equal(make(kind, seed=1).x, make(kind, seed=2).x)


def test_kinds_have_a_title_to_read_and_their_usual_classes():
    assert {kind: make(kind).classes for kind in KINDS} == {
        "blobs": 5,
        "circle": 2,
        "xor": 2,
        "spiral": 2,
        "moons": 2,
        "ring": 1,
        "uniform": 1,
        "two gaussians": 2,
        "line": 2,
        "trend": 1,
        "wave": 1,
    }
    titles = {kind.title for kind in KINDS.values()}
    assert len(titles) == len(KINDS)
    assert all(len(title) > 4 for title in titles)


def test_classes_counts_what_was_asked_for_even_where_a_class_has_no_point():
    assert make("blobs", n=3, classes=7).classes == 7
    assert Points([[0, 0], [1, 1]], [0, 4]).classes == 5


@pytest.mark.parametrize(("k", "loss"), [(1, 2536), (2, 1171), (3, 718), (4, 394), (5, 97), (6, 88)])
def test_blobs_have_the_elbow_at_five_that_the_text_shows(k, loss):
    found = KMeans(k, n_init=20, random_state=0).fit(make("blobs").x)
    assert found.inertia_ == pytest.approx(loss, rel=0.15)


def test_blobs_spread_in_proportion_to_noise():
    for noise, spread in [(0, 0), (0.05, 0.25), (0.1, 0.5)]:
        points = make("blobs", 5000, noise, classes=3)
        assert points.x[points.y == 2].std(axis=0) == pytest.approx([spread, spread], rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_moons_are_beyond_k_means_and_a_line_but_not_beyond_neighbours(seed):
    points = make("moons", seed=seed)
    means = KMeans(2, n_init=10, random_state=0).fit_predict(points.x)
    assert agreement(means, points.y) == pytest.approx(0.755, abs=0.06)
    assert LogisticRegression().fit(points.x, points.y).score(points.x, points.y) < 0.95
    fitted, tested = slice(None, 150), slice(150, None)
    near = KNeighborsClassifier(3).fit(points.x[fitted], points.y[fitted])
    assert near.score(points.x[tested], points.y[tested]) >= 0.98


@pytest.mark.parametrize("seed", range(5))
def test_ring_defeats_k_means_until_the_radius_is_the_feature(seed):
    points = make("ring", classes=2, seed=seed)
    on_plane = KMeans(2, n_init=10, random_state=0).fit_predict(points.x)
    on_radius = KMeans(2, n_init=10, random_state=0).fit_predict(np.linalg.norm(points.x, axis=1)[:, None])
    assert agreement(on_plane, points.y) <= 0.84
    assert agreement(on_radius, points.y) == 1


def test_ring_shows_the_same_points_with_and_without_labels():
    assert np.array_equal(make("ring").x, make("ring", classes=2).x)
    assert not make("ring").y.any()


def test_circle_without_noise_is_a_disc_a_gap_and_a_ring():
    points = make("circle", noise=0)
    radius = np.linalg.norm(points.x, axis=1)
    assert radius[points.y == 0].max() < 2.6
    assert radius[points.y == 1].min() > 3.4


def test_xor_fills_all_quadrants_and_no_line_gets_above_three_quarters():
    points = make("xor", noise=0)
    assert np.array_equal(points.y == 1, points.x.prod(axis=1) > 0)
    quadrants, sizes = np.unique(np.sign(points.x), axis=0, return_counts=True)
    assert len(quadrants) == 4
    assert set(sizes) == {50}
    assert LogisticRegression().fit(points.x, points.y).score(points.x, points.y) <= 0.75


@pytest.mark.parametrize("arms", [2, 3, 5])
def test_spiral_arms_wind_too_far_for_lines_but_stay_apart(arms):
    points = make("spiral", 1000, 0.05, classes=arms)
    assert LogisticRegression().fit(points.x, points.y).score(points.x, points.y) < 0.75
    near = KNeighborsClassifier(3).fit(points.x[:750], points.y[:750])
    assert near.score(points.x[750:], points.y[750:]) > 0.97


def test_two_gaussians_at_the_usual_noise_are_unit_clouds_about_two_and_minus_two():
    points = make("two gaussians", 5000)
    for label, centre in [(0, -2), (1, 2)]:
        cloud = points.x[points.y == label]
        assert cloud.mean(axis=0) == pytest.approx([centre, centre], abs=0.06)
        assert np.cov(cloud.T) == pytest.approx(np.eye(2), abs=0.08)


def test_a_trend_is_a_straight_line_with_noise_about_it():
    quiet, noisy = make("trend", 5000, 0), make("trend", 5000, 0.1)
    assert np.polyfit(*quiet.x.T, 1) == pytest.approx([0.7, 0.5])
    slope, offset = np.polyfit(*noisy.x.T, 1)
    assert (noisy.x[:, 1] - slope * noisy.x[:, 0] - offset).std() == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("noise", [0, 0.1, 1])
@pytest.mark.parametrize("seed", range(4))
def test_line_is_separable_whatever_the_noise(noise, seed):
    assert separable(make("line", noise=noise, seed=seed))


def test_two_gaussians_with_much_noise_are_not_separable():
    assert not separable(make("two gaussians", noise=0.5))


def test_uniform_covers_the_board_evenly():
    _, counts = np.unique(make("uniform", 5000).x // 2.5, axis=0, return_counts=True)
    assert counts == pytest.approx(np.full(16, 312.5), rel=0.2)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "blob"}, "kind must be one of blobs, circle"),
        ({"kind": ["blobs"]}, "kind must be one of"),
        ({"n": 0}, "n must be a whole number from 1 to 5000, not 0"),
        ({"n": 5001}, "n must be a whole number from 1 to 5000, not 5001"),
        ({"n": 20.0}, "n must be a whole number"),
        ({"noise": -0.1}, "noise must be a number from 0 to 1, not -0.1"),
        ({"noise": float("nan")}, "noise must be a number from 0 to 1, not nan"),
        ({"noise": True}, "noise must be a number from 0 to 1, not True"),
        ({"classes": 9}, "classes of blobs must be a whole number from 1 to 8, not 9"),
        ({"kind": "moons", "classes": 3}, "classes of moons must be a whole number from 2 to 2, not 3"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"seed": True}, "seed must be a whole number from 0"),
    ],
)
def test_making_refuses_what_is_out_of_range_and_names_it(asked, said):
    with pytest.raises(ValueError, match=said):
        make(**{"kind": "blobs"} | asked)


def test_nothing_about_points_can_be_changed():
    x = np.array([[1.0, 2.0]])
    points = Points(x, [3])
    x[:] = 9
    assert points.x.tolist() == [[1, 2]]
    for array in (points.x, points.y, points.number):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(FrozenInstanceError):
        points.x = x  # type: ignore[misc]
    made = make("moons")
    made.source["seed"] = 7
    assert made.source == {"kind": "moons", "n": 200, "noise": 0.1, "classes": 2, "seed": 0}


def test_a_deep_copy_is_the_same_object_so_checkpoints_share_it():
    points = make("blobs")
    assert deepcopy({"points": points})["points"] is points


def test_points_are_equal_by_content_and_so_is_their_hash():
    one, same = Points([[1, 2]], [0]), Points([[1, 2]], [0])
    assert one == same
    assert hash(one) == hash(same)
    assert one != Points([[1, 2]], [1])
    assert one != Points([[1, 3]], [0])
    assert one != "points"
    assert one != Points([[1, 2]], [0], [7])  # it may fall on the other side of a split
    made = make("moons")
    assert made != Points(made.x, made.y)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ([], [], "two coordinates"),
        (np.empty((0, 2)), [], "the number of points must be a whole number from 1 to 5000, not 0"),
        (np.zeros((5001, 2)), np.zeros(5001, int), "from 1 to 5000, not 5001"),
        ([[1, 2, 3]], [0], "two coordinates"),
        ([[1, np.inf]], [0], "x must be finite, not inf"),
        ([[1, 2]], [0, 1], "y must be 1 whole numbers from 0 to 9"),
        ([[1, 2]], [10], "y must be 1 whole numbers from 0 to 9, not"),
        ([[1, 2]], [-1], "y must be 1 whole numbers from 0 to 9, not"),
        ([[1, 2]], [0.5], "y must be 1 whole numbers from 0 to 9, not"),
        ([[1, 2]], [True], "y must be 1 whole numbers from 0 to 9, not"),
    ],
)
def test_own_points_are_checked(x, y, said):
    with pytest.raises(ValueError, match=said):
        Points(x, y)


@steady
@given(own, finite, finite, labels)
def test_an_added_point_is_the_last_and_the_others_stay(points, x, y, label):
    more = points.add(x, y, label)
    assert more.x.tolist() == [*points.x.tolist(), [x, y]]
    assert more.y.tolist() == [*points.y.tolist(), label]
    assert len(set(more.number.tolist())) == len(more)


@steady
@given(own, st.data())
def test_moving_and_painting_touch_one_point_only(points, data):
    index = data.draw(st.integers(0, len(points) - 1))
    x, y, label = data.draw(st.tuples(finite, finite, labels))
    moved, painted = points.move(index, x, y), points.paint(index, label)
    others = np.arange(len(points)) != index
    assert moved.x[index].tolist() == [x, y]
    assert np.array_equal(moved.x[others], points.x[others])
    assert np.array_equal(moved.y, points.y)
    assert painted.y[index] == label
    assert np.array_equal(painted.y[others], points.y[others])
    assert np.array_equal(painted.x, points.x)


@steady
@given(own, st.data())
def test_erasing_takes_one_point_and_keeps_the_order(points, data):
    assume(len(points) > 1)
    index = data.draw(st.integers(0, len(points) - 1))
    fewer = points.erase(index)
    rows = list(zip(points.x.tolist(), points.y.tolist()))
    del rows[index]
    assert list(zip(fewer.x.tolist(), fewer.y.tolist())) == rows


def test_an_edit_leaves_the_old_points_and_makes_them_ones_own():
    made = make("blobs", n=10)
    before = made.x.copy(), made.y.copy()
    for edited in (made.add(0, 0), made.move(3, 0, 0), made.erase(3), made.paint(3, 9)):
        assert edited.source == {"kind": "own"}
    assert np.array_equal(made.x, before[0])
    assert np.array_equal(made.y, before[1])
    assert made.source["kind"] == "blobs"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda p: p.move(3, 0, 0), "index must be a whole number from 0 to 2, not 3"),
        (lambda p: p.erase(-1), "index must be a whole number from 0 to 2, not -1"),
        (lambda p: p.paint(True, 0), "index must be a whole number from 0 to 2, not True"),
        (lambda p: p.paint(0, 10), "label must be a whole number from 0 to 9, not 10"),
        (lambda p: p.add(0, 0, -1), "label must be a whole number from 0 to 9, not -1"),
        (lambda p: p.add(float("nan"), 0), "x must be a finite number, not nan"),
        (lambda p: p.move(0, 0, float("-inf")), "y must be a finite number, not -inf"),
        (lambda p: p.add(10**400, 0), "x must be a finite number"),
        (lambda p: p.add("1", 0), "x must be a finite number, not '1'"),
    ],
)
def test_an_impossible_edit_is_refused_in_a_sentence(edit, said):
    with pytest.raises(ValueError, match=said):
        edit(make("blobs", n=3))


def test_a_full_cloud_takes_no_more_and_the_last_point_stays():
    with pytest.raises(ValueError, match="full: erase one first"):
        make("uniform", n=5000).add(0, 0)
    with pytest.raises(ValueError, match="before you erase the last"):
        make("uniform", n=1).erase(0)


def test_a_full_cloud_takes_a_point_again_after_one_was_erased():
    assert len(make("uniform", n=5000).erase(17).add(1, 1)) == 5000


def on_test_side(points, share, seed):
    """The numbers of the points on the test side."""
    return set(points.number[points.split(share, seed)[1]].tolist())


shares, seeds = st.floats(0, 0.9), st.integers(0, 2**32 - 1)


@steady
@given(st.integers(1, 200), shares, seeds)
def test_a_split_puts_every_point_on_one_side_and_leaves_some_to_train(n, share, seed):
    train, test = make("uniform", n).split(share, seed)
    assert len(train) >= 1
    assert sorted([*train, *test]) == list(range(n))


@steady
@given(own, shares, seeds, st.data())
def test_adding_moving_and_painting_move_no_point_across(points, share, seed, data):
    index = data.draw(st.integers(0, len(points) - 1))
    before = on_test_side(points, share, seed)
    assert on_test_side(points.move(index, 4.5, -1), share, seed) == before
    assert on_test_side(points.paint(index, 3), share, seed) == before
    assert on_test_side(points.add(4.5, -1), share, seed) - {len(points)} == before


@pytest.mark.parametrize("seed", range(20))
def test_a_cloud_grown_from_one_point_keeps_every_side(seed):
    points, before = Points([[0, 0]], [0]), set[int]()
    for n in range(1, 15):
        assert on_test_side(points, 0.9, seed) - {n - 1} == before
        before = on_test_side(points, 0.9, seed)
        points = points.add(n, 0)


@steady
@given(st.lists(st.integers(1, 29), max_size=20), shares, seeds)
def test_erasing_moves_no_other_point_across(erased, share, seed):
    points = make("uniform", 50)
    before, gone = on_test_side(points, share, seed), set()
    for index in erased:
        gone.add(int(points.number[index]))
        points = points.erase(index)
    assert on_test_side(points, share, seed) == before - gone


@steady
@given(shares, seeds)
def test_somebody_trains_even_when_the_first_point_is_erased(share, seed):
    train, _ = make("uniform", 2).erase(0).split(share, seed)
    assert train.tolist() == [0]


@pytest.mark.parametrize("n", [20, 200, 5000])
@pytest.mark.parametrize("share", [0, 0.25, 0.5, 0.9])
def test_the_test_side_is_close_to_its_share(n, share):
    _, test = make("uniform", n).split(share, 1)
    assert len(test) == pytest.approx(share * n, abs=2 + 0.02 * n)


def test_a_split_follows_its_seed_and_not_the_data():
    points = make("uniform", 2000, seed=5)
    assert on_test_side(points, 0.5, 5) == on_test_side(points, 0.5, 5)
    assert on_test_side(points, 0.5, 5) != on_test_side(points, 0.5, 6)
    _, test = points.split(0.5, 5)  # the seed of the points too: places and sides must not share their randomness
    assert points.x[test].mean(axis=0) == pytest.approx([0, 0], abs=0.3)


@pytest.mark.parametrize("share", [-0.1, 0.91, float("nan"), True, "half"])
def test_a_split_refuses_a_share_out_of_range(share):
    with pytest.raises(ValueError, match="share must be a number from 0 to"):
        make("moons").split(share, 0)


@steady
@given(own, st.lists(st.integers(0, 3), max_size=3))
def test_own_points_come_back_from_text_to_the_last_bit(points, erased):
    for index in erased:
        if index < len(points) > 1:
            points = points.erase(index)
    back = from_json(json.loads(json.dumps(points.to_json())))
    assert back == points
    assert back.x.tobytes() == points.x.tobytes()  # tells -0.0 from 0.0, which == on arrays does not
    assert back.source == {"kind": "own"}
    assert on_test_side(back, 0.3, 5) == on_test_side(points, 0.3, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_made_points_are_saved_as_how_they_were_made(kind):
    points = make(kind, n=37, noise=1 / 3, seed=2**32 - 1)
    saved = json.loads(json.dumps(points.to_json()))
    assert saved == {
        "kind": kind,
        "n": 37,
        "noise": 1 / 3,
        "classes": points.classes,
        "seed": 2**32 - 1,
    }
    assert from_json(saved) == points


def accepted(data):
    """Points, or None where they were refused: anything but a ValueError is a failure."""
    try:
        return from_json(data)
    except ValueError:
        return None


@steady
@given(anything)
def test_arbitrary_json_is_never_more_than_a_refusal(data):
    assert accepted(data) is None


MADE = {"kind": "spiral", "n": 8, "noise": 0.2, "classes": 2, "seed": 3}
OWN = {"kind": "own", "x": [[0.5, 1.0], [2.0, -3.0]], "y": [0, 1], "number": [0, 4]}


@steady
@given(st.sampled_from([MADE, OWN]), st.data())
def test_a_file_with_one_thing_replaced_is_points_or_a_refusal(saved, data):
    key = data.draw(st.sampled_from(sorted(saved)))
    points = accepted(saved | {key: data.draw(anything)})
    assert points is None or accepted(points.to_json()) == points


@steady
@given(
    st.lists(st.lists(finite | anything, min_size=2, max_size=2) | anything, max_size=3),
    st.lists(labels | anything, max_size=3),
    st.lists(st.integers(0, 5000) | anything, max_size=3),
)
def test_own_points_with_odd_items_are_points_or_a_refusal(x, y, number):
    points = accepted({"kind": "own", "x": x, "y": y, "number": number})
    assert points is None or (points.x.tolist(), points.y.tolist()) == (x, y)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "points must be an object with a kind, not None"),
        ({}, "points must have exactly the keys kind, n, noise, classes, seed"),
        (MADE | {"kind": "galaxy"}, "kind must be one of"),
        (MADE | {"kind": {}}, "kind must be one of"),
        (MADE | {"n": True}, "n must be a whole number"),
        (MADE | {"n": 10**9}, "n must be a whole number from 1 to 5000, not 1000000000"),
        (MADE | {"noise": float("inf")}, "noise must be a number from 0 to 1, not inf"),
        (MADE | {"colour": "red"}, "exactly the keys"),
        (OWN | {"n": 2}, "points must have exactly the keys kind, x, y, number"),
        (OWN | {"x": "many"}, "x must be a list of 1 to 5000, not 'many'"),
        (OWN | {"x": [[0, 0]] * 5001}, "x must be a list of 1 to 5000"),
        (OWN | {"y": []}, "y must be a list of 1 to 5000"),
        (OWN | {"x": [[0, 0], [1]]}, r"each item of x must be a list of two numbers, not \[1\]"),
        (OWN | {"x": [[0, 0], [1, float("nan")]]}, "a coordinate in x must be a finite number, not nan"),
        (OWN | {"x": [[0, 0], [1, False]]}, "a coordinate in x must be a finite number, not False"),
        (OWN | {"y": [0, True]}, "a label in y must be a whole number from 0 to 9, not True"),
        (OWN | {"y": [0, 1.0]}, "a label in y must be a whole number from 0 to 9, not 1.0"),
        (OWN | {"y": [0, 1, 1]}, "y must be 2 whole numbers"),
        (OWN | {"number": [0, 5000]}, "an item of number must be a whole number from 0 to 4999, not 5000"),
        (OWN | {"number": [4, 4]}, "number must differ from point to point"),
    ],
)
def test_a_malformed_file_is_refused_in_a_sentence(data, said):
    with pytest.raises(ValueError, match=said):
        from_json(data)
