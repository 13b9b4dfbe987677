"""Equation: an Update in symbols, and below each line, in a quieter colour, the same line in numbers."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from time import monotonic, perf_counter
from typing import Any, NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
from PySide6.QtCore import QByteArray, QPointF, QRectF, QSize, QSizeF, QTimer
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPicture, QResizeEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.frame import Frame
from widgets.look import Look
from widgets.marks import Hands, WidgetPainter
from widgets.marks.matrix import figures

PAUSE = 600  # milliseconds between two drawings while frames stream in: nobody reads numbers faster
BREATH = 20  # milliseconds between two lines while frames stream in
IDLE = 9  # and at least so many times as long as the last took
STREAM = 100  # milliseconds: frames that come faster stream
DRAWN = 20.0  # the type that formulas are drawn in, before they are scaled
SMALL = 0.8  # the type of the numbers, to that of the symbols
LEAST = 7.0  # pixels of type that can still be read
ABOVE, BELOW = 8.0, 11.0  # the gaps above and below a line of numbers, at the type of DRAWN

# ---------------------------------------------------------------- numbers for symbols

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
THIN = {r"\,", r"\;", r"\:", r"\!", r"\ "}  # spaces within a product
OPENING = {"", "=", "(", "[", "{", "|", ",", "&", r"\\", r"\{", r"\quad", r"\qquad", r"\approx", r"\leftarrow", r"\to"}
ACCENTS = {r"\hat", r"\bar", r"\tilde", r"\vec", r"\dot", r"\ddot", r"\widehat", r"\widetilde", r"\overline"}
NAMES = {r"\text", r"\mathrm", r"\mathbb", r"\mathcal", r"\mathbf", r"\boldsymbol", r"\operatorname"}
WORDS = ACCENTS | NAMES | {r"\begin", r"\end", "_"}  # what follows one of these is part of a name
OTHERS = {"*", r"\star", r"\ast", r"\prime", r"\dagger", "("}  # raised, these make another symbol: x^*, x^{(i)}


def in_numbers(latex: str, numbers: Mapping[str, Any]) -> str:
    """The formula with each symbol replaced by its number; the longest symbol wins, and only whole ones count."""
    tokens = TOKEN.findall(latex)
    symbols = {tuple(_solid(symbol)): value for symbol, value in numbers.items() if _solid(symbol)}
    longest = sorted(symbols, key=len, reverse=True)
    written: list[str] = []
    before, raised = "", []  # the last token that counts; for each open brace, whether it is an exponent
    at = 0
    while at < len(tokens):
        token = tokens[at]
        symbol, end = next(((s, end) for s in longest if (end := _matched(tokens, at, s))), ((), 0))
        if number := _number(symbols[symbol]) if end else "":
            follows = (_after(tokens, end) or [""])[0]
            whole = number.replace(".", "").isdecimal() or number[0] in "(\\"  # binds as tightly as a symbol
            if not whole and (follows == "^" or (number[0] == "−" and before not in OPENING)):
                number = f"({number})"
            if number[0] == "(" and (before, follows) == ("(", ")"):
                number = number[1:-1]  # it stands in parentheses already
            bare = number[0] not in "(\\"
            if before.isdigit() or before in (")", "}"):  # a product of symbols needs no sign, one of numbers does
                while written[-1].isspace() or written[-1] in THIN:
                    written.pop()
                written.append(r"\cdot " if bare else r"\,")
            written.append(rf"\text{{{number}}}" if number[0] != "\\" else f"{{{number}}}")
            before = "0" if bare else ")"
            at = end
            continue
        end = _argument(tokens, at + 1) if token in WORDS else at + 1
        written += tokens[at:end]
        at = end
        if token == "{":
            raised.append(before == "^")
        if not token.isspace() and token not in THIN:
            before = "name" if token in WORDS else token
        if token == "}" and raised and raised.pop():
            before = "^}"
    return "".join(written)


def lines(latex: str) -> list[str]:
    r"""The lines of a formula: parted by \\, but not where that parts the rows of a matrix."""
    found, depth = [""], 0
    for token in TOKEN.findall(latex):
        depth += (token in ("{", r"\begin")) - (token in ("}", r"\end"))
        if token == r"\\" and depth <= 0:
            found.append("")
        else:
            found[-1] += token
    return [line.strip() for line in found if line.strip()]


def _solid(latex: str) -> list[str]:
    return [token for token in TOKEN.findall(latex) if not token.isspace()]


def _after(tokens: Sequence[str], at: int) -> list[str]:
    """The next few tokens that are not spaces."""
    return [token for token in tokens[at : at + 6] if not token.isspace()]


def _matched(tokens: Sequence[str], at: int, symbol: Sequence[str]) -> int:
    """Where the symbol ends if it stands here and is whole; otherwise 0."""
    for index, part in enumerate(symbol):
        while index and at < len(tokens) and tokens[at].isspace():
            at += 1
        if at == len(tokens) or tokens[at] != part:
            return 0
        at += 1
    follows = _after(tokens, at) or [""]
    other = follows[0] == "^" and next((t for t in follows[1:] if t != "{"), "") in OTHERS
    return 0 if follows[0] in ("_", "'") or other else at


def _argument(tokens: Sequence[str], at: int) -> int:
    """Where the argument that begins here ends: one token, or all up to the closing brace."""
    while at < len(tokens) and tokens[at].isspace():
        at += 1
    depth = 0
    for end in range(at, len(tokens)):
        depth += (tokens[end] == "{") - (tokens[end] == "}")
        if depth <= 0:
            return end + 1
    return len(tokens)


def _number(value: Any) -> str:
    """A number or vector as plain text, a small matrix in LaTeX; empty for what is too large to be written out."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return ""
    if array.size == 1:
        return _figures(array.item())
    if array.ndim == 1 and array.size:
        parts = [_figures(part) for part in array.tolist()]
        return f"({', '.join(parts if len(parts) <= 4 else [*parts[:2], '…', parts[-1]])})"
    if array.ndim == 2 and array.size and max(array.shape) <= 3:
        rows = r" \\ ".join(" & ".join(rf"\text{{{_figures(part)}}}" for part in row) for row in array.tolist())
        return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"
    return ""


