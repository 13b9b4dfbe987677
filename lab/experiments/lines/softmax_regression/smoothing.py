"""Smoothing: with a one-hot target the logits part for ever; a target made soft holds them at a finite gap."""

from __future__ import annotations

import numpy as np

from lab.controls import Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row, Tabs
from lab.maths.many_classes import entropy, smoothed, smoothed_gap
from lab.maths.softmax import log_sum_exp, softmax

Y = 0  # the true class
SOFTNESSES = np.linspace(0.002, 0.95, 200)


class Smoothing(Experiment):
    m = Count(
        10, 2, 20, symbol="m", label="Classes", restarts=True, help="how many there are; the first is the true one"
    )
    eps = Slider(0.1, 0, 0.95, symbol="ε", label="Smoothing", help="what the target takes from the true class")
    rate = Slider(1, 0.01, 2, log=True, symbol="η", label="Rate", help="step size of gradient descent on the logits")

    metrics = {"gap": "z_y − z_k", "loss": "C", "p": "p_y"}
    random = False
    prompts = (
        ("m = 10 and ε = 0.1: where does the gap settle?", {"m": 10, "eps": 0.1}),
        ("More smoothing: a smaller gap", {"eps": 0.4}),
        ("Hardly any: how far does the dashed line go?", {"eps": 0.001}),
        ("ε = (m − 1)/m: the target is uniform, the gap 0", {"m": 5, "eps": 0.8}),
        ("No smoothing: both run away together", {"eps": 0}),
    )
    tiny = {"m": 3}

    panels = Row(
        Column(
            Panel(
                "Gap",
                Curve("gap"),
                Guide(y="settles", label="ln((m − 1)(1 − ε)/ε)", tint="text"),
                x="step t",
                y="z_y − z_k",
                help="of the true logit above the others: without end if the target is one-hot, to the line if soft",
            ),
            Panel(
                "Loss",
                Curve("loss"),
                x="step t",
                y="C",
                help="each with its own target. The floor of a soft one is its entropy, not 0",
            ),
            sizes=(5, 3),
        ),
        Column(
            Panel(
                "Logits",
                Bars("z", labels="classes"),
                x="class k",
                y="z_k",
                detail="sides",
                help="left of each pair with a one-hot target, right with the smoothed one",
            ),
            Tabs(
                Panel(
                    "Probabilities",
                    Bars("p", labels="classes", highest=1),
                    Dots("wanted", tint="text", shape="diamond"),
                    x="class k",
                    y="p_k",
                    range_y=(0, 1.08),
                    help="diamonds: the smoothed target",
                ),
                Panel(
                    "Gap and ε",
                    Line("gaps", tint="quiet", dashed=True, label="ln((m − 1)(1 − ε)/ε)"),
                    Dots("gap_here", tint="accent", big=True),
                    x="ε",
                    y="gap",
                    help="what ε asks for, and the gap so far",
                ),
            ),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(4, 4, 4),
        ),
        sizes=(5, 4),
    )

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        self.z = np.zeros((2, self.m))  # logits of one datum: row 0 with a one-hot target, row 1 with a smoothed one
        return self.measured()

    def targets(self) -> np.ndarray:
        return np.stack([smoothed(Y, self.m, 0.0), smoothed(Y, self.m, self.eps)])

    def step(self) -> Metrics:
        """∂C/∂z = p − t for any target t that sums to one."""
        self.z = self.z - self.rate * (softmax(self.z) - self.targets())
        return self.measured()

    def measured(self) -> Metrics:
        t, p = self.targets(), softmax(self.z)
        C = log_sum_exp(self.z) - (t * self.z).sum(axis=1)
        gap = self.z[:, Y] - self.z[:, -1]
        return {
            "gap/one-hot": float(gap[0]),
            "gap/smoothed": float(gap[1]),
            "loss/one-hot": float(C[0]),
            "loss/smoothed": float(C[1]),
            "loss/its floor": float(entropy(t[1])),
            "p/one-hot": float(p[0, Y]),
            "p/smoothed": float(p[1, Y]),
        }

    # ------------------------------------------------------------ pictures

    @drawn
    def settles(self) -> np.ndarray:
        """The gap at the least loss; there is none without smoothing."""
        return np.array([smoothed_gap(self.m, self.eps)] if self.eps else [])

    @drawn
    def classes(self) -> tuple[str, ...]:
        return ("y", *(str(k) for k in range(2, self.m + 1)))

    @drawn
    def sides(self) -> str:
        return "left one-hot, right smoothed"

    @drawn
    def p(self) -> np.ndarray:
        return softmax(self.z)

    @drawn
    def wanted(self) -> np.ndarray:
        return np.column_stack([np.arange(self.m) + 0.2, self.targets()[1]])

    @drawn(on=("m",))
    def gaps(self) -> np.ndarray:
        return np.column_stack([SOFTNESSES, [smoothed_gap(self.m, eps) for eps in SOFTNESSES]])

    @drawn
    def gap_here(self) -> np.ndarray:
        return np.array([[self.eps, self.z[1, Y] - self.z[1, -1]]])

    @drawn
    def update(self) -> Update:
        numbers = {"z_y": self.z[1, Y], "p_y": softmax(self.z[1])[Y], r"\eta": self.rate, r"\varepsilon": self.eps}
        return Update(r"z_y \leftarrow z_y - \eta\, (p_y - (1 - \varepsilon))", numbers)

    @drawn
    def said(self) -> str:
        hard, soft = self.z[:, Y] - self.z[:, -1]
        if not self.t:
            return "All logits are 0: every class has the same probability."
        runs = f"One-hot: p_y must be 1, which no finite gap gives; it is {hard:.2f} and grows, ever more slowly."
        if not self.eps:
            return f"{runs} Without smoothing the other does the same."
        aim = smoothed_gap(self.m, self.eps)
        settled = "has settled at" if abs(soft - aim) < 0.01 else f"is at {soft:.2f} on its way to"
        return f"{runs} Smoothed: the gap {settled} {aim:.2f}.".replace("-", "−").replace("One−hot", "One-hot")
