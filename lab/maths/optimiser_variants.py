"""Variants of the rules, as a text prints them, as torch has them, or as a switch leaves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lab.maths.optimisers import (
    AVERAGES,
    RULES,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    Array,
    Momentum,
    Nadam,
    RMSProp,
    Rule,
    Settings,
    State,
)


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


class AveragedMomentum(Momentum):
    """The velocity as an average of gradients: the path of torch's with 1 - rho times the rate."""

    latex = r"v_t = \rho\, v_{t-1} + (1 - \rho)\, g_t \\ \theta_t = \theta_{t-1} - \eta\, v_t"

    def average(self, state: State, g: Array, settings: Settings) -> None:
        state["v"] = settings.momentum * state["v"] + (1 - settings.momentum) * g


class ForeseeingNesterov(Momentum):
    """Momentum whose gradient is taken where the velocity alone would lead."""

    latex = (
        r"v_t = \rho\, v_{t-1} + g_t \text{ , g taken at } \theta_{t-1} - \eta\, \rho\, v_{t-1} \\ "
        r"\theta_t = \theta_{t-1} - \eta\, v_t"
    )

    def foreseen(self, state: State, theta: Array, settings: Settings) -> Array:
        return theta - settings.rate * settings.momentum * state["v"]


class InnerAdagrad(Adagrad):
    """With epsilon inside the root."""

    latex = Adagrad.latex.replace(r"\sqrt{s_t} + \epsilon", r"\sqrt{s_t + \epsilon}")

    def rates(self, state: State, g: Array, settings: Settings) -> Array:
        return settings.rate / np.sqrt(state["s"] + settings.epsilon)

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        return -self.rates(state, g, settings) * g


class InnerRMSProp(InnerAdagrad):
    """With epsilon inside the root: what two of the texts call Adadelta."""

    latex = RMSProp.latex.replace(r"\sqrt{s_t} + \epsilon", r"\sqrt{s_t + \epsilon}")

    def average(self, state: State, g: Array, settings: Settings) -> None:
        state["s"] = settings.beta2 * state["s"] + (1 - settings.beta2) * g**2


class InnerAdam(Adam):
    """With epsilon inside the root."""

    latex = Adam.latex.replace(r"\sqrt{\hat s_t} + \epsilon", r"\sqrt{\hat s_t + \epsilon}")

    def rates(self, state: State, g: Array, settings: Settings) -> Array:
        return settings.rate / np.sqrt(self.debiased(state, settings)[1] + settings.epsilon)

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        return -self.rates(state, g, settings) * self.debiased(state, settings)[0]


class PrintedAdamax(Adamax):
    """With epsilon added to the maximum, not to the gradient in it."""

    latex = Adamax.latex.replace(r"|g_t| + \epsilon", "|g_t|").replace(
        r"\frac{\hat m_t}{r_t}", r"\frac{\hat m_t}{r_t + \epsilon}"
    )

    def average(self, state: State, g: Array, settings: Settings) -> None:
        state["t"] = state["t"] + 1
        state["m"] = settings.beta1 * state["m"] + (1 - settings.beta1) * g
        state["r"] = np.maximum(settings.beta2 * state["r"], np.abs(g))

    def rates(self, state: State, g: Array, settings: Settings) -> Array:
        return settings.rate / (state["r"] + settings.epsilon)


class GrowingNadam(Nadam):
    """Nadam as torch has it: mu = beta_1 (1 - 0.96^(0.004 t) / 2) grows from half of beta_1, for ten thousand steps."""

    latex = (
        AVERAGES + r"p_t = \mu_t\, p_{t-1} \qquad \hat s_t = \frac{s_t}{1 - \beta_2^t} \\ "
        r"\hat m_t = \frac{\mu_{t+1}\, m_t}{1 - p_t\, \mu_{t+1}} + \frac{(1 - \mu_t)\, g_t}{1 - p_t} \\ "
        r"\theta_t = \theta_{t-1} - \eta\, \frac{\hat m_t}{\sqrt{\hat s_t} + \epsilon}"
    )

    def begin(self, theta: Array) -> State:
        return super().begin(theta) | {"p": 1.0, "p before": 1.0}

    def growing(self, t: int, settings: Settings) -> float:
        return settings.beta1 * (1 - 0.5 * 0.96 ** (0.004 * t))

    def average(self, state: State, g: Array, settings: Settings) -> None:
        super().average(state, g, settings)
        state["p before"], state["p"] = state["p"], state["p"] * self.growing(state["t"], settings)

    def debiased(self, state: State, settings: Settings) -> tuple[Array, Array]:
        t, p = state["t"], state["p"]
        now, then = self.growing(t, settings), self.growing(t + 1, settings)
        m_hat = then * state["m"] / (1 - p * then) + (1 - now) * state["g"] / (1 - p)
        return m_hat, state["s"] / (1 - settings.beta2**t)

    def derived(self, state: State, settings: Settings) -> dict[str, Any]:
        t, (m_hat, s_hat) = state["t"], self.debiased(state, settings)
        growing = {r"\mu_t": self.growing(t, settings), r"\mu_{t+1}": self.growing(t + 1, settings)}
        shares = {r"\beta_2^t": settings.beta2**t, "p_t": state["p"], "p_{t-1}": state["p before"]}
        return {r"\hat m_t": m_hat, r"\hat s_t": s_hat} | growing | shares


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
    "momentum, averaged": AveragedMomentum(),
    "Nesterov, foreseeing": ForeseeingNesterov(),
    "Adagrad, ε inside": InnerAdagrad(),
    "RMSProp, ε inside": InnerRMSProp(),
    "Adam, ε inside": InnerAdam(),
    "Adamax as printed": PrintedAdamax(),
    "Nadam as torch": GrowingNadam(),
}


class Differs(NamedTuple):
    """How torch and a text define one optimiser, and what the difference is."""

    torch: Rule
    text: Rule
    said: str


DIFFERS: dict[str, Differs] = {
    name: Differs(VARIANTS[torch] if torch in VARIANTS else RULES[torch], (VARIANTS | RULES)[text], said)
    for name, torch, text, said in (
        (
            "momentum", "momentum", "momentum, averaged",
            "The texts average gradients where torch sums them: the same path at 1 − ρ times the rate.",
        ),
        (
            "Nesterov", "Nesterov", "Nesterov, foreseeing",
            "The texts take the gradient at the place foreseen; torch's θ is that place, one look ahead of the texts'.",
        ),
        (
            "Adagrad", "Adagrad", "Adagrad, ε inside",
            "A text has ε inside the root, torch outside: only tiny gradients notice.",
        ),
        (
            "RMSProp", "RMSProp", "RMSProp, ε inside",
            "A text has ε inside the root and calls it Adadelta; torch has it outside.",
        ),
        (
            "Adam", "Adam", "Adam, ε inside",
            "A text has ε inside the root, torch outside: only tiny gradients notice.",
        ),
        (
            "Nadam", "Nadam as torch", "Nadam",
            "In the text β₁ stays; torch lets it grow from about half of it, so that its first steps remember less.",
        ),
        (
            "Adamax", "Adamax", "Adamax as printed",
            "The text adds ε to the maximum r, torch to the gradient within it.",
        ),
        (
            "Adadelta", "Adadelta", "Adadelta as printed",
            "The text has ε outside both roots: the first step is ε long, and it hardly starts.",
        ),
    )
}  # fmt: skip


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
