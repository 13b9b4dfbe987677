"""Export, as a person does it: forms are filled in with keys and clicks, and the files are read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtWidgets import QApplication, QComboBox, QDialogButtonBox, QDoubleSpinBox, QFileDialog, QMenu
from pytestqt.qtbot import QtBot

from lab.catalogue import Catalogue, Entry
from tests.lab import toys
from widgets.tools import Tool
from widgets.tools.export import (
    Errand,
    Form,
    SaveArrays,
    SaveMetrics,
    SaveMovie,
    SavePicture,
    SaveWeights,
)
from widgets.window import Window


class Weighed(toys.Walk):
    """A walk that hands its place out as weights."""

    name = "weighed"

    def weights(self) -> dict[str, np.ndarray]:
        return {"w": self.w}


class WithToys(Catalogue):
    def __init__(self) -> None:
        super().__init__()
        for kind in (toys.Walk, Weighed):
            self.entries[kind.name] = Entry(kind.name, kind.name, "a toy", "Toys", "tests.lab.toys")

    def load(self, name: str) -> type:
        return {"walk": toys.Walk, "weighed": Weighed}.get(name) or super().load(name)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    made = Window(WithToys(), QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.resize(1100, 700)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.wait(30)
    if not made.isActiveWindow():
        QApplication.setActiveWindow(made)  # a bare X server has no window manager to do so
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """What a person types into the file dialog."""

    def name(text: str) -> Path:
        monkeypatch.setattr(
            QFileDialog, "getSaveFileName", lambda *given: (str(tmp_path / text), given[3].split(";;")[0])
        )
        return tmp_path / text

    return name


def opened(window: Window, qtbot: QtBot, name: str, t: int = 3) -> None:
    window.open_experiment(name, None, 1)
    window.engine.seek(t)
    qtbot.waitUntil(lambda: window.frame is not None and (window.frame.name, window.frame.t) == (name, t), timeout=9000)


def chosen(window: Window, title: str) -> None:
    """Choose a tool from the menu."""
    menu = QMenu(window)
    window.header.fill(menu, "menu")
    entry = next(entry for entry in menu.actions() if entry.text() == title)
    assert entry.isEnabled(), entry.toolTip()
    entry.trigger()


def form(window: Window) -> Form:
    found = window.findChild(Form)
    assert isinstance(found, Form)
    return found


def press_save(window: Window, qtbot: QtBot) -> None:
    button = form(window).buttons.button(QDialogButtonBox.StandardButton.Save)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def said(window: Window, qtbot: QtBot, words: str) -> None:
    qtbot.waitUntil(lambda: window.banner.isVisible() and words in window.banner.text.text(), timeout=20_000)


def tool(window: Window, kind: type[Tool]) -> Tool:
    return next(one for one in window.tools if isinstance(one, kind))


def test_a_panel_is_saved_as_png_at_any_scale(window: Window, qtbot: QtBot, named: Callable[[str], Path]) -> None:
    opened(window, qtbot, "walk")
    path = named("loss")  # the ending is added
    chosen(window, "Save a picture …")
    which, scale = form(window).findChild(QComboBox), form(window).findChild(QDoubleSpinBox)
    assert isinstance(which, QComboBox)
    assert isinstance(scale, QDoubleSpinBox)
    qtbot.keyClicks(which, "Loss")
    scale.selectAll()
    qtbot.keyClicks(scale, "3")
    card = next(card for card in window.stage.cards() if card.panel.title == "Loss")
    width, height = card.width(), card.height()  # before the banner takes some of it
    press_save(window, qtbot)
    image = QImage(f"{path}.png")
    assert (image.width(), image.height()) == (width * 3, height * 3)
    assert len({image.pixel(x, image.height() // 2) for x in range(image.width())}) > 3  # something is drawn
    said(window, qtbot, "loss.png")


def test_the_stage_is_saved_as_svg_with_text_and_curves(
    window: Window, qtbot: QtBot, named: Callable[[str], Path]
) -> None:
    opened(window, qtbot, "walk")
    path = named("stage.svg")
    qtbot.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: window.findChild(Form) is not None)
    size = window.stages.size()  # before the banner takes some of it
    press_save(window, qtbot)
    drawing = ElementTree.parse(path).getroot()
    assert drawing.get("viewBox") == f"0 0 {size.width()} {size.height()}"
    words = {text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Path", "Loss"} <= words
    assert len(list(drawing.iter("{http://www.w3.org/2000/svg}polyline"))) >= 1


def test_a_right_click_on_a_title_offers_that_panel(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "walk")
    card = next(card for card in window.stage.cards() if card.panel.title == "Loss")
    at = QPoint(4, 4)
    click = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, card.title.mapToGlobal(at))
    QApplication.sendEvent(card.title, click)
    menu = card.findChild(QMenu)
    assert isinstance(menu, QMenu)
    qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(menu.actions()[0]).center())
    which = form(window).findChild(QComboBox)
    assert isinstance(which, QComboBox)
    assert which.currentText() == "Loss"
    form(window).reject()


def test_metrics_and_arrays_are_saved(window: Window, qtbot: QtBot, named: Callable[[str], Path]) -> None:
    opened(window, qtbot, "walk")
    path = named("m.csv")
    chosen(window, SaveMetrics.title)
    said(window, qtbot, "m.csv")
    assert [line.split(",")[0] for line in path.read_text().splitlines()] == ["t", "0", "1", "2", "3"]
    path = named("a.npz")
    chosen(window, SaveArrays.title)
    said(window, qtbot, "a.npz")
    assert window.frame is not None
    with np.load(path, allow_pickle=False) as arrays:
        assert arrays["w"].tolist() == np.asarray(window.frame.values["w"]).tolist()


def test_weights_are_saved_where_there_are_any(window: Window, qtbot: QtBot, named: Callable[[str], Path]) -> None:
    import torch

    opened(window, qtbot, "walk")
    assert tool(window, SaveWeights).why_not() == "This experiment has no weights to hand out."
    opened(window, qtbot, "weighed")
    path = named("w.pt")
    chosen(window, SaveWeights.title)
    said(window, qtbot, "w.pt")
    assert window.frame is not None
    read = torch.load(path, weights_only=True)
    assert read["w"].tolist() == np.asarray(window.frame.values["w"]).tolist()


def test_what_cannot_be_written_is_told(window: Window, qtbot: QtBot, named: Callable[[str], Path]) -> None:
    opened(window, qtbot, "walk")
    named("no/such/folder/m.csv")
    chosen(window, SaveMetrics.title)
    said(window, qtbot, "m.csv cannot be written: No such file or directory.")


def test_a_movie_is_made_beside_the_window_which_goes_on(
    window: Window, qtbot: QtBot, named: Callable[[str], Path]
) -> None:
    opened(window, qtbot, "k-means", 4)
    path = named("film.gif")
    chosen(window, SaveMovie.title)
    assert "5 pictures of steps 0 to 4" in form(window).note.text()
    press_save(window, qtbot)
    qtbot.waitUntil(lambda: window.findChild(Errand) is not None)
    window.engine.seek(2)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 2)
    assert not path.exists()  # it was not waited for
    said(window, qtbot, "film.gif")
    with Image.open(path) as film:
        assert film.n_frames == 5  # type: ignore[attr-defined]
        assert abs(film.width - window.stages.width()) < 60
    assert not window.drawer.isVisible()
    assert window.frame is not None
    assert window.frame.t == 2


def test_a_cancelled_movie_leaves_nothing(window: Window, qtbot: QtBot, named: Callable[[str], Path]) -> None:
    opened(window, qtbot, "k-means", 4)
    path = named("film.gif")
    path.write_text("old")
    chosen(window, SaveMovie.title)
    press_save(window, qtbot)
    qtbot.waitUntil(lambda: window.findChild(Errand) is not None)
    errand = window.findChild(Errand)
    assert isinstance(errand, Errand)
    assert errand.folder.is_dir()
    qtbot.mouseClick(errand.cancel, Qt.MouseButton.LeftButton)
    said(window, qtbot, "film.gif was cancelled; nothing was written.")
    assert path.read_text() == "old"
    assert not errand.folder.exists()


def test_closing_the_window_ends_what_is_being_made(window: Window, qtbot: QtBot, named: Callable[[str], Path]) -> None:
    opened(window, qtbot, "k-means", 4)
    path = named("film.gif")
    chosen(window, SaveMovie.title)
    press_save(window, qtbot)
    qtbot.waitUntil(lambda: window.findChild(Errand) is not None)
    errand = window.findChild(Errand)
    assert isinstance(errand, Errand)
    window.close()
    assert not errand.folder.exists()
    assert not path.exists()


def test_there_is_no_movie_of_a_run_that_has_not_begun(window: Window, qtbot: QtBot) -> None:
    opened(window, qtbot, "walk", 0)
    assert tool(window, SaveMovie).why_not() == "Train a few steps first."
    assert tool(window, SavePicture).why_not() == ""
