"""What can be drawn: panels, their arrangement, and one small class for each mark.

A mark is a frozen dataclass that names what it shows: a state attribute or a @drawn method of the experiment.
How it looks is its painter's business, in widgets/marks/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple

Range = tuple[float, float]


# ---------------------------------------------------------------- values that marks share


class Field(NamedTuple):
    """Numbers on a grid: z[row, column] at y from bottom to top, x from left to right."""

    z: Any
    x: Range
    y: Range


class Update(NamedTuple):
    """An equation in LaTeX and the number behind each of its symbols (a float, or a vector as a sequence)."""

    latex: str
    numbers: Mapping[str, Any]


class Net(NamedTuple):
    """A layered network. weights[l] is (units of layer l, units of layer l+1); maps[l][u] is a unit's own picture."""

    weights: Any
    biases: Any
    maps: Any = ()  # maps[l] is (units, height, width), rows from below as in a Field, or None: no pictures
    names: Any = ()  # names[l] is one label a unit, or empty
    gradients: Any = ()  # shaped like weights, where the experiment shows them
    held: Any = ()  # shaped like weights: 1 where one is frozen, −1 where it is switched off, 0 where it trains
    flow: Any = ()  # shaped like weights: what the links show in their stead, as what one sample sends back


# ---------------------------------------------------------------- marks


def _declare(made: Any, rest: Mapping[str, Any], **given: Any) -> None:
    """Fill a frozen dataclass whose first field takes all that is named without a keyword."""
    known = {slot.name: slot.default for slot in fields(made) if slot.name not in given}
    if unknown := rest.keys() - known.keys():
        raise TypeError(f"a {type(made).__name__} has no {', '.join(sorted(unknown))}")
    for slot, value in {**known, **rest, **given}.items():
        object.__setattr__(made, slot, value)


@dataclass(frozen=True)
class Mark:
    """One thing drawn. `reads` lists the fields that name a value; an empty name shows nothing."""

    reads: ClassVar[tuple[str, ...]] = ()

    def names(self) -> Iterator[str]:
        """The values this mark must be handed to be drawn."""
        for slot in self.reads:
            named = getattr(self, slot)
            yield from ((named,) if isinstance(named, str) else named) if named else ()


@dataclass(frozen=True)
class Heat(Mark):
    """A Field as colours, with contour lines."""

    reads = ("field",)
    field: str
    levels: int = 14  # contour lines; 0 for none
    colours: str = "viridis"  # or cividis, grey, scores (diverging about 0)
    log: bool = False  # colours by the logarithm of the height above the lowest
    bar: bool = False  # a colour bar beside it
    pick: str = ""  # a Point view control set to where the mouse is


@dataclass(frozen=True)
class Regions(Mark):
    """A Field of class numbers as pale areas; `strength` (same grid, 0..1) fades what is undecided."""

    reads = ("field", "strength")
    field: str
    strength: str = ""


@dataclass(frozen=True)
class Surface(Mark):
    """A Field as a lit surface in three dimensions, with the trails of points upon it.

    `heights` names what gives each of the `points` its height. With `sticks` they are data rather than runners:
    small, of one colour, each joined to the surface by an upright line, and the scale takes them in.
    """

    reads = ("field", "points", "heights")
    field: str
    points: str = ""  # (k, 2): where the runners are
    heights: str = ""  # (k,)
    trail: str = ""  # a recorded attribute (k, 2); its heights are read off the field
    colours: str = "viridis"
    log: bool = False
    sticks: bool = False


@dataclass(frozen=True)
class Dots(Mark):
    """Points (n, 2), coloured and shaped by class, sized by a number.

    `drag` names the action (index, x, y); `add` the action (x, y) for a click on empty ground,
    or (x, y, label) where the dots have classes; `erase` the action (index) for a right click.
    """

    reads = ("points", "colour", "size", "labels", "ring", "test")
    points: str
    colour: str = ""  # (n,) class numbers
    size: str = ""  # (n,) from 0 to 1
    labels: str = ""  # (n,) texts
    ring: str = ""  # (n,) booleans: ringed, to be noticed
    test: str = ""  # (n,) booleans: held out, and not shown while the test set is sealed
    shape: str = ""  # a fixed shape (star, disc, square, triangle, diamond, cross); empty: by class
    tint: str = ""  # a fixed colour (text, quiet, accent, warn); empty: by class
    big: bool = False
    drag: str = ""
    add: str = ""
    erase: str = ""
    pick: str = ""  # a view Count set to the index of the dot that is clicked


