"""Digits: 64 pixels to r numbers by power iteration on r vectors, seen in the plane or in space, and rebuilt."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Slider, Switch
from lab.data.images import digits
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Images, Line, Note, Panel, Row, Tabs
from lab.maths.pca import covariance, dropped, orthogonal_step, shares

ROW = 8  # digits rebuilt, one below the other
LOST = "Above, the digits; below, what is left of them, and how much of their distance² from the mean digit is lost"


class Digits(Experiment):
    pace = 4
    r = Count(10, 3, 64, symbol="r", label="Components", restarts=True, help="numbers that are kept of each digit")
    view = Choice(("plane", "space"), view=True, label="Seen in", help="by the first two scores, or the first three")
    turn = Slider(25, -180, 180, symbol="φ", view=True, when={"view": ("space",)}, help="turns the space, in degrees")
    coloured = Switch(True, view=True, label="Classes in colour", help="PCA itself never sees them")
    digit = Count(0, 0, 1796, view=True, label="First digit", help="the first of those rebuilt: click on a dot")

    metrics = {"error": "‖X − X̂‖²/n", "floor": "Σᵢ>ᵣ λᵢ"}
    fixed = ("x", "y", "S")
    prompts = (
        ("Which digits lie apart already in the plane?", {"view": "plane"}),
        ("Turn the space: what does a third number tell apart?", {"view": "space", "turn": 70}),
        ("Three numbers a digit: which can you still read?", {"r": 3}),
        ("Half of the pixels' number: nothing is missed", {"r": 32}),
        ("Without the colours: would you see ten groups?", {"coloured": False}),
    )
    presets = {"Plane": {}, "Space": {"view": "space"}, "r = 3": {"r": 3}, "r = 30": {"r": 30}}
    tiny = {"r": 3}

    panels = Row(
        Column(
            Panel(
                "Scores",
                Dots("scores", colour="classes", ring="chosen", pick="digit"),
                x="z₁",
                y="z₂",
                range_x=(-2.3, 2.3),
                range_y=(-2.3, 2.3),
                equal=True,
                detail="seen",
                help="A dot a digit, its colour the class. Click one to see it rebuilt",
            ),
            Panel(
                "Rebuilt",
                Images("rebuilt", captions="captions", colours="grey", columns=ROW),
                detail="compressed",
                help=LOST,
            ),
            sizes=(5, 2),
        ),
        Column(
            Panel("Components", Images("vectors", captions="values", colours="scores", shared=False, columns=5)),
            Tabs(
                Panel("Squared error", Curve("error", "floor"), x="step t", y="squared error"),
                Panel(
                    "Scree",
                    Line("scree", label="λᵢ by SVD", tint="quiet"),
                    Dots("quotients", tint="accent", shape="disc"),
                    x="component i",
                    y="λᵢ",
                    help="Dots: vᵢᵀ S vᵢ of the vectors so far",
                ),
                Panel(
                    "Share kept",
                    Line("cumulative", label="by SVD", tint="quiet"),
                    Dots("kept", tint="accent", shape="disc"),
                    Guide(y="ninety", label="90 %"),
                    x="components r",
                    y="kept, %",
                    range_y=(0, 104),
                ),
                Panel(
                    "Error of rank r", Line("eckart_young"), Dots("here", tint="accent", big=True), x="r", y="Σᵢ>ᵣ λᵢ"
                ),
            ),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(5, 5, 5),
        ),
        sizes=(6, 5),
    )

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        data = digits()
        self.side = data.images.shape[1]
        pixels = data.images.reshape(len(data), -1).astype(float)
        self.y = data.labels
        self.mean = pixels.mean(axis=0)
        self.x = pixels - self.mean
        self.S = covariance(self.x)
        self.V = np.linalg.qr(self.rng.standard_normal((len(self.S), self.r)))[0]
        return self.measured()

    def step(self) -> Metrics:
        """Power iteration on r vectors at once, made orthonormal again after each step."""
        before = self.V
        self.V = orthogonal_step(self.S, self.V)
        if np.abs(self.V - before).max() < 1e-6:
            self.finish("The vectors stand still: these are the principal components.")
        return self.measured()

    def measured(self) -> Metrics:
        left = self.x - self.x @ self.V @ self.V.T
        return {"error": float((left**2).sum() / len(self.x)), "floor": float(dropped(self.eigenvalues())[self.r])}

    @drawn(on=("S",))
    def eigenvalues(self) -> np.ndarray:
        return np.maximum(np.linalg.eigvalsh(self.S)[::-1], 0)

    # ------------------------------------------------------------ pictures

    @drawn
    def scores(self) -> np.ndarray:
        """z = Vᵀ(x − x̄): the first two, or the first three turned about the upright axis."""
        z = self.x @ self.V[:, :3]
        if self.view == "plane":
            return z[:, :2]
        a = np.radians(self.turn)
        deep = np.sin(a) * z[:, 0] + np.cos(a) * z[:, 2]
        return np.column_stack([np.cos(a) * z[:, 0] - np.sin(a) * z[:, 2], 0.94 * z[:, 1] + 0.34 * deep])

    @drawn
    def classes(self) -> np.ndarray:
        return self.y if self.coloured else np.zeros_like(self.y)

    @drawn
    def chosen(self) -> np.ndarray:
        return np.arange(len(self.x)) == self.digit

    @drawn
    def seen(self) -> str:
        shown = 2 if self.view == "plane" else 3
        return f"{shown} numbers hold {100 * self.shares_now()[:shown].sum():.1f} % of the variance"

    def shares_now(self) -> np.ndarray:
        return np.diag(self.V.T @ self.S @ self.V) / np.trace(self.S)

    def examples(self) -> np.ndarray:
        return (self.digit + np.arange(ROW)) % len(self.x)

    @drawn
    def rebuilt(self) -> np.ndarray:
        """Above the digits, below x̄ + V Vᵀ(x − x̄)."""
        x = self.x[self.examples()]
        rows = self.mean + np.concatenate([x, x @ self.V @ self.V.T])
        return np.clip(rows, 0, 1).reshape(-1, self.side, self.side)

    @drawn
    def captions(self) -> tuple[str, ...]:
        x = self.x[self.examples()]
        lost = ((x - x @ self.V @ self.V.T) ** 2).sum(axis=1) / (x**2).sum(axis=1)
        return (*(str(label) for label in self.y[self.examples()]), *(f"−{100 * part:.0f} %" for part in lost))

    @drawn
    def compressed(self) -> str:
        return f"{self.r} numbers for {len(self.S)}"

    @drawn
    def vectors(self) -> np.ndarray:
        return self.V.T[:10].reshape(-1, self.side, self.side)

    @drawn
    def values(self) -> tuple[str, ...]:
        return tuple(f"{100 * share:.1f} %" for share in self.shares_now()[:10])

    @drawn(on=("S",))
    def scree(self) -> np.ndarray:
        return numbered(self.eigenvalues())

    @drawn
    def quotients(self) -> np.ndarray:
        return numbered(np.diag(self.V.T @ self.S @ self.V))

    @drawn(on=("S",))
    def cumulative(self) -> np.ndarray:
        return numbered(100 * shares(self.eigenvalues()).cumsum())

    @drawn
    def kept(self) -> np.ndarray:
        return numbered(100 * self.shares_now().cumsum())

    @drawn
    def ninety(self) -> np.ndarray:
        return np.array([90.0])

    @drawn(on=("S",))
    def eckart_young(self) -> np.ndarray:
        return numbered(dropped(self.eigenvalues()), first=0)

    @drawn
    def here(self) -> np.ndarray:
        return np.array([[self.r, self.measured()["error"]]])

    @drawn
    def update(self) -> Update:
        now = self.measured()
        return Update(
            r"V R = S V_{\mathrm{old}},\quad \hat x = \bar x + V V^\top (x - \bar x)"
            r" \\ E = \frac{1}{n}\|X - \hat X\|^2 \ge \sum_{i>r} \lambda_i",
            {"E": now["error"], r"\sum_{i>r} \lambda_i": now["floor"], "r": self.r},
        )

    @drawn
    def said(self) -> str:
        now, total = self.measured(), float(np.trace(self.S))
        held, best = 100 * (1 - now["error"] / total), 100 * (1 - now["floor"] / total)
        if self.finished:
            return f"{self.finished} {self.r} numbers keep {held:.1f} % of the variance; none of that many keep more."
        if not self.t:
            return f"{self.r} directions by chance keep {held:.1f} % of the variance; the best would keep {best:.1f} %."
        return f"The vectors keep {held:.1f} % of {best:.1f} % now: each step with S turns them towards the components."


def numbered(values: np.ndarray, first: int = 1) -> np.ndarray:
    return np.column_stack([np.arange(first, first + len(values)), values])
