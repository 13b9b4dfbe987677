"""The neural network's script in pieces: data, first weights, the pass forwards and back, and a step, in NumPy.

Every line does what lab.maths.layers does, in its order and precision, so that a script ends at the same numbers
however long the run was: rounding alone would part two runs within a few hundred steps of a high rate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import indent
from typing import Any

from lab.script import assign, tidy

FEATURES = {
    "x₁": "x1",
    "x₂": "x2",
    "x₁²": "x1**2",
    "x₂²": "x2**2",
    "x₁x₂": "x1 * x2",
    "sin x₁": "np.sin(x1)",
    "sin x₂": "np.sin(x2)",
    "cubes": "x1**3, x1**2 * x2, x1 * x2**2, x2**3",
    "RBF": "*bumps",
}
BUMPS = """
centres = [(c1, c2) for c2 in (4, 0, -4) for c1 in (-4, 0, 4)]
bumps = [np.exp(-((x1 - c1) ** 2 + (x2 - c2) ** 2) / 8) for c1, c2 in centres]  # radial basis functions
"""
FIRST = {  # of a layer with m units before it and n in it
    "suited": "rng.normal(0, {gain} / m**0.5, (m, n))",
    "zero": "0",
    "constant": "{spread}",
    "normal": "rng.normal(0, {spread}, (m, n))",
    "spread 1/m": "rng.normal(0, 1 / m, (m, n))",
    "variance 1/m": "rng.normal(0, m**-0.5, (m, n))",
    "Xavier": "rng.uniform(-((6 / (m + n)) ** 0.5), (6 / (m + n)) ** 0.5, (m, n))",
    "He": "rng.normal(0, (2 / m) ** 0.5, (m, n))",
    "orthogonal": "{gain} * orthogonal(m, n)",
}
ORTHOGONAL = '''
def orthogonal(m, n):
    """The Q of a Gaussian's QR."""
    q, r = np.linalg.qr(rng.normal(size=(max(m, n), min(m, n))))
    q *= np.where(np.diag(r) < 0, -1, 1)
    return q if m >= n else q.T
'''
SIGMOID = "def sigmoid(z):\n    return (np.tanh(z * 0.5) + 1) * 0.5"
GELU = "def share(z):\n    return np.tanh(0.7978845608028654 * z * (1 + 0.044715 * z * z))"
SELU = "1.0507009873554805"
SELU_BELOW = "1.6732632423543772"
ACTIVATIONS = {  # f(z), and its slope where a = f(z)
    "tanh": ("np.tanh(z)", "1 - a * a"),
    "relu": ("np.maximum(z, 0)", "z > 0"),
    "sigmoid": ("sigmoid(z)", "a * (1 - a)"),
    "identity": ("z", "1"),
    "leaky relu": ("np.maximum(z, 0.01 * z)", "np.where(z > 0, 1.0, 0.01).astype(z.dtype)"),
    "elu": ("np.maximum(z, 0) + np.expm1(np.minimum(z, 0))", "np.minimum(a, 0) + 1"),
    "selu": (
        f"(np.maximum(z, 0) + {SELU_BELOW} * np.expm1(np.minimum(z, 0))) * {SELU}",
        f"np.where(z > 0, {SELU}, a + {SELU} * {SELU_BELOW})",
    ),
    "gelu": (
        "z * ((1 + share(z)) / 2)",
        "(1 + share(z) + z * (1 - share(z) * share(z)) * 0.7978845608028654 * (1 + 3 * 0.044715 * z * z)) / 2",
    ),
    "softplus": ("np.logaddexp(z, 0)", "sigmoid(z)"),
    "swish": ("z * sigmoid(z)", "sigmoid(z) + a * (1 - sigmoid(z))"),
    "softsign": ("z / (1 + np.abs(z))", "(1 - np.abs(a)) ** 2"),
    "arctan": ("np.arctan(z)", "1 / (1 + z * z)"),
    "sin": ("np.sin(z)", "np.cos(z)"),
    "step": ("(z >= 0).astype(z.dtype)", "0"),
}
OUTPUTS = {  # what the output makes of its sums z, each unit's share of each point's loss, and its slope by z
    "sigmoid": ("a = sigmoid(z)", "np.logaddexp(0, z) - y * z", "a - y"),
    "softmax": (
        "e = np.exp(z - z.max(axis=0))\na = e / e.sum(axis=0)",
        "y * (np.logaddexp.reduce(z, axis=0) - z)",
        "a - y",
    ),
    "identity": ("", "(z - y) ** 2 / 2", "z - y"),
    "sigmoid, squared": ("a = sigmoid(z)", "(a - y) ** 2 / 2", "(a - y) * a * (1 - a)"),
    "hinge": ("", "np.maximum(0, 1 - y * z)", "-y * (y * z < 1)"),
}
RATES = {  # as shares of the first, by epoch
    "1/t": "(epoch + 1) ** -1",
    "1/√t": "(epoch + 1) ** -0.5",
    "1/tᵖ": "(epoch + 1) ** -{s.power!r}",
    "steps": "{s.decay!r} ** (epoch // {s.period})",
    "exponential": "{s.decay!r} ** (epoch / {s.period})",
    "cosine": "((1 + math.cos(math.pi * min(epoch / {s.period}, 1))) / 2)",
    "warm-up": "min((epoch + 1) / {s.period}, 1)",
}
WITH_ONE = '''
def with_one(a):
    """A row of ones below, which feeds the offsets."""
    return np.vstack([a, np.ones_like(a[:1])])
