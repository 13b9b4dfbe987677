"""Worst case: a quadratic that hides its minimum from every first-order method, above Nesterov's lower bound."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row
from lab.maths.acceleration import WorstCase as Chain
from lab.maths.acceleration import gd_bound, growing_momentum, lower_bound, nesterov_bound
from lab.maths.stability import text_momentum

METHODS = ("GD", "Polyak", "Nesterov")
END = 3000


class WorstCase(Experiment):
    k = Count(
        20, 2, 60, symbol="k", restarts=True, help="the bound is promised at step t = k, in p = 2k + 1 dimensions"
    )
    rate = Slider(1, 0.1, 1.3, symbol="ηL", label="Rate", restarts=True, help="the rate η in units of 1/L, with L = 1")
    schedule = Choice(
        ("(t−1)/(t+2)", "fixed", "from κ"), symbol="ρ", restarts=True, help="how much velocity Polyak and Nesterov keep"
    )
    rho = Slider(0.9, 0, 0.999, symbol="ρ", when={"schedule": ("fixed",)}, help="momentum, the same at every step")

    random = False
    metrics = {"gap": "ℓ − ℓ*", "momentum": "ρ"}
    tiny = {"k": 5}
    prompts = (
        ("At t = k stop and look: only k coordinates have moved", {"k": 20}),
        ("ρ = (t−1)/(t+2) ripples below its bound of slope −2", {"schedule": "(t−1)/(t+2)", "k": 20}),
        ("ρ from κ needs to know m and L, and is faster in the end", {"schedule": "from κ"}),
        ("Polyak with ρ near 1 and the full rate: look at the ripples", {"schedule": "fixed", "rho": 0.98}),
    )
    presets = {"The check of the course: p = 41": {"k": 20, "rate": 1}, "A longer chain": {"k": 60}}
    diverges = "The rate is past Nesterov's limit 2(1+ρ)/(1+2ρ), which comes down to 4/3 of 1/L as ρ nears 1."

    # ------------------------------------------------------------ the three methods

    def start(self) -> Metrics:
        self.chain = Chain(2 * self.k + 1)
        self.w = self.before = np.zeros((3, self.chain.p))
        return self.measured()

    def momentum(self, t: int) -> float:
        if self.schedule == "fixed":
            return self.rho
        return growing_momentum(t) if self.schedule == "(t−1)/(t+2)" else float(text_momentum(self.condition()))

    def condition(self) -> float:
        """κ of the chain: its eigenvalues are (L/4)(2 − 2 cos(πi/(p+1)))."""
        return float(1 / np.tan(np.pi / (2 * (self.chain.p + 1))) ** 2)

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        rho, eta = self.momentum(self.t + 1), self.rate / self.chain.L
        gd, polyak, nesterov = self.w
        gd = gd - eta * self.chain.gradient(gd)
        coast = polyak + rho * (polyak - self.before[1])
        polyak = coast - eta * self.chain.gradient(polyak)
        u = nesterov + rho * (nesterov - self.before[2])
        nesterov = u - eta * self.chain.gradient(u)
        self.before, self.w = self.w, np.array([gd, polyak, nesterov])
        if self.t + 1 >= END or max(map(self.chain.gap, self.w)) < 1e-14:
            self.finish("Far enough: what there was to see lies before.")
        return self.measured() | {"momentum": rho}

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        return {f"gap/{name}": max(self.chain.gap(w), 1e-18) for name, w in zip(METHODS, self.w)}

    # ------------------------------------------------------------ pictures

    panels = Column(
        Row(
            Panel(
                "Gap",
                Line("fast", label="O(1/t²)", tint="2", dashed=True, width=1.5),
                Line("slow", label="O(1/t)", tint="0", dashed=True, width=1.5),
                Line("floor", label="lower bound", tint="text", dashed=True, width=2),
                Guide(x="promised", label="t = k"),
                Dots("at_promise", tint="text", big=True, shape="diamond"),
                Curve("gap", log_x=True, log_y=True),
                x="step t",
                y="ℓ − ℓ*",
                range_y=(-7, 0.6),
                help="For η ≤ 1/L GD is below D²/(2ηt), and Nesterov with ρ = (t−1)/(t+2) below 2D²/(η(t+1)²). "
                "At t = k no method that follows gradients is below the lower bound. D: from start to minimum",
            ),
            Panel(
                "Coordinates",
                Line("goal", label="minimum", tint="quiet", dashed=True),
                Line("profiles"),
                Guide(x="reached", label="reached"),
                x="coordinate i",
                y="wᵢ",
                range_y=(-0.1, 1.35),
                help="Each gradient reaches one coordinate further: beyond t all are exactly 0",
            ),
            sizes=(5, 4),
        ),
        Row(
            Panel("Momentum", Curve("momentum"), x="step t", y="ρ", range_y=(0, 1.05)),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(4, 5),
        ),
        sizes=(3, 2),
    )

    def times(self) -> np.ndarray:
        return np.unique(np.round(np.logspace(0, np.log10(max(self.t, 100)), 60)))

    @drawn
    def fast(self) -> np.ndarray:
        t = self.times()
        return np.column_stack([t, nesterov_bound(t, self.rate / self.chain.L, self.chain.distance)])

    @drawn
    def slow(self) -> np.ndarray:
        t = self.times()
        return np.column_stack([t, gd_bound(t, self.rate / self.chain.L, self.chain.distance)])

    @drawn
    def floor(self) -> np.ndarray:
        """As far as it holds: t ≤ (p − 1)/2 = k."""
        t = np.arange(1.0, self.k + 1)
        return np.column_stack([t, lower_bound(t, self.chain.L, self.chain.distance)])

    @drawn
    def promised(self) -> np.ndarray:
        return np.array([self.k])

    @drawn
    def at_promise(self) -> np.ndarray:
        return self.floor()[-1:]

    @drawn
    def goal(self) -> np.ndarray:
        return np.column_stack([np.arange(1, self.chain.p + 1), self.chain.minimiser])

    @drawn
    def profiles(self) -> tuple[np.ndarray, ...]:
        i = np.arange(1, self.chain.p + 1)
        return tuple(np.column_stack([i, np.clip(np.nan_to_num(w), -9, 9)]) for w in self.w)

    @drawn
    def reached(self) -> np.ndarray:
        return np.array([min(self.t, self.chain.p) + 0.5])

    @drawn
    def update(self) -> Update:
        t = max(self.t, 1)
        rho = self.momentum(t)
        bound = float(lower_bound(t, self.chain.L, self.chain.distance))
        latex = r"w_{t+1} = u - \eta\, \nabla \ell(u), \quad u = w_t + \rho\, (w_t - w_{t-1}) \\ "
        growth = r"\rho = \frac{t - 1}{t + 2}, \quad " if self.schedule == "(t−1)/(t+2)" else ""
        lower = r"b = \frac{3 L D^2}{32\, (t + 1)^2}"
        numbers = {r"\rho": rho, r"\eta": self.rate, "t": t, "L": 1, "D": self.chain.distance, "b": bound}
        return Update(latex + growth + lower, numbers)

    @drawn
    def said(self) -> str:
        gd, _, nesterov = (self.chain.gap(w) for w in self.w)
        bound = float(lower_bound(self.t, self.chain.L, self.chain.distance))
        if self.t <= self.k:
            return (
                f"After {self.t} gradients only {self.t} of {self.chain.p} coordinates can have moved: "
                f"GD is at {gd:.3g}, Nesterov at {nesterov:.3g}. At t = k = {self.k} nobody gets below the diamond."
            )
        return (
            f"Past t = k the promise ends, and methods may pass the line (there {bound:.2g}). "
            f"GD is at {gd:.3g}, Nesterov at {nesterov:.3g}, with ρ = {self.momentum(self.t):.3g}."
        )
