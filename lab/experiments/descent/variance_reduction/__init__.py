"""Variance reduction: five methods pay gradient by gradient; those that remember old ones lose the noise of SGD."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Dots, Equation, Guide, Matrix, Note, Panel, Row, Table, Tabs
from lab.maths.finite_sums import FiniteSum, LeastSquares, Logistic
from lab.maths.variance_reduction import GD, SAGA, SGD, SVRG, Method

DIMENSIONS = 5
ACCURACIES = (1e-2, 1e-4, 1e-8)
STEPS_A_PASS = 5
LOWEST = 1e-16
COLOURS = {"GD": 0, "SGD": 1, "SAG": 2, "SVRG": 3, "SAGA": 4, "checkpoints": 3}


class VarianceReduction(Experiment):
    scenes = ("control-variate",)

    problem = Choice(
        ("least squares", "logistic regression"), symbol="ℓ", restarts=True, help="what the n samples ask of w"
    )
    n = Count(
        100, 10, 300, symbol="n", label="Samples", restarts=True, help="how many: the price of one whole gradient"
    )
    residuals = Slider(1, 0, 3, symbol="s", restarts=True, help="standard deviation of what no w can fit")
    decline = Slider(
        1.5, 0, 3, symbol="p", restarts=True, help="the data's variance falls as 1/kᵖ over its directions: κ grows"
    )
    gd_rate = Slider(1, 0.05, 1.9, symbol="η L", label="Rate of GD", restarts=True, help="L: greatest curvature of ℓ")
    rate = Slider(
        1 / 3,
        0.01,
        1,
        log=True,
        symbol="η L_max",
        restarts=True,
        help="of SGD, SVRG and SAGA; L_max: the greatest curvature of any sample; theory asks for a third",
    )
    sag_rate = Slider(
        1 / 16, 0.01, 1, log=True, symbol="η L_max", label="Rate of SAG", restarts=True, help="theory asks for 1/16"
    )
    period = Slider(2, 0.1, 10, symbol="s", restarts=True, help="steps from one checkpoint of SVRG to the next, over n")
    whose = Choice(("SAGA", "SAG"), view=True, label="Buffer of", help="whose remembered gradients are shown")

    metrics = {"gap": "ℓ − ℓ*", "error": "‖d − ∇ℓ‖", "passes": "gradients / n", "evaluations": "gradients"}
    fixed = ("f",)
    diverges = "The rate is too large for the sample that curves most."
    presets = {
        "Text 4: n = 50, five weights, rate 1/(3 L_max)": {"n": 50, "decline": 0, "rate": 1 / 3, "sag_rate": 1 / 16},
        "Logistic regression": {"problem": "logistic regression", "n": 100},
        "A round problem, few samples: GD is hard to beat": {"n": 20, "decline": 0},
    }
    prompts = (
        ("SAG with the rate of SAGA: biased, and yet?", {"sag_rate": 1 / 3}),
        ("Three times the samples: who needs three times the gradients?", {"n": 300}),
        ("A sum that can be fitted: does SGD need any help?", {"residuals": 0}),
        ("A checkpoint every n/10 steps: where do SVRG's gradients go?", {"period": 0.1}),
        ("A rare checkpoint: its correction is out of date", {"period": 10}),
    )

    # ------------------------------------------------------------ training

    def start(self) -> Metrics:
        self.f = self.chosen()
        w, f = np.zeros(DIMENSIONS), self.f
        single = self.rate / f.L_max
        self.methods: dict[str, Method] = {
            "GD": GD(f, w, self.gd_rate / f.L),
            "SGD": SGD(f, w, single),
            "SAG": SAGA(f, w, self.sag_rate / f.L_max, lam=1 / f.n),
            "SVRG": SVRG(f, w, single, max(1, round(self.period * f.n))),
            "SAGA": SAGA(f, w, single),
        }
        self.first = float(f.gap(w))
        self.crossed = np.zeros((len(self.methods), len(ACCURACIES)), dtype=int)  # gradients paid; 0: not yet
        self.checkpoints: tuple[tuple[float, float], ...] = ()
        self.fresh: tuple[int, ...] = ()
        self.spent = 0
        return self.measured()

    @np.errstate(all="ignore")
    def step(self) -> Metrics:
        """A fifth of n gradients more for each: it steps while it can pay. All read the same samples."""
        budget = self.spent = self.budget()
        samples = self.rng.integers(self.f.n, size=self.share())
        fresh = []
        for row, (name, one) in enumerate(self.methods.items()):
            for i in samples:
                if one.paid + one.price(self.f) > budget:
                    break
                if isinstance(one, SVRG) and one.due():
                    self.checkpoints += ((float(one.paid + self.f.n), self.gap(one.w)),)
                one.step(self.f, int(i))
                self.cross(row, one)
                if name == "SAGA":
                    fresh.append(int(i))
        self.fresh = tuple(fresh)
        if all(self.gap(self.methods[name].w) < 1e-13 for name in ("SVRG", "SAGA")):
            self.finish("SVRG and SAGA are at the minimum, as far as numbers of 64 bits can tell.")
        return self.measured()

    def budget(self) -> int:
        return self.share() * (self.t + 1)

    def share(self) -> int:
        return max(1, self.f.n // STEPS_A_PASS)

    def gap(self, w: np.ndarray) -> float:
        """As a share of the first gap, by the gradient: ℓ − ℓ* itself would be lost in rounding."""
        e = w - self.f.minimiser
        if isinstance(self.f, LeastSquares):
            return max(float(e @ self.f.hessian @ e) / 2 / self.first, LOWEST)
        return max(float(self.f.gap(w)) / self.first, LOWEST)

    def cross(self, row: int, one: Method) -> None:
        gap = self.gap(one.w)
        for column, accuracy in enumerate(ACCURACIES):
            if gap <= accuracy and not self.crossed[row, column]:
                self.crossed[row, column] = one.paid

    def chosen(self) -> FiniteSum:
        X = self.rng.normal(size=(self.n, DIMENSIONS)) * np.arange(1, DIMENSIONS + 1) ** (-self.decline / 2)
        y = X @ self.rng.normal(size=DIMENSIONS) + self.residuals * self.rng.normal(size=self.n)
        if self.problem == "least squares":
            return LeastSquares(X, y)
        return Logistic(X, np.where(y >= 0, 1, -1), penalty=0.05)

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        row: Metrics = {}
        for name, one in self.methods.items():
            row[f"gap/{name}"] = self.gap(one.w)
            if one.steps and name != "GD":
                row[f"error/{name}"] = max(float(np.linalg.norm(one.went - self.f.gradient(one.before))), 1e-12)
        paid = self.spent
        return row | {"evaluations": float(paid), "passes": paid / self.f.n}

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        return Row(
            Column(
                Panel(
                    "Gap by cost",
                    Guide(y="accuracies", tint="quiet"),
                    Curve("gap", against="evaluations", colours="colours"),
                    Dots("checkpoint_dots", shape="triangle", tint="3"),
                    x="gradients of single samples",
                    y="(ℓ − ℓ*) / first gap",
                    log_y=True,
                    help="GD pays n a step; SGD 1; SAG and SAGA 1, after n to fill the buffer; SVRG 2, and n at "
                    "each triangle, a checkpoint",
                ),
                Panel(
                    "Buffer",
                    Matrix("buffer", lit="refreshed", numbers=False),
                    detail="age",
                    help="A column is the last gradient of one sample. Framed: refreshed in this step",
                ),
                sizes=(5, 2),
            ),
            Column(
                Tabs(
                    Panel(
                        "Crossings",
                        Table("crossings", header="accuracies_named"),
                        detail="price",
                        help="Gradients of single samples until the gap is that share of the first",
                    ),
                    Panel("Prices", Table("prices", header="prices_named")),
                ),
                Panel(
                    "Error of the direction",
                    Curve("error", against="passes", colours="colours"),
                    x="gradients / n",
                    y="‖d − ∇ℓ(w)‖",
                    log_y=True,
                    help="How far the last step's direction was from the whole gradient. SGD's stays; the others' goes",
                ),
                Panel("Update", Equation("update"), Note("said")),
                sizes=(9, 8, 8),
            ),
            sizes=(3, 2),
        )

    @drawn
    def colours(self) -> dict[str, int]:
        return COLOURS

    @drawn
    def accuracies(self) -> np.ndarray:
        return np.array(ACCURACIES)

    @drawn
    def accuracies_named(self) -> tuple[str, ...]:
        return ("", *(f"{a:.0e}".replace("e-0", "e-") for a in ACCURACIES))

    @drawn
    def crossings(self) -> tuple[tuple[str, ...], ...]:
        return tuple(
            (name, *(f"{paid:,}" if paid else "–" for paid in row)) for name, row in zip(self.methods, self.crossed)
        )

    @drawn
    def price(self) -> str:
        return f"n = {self.f.n}"

    @drawn
    def prices_named(self) -> tuple[str, ...]:
        return ("", "steps", "gradients", "of one step")

    @drawn
    def prices(self) -> tuple[tuple[str, ...], ...]:
        words = {"GD": "n", "SGD": "1", "SAG": "1, n first", "SVRG": "2, n a checkpoint", "SAGA": "1, n first"}
        return tuple((name, f"{one.steps:,}", f"{one.paid:,}", words[name]) for name, one in self.methods.items())

    @drawn
    def checkpoint_dots(self) -> np.ndarray:
        return np.array(self.checkpoints).reshape(-1, 2)

    def shown(self) -> SAGA:
        one = self.methods[self.whose]
        assert isinstance(one, SAGA)
        return one

    @drawn
    def buffer(self) -> np.ndarray:
        return np.nan_to_num(np.clip(self.shown().buffer.T, -1e3, 1e3))

    @drawn
    def refreshed(self) -> np.ndarray:
        lit = np.zeros((DIMENSIONS, self.f.n), dtype=bool)
        lit[:, list(self.fresh)] = True
        return lit

    @drawn
    def age(self) -> str:
        one = self.shown()
        ages = one.steps - one.read_at
        return f"{self.whose}: mean age {ages.mean():.0f} steps, oldest {ages.max()}"

    @drawn
    def update(self) -> Update:
        """The direction of the step just made, in its first component."""
        one, n = self.shown(), self.f.n
        latex = r"d = \nabla \ell_i(w) - (g^i - \bar{g})"
        if self.whose == "SAG":
            latex = r"d = \frac{1}{n} \nabla \ell_i(w) - (\frac{1}{n} g^i - \bar{g})"
        if not one.steps:
            return Update(latex, {})
        numbers = {
            "d": one.went[0],
            r"\nabla \ell_i(w)": one.new[0],
            "g^i": one.old[0],
            r"\bar{g}": one.mean_before[0],
            r"\frac{1}{n}": 1 / n,
        }
        return Update(latex, {symbol: float(value) for symbol, value in numbers.items() if symbol in latex})

    @drawn
    def said(self) -> str:
        if not all(np.isfinite(one.w).all() for one in self.methods.values()):
            return self.diverges
        if not self.t:
            return "SAG and SAGA must first pay n gradients to fill the buffer, SVRG as many for its checkpoint."
        gaps = {name: self.gap(one.w) for name, one in self.methods.items()}
        best = min(gaps, key=lambda name: gaps[name])
        saga = self.methods["SAGA"]
        return (
            f"Ahead now: {best}, at {gaps[best]:.1e}; SGD is at {gaps['SGD']:.1e}. SAGA's sample {saga.read}: its new "
            "gradient less its remembered one, plus the mean of the buffer. Near w* the first two cancel."
        )
