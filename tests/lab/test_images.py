"""What pictures promise: the digits as scikit-learn has them, in 0 to 1, never changed."""

from copy import deepcopy
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from sklearn.datasets import load_digits

from lab.data.images import Pictures, digits


def test_digits_are_scikit_learns_over_sixteen():
    loaded = load_digits()
    pictures = digits()
    assert pictures.images.shape == (1797, 8, 8)
    assert pictures.images.dtype == np.float32
    assert pictures.labels.dtype == np.int64
    assert np.array_equal(pictures.images * 16, loaded.images)
    assert np.array_equal(pictures.labels, loaded.target)
    assert pictures.names == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    assert pictures.images.min() == 0
    assert pictures.images.max() == 1


def test_the_first_1437_digits_train_and_the_last_360_test():
    train, test = digits().split()
    assert (len(train), len(test)) == (1437, 360)
    assert np.array_equal(np.concatenate((train.images, test.images)), digits().images)
    assert np.array_equal(np.concatenate((train.labels, test.labels)), digits().labels)
    assert train.names == test.names == digits().names


def test_least_squares_on_the_split_reads_as_many_digits_as_the_syllabus_says():
    def design(pictures):
        return np.column_stack((np.ones(len(pictures)), pictures.images.reshape(len(pictures), 64)))

    train, test = digits().split()
    weights = np.linalg.lstsq(design(train), 2 * np.eye(10)[train.labels] - 1, rcond=1e-6)[0]
    read = (design(test) @ weights).argmax(axis=1)
    assert np.mean(read == test.labels) == pytest.approx(0.8556, abs=0.00005)


def test_digits_are_loaded_once_a_process():
    assert digits() is digits()


def test_nothing_about_pictures_can_be_changed():
    pictures = digits()
    for array in (pictures.images, pictures.labels, *(part.images for part in pictures.split())):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(FrozenInstanceError):
        pictures.labels = np.zeros(1797)  # type: ignore[misc]
    assert deepcopy(pictures) is pictures


def test_pictures_keep_nothing_of_the_callers_arrays():
    images, labels = np.zeros((2, 3, 3), np.float32), np.array([0, 1])
    pictures = Pictures(images, labels, ("no", "yes"))
    images[:], labels[:] = 1, 0
    assert not pictures.images.any()
    assert pictures.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (np.zeros((2, 9)), [0, 1], r"images must have the shape \(n, height, width\)"),
        (np.zeros((0, 3, 3)), [], r"images must have the shape \(n, height, width\)"),
        (np.full((2, 3, 3), 16.0), [0, 1], "images must be from 0 to 1, not from 16.0 to 16.0"),
        (np.full((2, 3, 3), np.nan), [0, 1], "images must be from 0 to 1, not from nan"),
        (np.zeros((2, 3, 3)), [0], "labels must be 2 whole numbers"),
        (np.zeros((2, 3, 3)), [0.0, 1.0], "labels must be 2 whole numbers, not float64"),
        (np.zeros((2, 3, 3)), [0, 2], "labels must be from 0 to 1, not from 0 to 2"),
    ],
)
def test_pictures_are_checked(images, labels, said):
    with pytest.raises(ValueError, match=said):
        Pictures(images, labels, ("no", "yes"))
