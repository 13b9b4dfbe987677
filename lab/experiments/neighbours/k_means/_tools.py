"""What k-means offers the tools: its centres, each point's loss and pull, and itself as a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab import script
from lab.experiment import Experiment
from lab.maths.lloyd import nearest

DISTANCES = '''
def squares(x, centres):
    """The squared distance of every point to every centre."""
    return (((x[:, None] - centres) / unit) ** 2).sum(axis=2)


def loss(x, centres, owner):
    return (((x - centres[owner]) / unit) ** 2).sum()
'''
STARTS = {
    "random points": "centres = x[at_start().choice(len(x), k, replace=False)]",
    "random places": "centres = at_start().uniform(x.min(axis=0), x.max(axis=0), (k, 2))",
    "k-means++": """
rng = at_start()
centres = x[[rng.integers(len(x))]]
while len(centres) < k:  # the farther a point from all centres, the likelier it is the next
    D2 = squares(x, centres).min(axis=1)
    chances = D2 / D2.sum() if D2.sum() > 0 else np.full(len(x), 1 / len(x))
    centres = np.vstack([centres, x[rng.choice(len(x), p=chances)]])
""",
}
MEND = """
        far = (((x - old[owner]) / unit) ** 2).sum(axis=1).argsort(kind="stable")[::-1]
        empty = [j for j in range(k) if not (owner == j).any()]
        centres[empty] = x[far[: len(empty)]]  # one without points goes to the worst-served point"""
STEP = """
if t % 2 == 0:  # give every point to its nearest centre
    owner = squares(x, centres).argmin(axis=1)
else:  # move each centre to the mean of its points
    old = centres.copy()
    for j in range(k):
        if (owner == j).any():
            centres[j] = x[owner == j].mean(axis=0)"""


class Tools(Experiment):
    """The centres μ, and J = Σ ‖x − μ‖² to each point's own centre."""

    if TYPE_CHECKING:
        k: int
        begin: str
        standardise: bool
        empty: str
        x: np.ndarray
        unit: np.ndarray
        centres: np.ndarray
        first: np.ndarray
        owner: np.ndarray
        put: bool

        def squares_of(self) -> np.ndarray: ...

    def weights(self) -> dict[str, np.ndarray]:
        return {"centres": self.centres.copy()}

    def sample_loss(self) -> np.ndarray:
        """The squared distance of each point to its centre: they add up to J."""
        return self.squares_of()

    def push(self, i: int) -> dict[str, np.ndarray]:
        """2 (μ − x) for the centre of point i, and nothing for the others: its share of ∇J."""
        if not 0 <= i < len(self.x):
            raise ValueError(f"there are {len(self.x)} points, numbered from 0; there is no point {i}")
        j = self.owner[i] if self.owner[i] >= 0 else nearest(self.x[[i]] / self.unit, self.centres / self.unit)[0]
        slope = np.zeros_like(self.centres)
        slope[j] = 2 * (self.centres[j] - self.x[i]) / self.unit**2
        return {"centres": slope}

    def code(self) -> str:
        drawn = self.begin in STARTS and not self.put
        unit = "x.std(axis=0)  # distances in standard deviations" if self.standardise else "np.ones(2)"
        data = f"{script.assign(x=self.x, k=self.k, steps=script.steps(self))}  # half-steps\nunit = {unit}"
        start = STARTS[self.begin] if drawn else script.assign(centres=self.first)
        mend = MEND.replace("\n        ", "\n    ") if self.empty.startswith("to") else ""
        loop = script.loop(f"{STEP}{mend}", "loss(x, centres, owner)")
        draws = script.draws(self, start=True, step=False) if drawn else ""
        return script.script(
            self, "import numpy as np", data, DISTANCES, draws, start, f'{loop}\n\nprint("centres", centres)'
        )
