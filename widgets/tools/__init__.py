"""Tools: what can be done with any run. One file each, found in the menu, by its key, and in the palette.

A tool that cannot serve the open experiment is greyed, with the reason.
"""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QKeySequence, QShortcut

if TYPE_CHECKING:  # the window makes the tools
    from widgets.window import Window

# In the order of the menu: widgets/tools/NAME.py holds the classes that its TOOLS lists.
NAMES = (
    "files",
    "compare",
    "sweep",
    "luck",
    "autosave",
    "drop",
    "draw_data",
    "follow",
    "sealed",
    "export",
    "code",
    "time",
    "palette",
    "shortcuts",
    "help",
    "about",
)
PAUSE = 20  # milliseconds from one file to the next: whoever is quick finds a window that answers
SECTIONS = ("Run", "Compare", "Data", "Share", "Help")


class Tool(QObject):
    """One thing to do. What is heavy is imported in `use`: tools are made as the window opens."""

    title: ClassVar[str]  # as the menu has it
    section: ClassVar[str]  # one of SECTIONS
    keys: ClassVar[str] = ""  # a shortcut
    help: ClassVar[str] = ""  # one sentence, shown beside it in the palette

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.window = window

    def why_not(self) -> str:
        """A sentence if it cannot be used now, else nothing."""
        return "" if self.window.kind is not None else "No experiment is open yet."

    def use(self) -> None:
        raise NotImplementedError


class Toolbox(QObject):
    """All tools of a window: brought one file a turn once the window can be seen, or at once when they are wanted."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.window = window
        self._left = list(NAMES)
        self._made: list[Tool] = []
        self._turn = QTimer(self)
        self._turn.timeout.connect(self._bring)

    def begin(self) -> None:
        """The window is on the screen."""
        if self._left and not self._turn.isActive():
            self._turn.start(PAUSE)

    def tools(self) -> list[Tool]:
        """One of each, in the order of the menu."""
        while self._left:
            self._bring()
        return self._made

    def _bring(self) -> None:
        """The tools of the next file, and their keys."""
        for kind in importlib.import_module(f"widgets.tools.{self._left.pop(0)}").TOOLS:
            tool = kind(self.window)
            self._made.append(tool)
            if tool.keys:
                QShortcut(QKeySequence(tool.keys), self.window, partial(self.window.use, tool))
        if not self._left:
            self._turn.stop()
            self._made.sort(key=lambda tool: SECTIONS.index(tool.section))
