"""Depth: many linear layers are one map, twenty seeds reach one loss, and ReLU breaks the collapse."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row, Tabs
from lab.maths.deep_linear import chain

SEEDS = 20
DOTS = 48
TARGET = np.array([[1.5, 0.5], [-0.4, 0.8]])
LEAST = 1e-30


class Depth(Experiment):
    depth = Count(3, 1, 6, symbol="N", restarts=True, help="how many 2 × 2 layers are multiplied")
    activation = Choice(("none", "ReLU"), restarts=True, help="what happens between two layers")
    rate = Slider(0.05, 0.001, 0.15, log=True, symbol="η", label="Rate", help="of gradient descent on every layer")
    size = Slider(
        0.4, 0, 1, symbol="s", restarts=True, label="Size at the start", help="of the random part: W = I + s·N"
    )

    metrics = {"crowd": "ℓ of twenty seeds", "loss": "ℓ", "kept": "of W₂ᵀW₂ − W₁W₁ᵀ", "singular": "σ of the product"}
    fixed = ("circle",)
    prompts = (
        ("Six layers or one: can you tell from the map?", {"depth": 6, "size": 0.2}),
        ("ReLU between the layers: the product is another map", {"activation": "ReLU", "depth": 3}),
        ("Start from the identity: all seeds are one", {"size": 0.0}),
        ("One layer: a convex bowl, one minimum", {"depth": 1}),
    )
    presets = {"Three layers": {}, "Six layers": {"depth": 6, "size": 0.2}, "With ReLU": {"activation": "ReLU"}}

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        turn = 2 * np.pi * np.arange(DOTS) / DOTS
        self.circle = np.sqrt(2) * np.array([np.cos(turn), np.sin(turn)])  # x, white: Sxx = n
        self.W = np.eye(2) + self.size * self.rng.standard_normal((self.depth, SEEDS, 2, 2))
        self.at_start = self.unbalance()
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """Back through the layers, for all seeds at once: dW_l = δ_l x_lᵀ, δ_{l−1} = W_lᵀ δ_l."""
        inputs = self.forward()
        delta = (inputs[-1] - TARGET @ self.circle) / DOTS
        slopes = np.zeros_like(self.W)
        for layer in reversed(range(self.depth)):
            slopes[layer] = delta @ inputs[layer].swapaxes(-1, -2)
            delta = self.W[layer].swapaxes(-1, -2) @ delta
            if self.activation == "ReLU" and layer:
                delta = delta * (inputs[layer] > 0)
        self.W = self.W - self.rate * slopes
        return self.measured()

    def forward(self) -> list[np.ndarray]:
        """What each layer is given, and last what comes out."""
        given = [np.broadcast_to(self.circle, (SEEDS, 2, DOTS))]
        for layer, W in enumerate(self.W):
            out = W @ given[-1]
            given.append(np.maximum(out, 0) if self.activation == "ReLU" and layer < self.depth - 1 else out)
        return given

    def unbalance(self) -> np.ndarray:
        """W₂ᵀ W₂ − W₁ W₁ᵀ of the first seed: what gradient flow keeps, as it keeps a² − b²."""
        if self.depth == 1:
            return np.zeros((2, 2))
        first, second = self.W[0, 0], self.W[1, 0]
        return second.T @ second - first @ first.T

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        missing = self.forward()[-1] - TARGET @ self.circle
        losses = (missing**2).sum(axis=(-1, -2)) / (2 * DOTS)
        product = chain(self.W)[0]
        singular = np.linalg.svd(product, compute_uv=False) if np.isfinite(product).all() else np.full(2, np.nan)
        row = {f"crowd/{i}": max(float(loss), LEAST) for i, loss in enumerate(losses) if i}
        return row | {
            "loss": max(float(losses[0]), LEAST),
            "kept/drift": float(np.abs(self.unbalance() - self.at_start).max()),
            "singular/σ₁": float(singular[0]),
            "singular/σ₂": float(singular[1]),
        }

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        window = {"x": "y₁", "y": "y₂", "range_x": (-3, 3), "range_y": (-3, 3), "equal": True}
        return Column(
            Row(
                Panel(
                    "One map",
                    Line("wanted", label="L* x", tint="quiet", dashed=True),
                    Line("collapsed", label="one matrix W_N … W₁", tint="text"),
                    Line("stages", width=1),
                    Dots("outputs", tint="accent", shape="disc"),
                    **window,
                    detail="apart",
                    help="A circle of inputs after each layer (thin), at the end as dots, and through the product",
                ),
                Panel(
                    "Twenty networks",
                    Dots("ends", colour="seeds", shape="disc"),
                    x="‖W₁‖",
                    y="‖W_N‖",
                    detail="same",
                    help="One dot a seed: the same loss, other weights",
                ),
            ),
            Row(
                Tabs(
                    Panel(
                        "Loss",
                        Curve("crowd", log_y=True, faint=True),
                        Curve("loss", log_y=True),
                        x="step t",
                        y="ℓ",
                    ),
                    Panel("Singular values", Guide(y="aims", label="L*"), Curve("singular"), x="step t", y="σ"),
                    Panel("Conserved", Curve("kept"), x="step t", y="largest change"),
                ),
                Panel("Product", marks.Matrix("product", rows="row_names", columns="column_names"), detail="whose"),
                Panel("Collapse", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    def layers(self) -> list[np.ndarray]:
        return [np.clip(np.nan_to_num(given[0].T), -9, 9) for given in self.forward()]

    @drawn
    def stages(self) -> tuple[np.ndarray, ...]:
        return tuple(np.concatenate([layer, layer[:1]]) for layer in self.layers()[:-1])

    @drawn
    def outputs(self) -> np.ndarray:
        return self.layers()[-1]

    @drawn
    def collapsed(self) -> np.ndarray:
        """The same circle through the product of all the matrices."""
        line = (self.product() @ self.circle).T
        return np.concatenate([line, line[:1]])

    @drawn
    def wanted(self) -> np.ndarray:
        line = (TARGET @ self.circle).T
        return np.concatenate([line, line[:1]])

    @drawn
    def product(self) -> np.ndarray:
        return np.clip(np.nan_to_num(chain(self.W)[0]), -99, 99)

    @drawn
    def row_names(self) -> tuple[str, ...]:
        return ("y₁", "y₂")

    @drawn
    def column_names(self) -> tuple[str, ...]:
        return ("x₁", "x₂")

    @drawn
    def whose(self) -> str:
        return "×".join(f"W{i}" for i in range(self.depth, 0, -1))

    @drawn
    def aims(self) -> np.ndarray:
        return np.linalg.svd(TARGET, compute_uv=False)

    @drawn
    def ends(self) -> np.ndarray:
        """The size of the first and the last layer of each network."""
        return np.nan_to_num(np.column_stack([np.sqrt((self.W[layer] ** 2).sum(axis=(-1, -2))) for layer in (0, -1)]))

    @drawn
    def seeds(self) -> np.ndarray:
        return np.arange(SEEDS)

    def losses(self) -> np.ndarray:
        return ((self.forward()[-1] - TARGET @ self.circle) ** 2).sum(axis=(-1, -2)) / (2 * DOTS)

    @drawn
    def same(self) -> str:
        return f"{int(np.sum(self.losses() < 1e-6))} of {SEEDS} at loss 0"

    def gap(self) -> float:
        """The farthest that the network's output is from that of the product."""
        with np.errstate(all="ignore"):
            return float(np.abs(self.forward()[-1][0] - chain(self.W)[0] @ self.circle).max())

    @drawn
    def apart(self) -> str:
        gap = self.gap()
        return f"gap {gap:.1g}"

    @drawn
    def update(self) -> Update:
        x = self.circle[:, 0]
        inner = r"\mathrm{ReLU}(" if self.activation == "ReLU" and self.depth > 1 else ""
        layers = r"\,".join(f"W_{i}" for i in range(self.depth, 0, -1))
        latex = r"y = W_N\, \mathrm{ReLU}( \ldots W_1 x) \\ P = " if inner else rf"y = {layers}\, x \\ P = "
        names = {"y": self.layers()[-1][0], "x": x}
        return Update(latex + layers + r" \\ z = P\, x", names | {"z": np.clip(self.product() @ x, -99, 99)})

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.W).all():
            return self.diverges
        there = int(np.sum(self.losses() < 1e-6))
        if self.activation == "ReLU" and self.depth > 1:
            return f"ReLU bends the circle: no single matrix draws this, and the product is {self.gap():.2g} away."
        others = "each with other weights" if np.ptp(self.ends()[:, 0]) > 1e-3 else "all with the same weights"
        many = f"{self.depth} layers are one matrix" if self.depth > 1 else "One layer is one matrix"
        return f"{many}, to rounding ({self.gap():.0e}). {there} of {SEEDS} seeds are at loss 0, {others}."
