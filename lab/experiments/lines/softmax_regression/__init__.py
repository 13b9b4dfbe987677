"""softmax regression: K classes share the plane along straight borders, and scores become shares of one."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Dataset, Slider, Switch, Text
from lab.data.points import MOST_POINTS, Points
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.experiments.lines.softmax_regression._pictures import EDGE, FREE, REFERENCE, Pictures
from lab.experiments.lines.softmax_regression._tools import BATCH, FULL, LEVEL, Tools
from lab.marks import (
    Arrows,
    Bars,
    Column,
    Curve,
    Dots,
    Equation,
    GraphView,
    Guide,
    Images,
    Line,
    Matrix,
    Note,
    Panel,
    Regions,
    Row,
    Tabs,
    Trail,
)
from lab.maths.perceptrons import with_one
from lab.maths.softmax import cross_entropy, one_hot, softmax

WEIGHTS_ONLY = np.array([1.0, 1.0, 0.0])  # the penalty leaves offsets alone
FURNITURE = "table, bed, couch, chair"

# Four classes, of which the likeliest straight borders get 15 of 17 points right, as in Figure 3.7.
SEVENTEEN = Points(
    [
        *((-4.7, 2.0), (-2.4, 3.8), (-1.7, -1.3), (-5.0, -0.6), (0.6, 2.2)),
        *((3.3, 3.3), (1.6, 0.4), (5.0, 2.2), (3.3, 0.6)),
        *((-4.8, -2.0), (-2.5, -4.2), (0.6, -0.5), (1.4, -2.8)),
        *((3.9, -2.3), (1.8, -1.8), (1.4, -4.8), (0.5, -3.3)),
    ],
    [0] * 5 + [1] * 4 + [2] * 4 + [3] * 4,
).to_json()

# Classes mirrored in x₁ = 0: with λ = (1 − σ(1.3)) / 1.3 and B the reference, every A has z = (1.3, 0) at the minimum.
MIRRORED = Points([(1, 0), (-1, 0), (1, 3), (-1, 3), (1, -3), (-1, -3)], [0, 1] * 3).to_json()


def blobs(classes: int, noise: float = 0.4, n: int = 90) -> dict[str, object]:
    return {"kind": "blobs", "classes": classes, "noise": noise, "n": n}


class SoftmaxRegression(Pictures, Tools, Experiment):
    scenes = ("bars", "votes", "multi-label", "smoothing", "digits")
    pace = 10

    points = Dataset(
        "blobs",
        kinds=("blobs", "spiral", "moons", "xor", "circle", "uniform"),
        n=90,
        noise=0.4,
        classes=3,
        help="click a point to read its scores, drag it, right-click to take it away; click the ground to add one "
        "(hold a number key for its class)",
    )
    form = Choice(
        [FREE, REFERENCE],
        label="Parameters",
        restarts=True,
        help="the reference class keeps w = 0 and b = 0: (K − 1)(p + 1) numbers instead of K (p + 1), same model",
    )
    begin = Choice(["zero", "at random"], symbol="W(0)", restarts=True, help="the weights at the start")
    method = Choice([FULL, BATCH], help="the gradient over all points, or over a few drawn at random (B = 1: SGD)")
    batch = Count(1, 1, 100, symbol="B", help="points in a batch", when={"method": (BATCH,)})
    rate = Slider(
        0.2,
        1e-3,
        10,
        log=True,
        symbol="η",
        limit="safe",
        help="marks at 1/h and 2/h, h being the largest curvature here: past one a step crosses, past both it climbs",
    )
    penalty = Slider(0, 0, 1, symbol="λ", help="adds λ/2 times the squared weights (not the offsets) to the loss")
    temperature = Slider(
        1, 0.05, 20, log=True, symbol="T", view=True, help="scores are read as z/T; training stays at T = 1"
    )
    shift = Slider(
        0,
        -3,
        3,
        symbol="c",
        label="Added to all",
        view=True,
        when={"form": (FREE,)},
        help="c is added to b and to both weights of every class: scores change, shares and borders do not",
    )
    pairs = Switch(True, label="Pairwise lines", view=True, help="dashed: where two classes score alike")
    chosen = Count(44, 0, MOST_POINTS - 1, label="Point", symbol="i", view=True, help="whose scores are shown")
    names = Text("A, B, C, D, E, F, G, H", longest=200, view=True, help="the classes' names, with commas between")

    metrics = {"loss": "L", "accuracy": "A"}
    fixed = ("X", "y", "Y")
    diverges = "η is past 2/h: each step of the weights is longer than the one before."
    prompts = (
        ("Click points: where is the loser almost the winner?", {"points": blobs(3)}),
        (
            "17 points, four classes: which two do straight borders give up?",
            {"points": SEVENTEEN, "form": FREE, "penalty": 0, "rate": 0.3},
        ),
        ("Slide c: scores and arrows move. Does the map?", {"points": blobs(4), "form": FREE, "shift": 0.5}),
        ("T from 0.05 to 20: which borders move?", {"points": blobs(3), "temperature": 4}),
        (f"{FURNITURE.capitalize()}: what is chair's code?", {"points": blobs(4), "names": FURNITURE, "chosen": 3}),
        (
            "Two classes: z settles at (1.3, 0). Is g the sigmoid of 1.3?",
            {"points": MIRRORED, "form": REFERENCE, "penalty": 0.164742, "rate": 1, "method": FULL, "chosen": 0},
        ),
    )
    presets = {
        "Figure 3.7: 17 points, four classes": {"points": SEVENTEEN, "penalty": 0, "rate": 0.3},
        "Two classes: softmax is the sigmoid": {"points": blobs(2, 0.35), "form": REFERENCE},
        "Three classes with a reference": {"points": blobs(3), "form": REFERENCE},
        "Eight classes": {"points": blobs(8, 0.12, 160), "pairs": False},
        "One point at a time (SGD)": {"points": blobs(3), "method": BATCH, "batch": 1, "rate": 0.05},
        "Clumps apart: confidence grows for ever": {"points": blobs(3, 0.1), "penalty": 0},
        "A penalty keeps weights small": {"points": blobs(3, 0.1), "penalty": 0.05},
        "Spiral arms: straight borders cannot": {"points": {"kind": "spiral", "classes": 3, "n": 150, "noise": 0.1}},
    }
    tiny = {"points": {"n": 20}, "method": BATCH}

    W: np.ndarray  # (K, 3): a row a class, w₁ w₂ b
    picked: np.ndarray  # the points of the last step

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        self.take_points()
        W = self.rng.normal(size=(self.K, 3)) if self.begin == "at random" else np.zeros((self.K, 3))
        if self.form == REFERENCE:
            W[-1] = 0
        return self.stand_at(W)

    def step(self) -> Metrics:
        """z = W x,  g = e^z / Σ e^z,  ∂L/∂W = mean of (g − y) xᵀ,  W ← W − η ∂J/∂W."""
        n = len(self.y)
        self.picked = np.arange(n) if self.method == FULL else self.rng.choice(n, min(self.batch, n), replace=False)
        X, Y = self.X[self.picked], self.Y[self.picked]
        g = softmax(X @ self.W.T)
        self.slope = (g - Y).T @ X / len(X) + self.penalty * self.W * WEIGHTS_ONLY
        if self.form == REFERENCE:
            self.slope[-1] = 0
        old, self.before = self.guess, self.W
        self.W = self.W - self.rate * self.slope
        row = self.measured()
        self.switched = int((self.guess != old).sum())
        if self.method == FULL and np.abs(self.slope).max() < LEVEL:
            self.finish("The gradient is 0, and the loss is convex: no other weights do better.")
        return row

    def measured(self) -> Metrics:
        self.tips = self.W[:, :2]
        Z = self.X @ self.W.T
        self.guess = Z.argmax(axis=1)
        return {"loss": float(cross_entropy(Z, self.y).mean()), "accuracy": float((self.guess == self.y).mean())}

    def stand_at(self, W: np.ndarray) -> Metrics:
        self.W = self.before = W
        self.slope = np.zeros_like(W)
        self.picked, self.switched = np.arange(0), 0
        return self.measured()

    def take_points(self) -> None:
        self.K = max(self.points.classes, 2)
        self.X, self.y = with_one(self.points.x), self.points.y
        self.Y = one_hot(self.y, self.K)

    def changed(self, name: str) -> None:
        """A new class begins with weights 0."""
        if name == "points":
            self.take_points()
            W = np.zeros((self.K, 3))
            kept = min(self.K, len(self.W))
            W[:kept] = self.W[:kept]
            self.stand_at(W - W[-1] if self.form == REFERENCE else W)

    @action
    def turn(self, index: int, x: float, y: float) -> None:
        """Drag the tip of a class's weights."""
        last = self.K - 2 if self.form == REFERENCE else self.K - 1
        if not 0 <= index <= last:
            raise ValueError(f"index must be a class with weights of its own, 0 to {last}, not {index}")
        W = self.W.copy()
        W[index, :2] = np.clip([x, y], -1e3, 1e3)
        self.stand_at(W)

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        plane = {"range_x": (-EDGE, EDGE), "range_y": (-EDGE, EDGE), "equal": True}
        return Column(
            Row(
                Panel(
                    "Data",
                    Regions("territory", strength="confidence"),
                    Line("borders", tint="quiet", dashed=True, width=1.3),
                    Dots(
                        "x",
                        colour="y",
                        size="sizes",
                        ring="ringed",
                        drag="points.move",
                        add="points.add",
                        erase="points.erase",
                        pick="chosen",
                    ),
                    Arrows("origins", "arrows"),
                    x="x₁",
                    y="x₂",
                    **plane,
                    detail="likeliest",
                    help="The ground has the colour of the likeliest class, stronger where it is surer. Arrows: "
                    "each class's w, thrice as long. Ringed: the point of the bars below",
                ),
                Column(
                    Tabs(
                        Panel(
                            "Loss",
                            Guide(y="ignorant", label="ln K: all alike", tint="quiet"),
                            Guide(y="least", tint="2"),
                            Curve("loss"),
                            x="step t",
                            y="L",
                            detail="loss_now",
                            help="the mean of −ln g of the true class, and the least that any W has (Newton's method)",
                        ),
                        Panel(
                            "Gradient",
                            Matrix("outer", rows="outer_rows", columns="inputs"),
                            detail="outer_is",
                            help="(g − y) xᵀ of the ringed point: a row a class; every column sums to 0",
                        ),
                        Panel(
                            "Weights",
                            Trail("tips"),
                            Arrows("origins", "tips"),
                            Dots("tips", colour="classes", big=True, drag="turn"),
                            x="w₁",
                            y="w₂",
                            equal=True,
                            detail="counted",
                            help="one arrow a class; drag a tip",
                        ),
                        Panel("Logits", Images("logit_maps", captions="titles", colours="scores"), detail="span"),
                        Panel(
                            "Network",
                            GraphView(
                                "nodes",
                                "links",
                                labels="symbols",
                                values="held",
                                weights="on_links",
                                shares="filled",
                                colour="owners",
                                marked="winner",
                            ),
                            detail="outer_is",
                            help="each share g depends on every score z: the softmax is a layer of cross-links",
                        ),
                    ),
                    Tabs(
                        Panel("Update", Equation("update"), Note("said")),
                        Panel("One point", Equation("point_loss"), Note("point_said")),
                        Panel(
                            "Accuracy",
                            Curve("accuracy"),
                            x="step t",
                            y="A",
                            range_y=(0, 1.04),
                            help="share of points whose own class scores highest: a staircase, while the loss glides",
                        ),
                    ),
                    sizes=(3, 2),
                ),
                sizes=(1, 1),
            ),
            Row(
                Panel(
                    "z",
                    Bars("z", labels="titles"),
                    Arrows("z_tops", "pull", tint="text"),
                    detail="shift_is",
                    help="the ringed point's scores; arrows: y − g, which way its loss pulls each score (÷ T)",
                ),
                Panel("eᶻ", Bars("exps", labels="titles"), detail="total", help="made positive: e to the power z/T"),
                Panel(
                    "g",
                    Bars("g", labels="titles", highest=1.0),
                    Arrows("g_tops", "errors", tint="text"),
                    range_y=(0, 1.12),
                    detail="g_is",
                    help="shares of one: e^z over the sum. Arrows to the one-hot: y − g, minus the gradient",
                ),
                Panel(
                    "y",
                    Bars("target", labels="titles", highest=1.0),
                    range_y=(0, 1.12),
                    detail="own_class",
                    still=True,
                    help="the one-hot label: row y of the identity",
                ),
                Panel(
                    "−ln g",
                    Bars("surprise", labels="titles"),
                    detail="loss_is",
                    shown=False,
                    help="left bars −ln g of every class, right bars −y ln g: only the true class's is left",
                ),
                Panel(
                    "One-hot",
                    Matrix("codes", rows="titles", columns="places", lit="own_row"),
                    detail="own_class",
                    shown=False,
                    still=True,
                    help="a label as a unit vector; framed: the ringed point's. Order means nothing",
                ),
                Panel(
                    "Shares",
                    Matrix("shares", rows="share_rows", columns="share_columns", colours="viridis"),
                    shown=False,
                    help="each point's shares sum to 1; a class's, over the points, do not",
                ),
                Panel(
                    "Parameters",
                    Matrix("W_shown", rows="titles", columns="parameters"),
                    detail="counted",
                    shown=False,
                    help="b and w of every class, with c added",
                ),
            ),
            sizes=(2.7, 1),
        )

    def trained_class(self) -> int:
        """The ringed point's, or the first where that is the reference."""
        k = self.true_class()
        return 0 if self.form == REFERENCE and k == self.K - 1 else k

    @drawn
    def update(self) -> Update:
        """The last step, for the class of the ringed point."""
        shrinks = r" + \lambda\,w" if self.penalty else ""
        rule = rf"d = \text{{mean of }} (g_k - y_k)\,x{shrinks} \\ w_k = v - \eta\,d"
        k = self.trained_class()
        if not self.slope.any():
            return Update(rule, {})
        new, old, d = (row.round(6) + 0.0 for row in (self.W[k], self.before[k], self.slope[k]))
        return Update(rule, {"w_k": new, "v": old, r"\eta": self.rate, "d": d})

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if not self.slope.any():
            if self.W.any():
                return "From these weights it goes downhill: the loss is convex, so every start leads to the same map."
            return f"All weights are 0: every class has 1/{self.K} everywhere, and the loss is ln {self.K}."
        k = self.trained_class()
        most = int(np.abs(self.slope).sum(axis=1).argmax())
        moved = (
            f"{self.switched} point{'s' * (self.switched != 1)} changed owner" if self.switched else "no owner changed"
        )
        few = "" if self.method == FULL else f" from {len(self.picked)} of {len(self.y)} points"
        past = self.method == FULL and self.rate > np.append(self.safe(), np.inf)[1]
        warned = " η is past 2/h: the loss may climb." if past else f" Class {self.named(most)} moved most."
        return f"Shown for class {self.named(k)}{few}: {moved}.{warned}"
