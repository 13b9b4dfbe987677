"""Sweep: a grid over one or two controls, or the seed, run in the background and shown as curves and a heat map."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lab.axes import SEED, Axis, axis, suggestion
from lab.controls import Control, Count, Slider
from lab.experiment import Experiment
from lab.frame import Frame
from lab.marks import Curve, Dots, Line, Matrix, Panel
from lab.seal import tells_of_test
from lab.sweep import MOST_STEPS, Grid, Outcome, best, usual_metric
from widgets.controls.combo import Combo
from widgets.marks.matrix import MatrixPainter, coloured, figures
from widgets.results import At, Results, along, why_not
from widgets.tools import Tool

NOTHING = "nothing else"
FEW = 8  # curves that have a colour and a name each
FAR = 100  # from the least to the greatest value of an axis: more asks for a logarithmic one
USUAL_STEPS = 100


# ------------------------------------------------------------ what to run


class SweepDialog(QDialog):
    """Which controls, which values, how many steps. `grid` is what the choices give, or None while they give none."""

    chosen = Signal(object, str, str)  # a Grid, a metric, the address of a Dask scheduler or nothing

    def __init__(self, kind: type[Experiment], frame: Frame, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind, self.frame = kind, frame
        self.grid: Grid | None = None
        self.setWindowTitle(f"Sweep – {kind.title or kind.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.controls = offered(kind, frame.settings)
        self.combos, self.values = (Combo("Over"), Combo("And over")), (QLineEdit(), QLineEdit())
        self.combos[1].addItem(NOTHING, "")
        for combo in self.combos:
            for name, control in self.controls.items():
                combo.addItem(control.label, name)
        self.steps = QSpinBox()
        self.steps.setRange(1, MOST_STEPS)
        self.steps.setValue(frame.end if frame.end >= 10 else USUAL_STEPS)
        self.quantity = Combo("Metric")
        self.quantity.addItems([name for name in kind.metrics if not (frame.seal.closed and tells_of_test(kind, name))])
        self.quantity.setCurrentText(usual_metric(kind))
        self.dask = QLineEdit()
        self.dask.setPlaceholderText("none: this computer")
        self.dask.setToolTip("The address of a Dask scheduler, as tcp://HOST:8786, runs the sweep on its cluster.")
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.run = self.buttons.addButton("Run", QDialogButtonBox.ButtonRole.AcceptRole)
        self._arrange()
        for place, (combo, values) in enumerate(zip(self.combos, self.values)):
            combo.currentIndexChanged.connect(lambda _, place=place: self._suggest(place))
            values.textChanged.connect(self.look_again)
            self._suggest(place)
        self.steps.valueChanged.connect(self.look_again)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def _arrange(self) -> None:
        form = QFormLayout()
        for said, combo, values in zip(("Over", "And over"), self.combos, self.values):
            values.setAccessibleName(f"Values: {said.lower()}")
            values.setToolTip("1:12 · 0.001:1:7 log (seven, by equal factors) · 0.1, 0.3, 1 · relu, tanh · a JSON list")
            row = QHBoxLayout()
            row.addWidget(combo, 2)
            row.addWidget(values, 3)
            label = QLabel(said)
            label.setBuddy(combo)
            form.addRow(label, row)
        form.addRow("Steps", self.steps)
        form.addRow("Metric", self.quantity)
        form.addRow("Cluster", self.dask)
        self.steps.setAccessibleName("Steps")
        self.dask.setAccessibleName("Address of a Dask scheduler")
        body = QVBoxLayout(self)
        body.addLayout(form)
        body.addWidget(self.said)
        body.addWidget(self.buttons)
        self.resize(480, 0)

    def _suggest(self, place: int) -> None:
        name = self.combos[place].currentData()
        self.values[place].setEnabled(bool(name))
        self.values[place].setText(suggestion(self.controls[name]) if name else "")
        self.look_again()

    def look_again(self) -> None:
        """Say how much work the choices are, or what is wrong with them."""
        self.grid = None
        try:
            axes = tuple(
                axis(self.kind, f"{combo.currentData()}={values.text()}")
                for combo, values in zip(self.combos, self.values)
                if combo.currentData()
            )
            settings = standing(self.kind, self.frame.settings, axes)
            self.grid = Grid(self.kind, axes, self.steps.value(), settings, self.frame.seed)
            self.said.setText(f"{self.grid.whole} runs of {self.steps.value()} steps, the rest as it is set now.")
        except ValueError as wrong:
            self.said.setText(str(wrong))
        self.run.setEnabled(self.grid is not None)

    def accept(self) -> None:
        if self.grid is not None:
            self.chosen.emit(self.grid, self.quantity.currentText(), self.dask.text().strip())
            super().accept()


def offered(kind: type[Experiment], settings: Mapping[str, Any]) -> dict[str, Control]:
    """The controls that can be swept as things stand, those of numbers first, and the seed."""
    able = {
        name: control
        for name, control in kind.controls.items()
        if not control.view and suggestion(control) and all(settings.get(o) in vs for o, vs in control.when.items())
    }
    numbers = {name: control for name, control in able.items() if isinstance(control, (Count, Slider))}
    return {**numbers, **able, **({"seed": SEED} if kind.random else {})}


def standing(kind: type[Experiment], settings: Mapping[str, Any], axes: tuple[Axis, ...]) -> dict[str, Any]:
    """The settings of a run without what each value of an axis brings with it, as a surface its own start."""
    brought = {
        name
        for one in axes
        if one.name in kind.controls
        for value in one.values
        for name in kind.completed({one.name: value})
    }
    return {name: value for name, value in settings.items() if name not in brought}


# ------------------------------------------------------------ what came of it


class CellsPainter(MatrixPainter):
    """The outcomes as a matrix: blank where a run is still to come, and every cell tells how its run went."""

    told: Mapping[tuple[int, ...], str] = {}
    log = False

    def take(self, *given: Any, **rest: Any) -> None:
        super().take(*given, **rest)
        if not self.cells.size:
            return
        if self.log:
            with np.errstate(all="ignore"):
                self.colours = coloured(np.log10(self.cells), self.mark.colours, self.look.theme)
        absent = np.isnan(self.cells.ravel())
        for digits, texts in self.texts.items():
            self.texts[digits] = ["" if gone else text for gone, text in zip(absent, texts)]

    def over(self, at: QPointF | None) -> str:
        cell = None if at is None else self._cell(at)
        return "" if cell is None else self.told.get(cell, "")


class SweepResults(Results):
    """Curves of all runs beside the outcome of each."""

    def _arrange(self) -> None:
        self.which = Combo("Which value")
        self.which.addItems(["at the end", "best"])
        super()._arrange()
        self.choices.insertRow(1, "Value", self.which)
        self.which.currentIndexChanged.connect(lambda _: self.draw())
        self.heat = QFrame()
        self.heat.setProperty("card", True)
        self.heat_title = QLabel()
        self.heat_title.setProperty("title", True)
        self.cells = CellsPainter(
            Matrix("cells", rows="rows", columns="columns", lit="lit", colours="viridis", pick="cell"),
            self.hands,
            self.look,
        )
        self.cells.canvas.setAccessibleName("Outcomes")
        inside = QVBoxLayout(self.heat)
        inside.addWidget(self.heat_title)
        inside.addWidget(self.cells.canvas, 1)
        self.body.addWidget(self.heat)

    @property
    def _plain(self) -> bool:
        """One axis of numbers: the outcome is a curve over it."""
        return len(self.grid.axes) == 1 and self.grid.axes[0].numeric

    def value(self, one: Outcome) -> float:
        return (one.final if self.which.currentIndex() == 0 else one.best).get(self.measured, math.nan)

    def label(self, name: str) -> str:
        control = SEED if name == "seed" else self.kind.controls[name]
        return control.symbol or control.label

    def draw(self) -> None:
        super().draw()
        self.heat_title.setText(f"{self.symbol()} {self.which.currentText()}: {self._over()}")

    def share(self) -> None:
        self.body.addWidget(self.heat)  # the last
        self.heat.setVisible(not self._plain)
        super().share()

    def favourite(self) -> At | None:
        leader = self.leader()
        return leader.at if leader is not None else None

    def _over(self) -> str:
        return " × ".join(self.label(one.name) for one in self.grid.axes)

    def leader(self) -> Outcome | None:
        """The run that did best."""
        able = {self.value(one): one for one in self.outcomes.values() if math.isfinite(self.value(one))}
        return able[best(self.measured, np.array(list(able)))] if able else None

    # ------------------------------------------------------------ pictures

    def pictures(self) -> tuple[list[Panel], dict[str, Any], dict[str, np.ndarray]]:
        leader = self.leader()
        values: dict[str, Any] = {"detail": ""}
        if leader is not None:
            values["detail"] = f"best: {self.grid.said(leader.at)}, {figures(self.value(leader))}"
        self._show_cells(leader)
        curves, metrics = self._curves(leader, values)
        return [curves, *([self._outcomes(leader, values)] if self._plain else [])], values, metrics

    def _curves(self, leader: Outcome | None, values: dict[str, Any]) -> tuple[Panel, dict[str, np.ndarray]]:
        """All runs over the steps; where they are many, the best one stands out from a crowd."""
        known = [one for _, one in sorted(self.outcomes.items()) if self.measured in one.columns]
        crowd = self.grid.whole > FEW
        end = max((one.steps for one in known), default=0)
        metrics = {f"all runs/{self.grid.said(one.at)}": along(one, self.measured, end) for one in known}
        if crowd and leader is not None:
            metrics["best"] = along(leader, self.measured, end)
        self.ends = [one.at for one in known]
        places = [(one.times[-1], _last_finite(one.columns[self.measured])) for one in known]
        values["ends"] = np.array(places, dtype=float).reshape(-1, 2)
        values["ended"] = [f"{self.grid.said(one.at)}: {one.ended}" for one in known]
        marks = [Curve("all runs", faint=crowd, log_y=self.log.isChecked())]
        if crowd:
            marks.append(Curve("best", log_y=self.log.isChecked()))
        dots = Dots("ends", tint="quiet" if crowd else "text", pick="end")
        return Panel(
            f"{self.symbol()} over the steps", *marks, dots, x="step t", y=self.symbol(), detail="detail"
        ), metrics

    def _outcomes(self, leader: Outcome | None, values: dict[str, Any]) -> Panel:
        (one,) = self.grid.axes
        places = np.full((len(one.values), 2), math.nan)
        places[:, 0] = one.values
        for (i,), outcome in self.outcomes.items():
            places[i, 1] = self.value(outcome)
        values["places"] = places
        values["lit"] = np.array([leader is not None and i == leader.at[0] for i in range(len(places))])
        values["line"] = places[np.argsort(places[:, 0], kind="stable")]
        wide = min(one.values) > 0 and max(one.values) > FAR * min(one.values)
        return Panel(
            f"{self.symbol()} {self.which.currentText()}: {self._over()}",
            Line("line", tint="quiet"),
            Dots("places", ring="lit", pick="place"),
            x=self.label(one.name),
            y=self.symbol(),
            log_x=wide,
            log_y=self.log.isChecked(),
        )

    def _show_cells(self, leader: Outcome | None) -> None:
        """One row a value of the first axis."""
        if self._plain:
            return
        shape = self.grid.shape if len(self.grid.shape) > 1 else (*self.grid.shape, 1)
        cells, lit = np.full(shape, math.nan), np.zeros(shape, dtype=bool)
        told: dict[tuple[int, ...], str] = {}
        for at, one in self.outcomes.items():
            place = (*at, 0)[:2]
            cells[place] = self.value(one)
            lit[place] = leader is one
            shown = f"{self.symbol()} = {figures(self.value(one))}, {one.steps} steps"
            told[place] = "\n".join(filter(None, (self.grid.said(at), shown, one.ended, one.said)))
        rows, *columns = self.grid.axes
        self.cells.told, self.cells.log = told, self.log.isChecked()
        self.cells.restyle(self.look)
        self.cells.show(
            self._frame(
                {
                    "cells": cells,
                    "lit": lit,
                    "rows": [f"{self.label(rows.name)} = {text}" for text in rows.texts],
                    "columns": [text for one in columns for text in one.texts],
                },
                {},
            )
        )

    def picked(self, name: str, value: Any) -> At | None:
        if name == "end":
            return self.ends[value]
        return (value,) if name == "place" else tuple(value)[: len(self.grid.axes)]


def _last_finite(column: np.ndarray) -> float:
    known = column[np.isfinite(column)]
    return float(known[-1]) if len(known) else math.nan


class Sweeping(Tool):
    title = "Sweep over settings …"
    section = "Compare"
    keys = "Ctrl+G"
    help = "Runs a grid over one or two controls, or seeds, in the background; a click on an outcome opens its run."

    def why_not(self) -> str:
        return why_not(self.window.kind, self.window.frame)

    def use(self) -> None:
        assert self.window.kind is not None
        assert self.window.frame is not None
        self.dialog = SweepDialog(self.window.kind, self.window.frame, self.window)
        self.dialog.chosen.connect(self.begin)
        self.dialog.open()

    def begin(self, grid: Grid, metric: str, dask: str) -> None:
        """Show a grid at work in the drawer."""
        self.results = SweepResults(self.window, grid, metric, dask)
        over = " × ".join(one.name for one in grid.axes)
        self.window.drawer.put(f"Sweep: {over}", self.results)


TOOLS: tuple[type[Tool], ...] = (Sweeping,)
