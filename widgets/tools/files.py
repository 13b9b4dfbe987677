"""Runs kept in files: open one, save this one."""

from __future__ import annotations

from PySide6.QtWidgets import QFileDialog

from widgets.tools import Tool

RUNS = "Saved runs (*.glass)"


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


class SaveRun(Tool):
    title = "Save this run …"
    section = "Run"
    keys = "Ctrl+S"
    help = "Its seed, settings and all that was done: enough to play it again, move by move."

    def use(self) -> None:
        assert self.window.kind is not None
        path, _ = QFileDialog.getSaveFileName(self.window, "Save this run", f"{self.window.kind.name}.glass", RUNS)
        if path:
            self.window.engine.save(path if path.endswith(".glass") else f"{path}.glass")


TOOLS: tuple[type[Tool], ...] = (OpenRun, SaveRun)
