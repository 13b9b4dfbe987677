"""Help for the open experiment: complete, searchable, and in step with what is open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from pytestqt.qtbot import QtBot

from lab.catalogue import Catalogue, topics
from tests.widgets.tools.test_palette import front
from widgets.tools.help import HelpView
from widgets.window import Window

CATALOGUE = Catalogue()


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Window(CATALOGUE, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.show()
    qtbot.waitExposed(made)
    front(made, qtbot)
    made.open_experiment("k-means", None, 3)
    qtbot.waitUntil(lambda: made.frame is not None)
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


def helped(window: Window, qtbot: QtBot) -> HelpView:
    qtbot.keyClick(window, Qt.Key.Key_F1)
    view = window.findChild(HelpView)
    assert isinstance(view, HelpView)
    qtbot.waitUntil(lambda: view.kind is window.kind)
    return view


def test_it_tells_the_line_every_control_the_prompts_and_the_topics(window: Window, qtbot: QtBot) -> None:
    text = " ".join(helped(window, qtbot).page.toPlainText().split())
    kind = window.kind
    assert kind is not None
    assert "give every point to its nearest centre" in text.lower()
    for control in kind.controls.values():
        assert control.label in text
        assert control.help[1:] in text
    for prompt, _ in kind.prompts:
        assert prompt in text
    known = topics("k-means")
    assert known
    for topic in known:
        assert " ".join(topic.title.split()) in text


def test_its_maths_is_drawn_in_the_ink_of_the_theme(window: Window, qtbot: QtBot) -> None:
    view = helped(window, qtbot)
    assert view.said.equations

    def inks() -> set[str]:
        formula = view.page.document().resource(QTextDocument.ResourceType.ImageResource, QUrl("formula:0"))
        assert isinstance(formula, QImage)
        places = [(x, y) for x in range(formula.width()) for y in range(formula.height())]
        return {c.name() for x, y in places if (c := formula.pixelColor(x, y)).alpha() == 255}

    assert window.look.theme.text in inks()
    before = window.look.theme.text
    window.set_theme("light")
    qtbot.waitUntil(lambda: window.look.theme.text in inks())
    assert before not in inks()


def test_the_search_counts_and_goes_from_place_to_place(window: Window, qtbot: QtBot) -> None:
    view = helped(window, qtbot)
    text = view.page.toPlainText().lower()
    qtbot.keyClicks(view.search, "centre")
    assert view.count.text() == f"{text.count('centre')} found"
    cursor = view.page.textCursor()
    first = cursor.position()
    assert cursor.selectedText().lower() == "centre"
    qtbot.keyClick(view.search, Qt.Key.Key_Return)
    assert view.page.textCursor().position() > first
    for _ in range(text.count("centre") - 1):
        qtbot.keyClick(view.search, Qt.Key.Key_Return)
    assert view.page.textCursor().position() == first
    view.search.clear()
    assert view.page.extraSelections() == []


def test_it_follows_the_experiment_that_is_opened_and_can_be_closed(window: Window, qtbot: QtBot) -> None:
    view = helped(window, qtbot)
    window.open_experiment("newton")
    qtbot.waitUntil(lambda: view.kind is not None and view.kind.name == "newton")
    assert view.page.toPlainText().startswith("Newton")
    with qtbot.waitSignal(view.destroyed):
        window.drawer.take(view)
    assert not window.drawer.isVisible()
    assert helped(window, qtbot).isVisible()
