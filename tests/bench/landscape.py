"""Loss on 48 × 48 points of a plane, net 2-32-32-1 and 256 samples: all at once ÷ a torch module point by point."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from lab.maths.layers import Network
from lab.maths.weight_planes import DenseLosses, ModuleLosses, Plane, filter_normalised, filters_of, grid, heights
from tests.bench.measure import row, taken

SIDE, SAMPLES = 48, 256


class Module(nn.Module):
    """The same net in torch, scoring class 0 by nothing and class 1 by its sum, for a module that scores classes."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = self.layers(x)
        return torch.cat([torch.zeros_like(z), z], dim=1)


def run() -> list[dict[str, Any]]:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, SAMPLES)).astype(np.float32)
    y = (x[:1] * x[1:] > 0).astype(np.float32)
    net = Network((2, 32, 32, 1), "tanh", "sigmoid")
    net.draw_weights(rng)
    spare = rng.normal(size=(2, net.theta.size)).astype(np.float32)
    plane = Plane(net.theta, np.stack([filter_normalised(one, net.theta, filters_of(net)) for one in spare]))
    places, losses = grid((-1, 1), (-1, 1), SIDE), DenseLosses(net, x, y)

    module = Module()
    scores = ModuleLosses(module, torch.from_numpy(x.T.copy()), torch.from_numpy(y[0].astype(np.int64)))
    laid_out = [
        np.concatenate([*(part.ravel() for part in _torch_order(net, theta))]) for theta in (plane.origin, *plane.along)
    ]
    theirs = Plane(laid_out[0], np.stack(laid_out[1:]))
    inputs, labels = torch.from_numpy(x.T.copy()), torch.from_numpy(y[0])
    parts = list(module.parameters())
    origin, along = torch.from_numpy(theirs.origin), torch.from_numpy(theirs.along)

    def one_at_a_time() -> np.ndarray:
        """As one writes it first: move the module's weights, ask it, and again."""
        found = np.empty(len(places))
        with torch.no_grad():
            for i, (a, b) in enumerate(places.tolist()):
                nn.utils.vector_to_parameters(origin + a * along[0] + b * along[1], parts)
                z = module.layers(inputs)[:, 0]
                found[i] = nn.functional.binary_cross_entropy_with_logits(z, labels)
        return found

    def numpy_one_at_a_time() -> np.ndarray:
        return heights(losses, plane, places, 1)

    def all_at_once() -> np.ndarray:
        return heights(losses, plane, places)

    def by_vmap() -> np.ndarray:
        return heights(scores, theirs, places)

    assert np.allclose(one_at_a_time(), all_at_once(), atol=1e-5)
    assert np.allclose(by_vmap(), all_at_once(), atol=1e-5)
    single, ours, vmapped, plain = taken(one_at_a_time, all_at_once, by_vmap, numpy_one_at_a_time, turns=3)
    detail = {
        "all at once, NumPy": f"{1000 * ours:.0f} ms",
        "all at once, torch.func.vmap": f"{1000 * vmapped:.0f} ms",
        "one at a time, torch": f"{1000 * single:.0f} ms",
        "one at a time, NumPy": f"{1000 * plain:.0f} ms",
    }
    return [row("landscape", ours / single, 0.2, detail)]


def _torch_order(net: Network, theta: np.ndarray) -> list[np.ndarray]:
    """Weights (units after, units before), then offsets, layer by layer."""
    parts, at = [], 0
    for m, n in zip(net.widths, net.widths[1:]):
        table = theta[at : at + (m + 1) * n].reshape(m + 1, n)
        parts += [table[:-1].T, table[-1]]
        at += (m + 1) * n
    return parts
