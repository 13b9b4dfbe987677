"""skips: one deep network with skip connections and one without, and the ground about each on a random plane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Dataset, Slider, Switch
from lab.experiment import Experiment, Field, Metrics, Update, drawn
from lab.experiments.descent.loss_landscape._training import BENDS, Dense, Descent, Shuffled, descend
from lab.marks import Column, Curve, Dots, Equation, Heat, Line, Note, Panel, Row, Surface, Tabs
from lab.maths.layers import Network
from lab.maths.optimisers import RULES, State
from lab.maths.planes import within
from lab.maths.weight_planes import (
    Path,
    Plane,
    filter_normalised,
    filters_of,
    first_side,
    heights,
    hollows,
    path_plane,
    refined,
)

PLAIN, SKIPS = "plain", "skips"
RANDOM, PCA = "one random pair", "PCA of each path"
DEAD = 1e-4  # of a gradient's length in its last layer


@dataclass
class Walker:
    """One of the two networks in training."""

    net: Network
    averages: State
    path: Path


class Skips(Dense, Descent, Experiment):
    points = Dataset(
        "circle", kinds=("moons", "circle", "xor", "spiral", "blobs", "two gaussians", "line"), n=150, noise=0.1,
        help="what both learn",
    )  # fmt: skip
    width = Count(10, 1, 32, symbol="m", restarts=True, help="units in each hidden layer")
    depth = Count(12, 2, 24, label="Hidden layers", restarts=True, help="a skip passes each of them but the first")
    activation = Choice(BENDS, "relu", symbol="f", restarts=True, help="what a hidden unit makes of its sum z")
    batch_norm = Switch(
        True, restarts=True, help="each hidden sum moved to mean 0 and variance 1; else sums grow from skip to skip"
    )
    rate = Slider(0.01, 1e-4, 3, log=True, symbol="η", help="how far a step goes, for both alike")
    plane = Choice([RANDOM, PCA], view=True, help="the same two random directions for both, in each unit's own length")
    zoom = Slider(1, 0.05, 20, log=True, symbol="×", view=True, help="how far the windows go")
    resolution = Count(21, 5, 49, view=True, label="Grid", help="places along each edge while it runs; at rest twice")

    metrics = {"loss": "L", "right": "A"}
    fixed = ("losses", "spare", "filters")
    prompts = (
        ("Twelve layers: which ground would you rather walk down?", {"depth": 12}),
        ("Three layers: do skips still matter?", {"depth": 3}),
        (
            "Tanh without batch norm: where do the plain one's gradients go?",
            {"activation": "tanh", "batch_norm": False},
        ),
        ("Each on the plane of its own path", {"plane": PCA}),
        ("Wide layers: is the plain ground smoother?", {"width": 32}),
    )
    presets = {
        "Shallow": {"depth": 3},
        "Deep, without batch norm": {"activation": "tanh", "depth": 16, "batch_norm": False, "rate": 0.02},
    }
    tiny = {"points": {"n": 20}, "width": 3, "depth": 3, "resolution": 5}
    diverges = "The rate is past what the curvature allows: each step overshoots more than the last."

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        """Skips bring no weights of their own, so both begin with the same."""
        plain = self.network(self.rng, False)
        other = plain.twin(np.float32)
        other.skips = True
        begin = RULES[self.optimiser].begin
        self.walkers = {name: Walker(net, begin(net.theta), Path()) for name, net in ((PLAIN, plain), (SKIPS, other))}
        self.filters = filters_of(plain)
        self.spare = self.rng.normal(size=(2, plain.theta.size)).astype(np.float32)
        self.batches = Shuffled()
        self.take_points()
        self.remember(0)
        return self.measured()

    def step(self) -> Metrics:
        """Both take the same mini-batch."""
        some = self.batches.take(self.rng, len(self.points.x), self.batch)
        for name, one in self.walkers.items():
            descend(one.net, self.losses[name], some, self.optimiser, one.averages, self.knobs())
        self.remember(self.t + 1)
        return self.measured()

    def remember(self, t: int) -> None:
        self.plain, self.skipping = (one.net.theta.copy() for one in self.walkers.values())
        for one in self.walkers.values():
            one.path = one.path.with_place(t, one.net.theta)

    def measured(self) -> Metrics:
        row: Metrics = {}
        for name, one in self.walkers.items():
            losses, theta = self.losses[name], one.net.theta[None]
            with np.errstate(all="ignore"):
                row |= {f"loss/{name}": float(losses(theta)[0]), f"right/{name}": float(losses.right(theta)[0])}
        return row

    def take_points(self) -> None:
        self.losses = {name: self.losses_of(one.net) for name, one in self.walkers.items()}

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()
        elif name == "optimiser":
            for one in self.walkers.values():
                one.averages = RULES[self.optimiser].begin(one.net.theta)

    # ------------------------------------------------------------ the ground about each

    def view(self, name: str) -> tuple[Plane, float, np.ndarray]:
        """The plane through a network as it is, half the window's width, and the path's weights."""
        one = self.walkers[name]
        now = np.nan_to_num(one.net.theta, posinf=1e6, neginf=-1e6)
        weights = np.nan_to_num(one.path.upto(self.t, now)[1], posinf=1e6, neginf=-1e6)
        if self.plane == RANDOM:
            along = np.stack([filter_normalised(d, now, self.filters) for d in self.spare])
            return Plane(now, along), self.zoom, weights
        plane = path_plane(weights, now, self.spare)
        farthest = 1.3 * float(np.abs(plane.project(weights)[0]).max()) + 0.05 * float(np.linalg.norm(now)) + 1e-3
        return plane, self.zoom * 2 ** (np.ceil(2 * np.log2(farthest)) / 2), weights

    def ground(self, name: str) -> Iterator[Field]:
        plane, half, _ = self.view(name)
        ends = (-half, half)
        for z in refined(self.losses[name], plane, ends, ends, self.resolution, 1, self.losses[name].cost):
            yield Field(z, ends, ends)

    @drawn(on=("plain", "losses", "plane", "zoom", "resolution"))
    def plain_ground(self) -> Iterator[Field]:
        yield from self.ground(PLAIN)

    @drawn(on=("skipping", "losses", "plane", "zoom", "resolution"))
    def skips_ground(self) -> Iterator[Field]:
        yield from self.ground(SKIPS)

    def walked(self, name: str) -> tuple[np.ndarray, ...]:
        plane, half, weights = self.view(name)
        return within(plane.project(weights)[0], (-half, half), (-half, half))

    @drawn
    def plain_walked(self) -> tuple[np.ndarray, ...]:
        return self.walked(PLAIN)

    @drawn
    def skips_walked(self) -> tuple[np.ndarray, ...]:
        return self.walked(SKIPS)

    @drawn
    def middle(self) -> np.ndarray:
        return np.zeros((1, 2))

    @drawn
    def plain_height(self) -> np.ndarray:
        return heights(self.losses[PLAIN], self.view(PLAIN)[0], np.zeros((1, 2)))

    @drawn
    def skips_height(self) -> np.ndarray:
        return heights(self.losses[SKIPS], self.view(SKIPS)[0], np.zeros((1, 2)))

    def counted(self, name: str, field: Field) -> str:
        """On the places of the first picture, so that refining it changes no number."""
        z = np.asarray(field.z)
        apart = (len(z) - 1) // (first_side(self.resolution, self.losses[name].cost) - 1)
        many = hollows(z[::apart, ::apart])
        return f"{many} hollow{'' if many == 1 else 's'} seen"

    @drawn
    def plain_hollows(self) -> str:
        return self.counted(PLAIN, self.plain_ground())

    @drawn
    def skips_hollows(self) -> str:
        return self.counted(SKIPS, self.skips_ground())

    # ------------------------------------------------------------ gradients, layer by layer

    @drawn(on=("plain", "skipping", "losses"))
    def slopes(self) -> np.ndarray:
        """log₁₀ of |∂L/∂W| in each layer, over all points: plain first."""
        rows = []
        for name, one in self.walkers.items():
            twin = one.net.twin(np.float64)
            with np.errstate(all="ignore"):
                twin.backward(self.losses[name].x, self.losses[name].y)
                sizes = [float(np.linalg.norm(dW)) for dW in twin.dW]
            rows.append(np.clip(np.nan_to_num(sizes), 1e-12, 1e12))
        return np.array(rows)

    @drawn
    def slope_lines(self) -> tuple[np.ndarray, ...]:
        layers = np.arange(1, self.depth + 2)
        return tuple(np.column_stack([layers, row]) for row in self.slopes())

    @drawn
    def plain_slopes(self) -> np.ndarray:
        return self.slope_lines()[0]

    @drawn
    def skips_slopes(self) -> np.ndarray:
        return self.slope_lines()[1]

    # ------------------------------------------------------------ words

    @drawn
    def update(self) -> Update:
        rows = self.slopes()
        return Update(
            r"A^l = f(Z^l) + A^{l-1} \\ |\partial L / \partial W^1| = g",
            {"g": rows[1, 0]},
        )

    @drawn
    def said(self) -> str:
        plain, skips = self.slopes()
        fall = plain[0] / plain[-1]
        first = f"Without skips the first layer's gradient is {plain[0]:.1g}, with them {skips[0]:.1g}. "
        if fall < DEAD or plain.max() < DEAD:
            return (
                first + "Nothing comes through to the plain one's first layers: it lies on a plateau and cannot learn."
            )
        losses = [float(heights(self.losses[n], self.view(n)[0], np.zeros((1, 2)))[0]) for n in (PLAIN, SKIPS)]
        if losses[1] < 0.5 * losses[0]:
            return first + f"With skips the loss is {round(losses[0] / max(losses[1], 1e-9)):,} times lower already."
        if losses[0] < 0.5 * losses[1]:
            return first + "This time the plain one is ahead: it is not too deep to learn without skips."
        return first + "Both are about as low."

    def panels(self) -> marks.Layout:
        axes = {"x": "a along d₁", "y": "b along d₂"}

        def side(title: str, name: str) -> Tabs:
            return Tabs(
                Panel(
                    f"{title}, lit",
                    Surface(f"{name}_ground", points="middle", heights=f"{name}_height", log=True),
                    **axes,
                    detail=f"{name}_hollows",
                ),
                Panel(
                    title,
                    Heat(f"{name}_ground", log=True, bar=True),
                    Line(f"{name}_walked", tint="text", width=2.5),
                    Dots("middle", shape="star", tint="text", big=True),
                    **axes,
                    detail=f"{name}_hollows",
                    help="the loss about the network as it is; line: its run, where the plane comes nearest to it. "
                    "Hollows: places of the grid lower than all their neighbours",
                ),
            )

        return Column(
            Row(side("Without skips", "plain"), side("With skips", "skips")),
            Row(
                Tabs(
                    Panel("Loss", Curve("loss", log_y=True), x="step t", y="L"),
                    Panel("Right", Curve("right"), x="step t", y="share right"),
                ),
                Panel(
                    "Gradient by layer",
                    Line("plain_slopes", label=PLAIN, tint="0"),
                    Line("skips_slopes", label=SKIPS, tint="1"),
                    x="layer l",
                    y="|∂L/∂Wˡ|",
                    log_y=True,
                ),
                Panel("Layer", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )
