"""Steps a second of a session without a window ÷ those of the bare loop that does the same maths."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import torch

from lab.catalogue import Catalogue
from lab.data.points import make
from lab.experiments.images.cnn import EVERY
from lab.maths.layers import Network
from lab.session import Session
from tests.bench.measure import row

SECONDS, TURNS = 1.0, 5


def run() -> list[dict[str, Any]]:
    ratios, detail = {}, {}
    for name, settings, plain, ours in (
        ("neural-network", {"layers": [8, 8], "test_share": 0.0}, _plain_network(), _bare_network()),
        ("cnn", {}, plain_cnn({}), None),
    ):
        session = Session(Catalogue().load(name), settings)
        session.seek(100)
        steps = [session.step, plain, *([ours] if ours else [])]
        speeds: list[list[float]] = [[] for _ in steps]
        for _ in range(TURNS):
            for step, found in zip(steps, speeds):
                found.append(speed(step))
        within, alone, *fast = (float(np.median(found)) for found in speeds)
        ratios[name] = within / alone
        detail[name] = f"{within:.0f} steps/s in a session, {alone:.0f} in a plain loop: {ratios[name]:.3f}"
        for ours_alone in fast:
            detail[name] += f"; {ours_alone:.0f} in a plain loop over the lab's own network: {within / ours_alone:.3f}"
    return [row("overhead", min(ratios.values()), 0.9, detail, at_least=True)]


def speed(step: Any) -> float:
    began, done = perf_counter(), 0
    while perf_counter() - began < SECONDS / 2:
        for _ in range(10):
            step()
        done += 10
    return done / (perf_counter() - began)


def _circle() -> tuple[np.ndarray, np.ndarray]:
    points = make("circle", 250, 0.1)
    return np.ascontiguousarray(points.x.T, dtype=np.float32), (points.y == 0).astype(np.float32)[None]


def _plain_network() -> Any:
    """2-8-8-1 on 250 points in batches of 10, SGD, as one writes it in NumPy; all points are measured once an epoch,
    as the lab does."""
    x, y = _circle()
    rng = np.random.default_rng(0)
    W1, W2, W3 = (rng.normal(0, n**-0.5, (m, n)).astype(np.float32) for m, n in ((8, 2), (8, 8), (1, 8)))
    b1, b2, b3 = (np.zeros((m, 1), dtype=np.float32) for m in (8, 8, 1))
    order, at, rate = rng.permutation(250), 0, np.float32(0.1)

    def forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        h1 = np.tanh(W1 @ x + b1)
        h2 = np.tanh(W2 @ h1 + b2)
        return h1, h2, W3 @ h2 + b3

    def loss(z: np.ndarray, y: np.ndarray) -> float:
        return float((np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).mean())

    def step() -> None:
        nonlocal order, at, W1, W2, W3, b1, b2, b3
        batch = order[at : at + 10]
        x0, y0 = x[:, batch], y[:, batch]
        h1, h2, z = forward(x0)
        loss(z, y0)
        d3 = (1 / (1 + np.exp(-z)) - y0) / len(batch)
        d2 = W3.T @ d3 * (1 - h2**2)
        d1 = W2.T @ d2 * (1 - h1**2)
        W3 -= rate * d3 @ h2.T
        W2 -= rate * d2 @ h1.T
        W1 -= rate * d1 @ x0.T
        b3 -= rate * d3.sum(axis=1, keepdims=True)
        b2 -= rate * d2.sum(axis=1, keepdims=True)
        b1 -= rate * d1.sum(axis=1, keepdims=True)
        at += 10
        if at >= 250:
            order, at = rng.permutation(250), 0
            z = forward(x)[-1]
            loss(z, y)
            float(((z > 0) == (y > 0)).mean())

    return step


def _bare_network() -> Any:
    """The same by the lab's own network, which writes into arrays that it keeps."""
    x, y = _circle()
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
            float(net.losses(run.Z[-1], y).sum(axis=0).mean())
            float(((run.Z[-1] > 0) == (y > 0)).mean())

    return step


def plain_cnn(settings: dict[str, Any]) -> Any:
    """The lab's small network for the digits in a loop as PyTorch's tutorials write it; as in the lab, batches are
    measured at each step, and 360 pictures of training and of testing at every twentieth."""
    experiment: Any = Session(Catalogue().load("cnn"), settings).experiment
    model, batch, x, y = experiment.model, experiment.batch, experiment.x, experiment.y
    optimiser = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    entropy = torch.nn.functional.cross_entropy
    order, at, t = torch.randperm(len(x)), 0, 0

    def evaluate(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        model.eval()
        with torch.no_grad():
            z = model(x)
        model.train()
        entropy(z, y).item()
        (z.argmax(dim=1) == y).float().mean().item()
        return z

    def step() -> None:
        nonlocal order, at, t
        chosen = order[at : at + batch]
        z = model(x[chosen])
        loss = entropy(z, y[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss.item()
        (z.argmax(dim=1) == y[chosen]).float().mean().item()
        at, t = at + batch, t + 1
        if at >= len(x):
            order, at = torch.randperm(len(x)), 0
        if t % EVERY == 0:
            evaluate(experiment.look_x, experiment.look_y)
            z = evaluate(experiment.test_x, experiment.test_y)
            (z.topk(5, dim=1).indices == experiment.test_y[:, None]).any(dim=1).float().mean().item()

    return step
