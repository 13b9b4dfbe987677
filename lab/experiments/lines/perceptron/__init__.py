"""perceptron: a line turned by each mistake, and the count of mistakes under its bound R²/ρ²."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Dataset, Switch
from lab.data.points import Points
from lab.experiment import Experiment, Field, Metrics, Update, action, drawn
from lab.experiments.lines.perceptron._tools import PLAIN, PRODUCT, SQUARES, Tools
from lab.marks import Arrows, Bars, Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Regions, Row, Tabs, Trail
from lab.maths.perceptrons import fewest_mistakes, line_in, mistaken, perpendiculars, widest, with_one

EDGE = 6.5
GROUND = 10.0  # the coloured ground goes on beyond the window, which may be wider than high
SIDE = 140
FEW = 60  # points among which the best line is found by trying all
CORNERS = ((-3, -3), (-3, 3), (3, -3), (3, 3))


def gate(*fires: int) -> Points:
    """Four corners, of which these numbers fire."""
    return Points(CORNERS, [int(i in fires) for i in range(4)])


class Perceptron(Tools, Experiment):
    scenes = ("bound", "softness", "many-classes", "gates", "punch-cards")
    pace = 6

    points = Dataset(
        "line",
        kinds=("line", "two gaussians", "xor", "circle", "moons"),
        n=60,
        noise=0.75,
        help="click to add a point (hold a number key for its class), drag to move it, right-click to take it away",
    )
    features = Choice([PLAIN, PRODUCT, SQUARES], restarts=True, help="what the neuron is fed beside the constant 1")
    order = Choice(
        ["at random", "in turn", "shuffled"],
        restarts=True,
        help="which point comes next: any (as in the texts), the next, or each once an epoch in a new order",
    )
    begin = Choice(["zero", "at random"], symbol="w(0)", restarts=True, help="the weights before the first mistake")
    rivals = Switch(
        False,
        label="Averaged and pocket",
        restarts=True,
        help="two more lines from the same run: the mean of w over all steps, and the best w so far",
    )

    metrics = {
        "mistakes": "k",
        "bound": "R²/ρ²",
        "error": "ℓ₀₁(w)",
        "error/averaged": "ℓ₀₁(w̄)",
        "error/pocket": "ℓ₀₁(w_p)",
    }
    fixed = ("X", "y", "labels")
    diverges = "Some points lie too far out: their squares overflow."
    prompts = (
        ("Watch the line turn at each mistake, until none is left", {"points": "line", "features": PLAIN}),
        ("XOR: how many of four corners can a line get right?", {"points": gate(1, 2).to_json(), "features": PLAIN}),
        ("Feed it x₁x₂ too: is XOR still hard?", {"points": gate(1, 2).to_json(), "features": PRODUCT}),
        ("Clouds that overlap: which of three lines would you keep?", {"points": "two gaussians", "rivals": True}),
        ("A ring around a disc: does the border ever rest?", {"points": "circle", "features": PLAIN}),
    )
    presets = {
        "AND": {"points": gate(3).to_json(), "features": PLAIN},
        "OR": {"points": gate(1, 2, 3).to_json(), "features": PLAIN},
        "NAND": {"points": gate(0, 1, 2).to_json(), "features": PLAIN},
        "XOR: no line can": {"points": gate(1, 2).to_json(), "features": PLAIN},
        "XOR with the product x₁x₂": {"points": gate(1, 2).to_json(), "features": PRODUCT},
        "A narrow gap: a high bound": {"points": {"kind": "line", "n": 40, "noise": 0.9}, "features": PLAIN},
        "Disc and ring, with squares": {"points": "circle", "features": SQUARES},
    }
    tiny = {"points": {"n": 20}}

    w: np.ndarray
    alpha: np.ndarray  # mistakes made on each point
    pocket: np.ndarray  # the best w so far
    queue: tuple[int, ...]  # points still to come in this epoch
    bound: float

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        self.take_points()
        d = self.X.shape[1]
        self.w = 2 * self.rng.normal(size=(d,)) if self.begin == "at random" else np.zeros(d)
        self.before, self.last = self.w, np.zeros(d)  # w before the last mistake, and what that mistake added
        self.total: np.ndarray = np.zeros(d)  # the sum of w over all steps, for its mean
        self.steps = 0
        self.count_from_here()
        return self.measured()

    def step(self) -> Metrics:
        """Pick a point; if it is not strictly on its own side, add y x to w. Otherwise nothing moves."""
        i = self.next_point()
        self.score = float(self.w @ self.X[i])
        self.picked, self.wrong = i, self.y[i] * self.score <= 0
        if self.wrong:
            self.before, self.last = self.w, self.y[i] * self.X[i]
            self.w = self.w + self.last
            self.alpha = self.alpha + (np.arange(len(self.y)) == i)
        self.total, self.steps = self.total + self.w, self.steps + 1
        row = self.measured()
        rest = max(row.get("error/averaged", 0), row.get("error/pocket", 0)) if self.rivals else 0
        if row["error"] == 0 and rest == 0:
            self.finish("Every point is on its own side: there are no mistakes left to learn from.")
        return row

    def next_point(self) -> int:
        if self.order == "at random":
            return int(self.rng.integers(len(self.y)))
        if not self.queue:
            every = np.arange(len(self.y)) if self.order == "in turn" else self.rng.permutation(len(self.y))
            self.queue = tuple(every.tolist())
        i, *rest = self.queue
        self.queue = tuple(rest)
        return i

    def measured(self) -> Metrics:
        self.tip = self.w[:2]
        row = {"mistakes": float(self.alpha.sum()), "error": self.error(self.w)}
        if self.bound < np.inf:
            row["bound"] = self.bound
        if row["error"] < self.error(self.pocket):
            self.pocket = self.w
        if self.rivals:
            row |= {"error/averaged": self.error(self.mean_w()), "error/pocket": self.error(self.pocket)}
        return row

    def error(self, w: np.ndarray) -> float:
        return float(mistaken(w, self.X, self.y).mean())

    def mean_w(self) -> np.ndarray:
        return self.total / self.steps if self.steps else self.w

    def take_points(self) -> None:
        x = self.points.x
        self.labels = np.minimum(self.points.y, 1)
        self.y = np.where(self.labels == 1, 1.0, -1.0)
        self.X = with_one(self.lifted(x))
        self.queue = ()
        self.picked, self.wrong, self.score = -1, False, 0.0

    def lifted(self, x: np.ndarray) -> np.ndarray:
        product, squares = x[:, :1] * x[:, 1:], x**2
        return {PLAIN: x, PRODUCT: np.hstack([x, product]), SQUARES: np.hstack([x, product, squares])}[self.features]

    def count_from_here(self) -> None:
        """Count anew. With a = ⟨w*, w(0)⟩, a + kρ ≤ |w| ≤ √(|w(0)|² + kR²) bounds k; by R²/ρ² if w(0) = 0."""
        self.w0, self.pocket = self.w, self.w
        self.alpha = np.zeros(len(self.y), int)
        best = widest(self.X, self.y)
        self.bound, self.separable = np.inf, best is not None
        if best is not None:
            star, rho = best
            r2, a, n0 = float((self.X**2).sum(axis=1).max()), float(star @ self.w0), float(self.w0 @ self.w0)
            half = r2 - 2 * a * rho
            self.bound = (half + float(np.sqrt(half**2 + 4 * rho**2 * (n0 - a * a)))) / (2 * rho**2)

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()
            self.count_from_here()

    @action
    def turn(self, x: float, y: float) -> None:
        """Drag the tip of w: the line turns, and mistakes are counted from there."""
        self.w = np.array([np.clip(x, -1e3, 1e3), np.clip(y, -1e3, 1e3), *self.w[2:]])
        self.before, self.last, self.tip = self.w, np.zeros(len(self.w)), self.w[:2]
        self.picked = -1
        self.count_from_here()

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        plane = {"x": "x₁", "y": "x₂", "range_x": (-EDGE, EDGE), "range_y": (-EDGE, EDGE), "equal": True}
        rivals = (
            (
                Line("line_averaged", label="averaged", tint="2", width=2.5),
                Line("line_pocket", label="pocket", tint="3", width=2.5),
            )
            if self.rivals
            else ()
        )
        return Row(
            Column(
                Panel(
                    "Data",
                    Regions("sides"),
                    Line("line_before", label="before", tint="quiet", dashed=True),
                    Line("line", label="w", tint="text", width=3),
                    *rivals,
                    Dots(
                        "x",
                        colour="labels",
                        size="sizes",
                        ring="flash",
                        drag="points.move",
                        add="points.add",
                        erase="points.erase",
                    ),
                    **plane,
                    detail="lamp",
                    help="Ringed: the point just picked. A dot grows with α, its mistakes. A score of exactly 0 is a "
                    "mistake, whichever the class",
                ),
                Panel(
                    "Dual weights",
                    Bars("alpha", colour="accent"),
                    x="point i",
                    y="α",
                    detail="rebuilt",
                    help="w = w(0) + Σ αᵢ yᵢ xᵢ: each point's α counts the mistakes made on it",
                ),
                sizes=(7, 3),
            ),
            Column(
                Tabs(
                    Panel(
                        "Weight space",
                        Trail("tip"),
                        Arrows("origin", "tips", label="w", tint="text"),
                        Arrows("tail", "added", label="y x", tint="warn"),
                        marks.Handle("tip", drag="turn", label="w"),
                        x="w₁",
                        y="w₂",
                        equal=True,
                        detail="bias",
                        help="each mistake adds y x at the tip of w, at right angles to the line; drag the tip",
                    ),
                    Panel(
                        "Margins",
                        Line("perpendiculars", tint="quiet", width=1),
                        Line("line", tint="text", width=3),
                        Line("shortest", label="smallest margin", tint="warn", width=4),
                        Dots("x", colour="labels", drag="points.move", add="points.add", erase="points.erase"),
                        **plane,
                        detail="margin",
                        help="from each point straight to the line; below 0 is a point on the wrong side. The ρ of the "
                        "bound divides by the whole of w, bias too",
                    ),
                ),
                Tabs(
                    Panel("Mistakes", Curve("mistakes"), x="step t", y="mistakes k", detail="under"),
                    Panel("Bound", Curve("mistakes", "bound"), x="step t", y="k", log_y=True, detail="under"),
                    Panel(
                        "Error",
                        Guide(y="floor", label="best line", tint="warn"),
                        Curve("error"),
                        x="step t",
                        y="ℓ₀₁",
                        help="share of points not strictly on their side; the guide: the least any line can have",
                    ),
                ),
                Panel("Update", Equation("update"), Note("said")),
                sizes=(8, 7, 7),
            ),
            sizes=(3, 2),
        )

    @drawn
    def x(self) -> np.ndarray:
        return self.points.x

    @drawn(on=("w", "features"))
    def sides(self) -> Field:
        axis = np.linspace(-GROUND, GROUND, SIDE)
        grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        score = with_one(self.lifted(grid)) @ self.w
        side = np.where(score > 0, 1, 0) if self.w.any() else np.full(len(grid), -1)
        return Field(side.reshape(SIDE, SIDE), (-GROUND, GROUND), (-GROUND, GROUND))

    def straight(self, w: np.ndarray) -> np.ndarray:
        return line_in(w, EDGE) if self.features == PLAIN else np.empty((0, 2))

    @drawn
    def line(self) -> np.ndarray:
        return self.straight(self.w)

    @drawn
    def line_before(self) -> np.ndarray:
        return self.straight(self.before)

    @drawn
    def line_averaged(self) -> np.ndarray:
        return self.straight(self.mean_w())

    @drawn
    def line_pocket(self) -> np.ndarray:
        return self.straight(self.pocket)

    @drawn
    def sizes(self) -> np.ndarray:
        return 0.12 + 0.6 * self.alpha / max(int(self.alpha.max()), 3)

    @drawn
    def flash(self) -> np.ndarray:
        return np.arange(len(self.y)) == self.picked

    @drawn
    def origin(self) -> np.ndarray:
        return np.zeros((1, 2))

    @drawn
    def tips(self) -> np.ndarray:
        return self.w[None, :2]

    @drawn
    def tail(self) -> np.ndarray:
        return self.before[None, :2]

    @drawn
    def added(self) -> np.ndarray:
        return self.last[None, :2]

    @drawn
    def perpendiculars(self) -> list[np.ndarray]:
        drops = self.features == PLAIN and self.w[:2].any()
        return list(perpendiculars(self.points.x, self.w)) if drops else []

    @drawn
    def shortest(self) -> np.ndarray:
        drops = self.perpendiculars()
        return drops[int((self.y * (self.X @ self.w)).argmin())] if drops else np.empty((0, 2))

    @drawn
    def margin(self) -> str:
        length = float(np.linalg.norm(self.w[:2]))
        if self.features != PLAIN or not length:
            return "no line"
        return f"smallest {(self.y * (self.X @ self.w)).min() / length:.3g}"

    @drawn
    def lamp(self) -> str:
        return "● separable" if self.separable else "○ NOT separable"

    @drawn
    def under(self) -> str:
        k = int(self.alpha.sum())
        return f"{k} ≤ {self.bound:.4g}" if self.separable else f"{k}, without bound"

    @drawn
    def bias(self) -> str:
        return f"b = {self.w[-1]:.3g}"

    @drawn
    def rebuilt(self) -> str:
        w = self.w0 + (self.alpha * self.y) @ self.X
        return f"Σα = {int(self.alpha.sum())},  |w − w(0) − Σαyx| = {np.linalg.norm(self.w - w):.1g}"

    @drawn(on=("X", "y"))
    def floor(self) -> np.ndarray:
        few = self.features == PLAIN and len(self.y) <= FEW
        return np.array([fewest_mistakes(self.points.x, self.y) / len(self.y)] if few else [])

    @drawn
    def update(self) -> Update:
        i = self.picked
        if i < 0:
            return Update(r"w \leftarrow w + y\,x \quad \text{if } y\,(w \cdot x) \leq 0", {})
        if not self.wrong:
            return Update(r"y\,s > 0 \\ w \leftarrow w", {"s": self.score, "y": float(self.y[i]), "w": self.w})
        numbers = {"s": self.score, "y": float(self.y[i]), "v": self.before, "x": self.X[i], "w": self.w}
        return Update(r"y\,s \leq 0 \\ w = v + y\,x", numbers)

    @drawn
    def said(self) -> str:
        if self.finished:
            return f"{self.finished} It took {int(self.alpha.sum())} of them, and the proof allows {self.bound:.4g}."
        if self.picked < 0:
            if self.w.any():
                return "No point picked yet with this w. A score of exactly 0 counts as a mistake, whichever the class."
            return "No line yet: w = 0 scores every point 0, and a score of 0 counts as a mistake here."
        i = self.picked
        if not self.wrong:
            return f"Point {i} is on its own side (score {signed(self.score)}): nothing moves."
        tie = (
            "scores 0, which counts as a mistake"
            if self.score == 0
            else f"is on the wrong side (score {signed(self.score)})"
        )
        rise = float(self.X[i] @ self.X[i])
        tail = "" if self.separable else " No line suits all, so one mistake is mended by making another."
        return f"Point {i} {tie}: y x is added to w, and y times its score rises by x·x = {rise:.3g}.{tail}"


def signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")
