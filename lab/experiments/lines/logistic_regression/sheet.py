"""the sheet: a plane bends into a sigmoid over two inputs, and both cut the floor along the same line."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Point, Slider
from lab.data.tables import table
from lab.experiment import Experiment, Field, Update, drawn
from lab.marks import Arrows, Column, Dots, Equation, Guide, Handle, Heat, Line, Note, Panel, Row, Surface
from lab.maths.log_loss import likeliest
from lab.maths.logistic import sigmoid
from lab.maths.planes import within

HAND, TUMOURS = "by hand", "tumours: area and texture"
EDGE = 4.0
SIDE = 61
RANGES = {HAND: ((-EDGE, EDGE), (-EDGE, EDGE)), TUMOURS: ((0.0, 25.0), (8.0, 40.0))}
UNITS = np.array([100, 1])  # of area and texture: the area is shown in hundreds
HALF = 0.5


def sign(value: float) -> str:
    return "−" if value < 0 else "+"


class Sheet(Experiment):
    source = Choice([HAND, TUMOURS], restarts=True, help="weights set by hand, or the likeliest for 569 tumours")
    theta = Point((1, 1), x=(-6, 6), y=(-6, 6), symbol="θ", when={"source": (HAND,)}, help="how steep along each input")
    theta_0 = Slider(2, -8, 8, symbol="θ₀", label="Offset", when={"source": (HAND,)}, help="slides the sheet")
    morph = Slider(1, 0, 1, symbol="s", help="0: the plane ½ + u/4; 1: the sheet σ(u); between, a mixture of both")
    place = Point((1, 0), x=(-EDGE, EDGE), y=(-EDGE, EDGE), symbol="x", when={"source": (HAND,)}, help="read here")

    random = False
    prompts = (
        ("Flatten it to a plane: does the line on the floor move?", {"source": HAND, "morph": 0}),
        ("θ₀ = −2: the line slides and does not turn", {"source": HAND, "theta": (1, 1), "theta_0": -2, "morph": 1}),
        ("θ = (−1, −1): the same line, the sides swapped", {"source": HAND, "theta": (-1, -1), "theta_0": 2}),
        ("Four times the weights: a cliff, over the same line", {"source": HAND, "theta": (4, 4), "theta_0": 8}),
        ("Area and texture of 569 tumours: which way is up?", {"source": TUMOURS, "morph": 1}),
    )
    presets = {
        "x₁ + x₂ = −2": {"source": HAND, "theta": (1, 1), "theta_0": 2, "morph": 1},
        "Plane": {"source": HAND, "theta": (1, 1), "theta_0": 2, "morph": 0},
        "Tumours": {"source": TUMOURS, "morph": 1},
    }

    def start(self) -> None:
        """By hand, or θ and θ₀ as likely as can be made for tumours, their inputs as measured."""
        self.x, self.labels = np.empty((0, 2)), np.empty(0, int)
        if self.source == TUMOURS:
            cases = table("breast cancer")
            columns = [cases.features.index(name) for name in ("mean area", "mean texture")]
            self.x, self.labels = cases.x[:, columns] / UNITS, (cases.y == 0).astype(int)
            middle, unit = self.x.mean(axis=0), self.x.std(axis=0)
            fit = likeliest(np.column_stack([(self.x - middle) / unit, np.ones(len(self.x))]), self.labels)
            assert fit is not None
            weights = fit.w[:2] / unit
            self.fitted = (*weights, fit.w[2] - weights @ middle)

    def weights(self) -> tuple[np.ndarray, float]:
        if self.source == TUMOURS:
            return np.array(self.fitted[:2]), float(self.fitted[2])
        return np.array(self.theta), self.theta_0

    def score(self, x: np.ndarray) -> np.ndarray:
        theta, theta_0 = self.weights()
        return x @ theta + theta_0

    def height(self, u: np.ndarray) -> np.ndarray:
        """(1 − s)(½ + u/4) + s σ(u): whatever s, it is ½ just where u = 0."""
        return (1 - self.morph) * (HALF + u / 4) + self.morph * sigmoid(u)

    # ------------------------------------------------------------ pictures

    def panels(self) -> Row:
        (x1, x2), names = RANGES[self.source], self.names()
        reading = (Handle("place", drag="place", label="x"),) if self.source == HAND else ()
        tip = (Arrows("foot", "normal", label="θ", tint="text"),) if self.source == HAND else ()
        return Row(
            Panel(
                "Sheet",
                Surface("sheet", points="cut", heights="cut_heights", sticks=True),
                x=names[0],
                y=names[1],
                detail="kind",
                help="Drag to turn. The dots on the floor and the sticks above them: where the height is one half",
            ),
            Column(
                Panel(
                    "Floor",
                    Heat("sheet", levels=0, bar=True),
                    Line("boundary", label="u = 0", tint="text", width=4),
                    *tip,
                    *((Dots("x", colour="labels"),) if self.source == TUMOURS else ()),
                    *reading,
                    x=names[0],
                    y=names[1],
                    range_x=x1,
                    range_y=x2,
                    equal=self.source == HAND,
                    detail="equation",
                    help="the boundary of the linear classifier and that of the logistic one are one line",
                ),
                Panel(
                    "Cut across the line",
                    Guide(y="half"),
                    Line("plane_across", label="plane ½ + u/4", tint="1", dashed=True),
                    Line("sigmoid_across", label="sheet σ(u)", tint="0", dashed=True),
                    Line("across", label="now", tint="text", width=4),
                    x="score u = θ·x + θ₀",
                    y="height",
                    range_x=(-8, 8),
                    range_y=(-1.0, 2.0),
                    help="both stand at one half where u = 0",
                ),
                Panel("In numbers", Equation("update"), Note("said")),
                sizes=(4, 3, 3),
            ),
            sizes=(1, 1),
        )

    def names(self) -> tuple[str, str]:
        return ("x₁", "x₂") if self.source == HAND else ("area / 100", "texture")

    @drawn
    def sheet(self) -> Field:
        x, y = RANGES[self.source]
        grid = np.stack(np.meshgrid(np.linspace(*x, SIDE), np.linspace(*y, SIDE)), axis=-1)
        return Field(self.height(self.score(grid)), x, y)

    @drawn
    def boundary(self) -> list[np.ndarray]:
        """The line u = 0 in the window."""
        theta, theta_0 = self.weights()
        (x, y) = RANGES[self.source]
        if not theta.any():
            return []
        spans = np.array([x[1] - x[0], y[1] - y[0]])
        steep = theta * spans  # along which side it is crossed more often
        free, solved = (0, 1) if abs(steep[1]) >= abs(steep[0]) else (1, 0)
        line = np.empty((241, 2))
        line[:, free] = np.linspace(*(x, y)[free], 241)
        line[:, solved] = -(theta_0 + theta[free] * line[:, free]) / theta[solved]
        return list(within(line, x, y))

    @drawn
    def cut(self) -> np.ndarray:
        lines = self.boundary()
        return lines[0][np.linspace(0, len(lines[0]) - 1, 21).astype(int)] if lines else np.empty((0, 2))

    @drawn
    def cut_heights(self) -> np.ndarray:
        """On the floor, which is where the height is least."""
        return np.full(len(self.cut()), float(self.sheet().z.min()))

    @drawn
    def foot(self) -> np.ndarray:
        lines = self.boundary()
        return lines[0][[len(lines[0]) // 2]] if lines else np.empty((0, 2))

    @drawn
    def normal(self) -> np.ndarray:
        theta, _ = self.weights()
        return theta[None] / max(1, float(np.linalg.norm(theta))) if len(self.foot()) else np.empty((0, 2))

    @drawn
    def half(self) -> float:
        return HALF

    @drawn
    def plane_across(self) -> np.ndarray:
        return np.array([(-8, HALF - 2), (8, HALF + 2)], float)

    @drawn
    def sigmoid_across(self) -> np.ndarray:
        u = np.linspace(-8, 8, 161)
        return np.column_stack([u, sigmoid(u)])

    @drawn
    def across(self) -> np.ndarray:
        u = np.linspace(-8, 8, 161)
        return np.column_stack([u, self.height(u)])

    @drawn
    def kind(self) -> str:
        return "plane" if not self.morph else "sigmoid" if self.morph == 1 else f"{self.morph:.0%} of the way to σ"

    @drawn
    def equation(self) -> str:
        (a, b), c = self.weights()
        return f"{a:.3g} x₁ {sign(b)} {abs(b):.3g} x₂ {sign(c)} {abs(c):.3g} = 0".replace("-", "−")

    @drawn
    def update(self) -> Update:
        theta, theta_0 = self.weights()
        at = np.array(self.place) if self.source == HAND else self.x.mean(axis=0)
        u = float(self.score(at))
        latex = r"u = \theta \cdot x + \theta_0, \quad g = \sigma(u)"
        return Update(latex, {r"\theta": theta, r"\theta_0": theta_0, "x": at, "u": u, "g": float(sigmoid(u))})

    @drawn
    def said(self) -> str:
        theta, _ = self.weights()
        if self.source == TUMOURS:
            area, texture = np.exp(theta / UNITS)
            return (
                f"A unit more of area multiplies the odds of malignant by {area:.5f}, one of texture by {texture:.5f}. "
                "Neither depends on the other: log odds only add."
            )
        if not theta.any():
            return "With θ = (0, 0) the height is the same everywhere: there is no line."
        if not self.boundary():
            return "The line lies outside the window: here one class is likelier everywhere."
        return (
            "The plane crosses ½ where u = 0, and so does every mixture with the sigmoid: the linear classifier and "
            "the logistic one share the boundary. Only the sheet says how sure it is."
        )
