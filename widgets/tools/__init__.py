"""Tools: what can be done with any run. One file each, found in the menu, by its key, and in the palette.

A tool that cannot serve the open experiment is greyed, with the reason.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QObject

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
    "export",
    "time",
    "palette",
    "shortcuts",
    "help",
    "about",
)
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


def all_tools(window: Window) -> list[Tool]:
    """One of each, in the order of the menu."""
    made: list[Tool] = []
    for name in NAMES:
        made += [kind(window) for kind in importlib.import_module(f"widgets.tools.{name}").TOOLS]
    return sorted(made, key=lambda tool: SECTIONS.index(tool.section))
