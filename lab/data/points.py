"""Clouds of labelled points in the plane: made from a seed, edited by hand, split, saved and read back."""

from __future__ import annotations  # or numpy.random would be loaded with it

import sys
from collections.abc import Callable
from dataclasses import dataclass
from reprlib import repr as shortened
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

MOST_POINTS = 5000
MOST_CLASSES = 10
EDGE = 6.0  # made points stay within [-EDGE, EDGE]


def _whole(value: Any, name: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, not {shortened(value)}")
    return int(value)


def _real(value: Any, name: str, least: float, most: float, range_said: str) -> float:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not (number and least <= value <= most):
        raise ValueError(f"{name} must be a {range_said}, not {shortened(value)}")
    return float(value)


def _coordinate(value: Any, name: str) -> float:
    return _real(value, name, -sys.float_info.max, sys.float_info.max, "finite number")


def _seed(value: Any) -> int:
    return _whole(value, "seed", 0, 2**32 - 1)  # one word, so that no seed equals another with its purpose


class Made(NamedTuple):
    """What a cloud was made from: enough to make it again."""

    kind: str
    n: int
    noise: float
    classes: int
    seed: int


@dataclass(frozen=True, eq=False, init=False)
class Points:
    """A cloud that never changes: an edit gives a new one."""

    x: np.ndarray  # (n, 2) where each point is
    y: np.ndarray  # (n,) its class, 0 to 9
    number: np.ndarray  # (n,) its own number, kept when others are erased: it decides the side in `split`
    made: Made | None  # None: the person's own

    def __init__(self, x: ArrayLike, y: ArrayLike, number: ArrayLike | None = None, made: Made | None = None):
        x, y = np.array(x, dtype=np.float64), np.array(y)
        if x.ndim != 2 or x.shape[1] != 2:
            raise ValueError(f"x must have two coordinates for each point, shape (n, 2), not {x.shape}")
        n = _whole(len(x), "the number of points", 1, MOST_POINTS)
        if not np.isfinite(x).all():
            raise ValueError(f"x must be finite, not {x[~np.isfinite(x)][0]}")
        number = np.arange(n) if number is None else np.array(number)
        for name, whole, most in (("y", y, MOST_CLASSES - 1), ("number", number, MOST_POINTS - 1)):
            if whole.shape != (n,) or whole.dtype.kind not in "iu" or whole.min() < 0 or whole.max() > most:
                raise ValueError(f"{name} must be {n} whole numbers from 0 to {most}, not {shortened(whole.tolist())}")
        if len(np.unique(number)) < n:
            raise ValueError(f"number must differ from point to point, not {shortened(number.tolist())}")
        fields = {"x": x, "y": y.astype(np.int64), "number": number.astype(np.int64)}
        for name, array in fields.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "made", made)

    @property
    def source(self) -> dict[str, Any]:
        """Where the cloud came from: the arguments of `make`, or that it is the person's own."""
        return self.made._asdict() if self.made else {"kind": "own"}

    @property
    def classes(self) -> int:
        """How many classes there are, whether or not each has a point."""
        return max(int(self.y.max()) + 1, self.made.classes if self.made else 1)

    def __len__(self) -> int:
        return len(self.x)

    def _content(self) -> tuple:
        return self.x.tobytes(), self.y.tobytes(), self.number.tobytes(), self.made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Points) and (self is other or self._content() == other._content())

    def __hash__(self) -> int:
        return hash(self._content())

    def __deepcopy__(self, memo: dict) -> Points:
        return self

    def _index(self, index: int) -> int:
        return _whole(index, "index", 0, len(self) - 1)

    def add(self, x: float, y: float, label: int = 0) -> Points:
        """One more point, at the end."""
        where = _coordinate(x, "x"), _coordinate(y, "y")
        label = _whole(label, "label", 0, MOST_CLASSES - 1)
        if len(self) == MOST_POINTS:
            raise ValueError(f"A cloud holds 1 to {MOST_POINTS} points and this is full: erase one first")
        free = np.setdiff1d(np.arange(len(self) + 1), self.number)[0]
        return Points(np.vstack((self.x, where)), np.append(self.y, label), np.append(self.number, free))

    def move(self, index: int, x: float, y: float) -> Points:
        """One point elsewhere."""
        moved = self.x.copy()
        moved[self._index(index)] = _coordinate(x, "x"), _coordinate(y, "y")
        return Points(moved, self.y, self.number)

    def erase(self, index: int) -> Points:
        """One point less; those after it move up."""
        index = self._index(index)
        if len(self) == 1:
            raise ValueError("A cloud needs a point: add another before you erase the last")
        x, y, number = (np.delete(field, index, axis=0) for field in (self.x, self.y, self.number))
        return Points(x, y, number)

    def paint(self, index: int, label: int) -> Points:
        """One point in another class."""
        painted = self.y.copy()
        painted[self._index(index)] = _whole(label, "label", 0, MOST_CLASSES - 1)
        return Points(self.x, painted, self.number)

    def split(self, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Indices to train on and to test on, a share of about `share` being for the test.

        A point's side follows from its number and the seed alone, so editing one point moves no other across,
        unless that would leave nobody to train.
        """
        share = _real(share, "share", 0, 0.9, "number from 0 to 0.9")
        rng = np.random.default_rng((_seed(seed), 1))  # not the stream that placed the points
        # A shuffled ten of keys, one in each tenth of [0, 1): small clouds get close to their share too.
        tens = rng.random((MOST_POINTS // 10, 10)).argsort(axis=1)
        key = ((tens + rng.random(tens.shape)) / 10).ravel()
        key[0] = 1  # point 0 always trains, so that somebody does
        test = key[self.number] < share
        if test.all():  # point 0 was erased, and chance put all others on one side
            test[0] = False
        return np.flatnonzero(~test), np.flatnonzero(test)

    def to_json(self) -> dict[str, Any]:
        """All that `from_json` needs for the same cloud to the last bit."""
        if self.made:
            return self.source
        return self.source | {"x": self.x.tolist(), "y": self.y.tolist(), "number": self.number.tolist()}


def from_json(data: Any) -> Points:
    """The cloud that `to_json` wrote, or a ValueError that says what is wrong with `data`."""
    if not isinstance(data, dict):
        raise ValueError(f"points must be an object with a kind, not {shortened(data)}")
    if data.get("kind") != "own":
        _exactly(data, Made._fields)
        return make(**data)
    _exactly(data, ("kind", "x", "y", "number"))
    for name in ("x", "y", "number"):
        if not isinstance(data[name], list) or not 1 <= len(data[name]) <= MOST_POINTS:
            raise ValueError(f"{name} must be a list of 1 to {MOST_POINTS}, not {shortened(data[name])}")
    for at in data["x"]:
        if not isinstance(at, list) or len(at) != 2:
            raise ValueError(f"each item of x must be a list of two numbers, not {shortened(at)}")
    return Points(
        [[_coordinate(value, "a coordinate in x") for value in at] for at in data["x"]],
        [_whole(label, "a label in y", 0, MOST_CLASSES - 1) for label in data["y"]],
        [_whole(number, "an item of number", 0, MOST_POINTS - 1) for number in data["number"]],
    )


def _exactly(data: dict, keys: tuple[str, ...]) -> None:
    if set(data) != set(keys):
        raise ValueError(f"points must have exactly the keys {', '.join(keys)}, not {shortened(list(data))}")


def make(kind: str, n: int = 200, noise: float = 0.1, classes: int | None = None, seed: int = 0) -> Points:
    """A cloud of n points of a kind in KINDS, its classes taking turns so that they are of equal size."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {shortened(kind)}")
    shape = KINDS[kind]
    n = _whole(n, "n", 1, MOST_POINTS)
    noise = _real(noise, "noise", 0, 1, "number from 0 to 1")
    classes = shape.classes if classes is None else classes
    classes = _whole(classes, f"classes of {kind}", shape.fewest, shape.most)
    made = Made(kind, n, noise, classes, _seed(seed))
    y = np.arange(n) % classes
    x = shape.place(np.random.default_rng(made.seed), y, noise)
    folded = EDGE - np.abs((x + EDGE) % (4 * EDGE) - 2 * EDGE)  # what strays over an edge comes back from it
    return Points(x=np.where(np.abs(x) > EDGE, folded, x), y=y, made=made)


