"""What the perceptron offers the tools: its weights, each sample's loss and push, and itself as a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab import script
from lab.experiment import Experiment

if TYPE_CHECKING:
    from lab.data.points import Points

PLAIN, PRODUCT, SQUARES = "x₁, x₂", "and x₁x₂", "and all squares"

INPUTS = {
    PLAIN: "x",
    PRODUCT: "x, x[:, 0] * x[:, 1]",
    SQUARES: "x, x[:, 0] * x[:, 1], x**2",
}
MODEL = '''
def mistaken(w):
    """Which points are not strictly on their own side: a score of 0 is a mistake."""
    return y * (X @ w) <= 0


def loss(w):
    """How far the mistaken points score on the wrong side, in all: each mistake's y x is minus its gradient."""
    return np.maximum(0, -y * (X @ w)).sum()
'''
NEXT = {
    "at random": "i = at_step(t).integers(len(y))",
    "in turn": "i = t % len(y)",
    "shuffled": """
if t % len(y) == 0:  # an epoch begins
    order = at_step(t).permutation(len(y))
i = order[t % len(y)]
""",
}
RULE = """
if y[i] * (w @ X[i]) <= 0:  # a mistake
    w = w + y[i] * X[i]
"""
RIVALS = """
total = total + w
averaged = total / (t + 1)
if mistaken(w).mean() < mistaken(pocket).mean():
    pocket = w
"""


class Tools(Experiment):
    """One weight vector w, the bias last, and the loss Σ max(0, −y w·x), of which a step looks at one sample."""

    if TYPE_CHECKING:
        points: Points
        features: str
        order: str
        begin: str
        rivals: bool
        X: np.ndarray
        y: np.ndarray
        w: np.ndarray

    def weights(self) -> dict[str, np.ndarray]:
        return {"w": self.w.copy()}

    @np.errstate(all="ignore")
    def sample_loss(self) -> np.ndarray:
        """How far each point scores on the wrong side."""
        return np.maximum(0, -self.y * (self.X @ self.w))

    @np.errstate(all="ignore")
    def push(self, i: int) -> dict[str, np.ndarray]:
        """−y x of a mistake, also where the score is 0; nothing of a point on its own side."""
        if not 0 <= i < len(self.y):
            raise ValueError(f"there are {len(self.y)} points, numbered from 0; there is no point {i}")
        wrong = self.y[i] * (self.w @ self.X[i]) <= 0
        return {"w": -self.y[i] * self.X[i] * wrong}

    def code(self) -> str:
        random = script.draws(self, start=self.begin == "at random", step=self.order != "in turn")
        return script.script(
            self, "import numpy as np", self._data(), MODEL, random, self._start(), self._training(), self._end()
        )

    def _data(self) -> str:
        return f"""{script.assign(x=self.points.x, y=self.y.astype(int))}
X = np.column_stack([{INPUTS[self.features]}, np.ones(len(x))])  # the weight of the 1 is the bias"""

    def _start(self) -> str:
        w = "2 * at_start().normal(size=X.shape[1])" if self.begin == "at random" else "np.zeros(X.shape[1])"
        text = f"{script.assign(steps=script.steps(self))}\nw = {w}"
        if not self.rivals:
            return text
        return f"{text}\ntotal = np.zeros(len(w))  # of w over all steps, for its mean\npocket = w  # the best so far"

    def _training(self) -> str:
        """The loop; it ends when nobody, rivals included, makes a mistake."""
        body = f"{script.tidy(NEXT[self.order])}\n{script.tidy(RULE)}{RIVALS if self.rivals else ''}"
        wrong = "(mistaken(w) | mistaken(averaged) | mistaken(pocket))" if self.rivals else "mistaken(w)"
        return script.loop(body, "loss(w)", f"not {wrong}.any()")

    def _end(self) -> str:
        text = 'print(f"in the end: loss {loss(w):.6g}, w {w}, {mistaken(w).sum()} of {len(y)} mistaken")'
        return text + '\nprint(f"averaged {averaged}, pocket {pocket}")' * self.rivals
