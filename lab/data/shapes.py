"""Made pictures of four shapes: circle, square, triangle and cross, each at a place, of a size and with noise."""

from __future__ import annotations

import numpy as np

from lab.data.images import Pictures

NAMES = ("circle", "square", "triangle", "cross")
FINE = 4  # dots across a pixel: how much of it the shape covers is its brightness


def shapes(
    rng: np.random.Generator,
    n: int = 1200,
    side: int = 16,
    shift: float = 0.5,
    sizes: tuple[float, float] = (0.3, 0.6),
    noise: float = 0.1,
) -> Pictures:
    """As many of each shape, in random order.

    `sizes` are the least and the most width as a share of the picture's; `shift` is how much of the room that is
    left to it a shape may use, from 0 (in the middle) to 1 (anywhere inside); `noise` is the spread of what each
    pixel gains.
    """
    if not 0 < sizes[0] <= sizes[1] <= 1:
        raise ValueError(f"sizes must be two shares from above 0 to 1, the smaller first, not {sizes}")
    if not 0 <= shift <= 1:
        raise ValueError(f"shift must be from 0 to 1, not {shift}")
    labels = rng.permutation(np.arange(n) % len(NAMES))
    half = rng.uniform(*sizes, n) / 2
    x, y = (0.5 + shift * rng.uniform(-1, 1, (2, n)) * (0.5 - half))[:, :, None, None]
    at = (np.arange(side * FINE, dtype=np.float32) + 0.5) / (side * FINE)
    across = (at[None, None, :] - x) / half[:, None, None]  # from −1 to 1 over the shape
    down = (at[None, :, None] - y) / half[:, None, None]
    covered = np.empty((n, side * FINE, side * FINE), dtype=bool)
    for kind, name in enumerate(NAMES):
        mine = labels == kind
        covered[mine] = inside(name, across[mine], down[mine])
    images = covered.reshape(n, side, FINE, side, FINE).mean(axis=(2, 4))
    noisy = images + noise * rng.standard_normal(images.shape)
    return Pictures(noisy.clip(0, 1), labels, NAMES)


def inside(name: str, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Which places lie in a shape that reaches from −1 to 1 both ways; down grows to the foot of the picture."""
    if name == "circle":
        return across**2 + down**2 <= 1
    square = (np.abs(across) <= 1) & (np.abs(down) <= 1)
    if name == "triangle":
        return square & (np.abs(across) <= (down + 1) / 2)
    if name == "cross":
        return square & ((np.abs(across) <= 1 / 3) | (np.abs(down) <= 1 / 3))
    return square
