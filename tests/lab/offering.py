"""Toys that offer the tools everything: a place pulled by points, its weights, its samples' losses, and a script."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.catalogue import Catalogue, Entry
from lab.controls import Dataset, Slider, Switch, Text
from lab.experiment import Experiment, Metrics, drawn
from lab.marks import Curve, Dots, Note, Panel, Row

FOUR = {"kind": "own", "x": [[0, 0], [2, 0], [0, 4], [6, 4]], "y": [0, 1, 0, 1], "number": [0, 1, 2, 3]}


class Pulled(Experiment):
    """w goes half of the way to the mean of the points: from (0, 0) to (2, 2) · (1 − ½ᵗ) under the four points.

    With `hold`, the last point is held out: it pulls nothing, and has a test loss.
    """

    name = "pulled"
    title = "pulled"
    points = Dataset("blobs", n=12, help="points that pull")
    rate = Slider(0.5, 0.0, 1.0, help="how much of the way")
    hold = Switch(False, restarts=True, help="the last point is for the test")
    said = Text("", longest=40, help="a line")
    long = Text("", longest=2000, view=True, help="a page")

    metrics = {"loss": "J", "test": "J_test"}
    test_metrics = ("test",)
    panels: Any = Row(
        Panel(
            "Data",
            Dots("x", colour="labels", test="held", drag="points.move", add="points.add", erase="points.erase"),
        ),
        Panel("Loss", Curve("loss", "test")),
        Panel("Test", Note("told"), split="test"),
    )
    fixed = ("x",)

    def start(self) -> Metrics:
        self.changed("points")
        self.w = np.zeros((1, 2))
        return self.measured()

    def step(self) -> Metrics:
        self.w = self.w - self.rate * (self.w - self.x[: self.trained].mean(axis=0))
        return self.measured()

    def measured(self) -> Metrics:
        each = 0.5 * ((self.w - self.x) ** 2).sum(axis=1)
        return {"loss": float(each[: self.trained].mean()), **({"test": float(each[-1])} if self.hold else {})}

    def changed(self, name: str) -> None:
        self.x, self.labels = self.points.x, self.points.y
        self.trained = len(self.x) - self.hold

    @drawn
    def held(self) -> np.ndarray:
        return np.arange(len(self.x)) >= self.trained

    @drawn
    def told(self) -> str:
        return f"{self.measured().get('test')}"

    def weights(self) -> dict[str, np.ndarray]:
        return {"w": self.w[0].copy()}

    def sample_loss(self) -> np.ndarray:
        each = 0.5 * ((self.w - self.x) ** 2).sum(axis=1)
        each[self.trained :] = np.nan
        return each

    def push(self, i: int) -> dict[str, np.ndarray]:
        return {"w": (self.w[0] - self.x[i]) / self.trained * (i < self.trained)}

    def code(self) -> str:
        return f"import numpy as np\n\nw = np.zeros(2)\nprint('loss', {self.rate})\n"


class WithPulled(Catalogue):
    """The real catalogue and this toy."""

    def __init__(self) -> None:
        super().__init__()
        self.entries["pulled"] = Entry("pulled", "pulled", "a toy", "Toys", "tests.lab.offering")

    def load(self, name: str) -> type:
        return Pulled if name == "pulled" else super().load(name)
