"""Suggestions: networks that succeed, networks that fail and why, and things to try."""

from __future__ import annotations

from typing import Any

from lab.data.points import Points

PLAIN: dict[str, Any] = {
    "task": "classes",
    "activation": "tanh",
    "optimiser": "GD",
    "rate": 0.1,
    "batch": 10,
    "inputs_chosen": ["x₁", "x₂"],
    "extras": [],
    "validation_share": 0,
    "test_share": 0.2,
    "begin": "suited",
    "random_offsets": True,
    "batch_norm": False,
    "scaled": False,
    "measure": "cross-entropy",
    "schedule": "constant",
}


def net(points: Any, layers: list[int], **rest: Any) -> dict[str, Any]:
    """Settings in full, so that nothing of the last preset stays behind."""
    return {**PLAIN, "points": points, "layers": layers, **rest}


CORNERS = Points([(1, 1), (-1, -1), (1, -1), (-1, 1)], [1, 1, 0, 0]).to_json()
FEW = {"kind": "moons", "n": 100, "noise": 0.5}
HILLS = "sin(x1) * cos(x2 / 2)"


def by_heart(**rest: Any) -> dict[str, Any]:
    """So many weights for so few points that noise is learnt too, unless something stands against it."""
    return net(FEW, [16, 16], **{"rate": 0.3, "test_share": 0.4, **rest})


PRESETS: dict[str, dict[str, Any]] = {
    "Disc inside a ring": net("circle", [8, 8]),
    "Four quadrants (XOR)": net("xor", [8]),
    "XOR of four points, one at a time (SGD)": net(CORNERS, [4], batch=1, rate=0.3, test_share=0),
    "Two half-moons": net("moons", [8, 8]),
    "Spiral arms": net("spiral", [16, 16, 16], activation="relu"),
    "Spiral arms, with sines as inputs and Adam": net(
        "spiral", [16, 16], optimiser="Adam", rate=0.01, inputs_chosen=["x₁", "x₂", "sin x₁", "sin x₂"]
    ),
    "Five clumps, five outputs": net("blobs", [8]),
    "Eight arms, eight outputs": net(
        {"kind": "spiral", "classes": 8, "n": 600, "noise": 0.02},
        [32, 32],
        activation="relu",
        optimiser="Adam",
        rate=0.01,
    ),
    "Disc by squares alone: no hidden layer": net("circle", [], inputs_chosen=["x₁²", "x₂²"], rate=0.03),
    "Ten sigmoid units": net("moons", [10], activation="sigmoid", rate=1.0),
    "A typed formula": net("uniform", [16, 16], task="a formula", target=HILLS, rate=0.1),
    "Eight layers of 32: batch norm and Adam": net(
        "spiral", [32] * 8, activation="relu", optimiser="Adam", rate=0.003, batch=32, batch_norm=True
    ),
    "Few noisy points: stopped early": by_heart(validation_share=0.3, extras=["early stopping"], patience=30),
    "Few noisy points: L2 and dropout": by_heart(extras=["L2", "dropout"], l2=0.01, dropout=0.2),
    "Fails: XOR without a hidden layer, for its border is one straight line": net("xor", []),
    "Fails: identity in every unit, for weighted sums of weighted sums are one": net(
        "xor", [8, 8], activation="identity"
    ),
    "Fails: relu at too high a rate, for one wild step leaves units dead": net(
        "spiral", [16, 16], activation="relu", rate=1.0
    ),
    "Fails: all weights 0 at first, for equal units stay equal": net("xor", [8], begin="zero", random_offsets=False),
    "Fails: all weights alike, for equal units are one unit": net(
        "xor", [8], begin="constant", spread=0.5, random_offsets=False
    ),
    "Fails: two units, too narrow to close a border": net("circle", [2]),
    "Fails: eight sigmoid layers, for the gradient fades on its way back": net("moons", [8] * 8, activation="sigmoid"),
    "Fails: cubes unscaled, for inputs in the hundreds throw every step": net(
        "xor", [8], inputs_chosen=["x₁", "x₂", "cubes"], activation="relu", rate=0.1
    ),
    "Fails: steps as units, for a flat unit passes no slope back": net("circle", [4], activation="step"),
    "Fails: few noisy points, learnt by heart": by_heart(),
    "Fails: no pattern at all, learnt by heart": net(
        {"kind": "uniform", "n": 80, "classes": 2}, [32, 32], optimiser="Adam", rate=0.01, test_share=0.4
    ),
}

PROMPTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Four quadrants: watch each hidden unit take a side", net("xor", [8])),
    ("Take all hidden layers away: what can one line not do?", net("xor", [])),
    ("Identity in every unit: why do two layers bend nothing?", net("xor", [8, 8], activation="identity")),
    (
        "One point at a time: four points of XOR, a step each",
        net(CORNERS, [4], batch=1, rate=0.3, test_share=0),
    ),
    ("Two units only: from which seeds does XOR still work?", net("xor", [2])),
    ("All weights 0 at first: which units ever differ?", net("xor", [8], begin="zero", random_offsets=False)),
    ("Hidden units 0, 4, 10: what does each add to the border?", net("moons", [4], activation="sigmoid", rate=1.0)),
    ("Right-click a unit and switch it off: what did it do?", net("circle", [4])),
    ("Right-click layer 1 and freeze it: does layer 2 learn alone?", net("circle", [8, 8])),
    ("Click a point: how much of its loss comes back to layer 1?", {"links_show": "gradient"}),
    ("Four inputs, five units: are there 31 numbers?", net("circle", [5], inputs_chosen=["x₁", "x₂", "x₁²", "x₂²"])),
    ("Few noisy points: when do the curves part? Then add L2", by_heart()),
)
