"""Shared axes: the plots of one panel in several stages show the same part of their axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from weakref import WeakSet

from PySide6.QtCore import QEvent, QObject, QTimer

from widgets.marks import PlotPainter
from widgets.panel import Card
from widgets.plot import Plot
from widgets.stage import Stage


class SharedAxes(QObject):
    """What one plot needs in view, and what a person zooms or pans in one, holds for those like it."""

    def __init__(self, stages: Callable[[], Sequence[Stage]]) -> None:
        super().__init__()
        self._stages = stages
        self._tied: WeakSet[Plot] = WeakSet()
        self._moving = False

    def even(self) -> None:
        """After every frame: all that any of them needs is in view of each, and their ranges are alike."""
        for cards in self._groups():
            plots = [card.plot for card in cards if card.plot is not None]
            for plot in plots:
                self._tie(plot)
            bounds = [one.bounds() for card in cards for one in card.drawers if isinstance(one, PlotPainter)]
            for plot in plots:
                plot.follow(bounds)
            if not plots[0].panel.equal:
                _align(plots)

    def _groups(self) -> list[list[Card]]:
        """The cards that are seen, those of the same panel together."""
        groups: dict[tuple[object, ...], list[Card]] = {}
        for stage in self._stages():
            for card in stage.visible_cards():
                if card.plot is not None:
                    groups.setdefault((card.panel.title, card.plot.log_x, card.plot.log_y), []).append(card)
        return [cards for cards in groups.values() if cards[1:]]

    def _like(self, plot: Plot) -> list[Plot]:
        """The plots that show the same panel, this one too."""
        groups = ([card.plot for card in cards if card.plot is not None] for cards in self._groups())
        return next((plots for plots in groups if plot in plots), [plot])

    def _tie(self, plot: Plot) -> None:
        if plot in self._tied:
            return
        self._tied.add(plot)
        plot.refit()
        plot.getViewBox().sigRangeChangedManually.connect(lambda *_: self._moved(plot))
        plot.viewport().installEventFilter(self)

    def _moved(self, plot: Plot) -> None:
        """A person has zoomed or panned: so do the others, and leave it at that."""
        if self._moving:
            return
        self._moving = True
        try:
            for other in self._like(plot):
                if other is not plot:
                    _copy_view(plot, other)
                    other.getViewBox().sigRangeChangedManually.emit([True, True])
        finally:
            self._moving = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A double-click fits them all, once the plot itself has had it."""
        if event.type() == QEvent.Type.MouseButtonDblClick and isinstance(plot := watched.parent(), Plot):
            QTimer.singleShot(0, plot, lambda: self._fit(plot))
        return False

    def _fit(self, plot: Plot) -> None:
        for other in self._like(plot):
            other.fit()


def _align(plots: Sequence[Plot]) -> None:
    """Give all of them the widest range."""
    views = [plot.getViewBox().viewRange() for plot in plots]
    x, y = ((min(v[axis][0] for v in views), max(v[axis][1] for v in views)) for axis in (0, 1))
    for plot, view in zip(plots, views):
        if (tuple(view[0]), tuple(view[1])) != (x, y):
            plot.getViewBox().setRange(xRange=x, yRange=y, padding=0)


def _copy_view(plot: Plot, other: Plot) -> None:
    """The same range; where a unit is as long across as upright, the same middle and scale."""
    x, y = plot.getViewBox().viewRange()
    if plot.panel.equal:
        size, own = other.getViewBox().size(), plot.getViewBox().size()
        if not own.width() or not own.height():
            return
        x = _scaled(x, size.width() / own.width())
        y = _scaled(y, size.height() / own.height())
    other.getViewBox().setRange(xRange=x, yRange=y, padding=0)


def _scaled(ends: Sequence[float], factor: float) -> tuple[float, float]:
    middle, half = (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2 * factor
    return middle - half, middle + half
