"""running averages: a noisy signal is averaged as it comes in; see what each of its points still weighs."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Slider, Switch
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Bars, Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row, Tabs
from lab.maths.averages import corrected, debiasing, moving, plain, running, weights

LENGTH = 120
HIGHEST = 10.0
SHAPES = {
    "noisy wave": lambda t: 3 + 2 * np.sin(t / 14),
    "noisy step": lambda t: np.where(t < 60, 1.0, 5.0),
    "ones": lambda t: np.ones(40),
    "4, 8, 6": lambda t: np.array([4.0, 8.0, 6.0]),
}
TERMS = 4  # points in the weighted average


class Averages(Experiment):
    signal = Choice(tuple(SHAPES), symbol="c", restarts=True, help="what comes in; drag or click to draw your own")
    noise = Slider(
        0.8,
        0,
        3,
        symbol="σ",
        restarts=True,
        when={"signal": ("noisy wave", "noisy step")},
        help="standard deviation of the noise in the signal",
    )
    memory = Choice(
        ("constant γ", "plain mean"), symbol="γₜ", help="what share of the average is kept: always γ, or (t − 1)/t"
    )
    gamma = Slider(
        0.9, 0, 0.999, symbol="γ", when={"memory": ("constant γ",)}, help="share of the old average that is kept"
    )
    window = Count(10, 1, 60, symbol="n", help="how many points the moving average has")
    correct = Switch(True, label="Bias correction", view=True, help="also draw the average divided by 1 − γᵗ")
    sample = Count(0, 0, LENGTH - 1, view=True, symbol="k", help="point whose present weight is told; or click on it")

    metrics = {"average": "A", "missing": "weight of the start:"}
    prompts = (
        ("1, 1, 1 with γ = 0.1: why .9, .99, .999?", {"signal": "ones", "gamma": 0.1}),
        ("4, 8, 6 with γₜ = (t − 1)/t: what is averaged?", {"signal": "4, 8, 6", "memory": "plain mean"}),
        ("γ = 0.99: how late does the average notice the step?", {"signal": "noisy step", "gamma": 0.99}),
        ("γ = 0: what is left of the memory?", {"gamma": 0.0}),
        ("Which γ forgets as a window of 20 does?", {"gamma": 0.905, "window": 20}),
    )
    presets = {
        "Noisy wave": {"signal": "noisy wave", "gamma": 0.9, "window": 10},
        "Step: slow to learn, slow to forget": {"signal": "noisy step", "gamma": 0.95, "window": 20},
        "Only ones: the pull of the start at 0": {"signal": "ones", "gamma": 0.9, "memory": "constant γ"},
    }

    # ------------------------------------------------------------ the average

    def start(self) -> Metrics:
        t = np.arange(LENGTH)
        shape = np.asarray(SHAPES[self.signal](t), dtype=float)
        noisy = self.signal.startswith("noisy")
        self.c = shape + (self.noise * self.rng.standard_normal(len(shape)) if noisy else 0.0)
        self.shares = np.full(TERMS, 1 / TERMS)
        self.average, self.came = 0.0, 0
        return self.measured()

    def step(self) -> Metrics:
        """The next point comes in: A_t = γ_t A_{t-1} + (1 - γ_t) c_t."""
        t = self.came + 1
        kept = (t - 1) / t if self.memory == "plain mean" else self.gamma
        self.average = kept * self.average + (1 - kept) * float(self.c[t - 1])
        self.came = t
        if t == len(self.c):
            self.finish("The signal is over.")
        return self.measured()

    def measured(self) -> Metrics:
        """The start at 0 still has the weight γ^t, which is what the weights of the signal leave of 1."""
        law = self.gamma**self.came if self.memory == "constant γ" else float(self.came == 0)
        return {
            "average": self.average,
            "missing/γᵗ": law,
            "missing/1 − Σ weights": 1 - float(weights(self.gammas()).sum()),
        }

    def gammas(self) -> np.ndarray:
        return plain(self.came) if self.memory == "plain mean" else np.full(self.came, self.gamma)

    def changed(self, name: str) -> None:
        """Another γ, or another past: the average is what it would be had it always been so."""
        if name in ("gamma", "memory"):
            self.average = float(self.averages()[-1]) if self.came else 0.0

    def averages(self) -> np.ndarray:
        """A_1 … A_t, as they are for the signal and the γ of now."""
        return running(self.c[: self.came], self.gammas())

    def past(self) -> np.ndarray:
        """The present weight of every point; those still to come have none."""
        return np.pad(weights(self.gammas()), (0, len(self.c) - self.came))

    @action
    def draw_line(self, index: int, x: float, y: float) -> None:
        """Drag a point up and down, or sideways to draw a straight stroke through the signal."""
        if not 0 <= index < len(self.c):
            raise ValueError(f"there is no point {index}; the signal has the points 0 to {len(self.c) - 1}")
        to = int(np.clip(round(x) - 1, 0, len(self.c) - 1))
        stroke = np.arange(min(index, to), max(index, to) + 1)
        ends = {index: float(self.c[index]), to: float(np.clip(y, -HIGHEST, HIGHEST))}
        self.c = self.c.copy()
        self.c[stroke] = np.interp(stroke, sorted(ends), [ends[i] for i in sorted(ends)])
        self.changed("gamma")

    @action
    def put(self, x: float, y: float) -> None:
        """Click: the point of the signal there goes to where the mouse is."""
        self.draw_line(int(np.clip(round(x) - 1, 0, len(self.c) - 1)), x, y)

    @action
    def weigh(self, index: int, x: float, y: float) -> None:
        """Drag a bar of the weighted average: the others make room, so that all sum to 1."""
        if not 0 <= index < TERMS:
            raise ValueError(f"there is no bar {index}; the weighted average has the bars 0 to {TERMS - 1}")
        own = float(np.clip(y, 0, 1))
        others = np.delete(self.shares, index)
        rest = others / others.sum() if others.sum() > 0 else np.full(TERMS - 1, 1 / (TERMS - 1))
        self.shares = np.insert((1 - own) * rest, index, own)

    # ------------------------------------------------------------ pictures

    def panels(self) -> Column:
        across = {"x": "step t", "range_x": (0.0, float(len(self.c) + 1))}
        return Column(
            Row(
                Panel(
                    "Signal",
                    Line("coming", tint="quiet", width=1),
                    Dots("points", size="sizes", tint="quiet", drag="draw_line", add="put", pick="sample"),
                    Line("mean_of_window", label="moving", tint="2", dashed=True),
                    Line("debiased", label="A / (1 − γᵗ)", tint="0"),
                    Line("path", label="running: A", tint="accent", width=3),
                    Line("law", label="(1 − γᵗ) c", tint="text", dashed=True, width=1.5),
                    Dots("picked", shape="diamond", tint="text", big=True),
                    **across,
                    y="c",
                    detail="told",
                    help="Drag a point, or sideways to draw a stroke; a click sets the point there. The larger a "
                    "point, the more it weighs in the average now; at the right the weight of the one clicked",
                ),
                Tabs(
                    Panel(
                        "Forgetting profile",
                        Line("stems", tint="accent", width=2),
                        Dots("tips", tint="accent"),
                        Line("box", label="1/n each", tint="2", dashed=True),
                        x="age k, in steps",
                        y="weight now",
                        detail="total",
                        help="What a point k steps back weighs: (1 − γ) γᵏ. Hover over a tip to read it",
                    ),
                    Panel(
                        "Weighted average",
                        Bars("shares", labels="terms"),
                        Dots("grips", tint="text", drag="weigh"),
                        range_y=(0, 1),
                        x="the last points c",
                        y="weight w",
                        detail="weighed",
                        help="Drag a bar: the weights stay 1 together",
                    ),
                    Panel(
                        "Missing share",
                        Curve("missing"),
                        x="step t",
                        y="γᵗ",
                        help="What the start at 0 still weighs: the law, and what the weights leave of 1",
                    ),
                    Panel(
                        "Two terms",
                        Bars("two", labels="two_names"),
                        y="share in A",
                        help="What is kept of the old average, and what the new point brings",
                    ),
                ),
                sizes=(3, 2),
            ),
            Row(
                Panel(
                    "Weights on the past",
                    Bars("past_bars", colour="accent"),
                    Guide(x="now"),
                    x="index of the point, from 0",
                    y="γᵀ⁻ᵗ(1 − γ)",
                    help="What each point weighs in the average now: hover over its bar to read it",
                ),
                Panel("Update", Equation("update"), Note("said")),
                Panel(
                    "Share kept",
                    Line("kept_plain", label="plain mean", tint="2"),
                    Line("kept_constant", label="γ", tint="accent"),
                    Line("kept_corrected", label="of A / (1 − γᵗ)", tint="0"),
                    x="step t",
                    y="γₜ",
                    still=True,
                    shown=False,
                    help="A corrected average is itself a running average, whose γₜ grows up to γ",
                ),
                sizes=(3, 2, 2),
            ),
            sizes=(3, 2),
        )

    @drawn
    def points(self) -> np.ndarray:
        return np.column_stack([np.arange(1, len(self.c) + 1), self.c])

    @drawn
    def coming(self) -> np.ndarray:
        return self.points()

    @drawn
    def sizes(self) -> np.ndarray:
        """The larger, the more a point weighs now."""
        past = self.past()
        return 0.5 * past / max(past.max(), 1e-12)

    @drawn
    def path(self) -> np.ndarray:
        return over_time(self.averages())

    @drawn
    def debiased(self) -> np.ndarray:
        shown = self.correct and self.memory == "constant γ"
        return over_time(corrected(self.averages(), self.gamma) if shown else np.empty(0))

    @drawn
    def mean_of_window(self) -> np.ndarray:
        return over_time(moving(self.c[: self.came], self.window))

    @drawn
    def law(self) -> np.ndarray:
        """Of a constant signal the running average has the share 1 - γ^t."""
        constant = self.memory == "constant γ" and np.ptp(self.c) == 0
        return over_time(self.c * (1 - self.gamma ** np.arange(1, len(self.c) + 1)) if constant else np.empty(0))

    def chosen(self) -> int:
        return min(self.sample, len(self.c) - 1)

    @drawn
    def picked(self) -> np.ndarray:
        return self.points()[[self.chosen()]]

    @drawn
    def told(self) -> str:
        k = self.chosen()
        return f"point {k}: {self.past()[k]:.2g}" if k < self.came else f"point {k}: –"

    @drawn
    def tips(self) -> np.ndarray:
        return np.column_stack([np.arange(self.came), weights(self.gammas())[::-1]])[:40]

    @drawn
    def stems(self) -> tuple[np.ndarray, ...]:
        return tuple(np.array([(age, 0), (age, weight)]) for age, weight in self.tips())

    @drawn
    def box(self) -> np.ndarray:
        return np.array([(0, 1), (self.window - 1, 1), (self.window - 1, 0)]) * (1, 1 / min(self.window, 10**6))

    @drawn
    def total(self) -> str:
        return f"together {weights(self.gammas()).sum():.4g}"

    @drawn
    def past_bars(self) -> np.ndarray:
        return self.past()

    @drawn
    def now(self) -> np.ndarray:
        return np.array([self.came - 1.0])

    def last(self) -> np.ndarray:
        """The numbers of the last points that came in; at the start, of the first to come."""
        end = min(max(self.came, TERMS), len(self.c))
        return np.arange(max(end - TERMS, 0), end)

    @drawn
    def terms(self) -> tuple[str, ...]:
        names = [f"{self.c[i]:.3g}" for i in self.last()]
        return (*names, *["–"] * (TERMS - len(names)))

    @drawn
    def grips(self) -> np.ndarray:
        return np.column_stack([np.arange(TERMS), self.shares])

    @drawn
    def weighed(self) -> str:
        points = self.c[self.last()]
        shares = self.shares[: len(points)] / max(self.shares[: len(points)].sum(), 1e-12)
        return f"Σ wᵢcᵢ = {shares @ points:.4g}"

    def kept(self) -> float:
        """The share γ_t of the last step, or of the first to come."""
        t = max(self.came, 1)
        return (t - 1) / t if self.memory == "plain mean" else self.gamma

    def before(self) -> float:
        return float(self.averages()[-2]) if self.came > 1 else 0.0

    def new(self) -> float:
        return float(self.c[max(self.came, 1) - 1])

    @drawn
    def two(self) -> np.ndarray:
        old, new = self.kept() * self.before(), (1 - self.kept()) * self.new()
        return np.array([old, new, old + new])

    @drawn
    def two_names(self) -> tuple[str, ...]:
        return "γ · old", "(1 − γ) · new", "A"

    @drawn
    def kept_plain(self) -> np.ndarray:
        return over_time(plain(LENGTH))

    @drawn
    def kept_constant(self) -> np.ndarray:
        return over_time(np.full(LENGTH, self.gamma))

    @drawn
    def kept_corrected(self) -> np.ndarray:
        return over_time(debiasing(self.gamma, LENGTH))

    @drawn
    def update(self) -> Update:
        old, new = self.before(), self.new()
        numbers = {r"A_{t-1}": old, r"\gamma": self.kept(), "c_t": new, "A_t": self.two()[2]}
        if self.memory == "plain mean" or not self.correct:
            return Update(r"A_t = \gamma\, A_{t-1} + (1 - \gamma)\, c_t", numbers)
        share = 1 - self.gamma ** max(self.came, 1)
        return Update(
            r"A_t = \gamma\, A_{t-1} + (1 - \gamma)\, c_t \\ \hat A_t = \frac{A_t}{1 - \gamma^t}",
            numbers | {r"\hat A_t": self.two()[2] / share, r"\gamma^t": 1 - share},
        )

    @drawn
    def said(self) -> str:
        if not self.came:
            return "The average starts at 0, though the signal has said nothing of the kind."
        if self.memory == "plain mean":
            return f"With γₜ = (t − 1)/t each of the {self.came} points weighs 1/{self.came}: a plain mean."
        missing = self.gamma**self.came
        if missing > 0.05:
            return (
                f"{missing:.0%} of the average is still its start at 0, so it lies too near to 0; "
                f"dividing by 1 − γᵗ = {1 - missing:.3g} takes that out."
            )
        if self.gamma == 0:
            return "With γ = 0 nothing is remembered: the average copies the signal."
        if self.gamma < 0.5:
            return f"The start is forgotten: the newest point alone weighs {1 - self.gamma:.3g}."
        half = np.log(0.5) / np.log(self.gamma)
        return (
            f"The start is forgotten. The newest point weighs {1 - self.gamma:.3g}, one {half:.0f} steps old half "
            f"as much; noise is damped to {np.sqrt((1 - self.gamma) / (1 + self.gamma)):.0%}."
        )


def over_time(values: np.ndarray) -> np.ndarray:
    """Against t = 1, 2, …"""
    return np.column_stack([np.arange(1, len(values) + 1), values])
