"""Oscillator: the heavy ball as a mass on a spring, under-, critically or over-damped."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Slider
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Arrows, Column, Curve, Dots, Equation, Guide, Handle, Line, Note, Panel, Row
from lab.maths import stability

FAR = 2.2  # how far the pictures reach
COILS = 9


class Oscillator(Experiment):
    method = Choice(("Polyak", "Nesterov"), help="where the gradient is taken: at the ball, or where it will be")
    rate = Slider(0.1, 0.001, 4, log=True, symbol="ηλ", label="Rate", help="the rate η times the curvature λ = k = 1")
    rho = Slider(0.9, 0, 1, symbol="ρ", label="Momentum", help="1: no friction, Newton's law; 0: no inertia, plain GD")
    begin = Slider(2, -2, 2, symbol="w₀", label="Start", restarts=True, help="where the ball is let go, at rest")

    random = False
    metrics = {"w": "w", "energy": "E", "crossings": "n"}
    prompts = (
        ("ρ = 1, Newton's law without friction: it swings for ever", {"rho": 1, "rate": 0.05}),
        ("ρ = 0, GD: a particle without inertia. Does it ever cross 0?", {"rho": 0, "rate": 0.1}),
        ("Critical damping, c² = 4mk: the fastest way without a swing", {"rho": 0.81, "rate": 0.01}),
        ("Just past 2(1+ρ): every step flips the sign, and grows", {"rho": 0.5, "rate": 3.01}),
        ("The same ρ with Nesterov's look ahead: fewer crossings", {"method": "Nesterov", "rho": 0.95, "rate": 0.3}),
    )
    presets = {
        "Under-damped": {"rho": 0.9, "rate": 0.1},
        "Critically damped": {"rho": 0.81, "rate": 0.01},
        "Over-damped": {"rho": 0.2, "rate": 0.05},
    }
    diverges = "The rate is past 2(1+ρ)/λ (Nesterov: 2(1+ρ)/((1+2ρ)λ)): each swing is wider than the last."

    # ------------------------------------------------------------ the algorithm, on ℓ(w) = w²/2

    def start(self) -> Metrics:
        self.w = self.before = self.begin
        self.crossings, self.side = 0, np.sign(self.w)
        self.changed("")
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """w₊ = w − η∇ℓ + ρ(w − w₋): Newton's law with the friction 1 − ρ, step by step."""
        drift = self.rho * (self.w - self.before)
        slope = self.w + drift if self.method == "Nesterov" else self.w
        self.before, self.w = self.w, self.w + drift - self.rate * slope
        if np.sign(self.w) == -self.side != 0:
            self.crossings, self.side = self.crossings + 1, -self.side
        if max(abs(self.w), abs(self.before)) < 1e-9:
            self.finish("The ball lies at the bottom, at rest.")
        return self.measured()

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        speed = self.w - self.before
        return {
            "w": self.w,
            "energy": speed**2 / (2 * self.rate) + self.w * self.before / 2,  # kept exactly by Polyak with ρ = 1
            "crossings": float(self.crossings),
        }

    def changed(self, name: str) -> None:
        """The mass and the envelope go on from here."""
        self.since, self.let_go, self.let_go_before = self.t, self.w, self.before

    @action
    def critical(self) -> None:
        """Set ρ so that both roots coincide: the fastest return without oscillation."""
        x = self.rate
        if self.method == "Nesterov":
            self.rho = float((2 - x - 2 * np.sqrt(1 - x)) / x) if x < 1 else 0.0
        else:
            self.rho = float(min((1 - np.sqrt(x)) ** 2, 1.0))
        self.changed("rho")

    @action
    def move_ball(self, x: float, y: float) -> None:
        """Take the ball somewhere else and let it go, at rest."""
        self.w = self.before = float(np.clip(x, -FAR, FAR))
        self.side = np.sign(self.w)
        self.changed("")

    # ------------------------------------------------------------ the oscillator that it imitates

    def friction(self) -> float:
        """c, with the mass 1, the spring k = λ = 1 and the time √η a step."""
        return float((1 - self.rho) / np.sqrt(self.rate))

    def mass_at(self, steps: np.ndarray) -> np.ndarray:
        """x'' = −c x' − x solved exactly from the place and speed at the last change, after so many steps."""
        dt = np.sqrt(self.rate)
        tau, half = steps * dt, self.friction() / 2
        place, speed = self.let_go, (self.let_go - self.let_go_before) / dt
        root = np.sqrt(complex(half**2 - 1))
        if abs(root) < 1e-6:
            return (place + (speed + half * place) * tau) * np.exp(-half * tau)
        a = (speed + (half + root) * place) / (2 * root)
        return (a * np.exp((root - half) * tau) + (place - a) * np.exp((-root - half) * tau)).real

    # ------------------------------------------------------------ pictures

    panels = Column(
        Row(
            Panel(
                "Ball on the loss",
                Line("bowl", tint="quiet"),
                Arrows("above", "velocity", label="velocity", tint="warn"),
                Arrows("ball", "pull", label="force −∇ℓ", tint="accent"),
                Dots("ball", tint="warn", big=True),
                Handle("ball_at", drag="move_ball", tint="text"),
                x="w",
                y="ℓ(w) = w²/2",
                range_x=(-FAR * 1.05, FAR * 1.05),
                range_y=(-0.6, 2.8),
            ),
            Panel(
                "Mass on a spring",
                Guide(x="zero"),
                Line("spring", tint="accent", width=1.5),
                Dots("mass", tint="accent", shape="square", big=True),
                Dots("iterate", tint="warn", big=True),
                x="w",
                range_x=(-FAR * 1.9, FAR * 1.05),
                range_y=(-1.5, 1.5),
                detail="damping",
                help="m = k = 1. The spring obeys m a = F − c v at all times, the ball below it once in a step",
            ),
        ),
        Row(
            Panel(
                "Over time",
                Line("upper", label="envelope", tint="quiet", dashed=True, width=1.5),
                Line("lower", tint="quiet", dashed=True, width=1.5),
                Line("swing", label="mass on the spring", tint="accent", width=1.5),
                Curve("w"),
                x="step t",
                y="w",
                detail="counted",
            ),
            Panel("Energy", Curve("energy"), x="step t", y="E", shown=False),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(3, 3, 2),
        ),
    )

    @drawn(on=("rate",))
    def bowl(self) -> np.ndarray:
        w = np.linspace(-FAR, FAR, 81)
        return np.column_stack([w, w**2 / 2])

    def shown(self, w: float) -> float:
        return float(np.clip(w, -FAR, FAR))

    @drawn
    def ball_at(self) -> np.ndarray:
        w = self.shown(self.w)
        return np.array([w, w**2 / 2])

    @drawn
    def ball(self) -> np.ndarray:
        return self.ball_at()[None]

    @drawn
    def velocity(self) -> np.ndarray:
        """In the oscillator's time, of which a step takes √η."""
        return np.array([[np.clip((self.w - self.before) / np.sqrt(self.rate), -2 * FAR, 2 * FAR), 0]])

    @drawn
    def above(self) -> np.ndarray:
        return self.ball() + (0, 0.3)

    @drawn
    def pull(self) -> np.ndarray:
        return np.array([[np.clip(-self.w, -2 * FAR, 2 * FAR), 0]])

    @drawn
    def zero(self) -> np.ndarray:
        return np.zeros(1)

    @drawn
    def mass(self) -> np.ndarray:
        return np.array([[self.shown(float(self.mass_at(np.array([self.t - self.since]))[0])), 0.5]])

    @drawn
    def iterate(self) -> np.ndarray:
        return np.array([[self.shown(self.w), -0.7]])

    @drawn
    def spring(self) -> np.ndarray:
        """From the wall to the mass."""
        along = np.linspace(-FAR * 1.8, self.mass()[0, 0], 2 * COILS + 3)
        across = np.where(np.arange(len(along)) % 2, 0.22, -0.22)
        across[[0, 1, -2, -1]] = 0
        wall = [(along[0], 1.2), (along[0], -0.2), (along[0], 0.5)]
        return np.array([*wall, *zip(along, across + 0.5)])

    @drawn
    def damping(self) -> str:
        kind = self.regime()
        return f"c = {self.friction():.3g}: {kind}"

    def regime(self) -> str:
        c = self.friction()
        if c == 0:
            return "undamped"
        return "critically damped" if abs(c - 2) < 0.11 else "under-damped" if c < 2 else "over-damped"

    def ahead(self) -> np.ndarray:
        """Steps from the last change to a little beyond now."""
        return np.arange(max(self.t - self.since, 30) + 1, dtype=float)

    @drawn
    def upper(self) -> np.ndarray:
        steps = self.ahead()
        with np.errstate(all="ignore"):
            height = stability.envelope(
                self.rate, self.rho, self.let_go_before, self.let_go, steps, self.method == "Nesterov"
            )
        return bounded(self.since + steps, height)

    @drawn
    def lower(self) -> np.ndarray:
        return self.upper() * (1, -1)

    @drawn
    def swing(self) -> np.ndarray:
        steps = np.linspace(0, self.ahead()[-1], 300)
        return bounded(self.since + steps, self.mass_at(steps))

    @drawn
    def counted(self) -> str:
        return f"crossings of 0: {self.crossings}"

    @drawn
    def update(self) -> Update:
        look = "u" if self.method == "Nesterov" else "w"
        drift, before = self.rho, self.before
        numbers = {"w_+": self.w_next(), "w_-": before, r"\rho": drift, r"\eta": self.rate, "w": self.w}
        latex = rf"w_+ = w - \eta\, \nabla \ell({look}) + \rho\, (w - w_-)"
        at = self.w + (self.rho * (self.w - self.before) if look == "u" else 0)
        return Update(latex, numbers | {rf"\nabla \ell({look})": at})

    def w_next(self) -> float:
        drift = self.rho * (self.w - self.before)
        return self.w + drift - self.rate * (self.w + drift if self.method == "Nesterov" else self.w)

    @drawn
    def said(self) -> str:
        """Which kind of roots this is."""
        nesterov = self.method == "Nesterov"
        first, second = stability.roots(self.rate, self.rho, nesterov)
        rate, crossed = abs(first), f"Crossings of 0: {self.crossings}."
        if rate > 1 + 1e-12:
            limit = float(stability.limit(self.rho, nesterov))
            return f"Each swing is {rate:.3g} times as wide as the last: ηλ is past the limit {limit:.3g}. {crossed}"
        if first.imag and abs(rate - 1) < 1e-9:
            return f"No friction: it swings for ever, and its energy comes back again and again. {crossed}"
        if abs(first - second) < 0.01:
            return (
                f"Both roots are {rate:.3g}: critical damping, the fastest return without a swing. The spring has "
                f"it at c² = 4mk, c = 2; the smaller the steps, the nearer to that are they. {crossed}"
            )
        if first.imag:
            law = "√(ρ(1−ηλ))" if nesterov else "√ρ"
            period = 2 * np.pi / abs(np.angle(first))
            return f"Complex roots: it swings once in {period:.3g} steps and shrinks by {law} = {rate:.4g}. {crossed}"
        if first.real < 0 or second.real < 0:
            return f"A negative root: the steps flip from side to side, × {rate:.3g} each in the end. {crossed}"
        return f"Real roots: it creeps back and does not swing, × {rate:.4g} a step in the end. {crossed}"


def bounded(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A line as far as it can be shown."""
    kept = np.abs(y) < 1e6
    return np.column_stack([x, np.where(kept, y, 0.0)])[kept]
