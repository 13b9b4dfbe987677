"""MNIST's four files are read as they are, plain or packed, and what is wrong with them is said in a sentence."""

import gzip
import struct

import numpy as np
import pytest

from lab.data.mnist import mnist

SIDE = 5
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def idx(array):
    """An array of bytes as an IDX file has it."""
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


@pytest.fixture
def contents():
    rng = np.random.default_rng(0)
    arrays = [part for n in (7, 3) for part in (rng.integers(0, 256, (n, SIDE, SIDE)), rng.integers(0, 10, n))]
    return dict(zip(NAMES, arrays))


@pytest.fixture
def folder(tmp_path, contents):
    for name, array in contents.items():
        (tmp_path / name).write_bytes(idx(array))
    yield tmp_path
    mnist.cache_clear()


def refused(folder):
    with pytest.raises(ValueError, match=r"\w \w.*\w$") as wrong:  # a sentence
        mnist(str(folder))
    return str(wrong.value)


def test_pictures_and_labels_come_as_they_stand_in_the_files(folder, contents):
    train, test = mnist(str(folder))
    assert (len(train), len(test)) == (7, 3)
    np.testing.assert_allclose(train.images * 255, contents[NAMES[0]], atol=1e-4)
    assert train.labels.tolist() == contents[NAMES[1]].tolist()
    assert test.labels.tolist() == contents[NAMES[3]].tolist()
    assert train.names == tuple("0123456789")


def test_packed_files_and_names_with_a_point_are_found_too(folder, contents):
    for name in NAMES[:2]:
        (folder / name).unlink()
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx(contents[name])))
    (folder / NAMES[2]).rename(folder / NAMES[2].replace("-idx", ".idx"))
    train, test = mnist(str(folder))
    np.testing.assert_allclose(train.images * 255, contents[NAMES[0]], atol=1e-4)
    assert len(test) == 3


def test_no_more_is_read_than_asked_for(folder, contents):
    train, test = mnist(str(folder), 4)
    assert train.labels.tolist() == contents[NAMES[1]][:4].tolist()
    assert len(train) == 4
    assert len(test) == 3


def test_a_missing_folder_or_file_is_named(folder):
    assert "no folder" in refused(folder / "nowhere")
    (folder / NAMES[3]).unlink()
    assert NAMES[3] in refused(folder)


@pytest.mark.parametrize(
    ("name", "held", "said"),
    [
        (NAMES[0], b"", "no IDX file of pictures"),
        (NAMES[0], idx(np.zeros(7)), "no IDX file of pictures"),
        (NAMES[1], idx(np.zeros((7, SIDE, SIDE))), "no IDX file of labels"),
        (NAMES[0], idx(np.zeros((7, SIDE, SIDE)))[:-1], "cut short: it has 174 of 175 bytes"),
        (NAMES[0], struct.pack(">4I", 0x803, 2**32 - 1, 28, 28), "must hold 1 to 100000 items"),
        (NAMES[0], struct.pack(">4I", 0x803, 7, 2**31, 2**31), "at most 64 × 64 pixels"),
        (NAMES[0], struct.pack(">4I", 0x803, 0, 28, 28), "must hold 1 to 100000 items"),
        (NAMES[1], idx(np.full(6, 1)), "train-images has 7 pictures and train-labels has 6"),
        (NAMES[3], idx(np.array([1, 2, 10])), "t10k-labels holds the label 10"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(folder, name, held, said):
    (folder / name).write_bytes(held)
    assert said in refused(folder)


def test_a_damaged_packed_file_is_refused(folder, contents):
    (folder / NAMES[0]).unlink()
    packed = gzip.compress(idx(contents[NAMES[0]]))
    (folder / f"{NAMES[0]}.gz").write_bytes(packed[:-20])
    assert "cannot be read" in refused(folder)
    (folder / f"{NAMES[0]}.gz").write_bytes(b"not packed at all")
    assert "cannot be read" in refused(folder)
