"""PCA: turn an axis by hand or by power iteration, and see the variance it keeps against the best there is."""

from __future__ import annotations

import numpy as np

from lab.controls import Count, Point, Slider, Switch
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.experiments.neighbours.pca._tools import Tools
from lab.marks import (
    Arrows,
    Bars,
    Column,
    Curve,
    Dots,
    Equation,
    Guide,
    Handle,
    Histogram,
    Line,
    Matrix,
    Note,
    Panel,
    Row,
    Tabs,
)
from lab.maths.pca import Components, by_svd, covariance, power_step, shares
from lab.maths.planes import ellipse

REACH = 6.0
TIP = 4.2  # how far from the mean the handle of the axis is
LEAST = 1e-16  # of a tangent that is drawn as a power of ten
MOST = 400
DEGREES = np.arange(-90.0, 91.0)


class PCA(Tools, Experiment):
    pace = 1.5
    scenes = ("digits", "table", "image", "auto-encoder", "whitening")

    angle = Slider(-50, -90, 90, symbol="θ", label="Axis at the start", restarts=True, help="degrees; or drag the ring")
    long = Slider(2, 0.1, 2.5, symbol="s₁", label="Spread along", restarts=True, help="of the cloud: the square is λ₁")
    short = Slider(1, 0, 2.5, symbol="s₂", label="Spread across", restarts=True, help="at 0 one number says it all")
    tilt = Slider(30, -90, 90, symbol="φ", restarts=True, help="which way the cloud lies, in degrees")
    centre = Point((0.0, 0.0), x=(-3, 3), y=(-3, 3), symbol="x̄", restarts=True, help="the mean of the cloud")
    n = Count(120, 5, 300, symbol="n", label="Points", restarts=True, help="points in the cloud")
    residuals = Switch(True, view=True, help="what is lost: from each point to its foot on the axis")

    metrics = {"kept": "vᵀSv", "best": "λ₁", "tangent": "tan ∠(v, v₁)", "law": "tan ∠₀ (λ₂/λ₁)ᵗ"}
    fixed = ("x",)
    prompts = (
        ("Drag the ring: where is the first bar highest?", {"angle": 75}),
        (
            "y is about 3 for all: drop it and lose only var y",
            {"long": 2, "short": 0.25, "tilt": 0, "angle": 0, "centre": [0, 3]},
        ),
        ("Sold and earned at one price: the second axis is empty", {"short": 0, "tilt": 35, "angle": -40}),
        ("Nearly round: the power iteration takes its time", {"long": 1.5, "short": 1.35, "angle": -50}),
        ("Exactly across: a stationary point, but the worst", {"long": 2, "short": 1, "tilt": 30, "angle": -60}),
    )
    presets = {
        "A general blob": {},
        "Flat: y is about 3": {"long": 2, "short": 0.25, "tilt": 0, "angle": 0, "centre": [0, 3]},
        "Units sold and profit": {"short": 0, "tilt": 35, "angle": -40},
        "Advertising and sales": {"short": 0.35, "tilt": 40, "angle": -20},
        "λ = 4 and 1, from (1, 1)": {"long": 2, "short": 1, "tilt": 0, "angle": 45},
        "Nearly round": {"long": 1.5, "short": 1.35, "angle": -50},
    }
    tiny = {"n": 20}

    panels = Row(
        Column(
            Panel(
                "Cloud",
                Line("two_sd", tint="quiet", dashed=True, width=1),
                Line("lost", tint="warn", width=1),
                Line("axis", tint="accent", width=2.5),
                Dots("x", tint="quiet", shape="disc", drag="move_point", add="add_point", erase="erase_point"),
                Dots("feet", tint="accent", shape="disc"),
                Arrows("at_mean", "components", label="v₁, v₂: an sd", tint="text"),
                Handle("tip", drag="turn_axis", label="v", tint="accent"),
                x="x₁",
                y="x₂",
                range_x=(-REACH, REACH),
                range_y=(-REACH, REACH),
                equal=True,
                detail="where",
                help="Drag the ring to turn the axis, a point to move it; click adds one, right-click takes it",
            ),
            Tabs(
                Panel("Variance kept", Bars("parts", labels="part_names", highest=100), y="% of all", detail="share"),
                Panel(
                    "Shadows",
                    Histogram("shadows", labels="shadow_names", bins=24),
                    x="distance from the mean",
                    help="The cloud as seen along its two axes: with v level, these are the marginals of x₁ and x₂",
                ),
                Panel("Covariance", Matrix("S", rows="features", columns="features"), still=True),
            ),
            sizes=(5, 2),
        ),
        Column(
            Panel(
                "Variance against angle",
                Guide(y="extremes", label="λ₁, λ₂", tint="text"),
                Line("variances", label="vᵀSv", tint="quiet"),
                Handle("on_curve", drag="turn_to", along="x", label="v", tint="accent"),
                x="angle θ of v, degrees",
                y="vᵀSv",
                range_x=(-90, 90),
                help="Highest at v₁, lowest at v₂: only there is it level. Drag the ring along the curve",
            ),
            Panel("Power iteration", Curve("tangent", "law", log_y=True), x="step t", y="tan ∠(v, v₁)"),
            Panel("Update", Equation("update"), Note("said")),
            sizes=(4, 4, 5),
        ),
        sizes=(6, 5),
    )

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        z = self.rng.standard_normal((self.n, 2))
        z = by_svd(z).scores / np.sqrt(by_svd(z).values)  # so that S has exactly the eigenvalues s₁² and s₂²
        turn = np.column_stack([unit(self.tilt), unit(self.tilt + 90)])
        self.x = self.centre + z * [self.long, self.short] @ turn.T
        self.v = self.before = self.begin = unit(self.angle)
        self.law = self.tangent()
        return self.measured()

    def step(self) -> Metrics:
        """Power iteration: v ← S v / ‖S v‖."""
        S, (first, second) = covariance(self.x), self.components_of().values
        self.before = self.v
        self.v = power_step(S, self.v)
        self.law *= second / first if first > 0 else 1.0
        if np.allclose(self.v, self.before, rtol=0, atol=1e-7):
            best = self.tangent() < 1
            self.finish(
                "v stands still: it is v₁." if best else "v stands still: it is v₂, where the variance is least."
            )
        return self.measured()

    def components_of(self) -> Components:
        return by_svd(self.x)

    def tangent(self) -> float:
        """Of the angle between v and v₁: each step shrinks it by λ₂/λ₁."""
        along, across = np.abs(self.components_of().vectors.T @ self.v)
        return float(across / max(along, 1e-12))

    def measured(self) -> Metrics:
        return {
            "kept": float(self.v @ covariance(self.x) @ self.v),
            "best": float(self.components_of().values[0]),
            "tangent": max(self.tangent(), LEAST),
            "law": max(float(self.law), LEAST),
        }

    # ------------------------------------------------------------ what a person does

    def aim(self, v: np.ndarray) -> None:
        self.v = self.before = v
        if not self.t:
            self.begin = v
        self.law = self.tangent()

    @action
    def turn_axis(self, x: float, y: float) -> None:
        """Turn the axis so that it points at (x, y)."""
        towards = np.array([x, y]) - self.x.mean(axis=0)
        if np.linalg.norm(towards) < 1e-6:
            raise ValueError("turn_axis: the mean itself gives no direction; point somewhere else")
        self.aim(towards / np.linalg.norm(towards))

    @action
    def turn_to(self, angle: float, height: float) -> None:
        """Turn the axis to an angle in degrees, from the curve."""
        self.aim(unit(float(np.clip(angle, -90, 90))))

    @action
    def snap(self) -> None:
        """Turn the axis onto the first principal component."""
        self.aim(self.components_of().vectors[:, 0])

    @action
    def move_point(self, index: int, x: float, y: float) -> None:
        """Drag a point: the components follow."""
        self.have(index)
        moved = self.x.copy()
        moved[index] = np.clip([x, y], -REACH, REACH)
        self.x = moved
        self.law = self.tangent()

    @action
    def add_point(self, x: float, y: float) -> None:
        """Click on empty ground: one more point."""
        if len(self.x) >= MOST:
            raise ValueError(f"add_point: there are {MOST} points already; take one away first")
        self.x = np.vstack([self.x, np.clip([x, y], -REACH, REACH)])
        self.law = self.tangent()

    @action
    def erase_point(self, index: int) -> None:
        """Right-click a point: it goes."""
        self.have(index)
        if len(self.x) <= 3:
            raise ValueError("erase_point: a cloud needs three points; add another before you take one away")
        self.x = np.delete(self.x, index, axis=0)
        self.law = self.tangent()

    def have(self, index: int) -> None:
        if not 0 <= index < len(self.x):
            raise ValueError(f"there is no point {index}; they are 0 to {len(self.x) - 1}")

    # ------------------------------------------------------------ pictures

    @drawn(on=("x",))
    def S(self) -> np.ndarray:
        return covariance(self.x)

    @drawn
    def features(self) -> tuple[str, str]:
        return "x₁", "x₂"

    def mean(self) -> np.ndarray:
        return self.x.mean(axis=0)

    @drawn
    def axis(self) -> np.ndarray:
        return self.mean() + np.outer([-2.2 * TIP, 2.2 * TIP], self.v)

    @drawn
    def tip(self) -> np.ndarray:
        return self.mean() + TIP * self.v

    @drawn
    def feet(self) -> np.ndarray:
        """x̄ + v vᵀ(x − x̄)."""
        return self.mean() + np.outer((self.x - self.mean()) @ self.v, self.v)

    @drawn
    def lost(self) -> tuple[np.ndarray, ...]:
        return tuple(np.stack(pair) for pair in zip(self.x, self.feet())) if self.residuals else ()

    @drawn(on=("x",))
    def two_sd(self) -> np.ndarray:
        return ellipse(self.mean(), covariance(self.x), 4.0)

    @drawn
    def at_mean(self) -> np.ndarray:
        return np.tile(self.mean(), (2, 1))

    @drawn(on=("x",))
    def components(self) -> np.ndarray:
        found = self.components_of()
        return (found.vectors * np.sqrt(found.values)).T

    @drawn(on=("x",))
    def variances(self) -> np.ndarray:
        v = np.column_stack([np.cos(np.radians(DEGREES)), np.sin(np.radians(DEGREES))])
        return np.column_stack([DEGREES, ((v @ self.S()) * v).sum(axis=1)])

    @drawn(on=("x",))
    def extremes(self) -> np.ndarray:
        return self.components_of().values

    @drawn
    def on_curve(self) -> np.ndarray:
        return np.array([degrees(self.v), self.v @ self.S() @ self.v])

    @drawn
    def parts(self) -> np.ndarray:
        along = float(self.v @ self.S() @ self.v)
        own = shares(np.array([along, max(float(np.trace(self.S())) - along, 0.0)]))
        return np.round(100 * np.concatenate([own, shares(self.components_of().values)]), 9)

    @drawn
    def part_names(self) -> tuple[str, ...]:
        return "your axis", "lost", "v₁", "v₂"

    @drawn
    def share(self) -> str:
        return f"{self.parts()[0]:.1f} % of at most {self.parts()[2]:.1f} %"

    @drawn
    def where(self) -> str:
        return f"v at {degrees(self.v):.1f}°, v₁ at {degrees(self.components_of().vectors[:, 0]):.1f}°"

    @drawn
    def shadows(self) -> tuple[np.ndarray, np.ndarray]:
        centred = self.x - self.mean()
        return centred @ self.v, centred @ [-self.v[1], self.v[0]]

    @drawn
    def shadow_names(self) -> tuple[str, str]:
        along, across = (float(part.var()) for part in self.shadows())
        return f"along v: kept, variance {along:.3g}", f"across: dropped, variance {across:.3g}"

    @drawn
    def update(self) -> Update:
        turned = np.round(self.S() @ self.before, 12)
        new = np.round(power_step(self.S(), self.before), 12)
        return Update(
            r"v' = \frac{S v}{\|S v\|} \\ \mathrm{kept} = v'^\top S v'",
            {
                "v'": new,
                "S v": turned,
                r"\|S v\|": float(np.linalg.norm(turned)),
                r"\mathrm{kept}": new @ self.S() @ new,
            },
        )

    @drawn
    def said(self) -> str:
        own, lost, best, _ = self.parts()
        first, second = self.components_of().values
        if self.finished:
            return f"{self.finished} It keeps {own:.1f} % of the variance; {lost:.1f} % would be lost."
        if first > 0 and second / first < 1e-12:
            return f"All points lie on a line: one number a point is enough. This axis keeps {own:.1f} %."
        if not self.t:
            return f"This axis keeps {own:.1f} % of the variance, the best {best:.1f} %. Turn it, or let S turn it."
        shrinks = f"Each step shrinks the tangent by {second / max(first, LEAST):.3g}"
        return f"S pulls v towards v₁: {own:.1f} % kept of {best:.1f} %. {shrinks}."


def unit(angle: float) -> np.ndarray:
    return np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])


def degrees(v: np.ndarray) -> float:
    """The angle of an axis, which has no sense of its own, from −90° to 90°."""
    return float((np.degrees(np.arctan2(v[1], v[0])) + 90) % 180 - 90)
