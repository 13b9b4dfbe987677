"""World data storage: an exponential through seven estimates, straight on a log scale, and what it foretells."""

from __future__ import annotations

import numpy as np

from lab.controls import Slider, Switch
from lab.experiment import Experiment, Update, action, drawn
from lab.marks import Column, Dots, Equation, Guide, Line, Note, Panel, Row
from lab.maths.least_squares import Array, r_squared
from lab.maths.linear_fits import exponential

# The text gives the years and no values; these are the yearly public estimates of data created, in zettabytes.
ESTIMATES = ((2006, 0.161), (2007, 0.281), (2010, 1.2), (2012, 2.8), (2018, 33.0), (2021, 79.0), (2022, 97.0))
NOW = 150.0  # "about 150 zettabytes" in the text
YOTTA = 1024.0  # a yottabyte is 2⁸⁰ bytes, 1024 zettabytes of 2⁷⁰
BASE = 2014.0  # years are counted from here, so that the numbers of the fit stay small
FIRST, LAST = 2004.0, 2036.0


class Storage(Experiment):
    year = Slider(2030, 2006, 2035, view=True, label="Foretell", help="the year to read the fit at")
    sizes = Switch(
        False, label="Fit the sizes too", help="least squares of the zettabytes rather than their logarithms"
    )

    random = False
    prompts = (
        ("When does the fit reach a yottabyte?", {"sizes": False}),
        ("Foretell 2035, then drag the point of 2006", {"year": 2035.0}),
        ("Foretell 2010: between the points it is easier", {"year": 2010.0}),
        ("Fit the sizes too: which points do they still listen to?", {"sizes": True}),
    )
    presets = {"Fit the logarithms": {"sizes": False}, "And the sizes": {"sizes": True}}

    def start(self) -> None:
        self.data = np.array(ESTIMATES)

    def theta(self) -> Array:
        """ln a and b: the line through the logarithms."""
        return exponential(self.data[:, 0] - BASE, self.data[:, 1])

    @staticmethod
    def at(theta: Array, years: Array | float) -> Array:
        """y = a e^(bt)."""
        return np.exp(np.clip(theta[0] + theta[1] * (np.asarray(years) - BASE), -12, 20))

    @action
    def move(self, index: int, x: float, y: float) -> None:
        """Drag an estimate: the fit follows."""
        if not 0 <= index < len(self.data):
            raise ValueError(f"move: there are estimates 0 to {len(self.data) - 1}, none with number {index}")
        moved = self.data.copy()
        moved[index] = np.clip(x, FIRST, LAST), np.clip(y, 1e-4, 1e6)
        self.data = moved

    @action
    def add(self, x: float, y: float) -> None:
        """Click to add an estimate: the fit moves."""
        if len(self.data) >= 40:
            raise ValueError("add: 40 estimates are enough; right-click one to take it away first")
        self.data = np.vstack([self.data, (np.clip(x, FIRST, LAST), np.clip(y, 1e-4, 1e6))])

    @action
    def erase(self, index: int) -> None:
        """Right-click to take an estimate away."""
        if not 0 <= index < len(self.data) or len(self.data) == 2:
            raise ValueError(f"erase: two estimates must stay of {len(self.data)}, and {index} must be one of them")
        self.data = np.delete(self.data, index, axis=0)

    # ------------------------------------------------------------ pictures

    panels = Row(
        Panel(
            "On a log scale",
            Guide(y="now", label="150 ZB: the text's now"),
            Guide(y="yotta", label="one yottabyte"),
            Line("sizes_line", label="fit of y", tint="quiet", width=2.5),
            Line("beyond", label="foretold", tint="accent", dashed=True, width=2.5),
            Line("fit", label="fit of ln y", tint="accent", width=3),
            Line("residuals", tint="warn", width=2),
            Dots("data", shape="disc", tint="text", big=True, drag="move", add="add", erase="erase"),
            Dots("told", shape="star", tint="accent", big=True, labels="told_name"),
            x="year",
            y="zettabytes",
            log_y=True,
            range_x=(FIRST, LAST),
            range_y=(-2.0, 5.0),
            detail="doubling",
            help="Click to add an estimate, drag one, right-click to take one away",
        ),
        Column(
            Panel(
                "As they are",
                Line("sizes_line", tint="quiet", width=2.5),
                Line("beyond", tint="accent", dashed=True, width=2.5),
                Line("fit", tint="accent", width=3),
                Line("residuals", tint="warn", width=2),
                Dots("data", shape="disc", tint="text", big=True),
                x="year",
                y="zettabytes",
                range_x=(FIRST, 2025.0),
                range_y=(-5.0, 160.0),
                detail="explained",
            ),
            Panel("Fit", Equation("update"), Note("said")),
        ),
        sizes=(3, 2),
    )

    def curve(self, theta: Array, first: float, last: float) -> Array:
        years = np.linspace(first, last, 90)
        return np.column_stack([years, self.at(theta, years)])

    @drawn
    def fit(self) -> Array:
        return self.curve(self.theta(), self.data[:, 0].min(), self.data[:, 0].max())

    @drawn
    def beyond(self) -> Array:
        return self.curve(self.theta(), self.data[:, 0].max(), LAST)

    @drawn
    def sizes_line(self) -> Array:
        if not self.sizes:
            return np.empty((0, 2))
        return self.curve(exponential(self.data[:, 0] - BASE, self.data[:, 1], sizes=True), FIRST, LAST)

    @drawn
    def residuals(self) -> tuple[Array, ...]:
        fitted = self.at(self.theta(), self.data[:, 0])
        return tuple(np.array([(x, y), (x, above)]) for (x, y), above in zip(self.data, fitted))

    @drawn
    def now(self) -> Array:
        return np.array([NOW])

    @drawn
    def yotta(self) -> Array:
        return np.array([YOTTA])

    @drawn
    def told(self) -> Array:
        return np.array([(self.year, float(self.at(self.theta(), self.year)))])

    @drawn
    def told_name(self) -> tuple[str, ...]:
        size = float(self.at(self.theta(), self.year))
        return (f"{self.year:.0f}: {size:,.0f} ZB" if size >= 10 else f"{self.year:.0f}: {size:.2g} ZB",)

    @drawn
    def doubling(self) -> str:
        b = float(self.theta()[1])
        return f"doubles in {12 * np.log(2) / b:.0f} months" if b > 1e-6 else "not growing"

    @drawn
    def explained(self) -> str:
        y, fitted = np.log(self.data[:, 1]), np.log(self.at(self.theta(), self.data[:, 0]))
        return f"R² of ln y: {r_squared(y, fitted):.4f}".replace("-", "−")

    @drawn
    def update(self) -> Update:
        a, b = self.theta()
        return Update(
            r"y = a\, e^{b\, (t - 2014)} \\ \ln y = \ln a + b\,(t - 2014)",
            {"a": float(np.exp(np.clip(a, -50, 50))), "b": float(b), r"\ln a": float(a)},
        )

    @drawn
    def said(self) -> str:
        a, b = self.theta()
        if b <= 1e-6:
            return "These estimates do not grow, so nothing but less is foretold."
        crossing = BASE + (np.log(YOTTA) - a) / b
        text = (
            f"The logarithms lie near a straight line: {100 * (np.exp(b) - 1):.0f} % more each year. If it went on, "
            f"a yottabyte in {crossing:.1f}; a fit knows nothing of what ends a growth."
        )
        if self.sizes:
            text += " Squares of zettabytes listen to the large years only, squares of logarithms to all alike."
        return text
