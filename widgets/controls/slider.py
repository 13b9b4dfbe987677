"""The editor of a Slider: a track to drag, straight or logarithmic, and a box to type in."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lab.controls import Slider
from widgets.controls import Editor
from widgets.controls.number_box import NumberBox, said
from widgets.controls.track import Track


class SliderEditor(Editor):
    """Each press-to-release of the track is one gesture."""

    control: Slider
    ends = 1000  # positions of the track

    def build(self) -> None:
        self.box = NumberBox(self.control.label, self.after)
        self.track = Track(f"{self.control.label}, slider", self.ends, self.look)
        self.head.addWidget(self.box)
        self.body.addWidget(self.track)
        self.box.typed.connect(self.typed)
        self.track.began.connect(self.begin)
        self.track.stepped.connect(lambda steps, begins: self.typed(self.after(self.value, steps), begins))
        self.track.valueChanged.connect(self._moved)
        self.track.sliderReleased.connect(self._released)

    def display(self, value: float) -> None:
        self.box.show_number(value)
        if not self.track.isSliderDown():
            self.track.blockSignals(True)
            self.track.setValue(round(self.share(value) * self.ends))
            self.track.blockSignals(False)

    def held(self) -> bool:
        return self.track.isSliderDown() or super().held()

    def show_limits(self, limits: Sequence[float]) -> None:
        """Mark these numbers on the track: what lies beyond the last is in the warning colour."""
        finite = sorted(float(limit) for limit in limits if math.isfinite(limit))
        self.track.show_marks([self.share(limit) for limit in finite])
        self.track.setToolTip("Limit: " + ", ".join(map(said, finite)) if finite else "")

    # ------------------------------------------------------------ numbers and places

    def is_log(self) -> bool:
        return self.control.log

    def share(self, value: float) -> float:
        """How far along the track a number lies."""
        low, high = self.control.low, self.control.high
        if not self.is_log():
            return (value - low) / (high - low)
        return math.log(value / low) / math.log(high / low) if value > 0 else -1.0

    def at(self, share: float) -> float:
        """The number at a place on the track, in round figures."""
        low, high = self.control.low, self.control.high
        if self.is_log():
            value = float(f"{low * (high / low) ** share:.3g}")
        else:
            value = round(low + share * (high - low), math.ceil(-math.log10((high - low) / self.ends)))
        return min(max(value, low), high)

    def after(self, value: float, steps: int) -> float:
        """Some hundredths of the track further."""
        return self.at(min(max(self.share(value) + steps / 100, 0.0), 1.0))

    def _moved(self, position: int) -> None:
        self.typed(self.at(position / self.ends), begins=not self.track.isSliderDown())

    def _released(self) -> None:
        if not self.wrong.isHidden():
            self.go_back()
