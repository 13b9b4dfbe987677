"""Builder: a network that you draw, unit by unit, in series and in parallel; it learns, and no link may go back."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lab.controls import Choice, Dataset, Point, Slider, Switch
from lab.experiment import Experiment, Metrics, Update, action, drawn
from lab.marks import Column, Curve, Dots, Equation, Field, GraphView, Heat, Note, Panel, Row, Tabs
from lab.maths.activations import ACTIVATIONS, sigmoid

Array = np.ndarray
PLANE = (-6.5, 6.5)
SIDE = 90
MOST = 14  # nodes, inputs and output among them
LARGEST = 50.0  # a weight that may be typed
GIVEN, ANSWER = 2, 2  # nodes 0 and 1 are the inputs, node 2 the output
SCALE = 3.0  # a unit of what the network is given
WRITTEN = 3  # units whose sums are written out
BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
# How a network may begin: where its hidden units stand, and the links between nodes (3 is the first hidden unit).
BEGINNINGS: dict[str, tuple[list[tuple[float, float]], list[tuple[int, int]]]] = {
    "two in parallel": ([(2, 1), (2, -1)], [(0, 3), (1, 3), (0, 4), (1, 4), (3, 2), (4, 2)]),
    "no hidden unit": ([], [(0, 2), (1, 2)]),
    "one": ([(2, 0)], [(0, 3), (1, 3), (3, 2)]),
    "two in series": ([(1.5, 0), (3, 0)], [(0, 3), (1, 3), (3, 4), (4, 2)]),
    "two by two": (
        [(1.5, 1), (1.5, -1), (3, 1), (3, -1)],
        [(0, 3), (1, 3), (0, 4), (1, 4), (3, 5), (3, 6), (4, 5), (4, 6), (5, 2), (6, 2)],
    ),
    "one and a way round it": ([(2, 1)], [(0, 3), (1, 3), (3, 2), (0, 2), (1, 2)]),
}


class Builder(Experiment):
    pace = 60
    begin = Choice(
        list(BEGINNINGS), label="Begin with", restarts=True, help="hidden units; then draw on it as you like"
    )
    points = Dataset(
        "xor",
        kinds=("xor", "circle", "moons", "two gaussians"),
        n=80,
        noise=0.1,
        help="click to add a point, drag to move it, right-click to take it away",
    )
    activation = Choice(("tanh", "relu", "sigmoid", "identity"), symbol="f", help="of the hidden units")
    learn = Switch(True, label="Let it learn", help="off: weights stay as you type them")
    rate = Slider(0.5, 0.01, 3, log=True, symbol="η", label="Learning rate", help="how far a step goes")
    place = Point(
        (2.0, 1.0), x=PLANE, y=PLANE, view=True, symbol="x", label="Place", help="whose numbers are in the nodes"
    )

    metrics = {"loss": "L", "accuracy": "share right", "parameters": "parameters"}
    fixed = ("x", "labels", "X", "y")
    diverges = "The rate is so high that each step throws the weights farther out than the last."
    prompts = (
        ("One unit: one line. Add another in parallel: what can it now?", {"begin": "one"}),
        ("Two in series: does a longer chain bend more?", {"begin": "two in series", "points": "circle"}),
        ("Draw a link from ŷ back to h₁ with Shift held: why is it refused?", {"begin": "two in parallel"}),
        ("Links that skip a unit: one hidden unit is enough for XOR?", {"begin": "one and a way round it"}),
        ("Two by two: count the links between the pairs", {"begin": "two by two"}),
    )
    presets = {name[:1].upper() + name[1:]: {"begin": name} for name in BEGINNINGS}
    tiny = {"points": {"n": 20}}

    # ------------------------------------------------------------ the network

    def start(self) -> Metrics:
        """W[u, v] is the weight of the link from node u to node v, where `linked`; w0[v] the offset of v."""
        self.take_points()
        hidden, links = BEGINNINGS[self.begin]
        self.names = ("x₁", "x₂", "ŷ", *(f"h{str(u + 1).translate(BELOW)}" for u in range(len(hidden))))
        self.places = np.array([(0, 0.8), (0, -0.8), (4.5, 0), *hidden], float)
        n = len(self.names)
        self.linked, self.W, self.w0 = np.zeros((n, n), bool), np.zeros((n, n)), np.zeros(n)
        for u, v in links:
            self.linked[u, v] = True
        self.W[self.linked] = np.round(self.rng.normal(size=len(links)), 2)
        self.w0[GIVEN:] = np.round(self.rng.normal(0, 0.5, n - GIVEN), 2)
        return self.measured()

    def step(self) -> Metrics:
        """Forward along the links, the loss, back against them, and a step down."""
        if self.learn:
            with np.errstate(all="ignore"):
                dW, dw0 = self.gradients()
                self.W, self.w0 = self.W - self.rate * dW, self.w0 - self.rate * dw0
        return self.measured()

    def order(self) -> list[int]:
        """The nodes so that every link leads from an earlier to a later one: there is such an order, as no link
        closes a cycle. The output comes last."""
        waiting, found = self.linked.sum(axis=0), [0, 1]
        waiting[:GIVEN] = -1
        waiting = waiting - self.linked[:GIVEN].sum(axis=0)
        while len(found) < len(self.names):
            ready = np.flatnonzero(waiting == 0)
            v = int(ready[ready != ANSWER][0]) if (ready != ANSWER).any() else ANSWER
            found.append(v)
            waiting[v] = -1
            waiting = waiting - self.linked[v]
        return found

    def forward(self, X: Array) -> tuple[Array, Array]:
        """Z and A of every node (nodes, n), for places X (2, n)."""
        Z = np.zeros((len(self.names), X.shape[1]))
        Z[:GIVEN] = X
        A = Z.copy()
        for v in self.order()[GIVEN:]:
            Z[v] = self.W[:, v] @ A + self.w0[v]
            A[v] = sigmoid(Z[v]) if v == ANSWER else ACTIVATIONS[self.activation].f(Z[v])
        return Z, A

    def gradients(self) -> tuple[Array, Array]:
        Z, A = self.forward(self.X)
        dZ = np.zeros_like(Z)
        dZ[ANSWER] = (A[ANSWER] - self.y) / len(self.y)
        for v in reversed(self.order()[GIVEN:]):
            if v != ANSWER:
                dZ[v] = self.W[v] @ dZ * ACTIVATIONS[self.activation].slope(Z[v], A[v])
        return np.where(self.linked, A @ dZ.T, 0.0), dZ.sum(axis=1)

    def measured(self) -> Metrics:
        with np.errstate(all="ignore"):
            z = self.forward(self.X)[0][ANSWER]
            loss = float((np.logaddexp(0, z) - self.y * z).mean())
        right = float(((z > 0) == (self.y > 0)).mean())
        return {"loss": loss, "accuracy": right, "parameters": float(sum(self.counted()))}

    def counted(self) -> tuple[int, int]:
        """Weights and offsets."""
        return int(self.linked.sum()), len(self.names) - GIVEN

    def take_points(self) -> None:
        self.x, self.labels = self.points.x, self.points.y
        self.X, self.y = self.x.T / SCALE, (self.labels == 0).astype(float)

    def changed(self, name: str) -> None:
        if name == "points":
            self.take_points()

    # ------------------------------------------------------------ drawing on it

    def way(self, source: int, target: int) -> list[int]:
        """Nodes along links from one to the other; empty where there is no way."""
        came_from, open_ends = {source: source}, [source]
        while open_ends:
            u = open_ends.pop(0)
            for v in np.flatnonzero(self.linked[u]).tolist():
                if v not in came_from:
                    came_from[v] = u
                    open_ends.append(v)
        if target not in came_from:
            return []
        path = [target]
        while path[-1] != source:
            path.append(came_from[path[-1]])
        return path[::-1]

    @action
    def link(self, source: int, target: int, value: float) -> None:
        """Draw a link, or type its weight; 0 takes it away. One that would close a cycle is refused."""
        self.known(source, target)
        if not abs(value) <= LARGEST:
            raise ValueError(f"link: a weight is from −{LARGEST:g} to {LARGEST:g} here, not {value:g}")
        if source == target or (back := self.way(target, source)):
            loop = [source, target] if source == target else [source, *back]
            told = " → ".join(self.names[u] for u in loop)
            raise ValueError(f"link: {told} would be a cycle; in a feed-forward network draw links onwards only")
        if target < GIVEN:
            raise ValueError(f"link: {self.names[target]} is an input and takes no link; draw one from it")
        if source == ANSWER:
            raise ValueError("link: ŷ is the answer and nothing comes after it; draw a link to it")
        self.linked, self.W = self.linked.copy(), self.W.copy()
        self.linked[source, target], self.W[source, target] = value != 0, value

    @action
    def move(self, index: int, x: float, y: float) -> None:
        """Drag a node: only the picture changes."""
        self.known(index)
        self.places = np.where(np.arange(len(self.names))[:, None] == index, (x, y), self.places)

    @action
    def add(self, x: float, y: float) -> None:
        """Another hidden unit, without links."""
        n = len(self.names)
        if n >= MOST:
            raise ValueError(f"add: {MOST - GIVEN - 1} hidden units are the most; erase one first")
        free = (f"h{str(k).translate(BELOW)}" for k in range(1, n))
        self.names = (*self.names, next(name for name in free if name not in self.names))
        self.places = np.vstack([self.places, (x, y)])
        self.linked, self.W, self.w0 = np.pad(self.linked, (0, 1)), np.pad(self.W, (0, 1)), np.append(self.w0, 0.0)

    @action
    def erase(self, index: int) -> None:
        """Take a hidden unit away, and its links."""
        self.known(index)
        if index <= ANSWER:
            raise ValueError(f"erase: {self.names[index]} stays; choose a hidden unit")
        kept = np.delete(np.arange(len(self.names)), index)
        self.names = tuple(self.names[u] for u in kept)
        self.places, self.w0 = self.places[kept], self.w0[kept]
        self.linked, self.W = self.linked[np.ix_(kept, kept)], self.W[np.ix_(kept, kept)]

    @action
    def in_parallel(self) -> None:
        """Another unit beside the last: the same links to and from it, with weights of its own."""
        last = self.last()
        self.add(float(self.places[last, 0]), float(self.places[:, 1].min()) - 1.2)
        into, out = self.linked[:, last].copy(), self.linked[last].copy()
        self.linked[:, -1], self.linked[-1] = into, out
        self.W[into, -1], self.W[-1, out] = self.rng.normal(size=into.sum()), self.rng.normal(size=out.sum())

    @action
    def in_series(self) -> None:
        """Another unit behind the last: it takes over all that the last led to."""
        last = self.last()
        x, y = (self.places[last] + self.places[ANSWER]) / 2
        self.add(float(x), float(y))
        out = self.linked[last].copy()
        self.linked[-1], self.W[-1] = out, self.W[last]
        self.linked[last], self.W[last] = False, 0.0
        self.linked[last, -1], self.W[last, -1] = True, 1.0

    def last(self) -> int:
        """The hidden unit that comes last."""
        hidden = [v for v in self.order() if v > ANSWER]
        if not hidden:
            raise ValueError("there is no hidden unit yet: click on empty ground to add one")
        return hidden[-1]

    def known(self, *nodes: int) -> None:
        for index in nodes:
            if not 0 <= index < len(self.names):
                raise ValueError(f"there is no node {index}; they are 0 to {len(self.names) - 1}")

    # ------------------------------------------------------------ pictures

    panels = Row(
        Column(
            Panel(
                "Graph",
                GraphView(
                    "places",
                    "arrows",
                    labels="names",
                    values="held",
                    weights="weights",
                    marked="idle",
                    drag="move",
                    add="add",
                    erase="erase",
                    link="link",
                ),
                detail="size",
                help="Click to add a unit, drag it, right-click to erase it; draw a link with Shift held, type a "
                "weight on it, 0 to cut it. Ringed: of no effect on ŷ",
            ),
            Panel("Units", Equation("sums"), Note("said"), detail="where"),
            sizes=(5, 4),
        ),
        Column(
            Panel(
                "What it computes",
                Heat("score", levels=1, colours="scores", pick="place"),
                Dots("x", colour="labels", size="sizes", drag="points.move", add="points.add", erase="points.erase"),
                x="x₁",
                y="x₂",
                range_x=PLANE,
                range_y=PLANE,
                equal=True,
                detail="wrong",
                help="the score of ŷ, line at 0; the nodes hold the numbers of the place under the mouse",
            ),
            Tabs(
                Panel("Loss", Curve("loss"), x="step t", y="mean loss L"),
                Panel("Share right", Curve("accuracy"), x="step t", y="share right"),
                Panel("Parameters", Curve("parameters"), x="step t", y="weights and offsets", still=True),
            ),
            sizes=(5, 3),
        ),
        sizes=(11, 9),
    )

    @drawn
    def arrows(self) -> Array:
        return np.argwhere(self.linked)

    @drawn
    def weights(self) -> tuple[str, ...]:
        return tuple(f"{self.W[u, v]:.2f}".replace("-", "−") for u, v in self.arrows())

    def here(self) -> Array:
        """What every node answers at the place looked at."""
        with np.errstate(all="ignore"):
            return np.nan_to_num(self.forward(np.array(self.place)[:, None] / SCALE)[1][:, 0])

    @drawn
    def held(self) -> tuple[str, ...]:
        return tuple(f"{a:.2f}".replace("-", "−") for a in self.here())

    @drawn
    def idle(self) -> Array:
        """Hidden units that nothing reaches, or that reach nothing."""
        useless = [not self.way(v, ANSWER) or not (self.way(0, v) or self.way(1, v)) for v in range(len(self.names))]
        return np.array(useless) & (np.arange(len(self.names)) > ANSWER)

    @drawn
    def score(self) -> Field:
        with np.errstate(all="ignore"):
            z = np.clip(np.nan_to_num(self.forward(grid())[0][ANSWER]), -8, 8)
        return Field(z.reshape(SIDE, SIDE), PLANE, PLANE)

    @drawn
    def sizes(self) -> Array:
        return np.full(len(self.x), 0.06)

    # ------------------------------------------------------------ in words

    @drawn
    def size(self) -> str:
        weights, offsets = self.counted()
        return f"{weights} weights + {offsets} offsets = {weights + offsets}"

    @drawn
    def where(self) -> str:
        return "at ({}, {})".format(*(f"{part:.2f}".replace("-", "−") for part in self.place))

    @drawn
    def wrong(self) -> str:
        with np.errstate(all="ignore"):
            z = self.forward(self.X)[0][ANSWER]
        return f"{int(((z > 0) != (self.y > 0)).sum())} of {len(self.y)} wrong"

    @drawn
    def sums(self) -> Update:
        """The last few units, each from those before it, with the numbers at the place looked at."""
        here = self.here()
        lines: list[str] = []
        numbers: dict[str, float] = {}
        symbols = [
            rf"{name[0]}_{{{name[1:].translate(ABOVE_LINE)}}}" if name != "ŷ" else r"\hat{y}" for name in self.names
        ]
        for v in self.order()[GIVEN:][-WRITTEN:]:
            f = r"\sigma" if v == ANSWER else rf"\text{{{self.activation}}}"
            before = np.flatnonzero(self.linked[:, v]).tolist()
            before.sort(key=lambda u: self.W[u, v] < 0)  # a sum is easier to read that does not begin with a minus
            terms = "".join(f"{self.W[u, v]:+.2f}" + rf"\,{symbols[u]}" for u in before) + f"{self.w0[v]:+.2f}"
            inside = terms.removeprefix("+")
            lines.append(rf"{symbols[v]} = {f}({inside})")
            numbers |= {symbols[u]: float(here[u]) for u in (*before, v)}
        return Update(r" \\ ".join(lines), numbers)

    def composed(self, v: int) -> str:
        """What a node answers, as one function of the inputs."""
        if v < GIVEN:
            return self.names[v]
        parts = [f"{self.W[u, v]:+.2g}·{self.composed(u)}" for u in np.flatnonzero(self.linked[:, v]).tolist()]
        inside = " ".join([*parts, f"{self.w0[v]:+.2g}"]).removeprefix("+").replace("-", "−")
        return f"{'σ' if v == ANSWER else self.activation}({inside})"

    @drawn
    def said(self) -> str:
        if not np.isfinite(self.W).all():
            return "The weights have left the range of numbers. Start again with a smaller η."
        if idle := [name for name, useless in zip(self.names, self.idle()) if useless]:
            return f"{', '.join(idle)}: not on any way from an input to ŷ, so of no effect. Draw links with Shift held."
        if len(self.names) <= GIVEN + 1 + WRITTEN and (text := self.composed(ANSWER)) and len(text) <= 160:
            return f"All in one: ŷ = {text}. Inputs are in units of {SCALE:g}."
        return "Every link leads onwards, so there is an order in which each unit finds its inputs ready."


ABOVE_LINE = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


@lru_cache(maxsize=1)
def grid() -> Array:
    """Places all over the plane as the network is given them (2, SIDE²), row by row from below."""
    axis = np.linspace(*PLANE, SIDE) / SCALE
    return np.stack([x.ravel() for x in np.meshgrid(axis, axis)])
