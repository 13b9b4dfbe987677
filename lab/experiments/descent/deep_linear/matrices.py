"""Matrices: A·B learns the target's modes one by one, from plateau to plateau, each a saddle that can be visited."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Several, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Bars, Column, Curve, Equation, Guide, Note, Panel, Row, Table, Tabs
from lab.maths.deep_linear import TwoLayers, index_sets, saddle_index

SAMPLES = 60
MODES = ("1", "2", "3", "4", "5")
BEGINS = ("small weights", "at the critical point")
METHODS = ("gradient descent", "alternating blocks")
ZERO = 5e-3  # of the largest curvature: less is drawn and counted as none


class Matrices(Experiment):
    begin = Choice(BEGINS, restarts=True, help="random and small, or on the critical point that I names")
    indices = Several(MODES, ("2", "4"), least=0, symbol="I", label="Modes in I", help="ticked: the network goes there")
    nudge = Slider(0.001, 0, 0.1, symbol="ε", label="Perturbation", help="how far it is pushed off the critical point")
    d = Count(4, 2, 5, symbol="d", label="Width", restarts=True, help="inputs and outputs")
    p = Count(
        2,
        1,
        5,
        symbol="p",
        label="Hidden units",
        restarts=True,
        help="at most d: the rank of A·B",
    )
    size = Slider(
        0.01, 0.001, 1, log=True, symbol="s", restarts=True, label="Size at the start", help="of small weights"
    )
    rate = Slider(0.03, 0.001, 0.15, log=True, symbol="η", label="Rate", help="of gradient descent")
    noise = Slider(0.2, 0, 1, symbol="σ", restarts=True, label="Noise in y", help="what no network can fit")
    method = Choice(METHODS, help="blocks: the best B for this A, then the best A for this B")

    metrics = {"loss": "ℓ", "singular": "σ of A·B", "index": "ways down"}
    fixed = ("levels",)
    tiny = {"rate": 0.05}
    prompts = (
        ("Small weights: which mode is learnt first?", {"begin": BEGINS[0], "size": 0.001}),
        ("Place it at I = {2, 4}: how does it get away?", {"begin": BEGINS[1], "indices": ["2", "4"]}),
        ("No perturbation: it stays on the saddle", {"begin": BEGINS[1], "indices": ["1", "3"], "nudge": 0.0}),
        ("I = {1, 2} is the only minimum of the six", {"begin": BEGINS[1], "indices": ["1", "2"], "nudge": 0.1}),
        ("p = d: nothing is left out, A·B becomes L*", {"p": 4}),
        ("One block at a time", {"method": METHODS[1]}),
    )
    presets = {
        "From small weights": {},
        "From the worst saddle": {"begin": BEGINS[1], "indices": ["3", "4"]},
        "Five modes, three units": {"d": 5, "p": 3},
        "No bottleneck": {"p": 4},
    }
    diverges = "The rate is above 2 over the largest curvature, about 2σ₁ of the target."

    # ------------------------------------------------------------ the algorithm

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        """Modes that are there, and no more than there is room for."""
        return {"indices": ["1", "2"][: min(value, 2) if name == "p" else 1]} if name in ("d", "p") else {}

    def start(self) -> Metrics:
        d = self.d
        if self.p > d:
            raise Unfit("p", f"more hidden units than inputs, {d}, add nothing: choose p up to d")
        x = np.linalg.qr(self.rng.standard_normal((SAMPLES, d)))[0].T * np.sqrt(SAMPLES)  # white: Sxx = n
        U, V = (np.linalg.qr(self.rng.standard_normal((d, d)))[0] for _ in "UV")
        y = U @ np.diag(3 * 0.55 ** np.arange(d)) @ V.T @ x + self.noise * self.rng.standard_normal((d, SAMPLES))
        self.model = TwoLayers.of(x, y)
        self.levels = np.array([self.model.level(chosen) for chosen in index_sets(d, self.p)])
        self.A = self.size * self.rng.standard_normal((d, self.p))
        self.B = self.size * self.rng.standard_normal((self.p, d))
        self.C = np.eye(self.p) + 0.2 * self.rng.standard_normal((self.p, self.p))
        self.push = self.rng.standard_normal((2, d, self.p))
        if self.begin == BEGINS[1]:
            self.place()
        return self.measured()

    def step(self) -> Metrics:
        """Gradient descent on both matrices at once, or one of them solved for."""
        with np.errstate(all="ignore"):
            if self.method == METHODS[1]:
                if self.t % 2:
                    self.A = self.model.best_A(self.B)
                else:
                    self.B = self.model.best_B(self.A)
            else:
                dA, dB = self.model.gradients(self.A, self.B)
                self.A, self.B = self.A - self.rate * dA, self.B - self.rate * dB
        return self.measured()

    def chosen(self) -> tuple[int, ...]:
        """I, its modes numbered from 0."""
        modes = tuple(int(mode) - 1 for mode in self.indices)
        if len(modes) > self.p or max(modes, default=0) >= self.d:
            raise Unfit(
                "indices", f"with d = {self.d} and p = {self.p}, tick up to {self.p} of the first {self.d} modes"
            )
        return modes

    @action
    def place(self) -> None:
        """Put the network at the critical point of I, pushed off it by ε."""
        self.A, self.B = self.model.critical(self.chosen(), self.C)
        self.perturb()

    @action
    def perturb(self) -> None:
        """Push all weights by ε in a random direction."""
        self.A = self.A + self.nudge * self.push[0]
        self.B = self.B + self.nudge * self.push[1].T

    def changed(self, name: str) -> None:
        if name == "indices":
            self.place()

    def measured(self) -> Metrics:
        if not (np.isfinite(self.A).all() and np.isfinite(self.B).all()):
            return {"loss": np.nan}
        bends = np.linalg.eigvalsh(self.model.hessian(self.A, self.B))
        singular = np.linalg.svd(self.A @ self.B, compute_uv=False)[: self.p]
        return {
            "loss": self.model.loss(self.A, self.B),
            "index": float(np.sum(bends < -ZERO * np.abs(bends).max())),
            **{f"singular/{i + 1}": float(value) for i, value in enumerate(singular)},
        }

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Column(
            Row(
                Panel(
                    "Singular values",
                    Guide(y="aims", label="L*", tint="text"),
                    Curve("singular"),
                    x="step t",
                    y="σᵢ(A·B)",
                    detail="learnt",
                    help="Dashed: the singular values of the single layer L* = Syx Sxx⁻¹; only p of them have room",
                ),
                Panel(
                    "Loss",
                    Guide(y="plateaus"),
                    Curve("loss"),
                    x="step t",
                    y="ℓ",
                    detail="nearest",
                    help="Dashed: the loss (tr Syy − Σ λᵢ)/2n with the first modes, none to p, and with those it has",
                ),
            ),
            Row(
                Tabs(
                    Panel(
                        "All critical points",
                        Table("rows", header="header", chosen="current"),
                        detail="counted",
                        help="Each choice I of p modes; lit: the one that A·B is nearest to",
                    ),
                    Panel("Loss of each", Bars("losses", labels="set_names"), x="I", y="ℓ", still=True),
                ),
                Tabs(
                    Panel(
                        "Curvatures",
                        Bars("curvatures", colour="sign"),
                        x="eigenvalue of the Hessian",
                        y="λ(H)",
                        detail="signs",
                        help="Negative ones are ways down; p² are 0, as A C and C⁻¹ B are the same network",
                    ),
                    Panel("Ways down", Curve("index"), x="step t", y="saddle index"),
                ),
                Panel("Update", Equation("update"), Note("said")),
                sizes=(5, 5, 6),
            ),
            sizes=(1, 1),
        )

    @drawn(on=("levels",))
    def aims(self) -> np.ndarray:
        return np.linalg.svd(self.model.single, compute_uv=False)

    @drawn
    def plateaus(self) -> np.ndarray:
        """The levels of the first modes, from none to p, and that of the modes it has now."""
        return np.array([self.model.level(modes) for modes in (*map(range, range(self.p + 1)), self.learnt_modes())])

    def index_sets(self) -> list[tuple[int, ...]]:
        return index_sets(self.d, self.p)

    @drawn(on=("levels",))
    def set_names(self) -> tuple[str, ...]:
        return tuple("".join(str(i + 1) for i in chosen) for chosen in self.index_sets())

    @drawn(on=("levels",))
    def losses(self) -> np.ndarray:
        return self.levels

    @drawn
    def header(self) -> tuple[str, ...]:
        return ("I", "ℓ", "ways down", "kind")

    @drawn(on=("levels",))
    def rows(self) -> tuple[tuple[str, ...], ...]:
        found = [(chosen, saddle_index(chosen, self.d)) for chosen in self.index_sets()]
        return tuple(
            (
                "{" + ",".join(str(i + 1) for i in chosen) + "}",
                f"{level:.4f}",
                str(down),
                "saddle" if down else "minimum",
            )
            for (chosen, down), level in zip(found, self.levels)
        )

    @drawn
    def counted(self) -> str:
        return f"C({self.d}, {self.p}) = {len(self.levels)}"

    def strengths(self) -> np.ndarray:
        """How much of each mode of L* the product has: 1 is all of it."""
        U = self.model.modes()[1]
        wanted = U.T @ self.model.single
        return np.nan_to_num(np.einsum("ij,ij->i", U.T @ self.A @ self.B, wanted) / (wanted**2).sum(axis=1))

    @drawn
    def current(self) -> int:
        best = tuple(sorted(np.argsort(-self.strengths())[: self.p].tolist()))
        return self.index_sets().index(best)

    def learnt_modes(self) -> tuple[int, ...]:
        return tuple(np.flatnonzero(self.strengths() > 0.5).tolist())

    def present(self) -> str:
        return "{" + ", ".join(str(i + 1) for i in self.learnt_modes()) + "}"

    @drawn
    def learnt(self) -> str:
        return f"learnt: {self.present()}"

    @drawn
    def nearest(self) -> str:
        return f"at {self.present()}: ways down: {self.sign_counts()[0]}"

    @drawn
    def curvatures(self) -> np.ndarray:
        with np.errstate(all="ignore"):
            H = self.model.hessian(self.A, self.B)
        return np.linalg.eigvalsh(H) if np.isfinite(H).all() else np.zeros(len(H))

    def sign_counts(self) -> tuple[int, int]:
        bends = self.curvatures()
        small = ZERO * np.abs(bends).max()
        return int(np.sum(bends < -small)), int(np.sum(np.abs(bends) <= small))

    @drawn
    def signs(self) -> str:
        down, none = self.sign_counts()
        return f"{down} down, {none} flat"

    @drawn
    def update(self) -> Update:
        modes = self.learnt_modes()
        values = self.model.modes()[0][list(modes)]
        return Update(
            r"\ell = \frac{1}{2n} \sum_i \|y_i - A B\, x_i\|^2 \\ "
            r"\ell_I = \frac{1}{2n}\,(T - \Lambda_I) \\ A' = A - \eta\,(A B - L^*)\, \Sigma_x B^\top",
            {
                r"\ell": self.model.loss(self.A, self.B),
                r"\ell_I": self.model.level(modes),
                "T": float(np.trace(self.model.Syy)),
                r"\Lambda_I": float(values.sum()),
                "n": self.model.n,
                r"\eta": self.rate,
            },
        )

    @drawn
    def said(self) -> str:
        """Plateau, descent or end."""
        if not (np.isfinite(self.A).all() and np.isfinite(self.B).all()):
            return self.diverges
        slope = np.sqrt(sum(float((g**2).sum()) for g in self.model.gradients(self.A, self.B)))
        down, _ = self.sign_counts()
        at = f"with the modes {self.present()}" if self.present() != "{}" else "with nothing learnt"
        best = self.model.loss(self.A, self.B) - self.levels.min()
        if best < 1e-6:
            if self.p == self.d:
                return f"The global minimum {at}: no mode is left out, and A·B is L*."
            return f"The global minimum {at}. All {len(self.levels) - 1} other choices of {self.p} modes are saddles."
        if slope < 1e-9:
            return f"Exactly on a critical point {at}: its ways down number {down}, but nothing pushes it. Perturb it."
        if self.learnt_modes() == tuple(range(self.p)):
            return f"On the last way down {at}: {best:.2g} above the global minimum."
        if slope < 0.2:
            return f"A plateau near the saddle {at}: its ways down number {down}, its gradient is only {slope:.2g}."
        return f"Coming down {at}: one more mode is being learnt, the stronger ones first."
