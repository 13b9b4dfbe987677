"""k-means: give every point to its nearest centre, then move each centre to the mean of its points."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Dataset, Unfit
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, Note, Panel, Regions, Row, Trail


class KMeans(Experiment):
    pace = 2
    points = Dataset(
        "blobs",
        kinds=("blobs", "ring", "moons", "uniform"),
        n=200,
        noise=0.12,
        help="click to add a point, drag to move it, right-click to take it away",
    )
    k = Count(5, 1, 12, symbol="k", label="Centres", restarts=True, help="number of centres")
    begin = Choice(["random points", "random places", "k-means++"], restarts=True, help="where the centres start")

    metrics = {"loss": "J", "moved": "Δ"}
    fixed = ("x",)
    diverges = "Distances overflow: some points lie too far out."
    prompts = (
        ("Start from another seed: does it find the same clumps?", {"begin": "random points"}),
        ("Let k-means++ choose the start", {"begin": "k-means++"}),
        ("Ask for four centres where five clumps are", {"k": 4}),
        ("A ring around a disc: what can straight borders not do?", {"points": "ring", "k": 2}),
    )
    tiny = {"points": {"n": 60}}

    panels = Row(
        Panel(
            "Data",
            Regions("territory"),
            Dots("x", colour="owner", drag="points.move", add="points.add", erase="points.erase"),
            Trail("centres"),
            Dots("centres", colour="names", shape="star", big=True, drag="move_centre"),
            x="x₁",
            y="x₂",
            range_x=(-6.5, 6.5),
            range_y=(-6.5, 6.5),
            equal=True,
            detail="half",
        ),
        Column(
            Panel("Loss", Curve("loss"), x="half-step t", y="J"),
            Panel("Update", Equation("update"), Note("said")),
        ),
        sizes=(3, 2),
    )

    def start(self) -> Metrics:
        self.x = self.points.x
        if self.k > len(self.x):
            raise Unfit("k", f"{self.k} centres need {self.k} points; there are {len(self.x)}")
        self.centres = self.first_centres()
        self.owner = nearest(self.x, self.centres)
        self.assigned = True  # the last half-step gave points to centres
        self.settled = 0  # half-steps in a row that changed nothing
        return {"loss": self.loss()}

    def first_centres(self) -> np.ndarray:
        if self.begin == "random points":
            return self.x[self.rng.choice(len(self.x), self.k, replace=False)].copy()
        if self.begin == "random places":
            return self.rng.uniform(self.x.min(axis=0), self.x.max(axis=0), (self.k, 2))
        chosen = [self.x[self.rng.integers(len(self.x))]]  # k-means++: far points are likelier, by D²
        while len(chosen) < self.k:
            d2 = square_distances(self.x, np.array(chosen)).min(axis=1)
            far = d2 / d2.sum() if d2.sum() > 0 else np.full(len(d2), 1 / len(d2))
            chosen.append(self.x[self.rng.choice(len(self.x), p=far)])
        return np.array(chosen)

    def step(self) -> Metrics:
        """One half-step: assign if the centres moved last, else move."""
        if self.assigned:
            moved = self.move()
            self.settled = 0 if moved else self.settled + 1
        else:
            owner = nearest(self.x, self.centres)
            moved = 0.0
            self.settled = 0 if (owner != self.owner).any() else self.settled + 1
            self.owner = owner
        self.assigned = not self.assigned
        if self.settled >= 2:
            self.finish("No point changes its centre and no centre moves: this is a minimum, perhaps not the lowest.")
        return {"loss": self.loss(), "moved": moved}

    def move(self) -> float:
        """Each centre to the mean of its points; an empty one to the point farthest from its own centre."""
        before = self.centres
        self.centres = before.copy()
        for j in range(self.k):
            mine = self.owner == j
            if mine.any():
                self.centres[j] = self.x[mine].mean(axis=0)
            else:
                self.centres[j] = self.x[square_distances(self.x, before).min(axis=1).argmax()]
        return float(np.linalg.norm(self.centres - before, axis=1).sum())

    def loss(self) -> float:
        return float(((self.x - self.centres[self.owner]) ** 2).sum())

    def changed(self, name: str) -> None:
        if name == "points":
            self.x = self.points.x
            self.owner = nearest(self.x, self.centres)
            self.assigned, self.settled = True, 0

    @action
    def move_centre(self, index: int, x: float, y: float) -> None:
        """Drag a centre: the points follow at the next assignment."""
        if not 0 <= index < self.k:
            raise ValueError(f"move_centre: there is no centre {index}; they are 0 to {self.k - 1}")
        self.centres = self.centres.copy()
        self.centres[index] = x, y
        self.assigned, self.settled = False, 0

    # ------------------------------------------------------------ pictures

    @drawn
    def territory(self) -> Field:
        grid, (x, y) = plane(120)
        return Field(nearest(grid, self.centres).reshape(120, 120), x, y)

    @drawn
    def names(self) -> np.ndarray:
        return np.arange(self.k)

    @drawn
    def half(self) -> str:
        return "next: move the centres" if self.assigned else "next: assign the points"

    @drawn
    def update(self) -> Update:
        j = int(np.bincount(self.owner, minlength=self.k).argmax())
        mine = self.owner == j
        return Update(
            r"\mu_j = \frac{1}{N_j} \sum_{i:\, y_i = j} x_i",
            {r"\mu_j": self.centres[j], "N_j": int(mine.sum()), r"\sum_{i:\, y_i = j} x_i": self.x[mine].sum(axis=0)},
        )

    @drawn
    def said(self) -> str:
        sizes = np.bincount(self.owner, minlength=self.k)
        empty = int((sizes == 0).sum())
        if self.finished:
            return self.finished
        if empty:
            return f"{empty} of the centres has no points: the next move puts it on the worst-served point."
        return f"The largest of the {self.k} clusters has {sizes.max()} points, the smallest {sizes.min()}."


def square_distances(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """‖x_i − μ_j‖² for every point i and centre j."""
    return ((x[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)


def nearest(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The index of the nearest centre for every point."""
    return square_distances(x, centres).argmin(axis=1)


def plane(n: int, low: float = -6.5, high: float = 6.5) -> tuple[np.ndarray, tuple[tuple[float, float], ...]]:
    """The n × n points of a grid over the plane, row by row from below."""
    axis = np.linspace(low, high, n)
    x, y = np.meshgrid(axis, axis)
    return np.column_stack([x.ravel(), y.ravel()]), ((low, high), (low, high))
