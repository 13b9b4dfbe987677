"""A text brought in from a file: previewed, cut to what there is room for, refused with its line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from lab.controls import Text
from lab.data.texts import Loaded
from tests.lab.offering import FOUR, WithPulled
from widgets.controls.sheet import SheetDialog
from widgets.controls.text_file import TextDialog
from widgets.tools.drop import Bring
from widgets.window import Window


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Window(WithPulled(), QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.show()
    qtbot.waitExposed(made)
    made.open_experiment("pulled", {"points": FOUR}, 3)
    qtbot.waitUntil(lambda: made.frame is not None, timeout=20_000)
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


@pytest.fixture
def previewed(monkeypatch: pytest.MonkeyPatch) -> list[QDialog]:
    """Each preview is looked at and accepted."""
    seen: list[QDialog] = []

    def accept(dialog: QDialog) -> int:
        seen.append(dialog)
        return int(QDialog.DialogCode.Accepted)

    for kind in (TextDialog, SheetDialog):
        monkeypatch.setattr(kind, "exec", accept)
    return seen


def bring(window: Window, path: Path, content: str | bytes) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    next(tool for tool in window.tools if isinstance(tool, Bring)).take(path)


def test_a_text_goes_into_the_page_that_there_is(
    window: Window, qtbot: QtBot, tmp_path: Path, previewed: list[QDialog]
) -> None:
    bring(window, tmp_path / "poem.txt", "Über\nallen Gipfeln\n")
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.settings["long"] == "Über\nallen Gipfeln")
    assert [type(dialog) for dialog in previewed] == [TextDialog]


def test_a_sheet_under_the_same_ending_still_becomes_points(
    window: Window, qtbot: QtBot, tmp_path: Path, previewed: list[QDialog]
) -> None:
    bring(window, tmp_path / "sheet.txt", "a,b\n-5,-5\n5,5\n0,5\n")
    qtbot.waitUntil(lambda: window.frame is not None and len(window.frame.settings["points"]) == 3)
    assert [type(dialog) for dialog in previewed] == [SheetDialog]


def test_a_wrong_encoding_is_told_with_its_line(window: Window, tmp_path: Path, previewed: list[QDialog]) -> None:
    bring(window, tmp_path / "old.txt", b"one\nf\xfcr\n")
    said = "old.txt: line 2 is not written in UTF-8 (byte 0xFC): save the file as UTF-8 and bring it in again."
    assert window.banner.text.text() == said
    assert previewed == []


def test_it_is_refused_where_no_text_is_wanted(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    window.open_experiment("newton")
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "newton", timeout=20_000)
    bring(window, tmp_path / "poem.md", "words")
    assert window.banner.text.text() == "poem.md is a text, and nothing in this experiment takes one."


def test_the_preview_tells_how_much_there_is_room_for(qtbot: QtBot) -> None:
    short, long = Text(longest=12, label="Short"), Text(longest=100, label="Long")
    dialog = TextDialog(Loaded("one two\nthree four", "a.txt"), [short, long])
    qtbot.addWidget(dialog)
    assert dialog.text == "one two\nthre"
    assert dialog.page.toPlainText() == "one two\nthre"
    assert dialog.said.text() == "Short takes 12 characters at most, so only the first 12 go into it, up to line 2."
    dialog.whose.setCurrentText("Long")
    assert dialog.text == "one two\nthree four"
    assert dialog.said.text() == "All of it goes into Long."
