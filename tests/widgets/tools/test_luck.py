"""The luck check in a real window: many seeds of one set-up, told apart from what is not luck."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from tests.widgets import test_window
from tests.widgets.test_window import opened
from widgets.tools.luck import Luck, LuckResults, edges
from widgets.window import Window

LEFT = Qt.MouseButton.LeftButton
window = test_window.window  # a fixture


@pytest.fixture
def luck(window: Window) -> Luck:
    return next(tool for tool in window.tools if isinstance(tool, Luck))


def checked(tool: Luck, qtbot: QtBot, name: str, steps: int = 12) -> LuckResults:
    opened(tool.window, qtbot, name, tiny=False)
    tool.window.engine.seek(steps)
    qtbot.waitUntil(lambda: tool.window.frame is not None and tool.window.frame.t == steps)
    tool.window.use(tool)
    qtbot.waitUntil(lambda: not tool.results.running, timeout=20_000)
    return tool.results


def test_one_press_runs_the_same_set_up_from_its_own_seed_and_fifteen_more(luck: Luck, qtbot: QtBot) -> None:
    results = checked(luck, qtbot, "walk")
    assert [cell.seed for cell in results.grid.cells()] == list(range(1, 17))
    assert len({one.final["loss"] for one in results.outcomes.values()}) == 16
    assert luck.window.frame is not None
    assert results.outcomes[0,].final["loss"] == luck.window.frame.metrics["loss"][-1]
    assert results.said.text().endswith("16 runs: 16 all steps done.")


def test_the_band_holds_every_run_and_the_median_half_of_them(luck: Luck, qtbot: QtBot) -> None:
    results = checked(luck, qtbot, "walk")
    finals = sorted(one.final["loss"] for one in results.outcomes.values())
    assert results.band is not None
    levels = results.band.levels
    assert results.band.times.tolist() == list(range(13))
    assert (levels[0, -1], levels[4, -1]) == (finals[0], finals[-1])
    assert levels[2, -1] == pytest.approx((finals[7] + finals[8]) / 2)
    band = results.cards[0].grab().toImage()
    results.band.levels = np.full_like(levels, np.nan)
    results.band.update()
    assert results.cards[0].grab().toImage() != band


def test_a_click_on_the_end_of_a_run_opens_its_seed(luck: Luck, qtbot: QtBot) -> None:
    results = checked(luck, qtbot, "walk")
    at, one = max(results.outcomes.items(), key=lambda item: item[1].final["loss"])
    plot = results.cards[0].plot
    assert plot is not None
    height = np.log10(one.final["loss"]) if plot.log_y else one.final["loss"]
    place = plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(12, float(height))))
    qtbot.mouseClick(plot.viewport(), LEFT, pos=place)
    seed = at[0] + 1
    qtbot.waitUntil(
        lambda: luck.window.frame is not None and (luck.window.frame.seed, luck.window.frame.t) == (seed, 12)
    )


def test_outcomes_that_differ_are_counted(luck: Luck, qtbot: QtBot) -> None:
    results = checked(luck, qtbot, "walk")
    titles = [card.panel.title for card in results.cards]
    assert "How they ended" not in titles  # all did the same, as the sentence says
    results.outcomes[3,] = type(results.outcomes[3,])((3,), 4, 2, "diverged", "It diverged.")
    results.draw()
    assert "How they ended" in [card.panel.title for card in results.cards]


def test_boundaries_and_paths_of_all_seeds_lie_in_one_plane(luck: Luck, qtbot: QtBot) -> None:
    results = checked(luck, qtbot, "k-means", steps=5)
    assert results.cards[-1].panel.title == "Data: all seeds"
    places = results.cards[-1].drawers[-1].points  # type: ignore[attr-defined]
    assert places.shape == (16 * 5, 2)
    assert results.whose["ends of centres"][5] == (1,)


def test_more_seeds_are_run_when_asked_for(luck: Luck, qtbot: QtBot) -> None:
    results = checked(luck, qtbot, "walk")
    results.seeds.setValue(20)
    results.steps.setValue(4)
    qtbot.mouseClick(results.again, LEFT)
    qtbot.waitUntil(lambda: not results.running, timeout=20_000)
    assert results.said.text().endswith("20 runs: 20 all steps done.")
    assert {one.steps for one in results.outcomes.values()} == {4}


def test_it_is_greyed_where_nothing_is_left_to_chance(luck: Luck, qtbot: QtBot) -> None:
    catalogue = luck.window.catalogue
    sure = next(n for n in catalogue.entries if not catalogue.load(n).random and not catalogue.load(n).explores())
    opened(luck.window, qtbot, sure)
    assert luck.why_not() == "Nothing in it is left to chance: every seed gives the same run."


def test_a_boundary_is_where_classes_meet_whatever_they_are_called() -> None:
    classes = np.zeros((9, 20), dtype=int)
    classes[:, 10:] = 1
    found = edges(classes)
    assert np.array_equal(found, edges(5 - classes))
    assert found[:, 8:13].all()
    assert found.sum() == 9 * 5
