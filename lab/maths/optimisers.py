"""Optimisers: how a gradient becomes a step, each rule in two sub-stages, averages and then move.

    state = rule.begin(theta)               # averages start at 0
    rule.average(state, g, settings)        # take the gradient g at theta into the running averages
    theta = theta + rule.move(state, g, settings)

Everything is coordinate by coordinate, so theta may be a point, a weight matrix or a whole field of racers.
The step from theta_(t-1) to theta_t has the number t = 1, 2, … A state is a plain dict of arrays; `average`
puts new arrays in the place of old ones and never writes into one, so `dict(state)` is a snapshot of it.

The conventions are those of torch.optim. Where the texts differ:
- Momentum: two texts average, v <- rho v + (1 - rho) g. That is the same path; their rate times 1 - rho is
  the rate here. Others keep the rate inside v, or turn v's sign.
- Nesterov: the texts take the gradient at a point foreseen, theta - eta rho v. Here theta itself is that
  point, so the gradient is taken where one stands. The path is the same, seen that look ahead earlier.
- Epsilon stands outside the root, sqrt(s) + epsilon. Where a text has it inside, only tiny gradients notice.
- What two of the texts call Adadelta keeps no average of past steps: it is RMSProp.
- Adam: m and s are kept as they are and only copies debiased. Debiasing inside the recursion, as one text
  has it, blows up.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
State = dict[str, Any]  # v, s, m: arrays of theta's shape; t: how many gradients the averages have seen


class Settings(Protocol):
    """The knobs. Every rule has a rate η; each reads only those others that stand in its equation."""

    @property
    def rate(self) -> float: ...
    @property
    def momentum(self) -> float: ...
    @property
    def beta1(self) -> float: ...
    @property
    def beta2(self) -> float: ...
    @property
    def epsilon(self) -> float: ...


KNOBS = {
    r"\eta": "rate",
    r"\rho": "momentum",
    r"\beta_1": "beta1",
    r"\beta_2": "beta2",
    r"\epsilon": "epsilon",
}


class Rule:
    """An update rule. `latex` has one equation a line; `keeps` names the averages that a state holds."""

    latex: str
    keeps: tuple[str, ...] = ()

    def begin(self, theta: Array) -> State:
        return {name: np.zeros_like(theta) for name in self.keeps}

    def average(self, state: State, g: Array, settings: Settings) -> None:
        """Take g into the running averages."""

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        """The step that the averages, g already among them, ask for."""
        raise NotImplementedError

    def derived(self, state: State, settings: Settings) -> dict[str, Any]:
        """What else stands in the equation and follows from the averages."""
        return {}

    def symbols(self, state: State, g: Array, theta: Array, settings: Settings) -> dict[str, Any]:
        """The number of each symbol in `latex`, from what stood *before* the step; changes nothing."""
        after = dict(state)
        self.average(after, g, settings)
        numbers = {r"\theta_{t-1}": theta, "g_t": g, r"\theta_t": theta + self.move(after, g, settings)}
        for name in self.keeps:
            numbers |= {f"{name}_{{t-1}}": state[name], f"{name}_t": after[name]}
        numbers |= {symbol: getattr(settings, knob) for symbol, knob in KNOBS.items() if symbol in self.latex}
        return numbers | self.derived(after, settings)


class GradientDescent(Rule):
    """Straight downhill: no averages."""

    latex = r"\theta_t = \theta_{t-1} - \eta\, g_t"

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        return -settings.rate * g


class Momentum(Rule):
    """Polyak's heavy ball: the velocity v remembers past gradients."""

    latex = r"v_t = \rho\, v_{t-1} + g_t \\ \theta_t = \theta_{t-1} - \eta\, v_t"
    keeps = ("v",)

    def average(self, state: State, g: Array, settings: Settings) -> None:
        state["v"] = settings.momentum * state["v"] + g

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        return -settings.rate * state["v"]


class Nesterov(Momentum):
    """Momentum that already counts on the push that its velocity gives next."""

    latex = r"v_t = \rho\, v_{t-1} + g_t \\ \theta_t = \theta_{t-1} - \eta\, (g_t + \rho\, v_t)"

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        return -settings.rate * (g + settings.momentum * state["v"])


class Adagrad(Rule):
    """Each coordinate has its own rate, which falls with all the squared gradients that it has seen."""

    latex = r"s_t = s_{t-1} + g_t^2 \\ \theta_t = \theta_{t-1} - \eta\, \frac{g_t}{\sqrt{s_t} + \epsilon}"
    keeps = ("s",)

    def average(self, state: State, g: Array, settings: Settings) -> None:
        state["s"] = state["s"] + g**2

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        return -settings.rate * g / (np.sqrt(state["s"]) + settings.epsilon)


class RMSProp(Adagrad):
    """Adagrad that forgets: an average in place of the sum, so that its rates need not fall for ever."""

    latex = (
        r"s_t = \beta_2 s_{t-1} + (1 - \beta_2)\, g_t^2 \\ "
        r"\theta_t = \theta_{t-1} - \eta\, \frac{g_t}{\sqrt{s_t} + \epsilon}"
    )

    def average(self, state: State, g: Array, settings: Settings) -> None:
        state["s"] = settings.beta2 * state["s"] + (1 - settings.beta2) * g**2


class Adam(Rule):
    """An average of gradients over the root of an average of squares, both freed of their start at 0."""

    latex = (
        r"m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \\ "
        r"s_t = \beta_2 s_{t-1} + (1 - \beta_2)\, g_t^2 \\ "
        r"\hat m_t = \frac{m_t}{1 - \beta_1^t} \qquad \hat s_t = \frac{s_t}{1 - \beta_2^t} \\ "
        r"\theta_t = \theta_{t-1} - \eta\, \frac{\hat m_t}{\sqrt{\hat s_t} + \epsilon}"
    )
    keeps = ("m", "s")

    def begin(self, theta: Array) -> State:
        return {"t": 0} | super().begin(theta)

    def average(self, state: State, g: Array, settings: Settings) -> None:
        state["t"] = state["t"] + 1
        state["m"] = settings.beta1 * state["m"] + (1 - settings.beta1) * g
        state["s"] = settings.beta2 * state["s"] + (1 - settings.beta2) * g**2

    def debiased(self, state: State, settings: Settings) -> tuple[Array, Array]:
        """The averages as if they had not started at 0, which still holds a share beta^t of each."""
        m_hat = state["m"] / (1 - settings.beta1 ** state["t"])
        s_hat = state["s"] / (1 - settings.beta2 ** state["t"])
        return m_hat, s_hat

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        m_hat, s_hat = self.debiased(state, settings)
        return -settings.rate * m_hat / (np.sqrt(s_hat) + settings.epsilon)

    def derived(self, state: State, settings: Settings) -> dict[str, Any]:
        m_hat, s_hat = self.debiased(state, settings)
        shares = {r"\beta_1^t": settings.beta1 ** state["t"], r"\beta_2^t": settings.beta2 ** state["t"]}
        return {r"\hat m_t": m_hat, r"\hat s_t": s_hat} | shares


RULES: dict[str, Rule] = {
    "GD": GradientDescent(),
    "momentum": Momentum(),
    "Nesterov": Nesterov(),
    "Adagrad": Adagrad(),
    "RMSProp": RMSProp(),
    "Adam": Adam(),
}
