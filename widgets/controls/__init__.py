"""Editors, one file a kind of control: lab.controls.Slider is edited by widgets/controls/slider.py, SliderEditor."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from time import monotonic
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from lab.controls import Control, same
from widgets.controls.icon_button import IconButton
from widgets.controls.number_box import said
from widgets.look import Look

PATIENCE = 0.5  # seconds in which a frame from before an edit does not undo it on screen


class Editor(QWidget):
    """Edits one control: its label and symbol, what sets it, and a sentence where a value was refused.

    `value` is what it shows, `known` what the run has, as far as frames have told.
    """

    edited = Signal(object, int)  # a checked value, and the gesture that it belongs to

    def __init__(self, control: Any, new_gesture: Callable[[], int], look: Look, part: bool = False) -> None:
        super().__init__()
        self.control, self.new_gesture, self.look = control, new_gesture, look
        self.value = self.known = control.default
        self.gesture, self.part = 0, part
        self._patient_until = 0.0
        self.title = QLabel(control.label, self)
        self.title.setWordWrap(True)
        self.symbol = QLabel(control.symbol, self)  # with a parent, or showing it would open a window
        self.symbol.setProperty("quiet", True)
        self.symbol.setVisible(bool(control.symbol))
        self.reset = IconButton("reset", f"Reset {control.label} to {told(control, control.default)}", small=True)
        self.reset.setParent(self)
        self.reset.clicked.connect(self._reset)
        self.wrong = QLabel(self)
        self.wrong.setProperty("warn", True)
        self.wrong.setWordWrap(True)
        self.wrong.setAccessibleName(f"What is wrong with {control.label}")
        self.wrong.hide()
        for told_by in (self.title, self.symbol):
            told_by.setToolTip(_help(control))
        self.setAccessibleName(control.label)
        self.setAccessibleDescription(control.help)

        self.head = QHBoxLayout()
        self.head.setSpacing(6)
        self.head.addWidget(self.title, 1)
        self.title.setProperty("quiet", part)
        if not part:
            keep = self.reset.sizePolicy()
            keep.setRetainSizeWhenHidden(True)
            self.reset.setSizePolicy(keep)
            self.head.addWidget(self.reset)
        self.head.addWidget(self.symbol)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(4)
        self.body.addLayout(self.head)
        self.build()
        self.body.addWidget(self.wrong)
        self.reset.hide()
        self.restyle(look)
        self.put(self.value)

    # ------------------------------------------------------------ what each kind writes

    def build(self) -> None:
        """Add the widgets to `head` and `body`."""
        raise NotImplementedError

    def display(self, value: Any) -> None:
        """Show a value without emitting anything."""
        raise NotImplementedError

    def held(self) -> bool:
        """Whether a person is dragging or typing here right now."""
        typed = QApplication.focusWidget()
        if isinstance(typed, QLineEdit) and typed.isModified() and self.isAncestorOf(typed):
            return True
        return any(part.held() for part in self.findChildren(Editor))

    def go_back(self) -> None:
        """A value was refused: show again what is in force, unless that would take it from under a hand."""
        if not self.held():
            self.put(self.known)

    # ------------------------------------------------------------ what a person does

    def begin(self) -> None:
        """A press: everything up to its release is one gesture."""
        self.gesture = self.new_gesture()

    def typed(self, value: Any, begins: bool = True) -> None:
        """A value in one piece: a gesture of its own unless it goes on from the last, as a held key does."""
        if begins:
            self.begin()
        self.edit(value)

    def edit(self, value: Any) -> None:
        """Check a value, show it and hand it on; or say why not, and keep the old."""
        try:
            value = self.control.check(value)
        except ValueError as wrong:
            self.show_error(str(wrong))
            return
        self.show_error("")
        changed = not same(value, self.value)
        self.put(value)
        if changed:
            self._patient_until = monotonic() + PATIENCE
            self.edited.emit(value, self.gesture)

    def _reset(self) -> None:
        self.put(self.value)  # wrong text goes too
        self.typed(self.control.default)

    # ------------------------------------------------------------ what the run says

    def show_value(self, value: Any) -> None:
        """The value in a frame. Never emits, and never takes a value from under a hand."""
        self.known = value
        if value is self.value or self.held():
            return
        if same(value, self.value):
            self.value = value
        elif monotonic() >= self._patient_until:
            self.settle(value)

    def settle(self, value: Any) -> None:
        """Show a value that is in force already."""
        self.known = value
        if not same(value, self.value):
            self.wrong.hide()
        self.put(value)

    def show_error(self, text: str) -> None:
        """Say why a value was refused; an empty text takes that back."""
        self.wrong.setText(text)
        self.wrong.setVisible(bool(text))
        if text:
            self._patient_until = 0.0
            self.go_back()
            self._offer_reset()

    def put(self, value: Any) -> None:
        self.value = value
        self.display(value)
        self._offer_reset()

    def _offer_reset(self) -> None:
        if not self.part:  # a part of another control is reset with the whole
            self.reset.setVisible(not self.wrong.isHidden() or not self.is_default())

    def is_default(self) -> bool:
        return same(self.value, self.control.default)

    def restyle(self, look: Look) -> None:
        """Another theme or scale, for this editor and all in it."""
        self.look = look
        for part in self.findChildren(QWidget):
            if restyle := getattr(part, "restyle", None):
                restyle(look)


def editor(control: Control) -> type[Editor]:
    """The editor of a control, imported when first needed."""
    module = importlib.import_module(f"widgets.controls.{control.kind}")
    found: type[Editor] = getattr(module, f"{control.kind.capitalize()}Editor")
    return found


def told(control: Control, value: Any) -> str:
    """A value in a few words; where it takes more, it is only named."""
    if control.kind in ("slider", "count"):
        return said(value)
    if control.kind == "switch":
        return "on" if value else "off"
    return f"“{value}”" if control.kind == "choice" else "what it was at first"


def _help(control: Control) -> str:
    """What pointing at a label tells."""
    parts = (control.help, "A change begins a new run." if control.restarts else "")
    return "\n".join(part[:1].upper() + part[1:] for part in parts if part)
