"""Formulas that a person types: read safely, evaluated in NumPy or torch, differentiated, set in LaTeX.

Nothing typed is ever executed: `scan` lets only known words and signs through, Python's `ast` lends its grammar,
and `grow` makes a tree of it that is walked here by `evaluate`, `derive` and `spell`.
"""

import ast
import math
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from torch import Tensor

LONGEST, LONGEST_DERIVATIVE = 500, 5_000  # characters; twice derived, a hostile formula would fill books
DEEPEST = 40  # brackets or operations inside each other, far from Python's own limit on recursion


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
        arrays = [np.asarray(value, dtype=np.float64)[()] for value in values]  # [()]: scalars are quicker than 0-d
        with np.errstate(all="ignore"):
            result = evaluate(self.tree, self.named(arrays), NUMPY)
        shape = np.broadcast(*arrays).shape
        if not shape:
            return float(result)
        if self.tree.parts and np.shape(result) == shape:
            return result
        return np.broadcast_to(result, shape).copy()  # "x" gave the caller's own array, "2" a number

    def torch(self, *tensors: "Tensor") -> "Tensor":
        """The value as a tensor in which autograd finds every variable, also those that the formula leaves out."""
        import torch

        values = self.named(tensors)
        every: Any = sum(tensors, 0.0)
        like = partial(torch.as_tensor, dtype=every.dtype, device=every.device)  # min(x, 1) needs 1 as a tensor
        known = arithmetic(
            torch, lambda a, b: torch.minimum(like(a), like(b)), lambda a, b: torch.maximum(like(a), like(b))
        )
        # `every` is never chosen: it lends its shape, and a gradient of 0 to the variables that have none
        return torch.where(torch.ones_like(every, dtype=torch.bool), evaluate(self.tree, values, known), every)

    def derivative(self, variable: str) -> "Expression":
        """The derivative by one of the variables, lightly simplified; a ValueError where it is too long to use."""
        if variable not in self.variables:
            raise ValueError(f"there is no variable {variable!r}: choose from {', '.join(self.variables)}")
        try:
            tree = derive(self.tree, variable)
            text = spell(tree, TEXT)[0]
        except (OverflowError, RecursionError):  # a number past 1e308, or a derivative of derivatives too deep
            text = ""
        if not 0 < len(text) <= LONGEST_DERIVATIVE:
            raise ValueError(f"the derivative of {self.text[:80]} is too large: write a simpler formula")
        return Expression(text, self.variables, tree)

    def latex(self) -> str:
        """LaTeX, in which a dot stands only between figures (2 · 3, but 2 x), and a gap before sin and its like."""
        gaps = re.sub(r" \\cdot (?=\\\w+(\{\w+\})?\\left\()", r" \\, ", spell(self.tree, LATEX)[0])
        return re.sub(r" \\cdot (?![\d{]|\\frac)", " ", gaps)

    def named(self, values: Sequence[Any]) -> dict[str, Any]:
        if len(values) != len(self.variables):
            raise ValueError(f"give {len(self.variables)} values ({', '.join(self.variables)}), not {len(values)}")
        return dict(zip(self.variables, values))

    def __deepcopy__(self, memo: object) -> "Expression":
        return self  # nothing in it can change


# -- what a formula is made of -----------------------------------------------------------------------------------------

CONSTANTS = {"pi": math.pi, "e": math.e}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
SLOPES: dict[str, Callable[[Node], Node]] = {  # each function of one value, and its derivative there
    "sin": lambda u: apply("cos", u),
    "cos": lambda u: apply("-u", apply("sin", u)),
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
    names = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "**": "pow", "-u": "neg"}
    return {
        **{sign: getattr(operator, name) for sign, name in names.items()},
        **{name: getattr(library, name) for name in (*SLOPES, "sign")},
        "step": lambda u: (1 + library.sign(u)) / 2,
        "min": lambda *parts: reduce(smaller, parts),
        "max": lambda *parts: reduce(larger, parts),
    }


NUMPY = arithmetic(np, np.minimum, np.maximum)


