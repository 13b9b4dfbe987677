"""Table: thirty measurements of a tumour become two, found without the classes; standardised or not."""

from __future__ import annotations

import numpy as np

from lab.controls import Choice, Switch
from lab.data.tables import NAMES, table
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Bars, Column, Curve, Dots, Equation, Line, Matrix, Note, Panel, Row, Table, Tabs
from lab.maths.pca import by_eigen, by_svd, covariance, orthogonal_step, shares, standardised, widest_angle

MOST = 4  # components listed
CELLS = 4
SAMPLE = 120  # cases in the scatter matrix


class Features(Experiment):
    pace = 3
    data = Choice(NAMES, restarts=True, help="569 tumours of 30 measurements, 150 irises of 4, 178 wines of 13")
    standardise = Switch(True, restarts=True, help="each feature to variance 1: covariance becomes correlation")
    coloured = Switch(True, view=True, label="Classes in colour", help="PCA itself never sees them")

    metrics = {"kept": "tr VᵀSV", "best": "λ₁ + λ₂", "angle": "angle to v₁, v₂"}
    fixed = ("x", "y", "S")
    prompts = (
        ("Take the colours away: two groups, or one?", {"coloured": False}),
        ("Do not standardise: the largest unit takes all", {"standardise": False, "coloured": True}),
        ("Irises: one species lies apart", {"data": "iris", "coloured": True}),
        ("Wines: three growers, found by nobody", {"data": "wine", "coloured": True}),
    )
    presets = {
        "Breast cancer": {},
        "Breast cancer, raw": {"standardise": False},
        "Irises": {"data": "iris"},
        "Wines": {"data": "wine"},
    }
    tiny = {"data": "iris"}

    panels = Row(
        Column(
            Panel("Scores", Dots("scores", colour="classes", shape="disc"), x="z₁", y="z₂", detail="who"),
            Tabs(
                Panel("Variance kept", Bars("kept", labels="kept_names"), y="% of all", detail="cumulated"),
                Panel("Power iteration", Curve("kept", "best"), x="step t", y="variance in the plane"),
                Panel("Two routes", Table("routes", header="routes_header"), still=True, detail="same"),
            ),
            sizes=(5, 3),
        ),
        Column(
            Panel("S", Matrix("S", rows="short", columns="short", numbers=False), still=True, detail="kind"),
            Panel(
                "Scatter matrix",
                Line("cells", tint="quiet", width=1),
                Dots("scatter", colour="scatter_classes", shape="disc", size="small"),
                still=True,
                detail="which",
                range_x=(0, CELLS),
                range_y=(0, CELLS),
                help="The first four features against each other, each standardised to fit its cell",
            ),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(5, 5, 4),
        ),
        sizes=(6, 6),
    )

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        self.table = table(self.data)
        self.y = self.table.y
        self.x = standardised(self.table.x) if self.standardise else self.table.x - self.table.x.mean(axis=0)
        self.S = covariance(self.x)
        self.V = np.linalg.qr(self.rng.standard_normal((len(self.S), 2)))[0]
        return self.measured()

    def step(self) -> Metrics:
        """Power iteration on two vectors."""
        before = self.V
        self.V = orthogonal_step(self.S, self.V)
        if np.abs(self.V - before).max() < 1e-7:
            self.finish("The two vectors stand still: they are v₁ and v₂.")
        return self.measured()

    def measured(self) -> Metrics:
        return {
            "kept": float(np.trace(self.V.T @ self.S @ self.V)),
            "best": float(self.values()[:2].sum()),
            "angle": widest_angle(self.V, by_svd(self.x).vectors[:, :2]),
        }

    @drawn(on=("x",))
    def values(self) -> np.ndarray:
        return by_svd(self.x).values

    # ------------------------------------------------------------ pictures

    @drawn
    def scores(self) -> np.ndarray:
        return self.x @ self.V

    @drawn
    def classes(self) -> np.ndarray:
        return self.y if self.coloured else np.zeros_like(self.y)

    @drawn
    def who(self) -> str:
        n, p = self.x.shape
        return f"n = {n}, p = {p} → 2" + (f", {' / '.join(self.table.names)}" if self.coloured else ", unlabelled")

    @drawn
    def kept(self) -> np.ndarray:
        now = np.diag(self.V.T @ self.S @ self.V) / np.trace(self.S)
        return 100 * np.concatenate([now, shares(self.values())[:MOST]])

    @drawn
    def kept_names(self) -> tuple[str, ...]:
        return ("now 1", "now 2", *("v" + "₁₂₃₄"[i] for i in range(MOST)))

    @drawn
    def cumulated(self) -> str:
        first, second, *_ = shares(self.values())
        return f"two keep {100 * (first + second):.2f} %"

    @drawn
    def short(self) -> tuple[str, ...]:
        return tuple(str(i + 1) for i in range(len(self.S)))

    @drawn
    def kind(self) -> str:
        return "correlation" if self.standardise else "covariance"

    @drawn
    def which(self) -> str:
        return ", ".join(name.removesuffix(" (cm)") for name in self.table.features[:CELLS])

    def cornered(self) -> np.ndarray:
        """The first four features of some cases, from 0 to 1."""
        x = self.x[:: max(1, len(self.x) // SAMPLE), :CELLS]
        return 0.08 + 0.84 * (x - x.min(axis=0)) / np.ptp(x, axis=0)

    @drawn(on=("x",))
    def scatter(self) -> np.ndarray:
        x = self.cornered()
        places = [(i, j) for i in range(CELLS) for j in range(CELLS)]
        return np.concatenate([np.column_stack([x[:, j] + j, x[:, i] + CELLS - 1 - i]) for i, j in places])

    @drawn(on=("x",))
    def small(self) -> np.ndarray:
        return np.zeros(len(self.scatter()))

    @drawn(on=("x", "coloured"))
    def scatter_classes(self) -> np.ndarray:
        return np.tile(self.classes()[:: max(1, len(self.x) // SAMPLE)], CELLS**2)

    @drawn(on=("x",))
    def cells(self) -> tuple[np.ndarray, ...]:
        at = range(1, CELLS)
        return tuple(np.array(line, dtype=float) for i in at for line in ([[i, 0], [i, CELLS]], [[0, i], [CELLS, i]]))

    @drawn(on=("x",))
    def routes(self) -> tuple[tuple, ...]:
        svd, eigen = by_svd(self.x), by_eigen(self.x)
        return tuple(
            (
                f"{i + 1}",
                f"{eigen.values[i]:.6g}",
                f"{svd.values[i]:.6g}",
                f"{eigen.scores[0, i]:.6g}",
                f"{svd.scores[0, i]:.6g}",
            )
            for i in range(MOST)
        )

    @drawn
    def routes_header(self) -> tuple[str, ...]:
        return "i", "λᵢ of S", "δᵢ²/n", "X vᵢ, case 1", "uᵢδᵢ, case 1"

    @drawn(on=("x",))
    def same(self) -> str:
        return f"scores differ by {np.abs(by_svd(self.x).scores - by_eigen(self.x).scores).max():.1g} at most"

    @drawn
    def update(self) -> Update:
        now = self.measured()
        return Update(
            r"V R = S V_{\mathrm{old}},\quad \tilde X = X V"
            r" \\ K = \mathrm{tr}\, V^\top S V \le \lambda_1 + \lambda_2",
            {"K": now["kept"], r"\lambda_1": self.values()[0], r"\lambda_2": self.values()[1]},
        )

    @drawn
    def said(self) -> str:
        now, total = self.measured(), float(np.trace(self.S))
        held, best = 100 * now["kept"] / total, 100 * now["best"] / total
        loads = np.abs(self.V[:, 0])
        most = f"The first leans most on {self.table.features[int(loads.argmax())]}"
        if not self.standardise and best > 95:
            return f"Raw, what varies most decides: the plane keeps {held:.2f} % of at most {best:.2f} %. {most}."
        return f"{self.finished} The plane keeps {held:.2f} % of at most {best:.2f} %. {most}.".strip()
