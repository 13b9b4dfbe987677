"""The samples with one input: the texts' line, rooms and prices, cars, and what scikit-learn has of diabetes."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lab.data.tables import table
from lab.maths.least_squares import design, solution

OWN = "points"
LINE, ROOMS, WIDE, CARS, DIABETES = "3x + 1", "rooms → price", "rooms, Figure 2.7", "same car → price", "diabetes"
SAMPLES = (OWN, LINE, ROOMS, WIDE, DIABETES, CARS)


class Sample(NamedTuple):
    """Inputs and targets (n,), and what they are called."""

    x: np.ndarray
    y: np.ndarray
    input: str
    target: str


@lru_cache
def sample(name: str) -> Sample:
    """One of SAMPLES but the person's own points; always the same one."""
    rng = np.random.default_rng(7)
    if name == LINE:
        x = np.linspace(0, 5, 20)
        made = Sample(x, 3 * x + 1 + rng.normal(0, 1.2, 20), "x", "y")
    elif name in (ROOMS, WIDE):
        mean, spread = (6.25, 0.7) if name == ROOMS else (5.93, 2.483)
        x = mean + spread * standard(rng.normal(size=490))
        noise = rng.normal(0, 5.5, 490)
        noise -= design(x) @ solution(design(x), noise)  # so that the fit is the text's to the last digit
        made = Sample(x, -30.01 + 8.27 * x + noise, "rooms", "price, $1000")
    elif name == CARS:
        x = np.exp(rng.uniform(np.log(5), np.log(2000), 60))
        made = Sample(x, 60 - 6 * np.log(x) + rng.normal(0, 3, 60), "people with the same car", "price, $1000")
    else:
        real = table("diabetes")
        made = Sample(
            real.x[:, real.features.index("bmi")].copy(), real.y.astype(float), "body mass index", "progression"
        )
    for array in (made.x, made.y):
        array.setflags(write=False)
    return made


def standard(x: np.ndarray) -> np.ndarray:
    """Mean 0 and standard deviation 1; inputs that are all alike become 0."""
    return (x - x.mean()) / (x.std() or 1.0)
