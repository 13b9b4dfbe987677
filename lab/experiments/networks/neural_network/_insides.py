"""The inside of a network: what one step does to one weight, who is mistaken, and a batch's way through the layers."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from lab.experiment import Update, drawn
from lab.experiments.networks.neural_network._words import Words
from lab.maths.layers import Flow
from lab.maths.optimisers import RULES, State
from lab.maths.schedules import SCHEDULES

MOST_SAMPLES = 60  # shown of a batch
MOST_CURVED = 200  # points whose mean loss has its curvature measured
CLASSES = "ABCDEFGHIJ"
LIMITS = {  # η λ from which a step along the sharpest direction climbs
    "GD": lambda rho: 2.0,
    "momentum": lambda rho: 2 * (1 + rho),
    "Nesterov": lambda rho: 2 * (1 + rho) / (1 + 2 * rho),
}


class Insides(Words):
    """Needs the run of a network."""

    x: np.ndarray
    targets: np.ndarray
    anchor: np.ndarray
    averages: State
    schedule: Any
    momentum: Any
    unit: Any
    told: Any
    entries: Any
    cell: Any

    def penalties(self) -> tuple[float, float]:
        raise NotImplementedError

    def knobs(self) -> Any:
        raise NotImplementedError

    @drawn
    def chosen(self) -> tuple[int, int]:
        """The layer and unit looked at; numbers beyond the last mean the last."""
        layer = min(round(self.unit[0]), len(self.net.W))
        return layer, min(round(self.unit[1]), self.net.widths[layer] - 1)

    @drawn
    def flow(self) -> Flow:
        """What the loss of the picked point sends back."""
        at = [self.picked()]
        with np.errstate(all="ignore"):
            return self.net.flow(self.inputs[:, at], self.targets[:, at])

    # ------------------------------------------------------------ one step of one weight

    @drawn
    def strongest(self) -> tuple[int, int, int]:
        """The link (layer, source, target) of largest weight into the unit looked at, or into the first output."""
        layer, unit = self.chosen() if self.chosen()[0] else (len(self.net.W), 0)
        return layer - 1, int(np.abs(self.net.W[layer - 1][:, unit]).argmax()), unit

    @drawn
    def update(self) -> Update:
        """What the next step does to one weight."""
        layer, source, target = self.strongest()
        batch = self.order[self.at : self.at + self.batch]
        ahead, rule, knobs = copy.deepcopy(self.net), RULES[self.optimiser], self.knobs()
        at = sum(W.size + W.shape[1] for W in ahead.W[:layer]) + source * ahead.widths[layer + 1] + target
        with np.errstate(all="ignore"):
            ahead.backward(self.inputs[:, batch], self.targets[:, batch], *self.penalties())
            numbers = rule.symbols(self.averages, ahead.gradient, ahead.theta, knobs)
        found = {name: float(np.ravel(number)[at if np.size(number) > 1 else 0]) for name, number in numbers.items()}
        if self.optimiser != "GD":
            moves = rule.latex.split(r"\\")[-1].strip()  # the averages have an experiment of their own
            known = {name: number for name, number in found.items() if name in moves}
            return Update(moves.replace(r"\theta", "w"), {n.replace(r"\theta", "w"): v for n, v in known.items()})
        return Update(
            r"w_{t+1} = w_t - \eta\, \frac{\partial J}{\partial w}",
            {
                "w_{t+1}": found[r"\theta_t"],
                "w_t": found[r"\theta_{t-1}"],
                r"\eta": knobs.rate,
                r"\frac{\partial J}{\partial w}": found["g_t"],
            },
        )

    @drawn
    def which(self) -> str:
        layer, source, target = self.strongest()
        return f"w: {self.called(layer, source)} → {self.called(layer + 1, target)}, next step"

    @drawn(on=("anchor", "rate_limits"))
    def safe(self) -> np.ndarray:
        """For GD and momentum the rates 1/λ and 2/λ, or what takes its place; λ is the largest curvature of J."""
        if self.optimiser not in LIMITS:
            return np.empty(0)
        net = self.net.twin(np.float64)
        net.theta[:] = self.anchor
        some = self.train[:MOST_CURVED]
        with np.errstate(all="ignore"):
            sharpest, _ = net.curvature(self.inputs[:, some], self.targets[:, some], self.penalties()[0], steps=10)
        if not sharpest > 0:
            return np.empty(0)
        share = SCHEDULES[self.schedule].share(self.epoch, self)  # type: ignore[arg-type]
        return np.array([1.0, LIMITS[self.optimiser](self.momentum)]) / (sharpest * max(share, 1e-9))

    @property
    def rate_limits(self) -> tuple[Any, ...]:
        """What the safe rates depend on beside the weights."""
        return self.optimiser, self.momentum, self.schedule, self.penalties()[0], self.activation

    # ------------------------------------------------------------ a layer as a matrix

    def looked_at(self) -> int:
        """The layer of links that leads to the unit looked at."""
        return max(self.chosen()[0], 1) - 1

    @drawn
    def table(self) -> np.ndarray:
        """W of a layer over its offsets."""
        layer = self.looked_at()
        return np.vstack([self.net.W[layer], self.net.offsets[layer]])

    @drawn
    def table_rows(self) -> list[str]:
        layer = self.looked_at()
        return [self.called(layer, unit) for unit in range(self.net.widths[layer])] + ["1"]

    @drawn
    def table_columns(self) -> list[str]:
        layer = self.looked_at() + 1
        return [self.called(layer, unit) for unit in range(self.net.widths[layer])]

    @drawn
    def table_lit(self) -> np.ndarray:
        """The column of the unit looked at: its own weights."""
        layer, unit = self.chosen()
        lit = np.zeros(self.table().shape, bool)
        lit[:, unit if layer else []] = True
        return lit

    @drawn
    def shapes(self) -> str:
        layer = self.looked_at()
        m, n = self.net.W[layer].shape
        return f"layer {layer + 1}: W is {m} × {n}, W₀ is {n} × 1"

    # ------------------------------------------------------------ who is mistaken

    @drawn
    def counted(self) -> tuple[str, np.ndarray]:
        """The points that the confusion matrix counts: those asked for, or the training points."""
        members = {"test": self.test, "validation": self.validation, "training": self.train}[self.told]
        return (self.told, members) if len(members) else ("training", self.train)

    @drawn
    def answered(self) -> np.ndarray:
        with np.errstate(all="ignore"):
            z = self.net.forward(self.inputs, sums=True).Z[-1]
        return z.argmax(axis=0) if len(z) > 1 else (z[0] < 0).astype(int)

    @drawn
    def confusion(self) -> np.ndarray:
        k, members = max(self.points.classes, 2), self.counted()[1]
        return np.bincount(k * self.labels[members] + self.answered()[members], minlength=k * k).reshape(k, k)

    @drawn
    def true_names(self) -> list[str]:
        return [f"is {CLASSES[i]}" for i in range(max(self.points.classes, 2))]

    @drawn
    def answer_names(self) -> list[str]:
        return [f"said {CLASSES[i]}" for i in range(max(self.points.classes, 2))]

    @drawn
    def confusion_of(self) -> str:
        which, members = self.counted()
        return f"{len(members) - int(np.trace(self.confusion()))} of {len(members)} {which} points wrong"

    # ------------------------------------------------------------ a batch, and one point's way through the layers

    @drawn
    def samples(self) -> np.ndarray:
        return self.order[self.at : self.at + self.batch][:MOST_SAMPLES]

    @drawn
    def strip(self) -> np.ndarray:
        """The sums or activations of the layer looked at, a column a sample."""
        layer = self.chosen()[0]
        with np.errstate(all="ignore"):
            run = self.net.forward(self.inputs[:, self.samples()], sums=True)
        return (run.Z[layer - 1] if self.entries == "z" and layer else run.A[layer]).copy()

    @drawn
    def strip_rows(self) -> list[str]:
        layer = self.chosen()[0]
        return [self.called(layer, unit) for unit in range(self.net.widths[layer])]

    @drawn
    def strip_columns(self) -> list[str]:
        return [str(i) for i in self.samples()]

    def lit(self) -> tuple[int, int]:
        rows, columns = self.strip().shape
        return min(round(self.cell[0]), rows - 1), min(round(self.cell[1]), columns - 1)

    @drawn
    def strip_lit(self) -> np.ndarray:
        lit = np.zeros(self.strip().shape, bool)
        lit[self.lit()] = True
        return lit

    @drawn
    def strip_says(self) -> str:
        row, column = self.lit()
        what = "z of " if self.entries == "z" else ""
        return f"{what}{self.strip_rows()[row]}, point {self.samples()[column]}: {self.strip()[row, column]:.3g}"

    @drawn
    def stack(self) -> list[tuple[str, ...]]:
        """Layer by layer: what it is, how many numbers it has, and what it makes of the picked point."""
        net, back, at = self.net, self.flow(), [self.picked()]
        with np.errstate(all="ignore"):
            run = net.forward(self.inputs[:, at], sums=True)
        rows: list[tuple[str, ...]] = [("0", "input", "", "", few(run.A[0][:, 0]), "")]
        for layer, (W, z, a, dz) in enumerate(zip(net.W, run.Z, run.A[1:], back.dZ), 1):
            kind = "output" if layer == len(net.W) else "hidden"
            m, n = W.shape
            rows.append((str(layer), kind, f"{m}·{n}+{n}", few(z[:, 0]), few(a[:, 0]), f"{np.linalg.norm(dz):.2g}"))
        return rows

    @drawn
    def stack_header(self) -> tuple[str, ...]:
        return "layer", "kind", "numbers", "z", "a", "|∂L/∂z|"

    @drawn
    def stack_chosen(self) -> int:
        return self.chosen()[0]

    @drawn
    def stacked(self) -> str:
        layers = len(self.net.W)
        return f"L = {layers}, {layers - 1} hidden; point {self.picked()}: loss {self.flow().loss:.3g}"


def few(numbers: np.ndarray) -> str:
    """The first numbers of a vector."""
    text = ", ".join(f"{number:.2g}" for number in numbers[:2]).replace("-", "−")
    return text + (" …" if len(numbers) > 2 else "")
