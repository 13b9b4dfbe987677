"""descent: a run of gradient descent on a convex loss, and every inequality that binds it, step by step."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Point, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.experiments.descent.convexity._parts import number
from lab.marks import (
    Bars,
    Column,
    Curve,
    Dots,
    Equation,
    Field,
    Handle,
    Heat,
    Images,
    Line,
    Note,
    Panel,
    Row,
    Tabs,
    Trail,
)
from lab.maths.landscapes import LOSSES, loss
from lab.maths.planes import terrain

PAIRS = 300
RECENT = 8  # steps whose progress has a bar
STILL = 1e-13
FAR = 1e6
BOUNDS = {
    "co-coercivity": "‖∇l(w) − ∇l(w′)‖² / L",
    "coercivity": "m ‖w − w′‖²",
    "both": "(mL ‖w − w′‖² + ‖∇l(w) − ∇l(w′)‖²) / (m + L)",
}


class Descent(Experiment):
    pace = 4
    loss = Choice(LOSSES, symbol="l", restarts=True, help="the catalogue: each is convex but the last")
    kappa = Slider(
        8, 1, 100, log=True, symbol="κ", restarts=True, when={"loss": ("quadratic",)}, help="L / m of the quadratic"
    )
    correlation = Slider(
        0.8,
        0,
        1,
        symbol="r",
        restarts=True,
        when={"loss": ("least squares",)},
        help="of two features: 1 is a trough",
    )
    p = Slider(
        4, 1, 6, symbol="p", restarts=True, when={"loss": ("power", "p-norm")}, help="|x|ᵖ + |y|ᵖ, and its p-th root"
    )
    begin = Point((-2.2, 1.3), x=(-5.5, 5.5), y=(-5.5, 5.5), symbol="w₀", label="Start", restarts=True, help="drag it")
    rate = Slider(
        1,
        0.05,
        2.2,
        symbol="ηL",
        label="Rate",
        limit="safe",
        help="η in units of 1/L, or η itself where L = ∞; up to 1 every promise is kept",
    )
    bound = Choice(list(BOUNDS), view=True, help="what the pairs' inner products are held against")

    random = True
    fixed = ("terms", "pairs")
    prompts = (
        ("η = 1/L: each bar of progress is at least as long as promised", {"loss": "quadratic", "rate": 1}),
        ("η above 1/L: which promise breaks first?", {"loss": "quadratic", "rate": 1.8}),
        ("Two features that become one: a trough", {"loss": "least squares", "correlation": 1}),
        ("Not convex, and yet linear: above the line of slope m", {"loss": "not convex, yet PL", "rate": 0.5}),
        ("A kink: no L, no safe rate", {"loss": "p-norm", "p": 2, "rate": 0.5}),
    )
    presets = {
        "Quadratic": {"loss": "quadratic"},
        "Log-sum-exp": {"loss": "log-sum-exp"},
        "Huber": {"loss": "Huber"},
        "Fourth power: m = 0": {"loss": "power", "p": 4},
        "Not convex, yet PL": {"loss": "not convex, yet PL", "rate": 0.5},
    }
    metrics = {
        "gap": "l − l*",
        "lower bound": "‖∇l‖² / 2L",
        "upper bound": "L ‖w − w*‖² / 2",
        "half": "‖∇l‖² / 2",
        "slope m": "m (l − l*)",
        "distance": "‖w − w*‖",
        "actual": "l(w) − l(w⁺)",
        "promised": "η ‖∇l‖² / 2",
    }
    tiny = {"rate": 1}

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"begin": (5.0, 3.0) if value == "not convex, yet PL" else (-2.2, 1.3)} if name == "loss" else {}

    def start(self) -> Metrics:
        self.terms = loss(self.loss, self.kappa, self.correlation, self.p)
        self.goal = self.terms.nearest(self.begin)
        self.m, self.L = self.terms.constants(self.begin)
        self.lowest = self.terms.value(self.goal)
        self.w = self.before = np.array(self.begin)
        self.progress: tuple[tuple[float, float, float], ...] = ()
        self.pairs = self.draw_pairs()
        return self.measured()

    def step(self) -> Metrics:
        """w⁺ = w − η ∇l(w), and what it gained against (η/2) ‖∇l(w)‖²."""
        g = self.terms.gradient(self.w)
        self.before, self.w = self.w, self.w - self.eta() * g
        actual = self.terms.value(self.before) - self.terms.value(self.w)
        promised = self.eta() / 2 * float(g @ g)
        self.progress = (*self.progress, (actual, promised, self.terms.value(self.before) - self.lowest))[-RECENT:]
        if self.terms.value(self.w) - self.lowest < STILL:
            self.finish("It has arrived: the gap is as small as rounding.")
        elif np.abs(self.w).max() > FAR:
            self.finish("It has left for good: η is above 2/L, and each step overshoots more than the last.")
        return self.measured() | {"actual": actual, "promised": promised}

    def eta(self) -> float:
        return self.rate / self.L if np.isfinite(self.L) else self.rate

    def measured(self) -> Metrics:
        """The gap and what holds it from below and above, where there are an L and an m."""
        g = self.terms.gradient(self.w)
        square, apart = float(g @ g), float(np.sum((self.w - self.goal) ** 2))
        gap = self.terms.value(self.w) - self.lowest
        row = {"gap": gap, "half": square / 2, "distance": apart**0.5}
        if np.isfinite(self.L):
            row |= {"lower bound": square / (2 * self.L), "upper bound": self.L / 2 * apart}
        return row | ({"slope m": self.m * gap} if self.m > 0 else {})

    def draw_pairs(self) -> np.ndarray:
        """Pairs of places (n, 2, 2), all no farther from w* than the start."""
        angle, share = self.rng.uniform(0, 2 * np.pi, (PAIRS, 2)), self.rng.uniform(0, 1, (PAIRS, 2))
        radius = float(np.hypot(*(np.array(self.begin) - self.goal))) * np.sqrt(share)
        return self.goal + radius[..., None] * np.stack([np.cos(angle), np.sin(angle)], -1)

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        ground = self.terms.surface
        smooth = (
            (Curve("upper bound", "gap", "lower bound", log_y=True),)
            if np.isfinite(self.L)
            else (Curve("gap", log_y=True),)
        )
        lines = ("half", "slope m") if self.m > 0 else ("half",)
        return Row(
            Column(
                Panel(
                    "Plane",
                    Heat("landscape"),
                    Line("ring", label="‖w − w*‖", tint="warn", dashed=True, width=1.5),
                    Trail("w"),
                    Dots("target", shape="star", tint="2", big=True),
                    Handle("begin", drag="begin", label="w₀"),
                    x="w₁",
                    y="w₂",
                    range_x=ground.x,
                    range_y=ground.y,
                    equal=True,
                    detail="constants",
                    help="The circle about w* through w: with η ≤ 1/L no step leaves it",
                ),
                Panel("Step", Equation("update"), Note("said")),
                sizes=(2.4, 1),
            ),
            Column(
                Panel(
                    "Progress",
                    Bars("bars", labels="bar_names"),
                    y="decrease ÷ gap",
                    detail="kept",
                    help="The last steps, as shares of the gap. First: gained. Second: η/2 ‖∇l‖², promised for η ≤ 1/L",
                ),
                Tabs(
                    Panel("Gap", *smooth, x="step t", y="l − l*", help="The gap lies between its bounds for η ≤ 1/L"),
                    Panel("Distance", Curve("distance", log_y=True), x="step t", y="‖w − w*‖"),
                    Panel("Progress over time", Curve("actual", "promised", log_y=True), x="step t", y="decrease of l"),
                ),
                Row(
                    Panel(
                        "PL inequality",
                        Curve(*lines, against="gap", log_x=True, log_y=True),
                        x="gap l − l*",
                        range_y=None if np.isfinite(self.L) else (-2, 2),  # a norm's slope is 1 all over
                        y="½ ‖∇l‖²",
                        help="Half the squared gradient stays above the line of slope m",
                    ),
                    Panel(
                        "Pairs",
                        Line("diagonal", tint="text", dashed=True),
                        Dots("scatter", colour="kept_pairs", size="sizes"),
                        Dots("own_pair", shape="star", tint="text", big=True),
                        x="bound",
                        y="⟨∇l(w) − ∇l(w′), w − w′⟩",
                        detail="share_kept",
                        help="Random pairs: on or above the line, the bound holds. Star: w and the step before",
                    ),
                ),
                sizes=(1, 1, 1.2),
            ),
            Panel(
                "Gallery",
                Images("gallery", captions="captions", chosen="which", columns=3, shared=False),
                shown=False,
                still=True,
                help="The catalogue of losses: choose one under Loss",
            ),
            sizes=(1.1, 1.3, 1),
        )

    @drawn(on=("terms",))
    def landscape(self) -> Field:
        return Field(*terrain(self.terms.surface, 100))

    @drawn
    def ring(self) -> Any:
        around = np.linspace(0, 2 * np.pi, 97)
        apart = self.before - self.goal
        line = self.goal + np.hypot(*apart) * np.column_stack([np.cos(around), np.sin(around)])
        low, high = self.terms.surface.x
        return line if (np.abs(self.before) <= 1.5 * max(-low, high)).all() else np.empty((0, 2))

    @drawn
    def target(self) -> np.ndarray:
        return self.goal[None]

    @drawn
    def safe(self) -> float:
        return 1.0

    @drawn
    def constants(self) -> str:
        return f"m = {number(self.m)}, L = {number(self.L)}"

    @drawn
    def bars(self) -> np.ndarray:
        """Each step's gain and what was promised of it, as shares of the gap before it."""
        actual, promised, gap = np.array(self.progress or ((0.0, 0.0, 1.0),)).T
        return np.array([actual, promised]) / np.maximum(gap, 1e-300)

    @drawn
    def bar_names(self) -> tuple[str, ...]:
        return tuple(str(self.t - len(self.progress) + i + 1) for i in range(max(len(self.progress), 1)))

    @drawn
    def kept(self) -> str:
        if not self.progress:
            return "gained | promised"
        actual, promised, _ = self.progress[-1]
        return f"gained {number(actual)} | promised {number(promised)}"

    # pairs: the inner product against its bound

    def against(self, pairs: np.ndarray) -> np.ndarray:
        """For each pair the bound and the inner product ⟨∇l(w) − ∇l(w′), w − w′⟩."""
        slopes = self.terms.gradient(pairs.reshape(-1, 2)).reshape(pairs.shape)
        dg, dw = slopes[:, 0] - slopes[:, 1], pairs[:, 0] - pairs[:, 1]
        g2, w2 = (dg**2).sum(axis=1), (dw**2).sum(axis=1)
        L, m = self.L, self.m
        if not np.isfinite(L):
            bound = np.zeros(len(pairs)) if self.bound != "coercivity" else m * w2
        elif self.bound == "co-coercivity":
            bound = g2 / L
        else:
            bound = m * w2 if self.bound == "coercivity" else (m * L * w2 + g2) / (m + L)
        return np.column_stack([bound, (dg * dw).sum(axis=1)])

    @drawn
    def scatter(self) -> np.ndarray:
        return self.against(self.pairs)

    @drawn
    def own_pair(self) -> np.ndarray:
        return self.against(np.array([[self.w, self.before]])) if self.t else np.empty((0, 2))

    def holds(self) -> np.ndarray:
        bound, product = self.scatter().T
        return product >= bound - 1e-9 * max(float(np.abs(product).max()), 1)

    @drawn
    def kept_pairs(self) -> np.ndarray:
        return np.where(self.holds(), 0, 1)

    @drawn
    def sizes(self) -> np.ndarray:
        return np.zeros(PAIRS)

    @drawn
    def diagonal(self) -> np.ndarray:
        bound, product = self.scatter().max(axis=0)
        top = max(float(bound if bound > 1e-3 * product else product), 1e-9)
        return np.array([[0, 0], [top, top]])

    @drawn
    def share_kept(self) -> str:
        return f"{int(self.holds().sum())} of {PAIRS} hold"

    # the gallery, and words

    @drawn(on=("kappa", "correlation", "p"))
    def gallery(self) -> np.ndarray:
        return pictures(self.kappa, self.correlation, self.p)

    @drawn
    def captions(self) -> tuple[str, ...]:
        return LOSSES

    @drawn
    def which(self) -> int:
        return LOSSES.index(self.loss)

    @drawn
    def update(self) -> Update:
        g = self.terms.gradient(self.before)
        return Update(
            r"l(w^+) \le l(w) - \frac{\eta}{2} \|\nabla l(w)\|^2",
            {
                "l(w^+)": self.terms.value(self.w),
                "l(w)": self.terms.value(self.before),
                r"\eta": self.eta(),
                r"\|\nabla l(w)\|": float(np.hypot(*g)),
            },
        )

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if not np.isfinite(self.L):
            return "There is a kink, so no L: near it the gradient stays as long, and a fixed η hops about the minimum."
        if not self.progress:
            return "Press play: each step is held against what the descent lemma promises."
        actual, promised, _ = self.progress[-1]
        if self.eta() * self.L > 1 + 1e-9:
            short = "less than" if actual < promised else "at least"
            return f"η is above 1/L: nothing is promised. This step gained {short} η/2 ‖∇l‖²."
        nearer = float(np.hypot(*(self.before - self.goal)) - np.hypot(*(self.w - self.goal)))
        ratio = f", {actual / promised:.3g} times the promise" if promised > 0 else ""
        return f"It gained {number(actual)}{ratio}, and came {number(nearer)} nearer to w*."


@lru_cache(maxsize=8)
def pictures(kappa: float, correlation: float, p: float) -> np.ndarray:
    """Heights of every loss of the catalogue, as their square root above the lowest, so that all bowls show."""
    fields = [terrain(loss(name, kappa, correlation, p).surface, 48)[0] for name in LOSSES]
    return np.array([np.sqrt(np.maximum(field - np.nanmin(field), 0)) for field in fields])
