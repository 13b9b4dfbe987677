"""Feature scales: two descents side by side, with inputs as they are and standardised, in a valley and in a bowl."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Point, Slider
from lab.experiment import Experiment, Field, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Dots, Equation, Handle, Heat, Line, Note, Panel, Row, Table, Tabs, Trail
from lab.maths.least_squares import Array
from lab.maths.linear_fits import bowl, curvatures, ellipse

N = 100
REACH = 3.2
SIDE = 81
RAW, STANDARD = "raw", "standardised"
LANES = (RAW, STANDARD)
BY_EDGE, FASTEST, SHARE = "1/λmax", "2/(λmax + λmin)", "a share of 1/λmax"
GOAL = 0.01  # of the way: then a lane has arrived


class Scales(Experiment):
    pace = 10

    scale = Slider(5, 0.2, 30, log=True, symbol="s", restarts=True, help="the spread of x₂; that of x₁ is 1")
    rho = Slider(0.3, -0.98, 0.98, symbol="ρ", label="Correlation", restarts=True, help="of the two inputs")
    eta = Choice([BY_EDGE, FASTEST, SHARE], symbol="η", label="Rate of each", help="each lane by its own curvatures λ")
    share = Slider(1, 0.05, 2.2, label="Share", symbol="η λmax", when={"eta": (SHARE,)}, help="past 2 a lane diverges")
    begin = Point((-2.6, 2.2), x=(-3, 3), y=(-3, 3), restarts=True, help="where both start, seen from the bottom")

    metrics = {"distance": "|θ − θ*|", "bound": "ρ(A)ᵗ |θ₀ − θ*|"}
    fixed = ("x", "z")
    random = False
    diverges = "The share is past 2: η is past 2/λmax."
    prompts = (
        ("Both on one scale: is the race fair?", {"scale": 1.0, "rho": 0.0}),
        ("One input 20 times as wide: who arrives?", {"scale": 20.0, "rho": 0.3}),
        ("ρ = 0.95: what standardising cannot mend", {"scale": 1.0, "rho": 0.95}),
        ("The fastest η: the standardised lane shrinks by exactly |ρ| a step", {"rho": 0.6, "eta": FASTEST}),
        ("A share of 1.95: it jumps from wall to wall", {"eta": SHARE, "share": 1.95}),
    )
    presets = {
        "A valley and a bowl": {"scale": 5.0, "rho": 0.3},
        "Round on both sides": {"scale": 1.0, "rho": 0.0},
        "Ten to one": {"scale": 10.0, "rho": 0.5},
        "Correlated": {"scale": 3.0, "rho": -0.9},
    }

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        """z has mean 0, spread 1 and correlation ρ to the last digit; x is z with its second column s times as wide."""
        drawn_once = np.random.default_rng(3).standard_normal((N, 3))
        drawn_once[:, 0] = 1
        q = np.linalg.qr(drawn_once)[0][:, 1:] * np.sqrt(N)
        self.z = np.column_stack([q[:, 0], self.rho * q[:, 0] + np.sqrt(1 - self.rho**2) * q[:, 1]])
        self.x = self.z * [1, self.scale]
        self.raw = np.array([self.begin])  # each lane: θ − θ*, the way from the bottom
        self.standard = self.raw
        self.arrived: dict[str, int] = {}
        self.bounds = {lane: self.distance(lane) for lane in LANES}
        return self.measured()

    def step(self) -> Metrics:
        """In both lanes θ ← θ − η (2/n) Xᵀ(Xθ − y), that is (θ − θ*) ← (I − η (2/n) XᵀX)(θ − θ*)."""
        with np.errstate(all="ignore"):
            self.raw = self.raw @ self.shrinking(RAW).T
            self.standard = self.standard @ self.shrinking(STANDARD).T
            for lane in LANES:
                self.bounds[lane] *= self.radius(lane)
        row = self.measured()
        for lane in LANES:
            if lane not in self.arrived and self.distance(lane) <= GOAL * np.hypot(*self.begin):
                self.arrived = {**self.arrived, lane: self.t + 1}
        if len(self.arrived) == 2:
            self.finish(f"Both are there: {self.counted(RAW)} steps raw, {self.counted(STANDARD)} standardised.")
        return row

    def inputs(self, lane: str) -> Array:
        return self.x if lane == RAW else self.z

    def hessian(self, lane: str) -> Array:
        X = self.inputs(lane)
        return np.asarray(2 / N * X.T @ X)

    def shrinking(self, lane: str) -> Array:
        return np.eye(2) - self.rate(lane) * self.hessian(lane)

    def rate(self, lane: str) -> float:
        high, low = curvatures(self.inputs(lane))[0]
        if self.eta == FASTEST:
            return float(2 / (high + low))
        return float((self.share if self.eta == SHARE else 1) / high)

    def distance(self, lane: str) -> float:
        return float(np.hypot(*(self.raw if lane == RAW else self.standard)[0]))

    def radius(self, lane: str) -> float:
        """ρ(A): what one step leaves of the slowest direction."""
        return float(np.abs(np.linalg.eigvalsh(self.shrinking(lane))).max())

    def measured(self) -> Metrics:
        far = {f"distance/{lane}": self.distance(lane) for lane in LANES}
        return far | {f"bound/{lane}": self.bounds[lane] for lane in LANES}

    def counted(self, lane: str) -> int:
        return self.arrived.get(lane, self.t)

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        plane = {"range_x": (-REACH, REACH), "range_y": (-REACH, REACH), "equal": True}
        maps = [
            Panel(
                title,
                Heat(f"heat_{name}", log=True),
                Line(f"axes_{name}", tint="text", width=1.5, dashed=True),
                Line(f"ring_{name}", tint="text", width=1.5),
                Trail(name),
                Handle("begin", drag="begin"),
                x="θ₁ − θ₁*",
                y="θ₂ − θ₂*",
                **plane,
                detail=f"steps_{name}",
                help="Seen from the bottom. Dashed: axes of the contour through the start, of lengths √(k/λᵢ) with "
                "k = J − J*. R: the short one over the long",
            )
            for title, name in (("Raw inputs", "raw"), ("Standardised inputs", "standard"))
        ]
        return Column(
            Row(*maps),
            Row(
                Panel(
                    "Way still to go",
                    Curve("distance", log_y=True),
                    Curve("bound", faint=True, log_y=True),
                    x="step t",
                    y="|θ − θ*|",
                ),
                Tabs(
                    Panel(
                        "Steps", Bars("needed", labels="lanes"), x="lane", y="steps to a hundredth", detail="law_said"
                    ),
                    Panel(
                        "Inputs",
                        Dots("x", tint="warn", shape="disc"),
                        Dots("z", tint="accent", shape="disc"),
                        x="first input",
                        y="second",
                        equal=True,
                        still=True,
                        detail="cloud_said",
                    ),
                    Panel("4000 and 7", Table("example", header="example_header"), still=True),
                ),
                Panel("Step", Equation("update"), Note("said")),
                sizes=(4, 4, 4),
            ),
            sizes=(6, 5),
        )

    def heat(self, lane: str) -> Field:
        ticks = np.linspace(-REACH * 2, REACH * 2, SIDE * 2 - 1)  # further: the panel may be wider than high
        return Field(bowl(self.hessian(lane), (0, 0), ticks, ticks), (ticks[0], ticks[-1]), (ticks[0], ticks[-1]))

    @drawn(on=("x",))
    def heat_raw(self) -> Field:
        return self.heat(RAW)

    @drawn(on=("z",))
    def heat_standard(self) -> Field:
        return self.heat(STANDARD)

    @drawn
    def ring_raw(self) -> Array:
        return ellipse(self.hessian(RAW), (0, 0), self.height(RAW))

    @drawn
    def ring_standard(self) -> Array:
        return ellipse(self.hessian(STANDARD), (0, 0), self.height(STANDARD))

    def height(self, lane: str) -> float:
        """k = J − J* = ½ dᵀ H d at the start, d being θ₀ − θ*."""
        d = np.array(self.begin)
        return float(d @ self.hessian(lane) @ d / 2)

    def axes(self, lane: str) -> tuple[Array, ...]:
        values, directions = np.linalg.eigh(self.hessian(lane))
        reach = directions * np.sqrt(2 * self.height(lane) / values)
        return tuple(np.array([-reach[:, i], reach[:, i]]) for i in (0, 1))

    @drawn
    def axes_raw(self) -> tuple[Array, ...]:
        return self.axes(RAW)

    @drawn
    def axes_standard(self) -> tuple[Array, ...]:
        return self.axes(STANDARD)

    def elongation(self, lane: str) -> float:
        """Short half-axis over long: √(λmin/λmax)."""
        high, low = curvatures(self.inputs(lane))[0]
        return float(np.sqrt(low / high))

    def steps_said(self, lane: str) -> str:
        mark = "there at step" if lane in self.arrived else "under way, step"
        return f"{mark} {self.counted(lane)} · R = {self.elongation(lane):.3g}"

    @drawn
    def steps_raw(self) -> str:
        return self.steps_said(RAW)

    @drawn
    def steps_standard(self) -> str:
        return self.steps_said(STANDARD)

    @drawn
    def needed(self) -> Array:
        return np.array([float(self.counted(lane)) for lane in LANES])

    @drawn
    def lanes(self) -> tuple[str, ...]:
        return LANES

    @drawn
    def law_said(self) -> str:
        return "so far" if len(self.arrived) < 2 else f"{self.counted(RAW) / self.counted(STANDARD):.3g} times as many"

    @drawn
    def cloud_said(self) -> str:
        return "blue: standardised"

    @drawn
    def example_header(self) -> tuple[str, ...]:
        return ("input", "change", "h = 4000 θ₁ + 7 θ₂ moves by")

    @drawn
    def example(self) -> tuple[tuple[str, ...], ...]:
        return (("x₁ = 4000", "10 %", "400 θ₁"), ("x₂ = 7", "100 %", "7 θ₂"))

    @drawn
    def update(self) -> Update:
        high, low = curvatures(self.inputs(RAW))[0]
        up, down = curvatures(self.inputs(STANDARD))[0]
        return Update(
            r"\theta' - \theta^* = \left(I - \eta \tfrac{2}{n} X^\top X\right)(\theta - \theta^*) \\ "
            r"\frac{\lambda_{max}}{\lambda_{min}} = \kappa \\ R_Z = \sqrt{\frac{1 - |\rho|}{1 + |\rho|}}",
            {
                r"\eta": (self.rate(RAW), self.rate(STANDARD)),
                r"\kappa": (high / low, up / down),
                r"\lambda_{max}": (high, up),
                r"\lambda_{min}": (low, down),
                r"|\rho|": abs(self.rho),
                "R_Z": self.elongation(STANDARD),
            },
        )

    @drawn
    def said(self) -> str:
        factor = [self.radius(lane) for lane in LANES]
        if max(factor) > 1:
            return "η is past 2/λmax: both lanes are thrown out along their steepest axis."
        if STANDARD in self.arrived and RAW not in self.arrived:
            left = self.distance(RAW) / np.hypot(*self.begin)
            return f"Standardised arrived at step {self.counted(STANDARD)}; raw has {left:.0%} of its way to go."
        if len(self.arrived) == 2:
            return f"Raw took {self.counted(RAW)} steps, standardised {self.counted(STANDARD)}."
        return (
            f"The slowest direction keeps {factor[0]:.4g} of its error a step raw, {factor[1]:.3g} standardised. "
            "η must suit the steepest direction; the others pay for it."
        )
