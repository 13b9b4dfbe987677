"""Tape: a formula taken apart into nodes of one operation each, with the local derivatives along every link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from lab.maths import formula
from lab.maths.formula import Expression, Node, Style

Link = tuple[int, int]  # from which node to which
Known = Mapping[int, float]  # by the number of the node
Values = Sequence[float] | Known

LOWER = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NUDGE = 1e-5  # the h of central differences
ADJOINT, TANGENT = "ζ", "d"  # before a node's name: its adjoint, its tangent


@dataclass(frozen=True)
class Vertex:
    """One node: an input, or one operation on the values of nodes before it."""

    name: str  # x1 of an input, v1 … of the others
    rule: Expression | None = None  # in the names of its arguments; None: an input
    arguments: tuple[int, ...] = ()
    slopes: tuple[Expression, ...] = ()  # the local derivative by each argument
    level: int = 0  # one more than the highest of its arguments, 0 of an input


@dataclass(frozen=True)
class Tape:
    """The nodes in an order in which each comes after its arguments, inputs first; a single result is the last."""

    vertices: tuple[Vertex, ...]
    inputs: int
    outputs: tuple[int, ...]  # the nodes that hold the results

    def __len__(self) -> int:
        return len(self.vertices)

    def __deepcopy__(self, memo: object) -> Tape:
        return self  # nothing in it can change

    @property
    def links(self) -> list[Link]:
        """One for each argument of each node."""
        return [(u, i) for i, vertex in enumerate(self.vertices) for u in vertex.arguments]

    def users(self, u: int) -> list[int]:
        """The nodes that have u among their arguments."""
        return [i for i, vertex in enumerate(self.vertices) if u in vertex.arguments]

    def rule(self, i: int) -> Expression:
        """The operation of a node in the names of its arguments."""
        rule = self.vertices[i].rule
        assert rule is not None, "an input is given, not worked out"
        return rule

    def value(self, i: int, primals: Values) -> float:
        """The primal of node i from those of its arguments."""
        return self.rule(i)(*(primals[u] for u in self.vertices[i].arguments))

    def slope(self, u: int, i: int, primals: Values) -> float:
        """The local derivative of node i by its argument u."""
        vertex = self.vertices[i]
        return vertex.slopes[vertex.arguments.index(u)](*(primals[w] for w in vertex.arguments))

    # ------------------------------------------------------------ whole sweeps

    def primals(self, at: Sequence[float]) -> list[float]:
        """Every node's value at these inputs."""
        values = [float(x) for x in at]
        for i in range(self.inputs, len(self)):
            values.append(self.value(i, values))
        return values

    def tangents(self, primals: Values, seed: Sequence[float]) -> list[float]:
        """Forward mode: how fast every node changes as the inputs go the way of the seed."""
        found = [float(v) for v in seed]
        with np.errstate(all="ignore"):
            for i in range(self.inputs, len(self)):
                terms = (self.slope(u, i, primals) * np.float64(found[u]) for u in self.vertices[i].arguments)
                found.append(float(sum(terms)))
        return found

    def adjoints(self, primals: Values, seed: Sequence[float] = (1.0,)) -> list[float]:
        """Reverse mode: how fast the results, weighted by the seed, change with every node."""
        found = [0.0] * len(self)
        for i, weight in zip(self.outputs, seed):
            found[i] += weight
        with np.errstate(all="ignore"):
            for u in reversed(range(len(self))):
                found[u] += float(sum(self.slope(u, i, primals) * np.float64(found[i]) for i in self.users(u)))
        return found

    def difference(self, at: Sequence[float], along: Sequence[float]) -> float:
        """The slope of a single result along a direction by central differences: two evaluations, and not exact."""
        ends = [self.primals([x + h * way for x, way in zip(at, along)])[-1] for h in (NUDGE, -NUDGE)]
        with np.errstate(all="ignore"):
            return float(np.float64(ends[0] - ends[1]) / (2 * NUDGE))


# ---------------------------------------------------------------- from a formula to a tape


