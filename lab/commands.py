"""A run as the `python app.py …` line that makes it again, as far as a command line can."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from lab.controls import Control, same
from lab.experiment import Experiment
from lab.session import Session

PROGRAM = ("python", "app.py")
LONGEST = 8000  # characters of a line: Windows takes no more than 8191


def beyond(session: Session) -> str:
    """Why no line of settings makes this run again, as a sentence; nothing where one does."""
    if many := len({entry.gesture for entry in session.run.journal}):
        done = "one thing was" if many == 1 else f"{many} things were"
        return f"In this run {done} done by hand, which a command line cannot tell."
    if len(line(words(session))) > LONGEST:
        return "The data of this run are too long for a command line."
    return ""


def words(session: Session) -> list[str]:
    """The run from its settings and its seed to the step where it stands; what the journal holds is left out."""
    kind = session.kind
    found = [*PROGRAM, kind.name]
    for name, value in told(kind, {**session.begun, **session.experiment.settings(view=True)}).items():
        found += ["--set", f"{name}={as_text(kind.controls[name], value)}"]
    if session.seed:
        found += ["--seed", str(session.seed)]
    if session.t:
        found += ["--steps", str(session.t)]
    return found


def opening(path: str) -> list[str]:
    """The line that opens a saved run, at the step at which it was saved."""
    return [*PROGRAM, "--open", path]


def line(parts: Sequence[str]) -> str:
    """The parts as this system's shell takes them."""
    return subprocess.list2cmdline(parts) if os.name == "nt" else shlex.join(parts)


def told(kind: type[Experiment], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The fewest settings from which all of these follow: a surface brings its own start, which need not be told."""
    usual = {name: control.default for name, control in kind.controls.items()}
    chosen = {name: value for name, value in settings.items() if not same(value, usual[name])}
    for _ in settings:
        checked = {name: kind.controls[name].check(value) for name, value in kind.completed(chosen).items()}
        missed = {name: v for name, v in settings.items() if not same(v, {**usual, **checked}[name])}
        if not missed:
            break
        chosen |= missed
    return chosen


def as_text(control: Control, value: Any) -> str:
    """What `--set` reads as this value: plain words where they will do, else JSON."""
    written = control.to_json(value)
    if isinstance(written, str):
        try:
            if same(control.from_text(written), value):
                return written
        except ValueError:
            pass  # a text that looks like a number or a list must stand in quotes
    return json.dumps(written, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
