"""Identities: rules of matrix calculus, held against differences one nudge at a time, as two heat maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Column, Equation, Layout, Matrix, Note, Panel, Row
from lab.maths.differences import nudged

Array = np.ndarray
Parts = dict[str, Array]  # A, B: tables; a: a vector; c: a number; X, Y: data


class Identity(NamedTuple):
    """y(x), and what the text says ∂y/∂x is: entry (i, j) = ∂y_j/∂x_i."""

    latex: str
    y: Callable[[Array, Parts], Array]
    rule: Callable[[Array, Parts], Array]
    note: str = ""


def u(x: Array, p: Parts) -> Array:
    return np.sin(p["A"] @ x)


def du(x: Array, p: Parts) -> Array:
    return p["A"].T * np.cos(p["A"] @ x)


def v(x: Array, p: Parts) -> Array:
    return (p["B"] @ x) ** 2


def dv(x: Array, p: Parts) -> Array:
    return p["B"].T * (2 * (p["B"] @ x))


def scale(x: Array, p: Parts) -> Array:
    """A number that depends on x."""
    return p["a"] @ x + x @ x / 2


def dscale(x: Array, p: Parts) -> Array:
    return (p["a"] + x)[:, None]


def loss(x: Array, p: Parts) -> Array:
    """The mean squared error of a line: x is θ."""
    residual = p["X"] @ x - p["Y"]
    return residual @ residual / len(residual)


BENT = "Here u = sin(Ax) and v = (Bx)², entry by entry, so that both depend on x."
IDENTITIES: dict[str, Identity] = {
    "constant": Identity(
        r"\frac{\partial a}{\partial x} = 0", lambda x, p: p["w"], lambda x, p: np.zeros((len(x), len(p["w"])))
    ),
    "x itself": Identity(r"\frac{\partial x}{\partial x} = I", lambda x, p: x, lambda x, p: np.eye(len(x))),
    "Ax": Identity(
        r"\frac{\partial A x}{\partial x} = A^\top",
        lambda x, p: p["A"] @ x,
        lambda x, p: p["A"].T,
        "The transpose comes from the layout: row i belongs to x_i.",
    ),
    "xᵀA": Identity(r"\frac{\partial x^\top A}{\partial x} = A", lambda x, p: x @ p["A"].T, lambda x, p: p["A"].T,
        "The A of this rule has a row for each entry of x: it is the transpose of the A that is shown for Ax."),
    "sum": Identity(
        r"\frac{\partial (u + v)}{\partial x} = \frac{\partial u}{\partial x} + \frac{\partial v}{\partial x}",
        lambda x, p: u(x, p) + v(x, p),
        lambda x, p: du(x, p) + dv(x, p),
        BENT,
    ),
    "number times u": Identity(
        r"\frac{\partial (c u)}{\partial x} = c\, \frac{\partial u}{\partial x}",
        lambda x, p: p["c"] * u(x, p),
        lambda x, p: p["c"] * du(x, p),
        BENT,
    ),
    "v times constant vector": Identity(
        r"\frac{\partial (v\, a)}{\partial x} = \frac{\partial v}{\partial x}\, a^\top",
        lambda x, p: scale(x, p) * p["w"],
        lambda x, p: dscale(x, p) @ p["w"][None],
        "v is a number here, aᵀx + ½ xᵀx: a column times a row, so a table of rank one.",
    ),
    "Au": Identity(
        r"\frac{\partial (B u)}{\partial x} = \frac{\partial u}{\partial x}\, B^\top",
        lambda x, p: p["C"] @ u(x, p),
        lambda x, p: du(x, p) @ p["C"].T,
        BENT,
    ),
    "product v u": Identity(
        r"\frac{\partial (v u)}{\partial x} ="
        r" v\, \frac{\partial u}{\partial x} + \frac{\partial v}{\partial x}\, u^\top",
        lambda x, p: scale(x, p) * u(x, p),
        lambda x, p: scale(x, p) * du(x, p) + dscale(x, p) @ u(x, p)[None],
        "v is a number that depends on x, u a vector that does.",
    ),
    "chain g(u)": Identity(
        r"\frac{\partial g(u)}{\partial x} = \frac{\partial u}{\partial x}\, \frac{\partial g}{\partial u}",
        lambda x, p: np.exp(p["C"] @ u(x, p) / 2),
        lambda x, p: du(x, p) @ (p["C"].T / 2 * np.exp(p["C"] @ u(x, p) / 2)),
        "In this layout the chain is written from the inside out: first ∂u/∂x.",
    ),
    "chain f(g(u))": Identity(
        r"\frac{\partial f(g(u))}{\partial x} = \frac{\partial u}{\partial x}\, \frac{\partial g}{\partial u}\,"
        r" \frac{\partial f}{\partial g}",
        lambda x, p: np.tanh(np.exp(p["C"] @ u(x, p) / 2)),
        lambda x, p: (
            du(x, p)
            @ (p["C"].T / 2 * np.exp(p["C"] @ u(x, p) / 2))
            @ np.diag(1 - np.tanh(np.exp(p["C"] @ u(x, p) / 2)) ** 2)
        ),
        "Three factors: g = exp(Cu/2), f = tanh, whose own derivative is diagonal.",
    ),
    "inner product": Identity(
        r"\frac{\partial u^\top v}{\partial x} = \frac{\partial u}{\partial x}\, v + \frac{\partial v}{\partial x}\, u",
        lambda x, p: u(x, p) @ v(x, p),
        lambda x, p: du(x, p) @ v(x, p) + dv(x, p) @ u(x, p),
        BENT,
    ),
    "least squares": Identity(
        r"\frac{\partial}{\partial \theta} \frac{(X\theta - Y)^\top (X\theta - Y)}{n} ="
        r" \frac{2}{n}\, X^\top (X\theta - Y)",
        loss,
        lambda x, p: 2 / len(p["Y"]) * p["X"].T @ (p["X"] @ x - p["Y"]),
        "By the identities: with r = Xθ − Y, ∂rᵀr/∂θ = 2 (∂r/∂θ) r and ∂r/∂θ = Xᵀ. By sums: "
        "∂/∂θ_k Σᵢ (Σⱼ Xᵢⱼθⱼ − Yᵢ)² = 2 Σᵢ Xᵢₖ rᵢ, which is row k of 2Xᵀr. Both lead to (2/n) Xᵀ(Xθ − Y).",
    ),
}  # fmt: skip


class Identities(Experiment):
    pace = 3
    identity = Choice(list(IDENTITIES), "product v u", restarts=True, help="which rule is put to the test")
    n = Count(4, 1, 8, symbol="n", label="Inputs", restarts=True, help="entries of x: rows of the derivative")
    m = Count(3, 1, 8, symbol="m", label="Outputs", restarts=True, help="entries of u and v: columns of the derivative")
    h = Slider(1e-5, 1e-12, 0.5, log=True, symbol="h", label="Nudge", help="how far each entry is nudged")
    rule = Choice(["central", "forward"], symbol="D", help="the difference that is taken")

    prompts = (
        ("The gradient of the squared loss, derived twice and confirmed", {"identity": "least squares"}),
        ("A matrix times x: why is the answer transposed?", {"identity": "Ax", "n": 4, "m": 3}),
        ("A wide nudge: which rules stay exact?", {"identity": "product v u", "h": 0.5, "rule": "forward"}),
        ("A tiny nudge: noise in every cell", {"identity": "chain g(u)", "h": 1e-12}),
        ("Two products: which order do the factors have?", {"identity": "chain g(u)"}),
    )
    metrics = {"worst": "max |Δ|", "nudges": "nudges"}
    fixed = ("parts",)
    tiny = {"n": 3, "m": 2}

    # ------------------------------------------------------------ the check

    def start(self) -> None:
        rng, n, m = self.rng, self.n, self.m
        shapes = {"A": (m, n), "B": (m, n), "C": (m, m), "a": (n,), "w": (m,), "c": (), "X": (6, n), "Y": (6,)}
        self.parts = {name: np.asarray(rng.normal(size=shape)).round(2) for name, shape in shapes.items()}
        self.begin_at(rng.normal(size=n).round(2))

    def begin_at(self, x: Array) -> None:
        self.x = x
        self.numeric = np.zeros((len(x), self.symbolic().shape[1]))
        self.row = 0

    def step(self) -> Metrics:
        """Nudge one entry of x, and write down how every output answers: row i of ∂y/∂x."""
        if self.row == len(self.x):  # all is known: once more
            self.begin_at(self.x)
        i = self.row
        self.numeric = self.numeric.copy()
        self.numeric[i] = nudged(self.y, self.x, (i,), self.h, self.rule)
        self.row += 1
        if self.row == len(self.x):
            verdict = "agree" if self.worst() < 1e-3 else "differ: take a better h"
            self.finish(f"All {len(self.x)} rows are filled; rule and differences {verdict}. Randomise to try others.")
        return {"worst": self.worst(), "nudges": float(self.row)}

    def y(self, x: Array) -> Array:
        return np.atleast_1d(IDENTITIES[self.identity].y(x, self.parts))

    def symbolic(self) -> Array:
        table = np.asarray(IDENTITIES[self.identity].rule(self.x, self.parts), dtype=float)
        return table.reshape(len(self.x), -1)

    def worst(self) -> float:
        """The largest difference in the rows that are filled."""
        return float(np.abs(self.numeric - self.symbolic())[: self.row].max(initial=0))

    @action
    def randomise(self) -> None:
        """Another x: the check begins again."""
        self.begin_at(self.rng.normal(size=self.n).round(2))

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        return Column(
            Row(
                Panel("By differences", Matrix("numeric", rows="inputs", columns="outputs"), detail="filled"),
                Panel("By the rule", Matrix("by_rule", rows="inputs", columns="outputs"), detail="shape", still=True),
            ),
            Row(
                Panel("Identity", Equation("update"), Note("said")),
                Column(
                    Panel("x", Matrix("x_row", columns="inputs"), still=True),
                    Panel("Difference", Matrix("off", rows="inputs", columns="outputs"), detail="largest"),
                    sizes=(2, 3),
                ),
                sizes=(3, 2),
            ),
            sizes=(1, 1),
        )

    @drawn
    def by_rule(self) -> Array:
        return self.symbolic()

    @drawn
    def off(self) -> Array:
        filled = np.arange(len(self.x))[:, None] < self.row
        return np.where(filled, self.numeric - self.symbolic(), 0.0)

    @drawn
    def x_row(self) -> Array:
        return self.x[None]

    @drawn
    def inputs(self) -> list[str]:
        return [f"{'θ' if self.identity == 'least squares' else 'x'}{'₁₂₃₄₅₆₇₈'[i]}" for i in range(len(self.x))]

    @drawn
    def outputs(self) -> list[str]:
        return [f"y{'₁₂₃₄₅₆₇₈'[j]}" for j in range(self.numeric.shape[1])]

    @drawn
    def filled(self) -> str:
        return f"{self.row} of {len(self.x)} nudges"

    @drawn
    def shape(self) -> str:
        return f"{len(self.x)} × {self.numeric.shape[1]}: inputs × outputs"

    @drawn
    def largest(self) -> str:
        return f"largest {self.worst():.1e}".replace("-", "−")

    @drawn
    def update(self) -> Update:
        return Update(IDENTITIES[self.identity].latex, {})

    @drawn
    def said(self) -> str:
        note = IDENTITIES[self.identity].note
        if not self.row:
            return f"{note} Step: each nudge fills one row.".strip()
        cost = (2 if self.rule == "central" else 1) * self.row + (self.rule == "forward")
        return f"{note} Checked with {cost} values of y; the worst cell is off by {self.worst():.1e}.".replace("-", "−")
