"""Lanes in the window: a run is duplicated, changed, compared and closed, as a person does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from lab.catalogue import Catalogue, Entry
from lab.frame import Frame
from tests.lab.toys import Walk
from widgets.lanes import LaneBox
from widgets.panel import Card
from widgets.plot import Plot
from widgets.tools.compare import CloseLane, Comparing, Comparison, Duplicate, DuplicateSeed, ShowComparison
from widgets.window import Window


class WithWalk(Catalogue):
    """The real catalogue, and a walk."""

    def __init__(self) -> None:
        super().__init__()
        self.entries["walk"] = Entry("walk", "walk", "a toy", "Toys", "tests.lab.toys")

    def load(self, name: str) -> type:
        return Walk if name == "walk" else super().load(name)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    made = Window(WithWalk(), QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    if not made.isActiveWindow():
        QApplication.setActiveWindow(made)
    made.open_experiment("walk", None, 1)
    qtbot.waitUntil(lambda: made.frame is not None and made.frame.name == "walk")
    yield made
    made.close()
    made.deleteLater()


def frames(window: Window) -> dict[int, Frame]:
    return {frame.lane: frame for frame in window.lanes.frames}


def standing_at(window: Window, t: int, lanes: int) -> Callable[[], bool]:
    return lambda: [frame.t for frame in window.lanes.frames] == [t] * lanes


def has_lanes(window: Window, many: int) -> bool:
    return len(window.lanes.boxes) == len(window.lanes.frames) == many


def duplicated(window: Window, qtbot: QtBot, times: int = 1) -> LaneBox:
    """Ctrl+D so many times; the box of the newest lane."""
    for _ in range(times):
        many = len(window.lanes.boxes) + 1
        qtbot.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(partial(has_lanes, window, many))
    return window.lanes.boxes[window.chosen_lane]


def typed(window: Window, qtbot: QtBot, control: str, text: str) -> None:
    assert window.column is not None
    field = window.column.editors[control].findChildren(QLineEdit)[0]
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def plot(box: LaneBox, title: str) -> Plot:
    found = next(card.plot for card in box.stage.visible_cards() if card.panel.title == title)
    assert found is not None
    return found


def use(window: Window, kind: type) -> None:
    window.use(next(tool for tool in window.tools if isinstance(tool, kind)))


def comparison(window: Window) -> Comparison:
    found = window.drawer.currentWidget()
    assert isinstance(found, Comparison)
    return found


def rows(window: Window) -> list[list[str]]:
    table = comparison(window).table
    heads = [table.horizontalHeaderItem(at) for at in range(table.columnCount())]
    cells = [[table.item(row, at) for at in range(table.columnCount())] for row in range(table.rowCount())]
    return [[each.text() if each is not None else "" for each in row] for row in [heads, *cells]]


def test_a_duplicate_repeats_all_that_was_done_and_stands_at_the_same_step(window: Window, qtbot: QtBot) -> None:
    window.engine.seek(3)
    window.engine.act("put", [0, 2.0, -2.0])
    window.engine.set("rate", 0.4)
    window.engine.seek(7)
    qtbot.waitUntil(standing_at(window, 7, 1))
    duplicated(window, qtbot)
    first, twin = frames(window).values()
    assert (twin.t, twin.gestures) == (7, first.gestures)
    assert twin.metrics["loss"].tolist() == first.metrics["loss"].tolist()
    assert window.lanes.boxes[1].header.differs.text() == "the same settings and seed"


def test_controls_change_the_chosen_lane_and_its_header_says_what_differs(window: Window, qtbot: QtBot) -> None:
    box = duplicated(window, qtbot)
    assert (window.chosen_lane, box.header.is_chosen) == (1, True)
    typed(window, qtbot, "rate", "0.5")
    qtbot.waitUntil(lambda: box.header.differs.text() == "rate 0.1 → 0.5")
    assert frames(window)[0].settings["rate"] == 0.1
    first = window.lanes.boxes[0].header
    qtbot.mouseClick(first, Qt.MouseButton.LeftButton, pos=QPoint(20, first.height() - 6))
    assert (window.chosen_lane, first.is_chosen, box.header.is_chosen) == (0, True, False)
    typed(window, qtbot, "rate", "0.3")
    qtbot.waitUntil(lambda: box.header.differs.text() == "rate 0.3 → 0.5")


def test_undo_is_for_the_chosen_lane_alone(window: Window, qtbot: QtBot) -> None:
    window.engine.set("rate", 0.2)
    qtbot.waitUntil(lambda: frames(window)[0].settings["rate"] == 0.2)
    duplicated(window, qtbot)
    typed(window, qtbot, "rate", "0.5")
    qtbot.waitUntil(lambda: frames(window)[1].settings["rate"] == 0.5)
    qtbot.mouseClick(window.transport.buttons["undo"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: frames(window)[1].settings["rate"] == 0.2)
    assert frames(window)[0].settings["rate"] == 0.2


def test_lanes_step_together_and_begin_together_where_one_is_begun_anew(window: Window, qtbot: QtBot) -> None:
    duplicated(window, qtbot)
    for _ in range(3):
        qtbot.mouseClick(window.transport.buttons["step"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(standing_at(window, 3, 2))
    typed(window, qtbot, "length", "3")
    qtbot.waitUntil(lambda: frames(window)[1].settings["length"] == 3)
    qtbot.waitUntil(standing_at(window, 0, 2))
    assert [frame.end for frame in window.lanes.frames] == [3, 0]
    qtbot.keyClick(window, Qt.Key.Key_End)
    qtbot.waitUntil(standing_at(window, 3, 2))


def test_another_seed_makes_another_run_of_the_same_settings(window: Window, qtbot: QtBot) -> None:
    use(window, DuplicateSeed)
    qtbot.waitUntil(lambda: len(window.lanes.frames) == 2)
    assert [frame.seed for frame in window.lanes.frames] == [1, 2]
    assert window.lanes.boxes[1].header.differs.text() == "seed 1 → 2"


def test_the_fifth_lane_is_refused_and_four_fit_the_window(window: Window, qtbot: QtBot) -> None:
    duplicated(window, qtbot, 3)
    use(window, Duplicate)
    assert "There are 4 runs side by side already" in window.banner.text.text()
    assert (window.width(), len(window.lanes.boxes)) == (1280, 4)
    assert {len(list(box.stage.visible_cards())) for box in window.lanes.boxes.values()} == {2}
    widths = [box.width() for box in window.lanes.boxes.values()]
    assert min(widths) >= 140
    assert max(widths) - min(widths) <= 2


def test_a_closed_lane_leaves_the_others_their_names_and_their_runs(window: Window, qtbot: QtBot) -> None:
    duplicated(window, qtbot, 2)
    window.engine.set("rate", 0.7, lane=2)
    qtbot.waitUntil(lambda: frames(window)[2].settings["rate"] == 0.7)
    qtbot.mouseClick(window.lanes.boxes[1].header.away, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.lanes.names() == {0: "Run 1", 2: "Run 3"})
    window.engine.set("rate", 0.9, lane=1)  # it is gone: nobody else hears it
    window.engine.set("noise", 0.5, lane=2)
    qtbot.waitUntil(lambda: frames(window)[2].settings["noise"] == 0.5)
    assert [frame.settings["rate"] for frame in window.lanes.frames] == [0.1, 0.7]
    duplicated(window, qtbot)
    assert window.lanes.names() == {0: "Run 1", 2: "Run 3", 3: "Run 2"}
    for _ in range(2):
        use(window, CloseLane) if window.chosen_lane else window.engine.drop(2)
        qtbot.waitUntil(partial(has_lanes, window, len(window.lanes.boxes) - 1))
    assert (window.chosen_lane, window.drawer.isVisible(), window.lanes.boxes[0].header.isVisible()) == (0, 0, 0)


def test_the_first_lane_cannot_be_closed(window: Window, qtbot: QtBot) -> None:
    use(window, CloseLane)
    assert "There is one run only" in window.banner.text.text()
    duplicated(window, qtbot)
    window.choose_lane(0)
    use(window, CloseLane)
    assert "The first run stays" in window.banner.text.text()
    assert not window.lanes.boxes[0].header.away.isVisible()


def test_another_experiment_has_one_lane(window: Window, qtbot: QtBot) -> None:
    duplicated(window, qtbot, 2)
    window.open_experiment("k-means")
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "k-means")
    assert (list(window.lanes.boxes), window.chosen_lane, window.stages.count()) == ([0], 0, 1)
    assert not window.drawer.isVisible()


def test_the_engine_is_told_what_each_lane_shows_and_a_panel_is_enlarged_in_all(window: Window, qtbot: QtBot) -> None:
    box = duplicated(window, qtbot)
    card: Card = next(card for card in box.stage.visible_cards() if card.panel.title == "Loss")
    qtbot.mouseClick(card.size_button, Qt.MouseButton.LeftButton)
    for each in window.lanes.boxes.values():
        assert [card.panel.title for card in each.stage.visible_cards()] == ["Loss"]
    qtbot.waitUntil(lambda: [set(frame.values) for frame in window.lanes.frames] == [set(), set()])
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert [card.panel.title for card in box.stage.visible_cards()] == ["Path", "Loss"]
    qtbot.waitUntil(lambda: [set(frame.values) for frame in window.lanes.frames] == [{"w"}, {"w"}])
    window.header.panel_toggled.emit("Path", False)
    assert [card.panel.title for card in box.stage.visible_cards()] == ["Loss"]


def test_plots_of_one_panel_share_what_they_show(window: Window, qtbot: QtBot) -> None:
    box = duplicated(window, qtbot)
    window.engine.act("put", [0, 40.0, 30.0], lane=1)
    qtbot.waitUntil(lambda: bool(frames(window)[1].gestures))
    window.engine.step()
    qtbot.waitUntil(standing_at(window, 1, 2))
    first = plot(window.lanes.boxes[0], "Path")
    assert first.getViewBox().viewRange() == plot(box, "Path").getViewBox().viewRange()
    assert first.getViewBox().viewRange()[0][1] > 36
    plot(box, "Path").getViewBox().scaleBy((0.5, 0.5))
    plot(box, "Path").getViewBox().sigRangeChangedManually.emit([True, True])
    zoomed = plot(box, "Path").getViewBox().viewRange()
    assert first.getViewBox().viewRange() == zoomed
    window.engine.step()
    qtbot.waitUntil(standing_at(window, 2, 2))
    assert first.getViewBox().viewRange() == zoomed
    qtbot.mouseDClick(first.viewport(), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: plot(box, "Path").getViewBox().viewRange() != zoomed)
    assert first.getViewBox().viewRange() == plot(box, "Path").getViewBox().viewRange()
    assert first.getViewBox().viewRange()[0][1] > 36


def test_the_table_tells_what_differs_and_the_curves_lie_in_one_plot(window: Window, qtbot: QtBot) -> None:
    duplicated(window, qtbot)
    typed(window, qtbot, "rate", "0.5")
    window.engine.set("points", {"kind": "moons", "n": 30}, lane=1)
    window.engine.seek(2)
    qtbot.waitUntil(standing_at(window, 2, 2))
    heads, first, second = rows(window)
    assert heads == ["Run", "rate", "points", "J", "stands at"]
    losses = [f"{frame.metrics['loss'][2]:.4g}" for frame in window.lanes.frames]
    assert first == ["Run 1", "0.1", "blobs 20", losses[0], "step 2"]
    assert second == ["Run 2", "0.5", "moons 30", losses[1], "step 2"]
    card = comparison(window).overlay.card
    assert card is not None
    assert "Run&nbsp;1" in card.legend_text
    assert "Run&nbsp;2" in card.legend_text
    table = comparison(window).table
    place = table.visualRect(table.model().index(0, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.chosen_lane == 0


def test_a_lane_is_told_of_though_a_newer_moment_comes_before_its_first_was_shown(window: Window, qtbot: QtBot) -> None:
    duplicated(window, qtbot)
    qtbot.waitUntil(lambda: window.findChild(Comparison) is not None)
    both = window.lanes.frames
    window.engine.drop(1)
    qtbot.waitUntil(lambda: has_lanes(window, 1) and window.findChild(Comparison) is None)
    begun = window.lanes.showing(both)
    next(begun)
    begun.close()
    assert window.findChild(Comparison) is None
    list(window.lanes.showing(both))
    assert window.findChild(Comparison) is not None


def test_the_comparison_can_be_closed_and_opened_again(window: Window, qtbot: QtBot) -> None:
    duplicated(window, qtbot)
    window.drawer.take(comparison(window))
    found = window.findChild(Comparing)
    assert isinstance(found, Comparing)
    assert (found.shown, window.drawer.isVisible()) == (None, False)
    use(window, ShowComparison)
    assert rows(window)[1][0] == "Run 1"
    window.set_theme("light")
    table, tint = comparison(window).table, Qt.ItemDataRole.ForegroundRole
    qtbot.waitUntil(lambda: table.model().index(0, 0).data(tint).color() == window.look.colour(0))
