"""The command palette: one line of text finds experiments, tools, controls, actions, panels and bookmarks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lab.catalogue import topics
from lab.controls import Choice, Control, Switch
from widgets.controls import Editor
from widgets.look import Look
from widgets.tools import Tool
from widgets.tools.time import bookmarks_of
from widgets.transport import BUTTONS
from widgets.window import Window

MOST = 60  # lines shown at once
FOUND = Qt.ItemDataRole.UserRole
MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


@dataclass(frozen=True)
class Found:
    """One line of the palette, and what choosing it does."""

    title: str
    sort: str  # what kind of thing it is
    do: Callable[[], object]
    help: str = ""
    also: str = ""  # words that find it too
    keys: str = ""
    why_not: str = ""  # why it cannot be chosen now


# ---------------------------------------------------------------- what there is to find


def everything(window: Window) -> Iterator[Found]:
    """All that can be chosen now: what concerns the open experiment first."""
    if window.kind is not None:
        yield from _of_the_experiment(window)
        if not window.kind.explores():
            for name, (_, said, key) in BUTTONS.items():
                yield Found(said, "run", partial(window.press, name), keys=key)
            yield Found("To the first step", "run", partial(window.press, "home"), also="start begin", keys="Home")
            yield Found("To the last step", "run", partial(window.press, "end"), keys="End")
        for mark in bookmarks_of(window):
            yield Found(mark.said, "bookmark", partial(window.engine.seek, mark.t), f"Goes to step {mark.t}.")
    for tool in window.tools:
        if not isinstance(tool, Palette):
            use = partial(window.use, tool)
            yield Found(tool.title.rstrip(" …"), "tool", use, tool.help, tool.section, tool.keys, tool.why_not())
    for name, said in (("light", "light"), ("dark", "dark"), ("system", "as the system")):
        yield Found(f"Theme: {said}", "window", partial(window.set_theme, name))
    yield Found("Present", "window", window.present, "Larger type and strokes, full screen.", keys="F11")
    for entry in window.catalogue:
        parent = window.catalogue.entries.get(entry.parent, entry)
        title = entry.heading if parent is entry else f"{parent.heading} › {entry.heading}"
        also = " ".join([entry.name, entry.wing, entry.line, *(topic.title for topic in topics(entry.name))])
        yield Found(
            title, "experiment" if parent is entry else "scene", partial(window.open_experiment, entry.name),
            entry.line, also,
        )  # fmt: skip


def _of_the_experiment(window: Window) -> Iterator[Found]:
    kind, column = window.kind, window.column
    if kind is None or column is None:
        return
    settings: Mapping[str, Any] = dict(window.frame.settings) if window.frame is not None else {}
    for name, given in kind.presets.items():
        yield Found(name, "preset", partial(column.apply_settings.emit, dict(given)), "A new run with these settings.")
    for name, action in kind.actions.items():
        if not action.arguments:
            yield Found(_words(name), "action", partial(column.act.emit, name), action.help)
    for name, one in column.editors.items():
        why = "" if one.isVisibleTo(column) else "It means nothing while the other controls stand as they do."
        yield from _of_the_control(kind.controls[name], one, partial(_focus, window, name), settings.get(name), why)
    if kind.random:
        yield Found("Seed", "control", partial(_focus, window, ""), column.seed.control.help)
    for title, shown in window.stage.panels():
        help = "Brings it to the front." if shown else "It is closed just now, and opens."
        yield Found(title, "panel", partial(_reveal, window, title), help)
    for text, given in kind.prompts:
        yield Found(text, "try this", partial(column.apply_settings.emit, dict(given)), "A new run with its settings.")


def _of_the_control(control: Control, one: Editor, focus: Callable[[], None], now: Any, why: str) -> Iterator[Found]:
    """The control itself, and each of its options where there are few."""
    also = f"{control.key} {control.symbol}"
    title = f"{control.label}  {control.symbol}".strip()
    yield Found(title, "control", focus, control.help, also, why_not=why)
    if isinstance(control, Choice):
        for option in control.options:
            stands = "It is chosen already." if option == now else why
            yield Found(
                f"{control.label}: {option}", "choice", partial(one.typed, option), control.help, also, why_not=stands
            )
    elif isinstance(control, Switch):
        said = "off" if now else "on"
        yield Found(f"{control.label}: {said}", "choice", partial(one.typed, not now), control.help, also, why_not=why)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _focus(window: Window, name: str) -> None:
    """Put the keyboard into a control's field, or on whatever else of it takes keys; no name: the seed."""
    column = window.column
    if column is None:
        return
    one = column.editors[name] if name else column.seed
    takers = [
        part
        for part in one.findChildren(QWidget)
        if part.focusPolicy() & Qt.FocusPolicy.TabFocus and part is not one.reset and part.isVisibleTo(column)
    ]
    if not takers:
        return
    field = next((part for part in takers if isinstance(part, QLineEdit)), takers[0])
    column.ensureWidgetVisible(one)
    window.activateWindow()
    field.setFocus(Qt.FocusReason.ShortcutFocusReason)
    if isinstance(field, QLineEdit):
        field.selectAll()


def _reveal(window: Window, title: str) -> None:
    """Open a panel if it is closed, and bring it to the front."""
    stage = window.stage
    if not dict(stage.panels()).get(title, True):
        stage.open_panel(title, True)
    if stage.enlarged is not None and stage.enlarged.panel.title != title:
        stage.enlarge(None)
    card = next((card for card in stage.cards() if card.panel.title == title), None)
    if card is not None:
        stage.reveal(card)
        card.size_button.setFocus(Qt.FocusReason.OtherFocusReason)


