"""Symmetry: units that start equal stay equal and draw one line; a little noise breaks the tie, chance does at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lab.controls import Choice, Count, Dataset, Slider
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Bars, Column, Curve, Dots, Equation, Field, Heat, Images, Line, Matrix, Note, Panel, Row, Tabs
from lab.maths.activations import ACTIVATIONS, sigmoid
from lab.maths.perceptrons import line_in

Array = np.ndarray
PLANE = (-6.5, 6.5)
SIDE = 72
SEEDS = 12
LEAST = 1e-17  # where the logarithm of a distance ends
SAME = 1e-9  # columns nearer than this are one
RANDOM, CONSTANT, NEARLY, ZERO = "random", "constant", "constant and noise", "zero"


class Symmetry(Experiment):
    pace = 60
    points = Dataset(
        "circle",
        kinds=("circle", "xor", "moons", "two gaussians"),
        n=80,
        noise=0.1,
        help="click to add a point, drag to move it, right-click to take it away",
    )
    begin = Choice((NEARLY, CONSTANT, ZERO, RANDOM), label="First weights", restarts=True, help="of all layers")
    size = Slider(
        0.5, 0.05, 2, symbol="c", restarts=True, when={"begin": (NEARLY, CONSTANT)}, help="the constant weight"
    )
    noise = Slider(
        1e-4,
        1e-9,
        0.3,
        log=True,
        symbol="ε",
        restarts=True,
        when={"begin": (NEARLY,)},
        help="spread of what is added to each weight",
    )
    units = Count(4, 2, 8, symbol="m", label="Hidden units", restarts=True, help="in the one hidden layer")
    activation = Choice(("tanh", "relu", "sigmoid"), symbol="f", help="of the hidden units")
    rate = Slider(1.0, 0.01, 2, log=True, symbol="η", label="Learning rate", help="how far a step goes")
    run = Count(0, 0, SEEDS - 1, view=True, label="Run shown", help="one of twelve: click on its map")

    metrics = {"loss": "L", "gap": "of run 1"}
    fixed = ("x", "labels", "X", "y")
    diverges = "The rate is so high that each step throws the weights farther out than the last."
    prompts = (
        ("All weights 0: what can still learn?", {"begin": ZERO}),
        ("All weights equal: four units, or one?", {"begin": CONSTANT}),
        ("A billionth of noise: how long does the tie hold?", {"begin": NEARLY, "noise": 1e-9}),
        ("Random: do twelve seeds end in one border?", {"begin": RANDOM, "points": "xor"}),
        ("Two units and chance: how many solve XOR?", {"begin": RANDOM, "units": 2, "points": "xor"}),
    )
    presets = {
        "A tie, broken by a little noise": {},
        "Fails: zero, for hidden units get no gradient": {"begin": ZERO},
        "Fails: constant, for four units are one": {"begin": CONSTANT},
        "Random: twelve ways to XOR": {"points": "xor", "begin": RANDOM},
    }
    tiny = {"points": {"n": 20}, "units": 2}

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        """Twelve networks 2-m-1 side by side: W (12, 2, m), W₀ (12, 1, m), v (12, m, 1), v₀ (12, 1, 1)."""
        self.take_points()
        m = self.units
        shapes = (2, m), (1, m), (m, 1), (1, 1)
        spreads = (2**-0.5, 1.0, m**-0.5, 0.0)
        self.parts = []
        for shape, spread in zip(shapes, spreads):
            drawn_at_random = self.rng.normal(size=(SEEDS, *shape))
            if self.begin == RANDOM:
                self.parts.append(spread * drawn_at_random)
            elif self.begin == ZERO:
                self.parts.append(np.zeros((SEEDS, *shape)))
            else:
                noise = self.noise if self.begin == NEARLY else 0.0
                self.parts.append(self.size + noise * drawn_at_random)
        return self.measured()

    def step(self) -> Metrics:
        """Gradient descent on all points. Equal columns of W with equal v are given equal gradients."""
        with np.errstate(all="ignore"):
            self.parts = [part - self.rate * slope for part, slope in zip(self.parts, self.gradients())]
            return self.measured()

    def forward(self, X: Array) -> tuple[Array, Array, Array]:
        """Z and A of the hidden layer, and the scores, for points (n, 2); a row of each is a point."""
        W, W0, v, v0 = self.parts
        Z = X @ W + W0
        A = ACTIVATIONS[self.activation].f(Z)
        return Z, A, A @ v + v0

    def gradients(self) -> list[Array]:
        Z, A, scores = self.forward(self.X)
        delta = (sigmoid(scores) - self.y) / len(self.y)
        back = delta @ self.parts[2].swapaxes(1, 2) * ACTIVATIONS[self.activation].slope(Z, A)
        return [
            self.X.T @ back,
            back.sum(axis=1, keepdims=True),
            A.swapaxes(1, 2) @ delta,
            delta.sum(axis=1, keepdims=True),
        ]

    def measured(self) -> Metrics:
        """The twelve losses; of the first run how far its units are apart, and how near W is to rank one."""
        scores = self.forward(self.X)[2]
        losses = (np.logaddexp(0, scores) - self.y * scores).mean(axis=(1, 2))
        W = self.parts[0]
        row = {f"loss/{i}": float(loss) for i, loss in enumerate(losses, 1)}
        row["gap/largest |wᵤ − w₁|"] = max(float(np.abs(W[0] - W[0, :, :1]).max()), LEAST)
        first, second = singular(W[0])
        row["gap/σ₂ ÷ σ₁ of W"] = max(second / first, LEAST) if first else LEAST
        return row

    @action
    def nudge(self) -> None:
        """Break the tie: add a millionth of noise to every weight."""
        self.parts = [part + 1e-6 * self.rng.normal(size=part.shape) for part in self.parts]

    def take_points(self) -> None:
        self.x, self.labels = self.points.x, self.points.y
        self.X, self.y = self.x / 3, (self.labels == 0).astype(float)[:, None]

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()

    # ------------------------------------------------------------ pictures

    panels = Row(
        Column(
            Panel(
                "Hidden lines",
                Heat("score", levels=1, colours="scores"),
                Line("lines", width=3),
                Dots("x", colour="labels", size="sizes", drag="points.move", add="points.add", erase="points.erase"),
                x="x₁",
                y="x₂",
                range_x=PLANE,
                range_y=PLANE,
                equal=True,
                detail="coincide",
                help="one line a hidden unit, where its sum is 0; the colours are the score of the network",
            ),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(5, 3),
        ),
        Column(
            Panel(
                "Twelve runs",
                Images(
                    "maps", captions="captions", chosen="run", pick="run", colours="scores", columns=4, shared=False
                ),
                help="the same points, twelve draws of first weights: click one",
            ),
            Tabs(
                Panel("Loss", Curve("loss", faint=True), x="step t", y="mean loss L"),
                Panel("Apart", Curve("gap", log_y=True), x="step t", y="in run 1"),
                Panel("W", Matrix("weights", rows="names_in", columns="names_out"), detail="rank"),
                Panel("Singular values", Bars("values", labels="value_names"), y="σ of W", detail="rank"),
            ),
            sizes=(5, 4),
        ),
        sizes=(1, 1),
    )  # fmt: skip

    @drawn
    def scores(self) -> Array:
        """(runs, SIDE²), cut off where they are sure."""
        with np.errstate(all="ignore"):
            return np.clip(np.nan_to_num(self.forward(grid() / 3)[2][:, :, 0]), -8, 8)

    @drawn
    def score(self) -> Field:
        return Field(self.scores()[self.run].reshape(SIDE, SIDE), PLANE, PLANE)

    @drawn
    def maps(self) -> Array:
        return self.scores().reshape(SEEDS, SIDE, SIDE)[:, ::-2, ::2]

    @drawn
    def captions(self) -> tuple[str, ...]:
        with np.errstate(all="ignore"):
            wrong = ((self.forward(self.X)[2] > 0) != self.y).sum(axis=(1, 2))
        return tuple("all right" if not count else f"{count} wrong" for count in wrong.tolist())

    @drawn
    def weights(self) -> Array:
        """W over its offsets, of the run shown."""
        return np.nan_to_num(np.concatenate([self.parts[0][self.run], self.parts[1][self.run]]))

    @drawn
    def lines(self) -> tuple[Array, ...]:
        """Where each unit's sum is 0; in the units of the plane."""
        found = (line_in(w * (1 / 3, 1 / 3, 1), PLANE[1]) for w in self.weights().T)
        return tuple(line for line in found if len(line))

    @drawn
    def names_in(self) -> tuple[str, ...]:
        return "x₁", "x₂", "1"

    @drawn
    def names_out(self) -> tuple[str, ...]:
        return tuple(f"z{chr(0x2081 + u)}" for u in range(self.units))

    @drawn
    def values(self) -> Array:
        return np.array(singular(self.weights()[:2]))

    @drawn
    def value_names(self) -> tuple[str, ...]:
        return "σ₁", "σ₂"

    @drawn
    def sizes(self) -> Array:
        return np.full(len(self.x), 0.06)

    # ------------------------------------------------------------ in words

    def distinct(self) -> int:
        """How many different columns W has, offsets with them."""
        columns = self.weights().T
        far = np.abs(columns[:, None] - columns).max(axis=2) >= SAME
        return sum(bool(far[u, :u].all()) for u in range(self.units))

    @drawn
    def coincide(self) -> str:
        count = self.distinct()
        return f"{count} different unit{'s' if count > 1 else ''} of {self.units}"

    @drawn
    def rank(self) -> str:
        first, second = self.values()
        return f"rank {int(first > SAME) + int(second > SAME)}, σ₂ = {second:.2g}"

    @drawn
    def update(self) -> Update:
        """The gradients of the first two units: equal, while the units are."""
        with np.errstate(all="ignore"):
            slopes = np.nan_to_num(self.gradients()[0][self.run])
        first, second = r"\frac{\partial L}{\partial w_1}", r"\frac{\partial L}{\partial w_2}"
        return Update(
            rf"w_u \leftarrow w_u - \eta\, \frac{{\partial L}}{{\partial w_u}} \\ {first} \quad {second}",
            {r"\eta": self.rate, first: slopes[:, 0], second: slopes[:, 1]},
        )

    @drawn
    def said(self) -> str:
        parts = [part[self.run] for part in self.parts]
        if not np.isfinite(parts[0]).all():
            return "The weights have left the range of numbers. Start again with a smaller η."
        if not parts[0].any():
            return "Every hidden unit has the weights 0 and gets the gradient 0: only the offset of the output learns."
        count = self.distinct()
        if count == 1:
            return (
                f"All {self.units} units have the same weights, so the same gradient, so the same weights for ever: "
                "they are one unit, and one unit draws one straight line."
            )
        apart = float(np.abs(parts[0] - parts[0][:, :1]).max())
        if apart < 0.1:
            return f"The tie is breaking: the units are {apart:.1g} apart and still draw nearly one line."
        return f"{count} different units. From here each of the twelve starts goes its own way."


def singular(W: Array) -> tuple[float, float]:
    """Both singular values of W (2, m), the larger first."""
    if not np.isfinite(W).all():
        return 0.0, 0.0
    first, second = np.linalg.svd(W, compute_uv=False)
    return float(first), float(second)


@lru_cache(maxsize=1)
def grid() -> Array:
    """The points of a grid over the plane (SIDE², 2), row by row from below."""
    axis = np.linspace(*PLANE, SIDE)
    return np.stack([x.ravel() for x in np.meshgrid(axis, axis)], axis=1)
