"""Multi-label: pictures that hold two shapes; sigmoids can say both, softmax must share one between them."""

from __future__ import annotations

import numpy as np

from lab.controls import Count, Several, Slider, Switch
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Dots, Equation, Guide, Images, Note, Panel, Row, Tabs
from lab.maths.activations import sigmoid
from lab.maths.softmax import softmax

SHAPES = ("circle", "square", "triangle", "cross")
SIGNS = ("○", "□", "△", "×")
HALF = 8  # pixels of a quarter of the picture, each holding one shape at most
SIDE = 2 * HALF
SHOWN = 18


SHAPE_ROWS = (
    ("..##..", ".#..#.", "#....#", "#....#", ".#..#.", "..##.."),
    ("######", "#....#", "#....#", "#....#", "#....#", "######"),
    ("..##..", "..##..", ".#..#.", ".#..#.", "#....#", "######"),
    ("#....#", ".#..#.", "..##..", "..##..", ".#..#.", "#....#"),
)
INK = np.array([[[dot == "#" for dot in row] for row in rows] for rows in SHAPE_ROWS], dtype=float)


def painted(present: np.ndarray, quarters: np.ndarray) -> np.ndarray:
    """A picture with the shapes that are present, each in its own quarter."""
    picture = np.zeros((SIDE, SIDE))
    for k in np.flatnonzero(present):
        top, left = HALF * (quarters[k] // 2) + 1, HALF * (quarters[k] % 2) + 1
        picture[top : top + 6, left : left + 6] = INK[k]
    return picture


class MultiLabel(Experiment):
    pace = 30
    labels = Count(2, 1, 4, label="Shapes a picture", restarts=True, help="1: classes exclude each other; 2: multi-hot")
    n = Count(300, 20, 500, symbol="n", label="Pictures", restarts=True, help="to learn from; as many again to test")
    noise = Slider(0.05, 0, 0.5, restarts=True, help="grey noise over every pixel")
    rate = Slider(0.1, 0.005, 0.2, log=True, symbol="η", label="Rate", help="step size of gradient descent")
    absent = Switch(True, label="Absent classes count", help="off: without (1 − t) ln(1 − p), as one text prints BCE")
    present = Several(
        SHAPES, ("circle", "square"), view=True, label="Your picture", help="tick the shapes that are in it"
    )
    picture = Count(0, 0, SHOWN, view=True, label="Look at", help="0: your picture; else one of the test set: click it")

    metrics = {"least": "least p of a present shape", "sum": "Σ p", "exact": "all labels right"}
    test_metrics = ("least", "sum", "exact")
    fixed = ("X", "T", "test_X", "test_T")
    prompts = (
        ("Two shapes: both sigmoids go to 1, softmax stays at a half", {"labels": 2, "picture": 0}),
        ("One shape: classes exclude each other, and softmax is at home", {"labels": 1, "present": ("cross",)}),
        ("Three shapes: what is the most that softmax can give each?", {"labels": 3}),
        ("Tick no shape: who can say “none”?", {"labels": 2, "present": (), "picture": 0}),
        ("BCE as printed: why does every bar go to 1?", {"absent": False, "labels": 2}),
    )
    presets = {"Multi-label": {"labels": 2, "absent": True}, "Exclusive": {"labels": 1, "absent": True}}
    tiny = {"n": 20}

    panels = Row(
        Column(
            Panel(
                "Pictures",
                Images("samples", captions="captions", chosen="picture", colours="grey", pick="picture"),
                help="the first is yours (tick its shapes); the others are of the test set. Click one",
                still=True,
            ),
            Tabs(
                Panel(
                    "Sigmoid weights",
                    Images("sigmoid_weights", captions="shapes", colours="scores", shared=False, columns=4),
                ),
                Panel(
                    "Softmax weights",
                    Images("softmax_weights", captions="shapes", colours="scores", shared=False, columns=4),
                ),
            ),
            sizes=(5, 3),
        ),
        Column(
            Panel(
                "Sigmoids, BCE",
                Bars("alone", labels="signs"),
                Dots("wanted", tint="text", shape="diamond"),
                y="p_k",
                range_y=(0, 1.12),
                detail="alone_sum",
                help="diamonds: the multi-hot target. The probabilities need not sum to one",
            ),
            Panel(
                "Softmax, CE",
                Bars("shared", labels="signs"),
                Dots("wanted", tint="text", shape="diamond"),
                Guide(y="fair", label="1 / shapes", tint="warn"),
                y="p_k",
                range_y=(0, 1.12),
                detail="shared_sum",
                help="all bars share one: two shapes that are there get a half each at best",
            ),
        ),
        Column(
            Tabs(
                Panel(
                    "Least present",
                    Curve("least"),
                    Guide(y="fair", label="1 / shapes", tint="quiet"),
                    x="step t",
                    y="least p",
                    range_y=(0, 1.03),
                    help="the smallest probability among the shapes that are in the picture",
                ),
                Panel("All right", Curve("exact"), x="step t", y="share", range_y=(0, 1.03)),
                Panel("Sum", Curve("sum"), x="step t", y="mean Σ p"),
            ),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(4, 4),
        ),
        sizes=(5, 4, 5),
    )

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        self.X, self.T = self.made()
        self.test_X, self.test_T = self.made()
        self.W_alone = self.W_shared = np.zeros((self.X.shape[1], len(SHAPES)))
        return self.measured()

    def made(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of pixels and a 1; multi-hot targets with as many ones as there are shapes in a picture."""
        T = np.zeros((self.n, len(SHAPES)))
        X = np.ones((self.n, SIDE * SIDE + 1))
        for x, t in zip(X, T):
            t[self.rng.choice(len(SHAPES), self.labels, replace=False)] = 1
            x[:-1] = painted(t, self.rng.permutation(4)).ravel()
        X[:, :-1] += self.noise * self.rng.standard_normal((self.n, SIDE * SIDE))
        return X, T

    def step(self) -> Metrics:
        """∂ℓ/∂z is p − t for sigmoids with BCE, and |t| p − t for softmax with Σ −t_k ln p_k."""
        alone, shared = sigmoid(self.X @ self.W_alone), softmax(self.X @ self.W_shared)
        slope = alone - self.T if self.absent else self.T * (alone - 1)
        self.W_alone = self.W_alone - self.rate * self.X.T @ slope / self.n
        slope = self.T.sum(axis=1, keepdims=True) * shared - self.T
        self.W_shared = self.W_shared - self.rate * self.X.T @ slope / self.n
        return self.measured()

    def measured(self) -> Metrics:
        row, T = {}, self.test_T > 0
        for name, p in (
            ("sigmoids", sigmoid(self.test_X @ self.W_alone)),
            ("softmax", softmax(self.test_X @ self.W_shared)),
        ):
            row[f"least/{name}"] = float(np.where(T, p, 1).min(axis=1).mean())
            row[f"sum/{name}"] = float(p.sum(axis=1).mean())
            row[f"exact/{name}"] = float(((p > 0.5) == T).all(axis=1).mean())
        return row

    # ------------------------------------------------------------ pictures

    @drawn
    def own_target(self) -> np.ndarray:
        return np.array([float(name in self.present) for name in SHAPES])

    @drawn
    def own_picture(self) -> np.ndarray:
        return painted(self.own_target(), np.arange(4)).ravel()

    @drawn
    def samples(self) -> np.ndarray:
        rows = np.vstack([self.own_picture(), self.test_X[:SHOWN, :-1]])
        return rows.clip(0, 1).reshape(-1, SIDE, SIDE)

    @drawn
    def captions(self) -> tuple[str, ...]:
        return ("yours", *("".join(SIGNS[k] for k in np.flatnonzero(t)) for t in self.test_T[:SHOWN]))

    @drawn
    def shapes(self) -> tuple[str, ...]:
        return SHAPES

    @drawn
    def sigmoid_weights(self) -> np.ndarray:
        return self.W_alone[:-1].T.reshape(-1, SIDE, SIDE)

    @drawn
    def softmax_weights(self) -> np.ndarray:
        return self.W_shared[:-1].T.reshape(-1, SIDE, SIDE)

    @drawn
    def x(self) -> np.ndarray:
        return np.append(self.own_picture(), 1.0) if not self.picture else self.test_X[self.picture - 1]

    @drawn
    def target(self) -> np.ndarray:
        return self.own_target() if not self.picture else self.test_T[self.picture - 1]

    @drawn
    def alone(self) -> np.ndarray:
        return sigmoid(self.x() @ self.W_alone)

    @drawn
    def shared(self) -> np.ndarray:
        return softmax(self.x() @ self.W_shared)

    @drawn
    def signs(self) -> tuple[str, ...]:
        return SIGNS

    @drawn
    def wanted(self) -> np.ndarray:
        return np.column_stack([np.arange(len(SHAPES)), self.target()])

    @drawn
    def fair(self) -> np.ndarray:
        """What softmax gives each shape at its best."""
        return np.array([1 / self.labels])

    @drawn
    def alone_sum(self) -> str:
        return f"Σ {self.alone().sum():.2f}"

    @drawn
    def shared_sum(self) -> str:
        return f"Σ {self.shared().sum():.2f}"

    @drawn
    def update(self) -> Update:
        slope = "p - t" if self.absent else r"t \odot (p - 1)"
        numbers = {"t": self.target(), "p": self.alone(), "q": self.shared()}
        line = r"\frac{\partial \ell_{\mathrm{BCE}}}{\partial z} = " + slope
        return Update(line + r" \\ \frac{\partial \ell_{\mathrm{CE}}}{\partial z} = (\sum_k t_k)\, q - t", numbers)

    @drawn
    def said(self) -> str:
        p, q, there = self.alone(), self.shared(), np.flatnonzero(self.target())
        if not self.t:
            return "No weight has moved: each sigmoid says a half, softmax a quarter."
        if not self.absent:
            return (
                "As printed, nothing speaks against an absent class: every logit rises without end, on every picture."
            )
        if not len(there):
            return f"No shape is there: the sigmoids sum to {p.sum():.2f}; softmax must still give away 1."
        names = " and ".join(SHAPES[k] for k in there)
        least = f"The {names}: the sigmoids give at least {p[there].min():.2f} to each, softmax {q[there].min():.2f}"
        if self.labels == 1:
            return f"{least}. With one shape a picture the classes exclude each other, and both ways work."
        return f"{least}. Softmax shares 1 among {self.labels} shapes, so each gets {1 / self.labels:.2f} at best."
