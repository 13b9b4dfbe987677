"""Suggestions: races worth seeing, as presets and prompts."""

from __future__ import annotations

from typing import Any

from lab.experiments.descent.optimiser_race._runners import CLIPS, DRAWN, RACER, TEXT

FIELDS = tuple(RACER)


def racing(method: str, rate: float, **rest: Any) -> dict[str, Any]:
    return {"method": method, "rate": rate, **rest}


def race(surface: str, *racers: Any, **rest: Any) -> dict[str, Any]:
    """Settings of a race: each racer a row, or a tuple of its method, its rate and perhaps its momentum."""
    rows = [one if isinstance(one, dict) else dict(zip(FIELDS, one)) for one in racers]
    return {"surface": surface, "noise": 0, "scale": 1, "racers": rows, **rest}


PRESETS: dict[str, dict[str, Any]] = {
    "Rosenbrock: who turns the corner?": race("Rosenbrock", ("GD", 0.001), ("momentum", 0.001), ("Adam", 0.1)),
    "Rosenbrock: six memories": race(
        "Rosenbrock", *(("momentum", 0.001, rho) for rho in (0, 0.5, 0.8, 0.9, 0.95, 0.99))
    ),
    "Rosenbrock: a fixed rate through 0.002, and one that freezes": race(
        "Rosenbrock",
        *(("GD", rate) for rate in (1e-4, 1e-3, 2e-3, 3e-3)),
        *(racing("GD", rate, schedule="exponential", decay=0.99, period=1) for rate in (1e-3, 1.9e-3)),
    ),
    "Adam against four rivals": race(
        "ravine", ("GD", 0.08), ("momentum", 0.02), ("Adagrad", 0.5), ("RMSProp", 0.02), ("Adam", 0.1),
        kappa=20, angle=30, racer=4,
    ),
    "Ravine: momentum against GD": race("ravine", ("GD", 0.0195), ("momentum", 0.015, 0.8), kappa=100),
    "Turned ravine, κ = 100: 2/(m+L)": race("ravine", ("GD", 2 / 101), kappa=100, angle=35, begin=(-2.4, 0.9), racer=0),
    "Saddle: who leaves first?": race("saddle", ("GD", 0.05), ("momentum", 0.05), ("Adagrad", 0.05), ("Adam", 0.05)),
    "Monkey saddle: no curvature to feel": race("monkey saddle", ("GD", 0.05), ("momentum", 0.02), ("Adam", 0.05)),
    "Plateau: whose gradient still counts?": race("plateau", ("GD", 0.5), ("momentum", 0.5), ("Adam", 0.1)),
    "Hills: who rolls over?": race(
        "hills", ("GD", 0.05), ("momentum", 0.02), ("momentum", 0.02, 0.97), ("Adam", 0.1), racer=1
    ),
    "Double well: over the barrier?": race("double well", ("GD", 0.02), ("momentum", 0.02), ("Adam", 0.1)),
    "Himmelblau: one start, two ends": race("Himmelblau", ("GD", 0.01), ("momentum", 0.01), ("Adam", 0.1)),
    "Beale: a long flat valley": race("Beale", ("GD", 0.002), ("momentum", 0.002), ("Nesterov", 0.002), ("Adam", 0.05)),
    "Peaks: which hollow?": race("peaks", ("GD", 0.02), ("momentum", 0.02), ("Adam", 0.1)),
    "Cliff: clipped and not": race("cliff", *(racing("GD", 0.3, clip=clip) for clip in CLIPS[:3]), racer=2),
    "Decay apart from the gradient: AdamW, and Adam with a penalty": race(
        "ravine", ("Adam", 0.05), racing("AdamW", 0.05, weight_decay=0.3), racing("Adam", 0.05, penalty=0.3),
        kappa=20, racer=1,
    ),
    "Nadam against Adam": race(
        "Rosenbrock", ("Adam", 0.02), ("Nadam", 0.02), racing("Nadam", 0.02, form=TEXT), racer=2
    ),
    "Six schedules in noise": race(
        "ravine",
        *(
            racing("GD", 0.09, schedule=schedule, period=200)
            for schedule in ("constant", "1/t", "1/√t", "exponential", "cosine", "warm-up")
        ),
        noise=2, begin=(-2.4, 0.9), kappa=10,
    ),
    "Whole or sampled: loss against gradients": race(
        "finite sum",
        ("GD", 0.2), *(racing("GD", rate, batch=batch) for rate, batch in ((0.2, 4), (0.05, 1))),
        racing("Adam", 0.05, batch=1),
    ),
    "Logistic loss": race("logistic loss", ("GD", 1), ("momentum", 1), ("Adam", 0.2)),
    "Two-layer net: two minima": race("two-layer net", ("GD", 0.1), ("momentum", 0.1), ("Adam", 0.05)),
}  # fmt: skip
PROMPTS = (
    (
        "Slide “All rates” through the marks 1/L, 2/(m+L) and 2/L: what changes?",
        race("ravine", ("GD", 0.05), kappa=20, angle=30, racer=0),
    ),
    (
        "Adam's first step: why is it as long on either axis? Take its correction away",
        race("Rosenbrock", ("Adam", 0.1), racing("Adam", 0.1, correct=False), racer=1),
    ),
    (
        "Draw a schedule: drag its knots in Drawn rate",
        race("ravine", ("GD", 0.09), racing("GD", 0.09, schedule=DRAWN), noise=2, kappa=10, begin=(-2.4, 0.9)),
    ),
    (
        "A cliff: who clips, into a box or a circle?",
        race("cliff", *(racing("GD", 0.3, clip=clip) for clip in CLIPS[:3]), racer=1),
    ),
    ("Type a surface of your own", race("formula", ("GD", 0.02), ("momentum", 0.02), ("Adam", 0.1))),
)
