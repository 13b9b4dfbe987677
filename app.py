"""The desktop program: read the arguments, open the window, or write a picture, movie, report … and exit."""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn

import lab  # noqa: F401  (says how many threads before NumPy is imported)
from lab.arguments import parse_settings, seed_from
from lab.catalogue import Catalogue

EXPORTS = ("movie", "report", "csv", "code")
QT_LIBRARIES = {  # what Qt's xcb plugin loads → the Debian package that holds it
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
}


def refuse(message: str) -> NoReturn:
    """One line that says what to do, and exit status 2."""
    print(f"watchglass: {message}", file=sys.stderr)
    raise SystemExit(2)


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="app.py", description="Watchglass: watch models train.")
    parser.add_argument("name", nargs="?", help="the experiment to open (python -m lab list names them)")
    parser.add_argument("--set", action="append", default=[], metavar="K=V", help="set a control")
    parser.add_argument("--seed", default="0", help="the seed of the run")
    parser.add_argument("--open", metavar="FILE", help="open a saved run")
    parser.add_argument("--full-screen", action="store_true")
    parser.add_argument("--steps", type=int, help="go on to this step")
    parser.add_argument("--picture", metavar="OUT.png", help="render without a display to a file, and exit")
    parser.add_argument("--size", default="1280x800", metavar="WxH", help="of the window or picture")
    parser.add_argument("--theme", choices=("system", "light", "dark"), default="")
    parser.add_argument("--movie", metavar="OUT.mp4", help="play the run into a .gif or .mp4 without a display")
    parser.add_argument("--every", type=int, metavar="K", help="a picture of the movie every K steps")
    parser.add_argument("--fps", type=float, default=12.0, metavar="F", help="pictures of the movie a second")
    parser.add_argument("--report", metavar="OUT.html", help="write a report as .html or .pdf without a display")
    parser.add_argument("--moments", type=int, default=4, metavar="N", help="pictures in the report")
    parser.add_argument("--panel", action="append", default=[], metavar="TITLE", help="of movie and report: only these")
    parser.add_argument("--csv", metavar="OUT.csv", help="write the metrics of every step")
    parser.add_argument("--code", metavar="OUT.py", help="write a plain script that trains the same model")
    parser.add_argument("--quit-after", type=float, metavar="S", help="close by itself, for tests")
    return parser.parse_args(given)


def missing_libraries() -> list[str]:
    """The Debian packages of Qt's system libraries that are not there."""
    missing = []
    for library, package in QT_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def check_display(picture: bool) -> None:
    """Qt would abort the process; say what is missing instead."""
    if not sys.platform.startswith("linux"):
        return
    if picture:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    offscreen = os.environ.get("QT_QPA_PLATFORM", "") in ("offscreen", "minimal")
    if not offscreen and not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        refuse(
            "there is no display. Render a picture with `python app.py NAME --steps 100 --picture out.png`, "
            "or use a virtual display: `xvfb-run -a python app.py`."
        )
    needed = missing_libraries()
    if offscreen:
        needed = [package for package in needed if not package.startswith(("libxcb", "libxkbcommon"))]
    if needed:
        refuse(f"Qt needs system libraries that are missing. On Debian: `apt-get install {' '.join(needed)}`.")


def silence() -> None:
    """Without a display Qt complains that it has none."""
    from PySide6.QtCore import qInstallMessageHandler

    qInstallMessageHandler(lambda kind, context, message: None if "plugin" in message else print(message))


class Progress:
    """Tells how far it is, on a line that the open window reads too."""

    due = 0.0

    def __call__(self, done: int, whole: int) -> bool:
        if monotonic() >= self.due or done == whole:
            self.due = monotonic() + 0.1
            print(f"\r{done}/{whole}", end="\n" if done == whole else "", flush=True)
        return True


