"""The editor of a Several: a pill for each option, any number of them on."""

from __future__ import annotations

from lab.controls import Several
from widgets.controls import Editor
from widgets.controls.flow import Flow
from widgets.controls.pill import Pill


class SeveralEditor(Editor):
    """Pills in the order of the declaration, in as many lines as they take."""

    control: Several

    def build(self) -> None:
        flow = Flow(6)
        self.pills = {option: Pill(option, self.control.label) for option in self.control.options}
        for pill in self.pills.values():
            pill.clicked.connect(self._clicked)
            flow.addWidget(pill)
        self.body.addLayout(flow)

    def display(self, value: tuple[str, ...]) -> None:
        for option, pill in self.pills.items():
            pill.setChecked(option in value)

    def _clicked(self) -> None:
        self.typed([option for option, pill in self.pills.items() if pill.isChecked()])
