"""A full disk: every file that is written to it is refused in a sentence, the one before stays, and the app lives on.

`python -m tests.breaking.test_full_disk FOLDER` is the app, with a folder that takes no more than a little.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog

from tests.breaking.driven import drive, said
from tests.breaking.measured import ROOT, surroundings
from widgets.tools import autosave
from widgets.tools.export import SaveArrays, SaveMetrics, SavePicture, SaveReport
from widgets.window import Window

ROOM = 256 * 1024
BEFORE = {"run.glass": b"{}", "metrics.csv": b"t,loss\n", "arrays.npz": b"PK",
          "stage.png": b"\x89PNG", "page.html": b"<p>"}  # fmt: skip
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a disk of a few bytes is mounted as Linux does")


def fill(folder: Path) -> None:
    """The disk is full to the last byte; where none could be mounted, no file may have more than a few."""
    if not os.path.ismount(folder):
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        return
    with (folder / "ballast").open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue


def main(folder: Path) -> None:
    autosave.LEAST = 0
    for name, content in BEFORE.items():
        (folder / name).write_bytes(content)

    def act(window: Window) -> dict[str, Any]:
        tools = {type(tool): tool for tool in window.tools}
        fill(folder)
        told: dict[str, Any] = {"mounted": os.path.ismount(folder)}
        window.engine.seek(3)
        window.engine.act("move_centre", [0, 1.0, 2.0])
        told["autosave"] = said(window, "autosave")
        for name in BEFORE:
            path = str(folder / name)
            QFileDialog.getSaveFileName = lambda *_, path=path, **__: (path, "")  # type: ignore[method-assign]
            window.banner.dismiss()
            if name == "run.glass":
                window.engine.save(path)
            elif name == "metrics.csv":
                tools[SaveMetrics].use()
            elif name == "arrays.npz":
                tools[SaveArrays].use()
            elif name == "page.html":
                tools[SaveReport].make(1)  # type: ignore[attr-defined]
            else:
                tools[SavePicture].save(window.stages, "stage", 1.0)  # type: ignore[attr-defined]
            told[name] = said(window, "failure")
        tempfile.tempdir = str(folder)
        window.banner.dismiss()
        tools[SaveReport].make(1)  # type: ignore[attr-defined]
        told["copy"] = said(window, "failure")
        told["left"] = {p.name: p.read_bytes().decode("latin-1") for p in folder.iterdir() if p.is_file()}
        return told

    drive(act, "k-means")


def mounted(folder: Path) -> list[str]:
    """How to run a command that sees a small disk at this folder; nobody else does, and it goes with the command."""
    room = ["unshare", *([] if os.getuid() == 0 else ["--user", "--map-root-user"]), "--mount", "sh", "-c",
            f'mount -t tmpfs -o size={ROOM} tmpfs "$0" && exec "$@"', str(folder)]  # fmt: skip
    try:
        able = subprocess.run([*room, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        able = False
    return room if able else []


def test_a_full_disk_is_told_in_a_sentence_and_the_files_before_stay(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = [*mounted(folder), sys.executable, "-m", "tests.breaking.test_full_disk", str(folder)]
    home = surroundings(tmp_path, XDG_DATA_HOME=str(folder / "data"))
    done = subprocess.run(command, cwd=ROOT, env=home, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    why = "No space left on device" if told["mounted"] else "File too large"
    assert told["autosave"].startswith("No copy of this run is kept against a crash: ")
    assert told["autosave"].endswith(("cannot be written.", f"{why}."))  # the lock of the copy, or the copy itself
    for name in BEFORE:
        assert told[name] == f"{name} cannot be written: {why}."
    assert told["copy"].startswith("The copy of the run that it is made of cannot be written")
    left = {name: content for name, content in told["left"].items() if name != "ballast"}
    assert left == {name: content.decode("latin-1") for name, content in BEFORE.items()}
    assert not [line for line in done.stderr.splitlines() if "Traceback" in line]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
