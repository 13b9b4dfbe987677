"""Lanes: further runs beside the first, each with a slim header and a stage of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from lab.compare import difference, latest, number, standing
from lab.frame import Frame
from lab.marks import Column, Layout, panels
from widgets.eliding import ElidingLabel
from widgets.look import Look
from widgets.marks import Hands
from widgets.stage import Stage
from widgets.steady import Line
from widgets.theme import icon

if TYPE_CHECKING:  # the window makes the lanes
    from widgets.panel import Card
    from widgets.shared_axes import SharedAxes
    from widgets.window import Window

FEW = 2  # panels that a further lane shows
CROWD = 3  # lanes from which on the first shows as few
TOLD = 2  # metrics in a header


class FurtherStage(Stage):
    """The first few open panels, or the one that is enlarged in the first lane."""

    enlarge_asked = Signal(str)  # a panel's title

    def __init__(self, hands: Hands, look: Look, first: Stage) -> None:
        super().__init__(hands, look)
        self.most = FEW
        self._toggled = first._toggled  # what a person opens and closes, is so in all lanes
        self.only = ""

    def show_only(self, title: str) -> None:
        """This panel alone, or the few again."""
        if title != self.only:
            self.only = title
            if self.layout_shown is not None:
                self._build(self.layout_shown)

    def few(self, layout: Layout) -> Layout:
        alone = [panel for panel in panels(layout) if panel.title == self.only]
        return Column(*alone[:1]) if alone else super().few(layout)

    def enlarge(self, card: Card | None) -> None:
        if card is not None:
            self.enlarge_asked.emit(card.panel.title)

    def _build(self, layout: Layout, shows: bool = True) -> None:
        super()._build(layout, shows)
        for card in self.cards():
            card.set_enlarged(card.panel.title == self.only)


class LaneHeader(QFrame):
    """Which run this is, how it stands, and in what it differs from the first. A click chooses it."""

    chosen = Signal()
    closed = Signal()

    def __init__(self, slot: int, look: Look) -> None:
        super().__init__()
        self.slot, self.is_chosen = slot, False
        self.setObjectName("lane")
        self.sign = QLabel("●")
        self.name = QToolButton()
        self.name.setText(f"Run {slot + 1}")
        self.name.setProperty("quiet", True)
        self.name.setToolTip("The controls, the timeline and undo are for the run that is chosen here")
        self.name.setAccessibleName(f"Choose run {slot + 1}")
        self.name.clicked.connect(self.chosen)
        self.metrics, self.differs = ElidingLabel(), ElidingLabel()
        self.metrics.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.differs.setProperty("quiet", True)
        self.away = QToolButton()
        self.away.setProperty("quiet", True)
        self.away.setIconSize(QSize(12, 12))
        self.away.setToolTip("Close this run")
        self.away.setAccessibleName(f"Close run {slot + 1}")
        self.away.clicked.connect(self.closed)
        box = QGridLayout(self)
        box.setContentsMargins(10, 3, 6, 5)
        box.setHorizontalSpacing(2)
        box.setVerticalSpacing(0)
        box.addWidget(self.sign, 0, 0)
        box.addWidget(self.name, 0, 1)
        box.addWidget(Line(self.metrics), 0, 2)
        box.addWidget(self.away, 0, 3)
        box.addWidget(Line(self.differs), 1, 0, 1, 4)
        self.away.setVisible(slot > 0)
        box.setColumnStretch(2, 1)
        self.restyle(look)

    def restyle(self, look: Look) -> None:
        self.look = look
        theme = look.theme
        self.sign.setStyleSheet(f"color: {look.colour(self.slot).name()}")
        self.setStyleSheet(
            f"QFrame#lane {{ background: {theme.card}; border-radius: 8px;"
            f" border: {round(2 * look.scale)}px solid {theme.accent if self.is_chosen else theme.border} }}"
        )
        self.away.setIcon(icon("close", theme.quiet))

    def choose(self, chosen: bool) -> None:
        if chosen != self.is_chosen:
            self.is_chosen = chosen
            self.restyle(self.look)

    def tell(self, metrics: str, differs: str) -> None:
        for label, text in ((self.metrics, metrics), (self.differs, differs)):
            if text != label.text():
                label.setText(text)
                label.setToolTip(text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit()


class LaneBox(QWidget):
    """A lane's header above its stage."""

    def __init__(self, slot: int, stage: Stage, look: Look) -> None:
        super().__init__()
        self.slot, self.stage = slot, stage
        self.header = LaneHeader(slot, look)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(self.header)
        box.addWidget(stage, 1)


