"""Two layers: train the first layer too, and its lines move; leave it as chance made it, and the loss is a bowl."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lab.controls import Choice, Count, Dataset, Slider, Switch
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, Guide, Heat, Layout, Line, Note, Panel, Row, Tabs
from lab.maths.activations import ACTIVATIONS
from lab.maths.perceptrons import line_in

Array = np.ndarray
PLANE = (-6.5, 6.5)
SIDE = 90
RUNS = 4  # from the same S and four different w
AROUND = np.linspace(-1, 1, 61)  # of a slice, in units of its reach
COARSE = np.linspace(-1, 1, 25)
SCALE = 3.0  # a unit of what the network is given


class TwoLayers(Experiment):
    pace = 120
    points = Dataset(
        "circle",
        kinds=("circle", "xor", "moons", "two gaussians", "spiral"),
        n=120,
        noise=0.1,
        help="click to add a point, drag to move it, right-click to take it away",
    )
    train_S = Switch(True, symbol="S", label="Train the first layer", help="off: S stays, only w is learnt")
    units = Count(3, 1, 24, symbol="p", label="Hidden units", restarts=True, help="columns of S")
    activation = Choice(("tanh", "relu", "sin"), symbol="σ", help="of the hidden units")
    loss = Choice(("hinge", "logistic"), symbol="ℓ", help="of the margin y f(x)")
    spread = Slider(1.0, 0.1, 4, log=True, symbol="s", restarts=True, label="Size of S", help="spread of its entries")
    rate = Slider(0.15, 0.01, 2, log=True, symbol="η", label="Learning rate", help="how far a step goes")
    reach = Slider(
        6.0,
        0.2,
        20,
        log=True,
        view=True,
        symbol="r",
        label="Reach of slices",
        help="how far the slices go to each side",
    )

    metrics = {"losses": "ℓ", "moved": "|S − S(0)|", "wrong": "share wrong"}
    fixed = ("x", "labels", "X", "y", "first_S", "ways")
    diverges = "The rate is so high that each step throws the weights farther out than the last."
    prompts = (
        ("Freeze the first layer: do the four runs meet?", {"train_S": False}),
        ("Train both: the same S, four w, four ends?", {"train_S": True}),
        ("Frozen, but 24 random units: is learning S needed?", {"train_S": False, "units": 24}),
        ("Let go while it is frozen: watch the lines set off", {"train_S": False, "units": 6, "points": "xor"}),
    )
    presets = {
        "Both layers": {},
        "Random features: S frozen": {"train_S": False},
        "Eight units, both layers": {"units": 8},
        "24 random features, S frozen": {"units": 24, "train_S": False},
        "Fails: S so large that tanh is flat": {"spread": 4.0, "train_S": True, "points": "spiral"},
    }
    tiny = {"points": {"n": 24}, "units": 3}

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        """f(x) = wᵀ σ(Sᵀ x), x with a 1 appended. S (3, p) is the same in every run, w (p,) is not."""
        self.take_points()
        self.first_S = self.spread * self.rng.normal(size=(3, self.units))
        self.S = np.repeat(self.first_S[None], RUNS, axis=0)
        self.w = self.rng.normal(size=(RUNS, self.units)) / self.units**0.5
        along = self.rng.normal(size=(3, self.units + self.first_S.size))
        self.ways = along / np.linalg.norm(along, axis=1, keepdims=True)
        return self.measured()

    def step(self) -> Metrics:
        """Gradient descent on the mean loss of all points: on w, and on S where it is trained."""
        with np.errstate(all="ignore"):
            Z, A, f = self.forward()
            pull = self.slope(self.y * f) * self.y / len(self.y)
            dw = (pull[:, None] @ A)[:, 0]
            back = pull[:, :, None] * self.w[:, None] * ACTIVATIONS[self.activation].slope(Z, A)
            self.w = self.w - self.rate * dw
            if self.train_S:
                self.S = self.S - self.rate * self.X.T @ back
            return self.measured()

    def forward(self) -> tuple[Array, Array, Array]:
        """Of every run Z and A (runs, n, p), and f (runs, n)."""
        Z = self.X @ self.S
        A = ACTIVATIONS[self.activation].f(Z)
        return Z, A, (A @ self.w[:, :, None])[:, :, 0]

    def height(self, margin: Array) -> Array:
        """ℓ of the margins y f(x)."""
        return np.maximum(0, 1 - margin) if self.loss == "hinge" else np.logaddexp(0, -margin)

    def slope(self, margin: Array) -> Array:
        """ℓ′ of the margins."""
        if self.loss == "hinge":
            return -(margin < 1).astype(float)
        return np.asarray((np.tanh(margin / 2) - 1) / 2)  # −1 / (1 + eᵐ)

    def measured(self) -> Metrics:
        f = self.forward()[2]
        row = {f"losses/run {i}": float(v) for i, v in enumerate(self.height(self.y * f).mean(axis=1), 1)}
        row["moved"] = float(np.linalg.norm(self.S[0] - self.first_S))
        return row | {"wrong": float((self.y * f[0] <= 0).mean())}

    def take_points(self) -> None:
        self.x, self.labels = self.points.x, self.points.y
        self.X = np.column_stack([self.x / SCALE, np.ones(len(self.x))])
        self.y = np.where(self.labels == 0, 1.0, -1.0)

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()

    @action
    def move_line(self, index: int, x: float, y: float) -> None:
        """Drag the foot of a hidden unit's line, the place on it nearest to the middle, in all runs."""
        if not 0 <= index < self.units:
            raise ValueError(f"move_line: there is no hidden unit {index}; they are 0 to {self.units - 1}")
        foot = np.array([x, y]) / SCALE
        far = float(np.linalg.norm(foot))
        if not 1e-3 < far < 1e3:
            raise ValueError("move_line: drag the line to a place beside the middle, where it has a direction")
        size = float(np.linalg.norm(self.S[0, :2, index])) or 1.0
        turned = np.append(size * foot / far, -size * far)
        if self.S[0, :2, index] @ foot < 0:
            turned = -turned  # its positive side stays where it was
        S = self.S.copy()
        S[:, :, index] = turned
        self.S = S

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        dots = Dots("x", colour="labels", size="sizes", drag="points.move", add="points.add", erase="points.erase")
        square = {"x": "x₁", "y": "x₂", "range_x": PLANE, "range_y": PLANE, "equal": True}
        return Row(
            Column(
                Panel(
                    "Plane",
                    Heat("score", levels=1, colours="scores"),
                    Line("lines_at_start", tint="quiet", dashed=True, width=1, label="at the start"),
                    Line("lines", tint="warn", width=2, label="columns of S"),
                    dots,
                    Dots("feet", shape="diamond", tint="warn", drag="move_line"),
                    detail="size",
                    help="run 1: where each hidden unit has z = 0, and the score; drag a diamond to move its line",
                    **square,
                ),
                Panel("Update", Equation("update"), Note("said"), detail="what_learns"),
                sizes=(5, 3),
            ),
            Column(
                Panel(
                    "From (w, S) to (−w, −S)",
                    Line("through_zero_w", tint="accent", width=3, label="t·w, S stays"),
                    Line("through_zero", tint="warn", width=3, label="t·w, t·S"),
                    Guide(x="ends"),
                    x="t",
                    y="ℓ",
                    help="run 1 is at t = 1. With an odd σ, (−w, −S) is the same network: equal ends, a hill between",
                ),
                Tabs(
                    Panel("Loss", Curve("losses"), x="step t", y="mean ℓ", help="four starts of w, one of S"),
                    Panel(
                        "Random slice",
                        Line("in_w", label="w alone", tint="accent", width=3),
                        Line("in_both", label="w and S", tint="warn", width=2.5),
                        Guide(x="origin"),
                        x="distance along a random direction",
                        y="ℓ",
                        help="through run 1 where it stands (0): in w it is convex, in w and S it need not be",
                    ),
                    Panel("Bowl in w", Heat("bowl"), x="along one way in w", y="along another in w", equal=True),
                    Panel("In w and S", Heat("rough"), x="along a way in w", y="along a way in S", equal=True),
                ),
                sizes=(1, 1),
            ),
        )

    @drawn
    def score(self) -> Field:
        with np.errstate(all="ignore"):
            f = ACTIVATIONS[self.activation].f(grid() @ self.S[0]) @ self.w[0]
        return Field(np.clip(np.nan_to_num(f), -4, 4).reshape(SIDE, SIDE), PLANE, PLANE)

    def drawn_lines(self, S: Array) -> tuple[Array, ...]:
        found = (line_in(s * (1 / SCALE, 1 / SCALE, 1), PLANE[1]) for s in np.nan_to_num(S).T)
        return tuple(line for line in found if len(line))

    @drawn
    def lines(self) -> tuple[Array, ...]:
        return self.drawn_lines(self.S[0])

    @drawn
    def lines_at_start(self) -> tuple[Array, ...]:
        return self.drawn_lines(self.first_S)

    @drawn
    def feet(self) -> Array:
        """The place of each line that is nearest to the middle; far ones wait at the edge."""
        S = np.nan_to_num(self.S[0])
        long = np.maximum((S[:2] ** 2).sum(axis=0), 1e-12)
        return np.clip((-SCALE * S[2] * S[:2] / long).T, -6.3, 6.3)

    @drawn
    def sizes(self) -> Array:
        return np.full(len(self.x), 0.06)

    def slice_of(self, t: Array, w: Array, S: Array) -> Array:
        """The mean loss of networks w (k, p) and S (k, 3, p)."""
        with np.errstate(all="ignore"):
            f = (ACTIVATIONS[self.activation].f(self.X @ S) @ w[:, :, None])[:, :, 0]
            return np.column_stack([t, np.nan_to_num(self.height(self.y * f).mean(axis=1), posinf=1e6)])

    def way(self, i: int) -> tuple[Array, Array]:
        """A random direction's part in w and its part in S, each of length 1."""
        in_w, in_S = np.split(self.ways[i], [self.units])
        return in_w / np.linalg.norm(in_w), in_S.reshape(3, -1) / np.linalg.norm(in_S)

    @drawn
    def in_w(self) -> Array:
        t = self.reach * AROUND
        w = self.w[0] + t[:, None] * self.way(0)[0]
        return self.slice_of(t, w, self.S[:1])

    @drawn
    def in_both(self) -> Array:
        t = self.reach * AROUND
        in_w, in_S = (part / 2**0.5 for part in self.way(0))
        return self.slice_of(t, self.w[0] + t[:, None] * in_w, self.S[0] + t[:, None, None] * in_S)

    @drawn
    def through_zero(self) -> Array:
        t = 1.5 * AROUND
        return self.slice_of(t, t[:, None] * self.w[0], t[:, None, None] * self.S[0])

    @drawn
    def through_zero_w(self) -> Array:
        t = 1.5 * AROUND
        return self.slice_of(t, t[:, None] * self.w[0], self.S[:1])

    def ground(self, first: Array, second: Array, in_S: Array) -> Field:
        """The loss at w + a·first + b·second and S + b·in_S: across a, upright b."""
        t = self.reach * COARSE
        w = self.w[0] + t[None, :, None] * first + t[:, None, None] * second
        with np.errstate(all="ignore"):
            A = ACTIVATIONS[self.activation].f(self.X @ (self.S[0] + t[:, None, None] * in_S))
            f = w @ A.swapaxes(1, 2)
            heights = np.nan_to_num(self.height(self.y * f).mean(axis=2), posinf=1e6)
        return Field(heights, (-self.reach, self.reach), (-self.reach, self.reach))

    @drawn
    def bowl(self) -> Field:
        return self.ground(self.way(0)[0], self.way(1)[0], np.zeros_like(self.first_S))

    @drawn
    def rough(self) -> Field:
        return self.ground(self.way(0)[0], np.zeros(self.units), self.way(2)[1])

    @drawn
    def origin(self) -> Array:
        return np.zeros(1)

    @drawn
    def ends(self) -> Array:
        return np.array([-1.0, 1.0])

    # ------------------------------------------------------------ in words

    @drawn
    def size(self) -> str:
        return f"p + dp = {4 * self.units}"

    @drawn
    def what_learns(self) -> str:
        return "w and S learn" if self.train_S else "w learns, S stays"

    @drawn
    def update(self) -> Update:
        latex = r"f(x) = w^T \sigma(S^T x)"
        numbers = {r"\eta": self.rate}
        latex += r" \\ w \leftarrow w - \eta\, \nabla_w L"
        latex += r" \qquad S \leftarrow S - \eta\, \nabla_S L" if self.train_S else r" \qquad S \leftarrow S"
        return Update(latex, numbers)

    @drawn
    def said(self) -> str:
        if not (np.isfinite(self.w).all() and np.isfinite(self.S).all()):
            return "The weights have left the range of numbers. Start again with a smaller η."
        ends = self.height(self.y * self.forward()[2]).mean(axis=1)
        apart = float(ends.max() - ends.min())
        wrong = int((self.y * self.forward()[2][0] <= 0).sum())
        told = f"{wrong} of {len(self.y)} points are wrong. The four runs' losses are {apart:.2g} apart"
        if self.train_S:
            return told + ": the lines move, w and S multiply, and there are many minima to end in."
        return told + ": the lines stay, the loss is convex in w, and every run goes to the same height."


@lru_cache(maxsize=1)
def grid() -> Array:
    """Places all over the plane as the network is given them (SIDE², 3), row by row from below."""
    axis = np.linspace(*PLANE, SIDE) / SCALE
    across, up = (part.ravel() for part in np.meshgrid(axis, axis))
    return np.column_stack([across, up, np.ones(SIDE * SIDE)])
