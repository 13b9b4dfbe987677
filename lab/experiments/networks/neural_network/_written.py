"""The pieces of the neural network's script: inputs, first weights, back-propagation and optimiser, in NumPy.

Each does what lab.maths does, operation by operation and in float32: so the script ends at the very numbers of the
run, also where rounding decides (under batch norm no offset has a slope, and Adam makes steps of what is left).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lab.script import tidy

FEATURES = {
    "x₁": "x1",
    "x₂": "x2",
    "x₁²": "x1**2",
    "x₂²": "x2**2",
    "x₁x₂": "x1 * x2",
    "sin x₁": "np.sin(x1)",
    "sin x₂": "np.sin(x2)",
    "cubes": "x1**3, x1**2 * x2, x1 * x2**2, x2**3",
    "RBF": "*(np.exp(-((x1 - c1) ** 2 + (x2 - c2) ** 2) / 8) for c2 in (4, 0, -4) for c1 in (-4, 0, 4))",
}
TARGETS = {
    "a formula": "targets = y[None]",
    "two": "targets = (labels == 0)[None]  # the output speaks for the first class",
    "signed": "targets = np.where(labels == 0, 1, -1)[None]  # the output speaks for the first class",
    "many": "targets = np.eye({K})[:, labels]  # an output for each class",
    "signed many": "targets = 2 * np.eye({K})[:, labels] - 1  # an output for each class",
}
FIRST = {
    "suited": "rng.normal(0, {gain!r} / m**0.5, (m, n))",
    "zero": "np.zeros((m, n))",
    "constant": "np.full((m, n), {spread!r})",
    "normal": "rng.normal(0, {spread!r}, (m, n))",
    "spread 1/m": "rng.normal(0, 1 / m, (m, n))",
    "variance 1/m": "rng.normal(0, m**-0.5, (m, n))",
    "Xavier": "rng.uniform(-((6 / (m + n)) ** 0.5), (6 / (m + n)) ** 0.5, (m, n))",
    "He": "rng.normal(0, (2 / m) ** 0.5, (m, n))",
    "orthogonal": "{gain!r} * orthogonal(rng, m, n)",
}
ORTHOGONAL = """
def orthogonal(rng, m, n):
    q, r = np.linalg.qr(rng.normal(size=(max(m, n), min(m, n))))
    q *= np.where(np.diag(r) < 0, -1, 1)
    return q if m >= n else q.T
"""
SIGMOID = """
def sigmoid(z):
    return (np.tanh(z / 2) + 1) / 2
"""
SOFTMAX = """
def softmax(z):
    a = np.exp(z - z.max(axis=0))
    return a / a.sum(axis=0)
"""
BENT = """
def bent(z):
    return np.tanh(0.7978845608028654 * z * (1 + 0.044715 * z * z))