def _scattered(rng: np.random.Generator, at: np.ndarray, spread: float) -> np.ndarray:
    return at + spread * rng.standard_normal(at.shape)


def _round(rng: np.random.Generator, inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """Points spread evenly over the area between two radii, given for each point."""
    angle, radius = rng.uniform(0, 2 * np.pi, len(inner)), np.sqrt(rng.uniform(inner**2, outer**2))
    return np.column_stack((radius * np.cos(angle), radius * np.sin(angle)))


CENTRES = np.array([(0, 2), (-4, -2), (4, 0), (0, -2), (-4, 2), (4, 4), (4, -4), (-2, 5)], dtype=np.float64)


def _blobs(rng, y, noise):
    return _scattered(rng, CENTRES[y], 5 * noise)


def _circle(rng, y, noise):
    disc = y == 0
    return _scattered(rng, _round(rng, np.where(disc, 0, 3.5), np.where(disc, 2.5, 5)), 2.5 * noise)


def _xor(rng, y, noise):
    corner = np.where(np.arange(len(y)) // 2 % 2, 1, -1)  # each class takes turns between its two quadrants
    signs = np.column_stack((corner, np.where(y == 1, corner, -corner)))  # class 1 where x₁x₂ > 0
    return _scattered(rng, signs * rng.uniform(0.5, 5, (len(y), 2)), 2.5 * noise)


def _spiral(rng, y, noise):
    arms, along = y.max() + 1, rng.uniform(0, 1, len(y))
    # 3.5 turns shared by the arms keep neighbouring arms equally far apart however many there are
    angle, radius = 2 * np.pi * (3.5 * along + y) / arms, 0.5 + 4.5 * along
    return _scattered(rng, np.column_stack((radius * np.sin(angle), radius * np.cos(angle))), 1.5 * noise)


def _moons(rng, y, noise):
    angle = rng.uniform(0, np.pi, len(y))
    upper = np.column_stack((np.cos(angle), np.sin(angle)))
    arcs = np.where(y[:, None] == 0, upper, (1, 0.5) - upper)
    return _scattered(rng, 3 * (arcs - (0.5, 0.25)), 2.5 * noise)


def _ring(rng, y, noise):
    radius = np.where(np.arange(len(y)) % 2, 4, 0)  # turns of its own: usually all points are of one class
    return _scattered(rng, _round(rng, radius, np.maximum(radius, 1)), 2.5 * noise)


def _uniform(rng, y, noise):
    return rng.uniform(-5, 5, (len(y), 2))  # already as noisy as can be


def _two_gaussians(rng, y, noise):
    return _scattered(rng, np.where(y[:, None] == 1, (2.0, 2.0), (-2.0, -2.0)), 0.75 + 2.5 * noise)


def _line(rng, y, noise):
    gap = 1 - 0.98 * noise  # noise narrows the gap and never closes it
    tilt = rng.uniform(0, 2 * np.pi)
    normal, along = np.array((np.cos(tilt), np.sin(tilt))), np.array((-np.sin(tilt), np.cos(tilt)))
    across = np.where(y == 1, 1, -1) * rng.uniform(gap / 2, 4, len(y))
    return np.outer(across, normal) + np.outer(rng.uniform(-4, 4, len(y)), along)


def _trend(rng, y, noise):
    x = rng.uniform(-5, 5, len(y))
    return np.column_stack((x, 0.7 * x + 0.5 + 5 * noise * rng.standard_normal(len(y))))


def _wave(rng, y, noise):
    x = rng.uniform(-5, 5, len(y))
    return np.column_stack((x, 3 * np.sin(1.2 * x) + 5 * noise * rng.standard_normal(len(y))))


class Kind(NamedTuple):
    """A way to make a cloud: title, how points are placed, and its usual, least and most classes."""

    title: str
    place: Callable[[np.random.Generator, np.ndarray, float], np.ndarray]
    classes: int = 2
    fewest: int = 2
    most: int = 2


KINDS = {
    "blobs": Kind("Clumps", _blobs, 5, 1, len(CENTRES)),
    "circle": Kind("Disc inside a ring", _circle),
    "xor": Kind("Four quadrants (XOR)", _xor),
    "spiral": Kind("Spiral arms", _spiral, 2, 2, 8),
    "moons": Kind("Two half-moons", _moons),
    "ring": Kind("Thin ring around a disc, unlabelled", _ring, 1, 1, 2),
    "uniform": Kind("No pattern at all", _uniform, 1, 1, MOST_CLASSES),
    "two gaussians": Kind("Two Gaussian clouds", _two_gaussians),
    "line": Kind("Separable by a line", _line),
    "trend": Kind("Straight trend", _trend, 1, 1, 1),
    "wave": Kind("One wave", _wave, 1, 1, 1),
}
