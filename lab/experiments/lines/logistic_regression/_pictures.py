"""The pictures of logistic regression: the map and its lines, pulls, the cut along w, likelihood, one point's chain."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.data.points import Points
from lab.experiment import drawn
from lab.marks import Field
from lab.maths.logistic import hessian, linear_discriminant, log_odds, losses, margin_losses, sigmoid
from lab.maths.perceptrons import line_in

EDGE = 6.5
GROUND = 13.0  # the map goes on beyond the window, which may be wider than high
SIDE = 130
PALER = 0.85  # the colours go on to here, so that dots stand out from the map
MOST_ARROWS = 100  # for each class; of more points, neighbours in direction share one
CUT = np.linspace(-9, 9, 181)  # places along w
NAMES = ("θ₁", "θ₂", "θ₀")


class Pictures:
    """What is drawn of a logistic regression."""

    points: Points
    X: np.ndarray
    y: np.ndarray
    labels: np.ndarray
    theta: np.ndarray
    slope: np.ndarray
    seen: np.ndarray
    beta: np.ndarray
    root: np.ndarray
    penalty: Any
    offset: Any
    tau: Any
    signs: Any
    rival: Any
    picked: Any
    along: Any
    place: Any

    def J(self) -> float:
        raise NotImplementedError

    # ------------------------------------------------------------ the plane

    @drawn
    def x(self) -> np.ndarray:
        return self.points.x

    @drawn
    def scores(self) -> np.ndarray:
        return self.X @ self.theta

    @drawn
    def g(self) -> np.ndarray:
        """σ at every point."""
        return sigmoid(self.scores())

    def plane(self) -> np.ndarray:
        """w₁, w₂ and θ₀, which is 0 where there is none."""
        return self.theta if self.offset else np.append(self.theta, 0.0)

    def line_at(self, probability: float) -> np.ndarray:
        """Where p is so: the line p = ½ moved parallel to itself, to u = ln(p/(1 − p))."""
        return line_in(self.plane() - (0, 0, float(log_odds(probability))), GROUND)

    @drawn
    def chance(self) -> Field:
        """½ − p: low is the blue of class 1. Two far corners hold the scale: a colour always means one p."""
        axis = np.linspace(-GROUND, GROUND, SIDE)
        w1, w2, b = self.plane()
        z = 0.5 - sigmoid(w1 * axis[None, :] + w2 * axis[:, None] + b)
        z[0, 0], z[-1, -1] = -PALER, PALER
        return Field(z, (-GROUND, GROUND), (-GROUND, GROUND))

    @drawn
    def levels(self) -> list[np.ndarray]:
        return [line for line in map(self.line_at, (0.1, 0.9)) if len(line)]

    @drawn
    def half(self) -> np.ndarray:
        return self.line_at(0.5) if self.tau != 0.5 else np.empty((0, 2))

    @drawn
    def boundary(self) -> np.ndarray:
        return self.line_at(self.tau)

    @drawn(on=("X", "y", "rival"))
    def lda(self) -> np.ndarray:
        w = linear_discriminant(self.points.x, self.labels) if self.rival else None
        return np.empty((0, 2)) if w is None else line_in(w, GROUND)

    @drawn
    def foot(self) -> np.ndarray:
        w, b = self.plane()[:2], self.plane()[2]
        return -b * w[None] / (w @ w) if w.any() else np.zeros((1, 2))

    @drawn
    def normal(self) -> np.ndarray:
        """w, or as much of it as there is room for."""
        w = self.theta[:2]
        return w[None] * min(1.0, 5 / (float(np.linalg.norm(w)) or 1.0))

    @drawn
    def pull_lengths(self) -> np.ndarray:
        return np.abs(self.g() - self.y) * np.linalg.norm(self.X, axis=1)

    @drawn
    def sizes(self) -> np.ndarray:
        return 0.03 + np.minimum(self.pull_lengths() / 5, 0.97)

    @drawn
    def ringed(self) -> np.ndarray:
        shown = self.seen if 0 < len(self.seen) < len(self.y) else [self.watched()]
        return np.isin(np.arange(len(self.y)), shown)

    @drawn
    def read(self) -> str:
        p = float(sigmoid(self.plane() @ (*self.place, 1.0)))
        return minus(f"p({self.place[0]:.2g}, {self.place[1]:.2g}) = {p:.3g}")

    # ------------------------------------------------------------ pulls

    @drawn
    def tip_to_tail(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(y − σ) x / n by direction: where each begins, the arrow, its class."""
        pulls = (self.y - self.g())[:, None] * self.X[:, :2] / len(self.y)
        parts, classes = [np.empty((0, 2))], []
        for label in (0, 1):
            some = by_direction(pulls[self.labels == label])
            if len(some):
                some = np.add.reduceat(some, np.arange(0, len(some), -(-len(some) // MOST_ARROWS)))
                parts.append(some)
                classes += [label] * len(some)
        arrows = np.concatenate(parts)
        order = np.arctan2(arrows[:, 1], arrows[:, 0]).argsort()
        arrows = arrows[order]
        return arrows.cumsum(axis=0) - arrows, arrows, np.array(classes, dtype=int)[order]

    def pulls_of(self, label: int) -> tuple[np.ndarray, np.ndarray]:
        at, arrows, classes = self.tip_to_tail()
        return at[classes == label], arrows[classes == label]

    @drawn
    def pulls_0_at(self) -> np.ndarray:
        return self.pulls_of(0)[0]

    @drawn
    def pulls_0(self) -> np.ndarray:
        return self.pulls_of(0)[1]

    @drawn
    def pulls_1_at(self) -> np.ndarray:
        return self.pulls_of(1)[0]

    @drawn
    def pulls_1(self) -> np.ndarray:
        return self.pulls_of(1)[1]

    @drawn
    def shrink_at(self) -> np.ndarray:
        return self.tip_to_tail()[1].sum(axis=0)[None] if self.penalty else np.empty((0, 2))

    @drawn
    def shrink(self) -> np.ndarray:
        return -2 * self.penalty * self.theta[None, :2] if self.penalty else np.empty((0, 2))

    @drawn
    def origin(self) -> np.ndarray:
        return np.zeros((1, 2))

    @drawn
    def total(self) -> np.ndarray:
        return self.tip_to_tail()[1].sum(axis=0)[None] - 2 * self.penalty * self.theta[None, :2]

    @drawn
    def batch_at(self) -> np.ndarray:
        return np.zeros((int(0 < len(self.seen) < len(self.y)), 2))

    @drawn
    def batch_total(self) -> np.ndarray:
        return -self.slope[None, :2][: len(self.batch_at())]

    @drawn
    def offset_slope(self) -> str:
        if not self.offset:
            return "no θ₀"
        return minus(f"∂J/∂θ₀ = {float((self.g() - self.y).mean()):.2g}")

    @drawn
    def pull_bars(self) -> np.ndarray:
        return (self.g() - self.y) * self.X[:, self.weight()]

    @drawn
    def pull_sum(self) -> str:
        return minus(
            f"{NAMES[self.weight()]}: sum {self.pull_bars().sum():.3g} of {np.abs(self.pull_bars()).sum():.3g}"
        )

    # ------------------------------------------------------------ along w, and the loss of each point

    def ahead(self) -> np.ndarray:
        w = self.theta[:2]
        return w / np.linalg.norm(w) if w.any() else np.array([1.0, 0.0])

    def cut_scores(self) -> np.ndarray:
        return CUT * float(np.linalg.norm(self.theta[:2])) + self.plane()[2]

    @drawn
    def curve(self) -> np.ndarray:
        return np.column_stack([CUT, sigmoid(self.cut_scores())])

    @drawn
    def band(self) -> np.ndarray:
        """1.96 √(xᵀ (XᵀWX)⁻¹ x) along the cut, which goes through the mean of the points; none where H is singular."""
        H = hessian(self.theta, self.X) * len(self.y)
        values = np.linalg.eigvalsh(H)
        if values[0] < 1e-9 * max(values[-1], 1e-3):
            return np.empty(0)
        ahead, mean = self.ahead(), self.points.x.mean(axis=0)
        places = CUT[:, None] * ahead + (mean - (mean @ ahead) * ahead)
        x = np.hstack([places, np.ones((len(places), int(self.offset)))])
        return 1.96 * np.sqrt((x * np.linalg.solve(H, x.T).T).sum(axis=1))

    def edge_of_band(self, side: int) -> np.ndarray:
        half = self.band()
        return np.column_stack([CUT, sigmoid(self.cut_scores() + side * half)]) if len(half) else np.empty((0, 2))

    @drawn
    def band_low(self) -> np.ndarray:
        return self.edge_of_band(-1)

    @drawn
    def band_high(self) -> np.ndarray:
        return self.edge_of_band(1)

    @drawn
    def sigmoid_dots(self) -> np.ndarray:
        spread = 0.07 * (self.points.number * 0.618 % 1)
        return np.column_stack([self.points.x @ self.ahead(), self.y + np.where(self.labels == 1, 0.03, -0.1) + spread])

    @drawn
    def middle(self) -> str:
        length, b = float(np.linalg.norm(self.theta[:2])), self.plane()[2]
        return minus(f"½ at t = {(0 - b) / length:.3g}, slope {length / 4:.3g}") if length else "½ everywhere"

    @drawn
    def odds_line(self) -> np.ndarray:
        return np.column_stack([CUT, self.cut_scores()])[[0, -1]]

    @drawn
    def odds_dots(self) -> np.ndarray:
        return np.column_stack([self.points.x @ self.ahead(), self.scores()])

    @drawn
    def tau_odds(self) -> float:
        return float(log_odds(self.tau))

    @drawn
    def point_losses(self) -> np.ndarray:
        return losses(self.scores(), self.y)

    @drawn
    def loss_curves(self) -> list[np.ndarray]:
        u = np.linspace(-1, 1, 161) * max(6.0, float(np.abs(self.scores()).max()))
        if self.signs == "0 and 1":
            return [np.column_stack([sigmoid(u), losses(u, label)]) for label in (0, 1)]
        return [np.column_stack([u, margin_losses(u, 1)])]

    @drawn
    def loss_dots(self) -> np.ndarray:
        """At (g, L), or at the margin y u with labels −1 and 1: the same heights."""
        sign = 2 * self.y - 1
        if self.signs == "0 and 1":
            return np.column_stack([self.g(), self.point_losses()])
        return np.column_stack([sign * self.scores(), margin_losses(self.scores(), sign)])

    @drawn
    def loss_mean(self) -> float:
        return float(self.point_losses().mean())

    @drawn
    def both_sums(self) -> str:
        other = float(margin_losses(self.scores(), 2 * self.y - 1).mean())
        return f"mean by 0/1: {self.loss_mean():.6g}, by ±1: {other:.6g}"

    @drawn
    def likelihoods(self) -> np.ndarray:
        """The probability given to what each point is."""
        return np.where(self.labels == 1, self.g(), sigmoid(-self.scores()))

    @drawn
    def product(self) -> str:
        product = float(np.prod(self.likelihoods()))
        size = float(self.point_losses().sum()) / np.log(10)
        return f"Π G = {product:.3g}" if product > 1e-300 else f"Π G = {product:.0g}: underflow, it is 10^−{size:.0f}"

    @drawn
    def surprise(self) -> str:
        return f"sum {self.point_losses().sum():.4g}, mean {self.loss_mean():.4g} = NLL"

    # ------------------------------------------------------------ one point

    def watched(self) -> int:
        return min(self.picked, len(self.y) - 1)

    @drawn
    def nodes(self) -> np.ndarray:
        return np.array([(0, 1), (1, 0), (2, 1), (3, 0)], float)

    @drawn
    def links(self) -> np.ndarray:
        return np.array([(0, 1), (1, 2), (2, 3)])

    def weight(self) -> int:
        """The weight that is looked at."""
        return min(NAMES.index(self.along), len(self.theta) - 1)

    @drawn
    def node_names(self) -> tuple[str, ...]:
        return ("x₁", "x₂", "x₀")[self.weight()], "u", "σ", "L"

    @drawn
    def node_values(self) -> tuple[str, ...]:
        i = self.watched()
        return tuple(map(figure, (self.X[i, self.weight()], self.scores()[i], self.g()[i], self.point_losses()[i])))

    @drawn
    def slopes_said(self) -> tuple[str, ...]:
        """∂u/∂θ, ∂σ/∂u and ∂L/∂σ at this point."""
        i = self.watched()
        u, y = float(self.scores()[i]), int(self.labels[i])
        with np.errstate(over="ignore"):
            steep = -1 - np.exp(-u) if y else 1 + np.exp(u)
        return tuple(map(figure, (self.X[i, self.weight()], sigmoid(u) * sigmoid(-u), steep)))

    @drawn
    def chain_said(self) -> str:
        i, k = self.watched(), self.weight()
        pull = (self.g()[i] - self.y[i]) * self.X[i, k]
        return f"i = {i}, y = {self.labels[i]}: (σ − y) {self.node_names()[0]} = {figure(pull)}"

    @drawn
    def answer(self) -> np.ndarray:
        u = float(self.scores()[self.watched()])
        return np.array([sigmoid(-u), sigmoid(u)], dtype=float)

    @drawn
    def answer_names(self) -> tuple[str, ...]:
        return "P(0)", "P(1)"

    @drawn
    def decided(self) -> str:
        p = float(self.answer()[1])
        return f"i = {self.watched()}: largest says {int(p > 0.5)}, p > τ says {int(p > self.tau)}"

    @drawn
    def beta_bars(self) -> np.ndarray:
        return self.beta

    @drawn
    def agreement(self) -> str:
        if not len(self.beta):
            return "not for Newton, nor for over 400 points"
        apart = self.theta[:2] - self.root[:2] - self.beta @ self.points.x
        return f"|w − r − Σβx| = {np.linalg.norm(apart):.1g}"


def by_direction(arrows: np.ndarray) -> np.ndarray:
    return arrows[np.arctan2(arrows[:, 1], arrows[:, 0]).argsort()]


def minus(text: str) -> str:
    return text.replace("-", "−")


def figure(value: Any) -> str:
    return minus(f"{float(value) + 0.0:.3g}")  # + 0: never −0
