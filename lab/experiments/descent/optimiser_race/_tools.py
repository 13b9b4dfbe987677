"""What the race offers the tools: the racers' places as weights, and the race as a script, one racer after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab import script
from lab.experiment import Experiment
from lab.experiments.descent.optimiser_race import _written as written
from lab.experiments.descent.optimiser_race._runners import BELOW, DRAWN, Runner
from lab.maths.optimiser_variants import VARIANTS

CLIPPED = {
    "by value": "g = np.clip(g, -longest, longest)",
    "by norm": "if np.hypot(*g) > longest:\n    g = g * (longest / np.hypot(*g))",
    "to one norm": "if np.hypot(*g) > 0:\n    g = g * (longest / np.hypot(*g))",
}
SHARES = {  # what each schedule makes of the rate
    "1/t": "1 / (t + 1)",
    "1/√t": "(t + 1) ** -0.5",
    "1/tᵖ": "(t + 1) ** -power",
    "steps": "gamma ** (t // period)",
    "exponential": "gamma ** (t / period)",
    "cosine": "(1 + np.cos(np.pi * min(t / period, 1))) / 2",
    "warm-up": "min((t + 1) / period, 1)",
    BELOW: "(gamma if dropped else 1)",
    DRAWN: "np.interp(t, times, shares)",
}


class Tools(Experiment):
    if TYPE_CHECKING:
        surface: str
        kappa: float
        angle: float
        formula: Any
        scale: float
        noise: float
        origin: np.ndarray
        profile: np.ndarray
        runners: list[Runner]

    def weights(self) -> dict[str, np.ndarray]:
        """Where each racer is, a row each."""
        return {"theta": np.array([one.theta for one in self.runners], dtype=float)}

    def code(self) -> str:
        chance = self.noise or any(self._draws(one) for one in self.runners)
        drawn = any(one.row.schedule == DRAWN for one in self.runners)
        times, shares = self.profile.T
        values = {
            "steps": script.steps(self),
            "begin": self.origin,
            **({"noise": self.noise} if self.noise else {}),
            **({"times": times, "shares": shares} if drawn else {}),
        }
        return script.script(
            self,
            "import numpy as np",
            *written.surface(self.surface, self.kappa, self.angle, self.formula),
            script.draws(self) if chance else "",
            script.assign(**values),
            "places = {}",
            *map(self._racer, self.runners),
            "theta = np.array(list(places.values()))  # a row a racer",
        )

    def _draws(self, one: Runner) -> bool:
        """Whether its gradient is that of some samples only."""
        return self.surface in written.SAMPLED and bool(one.row.batch)

    def _racer(self, one: Runner) -> str:
        """Its knobs and its loop. Each draws the same gusts and samples, so they can run one after another."""
        row, (knobs, update) = one.row, written.rule(one.rule, one.row)
        values = self._schedule(row)
        if row.clip in CLIPPED:
            values["longest"] = row.longest
        if row.penalty:
            values["mu"] = row.penalty
        before = "\n".join(filter(None, [f"# {one.name}", "theta = begin.copy()", knobs, script.assign(**values)]))
        loop = script.loop("\n".join(self._gradient(one) + [update]), "height(theta)")
        return f'{before}\nprint("{one.name}")\n{loop}\nplaces["{one.name}"] = theta'

    def _schedule(self, row: Any) -> dict[str, Any]:
        """The numbers that its rate depends on."""
        share, known = SHARES.get(row.schedule, ""), {"power": row.power, "period": row.period, "gamma": row.decay}
        values = {name: number for name, number in known.items() if name in share}
        return values | ({"below": row.below, "dropped": False} if row.schedule == BELOW else {})

    def _gradient(self, one: Runner) -> list[str]:
        """The lines from the rate of this step to the gradient that the rule gets."""
        row, rate = one.row, script.literal(float(one.row.rate * self.scale))
        lines = ["dropped = dropped or height(theta) < below"] if row.schedule == BELOW else []
        lines.append(f"eta = {rate} * {SHARES[row.schedule]}" if row.schedule in SHARES else f"eta = {rate}")
        some = self._draws(one)
        if self.noise or some:
            lines.append("chance = at_step(t)")
        if self.noise:
            lines.append("gust = noise * chance.standard_normal(2)")
        if some:
            lines.append(f"i = chance.permutation(len(Y))[:{row.batch}]")
        where = "theta - eta * rho * v" if one.rule is VARIANTS["Nesterov, foreseeing"] else "theta"
        lines.append(f"g = gradient({where}{', i' * some}){' + gust' if self.noise else ''}")
        lines += [CLIPPED[row.clip]] if row.clip in CLIPPED else []
        return [*lines, "g = g + mu * theta"] if row.penalty else lines
