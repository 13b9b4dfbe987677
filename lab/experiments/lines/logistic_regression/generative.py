"""generative or discriminative: two Gaussians and the line that follows from them, against a line that is trained."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.controls import Choice, Dataset, Point, Slider
from lab.data.points import Points
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Dots, Equation, Handle, Line, Matrix, Note, Panel, Row, Tabs
from lab.maths.logistic import gradient, objective, sigmoid, smoothness
from lab.maths.perceptrons import line_in, with_one
from lab.maths.planes import ellipse, pieces

EDGE = 6.5
SHARED, BAYES = "LDA: one covariance for both", "naive Bayes: features apart"
NOTHING = 1e-9  # added to variances, so that points on one line still have a density


class Bell(NamedTuple):
    """The likeliest Gaussian of a class, and its share of all points: P(x | y) and P(y)."""

    mean: np.ndarray
    covariance: np.ndarray
    share: float


def bells(x: np.ndarray, y: np.ndarray, model: str) -> tuple[Bell, Bell] | None:
    """A Gaussian for each class; None until both have two points."""
    parts = [x[y == label] for label in (0, 1)]
    if min(map(len, parts)) < 2:
        return None
    scatters = [(part - part.mean(axis=0)).T @ (part - part.mean(axis=0)) for part in parts]
    if model == SHARED:
        covariances = [sum(scatters) / len(x)] * 2
    else:
        covariances = [np.diag(np.diag(scatter)) / len(part) for part, scatter in zip(parts, scatters)]
    zero, one = (Bell(p.mean(axis=0), S + NOTHING * np.eye(2), len(p) / len(x)) for p, S in zip(parts, covariances))
    return zero, one


class Quadric(NamedTuple):
    """ln P(1 | x) − ln P(0 | x) = xᵀA x + b·x + c. With one covariance for both A is 0: its zeros are a line."""

    A: np.ndarray
    b: np.ndarray
    c: float

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.einsum("...i,ij,...j->...", x, self.A, x) + x @ self.b + self.c


def by_bayes(zero: Bell, one: Bell) -> Quadric:
    """Bayes' rule on two Gaussians."""
    inverse = [np.linalg.inv(bell.covariance) for bell in (zero, one)]
    ends = [bell.mean @ inv @ bell.mean for bell, inv in zip((zero, one), inverse)]
    widths = [float(np.linalg.slogdet(bell.covariance)[1]) for bell in (zero, one)]
    return Quadric(
        (inverse[0] - inverse[1]) / 2,
        inverse[1] @ one.mean - inverse[0] @ zero.mean,
        float(ends[0] - ends[1] + widths[0] - widths[1]) / 2 + float(np.log(one.share / zero.share)),
    )


def zeros(f: Quadric, edge: float) -> list[np.ndarray]:
    """Where the quadric of features taken apart is 0: both roots in x₂ for each x₁, and in x₁ for each x₂."""
    lines: list[np.ndarray] = []
    for free, solved in ((0, 1), (1, 0)):
        t = np.linspace(-edge, edge, 121)
        a, b = f.A[solved, solved], f.b[solved] + 2 * f.A[free, solved] * t
        c = f.A[free, free] * t**2 + f.b[free] * t + f.c
        with np.errstate(all="ignore"):
            root = np.sqrt(b**2 - 4 * a * c)
            for sign in (-1, 1):
                line = np.empty((121, 2))
                line[:, free] = t
                line[:, solved] = -2 * c / (b + sign * root)  # steady also where a is 0
                inside = (np.abs(line) <= edge).all(axis=1)
                slope = np.abs(2 * line @ f.A + f.b)  # each sweep keeps what runs more its own way, and a little more
                lines += pieces(line, inside & (slope[:, solved] >= 0.9 * slope[:, free]))
    return lines


def tilted(outliers: int = 0) -> dict:
    """Two clouds of one tilted shape, and perhaps some of class 1 far out on their own side."""
    rng = np.random.default_rng(3)
    shape = np.linalg.cholesky(np.array([[1, 0.5], [0.5, 1]])) * 0.9
    x = [rng.normal(size=(40, 2)) @ shape.T + middle for middle in ((-1.3, -0.5), (1.3, 0.6))]
    far = rng.normal(size=(outliers, 2)) * 0.3 + (6, 0)
    return Points(np.concatenate([*x, far]).round(2), [0] * 40 + [1] * (40 + outliers)).to_json()


