"""Formulas that a person types: read safely, evaluated in NumPy or torch, differentiated, set in LaTeX.

Nothing typed is ever executed: `scan` lets only known words and signs through, Python's `ast` lends its grammar,
and the result is a tree of `Node`, walked here by `evaluate`, `derive`, `write` and `typeset`.
"""

import ast
import math
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from torch import Tensor

LONGEST = 500  # characters that a person may type
DEEPEST = 100  # brackets or operations inside each other, well below Python's own limit on recursion


@dataclass(frozen=True, slots=True)
class Node:
    """A number (head ""), a constant or variable (its name), or an operator or function with its parts."""

    head: str
    parts: tuple["Node", ...] = ()
    value: float | None = None  # known where no variable is inside; head and parts still tell how it was typed


@dataclass(frozen=True)
class Expression:
    """A formula of some variables: call it with an array or a float for each."""

    text: str
    variables: tuple[str, ...]
    tree: Node = field(compare=False, repr=False)

    def __call__(self, *values: ArrayLike) -> Any:
        """The value in float64, in the shape that the values broadcast to; NaN or infinity where it has none."""
        arrays = [np.asarray(value, dtype=np.float64) for value in values]
        with np.errstate(all="ignore"):
            result = evaluate(self.tree, self.named(arrays), NUMPY)
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
        if not shape:
            return float(result)
        filled = np.empty(shape)  # a copy, because the formula "x" evaluates to the caller's own array
        filled[...] = result
        return filled

    def torch(self, *tensors: "Tensor") -> "Tensor":
        """The value as a tensor in which autograd finds every variable, also those the formula does not use."""
        import torch

        every: Any = sum(tensors)
        like = partial(torch.as_tensor, dtype=every.dtype, device=every.device)  # min(x, 1) needs 1 as a tensor
        known = arithmetic(
            torch, lambda a, b: torch.minimum(like(a), like(b)), lambda a, b: torch.maximum(like(a), like(b))
        )
        result = evaluate(self.tree, self.named(tensors), known)
        # `every` is never chosen: it lends its shape, and a gradient of 0 to variables without one
        return torch.where(torch.ones_like(every, dtype=torch.bool), result, every)

    def derivative(self, variable: str) -> "Expression":
        """The derivative by one of the variables, lightly simplified."""
        if variable not in self.variables:
            raise ValueError(f"there is no variable {variable!r}: choose from {', '.join(self.variables)}")
        try:
            tree = derive(self.tree, variable)
            return Expression(write(tree), self.variables, tree)
        except (OverflowError, RecursionError):
            raise ValueError(f"the derivative of {self.text} is too large: simplify the formula") from None

    def latex(self) -> str:
        return typeset(self.tree)

    def named(self, values: Sequence[Any]) -> dict[str, Any]:
        if len(values) != len(self.variables):
            raise ValueError(f"give {len(self.variables)} values ({', '.join(self.variables)}), not {len(values)}")
        return dict(zip(self.variables, values))

    def __deepcopy__(self, memo: object) -> "Expression":
        return self  # nothing in it can change


# -- what a formula is made of -------------------------------------------------------------------------------------

CONSTANTS = {"pi": math.pi, "e": math.e}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
SLOPES: dict[str, Callable[[Node], Node]] = {  # each function of one value, and its derivative there
    "sin": lambda u: apply("cos", u),
    "cos": lambda u: apply("neg", apply("sin", u)),
    "tan": lambda u: apply("/", number(1), apply("**", apply("cos", u), number(2))),
    "exp": lambda u: apply("exp", u),
    "log": lambda u: apply("/", number(1), u),
    "sqrt": lambda u: apply("/", number(0.5), apply("sqrt", u)),
    "abs": lambda u: apply("sign", u),
    "tanh": lambda u: apply("-", number(1), apply("**", apply("tanh", u), number(2))),
}
FUNCTIONS = (*SLOPES, "min", "max")  # `sign` and `step` come up in derivatives only


