"""The race's surfaces and update rules as lines of a script, in the letters of the texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lab import script
from lab.maths.formula import TEXT, Expression, parse, spell
from lab.maths.landscapes import FORMULAS
from lab.maths.optimiser_variants import VARIANTS
from lab.maths.optimisers import RULES
from lab.maths.sampled_surfaces import CLASSES, LINE, NET
from lab.maths.surfaces import BEALE

# ------------------------------------------------------------ surfaces

WALL = "sigmoid(20 * (x - 1))"
HILL = "np.exp(-(x**2 + y**2) / 2)"
SIGMOID = "def sigmoid(z):\n    return (1 + np.tanh(z / 2)) / 2"
STEP = "def step(u):\n    return (1 + np.sign(u)) / 2"
FORMS = {  # the height, and the slopes along x and y
    "bowl": ("x**2 + y**2", "2 * x", "2 * y"),
    "ravine": ("(xx * x**2 + 2 * xy * x * y + yy * y**2) / 2", "xx * x + xy * y", "xy * x + yy * y"),
    "Rosenbrock": ("(1 - x) ** 2 + 100 * (y - x**2) ** 2", "-2 * (1 - x) - 400 * x * (y - x**2)", "200 * (y - x**2)"),
    "saddle": ("x**2 - y**2", "2 * x", "-2 * y"),
    "plateau": (f"1 - {HILL}", f"x * {HILL}", f"y * {HILL}"),
    "double well": ("(x**2 - 1) ** 2 + 0.3 * x + y**2", "4 * x * (x**2 - 1) + 0.3", "2 * y"),
    "hills": (
        "(x**2 + y**2) / 20 + 2 - np.cos(2 * x) - np.cos(2 * y)",
        "x / 10 + 2 * np.sin(2 * x)",
        "y / 10 + 2 * np.sin(2 * y)",
    ),
    "Himmelblau": (
        "(x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2",
        "4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7)",
        "2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7)",
    ),
    "Beale": (
        f"sum((c - x + x * y**k) ** 2 for k, c in {BEALE})",
        f"sum(2 * (c - x + x * y**k) * (y**k - 1) for k, c in {BEALE})",
        f"sum(2 * (c - x + x * y**k) * k * x * y ** (k - 1) for k, c in {BEALE})",
    ),
    "cliff": (f"x**2 / 8 + y**2 / 4 + 5 * {WALL}", f"x / 4 + 100 * {WALL} * sigmoid(-20 * (x - 1))", "y / 2"),
}
SAMPLED: dict[str, tuple[Any, str, str]] = {  # the samples, the mean loss, and the slopes of those numbered i
    "finite sum": (LINE, "((X @ theta - Y) ** 2).mean() / 2", "(X[i] @ theta - Y[i])[:, None] * X[i]"),
    "logistic loss": (
        CLASSES,
        f"np.logaddexp(0, -Y * (X @ theta)).mean() + {CLASSES.penalty} / 2 * (theta**2).sum()",
        f"-(Y[i] / (1 + np.exp(Y[i] * (X[i] @ theta))))[:, None] * X[i] + {CLASSES.penalty} * theta",
    ),
    "two-layer net": (
        NET,
        "((theta[1] * np.tanh(theta[0] * X) - Y) ** 2).mean() / 2",
        "residual[:, None] * np.column_stack([theta[1] * X[i] * (1 - unit**2), unit])",
    ),
}
OF_NUMPY = ("sin", "cos", "tan", "exp", "log", "sqrt", "tanh", "sign", "pi", "e")  # min, max and abs Python has too


def surface(name: str, kappa: float, angle: float, formula: Expression) -> tuple[str, ...]:
    """Pieces of the script that end with `height(theta)` and `gradient(theta)`, or `gradient(theta, i)` of samples."""
    if name in SAMPLED:
        loss, height, slopes = SAMPLED[name]
        units = "    unit = np.tanh(theta[0] * X[i])\n    residual = theta[1] * unit - Y[i]\n" if loss is NET else ""
        return (
            script.assign(X=loss.x if loss is NET else loss.X, Y=loss.y),
            f"def height(theta):\n    return {height}",
            f"def gradient(theta, i=slice(None)):  # of the samples numbered i, or of all\n"
            f"{units}    return ({slopes}).mean(axis=0)",
        )
    if name in FORMS:
        f, fx, fy = FORMS[name]
        before = SIGMOID if name == "cliff" else ravine(kappa, angle) if name == "ravine" else ""
    else:
        before, (f, fx, fy) = typed(parse(FORMULAS[name]) if name in FORMULAS else formula)
    return (
        before,
        f"def height(theta):\n    x, y = theta\n    return {f}",
        f"def gradient(theta):\n    x, y = theta\n    return np.array([{fx}, {fy}], dtype=float)",
    )


def ravine(kappa: float, angle: float) -> str:
    return f"""{script.assign(kappa=kappa, angle=angle)}
