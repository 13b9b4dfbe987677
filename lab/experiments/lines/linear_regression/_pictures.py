"""The pictures of linear regression: line, squares and bands; bowl, paths and valleys; matrices, shapes and weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.data.points import EDGE
from lab.experiment import drawn
from lab.experiments.lines.linear_regression._samples import OWN, Sample
from lab.experiments.lines.linear_regression._tables import Tables, calm
from lab.marks import Field
from lab.maths import least_squares as ls

GRID = 90
CROWD = 50  # samples beyond which sticks are drawn, not squares
RATES = (1.01242, 0.99133, 0.42184)  # of 2/λmax: 0.024, 0.0235 and 0.01 in Figure 2.7
MOST = 20_000
FRAMES = 300  # steps of a diverging path that are drawn
SIDES = np.array([(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)])


class Pictures(Tables):
    """What is drawn of a line, its data and its bowl."""

    method: Any
    objective: Any
    residuals: Any
    band: Any
    ask: Any
    H: np.ndarray
    begin: np.ndarray
    window: np.ndarray  # (2, 2): the bowl's θ₀ and θ₁, from and to
    reach: np.ndarray  # the inputs of the line's two ends
    tried: np.ndarray
    steepest: float
    halvings: int
    finished: str

    def phi(self, x: Any) -> Any:
        raise NotImplementedError

    def source(self) -> Sample:
        raise NotImplementedError

    # ------------------------------------------------------------ what is in view

    def around(self) -> np.ndarray:
        """A square of the plane of θ about θ*, wide enough for the start."""
        half = 1.3 * max(float(np.abs(self.begin - self.star).max()), 1.0)
        return np.column_stack([self.star - half, self.star + half])

    def ends(self) -> np.ndarray:
        """The least and the greatest input, apart."""
        low, high = float(self.x.min()), float(self.x.max())
        return np.array([low, high if high > low else low + 1])

    def frame(self) -> tuple[tuple[float, float], tuple[float, float]]:
        if self.data == OWN:
            return (-EDGE, EDGE), (-EDGE, EDGE)
        sides = []
        for values in (self.x, self.y):
            low, high = float(values.min()), float(values.max())
            sides.append((low - 0.06 * (high - low), high + 0.06 * (high - low)))
        return sides[0], sides[1]

    def wide(self) -> np.ndarray:
        """Inputs from one side of the data panel to the other."""
        (low, high), _ = self.frame()
        return np.linspace(max(low, self.reach[0]) if self.inputs == "logarithm" else low, high, 81)

    def h(self, theta: np.ndarray, x: Any) -> np.ndarray:
        """θ₀ + θ₁ φ(x), kept where it can be drawn."""
        return np.clip(np.nan_to_num(ls.design(self.phi(np.asarray(x, dtype=float))) @ calm(theta)), -1e6, 1e6)

    def curve(self, theta: np.ndarray) -> np.ndarray:
        x = self.wide() if self.inputs == "logarithm" else self.wide()[[0, -1]]
        return np.column_stack([x, self.h(theta, x)])

    # ------------------------------------------------------------ data

    @drawn
    def spots(self) -> np.ndarray:
        return np.column_stack([self.x, self.y])

    @drawn
    def lanes(self) -> tuple[str, ...]:
        return ("gradient descent",) if len(self.theta) == 1 else (self.method, "gradient descent")

    @drawn
    def line(self) -> np.ndarray:
        return self.curve(self.theta[0])

    @drawn
    def rival_line(self) -> np.ndarray:
        return self.curve(self.theta[1]) if len(self.theta) > 1 else np.empty((0, 2))

    @drawn
    def best_line(self) -> np.ndarray:
        return self.curve(self.star)

    def heights(self) -> np.ndarray:
        return self.h(self.theta[0], self.reach)

    @drawn
    def left(self) -> np.ndarray:
        return np.array([self.reach[0], self.heights()[0]])

    @drawn
    def right(self) -> np.ndarray:
        return np.array([self.reach[1], self.heights()[1]])

    def fitted(self) -> np.ndarray:
        return self.h(self.theta[0], self.x)

    def squared(self) -> bool:
        return self.residuals == "squares" and len(self.x) <= CROWD

    @drawn
    def squares(self) -> tuple[np.ndarray, ...]:
        """On each residual a square, to the side where there is room: as wide in x as the residual is high in y."""
        if not self.squared():
            return ()
        (x0, x1), (y0, y1) = self.frame()
        drawn_as = (x1 - x0) / (y1 - y0)  # units of x that look as long as one of y, in a square panel
        found = []
        for x, y, h in zip(self.x, self.y, self.fitted()):
            side = abs(h - y) * drawn_as
            outward = 1 if x + side <= x1 or x - side < x0 else -1
            found.append(np.array([x, y]) + SIDES * [outward * side, h - y])
        return tuple(found)

    @drawn
    def sticks(self) -> tuple[np.ndarray, ...]:
        if self.residuals == "none" or self.squared():
            return ()
        return tuple(np.array([[x, y], [x, h]]) for x, y, h in zip(self.x, self.y, self.fitted()))

    def half_width(self, x: np.ndarray) -> np.ndarray:
        if self.band == "RMSE":
            return np.full(len(x), min(ls.rmse(self.y, self.fitted()), 1e6))
        return ls.confidence(self.X, self.y, ls.design(self.phi(x)))

    @drawn
    def edges(self) -> tuple[np.ndarray, ...]:
        """± RMSE about the line; or the 95 % band about the best one."""
        if self.band == "none":
            return ()
        x = self.wide()
        middle, half = self.h(self.theta[0] if self.band == "RMSE" else self.star, x), self.half_width(x)
        return np.column_stack([x, middle - half]), np.column_stack([x, middle + half])

    @drawn
    def asked(self) -> np.ndarray:
        x = float(np.clip(self.ask, *self.reach))
        return np.array([[x, self.h(self.theta[0], [x])[0]]])

    @drawn
    def answer(self) -> tuple[str, ...]:
        ((x, y),) = self.asked()
        half = "" if self.band == "none" else f" ± {self.half_width(np.array([x]))[0]:.3g}"
        return (f"h({x:.3g}) = {y:.4g}{half}",)

    @drawn
    def area(self) -> str:
        total = float(((self.fitted() - self.y) ** 2).sum())
        return f"area {total:.3g}"

    # ------------------------------------------------------------ the bowl

    @drawn(on=("H", "star", "window"))
    def bowl(self) -> Field:
        axes = [np.linspace(low, high, GRID) for low, high in self.window]
        places = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
        (x, y) = self.window.tolist()
        return Field(self.J(places).reshape(GRID, GRID), tuple(x), tuple(y))

    @drawn
    def best(self) -> np.ndarray:
        return self.star[None]

    @drawn
    def here(self) -> np.ndarray:
        return np.clip(calm(self.theta[0]), -1e6, 1e6)

    @drawn
    def inside(self) -> np.ndarray:
        return np.clip(calm(self.theta), self.window[:, 0], self.window[:, 1])

    @drawn
    def inside_heights(self) -> np.ndarray:
        return self.J(self.inside())

    @drawn
    def valleys(self) -> tuple[np.ndarray, ...]:
        """For each sample taken, the θ whose line goes through it: θ₀ = y − θ₁ φ."""
        slopes = self.window[1]
        return tuple(np.column_stack([self.y[i] - slopes * self.X[i, 1], slopes]) for i in self.taken[:8])

    @drawn
    def round(self) -> str:
        """How long the ellipses are."""
        low, high = np.sqrt(np.abs(np.linalg.eigvalsh(self.H)))
        return f"{high / low:.3g} : 1" if low > 1e-6 * high else "a trough"

    @drawn
    def loss_is(self) -> str:
        return f"J = {self.J(self.inside())[0]:.4g}"

    @drawn
    def safe(self) -> np.ndarray:
        """1/λmax and 2/λmax of this loss."""
        return np.array([1 / self.steepest, 2 / self.steepest])

    @drawn
    def safe_is(self) -> str:
        return f"2/λmax = {2 / self.steepest:.4g}"

    # ------------------------------------------------------------ three rates (Figure 2.7)

    @drawn(on=("H", "star", "begin", "tolerance"))
    def runs(self) -> tuple[tuple[int, ...], tuple[np.ndarray, ...]]:
        """How many steps each makes (0: it never stops), and its path as far as the window goes."""
        counts, paths = [], []
        for share in RATES:
            rate = share * 2 / self.steepest
            steps = ls.steps_until(self.H, self.star, self.begin, rate, self.tolerance, MOST) or 0
            times = np.unique(np.concatenate([np.arange(FRAMES), np.geomspace(1, steps or FRAMES, 200).astype(int)]))
            path = ls.descent(self.H, self.star, self.begin, rate, times)
            out = np.flatnonzero(~((path >= self.window[:, 0]) & (path <= self.window[:, 1])).all(axis=1))
            counts.append(steps)
            paths.append(path[: out[0]] if len(out) else path)
        return tuple(counts), tuple(paths)

    @drawn
    def three(self) -> tuple[np.ndarray, ...]:
        return self.runs()[1]

    @drawn
    def three_whose(self) -> np.ndarray:
        return np.arange(len(RATES))

    @drawn
    def three_ends(self) -> np.ndarray:
        """A legend in the upper left: where the three paths end is one place."""
        (x0, x1), (y0, y1) = self.window
        rows = y1 - (y1 - y0) * np.array([0.08, 0.2, 0.32])
        return np.column_stack([np.full(3, x0 + 0.05 * (x1 - x0)), rows])

    @drawn
    def three_names(self) -> tuple[str, ...]:
        named = []
        for share, steps in zip(RATES, self.runs()[0]):
            end = f"{steps} steps" if steps else "diverges" if share > 1 else f"over {MOST} steps"
            named.append(f"{share * 2 / self.steepest:.3g}: {end}")
        return tuple(named)

    # ------------------------------------------------------------ in words

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        share, safe = self.eta() * self.steepest, f"2/λmax = {2 / self.steepest:.3g} for the {self.objective}"
        if self.halvings:
            return f"A step climbed: back to the start, η halved {self.halvings} times, now {self.eta():.3g}; {safe}."
        if self.method == "random search":
            return f"{len(self.tried)} tries in the picture; a try is kept only if its J is lower, so J never rises."
        if self.method == "closed form":
            return "One jump to where ∇J = 0: the residuals then sum to 0, and so do residuals times inputs."
        if self.method != "gradient descent":
            if not self.taken:
                return "Each step looks at samples picked at random, and goes down the bowl that these alone make."
            count = len(self.taken)
            which, them = ("one sample", "it") if count == 1 else (f"{count} samples", "them")
            return f"Ringed: the {which} of this step, of {len(self.y)}. The pull is towards lines through {them}."
        if self.round() == "a trough":
            return "All inputs are alike: XᵀX has no inverse, a whole line of θ is best, and the star is its shortest."
        if share >= 2:
            return f"η λmax = {share:.3g} is over 2: each step ends higher on the other side; {safe}."
        way = "crosses the valley at each step, yet comes down" if share > 1 else "stays on its side of the valley"
        slow = 1 - self.eta() * float(np.linalg.eigvalsh(self.H)[0])
        return f"η λmax = {share:.3g}: it {way}. On the flat way {100 * slow:.6g} % is left after a step; {safe}."
