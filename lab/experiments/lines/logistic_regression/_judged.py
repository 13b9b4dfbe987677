"""How a logistic regression is judged: J as a bowl with its chord and Hessian, thresholds and costs, step and note."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.experiment import drawn
from lab.experiments.lines.logistic_regression._pictures import NAMES, Pictures, figure, minus
from lab.marks import Field, Update
from lab.maths.logistic import hessian, log_odds, losses, sigmoid

TAUS = np.linspace(0.005, 0.995, 199)
HEAVY = 500  # points above which the bowl is drawn coarser


class Judged(Pictures):
    """What is drawn of J, of decisions, and of the step."""

    before: np.ndarray
    slope: np.ndarray
    tip: np.ndarray
    rho: float
    t: int
    finished: str
    method: Any
    rate: Any
    begin: Any
    miss: Any
    alarm: Any
    p: Any
    q: Any

    def ridge(self) -> np.ndarray:
        raise NotImplementedError

    # ------------------------------------------------------------ J over θ

    def heights(self, w: np.ndarray) -> np.ndarray:
        """J at each row of (θ₁, θ₂), the offset staying as it is."""
        u = w @ self.X[:, :2].T + self.plane()[2]
        return losses(u, self.y).mean(axis=1) + self.penalty * (w**2).sum(axis=1)

    @drawn
    def bowl(self) -> Field:
        reach = 1.25 * max(4.0, float(np.abs([self.tip, self.p, self.q]).max()))
        side = 40 if len(self.y) <= HEAVY else 20
        axis = np.linspace(-reach, reach, side)
        w = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        return Field(self.heights(w).reshape(side, side), (-reach, reach), (-reach, reach))

    @drawn
    def chord_floor(self) -> np.ndarray:
        return np.array([self.p, self.q])

    @drawn
    def chord_profile(self) -> np.ndarray:
        share = np.linspace(0, 1, 81)
        p, q = np.array(self.p), np.array(self.q)
        return np.column_stack([share, self.heights(p + share[:, None] * (q - p))])

    @drawn
    def chord_straight(self) -> np.ndarray:
        return self.chord_profile()[[0, -1]]

    @drawn
    def chord_gap(self) -> str:
        J = self.chord_profile()[:, 1]
        return f"{(J[0] + J[-1]) / 2 - J[40]:.3g} ≥ 0"

    def along_ray(self, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """J without and with its penalty as θ, offset too, is made longer or shorter."""
        unit = self.theta / (float(np.linalg.norm(self.theta)) or 1.0)
        free = losses(lengths[:, None] * (self.X @ unit), self.y).mean(axis=1)
        return free, free + lengths**2 * (self.ridge() @ unit**2)

    def lengths(self) -> np.ndarray:
        return np.linspace(0, max(4.0, 1.6 * float(np.linalg.norm(self.theta))), 121)

    @drawn
    def ray_free(self) -> np.ndarray:
        return np.column_stack([self.lengths(), self.along_ray(self.lengths())[0]])

    @drawn
    def ray(self) -> np.ndarray:
        return np.column_stack([self.lengths(), self.along_ray(self.lengths())[1]])

    @drawn
    def on_ray(self) -> np.ndarray:
        length = np.array([np.linalg.norm(self.theta)])
        return np.column_stack([length, self.along_ray(length)[1]])

    @drawn
    def on_ray_said(self) -> str:
        return f"{np.linalg.norm(self.theta):.4g}: J = {self.J():.5g}"

    @drawn
    def margin(self) -> str:
        return f"ρ = {self.rho:.2g}" if self.rho > 0 else "not separable"

    # ------------------------------------------------------------ the Hessian

    @drawn
    def H(self) -> np.ndarray:
        return hessian(self.theta, self.X, self.ridge())

    @drawn
    def H_point(self) -> np.ndarray:
        return hessian(self.theta, self.X[self.watched()][None])

    @drawn
    def weight_names(self) -> tuple[str, ...]:
        return NAMES[: len(self.theta)]

    @drawn
    def eigenvalues(self) -> str:
        values = np.linalg.eigvalsh(self.H())
        rank = int((values > 1e-9 * max(float(values[-1]), 1e-9)).sum())
        return "μ = " + ", ".join(figure(max(v, 0)) for v in values) + (f": rank {rank}" if rank < len(values) else "")

    @drawn
    def rank_said(self) -> str:
        return f"point {self.watched()}: σ(1 − σ) x xᵀ, rank 1"

    @drawn
    def safe(self) -> np.ndarray:
        """1/μ and 2/μ, μ the largest eigenvalue of the Hessian here."""
        steepest = float(np.linalg.eigvalsh(self.H())[-1])
        return np.array([1 / steepest, 2 / steepest]) if steepest > 1e-9 else np.empty(0)

    # ------------------------------------------------------------ thresholds and costs

    def wrong_at(self, tau: float) -> tuple[int, int]:
        """Misses and false alarms."""
        says = self.g() > tau
        return int((~says & (self.labels == 1)).sum()), int((says & (self.labels == 0)).sum())

    @drawn
    def counts(self) -> tuple[tuple[str, int, int], ...]:
        miss, alarm = self.wrong_at(self.tau)
        ones = int(self.labels.sum())
        return ("is 1", ones - miss, miss), ("is 0", alarm, len(self.y) - ones - alarm)

    @drawn
    def counts_header(self) -> tuple[str, ...]:
        return "", f"says 1 (p > {self.tau:.3g})", "says 0"

    @drawn
    def score_needed(self) -> str:
        return minus(f"u > {float(log_odds(self.tau)):.4g}")

    @drawn
    def threshold_said(self) -> str:
        miss, alarm = self.wrong_at(self.tau)
        return minus(f"u > {float(log_odds(self.tau)):.3g}: {miss} missed, {alarm} false alarms")

    @drawn
    def accuracy_now(self) -> str:
        return f"at τ = {self.tau:.3g}: {1 - sum(self.wrong_at(self.tau)) / len(self.y):.3g}"

    @drawn
    def wrongs(self) -> np.ndarray:
        """Shares of misses and of false alarms at every threshold, and their mean weighted by the costs."""
        says = self.g() > TAUS[:, None]
        misses = (~says & (self.labels == 1)).mean(axis=1)
        alarms = (says & (self.labels == 0)).mean(axis=1)
        return np.array([misses, alarms, (self.miss * misses + self.alarm * alarms) / (self.miss + self.alarm)])

    @drawn
    def misses(self) -> np.ndarray:
        return np.column_stack([TAUS, self.wrongs()[0]])

    @drawn
    def alarms(self) -> np.ndarray:
        return np.column_stack([TAUS, self.wrongs()[1]])

    @drawn
    def cost(self) -> np.ndarray:
        return np.column_stack([TAUS, self.wrongs()[2]])

    @drawn
    def best_tau(self) -> float:
        return float(self.alarm / (self.alarm + self.miss))

    @drawn
    def best_said(self) -> str:
        return f"τ* = {self.best_tau():.3g}"

    # ------------------------------------------------------------ the step in symbols and in words

    @drawn
    def update(self) -> Update:
        """The step just made, for the weight that is looked at."""
        k = self.weight()
        name, x = ((r"\theta_1", r"\,x_1"), (r"\theta_2", r"\,x_2"), (r"\theta_0", ""))[k]
        slope, zero_one, single = rf"\nabla_{{{name[-1]}}} J", self.signs == "0 and 1", len(self.seen) == 1
        pull = rf"(\sigma - y){x}" if zero_one else rf"\sigma(-y u)\,y{x}"
        sign, mean = "" if zero_one else "-", "" if single else r"\frac{1}{n} \sum "
        first = rf"{slope} = {sign}{mean}{pull}"
        if self.penalty and k < 2:
            first += rf" + 2\lambda {name}"
        newton = self.method == "Newton (IRLS)"
        then = rf"{name}^{{new}} = {name} - " + (rf"(H^{{-1}} \nabla J)_{name[-1]}" if newton else rf"\eta\,{slope}")
        if not len(self.seen):
            loss = r"-y \ln \sigma - (1 - y) \ln(1 - \sigma)" if zero_one else r"\ln(1 + e^{-y u})"
            return Update(rf"L = {loss} \\ {first} \\ {then}", {})
        i = int(self.seen[0])
        u, y = float(self.X[i] @ self.before), float(self.y[i])
        numbers = {
            slope: float(self.slope[k]),
            rf"{name}^{{new}}": float(self.theta[k]),
            name: float(self.before[k]),
            r"\eta": self.rate,
            r"\lambda": self.penalty,
        }
        if newton:
            numbers[rf"(H^{{-1}} \nabla J)_{name[-1]}"] = float(self.before[k] - self.theta[k])
        if single:
            numbers |= {"x_1": float(self.X[i, 0]), "x_2": float(self.X[i, 1])}
            numbers |= {r"\sigma": float(sigmoid(u)), "y": y} if zero_one else {"u": u, "y": 2 * y - 1}
        else:
            numbers["n"] = len(self.seen)
        return Update(rf"{first} \\ {then}", numbers)

    @drawn
    def said(self) -> str:
        if self.finished:
            return f"{self.finished} |θ| = {np.linalg.norm(self.theta):.3g}, J = {self.J():.4g}."
        if not self.theta.any():
            return "θ = 0 gives p = ½ everywhere: every point costs ln 2 = 0.693, and each pulls with half its x."
        right = float(((self.g() > 0.5) == self.labels).mean())
        if self.rho > 0 and not self.penalty and right == 1:
            length = float(np.linalg.norm(self.theta))
            return f"All are right, yet a longer θ is surer, and J falls: |θ| = {length:.3g} grows like ln t, for ever."
        pulls = self.pull_lengths()
        first = int(pulls.argmax())
        few = max(1, len(pulls) // 10)
        share = np.sort(pulls)[-few:].sum() / (pulls.sum() or 1.0)
        said = (
            f"{few} of {len(pulls)} points make {share:.0%} of the pull. Point {first} pulls most: it is "
            f"{self.labels[first]}, and p there is {self.g()[first]:.2g}."
        )
        left = float(np.hypot(*self.total()[0]) / (pulls.mean() or 1.0))
        if left < 0.02:
            return f"{said} The pulls all but cancel. They are not 0: a minimum is no promise of certainty."
        return said
