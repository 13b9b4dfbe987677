"""Deep linear: the loss of a·b on a plane, a hyperbola of minima and a saddle, and what descent keeps on its way."""

from __future__ import annotations

import numpy as np

from lab import marks
from lab.controls import Choice, Point, Slider, Switch
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import (
    Arrows,
    Column,
    Curve,
    Dots,
    Equation,
    Field,
    Guide,
    Handle,
    Heat,
    Line,
    Note,
    Panel,
    Row,
    Tabs,
    Trail,
)
from lab.maths.deep_linear import bends, flowed, height, kept, least_norm, rivers, slope

REACH = 2.6
GRID = 141
SAMPLES = 16
RING = 12
MOST = 40
LEAST = 1e-30  # of a loss that is drawn as a power of ten
STILL = 1e-10
BLOCKS = "GD and alternating blocks"
FAMILY = (-4.0, -2.0, -0.7, 0.0, 0.7, 2.0, 4.0)


class DeepLinear(Experiment):
    scenes = ("river", "matrices", "auto-encoder", "depth")

    begin = Point((-2.2, 1.1), x=(-2.5, 2.5), y=(-2.5, 2.5), symbol="a₀, b₀", restarts=True, help="drag the ring")
    others = Choice(("all round", "twenty seeds", "nobody"), restarts=True, help="who else sets out, by GD")
    spread = Slider(
        0.8, 0.01, 1.5, symbol="s", restarts=True, when={"others": ("twenty seeds",)}, help="size of random starts"
    )
    method = Choice(("gradient descent", BLOCKS), restarts=True, help="solve for b with a held still, then for a")
    rate = Slider(0.05, 0.001, 0.5, log=True, symbol="η", label="Rate", help="at a small rate a² − b² hardly drifts")
    decay = Slider(0, 0, 1, symbol="λ", label="Weight decay", help="adds λ(a² + b²): of the hyperbola two points stay")
    true = Slider(1, -2, 2, symbol="L", label="True slope", restarts=True, help="of the data that a·b is fitted to")
    noise = Slider(0, 0, 1, symbol="σ", label="Noise in y", restarts=True, help="then L* is not quite the true slope")
    family = Switch(True, view=True, label="Hyperbolas", help="the curves a² − b² = c that gradient flow stays on")

    metrics = {"product": "a b", "loss": "ℓ − ℓ(L*)", "crowd": "of the others", "balance": "a² − b²"}
    fixed = ("x",)
    tiny = {"others": "twenty seeds"}
    prompts = (
        ("A larger rate: the path leaves its hyperbola", {"rate": 0.15, "others": "nobody", "begin": [-1.2, 1.9]}),
        ("Start exactly on the saddle: nothing happens", {"begin": [0.0, 0.0], "others": "nobody"}),
        ("Twenty seeds: one loss, twenty different networks", {"others": "twenty seeds"}),
        ("Slide λ up: the river of minima dries to two points", {"decay": 0.1, "others": "twenty seeds"}),
        ("One block at a time: steps along the axes", {"method": BLOCKS, "decay": 0.15, "others": "nobody"}),
        ("Past the orange circle no minimum holds", {"rate": 0.5, "begin": [2.4, 0.2], "others": "nobody"}),
    )
    presets = {
        "From all round": {},
        "Twenty seeds": {"others": "twenty seeds"},
        "Weight decay": {"decay": 0.1},
        "Only the origin is left": {"decay": 0.6, "others": "twenty seeds"},
        "Alternating blocks": {"method": BLOCKS, "decay": 0.15, "others": "nobody"},
        "Noisy data": {"noise": 0.5, "begin": [-2.2, 0.4]},
    }
    diverges = "The rate is too large for so steep a place: each step jumps over the valley and lands higher up."

    # ------------------------------------------------------------ the algorithm

    def start(self) -> Metrics:
        x = np.linspace(-1.5, 1.5, SAMPLES)
        self.x = x / np.sqrt(np.mean(x * x))  # Sxx = n, so that the loss is ½ (L* − a b)² and what no line can fit
        self.y = self.true * self.x + self.noise * self.rng.standard_normal(SAMPLES)
        self.L = self.single_layer()
        first = np.array(self.begin)
        self.names = ("GD", "flow", *(["blocks"] if self.method == BLOCKS else []))
        self.theta = np.concatenate([np.tile(first, (len(self.names), 1)), self.crowd()])
        self.forecast = self.first = self.balance(first)
        self.error, self.before = 0.0, first
        return self.measured()

    def crowd(self) -> np.ndarray:
        if self.others == "twenty seeds":
            return self.spread * self.rng.standard_normal((20, 2))
        turn = 2 * np.pi * (np.arange(RING) + 0.3) / RING
        return np.column_stack([np.cos(turn), np.sin(turn)])[: RING * (self.others == "all round")] * 2.2

    def single_layer(self) -> float:
        """L* = Syx Sxx⁻¹."""
        return float(self.y @ self.x / (self.x @ self.x))

    def step(self) -> Metrics:
        """Gradient descent on ½ (L* − a b)² + λ (a² + b²); the flow and the blocks go beside it."""
        theta, eta = self.theta, self.rate
        self.before = theta[0]
        self.error = float(self.L - theta[0, 0] * theta[0, 1])
        with np.errstate(all="ignore"):
            new = theta - eta * slope(theta, self.L, self.decay)
            new[1] = flowed(theta[1], self.L, self.decay, eta)
            if self.method == BLOCKS:
                new[2] = self.block_step(theta[2])
        self.forecast *= (1 - 2 * eta * self.decay) ** 2 - (eta * self.error) ** 2
        self.theta = new
        if np.abs(new - theta).max() < STILL * eta:
            at_saddle = not self.theta[0].any() and abs(self.L) > 2 * self.decay
            self.finish("At the saddle the gradient is 0: it stays for ever." if at_saddle else "All have arrived.")
        return self.measured()

    def block_step(self, theta: np.ndarray) -> np.ndarray:
        """The best b for this a, or the best a for this b, in turn."""
        moved = theta.copy()
        moving = 1 - self.t % 2
        held = theta[1 - moving]
        bend = held * held + 2 * self.decay
        if bend > 0:
            moved[moving] = held * self.L / bend
        return moved

    @staticmethod
    def balance(theta: np.ndarray) -> float:
        return float(theta[0] ** 2 - theta[1] ** 2)

    @np.errstate(all="ignore")
    def measured(self) -> Metrics:
        heights = height(self.theta, self.L, self.decay)
        own = len(self.names)
        row = {f"product/{name}": float(a * b) for name, (a, b) in zip(self.names, self.theta)}
        row |= {f"loss/{name}": max(float(high), LEAST) for name, high in zip(self.names, heights)}
        row |= {f"crowd/{i}": max(float(high), LEAST) for i, high in enumerate(heights[own:])}
        return row | {
            "balance/GD": self.balance(self.theta[0]),
            "balance/flow": self.balance(self.theta[1]),
        }

    # ------------------------------------------------------------ what a person does

    @action
    def move_sample(self, index: int, x: float, y: float) -> None:
        """Drag a data point up or down: L* and the hyperbola follow."""
        if not 0 <= index < SAMPLES:
            raise ValueError(f"move_sample: there is no point {index}; there are {SAMPLES}, from 0")
        self.y = np.where(np.arange(SAMPLES) == index, np.clip(y, -4, 4), self.y)
        self.L = self.single_layer()

    @action
    def set_out(self, x: float, y: float) -> None:
        """Click on the plane: one more sets out from there."""
        if len(self.theta) >= MOST:
            raise ValueError(f"set_out: there are {MOST} on the way already; begin again for more")
        self.theta = np.concatenate([self.theta, np.clip([[x, y]], -REACH, REACH)])

    # ------------------------------------------------------------ pictures

    def panels(self) -> marks.Layout:
        plane = {"x": "a", "y": "b", "range_x": (-REACH, REACH), "range_y": (-REACH, REACH), "equal": True}
        return Column(
            Row(
                Panel(
                    "Loss of a·b",
                    Heat("landscape", log=True, levels=12),
                    Line("keeping", tint="quiet", width=1),
                    Line("own_hyperbola", label="a² − b² of the start", tint="text", dashed=True, width=1.5),
                    Line("edge", label="a² + b² = 2/η", tint="warn", dashed=True, width=1.5),
                    Line("river", label="minima", tint="text", width=2.5),
                    Trail("theta"),
                    Arrows("saddle", "axes", tint="text"),
                    Dots("stars", shape="star", tint="text", big=True),
                    Dots("saddle_point", labels="saddle_kind", shape="cross", tint="text", big=True),
                    Dots("places", colour="lanes", add="set_out"),
                    Handle("begin", drag="begin", label="start"),
                    **plane,
                    detail="target",
                    help="Click to let one more set out. Outside the orange circle a minimum is too steep for η",
                ),
                Panel(
                    "In three dimensions",
                    marks.Surface("relief", points="places", heights="heights", trail="theta"),
                    **plane,
                    detail="clipped",
                ),
            ),
            Row(
                Tabs(
                    Panel(
                        "Singular value",
                        Guide(y="aim", label="L*", tint="text"),
                        Curve("product"),
                        x="step t",
                        y="a b",
                    ),
                    Panel("Loss", Curve("crowd", log_y=True, faint=True), Curve("loss", log_y=True), x="step t", y="ℓ"),
                    Panel(
                        "Single layer",
                        Line("single", label="single layer L*", tint="text", dashed=True),
                        Line("fitted", label="a b", tint="accent"),
                        Dots("samples", tint="quiet", shape="disc", drag="move_sample"),
                        x="x",
                        y="y",
                        range_x=(-1.8, 1.8),
                        range_y=(-4, 4),
                        help="Least squares with one layer, Syx/Sxx, is the target of the product. Drag a point",
                    ),
                ),
                Panel(
                    "Conserved",
                    Curve("balance"),
                    Dots("law", labels="law_name", tint="text", shape="diamond"),
                    x="step t",
                    y="a² − b²",
                ),
                Panel("Update", Equation("update"), Note("said")),
                sizes=(5, 5, 6),
            ),
            sizes=(3, 2),
        )

    def grid(self) -> np.ndarray:
        along = np.linspace(-REACH, REACH, GRID)
        return np.stack(np.meshgrid(along, along), axis=-1)

    @drawn(on=("L", "decay"))
    def landscape(self) -> Field:
        return Field(height(self.grid(), self.L, self.decay) + 0.003, (-REACH, REACH), (-REACH, REACH))

    @drawn(on=("L", "decay"))
    def relief(self) -> Field:
        z = height(self.grid(), self.L, self.decay)
        return Field(np.minimum(z, self.ceiling()), (-REACH, REACH), (-REACH, REACH))

    def ceiling(self) -> float:
        return 2 * max(self.L * self.L, 0.5) + 8 * self.decay

    @drawn
    def clipped(self) -> str:
        return f"cut at {self.ceiling():.3g}"

    @drawn(on=("L", "decay"))
    def river(self) -> tuple[np.ndarray, ...]:
        return rivers(self.L, REACH) if not self.decay else ()

    @drawn(on=("L", "decay"))
    def stars(self) -> np.ndarray:
        """The minima of least norm: the only ones that are left as soon as λ is above 0."""
        return least_norm(self.L, self.decay) if self.decay else np.empty((0, 2))

    @drawn(on=("family",))
    def keeping(self) -> tuple[np.ndarray, ...]:
        return tuple(line for c in FAMILY for line in kept(c, REACH)) if self.family else ()

    @drawn(on=("first",))
    def own_hyperbola(self) -> tuple[np.ndarray, ...]:
        """The branches of the start's hyperbola."""
        return kept(self.first, REACH)

    @drawn(on=("rate", "decay"))
    def edge(self) -> np.ndarray:
        turn = np.linspace(0, 2 * np.pi, 121)
        radius = np.sqrt(2 / self.rate)
        shown = not self.decay and radius < REACH * 1.3
        line = radius * np.column_stack([np.cos(turn), np.sin(turn)])
        return np.where(np.abs(line) <= REACH, line, np.nan)[: 121 * shown] if radius > REACH else line[: 121 * shown]

    @drawn
    def saddle_point(self) -> np.ndarray:
        return np.zeros((1, 2))

    def curvatures(self) -> np.ndarray:
        return np.linalg.eigvalsh(bends(np.zeros(2), self.L, self.decay))

    @drawn
    def saddle_kind(self) -> tuple[str]:
        low, high = self.curvatures()
        return (f"{'saddle' if low < 0 else 'minimum'} {low:+.3g}, {high:+.3g}",)

    @drawn
    def saddle(self) -> np.ndarray:
        return np.zeros((2 * (self.curvatures()[0] < 0), 2))

    @drawn
    def axes(self) -> np.ndarray:
        """The two ways down from the saddle."""
        down = 0.45 * np.array([1, np.copysign(1, self.L)])
        return np.array([down, -down]) if self.curvatures()[0] < 0 else np.empty((0, 2))

    @drawn
    def places(self) -> np.ndarray:
        """Where they are; who has left the picture is drawn at its edge."""
        return np.clip(np.nan_to_num(self.theta), -REACH, REACH)

    @drawn
    def lanes(self) -> np.ndarray:
        return np.arange(len(self.theta))

    @drawn
    def heights(self) -> np.ndarray:
        return np.minimum(height(self.places(), self.L, self.decay), self.ceiling())

    @drawn
    def aim(self) -> np.ndarray:
        return np.array([self.L])

    @drawn
    def target(self) -> str:
        return f"L* = {self.L:.3g}" if not self.decay else f"L* = {self.L:.3g}, λ = {self.decay:.3g}"

    @drawn
    def samples(self) -> np.ndarray:
        return np.column_stack([self.x, self.y])

    @drawn
    def single(self) -> np.ndarray:
        return np.array([[-1.8, -1.8 * self.L], [1.8, 1.8 * self.L]])

    @drawn
    def fitted(self) -> np.ndarray:
        a, b = self.places()[0]
        return np.array([[-1.8, -1.8 * a * b], [1.8, 1.8 * a * b]])

    @drawn
    def law(self) -> np.ndarray:
        """Where GD's a² − b² has to be by now: each step multiplies it by (1 − 2ηλ)² − η²e²."""
        return np.array([[self.t, self.forecast if np.isfinite(self.forecast) else 0.0]])

    @drawn
    def law_name(self) -> tuple[str]:
        return (self.drift(),)

    def drift(self) -> str:
        if self.decay:
            return "law, with decay"
        return f"law: drift {self.balance(self.theta[0]) - self.first:+.2g}"

    @drawn
    def update(self) -> Update:
        a, b = self.before
        e, eta, decay = float(self.L - a * b), self.rate, self.decay
        now = self.theta[0] if self.t else self.before - eta * slope(self.before, self.L, decay)
        pull = r" - 2\eta\lambda\, {0}" if decay else ""
        latex = (
            r"e = L^* - a\, b \\ a' = a + \eta\, e\, b" + pull.format("a") + r" \\ b' = b + \eta\, e\, a"
            + pull.format("b")
            + r" \\ a'^2 - b'^2 = (a^2 - b^2)\,("
            + (r"(1 - 2\eta\lambda)^2" if decay else "1")
            + r" - \eta^2 e^2)"
        )  # fmt: skip
        numbers = {"a'": now[0], "b'": now[1], "a'^2 - b'^2": self.balance(now), "a^2 - b^2": self.balance(self.before)}
        return Update(
            latex,
            numbers | {"e": e, "L^*": self.L, r"\eta": eta, r"\lambda": decay, "a": a, "b": b},
        )

    @drawn
    def said(self) -> str:
        """What this step was like, and where the others are."""
        with np.errstate(all="ignore"):
            a, b = self.theta[0]
            bend = float(np.linalg.eigvalsh(bends(np.nan_to_num(self.theta[0]), self.L, self.decay))[-1])
        if not np.isfinite(self.theta[0]).all() or abs(a) + abs(b) > 1e3:
            return self.diverges
        if self.finished and len(self.theta) <= 3:
            return f"{self.finished} GD is at a = {a:.3g}, b = {b:.3g}."
        if self.method == BLOCKS and self.t < 12:
            most = "With λ = 0 one block is enough." if not self.decay else "Each solves its own parabola exactly."
            return f"Blocks move along one axis at a time, {'b' if self.t % 2 else 'a'} last. {most}"
        if not np.abs(self.theta[0]).any():
            return "On the saddle both weights are 0, and so is the gradient of each: GD is stuck."
        if bend * self.rate > 2:
            return f"Too steep here: η times the curvature is {bend * self.rate:.3g}, above 2. It jumps across."
        if np.hypot(a, b) < 0.4 and self.curvatures()[0] < 0:
            return "Near the saddle the gradient is small: a plateau before the way down is found."
        rest = height(self.theta[len(self.names) :], self.L, self.decay)
        lowest = height(least_norm(self.L, self.decay), self.L, self.decay)[0]
        there = int(np.sum(rest - lowest < 1e-6))
        if self.decay and not len(rest):
            return f"Decay pulls a and b to equal size: a b = {a * b:.4g}, short of L* = {self.L:.4g}."
        if self.decay:
            return f"Decay pulls a and b to equal size; {there} of {len(rest)} others are at a star."
        far = (
            f"{there} of {len(rest)} others have loss 0, at different a and b" if len(rest) else f"curvature {bend:.3g}"
        )
        return f"GD has a b = {a * b:.4g} for L* = {self.L:.4g}; {far}."