def evaluate(node: Node, values: Mapping[str, Any], known: Mapping[str, Callable]) -> Any:
    if node.value is not None:
        return node.value
    if not node.parts:
        return values[node.head]
    return known[node.head](*[evaluate(part, values, known) for part in node.parts])


def number(value: float) -> Node:
    return Node("", (), float(value))


def apply(head: str, *parts: Node) -> Node:
    if any(part.value is None for part in parts):
        return Node(head, parts)
    with np.errstate(all="ignore"):
        return Node(head, parts, float(NUMPY[head](*(np.float64(part.value) for part in parts))))


# -- reading -----------------------------------------------------------------------------------------------------------

TYPOGRAPHIC = str.maketrans("−×·÷", "-**/")
TOKEN = re.compile(
    r"(?P<number>([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)|(?P<call>[^\W²³]+(?=\s*\())|(?P<name>[^\W²³]+)"
    r"|\*\*|[-+*/(),]|\s+|(?P<stray>.)",
    re.DOTALL,
)
INSTEAD = (
    {"=": "write the right-hand side alone", ".": "write decimals as 0.5", "|": "write abs(…)", "√": "write sqrt(…)"}
    | dict.fromkeys("^²³", "write ** for a power")
    | dict.fromkeys("[]{}", "write round brackets")
    | dict.fromkeys("<>", "choose with min, max or abs")
    | dict.fromkeys("'\"", "leave out the quotes")
)
TOO_DEEP = f"the formula is more than {DEEPEST} brackets or operations deep: write a simpler one"


def parse(text: str, variables: tuple[str, ...] = ("x", "y")) -> Expression:
    """Read a formula; a ValueError says what is wrong with it and what to write instead."""
    if len(text) > LONGEST:
        raise ValueError(f"the formula has {len(text)} characters: write at most {LONGEST}")
    source = " ".join(scan(text, variables))
    if not source:
        raise ValueError("the formula is empty: write a number, a variable or a calculation with them")
    try:
        tree = grow(ast.parse(source, mode="eval").body, variables)
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError("an operator or comma lacks a value: write a number or a variable on each side") from None
    return Expression(text.strip(), tuple(variables), tree)


def scan(text: str, variables: tuple[str, ...]) -> Iterator[str]:
    """The words and signs of a text, each one known; whether they make sense together is left to the grammar."""
    allowed = f"numbers, {', '.join((*variables, *CONSTANTS))}, + - * / ** and {' '.join(FUNCTIONS)}"
    depth, before = 0, ""  # before: the number, name or bracket that ends here, after which no other may begin
    for found in TOKEN.finditer(text.translate(TYPOGRAPHIC)):
        token, kind = found.group(), found.lastgroup
        if token.isspace():
            continue
        if kind == "stray":
            raise ValueError(f"the formula has {token!r}: {INSTEAD.get(token, f'use {allowed}')}")
        if kind in ("call", "name") and token not in (*variables, *CONSTANTS, *FUNCTIONS):
            raise ValueError(f"the name {token!r} is unknown: use {allowed}")
        if kind == "name" and token in FUNCTIONS:
            raise ValueError(f"{token} has no brackets: write {token}(…)")
        if before and (kind or token == "("):
            raise ValueError(f"no operator stands between {before!r} and {token!r}: write {before}*{token} or such")
        if kind == "number" and math.isinf(float(token)):
            raise ValueError(f"the number {token[:20]}… is too large: write at most 1e308")
        depth += (token == "(") - (token == ")")
        if depth < 0:
            raise ValueError("a closing bracket has no partner: leave it out or open one before")
        if depth > DEEPEST:
            raise ValueError(TOO_DEEP)
        before = token if token == ")" or (kind and token not in FUNCTIONS) else ""
        yield repr(float(token)) if kind == "number" else token
    if depth:
        raise ValueError(f"brackets left open: {depth}; close each with )")


