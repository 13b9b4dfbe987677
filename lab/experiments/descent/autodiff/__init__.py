"""autodiff: a computational graph fills with primals, then with tangents, then with adjoints, node by node."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lab.controls import Choice, Count, Formula, Matrix, Slider, Unfit
from lab.experiment import Experiment, Metrics, Stages, Update, drawn
from lab.marks import Column, Curve, Equation, GraphView, Guide, Note, Panel, Row, Table
from lab.maths import tape as laws
from lab.maths.duals import carried
from lab.maths.layered import layered
from lab.maths.tape import Link, Tape, plain, spoken, taped, written

INPUTS = ("x1", "x2", "x3", "x4")
SHORT = {"x": "x1", "y": "x2"}  # other names of the first two
RANGE = 10
PRIMAL, TANGENT, ADJOINT = 1, 2, 0  # classes of colour: blue, green, red


class Visit(NamedTuple):
    """A node's turn."""

    sweep: str  # primals, tangents, pairs or adjoints
    turn: int  # which of the seeds it goes along
    node: int


def example(formula: str, along: str, *at: float) -> dict[str, object]:
    return {"formula": formula, "along": along, **dict(zip(INPUTS, at))}


class AutoDiff(Experiment):
    pace = 3
    scenes = ("jvp-vjp", "brackets", "memory", "swell")
    formula = Formula(
        "sin(x1*x2) + exp(x2 + x3) - 2*x3",
        variables=(*INPUTS, *SHORT),
        symbol="y",
        restarts=True,
        help="the function that is differentiated, in x1 to x4, or in x and y",
    )
    x1 = Slider(math.pi / 6, -RANGE, RANGE, symbol="x₁", label="Input 1", help="the value of x1, also called x")
    x2 = Slider(2, -RANGE, RANGE, symbol="x₂", label="Input 2", help="the value of x2, also called y")
    x3 = Slider(5, -RANGE, RANGE, symbol="x₃", label="Input 3", help="the value of x3")
    x4 = Slider(1, -RANGE, RANGE, symbol="x₄", label="Input 4", help="the value of x4")
    forward = Choice(["values, then tangents", "dual numbers"], restarts=True, help="what forward mode carries along")
    along = Choice(
        ["x₁", "x₂", "x₃", "x₄", "each in turn", "direction"],
        "x₂",
        symbol="ẋ",
        label="Seed",
        restarts=True,
        help="the input that forward mode differentiates by, or a direction of your own",
    )
    direction = Matrix(
        [[1, 1, 1, 1]], symbol="ẋ", when={"along": ("direction",)}, help="how fast each input changes: ẋ₁ to ẋ₄"
    )
    node = Count(-1, -1, 99, view=True, help="the node looked at: click it in the graph; −1 follows the sweep")
    decimals = Count(6, 1, 12, view=True, help="decimals in the table")

    metrics = {"cost": "multiplications", "value": "y"}
    random = False
    diverges = "The formula has no value, or no derivative, at these inputs."
    prompts = (
        ("Three inputs: which sweep finds the whole gradient?", {"along": "each in turn"}),
        ("Three boxes in a row: watch 10 flow through them", example("sin(3*(x + 2))", "x₁", 10)),
        ("Pairs (v, v̇): the derivative comes with the value", {"forward": "dual numbers"}),
        ("x is used twice: where do its two adjoints meet?", example("x*sin(x**2)", "x₁", 2)),
        ("A direction of your own: one tangent is the slope that way", {"along": "direction"}),
        ("At a kink: which slope does the machine take?", example("max(x, 0) + abs(y)", "x₁", 0, 0)),
    )
    presets = {
        "The worked tables": example("sin(x1*x2) + exp(x2 + x3) - 2*x3", "x₂", math.pi / 6, 2, 5),
        "Three boxes in a row": example("sin(3*(x + 2))", "x₁", 10),
        "Dual numbers": example("x*sin(x**2)", "x₁", 2) | {"forward": "dual numbers"},
        "One neuron, one datum": example("0.5*(x4 - x3/(1 + exp(-x1*x2)))**2", "x₁", 0.5, 2, 1.5, 1),
    }

    panels = Column(
        Panel(
            "Graph",
            GraphView(
                "places",
                "arrows",
                labels="titles",
                values="held",
                weights="local",
                colour="filled",
                active="at_work",
                marked="looked_at",
                pick="node",
            ),
            detail="doing",
            help="Values flow to the right, adjoints to the left. An arrow carries its local derivative; "
            "click a node for its own",
        ),
        Row(
            Panel("Table", Table("rows", header="header", chosen="shown", pick="node"), detail="seeded"),
            Column(
                Panel("This node", Equation("law"), Note("said")),
                Panel("Gradient", Table("gradient", header="modes")),
                Panel(
                    "Cost",
                    Guide(y="whole_forward", label="forward, whole gradient", tint="2"),
                    Guide(y="whole_reverse", label="reverse, whole gradient", tint="0"),
                    Curve("cost", colours="colours"),
                    x="nodes visited",
                    y="multiplications",
                    shown=False,
                ),
                sizes=(5, 6, 6),
            ),
            sizes=(5, 4),
        ),
        sizes=(5, 6),
    )

    # ------------------------------------------------------------ the three sweeps

    def start(self) -> Metrics:
        self.tape = self.taken_apart()
        self.seeds = self.directions()
        nodes, turns = range(self.tape.inputs, len(self.tape)), range(len(self.seeds))
        pairs = self.forward == "dual numbers"
        self.plan = [] if pairs else [Visit("primals", 0, i) for i in nodes]
        self.plan += [Visit("pairs" if pairs else "tangents", k, i) for k in turns for i in nodes]
        self.plan += [Visit("adjoints", 0, i) for i in reversed(range(len(self.tape)))]
        self.begin()
        return self.measured()

    def step(self) -> Stages:
        """One node: its value, its tangent or its adjoint."""
        yield from self.visit(self.plan[self.t])
        if self.t + 1 == len(self.plan):
            self.finish(self.summary())
        return self.measured()

    def begin(self) -> None:
        """Only the inputs are known."""
        self.primal: dict[int, float] = dict(enumerate(self.at()))
        self.tangent: dict[int, float] = {}
        self.adjoint: dict[int, float] = {}
        self.slope: dict[Link, float] = {}  # local derivatives, once they were needed
        self.slope_along: dict[int, float] = {}  # what each sweep of forward mode found
        self.cost = {"forward": 0, "reverse": 0}
        self.now: Visit | None = None
        self.lit: list[Link] = []  # where something came along in this visit

    def visit(self, turn: Visit) -> Iterator[str]:
        """A node's turn in a sweep; at its stages is seen what has been added up so far."""
        sweep, k, i = self.now = turn
        arguments, self.lit = self.tape.vertices[i].arguments, []
        if sweep in ("tangents", "pairs") and i == self.tape.inputs:
            self.tangent = dict(enumerate(self.seeds[k]))
        if sweep in ("primals", "pairs"):
            self.lit = [(u, i) for u in arguments]
            yield "arguments"
        match sweep:
            case "primals":
                self.primal[i] = self.tape.value(i, self.primal)
            case "pairs":  # the arithmetic of v + v̇ ε does it, with no derivative in sight
                pairs = [(self.primal[u], self.tangent[u]) for u in arguments]
                self.primal[i], self.tangent[i] = carried(self.tape.rule(i), pairs)
                self.cost["forward"] += len(arguments)
            case "tangents":  # v̇_i = Σ ∂v_i/∂u · u̇ over its arguments u
                yield from self.gather("forward", i, [((u, i), self.tangent[u]) for u in arguments])
            case "adjoints":  # ζ_i = Σ ∂w/∂v_i · ζ_w over its users w; the result's own is 1
                yield from self.gather("reverse", i, [((i, w), self.adjoint[w]) for w in self.tape.users(i)])
        if sweep in ("tangents", "pairs") and i == len(self.tape) - 1:
            self.slope_along[k] = self.tangent[i]

    def gather(self, mode: str, i: int, terms: list[tuple[Link, float]]) -> Iterator[str]:
        """Add up what comes along each link, times the local derivative there."""
        total = 0.0 if terms else 1.0
        for n, (link, coming) in enumerate(terms, 1):
            self.slope[link] = self.tape.slope(*link, self.primal)
            with np.errstate(all="ignore"):
                total += np.float64(self.slope[link]) * coming
            self.cost[mode] += 1
            self.lit.append(link)
            if n < len(terms):
                yield f"term {n} of {len(terms)}"
        (self.tangent if mode == "forward" else self.adjoint)[i] = float(total)

    def changed(self, name: str) -> None:
        """Other inputs, or another direction: the nodes visited so far are visited again."""
        self.seeds = self.directions()
        self.begin()
        for turn in self.plan[: self.t]:
            for _ in self.visit(turn):
                pass
        if self.t == len(self.plan):
            self.finish(self.summary())

    def measured(self) -> Metrics:
        row = {f"cost/{mode}": float(count) for mode, count in self.cost.items()}
        return row | ({"value": self.primal[len(self.tape) - 1]} if len(self.tape) - 1 in self.primal else {})

    # ------------------------------------------------------------ the formula, and where it is worked out

    def taken_apart(self) -> Tape:
        tape = taped(self.formula)
        names = {vertex.name for vertex in tape.vertices[: tape.inputs]}
        if not names:
            raise Unfit("formula", "it has no variable to differentiate by: write one with x1 to x4, or x and y")
        if names & set(SHORT) and names & set(INPUTS):
            raise Unfit("formula", "x is another name of x1, and y of x2: use the ones or the others")
        if len(tape) == tape.inputs:
            raise Unfit("formula", "it has no operation, so its graph would be one node: write a calculation")
        return tape

    def inputs(self) -> list[str]:
        """The sliders of the variables that the formula has."""
        return [SHORT.get(vertex.name, vertex.name) for vertex in self.tape.vertices[: self.tape.inputs]]

    def at(self) -> list[float]:
        return [getattr(self, name) for name in self.inputs()]

    def directions(self) -> list[tuple[float, ...]]:
        """The ways that forward mode goes; an input that the formula has not gives way to the first."""
        names, units = self.inputs(), self.units()
        if self.along == "each in turn":
            return units
        if self.along == "direction":
            return [tuple(float(self.direction[0, INPUTS.index(name)]) for name in names)]
        return [unit for name, unit in zip(names, units) if spoken(name) == self.along] or units[:1]

    def units(self) -> list[tuple[float, ...]]:
        return [tuple(row) for row in np.eye(self.tape.inputs).tolist()]

    def summary(self) -> str:
        d, links = self.tape.inputs, len(self.tape.links)
        return (
            f"Reverse mode has the whole gradient after one sweep back: {links} multiplications. Forward mode "
            f"needs {'one sweep' if d == 1 else f'{d} sweeps, one for each input'}: {d * links}."
        )

    # ------------------------------------------------------------ the graph

    @drawn(on=("tape",))
    def places(self) -> np.ndarray:
        return layered([vertex.level for vertex in self.tape.vertices], self.tape.links)

    @drawn
    def arrows(self) -> np.ndarray:
        """Each link the way that something last came along it."""
        back = [
            self.now is not None and self.now.sweep == "adjoints" and (u in self.adjoint or (u, w) in self.lit)
            for u, w in self.tape.links
        ]
        return np.array([link[::-1] if turned else link for link, turned in zip(self.tape.links, back)])

    @drawn(on=("tape",))
    def titles(self) -> tuple[str, ...]:
        return tuple(spoken(v.name) + (f" = {plain(v.rule)}" if v.rule else "") for v in self.tape.vertices)

    @drawn
    def held(self) -> tuple[str, ...]:
        """Each node's value, tangent and adjoint, as far as they are known."""
        columns = (("", self.primal), ("v̇ = ", self.tangent), ("ζ = ", self.adjoint))
        return tuple(
            "\n".join(name + written(column[i], 3) for name, column in columns if i in column)
            for i in range(len(self.tape))
        )

    @drawn
    def local(self) -> tuple[str, ...]:
        return tuple(written(self.slope[link], 3) if link in self.slope else "" for link in self.tape.links)

    @drawn
    def at_work(self) -> np.ndarray:
        return np.array([link in self.lit for link in self.tape.links])

    @drawn
    def looked_at(self) -> np.ndarray:
        return np.arange(len(self.tape)) == self.shown()

    @drawn
    def filled(self) -> np.ndarray:
        """The colour of what each node received last."""
        found = np.full(len(self.tape), -1)
        for known, colour in ((self.primal, PRIMAL), (self.tangent, TANGENT), (self.adjoint, ADJOINT)):
            found[list(known)] = colour
        return found

    @drawn
    def doing(self) -> str:
        if self.now is None:
            return "only the inputs are known"
        sweep, k, i = self.now
        arrow = {"primals": "values →", "tangents": "tangents →", "pairs": "pairs →", "adjoints": "← adjoints"}[sweep]
        turn = f", seed {k + 1} of {len(self.seeds)}" if len(self.seeds) > 1 and sweep in ("tangents", "pairs") else ""
        return f"{arrow}{turn}: {spoken(self.tape.vertices[i].name)}"

    @drawn
    def shown(self) -> int:
        """The node looked at: the one that was clicked, else the one at work."""
        if self.node >= 0:
            return min(self.node, len(self.tape) - 1)
        return self.now.node if self.now else self.tape.inputs

    # ------------------------------------------------------------ the tables

    @drawn
    def header(self) -> tuple[str, ...]:
        return ("vᵢ", "formula", "primal vᵢ", "tangent v̇ᵢ", "adjoint ζᵢ")

    @drawn
    def rows(self) -> tuple[tuple[str, ...], ...]:
        columns = (self.primal, self.tangent, self.adjoint)
        return tuple(
            (spoken(vertex.name), plain(vertex.rule) if vertex.rule else "input")
            + tuple(written(column[i], self.decimals) if i in column else "" for column in columns)
            for i, vertex in enumerate(self.tape.vertices)
        )

    @drawn
    def seeded(self) -> str:
        """Which way the tangents in the table go."""
        k = self.now.turn if self.now and self.now.sweep != "adjoints" else len(self.seeds) - 1
        named = zip(self.tape.vertices, self.seeds[k])
        return "seed " + ", ".join(f"{v.name[0]}\u0307{spoken(v.name[1:])} = {written(way, 3)}" for v, way in named)

    @drawn
    def modes(self) -> tuple[str, ...]:
        return ("", "forward", "reverse", "differences")

    @drawn
    def gradient(self) -> tuple[tuple[str, ...], ...]:
        """Each entry by the sweeps of forward mode so far, by reverse mode, and by central differences."""
        found = {self.seeds[k]: slope for k, slope in self.slope_along.items()}
        lines = {
            f"∂y/∂{spoken(self.tape.vertices[u].name)}": (
                found.get(unit),
                self.adjoint.get(u),
                self.tape.difference(self.at(), unit),
            )
            for u, unit in enumerate(self.units())
        }
        if self.along == "direction":
            way = self.seeds[0]
            along = sum(self.adjoint[u] * part for u, part in enumerate(way)) if self.finished else None
            lines["∇y·ẋ"] = (self.slope_along.get(0), along, self.tape.difference(self.at(), way))
        exact = min(self.decimals, 6)
        entries = [(n, *("" if v is None else written(v, exact) for v in values)) for n, values in lines.items()]
        return (*entries, ("multiplications", *map(str, self.cost.values()), "—"))

    @drawn
    def whole_forward(self) -> np.ndarray:
        """One sweep for each input, each of one multiplication a link."""
        return np.array([self.tape.inputs * len(self.tape.links)])

    @drawn
    def whole_reverse(self) -> np.ndarray:
        return np.array([len(self.tape.links)])

    @drawn
    def colours(self) -> dict[str, int]:
        return {"forward": TANGENT, "reverse": ADJOINT}

    # ------------------------------------------------------------ this node, in symbols and in words

    @drawn
    def law(self) -> Update:
        """The rule of the visit just made; of a node that was clicked, its local derivatives."""
        tape, i = self.tape, self.shown()
        sweep = (self.now.sweep if self.now else "primals") if self.node < 0 else ""
        latex = {"primals": laws.value_law, "tangents": laws.tangent_law, "adjoints": laws.adjoint_law}.get(sweep)
        if sweep == "pairs":
            text = rf"{laws.value_law(tape, i)} \\ {laws.tangent_law(tape, i)}"
        else:
            text = (latex or laws.local_laws)(tape, i)
        return Update(text, laws.symbols(tape, i, self.primal, self.tangent, self.adjoint))

    @drawn
    def said(self) -> str:
        if self.finished or self.now is None:
            return self.finished or "Each node will get its value from those before it, in waves from left to right."
        sweep, _, i = self.now
        name = spoken(self.tape.vertices[i].name)
        around = self.tape.users(i) if sweep == "adjoints" else self.tape.vertices[i].arguments
        others, last = " and ".join(spoken(self.tape.vertices[j].name) for j in around), i == len(self.tape) - 1
        if sweep == "primals":
            return f"{name} comes from {others}. " + (
                "It is the result." if last else "Reverse mode must remember it until the way back."
            )
        if sweep == "pairs":
            return f"The pair v + v̇ ε of {name} comes out of the arithmetic with ε² = 0: value and derivative at once."
        if sweep == "tangents":
            passes = "passes its tangent" if len(around) == 1 else "pass their tangents, each"
            end = " This is the slope of y along the seed." if last else ""
            return f"To {name}, {others} {passes} times a local derivative.{end}"
        if last:
            return "Now back from the result: y changes with itself at the rate 1."
        paths = "along one path" if len(around) == 1 else f"along {len(around)} paths, which add up"
        return f"How y changes with {name} comes back {paths}: from {others}, times a local derivative."
