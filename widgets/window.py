"""The main window: catalogue at the left, stage in the middle, controls at the right, transport below."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QMainWindow,
    QSplitter,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from lab.catalogue import Catalogue
from lab.engine import Engine, Failure, Status
from lab.experiment import Experiment
from lab.frame import Frame
from widgets import theme as themes
from widgets.banner import Banner
from widgets.collector import Collector
from widgets.controls.column import ControlColumn
from widgets.drawer import Drawer
from widgets.header import Header
from widgets.lanes import Lanes
from widgets.look import Look
from widgets.reach import Reach
from widgets.shelf import Shelf
from widgets.showing import Showing
from widgets.stage import GAP, Stage
from widgets.tools import Tool, Toolbox
from widgets.transport import Transport, notch_of, speed_at

ROOM_FOR_SHELF = 960  # pixels
LARGER = 1.4  # how much a presenter's room enlarges type and strokes


class Window(QMainWindow):
    """Everything a person sees."""

    shown = Signal(object)  # a Frame, once the panels have it
    lanes_shown = Signal(object)  # the same moment of every lane, the first one's Frame first
    opened = Signal(object)  # the Experiment class now open, once its controls are there
    noted = Signal()  # a bookmark, a seal: what no step shows, and is saved with the run
    opening = Signal(str)  # the path of a saved run that was asked for
    gone = Signal()  # closed, and its engine with it

    def __init__(self, catalogue: Catalogue, settings: QSettings, theme: str = "") -> None:
        super().__init__()
        self.catalogue, self.settings = catalogue, settings
        self.kind: type[Experiment] | None = None
        self.frame: Frame | None = None
        self.chosen_lane = 0  # which the controls, the timeline and undo are for
        self._status = Status(False, 0.0, 0.0)  # how the engine stood at the last frames
        self._told: tuple[int, str] | None = None  # the divergence that the banner has told of
        self.theme_name = theme or str(settings.value("theme", "system"))
        self.look = Look(self._theme(), 1.0)
        self._apply_theme()  # before anything is built, so that all of it is measured in the right type
        self.hands = Reach(self)
        self.setWindowTitle("Watchglass")
        self.setWindowIcon(themes.app_icon())
        self.resize(1280, 800)

        self.shelf = Shelf(catalogue)
        self.shelf.chosen.connect(self.open_experiment)
        self.stage = Stage(self.hands, self.look)
        self.banner = Banner(self.look)
        self.transport = Transport(self.look)
        self.header = Header(self.look)
        self.header.panels = self.stage.panels
        self.header.panel_toggled.connect(self.stage.open_panel)
        self.header.theme_chosen.connect(self.set_theme)
        self.header.present_asked.connect(self.present)
        self.scenes = QTabBar()
        self.scenes.setDrawBase(False)
        self.scenes.setExpanding(False)
        self.scenes.hide()
        self.column: ControlColumn | None = None
        self.drawer = Drawer()
        self._arrange()
        self.lanes = Lanes(self, lambda lane: Reach(self, lane))
        self._asked: tuple[str, Mapping[str, Any] | None, int] = ("", None, 0)
        self._impatience = QTimer(self)
        self._impatience.setSingleShot(True)
        self._impatience.setInterval(1000)
        self._impatience.timeout.connect(self._ask_again)
        self._slow = False  # whether the banner has told of the step that hangs
        self._patience = QTimer(self)
        self._patience.timeout.connect(self._tell_slowness)
        self._patience.start(500)
        self._showing = Showing(self)
        self._collector = Collector(self)
        self.engine = self._made_engine()
        self._toolbox = Toolbox(self)
        self.header.tools = self._toolbox.tools
        self._bind_keys()
        self.stage.looking.connect(self.look_at)
        self.transport.pressed.connect(self.press)
        self.transport.sought.connect(lambda t: self.engine.seek(t))
        self.transport.paced.connect(lambda speed: self.engine.set_speed(speed))
        self.transport.ghost_dismissed.connect(lambda: self.engine.dismiss_ghost())
        self.scenes.tabBarClicked.connect(self._open_scene)
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._on_scheme)  # a lambda would keep a closed window alive
        self._remember()
        self._restyle()

    # ------------------------------------------------------------ arrangement

    def _arrange(self) -> None:
        middle = QWidget()
        box = QVBoxLayout(middle)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GAP)
        box.addWidget(self.header)
        box.addWidget(self.scenes)
        box.addWidget(self.banner)
        self.right = QSplitter(Qt.Orientation.Horizontal)
        self.right.setHandleWidth(GAP)
        self.right.setChildrenCollapsible(False)
        self.stages = QSplitter(Qt.Orientation.Horizontal)  # one stage, or one a lane
        self.stages.setHandleWidth(GAP)
        self.stages.setChildrenCollapsible(False)
        upright = QSplitter(Qt.Orientation.Vertical)
        upright.setHandleWidth(GAP)
        upright.setChildrenCollapsible(False)
        upright.addWidget(self.stages)
        upright.addWidget(self.drawer)
        upright.setStretchFactor(0, 1)
        self.right.addWidget(upright)
        self.right.setStretchFactor(0, 1)
        box.addWidget(self.right, 1)
        box.addWidget(self.transport)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setHandleWidth(12)
        self.split.addWidget(self.shelf)
        self.split.addWidget(middle)
        self.split.setStretchFactor(1, 1)
        self.split.setSizes([196, 1084])
        self.shelf.setMinimumWidth(150)
        self.split.setChildrenCollapsible(False)
        room = QWidget()
        outer = QVBoxLayout(room)
        outer.setContentsMargins(12, 10, 12, 12)
        outer.addWidget(self.split)
        self.setCentralWidget(room)

    def _bind_keys(self) -> None:
        for keys, name in (
            ("Space", "play"),
            ("Right", "step"),
            ("Left", "back"),
            ("Shift+Right", "stage"),
            ("R", "restart"),
            ("Home", "home"),
            ("End", "end"),
            ("Ctrl+Z", "undo"),
            ("Ctrl+Shift+Z", "redo"),
        ):
            QShortcut(QKeySequence(keys), self, lambda name=name: self.press(name))
        QShortcut(QKeySequence("Ctrl+F"), self, self.shelf.search.setFocus)
        QShortcut(QKeySequence("F11"), self, self.present)
        QShortcut(QKeySequence("Escape"), self, self._escape)

    # ------------------------------------------------------------ the engine

    def _made_engine(self) -> Engine:
        engine = Engine(self.catalogue, self)
        engine.framed.connect(self._on_frames)
        engine.failed.connect(self._on_failure)
        engine.refused.connect(self._on_refusal)
        engine.loaded.connect(self._on_loaded)
        engine.answered.connect(self._on_answer)
        engine.arrived.connect(lambda said: self.banner.say("arrived", said))
        engine.saved.connect(lambda path: self.banner.say("saved", f"Saved as {path}."))
        engine.start()
        engine.set_speed(speed_at(self.transport.pace.value()))
        return engine

    def open_experiment(self, name: str, settings: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        """Open an experiment; one whose step hangs is left behind with its engine."""
        self.banner.dismiss()
        self.shelf.mark(name)
        self._asked = (name, settings, seed)
        self.engine.load(name, settings, seed)
        self._impatience.start()

    def opens(self) -> bool:
        """Whether an experiment was asked for and is not open yet."""
        return self._impatience.isActive()

    def _ask_again(self) -> None:
        """Nothing opened yet: if that is because a step hangs, leave its engine behind and take a new one."""
        if self.engine.hangs():
            self.engine.let_go()
            self.engine = self._made_engine()
            self.stuck = True
            self.engine.load(*self._asked)
        else:
            self._impatience.start()

    def _tell_slowness(self) -> None:
        """A step that takes long looks like a program that hangs: say that it does not."""
        slow, self._slow = self._slow, self.engine.hangs()
        if not self._slow:
            self.banner.take_back("slow")
        elif not slow:
            self.banner.say("slow", "This step takes long: wait for it, or open another experiment meanwhile.")

    def open_file(self, path: str) -> None:
        self.banner.dismiss()
        self._toolbox.tools()  # so that all of them hear of it
        self.opening.emit(path)
        self.engine.open(path)

    def press(self, name: str) -> None:
        """What a button of the transport, or its key, does."""
        if self.kind is None or (self.kind.explores() and name not in ("undo", "redo", "restart")):
            return
        engine = self.engine
        if name == "play":
            playing = self.transport.buttons["play"].text() == "Pause"
            (engine.pause if playing else engine.play)()
        elif name == "home":
            engine.seek(0)
        elif name == "end":
            engine.seek(max((frame.end for frame in self.lanes.frames), default=0))
        else:
            {"restart": engine.restart, "back": engine.back, "step": engine.step, "stage": engine.stage,
             "undo": lambda: engine.undo(self.chosen_lane),
             "redo": lambda: engine.redo(self.chosen_lane)}[name]()  # fmt: skip

    def look_at(self, names: frozenset[str], lane: int = 0) -> None:
        """The engine draws what a lane's panels and the sliders' limits name, and nothing else."""
        if self.kind is not None and self.column is not None:
            self.engine.look(names | self.column.limits(), lane, self.kind.name)

    def _on_frames(self, frames: tuple[Frame, ...], status: Status) -> None:
        """Hand the frames on, and tell the engine once they are painted: training must not slow the painting down."""
        known = frames and (self.kind is None or frames[0].name == self.kind.name)
        self._showing.begin(self._pieces(frames, status) if known else iter(()), self.engine)

    def _pieces(self, frames: tuple[Frame, ...], status: Status) -> Iterator[None]:
        """The work that frames bring, a panel at a time."""
        yield from self.stage.showing(frames[0])
        yield from self.lanes.showing(frames)
        self.frame, self._status = frames[0], status
        self._show_chosen()
        self._tell_divergence(next((each for each in frames if _has_diverged(each)), frames[0]))
        self.lanes_shown.emit(frames)
        self.shown.emit(frames[0])

    def choose_lane(self, lane: int) -> None:
        """From now on the controls, the timeline and undo are for this lane."""
        self.chosen_lane = lane
        self.lanes.mark_chosen()
        self._show_chosen()

    def _show_chosen(self) -> None:
        frames = self.lanes.frames
        if not frames:
            return
        frame = next((each for each in frames if each.lane == self.chosen_lane), frames[0])
        self.transport.show_frame(frame, self._status)
        if self.column is not None:
            self.column.show_settings(dict(frame.settings))
            self.column.show_seed(frame.seed)
            self.column.show_limits(frame.values)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(self.focusWidget(), QAbstractButton):
            # A button that was gone to by Tab is pressed by Space; a click on one leaves Space to the transport.
            event.setAccepted(isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space)
            return True
        handled = super().event(event)
        if event.type() == QEvent.Type.UpdateRequest:
            self._showing.repainted()
            self._toolbox.begin()
        return handled

    def _tell_divergence(self, frame: Frame) -> None:
        if frame.diverged is None or not _has_diverged(frame):
            self.banner.take_back("diverged")
        elif self.banner.kind != "diverged" and self.kind is not None and self._told != frame.diverged:
            self._told = frame.diverged
            t, metric = frame.diverged
            symbol = self.kind.metrics.get(metric.split("/")[0], metric)
            self.banner.say(
                "diverged",
                f"At step {t} {symbol} is no longer a finite number: the run diverged. {self.kind.diverges}",
                bad=True,
                label="Rewind to before it",
                do=lambda: self.engine.rewind(),
            )
        if frame.diverged is None:
            self._told = None

    def _on_failure(self, failure: Failure) -> None:
        self._impatience.stop()
        self.banner.say("failure", failure.message, bad=True, label="Copy details", do=lambda: _copy(failure))

    def tell_mistake(self, kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        """A mistake of the window's own is told like any other, and the window lives on."""
        details = "".join(traceback.format_exception(kind, value, trace))
        print(details, file=sys.stderr, end="")
        self._on_failure(Failure(f"Something went wrong in the window: {value}", details))

    def _on_answer(self, answer: Callable[[Any], None], value: Any) -> None:
        """What was asked of the run, back in the window's own thread."""
        answer(value)

    def _on_refusal(self, name: str, why: str) -> None:
        if self.column is not None and name in self.column.editors:
            self.column.show_error(name, why)
        else:
            self.banner.say("refused", why, bad=True)

    def _on_loaded(self, kind: type[Experiment]) -> None:
        """Another experiment is open: its name, its scenes and its controls."""
        self._toolbox.tools()  # so that all of them hear of it
        self._impatience.stop()
        self.kind, self._told = kind, None
        self.shelf.mark(kind.name)
        self.settings.setValue("experiment", kind.name)
        entry = self.catalogue[kind.name]
        self.header.name(entry)
        self.setWindowTitle(f"{entry.title} – Watchglass")
        self.transport.symbols = kind.metrics
        self.transport.setVisible(not kind.explores())
        self.transport.pace.setValue(notch_of(kind.pace))
        scenes = self.catalogue.scenes(kind.name)
        while self.scenes.count():
            self.scenes.removeTab(0)
        for scene in scenes:
            tab = self.scenes.addTab(scene.heading)
            self.scenes.setTabData(tab, scene.name)
            if scene.name == kind.name:
                self.scenes.setCurrentIndex(tab)
        self.scenes.setVisible(len(scenes) > 1)
        self._showing.drop()
        self.stage.forget()
        self.lanes.forget()
        self._build_controls(kind)
        self.opened.emit(kind)
        self.stage.setFocus()  # so that the next key plays or steps

    def _open_scene(self, tab: int) -> None:
        name = self.scenes.tabData(tab)
        if name and (self.kind is None or name != self.kind.name):
            self.open_experiment(name)

    def _build_controls(self, kind: type[Experiment]) -> None:
        sizes = self.right.sizes()
        if self.column is not None:
            self.column.setParent(None)
            self.column.deleteLater()
        column = self.column = ControlColumn(kind, self.hands.gesture, self.look)
        column.set_control.connect(lambda name, value, gesture: self._hands().set(name, value, gesture))
        column.apply_settings.connect(lambda settings: self._hands().begin_anew(dict(settings)))
        column.reset_all.connect(lambda: self._hands().begin_anew({n: c.default for n, c in kind.controls.items()}))
        column.act.connect(lambda name: self._hands().act(name, []))
        column.seed_changed.connect(lambda seed: self._hands().begin_anew(seed=seed))
        self.right.addWidget(column)
        self.right.setStretchFactor(1, 0)
        kept = str(self.settings.value("controls", ""))  # whatever a file of settings may hold
        usual = min(int(kept), ROOM_FOR_SHELF) if kept.isdecimal() else 264
        width = sizes[1] if len(sizes) > 1 and sizes[1] else usual
        self.right.setSizes([max(300, sum(sizes) - width), width])

    def _hands(self) -> Reach:
        """For the run that the controls are for."""
        return Reach(self, self.chosen_lane)

    # ------------------------------------------------------------ what the menus do

    @property
    def tools(self) -> list[Tool]:
        """Everything that can be done with a run, in the order of the menu."""
        return self._toolbox.tools()

    def use(self, tool: Tool) -> None:
        """Use a tool, or say why it cannot be used now."""
        if why := tool.why_not():
            self.banner.say("refused", f"{tool.title.rstrip(' …')}: {why}", bad=True)
        else:
            tool.use()

    def set_theme(self, name: str) -> None:
        self.theme_name = name
        self.settings.setValue("theme", name)
        self._restyle()

    def present(self) -> None:
        """Larger type and strokes on a full screen, or back again."""
        larger = self.look.scale == 1.0
        self.look = Look(self.look.theme, LARGER if larger else 1.0)
        (self.showFullScreen if larger else self.showNormal)()
        self._restyle()

    def _escape(self) -> None:
        if self.stage.enlarged is not None:
            self.stage.enlarge(None)
        elif self.look.scale != 1.0:
            self.present()

    def _theme(self) -> themes.Theme:
        return {"light": themes.LIGHT, "dark": themes.DARK}.get(self.theme_name) or themes.system()

    def _apply_theme(self) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            themes.apply(app, self.look.theme, self.look.scale)

    def _on_scheme(self, _: Qt.ColorScheme) -> None:
        """The desktop has turned dark or light."""
        self._restyle()

    def _restyle(self) -> None:
        """Theme and scale reach everything from here."""
        look = self.look = Look(self._theme(), self.look.scale)
        self._apply_theme()
        self.header.theme = self.theme_name
        for part in (self.header, self.stage, self.lanes, self.banner, self.transport, self.column):
            if part is not None:
                part.restyle(look)
        self.engine.redraw()

    # ------------------------------------------------------------ remembering and leaving

    def _remember(self) -> None:
        geometry, split = self.settings.value("geometry"), self.settings.value("split")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        if isinstance(split, QByteArray):
            self.split.restoreState(split)

    def last_experiment(self) -> str:
        """What was open when the window was last closed, if it still exists."""
        name = str(self.settings.value("experiment", ""))
        return name if name in self.catalogue.entries else next(iter(self.catalogue.entries))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window keeps its stage and leaves the catalogue out."""
        super().resizeEvent(event)
        self.shelf.setVisible(event.size().width() >= ROOM_FOR_SHELF * self.look.scale)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.settings.setValue("geometry", self.saveGeometry())
        self.settings.setValue("split", self.split.saveState())
        self.settings.sync()
        self._impatience.stop()
        self._patience.stop()
        self.drawer.empty()
        if len(self.right.sizes()) > 1:
            self.settings.setValue("controls", self.right.sizes()[1])
        self.stuck = not self.engine.leave() or self.stuck
        self._collector.stop()
        super().closeEvent(event)
        self.gone.emit()

    stuck = False  # a step would not end: the process must leave by os._exit


def _has_diverged(frame: Frame) -> bool:
    return frame.diverged is not None and frame.t >= frame.diverged[0]


def _copy(failure: Failure) -> None:
    QGuiApplication.clipboard().setText(f"{failure.message}\n\n{failure.details}")
