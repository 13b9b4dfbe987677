"""Lloyd's algorithm: nearest centres, means, starts, and a step that is fast on a million points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

CHUNK = 16384  # points at a time: their scores stay in the cache


class Sums(NamedTuple):
    """What one pass over the points tells: enough for the means and for the loss."""

    sums: np.ndarray  # (k, d) Σ x of each centre's points, float64
    counts: np.ndarray  # (k,) N_j
    loss: float  # Σ ‖x − μ‖² to the nearest centre


class Cloud:
    """Many points (n, d), kept once as float32 rows (d + 1, n) about their mean, the last row ones."""

    def __init__(self, x: np.ndarray) -> None:
        x = np.asarray(x)
        n, d = x.shape
        self.middle = x.mean(axis=0, dtype=np.float64)  # about 0, float32 keeps the most digits
        self.rows = np.ones((d + 1, n), np.float32)
        for row, column, middle in zip(self.rows, x.T, self.middle):
            np.subtract(column, middle, out=row, casting="unsafe")
        self.square = float(np.einsum("ij,ij->", self.rows[:d], self.rows[:d], dtype=np.float64))

    def __deepcopy__(self, memo: dict[int, object]) -> Cloud:
        return self  # never written after it was made

    def assign(self, centres: np.ndarray, labels: np.ndarray | None = None) -> Sums:
        """Give every point to its nearest centre, the first of equals; `labels` (n,) is filled where given.

        x·μ − ‖μ‖²/2 is largest where ‖x − μ‖² is smallest, so that one product scores all centres at once.
        """
        d, k = len(self.rows) - 1, len(centres)
        m = np.asarray(centres, dtype=np.float64) - self.middle
        planes = np.column_stack([m, -(m**2).sum(axis=1) / 2]).astype(np.float32)
        scores = np.empty((k, CHUNK), np.float32)
        best, mine = np.empty(CHUNK, np.float32), np.empty((k, CHUNK), np.float32)
        order = np.arange(k, dtype=np.float32)
        total, reach = np.zeros((k, d + 1)), 0.0
        for at in range(0, self.rows.shape[1], CHUNK):
            part = self.rows[:, at : at + CHUNK]
            c = part.shape[1]
            s, b, o = scores[:, :c], best[:c], mine[:, :c]
            np.matmul(planes, part, out=s)
            s.max(axis=0, out=b)
            np.equal(s, b, out=o)
            sums = o @ part.T
            if sums[:, d].sum() != c:  # two centres are equally near to some point
                o[1:] *= np.cumsum(o, axis=0)[:-1] == 0
                sums = o @ part.T
            total += sums
            reach += float(b.sum(dtype=np.float64))
            if labels is not None:
                labels[at : at + c] = order @ o
        counts = total[:, d]
        return Sums(
            total[:, :d] + counts[:, None] * self.middle, counts.astype(np.int64), max(self.square - 2 * reach, 0.0)
        )


# ---------------------------------------------------------------- the same for small clouds, in full


def square_distances(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """‖x_i − μ_j‖² for every point i and centre j."""
    return np.asarray(sum((x[:, axis, None] - centres[:, axis]) ** 2 for axis in range(x.shape[1])))


def nearest(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The index of the nearest centre for every point, the first of equals."""
    return square_distances(x, centres).argmin(axis=1)


def loss_of(x: np.ndarray, centres: np.ndarray) -> float:
    """L(μ) = Σ_i min_j ‖x_i − μ_j‖²."""
    return float(square_distances(x, centres).min(axis=1).sum())


def means(x: np.ndarray, owner: np.ndarray, centres: np.ndarray, mend: bool = True) -> np.ndarray:
    """Each centre at the mean of its points; an empty one on the point farthest from its own centre, or left."""
    moved = centres.copy()
    empty = []
    for j in range(len(centres)):
        mine = owner == j
        if mine.any():
            moved[j] = x[mine].mean(axis=0)
        else:
            empty.append(j)
    if empty and mend:
        far = ((x - centres[owner]) ** 2).sum(axis=1).argsort(kind="stable")[::-1]
        moved[empty] = x[far[: len(empty)]]
    return moved


def settled(x: np.ndarray, centres: np.ndarray, rounds: int = 100) -> np.ndarray:
    """Lloyd's algorithm until no point changes its centre."""
    owner = nearest(x, centres)
    for _ in range(rounds):
        centres = means(x, owner, centres)
        before, owner = owner, nearest(x, centres)
        if (owner == before).all():
            break
    return centres


# ---------------------------------------------------------------- where to begin


def draw_chances(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """k-means++: the chance of each point to be the next centre, D² / Σ D²."""
    d2 = square_distances(x, centres).min(axis=1)
    return d2 / d2.sum() if d2.sum() > 0 else np.full(len(d2), 1 / len(d2))


def plus_plus(x: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """A point at random, then point after point by D²."""
    chosen = [x[rng.integers(len(x))]]
    while len(chosen) < k:
        chosen.append(x[rng.choice(len(x), p=draw_chances(x, np.array(chosen)))])
    return np.array(chosen)


def split_clump(x: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Bad on purpose: of the best of ten runs, merge the two nearest centres and split the cluster farthest off."""
    best = min((settled(x, plus_plus(x, k, rng)) for _ in range(10)), key=lambda centres: loss_of(x, centres))
    if k < 3:
        return best
    apart = square_distances(best, best) + np.diag(np.full(k, np.inf))
    i, j = np.unravel_index(apart.argmin(), apart.shape)
    middle = (best[i] + best[j]) / 2
    others = [m for m in range(k) if m not in (i, j)]
    split = max(others, key=lambda m: float(((best[m] - middle) ** 2).sum()))
    mine = x[nearest(x, best) == split] - best[split]
    spread = np.sqrt((mine**2).sum() / max(len(mine), 1))
    along = np.linalg.svd(mine, full_matrices=False)[2][0] * spread / 2
    kept = [best[m] for m in others if m != split]
    return np.array([*kept, middle, best[split] + along, best[split] - along])
