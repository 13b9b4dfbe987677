"""python -m lab: list the experiments, run one without a window, or sweep over its settings."""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

import lab  # noqa: F401  (says how many threads before NumPy is imported)
from lab.arguments import control_of, parse_settings, seed_from
from lab.axes import axis
from lab.catalogue import Catalogue, topics
from lab.experiment import Experiment
from lab.files import write_whole
from lab.session import Session
from lab.sweep import Grid, Sweep, as_csv, usual_metric


def parse_act(kind: type[Experiment], text: str) -> tuple[int, str, Any]:
    """`T:ACTION:JSON` as a step, an action's name and its arguments."""
    step, _, rest = text.partition(":")
    name, _, source = rest.partition(":")
    if not step.isdigit() or not name:
        raise ValueError(f"--act wants STEP:ACTION:JSON, as 37:move_centre:[0,9,9], not {text}")
    try:
        arguments = json.loads(source or "[]")
    except (json.JSONDecodeError, RecursionError):
        raise ValueError(f"--act {name}: {source[:60]} is not JSON") from None
    if name == "set":
        if not isinstance(arguments, list) or len(arguments) != 2 or not isinstance(arguments[0], str):
            raise ValueError('--act T:set:["CONTROL",VALUE] names a control and a value')
        control = control_of(kind, arguments[0])
        if control.restarts:
            raise ValueError(f"{arguments[0]} begins a new run: give it with --set")
        return int(step), name, [arguments[0], control.check(arguments[1])]
    if name not in kind.actions:
        raise ValueError(f"{kind.name} has no action {name}; it has {', '.join(kind.actions) or 'none'}")
    return int(step), name, list(kind.actions[name].check(arguments))


def run(wanted: argparse.Namespace) -> int:
    """Run one experiment and print what came of it."""
    kind = Catalogue().load(wanted.name)
    settings = parse_settings(kind, wanted.set)
    if "device" in kind.controls and "device" not in settings:
        settings["device"] = kind.controls["device"].check(wanted.device)
    elif wanted.device not in ("auto", "cpu"):
        raise ValueError(f"{wanted.name} runs on the CPU only; leave --device out")
    acts = sorted((parse_act(kind, text) for text in wanted.act), key=lambda act: act[0])
    if late := [act for act in acts if act[0] > wanted.steps]:
        raise ValueError(f"--act {late[0][0]}:{late[0][1]} comes after the last step, {wanted.steps}")
    for path in (wanted.metrics, wanted.frame):
        if path and not Path(path).resolve().parent.is_dir():
            raise ValueError(f"there is no folder {Path(path).resolve().parent} to write {Path(path).name} to")
    session = Session(kind, settings, seed_from(wanted.seed))
    for t, name, values in acts:
        session.seek(t)
        session.set(*values) if name == "set" else session.act(name, values)
    session.seek(wanted.steps)
    frame = session.draw()
    if wanted.metrics:
        write_whole(wanted.metrics, _as_csv(frame.metrics))
    if wanted.frame:
        write_whole(wanted.frame, _as_npz(frame.values))
    if wanted.json:
        metrics = {name: _plain(column) for name, column in frame.metrics.items()}
        said = {"name": kind.name, "time": session.t, "finished": session.finished, "metrics": metrics}
        print(json.dumps({**said, "frame": _plain(frame.values)}, allow_nan=False))
    else:
        last = ", ".join(f"{name} {value:.6g}" for name, value in session.run.columns.row(session.t).items())
        print(f"{kind.name}: step {session.t}{': ' + last if last else ''}")
        if session.finished:
            print(session.finished)
        if frame.diverged:
            print(f"diverged at step {frame.diverged[0]} ({frame.diverged[1]}): {kind.diverges}")
    return 0


def listing(wanted: argparse.Namespace) -> int:
    """Every experiment, as lines or as JSON."""
    catalogue = Catalogue()
    if not wanted.json:
        for wing, entries in catalogue.wings().items():
            print(wing)
            for entry in entries:
                print(f"  {entry.name:<22} {entry.line}")
        return 0
    rows = []
    for entry in catalogue:
        kind = entry.load()
        rows.append(
            {
                "name": entry.name,
                "title": entry.title,
                "wing": entry.wing,
                "topics": [{"title": t.title, "text": t.text, "where": t.where} for t in topics(entry.name)],
                "controls": [control.describe() for control in kind.controls.values()],
                "actions": {
                    name: {argument: hint.__name__ for argument, hint in known.arguments.items()}
                    for name, known in kind.actions.items()
                },
                "metrics": dict(kind.metrics),
            }
        )
    print(json.dumps(rows, ensure_ascii=False))
    return 0


