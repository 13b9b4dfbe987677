"""Tables of measurements that come with scikit-learn: cases with a class, or with a number to be foretold."""

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

NAMES = ("breast cancer", "iris", "wine")  # with classes
MEASURED = ("diabetes",)  # with a number to be foretold


@dataclass(frozen=True, eq=False)
class Table:
    """Measurements that never change."""

    x: np.ndarray  # (n, p) a row for each case
    y: np.ndarray  # (n,) its class, an index into names; or the number measured
    features: tuple[str, ...]
    names: tuple[str, ...]  # of the classes; none where y is a number

    def __deepcopy__(self, memo: dict) -> "Table":
        return self


@lru_cache
def table(name: str) -> Table:
    """One of NAMES or MEASURED, its measurements as they were taken (diabetes: not scaled)."""
    from sklearn import datasets

    loaders = {
        "breast cancer": datasets.load_breast_cancer,
        "iris": datasets.load_iris,
        "wine": datasets.load_wine,
        "diabetes": partial(datasets.load_diabetes, scaled=False),
    }
    if name not in loaders:
        raise ValueError(f"a table must be one of {', '.join(NAMES + MEASURED)}, not {name}")
    loaded = loaders[name]()
    x, y = np.array(loaded.data, dtype=float), np.array(loaded.target)
    for array in (x, y):
        array.setflags(write=False)
    return Table(x, y, tuple(map(str, loaded.feature_names)), tuple(map(str, loaded.get("target_names", ()))))
