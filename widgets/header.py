"""The header: what is open, and the few things that concern the whole window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QWidget
from superqt import QElidingLabel

from lab.catalogue import Entry
from widgets.look import Look
from widgets.theme import icon

THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}
BUTTONS = {  # name → what it is for
    "panels": "Panels: open and close them",
    "theme": "Theme: as the system, light or dark",
    "present": "Present: larger type and strokes, full screen (F11)",
    "menu": "Menu: open, save, about",
}


class Header(QWidget):
    """Above the stage."""

    asked = Signal(str)  # present, ask_open, ask_save or about
    theme_chosen = Signal(str)
    panel_toggled = Signal(str, bool)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.theme = "system"
        self.panels: Callable[[], list[tuple[str, bool]]] = list  # every panel, and whether it is open
        self.heading, self.line = QLabel("Watchglass"), QElidingLabel()
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
                button.clicked.connect(lambda: self.asked.emit("present"))
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
            menu.addAction("Open a run …", lambda: self.asked.emit("ask_open"))
            menu.addAction("Save this run …", lambda: self.asked.emit("ask_save"))
            menu.addSeparator()
            menu.addAction("About Watchglass", lambda: self.asked.emit("about"))

    def restyle(self, look: Look) -> None:
        for name, button in self.buttons.items():
            sign = {"theme": "moon" if look.theme.name == "dark" else "sun"}.get(name, name)
            button.setIcon(icon(sign, look.theme.quiet))