def sweep(wanted: argparse.Namespace) -> int:
    """Run an experiment over a grid of settings and seeds, and write how each run went."""
    kind = Catalogue().load(wanted.name)
    axes = tuple(axis(kind, text) for text in wanted.over)
    metric = wanted.metric or usual_metric(kind)
    if metric.split("/")[0] not in {name.split("/")[0] for name in kind.metrics}:
        raise ValueError(f"{kind.name} has no metric {metric}; it has {', '.join(kind.metrics) or 'none'}")
    if wanted.csv and not Path(wanted.csv).resolve().parent.is_dir():
        raise ValueError(f"there is no folder {Path(wanted.csv).resolve().parent} to write {Path(wanted.csv).name} to")
    if wanted.workers < 0:
        raise ValueError(f"--workers must be a whole number from 0, not {wanted.workers}")
    settings = parse_settings(kind, wanted.set)
    work = Sweep(Grid(kind, axes, wanted.steps, settings, seed_from(wanted.seed)), wanted.workers, wanted.dask)
    whole, due, stopped = work.grid.whole, 0.0, False
    try:
        for _ in work.run():
            done = len(work.outcomes)
            if sys.stderr.isatty() and (monotonic() >= due or done == whole):
                due = monotonic() + 0.2
                print(f"\r{done}/{whole}, {work.left():.0f} s left ", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        stopped = True
    table = as_csv(work, metric)
    if wanted.csv:
        write_whole(wanted.csv, table)
    else:
        print(table, end="")
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if stopped:
        print(f"lab: stopped; {len(work.outcomes)} of {whole} runs were done and are kept", file=sys.stderr)
    return 130 if stopped else 0


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab", description="Run experiments without a window.")
    commands = parser.add_subparsers(dest="command", required=True)
    lists = commands.add_parser("list", help="every experiment")
    lists.add_argument("--json", action="store_true")
    runs = commands.add_parser("run", help="run one experiment")
    runs.add_argument("name")
    runs.add_argument("--set", action="append", default=[], metavar="K=V")
    runs.add_argument("--seed", default="0")
    runs.add_argument("--steps", type=int, default=100)
    runs.add_argument("--act", action="append", default=[], metavar="T:ACTION:JSON")
    runs.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    runs.add_argument("--json", action="store_true")
    runs.add_argument("--metrics", metavar="F.csv")
    runs.add_argument("--frame", metavar="F.npz")
    sweeps = commands.add_parser("sweep", help="run one experiment over a grid of settings and seeds")
    sweeps.add_argument("name")
    sweeps.add_argument("--over", action="append", required=True, metavar="K=VALUES", help="as k=1:12 or seed=0:9")
    sweeps.add_argument("--set", action="append", default=[], metavar="K=V")
    sweeps.add_argument("--seed", default="0")
    sweeps.add_argument("--steps", type=int, default=100)
    sweeps.add_argument("--metric", default="", metavar="NAME")
    sweeps.add_argument("--csv", metavar="OUT.csv")
    sweeps.add_argument("--workers", type=int, default=0, metavar="N", help="processes; as many as there are cores")
    sweeps.add_argument("--dask", default="", metavar="ADDRESS", help="of a Dask scheduler, as tcp://HOST:8786")
    wanted = parser.parse_args(given)
    try:
        if wanted.command == "list":
            return listing(wanted)
        if wanted.command == "sweep":
            return sweep(wanted)
        if wanted.steps < 0:
            raise ValueError(f"--steps must be a whole number from 0, not {wanted.steps}")
        return run(wanted)
    except ValueError as wrong:
        print(f"lab: {wrong}", file=sys.stderr)
    except OSError as wrong:
        print(f"lab: {wrong.filename or 'a file'} cannot be written: {wrong.strerror}", file=sys.stderr)
    return 2


def _plain(value: Any) -> Any:
    """Arrays as lists, numbers that are not finite as null."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if hasattr(value, "_asdict"):
        return {key: _plain(part) for key, part in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, (np.generic,)):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (int, str, bool, type(None))) else str(getattr(value, "text", value))


def _as_csv(metrics: Mapping[str, np.ndarray]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["t", *metrics])
    for t, row in enumerate(zip(*metrics.values())):
        writer.writerow([t, *("" if math.isnan(v) else repr(float(v)) for v in row)])
    return out.getvalue()


def _as_npz(values: Mapping[str, Any]) -> bytes:
    """The frame's arrays; a part of a value is named after its field, as `landscape.z`."""
    arrays: dict[str, np.ndarray] = {}

    def put(name: str, value: Any) -> None:
        if hasattr(value, "_asdict"):
            value = value._asdict()
        if isinstance(value, Mapping):
            for key, part in value.items():
                put(f"{name}.{key}", part)
            return
        try:
            array = np.asarray(value)
        except ValueError:
            array = np.asarray(None)
        if array.dtype.kind in "biufU":
            arrays[name] = array
        elif isinstance(value, (list, tuple)):
            for i, part in enumerate(value):
                put(f"{name}.{i}", part)

    for name, value in values.items():
        put(name, value)
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
