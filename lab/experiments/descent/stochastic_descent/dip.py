"""Escape: a hundred runs for each batch size start in a dip; the noise of small batches throws them out of it."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Dots, Equation, Guide, Line, Note, Panel, Row, Tabs

RUNS, N = 100, 32
SIZES = (1, 2, 4, 8, N)
W = np.linspace(-3.6, 3.6, 400)


class Dip(Experiment):
    rate = Slider(0.15, 0.005, 0.2, log=True, symbol="η", help="how far each step goes")
    shift = Slider(0.2, 0, 0.25, symbol="s", restarts=True, help="how far the samples' curves are shifted, their std")
    begin = Slider(2.2, -3, 3, symbol="w₀", label="Start", restarts=True, help="where all runs begin")

    metrics = {"loss": "E ℓ", "escaped": "out", "evaluations": "gradients"}
    fixed = ("shifts",)
    diverges = "The rate is too large for the curvature of the waves."
    prompts = (
        ("Who gets out of the dip, and who never does?", {"begin": 2.2}),
        ("A smaller rate: less noise, too", {"rate": 0.05}),
        ("No shift: all samples agree, and nobody escapes", {"shift": 0}),
        ("Count by gradients, not by steps: is the small batch still ahead?", {"rate": 0.2}),
        ("Begin in the best dip: does noise throw runs out of it, too?", {"begin": 0.7}),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        half = self.rng.normal(size=N // 2)
        both = np.concatenate([half, -half])
        self.shifts = self.shift * both / both.std()
        self.w = np.full((len(SIZES), RUNS), float(self.begin))
        between = np.linspace(1, 2, 500)
        self.ridge = float(between[self.mean(between).argmax()])
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """Each run draws its own batch, no sample twice, and steps against the batch's mean slope."""
        order = np.argsort(self.rng.random((RUNS, N)), axis=1)
        w = self.w.copy()
        for lane, b in enumerate(SIZES):
            w[lane] -= self.rate * slope(w[lane, :, None] - self.shifts[order[:, :b]]).mean(axis=1)
        self.w = w
        return self.measured()

    def mean(self, w: np.ndarray) -> np.ndarray:
        """ℓ: the mean of all samples' curves."""
        return height(w[..., None] - self.shifts).mean(axis=-1)

    def out(self) -> np.ndarray:
        """Which runs have crossed the ridge between the two best dips and the next ones out."""
        return (np.abs(self.w) < self.ridge) != (abs(self.begin) < self.ridge)

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        row: Metrics = {}
        for lane, b in enumerate(SIZES):
            row[f"loss/b = {b}"] = float(self.mean(self.w[lane]).mean())
            row[f"escaped/b = {b}"] = float(self.out()[lane].sum())
            row[f"evaluations/b = {b}"] = float((self.t + 1) * b)
        return row

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Row(
            Panel(
                "Curve with dips",
                Line("samples", tint="quiet", width=0.7),
                Line("curve", label="mean ℓ", tint="text", width=3),
                Guide(x="ridges", label="ridge"),
                Dots("runs", colour="lanes"),
                x="w",
                y="ℓ",
                range_x=(-3.6, 3.6),
                range_y=(-0.9, 3.6),
                detail="key",
                help="Thin: each sample's own curve. Each batch size has its runs on a line of its own above the mean",
            ),
            Column(
                Panel(
                    "Escapes",
                    Bars("escapes", labels="names", highest=RUNS),
                    x="batch size b",
                    y="of 100 runs",
                    help="How many have left the dips in which they began",
                ),
                Tabs(
                    Panel(
                        "Loss by gradients",
                        Curve("loss", against="evaluations"),
                        x="gradients of single samples",
                        y="mean of ℓ(w)",
                        log_x=True,
                    ),
                    Panel("Escapes by step", Curve("escaped"), x="step t", y="of 100 runs"),
                ),
                Panel("Update", Equation("update"), Note("said")),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("shifts",))
    def samples(self) -> tuple[np.ndarray, ...]:
        return tuple(np.column_stack([W, height(W - s)]) for s in self.shifts[:12])

    @drawn(on=("shifts",))
    def curve(self) -> np.ndarray:
        return np.column_stack([W, self.mean(W)])

    @drawn
    def ridges(self) -> np.ndarray:
        return np.array([-self.ridge, self.ridge])

    def places(self) -> np.ndarray:
        return np.clip(np.nan_to_num(self.w), -3.6, 3.6)

    @drawn
    def runs(self) -> np.ndarray:
        w = self.places()
        return np.column_stack([w.ravel(), (self.mean(w) + 0.22 * np.arange(1, len(SIZES) + 1)[:, None]).ravel()])

    @drawn
    def lanes(self) -> np.ndarray:
        return np.repeat(np.arange(len(SIZES)), RUNS)

    @drawn
    def escapes(self) -> np.ndarray:
        return self.out().sum(axis=1).astype(float)

    @drawn
    def names(self) -> list[str]:
        return [str(b) for b in SIZES]

    @drawn
    def key(self) -> str:
        return "from below: b = " + ", ".join(map(str, SIZES))

    @drawn
    def update(self) -> Update:
        """What all samples together do next from where they are."""
        w = float(self.w[-1, 0])
        g = float(slope(w - self.shifts).mean())
        each = r"\frac{1}{b} \sum_{i \in B} \ell_i'(w_t)"
        return Update(
            rf"w_{{t+1}} = w_t - \eta\, {each}", {"w_{t+1}": w - self.rate * g, "w_t": w, r"\eta": self.rate, each: g}
        )

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.w).all():
            return self.diverges
        out = self.out().sum(axis=1)
        if not out.any():
            return (
                "All are still in the dips where they began. All samples together see no slope there; single ones do."
            )
        return (
            f"Single samples have freed {out[0]} of 100 runs, all {N} together {out[-1]}. Noise does not know the way: "
            "it leaves shallow dips sooner than deep ones, and that is all."
        )


def height(w: np.ndarray) -> np.ndarray:
    return w**2 / 4 + np.cos(4 * w) / 2


def slope(w: np.ndarray) -> np.ndarray:
    return w / 2 - 2 * np.sin(4 * w)
