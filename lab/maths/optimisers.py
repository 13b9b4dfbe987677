"""Optimisers: how a gradient becomes a step, each rule in two sub-stages, averages and then move.

    state = rule.begin(theta)               # averages start at 0
    rule.average(state, g, settings)        # take the gradient g at theta into the running averages
    theta = theta + rule.move(state, g, settings) + rule.decay(theta, settings)

Everything is coordinate by coordinate, so theta may be a point, a weight matrix or a whole field of racers.
The step from theta_(t-1) to theta_t has the number t = 1, 2, … A state is a plain dict of arrays; `average`
puts new arrays in the place of old ones and never writes into one, so `dict(state)` is a snapshot of it.

The conventions are those of torch.optim, but for Nadam. Where the texts differ (DIFFERS, in optimiser_variants):
- Momentum: two texts average, v <- rho v + (1 - rho) g. That is the same path; their rate times 1 - rho is
  the rate here. Others keep the rate inside v, or turn v's sign.
- Nesterov: the texts take the gradient at a point foreseen, theta - eta rho v. Here theta itself is that
  point, so the gradient is taken where one stands. The path is the same, seen that look ahead earlier.
- Epsilon stands outside the root, sqrt(s) + epsilon. Where a text has it inside, only tiny gradients notice.
- What two of the texts call Adadelta keeps no average of past steps: it is RMSProp. The third text's Adadelta
  has epsilon outside both roots and hardly starts: see optimiser_variants.
- Adamax adds epsilon to |g| before the maximum is taken, where the text adds it to the maximum.
- Nadam keeps beta_1 as it is, as in the text; torch.optim.NAdam lets it grow unless momentum_decay is huge.
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
    @property
    def weight_decay(self) -> float: ...


KNOBS = {
    r"\eta": "rate",
    r"\rho": "momentum",
    r"\beta_1": "beta1",
    r"\beta_2": "beta2",
    r"\epsilon": "epsilon",
    r"\lambda": "weight_decay",
}


class Rule:
    """An update rule. `latex` has one equation a line; `keeps` names the averages that a state holds."""

    latex: str
    keeps: tuple[str, ...] = ()

    def begin(self, theta: Array) -> State:
        return {name: np.zeros_like(theta) for name in self.keeps}

    def foreseen(self, state: State, theta: Array, settings: Settings) -> Array:
        """Where the gradient is to be taken: for all in torch's form where theta is."""
        return theta

    def average(self, state: State, g: Array, settings: Settings) -> None:
        """Take g into the running averages."""

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        """The step that the averages, g already among them, ask for."""
        raise NotImplementedError

    def decay(self, theta: Array, settings: Settings) -> Array | float:
        """What the step takes off theta itself, apart from the gradient: only AdamW does."""
        return 0.0

    def rates(self, state: State, g: Array, settings: Settings) -> Array:
        """The rate that each coordinate really gets: the move over the gradient, or over its average."""
        return np.full_like(g, settings.rate)

    def derived(self, state: State, settings: Settings) -> dict[str, Any]:
        """What else stands in the equation and follows from the averages."""
        return {}

    def symbols(self, state: State, g: Array, theta: Array, settings: Settings) -> dict[str, Any]:
        """The number of each symbol in `latex`, from what stood *before* the step; changes nothing."""
        after = dict(state)
        self.average(after, g, settings)
        moved = theta + self.move(after, g, settings) + self.decay(theta, settings)
        numbers = {r"\theta_{t-1}": theta, "g_t": g, r"\theta_t": moved}
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

    def rates(self, state: State, g: Array, settings: Settings) -> Array:
        return settings.rate / (np.sqrt(state["s"]) + settings.epsilon)


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
    keeps: tuple[str, ...] = ("m", "s")

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

    def rates(self, state: State, g: Array, settings: Settings) -> Array:
        return settings.rate / (np.sqrt(self.debiased(state, settings)[1]) + settings.epsilon)

    def derived(self, state: State, settings: Settings) -> dict[str, Any]:
        m_hat, s_hat = self.debiased(state, settings)
        shares = {r"\beta_1^t": settings.beta1 ** state["t"], r"\beta_2^t": settings.beta2 ** state["t"]}
        return {r"\hat m_t": m_hat, r"\hat s_t": s_hat} | shares


