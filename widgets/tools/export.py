"""What others can use of a run: pictures, tables, arrays, weights, a movie, a report."""

from __future__ import annotations

import inspect
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import QProcess, QProcessEnvironment, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from lab import exports, glass
from lab.files import write_whole
from lab.seal import LEFT_OUT
from lab.session import Session
from widgets.movie import MOST, every_for, hurry
from widgets.panel import Card
from widgets.stage import Stage
from widgets.still import write_picture
from widgets.tools import Tool

PROGRAM = Path(__file__).resolve().parents[2] / "app.py"
PICTURES = {".png": "PNG picture", ".svg": "SVG drawing"}
MOVIES = {".gif": "GIF, shown everywhere", ".mp4": "MP4, smaller and sharper"}
NO_COPY = "The copy of the run that it is made of cannot be written to the folder for temporary files: {}."
REPORTS = {".html": "Page (HTML)", ".pdf": "Paper (PDF)"}


# ---------------------------------------------------------------- what all of them share


def ask_path(window: QWidget, title: str, stem: str, kinds: Mapping[str, str]) -> str:
    """Where to write to: the ending says as what, and is added where it is missing."""
    filters = [f"{name} (*{ending})" for ending, name in kinds.items()]
    path, chosen = QFileDialog.getSaveFileName(window, title, f"{stem}{next(iter(kinds))}", ";;".join(filters))
    if path and Path(path).suffix.lower() not in kinds:
        path += next((ending for ending in kinds if f"*{ending})" in chosen), next(iter(kinds)))
    return path


