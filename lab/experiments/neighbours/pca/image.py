"""Image: a picture rebuilt from one, two, three … terms of its SVD, and what m of them cost and leave out."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Count, Switch
from lab.data.photos import NAMES, grey
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Images, Line, Note, Panel, Row, Tabs
from lab.maths.pca import dropped

LEAST = 1e-12


class Image(Experiment):
    pace = 4
    picture = Choice(NAMES, restarts=True, help="a photograph, or a drawing whose rank is known")
    begin = Count(0, 0, 300, symbol="m₀", label="Terms at once", restarts=True, help="how many terms it begins with")
    centred = Switch(False, label="Take the mean off", restarts=True, help="of each column first, as PCA does")

    metrics = {"error": "‖X − X̂‖²/‖X‖²", "bound": "Σᵢ>ₘ δᵢ²/Σ δᵢ²", "chance": "m random directions"}
    fixed = ("X", "U", "delta", "Vt", "directions")
    prompts = (
        ("Ten terms: what can you see already?", {"begin": 10, "picture": "temple"}),
        ("Fifty terms: a quarter of the numbers", {"begin": 50, "picture": "temple"}),
        ("A flower: blurred grounds need fewer terms", {"picture": "flower", "begin": 0}),
        ("A cross has rank 2: two terms are all of it", {"picture": "cross", "begin": 0}),
        ("A diagonal: all terms count alike, nothing can be dropped", {"picture": "diagonal", "begin": 0}),
    )
    presets = {
        "From the first term": {"picture": "temple", "begin": 0},
        "m = 10": {"picture": "temple", "begin": 10},
        "m = 30": {"picture": "temple", "begin": 30},
        "m = 50": {"picture": "temple", "begin": 50},
        "Rank 2": {"picture": "cross", "begin": 0},
        "Nothing to drop": {"picture": "diagonal", "begin": 0},
    }
    tiny = {"picture": "disc"}

    panels = Row(
        Column(
            Panel("Rebuilt", Images("approximate", colours="grey"), detail="terms"),
            Row(
                Panel("Original", Images("original", colours="grey"), still=True),
                Tabs(
                    Panel("Left out", Images("rest", colours="scores")),
                    Panel("Last term", Images("term", colours="scores"), detail="weight"),
                ),
            ),
            sizes=(3, 2),
        ),
        Column(
            Panel(
                "Relative error",
                Curve("error", "bound", "chance", log_y=True),
                x="step t",
                y="share of ‖X‖²",
                help="The third curve rebuilds each row from as many directions drawn by chance",
            ),
            Tabs(
                Panel(
                    "Scree",
                    Line("scree", label="δᵢ", tint="quiet"),
                    Dots("used", tint="accent", shape="disc"),
                    x="i",
                    y="singular value δᵢ",
                    log_y=True,
                ),
                Panel("Share kept", Line("cumulative"), Dots("here", tint="accent", big=True), x="m", y="% of ‖X‖²"),
            ),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(4, 4, 5),
        ),
        sizes=(6, 5),
    )

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        whole = grey(self.picture)
        self.mean = whole.mean(axis=0) * self.centred
        self.X = whole - self.mean
        self.U, self.delta, self.Vt = np.linalg.svd(self.X, full_matrices=False)
        self.directions = np.linalg.qr(self.rng.standard_normal(self.Vt.shape).T)[0]  # a rival: no better than chance
        rank = int((self.delta > 1e-9 * self.delta[0]).sum())
        self.m = min(self.begin, rank)
        self.hat = self.U[:, : self.m] * self.delta[: self.m] @ self.Vt[: self.m]
        self.by_chance = float((self.X**2).sum() - ((self.X @ self.directions[:, : self.m]) ** 2).sum())
        self.look_whether_complete()
        return self.measured()

    def look_whether_complete(self) -> None:
        if self.m == len(self.delta) or self.delta[self.m] < 1e-9 * self.delta[0]:
            self.finish(f"All {self.m} terms that are not 0 are in: the picture is complete.")

    def step(self) -> Metrics:
        """One term more: X̂ ← X̂ + δ u vᵀ."""
        i = self.m
        self.hat = self.hat + self.delta[i] * np.outer(self.U[:, i], self.Vt[i])
        self.by_chance -= float(((self.X @ self.directions[:, i]) ** 2).sum())
        self.m += 1
        self.look_whether_complete()
        return self.measured()

    def measured(self) -> Metrics:
        whole = float((self.X**2).sum())
        return {
            "error": max(float(((self.X - self.hat) ** 2).sum()) / whole, LEAST),
            "bound": max(float(dropped(self.delta**2)[self.m]) / whole, LEAST),
            "chance": max(self.by_chance / whole, LEAST),
        }

    # ------------------------------------------------------------ pictures

    @drawn(on=("X", "mean"))
    def original(self) -> np.ndarray:
        return (self.X + self.mean)[None]

    @drawn(on=("hat",))
    def approximate(self) -> np.ndarray:
        return np.clip(self.hat + self.mean, 0, 1)[None]

    @drawn(on=("hat",))
    def rest(self) -> np.ndarray:
        return np.round(self.X - self.hat, 9)[None]

    @drawn(on=("hat",))
    def term(self) -> np.ndarray:
        i = max(self.m - 1, 0)
        return (self.delta[i] * np.outer(self.U[:, i], self.Vt[i]))[None]

    @drawn
    def weight(self) -> str:
        return f"δ = {self.delta[max(self.m - 1, 0)]:.3g}"

    def numbers(self) -> tuple[int, int]:
        """To store m terms, and the picture itself."""
        height, width = self.X.shape
        return self.m * (1 + height + width), height * width

    @drawn
    def terms(self) -> str:
        few, all_of_them = self.numbers()
        return f"m = {self.m}: {few:,} of {all_of_them:,} numbers, {100 * few / all_of_them:.1f} %"

    def counted(self) -> np.ndarray:
        return np.arange(1, len(self.delta) + 1)

    @drawn(on=("delta",))
    def scree(self) -> np.ndarray:
        return np.column_stack([self.counted(), np.maximum(self.delta, 1e-9 * self.delta[0])])

    @drawn
    def used(self) -> np.ndarray:
        return self.scree()[: self.m]

    @drawn(on=("delta",))
    def cumulative(self) -> np.ndarray:
        left = dropped(self.delta**2)
        return np.column_stack([np.arange(len(left)), 100 * (1 - left / left[0])])

    @drawn
    def here(self) -> np.ndarray:
        return self.cumulative()[self.m : self.m + 1]

    @drawn
    def update(self) -> Update:
        whole, few = float((self.X**2).sum()), self.numbers()[0]
        return Update(
            r"\hat X = \sum_{i \le m} \delta_i u_i v_i^\top \\ \|X - \hat X\|_F^2 = E,\quad \sum_{i>m} \delta_i^2 = B"
            r" \\ \mathrm{stored} = m\,(1 + n + p)",
            {
                "m": self.m,
                "E": round(float(((self.X - self.hat) ** 2).sum()), 12),
                "B": round(float(dropped(self.delta**2)[self.m]), 12),
                "n": self.X.shape[0],
                "p": self.X.shape[1],
                r"\mathrm{stored}": few,
                r"\|X\|_F^2": whole,
            },
        )

    @drawn
    def said(self) -> str:
        now, (few, whole) = self.measured(), self.numbers()
        if self.finished:
            return self.finished
        if not self.m:
            return "Nothing yet: each step adds the term that takes most of the error away."
        dear = (
            f"{100 * few / whole:.1f} % of the numbers" if few < whole else "more numbers than the picture itself has"
        )
        left = f"{self.m} terms, {dear}, leave out {100 * now['error']:.2g} % of the squares"
        return f"{left}. No matrix of this rank does better."
