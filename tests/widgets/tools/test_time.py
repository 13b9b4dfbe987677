"""Time: run to a step or a condition, bookmarks, a new seed, the ghost put away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QPushButton, QToolTip
from pytestqt.qtbot import QtBot

from lab.pace import FLAT_OUT
from tests.widgets.tools.test_palette import WithToys, front
from widgets.tools import Tool
from widgets.tools.time import AskName, AskUntil, Bookmarks, DismissGhost, NewSeed, RunTo, SetBookmark, bookmarks_of
from widgets.window import Window

LEFT = Qt.MouseButton.LeftButton
CATALOGUE = WithToys()


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Window(CATALOGUE, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.show()
    qtbot.waitExposed(made)
    front(made, qtbot)
    made.open_experiment("walk", {"noise": 0.0}, 3)
    qtbot.waitUntil(lambda: made.frame is not None)
    made.engine.set_speed(FLAT_OUT)
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


def found(window: Window, kind: type[Tool]) -> Tool:
    return next(tool for tool in window.tools if isinstance(tool, kind))


def at(window: Window, qtbot: QtBot, t: int) -> None:
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == t)


def asked(window: Window, qtbot: QtBot, text: str) -> AskUntil:
    front(window, qtbot)
    qtbot.keySequence(window, RunTo.keys)
    qtbot.waitUntil(lambda: bool(window.findChildren(AskUntil)))
    asking = window.findChildren(AskUntil)[-1]
    asking.line.clear()
    qtbot.keyClicks(asking.line, text)
    qtbot.keyClick(asking.line, Qt.Key.Key_Return)
    return asking


# ---------------------------------------------------------------- run to


def test_it_runs_to_a_step_and_back_to_one(window: Window, qtbot: QtBot) -> None:
    asked(window, qtbot, "40")
    at(window, qtbot, 40)
    qtbot.waitUntil(lambda: window.transport.buttons["play"].text() == "Play")
    asked(window, qtbot, "step 15")
    at(window, qtbot, 15)
    assert window.frame is not None
    assert window.frame.end == 40


def test_it_runs_until_a_condition_holds(window: Window, qtbot: QtBot) -> None:
    window.engine.seek(9)
    at(window, qtbot, 9)
    assert window.frame is not None
    losses = window.frame.metrics["loss"]
    middle = float(losses[4] + losses[5]) / 2  # it goes one way, so that it passes here at step 5
    window.engine.restart()
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.end == 0)
    asked(window, qtbot, f"loss {'<' if losses[5] < losses[4] else '>'} {middle:.6f}")
    at(window, qtbot, 5)
    assert "At step 5 loss = " in window.banner.text.text()
    qtbot.waitUntil(lambda: window.transport.buttons["play"].text() == "Play")
    assert window.frame.end == 5


def test_what_was_typed_last_stands_there_again(window: Window, qtbot: QtBot) -> None:
    asked(window, qtbot, "step 12")
    at(window, qtbot, 12)
    found(window, RunTo).use()
    qtbot.waitUntil(lambda: bool(window.findChildren(AskUntil)))
    assert window.findChildren(AskUntil)[-1].line.text() == "step 12"


def test_what_cannot_be_meant_is_said_and_the_line_stays(window: Window, qtbot: QtBot) -> None:
    asking = asked(window, qtbot, "lass < 0.1")
    assert asking.isVisible()
    assert asking.wrong.text() == "There is no metric lass; there are loss."
    qtbot.keyClicks(asking.line, "5")
    assert asking.wrong.isHidden()


def test_a_condition_of_another_experiment_is_not_offered(window: Window, qtbot: QtBot) -> None:
    window.settings.setValue("run to", "accuracy > 0.9")
    found(window, RunTo).use()
    qtbot.waitUntil(lambda: bool(window.findChildren(AskUntil)))
    assert window.findChildren(AskUntil)[-1].line.text() == ""


# ---------------------------------------------------------------- bookmarks


def bookmarked(window: Window, qtbot: QtBot, name: str) -> AskName:
    front(window, qtbot)
    qtbot.keySequence(window, SetBookmark.keys)
    qtbot.waitUntil(lambda: bool(window.findChildren(AskName)))
    asking = window.findChildren(AskName)[-1]
    qtbot.keyClicks(asking.line, name)
    with qtbot.waitSignal(asking.destroyed):
        qtbot.keyClick(asking.line, Qt.Key.Key_Return)
    return asking


def test_a_step_is_bookmarked_named_shown_and_gone_to(window: Window, qtbot: QtBot) -> None:
    window.engine.seek(20)
    at(window, qtbot, 20)
    bookmarked(window, qtbot, "the turn")
    assert [(mark.t, mark.name) for mark in bookmarks_of(window)] == [(20, "the turn")]
    window.engine.seek(50)
    at(window, qtbot, 50)
    line = window.transport.timeline
    flag = QPoint(round(line.place(20)) + 3, 5)
    picture, ratio = line.grab().toImage(), line.devicePixelRatio()
    inside = {picture.pixelColor((flag - QPoint(by, 0)) * ratio).name() for by in (0, 1, 2)}  # its edges are smooth
    assert QColor(window.look.theme.good).name() in inside
    qtbot.mouseMove(line, flag)
    qtbot.waitUntil(lambda: "Bookmark: the turn (step 20)" in QToolTip.text())
    qtbot.mouseClick(line, LEFT, pos=flag)  # three pixels beside it, and still exactly there
    at(window, qtbot, 20)


def test_escape_keeps_a_bookmark_without_a_name(window: Window, qtbot: QtBot) -> None:
    found(window, SetBookmark).use()
    asking = window.findChildren(AskName)[-1]
    with qtbot.waitSignal(asking.destroyed):
        qtbot.keyClick(asking.line, Qt.Key.Key_Escape)
    assert [mark.said for mark in bookmarks_of(window)] == ["Step 0"]


def test_a_bookmark_is_renamed_and_removed_where_it_was_set(window: Window, qtbot: QtBot) -> None:
    bookmarked(window, qtbot, "start")
    found(window, SetBookmark).use()
    asking = window.findChildren(AskName)[-1]
    assert asking.line.text() == "start"
    remove = next(button for button in asking.findChildren(QPushButton) if button.text() == "Remove")
    qtbot.mouseClick(remove, LEFT)
    assert bookmarks_of(window) == []
    assert window.transport.timeline.bookmarks == ()


def test_the_menu_lists_them_in_order_and_goes_there(window: Window, qtbot: QtBot) -> None:
    listing = found(window, Bookmarks)
    assert listing.why_not() == f"No step is bookmarked yet: {SetBookmark.keys} does it."
    for t in (9, 4):
        window.engine.seek(t)
        at(window, qtbot, t)
        bookmarked(window, qtbot, "")
    assert listing.why_not() == ""
    listing.use()
    assert isinstance(listing, Bookmarks)
    assert listing.menu is not None
    assert [entry.text() for entry in listing.menu.actions()][:2] == ["Step 4", "Step 9"]
    qtbot.keyClick(listing.menu, Qt.Key.Key_Down)
    qtbot.keyClick(listing.menu, Qt.Key.Key_Return)
    at(window, qtbot, 9)


def test_bookmarks_outlive_a_restart_and_go_with_the_experiment(window: Window, qtbot: QtBot) -> None:
    bookmarked(window, qtbot, "here")
    window.press("restart")
    qtbot.wait(50)
    assert len(bookmarks_of(window)) == 1
    window.open_experiment("fragile")
    qtbot.waitUntil(lambda: window.kind is not None and window.kind.name == "fragile")
    assert bookmarks_of(window) == []


# ---------------------------------------------------------------- seed and ghost


def test_a_new_seed_begins_another_run(window: Window, qtbot: QtBot) -> None:
    window.engine.seek(5)
    at(window, qtbot, 5)
    qtbot.keySequence(window, NewSeed.keys)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.seed != 3)
    assert window.frame is not None
    assert window.frame.t == 0


def test_the_ghost_is_put_away(window: Window, qtbot: QtBot) -> None:
    tool = found(window, DismissGhost)
    assert tool.why_not().startswith("There is no ghost")
    window.engine.seek(10)
    at(window, qtbot, 10)
    window.engine.seek(4)
    at(window, qtbot, 4)
    window.engine.set("rate", 0.5)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.ghost is not None)
    assert tool.why_not() == ""
    tool.use()
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.ghost is None)
