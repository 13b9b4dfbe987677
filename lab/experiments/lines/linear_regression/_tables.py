"""The tables of linear regression: matrices and their shapes, lines and their losses, weights as bars."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.data.tables import table
from lab.experiment import drawn
from lab.experiments.lines.linear_regression._samples import DIABETES, LINE, standard
from lab.marks import Bars, Matrix, Panel, Table, Tabs
from lab.maths import least_squares as ls

SHOWN = 8  # samples in the matrices


class Tables:
    """What is written of a line, its data and its bowl."""

    data: Any
    inputs: Any
    ones: Any
    cell: Any
    tolerance: Any
    X: np.ndarray
    x: np.ndarray
    y: np.ndarray
    star: np.ndarray
    theta: np.ndarray
    taken: tuple[int, ...]
    c: float
    t: int

    def J(self, theta: np.ndarray) -> Any:
        raise NotImplementedError

    def eta(self) -> float:
        raise NotImplementedError

    def shrink(self) -> float:
        raise NotImplementedError

    def fitted(self) -> np.ndarray:
        raise NotImplementedError

    def table_panels(self) -> Tabs:
        return Tabs(
            Panel(
                "Lines",
                Table("lines", header="lines_header"),
                detail="fit_is",
                help="This line, the best one, and the two that the text shows for 3x + 1",
            ),
            Panel(
                "Matrices",
                Matrix("inputs_shown", rows="inputs_rows", columns="numbers", lit="lit_inputs", pick="cell"),
                Matrix("targets", rows="targets_rows", lit="lit_row", pick="cell"),
                Matrix("misses", rows="misses_rows", lit="lit_row", pick="cell"),
                detail="agree",
                help="The first samples, a column each: X, Y and R = θᵀX − Y. Click a column: it rings its point",
            ),
            Panel("Weights", Bars("heights_of", labels="heights_names", colour="sign"), y="θ", detail="weighs"),
            Panel(
                "Design matrix",
                Matrix("design_shown", rows="numbers", columns="design_columns", lit="lit_design"),
                detail="design_shape",
                shown=False,
                help="X as a row for each sample, a 1 in front",
            ),
            Panel("Shapes", Table("shapes", header="shapes_header"), detail="two_sums", shown=False),
        )

    def picked(self) -> int:
        return int(np.clip(self.cell[1], 0, self.some() - 1))

    @drawn
    def lit(self) -> np.ndarray:
        """The samples of this step, and the one picked in the matrices."""
        return np.isin(np.arange(len(self.x)), [*self.taken, *([self.picked()] if self.cell[1] >= 0 else [])])

    # ------------------------------------------------------------ measures

    @drawn
    def least(self) -> np.ndarray:
        return np.array([max(float(self.J(self.star)), 1e-12)])

    @drawn
    def epsilon(self) -> np.ndarray:
        return np.array([self.tolerance])

    @drawn
    def law(self) -> str:
        return f"each step at most × {self.shrink() ** 2:.4g}"

    @drawn
    def fit_is(self) -> str:
        fitted = self.fitted()
        return f"RMSE {ls.rmse(self.y, fitted):.3g}, R² {ls.r_squared(self.y, fitted):.3g}"

    @drawn
    def lines(self) -> tuple[tuple[Any, ...], ...]:
        straight = ls.design(self.x)
        rows = [("this one", calm(self.theta[0]), self.X), ("best", self.star, self.X)]
        if self.data == LINE:
            rows += [("text's bad", np.array([10.0, 1]), straight), ("text's good", np.array([1.0, 3]), straight)]
        return tuple(
            (name, f"{theta[0]:.3g}", f"{theta[1]:.3g}", f"{float(ls.loss(theta, X, self.y, self.c)):.3g}")
            for name, theta, X in rows
        )

    @drawn
    def lines_header(self) -> tuple[str, ...]:
        return "line", "θ₀", "θ₁", "J"

    # ------------------------------------------------------------ matrices

    def some(self) -> int:
        return min(SHOWN, len(self.x))

    @drawn
    def numbers(self) -> tuple[str, ...]:
        return tuple(str(i + 1) for i in range(self.some()))

    @drawn
    def inputs_shown(self) -> np.ndarray:
        """X (d × n), its row of ones on top where the 1 is appended."""
        return self.X[: self.some(), 0 if self.ones else 1 :].T

    @drawn
    def inputs_rows(self) -> tuple[str, ...]:
        return ("1", "x") if self.ones else ("x",)

    @drawn
    def targets(self) -> np.ndarray:
        return self.y[None, : self.some()]

    @drawn
    def targets_rows(self) -> tuple[str, ...]:
        return ("Y",)

    @drawn
    def misses(self) -> np.ndarray:
        return (self.fitted() - self.y)[None, : self.some()]

    @drawn
    def misses_rows(self) -> tuple[str, ...]:
        return ("R",)

    @drawn
    def lit_inputs(self) -> np.ndarray:
        return np.repeat(self.lit()[None, : self.some()], len(self.inputs_rows()), axis=0)

    @drawn
    def lit_row(self) -> np.ndarray:
        return self.lit()[None, : self.some()]

    @drawn
    def lit_design(self) -> np.ndarray:
        return np.repeat(self.lit()[: self.some(), None], 2, axis=1)

    @drawn
    def design_shown(self) -> np.ndarray:
        return self.X[: self.some()]

    @drawn
    def design_columns(self) -> tuple[str, ...]:
        return "1", "x"

    @drawn
    def design_shape(self) -> str:
        return f"X is {len(self.y)} × 2"

    @drawn
    def agree(self) -> str:
        """Predictions with the offset apart, and as the weight of a 1."""
        theta = calm(self.theta[0])
        apart = theta[1] * self.X[:, 1] + theta[0]
        return f"θ̃ᵀx̃ − (θᵀx + θ₀): {np.abs(apart - self.X @ theta).max():.0e}"

    @drawn
    def shapes(self) -> tuple[tuple[str, ...], ...]:
        n, d = len(self.y), 1
        if self.ones:
            return (
                ("X̃", "(d + 1) × n", f"{d + 1} × {n}"),
                ("Y", "1 × n", f"1 × {n}"),
                ("θ̃", "(d + 1) × 1", f"{d + 1} × 1"),
                ("R = θ̃ᵀX̃ − Y", "1 × n", f"1 × {n}"),
                ("J = c R Rᵀ", "1 × 1", "1 × 1"),
            )
        return (
            ("X", "d × n", f"{d} × {n}"),
            ("Y", "1 × n", f"1 × {n}"),
            ("θ", "d × 1", f"{d} × 1"),
            ("θ₀", "1 × 1", "1 × 1"),
            ("R = θᵀX + θ₀ − Y", "1 × n", f"1 × {n}"),
            ("J = c R Rᵀ", "1 × 1", "1 × 1"),
        )

    @drawn
    def shapes_header(self) -> tuple[str, ...]:
        return "what", "shape", "here"

    @drawn
    def two_sums(self) -> str:
        """J as a sum over samples and as a product of matrices."""
        theta = calm(self.theta[0])
        residuals = self.X @ theta - self.y
        by_sum = self.c * sum(r * r for r in residuals.tolist())
        return f"Σ: {by_sum:.5g}, R Rᵀ: {self.c * float(residuals @ residuals):.5g}"

    # ------------------------------------------------------------ weights

    @drawn
    def heights_of(self) -> np.ndarray:
        """θ; for the patients those of all ten inputs, standardised, after as many steps of descent from 0."""
        if self.data != DIABETES:
            return np.clip(calm(self.theta[0]), -1e6, 1e6)
        X, y = all_inputs()
        H = ls.hessian(X, 1 / len(y))
        theta = ls.descent(H, ls.solution(X, y), np.zeros(X.shape[1]), self.eta(), [self.t])[0]
        return np.clip(calm(theta), -200, 200)

    @drawn
    def heights_names(self) -> tuple[str, ...]:
        return table(DIABETES).features if self.data == DIABETES else ("θ₀", "θ₁")

    @drawn
    def weighs(self) -> str:
        heights = self.heights_of()
        k = int(np.abs(heights).argmax()) if self.data == DIABETES else 1
        unit = "its deviation" if self.data == DIABETES or self.inputs == "standardised" else "1"
        return f"{self.heights_names()[k] if self.data == DIABETES else 'x'} up by {unit}: h {heights[k]:+.3g}"


def calm(theta: np.ndarray) -> np.ndarray:
    """Numbers that can be drawn, also of a descent that has exploded."""
    return np.clip(np.nan_to_num(theta, nan=0, posinf=1e9, neginf=-1e9), -1e9, 1e9)


def all_inputs() -> tuple[np.ndarray, np.ndarray]:
    """All inputs of the patients, each standardised, and y about its mean."""
    real = table(DIABETES)
    return np.column_stack([standard(column) for column in real.x.T]), real.y - real.y.mean()