def _figures(value: float) -> str:
    return figures(value, 4 if abs(value) >= 1 else 3)


# ---------------------------------------------------------------- drawing


MATHML = "{http://www.w3.org/1998/Math/MathML}"
NUMBER = re.compile(r"(?:[\d.,…−()·⁻⁰¹²³⁴⁵⁶⁷⁸⁹∞ ]|NaN)+")


@lru_cache(maxsize=1)
def typesetter() -> tuple[Any, Any]:
    """What makes MathML of LaTeX, and drawings of MathML: importing it takes as long as opening the window."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its own, of how it looks for its font
        import ziamath
        from ziamath.tex import tex2mml

    ziamath.config.svg2 = False  # QtSvg does not draw the symbols that SVG 2 refers to
    _remember_widths(ziamath.zmath.loadedfonts["default"])
    return tex2mml, ziamath.Math


def _remember_widths(font: Any) -> None:
    """Half of the time went into how far each pair of letters stands apart, worked out anew in every formula."""
    measured = font.advance

    @lru_cache(maxsize=4096)
    def advance(glyph: int, follows: int | None, script: str) -> Any:
        return measured(glyph, follows)

    font.advance = lambda glyph, follows: advance(glyph, follows, font.gpos.language.script)


@lru_cache(maxsize=256)
def svg(latex: str, colour: str) -> str:
    """The formula as a drawing; empty where its LaTeX is not understood."""
    tex2mml, typeset = typesetter()
    try:
        formula = ElementTree.fromstring(tex2mml(latex))
        if len(formula) == 1 and formula[0].tag == f"{MATHML}mrow":
            formula[:] = list(formula[0])
        _flatten(formula)
        formula.set("mathcolor", colour)
        drawing = str(typeset(formula, size=DRAWN).svg())
        return drawing.replace('"black"', f'"{colour}"')  # lines over symbols do not take the colour
    except Exception:  # the parser and the typesetter raise errors of many kinds
        return ""


def _flatten(part: Element) -> None:
    """Rows of one thing become that thing, and numbers single ones: each level of rows doubles ziamath's work."""
    for index, inner in enumerate(list(part)):
        while inner.tag == f"{MATHML}mrow" and len(inner) == 1:
            inner = inner[0]
        if inner.tag == f"{MATHML}mtext" and NUMBER.fullmatch(inner.text or ""):
            inner.tag = f"{MATHML}mn"
        part[index] = inner
        _flatten(inner)


