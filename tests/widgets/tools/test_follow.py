"""Following a point in a real window: chosen by hand, its curve and its push, and the run without it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from pytestqt.qtbot import QtBot

from lab.pace import FLAT_OUT
from tests.lab.offering import FOUR, WithPulled
from tests.widgets.tools.test_palette import front
from widgets.follow_drawer import Drawing
from widgets.plot import Plot
from widgets.tools.follow import FollowPoint
from widgets.window import Window

LEFT = Qt.MouseButton.LeftButton
CATALOGUE = WithPulled()


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Window(CATALOGUE, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.resize(1280, 900)
    made.show()
    qtbot.waitExposed(made)
    front(made, qtbot)
    yield made
    made.close()
    qtbot.wait(10)
    made.deleteLater()


def following(window: Window, qtbot: QtBot, steps: int, **settings: Any) -> tuple[FollowPoint, Drawing]:
    """The four points, run so far, the one of the greatest loss followed."""
    window.open_experiment("pulled", {"points": FOUR, **settings}, 3)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "pulled", timeout=20_000)
    window.engine.set_speed(FLAT_OUT)
    window.engine.seek(steps)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == steps)
    tool = next(tool for tool in window.tools if isinstance(tool, FollowPoint))
    qtbot.keyClick(window, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: tool.sighting is not None and not tool.sighting.waiting)
    assert tool.drawing is not None
    return tool, tool.drawing


def own(tool: FollowPoint) -> dict[int, float]:
    assert tool.sighting is not None
    return dict(zip(tool.sighting.times.astype(int).tolist(), tool.sighting.own.tolist()))


def place(plot: Plot, x: float, y: float) -> QPoint:
    return plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(x, y)))


def data(window: Window) -> Plot:
    plot = next(card.plot for card in window.stage.cards() if card.panel.title == "Data")
    assert plot is not None
    return plot


def test_the_sample_of_the_greatest_loss_is_followed_and_told(window: Window, qtbot: QtBot) -> None:
    tool, drawing = following(window, qtbot, 3)
    assert own(tool) == {0: 26.0, 1: 17.0, 2: 13.25, 3: 11.5625}
    assert drawing.index.value() == 3
    assert drawing.said.text().splitlines() == [
        "At (6, 4), class 1.",
        "Loss 11.6: the largest of 4.",
        "Push 1.2 long: the largest of 4.",
    ]
    line = drawing.cards[0].drawers[2]
    np.testing.assert_allclose(line.places[:, 1], [26.0, 17.0, 13.25, 11.5625])  # type: ignore[attr-defined]
    pillars = drawing.cards[1].drawers[0].pillars  # type: ignore[attr-defined]
    assert pillars.names == ["w₀", "w₁"]
    np.testing.assert_allclose(pillars.heights, [[1.0625, 0.5625], [0.0625, 0.0625]])


def test_a_click_on_a_dot_or_its_number_chooses_another(window: Window, qtbot: QtBot) -> None:
    tool, drawing = following(window, qtbot, 1)
    plot = data(window)
    qtbot.mouseClick(plot.viewport(), LEFT, pos=place(plot, 0, 4))
    qtbot.waitUntil(lambda: own(tool) == {0: 8.0, 1: 5.0})
    assert drawing.index.value() == 2
    (ring,) = tool.rings.values()
    assert ring.at == QPointF(0, 4)
    drawing.index.setFocus()
    drawing.index.selectAll()
    qtbot.keyClicks(drawing.index, "1")
    qtbot.keyClick(drawing.index, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: own(tool) == {0: 2.0, 1: 1.0})


def test_the_curve_grows_as_the_run_goes_on(window: Window, qtbot: QtBot) -> None:
    tool, _ = following(window, qtbot, 1)
    window.engine.step()
    qtbot.waitUntil(lambda: own(tool) == {0: 26.0, 1: 17.0, 2: 13.25})


def test_a_click_in_the_curve_goes_to_that_step(window: Window, qtbot: QtBot) -> None:
    tool, drawing = following(window, qtbot, 10)
    plot = drawing.cards[0].plot
    assert plot is not None
    qtbot.mouseClick(plot.viewport(), LEFT, pos=place(plot, 4, 15))
    qtbot.waitUntil(lambda: tool.sighting is not None and tool.sighting.t == 4)


def test_it_is_removed_and_said_to_be_gone_until_undone(window: Window, qtbot: QtBot) -> None:
    tool, drawing = following(window, qtbot, 2)
    qtbot.mouseClick(drawing.remove, LEFT)
    qtbot.waitUntil(lambda: "it is not there" in drawing.said.text())
    assert window.frame is not None
    assert window.frame.settings["points"].x.tolist() == [[0, 0], [2, 0], [0, 4]]
    assert [ring.at for ring in tool.rings.values()] == [None]
    assert not drawing.remove.isEnabled()
    window.press("undo")
    qtbot.waitUntil(lambda: drawing.said.text().startswith("At (6, 4)"))


def test_the_run_is_replayed_without_it_from_a_step_and_the_old_one_stays_as_a_ghost(
    window: Window, qtbot: QtBot
) -> None:
    tool, drawing = following(window, qtbot, 5)
    plot = data(window)
    qtbot.mouseClick(plot.viewport(), LEFT, pos=place(plot, 0, 0))
    qtbot.waitUntil(lambda: drawing.index.value() == 0)
    drawing.step.setValue(1)
    qtbot.mouseClick(drawing.again, LEFT, pos=QPoint(8, drawing.again.height() // 2))
    qtbot.mouseClick(drawing.remove, LEFT)
    at_its_end = lambda: window.frame is not None and (window.frame.t, len(window.frame.settings["points"])) == (5, 3)  # noqa: E731
    qtbot.waitUntil(at_its_end)
    assert window.frame is not None
    assert window.frame.ghost is not None
    assert window.frame.ghost.branched == 1
    assert window.frame.gestures == ((1, "points erase (0)"),)
    qtbot.waitUntil(lambda: tool.sighting is not None and tool.sighting.t == 5 and not tool.sighting.waiting)
    assert tool.sighting is not None
    assert tool.sighting.former[:2].tolist() == [[0, 0.0], [1, 1.0]]


def test_its_label_is_flipped_to_the_next_class(window: Window, qtbot: QtBot) -> None:
    _, drawing = following(window, qtbot, 1)
    assert drawing.flip.isVisible()
    qtbot.mouseClick(drawing.flip, LEFT)
    qtbot.waitUntil(lambda: drawing.said.text().startswith("At (6, 4), class 0."))


def test_points_without_classes_have_no_label_to_flip(window: Window, qtbot: QtBot) -> None:
    _, drawing = following(window, qtbot, 1, points={**FOUR, "y": [0, 0, 0, 0]})
    assert drawing.remove.isVisible()
    assert not drawing.flip.isVisible()


def test_it_is_moved_at_a_step_and_the_run_plays_on(window: Window, qtbot: QtBot) -> None:
    tool, drawing = following(window, qtbot, 5)
    drawing.step.setValue(2)
    drawing.again.setChecked(True)
    qtbot.mouseClick(drawing.drag, LEFT)
    qtbot.waitUntil(lambda: window.banner.text.text().startswith("Now drag") and window.frame.t == 2)  # type: ignore[union-attr]
    plot = data(window)
    here, there = place(plot, 6, 4), place(plot, 3, 1)
    qtbot.mousePress(plot.viewport(), LEFT, pos=here)
    for share in (0.5, 1.0):
        qtbot.mouseMove(plot.viewport(), here + (there - here) * share)
        qtbot.wait(10)
    (ring,) = tool.rings.values()
    assert ring.at is not None
    assert abs(ring.at.x() - 3) < 0.1
    qtbot.mouseRelease(plot.viewport(), LEFT, pos=there)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == window.frame.end == 5)
    assert window.frame is not None
    assert abs(window.frame.settings["points"].x[3] - (3, 1)).max() < 0.1


def test_a_long_replay_tells_how_far_it_is_and_can_be_cancelled(
    window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widgets.tools.follow.PIECE", 0.0)
    window.open_experiment("pulled", {"points": FOUR}, 3)
    window.engine.seek(4000)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 4000, timeout=20_000)
    tool = next(tool for tool in window.tools if isinstance(tool, FollowPoint))
    window.use(tool)
    qtbot.waitUntil(lambda: tool.drawing is not None and tool.drawing.stop.isVisible())
    assert tool.drawing is not None
    qtbot.mouseClick(tool.drawing.stop, LEFT)
    qtbot.waitUntil(lambda: tool.sighting is not None and not tool.sighting.waiting)
    assert tool.sighting is not None
    assert len(tool.sighting.times) < 100
    assert not tool.drawing.stop.isVisible()


def test_what_is_held_out_is_said_to_be_so(window: Window, qtbot: QtBot) -> None:
    _, drawing = following(window, qtbot, 1, hold=True)
    drawing.index.setValue(3)
    qtbot.waitUntil(lambda: "held out" in drawing.said.text())


def test_closing_the_drawer_takes_the_rings_along(window: Window, qtbot: QtBot) -> None:
    tool, _ = following(window, qtbot, 1)
    ring = next(iter(tool.rings.values()))
    assert ring.scene() is not None
    qtbot.keyClick(window, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: tool.drawing is None)
    assert ring.scene() is None
    window.engine.step()
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.t == 2)
    assert tool.sighting is None


def test_it_is_greyed_where_samples_tell_nothing(window: Window, qtbot: QtBot) -> None:
    window.open_experiment("newton", None, 3)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == "newton", timeout=20_000)
    tool = next(tool for tool in window.tools if isinstance(tool, FollowPoint))
    assert tool.why_not() == "This experiment does not tell what a single sample costs, so none can be followed."
