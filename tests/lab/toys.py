"""Small experiments made for tests of the session, the engine and the window."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from lab.controls import Choice, Count, Dataset, Slider, Unfit
from lab.experiment import Experiment, Metrics, Stages, action, drawn
from lab.marks import Curve, Dots, Panel, Row, Trail


class Walk(Experiment):
    """Noisy descent down a bowl, in stages, with everything that a journal may hold."""

    name = "walk"
    rate = Slider(0.1, 0.0, 10.0, symbol="η", help="step size")
    noise = Slider(0.1, 0.0, 1.0, help="gradient noise")
    length = Count(2, 1, 5, restarts=True, help="dimensions")
    sign = Choice(["plus", "minus"], restarts=True, help="up or down")
    zoom = Slider(1.0, 0.1, 10.0, view=True, help="looks only")
    points = Dataset("blobs", n=20, help="points that pull")

    metrics = {"loss": "J"}
    fixed = ("x",)
    panels = Row(Panel("Path", Trail("w"), Dots("w", drag="put")), Panel("Loss", Curve("loss")))

    def start(self) -> Metrics:
        if self.length == 5 and self.sign == "minus":
            raise Unfit("length", "five dimensions go up only")
        self.x = self.points.x
        self.w = self.rng.normal(size=(1, 2)) * 3
        self.heard: list[str] = []
        return {"loss": self.loss()}

    def step(self) -> Stages:
        g = self.w - self.x.mean(axis=0)
        yield "gradient"
        g = g + self.noise * self.rng.normal(size=g.shape)
        yield "noise"
        with np.errstate(over="ignore", invalid="ignore"):
            self.w = self.w - self.rate * g
            return {"loss": self.loss()}

    def loss(self) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            return float((self.w**2).sum())

    def changed(self, name: str) -> None:
        self.heard = [*self.heard, name]
        self.x = self.points.x

    @action
    def put(self, index: int, x: float, y: float) -> None:
        if index != 0:
            raise ValueError(f"put: there is no walker {index}, only 0")
        self.w = np.array([[x, y]]) + 0.01 * self.rng.normal(size=2)

    @drawn
    def double(self) -> np.ndarray:
        return 2 * self.w


class Fragile(Experiment):
    """Raises at its fourth step, and diverges at its second when asked to."""

    name = "fragile"
    fault = Choice(["raise", "nan", "none"], help="what goes wrong")
    metrics = {"loss": "J"}
    panels = Panel("Loss", Curve("loss"), Dots("w"))

    def start(self) -> None:
        self.w = np.zeros((1, 2))

    def step(self) -> Metrics:
        self.w += 1
        if self.fault == "raise" and self.t == 3:
            raise RuntimeError("the fourth step fails")
        return {"loss": float("nan") if self.fault == "nan" and self.t == 1 else 1.0}


class Torchy(Experiment):
    """A convolution with batch norm, dropout, an optimiser with state and a hook bound to the experiment."""

    name = "torchy"
    rate = Slider(0.05, 0.0, 1.0, help="step size")
    metrics = {"loss": "J"}
    uses_torch = True
    panels = Panel("Loss", Curve("loss"))

    def start(self) -> None:
        import torch
        from torch import nn

        self.net = nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Dropout(0.3), nn.Flatten(), nn.Linear(3 * 16, 2)
        )
        self.seen: Any = None
        self.net[2].register_forward_hook(self.look)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=self.rate)

    def look(self, module: Any, inputs: Any, output: Any) -> None:
        self.seen = output.detach()

    def step(self) -> Metrics:
        import torch

        self.net.train()
        x = torch.randn(8, 1, 6, 6)
        y = torch.as_tensor(self.rng.integers(0, 2, 8))
        loss = torch.nn.functional.cross_entropy(self.net(x), y)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {"loss": float(loss.detach())}

    def changed(self, name: str) -> None:
        self.optimiser.param_groups[0]["lr"] = self.rate

    @drawn
    def maps(self) -> np.ndarray:
        import torch

        self.net.eval()
        with torch.no_grad():
            self.net(torch.zeros(1, 1, 6, 6))
        self.net.train()
        return self.seen.numpy()


class Slow(Experiment):
    """Each step takes a while, or for ever."""

    name = "slow"
    seconds = Slider(0.2, 0.0, 60.0, help="how long a step takes")
    released = threading.Event()

    def step(self) -> None:
        self.released.wait(self.seconds)
