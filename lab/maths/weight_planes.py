"""Weight planes: planes through a network's weights, a run's path laid upon them, and the loss all over them.

A place (a, b) of a plane stands for the weights origin + a d1 + b d2. The loss is a function of many sets of
weights at once, (k, d) to (k,), so that what they share is worked out for all of them in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.maths.activations import ACTIVATIONS
from lab.maths.layers import EPSILON, Network
from lab.maths.losses import OUTPUTS

Array = NDArray[Any]
Loss = Callable[[Array], Array]  # it may say by `together` how many sets of weights it takes best
TOGETHER = 16  # sets of weights in one pass: what they make of 256 samples stays in the processor's cache
MOST_KEPT = 48
TOO_HIGH = 1e9
AT_ONCE, SLICE = 6e9, 1.5e9  # products of numbers: about a fifth of a second on one core, and a twentieth
FEWEST = 5
SPOTS = 48


class Plane(NamedTuple):
    """`along` (2, d) need not be at right angles, nor of one length."""

    origin: Array
    along: Array

    def at(self, places: ArrayLike) -> Array:
        """The weights (k, d) of places (k, 2)."""
        return self.origin + np.asarray(places, dtype=self.origin.dtype) @ self.along

    def project(self, weights: Array) -> tuple[Array, Array]:
        """The nearest place of the plane for each of (k, d) weights, and how far off the plane they are."""
        away = (weights - self.origin).astype(np.float64)
        along = self.along.astype(np.float64)
        places = away @ np.linalg.pinv(along)
        return places, np.linalg.norm(away - places @ along, axis=1)

    def share(self, weights: Array) -> float:
        """Of the squared length of a path (k, d), step by step, the part that lies in the plane; 1 of no path."""
        steps = np.diff(weights.astype(np.float64), axis=0)
        axes = np.linalg.qr(self.along.astype(np.float64).T)[0]
        whole = float((steps**2).sum())
        return float(((steps @ axes) ** 2).sum()) / whole if whole > 0 else 1.0


def filter_normalised(direction: Array, weights: Array, filters: Array) -> Array:
    """Each filter's part of a direction made as long as that filter is; 0 for what belongs to no filter.

    `filters` (d,) numbers the filter, or unit, to which a weight belongs: −1 for offsets and batch norm's scales.
    """
    inside = filters >= 0
    count = int(filters.max(initial=-1)) + 1
    lengths, own = (
        np.sqrt(np.bincount(filters[inside], part[inside].astype(np.float64) ** 2, count))
        for part in (direction, weights)
    )
    scale = np.divide(own, lengths, out=np.zeros(count), where=lengths > 0)
    return np.where(inside, direction * scale[filters], 0).astype(direction.dtype)


def path_plane(path: Array, origin: Array, spare: Array) -> Plane:
    """The plane through `origin` that holds most of the path (k, d) seen from there: its first two components.

    Where the path has fewer than two directions, `spare` (2, d) lends others. Its first place has a > 0 and b >= 0.
    """
    away = (path - origin).astype(np.float64)
    values, vectors = np.linalg.eigh(away @ away.T)  # the squares of the singular values, rising
    axes: list[Array] = []
    for i in range(1, 3):
        if len(path) >= i and values[-i] > 1e-9 * max(values[-1], 1e-12):
            axis = away.T @ vectors[:, -i] / np.sqrt(values[-i])
        else:
            axis = spare[i - 1].astype(np.float64)
            for other in axes:
                axis = axis - (axis @ other) * other
            axis = axis / np.linalg.norm(axis)
        axes.append(-axis if away[0] @ axis < 0 else axis)
    return Plane(origin, np.array(axes, dtype=origin.dtype))


# ---------------------------------------------------------------- heights all over a plane


def grid(x: tuple[float, float], y: tuple[float, float], side: int) -> Array:
    """side × side places, row by row from below."""
    a, b = np.meshgrid(np.linspace(*x, side), np.linspace(*y, side))
    return np.column_stack([a.ravel(), b.ravel()])


def heights(loss: Loss, plane: Plane, places: Array, together: int = 0) -> Array:
    """The loss at each of the places (k, 2), a slice of them at a time."""
    size = together or getattr(loss, "together", TOGETHER)
    with np.errstate(all="ignore"):
        parts = [loss(plane.at(places[i : i + size])) for i in range(0, len(places), size)]
    return known(np.concatenate(parts))


def losses_at(loss: Loss, weights: Array) -> Array:
    """The same with each of the weights (k, d)."""
    size = getattr(loss, "together", TOGETHER)
    with np.errstate(all="ignore"):
        return known(np.concatenate([loss(weights[i : i + size]) for i in range(0, len(weights), size)]))


def known(z: Array) -> Array:
    """What is too high for a number becomes one that can be drawn."""
    return np.nan_to_num(z.astype(np.float64), nan=TOO_HIGH, posinf=TOO_HIGH)


def first_side(side: int, cost: float) -> int:
    """How many places along each edge the first picture has, where `side` are wished for."""
    return max(FEWEST, min(side, int((AT_ONCE / cost) ** 0.5)))


def refined(
    loss: Loss, plane: Plane, x: tuple[float, float], y: tuple[float, float], side: int, doublings: int, cost: float
) -> Iterator[Array]:
    """Heights on `side` × `side` places, then on twice as many along each edge, and again.

    `cost` is that of one height: where it is high there are fewer places. A finer picture takes the place of the
    coarser from below, as much at a time as nobody has to wait for.
    """
    side = first_side(side, cost)
    z = heights(loss, plane, grid(x, y, side)).reshape(side, side)
    yield z
    for _ in range(doublings):
        side, z = 2 * side - 1, between(z)
        places = grid(x, y, side)
        rows = max(1, int(SLICE / cost) // side)
        for first in range(0, side, rows):
            z = z.copy()
            cut = slice(first * side, (first + rows) * side)
            z[first : first + rows] = heights(loss, plane, places[cut]).reshape(-1, side)
            yield z


def between(z: Array) -> Array:
    """A grid with a place more between every two, at the mean of its neighbours."""
    for axis in (0, 1):
        z = np.moveaxis(z, axis, 0)
        fine = np.empty((2 * len(z) - 1, *z.shape[1:]))
        fine[::2], fine[1::2] = z, (z[:-1] + z[1:]) / 2
        z = np.moveaxis(fine, 0, axis)
    return z


def hollows(z: Array) -> int:
    """How many places inside a grid are lower than all their eight neighbours."""
    inner = z[1:-1, 1:-1]
    low = np.ones(inner.shape, dtype=bool)
    for i in range(3):
        for j in range(3):
            if (i, j) != (1, 1):
                low &= inner < z[i : i + inner.shape[0], j : j + inner.shape[1]]
    return int(low.sum())


# ---------------------------------------------------------------- where a run has been


@dataclass(frozen=True, eq=False)
class Path:
    """Weights that a run has passed, at most MOST_KEPT of them: when there are too many, every second one goes.

    It never changes and so is shared by all copies of a run: `with_place` gives a longer one.
    """

    weights: tuple[Array, ...] = ()
    times: tuple[int, ...] = ()
    every: int = 1

    def __deepcopy__(self, memo: dict[int, Any]) -> Path:
        return self

    def with_place(self, t: int, weights: Array) -> Path:
        if t % self.every:
            return self
        kept = weights.copy()
        kept.flags.writeable = False
        places, times, every = (*self.weights, kept), (*self.times, t), self.every
        if len(places) > MOST_KEPT:
            every *= 2
            some = [i for i, when in enumerate(times) if when % every == 0]
            places, times = tuple(places[i] for i in some), tuple(times[i] for i in some)
        return Path(places, times, every)

    def upto(self, t: int, weights: Array) -> tuple[Array, Array]:
        """Times (k,) and weights (k, d), the present among them."""
        if self.times and self.times[-1] == t:
            return np.array(self.times), np.stack(self.weights)
        return np.array((*self.times, t)), np.stack((*self.weights, weights))


# ---------------------------------------------------------------- losses of many sets of weights


def filters_of(net: Network) -> Array:
    """For each number of a dense network's theta its unit, counted through all layers; −1 for offsets and scales."""
    parts, units = [], 0
    for m, n in pairwise(net.widths):
        table = np.full((m + 1, n), -1)
        table[:-1] = units + np.arange(n)
        parts.append(table.ravel())
        units += n
    numbers = np.concatenate(parts)
    return np.concatenate([numbers, np.full(net.theta.size - numbers.size, -1)])