class Generative(Experiment):
    pace = 20
    points = Dataset(
        "two gaussians",
        kinds=("two gaussians", "line", "moons", "circle"),
        n=80,
        noise=0.35,
        help="click to add a point (hold a number key for its class), drag to move it, right-click to take it away",
    )
    model = Choice([SHARED, BAYES], help="what is assumed of the points of a class: P(x | y) is a Gaussian")
    rate = Slider(0.2, 0.005, 5, log=True, symbol="η", limit="safe", help="step size of the logistic line; 1/L and 2/L")
    place = Point((0.5, 0.5), x=(-EDGE, EDGE), y=(-EDGE, EDGE), view=True, symbol="x", help="both are asked about this")

    metrics = {
        "loss": "J",
        "error": "ℓ₀₁",
    }
    fixed = ("X", "y")
    random = False
    prompts = (
        ("Two clouds of one shape: do both lines agree?", {"points": tilted(), "model": SHARED}),
        ("Twelve far out, on their own side: which line minds?", {"points": tilted(12), "model": SHARED}),
        ("Tilted clouds, features taken apart: what is lost?", {"points": tilted(), "model": BAYES}),
        ("A disc in a ring: naive Bayes bends, no line can", {"points": "circle", "model": BAYES}),
        ("Half-moons are no Gaussians", {"points": "moons", "model": SHARED}),
    )
    presets = {
        "Two Gaussians": {"points": "two gaussians", "model": SHARED},
        "One tilted shape": {"points": tilted(), "model": SHARED},
        "Outliers on the right side": {"points": tilted(12), "model": SHARED},
        "Disc and ring": {"points": "circle", "model": BAYES},
    }
    tiny = {"points": {"n": 20}}

    # ------------------------------------------------------------ the two ways

    def start(self) -> Metrics:
        self.take_points()
        self.theta = np.zeros(3)
        return self.measured()

    def step(self) -> Metrics:
        """Discriminative: only P(y | x) is modelled, and θ is walked down the loss."""
        self.theta = self.theta - self.rate * gradient(self.theta, self.X, self.y)
        return self.measured()

    def take_points(self) -> None:
        """Generative: P(x | y) and P(y) are read off the points at once; the boundary follows by Bayes' rule."""
        self.X, self.y = with_one(self.points.x), (self.points.y == 1).astype(int)
        self.pair = bells(self.points.x, self.y, self.model)
        self.odds = None if self.pair is None else by_bayes(*self.pair)

    def measured(self) -> Metrics:
        u = self.X @ self.theta
        row = {"loss/logistic": objective(self.theta, self.X, self.y)}
        row["error/logistic"] = float(((u > 0) != self.y).mean())
        if self.odds is not None:
            score = self.odds(self.points.x)
            row["loss/generative"] = float((np.logaddexp(0, score) - self.y * score).mean())
            row["error/generative"] = float(((score > 0) != self.y).mean())
        return row

    def changed(self, name: str) -> None:
        if name in ("points", "model"):
            self.take_points()

    # ------------------------------------------------------------ pictures

    panels = Row(
        Panel(
            "Data",
            Line("contours_0", tint="0", width=1.5),
            Line("contours_1", tint="1", width=1.5),
            Line("bayes_line", label="from the Gaussians", tint="warn", width=4),
            Line("logistic_line", label="logistic", tint="text", width=3, dashed=True),
            Dots("x", colour="y", drag="points.move", add="points.add", erase="points.erase"),
            Handle("place", drag="place", label="x"),
            x="x₁",
            y="x₂",
            range_x=(-EDGE, EDGE),
            range_y=(-EDGE, EDGE),
            equal=True,
            detail="angle",
            help="ellipses: one and two spreads of each class's Gaussian",
        ),
        Column(
            Panel(
                "P(y = 1 | x)",
                Bars("beliefs", labels="believers", colour="accent", highest=1.0),
                help="what each says of the place that is ringed",
                still=False,
            ),
            Tabs(
                Panel("Loss", Curve("loss"), x="step t", y="J"),
                Panel("Error", Curve("error"), x="step t", y="ℓ₀₁"),
                Panel("Weights", Matrix("weights", rows="models", columns="columns"), detail="bent"),
            ),
            Panel("In numbers", Equation("update"), Note("said")),
            sizes=(3, 4, 4),
        ),
        sizes=(3, 2),
    )

    @drawn
    def x(self) -> np.ndarray:
        return self.points.x

    def contours(self, label: int) -> list[np.ndarray]:
        if self.pair is None:
            return []
        return [ellipse(self.pair[label].mean, self.pair[label].covariance, spreads**2) for spreads in (1, 2)]

    @drawn
    def contours_0(self) -> list[np.ndarray]:
        return self.contours(0)

    @drawn
    def contours_1(self) -> list[np.ndarray]:
        return self.contours(1)

    @drawn
    def bayes_line(self) -> list[np.ndarray]:
        if self.odds is None:
            return []
        if self.model == SHARED:
            return [line_in(np.append(self.odds.b, self.odds.c), EDGE)]
        return zeros(self.odds, EDGE)

    @drawn
    def logistic_line(self) -> np.ndarray:
        return line_in(self.theta, EDGE)

    def turned(self) -> float:
        """Degrees between the two normals."""
        if self.odds is None or not self.theta[:2].any():
            return 0.0
        b, w = self.odds.b, self.theta[:2]
        lengths = max(float(np.linalg.norm(b) * np.linalg.norm(w)), 1e-300)
        return float(np.degrees(np.arccos(np.clip(b @ w / lengths, -1, 1))))

    @drawn
    def angle(self) -> str:
        return f"{self.turned():.1f}° apart" if self.model == SHARED else "a curve against a line"

    @drawn
    def beliefs(self) -> np.ndarray:
        at = np.array(self.place)
        bayes = 0.5 if self.odds is None else float(sigmoid(self.odds(at)))
        return np.array([float(sigmoid(np.append(at, 1) @ self.theta)), bayes])

    @drawn
    def believers(self) -> list[str]:
        return ["logistic", "LDA" if self.model == SHARED else "naive Bayes"]

    @drawn
    def weights(self) -> np.ndarray:
        bayes = np.zeros(3) if self.odds is None else np.append(self.odds.b, self.odds.c)
        return np.stack([self.theta, bayes])

    @drawn
    def models(self) -> list[str]:
        return self.believers()

    @drawn
    def columns(self) -> list[str]:
        return ["w₁", "w₂", "b"]

    @drawn
    def bent(self) -> str:
        return (
            ""
            if self.model == SHARED or self.odds is None
            else "and squares: " + ", ".join(f"{a:.3g}".replace("-", "−") for a in np.diag(self.odds.A))
        )

    @drawn(on=("X",))
    def safe(self) -> np.ndarray:
        return np.array([1, 2]) / smoothness(self.X)

    @drawn
    def update(self) -> Update:
        theta = {r"\theta": self.theta}
        if self.pair is None or self.odds is None:
            return Update(r"\theta \leftarrow \theta - \eta \nabla J", theta)
        means = {r"\mu_0": self.pair[0].mean, r"\mu_1": self.pair[1].mean}
        if self.model == SHARED:
            return Update(r"w = S^{-1}(\mu_1 - \mu_0)", {"w": self.odds.b, **means, **theta})
        spreads = {rf"\sigma_{i}": np.sqrt(np.diag(bell.covariance)) for i, bell in enumerate(self.pair)}
        return Update(r"\mu_0, \quad \sigma_0 \\ \mu_1, \quad \sigma_1", {**means, **spreads})

    @drawn
    def said(self) -> str:
        if self.pair is None:
            return "A Gaussian needs two points of its class: add some."
        now = self.measured()
        mine, theirs = now["error/logistic"], now["error/generative"]
        name = self.believers()[1]
        told = f"{name} knows at once, from means and spreads; the logistic line is trained. "
        if self.model == BAYES:
            told = (
                "Naive Bayes takes the features apart, so its ellipses lie along the axes and its boundary may bend. "
            )
        return told + f"Wrong: {theirs:.1%} by {name}, {mine:.1%} by the logistic line."
