"""The header: what is open, and the few things that concern the whole window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from lab.catalogue import Entry
from widgets.eliding import ElidingLabel
from widgets.look import Look
from widgets.theme import icon
from widgets.tools import Tool

THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}
BUTTONS = {  # name → what it is for
    "panels": "Panels: open and close them",
    "theme": "Theme: as the system, light or dark",
    "present": "Present: larger type and strokes, full screen (F11)",
    "menu": "Menu: everything that can be done with a run",
}


class Header(QWidget):
    """Above the stage."""

    present_asked = Signal()
    theme_chosen = Signal(str)
    panel_toggled = Signal(str, bool)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.theme = "system"
        self.panels: Callable[[], list[tuple[str, bool]]] = list  # every panel, and whether it is open
        self.tools: Callable[[], list[Tool]] = list
        self.heading, self.line = QLabel("Watchglass"), ElidingLabel()
        self.heading.setProperty("heading", True)
        self.line.setProperty("quiet", True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.heading)
        row.addWidget(self.line, 1)
        self.buttons: dict[str, QToolButton] = {}
        for name, purpose in BUTTONS.items():
            button = self.buttons[name] = QToolButton()
            button.setToolTip(purpose)
            button.setAccessibleName(purpose.split(":")[0])
            button.setIconSize(QSize(18, 18))
            row.addWidget(button)
            if name == "present":
                button.clicked.connect(self.present_asked)
                continue
            menu = QMenu(self)
            button.setMenu(menu)
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
            menu.aboutToShow.connect(lambda menu=menu, name=name: self.fill(menu, name))
        self.restyle(look)

    def name(self, entry: Entry) -> None:
        """Tell which experiment is open, and what a person watches in it."""
        self.heading.setText(entry.heading)
        self.line.setText(entry.line)
        self.line.setToolTip(entry.line)

    def fill(self, menu: QMenu, name: str) -> None:
        """Menus are filled as they open, so that they tell the present."""
        menu.clear()
        if name == "panels":
            for title, shown in self.panels():
                entry = menu.addAction(title)
                entry.setCheckable(True)
                entry.setChecked(shown)
                entry.toggled.connect(lambda on, title=title: self.panel_toggled.emit(title, on))
        elif name == "theme":
            for theme, said in THEMES.items():
                entry = menu.addAction(said)
                entry.setCheckable(True)
                entry.setChecked(theme == self.theme)
                entry.triggered.connect(lambda _=False, theme=theme: self.theme_chosen.emit(theme))
        else:
            offer(menu, self.tools())

    def restyle(self, look: Look) -> None:
        for name, button in self.buttons.items():
            sign = {"theme": "moon" if look.theme.name == "dark" else "sun"}.get(name, name)
            button.setIcon(icon(sign, look.theme.quiet))


def offer(menu: QMenu, tools: list[Tool]) -> None:
    """Tools under the names of their sections; what cannot be used now is greyed, and pointing at it says why."""
    menu.setToolTipsVisible(True)
    section = ""
    for tool in tools:
        if tool.section != section:
            section = tool.section
            menu.addSection(section)
        entry = menu.addAction(tool.title, tool.use)
        entry.setShortcut(tool.keys)
        entry.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)  # only to be read: the window listens to it
        why = tool.why_not()
        entry.setEnabled(not why)
        entry.setToolTip(why or tool.help)
