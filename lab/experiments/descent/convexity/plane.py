"""In the plane: critical points by their Hessian's signs, Newton's way to one, chords over a surface, and basins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lab import marks
from lab.controls import Choice, Formula, Point, Slider, Switch, Unfit
from lab.experiment import Experiment, Update, action, drawn
from lab.experiments.descent.convexity._chord import Chord
from lab.experiments.descent.convexity._parts import number
from lab.marks import (
    Arrows,
    Column,
    Dots,
    Equation,
    Field,
    Handle,
    Heat,
    Line,
    Matrix,
    Note,
    Panel,
    Regions,
    Row,
    Surface,
    Tabs,
)
from lab.maths.critical import KINDS, basins, critical_points, inside, kinds, newton_path
from lab.maths.landscapes import LANDSCAPES, extremes
from lab.maths.planes import grid, terrain
from lab.maths.surfaces import typed

FAR = 3
FLOOR = 10  # arrows along each edge
SIDES = (20, 40, 80)  # starts along each edge of the basins, coarse to fine
NEAR = 1.0  # how far the picture of the local shape reaches
TONES = (2, 0, 1, 5)  # the class whose colour a minimum, a maximum, a saddle and a degenerate point have
SIGNS = ("λ > 0", "λ < 0", "λ < 0 < λ", "λ = 0")
STARTS = {
    "peaks": (-1.0, 0.8),
    "Rosenbrock": (-0.6, 1.4),
    "two wells": (0.6, 1.2),
    "monkey saddle": (1.2, 0.8),
}


class Plane(Chord, Experiment):
    surface = Choice((*LANDSCAPES, "formula"), symbol="f", restarts=True, help="what is looked at")
    formula = Formula(
        "x**2/4 + sin(2*x)*cos(y) + y**2/4",
        restarts=True,
        symbol="f",
        when={"surface": ("formula",)},
        help="a surface of your own in x and y",
    )
    place = Point(STARTS["peaks"], x=(-FAR, FAR), y=(-FAR, FAR), symbol="θ", help="click or drag: Newton starts there")
    p = Point((-1.4, -0.9), x=(-FAR, FAR), y=(-FAR, FAR), label="Chord from", symbol="p", help="one end of the chord")
    q = Point((1.6, -0.9), x=(-FAR, FAR), y=(-FAR, FAR), label="Chord to", symbol="q", help="the chord's other end")
    share = Slider(0.5, 0, 1, symbol="λ", label="Share of p", help="where on the chord the gap is measured: 1 is at p")
    curvature = Choice(
        ["least λ", "greatest |λ|"], view=True, help="which eigenvalue of the Hessian the curvature map shows"
    )
    sublevel = Switch(
        False, view=True, label="Sublevel set", help="tint all that is no higher than the higher end of the chord"
    )

    random = False
    fixed = ("ground",)
    prompts = (
        ("Click near each coloured point: where does Newton land?", {"surface": "peaks"}),
        ("A bowl: no chord is ever crossed", {"surface": "bowl", "p": (-2, 1), "q": (1.5, -2)}),
        ("A dome: level at the top, and yet the worst place", {"surface": "dome", "place": (1, 0.6)}),
        ("Drag θ through the monkey saddle: the Hessian is 0 there", {"surface": "monkey saddle"}),
        ("A convex function's sublevel set holds its chords; here?", {"surface": "two wells", "sublevel": True}),
    )
    presets = {
        "Peaks": {"surface": "peaks"},
        "Bowl": {"surface": "bowl", "place": (1.5, 1)},
        "Saddle": {"surface": "saddle", "place": (1, 0.7)},
        "Two wells, two basins": {"surface": "two wells"},
        "Trough: convex, not strictly": {"surface": "trough", "place": (1, 1)},
    }

    tiny = {"surface": "bowl"}

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"place": STARTS.get(value, (1.0, 0.7))} if name == "surface" else {}

    def start(self) -> None:
        """The surface, its critical points, and the least and the greatest curvature over its window."""
        self.ground = typed(self.formula) if self.surface == "formula" else LANDSCAPES[self.surface]
        heights = terrain(self.ground, 20)[0]
        if not np.isfinite(heights).all():
            raise Unfit("formula", "it has no value somewhere from −3 to 3: write one that has values all over")
        self.critical = critical_points(self.ground)
        least, greatest = extremes(self.ground, *grid(self.ground, 61))
        self.m, self.L = float(np.nanmin(least)), float(np.nanmax(np.maximum(-least, greatest)))

    @action
    def go(self, x: float, y: float) -> None:
        """Stand where the ground is clicked: Newton's method starts there."""
        self.place = np.clip((x, y), -FAR, FAR)

    @action
    def search_violation(self) -> None:
        """Lay the chord across the place where the surface bends down most, along the direction of that."""
        x, y = grid(self.ground, 61)
        least = extremes(self.ground, x, y)[0]
        row, column = np.unravel_index(np.nanargmin(least), least.shape)
        worst = np.array([x[row, column], y[row, column]])
        down = np.linalg.eigh(self.ground.hessian(worst))[1][:, 0]
        self.p, self.q = (np.clip(worst + side * down, -FAR, FAR) for side in (-0.7, 0.7))
        self.share = 0.5

    # ------------------------------------------------------------ what is asked of the surface

    def heights(self, at: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.broadcast_to(self.ground.f(*at.T), at.shape[:-1]).astype(float)

    def slope(self, at: Any) -> np.ndarray:
        return np.array(self.ground.gradient(*at), dtype=float)

    def eigen(self) -> tuple[np.ndarray, np.ndarray]:
        values, vectors = np.linalg.eigh(self.ground.hessian(self.place))
        return values, vectors.T

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        ground = self.ground
        window = {"x": "θ₁", "y": "θ₂", "range_x": ground.x, "range_y": ground.y}
        near = {"x": "s₁", "y": "s₂", "range_x": (-NEAR, NEAR), "range_y": (-NEAR, NEAR)}
        points = Dots("points", colour="tones", big=True)
        return Row(
            Column(
                Panel(
                    "Plane",
                    Heat("landscape", log=ground.log, levels=12),
                    Regions("below"),
                    Arrows("floor", "uphill", tint="quiet"),
                    Line("segment", tint="text"),
                    Line("segment_broken", tint="warn", width=5),
                    Line("newton", label="Newton", tint="text", dashed=True),
                    Arrows("eigen_from", "upward", label="bends up", tint="2"),
                    Arrows("eigen_from", "downward", label="bends down", tint="warn"),
                    Arrows("ends", "end_slopes", label="∇f at p, q", tint="3"),
                    Dots("points", colour="tones"),
                    Dots("landing", shape="star", tint="text", big=True, add="go"),
                    Handle("p", drag="p", label="p"),
                    Handle("q", drag="q", label="q"),
                    Handle("place", drag="place", label="θ", tint="text"),
                    **window,
                    equal=True,
                    help="Small arrows: the gradient. Click anywhere: Newton goes from there to the star. "
                    "Orange on the chord: the surface is above it",
                ),
                Panel(
                    "Chord",
                    Line("hatch", tint="warn", width=1),
                    Line("tangent", label="tangent", tint="quiet", dashed=True),
                    Line("profile", label="surface", tint="accent", width=2.5),
                    Line("straight", tint="text"),
                    Line("too_high", tint="warn", width=3.5),
                    Line("gap_line", tint="text", dashed=True),
                    Dots("gap_ends", tint="text"),
                    x="from p to q",
                    y="f",
                    range_x=(0, 1),
                    detail="monotone",
                    help="The surface along the chord (straight). At the right: is ∇f monotone from p to q?",
                ),
                sizes=(2.1, 1),
            ),
            Column(
                Tabs(
                    Panel(
                        "Surface", Surface("landscape", points="standing", heights="standing_height", log=ground.log)
                    ),
                    Panel(
                        "Curvature",
                        Heat("bends", colours="grey", levels=0, bar=True),
                        Regions("negative"),
                        points,
                        **window,
                        detail="constants",
                        help="Tinted: the least eigenvalue of the Hessian is negative, so f is not convex there",
                    ),
                    Panel(
                        "Basins",
                        Regions("basins"),
                        points,
                        **window,
                        detail="resolved",
                        help="Each start has the colour of the minimum where gradient descent with η = 1/L ends; "
                        "bare: in none, or still on its way",
                    ),
                ),
                Row(
                    Panel(
                        "Local shape",
                        Heat("shape", colours="scores", levels=10),
                        Arrows("centre", "upward_near", tint="2"),
                        Arrows("centre", "downward_near", tint="warn"),
                        **near,
                        equal=True,
                        help="½ sᵀ H s about θ: rings are a bowl or a dome, crossing lines a saddle",
                    ),
                    Panel(
                        "H",
                        Matrix("hessian"),
                        detail="eigenvalues",
                        help="The Hessian at θ; at the right its eigenvalues",
                    ),
                    sizes=(1.3, 1),
                ),
                Panel("Here", Equation("update"), Note("label"), Note("counted"), Note("chord_said")),
                sizes=(1.3, 1, 1.05),
            ),
            sizes=(1.15, 1),
        )

    @drawn(on=("ground",))
    def landscape(self) -> Field:
        return Field(*terrain(self.ground, 100))

    @drawn(on=("ground",))
    def floor(self) -> np.ndarray:
        x, y = grid(self.ground, FLOOR + 1)
        return np.column_stack([((part[1:, 1:] + part[:-1, :-1]) / 2).ravel() for part in (x, y)])

    @drawn(on=("ground",))
    def uphill(self) -> np.ndarray:
        """The gradient on the floor, longer where it is steeper, up to half of the room."""
        slopes = np.array([self.slope(at) for at in self.floor()])
        steep = np.hypot(*slopes.T)
        longest = 0.8 * np.ptp(self.ground.x) / FLOOR
        length = longest * np.sqrt(steep / max(float(steep.max()), 1e-12))
        return slopes * (length / np.maximum(steep, 1e-12))[:, None]

    @drawn
    def way(self) -> np.ndarray:
        """Newton's method from θ to its end, wherever that is."""
        return newton_path(self.ground, self.place)

    @drawn
    def newton(self) -> np.ndarray:
        """The same, as far as it stays in the window."""
        path = self.way()
        shown = inside(self.ground, path)
        return path if shown.all() else path[: int(np.argmin(shown))]

    @drawn
    def landing(self) -> np.ndarray:
        """Where Newton's method ends, should that be in the window."""
        end = self.way()[-1:]
        level = np.abs(self.slope(end[0])).max() < 1e-6
        return end if level and inside(self.ground, end).all() else np.empty((0, 2))

    @drawn
    def eigen_from(self) -> np.ndarray:
        return np.tile(np.array(self.place), (2, 1))

    def arms(self, positive: bool, length: float) -> np.ndarray:
        """Eigenvectors whose eigenvalue is above 0, or not, for the plane (from θ) or for the local shape."""
        values, vectors = self.eigen()
        return length * np.where(((values > 0) if positive else (values < 0))[:, None], vectors, 0)

    @drawn
    def upward(self) -> np.ndarray:
        return self.arms(True, 0.7)

    @drawn
    def downward(self) -> np.ndarray:
        return self.arms(False, 0.7)

    @drawn
    def centre(self) -> np.ndarray:
        return np.zeros((2, 2))

    @drawn
    def upward_near(self) -> np.ndarray:
        return self.arms(True, 0.75 * NEAR)

    @drawn
    def downward_near(self) -> np.ndarray:
        return self.arms(False, 0.75 * NEAR)

    @drawn
    def points(self) -> np.ndarray:
        return self.critical.at

    @drawn
    def tones(self) -> np.ndarray:
        return np.array(TONES)[self.critical.kind]

    @drawn
    def standing(self) -> np.ndarray:
        return np.array([self.place])

    @drawn
    def standing_height(self) -> np.ndarray:
        return self.heights(np.array([self.place]))

    @drawn(on=("ground", "curvature"))
    def bends(self) -> Field:
        x, y = grid(self.ground, 100)
        least, greatest = extremes(self.ground, x, y)
        shown = least if self.curvature == "least λ" else np.maximum(-least, greatest)
        return Field(np.nan_to_num(shown, posinf=self.L, neginf=self.m), self.ground.x, self.ground.y)

    @drawn(on=("ground",))
    def negative(self) -> Field:
        least = extremes(self.ground, *grid(self.ground, 100))[0]
        return Field(np.where(least < -1e-9, 0, -1), self.ground.x, self.ground.y)

    @drawn
    def constants(self) -> str:
        return f"least {number(self.m)}, L = {number(self.L)}"

    @drawn(on=("ground",))
    def basins(self) -> Iterator[Field]:
        minima = self.critical.at[self.critical.kind == 0]
        for ends in basins(self.ground, minima, SIDES):
            yield Field(ends, self.ground.x, self.ground.y)

    @drawn
    def resolved(self) -> str:
        count = int((self.critical.kind == 0).sum())
        return "no minimum" if not count else f"{count} minim{'um' if count == 1 else 'a'}"

    @drawn
    def shape(self) -> Field:
        """The local quadratic without its slope."""
        side = np.linspace(-NEAR, NEAR, 60)
        s1, s2 = np.meshgrid(side, side)
        H = self.ground.hessian(self.place)
        return Field(H[0, 0] * s1**2 / 2 + H[0, 1] * s1 * s2 + H[1, 1] * s2**2 / 2, (-NEAR, NEAR), (-NEAR, NEAR))

    @drawn
    def hessian(self) -> np.ndarray:
        return self.ground.hessian(self.place)

    @drawn
    def eigenvalues(self) -> str:
        return ", ".join(number(float(f"{value:.3g}")) for value in self.eigen()[0])

    @drawn
    def update(self) -> Update:
        path = newton_path(self.ground, self.place, 1)
        return Update(
            r"\theta^+ = \theta - H^{-1} \nabla f",
            {r"\theta^+": path[-1], r"\theta": np.array(self.place), r"\nabla f": self.slope(self.place)},
        )

    @drawn
    def label(self) -> str:
        """What the surface is here, and where Newton lands."""
        values, _ = self.eigen()
        bowl, dome, saddle = values[0] > 0, values[1] < 0, values[0] < 0 < values[1]
        bend = "a bowl" if bowl else "a dome" if dome else "a saddle" if saddle else "a shape that is flat one way"
        landing = self.landing()
        if not len(landing):
            return f"Here H makes {bend}. From here Newton's method finds no critical point in the window."
        kind = int(kinds(self.ground, landing)[0])
        height = number(float(self.heights(landing)[0]))
        named = "degenerate point" if kind == 3 else KINDS[kind]
        steps = len(self.way()) - 1
        return (
            f"Here H makes {bend}. Newton lands after {steps} step{'s' * (steps != 1)} at a {named} ({SIGNS[kind]}), "
            f"({number(landing[0, 0])}, {number(landing[0, 1])}), f = {height}."
        )

    @drawn
    def counted(self) -> str:
        """Which critical points there are, and whether the whole surface is convex."""
        if self.critical.many:
            found = "Its critical points fill a line"
        else:
            counts = np.bincount(self.critical.kind, minlength=4)
            plural = ("minima", "maxima", "saddles", "degenerate points")
            tint = ("green", "orange", "blue", "other colour")
            found = "Critical points: " + (
                ", ".join(f"{n} {plural[i] if n > 1 else KINDS[i]} ({tint[i]})" for i, n in enumerate(counts) if n)
                or "none"
            )
        convex = "λ ≥ 0 everywhere: convex" if self.m >= -1e-9 else f"λ falls to {number(self.m)}: not convex"
        return f"{found}. {convex}."
