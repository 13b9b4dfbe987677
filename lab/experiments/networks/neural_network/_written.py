"""The pieces of the neural network's script: inputs, first weights, layers, loss, optimiser and rate, in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    "a formula": "targets = y[:, None]",
    "two": "targets = (labels == 0)[:, None]  # the output speaks for the first class",
    "signed": "targets = np.where(labels == 0, 1, -1)[:, None]  # the output speaks for the first class",
    "many": "targets = np.eye({K})[labels]  # an output for each class",
    "signed many": "targets = 2 * np.eye({K})[labels] - 1  # an output for each class",
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
    q = q * np.where(np.diag(r) < 0, -1, 1)
    return q if m >= n else q.T
"""
ACTIVATIONS = {
    "tanh": "torch.tanh(z)",
    "relu": "torch.relu(z)",
    "sigmoid": "torch.sigmoid(z)",
    "identity": "z",
    "leaky relu": "torch.nn.functional.leaky_relu(z, 0.01)",
    "elu": "torch.nn.functional.elu(z)",
    "selu": "torch.selu(z)",
    "gelu": 'torch.nn.functional.gelu(z, approximate="tanh")',
    "softplus": "torch.nn.functional.softplus(z)",
    "swish": "torch.nn.functional.silu(z)",
    "softsign": "torch.nn.functional.softsign(z)",
    "arctan": "torch.atan(z)",
    "sin": "torch.sin(z)",
    "step": "(z >= 0).float() + 0 * z  # flat: nothing before it learns",
}
# Of the last sums z and the targets y: each unit's share of each point's loss.
LOSSES = {
    "sigmoid": 'torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none")',
    "softmax": "-y * torch.log_softmax(z, dim=1)",
    "identity": "(z - y) ** 2 / 2",
    "sigmoid, squared": "(torch.sigmoid(z) - y) ** 2 / 2",
    "hinge": "torch.relu(1 - y * z)",
}
OPTIMISERS = {
    "GD": "SGD(theta, lr=rate)",
    "momentum": "SGD(theta, lr=rate, momentum={s.momentum!r})",
    "Nesterov": "SGD(theta, lr=rate, momentum={s.momentum!r}, nesterov=True)",
    "Adagrad": "Adagrad(theta, lr=rate, eps={s.epsilon!r})",
    "RMSProp": "RMSprop(theta, lr=rate, alpha={s.beta2!r}, eps={s.epsilon!r})",
    "Adam": "Adam(theta, lr=rate, betas=({s.beta1!r}, {s.beta2!r}), eps={s.epsilon!r})",
    "AdamW": "AdamW(theta, lr=rate, betas=({s.beta1!r}, {s.beta2!r}), eps={s.epsilon!r}, "
    "weight_decay={s.weight_decay!r})",
    "AMSGrad": "Adam(theta, lr=rate, betas=({s.beta1!r}, {s.beta2!r}), eps={s.epsilon!r}, amsgrad=True)",
    "Nadam": "NAdam(theta, lr=rate, betas=({s.beta1!r}, {s.beta2!r}), eps={s.epsilon!r}, momentum_decay=1e9)",
    "RAdam": "RAdam(theta, lr=rate, betas=({s.beta1!r}, {s.beta2!r}), eps={s.epsilon!r})",
    "Adamax": "Adamax(theta, lr=rate, betas=({s.beta1!r}, {s.beta2!r}), eps={s.epsilon!r})",
    "Adadelta": "Adadelta(theta, lr=rate, rho={s.beta2!r}, eps={s.epsilon!r})",
}
RATES = {  # as shares of the first, by epoch
    "1/t": "1 / (epoch + 1)",
    "1/√t": "(epoch + 1) ** -0.5",
    "1/tᵖ": "(epoch + 1) ** -{s.power!r}",
    "steps": "{s.decay!r} ** (epoch // {s.period!r})",
    "exponential": "{s.decay!r} ** (epoch / {s.period!r})",
    "cosine": "(1 + np.cos(np.pi * min(epoch / {s.period!r}, 1))) / 2",
    "warm-up": "min((epoch + 1) / {s.period!r}, 1)",
}
END = """
weights = {f"W{i}": layer.detach().numpy() for i, layer in enumerate(W, 1)}
weights |= {f"b{i}": layer.detach().numpy() for i, layer in enumerate(b, 1)}
print(f"in the end: loss {J.item():.6g}")
"""
NORMS = """
weights |= {f"gamma{i}": layer.detach().numpy() for i, layer in enumerate(gamma, 1)}
weights |= {f"beta{i}": layer.detach().numpy() for i, layer in enumerate(beta, 1)}
"""