"""
ACTIVATIONS = {  # f(z), and its slope there, where a = f(z)
    "tanh": ("np.tanh(z)", "1 - a * a"),
    "relu": ("np.maximum(z, 0)", "z > 0"),
    "sigmoid": ("sigmoid(z)", "a * (1 - a)"),
    "identity": ("z", "1.0"),
    "leaky relu": ("np.maximum(z, 0.01 * z)", "np.where(z > 0, 1.0, 0.01)"),
    "elu": ("np.maximum(z, 0) + np.expm1(np.minimum(z, 0))", "np.minimum(a, 0) + 1"),
    "selu": (
        "(np.maximum(z, 0) + 1.6732632423543772 * np.expm1(np.minimum(z, 0))) * 1.0507009873554805",
        "np.where(z > 0, 1.0507009873554805, a + 1.0507009873554805 * 1.6732632423543772)",
    ),
    "gelu": (
        "z * ((1 + bent(z)) / 2)",
        "(1 + bent(z) + z * (1 - bent(z) * bent(z)) * 0.7978845608028654 * (1 + 3 * 0.044715 * z * z)) / 2",
    ),
    "softplus": ("np.logaddexp(z, 0)", "sigmoid(z)"),
    "swish": ("z * sigmoid(z)", "sigmoid(z) + a * (1 - sigmoid(z))"),
    "softsign": ("z / (1 + np.abs(z))", "(1 - np.abs(a)) ** 2"),
    "arctan": ("np.arctan(z)", "1 / (1 + z * z)"),
    "sin": ("np.sin(z)", "np.cos(z)"),
    "step": ("np.heaviside(z, np.float32(1))", "0.0  # flat: nothing before it learns"),
}


class Judged(NamedTuple):
    """Of the last sums z and the targets y: each unit's share of each point's loss, and how that falls with z."""

    losses: str
    slope: str


LOSSES = {
    "sigmoid": Judged("np.logaddexp(0, z) - y * z", "sigmoid(z) - y"),
    "softmax": Judged("y * (np.logaddexp.reduce(z, axis=0) - z)", "softmax(z) - y"),
    "identity": Judged("(z - y) ** 2 / 2", "z - y"),
    "sigmoid, squared": Judged("(sigmoid(z) - y) ** 2 / 2", "(sigmoid(z) - y) * sigmoid(z) * (1 - sigmoid(z))"),
    "hinge": Judged("np.maximum(0, 1 - y * z)", "-y * (y * z < 1)"),
}
M = "m[:] = {s.beta1!r} * m + (1 - {s.beta1!r}) * g"
S = "s[:] = {s.beta2!r} * s + (1 - {s.beta2!r}) * g**2"
M_HAT = "m_hat = m / (1 - {s.beta1!r} ** (t + 1))"
S_HAT = "s_hat = s / (1 - {s.beta2!r} ** (t + 1))"
ADAMS_MOVE = "w -= {rate} * m_hat / (np.sqrt(s_hat) + {s.epsilon!r})"
ADAM = (M, S, M_HAT, S_HAT, ADAMS_MOVE)


class Rule(NamedTuple):
    """The averages that a rule keeps for each array w, and what it does with a slope g."""

    keeps: str
    lines: tuple[str, ...]


OPTIMISERS = {
    "GD": Rule("", ("w -= {rate} * g",)),
    "momentum": Rule("v", ("v[:] = {s.momentum!r} * v + g", "w -= {rate} * v")),
    "Nesterov": Rule("v", ("v[:] = {s.momentum!r} * v + g", "w -= {rate} * (g + {s.momentum!r} * v)")),
    "Adagrad": Rule("s", ("s += g**2", "w -= {rate} * g / (np.sqrt(s) + {s.epsilon!r})")),
    "RMSProp": Rule("s", (S, "w -= {rate} * g / (np.sqrt(s) + {s.epsilon!r})")),
    "Adam": Rule("ms", ADAM),
    "AdamW": Rule("ms", (*ADAM[:-1], ADAMS_MOVE + " + {rate} * {s.weight_decay!r} * w")),
    "AMSGrad": Rule(
        "msc", (M, S, "np.maximum(c, s, out=c)", M_HAT, "s_hat = c / (1 - {s.beta2!r} ** (t + 1))", ADAMS_MOVE)
    ),
    "Nadam": Rule(
        "ms",
        (
            M,
            S,
            "m_hat = {s.beta1!r} * m / (1 - {s.beta1!r} ** (t + 2)) "
            "+ (1 - {s.beta1!r}) * g / (1 - {s.beta1!r} ** (t + 1))",
            S_HAT,
            ADAMS_MOVE,
        ),
    ),
    "RAdam": Rule("ms", (M, S, M_HAT, "w -= {rate} * rectified(s, t + 1) * m_hat")),
    "Adamax": Rule(
        "mr",
        (M, "r[:] = np.maximum({s.beta2!r} * r, np.abs(g) + {s.epsilon!r})", M_HAT, "w -= {rate} / r * m_hat"),
    ),
    "Adadelta": Rule(
        "sdu",
        (
            S,
            "d[:] = {s.beta2!r} * d + (1 - {s.beta2!r}) * u**2",
            "u[:] = np.sqrt(d + {s.epsilon!r}) / np.sqrt(s + {s.epsilon!r}) * g",
            "w -= {rate} * u",
        ),
    ),
}
RECTIFIED = '''
def rectified(s, t):
    """What takes the place of 1 / √s: 1 while few squares are averaged, then rectified by r."""
    most = 2 / (1 - {s.beta2!r}) - 1
    length = most - 2 * t * {s.beta2!r}**t / (1 - {s.beta2!r}**t)
    if length <= 5:
        return 1.0
    r = np.sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length))
    return r * np.sqrt(1 - {s.beta2!r}**t) / (np.sqrt(s) + {s.epsilon!r})
'''
RATES = {  # as shares of the first, by epoch
    "1/t": "(epoch + 1) ** -1",
    "1/√t": "(epoch + 1) ** -0.5",
    "1/tᵖ": "(epoch + 1) ** -{s.power!r}",
    "steps": "{s.decay!r} ** (epoch // {s.period!r})",
    "exponential": "{s.decay!r} ** (epoch / {s.period!r})",
    "cosine": "((1 + cos(pi * min(epoch / {s.period!r}, 1))) / 2)",
    "warm-up": "min((epoch + 1) / {s.period!r}, 1)",
}
WITH_ONES = """
def with_ones(a):
    return np.vstack([a, np.ones_like(a[:1])])  # the last row of each layer's table holds the offsets