class Formula:
    """One line, drawn; its LaTeX as plain text where that is not understood."""

    def __init__(self, latex: str, colour: str, font: QFont) -> None:
        self.latex = latex
        self.picture = QPicture()
        p = QPainter(self.picture)
        if drawing := svg(latex, colour):
            renderer = QSvgRenderer(QByteArray(drawing.encode()))
            renderer.render(p, renderer.viewBoxF())
            p.end()
            self.box = QRectF(self.picture.boundingRect())  # ziamath's own is too wide under a hat
        else:
            plain, metrics = re.sub(r"\\text\{(.*?)\}", r"\1", latex), QFontMetricsF(font)
            self.box = QRectF(0, 0, metrics.horizontalAdvance(plain) + 1, metrics.height())
            p.setFont(font)
            p.setPen(colour)
            p.drawText(QPointF(0, metrics.ascent()), plain)
            p.end()

    @property
    def size(self) -> QSizeF:
        return self.box.size()

    def paint(self, p: QPainter, at: QPointF, scale: float) -> None:
        p.save()
        p.translate(at)
        p.scale(scale, scale)
        p.translate(-self.box.topLeft())
        p.drawPicture(0, 0, self.picture)
        p.restore()


class Line(NamedTuple):
    symbols: Formula
    numbers: Formula | None  # none where the line has no symbol with a number


class EquationPainter(WidgetPainter):
    stretch = 0  # it takes the height of its lines

    def __init__(self, mark: Any, hands: Hands, look: Look) -> None:
        super().__init__(mark, hands, look)
        self.widget = self.sheet = Sheet()
        self._update: Any = None
        self._drawn: Any = ""  # not None: that a value is missing is drawn too
        self._waiting: list[tuple[str, str]] = []  # lines still to be set, and the same in numbers
        self._made: list[Line] = []
        self._cost = 0.0
        self._came = -math.inf  # when the last frame came
        self._due = False  # a line is set when the next frame comes: the engine waits then, and does not slow it down
        self._pause = QTimer(self.sheet, singleShot=True)
        self._pause.timeout.connect(self._go_on)

    def show(self, frame: Frame) -> None:
        before, self._came = self._came, monotonic()
        self._update = frame.values.get(self.mark.update)
        if 1000 * (self._came - before) > STREAM:  # a step by hand: its numbers are wanted now
            self._pause.stop()
            if self._waiting:  # half set is not set
                self._waiting, self._drawn = [], ""
            self._due = False
        if self._due:
            self._pause.stop()
            self._next_line()
        elif not self._pause.isActive():
            self._begin()
            if self._waiting and not typesetter.cache_info().currsize:
                self._pause.start(BREATH)  # the first thing to be seen of the window is not held up
                return
            while self._waiting:
                self._set_one()

    def restyle(self, look: Look) -> None:
        super().restyle(look)
        self._pause.stop()
        self._waiting, self._drawn, self._due = [], "", False

    def _go_on(self) -> None:
        """Rested: set a line with the next frame, or now if none comes."""
        self._due = not self._due and 1000 * (monotonic() - self._came) < STREAM
        if self._due:
            self._pause.start(STREAM)
        else:
            self._next_line()

    def _next_line(self) -> None:
        """While frames stream in, one line at a time is set, so that typesetting never holds the window up."""
        self._due = False
        if not self._waiting:
            self._begin()
        if self._waiting:
            self._set_one()

    def _begin(self) -> None:
        """Take the newest there is, if it is new."""
        if self._update is self._drawn:
            return
        self._drawn, self._made, self._cost = self._update, [], 0.0
        given = [] if self._update is None else lines(self._update.latex)
        self._waiting = [(line, in_numbers(line, self._update.numbers)) for line in given]
        if not given:
            self.sheet.lay([], self.look.scale)

    def _set_one(self) -> None:
        """Set the next line; after the last show them all, and then none for a while: a person has to read."""
        began = perf_counter()
        theme, font = self.look.theme, self.look.font(15 / self.look.scale)
        line, numbers = self._waiting.pop(0)
        below = Formula(numbers, theme.quiet, font) if numbers != line else None
        self._made.append(Line(Formula(line, theme.text, font), below))
        self._cost += perf_counter() - began
        if self._waiting:
            self._pause.start(BREATH)
        else:
            self.sheet.lay(self._made, self.look.scale)
            self._pause.start(max(PAUSE, round(1000 * IDLE * self._cost)))