@dataclass(frozen=True)
class Line(Mark):
    """One polyline (n, 2) or several (a sequence of them)."""

    reads = ("points",)
    points: str
    label: str = ""
    tint: str = ""  # text, quiet, accent, warn, or a class number as text; empty: by order
    dashed: bool = False
    width: float = 2.0
    fill: bool = False  # shaded down to the axis


@dataclass(frozen=True)
class Trail(Mark):
    """Where a recorded state attribute (2,) or (k, 2) has been: the past fades, the present is vivid."""

    reads = ("of", "labels")
    of: str
    labels: str = ""  # (k,) texts for the legend


@dataclass(frozen=True)
class Arrows(Mark):
    """Vectors `by` (n, 2) drawn from points `at` (n, 2)."""

    reads = ("at", "by")
    at: str
    by: str
    label: str = ""
    tint: str = ""  # empty: one class colour an arrow
    dashed: bool = False


@dataclass(frozen=True)
class Curve(Mark):
    """Metrics over the steps. A metric "loss" also draws its family: "loss/Adam", "loss/GD" …"""

    reads = ("colours",)
    metrics: tuple[str, ...]
    log_x: bool = False
    log_y: bool = False
    against: str = ""  # another metric for the horizontal axis; empty: the step
    colours: str = ""  # {member of a family: class number}; else in order
    faint: bool = False  # a crowd of fine, quiet lines, for others to stand out from

    def __init__(self, *metrics: str, **rest: Any) -> None:
        _declare(self, rest, metrics=metrics)


@dataclass(frozen=True)
class Bars(Mark):
    """One bar a number (n,), or groups of bars (groups, n)."""

    reads = ("heights", "labels")
    heights: str
    labels: str = ""  # (n,) texts
    colour: str = "class"  # class: a colour a bar; sign: by sign; accent
    highest: float | None = None  # a fixed top of the axis


@dataclass(frozen=True)
class Histogram(Mark):
    """How often each value occurs: one sample (n,), or several (a sequence of them)."""

    reads = ("sample", "labels")
    sample: str
    labels: str = ""
    bins: int = 30
    density: bool = False


@dataclass(frozen=True)
class Matrix(Mark):
    """A table of numbers (rows, columns), coloured by value, with the numbers in the cells."""

    reads = ("cells", "rows", "columns", "lit")
    cells: str
    rows: str = ""  # labels
    columns: str = ""
    lit: str = ""  # (rows, columns) booleans: framed, to be noticed
    numbers: bool = True
    colours: str = "scores"
    pick: str = ""  # a Point view control set to (row, column)


@dataclass(frozen=True)
class Images(Mark):
    """Small pictures (n, height, width) in a grid: filters, feature maps, samples.

    Pictures (n, height, width, 3) are red, green and blue from 0 to 1 and show their own colours.
    """

    reads = ("pictures", "captions", "chosen")
    pictures: str
    captions: str = ""  # (n,) texts
    chosen: str = ""  # the index that is framed
    colours: str = "viridis"
    columns: int = 0  # 0: as fits
    shared: bool = True  # one colour scale for all; otherwise each has its own
    pick: str = ""  # a view Count set to the index that is clicked


@dataclass(frozen=True)
class Network(Mark):
    """Units and links of a Net: links coloured and as wide as their weight, each unit showing its own map."""

    reads = ("net", "chosen")
    net: str
    chosen: str = ""  # (layer, unit) that is framed
    pick: str = ""  # a Point view control set to (layer, unit)
    edit: str = ""  # an action (layer, source, target, value) to type a weight
    hold: str = ""  # an action (layer, source, target, how): 1 freezes a weight, −1 switches it off, 0 lets it train
    hold_unit: str = ""  # an action (layer, unit, how): the same for all weights into a unit, or for its output


