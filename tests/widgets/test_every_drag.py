"""Everything that can be dragged, dragged with the mouse in a real window: the run hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from lab.catalogue import Catalogue
from lab.frame import Frame
from tests.bits import bits
from widgets.marks.dragging import Grip
from widgets.panel import Card
from widgets.window import Window

CATALOGUE = Catalogue()
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    made = Window(CATALOGUE, QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), "dark")
    made.resize(1600, 1000)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()


def grips(card: Card) -> list[Grip]:
    """What can be dragged in a panel."""
    found = [getattr(painter, "grip", None) for painter in card.drawers]
    return [grip for grip in found if grip is not None and grip.drags and len(grip.places)]


def panel(window: Window, title: str) -> Card:
    return next(card for card in window.stage.cards() if card.panel.title == title)


def in_view(grip: Grip, index: int) -> QPoint | None:
    """Where a place is on its plot's widget, if it can be seen with room to be moved."""
    x, y = grip.places[index]
    box = grip.plot.getViewBox()
    at = grip.plot.mapFromScene(box.mapViewToScene(QPointF(float(x), float(y))))
    seen = grip.plot.mapFromScene(box.sceneBoundingRect()).boundingRect()
    return at if np.isfinite([x, y]).all() and seen.adjusted(2, 2, -2, -2).contains(at) else None


def heard(window: Window, before: Any) -> bool:
    return bool(state(window.frame) != before)


def state(frame: Frame | None) -> Any:
    assert frame is not None
    return str(frame.settings), len(frame.gestures), bits(dict(frame.values))


@pytest.mark.long
@pytest.mark.parametrize("name", CATALOGUE.entries)
def test_what_can_be_dragged_is_heard_of(window: Window, qtbot: QtBot, name: str) -> None:
    kind = CATALOGUE.load(name)
    window.open_experiment(name, {} if not kind.uses_torch else dict(kind.tiny), 1)
    qtbot.waitUntil(lambda: window.frame is not None and window.frame.name == name, timeout=20_000)
    qtbot.wait(50)
    dragged = 0
    for title in [card.panel.title for card in window.stage.visible_cards()]:
        for which in range(len(grips(panel(window, title)))):
            card = panel(window, title)  # anew, for a drag may have changed the panels
            grip = grips(card)[which]
            index = next((i for i in range(len(grip.places)) if in_view(grip, i) is not None), None)
            if index is None:
                continue
            at = in_view(grip, index)
            assert at is not None
            before, surface = state(window.frame), grip.plot.viewport()
            middle = QPointF(surface.width() / 2, surface.height() / 2) - QPointF(at)
            by = QPoint(14 if middle.x() >= 0 else -14, 11 if middle.y() >= 0 else -11)
            QTest.mousePress(surface, LEFT, pos=at)
            for share in (0.4, 0.7, 1.0):
                QTest.mouseMove(surface, at + QPoint(round(by.x() * share), round(by.y() * share)))
                qtbot.wait(15)
            QTest.mouseRelease(surface, LEFT, pos=at + by)
            what = f"{name}: {card.panel.title}, {type(grip.parent()).__name__}, place {index}"
            try:
                qtbot.waitUntil(partial(heard, window, before), timeout=3000)
            except Exception:
                pytest.fail(f"{what}: nothing was heard of a drag; {window.banner.text.text()}")
            dragged += 1
            qtbot.wait(30)
    print(f"{name}: {dragged} dragged")  # -rP tells how many there were
