"""A sheet before it is used: its first rows, which columns become points and classes, and what will be left out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lab.data import sheet as sheets
from lab.data.points import Points
from lab.data.sheet import Sheet
from widgets.controls.combo import Combo

ROWS = 8  # shown
NONE = "none: all of one class"


class SheetDialog(QDialog):
    """`points` is what the choices give, or None while they give nothing."""

    def __init__(self, sheet: Sheet, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sheet = sheet
        self.points: Points | None = None
        self.setWindowTitle(f"Points from {name}")
        self.table = _preview(sheet)
        self.across, self.upright, self.classes = (Combo(of) for of in ("Across", "Upright", "Class"))
        numbers = [column.name for column in sheet.columns if column.numbers is not None]
        for combo in (self.across, self.upright):
            combo.addItems(numbers)
        self.classes.addItem(NONE, "")
        for column in sheet.columns:
            if column.is_label():
                self.classes.addItem(column.name, column.name)
        self.fit = QCheckBox("Scale each axis to −5 … 5")
        self.fit.setChecked(True)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.use = self.buttons.addButton("Use these points", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

        choices = QFormLayout()
        choices.addRow("Across x₁", self.across)
        choices.addRow("Upright x₂", self.upright)
        choices.addRow("Class", self.classes)
        choices.addRow("", self.fit)
        body = QVBoxLayout(self)
        body.addWidget(QLabel(f"{len(sheet):,} rows, {len(sheet.columns)} columns"))
        body.addWidget(self.table)
        body.addLayout(choices)
        body.addWidget(self.said)
        body.addWidget(self.buttons)
        self._choose_usual()
        for combo in (self.across, self.upright, self.classes):
            combo.currentIndexChanged.connect(self.look_again)
        self.fit.toggled.connect(self.look_again)
        self.look_again()
        self.resize(640, 480)

    def _choose_usual(self) -> None:
        try:
            x, y, label = self.sheet.usual()
        except ValueError:
            return
        self.across.setCurrentText(x)
        self.upright.setCurrentText(y)
        self.classes.setCurrentIndex(max(self.classes.findData(label), 0))

    def look_again(self) -> None:
        """What the present choices give, in words."""
        try:
            self.points, left_out = sheets.points(
                self.sheet,
                self.across.currentText(),
                self.upright.currentText(),
                self.classes.currentData() or "",
                self.fit.isChecked(),
            )
        except ValueError as wrong:
            self.points, text = None, str(wrong)
        else:
            classes = "1 class" if self.points.classes == 1 else f"{self.points.classes} classes"
            text = f"{len(self.points):,} points of {classes}" + (f"; {left_out}" if left_out else "")
        self.said.setText(text[:1].upper() + text[1:] + ".")
        self.use.setEnabled(self.points is not None)


def _preview(sheet: Sheet) -> QTableWidget:
    """The first rows as they were written."""
    table = QTableWidget(min(ROWS, len(sheet)), len(sheet.columns))
    table.setAccessibleName("The first rows")
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setHorizontalHeaderLabels([column.name for column in sheet.columns])
    table.setVerticalHeaderLabels([f"line {line}" for line in sheet.lines[:ROWS]])
    for at, column in enumerate(sheet.columns):
        for row, word in enumerate(column.words[:ROWS]):
            item = QTableWidgetItem(word or "gap")
            item.setForeground(table.palette().placeholderText() if not word else table.palette().text())
            if column.numbers is not None:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(row, at, item)
    table.resizeColumnsToContents()
    return table
