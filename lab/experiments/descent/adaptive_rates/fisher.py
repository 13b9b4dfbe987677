"""gradient outer products: they stand in for the Hessian, at the start and at the end of training."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Equation, Guide, Images, Matrix, Note, Panel, Row

WEIGHTS = 4
TRUTH = np.array([0.6, -0.4, 0.3, 0.6])
MIXED = np.array([[1, 0.5, 0, 0], [0, 1.2, 0.4, 0], [0, 0, 0.8, -0.3], [0, 0, 0, 0.6]])  # inputs that go together


class Fisher(Experiment):
    model = Choice(
        ("linear, squared loss", "tanh unit, squared loss", "logistic, cross-entropy"),
        restarts=True,
        help="what is fitted, and how it is judged",
    )
    noise = Slider(0.0, 0, 1, symbol="σ", restarts=True, help="noise in the targets: 0 lets the fit be perfect")
    n = Count(200, 10, 500, symbol="n", restarts=True, help="samples")
    rate = Slider(0.01, 0.001, 0.3, log=True, symbol="η", help="learning rate")

    metrics = {"norm": "‖·‖ of", "loss": "ℓ", "bound": "largest |g|/√F"}
    fixed = ("x", "y")
    prompts = (
        ("A perfect fit: what is left of the outer product?", {"noise": 0.0}),
        ("Noisy targets: does it still vanish?", {"noise": 0.5}),
        ("Logistic regression: is it the Hessian in the end?", {"model": "logistic, cross-entropy", "n": 500}),
        ("tanh: where do Hessian and Gauss-Newton differ?", {"model": "tanh unit, squared loss", "noise": 0.5}),
    )
    presets = {
        "Squared loss, perfect fit": {"model": "linear, squared loss", "noise": 0.0},
        "Logistic regression": {"model": "logistic, cross-entropy", "rate": 0.01, "n": 500},
    }
    tiny = {"n": 20}
    diverges = "The learning rate throws the weights farther out with each step."

    def start(self) -> Metrics:
        self.x = self.rng.standard_normal((self.n, WEIGHTS)) @ MIXED
        score = self.x @ TRUTH
        if self.model.startswith("logistic"):
            self.y = (self.rng.random(self.n) < 1 / (1 + np.exp(-score))).astype(float)
        else:
            clean = np.tanh(score) if self.model.startswith("tanh") else score
            self.y = clean + self.noise * self.rng.standard_normal(self.n)
        self.w = np.zeros(WEIGHTS)
        self.move = np.zeros(WEIGHTS)
        self.at_start = self.matrices()
        return self.measured()

    def step(self) -> Metrics:
        """Each slope over the root of the mean of its squares over the samples: the diagonal of F."""
        g = self.gradients()
        self.move = -self.rate * self.ratio(g)
        self.w = self.w + self.move
        return self.measured()

    def ratio(self, g: np.ndarray) -> np.ndarray:
        """g_i / √F_ii, which is at most 1: a mean is no larger than the root of the mean square."""
        root = np.sqrt((g**2).mean(axis=0))
        return np.divide(g.mean(axis=0), root, out=np.zeros(WEIGHTS), where=root > 1e-12)

    def outputs(self) -> np.ndarray:
        score = self.x @ self.w
        if self.model.startswith("logistic"):
            return 1 / (1 + np.exp(-score))
        return np.tanh(score) if self.model.startswith("tanh") else score

    def gradients(self) -> np.ndarray:
        """(n, weights): the slope of each sample's loss."""
        out = self.outputs()
        slope = 1 - out**2 if self.model.startswith("tanh") else 1.0
        return ((out - self.y) * slope)[:, None] * self.x

    def matrices(self) -> np.ndarray:
        """Hessian, Gauss-Newton JᵀJ/n, outer product F = Σ gᵢgᵢᵀ/n, and the diagonal of F."""
        out = self.outputs()
        if self.model.startswith("logistic"):
            bend = curve = out * (1 - out)
        elif self.model.startswith("tanh"):
            bend = (1 - out**2) ** 2
            curve = bend - 2 * out * (1 - out**2) * (out - self.y)
        else:
            bend = curve = np.ones(self.n)
        hessian, newton = ((self.x * by[:, None]).T @ self.x / self.n for by in (curve, bend))
        g = self.gradients()
        F = g.T @ g / self.n
        return np.array([hessian, newton, F, np.diag(np.diag(F))])

    def measured(self) -> Metrics:
        out = np.clip(self.outputs(), 1e-12, 1 - 1e-12) if self.model.startswith("logistic") else self.outputs()
        if self.model.startswith("logistic"):
            losses = -self.y * np.log(out) - (1 - self.y) * np.log(1 - out)
        else:
            losses = (out - self.y) ** 2 / 2
        hessian, _, F, _ = self.matrices()
        return {
            "norm/Hessian": float(np.linalg.norm(hessian)),
            "norm/F": float(np.linalg.norm(F)),
            "loss": float(losses.mean()),
            "bound": float(np.abs(self.ratio(self.gradients())).max()),
        }

    # ------------------------------------------------------------ pictures

    panels = Column(
        Row(
            Panel(
                "Start, and now below",
                Images("heat_maps", captions="captions", columns=4, colours="scores"),
                help="Above at the start, below now. All in one scale of colours, so that what vanishes is seen to",
            ),
            Column(
                Panel("Size of the matrices", Curve("norm"), x="step t", y="norm"),
                Panel(
                    "Slope over root",
                    Bars("ratios", labels="weights"),
                    Guide(y="ends", label="±1: no component is longer"),
                    y="gᵢ / √Fᵢᵢ",
                    range_y=(-1.2, 1.2),
                ),
            ),
            sizes=(3, 2),
        ),
        Row(
            Panel("Update", Equation("update"), Note("said")),
            Panel("Loss", Curve("loss"), x="step t", y="ℓ"),
            Panel("Hessian in numbers", Matrix("hessian", rows="weights", columns="weights"), shown=False, still=True),
            Panel("Outer product in numbers", Matrix("outer", rows="weights", columns="weights"), shown=False),
        ),
        sizes=(3, 2),
    )

    @drawn
    def heat_maps(self) -> np.ndarray:
        return np.concatenate([self.at_start, self.matrices()])

    @drawn
    def captions(self) -> tuple[str, ...]:
        kinds = ("Hessian", "JᵀJ/n", "F = Σ gᵢgᵢᵀ/n", "diagonal of F")
        return (*(f"{kind}, start" for kind in kinds), *(f"{kind}, now" for kind in kinds))

    @drawn
    def hessian(self) -> np.ndarray:
        return self.matrices()[0]

    @drawn
    def outer(self) -> np.ndarray:
        return self.matrices()[2]

    @drawn
    def ratios(self) -> np.ndarray:
        return self.ratio(self.gradients())

    @drawn
    def ends(self) -> np.ndarray:
        return np.array([1.0, -1.0])

    @drawn
    def weights(self) -> tuple[str, ...]:
        return "w₁", "w₂", "w₃", "w₄"

    @drawn
    def update(self) -> Update:
        g = self.gradients()
        mean, square = g.mean(axis=0), (g**2).mean(axis=0)
        numbers = {r"\Delta w_i": -self.rate * self.ratio(g), r"\eta": self.rate, "g_i": mean, "F_{ii}": square}
        return Update(r"\Delta w_i = -\eta\, \frac{g_i}{\sqrt{F_{ii}}}", numbers)

    @drawn
    def said(self) -> str:
        hessian, newton, F, _ = self.matrices()
        size = max(float(np.linalg.norm(hessian)), 1e-12)
        share, apart, other = (float(np.linalg.norm(m)) / size for m in (F, F - hessian, newton - hessian))
        if self.model.startswith("logistic"):
            return f"F and the Hessian differ by {apart:.0%} of it. At the truth they are the same on average."
        if share < 0.01:
            return (
                "Every residual is nearly 0, and so is F, though the Hessian is not: the text's stand-in for the "
                "Hessian has gone. JᵀJ/n, of the slopes of the residuals themselves, has not."
            )
        return (
            f"F is {share:.0%} of the Hessian in size: each of its terms carries a squared residual. "
            f"JᵀJ/n differs from the Hessian by {other:.0%}."
        )