class Sheet(QWidget):
    """The lines, one below the other, scaled to fit."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self.scale = 1.0
        self._shrunk = 1.0  # the numbers are this much smaller than they would be, to fit
        self._height = 0.0  # the tallest that these lines have been
        self.setMinimumSize(60, 30)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)

    def lay(self, lines: list[Line], scale: float) -> None:
        if [line.symbols.latex for line in lines] != [line.symbols.latex for line in self.lines] or scale != self.scale:
            self._shrunk, self._height = 1.0, 0.0
        self.lines, self.scale = lines, scale
        self._settle()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, round(self._height))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._shrunk, self._height = 1.0, 0.0
            self._settle()

    def paintEvent(self, event: QPaintEvent) -> None:
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        large, small = self._fitted()
        y = 0.0
        for symbols, numbers in self.lines:
            symbols.paint(p, QPointF(0, y), large)
            y += symbols.size.height() * large + ABOVE * small
            if numbers is not None and small:
                numbers.paint(p, QPointF(0, y), small)
                y += numbers.size.height() * small
            y += BELOW * large
        p.end()

    def _settle(self) -> None:
        """Take the height of the lines. It only grows, and the numbers seldom change size, lest all jump."""
        large, _ = self._scales()
        widest = max((numbers.size.width() for _, numbers in self.lines if numbers is not None), default=0.0)
        shrunk = min(1.0, self.width() / max(widest * SMALL * large, 1.0))
        if shrunk < self._shrunk or shrunk > 1.2 * self._shrunk:
            self._shrunk = shrunk
        height = self._tall(*self._scales())
        if height > self._height:
            self._height = height
            self.updateGeometry()

    def _scales(self) -> tuple[float, float]:
        """Of the symbols, larger in a wider sheet, and of the numbers: each as large as fits the width."""
        wanted = min(30.0, max(18.0, 0.045 * self.width())) * self.scale / DRAWN
        widest = max((symbols.size.width() for symbols, _ in self.lines), default=1.0)
        large = min(wanted, self.width() / max(widest, 1.0))
        return large, SMALL * large * self._shrunk

    def _fitted(self) -> tuple[float, float]:
        """The scales that fit the height too: without the numbers (0) where nobody could read them."""
        large, small = self._scales()
        for tried in (small, 0.0):
            squeezed = min(1.0, (self.height() + 1) / max(self._tall(large, tried), 1.0))
            if DRAWN * tried * squeezed >= LEAST:
                break
        return large * squeezed, tried * squeezed

    def _tall(self, large: float, small: float) -> float:
        """How tall the lines are at these scales."""
        gaps = ABOVE * small + BELOW * large
        return sum(s.size.height() * large + (n.size.height() * small if n else 0) + gaps for s, n in self.lines)
