"""Copy as code: the run as a plain script that trains the same model on the same data, to read, change and run."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from lab.exports import code_of, done_midway
from lab.files import write_whole
from widgets.tools import Tool

SCRIPTS = "Python scripts (*.py)"


class CopyCode(Tool):
    title = "Copy as code"
    section = "Share"
    keys = "Ctrl+Alt+C"
    help = "A short plain script, which trains the same model on the same data to the same numbers, without Watchglass."

    def why_not(self) -> str:
        if why := super().why_not():
            return why
        return "" if hasattr(self.window.kind, "code") else "This experiment has no script of its own to hand out yet."

    def use(self) -> None:
        self.window.engine.ask(
            lambda session: (code_of(session), session.experiment.t, done_midway(session)),
            self._copy,
            self.window.chosen_lane,
        )

    def _copy(self, found: tuple[str, int, bool]) -> None:
        script, t, midway = found
        QGuiApplication.clipboard().setText(script)
        trained = f" that trains {t} step{'s' if t > 1 else ''}, as this run did" if t else ""
        uses = "PyTorch" if "\nimport torch" in script else "NumPy"
        said = f"Copied: a {uses} script of {len(script.splitlines())} lines{trained}."
        if midway:
            said += (
                " What was done midway is not in it: it trains from the start, with settings and data as they are now."
            )
        self.window.banner.say("copied", said, label="Save …", do=partial(self._save, script))

    def _save(self, script: str) -> None:
        assert self.window.kind is not None
        usual = self.window.kind.name.replace(":", "-").replace("-", "_") + ".py"
        path, _ = QFileDialog.getSaveFileName(self.window, "Save the script", usual, SCRIPTS)
        if not path:
            return
        path = path if path.endswith(".py") else f"{path}.py"
        try:
            write_whole(path, script)
        except OSError as wrong:
            self.window.banner.say("failure", f"{path} cannot be written: {wrong.strerror}.", bad=True)
        else:
            self.window.banner.say("saved", f"Saved as {path}.")


TOOLS: tuple[type[Tool], ...] = (CopyCode,)
