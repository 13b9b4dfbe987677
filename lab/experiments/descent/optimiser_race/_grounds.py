"""The grounds of the race: every surface of the course by name, with a start from which there is something to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lab.maths.landscapes import LANDSCAPES
from lab.maths.sampled_surfaces import SAMPLED
from lab.maths.surfaces import SURFACES, Point, Surface, ravine, typed

TYPED_START = (-2.4, 1.6)
PEAKS_MINIMA = (
    (0.22827892055636917, -1.6255349574999964),
    (-1.3473962443682108, 0.20451886609700518),
    (0.2964455538468321, 0.32019624766683435),
)
_ALL: Mapping[str, Surface] = {
    **SURFACES,
    "peaks": replace(LANDSCAPES["peaks"], start=(0.1, 1.2), minima=PEAKS_MINIMA),
    "monkey saddle": replace(
        LANDSCAPES["monkey saddle"],
        start=(2.4, 0.02),
        note="Three ways up and three down: in the middle the curvature is 0 in every direction.",
    ),
    **SAMPLED,
}
ORDER = (
    "bowl", "ravine", "Rosenbrock", "saddle", "monkey saddle", "plateau", "double well", "hills", "peaks",
    "Himmelblau", "Beale", "cliff", "finite sum", "logistic loss", "two-layer net",
)  # fmt: skip
GROUNDS = {name: _ALL[name] for name in ORDER}


def start_of(name: str) -> Point:
    return TYPED_START if name == "formula" else GROUNDS[name].start


def ground(name: str, kappa: float, angle: float, formula: Any) -> Surface:
    if name == "formula":
        return typed(formula)
    return ravine(kappa, angle) if name == "ravine" else GROUNDS[name]
