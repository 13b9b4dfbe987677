"""The sweep in a real window: choose, run, watch, cancel, and open a run by a click."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from lab.axes import axis
from lab.catalogue import Catalogue
from lab.sweep import Grid
from tests.lab import toys
from tests.lab.test_sweep import Hanging
from tests.widgets import test_window
from tests.widgets.test_window import opened
from widgets.tools.sweep import Sweeping, SweepResults, offered, standing
from widgets.window import Window

ROOT = Path(__file__).resolve().parent.parent.parent.parent
LEFT = Qt.MouseButton.LeftButton
window = test_window.window  # a fixture


@pytest.fixture
def tool(window: Window) -> Sweeping:
    return next(tool for tool in window.tools if isinstance(tool, Sweeping))


def swept(tool: Sweeping, qtbot: QtBot, kind: Any, *axes: str, steps: int = 12, **settings: Any) -> SweepResults:
    tool.begin(Grid(kind, tuple(axis(kind, text) for text in axes), steps, settings), "loss", "")
    qtbot.waitUntil(lambda: not tool.results.running, timeout=20_000)
    return tool.results


def centre_of(results: SweepResults, row: int, column: int) -> QPoint:
    place = results.cells.place
    return QPoint(round(place.left + (column + 0.5) * place.width), round(place.top + (row + 0.5) * place.height))


def test_the_dialog_suggests_values_says_what_is_wrong_and_runs(window: Window, qtbot: QtBot, tool: Sweeping) -> None:
    opened(window, qtbot, "walk", tiny=False)
    window.use(tool)
    dialog = tool.dialog
    assert (dialog.combos[0].currentText(), dialog.values[0].text()) == ("Rate", "0:10:7")
    assert dialog.said.text().startswith("7 runs of 100 steps")
    dialog.values[0].selectAll()
    qtbot.keyClicks(dialog.values[0], "0:11:3")
    assert dialog.said.text() == "rate must be a number from 0 to 10, not 11.0"
    assert not dialog.run.isEnabled()
    dialog.values[0].selectAll()
    qtbot.keyClicks(dialog.values[0], "0.1,0.2")
    dialog.combos[1].setCurrentIndex(dialog.combos[1].findData("seed"))
    assert dialog.values[1].text() == "0:9"
    dialog.values[1].selectAll()
    qtbot.keyClicks(dialog.values[1], "3,4")
    dialog.steps.setValue(15)
    assert dialog.said.text().startswith("4 runs of 15 steps")
    qtbot.mouseClick(dialog.run, LEFT)
    qtbot.waitUntil(lambda: not tool.results.running, timeout=20_000)
    assert window.drawer.currentWidget() is tool.results
    assert window.drawer.tabText(0) == "Sweep: rate × seed"
    assert tool.results.said.text() == "4 runs: 4 all steps done."
    assert tool.results.button.isHidden()


def test_a_click_on_a_cell_of_the_heat_map_opens_that_run(window: Window, qtbot: QtBot, tool: Sweeping) -> None:
    opened(window, qtbot, "walk", tiny=False)
    results = swept(tool, qtbot, toys.Walk, "rate=0.1,0.2", "seed=3:5", noise=0.7)
    canvas = results.cells.canvas
    qtbot.waitUntil(lambda: results.cells.place.width > 10)
    told = results.cells.over(centre_of(results, 1, 2).toPointF())
    assert told.splitlines()[0] == "rate = 0.2, seed = 5"
    qtbot.mouseClick(canvas, LEFT, pos=centre_of(results, 1, 2))
    qtbot.waitUntil(lambda: window.frame is not None and (window.frame.seed, window.frame.t) == (5, 12))
    assert window.frame is not None
    assert (window.frame.settings["rate"], window.frame.settings["noise"]) == (0.2, 0.7)
    assert window.frame.metrics["loss"][-1] == results.outcomes[1, 2].final["loss"] == results.cells.cells[1, 2]


def test_the_keyboard_opens_the_best_run_or_another(window: Window, qtbot: QtBot, tool: Sweeping) -> None:
    opened(window, qtbot, "walk", tiny=False)
    results = swept(tool, qtbot, toys.Walk, "rate=0.01,0.1,1", noise=0.0)
    finals = {at: one.final["loss"] for at, one in results.outcomes.items()}
    assert results.runs.currentData() == min(finals, key=lambda at: finals[at]) == (1,)
    results.runs.setFocus()
    qtbot.keyClick(results.runs, Qt.Key.Key_Up)
    qtbot.keyClick(results.runs, Qt.Key.Key_O, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 12)
    assert window.frame is not None
    assert window.frame.settings["rate"] == 0.01


def test_one_axis_of_numbers_is_shown_as_a_curve_whose_dots_open_runs(
    window: Window, qtbot: QtBot, tool: Sweeping
) -> None:
    opened(window, qtbot, "walk", tiny=False)
    results = swept(tool, qtbot, toys.Walk, "rate=0.1,0.2,0.5", noise=0.0)
    assert results.heat.isHidden()
    curves, outcome = results.cards
    assert {label.label for label in curves.drawers[0].legend()} == {"rate = 0.1", "rate = 0.2", "rate = 0.5"}
    plot = outcome.plot
    assert plot is not None
    qtbot.wait(20)
    place = QPointF(0.2, results.outcomes[1,].final["loss"])
    at = plot.mapFromScene(plot.getViewBox().mapViewToScene(place))
    qtbot.mouseClick(plot.viewport(), LEFT, pos=at)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 12)
    assert window.frame is not None
    assert window.frame.settings["rate"] == 0.2


def test_cells_that_diverge_or_fail_stay_with_their_sentences(window: Window, qtbot: QtBot, tool: Sweeping) -> None:
    opened(window, qtbot, "fragile", tiny=False)
    results = swept(tool, qtbot, toys.Fragile, "fault=raise,nan,none")
    assert results.said.text().startswith("3 runs: 1 all steps done, 1 diverged, 1 failed.")
    assert np.array_equal(results.cells.cells, [[1.0], [np.inf], [1.0]])
    told = [results.cells.told[row, 0] for row in range(3)]
    assert "At step 4: the fourth step fails" in told[0]
    assert "At step 2 loss is no longer a finite number" in told[1]
    assert [results.runs.itemText(i) for i in range(3)] == [
        "fault = raise · failed",
        "fault = nan · diverged",
        "fault = none",
    ]


def test_cancel_gives_up_what_goes_on_and_keeps_what_is_done(window: Window, qtbot: QtBot, tool: Sweeping) -> None:
    opened(window, qtbot, "walk", tiny=False)
    tool.begin(Grid(Hanging, (axis(Hanging, "seconds=0,60"),), 1), "loss", "")
    results = tool.results
    qtbot.waitUntil(lambda: len(results.outcomes) == 1, timeout=20_000)
    qtbot.waitUntil(lambda: results.said.text().startswith("1 of 2 runs"))
    assert (results.bar.value(), results.bar.maximum()) == (1, 2)
    qtbot.mouseClick(results.button, LEFT)
    qtbot.waitUntil(lambda: not results.running, timeout=10_000)
    assert results.said.text().startswith("Cancelled after 1 of 2.")


def test_closing_its_tab_ends_the_work(window: Window, qtbot: QtBot, tool: Sweeping) -> None:
    opened(window, qtbot, "walk", tiny=False)
    tool.begin(Grid(Hanging, (axis(Hanging, "seconds=60"),), 1), "loss", "")
    thread = tool.results.work.thread_of_it
    window.drawer.take(tool.results)
    thread.join(10)
    assert not thread.is_alive()
    assert window.drawer.isHidden()


def test_another_theme_redresses_the_pictures(window: Window, qtbot: QtBot, tool: Sweeping) -> None:
    opened(window, qtbot, "walk", tiny=False)
    results = swept(tool, qtbot, toys.Walk, "rate=0.1,0.2", steps=3)
    window.set_theme("light")
    qtbot.waitUntil(lambda: all(card.look.theme.name == "light" for card in results.cards))


def test_what_a_swept_value_brings_with_it_is_left_free() -> None:
    kind = Catalogue().load("momentum")
    settings = kind({}, 0).settings()
    axes = (axis(kind, "surface=ravine,Rosenbrock"),)
    brought = set(kind.completed({"surface": "Rosenbrock"})) | {"surface"}
    assert set(settings) - set(standing(kind, settings, axes)) == brought


def test_only_controls_that_are_in_sight_are_offered() -> None:
    kind = next(k for k in map(Catalogue().load, Catalogue().entries) if any(c.when for c in k.controls.values()))
    settings = kind({}, 0).settings()
    names = offered(kind, settings)
    for name in names:
        if name != "seed":
            assert all(settings[other] in values for other, values in kind.controls[name].when.items())
    assert not any(kind.controls[name].view for name in names if name != "seed")


def test_why_it_cannot_be_used(window: Window, qtbot: QtBot, tool: Sweeping) -> None:
    still = next(name for name in window.catalogue.entries if window.catalogue.load(name).explores())
    opened(window, qtbot, still)
    assert tool.why_not() == "It has no steps, so there are no runs to compare."


def test_processes_start_where_the_program_was_started_as_a_script(tmp_path: Path) -> None:
    """`python app.py` is what a spawned process imports again: no second window, and no Qt."""
    program = tmp_path / "started.py"
    program.write_text(
        "import runpy, sys\n"
        "def sweep():\n"
        "    from lab.axes import axis\n"
        "    from lab.catalogue import Catalogue\n"
        "    from lab.sweep import Grid, Sweep\n"
        "    kind = Catalogue().load('k-means')\n"
        "    main = sys.modules['__main__']\n"
        "    main.__file__, main.__spec__ = sys.argv[1], None\n"
        "    work = Sweep(Grid(kind, (axis(kind, 'k=2:3'),), 5), workers=1)\n"
        "    print(sorted(one.ended for one in work.run()))\n"
        "if __name__ == '__main__':\n"
        "    sweep()\n"
    )
    done = subprocess.run(
        [sys.executable, str(program), str(ROOT / "app.py")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "none"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "['all steps done', 'all steps done']\n", done.stderr
