"""What logistic regression offers the tools: its weights, each sample's loss and push, and itself as a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab import script
from lab.experiment import Experiment
from lab.maths.logistic import losses, sigmoid

if TYPE_CHECKING:
    from lab.data.points import Points

DESCENT, MINI, SINGLE, NEWTON = "all points (GD)", "mini-batches", "one point (SGD)", "Newton (IRLS)"
AWAY, ZERO, CHANCE = "turned away", "zero", "at random"
LEAST = 1e-13  # of the largest eigenvalue: below this a Hessian is taken for singular

TURNED = """
# A right angle and more from where it will go.
apart = x[y == 1].sum(axis=0) - x[y == 0].sum(axis=0)
turned = np.array([-apart[1] - 0.6 * apart[0], apart[0] - 0.6 * apart[1]])
theta[:2] = 1.5 * turned / (np.linalg.norm(turned) or 1)
"""
LOSS = '''
def sigma(u):
    """1 / (1 + e^-u), by its logarithm: so no power of e overflows."""
    return np.exp(-np.logaddexp(0, -u))


def J(theta):
    """The mean of -ln of the probability that each point's own class is given."""
    u = X @ theta
    return (np.logaddexp(0, u) - y * u).mean(){ridge}


def gradient(theta, X, y):
    return X.T @ (sigma(X @ theta) - y) / len(X){slope}
'''
HESSIAN = """

def hessian(theta):
    u = X @ theta
    spread = sigma(u) * sigma(-u)
    return (X * spread[:, None]).T @ X / len(X)"""
BATCH = """
rng = at_step(t)
if t == 0:
    order = rng.permutation(len(y))
i, order = order[:size], order[size:]
if not len(order):  # an epoch is over: shuffle for the next
    order = rng.permutation(len(y))
theta = theta - rate * gradient(theta, X[i], y[i])
"""
DOWN = """
before = J(theta)
theta = theta - rate * gradient(theta, X, y)
"""
NEWTONS = f"""
before, H = J(theta), hessian(theta)
mu = np.linalg.eigvalsh(H)
if mu[0] <= {LEAST} * max(mu[-1], {LEAST}):  # H has no inverse
    break
theta = theta - np.linalg.solve(H, gradient(theta, X, y))
"""


class Tools(Experiment):
    """One weight vector theta = (θ₁, θ₂, θ₀), and J(theta) = the mean of −ln G over the points + λ‖θ‖²."""

    if TYPE_CHECKING:
        points: Points
        method: str
        begin: str
        batch: int
        rate: float
        penalty: float
        offset: bool
        tolerance: float
        X: np.ndarray
        y: np.ndarray
        labels: np.ndarray
        theta: np.ndarray

    def weights(self) -> dict[str, np.ndarray]:
        return {"theta": self.theta.copy()}

    @np.errstate(all="ignore")
    def sample_loss(self) -> np.ndarray:
        """−ln G of each point, G being the probability of its own class."""
        return np.asarray(losses(self.X @ self.theta, self.y))

    @np.errstate(all="ignore")
    def push(self, i: int) -> dict[str, np.ndarray]:
        """(σ − y) x / n: point i's share of ∇J."""
        n = len(self.y)
        if not 0 <= i < n:
            raise ValueError(f"there are {n} points, numbered from 0; there is no point {i}")
        return {"theta": (sigmoid(self.X[i] @ self.theta) - self.y[i]) * self.X[i] / n}

    def code(self) -> str:
        return script.script(
            self, "import numpy as np", self._data(), self._loss(), self._random(), self._start(), self._training()
        )

    def _data(self) -> str:
        ones = "X = np.column_stack([x, np.ones(len(x))])  # the 1 takes the offset in"
        text = f"{script.assign(x=self.points.x, y=self.labels)}\n{ones if self.offset else 'X = x'}"
        if self.penalty:
            each = "np.array([1, 1, 0])  # the offset goes free" if self.offset else "np.ones(2)"
            text += f"\npenalty = {float(self.penalty)!r} * {each}"
        return text

    def _loss(self) -> str:
        ridge = " + (penalty * theta**2).sum()" if self.penalty else ""
        slope = " + 2 * penalty * theta" if self.penalty else ""
        curve = " + np.diag(2 * penalty)" if self.penalty else ""
        text = LOSS.format(ridge=ridge, slope=slope)
        return f"{text}{HESSIAN}{curve}" if self.method == NEWTON else text

    def _random(self) -> str:
        start, step = self.begin == CHANCE, self.method in (MINI, SINGLE)
        return script.draws(self, start=start, step=step)

    def _start(self) -> str:
        values: dict[str, Any] = {"steps": script.steps(self)}
        if self.method != NEWTON:
            values["rate"] = float(self.rate)
        if self.method in (MINI, SINGLE):
            values["size"] = self.batch if self.method == MINI else 1
        else:
            values["tolerance"] = float(self.tolerance)
        theta = "at_start().normal(size=X.shape[1])" if self.begin == CHANCE else "np.zeros(X.shape[1])"
        return f"{script.assign(**values)}\ntheta = {theta}{TURNED if self.begin == AWAY else ''}"

    def _training(self) -> str:
        """The loop of the method chosen. Where all points are looked at, it ends when J falls no more."""
        body = {DESCENT: DOWN, NEWTON: NEWTONS}.get(self.method, BATCH)
        stop = "abs(J(theta) - before) < tolerance" if self.method in (DESCENT, NEWTON) else ""
        end = 'print(f"in the end: loss {J(theta):.6g}, theta {theta}")'
        return f"{script.loop(body, 'J(theta)', stop)}\n\n{end}"
