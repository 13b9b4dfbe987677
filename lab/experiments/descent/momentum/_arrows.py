"""The step to come and the sum of the last ones, as arrows, for the momentum experiment."""

from __future__ import annotations

import numpy as np

from lab.experiment import drawn
from lab.experiments.descent.momentum._ground import Ground


class StepArrows:
    """Needs the run of a Momentum: w, v and the last moves, and which ball is watched."""

    ground: Ground
    rate: float
    last: int
    w: np.ndarray
    v: np.ndarray
    moves: np.ndarray
    slopes: np.ndarray
    names: tuple[str, ...]

    def lane(self) -> int:
        raise NotImplementedError

    def momentum_of(self, name: str) -> float:
        raise NotImplementedError

    # ---- the last steps, where they were made

    @drawn
    def from_where(self) -> np.ndarray:
        """Where each of the last steps began."""
        moves = self.moves[-self.last :, self.lane()]
        return finite(self.w[self.lane()] - moves[::-1].cumsum(axis=0)[::-1])

    @drawn
    def steps(self) -> np.ndarray:
        return finite(self.moves[-self.last :, self.lane()])

    @drawn
    def pulls(self) -> np.ndarray:
        return finite(-self.rate / self.ground.L * self.slopes[-self.last :, self.lane()])

    # ---- the step to come, from where the ball stands, as long as fits

    @drawn
    def coming(self) -> np.ndarray:
        """−ηρv, −η∇ℓ(w) and −η∇ℓ(u), scaled so that all fits; the scale is the last row."""
        eta, w = self.rate / self.ground.L, self.w[self.lane()]
        back = eta * self.momentum_of(self.names[self.lane()]) * self.v[self.lane()]
        with np.errstate(all="ignore"):
            parts = np.array([-back, -eta * self.ground.slope(w), -eta * self.ground.slope(w - back)])
            scale = np.abs([*parts, parts[0] + parts[1], parts[0] + parts[2]]).max()
            return finite(np.array([*(parts / scale), (scale, scale)])) if scale > 0 else np.zeros((4, 2))

    @drawn
    def scale(self) -> str:
        return f"1 = {self.coming()[3, 0]:.2g}"

    @drawn
    def here(self) -> np.ndarray:
        return np.zeros((1, 2))

    @drawn
    def carried(self) -> np.ndarray:
        return self.coming()[:1]

    @drawn
    def pull_here(self) -> np.ndarray:
        return self.coming()[1:2]

    @drawn
    def pull_ahead(self) -> np.ndarray:
        return self.coming()[2:3]

    @drawn
    def points(self) -> np.ndarray:
        momentum, here, ahead, _ = self.coming()
        return np.array([(0, 0), momentum, momentum + here, momentum + ahead])

    @drawn
    def point_names(self) -> tuple[str, ...]:
        return ("w", "u", "Polyak", "Nesterov")

    @drawn
    def point_classes(self) -> np.ndarray:
        return np.array([-1, -1, 0, 1])

    # ---- the last steps end to end, and their sum

    @drawn
    def chain(self) -> np.ndarray:
        moves = self.steps()
        longest = np.abs([*moves, *moves.cumsum(axis=0)]).max()
        return moves / longest if longest > 0 else moves

    @drawn
    def from_sum(self) -> np.ndarray:
        return self.chain().cumsum(axis=0) - self.chain()

    @drawn
    def sum_by(self) -> np.ndarray:
        return self.chain().sum(axis=0)[None]

    @drawn
    def cancelled(self) -> str:
        """How much of the way is left once the steps are added up."""
        moves = self.steps()
        way = np.hypot(*moves.T).sum()
        return f"{self.names[self.lane()]}: {100 * np.hypot(*moves.sum(axis=0)) / way:.0f} % of the way" if way else ""


def finite(vectors: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(vectors).all(axis=-1, keepdims=True), vectors, 0.0)