def export(wanted: argparse.Namespace, catalogue: Catalogue, settings: dict[str, Any], size: tuple[int, int]) -> int:
    """Write what is asked for of a run, movie, report, metrics or script, and leave."""
    from lab import glass
    from lab.exports import as_csv, code_of, done_midway
    from lab.files import write_whole
    from lab.seal import LEFT_OUT
    from lab.session import Session

    if wanted.movie or wanted.report:
        silence()
    if wanted.open:
        session, steps = glass.read(wanted.open, catalogue)
    else:
        session, steps = Session(catalogue.load(wanted.name), settings, seed_from(wanted.seed)), 100
    steps = steps if wanted.steps is None else wanted.steps
    for path, usual in ((wanted.movie, "dark"), (wanted.report, "light")):  # a report is for paper
        if path:
            from widgets.movie import Projector, write_movie
            from widgets.report import write_report

            theme = wanted.theme if wanted.theme in ("light", "dark") else usual
            entry = catalogue[session.kind.name]
            projector = Projector(session, entry.heading, theme, size, wanted.panel)
            if path == wanted.movie:
                write_movie(projector, path, steps, wanted.every, wanted.fps, Progress())
            else:
                write_report(projector, path, steps, wanted.moments, entry.line, Progress())
            projector.close()
    if wanted.csv or wanted.code:
        session.seek(steps)
    if wanted.csv:
        write_whole(wanted.csv, as_csv(session.metrics()))
        if session.metrics().keys() != session.run.columns.arrays.keys():
            print(f"watchglass: {LEFT_OUT}", file=sys.stderr)
    if wanted.code:
        write_whole(wanted.code, code_of(session))
        if done_midway(session):
            print("watchglass: what was done midway is not in the script", file=sys.stderr)
    return 0


def main(given: list[str]) -> int:
    wanted = arguments(given)
    catalogue = Catalogue()
    try:
        width, height = (int(part) for part in wanted.size.lower().split("x"))
        if not (320 <= width <= 8000 and 240 <= height <= 8000):
            raise ValueError
    except ValueError:
        refuse(f"--size must be WIDTHxHEIGHT from 320x240 to 8000x8000, not {wanted.size}")
    try:
        seed = seed_from(wanted.seed)
        if wanted.name:
            catalogue[wanted.name]  # is there; to load it here would keep the window waiting
        settings = parse_settings(catalogue.load(wanted.name), wanted.set) if wanted.name and wanted.set else {}
        if wanted.set and not wanted.name:
            raise ValueError("--set needs the name of an experiment")
        if wanted.steps is not None and wanted.steps < 0:
            raise ValueError(f"--steps must be a whole number from 0, not {wanted.steps}")
        for option in ("picture", *EXPORTS):
            path = getattr(wanted, option)
            if path and not (wanted.name or wanted.open):
                raise ValueError(f"--{option} needs the name of an experiment, or --open FILE")
            if path and not Path(path).resolve().parent.is_dir():
                raise ValueError(f"there is no folder {Path(path).resolve().parent} to write the {option} to")
        if wanted.open and not Path(wanted.open).is_file():
            raise ValueError(f"there is no file {wanted.open}")
    except ValueError as wrong:
        refuse(str(wrong))
    drawn = bool(wanted.picture or wanted.movie or wanted.report)
    exported = any(getattr(wanted, option) for option in EXPORTS)
    if drawn or not exported:
        check_display(drawn)
    try:
        if exported:
            return export(wanted, catalogue, settings, (width, height))
        from PySide6.QtCore import QSettings, QTimer
        from PySide6.QtWidgets import QApplication
    except ImportError as wrong:
        refuse(f"Qt cannot be loaded ({wrong}). Install it with `pip install 'PySide6-Essentials>=6.8,<6.12'`.")
    except (OSError, ValueError) as wrong:
        refuse(str(wrong))
    except KeyboardInterrupt:
        print("\nwatchglass: stopped; nothing was written", file=sys.stderr)
        return 130

    from widgets.window import Window

    if wanted.picture:
        silence()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    app.setApplicationName("Watchglass")
    app.setOrganizationName("Watchglass")
    remembered = QSettings(os.devnull, QSettings.Format.IniFormat) if wanted.picture else QSettings()
    window = Window(catalogue, remembered, wanted.theme)
    sys.excepthook = window.tell_mistake
    if wanted.open:
        window.open_file(wanted.open)
    else:
        window.open_experiment(wanted.name or window.last_experiment(), settings, seed)
    if wanted.steps:
        window.engine.seek(wanted.steps)
    if wanted.picture or "--size" in given:
        window.resize(width, height)
    if wanted.picture:
        from widgets.picture import render

        try:
            return render(window, wanted.picture, wanted.steps or 0)
        except (OSError, ValueError) as wrong:
            refuse(str(wrong))
    window.gone.connect(app.quit)
    (window.showFullScreen if wanted.full_screen else window.show)()
    if wanted.quit_after is not None:
        QTimer.singleShot(int(wanted.quit_after * 1000), window.close)
    status = app.exec()
    if window.stuck:
        os._exit(status)
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
