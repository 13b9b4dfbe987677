"""Without a gradient: random search, a probe on each side and a finite difference race gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Line, Note, Panel, Row, Table
from lab.maths.curves import KNOWN, curve
from lab.maths.differences import forward

RACERS = ("gradient descent", "finite difference", "probe both sides", "random search")
CURVES = ("two minima", "parabola", "valleys", "|x|", "staircase", "logistic")
FAR = 1e9


class Rivals(Experiment):
    pace = 4

    function = Choice(CURVES, symbol="f", restarts=True, help="the curve to go down")
    begin = Slider(3.9, -6, 6, symbol="θ₀", label="Start", restarts=True, help="where all begin")
    rate = Slider(0.05, 1e-3, 1, log=True, symbol="η", help="of gradient descent, exact or by a finite difference")
    width = Slider(0.01, 1e-12, 1, log=True, symbol="h", help="of the finite difference")
    reach = Slider(0.5, 0.01, 5, log=True, symbol="s", help="standard deviation of a random try, and the first probe")

    presets = {
        "Two minima: chance finds the lower": {"function": "two minima", "reach": 2},
        "Parabola: slopes win": {"function": "parabola", "reach": 0.5},
        "Staircase: slopes are blind": {"function": "staircase", "reach": 1},
    }
    prompts = (
        ("A staircase: who moves at all?", {"function": "staircase", "reach": 1}),
        ("s = 2: does random search leave the wrong valley?", {"function": "two minima", "reach": 2}),
        ("h = 1e-12: what becomes of the finite difference?", {"function": "parabola", "width": 1e-12}),
        ("|x|: gradient descent bounces, the others halve", {"function": "|x|", "reach": 0.5}),
    )
    metrics = {"loss": "f", "place": "θ"}
    diverges = "η is too large for the curvature: gradient descent overshoots."

    # ------------------------------------------------------------ the race

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"begin": KNOWN[value].begin, "rate": KNOWN[value].rate} if name == "function" else {}

    def start(self) -> Metrics:
        self.f = curve(self.function)
        self.slope = self.f.derivative("x")
        self.theta = np.full(len(RACERS), float(self.begin))
        self.looks = np.zeros(len(RACERS))  # at f or f′
        self.probe = float(self.reach)
        self.tried = float(self.begin)
        self.kept = False
        return self.measured()

    def step(self) -> Metrics:
        """One move of each."""
        descent, difference, probing, searching = self.theta
        with np.errstate(all="ignore"):
            descent -= self.rate * self.slope(descent)
            difference -= self.rate * forward(self.f, difference, self.width)
        probing = self.probed(float(probing))
        self.tried = float(searching + self.reach * self.rng.standard_normal())
        self.kept = bool(self.f(self.tried) < self.f(searching))
        searching = self.tried if self.kept else searching
        self.theta = np.clip([descent, difference, probing, searching], -FAR, FAR)
        self.looks = self.looks + (1, 2, 2, 1)
        return self.measured()

    def probed(self, theta: float) -> float:
        """The better side, s away, if it is lower than here; else s is halved."""
        best = min(theta - self.probe, theta + self.probe, key=self.f)
        if self.f(best) < self.f(theta):
            return best
        self.probe /= 2
        return theta

    def changed(self, name: str) -> None:
        if name == "reach":
            self.probe = float(self.reach)

    def measured(self) -> Metrics:
        heights = self.f(self.theta)
        row = {f"loss/{name}": float(y) for name, y in zip(RACERS, heights)}
        return row | {f"place/{name}": float(x) for name, x in zip(RACERS, self.theta)}

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        x = self.window()
        return Column(
            Row(
                Panel(
                    "Curve",
                    Line("graph", tint="quiet", width=3),
                    Line("try_line", label="random try", tint="quiet", dashed=True, width=1.5),
                    Dots("racers", colour="lanes", big=True),
                    x="θ",
                    y="f(θ)",
                    range_x=x,
                    help="Dashed: the place that random search tried last",
                ),
                Panel("Loss", Curve("loss", colours="colours"), x="step t", y="f"),
                sizes=(1.3, 1),
            ),
            Row(
                Panel("Standing", Table("standing", header="header")),
                Panel("Place", Curve("place", colours="colours"), x="step t", y="θ", shown=False),
                Panel("Step", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    def window(self) -> tuple[float, float]:
        return KNOWN[self.function].x

    @drawn(on=("f", "function"))
    def graph(self) -> np.ndarray:
        x = np.linspace(*self.window(), 400)
        return np.column_stack([x, self.f(x)])

    @drawn
    def racers(self) -> np.ndarray:
        x = np.clip(self.theta, *self.window())
        return np.column_stack([x, self.f(x)])

    @drawn
    def lanes(self) -> np.ndarray:
        return np.arange(len(RACERS))

    @drawn
    def colours(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(RACERS)}

    @drawn
    def try_line(self) -> np.ndarray:
        x = float(np.clip(self.tried, *self.window()))
        y = self.graph()[:, 1]
        return np.array([[x, y.min()], [x, y.max()]])

    @drawn
    def standing(self) -> tuple[tuple[str, ...], ...]:
        heights = self.f(self.theta)
        return tuple(
            (name, f"{x:.5g}", f"{y:.5g}", f"{n:.0f}") for name, x, y, n in zip(RACERS, self.theta, heights, self.looks)
        )

    @drawn
    def header(self) -> tuple[str, ...]:
        return "who", "θ", "f(θ)", "looks at f or f′"

    @drawn
    def update(self) -> Update:
        """The finite difference's step to come."""
        there = float(self.theta[1])
        slope = float(np.nan_to_num(forward(self.f, there, self.width)))
        return Update(
            r"\theta_{t+1} = \theta_t - \eta\, \frac{f(\theta_t + h) - f(\theta_t)}{h}",
            {
                r"\theta_{t+1}": there - self.rate * slope,
                r"\eta": self.rate,
                r"f(\theta_t + h)": float(self.f(there + self.width)),
                r"f(\theta_t)": float(self.f(there)),
                r"\theta_t": there,
                "h": self.width,
            },
        )

    @drawn
    def said(self) -> str:
        if not self.t:
            return "Only the first knows f′. The others look at heights alone."
        heights = np.asarray(self.f(self.theta))
        lead = RACERS[int(heights.argmin())]
        took = "was lower, so it moved there" if self.kept else "was not lower, so it stays"
        return f"The random try at {self.tried:.3g} {took}. Lowest now: {lead}, at {heights.min():.4g}."
