"""envelopes: averages of higher and higher powers of a spiky gradient close in on Adamax's maximum."""

from __future__ import annotations

import numpy as np

from lab.controls import Slider
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Bars, Column, Curve, Equation, Guide, Line, Note, Panel, Row

POWERS = (1, 2, 4, 8)
SEEN = 150  # gradients that are remembered for the closed form
SINGLE = 3.4e38  # the largest number in single precision


class Envelope(Experiment):
    gamma = Slider(0.95, 0.5, 0.999, symbol="γ", help="how slowly a size is forgotten")
    p = Slider(16, 1, 64, log=True, symbol="p", help="a power of your own beside 1, 2, 4 and 8")
    spread = Slider(0.5, 0.01, 3, symbol="σ", help="standard deviation of the usual gradient")
    often = Slider(0.05, 0, 0.3, symbol="q", label="Spikes", help="how often a spike comes by itself")
    height = Slider(5, 1, 50, log=True, symbol="h", help="size of a spike")

    metrics = {"size": "size", "ratio": "|g| over", "closed": "r:"}
    prompts = (
        ("Inject a spike, and watch who catches it", {"often": 0.0}),
        ("γ = 0.8: how soon is the spike forgotten?", {"gamma": 0.8}),
        ("Slide p up: whose curve is it soon?", {"p": 64.0}),
        ("Spikes of 50 with p = 64: a number of 108 digits", {"p": 64.0, "height": 50.0}),
    )
    presets = {"Rare spikes": {"often": 0.05, "gamma": 0.95}, "No spike but yours": {"often": 0.0, "gamma": 0.95}}

    def start(self) -> Metrics:
        self.sums = np.zeros(len(POWERS) + 1)  # s for each p, from 0
        self.kept = np.ones(len(POWERS) + 1)  # what weight their start at 0 still has
        self.r, self.g = 0.0, 0.0
        self.coming = 0.0  # a spike asked for
        self.recent = np.zeros(0)
        return {}

    def step(self) -> Metrics:
        """s = γᵖ s + (1 − γᵖ)|g|ᵖ for each p, and r = max(γ r, |g|)."""
        self.g = self.spread * float(self.rng.standard_normal())
        if self.rng.random() < self.often or self.coming:
            self.g, self.coming = (self.coming or self.height) * (1 if self.g > 0 else -1), 0.0
        size, powers = abs(self.g), self.powers()
        decay = self.gamma**powers
        self.sums = decay * self.sums + (1 - decay) * size**powers
        self.kept = decay * self.kept
        self.r = max(self.gamma * self.r, size)
        self.recent = np.append(self.recent, size)[-SEEN:]
        row = {"size/|g|": size, "size/r": self.r, "ratio/r": size / self.r}
        row |= {"closed/recursion": self.r, "closed/largest γ^age |g|": float(self.aged().max())}
        roots = self.roots()
        row |= {f"size/p = {p}": float(root) for p, root in zip((*POWERS, "own"), roots)}
        return row | {"ratio/√s": size / float(roots[1])}

    def powers(self) -> np.ndarray:
        return np.array([*POWERS, self.p])

    def roots(self) -> np.ndarray:
        """The p-th roots of the debiased sums: a size for each p."""
        return (self.sums / (1 - self.kept)) ** (1 / self.powers()) if len(self.recent) else self.sums

    def aged(self) -> np.ndarray:
        """γ^age |g| of all that are remembered; r is the largest of them."""
        return self.recent * self.gamma ** np.arange(len(self.recent) - 1, -1, -1)

    def changed(self, name: str) -> None:
        """Another γ or p: sums and envelope are what they would be had it always been so."""
        if name in ("gamma", "p") and len(self.recent):
            decay = self.gamma ** self.powers()
            ages = np.arange(len(self.recent) - 1, -1, -1)[:, None]
            self.sums = ((1 - decay) * decay**ages * self.recent[:, None] ** self.powers()).sum(axis=0)
            self.kept, self.r = decay ** len(self.recent), float(self.aged().max())

    @action
    def spike(self) -> None:
        """The next gradient is a spike of the size h."""
        self.coming = self.height

    # ------------------------------------------------------------ pictures

    panels = Column(
        Row(
            Panel(
                "The last gradients",
                Line("spikes", tint="quiet", width=1.5),
                Line("traces", width=1.5),
                Line("maximum", label="r: Adamax", tint="text", width=3),
                Line("single", label="γ^age |g| of one spike", tint="warn", dashed=True, width=2.5),
                x="age, in steps",
                y="|g| and its averages",
                range_x=(-SEEN, 2.0),
                help="Thin lines, from below after a spike: the p-th roots for p = 1, 2, 4, 8 and your own",
            ),
            Column(
                Panel(
                    "Ratio",
                    Curve("ratio"),
                    Guide(y="one", label="1"),
                    x="step t",
                    y="|g| / divisor",
                    help="|g|/r is never above 1; over Adam's root it is, whenever a spike comes",
                ),
                Panel("Divisors now", Bars("bars", labels="names"), y="size"),
            ),
            sizes=(3, 2),
        ),
        Row(
            Panel("Update", Equation("update"), Note("said")),
            Panel(
                "Closed form",
                Curve("closed"),
                x="step t",
                y="largest γ^age |g|",
                help="Worked out anew from all gradients remembered: the same as r, step by step",
            ),
            Panel("Traces", Curve("size"), x="step t", y="size", shown=False, help="All of the run"),
        ),
        sizes=(3, 2),
    )

    @drawn
    def ages(self) -> np.ndarray:
        return np.arange(1 - len(self.recent), 1)

    @drawn
    def spikes(self) -> tuple[np.ndarray, ...]:
        return tuple(np.array([(age, 0), (age, size)]) for age, size in zip(self.ages(), self.recent))

    def traced(self, p: float) -> np.ndarray:
        """The root for one p over what is remembered."""
        decay, s, path = self.gamma**p, 0.0, []
        for n, size in enumerate(self.recent, 1):
            s = decay * s + (1 - decay) * size**p
            path.append((s / (1 - decay**n)) ** (1 / p))
        return np.column_stack([self.ages(), path]) if path else np.empty((0, 2))

    @drawn
    def traces(self) -> tuple[np.ndarray, ...]:
        return tuple(self.traced(p) for p in self.powers())

    @drawn
    def maximum(self) -> np.ndarray:
        r, path = 0.0, []
        for size in self.recent:
            r = max(self.gamma * r, float(size))
            path.append(r)
        return np.column_stack([self.ages(), path]) if path else np.empty((0, 2))

    @drawn
    def single(self) -> np.ndarray:
        """How the one that r goes back to has decayed since: the closed form."""
        if not len(self.recent):
            return np.empty((0, 2))
        first = int(self.aged().argmax())
        age = np.arange(len(self.recent) - first)
        return np.column_stack([self.ages()[first:], self.recent[first] * self.gamma**age])

    @drawn
    def one(self) -> np.ndarray:
        return np.ones(1)

    @drawn
    def bars(self) -> np.ndarray:
        return np.append(self.roots(), self.r)

    @drawn
    def names(self) -> tuple[str, ...]:
        return (*(f"p = {p:.3g}" for p in self.powers()), "r")

    @drawn
    def update(self) -> Update:
        before = self.recent[:-1] * self.gamma ** np.arange(len(self.recent) - 2, -1, -1)
        numbers = {r"\gamma": self.gamma, "r_t": self.r, "r_{t-1}": float(before.max(initial=0)), "|g_t|": abs(self.g)}
        latex = (
            r"r_t = \max(\gamma\, r_{t-1}, |g_t|) \\ "
            r"s_t^{1/p} = \left(\gamma^p s_{t-1} + (1 - \gamma^p)\, |g_t|^p\right)^{1/p}"
        )
        return Update(latex, numbers)

    @drawn
    def said(self) -> str:
        if not len(self.recent):
            return "No gradient has come yet. The envelope r starts at 0, and takes the first as it is."
        size, usual = abs(self.g), float(self.roots()[1])
        if max(size, 1.0) ** self.p > SINGLE:
            return (
                f"|g|ᵖ is {size:.3g} to the power {self.p:.3g}: in single precision that is already infinite. "
                "r has no such trouble."
            )
        if size >= self.r:
            return (
                f"|g| = {size:.3g} is the new envelope, so Adamax's divisor is this very size; "
                f"Adam's root is only {usual:.3g}, and the step {size / usual:.2g} times η."
            )
        age = len(self.recent) - 1 - int(self.aged().argmax())
        gap = self.roots()[-1] / self.r
        return f"r remembers the gradient {age} steps ago. With p = {self.p:.3g} the average is {gap:.0%} of r."