class DenseLosses:
    """A dense network's mean loss over samples x (units, n), under many theta at once; batch norm goes by all of x.

    On one core this took from a third to nearly all of what torch.func.vmap took on a 2-32-32-1 net.
    """

    def __init__(self, net: Network, x: Array, y: Array) -> None:
        self.net, self.x, self.y = net, x.astype(net.theta.dtype), y.astype(net.theta.dtype)
        self._rooms: dict[int, Array] = {}  # for each layer's sums: new memory every time would double the time

    @property
    def cost(self) -> float:
        """Products of numbers that one loss takes."""
        return float(self.net.theta.size * self.x.shape[1])

    def sums(self, thetas: Array, beside: Array | None = None) -> Array:
        """The last layer's sums (k, outputs, n), or those of other samples, batch norm still going by x."""
        net, k, n_x = self.net, len(thetas), self.x.shape[1]
        rooms = self._rooms if k == TOGETHER and beside is None and thetas.dtype == self.x.dtype else {}
        f, last = ACTIVATIONS[net.hidden].f, len(net.widths) - 2
        scales = thetas.shape[1] - 2 * sum(net.widths[1:-1])
        a, at = self.x if beside is None else np.concatenate([self.x, beside], axis=1), 0
        for i, (m, n) in enumerate(pairwise(net.widths)):
            table = thetas[:, at : at + (m + 1) * n].reshape(k, m + 1, n).transpose(0, 2, 1)
            at += (m + 1) * n
            room = rooms.get(i)
            if room is None:
                room = rooms[i] = np.empty((k, n, a.shape[-1]), a.dtype)
            z = np.matmul(table[:, :, :-1], a, out=room)
            z += table[:, :, -1:]
            if i == last:
                return z.copy() if beside is None else z[:, :, n_x:]
            if net.batch_norm:
                z -= z[:, :, :n_x].mean(axis=2, keepdims=True)
                gamma, beta = thetas[:, scales : scales + 2 * n].reshape(k, 2, n, 1).transpose(1, 0, 2, 3)
                z *= gamma / np.sqrt((z[:, :, :n_x] ** 2).mean(axis=2, keepdims=True) + EPSILON)
                z += beta
                scales += 2 * n
            before, a = a, f(z, z)
            if net.passes_on(i):
                a += before
        raise AssertionError

    def each(self, thetas: Array) -> Array:
        """Every sample's loss (k, n)."""
        z = self.sums(thetas)
        losses, y = OUTPUTS[self.net.output].losses, self.y
        if len(y) == 1:
            return losses(z[:, 0], y[0])
        return np.stack([losses(one, y).sum(axis=0) for one in z])

    def __call__(self, thetas: Array) -> Array:
        return self.each(thetas).mean(axis=1)

    def right(self, thetas: Array) -> Array:
        """The share of samples whose class each theta gets right (k,)."""
        z, y = self.sums(thetas), self.y
        if len(y) == 1:
            return ((z[:, 0] > 0) == (y[0] > 0.5)).mean(axis=1)
        return (z.argmax(axis=1) == y.argmax(axis=0)).mean(axis=1)

    def gradient(self, theta: Array) -> Array:
        """Of the mean loss over all samples."""
        twin = self.net.twin(theta.dtype)
        twin.theta[:] = theta
        twin.backward(self.x, self.y)
        return twin.gradient.copy()