"""
NORM = """
    scale.append(1 / np.sqrt(z.var(axis=1, keepdims=True) + 1e-5))
    bar.append((z - z.mean(axis=1, keepdims=True)) * scale[-1])
    z = gamma[l][:, None] * bar[-1] + beta[l][:, None]
"""
NORM_BACK = """
    dgamma.insert(0, (delta * bar[l - 1]).sum(axis=1))
    dbeta.insert(0, delta.sum(axis=1))
    delta = gamma[l - 1][:, None] * delta
    along = bar[l - 1] * (delta * bar[l - 1]).mean(axis=1, keepdims=True)  # mean and variance move too
    delta = (delta - (delta.mean(axis=1, keepdims=True) + along)) * scale[l - 1]
"""
END = """
weights = {}
for i, table in enumerate(layers, 1):
    weights |= {f"W{i}": table[:-1], f"b{i}": table[-1]}
"""
NORMS = """for i, (up, shift) in enumerate(zip(gamma, beta), 1):
    weights |= {f"gamma{i}": up, f"beta{i}": shift}
"""


def needs(schedule: str) -> str:
    return f"{'from math import cos, pi' if schedule == 'cosine' else ''}\n\nimport numpy as np".strip()


def inputs(chosen: Sequence[str]) -> str:
    """A column for each point, as everywhere here."""
    given = ", ".join(FEATURES[one] for one in chosen)
    return "inputs = x.T" if list(chosen) == ["x₁", "x₂"] else f"x1, x2 = x.T\ninputs = np.stack([{given}])"


def functions(activation: str, output: str, hidden: bool) -> str:
    """The hidden units' f and its slope, and whatever they and the loss are made of."""
    f, slope = ACTIVATIONS[activation]
    judged = LOSSES[output]
    used = f"{judged.losses} {judged.slope}" + f"{f} {slope}" * hidden
    made_of = {"sigmoid(": SIGMOID, "softmax(": SOFTMAX, "bent(": BENT}
    parts = [text.strip() for name, text in made_of.items() if name in used]
    if hidden:
        parts += [
            f"def f(z):\n    return {f}",
            f"def slope(z, a):  # of f, where a = f(z)\n    return {slope}",
        ]
    return "\n\n\n".join([*parts, WITH_ONES.strip()])


