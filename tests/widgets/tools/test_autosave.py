"""Nothing is lost in a crash: a killed process leaves its run, and the next window offers it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from lab import glass
from lab.catalogue import Catalogue
from lab.session import Session
from widgets.tools import autosave
from widgets.tools.autosave import Autosave
from widgets.tools.time import SetBookmark
from widgets.window import Window

CATALOGUE = Catalogue()
CRASHING = """
import os, signal, sys
from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication
from lab.catalogue import Catalogue
from widgets.tools.autosave import Autosave
from widgets.window import Window
app = QApplication([])
app.setApplicationName(sys.argv[1])
window = Window(Catalogue(), QSettings(sys.argv[2], QSettings.Format.IniFormat), "dark")
tool = next(tool for tool in window.tools if isinstance(tool, Autosave))
window.show()
window.open_experiment("newton", None, 5)
window.engine.seek(3)
window.engine.set("radius", 0.5, 77)
look = QTimer()
look.timeout.connect(lambda: tool.path.is_file() and os.kill(os.getpid(), signal.SIGKILL))
look.start(5)
QTimer.singleShot(20000, app.quit)
app.exec()
"""

Opener = Callable[[], tuple[Window, Autosave]]


@pytest.fixture
def opener(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    """Opens windows that share one folder of copies, as those of one person do."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(autosave, "LEAST", 0)
    windows: list[Window] = []

    def opened() -> tuple[Window, Autosave]:
        made = Window(CATALOGUE, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
        windows.append(made)
        made.show()
        qtbot.waitExposed(made)
        made.open_experiment("newton", None, 1)
        qtbot.waitUntil(lambda: made.frame is not None, timeout=20_000)
        return made, next(tool for tool in made.tools if isinstance(tool, Autosave))

    yield opened
    for made in windows:
        made.close()
    qtbot.wait(10)
    for made in windows:
        made.deleteLater()


def left_behind(folder: Path, name: str = "lost", seed: int = 42, t: int = 6) -> Path:
    """What a crash leaves: a copy, and the lock of a process that is no more."""
    folder.mkdir(parents=True, exist_ok=True)
    session = Session(CATALOGUE.load("newton"), seed=seed)
    session.seek(t)
    path = folder / f"{name}.glass"
    glass.save(session, path)
    return path


def something_done(window: Window) -> None:
    window.engine.seek(2)
    window.engine.set("radius", 0.5, 77)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_process_leaves_its_run_and_the_next_window_restores_it(
    opener: Opener, qtbot: QtBot, tmp_path: Path, root: Path
) -> None:
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance()
    assert app is not None
    killed = subprocess.run(
        [sys.executable, "-c", CRASHING, app.applicationName(), str(tmp_path / "other.ini")],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(root)},
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    window, tool = opener()
    qtbot.waitUntil(window.banner.isVisible)
    assert window.banner.kind == "restore"
    lost = tool.lost()
    assert len(lost) == 1
    qtbot.mouseClick(window.banner.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.seed == 5)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 3 and len(window.frame.gestures) == 1)
    qtbot.waitUntil(lambda: not lost[0].exists())
    assert tool.path.is_file()
    assert tool.lost() == []


def test_what_is_done_is_copied_and_a_clean_close_leaves_nothing(opener: Opener, qtbot: QtBot) -> None:
    window, tool = opener()
    assert not tool.path.exists()
    something_done(window)
    qtbot.waitUntil(tool.path.is_file)
    session, t = glass.read(tool.path, CATALOGUE)
    assert (t, session.seed, [entry.name for entry in session.run.journal]) == (2, 1, ["radius"])
    window.close()
    assert list(tool.folder.iterdir()) == []


def test_a_bookmark_alone_is_copied(opener: Opener, qtbot: QtBot) -> None:
    window, tool = opener()
    marks = next(tool for tool in window.tools if isinstance(tool, SetBookmark))
    marks.name(0, "before all")
    qtbot.waitUntil(tool.path.is_file)
    assert glass.read(tool.path, CATALOGUE)[0].bookmarks == {0: "before all"}
    window.open_experiment("newton", None, 2)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.seed == 2)
    assert not tool.worth_keeping()  # that was of the run before


