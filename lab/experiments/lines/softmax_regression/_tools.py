"""What softmax regression offers the tools: its weights, each sample's loss and push, and itself as a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab import script
from lab.experiment import Experiment
from lab.experiments.lines.softmax_regression._pictures import REFERENCE
from lab.maths.softmax import cross_entropy, softmax

if TYPE_CHECKING:
    from lab.data.points import Points

FULL, BATCH = "full gradient", "mini-batch"
LEVEL = 1e-5  # a gradient below this is taken for none

MODEL = '''
def softmax(Z):
    """Each row of scores as shares of one; its largest is taken off first, so that no power of e overflows."""
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def L(W):
    """The mean of -ln g of each point's own class, as ln(sum of e^z) - z."""
    Z = X @ W.T
    return (np.logaddexp.reduce(Z, axis=1) - Z[np.arange(len(y)), y]).mean()
'''
SLOPE = """
g = softmax(X @ W.T)
slope = (g - Y).T @ X / len(X)
"""
BATCHED = """
i = at_step(t).choice(len(y), size, replace=False)
g = softmax(X[i] @ W.T)
slope = (g - Y[i]).T @ X[i] / size
"""
END = r'print(f"in the end: loss {L(W):.6g}, W\n{W}")'


class Tools(Experiment):
    """One matrix W with a row for each class, w₁ w₂ b, and J(W) = the mean of −ln g + λ/2 · the squared weights."""

    if TYPE_CHECKING:
        points: Points
        form: Any
        begin: str
        method: str
        batch: int
        rate: Any
        penalty: Any
        K: int
        W: np.ndarray
        X: np.ndarray
        y: np.ndarray
        Y: np.ndarray

    def weights(self) -> dict[str, np.ndarray]:
        return {"W": self.W.copy()}

    @np.errstate(all="ignore")
    def sample_loss(self) -> np.ndarray:
        """−ln g of each point's own class."""
        return np.asarray(cross_entropy(self.X @ self.W.T, self.y))

    @np.errstate(all="ignore")
    def push(self, i: int) -> dict[str, np.ndarray]:
        """(g − y) xᵀ / n: point i's share of ∂L/∂W. A reference class is not pushed."""
        n = len(self.y)
        if not 0 <= i < n:
            raise ValueError(f"there are {n} points, numbered from 0; there is no point {i}")
        share = np.outer(softmax(self.W @ self.X[i]) - self.Y[i], self.X[i]) / n
        if self.form == REFERENCE:
            share[-1] = 0
        return {"W": share}

    def code(self) -> str:
        random = script.draws(self, start=self.begin == "at random", step=self.method == BATCH)
        return script.script(
            self, "import numpy as np", self._data(), MODEL, random, self._start(), self._training(), END
        )

    def _data(self) -> str:
        data = script.assign(x=self.points.x, y=self.y, K=self.K)
        return f"""{data}  # classes
X = np.column_stack([x, np.ones(len(x))])  # the 1 takes the offsets in
Y = np.eye(K)[y]  # a row of the identity for each label"""

    def _start(self) -> str:
        values: dict[str, Any] = {"steps": script.steps(self), "rate": float(self.rate)}
        if self.penalty:
            values["penalty"] = float(self.penalty)
        if self.method == BATCH:
            values["size"] = min(self.batch, len(self.y))
        if self.begin != "at random":
            return f"{script.assign(**values)}\nW = np.zeros((K, 3))"
        text = f"{script.assign(**values)}\nW = at_start().normal(size=(K, 3))"
        return f"{text}\nW[-1] = 0  # the reference class" if self.form == REFERENCE else text

    def _training(self) -> str:
        """The loop; with all points it ends where the gradient is 0."""
        body = script.tidy(BATCHED if self.method == BATCH else SLOPE)
        if self.penalty:
            body += "\nslope[:, :2] += penalty * W[:, :2]  # the offsets go free"
        if self.form == REFERENCE:
            body += "\nslope[-1] = 0  # the reference class stays at 0"
        stop = f"np.abs(slope).max() < {LEVEL}" if self.method == FULL else ""
        return script.loop(f"{body}\nW = W - rate * slope", "L(W)", stop)
