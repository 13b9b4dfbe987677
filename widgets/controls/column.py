"""The column of controls of one experiment: its seed, presets, editors, things to try, and what it is about."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from lab.controls import Slider, same
from lab.experiment import Action, Experiment
from widgets.controls import Editor, editor
from widgets.controls.about import About
from widgets.controls.combo import Combo
from widgets.controls.seed import SeedEditor, seed_control
from widgets.controls.slider import SliderEditor
from widgets.look import Look

BY_HAND = Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard


class ControlColumn(QScrollArea):
    """Follows the settings in frames; what a person does here, it only asks for."""

    set_control = Signal(str, object, int)  # name, checked value, gesture
    apply_settings = Signal(dict)  # of a preset or a thing to try, as declared
    reset_all = Signal()
    seed_changed = Signal(int)
    act = Signal(str)  # an action that takes no arguments

    def __init__(self, kind: type[Experiment], new_gesture: Callable[[], int], look: Look) -> None:
        super().__init__()
        self.kind, self.look = kind, look
        self.setProperty("card", True)
        self.setAccessibleName(f"Controls of {kind.title or kind.__name__}")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._last: Mapping[str, Any] = {}
        inside = QWidget()
        self.body = QVBoxLayout(inside)
        self._add_head()
        self.seed = SeedEditor(
            seed_control("seed", "Seed", help="the same seed and the same settings make the same run"),
            new_gesture,
            look,
            part=True,
        )
        self.seed.edited.connect(lambda seed, _: self.seed_changed.emit(seed))
        self.body.addWidget(self.seed)
        self.seed.setVisible(kind.random)
        self._add_presets()
        self.editors: dict[str, Editor] = {}
        for view in (False, True):
            self._add_editors(view, new_gesture)
        for action in kind.actions.values():
            if not action.arguments:
                self._add_action(action)
        self.links: list[QLabel] = []
        if kind.prompts:
            self._add_prompts()
        self.about = About(kind, look)
        self.body.addWidget(self.about)
        self.body.addStretch(1)
        self.setWidget(inside)
        self._dress()
        self.show_settings({name: control.default for name, control in kind.controls.items()})

    # ------------------------------------------------------------ what frames say

    def show_settings(self, settings: Mapping[str, Any]) -> None:
        """The settings of a frame; nearly free where they are the same objects as the last."""
        for name, one in self.editors.items():
            one.show_value(settings[name])
        if all(settings[name] is self._last.get(name) for name in self.editors):
            return
        self._last = settings
        for one in self.editors.values():
            one.setVisible(one.control.suits(settings))
        self.reset.setEnabled(any(not same(settings[n], c.default) for n, c in self.kind.controls.items()))
        if self.presets is not None:
            self.presets.setCurrentIndex(self._preset(settings))

    def show_seed(self, seed: int) -> None:
        self.seed.show_value(seed)

    def show_limits(self, values: Mapping[str, Any]) -> None:
        """Mark on the sliders what the drawn values of a frame say of their limits."""
        for one in self.editors.values():
            if isinstance(one, SliderEditor) and isinstance(one.control, Slider) and one.control.limit in values:
                one.show_limits(np.ravel(values[one.control.limit]).tolist())

    def limits(self) -> set[str]:
        """The drawn names that `show_limits` wants."""
        sliders = (control for control in self.kind.controls.values() if isinstance(control, Slider))
        return {slider.limit for slider in sliders if slider.limit}

    def show_error(self, name: str, text: str) -> None:
        """Say at a control why its value was refused, even where it is hidden just now."""
        self.editors[name].show_error(text)
        self.editors[name].show()
        self.ensureWidgetVisible(self.editors[name])

    def restyle(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        for one in (self.seed, *self.editors.values()):
            one.restyle(look)
        self.about.restyle(look)
        self._dress()

    def _dress(self) -> None:
        """What is the column's own; its parts were made in this look."""
        look, scale = self.look, self.look.scale
        self.setMinimumWidth(round(240 * scale))
        self.setMaximumWidth(round(320 * scale))
        self.body.setContentsMargins(*(round(side * scale) for side in (14, 10, 12, 14)))
        self.body.setSpacing(round(10 * scale))
        for link, (text, _) in zip(self.links, self.kind.prompts):
            link.setText(
                f'<a href="try" style="color: {look.theme.accent}; text-decoration: none">› {html.escape(text)}</a>'
            )

    # ------------------------------------------------------------ its parts

    def _add_head(self) -> None:
        self.reset = QPushButton("Reset all")
        self.reset.setProperty("quiet", True)
        self.reset.setToolTip("Put every control back to where it was at first")
        self.reset.setAccessibleName("Reset all controls")
        self.reset.clicked.connect(self.reset_all)
        head = QHBoxLayout()
        head.addWidget(_heading("Controls"), 1)
        head.addWidget(self.reset)
        self.body.addLayout(head)

    def _add_presets(self) -> None:
        self.presets: Combo | None = None
        controls = self.kind.controls
        self._checked = [{n: controls[n].check(v) for n, v in given.items()} for given in self.kind.presets.values()]
        if self._checked:
            self.presets = Combo("Presets")
            self.presets.addItems(list(self.kind.presets))
            self.presets.setPlaceholderText("Choose a preset")
            self.presets.textActivated.connect(lambda name: self.apply_settings.emit(dict(self.kind.presets[name])))
            self.body.addWidget(self.presets)

    def _preset(self, settings: Mapping[str, Any]) -> int:
        """Which preset the settings are just now, or -1."""
        fits = (all(same(settings[n], v) for n, v in given.items()) for given in self._checked)
        return next((index for index, fit in enumerate(fits) if fit), -1)

    def _add_editors(self, view: bool, new_gesture: Callable[[], int]) -> None:
        chosen = {name: control for name, control in self.kind.controls.items() if control.view == view}
        if view and chosen:
            self.body.addSpacing(4)
            self.body.addWidget(_heading("View", quiet=True))
        for name, control in chosen.items():
            one = editor(control)(control, new_gesture, self.look)
            one.edited.connect(lambda value, gesture, name=name: self.set_control.emit(name, value, gesture))
            self.editors[name] = one
            self.body.addWidget(one)

    def _add_action(self, action: Action) -> None:
        button = QPushButton(action.name.replace("_", " ").capitalize())
        button.setToolTip(action.help)
        button.clicked.connect(lambda: self.act.emit(action.name))
        self.body.addWidget(button)

    def _add_prompts(self) -> None:
        self.body.addSpacing(4)
        self.body.addWidget(_heading("Try this"))
        for text, settings in self.kind.prompts:
            link = QLabel()
            link.setWordWrap(True)
            link.setAccessibleName(f"Try this: {text}")
            link.setTextInteractionFlags(BY_HAND)
            link.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            link.linkActivated.connect(lambda _, settings=settings: self.apply_settings.emit(dict(settings)))
            self.links.append(link)
            self.body.addWidget(link)


def _heading(text: str, quiet: bool = False) -> QLabel:
    label = QLabel(text)
    label.setProperty("quiet" if quiet else "title", True)
    return label
