"""A note: wrapped words that can be selected, as tall as they need."""

from __future__ import annotations

from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from lab.marks import Note, Panel
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.panel import Card
from widgets.theme import DARK, LIGHT

pytestmark = pytest.mark.filterwarnings("error")

SHORT = "It settles."
LONG = "The centres have moved less than before, and the points of two clusters have changed their owner. " * 2


def shown(qtbot: QtBot, text: str) -> Any:
    card = Card(Panel("What happens", Note("said")), Recorder(), Look(DARK))
    qtbot.addWidget(card)
    card.resize(300, 240)
    with qtbot.waitExposed(card):
        card.show()
    card.show_frame(frame({"said": text}))
    painter: Any = card.drawers[0]
    painter.card = card
    return painter


def test_it_says_the_text_as_it_is(qtbot: QtBot) -> None:
    painter = shown(qtbot, "a < b & <i>c</i>")
    assert painter.words.text() == "a < b & <i>c</i>"
    assert painter.words.textFormat().name == "PlainText"


def test_a_minus_sign_before_a_number_is_no_hyphen(qtbot: QtBot) -> None:
    painter = shown(qtbot, "R² -0.198, (-1, -.5), -∞; 1-3, one-hot, x-1, 2e-05, a) -b")
    assert painter.words.text() == "R² −0.198, (−1, −.5), −∞; 1-3, one-hot, x-1, 2e-05, a) -b"


def test_it_takes_its_natural_height_at_the_top(qtbot: QtBot) -> None:
    short, long = shown(qtbot, SHORT), shown(qtbot, LONG)
    qtbot.waitUntil(lambda: long.words.height() >= 3 * short.words.height())
    assert short.words.height() < 30
    assert short.words.y() < 60


def test_it_does_not_shrink_as_words_change_until_its_width_does(qtbot: QtBot) -> None:
    painter = shown(qtbot, LONG)
    qtbot.waitUntil(lambda: painter.words.height() > 60)
    tall = painter.words.height()
    painter.card.show_frame(frame({"said": SHORT}))
    qtbot.wait(20)
    assert painter.words.height() == tall
    painter.card.resize(320, 240)
    qtbot.waitUntil(lambda: painter.words.height() < 30)


def test_a_selection_survives_frames_that_say_the_same(qtbot: QtBot) -> None:
    painter = shown(qtbot, LONG)
    painter.words.setSelection(0, 11)
    painter.card.show_frame(frame({"said": "".join(LONG)}, t=1))
    assert painter.words.selectedText() == "The centres"


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_it_is_written_in_the_text_colour(qtbot: QtBot, theme: Any) -> None:
    painter = shown(qtbot, SHORT)
    painter.card.restyle(Look(theme))
    picture = painter.words.grab().toImage()
    colours = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}
    assert theme.text in colours


def test_without_a_value_it_is_empty(qtbot: QtBot) -> None:
    painter = shown(qtbot, SHORT)
    painter.card.show_frame(frame())
    assert painter.words.text() == ""
