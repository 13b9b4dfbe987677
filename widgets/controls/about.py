"""About this experiment: what it shows, and the topics of the course it belongs to. Closed until asked for."""

from __future__ import annotations

import html
import inspect
import sys

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from lab.catalogue import topics
from lab.experiment import Experiment
from widgets.controls.fold import Fold
from widgets.look import Look


class About(QWidget):
    """A line that opens."""

    def __init__(self, kind: type[Experiment], look: Look) -> None:
        super().__init__()
        self.kind = kind
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setAccessibleName("About this experiment")
        self.line = Fold("About this experiment", self.text, look)
        self.line.say("About this experiment")
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(4)
        body.addWidget(self.line)
        body.addWidget(self.text)
        self.restyle(look)

    def restyle(self, look: Look) -> None:
        self.line.restyle(look)
        self.text.setText(told(self.kind, look.theme.quiet))


def told(kind: type[Experiment], quiet: str) -> str:
    """The docstring of the experiment, or of its file, and its topics, as rich text."""
    doc = inspect.cleandoc(kind.__doc__ or sys.modules[kind.__module__].__doc__ or "")
    parts = [f"<p>{html.escape(' '.join(part.split()))}</p>" for part in doc.split("\n\n") if part]
    known = topics(kind.name)
    if known:
        parts.append(f"<p style='color:{quiet}'>In the course</p>")
    for topic in known:
        where = html.escape(topic.where.replace("=", ": ").replace("; ", " · "))
        parts.append(f"<p>{html.escape(topic.title)}<br><span style='color:{quiet}'>{where}</span></p>")
    return "".join(parts)
