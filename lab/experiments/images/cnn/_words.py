"""What is said of the CNN: losses, answers and sizes, in numbers and plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab.experiment import Update, drawn
from lab.experiments.images.cnn._pictures import STRIP, Pictures

if TYPE_CHECKING:
    from torch import nn


class Words(Pictures):
    """The sentences, read-outs and tables beside the pictures."""

    @drawn
    def swapped(self) -> str:
        """ReLU and pooling done in both orders on what comes before them."""
        from torch.nn.functional import avg_pool2d, max_pool2d

        if self.pooling == "none":
            return "There is no pooling to swap with ReLU. A pooling layer has no parameters."
        before = f"{'norm' if self.batch_norm else 'conv'} {self.stage()[-1]}"
        z, pool = self.stages()[before], max_pool2d if self.pooling == "max" else avg_pool2d
        apart = (pool(z.relu()[None], 2) - pool(z[None], 2).relu()).abs().max().item()
        if self.pooling == "max":
            why = "ReLU never turns an order around, so the largest stays the largest; pooling first is less work."
        else:
            why = "The mean of cut numbers is not the cut mean, so for average-pooling the order counts."
        return f"Swapping ReLU and pool changes these maps by {apart:.3g} at most. {why} Pooling has no parameters."

    @drawn
    def picture_loss(self) -> Update:
        if self.source == "drawn":
            y = int(self.log_p().argmax())
            return Update(r"p_y = \max p", {"p_y": np.exp(self.log_p()[y])})
        log_p = self.log_p()[self.tested.labels[self.number()]]
        return Update(r"J = -\ln p_y", {"J": -log_p, "p_y": np.exp(log_p)})

    @drawn
    def said(self) -> str:
        p = self.probabilities()
        answer = int(p.argmax())
        if not np.isfinite(p).all():
            return "The weights have left the range of numbers. Start again with a smaller η."
        if self.source == "drawn":
            return f"It takes your drawing for {self.names[answer]}, with probability {p[answer]:.2f}."
        y = int(self.tested.labels[self.number()])
        name = self.names[y]
        if answer == y:
            return f"It reads this {name} rightly, with probability {p[y]:.2f}."
        return (
            f"It takes this {name} for {self.names[answer]}, with probability {p[answer]:.2f}; "
            f"the right class has {p[y]:.2f}."
        )

    @drawn
    def top(self) -> str:
        best = np.argsort(-self.log_p(), kind="stable")[: min(5, len(self.names))]
        return "first five: " * (len(best) == 5) + ", ".join(self.names[k] for k in best)

    @drawn
    def tops(self) -> str:
        order = np.argsort(-self.scores(self.test_x).cpu().numpy(), axis=1, kind="stable")[:, :5]
        right = order == self.tested.labels[:, None]
        return f"top-1 {right[:, 0].mean():.1%}, top-5 {right.any(axis=1).mean():.1%}"

    @drawn
    def shapes_header(self) -> tuple[str, ...]:
        return "layer", "height × width × maps", "parameters", "field"

    @drawn
    def shapes_of(self) -> list[tuple[str, str, str, str]]:
        rows = [("input", sizes(self.sent()), "0", "1 × 1")]
        for name, out in self.stages().items():
            size = self.windows()[name].size if name in self.windows() else 0
            field = f"{size} × {size}" if size else "whole"
            rows.append((name, sizes(out), f"{parameters(self.part(name)):,}", field))
        return rows

    @drawn
    def total(self) -> str:
        return f"{parameters(self.model):,} parameters"

    @drawn
    def built(self) -> str:
        """Each layer with its size, where that changes, and its number of parameters, where it has any."""
        text = size = " × ".join(map(str, self.pixels))
        for name, out in self.stages().items():
            before, size = size, sizes(out)
            count = parameters(self.part(name))
            text += f" → {name}" + f": {size}" * (size != before) + f" ({count:,})" * bool(count)
        return f"{parameters(self.model):,} parameters, on the {self.whereabouts()}. {text}"

    def whereabouts(self) -> str:
        import torch

        gpu = torch.cuda.get_device_name() if self.home == "cuda" else "Apple"
        return "CPU" if self.home == "cpu" else f"GPU {gpu}"

    @drawn
    def size(self) -> str:
        return f"{self.stage()}: {sizes(self.maps())}"

    @drawn
    def field(self) -> str:
        size = self.windows()[self.stage()].size
        beyond = ", in part beyond the edge" if int(self.seen().sum()) < size**2 else ""
        return f"{self.unit_name()} sees {size} × {size} pixels{beyond}"

    @drawn
    def unit_name(self) -> str:
        row, column = self.picked()
        return f"{self.stage()}, map {self.chosen()}, unit ({row}, {column})"

    @drawn
    def whose(self) -> str:
        return f"filter {self.chosen()} of {self.behind()}: {sizes(self.slices())}"

    @drawn
    def truth(self) -> list[str]:
        if self.source == "drawn":
            return ["your drawing"]
        return [f"number {self.number()}: {self.names[self.tested.labels[self.number()]]}"]

    @drawn
    def misread(self) -> str:
        shown = slice(STRIP)
        wrong = (self.read()[shown] != self.tested.labels[shown]).sum()
        return f"{wrong} of {len(self.strip())} misread"

    @drawn
    def wrong(self) -> str:
        return f"{len(self.tested) - np.trace(self.confusion())} of {len(self.tested)} misread"

    @drawn
    def cell_name(self) -> str:
        if not self.in_table():
            return f"{len(self.members())} misread"
        row, column = self.row_column()
        return f"{len(self.members())} times {self.names[row]} read as {self.names[column]}"

    @drawn
    def when(self) -> str:
        return f"epoch {self.epoch + 1}"


def sizes(maps: Any) -> str:
    """Height × width × maps, as the texts write it, of what torch holds as (maps, height, width)."""
    return " × ".join(map(str, (*maps.shape[1:], maps.shape[0])))


def parameters(module: nn.Module) -> int:
    return sum(weights.numel() for weights in module.parameters())
