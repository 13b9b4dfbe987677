"""569 tumours: loss and F1 of training and test patients, step by step, and a weight for each measurement."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Slider, Switch
from lab.data.tables import table
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Equation, Histogram, Matrix, Note, Panel, Row, Tabs
from lab.maths.logistic import gradient, objective, sigmoid, smoothness

TEN, ALL = "ten means", "all thirty"
TEST = 113  # patients, as in the text; 456 train
TAU = 0.5


def f1(truth: np.ndarray, called: np.ndarray) -> float:
    """2 TP / (2 TP + FP + FN); 0 where nobody is ill and nobody is called so."""
    hits, errors = int((truth & called).sum()), int((truth != called).sum())
    return 2 * hits / (2 * hits + errors) if hits else 0.0


class Cancer(Experiment):
    pace = 20
    features = Choice(
        [TEN, ALL], restarts=True, help="the mean of each measurement (p = 10), or its spread and worst too"
    )
    standardise = Switch(
        True, restarts=True, help="give every measurement mean 0 and spread 1 over the training patients"
    )
    rate = Slider(0.5, 1e-7, 10, log=True, symbol="α", limit="safe", help="step size; marked: 1/L and 2/L")
    penalty = Slider(0, 0, 0.2, symbol="λ", help="adds λ|w|² to what is minimised; the offset goes free")
    spread = Slider(
        0, 0, 2, symbol="s", restarts=True, label="Spread of the start", help="random weights to begin with"
    )
    rank = Count(5, 3, 30, view=True, label="Bars", help="how many of the largest weights are shown")

    metrics = {
        "loss": "C",
        "F1": "F₁",
        "gradient": "|∇C|",
    }
    test_metrics = ("loss/test", "F1/test")
    fixed = ("X", "y", "X_test", "y_test")
    prompts = (
        ("Start anywhere: how few steps bring F₁ above 0.9?", {"features": TEN, "spread": 1, "standardise": True}),
        ("Not standardised, same rate: what does the loss do?", {"standardise": False, "rate": 0.5}),
        ("Not standardised, at a rate that is safe: how long?", {"standardise": False, "rate": 4e-6}),
        ("All thirty, no penalty: do the test patients follow?", {"features": ALL, "rate": 2, "penalty": 0}),
        ("A penalty pulls every bar in", {"features": ALL, "rate": 0.2, "penalty": 0.1}),
    )
    presets = {
        "Ten means, standardised": {"features": TEN, "standardise": True, "rate": 0.5},
        "As measured": {"features": TEN, "standardise": False, "rate": 4e-6},
        "Thirty, no penalty": {"features": ALL, "rate": 2, "penalty": 0},
    }

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        cases = table("breast cancer")
        columns = slice(10) if self.features == TEN else slice(30)
        x, malignant = cases.x[:, columns], cases.y == 0
        order = self.rng.permutation(len(x))
        test, train = order[:TEST], order[TEST:]
        if self.standardise:
            x = (x - x[train].mean(axis=0)) / x[train].std(axis=0)
        X = np.column_stack([x, np.ones(len(x))])
        self.X, self.y, self.X_test, self.y_test = X[train], malignant[train], X[test], malignant[test]
        self.theta = self.spread * self.rng.normal(size=X.shape[1])
        self.slope = np.zeros_like(self.theta)
        return self.measured()

    def step(self) -> Metrics:
        """θ ← θ − α ∇C(θ), over all 456 training patients."""
        self.slope = gradient(self.theta, self.X, self.y, self.penalties())
        self.theta = self.theta - self.rate * self.slope
        return self.measured()

    def penalties(self) -> np.ndarray:
        return np.append(np.full(self.X.shape[1] - 1, self.penalty), 0.0)

    def measured(self) -> Metrics:
        """Losses are without the penalty; F₁ calls malignant whoever is above ½."""
        row = {"gradient": float(np.linalg.norm(gradient(self.theta, self.X, self.y, self.penalties())))}
        for name, X, y in (("train", self.X, self.y), ("test", self.X_test, self.y_test)):
            row[f"loss/{name}"] = objective(self.theta, X, y)
            row[f"F1/{name}"] = f1(y, sigmoid(X @ self.theta) > TAU)
        return row

    # ------------------------------------------------------------ pictures

    panels = Row(
        Column(
            Panel("Loss", Curve("loss"), x="step t", y="C", help="mean cross-entropy, no penalty"),
            Panel("F1", Curve("F1"), x="step t", y="F₁", help="malignant is 1; called so above ½"),
        ),
        Column(
            Panel(
                "Weights",
                Bars("largest", labels="names", colour="sign"),
                y="w",
                detail="odds",
                help="the largest, by size; each is what one spread more of it adds to the log odds",
            ),
            Row(
                Tabs(
                    Panel(
                        "Patients",
                        Histogram("sure", labels="classes", bins=20),
                        x="P(malignant)",
                        y="patients",
                        split="test",
                        help="how sure it is of each test patient, by what they had",
                    ),
                    Panel("Confusion", Matrix("confusion", rows="classes", columns="called"), split="test"),
                ),
                Panel("Update", Equation("update"), Note("said")),
                sizes=(1, 1),
            ),
        ),
        sizes=(2, 3),
    )

    def order(self) -> np.ndarray:
        return np.argsort(-np.abs(self.theta[:-1]))[: self.rank]

    @drawn
    def largest(self) -> np.ndarray:
        return self.theta[self.order()]

    @drawn
    def names(self) -> list[str]:
        every = table("breast cancer").features
        return [every[i].removeprefix("mean ") for i in self.order()]

    @drawn
    def odds(self) -> str:
        first = self.order()[0]
        name, ratio = table("breast cancer").features[first], float(np.exp(np.clip(self.theta[first], -50, 50)))
        return f"{name}: odds × {ratio:.3g} a unit"

    @drawn
    def classes(self) -> list[str]:
        return ["benign", "malignant"]

    @drawn
    def called(self) -> list[str]:
        return ["called benign", "called malignant"]

    @drawn
    def sure(self) -> list[np.ndarray]:
        g = sigmoid(self.X_test @ self.theta)
        return [g[~self.y_test], g[self.y_test]]

    @drawn
    def confusion(self) -> np.ndarray:
        called = sigmoid(self.X_test @ self.theta) > TAU
        return np.array(
            [[int(((self.y_test == t) & (called == c)).sum()) for c in (False, True)] for t in (False, True)]
        )

    @drawn(on=("X", "penalty"))
    def safe(self) -> np.ndarray:
        return np.array([1, 2]) / smoothness(self.X, self.penalty)

    @drawn
    def update(self) -> Update:
        latex = r"\theta \leftarrow \theta - \alpha \nabla C"
        size = {r"|\theta|": float(np.linalg.norm(self.theta)), r"|\nabla C|": float(np.linalg.norm(self.slope))}
        return Update(latex + r" \\ |\theta|, \; |\nabla C|", {r"\alpha": self.rate, **size})

    @drawn
    def said(self) -> str:
        now = self.measured()
        called = sigmoid(self.X_test @ self.theta) > TAU
        missed, alarms = int((self.y_test & ~called).sum()), int((~self.y_test & called).sum())
        said = f"Of {TEST} test patients it misses {missed} ill and alarms {alarms} well: F₁ = {now['F1/test']:.3f}."
        if not self.standardise and self.rate > 2 / smoothness(self.X, self.penalty):
            return (
                said + " Area is in the hundreds, so this rate overshoots: standardise, or take a rate near the marks."
            )
        gap = now["loss/test"] - now["loss/train"]
        if gap > 0.05:
            return (
                said
                + f" The test loss is {gap:.2f} above the training loss: it has begun to learn these patients by heart."
            )
        return said + f" Losses: {now['loss/train']:.3f} to train, {now['loss/test']:.3f} to test."
