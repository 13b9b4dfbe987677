"""Written forms: momentum as four books write it, all tracing one path, or nearly one."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.controls import Choice, Count, Point, Slider, Switch
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, Handle, Heat, Matrix, Note, Panel, Row, Trail
from lab.maths.surfaces import ravine

GROUND = ravine(20, 20)
L = 20.0
FORMS: dict[str, dict[str, str]] = {  # name → its equations
    "heavy ball": {
        "place and place before": r"w_{t+1} = w_t - \eta\, g_t + \rho\, (w_t - w_{t-1})",
        "extrapolated point": r"u_t = (1 + \rho)\, w_t - \rho\, w_{t-1} \\ w_{t+1} = u_t - \eta\, g_t",
        "sum (torch)": r"v_{t+1} = \rho\, v_t + g_t \\ w_{t+1} = w_t - \eta\, v_{t+1}",
        "rate inside": r"V_{t+1} = \rho\, V_t + \eta\, g_t \\ w_{t+1} = w_t - V_{t+1}",
        "average": r"M_{t+1} = \rho\, M_t + (1 - \rho)\, g_t \\ w_{t+1} = w_t - \alpha\, M_{t+1}",
    },
    "Nesterov": {
        "velocity": r"v_{t+1} = \rho\, v_t + \nabla \ell(w_t - \eta \rho\, v_t) \\ w_{t+1} = w_t - \eta\, v_{t+1}",
        "extrapolated point": r"u_t = (1 + \rho)\, w_t - \rho\, w_{t-1} \\ w_{t+1} = u_t - \eta\, \nabla \ell(u_t)",
        "look-ahead (torch)": r"v_{t+1} = \rho\, v_t + g_t \\ w_{t+1} = w_t - \eta\, (\rho\, v_{t+1} + g_t)",
    },
}


class Forms(Experiment):
    family = Choice(tuple(FORMS), restarts=True, help="whose forms are compared")
    rate = Slider(1, 0.05, 3, symbol="ηL", label="Rate", restarts=True, help="the rate η in units of 1/L")
    rho = Slider(0.8, 0, 0.98, symbol="ρ", label="Momentum", restarts=True, help="how much of the velocity is kept")
    matched = Switch(
        True,
        restarts=True,
        when={"family": ("heavy ball",)},
        help="on: the average's rate is α = η/(1−ρ), the same path; off: α = η, a far shorter step",
    )
    begin = Point((-2.4, 0.9), x=(-3, 3), y=(-3, 3), symbol="w₀", label="Start", restarts=True, help="drag it")
    watch = Count(0, 0, 4, view=True, symbol="i", help="whose equation is written out, from 0; or click its ball")

    random = False
    metrics = {"apart": "Δ"}
    tiny = {"rate": 0.5}
    prompts = (
        ("Five forms, one path: how far apart are they?", {"family": "heavy ball", "matched": True}),
        ("The average without its α = η/(1−ρ): too short a step", {"family": "heavy ball", "matched": False}),
        ("torch's Nesterov stands where the text's looks", {"family": "Nesterov", "rate": 1}),
    )
    presets = {"Forms of the heavy ball": {"family": "heavy ball"}, "Forms of Nesterov": {"family": "Nesterov"}}

    # ------------------------------------------------------------ every form as it is written

    def start(self) -> Metrics:
        self.names = tuple(FORMS[self.family])
        self.w = np.tile(np.array(self.begin), (len(self.names), 1))
        self.kept = self.first_memory()
        return self.measured()

    def first_memory(self) -> np.ndarray:
        """At rest: a place before equals the place, a velocity is 0."""
        return np.array([self.begin if "place" in name or "point" in name else (0.0, 0.0) for name in self.names])

    def slope(self, w: np.ndarray) -> np.ndarray:
        return np.array(GROUND.gradient(*w), dtype=float)

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        w, kept = self.w.copy(), self.kept.copy()
        for i, name in enumerate(self.names):
            w[i], kept[i] = getattr(self, f"step_{self.family.split()[0].lower()}")(name, self.w[i], self.kept[i])
        self.w, self.kept = w, kept
        if np.abs(self.slope(w[0])).max() < 1e-9:
            self.finish("All have arrived.")
        return self.measured()

    def step_heavy(self, name: str, w: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rho, eta, g = self.rho, self.rate / L, self.slope(w)
        if name == "place and place before":
            return w - eta * g + rho * (w - kept), w
        if name == "extrapolated point":
            u = (1 + rho) * w - rho * kept
            return u - eta * g, w
        if name == "sum (torch)":
            v = rho * kept + g
            return w - eta * v, v
        if name == "rate inside":
            V = rho * kept + eta * g
            return w - V, V
        M = rho * kept + (1 - rho) * g
        return w - self.alpha() * M, M

    def alpha(self) -> float:
        return self.rate / L / (1 - self.rho) if self.matched else self.rate / L

    def step_nesterov(self, name: str, w: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rho, eta = self.rho, self.rate / L
        if name == "velocity":
            v = rho * kept + self.slope(w - eta * rho * kept)
            return w - eta * v, v
        if name == "extrapolated point":
            u = (1 + rho) * w - rho * kept
            return u - eta * self.slope(u), w
        g = self.slope(w)
        v = rho * kept + g
        return w - eta * (rho * v + g), v

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        """How far each is from the first form; at least 10⁻¹⁷, for nothing is below the rounding of a number."""
        row = {f"apart/{name}": self.distance(self.w[i], self.w[0]) for i, name in enumerate(self.names) if i}
        if self.family == "Nesterov":
            forecast = self.w[0] - self.rate / L * self.rho * self.kept[0]
            row["apart/look-ahead, from w − ηρv"] = self.distance(self.w[2], forecast)
        return row

    @staticmethod
    def distance(one: np.ndarray, other: np.ndarray) -> float:
        return max(float(np.hypot(*(one - other))), 1e-17)

    # ------------------------------------------------------------ pictures

    panels = Column(
        Row(
            Panel(
                "Path",
                Heat("landscape"),
                Trail("w"),
                Dots("places", colour="lanes", big=True, pick="watch"),
                Handle("begin", drag="begin", label="start"),
                x="w₁",
                y="w₂",
                range_x=GROUND.x,
                range_y=GROUND.y,
                equal=True,
            ),
            Panel(
                "How far apart",
                Curve("apart", log_y=True, colours="colours"),
                x="step t",
                y="Δ",
                help="From the first form. 10⁻¹⁶ is rounding: the paths are the same",
            ),
        ),
        Row(
            Panel("What each keeps", Matrix("table", rows="row_names", columns="column_names", colours="scores")),
            Panel("Equation", Equation("update"), Note("said"), detail="form_name"),
        ),
        sizes=(5, 4),
    )

    @drawn(on=("family",))
    def landscape(self) -> Field:
        x, y = np.meshgrid(np.linspace(*GROUND.x, 140), np.linspace(*GROUND.y, 140))
        return Field(GROUND.f(x, y), GROUND.x, GROUND.y)

    @drawn
    def places(self) -> np.ndarray:
        return np.clip(np.nan_to_num(self.w), GROUND.x[0], GROUND.x[1])

    @drawn
    def lanes(self) -> np.ndarray:
        return np.arange(len(self.names))

    @drawn
    def colours(self) -> dict[str, int]:
        return {name: i for i, name in enumerate((*self.names, "look-ahead, from w − ηρv"))}

    @drawn
    def table(self) -> np.ndarray:
        return np.hstack([self.w, self.kept])

    @drawn
    def row_names(self) -> tuple[str, ...]:
        return self.names

    @drawn
    def column_names(self) -> tuple[str, ...]:
        return ("w₁", "w₂", "kept₁", "kept₂")

    def lane(self) -> int:
        return min(self.watch, len(self.names) - 1)

    @drawn
    def form_name(self) -> str:
        return self.names[self.lane()]

    @drawn
    def update(self) -> Update:
        """The step to come of the form that is watched."""
        i, rho, eta = self.lane(), self.rho, self.rate / L
        name, w, kept = self.names[i], self.w[i], self.kept[i]
        after, memory = getattr(self, f"step_{self.family.split()[0].lower()}")(name, w, kept)
        u = (1 + rho) * w - rho * kept
        at = w - eta * rho * kept
        numbers: dict[str, Any] = {r"\rho": rho, r"\eta": eta, r"\alpha": self.alpha()}
        numbers |= {"w_t": w, "w_{t+1}": after, "w_{t-1}": kept, "u_t": u, "g_t": self.slope(w)}
        numbers |= {f"{letter}_t": kept for letter in "vVM"} | {f"{letter}_{{t+1}}": memory for letter in "vVM"}
        numbers |= {r"\nabla \ell(u_t)": self.slope(u), r"\nabla \ell(w_t - \eta \rho\, v_t)": self.slope(at)}
        return Update(FORMS[self.family][name], numbers)

    @drawn
    def said(self) -> str:
        apart = self.measured()
        if self.family == "Nesterov":
            ahead = apart["apart/look-ahead (torch)"]
            return (
                f"Look-ahead needs the gradient only where it stands. It is {ahead:.2g} from Nesterov's place, "
                "and always exactly at w − ηρv, where Nesterov looks."
            )
        worst = max(apart.values())
        if not self.matched and self.rho:
            return (
                f"The average weighs the new gradient by 1 − ρ = {1 - self.rho:.3g}: with α = η its steps are "
                f"{1 / (1 - self.rho):.3g} times shorter. Switch on “matched”: α = η/(1−ρ) gives the same path."
            )
        return f"The five forms are at most {worst:.1g} apart: they keep different things and go the same way."
