"""A box in which a number is typed, or stepped with ↑ and ↓."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from widgets.look import Look

Step = Callable[[float, int], float]  # a number and how many steps from it → a number


class NumberBox(QLineEdit):
    """Knows no range: whoever made it checks what was typed."""

    typed = Signal(object, bool)  # a number, or the text that is none; False: a key held down goes on

    def __init__(self, name: str, step: Step, width: int = 68) -> None:
        super().__init__()
        self.step, self.wide = step, width
        self.number: float = 0
        self.setAccessibleName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.editingFinished.connect(self._finish)

    def show_number(self, number: float) -> None:
        self.number = number
        if self.text() != said(number):
            self.setText(said(number))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
        if event.key() in steps:
            self.setModified(False)
            self.typed.emit(self.step(self.number, steps[Qt.Key(event.key())]), not event.isAutoRepeat())
        elif event.key() == Qt.Key.Key_Escape and self.isModified():
            self.setText(said(self.number))
        else:
            super().keyPressEvent(event)

    def restyle(self, look: Look) -> None:
        if self.wide:
            self.setFixedWidth(round(self.wide * look.scale))

    def _finish(self) -> None:
        if self.isModified():
            self.setModified(False)
            typed = self.text()
            self.setText(said(self.number))  # until the new one was found good
            self.typed.emit(read(typed), True)


def said(number: float) -> str:
    """A number as short as it may be: four figures, more for a large one."""
    if isinstance(number, int):
        return str(number)
    return f"{number + 0.0:.4g}" if abs(number) < 1e4 else f"{number:.7g}"


def read(text: str) -> float | str:
    """What was typed as a number, or as it is."""
    plain = text.strip().replace("−", "-")
    for kind in (int, float):
        try:
            return kind(plain)
        except ValueError:
            continue
    return text


def even_steps(low: float, high: float) -> Step:
    """Steps of a power of ten, about a hundredth of the range and at most 0.1, that end at its ends."""
    places = max(1, math.ceil(-math.log10((high - low) / 100)))
    return lambda number, steps: min(max(round(number + steps * 10.0**-places, places + 6), low), high)


def whole_steps(low: int, high: int) -> Step:
    return lambda number, steps: min(max(int(number) + steps, low), high)
