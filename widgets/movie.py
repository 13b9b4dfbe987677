"""A run as GIF or MP4, played on a stage of its own where no window, engine or display is needed.

The open window makes a movie in another process (`app.py --open RUN --movie OUT`): a second run in this one would
seed torch under the first one's hands and take the window's thread for every picture, and a process can be ended
at any moment.
"""

from __future__ import annotations

import io
import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lab.experiment import Experiment
from lab.files import write_whole
from lab.frame import Frame
from lab.session import Session
from widgets import theme as themes
from widgets.look import Look, rich
from widgets.stage import Stage

if TYPE_CHECKING:  # only movies need it
    from PIL import Image

Tick = Callable[[int, int], bool]  # told how much is done, and of how much; False ends it

MANY = 240  # pictures, unless it is said which
MOST = {".gif": 500, ".mp4": 5000}  # Pillow keeps every picture of a GIF until it is written
PAUSE = 1500  # milliseconds that a GIF rests at its end
MARGIN = 12
PUT_OFF = 40  # times that painters may put off what remains to be drawn


class Cancelled(Exception):
    """A person wants it no longer; nothing was written."""


class Still:
    """The hands of a picture: nobody touches it."""

    def __init__(self, kind: type[Experiment]) -> None:
        self.kind = kind

    def gesture(self) -> int:
        return 0

    def act(self, name: str, arguments: Sequence[Any], gesture: int, replaces: bool = False) -> None: ...
    def set(self, name: str, value: Any, gesture: int) -> None: ...
    def pick(self, name: str, value: Any) -> None: ...

    def is_control(self, name: str) -> bool:
        return name in self.kind.controls


