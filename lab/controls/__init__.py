"""What can be tweaked: descriptors that declare a default, a range, a symbol and a help line, and check every value.

The window, the command line and a file all set a control by the same assignment, so a wrong value is the same
clear ValueError everywhere. Values are immutable: numbers, texts, tuples, read-only arrays, Points.
"""

from lab.controls.base import Control, Unfit, number, same, shown, spoken
from lab.controls.choices import Choice, Formula, Several, Text
from lab.controls.dataset import Dataset
from lab.controls.files import File
from lab.controls.numbers import Count, Point, Slider, Switch
from lab.controls.tables import Matrix, Picture, Rows, table

__all__ = [
    "Choice", "Control", "Count", "Dataset", "File", "Formula", "Matrix", "Picture", "Point", "Rows", "Several",
    "Slider", "Switch", "Text", "Unfit", "number", "same", "shown", "spoken", "table",
]  # fmt: skip
