"""What a sweep and a luck check share: runs in the background, how far they are, and pictures that open a run."""

from __future__ import annotations

import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lab.controls import spoken
from lab.experiment import Experiment
from lab.frame import Frame
from lab.marks import Panel
from lab.seal import LEFT_OUT, tells_of_test
from lab.sweep import DIVERGED, ENDINGS, FAILED, Grid, Outcome, Sweep, metrics_of, usual_metric
from widgets.controls.combo import Combo
from widgets.panel import Card

if TYPE_CHECKING:
    from widgets.window import Window

OFTEN = 100  # milliseconds between two pictures while outcomes come in
NARROW = 230  # pixels of the column that tells and asks
DECADES = 1000  # from the least to the greatest: more asks for a logarithmic scale
At = tuple[int, ...]


class Work(QObject):
    """A sweep in a thread of its own, which waits for its processes."""

    landed = Signal(object, object)  # this, and an Outcome
    ended = Signal(object, str)  # this, and why it could not be run, or nothing

    def __init__(self, sweep: Sweep) -> None:
        super().__init__()
        self.sweep = sweep
        self.thread_of_it = threading.Thread(target=self._run, name="sweep")

    def begin(self) -> None:
        self.thread_of_it.start()

    def _run(self) -> None:
        said = ""
        try:
            for outcome in self.sweep.run():
                self.landed.emit(self, outcome)
        except Exception as wrong:
            said = str(wrong) or type(wrong).__name__
        self.ended.emit(self, said)


class Clicks:
    """Hands that hear a click on a picture, and nothing else."""

    def __init__(self, heard: Callable[[str, Any], None]) -> None:
        self.heard = heard

    def gesture(self) -> int:
        return 0

    def act(self, name: str, arguments: Sequence[Any], gesture: int, replaces: bool = False) -> None:
        """There is no run here to do it to."""

    def set(self, name: str, value: Any, gesture: int) -> None:
        """Nor to set it in."""

    def pick(self, name: str, value: Any) -> None:
        self.heard(name, value)

    def is_control(self, name: str) -> bool:
        return False


