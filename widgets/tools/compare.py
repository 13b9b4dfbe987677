"""Compare: up to four runs side by side, a table of what they differ in, and one plot of their curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lab.compare import differing, latest, number, said, setting, standing
from lab.controls.base import spoken
from lab.engine import MOST_LANES
from lab.frame import Frame
from lab.marks import Curve, Panel, panels
from widgets.controls.combo import Combo
from widgets.look import Look
from widgets.panel import Card
from widgets.tools import Tool

if TYPE_CHECKING:  # the window makes the tools
    from widgets.window import Window

KEY = "compared"  # the family that the overlaid curves are put into


class Overlay(QWidget):
    """One metric of every run as the curves of one plot."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.main = window
        self.choice = Combo("Metric to overlay")
        self.choice.activated.connect(lambda _: self._show())
        self.card: Card | None = None
        self._made: tuple[object, ...] = ()
        self._frames: Sequence[Frame] = ()
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self.choice.setParent(self)
        self.choice.setFixedWidth(130)
        self.choice.setToolTip("The metric whose curves are shown, one a run")

    def show_frames(self, frames: Sequence[Frame]) -> None:
        self._frames = frames
        names = list(frames[0].metrics)
        if names != [self.choice.itemData(at) for at in range(self.choice.count())]:
            chosen = self.choice.currentData()
            self.choice.clear()
            for name in names:
                self.choice.addItem(_titled(name, self._symbols()), name)
            self.choice.setCurrentIndex(max(0, self.choice.findData(chosen)))
            self.choice.setVisible(len(names) > 1)
        self._show()

    def restyle(self, look: Look) -> None:
        if self.card is not None:
            self.card.restyle(look)
            self._show()

    def _symbols(self) -> Mapping[str, str]:
        return self.main.kind.metrics if self.main.kind is not None else {}

    def _show(self) -> None:
        name = self.choice.currentData()
        if name is None or not self._frames:
            return
        first, names = self._frames[0], self.main.lanes.names()
        curve = _curve(first, name)
        made = (name, curve.log_x, curve.log_y)
        if made != self._made:
            self._made = made
            if self.card is not None:
                self.choice.setParent(self)  # it outlives the card
                self.card.hide()
                self.card.deleteLater()
            mark = Curve(KEY, colours="colours", log_x=curve.log_x, log_y=curve.log_y)
            self.card = Card(Panel("Curves of all the runs", mark, x="t"), self.main.hands, self.main.look)
            self.card.size_button.hide()
            self.card.title.hide()  # the choice stands in its place
            head = self.card.findChild(QHBoxLayout)
            assert isinstance(head, QHBoxLayout)
            head.insertWidget(1, self.choice)
            self._box.addWidget(self.card)
        assert self.card is not None
        shown = [frame for frame in self._frames if frame.lane in names and name in frame.metrics]
        self.card.show_frame(
            replace(
                first,
                t=max(frame.t for frame in self._frames),
                metrics={f"{KEY}/{names[frame.lane]}": frame.metrics[name] for frame in shown},
                values={"colours": {names[lane]: box.slot for lane, box in self.main.lanes.boxes.items()}},
                ghost=None,
            )
        )


class Comparison(QSplitter):
    """In the drawer: the table, and beside it the curves."""

    closed = Signal()

    def __init__(self, window: Window) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.main = window
        self.setChildrenCollapsible(False)
        self.setAccessibleName("Comparison of the runs")
        self.table = QTableWidget()
        self.table.setAccessibleName("In which settings the runs differ, and how they stand")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.cellClicked.connect(lambda row, _: self._choose(row))
        self.overlay = Overlay(window)
        self.addWidget(self.table)
        self.addWidget(self.overlay)
        self.setSizes([500, 400])
        self._look = window.look
        self._shape: tuple[object, ...] = ()

    def show_frames(self, frames: Sequence[Frame]) -> None:
        """Nothing is worked out for a tab behind another, or for a closed drawer."""
        if not self.isVisible() or len(frames) < 2 or any(f.lane not in self.main.lanes.boxes for f in frames):
            return
        if self._look is not self.main.look:
            self._look = self.main.look
            self._shape = ()
            self.overlay.restyle(self._look)
        self._fill(frames)
        self.overlay.show_frames(frames)

    def _fill(self, frames: Sequence[Frame]) -> None:
        kind = self.main.kind
        assert kind is not None
        settings, metrics = differing(frames), list(dict.fromkeys(name for frame in frames for name in frame.metrics))
        shape = (tuple(frame.lane for frame in frames), *settings, KEY, *metrics)
        if shape != self._shape:
            self._shape = shape
            titles = [*map(spoken, settings), *(_titled(name, kind.metrics) for name in metrics)]
            self.table.clear()
            self.table.setRowCount(len(frames))
            self.table.setColumnCount(len(titles) + 2)
            self.table.setHorizontalHeaderLabels(["Run", *titles, "stands at"])
        for row, frame in enumerate(frames):
            texts = [self.main.lanes.names()[frame.lane], *(said(setting(frame, name)) for name in settings)]
            texts += [*(number(latest(frame, name)) for name in metrics), standing(frame)]
            for column, text in enumerate(texts):
                self._write(row, column, text, self.main.lanes.boxes[frame.lane].slot)
        chosen = next((row for row, frame in enumerate(frames) if frame.lane == self.main.chosen_lane), 0)
        if self.table.currentRow() != chosen:
            self.table.selectRow(chosen)

    def _write(self, row: int, column: int, text: str, slot: int) -> None:
        cell = self.table.item(row, column)
        if cell is None:
            cell = QTableWidgetItem()
            if column == 0:
                cell.setForeground(self._look.colour(slot))
                cell.setFont(self._look.font(13, bold=True))
            self.table.setItem(row, column, cell)
        if text != cell.text():
            cell.setText(text)
            cell.setToolTip(text)
            self.table.resizeColumnToContents(column)

    def _choose(self, row: int) -> None:
        self.main.choose_lane(list(self.main.lanes.boxes)[row])

    def sizeHint(self) -> QSize:
        return QSize(600, round(160 * self.main.look.scale))

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()


