"""An equation: numbers in the place of symbols, drawn without haste, and whatever LaTeX comes."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from lab.marks import Equation, Panel, Update
from lab.maths.optimisers import RULES
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.marks import equation
from widgets.marks.equation import in_numbers, lines, svg
from widgets.panel import Card
from widgets.theme import DARK, LIGHT

pytestmark = pytest.mark.filterwarnings("error")

STEP = r"\theta_t = \theta_{t-1} - \eta\, g_t"
MATRIX = r"\begin{pmatrix} \text{1} & \text{2} \\ \text{3} & \text{−4} \end{pmatrix}"


def shown(qtbot: QtBot, update: Update | None, size: tuple[int, int] = (460, 300), theme: Any = DARK) -> Any:
    card = Card(Panel("Update", Equation("update")), Recorder(), Look(theme))
    card.setStyleSheet(f"background: {theme.card}")
    qtbot.addWidget(card)
    card.resize(*size)
    with qtbot.waitExposed(card):
        card.show()
    card.show_frame(frame({} if update is None else {"update": update}))
    painter: Any = card.drawers[0]
    painter.card = card
    return painter


def contrast(painter: Any, top: float = 0.0, bottom: float = 1e4) -> int:
    """How far the strongest pixel between two heights stands out from the card."""
    picture = painter.sheet.grab().toImage()
    card = QColor(painter.look.theme.card).lightness()
    rows = range(round(top), min(round(bottom), picture.height()))
    found = (QColor(picture.pixel(x, y)).lightness() for x in range(picture.width()) for y in rows)
    return max(abs(lightness - card) for lightness in found)


def newest(painter: Any) -> list[str]:
    return [line.numbers.latex if line.numbers else line.symbols.latex for line in painter.sheet.lines]


# ---------------------------------------------------------------- numbers for symbols


@pytest.mark.parametrize(
    ("latex", "numbers", "written"),
    [
        # the longest symbol wins, and only whole ones count
        (r"m_t = m_{t-1}", {"m_t": 2.5, "m_{t-1}": 0.3881}, r"\text{2.5} = \text{0.388}"),
        (r"m_t + m", {"m": 7}, r"m_t + \text{7}"),
        (r"\hat m_t - m_t", {"m_t": 3, r"\hat m_t": 4}, r"\text{4} - \text{3}"),
        (r"\hat m_t - m_t", {"m_t": 3}, r"\hat m_t - \text{3}"),
        (r"\beta_1^t + t", {"t": 5, r"\beta_1^t": 0.59049}, r"\text{0.59} + \text{5}"),
        (r"\eta \, \beta", {r"\beta": 2, r"\eta_0": 3}, r"\eta \, \text{2}"),
        (r"\sum_{i=1}^{n} x_i", {"n": 200, "i": 3, "x": 1}, r"\sum_{i=1}^{\text{200}} x_i"),
        (r"\theta^* - \theta", {r"\theta": 1}, r"\theta^* - \text{1}"),
        (r"\text{at } a = \mathrm{a} a", {"a": 2}, r"\text{at } \text{2} = \mathrm{a} \text{2}"),
        # a product of numbers needs its sign, and a negative number its parentheses
        (r"\eta\, g", {r"\eta": 0.08, "g": 1.2345}, r"\text{0.08}\cdot \text{1.234}"),
        (r"2 g", {"g": 0.5}, r"2\cdot \text{0.5}"),
        (r"a - g", {"g": -0.5}, r"a - \text{(−0.5)}"),
        (r"a = g", {"g": -0.5}, r"a = \text{−0.5}"),
        (r"g^2 = h^2", {"g": -0.5, "h": 0.5}, r"\text{(−0.5)}^2 = \text{0.5}^2"),
        (r"\frac{g}{2}", {"g": -0.5}, r"\frac{\text{−0.5}}{2}"),
        # three or four figures, and powers of ten
        (r"g", {"g": 123.456}, r"\text{123.5}"),
        (r"g", {"g": 1e-8}, r"\text{10⁻⁸}"),
        (r"g^2", {"g": 3.2e-9}, r"\text{(3.2·10⁻⁹)}^2"),
        (r"J", {"J": float("inf")}, r"\text{∞}"),
        (r"J", {"J": float("nan")}, r"\text{NaN}"),
        # vectors and matrices
        (r"v^2", {"v": np.array([-1.364, -0.419])}, r"\text{(−1.364, −0.419)}^2"),
        (r"\sigma(v)", {"v": [1, 2]}, r"\sigma(\text{1, 2})"),
        (r"v", {"v": range(9)}, r"\text{(0, 1, …, 8)}"),
        (r"W x", {"W": [[1, 2], [3, -4]], "x": (5, 6)}, rf"{{{MATRIX}}}\,\text{{(5, 6)}}"),
        (r"W x", {"W": np.eye(4), "x": 2}, r"W \text{2}"),  # too large to be written out
        (r"a", {"a": "many"}, "a"),
    ],
)
def test_symbols_become_numbers(latex: str, numbers: dict[str, Any], written: str) -> None:
    assert in_numbers(latex, numbers) == written


def test_lines_part_at_double_backslashes_outside_matrices() -> None:
    matrix = r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"
    assert lines(rf"a = {matrix} \\ b = \frac{{1}}{{2}} \\") == [rf"a = {matrix}", r"b = \frac{1}{2}"]


def test_adam_in_the_numbers_of_its_first_step() -> None:
    rule = RULES["Adam"]
    settings: Any = SimpleNamespace(rate=0.1, momentum=0.9, beta1=0.9, beta2=0.99, epsilon=1e-8, weight_decay=0.01)
    theta, g = np.array([1.0, 2.0]), np.array([0.5, -4.0])
    numbers = rule.symbols(rule.begin(theta), g, theta, settings)
    written = [in_numbers(line, numbers) for line in lines(rule.latex)]
    # by hand: m = 0.1 g, s = 0.01 g², both debiased to g and g², so each coordinate moves by 0.1
    assert written == [
        r"\text{(0.05, −0.4)} = \text{0.9}\,\text{(0, 0)} + (1 - \text{0.9})\,\text{(0.5, −4)}",
        r"\text{(0.0025, 0.16)} = \text{0.99}\,\text{(0, 0)} + (1 - \text{0.99})\,\text{(0.5, −4)}^2",
        r"\text{(0.5, −4)} = \frac{\text{(0.05, −0.4)}}{1 - \text{0.9}} "
        r"\qquad \text{(0.25, 16)} = \frac{\text{(0.0025, 0.16)}}{1 - \text{0.99}}",
        r"\text{(0.9, 2.1)} = \text{(1, 2)} - \text{0.1}\, "
        r"\frac{\text{(0.5, −4)}}{\sqrt{\text{(0.25, 16)}} + \text{10⁻⁸}}",
    ]


# ---------------------------------------------------------------- on screen


@pytest.mark.parametrize("name", list(RULES))
def test_every_rule_can_be_drawn(name: str) -> None:
    settings: Any = SimpleNamespace(rate=0.1, momentum=0.9, beta1=0.9, beta2=0.99, epsilon=1e-8, weight_decay=0.01)
    rule, theta = RULES[name], np.array([1.0, -2.0])
    numbers = rule.symbols(rule.begin(theta), theta, theta, settings)
    for line in lines(rule.latex):
        assert svg(line, "#ffffff").startswith("<svg")
        assert svg(in_numbers(line, numbers), "#ffffff").startswith("<svg")


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_symbols_are_vivid_and_numbers_quiet(qtbot: QtBot, theme: Any) -> None:
    painter = shown(qtbot, Update(STEP, {r"\eta": 0.1, "g_t": (3.0, -4.0)}), theme=theme)
    between = painter.sheet.lines[0].symbols.size.height() * painter.sheet._fitted()[0] + 2
    card, text, quiet = (QColor(colour).lightness() for colour in (theme.card, theme.text, theme.quiet))
    assert contrast(painter, 0, between) > 0.85 * abs(text - card)
    assert 0.7 * abs(quiet - card) < contrast(painter, between) <= abs(quiet - card) + 1


def test_a_long_line_is_scaled_to_the_width(qtbot: QtBot) -> None:
    update = Update(r"x + y + x + y = 0", {"x": (0.123, 0.456), "y": (-4.567, 7.891)})
    wide, narrow = shown(qtbot, update, (900, 300)), shown(qtbot, update, (300, 300))
    assert narrow.sheet._fitted()[1] < 0.8 * narrow.sheet._fitted()[0]
    for painter in (wide, narrow):
        large, small = painter.sheet._fitted()
        line = painter.sheet.lines[0]
        assert line.symbols.size.width() * large <= painter.sheet.width() + 1
        assert 0 < line.numbers.size.width() * small <= painter.sheet.width() + 1


def test_numbers_that_nobody_could_read_are_left_out(qtbot: QtBot) -> None:
    latex = r" \\ ".join(rf"a_{i} = \frac{{b}}{{c}}" for i in range(6))
    painter = shown(qtbot, Update(latex, {"b": 1.5, "c": 2.5}), (300, 120))
    assert painter.sheet._fitted()[1] == 0
    assert contrast(painter) > 40  # the symbols are there
    painter.card.resize(460, 900)
    qtbot.waitUntil(lambda: painter.sheet._fitted()[1] > 0)


def test_it_takes_the_height_of_its_lines(qtbot: QtBot) -> None:
    one = shown(qtbot, Update("a = b", {}))
    four = shown(qtbot, Update(r"a = b \\ c = d \\ e = f \\ g = h", {}))
    qtbot.waitUntil(lambda: 3 * one.sheet.height() < four.sheet.height() < four.card.height())


def test_a_stream_of_frames_is_drawn_a_few_times_a_second_and_the_last_in_the_end(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    painter = shown(qtbot, Update(STEP, {r"\eta": 0}))
    drawn: list[Any] = []
    lay = painter.sheet.lay

    def counted(made: Any, scale: float) -> None:
        drawn.append(made)
        lay(made, scale)

    monkeypatch.setattr(painter.sheet, "lay", counted)
    for k in range(1, 9):
        painter.card.show_frame(frame({"update": Update(STEP, {r"\eta": k})}, t=k))
        qtbot.wait(10)
    assert not drawn  # soon after the first
    qtbot.waitUntil(lambda: len(drawn) == 1)
    assert newest(painter) == [r"\theta_t = \theta_{t-1} - \text{8}\, g_t"]


def test_a_step_by_hand_is_told_in_numbers_at_once_and_whole(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after a silence does not wait until the numbers that streamed have been read."""
    painter = shown(qtbot, Update(STEP, {r"\eta": 0}))
    two = rf"{STEP} \\ {STEP}"
    for k in range(1, 4):
        painter.card.show_frame(frame({"update": Update(two, {r"\eta": k})}, t=k))
    monkeypatch.setattr(equation, "STREAM", -1.0)
    painter.card.show_frame(frame({"update": Update(two, {r"\eta": 9})}, t=4))
    assert newest(painter) == [r"\theta_t = \theta_{t-1} - \text{9}\, g_t"] * 2


