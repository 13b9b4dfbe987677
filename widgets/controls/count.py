"""The editor of a Count: a whole number, dragged along a track, stepped or typed."""

from __future__ import annotations

from typing import Any

from widgets.controls.number_box import whole_steps
from widgets.controls.slider import SliderEditor

WIDE = 200  # a range over this ratio is logarithmic: 32 of 4096 is not found on an even track


class CountEditor(SliderEditor):
    """A slider of whole numbers."""

    control: Any

    def build(self) -> None:
        self.ends = 1000 if self.is_log() else min(self.control.high - self.control.low, 1000)
        super().build()

    def is_log(self) -> bool:
        return self.control.low > 0 and self.control.high / self.control.low > WIDE

    def at(self, share: float) -> int:
        return round(super().at(share))

    def after(self, value: float, steps: int) -> float:
        """The next whole numbers."""
        return whole_steps(self.control.low, self.control.high)(value, steps)
