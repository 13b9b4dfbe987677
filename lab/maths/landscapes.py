"""Landscapes: surfaces with every kind of critical point, and convex losses of two weights with what bounds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.maths.formula import parse
from lab.maths.planes import Array
from lab.maths.surfaces import SURFACES, Surface, ravine, typed

PEAKS = "3*(1 - x)**2*exp(-x**2 - (y + 1)**2) - 10*(x/5 - x**3 - y**5)*exp(-x**2 - y**2) - exp(-(x + 1)**2 - y**2)/3"
FORMULAS = {
    "peaks": PEAKS,
    "dome": "-x**2 - y**2",
    "monkey saddle": "(x**3 - 3*x*y**2)/3",
    "two wells": "x**4/4 - x**2 + y**2/2",
    "trough": "x**2/2",
    "log-sum-exp": "log(exp(x) + exp(y) + exp(-x - y))",
}
SIDE = 61  # places along each edge of the square on which a curvature is sought


def formed(name: str, text: str, **rest: Any) -> Surface:
    """The surface of a formula, under a name."""
    return replace(typed(parse(text)), name=name, title=name.capitalize(), **rest)


LANDSCAPES: Mapping[str, Surface] = {
    "peaks": formed("peaks", FORMULAS["peaks"]),
    "bowl": SURFACES["bowl"],
    "dome": formed("dome", FORMULAS["dome"]),
    "saddle": SURFACES["saddle"],
    **{name: formed(name, FORMULAS[name]) for name in ("monkey saddle", "two wells", "trough", "log-sum-exp")},
    "Rosenbrock": SURFACES["Rosenbrock"],
}


def extremes(surface: Surface, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """The least and the greatest eigenvalue of the Hessian at each place."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    with np.errstate(all="ignore"):
        xx, xy, yy = (np.broadcast_to(part, x.shape).astype(float) for part in surface.curvatures(x, y))
        middle, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return middle - half, middle + half


@dataclass(frozen=True)
class Loss:
    """A surface to descend on, one of its lowest places, and constants where they are known in advance."""

    surface: Surface
    goal: tuple[float, float] = (0.0, 0.0)
    m: float | None = None  # strong convexity, or that of Polyak and Łojasiewicz
    L: float | None = None
    convex: bool = True
    free: tuple[float, float] | None = None  # a direction in which the loss stays the same

    def value(self, w: ArrayLike) -> float:
        with np.errstate(all="ignore"):
            return float(self.surface.f(*np.asarray(w, dtype=float)))

    def gradient(self, w: ArrayLike) -> NDArray[np.float64]:
        """The gradient, or 0 in a direction in which there is a kink."""
        with np.errstate(all="ignore"):
            slopes = np.broadcast_arrays(*self.surface.gradient(*np.asarray(w, dtype=float).T))
        return np.where(np.isnan(slopes), 0.0, slopes).T.astype(float)

    def nearest(self, w: ArrayLike) -> NDArray[np.float64]:
        """The lowest place that is nearest to w: where gradient descent from w ends."""
        goal = np.array(self.goal)
        if self.free is None:
            return goal
        along = np.array(self.free)
        return goal + along * float(along @ (np.asarray(w, dtype=float) - goal))

    def constants(self, begin: ArrayLike) -> tuple[float, float]:
        """m and L over the square about w* that holds all that is no farther from it than the start."""
        if self.m is not None and self.L is not None:
            return self.m, self.L
        goal = self.nearest(begin)
        side = float(np.hypot(*(np.asarray(begin) - goal))) * np.linspace(-1, 1, SIDE)
        least, greatest = extremes(self.surface, *np.meshgrid(goal[0] + side, goal[1] + side))
        known = np.isfinite(least) & np.isfinite(greatest)
        m = self.m if self.m is not None else max(float(least[known].min()), 0.0)
        return m, self.L if self.L is not None else float(np.maximum(-least, greatest)[known].max())


def loss(name: str, kappa: float = 10, correlation: float = 0.8, p: float = 4) -> Loss:
    """A loss of the catalogue: κ is a quadratic's, the correlation least squares', p that of powers and norms."""
    kinked = np.inf
    r = correlation
    known = {
        "quadratic": lambda: Loss(ravine(kappa, 25), m=1, L=kappa),
        "least squares": lambda: Loss(
            formed(name, f"((x - 0.5)**2 + 2*{r}*(x - 0.5)*(y + 0.5) + (y + 0.5)**2)/2"),
            (0.5, -0.5),
            m=1 - r,
            L=1 + r,
            free=(0.5**0.5, -(0.5**0.5)) if r == 1 else None,
        ),
        "log-sum-exp": lambda: Loss(formed(name, FORMULAS["log-sum-exp"]), L=1.25),  # Popoviciu: 5 / 4
        "log cosh": lambda: Loss(formed(name, "log(exp(x) + exp(-x)) + log(exp(y) + exp(-y))"), L=1),
        "Huber": lambda: Loss(
            formed(name, " + ".join(f"0.5*min(abs({x}), 1)**2 + max(abs({x}) - 1, 0)" for x in "xy")), m=0, L=1
        ),
        "power": lambda: Loss(
            formed(name, f"abs(x)**{p} + abs(y)**{p}"), m=None if p <= 2 else 0, L=kinked if p < 2 else None
        ),
        "p-norm": lambda: Loss(formed(name, f"(abs(x)**{p} + abs(y)**{p})**(1/{p})"), m=0, L=kinked),
        "∞-norm": lambda: Loss(formed(name, "max(abs(x), abs(y))"), m=0, L=kinked),
        "not convex, yet PL": lambda: Loss(
            formed(name, "x**2 + 3*sin(x)**2 + y**2", x=(-5.5, 5.5), y=(-5.5, 5.5)), m=1 / 32, L=8, convex=False
        ),
    }
    return known[name]()


LOSSES = (
    "quadratic",
    "least squares",
    "log-sum-exp",
    "log cosh",
    "Huber",
    "power",
    "p-norm",
    "∞-norm",
    "not convex, yet PL",
)
