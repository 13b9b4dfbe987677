"""Time: run to a step or a condition, bookmarks on the timeline, a new seed, and the ghost put away."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from lab.until import END, Until, parsed
from widgets.controls.seed import SHORT
from widgets.tools import Tool
from widgets.window import Window

MOST_NAMED = 8  # metrics
LAST = "run to"  # the setting that remembers what was typed


class OverTime(Tool):
    """What needs steps."""

    def why_not(self) -> str:
        kind = self.window.kind
        if kind is not None and kind.explores():
            return "This experiment has no steps: every change shows at once."
        return super().why_not()


# ---------------------------------------------------------------- run to


class RunTo(OverTime):
    title = "Run to …"
    section = "Run"
    keys = "G"
    help = "Plays until a step, a condition such as loss < 0.1, or the run's own end, and pauses there."

    def use(self) -> None:
        asking = AskUntil(self.window, self.metrics())
        asking.show()
        asking.activateWindow()

    def metrics(self) -> list[str]:
        """What a condition may name: members of families, as loss/Adam, are known once they are measured."""
        frame, kind = self.window.frame, self.window.kind
        return list(frame.metrics) if frame is not None and frame.metrics else list(kind.metrics if kind else ())


class AskUntil(QDialog):
    """One line to type in; what is wrong with it stands below."""

    def __init__(self, window: Window, metrics: list[str]) -> None:
        super().__init__(window)
        self.window_, self.metrics = window, metrics
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Run to")
        self.line = QLineEdit()
        self.line.setAccessibleName("Run to")
        self.line.setPlaceholderText(f"500, {metrics[0] if metrics else 'loss'} < 0.1, or {END}")
        width = round(380 * window.look.scale)
        self.line.setText(self._last())
        self.line.selectAll()
        named = ", ".join(metrics[:MOST_NAMED]) + (" …" if metrics[MOST_NAMED:] else "")
        there_are = f" It measures {named}." if metrics else ""
        hint = QLabel(f"A step, a condition on what is measured, or “{END}” for convergence.{there_are}")
        hint.setProperty("quiet", True)
        hint.setWordWrap(True)
        self.wrong = QLabel()
        self.wrong.setProperty("warn", True)
        self.wrong.setWordWrap(True)
        self.wrong.setAccessibleName("What is wrong")
        self.wrong.hide()
        go, away = QPushButton("Run"), QPushButton("Cancel")
        go.setProperty("accented", True)
        go.setDefault(True)
        away.setAutoDefault(False)
        go.clicked.connect(self.go)
        away.clicked.connect(self.close)
        below = QHBoxLayout()
        below.addStretch(1)
        below.addWidget(away)
        below.addWidget(go)
        self.box = QVBoxLayout(self)
        for part in (self.line, hint, self.wrong):
            self.box.addWidget(part)
        self.box.addLayout(below)
        self.resize(width, self.box.totalHeightForWidth(width))
        self.line.textEdited.connect(lambda _: self.wrong.hide())
        self.line.setFocus()

    def _last(self) -> str:
        """What was typed last, if this experiment understands it too."""
        text = str(self.window_.settings.value(LAST, ""))
        try:
            parsed(text, self.metrics)
        except ValueError:
            return ""
        return text

    def go(self) -> None:
        window, text = self.window_, self.line.text()
        try:
            until = parsed(text, self.metrics)
        except ValueError as wrong:
            said = str(wrong)
            self.wrong.setText(f"{said[:1].upper()}{said[1:]}.")
            self.wrong.show()
            self.resize(self.width(), self.box.totalHeightForWidth(self.width()))
            return
        window.settings.setValue(LAST, text.strip())
        self.close()
        run_to(window, until)


def run_to(window: Window, until: Until) -> None:
    """What is recorded already is gone to at once; the rest is played."""
    frame = window.frame
    if frame is None:
        return
    if until.t is not None and until.t <= frame.end:
        window.engine.seek(until.t)
    elif frame.finished and frame.t == frame.end:
        window.banner.say("refused", f"The run is over: {frame.finished}", bad=True)
    else:
        window.engine.run_to(until)


# ---------------------------------------------------------------- bookmarks


@dataclass(frozen=True, order=True)
class Bookmark:
    """A step to come back to."""

    t: int
    name: str = ""

    @property
    def said(self) -> str:
        return f"{self.name} (step {self.t})" if self.name else f"Step {self.t}"


class SetBookmark(OverTime):
    """Shows the bookmarks of the window's run, which keeps them."""

    title = "Bookmark this step"
    section = "Run"
    keys = "B"
    help = "A small flag on the timeline, with a name if you like; a click on it comes back here."

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.bookmarks: dict[int, Bookmark] = {}
        self.asked = False  # the run is to tell of its own
        window.opened.connect(lambda _: self._look())

    def use(self) -> None:
        frame = self.window.frame
        if frame is None:
            return
        there = self.bookmarks.get(frame.t)
        if there is None:
            self.name(frame.t, "")
        asking = AskName(self, frame.t, there)
        asking.show()
        asking.activateWindow()

    def name(self, t: int, name: str) -> None:
        self.keep(self.bookmarks | {t: Bookmark(t, name.strip())})

    def remove(self, t: int) -> None:
        self.keep({other: mark for other, mark in self.bookmarks.items() if other != t})

    def keep(self, bookmarks: dict[int, Bookmark]) -> None:
        """In the run, so that it is saved with them."""
        self.asked = False
        self.show(bookmarks)
        named = {mark.t: mark.name for mark in bookmarks.values()}
        self.window.engine.ask(lambda session: setattr(session, "bookmarks", named), lambda _: None)
        self.window.noted.emit()

    def _look(self) -> None:
        """Another run, with bookmarks of its own if it comes from a file."""
        self.show({})
        self.asked = True
        self.window.engine.ask(lambda session: dict(session.bookmarks), self._found)

    def _found(self, named: dict[int, str]) -> None:
        if self.asked:  # and not set since
            self.show({t: Bookmark(t, name) for t, name in named.items()})

    def show(self, bookmarks: dict[int, Bookmark]) -> None:
        self.bookmarks = dict(sorted(bookmarks.items()))
        self.window.transport.timeline.show_bookmarks((mark.t, mark.said) for mark in self.bookmarks.values())


