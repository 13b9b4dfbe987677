"""The desktop program: read the arguments, open the window, or render a picture of it and exit."""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
from pathlib import Path
from typing import NoReturn

import lab  # noqa: F401  (says how many threads before NumPy is imported)
from lab.arguments import parse_settings, seed_from
from lab.catalogue import Catalogue

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
        settings = parse_settings(catalogue.load(wanted.name), wanted.set) if wanted.name else {}
        if wanted.set and not wanted.name:
            raise ValueError("--set needs the name of an experiment")
        if wanted.steps is not None and wanted.steps < 0:
            raise ValueError(f"--steps must be a whole number from 0, not {wanted.steps}")
        if wanted.picture and not (wanted.name or wanted.open):
            raise ValueError("--picture needs the name of an experiment, or --open FILE")
        if wanted.picture and not Path(wanted.picture).resolve().parent.is_dir():
            raise ValueError(f"there is no folder {Path(wanted.picture).resolve().parent} to write the picture to")
        if wanted.open and not Path(wanted.open).is_file():
            raise ValueError(f"there is no file {wanted.open}")
    except ValueError as wrong:
        refuse(str(wrong))
    check_display(bool(wanted.picture))
    try:
        from PySide6.QtCore import QSettings, QTimer, qInstallMessageHandler
        from PySide6.QtWidgets import QApplication
    except ImportError as wrong:
        refuse(f"Qt cannot be loaded ({wrong}). Install it with `pip install 'PySide6-Essentials>=6.8,<6.12'`.")

    from widgets.window import Window

    if wanted.picture:
        qInstallMessageHandler(lambda kind, context, message: None if "plugin" in message else print(message))
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
