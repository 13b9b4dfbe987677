"""The look: legible in both themes, told apart by everyone, and drawn without a complaint from Qt."""

import re
from itertools import combinations

import numpy as np
import pytest
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import Qt, qInstallMessageHandler
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QTabBar,
    QTableWidget,
    QTabWidget,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lab.marks import Panel
from widgets import theme as look
from widgets.look import Look
from widgets.plot import Plot
from widgets.theme import DARK, LIGHT, RESOURCES, Theme, apply, colour_map, icon, style_sheet

THEMES = pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
ICONS = {
    *("restart", "back", "play", "pause", "forward", "stage", "undo", "redo", "maximise", "restore", "reset", "search"),
    *("sun", "moon", "info", "close", "copy", "plus", "minus", "warning", "compare", "export", "present"),
    *("upload", "dice"),
}

# How linear RGB looks without red or green cones: Machado, Oliveira and Fernandes (2009), severity 1.
COLOUR_BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
}


def linear(colours) -> np.ndarray:
    """sRGB bytes, or colour names, as linear red, green and blue."""
    if isinstance(colours, str):
        colours = QColor(colours).getRgb()[:3]
    c = np.asarray(colours) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    dim, bright = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (bright + 0.05) / (dim + 0.05)


def cie_lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB under D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    relative = rgb @ to_xyz.T / [0.9505, 1.0, 1.089]
    f = np.where(relative > 216 / 24389, np.cbrt(relative), (24389 / 27 * relative + 16) / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def nearest_pair(colours: tuple[str, ...], sight: np.ndarray) -> float:
    """The smallest CIE distance between two of the colours, as seen through `sight`."""
    seen = [cie_lab(np.clip(sight @ linear(colour), 0, 1)) for colour in colours]
    return min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2))


def pixels(image: QImage) -> np.ndarray:
    """Red, green, blue and alpha of every pixel, rows first."""
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4).copy()


def where(image: QImage, colour: str) -> np.ndarray:
    """Which pixels have exactly this colour."""
    return (pixels(image)[..., :3] == QColor(colour).getRgb()[:3]).all(axis=-1)


@pytest.fixture
def dressed(qapp):
    """`apply`, undone afterwards: the look belongs to the application that all tests share."""
    before = qapp.palette(), qapp.font(), qapp.styleSheet()
    yield lambda theme, scale=1.0: apply(qapp, theme, scale)
    qapp.setStyleSheet(before[2])
    qapp.setPalette(before[0])
    qapp.setFont(before[1])


@pytest.fixture
def complaints():
    """What Qt says on its message channel during a test."""
    said: list[str] = []
    previous = qInstallMessageHandler(lambda kind, context, text: said.append(text))
    yield said
    qInstallMessageHandler(previous)


@THEMES
def test_writing_is_legible_on_every_background(theme: Theme):
    for background in (theme.ground, theme.card, theme.field):
        assert contrast(theme.text, background) >= 7
        assert contrast(theme.quiet, background) >= 4
        assert contrast(theme.accent, background) >= 4.5
        for said in (theme.warn, theme.good, theme.bad):
            assert contrast(said, background) >= 4.5
    assert contrast(theme.on_accent, theme.accent) >= 4.5


@THEMES
def test_every_class_stands_out_from_the_card_and_from_the_others(theme: Theme):
    assert min(contrast(colour, theme.card) for colour in theme.classes) >= 3
    assert nearest_pair(theme.classes, np.eye(3)) >= 16
    assert nearest_pair(theme.classes[:4], np.eye(3)) >= 50


@THEMES
@pytest.mark.parametrize("sight", COLOUR_BLIND)
def test_the_first_classes_differ_for_colour_blind_eyes(theme: Theme, sight: str):
    assert nearest_pair(theme.classes[:3], np.array(COLOUR_BLIND[sight])) >= 35
    assert nearest_pair(theme.classes[:4], np.array(COLOUR_BLIND[sight])) >= 12


@THEMES
def test_every_class_has_a_shape_of_its_own_that_pyqtgraph_can_draw(theme: Theme):
    assert len(set(theme.shapes)) == len(theme.shapes) == len(theme.classes) == 8
    assert set(theme.shapes) <= set(Symbols)


