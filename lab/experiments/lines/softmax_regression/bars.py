"""Bars: logits dragged by hand become probabilities that sum to one, hot or cold; what softmax and its slope do."""

from __future__ import annotations

import numpy as np

from lab.controls import Count, Rows, Slider
from lab.experiment import Experiment, Update, action, drawn
from lab.marks import Arrows, Bars, Column, Dots, Equation, Field, Line, Matrix, Note, Panel, Row, Surface, Tabs
from lab.maths.activations import sigmoid
from lab.maths.many_classes import entropy
from lab.maths.softmax import jacobian, log_sum_exp, softmax

HIGH = 6.0  # of a logit
FAR = 4.0  # how far the soft maximum is drawn
HEATS = np.geomspace(0.02, 100, 181)
COLD, HOT = 0.05, 50.0
ASIDE = 0.34  # from the middle of a bar, where its number stands


class LogitBars(Experiment):
    logits = Rows(
        {"z": Slider(0, -HIGH, HIGH, symbol="z", help="the score of this class")},
        [2, 1, -1],
        least=2,
        most=8,
        symbol="z",
        help="a score a class: drag the dots on the bars, or slide; add a row for one more class",
    )
    T = Slider(1, COLD, HOT, log=True, symbol="T", label="Temperature", help="cold sharpens to one class, hot levels")
    shift = Slider(0, -5, 5, symbol="c", label="Add to all", help="a constant added to every logit: what changes?")
    label = Count(1, 0, 7, view=True, symbol="y", help="the true class: click on one of the diamonds of the one-hot")

    random = False
    prompts = (
        ("Cool it: which corner does the point slide to?", {"T": 0.1}),
        ("Heat it: every bar becomes 1/K", {"T": 50}),
        ("Add 4 to all logits: what moves?", {"shift": 4, "T": 1}),
        ("Two classes: softmax of (1.3, 0) is the sigmoid of 1.3", {"logits": [1.3, 0], "T": 1, "label": 0}),
        ("All equal: the gradient points at the label", {"logits": [0, 0, 0, 0], "label": 2, "T": 1}),
        ("Near certain, and wrong: how long is the arrow?", {"logits": [6, 0, -1], "label": 1, "T": 1}),
    )
    presets = {
        "Three classes": {"logits": [2, 1, -1], "T": 1, "shift": 0},
        "Cold": {"logits": [2, 1, -1], "T": 0.1, "shift": 0},
        "Hot": {"logits": [2, 1, -1], "T": 20, "shift": 0},
        "Eight classes": {"logits": [3, 2, 1, 0, 0, -1, -2, -3], "T": 1, "shift": 0},
    }

    panels = Row(
        Column(
            Panel(
                "Logits",
                Bars("lifted", labels="classes"),
                Arrows("beside", "pull_of_loss", label="e_y − p", tint="text"),
                Dots("tips", tint="text", shape="disc", drag="pull"),
                x="class k",
                y="z_k + c",
                range_y=(-HIGH - 0.7, HIGH + 0.7),
                help="drag a dot. Arrows: descent lifts the true logit and lowers all others; they sum to zero",
            ),
            Panel(
                "Probabilities",
                Bars("p", labels="classes", highest=1),
                Arrows("truth", "error", label="p − e_y", tint="text"),
                Dots("truth", shape="diamond", tint="text", pick="label"),
                x="class k",
                y="p_k",
                range_y=(-0.06, 1.12),
                detail="summed",
                help="diamonds: the one-hot e_y, click one to make its class the true one. Arrows: from there to p",
            ),
        ),
        Column(
            Tabs(
                Panel(
                    "Simplex",
                    Line("edges", tint="quiet", width=1.5),
                    Line("way", label="all T", tint="quiet", dashed=True),
                    Dots("corners", colour="numbers", labels="classes"),
                    Dots("here", tint="text", shape="star", big=True),
                    range_x=(-1.25, 1.25),
                    range_y=(-1.25, 1.25),
                    equal=True,
                    detail="spread",
                    help="p as a place between the corners, the certain answers; exact for 3 classes, else a shadow",
                ),
                Panel(
                    "Entropy",
                    Line("entropies", tint="accent"),
                    Dots("entropy_here", tint="text", big=True),
                    x="T",
                    y="entropy of p",
                    log_x=True,
                ),
            ),
            Panel(
                "Softmax, sigmoids",
                Bars("both", labels="with_sum"),
                y="p_k and σ(z_k)",
                detail="sums",
                help="T = 1. Left of each pair softmax, right a sigmoid of its own: drag a logit: what else moves?",
            ),
            sizes=(5, 4),
        ),
        Column(
            Tabs(
                Panel(
                    "Jacobian",
                    Matrix("J", rows="classes", columns="with_row_sum"),
                    detail="not_below",
                    help="∂p_i/∂z_j = (p_i [i = j] − p_i p_j)/T. Symmetric, never negative, rows sum to zero",
                ),
                Panel(
                    "Hessian",
                    Matrix("H", rows="classes", columns="with_ones"),
                    detail="not_below",
                    help="of log-sum-exp: the very matrix of the Jacobian. H·1 = 0, so nothing bends along (1, …, 1)",
                ),
                Panel(
                    "Cuts",
                    Line("along_ones", label="along (1, …, 1): straight", tint="0"),
                    Line("along_first", label="along z₀: convex", tint="1"),
                    x="s",
                    y="T log Σ exp((z + s d)/T)",
                ),
            ),
            Tabs(
                Panel(
                    "Soft maximum",
                    Surface("hill", points="first_two", heights="first_height"),
                    x="z₀",
                    y="z₁",
                    help="T log(exp(z₀/T) + exp(z₁/T)) over the first two logits: colder, it hugs the larger of them",
                ),
                Panel(
                    "Crease",
                    Line("largest", label="max(z, 0)", tint="text", dashed=True),
                    Line("ceiling", label="max + T ln 2", tint="quiet", dashed=True),
                    Line("soft", label="T log(exp(z/T) + 1)", tint="accent"),
                    x="z",
                    y="height",
                    range_y=(-0.5, FAR + 2),
                ),
            ),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(4, 5, 5),
        ),
        sizes=(4, 4, 4),
    )

    # ------------------------------------------------------------ what is worked out

    @action
    def pull(self, index: int, x: float, y: float) -> None:
        """Drag the logit of one class up or down."""
        if not 0 <= index < len(self.logits):
            raise ValueError(f"there is no class {index}: drag one of the {len(self.logits)} bars")
        z = [row.z for row in self.logits]
        z[index] = float(np.clip(y - self.shift, -HIGH, HIGH))
        self.logits = z

    @drawn
    def lifted(self) -> np.ndarray:
        return np.array([row.z for row in self.logits]) + self.shift

    @drawn
    def p(self) -> np.ndarray:
        return softmax(self.lifted(), self.T)

    @drawn
    def one_hot(self) -> np.ndarray:
        return np.eye(len(self.logits))[self.true()]

    def true(self) -> int:
        """The true class; beyond the last it is the last."""
        return min(self.label, len(self.logits) - 1)

    @drawn
    def J(self) -> np.ndarray:
        """The Jacobian, and what each of its rows sums to."""
        return with_sums(jacobian(self.p()) / self.T)

    @drawn
    def H(self) -> np.ndarray:
        """∇² T log Σ exp(z/T) is the Jacobian of its gradient, softmax; beside it H·1."""
        H = jacobian(self.p()) / self.T
        return np.column_stack([H, np.round(H @ np.ones(len(H)), 12) + 0.0])

    @drawn
    def eigenvalues(self) -> np.ndarray:
        return np.maximum(np.linalg.eigvalsh(jacobian(self.p()) / self.T), 0)

    # ------------------------------------------------------------ bars

    @drawn
    def numbers(self) -> np.ndarray:
        return np.arange(len(self.logits))

    @drawn
    def classes(self) -> tuple[str, ...]:
        return tuple(str(k) for k in range(len(self.logits)))

    @drawn
    def tips(self) -> np.ndarray:
        return np.column_stack([self.numbers() - ASIDE, self.lifted()])

    @drawn
    def beside(self) -> np.ndarray:
        return np.column_stack([self.numbers() + ASIDE, self.lifted()])

    @drawn
    def pull_of_loss(self) -> np.ndarray:
        return upright(self.one_hot() - self.p())

    @drawn
    def truth(self) -> np.ndarray:
        return np.column_stack([self.numbers() + ASIDE, self.one_hot()])

    @drawn
    def error(self) -> np.ndarray:
        return upright(self.p() - self.one_hot())

    @drawn
    def summed(self) -> str:
        return f"Σ {self.p().sum():.3f}"

    @drawn
    def both(self) -> np.ndarray:
        """Softmax and a sigmoid each on the same logits at T = 1, and the sum of either."""
        z = self.lifted()
        return with_sums(np.stack([softmax(z), sigmoid(z)]))

    @drawn
    def with_sum(self) -> tuple[str, ...]:
        return (*self.classes(), "sum")

    @drawn
    def sums(self) -> str:
        shares, alone = self.both()[:, -1]
        return f"Σ {shares:.3g}, {alone:.3g}"

    # ------------------------------------------------------------ the simplex

    @drawn
    def corners(self) -> np.ndarray:
        angles = np.pi / 2 + 2 * np.pi * self.numbers() / len(self.logits)
        return np.column_stack([np.cos(angles), np.sin(angles)])

    @drawn
    def edges(self) -> np.ndarray:
        return np.vstack([self.corners(), self.corners()[:1]])

    @drawn
    def here(self) -> np.ndarray:
        return (self.p() @ self.corners())[None]

    @drawn
    def way(self) -> np.ndarray:
        """Where p is at every temperature, from a corner to the centre."""
        return np.array([softmax(self.lifted(), T) for T in HEATS]) @ self.corners()

    @drawn
    def spread(self) -> str:
        return f"entropy {entropy(self.p()):.2f}"

    @drawn
    def entropies(self) -> np.ndarray:
        return np.column_stack([HEATS, [entropy(softmax(self.lifted(), T)) for T in HEATS]])

    @drawn
    def entropy_here(self) -> np.ndarray:
        return np.array([[self.T, entropy(self.p())]])

    # ------------------------------------------------------------ matrices and the soft maximum

    @drawn
    def with_row_sum(self) -> tuple[str, ...]:
        return (*self.classes(), "Σ")

    @drawn
    def with_ones(self) -> tuple[str, ...]:
        return (*self.classes(), "H·1")

    @drawn
    def not_below(self) -> str:
        return f"λ: 0 … {self.eigenvalues()[-1]:.2g}"

    @drawn(on=("T",))
    def hill(self) -> Field:
        axis = np.linspace(-FAR, FAR, 61)
        return Field(log_sum_exp(np.stack(np.meshgrid(axis, axis), axis=-1), self.T), (-FAR, FAR), (-FAR, FAR))

    @drawn
    def first_two(self) -> np.ndarray:
        return np.clip(self.lifted()[None, :2], -FAR, FAR)

    @drawn
    def first_height(self) -> np.ndarray:
        return log_sum_exp(self.first_two(), self.T)

    @drawn
    def largest(self) -> np.ndarray:
        return np.array([[-FAR, 0], [0, 0], [FAR, FAR]])

    @drawn(on=("T",))
    def ceiling(self) -> np.ndarray:
        return np.array([[-FAR, 0], [0, 0], [FAR, FAR]]) + [0, self.T * np.log(2)]

    @drawn(on=("T",))
    def soft(self) -> np.ndarray:
        z = np.linspace(-FAR, FAR, 161)
        return np.column_stack([z, log_sum_exp(np.column_stack([z, np.zeros_like(z)]), self.T)])

    @drawn
    def along_ones(self) -> np.ndarray:
        return self.cut(np.ones(len(self.logits)))

    @drawn
    def along_first(self) -> np.ndarray:
        return self.cut(np.eye(len(self.logits))[0])

    def cut(self, d: np.ndarray) -> np.ndarray:
        s = np.linspace(-FAR, FAR, 81)
        return np.column_stack([s, log_sum_exp(self.lifted() + s[:, None] * d, self.T)])

    # ------------------------------------------------------------ words

    def loss(self) -> float:
        """−log p_y by way of log-sum-exp, finite however small p_y is."""
        z = self.lifted()
        return float(log_sum_exp(z, self.T) - z[self.true()]) / self.T

    @drawn
    def update(self) -> Update:
        p = self.p()
        return Update(
            r"C = -\log p_y, \quad p_y = e^{z_y/T} / \sum_j e^{z_j/T} \\ g = (p - e_y) / T",
            {
                "z_y": self.lifted()[self.true()],
                "T": self.T,
                "p_y": p[self.true()],
                "C": self.loss(),
                "p": p,
                "g": (p - self.one_hot()) / self.T,
                "e_y": self.one_hot(),
            },
        )

    @drawn
    def said(self) -> str:
        p, y = self.p(), self.true()
        best = int(p.argmax())
        moved = f" Adding {self.shift:g} to all of them changed no probability." if self.shift else ""
        over = "" if self.T == 1 else " over T"
        verdict = "which is true" if best == y else f"but the true class is {y}"
        return (
            f"Class {best} is the most likely, at {p[best]:.3f}, {verdict}: the gradient is prediction minus "
            f"one-hot{over}: −{(1 - p[y]) / self.T:.3g} for class {y} and above 0 for every other.{moved}"
        )


def upright(lengths: np.ndarray) -> np.ndarray:
    return np.column_stack([np.zeros_like(lengths), lengths])


def with_sums(rows: np.ndarray) -> np.ndarray:
    """One more column, the sum of each row; rounding makes −1e−17 of what is 0."""
    return np.column_stack([rows, np.round(rows.sum(axis=1), 12) + 0.0])
