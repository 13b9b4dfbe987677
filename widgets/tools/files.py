"""Runs kept in files: open one, save this one, open a recent one, or copy the command that makes this one again."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, QSettings
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu

from lab import commands, glass
from widgets.tools import Tool
from widgets.window import Window

RUNS = "Saved runs (*.glass)"
MOST_RECENT = 10


class OpenRun(Tool):
    title = "Open a run …"
    section = "Run"
    keys = "Ctrl+O"
    help = "A saved run opens at the step at which it was saved, and goes on from there."

    def why_not(self) -> str:
        return ""

    def use(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.window, "Open a run", "", RUNS)
        if path:
            self.window.open_file(path)


class RecentRuns(Tool):
    title = "Open a recent run …"
    section = "Run"
    keys = "Ctrl+Shift+O"
    help = f"The last {MOST_RECENT} runs that were opened or saved, the latest first."

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.asked = ""  # opened once it is seen to be a run
        self.heard: object = None
        self.menu: QMenu | None = None
        window.opening.connect(self._ask)
        window.opened.connect(self._opened)

    def why_not(self) -> str:
        return "" if recent(self.window.settings) else "No run was opened or saved yet, or its file is gone."

    def use(self) -> None:
        self.menu = QMenu(self.window)
        self.menu.setAccessibleName("Recent runs")
        for path in recent(self.window.settings):
            file = Path(path)
            entry = self.menu.addAction(f"{file.name}    {file.parent}".replace("&", "&&"))
            entry.triggered.connect(partial(self._open, path))
        self.menu.popup(self.window.stage.mapToGlobal(QPoint(0, 0)))
        self.menu.setActiveAction(self.menu.actions()[0])

    def _open(self, path: str, _: bool = False) -> None:
        self.window.open_file(path)

    def _ask(self, path: str) -> None:
        self._hear()
        self.asked = path

    def _opened(self, _: object) -> None:
        self._hear()
        if self.asked:
            note(self.window.settings, self.asked)
        self.asked = ""

    def _failed(self, _: object) -> None:
        self.asked = ""

    def _note(self, path: str) -> None:
        note(self.window.settings, path)

    def _hear(self) -> None:
        if self.heard is not self.window.engine:  # the window takes another engine where a step hangs
            self.heard = self.window.engine
            self.window.engine.saved.connect(self._note)
            self.window.engine.failed.connect(self._failed)


class SaveRun(Tool):
    title = "Save this run …"
    section = "Run"
    keys = "Ctrl+S"
    help = "Its seed, settings and all that was done: enough to play it again, move by move."

    def use(self) -> None:
        if path := place_for(self.window, "Save this run"):
            self.window.engine.save(path)


class CopyCommand(Tool):
    title = "Copy as command"
    section = "Share"
    keys = "Ctrl+Shift+C"
    help = "The line that makes this run again in a terminal; where things were done by hand, it opens a saved file."

    def use(self) -> None:
        self.window.engine.ask(lambda session: (commands.beyond(session), commands.words(session)), self._copy)

    def _copy(self, found: tuple[str, list[str]]) -> None:
        beyond, words = found
        if not beyond:
            self._put(commands.line(words), "")
        elif path := place_for(self.window, f"{beyond} Save it, and the command will open the file"):
            self.window.engine.ask(partial(glass.save, path=path), lambda _: self._put_opening(path, beyond))

    def _put_opening(self, path: str, beyond: str) -> None:
        note(self.window.settings, path)
        self._put(commands.line(commands.opening(path)), f"{beyond} The command opens the file saved now. ")

    def _put(self, line: str, why: str) -> None:
        QGuiApplication.clipboard().setText(line)
        shown = line if len(line) <= 200 else f"{line[:199]}…"
        self.window.banner.say("copied", f"{why}Copied: {shown}")


def place_for(window: Window, title: str) -> str:
    """Where a person wants a run to be saved, or nothing."""
    assert window.kind is not None
    usual = window.kind.name.replace(":", "-") + ".glass"
    path, _ = QFileDialog.getSaveFileName(window, title, usual, RUNS)
    return path if not path or path.endswith(".glass") else f"{path}.glass"


def recent(settings: QSettings) -> list[str]:
    """The files of recent runs that are still there."""
    kept = settings.value("recent", [])
    paths = [kept] if isinstance(kept, str) else kept if isinstance(kept, list) else []  # one comes back bare
    return [path for path in map(str, paths) if Path(path).is_file()][:MOST_RECENT]


def note(settings: QSettings, path: str) -> None:
    """This run is the latest."""
    latest = str(Path(path).resolve())
    others = [other for other in recent(settings) if other != latest]
    settings.setValue("recent", [latest, *others][:MOST_RECENT])


TOOLS: tuple[type[Tool], ...] = (OpenRun, RecentRuns, SaveRun, CopyCommand)
