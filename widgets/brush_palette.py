"""The palette of a hand-drawn data set: what the brush does, its class and size, and a formula to label by."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QIcon, QKeySequence, QPainter, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab import boundaries
from lab.controls import Dataset
from lab.data.points import KINDS, MOST_CLASSES, Points
from widgets.controls.combo import Combo
from widgets.look import Look

SPRAY, RELABEL, ERASE, REST = "spray", "relabel", "erase", ""
MODES = {
    SPRAY: ("Spray", "Hold the mouse down: points of the chosen class appear under it (right button: erase)"),
    RELABEL: ("Relabel", "Points under the brush become of the chosen class"),
    ERASE: ("Erase", "Points under the brush go"),
    REST: ("Brush away", "Click to add one point, drag to move one"),
}
THERE, NEW = "the points there are", "new points"


class Palette(QWidget):
    """Stands in the drawer; while it can be seen, the brush is out."""

    closed = Signal()
    made = Signal()  # the formula is to be used

    def __init__(self, control: Dataset, look: Look) -> None:
        super().__init__()
        self.control, self.look = control, look
        most = max(KINDS[kind].most for kind in control.kinds)
        self.regression = most == 1  # upright is what is to be foretold, and no point has a class
        self.mode, self.label, self.many = SPRAY, 0, 0 if self.regression else min(max(most, 2), MOST_CLASSES)
        body = QVBoxLayout(self)
        body.setContentsMargins(12, 8, 12, 8)
        body.setSpacing(8)
        body.addLayout(self._brush())
        self.classes = QButtonGroup(self)
        if self.many:
            body.addLayout(self._classes())
        body.addLayout(self._formula())
        self.wrong = QLabel()
        self.wrong.setProperty("warn", True)
        self.wrong.setWordWrap(True)
        self.wrong.setAccessibleName("What is wrong with the formula")
        self.wrong.hide()
        body.addWidget(self.wrong)
        body.addStretch(1)
        for key, by in (("[", -4), ("]", 4)):
            QShortcut(QKeySequence(key), self, lambda by=by: self.breadth.setValue(self.breadth.value() + by))
        self.restyle(look)

    # ------------------------------------------------------------ its rows

    def _brush(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        self.modes = QButtonGroup(self)
        for mode, (title, says) in MODES.items():
            if mode == RELABEL and not self.many:
                continue
            button = _button(title, says)
            button.setChecked(mode == self.mode)
            button.toggled.connect(partial(self._take, mode))
            self.modes.addButton(button)
            row.addWidget(button)
        row.addSpacing(16)
        self.breadth = QSlider(Qt.Orientation.Horizontal)
        self.breadth.setRange(2, 90)
        self.breadth.setValue(26)
        self.breadth.setFixedWidth(120)
        self.each = QSpinBox()
        self.each.setRange(1, 20)
        self.each.setValue(3)
        for name, widget, says in (
            ("Brush", self.breadth, "How wide the brush is (keys [ and ])"),
            ("Points a dab", self.each, "How many points each touch of the brush adds"),
        ):
            _labelled(row, name, widget, says)
        row.addStretch(1)
        return row

    def _classes(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        title = QLabel("Class")
        title.setProperty("quiet", True)
        row.addWidget(title)
        for label in range(self.many):
            button = _button(str(label), f"Points of class {label} (key {label})")
            button.setAccessibleName(f"Class {label}")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setChecked(label == 0)
            button.toggled.connect(partial(self._choose, label))
            self.classes.addButton(button, label)
            row.addWidget(button)
            QShortcut(QKeySequence(str(label)), self, button.click)
        row.addStretch(1)
        return row

    def _formula(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        self.line = QLineEdit()
        self.line.setMinimumWidth(160)
        self.line.returnPressed.connect(self.made)
        self.cloud_of = Combo("Which points the formula labels")
        self.cloud_of.setMinimumContentsLength(16)
        self.cloud_of.addItems([NEW] if self.regression else [THERE, NEW])
        self.fresh = QSpinBox()
        self.fresh.setRange(2, boundaries.MOST_FRESH)
        self.fresh.setValue(200)
        self.noise = QSlider(Qt.Orientation.Horizontal)
        self.noise.setRange(0, 100)
        self.noise.setFixedWidth(90)
        self.use = QPushButton("Make points" if self.regression else "Label by it")
        self.use.clicked.connect(self.made)
        if self.regression:
            self.line.setPlaceholderText("2*sin(x) + x/2")
            _labelled(row, "Target y =", self.line, "A formula of x: the new points lie along it")
            self.cloud_of.setParent(self)
            self.cloud_of.hide()
        else:
            self.line.setPlaceholderText("x2 > sin(x1)  or  x1**2 + x2**2 - 9")
            _labelled(row, "Boundary", self.line, "A formula of x1 and x2: points where it is positive are of class 1")
            row.addWidget(self.cloud_of)
        self.parts = [
            *_labelled(row, "Size", self.fresh, "How many new points"),
            *_labelled(row, "Noise", self.noise, "How far new points stray from where the formula has them"),
        ]
        self.cloud_of.currentTextChanged.connect(self._show_parts)
        self._show_parts(self.cloud_of.currentText())
        row.addWidget(self.use)
        row.setStretch(1, 1)
        return row

    def _show_parts(self, which: str) -> None:
        for part in self.parts:
            part.setVisible(which == NEW)

    # ------------------------------------------------------------ what it says

    @property
    def radius(self) -> float:
        """Of the brush, in pixels."""
        return float(self.breadth.value())

    @property
    def amount(self) -> int:
        """Points a dab."""
        return self.each.value()

    def cloud(self, there: Points | None) -> Points:
        """What the formula makes, or a ValueError that says what is wrong with it."""
        text, noise = self.line.text(), self.noise.value() / 100
        if self.regression:
            return boundaries.target(text, self.fresh.value(), noise)
        if there is not None and self.cloud_of.currentText() == THERE:
            return boundaries.labelled(there, text)
        return boundaries.fresh(text, self.fresh.value(), noise)

    def show_error(self, text: str) -> None:
        self.wrong.setText(text[:1].upper() + text[1:] + "." if text else "")
        self.wrong.setVisible(bool(text))

    def _take(self, mode: str, on: bool) -> None:
        if on:
            self.mode = mode

    def _choose(self, label: int, on: bool) -> None:
        if on:
            self.label = label

    def restyle(self, look: Look) -> None:
        """Each class button shows its colour."""
        self.look = look
        side = round(12 * look.scale)
        for button in self.classes.buttons():
            picture = QPixmap(side, side)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.colour(self.classes.id(button)))
            painter.drawEllipse(QPointF(side / 2, side / 2), side / 2 - 1, side / 2 - 1)
            painter.end()
            button.setIcon(QIcon(picture))
            button.setIconSize(QSize(side, side))

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()


def _button(title: str, says: str) -> QToolButton:
    """One of several, of which one is chosen."""
    button = QToolButton()
    button.setText(title)
    button.setToolTip(says)
    button.setAccessibleDescription(says)
    button.setCheckable(True)
    return button


def _labelled(row: QHBoxLayout, name: str, widget: QWidget, says: str) -> tuple[QWidget, QWidget]:
    """A widget with its name before it."""
    label = QLabel(name)
    label.setProperty("quiet", True)
    label.setToolTip(says)
    widget.setToolTip(says)
    widget.setAccessibleName(name)
    widget.setAccessibleDescription(says)
    row.addWidget(label)
    row.addWidget(widget)
    return label, widget
