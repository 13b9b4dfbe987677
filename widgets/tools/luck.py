"""Luck check: the same set-up from many seeds, as a band of curves, paths and boundaries, and a count of outcomes."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF, QTransform
from PySide6.QtWidgets import QPushButton, QSpinBox

from lab.axes import SEED, Axis
from lab.frame import Frame
from lab.marks import Bars, Dots, Field, Heat, Histogram, Line, Mark, Panel, Regions, Trail, panels
from lab.sweep import ENDINGS, MOST_STEPS, Grid, bands
from widgets.marks.matrix import figures
from widgets.marks.overlay import Overlay, pixels
from widgets.results import At, Results, why_not
from widgets.tools import Tool

if TYPE_CHECKING:
    from widgets.plot import Plot

SEEDS = (10, 20)
USUAL = 16
USUAL_STEPS = 100
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
BINS = 12
THICK = 2  # cells of the grid that a boundary is taken to be wide on each side


class Band(Overlay):
    """Shades between the least and the greatest, and again between the quartiles."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot, -1)
        self.plot = plot
        self.times = np.empty(0)
        self.levels = np.empty((len(SHARES), 0))

    def draw(self, painter: QPainter, to_screen: QTransform, seen: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        for low, high, depth in ((0, 4, 0.16), (1, 3, 0.28)):
            edges = [self._edge(low, to_screen), self._edge(high, to_screen)[::-1]]
            outline = np.concatenate(edges)
            outline = outline[np.isfinite(outline).all(axis=1)]
            painter.setBrush(self.plot.look.colour("accent", depth))
            painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in outline.tolist()]))

    def _edge(self, share: int, to_screen: QTransform) -> np.ndarray:
        level = self.levels[share]
        with np.errstate(all="ignore"):
            shown = np.log10(level) if self.plot.log_y else level
        return pixels(to_screen, np.column_stack([self.times, shown]))


class LuckResults(Results):
    """How far the seed alone moves what comes out."""

    def _arrange(self) -> None:
        self.seeds, self.steps = QSpinBox(), QSpinBox()
        self.again = QPushButton("Run &again")
        super()._arrange()
        for name, box, (low, high) in (("Seeds", self.seeds, SEEDS), ("Steps", self.steps, (1, MOST_STEPS))):
            box.setRange(low, high)
            box.setAccessibleName(name)
            self.choices.addRow(name, box)
        self.choices.addRow("", self.again)
        self.again.clicked.connect(self.run_again)

    def run_again(self) -> None:
        """As many seeds and steps as are asked for now."""
        self.stop()
        self.begin(seeds_of(self.grid, self.seeds.value(), self.steps.value()), self.measured)

    def begin(self, grid: Grid, metric: str = "", dask: str = "") -> None:
        self.seeds.setValue(grid.whole)
        self.steps.setValue(grid.steps)
        self.band: Band | None = None
        super().begin(grid, metric, dask)

    def status(self) -> str:
        said = super().status()
        finals = [one.final[self.measured] for one in self.outcomes.values() if self.measured in one.final]
        finite = np.array([value for value in finals if math.isfinite(value)])
        if self.running or not len(finite):
            return said
        low, middle, high = np.quantile(finite, (0, 0.5, 1))
        return f"{self.symbol()} at the end: {figures(low)} … {figures(high)}, median {figures(middle)}.\n{said}"

    # ------------------------------------------------------------ pictures

    def pictures(self) -> tuple[list[Panel], dict[str, Any], dict[str, np.ndarray]]:
        known = [one for _, one in sorted(self.outcomes.items()) if self.measured in one.columns]
        self.whose: dict[str, list[At]] = {"seed": [one.at for one in known]}  # of each dot, what run it stands for
        log = self.log.isChecked()
        self.times, self.levels = bands(known, self.measured, SHARES)
        finals = [one.final[self.measured] for one in known]
        values: dict[str, Any] = {
            "finals": np.array(finals),
            "rug": np.column_stack([finals, np.zeros(len(known))]),
            "ends": np.array([(one.times[-1], one.final[self.measured]) for one in known]).reshape(-1, 2),
        }
        for name, level in zip(("low", "quartile 1", "median", "quartile 3", "high"), self.levels):
            values[name] = np.column_stack([self.times, level])
        endings = Counter(one.ended for one in self.outcomes.values())
        shown = [name for name in ENDINGS if endings[name]]
        values["counts"], values["endings"] = np.array([float(endings[name]) for name in shown]), shown
        ended = [Panel("How they ended", Bars("counts", labels="endings", colour="accent"), y="seeds")]
        return (
            [
                Panel(
                    f"{self.symbol()} from {self.grid.whole} seeds",
                    Line("low", tint="quiet", width=1, label="least to greatest"),
                    Line("high", tint="quiet", width=1),
                    Line("quartile 1", tint="accent", width=1, label="quartiles"),
                    Line("quartile 3", tint="accent", width=1),
                    Line("median", tint="text", width=2.5, label="median"),
                    Dots("ends", tint="accent", pick="seed"),
                    x="step t",
                    y=self.symbol(),
                    log_y=log,
                ),
                Panel(
                    f"{self.symbol()} at the end",
                    Histogram("finals", bins=BINS),
                    Dots("rug", tint="text", pick="seed"),
                    x=self.symbol(),
                    y="seeds",
                ),
                *(ended if len(shown) > 1 else ()),  # else the sentence says it
                *self._where(values),
            ],
            values,
            {},
        )

    def _where(self, values: dict[str, Any]) -> list[Panel]:
        """The experiment's own panel in which something moves or classes meet, with all seeds in one."""
        frame = self.window_.frame
        if frame is None or frame.name != self.kind.name:
            return []
        for panel in panels(frame.layout):
            trails = [mark.of for mark in panel.marks if isinstance(mark, Trail)]
            fields = [mark.field for mark in panel.marks if isinstance(mark, (Regions, Heat))]
            paths = next(filter(None, (self._paths(name, values) for name in trails)), ())
            meets = next(filter(None, (self._boundaries(name, values) for name in fields)), ())
            if paths or meets:
                return [over_ground(panel, meets, paths, trails, frame, values)]
        return []

    def _paths(self, name: str, values: dict[str, Any]) -> tuple[Mark, ...]:
        """Where it went from every seed, each end to be clicked."""
        trails = [(at, one.trails[name].places) for at, one in sorted(self.outcomes.items()) if name in one.trails]
        if not trails:
            return ()
        values[f"paths of {name}"] = [places[:, k] for _, places in trails for k in range(places.shape[1])]
        values[f"ends of {name}"] = np.concatenate([places[-1] for _, places in trails])
        self.whose[f"ends of {name}"] = [at for at, places in trails for _ in range(places.shape[1])]
        ends = Dots(f"ends of {name}", tint="warn", pick=f"ends of {name}")
        return Line(f"paths of {name}", tint="warn", width=1), ends

    def _boundaries(self, name: str, values: dict[str, Any]) -> tuple[Mark, ...]:
        """The share of seeds with a boundary at each place, whatever their classes are called."""
        fields = [one.territories[name] for one in self.outcomes.values() if name in one.territories]
        alike = [one for one in fields if (one.x, one.y) == (fields[0].x, fields[0].y)]
        if not alike:
            return ()
        share = np.mean([edges(np.asarray(one.z)) for one in alike], axis=0)
        values[f"boundaries of {name}"] = Field(share, alike[0].x, alike[0].y)
        return (Heat(f"boundaries of {name}", levels=0),)

    def draw(self) -> None:
        super().draw()
        plot = self.cards[0].plot
        assert plot is not None
        if self.band is None or self.band.plot is not plot:
            self.band = Band(plot)
        self.band.times, self.band.levels = self.times, self.levels
        self.band.update()

    def share(self) -> None:
        """Most room for the band and for the plane."""
        sizes = [3, *([2] * (self.body.count() - 1))]
        sizes[-1] = 2 if len(sizes) < 3 else 3
        self.body.setSizes([10_000 * size for size in sizes])

    def picked(self, name: str, value: Any) -> At | None:
        return self.whose[name][value]


