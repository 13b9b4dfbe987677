"""The command palette: it finds what a person half remembers, and choosing does it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QTreeWidgetItem, QWidget
from pytestqt.qtbot import QtBot

from lab.catalogue import Catalogue, Entry
from tests.lab import toys
from widgets.tools.palette import FOUND, Finder, Found, best
from widgets.window import Window


class WithToys(Catalogue):
    """The real catalogue, and small experiments made for tests."""

    def __init__(self) -> None:
        super().__init__()
        for kind in (toys.Walk, toys.Fragile):
            self.entries[kind.name] = Entry(kind.name, kind.name, "a toy", "Toys", "tests.lab.toys")

    def load(self, name: str) -> type:
        return {"walk": toys.Walk, "fragile": toys.Fragile}.get(name) or super().load(name)


CATALOGUE = WithToys()
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Window(CATALOGUE, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.show()
    qtbot.waitExposed(made)
    front(made, qtbot)
    made.open_experiment("walk", None, 3)
    qtbot.waitUntil(lambda: made.frame is not None)
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


def front(widget: QWidget, qtbot: QtBot) -> None:
    """Give it the keyboard, as a window manager does with a window that opens or is left over."""
    widget.activateWindow()
    if not widget.isActiveWindow():
        QApplication.setActiveWindow(widget)
    qtbot.waitUntil(widget.isActiveWindow)


def called(window: Window, qtbot: QtBot, text: str = "") -> Finder:
    qtbot.keyClick(window, Qt.Key.Key_K, CONTROL)
    qtbot.waitUntil(lambda: bool(window.findChildren(Finder)))
    finder = window.findChildren(Finder)[-1]
    front(finder, qtbot)
    if text.isascii():
        qtbot.keyClicks(finder.line, text)
    else:
        finder.line.insert(text)  # QTest has no such keys
    return finder


def titles(finder: Finder) -> list[str]:
    rows = (finder.list.topLevelItem(row) for row in range(finder.list.topLevelItemCount()))
    return [row.text(0) for row in rows if row is not None]


def chosen(finder: Finder) -> QTreeWidgetItem:
    row = finder.list.currentItem()
    assert row is not None
    return row


def enter(finder: Finder, qtbot: QtBot) -> None:
    qtbot.keyClick(finder.line, Qt.Key.Key_Return)


def test_the_key_opens_it_and_escape_closes_it(window: Window, qtbot: QtBot) -> None:
    finder = called(window, qtbot)
    assert finder.isVisible()
    with qtbot.waitSignal(finder.destroyed):
        qtbot.keyClick(finder.line, Qt.Key.Key_Escape)
    assert not window.findChildren(Finder)


@pytest.mark.parametrize(
    ("typed", "title", "sort"),
    [
        ("kmean", "k-means", "experiment"),
        ("soft reg", "Softmax regression", "experiment"),
        ("softrgr", "Softmax regression", "experiment"),
        ("rate", "Rate  η", "control"),
        ("η", "Rate  η", "control"),
        ("noise", "Noise", "control"),
        ("sign minus", "Sign: minus", "choice"),
        ("path", "Path", "panel"),
        ("save run", "Save this run", "tool"),
        ("new seed", "New seed", "tool"),
        ("one step back", "One step back", "run"),
        ("light", "Theme: light", "window"),
    ],
)
def test_what_is_typed_finds_it_first(window: Window, qtbot: QtBot, typed: str, title: str, sort: str) -> None:
    finder = called(window, qtbot, typed)
    first = chosen(finder).data(0, FOUND)
    assert (first.title, first.sort) == (title, sort)


def test_an_experiment_is_found_by_a_topic_of_the_texts(window: Window, qtbot: QtBot) -> None:
    assert "CNN" in titles(called(window, qtbot, "convolutional layer"))


def test_letters_far_apart_do_not_find_everything() -> None:
    far = Found("Save the whole of a very long title zone", "tool", lambda: None)
    near = Found("Sweep over settings", "tool", lambda: None)
    assert best("swpo", [far, near]) == [near]
    assert best("qqq", [far, near]) == []


def test_an_experiment_opens(window: Window, qtbot: QtBot) -> None:
    finder = called(window, qtbot, "k-means")
    enter(finder, qtbot)
    qtbot.waitUntil(lambda: window.kind is not None and window.kind.name == "k-means")


def test_choosing_a_control_puts_the_keyboard_into_its_field_and_typing_sets_it(window: Window, qtbot: QtBot) -> None:
    enter(called(window, qtbot, "rate"), qtbot)
    field = window.focusWidget()
    assert isinstance(field, QLineEdit)
    assert window.column is not None
    assert window.column.editors["rate"].isAncestorOf(field)
    qtbot.keyClicks(field, "0.5")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.settings["rate"] == 0.5)


def test_choosing_an_option_sets_it(window: Window, qtbot: QtBot) -> None:
    enter(called(window, qtbot, "sign minus"), qtbot)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.settings["sign"] == "minus")


def test_the_arrows_move_the_choice_while_the_line_keeps_the_keyboard(window: Window, qtbot: QtBot) -> None:
    finder = called(window, qtbot, "sign")
    before = chosen(finder).text(0)
    qtbot.keyClick(finder.line, Qt.Key.Key_Down)
    assert chosen(finder).text(0) != before
    qtbot.keyClick(finder.line, Qt.Key.Key_Up)
    assert chosen(finder).text(0) == before


def test_what_cannot_be_used_says_why_and_stays_open(window: Window, qtbot: QtBot) -> None:
    finder = called(window, qtbot, "dismiss the ghost")
    assert finder.told.text().startswith("There is no ghost")
    enter(finder, qtbot)
    assert finder.isVisible()


def test_nothing_found_is_said(window: Window, qtbot: QtBot) -> None:
    finder = called(window, qtbot, "zzzzqq")
    assert (titles(finder), finder.told.text()) == ([], "Nothing is called “zzzzqq”. Try fewer letters.")


def test_a_click_chooses(window: Window, qtbot: QtBot) -> None:
    finder = called(window, qtbot, "one step on")
    place = finder.list.visualItemRect(chosen(finder)).center()
    qtbot.mouseClick(finder.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 1)


def test_a_closed_panel_opens_when_chosen(window: Window, qtbot: QtBot) -> None:
    window.stage.open_panel("Path", False)
    enter(called(window, qtbot, "path"), qtbot)
    assert dict(window.stage.panels())["Path"] is True


def test_a_bookmark_is_found_by_its_name_and_gone_to(window: Window, qtbot: QtBot) -> None:
    from widgets.tools.time import SetBookmark

    window.engine.seek(4)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 4)
    next(tool for tool in window.tools if isinstance(tool, SetBookmark)).name(2, "before the turn")
    enter(called(window, qtbot, "turn"), qtbot)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 2)
