"""A card on the stage: a panel's title, its legend, and the painters of its marks."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QVBoxLayout

from lab.frame import Frame
from lab.marks import Panel
from widgets.eliding import ElidingLabel
from widgets.look import Look, rich, typeset
from widgets.marks import Hands, Legend, Painter, PlotPainter, WidgetPainter, painter
from widgets.plot import Plot
from widgets.steady import Line
from widgets.theme import icon


class Card(QFrame):
    """One panel, drawn."""

    enlarge = Signal(object)  # the card, when its maximise button is pressed

    def __init__(self, panel: Panel, hands: Hands, look: Look) -> None:
        super().__init__()
        self.panel, self.hands, self.look = panel, hands, look
        self.setProperty("card", True)
        self.setMinimumSize(140, 110)
        self.title = QLabel(panel.title)
        self.title.setProperty("title", True)
        self.title.setToolTip(panel.help)
        self.key = QLabel()
        self.key.setTextFormat(Qt.TextFormat.RichText)
        self.below = QLabel()  # the legend again, where it does not fit beside the title
        self.below.setTextFormat(Qt.TextFormat.RichText)
        self.below.setWordWrap(True)
        self.below.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Maximum)
        self.detail = ElidingLabel()
        self.detail.setProperty("quiet", True)
        self.detail.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.size_button = QToolButton()
        self.size_button.setProperty("quiet", True)
        self.size_button.setIconSize(QSize(14, 14))
        self.size_button.clicked.connect(lambda: self.enlarge.emit(self))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self.key)
        head.addWidget(Line(self.detail), 1)
        head.addWidget(self.size_button)
        body = QVBoxLayout(self)
        body.setContentsMargins(12, 8, 8, 8)
        body.setSpacing(6)
        body.addLayout(head)
        body.addWidget(self.below)
        self.below.hide()
        body.addStretch(1)  # until there is something to fill it

        self._made: tuple[Plot | None, list[Painter]] = (None, [])
        self._entries: Sequence[Legend] | None = None
        self.legend_text = ""
        self.enlarged = False
        self.set_enlarged(False)

    @property
    def plot(self) -> Plot | None:
        """The axes that marks share, if there are such marks."""
        self._fill()
        return self._made[0]

    @property
    def drawers(self) -> list[Painter]:
        """The painter of each mark."""
        self._fill()
        return self._made[1]

    def _fill(self) -> None:
        """Make what draws, once it is wanted: a card behind a tab may never be looked at."""
        if self._made[1]:
            return
        body, plot = self.layout(), None
        assert isinstance(body, QVBoxLayout)
        drawers: list[Painter] = []
        body.takeAt(body.count() - 1)
        for depth, mark in enumerate(self.panel.marks):
            kind = painter(mark)
            if issubclass(kind, WidgetPainter):
                made: Painter = kind(mark, self.hands, self.look)
                body.addWidget(made.widget, made.stretch)  # type: ignore[attr-defined]
                made.widget.show()  # type: ignore[attr-defined]
            else:
                if plot is None:
                    plot = Plot(self.panel, self.look)
                    body.addWidget(plot, 3)
                    plot.show()
                made = kind(mark, self.hands, self.look, plot, depth)  # type: ignore[call-arg]
            drawers.append(made)
        if not any(isinstance(p, WidgetPainter) and p.stretch for p in drawers) and plot is None:
            body.addStretch(1)
        body.activate()  # so that all of it is drawn in its size from the first
        self._made = plot, drawers

    def held(self) -> bool:
        """Whether a hand is dragging something here right now."""
        grips = (getattr(painter, "grip", None) for painter in self._made[1])
        return any(grip is not None and grip.held is not None for grip in grips)

    def show_frame(self, frame: Frame) -> None:
        """Draw this moment of the run."""
        for one in self.drawers:
            one.show(frame)
        if self.plot is not None:
            self.plot.follow(p.bounds() for p in self.drawers if isinstance(p, PlotPainter))
        entries = [entry for one in self.drawers for entry in one.legend()]
        if entries != self._entries:
            self._entries = entries
            self._place_legend()
        text = typeset(str(frame.values.get(self.panel.detail, ""))) if self.panel.detail else ""
        if text != self.detail.toolTip():
            self.detail.setText(text)
            self.detail.setToolTip(text)

    def _place_legend(self) -> None:
        """Beside the title where there is room for it, else below."""
        legend = " &nbsp; ".join(map(_swatch, self._entries or ()))
        if legend != self.legend_text:
            self.legend_text = legend
            self.key.setText(legend)
            self.below.setText(legend)
        taken = self.title.sizeHint().width() + self.size_button.sizeHint().width() + 60
        taken += min(self.detail.fontMetrics().horizontalAdvance(self.detail.toolTip()), 150)
        fits = self.key.sizeHint().width() + taken <= self.width()
        self.key.setVisible(fits and bool(legend))
        self.below.setVisible(not fits and bool(legend))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_legend()

    def restyle(self, look: Look) -> None:
        """Another theme or scale; the same frame is shown again after it."""
        self.look = look
        self.set_enlarged(self.enlarged)
        plot, drawers = self._made
        if plot is not None:
            plot.restyle(look)
        for one in drawers:
            one.restyle(look)

    def set_enlarged(self, enlarged: bool) -> None:
        """Show on the button what pressing it does now."""
        self.enlarged = enlarged
        self.size_button.setIcon(icon("restore" if enlarged else "maximise", self.look.theme.quiet))
        self.size_button.setToolTip("Put this panel back" if enlarged else "Enlarge this panel")
        self.size_button.setAccessibleName(self.size_button.toolTip())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.position().y() < self.title.geometry().bottom() + 4:
            self.enlarge.emit(self)
        else:
            super().mouseDoubleClickEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """A right-click on the title; in a plot it zooms."""
        from widgets.tools.export import SavePicture  # which knows cards

        tool = self.window().findChild(SavePicture)
        if not isinstance(tool, SavePicture) or event.pos().y() > self.title.geometry().bottom() + 4:
            super().contextMenuEvent(event)
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Save a picture of this panel …", lambda: tool.offer(self))
        menu.popup(event.globalPos())

    def refit(self) -> None:
        if self._made[0] is not None:
            self._made[0].refit()


def _swatch(entry: Legend) -> str:
    mark = "●" if entry.shape else "╌" if entry.dashed else "━"
    return f'<span style="color:{entry.colour}">{mark}</span>&nbsp;{rich(entry.label).replace(" ", "&nbsp;")}'
