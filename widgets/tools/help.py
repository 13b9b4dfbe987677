"""Help for the open experiment: what one watches, its maths, its controls, its notes, and its places in the texts."""

from __future__ import annotations

import html
import inspect
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, Qt, QUrl
from PySide6.QtGui import QImage, QPainter, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QTextBrowser, QTextEdit, QVBoxLayout, QWidget

from lab.catalogue import Catalogue, topics
from lab.experiment import Experiment
from lab.marks import Equation, Mark, Note, Update, panels
from lab.session import Session
from widgets.look import Look, rich
from widgets.marks.equation import DRAWN, Formula, lines
from widgets.tools import Tool
from widgets.window import Window

FINE = 2.0  # formulas are drawn so much finer than the screen's own pixels
TYPE = 17.0  # pixels of type in formulas


@dataclass(frozen=True)
class Said:
    """What the run itself says: its equations and its notes, with the titles of their panels."""

    equations: tuple[tuple[str, str], ...] = ()  # (title, LaTeX)
    notes: tuple[tuple[str, str], ...] = ()  # (title, text)
    panels: tuple[tuple[str, str], ...] = ()  # (title, what its help says)


def said_by(session: Session) -> Said:
    """Asked of the run in the engine's thread: closed panels speak too."""
    equations, notes = [], []
    shown = list(panels(session.layout))
    for panel in shown:
        for mark in panel.marks:
            value = _value(session, mark) if isinstance(mark, Equation | Note) else None
            if isinstance(value, Update):
                equations.append((panel.title, value.latex))
            elif isinstance(value, str) and value:
                notes.append((panel.title, value))
    helped = tuple((panel.title, panel.help) for panel in shown if panel.help)
    return Said(tuple(equations), tuple(notes), helped)


def _value(session: Session, mark: Mark) -> object:
    try:
        return next(iter(session.experiment.draw(mark.names()).values()), None)
    except Exception:  # a picture that cannot be drawn is told of where it is looked at
        return None