class Projector(QWidget):
    """A stage below a line that tells the step and the metrics; it draws the session as it stands, at once."""

    def __init__(
        self, session: Session, title: str, theme: str, size: tuple[int, int], panels: Sequence[str] = ()
    ) -> None:
        app = QApplication.instance() or QApplication(["watchglass"])
        assert isinstance(app, QApplication)
        super().__init__()
        self.session = session
        look = self.look = Look(themes.LIGHT if theme == "light" else themes.DARK)
        themes.apply(app, look.theme)
        self.stage = Stage(Still(session.kind), look)
        self.title, self.caption = QLabel(title), QLabel()
        self.title.setProperty("heading", True)
        self.caption.setTextFormat(Qt.TextFormat.RichText)
        head = QHBoxLayout()
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.caption)
        box = QVBoxLayout(self)
        box.setContentsMargins(MARGIN, 8, MARGIN, MARGIN)
        box.addLayout(head)
        box.addWidget(self.stage, 1)
        self._names: frozenset[str] | None = None
        self.stage.looking.connect(self._look_at)
        self.resize(size[0] // 2 * 2, size[1] // 2 * 2)  # H.264 has no odd sizes
        self.setAutoFillBackground(True)
        self.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        self.show()
        self.frame = self.draw()
        if panels:
            self._open(panels)

    def _open(self, wanted: Sequence[str]) -> None:
        titles = [title for title, _ in self.stage.panels()]
        if unknown := [title for title in wanted if title not in titles]:
            raise ValueError(f"there is no panel “{unknown[0]}”; there are {', '.join(titles)}")
        for title in titles:
            self.stage.open_panel(title, title in wanted)
        for title in wanted:  # the last one named is in front where several share a place
            for card in self.stage.cards():
                if card.panel.title == title:
                    self.stage.reveal(card)
        self.draw()

    def _look_at(self, names: frozenset[str]) -> None:
        self._names = names

    def draw(self, finest: bool = False) -> Frame:
        """Show the session as it stands; `finest` waits for pictures that grow finer."""
        for _ in range(2):  # once more if the layout changed, and with it what is looked at
            names = self._names
            frame = self.session.draw(names)
            while finest and frame.finer and (finer := self.session.refine(frame)) is not None:
                frame = finer
            self.stage.show_frame(frame)
            for card in self.stage.cards():
                card.size_button.hide()  # nobody presses it in a picture
            if names == self._names:
                break
        self._tell(([] if self.explores else [f"step {frame.t}"]) + measured(self.session, frame.t))
        self.frame = frame
        return frame

    def _tell(self, parts: list[str]) -> None:
        """As many as there is room for."""
        room = self.width() - self.title.sizeHint().width() - 3 * MARGIN
        for many in range(len(parts), -1, -1):
            self.caption.setText(" &nbsp; ".join(parts[:many]))
            if self.caption.sizeHint().width() <= room:
                break

    @property
    def explores(self) -> bool:
        return self.session.kind.explores()

    def picture(self) -> QImage:
        """What is to be seen, with all that its painters put off for the sake of speed."""
        hurry(self)
        return self.grab().toImage().convertToFormat(QImage.Format.Format_RGBX8888)


def measured(session: Session, t: int) -> list[str]:
    """What was measured at a step, each with its symbol, as rich text."""
    symbols, told, known = session.kind.metrics, [], session.metrics()
    for name, value in session.run.columns.row(t).items():
        if name not in known:  # under a seal
            continue
        family, _, member = name.partition("/")
        symbol = rich(f"{symbols.get(family, family)} {member}".strip())
        told.append(f"{symbol} = {value:.4g}".replace("-", "−"))
    return told


def hurry(widget: QWidget) -> None:
    """Let painters do at once what they would do when there is time, as equations do."""
    QApplication.processEvents()
    for _ in range(PUT_OFF):
        waiting = [timer for timer in widget.findChildren(QTimer) if timer.isActive() and timer.isSingleShot()]
        if not waiting:
            break
        for timer in waiting:
            timer.stop()
            timer.timeout.emit()
    QApplication.processEvents()


def every_for(steps: int, every: int | None, suffix: str) -> int:
    """How many steps from one picture to the next; refused where there would be too many of them."""
    if suffix not in MOST:
        raise ValueError(f"a movie is a .gif or an .mp4 file, not {suffix or 'one without an ending'}")
    if every is None:
        return max(1, math.ceil(steps / MANY))
    if every < 1:
        raise ValueError(f"--every must be a whole number from 1, not {every}")
    if (many := math.ceil(steps / every) + 1) > MOST[suffix]:
        most = MOST[suffix]
        least = math.ceil(steps / (most - 1))
        raise ValueError(f"{many} pictures are too many for a {suffix}, which takes {most}: --every {least} or more")
    return every


def pictures(projector: Projector, steps: int, every: int, tick: Tick) -> Iterator[QImage]:
    """The run from its start, at every so many steps and at the last."""
    session = projector.session
    session.seek(0)
    projector.draw()
    yield projector.picture()
    shown = 0
    while session.t < steps and session.step():
        if not tick(session.t, steps):
            raise Cancelled
        if session.t % every == 0:
            projector.draw()
            yield projector.picture()
            shown = session.t
    if session.t != shown:
        projector.draw()
        yield projector.picture()


def write_movie(projector: Projector, path: str, steps: int, every: int | None, fps: float, tick: Tick) -> None:
    """Whole or not at all."""
    suffix = Path(path).suffix.lower()
    if projector.explores:
        raise ValueError(f"{projector.session.kind.name} has no steps to make a movie of: save a picture instead")
    if not 1 <= fps <= 50:
        raise ValueError(f"--fps must be a number from 1 to 50, not {fps:g}")
    every = every_for(steps, every, suffix)
    frames = (as_pillow(image) for image in pictures(projector, steps, every, tick))
    write_whole(path, (_gif if suffix == ".gif" else _mp4)(frames, fps))


def as_pillow(image: QImage) -> Image.Image:
    from PIL import Image

    size = (image.width(), image.height())
    return Image.frombytes("RGB", size, bytes(image.constBits()), "raw", "RGBX", image.bytesPerLine())


def _gif(frames: Iterable[Image.Image], fps: float) -> bytes:
    from PIL.Image import Dither

    few = [frame.quantize(256, dither=Dither.NONE) for frame in frames]
    out = io.BytesIO()
    lengths = [round(100 / fps) * 10] * (len(few) - 1) + [PAUSE]  # a GIF counts in hundredths of a second
    few[0].save(out, "GIF", save_all=True, append_images=few[1:], duration=lengths, loop=0, optimize=False)
    return out.getvalue()


def _mp4(frames: Iterable[Image.Image], fps: float) -> bytes:
    try:
        import imageio_ffmpeg  # noqa: F401  (imageio looks for it only as the first picture comes)
        from imageio import v2 as imageio
    except ImportError:
        raise ValueError('an MP4 needs imageio and its ffmpeg: `pip install -e ".[movie]"`, or write a .gif') from None
    import numpy as np

    with tempfile.TemporaryDirectory(prefix="watchglass-") as folder:
        file = Path(folder) / "movie.mp4"
        told: dict[str, Any] = {"fps": fps, "codec": "libx264", "quality": 8, "macro_block_size": 2}
        with imageio.get_writer(file, format="FFMPEG", **told) as movie:
            for frame in frames:
                movie.append_data(np.asarray(frame))  # type: ignore[attr-defined]
        return file.read_bytes()
