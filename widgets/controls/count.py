"""The editor of a Count: a whole number, dragged along a track, stepped or typed."""

from __future__ import annotations

import math
from typing import Any

from lab.controls import Count
from widgets.controls.number_box import whole_steps
from widgets.controls.slider import SliderEditor

WIDE = 200  # a range over this ratio is logarithmic: 32 of 4096 is not found on an even track


class CountEditor(SliderEditor):
    """A slider of whole numbers."""

    control: Count  # type: ignore[assignment]

    def build(self) -> None:
        low, high = self.control.low, self.control.high
        self.log = low > 0 and high / low > WIDE
        self.ends = 1000 if self.log else min(high - low, 1000)
        self.after = whole_steps(low, high)
        super().build()
