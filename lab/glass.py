"""A run as a .glass file: JSON of known fields, checked one by one, so that opening one can never run code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.catalogue import Catalogue
from lab.files import write_whole
from lab.frame import UNSEALED, Entry
from lab.seal import Sealing, seal_from
from lab.session import Session

VERSION = 1
LONGEST = 64 * 2**20
MOST_SAID = 300  # letters of a refusal
FIELDS = {"watchglass", "experiment", "seed", "settings", "view", "journal", "t"}
KEPT = {"bookmarks", "seal"}  # beside the run; left out where there is nothing to tell
MOST_BOOKMARKS = 10_000
LONGEST_NAME = 60


def save(session: Session, path: str | Path) -> None:
    """Write the run, whole or not at all."""
    write_whole(path, json.dumps(told(session), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def told(session: Session) -> dict[str, Any]:
    """Exactly what a replay needs: experiment, settings at the start, seed, journal, and what is looked at."""
    controls, actions = session.kind.controls, []
    for entry in session.run.journal:
        value = controls[entry.name].to_json(entry.value) if entry.kind == "set" else list(entry.value)
        actions.append([entry.t, entry.kind, entry.name, value, entry.gesture])
    kept: dict[str, Any] = {}
    if session.bookmarks:
        kept["bookmarks"] = [[t, name] for t, name in sorted(session.bookmarks.items())]
    if session.sealing.seal != UNSEALED:
        kept["seal"] = session.sealing.seal.to_json()
    return {
        "watchglass": VERSION,
        "experiment": session.kind.name,
        "seed": session.seed,
        "settings": {name: controls[name].to_json(v) for name, v in session.begun.items() if not controls[name].view},
        "view": {name: controls[name].to_json(v) for name, v in session.experiment.settings(view=True).items()},
        "journal": actions,
        "t": session.t,
        **kept,
    }


def read(path: str | Path, catalogue: Catalogue) -> tuple[Session, int]:
    """The run in a file at its start, its journal loaded, and the step at which it was saved."""
    file = Path(path)
    try:
        if file.stat().st_size > LONGEST:
            raise ValueError(f"{file.name} is larger than {LONGEST // 2**20} MB: this is not a saved run")
        text = file.read_text(encoding="utf-8")
    except OSError as wrong:
        raise ValueError(f"{file.name} cannot be read: {wrong.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{file.name} is not a saved run: it is not text") from None
    try:
        data = json.loads(text, parse_constant=_refused)
    except json.JSONDecodeError as wrong:
        raise ValueError(f"{file.name} is damaged at line {wrong.lineno}: {wrong.msg}") from None
    except RecursionError:
        raise ValueError(f"{file.name} is damaged: it is nested too deeply") from None
    except ValueError as wrong:
        raise ValueError(f"{file.name} is damaged: {_brief(wrong)}") from None
    try:
        return session_from(data, catalogue)
    except ValueError as wrong:
        raise ValueError(f"{file.name} cannot be opened: {_brief(wrong)}") from None


def _brief(wrong: ValueError) -> str:
    """What was said, without the whole of what a damaged file may hold where a name should be."""
    said = str(wrong)
    return said if len(said) <= MOST_SAID else f"{said[: MOST_SAID - 1]}…"


def session_from(data: Any, catalogue: Catalogue) -> tuple[Session, int]:
    """The same from data already read."""
    if not isinstance(data, Mapping) or "watchglass" not in data:
        raise ValueError("it is not a saved run")
    if not _whole(data["watchglass"], 1) or data["watchglass"] > VERSION:
        raise ValueError(f"it was written by a newer version ({data['watchglass']!r}; this one reads {VERSION})")
    if missing := FIELDS - data.keys():
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    if unknown := data.keys() - FIELDS - KEPT:
        raise ValueError(f"it has unknown fields: {', '.join(sorted(map(str, unknown)))}")
    if not isinstance(data["experiment"], str):
        raise ValueError("its experiment is not a name")
    if not _whole(data["seed"], 0) or not _whole(data["t"], 0):
        raise ValueError("its seed and its step must be whole numbers from 0")
    kind = catalogue.load(data["experiment"])
    settings = {}
    for part, view in (("settings", False), ("view", True)):
        if not isinstance(data[part], Mapping):
            raise ValueError(f"its {part} are not a table")
        for name, value in data[part].items():
            control = kind.controls.get(name)
            if control is None or control.view != view:
                raise ValueError(f"{kind.name} has no {'view ' if view else ''}control {name}")
            settings[name] = control.check(value)
    session = Session(kind, settings, data["seed"])
    session.load_journal(_entries(data["journal"], kind))
    session.bookmarks = _bookmarks(data.get("bookmarks", []))
    if "seal" in data:
        session.sealing = Sealing(seal_from(data["seal"]))
    return session, data["t"]


def _bookmarks(marks: Any) -> dict[int, str]:
    if not isinstance(marks, list) or len(marks) > MOST_BOOKMARKS:
        raise ValueError(f"its bookmarks are not a list of at most {MOST_BOOKMARKS}")
    named: dict[int, str] = {}
    for mark in marks:
        if not isinstance(mark, list) or len(mark) != 2 or not _whole(mark[0], 0) or not isinstance(mark[1], str):
            raise ValueError("a bookmark of it is not [step, name]")
        if len(mark[1]) > LONGEST_NAME:
            raise ValueError(f"the name of a bookmark has {len(mark[1])} characters: at most {LONGEST_NAME} are kept")
        named[mark[0]] = mark[1]
    return named


def _entries(journal: Any, kind: Any) -> list[Entry]:
    if not isinstance(journal, list):
        raise ValueError("its journal is not a list")
    entries = []
    for line in journal:
        if not isinstance(line, list) or len(line) != 5:
            raise ValueError("a line of its journal is not [step, kind, name, value, gesture]")
        t, what, name, value, gesture = line
        if not _whole(t, 0) or not _whole(gesture, 0):
            raise ValueError("a step or gesture in its journal is not a whole number from 0")
        if what == "set" and isinstance(name, str) and name in kind.controls:
            control = kind.controls[name]
            if control.view or control.restarts:
                raise ValueError(f"its journal sets {name}, which does not act on a running experiment")
            entries.append(Entry(t, what, name, control.check(value), gesture))
        elif what == "act" and isinstance(name, str) and name in kind.actions:
            entries.append(Entry(t, what, name, kind.actions[name].check(value), gesture))
        else:
            raise ValueError(f"its journal holds something unknown: {what!r} {name!r}"[:120])
    return entries


def _whole(value: Any, low: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value < 2**53


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")
