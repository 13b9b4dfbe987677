"""Broken and hostile files are opened or refused in a sentence: none runs code, hangs, or takes a gigabyte."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.breaking.measured import ROOT, surroundings
from tests.breaking.mutations import litter

SLOW = 5.0  # seconds of the processor's time a file


@pytest.mark.parametrize(
    ("many", "seed"), [(60, 1), pytest.param(500, 2, marks=[pytest.mark.long, pytest.mark.timeout(300)])]
)
def test_a_broken_file_is_refused_in_a_sentence_or_opened_and_does_nothing_else(
    tmp_path: Path, many: int, seed: int
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    litter(folder, many, seed)
    done = subprocess.run(
        [sys.executable, "-m", "tests.breaking.hostile", str(folder)],
        cwd=ROOT,
        env=surroundings(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    files = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"after {files[-1:]}: {done.stderr[-3000:]}"
    assert len(files) == many
    assert [file for file in files if file["how"] == "fault"] == []
    assert [file for file in files if file["done"]] == []
    assert [file for file in files if file["seconds"] > SLOW] == []
    how = Counter(file["how"] for file in files)
    assert how["refused"] > many / 4, how  # the mutations do break them, and do not only break them
    assert how["opened"] > many / 20, how
