"""The anatomy of the chosen racer: its gradient and averages, its step, its real rates, and how long steps may be."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.experiment import drawn
from lab.experiments.descent.optimiser_race._runners import Runner
from lab.maths.optimisers import Adam, Array, State
from lab.maths.planes import circle
from lab.maths.sampled_surfaces import Sampled
from lab.maths.surfaces import Surface

CLOUD = 90
BESIDE = 3  # times the longest arrow: a box larger than that would leave no arrow to be seen
_RNG = np.random.default_rng(1)
GUSTS = _RNG.standard_normal((2, CLOUD))  # the same at every frame, so that the cloud does not flicker
DRAWS = np.array([_RNG.permutation(24) for _ in range(CLOUD)])
NOWHERE = np.zeros((1, 2))
NONE = np.empty((0, 2))


class Anatomy:
    """Needs the run of a race."""

    ground: Surface
    stage: str
    profile: Array
    noise: Any
    scale: Any
    t: int

    def slope(self, theta: Array) -> Array:
        raise NotImplementedError

    def shows(self, theta: Array) -> bool:
        raise NotImplementedError

    def picked(self) -> Runner:
        raise NotImplementedError

    @np.errstate(all="ignore")
    def looking(self) -> tuple[Array, Array, State]:
        """The gradient as found, what it became, and the averages with it taken in: of this step, or the next."""
        one = self.picked()
        if self.stage:
            raw, g, memory = one.raw, one.g, dict(one.memory)
        else:
            raw = self.slope(one.where())
            g, memory = one.heard(raw), dict(one.memory)
        if self.stage in ("", "gradient"):
            one.rule.average(memory, g, one.now)
        return raw, g, memory

    def corrected(self) -> bool:
        return self.stage in ("", "correction", "move")

    @drawn
    def nowhere(self) -> Array:
        return NOWHERE

    @drawn
    def raw_arrow(self) -> Array:
        return finite(-self.looking()[0][None])

    @drawn
    def heard_arrow(self) -> Array:
        return finite(-self.looking()[1][None])

    @np.errstate(all="ignore")
    def average(self) -> tuple[Array | None, Array | None]:
        """The average of gradients and the root of that of their squares, as far as the stage has come."""
        one, (_, _, memory) = self.picked(), self.looking()
        if self.stage == "gradient":
            return None, None
        if isinstance(one.rule, Adam):
            if self.corrected():
                m_hat, s_hat = one.rule.debiased(memory, one.now)
                return m_hat, np.sqrt(s_hat)
            return memory["m"], memory["r"] if "r" in memory else np.sqrt(memory["s"])
        return memory.get("v"), np.sqrt(memory["s"]) if "s" in memory else None

    @drawn
    def mean_at(self) -> Array:
        return NONE if self.average()[0] is None else NOWHERE

    @drawn
    def mean_arrow(self) -> Array:
        mean = self.average()[0]
        return NONE if mean is None else finite(-mean[None])

    def longest_arrow(self) -> float:
        arrows = np.vstack([self.raw_arrow(), self.heard_arrow(), self.mean_arrow(), *self.clip_shape()])
        return float(np.abs(arrows).max(initial=0.0))

    @drawn
    def root_box(self) -> tuple[Array, ...]:
        """The sides of the box that are near enough to be seen beside the arrows."""
        root = self.average()[1]
        if root is None:
            return ()
        far, sides = BESIDE * self.longest_arrow(), []
        x, y = np.minimum(finite(root), far)
        for sign in (-1, 1):
            sides += [np.array([(sign * x, -y), (sign * x, y)])] if x < far else []
            sides += [np.array([(-x, sign * y), (x, sign * y)])] if y < far else []
        return tuple(sides)

    @drawn
    def clip_shape(self) -> tuple[Array, ...]:
        row = self.picked().row
        if row.clip == "no clipping":
            return ()
        half = np.full(2, row.longest)
        return (box(half) if row.clip == "by value" else circle((0, 0), row.longest),)

    @drawn
    def frame_gradient(self) -> Array:
        return frame(np.vstack([np.full((1, 2), self.longest_arrow()), *self.root_box()]))

    @drawn
    def anatomy(self) -> str:
        one = self.picked()
        raw, g, _ = self.looking()
        changed = "" if np.array_equal(raw, g) else f" → {np.hypot(*g):.3g}"
        return f"{one.name}: |∇J| {np.hypot(*raw):.3g}{changed}"

    @np.errstate(all="ignore")
    def coming_step(self) -> tuple[Array, Array]:
        """The part of gradients, and that of AdamW's decay, in the step of this stage or the next."""
        one, (_, g, memory) = self.picked(), self.looking()
        decay = np.broadcast_to(one.rule.decay(one.theta, one.now), (2,))
        return finite(one.rule.move(memory, g, one.now)), finite(np.asarray(decay, dtype=float))

    @drawn
    def step_arrow(self) -> Array:
        return self.coming_step()[0][None]

    @drawn
    def decay_at(self) -> Array:
        return NOWHERE if self.coming_step()[1].any() else NONE

    @drawn
    def decay_arrow(self) -> Array:
        decay = self.coming_step()[1]
        return decay[None] if decay.any() else NONE

    @drawn
    def whole_arrow(self) -> Array:
        step, decay = self.coming_step()
        return (step + decay)[None] if decay.any() else NONE

    @drawn
    def step_length(self) -> str:
        return f"{self.picked().name}: |Δθ| {np.hypot(*np.sum(self.coming_step(), axis=0)):.3g}"

    @drawn
    @np.errstate(all="ignore")
    def cloud_here(self) -> Array:
        """Moves that the noise, or other batches, would make of the coming step."""
        one, ground, where = self.picked(), self.ground, self.picked().where()
        sampled = isinstance(ground, Sampled) and 0 < one.row.batch < ground.n
        if self.stage or not (self.noise or sampled):
            return NONE
        raw = np.repeat(self.slope(where)[:, None], CLOUD, axis=1)
        if sampled:
            assert isinstance(ground, Sampled)
            draws = np.array([draw[draw < ground.n][: one.row.batch] for draw in DRAWS])
            raw = ground.part(np.repeat(where[None], CLOUD, axis=0), draws).T
        raw = raw + self.noise * GUSTS
        g = np.stack([one.heard(column) for column in raw.T], axis=1)
        memory = {name: part[:, None] if isinstance(part, np.ndarray) else part for name, part in one.memory.items()}
        one.rule.average(memory, g, one.now)
        decay = np.broadcast_to(one.rule.decay(one.theta, one.now), (2,))
        return finite(one.rule.move(memory, g, one.now).T + decay)

    @drawn
    def cloud_there(self) -> Array:
        """The possible next points."""
        there = self.picked().theta + self.cloud_here()
        return there[[self.shows(theta) for theta in there]] if len(there) else NONE

    @drawn
    def frame_step(self) -> Array:
        return frame(np.vstack([self.step_arrow(), self.decay_arrow(), self.cloud_here()]))

    @drawn
    def coordinates(self) -> tuple[str, str]:
        return "θ₁", "θ₂"

    @drawn
    @np.errstate(all="ignore")
    def rate_bars(self) -> Array:
        one, (_, g, memory) = self.picked(), self.looking()
        return finite(np.broadcast_to(one.rule.rates(memory, g, one.now), (2,)))

    @drawn
    def real_rates(self) -> str:
        first, second = self.rate_bars()
        return f"{self.picked().name}: {first:.3g} and {second:.3g}"

    # ------------------------------------------------------------ rates and their bounds

    @np.errstate(all="ignore")
    def shares(self) -> tuple[float, float]:
        """η m and η L under the chosen racer: the eigenvalues of its real rates times the Hessian."""
        root = np.sqrt(np.abs(self.rate_bars()))
        bent = self.ground.hessian(self.picked().theta) * np.outer(root, root)
        if not np.isfinite(bent).all():
            return 0.0, 0.0
        least, greatest = np.linalg.eigvalsh(bent)
        return float(least), float(greatest)

    @drawn
    def safe(self) -> Array:
        """By how much all rates may be multiplied to be at 1/L, 2/(m + L) and 2/L; none where nothing curves up."""
        m, L = self.shares()
        if not L > 1e-9:
            return np.empty(0)
        return self.scale * np.array([1 / L, 2 / (m + L), 2 / L] if m > 0 else [1 / L, 2 / L])

    def safe_rates(self) -> Array:
        """The same as rates."""
        return self.safe() * self.picked().now.rate / self.scale

    @drawn
    def bounds(self) -> Array:
        return self.safe_rates()[:-1]

    @drawn
    def last_bound(self) -> Array:
        return self.safe_rates()[-1:]

    @drawn
    def eta_L(self) -> str:
        L = self.shares()[1]
        return f"{self.picked().name}: η L = {L:.3g}" if L > 1e-9 else "nothing curves up here"

    @drawn
    def profile_line(self) -> Array:
        last = max(self.profile[-1, 0] * 1.2, 100.0)
        return np.vstack([(0.0, self.profile[0, 1]), self.profile, (last, self.profile[-1, 1])])

    @drawn
    def present(self) -> Array:
        return np.array([float(self.t)])


def finite(values: Array) -> Array:
    """With 0 for what is none, and nothing farther than a picture can show."""
    return np.clip(np.where(np.isfinite(values), values, 0.0), -1e12, 1e12)


def box(half: Array) -> Array:
    return np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]) * half


def frame(arrows: Array) -> Array:
    """A square round the origin that holds them all and grows by doubling only, so that the axes keep still."""
    largest = float(np.abs(arrows).max(initial=0.0))
    return box(np.full(2, 2.0 ** np.ceil(np.log2(max(largest, 1e-9)))))
