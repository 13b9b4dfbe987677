"""Sealed test set: what tells of held-out samples is covered until somebody opens it, and each opening is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QPushButton, QSizePolicy
from shiboken6 import isValid

from lab.experiment import Experiment
from lab.frame import UNSEALED, Frame, Seal
from lab.seal import TEST, has_test, hidden_in
from lab.session import Session
from widgets.panel import Card
from widgets.theme import icon
from widgets.tools import Tool
from widgets.window import Window

NARROW = 330  # pixels of a card below which a sign in its corner is a lock alone
EDGE = 10


class Sign(QPushButton):
    """A lock on a card: over all of it where it tells of nothing else, else in its corner. A click opens the set."""

    def __init__(self, card: Card) -> None:
        super().__init__(card)
        self.card, self.whole = card, card.panel.split == TEST
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.said = ""
        self.worn: object = None  # what it was last dressed for
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to the transport
        card.installEventFilter(self)
        self.show()

    def tell(self, said: str) -> None:
        if said != self.said:
            self.said = said
            self.setToolTip(f"{said}. Click to open it: the opening is counted")
            self.setAccessibleName(said)
        self.dress()

    def dress(self) -> None:
        """Find its place, and the colours of the card's look."""
        look, card = self.card.look, self.card
        below = card.title.geometry().bottom() + 4
        wanted = (self.said, look, card.size(), below)
        if wanted == self.worn:
            return
        self.worn, theme = wanted, look.theme
        self.setStyleSheet(
            f"QPushButton {{ background: {theme.card if self.whole else theme.field}; color: {theme.quiet};"
            f" border: {0 if self.whole else 1}px solid {theme.border}; border-radius: 8px;"
            f" padding: {round(3 * look.scale)}px {round(8 * look.scale)}px }}"
            f"QPushButton:hover, QPushButton:focus {{ color: {theme.text}; border-color: {theme.accent} }}"
        )
        self.setIcon(icon("lock", theme.quiet))
        self.setIconSize(QSize(round(16 * look.scale), round(16 * look.scale)))
        in_short = "" if card.width() < NARROW * look.scale else self.said
        self.setText(self.said.replace(" · ", "\n") if self.whole else in_short)
        if self.whole:
            self.setGeometry(EDGE, below, card.width() - 2 * EDGE, card.height() - below - EDGE)
        else:
            size = self.sizeHint()
            self.setGeometry(card.width() - size.width() - EDGE, below + 2, size.width(), size.height())
        self.raise_()

    def eventFilter(self, card: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self.dress()
        return False


class SealTestSet(Tool):
    title = "Seal or open the test set"
    section = "Data"
    keys = "Ctrl+T"
    help = "Covers all that tells of held-out samples until you open it; how often that was is kept with the run."

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.seal = UNSEALED
        self.name = ""  # of the experiment that it is the seal of
        self.from_file = False
        self.signs: list[Sign] = []
        window.opening.connect(self._opening)
        window.opened.connect(self._opened)
        window.shown.connect(self._shown)

    def why_not(self) -> str:
        kind, frame = self.window.kind, self.window.frame
        if why := super().why_not():
            return why
        held = kind is not None and frame is not None and has_test(kind, frame.layout)
        return "" if held else "This experiment holds no samples out for a test."

    def use(self) -> None:
        self._do(_close if not self.seal.closed else _open)

    def open(self) -> None:
        self._do(_open)

    def _do(self, what: Callable[[Session], Seal]) -> None:
        self.window.engine.ask(what, self._done)

    def _done(self, seal: Seal) -> None:
        self.seal = seal
        self.window.noted.emit()
        if seal.closed:
            said = "The test set is sealed: nothing tells of it until you open it, and each opening is counted."
            self.window.banner.say("seal", said, label="Open it", do=self.open)
        else:
            time = "for the first time" if len(seal.openings) == 1 else f"{len(seal.openings)} times by now"
            said = f"The test set is open, {time}: what you choose by it is no longer a fair test."
            self.window.banner.say("seal", said, label="Seal it again", do=self.use)
        for card in self._covered():
            card.refit()  # or an axis would still tell how far the curves went
        self.window.engine.redraw()

    # ------------------------------------------------------------ following the window

    def _opening(self, path: str) -> None:
        self.from_file = True

    def _opened(self, kind: type[Experiment]) -> None:
        """The same experiment begun anew has the same test set, however it was opened."""
        if kind.name == self.name and self.seal != UNSEALED and not self.from_file:
            seal = self.seal
            self.window.engine.ask(lambda session: setattr(session.sealing, "seal", seal), lambda _: None)
            self.window.engine.redraw()
            self.window.noted.emit()
        else:
            self.seal = UNSEALED
        self.name, self.from_file, self.signs = kind.name, False, []

    def _shown(self, frame: Frame) -> None:
        if frame.name == self.name:
            self.seal = frame.seal
        if not (frame.seal.closed or self.signs):
            return
        cards = list(self._covered()) if frame.seal.closed else []
        for sign in self.signs:
            if isValid(sign) and sign.card not in cards:
                sign.hide()
                sign.deleteLater()
        signed = {sign.card: sign for sign in self.signs if isValid(sign)}
        self.signs = [signed.get(card) or self._sign(card) for card in cards]
        for sign in self.signs:
            sign.tell(frame.seal.said())

    def _covered(self) -> Iterator[Card]:
        """The cards of every lane that the seal hides something of."""
        assert self.window.kind is not None
        for box in self.window.lanes.boxes.values():
            for card in box.stage.cards():
                if hidden_in(self.window.kind, card.panel):
                    yield card

    def _sign(self, card: Card) -> Sign:
        sign = Sign(card)
        sign.clicked.connect(self.open)
        return sign


def _close(session: Session) -> Seal:
    session.sealing.close()
    return session.sealing.seal


def _open(session: Session) -> Seal:
    session.sealing.open(session.t)
    return session.sealing.seal


TOOLS: tuple[type[Tool], ...] = (SealTestSet,)