class HelpView(QWidget):
    """A page of text, and a line to search it."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window_ = window
        self.kind: type[Experiment] | None = None
        self.said = Said()
        self.look: Look | None = None
        self.setAccessibleName("Help")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search this help")
        self.search.setAccessibleName("Search this help")
        self.search.setClearButtonEnabled(True)
        self.count = QLabel()
        self.count.setProperty("quiet", True)
        self.page = QTextBrowser()
        self.page.setAccessibleName("Help for this experiment")
        self.page.setOpenLinks(False)
        above = QHBoxLayout()
        above.addWidget(self.search, 1)
        above.addWidget(self.count)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 6, 0, 0)
        box.addLayout(above)
        box.addWidget(self.page, 1)
        self.search.textChanged.connect(self._mark_all)
        self.search.returnPressed.connect(self._next)

    def tell(self, kind: type[Experiment], said: Said) -> None:
        self.kind, self.said = kind, said
        self._write()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.kind is not None and self.look != self.window_.look:
            self._write()

    # ------------------------------------------------------------ the page

    def _write(self) -> None:
        assert self.kind is not None
        look = self.look = self.window_.look
        page = QTextDocument(self.page)
        page.setDefaultFont(look.font(14))
        page.setDefaultStyleSheet(
            f"h2 {{ font-size: {round(19 * look.scale)}px; }} h3 {{ font-size: {round(15 * look.scale)}px; }} "
            f".quiet {{ color: {look.theme.quiet}; }} td {{ padding: 3px 14px 3px 0px; }}"
        )
        formulas = [(title, drawn(line, look)) for title, latex in self.said.equations for line in lines(latex)]
        for number, (_, picture) in enumerate(formulas):
            page.addResource(QTextDocument.ResourceType.ImageResource, QUrl(f"formula:{number}"), picture)
        page.setHtml("".join(written(self.kind, self.said, formulas, self.window_.catalogue)))
        self.page.setDocument(page)
        self._mark_all(self.search.text())

    # ------------------------------------------------------------ the search

    def _mark_all(self, text: str) -> None:
        """Light every place where it stands, and go to the first."""
        page = self.page.document()
        lit = QTextCharFormat()
        lit.setBackground(self.window_.look.colour("warn", 0.35))
        places: list[QTextEdit.ExtraSelection] = []
        cursor = QTextCursor(page)
        while text and not (cursor := page.find(text, cursor)).isNull():
            place = QTextEdit.ExtraSelection()
            place.cursor, place.format = cursor, lit
            places.append(place)
        self.page.setExtraSelections(places)
        self.count.setText(f"{len(places)} found" if text else "")
        self.page.moveCursor(QTextCursor.MoveOperation.Start)
        self._next()

    def _next(self) -> None:
        """On to the next place, and from the last to the first."""
        text = self.search.text()
        if text and not self.page.find(text):
            self.page.moveCursor(QTextCursor.MoveOperation.Start)
            self.page.find(text)


def drawn(latex: str, look: Look) -> QImage:
    """A formula in the ink of the theme."""
    formula = Formula(latex, look.theme.text, look.font(TYPE))
    scale = TYPE * look.scale / DRAWN
    size = (formula.size * scale).toSize()
    picture = QImage(
        round((size.width() + 4) * FINE), round((size.height() + 4) * FINE), QImage.Format.Format_ARGB32_Premultiplied
    )
    picture.setDevicePixelRatio(FINE)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    formula.paint(painter, QPointF(2, 2), scale)
    painter.end()
    return picture


def written(
    kind: type[Experiment], said: Said, formulas: Sequence[tuple[str, QImage]], catalogue: Catalogue
) -> Iterator[str]:
    """The page as HTML, part by part."""
    entry = catalogue[kind.name]
    doc = inspect.cleandoc(kind.__doc__ or sys.modules[kind.__module__].__doc__ or "")
    yield f"<h2>{html.escape(entry.heading)}</h2><p>{html.escape(_sentence(entry.line))}</p>"
    told = (" ".join(part.split()) for part in doc.split("\n\n"))
    yield from (f"<p>{html.escape(part)}</p>" for part in told if part and not part.endswith(entry.line))
    before = None
    for number, (title, picture) in enumerate(formulas):
        if before is None:
            yield "<h3>The maths</h3>"
        if title != before:
            yield f"<p class='quiet'>{html.escape(title)}</p>"
        before = title
        size = picture.deviceIndependentSize().toSize()
        yield f"<p><img src='formula:{number}' width='{size.width()}' height='{size.height()}'/></p>"
    if kind.controls:
        yield "<h3>Controls</h3><table>"
        for control in kind.controls.values():
            restarts = " A change begins a new run." if control.restarts else ""
            cells = (html.escape(control.label), rich(control.symbol), html.escape(_sentence(control.help) + restarts))
            yield f"<tr><td>{cells[0]}</td><td>{cells[1]}</td><td class='quiet'>{cells[2]}</td></tr>"
        yield "</table>"
    if kind.metrics:
        yield "<h3>What is measured</h3><table>"
        for name, symbol in kind.metrics.items():
            yield f"<tr><td>{html.escape(name.replace('_', ' '))}</td><td>{rich(symbol)}</td></tr>"
        yield "</table>"
    yield from _paragraphs("Panels", said.panels)
    yield from _paragraphs("Notes", said.notes)
    if kind.prompts:
        items = "".join(f"<li>{html.escape(text)}</li>" for text, _ in kind.prompts)
        yield f"<h3>Try this</h3><ul>{items}</ul>"
    found = [(topic.title, topic.text.removesuffix(".md")) for topic in topics(kind.name)]
    if found:
        items = "".join(
            f"<li>{html.escape(title)} <span class='quiet'>{html.escape(text)}</span></li>" for title, text in found
        )
        yield f"<h3>In the course texts</h3><ul>{items}</ul>"


def _paragraphs(heading: str, said: Sequence[tuple[str, str]]) -> Iterator[str]:
    if said:
        yield f"<h3>{heading}</h3>"
    for title, text in said:
        yield f"<p><span class='quiet'>{html.escape(title)}:</span> {html.escape(text)}</p>"


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return f"{text}." if text and text[-1] not in ".!?" else text


class Help(Tool):
    title = "Help for this experiment"
    section = "Help"
    keys = "F1"
    help = "What one watches, its maths, every control, its notes, and its places in the course texts."

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.view: HelpView | None = None
        window.opened.connect(lambda _: self._ask() if self.view is not None else None)

    def use(self) -> None:
        if self.view is None:
            self.view = HelpView(self.window)
            self.view.destroyed.connect(self._gone)
        self.window.drawer.put("Help", self.view)
        self._ask()
        self.view.search.setFocus()

    def _ask(self) -> None:
        self.window.engine.ask(lambda session: (session.kind, said_by(session)), self._tell)
        self.window.engine.redraw()  # what was drawn for us took the place of pictures that were growing finer

    def _tell(self, answer: tuple[type[Experiment], Said]) -> None:
        if self.view is not None:
            self.view.tell(*answer)

    def _gone(self) -> None:
        self.view = None


TOOLS: tuple[type[Tool], ...] = (Help,)
