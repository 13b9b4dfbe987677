"""What linear regression offers the tools: its weights, each sample's loss and push, and itself as a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab import script
from lab.experiment import Experiment
from lab.experiments.lines.linear_regression._samples import DIABETES
from lab.maths import least_squares as ls

WEIGHTS = {  # what stands before the sum of squares
    "mean of squares": "1 / len(y)",
    "sum of squares": "1",
    "half the mean": "0.5 / len(y)",
    "half the sum": "0.5",
}
AGAIN = """
if J({new}) > J({old}) + 1e-9:  # it would climb: back to the start, with half the rate
    {start}
    rate /= 2
    continue
"""
MOVES = {
    "gradient descent": "theta = theta - rate * gradient(theta, X, y, c)",
    "closed form": "theta = np.linalg.lstsq(X, y, rcond=None)[0]  # the bottom of the bowl, in one jump",
    "random search": """
trial = at_step(t).uniform(best - half, best + half)
if J(trial) < J(theta):
    theta = trial
""",
    "some": """
i = at_step(t).choice(len(y), size, replace=False)
theta = theta - rate * gradient(theta, X[i], y[i], c * len(y) / size)
""",
}
SQUARE = """
best = np.linalg.lstsq(X, y, rcond=None)[0]
half = 1.3 * max(np.abs(begin - best).max(), 1)  # the tries fall in a square about the best line
"""


GD, ONE, SOME, SEARCH = "gradient descent", "one sample", "mini-batch", "random search"


class Tools(Experiment):
    """One weight vector theta = (offset, slope), and J(theta) = c · Σ (theta · x − y)²."""

    if TYPE_CHECKING:
        data: str
        objective: str
        inputs: str
        method: str
        rate: float
        halve: bool
        batch: int
        x: np.ndarray
        X: np.ndarray
        y: np.ndarray
        c: float
        theta: np.ndarray
        begin: np.ndarray

    def weights(self) -> dict[str, np.ndarray]:
        return {"theta": self.theta[0].copy()}

    @np.errstate(all="ignore")
    def sample_loss(self) -> np.ndarray:
        """Each sample's squared residual, halved where J is a half: their mean, or their sum, is J."""
        factor = 0.5 if self.objective.startswith("half") else 1.0
        return np.asarray(factor * (self.X @ self.theta[0] - self.y) ** 2)

    def push(self, i: int) -> dict[str, np.ndarray]:
        """Sample i's share of ∇J."""
        if not 0 <= i < len(self.y):
            raise ValueError(f"there are {len(self.y)} samples, numbered from 0; there is no sample {i}")
        return {"theta": ls.gradient(self.theta[0], self.X[i : i + 1], self.y[i : i + 1], self.c)}

    def code(self) -> str:
        return script.script(self, self._needs(), self._data(), self._loss(), self._start(), self._training())

    def _needs(self) -> str:
        loader = "\nfrom sklearn.datasets import load_diabetes" if self.data == DIABETES else ""
        return f"import numpy as np{loader}"

    def _data(self) -> str:
        if self.data == DIABETES:
            data = script.tidy("""
                # Body mass index and progression of 442 patients, in the index's own unit.
                patients = load_diabetes(scaled=False)
                x = patients.data[:, patients.feature_names.index("bmi")]
                y = patients.target
                """)
        else:
            data = script.assign(x=self.x, y=self.y)
        inputs = {
            "as they are": "x",
            "standardised": "(x - x.mean()) / x.std()" if self.x.std() else "x - x.mean()",
            "logarithm": "np.log(x)",
        }[self.inputs]
        return f"{data}\nX = np.column_stack([np.ones(len(x)), {inputs}])  # the 1 takes the offset in"

    def _loss(self) -> str:
        return script.tidy(f"""
            c = {WEIGHTS[self.objective]}  # J is the {self.objective}


            def J(theta):
                return c * ((X @ theta - y) ** 2).sum()


            def gradient(theta, X, y, c):
                return 2 * c * X.T @ (X @ theta - y)
            """)

    def _start(self) -> str:
        values: dict[str, Any] = {"begin": self.begin, "rate": float(self.rate), "steps": script.steps(self)}
        if self.method in (ONE, SOME):
            values["size"] = 1 if self.method == ONE else min(self.batch, len(self.y))
        text = f"{script.assign(**values)}\ntheta = begin.copy()"
        if self.method in (ONE, SOME) and self.halve:
            text += "\ndescent = begin.copy()  # all samples, beside it: it tells when to halve"
        if self.method == SEARCH:
            text += SQUARE.rstrip()
        return f"{text}\n\n{script.draws(self)}" if self.method in (ONE, SOME, SEARCH) else text

    def _training(self) -> str:
        """The loop of the method chosen. With halving, gradient descent judges, also where it only runs beside."""
        some = self.method in (ONE, SOME)
        move = MOVES["some" if some else self.method].strip()
        if self.halve and some:
            ahead = "ahead = descent - rate * gradient(descent, X, y, c)"
            again = AGAIN.format(new="ahead", old="descent", start="theta, descent = begin.copy(), begin.copy()")
            move = f"{ahead}{again}{move}\ndescent = ahead"
        elif self.halve and self.method == GD:
            again = AGAIN.format(new="ahead", old="theta", start="theta = begin.copy()")
            move = f"{move.replace('theta =', 'ahead =', 1)}{again}theta = ahead"
        return f'{script.loop(move, "J(theta)")}\n\nprint("theta", theta)'
