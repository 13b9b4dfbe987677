"""Copy as code: the script on the clipboard or in a file, and what is said of what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

import app
from lab import glass
from lab.session import Session
from tests.lab.offering import FOUR, Pulled, WithPulled
from tests.widgets.tools.test_palette import front
from widgets.tools.code import CopyCode
from widgets.window import Window

LEFT = Qt.MouseButton.LeftButton
KEYS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
SCRIPT = "import numpy as np\n\nw = np.zeros(2)\nprint('loss', {rate})\n"
MIDWAY = "What was done midway is not in it"


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Window(WithPulled(), QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.show()
    qtbot.waitExposed(made)
    front(made, qtbot)
    made.open_experiment("pulled", {"points": FOUR}, 3)
    qtbot.waitUntil(lambda: made.frame is not None, timeout=20_000)
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


def copied(window: Window, qtbot: QtBot, rate: float = 0.5) -> str:
    """What the banner says once the script is on the clipboard."""
    QGuiApplication.clipboard().setText("")
    qtbot.keyClick(window, Qt.Key.Key_C, KEYS)
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() == SCRIPT.format(rate=rate))
    return window.banner.text.text()


def test_the_script_is_copied_and_said_to_be_what_it_is(window: Window, qtbot: QtBot) -> None:
    assert copied(window, qtbot) == "Copied: a NumPy script of 4 lines."
    window.engine.seek(7)
    assert copied(window, qtbot) == "Copied: a NumPy script of 4 lines that trains 7 steps, as this run did."


def test_what_was_done_midway_is_said_to_be_left_out(window: Window, qtbot: QtBot) -> None:
    window.engine.set("rate", 0.25)
    assert MIDWAY not in copied(window, qtbot, 0.25)  # before the first step it is as if it had always been so
    window.engine.seek(2)
    window.engine.set("rate", 0.75)
    assert MIDWAY in copied(window, qtbot, 0.75)
    window.engine.seek(1)
    assert MIDWAY not in copied(window, qtbot, 0.25)  # that lies ahead of here
    window.engine.act("points.erase", [0])
    assert MIDWAY in copied(window, qtbot, 0.25)


def test_it_is_saved_where_a_person_wants_it(
    window: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [str(tmp_path / "mine"), str(tmp_path / "none" / "mine.py"), ""]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (wanted.pop(0), ""))
    copied(window, qtbot)
    qtbot.mouseClick(window.banner.button, LEFT)
    assert (tmp_path / "mine.py").read_text() == SCRIPT.format(rate=0.5)
    assert window.banner.text.text() == f"Saved as {tmp_path / 'mine.py'}."
    copied(window, qtbot)
    qtbot.mouseClick(window.banner.button, LEFT)
    assert "mine.py cannot be written: No such file or directory." in window.banner.text.text()
    said = copied(window, qtbot)
    qtbot.mouseClick(window.banner.button, LEFT)
    assert window.banner.text.text() == said


def test_it_is_greyed_where_there_is_no_script(window: Window, qtbot: QtBot) -> None:
    window.open_experiment("newton", None, 3)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "newton", timeout=20_000)
    tool = next(tool for tool in window.tools if isinstance(tool, CopyCode))
    assert tool.why_not() == "This experiment has no script of its own to hand out yet."


def test_the_command_line_writes_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "Catalogue", WithPulled)
    out = tmp_path / "run.py"
    assert app.main(["pulled", "--steps", "3", "--code", str(out)]) == 0
    assert out.read_text() == SCRIPT.format(rate=0.5)
    with pytest.raises(SystemExit) as refused:
        app.main(["newton", "--code", str(out)])
    assert refused.value.code == 2
    assert capsys.readouterr().err == "watchglass: newton has no script of its own to hand out\n"
    session = Session(Pulled)
    session.seek(2)
    session.set("rate", 0.125)
    glass.save(session, tmp_path / "run.glass")
    assert app.main(["--open", str(tmp_path / "run.glass"), "--code", str(out)]) == 0
    assert out.read_text() == SCRIPT.format(rate=0.125)
    assert capsys.readouterr().err == "watchglass: what was done midway is not in the script\n"
