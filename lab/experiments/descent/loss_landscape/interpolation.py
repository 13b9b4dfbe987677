"""interpolation: two networks trained apart, and the loss all along the straight line between their weights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider, Switch
from lab.experiment import Experiment, Field, Metrics, Update, drawn
from lab.experiments.descent.loss_landscape._training import Dense, Descent, Shuffled, decided, descend
from lab.marks import Column, Curve, Dots, Equation, Guide, Heat, Line, Note, Panel, Regions, Row, Surface, Tabs
from lab.maths.layers import Network
from lab.maths.optimisers import RULES
from lab.maths.planes import within
from lab.maths.weight_planes import DenseLosses, Loss, Path, Plane, heights, matched, refined

REACH = 6.0
LINE = np.linspace(-0.5, 1.5, 81)
BETWEEN = np.linspace(0, 1, 21)
START, BATCHES, LARGE = "another start", "same start, other batches", "same start, batches × 16"
TEST = 0.3
LOW = 0.15  # a rise that nobody would call a barrier


class Interpolation(Dense, Descent, Experiment):
    second = Choice([START, BATCHES, LARGE], label="Second network", restarts=True, help="in what B differs from A")
    alike = Count(
        0, 0, 500, label="Apart from step", restarts=True, when={"second": (BATCHES, LARGE)},
        help="until then B does just what A does",
    )  # fmt: skip
    matched = Switch(
        False, label="Match units", view=True,
        help="B's units put in the order in which they are most like A's: all its answers stay the same",
    )  # fmt: skip
    s = Slider(0.5, -0.5, 1.5, symbol="s", view=True, label="Place on the line", help="0: network A, 1: network B")
    resolution = Count(21, 5, 49, view=True, label="Grid", help="places along each edge; at rest 4 times as many")

    metrics = {"loss": "L", "barrier": "barrier", "apart": "|θ_A − θ_B|"}
    fixed = ("losses", "tested")
    prompts = (
        ("Two starts: how high is the barrier between two good networks?", {"second": START}),
        ("The same, B's units put in A's order: what is left of it?", {"second": START, "matched": True}),
        ("One start, other batches: is there a barrier at all?", {"second": BATCHES}),
        ("Alike for 60 steps, then apart: how far do they get?", {"second": BATCHES, "alike": 60}),
        ("Small batches against large ones: which valley is wider?", {"second": LARGE, "batch": 4}),
    )
    presets = {
        "Narrow: a high barrier": {"width": 6, "points": "spiral", "optimiser": "Adam", "rate": 0.02},
        "Wide: a low one": {"width": 64},
    }
    tiny = {"points": {"n": 30}, "width": 4, "resolution": 5}
    diverges = "The rate is past what the curvature allows: each step overshoots more than the last."

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        first = self.network(self.rng, False)
        other = self.network(self.rng, False) if self.second == START else first.twin(np.float32)
        self.nets: list[Network] = [first, other]
        self.averages = [RULES[self.optimiser].begin(net.theta) for net in self.nets]
        self.batches = [Shuffled(), Shuffled()]
        self.paths = [Path(), Path()]
        self.take_points()
        self.remember(0)
        return self.measured()

    def step(self) -> Metrics:
        """A step of A and one of B, each on a batch of its own."""
        sizes = (self.batch, self.batch * 16 if self.second == LARGE else self.batch)
        n = self.losses.x.shape[1]
        for net, averages, batches, size in zip(self.nets, self.averages, self.batches, sizes):
            descend(net, self.losses, batches.take(self.rng, n, size), self.optimiser, averages, self.knobs())
        if self.second != START and self.t < self.alike:
            self.nets[1] = self.nets[0].twin(np.float32)
            self.averages[1] = dict(self.averages[0])
        self.remember(self.t + 1)
        return self.measured()

    def remember(self, t: int) -> None:
        self.pair = np.stack([net.theta for net in self.nets])
        self.paths = [path.with_place(t, theta) for path, theta in zip(self.paths, self.pair)]

    def measured(self) -> Metrics:
        a, b = heights(self.losses, self.line(self.pair), on_line(np.array([0, 1]))).tolist()
        apart = float(np.linalg.norm(self.pair[1] - self.pair[0]))
        return {"loss/A": a, "loss/B": b, "barrier": self.barrier(self.pair)[0], "apart": apart}

    def line(self, pair: np.ndarray) -> Plane:
        """(1 − s) θ_A + s θ_B as a plane whose second direction is not used."""
        return Plane(pair[0], np.stack([pair[1] - pair[0], 0 * pair[0]]))

    def barrier(self, pair: np.ndarray) -> tuple[float, float]:
        """How far the loss rises above the chord between A and B, and where."""
        along = heights(self.losses, self.line(pair), on_line(BETWEEN))
        rise = along - ((1 - BETWEEN) * along[0] + BETWEEN * along[-1])
        return float(rise.max()), float(BETWEEN[rise.argmax()])

    def take_points(self) -> None:
        everyone = self.losses_of(self.nets[0])
        train, test = self.points.split(TEST, seed=0)
        self.losses, self.tested = (
            DenseLosses(everyone.net, everyone.x[:, some], everyone.y[:, some])
            for some in (train, test if len(test) else train)
        )
        self.x, self.labels = self.points.x, self.points.y

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()
        elif name == "optimiser":
            self.averages = [RULES[self.optimiser].begin(net.theta) for net in self.nets]

    @drawn(on=("pair", "losses"))
    def sharpest(self) -> float:
        with np.errstate(all="ignore"):
            return self.nets[0].curvature(self.losses.x, self.losses.y, steps=8)[0]

    @drawn
    def safe(self) -> np.ndarray:
        return self.marked(self.sharpest())

    # ------------------------------------------------------------ along the line

    @drawn(on=("pair", "matched"))
    def ends(self) -> np.ndarray:
        """The two networks, B in A's order if that is wanted."""
        return np.stack([self.pair[0], matched(self.nets[0], *self.pair)]) if self.matched else self.pair

    def along(self, judge: Loss) -> np.ndarray:
        return np.column_stack([LINE, heights(judge, self.line(self.ends()), on_line(LINE))])

    @drawn
    def train_line(self) -> np.ndarray:
        return self.along(self.losses)

    @drawn
    def test_line(self) -> np.ndarray:
        return self.along(self.tested)

    @drawn
    def right_line(self) -> np.ndarray:
        return self.along(self.losses.right)

    @drawn
    def right_test_line(self) -> np.ndarray:
        return self.along(self.tested.right)

    @drawn
    def chord(self) -> np.ndarray:
        a, b = heights(self.losses, self.line(self.ends()), on_line(np.array([0, 1])))
        return np.array([(0, a), (1, b)])

    @drawn
    def names(self) -> tuple[str, ...]:
        return "A", "B"

    @drawn
    def both(self) -> np.ndarray:
        return np.array([0, 1])

    @drawn
    def how_high(self) -> str:
        return f"barrier {self.barrier(self.ends())[0]:.3g}"

    @drawn
    def map(self) -> tuple[Field, Field]:
        a, b = self.ends()
        chosen, surely = decided(self.losses, ((1 - self.s) * a + self.s * b).astype(a.dtype), REACH)
        return tuple(Field(z, (-REACH, REACH), (-REACH, REACH)) for z in (chosen, surely))  # type: ignore[return-value]

    @drawn
    def territory(self) -> Field:
        return self.map()[0]

    @drawn
    def surely(self) -> np.ndarray:
        return self.map()[1]

    @drawn
    def whose(self) -> str:
        return f"at s = {self.s:.2f}"

    # ------------------------------------------------------------ the plane through A, B and the start

    @drawn
    def plane(self) -> Plane:
        a, b = self.ends()
        third = self.paths[0].weights[0] if self.second != START else self.paths[0].weights[0] / 2 + b / 2
        along = b - a
        if np.linalg.norm(along) < 1e-6:
            along = third - a + 1e-3
        across = third - a - along * float((third - a) @ along / (along @ along))
        size = float(np.linalg.norm(across))
        across = across * float(np.linalg.norm(along) / size) if size > 1e-6 else np.roll(along, 1)
        return Plane(a, np.stack([along, across]))

    @drawn(on=("pair", "matched", "losses", "resolution"))
    def surface(self) -> Iterator[Field]:
        span = (-0.5, 1.5)
        up = (-0.7, 1.3)
        for z in refined(self.losses, self.plane(), span, up, self.resolution, 2, self.losses.cost):
            yield Field(z, span, up)

    @drawn
    def walked(self) -> tuple[np.ndarray, ...]:
        plane = self.plane()
        lines: list[np.ndarray] = []
        for path, now in zip(self.paths, self.pair):
            if path is self.paths[1] and self.matched:
                continue  # it was walked in another order of units
            lines += within(plane.project(path.upto(self.t, now)[1])[0], (-0.5, 1.5), (-0.7, 1.3))
        return tuple(lines)

    @drawn
    def corners(self) -> np.ndarray:
        return np.array([(0.0, 0.0), (1.0, 0.0)])

    @drawn
    def corner_heights(self) -> np.ndarray:
        return heights(self.losses, self.plane(), self.corners())

    # ------------------------------------------------------------ words

    @drawn
    def update(self) -> Update:
        pair = self.ends()
        a, b = heights(self.losses, self.line(pair), on_line(np.array([0, 1])))
        rise, where = self.barrier(pair)
        return Update(
            r"\theta(s) = (1 - s)\, \theta_A + s\, \theta_B \\ "
            r"h = L(s^*) - (1 - s^*)\, L_A - s^*\, L_B",
            {"s^*": where, "h": rise, "L_A": a, "L_B": b, "L(s^*)": rise + (1 - where) * a + where * b},
        )

    @drawn
    def said(self) -> str:
        pair = self.ends()
        rise, where = self.barrier(pair)
        ends = max(self.chord()[:, 1])
        if np.array_equal(*pair):
            return "A and B are one and the same still."
        if rise > max(LOW, ends):
            middle = heights(self.losses.right, self.line(pair), on_line(np.array([where])))[0]
            order = "" if self.matched else " Their units may only stand in another order: match them."
            return (
                f"A barrier: at s = {where:.2f} the loss is {rise:.2g} above the chord, and only "
                f"{100 * middle:.0f} % of the points are right there, though both ends know better.{order}"
            )
        return (
            f"Hardly a barrier, {rise:.2g}: A and B might as well lie in one valley, for every mean of them works too."
        )

    def panels(self) -> marks.Layout:
        place = {"x": "s", "range_x": (-0.5, 1.5)}
        return Column(
            Row(
                Panel(
                    "Along the line",
                    Line("train_line", label="training", tint="accent"),
                    Line("test_line", label="test", tint="warn", dashed=True),
                    Line("chord", tint="quiet", dashed=True),
                    Dots("chord", labels="names", colour="both", big=True),
                    Guide(x="s"),
                    **place,
                    y="L",
                    detail="how_high",
                    help="the loss with the weights (1 − s) θ_A + s θ_B; dashed: the chord that the barrier is above",
                ),
                Tabs(
                    Panel(
                        "Plane through both",
                        Heat("surface", log=True),
                        Line("walked", tint="text", width=2.5),
                        Dots("corners", labels="names", colour="both", big=True),
                        x="s",
                        y="towards the start",
                        help="through A, B and the start (of two starts: halfway from A's to B); lines: both runs",
                    ),
                    Panel(
                        "Lit surface",
                        Surface("surface", points="corners", heights="corner_heights", log=True),
                        x="s",
                        y="towards the start",
                    ),
                ),
            ),
            Row(
                Panel(
                    "Right along the line",
                    Line("right_line", label="training", tint="accent"),
                    Line("right_test_line", label="test", tint="warn", dashed=True),
                    Guide(x="s"),
                    **place,
                    y="share right",
                ),
                Tabs(
                    Panel("Barrier", Equation("update"), Note("said")),
                    Panel("Loss", Curve("loss", log_y=True), x="step t", y="L"),
                    Panel("Rise", Curve("barrier"), x="step t", y="h"),
                    Panel("Apart", Curve("apart"), x="step t", y="|θ_A − θ_B|"),
                ),
                Panel(
                    "Network on the line",
                    Regions("territory", strength="surely"),
                    Dots("x", colour="labels", drag="points.move", add="points.add", erase="points.erase"),
                    x="x₁",
                    y="x₂",
                    range_x=(-REACH, REACH),
                    range_y=(-REACH, REACH),
                    detail="whose",
                ),
            ),
            sizes=(6, 5),
        )


def on_line(s: np.ndarray) -> np.ndarray:
    return np.column_stack([s, 0 * s])
