"""Noise: SGD beside its Gaussian model on one loss, and where one step may lead from a place that you drag."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Point, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, Handle, Heat, Line, Note, Panel, Row
from lab.maths.finite_sums import LeastSquares

CLOUD = 400  # successors of the frozen place
RUNS = 300
X = (-2.5, 3.5)
Y = (-2.5, 2.5)
KINDS = ("covariance of the samples", "the same in all directions")


class Noise(Experiment):
    n = Count(30, 3, 200, symbol="n", label="Samples", restarts=True, help="rows of the least squares problem")
    residuals = Slider(1.5, 0, 3, symbol="s", restarts=True, help="standard deviation of what no w can fit")
    rate = Slider(0.1, 0.005, 0.4, log=True, symbol="η", help="learning rate")
    batch = Count(1, 1, 64, symbol="b", label="Batch size", help="samples of a step, drawn with replacement")
    model = Choice(KINDS, symbol="ξ", help="of the model's noise; the text's is the simpler, as strong in sum")
    frozen = Point((2, 1.5), x=X, y=Y, symbol="w", label="Frozen w", help="where the one step begins: drag it")

    metrics = {"variance": "tr Var[w⁺ | w]", "spread": "tr Cov of the runs", "distance": "‖mean of the runs − w*‖"}
    fixed = ("f",)
    tiny = {"n": 10}
    diverges = "η is too large for single samples: their steps overshoot."
    prompts = (
        ("η doubled: how much wider is the cloud? And its variance?", {"rate": 0.2, "batch": 1}),
        ("b = 16: the variance is a sixteenth", {"rate": 0.1, "batch": 16}),
        ("b = 64, nearly gradient descent: has SGD any noise left?", {"batch": 64}),
        ("Noise the same in all directions: what is no longer alike?", {"model": KINDS[1]}),
        ("Three samples: SGD can only go to three places", {"n": 3, "batch": 1}),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        rows = self.rng.normal(size=(self.n, 2)) * (1.2, 0.6)
        self.f = LeastSquares(rows, rows @ (0.5, 0) + self.residuals * self.rng.normal(size=self.n))
        self.sgd = np.tile(np.array([2.5, 1.5]), (RUNS, 1))
        self.gauss = self.sgd.copy()
        self.look_around()
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """SGD: a batch for each run. Model: the whole gradient, and normal noise of size η/√b."""
        self.sgd = self.real(self.sgd)
        self.gauss = self.modelled(self.gauss)
        self.look_around()
        return self.measured()

    def real(self, w: np.ndarray) -> np.ndarray:
        batch = self.rng.integers(self.f.n, size=(len(w), self.batch))
        return w - self.rate * self.f.batch_gradient(w, batch)

    def modelled(self, w: np.ndarray) -> np.ndarray:
        xi = self.rng.standard_normal(w.shape)
        covariances = self.covariance(w)
        if self.model == KINDS[0]:
            values, vectors = np.linalg.eigh(np.nan_to_num(covariances, posinf=0.0, neginf=0.0))
            kick = np.einsum("nij,nj,nj->ni", vectors, np.sqrt(np.maximum(values, 0)), xi)
        else:
            kick = xi * np.sqrt(np.trace(covariances, axis1=1, axis2=2) / 2)[:, None]
        return w - self.rate * self.f.gradient(w) + self.rate / np.sqrt(self.batch) * kick

    def covariance(self, w: np.ndarray) -> np.ndarray:
        """Of one sample's gradient, at each place."""
        g = self.f.sample_gradients(w)
        off = g - g.mean(axis=-2, keepdims=True)
        return np.einsum("...ij,...ik->...jk", off, off) / self.f.n

    def look_around(self) -> None:
        here = np.tile(np.array(self.frozen), (CLOUD, 1))
        self.cloud, self.model_cloud = self.real(here), self.modelled(here)

    def changed(self, name: str) -> None:
        """The clouds move with the place they leave; new draws come with the next step."""
        if name == "frozen":
            shift = np.array(self.frozen) - self.rate * self.f.gradient(np.array(self.frozen))
            self.cloud = self.cloud - self.cloud.mean(axis=0) + shift
            self.model_cloud = self.model_cloud - self.model_cloud.mean(axis=0) + shift

    def law(self) -> np.ndarray:
        """Var[w⁺ | w] = (η²/b) Var of one sample's gradient."""
        return self.rate**2 / self.batch * self.covariance(np.array(self.frozen))

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        both = {"SGD": self.sgd, "model": self.gauss}
        clouds = {"SGD": self.cloud, "model": self.model_cloud}
        row = {f"variance/{name}": float(cloud.var(axis=0).sum()) for name, cloud in clouds.items()}
        row["variance/law"] = float(np.trace(self.law()))
        row |= {f"spread/{name}": float(w.var(axis=0).sum()) for name, w in both.items()}
        return row | {
            f"distance/{name}": float(np.linalg.norm(w.mean(axis=0) - self.f.minimiser)) for name, w in both.items()
        }

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        plane = {"x": "w₁", "y": "w₂", "range_x": X, "range_y": Y}
        return Row(
            Column(
                Row(
                    Panel("SGD", Heat("landscape"), Dots("sgd_dots", tint="warn"), **plane, detail="spread_sgd"),
                    Panel("Gaussian model", Heat("landscape"), Dots("gauss_dots", tint="warn"), **plane),
                ),
                Panel(
                    "One step from w",
                    Dots("near_model", tint="quiet"),
                    Dots("near", tint="accent"),
                    Line("ellipse", label="mean ± 2 standard deviations", tint="text"),
                    Handle("place", drag="frozen", label="w"),
                    **plane,
                    help="Drag w. Blue: where SGD may go; grey: its model; both against the law's ellipse",
                ),
            ),
            Column(
                Panel(
                    "Variance of one step",
                    Curve("variance"),
                    x="step t",
                    y="tr Var",
                    help="Of the clouds around the frozen w, against (η²/b) tr Var ∇ℓᵢ",
                ),
                Panel("Spread of the runs", Curve("spread"), x="step t", y="tr Cov"),
                Panel("Update", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("f",))
    def landscape(self) -> Field:
        x, y = np.meshgrid(np.linspace(*X, 80), np.linspace(*Y, 70))
        return Field(self.f.value(np.stack([x, y], axis=-1)), X, Y)

    @drawn
    def sgd_dots(self) -> np.ndarray:
        return shown(self.sgd)

    @drawn
    def gauss_dots(self) -> np.ndarray:
        return shown(self.gauss)

    @drawn
    def near(self) -> np.ndarray:
        return shown(self.cloud)

    @drawn
    def near_model(self) -> np.ndarray:
        return shown(self.model_cloud)

    @drawn
    def place(self) -> np.ndarray:
        return np.array(self.frozen)

    @drawn
    def ellipse(self) -> np.ndarray:
        angle = np.linspace(0, 2 * np.pi, 100)
        values, vectors = np.linalg.eigh(self.law())
        circle = np.column_stack([np.cos(angle), np.sin(angle)]) * 2 * np.sqrt(np.maximum(values, 0))
        w = np.array(self.frozen)
        return w - self.rate * self.f.gradient(w) + circle @ vectors.T

    @drawn
    def spread_sgd(self) -> str:
        return f"b = {self.batch}, η = {self.rate:.3g}"

    @drawn
    def update(self) -> Update:
        return Update(
            r"V = \frac{\eta^2}{b}\, S",
            {
                "V": float(np.trace(self.law())),
                r"\eta": self.rate,
                "b": self.batch,
                "S": float(np.trace(self.covariance(np.array(self.frozen)))),
            },
        )

    @drawn
    def said(self) -> str:
        row = self.measured()
        return (
            f"From the frozen w the mean step is −η∇ℓ for both. Variance of one step: SGD {row['variance/SGD']:.3g}, "
            f"model {row['variance/model']:.3g}, law {row['variance/law']:.3g}. The runs spread over "
            f"{row['spread/SGD']:.3g} and {row['spread/model']:.3g}."
        )


def shown(w: np.ndarray) -> np.ndarray:
    """What has left the picture is drawn at its edge."""
    return np.clip(np.nan_to_num(w, nan=X[1]), (X[0], Y[0]), (X[1], Y[1]))
