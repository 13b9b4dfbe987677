"""Dual numbers: pairs a + b ε with ε² = 0, so that whatever is worked out with them carries its derivative along."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from lab.maths import formula
from lab.maths.formula import Expression


class Dual(NamedTuple):
    """A value a and, in b, how fast it changes."""

    a: float
    b: float = 0.0

    def __add__(self, other: Dual | float) -> Dual:  # type: ignore[override]
        c, d = lifted(other)
        return Dual(self.a + c, self.b + d)

    def __mul__(self, other: Dual | float) -> Dual:  # type: ignore[override]
        c, d = lifted(other)
        return Dual(self.a * c, self.a * d + self.b * c)  # the term b d ε² is 0

    def __truediv__(self, other: Dual | float) -> Dual:
        c, d = lifted(other)
        return Dual(self.a / c, (self.b * c - self.a * d) / c**2)

    def __pow__(self, other: Dual | float) -> Dual:
        c, d = lifted(other)
        by_base = c * self.a ** (c - 1) * self.b if c else np.float64(0)
        return Dual(self.a**c, by_base + (self.a**c * np.log(self.a) * d if isinstance(other, Dual) else 0))

    def __neg__(self) -> Dual:
        return Dual(-self.a, -self.b)

    def __sub__(self, other: Dual | float) -> Dual:
        return self + -lifted(other)

    def __radd__(self, other: float) -> Dual:
        return lifted(other) + self

    def __rmul__(self, other: float) -> Dual:  # type: ignore[override]
        return lifted(other) * self

    def __rsub__(self, other: float) -> Dual:
        return lifted(other) - self

    def __rtruediv__(self, other: float) -> Dual:
        return lifted(other) / self

    def __rpow__(self, other: float) -> Dual:
        return lifted(other) ** self


def lifted(value: Dual | float) -> Dual:
    """A plain number does not change: (c, 0)."""
    return value if isinstance(value, Dual) else Dual(np.float64(value), np.float64(0))


def smooth(f: Callable, slope: Callable) -> Callable[[Dual], Dual]:
    """A function of one value, taught to carry pairs: f(a + b ε) = f(a) + f′(a) b ε."""
    return lambda u: Dual(f(u.a), slope(u.a) * u.b)


def chosen(better: Callable[[float, float], bool]) -> Callable:
    """min or max: the better of two pairs, or at a tie the mean of how both change."""

    def choose(u: Dual | float, v: Dual | float) -> Dual:
        u, v = lifted(u), lifted(v)
        if u.a == v.a:
            return Dual(u.a, (u.b + v.b) / 2)
        return u if better(u.a, v.a) else v

    return choose


FUNCTIONS = SimpleNamespace(
    sin=smooth(np.sin, np.cos),
    cos=smooth(np.cos, lambda a: -np.sin(a)),
    tan=smooth(np.tan, lambda a: 1 / np.cos(a) ** 2),
    exp=smooth(np.exp, np.exp),
    log=smooth(np.log, lambda a: 1 / a),
    sqrt=smooth(np.sqrt, lambda a: 0.5 / np.sqrt(a)),
    abs=smooth(np.abs, np.sign),
    tanh=smooth(np.tanh, lambda a: 1 - np.tanh(a) ** 2),
    sign=smooth(np.sign, lambda a: 0.0),
)
DUALS: Mapping[str, Callable] = formula.arithmetic(FUNCTIONS, chosen(lambda a, c: a < c), chosen(lambda a, c: a > c))


def carried(expression: Expression, pairs: Sequence[tuple[float, float]]) -> Dual:
    """The formula worked out with pairs in the place of numbers, by nothing but their arithmetic."""
    values = {name: Dual(np.float64(a), np.float64(b)) for name, (a, b) in zip(expression.variables, pairs)}
    with np.errstate(all="ignore"):
        a, b = lifted(formula.evaluate(expression.tree, values, DUALS))
    return Dual(float(a), float(b))
