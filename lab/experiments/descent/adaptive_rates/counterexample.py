"""Adam goes wrong: a rare large gradient is forgotten, Adam walks to the worst point, AMSGrad to the best."""

from __future__ import annotations

import numpy as np

from lab.controls import Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Arrows, Bars, Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row
from lab.maths.optimiser_variants import Knobs
from lab.maths.optimisers import RULES

METHODS = ("Adam", "AMSGrad", "GD")
LABELS = {"Adam": "s", "AMSGrad": "c = max s"}


class Counterexample(Experiment):
    begin = Slider(0, -1, 1, symbol="x₀", restarts=True, help="where all three start")
    rate = Slider(1, 0.01, 3, log=True, symbol="a", restarts=True, help="step t has the rate a/√t")
    beta2 = Slider(
        0.1, 0, 0.999, symbol="β₂", restarts=True, help="memory of squares: below about 0.3 the large one is forgotten"
    )
    large = Slider(3, 2.1, 10, symbol="C", restarts=True, help="slope of every third loss; the two others have −1")

    metrics = {"x": "x", "s": "divisor²", "regret": "mean regret"}
    random = False
    prompts = (
        ("Start at the best point, −1: does Adam stay there?", {"begin": -1.0}),
        ("A longer memory: from which β₂ on is Adam right?", {"beta2": 0.9}),
        ("A larger rare gradient: is it heard now?", {"large": 10.0}),
        ("The text's run: from 1, for 20,000 steps", {"begin": 1.0, "rate": 1.0, "beta2": 0.1, "large": 3.0}),
    )
    presets = {
        "Adam forgets": {"begin": 0.0, "beta2": 0.1},
        "Adam remembers": {"begin": 0.0, "beta2": 0.99},
    }

    def start(self) -> Metrics:
        self.x = np.full(3, self.begin)
        self.memories = [RULES[name].begin(np.zeros(1)) for name in METHODS]
        self.steps, self.g, self.regret = 0, 0.0, np.zeros(3)
        self.moves = np.zeros(3)
        return {f"x/{name}": self.begin for name in METHODS}

    def step(self) -> Metrics:
        """f_t(x) = C x if t mod 3 = 1, else -x; after each step back into [-1, 1]."""
        self.steps += 1
        t = self.steps
        self.g = self.large if t % 3 == 1 else -1.0
        self.regret = self.regret + self.g * (self.x + 1)  # against the best fixed point, -1
        g, knobs = np.array([self.g]), self.knobs()
        moves = []
        for name, memory in zip(METHODS, self.memories):
            RULES[name].average(memory, g, knobs)
            moves.append(float(RULES[name].move(memory, g, knobs)[0]))
        self.moves = np.array(moves)
        self.x = np.clip(self.x + self.moves, -1, 1)
        row = {f"x/{name}": float(x) for name, x in zip(METHODS, self.x)}
        row |= {f"regret/{name}": float(r) / t for name, r in zip(METHODS, self.regret)}
        return row | {f"s/{LABELS[n]}": float(m[k][0]) for n, m, k in zip(METHODS, self.memories, ("s", "c"))}

    def knobs(self) -> Knobs:
        """β₁ = 0, so that m̂ is the gradient itself."""
        return Knobs(self.rate / max(self.steps, 1) ** 0.5, 0.0, 0.0, self.beta2, 1e-12, 0.0)

    # ------------------------------------------------------------ pictures

    panels = Column(
        Row(
            Panel(
                "Loss",
                Line("mean_loss", label="mean of the losses", tint="quiet"),
                Line("this_loss", label="this step's loss", tint="warn", width=3),
                Dots("best", shape="star", tint="text", big=True),
                Arrows("before", "arrows"),
                Dots("places", colour="lanes", labels="names", big=True),
                x="x",
                y="loss",
                range_x=(-1.2, 1.2),
                help="The mean falls to the left: −1 is best. One loss in three rises steeply, two fall",
            ),
            Panel(
                "Where they are",
                Curve("x", log_x=True),
                Guide(y="ends"),
                x="step t",
                y="x",
                range_y=(-1.1, 1.1),
                help="Best is −1, worst is 1",
            ),
        ),
        Row(
            Panel(
                "Divisors",
                Curve("s"),
                x="step t",
                y="s",
                help="Adam's average of squares falls back after each large gradient; AMSGrad keeps the largest",
            ),
            Panel(
                "Three steps of Adam",
                Bars("pushes", labels="push_names", colour="sign"),
                x="gradient",
                y="Δx in a/√t",
                still=True,
                help="Vivid: Adam; pale: AMSGrad. In the long run: one large gradient to the left, two to the right",
            ),
            Panel("Update", Equation("update"), Note("said")),
            Panel("Mean regret", Curve("regret", log_x=True), x="step t", y="regret / t", shown=False),
        ),
        sizes=(3, 2),
    )

    @drawn
    def mean_loss(self) -> np.ndarray:
        return np.array([(x, (self.large - 2) / 3 * x) for x in (-1, 1)])

    @drawn
    def this_loss(self) -> np.ndarray:
        return np.array([(x, self.g * x) for x in (-1, 1)])

    @drawn
    def best(self) -> np.ndarray:
        return self.mean_loss()[:1]

    @drawn
    def places(self) -> np.ndarray:
        return np.column_stack([self.x, np.array([0.35, 0.0, -0.35]) * self.large])

    @drawn
    def before(self) -> np.ndarray:
        return self.places()

    @drawn
    def arrows(self) -> np.ndarray:
        """The last moves, in units of a/√t, a quarter as long."""
        return np.column_stack([self.moves / self.knobs().rate / 4, np.zeros(3)])

    @drawn
    def names(self) -> tuple[str, ...]:
        return METHODS

    @drawn
    def lanes(self) -> np.ndarray:
        return np.arange(3)

    @drawn
    def ends(self) -> np.ndarray:
        return np.array([-1.0, 1.0])

    @drawn
    def pushes(self) -> np.ndarray:
        """Of Adam once its s repeats itself every three steps; AMSGrad divides all three by the largest s."""
        b, C = self.beta2, self.large
        after = ((1 - b) * (C**2 + b**2 + b)) / (1 - b**3)  # s just after the large gradient
        second = b * after + 1 - b
        divisors = np.sqrt([after, second, b * second + 1 - b])
        adam, other = np.array([-C, 1, 1]) / divisors, np.array([-C, 1, 1]) / divisors.max()
        return np.array([[*adam, adam.sum()], [*other, other.sum()]])

    @drawn
    def push_names(self) -> tuple[str, ...]:
        return f"{self.large:g}", "−1", "−1", "sum"

    @drawn
    def update(self) -> Update:
        s, c = float(self.memories[0]["s"][0]), float(self.memories[1]["c"][0])
        latex = (
            r"\Delta x_{Adam} = -\frac{a}{\sqrt{t}}\, \frac{g_t}{\sqrt{\hat s_t}} \\ "
            r"\Delta x_{AMS} = -\frac{a}{\sqrt{t}}\, \frac{g_t}{\sqrt{\hat c_t}}"
        )
        share = 1 - self.beta2 ** max(self.steps, 1)
        numbers = {"a": self.rate, "t": float(max(self.steps, 1)), "g_t": self.g, r"\hat s_t": s / share}
        return Update(
            latex,
            numbers | {r"\hat c_t": c / share, r"\Delta x_{Adam}": self.moves[0], r"\Delta x_{AMS}": self.moves[1]},
        )

    @drawn
    def said(self) -> str:
        wrong, right = self.pushes()[:, 3]
        way = "right, towards the worst point" if wrong > 0 else "left, towards the best point"
        if not self.steps:
            return "The losses fall to the left on the whole, though two of three push to the right."
        return (
            f"In three steps Adam is pushed {abs(wrong):.2f} a/√t to the {way}; "
            f"AMSGrad {abs(right):.2f} to the {'left' if right < 0 else 'right'}."
        )
