"""The pictures of a race: the ground and who is where on it, and what the chosen one does, in numbers and words."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from lab.experiment import drawn
from lab.experiments.descent.optimiser_race._anatomy import NONE, finite
from lab.experiments.descent.optimiser_race._runners import TEXT, Runner, corrects
from lab.marks import Field, Update
from lab.maths.optimiser_variants import DIFFERS
from lab.maths.optimisers import Array
from lab.maths.surfaces import Surface

STILL = 1e-6
GRID = 160


class Pictures:
    """Needs the run of a race."""

    ground: Surface
    runners: list[Runner]
    stage: str
    theta: Array
    surface: Any
    formula: Any
    scale: Any
    racer: Any
    diverges: ClassVar[str]
    t: int

    def slope(self, theta: Array) -> Array:
        raise NotImplementedError

    def height(self, theta: Array) -> float:
        raise NotImplementedError

    def distance(self, theta: Array) -> float:
        raise NotImplementedError

    # ------------------------------------------------------------ the ground, and who is where

    @drawn(on=("surface", "kappa", "angle", "formula"))
    def landscape(self) -> Field:
        ground = self.ground
        x, y = np.meshgrid(np.linspace(*ground.x, GRID), np.linspace(*ground.y, GRID))
        with np.errstate(all="ignore"):
            z = np.broadcast_to(ground.f(x, y), x.shape).astype(float)
        return Field(np.where(np.isfinite(z), z, np.nan), ground.x, ground.y)

    @drawn(on=("surface",))
    def minima(self) -> Array:
        return np.array(self.ground.minima, dtype=float).reshape(-1, 2)

    def positive(self) -> bool:
        """Whether no height is below 0, so that a power of ten tells how near the minimum is."""
        return bool(self.ground.minima) and min(self.height(low) for low in np.array(self.ground.minima)) > -1e-9

    def shows(self, theta: ArrayLike) -> bool:
        """Whether a place is in the picture."""
        (x, y), ground = np.asarray(theta), self.ground
        return bool(ground.x[0] <= x <= ground.x[1] and ground.y[0] <= y <= ground.y[1])

    @drawn
    def shown(self) -> str:
        return f"J = {self.formula.text}" if self.surface == "formula" else self.ground.title

    @drawn
    def scale_of_height(self) -> str:
        return "log height" if self.ground.log else ""

    @drawn
    def names(self) -> tuple[str, ...]:
        names = {one.lane: one.name for one in self.runners}
        return tuple(names.get(lane, "") for lane in range(len(self.theta)))

    @drawn
    def colours(self) -> dict[str, int]:
        """A racer's curve has the colour of its lane."""
        return {one.name: one.lane for one in self.runners}

    @drawn
    def lanes(self) -> Array:
        return np.array([one.lane for one in self.runners])

    @drawn
    def places(self) -> Array:
        """Where the racers are; who has left the picture is drawn at its edge."""
        return self.at_most_edge(np.array([one.theta for one in self.runners]))

    @drawn
    def balls(self) -> Array:
        """The same by lane."""
        return self.at_most_edge(self.theta)

    def at_most_edge(self, theta: Array) -> Array:
        low, high = np.array([self.ground.x, self.ground.y], dtype=float).T
        return np.clip(theta, low, high)

    @drawn
    def heights(self) -> Array:
        with np.errstate(all="ignore"):
            return np.array([self.height(theta) for theta in self.balls()])

    @drawn
    def downhill(self) -> Array:
        """Against the gradient: at a stage the one just read, else the slope where each racer stands."""
        length = (self.ground.x[1] - self.ground.x[0]) / 9
        with np.errstate(all="ignore"):
            g = np.array([one.g if self.stage else self.slope(one.theta) for one in self.runners])
            arrows = -length * g / np.hypot(*g.T)[:, None]
        return finite(arrows)

    @drawn
    def leaving(self) -> Array:
        return self.places() if self.stage == "move" else NONE

    @drawn
    def coming(self) -> Array:
        return finite(np.array([one.move for one in self.runners])) if self.stage == "move" else NONE

    # ------------------------------------------------------------ words and numbers

    def picked(self) -> Runner:
        return self.runners[min(self.racer, len(self.runners) - 1)]

    @drawn
    def standings_header(self) -> tuple[str, ...]:
        return "racer", "J", "|θ − θ*|", "arrived at step", "gradients"

    @drawn
    def standings(self) -> tuple[tuple[str, ...], ...]:
        with np.errstate(all="ignore"):
            return tuple(
                (
                    one.name,
                    f"{self.height(one.theta):.3g}",
                    f"{self.distance(one.theta):.3g}" if self.ground.minima else "–",
                    "not yet" if one.arrived is None else str(one.arrived),
                    str(one.evaluations),
                )
                for one in self.runners
            )

    @drawn
    def chosen(self) -> int:
        return min(self.racer, len(self.runners) - 1)

    @drawn
    def whose(self) -> str:
        one = self.picked()
        return f"{one.name}, step {self.t + bool(self.stage or not one.before)}"

    @drawn
    @np.errstate(all="ignore")
    def update(self) -> Update:
        """The step just made, or at t = 0 the one to come; within a step, what is known so far."""
        one = self.picked()
        coming = self.slope(one.where())
        latex, heard = one.hearing(coming)
        numbers = heard | one.symbols(coming)
        unknown = {
            "gradient": [symbol for symbol in numbers if symbol.endswith("_t") and symbol != "g_t"],
            "averages": [r"\theta_t", *(symbol for symbol in numbers if symbol.startswith(r"\hat"))],
            "correction": [r"\theta_t"],
        }.get(self.stage, [])
        return Update(
            latex + one.rule.latex, {symbol: value for symbol, value in numbers.items() if symbol not in unknown}
        )

    @drawn
    @np.errstate(all="ignore")
    def said(self) -> str:
        """What the picked racer is doing."""
        one = self.picked()
        if self.stage:
            keeps, frees = bool(one.rule.keeps), corrects(one.rule)
            return {
                "gradient": f"{one.name} reads the slope where it stands{self.clipping(one)}.",
                "averages": f"{one.name} takes the gradient into its averages."
                if keeps
                else f"{one.name} keeps no averages: only this gradient counts.",
                "correction": f"{one.name} frees its averages of their start at 0."
                if frees
                else f"{one.name} takes its averages as they are: there is no correction.",
                "move": f"{one.name} is about to make the move drawn.",
            }[self.stage]
        if one.before is None and one.row.method in DIFFERS:
            form = "As the text has it" if one.row.form == TEXT else "As torch has it"
            return f"{form}. {DIFFERS[one.row.method].said}"
        return self.doing(one)

    def clipping(self, one: Runner) -> str:
        before, after = np.hypot(*one.raw), np.hypot(*one.g)
        return f", and clips it from {before:.3g} to {after:.3g}" if after < before and not one.row.penalty else ""

    @np.errstate(all="ignore")
    def doing(self, one: Runner) -> str:
        width = self.ground.x[1] - self.ground.x[0]
        slope = self.slope(one.theta)
        if not np.isfinite(one.theta).all() or not np.isfinite(slope).all():
            return f"{one.name} is lost: {self.diverges[0].lower()}{self.diverges[1:]}"
        if not self.shows(one.theta):
            return f"{one.name} has left the picture and is at {place(one.theta)}."
        if self.distance(one.theta) < width / 1000:
            count = "" if one.arrived is None else f" It counts as arrived since step {one.arrived}."
            return f"{one.name} has arrived: it is within {self.distance(one.theta):.2g} of a minimum.{count}"
        if np.hypot(*slope) < STILL:
            return f"{one.name} stands where the slope is 0, though at no minimum that is known."
        if one.before is None:
            return f"{one.name} is about to make its first step."
        length, turned = float(np.hypot(*one.move)), cosine(one.g, slope)
        rose = self.height(one.theta) - self.height(one.before[1])
        if cut := self.clipping(one):
            return f"{one.name} read a steep slope{cut}: without that it would have leapt."
        if cosine(one.move, one.g) > 0.1:
            return f"{one.name} moves against the slope under it: what it remembers carries it on."
        if turned < -0.3:
            return (
                f"{one.name} crosses the valley rather than follow it: the slope after this step points back, "
                f"and J {'rises' if rose > 0 else 'falls'} by {abs(rose):.2g}."
            )
        if rose > 0:
            return f"{one.name} went up by {rose:.2g} in this step: it was too long for the curvature."
        if one.now.rate < 0.01 * one.row.rate * self.scale:
            return f"The schedule has taken nearly all of {one.name}'s rate: it freezes where it is."
        if length < width / 2000:
            return f"{one.name} has slowed down: this step is {length:.1g} long, and J falls by {-rose:.1g}."
        return f"{one.name} goes downhill: this step is {length:.2g} long, and J falls by {-rose:.2g}."


def cosine(a: Array, b: Array) -> float:
    """Of the angle between two vectors; 0 where one of them is."""
    lengths = np.hypot(*a) * np.hypot(*b)
    return float(a @ b / lengths) if 0 < lengths < np.inf else 0.0


def place(theta: Array) -> str:
    return f"({theta[0]:.4g}, {theta[1]:.4g})"
