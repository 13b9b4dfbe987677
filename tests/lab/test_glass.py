"""A saved run replays exactly; a damaged or hostile file is refused in a sentence and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab import glass
from lab.catalogue import Catalogue
from lab.files import write_whole
from lab.session import Session
from tests.bits import bits

CATALOGUE = Catalogue()


def lived() -> Session:
    session = Session(CATALOGUE.load("k-means"), {"points": {"n": 40}, "k": 3}, seed=5)
    session.seek(2)
    session.act("move_centre", [0, 4.0, 4.5])
    session.step()
    session.act("points.add", [1.5, -2.25, 0])
    session.seek(5)
    return session


def test_a_saved_run_replays_exactly(tmp_path: Path) -> None:
    session = lived()
    glass.save(session, tmp_path / "run.glass")
    again, t = glass.read(tmp_path / "run.glass", CATALOGUE)
    again.seek(t)
    assert t == session.t
    assert bits(again.experiment.snapshot()) == bits(session.experiment.snapshot())
    assert glass.told(again) == glass.told(session)


def test_a_file_is_lines_of_text_with_known_fields(tmp_path: Path) -> None:
    glass.save(lived(), tmp_path / "run.glass")
    data = json.loads((tmp_path / "run.glass").read_text())
    assert set(data) == {"watchglass", "experiment", "seed", "settings", "view", "journal", "t"}
    assert data["journal"][0][:3] == [2, "act", "move_centre"]
    assert data["settings"]["points"]["kind"] == "blobs", "made data is kept as how to make it"


def broken(**changes: Any) -> str:
    return json.dumps({**glass.told(lived()), **changes})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "damaged at line 1"),
        ("not a run", "damaged at line 1"),
        ("[" * 100_000, "nested too deeply|damaged"),
        ("[1, 2]", "not a saved run"),
        ('{"watchglass": NaN}', "NaN is not a number"),
        (broken(watchglass=2), "newer version"),
        (broken(watchglass="1"), "newer version"),
        (broken(experiment="k-nothing"), "no experiment"),
        (broken(experiment=["k-means"]), "not a name"),
        (broken(seed=-1), "whole numbers"),
        (broken(seed=2**40), "seed must be"),
        (broken(t=1.5), "whole numbers"),
        (broken(settings={"k": 99}), "from 1 to 12"),
        (broken(settings={"k": 3, "extra": 1}), "no control extra"),
        (broken(settings=[]), "not a table"),
        (broken(settings={"points": {"kind": "own", "x": [[1, 2]], "y": ["a"], "number": [0]}}), "points"),
        (broken(extra=1), "unknown fields: extra"),
        (broken(journal=[[1, "eval", "os", "1", 1]]), "something unknown"),
        (broken(journal=[[1, "set", "k", 3, 1]]), "does not act on a running"),
        (broken(journal=[[-1, "act", "move_centre", [0, 1, 1], 1]]), "whole number"),
        (broken(journal=[[1, "act", "move_centre", [0], 1]]), "move_centre takes"),
        (broken(journal=[["x"]]), "line of its journal"),
        (broken(journal=7), "not a list"),
    ],
)
def test_a_broken_file_is_refused_in_a_sentence(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "bad.glass"
    file.write_text(text)
    with pytest.raises(ValueError, match=reason) as refused:
        glass.read(file, CATALOGUE)
    assert str(refused.value).startswith("bad.glass")
    assert "\n" not in str(refused.value)


def test_what_is_not_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes.glass").write_bytes(b"\x80\x04\x95cposix\nsystem\n\xff")
    for name in ("bytes.glass", "missing.glass", "."):
        with pytest.raises(ValueError, match=r"not text|cannot be read"):
            glass.read(tmp_path / name, CATALOGUE)


@settings(max_examples=60)
@given(st.data())
def test_a_mutated_file_opens_or_is_refused_and_nothing_else(data: st.DataObject) -> None:
    text = json.dumps(glass.told(lived()))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        put = data.draw(st.sampled_from(["", "0", "9", "-", "[", "]", "{", "}", '"', ",", "e", "null", "1e999"]))
        text = text[:at] + put + text[at + data.draw(st.integers(0, 2)) :]
    try:
        read = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return
    try:
        session, _ = glass.session_from(read, CATALOGUE)
    except ValueError as refused:
        assert str(refused)
    else:
        try:
            session.seek(6)
        except ValueError as refused:  # an action that the mutated data can no longer take
            assert str(refused)


def test_a_failed_write_leaves_the_previous_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "run.glass"
    write_whole(target, "first")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(target, "second")
    assert target.read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["run.glass"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_kill_during_a_save_leaves_a_whole_file(tmp_path: Path, root: Path) -> None:
    target = tmp_path / "run.glass"
    program = (
        "import sys; from lab.files import write_whole\n"
        "print('on', flush=True)\n"
        "while True:\n    for c in 'ab': write_whole(sys.argv[1], c * 300_000)\n"
    )
    for delay in (0.01, 0.03, 0.06):
        child = subprocess.Popen(
            [sys.executable, "-c", program, str(target)], cwd=root, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        if target.exists():
            text = target.read_text()
            assert len(text) == 300_000
            assert len(set(text)) == 1
