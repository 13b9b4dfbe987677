"""digits: a small CNN learns to read, and the loss on a plane through its filters, by torch.func."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider, Switch
from lab.data.images import digits
from lab.experiment import Experiment, Metrics, drawn
from lab.experiments.descent.loss_landscape._plane import PCA, RANDOM, OnPlane
from lab.experiments.descent.loss_landscape._training import METHODS, Descent, Shuffled
from lab.marks import Column, Images, Panel, Row, Tabs
from lab.maths.optimisers import RULES
from lab.maths.weight_planes import ModuleLosses, Path

if TYPE_CHECKING:
    from torch import nn

STRIP = 15


class Digits(Descent, OnPlane, Experiment):
    uses_torch = True
    pace = 30
    filters_wide = Count(8, 2, 16, symbol="m", label="Filters", restarts=True, help="feature maps of each layer")
    depth = Count(2, 0, 6, label="Inner layers", restarts=True, help="convolutions of 3 by 3 after the first")
    skips = Switch(False, label="Skip connections", help="each inner layer adds what it was given")
    batch_norm = Switch(False, restarts=True, help="each map moved to mean 0 and variance 1 over the samples")
    seen = Count(128, 16, 256, symbol="n", label="Digits seen", restarts=True, help="by which heights go; steps: 1437")
    measure = Choice(
        ["cross-entropy", "squared"], symbol="L", label="Loss", restarts=True, help="squared: of the shares"
    )
    optimiser = Choice(METHODS, "Adam", help="how a gradient becomes a step")
    rate = Slider(
        0.005, 1e-4, 3, log=True, symbol="η", limit="safe", help="how far a step goes; marks for GD, momentum"
    )
    resolution = Count(13, 5, 33, view=True, label="Grid", help="places along each edge while it runs; at rest 4 times")

    metrics = {"loss": "L", "batch": "L_B", "right": "A"}
    fixed = ("losses", "spare", "filters", "x", "y")
    prompts = (
        ("Random directions: the ground around a net that reads", {"plane": RANDOM}),
        ("Six inner layers, without skips", {"depth": 6, "filters_wide": 6}),
        ("Six inner layers, with skips", {"depth": 6, "filters_wide": 6, "skips": True}),
        ("Batch norm: how far apart are the contours now?", {"batch_norm": True, "plane": RANDOM}),
        ("Wide against narrow: which valley is rounder?", {"filters_wide": 16, "plane": RANDOM}),
    )
    presets = {"GD with momentum": {"optimiser": "momentum", "rate": 0.05, "plane": PCA}}
    tiny = {"filters_wide": 2, "depth": 0, "resolution": 5, "batch": 8, "seen": 16, "products": 1}
    diverges = "The rate is past what the curvature allows: each step overshoots more than the last."

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        import torch

        train, _ = digits().split()
        self.x, self.y = torch.from_numpy(train.images.copy())[:, None], torch.from_numpy(train.labels.copy())
        self.module = self.first_module()
        self.losses = self.losses_on(slice(self.seen))
        self.theta = torch.cat([part.detach().flatten() for part in self.module.parameters()]).numpy()
        self.losses(self.theta[None])  # the first use of torch.func takes half a second: no picture is to wait for it
        self.filters = self.losses.filters()
        self.spare = self.rng.normal(size=(2, self.theta.size)).astype(np.float32)
        self.averages = RULES[self.optimiser].begin(self.theta)
        self.batches, self.path = Shuffled(), Path().with_place(0, self.theta)
        return self.measured()

    def first_module(self) -> nn.Module:
        """A convolution that halves the picture, inner ones that keep its size, and one dense layer for ten scores."""
        from torch import nn

        m, skips = self.filters_wide, self.skips

        def norm() -> nn.Module:  # by the batch at hand, so that the loss is a function of the weights alone
            return nn.BatchNorm2d(m, track_running_stats=False) if self.batch_norm else nn.Identity()

        class Small(nn.Module):
            def __init__(self, depth: int) -> None:
                super().__init__()
                self.first = nn.Sequential(nn.Conv2d(1, m, 3, stride=2, padding=1), norm(), nn.ReLU())
                self.inner = nn.ModuleList(
                    nn.Sequential(nn.Conv2d(m, m, 3, padding=1), norm(), nn.ReLU()) for _ in range(depth)
                )
                self.last = nn.Linear(16 * m, 10)

            def forward(self, x: Any) -> Any:
                a = self.first(x)
                for layer in self.inner:
                    a = layer(a) + a if skips else layer(a)
                return self.last(a.flatten(1))

        return Small(self.depth)

    def losses_on(self, some: Any) -> ModuleLosses:
        return ModuleLosses(self.module, self.x[some], self.y[some], self.measure)

    def step(self) -> Metrics:
        """One mini-batch: the gradient by autograd, and a step of the optimiser."""
        some = self.batches.take(self.rng, len(self.x), self.batch)
        rule, knobs = RULES[self.optimiser], self.knobs()
        with np.errstate(all="ignore"):
            loss, g = self.losses_on(some).descent(self.theta)
            rule.average(self.averages, g, knobs)
            self.theta = (self.theta + rule.move(self.averages, g, knobs)).astype(np.float32)
        self.path = self.path.with_place(self.t + 1, self.theta)
        return {"batch": loss, **self.measured()}

    def measured(self) -> Metrics:
        loss, scores = self.losses.judged(self.theta)
        return {"loss": loss, "right": float((scores.argmax(axis=1) == self.y[: self.seen].numpy()).mean())}

    def changed(self, name: str) -> None:
        if name == "skips":
            self.module = self.first_module()  # its weights are not used: they are in theta
            self.losses = self.losses_on(slice(self.seen))
        elif name == "optimiser":
            self.averages = RULES[self.optimiser].begin(self.theta)

    # ------------------------------------------------------------ pictures

    @drawn
    def strip(self) -> np.ndarray:
        return self.x[:STRIP, 0].numpy()

    @drawn
    def answers(self) -> tuple[str, ...]:
        read = self.losses.judged(self.theta)[1][:STRIP].argmax(axis=1)
        return tuple(
            str(one) if one == truth else f"{one}≠{truth}" for one, truth in zip(read, self.y[:STRIP].tolist())
        )

    @drawn
    def built(self) -> str:
        return f"{self.theta.size} weights"

    def panels(self) -> marks.Layout:
        ground, lit = self.plane_panels()
        data = Panel("Digits", Images("strip", captions="answers", colours="grey", columns=5), detail="built")
        return Column(
            Row(ground, lit),
            Row(self.honesty_panels(), Tabs(*self.loss_panels(), data), Tabs(self.words_panel(), self.hessian_panel())),
            sizes=(3, 2),
        )
