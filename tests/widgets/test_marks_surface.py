"""The painter of Surface: its shape and light in numbers, the OpenGL view where there is one, the map where not."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QMouseEvent, QSurface, QVector3D, QWheelEvent
from PySide6.QtWidgets import QApplication, QMainWindow
from scipy.interpolate import RegularGridInterpolator

from lab.frame import Frame, Ghost
from lab.marks import Field, Panel, Surface
from tests.widgets.frames import Recorder, frame
from widgets.look import Look
from widgets.marks import opengl, surface
from widgets.marks.lighting import Relief, relief
from widgets.marks.orbit import Orbit
from widgets.marks.scene import Scene
from widgets.panel import Card
from widgets.theme import DARK, LIGHT, colour_map

MARK = Surface("J", points="at", heights="height", trail="at")
PROGRAMS = ["sheet", "ribbon", "disc"]


def bowl(n: int = 41) -> Field:
    x, y = np.meshgrid(np.linspace(-2, 2, n), np.linspace(-2, 2, n))
    return Field(x**2 + y**2, (-2.0, 2.0), (-2.0, 2.0))


def plane() -> Field:
    """z = x + 10 y on x from 0 to 2 and y from 0 to 1."""
    return Field(np.array([[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]), (0.0, 2.0), (0.0, 1.0))


def raised(field: Field, **how: Any) -> Relief:
    made = relief(field, **how)
    assert made is not None
    return made


def moment(n: int = 30, field: Field | None = None, **rest: Any) -> Frame:
    """Two runners that slide down a bowl: one from the left, one from the right."""
    left = np.column_stack([np.linspace(-1.8, -0.1, n), np.full(n, -0.6)])
    places = np.stack([left, left * (-1, -1)], axis=1)
    values = {"J": field or bowl(), "at": places[-1], "height": (places[-1] ** 2).sum(axis=1)}
    return frame(values, trails={"at": (np.arange(n), places)}, t=n, **rest)


# ------------------------------------------------------------ shape


def test_the_lowest_stands_on_the_floor_and_the_highest_is_half_as_high_as_the_floor_is_wide() -> None:
    made = raised(plane())
    assert made.heights.min() == 0
    assert made.heights.max() == 1.0  # the floor is 2 wide
    assert made.said == ""


def test_a_lonely_peak_is_cut_off_and_that_is_said() -> None:
    z = np.arange(100.0)
    z[-1] = 1e6
    made = raised(Field(z.reshape(10, 10), (0.0, 1.0), (0.0, 1.0)))
    assert made.said == "Heights above 97 are cut off"  # 98 in 100 lie below
    assert made.heights[5, 0] == pytest.approx(50 / 97.02)  # the others are not crushed flat
    assert made.heights[9, 9] == 1.0


def test_logarithms_lift_the_valley_floor_apart() -> None:
    z = np.array([[0.0, 1.0, 10.0], [100.0, 1000.0, 10000.0]])
    straight, log = (raised(Field(z, (0.0, 1.0), (0.0, 1.0)), log=log).heights for log in (False, True))
    assert straight[0, 2] == pytest.approx(0.001)
    assert log[0, 2] > 0.3
    assert (np.diff(log.ravel()) > 0).all()


def test_where_there_is_no_number_there_is_a_hole_and_infinity_is_the_highest() -> None:
    field = bowl(11)
    field.z[5, 5], field.z[2, 2], field.z[8, 8] = np.nan, np.inf, -np.inf
    made = raised(field)
    _, triangles = made.mesh(colour_map("viridis"))
    assert len(triangles) == 200 - 6  # each place inside belongs to six triangles
    assert 60 not in triangles
    assert (made.heights[2, 2], made.heights[8, 8]) == (1.0, 0.0)


@pytest.mark.parametrize(
    "field",
    [
        Field(np.full((4, 4), np.nan), (0.0, 1.0), (0.0, 1.0)),
        Field(np.ones((1, 4)), (0.0, 1.0), (0.0, 1.0)),
        Field(np.ones((4, 4)), (1.0, 1.0), (0.0, 1.0)),
    ],
)
def test_what_has_no_shape_has_no_relief(field: Field) -> None:
    assert relief(field) is None


def test_a_flat_field_lies_halfway_up() -> None:
    assert (raised(Field(np.full((3, 3), 7.0), (0.0, 1.0), (0.0, 1.0))).heights == 0.5).all()


def test_the_ground_under_a_point_is_bilinear() -> None:
    field = bowl(9)
    reference = RegularGridInterpolator((np.linspace(-2, 2, 9), np.linspace(-2, 2, 9)), field.z)
    points = np.random.default_rng(1).uniform(-2, 2, (50, 2))
    places, within = raised(field).placed(points)
    assert within.all()
    np.testing.assert_allclose(places[:, 2], reference(points[:, ::-1]) / 8)
    np.testing.assert_allclose(places[:, :2], points / 2)


def test_a_point_outside_is_put_on_the_border_and_counted_out() -> None:
    places, within = raised(plane()).placed([(1.0, 0.5), (5.0, 0.5), (1.0, -1e300)])
    np.testing.assert_allclose(places[:, :2], [(0, 0), (1, 0), (0, -1)])
    assert within.tolist() == [True, False, False]


def test_a_long_step_follows_the_ground_instead_of_cutting_through_the_hill() -> None:
    hill = Field(-bowl().z, (-2.0, 2.0), (-2.0, 2.0))
    places, times, seen = raised(hill).draped(np.array([(-2.0, 0.0), (2.0, 0.0)]), np.array([3, 5]))
    assert places[:, 2].max() == pytest.approx(1.0, abs=0.01)
    assert places[0, 2] == pytest.approx(0.5)
    assert (times[0], times[-1]) == (3, 5)
    assert (seen == 1).all()


def test_a_path_that_diverges_is_drawn_as_far_as_it_can_be() -> None:
    path = np.array([(0.0, 0.0), (1.0, 0.0), (50.0, 0.0), (np.inf, 0.0), (np.nan, np.nan)])
    places, _, seen = raised(bowl()).draped(path, np.arange(5))
    assert np.isfinite(places).all()
    assert (seen[0], seen[-1]) == (1, 0)
    assert abs(places[:, :2]).max() == 1


def test_a_very_long_path_loses_its_oldest_part() -> None:
    there_and_back = np.tile([(-2.0, 0.0), (2.0, 0.0)], (500, 1))
    _, times, _ = raised(bowl()).draped(there_and_back, np.arange(1000))
    assert times[0] > 900
    assert times[-1] == 999


# ------------------------------------------------------------ light


def test_slopes_towards_the_light_are_brighter() -> None:
    table = colour_map("grey")
    to_the_left = raised(Field(np.tile([0.0, 1.0, 2.0], (3, 1)), (0.0, 1.0), (0.0, 1.0)))  # it rises to the right
    to_the_right = raised(Field(np.tile([2.0, 1.0, 0.0], (3, 1)), (0.0, 1.0), (0.0, 1.0)))
    assert to_the_left.lit(table)[1, 1].mean() > to_the_right.lit(table)[1, 1].mean() + 0.1


def test_no_slope_is_lost_in_the_dark() -> None:
    steep = Field(np.array([[9.0, 9, 0, 0], [9, 9, 0, 0], [9, 9, 0, 0]]), (0.0, 1.0), (0.0, 1.0))
    white = np.full((256, 3), 255, dtype=np.uint8)
    assert raised(steep).lit(white).min() >= 0.45


def test_normals_point_straight_up_from_flat_ground_and_against_the_slope() -> None:
    flat = raised(Field(np.full((3, 3), 7.0), (0.0, 1.0), (0.0, 1.0)))
    np.testing.assert_allclose(flat.normals(), np.broadcast_to([0, 0, 1], (3, 3, 3)))
    slope = raised(Field(np.tile([0.0, 1.0, 2.0], (3, 1)), (0.0, 1.0), (0.0, 1.0)))
    np.testing.assert_allclose(slope.normals()[1, 1], [-(0.2**0.5), 0, 0.8**0.5])  # it rises 1 over 2


# ------------------------------------------------------------ camera


def on_screen(orbit: Orbit, x: float, y: float, z: float) -> tuple[float, float]:
    at = orbit.sees(1.5, 1.0).map(QVector3D(x, y, z))
    return at.x(), at.y()


def test_the_camera_is_at_its_distance_and_its_angles_and_looks_at_its_centre() -> None:
    orbit = Orbit()
    orbit.azimuth, orbit.elevation, orbit.distance = -90, 30, 4
    eye = orbit.eye() - orbit.centre  # to the front, and up
    assert (eye.x(), eye.y(), eye.z()) == pytest.approx((0, -4 * 0.75**0.5, 2), abs=1e-5)
    assert on_screen(orbit, orbit.centre.x(), orbit.centre.y(), orbit.centre.z()) == pytest.approx((0, 0), abs=1e-6)
    assert on_screen(orbit, 1, 0, 0.3)[0] > 0.1  # x to the right
    assert on_screen(orbit, 0, 0, 1)[1] > 0.1  # z up
    assert on_screen(orbit, 0, 1, 0.3)[1] > 0.1  # and y away


def test_a_camera_turned_too_far_stops_overhead_and_moved_too_far_still_sees_the_surface() -> None:
    orbit = Orbit()
    orbit.turn(0, 1000)
    assert orbit.elevation == 90
    orbit.pan(1000, 0)
    x, y = on_screen(orbit, 0, 0, 0.3)
    assert max(abs(x), abs(y)) < 1.3  # its middle may leave the view, its rim does not


# ------------------------------------------------------------ where there is no OpenGL


@pytest.fixture
def show(qtbot: Any) -> Iterator[Callable[..., Card]]:
    """A card on the screen that shows a frame."""
    cards = []

    def shown(first: Frame, mark: Surface = MARK, **rest: Any) -> Card:
        card = Card(Panel("Surface", mark, **rest), Recorder(), Look(DARK))
        cards.append(card)
        card.resize(360, 340)
        card.show()
        qtbot.waitExposed(card)
        card.show_frame(first)
        QApplication.processEvents()
        return card

    yield shown
    for card in cards:
        card.close()
        card.deleteLater()
    QApplication.processEvents()


def pixels(card: Card) -> np.ndarray:
    """What is seen, (height, width, 3)."""
    QApplication.processEvents()
    image = card.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)


def rgb(colour: str) -> list[int]:
    shade = QColor(colour)
    return [shade.red(), shade.green(), shade.blue()]


def near(seen: np.ndarray, colour: str, by: int = 12) -> int:
    """How many pixels have this colour."""
    return int((abs(seen - rgb(colour)) <= by).all(axis=2).sum())


@pytest.fixture
def without_opengl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surface, "missing", lambda: "No OpenGL here")


@pytest.mark.usefixtures("without_opengl")
def test_without_opengl_there_is_a_contour_map_that_says_why(show: Callable[..., Card]) -> None:
    card = show(moment(), x="θ₁", y="θ₂")
    painter: Any = card.drawers[0]
    assert painter.note.text() == "No OpenGL here: the same surface as a contour map"
    assert painter.note.isVisible()
    seen = pixels(card)
    assert near(seen, "#440154") > 200  # viridis at its lowest
    assert near(seen, DARK.classes[0]) > 20  # the runners
    assert near(seen, DARK.classes[1]) > 20


@pytest.mark.usefixtures("without_opengl")
def test_the_map_marks_runners_that_leave_no_trail(show: Callable[..., Card]) -> None:
    seen = pixels(show(moment(), Surface("J", points="at")))
    assert near(seen, DARK.classes[0]) > 20


@pytest.mark.usefixtures("without_opengl")
def test_the_map_follows_the_theme_and_bears_an_empty_frame(show: Callable[..., Card]) -> None:
    card = show(frame())
    card.show_frame(moment())
    card.restyle(Look(LIGHT))
    card.show_frame(moment())
    assert near(pixels(card), LIGHT.classes[0]) > 20


def test_without_a_display_there_is_no_opengl_and_nothing_complains(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, qtlog: Any
) -> None:
    if QGuiApplication.platformName() != "offscreen":
        pytest.skip("there is a display")
    monkeypatch.delenv("DISPLAY", raising=False)
    assert opengl.missing.__wrapped__() == "No OpenGL on this display"
    assert [record.message for record in qtlog.records] == []


# ------------------------------------------------------------ where there is


@pytest.fixture(name="opengl")
def with_opengl(qapp: QApplication) -> None:
    if surface.missing():
        pytest.skip(surface.missing())
    opengl.shared().practised.update(PROGRAMS)  # as it is after the first moments


def scene(card: Card) -> Any:
    drawer: Any = card.drawers[0]
    return drawer._drawing.widget


def wheel(card: Card, by: int) -> None:
    view, at = scene(card), QPointF(place(card, 0.5, 0.5))
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    QApplication.sendEvent(view, QWheelEvent(at, view.mapToGlobal(at), QPoint(), QPoint(0, by), *none, False))


def place(card: Card, x: float, y: float) -> QPoint:
    view = scene(card)
    return QPoint(int(view.width() * x), int(view.height() * y))


@pytest.mark.usefixtures("opengl")
def test_a_grabbed_card_holds_the_picture(show: Callable[..., Card]) -> None:
    empty = pixels(show(frame()))
    seen = pixels(show(moment(), x="θ₁", y="θ₂"))
    assert (abs(seen - empty) > 20).any(axis=2).mean() > 0.2
    assert near(seen, DARK.classes[0]) > 40
    assert near(seen, DARK.classes[1]) > 40
    red, green, blue = seen[..., 0], seen[..., 1], seen[..., 2]
    assert ((green > 150) & (blue < 100)).sum() > 300  # the rim, in viridis' yellow-green
    assert ((blue > red) & (blue > green) & (blue > 60)).sum() > 300  # the bottom, in its violet


@pytest.mark.usefixtures("opengl")
def test_a_drag_turns_it_the_wheel_zooms_and_a_double_click_puts_it_back(show: Callable[..., Card], qtbot: Any) -> None:
    card = show(moment())
    view = scene(card)
    before = pixels(card)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=place(card, 0.5, 0.5))
    qtbot.mouseMove(view, place(card, 0.7, 0.45))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=place(card, 0.7, 0.45))
    turned = pixels(card)
    assert (abs(turned - before) > 20).any(axis=2).mean() > 0.1

    wheel(card, 480)
    card.show_frame(moment(20))  # the camera stays where it is
    nearer = pixels(card)
    ground = rgb(DARK.card)
    assert (nearer != ground).any(axis=2).sum() > 1.2 * (turned != ground).any(axis=2).sum()

    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=place(card, 0.5, 0.5))
    card.show_frame(moment())
    assert (abs(pixels(card) - before) > 20).any(axis=2).mean() < 0.01


@pytest.mark.usefixtures("opengl")
def test_zooming_stops_before_the_camera_is_inside(show: Callable[..., Card]) -> None:
    card = show(moment())
    for _ in range(50):
        wheel(card, 240)
    assert scene(card).orbit.eye().length() > 1.5


@pytest.mark.usefixtures("opengl")
def test_a_drag_with_the_middle_button_moves_it(show: Callable[..., Card], qtbot: Any) -> None:
    card = show(moment())
    view = scene(card)
    before = pixels(card)
    qtbot.mousePress(view, Qt.MouseButton.MiddleButton, pos=place(card, 0.5, 0.5))
    to = QPointF(place(card, 0.5, 0.5)) + QPointF(40, 0)
    held = Qt.MouseButton.NoButton, Qt.MouseButton.MiddleButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(view, QMouseEvent(QEvent.Type.MouseMove, to, view.mapToGlobal(to), *held))
    after = pixels(card)
    disc = [np.nonzero(abs(seen - rgb(DARK.classes[0])).max(axis=2) <= 12)[1].mean() for seen in (before, after)]
    assert disc[1] - disc[0] == pytest.approx(40, abs=3)  # as far as the mouse went


@pytest.mark.usefixtures("opengl")
def test_the_window_itself_stays_free_of_opengl(show: Callable[..., Card]) -> None:
    card = show(moment())
    assert card.windowHandle().surfaceType() == QSurface.SurfaceType.RasterSurface


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What OpenGL draws from now on: the ground, or what lies on it."""
    seen: list[str] = []

    def heard(name: str, draw: Callable[[Scene, Any], None]) -> Callable[[Scene, Any], None]:
        def draw_and_say(self: Scene, gl: Any) -> None:
            seen.append(name)
            draw(self, gl)

        return draw_and_say

    for name in ("_draw_ground", "_draw_upon_it"):
        monkeypatch.setattr(Scene, name, heard(name, getattr(Scene, name)))
    return seen


