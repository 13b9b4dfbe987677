"""Votes: many classes out of binary classifiers, one against the rest and one against one, beside softmax."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.controls import Choice, Count, Dataset, Point, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import (
    Column,
    Curve,
    Dots,
    Equation,
    Field,
    Handle,
    Images,
    Line,
    Mark,
    Note,
    Panel,
    Regions,
    Row,
    Table,
    Tabs,
)
from lab.maths.activations import sigmoid
from lab.maths.many_classes import binary_slope, pair_targets, pair_votes, pairs, rest_targets
from lab.maths.perceptrons import with_one
from lab.maths.planes import pieces
from lab.maths.softmax import softmax

EDGE = 6.5
GROUND = 10.0  # the ground goes on beyond the window, which may be wider than high
SIDE = 90
SMALL = 24  # pixels of a binary classifier's map
HATCHES = 95
DUELS = "f: the K scores against the rest; v: of each class the duels won less those lost, Σ_(j≠i) sign f_ij(x)"
ACROSS = np.linspace(-GROUND, GROUND, 161)


def map_of(title: str, scheme: str, *more: Mark, help: str) -> Panel:
    """The ground, points and hatching of one scheme."""
    return Panel(
        title,
        Regions(f"{scheme}_ground"),
        *more,
        Dots("x", colour="y", drag="points.move", add="points.add", erase="points.erase"),
        Handle("query", drag="query", label="x"),
        x="x₁",
        y="x₂",
        range_x=(-EDGE, EDGE),
        range_y=(-EDGE, EDGE),
        equal=True,
        detail=f"{scheme}_said",
        help=help,
    )


class Votes(Experiment):
    pace = 20
    points = Dataset(
        "blobs",
        kinds=("blobs", "spiral", "circle", "uniform"),
        n=90,
        classes=4,
        noise=0.12,
        help="click to add a point (hold a number key for its class), drag to move it, right-click to take it away",
    )
    base = Choice(
        ("logistic", "least squares"), restarts=True, help="how each binary classifier learns; least squares: ±1 wanted"
    )
    rate = Slider(0.9, 0.01, 1, symbol="ηL", label="Rate", help="step size as a share of the safe one, 1/L")
    query = Point(
        (0.0, 0.5), x=(-EDGE, EDGE), y=(-EDGE, EDGE), view=True, symbol="x", help="whom do they vote for here?"
    )
    which = Count(
        0, 0, 54, view=True, label="Classifier", help="the binary classifier whose line is drawn: click a map"
    )

    metrics = {"error": "ℓ₀₁", "undecided": "share of the ground"}
    fixed = ("X", "y")
    random = False
    prompts = (
        ("Where do no line or two lines say mine? Drag x there", {"points": {"kind": "blobs", "classes": 4}}),
        ("Three classes: a triangle in the middle that nobody wants", {"points": {"kind": "blobs", "classes": 3}}),
        (
            "Least squares: far points pull the lines astray",
            {"base": "least squares", "points": {"classes": 6, "n": 120}},
        ),
        ("Eight classes: how many classifiers are there?", {"points": {"classes": 8, "n": 160, "noise": 0.06}}),
        ("A ring around a clump: what can no line do?", {"points": {"kind": "circle", "n": 90}}),
    )
    presets = {
        "Four clumps": {"points": {"kind": "blobs", "classes": 4}, "base": "logistic"},
        "Least squares": {"points": {"kind": "blobs", "classes": 6, "n": 120}, "base": "least squares"},
    }
    tiny = {"points": {"n": 20, "classes": 3}}

    panels = Column(
        Row(
            map_of(
                "One against the rest",
                "rest",
                Line("rest_none", tint="text", width=1),
                Line("rest_several", tint="warn", width=1),
                Line("rest_lines", width=2),
                Line("rest_chosen", tint="text", width=3.5),
                help="K lines. Hatched: nobody says mine (/) or several do (\\); there the highest score decides",
            ),
            map_of(
                "One against one",
                "pair",
                Line("pair_ties", tint="text", width=1),
                Line("pair_lines", tint="quiet", width=1.2),
                Line("pair_chosen", tint="text", width=3.5),
                help="K(K − 1)/2 lines, one for each two classes. Hatched: a tie of votes; the first of them is taken",
            ),
            map_of("Softmax", "soft", help="all classes at once: no zone is undecided"),
        ),
        Row(
            Panel(
                "Votes at x",
                Table("ballot", header="columns", chosen="elected"),
                detail="counted",
                help="f and verdict of each against the rest, duels won of K − 1, softmax p; lit: the duels’ leader",
            ),
            Tabs(
                Panel(
                    "Binary classifiers",
                    Images("maps", captions="names", chosen="which", colours="scores", pick="which"),
                    detail="how_many",
                    help="σ(f) of each, from 0 to 1. Click one to see its line in the maps above",
                ),
                Panel("Error", Curve("error"), x="step t", y="ℓ₀₁"),
                Panel("Undecided", Curve("undecided"), x="step t", y="share"),
            ),
            Panel("Update", Equation("update"), Note("said"), help=DUELS),
            sizes=(5, 6, 4),
        ),
        sizes=(5, 4),
    )

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        self.take_points()
        return self.measured()

    def take_points(self) -> None:
        self.X, self.y = with_one(self.points.x), self.points.y
        self.K = max(self.points.classes, 2)
        self.W_rest = np.zeros((3, self.K))
        self.W_soft = np.zeros((3, self.K))
        self.W_pair = np.zeros((3, len(pairs(self.K))))
        self.rate_used = 0.0

    def changed(self, name: str) -> None:
        if name == "points":
            K, rest, pair, soft = self.K, self.W_rest, self.W_pair, self.W_soft
            self.take_points()
            if K == self.K:
                self.W_rest, self.W_pair, self.W_soft = rest, pair, soft

    def step(self) -> Metrics:
        """A step of gradient descent for each of the K + K (K − 1)/2 binary classifiers, and for softmax."""
        self.W_rest = self.taught(self.W_rest, rest_targets(self.y, self.K))
        self.W_pair = self.taught(self.W_pair, pair_targets(self.y, self.K))
        p = softmax(self.X @ self.W_soft)
        steepest = np.linalg.eigvalsh(self.X.T @ self.X / len(self.X))[-1]
        self.rate_used = self.rate / (steepest / 2)
        self.W_soft = self.W_soft - self.rate_used * self.X.T @ (p - np.eye(self.K)[self.y]) / len(self.X)
        return self.measured()

    def taught(self, W: np.ndarray, target: np.ndarray) -> np.ndarray:
        """One step on the mean loss of each column's own points: target 0 means that it never sees this one."""
        seen = (target != 0).astype(float)
        n = np.maximum(seen.sum(axis=0), 1)
        grams = np.einsum("ni,nc,nj->cij", self.X, seen / n, self.X)
        L = np.linalg.eigvalsh(grams)[:, -1] * (1 if self.base == "least squares" else 0.25)
        gradient = self.X.T @ binary_slope(self.X @ W, target, self.base) / n
        return W - self.rate * gradient / np.maximum(L, 1e-9)

    def measured(self) -> Metrics:
        ground = with_one(places(40))
        f, duels = ground @ self.W_rest, pair_votes(ground @ self.W_pair, self.K)
        return {
            "error/one against the rest": float(((self.X @ self.W_rest).argmax(axis=1) != self.y).mean()),
            "error/one against one": float((pair_votes(self.X @ self.W_pair, self.K).argmax(axis=1) != self.y).mean()),
            "error/softmax": float(((self.X @ self.W_soft).argmax(axis=1) != self.y).mean()),
            "undecided/one against the rest": float(((f > 0).sum(axis=1) != 1).mean()),
            "undecided/one against one": float(tied(duels).mean()),
        }

    # ------------------------------------------------------------ maps

    @drawn
    def x(self) -> np.ndarray:
        return self.points.x

    def ground(self, decided: np.ndarray) -> Field:
        """Class areas; before the first step nobody has an area."""
        known = decided if self.W_rest.any() else np.full_like(decided, -1)
        return Field(known.reshape(SIDE, SIDE), (-GROUND, GROUND), (-GROUND, GROUND))

    @drawn(on=("W_rest",))
    def rest_ground(self) -> Field:
        return self.ground((with_one(places(SIDE)) @ self.W_rest).argmax(axis=1))

    @drawn(on=("W_pair",))
    def pair_ground(self) -> Field:
        return self.ground(pair_votes(with_one(places(SIDE)) @ self.W_pair, self.K).argmax(axis=1))

    @drawn(on=("W_soft",))
    def soft_ground(self) -> Field:
        return self.ground((with_one(places(SIDE)) @ self.W_soft).argmax(axis=1))

    @drawn(on=("W_rest",))
    def rest_none(self) -> tuple[np.ndarray, ...]:
        return strokes(lambda x: ((x @ self.W_rest) > 0).sum(axis=-1) == 0, 1) if self.W_rest.any() else ()

    @drawn(on=("W_rest",))
    def rest_several(self) -> tuple[np.ndarray, ...]:
        return strokes(lambda x: ((x @ self.W_rest) > 0).sum(axis=-1) > 1, -1) if self.W_rest.any() else ()

    @drawn(on=("W_pair",))
    def pair_ties(self) -> tuple[np.ndarray, ...]:
        return strokes(lambda x: tied(pair_votes(x @ self.W_pair, self.K)), 1) if self.W_pair.any() else ()

    @drawn(on=("W_rest",))
    def rest_lines(self) -> tuple[np.ndarray, ...]:
        """Line k in the colour of class k."""
        return tuple(map(border, self.W_rest.T))

    @drawn(on=("W_pair",))
    def pair_lines(self) -> tuple[np.ndarray, ...]:
        return tuple(map(border, self.W_pair.T))

    @drawn
    def rest_chosen(self) -> np.ndarray:
        return border(self.W_rest.T[self.which]) if self.which < self.K else np.empty((0, 2))

    @drawn
    def pair_chosen(self) -> np.ndarray:
        pair = self.which - self.K
        return border(self.W_pair.T[pair]) if 0 <= pair < len(pairs(self.K)) else np.empty((0, 2))

    @drawn
    def rest_said(self) -> str:
        return f"{self.K} lines"

    @drawn
    def pair_said(self) -> str:
        return f"{len(pairs(self.K))} lines"

    @drawn
    def soft_said(self) -> str:
        return "1 model"

    # ------------------------------------------------------------ binary classifiers and the vote

    @drawn(on=("W_rest", "W_pair"))
    def maps(self) -> np.ndarray:
        """σ(f) − ½ over the ground, rows from above."""
        f = with_one(places(SMALL)) @ np.hstack([self.W_rest, self.W_pair])
        return (sigmoid(f) - 0.5).T.reshape(-1, SMALL, SMALL)[:, ::-1]

    @drawn
    def names(self) -> tuple[str, ...]:
        return (*(f"{k} | rest" for k in range(self.K)), *(f"{i} | {j}" for i, j in pairs(self.K)))

    @drawn
    def how_many(self) -> str:
        return f"{self.K} and {self.K} · {self.K - 1} / 2 = {len(pairs(self.K))}"

    def at_query(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = np.array([*self.query, 1.0])
        return x @ self.W_rest, pair_votes(x @ self.W_pair, self.K), softmax(x @ self.W_soft)

    @drawn
    def columns(self) -> tuple[str, ...]:
        return "class", "f", "says", "won", "p"

    @drawn
    def ballot(self) -> tuple[tuple[str, ...], ...]:
        f, duels, p = self.at_query()
        return tuple(
            (str(k), f"{f[k]:.2f}", "mine" if f[k] > 0 else "rest", f"{(duels[k] + self.K - 1) / 2:g}", f"{p[k]:.3f}")
            for k in range(self.K)
        )

    @drawn
    def elected(self) -> tuple[int, ...]:
        duels = self.at_query()[1]
        return tuple(np.flatnonzero(duels == duels.max()).tolist()) if self.W_pair.any() else ()

    @drawn
    def counted(self) -> str:
        f, duels, _ = self.at_query()
        return f"{(f > 0).sum()} mine, {(duels == duels.max()).sum()} lead"

    @drawn
    def update(self) -> Update:
        f, duels, _ = self.at_query()
        numbers = {"f": f, "v": duels, "a": int(f.argmax()), "b": int(duels.argmax())}
        return Update(r"\arg\max f = a \\ \arg\max v = b", numbers)

    @drawn
    def said(self) -> str:
        if not self.W_rest.any():
            return "No line is drawn yet: all scores are 0, and everything is undecided."
        f, duels, p = self.at_query()
        says = np.flatnonzero(f > 0)
        rest = (
            "nobody says mine" if not len(says) else f"{' and '.join(map(str, says))} say{'s' * (len(says) == 1)} mine"
        )
        leaders = np.flatnonzero(duels == duels.max())
        duel = f"class {leaders[0]} leads the duels" if len(leaders) == 1 else f"{len(leaders)} classes tie in duels"
        return f"At x {rest}, {duel}, and softmax gives class {p.argmax()} {p.max():.2f}. It alone never abstains."


def places(side: int) -> np.ndarray:
    """side × side places (n, 2) of the ground, row by row from below."""
    axis = np.linspace(-GROUND, GROUND, side)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def tied(votes: np.ndarray) -> np.ndarray:
    """Whether two classes or more lead."""
    return (votes == votes.max(axis=-1, keepdims=True)).sum(axis=-1) > 1


def border(w: np.ndarray) -> np.ndarray:
    """Where w₁ x₁ + w₂ x₂ + b = 0: a long line, or nothing where w is 0."""
    length = float(w[:2] @ w[:2])
    if not length:
        return np.empty((0, 2))
    foot, along = -w[2] * w[:2] / length, np.array([-w[1], w[0]]) / length**0.5
    return foot + np.array([[-40.0], [40.0]]) * along


def strokes(inside: Callable[[np.ndarray], np.ndarray], slope: int) -> tuple[np.ndarray, ...]:
    """Slanting lines over the places that are inside."""
    starts = np.linspace(-2 * GROUND, 2 * GROUND, HATCHES)
    lines = np.stack(np.broadcast_arrays(ACROSS, starts[:, None] + slope * ACROSS), axis=-1)
    seen = inside(with_one(lines.reshape(-1, 2))).reshape(lines.shape[:2]) & (np.abs(lines) < GROUND).all(axis=-1)
    return tuple(piece for line, shown in zip(lines, seen) if shown.any() for piece in pieces(line, shown))
