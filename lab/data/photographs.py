"""Grey pictures to be compressed: two photographs that come with scikit-learn, and drawn ones of a known rank."""

from functools import lru_cache

import numpy as np

HEIGHT, WIDTH = 353, 469  # as the picture of the course text, 165,557 pixels
PHOTOGRAPHS = {"temple": "china.jpg", "flower": "flower.jpg"}
DRAWN = ("cross", "disc", "diagonal")
NAMES = (*PHOTOGRAPHS, *DRAWN)


@lru_cache
def picture(name: str) -> np.ndarray:
    """The picture from dark 0 to bright 1, never to be written."""
    if name in PHOTOGRAPHS:
        from sklearn.datasets import load_sample_image

        colour = load_sample_image(PHOTOGRAPHS[name]).astype(float) / 255
        top, left = (colour.shape[0] - HEIGHT) // 2, (colour.shape[1] - WIDTH) // 2
        grey = (colour @ [0.299, 0.587, 0.114])[top : top + HEIGHT, left : left + WIDTH]
    elif name in DRAWN:
        grey = drawn(name)
    else:
        raise ValueError(f"a picture must be one of {', '.join(NAMES)}, not {name}")
    grey.flags.writeable = False
    return grey


def drawn(name: str, side: int = 64) -> np.ndarray:
    """A cross has rank 2, a disc many, a diagonal all."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    inside = {
        "cross": (np.abs(x) < side / 8) | (np.abs(y) < side / 8),
        "disc": x**2 + y**2 < (0.4 * side) ** 2,
        "diagonal": np.abs(x - y) < 1,
    }[name]
    return inside.astype(float)
