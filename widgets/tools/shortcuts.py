"""The sheet of all keys: those of the tools, the transport's and the window's, and what the mouse does in a plot."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from widgets.look import Look
from widgets.tools import SECTIONS, Tool
from widgets.transport import BUTTONS
from widgets.window import Window

SIGNS = str.maketrans({"←": "Left", "→": "Right"})  # as Qt writes keys
JUMPS = {"Home": "To the first step", "End": "To the last step recorded"}
WINDOW = {
    "Ctrl+F": "Search the experiments",
    "F11": "Present: larger type and strokes, full screen",
    "Escape": "Put an enlarged panel back, or end presenting",
}
MOUSE = {
    "drag a point": "moves it, where the experiment lets you",
    "wheel": "zooms a plot",
    "drag the ground": "moves a plot",
    "double-click": "fits a plot; on a title, enlarges the panel",
}

Sheet = dict[str, list[tuple[str, str]]]  # heading → (keys or gesture, what it does)


def sheet(tools: Iterable[Tool]) -> Sheet:
    """All keys there are, by heading."""
    transport = [(key.translate(SIGNS), said) for _, said, key in BUTTONS.values()]
    found: Sheet = {"Time": [*transport, *JUMPS.items()], "Window": list(WINDOW.items())}
    for section in SECTIONS:
        keyed = [(tool.keys, tool.title.rstrip(" …")) for tool in tools if tool.section == section and tool.keys]
        if keyed:
            found[section] = keyed
    return found


def shown(keys: str) -> str:
    """Keys as a person reads them."""
    arrows = {"Left": "←", "Right": "→"}
    native = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText) or keys
    return "+".join(arrows.get(part, part) for part in native.split("+")) if native != "+" else native


class Keys(QDialog):
    """Two columns of headings, keys and what they do. The key that opened it, or Escape, closes it."""

    def __init__(self, window: Window, look: Look) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keys")
        self.setAccessibleName("Keys")
        parts = {heading: [(shown(keys), said) for keys, said in rows] for heading, rows in sheet(window.tools).items()}
        parts["Mouse"] = list(MOUSE.items())
        columns: list[list[str]] = [[], []]
        filled = [0, 0]
        for heading, rows in parts.items():  # each goes where there is more room
            at = filled.index(min(filled))
            columns[at].append(heading)
            filled[at] += len(rows) + 2
        inside = QWidget()
        across = QHBoxLayout(inside)
        across.setSpacing(round(32 * look.scale))
        for headings in columns:
            across.addLayout(_column({heading: parts[heading] for heading in headings}, look))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inside)
        area.setAccessibleName("All keys")
        box = QVBoxLayout(self)
        box.addWidget(area)
        hint = inside.sizeHint()
        self.resize(min(hint.width() + 60, window.width() - 20), min(hint.height() + 40, window.height() - 20))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and getattr(event, "text", str)() == Shortcuts.keys:
            self.close()
            return True
        return super().event(event)


def _column(parts: Sheet, look: Look) -> QVBoxLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(round(16 * look.scale))
    grid.setVerticalSpacing(round(5 * look.scale))
    grid.setColumnStretch(1, 1)
    row = 0
    for heading, rows in parts.items():
        title = QLabel(heading)
        title.setProperty("title", True)
        title.setContentsMargins(0, round(10 * look.scale) if row else 0, 0, 0)
        grid.addWidget(title, row, 0, 1, 2)
        for keys, said in rows:
            row += 1
            key = QLabel(keys)
            key.setProperty("quiet", True)
            key.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(key, row, 0)
            grid.addWidget(QLabel(said), row, 1)
        row += 1
    column = QVBoxLayout()
    column.addLayout(grid)
    column.addStretch(1)
    return column


class Shortcuts(Tool):
    title = "Keys"
    section = "Help"
    keys = "?"
    help = "A sheet of every key there is."

    def why_not(self) -> str:
        return ""

    def use(self) -> None:
        keys = Keys(self.window, self.window.look)
        keys.show()
        keys.activateWindow()


TOOLS: tuple[type[Tool], ...] = (Shortcuts,)