def taped(*formulas: Expression) -> Tape:
    """One graph of some formulas. What occurs twice is one node; numbers are no nodes; a sum is one, however long.

    Nodes are numbered in waves, as the texts do: first all that need only inputs, then what needs only those …
    """
    used = set().union(*(leaves(one.tree) for one in formulas))
    names = tuple(name for name in formulas[0].variables if name in used)
    made: dict[Node, str] = {}  # each operation on names → its own name for now
    levels = dict.fromkeys(names, 0)

    def held(node: Node) -> Node:
        """The name that stands for this part, whose operations are noted in `made`; a number stands for itself."""
        if node.value is not None or not node.parts:
            return node
        if node.head in ("+", "-", "-u"):
            whole = joined([held_signed(term) for term in terms(node)])
        else:
            whole = Node(node.head, tuple(map(held, node.parts)))
        if whole.parts and whole not in made:
            made[whole] = f"#{len(made)}"
            levels[made[whole]] = 1 + max(levels[name] for name in leaves(whole))
        return Node(made[whole]) if whole.parts else whole

    def held_signed(term: Node) -> Node:
        return Node("-u", (held(term.parts[0]),)) if term.head == "-u" else held(term)

    results = [held(one.tree).head for one in formulas]
    order = sorted(made.items(), key=lambda item: levels[item[1]])  # within a wave as they were met
    final = {name: name for name in names} | {name: f"v{k}" for k, (_, name) in enumerate(order, 1)}
    places = {name: place for place, name in enumerate(final.values())}
    vertices = [Vertex(name) for name in names]
    for tree, name in order:
        tree = renamed(tree, {old: Node(new) for old, new in final.items()})
        arguments = tuple(sorted(leaves(tree), key=places.__getitem__))
        rule = Expression(formula.spell(tree, formula.TEXT)[0], arguments, tree)
        slopes = tuple(rule.derivative(argument) for argument in arguments)
        vertices.append(Vertex(final[name], rule, tuple(places[a] for a in arguments), slopes, levels[name]))
    return Tape(tuple(vertices), len(names), tuple(places[final[name]] for name in results if name in final))


def terms(node: Node, sign: int = 1) -> Iterator[Node]:
    """A sum taken apart as it was typed: each term with its sign, which a number in front of it takes on."""
    match node.head, node.parts:
        case "+" | "-" | "-u", (*first, last):
            for part in first:
                yield from terms(part, sign)
            yield from terms(last, sign if node.head == "+" else -sign)
        case "*", (Node(value=float(factor)), other) if sign < 0:
            yield Node("*", (formula.number(-factor), other))
        case _:
            yield node if sign > 0 else Node("-u", (node,))


def joined(parts: Sequence[Node]) -> Node:
    """The sum of these terms; one with a sign is taken away."""
    return reduce(lambda u, v: Node("-", (u, *v.parts)) if v.head == "-u" else Node("+", (u, v)), parts)


def leaves(node: Node) -> set[str]:
    """The variables in a formula."""
    if node.value is not None:
        return set()
    return set().union(*map(leaves, node.parts)) if node.parts else {node.head}


def renamed(node: Node, names: Mapping[str, Node]) -> Node:
    """The formula with other formulas in the place of its variables."""
    if node.value is not None:
        return node
    return Node(node.head, tuple(renamed(part, names) for part in node.parts)) if node.parts else names[node.head]


# ---------------------------------------------------------------- writing


PLAIN = Style(
    leaf=lambda node: spoken(node.head) if node.head else formula.digits(node).replace("-", "−"),
    brackets="({})",
    call="{}({})",
    forms={"+": (1, "{} + {}", (1, 3)), "-": (1, "{} − {}", (1, 3)), "-u": (2, "−{}", (3,))}
    | {"*": (3, "{}·{}", (3, 4)), "/": (3, "{}/{}", (3, 4)), "**": (4, "{}^{}", (5, 4))},
)


def spoken(name: str) -> str:
    """v₁ for v1, π for pi."""
    return "π" if name == "pi" else name.translate(LOWER)