class Form(QDialog):
    """A few labelled fields and a button that goes on."""

    def __init__(self, parent: QWidget, title: str, fields: Mapping[str, QWidget], note: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rows = QFormLayout()
        for label, field in fields.items():
            field.setAccessibleName(label)
            rows.addRow(label, field)
        self.note = QLabel(note)
        self.note.setProperty("quiet", True)
        self.note.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        for button in self.buttons.buttons():
            button.setIcon(QIcon())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.addLayout(rows)
        box.addWidget(self.note)
        box.addWidget(self.buttons)
        self.setMinimumWidth(380)


class Written(Tool):
    """A tool that writes one file in the engine's thread, and says where."""

    section = "Share"

    def write(self, path: str, made: Callable[[Session], bytes]) -> None:
        def do(session: Session) -> str:
            try:
                write_whole(path, made(session))
            except OSError as wrong:
                return f"{Path(path).name} cannot be written: {wrong.strerror}."
            except ValueError as wrong:
                return f"{wrong}."
            return ""

        self.window.engine.ask(do, lambda wrong: self.tell(path, wrong))

    def tell(self, path: str, wrong: str) -> None:
        if wrong:
            self.window.banner.say("failure", wrong, bad=True)
        else:
            self.window.banner.say("saved", f"Saved as {path}.")

    def stem(self) -> str:
        assert self.window.kind is not None
        return self.window.kind.name.replace(":", "-")


# ---------------------------------------------------------------- pictures


class SavePicture(Written):
    title = "Save a picture …"
    keys = "Ctrl+Shift+S"
    help = "The stage or one panel of it, as a PNG of any size or an SVG. A right-click on a panel's title does it too."

    def use(self) -> None:
        self.offer()

    def offer(self, card: Card | None = None) -> None:
        """Ask what and how large; with a card, only how large."""
        parts = self.parts()
        which, scale = QComboBox(), QDoubleSpinBox()
        which.addItems(list(parts))
        which.setCurrentIndex(next((i for i, part in enumerate(parts.values()) if part is card), 0))
        scale.setRange(0.5, 8.0)
        scale.setValue(2.0)
        scale.setSingleStep(0.5)
        form = Form(self.window, "Save a picture", {"What": which, "Scale": scale})

        def say() -> None:
            size = parts[which.currentText()].size() * scale.value()
            form.note.setText(f"{size.width()} × {size.height()} pixels as PNG; an SVG has no scale of its own.")

        which.currentTextChanged.connect(say)
        scale.valueChanged.connect(say)
        say()
        form.accepted.connect(lambda: self.save(parts[which.currentText()], which.currentText(), scale.value()))
        form.open()

    def parts(self) -> dict[str, QWidget]:
        """What can be seen now, by the names that a person would give it."""
        window = self.window
        stages = [stage for stage in window.stages.findChildren(Stage) if stage.isVisible()]
        parts: dict[str, QWidget] = {"The stage": window.stages, "The whole window": window}
        for lane, stage in enumerate(stages, 1):
            for card in stage.visible_cards():
                name = card.panel.title or "Panel"
                name = f"{name}, lane {lane}" if len(stages) > 1 else name
                parts[name if name not in parts else f"{name} ({len(parts)})"] = card
        return parts

    def save(self, widget: QWidget, name: str, scale: float) -> None:
        said = f"{self.stem()} {name.lower().removeprefix('the ')}".replace(" ", "-").replace("/", "-")
        path = ask_path(self.window, "Save a picture", said, PICTURES)
        if not path:
            return
        hurry(self.window.stages)
        try:
            if not isValid(widget):  # the panels follow some controls, and the run went on
                raise ValueError
            write_picture(widget, path, scale)
            self.tell(path, "")
        except ValueError:
            self.tell(path, "That panel is no longer there; choose another one.")
        except OSError as wrong:
            self.tell(path, f"{Path(path).name} cannot be written: {wrong.strerror}.")


# ---------------------------------------------------------------- numbers


class SaveMetrics(Written):
    title = "Save the metrics …"
    help = "Every metric at every step so far, as a CSV table."

    def use(self) -> None:
        if path := ask_path(self.window, "Save the metrics", f"{self.stem()}-metrics", {".csv": "Table (CSV)"}):
            self.write(path, lambda session: exports.as_csv(session.metrics()))

    def tell(self, path: str, wrong: str) -> None:
        super().tell(path, wrong)
        if not wrong and self.window.frame is not None and self.window.frame.seal.closed:
            self.window.banner.say("saved", f"Saved as {path}. {LEFT_OUT}")


class SaveArrays(Written):
    title = "Save the arrays …"
    help = "What the open panels show at this step, as the arrays of an NPZ file for NumPy."

    def why_not(self) -> str:
        return super().why_not() or ("" if self.window.frame is not None else "Nothing is shown yet.")

    def use(self) -> None:
        assert self.window.frame is not None
        values = self.window.frame.values  # of the moment that is seen, whatever is trained meanwhile
        if path := ask_path(self.window, "Save the arrays", f"{self.stem()}-arrays", {".npz": "NumPy arrays"}):
            self.write(path, lambda _: exports.as_npz(values))


class SaveWeights(Written):
    title = "Save the weights …"
    help = "As safetensors, or as a state_dict that torch.load reads with weights_only=True."

    def why_not(self) -> str:
        kind = self.window.kind
        offers = inspect.isfunction(getattr(kind, "weights", None))  # and not a picture of that name
        return super().why_not() or ("" if offers else "This experiment has no weights to hand out.")

    def use(self) -> None:
        kinds = {".safetensors": "safetensors", ".pt": "PyTorch state_dict"}
        if path := ask_path(self.window, "Save the weights", f"{self.stem()}-weights", kinds):
            form = exports.WEIGHTS[Path(path).suffix.lower()]
            self.write(path, lambda session: form(exports.weights_of(session)))


# ---------------------------------------------------------------- movies and reports


class Errand(QWidget):
    """Another process that renders a run, with its progress and a button to cancel it."""

    over = Signal(str)  # why it failed, or nothing

    def __init__(self, path: str, folder: str, words: Iterable[str]) -> None:
        super().__init__()
        self.path, self.folder = path, Path(folder)
        self.made = self.folder / f"made{Path(path).suffix.lower()}"
        self.label = QLabel(f"Making {Path(path).name} …")
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName("How far it is")
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self.stop)
        box = QVBoxLayout(self)
        for part in (self.label, self.bar, self.cancel):
            box.addWidget(part)
        box.setAlignment(self.cancel, Qt.AlignmentFlag.AlignLeft)
        box.addStretch(1)
        self.process = QProcess(self)
        surroundings = QProcessEnvironment.systemEnvironment()
        for name in ("TMPDIR", "TEMP", "TMP"):  # so that nothing stays behind, however it ends
            surroundings.insert(name, folder)
        self.process.setProcessEnvironment(surroundings)
        self.process.readyReadStandardOutput.connect(self._hear)
        self.process.finished.connect(self._finish)
        self.process.errorOccurred.connect(self._stumble)
        self._stopped = self._over = False
        self.process.start(sys.executable, [str(PROGRAM), *words, str(self.made)])

    def stop(self) -> None:
        """End it at once; what was there before under that name stays."""
        self._stopped = True
        self.process.kill()

    def _hear(self) -> None:
        told = bytes(self.process.readAllStandardOutput().data()).decode(errors="replace")
        done, _, whole = told.strip().split("\r")[-1].partition("/")
        if done.isdigit() and whole.isdigit():
            self.bar.setRange(0, int(whole))
            self.bar.setValue(int(done))

    def _stumble(self, wrong: QProcess.ProcessError) -> None:
        if wrong == QProcess.ProcessError.FailedToStart:
            self._end("Python could not be started")

    def _finish(self, status: int, how: QProcess.ExitStatus) -> None:
        if self._stopped:
            self._end("cancelled")
        elif status or how != QProcess.ExitStatus.NormalExit:
            told = bytes(self.process.readAllStandardError().data()).decode(errors="replace").strip().splitlines()
            self._end(told[-1].removeprefix("watchglass: ") if told else "it ended for no reason that it told")
        else:
            try:
                write_whole(self.path, self.made.read_bytes())
                self._end("")
            except OSError as wrong:
                self._end(f"{Path(self.path).name} cannot be written: {wrong.strerror}")

    def _end(self, wrong: str) -> None:
        if self._over:
            return
        self._over = True
        shutil.rmtree(self.folder, ignore_errors=True)
        self.over.emit(wrong)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Its tab was closed, or the window."""
        if not self._over:
            self.blockSignals(True)
            self.process.blockSignals(True)
            self.process.kill()
            self.process.waitForFinished(2000)
            self._end("cancelled")
        super().closeEvent(event)


class Rendered(Written):
    """A tool whose file another process makes of a copy of the run."""

    def render(self, path: str, option: str, words: list[str], steps: int) -> None:
        """Save the run as it stands, and have it rendered; meanwhile the window goes on."""
        window = self.window
        try:
            folder = tempfile.mkdtemp(prefix="watchglass-")
        except OSError as wrong:
            self.tell(path, NO_COPY.format(wrong.strerror))
            return
        saved = str(Path(folder) / "run.glass")
        size = window.stages.size().expandedTo(QSize(640, 400))
        words = ["--open", saved, "--steps", str(steps), "--size", f"{size.width()}x{size.height()}", *words]
        words += [f"--panel={title}" for title in self.open_panels()]

        def copy(session: Session) -> str:
            try:
                glass.save(session, saved)
            except OSError as wrong:
                return NO_COPY.format(wrong.strerror)
            return ""

        def begin(wrong: str) -> None:
            if wrong:
                shutil.rmtree(folder, ignore_errors=True)
                self.tell(path, wrong)
                return
            errand = Errand(path, folder, [*words, f"--{option}"])
            errand.over.connect(lambda wrong: self.arrived(errand, wrong))
            window.gone.connect(errand.close)
            window.drawer.put(Path(path).name, errand)

        window.engine.ask(copy, begin)

    def open_panels(self) -> list[str]:
        """What the stage shows, last what is in front."""
        stage = self.window.stage
        if stage.enlarged is not None:
            return [stage.enlarged.panel.title]
        front = [card.panel.title for card in stage.visible_cards()]
        return [title for title, shown in stage.panels() if shown and title not in front] + front

    def arrived(self, errand: Errand, wrong: str) -> None:
        self.window.drawer.take(errand)
        if wrong == "cancelled":
            self.window.banner.say("saved", f"{Path(errand.path).name} was cancelled; nothing was written.")
        else:
            self.tell(errand.path, wrong and f"{wrong.rstrip('.')}.")


class SaveMovie(Rendered):
    title = "Save a movie …"
    help = "The run from its start to the last step reached, as a GIF or an MP4."

    def why_not(self) -> str:
        if why := super().why_not():
            return why
        assert self.window.kind is not None
        if self.window.kind.explores():
            return "There are no steps to make a movie of; save a picture instead."
        return "" if self.window.frame is not None and self.window.frame.end else "Train a few steps first."

    def use(self) -> None:
        assert self.window.frame is not None
        end = self.window.frame.end
        every, fps = QSpinBox(), QSpinBox()
        every.setRange(1, max(1, end))
        every.setValue(every_for(end, None, ".gif"))
        fps.setRange(1, 50)
        fps.setValue(12)
        form = Form(self.window, "Save a movie", {"A picture every … steps": every, "Pictures a second": fps})

        def say() -> None:
            many = -(-end // every.value()) + 1
            wrong = f" A GIF takes {MOST['.gif']} pictures at most." if many > MOST[".gif"] else ""
            form.note.setText(f"{many} pictures of steps 0 to {end}: {many / fps.value():.1f} s.{wrong}")

        every.valueChanged.connect(say)
        fps.valueChanged.connect(say)
        say()
        form.accepted.connect(lambda: self.make(end, every.value(), fps.value()))
        form.open()

    def make(self, end: int, every: int, fps: int) -> None:
        if path := ask_path(self.window, "Save a movie", self.stem(), MOVIES):
            theme = self.window.look.theme.name
            self.render(path, "movie", ["--every", str(every), "--fps", str(fps), "--theme", theme], end)


class SaveReport(Rendered):
    title = "Save a report …"
    help = "Settings, seed, key moments, curves, the equation and the command for it, as a page or on paper."

    def use(self) -> None:
        moments = QSpinBox()
        moments.setRange(1, 24)
        moments.setValue(4)
        note = "From the first step to the last reached, closer together where more happened."
        form = Form(self.window, "Save a report", {"Key moments": moments}, note)
        form.accepted.connect(lambda: self.make(moments.value()))
        form.open()

    def make(self, moments: int) -> None:
        if path := ask_path(self.window, "Save a report", f"{self.stem()}-report", REPORTS):
            end = self.window.frame.end if self.window.frame is not None else 0
            self.render(path, "report", ["--moments", str(moments), "--theme", "light"], end)


TOOLS: tuple[type[Tool], ...] = (SavePicture, SaveMetrics, SaveArrays, SaveWeights, SaveMovie, SaveReport)
