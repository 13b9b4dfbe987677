"""Controls of options and of what is typed: one of several, some of several, a formula, a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lab.controls.base import Control

if TYPE_CHECKING:  # loaded where a formula is typed
    from lab.maths.formula import Expression


class Choice(Control):
    """One of a few options; the first is the default unless another is named."""

    kind = "choice"

    def __init__(self, options: Sequence[str], default: str | None = None, **rest: Any) -> None:
        self.options = tuple(options)
        super().__init__(self.options[0] if default is None else default, **rest)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.options:
            raise self.refuse(value, "one of " + ", ".join(self.options))
        return value

    def from_text(self, text: str) -> str:
        return self.check(text)

    def from_pick(self, value: Any) -> Any:
        return self.options[value] if isinstance(value, int) and 0 <= value < len(self.options) else value

    def range(self) -> dict[str, Any]:
        return {"options": list(self.options)}

    def extremes(self) -> tuple[str, str]:
        return self.options[0], self.options[-1]


class Several(Control):
    """Any number of a few options, kept in the order of the declaration."""

    kind = "several"

    def __init__(self, options: Sequence[str], default: Sequence[str] = (), *, least: int = 0, **rest: Any) -> None:
        self.options, self.least = tuple(options), least
        super().__init__(default, **rest)

    def check(self, value: Any) -> tuple[str, ...]:
        wanted = f"a list of at least {self.least} of " + ", ".join(self.options)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self.refuse(value, wanted)
        if len(value) > len(self.options) or any(one not in self.options for one in value):
            raise self.refuse(value, wanted)
        kept = tuple(option for option in self.options if option in value)
        if len(kept) < self.least:
            raise self.refuse(value, wanted)
        return kept

    def to_json(self, value: Any) -> Any:
        return list(value)

    def range(self) -> dict[str, Any]:
        return {"options": list(self.options), "least": self.least}

    def extremes(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self.options[: self.least], self.options


class Formula(Control):
    """A function that a person types; its value can be called on arrays, differentiated, and handed to torch."""

    kind = "formula"

    def __init__(self, default: str, *, variables: Sequence[str] = ("x", "y"), **rest: Any) -> None:
        self.variables = tuple(variables)
        super().__init__(default, **rest)

    def check(self, value: Any) -> Expression:
        from lab.maths import formula

        if isinstance(value, formula.Expression) and value.variables == self.variables:
            return value
        if not isinstance(value, str):
            raise self.refuse(value, f"a formula in {', '.join(self.variables)}")
        try:
            return formula.parse(value, self.variables)
        except ValueError as wrong:
            raise ValueError(f"{self.key or self.kind}: {wrong}") from None

    def from_text(self, text: str) -> Expression:
        return self.check(text)

    def to_json(self, value: Any) -> str:
        return value.text

    def range(self) -> dict[str, Any]:
        return {"variables": list(self.variables)}


class Text(Control):
    """A line or a page of text."""

    kind = "text"

    def __init__(self, default: str = "", *, longest: int = 1000, **rest: Any) -> None:
        self.longest = longest
        super().__init__(default, **rest)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > self.longest:
            raise self.refuse(value, f"a text of at most {self.longest} characters")
        return value

    def from_text(self, text: str) -> str:
        return self.check(text)

    def range(self) -> dict[str, Any]:
        return {"longest": self.longest}