def plain(rule: Expression) -> str:
    """A rule in one line of text: −2·x₃, v₁², sin(v₁)."""
    return re.sub(r"\^(\d+)(?![.\d])", lambda found: found[1].translate(RAISED), formula.spell(rule.tree, PLAIN)[0])


def value_law(tape: Tape, i: int) -> str:
    """How node i comes out of its arguments, in LaTeX: v_4 = sin(v_1)."""
    rule = tape.vertices[i].rule
    return symbol(tape.vertices[i].name) + ("" if rule is None else f" = {rule.latex()}")


def tangent_law(tape: Tape, i: int) -> str:
    """Local derivatives times the arguments' tangents."""
    vertex = tape.vertices[i]
    names = (TANGENT + tape.vertices[u].name for u in vertex.arguments)
    return f"{symbol(TANGENT + vertex.name)} = {_chained(zip(vertex.slopes, names))}"


def adjoint_law(tape: Tape, i: int) -> str:
    """Local derivatives times the users' adjoints; the result's own adjoint is 1."""
    users = [tape.vertices[w] for w in tape.users(i)]
    products = [(w.slopes[w.arguments.index(i)], w.name.replace("v", ADJOINT)) for w in users]
    return f"{adjoint_symbol(tape, i)} = {_chained(products) if products else 1}"


def local_laws(tape: Tape, i: int) -> str:
    """A node's rule, and a line for each of its local derivatives."""
    vertex = tape.vertices[i]
    below = (symbol(tape.vertices[u].name) for u in vertex.arguments)
    lines = [
        rf"\frac{{\partial {symbol(vertex.name)}}}{{\partial {by}}} = {slope.latex()}"
        for by, slope in zip(below, vertex.slopes)
    ]
    return r" \\ ".join([value_law(tape, i), *lines])


def adjoint_symbol(tape: Tape, i: int) -> str:
    """ζ of a node, ∂y/∂x of an input."""
    name = tape.vertices[i].name
    return (
        symbol(name.replace("v", ADJOINT)) if i >= tape.inputs else rf"\frac{{\partial y}}{{\partial {symbol(name)}}}"
    )


def symbols(tape: Tape, i: int, primal: Known, tangent: Known, adjoint: Known) -> dict[str, float]:
    """What stands in the laws of a node, as far as it is known."""
    users = tape.users(i)
    near = {i, *users, *(u for j in (i, *users) for u in tape.vertices[j].arguments)}
    names = {j: tape.vertices[j].name for j in near}
    found = {symbol(names[j]): primal[j] for j in near if j in primal}
    found |= {symbol(TANGENT + names[j]): tangent[j] for j in near if j in tangent}
    return found | {adjoint_symbol(tape, j): adjoint[j] for j in near if j in adjoint}


def symbol(name: str) -> str:
    """A node, its tangent or its adjoint in LaTeX."""
    return _lettered(formula.symbol(Node(name)))


def _chained(products: Iterable[tuple[Expression, str]]) -> str:
    """A sum of local derivatives, each times a tangent or an adjoint."""
    pairs = list(products)
    tree = formula.total(*(formula.product(slope.tree, Node(name)) for slope, name in pairs))
    return _lettered(Expression("", tuple(name for _, name in pairs), tree).latex())


def _lettered(latex: str) -> str:
    """Tangents with a dot, adjoints as ζ."""
    return re.sub(r"\\mathrm\{d(\w)\}", r"\\dot{\1}", latex).replace(ADJOINT, r"\zeta ")


def written(value: float, decimals: int) -> str:
    """A number with so many decimals at most, none of them an idle 0; powers of ten where that would hide it."""
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "∞" if value > 0 else "−∞"
    if 0 < abs(value) < 0.5 * 10.0**-decimals or abs(value) >= 1e8:
        mantissa, power = f"{value:.{decimals}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = f"{mantissa}·10{str(int(power)).translate(RAISED)}"
    else:
        text = f"{value:.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")
