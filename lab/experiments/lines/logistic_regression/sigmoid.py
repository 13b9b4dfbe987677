"""the sigmoid: slope and offset shape it; score, odds and probability move together; a guess costs −log."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Slider, Switch
from lab.experiment import Experiment, Update, action, drawn
from lab.marks import Column, Dots, Equation, Guide, Handle, Line, Note, Panel, Row, Table, Tabs
from lab.maths.logistic import sigmoid

EDGE = 6.0  # of the shaped curve
STEEPEST, FARTHEST = 20.0, 10.0
NINTH = float(np.log(9))  # the score at which σ is 0.9
QUIZ = ((10.0, 1.0), (-2.0, 1.0), (2.0, -3.0))
NEAR = 0.06  # how near a curve must run to one of the quiz to be it
BOTH, SIGNS = "0 and 1", "−1 and 1"
LEAST = 0.005  # of the guess


def curve(theta: float, theta_0: float, edge: float, lowest: float = 0) -> np.ndarray:
    x = np.linspace(-edge, edge, 401)
    return np.column_stack([x, lowest + (1 - lowest) * sigmoid(theta * x + theta_0)])


class Sigmoid(Experiment):
    theta = Slider(2, -STEEPEST, STEEPEST, symbol="θ", label="Slope", help="how steep: the curve climbs by θ/4 halfway")
    theta_0 = Slider(
        -1, -FARTHEST, FARTHEST, symbol="θ₀", label="Offset", help="slides the curve: half is at x = −θ₀/θ"
    )
    place = Slider(1, -EDGE, EDGE, symbol="x", label="Input", help="where the score, the odds and g are read")
    guess = Slider(0.8, LEAST, 1 - LEAST, symbol="g", label="Guess", help="the probability given to label 1")
    answers = Choice([BOTH, SIGNS], view=True, help="between which two answers the soft signs run: σ(u), or tanh(u/2)")
    reveal = Switch(False, view=True, label="Reveal the three", help="write the parameters beside the three curves")

    random = False
    prompts = (
        ("u = x + 4: which way did the curve slide?", {"theta": 1, "theta_0": 4}),
        ("u = 4x: four times as steep, and still never 0 or 1", {"theta": 4, "theta_0": 0}),
        ("Turn it round: which inputs does it now call 1?", {"theta": -2, "theta_0": 1}),
        ("Confident and wrong: what does a guess of 0.01 cost if y is 1?", {"guess": 0.01}),
        ("tanh is a sigmoid too: where do they differ?", {"answers": SIGNS}),
    )
    presets = {
        "u = x": {"theta": 1, "theta_0": 0},
        "u = x + 4": {"theta": 1, "theta_0": 4},
        "u = 4x": {"theta": 4, "theta_0": 0},
        "u = 20x": {"theta": 20, "theta_0": 0},
        "Guess a half": {"guess": 0.5},
    }

    panels = Row(
        Column(
            Panel(
                "Shape",
                Guide(y="ends"),
                Line("plain", label="σ(x)", tint="quiet"),
                Line("tangent", label="slope θ/4", tint="warn", dashed=True),
                Line("shaped", label="σ(θx + θ₀)", tint="accent", width=4),
                Dots("read", shape="disc", tint="accent", big=True),
                Handle("half", drag="slide", label="½ at −θ₀/θ", along="x"),
                Handle("sure", drag="steepen", label="0.9", along="x"),
                x="x",
                y="g = σ(θx + θ₀)",
                range_x=(-EDGE, EDGE),
                range_y=(-0.08, 1.08),
                detail="shy",
                help="Drag ½ to slide the curve, 0.9 to make it steeper. It nears 0 and 1 and never touches them",
            ),
            Tabs(
                Panel(
                    "Score, odds, probability",
                    Line("scales", tint="quiet"),
                    Line("links", tint="quiet", width=1),
                    Line("link", tint="accent", width=3),
                    Dots("ticks", labels="tick_names", tint="quiet"),
                    Dots("linked", tint="accent", big=True),
                    x="score z, which is the log of the odds",
                    range_x=(-6.4, 9),
                    range_y=(-0.3, 2.3),
                    detail="times",
                    help="Top: score z = θx + θ₀. Middle: odds eᶻ, on a scale of powers. Bottom: probability. "
                    "Thin lines are one unit of x apart",
                ),
                Panel(
                    "Match three",
                    Line("quiz"),
                    Line("shaped_near", label="yours", tint="text", width=3, dashed=True),
                    Dots("crossings", tint="text"),
                    Dots("named", labels="quiz_names", tint="quiet"),
                    x="x",
                    y="g",
                    range_x=(-4, 4),
                    range_y=(-0.05, 1.05),
                    detail="matched",
                    help="Move θ and θ₀ until your curve lies on one of them",
                ),
                Panel(
                    "From sign to sigmoid",
                    Line("hard", label="sign", tint="quiet", dashed=True),
                    Line("gentle", label="gentle u = x", tint="0"),
                    Line("steep", label="steep u = 4x", tint="1"),
                    Line("at_zero", label="slope at 0", tint="warn", dashed=True),
                    x="x",
                    range_x=(-4, 4),
                    range_y=(-1.1, 1.1),
                    detail="alike",
                    help="a sign that made up its mind more slowly has a slope everywhere, so it can be trained",
                ),
            ),
            sizes=(1, 1),
        ),
        Column(
            Panel(
                "Loss of a guess",
                Line("cost_1", label="−ln g  (y = 1)", tint="1", width=3),
                Line("cost_0", label="−ln(1 − g)  (y = 0)", tint="0", width=3),
                Dots("even", labels="even_name", tint="quiet"),
                Dots("other", labels="other_name", tint="0", shape="disc", big=True),
                Handle("paid", drag="guess_at", label="g", along="x"),
                x="guess g",
                y="L(g, y)",
                range_x=(0, 1),
                range_y=(-0.15, 5.4),
                help="what a guess costs if the label is 1, and if it is 0",
            ),
            Panel("One unit of x", Table("units", header="units_header"), detail="ratio"),
            Panel("In numbers", Equation("update"), Note("said")),
            sizes=(5, 3, 5),
        ),
        sizes=(3, 2),
    )

    @action
    def slide(self, x: float, y: float) -> None:
        """Drag the half: θ₀ follows, θ stays."""
        self.theta_0 = float(np.clip(-self.theta * x, -FARTHEST, FARTHEST))

    @action
    def steepen(self, x: float, y: float) -> None:
        """Drag the 0.9: θ follows, the half stays where it is."""
        half = -self.theta_0 / self.theta if self.theta else 0.0
        reach = x - half
        least = max(NINTH / STEEPEST, abs(half) * NINTH / FARTHEST)  # θ and θ₀ both in range
        reach = float(np.copysign(max(abs(reach), least), reach))
        self.theta, self.theta_0 = NINTH / reach, -NINTH / reach * half

    @action
    def guess_at(self, x: float, y: float) -> None:
        """Drag the guess."""
        self.guess = float(np.clip(x, LEAST, 1 - LEAST))

    def score(self, x: float) -> float:
        return self.theta * x + self.theta_0

    # ------------------------------------------------------------ its shape

    @drawn
    def ends(self) -> np.ndarray:
        return np.array([0.0, 1.0])

    @drawn
    def plain(self) -> np.ndarray:
        return curve(1, 0, EDGE)

    @drawn
    def shaped(self) -> np.ndarray:
        return curve(self.theta, self.theta_0, EDGE)

    @drawn
    def shaped_near(self) -> np.ndarray:
        return curve(self.theta, self.theta_0, 4)

    @drawn
    def half(self) -> np.ndarray:
        return np.array([[-self.theta_0 / self.theta, 0.5]] if self.theta else []).reshape(-1, 2)

    @drawn
    def sure(self) -> np.ndarray:
        return np.array([[(NINTH - self.theta_0) / self.theta, 0.9]] if self.theta else []).reshape(-1, 2)

    @drawn
    def tangent(self) -> np.ndarray:
        half = self.half()
        run = min(2.2 / max(abs(self.theta), 1e-9), 3)  # to just past 0 and 1
        return half + run * np.array([[-1, -self.theta / 4], [1, self.theta / 4]]) if len(half) else half

    @drawn
    def read(self) -> np.ndarray:
        return np.array([[self.place, float(sigmoid(self.score(self.place)))]])

    @drawn
    def shy(self) -> str:
        z = abs(self.score(self.place))
        short = f"{np.exp(-np.logaddexp(0, z)):.2g}"
        return f"1 − g = {short}" if self.score(self.place) > 0 else f"g = {short}"

    # ------------------------------------------------------------ score, odds, probability

    @drawn
    def scales(self) -> list[np.ndarray]:
        return [np.array([(-6, level), (6, level)], float) for level in (2, 1, 0)]

    def through(self, x: float) -> np.ndarray:
        z = float(np.clip(self.score(x), -6, 6))
        return np.array([(z, 2), (z, 1), (12 * sigmoid(z) - 6, 0)], float)

    @drawn
    def links(self) -> list[np.ndarray]:
        return [self.through(self.place + k) for k in range(-4, 5) if k and abs(self.score(self.place + k)) < 6]

    @drawn
    def link(self) -> np.ndarray:
        return self.through(self.place)

    @drawn
    def linked(self) -> np.ndarray:
        return self.through(self.place)

    @drawn
    def ticks(self) -> np.ndarray:
        scores = [(z, 2) for z in (-6, -4, -2, 0, 2, 4, 6)]
        odds = [(np.log(odds), 1) for odds in (0.01, 0.1, 1, 10, 100)]
        return np.array(scores + odds + [(12 * p - 6, 0) for p in (0, 0.25, 0.5, 0.75, 1)], float)

    @drawn
    def tick_names(self) -> list[str]:
        scores = ["−6", "−4", "−2", "0", "2", "4", "6  score z"]
        return scores + ["1/100", "1/10", "1", "10", "100  odds eᶻ"] + ["0", "¼", "½", "¾", "1  g"]

    @drawn
    def times(self) -> str:
        return f"one unit of x: odds × {np.exp(self.theta):.4g}"

    @drawn
    def ratio(self) -> str:
        return f"odds × e^θ = {np.exp(self.theta):.4g}"

    @drawn
    def units_header(self) -> list[str]:
        return ["x", "score z", "odds", "g"]

    @drawn
    def units(self) -> list[list[str]]:
        rows = []
        for x in (self.place, self.place + 1, self.place + 2):
            z = self.score(x)
            rows.append([f"{x:.3g}", f"{z:.3g}", f"{np.exp(z):.3g}", f"{sigmoid(z):.4g}"])
        return rows

    # ------------------------------------------------------------ three to match, and the sign made soft

    @drawn
    def quiz(self) -> list[np.ndarray]:
        return [curve(theta, theta_0, 4) for theta, theta_0 in QUIZ]

    @drawn
    def crossings(self) -> np.ndarray:
        return np.array([(-theta_0 / theta, 0.5) for theta, theta_0 in QUIZ])

    @drawn
    def named(self) -> np.ndarray:
        """A place on each where nothing else is in the way."""
        scores = (2.6, -2, 0.4)
        return np.array([((z - theta_0) / theta, sigmoid(z)) for z, (theta, theta_0) in zip(scores, QUIZ)])

    @drawn
    def quiz_names(self) -> list[str]:
        if not self.reveal:
            return ["A", "B", "C"]
        return [f"σ({t:g}x {'−' if o < 0 else '+'} {abs(o):g})".replace("-", "−") for t, o in QUIZ]

    @drawn
    def matched(self) -> str:
        apart = [np.abs(line - self.shaped_near()).max() for line in self.quiz()]
        best = int(np.argmin(apart))
        return (
            f"yours lies on {'ABC'[best]}" if apart[best] < NEAR else f"nearest: {'ABC'[best]}, {apart[best]:.2f} off"
        )

    @property
    def lowest(self) -> float:
        return 0.0 if self.answers == BOTH else -1.0

    @drawn
    def hard(self) -> np.ndarray:
        return np.array([(-4, self.lowest), (0, self.lowest), (0, 1), (4, 1)], float)

    @drawn
    def gentle(self) -> np.ndarray:
        return curve(1, 0, 4, self.lowest)

    @drawn
    def steep(self) -> np.ndarray:
        return curve(4, 0, 4, self.lowest)

    @drawn
    def at_zero(self) -> np.ndarray:
        middle, slope = (1 + self.lowest) / 2, (1 - self.lowest) / 4
        return np.array([(-1.5, middle - 1.5 * slope), (1.5, middle + 1.5 * slope)])

    @drawn
    def alike(self) -> str:
        return "σ′(0) = 1/4" if self.answers == BOTH else "2σ(u) − 1 = tanh(u/2)"

    # ------------------------------------------------------------ what a guess costs

    @drawn
    def cost_1(self) -> np.ndarray:
        g = np.linspace(LEAST, 1 - LEAST, 300)
        return np.column_stack([g, -np.log(g)])

    @drawn
    def cost_0(self) -> np.ndarray:
        g = np.linspace(LEAST, 1 - LEAST, 300)
        return np.column_stack([g, -np.log(1 - g)])

    @drawn
    def paid(self) -> np.ndarray:
        return np.array([self.guess, -np.log(self.guess)])

    @drawn
    def other(self) -> np.ndarray:
        return np.array([[self.guess, -np.log(1 - self.guess)]])

    @drawn
    def other_name(self) -> list[str]:
        return [f"{-np.log(1 - self.guess):.3g}"]

    @drawn
    def even(self) -> np.ndarray:
        return np.array([[0.5, np.log(2)]])

    @drawn
    def even_name(self) -> list[str]:
        return ["ln 2"]

    @drawn
    def update(self) -> Update:
        z, g = self.score(self.place), float(sigmoid(self.score(self.place)))
        return Update(
            r"z = \theta x + \theta_0, \quad g = \frac{1}{1 + e^{-z}}",
            {"x": self.place, r"\theta": self.theta, r"\theta_0": self.theta_0, "z": z, "g": g},
        )

    @drawn
    def said(self) -> str:
        g = self.guess
        costs = f"A guess of {g:.3g} costs {-np.log(g):.3g} if y = 1 and {-np.log(1 - g):.3g} if y = 0."
        if not self.theta:
            return f"With θ = 0 every x gets the same g: there is no boundary. {costs}"
        side = "above" if self.theta > 0 else "below"
        half = 0.0 - self.theta_0 / self.theta
        shape = f"Label 1 is likelier {side} x = {half:.3g}; the slope there is {self.theta / 4:.3g}."
        return f"{shape} {costs}".replace("-", "−")
