"""Variants of the rules, as a text prints them or as a switch has them: to be compared, not to be raced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lab.maths.optimisers import AVERAGES, Adadelta, Adam, Array, RMSProp, Rule, Settings, State


class PrintedAdadelta(Adadelta):
    """With epsilon outside the roots: the first step is epsilon / sqrt(1 - beta_2)."""

    latex = Adadelta.latex.replace(
        r"\frac{\sqrt{d_t + \epsilon}}{\sqrt{s_t + \epsilon}}", r"\frac{\sqrt{d_t} + \epsilon}{\sqrt{s_t} + \epsilon}"
    )

    def root(self, square: Array, settings: Settings) -> Array:
        return np.sqrt(square) + settings.epsilon


class UncorrectedAdam(Adam):
    """Adam on the averages as they are, which their start at 0 still holds down."""

    latex = AVERAGES + r"\theta_t = \theta_{t-1} - \eta\, \frac{m_t}{\sqrt{s_t} + \epsilon}"

    def debiased(self, state: State, settings: Settings) -> tuple[Array, Array]:
        return state["m"], state["s"]

    def derived(self, state: State, settings: Settings) -> dict[str, Any]:
        return {}


class CorrectedRMSProp(RMSProp):
    """RMSProp without its big first jump: Adam with beta_1 = 0."""

    latex = (
        r"s_t = \beta_2 s_{t-1} + (1 - \beta_2)\, g_t^2 \qquad \hat s_t = \frac{s_t}{1 - \beta_2^t} \\ "
        r"\theta_t = \theta_{t-1} - \eta\, \frac{g_t}{\sqrt{\hat s_t} + \epsilon}"
    )

    def begin(self, theta: Array) -> State:
        return {"t": 0} | super().begin(theta)

    def average(self, state: State, g: Array, settings: Settings) -> None:
        super().average(state, g, settings)
        state["t"] = state["t"] + 1

    def rates(self, state: State, g: Array, settings: Settings) -> Array:
        s_hat = state["s"] / (1 - settings.beta2 ** state["t"])
        return settings.rate / (np.sqrt(s_hat) + settings.epsilon)

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        return -self.rates(state, g, settings) * g

    def derived(self, state: State, settings: Settings) -> dict[str, Any]:
        share = settings.beta2 ** state["t"]
        return {r"\hat s_t": state["s"] / (1 - share), r"\beta_2^t": share}


class OwnRates(Rule):
    """Gradient descent with a rate chosen by hand for each coordinate."""

    latex = r"\theta_{t,j} = \theta_{t-1,j} - \eta_j\, g_{t,j}"

    def __init__(self, chosen: ArrayLike) -> None:
        self.chosen = np.asarray(chosen, dtype=float)

    def rates(self, state: State, g: Array, settings: Settings) -> Array:
        return self.chosen

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        return -self.chosen * g

    def symbols(self, state: State, g: Array, theta: Array, settings: Settings) -> dict[str, Any]:
        after = theta + self.move(state, g, settings)
        return {r"\theta_{t,j}": after, r"\theta_{t-1,j}": theta, r"\eta_j": self.chosen, "g_{t,j}": g}


@dataclass(frozen=True)
class Knobs:
    """Settings of a rule, as numbers."""

    rate: float
    momentum: float
    beta1: float
    beta2: float
    epsilon: float
    weight_decay: float


VARIANTS: dict[str, Rule] = {
    "Adam uncorrected": UncorrectedAdam(),
    "RMSProp corrected": CorrectedRMSProp(),
    "Adadelta as printed": PrintedAdadelta(),
}


def steady_step(name: str, size: float, t: int, k: Settings) -> float | None:
    """How long step t is while the gradient stays at this size; None for a rule that has no short law."""
    laws: dict[str, Callable[[], float]] = {
        "GD": lambda: k.rate * size,
        "momentum": lambda: k.rate * size * (1 - k.momentum**t) / (1 - k.momentum),
        "Nesterov": lambda: k.rate * size * (1 + k.momentum * (1 - k.momentum**t) / (1 - k.momentum)),
        "Adagrad": lambda: k.rate / t**0.5,
        "RMSProp": lambda: k.rate / (1 - k.beta2**t) ** 0.5,
        "Adam uncorrected": lambda: k.rate * (1 - k.beta1**t) / (1 - k.beta2**t) ** 0.5,
        **dict.fromkeys(("RMSProp corrected", "Adam", "AMSGrad", "Adamax"), lambda: k.rate),
    }
    return laws[name]() if name in laws else None