def gradient(
    output: str, hidden: bool, batch_norm: bool, dropout: bool, l1: float, l2: float, single: bool = False
) -> str:
    """Back-propagation: `single` where the slope of f is in double precision, which a step is not."""
    judged, cast = LOSSES[output], ".astype(np.float32)" if single else ""
    lines = [
        f"def gradient(x, y{', rng' if dropout else ''}):",
        '    """The mean loss of these points, and its slopes, found from the last layer to the first."""',
        "    A, Z = [with_ones(x)], []" if hidden else "    A = [with_ones(x)]",
    ]
    if hidden:
        lines += ["    scale, bar, dgamma, dbeta = [], [], [], []"] * batch_norm
        lines += ["    kept = []"] * dropout
        lines += [f"    for {'l, table in enumerate(layers[:-1])' if batch_norm else 'table in layers[:-1]'}:"]
        lines += ["        z = table.T @ A[-1]"]
        lines += indented(NORM, 1) * batch_norm
        lines += ["        Z.append(z)"]
        if dropout:
            lines += [
                "        kept.append((rng.random(z.shape) >= p) / np.float32(1 - p))  # it stands for what is silent",
                "        A.append(with_ones(f(z) * kept[-1]))",
            ]
        else:
            lines += ["        A.append(with_ones(f(z)))"]
    lines += [
        "    z = layers[-1].T @ A[-1]",
        f"    J = ({judged.losses}).sum() / x.shape[1]",
        f"    delta = ({judged.slope}) / np.float32(x.shape[1])",
    ]
    if hidden:
        lines += [
            "    slopes = []",
            "    for l in range(len(layers) - 1, -1, -1):",
            f"        slopes.insert(0, (A[l] @ delta.T){cast})" if cast else "        slopes.insert(0, A[l] @ delta.T)",
            "        if l > 0:",
            "            delta = layers[l][:-1] @ delta",
        ]
        if dropout:
            lines += ["            delta = delta * kept[l - 1] * slope(Z[l - 1], f(Z[l - 1]))"]
        else:
            lines += ["            delta *= slope(Z[l - 1], A[l][:-1])"]
        lines += indented(NORM_BACK, 2) * batch_norm
    else:
        lines += ["    slopes = [A[0] @ delta.T]"]
    if l1 or l2:
        lines += ["    for table, g in zip(layers, slopes):  # penalties are for weights, not for offsets"]
        lines += [f"        g[:-1] += {l2!r} * table[:-1]"] * bool(l2)
        lines += [f"        g[:-1] += {l1!r} * np.sign(table[:-1])"] * bool(l1)
    return "\n".join([*lines, f"    return J, {'slopes + dgamma + dbeta' if batch_norm and hidden else 'slopes'}"])


def indented(text: str, depth: int) -> list[str]:
    return ["    " * depth + line for line in text.strip("\n").splitlines()]


def start(begin: str, gain: float, spread: float, random_offsets: bool, batch_norm: bool, optimiser: str) -> str:
    """The first weights, and the averages of the optimiser."""
    offsets = "rng.normal(0, 1, (1, n))" if random_offsets else "np.zeros((1, n))"
    text = tidy(f"""
        rng = at_start()
        X, Y = inputs.astype(np.float32), targets.astype(np.float32)
        layers = []
        for m, n in zip(widths, widths[1:]):
            layers.append(np.vstack([{FIRST[begin].format(gain=gain, spread=spread)}, {offsets}]).astype(np.float32))
        """)
    if batch_norm:
        text += "\ngamma = [np.ones(n, np.float32) for n in widths[1:-1]]"
        text += "\nbeta = [np.zeros(n, np.float32) for n in widths[1:-1]]"
        text += "\ntheta = layers + gamma + beta"
    for name in OPTIMISERS[optimiser].keeps:
        text += f"\n{name.upper()} = [np.zeros_like(w) for w in {'theta' if batch_norm else 'layers'}]"
    text += "\norder, at, epoch = rng.permutation(X.shape[1]), 0, 0"
    return f"{ORTHOGONAL.strip()}\n\n\n{text}" if begin == "orthogonal" else text


def rectifier(optimiser: str, settings: Any) -> str:
    return RECTIFIED.format(s=settings) if optimiser == "RAdam" else ""


def step(optimiser: str, schedule: str, settings: Any, noise: float, dropout: bool, batch_norm: bool) -> str:
    """One mini-batch; after the last of an epoch the points are shuffled."""
    rule, name = OPTIMISERS[optimiser], "eta" if schedule in RATES else "rate"
    given = ", ".join(["w", "g", *rule.keeps])
    lists = ", ".join(["theta" if batch_norm else "layers", "slopes", *rule.keeps.upper()])
    lines = ["rng = at_step(t)", "i = order[at : at + batch]", "x, y = X.take(i, axis=1), Y.take(i, axis=1)"]
    lines += [f"x += rng.normal(0, {noise!r}, x.shape)"] * bool(noise)
    if schedule in RATES:
        lines += [f"eta = rate * {RATES[schedule].format(s=settings)}"]
    lines += [f"J, slopes = gradient(x, y{', rng' if dropout else ''})", f"for {given} in zip({lists}):"]
    lines += ["    " + line.format(s=settings, rate=name) for line in rule.lines]
    lines += [
        "at += len(i)",
        "if at == len(order):  # an epoch is over",
        "    order, at, epoch = rng.permutation(len(order)), 0, epoch + 1",
    ]
    return "\n".join(lines)
