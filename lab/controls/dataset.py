"""The control of a cloud of points: made, or a person's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from lab.controls.base import Control
from lab.data import points as clouds


class Dataset(Control):
    """A cloud of points in the plane: made (kind, size, noise, seed) or a person's own.

    Naming a kind or a new seed begins a new run. Single points are edited live, by the actions
    NAME.add, NAME.move, NAME.erase and NAME.paint that every experiment with a Dataset has.
    """

    kind = "dataset"
    edits: ClassVar[dict[str, dict[str, type]]] = {
        "add": {"x": float, "y": float, "label": int},
        "move": {"index": int, "x": float, "y": float},
        "erase": {"index": int},
        "paint": {"index": int, "label": int},
    }

    def __init__(self, kind: str, kinds: Sequence[str] | None = None, **rest: Any) -> None:
        made: dict[str, Any] = {name: rest.pop(name) for name in clouds.Made._fields if name in rest}
        self.kinds = tuple(clouds.KINDS if kinds is None else kinds)
        self.made: dict[str, Any] = {**made, "kind": kind}
        rest.setdefault("restarts", True)
        super().__init__(clouds.make(**self.made), **rest)

    def check(self, value: Any) -> clouds.Points:
        if isinstance(value, clouds.Points):
            return value
        if isinstance(value, str):
            value = {"kind": value}
        if not isinstance(value, Mapping):
            raise self.refuse(value, "a kind of data, one of " + ", ".join(self.kinds))
        kind = value.get("kind", self.made["kind"])
        try:
            if kind == "own":
                return clouds.from_json(dict(value))
            if kind not in self.kinds or not value.keys() <= set(clouds.Made._fields):
                raise self.refuse(value, "a kind of data, one of " + ", ".join(self.kinds))
            usual = {**self.made, "classes": None} if kind != self.made["kind"] else self.made
            return clouds.make(**{**usual, **value})
        except (ValueError, TypeError) as wrong:
            said = str(wrong)
            raise ValueError(said if self.key in said.split()[:1] else f"{self.key}: {said}") from None

    def from_text(self, text: str) -> clouds.Points:
        from lab.data import sheet  # where there is one to read

        if text.partition("#")[0].lower().endswith(sheet.ENDINGS):
            try:
                return sheet.chosen(text)
            except ValueError as wrong:
                raise ValueError(f"{self.key}: {wrong}") from None
        return super().from_text(text)

    def to_json(self, value: Any) -> Any:
        return value.to_json()

    def range(self) -> dict[str, Any]:
        return {"options": list(self.kinds)}

    def extremes(self) -> tuple[Any, Any]:
        first, last = ({**self.made, "kind": kind} for kind in (self.kinds[0], self.kinds[-1]))
        return self.check(first), self.check(last)
