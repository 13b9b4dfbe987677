"""The pictures of a descent: the curve and its step, the slope found twice, stopping rules, steps against the rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.experiment import drawn
from lab.marks import Update
from lab.maths.curves import KNOWN, ZONES, bottom, law_of_steps, lowest, to_tolerance
from lab.maths.differences import central
from lab.maths.formula import Expression

RULES = ("|Δf|", "|f′|", "|Δθ|", "|Δf|/|f|")
PLACES = 400
RATES = np.geomspace(1e-3, 5, 160)
MOST = 1000
WIDE = (-6.0, 6.0)


class Pictures:
    """What is drawn of a ball on a curve."""

    f: Expression
    slope: Expression
    bend: Expression
    theta: float
    origin: float
    recent: tuple[float, ...]
    lows: dict[str, tuple[tuple[int, float], ...]]
    function: Any
    formula: Any
    rate: Any
    tolerance: Any
    limit: Any
    width: Any
    t: int

    def eta(self) -> float:
        raise NotImplementedError

    def move(self) -> float:
        raise NotImplementedError

    def home(self) -> tuple[float, float]:
        return KNOWN[self.function].x if self.function in KNOWN else WIDE

    def window(self) -> tuple[float, float]:
        """The curve's own, or wider for a ball that leaves it; on exp(−x) it goes along."""
        low, high = self.home()
        if self.function == "exp(−x)" and self.theta > 2.5:
            return self.theta - 4, self.theta + 1.5
        places = np.clip(np.nan_to_num([*self.recent, self.theta + self.move()]), -1e9, 1e9)
        left, right = float(places.min()), float(places.max())
        room = 0.05 * (max(high, right) - min(low, left))
        return min(low, left - room if left < low else low), max(high, right + room if right > high else high)

    def height(self, x: Any) -> Any:
        return np.nan_to_num(self.f(x), nan=0.0, posinf=1e30, neginf=-1e30)

    @drawn
    def graph(self) -> np.ndarray:
        x = np.linspace(*self.window(), PLACES)
        y = np.asarray(self.f(x))
        known = np.isfinite(y)
        return np.column_stack([x, y])[known]

    def floor(self) -> float:
        """Where the axis of dots lies: a little below the curve."""
        y = self.graph()[:, 1]
        return float(y.min() - 0.08 * (np.ptp(y) or 1))

    @drawn
    def place(self) -> np.ndarray:
        return np.array([self.theta, self.height(self.theta)])

    @drawn
    def tangent(self) -> np.ndarray:
        y = self.graph()[:, 1]
        left, right = self.window()
        g = float(np.nan_to_num(self.slope(self.theta)))
        tall = 0.45 * (np.ptp(y) or 1) / (abs(g) or 1e-12)
        half = min(0.22 * (right - left), tall)
        ends = np.array([self.theta - half, self.theta + half])
        return np.column_stack([ends, self.height(self.theta) + g * (ends - self.theta)])

    @drawn
    def here(self) -> np.ndarray:
        return self.place()[None]

    @drawn
    def arrow(self) -> np.ndarray:
        return np.array([[self.move(), 0.0]])

    @drawn
    def landing(self) -> np.ndarray:
        goal = self.theta + self.move()
        return np.array([[goal, self.height(goal)]])

    @drawn
    def landing_name(self) -> tuple[str, ...]:
        near = -0.3 < self.move() / np.ptp(self.window()) < 0.05  # to the left of the ring, words need more room
        return ("" if near else f"next: {self.theta + self.move():.4g}",)

    @drawn
    def drop(self) -> np.ndarray:
        """From the arrow's head to the curve."""
        goal = self.theta + self.move()
        return np.array([[goal, self.height(self.theta)], [goal, self.height(goal)]])

    @drawn
    def on_axis(self) -> np.ndarray:
        return np.column_stack([self.recent, np.full(len(self.recent), self.floor())])

    @drawn
    def verticals(self) -> tuple[np.ndarray, ...]:
        low = self.floor()
        return tuple(np.array([[x, low], [x, self.height(x)]]) for x in self.recent)

    # ------------------------------------------------------------ the safe steps

    def share(self) -> float:
        """η f″ here; 0 where f does not bend up."""
        bend = self.curvature()
        return self.eta() * bend if bend > 0 else 0.0

    def curvature(self) -> float:
        return float(np.nan_to_num(self.bend(self.theta)))

    @drawn
    def safe(self) -> np.ndarray:
        """1/f″ and 2/f″ where the ball is."""
        bend = self.curvature()
        return np.array([1 / bend, 2 / bend]) if bend > 1e-9 else np.empty(0)

    # ------------------------------------------------------------ minimum and argmin

    @drawn(on=("f", "function"))
    def least(self) -> np.ndarray:
        return np.array(lowest(self.f, self.home()))

    @drawn(on=("f", "function"))
    def most(self) -> np.ndarray:
        place, height = lowest(lambda x: -self.f(x), self.home())
        return np.array([place, -height])

    @drawn(on=("f", "function"))
    def own_graph(self) -> np.ndarray:
        x = np.linspace(*self.home(), PLACES)
        y = np.asarray(self.f(x))
        return np.column_stack([x, y])[np.isfinite(y)]

    @drawn
    def least_place(self) -> np.ndarray:
        return self.least()[:1]

    @drawn
    def least_height(self) -> np.ndarray:
        return self.least()[1:]

    @drawn
    def extremes(self) -> np.ndarray:
        return np.array([self.least(), self.most()])

    @drawn
    def extremes_names(self) -> tuple[str, str]:
        return "min", "max"

    @drawn
    def ball_inside(self) -> np.ndarray:
        at = float(np.clip(self.theta, *self.home()))
        return np.array([[at, self.height(at)]])

    @drawn
    def least_says(self) -> str:
        place, height = self.least()
        return f"min {height:.3g} at {place:.3g}"

    # ------------------------------------------------------------ the slope, found twice

    @drawn
    def slopes(self) -> np.ndarray:
        x = self.own_graph()[:, 0]
        y = np.asarray(self.slope(x))
        return np.column_stack([x, y])[np.isfinite(y)]

    def numerical(self, x: Any) -> Any:
        return central(self.f, x, self.width)

    @drawn
    def slopes_measured(self) -> np.ndarray:
        x = self.own_graph()[::16, 0]
        y = np.asarray(self.numerical(x))
        return np.column_stack([x, y])[np.isfinite(y)]

    @drawn
    def slope_here(self) -> np.ndarray:
        at = float(np.clip(self.theta, *self.home()))
        return np.array([[at, float(np.nan_to_num(self.slope(at)))]])

    @drawn
    def slopes_differ(self) -> str:
        """How far apart the two derivatives are at the ball."""
        gap = abs(self.numerical(self.theta) - self.slope(self.theta))
        return f"apart: {gap:.0e}"

    @drawn
    def slopes_equation(self) -> Update:
        return Update(
            rf"f'(x) = {self.slope.latex()} \\ a = f'(\theta) \qquad b = \frac{{f(\theta + h) - f(\theta - h)}}{{2 h}}",
            {
                "a": float(self.slope(self.theta)),
                "b": float(self.numerical(self.theta)),
                "h": self.width,
                r"\theta": self.theta,
            },
        )

    # ------------------------------------------------------------ stopping rules

    def fired(self, rule: str) -> tuple[int, float] | None:
        """The first step after which a rule's quantity was below ε, and the quantity."""
        return next(((t, value) for t, value in self.lows[rule] if value < self.tolerance), None)

    @drawn
    def epsilon(self) -> np.ndarray:
        return np.array([self.tolerance])

    @drawn
    def last_step(self) -> np.ndarray:
        return np.array([float(self.limit)])

    def flags(self) -> list[tuple[int, int, float]]:
        found = [(i, self.fired(rule)) for i, rule in enumerate(RULES)]
        return [(i, fired[0], max(fired[1], 1e-18)) for i, fired in found if fired]

    @drawn
    def stops(self) -> np.ndarray:
        return np.array([(t, value) for _, t, value in self.flags()], dtype=float).reshape(-1, 2)

    @drawn
    def stops_whose(self) -> np.ndarray:
        return np.array([i for i, _, _ in self.flags()], dtype=int)

    @drawn
    def stops_names(self) -> tuple[str, ...]:
        return tuple(f"t = {t}" for _, t, _ in self.flags())

    @drawn
    def colours(self) -> dict[str, int]:
        return {rule: i for i, rule in enumerate(RULES)}

    @drawn
    def lamps(self) -> tuple[tuple[str, ...], ...]:
        rows = []
        for rule in RULES:
            fired = self.fired(rule)
            now = f"{self.lows[rule][-1][1]:.2e}" if self.lows[rule] else "–"
            rows.append((f"{rule} < ε", "●" if fired else "○", f"t = {fired[0]}" if fired else "not yet", now))
        done = self.t >= self.limit
        return (*rows, ("t = T", "●" if done else "○", f"t = {self.limit}", f"t = {self.t}"))

    @drawn
    def lamps_header(self) -> tuple[str, ...]:
        return "rule", "lamp", "stops at", "lowest so far"

    # ------------------------------------------------------------ steps to ε against η

    @drawn(on=("slope", "origin", "tolerance"))
    def swept(self) -> tuple[np.ndarray, np.ndarray]:
        return to_tolerance(self.slope, self.origin, RATES, self.tolerance, MOST)

    @drawn
    def steps_measured(self) -> np.ndarray:
        steps, zone = self.swept()
        return np.column_stack([RATES, np.maximum(steps, 1)])[(zone < 3) & (steps < MOST)]

    def shaded(self, name: str) -> tuple[np.ndarray, ...]:
        """Boxes over the rates of one zone."""
        _, zone = self.swept()
        member = np.flatnonzero(zone == ZONES.index(name))
        edges = np.sqrt(RATES[:-1] * RATES[1:])
        edges = np.concatenate([RATES[:1], edges, RATES[-1:]])
        runs = np.split(member, np.flatnonzero(np.diff(member) > 1) + 1)
        return tuple(np.array([[edges[r[0]], MOST], [edges[r[-1] + 1], MOST]]) for r in runs if len(r))

    @drawn
    def zone_slow(self) -> Any:
        return self.shaded("slow")

    @drawn
    def zone_oscillates(self) -> Any:
        return self.shaded("oscillates") + self.shaded("never settles")

    @drawn
    def zone_diverges(self) -> Any:
        return self.shaded("diverges")

    @drawn(on=("slope", "origin", "tolerance"))
    def goal(self) -> np.ndarray:
        """The bottom downhill of the start and the curvature there, if there is one."""
        place = bottom(self.slope, self.origin)
        bend = float(self.bend(place)) if np.isfinite(place) else 0.0
        return np.array([place, bend]) if 1e-9 < bend < np.inf else np.empty(0)

    @drawn
    def one_hop(self) -> np.ndarray:
        return 1 / self.goal()[1:]

    @drawn
    def edge(self) -> np.ndarray:
        return 2 / self.goal()[1:]

    @drawn
    def edges(self) -> str:
        return f"1/f″ = {self.one_hop()[0]:.3g}" if len(self.goal()) else "no bottom"

    @drawn
    def steps_law(self) -> np.ndarray:
        if not len(self.goal()):
            return np.empty((0, 2))
        steps = law_of_steps(self.goal()[1], self.slope(self.origin), RATES, self.tolerance)
        return np.column_stack([RATES, steps])[steps <= MOST]

    @drawn
    def run_now(self) -> np.ndarray:
        fired = self.fired("|f′|")
        return np.array([[self.rate, max(fired[0] if fired else self.t, 1)]])

    @drawn
    def run_name(self) -> tuple[str, ...]:
        return ("this run",)
