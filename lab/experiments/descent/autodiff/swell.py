"""swell: a formula put into itself again and again: its derivative as a formula explodes, its tape does not."""

from __future__ import annotations

from lab.controls import Formula, Slider, Unfit
from lab.experiment import Experiment, Metrics, Update, drawn
from lab.marks import Column, Curve, Equation, Note, Panel, Row, Table
from lab.maths.formula import Expression, Node, derive
from lab.maths.tape import leaves, plain, renamed, taped, written

MOST = 6_000  # nodes of a derivative: beyond, a formula helps nobody
DEEPEST = 12
LONGEST = 260  # characters of a formula that can be looked at


class Swell(Experiment):
    pace = 3
    layer = Formula("4*x*(1 - x)", variables=("x",), symbol="f", restarts=True, help="what is put into itself")
    x = Slider(0.3, -2, 2, symbol="x", help="where both derivatives are worked out")

    metrics = {"size": "nodes"}
    random = False
    diverges = "The nested formula leaves the range of numbers here."
    tiny = {"layer": "sin(x)"}
    prompts = (
        ("The logistic map, nested: how fast does its derivative grow?", {"layer": "4*x*(1 - x)"}),
        ("x occurs once: does it swell all the same?", {"layer": "sin(x)"}),
        ("Three times x in each layer", {"layer": "x*exp(-x)*cos(x)"}),
    )
    presets = {"Logistic map": {"layer": "4*x*(1 - x)", "x": 0.3}, "A soft step": {"layer": "x/(1 + exp(-x))", "x": 1}}

    panels = Column(
        Row(
            Panel(
                "Size",
                Curve("size", log_y=True, colours="colours"),
                x="nesting depth n",
                y="nodes",
                range_x=(0, DEEPEST),
                help="Nodes of the formula of the derivative, of the nested formula itself, and operations of one "
                "sweep of automatic differentiation",
            ),
            Panel("Counts", Table("rows", header="header", chosen="deepest")),
            sizes=(3, 2),
        ),
        Row(
            Panel("Derivative as a formula", Equation("symbolic"), Note("text"), detail="length"),
            Panel("Both give the same", Table("slopes", header="named"), Note("said")),
            sizes=(3, 2),
        ),
        sizes=(5, 4),
    )

    def start(self) -> Metrics:
        if "x" not in leaves(self.layer.tree):
            raise Unfit("layer", "it does not depend on x: write a formula in x")
        self.tape = taped(self.layer)
        self.counts: tuple[tuple[int, int, int], ...] = ()
        self.write(Node("x"))
        return self.measured()

    def step(self) -> Metrics:
        """One nesting deeper: a formula is written out, a tape is recorded one layer longer."""
        self.write(renamed(self.layer.tree, {"x": self.nested.tree}))
        n, (before, _, _), (symbolic, _, automatic) = self.depth(), *self.counts[-2:]
        if symbolic**2 / before > MOST or n == DEEPEST:  # the next would be longer by as many times
            self.finish(
                f"Nested {n} times: {symbolic} nodes to write the derivative, {automatic} operations to work it out."
            )
        return self.measured()

    def write(self, tree: Node) -> None:
        """The nested formula and its derivative in full, and how long they are."""
        n = len(self.counts)
        self.nested = Expression(f"f{n}", ("x",), tree)
        self.derived = Expression(f"f{n}'", ("x",), derive(tree, "x"))
        self.counts = (*self.counts, (size(self.derived.tree), size(tree), n * self.operations()))

    def operations(self) -> int:
        """Of one layer with its tangent: each node, and along each link a multiplication and an addition."""
        return len(self.tape) - self.tape.inputs + 2 * len(self.tape.links)

    def depth(self) -> int:
        return len(self.counts) - 1

    def measured(self) -> Metrics:
        symbolic, whole, automatic = self.counts[-1]
        row = {"size/derivative": float(symbolic), "size/f nested": float(whole)}
        return row | ({"size/autodiff": float(automatic)} if automatic else {})

    # ------------------------------------------------------------ pictures

    @drawn
    def colours(self) -> dict[str, int]:
        return {"derivative": 0, "f nested": 1, "autodiff": 2}

    @drawn
    def header(self) -> tuple[str, ...]:
        return ("n", "derivative", "f nested", "autodiff")

    @drawn
    def rows(self) -> tuple[tuple[str, ...], ...]:
        return tuple((str(n), *map(str, counts)) for n, counts in enumerate(self.counts))

    @drawn
    def deepest(self) -> int:
        return self.depth()

    @drawn(on=("derived",))
    def symbolic(self) -> Update:
        """As long as it can be read."""
        latex = self.derived.latex()
        return Update(f"f_{{{self.depth()}}}'(x) = " + (latex if len(latex) < LONGEST else r"\ldots"), {})

    @drawn(on=("derived",))
    def text(self) -> str:
        """Its beginning, once it is too long."""
        said = plain(self.derived)
        return said if len(said) < 3 * LONGEST else said[: 3 * LONGEST] + " …"

    @drawn
    def length(self) -> str:
        return f"{self.counts[-1][0]} nodes"

    @drawn
    def named(self) -> tuple[str, ...]:
        return ("", "f′ₙ(x)")

    @drawn
    def slopes(self) -> tuple[tuple[str, str], ...]:
        by_formula = self.derived(self.x)
        value, tangent = [self.x], [1.0]
        for _ in range(self.depth()):
            primals = self.tape.primals(value[-1:])
            tangent = self.tape.tangents(primals, tangent[-1:])
            value = primals
        return (("by the formula", written(by_formula, 9)), ("by tangents", written(tangent[-1], 9)))

    @drawn
    def said(self) -> str:
        if self.finished:
            return self.finished
        if self.depth() < 2:
            return "Each step puts the formula into itself once more and differentiates the whole."
        grew = self.counts[-1][0] / self.counts[-2][0]
        return f"One nesting more, and the derivative is {grew:.2g} times as long; the tape is longer by one layer."


def size(node: Node) -> int:
    """All nodes of a formula that is written out."""
    return 1 + sum(map(size, node.parts))