def test_the_same_update_is_not_drawn_twice(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    update = Update(STEP, {r"\eta": 0.1})
    painter = shown(qtbot, update)
    monkeypatch.setattr(equation, "PAUSE", 0)
    painter._pause.stop()
    before = painter.sheet.lines
    painter.card.show_frame(frame({"update": update}, t=1))
    assert painter.sheet.lines is before


def test_another_theme_is_drawn_at_once(qtbot: QtBot) -> None:
    update = Update(STEP, {r"\eta": 0.1})
    painter = shown(qtbot, update)
    painter.card.restyle(Look(LIGHT))
    painter.card.show_frame(frame({"update": update}))
    painter.card.setStyleSheet(f"background: {LIGHT.card}")
    assert contrast(painter) > 0.85 * (QColor(LIGHT.card).lightness() - QColor(LIGHT.text).lightness())


@pytest.mark.parametrize("latex", [r"\frac{a", "x_", r"\begin{pmatrix} 1", "}", "\\"])
def test_latex_that_is_refused_is_shown_as_text(qtbot: QtBot, latex: str) -> None:
    painter = shown(qtbot, Update(latex, {"a": 3.0}))
    assert contrast(painter) > 80


def test_without_a_value_nothing_is_drawn(qtbot: QtBot) -> None:
    painter = shown(qtbot, None)
    assert contrast(painter) == 0
    painter = shown(qtbot, Update(STEP, {}))
    painter.card.show_frame(frame())
    qtbot.waitUntil(lambda: contrast(painter) == 0, timeout=1000)


@pytest.mark.parametrize("latex", [r"\overline{x}", r"\frac{a}{b}", r"\sqrt{x}", r"\widehat{ab}"])
def test_every_stroke_of_a_formula_has_the_colour_of_text(latex: str) -> None:
    drawn = svg(latex, "#ddeeff")
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', drawn)) <= {"#ddeeff", "none"}
    assert "#ddeeff" in drawn
