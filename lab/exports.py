"""A run for other programs: metrics as CSV, a frame's arrays as NPZ, weights, its script and its command."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lab import commands
from lab.session import Session

SAFETENSORS = {  # how that format calls what NumPy calls otherwise
    "float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32", "int16": "I16",
    "int8": "I8", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip


def as_csv(metrics: Mapping[str, np.ndarray]) -> bytes:
    """One row a step; empty where a metric was not measured, inf where it diverged."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["t", *metrics])
    for t, row in enumerate(zip(*metrics.values())):
        writer.writerow([t, *("" if math.isnan(value) else repr(float(value)) for value in row)])
    return out.getvalue().encode()


def as_npz(values: Mapping[str, Any]) -> bytes:
    """The arrays of a frame by flat names, a part after its field, as `landscape.z`; no pickled objects."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in flat(values).items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
    return out.getvalue()


def flat(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Every array in values that may be nested; what holds no numbers or text is left out."""
    arrays: dict[str, np.ndarray] = {}

    def put(name: str, value: Any) -> None:
        parts = value._asdict() if hasattr(value, "_asdict") else value
        if isinstance(parts, Mapping):
            for key, part in parts.items():
                put(f"{name}.{key}", part)
            return
        try:
            array = np.asarray(value)
        except ValueError:  # its parts differ in shape
            array = np.asarray(None)
        if array.dtype.kind in "biufcU":
            arrays[name.replace("/", ".")] = array
        elif isinstance(value, (list, tuple)):
            for i, part in enumerate(value):
                put(f"{name}.{i}", part)

    for name, value in values.items():
        put(str(name), value)
    return arrays


def weights_of(session: Session) -> Mapping[str, np.ndarray]:
    """The weights by their names, of an experiment that offers them."""
    offered = getattr(session.experiment, "weights", None)
    weights = offered() if callable(offered) else None
    if not isinstance(weights, Mapping) or not weights:
        raise ValueError(f"{session.kind.name} has no weights to hand out")
    return weights


def code_of(session: Session) -> str:
    """The plain script of an experiment that offers one."""
    offered = getattr(session.experiment, "code", None)
    if not callable(offered):
        raise ValueError(f"{session.kind.name} has no script of its own to hand out")
    return str(offered())


def done_midway(session: Session) -> bool:
    """Whether anything was done that a script which trains from the start does not do. What is set before the first
    step is as if it had always been so."""
    done = session.run.journal[: session.applied]
    return any(entry.t > 0 or entry.kind == "act" for entry in done)


def as_safetensors(weights: Mapping[str, np.ndarray]) -> bytes:
    """The format is a length, a JSON header and the bytes of the arrays: written here, it needs no library."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = bytearray()
    for name, array in weights.items():
        array = np.asarray(array)
        if array.dtype.name not in SAFETENSORS:
            raise ValueError(f"safetensors has no numbers of type {array.dtype.name}, as {name} has")
        content = array.astype(array.dtype.newbyteorder("<")).tobytes()  # in the order of C, whatever it was
        header[name] = {
            "dtype": SAFETENSORS[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + len(content)],
        }
        body += content
    told = json.dumps(header).encode()
    told += b" " * (-len(told) % 8)
    return len(told).to_bytes(8, "little") + told + bytes(body)


def as_state_dict(weights: Mapping[str, np.ndarray]) -> bytes:
    """What `torch.load(…, weights_only=True)` reads."""
    import torch

    out = io.BytesIO()
    torch.save({name: torch.from_numpy(np.array(array)) for name, array in weights.items()}, out)
    return out.getvalue()


WEIGHTS: dict[str, Callable[[Mapping[str, np.ndarray]], bytes]] = {
    ".safetensors": as_safetensors,
    ".pt": as_state_dict,
}


def moments(metric: np.ndarray | None, end: int, many: int) -> list[int]:
    """So many steps from the first to the last, closer together where the metric moved more."""
    many = max(1, min(many, end + 1))
    if many == 1:
        return [end]
    moved = np.arange(end + 1, dtype=float) / max(end, 1)
    if metric is not None and len(metric) > end:
        level = np.array(metric[: end + 1], dtype=float)
        known = np.isfinite(level)
        if known.sum() > 1:
            steps = np.arange(end + 1)
            level = np.interp(steps, steps[known], level[known])
            if level.min() > 0:
                level = np.log(level)  # a loss that falls by powers of ten moves as much in each of them
            way = np.concatenate([[0.0], np.abs(np.diff(level)).cumsum()])
            if way[-1] > 0:
                moved = (moved + way / way[-1]) / 2  # by half, or a long quiet end would not be seen at all
    found = np.searchsorted(moved, np.linspace(0, moved[-1], many))
    found[0], found[-1] = 0, end
    for i in range(1, many - 1):  # no moment twice
        found[i] = min(max(found[i], found[i - 1] + 1), end - (many - 1 - i))
    return [int(t) for t in found]


def command(session: Session) -> str:
    """The line that brings this run about again, with what was done by hand; empty where that is too long for one."""
    parts, done = commands.words(session), [entry for entry in session.run.journal if entry.t <= session.t]
    if done:  # the window's own line cannot tell of it
        parts = ["python", "-m", "lab", "run", *parts[len(commands.PROGRAM) :]]
        parts += [] if session.t else ["--steps", "0"]
    for entry in done:
        if entry.kind == "act":
            name, given = entry.name, list(entry.value)
        else:
            name, given = "set", [entry.name, session.kind.controls[entry.name].to_json(entry.value)]
        parts += ["--act", f"{entry.t}:{name}:{json.dumps(given, separators=(',', ':'))}"]
    line = commands.line(parts)
    return line if len(line) <= commands.LONGEST else ""