def test_copies_are_at_most_as_frequent_as_allowed(
    opener: Opener, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autosave, "LEAST", 60_000)
    window, tool = opener()
    something_done(window)
    qtbot.waitUntil(tool.path.is_file)
    first = tool.path.read_bytes()
    window.engine.set("radius", 0.25, 78)
    qtbot.waitUntil(lambda: window.frame is not None and len(window.frame.gestures) == 2)
    qtbot.wait(20)
    assert tool.path.read_bytes() == first
    assert tool.soon.isActive()
    tool.rest.stop()
    tool.keep()
    qtbot.waitUntil(lambda: tool.path.read_bytes() != first)


def test_steps_alone_are_copied_when_their_time_comes(
    opener: Opener, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autosave, "EVERY", 20)
    window, tool = opener()
    window.engine.seek(4)
    qtbot.waitUntil(tool.path.is_file)


def test_two_windows_have_a_copy_each_and_see_no_loss(opener: Opener, qtbot: QtBot) -> None:
    one, first = opener()
    two, second = opener()
    something_done(one)
    something_done(two)
    qtbot.waitUntil(lambda: first.path.is_file() and second.path.is_file())
    assert first.path != second.path
    assert first.lost() == second.lost() == []
    assert first.why_not() == "No run was lost."


def test_the_offer_is_made_once_and_stays_in_the_menu(opener: Opener, qtbot: QtBot) -> None:
    probe, tool = opener()
    left_behind(tool.folder)
    probe.close()
    one, _ = opener()
    qtbot.waitUntil(lambda: one.banner.kind == "restore")
    one.banner.dismiss()
    one.close()
    two, again = opener()
    qtbot.wait(20)
    assert two.banner.kind == ""
    assert again.why_not() == ""
    two.use(again)
    qtbot.waitUntil(lambda: two.frame is not None and (two.frame.seed, two.frame.t) == (42, 6))


@pytest.mark.parametrize("agreed", [False, True])
def test_a_run_in_hand_is_not_restored_over_without_asking(
    opener: Opener, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, agreed: bool
) -> None:
    window, tool = opener()
    path = left_behind(tool.folder)
    something_done(window)
    qtbot.waitUntil(tool.path.is_file)
    asked: list[str] = []

    def answer(parent: object, title: str, text: str) -> QMessageBox.StandardButton:
        asked.append(text)
        return QMessageBox.StandardButton.Yes if agreed else QMessageBox.StandardButton.No

    monkeypatch.setattr(QMessageBox, "question", answer)
    window.use(tool)
    assert len(asked) == 1
    if agreed:
        qtbot.waitUntil(lambda: window.frame is not None and window.frame.seed == 42)
        qtbot.waitUntil(lambda: not path.exists())
    else:
        qtbot.wait(20)
        assert window.frame is not None
        assert window.frame.seed == 1
        assert path.is_file()


def test_a_damaged_copy_is_refused_in_words_and_stands_before_no_other(opener: Opener, qtbot: QtBot) -> None:
    window, tool = opener()
    good = left_behind(tool.folder, "good")
    bad = tool.folder / "bad.glass"
    bad.write_text('{"watchglass": 1')
    os.utime(good, (good.stat().st_atime, good.stat().st_mtime - 60))
    assert tool.lost() == [bad, good]
    tool.restore(bad)
    qtbot.waitUntil(lambda: window.banner.kind == "failure")
    assert "damaged" in window.banner.text.text()
    assert bad.is_file()
    assert tool.lost() == [good]


def test_very_old_copies_are_thrown_away(opener: Opener) -> None:
    _, tool = opener()
    old = left_behind(tool.folder)
    os.utime(old, (0, 0))
    assert tool.lost() == []
    assert not old.exists()


def test_a_folder_that_cannot_be_made_is_told_once(opener: Opener, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    window, tool = opener()
    tool.folder = tmp_path / "a file" / "autosave"
    something_done(window)
    qtbot.waitUntil(lambda: window.banner.kind == "autosave")
    assert "No copy of this run is kept" in window.banner.text.text()


def test_a_window_for_a_picture_keeps_nothing(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(autosave, "LEAST", 0)
    window = Window(CATALOGUE, QSettings(os.devnull, QSettings.Format.IniFormat), "dark")
    window.open_experiment("newton")
    something_done(window)
    qtbot.waitUntil(lambda: window.frame is not None and len(window.frame.gestures) == 1, timeout=20_000)
    qtbot.wait(20)
    assert not list(tmp_path.rglob("*.glass"))
    window.close()
    window.deleteLater()
