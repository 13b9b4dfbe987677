"""Small grey pictures with labels: scikit-learn's handwritten digits."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures that never change, dark 0 to bright 1."""

    images: np.ndarray  # (n, h, w) float32
    labels: np.ndarray  # (n,) int64, an index into names
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        images, labels = np.array(self.images, dtype=np.float32), np.array(self.labels)
        if images.ndim != 3 or not images.size:
            raise ValueError(f"images must have the shape (n, height, width), none 0, not {images.shape}")
        if not (images.min() >= 0 and images.max() <= 1):
            raise ValueError(f"images must be from 0 to 1, not from {images.min()} to {images.max()}")
        if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
            raise ValueError(f"labels must be {len(images)} whole numbers, not {labels.dtype} of shape {labels.shape}")
        if labels.min() < 0 or labels.max() >= len(self.names):
            raise ValueError(
                f"labels must be from 0 to {len(self.names) - 1}, not from {labels.min()} to {labels.max()}"
            )
        for name, array in (("images", images), ("labels", labels.astype(np.int64))):
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "names", tuple(self.names))

    def __len__(self) -> int:
        return len(self.images)

    def __deepcopy__(self, memo: dict) -> "Pictures":
        return self

    def taken(self, which: np.ndarray) -> "Pictures":
        """Those at these places, in their order."""
        return Pictures(self.images[which], self.labels[which], self.names)

    def split(self) -> tuple["Pictures", "Pictures"]:
        """The first four fifths to train on, the rest to test on: 1437 and 360 of the digits."""
        cut = len(self) * 4 // 5
        return (
            Pictures(self.images[:cut], self.labels[:cut], self.names),
            Pictures(self.images[cut:], self.labels[cut:], self.names),
        )


@lru_cache
def digits() -> Pictures:
    """The 1797 digits of 8 by 8 pixels that come with scikit-learn, in its order."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    return Pictures(loaded.images / 16, loaded.target, tuple("0123456789"))
