"""loss landscape: the loss of a real network on a plane through its weights, live, with the path of the run."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Switch
from lab.experiment import Experiment, Field, Metrics, action, drawn
from lab.experiments.descent.loss_landscape._plane import END, RANDOM, OnPlane
from lab.experiments.descent.loss_landscape._training import Dense, Descent, Shuffled, decided, descend
from lab.marks import Column, Dots, Panel, Regions, Row, Tabs
from lab.maths.optimisers import RULES
from lab.maths.weight_planes import Path, filters_of

REACH = 6.0
DEEP = {"depth": 10, "width": 12, "activation": "relu", "batch_norm": True, "rate": 0.02}


class LossLandscape(Dense, Descent, OnPlane, Experiment):
    pace = 30
    scenes = ("two-weights", "interpolation", "skips", "digits")
    skips = Switch(False, label="Skip connections", help="each hidden layer but the first adds what it is given")

    metrics = {"loss": "L", "batch": "L_B", "right": "A"}
    fixed = ("losses", "spare", "filters")
    prompts = (
        ("Random directions: how much of the path does such a plane hold?", {"plane": RANDOM}),
        ("Only the run's end: what does the valley floor look like?", {"plane": END}),
        ("Ten layers deep: what becomes of the ground?", DEEP),
        ("The same with skip connections", {**DEEP, "skips": True}),
        ("Batch norm: does the valley widen?", {"batch_norm": True, "plane": RANDOM}),
        ("Squared loss: where are its plateaus?", {"measure": "squared", "plane": RANDOM}),
    )
    presets = {
        "Edge of stability": {"points": "circle", "optimiser": "GD", "batch": 500, "rate": 1.0, "width": 16},
        "Small batches": {"optimiser": "GD", "batch": 4, "rate": 0.1},
        "Narrow": {"width": 3},
        "Wide": {"width": 64},
        "Adam on spirals": {"points": "spiral", "optimiser": "Adam", "rate": 0.01},
    }
    tiny = {"points": {"n": 30}, "width": 4, "resolution": 7}
    diverges = "The rate is past the edge of stability: each step overshoots along the sharpest direction."

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.net = self.network(self.rng, self.skips)
        self.filters = filters_of(self.net)
        self.spare = self.rng.normal(size=(2, self.net.theta.size)).astype(np.float32)
        self.averages = RULES[self.optimiser].begin(self.net.theta)
        self.batches, self.path = Shuffled(), Path()
        self.take_points()
        self.remember(0)
        return self.measured()

    def step(self) -> Metrics:
        """One mini-batch: the gradient of its mean loss, and a step of the optimiser."""
        some = self.batches.take(self.rng, self.losses.x.shape[1], self.batch)
        loss = descend(self.net, self.losses, some, self.optimiser, self.averages, self.knobs())
        self.remember(self.t + 1)
        return {"batch": loss, **self.measured()}

    def remember(self, t: int) -> None:
        """Pictures know the weights by `theta`; some of them are kept for the path."""
        self.theta = self.net.theta.copy()
        self.path = self.path.with_place(t, self.theta)

    def measured(self) -> Metrics:
        with np.errstate(all="ignore"):
            now = self.theta[None]
            return {"loss": float(self.losses(now)[0]), "right": float(self.losses.right(now)[0])}

    def take_points(self) -> None:
        self.losses = self.losses_of(self.net)
        self.x, self.labels = self.points.x, self.points.y

    def changed(self, name: str) -> None:
        if name in ("points", "skips"):
            self.net.skips = self.skips
            self.take_points()
        elif name == "optimiser":
            self.averages = RULES[self.optimiser].begin(self.net.theta)

    @action
    def rescale(self) -> None:
        """First layer × 4, second ÷ 4: ReLU's answers stay the same, its Hessian does not."""
        net = self.net
        net.W[0][:] *= 4
        net.offsets[0][:] *= 4
        net.W[1][:] /= 4
        self.remember(self.t)

    # ------------------------------------------------------------ pictures

    @drawn(on=("theta", "losses"))
    def map(self) -> tuple[Field, Field]:
        chosen, surely = decided(self.losses, self.theta, REACH)
        return tuple(Field(z, (-REACH, REACH), (-REACH, REACH)) for z in (chosen, surely))  # type: ignore[return-value]

    @drawn
    def territory(self) -> Field:
        return self.map()[0]

    @drawn
    def surely(self) -> np.ndarray:
        return self.map()[1]

    @drawn
    def built(self) -> str:
        return f"{self.theta.size} weights"

    def panels(self) -> marks.Layout:
        ground, lit = self.plane_panels()
        data = Panel(
            "Data",
            Regions("territory", strength="surely"),
            Dots("x", colour="labels", drag="points.move", add="points.add", erase="points.erase"),
            x="x₁",
            y="x₂",
            range_x=(-REACH, REACH),
            range_y=(-REACH, REACH),
            detail="built",
        )
        return Column(
            Row(ground, lit, sizes=(1, 1)),
            Row(self.honesty_panels(), Tabs(*self.loss_panels(), data), Tabs(self.hessian_panel(), self.words_panel())),
            sizes=(3, 2),
        )
