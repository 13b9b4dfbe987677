"""The editors of options, tables, texts, pictures, clouds and rows, under real keys and mouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog

from lab.data import sheet as sheets
from tests.widgets.everything import RIGHT, Everything, click, drag, shown, values, write
from widgets.controls.sheet import SheetDialog


@pytest.fixture
def column(qtbot: Any) -> Any:
    return shown(qtbot)


# ---------------------------------------------------------------- names and marks


def test_one_click_chooses_a_segment_and_a_combo_box_chooses_by_key(column: Any) -> None:
    click(column.editors["penalty"].picker.pills["L2"])
    combo = column.editors["begin"].picker
    combo.setFocus()
    QTest.keyClick(combo, Qt.Key.Key_Down)
    assert values(column, "penalty") == ["L2"]
    assert values(column, "begin") == ["random places"]


def test_pills_hand_on_the_options_in_their_order_and_refuse_to_be_too_few(column: Any) -> None:
    parts = column.editors["parts"]
    for option in ("c", "a", "c"):
        click(parts.pills[option])
    assert values(column, "parts") == [("a", "c"), ("c",)]
    assert parts.wrong.text().startswith("parts must be a list of at least 1 of a, b, c")
    assert not parts.pills["c"].isChecked()  # back to what the run has: no frame told of another
    assert parts.pills["a"].isChecked()


def test_a_switch_turns_at_a_click(column: Any) -> None:
    click(column.editors["ahead"].toggle)
    assert values(column, "ahead") == [True]


def test_a_pair_and_a_table_are_typed_number_by_number(column: Any) -> None:
    write(column.editors["start_at"].boxes[1], "2.5")
    write(column.editors["kernel"].boxes[1][0], "-7")
    assert values(column, "start_at") == [(0, 2.5)]
    assert values(column, "kernel")[0].tolist() == [[0, 1], [-7, 3]]


def test_a_table_grows_by_zeros_up_to_its_most(column: Any) -> None:
    kernel = column.editors["kernel"]
    more = next(b for b in kernel.findChildren(type(kernel.reset)) if b.accessibleName() == "More rows in Kernel")
    click(more)
    click(more)
    assert [table.tolist() for table in values(column, "kernel")] == [[[0, 1], [2, 3], [0, 0]]]
    assert len(kernel.boxes) == 3


def test_a_wrong_formula_says_so_and_stays_to_be_mended_while_the_old_is_in_force(column: Any) -> None:
    f = column.editors["f"]
    write(f.line, "x^2")
    assert f.wrong.text() == "f: the formula has '^': write ** for a power"
    f.show_value(f.known)
    assert (f.line.text(), f.value.text, column.done) == ("x^2", "x + y", [])
    write(f.line, "x**2")
    assert not f.wrong.isVisible()
    assert [formula.text for formula in values(column, "f")] == ["x**2"]
    assert values(column, "f")[0](3.0, 0.0) == 9


def test_a_line_of_text_goes_by_enter_and_a_page_after_a_pause(column: Any, qtbot: Any) -> None:
    write(column.editors["word"].line, "Grace")
    write(column.editors["page"].page, "not to be", end=None)
    assert values(column, "word") == ["Grace"]
    assert values(column, "page") == []
    qtbot.waitUntil(lambda: values(column, "page") == ["not to be"], timeout=3000)


# ---------------------------------------------------------------- pictures


def test_a_stroke_is_one_gesture_that_lays_light_on_and_the_right_button_takes_it_off(column: Any) -> None:
    canvas = column.editors["digit"].canvas
    middle = canvas.height() // 2
    across = [QPoint(x, middle) for x in range(2, canvas.width(), 20)]
    drag(canvas, across)
    drawn = values(column, "digit")[-1]
    assert len({gesture for _, _, gesture in column.done}) == 1
    assert drawn[4].min() > 0.5
    assert drawn[[0, 1, 6, 7]].max() == 0
    drag(canvas, across, RIGHT)
    assert len({gesture for _, _, gesture in column.done}) == 2
    assert values(column, "digit")[-1].max() < 0.5
    click(column.editors["digit"].clear)
    assert values(column, "digit")[-1].max() == 0


def test_a_picture_file_is_scaled_to_the_shape(column: Any, tmp_path: Path) -> None:
    light_left = np.zeros((40, 40), dtype=np.uint8)
    light_left[:, :20] = 255
    Image.fromarray(light_left).save(tmp_path / "half.png")
    column.editors["digit"].load(tmp_path / "half.png")
    loaded = values(column, "digit")[0]
    assert loaded.shape == (8, 8)
    assert loaded[:, :3].min() > 0.9
    assert loaded[:, 5:].max() < 0.1


def test_a_file_that_is_no_picture_is_a_sentence(column: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    digit = column.editors["digit"]
    digit.load(tmp_path / "notes.png")
    assert digit.wrong.text() == "notes.png cannot be read as a picture: choose a PNG, JPEG, GIF or BMP file"
    digit.load(tmp_path / "gone.png")
    assert digit.wrong.text() == "gone.png cannot be read as a picture: choose a PNG, JPEG, GIF or BMP file"
    assert column.done == []


# ---------------------------------------------------------------- clouds


def test_a_cloud_is_made_from_its_kind_size_classes_and_seed(column: Any) -> None:
    points = column.editors["points"]
    write(points.parts["n"].box, "90")
    write(points.parts["classes of blobs"].box, "3")
    click(points.parts["seed"].dice)
    made = [cloud.made for cloud in values(column, "points")]
    assert [(m.kind, m.n, m.classes) for m in made] == [("blobs", 90, 5), ("blobs", 90, 3), ("blobs", 90, 3)]
    assert made[2].seed != made[1].seed == 0
    points.kinds.setFocus()
    QTest.keyClick(points.kinds, Qt.Key.Key_Down)
    last = values(column, "points")[-1].made
    assert (last.kind, last.n, last.classes, last.seed) == ("circle", 90, 2, made[2].seed)
    assert not points.parts["classes of blobs"].isVisible()


def test_a_noise_drag_is_one_gesture_of_the_data_set(column: Any) -> None:
    track = column.editors["points"].parts["noise"].track
    drag(track, [QPoint(x, track.height() // 2) for x in (60, 90, 120)])
    assert len(values(column, "points")) >= 2
    assert len({gesture for _, _, gesture in column.done}) == 1


def test_points_edited_by_hand_are_called_the_persons_own_and_can_be_made_anew(column: Any) -> None:
    points = column.editors["points"]
    points.show_value(Everything.points.default.move(0, 1.0, 1.0))
    assert points.own.text().startswith("60 points of your own")
    assert not points.making.isVisible()
    points.kinds.setFocus()
    QTest.keyClick(points.kinds, Qt.Key.Key_Down)
    assert values(column, "points")[-1].made.kind == "blobs"


# ---------------------------------------------------------------- rows


def test_rows_of_one_number_grow_and_shrink_within_their_least_and_most(column: Any) -> None:
    widths = column.editors["widths"]
    click(widths.add)
    click(widths.add)  # three are the most
    write(widths.line.boxes[1], "16")
    for _ in range(3):
        click(widths.remove)  # one is the least
    told = [[row.width for row in value] for value in values(column, "widths")]
    assert told == [[8, 4, 4], [8, 16, 4], [8, 16], [8]]
    assert not widths.remove.isEnabled()


def test_a_card_is_opened_edited_and_removed(column: Any) -> None:
    racers = column.editors["racers"]
    assert not any("editors" in vars(card) for card in racers.cards)  # made when a card is first opened
    click(racers.cards[1].line)
    assert racers.cards[1].editors["rate"].isVisible()
    write(racers.cards[1].editors["rate"].box, "0.02")
    assert racers.cards[1].line.whole == "Adam  ·  η 0.02"
    click(racers.add)
    click(racers.cards[0].remove)
    told = [[tuple(row) for row in value] for value in values(column, "racers")]
    assert told == [
        [("GD", 0.1), ("Adam", 0.02)],
        [("GD", 0.1), ("Adam", 0.02), ("GD", 0.1)],
        [("Adam", 0.02), ("GD", 0.1)],
    ]
    assert len(racers.cards) == 2


def test_a_wrong_number_in_a_card_is_told_there(column: Any) -> None:
    card = column.editors["racers"].cards[0]
    click(card.line)
    write(card.editors["rate"].box, "7")
    assert card.editors["rate"].wrong.text() == "rate must be a number from 0.001 to 1, not 7"
    assert column.done == []


# ---------------------------------------------------------------- sheets


def choosing(monkeypatch: Any, choose: Any) -> list[str]:
    """Answers the dialog as `choose` does, and keeps what it said."""
    said: list[str] = []

    def answered(dialog: SheetDialog) -> int:
        code = choose(dialog)
        said.append(dialog.said.text())
        return int(code)

    monkeypatch.setattr(SheetDialog, "exec", answered)
    return said


def test_a_csv_file_becomes_points_of_the_columns_that_a_person_chooses(
    column: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    file = tmp_path / "plants.csv"
    file.write_text("a,b,c,kind\n1,5,0.5,x\n2,6,1.5,y\n3,,2.5,y\n")

    def choose(dialog: SheetDialog) -> QDialog.DialogCode:
        assert [dialog.across.currentText(), dialog.upright.currentText()] == ["a", "b"]
        assert dialog.classes.currentText() == "kind"
        assert dialog.said.text() == "2 points of 2 classes; 1 row with a gap is left out (line 4)."
        dialog.upright.setCurrentText("c")
        dialog.fit.setChecked(False)
        return QDialog.DialogCode.Accepted

    assert choosing(monkeypatch, choose) == []
    column.editors["points"].take_file(str(file))
    (points,) = values(column, "points")
    assert points.x.tolist() == [[1, 0.5], [2, 1.5], [3, 2.5]]
    assert points.y.tolist() == [0, 1, 1]
    assert column.editors["points"].own.text().startswith("3 points of your own")


def test_cells_copied_from_a_spreadsheet_are_pasted_unless_the_person_cancels(column: Any, monkeypatch: Any) -> None:
    said = choosing(monkeypatch, lambda dialog: QDialog.DialogCode.Rejected)
    QApplication.clipboard().setText("1\t2\n3\t4\n")
    click(column.editors["points"].paste)
    assert said == ["2 points of 1 class."]
    assert values(column, "points") == []


def test_columns_that_give_no_points_cannot_be_used(qtbot: Any) -> None:
    dialog = SheetDialog(sheets.read("a,b,name\n1,,x\n,2,y\n"), "plants.csv")
    qtbot.addWidget(dialog)
    assert dialog.said.text() == "No row has a number under a and b and a class under name."
    assert not dialog.use.isEnabled()
    dialog.upright.setCurrentText("a")
    assert dialog.use.isEnabled()


def test_a_file_that_is_no_sheet_is_refused_in_a_sentence(column: Any, tmp_path: Path) -> None:
    editor = column.editors["points"]
    editor.take_file(str(tmp_path / "none.csv"))
    assert editor.wrong.text() == "the file none.csv cannot be read: No such file or directory"
    assert values(column, "points") == []


# ---------------------------------------------------------------- files


def test_a_file_is_typed_or_dropped_and_must_be_there_and_of_the_right_sort(column: Any, tmp_path: Path) -> None:
    editor, file = column.editors["sheet"], tmp_path / "plants.csv"
    write(editor.line, str(file))
    assert editor.wrong.text().startswith("sheet must be a file that is there")
    file.write_text("1,2")
    write(editor.line, str(file))
    write(editor.line, str(tmp_path))
    assert editor.wrong.text().startswith("sheet must be a file that ends in .csv")
    assert values(column, "sheet") == [str(file)]
    album = column.editors["album"]
    what = QMimeData()
    what.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    at, none = QPointF(5, 5), Qt.KeyboardModifier.NoModifier
    drop = QDropEvent(at, Qt.DropAction.CopyAction, what, Qt.MouseButton.LeftButton, none)
    enter = QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, what, Qt.MouseButton.LeftButton, none)
    QApplication.sendEvent(album.line, enter)  # Qt drops only where something was dragged to
    QApplication.sendEvent(album.line, drop)
    assert values(column, "album") == [str(tmp_path)]
    assert album.line.text() == str(tmp_path)
    write(album.line, " ")
    assert values(column, "album")[-1] == ""
