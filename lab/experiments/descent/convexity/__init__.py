"""convexity: chord, tangent and the two sandwiching parabolas follow the hand along a curve."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Formula, Slider, Unfit
from lab.experiment import Experiment, Update, action, drawn
from lab.experiments.descent.convexity._parts import Lines, hatched, number, pieces, window
from lab.experiments.descent.convexity._slopes import Slopes
from lab.experiments.descent.convexity._touching import Touching
from lab.marks import Arrows, Column, Dots, Equation, Guide, Handle, Line, Note, Panel, Row, Tabs
from lab.maths.convexity import ROUNDING, Verdict, judged
from lab.maths.formula import parse

CLASSICS = {
    "double well": "x**4 - x**2",
    "parabola": "x**2",
    "fourth power": "x**4",
    "exponential": "exp(x)",
    "minus logarithm": "-log(x)",
    "softplus": "log(1 + exp(x))",
    "absolute value": "abs(x)",
    "Huber": "0.5*min(abs(x), 1)**2 + max(abs(x) - 1, 0)",
    "flat-bottomed": "max(abs(x) - 1, 0)",
    "straight line": "x/2 + 1",
    "power of x > 0": "exp({p}*log(x))",
    "power of |x|": "abs(x)**{p}",
    "sine": "sin(x)",
    "not convex, yet PL": "x**2 + 3*sin(x)**2",
}
FAR = 6
HALF = 300  # places on either side of 0 at which the curve is known
HATCHES = 90
ON_CURVE = r"f(\lambda a + (1 - \lambda) b)"
ON_CHORD = r"\lambda f(a) + (1 - \lambda) f(b)"


class Convexity(Touching, Slopes, Experiment):
    scenes = ("plane", "descent")

    function = Choice((*CLASSICS, "formula"), symbol="f", help="the curve that is tested")
    formula = Formula(
        "x**2 + sin(3*x)",
        variables=("x",),
        symbol="f(x)",
        when={"function": ("formula",)},
        help="a curve of your own in x",
    )
    power = Slider(
        1.5,
        -3,
        4,
        symbol="p",
        when={"function": ("power of x > 0", "power of |x|")},
        help="x to the p is convex where p ≥ 1 or p ≤ 0, |x| to the p where p ≥ 1",
    )
    reach = Count(1, 1, FAR, symbol="r", help="the curve is judged from −r to r, and nowhere else")
    a = Slider(-0.8, -FAR, FAR, symbol="a", label="Chord from", help="one end of the chord: drag it along the curve")
    b = Slider(0.6, -FAR, FAR, symbol="b", label="Chord to", help="the other end of the chord: drag it too")
    share = Slider(0.5, 0, 1, symbol="λ", label="Share of a", help="where on the chord the gap is measured: 1 is at a")
    c = Slider(0.35, -FAR, FAR, symbol="c", label="Tangent at", help="where tangent and parabolas touch the curve")
    m = Slider(
        0,
        -10,
        20,
        symbol="m",
        label="Bowl's curvature",
        limit="largest_m",
        help="slide it until the bowl at c pokes through; marked: the largest that serves everywhere",
    )
    B = Slider(
        2,
        0.05,
        500,
        log=True,
        symbol="B",
        label="Cone's slope",
        help="of the double cone at c",
    )

    random = False
    fixed = ("x", "y", "slopes", "curvatures")
    prompts = (
        ("Let λ slide: is the curve ever above this chord?", {"function": "parabola", "reach": 2, "a": -1.5, "b": 1}),
        ("Drag both ends until the chord of a sine lies below it", {"function": "sine", "reach": 3, "a": -3, "b": -1}),
        ("Is a curve that is flat at its bottom strictly convex?", {"function": "flat-bottomed", "reach": 3}),
        ("x⁴ is strictly convex. Why is no m above 0 good enough?", {"function": "fourth power", "reach": 1}),
        (
            "Slide m until the bowl pokes through",
            {"function": "parabola", "reach": 2, "c": -0.5, "m": 1},
        ),
        ("Which powers p make a convex curve?", {"function": "power of x > 0", "reach": 3, "power": 0.5}),
        ("A kink: no parabola fits above it", {"function": "absolute value", "reach": 1}),
        ("Widen the interval: what happens to L?", {"function": "exponential", "reach": 3}),
    )

    def start(self) -> None:
        self.take_curve()

    def changed(self, name: str) -> None:
        if name in ("function", "formula", "reach", "power"):
            self.take_curve()

    def catalogue(self) -> dict[str, str]:
        """The formula of each classic, the power written in."""
        return {name: text.format(p=self.power) for name, text in CLASSICS.items()}

    def take_curve(self) -> None:
        """The curve, its slope and its curvature at many places; NaN where it has no value."""
        self.f = self.formula if self.function == "formula" else parse(self.catalogue()[self.function], ("x",))
        self.df = self.f.derivative("x")
        self.x = self.reach * np.arange(-HALF, HALF + 1) / HALF
        self.y = np.where(np.isfinite(self.f(self.x)), self.f(self.x), np.nan)
        self.slopes = np.where(np.isfinite(self.y), self.df(self.x), np.nan)
        self.curvatures = np.where(np.isfinite(self.y), self.df.derivative("x")(self.x), np.nan)
        if np.isfinite(self.slopes).sum() < 3:
            reason = f"it has hardly a value from −{self.reach} to {self.reach}: write another, or widen the interval"
            raise Unfit("formula" if self.function == "formula" else "reach", reason)

    @action
    def search_violation(self) -> None:
        """Put the chord where the curve rises most above it, or from end to end where no chord is crossed."""
        found, known = self.verdict().worst, self.x[np.isfinite(self.y)]
        if self.verdict().convex:
            self.a, self.b = known[0], known[-1]
        else:
            self.a, self.b, self.share = found.a, found.b, found.share

    @action
    def move_a(self, x: float, y: float) -> None:
        """Drag the chord's end a along the curve."""
        self.a = np.clip(x, -FAR, FAR)

    @action
    def move_b(self, x: float, y: float) -> None:
        """Drag the chord's end b along the curve."""
        self.b = np.clip(x, -FAR, FAR)

    @action
    def move_c(self, x: float, y: float) -> None:
        """Drag the point that the tangent touches."""
        self.c = np.clip(x, -FAR, FAR)

    # ------------------------------------------------------------ what is asked of the curve

    @drawn(on=("y", "slopes"))
    def verdict(self) -> Verdict:
        return judged(self.f, self.df, self.x)

    def foot(self, x: float) -> np.ndarray:
        """The place on the curve at x, or the nearest one where the curve is known."""
        if abs(x) > self.reach or not np.isfinite(self.f(x)):
            known = self.x[np.isfinite(self.y)]
            x = known[np.abs(known - x).argmin()]
        return np.array([x, self.f(x)])

    @drawn
    def at_a(self) -> np.ndarray:
        return self.foot(self.a)

    @drawn
    def at_b(self) -> np.ndarray:
        return self.foot(self.b)

    @drawn
    def at_c(self) -> np.ndarray:
        return self.foot(self.c)

    def crossing(self) -> np.ndarray:
        """At λ a + (1 − λ) b: the place on the curve, and the place on the chord."""
        (a, fa), (b, fb) = self.at_a(), self.at_b()
        x = self.share * a + (1 - self.share) * b
        return np.array([[x, self.f(x)], [x, self.share * fa + (1 - self.share) * fb]])

    def gap(self) -> float:
        """How far the chord is above the curve at λ: below 0 proves that the curve is not convex."""
        on_curve, on_chord = self.crossing()[:, 1]
        return float(on_chord - on_curve)

    def tolerance(self) -> float:
        return ROUNDING * float(np.nanmax(np.abs(self.y)))

    def chord_at(self, x: np.ndarray) -> np.ndarray:
        """The chord's heights; NaN beyond its ends."""
        (a, fa), (b, fb) = sorted(map(tuple, (self.at_a(), self.at_b())))
        return np.interp(x, [a, b], [fa, fb], left=np.nan, right=np.nan)

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        along = {"x": "x", "range_x": (-1.05 * self.reach, 1.05 * self.reach)}
        return Row(
            Panel(
                "Curve",
                Line("shade", tint="warn", width=1),
                Line("upper", label="L-parabola", tint="3", dashed=True, width=1.5),
                Line("lower", label="m-parabola", tint="2", dashed=True, width=1.5),
                Line("bowl", label="bowl m", tint="2", width=2),
                Line("poking", tint="warn", width=4),
                Line("tangent", label="tangent", tint="quiet", width=1.5),
                Line("graph", tint="accent", width=2.5),
                Line("chord", tint="text"),
                Line("too_high", tint="warn", width=3.5),
                Line("gap_kept", tint="accent", dashed=True),
                Line("gap_broken", tint="warn", width=3),
                Line("bottom", tint="text", width=6),
                Dots("lowest", shape="diamond", tint="text"),
                Dots("landing", shape="star", tint="quiet"),
                Dots("facing", tint="text"),
                Handle("at_c", drag="move_c", label="c", tint="quiet", along="x"),
                Handle("at_a", drag="move_a", label="a", along="x"),
                Handle("at_b", drag="move_b", label="b", along="x"),
                **along,
                y="f(x)",
                range_y=window(self.y),
                help="Orange: the curve is above the chord. Both parabolas touch it at c, and a step of gradient "
                "descent with η = 1/L lands on the star, the lowest of the upper one. Diamond or bar: the minimum",
            ),
            Column(
                Tabs(
                    Panel(
                        "Slopes",
                        Guide(y="zero"),
                        Guide(y="most", label="L", tint="text"),
                        Guide(y="least", label="m", tint="text"),
                        Line("slope", label="f′", tint="accent"),
                        Line("curvature", label="f″", tint="2"),
                        Line("concave", tint="warn", width=3.5),
                        Dots("touched", tint="text"),
                        **along,
                        range_y=window(self.slopes, self.curvatures),
                        detail="bounds",
                        help="f is convex where f″ ≥ 0; dashed: the least curvature m and the greatest, L",
                    ),
                    Panel(
                        "Cone",
                        Line("graph", tint="accent", width=2.5),
                        Line("cone_up", label="slope B", tint="3", dashed=True),
                        Line("cone_down", tint="3", dashed=True),
                        Line("in_cone", tint="warn", width=4),
                        Handle("at_c", drag="move_c", label="c", tint="quiet", along="x"),
                        **along,
                        range_y=window(self.y),
                        detail="cone_said",
                        help="B-Lipschitz: wherever c goes, the curve keeps out of the cone above and below it",
                    ),
                    Panel(
                        "Monotone",
                        Line("slope", tint="quiet"),
                        Line("slope_rises", label="rises", tint="accent", width=3),
                        Line("slope_falls", label="falls", tint="warn", width=3),
                        Dots("slope_ends", tint="text", big=True),
                        Arrows("slope_ends", "arrow_by", tint="3"),
                        **along,
                        y="f′(x)",
                        range_y=window(self.slopes, self.curvatures),
                        detail="product_said",
                        help="f is convex where f′ never falls. The arrows are the gradients at a and b",
                    ),
                    Panel(
                        "Gallery",
                        Line("gallery", tint="quiet"),
                        Line("gallery_now", tint="accent", width=4),
                        Dots("gallery_at", labels="gallery_names", tint="quiet"),
                        range_x=(-0.55, 4.55),
                        range_y=(-2.6, 1.05),
                        help="The catalogue, from −3 to 3: choose one under Function",
                    ),
                ),
                Panel("Inequality", Equation("inequality"), Note("judgement"), Note("here"), Note("bowl_said")),
            ),
            sizes=(3, 2),
        )

    @drawn
    def graph(self) -> Lines:
        return self.within(self.y)

    @drawn
    def chord(self) -> np.ndarray:
        return np.array([self.at_a(), self.at_b()])

    @drawn
    def too_high(self) -> Lines:
        """The part of the curve that is above the chord."""
        return self.within(np.where(self.y > self.chord_at(self.x) + self.tolerance(), self.y, np.nan))

    @drawn
    def shade(self) -> Lines:
        """Strokes up and down between the chord and the curve where that is above it."""
        x = np.linspace(-self.reach, self.reach, HATCHES)
        y, chord = self.f(x), self.chord_at(x)
        return hatched(x, np.where(y > chord + self.tolerance(), y, np.nan), chord)

    @drawn
    def facing(self) -> np.ndarray:
        ends = self.crossing()
        return ends[np.isfinite(ends).all(axis=1)]

    @drawn
    def gap_kept(self) -> np.ndarray:
        return self.crossing() if self.gap() >= -self.tolerance() else np.empty((0, 2))

    @drawn
    def gap_broken(self) -> np.ndarray:
        return self.crossing() if self.gap() < -self.tolerance() else np.empty((0, 2))

    def is_lowest(self) -> np.ndarray:
        """Which places have the least height; none where the curve only falls to the end of the interval."""
        least = self.y <= np.nanmin(self.y) + self.tolerance()
        return least & ~(least[0] | least[-1])

    @drawn
    def lowest(self) -> np.ndarray:
        """The one place of least height, or the ends of each bar of them."""
        least = self.is_lowest()
        inner = least[:-2] & least[2:]
        least[1:-1] &= ~inner
        return np.column_stack([self.x, self.y])[least]

    @drawn
    def bottom(self) -> Lines:
        """The bar of them where the curve is flat at its bottom."""
        return self.within(np.where(self.is_lowest(), self.y, np.nan))

    def within(self, heights: np.ndarray, *of: np.ndarray) -> Lines:
        """A line over x, broken where it leaves the picture of these heights, or of the curve's."""
        low, high = window(*(of or (self.y,)))
        return pieces(self.x, np.where((low <= heights) & (heights <= high), heights, np.nan))

    @drawn
    def inequality(self) -> Update:
        on_curve = self.crossing()[0, 1]
        sign = r"\le" if self.gap() >= -self.tolerance() else ">"
        numbers = {r"\lambda": self.share, "f(a)": self.at_a()[1], "f(b)": self.at_b()[1]}
        return Update(
            rf"{ON_CURVE} {sign} {ON_CHORD}", numbers | ({ON_CURVE: on_curve} if np.isfinite(on_curve) else {})
        )

    @drawn
    def judgement(self) -> str:
        """What the curve is over the whole interval."""
        v, known = self.verdict(), self.x[np.isfinite(self.y)]
        where = f"from {number(known[0])} to {number(known[-1])}"
        if not np.isnan(v.hole):
            return f"Not convex {where}: it has no value at x = {number(v.hole)}, in the middle."
        if not v.convex:
            ends = f"a = {number(v.worst.a)} and b = {number(v.worst.b)}"
            kind = f"Not convex {where}: it rises {number(v.worst.gap)} above the chord between {ends}."
        elif v.strong:
            kind = f"Strongly convex {where} with m = {number(v.m)}, and so strictly convex and convex."
        elif v.strict:
            kind = f"Strictly convex {where}, but not strongly: its curvature comes down to 0."
        else:
            kind = f"Convex {where}, but not strictly: it has a straight piece."
        if v.smooth:
            return f"{kind} There it is L-smooth with L = {number(v.L)}."
        return f"{kind} It is L-smooth for no L: its slope jumps, or its curvature grows without end."

    @drawn
    def here(self) -> str:
        """What this chord and this tangent say."""
        gap, c = self.gap(), self.at_c()[0]
        below = self.parabola(0) - self.y
        if np.isnan(gap):
            chord = "At λ the curve has no value."
        elif gap < -self.tolerance():
            chord = f"At λ the curve is {number(-gap)} above this chord: that alone shows that it is not convex."
        else:
            chord = f"At λ this chord is {number(gap)} above the curve."
        if not np.isfinite(below).any():
            return f"{chord} At c the curve has no tangent."
        deepest = int(np.nanargmax(below))
        if below[deepest] <= self.tolerance():
            return f"{chord} The whole curve is on or above its tangent at c = {number(c)}."
        return (
            f"{chord} The curve dips {number(below[deepest])} below its tangent at c, at x = {number(self.x[deepest])}."
        )
