"""The look of the program: two themes, the style sheet, icons and colour maps."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

RESOURCES = Path(__file__).resolve().parent.parent / "resources"


@dataclass(frozen=True)
class Theme:
    """The colours of one look, and how classes are told apart: by colour and by shape."""

    name: str
    ground: str
    card: str
    border: str
    field: str
    text: str
    quiet: str
    accent: str
    on_accent: str
    warn: str
    good: str
    bad: str
    classes: tuple[str, ...]
    shapes: tuple[str, ...] = ("o", "s", "t1", "d", "star", "p", "h", "x")


DARK = Theme(
    name="dark",
    ground="#14171c",
    card="#1b1f26",
    border="#2b313b",
    field="#232833",
    text="#e6e9ee",
    quiet="#8b94a3",
    accent="#56b4e9",
    on_accent="#14171c",
    warn="#e69f00",
    good="#2fb58b",
    bad="#ff7a66",
    classes=("#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#0072b2", "#999999"),
)
# On white the lighter Okabe-Ito hues fade, so they come later and darker.
LIGHT = Theme(
    name="light",
    ground="#eef0f3",
    card="#ffffff",
    border="#d9dde3",
    field="#f4f5f7",
    text="#1c2128",
    quiet="#667080",
    accent="#0072b2",
    on_accent="#ffffff",
    warn="#965f00",
    good="#007a59",
    bad="#b93a1b",
    classes=("#d55e00", "#0072b2", "#009e73", "#b0398a", "#7a4f00", "#3c9bd6", "#8f8c00", "#3f4855"),
)

# Five stops from the lowest score over zero to the highest, the two sides equally light.
DIVERGING = {
    "scores": ("#1a79c2", "#86bae7", "#f7f7f7", "#eaae70", "#c06208"),
    "scores dark": ("#6cc4f7", "#2c6a98", "#1e232b", "#8d5420", "#f7a23e"),
}


def system() -> Theme:
    """The theme the desktop asks for; dark where it does not say."""
    light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
    return LIGHT if light else DARK


def font_families() -> list[str]:
    """Sans families with good figures and Greek, the best first."""
    return ["Inter", "Segoe UI", "SF Pro Text", "Noto Sans", "DejaVu Sans"]


def style_sheet(theme: Theme, scale: float = 1.0) -> str:
    """The style sheet of the whole program; a presenter's scale enlarges type, strokes and gaps."""
    template = (RESOURCES / "themes" / "style.qss").read_text(encoding="utf-8")
    # Qt draws square corners where a radius is over half of a side, so round things are sized from their radius.
    knob_radius, groove_radius = round(7 * scale), round(2 * scale)
    lengths = {
        "knob": 2 * knob_radius,
        "knob_radius": knob_radius,
        "groove_width": 2 * groove_radius,
        "groove_radius": groove_radius,
        "overhang": knob_radius - groove_radius,
        "lane": 2 * knob_radius + 4,
    }
    colours = {
        "firm": _mixed(theme.border, theme.quiet, 0.4),
        "faint": _mixed(theme.card, theme.quiet, 0.6),
        "hover": _mixed(theme.ground, theme.quiet, 0.08),
        "pressed": _mixed(theme.field, theme.quiet, 0.25),
        "groove": theme.border,
        "accent_hover": _mixed(theme.accent, theme.text, 0.2),
        "accent_pressed": _mixed(theme.accent, theme.on_accent, 0.2),
    }
    scaled = re.sub(r"\b(\d+)px", lambda length: f"{max(1, int(int(length[1]) * scale))}px", template)
    style = (RESOURCES / "icons" / "style").as_posix()
    return Template(scaled).substitute(vars(theme) | colours | lengths, style=style)


def apply(app: QApplication, theme: Theme, scale: float = 1.0) -> None:
    """Dress the program: base style, palette, font and style sheet."""
    sheet = style_sheet(theme, scale)
    if app.styleSheet() == sheet:  # it wears this already, and to dress is dear
        return
    app.setStyle("Fusion")
    app.setPalette(_palette(theme))
    font = QFont()
    font.setFamilies(font_families())
    font.setPixelSize(int(13 * scale))
    app.setFont(font)
    app.setStyleSheet(sheet)


@lru_cache
def icon(name: str, colour: str) -> QIcon:
    """A line icon of resources/icons in this colour; pale where its button is disabled."""
    drawing = (RESOURCES / "icons" / f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    return _icon(QSvgRenderer(QByteArray(drawing.encode())), (16, 18, 24, 36, 48))


@lru_cache
def app_icon() -> QIcon:
    """The program's own icon."""
    return _icon(QSvgRenderer(str(RESOURCES / "icon.svg")), (16, 24, 32, 48, 64, 128, 256))


@lru_cache
def colour_map(name: str) -> NDArray[np.uint8]:
    """256 rows of red, green and blue: viridis, cividis, grey, scores or scores dark. Read-only."""
    ramp = np.arange(256)
    if name in ("viridis", "cividis"):
        import pyqtgraph as pg  # which takes as long as all else that a window needs

        table = pg.colormap.get(name).getLookupTable(0.0, 1.0, 256, alpha=False)
    elif name == "grey":
        table = np.stack([ramp] * 3, axis=1)
    elif name in DIVERGING:
        stops = np.array([_rgb(stop) for stop in DIVERGING[name]])
        at = np.linspace(0, 255, len(stops))
        table = np.stack([np.interp(ramp, at, channel) for channel in stops.T], axis=1).round()
    else:
        known = ", ".join(["viridis", "cividis", "grey", *DIVERGING])
        raise ValueError(f"choose a colour map from {known}; {name!r} is not one")
    table = table.astype(np.uint8)
    table.setflags(write=False)
    return table


def _icon(drawing: QSvgRenderer, sizes: tuple[int, ...]) -> QIcon:
    made = QIcon()
    for mode, opacity in ((QIcon.Mode.Normal, 1.0), (QIcon.Mode.Disabled, 0.4)):
        for size in sizes:
            pixmap = QPixmap(size, size)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setOpacity(opacity)
            drawing.render(painter)
            painter.end()
            made.addPixmap(pixmap, mode)
    return made


def _palette(theme: Theme) -> QPalette:
    """What Qt draws without the style sheet, such as links and placeholders, in the same colours."""
    role = QPalette.ColorRole
    palette = QPalette(QColor(theme.field), QColor(theme.ground))
    colours = {
        theme.text: (role.WindowText, role.Text, role.ButtonText, role.BrightText, role.ToolTipText),
        theme.quiet: (role.PlaceholderText,),
        theme.card: (role.Base, role.AlternateBase),
        theme.field: (role.Button, role.ToolTipBase),
        theme.accent: (role.Highlight, role.Link, role.LinkVisited, role.Accent),
        theme.on_accent: (role.HighlightedText,),
    }
    for colour, roles in colours.items():
        for each in roles:
            palette.setColor(each, QColor(colour))
    faint = QColor(_mixed(theme.card, theme.quiet, 0.6))
    for each in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, faint)
    return palette


def _mixed(one: str, other: str, share: float) -> str:
    """A colour between two: `share` of the other in the one."""
    return QColor(*(round(a + share * (b - a)) for a, b in zip(_rgb(one), _rgb(other)))).name()


def _rgb(colour: str) -> tuple[int, int, int]:
    parts = QColor(colour)
    return parts.red(), parts.green(), parts.blue()
