"""Showing: one piece a turn, the engine told once at the end, and nothing held up by a piece that fails."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from widgets.showing import Showing


class Waiting:
    """An engine that counts how often it may go on."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self) -> None:
        self.taken += 1


def pieces(done: list[int], many: int, wrong: int = -1) -> Iterator[None]:
    for piece in range(many):
        if piece == wrong:
            raise RuntimeError("this panel fails")
        done.append(piece)
        yield


def test_the_event_loop_turns_between_two_pieces_and_the_engine_goes_on_after_the_last(qtbot: QtBot) -> None:
    parent, engine = QObject(), Waiting()
    showing = Showing(parent)
    done: list[int] = []
    between: list[int] = []
    timer = QTimer(parent)
    timer.timeout.connect(lambda: between.append(len(done)))
    timer.start(0)
    showing.begin(pieces(done, 5), engine)  # type: ignore[arg-type]
    assert done == []
    qtbot.waitUntil(lambda: bool(done))
    showing.repainted()  # of the first piece: there is more to come
    qtbot.waitUntil(lambda: engine.taken > 0)
    timer.stop()
    assert done == [0, 1, 2, 3, 4]
    assert {1, 2, 3, 4} <= set(between)
    qtbot.wait(60)
    assert engine.taken == 1


def test_a_piece_that_fails_is_told_of_and_holds_nothing_up(qtbot: QtBot) -> None:
    parent, engine = QObject(), Waiting()
    showing = Showing(parent)
    done: list[int] = []
    with qtbot.captureExceptions() as told:
        showing.begin(pieces(done, 5, wrong=2), engine)  # type: ignore[arg-type]
        qtbot.waitUntil(lambda: engine.taken == 1)
    assert [str(value) for _, value, _ in told] == ["this panel fails"]
    assert done == [0, 1]


def test_a_newer_moment_takes_the_place_of_an_older_one(qtbot: QtBot) -> None:
    parent, engine = QObject(), Waiting()
    showing = Showing(parent)
    older: list[int] = []
    newer: list[int] = []

    def overtaken() -> Iterator[None]:
        for piece in pieces(older, 5):
            if len(older) == 2:
                showing.begin(pieces(newer, 2), engine)  # type: ignore[arg-type]
            yield piece

    showing.begin(overtaken(), engine)  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: engine.taken == 1)
    assert (older, newer) == ([0, 1], [0, 1])
