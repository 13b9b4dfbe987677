"""Layer: one layer as a matrix beside its links, and a sample or a whole batch on its way through all of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lab.controls import Choice, Count, Point, Rows
from lab.experiment import Experiment, Metrics, Net, Update, action, drawn
from lab.marks import Column, Equation, Matrix, Note, Panel, Row
from lab.marks import Network as Links
from lab.maths.activations import ACTIVATIONS
from lab.maths.layers import Network
from lab.maths.losses import OUTPUTS

Array = np.ndarray
MOST = 8  # units of a layer
WRITTEN = 3  # larger matrices are not written out in the equation
LAST = ("f", "identity", "sigmoid", "softmax")
BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
ABOVE = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Layer(Experiment):
    pace = 2
    inputs = Count(3, 1, MOST, symbol="m", restarts=True, help="numbers in a sample")
    layers = Rows(
        {"units": Count(3, 1, MOST, symbol="n", help="units in this layer")},
        [3, 3, 2],
        least=1,
        most=6,
        restarts=True,
        help="the last of them is the output",
    )
    activation = Choice(list(ACTIVATIONS), symbol="f", help="applied to each sum by itself")
    last = Choice(LAST, label="At the output", help="what the last layer applies in the place of f")
    batch = Count(8, 1, 24, symbol="K", label="Batch size", restarts=True, help="samples, one a column")
    shown = Count(0, 0, 6, view=True, symbol="l", label="Layer shown", help="0: the layer reached last")
    cell = Point((0, 0), x=(0, 8), y=(0, 30), view=True, label="Column of W", help="row and column: click in W")

    prompts = (
        ("One layer of 2 neurons on 3 inputs: count the links", {"inputs": 3, "layers": [2]}),
        ("4-5-1: where do 31 parameters come from?", {"inputs": 4, "layers": [5, 1]}),
        ("softmax works down each column by itself", {"layers": [3, 3], "last": "softmax"}),
        ("One sample is a batch of one column", {"batch": 1}),
    )
    presets = {
        "3-3-3-2": {},
        "4-5-1": {"inputs": 4, "layers": [5, 1]},
        "Two by two: four links": {"inputs": 2, "layers": [2]},
        "Deep and thin": {"inputs": 2, "layers": [2, 2, 2, 2, 2, 1]},
        "Scores of three classes": {"inputs": 4, "layers": [6, 3], "last": "softmax"},
    }
    metrics = {"output": "a of the output"}
    fixed = ("X",)

    # ------------------------------------------------------------ the forward pass

    def start(self) -> None:
        widths = (self.inputs, *(layer.units for layer in self.layers))
        self.net = Network(widths, self.activation, "identity", np.float64)
        self.net.draw_weights(self.rng)
        self.X = np.round(self.rng.normal(size=(self.inputs, self.batch)), 1)
        self.sample = 0
        self.Z: list[Array] = []
        self.A = [self.X[:, [0]]]

    def step(self) -> Metrics:
        """The next layer: Z = Wᵀ A + W₀ and A = f(Z), from nothing but the layer before. Then the next sample."""
        if len(self.Z) == len(self.net.W):
            self.sample = (self.sample + 1) % self.batch
            self.Z, self.A = [], [self.X[:, [self.sample]]]
        self.go_on()
        return self.answers() if len(self.Z) == len(self.net.W) else {}

    def go_on(self) -> None:
        i = len(self.Z)
        z = self.net.W[i].T @ self.A[i] + self.net.offsets[i][:, None]
        self.Z, self.A = [*self.Z, z], [*self.A, self.squashed(i, z)]

    def squashed(self, i: int, z: Array) -> Array:
        """f(Z) of layer i, counted from 0."""
        if i == len(self.net.W) - 1 and self.last != "f":
            return np.asarray(OUTPUTS[self.last].f(z))
        return np.asarray(ACTIVATIONS[self.activation].f(z))

    def answers(self) -> Metrics:
        return {f"output/unit {u}": float(a) for u, a in enumerate(self.A[-1][:, 0], 1)}

    def whole(self) -> list[Array]:
        """A⁰ … Aᴸ of all samples at once: the same products, with a column a sample."""
        A = [self.X]
        for i, (W, offset) in enumerate(zip(self.net.W, self.net.offsets)):
            A.append(self.squashed(i, W.T @ A[-1] + offset[:, None]))
        return A

    @action
    def set_weight(self, layer: int, source: int, target: int, value: float) -> None:
        """Type another weight on a link."""
        if not (0 <= layer < len(self.net.W)):
            raise ValueError(f"set_weight: there is no layer {layer}; they are 0 to {len(self.net.W) - 1}")
        rows, columns = self.net.W[layer].shape
        if not (0 <= source < rows and 0 <= target < columns):
            raise ValueError(f"set_weight: W is {rows} × {columns}; it has no entry {source}, {target}")
        if not abs(value) <= 100:
            raise ValueError(f"set_weight: a weight is from −100 to 100 here, not {value:g}")
        self.net.W[layer][source, target] = value
        self.pass_again()

    def changed(self, name: str) -> None:
        self.pass_again()

    def pass_again(self) -> None:
        """What the sample has reached, with what has changed."""
        reached, self.Z, self.A = len(self.Z), [], [self.X[:, [self.sample]]]
        for _ in range(reached):
            self.go_on()

    # ------------------------------------------------------------ pictures

    panels = Row(
        Column(
            Panel(
                "Links",
                Links("links", chosen="neuron", edit="set_weight"),
                detail="counted",
                help="a unit shows what it answers, once the sample has reached it; type a weight on a link",
            ),
            Panel("In matrix form", Equation("product"), Note("said")),
            sizes=(6, 5),
        ),
        Column(
            Panel(
                "W",
                Matrix("W", rows="before", columns="after", lit="column", pick="cell"),
                detail="W_shape",
                help="column u holds the weights into neuron u: click one, and its neuron is framed",
            ),
            Panel("Sums", Matrix("sums", rows="sum_names", columns="after", lit="sum_column"), detail="Z_shape"),
            Panel(
                "Batch",
                Matrix("activations", rows="after", columns="samples", lit="now", numbers=False),
                detail="A_shape",
                help="a row a neuron, a column a sample: all at once by one product; framed: the sample on its way",
            ),
            sizes=(5, 4, 4),
        ),
        sizes=(5, 4),
    )

    @drawn
    def layer(self) -> int:
        """The layer looked at, from 0: the one asked for, or the last that was reached."""
        asked = self.shown or max(1, len(self.Z))
        return min(asked, len(self.net.W)) - 1

    @drawn
    def neuron(self) -> tuple[int, int]:
        return self.layer() + 1, min(round(self.cell[1]), self.net.widths[self.layer() + 1] - 1)

    @drawn
    def links(self) -> Net:
        """Units coloured by what they answer; grey where the sample has not been."""
        reached = [np.asarray(a)[:, :, None] for a in self.A]
        maps = [*reached, *[np.zeros((n, 1, 1)) for n in self.net.widths[len(reached) :]]]
        first, last = (tuple(self.called(i, u) for u in range(self.net.widths[i])) for i in (0, len(self.net.W)))
        return Net(self.net.W, self.net.offsets, maps, (first, *[()] * (len(self.net.W) - 1), last))

    def called(self, i: int, unit: int) -> str:
        number = str(unit + 1).translate(BELOW)
        return f"a{number}{str(i).translate(ABOVE)}" if i else f"x{number}"

    @drawn
    def before(self) -> tuple[str, ...]:
        return tuple(self.called(self.layer(), u) for u in range(self.net.widths[self.layer()]))

    @drawn
    def after(self) -> tuple[str, ...]:
        return tuple(self.called(self.layer() + 1, u) for u in range(self.net.widths[self.layer() + 1]))

    @drawn
    def W(self) -> Array:
        return self.net.W[self.layer()]

    @drawn
    def column(self) -> Array:
        return np.broadcast_to(np.arange(self.W().shape[1]) == self.neuron()[1], self.W().shape)

    @drawn
    def sums(self) -> Array:
        """Offsets, sums and answers of this layer for the sample; before it was reached, as they will be."""
        i = self.layer()
        given = self.A[i] if i < len(self.A) else self.whole()[i][:, [self.sample]]
        z = self.W().T @ given + self.net.offsets[i][:, None]
        return np.stack([self.net.offsets[i], z[:, 0], self.squashed(i, z)[:, 0]])

    @drawn
    def sum_names(self) -> tuple[str, ...]:
        return "W₀", "Z", "A"

    @drawn
    def sum_column(self) -> Array:
        return np.broadcast_to(self.column()[:1], (3, self.W().shape[1]))

    @drawn
    def activations(self) -> Array:
        return self.whole()[self.layer() + 1]

    @drawn
    def samples(self) -> tuple[str, ...]:
        return tuple(str(k + 1) for k in range(self.batch))

    @drawn
    def now(self) -> Array:
        return np.broadcast_to(np.arange(self.batch) == self.sample, self.activations().shape)

    # ------------------------------------------------------------ shapes, in words

    @drawn
    def W_shape(self) -> str:
        return f"layer {self.layer() + 1}: W is {' × '.join(map(str, self.W().shape))}"

    @drawn
    def Z_shape(self) -> str:
        return f"sample {self.sample + 1}: {self.W().shape[1]} × 1 each, lying"

    @drawn
    def A_shape(self) -> str:
        return f"A{str(self.layer() + 1).translate(ABOVE)} is {self.W().shape[1]} units × {self.batch} samples"

    @drawn
    def counted(self) -> str:
        """(m + 1) n of each layer, and their sum."""
        terms = " + ".join(f"{m + 1}·{n}" for m, n in pairwise(self.net.widths))
        return f"{terms} = {self.net.theta.size} parameters" if len(self.net.W) < 5 else f"{self.net.theta.size} params"

    @drawn
    def product(self) -> Update:
        """The layer with its shapes; small matrices are written out."""
        i = self.layer()
        m, n = self.W().shape
        given = "x" if i == 0 else f"A^{i}"
        Z, W, W0 = f"Z^{i + 1}", f"(W^{i + 1})^T", f"W_0^{i + 1}"
        _, z, a = self.sums()
        before = self.A[i] if i < len(self.A) else self.whole()[i][:, [self.sample]]
        small = max(m, n) <= WRITTEN
        f = r"f" if not (i == len(self.net.W) - 1 and self.last != "f") else rf"\text{{{self.last}}}"
        shapes = rf"{Z} = \underset{{{n} \times {m}}}{{{W}}}\, \underset{{{m} \times 1}}{{{given}}}"
        numbers = {Z: z[:, None], W: self.W().T, given: before, W0: self.sums()[:1].T, f"A^{i + 1}": a[:, None]}
        return Update(
            rf"{shapes} + \underset{{{n} \times 1}}{{{W0}}} \\ A^{i + 1} = {f}({Z})", numbers if small else {}
        )

    @drawn
    def said(self) -> str:
        i, unit = self.neuron()
        m, n = self.W().shape
        told = f"Layer {i}: {m} × {n} weights are {m * n} links, and {n} offsets. "
        one = self.whole()
        apart = max(float(np.abs(a[:, [self.sample]] - b).max()) for a, b in zip(one, self.A))
        same = "to the last bit" if apart == 0 else f"up to {apart:.0e}"
        return (
            f"{told}Column {unit + 1} of W is neuron {unit + 1}. "
            f"Column {self.sample + 1} of the batch is this sample's pass, {same}."
        )
