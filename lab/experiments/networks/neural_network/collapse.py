"""Collapse: layers without a bend are one matrix, however many; relu or tanh between them part the two."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lab.controls import Choice, Count, Dataset, Slider
from lab.experiment import Experiment, Metrics, Net, Update, action, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, Heat, Images, Layout, Matrix, Note, Panel, Row, Tabs
from lab.marks import Network as Links
from lab.maths.layers import Network
from lab.maths.log_loss import CROSS_ENTROPY, likeliest

Array = np.ndarray
PLANE = (-6.5, 6.5)
SIDE = 80
DEPTHS = 6  # networks of 1 to so many layers learn side by side
LEAST = 1e-17  # where the logarithm of a distance ends
MOST_SCORE = 8.0


class Collapse(Experiment):
    pace = 40
    points = Dataset(
        "xor",
        kinds=("xor", "circle", "moons", "two gaussians", "spiral"),
        n=120,
        noise=0.1,
        help="click to add a point, drag to move it, right-click to take it away",
    )
    activation = Choice(("identity", "relu", "tanh"), symbol="f", help="between the layers; change it as they learn")
    width = Count(4, 1, 8, symbol="m", restarts=True, label="Units a layer", help="in every hidden layer")
    rate = Slider(0.05, 0.001, 0.5, log=True, symbol="η", label="Learning rate", help="how far a step goes")
    hidden = Count(2, 0, DEPTHS - 1, view=True, label="Network shown", help="by its hidden layers: click on a map")

    metrics = {"loss": "L", "apart": "largest |deep − product|"}
    fixed = ("x", "labels", "inputs", "targets")
    diverges = "The rate is so high that each step throws the weights farther out than the last."
    prompts = (
        ("Six layers or one: can you tell from the maps?", {"activation": "identity", "hidden": 5}),
        ("Change f to relu: which maps bend? And the product?", {"activation": "relu"}),
        ("One unit a layer: the product has rank 1 anyway", {"width": 1}),
        ("Where a line is enough, depth gains nothing", {"points": "two gaussians"}),
    )
    presets = {
        "XOR, nothing bends": {},
        "XOR, relu": {"activation": "relu"},
        "Disc in a ring, tanh": {"points": "circle", "activation": "tanh"},
        "Two clouds: a line is enough": {"points": "two gaussians"},
    }
    tiny = {"points": {"n": 24}, "width": 2}

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.take_points()
        self.nets = []
        for layers in range(1, DEPTHS + 1):
            net = Network((2, *[self.width] * (layers - 1), 1), self.activation, "sigmoid", np.float64)
            net.draw_weights(self.rng)
            for offset in net.offsets:
                offset *= 0.3  # at 1 each, six layers of offsets would drown the inputs
            self.nets.append(net)
        return self.measured()

    def step(self) -> Metrics:
        """Gradient descent on all points, for the networks of every depth."""
        for net in self.nets:
            with np.errstate(all="ignore"):
                net.backward(self.inputs, self.targets)
                net.theta -= self.rate * net.gradient
        return self.measured()

    def measured(self) -> Metrics:
        """The loss of every depth; how far, at the points, any of them is from its product."""
        row, apart = {}, 0.0
        with np.errstate(all="ignore"):
            for layers, net in enumerate(self.nets, 1):
                z = net.forward(self.inputs, sums=True).Z[-1]
                row[f"loss/{layers} layer{'s' if layers > 1 else ''}"] = float(net.losses(z, self.targets).mean())
                W, offset = product(net)
                apart = max(apart, float(np.abs(z - (W.T @ self.inputs + offset[:, None])).max()))
        if self.floor is not None:
            row["loss/best line"] = self.floor
        return row | {"apart": max(apart, LEAST)}

    def take_points(self) -> None:
        self.x, self.labels = self.points.x, self.points.y
        self.inputs = np.ascontiguousarray(self.x.T)
        self.targets = (self.labels == 0).astype(float)[None]
        X, y = np.column_stack([self.x, np.ones(len(self.x))]), self.targets[0]
        best = likeliest(X, y)  # what one layer ends at, and so what layers without a bend cannot beat
        self.floor = None if best is None else CROSS_ENTROPY.mean(best.w, X, y)

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()
        for net in self.nets:
            net.hidden = self.activation

    @action
    def merge(self) -> None:
        """Put into the one-layer network the product of the deepest: with identity nothing changes but the size."""
        W, offset = product(self.nets[-1])
        self.nets[0].W[0][:], self.nets[0].offsets[0][:] = W, offset

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        dots = Dots("x", colour="labels", size="sizes", drag="points.move", add="points.add", erase="points.erase")

        def plane(title: str, score: str, detail: str, help: str) -> Panel:
            square = {"x": "x₁", "y": "x₂", "range_x": PLANE, "range_y": PLANE, "equal": True}
            heat = Heat(score, levels=1, colours="scores")
            return Panel(title, heat, dots, detail=detail, help=help, **square)

        return Row(
            Column(
                Row(
                    plane("Deep network", "deep", "deep_said", "its score z, line at 0"),
                    plane("Its product", "single", "single_said", "one layer whose matrix is the product of them all"),
                ),
                Row(
                    Tabs(
                        Panel("Loss", Curve("loss"), x="step t", y="mean loss L"),
                        Panel(
                            "Apart",
                            Curve("apart", log_y=True),
                            x="step t",
                            y="|deep − product|",
                            help="the largest over all points and depths: rounding while nothing bends",
                        ),
                    ),
                    Panel("Collapse", Equation("update"), Note("said")),
                ),
                sizes=(6, 5),
            ),
            Column(
                Panel(
                    "At every depth",
                    Images("maps", captions="captions", chosen="hidden", pick="hidden", colours="scores", shared=False),
                    help="networks of one to six layers, all learning from the same points; click one",
                ),
                Tabs(
                    Panel("Links", Links("links"), detail="size"),
                    Panel("Product", Matrix("factors", rows="names_in", columns="names_out"), detail="rank"),
                ),
                sizes=(6, 5),
            ),
            sizes=(5, 2),
        )

    @drawn
    def scores(self) -> list[Array]:
        """The score of every network all over the plane, cut off where it is sure."""
        with np.errstate(all="ignore"):
            return [tamed(net.forward(grid(), sums=True).Z[-1][0]) for net in self.nets]

    @drawn
    def deep(self) -> Field:
        return Field(self.scores()[self.hidden], PLANE, PLANE)

    @drawn
    def single(self) -> Field:
        W, offset = product(self.nets[self.hidden])
        with np.errstate(all="ignore"):
            return Field(tamed(W[:, 0] @ grid() + offset[0]), PLANE, PLANE)

    @drawn
    def maps(self) -> Array:
        """From the top down, as pictures are."""
        return np.stack([score[::-2, ::2] for score in self.scores()])

    @drawn
    def captions(self) -> tuple[str, ...]:
        return tuple(f"{layers} layer{'s' if layers > 1 else ''}" for layers in range(1, DEPTHS + 1))

    @drawn
    def sizes(self) -> Array:
        return np.full(len(self.x), 0.06)

    @drawn
    def links(self) -> Net:
        net = self.nets[self.hidden]
        return Net(net.W, net.offsets, (), (("x₁", "x₂"), *[()] * self.hidden, ("z",)))

    @drawn
    def factors(self) -> Array:
        """The product's weights, and its offset."""
        W, offset = product(self.nets[self.hidden])
        return np.nan_to_num(np.concatenate([W, offset[None]]))

    @drawn
    def names_in(self) -> tuple[str, ...]:
        return "x₁", "x₂", "1"

    @drawn
    def names_out(self) -> tuple[str, ...]:
        return ("z",)

    # ------------------------------------------------------------ in words

    @drawn
    def deep_said(self) -> str:
        return f"{self.hidden + 1} layer{'s' if self.hidden else ''}, {self.activation}"

    @drawn
    def single_said(self) -> str:
        return "1 layer, 3 parameters"

    @drawn
    def size(self) -> str:
        return f"{self.nets[self.hidden].theta.size} parameters"

    @drawn
    def rank(self) -> str:
        return f"{self.hidden + 1} matri{'ces' if self.hidden else 'x'} in one"

    @drawn
    def difference(self) -> float:
        """The largest between the network shown and its product, all over the plane."""
        net = self.nets[self.hidden]
        W, offset = product(net)
        with np.errstate(all="ignore"):
            apart = net.forward(grid(), sums=True).Z[-1][0] - (W[:, 0] @ grid() + offset[0])
        return float(np.nan_to_num(np.abs(apart).max()))

    @drawn
    def update(self) -> Update:
        W, offset = product(self.nets[self.hidden])
        chain = r"\, ".join(f"(W^{i})^T" for i in range(self.hidden + 1, 0, -1))
        chain = chain if self.hidden < 3 else rf"(W^{self.hidden + 1})^T \cdots (W^1)^T"
        a, b = np.nan_to_num(W[:, 0])
        return Update(
            rf"W^T = {chain} \\ z = W^T x + w_0",
            {"W^T": np.array([[a, b]]), "w_0": float(np.nan_to_num(offset[0]))},
        )

    @drawn
    def said(self) -> str:
        apart = self.difference()
        if self.activation == "identity":
            return (
                f"All over the plane the two maps differ by {apart:.0e} at most: rounding. "
                "Depth changed how it learns, not what it can say: one straight line."
            )
        if not self.hidden:
            return "With one layer there is nothing between layers to bend: network and product are the same."
        return f"{self.activation} stands between the layers: the maps are up to {apart:.2g} apart."


def product(net: Network) -> tuple[Array, Array]:
    """The weights and offset of one layer that does what all the layers do if nothing bends between them."""
    W, offset = net.W[0], net.offsets[0]
    for V, more in zip(net.W[1:], net.offsets[1:]):
        W, offset = W @ V, V.T @ offset + more
    return W, offset


def tamed(z: Array) -> Array:
    return np.clip(np.nan_to_num(z), -MOST_SCORE, MOST_SCORE).reshape(SIDE, SIDE)


@lru_cache(maxsize=1)
def grid() -> Array:
    """The points of a grid over the plane (2, SIDE²), row by row from below."""
    axis = np.linspace(*PLANE, SIDE)
    return np.stack([x.ravel() for x in np.meshgrid(axis, axis)])