class AskName(QWidget):
    """Asks for a bookmark's name above its flag. The bookmark is set already: Escape leaves it without one."""

    def __init__(self, marks: SetBookmark, t: int, there: Bookmark | None) -> None:
        super().__init__(marks.window, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Bookmark")
        self.marks, self.t = marks, t
        self.line = QLineEdit(there.name if there is not None else "")
        self.line.setPlaceholderText(f"Name of step {t}, or none")
        self.line.setAccessibleName("Name of the bookmark")
        self.line.setMaxLength(60)
        self.line.setMinimumWidth(round(200 * marks.window.look.scale))
        self.line.returnPressed.connect(self._named)
        away = QPushButton("Remove")
        away.clicked.connect(self._removed)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 8, 8, 8)
        row.addWidget(self.line)
        row.addWidget(away)
        self.setFocusProxy(self.line)
        self.line.setFocus()
        self.adjustSize()
        line = marks.window.transport.timeline
        at = line.mapToGlobal(QPoint(round(line.place(t)), 0))
        self.move(at - QPoint(self.width() // 2, self.height() + 4))

    def _named(self) -> None:
        self.marks.name(self.t, self.line.text())
        self.close()

    def _removed(self) -> None:
        self.marks.remove(self.t)
        self.close()


class Bookmarks(OverTime):
    title = "Bookmarks …"
    section = "Run"
    keys = "Shift+B"
    help = "The steps that were bookmarked in this run: choose one to go there."

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.menu: QMenu | None = None

    def why_not(self) -> str:
        if why := super().why_not():
            return why
        return "" if bookmarks_of(self.window) else f"No step is bookmarked yet: {SetBookmark.keys} does it."

    def use(self) -> None:
        self.menu = QMenu(self.window)
        self.menu.setAccessibleName("Bookmarks")
        for mark in bookmarks_of(self.window):
            entry = self.menu.addAction(mark.said.replace("&", "&&"))
            entry.triggered.connect(lambda _=False, t=mark.t: self.window.engine.seek(t))
        self.menu.addSeparator()
        self.menu.addAction("Remove all bookmarks", lambda: _keeper(self.window).keep({}))
        height = self.menu.sizeHint().height()
        self.menu.popup(self.window.transport.timeline.mapToGlobal(QPoint(0, -height - 4)))
        self.menu.setActiveAction(self.menu.actions()[0])


def bookmarks_of(window: Window) -> list[Bookmark]:
    """The bookmarks of the window's run, in the order of their steps."""
    return list(_keeper(window).bookmarks.values())


def _keeper(window: Window) -> SetBookmark:
    return next(tool for tool in window.tools if isinstance(tool, SetBookmark))


# ---------------------------------------------------------------- seed and ghost


class NewSeed(Tool):
    title = "New seed"
    section = "Run"
    keys = "Ctrl+R"
    help = "Begins again with other luck: another start, other samples, the same settings."

    def why_not(self) -> str:
        kind = self.window.kind
        if kind is not None and not kind.random:
            return "Nothing in this experiment is random: another seed would make the same run."
        return super().why_not()

    def use(self) -> None:
        lane = self.window.chosen_lane
        now = next((frame.seed for frame in self.window.lanes.frames if frame.lane == lane), 0)
        drawn = random.randrange(SHORT - 1)
        self.window.engine.restart(drawn + (drawn >= now), lane=lane)  # never the one there is


class DismissGhost(Tool):
    title = "Dismiss the ghost"
    section = "Run"
    help = "The dimmed curves and trails are the run that was left; this puts it away."

    def why_not(self) -> str:
        if why := super().why_not():
            return why
        ghosts = any(frame.ghost is not None for frame in self.window.lanes.frames)
        return "" if ghosts else "There is no ghost: change something in the past, and the old run stays as one."

    def use(self) -> None:
        self.window.engine.dismiss_ghost()


TOOLS: tuple[type[Tool], ...] = (RunTo, SetBookmark, Bookmarks, NewSeed, DismissGhost)
