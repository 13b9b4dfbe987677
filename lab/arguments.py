"""What the two command lines share: settings and seeds as a person types them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.experiment import Experiment


def control_of(kind: type[Experiment], name: str) -> Any:
    """An experiment's control by its name."""
    if name not in kind.controls:
        raise ValueError(f"{kind.name} has no control {name}; it has {', '.join(kind.controls) or 'none'}")
    return kind.controls[name]


def parse_settings(kind: type[Experiment], given: Sequence[str]) -> dict[str, Any]:
    """`k=v` texts as checked values."""
    settings: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--set wants NAME=VALUE, not {text}")
        settings[name] = control_of(kind, name).from_text(value)
    return settings


def seed_from(text: str) -> int:
    """A seed as a number."""
    if not text.isdigit() or int(text) >= 2**32:
        raise ValueError(f"--seed must be a whole number from 0 to {2**32 - 1}, not {text}")
    return int(text)
