"""Made shapes: they cover what their geometry says, stay inside, and are as many of each."""

import numpy as np
import pytest

from lab.data.shapes import NAMES, shapes


def one_size(shape, width=0.5, shift=0.0, n=40, side=32):
    made = shapes(np.random.default_rng(1), n, side, shift, (width, width), noise=0)
    return made.images[made.labels == NAMES.index(shape)]


@pytest.mark.parametrize(
    ("shape", "share"), [("circle", np.pi / 4), ("square", 1), ("triangle", 1 / 2), ("cross", 5 / 9)]
)
def test_a_shape_covers_its_share_of_its_square(shape, share):
    covered = one_size(shape).mean(axis=(1, 2)) / 0.5**2
    assert covered == pytest.approx(np.full(10, share), abs=0.02)


def test_a_triangle_stands_on_its_base():
    rows = one_size("triangle")[0].sum(axis=1)
    inside = rows[rows > 0]
    assert (np.diff(inside) >= 0).all()


def test_without_shift_all_shapes_stand_in_the_middle():
    for shape in NAMES:
        assert np.ptp(one_size(shape), axis=0).max() == 0


def test_with_full_shift_no_shape_is_cut():
    squares = one_size("square", shift=1.0, n=400)
    assert squares.mean(axis=(1, 2)) == pytest.approx(np.full(100, 0.25), abs=0.02)
    rows = [np.flatnonzero(picture.any(axis=1)) for picture in squares]
    assert min(r[0] for r in rows) <= 1
    assert max(r[-1] for r in rows) >= 30


def test_there_are_as_many_of_each_in_mixed_order():
    labels = shapes(np.random.default_rng(0), 400).labels
    assert np.bincount(labels).tolist() == [100, 100, 100, 100]
    assert len(set(labels[:20].tolist())) == 4


def test_noise_has_the_spread_that_was_asked_for():
    quiet = shapes(np.random.default_rng(2), 200, noise=0)
    loud = shapes(np.random.default_rng(2), 200, noise=0.1)
    ground = quiet.images == 0
    gained = loud.images[ground]  # cut at 0: half of a normal variable, whose mean is σ/√(2π)
    assert gained.mean() == pytest.approx(0.1 / np.sqrt(2 * np.pi), rel=0.02)


def test_the_same_generator_makes_the_same_pictures():
    first, again, other = (shapes(np.random.default_rng(seed), 40).images for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"sizes": (0.6, 0.3)}, "sizes must be"), ({"sizes": (0.5, 1.2)}, "sizes must be"), ({"shift": 2}, "shift must")],
)
def test_impossible_numbers_are_refused_in_words(wrong, message):
    with pytest.raises(ValueError, match=message):
        shapes(np.random.default_rng(0), 10, **wrong)
