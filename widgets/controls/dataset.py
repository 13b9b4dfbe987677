"""The editor of a Dataset: the kind of cloud, its size, noise, classes and seed; or a sheet of the person's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lab.controls import Control, Count, Dataset, Slider
from lab.data import sheet as sheets
from lab.data.points import KINDS, MOST_POINTS, Points
from widgets.controls import Editor
from widgets.controls.combo import Combo
from widgets.controls.count import CountEditor
from widgets.controls.icon_button import IconButton
from widgets.controls.seed import SeedEditor, seed_control
from widgets.controls.sheet import SheetDialog
from widgets.controls.slider import SliderEditor


class DatasetEditor(Editor):
    """A cloud edited by hand is a person's own: it has no kind any more, until one is chosen again."""

    control: Dataset

    def build(self) -> None:
        label, made = self.control.label, self.control.default.made
        self.made = made._asdict()
        self.kinds = Combo(f"{label}, kind")
        for kind in self.control.kinds:
            self.kinds.addItem(KINDS[kind].title, kind)
        self.kinds.activated.connect(self._chosen)
        self.own = QLabel()
        self.own.setProperty("quiet", True)
        self.own.setWordWrap(True)
        self.body.addWidget(self.kinds)
        self.body.addWidget(self.own)
        self.making = QWidget()
        within = QVBoxLayout(self.making)
        within.setContentsMargins(0, 4, 0, 0)
        within.setSpacing(8)
        self.parts: dict[str, Editor] = {
            "n": self._part(CountEditor, "n", Count(made.n, 1, MOST_POINTS, label="Size", symbol="n")),
            "noise": self._part(SliderEditor, "noise", Slider(made.noise, 0, 1, label="Noise")),
        }
        for kind in self.control.kinds:
            fewest, most = KINDS[kind].fewest, KINDS[kind].most
            if fewest < most:
                count = Count(KINDS[kind].classes, fewest, most, label="Classes")
                self.parts[f"classes of {kind}"] = self._part(CountEditor, "classes", count)
        self.parts["seed"] = self._part(SeedEditor, "seed", seed_control("seed", "Data seed", made.seed))
        for part in self.parts.values():
            within.addWidget(part)
        self.body.addWidget(self.making)
        self.load = IconButton("upload", f"Take {label.lower()} from a CSV file", text="CSV…")
        self.paste = IconButton("copy", f"Paste {label.lower()} copied from a spreadsheet", text="Paste")
        self.load.clicked.connect(self._ask)
        self.paste.clicked.connect(self.take_clipboard)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.load)
        row.addWidget(self.paste)
        row.addStretch(1)
        self.body.addLayout(row)

    def _part(self, kind: type[Editor], name: str, control: Control) -> Editor:
        control.__set_name__(Dataset, name)
        part = kind(control, self.new_gesture, self.look, part=True)
        part.setAccessibleName(f"{self.control.label}, {control.label}")
        part.edited.connect(lambda value, gesture: self._make(name, value, gesture))
        return part

    def display(self, value: Points) -> None:
        made = value.made
        self.making.setVisible(made is not None)
        self.own.setVisible(made is None)
        if made is None:
            self.own.setText(f"{len(value)} points of your own. Choose a kind to make new ones.")
            self.kinds.setPlaceholderText("Your own")
            self.kinds.setCurrentIndex(-1)
            return
        self.made = made._asdict()
        self.kinds.setCurrentIndex(self.control.kinds.index(made.kind))
        for name, part in self.parts.items():
            part.setVisible(not name.startswith("classes") or name == f"classes of {made.kind}")
            if not part.isHidden():
                part.settle(self.made[name.split()[0]])

    def _chosen(self, index: int) -> None:
        kept = {name: self.made[name] for name in ("n", "noise", "seed")}  # another kind has other classes
        self.typed({**kept, "kind": self.kinds.itemData(index)})

    def _make(self, name: str, value: Any, gesture: int) -> None:
        self.gesture = gesture
        self.edit({**self.made, name: value})

    # ------------------------------------------------------------ a sheet of the person's own

    def _ask(self) -> None:
        kinds = f"Sheets ({' '.join('*' + ending for ending in sheets.ENDINGS)});;All files (*)"
        path, _ = QFileDialog.getOpenFileName(self, f"Take {self.control.label.lower()} from a file", "", kinds)
        if path:
            self.take_file(path)

    def take_file(self, path: str) -> None:
        self._take(Path(path).name, lambda: sheets.opened(path))

    def take_clipboard(self) -> None:
        self._take("the clipboard", lambda: sheets.read(QApplication.clipboard().text()[: sheets.MOST_BYTES]))

    def _take(self, name: str, read: Callable[[], sheets.Sheet]) -> None:
        """Show what there is and let the person choose; a sheet that cannot be read is said to be so."""
        try:
            dialog = SheetDialog(read(), name, self)
        except ValueError as wrong:
            self.show_error(str(wrong))
            return
        if dialog.exec() == QDialog.DialogCode.Accepted and dialog.points is not None:
            self.typed(dialog.points)
        dialog.deleteLater()
