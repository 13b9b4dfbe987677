"""Texts from files: read in the common encodings, cut to length, refused with the line at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.data import texts
from lab.data.texts import Loaded, decode, load


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_common_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "poem.txt"
    path.write_bytes("Über θ\r\nzwei\rdrei\n\n".encode(encoding))
    loaded = load(path)
    assert loaded.text == "Über θ\nzwei\ndrei"
    assert (loaded.lines, loaded.name) == (3, "poem.txt")


def test_the_line_that_is_in_another_encoding_is_named() -> None:
    with pytest.raises(ValueError, match=r"line 3 is not written in UTF-8 \(byte 0xFC\): save the file as UTF-8"):
        decode("one\ntwo\nfür".encode("latin-1"))


def test_half_a_sign_at_the_end_is_at_fault_too() -> None:
    with pytest.raises(ValueError, match="line 2 is not written in UTF-16-LE"):
        decode(b"\xff\xfe" + "a\nb".encode("utf-16-le") + b"\x00")


@pytest.mark.parametrize(
    ("raw", "said"), [(b"ab\n\x00c", "line 2 holds the control sign U[+]0000"), (b"\x1b", "U[+]001B")]
)
def test_what_is_no_text_is_refused(raw: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode(raw)


def test_tabs_belong_to_a_text() -> None:
    assert decode(b"a\tb") == "a\tb"


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "none.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"none\.txt is empty"):
        load(path)


def test_a_huge_file_is_refused_unread_with_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as stream:
        stream.truncate(200_000_000)
    with pytest.raises(ValueError, match=r"huge\.txt has 200 MB: a text may have 8 MB"):
        load(path)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone\.txt cannot be read: No such file"):
        load(tmp_path / "gone.txt")
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_the_longest_text_still_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MOST_BYTES", 5)
    path = tmp_path / "five.txt"
    path.write_text("12345")
    assert load(path).text == "12345"


@pytest.mark.parametrize(
    ("text", "longest", "left"),
    [
        ("to be or not", 12, "to be or not"),
        ("the cat sat on the mat, said she", 23, "the cat sat on the mat,"),
        ("the cat sat on the mat, said she", 24, "the cat sat on the mat,"),
        ("the cat sat on the mat, said she", 25, "the cat sat on the mat,"),
        ("abcdefghijkl", 5, "abcde"),
        ("a bcdefghijkl", 12, "a bcdefghijk"),
    ],
)
def test_a_long_text_is_cut_after_a_word_that_ends_near(text: str, longest: int, left: str) -> None:
    assert Loaded(text, "x").cut(longest) == left
