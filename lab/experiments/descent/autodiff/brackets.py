"""brackets: a chain of Jacobians multiplied from either end; the widths decide which end is cheaper."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Rows
from lab.experiment import Experiment, Metrics, Stages, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Line, Matrix, Note, Panel, Row
from lab.maths.tape import spoken, written

SLOT, GAP = 0.55, 0.15  # the least room for a rectangle, and that between two, of the largest width
NUDGE = 1e-5

Chain = list[np.ndarray]


class Brackets(Experiment):
    pace = 3
    widths = Rows(
        {"units": Count(6, 1, 40, symbol="m", help="units of this layer")},
        [6, 8, 8, 1],
        least=3,
        most=7,
        symbol="m₀ … m_L",
        label="Widths",
        restarts=True,
        help="inputs, hidden layers, outputs",
    )
    begin = Choice(
        ["unit vectors", "outer Jacobian"],
        restarts=True,
        help="jvp and vjp begin with unit vectors; a product of matrices begins with its outer factor, for nothing",
    )
    convention = Choice(["J = J_L … J₁", "Jᵀ = J₁ᵀ … J_Lᵀ"], view=True, help="the transposed one reverses the order")

    metrics = {"cost": "multiplications", "apart": "largest difference"}
    prompts = (
        ("A loss has one output: which end wins?", {"widths": [6, 8, 8, 1]}),
        ("One input, many outputs", {"widths": [1, 8, 8, 6]}),
        ("As many outputs as inputs", {"widths": [5, 9, 3, 5]}),
        ("All widths n, one output: L n² against L n³", {"widths": [10, 10, 10, 10, 1]}),
        (
            "Fewer outputs than inputs, and forward is cheaper: how?",
            {"widths": [2, 30, 1, 1], "begin": "outer Jacobian"},
        ),
    )
    presets = {
        "A loss": {"widths": [6, 8, 8, 1]},
        "A loss of many inputs": {"widths": [20, 12, 8, 1]},
        "A curve in space": {"widths": [1, 8, 12, 20]},
        "An hourglass": {"widths": [12, 6, 2, 6, 12]},
    }
    tiny = {"widths": [3, 4, 2]}

    # ------------------------------------------------------------ from both ends

    def start(self) -> Metrics:
        m = self.m = [row.units for row in self.widths]
        self.weights = [self.rng.normal(0, 1, (b, a)) / np.sqrt(a) for a, b in pairwise(m)]
        self.x = self.rng.normal(size=m[0])
        self.jacobians: Chain = []
        value = self.x
        for W in self.weights:  # a layer is h(v) = tanh(W v), so that J = diag(1 − h²) W
            value = np.tanh(W @ value)
            self.jacobians.append((1 - value**2)[:, None] * W)
        self.done = self.taken = int(self.begin == "outer Jacobian")  # Jacobians already in the products
        self.V = self.jacobians[0] if self.taken else np.eye(m[0])  # from the inputs: forward mode
        self.U = self.jacobians[-1] if self.taken else np.eye(m[-1])  # from the outputs: reverse mode
        self.ahead = 0  # 1 while forward mode has made its product of this step and reverse mode has not
        self.cost = {"forward": 0, "reverse": 0}
        self.multiplied = {"forward": 0, "reverse": 0}  # in the last product
        return self.measured()

    def step(self) -> Stages:
        """One product at either end."""
        right, left = self.jacobians[self.done], self.jacobians[-1 - self.done]
        self.multiply("forward", right.shape[0] * right.shape[1] * self.m[0])
        self.V = right @ self.V  # columns V e_j: each is a jvp
        self.ahead = 1
        yield "forward"
        self.ahead = 0
        self.multiply("reverse", left.shape[0] * left.shape[1] * self.m[-1])
        self.U = self.U @ left  # rows e_iᵀ U: each is a vjp
        self.done += 1
        if self.done == len(self.jacobians):
            self.finish(self.verdict())
        return self.measured()

    def multiply(self, mode: str, count: int) -> None:
        self.cost[mode] += count
        self.multiplied[mode] = count

    def measured(self) -> Metrics:
        row = {f"cost/{mode}": float(count) for mode, count in self.cost.items()}
        if self.done == len(self.jacobians):
            row["apart"] = float(np.abs(self.V - self.U).max())
        return row

    def laws(self) -> tuple[int, int]:
        """What each order costs in all, by the widths alone."""
        sizes = [a * b for a, b in pairwise(self.m)]
        return self.m[0] * sum(sizes[self.taken :]), self.m[-1] * sum(sizes[: len(sizes) - self.taken])

    def verdict(self) -> str:
        forward, reverse = self.laws()
        if forward == reverse:
            return f"Both orders give the same Jacobian with the same {forward} multiplications."
        name, less, more = ("Forward", forward, reverse) if forward < reverse else ("Reverse", reverse, forward)
        return f"{name} mode wins: {less} multiplications against {more}, and the Jacobian is the same."

    def h(self, x: np.ndarray) -> np.ndarray:
        for W in self.weights:
            x = np.tanh(W @ x)
        return x

    # ------------------------------------------------------------ rectangles

    def panels(self) -> marks.Layout:
        most = max(self.m)
        return Column(
            Panel(
                "Product",
                Line("waiting", tint="quiet", width=1.5),
                Line("next_forward", tint="2", width=1.5, dashed=True),
                Line("next_reverse", tint="0", width=1.5, dashed=True),
                Line("forward", tint="2", width=3.5, label="forward, so far"),
                Line("reverse", tint="0", width=3.5, label="reverse, so far"),
                Dots("feet", labels="sizes", size="small", tint="quiet"),
                range_x=(-0.1 * most, self.room() + 0.3 * most),
                range_y=(-1.6 * most, 1.4 * most),
                equal=True,
                detail="order",
                help="Each rectangle is a Jacobian, as high as it has outputs and as wide as it has inputs. "
                "Above they are multiplied from the inputs' end, below from the outputs'",
            ),
            Row(
                Panel(
                    "Cost",
                    Guide(y="law_forward", label="inputs · Σ mₗ mₗ₋₁", tint="2"),
                    Guide(y="law_reverse", label="outputs · Σ mₗ mₗ₋₁", tint="0"),
                    Curve("cost", colours="colours"),
                    x="product t",
                    y="multiplications",
                    range_x=(0, len(self.m) - 0.5),
                ),
                Panel("This product", Equation("law"), Note("said")),
                Panel("Numbers", Matrix("from_inputs"), Matrix("from_outputs"), detail="agree"),
                sizes=(4, 4, 3),
            ),
            sizes=(1, 1),
        )

    def chain(self, mode: str) -> list[tuple[int, int, str, str]]:
        """Height, width, name and role of each factor as they are written, the product so far at its end."""
        L, d = len(self.jacobians), self.done + (self.ahead if mode == "forward" else 0)
        shapes = [(b, a, f"J{spoken(str(k))}") for k, (a, b) in enumerate(pairwise(self.m), 1)]
        left, next_one = (shapes[d:], 0) if mode == "forward" else (shapes[: L - d], L - d - 1)
        factors = [(*shape, "next" if k == next_one else "waiting") for k, shape in enumerate(left)][::-1]
        if mode == "forward":
            factors.append((self.m[d], self.m[0], f"V{spoken(str(d))}", "so far"))
        else:
            factors.insert(0, (self.m[-1], self.m[L - d], f"U{spoken(str(d))}", "so far"))
        if self.convention.startswith("Jᵀ"):
            return [(a, b, name + "ᵀ", role) for b, a, name, role in reversed(factors)]
        return factors

    def room(self, mode: str = "") -> float:
        """How wide a lane is: now, or at its widest."""
        most = max(self.m)
        wide = [width for _, width, _, _ in self.chain(mode)] if mode else [*self.m, 0]
        return sum(max(width, SLOT * most) + GAP * most for width in wide)

    def boxes(self) -> list[tuple[str, str, str, np.ndarray]]:
        """Every rectangle of both lanes: its mode, role, label and corners."""
        most, found = max(self.m), []
        for mode, y in (("forward", 0.8 * most), ("reverse", -0.8 * most)):
            right = (mode == "forward") != self.convention.startswith("Jᵀ")  # where the product stays
            x = self.room() - self.room(mode) if right else 0.0
            for high, wide, name, role in self.chain(mode):
                corners = np.array([[0, -1], [1, -1], [1, 1], [0, 1], [0, -1]]) * (wide, high / 2) + (x, y)
                found.append((mode, role, f"{name} {high}×{wide}", corners))
                x += max(wide, SLOT * most) + GAP * most
        return found

    def outlines(self, role: str, *modes: str) -> tuple[np.ndarray, ...]:
        return tuple(corners for mode, what, _, corners in self.boxes() if what == role and mode in modes)

    @drawn
    def waiting(self) -> tuple[np.ndarray, ...]:
        return self.outlines("waiting", "forward", "reverse")

    @drawn
    def next_forward(self) -> tuple[np.ndarray, ...]:
        return self.outlines("next", "forward")

    @drawn
    def next_reverse(self) -> tuple[np.ndarray, ...]:
        return self.outlines("next", "reverse")

    @drawn
    def forward(self) -> tuple[np.ndarray, ...]:
        return self.outlines("so far", "forward")

    @drawn
    def reverse(self) -> tuple[np.ndarray, ...]:
        return self.outlines("so far", "reverse")

    @drawn
    def feet(self) -> np.ndarray:
        """Where the labels stand: on one line below each lane."""
        below = 0.65 * max(self.m)
        return np.array([(corners[0, 0], corners[:4, 1].mean() - below) for _, _, _, corners in self.boxes()])

    @drawn
    def small(self) -> np.ndarray:
        return np.zeros(len(self.boxes()))

    @drawn
    def sizes(self) -> tuple[str, ...]:
        return tuple(label for _, _, label, _ in self.boxes())

    # ------------------------------------------------------------ read-outs

    @drawn
    def order(self) -> str:
        forward, reverse = self.laws()
        end = "a tie" if forward == reverse else f"{'forward' if forward < reverse else 'reverse'} wins"
        return f"{self.convention}: {end}"

    @drawn
    def law_forward(self) -> np.ndarray:
        return np.array([self.laws()[0]])

    @drawn
    def law_reverse(self) -> np.ndarray:
        return np.array([self.laws()[1]])

    @drawn
    def colours(self) -> dict[str, int]:
        return {"forward": 2, "reverse": 0}

    @drawn
    def from_inputs(self) -> np.ndarray:
        return self.V

    @drawn
    def from_outputs(self) -> np.ndarray:
        return self.U

    @drawn
    def agree(self) -> str:
        """At the end, how far the two products are from each other and from central differences."""
        if self.done < len(self.jacobians):
            return "V, then U"
        nudges = NUDGE * np.eye(self.m[0])
        slopes = np.array([(self.h(self.x + e) - self.h(self.x - e)) / (2 * NUDGE) for e in nudges]).T
        return f"differences agree to {written(np.abs(self.V - slopes).max(), 0)}"

    @drawn
    def law(self) -> Update:
        """What the last product at either end cost, by the shapes of its factors."""
        L, d = len(self.jacobians), max(self.done, 1)
        right, left = (self.m[d], self.m[d - 1], self.m[0]), (self.m[-1], self.m[L - d + 1], self.m[L - d])
        forward, reverse = (rf"{a} \cdot {b} \cdot {c} = {a * b * c}" for a, b, c in (right, left))
        latex = (
            rf"V_{{{d}}} = J_{{{d}}} V_{{{d - 1}}} : \quad {forward} \\"
            rf"U_{{{d}}} = U_{{{d - 1}}} J_{{{L - d + 1}}} : \quad {reverse}"
        )
        return Update(latex, {})

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if self.done == self.taken:
            columns, rows = (f"{n} {what}{'s' * (n > 1)}" for n, what in ((self.m[0], "column"), (self.m[-1], "row")))
            return f"{columns} will go forward through every layer, and {rows} back."
        return (
            f"This product cost {self.multiplied['forward']} multiplications on the way forward, "
            f"{self.multiplied['reverse']} on the way back."
        )
