"""Quasi-Newton: an ellipse learnt from steps alone turns into that of the inverse Hessian; BFGS and L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lab import marks
from lab.controls import Choice, Count, Point, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import (
    Arrows,
    Bars,
    Column,
    Curve,
    Dots,
    Equation,
    Field,
    Handle,
    Heat,
    Line,
    Matrix,
    Note,
    Panel,
    Row,
    Tabs,
    Trail,
)
from lab.maths.optimisers import RULES
from lab.maths.planes import ellipse, terrain, within
from lab.maths.quasi_newton import Pair, bfgs, definite, two_loop
from lab.maths.searches import Ray, Search, armijo, backtracking, strong_wolfe
from lab.maths.surfaces import SURFACES, ravine

STARTS = {"Rosenbrock": (0.2, -0.2), "ravine": (-2.4, 0.9), "Himmelblau": (0.0, 0.0)}
ARRIVED = 1e-10
SHOWN = 8  # pairs in the picture of the memory
HISTORIES = (1, 2, 3, 5, 8)
DEFINITE = "B must be positive definite. The text says semidefinite, and hence non-singular; that does not follow"
COUNTED = "Steps from the start until the slope is 0; counting ends at 200"
LONGEST = 200  # steps after which a count of steps is given up
FAR = 1e6


class Knobs(NamedTuple):
    """Adam's, for the steps before L-BFGS."""

    rate: float
    momentum: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0