class Comparing(QObject):
    """Keeps the comparison in the drawer while there is more than one lane, unless a person closes it."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.window = window
        self.shown: Comparison | None = None
        self._frames: Sequence[Frame] = ()
        window.lanes.changed.connect(self._changed)
        window.lanes_shown.connect(self._show)

    def open(self) -> None:
        if self.shown is None:
            self.shown = Comparison(self.window)
            self.shown.closed.connect(self._forget)
        self.window.drawer.put("Compare", self.shown)
        self.shown.show_frames(self._frames)

    def _changed(self) -> None:
        many = len(self.window.lanes.boxes) > 1
        if many and self.shown is None:
            self.open()
        elif not many and self.shown is not None:
            self.window.drawer.take(self.shown)

    def _show(self, frames: Sequence[Frame]) -> None:
        self._frames = frames
        if self.shown is not None:
            self.shown.show_frames(frames)

    def _forget(self) -> None:
        self.shown = None


class Twin(Tool):
    """What begins another lane."""

    def why_not(self) -> str:
        if len(self.window.lanes.boxes) >= MOST_LANES:
            return f"There are {MOST_LANES} runs side by side already: close one of them first."
        return super().why_not()


class Duplicate(Twin):
    title = "Duplicate this run"
    section = "Compare"
    keys = "Ctrl+D"
    help = "A second run like this one beside it, at the same step; then change something in one of them."

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        Comparing(window)

    def use(self) -> None:
        self.window.engine.duplicate({}, lane=self.window.chosen_lane)


class DuplicateSeed(Twin):
    title = "Duplicate with another seed"
    section = "Compare"
    keys = "Ctrl+Shift+D"
    help = "The same settings and other luck, side by side."

    def why_not(self) -> str:
        kind = self.window.kind
        if kind is not None and not kind.random:
            return "Nothing in this experiment is random: another seed would make the same run."
        return super().why_not()

    def use(self) -> None:
        seeds = [frame.seed for frame in self.window.lanes.frames]
        self.window.engine.duplicate({}, (max(seeds, default=0) + 1) % 2**32, self.window.chosen_lane)


class CloseLane(Tool):
    title = "Close this lane"
    section = "Compare"
    keys = "Ctrl+W"
    help = "The run that is chosen is put away; the first one stays."

    def why_not(self) -> str:
        if len(self.window.lanes.boxes) < 2:
            return "There is one run only: duplicate it first."
        if self.window.chosen_lane == 0:
            return "The first run stays: click on the header of another one to choose it."
        return ""

    def use(self) -> None:
        self.window.engine.drop(self.window.chosen_lane)


class ShowComparison(Tool):
    title = "Table and curves of the runs"
    section = "Compare"
    help = "Which settings differ, how the runs stand, and their curves in one plot."

    def why_not(self) -> str:
        return "" if len(self.window.lanes.boxes) > 1 else "There is one run only: duplicate it first."

    def use(self) -> None:
        comparing = self.window.findChild(Comparing)
        assert isinstance(comparing, Comparing)
        comparing.open()


def _titled(name: str, symbols: Mapping[str, str]) -> str:
    """A metric by its symbol, and by its member where it is one of a family."""
    family, _, member = name.partition("/")
    return f"{symbols.get(family, family)} {member}".strip()


def _curve(frame: Frame, name: str) -> Curve:
    """How the experiment itself draws this metric."""
    curves = [mark for panel in panels(frame.layout) for mark in panel.marks if isinstance(mark, Curve)]
    family = name.partition("/")[0]
    return next((mark for mark in curves if not mark.against and {name, family} & set(mark.metrics)), Curve())


TOOLS: tuple[type[Tool], ...] = (Duplicate, DuplicateSeed, CloseLane, ShowComparison)
