"""Files dropped on the window: each goes where it belongs, or is refused in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from lab import glass
from lab.catalogue import Catalogue
from lab.data.points import Points
from lab.session import Session
from widgets.controls.sheet import SheetDialog
from widgets.tools.drop import Bring
from widgets.window import Window

CATALOGUE = Catalogue()
COPY, LEFT, KEYS = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Window(CATALOGUE, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


@pytest.fixture
def previewed(monkeypatch: pytest.MonkeyPatch) -> list[SheetDialog]:
    """The preview is looked at and accepted."""
    seen: list[SheetDialog] = []

    def accept(dialog: SheetDialog) -> int:
        seen.append(dialog)
        return int(QDialog.DialogCode.Accepted)

    monkeypatch.setattr(SheetDialog, "exec", accept)
    return seen


def opened(window: Window, qtbot: QtBot, name: str, **settings: object) -> None:
    window.open_experiment(name, {**CATALOGUE.load(name).tiny, **settings}, 1)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == name, timeout=20_000)
    qtbot.wait(10)


def drop(window: Window, *paths: Path | str) -> bool:
    """Drop them as the system does, over the middle of a plot; whether the window took them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(p)) if isinstance(p, Path) else QUrl(p) for p in paths])
    native = window.windowHandle()
    assert native is not None
    card = next(iter(window.stage.visible_cards()))
    at = card.mapTo(window, QPoint(card.width() // 2, card.height() // 2))
    enter = QDragEnterEvent(at, COPY, data, LEFT, KEYS)
    QApplication.sendEvent(native, enter)
    fall = QDropEvent(QPointF(at), COPY, data, LEFT, KEYS)
    QApplication.sendEvent(native, fall)
    return enter.isAccepted() and fall.isAccepted()


def test_a_saved_run_opens(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    session = Session(CATALOGUE.load("newton"), seed=9)
    session.seek(2)
    glass.save(session, tmp_path / "run.glass")
    opened(window, qtbot, "perceptron")
    assert drop(window, tmp_path / "run.glass")
    qtbot.waitUntil(lambda: window.frame is not None and (window.frame.name, window.frame.seed) == ("newton", 9))
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 2)


@pytest.mark.parametrize("name", ["sheet.csv", "sheet.tsv", "sheet.TXT"])
def test_a_sheet_becomes_the_points_after_a_preview(
    window: Window, qtbot: QtBot, tmp_path: Path, previewed: list[SheetDialog], name: str
) -> None:
    (tmp_path / name).write_text("a,b,kind\n-5,-5,no\n5,5,yes\n0,5,yes\n")
    opened(window, qtbot, "perceptron")
    assert drop(window, tmp_path / name)
    qtbot.waitUntil(lambda: window.frame is not None and len(window.frame.settings["points"]) == 3)
    assert len(previewed) == 1
    assert window.frame is not None
    points = window.frame.settings["points"]
    assert isinstance(points, Points)
    assert points.x.tolist() == [[-5, -5], [5, 5], [0, 5]]
    assert points.y.tolist() == [0, 1, 1]


def test_points_that_are_not_in_use_bring_the_setting_that_uses_them(
    window: Window, qtbot: QtBot, tmp_path: Path, previewed: list[SheetDialog]
) -> None:
    (tmp_path / "sheet.csv").write_text("a,b\n-5,-5\n5,5\n0,5\n")
    opened(window, qtbot, "linear-regression", data="3x + 1")
    drop(window, tmp_path / "sheet.csv")
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.settings["data"] == "points")
    assert window.frame is not None
    assert len(window.frame.settings["points"]) == 3


def test_a_picture_goes_to_the_control_that_wants_one(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    Image.fromarray(np.full((20, 20), 255, np.uint8)).save(tmp_path / "white.png")
    opened(window, qtbot, "k-means:colours")
    drop(window, tmp_path / "white.png")
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.settings["image"] == "a file")
    assert window.frame is not None
    assert window.frame.settings["file"] == str(tmp_path / "white.png")
    opened(window, qtbot, "perceptron:punch-cards")
    drop(window, tmp_path / "white.png")
    qtbot.waitUntil(lambda: window.frame is not None and bool((window.frame.settings["card"] == 1).all()))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.pdf", b"%PDF", "notes.pdf is of no kind that can be used here"),
        ("picture.png", b"\x89PNG", "picture.png is a picture, and nothing in this experiment takes one."),
        ("empty.csv", b"", "empty.csv: the sheet is empty"),
        ("binary.csv", b"\0\1\2", "is not text"),
        ("bad.glass", b"{", "bad.glass is damaged at line 1"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    window: Window, qtbot: QtBot, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    opened(window, qtbot, "perceptron")
    before = window.frame
    assert drop(window, tmp_path / name)
    qtbot.waitUntil(window.banner.isVisible)
    assert said in window.banner.text.text()
    assert before is not None
    assert window.frame is not None
    assert window.frame.settings["points"] == before.settings["points"]


def test_several_files_a_folder_and_an_address_are_refused(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    opened(window, qtbot, "perceptron")
    for given, said in (
        ((tmp_path / "a.csv", tmp_path / "b.csv"), "Drop one file at a time: there were 2."),
        ((tmp_path,), "is a folder"),
        (("https://example.org/a.csv",), "Only a file of this computer"),
        ((tmp_path / "gone.csv",), "There is no file gone.csv."),
    ):
        window.banner.dismiss()
        drop(window, *given)
        qtbot.waitUntil(window.banner.isVisible)
        assert said in window.banner.text.text()


def test_a_broken_picture_leaves_the_control_as_it_was(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    opened(window, qtbot, "perceptron:punch-cards")
    drop(window, tmp_path / "broken.png")
    qtbot.waitUntil(window.banner.isVisible)
    assert "cannot be read as a picture" in window.banner.text.text()


def test_text_that_is_dragged_is_left_to_others(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "perceptron")
    data = QMimeData()
    data.setText("words")
    tool = next(tool for tool in window.tools if isinstance(tool, Bring))
    native = window.windowHandle()
    assert native is not None
    assert not tool.eventFilter(native, QDragEnterEvent(QPoint(600, 400), COPY, data, LEFT, KEYS))
