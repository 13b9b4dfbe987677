"""A process killed at any moment of a save, an autosave or an export leaves the previous file or the next one, whole.

`python -m tests.breaking.test_kill KIND PATH` writes to PATH over and over, until it is killed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEventLoop

from lab import exports, glass
from lab.catalogue import Catalogue
from lab.session import Session
from tests.bench.measure import opened, spin, wait
from tests.breaking.measured import ROOT, surroundings
from widgets.still import write_picture
from widgets.tools import autosave
from widgets.tools.autosave import Autosave
from widgets.tools.export import SaveArrays, SaveMetrics
from widgets.window import Window

KINDS = {"save": ".glass", "autosave": ".glass", "picture": ".png", "metrics": ".csv", "arrays": ".npz"}
CATALOGUE = Catalogue()
NUMBER = "[0-9a-f]" * 32
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def main(kind: str, path: str) -> None:
    """What a person does, faster than any: each writing has more to write than the one before."""
    autosave.LEAST = 0
    with opened("k-means", {"k": 3}) as window:
        window.engine.seek(20)
        wait(lambda: window.frame is not None and window.frame.t > 0)
        written = writer(window, kind, path)
        print("on", flush=True)
        for i in range(100_000):
            window.engine.act("move_centre", [0, 1.0 + i % 7, 2.0], gesture=i)
            window.engine.step()
            written()


def writer(window: Window, kind: str, path: str) -> Callable[[], None]:
    """One file, written whole through the tool or the engine that writes it."""
    loop = QEventLoop()
    window.engine.saved.connect(loop.quit)

    def ordered(order: Callable[[], object]) -> Callable[[], None]:
        def done() -> None:
            order()
            window.engine.ask(lambda _: None, lambda _: loop.quit())
            loop.exec()

        return done

    if kind == "save":
        return ordered(lambda: window.engine.save(path))
    if kind == "autosave":
        tool = next(tool for tool in window.tools if isinstance(tool, Autosave))

        def keep() -> None:
            tool.rest.stop()
            tool.kept = None
            tool.keep()

        return ordered(keep)
    if kind == "metrics":
        metrics = next(tool for tool in window.tools if isinstance(tool, SaveMetrics))
        return ordered(lambda: metrics.write(path, lambda session: exports.as_csv(session.metrics()) * 20))
    if kind == "arrays":
        arrays = next(tool for tool in window.tools if isinstance(tool, SaveArrays))
        return ordered(lambda: arrays.write(path, lambda session: exports.as_npz(session.draw().values)))

    def draw() -> None:
        spin(0.001)
        write_picture(window.stages, path, 0.5)

    return draw


def intact(path: Path) -> None:
    """It opens, all of it."""
    if path.suffix == ".glass":
        session, t = glass.read(path, CATALOGUE)
        assert (session.kind.name, session.experiment.settings()["k"]) == ("k-means", 3)
        assert t >= len(session.run.journal) - 1
    elif path.suffix == ".png":
        with Image.open(path) as picture:
            picture.load()
            assert min(picture.size) > 100
    elif path.suffix == ".csv":
        text = path.read_text()
        assert text.startswith("t,loss,moved")
        assert text.endswith("\n")
        assert {line.count(",") for line in text.splitlines()} == {3}
    else:
        with np.load(path, allow_pickle=False) as arrays:
            assert arrays["centres"].shape == (3, 2)


def killed(kind: str, home: Path, moment: float) -> list[Path]:
    """The files under their final names after a kill so long after the first of them was there to be replaced."""
    target = home / f"run{KINDS[kind]}"
    told = [sys.executable, "-m", "tests.breaking.test_kill", kind, str(target)]
    child = subprocess.Popen(told, cwd=ROOT, env=surroundings(home), stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    while (line := child.stdout.readline()) != "on\n":
        assert line, f"it ended with {child.wait()}"
    find = (lambda: list(home.rglob(f"{NUMBER}.glass"))) if kind == "autosave" else lambda: [target] * target.exists()
    until = monotonic() + 20
    while not find() and monotonic() < until:
        sleep(0.005)
    sleep(moment)  # the moment is drawn, not waited for: anything may go on in it
    assert child.poll() is None, "it ended before it was killed"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    return find()


def struck(number: int, home: Path) -> None:
    rng = random.Random(number)
    kind = list(KINDS)[number % len(KINDS)]
    found = killed(kind, home, rng.random() * 0.4)
    assert len(found) == 1, found
    intact(found[0])
    stray = [path for path in home.glob("*run*") if path != found[0] and not path.name.endswith(".part")]
    assert stray == []


@pytest.mark.parametrize("number", range(6))
def test_a_kill_leaves_a_whole_file(tmp_path: Path, number: int) -> None:
    struck(number, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", [6, 17, 28, 39])
def test_fifty_kills_leave_whole_files(tmp_path: Path, first: int) -> None:
    for number in range(first, first + 11):
        home = tmp_path / str(number)
        home.mkdir()
        struck(number, home)


def test_what_a_kill_would_leave_of_a_plain_write_is_seen(tmp_path: Path) -> None:
    """The judge is judged: half a file of each kind is not taken for a whole one."""
    session = Session(CATALOGUE.load("k-means"), {"k": 3})
    session.seek(3)
    glass.save(session, tmp_path / "run.glass")
    (tmp_path / "run.csv").write_bytes(exports.as_csv(session.metrics()))
    (tmp_path / "run.npz").write_bytes(exports.as_npz(session.draw().values))
    Image.effect_noise((300, 300), 9).save(tmp_path / "run.png")
    for path in sorted(tmp_path.iterdir()):
        intact(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        with pytest.raises(Exception, match=r"."):
            intact(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
