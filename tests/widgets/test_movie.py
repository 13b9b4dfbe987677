"""Movies and reports: what was written is decoded again, and nothing is left behind by what was cancelled."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from lab.catalogue import Catalogue
from lab.session import Session
from tests.lab.toys import Walk
from widgets.movie import Cancelled, Projector, every_for, write_movie
from widgets.report import write_report

CATALOGUE = Catalogue()
ROOT = Path(__file__).resolve().parents[2]


def on(done: int, whole: int) -> bool:
    return True


@pytest.fixture
def projector(qtbot: QtBot) -> Iterator[Projector]:
    made = Projector(Session(Walk, seed=3), "Walk", "dark", (481, 320))
    yield made
    made.close()
    made.deleteLater()


def read_gif(path: Path) -> list[np.ndarray]:
    film = Image.open(path)
    read = []
    for at in range(film.n_frames):  # type: ignore[attr-defined]
        film.seek(at)
        read.append(np.asarray(film.convert("RGB")))
    return read


def test_a_gif_shows_the_start_every_third_step_and_the_end(projector: Projector, tmp_path: Path) -> None:
    told = []

    def tell(done: int, whole: int) -> bool:
        told.append((done, whole))
        return True

    path = tmp_path / "walk.gif"
    write_movie(projector, str(path), 10, 3, 10, tell)
    frames = read_gif(path)
    assert len(frames) == 5  # 0, 3, 6, 9, 10
    assert {frame.shape for frame in frames} == {(320, 480, 3)}  # even, as H.264 wants it
    assert all((one != other).any() for one, other in pairwise(frames))
    assert told[-1] == (10, 10)
    assert Image.open(path).info["duration"] == 100


def test_an_mp4_holds_the_same_pictures(projector: Projector, tmp_path: Path) -> None:
    imageio = pytest.importorskip("imageio.v2")
    pytest.importorskip("imageio_ffmpeg")
    write_movie(projector, str(tmp_path / "walk.mp4"), 4, 1, 8, on)
    with imageio.get_reader(tmp_path / "walk.mp4") as film:
        frames = [np.asarray(frame, dtype=int) for frame in film]
        assert film.get_meta_data()["fps"] == 8
    assert len(frames) == 5
    assert frames[0].shape == (320, 480, 3)
    assert all(np.abs(one - other).max() > 40 for one, other in pairwise(frames))


def test_a_cancelled_movie_leaves_the_old_file_as_it_was(projector: Projector, tmp_path: Path) -> None:
    path = tmp_path / "walk.gif"
    path.write_text("old")
    with pytest.raises(Cancelled):
        write_movie(projector, str(path), 10, 1, 10, lambda done, whole: done < 4)
    with pytest.raises(Cancelled):
        write_report(projector, str(tmp_path / "walk.html"), 10, 3, "", lambda done, whole: done < 4)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_made_is_refused_in_a_sentence(projector: Projector, tmp_path: Path) -> None:
    for name, every, fps, why in (
        ("a.avi", 1, 10, r"a movie is a \.gif or an \.mp4 file, not \.avi"),
        ("a.gif", 0, 10, "--every must be a whole number from 1, not 0"),
        ("a.gif", 1, 99, "--fps must be a number from 1 to 50, not 99"),
    ):
        with pytest.raises(ValueError, match=why):
            write_movie(projector, str(tmp_path / name), 5, every, fps, on)
    with pytest.raises(ValueError, match=r"1001 pictures are too many for a \.gif, which takes 500: --every 3 or more"):
        every_for(1000, 1, ".gif")
    with pytest.raises(ValueError, match=r"a report is an \.html or a \.pdf file"):
        write_report(projector, str(tmp_path / "a.doc"), 5, 3, "", on)
    assert not list(tmp_path.iterdir())


def test_only_the_panels_that_are_named_are_shown(qtbot: QtBot) -> None:
    projector = Projector(Session(Walk), "Walk", "light", (400, 300), ["Loss"])
    assert [card.panel.title for card in projector.stage.visible_cards()] == ["Loss"]
    with pytest.raises(ValueError, match="there is no panel “Lost”; there are Path, Loss"):
        Projector(Session(Walk), "Walk", "light", (400, 300), ["Lost"])


def test_a_report_is_one_file_with_settings_moments_curves_and_the_command(
    projector: Projector, tmp_path: Path
) -> None:
    session = projector.session
    session.seek(3)
    session.set("rate", 0.25)
    write_report(projector, str(tmp_path / "r.html"), 8, 3, "a <walk> down a bowl", on)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "A &lt;walk&gt; down a bowl" in page
    assert "<td>Rate</td><td>η</td><td>0.1</td>" in page
    assert "after step 3: rate = 0.25" in page
    assert "python -m lab run walk --seed 3 --steps 8 --act &#x27;3:set:[&quot;rate&quot;,0.25]&#x27;" in page
    assert re.findall(r'alt="Step (\d+)"', page)[::2] == ["0", "8"]
    assert "http" not in page  # nothing is fetched
    pictures = [QImage.fromData(base64.b64decode(code)) for code in re.findall(r"base64,([^\"]+)", page)]
    assert [(p.width(), p.height()) for p in pictures] == [(1280, 600)] + [(480, 320)] * 3  # the curve, the moments
    assert len({bytes(p.constBits()) for p in pictures[1:]}) == 3


def test_a_report_on_paper_is_a_pdf(projector: Projector, tmp_path: Path) -> None:
    write_report(projector, str(tmp_path / "r.pdf"), 4, 2, "a walk", on)
    content = (tmp_path / "r.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    assert len(content) > 20_000  # its pictures are in it


def test_an_exploration_has_a_report_but_no_movie(qtbot: QtBot, tmp_path: Path) -> None:
    kind = next(kind for name in CATALOGUE.entries if (kind := CATALOGUE.load(name)).explores())
    projector = Projector(Session(kind, kind.tiny), kind.name, "light", (480, 320))
    with pytest.raises(ValueError, match="has no steps to make a movie of: save a picture instead"):
        write_movie(projector, str(tmp_path / "e.gif"), 5, 1, 10, on)
    write_report(projector, str(tmp_path / "e.html"), 5, 3, "", on)
    assert (tmp_path / "e.html").read_text(encoding="utf-8").count('alt="Step') == 1
    projector.close()


def app(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "app.py", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_line_writes_movie_report_and_table(tmp_path: Path) -> None:
    outs = [str(tmp_path / name) for name in ("m.gif", "r.html", "t.csv")]
    done = app(
        "k-means", "--set", "k=3", "--steps", "4", "--size", "480x320", "--every", "2",
        "--movie", outs[0], "--report", outs[1], "--csv", outs[2],
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert len(read_gif(tmp_path / "m.gif")) == 3
    assert "python app.py k-means --set k=3 --steps 4" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert [line.split(",")[0] for line in (tmp_path / "t.csv").read_text().splitlines()] == ["t", *"01234"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("k-means", "--movie", "out.avi"), "a movie is a .gif or an .mp4 file, not .avi"),
        (("--movie", "out.gif"), "--movie needs the name of an experiment, or --open FILE"),
        (("k-means", "--csv", "nowhere/at/all.csv"), "there is no folder"),
    ],
)
def test_bad_words_are_one_line_and_status_2(words: tuple[str, ...], why: str) -> None:
    done = app(*words)
    assert done.returncode == 2
    assert why in done.stderr
    assert len(done.stderr.splitlines()) == 1
