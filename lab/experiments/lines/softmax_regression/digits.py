"""Digits: five linear classifiers learn to read; their weights as images, what they misread, and who leads."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from lab.controls import Choice, Count, File, Point, Several, Slider, Unfit
from lab.data.images import digits
from lab.data.mnist import mnist
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Equation, Images, Matrix, Note, Panel, Row, Table, Tabs
from lab.maths.batches import Batches
from lab.maths.many_classes import (
    binary_slope,
    confusion,
    pair_targets,
    pair_votes,
    pairs,
    rest_targets,
    shortest_fit,
)
from lab.maths.optimisers import Adam
from lab.maths.softmax import cross_entropy, softmax

K = 10
SQUARES_REST, SQUARES_PAIRS = "linear OvR", "linear OvO"  # by least squares
LOGISTIC_REST, LOGISTIC_PAIRS, SOFTMAX = "logistic OvR", "logistic OvO", "softmax"
METHODS = (SQUARES_REST, SQUARES_PAIRS, LOGISTIC_REST, LOGISTIC_PAIRS, SOFTMAX)
PAIRED = (SQUARES_PAIRS, LOGISTIC_PAIRS)
KNOWN = {
    "digits": dict(zip(METHODS, (0.8556, 0.9278, 0.8833, 0.9139, 0.9000))),
    "MNIST": dict(zip(METHODS, (0.8603, 0.9297, 0.9174, 0.9321, 0.9221))),
}
PAIRS = pairs(K)
SOLVED = 5  # least squares fits of a pair in one step
SHOWN = 24  # misread pictures


class DigitsFiveWays(Experiment):
    pace = 15
    methods = Several(
        METHODS,
        METHODS,
        least=1,
        restarts=True,
        help="who competes. OvR: one against the rest, 10 models; OvO: one against one, 45; linear: least squares",
    )
    folder = File(
        label="MNIST folder",
        help="a folder of yours with the four files of MNIST, plain or .gz; empty: scikit-learn's 1797 digits",
    )
    train = Count(
        60_000, 100, 60_000, symbol="n", label="Train on", restarts=True, help="pictures, if there are so many"
    )
    rate = Slider(0.02, 1e-4, 0.2, log=True, symbol="η", help="Adam's step size for logistic and softmax")
    batch = Count(
        2000, 10, 60_000, symbol="B", label="Mini-batch", help="pictures a step; above n it takes all of them"
    )
    penalty = Slider(1, 0, 100, symbol="λ", help="adds λ|w|²/2 to the summed loss of logistic and softmax, as 1/C does")
    seen = Choice(
        METHODS, SOFTMAX, view=True, label="Look at", help="whose weights and mistakes: click the leaderboard"
    )
    cell = Point((-1, -1), x=(-1, 9), y=(-1, 9), view=True, help="true digit and decision: click the confusion matrix")
    digit = Count(0, 0, SHOWN - 1, view=True, help="the picture whose scores are shown: click one")

    metrics = {"accuracy": "on the test set", "loss": "C"}
    test_metrics = ("accuracy",)
    fixed = ("X", "y", "test_X", "test_y", "gram")
    prompts = (
        ("45 judges or 10: who reads best?", {"methods": METHODS, "seen": LOGISTIC_PAIRS}),
        ("What does softmax look for in a 0?", {"seen": SOFTMAX, "cell": (-1, -1)}),
        ("Least squares: which digit suffers most?", {"seen": SQUARES_REST, "cell": (8, -1)}),
        ("Only 200 pictures to learn from", {"train": 200}),
        ("No penalty at all: do the weight images stay smooth?", {"penalty": 0, "seen": SOFTMAX}),
    )
    tiny = {"train": 200, "batch": 50}

    panels = Column(
        Row(
            Panel(
                "Weight images",
                Images("images", captions="names", colours="scores"),
                detail="whose",
                help="one colour speaks for the digit (or the first of the pair), the other against it",
            ),
            Panel(
                "Confusion",
                Matrix("counts", rows="digits_", columns="digits_", lit="framed", colours="cividis", pick="cell"),
                detail="counted",
                split="test",
                help="row: what it is; column: what it was taken for. Click a cell to see its pictures",
            ),
            Panel(
                "Misread digits",
                Images("misread", captions="verdicts", chosen="digit", colours="grey", pick="digit"),
                detail="which_cell",
                split="test",
                help="what it is → what it was taken for. Click one to see its scores",
            ),
            sizes=(4, 5, 4),
        ),
        Row(
            Panel(
                "Leaderboard",
                Table("ranking", header="columns", chosen="seen_row", pick="seen"),
                detail="about",
                split="test",
                help="known: what the texts and scikit-learn (C = 1) reach on these very pictures. Click a row to look",
            ),
            Tabs(
                Panel("Accuracy", Curve("accuracy"), x="step t", y="on the test set"),
                Panel(
                    "Scores", Bars("scores", labels="digits_"), x="digit", y="score", detail="score_kind", split="test"
                ),
                Panel("Loss", Curve("loss", log_y=True), x="step t", y="softmax, C", log_y=True),
            ),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(8, 5, 4),
        ),
        sizes=(5, 4),
    )

    # ------------------------------------------------------------ the algorithms

    def start(self) -> Metrics:
        try:
            learn, test = mnist(self.folder, self.train) if self.folder else digits().split()
        except ValueError as wrong:
            raise Unfit("folder", str(wrong)) from None
        self.X, self.y = design(learn.images[: self.train]), learn.labels[: self.train]
        self.test_X, self.test_y = design(test.images), test.labels
        self.shape, self.data = learn.images.shape[1:], "MNIST" if self.folder else "digits"
        d = self.X.shape[1]
        self.W = {m: np.zeros((d, len(PAIRS) if m in PAIRED else K), np.float32) for m in self.methods}
        self.adam = {m: Adam().begin(W) for m, W in self.W.items()}
        self.fitted = dict.fromkeys(self.W, 0)  # models that least squares has solved
        self.batches = Batches(len(self.X))
        self.batches.begin(self.rng, self.batch, "shuffled each epoch")
        self.gram, self.moment = np.zeros((K, d, d)), np.zeros((K, d))
        for k in range(K):
            of_class = self.X[self.y == k].astype(float)
            self.gram[k], self.moment[k] = of_class.T @ of_class, of_class.sum(axis=0)
        return self.measured()

    def step(self) -> Metrics:
        """Adam takes a mini-batch for logistic and softmax; least squares solves its normal equations outright."""
        chosen = self.batches.take(self.rng, self.batch, "shuffled each epoch")
        X, y = self.X[chosen], self.y[chosen]
        if SQUARES_REST in self.W and not self.fitted[SQUARES_REST]:
            self.solve_rest()
        if SQUARES_PAIRS in self.W and self.fitted[SQUARES_PAIRS] < len(PAIRS):
            self.solve_pairs()
        if LOGISTIC_REST in self.W:
            self.descend(LOGISTIC_REST, X, rest_targets(y, K))
        if LOGISTIC_PAIRS in self.W:
            self.descend(LOGISTIC_PAIRS, X, pair_targets(y, K))
        if SOFTMAX in self.W:
            p = softmax(X @ self.W[SOFTMAX])
            self.move(SOFTMAX, X.T @ (p - np.eye(K)[y]) / len(X), len(self.X))
        return self.measured()

    def solve_rest(self) -> None:
        """All ten share one XᵀX; Xᵀt adds a class with +1 and takes the rest away."""
        moments = 2 * self.moment - self.moment.sum(axis=0)
        w = [shortest_fit(self.gram.sum(axis=0), moment) for moment in moments]
        self.W[SQUARES_REST] = np.array(w, np.float32).T
        self.fitted[SQUARES_REST] = K

    def solve_pairs(self) -> None:
        """The next few pairs (i, j): only the pictures of i, wanted at +1, and of j, wanted at −1."""
        W, done = self.W[SQUARES_PAIRS].copy(), self.fitted[SQUARES_PAIRS]
        for column in range(done, min(done + SOLVED, len(PAIRS))):
            i, j = PAIRS[column]
            W[:, column] = shortest_fit(self.gram[i] + self.gram[j], self.moment[i] - self.moment[j])
        self.W[SQUARES_PAIRS], self.fitted[SQUARES_PAIRS] = W, min(done + SOLVED, len(PAIRS))

    def descend(self, method: str, X: np.ndarray, target: np.ndarray) -> None:
        """The slope of each binary classifier's mean loss over the pictures that it sees."""
        slope = X.T @ binary_slope(X @ self.W[method], target, "logistic")
        share = (target != 0).mean(axis=0)
        self.move(method, slope / np.maximum(share * len(X), 1), np.maximum(share * len(self.X), 1))

    def move(self, method: str, slope: np.ndarray, n: np.ndarray | int) -> None:
        """A step of Adam with the penalty's slope, λ w / n; offsets are not penalised."""
        W = self.W[method]
        g = slope + self.penalty * W / n
        g[-1] = slope[-1]
        knobs = SimpleNamespace(rate=self.rate, beta1=0.9, beta2=0.999, epsilon=1e-8)
        rule, state = Adam(), self.adam[method]
        rule.average(state, g.astype(np.float32), knobs)
        self.W[method] = (W + rule.move(state, g, knobs)).astype(np.float32)

    def votes(self, method: str, X: np.ndarray) -> np.ndarray:
        """(n, K): the highest decides. Of pairs, wins less losses; else the scores themselves."""
        f = X @ self.W[method]
        return pair_votes(f, K) if method in PAIRED else f

    def measured(self) -> Metrics:
        row = {f"accuracy/{method}": self.accuracy(method) for method in self.W if self.ready(method)}
        if SOFTMAX in self.W:
            row["loss"] = float(cross_entropy(self.X @ self.W[SOFTMAX], self.y).mean())
        return row

    def ready(self, method: str) -> bool:
        """Least squares is ready when all its models are solved; descent always has an answer."""
        return method not in (SQUARES_REST, SQUARES_PAIRS) or self.fitted[method] == self.W[method].shape[1]

    def accuracy(self, method: str) -> float:
        return float((self.votes(method, self.test_X).argmax(axis=1) == self.test_y).mean())

    # ------------------------------------------------------------ pictures

    def method(self) -> str:
        """The one that is looked at, or the first where that one does not compete."""
        return self.seen if self.seen in self.W else next(iter(self.W))

    @drawn
    def whose(self) -> str:
        return self.method()

    @drawn
    def images(self) -> np.ndarray:
        return self.W[self.method()][:-1].T.reshape(-1, *self.shape)

    @drawn
    def names(self) -> tuple[str, ...]:
        return tuple(f"{i} | {j}" for i, j in PAIRS) if self.method() in PAIRED else self.digits_()

    @drawn
    def digits_(self) -> tuple[str, ...]:
        return tuple("0123456789")

    @drawn
    def columns(self) -> tuple[str, ...]:
        return "method", "models", "parameters", "accuracy", "known"

    @drawn
    def ranking(self) -> tuple[tuple[str, ...], ...]:
        rows = []
        for method in METHODS:
            models = len(PAIRS) if method in PAIRED else 1 if method == SOFTMAX else K
            d, known = self.X.shape[1], f"{KNOWN[self.data][method]:.4f}"
            parameters = d * (K if method == SOFTMAX else models)
            if method not in self.W:
                now = "–"
            elif not self.ready(method):
                now = f"{self.fitted[method]} of {models}"
            else:
                now = f"{self.accuracy(method):.4f}"
            rows.append((method, str(models), f"{parameters}", now, known))
        return tuple(rows)

    @drawn
    def seen_row(self) -> int:
        return METHODS.index(self.method())

    @drawn
    def about(self) -> str:
        return f"{self.data}: {len(self.X)}, {len(self.test_X)} to test"

    @drawn
    def decided(self) -> np.ndarray:
        return self.votes(self.method(), self.test_X).argmax(axis=1)

    @drawn
    def counts(self) -> np.ndarray:
        return confusion(self.test_y, self.decided(), K)

    @drawn
    def counted(self) -> str:
        return f"{(self.decided() != self.test_y).sum()} of {len(self.test_y)} misread"

    @drawn
    def asked_for(self) -> np.ndarray:
        """The cells that are looked at: one, a whole row or column where the other is −1, or all that are wrong."""
        true, taken = (np.arange(K) == part if part >= 0 else np.ones(K, bool) for part in self.cell)
        asked = np.outer(true, taken)
        return asked & ~np.eye(K, dtype=bool) if min(self.cell) < 0 else asked

    @drawn
    def framed(self) -> np.ndarray:
        return self.asked_for() & (max(self.cell) >= 0)

    @drawn
    def found(self) -> np.ndarray:
        """Which pictures of the test set are shown."""
        return np.flatnonzero(self.asked_for()[self.test_y, self.decided()])[:SHOWN]

    @drawn
    def misread(self) -> np.ndarray:
        return self.test_X[self.found(), :-1].reshape(-1, *self.shape)

    @drawn
    def verdicts(self) -> tuple[str, ...]:
        return tuple(f"{self.test_y[i]} → {self.decided()[i]}" for i in self.found())

    @drawn
    def which_cell(self) -> str:
        many = int(self.counts()[self.asked_for()].sum())
        return f"{many} such" if many <= SHOWN else f"{SHOWN} of {many}"

    @drawn
    def scores(self) -> np.ndarray:
        """Of the picture that is framed: probabilities, scores or duels won less lost."""
        if self.digit >= len(self.found()):
            return np.zeros(K)
        votes = self.votes(self.method(), self.test_X[self.found()[self.digit]][None])
        return (softmax(votes) if self.method() == SOFTMAX else votes)[0]

    @drawn
    def score_kind(self) -> str:
        kinds = {SOFTMAX: "probabilities p", **dict.fromkeys(PAIRED, "duels won less lost")}
        return kinds.get(self.method(), "scores f")

    @drawn
    def update(self) -> Update:
        if self.method() == SOFTMAX:
            numbers = {"n": len(self.X), r"\lambda": self.penalty, r"\eta": self.rate}
            return Update(r"g = \frac{1}{n} \sum_i x_i (p_i - e_{y_i})^\top + \frac{\lambda}{n} W", numbers)
        if self.method() in (SQUARES_REST, SQUARES_PAIRS):
            return Update(r"w = X^{+} t, \quad t_i = \pm 1", {"n": len(self.X)})
        numbers = {r"\lambda": self.penalty, r"\eta": self.rate}
        return Update(r"g = -\frac{1}{n} \sum_i \sigma(-t_i f_i)\, t_i\, x_i + \frac{\lambda}{n} w", numbers)

    @drawn
    def said(self) -> str:
        if not self.t:
            return "All weights are 0. A step teaches the logistic ones and softmax a little, and solves least squares."
        ready = {method: self.accuracy(method) for method in self.W if self.ready(method)}
        best = max(ready, key=lambda method: ready[method]) if ready else self.method()
        counts = self.counts() * (1 - np.eye(K, dtype=int))
        true, taken = np.unravel_index(counts.argmax(), counts.shape)
        worst = f"{self.method()} most often takes a {true} for a {taken}: {counts.max()} times."
        return f"{best} leads. {worst}"


def design(images: np.ndarray) -> np.ndarray:
    """A row a picture: its pixels, and a 1 for the offset."""
    return np.column_stack([images.reshape(len(images), -1), np.ones(len(images), np.float32)])