class Quasi(Experiment):
    pace = 3
    surface = Choice(tuple(STARTS), symbol="C", restarts=True, help="what they descend on")
    kappa = Slider(
        30, 1, 1000, log=True, symbol="κ", restarts=True, when={"surface": ("ravine",)}, help="condition number"
    )
    begin = Point(STARTS["Rosenbrock"], x=(-5, 5), y=(-5, 5), symbol="θ₀", label="Start", restarts=True, help="drag it")
    method = Choice(["BFGS", "L-BFGS", "Adam, then L-BFGS"], restarts=True, help="how B is made of steps and slopes")
    m = Count(
        5,
        1,
        20,
        symbol="m",
        label="History",
        when={"method": ("L-BFGS", "Adam, then L-BFGS")},
        help="pairs that are remembered",
    )
    switch = Count(
        40, 1, 500, label="Switch at", when={"method": ("Adam, then L-BFGS",)}, help="steps of Adam before L-BFGS"
    )
    rate = Slider(
        0.1, 0.001, 1, log=True, symbol="η", when={"method": ("Adam, then L-BFGS",)}, help="Adam's learning rate"
    )
    search = Choice(["Armijo", "strong Wolfe", "none"], help="how α is chosen; with none, α = 1")
    beta = Slider(1e-4, 0, 0.9, symbol="β", when={"search": ("Armijo", "strong Wolfe")}, help="share of the fall asked")
    gamma = Slider(0.9, 0.01, 0.99, symbol="γ", when={"search": ("strong Wolfe",)}, help="share of slope left; above β")

    presets = {
        "BFGS on Rosenbrock": {"surface": "Rosenbrock", "method": "BFGS", "search": "Armijo", "beta": 1e-4},
        "L-BFGS with five pairs": {"surface": "Rosenbrock", "method": "L-BFGS", "m": 5, "search": "Armijo"},
        "Adam first, L-BFGS to finish": {"surface": "Rosenbrock", "method": "Adam, then L-BFGS", "switch": 40},
        "No Wolfe test: the lamp goes red": {"surface": "Rosenbrock", "begin": (-1.9, 1.9), "search": "Armijo"},
    }
    prompts = (
        ("Armijo alone, from here: watch the lamp", {"begin": (-1.9, 1.9), "method": "BFGS", "search": "Armijo"}),
        ("The same with the strong Wolfe test", {"begin": (-1.9, 1.9), "method": "BFGS", "search": "strong Wolfe"}),
        ("Only one pair: how many steps more?", {"method": "L-BFGS", "m": 1, "search": "Armijo"}),
        ("A quadratic: when does B equal the inverse Hessian?", {"surface": "ravine", "method": "BFGS"}),
    )
    metrics = {"loss": "C", "eigenvalue": "λ", "curvature": "g_sᵀθ_s/‖·‖‖·‖", "alpha": "α"}
    random = False
    fixed = ("ground",)
    diverges = "Without a line search, the first steps, with B = I, are as long as the slope is steep."

    # ------------------------------------------------------------ the methods

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        return {"begin": STARTS[value]} if name == "surface" else {}

    def start(self) -> Metrics:
        self.check_order("gamma")
        self.ground = ravine(self.kappa, 25) if self.surface == "ravine" else SURFACES[self.surface]
        self.theta = np.array([self.begin] * 3)  # the method, Newton, GD
        self.B = np.eye(2)
        self.pairs: tuple[Pair, ...] = ()  # (θ_s, g_s), oldest first
        self.seen: tuple[tuple[int, np.ndarray, np.ndarray, bool], ...] = ()  # the latest, also those refused
        self.adam = RULES["Adam"].begin(np.zeros(2))
        self.alpha = 0.0
        return self.measured()

    def step(self) -> Metrics:
        """Direction −B ∇C, a line search, and B made to fit what the step has shown."""
        here = self.theta[0]
        g = self.gradient(here)
        if self.warming_up():
            RULES["Adam"].average(self.adam, g, Knobs(self.rate))
            self.alpha, theta_s = 1.0, RULES["Adam"].move(self.adam, g, Knobs(self.rate))
        else:
            d = -self.times_B(g)
            self.alpha = self.searched(here, d).alpha
            theta_s = self.alpha * d
            g_s = self.gradient(here + theta_s) - g
            useful = bool(g_s @ theta_s > 0)  # else no positive definite B has B g_s = θ_s
            self.seen = (*self.seen, (self.t + 1, theta_s, g_s, useful))[-SHOWN:]
            if useful:
                self.B = bfgs(self.B, theta_s, g_s)
                self.pairs = (*self.pairs, (theta_s, g_s))[-20:]
        self.theta = np.array([here + theta_s, self.newton(self.theta[1]), self.downhill(self.theta[2])])
        if np.abs(self.gradient(self.theta[0])).max() < ARRIVED:
            self.finish(f"{self.method} has arrived after {self.t + 1} steps.")
        elif not np.any(theta_s):
            self.finish("No α was found that meets the condition, so it stays where it is.")
        elif np.abs(self.theta[0]).max() > FAR:
            self.finish("It has left for good: without a search its first step was far too long.")
        return self.measured()

    def warming_up(self) -> bool:
        return self.method == "Adam, then L-BFGS" and self.t < self.switch

    def times_B(self, g: np.ndarray) -> np.ndarray:
        """B g; of L-BFGS by the two loops over the last m pairs."""
        return self.B @ g if self.method == "BFGS" else two_loop(g, self.pairs[-self.m :])

    def searched(self, here: np.ndarray, d: np.ndarray) -> Search:
        ray = Ray(self.ground.f, self.ground.gradient, here, d)
        if self.search == "none" or not ray.fall < 0:
            return Search(1.0, ())
        if self.search == "Armijo":
            return backtracking(ray, 1.0, 2 / 3, lambda alpha: armijo(ray, alpha, self.beta))
        return strong_wolfe(ray, self.beta, self.gamma)

    def newton(self, here: np.ndarray) -> np.ndarray:
        H = self.ground.hessian(here)
        return here - np.linalg.solve(H, self.gradient(here)) if abs(np.linalg.det(H)) > 1e-12 else here

    def downhill(self, here: np.ndarray) -> np.ndarray:
        """Gradient descent with Armijo's backtracking."""
        g = self.gradient(here)
        ray = Ray(self.ground.f, self.ground.gradient, here, -g)
        return here - backtracking(ray, 1.0, 2 / 3, lambda alpha: armijo(ray, alpha, 1e-4)).alpha * g

    def check_order(self, control: str) -> None:
        if self.search == "strong Wolfe" and self.beta >= self.gamma:
            raise Unfit(
                control, f"β must be below γ, or a ray may have no step; now β = {self.beta:g} and γ = {self.gamma:g}"
            )

    def changed(self, name: str) -> None:
        self.check_order(name)

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.array(self.ground.gradient(*theta), dtype=float)

    def estimate(self) -> np.ndarray:
        """B as a matrix; only drawn, for L-BFGS never forms it."""
        return np.array([self.times_B(axis) for axis in np.eye(2)])

    def measured(self) -> Metrics:
        with np.errstate(all="ignore"):
            row = {f"loss/{name}": float(self.ground.f(*at)) for name, at in zip(self.names(), self.theta)}
        low, high = np.linalg.eigvalsh(self.estimate())
        row |= {"eigenvalue/B low": float(low), "eigenvalue/B high": float(high), "alpha": self.alpha}
        H = self.ground.hessian(self.theta[0])
        if definite(H):
            small, large = 1 / np.linalg.eigvalsh(H)[::-1]
            row |= {"eigenvalue/H⁻¹ low": float(small), "eigenvalue/H⁻¹ high": float(large)}
        if self.seen:
            row["curvature"] = self.cosine()
        return row

    def cosine(self) -> float:
        _, theta_s, g_s, _ = self.seen[-1]
        lengths = float(np.hypot(*theta_s) * np.hypot(*g_s))
        return float(theta_s @ g_s) / lengths if 0 < lengths < np.inf else 0.0

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        ground = self.ground
        return Column(
            Row(
                Panel(
                    "Plane",
                    Heat("landscape", log=ground.log),
                    Trail("theta", labels="names"),
                    Line("true", label="H⁻¹", tint="text", dashed=True),
                    Line("learnt", label="B", tint="warn", width=3),
                    Handle("begin", drag="begin", label="start"),
                    x="θ₁",
                    y="θ₂",
                    range_x=ground.x,
                    range_y=ground.y,
                    equal=True,
                    help="The ellipses show the shapes of B and of the inverse Hessian, to one scale",
                ),
                Column(
                    Panel(
                        "B and inverse Hessian", Matrix("matrices", columns="columns"), detail="far_off", help=DEFINITE
                    ),
                    Panel(
                        "Memory",
                        Arrows("slots", "steps", label="θ_s", tint="0"),
                        Arrows("slots", "changes", label="g_s", tint="1"),
                        Dots("lamps", colour="signs", labels="numbers", ring="used", big=True),
                        y="",
                        range_x=(-0.7, SHOWN + 0.3),
                        range_y=(-1.5, 1.5),
                        detail="lamp",
                        help="The latest pairs, ringed: those in use. A lamp is green where g_sᵀθ_s > 0",
                    ),
                ),
                sizes=(1, 1.1),
            ),
            Row(
                Tabs(
                    Panel("Loss", Curve("loss", log_y=True), x="step t", y="C"),
                    Panel("Eigenvalues", Curve("eigenvalue", log_y=True), x="step t", y="λ"),
                    Panel("Steps by history", Bars("counts", labels="histories"), y="steps", still=True, help=COUNTED),
                    Panel("Curvature", Curve("curvature"), x="step t", y="cos(g_s, θ_s)"),
                ),
                Panel("Step", Equation("update"), Note("said")),
                sizes=(1, 1.1),
            ),
            sizes=(3, 2),
        )

    @drawn(on=("surface", "kappa"))
    def landscape(self) -> Field:
        return Field(*terrain(self.ground))

    @drawn
    def names(self) -> tuple[str, ...]:
        return self.method, "Newton", "GD"

    def oval(self, matrix: np.ndarray) -> tuple[np.ndarray, ...]:
        """An ellipse with a matrix's axes, as large as B's picture is."""
        width = 0.2 * (self.ground.x[1] - self.ground.x[0])
        level = width**2 / max(float(np.linalg.eigvalsh(self.estimate())[1]), 1e-300)
        return within(ellipse(self.theta[0], matrix, level), self.ground.x, self.ground.y)

    @drawn
    def learnt(self) -> Any:
        return self.oval(self.estimate())

    @drawn
    def true(self) -> Any:
        H = self.ground.hessian(self.theta[0])
        return self.oval(np.linalg.inv(H)) if definite(H) else ()

    def inverse(self) -> np.ndarray:
        return np.linalg.pinv(self.ground.hessian(self.theta[0]))

    @drawn
    def matrices(self) -> np.ndarray:
        return np.hstack([self.estimate(), self.inverse()])

    @drawn
    def columns(self) -> tuple[str, ...]:
        return "B", "", "H⁻¹", ""

    @drawn
    def far_off(self) -> str:
        size = np.linalg.norm(self.inverse())
        return f"{np.linalg.norm(self.estimate() - self.inverse()) / size:.2g} apart" if size else ""

    @drawn
    def slots(self) -> np.ndarray:
        return np.column_stack([np.arange(len(self.seen)), np.zeros(len(self.seen))]) + (0.0, 0.2)

    def unit(self, part: int) -> np.ndarray:
        vectors = np.array([one[part] for one in self.seen], dtype=float).reshape(-1, 2)
        lengths = np.maximum(np.hypot(*vectors.T), 1e-300)[:, None]
        return 0.75 * np.nan_to_num(vectors / lengths)

    @drawn
    def steps(self) -> np.ndarray:
        return self.unit(1)

    @drawn
    def changes(self) -> np.ndarray:
        return self.unit(2)

    @drawn
    def lamps(self) -> np.ndarray:
        return np.column_stack([np.arange(len(self.seen)), np.full(len(self.seen), -1.0)])

    @drawn
    def signs(self) -> np.ndarray:
        """Class 2, green, where the curvature condition holds; 0 where it does not."""
        return np.array([2 if one[3] else 0 for one in self.seen], dtype=int)

    @drawn
    def numbers(self) -> tuple[str, ...]:
        return tuple(f"{one[0]}" for one in self.seen)

    @drawn
    def used(self) -> np.ndarray:
        """The pairs that B is made of: the last m, or all."""
        useful = np.array([one[3] for one in self.seen], dtype=bool)
        later = np.cumsum(useful[::-1])[::-1]
        return useful & (later <= (len(self.seen) if self.method == "BFGS" else self.m))

    @drawn
    def lamp(self) -> str:
        if not self.seen:
            return ""
        return f"g_sᵀθ_s {'> 0: B is mended' if self.seen[-1][3] else '≤ 0: B is kept'}"

    @drawn
    def histories(self) -> tuple[str, ...]:
        names = (*(f"m = {m}" for m in HISTORIES), "BFGS", "Newton", "GD")
        return tuple(
            f"{name}, {count:.0f}{'+' if count == LONGEST else ''}" for name, count in zip(names, self.counts())
        )

    @drawn(on=("surface", "kappa", "begin", "search", "beta", "gamma"))
    def counts(self) -> np.ndarray:
        """Steps from the start until the slope is 0, by how many pairs are remembered, and of the others."""
        learners = [self.count_with(m) for m in (*HISTORIES, 0)]
        return np.array([*learners, self.count(self.newton), self.count(self.downhill)], dtype=float)

    def count_with(self, m: int) -> int:
        """Of L-BFGS with m pairs, or with 0 of BFGS."""
        B, pairs, last = np.eye(2), tuple[Pair, ...](), None

        def go(here: np.ndarray) -> np.ndarray:
            nonlocal B, pairs, last
            g = self.gradient(here)
            if last is not None and (g - last[1]) @ last[0] > 0:
                B, pairs = bfgs(B, last[0], g - last[1]), (*pairs, (last[0], g - last[1]))[-m:]
            d = -(two_loop(g, pairs) if m else B @ g)
            last = self.searched(here, d).alpha * d, g
            return here + last[0]

        return self.count(go)

    def count(self, go: Callable[[np.ndarray], np.ndarray]) -> int:
        here = np.array(self.begin)
        for t in range(LONGEST):
            g = self.gradient(here)
            if np.abs(g).max() < ARRIVED or np.abs(here).max() > FAR:
                return t
            here = go(here)
        return LONGEST

    @drawn
    def update(self) -> Update:
        """The mending of B just made, or the step to come."""
        if self.warming_up() or not self.seen:
            return Update(r"\theta_{t+1} = \theta_t - \alpha_t\, B_t\, \nabla C", {r"\theta_t": self.theta[0]})
        _, theta_s, g_s, useful = self.seen[-1]
        numbers: dict[str, Any] = {r"\theta_s": theta_s, "g_s": g_s, r"g_s^\top \theta_s": float(g_s @ theta_s)}
        if not useful:
            return Update(r"g_s^\top \theta_s \le 0 \qquad B_t = B_{t-1}", numbers)
        numbers[r"\rho"] = 1 / float(g_s @ theta_s)
        mended = r"B_t = V^\top B_{t-1} V + \rho\, \theta_s \theta_s^\top \\ V = I - \rho\, g_s \theta_s^\top"
        return Update(rf"{mended} \\ \rho = 1 / g_s^\top \theta_s", {key: numbers[key] for key in list(numbers)[2:]})

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if self.warming_up():
            return f"Adam for {self.switch - self.t} steps more; then L-BFGS finishes what it has begun."
        if not self.seen:
            return "B = I knows nothing yet: the first direction is that of steepest descent."
        if not self.seen[-1][3]:
            return "g_sᵀθ_s is not above 0: the slope fell along it, and no positive definite B fits. It is left out."
        gap = np.linalg.norm(self.estimate() - self.inverse()) / np.linalg.norm(self.inverse())
        if gap < 0.05:
            return f"B is within {100 * gap:.2g}% of the inverse Hessian: now its steps are Newton's."
        return f"B fits the last step exactly, B g_s = θ_s. α = {self.alpha:.3g} of −B∇C was accepted."
