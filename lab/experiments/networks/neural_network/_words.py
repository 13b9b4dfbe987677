"""Words: what units are called, how many numbers there are, what just happened and what stands in the way."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from lab.experiment import drawn
from lab.experiments.networks.neural_network._inputs import BELOW, names
from lab.maths.layers import OFF, Network

ABOVE = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
FLAT = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}  # where these are all but level
ONE_SIDED = ("relu", "step")


class Words:
    """Needs the run of a network."""

    net: Network
    train: np.ndarray
    test: np.ndarray
    validation: np.ndarray
    order: np.ndarray
    inputs: np.ndarray
    labels: np.ndarray
    at: int
    epoch: int
    least: float
    least_test: float
    links_show: Any
    point: Any
    high: float
    best: Network | None
    best_loss: float
    best_t: int
    finished: str
    task: Any
    points: Any
    inputs_chosen: Any
    layers: Any
    activation: Any
    optimiser: Any
    rate: Any
    batch: Any
    batch_norm: Any
    extras: Any

    def judged(self) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def safe(self) -> np.ndarray:
        raise NotImplementedError

    def picked(self) -> int:
        """The point looked at: the first, if none is picked or the picked one is gone."""
        return min(max(int(self.point), 0), len(self.labels) - 1)

    # ------------------------------------------------------------ names and numbers

    def called(self, layer: int, unit: int) -> str:
        """A unit's name: x₂ for an input, h₃⁽¹⁾ in a hidden layer, ŷ at the output."""
        number, last = str(unit + 1).translate(BELOW), len(self.net.W)
        if layer == 0:
            return names(self.inputs_chosen)[unit]
        if layer == last:
            return "ŷ" + (number if self.net.widths[-1] > 1 else "")
        return f"h{number}" + (f"⁽{str(layer).translate(ABOVE)}⁾" if last > 2 else "")

    def layer_names(self) -> list[str]:
        return [f"layer {i}" for i in range(1, len(self.net.W))] + ["output"]

    @drawn
    def size(self) -> str:
        """2·8 + 8 + 8·1 + 1 = 33: weights and offsets, layer by layer; or what the links show in their stead."""
        if self.links_show == "gradient":
            return f"links: ∂L/∂w of point {self.picked()}"
        widths, cut = self.net.widths, int((self.net.held == OFF).sum())
        p = self.net.theta.size - cut
        sums = [f"{m}·{n}+{n}" for m, n in pairwise(widths)]
        if self.batch_norm and len(widths) > 2:
            sums.append(f"2·{sum(widths[1:-1])}")
        off = f" − {cut}" * bool(cut)
        return f"{' + '.join(sums)}{off} = {p}" if len(sums) <= 3 else f"p = {p:,} weights and offsets"

    @drawn
    def when(self) -> str:
        done, whole = -(-self.at // self.batch), -(-len(self.order) // self.batch)
        return f"epoch {self.epoch + 1}, batch {min(done + 1, whole)} of {whole}"

    # ------------------------------------------------------------ what just happened

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if not np.isfinite(self.net.theta).all():
            return "The weights have left the range of numbers. Start again with a smaller η."
        with np.errstate(all="ignore"):
            losses, right = self.judged()
            why = self.why(losses)
        return f"{self.tally(losses, right)} {why}".strip()

    def tally(self, losses: np.ndarray, right: np.ndarray) -> str:
        if self.task != "classes":
            missed = self.high * float(np.sqrt(2 * losses[self.train].mean()))
            text = f"It misses z by {missed:.2g} at the training points"
            return text + (
                f", by {self.high * float(np.sqrt(2 * losses[self.test].mean())):.2g} at test points."
                * bool(len(self.test))
                or "."
            )
        wrong = len(self.train) - int(right[self.train].sum())
        text = f"{wrong} of {len(self.train)} training points " + ("is wrong" if wrong == 1 else "are wrong")
        for name, members in (("validation", self.validation), ("test", self.test)):
            if len(members):
                text += f", {len(members) - int(right[members].sum())} of {len(members)} {name} points"
        return f"{text}."

    # ------------------------------------------------------------ what stands in the way

    def why(self, losses: np.ndarray) -> str:
        """What stands in the way, if anything does: the plainest reason first."""
        reasons = (self.straight, self.alike, self.flat, self.wild, self.faded)
        for reason in reasons:
            if text := reason():
                return text
        return self.by_heart(losses) or self.dead() or self.full() or self.unwatched()

    def straight(self) -> str:
        if not self.layers:
            return "One unit alone weighs its inputs and draws a straight line" + (
                "."
                if tuple(self.inputs_chosen) == ("x₁", "x₂")
                else " through the space of its inputs: here it may bend."
            )
        if self.activation == "identity":
            return "Nothing bends between the layers, so together they are one weighted sum: a straight line."
        return ""

    def alike(self) -> str:
        """Units with the same weights before and after them are moved alike, for ever."""
        for layer, (before, after) in enumerate(pairwise([*self.net.W]), 1):
            given = np.vstack([before, self.net.offsets[layer - 1]])
            if before.shape[1] > 1 and np.ptp(given, axis=1).max() == 0 and np.ptp(after, axis=0).max() == 0:
                n = before.shape[1]
                return f"All {n} units of layer {layer} are alike, and so are their gradients: they act as one."
        return ""

    def flat(self) -> str:
        return (
            "A step is level on both sides, so no gradient passes it: only the output learns."
            if self.activation == "step"
            else ""
        )

    def hidden(self) -> list[np.ndarray]:
        """What the hidden units answer at the training points."""
        return [a[:, self.train] for a in self.net.forward(self.inputs).A[1:-1]]

    def dead(self) -> str:
        if self.activation not in ONE_SIDED:
            return ""
        dead, whole = sum(int((a <= 0).all(axis=1).sum()) for a in self.hidden()), sum(self.net.widths[1:-1])
        return f"{dead} of {whole} hidden units {'is' if dead == 1 else 'are'} dead: 0 at every training point." * bool(
            dead
        )

    def wild(self) -> str:
        """Whether steps are too long for the curvature, and the loss shows it."""
        safe = self.safe()
        if not len(safe) or self.rate <= safe[-1] or not self.least < np.inf:
            return ""
        loss = float(self.judged()[0][self.train].mean())
        if loss < 1.5 * self.least + 0.05:
            return ""
        return (
            f"η is past {safe[-1]:.2g}, where steps begin to climb: the loss is {loss:.2g}, and was {self.least:.2g}."
        )

    def faded(self) -> str:
        """Whether next to nothing of the gradient arrives at the first layer."""
        sizes = [float(np.abs(dW).mean()) for dW in self.net.dW]
        if len(sizes) < 3 or not 0 < sizes[0] < 1e-3 * sizes[-1]:
            return ""
        return f"The first layer's gradient is 1/{sizes[-1] / sizes[0]:,.0f} of the last one's: it hardly learns."

    def full(self) -> str:
        """Units that are level at nearly every point: their slope is next to 0."""
        if self.activation not in FLAT:
            return ""
        low, high = FLAT[self.activation]
        edge = 0.01 * (high - low)
        units = np.concatenate([((a < low + edge) | (a > high - edge)).mean(axis=1) for a in self.hidden()])
        full = int((units > 0.95).sum())
        if 2 * full <= len(units):
            return ""
        ends = f"{low:g} or {high:g}".replace("-", "−")
        return f"{full} of {len(units)} hidden units are saturated: at {ends}, where f is level, they hardly learn."

    def by_heart(self, losses: np.ndarray) -> str:
        if not len(self.test):
            return ""
        seen, unseen = losses[self.train].mean(), losses[self.test].mean()
        if unseen < 2 * seen or unseen < 1.2 * self.least_test:
            return ""
        risen = f"The test loss has risen from {self.least_test:.2g} to {unseen:.2g} while training is at {seen:.2g}"
        return f"{risen}: it learns its points by heart."

    def unwatched(self) -> str:
        if "early stopping" in self.extras and not len(self.validation):
            return "Early stopping goes by validation points, and there are none: give them a share."
        if self.batch_norm and self.batch == 1:
            return "A batch of one has no spread: batch norm makes every sum its β, whatever the point."
        if self.best is not None and self.best_t:
            return f"The validation loss was least, {self.best_loss:.3g}, at step {self.best_t}."
        return ""
