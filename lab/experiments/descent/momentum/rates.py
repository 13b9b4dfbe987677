"""Rates: sub-linear, linear and super-linear descent, each under the bound that was proved for it."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Equation, Line, Note, Panel, Row
from lab.maths.acceleration import contraction, gd_bound, growing_momentum
from lab.maths.stability import text_momentum

SHARES = (1.0, 0.3, 0.1)  # of the rate: so many runs of GD beside each other
NAMES = ("GD", "0.3 η", "0.1 η", "Nesterov", "Newton")
START = np.array([1.0, 1.0])
END, LEAST = 2000, 1e-15


LOSSES = {  # each least at 0, with curvatures of at most L = 1 within reach of the start
    "strongly convex": "½(w₁²/κ + w₂²)",
    "fourth power": "(w₁⁴ + w₂⁴)/12",
    "log cosh": "log cosh w₁ + 0.3 log cosh w₂",
}


class Rates(Experiment):
    loss = Choice(tuple(LOSSES), symbol="ℓ", restarts=True, help="what they descend on; its smoothness is L = 1")
    kappa = Slider(
        20,
        1,
        1000,
        log=True,
        symbol="κ",
        restarts=True,
        when={"loss": ("strongly convex",)},
        help="condition number L/m, with L = 1",
    )
    rate = Slider(1, 0.05, 2, symbol="ηL", label="Rate", limit="marks", restarts=True, help="GD's η in units of 1/L")

    random = False
    metrics = {"gap": "ℓ − ℓ*", "distance": "‖w − w*‖", "ratio": "q"}
    tiny = {"kappa": 3}
    prompts = (
        ("A larger κ: the straight line gets flatter", {"loss": "strongly convex", "kappa": 200}),
        ("η = 2/(m+L): the law and the run become one line", {"loss": "strongly convex", "kappa": 9, "rate": 1.8}),
        ("Merely convex: the line bends, and the ratio climbs to 1", {"loss": "fourth power"}),
        ("Newton: the ratio falls to 0 where curvature changes", {"loss": "log cosh"}),
    )
    presets = {
        "Linear: strongly convex, κ = 20": {"loss": "strongly convex", "kappa": 20},
        "Sub-linear: fourth power": {"loss": "fourth power"},
        "Super-linear: Newton on log cosh": {"loss": "log cosh"},
    }
    diverges = "The rate is past 2/L: each step of GD overshoots more than the last."

    # ------------------------------------------------------------ the losses, coordinate by coordinate

    def f(self, w: np.ndarray) -> float:
        a, b = w
        if self.loss == "strongly convex":
            return float((a * a / self.kappa + b * b) / 2)
        if self.loss == "fourth power":
            return float((a**4 + b**4) / 12)
        return log_cosh(a) + 0.3 * log_cosh(b)

    def slope(self, w: np.ndarray) -> np.ndarray:
        if self.loss == "strongly convex":
            return w * (1 / self.kappa, 1)
        return w**3 / 3 if self.loss == "fourth power" else np.tanh(w) * (1, 0.3)

    def curvature(self, w: np.ndarray) -> np.ndarray:
        """The Hessian's diagonal; there is nothing off it."""
        if self.loss == "strongly convex":
            return np.array([1 / self.kappa, 1.0])
        return w**2 if self.loss == "fourth power" else (1 - np.tanh(w) ** 2) * (1, 0.3)

    def strong(self) -> bool:
        """Whether m > 0 is known, so that c and κ are."""
        return self.loss == "strongly convex"

    # ------------------------------------------------------------ the methods

    def start(self) -> Metrics:
        self.w = np.tile(START, (len(NAMES), 1))
        self.before = self.w
        self.D = float(np.hypot(*START))
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        w, eta = self.w.copy(), self.rate
        for i, share in enumerate(SHARES):
            w[i] = w[i] - share * eta * self.slope(w[i])
        rho = text_momentum(self.kappa) if self.strong() else growing_momentum(self.t + 1)
        u = w[3] + rho * (w[3] - self.before[3])
        w[3] = u - min(eta, 1.0) * self.slope(u)  # past 1/L Nesterov is not safe
        change = self.slope(w[4]) / self.curvature(w[4])
        w[4] = w[4] - np.where(np.isfinite(change), change, 0.0)
        old = [self.f(each) for each in self.w]
        self.before, self.w = self.w, w
        row = self.measured()
        for name, each, last in zip(NAMES, w, old):
            if last > 1e-25:
                row[f"ratio/{name}"] = self.f(each) / last
        if self.t + 1 >= END or self.distances()[0] < LEAST:
            self.finish("Far enough: the laws have shown.")
        return row

    def distances(self) -> np.ndarray:
        return np.hypot(*self.w.T)

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        row = {f"gap/{name}": self.f(w) for name, w in zip(NAMES, self.w) if self.f(w) > 1e-25}
        far = zip(NAMES, self.distances())
        row |= {f"distance/{name}": float(d) for name, d in far if d > LEAST}
        return row

    def c(self) -> float:
        """What GD's squared distance shrinks by in each step, at least."""
        return contraction(self.rate, 1 / self.kappa, 1.0)

    # ------------------------------------------------------------ pictures

    panels = Column(
        Row(
            Panel(
                "Gap",
                Line("bounds", dashed=True, width=1.5),
                Curve("gap", log_x=True, log_y=True),
                x="step t",
                y="ℓ − ℓ*",
                range_y=(-8, 1),
                detail="bound_name",
                help="Both axes in powers of ten: a sub-linear O(1/t) is a line of slope −1",
            ),
            Panel(
                "Distance",
                Line("law", label="law", tint="0", dashed=True, width=1.5),
                Curve("distance", log_y=True),
                x="step t",
                y="‖w − w*‖",
                range_y=(-8, 0.6),
                detail="slope_name",
                help="The law is √c to the power t, times D. A linear rate is a straight line; merely convex it bends",
            ),
        ),
        Row(
            Panel(
                "Ratio of gaps",
                Curve("ratio"),
                x="step t",
                y="q",
                range_y=(-0.03, 1.08),
                help="To 1: sub-linear. To a constant below 1: linear. To 0: super-linear",
            ),
            Panel("Bound", Equation("update"), Note("said")),
        ),
        sizes=(5, 4),
    )

    @drawn
    def marks(self) -> tuple[float, ...]:
        """η L at 2/(m + L) and at 2/L."""
        return (2 / (1 / self.kappa + 1), 2.0) if self.strong() else (2.0,)

    @drawn
    def bounds(self) -> tuple[np.ndarray, ...]:
        """D²/(2ηt) for each of GD's rates; it is proved for η ≤ 1/L."""
        t = np.logspace(0, np.log10(max(self.t, 100)), 40)
        return tuple(
            np.column_stack([t, gd_bound(t, share * self.rate, self.D)]) for share in SHARES if share * self.rate <= 1
        )

    @drawn
    def bound_name(self) -> str:
        return "dashed: D²/(2ηt)"

    @drawn
    def law(self) -> np.ndarray:
        if not self.strong() or self.rate > 2 / (1 / self.kappa + 1) + 1e-12:
            return np.empty((0, 2))
        t = np.linspace(0, max(self.t, 30), 30)
        with np.errstate(all="ignore"):
            height = self.D * max(self.c(), 1e-12) ** (t / 2)
        return np.column_stack([t, height])[height > 1e-14]

    @drawn
    def slope_name(self) -> str:
        return LOSSES[self.loss]

    @drawn
    def update(self) -> Update:
        if self.strong():
            m = 1 / self.kappa
            latex = r"c = 1 - \frac{2\, \eta\, m L}{m + L} \\ \|w_t - w^*\| \le c^{t/2}\, D"
            far = float(self.distances()[0])
            numbers = {"c": self.c(), r"\eta": self.rate, "m": m, "L": 1, "t": self.t, "D": self.D}
            return Update(latex, numbers | {r"\|w_t - w^*\|": far})
        t = max(self.t, 1)
        latex = r"\ell(w_t) - \ell^* \le \frac{D^2}{2\, \eta\, t}"
        return Update(latex, {r"\ell(w_t) - \ell^*": self.f(self.w[0]), "D": self.D, r"\eta": self.rate, "t": t})

    @drawn
    def said(self) -> str:
        if not self.t:
            return "All are about to leave from (1, 1). Three of them are GD, each with a rate of its own."
        with np.errstate(all="ignore"):
            gd, newton = (self.f(self.w[i]) / max(self.f(self.before[i]), 1e-300) for i in (0, 4))
        kept = f"GD keeps {gd:.4g} of its gap in a step"
        if self.strong():
            exact = max((1 - self.rate) ** 2, (1 - self.rate / self.kappa) ** 2)
            kept += (
                f" (in the end {exact:.4g}, and c = {self.c():.4g} is the bound): a constant, so the rate is linear."
            )
        elif self.loss == "fourth power":
            kept += ", and the longer it runs the nearer that is to 1: sub-linear."
        else:
            kept += ": far from the minimum the curvature is smaller, near it the rate is linear."
        return f"{kept} Newton " + ("has arrived." if self.f(self.w[4]) <= 1e-25 else f"keeps {newton:.2g}.")


def log_cosh(x: float) -> float:
    return float(np.logaddexp(x, -x) - np.log(2)) if abs(x) > 0.01 else float(x * x / 2 - x**4 / 12)