AVERAGES = Adam.latex.split(r"\hat m_t")[0]  # the two lines in which m and s take g in
ADAMS_MOVE = r"\theta_t = \theta_{t-1} - \eta\, \frac{\hat m_t}{\sqrt{\hat s_t} + \epsilon}"


class AdamW(Adam):
    """Adam, and a decay of theta that is not divided by the root of s, as a penalty's gradient would be."""

    latex = Adam.latex.replace(r"\theta_t = \theta_{t-1}", r"\theta_t = (1 - \eta\, \lambda)\, \theta_{t-1}")

    def decay(self, theta: Array, settings: Settings) -> Array:
        return -settings.rate * settings.weight_decay * theta


class AMSGrad(Adam):
    """Adam that divides by the largest s so far: its rates only fall, so no large gradient is forgotten."""

    latex = (
        AVERAGES + r"c_t = \max(c_{t-1}, s_t) \\ "
        r"\hat m_t = \frac{m_t}{1 - \beta_1^t} \qquad \hat s_t = \frac{c_t}{1 - \beta_2^t} \\ " + ADAMS_MOVE
    )
    keeps = ("m", "s", "c")

    def average(self, state: State, g: Array, settings: Settings) -> None:
        super().average(state, g, settings)
        state["c"] = np.maximum(state["c"], state["s"])

    def debiased(self, state: State, settings: Settings) -> tuple[Array, Array]:
        m_hat, _ = super().debiased(state, settings)
        return m_hat, state["c"] / (1 - settings.beta2 ** state["t"])


class Nadam(Adam):
    """Adam with Nesterov's look ahead: the average as it will be next, with this gradient once more in it."""

    latex = (
        AVERAGES + r"\hat m_t = \frac{\beta_1 m_t}{1 - \beta_1^{t+1}} + \frac{(1 - \beta_1)\, g_t}{1 - \beta_1^t} "
        r"\qquad \hat s_t = \frac{s_t}{1 - \beta_2^t} \\ " + ADAMS_MOVE
    )

    def begin(self, theta: Array) -> State:
        return super().begin(theta) | {"g": np.zeros_like(theta)}

    def average(self, state: State, g: Array, settings: Settings) -> None:
        super().average(state, g, settings)
        state["g"] = g

    def debiased(self, state: State, settings: Settings) -> tuple[Array, Array]:
        beta, t = settings.beta1, state["t"]
        m_hat = beta * state["m"] / (1 - beta ** (t + 1)) + (1 - beta) * state["g"] / (1 - beta**t)
        return m_hat, super().debiased(state, settings)[1]

    def derived(self, state: State, settings: Settings) -> dict[str, Any]:
        return super().derived(state, settings) | {r"\beta_1^{t+1}": settings.beta1 ** (state["t"] + 1)}


class RAdam(Adam):
    """Adam that waits: without its divisor while few squares are averaged, then with it, rectified by r."""

    latex = (
        AVERAGES + r"\hat m_t = \frac{m_t}{1 - \beta_1^t} \qquad "
        r"a_t = \frac{r_t\, \sqrt{1 - \beta_2^t}}{\sqrt{s_t} + \epsilon} \text{ , or 1 while r is 0} \\ "
        r"\theta_t = \theta_{t-1} - \eta\, a_t\, \hat m_t"
    )

    def rectifier(self, state: State, settings: Settings) -> float:
        """r: how far the average of squares can be trusted; 0 while it is worth five samples or fewer."""
        beta, t = settings.beta2, state["t"]
        most = 2 / (1 - beta) - 1
        length = most - 2 * t * beta**t / (1 - beta**t)
        if length <= 5:
            return 0.0
        return float(np.sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)))

    def scale(self, state: State, settings: Settings) -> Array:
        r = self.rectifier(state, settings)
        if not r:
            return np.ones_like(state["s"])
        return r * np.sqrt(1 - settings.beta2 ** state["t"]) / (np.sqrt(state["s"]) + settings.epsilon)

    def rates(self, state: State, g: Array, settings: Settings) -> Array:
        return settings.rate * self.scale(state, settings)

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        return -settings.rate * self.scale(state, settings) * self.debiased(state, settings)[0]

    def derived(self, state: State, settings: Settings) -> dict[str, Any]:
        numbers = super().derived(state, settings)
        del numbers[r"\hat s_t"]
        return numbers | {"r_t": self.rectifier(state, settings), "a_t": self.scale(state, settings)}