def arithmetic(library: Any, smaller: Callable, larger: Callable) -> dict[str, Callable]:
    """What each operator and function does in NumPy or torch, which agree on nearly all names."""
    return {
        **{"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow},
        **{name: getattr(library, name) for name in (*SLOPES, "sign")},
        "neg": operator.neg,
        "step": lambda u: (1 + library.sign(u)) / 2,
        "min": lambda *parts: reduce(smaller, parts),
        "max": lambda *parts: reduce(larger, parts),
    }


NUMPY = arithmetic(np, np.minimum, np.maximum)


def number(value: float) -> Node:
    return Node("", (), float(value))


def apply(head: str, *parts: Node) -> Node:
    if any(part.value is None for part in parts):
        return Node(head, parts)
    with np.errstate(all="ignore"):
        return Node(head, parts, float(NUMPY[head](*(np.float64(part.value) for part in parts))))


def evaluate(node: Node, values: Mapping[str, Any], known: Mapping[str, Callable]) -> Any:
    if node.value is not None:
        return node.value
    if not node.parts:
        return values[node.head]
    return known[node.head](*[evaluate(part, values, known) for part in node.parts])


# -- reading -------------------------------------------------------------------------------------------------------

TYPOGRAPHIC = str.maketrans("−×·÷", "-**/")
TOKEN = re.compile(
    r"(?P<number>([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)|(?P<call>\w+(?=\s*\())|(?P<name>\w+)"
    r"|\*\*|[-+*/(),]|\s+|(?P<stray>.)",
    re.DOTALL,
)
INSTEAD = {
    **dict.fromkeys("[]{}", "write round brackets"),
    **dict.fromkeys("<>", "choose with min, max or abs"),
    **dict.fromkeys("'\"", "leave out the quotes"),
    **{"^": "write ** for a power", "²": "write **2", "³": "write **3", "√": "write sqrt(x)", "|": "write abs(x)"},
    **{"=": "write the right-hand side alone", ".": "write decimals as 0.5"},
}
TOO_DEEP = f"the formula is more than {DEEPEST} brackets or operations deep: write a simpler one"


def parse(text: str, variables: tuple[str, ...] = ("x", "y")) -> Expression:
    """Read a formula; a ValueError says what is wrong with it and what to write instead."""
    if len(text) > LONGEST:
        raise ValueError(f"the formula has {len(text)} characters: write at most {LONGEST}")
    allowed = f"numbers, {', '.join((*variables, *CONSTANTS))}, + - * / ** and {' '.join(FUNCTIONS)}"
    source = " ".join(scan(text, variables, allowed))
    if not source:
        raise ValueError(f"the formula is empty: write one of {allowed}")
    try:
        grammar = ast.parse(source, mode="eval").body
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError("an operator or comma lacks a value: write a number or a variable on each side") from None
    return Expression(text.strip(), tuple(variables), grow(grammar, variables, allowed))


def scan(text: str, variables: tuple[str, ...], allowed: str) -> Iterator[str]:
    """The words and signs of a text, all known and none out of place but for what is left to the grammar."""
    depth, before = 0, ""  # before: the value that ends here, which only an operator, comma or bracket may follow
    for found in TOKEN.finditer(text.translate(TYPOGRAPHIC)):
        token, kind = found.group(), found.lastgroup
        if token.isspace():
            continue
        if kind == "stray":
            raise ValueError(f"the formula has {token!r}: {INSTEAD.get(token, f'use {allowed}')}")
        if kind in ("call", "name") and token not in (*variables, *CONSTANTS, *FUNCTIONS):
            raise ValueError(f"the name {token!r} is unknown: use {allowed}")
        if kind == "name" and token in FUNCTIONS:
            raise ValueError(f"{token} has no brackets: write {token}(x)")
        if before and (kind or token == "("):
            raise ValueError(f"no operator stands between {before!r} and {token!r}: write one, as in 2*x")
        if kind == "number" and math.isinf(float(token)):
            raise ValueError(f"the number {token[:20]}… is too large: write at most 1e308")
        depth += (token == "(") - (token == ")")
        if depth < 0:
            raise ValueError("a closing bracket has no partner: leave it out or open one before")
        if depth > DEEPEST:
            raise ValueError(TOO_DEEP)
        before = token if (kind and token not in FUNCTIONS) or token == ")" else ""
        yield repr(float(token)) if kind == "number" else token
    if depth:
        raise ValueError(f"brackets left open: {depth}; close each with )")


def grow(found: ast.expr, variables: tuple[str, ...], allowed: str, depth: int = 0) -> Node:
    """The tree of what the grammar found: a whitelist, so whatever is not named here is refused."""
    branch = partial(grow, variables=variables, allowed=allowed, depth=depth + 1)
    if depth > DEEPEST:
        raise ValueError(TOO_DEEP)
    match found:
        case ast.Constant(value=float(value)):
            return number(value)
        case ast.Name(id=name) if name in variables:
            return Node(name)
        case ast.Name(id=name) if name in CONSTANTS:
            return Node(name, (), CONSTANTS[name])
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return branch(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            node = apply("neg", branch(operand))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in SIGNS:
            node = apply(SIGNS[type(sign)], branch(left), branch(right))
        case ast.Call(func=ast.Name(id=name), args=given, keywords=[]) if name in FUNCTIONS:
            if name in SLOPES and len(given) != 1:
                raise ValueError(f"{name} takes one value, not {len(given)}: write {name}(x)")
            if name not in SLOPES and len(given) < 2:
                raise ValueError(f"{name} takes two values or more, not {len(given)}: write {name}(x, 1)")
            node = apply(name, *map(branch, given))
        case ast.Tuple():
            raise ValueError("brackets hold one value, and commas part only those of min and max: write (0.5 + x)")
        case _:
            raise ValueError(f"a formula is made of {allowed}: leave out anything else, such as // or a lone *")
    if node.value is not None and not math.isfinite(node.value):
        raise ValueError(f"{write(node)} is not a finite number: write one that is")
    return node


# -- differentiating -----------------------------------------------------------------------------------------------


def derive(node: Node, by: str) -> Node:
    if node.value is not None:
        return number(0)
    match node.head, node.parts:
        case name, ():
            return number(name == by)
        case "+" | "-", _:
            return total((scale, derive(rest, by)) for scale, rest in summands(node))
        case "sign" | "step", _:
            return number(0)
        case name, (u,) if name in SLOPES:
            return product(SLOPES[name](u), derive(u, by))
        case "min" | "max", (u, *others):
            v = others[0] if len(others) == 1 else apply(node.head, *others)
            ahead = total([(1, u), (-1, v)] if node.head == "max" else [(1, v), (-1, u)])
            behind = total([(-1, ahead)])
            return total((1, product(apply("step", by_how), derive(w, by))) for by_how, w in ((ahead, u), (behind, v)))
        case "**", (u, v) if v.value is None or not v.value.is_integer():
            lower = apply("**", u, total([(1, v), (-1, number(1))]))
            by_base, by_exponent = product(v, lower, derive(u, by)), product(node, apply("log", u), derive(v, by))
            return total([(1, by_base), (1, by_exponent)])
    scale, powers = factors(node)  # products, quotients and whole powers are one rule: each factor in its turn
    return total(
        (1, product(compose(scale * n, {**powers, factor: n - 1}), derive(factor, by))) for factor, n in powers.items()
    )


def factors(node: Node) -> tuple[Fraction, dict[Node, int]]:
    """A product taken apart: its rational number, and its other factors with their whole exponents."""
    match node.head, node.parts:
        case "", _ if node.value:
            return Fraction(repr(node.value)), {}  # the number as written, so that 3 times 0.1 is 0.3
        case "neg", (u,):
            scale, powers = factors(u)
            return -scale, powers
        case "*" | "/", (u, v):
            (scale, powers), (other, others) = factors(u), factors(v)
            sign = 1 if node.head == "*" else -1
            both = {factor: powers.get(factor, 0) + sign * others.get(factor, 0) for factor in {**powers, **others}}
            return scale * other**sign, both
        case "**", (u, Node(value=float(n))) if n.is_integer():
            return Fraction(1), {u: int(n)}
    return Fraction(1), {} if node.value == 1 else {node: 1}


def compose(scale: Fraction | int, powers: Mapping[Node, int]) -> Node:
    """The product put together: numbers first, then constants, variables and the rest; 0.3 x but 2 x / 3."""
    size = Fraction(abs(scale))
    decimal = Fraction(repr(float(size)))
    top, bottom = (decimal, 1) if decimal == size or size.denominator > 999 else size.as_integer_ratio()
    inward = sorted(powers, key=lambda factor: (factor.value is None, bool(factor.parts)))
    raised = {factor: apply("**", factor, number(abs(powers[factor]))) for factor in inward}
    raised |= {factor: factor for factor in inward if abs(powers[factor]) == 1}
    above = [raised[factor] for factor in inward if powers[factor] > 0]
    below = [raised[factor] for factor in inward if powers[factor] < 0]
    node = reduce(partial(apply, "*"), above if above and top == 1 else [number(top), *above])
    if bottom != 1:
        below = [number(bottom), *below]
    if below:
        node = apply("/", node, reduce(partial(apply, "*"), below))
    return apply("neg", node) if scale < 0 else node


def product(*nodes: Node) -> Node:
    return (
        number(0) if any(node.value == 0 for node in nodes) else compose(*factors(reduce(partial(apply, "*"), nodes)))
    )


def summands(node: Node) -> Iterator[tuple[Fraction, Node]]:
    """A sum taken apart: each term, and the number before it."""
    match node.head, node.parts:
        case "+" | "-", (u, v):
            yield from summands(u)
            yield from ((scale if node.head == "+" else -scale, rest) for scale, rest in summands(v))
        case "neg", (u,):
            yield from ((-scale, rest) for scale, rest in summands(u))
        case _:
            scale, powers = factors(node)
            yield scale, compose(1, powers)


def total(terms: Iterable[tuple[Fraction | int, Node]]) -> Node:
    """The sum of scale times term, like terms gathered."""
    gathered: dict[Node, Fraction] = defaultdict(Fraction)
    for scale, term in terms:
        for inner, rest in summands(term):
            gathered[rest] += scale * inner
    node = number(0)
    for rest, scale in gathered.items():
        if scale and rest.value != 0:
            if node.value == 0:
                node = compose(scale, factors(rest)[1])
            else:
                node = apply("+" if scale > 0 else "-", node, compose(abs(scale), factors(rest)[1]))
    return node


# -- writing -------------------------------------------------------------------------------------------------------


def rank(node: Node) -> int:
    """How tightly a node holds its parts together: one of a lower rank than its place needs brackets."""
    if not node.parts:
        return 3 if "e" in digits(node) else 5
    return {"+": 1, "-": 1, "neg": 2, "*": 3, "/": 3, "**": 4}.get(node.head, 5)


def digits(node: Node) -> str:
    """The digits of a number, and nothing for what has a name."""
    value = 0.0 if node.head or node.value is None else node.value
    return "" if node.head else str(int(value)) if value.is_integer() and value < 1e16 else repr(value)


def write(node: Node) -> str:
    """The formula as a person would type it."""

    def held(part: Node, least: int) -> str:
        return write(part) if rank(part) >= least else f"({write(part)})"

    match node.head, node.parts:
        case name, ():
            return name or digits(node)
        case "+" | "-" as sign, (u, v):
            return f"{write(u)} {sign} {held(v, 3)}"
        case "neg", (u,):
            return f"-{held(u, 3)}"
        case "*" | "/" as sign, (u, v):
            return f"{held(u, 2)}{sign}{held(v, 4)}"
        case "**", (u, v):
            return f"{held(u, 5)}**{held(v, 4)}"
    return f"{node.head}({', '.join(map(write, node.parts))})"


def typeset(node: Node) -> str:
    """The formula in LaTeX."""

    def held(part: Node, least: int) -> str:
        return typeset(part) if rank(part) >= least else rf"\left({typeset(part)}\right)"

    match node.head, node.parts:
        case "", _:
            return re.sub(r"e\+?(-?)0*(\d+)", r" \\cdot 10^{\1\2}", digits(node))
        case "pi", () if node.value is not None:
            return r"\pi"
        case name, ():
            letter = re.fullmatch(r"([^\W\d])_?(\d*)", name)  # x, and x1 with its index below
            return rf"\mathrm{{{name}}}" if not letter else letter[1] + (f"_{{{letter[2]}}}" if letter[2] else "")
        case "+" | "-" as sign, (u, v):
            return f"{typeset(u)} {sign} {held(v, 3 if sign == '-' or v.head == 'neg' else 1)}"
        case "neg", (u,):
            return f"-{held(u, 3)}"
        case "*", (u, v):
            right = held(v, 3)
            return rf"{held(u, 2)} \cdot {right}" if re.match(r"\d|\\frac", right) else rf"{held(u, 2)} \, {right}"
        case "/", (u, v):
            return rf"\frac{{{typeset(u)}}}{{{typeset(v)}}}"
        case "**", (Node(head="sin" | "cos" | "tan" | "tanh" | "log" as name, parts=(u,)), Node(head="") as n):
            return rf"\{name}^{{{typeset(n)}}}\left({typeset(u)}\right)"
        case "**", (u, v):
            return f"{held(u, 6 if u.head == 'exp' else 5)}^{{{typeset(v)}}}"
        case "exp", (u,):
            return f"e^{{{typeset(u)}}}"
        case "sqrt", (u,):
            return rf"\sqrt{{{typeset(u)}}}"
        case "abs", (u,):
            return rf"\left|{typeset(u)}\right|"
    name = rf"\operatorname{{{node.head}}}" if node.head in ("sign", "step") else rf"\{node.head}"
    return rf"{name}\left({', '.join(map(typeset, node.parts))}\right)"
