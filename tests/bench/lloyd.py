"""One k-means step on a million points ÷ one iteration of scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.cluster import KMeans

from lab.maths.lloyd import Cloud
from tests.bench.measure import row, taken

N, K, ITERATIONS = 1_000_000, 8, 6


def run() -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (N, 2)) + rng.uniform(-6, 6, (K, 2))[rng.integers(K, size=N)]
    start = x[:K].copy()
    x32 = x.astype(np.float32)
    cloud = Cloud(x)
    labels = np.empty(N, np.int32)

    def ours() -> None:
        centres = start
        for _ in range(ITERATIONS):
            found = cloud.assign(centres, labels)
            centres = found.sums / np.maximum(found.counts, 1)[:, None]

    def theirs(iterations: int) -> Any:
        return lambda: KMeans(K, init=start.astype(np.float32), n_init=1, max_iter=iterations, tol=0).fit(x32)

    mine, one, many = taken(ours, theirs(1), theirs(1 + ITERATIONS), turns=3)
    each = (many - one) / ITERATIONS
    detail = {"ours": f"{1000 * mine / ITERATIONS:.1f} ms a step", "scikit-learn": f"{1000 * each:.1f} ms an iteration"}
    return [row("lloyd", mine / ITERATIONS / each, 3, detail)]
