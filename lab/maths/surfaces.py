"""Surfaces: functions of two variables to descend on, with their slopes, curvatures and minima."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Point = tuple[float, float]
Range = tuple[float, float]
Height = Callable[[Any, Any], Any]  # of x and y, floats or arrays of one shape
Slopes = Callable[[Any, Any], tuple[Any, Any]]
Curvatures = Callable[[Any, Any], tuple[Any, Any, Any]]


@dataclass(frozen=True)
class Surface:
    """A height f over the plane, its slopes (f_x, f_y) and its curvatures (f_xx, f_xy, f_yy)."""

    name: str
    title: str
    latex: str
    f: Height
    gradient: Slopes
    curvatures: Curvatures
    x: Range = (-3, 3)
    y: Range = (-3, 3)
    start: Point = (-2.4, 1.6)
    minima: tuple[Point, ...] = ()
    log: bool = False  # whether heights, all above 0, read best as their logarithm
    note: str = ""

    def hessian(self, theta: ArrayLike) -> NDArray[np.float64]:
        """The 2×2 matrix of second derivatives at one point."""
        xx, xy, yy = self.curvatures(*np.asarray(theta, dtype=float))
        return np.array([[xx, xy], [xy, yy]], dtype=float)


def ravine(kappa: float = 20, angle: float = 0) -> Surface:
    """A bowl with a valley `angle` degrees from the x-axis, curved kappa times as much across as along it."""
    if not 1 <= kappa < math.inf:
        raise ValueError(f"kappa must be a number from 1 up; it is {kappa}")
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    xx, xy, yy = c * c + kappa * s * s, s * c - kappa * s * c, s * s + kappa * c * c
    return Surface(
        name="ravine",
        title=f"Ravine, κ = {kappa:g}",
        latex=r"\frac{1}{2}\, (\kappa\, u^2 + v^2)",
        f=lambda x, y: (kappa * (c * y - s * x) ** 2 + (c * x + s * y) ** 2) / 2,
        gradient=lambda x, y: (xx * x + xy * y, xy * x + yy * y),
        curvatures=lambda x, y: (xx, xy, yy),
        start=(-2.4, 0.9),
        minima=((0, 0),),
        note=f"u goes across the valley, v along it: at {angle:g}° from the x-axis.",
    )


def _sigmoid(z: Any) -> Any:
    return (1 + np.tanh(z / 2)) / 2


BEALE = ((1, 1.5), (2, 2.25), (3, 2.625))  # the power of y, and the number, in each of its squares
HOLLOWS = (-3.064672786647796, 0.0, 3.064672786647796)  # along either axis of the hills

SURFACES: dict[str, Surface] = {
    surface.name: surface
    for surface in (
        Surface(
            name="bowl",
            title="Bowl",
            latex="x^2 + y^2",
            f=lambda x, y: x**2 + y**2,
            gradient=lambda x, y: (2 * x, 2 * y),
            curvatures=lambda x, y: (2, 0, 2),
            minima=((0, 0),),
        ),
        ravine(),
        Surface(
            name="Rosenbrock",
            title="Rosenbrock's valley",
            latex="(1 - x)^2 + 100\\, (y - x^2)^2",
            f=lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
            gradient=lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)),
            curvatures=lambda x, y: (2 - 400 * y + 1200 * x**2, -400 * x, 200),
            x=(-2, 2),
            y=(-1, 3),
            start=(0.2, -0.2),
            minima=((1, 1),),
            log=True,
        ),
        Surface(
            name="saddle",
            title="Saddle",
            latex="x^2 - y^2",
            f=lambda x, y: x**2 - y**2,
            gradient=lambda x, y: (2 * x, -2 * y),
            curvatures=lambda x, y: (2, 0, -2),
            start=(2.4, 0.01),
            note="There is no minimum: past the saddle at (0, 0) the way down never ends.",
        ),
        Surface(
            name="Himmelblau",
            title="Himmelblau's four minima",
            latex="(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
            f=lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
            gradient=lambda x, y: (
                4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7),
                2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7),
            ),
            curvatures=lambda x, y: (12 * x**2 + 4 * y - 42, 4 * (x + y), 12 * y**2 + 4 * x - 26),
            x=(-5, 5),
            y=(-5, 5),
            start=(0, 0),
            minima=(
                (3, 2),
                (-2.805118086952745, 3.131312518250573),
                (-3.779310253377747, -3.283185991286170),
                (3.584428340330492, -1.848126526964404),
            ),
            log=True,
        ),
        Surface(
            name="plateau",
            title="Plateau",
            latex=r"1 - e^{-(x^2 + y^2)/2}",
            f=lambda x, y: 1 - np.exp(-(x**2 + y**2) / 2),
            gradient=lambda x, y: (x * np.exp(-(x**2 + y**2) / 2), y * np.exp(-(x**2 + y**2) / 2)),
            curvatures=lambda x, y: tuple(part * np.exp(-(x**2 + y**2) / 2) for part in (1 - x**2, -x * y, 1 - y**2)),
            minima=((0, 0),),
            note="Away from the hole the ground is almost level: the gradient dies away.",
        ),
        Surface(
            name="double well",
            title="Double well",
            latex="(x^2 - 1)^2 + 0.3\\, x + y^2",
            f=lambda x, y: (x**2 - 1) ** 2 + 0.3 * x + y**2,
            gradient=lambda x, y: (4 * x * (x**2 - 1) + 0.3, 2 * y),
            curvatures=lambda x, y: (12 * x**2 - 4, 0, 2),
            x=(-2, 2),
            y=(-2, 2),
            start=(1.7, 1.4),
            minima=((-1.0355787140888537, 0), (0.9601495555191055, 0)),
            note="The well on the left is the deeper one; a barrier of 0.717 stands before the one on the right.",
        ),
        Surface(
            name="Beale",
            title="Beale's function",
            latex="(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2",
            f=lambda x, y: sum((c - x + x * y**k) ** 2 for k, c in BEALE),
            gradient=lambda x, y: (
                sum(2 * (c - x + x * y**k) * (y**k - 1) for k, c in BEALE),
                sum(2 * (c - x + x * y**k) * k * x * y ** (k - 1) for k, c in BEALE),
            ),
            curvatures=lambda x, y: (
                sum(2 * (y**k - 1) ** 2 for k, _ in BEALE),
                sum(2 * k * y ** (k - 1) * (c - 2 * x + 2 * x * y**k) for k, c in BEALE),
                sum(
                    2 * (k * x * y ** (k - 1)) ** 2 + 2 * (c - x + x * y**k) * k * (k - 1) * x * y ** max(k - 2, 0)
                    for k, c in BEALE
                ),
            ),
            x=(-4.5, 4.5),
            y=(-4.5, 4.5),
            start=(1, 1.5),
            minima=((3, 0.5),),
            log=True,
        ),
        Surface(
            name="cliff",
            title="Cliff",
            latex=r"\frac{x^2}{8} + \frac{y^2}{4} + \frac{5}{1 + e^{-20 (x - 1)}}",
            f=lambda x, y: x**2 / 8 + y**2 / 4 + 5 * _sigmoid(20 * (x - 1)),
            gradient=lambda x, y: (x / 4 + 100 * _sigmoid(20 * (x - 1)) * _sigmoid(-20 * (x - 1)), y / 2),
            curvatures=lambda x, y: (
                1 / 4 - 2000 * _sigmoid(20 * (x - 1)) * _sigmoid(-20 * (x - 1)) * np.tanh(10 * (x - 1)),
                0,
                1 / 2,
            ),
            start=(2.4, 1.6),
            minima=((-8.24447851179531e-07, 0),),
            note="Gentle ground above and below a wall 5 high, where the gradient is a hundred times as long.",
        ),
        Surface(
            name="hills",
            title="Hills",
            latex=r"\frac{x^2 + y^2}{20} + 2 - \cos 2x - \cos 2y",
            f=lambda x, y: (x**2 + y**2) / 20 + 2 - np.cos(2 * x) - np.cos(2 * y),
            gradient=lambda x, y: (x / 10 + 2 * np.sin(2 * x), y / 10 + 2 * np.sin(2 * y)),
            curvatures=lambda x, y: (0.1 + 4 * np.cos(2 * x), 0, 0.1 + 4 * np.cos(2 * y)),
            x=(-4.4, 4.4),
            y=(-4.4, 4.4),
            start=(4, 3.8),
            minima=tuple((x, y) for x in HOLLOWS for y in HOLLOWS),
            note="Nine hollows; the lowest is in the middle.",
        ),
    )
}


class Formula(Protocol):
    """What a typed surface asks of its formula; lab.maths.formula makes such."""

    def __call__(self, x: Any, y: Any, /) -> Any: ...
    def derivative(self, variable: str) -> Formula: ...
    def latex(self) -> str: ...


def typed(formula: Formula) -> Surface:
    """The surface of a formula in x and y that a person typed. Nobody knows its minima."""
    slope_x, slope_y = formula.derivative("x"), formula.derivative("y")
    xx, xy, yy = slope_x.derivative("x"), slope_x.derivative("y"), slope_y.derivative("y")
    return Surface(
        name="typed",
        title="Your own formula",
        latex=formula.latex(),
        f=formula,
        gradient=lambda x, y: (slope_x(x, y), slope_y(x, y)),
        curvatures=lambda x, y: (xx(x, y), xy(x, y), yy(x, y)),
    )