class ModuleLosses:
    """The same of a torch module that scores classes: functional_call under torch.func.vmap."""

    together = 100

    def __init__(self, module: Any, x: Any, y: Any, measure: str = "cross-entropy") -> None:
        self.module, self.x, self.y, self.measure = module, x, y, measure
        self.shapes = {name: tuple(part.shape) for name, part in module.named_parameters()}
        self.sizes = [int(np.prod(shape)) for shape in self.shapes.values()]

    @property
    def cost(self) -> float:
        """Products of numbers that one loss takes, as many as if a weight were used at SPOTS places of a picture."""
        return float(sum(self.sizes) * len(self.x) * SPOTS)

    def scores(self, theta: Any) -> Any:
        """With the weights in one vector, which the module's own are views of."""
        from torch.func import functional_call

        parts = zip(self.shapes.items(), theta.split(self.sizes))
        named = {name: part.reshape(shape) for (name, shape), part in parts}
        return functional_call(self.module, named, (self.x.to(theta.dtype),))

    def mean(self, theta: Any) -> Any:
        return self.of(self.scores(theta))

    def of(self, z: Any) -> Any:
        """The mean cross-entropy of scores, or half the squares of the classes' shares less 1 or 0."""
        from torch.nn import functional as F

        if self.measure == "cross-entropy":
            return F.cross_entropy(z, self.y)
        return ((z.softmax(dim=1) - F.one_hot(self.y, z.shape[1])) ** 2).sum() / 2 / len(self.y)

    def __call__(self, thetas: Array) -> Array:
        import torch

        with torch.no_grad():
            return torch.func.vmap(self.mean)(torch.from_numpy(np.ascontiguousarray(thetas))).numpy()

    def descent(self, theta: Array) -> tuple[float, Array]:
        """The mean loss and its gradient."""
        import torch

        at = torch.tensor(theta, requires_grad=True)
        loss = self.mean(at)
        loss.backward()
        assert at.grad is not None
        return float(loss.detach()), at.grad.numpy()

    def gradient(self, theta: Array) -> Array:
        return self.descent(theta)[1]

    def judged(self, theta: Array) -> tuple[float, Array]:
        """The mean loss, and the scores (n, classes)."""
        import torch

        with torch.no_grad():
            z = self.scores(torch.from_numpy(theta))
            return float(self.of(z)), z.numpy()

    def filters(self) -> Array:
        """As `filters_of`: a filter is what leads into one feature map or unit."""
        parts, count = [], 0
        for shape in self.shapes.values():
            if len(shape) > 1:
                parts.append(np.repeat(count + np.arange(shape[0]), int(np.prod(shape[1:]))))
                count += shape[0]
            else:
                parts.append(np.full(shape[0], -1))
        return np.concatenate(parts)


def matched(net: Network, one: Array, other: Array) -> Array:
    """The other theta with its hidden units in the order, layer by layer, in which they are most like the first's.

    A network's answers do not depend on that order, so this is another place where the same network stands.
    """
    from scipy.optimize import linear_sum_assignment

    ours, theirs = net.twin(one.dtype), net.twin(one.dtype)
    ours.theta[:], theirs.theta[:] = one, other
    for i in range(len(net.W) - 1):
        alike = ours.W[i].T @ theirs.W[i] + np.outer(ours.offsets[i], theirs.offsets[i])
        alike += ours.W[i + 1] @ theirs.W[i + 1].T
        order = linear_sum_assignment(alike, maximize=True)[1]
        parts = [theirs.W[i], theirs.offsets[i]]
        if net.batch_norm:
            parts += [theirs.gamma[i], theirs.beta[i]]
        for part in parts:
            part[...] = part[..., order]
        theirs.W[i + 1][:] = theirs.W[i + 1][order]
    return theirs.theta
