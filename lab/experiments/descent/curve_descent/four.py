"""Side by side: one curve, several rates, one clock: who creeps, who hops, who goes to and fro, who climbs out."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Line, Note, Panel, Row
from lab.maths.curves import KNOWN, bottom, curve, regime

PLACES = ("first", "second", "third", "fourth")
WINDOWS = {"parabola": ((-3.0, 7.0), (-3.0, 26.0)), "logistic": ((-1.0, 7.0), (-0.3, 4.5))}
RATES = {"parabola": (0.05, 0.5, 0.9, 1.1), "logistic": (0.02, 0.05, 1.5, 1.5)}
START = {"parabola": 4.0, "logistic": -0.5}


def rate(i: int) -> Slider:
    return Slider(
        RATES["parabola"][i],
        0.01,
        3,
        log=True,
        symbol="η" + "₁₂₃₄"[i],
        label=f"Rate, {PLACES[i]}",
        limit="safe",
        when={"function": ("parabola",)} if i == 3 else None,
        help="marks: 1/f″ and 2/f″ at the minimum",
    )


class Four(Experiment):
    pace = 2

    function = Choice(
        ("parabola", "logistic"), symbol="f", restarts=True, help="a bowl, or the loss of text 2's Figure 1"
    )
    begin = Slider(4, -1, 6, symbol="θ₀", label="Start", restarts=True, help="where all begin")
    rate1, rate2, rate3, rate4 = rate(0), rate(1), rate(2), rate(3)
    decay = Slider(0, 0, 1, symbol="k", help="every rate falls as η/(1 + k t)")
    limit = Count(10, 1, 200, symbol="T", label="Step limit", help="how many steps each makes")

    presets = {
        "Crawl, one hop, zig-zag, blow-up": {"function": "parabola"},
        "Text 2, Figure 1": {"function": "logistic"},
    }
    prompts = (
        ("Three runs of ten steps: too small, suitable, too large", {"function": "logistic"}),
        ("η₄ = 1: for ever to and fro. Now a touch less", {"function": "parabola", "rate4": 1, "limit": 30}),
        ("Let η fall: the blow-up turns round", {"function": "parabola", "decay": 0.2, "limit": 40}),
    )
    metrics = {"error": "|θ − θ*|", "loss": "f"}
    random = False
    tiny = {"limit": 60}
    diverges = "η f″ is above 2 for one of them: each step is longer than the one before."

    # ------------------------------------------------------------ descent

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        if name != "function":
            return {}
        return {"begin": START[value], **{f"rate{i + 1}": eta for i, eta in enumerate(RATES[value])}}

    def start(self) -> Metrics:
        self.f = curve(self.function)
        self.slope = self.f.derivative("x")
        low, _ = KNOWN[self.function].x
        self.best = bottom(self.slope, low)
        self.bend = float(self.slope.derivative("x")(self.best))
        self.theta = np.full(3 if self.function == "logistic" else 4, float(self.begin))
        self.paths = self.theta[:, None]
        return self.measured()

    def rates(self) -> np.ndarray:
        every = np.array([self.rate1, self.rate2, self.rate3, self.rate4])[: len(self.theta)]
        return every / (1 + self.decay * self.t)

    def step(self) -> Metrics:
        """θ ← θ − η f′(θ), each with its own η."""
        with np.errstate(all="ignore"):
            self.theta = self.theta - self.rates() * self.slope(self.theta)
        self.paths = np.column_stack([self.paths, self.theta])[:, -40:]
        if self.t + 1 >= self.limit:
            self.finish(f"Each has made its {self.limit} steps.")
        return self.measured()

    def measured(self) -> Metrics:
        apart, heights = np.abs(self.theta - self.best), self.f(self.theta)
        row = {f"error/{name}": float(e) for name, e in zip(PLACES, apart) if e > 0}
        return row | {f"loss/{name}": float(y) for name, y in zip(PLACES, heights)}

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        x, y = WINDOWS[self.function]
        four = [
            Panel(
                name.capitalize(),
                Line("graph", tint="quiet"),
                Line(f"{name}_drops", tint="quiet", dashed=True, width=1),
                Line(f"{name}_path", tint=str(i), width=2),
                Dots(f"{name}_axis", tint="bad"),
                Dots(f"{name}_ball", tint="text", big=True),
                x="θ",
                y="f",
                range_x=x,
                range_y=y,
                detail=f"{name}_says",
                help="A ball at the edge has left the picture. Below: where it has been",
            )
            for i, name in enumerate(PLACES[: len(self.theta)])
        ]
        below = Row(
            Panel("Error", Curve("error", log_y=True, colours="colours"), x="step t", y="|θ − θ*|"),
            Panel("Loss", Curve("loss", colours="colours"), x="step t", y="f", shown=False),
            Panel("Step", Equation("update"), Note("said")),
            sizes=(1.4, 1, 1),
        )
        rows = (Row(*four),) if len(four) == 3 else (Row(*four[:2]), Row(*four[2:]))
        return Column(*rows, below)

    @drawn
    def safe(self) -> np.ndarray:
        return np.array([1, 2]) / self.bend

    @drawn
    def colours(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(PLACES)}

    @drawn(on=("f", "function"))
    def graph(self) -> np.ndarray:
        x = np.linspace(*WINDOWS[self.function][0], 300)
        return np.column_stack([x, self.f(x)])

    def path(self, i: int) -> np.ndarray:
        """Along the curve, as far as it is in the picture."""
        if i >= len(self.theta):
            return np.empty((0, 2))
        left, right = WINDOWS[self.function][0]
        x = self.paths[i]
        x = x[(left <= x) & (x <= right)]
        return np.column_stack([x, self.f(x)])

    def ball(self, i: int) -> np.ndarray:
        """Where it is, or at the edge where it left the picture."""
        if i >= len(self.theta):
            return np.empty((0, 2))
        x = np.clip(np.nan_to_num(self.theta[[i]]), *WINDOWS[self.function][0])
        return np.column_stack([x, self.f(x)])

    def drops(self, i: int) -> tuple[np.ndarray, ...]:
        floor = WINDOWS[self.function][1][0] * 0.5
        return tuple(np.array([[x, floor], [x, y]]) for x, y in self.path(i))

    def axis(self, i: int) -> np.ndarray:
        return self.path(i) * (1, 0) + (0, WINDOWS[self.function][1][0] * 0.5)

    def says(self, i: int) -> str:
        if i >= len(self.theta):
            return ""
        eta = float(self.rates()[i])
        if len(self.theta) == 3:
            return f"{regime(eta * self.bend)}: θ = {self.theta[i]:.3g}"
        return f"η f″ = {eta * self.bend:.3g}: {regime(eta * self.bend)}; θ = {self.theta[i]:.4g}"

    @drawn
    def first_path(self) -> np.ndarray:
        return self.path(0)

    @drawn
    def second_path(self) -> np.ndarray:
        return self.path(1)

    @drawn
    def third_path(self) -> np.ndarray:
        return self.path(2)

    @drawn
    def fourth_path(self) -> np.ndarray:
        return self.path(3)

    @drawn
    def first_drops(self) -> Any:
        return self.drops(0)

    @drawn
    def second_drops(self) -> Any:
        return self.drops(1)

    @drawn
    def third_drops(self) -> Any:
        return self.drops(2)

    @drawn
    def fourth_drops(self) -> Any:
        return self.drops(3)

    @drawn
    def first_axis(self) -> np.ndarray:
        return self.axis(0)

    @drawn
    def second_axis(self) -> np.ndarray:
        return self.axis(1)

    @drawn
    def third_axis(self) -> np.ndarray:
        return self.axis(2)

    @drawn
    def fourth_axis(self) -> np.ndarray:
        return self.axis(3)

    @drawn
    def first_ball(self) -> np.ndarray:
        return self.ball(0)

    @drawn
    def second_ball(self) -> np.ndarray:
        return self.ball(1)

    @drawn
    def third_ball(self) -> np.ndarray:
        return self.ball(2)

    @drawn
    def fourth_ball(self) -> np.ndarray:
        return self.ball(3)

    @drawn
    def first_says(self) -> str:
        return self.says(0)

    @drawn
    def second_says(self) -> str:
        return self.says(1)

    @drawn
    def third_says(self) -> str:
        return self.says(2)

    @drawn
    def fourth_says(self) -> str:
        return self.says(3)

    @drawn
    def update(self) -> Update:
        """The first one's step to come."""
        slope, eta = float(self.slope(self.theta[0])), float(self.rates()[0])
        there = float(self.theta[0])
        return Update(
            r"\theta_{t+1} = \theta_t - \eta_1\, f'(\theta_t)",
            {r"\theta_{t+1}": there - eta * slope, r"\theta_t": there, r"\eta_1": eta, r"f'(\theta_t)": slope},
        )

    @drawn
    def said(self) -> str:
        apart = np.abs(self.theta - self.best)
        one, two = self.safe()
        safe = (
            f"f″ = {self.bend:.3g} at the minimum: near it steps cross from η = {one:.3g} on, and climb past {two:.3g}."
        )
        if not self.t:
            return safe
        near = int(apart.argmin())
        return f"Nearest to θ* = {self.best:.4g} is the {PLACES[near]}, {apart[near]:.2g} away. {safe}"
