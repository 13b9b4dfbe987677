"""Auto-encoder: a linear one trained by gradient descent, its line or plane turning onto that of PCA."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lab.controls import Choice, Count, Slider, Unfit
from lab.data.images import digits
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Images, Layout, Line, Matrix, Note, Panel, Row, Tabs
from lab.maths.pca import by_svd, dropped, widest_angle

REACH = 5.0
ROW = 8
CLOUD = "cloud in the plane"


class AutoEncoder(Experiment):
    data = Choice((CLOUD, "digits"), restarts=True, help="two numbers a point, or 64 pixels")
    m = Count(1, 1, 16, symbol="m", label="Hidden units", restarts=True, help="numbers in the code")
    rate = Slider(0.02, 0.001, 0.2, log=True, symbol="η", label="Rate", help="of gradient descent on W₁ and W₂")
    size = Slider(0.3, 0.01, 1, log=True, symbol="s", label="Size at the start", restarts=True, help="of the weights")
    tilt = Slider(35, -90, 90, symbol="φ", restarts=True, when={"data": (CLOUD,)}, help="which way the cloud lies")

    metrics = {"loss": "ℓ", "floor": "Σᵢ>ₘ λᵢ", "angle": "angle of the spans"}
    fixed = ("x",)
    diverges = "The rate is too large: each step overshoots the valley and lands higher on the other side."
    prompts = (
        ("Another seed: the same line, other weights", {"data": CLOUD, "m": 1}),
        ("Tiny weights: long nothing, then it turns", {"data": CLOUD, "m": 1, "size": 0.01}),
        ("Two units for two numbers: nothing is lost", {"data": CLOUD, "m": 2}),
        ("Digits through ten units", {"data": "digits", "m": 10}),
    )
    presets = {"Line": {"data": CLOUD}, "No bottleneck": {"data": CLOUD, "m": 2}, "Digits": {"data": "digits", "m": 10}}

    @classmethod
    def following(cls, name: str, value: Any) -> Mapping[str, Any]:
        return (
            {"m": 10 if value == "digits" else 1, "rate": 0.1 if value == "digits" else 0.02} if name == "data" else {}
        )

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        if self.data == CLOUD:
            if self.m > 2:
                raise Unfit("m", f"{self.m} hidden units are more than the 2 numbers of a point; choose 1 or 2")
            a = np.radians(self.tilt)
            turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
            x = self.rng.standard_normal((100, 2)) * [1.8, 0.7] @ turn
        else:
            x = digits().images[:600].reshape(600, -1).astype(float)
        self.centre = x.mean(axis=0)
        self.x = x - self.centre
        p = self.x.shape[1]
        self.W1 = self.size * self.rng.standard_normal((self.m, p)) / np.sqrt(p)
        self.W2 = self.size * self.rng.standard_normal((p, self.m)) / np.sqrt(p)
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """ℓ = (1/n) Σ ‖x − W₂ W₁ x‖²: encoder and decoder each against its gradient."""
        codes = self.x @ self.W1.T
        wrong = codes @ self.W2.T - self.x
        dW2 = 2 * wrong.T @ codes / len(self.x)
        dW1 = 2 * (wrong @ self.W2).T @ self.x / len(self.x)
        self.W1, self.W2 = self.W1 - self.rate * dW1, self.W2 - self.rate * dW2
        return self.measured()

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        wrong = self.x - self.x @ self.W1.T @ self.W2.T
        known = np.isfinite(self.W2).all()
        return {
            "loss": float((wrong**2).sum() / len(self.x)),
            "floor": float(dropped(self.values())[self.m]),
            "angle": widest_angle(self.W2, self.principal()) if known else float("nan"),
        }

    @drawn(on=("x",))
    def values(self) -> np.ndarray:
        return by_svd(self.x).values

    @drawn(on=("x", "m"))
    def principal(self) -> np.ndarray:
        """The first m principal directions, as columns."""
        return by_svd(self.x).vectors[:, : self.m]

    @action
    def move_point(self, index: int, x: float, y: float) -> None:
        """Drag a point of the cloud: PCA's line moves at once, the auto-encoder follows."""
        if self.data != CLOUD:
            raise ValueError("move_point: digits cannot be dragged; choose the cloud in the plane")
        if not 0 <= index < len(self.x):
            raise ValueError(f"move_point: there is no point {index}; they are 0 to {len(self.x) - 1}")
        moved = self.x + self.centre
        moved[index] = np.clip([x, y], -REACH, REACH)
        self.centre = moved.mean(axis=0)
        self.x = moved - self.centre

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        plane = Panel(
            "Plane",
            Line("pca", label="PCA's line", tint="text", dashed=True),
            Line("lost", tint="warn", width=1),
            Line("spanned", label="column of W₂", tint="accent", width=2.5),
            Dots("cloud", tint="quiet", shape="disc", drag="move_point"),
            Dots("decoded", tint="accent", shape="disc"),
            x="x₁",
            y="x₂",
            range_x=(-REACH, REACH),
            range_y=(-REACH, REACH),
            equal=True,
            help="Grey: the data; blue: what comes out of the bottleneck. Drag a point",
        )
        pictures = Column(
            Panel("Rebuilt", Images("rebuilt", captions="rows", colours="grey", columns=ROW)),
            Row(
                Panel("Columns of W₂", Images("decoder", colours="scores", shared=False)),
                Panel("PCA's components", Images("principals", colours="scores", shared=False), still=True),
            ),
            sizes=(5, 4),
        )
        return Row(
            plane if self.data == CLOUD else pictures,
            Column(
                Panel("Loss", Curve("loss", "floor"), x="step t", y="ℓ"),
                Tabs(
                    Panel("Angle", Guide(y="none"), Curve("angle"), x="step t", y="degrees", detail="turned"),
                    Panel("W₂ W₁", Matrix("product", numbers=self.data == CLOUD), detail="projection"),
                ),
                Panel("Update", Equation("update"), Note("said")),
                sizes=(4, 4, 5),
            ),
            sizes=(6, 5),
        )

    def through(self) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.clip(np.nan_to_num(self.x @ self.W1.T @ self.W2.T), -99, 99)

    @drawn
    def cloud(self) -> np.ndarray:
        return self.x + self.centre

    @drawn
    def decoded(self) -> np.ndarray:
        return self.through() + self.centre

    @drawn
    def lost(self) -> tuple[np.ndarray, ...]:
        return tuple(np.stack(pair) for pair in zip(self.cloud(), self.decoded()))

    def stroke(self, direction: np.ndarray) -> np.ndarray:
        length = max(float(np.linalg.norm(direction)), 1e-12)
        return self.centre + np.outer([-2 * REACH, 2 * REACH], direction / length)

    @drawn(on=("x", "m"))
    def pca(self) -> np.ndarray:
        return self.stroke(self.principal()[:, 0])

    @drawn
    def spanned(self) -> tuple[np.ndarray, ...]:
        return tuple(self.stroke(column) for column in np.nan_to_num(self.W2).T)

    def side(self) -> int:
        return int(np.sqrt(self.x.shape[1]))

    @drawn
    def rebuilt(self) -> np.ndarray:
        shown = np.concatenate(
            [self.x[:ROW], self.through()[:ROW], self.x[:ROW] @ self.principal() @ self.principal().T]
        )
        return np.clip(self.centre + shown, 0, 1).reshape(-1, self.side(), self.side())

    @drawn
    def rows(self) -> tuple[str, ...]:
        return (*["digit"] * ROW, *["GD"] * ROW, *["PCA"] * ROW)

    @drawn
    def decoder(self) -> np.ndarray:
        return np.nan_to_num(self.W2).T.reshape(-1, self.side(), self.side())

    @drawn(on=("x", "m"))
    def principals(self) -> np.ndarray:
        return self.principal().T.reshape(-1, self.side(), self.side())

    @drawn
    def none(self) -> np.ndarray:
        return np.array([0.0])

    @drawn
    def product(self) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.clip(np.nan_to_num(self.W2 @ self.W1), -99, 99)

    @drawn
    def projection(self) -> str:
        away = np.abs(self.product() - self.principal() @ self.principal().T).max()
        return f"{away:.2g} from V Vᵀ at most"

    @drawn
    def turned(self) -> str:
        return f"{widest_angle(np.nan_to_num(self.W2), self.principal()):.3g}° apart"

    @drawn
    def update(self) -> Update:
        now = self.measured()
        return Update(
            r"\ell = \frac{1}{n}\sum_i \|x_i - W_2 W_1 x_i\|^2 \ge \sum_{i>m} \lambda_i"
            r" \\ W_k' = W_k - \eta\, \nabla_k",
            {r"\ell": now["loss"], r"\sum_{i>m} \lambda_i": now["floor"], r"\eta": self.rate, "m": self.m},
        )

    @drawn
    def said(self) -> str:
        now = self.measured()
        if not np.isfinite(now["loss"]):
            return self.diverges
        above = now["loss"] - now["floor"]
        if self.m == self.x.shape[1]:
            return f"No bottleneck: W₂ W₁ becomes the identity, and the loss is {now['loss']:.2g}."
        close = above < 0.002 * float(self.values().sum())
        if close and now["angle"] > 2:
            why = "the last λ kept and the first dropped are close"
            return f"Nearly PCA's error, yet {now['angle']:.3g}° off its span: {why}."
        if close:
            return "It is PCA now: the same span and the same squared error, though W₂ is only some basis of it."
        return f"Its span is {now['angle']:.3g}° off PCA's, its loss {above:.2g} above the floor of every linear code."
