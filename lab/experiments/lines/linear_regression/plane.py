"""Two inputs: a plane among points, and its bowl of losses, which turns to a trough when the inputs say the same."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Matrix, Point, Slider
from lab.data.tables import table
from lab.experiment import Experiment, Field, Metrics, Update, action, drawn
from lab.marks import Arrows, Column, Curve, Dots, Equation, Heat, Line, Note, Panel, Row, Surface, Tabs, Trail
from lab.maths.least_squares import Array, design, gradient, loss
from lab.maths.linear_fits import bowl, curvatures, rank, ridge

SIDE = 61
REACH = 4.0  # the landscape goes this far from 0
EDGE = 2.6  # the plane goes this far from the mean, in standard deviations
MADE, NEAR, ALIKE = "made", "diabetes: bmi and bp", "diabetes: s1 and s2"
COLUMNS = {NEAR: ("bmi", "bp"), ALIKE: ("s1", "s2")}
OWN, GRAM = "typed below", "XᵀX/n + λI"
MOST = 60


class Plane(Experiment):
    pace = 12

    data = Choice(
        [MADE, NEAR, ALIKE], restarts=True, help="made with two weights known, or two columns of a real table"
    )
    rho = Slider(
        0.3, 0, 1, symbol="ρ", label="Correlation", when={"data": (MADE,)}, help="of the two inputs; at 1 they are one"
    )
    n = Count(25, 1, MOST, symbol="n", label="Points", help="take points away until there are fewer than weights")
    ridge = Slider(0, 0, 1, symbol="λ", label="Ridge", help="adds λ(w₁² + w₂²) to the loss: a trough becomes a bowl")
    rate = Slider(0.2, 0.005, 2, log=True, symbol="η", limit="safe", help="marks: 1/λ and 2/λ of the largest curvature")
    begin = Point((-2.5, 2.5), x=(-4, 4), y=(-4, 4), symbol="w(0)", restarts=True, help="the weights at the start")
    matrix = Choice([GRAM, OWN], label="Matrix shown", help="what deforms the unit grid in the panel Grid")
    own_matrix = Matrix(
        [[1.5, 0.5], [0.5, 1.0]], -3, 3, label="Matrix", when={"matrix": (OWN,)}, help="its columns can be dragged"
    )

    metrics = {"loss": "J(w)", "least": "min J"}
    random = False
    fixed = ("all_x", "all_y")
    diverges = "η is past 2/λ of the largest curvature."
    prompts = (
        ("Slide ρ to 1: where do the contours go?", {"data": MADE, "rho": 0.9, "ridge": 0.0}),
        ("ρ = 1: a line of best planes. Which one does descent from 0 find?", {"rho": 1.0, "begin": [0, 0]}),
        ("ρ = 1 with a little λ: one best plane again", {"rho": 1.0, "ridge": 0.1}),
        ("Two points, three weights: the determinant is 0", {"data": MADE, "n": 2, "ridge": 0.0}),
        ("A matrix of determinant 0 flattens the grid", {"matrix": OWN, "own_matrix": [[1, 2], [0.5, 1]]}),
    )
    presets = {
        "A bowl": {"rho": 0.3},
        "A valley: ρ = 0.95": {"rho": 0.95},
        "A trough: ρ = 1": {"rho": 1.0},
        "Fewer points than weights": {"n": 2},
        "Body mass and blood pressure": {"data": NEAR, "n": 60},
        "Two that nearly agree": {"data": ALIKE, "n": 60},
    }
    tiny = {"n": 8}

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        """Two inputs and a noise, orthogonal and of length √n: any correlation can be had exactly."""
        drawn_once = np.random.default_rng(5).standard_normal((MOST, 4))
        drawn_once[:, 0] = 1
        q = np.linalg.qr(drawn_once)[0][:, 1:] * np.sqrt(MOST)
        self.all_x, self.all_y = q[:, :2], q[:, 2]
        if self.data != MADE:
            source = table("diabetes")
            picks = [source.features.index(column) for column in COLUMNS[self.data]]
            every = np.linspace(0, len(source.y) - 1, MOST).astype(int)
            x, y = source.x[every][:, picks], source.y[every]
            self.all_x, self.all_y = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
        self.w = np.array(self.begin)
        self.take()
        return self.measured()

    def step(self) -> Metrics:
        """w ← w − η ∇(J + λ|w|²); the offset is always the best for these w, so J is that of centred data."""
        with np.errstate(all="ignore"):
            self.w = self.w - self.rate * self.slope(self.w)
        return self.measured()

    def take(self) -> None:
        """The first n points, at this correlation; means are taken away, which is what the best offset does."""
        x, y = self.all_x[: self.n], self.all_y[: self.n]
        if self.data == MADE:
            x = np.column_stack([x[:, 0], self.rho * x[:, 0] + np.sqrt(1 - self.rho**2) * x[:, 1]])
            y = 0.8 * x[:, 0] + 0.4 * x[:, 1] + 0.9 * y
        self.mean_x, self.mean_y = x.mean(axis=0), float(y.mean())
        self.x, self.target = x, y
        self.X, self.y = x - self.mean_x, y - self.mean_y
        self.best = ridge(self.X, self.y, self.ridge)  # of all that are best, the shortest

    def changed(self, name: str) -> None:
        if name in ("rho", "n", "ridge"):
            self.take()

    def objective(self, w: Array) -> float:
        return float(loss(w, self.X, self.y, 1 / self.n)) + self.ridge * float(w @ w)

    def slope(self, w: Array) -> Array:
        return gradient(w, self.X, self.y, 1 / self.n) + 2 * self.ridge * w

    def measured(self) -> Metrics:
        with np.errstate(all="ignore"):
            return {"loss": self.objective(self.w), "least": self.objective(self.best)}

    @action
    def turn(self, index: int, x: float, y: float) -> None:
        """Drag w: the plane tilts."""
        self.w = np.clip([x, y], -1e3, 1e3)

    @action
    def solve(self) -> None:
        """Jump to the solution X⁺y, or to that of ridge."""
        self.w = self.best

    @action
    def column(self, index: int, x: float, y: float) -> None:
        """Drag a column of the matrix that is typed."""
        entries = np.array(self.own_matrix)
        entries[:, min(max(index, 0), 1)] = np.round(np.clip([x, y], -3, 3), 2)
        self.own_matrix, self.matrix = entries, OWN

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        names = COLUMNS.get(self.data, ("x₁", "x₂"))
        weights = {"x": "w₁", "y": "w₂"}
        return Row(
            Column(
                Panel(
                    "Plane",
                    Surface("sheet", points="x", heights="target", sticks=True),
                    x=names[0],
                    y=names[1],
                    detail="plane_said",
                    help="turn it with the mouse: sticks are residuals, from each point to the plane",
                ),
                Panel("Step", Equation("update"), Note("said")),
                sizes=(6, 4),
            ),
            Column(
                Tabs(
                    Panel(
                        "Landscape",
                        Heat("landscape", log=True),
                        Line("solutions", label="all of these are best", tint="warn", width=3),
                        Arrows("origin", "shortest", tint="text"),
                        Trail("w"),
                        Dots("star", shape="star", tint="text", big=True, labels="star_name"),
                        Dots("now", shape="disc", tint="accent", big=True, drag="turn"),
                        **weights,
                        range_x=(-REACH, REACH),
                        range_y=(-REACH, REACH),
                        equal=True,
                        detail="shape_said",
                        help="Drag w. The arrow: the shortest of all best weights, X⁺y, at right angles to the trough",
                    ),
                    Panel(
                        "In three dimensions",
                        Surface("landscape", points="now", heights="height", trail="w"),
                        **weights,
                    ),
                    Panel(
                        "Grid",
                        Line("grid", tint="quiet", width=1),
                        Line("square", label="unit square", tint="text", width=3),
                        Arrows("origins", "columns", label="columns"),
                        Dots("tips", colour="tip_number", big=True, drag="column"),
                        x="first",
                        y="second",
                        range_x=(-3, 3),
                        range_y=(-3, 3),
                        equal=True,
                        still=True,
                        detail="area_said",
                        help="What the matrix makes of the unit grid; drag a column. Area of the square: |det|",
                    ),
                ),
                Row(
                    Panel(
                        "XᵀX",
                        marks.Matrix("normal"),
                        still=True,
                        detail="det_said",
                        help="the normal matrix XᵀX + nλI, X having a column of ones first; λ spares the offset",
                    ),
                    Panel("Loss", Curve("loss", "least", log_y=True), x="step t", y="J"),
                ),
                sizes=(6, 4),
            ),
        )

    def shown_w(self) -> Array:
        return np.clip(np.nan_to_num(self.w, nan=1e6), -1e6, 1e6)

    @drawn
    def sheet(self) -> Field:
        """The plane θ₀ + w₁x₁ + w₂x₂, under and over all points."""
        w = np.clip(self.shown_w(), -50, 50)
        ticks = np.linspace(-EDGE, EDGE, 15)
        x1, x2 = np.meshgrid(ticks - self.mean_x[0], ticks - self.mean_x[1])
        return Field(self.mean_y + w[0] * x1 + w[1] * x2, (-EDGE, EDGE), (-EDGE, EDGE))

    @drawn
    def landscape(self) -> Field:
        ticks = np.linspace(-REACH, REACH, SIDE)
        z = self.objective(self.best) + bowl(self.hessian(), self.best, ticks, ticks)
        return Field(z, (-REACH, REACH), (-REACH, REACH))

    def hessian(self) -> Array:
        return 2 / self.n * self.X.T @ self.X + 2 * self.ridge * np.eye(2)

    @drawn
    def solutions(self) -> Array:
        """Where J is least: a line when one direction of w makes no difference."""
        directions = curvatures(self.X)[1]
        if self.ridge or rank(self.X) != 1:
            return np.empty((0, 2))
        return self.best + np.array([[-9.0], [9.0]]) * directions[:, 1]

    @drawn
    def origin(self) -> Array:
        return np.zeros((1, 2))

    @drawn
    def shortest(self) -> Array:
        return self.best[None] if len(self.solutions()) else np.zeros((1, 2))

    @drawn
    def star(self) -> Array:
        return self.best[None]

    @drawn
    def star_name(self) -> tuple[str, ...]:
        return ("X⁺y",) if not self.ridge else ("ridge",)

    @drawn
    def now(self) -> Array:
        return self.shown_w()[None]

    @drawn
    def height(self) -> Array:
        return np.array([self.objective(self.shown_w())])

    @drawn
    def safe(self) -> Array:
        steepest = float(np.linalg.eigvalsh(self.hessian())[-1])
        return np.array([1 / steepest, 2 / steepest]) if steepest > 0 else np.empty(0)

    def shown_matrix(self) -> Array:
        return np.array(self.own_matrix) if self.matrix == OWN else self.hessian() / 2

    @drawn
    def grid(self) -> tuple[Array, ...]:
        ticks = np.arange(-3, 4)
        lines = [[(t, -3), (t, 3)] for t in ticks] + [[(-3, t), (3, t)] for t in ticks]
        return tuple(np.array(line, float) @ self.shown_matrix().T for line in lines)

    @drawn
    def square(self) -> Array:
        return np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)], float) @ self.shown_matrix().T

    @drawn
    def origins(self) -> Array:
        return np.zeros((2, 2))

    @drawn
    def columns(self) -> Array:
        return self.shown_matrix().T

    @drawn
    def tips(self) -> Array:
        return self.shown_matrix().T

    @drawn
    def tip_number(self) -> np.ndarray:
        return np.arange(2)

    @drawn
    def area_said(self) -> str:
        area = abs(float(np.linalg.det(self.shown_matrix())))
        return f"area |det| = {area:.3g}" if area > 1e-9 else "det = 0: a line, and no way back"

    @drawn
    def normal(self) -> Array:
        """XᵀX + nλI, a column of ones first in X; λ is not laid on the offset."""
        X = design(self.x)
        return np.asarray(X.T @ X + self.n * self.ridge * np.diag([0, 1, 1]))

    def determinant(self) -> float:
        return self.n * float(np.linalg.det(self.n / 2 * self.hessian())) if not self.flat() else 0.0

    def flat(self) -> bool:
        return not self.ridge and rank(self.X) < 2

    @drawn
    def det_said(self) -> str:
        return "det 0" if self.flat() else f"det {self.determinant():.3g}"

    @drawn
    def shape_said(self) -> str:
        if self.flat():
            return "a trough" if rank(self.X) else "flat everywhere"
        values = np.linalg.eigvalsh(self.hessian())
        return f"λmax/λmin = {values[1] / values[0]:.3g}"

    @drawn
    def plane_said(self) -> str:
        w = self.shown_w()
        return f"ŷ = {self.mean_y - w @ self.mean_x:.2f} {w[0]:+.2f} x₁ {w[1]:+.2f} x₂".replace("-", "−")

    @drawn
    def update(self) -> Update:
        w = self.shown_w()
        return Update(
            r"w_{t+1} = w_t - \eta\, g \\ g = \frac{2}{n} X^\top (X w_t - y) + 2 \lambda w_t",
            {"w_t": w, "g": self.slope(w), r"\eta": self.rate, r"\lambda": self.ridge, "n": self.n},
        )

    @drawn
    def said(self) -> str:
        if self.n < 3 and not self.ridge:
            return (
                f"{self.n} point{'s' * (self.n > 1)}, three weights: many planes pass through all. XᵀX has no inverse."
            )
        if self.flat():
            return (
                "x₁ and x₂ say the same: only a sum of w₁ and w₂ matters. The plane may swing about the points at no "
                "cost; X⁺y is the shortest of the best."
            )
        if self.ridge:
            return f"λ = {self.ridge:.3g} lifts every curvature by 2λ: one bottom, drawn towards 0."
        values = np.linalg.eigvalsh(self.hessian())
        ratio = values[1] / values[0]
        if ratio > 15:
            return f"Nearly a trough: one way is {ratio:.0f} times as steep as the other, and descent creeps along it."
        return "A bowl with a single bottom: both inputs tell something of their own."
