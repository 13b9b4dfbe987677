"""The editor of a Dataset: the kind of cloud, how many points, how noisy, how many classes, and its own seed."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from lab.controls import Control, Count, Dataset, Slider
from lab.data.points import KINDS, MOST_POINTS, Points
from widgets.controls import Editor
from widgets.controls.combo import Combo
from widgets.controls.count import CountEditor
from widgets.controls.seed import SeedEditor, seed_control
from widgets.controls.slider import SliderEditor


class DatasetEditor(Editor):
    """A cloud edited by hand is a person's own: it has no kind any more, until one is chosen again."""

    control: Dataset

    def build(self) -> None:
        label, made = self.control.label, self.control.default.made
        self.made = made._asdict()
        self.kinds = Combo(f"{label}, kind")
        for kind in self.control.kinds:
            self.kinds.addItem(KINDS[kind].title, kind)
        self.kinds.activated.connect(self._chosen)
        self.own = QLabel()
        self.own.setProperty("quiet", True)
        self.own.setWordWrap(True)
        self.body.addWidget(self.kinds)
        self.body.addWidget(self.own)
        self.making = QWidget()
        within = QVBoxLayout(self.making)
        within.setContentsMargins(0, 4, 0, 0)
        within.setSpacing(8)
        self.parts: dict[str, Editor] = {
            "n": self._part(CountEditor, "n", Count(made.n, 1, MOST_POINTS, label="Size", symbol="n")),
            "noise": self._part(SliderEditor, "noise", Slider(made.noise, 0, 1, label="Noise")),
        }
        for kind in self.control.kinds:
            fewest, most = KINDS[kind].fewest, KINDS[kind].most
            if fewest < most:
                count = Count(KINDS[kind].classes, fewest, most, label="Classes")
                self.parts[f"classes of {kind}"] = self._part(CountEditor, "classes", count)
        self.parts["seed"] = self._part(SeedEditor, "seed", seed_control("seed", "Data seed", made.seed))
        for part in self.parts.values():
            within.addWidget(part)
        self.body.addWidget(self.making)

    def _part(self, kind: type[Editor], name: str, control: Control) -> Editor:
        control.__set_name__(Dataset, name)
        part = kind(control, self.new_gesture, self.look, part=True)
        part.setAccessibleName(f"{self.control.label}, {control.label}")
        part.edited.connect(lambda value, gesture: self._make(name, value, gesture))
        return part

    def display(self, value: Points) -> None:
        made = value.made
        self.making.setVisible(made is not None)
        self.own.setVisible(made is None)
        if made is None:
            self.own.setText(f"{len(value)} points of your own. Choose a kind to make new ones.")
            self.kinds.setPlaceholderText("Your own")
            self.kinds.setCurrentIndex(-1)
            return
        self.made = made._asdict()
        self.kinds.setCurrentIndex(self.control.kinds.index(made.kind))
        for name, part in self.parts.items():
            part.setVisible(not name.startswith("classes") or name == f"classes of {made.kind}")
            if not part.isHidden():
                part.settle(self.made[name.split()[0]])

    def _chosen(self, index: int) -> None:
        kept = {name: self.made[name] for name in ("n", "noise", "seed")}  # another kind has other classes
        self.typed({**kept, "kind": self.kinds.itemData(index)})

    def _make(self, name: str, value: Any, gesture: int) -> None:
        self.gesture = gesture
        self.edit({**self.made, name: value})