class Lanes(QObject):
    """Follows the frames: a lane that they tell of is shown, one that is gone is taken away."""

    changed = Signal()  # a lane has come or gone

    def __init__(self, window: Window, hands: Callable[[int], Hands]) -> None:
        super().__init__(window)
        self.window, self.hands = window, hands
        first = LaneBox(0, window.stage, window.look)
        first.header.chosen.connect(lambda: window.choose_lane(0))
        first.header.hide()
        self.frames: Sequence[Frame] = ()
        self._untold = False
        self.boxes = {0: first}  # by the number of the lane
        window.stages.addWidget(first)
        window.stage.enlarging.connect(self._enlarged)
        window.header.panel_toggled.connect(self._toggled)

    @cached_property
    def axes(self) -> SharedAxes:
        from widgets.shared_axes import SharedAxes

        return SharedAxes(lambda: [box.stage for box in self.boxes.values()])

    def names(self) -> dict[int, str]:
        """What each lane is called, by its number."""
        return {lane: f"Run {box.slot + 1}" for lane, box in self.boxes.items()}

    def showing(self, frames: Sequence[Frame]) -> Iterator[None]:
        """Show this moment of every lane, a panel at a time; the window's stage has the first one's frame already."""
        numbers = [frame.lane for frame in frames]
        come = [lane for lane in numbers if lane not in self.boxes]
        gone = [lane for lane in self.boxes if lane not in numbers]
        for lane in gone:
            self._remove(lane)
        for lane in come:
            self._add(lane)
        if come or gone:
            self._untold = True  # until a moment is shown to its end: a newer one may come before that
            self._share_room()
            self.mark_chosen()
        if come:
            self.window.choose_lane(come[-1])  # whoever duplicates a run wants to change the twin
        for frame in frames[1:]:
            if frame.lane in self.boxes:  # not closed in the meantime
                yield from self.boxes[frame.lane].stage.showing(frame)
        self.frames = frames
        if frames[1:]:
            self.axes.even()
            self._tell(frames)
        if self._untold:
            self._untold = False
            self.changed.emit()

    def forget(self) -> None:
        """Another experiment is open: it has one lane."""
        further = [lane for lane in self.boxes if lane]
        for lane in further:
            self._remove(lane)
        self.window.chosen_lane, self.frames = 0, ()
        self._untold = False
        if further:
            self._share_room()
            self.mark_chosen()
            self.changed.emit()

    def mark_chosen(self) -> None:
        for lane, box in self.boxes.items():
            box.header.choose(lane == self.window.chosen_lane)

    def restyle(self, look: Look) -> None:
        for lane, box in self.boxes.items():
            box.header.restyle(look)
            if lane:
                box.stage.restyle(look)

    # ------------------------------------------------------------ coming and going

    def _add(self, lane: int) -> None:
        window = self.window
        taken = {box.slot for box in self.boxes.values()}
        slot = next(slot for slot in range(len(taken) + 1) if slot not in taken)
        stage = FurtherStage(self.hands(lane), window.look, window.stage)
        box = self.boxes[lane] = LaneBox(slot, stage, window.look)
        stage.looking.connect(lambda names: window.look_at(names, lane))
        stage.enlarge_asked.connect(self._enlarge_first)
        if window.stage.enlarged is not None:
            stage.show_only(window.stage.enlarged.panel.title)
        box.header.chosen.connect(lambda: window.choose_lane(lane))
        box.header.closed.connect(lambda: window.engine.drop(lane))
        window.stages.addWidget(box)
        box.show()

    def _remove(self, lane: int) -> None:
        box = self.boxes.pop(lane)
        box.hide()
        box.setParent(None)
        box.deleteLater()
        if self.window.chosen_lane == lane:
            self.window.choose_lane(0)

    def _share_room(self) -> None:
        """Two lanes: the first keeps its panels and more of the room; more of them are alike."""
        count = len(self.boxes)
        self.boxes[0].header.setVisible(count > 1)
        self.window.stage.limit(FEW if count >= CROWD else 0)
        stages = self.window.stages
        first = 2 if count == 2 else 1
        for at in range(stages.count()):
            stages.setStretchFactor(at, first if at == 0 else 1)
        stages.setSizes([10_000 * first, *[10_000] * (count - 1)])

    # ------------------------------------------------------------ alike in all lanes

    def _further(self) -> list[FurtherStage]:
        return [box.stage for box in self.boxes.values() if isinstance(box.stage, FurtherStage)]

    def _toggled(self, title: str, shown: bool) -> None:
        for stage in self._further():
            stage.open_panel(title, shown)

    def _enlarged(self, title: str) -> None:
        for stage in self._further():
            stage.show_only(title)

    def _enlarge_first(self, title: str) -> None:
        """The maximise button of a further lane's panel enlarges that panel in every lane."""
        first = self.window.stage
        card = first.enlarged or next((card for card in first.cards() if card.panel.title == title), None)
        if card is not None:
            first.reveal(card)
            first.enlarge(card)

    # ------------------------------------------------------------ what the headers say

    def _tell(self, frames: Sequence[Frame]) -> None:
        assert self.window.kind is not None
        symbols = self.window.kind.metrics
        for frame in frames:
            said = []
            for name in list(frame.metrics)[:TOLD]:
                family, _, member = name.partition("/")
                said.append(f"{symbols.get(family, family)} {member}".strip() + f" = {number(latest(frame, name))}")
            stands = standing(frame)
            if frame.t != frames[0].t or not stands.startswith("step"):
                said.append(stands)
            differs = "the others are held against this run"
            if frame.lane:
                differs = difference(frames[0], frame) or "the same settings and seed"
            self.boxes[frame.lane].header.tell("   ".join(said), differs)
