"""The dense network of layers in torch, for networks that are worth an accelerator.

Everything that is not a pass over samples is the same network: theta and gradient stay NumPy's, and on the CPU
torch works in that memory. On an accelerator both travel at each pass. What is drawn, is drawn by the same
generator in the same order, so that the two classes go the same way. On two CPU cores NumPy's passes took half
the time of these or less at every size tried, from 100 weights to 2 million.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike, NDArray

from lab.maths.activations import LEAK
from lab.maths.layers import EPSILON, Network, Pass

Array = NDArray[Any]


def best_device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def bend(name: str) -> Any:
    """What torch calls an activation."""
    import torch
    from torch.nn import functional as F

    return {
        "tanh": torch.tanh,
        "relu": torch.relu,
        "sigmoid": torch.sigmoid,
        "identity": lambda z: z,
        "leaky relu": lambda z: F.leaky_relu(z, LEAK),
        "elu": F.elu,
        "selu": F.selu,
        "gelu": lambda z: F.gelu(z, approximate="tanh"),
        "softplus": F.softplus,
        "swish": F.silu,
        "softsign": F.softsign,
        "arctan": torch.arctan,
        "sin": torch.sin,
        "step": lambda z: (z >= 0).to(z.dtype),
    }[name]


def answer(output: str, z: Any) -> Any:
    if output == "softmax":
        return z.softmax(dim=0)
    return z.sigmoid() if output.startswith("sigmoid") else z


def loss(output: str, z: Any, y: Any) -> Any:
    """The sum of the losses of all samples."""
    from torch.nn import functional as F

    if output == "sigmoid":
        return F.binary_cross_entropy_with_logits(z, y, reduction="sum")
    if output == "softmax":
        return -(y * z.log_softmax(dim=0)).sum()
    if output == "sigmoid, ±1":
        return F.softplus(-y * z).sum()
    if output == "hinge":
        return F.relu(1 - y * z).sum()
    if output == "absolute":
        return (z - y).abs().sum()
    return ((answer(output, z) - y) ** 2).sum() / 2


class TorchNetwork(Network):
    """A Network whose passes are torch's."""

    def __init__(
        self,
        widths: Sequence[int],
        hidden: str,
        output: str,
        dtype: DTypeLike = np.float32,
        batch_norm: bool = False,
        device: str = "auto",
    ) -> None:
        self.device = best_device() if device == "auto" else device
        super().__init__(widths, hidden, output, dtype, batch_norm)

    def twin(self, dtype: DTypeLike) -> TorchNetwork:
        twin = super().twin(dtype)
        if twin.device == "mps" and twin.theta.dtype == np.float64:  # which it does not have
            twin.device = "cpu"
        return twin

    def forward(self, x: Array, sums: bool = False, training: bool = False, rng: Generator | None = None) -> Pass:
        import torch

        with torch.no_grad():
            return self._run(self._tensors(), x, training, rng)[0]

    def backward(
        self, x: Array, y: Array, penalty: float = 0.0, l1: float = 0.0, rng: Generator | None = None
    ) -> float:
        import torch

        parts = [part.requires_grad_() for part in self._tensors()]
        _, z = self._run(parts, x, True, rng)
        mean = loss(self.output, z, torch.from_numpy(y).to(z)) / x.shape[1]
        mean.backward()
        for ours, part in zip(self._parts(self.gradient), parts):
            ours[:] = 0 if part.grad is None else part.grad.cpu().numpy()
        self._penalise(penalty, l1)
        return float(mean.detach())

    def _parts(self, flat: Array) -> list[Array]:
        """Layer by layer the weights and offsets in one table, then the gammas, then the betas."""
        gammas, betas = self._scales(flat)
        return [*self._tables(flat), *gammas, *betas]

    def _tensors(self) -> list[Any]:
        import torch

        return [torch.from_numpy(part).to(self.device) for part in self._parts(self.theta)]

    def _run(self, parts: list[Any], x: Array, training: bool, rng: Generator | None) -> tuple[Pass, Any]:
        """All layers' answers as a Pass, and the last sums with what leads back from them."""
        import torch

        run = Pass(self.widths, x.shape[1], self.theta.dtype, True)
        run.A[0][:] = x
        run.keep = keep = self._begin(run.A[0], rng)
        tables, layers, inner = parts[: len(self.W)], len(self.W), len(self.mean)
        if self._alive is not None:
            tables = [table * torch.from_numpy(on).to(table) for table, on in zip(tables, self._tables(self._alive))]
        f, a = bend(self.hidden), torch.from_numpy(run.A[0]).to(self.device)
        for i, table in enumerate(tables):
            z = torch.addmm(table[-1][:, None], table[:-1].T, a)
            if i == layers - 1:
                break
            if self.batch_norm:
                gamma, beta = parts[layers + i], parts[layers + inner + i]
                z = gamma[:, None] * self._standard(z, i, training) + beta[:, None]
            a = f(z) + a if self.passes_on(i) else f(z)
            if keep is not None and (kept := keep[i + 1]) is not None:
                a = a * torch.from_numpy(kept).to(z)
            run.Z[i], run.A[i + 1] = z.detach().cpu().numpy(), a.detach().cpu().numpy()
        run.Z[-1], run.A[-1] = z.detach().cpu().numpy(), answer(self.output, z.detach()).cpu().numpy()
        return run, z

    def _standard(self, z: Any, i: int, training: bool) -> Any:
        """Hidden layer i's sums, moved to mean 0 and variance 1."""
        import torch

        if training:
            mean, variance = z.mean(dim=1), z.var(dim=1, unbiased=False)
            self._remember(i, mean.detach().cpu().numpy(), variance.detach().cpu().numpy(), z.shape[1])
        else:
            mean, variance = (torch.from_numpy(part[i]).to(z) for part in (self.mean, self.variance))
        return (z - mean[:, None]) / torch.sqrt(variance + EPSILON)[:, None]
