"""Sheets: delimiters, headers, kinds of column and gaps are found out; what cannot be read is said in a sentence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.controls import Dataset
from lab.data import sheet as sheets
from lab.data.sheet import number, opened, points, read


def numbers_of(sheet, column):
    found = sheet.columns[column].numbers
    assert found is not None
    return found


IRIS = "width,length,kind\n0.2,1.4,setosa\n1.4,4.7,versicolor\n2.5,6.0,virginica\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ", "])
def test_the_delimiter_is_found_out(delimiter):
    found = read(IRIS.replace(",", delimiter))
    assert [column.name for column in found.columns] == ["width", "length", "kind"]
    assert list(numbers_of(found, 1)) == [1.4, 4.7, 6.0]


def test_columns_apart_by_spaces_need_no_delimiter():
    found = read("1 2.5 0\n3   4 1\n")
    assert [column.name for column in found.columns] == ["column 1", "column 2", "column 3"]
    assert list(numbers_of(found, 1)) == [2.5, 4]


@pytest.mark.parametrize(
    ("entry", "value"),
    [("1.5", 1.5), ("1,5", 1.5), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("−2e3", -2000), ("1_0", np.inf),
     ("nan", np.inf), ("1e999", np.inf), ("red", np.inf), ("", np.inf)],
)  # fmt: skip
def test_numbers_are_read_in_both_notations_of_fractions(entry, value):
    assert number(entry) == value


def test_a_sheet_without_a_header_keeps_its_first_row():
    assert len(read("1,2\n3,4\n")) == 2
    assert len(read("red,blue\nblue,red\nred,red\n")) == 3  # words that come again are no header


def test_the_columns_a_person_means_are_two_of_numbers_and_a_class():
    assert read(IRIS).usual() == ("width", "length", "kind")
    assert read("a,b,c\n.5,.2,0\n.1,.7,1\n").usual() == ("a", "b", "c")  # few whole numbers at the end: classes
    assert read("a,b\n.5,.2\n.1,.7\n").usual() == ("a", "b", "")
    with pytest.raises(ValueError, match="two columns of numbers"):
        read("a,b\nx,.2\ny,.7\n").usual()


def test_points_fill_the_plane_and_classes_are_numbered_in_order():
    found, said = points(read(IRIS), "width", "length", "kind")
    assert said == ""
    assert found.y.tolist() == [0, 1, 2]
    assert found.x.min(axis=0) == pytest.approx([-5, -5])
    assert found.x.max(axis=0) == pytest.approx([5, 5])
    assert points(read(IRIS), "width", "length", fit=False)[0].x.tolist() == [[0.2, 1.4], [1.4, 4.7], [2.5, 6.0]]


def test_rows_with_gaps_are_left_out_and_named_by_their_line():
    sheet = read("x,y,c\n1,2,a\n?,4,b\n5,6\n7,8,\n9,10,b\n")
    found, said = points(sheet, "x", "y", "c")
    assert found.y.tolist() == [0, 1]
    assert said == "3 rows with gaps are left out (lines 3, 4, 5)"
    assert points(sheet, "x", "y")[1] == "2 rows with gaps are left out (lines 3, 4)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the sheet is empty"),
        (" \n,,\n", "the sheet is empty"),
        ("a,b", "a header and no row"),
        (",".join("1" * 201), "line 1 has 201 entries"),
    ],
)
def test_a_sheet_that_cannot_be_read_says_why(text, said):
    with pytest.raises(ValueError, match=said):
        read(text)


def test_columns_that_cannot_be_points_are_refused_by_name():
    sheet = read("x,y,c\n" + "".join(f"{i}.5,{i},k{i}\n" for i in range(12)))
    with pytest.raises(ValueError, match="column c must hold numbers, not k0"):
        points(sheet, "x", "c")
    with pytest.raises(ValueError, match="column c has 12 different entries: at most 10 classes fit"):
        points(sheet, "x", "y", "c")
    with pytest.raises(ValueError, match="no column 'z'; there are x, y, c"):
        points(sheet, "x", "z")
    with pytest.raises(ValueError, match="no row has a number under a and b"):
        points(read("a,b\n1,\n,2\n"), "a", "b")


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path):
    binary = tmp_path / "sheet.csv"
    binary.write_bytes(b"PK\3\4\0\0")
    with pytest.raises(ValueError, match="is not text"):
        opened(str(binary))
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        opened(str(tmp_path / "none.csv"))
    with pytest.raises(ValueError, match="cannot be read"):
        opened(str(tmp_path))


def test_files_from_a_spreadsheet_open_whatever_their_encoding(tmp_path):
    file = tmp_path / "sheet.csv"
    for encoding in ("utf-8-sig", "utf-8", "latin-1"):
        file.write_text("größe;y\r\n1;2\r\n", encoding=encoding, newline="")
        assert opened(str(file)).columns[0].name == "größe"


def test_of_a_huge_file_only_the_beginning_is_read_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "MOST_BYTES", 1000)
    file = tmp_path / "huge.csv"
    file.write_text("x,y\n" + "1.25,2.5\n" * 5000)
    sheet = opened(str(file))
    assert len(sheet) == 110  # whole lines of the first thousand bytes
    assert "only the beginning of this very large file" in points(sheet, "x", "y")[1]


def test_of_many_rows_as_many_are_taken_as_there_may_be_points():
    sheet = read("x,y\n" + "".join(f"{i},{i % 7}\n" for i in range(12_000)))
    found, said = points(sheet, "x", "y", fit=False)
    assert len(found) == 5000
    assert (found.x[0, 0], found.x[-1, 0]) == (0, 11_999)
    assert said == "5,000 of 12,000 rows are taken, evenly spaced"


@given(st.text(max_size=300))
@settings(derandomize=True, deadline=None, database=None, max_examples=300)
def test_whatever_is_pasted_is_read_or_refused_in_a_sentence(text):
    try:
        sheet = read(text)
        found, _ = points(sheet, *sheet.usual())
    except ValueError as wrong:
        assert len(str(wrong)) < 400
    else:
        assert np.isfinite(found.x).all()


def test_a_dataset_takes_a_file_from_the_command_line(tmp_path):
    file = tmp_path / "flowers.CSV"
    file.write_text(IRIS)
    control = Dataset("blobs")
    control.__set_name__(Dataset, "points")
    assert control.from_text(str(file)).y.tolist() == [0, 1, 2]
    assert control.from_text(f"{file}#length, width").y.tolist() == [0, 0, 0]
    assert control.from_text("blobs") == control.default
    with pytest.raises(ValueError, match=r"points: the file none\.csv cannot be read"):
        control.from_text("none.csv")
    with pytest.raises(ValueError, match="points: name two columns"):
        control.from_text(f"{file}#length")
