"""The editor of a seed: typed, or drawn anew with the dice."""

from __future__ import annotations

import random

from lab.controls import Count
from widgets.controls import Editor
from widgets.controls.icon_button import IconButton
from widgets.controls.number_box import NumberBox, whole_steps

LAST = 2**32 - 1
SHORT = 10_000  # drawn seeds stay below it, to be told and typed


def seed_control(key: str, label: str, default: int = 0, help: str = "") -> Count:
    control = Count(default, 0, LAST, label=label, help=help)
    control.__set_name__(Count, key)
    return control


class SeedEditor(Editor):
    """The same seed makes the same run."""

    control: Count

    def build(self) -> None:
        self.box = NumberBox(self.control.label, whole_steps(0, LAST), width=84)
        self.dice = IconButton("dice", f"Draw a new {self.control.label.lower()}")
        self.box.typed.connect(self.typed)
        self.dice.clicked.connect(self._draw)
        self.head.addWidget(self.box)
        self.head.addWidget(self.dice)

    def display(self, value: int) -> None:
        self.box.show_number(value)

    def _draw(self) -> None:
        drawn = random.randrange(SHORT - 1)
        self.typed(drawn + (drawn >= self.value))  # never the one there is