@dataclass(frozen=True)
class GraphView(Mark):
    """Nodes (n, 2) in the plane and arrows between them (m, 2), with what each holds written in or on it.

    `drag` names the action (index, x, y); `add` the action (x, y) for a click on empty ground; `erase` the
    action (index) for a right click on a node; `link` the action (source, target, value) for a number typed
    on an arrow, or for a new arrow drawn with Shift held from one node to another.
    """

    reads = ("nodes", "links", "labels", "values", "weights", "shares", "colour", "active", "marked")
    nodes: str
    links: str  # (m, 2): from which node to which; (i, i) is a loop
    labels: str = ""  # (n,) a name or symbol for each node
    values: str = ""  # (n,) texts under the names
    weights: str = ""  # (m,) texts on the arrows
    shares: str = ""  # (n,) from 0 to 1: how full each node is
    colour: str = ""  # (n,) class numbers
    active: str = ""  # (m,) booleans: arrows that are at work now
    marked: str = ""  # (n,) booleans: nodes that are at work now
    drag: str = ""
    add: str = ""
    erase: str = ""
    link: str = ""
    pick: str = ""  # a view Count set to the node that is clicked


@dataclass(frozen=True)
class Table(Mark):
    """Rows of texts and numbers under a header; `chosen` rows are lit."""

    reads = ("rows", "header", "chosen")
    rows: str  # (rows, columns)
    header: str = ""  # (columns,) texts
    chosen: str = ""  # the index of a row, or several
    pick: str = ""  # a view Count set to the row that is clicked


@dataclass(frozen=True)
class Equation(Mark):
    """An Update: once in symbols, once with this step's numbers in it."""

    reads = ("update",)
    update: str


@dataclass(frozen=True)
class Note(Mark):
    """A sentence or two in plain words."""

    reads = ("text",)
    text: str


@dataclass(frozen=True)
class Handle(Mark):
    """A point (2,) to be dragged. `drag` names a Point control, or an action (x, y)."""

    reads = ("at",)
    at: str
    drag: str
    label: str = ""
    tint: str = "text"
    along: str = ""  # x or y: it moves along one axis only


@dataclass(frozen=True)
class Guide(Mark):
    """Straight dashed lines at the values named: across at y, upright at x."""

    reads = ("x", "y")
    x: str = ""
    y: str = ""
    label: str = ""
    tint: str = "quiet"


# ---------------------------------------------------------------- panels and their arrangement


@dataclass(frozen=True)
class Panel:
    """A titled card of marks, painted in order. Axis labels carry their symbols."""

    title: str
    marks: tuple[Mark, ...]
    x: str = ""
    y: str = ""
    range_x: Range | None = None
    range_y: Range | None = None
    log_x: bool = False  # powers of ten; ranges are then those of the exponent
    log_y: bool = False
    equal: bool = False  # one unit is as long across as upright
    shown: bool = True  # False: it opens on demand
    still: bool = False  # it is meant not to change as the run goes on
    detail: str = ""  # names a short text shown at the right of the title
    split: str = ""  # test: all of it tells of held-out samples, so that it is covered while they are sealed
    help: str = ""

    def __init__(self, title: str, *marks: Mark, **rest: Any) -> None:
        _declare(self, rest, title=title, marks=marks)

    def names(self) -> frozenset[str]:
        """Every value the panel must be handed to be drawn."""
        named = {name for mark in self.marks for name in mark.names()}
        return frozenset(named | ({self.detail} if self.detail else set()))


@dataclass(frozen=True)
class Group:
    """Panels or groups side by side, one above the other, or one at a time."""

    items: tuple[Panel | Group, ...]
    sizes: tuple[float, ...] = field(default=())

    def __init__(self, *items: Panel | Group, sizes: tuple[float, ...] = ()) -> None:
        object.__setattr__(self, "items", items)
        object.__setattr__(self, "sizes", sizes or (1.0,) * len(items))


class Row(Group):
    """Side by side."""


class Column(Group):
    """One above the other."""


class Tabs(Group):
    """One at a time."""


Layout = Panel | Group


def panels(layout: Layout) -> Iterator[Panel]:
    """Every panel of a layout, in reading order."""
    if isinstance(layout, Panel):
        yield layout
    else:
        for item in layout.items:
            yield from panels(item)


def trails(layout: Layout) -> tuple[str, ...]:
    """The state attributes that a session must record for this layout."""
    found: dict[str, None] = {}
    for panel in panels(layout):
        for mark in panel.marks:
            name = mark.of if isinstance(mark, Trail) else mark.trail if isinstance(mark, Surface) else ""
            if name:
                found[name] = None
    return tuple(found)
