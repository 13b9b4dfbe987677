"""jvp and vjp: each call of forward mode gives a column of the Jacobian, each call of reverse mode a row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.controls import Formula, Matrix, Point, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Equation, Guide, Note, Panel, Row, Table
from lab.marks import Matrix as Cells
from lab.maths.tape import spoken, taped, written

INPUTS = ("x1", "x2", "x3")
RANGE = 10


class Call(NamedTuple):
    """One sweep: jvp along a direction of the inputs, or vjp with weights of the outputs."""

    mode: str
    vector: tuple[float, ...]
    name: str  # of the vector


class JvpVjp(Experiment):
    pace = 3
    first = Formula("x1 - 7*x2 + 5*x3", variables=INPUTS, symbol="g₁", restarts=True, help="the first output")
    second = Formula("x2*x3", variables=INPUTS, symbol="g₂", restarts=True, help="the second output")
    x1 = Slider(2.5, -RANGE, RANGE, symbol="x₁", label="Input 1", help="where the Jacobian is taken")
    x2 = Slider(2.1, -RANGE, RANGE, symbol="x₂", label="Input 2", help="where the Jacobian is taken")
    x3 = Slider(1.4, -RANGE, RANGE, symbol="x₃", label="Input 3", help="where the Jacobian is taken")
    v = Matrix([[1, 2, 0]], symbol="v", label="Direction", help="a direction of the inputs, for jvp")
    u = Matrix([[1, -1]], symbol="u", label="Weights", help="a weight for each output, for vjp")
    entry = Point(
        (1, 2), x=(0, 1), y=(0, 2), view=True, help="the row and column, from 0, of the entry named: click it"
    )

    metrics = {"work": "multiplications"}
    random = False
    diverges = "An output has no value, or no derivative, at these inputs."
    prompts = (
        ("One output is a loss: which mode would you call?", {"second": "0*x2", "u": [[1, 0]]}),
        ("Two circles: the rows of J are their radii", {"first": "x1**2 + x2**2", "second": "(x1 - 3)**2 + x3**2"}),
        ("Polar to plane: a column is how the point moves", {"first": "x1*cos(x2)", "second": "x1*sin(x2) + 0*x3"}),
    )
    presets = {
        "The text's g": {"first": "x1 - 7*x2 + 5*x3", "second": "x2*x3", "x1": 2.5, "x2": 2.1, "x3": 1.4},
        "Polar coordinates": {"first": "x1*cos(x2)", "second": "x1*sin(x2) + 0*x3", "x1": 2, "x2": 0.5},
    }

    panels = Row(
        Column(
            Panel(
                "Jacobian",
                Cells("jacobian", rows="outputs", columns="inputs", lit="lit", pick="entry"),
                detail="partial",
                help="Framed: what this call of jvp or vjp reads off it. Click an entry for its partial derivative",
            ),
            Panel("This call", Equation("product"), Note("said")),
            sizes=(5, 3),
        ),
        Column(
            Panel("Calls", Table("calls", header="header", chosen="latest"), detail="place"),
            Panel(
                "Work",
                Guide(y="whole_forward", label="J by columns", tint="2"),
                Guide(y="whole_reverse", label="J by rows", tint="0"),
                Curve("work", colours="colours"),
                x="call",
                y="multiplications for J",
                range_x=(0, 7.2),
            ),
            sizes=(5, 5),
        ),
    )

    # ------------------------------------------------------------ one call a step

    def start(self) -> Metrics:
        self.tape = taped(self.first, self.second)
        if len(self.tape.outputs) < 2 or self.tape.inputs < len(INPUTS):
            lacking = "second" if len(self.tape.outputs) < 2 else "first"
            raise Unfit(lacking, "x1, x2 and x3 must each occur in one of the outputs: add 0*x3 for one that does not")
        self.begin()
        return self.measured()

    def begin(self) -> None:
        self.primals = self.tape.primals([self.x1, self.x2, self.x3])
        self.results: list[tuple[float, ...]] = []
        self.work = {"jvp": 0, "vjp": 0}

    def step(self) -> Metrics:
        """The columns one by one, the rows one by one, and then the vectors of your own."""
        self.make(self.plan()[self.t])
        if self.t + 1 == len(self.plan()):
            self.finish("For the gradient of one loss of d inputs: d calls of jvp, or a single call of vjp.")
        return self.measured()

    def make(self, call: Call) -> None:
        self.results.append(self.jvp(call.vector) if call.mode == "jvp" else self.vjp(call.vector))
        if call.name not in ("u", "v"):  # what the whole Jacobian takes is counted
            self.work[call.mode] += len(self.tape.links)

    def jvp(self, v: tuple[float, ...]) -> tuple[float, ...]:
        """J v by one sweep of forward mode: the tangents of the outputs."""
        tangents = self.tape.tangents(self.primals, v)
        return tuple(tangents[i] for i in self.tape.outputs)

    def vjp(self, u: tuple[float, ...]) -> tuple[float, ...]:
        """uᵀJ by one sweep of reverse mode: the adjoints of the inputs."""
        return tuple(self.tape.adjoints(self.primals, u)[: self.tape.inputs])

    def plan(self) -> list[Call]:
        columns = [Call("jvp", tuple(e), f"e{spoken(str(j))}") for j, e in enumerate(np.eye(3).tolist(), 1)]
        rows = [Call("vjp", tuple(e), f"e{spoken(str(i))}") for i, e in enumerate(np.eye(2).tolist(), 1)]
        own = [Call("jvp", tuple(self.v[0].tolist()), "v"), Call("vjp", tuple(self.u[0].tolist()), "u")]
        return columns + rows + own

    def changed(self, name: str) -> None:
        """At another place, or with other vectors, the same calls give other numbers."""
        done = len(self.results)
        self.begin()
        for call in self.plan()[:done]:
            self.make(call)
        if done == len(self.plan()):
            self.finish("The same calls again, at another place or with other vectors.")

    def measured(self) -> Metrics:
        return {f"work/{mode}": float(count) for mode, count in self.work.items()}

    # ------------------------------------------------------------ pictures

    def latest_call(self) -> Call:
        return self.plan()[max(len(self.results) - 1, 0)]

    @drawn
    def jacobian(self) -> np.ndarray:
        """By the calculus: each output's derivative by each input as a formula."""
        at = (self.x1, self.x2, self.x3)
        return np.array([[g.derivative(name)(*at) for name in INPUTS] for g in (self.first, self.second)])

    @drawn
    def outputs(self) -> tuple[str, ...]:
        return ("g₁", "g₂")

    @drawn
    def inputs(self) -> tuple[str, ...]:
        return tuple(f"∂/∂{spoken(name)}" for name in INPUTS)

    @drawn
    def lit(self) -> np.ndarray:
        """The columns that a direction weighs, or the rows that weights do; before the first call none."""
        call, lit = self.latest_call(), np.zeros((2, 3), bool)
        if self.results and call.mode == "jvp":
            lit[:, np.array(call.vector) != 0] = True
        elif self.results:
            lit[np.array(call.vector) != 0] = True
        return lit

    @drawn
    def partial(self) -> str:
        i, j = (round(part) for part in self.entry)
        return f"∂g{spoken(str(i + 1))}/∂{spoken(INPUTS[j])} = {written(self.jacobian()[i, j], 4)}"

    @drawn
    def product(self) -> Update:
        """The call as a product with the Jacobian, which it never writes down."""
        call = self.latest_call()
        latex = r"\mathrm{jvp}(v) = J v" if call.mode == "jvp" else r"\mathrm{vjp}(u) = u^\top J"
        if not self.results:
            return Update(latex, {})
        if call.mode == "jvp":
            return Update(
                rf"J v = {table(self.jacobian())} {table(np.array([call.vector]).T)} "
                rf"= {table(np.array([self.results[-1]]).T)}",
                {},
            )
        return Update(
            rf"u^\top J = {table(np.array([call.vector]))} {table(self.jacobian())} "
            rf"= {table(np.array([self.results[-1]]))}",
            {},
        )

    @drawn
    def header(self) -> tuple[str, ...]:
        return ("call", "what it is", "result", "multiplications")

    @drawn
    def calls(self) -> tuple[tuple[str, ...], ...]:
        rows = []
        for k, call in enumerate(self.plan()):
            what = f"{'column' if call.mode == 'jvp' else 'row'} {call.vector.index(1) + 1}" if 1 in call.vector else ""
            own = {"v": "J v", "u": "uᵀJ"}
            found = self.results[k] if k < len(self.results) else ()
            rows.append(
                (
                    f"{call.mode}({call.name})",
                    own.get(call.name, what),
                    f"({', '.join(written(part, 4) for part in found)})" if found else "",
                    str(len(self.tape.links)) if found else "",
                )
            )
        return tuple(rows)

    @drawn
    def latest(self) -> int:
        return len(self.results) - 1

    @drawn
    def place(self) -> str:
        return f"x = ({', '.join(written(part, 3) for part in (self.x1, self.x2, self.x3))})"

    @drawn
    def whole_forward(self) -> np.ndarray:
        return np.array([len(INPUTS) * len(self.tape.links)])

    @drawn
    def whole_reverse(self) -> np.ndarray:
        return np.array([len(self.tape.outputs) * len(self.tape.links)])

    @drawn
    def colours(self) -> dict[str, int]:
        return {"jvp": 2, "vjp": 0}

    @drawn
    def said(self) -> str:
        if self.finished or not self.results:
            return self.finished or "First J column by column, with jvp; then row by row, with vjp."
        call = self.latest_call()
        if call.name == "v":
            return "Along a direction of your own, one forward sweep tells how fast both outputs change."
        if call.name == "u":
            return "With weights on the outputs, one reverse sweep gives the gradient of their weighted sum."
        if call.mode == "jvp":
            return "Forward mode, seeded with one input: a column of J, how that input moves every output."
        return "Reverse mode, seeded with one output: a row of J, which is that output's whole gradient."


def table(cells: np.ndarray) -> str:
    """A matrix with its numbers, in LaTeX."""
    rows = (" & ".join(written(value, 3).replace("−", "-") for value in row) for row in cells)
    return r"\begin{pmatrix}" + r" \\ ".join(rows) + r"\end{pmatrix}"