BARE: dict[str, Any] = dict.fromkeys(("drag", "add", "erase", "pick", "ring", "labels"), "")  # dots to be seen only


def over_ground(
    panel: Panel,
    meets: tuple[Mark, ...],
    paths: tuple[Mark, ...],
    moving: list[str],
    frame: Frame,
    values: dict[str, Any],
) -> Panel:
    """A panel of the experiment with all seeds' boundaries or paths in it, over its ground and its points."""
    heats = [replace(mark, pick="") for mark in panel.marks if isinstance(mark, Heat)]
    dots = [replace(mark, **BARE) for mark in panel.marks if isinstance(mark, Dots)]
    ground: list[Mark] = [*(() if meets else heats), *(one for one in dots if one.points not in moving)]
    ground = [mark for mark in ground if all(name in frame.values for name in mark.names())]
    values |= {name: frame.values[name] for mark in ground for name in mark.names()}
    return Panel(
        f"{panel.title}: all seeds", *meets, *ground, *paths, x=panel.x, y=panel.y, range_x=panel.range_x,
        range_y=panel.range_y, log_x=panel.log_x, log_y=panel.log_y, equal=panel.equal,
    )  # fmt: skip


def edges(classes: np.ndarray) -> np.ndarray:
    """Where a cell of the grid, or one close by, has a neighbour of another class: whatever the classes are called."""
    found = np.zeros(classes.shape, dtype=bool)
    found[:, 1:] |= classes[:, 1:] != classes[:, :-1]
    found[1:] |= classes[1:] != classes[:-1]
    wide = found.copy()
    for _ in range(THICK):
        wide[1:] |= wide[:-1].copy()
        wide[:-1] |= wide[1:].copy()
        wide[:, 1:] |= wide[:, :-1].copy()
        wide[:, :-1] |= wide[:, 1:].copy()
    return wide


def seeds_of(grid: Grid, many: int, steps: int) -> Grid:
    """The same set-up from its own seed and the ones after it."""
    return replace(grid, axes=(_seeds(grid.seed, many),), steps=steps)


def _seeds(first: int, many: int) -> Axis:
    first = min(first, SEED.high + 1 - many)
    values = tuple(range(first, first + many))
    return Axis("seed", values, tuple(map(str, values)))


class Luck(Tool):
    title = "Luck check"
    section = "Compare"
    keys = "Ctrl+L"
    help = "Runs the same set-up from 16 seeds in the background: what of the outcome is luck?"

    def why_not(self) -> str:
        kind = self.window.kind
        if kind is not None and not kind.explores() and not kind.random:
            return "Nothing in it is left to chance: every seed gives the same run."
        return why_not(kind, self.window.frame)

    def use(self) -> None:
        kind, frame = self.window.kind, self.window.frame
        assert kind is not None
        assert frame is not None
        steps = frame.end if frame.end >= 10 else USUAL_STEPS
        grid = Grid(kind, (_seeds(frame.seed, USUAL),), steps, dict(frame.settings), frame.seed, looks=True)
        self.results = LuckResults(self.window, grid)
        self.window.drawer.put("Luck check", self.results)


TOOLS: tuple[type[Tool], ...] = (Luck,)
