"""Tables of measurements with classes that come with scikit-learn: breast cancer, iris, wine."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

NAMES = ("breast cancer", "iris", "wine")


@dataclass(frozen=True, eq=False)
class Table:
    """Measurements that never change."""

    x: np.ndarray  # (n, p) a row for each case
    y: np.ndarray  # (n,) its class, an index into names
    features: tuple[str, ...]
    names: tuple[str, ...]

    def __deepcopy__(self, memo: dict) -> "Table":
        return self


@lru_cache
def table(name: str) -> Table:
    """One of NAMES."""
    from sklearn import datasets

    loaders = {
        "breast cancer": datasets.load_breast_cancer,
        "iris": datasets.load_iris,
        "wine": datasets.load_wine,
    }
    if name not in loaders:
        raise ValueError(f"a table must be one of {', '.join(NAMES)}, not {name}")
    loaded = loaders[name]()
    x, y = np.array(loaded.data, dtype=float), np.array(loaded.target)
    for array in (x, y):
        array.setflags(write=False)
    return Table(x, y, tuple(map(str, loaded.feature_names)), tuple(map(str, loaded.target_names)))
