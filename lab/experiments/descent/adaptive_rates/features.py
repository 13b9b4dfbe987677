"""rare and frequent features: a rate of its own lets a weight learn that is seldom asked."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Point, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Equation, Guide, Matrix, Note, Panel, Row, Tabs
from lab.maths.optimiser_variants import OwnRates
from lab.maths.optimisers import RULES, Rule, readers

FEATURES, OUTPUTS = 6, 3  # the last feature is as rare as the one before it, and means nothing
TRUTH = np.array([[1, -1, 0.5], [-1, 0.5, 1], [0.5, 1, -1], [1, 1, -0.5], [-1, 1, 1], [0, 0, 0]], dtype=float)
RARE, MEANINGLESS = 4, 5
FREQUENCY = "1 / frequency"
METHODS = ("GD", "momentum", "Adagrad", "RMSProp", "Adam", FREQUENCY)


class Features(Experiment):
    method = Choice(METHODS, "RMSProp", help="the rule; another one goes on with the weights of this one")
    rarest = Slider(
        0.03, 0.005, 1, log=True, symbol="q", label="Frequency of the rarest", help="share of samples that have it"
    )
    rate = Slider(0.03, 1e-3, 0.3, log=True, symbol="η", help="learning rate, also of plain GD beside it")
    momentum = Slider(0.9, 0, 0.99, symbol="ρ", when={"method": ("momentum",)}, help="velocity that is kept")
    beta1 = Slider(0.9, 0, 0.99, symbol="β₁", when={"method": ("Adam",)}, help="memory of the mean gradient")
    beta2 = Slider(0.99, 0.5, 0.999, symbol="β₂", when={"method": readers("beta2")}, help="memory of the mean square")
    batch = Count(8, 1, 64, symbol="B", help="samples in each step")
    noise = Slider(0.3, 0, 2, symbol="σ", help="standard deviation of the noise in the targets")
    weight = Point(
        (RARE, 0), x=(0, FEATURES - 1), y=(0, OUTPUTS - 1), view=True, label="Weight shown",
        help="feature and output whose update is written out: click on one",
    )  # fmt: skip

    metrics = {"error": "error:", "rare": "w₅₁", "nothing": "‖w₆‖", "loss": "ℓ"}
    tiny = {"batch": 8}
    diverges = "The rate is too large: a step on a feature overshoots its best weight by more than it was off."
    prompts = (
        ("Plain GD: how long does the rare feature wait?", {"method": "GD"}),
        ("Rates of 1/frequency: do all learn alike?", {"method": FREQUENCY, "rarest": 0.1}),
        ("No feature is rare: is there still a gain?", {"rarest": 1.0}),
        ("Noisy targets: what does the meaningless feature learn?", {"noise": 2.0, "method": "Adam"}),
        ("Let it learn, then swap the rule", {"method": "Adagrad"}),
    )
    presets = {
        "Rare feature, RMSProp against GD": {"method": "RMSProp", "rarest": 0.03, "noise": 0.3},
        "Learns noise: a rare feature that means nothing": {"method": "RMSProp", "rarest": 0.01, "noise": 2.0},
    }
    epsilon, weight_decay = 1e-8, 0.0

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.W, self.plain = np.zeros((2, FEATURES, OUTPUTS))
        self.move, self.g = np.zeros((2, FEATURES, OUTPUTS))
        self.memory, self.seen = self.rule().begin(self.W), 0
        self.squares = 0.0  # running average of the squared residuals, and how much of it is its start
        return self.measured(1.0)

    def step(self) -> Metrics:
        """A few samples, most of them without the rare features; the same for plain GD."""
        present = self.rng.random((self.batch, FEATURES)) < self.frequencies()
        x = present * self.rng.choice([-1.0, 1.0], (self.batch, FEATURES))
        y = x @ TRUTH + self.noise * self.rng.standard_normal((self.batch, OUTPUTS))
        with np.errstate(all="ignore"):
            residuals = x @ self.W - y
            self.g = x.T @ residuals / self.batch
            rule = self.rule()
            rule.average(self.memory, self.g, self)
            self.move = rule.move(self.memory, self.g, self)
            self.W = self.W + np.nan_to_num(self.move)  # 0/0 where a feature has never been there
            self.plain = self.plain - self.rate * x.T @ (x @ self.plain - y) / self.batch
            self.seen += 1
            square = float((residuals**2).mean())
            self.squares = self.beta2 * self.squares + (1 - self.beta2) * square
            return self.measured(square / 2)

    def frequencies(self) -> np.ndarray:
        """From 1 down to the rarest, in equal ratios; the meaningless one is as rare."""
        return np.append(self.rarest ** (np.arange(FEATURES - 1) / (FEATURES - 2)), self.rarest)

    def rule(self) -> Rule:
        if self.method == FREQUENCY:
            return OwnRates((self.rate / self.frequencies())[:, None])
        return RULES[self.method]

    def measured(self, loss: float) -> Metrics:
        off, plain = (np.sqrt(((W - TRUTH) ** 2).mean(axis=1)) for W in (self.W, self.plain))
        return {
            "error/often": float(off[0]),
            "error/rare": float(off[RARE]),
            "error/often, GD": float(plain[0]),
            "error/rare, GD": float(plain[RARE]),
            "rare/method": float(self.W[RARE, 0]),
            "rare/GD": float(self.plain[RARE, 0]),
            "nothing/method": float(np.linalg.norm(self.W[MEANINGLESS])),
            "nothing/GD": float(np.linalg.norm(self.plain[MEANINGLESS])),
            "loss": loss,
        }

    def changed(self, name: str) -> None:
        if name == "method":
            self.memory, self.seen = self.rule().begin(self.W), 0

    # ------------------------------------------------------------ pictures

    panels = Column(
        Row(
            Tabs(
                Panel("Learning curves", Curve("error", log_y=True), x="step t", y="|w − w*|"),
                Panel("Weight of the rare feature", Curve("rare"), Guide(y="best", label="w*"), x="step t", y="w₅₁"),
                Panel(
                    "Meaningless feature",
                    Curve("nothing"),
                    x="step t",
                    y="‖w₆‖",
                    help="Its best weights are 0. What it has instead is learnt from noise",
                ),
            ),
            Panel(
                "Real rates, frequent to rare",
                Bars("rates", labels="shares"),
                x="features by frequency q",
                y="rate",
                detail="what_law",
                help="First bar: what the gradient is multiplied by. Second bar: the law, η over the root of the mean "
                "square that a feature of this frequency has once the weights are learnt",
            ),
        ),
        Row(
            Panel("Weights", Matrix("W", rows="features", columns="outputs", pick="weight"), help="Click on a weight"),
            Panel(
                "Real step × 1000",
                Matrix("step_sizes", rows="features", columns="outputs", pick="weight"),
                help="The last step of every weight. Most samples have no rare feature, and its weights stay",
            ),
            Panel("Update", Equation("update"), Note("said"), detail="which"),
            sizes=(2, 2, 3),
        ),
    )

    def real(self) -> np.ndarray:
        """(features,): the mean rate of a feature's weights; before the first step those of its kind of start."""
        with np.errstate(all="ignore"):
            if not self.seen and self.method not in ("GD", "momentum", FREQUENCY):
                return np.zeros(FEATURES)
            rates = np.broadcast_to(self.rule().rates(self.memory, self.g, self), self.W.shape).mean(axis=1)
        return np.where(rates < 1e3 * self.rate, rates, 0.0)  # a feature that never was there has none

    def law(self) -> np.ndarray:
        """G = q e²/B is the mean square of a slope that is there a share q of the time, with residuals e."""
        q = self.frequencies()
        if self.method == FREQUENCY:
            return self.rate / q
        if self.method in ("GD", "momentum") or not self.seen:
            return np.full(FEATURES, self.rate if self.method in ("GD", "momentum") else 0.0)
        square = self.squares / (1 - self.beta2 ** max(self.seen, 1))
        times = self.seen if self.method == "Adagrad" else 1
        return self.rate / np.sqrt(times * q * square / self.batch + 1e-12)

    @drawn
    def rates(self) -> np.ndarray:
        return np.array([self.real(), self.law()])

    @drawn
    def shares(self) -> tuple[str, ...]:
        *names, _ = (f"{q:.2g}" for q in self.frequencies())
        return (*names, "nothing")

    @drawn
    def what_law(self) -> str:
        laws = {"GD": "η", "momentum": "η", FREQUENCY: "η/q", "Adagrad": "η/√(t q e²/B)"}
        return f"law: {laws.get(self.method, 'η/√(q e²/B)')}"

    @drawn
    def features(self) -> tuple[str, ...]:
        return tuple(f"q = {share}" if share != "nothing" else share for share in self.shares())

    @drawn
    def outputs(self) -> tuple[str, ...]:
        return "y₁", "y₂", "y₃"

    @drawn
    def step_sizes(self) -> np.ndarray:
        return np.round(1000 * np.nan_to_num(self.move), 1) + 0.0  # no −0

    @drawn
    def best(self) -> np.ndarray:
        return TRUTH[RARE, :1]

    def picked(self) -> tuple[int, int]:
        return round(self.weight[0]), round(self.weight[1])

    @drawn
    def which(self) -> str:
        i, j = self.picked()
        return f"feature {i + 1}, output {j + 1}"

    @drawn
    def update(self) -> Update:
        """The last gradient of one weight, put into its averages once more."""
        i, j = self.picked()
        memory = {key: value if np.ndim(value) == 0 else value[i, j] for key, value in self.memory.items()}
        rule = OwnRates(self.rate / self.frequencies()[i]) if self.method == FREQUENCY else self.rule()
        with np.errstate(all="ignore"):
            numbers = rule.symbols(memory, self.g[i, j], self.W[i, j], self)
        return Update(rule.latex, {s: float(v) for s, v in numbers.items() if np.isfinite(v)})

    @drawn
    def said(self) -> str:
        if not self.seen:
            return "All weights are 0. A sample teaches only the weights of the features that it has."
        rates, q = self.real(), self.frequencies()
        off, plain = (np.sqrt(((W[RARE] - TRUTH[RARE]) ** 2).mean()) for W in (self.W, self.plain))
        text = f"The rare feature is off by {off:.2g}, under plain GD by {plain:.2g}."
        if rates[0] > 0 and rates[RARE] > 1.2 * rates[0]:
            gain = (
                f"Its rate is {rates[RARE] / rates[0]:.1f} times the frequent one's; √(1/q) is {q[RARE] ** -0.5:.1f}."
            )
            lost = np.linalg.norm(self.W[MEANINGLESS])
            return f"{text} {gain}" + (f" The meaningless one has learnt noise: {lost:.2g}." if lost > 0.3 else "")
        return (
            f"{text} One rate serves all, so it learns 1/q = {1 / q[RARE]:.0f} times more slowly than the frequent one."
        )