@pytest.mark.parametrize(
    ("scheme", "theme"),
    [(Qt.ColorScheme.Light, LIGHT), (Qt.ColorScheme.Dark, DARK), (Qt.ColorScheme.Unknown, DARK)],
)
def test_the_theme_follows_the_desktop(monkeypatch, scheme, theme):
    class Hints:
        def colorScheme(self):
            return scheme

    monkeypatch.setattr(look.QGuiApplication, "styleHints", staticmethod(Hints))
    assert look.system() is theme


@pytest.mark.parametrize("name", sorted(ICONS | {f.stem for f in (RESOURCES / "icons").glob("*.svg")}))
def test_an_icon_is_drawn_in_the_colour_asked_for(qapp, name: str):
    drawn = pixels(icon(name, "#ff8000").pixmap(48, 48).toImage())
    solid = drawn[drawn[..., 3] == 255]
    assert len(solid) > 40
    assert (solid[:, :3] == (255, 128, 0)).all()
    edge = np.concatenate([drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1]])
    assert edge[:, 3].max() == 0, "the drawing is clipped"


def test_an_icon_is_pale_where_its_button_is_disabled(qapp):
    disabled = icon("dice", "#ff8000").pixmap(48, 48, look.QIcon.Mode.Disabled)
    assert 80 < pixels(disabled.toImage())[..., 3].max() < 140


@pytest.mark.parametrize("size", [32, 256])
def test_the_app_icon_fills_its_square_and_is_clear_around(qapp, size: int):
    alpha = pixels(look.app_icon().pixmap(size, size).toImage())[..., 3]
    assert alpha[0, -1] == alpha[-1, 0] == 0
    assert alpha.any(axis=0).mean() > 0.9
    assert alpha.any(axis=1).mean() > 0.9


def some_widgets(qtbot) -> tuple[QWidget, list[QWidget]]:
    """A window, and in it one of each widget that takes the focus; the first is a tree."""
    window = QWidget()
    column = QVBoxLayout(window)
    tree = QTreeWidget()
    tree.setHeaderHidden(True)
    tree.addTopLevelItem(QTreeWidgetItem(["Descent"]))
    tree.topLevelItem(0).addChild(QTreeWidgetItem(["Race"]))
    tree.expandAll()
    tree.setCurrentItem(tree.topLevelItem(0).child(0))
    tabs = QTabBar()
    tabs.addTab("Surface")
    accented, quiet = QPushButton("Play"), QPushButton()
    accented.setProperty("accented", True)
    quiet.setProperty("quiet", True)
    chosen = QCheckBox("chosen")
    chosen.setChecked(True)
    widgets = [tree, tabs, accented, quiet, QPushButton("Export"), QToolButton(), chosen, QCheckBox("open")]
    widgets += [QComboBox(), QLineEdit("0.1"), QSpinBox(), QDoubleSpinBox(), QSlider(Qt.Orientation.Horizontal)]
    for widget in widgets:
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column.addWidget(widget)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    return window, widgets


@THEMES
@pytest.mark.parametrize("scale", [1.0, 1.3, 2.0])
def test_qt_takes_the_style_sheet_without_a_warning(dressed, complaints, qtbot, theme: Theme, scale: float):
    dressed(theme, scale)
    window, _ = some_widgets(qtbot)
    menu = QMenu()
    menu.addAction("Copy")
    menu.addSeparator()
    others = [menu, QPlainTextEdit(), QProgressBar(), QScrollArea(), QTableWidget(2, 2), QTabWidget()]
    for widget in (window, *others):
        qtbot.addWidget(widget)
        widget.grab()
    assert [text for text in complaints if "propagateSizeHints" not in text] == []


@THEMES
def test_a_style_sheet_is_whole(qapp, theme: Theme):
    sheet = style_sheet(theme, 1.5)
    assert "$" not in sheet
    assert "font-size: 19px" in sheet
    images = re.findall(r'url\("(.+?)"\)', sheet)
    assert len(images) >= 4
    assert all(look.Path(image).is_file() for image in images)