c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
xx, xy, yy = c * c + kappa * s * s, s * c - kappa * s * c, s * s + kappa * c * c"""


def typed(formula: Expression) -> tuple[str, tuple[str, str, str]]:
    """What a formula needs, its height and its slopes, written anew from its tree: numbers and known words only."""
    f, fx, fy = (spell(one.tree, TEXT)[0] for one in (formula, formula.derivative("x"), formula.derivative("y")))
    words = set(re.findall(r"(?<![\d.])[a-z]+", f"{f} {fx} {fy}"))
    known = [name for name in OF_NUMPY if name in words]
    lines = [f"from numpy import {', '.join(known)}"] if known else []
    return "\n\n".join([*lines, STEP] if "step" in words else lines), (f, fx, fy)


# ------------------------------------------------------------ rules

M = "m = beta_1 * m + (1 - beta_1) * g\n"
MS = M + "s = beta_2 * s + (1 - beta_2) * g**2\n"
M_HAT = "m_hat = m / (1 - beta_1 ** (t + 1))\n"
S_HAT = "s_hat = s / (1 - beta_2 ** (t + 1))\n"
SUM = "s = s + g**2\n"
SQUARES = "s = beta_2 * s + (1 - beta_2) * g**2\n"
BY_ROOT = "theta = theta - eta * g / (np.sqrt(s) + epsilon)"
BY_INNER_ROOT = "theta = theta - eta * g / np.sqrt(s + epsilon)"
ADAM = "theta = theta - eta * m_hat / (np.sqrt(s_hat) + epsilon)"
V = "v = rho * v + g\n"
D = SQUARES + "d = beta_2 * d + (1 - beta_2) * u**2\n"
LINES: Mapping[str, str] = {
    "GD": "theta = theta - eta * g",
    "momentum": V + "theta = theta - eta * v",
    "momentum, averaged": "v = rho * v + (1 - rho) * g\ntheta = theta - eta * v",
    "Nesterov": V + "theta = theta - eta * (g + rho * v)",
    "Nesterov, foreseeing": V + "theta = theta - eta * v",
    "Adagrad": SUM + BY_ROOT,
    "Adagrad, ε inside": SUM + BY_INNER_ROOT,
    "RMSProp": SQUARES + BY_ROOT,
    "RMSProp, ε inside": SQUARES + BY_INNER_ROOT,
    "Adam": MS + M_HAT + S_HAT + ADAM,
    "Adam uncorrected": MS + "theta = theta - eta * m / (np.sqrt(s) + epsilon)",
    "Adam, ε inside": MS + M_HAT + S_HAT + "theta = theta - eta * m_hat / np.sqrt(s_hat + epsilon)",
    "AdamW": MS + M_HAT + S_HAT + ADAM.replace("= theta", "= (1 - eta * decay) * theta"),
    "AMSGrad": MS + "c = np.maximum(c, s)\n" + M_HAT + S_HAT.replace("= s", "= c") + ADAM,
    "Nadam": MS
    + "m_hat = beta_1 * m / (1 - beta_1 ** (t + 2)) + (1 - beta_1) * g / (1 - beta_1 ** (t + 1))\n"
    + S_HAT
    + ADAM,
    "Nadam as torch": MS
    + """mu, mu_next = (beta_1 * (1 - 0.5 * 0.96 ** (0.004 * k)) for k in (t + 1, t + 2))
p = p * mu
m_hat = mu_next * m / (1 - p * mu_next) + (1 - mu) * g / (1 - p)
"""
    + S_HAT
    + ADAM,
    "RAdam": MS
    + M_HAT
    + """most = 2 / (1 - beta_2) - 1
worth = most - 2 * (t + 1) * beta_2 ** (t + 1) / (1 - beta_2 ** (t + 1))  # so many squares are averaged
a = 1
if worth > 5:
    r = np.sqrt((worth - 4) * (worth - 2) * most / ((most - 4) * (most - 2) * worth))
    a = r * np.sqrt(1 - beta_2 ** (t + 1)) / (np.sqrt(s) + epsilon)
theta = theta - eta * a * m_hat""",
    "Adamax": M + "r = np.maximum(beta_2 * r, np.abs(g) + epsilon)\n" + M_HAT + "theta = theta - eta * m_hat / r",
    "Adamax as printed": M
    + "r = np.maximum(beta_2 * r, np.abs(g))\n"
    + M_HAT
    + "theta = theta - eta * m_hat / (r + epsilon)",
    "Adadelta": D + "u = np.sqrt(d + epsilon) / np.sqrt(s + epsilon) * g\ntheta = theta - eta * u",
    "Adadelta as printed": D + "u = (np.sqrt(d) + epsilon) / (np.sqrt(s) + epsilon) * g\ntheta = theta - eta * u",
}
NAMES = {id(rule): name for name, rule in (RULES | VARIANTS).items()}
KNOBS = {"rho": "momentum", "beta_1": "beta1", "beta_2": "beta2", "epsilon": "epsilon", "decay": "weight_decay"}
AVERAGES = ("m", "s", "v", "c", "r", "d", "u")  # all begin at 0


def rule(of: Any, row: Any) -> tuple[str, str]:
    """What an update rule needs before the first step, and its lines from the gradient g to the new theta."""
    lines = LINES[NAMES[id(of)]]
    words = set(re.findall(r"\w+", lines))
    knobs = {name: float(getattr(row, knob)) for name, knob in KNOBS.items() if name in words}
    kept = [name for name in AVERAGES if re.search(rf"^{name} = ", lines, re.MULTILINE)]
    zeros = f"{' = '.join(kept)} = np.zeros(2)" if kept else ""
    return "\n".join(part for part in (script.assign(**knobs), zeros, "p = 1.0" * ("p" in words)) if part), lines
