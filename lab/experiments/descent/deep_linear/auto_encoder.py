"""Auto-encoder: a linear one trained on its own input, its plane turning into that of the principal components."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row
from lab.maths.deep_linear import TwoLayers, angles

SAMPLES = 90
SPREADS = np.array([1.3, 0.9, 0.4])  # of the data along its own axes
TURNED = np.linalg.qr(np.array([[1.0, 0.4, 0.1], [-0.5, 1.0, 0.3], [0.2, -0.5, 1.0]]))[0]  # those axes
EYE = np.array([[0.9, 0.43, 0.0], [-0.27, 0.57, 0.78]]) @ TURNED.T  # how the space is seen: across, upright
REACH = 2.9


class AutoEncoder(Experiment):
    p = Count(
        2,
        1,
        3,
        symbol="p",
        label="Hidden units",
        restarts=True,
        help="a line, a plane, or no bottleneck",
    )
    rate = Slider(0.1, 0.005, 0.25, log=True, symbol="η", label="Rate", help="of gradient descent on A and B")
    size = Slider(0.2, 0.01, 0.8, log=True, symbol="s", restarts=True, label="Size at the start", help="of the weights")

    metrics = {"loss": "ℓ", "angle": "largest angle"}
    fixed = ("x",)
    prompts = (
        ("One unit: the line of the greatest spread", {"p": 1}),
        ("Tiny weights: the plane tilts late, after a plateau", {"size": 0.01}),
        ("As many units as numbers: nothing is lost", {"p": 3}),
    )
    presets = {"Plane": {}, "Line": {"p": 1}, "No bottleneck": {"p": 3}}

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        x = TURNED @ (SPREADS[:, None] * self.rng.standard_normal((3, SAMPLES)))
        self.x = x - x.mean(axis=1, keepdims=True)
        self.model = TwoLayers.of(self.x, self.x)  # y = x
        self.A = self.size * self.rng.standard_normal((3, self.p))
        self.B = self.size * self.rng.standard_normal((self.p, 3))
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """A is the decoder, B the encoder: each against its gradient."""
        dA, dB = self.model.gradients(self.A, self.B)
        self.A, self.B = self.A - self.rate * dA, self.B - self.rate * dB
        return self.measured()

    def principal(self) -> np.ndarray:
        """The first p principal components, as columns."""
        return self.model.modes()[1][:, : self.p]

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        known = np.isfinite(self.A).all()
        return {
            "loss": self.model.loss(self.A, self.B),
            "angle": float(angles(self.A, self.principal())[-1]) if known else float("nan"),
        }

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Row(
            Panel(
                "Space",
                Line("components", label="principal components", tint="text", dashed=True),
                Line("spanned", label="columns of A", tint="accent", width=2.5),
                Line("losses", tint="warn", width=1),
                Dots("cloud", tint="quiet", shape="disc"),
                Dots("decoded", tint="accent", shape="disc"),
                range_x=(-REACH * 1.3, REACH * 1.3),
                range_y=(-REACH, REACH),
                x="across",
                y="upright",
                equal=True,
                help="Three numbers a point, seen from one side. Grey: data; blue: what the bottleneck lets through",
            ),
            Column(
                Panel("Angle", Curve("angle"), x="step t", y="degrees", detail="turn"),
                Panel("Loss", Guide(y="bound", label="dropped/2n", tint="text"), Curve("loss"), x="step t", y="ℓ"),
                Panel("Update", Equation("update"), Note("said")),
                sizes=(5, 5, 5),
            ),
            sizes=(3, 2),
        )

    def seen(self, points: np.ndarray) -> np.ndarray:
        """Points in space as they are drawn: (n, 3) to (n, 2)."""
        return np.clip(np.nan_to_num(points), -99, 99) @ EYE.T

    def frame(self, span: np.ndarray, half: float) -> np.ndarray:
        """A patch of the space that columns span: a square round the origin, or a stroke."""
        axes = np.linalg.qr(np.nan_to_num(span))[0]
        corners = [[1, 1], [1, -1], [-1, -1], [-1, 1], [1, 1]] if axes.shape[1] > 1 else [[1], [-1]]
        return self.seen(half * np.array(corners) @ axes[:, : len(corners[0])].T)

    @drawn
    def components(self) -> np.ndarray:
        return self.frame(self.principal(), 2.0)

    @drawn
    def spanned(self) -> np.ndarray:
        """The same patch of A's columns, turned about as the other is."""
        near = self.A @ np.linalg.pinv(np.nan_to_num(self.A)) @ self.principal()
        return self.frame(near, 2.0)

    @drawn
    def cloud(self) -> np.ndarray:
        return self.seen(self.x.T)

    @drawn
    def decoded(self) -> np.ndarray:
        with np.errstate(all="ignore"):
            return self.seen((self.A @ self.B @ self.x).T)

    @drawn
    def losses(self) -> tuple[np.ndarray, ...]:
        return tuple(np.stack(pair) for pair in zip(self.cloud(), self.decoded()))

    @drawn
    def bound(self) -> np.ndarray:
        """The sum of the dropped eigenvalues over 2n."""
        return np.array([self.model.level(range(self.p))])

    @drawn
    def turn(self) -> str:
        return f"{angles(np.nan_to_num(self.A), self.principal())[-1]:.3g}° apart"

    @drawn
    def update(self) -> Update:
        dropped = float(self.model.modes()[0][self.p :].sum())
        return Update(
            r"\ell = \frac{1}{2n} \sum_i \|x_i - A B\, x_i\|^2 \\ \ell_\text{PCA} = \frac{1}{2n}\, D",
            {
                r"\ell": self.model.loss(self.A, self.B),
                r"\ell_\text{PCA}": dropped / (2 * SAMPLES),
                "D": dropped,
                "n": SAMPLES,
            },
        )

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.A).all():
            return self.diverges
        away = float(angles(self.A, self.principal())[-1])
        left = self.model.loss(self.A, self.B) - float(self.bound()[0])
        if self.p == 3:
            return f"No bottleneck: A·B becomes the identity. The loss is {left:.2g} above 0."
        kind = "line" if self.p == 1 else "plane"
        if left < 1e-4:
            return f"The {kind} of A is that of PCA, though A itself is only some basis of it. What is lost is dropped."
        return f"The {kind} of A is {away:.3g}° off that of the principal components, the loss {left:.2g} above PCA's."
