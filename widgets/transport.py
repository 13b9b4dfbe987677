"""The transport: restart, back, play, step, stage, undo, redo, the timeline, the pace, and what is measured now."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QToolButton

from lab.engine import Status
from lab.frame import Frame
from lab.pace import FLAT_OUT
from widgets.eliding import ElidingLabel
from widgets.look import Look, rich
from widgets.steady import Line
from widgets.theme import icon
from widgets.timeline import Timeline

SLOWEST, FASTEST, NOTCHES = 0.5, 2000.0, 100  # steps a second at the ends of the slider; the last notch is flat out

BUTTONS = {  # name → (icon, what it does, its key)
    "restart": ("restart", "Restart: the very same start again", "R"),
    "back": ("back", "One step back", "←"),
    "play": ("play", "Play", "Space"),
    "step": ("forward", "One step on", "→"),
    "stage": ("stage", "One stage on, within the step", "Shift+→"),
    "undo": ("undo", "Undo the last thing done", "Ctrl+Z"),
    "redo": ("redo", "Do again what was undone", "Ctrl+Shift+Z"),
}


def speed_at(notch: int) -> float:
    """Steps a second at a notch of the slider."""
    if notch >= NOTCHES:
        return FLAT_OUT
    return SLOWEST * (FASTEST / SLOWEST) ** (notch / (NOTCHES - 1))


def notch_of(speed: float) -> int:
    """The notch nearest to a speed."""
    if math.isinf(speed):
        return NOTCHES
    return round((NOTCHES - 1) * math.log(speed / SLOWEST) / math.log(FASTEST / SLOWEST))


class Transport(QFrame):
    """The bar under the stage."""

    pressed = Signal(str)  # one of BUTTONS
    sought = Signal(int)
    paced = Signal(float)
    ghost_dismissed = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.symbols: Mapping[str, str] = {}
        self.buttons: dict[str, QPushButton | QToolButton] = {}
        row = QHBoxLayout()
        row.setSpacing(4)
        for name, (_, said, key) in BUTTONS.items():
            button: QPushButton | QToolButton = QPushButton() if name == "play" else QToolButton()
            button.setToolTip(f"{said} ({key})")
            button.setAccessibleName(said)
            button.setIconSize(QSize(16, 16))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, name=name: self.pressed.emit(name))
            self.buttons[name] = button
            row.addWidget(button)
        play = self.buttons["play"]
        play.setProperty("accented", True)
        play.setMinimumWidth(86)
        self.timeline = Timeline(look)
        self.timeline.sought.connect(self.sought)
        self.counter = QLabel("t = 0")
        self.counter.setProperty("title", True)
        self.pace = QSlider(Qt.Orientation.Horizontal)
        self.pace.setRange(0, NOTCHES)
        self.pace.setValue(notch_of(30))
        self.pace.setMinimumWidth(60)
        self.pace.setMaximumWidth(120)
        self.pace.setAccessibleName("Speed")
        self.pace.setToolTip("Speed: from one step every two seconds to flat out")
        self.pace.valueChanged.connect(self._paced)
        self.rate = QLabel()
        self.rate.setProperty("quiet", True)
        self.metrics = QLabel()
        self.metrics.setTextFormat(Qt.TextFormat.RichText)
        self.news = ElidingLabel()
        self.news.setProperty("quiet", True)
        self.news.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.ghost = QPushButton("Dismiss the ghost")
        self.ghost.setProperty("quiet", True)
        self.ghost.setToolTip("The dimmed curves and trails are the run that was left; put it away")
        self.ghost.clicked.connect(self.ghost_dismissed)
        self.ghost.hide()
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 12, 8)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        below = QHBoxLayout()
        below.setSpacing(12)
        below.addWidget(Line(self.metrics), 3)
        below.addWidget(self.news, 2)
        below.addWidget(self.ghost)
        grid.addLayout(row, 0, 0)
        grid.addWidget(self.timeline, 0, 1)
        self._counting, self._speaking = Line(self.counter, grows=True), Line(self.rate, grows=True)
        grid.addWidget(self._counting, 0, 2)
        speed = QLabel("speed")
        speed.setProperty("quiet", True)
        grid.addWidget(speed, 0, 3)
        grid.addWidget(self.pace, 0, 4)
        grid.addWidget(self._speaking, 0, 5)
        grid.addLayout(below, 1, 1, 1, 5)
        grid.setColumnStretch(1, 5)
        grid.setColumnStretch(4, 1)
        self._playing: bool | None = None
        self.restyle(look)

    def restyle(self, look: Look) -> None:
        self.look = look
        for name, button in self.buttons.items():
            if name != "play":
                button.setIcon(icon(BUTTONS[name][0], look.theme.text))
        self._playing = None
        self._speaking.at_least(round(84 * look.scale))
        self._counting.at_least(round(76 * look.scale))
        self.timeline.restyle(look)

    def show_frame(self, frame: Frame, status: Status) -> None:
        """Where the run stands."""
        if status.playing != self._playing:
            self._playing = status.playing
            play = self.buttons["play"]
            play.setText("Pause" if status.playing else "Play")
            play.setIcon(icon("pause" if status.playing else "play", self.look.theme.on_accent))
        self.timeline.show_frame(frame)
        self.counter.setText(f"t = {frame.t:,}".replace(",", "\u202f"))
        self.rate.setText(_spoken_rate(status))
        self.metrics.setText(self._read_out(frame))
        news = _news(frame, status)
        if news != self.news.toolTip():
            self.news.setText(news)
            self.news.setToolTip(news)
        self.ghost.setVisible(frame.ghost is not None)
        self.buttons["undo"].setEnabled(bool(frame.gestures))
        self.buttons["redo"].setEnabled(frame.undone > 0)
        self.buttons["back"].setEnabled(frame.t > 0 or bool(frame.stage))

    def _read_out(self, frame: Frame) -> str:
        """The metrics at this step, with their symbols, as many as there is room for."""
        said, room = [], self.timeline.width()
        measure = self.metrics.fontMetrics()
        for name, column in frame.metrics.items():
            family, _, member = name.partition("/")
            symbol = self.symbols.get(family, family) + (f" {member}" if member else "")
            value = _latest(column, frame.t)
            room -= measure.horizontalAdvance(f"{symbol} = {value}   ")
            if room < 0:
                break
            said.append(f'<span style="color:{self.look.theme.quiet}">{rich(symbol)} =</span> {value}')
        return " &nbsp;&nbsp; ".join(said)

    def _paced(self, notch: int) -> None:
        self.paced.emit(speed_at(notch))


def _latest(column: np.ndarray, t: int) -> str:
    """The last value measured up to step t."""
    measured = column[max(0, t - 2000) : t + 1]
    known = measured[~np.isnan(measured)]
    return f"{known[-1]:.4g}".replace("-", "−").replace("inf", "∞") if len(known) else "–"


def _spoken_rate(status: Status) -> str:
    if status.playing:
        return (
            f"{status.rate:,.0f} steps/s".replace(",", "\u202f") if status.rate >= 10 else f"{status.rate:.1f} steps/s"
        )
    return "flat out" if math.isinf(status.speed) else f"{status.speed:.3g} steps/s"


def _news(frame: Frame, status: Status) -> str:
    if status.seeking is not None:
        return f"replaying: step {status.seeking[0]} of {status.seeking[1]}"
    if frame.stage:
        return f"in step {frame.t + 1}, after: {frame.stage}"
    if frame.approximate:
        return "replay is approximate on this device"
    return frame.finished
