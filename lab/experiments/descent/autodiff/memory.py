"""memory: what reverse mode must remember in a deep chain, and how computing values again trades time for it."""

from __future__ import annotations

import math

import numpy as np

from lab import marks
from lab.controls import Count, Formula, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row
from lab.maths.tape import leaves, written

GONE, KEPT, WORKED, BACK = 7, 1, 2, 0  # classes of colour
DEEPEST = 100


class Memory(Experiment):
    pace = 3
    depth = Count(36, 2, DEEPEST, symbol="L", restarts=True, help="layers in the chain")
    every = Count(
        6, 1, DEEPEST, symbol="k", label="Keep every", restarts=True, help="on the way forward each k-th value is kept"
    )
    layer = Formula("sin(x)", variables=("x",), symbol="f", restarts=True, help="what each layer does to its input")
    x = Slider(0.7, -3, 3, symbol="x", help="the input of the chain")

    metrics = {"stored": "values kept", "layer": "layer", "work": "evaluations of f", "peak": "most kept at once"}
    random = False
    diverges = "The values, or the slopes on the way back, leave the range of numbers: f grows too fast for this depth."
    prompts = (
        ("Keep everything: no work is done twice", {"every": 1}),
        ("Keep only the input: why does that save nothing?", {"every": DEEPEST}),
        ("k = √L: the least memory", {"depth": 64, "every": 8}),
        ("Twice as deep: by how much does memory grow?", {"depth": 72, "every": 6}),
    )
    presets = {
        "Every 6th of 36": {"depth": 36, "every": 6},
        "All of them": {"depth": 36, "every": 1},
        "A hundred layers": {"depth": 100, "every": 10},
    }

    # ------------------------------------------------------------ forward, then back with what is kept

    def start(self) -> Metrics:
        self.slope = self.layer.derivative("x")
        if "x" not in leaves(self.layer.tree):
            raise Unfit("layer", "it does not depend on x: write a formula in x")
        self.values = {0: self.x}  # what is remembered: layer → value
        self.at = 0  # the layer last worked on
        self.forwards = True
        self.adjoint = 1.0  # ∂y/∂v at the layer `back`
        self.back = self.depth
        self.tangent = 1.0  # forward mode's, carried along
        self.work = self.peak = 0
        self.doing = ""
        return self.measured()

    def step(self) -> Metrics:
        """One layer: forward, back, or forward once more because its value was forgotten."""
        if self.forwards:
            self.evaluate("forward")
            self.forwards = self.at < self.depth
        elif self.back - 1 in self.values:  # the way back: ∂y/∂v_{l−1} = f′(v_{l−1}) ∂y/∂v_l
            self.back -= 1
            self.adjoint *= self.slope(self.values[self.back])
            self.values.pop(self.back + 1, None)  # nobody needs it any more
            self.at, self.doing = self.back, "back"
        else:  # from the nearest value that was kept
            if self.at >= self.back:
                self.at = max(layer for layer in self.values if layer < self.back)
            self.evaluate("again")
        self.peak = max(self.peak, len(self.values))
        if self.back == 0:
            self.finish(self.verdict())
        return self.measured()

    def evaluate(self, doing: str) -> None:
        """The value of the next layer; on the way forward the one before is forgotten, unless it is to be kept."""
        value = self.values[self.at]
        if doing == "forward":
            self.tangent *= self.slope(value)
            if self.at % self.every and self.at < self.last_kept():
                del self.values[self.at]
        self.at, self.doing = self.at + 1, doing
        self.values[self.at] = self.layer(value)
        self.work += 1

    def last_kept(self) -> int:
        """Where the last stretch begins: the way back starts there at once, so all of it is kept."""
        return (self.depth - 1) // self.every * self.every

    def measured(self) -> Metrics:
        return {
            "stored/reverse": float(len(self.values)),
            "stored/forward": 2.0,  # a pair (v, v̇) at a time
            "layer": float(self.at),
            "work": float(self.work),
            "peak": float(self.peak),
        }

    def counted(self, k: int) -> tuple[int, int]:
        """For one k: the most that is kept at once, and how many evaluations of f there are."""
        stretches = math.ceil(self.depth / k)
        last = self.depth - (stretches - 1) * k  # the length of the last stretch; all others have k
        peak = stretches + max(last, k - 1 if stretches > 1 else 0)
        return peak, self.depth + (stretches - 1) * (k - 1)

    def verdict(self) -> str:
        peak, work = self.peak, self.work
        more = f"{work - self.depth} evaluations more than the {self.depth} of one pass" if work > self.depth else ""
        return (
            f"Reverse mode kept {peak} values at once" + (f", for {more}" if more else "") + ". "
            "Forward mode never keeps more than one pair, but has the slope by one input only."
        )

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        steps = {"x": "step t", "range_x": (-0.06 * self.steps(), 1.02 * self.steps())}
        return Column(
            Row(
                Panel(
                    "Layer at work",
                    Curve("layer"),
                    Dots("chain", colour="states"),
                    **steps,
                    y="layer l",
                    detail="where",
                    help="Up on the way forward, down on the way back; each tooth is a stretch computed again. At "
                    "the left the layers: crossed without a value, blue kept, green just computed, red adjoint known",
                ),
                Panel(
                    "Memory",
                    Guide(y="law", label="L/k + k", tint="1"),
                    Guide(y="everything", label="L: keep all", tint="quiet"),
                    Curve("stored", colours="colours"),
                    **steps,
                    y="values kept",
                ),
            ),
            Row(
                Panel(
                    "Memory against time",
                    Line("peaks", tint="1", label="most kept at once"),
                    Line("again", tint="2", label="evaluations of f"),
                    Guide(x="best", label="√L"),
                    Dots("chosen", colour="modes", big=True),
                    x="keep every k-th value",
                    y="count",
                    help="Lines: what the arithmetic says for each k. Dots: what has been counted in this run",
                ),
                Panel("This step", Equation("rule"), Note("said")),
                sizes=(3, 2),
            ),
        )

    def steps(self) -> int:
        """The whole way: every evaluation, and every layer back."""
        return self.counted(min(self.every, self.depth))[1] + self.depth

    @drawn
    def chain(self) -> np.ndarray:
        return np.column_stack([np.full(self.depth + 1, -0.03 * self.steps()), np.arange(self.depth + 1)])

    @drawn
    def states(self) -> np.ndarray:
        """Each layer: its adjoint known, its value just computed, kept, or forgotten."""
        found = np.full(self.depth + 1, GONE)
        found[list(self.values)] = KEPT
        found[self.back :] = BACK if not self.forwards else found[self.back :]
        if self.doing in ("forward", "again"):
            found[self.at] = WORKED
        return found

    @drawn
    def where(self) -> str:
        names = {"": "the input is known", "forward": "forward →", "again": "once more →", "back": "← back"}
        return f"{names[self.doing]} l = {self.at}"

    @drawn
    def law(self) -> np.ndarray:
        return np.array([self.depth / self.every + self.every])

    @drawn
    def everything(self) -> np.ndarray:
        return np.array([self.depth])

    @drawn
    def colours(self) -> dict[str, int]:
        return {"reverse": KEPT, "forward": WORKED}

    @drawn(on=("depth",))
    def tradeoff(self) -> np.ndarray:
        ks = range(1, self.depth + 1)
        return np.array([(k, *self.counted(k)) for k in ks], dtype=float)

    @drawn
    def peaks(self) -> np.ndarray:
        return self.tradeoff()[:, [0, 1]]

    @drawn
    def again(self) -> np.ndarray:
        return self.tradeoff()[:, [0, 2]]

    @drawn
    def best(self) -> np.ndarray:
        return np.array([math.sqrt(self.depth)])

    @drawn
    def chosen(self) -> np.ndarray:
        k = min(self.every, self.depth)
        return np.array([[k, self.peak], [k, self.work]], dtype=float)

    @drawn
    def modes(self) -> np.ndarray:
        return np.array([KEPT, WORKED])

    @drawn
    def rule(self) -> Update:
        if self.doing == "back":
            latex = r"\frac{\partial y}{\partial v_{l}} = f'(v_{l}) \, \frac{\partial y}{\partial v_{l+1}}"
            slope = self.slope(self.values[self.back])
            numbers = {r"\frac{\partial y}{\partial v_{l}}": self.adjoint, "f'(v_{l})": slope}
            return Update(latex, numbers)
        numbers = {"v_{l}": self.values[self.at]} if self.at else {}
        if self.at - 1 in self.values and self.at:
            numbers["v_{l-1}"] = self.values[self.at - 1]
        return Update("v_{l} = f(v_{l-1})", numbers)

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        kept = len(self.values)
        if self.doing == "forward":
            return f"Layer {self.at} is computed. {kept} values are kept, the others forgotten."
        if self.doing == "again":
            return f"The value of layer {self.back - 1} was forgotten: the stretch below it is computed once more."
        if self.doing == "back":
            return f"The adjoint of layer {self.back} is {written(self.adjoint, 4)}. No value above it is needed now."
        return f"First forward through {self.depth} layers, keeping every value whose number {self.every} divides."
