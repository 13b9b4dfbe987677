"""The pictures of one run over a plane: heights, the path upon them, how far both are honest, and the Hessian."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Slider, Switch
from lab.experiment import drawn
from lab.marks import Bars, Curve, Dots, Equation, Field, Guide, Heat, Line, Note, Panel, Surface, Tabs, Update
from lab.maths.hessians import lanczos, product
from lab.maths.planes import within
from lab.maths.weight_planes import Path, Plane, filter_normalised, losses_at, path_plane, refined

RANDOM, PCA, END = "random directions", "PCA of the path", "PCA of its end"
END_SHARE = 4  # the end is the last quarter
LEAST = {PCA: 0.4, END: 0.02}  # of the length of the weights, the narrowest window
BARS = 6
FAR = 6  # times as high as the highest bar, the edge would leave the bars no room
DOUBLINGS = 2
VIEW = ("theta", "losses", "plane", "through", "normalised", "zoom")
LABELS = (*(f"λ{n}".translate(str.maketrans("123456", "₁₂₃₄₅₆")) for n in range(1, BARS + 1)), "lowest")


class View(NamedTuple):
    """A plane, the window on it, and the path as it is seen there."""

    plane: Plane
    x: tuple[float, float]
    y: tuple[float, float]
    times: np.ndarray  # (k,) steps whose weights are known, the last the present
    places: np.ndarray  # (k, 2) the nearest places of the plane
    off: np.ndarray  # (k,) how far those weights are off the plane
    true: np.ndarray  # (k,) the loss with those weights
    flat: np.ndarray  # (k,) the loss at those places of the plane
    share: float  # of the squared length of the path


def window(places: np.ndarray, least: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """A square with all places well inside. It grows by steps, for a window that follows the path would swim."""
    low, high = places.min(axis=0), places.max(axis=0)
    side = 2 ** (np.ceil(2 * np.log2(max(1.4 * float((high - low).max()), least))) / 2)
    grain = side / 8
    left, below = np.round(((low + high) / 2 - side / 2) / grain) * grain
    return (float(left), float(left + side)), (float(below), float(below + side))


class OnPlane:
    """Needs theta, a new array at each step; path; losses; and fixed: spare, two directions, and filters."""

    plane = Choice(
        [PCA, RANDOM, END], view=True, help="which plane through the weights is looked at; end: last quarter"
    )
    through = Choice(
        ["the model now", "the start"], view=True, when={"plane": (RANDOM,)},
        help="the weights in the middle; PCA's plane always goes through the model as it is",
    )  # fmt: skip
    normalised = Switch(
        True, label="Filter-normalised", view=True, when={"plane": (RANDOM,)},
        help="each unit's part of a direction as long as its weights are; else one length for all",
    )  # fmt: skip
    zoom = Slider(1, 0.05, 20, log=True, symbol="×", view=True, help="how far the window goes")
    resolution = Count(
        25,
        5,
        65,
        view=True,
        label="Grid",
        help="places along each edge while it runs, fewer if the net is huge; at rest 4 times",
    )

    products = Count(
        16,
        1,
        40,
        view=True,
        symbol="k",
        label="Lanczos steps",
        help="products with the Hessian; more: more bars are true",
    )

    theta: np.ndarray
    path: Path
    losses: Any
    spare: np.ndarray
    filters: np.ndarray
    rate: Any
    t: int

    def bounds(self) -> np.ndarray:
        raise NotImplementedError

    def marked(self, sharpest: float) -> np.ndarray:
        raise NotImplementedError

    # ------------------------------------------------------------ the plane

    @drawn(on=VIEW)
    def view(self) -> View:
        times, weights = self.path.upto(self.t, self.theta)
        with np.errstate(all="ignore"):
            weights = np.nan_to_num(weights, nan=0.0, posinf=1e6, neginf=-1e6)
            plane, x, y = self.looked_at(weights)
            places, off = plane.project(weights)
            true, flat = np.split(losses_at(self.losses, np.concatenate([weights, plane.at(places)])), 2)
        return View(plane, x, y, times, places, off, true, flat, plane.share(weights))

    def looked_at(self, weights: np.ndarray) -> tuple[Plane, tuple[float, float], tuple[float, float]]:
        """The plane and the window on it."""
        now = weights[-1]
        if self.plane == RANDOM:
            origin = now if self.through == "the model now" else weights[0]
            along = self.directions(origin)
            return Plane(origin, along), (-self.zoom, self.zoom), (-self.zoom, self.zoom)
        some = weights if self.plane == PCA else weights[-max(len(weights) // END_SHARE, 3) :]
        plane = path_plane(some, now, self.spare)
        places, _ = plane.project(some)
        x, y = window(places, LEAST[self.plane] * float(np.linalg.norm(now)) + 1e-3)
        return plane, self.zoomed(x), self.zoomed(y)

    def zoomed(self, ends: tuple[float, float]) -> tuple[float, float]:
        middle, half = sum(ends) / 2, self.zoom * (ends[1] - ends[0]) / 2
        return middle - half, middle + half

    def directions(self, origin: np.ndarray) -> np.ndarray:
        """The two drawn at the start, in the lengths that go with these weights."""
        if self.normalised:
            return np.stack([filter_normalised(one, origin, self.filters) for one in self.spare])
        lengths = np.linalg.norm(self.spare, axis=1, keepdims=True)
        return (self.spare * (np.linalg.norm(origin) / lengths)).astype(origin.dtype)

    @drawn(on=(*VIEW, "resolution"))
    def surface(self) -> Iterator[Field]:
        """Coarse at once; while nothing else goes on, ever finer."""
        view, losses = self.view(), self.losses
        for z in refined(losses, view.plane, view.x, view.y, self.resolution, DOUBLINGS, losses.cost):
            yield Field(z, view.x, view.y)

    # ------------------------------------------------------------ the path

    @drawn
    def walked(self) -> tuple[np.ndarray, ...]:
        view = self.view()
        return within(view.places, view.x, view.y)

    @drawn
    def here(self) -> np.ndarray:
        return self.view().places[-1:]

    @drawn
    def beads(self) -> np.ndarray:
        """The places in the window."""
        return self.view().places[self.in_window()]

    @drawn
    def bead_heights(self) -> np.ndarray:
        return self.view().true[self.in_window()]

    def in_window(self) -> np.ndarray:
        (left, right), (low, high), (a, b) = self.view().x, self.view().y, self.view().places.T
        return (left <= a) & (a <= right) & (low <= b) & (b <= high)

    @drawn
    def true_heights(self) -> np.ndarray:
        return np.column_stack([self.view().times, np.maximum(self.view().true, 1e-9)])

    @drawn
    def plane_heights(self) -> np.ndarray:
        return np.column_stack([self.view().times, np.maximum(self.view().flat, 1e-9)])

    @drawn
    def off_plane(self) -> np.ndarray:
        return np.column_stack([self.view().times, self.view().off])

    @drawn
    def held(self) -> str:
        return f"{100 * self.view().share:.0f} % of the path" if self.t else ""

    @drawn
    def lie(self) -> Update:
        """The plane's word on the place where the run began."""
        view = self.view()
        return Update(
            r"f(a, b) = L(\theta_t + a\, d_1 + b\, d_2) \\ "
            r"L(\theta_0) - f(a_0, b_0) = \Delta",
            {
                "f(a_0, b_0)": view.flat[0],
                r"L(\theta_0)": view.true[0],
                r"\Delta": view.true[0] - view.flat[0],
            },
        )

    # ------------------------------------------------------------ the Hessian

    @drawn(on=("theta", "losses", "products"))
    def spectrum(self) -> np.ndarray:
        """The largest eigenvalues, and the lowest of all."""
        at, gradient = self.theta.astype(np.float64), self.losses.gradient
        with np.errstate(all="ignore"):
            start = self.spare[0].astype(np.float64)
            values, _ = lanczos(lambda v: product(gradient, at, v), start, min(self.products, at.size))
        top = np.zeros(BARS)
        known = np.nan_to_num(values[::-1])[:BARS]
        top[: len(known)] = known
        return np.append(top, np.nan_to_num(values[0]))

    @drawn
    def spectrum_labels(self) -> tuple[str, ...]:
        return LABELS

    @drawn
    def edge(self) -> np.ndarray:
        """Where it can be seen beside the bars."""
        bounds = self.bounds()
        return bounds[bounds < FAR * max(float(self.spectrum()[0]), 0)]

    @drawn
    def sharpness(self) -> str:
        bounds = self.bounds()
        return f"λ₁ = {self.spectrum()[0]:.3g}" + (f", edge {bounds[0]:.3g}" if len(bounds) else "")

    @drawn
    def safe(self) -> np.ndarray:
        return self.marked(float(self.spectrum()[0])) if len(self.bounds()) else np.empty(0)

    # ------------------------------------------------------------ words

    @drawn
    def said(self) -> str:
        view = self.view()
        off, gap = view.off / (np.linalg.norm(self.theta) + 1e-12), np.abs(np.log(view.flat / view.true))
        if self.t == 0:
            return "The model stands in the middle. Let it run: the plane turns to hold as much of the path as it can."
        worst = int(np.argmax(gap))
        first = f"The plane holds {100 * view.share:.0f} % of the path (of its squared length, step by step). "
        if gap[worst] < 0.1:
            return first + "Wherever the model was, the plane's height is within 10 % of its loss: believe the picture."
        return first + (
            f"At step {view.times[worst]} the model's loss was {view.true[worst]:.3g}, and the plane says "
            f"{view.flat[worst]:.3g}: the weights then were {100 * off[worst]:.0f} % of their length off it."
        )

    # ------------------------------------------------------------ panels

    def plane_panels(self) -> tuple[marks.Panel, marks.Panel]:
        axes = {"x": "a along d₁", "y": "b along d₂"}
        return (
            Panel(
                "Plane",
                Heat("surface", log=True, bar=True),
                Line("walked", tint="text", width=2.5),
                Dots("here", tint="text", shape="star", big=True),
                **axes,
                detail="held",
                help="the loss with the weights θ + a d₁ + b d₂, by the logarithm of its height; line: the path so "
                "far, each place of it where the plane comes nearest to it. At rest the picture grows finer",
            ),
            Panel(
                "Lit surface",
                Surface("surface", points="beads", heights="bead_heights", log=True, sticks=True),
                **axes,
                help="beads: the path at the height of the model's true loss, each on a stick to the plane's",
            ),
        )

    def honesty_panels(self) -> Tabs:
        return Tabs(
            Panel(
                "Honesty",
                Line("plane_heights", label="plane", tint="accent"),
                Line("true_heights", label="model", tint="warn", dashed=True),
                x="step t",
                y="L",
                log_y=True,
                help="at each place of the path: where both agree, the picture can be believed",
            ),
            Panel("Off the plane", Line("off_plane", tint="accent", fill=True), x="step t", y="|θ − plane|"),
        )

    def loss_panels(self) -> tuple[marks.Panel, ...]:
        return (
            Panel("Loss", Curve("batch", "loss", log_y=True), x="step t", y="L"),
            Panel("Right", Curve("right"), x="step t", y="share right"),
        )

    def hessian_panel(self) -> marks.Panel:
        return Panel(
            "Hessian",
            Bars("spectrum", labels="spectrum_labels", colour="sign"),
            Guide(y="edge", label="edge of stability", tint="warn"),
            y="λ",
            detail="sharpness",
            help="curvatures of the loss under the model, by Lanczos; past the line, 2/η for GD and 2(1 + ρ)/η with "
            "momentum, a step along that direction climbs",
        )

    def words_panel(self) -> marks.Panel:
        return Panel("In numbers", Equation("lie"), Note("said"))
