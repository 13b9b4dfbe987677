"""Principal components of 20,000 × 64 numbers ÷ scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from lab.maths.pca import by_eigen
from tests.bench.measure import row, taken


def run() -> list[dict[str, Any]]:
    x = np.random.default_rng(0).normal(size=(20_000, 64)) @ np.random.default_rng(1).normal(size=(64, 64))
    ours, theirs = taken(lambda: by_eigen(x), lambda: PCA().fit_transform(x), turns=9)
    detail = {"ours": f"{1000 * ours:.1f} ms", "scikit-learn": f"{1000 * theirs:.1f} ms, both with the scores"}
    return [row("pca", ours / theirs, 1, detail)]
