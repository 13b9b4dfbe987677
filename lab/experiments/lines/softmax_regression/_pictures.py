"""The pictures of softmax regression: the map, one point's way from scores to shares, its gradient, the network."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.experiment import Field, drawn
from lab.marks import Update
from lab.maths.perceptrons import line_in, with_one
from lab.maths.softmax import cross_entropy, fit, hessian, log_sum_exp, softmax

EDGE = 6.5
GROUND = 10.0  # the coloured ground goes on beyond the window, which may be wider than high
SIDE = 120
TILE = 28  # pixels of a logit map
LONGEST = 5.5  # of an arrow in the plane
BESIDE = 0.47
ROWS = 6  # points in the table of shares
HIGHEST = 700.0  # e to a higher power is no number
FREE, REFERENCE = "all classes free", "last class is the reference"
SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def axis(side: int, edge: float) -> np.ndarray:
    """Places (side², 3) of a square grid, rows from below, each with its 1."""
    along = np.linspace(-edge, edge, side)
    return with_one(np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2))


class Pictures:
    """What is drawn of K classes in the plane."""

    W: np.ndarray
    X: np.ndarray
    y: np.ndarray
    Y: np.ndarray
    K: int
    picked: np.ndarray
    points: Any
    form: Any
    penalty: Any
    rate: Any
    temperature: Any
    shift: Any
    pairs: Any
    chosen: Any
    names: Any

    def at(self) -> int:
        """The ringed point."""
        return min(self.chosen, len(self.y) - 1)

    def true_class(self) -> int:
        return int(self.y[self.at()])

    def named(self, k: int) -> str:
        return self.titles()[k]

    @drawn
    def titles(self) -> tuple[str, ...]:
        given = [name.strip() for name in self.names.split(",")]
        return tuple(given[k] if k < len(given) and given[k] else f"class {k + 1}" for k in range(self.K))

    # ------------------------------------------------------------ the plane

    @drawn
    def x(self) -> np.ndarray:
        return self.points.x

    @drawn(on=("W",))
    def ground(self) -> np.ndarray:
        return axis(SIDE, GROUND) @ self.W.T

    @drawn(on=("W",))
    def territory(self) -> Field:
        best = self.ground().argmax(axis=1) if self.W.any() else np.full(SIDE * SIDE, -1)
        return Field(best.reshape(SIDE, SIDE), (-GROUND, GROUND), (-GROUND, GROUND))

    @drawn(on=("W", "temperature"))
    def confidence(self) -> Field:
        """How far the largest share is above 1/K, from 0 to 1."""
        sure = (softmax(self.ground(), self.temperature).max(axis=1) - 1 / self.K) / (1 - 1 / self.K)
        return Field(sure.reshape(SIDE, SIDE), (-GROUND, GROUND), (-GROUND, GROUND))

    @drawn
    def borders(self) -> list[np.ndarray]:
        """Where classes j and k score alike: (w_k − w_j)·x + b_k − b_j = 0."""
        if not self.pairs:
            return []
        lines = [line_in(self.W[k] - self.W[j], EDGE) for k in range(self.K) for j in range(k)]
        return [line for line in lines if len(line)]

    @drawn
    def origins(self) -> np.ndarray:
        return np.zeros((self.K, 2))

    @drawn
    def arrows(self) -> np.ndarray:
        """Thrice the weights, or less where the longest would leave the window."""
        w = 3 * self.W_shown()[:, :2]
        return w * min(1.0, LONGEST / max(float(np.linalg.norm(w, axis=1).max()), 1e-12))

    @drawn
    def sizes(self) -> np.ndarray:
        """Large: in the last batch."""
        few = len(self.picked) < len(self.y)
        return 0.12 + 0.5 * (np.isin(np.arange(len(self.y)), self.picked) if few else np.zeros(len(self.y)))

    @drawn
    def ringed(self) -> np.ndarray:
        return np.arange(len(self.y)) == self.at()

    @drawn
    def classes(self) -> np.ndarray:
        return np.arange(self.K)

    @drawn
    def likeliest(self) -> str:
        right = int(((self.X @ self.W.T).argmax(axis=1) == self.y).sum())
        return f"{right} of {len(self.y)} right"

    # ------------------------------------------------------------ loss, and the steps that are safe

    @drawn(on=("K",))
    def ignorant(self) -> np.ndarray:
        return np.array([np.log(self.K)])

    @drawn(on=("X", "y", "penalty", "form"))
    def least(self) -> np.ndarray:
        """The loss at the minimum of J; with λ = 0 and classes that lines can part, it has no lower end but 0."""
        W = fit(self.X, self.y, self.K, self.penalty, self.form == REFERENCE)
        return np.array([cross_entropy(self.X @ W.T, self.y).mean()])

    @drawn
    def loss_now(self) -> str:
        return f"{cross_entropy(self.X @ self.W.T, self.y).mean():.3f}, least {self.least()[0]:.3f}"

    @drawn
    def safe(self) -> np.ndarray:
        """1/h and 2/h, h being the largest curvature of J here."""
        with np.errstate(all="ignore"):
            free = 3 * (self.K - (self.form == REFERENCE))
            H = hessian(self.W, self.X, self.penalty)[:free, :free]
        h = float(np.linalg.eigvalsh(H)[-1]) if np.isfinite(H).all() else 0.0
        return np.array([1 / h, 2 / h]) if h > 1e-9 else np.empty(0)

    # ------------------------------------------------------------ the ringed point: z → e^z → g, and y

    @drawn
    def W_shown(self) -> np.ndarray:
        """With c added to every weight of every class."""
        return self.W + self.shift if self.form == FREE else self.W

    @drawn
    def z(self) -> np.ndarray:
        return self.W_shown() @ self.X[self.at()]

    @drawn
    def exps(self) -> np.ndarray:
        return np.exp(np.minimum(self.z() / self.temperature, HIGHEST))

    @drawn
    def g(self) -> np.ndarray:
        return softmax(self.z(), self.temperature)

    @drawn
    def target(self) -> np.ndarray:
        return self.Y[self.at()]

    def tops(self, heights: np.ndarray) -> np.ndarray:
        """Right of each bar, clear of its number."""
        return np.column_stack([np.arange(self.K) + BESIDE, heights])

    @drawn
    def z_tops(self) -> np.ndarray:
        return self.tops(self.z())

    @drawn
    def pull(self) -> np.ndarray:
        return np.column_stack([np.zeros(self.K), (self.target() - self.g()) / self.temperature])

    @drawn
    def g_tops(self) -> np.ndarray:
        return self.tops(self.g())

    @drawn
    def errors(self) -> np.ndarray:
        return np.column_stack([np.zeros(self.K), self.target() - self.g()])

    @drawn
    def shift_is(self) -> str:
        if self.form == REFERENCE or not self.shift:
            return f"point {self.at()}"
        x1, x2 = self.points.x[self.at()]
        return f"each {self.shift * (1 + x1 + x2):+.3g}".replace("-", "−")

    @drawn
    def total(self) -> str:
        return f"Σ = {self.exps().sum():.4g}"

    @drawn
    def g_is(self) -> str:
        z = self.z() / self.temperature
        if self.K == 2:
            gap = f"{z[0]:.3g}" if self.form == REFERENCE else f"{z[0] - z[1]:.3g}"
            return f"σ({gap}) = {self.g()[0]:.3g}".replace("-", "−")
        return f"Σ = {self.g().sum():.6g}"

    @drawn
    def own_class(self) -> str:
        code = "".join(str(int(place)) for place in self.target())
        return f"{self.named(self.true_class())} is {code}"

    @drawn
    def surprise(self) -> np.ndarray:
        each = (log_sum_exp(self.z(), self.temperature) - self.z()) / self.temperature
        return np.array([each, self.target() * each])

    @drawn
    def loss_is(self) -> str:
        return f"C = {self.surprise()[1].sum():.3g}"

    @drawn
    def point_loss(self) -> Update:
        z, T, k = self.z(), self.temperature, self.true_class()
        scaled = {"T": T} if T != 1 else {}
        score, power = (r"\frac{z_y}{T}", r"e^{z_j/T}") if scaled else ("z_y", "e^{z_j}")
        return Update(
            rf"s = \ln \sum_j {power} \\ C = s - {score} \\ C = -\ln g_y",
            {"C": float(self.surprise()[1].sum()), "s": float(log_sum_exp(z / T)), "z_y": float(z[k]),
             "g_y": float(self.g()[k]), **scaled},
        )  # fmt: skip

    @drawn
    def point_said(self) -> str:
        k, g = self.true_class(), self.g()
        best = int(g.argmax())
        verdict = "which is also the likeliest" if best == k else f"but {self.named(best)} has {g[best]:.3g}"
        return (
            f"Point {self.at()} is of class {self.named(k)}, with a share of {g[k]:.3g}, {verdict}. Only this share "
            f"counts in its loss; equal shares would cost ln {self.K} = {np.log(self.K):.4g}."
        )

    # ------------------------------------------------------------ its gradient, and codes

    @drawn
    def outer(self) -> np.ndarray:
        """(π − e_y) xᵀ, and under it the sum of each column."""
        product = np.outer(softmax(self.z()) - self.target(), self.X[self.at()])
        return np.vstack([product, product.sum(axis=0).round(12) + 0.0])

    @drawn
    def outer_rows(self) -> tuple[str, ...]:
        return (*self.titles(), "Σ")

    @drawn
    def inputs(self) -> tuple[str, ...]:
        return "x₁", "x₂", "1"

    @drawn
    def outer_is(self) -> str:
        return f"point {self.at()}, {self.named(self.true_class())}"

    @drawn
    def codes(self) -> np.ndarray:
        return np.eye(self.K)

    @drawn
    def places(self) -> tuple[str, ...]:
        return tuple(str(k + 1) for k in range(self.K))

    @drawn
    def own_row(self) -> np.ndarray:
        return np.tile(np.arange(self.K)[:, None] == self.true_class(), self.K)

    @drawn
    def shares(self) -> np.ndarray:
        g = softmax(self.X[:ROWS] @ self.W.T, self.temperature)
        g = np.vstack([g, g.sum(axis=0)])
        return np.column_stack([g, g.sum(axis=1)])

    @drawn
    def share_rows(self) -> tuple[str, ...]:
        return (*(f"point {i}" for i in range(min(ROWS, len(self.y)))), "Σ")

    @drawn
    def share_columns(self) -> tuple[str, ...]:
        return (*self.titles(), "Σ")

    @drawn
    def parameters(self) -> tuple[str, ...]:
        return "w₁", "w₂", "b"

    @drawn
    def counted(self) -> str:
        free = self.K if self.form == FREE else self.K - 1
        return f"{free} · 3 = {3 * free} parameters"

    # ------------------------------------------------------------ every class's score, and the network

    @drawn
    def logit_maps(self) -> np.ndarray:
        """Rows from above, as pictures are."""
        Z = axis(TILE, EDGE) @ self.W_shown().T
        return Z.T.reshape(self.K, TILE, TILE)[:, ::-1]

    @drawn
    def span(self) -> str:
        maps = self.logit_maps()
        return f"z from {maps.min():.3g} to {maps.max():.3g}".replace("-", "−")

    @drawn(on=("K",))
    def nodes(self) -> np.ndarray:
        def column(x: float, n: int) -> np.ndarray:
            return np.column_stack([np.full(n, x), -np.linspace(0, 1, n)])

        return np.vstack([column(0, 3), column(1, self.K), column(2, self.K)])

    @drawn(on=("K",))
    def links(self) -> np.ndarray:
        inputs, scores, shares = np.arange(3), 3 + np.arange(self.K), 3 + self.K + np.arange(self.K)
        return np.array([(a, b) for a in inputs for b in scores] + [(a, b) for a in scores for b in shares])

    @drawn
    def symbols(self) -> tuple[str, ...]:
        numbered = [str(k + 1).translate(SUBSCRIPT) for k in range(self.K)]
        return (*self.inputs(), *(f"z{k}" for k in numbered), *(f"g{k}" for k in numbered))

    @drawn
    def held(self) -> tuple[str, ...]:
        x1, x2, _ = self.X[self.at()]
        values = (x1, x2, None, *self.z(), *self.g())
        return tuple("" if value is None else f"{value:.2f}".replace("-", "−") for value in values)

    @drawn
    def on_links(self) -> tuple[str, ...]:
        if self.K > 3:
            return ("",) * len(self.links())
        weights = [f"{w:.2f}".replace("-", "−") for w in self.W_shown().T.ravel()]
        return (*weights, *("",) * self.K**2)

    @drawn
    def filled(self) -> np.ndarray:
        return np.concatenate([np.zeros(3 + self.K), self.g()])

    @drawn
    def owners(self) -> np.ndarray:
        return np.concatenate([np.full(3, -1), np.arange(self.K), np.arange(self.K)])

    @drawn
    def winner(self) -> np.ndarray:
        return np.arange(3 + 2 * self.K) == 3 + self.K + int(self.g().argmax())
