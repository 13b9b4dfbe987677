"""Flow: gradient flow is one smooth line; gradient descent jumps along it, and the nearer the smaller η is."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Point, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, Handle, Heat, Line, Note, Panel, Row, Trail

X = (-3.2, 3.2)
Y = (-3.2, 3.2)
SPLIT = (4, 2, 1)  # quarters of η: the three rates are η, η/2, η/4
NAMES = ("η", "η/2", "η/4")


class Flow(Experiment):
    rate = Slider(0.35, 0.01, 0.5, log=True, symbol="η", restarts=True, limit="limits", help="the largest of three")
    kappa = Slider(4, 1, 10, symbol="κ", restarts=True, help="the curvatures are 1 and κ, along two slanted axes")
    begin = Point((2.9, -0.5), x=X, y=Y, symbol="w₀", label="Start", restarts=True, help="where all begin: drag it")

    metrics = {"loss": "ℓ", "error": "distance from the flow"}
    fixed = ("H",)
    random = False
    pace = 12.0
    diverges = "η times the greatest curvature is over 2: the steps overshoot by more each time. The flow never does."
    prompts = (
        ("η halved: is the error halved too?", {"rate": 0.17, "kappa": 4}),
        ("η at the edge, 2/λ: the flow falls, the descent stands", {"rate": 0.5, "kappa": 4}),
        ("Past the edge", {"rate": 0.5, "kappa": 4.4}),
        ("A round bowl: a straight line for all", {"kappa": 1, "rate": 0.3}),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        c, s = np.cos(0.5), np.sin(0.5)
        turn = np.array([[c, -s], [s, c]])
        self.H = turn @ np.diag([1, self.kappa]) @ turn.T
        self.w = np.tile(np.array(self.begin), (3, 1))
        self.before = self.w
        self.quarters = 0  # of η: the time that has passed
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """A quarter of η of time: who has waited as long as its own rate makes its step of Euler."""
        self.quarters += 1
        moves = [self.quarters % quarters == 0 for quarters in SPLIT]
        rates = self.rate * np.array(SPLIT) / 4
        stepped = self.w - rates[:, None] * (self.w @ self.H)
        self.before = np.where(np.array(moves)[:, None], self.w, self.before)
        self.w = np.where(np.array(moves)[:, None], stepped, self.w)
        if self.time() > 10:
            self.finish("Time 10: the flow is at the minimum, as good as.")
        return self.measured()

    def time(self) -> float:
        return self.quarters * self.rate / 4

    def flow(self, tau: np.ndarray) -> np.ndarray:
        """W(τ) = exp(−H τ) w₀, exactly."""
        values, vectors = np.linalg.eigh(self.H)
        return (np.exp(-np.outer(tau, values)) * (np.array(self.begin) @ vectors)) @ vectors.T

    def loss(self, w: np.ndarray) -> float:
        return float(w @ self.H @ w) / 2

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        """Each against the flow at the time its last step came to."""
        row: Metrics = {"loss/flow": max(self.loss(self.flow(np.array([self.time()]))[0]), 1e-12)}
        for name, quarters, w in zip(NAMES, SPLIT, self.w):
            row[f"loss/{name}"] = max(self.loss(w), 1e-12)
            if made := self.quarters // quarters:
                own = self.flow(np.array([made * self.rate * quarters / 4]))[0]
                row[f"error/{name}"] = max(float(np.linalg.norm(w - own)), 1e-12)
        return row

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Row(
            Panel(
                "Flow and descent",
                Heat("landscape"),
                Line("path", label="flow", tint="text", width=3),
                Trail("w", labels="names"),
                Dots("places", colour="lanes", big=True),
                Dots("ball", tint="text", big=True),
                Handle("origin", drag="begin", label="start"),
                x="w₁",
                y="w₂",
                range_x=X,
                range_y=Y,
                equal=True,
                detail="clock",
            ),
            Column(
                Panel("Loss", Curve("loss", colours="colours"), x="quarters of η", y="ℓ", log_y=True),
                Panel(
                    "Distance from the flow",
                    Curve("error", colours="colours"),
                    x="quarters of η",
                    y="‖w − W(τ)‖",
                    log_y=True,
                    help="At equal times: half the η, half the error",
                ),
                Panel("Update", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("H",))
    def landscape(self) -> Field:
        x, y = np.meshgrid(np.linspace(*X, 90), np.linspace(*Y, 70))
        w = np.stack([x, y], axis=-1)
        return Field(np.einsum("...i,ij,...j->...", w, self.H, w) / 2, X, Y)

    @drawn(on=("H", "begin"))
    def path(self) -> np.ndarray:
        return self.flow(np.linspace(0, 10, 400))

    @drawn
    def names(self) -> tuple[str, ...]:
        return NAMES

    @drawn
    def colours(self) -> dict[str, str]:
        return {"flow": "text", "η": "0", "η/2": "1", "η/4": "2"}

    @drawn
    def lanes(self) -> np.ndarray:
        return np.arange(3)

    @drawn
    def places(self) -> np.ndarray:
        return np.clip(np.nan_to_num(self.w), (X[0], Y[0]), (X[1], Y[1]))

    @drawn
    def ball(self) -> np.ndarray:
        return self.flow(np.array([self.time()]))

    @drawn
    def origin(self) -> np.ndarray:
        return np.array(self.begin)

    @drawn
    def limits(self) -> np.ndarray:
        return np.array([2 / self.kappa])

    @drawn
    def clock(self) -> str:
        return f"τ = {self.time():.3g}"

    @drawn
    def update(self) -> Update:
        """The last step of η/4, in its first component."""
        g = self.before[2] @ self.H
        return Update(
            r"w^+ = w - \frac{\eta}{4}\, \nabla \ell(w)",
            {
                "w^+": float(self.before[2][0] - self.rate / 4 * g[0]),
                "w": float(self.before[2][0]),
                r"\eta": self.rate,
                r"\nabla \ell(w)": float(g[0]),
            },
        )

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.w).all():
            return self.diverges
        row = self.measured()
        if "error/η" not in row:
            return "The flow goes on all the time; each descent waits as long as its η, then steps."
        far = ", ".join(f"{row[f'error/{name}']:.2g} with {name}" for name in NAMES)
        edge = self.rate * self.kappa
        return f"Away from the flow: {far}. η λ = {edge:.2g}: " + (
            "under 2, so all come down." if edge < 2 else "not under 2, so the largest η does not come down."
        )
