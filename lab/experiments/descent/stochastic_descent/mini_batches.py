"""Mini-batches: how an epoch is dealt out, and how the gradient's noise falls as the batch grows."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count
from lab.experiment import Metrics, drawn
from lab.experiments.descent.stochastic_descent.plane import MOST, SAMPLES, Plane
from lab.marks import Arrows, Column, Dots, Guide, Line, Matrix, Panel, Row, Tabs
from lab.maths.batches import WAYS
from lab.maths.finite_sums import covariance_factor

ARROWS = 40
ACROSS = 8  # samples in a row of the strip
DRAWS = 100  # batches of every size, to see how their gradients scatter


class MiniBatches(Plane):
    samples = Choice(list(SAMPLES), "twenty-four", restarts=True, help="the samples' own minima; then drag, add, erase")
    batch = Count(8, 1, MOST, symbol="K", label="Batch size", help="samples behind a step of the batch's path")

    prompts = (
        ("Slide K from 1 to n: what becomes of the cloud and of the path?", {"samples": "twenty-four", "batch": 1}),
        ("With replacement: which samples does an epoch leave out?", {"sampling": "with replacement"}),
        ("Shuffled once: is the next epoch a surprise?", {"sampling": "shuffled once"}),
        ("Gradient noise: which of the two lines ends at 0, and why?", {"samples": "twenty-four", "batch": 24}),
        ("Ten do not divide twenty-four: how large is the last batch?", {"samples": "twenty-four", "batch": 10}),
    )
    presets = {
        "K = 1, 8, n": {"samples": "twenty-four", "batch": 8},
        "With replacement": {"samples": "twenty-four", "batch": 8, "sampling": "with replacement"},
        "K = n is gradient descent": {"samples": "twenty-four", "batch": 24},
    }

    def take_samples(self) -> None:
        super().take_samples()
        self.scatter()

    def step(self) -> Metrics:
        row = super().step()
        self.scatter()
        return row

    def changed(self, name: str) -> None:
        super().changed(name)
        if name in ("batch", "sampling"):
            self.scatter()

    @np.errstate(all="ignore")
    def scatter(self) -> None:
        """Draw 100 epochs: the first K of each are a batch of size K. How do their mean gradients vary?"""
        f = self.f
        each = f.sample_gradients(self.theta[0])
        drawings = (self.rng.integers(f.n, size=(DRAWS, f.n)), np.argsort(self.rng.random((DRAWS, f.n)), axis=1))
        means = [each[drawing].cumsum(axis=1) / np.arange(1, f.n + 1)[:, None] for drawing in drawings]
        self.cloud = means[self.sampling != WAYS[0]][:, self.size() - 1]
        off = [((mean - each.mean(axis=0)) ** 2).sum(axis=2).mean(axis=0) for mean in means]
        self.noise = np.array(off) / max(float(each.var(axis=0).sum()), 1e-30)

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Row(
            Column(self.paths_panel(), self.loss_panels(), sizes=(5, 2)),
            Column(
                Panel(
                    "Epoch",
                    Dots(
                        "strip",
                        colour="strip_batches",
                        ring="strip_lit",
                        labels="strip_names",
                        shape="square",
                        big=True,
                    ),
                    x="place in the epoch, eight a row",
                    range_x=(0.5, ACROSS + 1),
                    range_y=(-1.6 - (len(self.u) - 1) // ACROSS, 0.6),
                    detail="epoch",
                    help="The samples in the order in which they are taken, coloured by batch; ringed: the next batch",
                ),
                Tabs(
                    Panel(
                        "Gradient cloud",
                        Arrows("origins", "some", tint="quiet"),
                        Dots("cloud", tint="accent"),
                        Arrows("origin", "centre", label="∇C", tint="text"),
                        x="∂C/∂θ₁",
                        y="∂C/∂θ₂",
                        range_x=(-13, 7),
                        range_y=(-9, 6),
                        detail="cloud_says",
                        help="The gradients of 100 batches of K samples where the path of one sample is",
                    ),
                    Panel(
                        "Visits",
                        Matrix("visits", rows="epochs", columns="names", colours="viridis", numbers=False),
                        detail="seen",
                        help="How often each sample was taken, epoch by epoch, the newest above",
                    ),
                ),
                Panel(
                    "Gradient noise",
                    Line("law_again", label="1/K", tint="0", dashed=True),
                    Line("law_once", label="no sample twice", tint="1", dashed=True),
                    Dots("noise_again", tint="0", shape="disc"),
                    Dots("noise_once", tint="1", shape="square"),
                    Guide(x="chosen", label="K"),
                    x="batch size K",
                    y="variance",
                    log_x=True,
                    log_y=True,
                    help="As a share of one sample's. Lines: 1/K, and (n − K)/(K (n − 1)) without replacement",
                ),
                sizes=(5, 6, 6),
            ),
            sizes=(3, 2),
        )

    @drawn
    def strip(self) -> np.ndarray:
        place = np.arange(len(self.batches.order))
        return np.column_stack([place % ACROSS + 1, -(place // ACROSS)])

    @drawn
    def strip_batches(self) -> np.ndarray:
        return np.arange(len(self.batches.order)) // self.size() % 8

    @drawn
    def strip_lit(self) -> np.ndarray:
        place = np.arange(len(self.batches.order))
        return (place >= self.batches.at) & (place < self.batches.at + self.size())

    @drawn
    def strip_names(self) -> list[str]:
        return [str(i + 1) for i in self.batches.order]

    @drawn
    def names(self) -> list[str]:
        return [str(i + 1) for i in range(self.f.n)]

    @drawn
    def epoch(self) -> str:
        now, whole = self.batches.at // self.size() + 1, -(-self.f.n // self.size())
        return f"epoch {self.batches.epoch + 1}, batch {now} of ⌈{self.f.n}/{self.size()}⌉ = {whole}"

    @drawn
    def visits(self) -> np.ndarray:
        return self.batches.visits

    @drawn
    def epochs(self) -> list[str]:
        return ["now", "last", *(f"−{ago}" for ago in range(2, len(self.batches.visits)))]

    @drawn
    def seen(self) -> str:
        last, share = self.batches.visits[1], 1 - (1 - 1 / self.f.n) ** self.f.n
        law = f"with replacement about {share:.0%} are seen"
        return f"last epoch: {(last > 0).mean():.0%} of the samples; {law}" if last.any() else law

    @drawn
    def some(self) -> np.ndarray:
        return self.cloud[:ARROWS]

    @drawn
    def origins(self) -> np.ndarray:
        return np.zeros((ARROWS, 2))

    @drawn
    def origin(self) -> np.ndarray:
        return np.zeros((1, 2))

    @drawn
    def centre(self) -> np.ndarray:
        return self.f.gradient(self.root())

    @drawn
    def cloud_says(self) -> str:
        return f"spread {np.sqrt(self.cloud.var(axis=0).sum()):.2g} = {np.sqrt(self.noise_now()):.2f} × that of K = 1"

    def noise_now(self) -> float:
        return float(self.noise[int(self.sampling != WAYS[0])][self.size() - 1])

    @drawn
    def law_again(self) -> np.ndarray:
        return np.array([(k, covariance_factor(k, self.f.n, True)) for k in range(1, self.f.n + 1)])

    @drawn
    def law_once(self) -> np.ndarray:
        return np.array([(k, covariance_factor(k, self.f.n, False)) for k in range(1, self.f.n)]).reshape(-1, 2)

    @drawn
    def noise_again(self) -> np.ndarray:
        return np.column_stack([np.arange(1, self.f.n + 1), self.noise[0]])

    @drawn
    def noise_once(self) -> np.ndarray:
        return np.column_stack([np.arange(1, self.f.n), self.noise[1, :-1]])

    @drawn
    def chosen(self) -> np.ndarray:
        return np.array([self.size()])
