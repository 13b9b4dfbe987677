"""A count that starts at 1, set by clicking one of several things in a picture."""

from __future__ import annotations

from typing import Any

from lab.controls import Count


class Numbered(Count):
    """The first thing clicked is number 1."""

    def from_pick(self, value: Any) -> Any:
        return value + 1 if isinstance(value, int) else value
