"""The window, as a person uses it: every experiment opens, plays, scrubs and closes, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from lab import engine as engines
from lab.catalogue import Catalogue, Entry
from lab.pace import FLAT_OUT
from tests.lab import toys
from tests.lab.toys import Fragile
from widgets.panel import Card
from widgets.window import Window

CATALOGUE = Catalogue()
# Scenes are opened in the long part: there are several to each experiment.
OPENED = [pytest.param(n, marks=[pytest.mark.long] if ":" in n else []) for n in CATALOGUE.entries]
PLAYED = [name for name in CATALOGUE.entries if ":" not in name and not CATALOGUE.load(name).explores()]


class WithToys(Catalogue):
    """The real catalogue, and experiments that fail in ways the real ones do not."""

    def __init__(self) -> None:
        super().__init__()
        for kind in (toys.Walk, toys.Fragile, toys.Slow):
            self.entries[kind.name] = Entry(kind.name, kind.name, "a toy", "Toys", "tests.lab.toys")

    def load(self, name: str) -> type:
        return {"walk": toys.Walk, "fragile": Fragile, "slow": toys.Slow}.get(name) or super().load(name)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    made = Window(WithToys(), QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.wait(30)
    if not made.isActiveWindow():
        QApplication.setActiveWindow(made)  # a bare X server has no window manager to do so
    yield made
    made.close()
    assert made.engine.isFinished()
    qtbot.wait(10)
    made.deleteLater()


def opened(window: Window, qtbot: QtBot, name: str, tiny: bool = True) -> None:
    kind = window.catalogue.load(name)
    window.open_experiment(name, dict(kind.tiny) if tiny else None, 1)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == name, timeout=20_000)


def press(window: Window, qtbot: QtBot, name: str) -> None:
    qtbot.mouseClick(window.transport.buttons[name], Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("name", OPENED)
def test_every_experiment_opens_plays_scrubs_and_closes(window: Window, qtbot: QtBot, name: str) -> None:
    opened(window, qtbot, name)
    assert window.kind is not None
    assert [card.panel.title for card in window.stage.visible_cards()]
    if window.kind.explores():
        assert not window.transport.isVisible()
        return
    window.engine.set_speed(FLAT_OUT)
    press(window, qtbot, "play")
    qtbot.waitUntil(lambda: window.frame is not None and (window.frame.t >= 8 or bool(window.frame.finished)))
    if window.transport.buttons["play"].text() == "Pause":
        press(window, qtbot, "play")
    qtbot.waitUntil(lambda: window.transport.buttons["play"].text() == "Play")
    line = window.transport.timeline
    end = window.frame.end
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=QPoint(2, 10))
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 0)
    assert window.frame.end == end
    for title, _ in window.stage.panels():
        window.stage.open_panel(title, True)
    qtbot.wait(120)
    assert not window.banner.isVisible(), window.banner.text.text()


@pytest.mark.parametrize("name", OPENED)
def test_every_panel_shows_something(window: Window, qtbot: QtBot, name: str) -> None:
    """Rendered pixels of each panel, open at first or not, differ from those of its empty card."""
    opened(window, qtbot, name)
    assert window.kind is not None
    window.engine.seek(5)
    qtbot.waitUntil(lambda: window.frame is not None and (window.frame.t > 0 or window.kind.explores()))
    for title, _ in window.stage.panels():
        window.stage.open_panel(title, True)
    for card in window.stage.cards():
        window.stage.reveal(card)
        qtbot.wait(250)
        empty = Card(card.panel, window.hands, window.look)
        empty.resize(card.size())
        assert empty.grab().toImage() != card.grab().toImage(), card.panel.title
        empty.deleteLater()


class StrayWindows(QObject):
    """Notes every window that is shown besides the main one: a widget shown before it has a parent is one."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.seen.append(repr(watched))
        return False


@pytest.mark.parametrize("name", OPENED)
def test_opening_an_experiment_flashes_no_other_window(window: Window, qtbot: QtBot, name: str) -> None:
    stray, app = StrayWindows(), QApplication.instance()
    assert app is not None
    app.installEventFilter(stray)
    opened(window, qtbot, name)
    window.set_theme("light")
    qtbot.wait(30)
    app.removeEventFilter(stray)
    assert stray.seen == []


def test_keys_play_step_and_jump(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "walk")
    at = lambda t: lambda: window.frame is not None and window.frame.t == t  # noqa: E731
    qtbot.keyClick(window, Qt.Key.Key_Right)
    qtbot.waitUntil(at(1))
    qtbot.keyClick(window, Qt.Key.Key_Right)
    qtbot.waitUntil(at(2))
    qtbot.keyClick(window, Qt.Key.Key_Left)
    qtbot.waitUntil(at(1))
    qtbot.keyClick(window, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.stage == "gradient")
    qtbot.keyClick(window, Qt.Key.Key_End)
    qtbot.waitUntil(at(2))
    qtbot.keyClick(window, Qt.Key.Key_Home)
    qtbot.waitUntil(at(0))
    window.engine.set_speed(FLAT_OUT)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t > 20)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.transport.buttons["play"].text() == "Play")
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == window.frame.end == 0)


