"""elbow: how many centres? Restart after restart for every k; the best loss bends where the clumps are."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.controls import Choice, Count, Dataset, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.experiments.neighbours.k_means._clouds import plane, thumbnail
from lab.experiments.neighbours.k_means._numbered import Numbered
from lab.marks import (
    Column,
    Curve,
    Dots,
    Equation,
    Field,
    Histogram,
    Images,
    Line,
    Matrix,
    Note,
    Panel,
    Regions,
    Row,
    Tabs,
)
from lab.maths.clusterings import rand_index, silhouettes
from lab.maths.lloyd import loss_of, nearest, plus_plus, settled

GALLERY = 12  # restarts that are shown
STARS = 12  # points whose true clump is known


class Elbow(Experiment):
    pace = 4

    points = Dataset("blobs", kinds=("blobs", "uniform", "moons", "ring"), n=160, noise=0.12, help="what is clustered")
    most = Count(10, 2, 16, symbol="K", label="Up to k", restarts=True, help="k from 1 to this, but to n at most")
    begin = Choice(("random points", "k-means++"), restarts=True, help="where each restart begins")
    restarts = Count(30, 2, 60, symbol="R", restarts=True, help="the run ends after so many")
    held_out = Slider(0.3, 0, 0.6, restarts=True, help="share of the points that training never sees")
    shown_k = Numbered(5, 1, 16, view=True, symbol="k", label="Look at k", help="or click a point of the elbow")
    shown_run = Numbered(0, 0, 60, view=True, label="Look at run", help="0: the best; or click one of the gallery")

    metrics = {"best": "L_best", "latest": "L"}
    fixed = ("x", "test")
    prompts = (
        ("Where does the curve bend? Click that point", {"points": "blobs", "most": 10}),
        ("No pattern at all: is there an elbow?", {"points": "uniform"}),
        ("As many centres as points: loss 0, and of no use", {"points": {"n": 12}, "most": 12, "held_out": 0}),
        ("k-means++: how does the histogram change?", {"begin": "k-means++"}),
    )
    presets = {"Five clumps": {"most": 10}, "k up to n": {"points": {"n": 14}, "most": 14, "held_out": 0}}
    tiny = {"points": {"n": 30}, "most": 5, "restarts": 2}

    # ------------------------------------------------------------ restarts

    def start(self) -> None:
        train, test = self.points.split(self.held_out, seed=0)
        self.x, self.test = self.points.x[train], self.points.x[test]
        self.y = self.points.y[train]
        self.ks = range(1, min(self.most, len(self.x)) + 1)
        self.ends: list[list[np.ndarray]] = [[] for _ in self.ks]  # where every run ended, by k
        self.losses: list[list[float]] = [[] for _ in self.ks]
        self.another()

    def step(self) -> Metrics:
        """One more run of Lloyd's algorithm for every k, each from a start of its own."""
        self.another()
        if len(self.losses[0]) >= self.restarts:
            self.finish(f"{self.restarts} restarts for every k: the best of each is kept.")
        k = min(5, len(self.ks))
        return {"best": min(self.losses[k - 1]), "latest": self.losses[k - 1][-1]}

    def another(self) -> None:
        for k in self.ks:
            if self.begin == "k-means++":
                first = plus_plus(self.x, k, self.rng)
            else:
                first = self.x[self.rng.choice(len(self.x), k, replace=False)]
            end = settled(self.x, first)
            self.ends[k - 1].append(end)
            self.losses[k - 1].append(loss_of(self.x, end))

    def changed(self, name: str) -> None:
        if name == "points":
            self.start()

    # ------------------------------------------------------------ what is looked at

    def panels(self) -> Any:
        held_out = (Line("tested", tint="1", label="held out", dashed=True),) if self.held_out else ()
        return Row(
            Column(
                Panel(
                    "Loss against k",
                    Line("trained", tint="0", label="best"),
                    *held_out,
                    Dots("trained", tint="accent", big=True, ring="looked_at", pick="shown_k"),
                    x="k",
                    y="L / n",
                    detail="knee",
                    help="mean squared distance; click a point to see its clustering",
                ),
                Tabs(
                    Panel("By k", Images("by_k", captions="k_names", chosen="chosen_k", pick="shown_k")),
                    Panel(
                        "Restarts",
                        Images("gallery", captions="run_names", chosen="chosen_run", pick="shown_run"),
                    ),
                    Panel("Agreement", Matrix("agreement", colours="viridis"), help="the Rand index of two runs"),
                ),
                sizes=(1, 1),
            ),
            Column(
                Panel(
                    "Clustering",
                    Regions("territory"),
                    Dots("x", colour="owner"),
                    Dots("starred", colour="truth", shape="star", big=True),
                    x="x₁",
                    y="x₂",
                    range_x=(-6.5, 6.5),
                    range_y=(-6.5, 6.5),
                    equal=True,
                    detail="whose",
                    help="stars: a few points whose true clump is known, coloured by it",
                ),
                Panel("Losses of all restarts", Histogram("sample", bins=24), x="L", y="runs", detail="spread"),
                Panel("Read", Equation("update"), Note("said")),
                Panel("Silhouette", Line("mean_silhouettes"), x="k", y="mean s", shown=False),
                Panel("Loss by restart", Curve("best", "latest"), x="restart", y="L at k = 5", shown=False),
                sizes=(4, 2, 2, 2, 2),
            ),
            sizes=(1, 1),
        )

    def k_now(self) -> int:
        return min(self.shown_k, len(self.ks))

    def run_now(self) -> int:
        """The run looked at; 0 or one that is not yet there is the best."""
        losses = self.losses[self.k_now() - 1]
        return self.shown_run - 1 if 0 < self.shown_run <= len(losses) else int(np.argmin(losses))

    def best(self, k: int) -> np.ndarray:
        return self.ends[k - 1][int(np.argmin(self.losses[k - 1]))]

    def centres(self) -> np.ndarray:
        return self.ends[self.k_now() - 1][self.run_now()]

    @drawn
    def trained(self) -> np.ndarray:
        return np.array([[k, min(self.losses[k - 1]) / len(self.x)] for k in self.ks])

    @drawn
    def tested(self) -> np.ndarray:
        if not len(self.test):
            return np.empty((0, 2))
        return np.array([[k, loss_of(self.test, self.best(k)) / len(self.test)] for k in self.ks])

    @drawn
    def looked_at(self) -> np.ndarray:
        return np.array([k == self.k_now() for k in self.ks])

    def bend(self) -> int:
        """Where the curve is bent most: the loss falls well before and little after, on a scale of ratios."""
        log = np.log(np.maximum(self.trained()[:, 1], 1e-12 * (1 + self.trained()[0, 1])))[: max(len(self.ks) - 1, 0)]
        return int(np.diff(log, 2).argmax()) + 2 if len(log) > 2 else 0

    @drawn
    def knee(self) -> str:
        return f"bend at {self.bend()}" if self.bend() else ""

    @drawn
    def by_k(self) -> np.ndarray:
        return np.array([thumbnail(self.x, self.best(k)) for k in self.ks])

    @drawn
    def k_names(self) -> tuple[str, ...]:
        return tuple(f"k = {k}" for k in self.ks)

    @drawn
    def chosen_k(self) -> int:
        return self.k_now() - 1

    @drawn
    def gallery(self) -> np.ndarray:
        return np.array([thumbnail(self.x, end) for end in self.ends[self.k_now() - 1][:GALLERY]])

    @drawn
    def run_names(self) -> tuple[str, ...]:
        return tuple(f"{loss:.4g}" for loss in self.losses[self.k_now() - 1][:GALLERY])

    @drawn
    def chosen_run(self) -> int:
        return self.run_now()

    @drawn
    def agreement(self) -> np.ndarray:
        """The share of pairs of points on which each two of the first runs agree."""
        labels = [nearest(self.x, end) for end in self.ends[self.k_now() - 1][:8]]
        return np.array([[rand_index(one, other) for other in labels] for one in labels]).round(2)

    @drawn
    def territory(self) -> Field:
        grid, (x, y) = plane(100)
        return Field(nearest(grid, self.centres()).reshape(100, 100), x, y)

    @drawn
    def owner(self) -> np.ndarray:
        return nearest(self.x, self.centres())

    @drawn
    def starred(self) -> np.ndarray:
        return self.x[:STARS]

    @drawn
    def truth(self) -> np.ndarray:
        """In the colour of the cluster that has most of the star's clump."""
        owner = self.owner()
        mostly = {int(y): int(np.bincount(owner[self.y == y]).argmax()) for y in np.unique(self.y)}
        return np.array([mostly[int(y)] for y in self.y[:STARS]])

    @drawn
    def sample(self) -> np.ndarray:
        return np.array(self.losses[self.k_now() - 1])

    @drawn
    def spread(self) -> str:
        losses = self.sample()
        share = np.mean(losses < losses.min() * 1.001 + 1e-12)
        return f"{share:.0%} reach the best"

    @drawn
    def whose(self) -> str:
        return f"k = {self.k_now()}, L = {self.losses[self.k_now() - 1][self.run_now()]:.4g}"

    @drawn
    def mean_silhouettes(self) -> np.ndarray:
        return np.array([[k, silhouettes(self.x, nearest(self.x, self.best(k))).mean()] for k in self.ks if k > 1])

    @drawn
    def update(self) -> Update:
        k = self.k_now()
        return Update(
            r"L_k = \min_{r \leq R} \sum_{i=1}^{n} \| x_i - \mu_{y_i}^{(r)} \|^2",
            {"L_k": min(self.losses[k - 1]), "R": len(self.losses[k - 1]), "n": len(self.x)},
        )

    @drawn
    def said(self) -> str:
        k, owner = self.k_now(), self.owner()
        if k == len(self.x):
            return "One centre a point: the loss is 0 and nothing is learnt. A low loss does not mean a useful k."
        agree = rand_index(owner[:STARS], self.y[:STARS])
        silhouette = silhouettes(self.x, owner).mean()
        text = f"k = {k}: mean silhouette {silhouette:.2f}; on {agree:.0%} of pairs of stars it agrees with the truth."
        if len(self.test):
            held, seen = self.tested()[k - 1, 1], self.trained()[k - 1, 1]
            text += f" L/n is {seen:.3g} in training, {held:.3g} held out."
        return text
