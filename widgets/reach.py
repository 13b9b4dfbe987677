"""The hands of the window: what painters and editors do to one lane's run."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from widgets.window import Window


class Reach:
    """Reaches for nothing while another experiment is opening: it has a rate too, and nobody meant that one."""

    gestures = itertools.count(1_000_000)  # apart from those a session numbers itself

    def __init__(self, window: Window, lane: int = 0) -> None:
        self.window, self.lane = window, lane

    def gesture(self) -> int:
        return next(self.gestures)

    def act(self, name: str, arguments: Sequence[Any], gesture: int | None = None, replaces: bool = False) -> None:
        if not self.window.opens():
            self.window.engine.act(name, arguments, gesture, replaces, self.lane)

    def set(self, name: str, value: Any, gesture: int) -> None:
        if not self.window.opens():
            self.window.engine.set(name, value, gesture, self.lane)

    def pick(self, name: str, value: Any) -> None:
        if not self.window.opens():
            self.window.engine.pick(name, value, self.lane)

    def begin_anew(self, settings: Mapping[str, Any] | None = None, seed: int | None = None) -> None:
        """Several settings at once, as a preset or a prompt asks, or another seed: a new run with them."""
        if not self.window.opens():
            self.window.engine.restart(seed, settings, self.lane)

    def is_control(self, name: str) -> bool:
        return self.window.kind is not None and name in self.window.kind.controls