def inputs(chosen: Sequence[str]) -> str:
    given = ", ".join(FEATURES[one] for one in chosen)
    if list(chosen) == ["x₁", "x₂"]:
        return "inputs = x"
    return f"x1, x2 = x.T\ninputs = np.stack([{given}], axis=1)"


def first(begin: str, gain: float, spread: float, random_offsets: bool) -> str:
    """How the first weights of a layer with m units before it and n in it are drawn."""
    drawn = FIRST[begin].format(gain=gain, spread=spread)
    offsets = "rng.normal(0, 1, n)" if random_offsets else "np.zeros(n)"
    text = tidy(f"""
        def first(rng, m, n):
            return {drawn}, {offsets}
        """)
    return f"{ORTHOGONAL}\n\n{text}" if begin == "orthogonal" else text


def model(activation: str, batch_norm: bool, dropout: bool) -> str:
    """The sums of the last layer, for points in rows."""
    lines = ["def forward(a, rng):" if dropout else "def forward(a):", "    for i in range(len(W) - 1):"]
    lines.append("        z = a @ W[i] + b[i]")
    if batch_norm:
        lines.append("        z = (z - z.mean(dim=0)) / torch.sqrt(z.var(dim=0, unbiased=False) + 1e-5)")
        lines.append("        z = gamma[i] * z + beta[i]")
    lines.append(f"        a = {ACTIVATIONS[activation]}")
    if dropout:
        lines.append("        kept = torch.tensor(rng.random((len(b[i]), len(a))).T >= p)")
        lines.append("        a = a * kept / (1 - p)  # what is kept stands for what is silent")
    lines.append("    return a @ W[-1] + b[-1]")
    return "\n".join(lines)


def loss(output: str, l1: float, l2: float) -> str:
    """The mean loss of a batch; penalties are for weights, not for offsets."""
    found = f"({LOSSES[output]}).sum() / len(y)"
    l2_term = f" + {float(l2) / 2!r} * sum((w**2).sum() for w in W)" if l2 else ""
    l1_term = f" + {float(l1)!r} * sum(w.abs().sum() for w in W)" if l1 else ""
    text = f"def loss(z, y):\n    return {found}"
    if l1 or l2:
        text += f"\n\n\ndef penalties():\n    return {(l2_term + l1_term)[3:]}"
    return text


def start(optimiser: str, settings: Any, batch_norm: bool) -> str:
    """The first weights, all that learns, and what moves it."""
    norms = "\n".join(
        (
            "gamma = [torch.ones(n, requires_grad=True) for n in widths[1:-1]]",
            "beta = [torch.zeros(n, requires_grad=True) for n in widths[1:-1]]",
        )
    )
    rule = OPTIMISERS[optimiser].format(s=settings)
    lines = [
        "X, Y = torch.tensor(inputs, dtype=torch.float32), torch.tensor(targets, dtype=torch.float32)",
        "rng = at_start()",
        "W, b = [], []",
        "for m, n in zip(widths, widths[1:]):",
        "    for kept, values in zip((W, b), first(rng, m, n)):",
        "        kept.append(torch.tensor(values, dtype=torch.float32, requires_grad=True))",
        *([norms] if batch_norm else []),
        f"theta = [*W, *b{', *gamma, *beta' if batch_norm else ''}]",
        f"optimiser = torch.optim.{rule}",
        "order, at, epoch = rng.permutation(len(X)), 0, 0",
    ]
    return "\n".join(lines)


def step(schedule: str, settings: Any, dropout: bool) -> str:
    """One mini-batch; after the last of an epoch the points are shuffled."""
    noise = float(settings.noise) if "input noise" in settings.extras else 0.0
    whole = "(J + penalties())" if {"L1", "L2"} & set(settings.extras) else "J"
    lines = ["rng = at_step(t)", "i = order[at : at + batch]", "x = X[i]"]
    if noise:
        lines.append(f"x = x + torch.tensor(rng.normal(0, {noise!r}, x.T.shape).T, dtype=torch.float32)")
    if schedule in RATES:
        share = RATES[schedule].format(s=settings)
        lines.append(f'optimiser.param_groups[0]["lr"] = rate * {share if share.startswith("min") else f"({share})"}')
    lines += [
        f"J = loss(forward(x{', rng' if dropout else ''}), Y[i])",
        "optimiser.zero_grad()",
        f"{whole}.backward()",
        "optimiser.step()",
        "at += len(i)",
        "if at == len(order):  # an epoch is over",
        "    order, at, epoch = rng.permutation(len(X)), 0, epoch + 1",
    ]
    return "\n".join(lines)