class Adamax(Adam):
    """Adam with a maximum in place of the average of squares: r is the envelope of the gradients' sizes."""

    latex = (
        r"m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \\ "
        r"r_t = \max(\beta_2 r_{t-1}, |g_t| + \epsilon) \\ "
        r"\hat m_t = \frac{m_t}{1 - \beta_1^t} \\ "
        r"\theta_t = \theta_{t-1} - \eta\, \frac{\hat m_t}{r_t}"
    )
    keeps = ("m", "r")

    def average(self, state: State, g: Array, settings: Settings) -> None:
        state["t"] = state["t"] + 1
        state["m"] = settings.beta1 * state["m"] + (1 - settings.beta1) * g
        state["r"] = np.maximum(settings.beta2 * state["r"], np.abs(g) + settings.epsilon)

    def debiased(self, state: State, settings: Settings) -> tuple[Array, Array]:
        """The second is r squared: a maximum that starts at 0 needs no debiasing."""
        return state["m"] / (1 - settings.beta1 ** state["t"]), state["r"] ** 2

    def rates(self, state: State, g: Array, settings: Settings) -> Array:
        return settings.rate / state["r"]

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        return -self.rates(state, g, settings) * self.debiased(state, settings)[0]

    def derived(self, state: State, settings: Settings) -> dict[str, Any]:
        share = settings.beta1 ** state["t"]
        return {r"\hat m_t": state["m"] / (1 - share), r"\beta_1^t": share}


class Adadelta(Rule):
    """Steps of the size of past steps, in the units of theta: d averages their squares. The text has rate 1."""

    latex = (
        r"s_t = \beta_2 s_{t-1} + (1 - \beta_2)\, g_t^2 \\ "
        r"d_t = \beta_2 d_{t-1} + (1 - \beta_2)\, u_{t-1}^2 \\ "
        r"u_t = \frac{\sqrt{d_t + \epsilon}}{\sqrt{s_t + \epsilon}}\, g_t \\ "
        r"\theta_t = \theta_{t-1} - \eta\, u_t"
    )
    keeps = ("s", "d", "u")

    def root(self, square: Array, settings: Settings) -> Array:
        return np.sqrt(square + settings.epsilon)

    def average(self, state: State, g: Array, settings: Settings) -> None:
        state["s"] = settings.beta2 * state["s"] + (1 - settings.beta2) * g**2
        state["d"] = settings.beta2 * state["d"] + (1 - settings.beta2) * state["u"] ** 2
        state["u"] = self.root(state["d"], settings) / self.root(state["s"], settings) * g

    def rates(self, state: State, g: Array, settings: Settings) -> Array:
        return settings.rate * self.root(state["d"], settings) / self.root(state["s"], settings)

    def move(self, state: State, g: Array, settings: Settings) -> Array:
        return -settings.rate * state["u"]


RULES: dict[str, Rule] = {
    "GD": GradientDescent(),
    "momentum": Momentum(),
    "Nesterov": Nesterov(),
    "Adagrad": Adagrad(),
    "RMSProp": RMSProp(),
    "Adam": Adam(),
    "AdamW": AdamW(),
    "AMSGrad": AMSGrad(),
    "Nadam": Nadam(),
    "RAdam": RAdam(),
    "Adamax": Adamax(),
    "Adadelta": Adadelta(),
}


def readers(knob: str) -> tuple[str, ...]:
    """The rules in whose equation this knob stands."""
    (symbol,) = (symbol for symbol, name in KNOBS.items() if name == knob)
    return tuple(name for name, rule in RULES.items() if symbol in rule.latex)
