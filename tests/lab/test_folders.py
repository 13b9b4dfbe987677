"""A folder of the person's pictures: classes, sizes, order and every refusal."""

import numpy as np
import pytest
from PIL import Image

from lab.data import folders
from lab.data.folders import pictures


def filled(home, classes, size=(10, 10)):
    """One sub-folder a class with so many grey pictures, each a shade of its own."""
    for place, (name, count) in enumerate(classes.items()):
        (home / name).mkdir()
        for number in range(count):
            Image.new("L", size, 100 * place + number).save(home / name / f"{number:03}.png")
    return str(home)


def test_each_sub_folder_is_a_class_in_the_order_of_names(tmp_path):
    made = pictures(filled(tmp_path, {"cats": 5, "apes": 10}), 8)
    assert made.names == ("apes", "cats")
    assert np.bincount(made.labels).tolist() == [10, 5]
    assert made.images.shape == (15, 8, 8)
    assert made.images[made.labels == 1].mean(axis=(1, 2)) * 255 == pytest.approx(np.arange(5), abs=0.01)


def test_a_split_tests_on_the_last_fifth_of_every_class(tmp_path):
    train, test = pictures(filled(tmp_path, {"few": 10, "many": 40}), 8).split()
    assert np.bincount(train.labels).tolist() == [8, 32]
    assert np.bincount(test.labels).tolist() == [2, 8]
    assert (test.images[test.labels == 0][:, 0, 0] * 255).round().tolist() == [8, 9]


def test_of_a_wide_picture_the_middle_square_is_kept_and_colour_becomes_grey(tmp_path):
    filled(tmp_path, {"a": 5, "b": 4})
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255, 0, 0
    Image.fromarray(wide).save(tmp_path / "b" / "999.png")
    made = pictures(str(tmp_path), 10)
    assert made.images[-1, :, 2:-2] == pytest.approx(np.full((10, 6), 0.299), abs=0.003)  # ITU-R 601: red has 0.299


def test_a_photograph_lying_on_its_side_is_turned_upright(tmp_path):
    filled(tmp_path, {"a": 5, "b": 4})
    half = np.zeros((16, 16), np.uint8)
    half[:8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # a camera held upright: turn by 90° clockwise to see it so
    Image.fromarray(half).save(tmp_path / "b" / "999.jpg", exif=exif, quality=100)
    shown = pictures(str(tmp_path), 16).images[-1]
    assert shown[:, 8:].mean() > 0.95
    assert shown[:, :8].mean() < 0.05


def test_other_and_hidden_files_are_passed_over(tmp_path):
    home = filled(tmp_path, {"a": 5, "b": 5})
    (tmp_path / ".cache").mkdir()
    (tmp_path / "read me.txt").write_text("x")
    (tmp_path / "a" / "notes.txt").write_text("x")
    (tmp_path / "a" / ".hidden.png").write_text("x")
    assert len(pictures(home, 8)) == 10


def test_no_more_are_read_than_the_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MOST", 6)
    assert np.bincount(pictures(filled(tmp_path, {"a": 9, "b": 5}), 8).labels).tolist() == [6, 5]


def test_a_picture_that_is_changed_is_read_again(tmp_path):
    import os

    home = filled(tmp_path, {"a": 5, "b": 5})
    before = pictures(home, 8)
    assert pictures(home, 8) is before
    Image.new("L", (10, 10), 255).save(tmp_path / "a" / "000.png")
    os.utime(tmp_path / "a" / "000.png", ns=(1, 1))
    assert pictures(home, 8).images[0].min() == 1


def test_a_folder_that_does_not_fit_is_refused_in_words(tmp_path):
    with pytest.raises(ValueError, match="there is no folder"):
        pictures(str(tmp_path / "nowhere"), 8)
    with pytest.raises(ValueError, match="there is no folder ''"):
        pictures("", 8)
    with pytest.raises(ValueError, match="must hold 2 to 20 sub-folders, one for each class, not 0"):
        pictures(str(tmp_path), 8)
    home = filled(tmp_path, {"a": 5, "b": 3})
    with pytest.raises(ValueError, match=r"b must hold 5 pictures or more .*, not 3"):
        pictures(home, 8)
    with pytest.raises(ValueError, match="side of a picture must be from 4 to 128 pixels, not 1000"):
        pictures(home, 1000)


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_broken_picture_is_named(tmp_path, content):
    home = filled(tmp_path, {"a": 5, "b": 5})
    (tmp_path / "b" / "002.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"b/002\.png is no picture that can be read"):
        pictures(home, 8)


def test_a_picture_cut_short_is_named(tmp_path):
    home = filled(tmp_path, {"a": 5, "b": 5}, size=(200, 200))
    whole = (tmp_path / "b" / "002.png").read_bytes()
    (tmp_path / "b" / "002.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"b/002\.png is no picture that can be read"):
        pictures(home, 8)


def test_a_picture_of_too_many_pixels_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "PIXELS", 99)
    with pytest.raises(ValueError, match="has more than 0 million pixels"):
        pictures(filled(tmp_path, {"a": 5, "b": 5}), 8)