def test_space_presses_the_button_gone_to_by_tab_and_plays_after_a_click_on_one(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "walk")
    step = window.transport.buttons["step"]
    assert window.column is not None
    step.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(step, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 1)
    assert window.transport.buttons["play"].text() == "Play"
    window.setFocus()
    for button in window.column.findChildren(QAbstractButton):
        assert not button.focusPolicy() & Qt.FocusPolicy.ClickFocus, button
    qtbot.mouseClick(step, Qt.MouseButton.LeftButton)
    assert not step.hasFocus()
    qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.transport.buttons["play"].text() == "Pause")


def test_what_is_done_while_another_experiment_opens_is_not_done_to_that(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "logistic-regression")
    window.open_experiment("linear-regression")
    assert window.column is not None
    window.column.set_control.emit("rate", 0.7, 1)  # both have one
    window.column.seed_changed.emit(9)
    window.hands.act("points.add", [[0.0, 0.0]], 2)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "linear-regression", timeout=20_000)
    assert window.frame is not None
    qtbot.wait(50)
    assert (window.frame.gestures, window.frame.seed) == ((), 0)
    assert not window.banner.isVisible()
    rate = window.frame.settings["rate"]
    window.column.set_control.emit("rate", rate / 2, 3)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.settings["rate"] == rate / 2)