'''
TABLES = '''
def tables(flat):
    """The part of each layer: a column holds the weights into one unit, and below them its offset."""
    parts = np.split(flat, np.cumsum(sizes))
    return [part.reshape(-1, n) for part, n in zip(parts, widths[1:])]
'''
NORMS = '''
def norms(flat):
    """The part of each hidden layer's batch norm, which comes after the weights: gamma and beta, in columns."""
    parts = np.split(flat[sum(sizes) :], 2 * np.cumsum(widths[1:-1])[:-1])
    return [part.reshape(2, -1, 1) for part in parts]
'''
NORMALISE = """
scales.append(1 / np.sqrt(z.var(axis=1, keepdims=True) + 1e-5))
bars.append((z - z.mean(axis=1, keepdims=True)) * scales[-1])  # mean 0 and variance 1 over the batch
gamma, beta = scaled[len(Z)]
z = gamma * bars[-1] + beta
"""
DENORMALISE = """
bar = bars[l - 1]
d_scaled[l - 1][:] = (delta * bar).sum(axis=1, keepdims=True), delta.sum(axis=1, keepdims=True)
delta = scaled[l - 1][0] * delta  # by gamma
delta -= delta.mean(axis=1, keepdims=True) + bar * (delta * bar).mean(axis=1, keepdims=True)
delta = delta * scales[l - 1]
"""
END = """
weights = {f"W{l}": w[:-1] for l, w in enumerate(W, 1)} | {f"b{l}": w[-1] for l, w in enumerate(W, 1)}
"""
END_NORMS = """
weights |= {f"gamma{l}": gamma[:, 0] for l, (gamma, _) in enumerate(scaled, 1)}
weights |= {f"beta{l}": beta[:, 0] for l, (_, beta) in enumerate(scaled, 1)}
"""


def inputs(chosen: Sequence[str], scale: str) -> str:
    """X, a column a point."""
    if list(chosen) == ["x₁", "x₂"] and not scale:
        return "X = x.T.astype(np.float32)  # a column is a point"
    bumps = BUMPS.rstrip() if "RBF" in chosen else ""
    given = ", ".join(FEATURES[one] for one in chosen)
    scaled = f"\n{scale}\nX = (X - centre) / width" if scale else ""
    told = "X = X.astype(np.float32)  # a column is a point"
    return f"x1, x2 = x.T{bumps}\nX = np.stack([{given}]){scaled}\n{told}"


def targets(many: bool, signed: bool) -> str:
    """Y of labelled points, a column a point."""
    no = -1 if signed else 0
    if many:
        return f"Y = np.where(labels == np.arange(K)[:, None], 1, {no}).astype(np.float32)  # an output for each class"
    return f"Y = np.where(labels == 0, 1, {no})[None].astype(np.float32)  # the output speaks for the first class"


def functions(activation: str, output: str, hidden: bool) -> str:
    """f and its slope, and what they or the output are made of."""
    f, slope = ACTIVATIONS[activation] if hidden else ("", "")
    parts = [SIGMOID] if "sigmoid(" in f + slope + OUTPUTS[output][0] else []
    if activation == "gelu" and hidden:
        parts.append(GELU)
    if hidden:
        parts += [f"def f(z):\n    return {f}", f"def slope(z, a):  # of f at z, where it is a\n    return {slope}"]
    return "\n\n\n".join(parts)


def gradient(output: str, hidden: bool, drops: bool, batch_norm: bool, l2: float, l1: float) -> str:
    """The pass over a batch and back, which leaves its gradient in g."""
    body = ['"""The mean loss of points x with targets y; its gradient is left in g. Forwards, then back."""']
    if hidden:
        body += ["A, Z = [x], []  # activations and sums"]
        body += ["scales, bars = [], []"] * batch_norm
        body += ["for l, w in enumerate(W[:-1]):" if drops else "for w in W[:-1]:", "    z = w.T @ with_one(A[-1])"]
        body += [indent(tidy(NORMALISE), "    ")] * batch_norm
        body += ["    Z.append(z)", f"    A.append(f(z){' * kept[l]' if drops else ''})"]
    body += [f"z = W[-1].T @ with_one({'A[-1]' if hidden else 'x'})"]
    answer, loss, delta = OUTPUTS[output]
    body += [answer] * bool(answer)
    body += [f"delta = ({delta}) / y.shape[1]"]
    if hidden:
        body += ["for l in range(len(W) - 1, -1, -1):", "    dW[l][:] = with_one(A[l]) @ delta.T", "    if l:"]
        back = "delta = W[l][:-1] @ delta"
        if drops:
            back += " * kept[l - 1]\ndelta = delta * slope(Z[l - 1], f(Z[l - 1]))"
        else:
            back += "\ndelta *= slope(Z[l - 1], A[l])"
        body += [indent(back + f"\n{tidy(DENORMALISE)}" * batch_norm, " " * 8)]
    else:
        body += ["dW[0][:] = with_one(x) @ delta.T"]
    if l2 or l1:
        body += ["for w, dw in zip(W, dW):  # offsets are not penalised"]
        body += ["    dw[:-1] += l2 * w[:-1]"] * bool(l2)
        body += ["    dw[:-1] += l1 * np.sign(w[:-1])"] * bool(l1)
    body += [f"return ({loss}).sum() / y.shape[1]"]
    kept = ", kept" if drops else ""
    whole = f"def backward(x, y{kept}):\n{indent(chr(10).join(body), '    ')}"
    return "\n\n".join([TABLES, *[NORMS] * batch_norm, WITH_ONE, whole])


def start(begin: str, gain: float, spread: float, random_offsets: bool, batch_norm: bool) -> str:
    """The first weights, as views of theta, and the first order of the points."""
    drawn = FIRST[begin].format(gain="1" if gain == 1 else repr(gain), spread=repr(spread))
    more = " + 2 * sum(widths[1:-1])" if batch_norm else ""
    lines = [
        "sizes = [(m + 1) * n for m, n in zip(widths, widths[1:])]",
        f"theta = np.zeros(sum(sizes){more}, np.float32)  # all that is trained",
        "g = np.zeros_like(theta)",
        "W, dW = tables(theta), tables(g)",
    ]
    if batch_norm:
        lines += ["scaled, d_scaled = norms(theta), norms(g)", "for gamma, beta in scaled:", "    gamma[:] = 1"]
    lines += ["rng = at_start()", "for w in W:"]
    lines += ["    m, n = len(w) - 1, len(w[0])"] * (begin not in ("zero", "constant"))
    lines += [f"    w[:-1] = {drawn}", f"    w[-1] = {'rng.normal(size=len(w[0]))' if random_offsets else '0'}"]
    text = "\n".join([*lines, "order, at = rng.permutation(X.shape[1]), 0"])
    return f"{ORTHOGONAL}\n\n{text}" if begin == "orthogonal" else text


def rule(optimiser: str, settings: Any) -> tuple[str, str]:
    """What an update rule needs before the first step, and its lines from the gradient g on; theta keeps its place."""
    from lab.experiments.descent.optimiser_race._written import AVERAGES, KNOBS, LINES

    lines = LINES[optimiser]
    if optimiser == "AdamW":
        lines = LINES["Adam"] + " + eta * decay * theta"
    words = set(re.findall(r"\w+", lines))
    knobs = assign(**{name: getattr(settings, knob) for name, knob in KNOBS.items() if name in words})
    kept = [name for name in AVERAGES if re.search(rf"^{name} = ", lines, re.MULTILINE)]
    zeros = f"{' = '.join(kept)} = np.zeros_like(theta)" if kept else ""
    change = re.sub(r"^theta = theta - (.* \+ .* theta)$", r"theta -= \1", lines, flags=re.MULTILINE)
    change = re.sub(r"^theta = theta - ", "theta -= ", change, flags=re.MULTILINE)
    return "\n".join(part for part in (knobs, zeros) if part), change


def step(lines: str, schedule: str, settings: Any, noise: float, drops: bool) -> str:
    """One mini-batch; after the last of an epoch the points are shuffled."""
    body = ["rng = at_step(t)"] * bool(noise or drops)
    body += ["i = order[at : at + batch]"]
    if schedule in RATES:
        body += [f"eta = rate * {RATES[schedule].format(s=settings)}"]
    body += ["x = X.take(i, axis=1)", "x += rng.normal(0, noise, x.shape)"] if noise else []
    if drops:  # all at once, before the pass
        body += ["kept = [(rng.random((n, len(i))) >= p) / np.float32(1 - p) for n in widths[1:-1]]"]
    given = "x" if noise else "X.take(i, axis=1)"
    body += [f"loss = backward({given}, Y.take(i, axis=1){', kept' if drops else ''})", lines]
    shuffled = "rng" if noise or drops else "at_step(t)"
    body += ["at += len(i)", "if at == len(order):  # an epoch is over"]
    body += [f"    order, at = {shuffled}.permutation(len(order)), 0"]
    body += ["    epoch += 1"] * (schedule in RATES)
    return "\n".join(body)
