"""What the README promises: its commands, and that its example of an experiment is a whole one."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from lab import marks
from lab.catalogue import Catalogue
from lab.session import Session
from tests.bits import bits


def test_the_example_is_a_whole_experiment(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert example is not None
    assert len(example[1].splitlines()) < 60
    wing = tmp_path / "made_up" / "sequences"
    wing.mkdir(parents=True)
    for folder in (wing.parent, wing):
        (folder / "__init__.py").touch()
    (wing / "pendulum.py").write_text(example[1], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    kind = Catalogue(wing.parent, "made_up").load("pendulum")
    session = Session(kind)
    session.seek(200)
    names = {name for panel in marks.panels(session.layout) for name in panel.names()}
    end = bits(session.draw(names).values)
    energy = session.run.columns.views()["energy"]
    assert energy[-1] < 0.5 * energy[0], "friction takes the energy out"
    assert np.isfinite(energy).all()
    session.seek(3)
    session.seek(200)
    assert bits(session.draw(names).values) == end
    sys.modules.pop("made_up.sequences.pendulum", None)


def test_the_gate_runs_the_command_that_the_readme_gives(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python3 -m venv .*$", readme, re.MULTILINE)
    assert len(commands) == 2, "one to run, one to test"
    assert commands[0].endswith("app.py")
    assert "pytest" in commands[1]
    assert "grep -m1 -E '^python3 -m venv .*pytest' README.md" in (root / ".ci" / "run").read_text(encoding="utf-8")


def test_every_file_that_the_readme_names_is_there(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", readme):
        assert (root / link).exists(), link
    for place in re.findall(r"^\| `([^`]+)`", readme, re.MULTILINE):
        assert (root / place).exists(), place