@pytest.mark.usefixtures("opengl")
def test_nothing_is_drawn_twice_and_the_ground_only_when_it_changed(
    show: Callable[..., Card], drawn: list[str]
) -> None:
    field = bowl()
    card = show(moment(20, field))
    pixels(card)
    drawn.clear()
    scene(card).repaint()
    assert drawn == []
    card.show_frame(moment(21, field))
    pixels(card)
    assert drawn == ["_draw_upon_it"]
    wheel(card, 120)
    wheel(card, 120)
    pixels(card)
    assert drawn == ["_draw_upon_it", "_draw_ground", "_draw_upon_it"]


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Of each picture from now on, what the driver had to translate for it, as though nothing had been drawn yet."""
    seen: list[list[str]] = []
    draw, practised = Scene._drawn, opengl.shared().practised

    def draw_and_say(self: Scene, size: Any) -> QImage:
        before = set(practised)
        image = draw(self, size)
        seen.append([name for name in PROGRAMS if name in practised - before])
        return image

    monkeypatch.setattr(Scene, "_drawn", draw_and_say)
    practised.clear()
    return seen


@pytest.mark.usefixtures("opengl")
def test_the_driver_translates_one_program_a_picture_while_a_person_looks_on(
    show: Callable[..., Card], request: pytest.FixtureRequest, qtbot: Any
) -> None:
    whole = pixels(show(moment()))
    compiled: list[list[str]] = request.getfixturevalue("compiled")
    card = show(moment())
    qtbot.waitUntil(lambda: len(opengl.shared().practised) == len(PROGRAMS), timeout=20_000)
    assert [names for names in compiled if names] == [[name] for name in PROGRAMS]
    assert (pixels(card) == whole).all()


@pytest.mark.usefixtures("opengl")
def test_a_picture_that_nobody_waits_for_is_whole_at_once(
    show: Callable[..., Card], request: pytest.FixtureRequest
) -> None:
    view = scene(show(moment()))
    view.window().hide()
    compiled: list[list[str]] = request.getfixturevalue("compiled")
    view.redraw()
    view.grab()
    assert compiled == [PROGRAMS]


@pytest.mark.usefixtures("opengl")
def test_frames_wait_where_drawing_is_slow_but_the_last_is_drawn_in_the_end(
    show: Callable[..., Card], drawn: list[str], qtbot: Any
) -> None:
    field = bowl()
    card = show(moment(20, field))
    pixels(card)
    QApplication.processEvents()
    drawn.clear()
    scene(card)._rested_at = monotonic() + 0.1
    for n in (21, 22, 23):
        card.show_frame(moment(n, field))
        QApplication.processEvents()
    assert drawn == []
    qtbot.waitUntil(lambda: bool(drawn), timeout=1000)
    seen = pixels(card)
    assert drawn == ["_draw_upon_it"]
    assert (abs(seen - pixels(show(moment(23, field)))) > 20).any(axis=2).mean() < 0.01


@pytest.mark.usefixtures("opengl")
def test_the_mesh_is_made_again_only_for_another_field(
    show: Callable[..., Card], monkeypatch: pytest.MonkeyPatch
) -> None:
    field = bowl()
    card = show(moment(20, field))
    made: list[str] = []
    for name in ("set_mesh", "set_paths", "set_discs"):
        monkeypatch.setattr(scene(card), name, lambda *_, name=name, **__: made.append(name))
    same = moment(21, field)
    card.show_frame(same)
    assert made == ["set_paths", "set_discs"]
    card.show_frame(same)
    assert made == ["set_paths", "set_discs"]
    card.show_frame(moment(21, bowl()))
    assert "set_mesh" in made[2:]


@pytest.mark.usefixtures("opengl")
def test_a_run_that_diverged_is_drawn_without_a_word(show: Callable[..., Card], qtlog: Any) -> None:
    field = bowl()
    field.z[:, :5], field.z[3, 8] = np.inf, np.nan
    last = moment(30, field)
    for wrong in (np.nan, np.inf, -np.inf, 1e308):
        bad = np.array([(wrong, 0.0), (0.5, wrong)])
        values = {"J": field, "at": bad, "height": bad[:, 0]}
        places = np.concatenate([last.trails["at"].places, [bad]])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            card = show(frame(values, trails={"at": (np.arange(31), places)}, t=30))
            for empty in (
                Field(np.full((5, 5), np.nan), (0.0, 1.0), (0.0, 1.0)),
                Field(np.ones((0, 0)), (0, 1), (0, 1)),
            ):
                card.show_frame(frame({**values, "J": empty}))
                QApplication.processEvents()
    assert [record.message for record in qtlog.records] == []


@pytest.mark.usefixtures("opengl")
def test_what_is_behind_the_hill_still_shows_faintly(show: Callable[..., Card]) -> None:
    hill = Field(-bowl().z, (-2.0, 2.0), (-2.0, 2.0))
    behind = np.array([(0.9, 1.9)])
    hidden = near(pixels(show(frame({"J": hill, "at": behind}), Surface("J", points="at"))), DARK.classes[0])
    before = np.array([(-0.6, -1.2)])
    open_to_see = near(pixels(show(frame({"J": hill, "at": before}), Surface("J", points="at"))), DARK.classes[0])
    assert open_to_see > 80
    assert hidden < open_to_see / 2
    nobody = pixels(show(frame({"J": hill}), Surface("J")))
    faint = pixels(show(frame({"J": hill, "at": behind}), Surface("J", points="at")))
    assert (abs(faint - nobody) > 10).any(axis=2).sum() > 60


def test_the_scale_takes_in_the_data_beside_the_surface() -> None:
    made = raised(plane(), beside=[-12.0, 24.0, np.nan])
    assert (made.heights.min(), made.heights.max()) == pytest.approx((12 / 36, 24 / 36))
    assert made.raised([-12.0, 24.0]) == pytest.approx([0, 1])


@pytest.mark.usefixtures("opengl")
def test_data_stand_on_sticks_above_and_below_the_surface(show: Callable[..., Card]) -> None:
    at, heights = np.array([(0.5, 0.3), (1.5, 0.7), (1.0, 0.5)]), np.array([20.0, -9.0, np.nan])
    values = {"J": plane(), "at": at, "height": heights}
    bare = pixels(show(frame({"J": plane()}), Surface("J")))
    with_sticks = show(frame(values), Surface("J", points="at", heights="height", sticks=True))
    scene = with_sticks.findChildren(Scene)[0]
    assert scene._discs.shape == (12, 8)  # the one without a height is not there
    assert sorted({round(float(z), 2) for z in scene._discs[:, 2]}) == [0.0, 1.0]
    feet, tops = scene._strokes["sticks"].vertices[:, 2].min(), scene._strokes["sticks"].vertices[:, 2].max()
    assert (feet, tops) == pytest.approx((0, 1), abs=0.01)
    assert (abs(pixels(with_sticks) - bare) > 30).any(axis=2).sum() > 60


@pytest.mark.usefixtures("opengl")
def test_an_abandoned_run_shows_dimmed_from_where_it_was_left(show: Callable[..., Card]) -> None:
    last = moment()
    ghost = Ghost({}, {"at": last.trails["at"]}, branched=10)
    now = frame({"J": bowl()}, ghost=ghost)
    alone = pixels(show(frame({"J": bowl()})))
    with_ghost = pixels(show(now))
    changed = (abs(with_ghost - alone) > 10).any(axis=2).sum()
    assert changed > 60
    assert near(with_ghost, DARK.classes[0], by=4) == 0


@pytest.mark.usefixtures("opengl")
def test_the_theme_changes_under_it(show: Callable[..., Card]) -> None:
    card = show(moment())
    card.restyle(Look(LIGHT))
    card.show_frame(moment())
    corner = scene(card).mapTo(card, QPoint(5, 5))
    assert pixels(card)[corner.y(), corner.x()].tolist() == [255, 255, 255]


@pytest.mark.usefixtures("opengl")
def test_it_moves_between_windows_and_closes_without_a_word(show: Callable[..., Card], qtbot: Any, qtlog: Any) -> None:
    card = show(moment())
    here = pixels(card)
    scene(card).orbit.turn(40, 0)
    scene(card).redraw()
    turned = pixels(card)
    windows = [QMainWindow(), QMainWindow()]
    for window, _ in itertools.product(windows, range(2)):
        qtbot.addWidget(window)
        window.resize(360, 340)
        window.setCentralWidget(card)
        card.setFixedSize(360, 340)
        window.show()
        qtbot.waitExposed(window)
        assert (abs(pixels(card) - turned) > 20).any(axis=2).mean() < 0.01
        window.takeCentralWidget()
    card.show()
    assert (abs(pixels(card) - here) > 20).any(axis=2).mean() > 0.1
    card.close()
    card.deleteLater()
    QApplication.processEvents()
    assert [record.message for record in qtlog.records if "propagateSizeHints" not in record.message] == []


@pytest.mark.usefixtures("opengl")
def test_programs_that_cannot_be_made_leave_the_map(show: Callable[..., Card], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: str) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(opengl, "program", refuse)
    monkeypatch.setattr(opengl, "shared", opengl.Context)
    monkeypatch.setattr(surface, "missing", opengl.missing.__wrapped__)
    card = show(moment())
    painter: Any = card.drawers[0]
    assert painter.note.text() == "OpenGL cannot draw here: the same surface as a contour map"
    assert near(pixels(card), "#440154") > 200
