"""Nesterov's ODE: with ever smaller steps both methods close on one smooth curve."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from lab.controls import Choice, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Line, Note, Panel, Row
from lab.maths.acceleration import bessel_path, growing_momentum, momentum_path, ode_path

UNTIL = 20.0  # τ at which a run ends
SLOPES: dict[str, Callable[[float], float]] = {"w²/2": float, "log cosh w": math.tanh, "w⁴/4": lambda w: w**3}
RATES = np.logspace(-4, -0.5, 15)


class NesterovOde(Experiment):
    loss = Choice(tuple(SLOPES), symbol="ℓ", restarts=True, help="what they descend on, in one dimension")
    rate = Slider(0.05, 1e-4, 0.3, log=True, symbol="η", restarts=True, help="the step: the time τ advances by √η")
    begin = Slider(1, 0.2, 2, symbol="w₀", label="Start", restarts=True, help="where both begin, at rest")

    random = False
    metrics = {"apart": "|w − W|", "momentum": "ρ", "friction": "3/τ"}
    tiny = {"rate": 0.2}
    prompts = (
        ("Make η a hundredth: the dots close on the curve", {"rate": 0.0005}),
        ("A large step: Polyak swings wider, Nesterov less", {"rate": 0.3}),
        ("Friction 3/τ goes down as ρ goes up: watch the fourth power", {"loss": "w⁴/4", "rate": 0.02}),
    )
    presets = {"Coarse": {"rate": 0.2}, "Fine": {"rate": 0.01}, "Finest": {"rate": 0.0005}}

    # ------------------------------------------------------------ both methods, with ρ = (t − 1)/(t + 2)

    def start(self) -> Metrics:
        self.nesterov = self.polyak = (self.begin, self.begin)  # before and now
        return {}

    def step(self) -> Metrics:
        t = self.t + 1
        rho, eta, slope = growing_momentum(t), self.rate, SLOPES[self.loss]
        before, now = self.polyak
        self.polyak = now, now + rho * (now - before) - eta * slope(now)
        before, now = self.nesterov
        u = now + rho * (now - before)
        self.nesterov = now, u - eta * slope(u)
        tau = np.sqrt(eta) * t
        if tau >= UNTIL:
            self.finish(f"τ = {UNTIL:.0f} is reached.")
        smooth = float(self.smooth(np.array([tau]))[0])
        return {
            "apart/Polyak": abs(self.polyak[1] - smooth),
            "apart/Nesterov": abs(self.nesterov[1] - smooth),
            "apart/both": abs(self.nesterov[1] - self.polyak[1]),
            "momentum": rho,
            "friction": 3 / tau,
        }

    def smooth(self, tau: np.ndarray) -> np.ndarray:
        """W(τ): Bessel's function for the quadratic, Runge and Kutta for the others."""
        if self.loss == "w²/2":
            return self.begin * bessel_path(tau)
        return np.interp(tau, *ode_of(self.loss, self.begin))

    # ------------------------------------------------------------ pictures

    panels = Column(
        Panel(
            "Path in τ",
            Line("curve", label="W(τ), the ODE", tint="quiet"),
            Line("seen", tint="text", width=2),
            Dots("polyak_dots", tint="0"),
            Dots("nesterov_dots", tint="1"),
            Dots("balls", colour="classes", labels="names", big=True),
            x="τ = √η t",
            y="w",
            range_x=(0, UNTIL),
            detail="spacing",
        ),
        Row(
            Panel("Error", Curve("apart", log_y=True), x="step t", y="|w − W|"),
            Panel(
                "Error and η",
                Line("error_polyak", label="Polyak", tint="0"),
                Line("error_nesterov", label="Nesterov", tint="1"),
                Line("error_between", label="both", tint="2"),
                Line("root_law", label="√η", tint="quiet", dashed=True),
                Dots("present", tint="text", big=True),
                x="η",
                y="largest error to τ = 10",
                log_x=True,
                log_y=True,
                still=True,
            ),
            Panel("Friction", Curve("momentum", "friction"), x="step t", y="", range_y=(0, 3), shown=False),
            Panel("Equation", Equation("update"), Note("said")),
            sizes=(4, 4, 4, 4),
        ),
        sizes=(5, 4),
    )

    @drawn(on=("loss", "begin"))
    def curve(self) -> np.ndarray:
        tau = np.linspace(0, UNTIL, 400)
        return np.column_stack([tau, self.smooth(tau)])

    @drawn
    def seen(self) -> np.ndarray:
        tau = np.linspace(0, min(self.tau(), UNTIL), 200)
        return np.column_stack([tau, self.smooth(tau)])

    def tau(self) -> float:
        return float(np.sqrt(self.rate) * self.t)

    def dots_of(self, nesterov: bool) -> np.ndarray:
        path = path_of(self.loss, self.begin, self.rate, nesterov)[: self.t + 1]
        every = max(1, len(path) // 300)
        tau = np.sqrt(self.rate) * np.arange(len(path))
        return np.column_stack([tau, path])[::every]

    @drawn
    def polyak_dots(self) -> np.ndarray:
        return self.dots_of(False)

    @drawn
    def nesterov_dots(self) -> np.ndarray:
        return self.dots_of(True)

    @drawn
    def balls(self) -> np.ndarray:
        return np.array([(self.tau(), self.nesterov[1]), (self.tau(), self.polyak[1])])

    @drawn(on=("loss",))
    def classes(self) -> np.ndarray:
        return np.array([1, 0])

    @drawn(on=("loss",))
    def names(self) -> tuple[str, str]:
        return "Nesterov", "Polyak"

    @drawn
    def spacing(self) -> str:
        return f"dots are √η = {np.sqrt(self.rate):.3g} apart in τ"

    @drawn
    def error_nesterov(self) -> np.ndarray:
        return np.column_stack([RATES, errors_of(self.loss, self.begin)[0]])

    @drawn
    def error_polyak(self) -> np.ndarray:
        return np.column_stack([RATES, errors_of(self.loss, self.begin)[1]])

    @drawn
    def error_between(self) -> np.ndarray:
        return np.column_stack([RATES, errors_of(self.loss, self.begin)[2]])

    @drawn
    def root_law(self) -> np.ndarray:
        return np.column_stack([RATES, np.sqrt(RATES)])

    @drawn
    def present(self) -> np.ndarray:
        errors = errors_of(self.loss, self.begin)[0]
        return np.array([[self.rate, np.exp(np.interp(np.log(self.rate), np.log(RATES), np.log(errors)))]])

    @drawn
    def update(self) -> Update:
        tau, t = max(self.tau(), 1e-12), max(self.t, 1)
        friction = {r"\frac{3}{\tau}": 3 / tau} if self.t else {}
        latex = (
            r"W'' + \frac{3}{\tau}\, W' + \nabla \ell(W) = 0 \\ \rho = \frac{t - 1}{t + 2} \\ \tau = \sqrt{\eta}\, t"
        )
        numbers = {r"\rho": growing_momentum(t), "t": t, r"\eta": self.rate, r"\tau": self.tau()}
        return Update(latex, numbers | friction)

    @drawn
    def said(self) -> str:
        if not self.t:
            return "Both are about to leave, at rest: friction 3/τ is without end at first, and ρ is 0."
        between = abs(self.nesterov[1] - self.polyak[1])
        return (
            f"Friction 3/τ has come down to {3 / self.tau():.3g} while ρ grew to {growing_momentum(self.t):.3g}. "
            f"The two methods are {between:.2g} apart: halve that by a step η a quarter as large."
        )


@lru_cache(maxsize=8)
def ode_of(loss: str, begin: float) -> tuple[np.ndarray, np.ndarray]:
    return ode_path(SLOPES[loss], begin, UNTIL + 1, 2000)


@lru_cache(maxsize=16)
def path_of(loss: str, begin: float, rate: float, nesterov: bool) -> np.ndarray:
    return momentum_path(SLOPES[loss], begin, rate, int(UNTIL / np.sqrt(rate)) + 2, nesterov)


@lru_cache(maxsize=8)
def errors_of(loss: str, begin: float) -> np.ndarray:
    """The largest error up to τ = 10 at each of RATES: of Nesterov, of Polyak, and between the two."""
    found = []
    for rate in RATES:
        steps = int(10 / np.sqrt(rate))
        tau = np.sqrt(rate) * np.arange(steps + 1)
        smooth = begin * bessel_path(tau) if loss == "w²/2" else np.interp(tau, *ode_of(loss, begin))
        two, one = (momentum_path(SLOPES[loss], begin, rate, steps, which) for which in (True, False))
        found.append([np.abs(two - smooth).max(), np.abs(one - smooth).max(), np.abs(two - one).max()])
    return np.array(found).T
