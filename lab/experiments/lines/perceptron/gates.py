"""gates: switched inputs, weights and a threshold light a lamp; and no threshold makes XOR."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Slider, Switch
from lab.experiment import Experiment, Update, action, drawn
from lab.marks import Column, Dots, Equation, Field, GraphView, Line, Note, Panel, Regions, Row, Table
from lab.maths.perceptrons import line_in

INPUTS = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], float)
WANTED = {"AND": (0, 0, 0, 1), "OR": (0, 1, 1, 1), "NAND": (1, 1, 1, 0), "NOR": (1, 0, 0, 0), "XOR": (0, 1, 1, 0)}
LOW, HIGH, SIDE = -0.6, 1.6, 80


class Gates(Experiment):
    gate = Choice(list(WANTED), help="the truth table wanted")
    x1 = Switch(True, symbol="x₁", label="Input 1", help="whether the first input is on; or right-click it")
    x2 = Switch(False, symbol="x₂", label="Input 2", help="whether the second input is on; or right-click it")
    w1 = Slider(1, -3, 3, symbol="w₁", label="Weight 1", help="above 0 the input excites, below 0 it inhibits")
    w2 = Slider(1, -3, 3, symbol="w₂", label="Weight 2", help="above 0 the input excites, below 0 it inhibits")
    threshold = Slider(2, -3, 3, symbol="θ", help="the axon fires when the sum is at least so much")

    random = False
    prompts = (
        ("Two inputs, threshold 2: which gate is that?", {"gate": "AND", "w1": 1, "w2": 1, "threshold": 2}),
        ("Lower the threshold to 1: which gate now?", {"gate": "OR", "w1": 1, "w2": 1, "threshold": 1}),
        ("Both inhibit: the lamp is on unless both are", {"gate": "NAND", "w1": -1, "w2": -1, "threshold": -1}),
        ("XOR: can you get more than three rows right?", {"gate": "XOR", "w1": 1, "w2": 1, "threshold": 1}),
    )
    presets = {
        "AND": {"gate": "AND", "w1": 1, "w2": 1, "threshold": 2},
        "OR": {"gate": "OR", "w1": 1, "w2": 1, "threshold": 1},
        "NAND": {"gate": "NAND", "w1": -1, "w2": -1, "threshold": -1},
        "NOR": {"gate": "NOR", "w1": -1, "w2": -1, "threshold": 0},
    }

    panels = Row(
        Column(
            Panel(
                "Neuron",
                GraphView(
                    "nodes",
                    "links",
                    labels="titles",
                    values="values",
                    weights="weights",
                    colour="kinds",
                    active="live",
                    marked="on",
                    erase="flip",
                ),
                help="lit arrows carry a 1; right-click an input to switch it",
            ),
            Panel("Sum", Equation("update"), Note("said")),
            sizes=(2, 1),
        ),
        Column(
            Panel(
                "The plane it cuts",
                Regions("sides"),
                Line("border", label="sum = θ", tint="text", width=3),
                Dots("corners", colour="wanted", ring="here", big=True),
                x="x₁",
                y="x₂",
                range_x=(LOW, HIGH),
                range_y=(LOW, HIGH),
                equal=True,
                help="a corner's colour is the answer wanted, the ground's the answer given; ringed: the inputs now",
            ),
            Panel("Truth table", Table("rows", header="header", chosen="row"), detail="right"),
            sizes=(2, 1),
        ),
        sizes=(1, 1),
    )

    def sums(self, x: np.ndarray) -> np.ndarray:
        """w₁x₁ + w₂x₂."""
        return x @ np.array([self.w1, self.w2])

    def fires(self, x: np.ndarray) -> np.ndarray:
        """[w₁x₁ + w₂x₂ ≥ θ]."""
        return (self.sums(x) >= self.threshold).astype(int)

    @action
    def flip(self, index: int) -> None:
        """Switch an input."""
        if index not in (0, 1):
            raise ValueError(f"flip: there is no input {index}; they are 0 and 1")
        if index:
            self.x2 = not self.x2
        else:
            self.x1 = not self.x1

    # ------------------------------------------------------------ pictures

    def now(self) -> np.ndarray:
        return np.array([self.x1, self.x2], float)

    def lit(self) -> bool:
        return bool(self.fires(self.now()))

    @drawn
    def row(self) -> int:
        return 2 * self.x1 + self.x2

    @drawn
    def nodes(self) -> np.ndarray:
        return np.array([(0, 1), (0, 0), (1, 0.5), (2, 0.5)], float)

    @drawn
    def links(self) -> np.ndarray:
        return np.array([(0, 2), (1, 2), (2, 3)])

    @drawn
    def titles(self) -> tuple[str, ...]:
        return "x₁", "x₂", "Σ", "lamp"

    @drawn
    def values(self) -> tuple[str, ...]:
        total = f"{float(self.sums(self.now())):g} {'≥' if self.lit() else '<'} {self.threshold:g}"
        return "on" if self.x1 else "off", "on" if self.x2 else "off", total, "ON" if self.lit() else "off"

    @drawn
    def weights(self) -> tuple[str, ...]:
        return f"{self.w1:g}", f"{self.w2:g}", str(int(self.lit()))

    @drawn
    def kinds(self) -> np.ndarray:
        return np.array([int(self.x1), int(self.x2), int(self.lit()), int(self.lit())])

    @drawn
    def live(self) -> np.ndarray:
        return np.array([self.x1, self.x2, self.lit()])

    @drawn
    def on(self) -> np.ndarray:
        return np.array([self.x1, self.x2, False, self.lit()])

    @drawn
    def sides(self) -> Field:
        axis = np.linspace(LOW, HIGH, SIDE)
        grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        return Field(self.fires(grid).reshape(SIDE, SIDE), (LOW, HIGH), (LOW, HIGH))

    @drawn
    def border(self) -> np.ndarray:
        return line_in(np.array([self.w1, self.w2, -self.threshold]), HIGH)

    @drawn
    def corners(self) -> np.ndarray:
        return INPUTS

    @drawn
    def wanted(self) -> np.ndarray:
        return np.array(WANTED[self.gate])

    @drawn
    def here(self) -> np.ndarray:
        return np.arange(4) == self.row()

    @drawn
    def header(self) -> tuple[str, ...]:
        return "x₁", "x₂", "sum", "fires", self.gate, ""

    @drawn
    def rows(self) -> tuple[tuple[str, ...], ...]:
        given, sums, wanted = self.fires(INPUTS), self.sums(INPUTS), WANTED[self.gate]
        return tuple(
            (f"{a:g}", f"{b:g}", f"{sums[i]:g}", str(given[i]), str(wanted[i]), "✓" if given[i] == wanted[i] else "✗")
            for i, (a, b) in enumerate(INPUTS)
        )

    def agreeing(self) -> int:
        return int((self.fires(INPUTS) == WANTED[self.gate]).sum())

    @drawn
    def right(self) -> str:
        return f"{self.agreeing()} of 4 right"

    @drawn
    def update(self) -> Update:
        sign = r"\geq" if self.lit() else "<"
        numbers = {"w_1": self.w1, "x_1": int(self.x1), "w_2": self.w2, "x_2": int(self.x2), r"\theta": self.threshold}
        return Update(rf"w_1 x_1 + w_2 x_2 {sign} \theta", numbers)

    @drawn
    def said(self) -> str:
        lamp = "The sum reaches the threshold: it fires." if self.lit() else "The sum stays below θ: it is silent."
        if self.gate == "XOR":
            return (
                f"{lamp} {self.agreeing()} of 4 rows are XOR's. No line parts its corners: 3 is the most there can be."
            )
        return f"{lamp} {self.agreeing()} of 4 rows agree with {self.gate}."
