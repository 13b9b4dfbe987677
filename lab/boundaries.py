"""A typed function as a boundary, whose sign labels a cloud; or as a target, along which points are laid."""

from __future__ import annotations

import re

import numpy as np

from lab.data.points import Points, make
from lab.maths.formula import Expression, parse

PLANE = ("x1", "x2")
SUBSCRIPTS = str.maketrans("₁₂²³", "12\ue002\ue003")
MOST_FRESH = 2000
EDGE = 5.0  # fresh points lie in [-EDGE, EDGE]


def boundary(text: str) -> Expression:
    """What is positive on the side of class 1: `x2 - sin(x1)`, also written `x2 > sin(x1)` or `x1² + x2² < 9`."""
    sides = re.split(r"[<>=]", _plain(text))
    if len(sides) > 2:
        raise ValueError("the formula has several signs of < > =: write one, as in x2 > sin(x1)")
    for side in sides:
        parse(side, PLANE)  # each side alone, so that what is wrong is told of what was typed
    if len(sides) == 1:
        return parse(sides[0], PLANE)
    left, right = reversed(sides) if "<" in text else sides
    return parse(f"({left}) - ({right})", PLANE)


def labelled(cloud: Points, text: str) -> Points:
    """The same points, of class 1 where the formula is positive and of class 0 elsewhere."""
    values = boundary(text)(*cloud.x.T)
    nowhere = np.flatnonzero(np.isnan(values))
    if len(nowhere):
        x1, x2 = cloud.x[nowhere[0]]
        raise ValueError(f"the formula has no value at {len(nowhere)} of the points, as at ({x1:.3g}, {x2:.3g})")
    return Points(cloud.x, (values > 0).astype(int), cloud.number)


def fresh(text: str, n: int, noise: float = 0.0, seed: int = 0) -> Points:
    """New points all over the plane, labelled by the formula; with noise, some lie on the wrong side of it."""
    cloud = make("uniform", n, classes=1, seed=seed)
    right = labelled(cloud, text)
    moved = cloud.x + noise * 2 * np.random.default_rng((seed, 1)).standard_normal(cloud.x.shape)
    return Points(moved, right.y)


def target(text: str, n: int, noise: float = 0.0, seed: int = 0) -> Points:
    """New points along y = f(x), as a regression wants them; `y =` may be written or left out, and x called x1."""
    right = re.sub(r"^\s*(x2|y)\s*=", "", _plain(text))
    rng = np.random.default_rng(seed)
    across = np.sort(rng.uniform(-EDGE, EDGE, n))
    upright = parse(right, ("x", "x1"))(across, across) + noise * 5 * rng.standard_normal(n)
    if not np.isfinite(upright).all():
        raise ValueError(f"the formula has no value at x = {across[~np.isfinite(upright)][0]:.3g}")
    return Points(np.column_stack((across, upright)), np.zeros(n, dtype=int))


def _plain(text: str) -> str:
    """x₁ and x² as they are read: x1 and x**2."""
    return text.translate(SUBSCRIPTS).replace("\ue002", "**2").replace("\ue003", "**3")