# ---------------------------------------------------------------- how well something fits


def fit(query: str, found: Found) -> float:
    """How well it fits what was typed; 0 where some word of it does not fit at all."""
    words = query.lower().split()
    title, also = found.title.lower(), f"{found.sort} {found.also} {found.help}".lower()
    each = [_fit(word, title, also) for word in words]
    if not all(each):
        return 0.0
    whole = 50.0 if title.startswith(query.strip().lower()) else 0.0
    return sum(each) / max(len(each), 1) + whole - 0.02 * len(title) - (20 if found.why_not else 0) + 30


def _fit(word: str, title: str, also: str) -> float:
    if (at := title.find(word)) >= 0:
        begins = at == 0 or not title[at - 1].isalnum()
        return 100.0 if begins else 60.0
    if (at := also.find(word)) >= 0:
        return 30.0 if at == 0 or not also[at - 1].isalnum() else 10.0 if len(word) > 2 else 0.0
    letters = re.search(".*?".join(map(re.escape, word)), title)
    if letters is None or len(word) < 2:
        return 0.0
    closeness = len(word) / (letters.end() - letters.start())
    return 50.0 * closeness if closeness > 0.3 else 0.0


def best(query: str, all_found: Sequence[Found]) -> list[Found]:
    """The ones that fit, the best first; all of them where nothing was typed."""
    if not query.strip():
        return list(all_found)
    scored = [(fit(query, found), found) for found in all_found]
    return [found for score, found in sorted(scored, key=lambda pair: -pair[0]) if score > 0]


# ---------------------------------------------------------------- the window of it


class Finder(QDialog):
    """A line to type in, and what fits below it. The arrows choose, Enter does, Escape closes."""

    def __init__(self, window: Window, look: Look) -> None:
        super().__init__(window, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Command palette")
        self.all_found = list(everything(window))
        self.line = QLineEdit()
        self.line.setPlaceholderText("Find an experiment, a tool, a control, a panel …")
        self.line.setAccessibleName("What to find")
        self.line.installEventFilter(self)
        self.list = QTreeWidget()
        self.list.setAccessibleName("What was found")
        self.list.setHeaderHidden(True)
        self.list.setColumnCount(3)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head = self.list.header()
        head.setStretchLastSection(False)
        for column, how in enumerate((QHeaderView.ResizeMode.Stretch, *[QHeaderView.ResizeMode.ResizeToContents] * 2)):
            head.setSectionResizeMode(column, how)
        self.told = QLabel()
        self.told.setProperty("quiet", True)
        self.told.setWordWrap(True)
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setMinimumHeight(2 * self.told.fontMetrics().lineSpacing() + 2)
        self.told.setAlignment(Qt.AlignmentFlag.AlignTop)
        card = QFrame()
        card.setProperty("card", True)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(card)
        box = QVBoxLayout(card)
        margin = round(12 * look.scale)
        box.setContentsMargins(margin, margin, margin, margin)
        box.setSpacing(round(8 * look.scale))
        box.addWidget(self.line)
        box.addWidget(self.list, 1)
        box.addWidget(self.told)
        self.quiet, self.faint = look.colour("quiet"), look.colour("quiet", 0.6)
        self.line.textChanged.connect(self._find)
        self.line.returnPressed.connect(self._choose)
        self.list.itemClicked.connect(lambda _: self._choose())
        self.list.currentItemChanged.connect(lambda now, _: self._tell(now))
        room = window.size()
        self.resize(min(round(620 * look.scale), room.width() - 40), min(round(420 * look.scale), room.height() - 60))
        corner = window.mapToGlobal(QPoint((room.width() - self.width()) // 2, round(0.12 * room.height())))
        self.move(corner)
        self._find("")

    def _find(self, query: str) -> None:
        self.list.clear()
        fitting = best(query, self.all_found)
        for found in fitting[:MOST]:
            keys = QKeySequence(found.keys).toString(QKeySequence.SequenceFormat.NativeText) or found.keys
            row = QTreeWidgetItem([found.title, keys, found.sort])
            row.setData(0, FOUND, found)
            row.setForeground(1, self.quiet)
            row.setForeground(2, self.quiet)
            if found.why_not:
                row.setForeground(0, self.faint)
            row.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.list.addTopLevelItem(row)
        if (first := self.list.topLevelItem(0)) is not None:
            self.list.setCurrentItem(first)
        else:
            self.told.setText(f"Nothing is called “{query.strip()}”. Try fewer letters.")

    def _tell(self, row: QTreeWidgetItem | None) -> None:
        if row is not None:
            found = row.data(0, FOUND)
            self.told.setText(found.why_not or found.help[:1].upper() + found.help[1:])

    def _choose(self) -> None:
        """Do it; where it cannot be done now, the reason stands below already."""
        row = self.list.currentItem()
        found = row.data(0, FOUND) if row is not None else None
        if found is not None and not found.why_not:
            self.close()
            found.do()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys that move the choice go to the list, while all others type."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in MOVES:
            self.list.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowDeactivate:
            self.close()  # a click elsewhere puts it away
        return super().event(event)


class Palette(Tool):
    title = "Find anything …"
    section = "Help"
    keys = "Ctrl+K"
    help = "One line of text finds every experiment, tool, control, action and panel."

    def why_not(self) -> str:
        return ""

    def use(self) -> None:
        finder = Finder(self.window, self.window.look)
        finder.show()
        finder.activateWindow()
        finder.line.setFocus()


TOOLS: tuple[type[Tool], ...] = (Palette,)
