"""The stage: lays an experiment's panels out, hands them frames, and lets one of them fill it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from lab.frame import Frame
from lab.marks import Column, Curve, Equation, Group, Layout, Note, Panel, Row, Table, Tabs, panels
from widgets.look import Look
from widgets.marks import Hands

if TYPE_CHECKING:  # panels bring pyqtgraph, which takes as long as all else: the window comes first
    from widgets.panel import Card

GAP = 8
LATER = 50  # milliseconds until a layout that had to wait is tried again


class Stage(QWidget):
    """All panels of the experiment that is open."""

    looking = Signal(frozenset)  # the names that the visible panels must be handed
    enlarging = Signal(str)  # the title of the panel that fills the stage now, or nothing

    def __init__(self, hands: Hands, look: Look) -> None:
        super().__init__()
        self.hands, self.look = hands, look
        self.layout_shown: Layout | None = None
        self.frame: Frame | None = None
        self.enlarged: Card | None = None
        self.most = 0  # panels shown, one above the other, where there is little room; 0: all, as the layout has them
        self._toggled: dict[str, bool] = {}  # panels that a person opened or closed, by title
        self._cards: dict[str, Card] = {}
        self._root: QWidget | None = None
        self._names: frozenset[str] | None = None  # what was announced last
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(lambda: self.show_frame(self.frame) if self.frame is not None else None)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)

    # ------------------------------------------------------------ frames

    def show_frame(self, frame: Frame) -> None:
        """Show this moment at once."""
        for _ in self.showing(frame):
            pass

    def showing(self, frame: Frame) -> Iterator[None]:
        """Show this moment, a panel at a time; another layout, another experiment or a new run is noticed here."""
        before, self.frame = self.frame, frame
        if frame.layout is not self.layout_shown and frame.layout != self.layout_shown:
            if any(card.held() for card in self._cards.values()):  # not from under a hand: once it lets go
                self._later.start(LATER)
            else:
                yield  # other work of opening an experiment comes just before
                self._build(frame.layout, shows=False)
                self.layout_shown = frame.layout
                yield
        elif before is not None and frame.end < before.end and frame.end == frame.t == 0:
            for card in self._cards.values():
                card.refit()
        if self.isVisible():
            for card in list(self.visible_cards()):
                if card in self._cards.values():  # not closed in the meantime
                    card.show_frame(frame)
                    yield

    def forget(self) -> None:
        """Another experiment comes: its panels are built anew, even if they are declared alike."""
        self.layout_shown = self.frame = None
        self._toggled.clear()

    def cards(self) -> list[Card]:
        """All cards, those behind a tab too."""
        return list(self._cards.values())

    def reveal(self, card: Card) -> None:
        """Bring the tabs to the front that a card is behind."""
        part: QWidget | None = card
        while part is not None and part is not self:
            above = part.parentWidget()
            tabs = above.parentWidget() if above is not None else None
            if isinstance(tabs, QTabWidget):
                tabs.setCurrentWidget(part)
            part = above

    def visible_cards(self) -> Iterator[Card]:
        """The cards that a person can see now."""
        return (card for card in self._cards.values() if card.isVisibleTo(self))

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._again()

    def restyle(self, look: Look) -> None:
        self.look = look
        for card in self._cards.values():
            card.restyle(look)
        self._again()

    def _again(self, shows: bool = True) -> None:
        """Announce what is looked at, and show the last frame on whatever came into view."""
        names = frozenset(name for card in self.visible_cards() for name in card.panel.names())
        if names != self._names:
            self._names = names
            self.looking.emit(names)
        if shows and self.frame is not None:
            for card in self.visible_cards():
                card.show_frame(self.frame)

    # ------------------------------------------------------------ arrangement

    def panels(self) -> list[tuple[str, bool]]:
        """Every panel's title, and whether it is open."""
        if self.layout_shown is None:
            return []
        return [(panel.title, self._is_open(panel)) for panel in panels(self.layout_shown)]

    def open_panel(self, title: str, shown: bool) -> None:
        """Open or close a panel by its title."""
        self._toggled[title] = shown
        if self.layout_shown is not None:
            self._build(self.layout_shown)

    def enlarge(self, card: Card | None) -> None:
        """Let one card fill the stage, or put all back."""
        self.enlarged = None if card is self.enlarged else card
        for other in self._cards.values():
            other.set_enlarged(other is self.enlarged)
        for splitter in self._splitters():
            for i in range(splitter.count()):
                part = splitter.widget(i)
                if part is not None:
                    part.setVisible(self.enlarged in (None, part) or part.isAncestorOf(self.enlarged))
        self._again()
        self.enlarging.emit(self.enlarged.panel.title if self.enlarged is not None else "")

    def limit(self, most: int) -> None:
        """Show only so many of the open panels, or all where it is 0."""
        if most != self.most:
            self.most = most
            if self.layout_shown is not None:
                self._build(self.layout_shown)

    def few(self, layout: Layout) -> Layout:
        """What there is room for."""
        if not self.most:
            return layout
        opened = [panel for panel in panels(layout) if self._is_open(panel)]
        front = list(_front(layout))
        return Column(*sorted(opened, key=lambda panel: (panel not in front, _afterthought(panel)))[: self.most])

    def _splitters(self) -> list[QSplitter]:
        return self.findChildren(QSplitter)

    def _is_open(self, panel: Panel) -> bool:
        return self._toggled.get(panel.title, panel.shown)

    def _build(self, layout: Layout, shows: bool = True) -> None:
        """Make the cards, put them where the layout says, and show the last frame on them."""
        if self.enlarged is not None:
            self.enlarged = None
            self.enlarging.emit("")
        old, self._names = self._root, None
        self._cards = {}
        self._root = self._made(self.few(layout)) or QWidget()
        if old is not None:
            self._box.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._box.addWidget(self._root)
        self._root.show()
        self._again(shows)

    def _made(self, layout: Layout) -> QWidget | None:
        if isinstance(layout, Panel):
            if not self._is_open(layout):
                return None
            from widgets.panel import Card

            card = Card(layout, self.hands, self.look)
            card.enlarge.connect(self.enlarge)
            self._cards[f"{len(self._cards)} {layout.title}"] = card
            return card
        made = [(item, size, self._made(item)) for item, size in zip(layout.items, layout.sizes)]
        kept = [(item, size, part) for item, size, part in made if part is not None]
        if not kept:
            return None
        if isinstance(layout, Tabs):
            return self._tabs([(_title(item), part) for item, _, part in kept])
        splitter = QSplitter(Qt.Orientation.Horizontal if isinstance(layout, Row) else Qt.Orientation.Vertical)
        splitter.setHandleWidth(GAP)
        splitter.setChildrenCollapsible(False)
        for _, _, part in kept:
            splitter.addWidget(part)
            part.show()
        splitter.setSizes([round(10000 * size) for _, size, _ in kept])
        for i, (_, size, _) in enumerate(kept):
            splitter.setStretchFactor(i, max(1, round(size * 10)))
        return splitter

    def _tabs(self, parts: list[tuple[str, QWidget]]) -> QTabWidget:
        tabs = QTabWidget()
        tabs.setDocumentMode(True)
        for title, part in parts:
            tabs.addTab(part, title)
        tabs.currentChanged.connect(lambda _: self._again())
        return tabs


def _front(layout: Layout) -> Iterator[Panel]:
    """The panels that are not behind another's tab."""
    if isinstance(layout, Panel):
        yield layout
    else:
        for item in layout.items[:1] if isinstance(layout, Tabs) else layout.items:
            yield from _front(item)


def _afterthought(panel: Panel) -> int:
    """Where there is little room pictures come first, then curves, then words and numbers."""
    if any(isinstance(mark, Curve) for mark in panel.marks):
        return 1
    return 2 if all(isinstance(mark, Equation | Note | Table) for mark in panel.marks) else 0


def _title(layout: Layout) -> str:
    return layout.title if isinstance(layout, Panel) else _title(layout.items[0]) if isinstance(layout, Group) else ""
