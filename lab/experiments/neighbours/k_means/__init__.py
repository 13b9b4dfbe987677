"""k-means: give every point to its nearest centre, then move each centre to the mean of its points."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.controls import Choice, Count, Dataset, Switch, Unfit
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.experiments.neighbours.k_means._clouds import densities, plane, sizes, stretched
from lab.experiments.neighbours.k_means._numbered import Numbered
from lab.experiments.neighbours.k_means._tools import Tools
from lab.marks import Bars, Column, Curve, Dots, Equation, Field, Layout, Line, Note, Panel, Regions, Row, Trail
from lab.maths.clusterings import silhouettes
from lab.maths.lloyd import draw_chances, means, nearest, plus_plus, split_clump, square_distances

USUAL = 0.11  # the size of a dot that says nothing
MOST_SILHOUETTES = 500  # points: each is compared with each


class KMeans(Tools, Experiment):
    scenes = ("elbow", "gradient", "landscape", "twins", "colours")
    pace = 2

    points = Dataset(
        "blobs",
        kinds=("blobs", "ring", "moons", "circle", "uniform"),
        n=200,
        noise=0.12,
        help="click to add a point, drag to move it, right-click to take it away",
    )
    k = Count(5, 1, 12, symbol="k", label="Centres", restarts=True, help="number of centres")
    begin = Choice(
        ["random points", "random places", "k-means++", "by hand", "a split clump", "one left empty"],
        restarts=True,
        help="where the centres start; by hand: each click on the plane puts the next one, and all can be dragged",
    )
    standardise = Switch(False, restarts=True, help="measure distances in standard deviations of x₁ and of x₂")
    empty = Choice(
        ("to the worst-served point", "left where it is"),
        label="Empty centre",
        help="what the move does with a centre that has no points",
    )
    cluster = Numbered(1, 1, 12, view=True, symbol="j", help="whose squares are drawn; or click its centre")
    draw_of = Count(
        4,
        1,
        11,
        view=True,
        label="Draw",
        when={"begin": ("k-means++",)},
        help="at the start, discs show the chances D² after so many of k-means++'s draws; the next drawn is ringed",
    )

    metrics = {"loss": "J", "moved": "Δ", "changed_owner": "Σ 1(y ≠ y_old)"}
    fixed = ("x",)
    diverges = "Distances overflow: some points lie too far out."
    prompts = (
        ("How many clumps do you see? Guess k, then let it run", {"points": "blobs", "begin": "random points"}),
        ("A clump split on purpose: can the centres get out of it?", {"begin": "a split clump"}),
        ("k-means++: the larger a disc, the likelier the next centre", {"begin": "k-means++"}),
        ("A centre that wins no points: who helps it?", {"begin": "one left empty"}),
        ("A ring around a disc: what can straight borders not do?", {"points": "ring", "k": 2}),
    )
    presets = {
        "Place the centres yourself": {"begin": "by hand"},
        "Four centres for five clumps: two are merged": {"k": 4, "begin": "k-means++"},
        "Stretched clumps are cut across": {"points": stretched(), "k": 2},
        "The same, standardised": {"points": stretched(), "k": 2, "standardise": True},
        "Unequal sizes: splitting the crowd costs least": {"points": sizes(), "k": 3, "begin": "k-means++"},
        "Unequal densities: the wide clump loses its rim": {"points": densities(), "k": 3, "begin": "k-means++"},
        "Two half-moons": {"points": "moons", "k": 2},
        "As many centres as points: loss 0, and useless": {"points": {"n": 12}, "k": 12},
    }
    tiny = {"points": {"n": 60}}

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        self.x = self.points.x
        if self.k > len(self.x):
            raise Unfit("k", f"{self.k} centres need {self.k} points; there are {len(self.x)}")
        spread = self.x.std(axis=0)
        self.unit = np.where(spread > 0, spread, 1.0) if self.standardise else np.ones(2)
        self.centres = self.first = self.first_centres()
        self.owner = np.full(len(self.x), -1)  # nobody has a label yet
        self.assigned = False  # the last half-step gave points to centres
        self.gone_over = 0  # points that the last assignment gave to another centre
        self.shift = 0.0  # how far the last move went
        self.placed = 0  # centres put by hand
        self.put = False  # a centre was moved before the first step
        self.settled = 0  # half-steps in a row that changed nothing
        return {"loss": self.loss()}

    def first_centres(self) -> np.ndarray:
        x, k, rng = self.x, self.k, self.rng
        low, high = x.min(axis=0), x.max(axis=0)
        if self.begin == "random points":
            return x[rng.choice(len(x), k, replace=False)].copy()
        if self.begin == "random places":
            return rng.uniform(low, high, (k, 2))
        if self.begin == "by hand":  # they wait in a row above the points
            return np.column_stack([np.linspace(-5.5, 5.5, k) if k > 1 else np.zeros(1), np.full(k, 6.1)])
        if self.begin == "k-means++":
            return plus_plus(x / self.unit, k, rng) * self.unit
        if self.begin == "a split clump":
            return split_clump(x / self.unit, k, rng) * self.unit
        corner = np.array([high[0], low[1]]) + (1, -1)
        return np.concatenate([plus_plus(x, k - 1, rng), [corner]]) if k > 1 else corner[None]

    def step(self) -> Metrics:
        """One half-step: label the points if the centres moved last, else move the centres."""
        if self.assigned:
            self.move()
        else:
            self.assign()
        self.assigned = not self.assigned
        if self.settled >= 2:
            self.finish("No point changes its centre and no centre moves: this is a minimum, perhaps not the lowest.")
        return {"loss": self.loss(), "moved": self.shift, "changed_owner": float(self.gone_over)}

    def assign(self) -> None:
        """y_i = argmin_j ‖x_i − μ_j‖²."""
        owner = nearest(self.x / self.unit, self.centres / self.unit)
        self.gone_over = int((owner != self.owner).sum())
        self.settled = 0 if self.gone_over else self.settled + 1
        self.owner = owner

    def move(self) -> None:
        """μ_j = (1/N_j) Σ x_i over its points; what an empty centre does is a choice."""
        before = self.centres
        mend = self.empty == "to the worst-served point"
        self.centres = means(self.x / self.unit, self.owner, before / self.unit, mend) * self.unit
        self.shift = float(np.linalg.norm(self.centres - before, axis=1).sum())
        self.settled = 0 if self.shift > 1e-12 else self.settled + 1

    def squares_of(self) -> np.ndarray:
        """‖x_i − μ_{y_i}‖² for every point; before there are labels, to the nearest centre."""
        owner = self.owner if self.owner.min() >= 0 else nearest(self.x / self.unit, self.centres / self.unit)
        return (((self.x - self.centres[owner]) / self.unit) ** 2).sum(axis=1)

    def loss(self) -> float:
        return float(self.squares_of().sum())

    def changed(self, name: str) -> None:
        if name == "points":
            labelled = self.owner.min() >= 0
            self.x = self.points.x
            self.owner = np.full(len(self.x), -1)
            if labelled:
                self.owner = nearest(self.x / self.unit, self.centres / self.unit)
            self.assigned, self.settled = labelled, 0
        elif name == "empty":
            self.settled = 0

    @action
    def move_centre(self, index: int, x: float, y: float) -> None:
        """Drag a centre: the points follow at the next assignment."""
        if not 0 <= index < self.k:
            raise ValueError(f"move_centre: there is no centre {index}; they are 0 to {self.k - 1}")
        self.centres = self.centres.copy()
        self.centres[index] = x, y
        if not self.t:
            self.first, self.put = self.centres, True
        self.assigned, self.settled = False, 0

    @action
    def place_centre(self, x: float, y: float, label: int) -> None:
        """Put the next centre here; with a number key held, centre `label`."""
        if not 0 <= label <= self.k:
            raise ValueError(f"place_centre: there is no centre {label}; they are 1 to {self.k}, or 0 for the next")
        self.move_centre(label - 1 if label else self.placed % self.k, x, y)
        self.placed += not label

    # ------------------------------------------------------------ pictures

    def panels(self) -> Layout:
        by_hand = self.begin == "by hand"
        return Row(
            Panel(
                "Data",
                Regions("territory"),
                Line("links", width=0.8),
                Line("squares", tint="quiet", width=0.9),
                Dots(
                    "x",
                    colour="owner",
                    size="dot_sizes",
                    ring="next_drawn",
                    drag="points.move",
                    add="" if by_hand else "points.add",
                    erase="points.erase",
                ),
                Trail("centres"),
                Dots(
                    "centres",
                    colour="names",
                    big=True,
                    drag="move_centre",
                    add="place_centre" if by_hand else "",
                    pick="cluster",
                ),
                x="x₁",
                y="x₂",
                range_x=(-6.5, 6.5),
                range_y=(-6.5, 6.5),
                equal=True,
                detail="half",
                help="a link goes from a point to its centre; the squares on those of one cluster add up to its loss",
            ),
            Column(
                Panel("Loss", Curve("loss"), x="half-step t", y="J"),
                Panel("Loss by cluster", Bars("shares", labels="numbers"), x="cluster j", y="J_j"),
                Panel("Update", Equation("update"), Note("said"), detail="whose"),
                Panel(
                    "Silhouette",
                    Line("profiles", fill=True),
                    x="points, sorted by cluster",
                    y="s",
                    range_y=(-1, 1),
                    shown=False,
                    detail="mean_silhouette",
                    help="(b − a) / max(a, b): 1 deep in its own cluster, 0 on the border, below 0 nearer to another",
                ),
                Panel("Changes", Curve("changed_owner"), x="half-step t", y="points that changed", shown=False),
                sizes=(3, 2, 4, 3, 2),
            ),
            sizes=(3, 2),
        )

    @drawn
    def territory(self) -> Field:
        grid, (x, y) = plane(120)
        if self.owner.min() < 0:
            return Field(np.full((120, 120), -1), x, y)
        return Field(nearest(grid / self.unit, self.centres / self.unit).reshape(120, 120), x, y)

    @drawn
    def names(self) -> np.ndarray:
        return np.arange(self.k)

    @drawn
    def numbers(self) -> tuple[str, ...]:
        return tuple(str(j + 1) for j in range(self.k))

    @drawn
    def links(self) -> list[np.ndarray]:
        """For each cluster one line that goes from its centre to a point and back, again and again."""
        stars = []
        for j, centre in enumerate(self.centres):
            mine = self.x[self.owner == j]
            star = np.tile(centre, (2 * len(mine) + 1, 1))
            star[1::2] = mine
            stars.append(star)
        return stars

    @drawn
    def squares(self) -> list[np.ndarray]:
        """On each link of one cluster its square: the areas add up to that cluster's loss."""
        centre = self.centres[self.watched()]
        found = []
        for point in self.x[self.owner == self.watched()]:
            side = point - centre
            aside = np.array([-side[1], side[0]])
            found.append(np.array([centre, point, point + aside, centre + aside, centre]))
        return found[:60]

    def watched(self) -> int:
        return min(self.cluster, self.k) - 1

    @drawn
    def dot_sizes(self) -> np.ndarray:
        """Before the first assignment of k-means++: D² to the centres drawn so far."""
        if self.owner.min() >= 0 or self.begin != "k-means++" or self.k == 1:
            return np.full(len(self.x), USUAL)
        chances = draw_chances(self.x / self.unit, self.first[: min(self.draw_of, self.k - 1)] / self.unit)
        return chances / chances.max()

    @drawn
    def next_drawn(self) -> np.ndarray:
        if self.owner.min() >= 0 or self.begin != "k-means++" or self.k == 1:
            return np.zeros(len(self.x), bool)
        return np.isclose(self.x, self.first[min(self.draw_of, self.k - 1)]).all(axis=1)

    @drawn
    def shares(self) -> np.ndarray:
        owner = self.owner if self.owner.min() >= 0 else nearest(self.x / self.unit, self.centres / self.unit)
        return np.bincount(owner, self.squares_of(), minlength=self.k)

    @drawn
    def profiles(self) -> list[np.ndarray]:
        """The silhouettes of each cluster, the largest first, one after the other."""
        every = slice(None, None, -(-len(self.x) // MOST_SILHOUETTES))
        x, owner = self.x[every] / self.unit, self.owner[every]
        s, lines, at = silhouettes(x, owner), [], 0
        for j in range(self.k):
            mine = np.sort(s[owner == j])[::-1]
            lines.append(np.column_stack([np.arange(at, at + len(mine)), mine]))
            at += len(mine)
        return lines

    @drawn
    def mean_silhouette(self) -> str:
        values = np.concatenate([line[:, 1] for line in self.profiles()])
        return f"mean {values.mean():.3f}" if len(values) else "no labels yet"

    @drawn
    def half(self) -> str:
        return "next: move the centres" if self.assigned else "next: assign the points"

    @drawn
    def whose(self) -> str:
        return f"cluster {self.watched() + 1}"

    @drawn
    def update(self) -> Update:
        """The mean to which the watched centre goes (or went), and its loss: N_j times the mean square."""
        j = self.watched()
        mine = self.owner == j
        n, loss = int(mine.sum()), float(self.shares()[j])
        numbers: dict[str, Any] = {"N_j": n} if n else {}
        if n:
            total = self.x[mine].sum(axis=0)
            numbers |= {r"\mu_j": total / n, r"\sum_{i:\, y_i = j} x_i": total, "J_j": loss, "V_j": loss / n}
        return Update(r"\mu_j = \frac{1}{N_j} \sum_{i:\, y_i = j} x_i \\ J_j = N_j\, V_j", numbers)

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if self.owner.min() < 0:
            return self.before()
        counts = np.bincount(self.owner, minlength=self.k)
        empty = [str(j + 1) for j in np.flatnonzero(counts == 0)]
        if empty:
            fate = "it goes to the worst-served point" if self.empty.startswith("to") else "it stays where it is"
            who = f"Centre {empty[0]} has" if len(empty) == 1 else f"Centres {', '.join(empty)} have"
            return f"{who} no points, so no mean: with the next move {fate}."
        if self.assigned:
            changed = "1 point" if self.gone_over == 1 else f"{self.gone_over} points"
            return f"{changed} changed owner. Clusters have {counts.min()} to {counts.max()} points."
        return f"The centres moved by {self.shift:.3g} in all, each to the mean of its points: the loss cannot rise."

    def before(self) -> str:
        """What there is to see while no point has a label."""
        if self.begin == "by hand":
            left = max(self.k - self.placed, 0)
            return f"Click where you want the centres: {left} to go. Then play." if left else "All placed. Now play."
        if self.begin == "k-means++" and self.k > 1:
            return "The larger a disc, the likelier that point was to be drawn next (D²); the one drawn is ringed."
        far = square_distances(self.centres, self.centres)
        near = np.sqrt(far[far > 0].min()) if (far > 0).any() else 0.0
        return f"No point has a label yet. The two nearest centres are {near:.2g} apart. How many clumps do you see?"