class Heard(QObject):
    """How often the window's own layout was asked for."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.layouts = 0
        window.centralWidget().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.layouts += event.type() == QEvent.Type.LayoutRequest
        return False


def test_frames_do_not_lay_the_window_out_anew(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "optimiser-race", tiny=False)  # notes, details, read-outs: all of them change
    window.engine.set_speed(FLAT_OUT)
    window.engine.play()
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t > 1000, timeout=20_000)
    qtbot.wait(300)  # the widest and the tallest were shown
    heard, frames = Heard(window), 0

    def count(_: object) -> None:
        nonlocal frames
        frames += 1

    window.shown.connect(count)
    qtbot.waitUntil(lambda: frames > 20, timeout=20_000)
    window.shown.disconnect(count)
    assert heard.layouts <= 2


def test_typing_in_a_field_is_typing_not_playing(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "walk")
    window.shelf.search.setFocus()
    qtbot.keyClicks(window.shelf.search, "r k")
    assert window.shelf.search.text() == "r k"
    assert window.frame is not None
    assert window.frame.t == 0


def test_search_finds_by_title_line_and_topic(window: Window, qtbot: QtBot) -> None:
    qtbot.keyClicks(window.shelf.search, "nearest centre")
    shown = [name for name, item in window.shelf._items.items() if not item.isHidden()]
    assert shown == ["k-means"]
    qtbot.keyClick(window.shelf.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.kind is not None and window.kind.name == "k-means")


def test_a_failing_step_shows_a_banner_with_details_to_copy_and_the_app_lives_on(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "fragile")
    window.engine.set_speed(FLAT_OUT)
    press(window, qtbot, "play")
    qtbot.waitUntil(window.banner.isVisible)
    assert "the fourth step fails" in window.banner.text.text()
    qtbot.mouseClick(window.banner.button, Qt.MouseButton.LeftButton)
    assert "Traceback" in QGuiApplication.clipboard().text()
    opened(window, qtbot, "walk")
    assert not window.banner.isVisible()


def test_a_divergence_is_explained_and_can_be_rewound(window: Window, qtbot: QtBot) -> None:
    window.open_experiment("fragile", {"fault": "nan"})
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "fragile")
    window.engine.set_speed(FLAT_OUT)
    press(window, qtbot, "play")
    qtbot.waitUntil(window.banner.isVisible)
    assert "At step 2 J is no longer a finite number" in window.banner.text.text()
    assert Fragile.diverges in window.banner.text.text()
    qtbot.mouseClick(window.banner.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 1)
    qtbot.waitUntil(lambda: not window.banner.isVisible())


def test_an_unfit_value_is_said_at_its_control_and_the_run_stays(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "k-means")
    window.engine.restart(None, {"points": {"n": 5}, "k": 3})
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.settings["k"] == 3)
    window.engine.set("k", 12)
    assert window.column is not None
    editor = window.column.editors["k"]
    qtbot.waitUntil(lambda: "12 centres need 12 points" in editor.wrong.text())
    assert window.frame is not None
    assert window.frame.settings["k"] == 3


def test_a_control_acts_on_the_run_and_leaves_a_mark_on_the_timeline(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "walk")
    press(window, qtbot, "step")
    assert window.column is not None
    field = window.column.editors["rate"].findChildren(QLineEdit)[0]
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "0.5")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.settings["rate"] == 0.5)
    assert window.frame is not None
    assert window.frame.gestures == ((1, "rate = 0.5"),)
    redo = window.transport.buttons["redo"]
    assert not redo.isEnabled()
    press(window, qtbot, "undo")
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.settings["rate"] == 0.1)
    assert redo.isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.settings["rate"] == 0.5)
    assert not redo.isEnabled()


def test_a_panel_can_fill_the_stage_and_be_put_back(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "walk")
    cards = list(window.stage.visible_cards())
    small = cards[0].size()
    qtbot.mouseClick(cards[0].size_button, Qt.MouseButton.LeftButton)
    assert list(window.stage.visible_cards()) == [cards[0]]
    qtbot.waitUntil(lambda: cards[0].width() > small.width())
    qtbot.waitUntil(lambda: window.frame is not None and set(window.frame.values) == {"w"})
    qtbot.mouseClick(cards[0].size_button, Qt.MouseButton.LeftButton)
    assert list(window.stage.visible_cards()) == cards


def test_switching_in_the_middle_of_a_run_leaves_nothing_behind(window: Window, qtbot: QtBot) -> None:
    before = threading.active_count()
    window.engine.set_speed(FLAT_OUT)
    for name in ["walk", *PLAYED] * 2:
        opened(window, qtbot, name)
        window.engine.play()
        qtbot.wait(20)
    assert threading.active_count() <= before + 1
    assert not window.banner.isVisible()


def test_a_step_that_hangs_does_not_keep_another_experiment_from_opening(
    window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "FAREWELL", 0.3)
    window.open_experiment("slow", {"seconds": 60})
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "slow")
    hanging = window.engine
    press(window, qtbot, "play")
    qtbot.wait(100)
    opened(window, qtbot, "walk")
    assert window.engine is not hanging
    press(window, qtbot, "step")
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 1)
    toys.Slow.released.set()
    assert hanging.wait(3000)
    engines._stuck.remove(hanging)
    toys.Slow.released.clear()


def test_theme_and_presenter_mode_reach_everything(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "k-means")
    dark = window.grab().toImage().pixelColor(3, 3)
    window.set_theme("light")
    light = window.grab().toImage().pixelColor(3, 3)
    assert light.lightness() > dark.lightness() + 100
    window.present()
    qtbot.wait(50)
    assert window.look.scale > 1
    window.present()
    assert window.look.scale == 1


def test_the_window_remembers_its_experiment_and_theme(qtbot: QtBot, tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    first = Window(CATALOGUE, settings)
    first.show()
    opened(first, qtbot, "k-means")
    first.set_theme("light")
    first.close()
    second = Window(CATALOGUE, settings)
    assert (second.last_experiment(), second.theme_name) == ("k-means", "light")
    second.close()


def test_a_run_is_saved_and_opened_where_it_stood(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    opened(window, qtbot, "walk")
    opened(window, qtbot, "k-means")
    window.engine.seek(3)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 3)
    window.engine.act("move_centre", [0, 3.0, 3.0])
    window.engine.save(str(tmp_path / "run.glass"))
    qtbot.waitUntil(lambda: (tmp_path / "run.glass").exists())
    opened(window, qtbot, "walk")
    window.open_file(str(tmp_path / "run.glass"))
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "k-means" and window.frame.t == 3)
    assert window.frame is not None
    assert [said for _, said in window.frame.gestures] == ["move centre (0, 3, 3)"]
    (tmp_path / "bad.glass").write_text("{")
    window.open_file(str(tmp_path / "bad.glass"))
    qtbot.waitUntil(window.banner.isVisible)
    assert "bad.glass is damaged" in window.banner.text.text()


def test_a_picture_is_the_window_without_a_display(tmp_path: Path, root: Path) -> None:
    from PySide6.QtGui import QImage

    out = tmp_path / "k.png"
    command = [sys.executable, "app.py", "k-means", "--steps", "4", "--picture", str(out), "--size", "900x600"]
    done = subprocess.run([*command, "--theme", "light"], cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    picture = QImage(str(out))
    assert (picture.width(), picture.height()) == (900, 600)
    assert len({picture.pixel(x, y) for x in range(0, 900, 7) for y in range(0, 600, 7)}) > 50


def test_the_app_opens_and_closes_by_itself(root: Path) -> None:
    command = [sys.executable, "app.py", "k-means", "--quit-after", "1"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in done.stderr.splitlines() if "This plugin does not support" not in line]
    assert (done.returncode, said) == (0, [])
