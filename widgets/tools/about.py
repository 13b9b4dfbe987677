"""What this program is."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox

from widgets.tools import Tool


class About(Tool):
    title = "About Watchglass"
    section = "Help"

    def why_not(self) -> str:
        return ""

    def use(self) -> None:
        QMessageBox.about(
            self.window,
            "About Watchglass",
            "<h3>Watchglass</h3><p>A laboratory for watching models train: play, step, go back, "
            "change something, and see why.</p>",
        )


TOOLS: tuple[type[Tool], ...] = (About,)
