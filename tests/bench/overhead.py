"""Steps a second of a session without a window ÷ those of the bare loop that does the same maths."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import torch

from lab.catalogue import Catalogue
from lab.data.images import digits
from lab.data.points import make
from lab.maths.layers import Network
from lab.session import Session
from tests.bench.measure import row

SECONDS, TURNS = 1.0, 5


def run() -> list[dict[str, Any]]:
    ratios, detail = {}, {}
    for name, settings, bare in (
        ("neural-network", {"layers": [8, 8], "test_share": 0.0}, _bare_network()),
        ("cnn", {}, _bare_cnn()),
    ):
        session = Session(Catalogue().load(name), settings)
        session.seek(100)
        speeds: tuple[list[float], list[float]] = ([], [])
        for _ in range(TURNS):
            for step, found in zip((session.step, bare), speeds):
                found.append(_speed(step))
        within, alone = (float(np.median(found)) for found in speeds)
        ratios[name] = within / alone
        detail[name] = f"{within:.0f} steps/s in a session, {alone:.0f} bare: {ratios[name]:.3f}"
    return [row("overhead", min(ratios.values()), 0.9, detail, at_least=True)]


def _speed(step: Any) -> float:
    began, done = perf_counter(), 0
    while perf_counter() - began < SECONDS / 2:
        for _ in range(10):
            step()
        done += 10
    return done / (perf_counter() - began)


def _bare_network() -> Any:
    """2-8-8-1 on 250 points in batches of 10, plain SGD; the whole set is measured once an epoch, as the lab does."""
    points = make("circle", 250, 0.1)
    x = np.ascontiguousarray(points.x.T, dtype=np.float32)
    y = (points.y == 0).astype(np.float32)[None]
    rng = np.random.default_rng(0)
    net = Network((2, 8, 8, 1), "tanh", "sigmoid")
    net.draw_weights(rng)
    order, at = rng.permutation(250), 0

    def step() -> None:
        nonlocal order, at
        batch = order[at : at + 10]
        net.backward(x.take(batch, axis=1), y.take(batch, axis=1))
        net.theta -= 0.1 * net.gradient
        at += 10
        if at >= 250:
            order, at = rng.permutation(250), 0
            run = net.forward(x, sums=True)
            losses = net.losses(run.Z[-1], y).sum(axis=0)
            float(losses.mean())
            float((((run.A[-1][0] < 0.5).astype(int)) == points.y).mean())

    return step


def _bare_cnn() -> Any:
    """The lab's small network for the digits in a loop as PyTorch's tutorials write it."""
    images = digits().split()[0]
    x, y = torch.tensor(images.images)[:, None], torch.tensor(images.labels)
    torch.manual_seed(0)
    experiment: Any = Session(Catalogue().load("cnn"), {}).experiment
    model, batch = experiment.model, experiment.batch
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    order, at = torch.randperm(len(x)), 0

    def step() -> None:
        nonlocal order, at
        chosen = order[at : at + batch]
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen])
        loss.backward()
        optimiser.step()
        loss.item()
        at += batch
        if at >= len(x):
            order, at = torch.randperm(len(x)), 0

    return step