@THEMES
def test_native_drawing_and_plots_have_the_colours_of_the_theme(dressed, qapp, qtbot, theme: Theme):
    dressed(theme, 2.0)
    assert qapp.palette().window().color().name() == theme.ground
    assert qapp.palette().link().color().name() == theme.accent
    assert qapp.palette().placeholderText().color().name() == theme.quiet
    assert qapp.font().pixelSize() == 26
    assert qapp.font().families() == look.font_families()
    plot = Plot(Panel("P", x="x"), Look(theme))
    qtbot.addWidget(plot)
    assert plot.backgroundBrush().color().name() == theme.card
    assert plot.getAxis("bottom").textPen().color().name() == theme.quiet


@THEMES
def test_every_widget_shows_that_it_has_the_focus(dressed, qtbot, theme: Theme):
    dressed(theme)
    window, widgets = some_widgets(qtbot)
    qtbot.waitUntil(window.isActiveWindow)
    for widget in widgets:
        window.setFocus()
        without = widget.grab().toImage()
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        assert widget.hasFocus()
        filled = widget.property("accented") or (isinstance(widget, QCheckBox) and widget.isChecked())
        ring = theme.text if filled else theme.accent
        assert where(widget.grab().toImage(), ring).sum() >= where(without, ring).sum() + 20


@THEMES
def test_a_chosen_row_is_one_piece_from_the_left_edge(dressed, qtbot, theme: Theme):
    dressed(theme)
    _window, (tree, *_) = some_widgets(qtbot)
    row = tree.visualItemRect(tree.topLevelItem(0).child(0))
    left = where(tree.viewport().grab().toImage(), theme.field)[row.top() : row.bottom() + 1, : row.left() + 6]
    assert left[1:-1, 6:].all()
    assert not left[0, 0], "the corner is round"


@pytest.mark.parametrize("scale", [1.0, 1.15, 1.25, 1.34, 1.6])
def test_a_slider_has_a_round_knob_at_every_scale(dressed, qtbot, scale: float):
    dressed(DARK, scale)
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setValue(50)
    slider.resize(200, 60)
    qtbot.addWidget(slider)
    knob = where(slider.grab().toImage(), DARK.text)
    rows, columns = np.flatnonzero(knob.any(axis=1)), np.flatnonzero(knob.any(axis=0))
    assert np.ptp(rows) == np.ptp(columns) >= 11 * scale
    assert knob.sum() < 0.9 * len(rows) * len(columns)


def test_a_number_field_without_buttons_has_room_for_its_number(dressed, qtbot):
    dressed(DARK)
    field = QSpinBox()
    field.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    field.resize(80, 28)
    qtbot.addWidget(field)
    field.show()
    assert field.lineEdit().width() > 60


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("viridis", (68, 1, 84), (253, 231, 37)),  # the ends that matplotlib gives
        ("cividis", (0, 34, 78), (254, 232, 56)),
        ("grey", (0, 0, 0), (255, 255, 255)),
    ],
)
def test_a_map_of_heights_goes_from_dark_to_light(name, first, last):
    table = colour_map(name)
    assert (table.shape, table.dtype) == ((256, 3), np.uint8)
    assert np.abs(table[0].astype(int) - first).max() <= 6
    assert np.abs(table[-1].astype(int) - last).max() <= 20
    steps = np.diff(cie_lab(linear(table))[:, 0])
    assert steps.min() > -0.1
    assert cie_lab(linear(table))[::8, 0].tolist() == sorted(cie_lab(linear(table))[::8, 0])


@pytest.mark.parametrize(("name", "direction"), [("scores", 1), ("scores dark", -1)])
def test_a_map_of_scores_weighs_both_sides_alike(name, direction):
    lightness, a, b = cie_lab(linear(colour_map(name))).T
    assert (direction * np.diff(lightness[:128]) >= -0.3).all()
    assert (direction * np.diff(lightness[128:]) <= 0.3).all()
    assert abs(lightness - lightness[::-1]).max() < 6
    assert np.hypot(a, b)[127:129].max() < 8
    assert b[0] < -30
    assert b[-1] > 30


def test_a_colour_map_cannot_be_overwritten():
    with pytest.raises(ValueError, match="read-only"):
        colour_map("viridis")[0] = 0


def test_an_unknown_colour_map_is_refused_by_name():
    with pytest.raises(ValueError, match="viridis, cividis, grey, scores, scores dark; 'jet' is not one"):
        colour_map("jet")
