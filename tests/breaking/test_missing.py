"""Without a font, OpenGL, a GPU or an optional package the app says what is missing, and lives on.

`python -m tests.breaking.test_missing WHAT` is the app where that is so.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QFontInfo, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel

from lab.axes import axis
from lab.sweep import Grid
from tests.bench.measure import wait
from tests.breaking.driven import drive, said
from tests.breaking.measured import told_by
from widgets.theme import font_families
from widgets.tools.export import SaveMovie, SaveWeights
from widgets.tools.sweep import Sweeping
from widgets.window import Window

FONTLESS = "<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig></fontconfig>"
EXTRAS = ("imageio", "imageio_ffmpeg", "safetensors", "distributed")


def choosing(path: Path) -> str:
    """The person names this file in the dialog."""
    QFileDialog.getSaveFileName = lambda *_, **__: (str(path), "")  # type: ignore[method-assign]
    return str(path)


def tool(window: Window, kind: type) -> Any:
    return next(tool for tool in window.tools if isinstance(tool, kind))


def font(window: Window) -> dict[str, Any]:
    image: QImage = window.grab().toImage()
    shades = {image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}
    used = QFontInfo(QApplication.font()).family()
    return {"ours": used in font_families(), "shades": len(shades)}


def opengl(window: Window) -> str:
    """Every word that the panel of the surface says."""
    for title, _ in window.stage.panels():
        window.stage.open_panel(title, True)

    def words() -> list[str]:
        labels = [label.text() for label in window.stage.findChildren(QLabel) if label.isVisible()]
        drawn = [getattr(card, "text", "") for card in window.stage.cards()]
        return [text for text in [*labels, *map(str, drawn)] if "OpenGL" in text]

    wait(lambda: bool(words()))
    return words()[0]


def gpu(window: Window) -> str:
    column = window.column
    assert column is not None
    window.engine.set("device", "cuda")
    wait(lambda: bool(column.editors["device"].wrong.text()))
    return column.editors["device"].wrong.text()


def imageio(window: Window) -> str:
    choosing(Path(sys.argv[2]) / "run.mp4")
    window.engine.seek(2)
    tool(window, SaveMovie).make(2, 1, 12)
    return said(window, "failure")


def safetensors(window: Window) -> list[str]:
    path = choosing(Path(sys.argv[2]) / "weights.safetensors")
    tool(window, SaveWeights).use()
    said(window, "saved")
    raw = Path(path).read_bytes()
    return sorted(json.loads(raw[8 : 8 + int(np.frombuffer(raw[:8], "<u8")[0])]))


def distributed(window: Window) -> str:
    assert window.kind is not None
    sweeping = tool(window, Sweeping)
    sweeping.begin(Grid(window.kind, (axis(window.kind, "k=2,3"),), 2), "loss", "tcp://127.0.0.1:9")

    def words() -> list[str]:
        labels = sweeping.results.findChildren(QLabel)
        return [label.text() for label in labels if "Dask" in label.text()] + [window.banner.text.text()]

    wait(lambda: any("Dask" in text for text in words()))
    return next(text for text in words() if "Dask" in text)


WHAT: dict[str, tuple[Callable[[Window], Any], tuple[str, ...]]] = {
    "font": (font, ("k-means",)),
    "opengl": (opengl, ("deep-linear",)),
    "gpu": (gpu, ("cnn",)),
    "imageio": (imageio, ("k-means",)),
    "safetensors": (safetensors, ("linear-regression",)),
    "distributed": (distributed, ("k-means",)),
}


def without(what: str, home: Path, **more: str) -> Any:
    """What the app tells where this is missing. The packages of extras are blocked in it and in what it starts."""
    blocked = home / "blocked"
    blocked.mkdir()
    for name in EXTRAS:
        (blocked / f"{name}.py").write_text(f"raise ImportError('{name} is not installed here')\n")
    path = str(blocked)
    return told_by("test_missing", what, str(home), home=home, timeout=100, PYTHONPATH=path, **more)


def test_without_an_extra_for_movies_it_is_named_with_the_command_that_brings_it(tmp_path: Path) -> None:
    assert 'pip install -e ".[movie]"' in without("imageio", tmp_path)
    assert not (tmp_path / "run.mp4").exists()


def test_without_safetensors_weights_are_written_all_the_same(tmp_path: Path) -> None:
    assert "__metadata__" in without("safetensors", tmp_path)


def test_without_dask_a_sweep_on_a_cluster_says_how_to_get_it(tmp_path: Path) -> None:
    assert "install Dask" in without("distributed", tmp_path)


def test_without_a_gpu_the_control_says_so(tmp_path: Path) -> None:
    assert without("gpu", tmp_path, CUDA_VISIBLE_DEVICES="") == (
        "torch finds no CUDA GPU on this machine; choose auto or cpu"
    )


def test_without_opengl_the_panel_says_so(tmp_path: Path) -> None:
    assert "No OpenGL on this display" in without("opengl", tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="fontconfig says there which fonts there are")
def test_without_its_fonts_the_app_takes_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "fonts.conf").write_text(FONTLESS)
    config = str(tmp_path / "fonts.conf")
    told = without("font", tmp_path, FONTCONFIG_FILE=config, QT_QPA_FONTDIR=str(tmp_path / "none"))
    assert not told["ours"]
    assert told["shades"] > 20  # it is drawn all the same


if __name__ == "__main__":
    act, words = WHAT[sys.argv[1]]
    drive(act, *words)
