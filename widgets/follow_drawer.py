"""The drawer of a followed sample: who it is, its loss over the run, its push now, and what can be done to it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lab.data.points import Points
from lab.follow import FEW, Sighting, bars, length, ordinal, rank
from lab.frame import Frame
from lab.marks import Bars, Guide, Line, Panel
from widgets.look import Look
from widgets.marks.bars import number
from widgets.panel import Card
from widgets.results import Clicks

NARROW = 240  # pixels of the column that tells and asks
SHRUNK = 4  # bars this many times lower than their axis ask for another
OFTEN = 100  # milliseconds between two looks whether a point was let go of

LOSS = Panel(
    "Its loss",
    Line("mean", label="mean of all", tint="quiet"),
    Line("former", label="in the run before", tint="quiet", dashed=True),
    Line("own", label="this sample", tint="0", width=2.5),
    Guide(x="now"),
    x="step t",
    help="What this sample costs at each step. Click to go to a step",
)
PUSH = Panel(
    "Its push now",
    Bars("heights", labels="names"),
    Line("none", label="this sample", tint="0"),
    Line("none", label="mean", tint="1"),
    x="weight",
    help="Where a step against its share of the gradient takes each number of the model, beside the mean share of all",
)


class Drawing(QWidget):
    """Shows a sighting; what a person asks for goes out as signals."""

    closed = Signal()
    chosen = Signal(int)  # the index of a sample
    sought = Signal(int)  # a step
    stopped = Signal()  # the replay is enough

    def __init__(self, title: str, look: Look) -> None:
        super().__init__()
        self.look = look
        self.cloud: Points | None = None  # the samples, where they are points that can be edited
        self.cards: list[Card] = []
        self._highest = 0.0
        self._end = 0
        self._replaying = False
        self.index, self.of = QSpinBox(), QLabel()
        self.index.setAccessibleName("Sample")
        self.index.setKeyboardTracking(False)
        self.index.valueChanged.connect(self.chosen)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.bar, self.stop = QProgressBar(), QPushButton("&Cancel")
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Steps replayed")
        self.stop.clicked.connect(self.stopped)
        self.bar.hide()
        self.stop.hide()
        self.remove, self.flip, self.drag = (
            QPushButton("&Remove it"),
            QPushButton("&Flip its label"),
            QPushButton("&Move it"),
        )
        self.again, self.step = QCheckBox("Replay from step"), QSpinBox()
        self.again.setToolTip("Go back to this step, do it there, and play on to where the run is now")
        self.step.setAccessibleName("Step to replay from")
        self.step.valueChanged.connect(lambda _: self.again.setChecked(True) if self.step.hasFocus() else None)
        self.watch = QTimer(self)
        self.watch.setInterval(OFTEN)
        self.body = QSplitter(Qt.Orientation.Horizontal)
        self.body.setHandleWidth(8)
        self.body.setChildrenCollapsible(False)
        self._arrange()
        self._build()

    def sizeHint(self) -> QSize:
        return QSize(800, round(240 * self.look.scale))  # most of the height is the stage's

    # ------------------------------------------------------------ arrangement

    def _arrange(self) -> None:
        who = QHBoxLayout()
        label = QLabel("&Sample")
        label.setBuddy(self.index)
        for part in (label, self.index, self.of):
            who.addWidget(part)
        who.addStretch(1)
        progress = QHBoxLayout()
        progress.addWidget(self.bar, 1)
        progress.addWidget(self.stop)
        self.edits = QWidget()
        edits = QGridLayout(self.edits)
        edits.setContentsMargins(0, 0, 0, 0)
        edits.addWidget(self.remove, 0, 0)
        edits.addWidget(self.drag, 0, 1)
        edits.addWidget(self.flip, 1, 0, 1, 2)
        edits.addWidget(self.again, 2, 0)
        edits.addWidget(self.step, 2, 1)
        self.column = QWidget()
        side = QVBoxLayout(self.column)
        side.setContentsMargins(2, 2, 8, 2)
        side.addLayout(who)
        side.addWidget(self.said, 1)
        side.addLayout(progress)
        side.addWidget(self.edits)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 6, 0, 0)
        row.addWidget(self.column)
        row.addWidget(self.body, 1)
        self.column.setFixedWidth(round(NARROW * self.look.scale))

    def _build(self) -> None:
        for old in self.cards:
            old.setParent(None)
            old.deleteLater()
        self.cards = [Card(panel, Clicks(lambda *_: None), self.look) for panel in (LOSS, PUSH)]
        for card in self.cards:
            card.size_button.hide()
            self.body.addWidget(card)
        self.body.setSizes([30_000, 20_000])
        plot = self.cards[0].plot
        assert plot is not None
        plot.scene().sigMouseClicked.connect(self._seek)

    def restyle(self, look: Look) -> None:
        self.look = look
        self.column.setFixedWidth(round(NARROW * look.scale))
        self._build()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.watch.stop()
        self.closed.emit()
        super().closeEvent(event)

    # ------------------------------------------------------------ what is shown

    def show_sighting(self, frame: Frame, sighting: Sighting, cloud: Points | None, turns: bool) -> None:
        """How the sample stands. `cloud`: the points that it is one of; `turns`: it has a class to be changed."""
        self.cloud = cloud
        self._show_who(frame, sighting)
        self._show_replay(sighting)
        self.edits.setVisible(cloud is not None)
        self.flip.setVisible(turns)
        for button in (self.remove, self.flip, self.drag):
            button.setEnabled(sighting.index is not None or self.again.isChecked())
        if not self.step.hasFocus():
            self.step.setRange(0, max(frame.end - 1, 0))
        names, heights = bars(sighting.push, sighting.whole, sighting.trained)
        values: dict[str, Any] = {
            "own": np.column_stack([sighting.times, sighting.own]),
            "mean": np.column_stack([sighting.times, sighting.mean]),
            "former": sighting.former,
            "now": np.array([sighting.t]),
            "heights": heights,
            "names": names,
            "none": np.full((1, 2), math.nan),
        }
        self._refit(frame, sighting, heights)
        moment = Frame(
            name=frame.name, t=sighting.t, end=frame.end, stage="", values=values, metrics={}, trails={}, settings={},
            layout=LOSS, gestures=(), seed=frame.seed,
        )  # fmt: skip
        for card in self.cards:
            card.show_frame(moment)

    def _refit(self, frame: Frame, sighting: Sighting, heights: np.ndarray) -> None:
        """Axes move seldom: for another run or curve, and where bars have become too low to be told apart."""
        highest = float(np.abs(heights[np.isfinite(heights)]).max(initial=0.0))
        if not self._highest / SHRUNK <= highest <= self._highest:
            self._highest = highest
            self.cards[1].refit()
        if frame.end < self._end or self._replaying:
            self.cards[0].refit()
        self._end, self._replaying = frame.end, sighting.replayed < 1

    def _show_who(self, frame: Frame, sighting: Sighting) -> None:
        index = sighting.index
        self.of.setText(f"of {sighting.samples}, from 0")
        blocked = self.index.blockSignals(True)
        if not self.index.hasFocus() or self.index.maximum() != sighting.samples - 1:
            self.index.setRange(0, sighting.samples - 1)
            self.index.setValue(index if index is not None else self.index.value())
        self.index.blockSignals(blocked)
        self.said.setText("\n".join(told(sighting, self.cloud)))

    def _show_replay(self, sighting: Sighting) -> None:
        self.bar.setVisible(sighting.replayed < 1)
        self.stop.setVisible(sighting.replayed < 1)
        self.bar.setValue(round(100 * sighting.replayed))

    def _seek(self, event: Any) -> None:
        """A click in the curve goes to that step."""
        plot = self.cards[0].plot
        assert plot is not None
        box = plot.getViewBox()
        place = box.mapSceneToView(event.scenePos())
        if event.button() == Qt.MouseButton.LeftButton and not event.double() and box.viewRect().contains(place):
            event.accept()
            self.sought.emit(min(max(0, round(place.x())), self._end))


def told(sighting: Sighting, cloud: Points | None) -> list[str]:
    """What there is to say of a sample, a sentence each."""
    index = sighting.index
    if index is None:
        return [
            f"At step {sighting.t} it is not there: it was taken away, or has not come yet. Undo, or choose another."
        ]
    said = []
    if cloud is not None:
        x, y = (number(float(value)) for value in cloud.x[index])
        said.append(f"At ({x}, {y})" + (f", class {cloud.y[index]}." if cloud.classes > 1 else "."))
    loss = float(sighting.losses[index])
    if math.isnan(loss):
        return [*said, "It is held out: training does not see it, so it pushes nothing."]
    known = sighting.losses[~np.isnan(sighting.losses)]
    of = f" of {sighting.trained}"
    said.append(f"Loss {number(loss)}: {ordinal(rank(known, loss))}{of}.")
    push = length(sighting.push)
    if sighting.whole is None:
        said.append(f"Push {number(push)} long.")
    else:
        pushes = sighting.pushes[~np.isnan(sighting.pushes)]
        said.append(f"Push {number(push)} long: {ordinal(rank(pushes, push))}{of}.")
    if sum(np.size(part) for part in sighting.push.values()) > FEW:
        said.append("Bars: how far it moves each array.")
    return said