class Results(QWidget):
    """A grid at work, and what has come of it. Clicking a run in a picture, or choosing it, opens it in the window."""

    def __init__(self, window: Window, grid: Grid, metric: str = "", dask: str = "") -> None:
        super().__init__()
        self.window_, self.look = window, window.look
        self.hands = Clicks(self._picked)
        self.cards: list[Card] = []
        self._key: Any = None
        self._touched = False  # the person has chosen the scale
        self.said = QLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Runs done")
        self.button = QPushButton("&Cancel")
        self.quantity, self.runs = Combo("Metric"), Combo("Run")
        self.log = QCheckBox("Logarithmic")
        self.open = QPushButton("&Open this run")  # Space plays
        self.body = QSplitter(Qt.Orientation.Horizontal)
        self.body.setHandleWidth(8)
        self.body.setChildrenCollapsible(False)
        self.choices = QFormLayout()
        self._arrange()
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(OFTEN)
        self._redraw.timeout.connect(self.draw)
        self.quantity.currentIndexChanged.connect(lambda _: self._choose())
        self.log.clicked.connect(self._choose_scale)
        self.button.clicked.connect(self.stop)
        self.open.clicked.connect(lambda: self.open_run(self.runs.currentData()))
        window.shown.connect(self._follow)
        window.gone.connect(self.stop)
        self.begin(grid, metric, dask)

    def _arrange(self) -> None:
        self.said.setWordWrap(True)
        self.said.setAlignment(Qt.AlignmentFlag.AlignTop)
        progress = QHBoxLayout()
        progress.addWidget(self.bar, 1)
        progress.addWidget(self.button)
        self.choices.setContentsMargins(0, 0, 0, 0)
        self.choices.addRow("Metric", self.quantity)
        self.choices.addRow("Scale", self.log)
        self.choices.addRow("Run", self.runs)
        column = QWidget()
        side = QVBoxLayout(column)
        side.setContentsMargins(2, 2, 8, 2)
        side.addLayout(progress)
        side.addWidget(self.said, 1)
        side.addLayout(self.choices)
        side.addWidget(self.open)
        self.column = column
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 6, 0, 0)
        row.addWidget(column)
        row.addWidget(self.body, 1)
        self._size()

    def sizeHint(self) -> QSize:
        return QSize(800, 330)  # most of the height is the stage's

    def _size(self) -> None:
        self.column.setFixedWidth(round(NARROW * self.look.scale))

    # ------------------------------------------------------------ the work

    def begin(self, grid: Grid, metric: str = "", dask: str = "") -> None:
        """Run a grid; what was there before is forgotten."""
        self.grid, self.kind = grid, grid.kind
        self.sweep = Sweep(grid, dask=dask)
        self.outcomes: dict[At, Outcome] = {}
        self.sealed = self.window_.frame is not None and self.window_.frame.seal.closed
        self.wanted = metric or usual_metric(self.kind)
        self.bar.setRange(0, grid.whole)
        self.bar.setValue(0)
        self.bar.show()
        self.button.show()
        self.open.setEnabled(False)
        self.runs.clear()
        self._list_metrics()
        self.work = Work(self.sweep)
        self.work.landed.connect(self._land)
        self.work.ended.connect(self._end)
        self.running = True
        self.draw()
        self.work.begin()

    def stop(self) -> None:
        self.sweep.cancel()

    def _land(self, work: Work, outcome: Outcome) -> None:
        if work is self.work:
            self.outcomes[outcome.at] = outcome
            self.bar.setValue(len(self.outcomes))
            if not self._redraw.isActive():
                self._redraw.start()

    def _end(self, work: Work, wrong: str) -> None:
        if work is not self.work:
            return
        self.running = False
        self.bar.hide()
        self.button.hide()
        self._redraw.stop()
        self.runs.clear()  # to be listed again, the best one offered
        self.draw()
        if wrong:
            self.said.setText(wrong)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop()
        super().closeEvent(event)

    # ------------------------------------------------------------ telling

    def status(self) -> str:
        """How far it is, or how it went."""
        done, whole = len(self.outcomes), self.grid.whole
        if self.running:
            left = self.sweep.left()
            return f"{done} of {whole} runs" + ("" if math.isnan(left) else f", {spoken_time(left)} left")
        endings = Counter(one.ended for one in self.outcomes.values())
        parts = ", ".join(f"{endings[name]} {name}" for name in ENDINGS if endings[name])
        reasons = [one.said for one in self.outcomes.values() if one.ended in (FAILED, DIVERGED)]
        return (
            (f"{LEFT_OUT}\n" if self.sealed and self.kind.test_metrics else "")
            + ("" if done == whole else f"Cancelled after {done} of {whole}. ")
            + f"{done} runs: {parts}."
            + (f"\n{Counter(reasons).most_common(1)[0][0]}" if reasons else "")
        )

    def _list_metrics(self) -> None:
        """What was measured, the families in their members."""
        names = [name for metric in self.kind.metrics for name in metrics_of(self.outcomes, metric)]
        names = [name for name in names if not (self.sealed and tells_of_test(self.kind, name))]
        names = list(dict.fromkeys(names)) or [self.wanted]
        if names != [self.quantity.itemText(i) for i in range(self.quantity.count())]:
            blocked = self.quantity.blockSignals(True)
            self.quantity.clear()
            self.quantity.addItems(names)
            known = [name for name in names if name == self.wanted or name.startswith(self.wanted + "/")]
            self.quantity.setCurrentText(known[0] if known else names[0])
            self.quantity.blockSignals(blocked)

    def _list_runs(self) -> None:
        if self.runs.count() != len(self.outcomes):
            chosen = self.runs.currentData()
            self.runs.clear()
            for at, one in sorted(self.outcomes.items()):
                bad = f" · {one.ended}" if one.ended in (FAILED, DIVERGED) else ""
                self.runs.addItem(self.grid.said(at) + bad, at)
            self.runs.setCurrentIndex(max(0, self.runs.findData(chosen if self.running else self.favourite())))
            self.open.setEnabled(self.runs.count() > 0)

    def favourite(self) -> At | None:
        """The run to offer first."""
        return None

    def _choose(self) -> None:
        self.wanted = self.quantity.currentText()
        self._touched = False
        self.draw()

    def _choose_scale(self) -> None:
        self._touched = True
        self.draw()

    # ------------------------------------------------------------ pictures

    @property
    def measured(self) -> str:
        return self.quantity.currentText()

    def symbol(self) -> str:
        """How the metric is called in titles: its name where its symbol needs setting."""
        metrics: Mapping[str, str] = self.kind.metrics
        symbol = metrics.get(self.measured, metrics.get(self.measured.split("/")[0], "_"))
        return spoken(self.measured) if re.search(r"[_^\\]", symbol) else symbol

    def draw(self) -> None:
        """Show what has come so far."""
        self._list_metrics()
        self._list_runs()
        self.said.setText(self.status())
        if not self._touched:
            self.log.setChecked(self._spans_decades())
        panels, values, metrics = self.pictures()
        key = (tuple(panels), self.look)
        if key != self._key:
            self._key = key
            self._build(panels)
        frame = self._frame(values, metrics)
        for card in self.cards:
            card.refit()
            card.show_frame(frame)

    def pictures(self) -> tuple[list[Panel], dict[str, Any], dict[str, np.ndarray]]:
        """Panels, and the values and metrics that they name."""
        raise NotImplementedError

    def picked(self, name: str, value: Any) -> At | None:
        """Which run was clicked."""
        raise NotImplementedError

    def _build(self, panels: Sequence[Panel]) -> None:
        for old in self.cards:
            old.setParent(None)
            old.deleteLater()
        self.cards = [Card(panel, self.hands, self.look) for panel in panels]
        for card in self.cards:
            card.size_button.hide()
            self.body.addWidget(card)
        self.share()

    def share(self) -> None:
        """Give all pictures the same room."""
        self.body.setSizes([10_000] * self.body.count())

    def _frame(self, values: Mapping[str, Any], metrics: Mapping[str, np.ndarray]) -> Frame:
        end = max((len(column) - 1 for column in metrics.values()), default=0)
        return Frame(
            name=self.kind.name, t=end, end=end, stage="", values=values, metrics=metrics, trails={}, settings={},
            layout=Panel(""), gestures=(), seed=self.grid.seed,
        )  # fmt: skip

    def _spans_decades(self) -> bool:
        known = [one.columns[self.measured] for one in self.outcomes.values() if self.measured in one.columns]
        numbers = np.concatenate([np.empty(0), *known])
        numbers = numbers[np.isfinite(numbers)]
        return bool(len(numbers) and numbers.min() > 0 and numbers.max() > DECADES * numbers.min())

    def _follow(self, _: object) -> None:
        """Another theme or scale came with this frame."""
        if self.window_.look is not self.look:
            self.look = self.window_.look
            self._size()
            self.draw()

    # ------------------------------------------------------------ opening a run

    def _picked(self, name: str, value: Any) -> None:
        at = self.picked(name, value)
        if at is not None:
            self.open_run(at)

    def open_run(self, at: At) -> None:
        """Into the window, with its settings and seed, at the step that it came to."""
        one = self.outcomes.get(tuple(at))
        if one is None:
            return
        self.runs.setCurrentIndex(self.runs.findData(one.at))
        cell = next(cell for cell in self.grid.cells() if cell.at == one.at)
        self.window_.open_experiment(self.kind.name, cell.settings, cell.seed)
        if one.steps:
            self.window_.engine.seek(one.steps)


def why_not(kind: type[Experiment] | None, frame: Frame | None) -> str:
    """A sentence if runs of this experiment cannot be compared."""
    if kind is None or frame is None:
        return "No experiment is open yet."
    if kind.explores():
        return "It has no steps, so there are no runs to compare."
    return "" if kind.metrics else "It measures nothing, so there is nothing to compare."


def along(one: Outcome, metric: str, end: int) -> np.ndarray:
    """A metric at every step up to the end: absent where it was thinned out, and after the run was over."""
    column = np.full(end + 1, math.nan)
    column[one.times] = one.columns[metric]
    return column


def spoken_time(seconds: float) -> str:
    if seconds < 60:
        return f"{math.ceil(seconds)} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
