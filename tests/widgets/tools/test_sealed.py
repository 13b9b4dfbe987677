"""The sealed test set in a real window: signs on what it covers, openings counted, exports that leave it out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

import app
from lab import glass
from lab.frame import Seal
from tests.lab.offering import FOUR, WithPulled
from tests.widgets.tools.test_palette import front
from widgets.tools import Tool
from widgets.tools.export import SaveMetrics
from widgets.tools.sealed import SealTestSet
from widgets.tools.sweep import SweepDialog
from widgets.tools.time import SetBookmark
from widgets.window import Window

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Window(WithPulled(), QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    front(made, qtbot)
    made.open_experiment("pulled", {"points": FOUR, "hold": True}, 3)
    qtbot.waitUntil(lambda: made.frame is not None, timeout=20_000)
    made.engine.seek(4)
    qtbot.waitUntil(lambda: made.frame is not None and made.frame.t == 4)
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


Kind = TypeVar("Kind", bound=Tool)


def found(window: Window, kind: type[Kind]) -> Kind:
    return next(tool for tool in window.tools if isinstance(tool, kind))


def sealed(window: Window, qtbot: QtBot) -> SealTestSet:
    tool = found(window, SealTestSet)
    qtbot.keyClick(window, Qt.Key.Key_T, CONTROL)
    qtbot.waitUntil(lambda: len(tool.signs) == 3)
    return tool


def test_a_lock_is_on_every_panel_that_tells_of_the_test(window: Window, qtbot: QtBot) -> None:
    tool = sealed(window, qtbot)
    assert {sign.card.panel.title: sign.whole for sign in tool.signs} == {"Data": False, "Loss": False, "Test": True}
    assert {sign.accessibleName() for sign in tool.signs} == {"Test set sealed · opened 0 times"}
    assert window.frame is not None
    assert set(window.frame.metrics) == {"loss"}
    assert "test" not in window.transport.metrics.text()


def test_a_click_on_a_lock_opens_it_and_is_counted(window: Window, qtbot: QtBot) -> None:
    tool = sealed(window, qtbot)
    qtbot.mouseClick(tool.signs[-1], LEFT)
    qtbot.waitUntil(lambda: tool.seal == Seal(False, (4,)) and not tool.signs)
    assert window.banner.text.text().startswith("The test set is open, for the first time")
    assert window.frame is not None
    assert set(window.frame.metrics) == {"loss", "test"}
    tool = sealed(window, qtbot)
    assert {sign.accessibleName() for sign in tool.signs} == {"Test set sealed · opened 1 time"}


def test_restarting_or_opening_the_experiment_again_is_no_way_round_it(window: Window, qtbot: QtBot) -> None:
    tool = sealed(window, qtbot)
    window.engine.restart()
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.end == 0)
    assert window.frame is not None
    assert window.frame.seal.closed
    window.open_experiment("pulled", {"points": FOUR, "hold": True}, 8)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.seed == 8 and window.frame.seal.closed)
    qtbot.waitUntil(lambda: len(tool.signs) == 3)
    window.open_experiment("newton")
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "newton", timeout=20_000)
    assert tool.why_not() == "This experiment holds no samples out for a test."
    assert not tool.signs


def test_the_table_of_metrics_leaves_it_out_and_says_so(
    window: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(window, qtbot)
    path = tmp_path / "m.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    window.use(found(window, SaveMetrics))
    qtbot.waitUntil(lambda: "is left out" in window.banner.text.text())
    assert path.read_text().splitlines()[0] == "t,loss"


def test_a_sweep_does_not_offer_it(window: Window, qtbot: QtBot) -> None:
    sealed(window, qtbot)
    assert window.kind is not None
    assert window.frame is not None
    asking = SweepDialog(window.kind, window.frame)
    assert [asking.quantity.itemText(i) for i in range(asking.quantity.count())] == ["loss"]
    asking.close()


def test_seal_and_bookmarks_come_back_with_the_file(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    tool = sealed(window, qtbot)
    found(window, SetBookmark).name(4, "the end")
    path = tmp_path / "run.glass"
    window.engine.save(str(path))
    qtbot.waitUntil(path.is_file)
    window.open_experiment("newton")
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "newton", timeout=20_000)
    assert window.transport.timeline.bookmarks == ()
    window.open_file(str(path))
    qtbot.waitUntil(lambda: len(tool.signs) == 3)
    qtbot.waitUntil(lambda: window.transport.timeline.bookmarks == ((4, "the end (step 4)"),))
    found(window, SetBookmark).remove(4)
    window.engine.save(str(path))
    qtbot.waitUntil(lambda: "bookmarks" not in path.read_text())


def test_the_command_line_leaves_it_out_too(
    window: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed(window, qtbot)
    window.engine.ask(lambda session: glass.save(session, tmp_path / "run.glass"), lambda _: None)
    qtbot.waitUntil((tmp_path / "run.glass").is_file)
    monkeypatch.setattr(app, "Catalogue", WithPulled)
    assert app.main(["--open", str(tmp_path / "run.glass"), "--csv", str(tmp_path / "m.csv")]) == 0
    assert (tmp_path / "m.csv").read_text().splitlines()[0] == "t,loss"
    assert "is left out" in capsys.readouterr().err


def test_a_report_of_a_sealed_run_tells_the_seal_and_not_the_test(
    window: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(window, qtbot)
    window.engine.ask(lambda session: glass.save(session, tmp_path / "run.glass"), lambda _: None)
    qtbot.waitUntil((tmp_path / "run.glass").is_file)
    monkeypatch.setattr(app, "Catalogue", WithPulled)
    monkeypatch.setattr(app, "check_display", lambda _: None)
    monkeypatch.setattr(app, "silence", lambda: None)
    out = tmp_path / "run.html"
    assert app.main(["--open", str(tmp_path / "run.glass"), "--report", str(out), "--moments", "1"]) == 0
    page = out.read_text()
    assert "Test set sealed · opened 0 times" in page
    assert "<th>J</th>" in page
    assert "J<sub>test</sub>" not in page
