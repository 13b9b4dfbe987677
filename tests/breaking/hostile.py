"""A process that opens many broken files, one after the other, and prints a line of JSON on what became of each.

`python -m tests.breaking.hostile FOLDER` opens every file or folder there as its name's first word says. It may take
no more than a gigabyte, and an audit hook notes whatever no file may bring about: a process, a socket, a pickle, a
file that is written.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from PIL import Image

from lab import glass
from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.data import folders, mnist, photos, sheet, texts
from widgets.controls.picture import read

HANG = 30  # seconds of the clock after which the process is ended and says where it stood
GIGABYTE = 2**30
FORBIDDEN = ("subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.remove", "os.rename",
             "pickle.", "socket.", "shutil.", "ctypes.dlopen", "webbrowser.")  # fmt: skip
CATALOGUE = Catalogue()


def glass_run(path: Path) -> None:
    """As the window opens it, and a few steps of what it holds."""
    session, t = glass.read(path, CATALOGUE)
    session.seek(min(t, 8))
    session.draw()


def points(path: Path) -> None:
    found = sheet.opened(str(path))
    sheet.points(found, *found.usual())
    sheet.chosen(str(path))


def picture(path: Path) -> None:
    assert read(path, 28, 28).shape == (28, 28)


OPENERS: dict[str, Callable[[Path], object]] = {
    "glass": glass_run,
    "sheet": points,
    "picture": picture,
    "photo": lambda path: photos.opened(str(path), 64),
    "folder": lambda path: folders.pictures(str(path), 16),
    "mnist": lambda path: mnist.mnist(str(path)),
    "text": texts.load,
}


def opened(path: Path) -> tuple[str, str]:
    """How it went and what was said: only a plain ValueError of one sentence is a refusal."""
    try:
        OPENERS[path.name.split("-")[0]](path)
    except (ValueError, Unfit) as refused:
        said = str(refused)
        plain = type(refused) in (ValueError, Unfit) and said and len(said) <= 400 and "\n" not in said
        return ("refused" if plain else "fault"), f"{type(refused).__name__}: {said}"
    except BaseException as wrong:
        return "fault", f"{type(wrong).__name__}: {wrong}"
    return "opened", ""


def main(folder: Path) -> None:
    done: list[str] = []

    def hear(event: str, given: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(given[1], str) and set(given[1]) & set("wax+")
        if armed and (writes or event.startswith(FORBIDDEN)):
            done.append(f"{event} {given!r}"[:200])

    armed = False
    sys.addaudithook(hear)
    for name in CATALOGUE.entries:
        CATALOGUE.load(name)  # what the program itself imports is not what a file brings about
    Image.init()
    np.random.default_rng(0)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + GIGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for path in sorted(folder.iterdir()):
        faulthandler.dump_traceback_later(HANG, exit=True)
        began, armed = process_time(), True
        how, said = opened(path)
        armed = False
        told = {"file": path.name, "how": how, "said": said, "seconds": process_time() - began, "done": list(done)}
        print(json.dumps(told), flush=True)
        done.clear()
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