def grow(found: ast.AST, variables: tuple[str, ...], depth: int = 0) -> Node:
    """The tree of what the grammar found: a whitelist, so whatever is not named here is refused."""
    if depth > DEEPEST:
        raise ValueError(TOO_DEEP)
    branch = partial(grow, variables=variables, depth=depth + 1)
    match found:
        case ast.Constant(value=float(value)):
            return number(value)
        case ast.Name(id=name) if name in variables or name in CONSTANTS:
            return Node(name, (), None if name in variables else CONSTANTS[name])
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return branch(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            node = apply("-u", branch(operand))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in SIGNS:
            head, u, v = SIGNS[type(sign)], branch(left), branch(right)
            minus_first = u.head == "-u" and head in ("*", "/")  # -x/2 is read as (-x)/2 but written as -(x/2)
            node = apply("-u", apply(head, u.parts[0], v)) if minus_first else apply(head, u, v)
        case ast.Call(func=ast.Name(id=name), args=given, keywords=[]) if name in FUNCTIONS:
            if name in SLOPES and len(given) != 1:
                raise ValueError(f"{name} takes one value, not {len(given)}: write {name}(…)")
            if name not in SLOPES and len(given) < 2:
                raise ValueError(f"{name} takes two values or more, not {len(given)}: write {name}(…, …)")
            node = apply(name, *map(branch, given))
        case ast.Tuple():
            raise ValueError("brackets hold one value, and commas part only those of min and max: write 0.5 for 0,5")
        case _:
            raise SyntaxError(f"no formula has {type(found).__name__}")
    if node.value is not None and not math.isfinite(node.value):
        raise ValueError(f"{spell(node, TEXT)[0]} is not a finite number: write one that is")
    return node


# -- differentiating ---------------------------------------------------------------------------------------------------


def derive(node: Node, by: str) -> Node:
    if node.value is not None:
        return number(0)
    match node.head, node.parts:
        case name, ():
            return number(name == by)
        case "+", (u, v):
            return total(derive(u, by), derive(v, by))
        case "-", (u, v):
            return total(derive(u, by), apply("-u", derive(v, by)))
        case "sign" | "step", _:
            return number(0)
        case name, (u,) if name in SLOPES:
            return product(SLOPES[name](u), derive(u, by))
        case "min" | "max", (u, *others):
            v = others[0] if len(others) == 1 else apply(node.head, *others)
            leads = [apply("step", total(u, apply("-u", v))), apply("step", total(v, apply("-u", u)))]
            share_of_u, share_of_v = leads if node.head == "max" else leads[::-1]
            return total(product(share_of_u, derive(u, by)), product(share_of_v, derive(v, by)))
        case "**", (u, v) if v.value is None or not v.value.is_integer():
            by_base = product(v, apply("**", u, total(v, number(-1))), derive(u, by))
            by_exponent = product(node, apply("log", u), derive(v, by))
            return total(by_base, by_exponent)
    scale, powers = factors(node)  # products, quotients and whole powers are one rule: each factor in its turn
    rest = {factor: compose(scale * n, {**powers, factor: n - 1}) for factor, n in powers.items()}
    return total(*(product(rest[factor], derive(factor, by)) for factor in powers))


def factors(node: Node) -> tuple[Fraction, dict[Node, int]]:
    """A product taken apart: its rational number, and its other factors with their whole exponents."""
    match node.head, node.parts:
        case "", _ if node.value:
            return Fraction(repr(node.value)), {}  # the number as written, so that 3 times 0.1 is 0.3
        case "-u", (u,):
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
    """The product put together: numbers first, then constants, variables and the rest; 0.3 x, but 2 x / 3."""
    size = abs(Fraction(scale))
    simple = size.denominator < 1000 and Fraction(repr(float(size))) != size
    sides: tuple[float, float] = size.as_integer_ratio() if simple else (float(size), 1)
    above, below = ([number(side)] if side != 1 else [] for side in sides)
    for factor in sorted(powers, key=lambda factor: (factor.value is None, bool(factor.parts))):
        n = abs(powers[factor])
        if n:
            (above if powers[factor] > 0 else below).append(factor if n == 1 else apply("**", factor, number(n)))
    node = reduce(partial(apply, "*"), above or [number(1)])
    if below:
        node = apply("/", node, reduce(partial(apply, "*"), below))
    return apply("-u", node) if scale < 0 else node


def product(*nodes: Node) -> Node:
    if any(node.value == 0 for node in nodes):
        return number(0)
    return compose(*factors(reduce(partial(apply, "*"), nodes)))


def summands(node: Node, sign: int = 1) -> Iterator[tuple[Fraction, Node]]:
    """A sum taken apart: each term, and the number before it."""
    match node.head, node.parts:
        case "+" | "-" | "-u", (*first, last):
            for part in first:
                yield from summands(part, sign)
            yield from summands(last, sign if node.head == "+" else -sign)
        case _:
            scale, powers = factors(node)
            yield sign * scale, compose(1, powers)


def total(*nodes: Node) -> Node:
    """The sum, its like terms gathered and those of 0 left out."""
    gathered: dict[Node, Fraction] = defaultdict(Fraction)
    for node in nodes:
        for scale, rest in summands(node):
            gathered[rest] += scale
    apart = [(scale, *factors(rest)) for rest, scale in gathered.items() if scale and rest.value != 0]
    terms = [compose(scale * inner, powers) for scale, inner, powers in apart]
    result = terms[0] if terms else number(0)
    for term in terms[1:]:
        result = apply("-", result, term.parts[0]) if term.head == "-u" else apply("+", result, term)
    return result


# -- writing -----------------------------------------------------------------------------------------------------------


class Style(NamedTuple):
    """How formulas are written: each operator's rank, its form, and the ranks its parts need to go without brackets."""

    leaf: Callable[[Node], str]
    brackets: str
    call: str
    forms: Mapping[str, tuple[int, str, tuple[int, ...]]]


def spell(node: Node, style: Style) -> tuple[str, int]:
    """The formula in writing, and its rank: how tightly it holds together."""
    if not node.parts:
        return style.leaf(node), 5
    spelt = [spell(part, style) for part in node.parts]
    if node.head not in style.forms:
        return style.call.format(node.head, ", ".join(text for text, _ in spelt)), 5
    rank, form, needs = style.forms[node.head]
    parts = [text if held >= least else style.brackets.format(text) for (text, held), least in zip(spelt, needs)]
    return form.format(*parts), rank


def digits(node: Node) -> str:
    value = node.value or 0.0
    return str(int(value)) if value.is_integer() and value < 1e16 else repr(value)


def symbol(node: Node) -> str:
    """A number or name in LaTeX: 10 to a power for e-07, π, x with the index 1 for x1."""
    if not node.head:
        return re.sub(r"(.*)e\+?(-?)0*(\d+)", r"{\1 \\cdot 10^{\2\3}}", digits(node))
    if node.value == math.pi:
        return r"\pi"
    letters = node.head.rstrip("_0123456789")
    index = node.head[len(letters) :].lstrip("_")
    return (letters if len(letters) == 1 else rf"\mathrm{{{letters}}}") + (f"_{{{index}}}" if index else "")


SUMS = {"+": (1, "{} + {}", (1, 3)), "-": (1, "{} - {}", (1, 3)), "-u": (2, "-{}", (3,))}
TEXT = Style(
    leaf=lambda node: node.head or digits(node),
    brackets="({})",
    call="{}({})",
    forms=SUMS | {"*": (3, "{}*{}", (3, 4)), "/": (3, "{}/{}", (3, 4)), "**": (4, "{}**{}", (5, 4))},
)
LATEX = Style(
    leaf=symbol,
    brackets=r"\left({}\right)",
    call=r"\{}\left({}\right)",
    forms=SUMS
    | {"*": (3, r"{} \cdot {}", (3, 3)), "/": (3, r"\frac{{{}}}{{{}}}", (0, 0)), "**": (4, "{}^{{{}}}", (5, 0))}
    | {"exp": (4, "e^{{{}}}", (0,)), "sqrt": (5, r"\sqrt{{{}}}", (0,)), "abs": (5, r"\left|{}\right|", (0,))}
    | {name: (5, rf"\operatorname{{{{{name}}}}}\left({{}}\right)", (0,)) for name in ("sign", "step")},
)
