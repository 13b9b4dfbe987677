"""Axes of a sweep: a control, or the seed, and the values it takes in turn, as a person types them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.controls import Choice, Control, Count, Dataset, Slider, Switch
from lab.experiment import Experiment

MOST = 10_000  # values
SEED = Count(0, 0, 2**32 - 1, label="Seed", help="the seed of the run")
SEED.__set_name__(Count, "seed")


@dataclass(frozen=True)
class Axis:
    """A control, or the seed, and the values that it takes in turn, each with its text."""

    name: str
    values: tuple[Any, ...]
    texts: tuple[str, ...]

    @property
    def numeric(self) -> bool:
        return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in self.values)


def axis(kind: type[Experiment], text: str) -> Axis:
    """`k=1:12`, `rate=0.001:1:7 log`, `rate=0.1,0.3`, `activation=relu,tanh` or a JSON list of values."""
    name, equals, given = (part.strip() for part in text.partition("="))
    if not equals or not given:
        raise ValueError(f"name a control and its values, as k=1:12 or rate=0.01,0.1, not {text!r}")
    control = sweepable(kind, name)
    values: dict[str, Any] = {}
    for said in _said(control, given):
        value = control.check(said) if not isinstance(said, str) else control.from_text(said)
        label = said if isinstance(said, str) else f"{said:g}" if isinstance(said, float) else json.dumps(said)
        values.setdefault(label if not isinstance(value, float) else f"{value:.6g}", value)
    return Axis(name, tuple(values.values()), tuple(values))


def sweepable(kind: type[Experiment], name: str) -> Control:
    """The control that an axis names."""
    if name == "seed":
        if not kind.random:
            raise ValueError(f"the seed makes no difference to {kind.name}: choose a control")
        return SEED
    control = kind.controls.get(name)
    known = ", ".join(n for n, c in kind.controls.items() if not c.view)
    if control is None:
        raise ValueError(f"{kind.name} has no control {name}; it has {known or 'none'}, and seed")
    if control.view:
        raise ValueError(f"{name} changes pictures only, so every run would be the same; choose {known or 'seed'}")
    return control


def suggestion(control: Control) -> str:
    """Values worth trying, as a person would type them; empty where there is no telling."""
    if control is SEED:
        return "0:9"
    if isinstance(control, Count):
        few = control.high - control.low < 12
        return f"{control.low}:{control.high}" + ("" if few else ":8")
    if isinstance(control, Slider):
        return f"{control.low:g}:{control.high:g}:7" + (" log" if control.log else "")
    if isinstance(control, Switch):
        return "off,on"
    options = control.options if isinstance(control, Choice) else control.kinds if isinstance(control, Dataset) else ()
    return ",".join(option for option in options if option != "own")


def _said(control: Control, given: str) -> Sequence[Any]:
    """The values as typed, one by one."""
    if given.startswith("["):
        try:
            listed = json.loads(given)
        except (json.JSONDecodeError, RecursionError):
            listed = None
        if not isinstance(listed, list) or not listed:
            raise ValueError(f"{control.key}: {given[:60]} is not a list of values in JSON")
        return listed
    if isinstance(control, (Count, Slider)):
        if ":" in given:
            return _spaced(control, given)
        return [part.strip() for part in given.split(",")]
    options = control.range().get("options", ())
    pieces, found = given.split(","), []
    while pieces:  # an option may hold commas itself: the longest that fits is meant
        for taken in range(len(pieces), 0, -1):
            said = ",".join(pieces[:taken]).strip()
            if said in options or taken == 1:
                found.append(said)
                del pieces[:taken]
                break
    return found


def _spaced(control: Count | Slider, given: str) -> list[Any]:
    """`low:high`, or `low:high:how many`, evenly or by equal factors."""
    numbers, _, scale = given.partition(" ")
    parts = numbers.split(":")
    whole = isinstance(control, Count)
    try:
        low, high = float(parts[0]), float(parts[1])
        many = int(parts[2]) if len(parts) > 2 else int(high - low) + 1 if whole else 0
        if len(parts) > 3 or scale.strip() not in ("", "log") or not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError(
            f"{control.key}: write LOW:HIGH:HOW MANY, as 1:12, 0.001:1:7 or 0.001:1:7 log, not {given}"
        ) from None
    if many < 1 and not whole:
        raise ValueError(f"{control.key}: say how many values, as {numbers}:7")
    if not low < high or not 2 <= many <= MOST:
        raise ValueError(f"{control.key}: {given} should be 2 to {MOST} values from a lower to a higher number")
    control.check(int(low) if whole and low.is_integer() else low)
    control.check(int(high) if whole and high.is_integer() else high)
    if scale.strip() == "log" and low <= 0:
        raise ValueError(f"{control.key}: equal factors need numbers above 0, not {given}")
    spaced = np.geomspace(low, high, many) if scale.strip() == "log" else np.linspace(low, high, many)
    if whole:
        return [int(value) for value in np.unique(spaced.round())]
    inner = [float(f"{value:.4g}") for value in spaced[1:-1].tolist()]  # what is run is what is written beside it
    return [low, *inner, high]
