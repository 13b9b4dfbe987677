"""What PCA offers the tools: its axis, and itself as a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab import script
from lab.experiment import Experiment

COVARIANCE = """
centred = x - x.mean(axis=0)
S = centred.T @ centred / len(x)


def loss(v):
    \"\"\"The variance that is lost if only the place along v is kept.\"\"\"
    return np.trace(S) - v @ S @ v
"""
ITERATION = """
v = S @ v
v = v / np.linalg.norm(v)
"""
JUDGED = """
values, vectors = np.linalg.eigh(S)  # the last is the largest
print("v", v, "of variance", v @ S @ v)
print("the best there is", vectors[:, -1], "of variance", values[-1])
"""


class Tools(Experiment):
    """One axis v through the mean of the points."""

    if TYPE_CHECKING:
        x: np.ndarray
        v: np.ndarray
        begin: np.ndarray

    def weights(self) -> dict[str, np.ndarray]:
        return {"v": self.v.copy()}

    def code(self) -> str:
        data = script.assign(x=self.x, v=self.begin, steps=script.steps(self))
        return script.script(self, "import numpy as np", data, COVARIANCE, script.loop(ITERATION, "loss(v)"), JUDGED)
