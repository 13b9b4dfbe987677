"""Painters, one file a mark: lab.marks.Heat is drawn by widgets/marks/heat.py, class HeatPainter."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from lab.frame import Frame
from lab.marks import Mark
from widgets.look import Look

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from widgets.plot import Plot

Bounds = tuple[float, float, float, float]  # x low, x high, y low, y high, in the plot's own coordinates


class Legend(NamedTuple):
    """One entry of a panel's legend."""

    label: str
    colour: str
    dashed: bool = False
    shape: str = ""  # a pyqtgraph symbol instead of a stroke


class Hands(Protocol):
    """How a painter reaches the run: everything from one press to its release is one gesture."""

    def gesture(self) -> int: ...
    def act(self, name: str, arguments: Sequence[Any], gesture: int, replaces: bool = False) -> None: ...
    def set(self, name: str, value: Any, gesture: int) -> None: ...
    def pick(self, name: str, value: Any) -> None: ...
    def is_control(self, name: str) -> bool: ...


class Painter:
    """Draws one mark. It is handed frames and never asks for anything.

    `show` must be cheap when the values it is handed are the very objects of the last frame.
    """

    stacks: ClassVar[bool] = False  # True: it is a widget of its own in the card; False: it draws into a plot

    def __init__(self, mark: Any, hands: Hands, look: Look) -> None:
        self.mark, self.hands, self.look = mark, hands, look

    def show(self, frame: Frame) -> None:
        """Draw this moment."""
        raise NotImplementedError

    def restyle(self, look: Look) -> None:
        """The theme or the scale changed; the next `show` follows with the same frame."""
        self.look = look

    def legend(self) -> Sequence[Legend]:
        """Entries for the panel's legend, after `show`."""
        return ()


class PlotPainter(Painter):
    """Draws into a plot that it shares with the panel's other marks. `depth` is its place in the painting order."""

    def __init__(self, mark: Any, hands: Hands, look: Look, plot: Plot, depth: int) -> None:
        super().__init__(mark, hands, look)
        self.plot, self.depth = plot, depth
        plot.readers.append(self)

    def read(self, x: float, y: float) -> str:
        """What it shows at a place of the data, in a few words; asked only while the mouse is there."""
        return ""

    def bounds(self) -> Bounds | None:
        """What must be in view, after `show`; NaN where an axis does not matter."""
        return None


class WidgetPainter(Painter):
    """Is a widget of its own in the card, below those before it."""

    stacks = True
    widget: QWidget
    stretch: ClassVar[int] = 1  # its share of the card's height


def painter(mark: Mark) -> type[Painter]:
    """The painter of a mark, imported when first needed."""
    name = type(mark).__name__
    module = importlib.import_module(f"widgets.marks.{name.lower()}")
    found: type[Painter] = getattr(module, f"{name}Painter")
    return found
